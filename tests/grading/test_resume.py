"""Grading again: only what changed is graded, nobody's row is lost, and whatever ends a run costs nothing that was graded."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from courses import course_of

from autograder import markers
from autograder.course import ROOT
from autograder.grading import journal as journals
from autograder.grading.klass import grade_class
from autograder.submission import HandIn
from cattern.checking.verdict import Mistake, TaskVerdict, Verdict
from cattern.errors import CatternError

LAB = "two_layer_net"
NET = "cattern/neural_net.py"
RIGHT = markers.unmarked((ROOT / NET).read_text(encoding="utf-8"))
WRONG = RIGHT.replace("0.5 * reg", "reg")
STUDENTS = ("ada", "bob", "cy")


@pytest.fixture(scope="module")
def course():
    return course_of(LAB)


@pytest.fixture
def submitted(tmp_path):
    for student in STUDENTS:
        write(tmp_path / "submitted", student, RIGHT)
    return tmp_path / "submitted"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def write(top, student, text, lab=LAB):
    file = top / student / lab / NET
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def rows(out):
    with (out / "summary.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def files(out):
    """Return the verdicts and the table, the seconds aside."""
    found = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in out.glob("*.json")}
    return {name: {**v, "seconds": 0} for name, v in found.items()}, (out / "summary.csv").read_bytes()


class Graded:
    """Notes whom a run graded."""

    def __init__(self):
        self.students = []

    def __call__(self, graded, total):
        for result in graded:
            self.students.append(result.student)
            yield result


def grade(course, submitted, out, **options):
    noted = Graded()
    done = grade_class(course, submitted, out, jobs=2, progress=noted, **options)
    assert all(each.verdict for each in done.results)
    return sorted(noted.students), done


def test_only_what_changed_is_graded_again(course, submitted, out):
    assert grade(course, submitted, out)[0] == list(STUDENTS)
    before = files(out)
    stamps = {p.name: p.stat().st_mtime_ns for p in out.glob("*.json")}
    again, done = grade(course, submitted, out)
    assert again == [] and done.unchanged == 3 and len(done.results) == 3
    assert files(out) == before and stamps == {p.name: p.stat().st_mtime_ns for p in out.glob("*.json")}
    write(submitted, "bob", WRONG)
    assert grade(course, submitted, out)[0] == ["bob"]
    assert rows(out)["bob"]["mistakes"] == "reg-not-halved" and rows(out)["ada"]["score"] == "72"
    assert grade(course, submitted, out, force=True)[0] == list(STUDENTS)
    (out / "ada.json").write_text("{}")  # damaged
    (out / "cy.json").unlink()
    assert grade(course, submitted, out)[0] == ["ada", "cy"]


def test_a_verdicts_key_is_made_of_all_that_it_depends_on(course, submitted, tmp_path):
    folder = submitted / "ada" / LAB
    of_course = journals.course_key(course)
    key = journals.key_of(HandIn("ada", folder), of_course)
    assert key == journals.key_of(HandIn("ada", folder), of_course)
    (folder / "photo.png").write_bytes(b"1")
    other = journals.key_of(HandIn("ada", folder), of_course)
    (folder / "photo.png").rename(folder / "photo2.png")
    renamed = journals.key_of(HandIn("ada", folder), of_course)
    late = journals.key_of(HandIn("ada", folder, late=True), of_course)
    assert len({key, other, renamed, late}) == 4
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"1")
    assert journals.key_of(HandIn("ada", folder), of_course) == renamed
    assert journals.course_key(course_of(LAB, secret="another")) != of_course
    (tmp_path / "course" / "notebooks" / LAB).mkdir(parents=True)
    assert journals.course_key(course_of(LAB, tmp_path / "course")) != of_course


def test_one_student_is_graded_and_the_table_stays_whole(course, submitted, out):
    grade(course, submitted, out)
    for student in STUDENTS:
        write(submitted, student, WRONG)
    assert grade(course, submitted, out, only=["bob"])[0] == ["bob"]
    table = rows(out)
    assert {s: table[s]["mistakes"] for s in STUDENTS} == {"ada": "", "bob": "reg-not-halved", "cy": ""}
    with pytest.raises(CatternError, match="no submission of 'bobby': there are ada, bob, cy"):
        grade(course, submitted, out, only=["bobby"])


def test_one_task_is_graded_and_the_others_stay(course, submitted, out):
    grade(course, submitted, out)
    broken = RIGHT.replace("reg * W1", "W1")
    write(submitted, "ada", broken.replace("0.5 * reg", "reg"))
    grade(course, submitted, out, only=["ada/TODO#2"])
    row = rows(out)["ada"]
    assert float(row["TODO#2"]) < 12 and row["TODO#3"] == "20"
    with pytest.raises(CatternError, match="TODO#99"):
        grade(course, submitted, out, only=["ada/TODO#99"])
    assert grade(course, submitted, out)[0] == [
        "ada"
    ]  # the others of ada are of an older file: not unchanged
    assert float(rows(out)["ada"]["TODO#3"]) < 20
    assert grade(course, submitted, out)[0] == []
    assert grade(course, submitted, out, only=["ada/TODO#2"], force=True)[0] == ["ada"]
    assert grade(course, submitted, out)[0] == []


def test_a_verdict_that_is_read_and_written_again_is_the_same():
    """Grading one task writes the others again: a place in the code that was found is not lost."""
    place = {"property": "regularisation", "line": 3, "code": "x", "is": "is", "needs": "y", "verified": True}
    task = TaskVerdict(
        "TODO#2", "loss", "fail", 4.0, 12.0, "why", {"probe": "p"}, (Mistake("a", "b", ("c",)),)
    )
    tasks = (replace(task, remarks=("r",), located=(place,)), replace(task, relation=({"relation": "half"},)))
    said = Verdict(
        LAB, "ada", "graded", tasks, ("mended",), 0.5, {"version": "1"}, "yesterday", True
    ).to_json()
    assert Verdict.from_json(said).to_json() == said


def test_two_graders_on_two_halves_end_with_one_table(course, submitted, out, tmp_path):
    write(tmp_path / "other half", "dee", WRONG)
    (tmp_path / "other half" / "notes.ipynb").write_text("x")
    grade(course, tmp_path / "other half", out)
    grade(course, submitted, out)
    assert list(rows(out)) == ["ada", "bob", "cy", "dee", "notes.ipynb"]
    assert rows(out)["notes.ipynb"]["status"].startswith("not matched: put")


def test_the_verdict_of_a_removed_student_is_set_aside(course, submitted, out):
    grade(course, submitted, out)
    (submitted / "cy").rename(submitted.parent / "cy")
    grade(course, submitted, out)
    assert list(rows(out)) == ["ada", "bob"]
    assert not (out / "cy.json").exists() and (out / "set-aside" / "cy.json").is_file()
    (submitted.parent / "cy").rename(submitted / "cy")
    assert grade(course, submitted, out)[0] == ["cy"] and list(rows(out)) == list(STUDENTS)


def test_nobody_of_the_roster_vanishes(submitted, out, tmp_path):
    folder = tmp_path / "course"
    shutil.copytree(ROOT / "notebooks" / LAB, folder / "notebooks" / LAB)
    (folder / "course.toml").write_text(
        'roster = "class.csv"\n[labs.two_layer_net]\ndue = 2026-03-01T23:59:00Z\ngrace_minutes = 10\n'
    )
    (folder / "class.csv").write_text("id,name,lms_id\nada,Ada L,\nbob,Bob B,77\nzoe,Zoe Z,\n")
    (submitted / "bob").rename(submitted / "b")
    (submitted / "b" / LAB / NET).rename(submitted / "bbob_77_1_neural_net.py")
    (submitted / "ada" / LAB / "timestamp.txt").write_text("2026-03-02 00:10:00 UTC")
    (submitted / "ada" / LAB / "scan.pdf").write_bytes(b"%PDF")
    (submitted / "b" / LAB / "scan.pdf").write_bytes(b"%PDF")
    (submitted / "notes.ipynb").write_text("x")
    _, done = grade(course_of(LAB, folder), submitted, out)
    table = rows(out)
    assert {name: row["status"].partition(":")[0] for name, row in table.items()} == {
        "ada": "graded",
        "b": "not readable",
        "bob": "graded",
        "cy": "graded",
        "zoe": "not handed in",
        "notes.ipynb": "not matched",
    }
    assert "is a PDF document" in table["b"]["status"]
    assert (table["ada"]["late"], table["bob"]["late"]) == ("late", "")
    assert [each.student for each in done.taken.hand_ins if not each.known] == ["b", "cy"]


def test_lines_that_a_kill_cut_off_are_no_lines(tmp_path):
    journal = journals.Journal(tmp_path)
    journal.record("ada", "k1", tmp_path)
    with (tmp_path / journals.FILE).open("ab") as file:
        file.write(b'{"student": "bob", "ke')
    journals.Journal(tmp_path).record("cy", "k2", tmp_path)
    assert journals.Journal(tmp_path).keys == {"ada": "k1", "cy": "k2"}


def test_a_full_disk_says_so_and_the_next_run_goes_on(course, submitted, out, monkeypatch):
    from autograder.grading import klass

    real, written = klass.write_verdict, []

    def full(folder, verdict):
        if len(written) == 1:
            raise OSError(28, "No space left on device", str(folder / "x"))
        written.append(verdict.student)
        real(folder, verdict)

    monkeypatch.setattr(klass, "write_verdict", full)
    with pytest.raises(CatternError, match="No space left on device; what was graded is kept"):
        grade(course, submitted, out)
    monkeypatch.undo()
    assert sorted([*grade(course, submitted, out)[0], *written]) == list(STUDENTS)


# Kills


def command(submitted, out):
    return [sys.executable, "-m", "cattern", "grade", LAB, str(submitted), "--out", str(out), "--jobs", "2"]


def killed_after(seconds, submitted, out) -> subprocess.Popen:
    process = subprocess.Popen(
        command(submitted, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and not list(out.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.005)  # kills before the first verdict tell nothing
    time.sleep(seconds)
    process.kill()
    return process


def kill_loop(course, tmp_path, kills, students):
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for number in range(students):
        write(submitted, f"s{number:02}", WRONG if number % 5 == 2 else RIGHT)
    grade(course, submitted, tmp_path / "undisturbed")
    rng = random.Random(7)
    for kill in range(kills):
        process = killed_after(rng.uniform(0, 0.4), submitted, out)
        process.communicate(timeout=60)
        for file in out.glob("*.json"):
            json.loads(file.read_text(encoding="utf-8"))  # every verdict is whole
        if kill % 4 == 3:  # some of it is lost again
            for file in list(out.glob("*.json"))[: students // 2]:
                file.unlink()
    grade(course, submitted, out)
    assert files(out) == files(tmp_path / "undisturbed")
    assert not list(out.glob("*.part"))


def test_a_killed_run_goes_on_and_ends_as_if_undisturbed(course, tmp_path):
    kill_loop(course, tmp_path, 3, 12)


@pytest.mark.slow
@pytest.mark.long
def test_twenty_kills(course, tmp_path):
    kill_loop(course, tmp_path, 20, 60)


def test_ctrl_c_stops_at_once_and_keeps_what_was_graded(course, tmp_path):
    """At a terminal every process of the group gets the signal. The class would take minutes: most of it sleeps."""
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    students = [f"s{number}" for number in range(8)]
    done, sleepers = students[:2], students[2:]
    for student in students:
        write(submitted, student, RIGHT if student in done else f"import time\ntime.sleep(10_000)\n{RIGHT}")
    process = subprocess.Popen(
        command(submitted, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )  # fmt: skip
    while process.poll() is None and not {*done} <= {*journals.Journal(out).keys}:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)  # a sleeper alone has as long
    assert process.returncode == 130 and "goes on from there" in said and "Traceback" not in said
    assert {path.stem for path in out.glob("*.json")} == {*done}
    status = {student: row["status"] for student, row in rows(out).items()}
    assert status == dict.fromkeys(done, "graded") | dict.fromkeys(sleepers, "no verdict yet")
    for student in sleepers:
        write(submitted, student, RIGHT)
    assert grade(course, submitted, out)[0] == sleepers


def test_an_output_that_cannot_be_written_is_said_before_anything_is_graded(submitted, tmp_path):
    (tmp_path / "out").write_text("a file")
    done = subprocess.run(command(submitted, tmp_path / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and str(tmp_path / "out") in done.stderr and "Traceback" not in done.stderr


def test_the_command_grades_one_student_and_names_what_is_nobodys(submitted, out):
    (submitted / "loose.ipynb").write_text("x")
    done = subprocess.run(
        [*command(submitted, out), "--only", "ada/2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "not matched: loose.ipynb" in done.stdout
    assert {p.name for p in Path(out).glob("*.json")} == {"ada.json"}
    done = subprocess.run(
        [*command(submitted, out), "--only", "ada", "--force"], capture_output=True, text=True, check=False
    )
    assert "graded 1 of 1" in done.stderr


def test_progress_says_how_far_how_fast_and_what_went_wrong(capsys, monkeypatch):
    from autograder import show
    from autograder.grading.workers import Graded as Result

    monkeypatch.setattr(show, "SECONDS_A_LINE", 0)
    list(show.with_progress([Result("a", object()), Result("b", None, "why")], 2))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("graded 1 of 2, ") and lines[1].endswith("0:00:00 left, 1 without a verdict")
