"""Mechanical mutants of lab 1's solution: every operator, comparison, axis, constant, call and statement in a TODO region."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lab_styles.two_layer_net import SOLUTION

BINARY = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add, ast.Mult],
    ast.Mult: [ast.Add, ast.Div, ast.Sub],
    ast.Div: [ast.Mult, ast.Add, ast.FloorDiv],
    ast.MatMult: [ast.Mult, ast.Add],
}
COMPARE = {ast.LtE: [ast.Lt, ast.Gt, ast.GtE, ast.Eq, ast.NotEq]}
CALLS = {
    "sum": ["mean", "prod", "max"],
    "max": ["min", "mean", "sum"],
    "maximum": ["minimum", "add"],
    "exp": ["log", "exp2", "expm1", "abs"],
    "log": ["exp", "log2", "log10", "log1p"],
    "argmax": ["argmin", "max", "argsort"],
    "arange": ["ones"],
    "choice": ["permutation"],
}


@dataclass(frozen=True)
class Mutant:
    """A changed solution: where, what stood there, what stands there now, and the whole text."""

    todo: str
    line: int
    old: str
    new: str
    text: str

    def __str__(self) -> str:
        """Return the change in one line."""
        return f"{self.todo} line {self.line}: `{self.old}` → `{self.new}`"


def mutants() -> list[Mutant]:
    """Return all mutants that compile and differ from the solution and from one another."""
    lines = SOLUTION.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    source = SOLUTION.encode()
    regions = list(_regions(lines))
    seen, found = {SOLUTION}, []
    for node in ast.walk(ast.parse(SOLUTION)):
        if not hasattr(node, "lineno"):
            continue
        todo = next((t for t, first, last in regions if first < node.lineno < last), None)
        if todo is None:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = source[start:end].decode()
        for new in _changes(node, old):
            if new.strip("()") == old:
                continue
            text = (source[:start] + new.encode() + source[end:]).decode()
            if text in seen:
                continue
            seen.add(text)
            try:
                compile(text, "mutant", "exec")
            except SyntaxError:
                continue
            found.append(Mutant(todo, node.lineno, old, new, text))
    return found


def _regions(lines: list[str]) -> Iterator[tuple[str, int, int]]:
    """Yield (TODO, first line, last line) of every region."""
    todo, first = "", 0
    for number, line in enumerate(lines, 1):
        if line.strip().startswith("# TODO#"):
            todo = line.strip().split(":")[0].removeprefix("# ")
        if "### BEGIN SOLUTION" in line:
            first = number
        if "### END SOLUTION" in line:
            yield todo, first, number


def _changes(node: ast.AST, old: str) -> Iterator[str]:
    """Yield what may stand in a node's place."""
    if isinstance(node, ast.BinOp):
        for op in BINARY.get(type(node.op), []):
            yield f"({ast.unparse(ast.BinOp(node.left, op(), node.right))})"
        yield f"({ast.unparse(node.left)})"
        yield f"({ast.unparse(node.right)})"
        if not isinstance(node.op, ast.Add | ast.Mult):  # those commute
            yield f"({ast.unparse(ast.BinOp(node.right, node.op, node.left))})"
    elif isinstance(node, ast.AugAssign):
        for op in BINARY.get(type(node.op), []):
            yield ast.unparse(ast.AugAssign(node.target, op(), node.value))
        yield ast.unparse(ast.Assign([node.target], node.value, lineno=0))
        yield "pass"
    elif isinstance(node, ast.UnaryOp):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Compare):
        for op in COMPARE.get(type(node.ops[0]), []):
            yield ast.unparse(ast.Compare(node.left, [op()], node.comparators))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (str(v) for v in (node.value + 1, node.value - 1, node.value * 2, -node.value, 0))
    elif isinstance(node, ast.Constant) and node.value in ("W1", "b1", "W2", "b2"):
        yield from (repr(n) for n in ("W1", "b1", "W2", "b2") if n != node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        for name in CALLS.get(node.func.attr, []):
            func = ast.Attribute(node.func.value, name, ast.Load())
            yield ast.unparse(ast.Call(func, node.args, node.keywords))
        for i in range(len(node.keywords)):
            yield ast.unparse(ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]))
        if len(node.args) == 1:
            yield ast.unparse(node.args[0])
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield ast.unparse(node.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        swaps = {"W1": "W2", "W2": "W1", "b1": "b2", "b2": "b1", "X": "hidden", "hidden": "pre_activation", "N": "X.shape[1]", "N_train": "batch_size", "batch_size": "N_train", "learning_rate": "learning_rate_decay", "learning_rate_decay": "learning_rate", "scores": "hidden", "dscores": "probs", "dhidden": "hidden", "probs": "scores", "pre_activation": "dhidden", "exp_scores": "shifted", "shifted": "scores", "data_loss": "reg_loss", "reg_loss": "data_loss", "batch": "batch[::-1]"}  # fmt: skip
        if old in swaps:
            yield swaps[old]
    elif isinstance(node, ast.Assign | ast.Expr):
        yield "pass"
