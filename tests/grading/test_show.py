"""What an instructor sees in the terminal, word for word. CATTERN_GOLDEN=write takes what is said now."""

import io
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from courses import course_of
from rich.console import Console

from autograder import show
from autograder.choices import DEFAULTS, Student
from autograder.grading.appeal import Appeal
from autograder.grading.explain import Explanation
from autograder.grading.klass import GradedClass
from autograder.grading.workers import Graded
from autograder.submission import HandIn
from autograder.submission.intake import Intake
from cattern.checking.lab import Probe
from cattern.checking.verdict import Mistake, TaskVerdict, Verdict

GOLDEN = Path(__file__).with_name("golden") / "show.txt"
TWICE = Mistake("twice", "The sum is taken twice.", ("How often do you add?",))


def task(
    name: str, status: str, score: float, rationale: str = "right", *mistakes, **evidence
) -> TaskVerdict:
    return TaskVerdict(name, f"title of {name}", status, score, 10.0, rationale, evidence, mistakes)


def verdict(student: str, *tasks: TaskVerdict, repairs=()) -> Verdict:
    return Verdict("a_lab", student, "graded", tasks, repairs)


CLASS = [
    verdict("ann", task("TODO#1", "pass", 10), task("T1", "skipped", 0, "a person grades this one")),
    verdict("bob", task("TODO#1", "partial", 4.5, "too much", TWICE), task("T1", "missing", 0, "not there")),
    verdict("cy [red]\x1b", task("TODO#1", "fail", 0, "wrong [b]"), task("T1", "error", 0, "it crashed")),
    verdict(
        "dee", task("TODO#1", "timeout", 0, "too long"), task("T1", "pass", 10), repairs=("a broken zip",)
    ),
    verdict("eve", *(task(f"TODO#{n}", "missing", 0, "not written") for n in (1, 2, 3, 4))),
]


def class_table(console) -> None:
    two = [v for v in CLASS if len(v.tasks) == 2]
    show.print_class([Graded(v.student, v) for v in two] + [Graded("gone", None, "no wall")], console)
    show.print_class([Graded(CLASS[4].student, CLASS[4])], console)
    show.print_class([Graded("gone", None, "no wall")], console)


def many(console) -> None:
    rows = [verdict(f"s{n:02}", task("TODO#1", "pass", 10)) for n in range(show.MANY + 2)]
    show.print_class([Graded(v.student, v) for v in rows], console)


def appeal(console) -> None:
    show.print_appeal(Appeal("cattern/net.py", ("-x = 1", "+x = 2"), CLASS[1], CLASS[0]), console)


def explanations(console) -> None:
    key, other = ("plain", "sum"), ("plain", "word")
    facts = {key: np.arange(3.0), other: "a word", ("plain", "gone"): np.asarray(1.0)}
    got = {key: np.arange(3.0) * 2, other: "a word"}
    probe = Probe("plain", {"X": np.arange(6.0).reshape(2, 3), "reg": 0.5})
    wrong = task("TODO#1", "partial", 4.5, "the sum is 4 [red]", TWICE)
    patches = {"twice": "--- solution\n+++ twice\n-a\n+a + a"}
    show.print_explanation(
        Explanation(
            wrong, probe, facts, got, {key: np.arange(3.0) * 2}, patches, "ValueError: no", ("a + b",)
        ),
        console,
    )
    unnamed = task("TODO#1", "fail", 0, "the sum is 4")
    show.print_explanation(Explanation(unnamed, probe, facts, got), console)
    show.print_explanation(Explanation(task("T4", "skipped", 0, "a person grades this one")), console)


def course(console) -> None:
    show.print_courses([course_of("nearest_neighbour")], console)
    own = course_of("sigmoid_net")
    choices = replace(own.choices, roster=(Student("s1"), Student("s2")), late_percent=10.0)
    show.print_courses([replace(own, choices=choices, origins={"roster": "course.toml [course]"})], console)


def rest(console) -> None:
    """Nobody and nothing vanishes: what is said of those without marks."""
    many = {f"a{n:02}": "nothing there" for n in range(show.MANY + 2)}
    strangers = (HandIn("ann", Path("ann")), HandIn("cy [red]", Path("cy"), known=False))
    taken = Intake(strangers, many, {"x [b].zip": "nobody's"}, {"old": "handed in again"})
    show.print_rest(GradedClass([], taken, unchanged=3), console)
    show.print_rest(GradedClass([], Intake(strangers[:1], {}, {}, {})), console)


def late(console) -> None:
    choices = replace(DEFAULTS, due=datetime(2027, 3, 1, 12, tzinfo=UTC), late_percent=10.0)
    when = replace(CLASS[0], handed_in="2027-03-02 11:00:00 UTC")
    show.print_class([Graded("ann", when), Graded("bob", CLASS[1])], console, choices)


def test_a_table_of_many_tasks_fits_a_terminal_and_nothing_in_it_is_cut_off():
    tasks = [task(f"TODO#{n}", "partial", n + 0.25) for n in range(1, 20)]
    rows = [verdict(name, *tasks) for name in ("müller_hans_12346", "a" * 40, "日本語の名前")]
    for width in (60, 80, 200):
        text = io.StringIO()
        show.print_class([Graded(v.student, v) for v in rows], Console(file=text, width=width))
        table = text.getvalue().partition("~ partial")[0]
        assert "…" not in table and max(map(len, table.splitlines())) <= width
        for n in range(1, 20):
            assert table.count(f" {n}.25~ ") == 3 and f" #{n} " in table
        assert "müller_hans_12346" in table and "日本語の名前" in table and table.count("a" * 17) >= 2


def test_a_file_that_was_not_handed_in_is_named():
    why = "there is no cattern/net.py in the submission"
    gone = [task(f"TODO#{n}", "missing", 0, why, absent="cattern/net.py") for n in range(4)]
    assert show.in_short(verdict("ann", *gone)) == (
        "4 tasks not written: there is no cattern/net.py in the submission"
    )


def test_the_terminal_shows_what_it_showed():
    text = io.StringIO()
    for part in (class_table, many, appeal, explanations, course, rest, late):
        text.write(f"=== {part.__name__}\n")
        part(Console(file=text, width=110, color_system=None))
    root = str(course_of("nearest_neighbour").folder)
    lines = [line.rstrip() for line in text.getvalue().replace(root, "COURSE").splitlines()]
    shown = "\n".join(lines) + "\n"
    if os.environ.get("CATTERN_GOLDEN") == "write":
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")
    assert "\x1b" not in shown


def test_what_people_copy_is_on_one_line_however_narrow_the_terminal():
    text, course = io.StringIO(), course_of("nearest_neighbour")
    show.print_courses([course], Console(file=text, width=16, color_system=None))
    lines = text.getvalue().splitlines()
    assert lines[:2] == [f"course    {course.folder}", f"packages  {course.root}"]
    assert lines[2] == "secret    public, from the caller"
    assert lines[4].startswith("nearest_neighbour: 100 points (TODO#1 25, ") and lines[4].endswith(")")


def test_all_that_is_named_is_in_the_one_line():
    thrice = Mistake("thrice", "It is taken three times.", ("How often?",))
    said = show.in_short(verdict("x", task("TODO#1", "partial", 1, "too much", TWICE, thrice)))
    assert said == "TODO#1 twice, TODO#1 thrice"


def test_a_log_has_a_line_now_and_then(capsys, monkeypatch):
    results = [Graded("ann", CLASS[0]), Graded("bob", None, "no wall"), Graded("cy", CLASS[2])]
    assert list(show.with_progress(results, 3)) == results
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"graded 3 of 3, \d+\.\d a second, 0:00:00 left, 1 without a verdict", line)
    monkeypatch.setattr(show, "SECONDS_A_LINE", 0.0)
    assert list(show.with_progress(results[:1] * 2, 2, "read")) == results[:1] * 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["read 1 of 2", "read 2 of 2"]
    assert all(line.endswith(" left") for line in lines)
    assert list(show.with_progress([], 0)) == [] and not capsys.readouterr().err


def test_colour_says_what_the_letters_say():
    text = io.StringIO()
    two = [v for v in CLASS if len(v.tasks) == 2]
    show.print_class(
        [Graded(v.student, v) for v in two],
        Console(file=text, width=110, force_terminal=True, color_system="standard"),
    )
    said = text.getvalue()
    for colour, words in (
        ("32", "10"),
        ("33", "4.5~"),
        ("31", "0✗"),
        ("31", "0!"),
        ("31", "0⏱"),
        ("2", "0–"),
    ):
        assert re.search(rf"\x1b\[{colour}m *{re.escape(words)}", said), words


def test_what_is_said_in_passing_is_dim():
    text = io.StringIO()
    for part in (rest, late, appeal):
        part(Console(file=text, width=110, force_terminal=True, color_system="standard"))
    lines = re.findall(r"^\x1b\[(?:1;)?2[;m]", text.getvalue(), re.M)  # a number in it is bold, too
    assert len(lines) == 1 + show.MANY + 4 + 2 + 1  # unchanged; absent, …; the legend, late; nothing stored
