"""Python source in which every value can be seen, and replaced: the student's file and the solution are run this way.

Each loaded sub-expression `e` becomes `_see_(k, e)`, where k is the number of its place. Nothing else changes: not the
line numbers, not the order of evaluation, not the messages of exceptions. Nothing here is imported but NumPy and the
standard library, so that it can run beside the student's file wherever that runs.
"""

import ast
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

SEE, MAY, GIVE, ENTER, LEAVE = "_see_", "_may_", "_give_", "_enter_", "_leave_"
MAX_SIZE = 50_000  # numbers in one value: larger ones are not kept
MAX_CALLS = 80  # calls of one run of which values are kept, and into which values are put
MAX_CALLED = 5000  # calls of methods in one run that are noted
MAX_EACH = 200  # values of one place in one call
MODULES = ("np", "numpy", "math", "random", "self", "super")  # names that never hold a number


@dataclass(frozen=True)
class Place:
    """A place in the source whose value can be seen.

    Attributes:
        line: line number, from 1.
        code: the text of the expression; of an assignment that changes something in place, what it changes.
        function: "TwoLayerNet.loss".
        size: number of characters: the innermost of several places is the shortest.
        kind: "expression", "whole" (all that is assigned or returned), or "after" (a variable, after it was changed).
        target: what the statement stores to, or "".
        calls: the method that the expression calls, or "".
    """

    line: int
    code: str
    function: str
    size: int
    kind: str = "expression"
    target: str = ""
    calls: str = ""

    @property
    def statement(self) -> str:
        """The expression, and what it is assigned to."""
        sign = "" if self.target.endswith("=") else " ="
        stored = self.kind == "whole" and self.target and self.target not in ("return", "append", "extend")
        return f"{self.target}{sign} {self.code}" if stored else self.code


@dataclass
class Filling:
    """What is put in a place.

    Attributes:
        values: call → the values that belong there, in order.
        once: call → whether the place is seen once in it: then it gets the last of the values.
        blind: the place's own value cannot be computed.
    """

    values: list[list]
    once: list[bool]
    blind: bool = False

    def at(self, call: int, turn: int, alike: int, value):
        """Return what belongs in the place, or the value that is there when that is not known.

        Args:
            call: the number of the call.
            turn: how often the place was seen before in this call.
            alike: how often with a value of this shape.
            value: what stands there.
        """
        fitting = self.values[call] if call < len(self.values) else []
        same = [v for v in fitting if np.shape(v) == np.shape(value)] if value is not None else []
        if same and len(same) < len(fitting):  # parameter by parameter, in whatever order
            fitting, turn = same, alike
        if len(fitting) > 1 and call < len(self.once) and self.once[call]:
            fitting = fitting[-1:]
        if len(fitting) == 1:
            turn = 0
        if turn >= len(fitting):
            return value
        new = fitting[turn]
        if (
            isinstance(value, np.ndarray)
            and isinstance(new, np.ndarray)
            and value.dtype.kind == new.dtype.kind == "f"
        ):
            return new.astype(value.dtype)
        return new.copy() if isinstance(new, np.ndarray) else new


class OutOfSteps(BaseException):
    """A run with other values in it goes on for much longer than the one before: it is given up."""


def instrumented(source: str) -> tuple[ast.Module, list[Place]]:
    """Return the rewritten tree of a source, ready for `compile`, and its places by number.

    Raises:
        SyntaxError: it is not Python.
    """
    rewriter = _Rewriter(source)
    tree = rewriter.visit(ast.parse(source))
    return ast.fix_missing_locations(tree), rewriter.places


class Watch:
    """What instrumented code reports to. It keeps the values of a run, or puts others in their place.

    A value belongs to a call: the n-th time that anything outside the file called into it.
    """

    def __init__(self):
        """Watch nothing yet."""
        self.places: list[Place] = []
        self.methods: frozenset[int] = frozenset()
        self.called: list[int] = []
        self.calls, self.depth, self.steps, self.limit = 0, 0, 0, sys.maxsize
        self.seen: dict[int, list[list]] | None = None
        self.times: dict[int, list[list[int]]] = {}
        self.plan: Mapping[int, Filling] = {}
        self.turns: dict[tuple, int] = {}

    def made(self, source: str) -> tuple[ast.Module, dict[str, Callable]]:
        """Return the instrumented tree of a source, and the names that it calls.

        Raises:
            SyntaxError: it is not Python.
        """
        tree, self.places = instrumented(source)
        self.methods = frozenset(n for n, place in enumerate(self.places) if place.calls)
        return tree, {SEE: self.see, MAY: self.may, GIVE: self.give, ENTER: self.enter, LEAVE: self.leave}

    def start(self, plan: Mapping[int, Filling] | None = None, keep: bool = False, limit: int = sys.maxsize):
        """Begin a run.

        Args:
            plan: place → what stands there instead.
            keep: keep all values in `seen`: place → call → values; and when they were seen, in `times`.
            limit: number of steps after which the run is given up.
        """
        self.calls, self.depth, self.steps, self.limit = 0, 0, 0, limit
        self.seen, self.times, self.called = ({} if keep else None), {}, []
        self.plan = plan or {}
        self.turns = {}

    def enter(self) -> None:
        """Note that a function was called."""
        self.depth += 1
        if self.depth == 1:
            self.calls += 1

    def leave(self) -> None:
        """Note that a function ended."""
        self.depth -= 1

    def see(self, number: int, value):
        """Return the value of a place, or what the plan puts there."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        if number in self.plan:
            value = self._replaced(number, value)
        if self.seen is not None and self.calls <= MAX_CALLS:
            if number in self.methods and len(self.called) < MAX_CALLED:
                self.called.append(number)
            self._keep(number, value)
        return value

    def may(self, number: int) -> bool:
        """Tell whether the plan has a value for a place without seeing the one that belongs there."""
        return number in self.plan and self.plan[number].blind

    def give(self, number: int):
        """Return what the plan puts in a place whose own value cannot be computed."""
        self.steps += 1
        return self._replaced(number, None)

    def _replaced(self, number: int, value):
        if self.calls > MAX_CALLS:
            return value
        turns = []
        for key in (
            (number, self.calls),
            (number, self.calls, np.shape(value) if value is not None else None),
        ):
            turns.append(self.turns.get(key, 0))
            self.turns[key] = turns[-1] + 1
        return self.plan[number].at(self.calls - 1, *turns, value)

    def _keep(self, number: int, value) -> None:
        if type(value) is np.ndarray:
            if value.dtype.kind not in "biuf" or value.size > MAX_SIZE:
                return
            value = value.copy()
        elif type(value) is list and 0 < len(value) <= 64 and all(type(v) is float for v in value):
            value = np.array(value)
        elif not isinstance(value, float | int | np.number | np.bool_):
            return
        by_call, times = self.seen.setdefault(number, []), self.times.setdefault(number, [])
        while len(by_call) < self.calls:
            by_call.append([])
            times.append([])
        if by_call and len(by_call[-1]) < MAX_EACH:
            by_call[-1].append(value)
            times[-1].append(self.steps)


# What crosses a pipe: a text that tells the structure, and one array of all numbers.


def told(watch: Watch) -> tuple[str, np.ndarray]:
    """Return what was seen in a run, as `read_told` reads it."""
    numbers: list = []

    def put(value) -> list:
        array = np.asarray(value)
        numbers.append(np.asarray(array, float).ravel())
        kind = array.dtype.kind.replace("u", "i")
        return [kind if isinstance(value, np.ndarray | np.generic) else kind.upper(), list(array.shape)]

    seen = {
        number: [[put(v) for v in call] for call in calls] for number, calls in (watch.seen or {}).items()
    }
    text = json.dumps([watch.steps, watch.called, watch.times, seen])
    return text, np.concatenate([np.zeros(0), *numbers])


def read_told(text: str, numbers: np.ndarray) -> tuple[int, list[int], dict, dict]:
    """Return steps, called, times and seen of a run; see `Watch`.

    Raises:
        ValueError: it is nothing that `told` gives.
    """
    reader = _Reader(numbers)
    try:
        steps, called, times, seen = json.loads(text)
        times = {int(k): [[int(t) for t in call] for call in calls] for k, calls in times.items()}
        seen = {int(k): [[reader.value(*v) for v in call] for call in calls] for k, calls in seen.items()}
        for number, calls in seen.items():
            if [len(c) for c in calls] != [len(c) for c in times[number]]:
                raise ValueError("values without their times")
        return int(steps), [int(n) for n in called], times, seen
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no record of a run: {error}") from None


def told_plan(plan: Mapping[int, Filling]) -> tuple[str, np.ndarray]:
    """Return a plan, as `read_plan` reads it."""
    watch = Watch()
    watch.seen = {number: filling.values for number, filling in plan.items()}
    text, numbers = told(watch)
    return json.dumps([text, {n: [f.once, f.blind] for n, f in plan.items()}]), numbers


def read_plan(text: str, numbers: np.ndarray) -> dict[int, Filling]:
    """Return a plan from what `told_plan` gave."""
    values, rest = json.loads(text)
    reader = _Reader(numbers)
    seen = json.loads(values)[3]
    return {
        int(number): Filling([[reader.value(*v) for v in call] for call in calls], *rest[number])
        for number, calls in seen.items()
    }


class _Reader:
    """Takes values from an array, one after the other."""

    def __init__(self, numbers: np.ndarray):
        self._numbers, self._next = numbers, 0

    def value(self, kind: str, shape: list[int]):
        size = math.prod(shape)
        part = self._numbers[self._next : self._next + size]
        if len(part) != size or len(shape) > 16:
            raise ValueError("it tells of more numbers than there are")
        self._next += size
        with np.errstate(all="ignore"):
            array = part.astype(_KINDS[kind.lower()]).reshape(shape)
        return array.copy() if shape else array[()] if kind.islower() else array.item()


_KINDS = {"b": bool, "i": np.int64, "f": np.float64}


class _Rewriter(ast.NodeTransformer):
    """Rewrites functions; what stands outside of them runs once, when the file is loaded, and is left alone."""

    def __init__(self, source: str):
        self.lines, self.places, self.path = source.encode().split(b"\n"), [], []
        self.local: list[set[str]] = []  # names that a function has for itself: only those may be stored to

    def visit_ClassDef(self, node):
        self.path.append(node.name)
        node.body = [self.visit(child) for child in node.body]
        self.path.pop()
        return node

    def visit_FunctionDef(self, node):
        self.path.append(node.name)
        self.local.append(_locals_of(node))
        body = self._block(node.body)
        self.local.pop()
        self.path.pop()
        if not any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node)):
            first = 1 if ast.get_docstring(node, clean=False) is not None else 0
            guarded = ast.Try(body[first:] or [ast.Pass()], [], [], [_call(LEAVE)])
            body = [*body[:first], _call(ENTER), guarded]
        node.body = body
        return node

    def visit_AsyncFunctionDef(self, node):
        return node

    def visit_AnnAssign(self, node):
        if self.path and node.value is not None:
            node.value = self._whole(node.value, ast.unparse(node.target))
        return node

    def visit_Assign(self, node):
        if not self._inside():
            return node
        if isinstance(node.value, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.value.elts):
            targets = node.targets[0].elts if _as_many(node) else [None] * len(node.value.elts)
            pairs = zip(node.value.elts, targets, strict=True)
            node.value.elts = [self._whole(e, ast.unparse(t) if t else "") for e, t in pairs]
        else:
            node.value = self._whole(node.value, ast.unparse(node.targets[0]))
        changed = self._changed(node, [t for t in node.targets if isinstance(t, ast.Subscript)])
        self._store(node.targets)
        return self._and_after(node, changed)

    def visit_AugAssign(self, node):
        if not self._inside():
            return node
        target = ast.unparse(node.target)
        node.value = self._whole(node.value, f"{target} {_sign(node.op)}=")
        changed = self._changed(node, [node.target])
        self._store([node.target])
        return self._and_after(node, changed)

    def visit_Return(self, node):
        if node.value is None or not self._inside():
            return node
        if isinstance(node.value, ast.Tuple):
            node.value.elts = [self._whole(e, "return") for e in node.value.elts]
        else:
            node.value = self._whole(node.value, "return")
        return node

    def visit_Delete(self, node):
        return node

    def visit_JoinedStr(self, node):
        return node

    def visit_For(self, node):
        node.iter = self.visit(node.iter)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse)
        return node

    def visit_Match(self, node):
        node.subject = self.visit(node.subject)
        for case in node.cases:
            case.body = self._block(case.body)
        return node

    def visit_comprehension(self, node):
        node.iter = self.visit(node.iter)
        node.ifs = [self.visit(test) for test in node.ifs]
        return node

    def generic_visit(self, node):
        if isinstance(node, ast.expr):
            return self._expression(node) if self._inside() else node
        return super().generic_visit(node)

    def _inside(self) -> bool:
        return bool(self.path)

    def _block(self, statements):
        body = []
        for child in statements:
            changed = self.visit(child)
            body += changed if isinstance(changed, list) else [changed]
        return body

    def _store(self, targets) -> None:
        """Visit what is loaded on the way to a target: the index and the object of a subscript."""
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice | ast.Constant):
                    node.slice = self.visit(node.slice)

    def _changed(self, node, targets) -> list[str]:
        """Return what a statement changes in place: a variable, or an element that is no array's own (`grads["W"]`)."""
        found = []
        for target in targets:
            whole = target
            while isinstance(target, ast.Subscript) and not _is_key(target.slice):
                target = target.value
            bare = isinstance(target, ast.Attribute) and target is not whole  # a dict, such as self.params
            assigned = isinstance(node, ast.Assign) and target is whole  # all of it is what was assigned
            called = any(isinstance(n, ast.Call) for n in ast.walk(target))
            outer = isinstance(target, ast.Name) and target.id not in self.local[-1]
            known = isinstance(target, ast.Name | ast.Attribute | ast.Subscript)
            if known and not (bare or assigned or called or outer):
                found.append(ast.unparse(target))
        return found

    def _and_after(self, node, changed: list[str]):
        """Let each variable that a statement changes in place be seen after it."""
        found = [node]
        for text in changed:
            number = self._place(node, text, "after", text)
            value = ast.Call(ast.Name(SEE, ast.Load()), [ast.Constant(number), _expression(text)], [])
            found.append(ast.Assign([_target(text)], value))
        if not changed:
            return node
        # one whose value is given even where the statement raises takes the place of the statement
        number = found[1].value.args[0]
        given = ast.Assign([_target(changed[0])], ast.Call(ast.Name(GIVE, ast.Load()), [number], []))
        asked = ast.Call(ast.Name(MAY, ast.Load()), [number], [])
        both = ast.If(asked, [given], found)
        for new in ast.walk(both):
            if not hasattr(new, "lineno"):
                ast.copy_location(new, node)
        return both

    def _whole(self, node, target: str):
        """Rewrite all that is assigned or returned: its value can be given even where its own cannot be computed."""
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Lambda | ast.Dict):
            return self.visit(node) if isinstance(node, ast.Dict) else node
        number = self._place(node, self._text(node), "whole", target)
        inner = self._inner(node)
        seen = _seen(number, inner)
        given = ast.Call(ast.Name(GIVE, ast.Load()), [ast.Constant(number)], [])
        asked = ast.Call(ast.Name(MAY, ast.Load()), [ast.Constant(number)], [])
        return ast.copy_location(ast.IfExp(asked, given, seen), node)

    def _expression(self, node):
        if isinstance(node, ast.Starred | ast.Slice | ast.Lambda | ast.Yield | ast.YieldFrom | ast.Await):
            return super().generic_visit(node)
        if isinstance(node, ast.Constant) and type(node.value) is not float:
            return node
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return node
        if isinstance(node, ast.Tuple | ast.List | ast.Dict | ast.Set | ast.NamedExpr):
            return super().generic_visit(node)
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in MODULES and (root is node or root.id != "self"):
            return node
        number = self._place(node, self._text(node))
        return _seen(number, self._inner(node))

    def _inner(self, node):
        """Rewrite what is inside an expression, but not the function that a call is of."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.visit(node.func.value)
                if node.func.attr in ("append", "extend"):  # it is stored there
                    node.args = [self._whole(a, node.func.attr) for a in node.args]
                    return node
            node.args = [self.visit(a) for a in node.args]
            node.keywords = [
                ast.copy_location(ast.keyword(k.arg, self.visit(k.value)), k) for k in node.keywords
            ]
            return node
        if isinstance(node, ast.Name | ast.Constant | ast.JoinedStr | ast.Lambda):
            return node
        return super().generic_visit(node)

    def _place(self, node, code: str, kind: str = "expression", target: str = "") -> int:
        calls = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        self.places.append(Place(node.lineno, code, ".".join(self.path), len(code), kind, target, calls))
        return len(self.places) - 1

    def _text(self, node) -> str:
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b" ".join(lines).decode(errors="replace").split())


def _locals_of(function: ast.FunctionDef) -> set[str]:
    """Return the names that a function stores to, and its parameters."""
    found = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def _is_key(index: ast.expr) -> bool:
    """Tell whether an index is that of a dict: a name, or a text. (A number or a slice is an array's.)"""
    return isinstance(index, ast.Name) or (isinstance(index, ast.Constant) and isinstance(index.value, str))


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _target(text: str) -> ast.expr:
    return ast.parse(f"{text} = 0").body[0].targets[0]


def _seen(number: int, node):
    return ast.copy_location(ast.Call(ast.Name(SEE, ast.Load()), [ast.Constant(number), node], []), node)


def _call(name: str):
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), [], []))


def _as_many(node: ast.Assign) -> bool:
    target = node.targets[0]
    return isinstance(target, ast.Tuple) and len(target.elts) == len(node.value.elts)


def _sign(op: ast.operator) -> str:
    return ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b"))).split()[1]
