"""Rewrites a solution in other styles, so that what is true of it is not true of one way to write it alone."""

import ast

STYLES = 3  # that `restyled` knows


def restyled(text: str, style: int) -> str:
    """Return a file in another style: other names for what is local (0), one step a line (1), or methods for functions (2)."""
    tree = ast.parse(text)
    for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
        if style == 0:
            _rename(function)
        elif style == 1:
            _Steps().visit(function)
        else:
            _Methods().visit(function)
    return ast.unparse(ast.fix_missing_locations(tree))


KEPT = {"loss", "grads", "scores", "learning_rate"}  # names that the lab's own text gives


def _rename(function: ast.FunctionDef) -> None:
    local = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    inner = {
        a.arg for n in ast.walk(function) if isinstance(n, ast.arguments) for a in (*n.args, *n.kwonlyargs)
    }
    local -= inner | KEPT
    new = {name: f"my_{name[::-1]}" if name.isidentifier() else name for name in local}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in new:
            node.id = new[node.id]


class _Steps(ast.NodeTransformer):
    """Gives each operation on the way to a simple assignment a line and a name of its own."""

    def __init__(self):
        self.count = 0

    def visit_Assign(self, node):
        if isinstance(node.value, ast.BinOp):
            before = []
            node.value.left = self._named(node.value.left, before)
            node.value.right = self._named(node.value.right, before)
            return [*before, node]
        return node

    def _named(self, value, before: list):
        if not isinstance(value, ast.BinOp | ast.Call):
            return value
        self.count += 1
        name = f"part_{self.count}"
        before.append(ast.Assign([ast.Name(name, ast.Store())], value, lineno=0))
        return ast.Name(name, ast.Load())


class _Methods(ast.NodeTransformer):
    """Writes `x.sum(…)` for `np.sum(x, …)`."""

    def visit_Call(self, node):
        self.generic_visit(node)
        func = node.func
        if (
            isinstance(func, ast.Attribute)
            and isinstance(func.value, ast.Name)
            and func.value.id == "np"
            and func.attr in ("sum", "max", "reshape")
            and node.args
            and not isinstance(
                node.args[0], ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp | ast.Constant
            )
        ):
            return ast.Call(ast.Attribute(node.args[0], func.attr, ast.Load()), node.args[1:], node.keywords)
        return node
