"""Python source in which every value can be seen, and replaced: the student's file and the solution are run this way.

Each loaded sub-expression `e` becomes `_see_(k, e)`, where k is the number of its place. Nothing else changes: not the
line numbers, not the order of evaluation, not the messages of exceptions. Nothing here is imported but NumPy and the
standard library, so that it can run beside the student's file wherever that runs; `watch` is what the code reports to.
"""

import ast
from dataclasses import dataclass

from . import nodes

SEE, MAY, GIVE, ENTER, LEAVE = "_see_", "_may_", "_give_", "_enter_", "_leave_"
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
        calls: the method, or the function that is none of Python's own, that the expression calls, or "".
        loop: first and last line of the outermost loop that it stands in; (0, 0) where it stands in none.
        given: it is a parameter of the function, as the caller gave it.
        once: a loop that it stands in ends in its first turn: `return` or `break` stands in it without an `if`.
    """

    line: int
    code: str
    function: str
    size: int
    kind: str = "expression"
    target: str = ""
    calls: str = ""
    loop: tuple[int, int] = (0, 0)
    once: bool = False
    given: bool = False

    @property
    def statement(self) -> str:
        """The expression, and what it is assigned to."""
        sign = "" if self.target.endswith("=") else " ="
        stored = self.kind == "whole" and self.target and self.target not in ("return", "append", "extend")
        return f"{self.target}{sign} {self.code}" if stored else self.code


def instrumented(source: str) -> tuple[ast.Module, list[Place]]:
    """Return the rewritten tree of a source, ready for `compile`, and its places by number.

    Raises:
        SyntaxError: it is not Python.
    """
    rewriter = _Rewriter(source)
    tree = rewriter.visit(ast.parse(source))
    return ast.fix_missing_locations(tree), rewriter.places


class _Rewriter(ast.NodeTransformer):
    """Rewrites functions; what stands outside of them runs once, when the file is loaded, and is left alone."""

    def __init__(self, source: str):
        self.lines, self.places, self.path = source.encode().split(b"\n"), [], []
        self.loops: list[ast.For | ast.While] = []  # around what is visited
        self.given: list[set[str]] = []  # parameters of a function that it does not store to
        self.local: list[set[str]] = []  # names that a function has for itself: only those may be stored to

    def visit_ClassDef(self, node):
        self.path.append(node.name)
        node.body = [self.visit(child) for child in node.body]
        self.path.pop()
        return node

    def visit_FunctionDef(self, node):
        self.path.append(node.name)
        around, self.loops = self.loops, []
        parameters, stored = nodes.parameters_of(node), nodes.stored_in(node)
        self.local.append(parameters | stored)
        self.given.append(parameters - stored)
        body = self._block(node.body)
        self.local.pop()
        self.given.pop()
        self.path.pop()
        self.loops = around
        if not any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node)):
            first = 1 if ast.get_docstring(node, clean=False) is not None else 0
            guarded = ast.Try(body[first:] or [ast.Pass()], [], [], [nodes.call_of(LEAVE)])
            body = [*body[:first], nodes.call_of(ENTER), guarded]
        node.body = body
        return node

    def _as_it_is(self, node):
        return node

    visit_AsyncFunctionDef = visit_Delete = visit_JoinedStr = _as_it_is

    def visit_AnnAssign(self, node):
        if self.path and node.value is not None:
            node.value = self._whole(node.value, ast.unparse(node.target))
        return node

    def visit_Assign(self, node):
        if not self.path:
            return node
        if isinstance(node.value, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in node.value.elts):
            targets = node.targets[0].elts if nodes.as_many(node) else [None] * len(node.value.elts)
            pairs = zip(node.value.elts, targets, strict=True)
            node.value.elts = [self._whole(e, ast.unparse(t) if t else "") for e, t in pairs]
        else:
            node.value = self._whole(node.value, ast.unparse(node.targets[0]))
        changed = self._changed(node, [t for t in node.targets if isinstance(t, ast.Subscript)])
        self._store(node.targets)
        return self._and_after(node, changed)

    def visit_AugAssign(self, node):
        if not self.path:
            return node
        target = ast.unparse(node.target)
        node.value = self._whole(node.value, f"{target} {nodes.sign(node.op)}=")
        changed = self._changed(node, [node.target])
        self._store([node.target])
        return self._and_after(node, changed)

    def visit_Return(self, node):
        if node.value is None or not self.path:
            return node
        if isinstance(node.value, ast.Tuple):
            node.value.elts = [self._whole(e, "return") for e in node.value.elts]
        else:
            node.value = self._whole(node.value, "return")
        return node

    def visit_For(self, node):
        node.iter = self.visit(node.iter)
        return self._loop(node)

    def visit_While(self, node):
        self.loops.append(node)  # its condition is asked in every turn
        node.test = self.visit(node.test)
        self.loops.pop()
        return self._loop(node)

    def _loop(self, node):
        self.loops.append(node)
        node.body = self._block(node.body)
        self.loops.pop()
        node.orelse = self._block(node.orelse)
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
            return self._expression(node) if self.path else node
        return super().generic_visit(node)

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
            while isinstance(target, ast.Subscript) and not nodes.is_key(target.slice):
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
            value = ast.Call(ast.Name(SEE, ast.Load()), [ast.Constant(number), nodes.expression(text)], [])
            found.append(ast.Assign([nodes.target(text)], value))
        if not changed:
            return node
        # one whose value is given even where the statement raises takes the place of the statement
        number = found[1].value.args[0]
        given = ast.Assign([nodes.target(changed[0])], ast.Call(ast.Name(GIVE, ast.Load()), [number], []))
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
        seen = nodes.seen(SEE, number, inner)
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
        return nodes.seen(SEE, number, self._inner(node))

    def _inner(self, node):
        """Rewrite what is inside an expression, but not the function that a call is of."""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                node.func.value = self.visit(node.func.value)
                if node.func.attr in ("append", "extend"):  # it is stored there
                    node.args = [self._whole(a, node.func.attr) for a in node.args]
                    return node
                if (
                    node.func.attr == "empty_like"
                ):  # it takes the shape alone, and perhaps the memory of what it is given
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
        calls = nodes.called(node.func) if isinstance(node, ast.Call) else ""
        loop = (self.loops[0].lineno, self.loops[0].end_lineno) if self.loops else (0, 0)
        once = any(isinstance(n, ast.Return | ast.Break) for around in self.loops for n in around.body)
        given = isinstance(node, ast.Name) and bool(self.given) and node.id in self.given[-1]
        path = ".".join(self.path)
        self.places.append(Place(node.lineno, code, path, len(code), kind, target, calls, loop, once, given))
        return len(self.places) - 1

    def _text(self, node) -> str:
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b" ".join(lines).decode(errors="replace").split())
