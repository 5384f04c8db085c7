"""Wrong files to try the diagnosis on: mistakes of the catalogue, and mechanical mutants, in other styles than the solution's."""

import ast
import random
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib import import_module
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from autograder import markers
from autograder.course import ROOT
from autograder.solution.reference import SolutionReference
from autograder.solution.styles import restyled
from cattern.checking.lab import Lab

STYLES = 3
OPERATORS = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
}
COMPARISONS = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq}
CALLS = {
    "sum": ["mean", "max"],
    "mean": ["sum"],
    "max": ["min", "sum"],
    "maximum": ["minimum"],
    "exp": ["log1p", "exp2"],
    "log": ["log10", "exp"],
    "argmax": ["argmin", "max"],
    "argsort": ["sort"],
    "choice": ["permutation"],
    "zeros": ["ones"],
    "permutation": ["arange"],
    "transpose": ["reshape"],
}


@dataclass(frozen=True)
class Planted:
    """A wrong file.

    Attributes:
        what: the mistake's id, or the change in words.
        task: the task in whose region it is.
        file: the file it is in.
        texts: all files.
        lines: numbers of the lines that differ from the right file in the same style.
        right: all files in that style, without the mistake.
    """

    what: str
    task: str
    file: str
    texts: Mapping[str, str]
    lines: range
    right: Mapping[str, str]

    @property
    def dropped(self) -> bool:
        """Whether a statement was taken out: nothing, or `pass`, stands in its place."""
        before, after = (texts[self.file].splitlines() for texts in (self.right, self.texts))
        changed = after[self.lines.start - 1 : self.lines.stop - 1]
        return len(after) < len(before) or [line.strip() for line in changed] == ["pass"]

    def line_before(self, line: int) -> int | None:
        """Return the number that a line of the wrong file has in the right one, or None where it was changed."""
        before, after = (texts[self.file].splitlines() for texts in (self.right, self.texts))
        for node in ast.walk(ast.parse(self.texts[self.file])):
            simple = isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return)
            if simple and node.lineno == line and {*self.lines} & {*range(line, node.end_lineno + 1)}:
                return None  # a statement of several lines
        for a, b, size in SequenceMatcher(None, before, after, False).get_matching_blocks():
            if b < line <= b + size:
                return line - b + a
        return None


def hand_written(lab: Lab) -> list[dict[str, str]]:
    """Return the lab's files in three correct styles by other hands."""
    styles = import_module(f"lab_styles.{lab.name}")
    if hasattr(styles, "WHOLE"):
        return [_written(lab, bodies) for bodies in styles.WHOLE[:STYLES]]
    return [
        _written(lab, {task: bodies[(n + 1) % len(bodies)] for task, bodies in styles.BODIES.items()})
        for n in range(STYLES)
    ]


def _written(lab: Lab, bodies: Mapping[str, str]) -> dict[str, str]:
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in lab.student_files}
    for file, text in texts.items():
        lines = text.splitlines(keepends=True)
        for region in reversed(markers.regions(text, file)):
            if region.task in bodies:
                body = textwrap.indent(bodies[region.task].strip("\n") + "\n", region.indent)
                lines[region.begin : region.end - 1] = [body]
        texts[file] = "".join(lines)
    return texts


def mutants(lab: Lab, rng: random.Random, count: int) -> list[Planted]:
    """Return mechanical mutants of the hand-written styles, drawn at random: as many of each task and style as there are."""
    found = []
    for texts in hand_written(lab):
        for file, text in texts.items():
            for region in markers.regions(text, file):
                changes = list(_changes(text, region))
                rng.shuffle(changes)
                found += [_planted(texts, file, region.task, what, new) for what, new in changes[:count]]
    rng.shuffle(found)
    return found


def _planted(texts: Mapping[str, str], file: str, task: str, what: str, new: str) -> Planted:
    before, after = texts[file].splitlines(), new.splitlines()
    blocks = [op for op in SequenceMatcher(None, before, after, False).get_opcodes() if op[0] != "equal"]
    lines = range(blocks[0][3] + 1, max(blocks[-1][4], blocks[0][3] + 1) + 1) if blocks else range(0)
    return Planted(what, task, file, {**texts, file: new}, lines, texts)


def _changes(text: str, region) -> Iterator[tuple[str, str]]:
    """Yield (what, text) of every small change in a region."""
    source = text.encode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))

    def put(node: ast.AST, new: str) -> tuple[str, str]:
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = source[start:end].decode()
        return f"{old} → {new}", (source[:start] + new.encode() + source[end:]).decode()

    tree = ast.parse(text)
    inside = [n for n in ast.walk(tree) if hasattr(n, "lineno") and region.begin < n.lineno < region.end]
    names = sorted({n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)})
    seen = {text}
    for node in inside:
        for new in _instead(node, names):
            what, changed = put(node, new)
            if changed not in seen and _compiles(changed):
                seen.add(changed)
                yield what, changed
    for parent in ast.walk(tree):
        for body in (getattr(parent, "body", None), getattr(parent, "orelse", None)):
            statements = [s for s in body if s in inside] if isinstance(body, list) else []
            for first, second in pairwise(statements):
                if isinstance(first, ast.Assign | ast.AugAssign | ast.Expr):
                    lines = text.splitlines(keepends=True)
                    a, b = first.lineno - 1, second.lineno - 1
                    moved = lines[:a] + lines[b : second.end_lineno] + lines[a:b] + lines[second.end_lineno :]
                    if _compiles("".join(moved)):
                        yield f"swapped lines {a + 1} and {b + 1}", "".join(moved)


def _instead(node: ast.AST, names: list[str]) -> Iterator[str]:
    """Yield what may stand in a node's place."""
    if isinstance(node, ast.BinOp):
        for op in OPERATORS.get(type(node.op), []):
            yield f"({ast.unparse(ast.BinOp(node.left, op(), node.right))})"
        yield f"({ast.unparse(node.left)})"
    elif isinstance(node, ast.AugAssign):
        for op in OPERATORS.get(type(node.op), [])[:1]:
            yield ast.unparse(ast.AugAssign(node.target, op(), node.value))
        yield ast.unparse(ast.Assign([node.target], node.value, lineno=0))
        yield "pass"
    elif isinstance(node, ast.UnaryOp):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield ast.unparse(ast.Compare(node.left, [COMPARISONS[type(node.ops[0])]()], node.comparators))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield str(node.value + 1)
        yield str(node.value * 2)
    elif isinstance(node, ast.Constant) and node.value in ("W1", "b1", "W2", "b2"):
        yield repr({"W1": "W2", "W2": "W1", "b1": "b2", "b2": "b1"}[node.value])
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            for name in CALLS.get(node.func.attr, []):
                func = ast.Attribute(node.func.value, name, ast.Load())
                yield ast.unparse(ast.Call(func, node.args, node.keywords))
        for i in range(len(node.keywords)):
            yield ast.unparse(ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]))
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield ast.unparse(node.value)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (name for name in names if name != node.id)
    elif isinstance(node, ast.Assign | ast.Expr):
        yield "pass"


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def catalogued(reference: SolutionReference, names: list[str], style: int) -> Iterator[Planted]:
    """Yield mistakes of the catalogue, in the solution rewritten in a style: see `restyled`."""
    for name in names:
        patch = reference.patches[name]
        right = {
            file: restyled((ROOT / file).read_text(encoding="utf-8"), style)
            for file in reference.lab.student_files
        }
        wrong = restyled(reference.patched(patch.source, frozenset([name])), style)
        yield _planted(right, patch.source, patch.task, name, wrong)
