"""One task laid open: which probe, what was expected, what came, and what the mistakes that are named change."""

from pathlib import Path

import pytest
from courses import course_of
from judging import planted, reference, solved

from autograder.grading.explain import Explanation, explain
from autograder.grading.one import answers_of
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.submission import Submission
from cattern.checking.facts import Facts
from cattern.checking.facts import changed as differ

LAB = course_of().lab
(FILE,) = LAB.student_files


@pytest.fixture(scope="module")
def sandbox():
    with Workers(course_of()) as workers:
        yield workers.sandbox()


def of(sandbox, task: str, text: str) -> Explanation:
    submission = Submission("s", Path("s"), {FILE: text.encode()}, {}, None, {}, ())
    return explain(LAB.task(task), submission, reference(), sandbox, Limits(cpu_seconds=3, wall_seconds=20))


def changed(one: Facts, other: Facts) -> bool:
    return any(differ(one, other))


def test_a_mistake_is_laid_open_on_the_probe_that_shows_it(sandbox):
    both = planted(LAB.name, "reg-not-halved", "relu-mask-missing")[FILE]
    found = of(sandbox, "TODO#2", both)
    assert found.verdict.status == "partial" and found.verdict.evidence["probe"] == found.probe.id
    assert {probe for probe, _ in found.expected} == {probe for probe, _ in found.got} == {found.probe.id}
    assert changed(found.expected, found.got) and not changed(found.patched, found.got)
    assert found.known == {"reg-not-halved"} == found.patches.keys()
    diff = found.patches["reg-not-halved"].splitlines()
    assert diff[:2] == ["--- solution", "+++ reg-not-halved"] and "@@" not in "".join(diff)
    assert [line[0] for line in diff[2:] if line[0] in "+-"] == ["-", "+"]
    assert found.facts.items() > found.got.items()
    assert (found.raised, found.edits, found.repairs) == ("", (), ())
    found = of(
        sandbox, "TODO#3", both
    )  # the mistake in the task before is known, and is no mistake of this one
    assert found.known == {"reg-not-halved", "relu-mask-missing"}
    assert found.patches.keys() == {"relu-mask-missing"} and not changed(found.patched, found.got)


def test_what_nobody_knows_has_numbers_and_no_patch(sandbox):
    found = of(sandbox, "TODO#1", solved(LAB.name)[FILE].replace("hidden @ W2 + b2", "hidden @ W2 + b2 ** 3"))
    assert found.probe and found.patched is None and found.patches == {} and found.known == frozenset()
    assert [edit.partition(": ")[2] for edit in found.edits] == ['b2 = self.params["b2"]']
    assert len(found.repairs) == 1


def test_an_answer_that_was_emptied_is_not_said_to_be_gone():
    task = LAB.task("T1")
    for cells in ({}, {task.cell: "\n"}):
        submission = Submission("s", Path("s"), {FILE: b""}, cells, None, {}, ())
        verdict = answers_of(task, submission, reference(), None, Limits())
        assert (verdict.status, verdict.rationale) == (
            "missing", f"the cell {task.cell!r} is empty, or not in the submission"
        )  # fmt: skip


def test_what_was_raised_is_told(sandbox):
    found = of(sandbox, "TODO#1", solved(LAB.name)[FILE].replace("hidden @ W2", "hidden @ W2.T"))
    assert found.raised.startswith("ValueError") and found.probe


def test_a_right_task_and_one_that_a_person_reads_have_no_probe(sandbox):
    right = of(sandbox, "TODO#1", solved(LAB.name)[FILE])
    assert right.verdict.status == "pass" and right.probe is None and right.facts
    by_hand = of(sandbox, "T4", solved(LAB.name)[FILE])
    assert (by_hand.probe, by_hand.facts, by_hand.known) == (None, None, frozenset())
    of_a_mistake = of(sandbox, "TODO#3", planted(LAB.name, "reg-not-halved")[FILE])
    assert of_a_mistake.probe is None and of_a_mistake.known == {"reg-not-halved"}
