"""What the instructors' commands hand on, print, and how they end. What they call is made up here: nothing is graded."""

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from courses import course_of
from typer.testing import CliRunner

import autograder.demo
import autograder.release
from autograder import cli, secret, show
from autograder.back import exports, page
from autograder.back import feedback as feeding
from autograder.back import report as reporting
from autograder.choices import DEFAULTS
from autograder.course import Course
from autograder.grading import appeal, drafting, explain, klass, workers
from autograder.release import honoured

LAB = "two_layer_net"
app = typer.Typer()
cli.add_to(app)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The course that every command opens, and what it was asked to open."""
    course = SimpleNamespace(folder=tmp_path, choices=DEFAULTS, lab=course_of(LAB).lab, asked=[])
    course.warning = lambda: "THE INPUTS ARE PUBLIC"
    monkeypatch.setattr(Course, "open", lambda *given: course.asked.append(given) or course)
    return course


@pytest.fixture
def called(monkeypatch):
    """Return a function that puts an answer in a function's place; it returns the list of its calls."""

    def put(module, name: str, answer) -> list:
        calls = []

        def instead(*given, **named):
            calls.append((given, named) if named else given)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(module, name, instead)
        return calls

    return put


def test_release_says_what_it_made_and_where(opened, called, tmp_path):
    made = SimpleNamespace(files=7, is_old=False, folder="F", archive="Z")
    calls, recorded = called(autograder.release, "release", made), called(honoured, "record_tests", None)
    assert run("release", LAB).stdout == f"released {LAB}: 7 files, no leak\n  F\n  Z\n"
    made.is_old = True
    done = run("release", LAB, "--out", "there", "--course", "here", "--force", "--record-tests")
    assert "7 files, nothing has changed since" in done.stdout
    assert opened.asked == [(LAB, None), (LAB, Path("here"))]
    assert calls == [(opened, tmp_path / "release", False), (opened, Path("there"), True)]
    assert recorded == [(opened,)]


def graded(*results, unmatched=None):
    taken = SimpleNamespace(absent={}, unmatched=unmatched or {}, replaced={}, hand_ins=[])
    return SimpleNamespace(results=list(results), taken=taken, unchanged=2)


def test_grade_hands_on_what_it_was_told_and_ends_with_1_when_somebody_has_no_verdict(opened, called):
    found = graded()
    calls, table = called(klass, "grade_class", found), called(show, "print_class", None)
    done = run("grade", LAB, "handed_in", "--out", "grades")
    assert [(results, choices) for results, _, choices in table] == [(found.results, opened.choices)]
    assert done.exit_code == 0 and done.stdout == "2 unchanged since they were graded\nverdicts: grades\n"
    assert "THE INPUTS ARE PUBLIC" in done.stderr
    words = [
        "--only",
        "ada",
        "--only",
        "bob/3",
        "--force",
        "--jobs",
        3,
        "--scheduler",
        "tcp://x",
        "--no-sandbox",
    ]
    run("grade", LAB, "handed_in", "--out", "grades", *words)
    there = (opened, Path("handed_in"), Path("grades"))
    assert calls == [
        (*there, None, True, None, show.with_progress, (), False),
        (*there, 3, False, "tcp://x", show.with_progress, ["ada", "bob/3"], True),
    ]
    called(klass, "grade_class", graded(workers.Graded("cy\x1b", None, "no wall")))
    done = run("grade", LAB, "handed_in", "--out", "grades")
    assert done.exit_code == 1 and "cattern: no verdict for cy" in done.stderr and "no wall" in done.stderr
    called(klass, "grade_class", graded(unmatched={"x.zip": "nobody's"}))
    assert run("grade", LAB, "handed_in", "--out", "grades").exit_code == 1
    called(klass, "grade_class", KeyboardInterrupt())
    done = run("grade", LAB, "handed_in", "--out", "grades")
    assert done.exit_code == 130 and "stopped; what was graded is in grades" in done.stderr
    assert run("grade", LAB, "handed_in", "--out", "grades", "--jobs", 0).exit_code == 2


def test_an_appeal_needs_one_student(opened, called):
    asked, shown = called(appeal, "appeal", "found"), called(show, "print_appeal", None)
    command = ("grade", LAB, "handed_in", "--out", "grades", "--with", "fix.py")
    assert run(*command, "--only", "ada").exit_code == 0
    assert asked == [(opened, Path("handed_in"), "ada", Path("fix.py"), True)] and shown[0][0] == "found"
    for words in ((), ("--only", "ada", "--only", "bob")):
        assert "--with needs one student" in str(run(*command, *words).exception)
    run(*command, "--only", "ada", "--no-sandbox")
    assert asked[-1][-1] is False


@pytest.fixture
def at_work(monkeypatch, called):
    """Workers without any wall; returns with what they were opened."""
    asked, sandbox = [], SimpleNamespace()

    @contextmanager
    def instead(*given):
        asked.append(given)
        yield SimpleNamespace(
            read=lambda *given: ("read", *given), sandbox=lambda plots: sandbox, reference="R", limits="L"
        )

    monkeypatch.setattr(workers, "Workers", instead)
    called(workers, "plots", True)
    called(klass, "place_of", "place")
    return SimpleNamespace(asked=asked, told=(("read", "ada", "place"), "R", sandbox, "L"))


def test_explain_lays_one_task_open_and_writes_a_page(opened, called, at_work, tmp_path):
    found = SimpleNamespace(verdict="V")
    calls, shown = called(explain, "explain", found), called(show, "print_explanation", None)
    pages = called(page, "task_page", "<p>é</p>")
    done = run("explain", "ada", "2")
    assert done.exit_code == 0 and done.stdout == "" and "THE INPUTS ARE PUBLIC" in done.stderr
    assert calls == [(opened.lab.task("TODO#2"), *at_work.told)] and shown[0][0] is found
    html = tmp_path / "ada.html"
    done = run("explain", "ada", "2", "--html", html, "--no-sandbox", "--lab", "a_lab", "--submitted", "in")
    assert done.stdout == f"a page to send: {html}\n" and html.read_text(encoding="utf-8") == "<p>é</p>"
    assert pages == [(opened, "V", ("read", "ada", "place"))]
    assert opened.asked == [(LAB, None), ("a_lab", None)]
    assert at_work.asked == [(opened, True), (opened, False)]
    asked = called(explain, "unlike_recorded", ["it was given with another\x1b secret"])
    done = run("explain", "ada", "2", "--grades", "marks")
    assert asked == [(opened, Path("marks/ada.json"), "V")]
    assert "cattern: it was given with another" in done.stderr and "\x1b" not in done.stderr


def test_a_draft_goes_to_the_terminal_or_into_a_new_file(opened, called, at_work, tmp_path):
    calls = called(drafting, "draft", SimpleNamespace(text="[[mistake]]", findings=["it gives the same"]))
    done = run("mistake", "draft", "ada", "2")
    assert (done.stdout, done.stderr) == ("[[mistake]]\n", "it gives the same\n")
    assert calls == [(opened.lab.task("TODO#2"), *at_work.told)]
    file = tmp_path / "draft.toml"
    assert run("mistake", "draft", "ada", "2", "--out", file, "--no-sandbox").stdout == f"a draft: {file}\n"
    assert file.read_text(encoding="utf-8") == "[[mistake]]"
    assert at_work.asked == [(opened, True), (opened, False)]
    called(drafting, "draft", SimpleNamespace(text="", findings=["x" * 400]))
    assert len(run("mistake", "draft", "ada", "2").stderr.rstrip()) == 300
    assert "is there already" in str(run("mistake", "draft", "ada", "2", "--out", file).exception)
    assert len(calls) == 2


def test_feedback_counts_pages_and_says_what_stays_and_what_failed(opened, called):
    given = SimpleNamespace(
        pages={"ada": 1, "bob": 2}, gradebook="book", stored=["ada"], newer=[], troubles={}
    )
    calls = called(feeding, "feedback", given)
    done = run("feedback", LAB, "handed_in")
    assert (
        done.stdout == "feedback for 2 students: feedback\ngradebook: points of 1 students stored in book\n"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    *told, progress = calls[0]
    assert told == [opened, Path("handed_in"), Path("grades"), Path("feedback")]
    assert progress.func is show.with_progress and progress.keywords == {"done": "written"}
    given.gradebook, given.newer, given.troubles = "", ["ada"], {"bob": "no page"}
    done = run("feedback", LAB, "handed_in", "--grades", "g", "--out", "o")
    assert f"it does not know {LAB}, nothing stored; `cattern release {LAB}` adds the lab" in done.stdout
    assert done.stderr == (
        "ada: the gradebook's points are newer than the verdict, and stay\ncattern: bob: no page\n"
    )
    assert done.exit_code == 1 and calls[1][2:4] == (Path("g"), Path("o"))


def test_report_and_export_say_where_they_are(opened, called):
    figures = {"students": 3}
    calls, written = called(reporting, "report", figures), called(reporting, "write_report", ("page", "data"))
    assert run("report", LAB, "--submitted", "in").stdout == "report on 3 students:\n  page\n  data\n"
    *told, progress = calls[0]
    assert told == [opened, Path("grades"), Path("in")] and progress.keywords == {"done": "compared"}
    assert written == [(opened, figures, Path("report"))]
    made = SimpleNamespace(path="there", notes=["ada has no number"])
    calls = called(exports, "export", made)
    done = run("export", LAB, "--to", "canvas", "--sheet", "s.csv", "--column", "Lab 1")
    assert (done.stdout, done.stderr) == ("for canvas: there\n", "ada has no number\n")
    run("export", LAB, "--to", "gradescope", "--no-sandbox", "--out", "o", "--grades", "g")
    assert calls == [
        (opened, "canvas", Path("grades"), Path("export"), Path("s.csv"), "Lab 1", True),
        (opened, "gradescope", Path("g"), Path("o"), None, None, False),
    ]


def test_course_prints_all_labs_or_one(monkeypatch):
    monkeypatch.delenv("CATTERN_SEED", raising=False)
    done = run("course", "nearest_neighbour", "--json")
    assert [said["lab"] for said in json.loads(done.stdout)] == ["nearest_neighbour"]
    assert "\n " in done.stdout  # for people, too
    assert len(json.loads(run("course", "--json").stdout)) == 6
    done = run("course", "nearest_neighbour")
    assert "nearest_neighbour: 100 points (TODO#1 25" in done.stdout and not done.stdout.startswith("[")


def test_course_makes_a_secret_and_shows_it_to_nobody(called, tmp_path):
    calls = called(secret, "new_secret", "THE FILE")
    done = run("course", "--new-secret", "--course", tmp_path)
    said = "a new secret, for your eyes only: THE FILE\nKeep it: another one draws other hidden inputs.\n"
    assert done.stdout == said and calls == [(tmp_path,)]


def test_the_warning_is_loud(opened, called):
    said = called(typer, "secho", None)
    cli.warn(opened)
    assert said == [(("cattern: THE INPUTS ARE PUBLIC",), {"err": True, "bold": True})]
    opened.warning = lambda: ""
    cli.warn(opened)
    assert len(said) == 1


def test_demo_hands_on_what_it_was_told(called):
    calls = called(autograder.demo, "demo", None)
    run("demo")
    run("demo", "nn_library", "--out", "there", "--jobs", 2, "--no-sandbox")
    assert [(out, *rest) for out, _, *rest in calls] == [
        (Path("build/demo"), None, True, LAB),
        (Path("there"), 2, False, "nn_library"),
    ]
    assert run("demo", "--jobs", 0).exit_code == 2
