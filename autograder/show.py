"""Verdicts for people: a table of the class, a bar while it is graded."""

import sys
from collections.abc import Iterable, Iterator

from autograder.grading.klass import Graded
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


def with_progress(graded: Iterable[Graded], total: int) -> Iterator[Graded]:
    """Yield the results, and show how far it is: a bar for a person, plain lines in a log."""
    from tqdm import tqdm

    if sys.stderr.isatty():
        yield from tqdm(graded, total=total, unit="submission", leave=False)
        return
    every = max(1, total // 10)
    for number, result in enumerate(graded, 1):
        if number % every == 0 or number == total:
            print(f"graded {number} of {total}", file=sys.stderr, flush=True)
        yield result


def print_class(graded: list[Graded], console) -> None:
    """Print one row a student with the score of every task; then one line a student with what was named."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    verdicts = [g.verdict for g in graded if g.verdict]
    if not verdicts:
        return
    table = Table(
        title=f"{verdicts[0].lab}: {len(verdicts)} submissions", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("student")
    table.add_column("score", justify="right")
    for task in verdicts[0].tasks:
        table.add_column(task.id.replace("TODO", ""), justify="right")
    for v in verdicts[:MANY]:
        cells = [Text(f"{t.score:g}{LETTERS[t.status]}", COLOURS.get(t.status, "dim")) for t in v.tasks]
        table.add_row(Text(printable(v.student)), f"{v.score:g}", *cells)
    console.print(table)
    console.print(
        "~ partial   ✗ wrong   ! error   ⏱ timeout   – skipped, or by hand   · missing\n", style="dim"
    )
    for v in verdicts[:MANY]:
        console.print(Text(f"{printable(v.student)}: ", "bold") + Text(in_short(v), "default"))
    if len(verdicts) > MANY:
        console.print(f"and {len(verdicts) - MANY} more: see summary.csv")


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
    return "; ".join([*said, *verdict.repairs[:1]]) or "all right"
