"""What being late costs is one rule of `course.toml`: table, pages, exports, nbgrader's gradebook and its commands agree."""

import csv
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from notebook_fixtures import LAB, instructor_notebook, write_course
from shared import once

from autograder import cli, cli_back
from autograder.back import feedback
from autograder.course import ROOT, Course
from autograder.markers import unmarked
from autograder.nbgrader_bridge import gradebook
from autograder.release import release

FILE = "cattern/neural_net.py"
RULE = "late_percent = 10\ngrace_minutes = 15\n[labs.two_layer_net]\ndue = 2026-01-01T12:00:00Z\n"
LATE = {"early": 0.0, "grace": 0.0, "tardy": 0.2, "doejane_12345": 0.1}  # share of the score


@pytest.fixture
def course(tmp_path_factory, tmp_path) -> Path:
    """A course with a rule, whose gradebook knows lab 1, and four students' files: one is LATE by Canvas' word alone."""

    def make(folder: Path) -> None:
        made = write_course(folder / "course", instructor_notebook())
        release(Course.open(LAB, made), made / "release")

    folder = tmp_path / "course"
    shutil.copytree(once(tmp_path_factory, "course-released", make) / "course", folder)
    (folder / "course.toml").write_text(RULE, encoding="utf-8")
    text = unmarked((ROOT / FILE).read_text(encoding="utf-8"))
    for student, when in (("early", "01 11:00"), ("grace", "01 12:10"), ("tardy", "02 13:00")):
        home = folder / "submitted" / student / LAB
        (home / "cattern").mkdir(parents=True)
        (home / FILE).write_text(text, encoding="utf-8")
        (home / "timestamp.txt").write_text(f"2026-01-{when}:00 UTC")
    canvas = folder / "submitted" / "doejane_LATE_12345_67890_neural_net.py"
    canvas.write_text(text, encoding="utf-8")
    return folder


def table(file: Path) -> dict[str, dict[str, str]]:
    """Return student → row."""
    with file.open(encoding="utf-8") as text:
        return {row["student"]: row for row in csv.DictReader(text)}


def penalties(where) -> dict[str, float]:
    """Return what the gradebook takes off."""
    found = gradebook.with_gradebook(
        where,
        lambda book: {s.student.id: s.late_submission_penalty for s in book.assignment_submissions(LAB)},
    )
    return {student: off or 0.0 for student, off in found.items()}


def test_every_command_takes_off_the_same(course, capsys):
    submitted, grades = course / "submitted", course / "grades"
    cli.grade(LAB, submitted, grades, course=course)
    rows = table(grades / "summary.csv")
    scores = {student: float(row["score"]) for student, row in rows.items()}
    expected = {student: round(scores[student] * share, 4) for student, share in LATE.items()}
    assert min(scores.values()) > 50
    assert {student: float(row["penalty"] or 0) for student, row in rows.items()} == expected
    assert {student: float(row["total"]) for student, row in rows.items()} == {
        student: pytest.approx(scores[student] - expected[student]) for student in LATE
    }
    assert {student for student, row in rows.items() if row["late"]} == {"tardy", "doejane_12345"}
    assert "−: taken off doejane_12345, tardy, handed in late" in capsys.readouterr().out

    cli_back.export(LAB, cli_back.Target.csv, grades, course / "before", course=course)
    cli_back.feedback(LAB, submitted, grades, course / "feedback", course)
    cli_back.export(LAB, cli_back.Target.csv, grades, course / "after", course=course)
    for out in ("before", "after"):  # the gradebook's rows change nothing
        exported = table(course / out / f"{LAB}-csv.csv")
        assert {s: float(row["penalty"]) for s, row in exported.items()} == {
            s: pytest.approx(off, abs=0.006) for s, off in expected.items()
        }
    where = gradebook.place(course)
    assert penalties(where) == pytest.approx(expected)
    for student, off in expected.items():
        page = (course / "feedback" / student / LAB / f"{LAB}.html").read_text(encoding="utf-8")
        assert ("taken off because it was handed in late" in page) == bool(off)
        assert f"{round(scores[student] - off, 2):g}" in page

    # A person's points count in what the share is taken of, and an extension counts.
    def by_hand(book) -> None:
        from datetime import timedelta

        for student in ("tardy", "doejane_12345"):
            book.find_grade("t4", LAB, LAB, student).manual_score = 5
        book.find_submission(LAB, "tardy").extension = timedelta(hours=24)
        book.db.commit()

    gradebook.with_gradebook(where, by_hand)
    cli_back.export(LAB, cli_back.Target.csv, grades, course / "marked", course=course)
    exported = table(course / "marked" / f"{LAB}-csv.csv")
    for student in ("tardy", "doejane_12345"):  # both a day begun
        assert float(exported[student]["penalty"]) == pytest.approx((scores[student] + 5) / 10, abs=0.006)
    cli_back.feedback(LAB, submitted, grades, course / "feedback", course)
    assert penalties(where)["tardy"] == pytest.approx((scores["tardy"] + 5) / 10)


def test_nbgraders_own_command_goes_by_the_same_rule_and_reads_a_submission_once(course, monkeypatch):
    from nbgrader.apps import NbGraderAPI

    from autograder.grading import workers
    from autograder.nbgrader_bridge import grade

    read = []
    for module in (grade, workers):

        def counted(student, *args, _read=module.read_submission, **options):
            read.append(student)
            return _read(student, *args, **options)

        monkeypatch.setattr(module, "read_submission", counted)
    for student in ("grace", "tardy"):
        notebook = course / "release" / LAB / f"{LAB}.ipynb"
        shutil.copy(notebook, course / "submitted" / student / LAB)
    where = gradebook.place(course)
    api = NbGraderAPI(coursedir=where.directory, config=where.config)
    for student in ("grace", "tardy"):
        done = api.autograde(LAB, student)
        assert done["success"], done.get("log", done.get("error"))
    assert read == ["grace", "tardy"]
    marks = gradebook.read_marks(where, Course.open(LAB, course).lab)
    earned = sum(mark.score for mark in marks["tardy"].cells.values())
    assert earned > 50 and marks["tardy"].penalty == pytest.approx(earned / 5) and not marks["grace"].penalty
    assert marks["tardy"].due.isoformat() == "2026-01-01T12:00:00+00:00"  # formgrader shows the course's


def test_a_course_without_a_rule_leaves_a_late_word_to_nbgraders(course, monkeypatch):
    (course / "course.toml").unlink()
    config = course / "nbgrader_config.py"
    line = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    config.write_text(config.read_text(encoding="utf-8") + line, encoding="utf-8")
    grades, jane = course / "grades", "doejane_12345"
    cli.grade(LAB, course / "submitted", grades, only=[jane], course=course)
    assert table(grades / "summary.csv")[jane]["penalty"] == ""
    reading = Mock(side_effect=feedback.read_submission)
    monkeypatch.setattr(feedback, "read_submission", reading)
    cli_back.feedback(LAB, course / "submitted", grades, course / "feedback", course)
    assert reading.call_count == 1  # for the gradebook and the page together
    cli_back.export(LAB, cli_back.Target.csv, grades, course / "export", course=course)
    row = table(course / "export" / f"{LAB}-csv.csv")[jane]
    assert float(row["score"]) == 0 and float(row["penalty"]) > 50
