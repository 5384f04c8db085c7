"""What stands where in a Python text: the statement on a line, the span of a node, the names in it."""

import ast

from autograder.markers import lines_of


def one_line(text: str) -> str:
    """Return a text from untrusted hands as one line of a comment."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def statement_at(tree: ast.AST, line: int) -> ast.stmt:
    """Return the innermost statement on a line."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and n.lineno <= line <= n.end_lineno]
    return min(found, key=lambda n: (n.end_lineno - n.lineno, -n.col_offset))


def function_at(tree: ast.AST, line: int) -> ast.AST:
    """Return the innermost function around a line, or all there is."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.lineno <= line <= n.end_lineno]
    return max(found, key=lambda n: n.lineno, default=tree)


def span(text: str, node: ast.AST) -> tuple[int, int]:
    """Return where a node begins and ends, in characters."""
    lines = [line.encode() for line in lines_of(text)]

    def at(line: int, column: int) -> int:
        return len((b"".join(lines[: line - 1]) + lines[line - 1][:column]).decode())

    return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)


def names_in(node: ast.AST) -> set[str]:
    """Return the names and the parameters in a node."""
    return {
        n.id if isinstance(n, ast.Name) else n.arg
        for n in ast.walk(node)
        if isinstance(n, ast.Name | ast.arg)
    }


def stored_by(node: ast.AST) -> set[str]:
    """Return what a statement stores to."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {ast.unparse(target) for target in targets if target is not None}


def defined_by(node: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a file defines."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return {node.name} if hasattr(node, "name") else stored_by(node)
