"""What formgrader shows and `generate_feedback` reads: `autograded/<student>/LAB/`, with the verdicts in the test cells."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from autograder import bundle
from autograder.course import Course
from autograder.late import moment
from autograder.nbgrader_bridge.gradebook import Place
from autograder.nbgrader_bridge.marks import Marks
from autograder.nbgrader_bridge.storing import Result
from autograder.sanitise.names import file_name, passive_name
from autograder.sanitise.notebook import safe_notebook
from autograder.submission import FROM_COLLECT, Submission
from cattern.checking.lab import Lab
from cattern.checking.words import as_text
from cattern.errors import CatternError

MOST_OF_A_FILE = 200_000
MOST_BESIDE = 50  # files that are named


def graded_folder(where: Place, student: str, lab: str) -> Path:
    """Return the folder in `autograded/` of a student, who is called there as their files are."""
    directory = where.directory
    return Path(directory.format_path(directory.autograded_directory, student, lab))


def graded_at(folder: Path, lab: str) -> int:
    """Return when the notebook in a folder of `autograded/` was written, in ns; 0 when there is none."""
    file = folder / f"{lab}.ipynb"
    return file.stat().st_mtime_ns if file.is_file() else 0


class Graded:
    """One student's verdict, on its way into the gradebook and into `autograded/`."""

    def __init__(
        self,
        course: Course,
        verdict: Mapping,
        submission: Submission,
        at: str,
        where: Place,
    ):
        """Keep what is needed.

        Args:
            course: the course.
            verdict: the content of a verdict file.
            submission: what was handed in, with what lay beside it.
            at: when, in the words of whoever noted it, or "".
            where: the gradebook.
        """
        self.student = file_name(submission.student)  # no longer than the gradebook's column
        self.lab, self.verdict, self.submission = (lab := course.lab), verdict, submission
        self.folder = graded_folder(where, self.student, lab.name)
        self.at = at
        self.released = json.loads(bundle.handed_out(course)[f"{lab.name}.ipynb"])
        own = frozenset("".join(c["source"]) for c in self.released["cells"] if c["cell_type"] == "markdown")
        self.notebook = safe_notebook(submission.notebook or self.released, submission.beside, own)

    def graded_at(self) -> int:
        """Return when the notebook in `autograded/` was written; see `graded_at`."""
        return graded_at(self.folder, self.lab.name)

    def differs(self, marks: Marks | None) -> bool:
        """Tell whether the gradebook has other points than this verdict."""
        scores = {name: task["score"] for name, task in by_grade_id(self.lab, self.verdict).items()}
        by_hand = {task.grade_id for task in self.lab.tasks if task.source == "hand"}
        return marks is not None and any(
            mark.auto is not None and name not in by_hand and abs(mark.auto - scores[name]) > 1e-6
            for name, mark in marks.cells.items()
            if name in scores
        )

    def result(self) -> Result:
        """Return what the gradebook is told."""
        before, now, released = (
            answers(nb) for nb in (self._before() or self.notebook, self.notebook, self.released)
        )
        by_hand = {task.grade_id for task in self.lab.tasks if task.source == "hand"}
        return Result(
            self.student,
            {
                name: task["score"]
                for name, task in by_grade_id(self.lab, self.verdict).items()
                if name not in by_hand
            },
            frozenset(name for name, source in released.items() if now.get(name, source) == source),
            moment(self.at),
            self.verdict.get("late", False),
            any(before.get(name) != now.get(name) for name in by_hand),
        )

    def write(self) -> None:
        """Write the notebook, the student's files and data, in place of what an earlier grading left."""
        part = self.folder.with_name(f".{self.folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        given = self.submission
        beside = {passive_name(name): content for name, content in given.beside.items()}
        for name, content in {**beside, **given.files, **given.data}.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(content)
        notebook = marked(self.notebook, self.lab, self.verdict, self.submission)
        text = json.dumps(notebook, indent=1, ensure_ascii=True) + "\n"
        (part / f"{self.lab.name}.ipynb").write_text(text, encoding="utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        part.rename(self.folder)

    def _before(self) -> dict | None:
        try:
            return json.loads((self.folder / f"{self.lab.name}.ipynb").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def answers(notebook: Mapping) -> dict[str, str]:
    """Return grade_id → source of the cells in which students answer."""
    about = [(cell, cell.get("metadata", {}).get("nbgrader", {})) for cell in notebook["cells"]]
    return {its["grade_id"]: "".join(cell["source"]) for cell, its in about if its.get("solution")}


def marked(notebook: Mapping, lab: Lab, verdict: Mapping, submission: Submission) -> dict:
    """Return a notebook with the verdicts as the outputs of its test cells, and the student's files at its end.

    No other cell keeps an output: what a student's code once printed is no part of a verdict.
    """
    said = by_grade_id(lab, verdict)
    cells = []
    for cell in notebook["cells"]:
        cell = dict(cell)
        if cell["cell_type"] == "code":
            about = cell.get("metadata", {}).get("nbgrader", {})
            cell["outputs"], cell["execution_count"] = [], None
            if about.get("grade") and not about.get("solution"):
                task = said.get(about.get("grade_id"))
                if task:
                    refuse_other_points(task, float(about["points"]), lab.name)
                cell["outputs"] = verdict_outputs(task) if task else NO_TASK
                cell["execution_count"] = 1 if task else None
        cells.append(cell)
    return {**notebook, "cells": cells + beside_cells(submission) + file_cells(submission)}


def by_grade_id(lab: Lab, verdict: Mapping) -> dict[str, Mapping]:
    """Return the tasks of a verdict by the test cell that each has in the notebook."""
    said = {task["id"]: task for task in verdict["tasks"]}
    return {t.grade_id: said[t.id] for t in lab.tasks if t.grade_id and t.id in said}


# A test cell without a task would otherwise count as passed.
NO_TASK = [{"output_type": "error", "ename": "NoTask", "evalue": "no task", "traceback": []}]


def refuse_other_points(task: Mapping, points: float, lab: str) -> None:
    """Refuse a verdict with other points than the gradebook has: the marks would not be what students were promised.

    Raises:
        CatternError: the points differ.
    """
    if abs(task["max_score"] - points) > 1e-9:
        raise CatternError(
            f"{task['id']} is worth {task['max_score']:g} points in this course and {points:g} in the release that was "
            f"handed in: release {lab} again (nbgrader generate_assignment {lab} --force, or cattern release {lab}), then grade"
        )


def verdict_outputs(task: Mapping) -> list[dict]:
    """Return a test cell's outputs: the verdict's words, and the points as the cell's value.

    The value is nbgrader's own way to give partial credit.

    Args:
        task: one task of a verdict file.
    """
    words = as_text({"verdict": task, "hints": []}) + "\n"
    value = {"data": {"text/plain": f"{task['score']:g}"}, "metadata": {}, "execution_count": 1}
    return [
        {"output_type": "stream", "name": "stdout", "text": words},
        {"output_type": "execute_result", **value},
    ]


def beside_cells(submission: Submission) -> list[dict]:
    """Return a cell that names what else was handed in, photos and PDFs, with links; none where there is nothing.

    A name is a student's: percent-encoded it is neither markup nor an address elsewhere.
    """
    names = [
        quote(passive_name(name), errors="replace") for name in submission.beside if name not in FROM_COLLECT
    ]
    if not names:
        return []
    lines = "".join(f"- [{name}](./{name})\n" for name in sorted(names)[:MOST_BESIDE])
    text = f"**Handed in beside the notebook** ({len(names)}):\n\n{lines}"
    locked = {"editable": False, "deletable": False}
    return [{"cell_type": "markdown", "id": "handed-in-beside", "metadata": locked, "source": text}]


def file_cells(submission: Submission) -> list[dict]:
    """Return a cell for each of the student's Python files, so that who marks by hand sees the code as well."""
    locked = {"editable": False, "deletable": False}
    cells = []
    for number, (name, content) in enumerate(sorted(submission.files.items())):
        text = content.decode("utf-8", errors="replace")[:MOST_OF_A_FILE]
        text = f"# {name}, as it was handed in. Nothing runs this cell.\n\n{text}"
        cells.append(
            {
                "cell_type": "code",
                "id": f"handed-in-{number}",
                "metadata": dict(locked),
                "execution_count": None,
                "outputs": [],
                "source": text,
            }
        )
    return cells
