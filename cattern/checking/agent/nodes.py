"""Small pieces of syntax trees: what `instrument` asks of them, and what it makes."""

import ast
import builtins


def parameters_of(function: ast.FunctionDef) -> set[str]:
    """Return the names of a function's parameters."""
    return {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}


def stored_in(function: ast.FunctionDef) -> set[str]:
    """Return the names that a function stores to."""
    found = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def is_key(index: ast.expr) -> bool:
    """Tell whether an index is that of a dict: a name, or a text. (A number or a slice is an array's.)"""
    return isinstance(index, ast.Name) or (isinstance(index, ast.Constant) and isinstance(index.value, str))


def expression(text: str) -> ast.expr:
    """Return the tree of an expression."""
    return ast.parse(text, mode="eval").body


def target(text: str) -> ast.expr:
    """Return the tree of what is stored to."""
    return ast.parse(f"{text} = 0").body[0].targets[0]


def seen(see: str, number: int, node):
    """Return a call of `see` with the number of a place and its expression."""
    return ast.copy_location(ast.Call(ast.Name(see, ast.Load()), [ast.Constant(number), node], []), node)


def call_of(name: str):
    """Return the statement that calls a function without arguments."""
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), [], []))


def as_many(node: ast.Assign) -> bool:
    """Tell whether a tuple is assigned to as many targets."""
    target = node.targets[0]
    return isinstance(target, ast.Tuple) and len(target.elts) == len(node.value.elts)


def sign(op: ast.operator) -> str:
    """Return how an operator is written."""
    return ast.unparse(ast.BinOp(ast.Name("a"), op, ast.Name("b"))).split()[1]


def called(func: ast.expr) -> str:
    """Return the name of what is called, or "" where it has none, or is Python's own."""
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) and not hasattr(builtins, func.id) else ""
