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
from autograder.grading.workers import Job, grade_alone
from autograder.nbgrader_bridge.place import Place, place
from autograder.sanitise.notebook import safe_notebook
from autograder.submission import Unreadable, read_submission
from cattern.checking.words import as_text
from cattern.errors import CatternError


class RepairNotebook(NbGraderPreprocessor):
    """Runs first on a submission: what nbgrader would trip over is mended, and nothing in it acts on who opens it."""

    def preprocess(self, nb, resources):
        """Return the repaired notebook, its markdown, outputs and pictures made safe to show."""
        released: frozenset[str] = frozenset()
        if here := place(self, resources):
            path, release = here.folder("submitted_directory"), bundle.handed_out(here.course)
            released = _texts(release[here.course.notebook.name])
            with contextlib.suppress(Unreadable):
                nb = read_submission(here.student, path, here.course.lab, release).notebook or nb
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


# What a browser shows without acting on it, whatever is in it. Everything else is kept under a name that ends in .txt.
PASSIVE = {".ipynb", ".py", ".txt", ".md", ".csv", ".json", ".toml", ".yml", ".npz", ".npy", ".gz", ".pdf"}
PASSIVE |= {".png", ".jpg", ".jpeg", ".gif", ".webp"}


def calm(folder: Path) -> None:
    """Rename the files of a submission that a browser could run, such as .html and .svg: formgrader serves its folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.suffix.lower() not in PASSIVE and path.suffix:
            path.replace(path.with_name(path.name + ".txt"))


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
        verdict = self._verdict(here)
        tasks = {task.grade_id: task.id for task in here.course.lab.tasks}
        said = {task["id"]: task for task in verdict["tasks"]}
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and about.get("grade") and not about.get("solution"):
                cell.outputs, cell.execution_count = [], None
                task = said.get(tasks.get(about.get("grade_id")))
                if task:
                    refuse_other_points(task, float(about["points"]), here.course.lab_name)
                    cell.outputs = verdict_outputs(task)
                    cell.execution_count = 1
                else:  # a test cell without a task would otherwise count as passed
                    cell.outputs = [
                        nbformat.v4.new_output("error", ename="NoTask", evalue="no task", traceback=[])
                    ]
        return nb, resources

    def _verdict(self, here: Place) -> dict:
        file = Path(self.verdicts) / f"{here.student}.json" if self.verdicts else None
        if file and file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        if (warning := here.course.warning()) and not getattr(self.parent, "warned_of_secret", False):
            self.log.warning(warning)
            self.parent.warned_of_secret = True  # once a converter, not once a student
        graded = grade_alone(
            Job(here.course, here.student, here.folder("submitted_directory")), walls=self.walls
        )
        if graded.verdict is None:
            raise CatternError(f"{here.student}: no verdict: {graded.trouble}")
        return graded.verdict.to_json()


def _texts(notebook: bytes) -> frozenset[str]:
    """Return the markdown texts of a released notebook."""
    cells = nbformat.reads(notebook.decode(), as_version=4).cells
    return frozenset(cell.source for cell in cells if cell.cell_type == "markdown")


def refuse_other_points(task: dict, points: float, lab: str) -> None:
    """Refuse a verdict with other points than the gradebook has: the marks would not be what students were promised.

    Raises:
        CatternError: the points differ.
    """
    if abs(task["max_score"] - points) > 1e-9:
        raise CatternError(
            f"{task['id']} is worth {task['max_score']:g} points in this course and {points:g} in the release that was "
            f"handed in: release {lab} again (nbgrader generate_assignment {lab} --force, or cattern release {lab}), then grade"
        )


def verdict_outputs(task: dict) -> list:
    """Return a test cell's outputs: the verdict's words, and the points as the cell's value.

    Args:
        task: one task of a verdict file.
    """
    return [
        nbformat.v4.new_output("stream", name="stdout", text=as_text({"verdict": task, "hints": []}) + "\n"),
        nbformat.v4.new_output(
            "execute_result", data={"text/plain": f"{task['score']:g}"}, execution_count=1
        ),
    ]


def handed_in(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return those of the student's files that are there: in their place, or beside the notebook."""
    places = {name: [folder / name, folder / Path(name).name] for name in names}
    found = {
        name: next((p for p in paths if p.is_file() and not p.is_symlink()), None)
        for name, paths in places.items()
    }
    return {name: path.read_bytes() for name, path in found.items() if path}
