"""A draft of a catalogue entry: the patch of the solution that does what a student's code does, as far as it can be told.

The place in the student's code and the quantity of the solution that belongs there are known; see `cattern.checking.locate`.
Here the student's expression is put where the solution computes that quantity. Text goes in and text comes out: nothing runs.
"""

import ast
import builtins
from collections import Counter
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass

from autograder.markers import lines_of
from autograder.solution.intermediates import plain
from autograder.solution.syntax import (
    defined_by,
    function_at,
    names_in,
    one_line,
    span,
    statement_at,
    stored_by,
)
from cattern.checking.agent.instrument import Place

LONG = 300  # characters of an expression that is spelled out


@dataclass(frozen=True)
class Edit:
    """One place: what stands in the solution, and what the student's code does there.

    Attributes:
        old: the statement of the solution; it stands exactly once in its file.
        new: the same with the student's expression in it; with a TODO where that cannot be told.
        line: the number of the student's line.
        code: that line.
    """

    old: str
    new: str
    line: int
    code: str


def edits(
    solution: str, student: str, region: Collection[int], there: Place, here: Place, same: bool
) -> list[Edit]:
    """Return what the edit of one place may be, the likeliest first: with the student's statement, with the expression alone.

    Nothing, when the place of the solution is none of the task's, and nothing there stores what the student's line stores.

    Args:
        solution: the solved file.
        student: the student's file.
        region: numbers of the lines that are the task's.
        there: the place of the solution that computes the quantity.
        here: the place of the student's code where it belongs.
        same: whether it belongs there as it is, not transposed or scaled.
    """
    tree = ast.parse(solution)
    statement = _counterpart(tree, student, region, there, here)
    if statement is None:
        return []
    same &= there.line in region
    start, end = span(solution, statement)
    if hasattr(statement, "body"):  # its head alone
        end = len(solution[: span(solution, statement.body[0])[0]].rstrip())
    code = one_line(lines_of(student)[here.line - 1].strip())
    known = names_in(function_at(tree, statement.lineno)).union(dir(builtins), *map(defined_by, tree.body))
    found = []
    try:
        wrote = ast.parse(student)
        function, whole = function_at(wrote, here.line), getattr(statement, "value", None)
        for node, said in _matches(statement, statement_at(wrote, here.line), student, there, here, same):
            text = _in_names(said, known, function, here.line, node is whole)
            found += [(*span(solution, node), text)] * (text is not None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # in the student's text: a person reads it
        pass
    found = found or [(end, end, f"  # TODO: the student's line {here.line}: {code}")]
    while solution.count(solution[start:end]) != 1 and start > 0:
        start = solution.rfind("\n", 0, solution.rfind("\n", 0, start)) + 1  # with the line above
    return [
        Edit(solution[start:end], solution[start:first] + text + solution[last:end], here.line, code)
        for first, last, text in found
    ]


def _counterpart(
    tree: ast.Module, student: str, region: Collection[int], there: Place, here: Place
) -> ast.stmt | None:
    """Return the solution's statement at a place, or that of the task which stores what the student's line stores."""
    if there.line in region:
        return statement_at(tree, there.line)
    try:
        target = stored_by(statement_at(ast.parse(student), here.line))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    own = (n for n in ast.walk(tree) if isinstance(n, ast.Assign | ast.AugAssign) and n.lineno in region)
    return next((n for n in own if stored_by(n) == target), None)


def _matches(
    ours: ast.stmt, theirs: ast.stmt, student: str, there: Place, here: Place, same: bool
) -> Iterator[tuple[ast.expr, str]]:
    """Yield an expression of the solution's statement, and the text of the student's that may take its place."""
    both = stored_by(ours), stored_by(theirs)
    alike = type(ours) is type(theirs) and type(getattr(ours, "op", None)) is type(
        getattr(theirs, "op", None)
    )
    renamed = isinstance(ours, ast.Assign) and all(len(s) == 1 and min(s).isidentifier() for s in both)
    if alike and (renamed or both[0] == both[1]) and getattr(theirs, "value", None) and ours.value:
        yield ours.value, ast.get_source_segment(student, theirs.value)
    if same and "after" not in (there.kind, here.kind):
        nodes = (n for n in ast.walk(ours) if isinstance(n, ast.expr) and ast.unparse(n) == plain(there.code))
        yield from ((n, here.code) for n in nodes if isinstance(getattr(n, "ctx", ast.Load()), ast.Load))


def _in_names(text: str, known: set[str], function: ast.AST, line: int, whole: bool) -> str | None:
    """Return a student's expression in the names of the solution, or None."""
    value = ast.parse(f"({text})", mode="eval").body
    said = ast.unparse(value)
    value = _spelled_out(value, known, function, line)
    text = text if ast.unparse(value) == said else ast.unparse(value)
    simple = isinstance(value, ast.Name | ast.Call | ast.Subscript | ast.Attribute | ast.Constant)
    return None if names_in(value) - known else text if simple or whole else f"({text})"


class _Names(ast.NodeTransformer, dict):
    def visit_Name(self, node):
        return deepcopy(self.get(node.id, node))


def _spelled_out(value: ast.expr, known: set[str], function: ast.AST, line: int) -> ast.expr:
    """Return an expression with the names that the solution lacks replaced by what the student assigned to them, once, above."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    stored = Counter(n.id for n in names if isinstance(n.ctx, ast.Store))
    values = {
        n.targets[0].id: n.value
        for n in ast.walk(function)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and n.lineno < line
    }
    once = {
        k: v for k, v in values.items() if k not in known and stored[k] == 1 and len(ast.unparse(v)) < LONG
    }
    for _ in range(5):  # names within names
        if len(ast.unparse(value)) < LONG:
            value = _Names(once).visit(value)
    return value
