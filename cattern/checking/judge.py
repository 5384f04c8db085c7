"""The judge: points by property, follow-through credit, and the words of a verdict.

It sees facts only. A property is earned when its facts agree with the solution's; else with those of the solution that
carries the submission's own earlier mistakes, which were reproduced. Failing that, when its `or_facts` hold (a gradient that
is the exact derivative of the student's own loss), the share of it is earned that the tasks before earned: what follows from
nonsense is worth what the nonsense is. Which mistakes were made is `diagnose`'s business, after the points are final.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from cattern.checking.case import Case, Earlier, Judged
from cattern.checking.diagnose import Diagnosis, diagnose
from cattern.checking.facts import Answer, Difference, Facts, Failure, agree, difference, read, show
from cattern.checking.lab import TOLERANCE, Lab, Property, Task
from cattern.checking.reference import NOTHING, Reference, expectation, require_facts
from cattern.checking.verdict import TaskVerdict

SENTENCES = 3  # of a rationale; what else was lost is called by its name


def judge_task(
    lab: Lab,
    task: Task,
    answers: list[Answer],
    reference: Reference,
    earlier: Mapping[str, Earlier],
    stopped: str = "",
) -> tuple[TaskVerdict, Earlier]:
    """Return the verdict on one task, and what the tasks after it need to know of it.

    Args:
        lab: the lab.
        task: the task.
        answers: what the submission's code gave for the task's probes.
        reference: what the solution gives.
        earlier: task id → what was found, for the tasks judged before.
        stopped: why code was stopped on the way, if it was. What is right is earned; of what is not, nothing else is said:
            how far an endless loop came is another story every time.

    Raises:
        CatternError: the rubric asks for a fact that the solution never gives; see `require_facts`.
    """
    said, mistakes = _judged(open_case(lab, task, answers, reference, earlier), reference, stopped)
    return said, Earlier(mistakes, said.score / task.points if task.points else 0.0)


def _judged(case: Case, reference: Reference, stopped: str) -> tuple[TaskVerdict, frozenset[str]]:
    """Return the verdict on a case, and the ids of the mistakes made in it."""
    task, answers = case.task, case.answers
    judged = [judge_property(prop, case) for prop in task.properties]
    lost = [j for j in judged if j.lost]
    todo = next((a.failure.todo for a in answers if a.failure and a.failure.todo), None)
    if not lost:
        followed = any(j.followed for j in judged)
        return verdict(
            task, "pass", judged, "right, given your earlier results" if followed else "right"
        ), NOTHING
    if todo and not any(j.score for j in judged):
        if todo == task.id:
            return verdict(task, "missing", judged, f"{task.id} is not written yet"), NOTHING
        return verdict(task, "skipped", judged, f"needs {todo}, which is not written yet"), NOTHING
    if stopped:
        worth = [j for j in judged if j.prop.points]
        if any(j.score for j in worth):
            return verdict(task, "partial", worth, stopped), NOTHING
        return TaskVerdict(task.id, task.title, "timeout", 0.0, task.points, stopped), NOTHING
    pairs, props = any_pair(case, reference), [j.prop for j in lost]
    diagnosis = diagnose(task, reference, case.carried, case.got, props, pairs, case.later)
    return explained(case, judged, lost, diagnosis, reference), diagnosis.mistakes


def open_case(lab, task, answers, reference, earlier) -> Case:
    """Return what is to be judged: facts that came, and facts that were expected; see `judge_task`."""
    plain = expectation(task, reference)
    require_facts(task, plain)
    got = read(task, {p.id: p.inputs for p in reference.probes(task)}, answers)
    carried = NOTHING.union(*(earlier[t.id].mistakes for t in lab.upstream(task) if t.id in earlier))
    carrying = expectation(task, reference, carried) if carried else None
    hidden = reference.hidden(task, carried) if carrying is not None else NOTHING
    file = lab.file_of(task)
    later = (t for t in lab.tasks if task.id in t.builds_on and lab.file_of(t) == file)
    return Case(task, answers, got, plain, carried, carrying, hidden, earlier, tuple(later))


def judge_property(prop: Property, case: Case) -> Judged:
    """Judge one property by itself."""
    gaps = tuple(differences(prop.facts, case.plain, case.got, case.task.tolerance))
    if not prop.points:  # what is not there is no matter of style: something raised before it
        gaps = tuple(gap for gap in gaps if (gap.probe, gap.fact) in case.got)
    return Judged(prop, gaps, follows(prop, case) if gaps else 0.0)


def follows(prop: Property, case: Case) -> float:
    """Return the share of a property, not as in the solution, that follows from the submission's own earlier results."""
    # an earlier mistake that leaves nothing to be seen here is no reason for points
    seen = not case.hidden.issuperset(prop.facts)
    if case.carrying is not None and seen and holds(prop.facts, case.carrying, case.got):
        return 1.0
    if prop.or_facts and holds(prop.or_facts, case.plain, case.got):
        given = case.task.builds_on if prop.given is None else prop.given
        return min((case.earlier[t].worth for t in given if t in case.earlier), default=float(not given))
    return 0.0


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


def any_pair(case: Case, reference: Reference) -> bool:
    """Tell whether a search through pairs of mistakes is worth its time: a file that always raises the same shows one."""
    raised = {(a.failure.type, a.failure.message) for a in case.answers if a.failure}
    return reference.computes() and (any(a.values for a in case.answers) or len(raised) > 1)


def verdict(
    task: Task, status: str, judged: list[Judged], rationale: str, evidence: dict | None = None, mistakes=()
) -> TaskVerdict:
    """Return the verdict on a task whose properties are judged."""
    earned = {j.prop.name: [j.score, j.prop.points] for j in judged if j.prop.points}
    remarks = tuple(j.words for j in judged if j.gaps and not j.prop.points and not j.followed)
    return TaskVerdict(
        task.id,
        task.title,
        status,
        sum(j.score for j in judged),
        task.points,
        rationale,
        {**(evidence or {}), "properties": earned},
        tuple(mistakes),
        () if status in ("skipped", "missing") else remarks,
    )


def explained(
    case: Case, judged: list[Judged], lost: list[Judged], diagnosis: Diagnosis, reference: Reference
) -> TaskVerdict:
    """Return the verdict on a task that lost points: why, with numbers, and which mistakes were reproduced."""
    task, worst = case.task, lost[0].gaps[0]
    raised = raised_at(case, worst)
    missing_here = (worst.probe, worst.fact) not in case.got
    rationale = rationale_of(case, lost, raised)
    status = "partial" if any(j.score for j in judged) else "error" if raised and missing_here else "fail"
    if diagnosis.earlier and not diagnosis.of:
        status = "skipped" if status == "error" else status
        rationale = f"{'your code never comes this far' if raised else because_of(case)}: {rationale}"
    evidence = numbers_of(lost[0], case)
    if raised:
        evidence |= {"raised": str(raised), "exception": raised.to_json()}
    evidence["lost"] = [
        {"property": j.prop.name, "says": j.words}
        | numbers_of(j, case)
        | {"mistakes": sorted(diagnosis.of.get(j.prop.name, ()))}
        | ({"earlier": sorted(case.carried)} if diagnosis.earlier and j.prop.name not in diagnosis.of else {})
        for j in lost
    ]
    named = [reference.mistakes(task)[m] for m in sorted(diagnosis.mistakes)]
    return verdict(task, status, judged, rationale, evidence, named)


def because_of(case: Case) -> str:
    """Return the sentence that what went wrong before leaves nothing to see."""
    tasks = [task for task, found in case.earlier.items() if found.mistakes & case.carried]
    return f"what is wrong in {' and '.join(tasks)} leaves nothing to be seen here"


def raised_at(case: Case, gap: Difference) -> Failure | None:
    """Return what was raised on the way to a fact; where the fact is missing, anything that was raised."""
    failures = {a.probe: a.failure for a in case.answers if a.failure}
    raised = failures.get(gap.probe)
    if (gap.probe, gap.fact) not in case.got:
        raised = raised or next(iter(failures.values()), None)
    return raised


def rationale_of(case: Case, lost: list[Judged], raised: Failure | None) -> str:
    """Return why points were lost: what was raised, the sentences of the first lost properties, the names of the others."""
    first, worst = lost[0].words, lost[0].gaps[0]
    if raised:
        what = str(raised) if raised.lacks else f"it raised {raised}"
        if raised.todo == case.task.id:
            first = f"the line that raises NotImplementedError for {raised.todo} is still there, behind your code: remove it"
        elif cut_short(lost[0], case):
            first = what
        else:  # what was there before an exception is often there because of it
            first = f"{what}; until then, {first}"
    others = [j for j in lost[1:] if not cut_short(j, case)]  # that one has its reason already
    said, facts = [first], {worst.fact}
    for j in others[: SENTENCES - 1]:  # properties may share a fact: nothing is said twice
        if gap := next((gap for gap in j.gaps if gap.fact not in facts), None):
            said.append(j.words_of(gap))
            facts.add(gap.fact)
    if more := [j.prop.name for j in others[SENTENCES - 1 :]]:
        said.append(f"and {len(more)} more: {', '.join(more)}")
    return "; ".join(said)


def cut_short(judged: Judged, case: Case) -> bool:
    """Tell whether an exception left a fact missing, of another shape, or at 0: no sentence about the fact says more."""
    gap = judged.gaps[0]
    got, expected = (facts.get((gap.probe, gap.fact)) for facts in (case.got, case.plain))
    if raised_at(case, gap) is None:
        return False
    if got is None or np.shape(got) != np.shape(expected):
        return True
    return isinstance(got, np.ndarray) and got.ndim > 0 and not got.any()


def numbers_of(judged: Judged, case: Case) -> dict:
    """Return the numbers behind a lost property's sentence."""
    gap = judged.gaps[0]
    key = (gap.probe, gap.fact)
    if case.task.source == "cell":  # a theory question's number is its answer
        return {"probe": gap.probe, "fact": gap.fact}
    numbers = {
        "probe": gap.probe,
        "fact": gap.fact,
        "expected": show(case.plain.get(key)),
        "got": show(case.got.get(key)),
    }
    if gap.error is not None and "{gap}" in judged.sentence(gap):  # true or false has no relative error
        numbers |= {"max_rel_error": float(f"{gap.error:.4g}"), "tolerance": case.task.tolerance}
    return numbers
