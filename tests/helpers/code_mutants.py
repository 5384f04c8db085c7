"""Changes the project's own code in small ways, one at a time, and counts the changes that no test notices.

    python tests/helpers/code_mutants.py [N] [PATH ...]      (`make mutants N=60 AT=cattern/cli.py`)

A change is what a careless hand does: a message dropped, a comparison negated, a statement left out, another number. Each
is made in a copy of the tree, where the tests of that part run until the first fails. Which changes are tried follows from
CATTERN_SAMPLE, or the commit. Printed: every survivor, and the share that was caught, by module.
"""

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sampling import sample

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("autograder", "cattern", "mnist_data")
SECONDS = 900  # a change that makes the tests hang was noticed
# Which tests are about which code, those that end soon first; the first entry that fits. What is not named: the folder of
# tests with the same name.
TESTS = {
    "cattern/cli.py": [
        "tests/checking/test_command_line.py",
        "tests/docs/test_help.py",
        "tests/checking/test_check.py",
        "tests/checking/test_submit.py",
        "tests/docs/test_readme.py",
    ],
    "cattern/checking/labs": ["tests/labs", "tests/checking"],
    "cattern/checking": ["tests/checking", "tests/labs/test_styles.py"],
    "cattern/vis_utils.py": ["tests/student/test_vis_utils.py"],
    "cattern/tuning": ["tests/student/test_tuning.py"],
    "cattern": ["tests/student", "tests/labs"],
    "mnist_data": ["tests/student/test_load_mnist.py", "tests/student/test_layouts.py"],
    "autograder/labs": ["tests/labs", "tests/grading"],
    "autograder/nbgrader_bridge": ["tests/nbgrader"],
    "autograder/demo": ["tests/grading", "tests/docs"],
    "autograder/show.py": ["tests/grading/test_show.py", "tests/back", "tests/docs/test_readme.py"],
    "autograder/cli": [
        "tests/course/test_commands.py",
        "tests/docs/test_help.py",
        "tests/course/test_course.py",
        "tests/back/test_report.py",
        "tests/back/test_exports.py",
        "tests/back/test_appeals.py",
        "tests/solution/test_draft.py",
        "tests/grading/test_resume.py",
        "tests/grading/test_grade.py",
        "tests/docs/test_readme.py",
    ],
    "autograder/grading/explain.py": [
        "tests/grading/test_laid_open.py",
        "tests/grading/test_show.py",
        "tests/checking/locate/test_in_the_sandbox.py",
        "tests/back/test_appeals.py",
        "tests/grading/test_grade.py",
        "tests/course/test_one_course.py",
    ],
    "autograder": ["tests/course", "tests/docs/test_readme.py"],
}
OPPOSITE = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: ">=", ast.GtE: "<", ast.Gt: "<=", ast.LtE: ">", ast.In: "not in",
    ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One small change: the file, the line, what stood there, what stands there now."""

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        """Return the change in one line."""
        return f"{self.file}:{self.line}: {' '.join(self.old.split())[:70]} → {self.new[:70] or '(nothing)'}"


def changes(file: str, source: str) -> Iterator[Change]:
    """Yield every change of a file that leaves valid Python; docstrings and annotations are let be."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source)
    text = source.encode()
    quiet = {id(n) for node in ast.walk(tree) for n in _no_matter(node)}
    for node in ast.walk(tree):
        if not hasattr(node, "lineno") or id(node) in quiet:
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = text[start:end].decode()
        for new in _instead(node, old):
            yield Change(file, node.lineno, start, end, old, new)


def _no_matter(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        yield from (node, node.value)
    if isinstance(node, ast.arg) and node.annotation:
        yield from ast.walk(node.annotation)
    if isinstance(node, ast.FunctionDef) and node.returns:
        yield from ast.walk(node.returns)
    if isinstance(node, ast.AnnAssign):
        yield from ast.walk(node.annotation)
    if isinstance(node, ast.JoinedStr):  # a part of an f-string has no text of its own to replace
        yield from (n for value in node.values for n in ast.walk(value))


def _instead(node: ast.AST, old: str) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        if len(old) > 2:
            yield '""'
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"({old} + 1)"
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield str(not node.value)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield f"(({left}) {OPPOSITE[type(node.ops[0])]} ({right}))"
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield f"({word.join(f'({ast.unparse(value)})' for value in node.values)})"
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "pass"
    elif isinstance(node, ast.Return) and node.value:
        yield "return None"


def suites_of(file: str) -> list[str]:
    """Return the tests that are about a file."""
    named = next((tests for path, tests in TESTS.items() if file.startswith(path)), [])
    if file in TESTS:
        return named
    mirror = f"tests/{file.split('/')[1]}"
    if (ROOT / mirror).is_dir() and file.count("/") > 1 and not file.startswith("cattern"):
        return [mirror]
    return [path for path in named if (ROOT / path).exists()]


def is_noticed(change: Change) -> bool:
    """Tell whether a test fails when a change is made, in a copy of the tree."""
    with TemporaryDirectory(prefix="mutant-") as work:
        tree = Path(work) / "tree"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in files.decode().split("\0")[:-1]:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
        source = (tree / change.file).read_bytes()
        (tree / change.file).write_bytes(source[: change.start] + change.new.encode() + source[change.end :])
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-m", "not slow and not browser", f"--basetemp={work}/pytest", *suites_of(change.file)]
        try:
            done = subprocess.run(command, cwd=tree, capture_output=True, timeout=SECONDS, env=environment)
        except subprocess.TimeoutExpired:
            return True
        if done.returncode not in (0, 1, 2, 3, 4):
            raise RuntimeError(done.stdout.decode()[-2000:])
        return done.returncode != 0


def main() -> None:
    """Try a sample of changes, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=60, help="how many changes (60)")
    parser.add_argument("paths", nargs="*", default=PARTS, help="files or folders to change")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at a time")
    given = parser.parse_args()
    paths = [p for path in given.paths for p in ([path] if path.endswith(".py") else _python(path))]
    every = [c for path in paths for c in changes(path, (ROOT / path).read_text(encoding="utf-8"))]
    chosen = sample(every, given.count)
    tried, caught = Counter(), Counter()
    with ThreadPoolExecutor(given.jobs) as pool:
        for change, noticed in zip(chosen, pool.map(is_noticed, chosen)):
            tried[change.file] += 1
            caught[change.file] += noticed
            print(f"{'noticed ' if noticed else 'SURVIVED'} {change}", flush=True)
    for file in sorted(tried):
        print(f"{caught[file]:3} of {tried[file]:3}  {file}")
    share = sum(caught.values()) / max(1, sum(tried.values()))
    print(
        f"{sum(caught.values())} of {sum(tried.values())} changes noticed ({share:.0%}), of {len(every)} possible"
    )


def _python(folder: str) -> list[str]:
    return sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*.py"))


if __name__ == "__main__":
    main()
