"""The oracle inside nbgrader: stock `nbgrader autograde` stores the verdicts, and feedback pages show them.

No notebook is executed. The test cell of each task gets the verdict as its output: the rationale as text, the points as
the cell's value, which is nbgrader's own way to give partial credit.
"""

import contextlib
import json
from pathlib import Path

import nbformat
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Unicode

from autograder.grading.klass import Job, grade_alone
from autograder.release.handout import handout
from autograder.sanitise.notebook import safe_notebook
from autograder.seed import course_seed
from autograder.submission import Unreadable, read_submission
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.words import as_text
from cattern.errors import CatternError


class RepairNotebook(NbGraderPreprocessor):
    """Runs first on a submission: what nbgrader would trip over is mended, and nothing in it acts on who opens it."""

    def preprocess(self, nb, resources):
        """Return the repaired notebook, its markdown, outputs and pictures made safe to show."""
        lab, student, path, course = _place(self, resources)
        released: frozenset[str] = frozenset()
        if lab in lab_names():
            release = handout(lab, course)
            released = _texts(release[f"{lab}.ipynb"])
            with contextlib.suppress(Unreadable):
                nb = read_submission(student, path, load_lab(lab), release).notebook or nb
        return nbformat.from_dict(safe_notebook(nb, trusted=released)), resources


class OracleVerdicts(Execute):
    """Takes the place of nbgrader's Execute: student code runs in the sandbox, never in a kernel of the grader's."""

    verdicts = Unicode(
        "", help="Folder with <student>.json files of `cattern grade`; without one, grades here."
    ).tag(config=True)
    walls = Bool(True, help="False grades without bubblewrap.").tag(config=True)

    def preprocess(self, nb, resources, **kwargs):
        """Write the verdicts into the test cells.

        Raises:
            CatternError: the sandbox failed; nothing is stored for this student.
        """
        lab, student, path, course = _place(self, resources)
        if lab not in lab_names():
            return super().preprocess(nb, resources, **kwargs)
        verdict = self._verdict(lab, student, path, course)
        tasks = {task.grade_id: task.id for task in load_lab(lab).tasks}
        said = {task["id"]: task for task in verdict["tasks"]}
        for cell in nb.cells:
            about = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and about.get("grade") and not about.get("solution"):
                cell.outputs, cell.execution_count = [], None
                task = said.get(tasks.get(about.get("grade_id")))
                if task:
                    cell.outputs = verdict_outputs(task, float(about["points"]))
                    cell.execution_count = 1
                else:  # a test cell without a task would otherwise count as passed
                    cell.outputs = [
                        nbformat.v4.new_output("error", ename="NoTask", evalue="no task", traceback=[])
                    ]
        return nb, resources

    def _verdict(self, lab: str, student: str, path: Path, course: Path) -> dict:
        file = Path(self.verdicts) / f"{student}.json" if self.verdicts else None
        if file and file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        graded = grade_alone(Job(lab, student, path, course_seed(course), self.walls, course=course))
        if graded.verdict is None:
            raise CatternError(f"{student}: no verdict: {graded.trouble}")
        return graded.verdict.to_json()


def _texts(notebook: bytes) -> frozenset[str]:
    """Return the markdown texts of a released notebook."""
    cells = nbformat.reads(notebook.decode(), as_version=4).cells
    return frozenset(cell.source for cell in cells if cell.cell_type == "markdown")


def verdict_outputs(task: dict, points: float) -> list:
    """Return a test cell's outputs: the verdict's words, and the points as the cell's value.

    Args:
        task: one task of a verdict file.
        points: the cell's points in nbgrader; the score is scaled to them when an instructor has changed them.
    """
    score = task["score"] * points / task["max_score"] if task["max_score"] else 0.0
    return [
        nbformat.v4.new_output("stream", name="stdout", text=as_text({"verdict": task, "hints": []}) + "\n"),
        nbformat.v4.new_output("execute_result", data={"text/plain": f"{score:g}"}, execution_count=1),
    ]


def _place(preprocessor: NbGraderPreprocessor, resources: dict) -> tuple[str, str, Path, Path]:
    """Return the lab, the student, the folder with what they handed in, and the course folder."""
    coursedir = preprocessor.parent.parent.coursedir  # preprocessor → exporter → converter
    about = resources["nbgrader"]
    path = coursedir.format_path(coursedir.submitted_directory, about["student"], about["assignment"])
    return about["assignment"], about["student"], Path(path), Path(coursedir.root)
