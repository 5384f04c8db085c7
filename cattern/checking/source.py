"""Reads the Python source that people hand in: what copying from a page leaves in it is named, and repaired where beyond doubt."""

import ast
import re

SPACES = {
    "\u00a0": "no-break space", "\u3000": "ideographic space", "\u202f": "narrow no-break space",
    "\u2002": "en space", "\u2003": "em space", "\u2009": "thin space", "\u205f": "mathematical space",
}  # fmt: skip
NOTHING = {"\u200b": "zero-width space", "\u200c": "zero-width sign", "\u200d": "zero-width sign", "\u2060": "zero-width sign", "\ufeff": "byte-order mark"}  # fmt: skip
QUOTES = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"}
OTHERS = {"−": "-", "–": "-", "×": "*", "＝": "=", "（": "(", "）": ")", "，": ",", "：": ":"}
MOST_PARSED = 200  # times that a file is read
MOST_TRIED = 60  # of these, to find out which code is left out
MOST_CHARACTERS = 256 * 1024
MOST_LEFT_OUT = 64 * 1024  # characters of a file of which code is left out
LEFT_OUT = "#| "  # in front of code that Python does not read
_TODO = re.compile(r"(\s*)#\s*(TODO#\d+)\s*:")
_RAISED = re.compile(r"^(\s*)raise SyntaxError\(.*\)  (#\s*TODO#\d+\s*:.*)$")  # what stands in its place


def repaired(text: str) -> tuple[str, list[str]]:
    """Return Python source that can be compiled, and what was repaired for it, line by line; or the text as it was.

    Only lines at which Python stops are touched, and only when the whole can be compiled afterwards; line numbers stay.
    Where the meaning of one is in doubt, the code of the TODO in which it stands is left out: it costs that TODO alone.
    Null bytes go in any case: nothing that holds one is read any further, and what else is wrong would stay unsaid.
    """
    text, nulls = without_nulls(text)
    lines, done = text.split("\n"), []
    left = MOST_PARSED if len(text) <= MOST_CHARACTERS else 0
    trials = MOST_TRIED if len(text) <= MOST_LEFT_OUT else 0
    while left > 0:
        try:
            error = _stop(lines)
            left -= 1
            if error is None:
                return "\n".join(lines), nulls + done
            mended, found = _mended(lines[error.lineno - 1])
            if found:
                lines[error.lineno - 1] = mended
                done.append(f"line {error.lineno} holds {' and '.join(found)}")
                continue
            task, lines, tried = _without_todo(lines, error, trials)
            trials -= tried
        except (ValueError, RecursionError, MemoryError):
            break
        if not task:
            break
        done.append(f"line {error.lineno} is no Python ({error.msg}): the code of {task} was left out")
    return text, nulls


def _stop(lines: list[str]) -> SyntaxError | None:
    """Return what stops Python reading, at a line that there is; None when nothing does.

    Raises:
        ValueError, RecursionError, MemoryError: it cannot tell.
    """
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        if not error.lineno:
            raise ValueError("no line") from None
        error.lineno = min(error.lineno, len(lines))
        return error
    return None


def _without_todo(lines: list[str], error: SyntaxError, most: int) -> tuple[str, list[str], int]:
    """Return the TODO whose code Python cannot read, the lines with a `raise` in its place, and how often was tried.

    It is the last one above the error that helps: Python may see only later that something is not closed. Of what stands
    behind the student's code, no more goes than has to. Without a name, nothing helped.
    """
    tried = 0
    where = f"(__file__, {error.lineno}, 0, {lines[error.lineno - 1].strip()!r})"
    for start in reversed([i for i in range(error.lineno) if _TODO.match(lines[i])]):
        indent, name = _TODO.match(lines[start]).groups()
        said = f"{indent}raise SyntaxError({error.msg!r}, {where})  {lines[start].strip()}"
        code: list[str] = []
        for line in lines[start + 1 :]:
            if tried >= most:
                return "", lines, tried
            if _TODO.match(line) or (line.strip() and not line.startswith(indent)):
                break
            code.append(re.sub(r"^(\s*)(?=[^\s#])", rf"\1{LEFT_OUT}", line))
            trial = [*lines[:start], said, *code, *lines[start + 1 + len(code) :]]
            after, tried = _stop(trial), tried + 1
            if after is None or after.lineno > max(error.lineno, start + 1 + len(code)):
                return name, trial, tried
    return "", lines, tried


def as_written(text: str) -> str:
    """Return a repaired text with the code that was left out as the student wrote it: for people, and no longer Python."""
    lines = [_RAISED.sub(r"\1\2", line) for line in text.split("\n")]
    if lines == text.split("\n"):
        return text
    return "\n".join(re.sub(rf"^(\s*){re.escape(LEFT_OUT)}", r"\1", line) for line in lines)


def without_nulls(text: str) -> tuple[str, list[str]]:
    """Return a text without the null bytes in it, and what is to be said of them."""
    if "\0" not in text:
        return text, []
    line = text.count("\n", 0, text.index("\0")) + 1
    return text.replace("\0", ""), [f"line {line} holds null bytes (U+0000), left out"]


def _mended(line: str) -> tuple[str, list[str]]:
    """Return a line without what Python cannot read in it, and what that was."""
    if magic := re.match(r"(\s*)([%!]\S.*)$", line):
        return f"{magic[1]}pass  # {magic[2]}", [
            f"`{magic[2][:40]}`, which only a notebook can run: it was left out"
        ]
    found = []
    for table, how in ((SPACES, "read as a space"), (NOTHING, "left out")):
        for sign, name in table.items():
            if sign in line:
                line = line.replace(sign, " " if table is SPACES else "")
                found.append(f"a {name} (U+{ord(sign):04X}), {how}")
    for sign, plain in {**QUOTES, **OTHERS}.items():
        if sign in line:
            line = line.replace(sign, plain)
            found.append(f"{sign}, read as {plain}")
    return line, found
