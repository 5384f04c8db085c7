"""One task of one student, laid open for the instructor: the probe, what was expected, what came, and what a mistake changes."""

from dataclasses import dataclass
from difflib import unified_diff

import numpy as np

from autograder.grading.one import answers_of
from autograder.sandbox import Limits, Sandbox
from autograder.solution.reference import SolutionReference
from autograder.submission import Submission
from cattern.checking.facts import Answer, Facts, agree, read
from cattern.checking.judge import judge_task
from cattern.checking.lab import Probe, Task
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
    """

    verdict: TaskVerdict
    probe: Probe | None = None
    expected: Facts | None = None
    got: Facts | None = None
    patched: Facts | None = None
    patches: dict[str, str] | None = None
    raised: str = ""


def explain(
    task: Task, submission: Submission, reference: SolutionReference, sandbox: Sandbox
) -> Explanation:
    """Return the explanation of one task.

    Raises:
        WallBroken: the sandbox failed.
    """
    found: dict[str, frozenset[str]] = {}
    for earlier in reference.lab.upstream(task):
        answers = answers_of(earlier, submission, reference, sandbox, Limits())
        if not isinstance(answers, TaskVerdict):
            found[earlier.id] = judge_task(reference.lab, earlier, answers, reference, found)[1]
    answers: list[Answer] | TaskVerdict = answers_of(task, submission, reference, sandbox, Limits())
    if isinstance(answers, TaskVerdict):
        return Explanation(answers)
    verdict, mistakes = judge_task(reference.lab, task, answers, reference, found)
    probes = reference.probes(task)
    expected = expectation(task, reference)
    got = read(task, {p.id: p.inputs for p in probes}, answers)
    probe = next((p for p in probes if p.id == verdict.evidence.get("probe")), None)
    if probe is None:
        return Explanation(verdict)
    carried = frozenset().union(*found.values()) if found else frozenset()
    here = {key: value for key, value in got.items() if key[0] == probe.id}
    return Explanation(
        verdict,
        probe,
        {key: value for key, value in expected.items() if key[0] == probe.id},
        here,
        reference.facts(task, carried | mistakes, probe) if mistakes else None,
        {m: _diff(reference, m) for m in sorted(mistakes)},
        next((str(a.failure) for a in answers if a.probe == probe.id and a.failure), ""),
    )


def _diff(reference: SolutionReference, mistake: str) -> str:
    """Return what a mistake changes in the solution."""
    lines = []
    for old, new in reference.patches[mistake].patches:
        lines += unified_diff(old.splitlines(), new.splitlines(), "solution", mistake, lineterm="", n=1)
    return "\n".join(line for line in lines if not line.startswith("@@"))


def show(explanation: Explanation, console) -> None:
    """Print an explanation with Rich."""
    from rich.panel import Panel
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    e, v = explanation, explanation.verdict
    console.print(f"[bold]{v.id} {v.title}[/]: {v.status}, {v.score:g} of {v.max_score:g} points")
    console.print(v.rationale, markup=False)
    if e.probe is None:
        return
    console.print(f"\n[bold]The probe[/] “{e.probe.id}”")
    with np.printoptions(precision=5, suppress=True, threshold=60, edgeitems=3):
        for name, value in e.probe.inputs.items():
            shape = f" {value.shape}" if isinstance(value, np.ndarray) else ""
            console.print(
                f"  {name}{shape} =", str(value).replace("\n", "\n      "), markup=False, highlight=False
            )
        if e.raised:
            console.print(Text.assemble("\n", ("Raised", "bold"), " ", e.raised), highlight=False)
        table = Table("fact", "expected", "got", "difference", *(["with the mistake"] if e.patched else []))
        for key, value in e.expected.items():
            mine = e.got.get(key)
            row = [key[1], _cell(value), _cell(mine), _gap(value, mine)]
            row += [_cell(e.patched.get(key))] if e.patched else []
            table.add_row(*map(Text, row))  # brackets in a student's words are no markup
        console.print(table)
    for mistake in v.mistakes:
        console.print(Panel(Text(mistake.explanation), title=mistake.id, title_align="left"))
        console.print(Syntax(e.patches[mistake.id], "diff"))


def _cell(value) -> str:
    return "(nothing)" if value is None else str(value)


def _gap(expected, got) -> str:
    if got is not None and agree(expected, got):
        return "none"
    if isinstance(expected, str) or isinstance(got, str) or got is None or expected.shape != got.shape:
        return "not comparable"
    return f"{np.max(np.abs(expected - got), initial=0.0):.3g}"
