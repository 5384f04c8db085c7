"""How much of what goes wrong is explained, and how much of that is false: an experiment on mistakes that the catalogue does not have.

    python benchmarks/held_out.py [LAB ...] [--count 60] [--seed 0] [--all]

Each third of a lab's catalogue is left out in turn. Its mistakes are planted in the solution, rewritten in three other
styles; mechanical mutants (operators, constants, axes, names, order of lines, one statement dropped) are made of three
correct files by other hands. Every lost task counts as one of:

    named     a mistake of the catalogue gives the same numbers
    located   a place in the file, verified by putting the right value there
    related   an exact relation to the right values, of each lost property
    said      the verdict's own sentence says what is wrong: an exception with its line, a missing name, a wrong shape, a broken rule
    nothing   only numbers that differ

An explanation is false

    when mistakes are named that, planted in the solution, do not give the submission's numbers
    when a place is named that holds the same values without the mistake as with it: there everything is right
    when what is said to belong in a place is not what stands there without the mistake, in any form. (Where a statement
    was dropped, its value belongs in the place before it.)

CPU is what judging and explaining a wrong file costs in this process. A file that takes more of it than a task may in the
sandbox does not end: it is counted, printed and left out.
"""

import argparse
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import median, quantiles

import numpy as np
from planting import Planted, catalogued, mutants

from autograder.course import Course
from autograder.sandbox import Limits
from autograder.solution.patches import Conflict
from autograder.solution.reference import load_together, public_reference
from autograder.solution.trial import Without, verdicts
from cattern.checking import run as probing
from cattern.checking.facts import Facts, agree, read
from cattern.checking.lab import Lab, Task, lab_names, load_lab
from cattern.checking.locate.basis import same
from cattern.checking.locate.explain import lost_properties
from cattern.checking.locate.runner import Here
from cattern.checking.locate.words import sentences
from cattern.checking.verdict import TaskVerdict

KINDS = ("named", "located", "related", "said", "nothing")


class Endless(KeyboardInterrupt):
    """A file does not end. What catches all that a student's code may raise lets this through."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise Endless in what takes more CPU time than this."""

    def stop(*_) -> None:
        raise Endless

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def kind_of(task: Task, verdict: TaskVerdict) -> str:
    """Return which of KINDS explains a task's lost points."""
    lost = verdict.evidence.get("lost", ())
    named = {entry["property"] for entry in lost if entry["mistakes"] or entry.get("earlier")}
    if lost and len(named) == len(lost):
        return "named"
    unexplained = {p.name for p in lost_properties(task, verdict)} - named
    for kind, entries in (("located", verdict.located), ("related", verdict.relation)):
        unexplained -= {entry["property"] for entry in entries}
        if entries and all(says_it(task, verdict, name) for name in unexplained):
            return kind
    return "said" if all(says_it(task, verdict, name) for name in unexplained) else "nothing"


def says_it(task: Task, verdict: TaskVerdict, name: str) -> bool:
    """Tell whether a lost property's own sentence says what is wrong, and not only by how much."""
    lost = next((entry for entry in verdict.evidence.get("lost", ()) if entry["property"] == name), None)
    if lost is None or "raised" in verdict.evidence:
        return True
    return (
        any(words in lost["says"] for words in ("has shape", "is missing"))
        or " expected " not in lost["says"]
    )


def is_false(lab: Lab, task: Task, planted: Planted, verdict: TaskVerdict, repairs, reference) -> bool:
    """Tell whether a verdict explains lost points by what is not so; see the module."""
    return not _reproduced(lab, task, planted, verdict, reference) or (
        lab.file_of(task) == planted.file
        and bool(verdict.located)
        and any(not _belongs(lab, task, planted, repair, reference) for repair in repairs)
    )


def _reproduced(lab: Lab, task: Task, planted: Planted, verdict: TaskVerdict, reference) -> bool:
    """Tell whether the solution with the named mistakes loses the properties that they explain by the same numbers."""
    named = frozenset(m.id for m in verdict.mistakes)
    if not named or named == {planted.what}:
        return True
    return _given(lab, task, planted, verdict, named, reference)


def _given(
    lab: Lab, task: Task, planted: Planted, verdict: TaskVerdict, named: frozenset[str], reference
) -> bool:
    """Tell whether mistakes give the numbers of what they explain: together, or each where they change the same text."""
    try:
        return _same_numbers(lab, task, planted, verdict, named, reference)
    except Conflict:  # each may be so for its own property
        rows = {named.intersection(row["mistakes"]) for row in verdict.evidence["lost"]}
        parts = rows - {frozenset(), named} or {frozenset([mistake]) for mistake in named}
        return all(_given(lab, task, planted, verdict, part, reference) for part in parts)


def _same_numbers(
    lab: Lab, task: Task, planted: Planted, verdict: TaskVerdict, named: frozenset[str], reference
) -> bool:
    """Tell whether the solution with some mistakes gives a wrong file's numbers in a property that they explain."""
    rows = {row["property"] for row in verdict.evidence["lost"] if named & {*row["mistakes"]}}
    facts = {f for p in task.properties if p.name in rows for f in (*p.facts, *p.or_facts)}
    texts = {file: reference.patched(file, named) for file in lab.student_files}
    mine, theirs = (_facts(lab, task, files, reference) for files in (planted.texts, texts))
    return any(
        all(agree(theirs[k], mine.get(k)) for k in theirs if k[1] in {*p.facts})
        or all(agree(theirs[k], mine.get(k)) for k in theirs if k[1] in {*p.or_facts})
        for p in task.properties
        if p.name in rows and facts
    )


def _facts(lab: Lab, task: Task, texts: Mapping[str, str], reference) -> Facts:
    """Return the facts of a task from some files."""
    module, probes = load_together(texts)[lab.file_of(task)], reference.probes(task)
    answers = probing.run(task.driver, module, probes, module.__file__)
    return read(task, {p.id: p.inputs for p in probes}, answers)


def _belongs(lab: Lab, task: Task, planted: Planted, repair, reference) -> bool:
    """Tell whether a place holds other values without the mistake, and among them what is said to belong there."""
    place = repair.place
    line = planted.line_before(place.line)
    if line is None:
        return True  # the changed line itself
    if planted.dropped and place.line + 1 == planted.lines.start:
        stored = place.target or place.code
        right = _held(
            lab, task, planted.right, reference, lambda p: p.line == line + 1 and p.target == stored
        )
        return _among(repair.needed, right)
    here = _held(
        lab, task, planted.texts, reference, lambda p: _key(p) == _key(place) and p.line == place.line
    )
    right = _held(lab, task, planted.right, reference, lambda p: _key(p) == _key(place) and p.line == line)
    changed = len(here) != len(right) or not all(same(a, b) for a, b in zip(here, right, strict=True))
    return changed and (not right or _among(repair.needed, right))


def _among(value, others: list) -> bool:
    return any(same(np.ravel(other), np.ravel(value)) for other in others)


def _key(place) -> tuple[str, str]:
    return place.code, place.kind


def _held(lab: Lab, task: Task, texts: Mapping[str, str], reference, wanted) -> list:
    """Return the values that some places of a file hold on all probes."""
    runner = Here(lab, task, texts)
    try:
        records = [runner.record(probe).seen for probe in reference.probes(task)]
        places = [number for number, place in enumerate(runner.places) if wanted(place)]
    finally:
        runner.close()
    return [v for record in records for number in places for call in record.get(number, ()) for v in call]


def experiment(lab: Lab, count: int, seed: int, show: str) -> tuple[Counter, list[float], Counter]:
    """Run the experiment on one lab: kinds of lost tasks, CPU seconds of each file, and what is false or does not end."""
    rng = random.Random(f"{lab.name} {seed}")
    reference = public_reference(Course.open(lab.name))
    names = sorted(reference.patches)
    rng.shuffle(names)
    kinds, seconds, false, limits = Counter(), [], Counter(), Limits()
    mutated = mutants(lab, rng, -(-count // 6))
    for third in range(3):
        left_out = names[third::3]
        blind = Without(reference, left_out)
        some = rng.sample(left_out, min(len(left_out), count // 6))
        wrong = [p for style in range(3) for p in catalogued(reference, some[style::3], style)]
        wrong += mutated[third::3][: count // 6]
        for planted in wrong:
            before = time.process_time()
            try:
                with limited(limits.cpu_seconds):
                    found = verdicts(lab, planted.texts, blind)
            except Endless:
                false["endless"] += 1
                print(f"    does not end: {planted.what} ({planted.task}, line {planted.lines})")
                continue
            seconds.append(time.process_time() - before)
            lost = [(v, r) for v, r in found if v.status not in ("pass", "skipped", "missing")]
            if not lost:
                seconds.pop()
            for verdict, repairs in lost:
                task = lab.task(verdict.id)
                kind = kind_of(task, verdict)
                bad = is_false(lab, task, planted, verdict, repairs, blind)
                kinds[kind] += 1
                false["false"] += bad
                if show == "all" or kind == "nothing" or bad:
                    print(
                        f"    {kind}{' FALSE' if bad else ''}: {planted.what} ({planted.task}, line {planted.lines}): {verdict.id}"
                    )
                    print(f"        {verdict.rationale[:200]}")
                    for line in sentences(verdict.to_json()):
                        print(f"        {line}")
    return kinds, seconds, false


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("labs", nargs="*", metavar="LAB", help="labs to try; all by default")
    parser.add_argument("--count", type=int, default=60, help="wrong files of each lab, about")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument(
        "--all", action="store_true", help="print every verdict, not only what is not explained"
    )
    options = parser.parse_args()
    print(
        f"{'lab':<20}{'tasks':>6}"
        + "".join(f"{kind:>9}" for kind in KINDS)
        + f"{'false':>8}   CPU s: median  95 %  worst"
    )
    for name in options.labs or lab_names():
        kinds, seconds, false = experiment(
            load_lab(name), options.count, options.seed, "all" if options.all else ""
        )
        total = sum(kinds.values())
        shares = "".join(f"{kinds[kind] / total:>9.1%}" for kind in KINDS)
        high = quantiles(seconds, n=20)[-1]
        print(
            f"{name:<20}{total:>6}{shares}{false['false'] / total:>8.1%}{median(seconds):>17.2f}{high:>6.2f}{max(seconds):>7.2f}"
            + (f"   {false['endless']} do not end" if false["endless"] else "")
        )


if __name__ == "__main__":
    main()
