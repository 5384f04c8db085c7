"""A drafted catalogue entry as TOML: what is known is filled in, what a person must say is marked."""

import re
from collections.abc import Collection, Iterable, Sequence

from autograder.solution.draft import Edit
from autograder.solution.syntax import one_line

HEAD = """\
# A draft from a student's code. Fill in what says TODO, give it an id of your own, and append it, without the line of
# `source`, to the file of its task in autograder/labs/{lab}/mistakes/. Read `new` first: a student wrote it.

source = {source}

[[mistake]]
"""
FOOT = """\
explanation = "TODO: what is wrong and why it matters, said to the student"
hint = [
    "TODO: a nudge",
    "TODO: a method",
    "TODO: where to read",
]
"""


def entry(
    lab: str, source: str, task: str, edits: Sequence[Edit], said: Iterable[str], taken: Collection[str]
) -> str:
    """Return the entry as TOML, with a head of comments.

    Args:
        lab: the lab's name.
        source: the solved file.
        task: the task's id.
        edits: the places; without any, `old` and `new` are empty.
        said: sentences about the places, for a comment.
        taken: ids that other entries have.
    """
    name = base = f"{re.sub(r'[^a-z0-9]', '', task.lower())}-draft"
    while name in taken:
        name = f"{base}-{int('0' + name.removeprefix(base).strip('-')) + 1}"
    lines = [
        f"id = {quoted(name)}",
        f"task = {quoted(task)}",
        *(f"# {one_line(sentence)}" for sentence in said),
    ]
    lines += [f"# the student's line {e.line}: {one_line(e.code)}" for e in edits]
    if len(edits) > 1:
        lines += ["patches = [", *(f"    [{quoted(e.old)}, {quoted(e.new)}]," for e in edits), "]"]
    else:
        old, new = (edits[0].old, edits[0].new) if edits else ("", "")
        lines += [f"old = {quoted(old)}", f"new = {quoted(new)}"]
    return HEAD.format(lab=lab, source=quoted(source)) + "\n".join(lines) + "\n" + FOOT


def quoted(text: str) -> str:
    """Return a text as a string of TOML, in single quotes where it can be; every control character is escaped."""
    if all(c.isprintable() or c == "\n" for c in text) and "'''" not in text and not text.endswith("'"):
        return f"'{text}'" if "'" not in text and "\n" not in text else f"'''{text}'''"
    safe = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(safe)}"'
