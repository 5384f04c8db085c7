"""A verdict in words: for a terminal, and as HTML for a notebook. Both say the same, in the same order.

Colour never says anything alone: every verdict has a sign and a word as well.
"""

import codecs
import re
import textwrap
from html import escape

from cattern.checking.locate.words import sentences

WIDTH = 100
MOST_LINES = 12  # of what the student's code printed
GIVEN_LINE = re.compile(r"(iteration|epoch) +\d+ ?/ ?\d+\b")  # what the given training loops print
SIGNS = {
    "pass": "✓",
    "partial": "◐",
    "fail": "✗",
    "error": "✗",
    "timeout": "✗",
    "skipped": "–",
    "missing": "·",
    "given": "?",
}
# For a person. "given" is the student's own: an answer is there, and what it is worth is said with the grades.
STATUS = {
    "pass": "right",
    "partial": "partly right",
    "fail": "wrong",
    "error": "stopped by an error",
    "timeout": "did not end",
    "skipped": "waits",
    "missing": "still to write",
    "given": "answered",
}
ANSI = {"pass": 32, "partial": 33, "fail": 31, "error": 31, "timeout": 31, "skipped": 36, "missing": 36}
# In the middle between black and white, so that they can be seen on either.
COLOURS = {
    "pass": "#1a9850",
    "partial": "#d98c00",
    "fail": "#d7443e",
    "error": "#d7443e",
    "timeout": "#d7443e",
}
PLAIN = {
    "✓": "+", "✗": "x", "◐": "~", "→": "->", "←": "<-", "·": ".", "–": "-", "—": "-", "−": "-", "×": "x", "…": "...",
    "“": '"', "”": '"', "‘": "'", "’": "'", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∂": "d", "²": "^2", "±": "+-",
}  # fmt: skip


def print_on_any_console(*streams) -> None:
    """Let streams print every sign, in a plainer spelling where their encoding lacks it (Windows' cp1252, say)."""

    def plainer(error: UnicodeError):
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end

    codecs.register_error("cattern-plainer", plainer)
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="cattern-plainer")


def said_of(result: dict) -> list[tuple[str, str]]:
    """Return what is said of a result below its headline, as pairs of (kind, sentence).

    Kinds: "why", "line" (a place in the student's file), "error" (its size), "mistake", "hint", "note", "printed".
    """
    verdict, said = result["verdict"], []
    status, evidence = verdict["status"], verdict.get("evidence") or {}
    if status != "pass":
        why = verdict["rationale"]
        stub = result.get("stub")
        if stub and f"{verdict['id']} is not written" in why:
            why += f": line {stub['line']} still raises NotImplementedError; replace that line"
        said.append(("why", why))
        if "max_rel_error" in evidence:
            size, tolerance = evidence["max_rel_error"], evidence["tolerance"]
            said.append(
                ("error", f"a {_size(size)} relative error: {size:.1e}, where up to {tolerance:.0e} passes")
            )
    named = verdict.get("mistakes") or []
    for mistake in named:
        said += [("mistake", mistake["explanation"]), ("hint", mistake["hint"])]
    said += [("line", text) for text in sentences(verdict)]
    said += [("note", remark) for remark in verdict.get("remarks") or []]
    said += [("note", repair) for repair in result.get("repairs") or []]
    lines = [line for line in result.get("printed", "").splitlines() if not GIVEN_LINE.match(line)]
    if status != "pass" and any(line.strip() for line in lines):
        said.append(("printed", "\n".join(lines[:MOST_LINES] + (["…"] if len(lines) > MOST_LINES else []))))
    return [(kind, text) for kind, text in said if text]


def headline(verdict: dict) -> str:
    """Return the first line of a verdict, without its sign: "TODO#3 gradients: partly right, 15 of 20 points"."""
    points = f"{verdict['score']:g} of {verdict['max_score']:g} points"
    if verdict["status"] == "given":
        points = f"{verdict['max_score']:g} points are given when it is graded"
    return f"{verdict['id']} {verdict['title']}: {STATUS[verdict['status']]}, {points}"


def hint_lines(result: dict | None, step: int, command) -> list[str]:
    """Return the lines of a hint: its steps as far as wanted, and how to get the next one.

    Args:
        result: of the task; None when there is none.
        step: how many steps.
        command: makes what to type for a step of a task, from its id and the number.
    """
    if result is None:
        return ["there is nothing to give a hint for"]
    task, status, steps = result["verdict"]["id"], result["verdict"]["status"], result["hints"]
    if status == "pass":
        return [f"{task} is right: it needs no hint"]
    if not steps:
        return [
            f"{task} has no hints: its text in the notebook is all there is. {result['verdict']['rationale']}"
        ]
    lines = [f"{task}: {result['verdict']['title']}"]
    lines += [f"{number}. {text}" for number, text in enumerate(steps[:step], 1)]
    if step < len(steps):
        lines.append(f"More: {command(task, step + 1)}")
    return lines


def lines_html(lines: list[str]) -> str:
    """Return lines as HTML."""
    return "".join(f'<p style="margin:.2em 0">{_marked(line)}</p>' for line in lines)


def table_text(results: list[dict], colour: bool = False) -> str:
    """Return one line a task, and the sum."""
    lines = []
    for verdict in (r["verdict"] for r in results):
        line = f"{SIGNS[verdict['status']]} {verdict['id']:7} {verdict['title']:24} {STATUS[verdict['status']]:20} {_points(verdict)}"
        if colour and verdict["status"] in ANSI:
            line = f"\033[{ANSI[verdict['status']]}m{line}\033[0m"
        lines.append(line)
    return "\n".join([*lines, total(results)])


def table_html(results: list[dict]) -> str:
    """Return a table with one row a task, and the sum."""
    rows = "".join(
        f'<tr><td aria-hidden="true">{SIGNS[v["status"]]}</td><th scope="row" style="text-align:left">{escape(v["id"])}</th>'
        f'<td style="text-align:left">{escape(v["title"])}</td><td style="text-align:left">{STATUS[v["status"]]}</td>'
        f"<td>{_points(v)}</td></tr>"
        for v in (r["verdict"] for r in results)
    )
    return f"<table>{rows}</table><p>{escape(total(results))}</p>"


def total(results: list[dict]) -> str:
    """Return how many of all points are there, and how many the grader decides."""
    verdicts = [r["verdict"] for r in results]
    later = sum(v["max_score"] for v in verdicts if v["status"] == "given")
    text = f"{_earned(verdicts)} are yours already"
    return f"{text}; {later:g} more are answered, and given when it is graded" if later else text


def summary(results: list[dict], next_hint) -> str:
    """Return the last line of a check: the points, and what is next; or, when all is right, a word of praise.

    Args:
        results: of the tasks that were checked.
        next_hint: makes what to type for a hint, from a task's id.
    """
    verdicts = [r["verdict"] for r in results]
    points = _earned(verdicts)
    following = next((v for v in verdicts if v["status"] not in ("pass", "given")), None)
    if following is None:
        return f"All of it is right: {points}. Well done: every number your code gives is the right one."
    return f"{points}. Next: {following['id']} {following['title']}. Stuck? {next_hint(following['id'])}"


def _earned(verdicts: list[dict]) -> str:
    """Return how many points there are, of how many, in how many tasks: a part of the lab is not taken for all of it."""
    earned, most = (sum(v[key] for v in verdicts) for key in ("score", "max_score"))
    return f"{earned:g} of {most:g} points in {len(verdicts)} task{'s' * (len(verdicts) != 1)}"


def _points(verdict: dict) -> str:
    earned = "?" if verdict["status"] == "given" else f"{verdict['score']:g}"
    return f"{earned:>4} of {verdict['max_score']:g}"


PREFIX = {"mistake": "→ ", "hint": "hint: ", "note": "note: "}


def typed(task_id: str) -> str:
    """Return a task's id as it can be typed in any shell, without quotes: "3" for "TODO#3"."""
    return task_id.removeprefix("TODO#")


def same_trouble(before: dict, result: dict) -> bool:
    """Tell whether one exception at one place stopped two tasks: then it is said once."""
    raised = [(r["verdict"].get("evidence") or {}).get("raised") for r in (before, result)]
    stopped = all(r["verdict"]["status"] in ("error", "skipped") for r in (before, result))
    return bool(stopped and raised[0] and raised[0] == raised[1])


def as_text(result: dict, colour: bool = False, same_as_before: bool = False) -> str:
    """Return a result as the lines a student reads in a terminal.

    Args:
        result: the result.
        colour: with the terminal's colours.
        same_as_before: it was stopped by what the result before was stopped by.
    """
    verdict = result["verdict"]
    lines = [f"{SIGNS[verdict['status']]} {headline(verdict)}"]
    if colour and verdict["status"] in ANSI:
        lines[0] = f"\033[{ANSI[verdict['status']]}m{lines[0]}\033[0m"
    if same_as_before:
        return f"{lines[0]} (the same error)"
    for kind, text in said_of(result):
        if kind == "printed":
            lines.append("    your code printed:")
            lines += [f"    | {line}" for line in text.splitlines()]
        else:
            lines.append(_filled(PREFIX.get(kind, "") + text))
    return "\n".join(lines)


def as_html(result: dict) -> str:
    """Return a result as HTML for a notebook: no script, no fixed background, readable without colour."""
    verdict = result["verdict"]
    status = verdict["status"]
    parts = [
        f'<p style="margin:0"><span aria-hidden="true">{SIGNS[status]}</span> <strong>{escape(headline(verdict))}</strong></p>'
    ]
    evidence = verdict.get("evidence") or {}
    for kind, text in said_of(result):
        if kind == "printed":
            parts.append(f"<p style='margin:.3em 0 0'>your code printed:</p><pre>{escape(text)}</pre>")
            continue
        parts.append(f'<p style="margin:.3em 0 0">{escape(PREFIX.get(kind, ""))}{_marked(text)}</p>')
        sides = evidence.get("expected"), evidence.get("got")
        if kind == "why" and None not in sides and sides[0] != sides[1]:  # two shapes that agree tell nothing
            parts.append(_table(evidence))
    if status not in ("pass", "given"):
        step = ", 2" if verdict.get("mistakes") else ""  # their first hint is said already
        parts.append(
            f'<p style="margin:.3em 0 0">more: <code>hint("{escape(verdict["id"])}"{step})</code></p>'
        )
    edge = COLOURS.get(status, "#808080")
    return f'<div role="note" style="border-left:4px solid {edge};padding:.2em .8em;margin:.3em 0;max-width:60em">{"".join(parts)}</div>'


def _table(evidence: dict) -> str:
    """Return what was expected beside what came, as a table."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{name}</th><td style="text-align:left"><code>{escape(str(evidence[key]))}</code></td></tr>'
        for name, key in (("expected", "expected"), ("yours", "got"))
    )
    return f'<table style="margin:.3em 0">{rows}</table>'


def _marked(text: str) -> str:
    """Return a sentence as HTML, with what stands between backticks as code."""
    pieces = escape(text).split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner
        return escape(text)
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def _size(relative_error: float) -> str:
    return "small" if relative_error < 1e-2 else "clear" if relative_error < 0.3 else "large"


def _filled(text: str) -> str:
    """Return a text in lines of at most WIDTH characters, indented."""
    return textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
