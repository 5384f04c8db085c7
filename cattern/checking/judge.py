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
    Answer,
    Difference,
    Facts,
    agree,
    changed,
    difference,
    read,
    show,
)
from cattern.checking.lab import TOLERANCE, Lab, Probe, Property, Task
from cattern.checking.verdict import Mistake, TaskVerdict
from cattern.errors import CatternError

NOTHING: frozenset[str] = frozenset()


class Reference(Protocol):
    """What the judge asks about the solution. The grader computes the answers; a student's bundle carries them."""

    def probes(self, task: Task) -> list[Probe]:
        """Return the task's probes, the cheapest first."""

    def facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        """Return the facts of one probe when the solution has these mistakes, or None when that is not known."""

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the catalogue of one task: id → mistake."""

    def computes(self) -> bool:
        """Tell whether any pair's facts can be had. If not, only pairs that leave each other's numbers alone are tried."""


def judge_task(
    lab: Lab, task: Task, answers: list[Answer], reference: Reference, earlier: Mapping[str, frozenset[str]]
):
    """Return the verdict on one task, and the ids of the mistakes made in it.

    Args:
        lab: the lab.
        task: the task.
        answers: what the submission's code gave for the task's probes.
        reference: what the solution gives.
        earlier: task id → ids of the mistakes found in it, for the tasks judged before.

    Raises:
        CatternError: the rubric asks for a fact that the solution never gives; see `require_facts`.
    """
    probes = reference.probes(task)
    got = read(task, {p.id: p.inputs for p in probes}, answers)
    todo = next((a.failure.todo for a in answers if a.failure and a.failure.todo), None)
    carried = frozenset().union(*(earlier.get(t.id, NOTHING) for t in lab.upstream(task)))
    plain = expectation(task, reference, NOTHING, probes)
    require_facts(task, plain)
    carrying = expectation(task, reference, carried, probes) if carried else None

    scores, lost, followed = {}, [], False
    for prop in task.properties:
        gaps = list(differences(prop.facts, plain, got, task.tolerance))
        if not prop.points:  # what is not there is no matter of style: something raised before it
            gaps = [gap for gap in gaps if (gap.probe, gap.fact) in got]
        # an earlier mistake that leaves nothing to be seen here is no reason for points
        if gaps and carrying is not None and holds(prop.facts, carrying, got):
            gaps, followed = [], True
        if gaps and prop.or_facts and holds(prop.or_facts, plain, got):
            gaps, followed = [], True
        scores[prop.name] = 0.0 if gaps else prop.points
        if gaps:
            lost.append((prop, gaps[0]))
    score = sum(scores.values())
    remarks = tuple(words_of(p, d) for p, d in lost if not p.points)
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
    failures = {a.probe: a.failure for a in answers if a.failure}
    raised = failures.get(worst.probe)
    missing_here = key not in got
    if missing_here:
        raised = raised or next(iter(failures.values()), None)
    rationale = words_of(prop, worst)
    if raised and raised.todo == task.id:
        rationale = f"the line that raises NotImplementedError for {raised.todo} is still there, behind your code: remove it"
    elif raised and (missing_here or np.shape(got[key]) != np.shape(plain.get(key))):  # it was cut short
        rationale = f"it raised {raised}"
    elif raised:  # what was there before an exception is often there because of it
        rationale = f"it raised {raised}; until then, {rationale}"
    # a file that always raises the same shows one mistake at most, and the search through all pairs takes its time
    raised_what = {(f.type, f.message) for f in failures.values()}
    any_pair = reference.computes() and (any(a.values for a in answers) or len(raised_what) > 1)
    found = diagnose(task, reference, carried, got, any_pair)
    named = tuple(reference.mistakes(task)[m] for m in sorted(found or ()))
    status = "partial" if score else "error" if raised and missing_here else "fail"
    if status == "error" and found == NOTHING:  # an earlier mistake explains it
        status, rationale = "skipped", f"your code never comes this far: {rationale}"
    evidence = evidence_of(prop, worst, plain, got, raised, task.tolerance)
    return verdict(status, rationale, named, evidence), found or NOTHING


def require_facts(task: Task, expected: Facts) -> None:
    """Refuse a property that nothing could fail, because the solution gives none of its facts.

    Raises:
        CatternError: there is such a property.
    """
    given = {fact for _, fact in expected}
    for prop in task.properties:
        wanted = {*prop.facts, *prop.or_facts}
        if not prop.facts:
            raise CatternError(f"{task.id}, {prop.name!r}: it has no facts, so no program can judge it")
        if never := sorted(wanted - given):
            raise CatternError(
                f"{task.id}, {prop.name!r}: on no probe does the solution give {never[0]!r}: "
                "mend the reading, or the name in the rubric"
            )


def expectation(
    task: Task, reference: Reference, mistakes: frozenset[str], probes: list[Probe]
) -> Facts | None:
    """Return the facts of all probes under some mistakes, or None when the reference does not know them."""
    facts: Facts = {}
    for probe in probes:
        one = reference.facts(task, mistakes, probe)
        if one is None:
            return None
        facts |= one
    return facts


def differences(
    names: tuple[str, ...], expected: Facts, got: Facts, tolerance: float = TOLERANCE
) -> Iterator[Difference]:
    """Yield how the named facts differ, in the order of the probes."""
    for (probe, fact), value in expected.items():
        if fact in names and not agree(value, got.get((probe, fact)), tolerance):
            yield difference(probe, fact, value, got.get((probe, fact)))


def holds(names: tuple[str, ...], expected: Facts, got: Facts) -> bool:
    """Tell whether the named facts are there and agree."""
    there = any(fact in names for _, fact in expected)
    return there and not any(differences(names, expected, got))


def diagnose(
    task: Task, reference: Reference, carried: frozenset[str], got: Facts, any_pair: bool
) -> frozenset[str] | None:
    """Return the smallest set of the task's mistakes that gives the submission's facts on all probes, or None.

    It is empty when the earlier mistakes explain everything. Single mistakes come before pairs, and pairs in which each
    mistake explains facts of its own before all others. What is compared: the facts that earn points, the task's diagnostic facts,
    and what was raised. Remarks are matters of style.
    """
    names = compared(task)
    got = some(got, names)
    ids = list(reference.mistakes(task))
    if carried and reproduces(task, reference, carried, names, got):
        return NOTHING
    before = list({carried: None, NOTHING: None})  # an earlier mistake need not show here
    tries = [
        lambda earlier: ((m,) for m in ids),
        lambda earlier: side_by_side(task, reference, earlier, names, got),
    ]
    if any_pair:
        tries.append(lambda earlier: combinations(ids, 2))
    for candidates in tries:
        for earlier in before:
            for candidate in candidates(earlier):
                if reproduces(task, reference, earlier | frozenset(candidate), names, got):
                    return frozenset(candidate)
    return None


def compared(task: Task) -> set[str]:
    """Return the names of the facts that tell mistakes of a task apart; see `diagnose`."""
    return {fact for prop in task.properties if prop.points for fact in prop.facts} | {
        *task.diagnostic,
        RAISED,
    }


def side_by_side(
    task: Task, reference: Reference, earlier: frozenset[str], names: set[str], got: Facts
) -> Iterator:
    """Yield the pairs of mistakes that explain all wrong facts between them: what either changes is as in `got`.

    There are few, so the thousands of other pairs need not run when one of these is it.
    """
    plain = expectation(task, reference, earlier, reference.probes(task))
    if plain is None:
        return
    plain = some(plain, names)
    wrong = set(changed(plain, got))
    explained = {}
    for mistake in reference.mistakes(task):
        keys = set()
        for probe in reference.probes(task):
            facts = some(reference.facts(task, earlier | {mistake}, probe) or {}, names)
            here = set(changed(some(plain, names, probe), facts))
            if not here.isdisjoint(changed(facts, some(got, names, probe))):
                break
            keys |= here
        else:
            explained[mistake] = keys
    for pair in combinations(explained, 2):
        if explained[pair[0]] | explained[pair[1]] == wrong:
            yield pair


def reproduces(
    task: Task, reference: Reference, mistakes: frozenset[str], names: set[str], got: Facts
) -> bool:
    """Tell whether the solution with these mistakes gives `got`, probe by probe, stopping at the first that differs."""
    for probe in reference.probes(task):
        facts = reference.facts(task, mistakes, probe)
        if facts is None:
            return False
        if any(changed(some(facts, names), some(got, names, probe))):
            return False
    return True


def some(facts: Facts, names: set[str], probe: Probe | None = None) -> Facts:
    """Return the facts with these names, of one probe if given."""
    return {key: v for key, v in facts.items() if key[1] in names and (probe is None or key[0] == probe.id)}


def sentence_of(prop: Property, gap: Difference) -> str:
    """Return the sentence that says why a property was not earned, with or without a place for the gap's numbers."""
    return prop.says.get(gap.fact, f"{prop.name} {{gap}}")


def words_of(prop: Property, gap: Difference) -> str:
    """Return why a property was not earned, in one sentence."""
    return sentence_of(prop, gap).format(gap=gap.words)


def evidence_of(
    prop: Property, gap: Difference, expected: Facts, got: Facts, raised, tolerance: float
) -> dict:
    """Return the numbers behind a rationale."""
    key = (gap.probe, gap.fact)
    evidence = {
        "probe": gap.probe,
        "fact": gap.fact,
        "expected": show(expected.get(key)),
        "got": show(got.get(key)),
    }
    if gap.error is not None and "{gap}" in sentence_of(prop, gap):  # true or false has no relative error
        evidence |= {"max_rel_error": float(f"{gap.error:.4g}"), "tolerance": tolerance}
    if raised:
        evidence |= {"raised": str(raised)}
    return evidence
