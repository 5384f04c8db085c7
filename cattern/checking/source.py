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
MOST = 200  # lines that are looked at
MOST_CHARACTERS = 256 * 1024


def repaired(text: str) -> tuple[str, list[str]]:
    """Return Python source that can be compiled, and what was repaired for it, line by line; or the text as it was.

    Only lines at which Python stops are touched, and only when the whole can be compiled afterwards; line numbers stay.
    Null bytes go in any case: nothing that holds one is read any further, and what else is wrong would stay unsaid.
    """
    text, nulls = without_nulls(text)
    text, done = _readable(text)
    return text, nulls + done


def without_nulls(text: str) -> tuple[str, list[str]]:
    """Return a text without the null bytes in it, and what is to be said of them."""
    if "\0" not in text:
        return text, []
    line = text.count("\n", 0, text.index("\0")) + 1
    return text.replace("\0", ""), [f"line {line} holds null bytes (U+0000), left out"]


def _readable(text: str) -> tuple[str, list[str]]:
    lines, done = text.split("\n"), []
    if len(text) > MOST_CHARACTERS:
        return text, []
    for _ in range(MOST):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            number = error.lineno or 0
        except (ValueError, RecursionError, MemoryError):
            return text, []
        else:
            return "\n".join(lines), done
        if not 0 < number <= len(lines):
            return text, []
        line, found = _mended(lines[number - 1])
        if not found:
            return text, []
        lines[number - 1] = line
        done.append(f"line {number} holds {' and '.join(found)}")
    return text, []


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
