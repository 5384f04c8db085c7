"""Which files make a lab's student bundle, and their released bytes. (The notebook itself: `nbgrader_plugin`.)"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Template

from autograder.release import strip
from cattern.checking.lab import Lab, lab_names, load_lab
from cattern.errors import CatternError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("notebooks", "source")  # ours, and what nbgrader's own quickstart makes
MANIFEST = "manifest.json"
SOLVED, OWN = "solved", "own"
PACKAGES = ("cattern", "mnist_data")
GRADERS_ONLY = "# graders only (Linux)"
# What an instructor may put beside the notebook for the students. Anything else there is left out of the bundle.
EXTRA_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".md", ".txt", ".csv"})


def package_root(course: Path) -> Path:
    """Return the folder whose packages a course releases: its own if it has any, else those of this installation."""
    return course if (course / "cattern").is_dir() else ROOT


def source_folder(course: Path) -> str:
    """Return the name of the folder in which a course keeps its instructor notebooks."""
    return next((name for name in SOURCES if (course / name).is_dir()), SOURCES[0])


def notebook_path(lab: str, course: Path = ROOT) -> Path:
    """Return where a lab's instructor notebook is."""
    return course / source_folder(course) / lab / f"{lab}.ipynb"


@cache
def released_files(lab: str, course: Path = ROOT, carry: str = SOLVED) -> Mapping[str, bytes]:
    """Return the bundle's files, all but the notebook, what stands beside it, and the manifest; see `package_files`.

    The fingerprints are added here: making them runs the solution with every mistake, a matter of seconds.
    """
    files = dict(package_files(lab, course, carry))
    files[f"cattern/checking/fingerprints/{lab}.bin"] = public_fingerprints(lab, package_root(course))
    return dict(sorted(files.items()))


@cache
def package_files(lab: str, course: Path = ROOT, carry: str = SOLVED) -> Mapping[str, bytes]:
    """Return the bundle's files that can be restored in a submission: code, environment, README.

    Args:
        lab: the lab's name.
        course: the folder with `notebooks/`.
        carry: what becomes of the files that students wrote in an earlier lab (`Lab.carries`): SOLVED puts them in
            solved, OWN leaves them out, so that students bring their own.

    Returns:
        POSIX path from the bundle's top → bytes, sorted by path. Solutions are replaced by stubs.

    Raises:
        UsageError: there is no such lab.
        CatternError: a file is missing, or its markers are wrong.
    """
    about, root = load_lab(lab), package_root(course)
    others = [load_lab(name) for name in lab_names() if name != lab]
    left_out = {f for other in others for f in other.student_files} - {*about.student_files}
    if carry == SOLVED:
        left_out -= {*about.carries}
    left_out |= {f"cattern/checking/labs/{other.name}" for other in others}
    files = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            name = path.relative_to(root)
            above = {p.as_posix() for p in (name, *name.parents)}
            if not above & left_out and not any(part.startswith(".") for part in name.parts):
                text, path_inside = _text(path), name.as_posix()
                solved = path_inside in about.carries
                files[path_inside] = (
                    strip.unmarked(text) if solved else strip.strip(text, path_inside)
                ).encode()
    for name in about.student_files:
        if name not in files:
            raise CatternError(f"{root / name} is missing: students of {lab} write it")
    environment = _text(root / "environment.yml")
    files["constraints.txt"] = _text(root / "constraints.txt").encode()
    files["environment.yml"] = "".join(
        line for line in environment.splitlines(keepends=True) if not line.rstrip().endswith(GRADERS_ONLY)
    ).encode()
    files["requirements.txt"] = pip_requirements(environment).encode()
    files["README.md"] = student_readme(about).encode()
    return dict(sorted(files.items()))


def forget() -> None:
    """Read the sources again next time: they may have changed since they were first read."""
    released_files.cache_clear()
    package_files.cache_clear()


def public_fingerprints(lab: str, root: Path = ROOT) -> bytes:
    """Return the numbers that the solution and its mistakes give on the public inputs: what `check` compares with."""
    from autograder.solution.reference import PUBLIC_SEED, SolutionReference
    from cattern.checking import fingerprints

    about = load_lab(lab)
    reference = SolutionReference(about, PUBLIC_SEED, root=root)
    checked = [t for t in about.tasks if t.source == "module"]
    return reference.store.get("fingerprints", lambda: fingerprints.write(reference, checked))


def pip_requirements(environment: str) -> str:
    """Return the pip section of an environment.yml as a requirements file, for those who have no conda."""
    _, _, section = environment.partition("- pip:\n")
    lines = [line.strip().removeprefix("- ") for line in section.splitlines()]
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


def solution_cells(lab: str, course: Path = ROOT) -> dict[str, str]:
    """Return the code of the instructor notebook's solution cells, grade_id → source; empty without a notebook."""
    path = notebook_path(lab, course)
    if not path.is_file():
        return {}
    cells = json.loads(_text(path))["cells"]
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("solution")
    }


def is_extra(path: Path) -> bool:
    """Tell whether a file beside the instructor notebook goes to the students."""
    return path.suffix.lower() in EXTRA_SUFFIXES and not any(part.startswith(".") for part in path.parts)


def extra_files(lab: str, course: Path = ROOT) -> list[str]:
    """Return the files beside the notebook that go to the students, sorted."""
    return _beside(lab, course, True)


def kept_back(lab: str, course: Path = ROOT) -> list[str]:
    """Return the files beside the notebook that students must not get: trained weights, say. Sorted."""
    return _beside(lab, course, False)


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a bundle: the SHA-256 of each file. It makes a release recognisable."""
    sums = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    return (json.dumps({"schema": 1, "files": sums}, indent=1, ensure_ascii=False) + "\n").encode()


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files under a folder, POSIX path → bytes, sorted by path."""
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name: (folder / name).read_bytes() for name in paths}


def _beside(lab: str, course: Path, extra: bool) -> list[str]:
    folder = notebook_path(lab, course).parent
    inside = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and p.suffix != ".ipynb")
    return sorted(p.as_posix() for p in inside if is_extra(p) == extra)


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
