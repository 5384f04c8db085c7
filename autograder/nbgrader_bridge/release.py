"""What stock nbgrader commands load through `nbgrader_config.py`: our preprocessors and where a course's folders are.

nbgrader copies and strips a notebook and its folder. What it does not know is that a lab has Python files with
solutions too, outside that folder: `AddPackage` puts their released form into a release, `RestorePackage` puts it
back into a submission before it is graded.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions, Execute, NbGraderPreprocessor
from traitlets import Unicode

from autograder.nbgrader_bridge.grade import OracleVerdicts, RepairNotebook
from autograder.nbgrader_bridge.pages import guard_pages
from autograder.release import bundle, leaks, strip
from cattern.checking.lab import lab_names, load_lab
from cattern.errors import CatternError

# Seconds a cell may take where nbgrader runs notebooks: its own 30 are too few to train a network.
CELL_TIMEOUT = 300
# Cell metadata that a release keeps; the rest tells of the machine it was made on.
KEPT_METADATA = frozenset({"nbgrader", "deletable", "editable", "tags", "slideshow"})


def configure(c, course: str | Path | None = None) -> None:
    """Fill nbgrader's configuration object for a Cattern course. What is set in `c` afterwards wins.

    Args:
        c: the traitlets Config that `get_config()` gives.
        course: the folder with `notebooks/`; None for the folder nbgrader runs in.
    """
    find_alembic()
    if course is not None:
        c.CourseDirectory.root = str(Path(course).resolve())
    root = Path(course or c.CourseDirectory.get("root") or Path.cwd())
    c.CourseDirectory.source_directory = bundle.source_folder(root)
    ours = {ClearSolutions: StubSolutions, ClearHiddenTests: DropHiddenTests}
    stock = _stock(GenerateAssignment, "preprocessors")
    c.GenerateAssignment.preprocessors = [*(ours.get(p, p) for p in stock), AddPackage]
    c.Autograde.sanitize_preprocessors = [
        RepairNotebook,
        RestorePackage,
        *_stock(Autograde, "sanitize_preprocessors"),
    ]
    stock = _stock(Autograde, "autograde_preprocessors")
    c.Autograde.autograde_preprocessors = [OracleVerdicts if p is Execute else p for p in stock]
    guard_pages(c)
    c.Execute.timeout = CELL_TIMEOUT
    c.Autograde.exclude_overwriting = {name: bundle.kept_back(name, root) for name in lab_names()}


def find_alembic() -> None:
    """Put this Python's folder on PATH: nbgrader starts `alembic` by name, also where no environment is activated."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])


class StubSolutions(ClearSolutions):
    """nbgrader's ClearSolutions, except that a code cell's stub raises an error with the name of its TODO."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Strip one cell; refuse markers that nbgrader would let pass."""
        strip.spans(cell.source, _where(cell, cell_index, resources))
        if cell.cell_type != "code" or resources["language"] != "python":
            return super().preprocess_cell(cell, resources, cell_index)
        task, todo = strip.first_todo(cell.source) or (_grade_id(cell) or "this cell", "not written yet")
        stock = self.code_stub
        try:
            words = strip.quoted(strip.message(task, todo))
            self.code_stub = {**stock, "python": f"raise NotImplementedError({words})"}
            return super().preprocess_cell(cell, resources, cell_index)
        finally:
            self.code_stub = stock


class DropHiddenTests(ClearHiddenTests):
    """nbgrader's ClearHiddenTests, except that it refuses markers that nbgrader would let pass."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Strip one cell."""
        strip.spans(cell.source, _where(cell, cell_index, resources), strip.HIDDEN_TESTS)
        return super().preprocess_cell(cell, resources, cell_index)


class AddPackage(NbGraderPreprocessor):
    """Runs last in a release: completes the bundle around the notebook, and refuses it when something leaks."""

    carry = Unicode(bundle.SOLVED, help="Files from an earlier lab: solved, or the students' own.").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        """Write the bundle's files into the release folder, beside the notebook that nbgrader is about to write.

        Raises:
            CatternError: something of the solution is in the bundle; nbgrader then removes the release folder.
        """
        lab, course, dest = _place(self, resources, "release_directory")
        if lab not in lab_names():
            return nb, resources
        if (name := resources["nbgrader"]["notebook"]) != lab:
            raise CatternError(
                f"{name}.ipynb is in the way: the folder of {lab} holds one notebook, {lab}.ipynb"
            )
        _require_cell_ids(bundle.notebook_path(lab, course))
        nb = without_traces(nb)
        bundle.forget()  # formgrader's process may have released before the sources were edited
        dest.mkdir(parents=True, exist_ok=True)
        for name in bundle.kept_back(lab, course):
            (dest / name).unlink(missing_ok=True)
        files = dict(bundle.released_files(lab, course, self.carry))
        files[f"{lab}.ipynb"] = nbformat.writes(nb, version=4).rstrip("\n").encode() + b"\n"
        files |= {n: (dest / n).read_bytes() for n in bundle.extra_files(lab, course)}
        files[bundle.MANIFEST] = bundle.manifest(files)
        write_files(dest, files)
        leaks.refuse(leaks.find_leaks(dest, lab, course, self.carry), lab)
        return nb, resources


class RestorePackage(NbGraderPreprocessor):
    """Runs first on a submission: every file of the bundle is the released one again, but for what students write."""

    def preprocess(self, nb, resources):
        """Restore the package files beside the notebook; give the stub where a student's file is missing."""
        lab, course, dest = _place(self, resources, "autograded_directory")
        if lab in lab_names():
            files = {**bundle.package_files(lab, course), **handed_in(dest, load_lab(lab).student_files)}
            write_files(dest, files)
            for junk in [
                *dest.rglob("__pycache__"),
                *dest.rglob(".ipynb_checkpoints"),
                *dest.rglob("*.py[co]"),
            ]:
                remove(junk)
        calm(dest)
        return nb, resources


# What a browser shows without acting on it, whatever is in it. Everything else is kept under a name that ends in .txt.
PASSIVE = {".ipynb", ".py", ".txt", ".md", ".csv", ".json", ".toml", ".yml", ".npz", ".npy", ".gz", ".pdf"}
PASSIVE |= {".png", ".jpg", ".jpeg", ".gif", ".webp"}


def calm(folder: Path) -> None:
    """Rename the files of a submission that a browser could run, such as .html and .svg: formgrader serves its folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix.lower() not in PASSIVE and path.suffix:
            path.replace(path.with_name(path.name + ".txt"))


def handed_in(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return those of the student's files that are there: in their place, or beside the notebook."""
    places = {name: [folder / name, folder / Path(name).name] for name in names}
    found = {
        name: next((p for p in paths if p.is_file() and not p.is_symlink()), None)
        for name, paths in places.items()
    }
    return {name: path.read_bytes() for name, path in found.items() if path}


def without_traces(nb):
    """Return a notebook without what depends on the machine and the session in which it was last saved."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
    return nb


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


def _stock(converter: type, trait: str) -> list[type]:
    """Return the preprocessors that nbgrader itself has in a list."""
    return list(converter.class_traits()[trait].default())


def _place(preprocessor: NbGraderPreprocessor, resources: dict, step: str) -> tuple[str, Path, Path]:
    """Return the lab's name, the course folder, and the folder that nbgrader writes to."""
    coursedir = preprocessor.parent.parent.coursedir  # preprocessor → exporter → converter
    about = resources["nbgrader"]
    dest = coursedir.format_path(getattr(coursedir, step), about["student"], about["assignment"])
    return about["assignment"], Path(coursedir.root), Path(os.path.normpath(dest))


def _grade_id(cell) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _where(cell, index: int, resources: dict) -> str:
    return f"{resources['nbgrader']['notebook']}.ipynb, cell {_grade_id(cell) or index + 1}"


def _require_cell_ids(path: Path) -> None:
    """Refuse a notebook whose cells have no ids: new random ones would make every release a different one."""
    if any("id" not in cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]):
        raise CatternError(f"{path} has cells without an id: open it in JupyterLab and save it once")
