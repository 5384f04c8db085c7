"""One task of one student, laid open for the instructor: the probe, what was expected, what came, and what a mistake changes.

The verdict is the grader's own, from the grader's own code, whatever the task's answer is: a file, a cell, data, a proof.
"""

from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path

from autograder.course import Course
from autograder.grading.one import Grading
from autograder.grading.store import read_verdict
from autograder.sandbox import Limits, Sandbox
from autograder.secret import earlier_secret
from autograder.solution.reference import SolutionReference
from autograder.submission import Submission
from cattern.checking.facts import Facts, read
from cattern.checking.lab import Probe, Task
from cattern.checking.locate.candidates import Repair
from cattern.checking.reference import expectation
from cattern.checking.verdict import TaskVerdict


@dataclass(frozen=True)
class Explanation:
    """Everything there is to say of one task of one submission.

    Attributes:
        verdict: what the grader says.
        probe: the first probe whose facts differ, or None when none does.
        expected: the solution's facts on that probe.
        got: the submission's.
        patched: the facts of the solution with the named mistakes, or None without any.
        patches: mistake id → the patch as a unified diff.
        raised: what the submission raised there, in words.
        edits: what stands in the solution where the student's code lacks something: the answer, so for instructors only.
        repairs: the places in the student's file, those of earlier tasks first.
        facts: the submission's facts on all probes, or None when it gave no answer.
        known: the mistakes that are named, those of earlier tasks among them.
    """

    verdict: TaskVerdict
    probe: Probe | None = None
    expected: Facts | None = None
    got: Facts | None = None
    patched: Facts | None = None
    patches: dict[str, str] | None = None
    raised: str = ""
    edits: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()
    facts: Facts | None = None
    known: frozenset[str] = frozenset()


def as_recorded(course: Course, recorded: Path) -> Course:
    """Return the course with the secret that a verdict was given with, where the course's is another and that one is known.

    Args:
        course: the course as it is today.
        recorded: the student's file among the verdicts; none need be there.

    Raises:
        CatternError: the file is no verdict.
    """
    then = read_verdict(recorded).course.get("secret") if recorded.is_file() else None
    if not isinstance(then, str) or then == course.recorded()["secret"]:
        return course
    found = earlier_secret(course.folder, then)
    return replace(course, secret=found) if found else course


def unlike_recorded(course: Course, recorded: Path, now: TaskVerdict) -> list[str]:
    """Return in what today's verdict on a task is not that of the table, a sentence each; none without a file.

    Args:
        course: the course as it is today, or `as_recorded`.
        recorded: the student's file among the verdicts.
        now: what the grader says today.

    Raises:
        CatternError: the file is no verdict.
    """
    if not recorded.is_file():
        return []
    then, today = read_verdict(recorded), course.recorded()
    said = {
        "secret": "another secret of the course: its hidden inputs are not the ones shown here",
        "version": f"version {then.course.get('version')} of this program, and this is {today['version']}",
        "choices": "other choices in course.toml",
    }
    found = [f"was given with {said[key]}" for key in said if then.course.get(key) != today[key]]
    for task in then.tasks:
        if task.id == now.id and (task.status, task.score) != (now.status, now.score):
            found.append(
                f"says {task.id}: {task.status}, {task.score:g} points, and graded now it is {now.status}, {now.score:g}"
            )
    return [f"the verdict in {recorded} {each}" for each in found]


def explain(
    task: Task, submission: Submission, reference: SolutionReference, sandbox: Sandbox, limits: Limits
) -> Explanation:
    """Return the explanation of one task.

    Raises:
        WallBroken: the sandbox failed.
    """
    grading = Grading(submission, reference, sandbox, limits)
    for earlier in reference.lab.upstream(task):
        grading.explained(earlier, grading.verdict(earlier))
    verdict = grading.explained(task, grading.verdict(task))
    answers = grading.answers.get(task.id)
    repairs = tuple(grading.repairs(task))
    edits = tuple(dict.fromkeys(reference.solution_of(task, r.name) for r in repairs))
    if answers is None:
        return Explanation(verdict, edits=edits, repairs=repairs)
    probes = {p.id: p for p in reference.probes(task)}
    got = read(task, {p.id: p.inputs for p in probes.values()}, answers)
    mistakes = grading.found[task.id].mistakes
    carried = frozenset().union(*(grading.found[t.id].mistakes for t in reference.lab.upstream(task)))
    if "probe" not in verdict.evidence:
        return Explanation(verdict, edits=edits, repairs=repairs, facts=got, known=carried | mistakes)
    probe = probes[verdict.evidence["probe"]]
    expected = expectation(task, reference)
    return Explanation(
        verdict,
        probe,
        {key: value for key, value in expected.items() if key[0] == probe.id},
        {key: value for key, value in got.items() if key[0] == probe.id},
        reference.facts(task, carried | mistakes, probe) if mistakes else None,
        {m: _diff(reference, m) for m in sorted(mistakes)},
        next((str(a.failure) for a in answers if a.probe == probe.id and a.failure), ""),
        edits,
        repairs,
        got,
        carried | mistakes,
    )


def _diff(reference: SolutionReference, mistake: str) -> str:
    """Return what a mistake changes in the solution."""
    lines = []
    for old, new in reference.patches[mistake].patches:
        lines += unified_diff(old.splitlines(), new.splitlines(), "solution", mistake, lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith("@@"))
