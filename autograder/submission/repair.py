"""Makes text out of bytes that students hand in: encodings, line ends, tabs, merge conflicts, broken JSON. Nothing is executed.

Every function returns the repaired value and what was done, as sentence parts ("Windows line ends") for the caller to put together.
"""

import ast
import codecs
import json
import re

from cattern.checking.source import repaired, without_nulls

MAX_PARSED = 128 * 1024  # characters: parsing more than a student writes only costs time and memory
# A value of JSON takes tens of bytes in memory for each of these, where the largest honest notebook has a tenth as many.
MAX_JSON = {"{": 300_000, "[": 300_000, ",": 2_000_000}

_CONFLICT = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_BOMS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8", "a byte-order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_COOKIE = re.compile(rb"^[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]{1,40})", re.MULTILINE)
# Named here, because looking up any name a student gives would import a module of that name.
_CODECS = re.compile(
    r"(latin|iso-?8859|cp125|windows-?125|gb|big5|shift|sjis|euc|koi8|mac)[-\w]*$", re.IGNORECASE
)


def shown(text: str, limit: int = 80) -> str:
    """Return `text` quoted and fit to print: shortened, and nothing in it that a terminal could act on."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 2 :]}"
    # isprintable() is false for control, bidi-override, line-separator and unpaired-surrogate characters.
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "'"


def some(names: list[str]) -> str:
    """Return the first few of many names as a list to read."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text of a file: its byte-order mark decides, else a guess at UTF-16, else UTF-8, else Latin-1."""
    done = []
    for mark, codec, name in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) if codec == "utf-8" else 0 :].decode(codec, "replace")
            return _without_nulls(text, [name])
    odd, even = data[1::2].count(0), data[::2].count(0)
    if max(odd, even) > len(data) / 6 and min(odd, even) * 4 < max(odd, even):
        return _without_nulls(data.decode("utf-16-le" if odd > even else "utf-16-be", "replace"), ["UTF-16"])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text, done = data.decode("latin-1"), ["text that is not UTF-8, read as Latin-1"]
    return _without_nulls(text, done)


def _without_nulls(text: str, done: list[str]) -> tuple[str, list[str]]:
    text, nulls = without_nulls(text)
    return text, done + nulls


def python_source(data: bytes) -> tuple[bytes, list[str]]:
    """Return a Python file as UTF-8 that Python can compile, where the meaning is beyond doubt, and what was repaired."""
    cookie = _COOKIE.search(b"\n".join(data.split(b"\n", 2)[:2]))
    if cookie and _CODECS.match(cookie[1].decode()):
        codec = cookie[1].decode()
        try:
            data = data.decode(codec).encode().replace(cookie[1], b"utf-8", 1)
        except (LookupError, UnicodeError):
            cookie = None
        done = [f"text in {codec}"] if cookie else []
        text, more = decode(data)
        done += more
    else:
        text, done = decode(data)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        done.append("Windows line ends")
    if sides := conflict_sides(text):
        # The side that Python can read; the first one when both or neither can.
        text = next((side for side in sides if parsed(side) is not None), sides[0])
        done.append(
            f"a merge conflict, of which the {'first' if text == sides[0] else 'second'} side was taken"
        )
    text, tabs = _expand_tabs(text)
    text, signs = repaired(text)
    return text.encode("utf-8", "replace"), done + tabs + signs


def parsed(source: str) -> str | None:
    """Return the syntax tree of Python source as text, or None when it has none."""
    try:
        return ast.dump(ast.parse(source)) if len(source) <= MAX_PARSED else None
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None


def _expand_tabs(text: str) -> tuple[str, list[str]]:
    if "\t" not in text or parsed(text) is not None:
        return text, []
    expanded = [re.sub(r"^[ \t]+", lambda m, w=w: m[0].expandtabs(w), text, flags=re.M) for w in (4, 8)]
    readable = {tree: source for source in reversed(expanded) if (tree := parsed(source)) is not None}
    if len(readable) == 1:
        return readable.popitem()[1], ["tabs mixed with spaces"]
    return text, [
        "tabs mixed with spaces, left as they are: they can be read in two ways"
    ] if readable else []


def conflict_sides(text: str) -> tuple[str, str] | None:
    """Return the text with the first and with the second side of every merge conflict, or None when there is none."""
    if not re.search(r"^<<<<<<<", text, re.MULTILINE) or not re.search(r"^>>>>>>>", text, re.MULTILINE):
        return None
    first, second, where = [], [], "both"
    for line in text.splitlines(keepends=True):
        if line.startswith(_CONFLICT) and not (where == "both" and line[0] in "=|"):
            where = {"<": "first", "|": "neither", "=": "second", ">": "both"}[line[0]]
            continue
        if where in ("both", "first"):
            first.append(line)
        if where in ("both", "second"):
            second.append(line)
    return "".join(first), "".join(second)


def read_json(data: bytes) -> tuple[object, list[str]]:
    """Return the value of a notebook's JSON and what was repaired; (None, why) when there is nothing to be had.

    A file that cannot be mended as a whole gives `{"cells": …}` with the cells that are complete.
    """
    text, done = decode(data)
    if any(text.count(sign) > most for sign, most in MAX_JSON.items()):
        return None, [*done, "it holds far more values than a notebook"]
    sides = conflict_sides(text)
    readings = [(text, [])]
    for number, side in zip(("first", "second"), sides or ()):
        readings.append((side, [f"a merge conflict, of which the {number} side was taken"]))
    for reading, how in readings:
        value = _loads(reading)
        if value is None:
            value, how = _loads(_without_trailing_commas(reading)), [*how, "commas too many"]
        if value is not None:
            return value, done + how
    cells = _complete_cells(readings[min(1, len(readings) - 1)][0])
    if cells:
        return {"cells": cells}, [*done, f"JSON that is damaged: {len(cells)} complete cells were saved"]
    return None, [*done, "it is not a notebook's JSON, and no complete cell could be saved from it"]


def _loads(text: str) -> object:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError, MemoryError):
        return None


def _without_trailing_commas(text: str) -> str:
    # Possessive, and ending at the text's end if need be, so that no input takes more than one pass.
    strings_or_comma = r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,\s*+(?=[\]}])'
    return re.sub(strings_or_comma, lambda m: "" if m[0][0] == "," else m[0], text, flags=re.DOTALL)


def _complete_cells(text: str) -> list[dict]:
    start = re.search(r'"cells"\s*+:\s*+\[', text)
    if not start:
        return []
    cells, at, failures, decoder = [], start.end(), 0, json.JSONDecoder(strict=False)
    following = re.compile(r'\{\s*+"cell_type"')
    while failures < 20 and len(cells) < 10_000:
        at = re.compile(r"[\s,]*+").match(text, at).end()
        try:
            cell, at = decoder.raw_decode(text, at)
            cells.append(cell)
        except (ValueError, RecursionError, MemoryError):
            # The next cell, if there is one: the damaged one is lost.
            failures += 1
            another = following.search(text, at + 1)
            if text[at : at + 1] == "]" or not another:
                break
            at = another.start()
    return [cell for cell in cells if isinstance(cell, dict)]
