"""The oracle inside nbgrader: stock `nbgrader autograde` stores the verdicts, and feedback pages show them.

No notebook is executed. The test cell of each task gets the verdict as its output: the rationale as text, the points as
the cell's value, which is nbgrader's own way to give partial credit.
"""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Unicode

from autograder import bundle
from autograder.grading.store import verdict_path
from autograder.grading.workers import Job, grade_alone
from autograder.nbgrader_bridge.autograded import marked
from autograder.nbgrader_bridge.place import Place, place
from autograder.sanitise.names import passive_name
from autograder.sanitise.notebook import safe_notebook
from autograder.submission import HandIn, Submission, Unreadable, read_submission
from cattern.errors import CatternError


class RepairNotebook(NbGraderPreprocessor):
    """Runs first on a submission: what nbgrader would trip over is mended, and nothing in it acts on who opens it."""

    def preprocess(self, nb, resources):
        """Return the repaired notebook, its markdown, outputs and pictures made safe to show."""
        released: frozenset[str] = frozenset()
        if here := place(self, resources):
            released = _texts(bundle.handed_out(here.course)[here.course.notebook.name])
            if submission := handed_in_at(here, self):
                nb = submission.notebook or nb
        return nbformat.from_dict(safe_notebook(nb, trusted=released)), resources


class RestorePackage(NbGraderPreprocessor):
    """Runs second: every file of the bundle is the released one again, but for what students write."""

    def preprocess(self, nb, resources):
        """Restore the package files beside the notebook; give the stub where a student's file is missing."""
        if here := place(self, resources):
            dest = here.folder("autograded_directory")
            files = dict(bundle.package_files(here.course))
            files |= handed_in(dest, here.course.lab.student_files)
            bundle.write_files(dest, files)
            for junk in [
                *dest.rglob("__pycache__"),
                *dest.rglob(".ipynb_checkpoints"),
                *dest.rglob("*.py[co]"),
            ]:
                bundle.remove(junk)
            calm(dest)
        return nb, resources


def calm(folder: Path) -> None:
    """Rename the files of a submission that a browser could run, such as .html and .svg: formgrader serves its folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            path.replace(path.with_name(passive_name(path.name)))


class OracleVerdicts(Execute):
    """Takes the place of nbgrader's Execute: student code runs in the sandbox, never in a kernel of the grader's."""

    verdicts = Unicode(
        "", help="Folder with <student>.json files of `cattern grade`; without one, grades here."
    ).tag(config=True)
    walls = Bool(True, help="False grades without bubblewrap.").tag(config=True)

    def preprocess(self, nb, resources, **kwargs):
        """Write the verdicts into the test cells.

        Raises:
            CatternError: the sandbox failed, or the lab was released with other points; nothing is stored for this student.
        """
        here = place(self, resources)
        if here is None:
            return super().preprocess(nb, resources, **kwargs)
        submission, lab = handed_in_at(here, self), here.course.lab
        verdict = self._verdict(here, submission)
        if submission is None:
            submission = Submission(here.student, here.folder("submitted_directory"), {}, {}, None, {}, ())
        nb.cells = [nbformat.from_dict(cell) for cell in marked(nb, lab, verdict, submission)["cells"]]
        return nb, resources

    def _verdict(self, here: Place, submission: Submission | None) -> dict:
        file = verdict_path(Path(self.verdicts), here.student) if self.verdicts else None
        if file and file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        if (warning := here.course.warning()) and not getattr(self.parent, "warned_of_secret", False):
            self.log.warning(warning)
            self.parent.warned_of_secret = True  # once a converter, not once a student
        job = Job(here.course, HandIn(here.student, here.folder("submitted_directory")))
        graded = grade_alone(job, self.walls, submission)
        if graded.verdict is None:
            raise CatternError(f"{here.student}: no verdict: {graded.trouble}")
        return graded.verdict.to_json()


def handed_in_at(here: Place, preprocessor: NbGraderPreprocessor) -> Submission | None:
    """Return what was handed in, None where nothing can be read; it is read once for all that nbgrader does with it."""
    path, converter = here.folder("submitted_directory"), preprocessor.parent.parent
    kept = getattr(converter, "cattern_read", (None, None))
    if kept[0] != path:
        submission = None
        with contextlib.suppress(Unreadable):
            submission = read_submission(
                here.student, path, here.course.lab, bundle.handed_out(here.course), beside=True
            )
        kept = converter.cattern_read = (path, submission)
    return kept[1]


def _texts(notebook: bytes) -> frozenset[str]:
    """Return the markdown texts of a released notebook."""
    cells = nbformat.reads(notebook.decode(), as_version=4).cells
    return frozenset(cell.source for cell in cells if cell.cell_type == "markdown")


def handed_in(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return those of the student's files that are there: in their place, or beside the notebook."""
    places = {name: [folder / name, folder / Path(name).name] for name in names}
    found = {
        name: next((p for p in paths if p.is_file() and not p.is_symlink()), None)
        for name, paths in places.items()
    }
    return {name: path.read_bytes() for name, path in found.items() if path}
