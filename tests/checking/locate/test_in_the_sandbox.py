"""A place is found in the sandbox as it is without; whatever comes out of it, the marks are what they were."""

from pathlib import Path

import pytest
from courses import course_of
from judging import patched, reference, solved

from autograder.grading.one import Grading
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.submission import Submission
from cattern.checking.lab import load_lab
from cattern.checking.locate.words import sentences

FILE = "cattern/neural_net.py"
WRONG = ("np.exp(shifted)", "np.exp(shifted) ** 1.1")  # no entry of the catalogue gives these numbers
FORGED = {
    "nothing else": "",
    "numbers of its own for what was seen": """
import cattern_agent.watch as there
there.told = lambda watch: ("[1, [], {}, {}]", np.zeros(0))
""",
    "what is no record": """
import cattern_agent.watch as there
there.told = lambda watch: ("[" * 5000, np.zeros(1))
""",
    "a value everywhere": """
import cattern_agent.watch as there
there.Watch.see = lambda self, number, value: value * 0 if isinstance(value, np.ndarray) else value
""",
    "an end of the process in the second run": """
import sys
if "_see_" in globals():
    sys.exit(3)
""",
    "an endless loop in the second run": """
while "_see_" in globals():
    pass
""",
}


@pytest.fixture(scope="module")
def sandbox():
    with Workers(course_of()) as workers:
        yield workers.sandbox()


def graded(sandbox, text: str):
    """Return the verdicts on TODO#1 and TODO#2 of a file."""
    lab = load_lab("two_layer_net")
    submission = Submission("s", Path("s"), {FILE: text.encode()}, {}, None, {}, ())
    grading = Grading(submission, reference(), sandbox, Limits(cpu_seconds=3, wall_seconds=20), 200.0)
    tasks = [lab.task(t) for t in ("TODO#1", "TODO#2")]
    judged = [grading.verdict(task) for task in tasks]
    return [grading.explained(*each) for each in zip(tasks, judged, strict=True)]


@pytest.mark.parametrize("trick", FORGED)
def test_the_place_is_found_and_no_trick_with_it_changes_a_mark(sandbox, trick):
    text = patched(solved("two_layer_net")[FILE], WRONG)
    scores, loss = graded(sandbox, f"{text}\n{FORGED[trick]}\n")
    assert (scores.score, loss.score) == (10, 5) and "loss" in loss.rationale
    if trick == "nothing else":
        assert "`np.exp(shifted) ** 1.1`" in " ".join(sentences(loss.to_json()))


def test_the_instructor_sees_the_edit_and_the_student_does_not(sandbox):
    from autograder.grading.explain import explain

    lab = load_lab("two_layer_net")
    text = patched(solved("two_layer_net")[FILE], WRONG)
    submission = Submission("s", Path("s"), {FILE: text.encode()}, {}, None, {}, ())
    found = explain(
        lab.task("TODO#2"), submission, reference(), sandbox, Limits(cpu_seconds=3, wall_seconds=20)
    )
    assert [edit.partition(": ")[2] for edit in found.edits] == ["exp_scores = np.exp(shifted)"]
    assert "exp_scores = np.exp(shifted)" not in str(found.verdict.to_json()["located"])


def test_rows_that_are_drawn_at_random_are_compared_there_as_well():
    lab = "patch_embedding"
    right = "rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)"
    wrong = "rng.permutation(rows_of_class)[: len(rows_of_class) // 3]"
    files = {file: text.replace(right, wrong).encode() for file, text in solved(lab).items()}
    submission = Submission("s", Path("s"), files, {}, None, {}, ())
    with Workers(course_of(lab)) as workers:
        limits = Limits(cpu_seconds=3, wall_seconds=20)
        grading = Grading(submission, reference(lab), workers.sandbox(), limits, 200.0)
        task = load_lab(lab).task("TODO#1")
        verdict = grading.explained(task, grading.verdict(task))
    assert verdict.score == 4 and f"`{wrong}`" in " ".join(sentences(verdict.to_json()))
