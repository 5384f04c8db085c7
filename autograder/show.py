"""Verdicts for people: a table of the class, a bar while it is graded, one task laid open."""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta

import numpy as np
from rich.markup import escape

from autograder.choices import DEFAULTS, Choices, plain
from autograder.grading.appeal import Appeal
from autograder.grading.explain import Explanation
from autograder.grading.klass import GradedClass
from autograder.grading.workers import Graded
from autograder.late import penalty_on
from cattern.checking.facts import agree
from cattern.checking.locate.words import sentences
from cattern.checking.run import printable

# A letter beside the colour: neither is needed to read the other.
LETTERS = {
    "pass": "",
    "partial": "~",
    "fail": "✗",
    "error": "!",
    "timeout": "⏱",
    "skipped": "–",
    "missing": "·",
}
COLOURS = {"pass": "green", "partial": "yellow", "fail": "red", "error": "red", "timeout": "red"}
MANY = 30
SECONDS_A_LINE = 10.0  # in a log


def with_progress(graded: Iterable, total: int, done: str = "graded") -> Iterator:
    """Yield the results, and show how far it is, how fast, and what went wrong: a bar for a person, plain lines in a log.

    Args:
        graded: the results; one whose `verdict` is None is a trouble.
        total: how many there will be.
        done: what was done to each, in a word.
    """
    if not total:
        yield from graded
        return
    troubles = 0
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, unit="submission", leave=False, smoothing=0.05) as bar:
            for result in graded:
                troubles += getattr(result, "verdict", "") is None
                bar.set_postfix_str(_troubles(troubles), refresh=False)
                bar.update()
                yield result
        return
    started = said = time.monotonic()
    for number, result in enumerate(graded, 1):
        troubles += getattr(result, "verdict", "") is None
        now = time.monotonic()
        if number == total or now - said >= SECONDS_A_LINE:
            said, rate = now, number / max(now - started, 1e-3)
            left = timedelta(seconds=round((total - number) / rate))
            words = [
                f"{done} {number} of {total}",
                f"{rate:.1f} a second",
                f"{left} left",
                _troubles(troubles),
            ]
            print(", ".join(filter(None, words)), file=sys.stderr, flush=True)
        yield result


def _troubles(number: int) -> str:
    return f"{number} without a verdict" if number else ""


def print_rest(graded: GradedClass, console) -> None:
    """Print what there is to say of the class besides its marks: nobody and nothing vanishes."""
    if graded.unchanged:
        console.print(f"{graded.unchanged} unchanged since they were graded", style="dim")
    taken = graded.taken
    for why, names in (
        ("not handed in", taken.absent),
        ("not matched", taken.unmatched),
        ("not used", taken.replaced),
    ):
        for name, reason in list(names.items())[:MANY]:
            console.print(f"{why}: {printable(name)}: {reason}", style="dim", markup=False, highlight=False)
        if len(names) > MANY:
            console.print(f"{why}: {len(names) - MANY} more", style="dim")
    if strangers := [each.student for each in taken.hand_ins if not each.known]:
        said = f"not in the roster: {', '.join(map(printable, strangers[:MANY]))}"
        console.print(said, style="dim", markup=False, highlight=False)


def print_class(graded: list[Graded], console, choices: Choices = DEFAULTS) -> None:
    """Print one row a student with the score of every task; then one line a student with what was named.

    Args:
        graded: the results.
        console: where to.
        choices: the course's, for what lateness takes off.
    """
    from rich.text import Text

    verdicts = [g.verdict for g in graded if g.verdict]
    if not verdicts:
        return
    off_each = [penalty_on(v, choices) for v in verdicts]
    rows = []
    for v, off in zip(verdicts[:MANY], off_each, strict=False):
        cells = [Text(f"{t.score:g}{LETTERS[t.status]}", COLOURS.get(t.status, "dim")) for t in v.tasks]
        score = f"{v.score:g} −{off:g}" if off else f"{v.score:g}"
        rows.append([Text(printable(v.student)), Text(score), *cells])
    heads = ["student", "score", *(task.id.replace("TODO", "") for task in verdicts[0].tasks)]
    _print_parts(f"{verdicts[0].lab}: {len(verdicts)} submissions", heads, rows, console)
    console.print(
        "~ partial   ✗ wrong   ! error   ⏱ timeout   – skipped, or by hand   · missing\n", style="dim"
    )
    if late := [printable(v.student) for v, off in zip(verdicts, off_each, strict=True) if off]:
        said = f"−: taken off {', '.join(late[:MANY])}, handed in late\n"
        console.print(said, style="dim", markup=False, highlight=False)
    for v in verdicts[:MANY]:
        console.print(Text(f"{printable(v.student)}: ", "bold") + Text(in_short(v), "default"))
    if len(verdicts) > MANY:
        console.print(f"and {len(verdicts) - MANY} more: see summary.csv")


def _print_parts(title: str, heads: list[str], rows: list[list], console) -> None:
    """Print a table, below each other in parts where it is too wide: no name and no number is cut off."""
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.table import Table

    widths = [
        max(cell_len(head), *(cell.cell_len for cell in column)) + 3
        for head, column in zip(heads, zip(*rows, strict=True), strict=True)
    ]
    widths[0] = min(widths[0], max(console.width // 3, 10))  # a long name has several lines
    parts, used = [[0, 1]], sum(widths[:2]) + 1
    for at in range(2, len(heads)):
        if used + widths[at] > console.width and len(parts[-1]) > 2:
            parts.append([0, 1])
            used = sum(widths[:2]) + 1
        parts[-1].append(at)
        used += widths[at]
    for part in parts:
        table = Table(title=title if part is parts[0] else None, title_justify="left", box=SIMPLE_HEAD)
        for at in part:
            justify = "right" if at else "left"
            table.add_column(
                heads[at], justify=justify, overflow="fold", max_width=None if at else widths[0] - 3
            )
        for row in rows:
            table.add_row(*(row[at] for at in part))
        console.print(table)


def in_short(verdict) -> str:
    """Return what happened, in one line: the mistakes, else the first thing that went wrong."""
    named = [f"{t.id} {m.id}" for t in verdict.tasks for m in t.mistakes]
    bad = [
        f"{t.id} {t.rationale}" for t in verdict.tasks if t.status in ("error", "timeout", "fail", "partial")
    ]
    missing = [t.id for t in verdict.tasks if t.status == "missing"]
    said = [", ".join(named)] if named else bad[:1]
    if missing:
        said.append(
            f"{len(missing)} tasks not written" if len(missing) > 3 else f"not written: {', '.join(missing)}"
        )
        if len(missing) > 3 and (gone := [t.rationale for t in verdict.tasks if "absent" in t.evidence]):
            said[-1] += f": {gone[0]}"
    return "; ".join([*said, *verdict.repairs[:1]]) or "all right"


def print_appeal(appeal: Appeal, console) -> None:
    """Print an appeal: which lines the student changed, and what each task gives before and after."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    before, after = appeal.before, appeal.after
    console.print(
        Text(f"{appeal.file} of {printable(before.student)}, exchanged: {len(appeal.changed)} lines differ")
    )
    for line in appeal.changed[:MANY]:
        console.print(Text("  " + printable(line)))
    table = Table("task", "before", "after", "", box=SIMPLE_HEAD)
    for one, other in zip(before.tasks, after.tasks):
        said = "" if one.score == other.score else f"{other.score - one.score:+g}"
        row = [f"{t.score:g} {t.status}" for t in (one, other)]
        table.add_row(*map(Text, (f"{one.id} {one.title}", *row, said)))
    table.add_row("", f"{before.score:g}", f"{after.score:g}", f"{after.score - before.score:+g}")
    console.print(table)
    console.print("nothing was stored", style="dim")


def print_explanation(explanation: Explanation, console) -> None:
    """Print an explanation with Rich."""
    from rich.panel import Panel
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    e, v = explanation, explanation.verdict
    console.print(f"[bold]{v.id} {v.title}[/]: {v.status}, {v.score:g} of {v.max_score:g} points")
    console.print(v.rationale, markup=False)
    for sentence in sentences(v.to_json()):
        console.print(Text(f"→ {sentence}"), highlight=False)
    for edit in e.edits:
        console.print(Text(f"  in the solution: {edit}"), highlight=False)
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


def course_as_json(course) -> dict:
    """Return what holds in a course, and where each choice comes from; never the secret."""
    return {
        "lab": course.lab_name,
        "folder": str(course.folder),
        "packages_from": str(course.root),
        "secret": course.recorded()["secret"],
        "secret_from": course.secret_from,
        "max_score": course.lab.points,
        "points": {task.id: task.points for task in course.lab.tasks},
        "choices": {
            f.name: {
                "value": plain(getattr(course.choices, f.name)),
                "from": course.origins.get(f.name, "default"),
                "says": f.metadata["says"],
            }
            for f in fields(course.choices)
        },
    }


def print_courses(courses: list, console) -> None:
    """Print what holds in a course: what is the same for all its labs, then a table for each lab."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    first = course_as_json(courses[0])
    console.print(f"course    {first['folder']}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"packages  {first['packages_from']}", markup=False, highlight=False, soft_wrap=True)
    secret = f"secret    {first['secret']}, from {first['secret_from']}"
    console.print(secret, markup=False, highlight=False, soft_wrap=True)
    for course in courses:
        said = course_as_json(course)
        points = ", ".join(f"{task} {points:g}" for task, points in said["points"].items())
        title = f"\n{course.lab_name}: {said['max_score']:g} points ({points})"
        console.print(title, markup=False, highlight=False, soft_wrap=True)
        table = Table("choice", "value", "from", "what it is", box=SIMPLE_HEAD)
        for name, choice in said["choices"].items():
            value = choice["value"]
            shown = f"{len(value)} students" if name == "roster" and value else str(value)
            words = name, "-" if value in (None, [], {}) else shown, choice["from"], choice["says"]
            table.add_row(*map(escape, words))
        console.print(table)
