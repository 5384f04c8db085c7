"""The marker rules: where the solutions stand in a text or a cell, and what a student gets in their place.

A solution region is fenced by two lines of its own, under a comment that says what to write:

    # TODO#4: draw a minibatch: `X_batch`, shape (batch_size, D).
    ### BEGIN SOLUTION
    ...
    ### END SOLUTION

A release replaces the region by one `raise NotImplementedError("TODO#4: …")`; the comment stays.
"""

import io
import re
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cattern.errors import CatternError

SOLUTION = "SOLUTION"
HIDDEN_TESTS = "HIDDEN TESTS"
LONGEST_MESSAGE = 100
TEXT_STUB = "YOUR ANSWER HERE"  # nbgrader's own

_TODO = re.compile(r"#\s*(TODO#\d+|T\d+)\s*:\s*(.*)")
_ANY_MARKER = re.compile(r"#+\s*(begin|end)\s*(solutions?|hidden\s*tests?)\b", re.IGNORECASE)


class MarkerError(CatternError):
    """A marker stands where it must not; the message names the file and the line."""


@dataclass(frozen=True)
class Region:
    """One solution region.

    Attributes:
        begin: number of the line with BEGIN SOLUTION, counted from 1.
        end: number of the line with END SOLUTION.
        indent: the white space before BEGIN SOLUTION.
        task: "TODO#3" (or "T1" in the theory part).
        todo: the first sentence of the comment above, on one line.
        lines: the solution itself, without line ends.
    """

    begin: int
    end: int
    indent: str
    task: str
    todo: str
    lines: tuple[str, ...]

    @property
    def stub(self) -> str:
        """The line that stands for the region in a release, not indented, without a line end."""
        return f"raise NotImplementedError({quoted(message(self.task, self.todo))})"


def lines_of(text: str) -> list[str]:
    """Split a text as Python does (LF, CRLF, CR and nothing else), each line with its end."""
    return list(io.StringIO(text, newline=""))


def spans(text: str, name: str, kind: str = SOLUTION) -> list[tuple[int, int]]:
    """Return the line numbers, from 1, of each pair of BEGIN and END markers.

    Args:
        text: Python or Markdown.
        name: what to call the text in an error: a file, or a file and a cell.
        kind: `SOLUTION` or `HIDDEN_TESTS`.

    Raises:
        MarkerError: a marker is misspelled, shares its line with code, is nested, or has no partner.
    """
    found, begin = [], 0
    for number, line in enumerate(lines_of(text), 1):
        where, bare = f"{name}, line {number}", line.strip()
        if bare == f"### BEGIN {kind}":
            if begin:
                raise MarkerError(
                    f"{where}: BEGIN {kind} inside the region that began in line {begin}: close that one first"
                )
            begin = number
        elif bare == f"### END {kind}":
            if not begin:
                raise MarkerError(f"{where}: END {kind} without a BEGIN {kind} above it")
            found.append((begin, number))
            begin = 0
        elif (near := _ANY_MARKER.search(line)) and near[2].upper().startswith(kind[:6]):
            word = near[1].upper()
            raise MarkerError(
                f"{where}: a marker stands on a line of its own and reads exactly `### {word} {kind}`"
            )
    if begin:
        raise MarkerError(f"{name}, line {begin}: BEGIN {kind} without an END {kind} below it")
    return found


def regions(text: str, name: str) -> list[Region]:
    """Return the solution regions of a Python text, from top to bottom.

    Raises:
        MarkerError: as `spans`; or a region has no `# TODO#n: …` comment above it in the same block.
    """
    lines = [line.rstrip("\r\n") for line in lines_of(text)]
    found = []
    for begin, end in spans(text, name):
        indent = _indent(lines[begin - 1])
        task, todo = _todo_above(lines[: begin - 1], indent, f"{name}, line {begin}")
        found.append(Region(begin, end, indent, task, todo, tuple(lines[begin : end - 1])))
    return found


def strip(text: str, name: str, solved: Collection[str] = ()) -> str:
    """Return a Python text with every solution region replaced by its stub.

    Everything outside the regions stays as it is, to the byte. A text without markers comes back unchanged.

    Args:
        text: the instructor's file.
        name: what to call it in an error.
        solved: tasks whose regions stay, without the markers.

    Raises:
        MarkerError: as `regions`; or a marker of hidden tests, which belong in a notebook; or the result is not Python.
    """
    if hidden := spans(text, name, HIDDEN_TESTS):
        raise MarkerError(f"{name}, line {hidden[0][0]}: hidden tests belong in a test cell of the notebook")
    stripped = replaced(text, [region for region in regions(text, name) if region.task not in solved])
    if solved:
        stripped = unmarked(stripped)
    try:
        compile(stripped, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise MarkerError(f"{name}: without its solutions it is not valid Python{line}: {error}") from None
    return stripped


def without_solution(cell: Mapping, where: str) -> str:
    """Return what a notebook cell reads without its solution: as nbgrader has it, with stubs that name their TODO.

    Args:
        cell: a cell of the notebook's JSON, or nbformat's.
        where: what to call it in an error.

    Raises:
        MarkerError: as `spans`; or there is a region in a cell that is no answer.
    """
    source, about = source_of(cell), cell["metadata"].get("nbgrader", {})
    found = spans(source, where)
    if not about.get("solution"):
        if found:
            raise MarkerError(f"{where}: a solution in a cell that is no answer: mark it as one for nbgrader")
        return source
    stub = TEXT_STUB
    if cell["cell_type"] == "code":
        task, todo = first_todo(source) or (about.get("grade_id") or "this cell", "not written yet")
        stub = f"raise NotImplementedError({quoted(message(task, todo))})"
    if not found:
        return stub
    lines = source.split("\n")
    for begin, end in reversed(found):
        lines[begin - 1 : end] = [_indent(lines[begin - 1]) + stub]
    return "\n".join(lines)


def without_hidden_tests(cell: Mapping, where: str) -> str:
    """Return what a notebook cell reads without its hidden tests.

    Raises:
        MarkerError: as `spans`; or the cell is no test.
    """
    source = source_of(cell)
    found, lines = spans(source, where, HIDDEN_TESTS), source.split("\n")
    if found and not cell["metadata"].get("nbgrader", {}).get("grade"):
        raise MarkerError(
            f"{where}: hidden tests in a cell that earns nothing: mark it as a test for nbgrader"
        )
    for begin, end in reversed(found):
        del lines[begin - 1 : end]
    return "\n".join(lines)


def source_of(cell: Mapping) -> str:
    """Return a cell's text, which the notebook's JSON may hold as a list of lines."""
    return "".join(cell["source"])


def unmarked(text: str) -> str:
    """Return a text with its solutions and without the markers around them."""
    return "".join(line for line in lines_of(text) if not _ANY_MARKER.search(line))


def replaced(text: str, found: list[Region]) -> str:
    """Return the text with each region replaced by its stub."""
    lines = lines_of(text)
    for region in reversed(found):
        last = lines[region.end - 1]
        line_end = last[len(last.rstrip("\r\n")) :]
        lines[region.begin - 1 : region.end] = [region.indent + region.stub + line_end]
    return "".join(lines)


def emptied(text: str, found: list[Region]) -> str:
    """Return the text with `pass` in the place of each region's code."""
    lines = lines_of(text)
    for region in reversed(found):
        lines[region.begin - 1 : region.end] = [f"{region.indent}pass\n"]
    return "".join(lines)


def message(task: str, todo: str) -> str:
    """Return "TODO#3: fill …" on one line of at most 100 characters."""
    whole = " ".join(f"{task}: {todo}".split()).rstrip(" .:")
    return textwrap.shorten(whole, LONGEST_MESSAGE, placeholder=" …")


def quoted(text: str) -> str:
    """Return a text as a Python string, in double quotes unless it holds some."""
    return repr(text) if '"' in text or "\\" in repr(text) else f'"{text}"'


def first_todo(text: str) -> tuple[str, str] | None:
    """Return (task, first sentence) of the first TODO comment in a text, or None."""
    lines = [line.rstrip("\r\n") for line in lines_of(text)]
    for number, line in enumerate(lines):
        if match := _TODO.match(line.strip()):
            return match[1], _first_sentence(lines[number:], match[2])
    return None


def _todo_above(above: list[str], indent: str, where: str) -> tuple[str, str]:
    for number in range(len(above) - 1, -1, -1):
        line = above[number]
        if not line.strip():
            continue
        outside = not line.startswith(indent) and len(_indent(line)) <= len(indent)
        if outside or line.strip() == "### END SOLUTION":
            break
        if _indent(line) == indent and (match := _TODO.match(line.strip())):
            return match[1], _first_sentence(above[number:], match[2])
    raise MarkerError(f"{where}: the region has no `# TODO#n: …` comment above it in the same block")


def _first_sentence(lines: list[str], start: str) -> str:
    """Return the first sentence of a comment that may go on in the following comment lines."""
    words = [start]
    for line in lines[1:]:
        bare = line.strip()
        if not bare.startswith("#") or bare.startswith("###") or _TODO.match(bare):
            break
        words.append(bare.lstrip("# "))
    return re.split(r"(?<=[.!?])\s", " ".join(words), maxsplit=1)[0]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
