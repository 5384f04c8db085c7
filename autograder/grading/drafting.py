"""A mistake seen in class becomes a draft of a catalogue entry, and the draft is tried at once.

A student wrote a part of the patch, so the patched solution runs in the sandbox, and what comes back goes to the instructor alone.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.grading.explain import Explanation, explain
from autograder.grading.one import answers_of
from autograder.markers import regions
from autograder.sandbox import Limits, Sandbox
from autograder.solution import patches as catalogue
from autograder.solution.draft import Edit, edits
from autograder.solution.entry import entry
from autograder.solution.patches import Patch
from autograder.solution.reference import SolutionReference
from autograder.submission import Submission
from cattern.checking.facts import Facts, changed, difference, read
from cattern.checking.lab import Task
from cattern.checking.locate.explain import unexplained
from cattern.checking.locate.words import sentences
from cattern.checking.verdict import TaskVerdict
from cattern.errors import CatternError

SHOWN = 8  # facts that differ


@dataclass(frozen=True)
class Draft:
    """A drafted entry.

    Attributes:
        text: the entry, TOML.
        findings: what the checks of it say, a sentence each.
        reproduces: whether the solution with it gives the student's facts on every probe.
    """

    text: str
    findings: tuple[str, ...]
    reproduces: bool


def draft(
    task: Task, submission: Submission, reference: SolutionReference, sandbox: Sandbox, limits: Limits
) -> Draft:
    """Return the draft of an entry that does what a student's code does in one task.

    Raises:
        CatternError: there is nothing to draft.
        WallBroken: the sandbox failed.
    """
    if task.source != "module":
        raise CatternError(f"{task.id} is not answered in a .py file: the catalogue has no place for it")
    explanation = explain(task, submission, reference, sandbox, limits)
    verdict, lab = explanation.verdict, reference.lab
    if verdict.status == "pass":
        raise CatternError(f"{task.id} of {submission.student} is right: there is no mistake to draft")
    if explanation.facts is None:
        raise CatternError(f"{task.id} of {submission.student} gave no answer: {verdict.rationale}")
    if verdict.mistakes and not unexplained(task, verdict):
        names = ", ".join(m.id for m in verdict.mistakes)
        raise CatternError(f"the catalogue names it already: {names}")
    file = lab.file_of(task)
    said, found = sentences(verdict.to_json()), []
    for chosen in _choices(task, explanation, reference, submission.files[file].decode()):
        text = entry(lab.name, file, task.id, chosen, said, reference.patches)
        if not chosen:
            return Draft(text, ("no place was found: write `old` and `new` yourself",), False)
        found.append(Draft(text, *_tried(text, task, explanation, submission, reference, sandbox, limits)))
        if found[-1].reproduces:
            return found[-1]
    return found[0]


def _choices(
    task: Task, explanation: Explanation, reference: SolutionReference, student: str
) -> list[list[Edit]]:
    """Return what the edits may be, the likeliest first: one for each statement of the solution, none for earlier tasks' places."""
    solution = (reference.root / reference.lab.file_of(task)).read_text(encoding="utf-8")
    own = next(r for r in regions(solution, reference.lab.file_of(task)) if r.task == task.id)
    lines = range(own.begin + 1, own.end)
    located = {entry["line"] for entry in explanation.verdict.located}
    found: dict[str, list[Edit]] = {}
    for repair in explanation.repairs:
        if repair.place.line in located:
            there = reference.place_of(task, repair.name)
            made = edits(solution, student, lines, there, repair.place, not repair.form.words)
            if made:
                found.setdefault(made[0].old, made)
    return [[one[0] for one in found.values()], [one[-1] for one in found.values()]]


def _tried(
    text: str,
    task: Task,
    explanation: Explanation,
    submission: Submission,
    reference: SolutionReference,
    sandbox: Sandbox,
    limits: Limits,
) -> tuple[tuple[str, ...], bool]:
    """Return what is to say of an entry, and whether it reproduces the submission on every probe."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "draft.toml").write_text(text, encoding="utf-8")
        try:
            (patch,) = catalogue.load(reference.lab.name, reference.root, Path(folder))
            files = _patched(reference, explanation.known, patch)
        except CatternError as error:
            return (f"the entry is not whole yet: {str(error).replace(f'{folder}/', '')}",), False
    applies = "the entry parses and applies"
    came = answers_of(
        task, replace(submission, files={**submission.files, **files}), reference, sandbox, limits
    )
    if isinstance(came, TaskVerdict):
        return (applies, f"the solution with it gives no answer: {came.rationale}"), False
    probes = reference.probes(task)
    facts = read(task, {p.id: p.inputs for p in probes}, came.answers)
    if differ := _differ(explanation.facts, facts):
        return (applies, "the solution with it differs from the submission:", *differ), False
    return (applies, f"the solution with it gives the submission's facts on all {len(probes)} probes"), True


def _patched(reference: SolutionReference, known: frozenset[str], patch: Patch) -> dict[str, bytes]:
    """Return the solution's files with the mistakes that are named already and the new one."""
    patches, files = [*(reference.patches[m] for m in sorted(known)), patch], {}
    for file in reference.lab.student_files:
        solved = (reference.root / file).read_text(encoding="utf-8")
        files[file] = catalogue.apply(solved, [p for p in patches if p.source == file]).encode()
    return files


def _differ(theirs: Facts, facts: Facts) -> list[str]:
    """Return how the facts of a draft differ from the submission's, a line each."""
    keys = sorted(changed(theirs, facts))
    lines = [
        f"  {name} on “{probe}” {difference(probe, name, theirs.get((probe, name)), facts.get((probe, name))).words}"
        for probe, name in keys[:SHOWN]
    ]
    return lines + [f"  and {len(keys) - SHOWN} more"] * (len(keys) > SHOWN)
