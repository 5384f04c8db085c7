"""What the drivers of several labs share: getting at the student's code, and putting stand-ins around it.

A bundle holds one lab and leaves the others out, so what two labs need is here and not in either of them.
"""

import ast
import contextlib
from collections.abc import Callable, Iterator
from types import ModuleType, UnionType

import numpy as np

from cattern.checking.agent import commands
from cattern.checking.remote import beside
from cattern.checking.run import ApiError

COUNTING = {
    "enumerate",
    "zip",
    "reversed",
    "range",
    "len",
}  # what may stand around a list in the head of a loop
STEP = 1e-5  # of the centred differences of the student's own functions


def named(student: ModuleType, name: str, missing: str = "{name} is missing from {file}") -> Callable:
    """Return a class or function of the student's file.

    Args:
        student: the student's module.
        name: what the lab calls it.
        missing: what is said where there is none; `{file}` becomes "binary_mlp.py".

    Raises:
        ApiError: there is none.
    """
    found = getattr(student, name, None)
    if not callable(found):
        file = f"{student.__name__.rpartition('.')[2]}.py"
        raise ApiError(missing.format(name=name, file=file))
    return found


def unpacked(value, count: int, says: str) -> tuple:
    """Return the `count` values that a function returned.

    Args:
        value: what it returned.
        count: how many there should be.
        says: what it returns, in words: "evaluate returns two numbers".

    Raises:
        ApiError: it returned something else.
    """
    if not isinstance(value, tuple | list) or len(value) != count:
        raise ApiError(f"{says}, but here it returned {kind_of(value)}")
    return tuple(value)


def something(value, says: str):
    """Return what a function returned.

    Args:
        value: what it returned.
        says: what it returns, in words: "one_hot returns an array".

    Raises:
        ApiError: it returned nothing.
    """
    if value is None:
        raise ApiError(f"{says}, but here it returned {kind_of(value)}")
    return value


def kind_of(value) -> str:
    """Return what a value is, in words."""
    return "None: is a `return` missing?" if value is None else type(value).__name__


def dict_from(value, function: str) -> dict:
    """Return the dict that a function returned.

    Raises:
        ApiError: it returned something else.
    """
    if not isinstance(value, dict):
        raise ApiError(f"{function} returns a dict, but here it returned {kind_of(value)}")
    return value


@contextlib.contextmanager
def replaced(student: ModuleType, **stand_ins: Callable) -> Iterator[None]:
    """Put stand-ins in the place of the student's functions for a while. A name that was not there is gone afterwards."""
    mine = {name: getattr(student, name) for name in stand_ins if hasattr(student, name)}
    for name, stand_in in stand_ins.items():
        setattr(student, name, stand_in)
    try:
        yield
    finally:
        for name in stand_ins:
            if name in mine:
                setattr(student, name, mine[name])
            else:
                delattr(student, name)


def attempt(call: Callable, *args) -> Exception | None:
    """Make a call that another task is about; return what it raised."""
    try:
        call(*args)
    except Exception as error:
        return error
    return None


@contextlib.contextmanager
def excused(went: Exception | None) -> Iterator[None]:
    """Raise `went` in place of an error here when it says that the forward pass is not written.

    What such a forward pass could not keep is no fault of the backward pass.

    Args:
        went: what `attempt` returned for the forward pass.
    """
    try:
        yield
    except Exception as error:
        if isinstance(went, NotImplementedError) and not isinstance(error, NotImplementedError):
            raise went from None
        raise


def centred_differences(student, call: Callable, array: np.ndarray, *args, **options) -> np.ndarray:
    """Return the derivative of a student's function in every element of `array`, which is moved in place and put back.

    Args:
        student: the student's module.
        call: the function; it gets copies of its arguments.
        array: one of them, or one that its object holds.
        args: its arguments.
        options: see `differences` in `cattern.checking.agent.commands`; others are the function's own, by name.
    """
    ours = {name: options.pop(name) for name in ("weights", "item", "start") if name in options}
    return beside(student, commands.differences, call, args, options, array, STEP, **ours)


def has_loop(source: str, function: str, loops: type | UnionType = ast.For | ast.While) -> bool:
    """Tell whether a function or method of a Python file holds a loop; False where the file cannot be read.

    A loop over a few names, as in `for W in (W1, W2)`, `for i in range(2)` or `for name in self.params`, is none.

    Args:
        source: the text of the file.
        function: its name.
        loops: the kinds of node that are loops.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, TypeError, MemoryError):
        return False
    found = [f for f in _statements(tree) if isinstance(f, ast.FunctionDef) and f.name == function]
    nodes = [node for f in found for node in ast.walk(f) if isinstance(node, loops)]
    short = {name.id for f in found for node in ast.walk(f) for name in _written_out(node)}
    return not all(hasattr(node, "iter") and _goes_over_names(node.iter, short) for node in nodes)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements of a file, those inside of others too; to look at every name in it takes four times as long."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inside = getattr(node, part, [])
            yield from inside
            pending += inside


def _written_out(node: ast.AST) -> list[ast.Name]:
    """Return the variables to which a list is assigned whose elements are written one by one."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple | ast.List | ast.Dict):
        return []
    elements = getattr(node.value, "elts", None) or getattr(node.value, "keys", ())
    return [target for target in node.targets if elements and isinstance(target, ast.Name)]


def _goes_over_names(iterable: ast.expr, short: set[str]) -> bool:
    words = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(iterable)}
    names = {node.id for node in ast.walk(iterable) if isinstance(node, ast.Name)} - COUNTING
    few = isinstance(iterable, ast.Tuple | ast.List) or names <= short
    return few or bool(words & {"params", "grads", "layers"})
