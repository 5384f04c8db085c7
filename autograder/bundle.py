"""What students get: which files make a lab's bundle, and their bytes, without solutions.

A release adds the fingerprints; the grader compares submissions with it and gives it to the sandbox.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from string import Template

from autograder import markers, notebook
from autograder.choices import SOLVED
from autograder.course import Course
from cattern.checking.lab import Lab
from cattern.errors import CatternError

MANIFEST = "manifest.json"
PACKAGES = ("cattern", "mnist_data")
CHANGES = "cattern/checking/course.json"  # read by `cattern.checking.changes`
GRADERS_ONLY = ("# graders only (Linux)", "# graders only")
SOME_LABS = re.compile(r"# labs whose notebook imports (.+)$")
# What an instructor may put beside the notebook for the students. Anything else there is left out of the bundle.
EXTRA_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".md", ".txt", ".csv"})
WRITTEN_BY_NOTEBOOKS = frozenset({"trials.csv"})


def handed_out(course: Course) -> Mapping[str, bytes]:
    """Return what students have before they begin, path from the bundle's top → bytes: `package_files`, and the notebook
    when the course has it.

    Raises:
        CatternError: a file is missing, or its markers are wrong.
    """
    return _handed_out(course, course.snapshot())


@lru_cache(maxsize=8)
def _handed_out(course: Course, snapshot: tuple) -> Mapping[str, bytes]:
    files = dict(_package_files(course, snapshot))
    if course.notebook.is_file():
        files[course.notebook.name] = json.dumps(notebook.released(course)).encode()
    return files


def package_files(course: Course) -> Mapping[str, bytes]:
    """Return the bundle's files that can be restored in a submission: code, environment, README.

    Files that students wrote in an earlier lab (`Lab.carries`) are put in solved, or, if the course says "own", left out,
    so that students bring their own.

    Returns:
        POSIX path from the bundle's top → bytes, sorted by path. Solutions are replaced by stubs.

    Raises:
        CatternError: a file is missing, or its markers are wrong.
    """
    return _package_files(course, course.snapshot())


@lru_cache(maxsize=8)
def _package_files(course: Course, snapshot: tuple) -> Mapping[str, bytes]:
    lab, root = course.lab, course.root
    left_out = {f for other in course.other_labs() for f in other.student_files} - {*lab.student_files}
    if course.choices.carry == SOLVED:
        left_out -= {*lab.carries}
    left_out |= {f"cattern/checking/labs/{other.name}" for other in course.other_labs()}
    solved = {task.id for task in course.rubric.tasks} - {task.id for task in lab.tasks}
    files = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root)
            above = {p.as_posix() for p in (name, *name.parents)}
            if not above & left_out and not any(part.startswith(".") for part in name.parts):
                text, inside = _text(path), name.as_posix()
                if inside in lab.carries:
                    text = markers.unmarked(text)
                else:
                    text = markers.strip(text, inside, solved if inside in lab.student_files else ())
                files[inside] = text.encode()
    for name in lab.student_files:
        if name not in files:
            raise CatternError(f"{root / name} is missing: students of {lab.name} write it")
    environment = _text(root / "environment.yml")
    files["constraints.txt"] = _text(root / "constraints.txt").encode()
    environment = "".join(
        line for line in environment.splitlines(keepends=True) if is_needed(line.rstrip(), course)
    )
    files["environment.yml"] = environment.encode()
    files["requirements.txt"] = pip_requirements(environment).encode()
    files["README.md"] = student_readme(lab).encode()
    files[CHANGES] = (json.dumps(course.changes, indent=1, ensure_ascii=False) + "\n").encode()
    return dict(sorted(files.items()))


def is_needed(line: str, course: Course) -> bool:
    """Tell whether a lab's students need what a line of environment.yml asks for: its comment says who does."""
    if some := SOME_LABS.search(line):
        text = _text(course.notebook) if course.notebook.is_file() else ""
        return any(package in text for package in some[1].split(" or "))
    return not line.endswith(GRADERS_ONLY)


def pip_requirements(environment: str) -> str:
    """Return the pip section of an environment.yml as a requirements file, for those who have no conda."""
    _, _, section = environment.partition("- pip:\n")
    lines = [line.partition("  #")[0].strip().removeprefix("- ") for line in section.splitlines()]
    return "".join(f"{line}\n" for line in lines if line)


def student_readme(lab: Lab) -> str:
    """Return the bundle's README."""
    template = Template((Path(__file__).parent / "student_readme.md").read_text(encoding="utf-8"))
    return template.substitute(
        lab=lab.name,
        title=lab.title,
        files=_listed(lab.student_files),
        data="".join(f" and `{name}`, which the notebook writes" for name in lab.data_files),
    )


def is_extra(path: Path) -> bool:
    """Tell whether a file beside the instructor notebook goes to the students."""
    hidden = path.name in WRITTEN_BY_NOTEBOOKS or any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in EXTRA_SUFFIXES and not hidden


def extra_files(folder: Path) -> list[str]:
    """Return the files beside a notebook, in its folder, that go to the students, sorted."""
    return [name for name in _beside(folder) if is_extra(Path(name))]


def kept_back(folder: Path) -> list[str]:
    """Return the files beside a notebook that students must not get: trained weights, say. Sorted."""
    return [name for name in _beside(folder) if not is_extra(Path(name))]


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a bundle: the SHA-256 of each file. It makes a release recognisable."""
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    return (json.dumps({"schema": 1, "files": sums}, indent=1, ensure_ascii=False) + "\n").encode()


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files under a folder, POSIX path → bytes, sorted by path."""
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name: (folder / name).read_bytes() for name in paths}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder, in place of whatever is in their way, never through a symlink."""
    for name, content in files.items():
        path = folder / name
        for parent in [*path.relative_to(folder).parents][-2::-1]:
            if (folder / parent).is_symlink() or (folder / parent).is_file():
                (folder / parent).unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)
        path.write_bytes(content)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _beside(folder: Path) -> list[str]:
    inside = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and p.suffix != ".ipynb")
    return sorted(p.as_posix() for p in inside)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _text(path: Path) -> str:
    """Return a file's text with its line ends as they are."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise CatternError(f"{path} is missing: releasing needs a whole clone of the course") from None
    except UnicodeDecodeError as error:
        raise CatternError(f"{path} is not UTF-8 text: {error}") from None
