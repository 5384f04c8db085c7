"""docs/architecture.md and the tree are the same: what is named exists, what exists is named, and imports go down only."""

import ast
import re
from itertools import pairwise

import pytest

from autograder.course import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# From the bottom up; what stands in one line does not import one another. A package's own modules may.
LAYERS = [
    {"cattern", "mnist_data"},
    {"autograder"},  # the modules that stand at its top: the course, and what it hands out
    {"solution", "submission", "sandbox", "sanitise"},
    {"release", "grading"},
    {"nbgrader_bridge"},
    {"back"},
    {"show", "demo", "cli", "cli_back"},
]
TOP = {"show", "cli", "cli_back"}  # modules at the top that are no part of the course
FREE = {("cli", "show"), ("demo", "show"), ("cli", "demo"), ("cli", "cli_back"), ("cli_back", "show")}
MODULES = sorted(
    path.relative_to(ROOT)
    for half in ("autograder", "cattern/checking")
    for path in (ROOT / half).rglob("*.py")
    if "labs" not in path.parts
)


def part_of(module: str) -> str:
    """Return the layer's word for a module: "autograder.solution.store" is of "solution"."""
    first, *rest = module.split(".")
    if first != "autograder" or not rest:
        return first
    inside = (ROOT / "autograder" / rest[0]).is_dir()
    return rest[0] if (inside and rest[0] != "labs") or rest[0] in TOP else "autograder"


def imports(path) -> set[str]:
    """Return the modules that a file imports, at its top or in a function."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in {"autograder", "cattern", "mnist_data"}}


def dotted(path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def height(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_every_module_has_its_layer():
    for path in MODULES:
        height(part_of(dotted(path)))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_down_only(path):
    here = part_of(dotted(path))
    for name in imports(path):
        there = part_of(name)
        allowed = here == there or (here, there) in FREE or height(there) < height(here)
        assert allowed, f"{path} imports {name}: {here} stands below {there}, or beside it"


def test_there_is_no_circle_in_a_package():
    """Not counting what is imported in a function, when it runs."""
    graph = {}
    for path in MODULES:
        body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        names = [f"{n.module}.{a.name}" for n in body if isinstance(n, ast.ImportFrom) for a in n.names]
        known = {dotted(p) for p in MODULES}
        graph[dotted(path)] = {m for name in names for m in (name, name.rpartition(".")[0]) if m in known} - {
            dotted(path)
        }
    graph = {m: {t for t in there if not m.startswith(f"{t}.")} for m, there in graph.items()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " → ".join([*above, module])
        if module not in done:
            for other in graph[module]:
                visit(other, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_every_module_is_named_and_every_name_exists():
    named = set(re.findall(r"`((?:autograder|cattern|tests|notebooks)/[\w/.]+\.py)`", PAGE))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    there = {path.as_posix() for path in MODULES if (ROOT / path).stat().st_size > 200}
    assert sorted(there - named) == []


def test_the_layers_are_told_as_they_are():
    """The page shows the layers in a block, from the top down."""
    block = re.search(r"```layers\n(.*?)```", PAGE, re.S)[1].splitlines()
    told = [set(re.findall(r"\w+", line.partition("#")[0])) for line in reversed(block)]
    assert told == LAYERS
    assert all(not a & b for a, b in pairwise(told))
