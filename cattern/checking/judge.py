"""The judge: points by property, follow-through credit, and the mistakes whose numbers were reproduced.

It sees facts only. A property is earned when its facts agree with the solution's; else with those of the solution that
carries the submission's own earlier mistakes; else when its `or_facts` hold (a gradient that is the exact derivative of the
student's own loss). A mistake is named when the solution with that mistake gives the submission's facts on all probes.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Protocol

import numpy as np

from cattern.checking.facts import (
    RAISED,
    TOLERANCE,
    Answer,
    Difference,
    Facts,
    agree,
    difference,
    read,
    show,
)
from cattern.checking.rubric import Lab, Probe, Property, Task
from cattern.checking.verdict import Mistake, TaskVerdict

NOTHING: frozenset[str] = frozenset()


class Book(Protocol):
    """What the judge asks about the solution. The grader computes the answers; a student's bundle carries them."""

    def probes(self, task: Task) -> list[Probe]:
        """Return the task's probes, the cheapest first."""

    def facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        """Return the facts of one probe when the solution has these mistakes, or None when that is not known."""

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the catalogue of one task: id → mistake."""

    def pairs(self, task: Task) -> bool:
        """Tell whether pairs of mistakes are to be tried."""


def judge_task(
    lab: Lab, task: Task, answers: list[Answer], book: Book, earlier: Mapping[str, frozenset[str]]
):
    """Return the verdict on one task, and the ids of the mistakes made in it.

    Args:
        lab: the lab.
        task: the task.
        answers: what the submission's code gave for the task's probes.
        book: what the solution gives.
        earlier: task id → ids of the mistakes found in it, for the tasks judged before.
    """
    probes = book.probes(task)
    got = read(task, {p.id: p.inputs for p in probes}, answers)
    todo = next((a.failure.todo for a in answers if a.failure and a.failure.todo), None)
    carried = frozenset().union(*(earlier.get(t.id, NOTHING) for t in lab.upstream(task)))
    plain = expectation(task, book, NOTHING, probes)
    carrying = expectation(task, book, carried, probes) if carried else None

    scores, lost, followed = {}, [], False
    for prop in task.properties:
        gaps = list(differences(prop.facts, plain, got))
        # an earlier mistake that leaves nothing to be seen here is no reason for points
        if gaps and carrying is not None and holds(prop.facts, carrying, got):
            gaps, followed = [], True
        if gaps and prop.or_facts and holds(prop.or_facts, plain, got):
            gaps, followed = [], True
        scores[prop.name] = 0.0 if gaps else prop.points
        if gaps:
            lost.append((prop, gaps[0]))
    score = sum(scores.values())
    seen = [(p, d) for p, d in lost if (d.probe, d.fact) in got]
    remarks = tuple(words_of(p, d) for p, d in seen if not p.points)
    lost = [(p, d) for p, d in lost if p.points]

    def verdict(
        status: str, rationale: str, mistakes: tuple[Mistake, ...] = (), evidence: dict | None = None
    ):
        earned = {p.name: [scores[p.name], p.points] for p in task.properties if p.points}
        evidence = {**(evidence or {}), "properties": earned}
        said = () if status in ("skipped", "missing") else remarks
        return TaskVerdict(
            task.id, task.title, status, score, task.points, rationale, evidence, mistakes, said
        )

    if not lost:
        return verdict("pass", "right, given your earlier results" if followed else "right"), NOTHING
    if todo and score == 0:
        if todo == task.id:
            return verdict("missing", f"{task.id} is not written yet"), NOTHING
        return verdict("skipped", f"needs {todo}, which is not written yet"), NOTHING
    prop, worst = lost[0]
    key = (worst.probe, worst.fact)
    failure = next((a.failure for a in answers if a.failure), None)
    raised = next((a.failure for a in answers if a.failure and a.probe == worst.probe), None)
    missing_here = key not in got
    if missing_here:
        raised = raised or failure
    rationale = words_of(prop, worst)
    if raised and raised.todo == task.id:
        rationale = f"the line that raises NotImplementedError for {raised.todo} is still there, behind your code: remove it"
    elif raised and (missing_here or np.shape(got[key]) != np.shape(plain.get(key))):  # it was cut short
        rationale = f"it raised {raised}"
    elif raised:
        rationale += f"; then it raised {raised}"
    found = diagnose(task, book, carried, got)
    named = tuple(book.mistakes(task)[m] for m in sorted(found or ()))
    status = "partial" if score else "error" if raised and missing_here else "fail"
    if status == "error" and found == NOTHING:  # an earlier mistake explains it
        status, rationale = "skipped", f"your code never comes this far: {rationale}"
    return verdict(status, rationale, named, evidence_of(worst, plain, got, raised)), found or NOTHING


def expectation(task: Task, book: Book, mistakes: frozenset[str], probes: list[Probe]) -> Facts | None:
    """Return the facts of all probes under some mistakes, or None when the book does not know them."""
    facts: Facts = {}
    for probe in probes:
        one = book.facts(task, mistakes, probe)
        if one is None:
            return None
        facts |= one
    return facts


def differences(names: tuple[str, ...], expected: Facts, got: Facts) -> Iterator[Difference]:
    """Yield how the named facts differ, in the order of the probes."""
    for (probe, fact), value in expected.items():
        if fact in names and not agree(value, got.get((probe, fact))):
            yield difference(probe, fact, value, got.get((probe, fact)))


def holds(names: tuple[str, ...], expected: Facts, got: Facts) -> bool:
    """Tell whether the named facts are there and agree."""
    there = any(fact in names for _, fact in expected)
    return there and not any(differences(names, expected, got))


def diagnose(task: Task, book: Book, carried: frozenset[str], got: Facts) -> frozenset[str] | None:
    """Return the smallest set of the task's mistakes that gives the submission's facts on all probes, or None.

    It is empty when the earlier mistakes explain everything. Single mistakes come before pairs. What is compared: the facts that earn points, the task's traits, and what was
    raised. Remarks are matters of style.
    """
    names = {fact for prop in task.properties if prop.points for fact in prop.facts} | {*task.traits, RAISED}
    got = {key: value for key, value in got.items() if key[1] in names}
    ids = list(book.mistakes(task))
    if carried and reproduces(task, book, carried, names, got):
        return NOTHING
    for size in (1, 2) if book.pairs(task) else (1,):
        for earlier in {carried: None, NOTHING: None}:  # an earlier mistake need not show here
            for candidate in combinations(ids, size):
                if reproduces(task, book, earlier | frozenset(candidate), names, got):
                    return frozenset(candidate)
    return None


def reproduces(task: Task, book: Book, mistakes: frozenset[str], names: set[str], got: Facts) -> bool:
    """Tell whether the solution with these mistakes gives `got`, probe by probe, stopping at the first that differs."""
    for probe in book.probes(task):
        facts = book.facts(task, mistakes, probe)
        if facts is None:
            return False
        facts = {key: value for key, value in facts.items() if key[1] in names}
        there = {key: value for key, value in got.items() if key[0] == probe.id}
        if facts.keys() != there.keys() or not all(agree(value, there[key]) for key, value in facts.items()):
            return False
    return True


def words_of(prop: Property, gap: Difference) -> str:
    """Return why a property was not earned, in one sentence."""
    return prop.says.get(gap.fact, f"{prop.name} {{gap}}").format(gap=gap.words)


def evidence_of(gap: Difference, expected: Facts, got: Facts, raised) -> dict:
    """Return the numbers behind a rationale."""
    key = (gap.probe, gap.fact)
    evidence = {
        "probe": gap.probe,
        "fact": gap.fact,
        "expected": show(expected.get(key)),
        "got": show(got.get(key)),
    }
    if gap.error is not None:
        evidence |= {"max_rel_error": float(f"{gap.error:.4g}"), "tolerance": TOLERANCE}
    if raised:
        evidence |= {"raised": str(raised)}
    return evidence
