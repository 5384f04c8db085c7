"""nbgrader's gradebook: the grader's points in bulk, for those asked for, never over what is newer or a person's."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from notebook_fixtures import LAB, instructor_notebook, write_course
from shared import once

from autograder.back.feedback import feedback
from autograder.back.final import final_marks
from autograder.course import Course
from autograder.nbgrader_bridge import gradebook
from autograder.release import release
from cattern.checking.lab import load_lab
from cattern.errors import CatternError

THE_LAB = load_lab(LAB)
BY_CELL = {t.grade_id: t.id for t in THE_LAB.tasks if t.source != "hand"}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course whose gradebook knows lab 1."""

    def make(folder: Path) -> None:
        course = write_course(folder / "course", instructor_notebook())
        release(Course.open(LAB, course), course / "release")

    return once(tmp_path_factory, "course-released", make) / "course"


@pytest.fixture
def given(released, graded_class, tmp_path):
    """Copies to work on: a course, what was handed in, the verdicts; and a function that gives feedback."""
    handed_in, grades = graded_class(LAB)
    for name, source in (("course", released), ("handed_in", handed_in), ("grades", grades)):
        shutil.copytree(source, tmp_path / name)

    def give(submitted: Path = tmp_path / "handed_in"):
        return feedback(
            Course.open(LAB, tmp_path / "course"), submitted, tmp_path / "grades", tmp_path / "feedback"
        )

    give.folder = tmp_path
    return give


def dump(where) -> dict[str, dict]:
    """Return student → everything that the gradebook holds of them."""

    def read(book):
        return {
            s.student.id: {
                "grades": {
                    g.name: (g.auto_score, g.manual_score, g.needs_manual_grade)
                    for n in s.notebooks
                    for g in n.grades
                },
                "comments": {
                    c.name: (c.auto_comment, c.manual_comment) for n in s.notebooks for c in n.comments
                },
                "score": s.score,
                "penalty": s.late_submission_penalty,
                "timestamp": s.timestamp,
            }
            for s in book.assignment_submissions(LAB)
        }

    return gradebook.with_gradebook(where, read)


def by_hand(where, student: str, points: float, comment: str) -> None:
    """Mark T4 as formgrader does."""

    def write(book):
        grade = book.find_grade("t4", LAB, LAB, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment("t4", LAB, LAB, student).manual_comment = comment
        book.db.commit()

    gradebook.with_gradebook(where, write)


def change_score(folder: Path, student: str, task: int, score: float) -> None:
    """Write another verdict, as a later grading does."""
    file = folder / "grades" / f"{student}.json"
    verdict = json.loads(file.read_text(encoding="utf-8"))
    verdict["tasks"][task]["score"] = score
    file.write_text(json.dumps(verdict), encoding="utf-8")


def test_the_gradebook_holds_the_points_of_the_verdicts_and_a_second_time_changes_nothing(given):
    report = given()
    assert not report.troubles and len(report.stored) == len(report.pages) == 13
    where = gradebook.place(given.folder / "course")
    stored = dump(where)
    for path in (given.folder / "grades").glob("*.json"):
        said = {t["id"]: t["score"] for t in json.loads(path.read_text(encoding="utf-8"))["tasks"]}
        grades = stored[path.stem]["grades"]
        assert {BY_CELL[c]: auto for c, (auto, _, _) in grades.items() if c in BY_CELL} == {
            task: said[task] for task in BY_CELL.values()
        }, path.stem
    assert stored["ben"]["grades"]["t4"] == (0.0, None, False)  # as released: nothing to mark
    assert stored["ben"]["comments"]["t4"] == ("No response.", None)
    assert stored["ada"]["grades"]["t4"] == (None, None, True) or stored["ada"]["comments"]["t4"][0]
    given()
    assert dump(where) == stored


def test_only_those_asked_for_are_stored_and_have_a_page(given):
    two = given.folder / "two"
    for student in ("ada", "dora"):
        shutil.copytree(given.folder / "handed_in" / student, two / student)
    report = given(two)
    assert list(report.pages) == report.stored == ["ada", "dora"]
    where = gradebook.place(given.folder / "course")
    assert list(dump(where)) == ["ada", "dora"]
    change_score(given.folder, "emil", 0, 1.0)
    given()
    change_score(given.folder, "emil", 0, 2.0)
    given(two)
    assert dump(where)["emil"]["grades"]["todo1"][0] == 1.0


def test_a_persons_points_and_comment_stay_and_are_on_the_page(given):
    given()
    where = gradebook.place(given.folder / "course")
    by_hand(where, "dora", 3.0, "Why is the <b>sum</b> one?")
    change_score(given.folder, "dora", 0, 4.0)
    report = given()
    now = dump(where)["dora"]
    assert now["grades"]["t4"][1:] == (3.0, False) and now["grades"]["todo1"][0] == 4.0
    assert now["comments"]["t4"][1] == "Why is the <b>sum</b> one?"
    page = report.pages["dora"].read_text(encoding="utf-8")
    assert "Why is the &lt;b&gt;sum&lt;/b&gt; one?" in page and "marked by hand, 3 of 5" in page


def test_points_that_are_newer_than_the_verdict_stay(given):
    given()
    where = gradebook.place(given.folder / "course")
    change_score(given.folder, "dora", 0, 4.0)
    old = given.folder / "grades" / "dora.json"
    os.utime(old, (1, 1))
    report = given()
    assert report.newer == ["dora"] and "dora" not in report.stored
    assert dump(where)["dora"]["grades"]["todo1"][0] == 10.0


def test_lateness_is_kept_and_costs_what_the_courses_rule_says(given):
    course = given.folder / "course"
    (course / "late_rule.py").write_text(
        "from nbgrader.plugins import BasePlugin\n\n\n"
        "class Ten(BasePlugin):\n    def late_submission_penalty(self, student_id, score, seconds):\n        return 10\n"
    )
    config = course / "nbgrader_config.py"
    rule = "import sys\nsys.path.insert(0, '.')\nimport late_rule\nc.AssignLatePenalties.plugin_class = late_rule.Ten\n"
    config.write_text(config.read_text(encoding="utf-8") + rule, encoding="utf-8")
    where = gradebook.place(course)

    def due(book):
        book.update_or_create_assignment(LAB, duedate="2026-01-01 12:00:00 UTC")

    gradebook.with_gradebook(where, due)
    late = given.folder / "handed_in" / "dora" / LAB
    (late / "timestamp.txt").write_text("2026-01-01 13:00:00 UTC")
    (late / "submission_secret.txt").write_text("secret")
    early = given.folder / "handed_in" / "ada" / LAB / "timestamp.txt"
    early.write_text("2026-01-01 11:00:00 UTC")
    report = given()
    stored = dump(where)
    assert stored["dora"]["penalty"] == 10 and stored["ada"]["penalty"] == 0
    assert stored["dora"]["timestamp"] == datetime(2026, 1, 1, 13)
    assert "taken off because it was handed in late" in report.pages["dora"].read_text(encoding="utf-8")
    graded = course / "autograded" / "dora" / LAB
    assert (graded / "timestamp.txt").is_file() and (graded / "submission_secret.txt").is_file()


def test_a_locked_gradebook_is_waited_for_and_named(given, capsys, monkeypatch):
    # SQLite itself waits for five seconds before it says that a file is locked: here for a third of one
    monkeypatch.setattr(sqlite3.dbapi2, "connect", partial(sqlite3.connect, timeout=0.3))
    where = gradebook.place(given.folder / "course")
    database = given.folder / "course" / "gradebook.db"
    hold = "import sqlite3, sys, time; held = sqlite3.connect(sys.argv[1], isolation_level=None);"
    hold += " held.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    holder.stdout.readline()
    with pytest.raises(CatternError, match=r"locked by another program.*close formgrader"):
        gradebook.with_gradebook(where, lambda book: None, wait=0)
    threading.Timer(1.0, holder.communicate).start()
    given()
    assert "waiting" in capsys.readouterr().err
    assert len(dump(where)) == 13


def test_errors_of_the_gradebook_say_what_and_what_to_do(given):
    course = given.folder / "course"
    (course / "gradebook.db").write_bytes(b"this is no database, and never was one")
    with pytest.raises(CatternError, match="file is not a database"):
        given()
    config = (course / "nbgrader_config.py").read_text(encoding="utf-8")
    url = "c.CourseDirectory.db_url = 'postgresql+psycopg2://nobody@127.0.0.1:1/none'\n"
    (course / "nbgrader_config.py").write_text(config + url, encoding="utf-8")
    with pytest.raises(CatternError, match=r"cannot be used: .*refused.*db_url"):
        given()


def test_an_export_has_the_graders_newest_points_and_a_persons(given):
    """Graded again, and not yet stored: the gradebook still has the points of before."""
    course, grades = Course.open(LAB, given.folder / "course"), given.folder / "grades"
    shutil.copytree(given.folder / "handed_in" / "dora", given.folder / "some" / "dora")
    given(given.folder / "some")
    by_hand(gradebook.place(given.folder / "course"), "dora", 3.5, "well argued")
    before = next(f for f in final_marks(course, grades) if f.student == "dora")
    change_score(given.folder, "dora", 1, before.points["TODO#2"] + 2)
    after = next(f for f in final_marks(course, grades) if f.student == "dora")
    assert after.points == before.points | {"TODO#2": before.points["TODO#2"] + 2}
    assert after.points["T4"] == 3.5 and "well argued" in after.comment
    old = grades / "dora.json"
    os.utime(old, ns=(0, 0))  # nbgrader autograde came later: its points count
    assert next(f for f in final_marks(course, grades) if f.student == "dora").points == before.points


def test_other_tasks_than_those_with_marks_are_not_released_and_what_to_do_is_said(given):
    folder = given.folder / "course"
    shutil.copytree(given.folder / "handed_in" / "ada", given.folder / "some" / "ada")
    given(given.folder / "some")
    (folder / "course.toml").write_text(f'[labs.{LAB}]\nleave_out = ["TODO#8"]\n', encoding="utf-8")
    with pytest.raises(CatternError, match=r"marks of 1 submissions, .*not any more: todo8") as refused:
        release(Course.open(LAB, folder), folder / "release")
    cure = re.search("`nbgrader (.*?)`", str(refused.value))[1]
    subprocess.run([sys.executable, "-m", "nbgrader", *cure.split()], cwd=folder, check=True)
    assert not release(Course.open(LAB, folder), folder / "release").is_old
    assert gradebook.read_marks(gradebook.place(folder), Course.open(LAB, folder).lab) == {}


def test_a_course_whose_gradebook_lacks_the_lab_has_pages_all_the_same(given):
    (given.folder / "course" / "gradebook.db").unlink()
    report = given()
    assert len(report.pages) == 13 and not report.stored and not report.gradebook


def test_one_students_trouble_is_theirs_alone(given):
    (given.folder / "grades" / "dora.json").write_text("no verdict")
    report = given()
    assert list(report.troubles) == ["dora"] and "grade this student again" in report.troubles["dora"]
    assert len(report.stored) == 12 and "dora" not in report.pages


def test_formgraders_notebook_has_the_verdicts_and_the_students_file(given):
    given()
    notebook = json.loads(
        (given.folder / "course" / "autograded" / "dora" / LAB / f"{LAB}.ipynb").read_text()
    )
    cells = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in notebook["cells"]}
    assert "The L2 term is twice as large" in cells["todo2"]["outputs"][0]["text"]
    assert cells["todo2"]["outputs"][1]["data"]["text/plain"] == "8"
    last = notebook["cells"][-1]
    assert last["source"].startswith("# cattern/neural_net.py, as it was handed in")
    assert "class TwoLayerNet" in last["source"] and last["metadata"]["editable"] is False


def test_what_lies_beside_the_notebook_reaches_who_marks_by_hand_and_acts_on_nobody(given):
    hostile = "a](javascript:alert(1)) <img src=x onerror=alert(1)> `$x$`.pdf"
    place = given.folder / "handed_in" / "dora" / LAB
    (place / "photos").mkdir()
    files = (
        "T4 derivation.pdf",
        "photos/page2.png",
        "notes.html",
        "photos/drawing.SVG",
        "timestamp.txt",
        hostile,
    )
    for name in files:
        (place / name).write_text("<script>alert(1)</script>", encoding="utf-8")
    given()
    there = given.folder / "course" / "autograded" / "dora" / LAB
    for name in (
        "T4 derivation.pdf",
        "photos/page2.png",
        "notes.html.txt",
        "photos/drawing.SVG.txt",
        hostile,
    ):
        assert (there / name).is_file(), name
    assert not (there / "notes.html").exists() and not (there / "photos" / "drawing.SVG").exists()
    notebook = json.loads((there / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    (cell,) = [c for c in notebook["cells"] if c.get("id") == "handed-in-beside"]
    assert "[T4%20derivation.pdf](./T4%20derivation.pdf)" in cell["source"]
    assert "(./notes.html.txt)" in cell["source"] and "timestamp" not in cell["source"]
    assert not {*"<>`$"} & {*cell["source"]} and cell["source"].count("](") == 5
    ada = json.loads((there.parents[1] / "ada" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    assert not [c for c in ada["cells"] if c.get("id") == "handed-in-beside"]


@pytest.fixture(scope="module")
def postgres():
    """A real PostgreSQL server; yields the URL of an empty database."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("initdb")
    where = binaries[-1] if binaries else Path(on_path).parent if on_path else None
    if where is None:
        pytest.skip("needs PostgreSQL's server: install your system's package `postgresql`")
    folder = Path(tempfile.mkdtemp(prefix="cattern-postgres-"))  # pytest's own folders are root's alone
    as_other = ["setpriv", "--reuid=nobody", "--clear-groups"] if os.geteuid() == 0 else []  # it refuses root
    if as_other:
        shutil.chown(folder, "nobody")
    data, port = folder / "data", 20000 + os.getpid() % 20000
    run = {"check": True, "capture_output": True, "cwd": folder}
    subprocess.run([*as_other, where / "initdb", "-D", data, "-U", "course", "-A", "trust"], **run)
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
    start = [*as_other, where / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w"]
    subprocess.run([*start, "start"], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    yield f"postgresql+psycopg2://course@127.0.0.1:{port}/postgres"
    subprocess.run([*start, "-m", "immediate", "stop"], **run)
    shutil.rmtree(folder)


def test_postgresql_is_filled_as_sqlite_is(given, postgres):
    given()
    expected = dump(gradebook.place(given.folder / "course"))
    config = given.folder / "course" / "nbgrader_config.py"
    lines = f"c.CourseDirectory.db_url = {postgres!r}\nc.CourseDirectory.course_id = 'nn-2027'\n"
    config.write_text(config.read_text(encoding="utf-8") + lines, encoding="utf-8")
    shutil.rmtree(given.folder / "course" / "autograded")
    release(Course.open(LAB, given.folder / "course"), given.folder / "course" / "release", force=True)
    started = time.monotonic()
    report = given()
    assert report.gradebook.startswith("postgresql") and len(report.stored) == 13, time.monotonic() - started
    where = gradebook.place(given.folder / "course")
    assert dump(where) == expected
    given()
    assert dump(where) == expected
