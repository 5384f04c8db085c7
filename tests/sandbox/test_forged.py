"""Submissions that forge what goes back to the grader: nothing is earned, nothing breaks, and what is shown is plain text."""

import dataclasses
from pathlib import Path

import pytest
from courses import course_of
from judging import LAB, WithoutDiagnosis, reference
from sandboxing import HOSTILE

from autograder.grading.one import grade_submission
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.submission import Submission
from cattern.checking import run as probing

# the points of what it really does: gradients that are new arrays
FORGED = {"lying_arrays": {"TODO#3": 2}}


@pytest.fixture(scope="module")
def sandbox():
    with Workers(course_of()) as workers:
        yield workers.sandbox()


def graded(sandbox, text: str):
    files = {LAB.student_files[0]: text.encode()}
    submission = Submission("forger", Path("forger"), files, {}, None, {}, ())
    limits = dataclasses.replace(Limits(), cpu_seconds=2)
    return grade_submission(submission, WithoutDiagnosis(reference()), sandbox, limits)


def texts(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inside for text in texts(each)]


def hostile(name: str) -> str:
    """Return a forger's file."""
    return (HOSTILE / "lab" / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(path.stem for path in (HOSTILE / "lab").glob("*.py")))
def test_a_forged_answer_earns_nothing_and_says_so_in_plain_text(sandbox, name):
    verdict = graded(sandbox, hostile(name))
    assert {t.id: t.score for t in verdict.tasks if t.score} == FORGED.get(name, {})
    said = texts(verdict.to_json())
    assert all(text.isprintable() and len(text) < 1500 for text in said), said


def test_there_is_nothing_to_be_found(sandbox):
    verdict = graded(sandbox, hostile("searching"))
    assert "found 0" in verdict.tasks[0].rationale


def test_an_exception_that_cannot_be_described_ends_its_own_probe_only(sandbox):
    verdict = graded(sandbox, hostile("exceptions"))
    assert all(t.status == "error" and "it raised" in t.rationale for t in verdict.tasks[:7])


def test_words_arrive_without_control_characters():
    words = probing.numbers("a\x1b[31m\u202eb\n" + "x" * 999)
    assert words.isprintable() and len(words) == 300
