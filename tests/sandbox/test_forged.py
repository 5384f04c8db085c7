"""Submissions that forge what goes back to the grader: nothing is earned, nothing breaks, and what is shown is plain text."""

import dataclasses
from pathlib import Path

import pytest
from courses import course_of
from judging import LAB, WithoutDiagnosis, patched, reference
from sandboxing import HOSTILE

from autograder.grading.one import grade_submission
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.submission import Submission
from cattern.checking import run as probing
from cattern.checking import wire

# file: the points of what it really does: gradients that are new arrays, a loss that is the same twice
FORGED = {
    "exceptions": 0,
    "forged_derivative": 2,
    "forged_failures": 0,
    "forged_words": 0,
    "hijacked_recorder": 0,
    "lying_arrays": 3,
    "millions_of_calls": 0,
    "searching": 0,
    "stack": 0,
    "thousands_of_calls": 0,
    "tracing": 0,
}


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
    """Return a forger's file. One stands in another's: a record that is short enough to cross the wall."""
    if name == "thousands_of_calls":
        return patched(hostile("millions_of_calls"), ("1_000_000", "20_000"))
    return (HOSTILE / "lab" / f"{name}.py").read_text(encoding="utf-8")


def test_every_file_has_an_expectation():
    stems = {path.stem for path in (HOSTILE / "lab").glob("*.py")}
    assert stems | {"thousands_of_calls"} == set(FORGED)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_answer_earns_nothing_and_says_so_in_plain_text(sandbox, name):
    verdict = graded(sandbox, hostile(name))
    assert {t.id: t.score for t in verdict.tasks if t.score} == (
        {"TODO#2": 1, "TODO#3": 2} if FORGED[name] == 3 else {"TODO#3": 2} if FORGED[name] else {}
    )
    said = texts(verdict.to_json())
    assert all(text.isprintable() and len(text) < 1500 for text in said), said


def test_there_is_nothing_to_be_found(sandbox):
    verdict = graded(sandbox, hostile("searching"))
    assert "found 0" in verdict.tasks[0].rationale


def test_a_record_of_far_too_many_calls_is_not_read(sandbox):
    verdict = graded(sandbox, hostile("thousands_of_calls"))
    assert all("missing" in t.rationale for t in verdict.tasks if t.id in ("TODO#4", "TODO#5", "TODO#6"))


def test_an_exception_that_cannot_be_described_ends_its_own_probe_only(sandbox):
    verdict = graded(sandbox, hostile("exceptions"))
    assert all(t.status == "error" and "it raised" in t.rationale for t in verdict.tasks[:7])


def test_words_arrive_without_control_characters():
    said = [{"probe": "p", "words": {"scores": "a\x1b[31m\u202eb\n" + "x" * 999}, "failure": None}]
    (answer,) = probing.unpack_answers(wire.pack({"answers": said}, {}), reference().probes(LAB.tasks[0])[:1])
    assert answer.values["scores"].isprintable() and len(answer.values["scores"]) == 300


def test_more_numbers_than_any_answer_has_are_refused():
    import numpy as np

    said = {"answers": [{"probe": "p", "words": {}, "failure": None}]}
    blob = wire.pack(said, {"0.x": np.ones(probing.MAX_ELEMENTS + 1, np.uint8)})
    with pytest.raises(wire.WireError, match="more than"):
        probing.unpack_answers(blob, reference().probes(LAB.tasks[0])[:1])
