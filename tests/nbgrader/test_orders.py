"""`cattern feedback` and nbgrader's own commands, in ten orders: each goes through, and the marks are the same."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from notebook_fixtures import LAB, instructor_notebook, write_course
from shared import once

from autograder.back.feedback import feedback
from autograder.course import Course
from autograder.nbgrader_bridge import gradebook
from autograder.release import release
from cattern.checking.lab import load_lab

STUDENTS = ("ada", "dora")
WHEN = "2026-01-01 10:00:00.000000 UTC"
CONFIG = """
c.CourseDirectory.course_id = "nn"
c.Exchange.root = {exchange!r}
c.OracleVerdicts.verdicts = {grades!r}
"""
# p release_assignment, c collect --update, a autograde, f cattern feedback, g generate_feedback, r release_feedback, x export
ORDERS = [
    "fcagrx",
    "afgrcx",
    "agfrx",
    "fgafrx",
    "faagrx",
    "cffrgx",
    "acgcfrx",
    "gafrx",
    "fgrcafx",
    "agrfcgrx",
]
IN_EVERY_RUN = ORDERS[:2]


@pytest.fixture
def course(tmp_path_factory, graded_class, tmp_path):
    """A course with two students' submissions in the exchange, collected once, and their verdicts."""

    def make(folder: Path) -> None:
        made = write_course(folder / "course", instructor_notebook())
        release(Course.open(LAB, made), made / "release")

    released = once(tmp_path_factory, "course-released", make) / "course"
    handed_in, grades = graded_class(LAB)
    shutil.copytree(released, tmp_path / "course")
    shutil.copytree(grades, tmp_path / "grades")
    for student in STUDENTS:
        inbound = tmp_path / "exchange" / "nn" / "inbound" / f"{student}+{LAB}+{WHEN}+0"
        shutil.copytree(handed_in / student / LAB, inbound)
        (inbound / "timestamp.txt").write_text(WHEN)
        (inbound / "submission_secret.txt").write_text(f"the secret of {student}")
    (tmp_path / "exchange" / "nn" / "feedback").mkdir()
    (tmp_path / "exchange" / "nn" / "outbound").mkdir()
    for folder in (tmp_path / "exchange", *(tmp_path / "exchange").rglob("*")):
        if folder.is_dir():
            folder.chmod(0o777)
    config = tmp_path / "course" / "nbgrader_config.py"
    lines = CONFIG.format(exchange=str(tmp_path / "exchange"), grades=str(tmp_path / "grades"))
    config.write_text(config.read_text(encoding="utf-8") + lines, encoding="utf-8")
    return tmp_path / "course"


def run(course: Path, letter: str) -> None:
    """Run one command, in this process: nbgrader takes seconds to import."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.plugins import CsvExportPlugin

    where = gradebook.place(course)
    api = NbGraderAPI(coursedir=where.directory, config=where.config)
    done = {"success": True}
    if letter == "p":
        done = api.release_assignment(LAB)
    elif letter == "c":
        done = api.collect(LAB, update=True)
    elif letter == "a":
        for student in STUDENTS:
            done = api.autograde(LAB, student, force=True)
            assert done["success"], done.get("log", done.get("error"))
    elif letter == "f":
        given = feedback(
            Course.open(LAB, course), course / "submitted", course.parent / "grades", course / "feedback"
        )
        assert not given.troubles and list(given.pages) == list(STUDENTS)
    elif letter == "g":
        done = api.generate_feedback(LAB, force=True)
    elif letter == "r":
        done = api.release_feedback(LAB)
    else:
        exporter = CsvExportPlugin(to=str(course / "grades.csv"))
        gradebook.with_gradebook(where, exporter.export)
    assert done["success"], done.get("log", done.get("error"))


@pytest.mark.parametrize(
    "order", [o if o in IN_EVERY_RUN else pytest.param(o, marks=pytest.mark.slow) for o in ORDERS]
)
@pytest.mark.long
def test_any_order_of_commands_goes_through_and_the_marks_are_the_same(course, order):
    run(course, "p")
    assert (course.parent / "exchange" / "nn" / "outbound" / LAB / f"{LAB}.ipynb").is_file()
    run(course, "c")
    if order.startswith("g"):  # nothing is graded: there is nothing to make a page of, and nothing breaks
        order = order[1:]
        with pytest.raises(AssertionError):
            run(course, "g")
    for letter in order:
        run(course, letter)
    rows = list(csv.DictReader((course / "grades.csv").open(encoding="utf-8")))
    for row in rows:
        verdict = json.loads(
            (course.parent / "grades" / f"{row['student_id']}.json").read_text(encoding="utf-8")
        )
        assert float(row["score"]) == verdict["score"] and row["timestamp"] == "2026-01-01 10:00:00"
    assert [row["student_id"] for row in rows] == list(STUDENTS)
    page = (course / "feedback" / "dora" / LAB / f"{LAB}.html").read_text(encoding="utf-8")
    assert "The L2 term is twice as large" in page and "### BEGIN HIDDEN" not in page
    assert len(list((course.parent / "exchange" / "nn" / "feedback").glob("*.html"))) == 2
    notebook = json.loads((course / "autograded" / "dora" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    assert "class TwoLayerNet" in "".join(notebook["cells"][-1]["source"])
    assert {t.grade_id for t in load_lab(LAB).tasks} <= {
        c["metadata"].get("nbgrader", {}).get("grade_id") for c in notebook["cells"]
    }
