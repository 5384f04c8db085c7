"""Tries what a bundle ships as the answer to its own tasks: alone, or with the one line that makes the arguments fit.

Nothing is left out for what it is meant for: a student may copy any text of the bundle into the file that is graded. What
is tried runs in a process of its own, in an empty folder, and once for each state of the packages.
"""

import ast
import contextlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType, ModuleType

import numpy as np

from autograder import bundle, markers
from autograder.course import PUBLIC_SECRET, ROOT, Course
from autograder.solution.reference import load_together, public_reference
from autograder.solution.store import Store
from cattern.checking import run as probing
from cattern.checking.judge import judge_task
from cattern.checking.lab import Lab, module_name
from cattern.checking.locate.basis import Basis
from cattern.errors import CatternError

# What talks to people, processes and files. It computes nothing; to call it with arrays would only do harm.
ACTS = (
    "cattern/cli.py",
    "cattern/__main__.py",
    "cattern/plugins.py",
    "cattern/progress.py",
    "mnist_data/download.py",
)
COMPUTES = ("cattern/checking/agent/commands.py", "cattern/checking/facts.py")  # of the machinery of checks
# Points of a function that computes something else, but leaves its arguments as they are, and overflows nowhere.
ANY_FUNCTION = 2
SECONDS = 300.0


def refuse_shipped_answers(course: Course) -> None:
    """Refuse a bundle with a function that earns points when it is handed in as the answer to a task.

    Raises:
        CatternError: there is one, or what the bundle ships could not be tried.
    """
    places = (course.root / "cattern", course.root / "mnist_data", course.catalogue.parent)
    files = [path for place in places for path in sorted(place.rglob("*.py"))]
    store = Store([Path(__file__).read_bytes(), course.lab_name, *(path.read_bytes() for path in files)])
    hits = json.loads(store.get("shipped answers", lambda: _tried(course)))
    if hits:
        name, how, where, points = hits[0]
        raise CatternError(
            f"{course.lab_name} is not released: {name}, which the bundle ships, earns {points:g} points as `{where}` ({how}). "
            "Ship what it gives as data, or ask for something else"
        )


def _tried(course: Course) -> bytes:
    """Return what `earning` finds, as JSON, from a process in which the course's packages are the only ones."""
    paths = [str(course.root), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with TemporaryDirectory() as empty:
        command = [sys.executable, "-m", __name__, str(course.folder.resolve()), course.lab_name]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MPLBACKEND": "Agg"}
        try:
            done = subprocess.run(
                command,
                cwd=empty,
                env=environment,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise CatternError(f"what {course.lab_name} ships was tried for {SECONDS:g} s in vain") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it ended without a word"]
        raise CatternError(f"what {course.lab_name} ships could not be tried: {said[-1]}")
    return done.stdout


class PointsOnly:
    """A reference without its catalogue: it tells what is right, and explains nothing."""

    def __init__(self, reference, lab: Lab | None = None):
        self.lab, self.probes, self.facts = lab or reference.lab, reference.probes, reference.facts

    def hidden(self, task, mistakes) -> frozenset:
        """No mistake, nothing hidden."""
        return frozenset()

    def mistakes(self, task) -> dict:
        """Return no mistakes."""
        return {}

    def basis(self, task, mistakes, probe) -> Basis:
        """Return nothing: no place is looked for."""
        return Basis()

    def computes(self) -> bool:
        """There is nothing to compute."""
        return False


@dataclass(frozen=True)
class Place:
    """A function that students write: where it is, and the ids of the tasks in it."""

    file: str
    owner: str  # the class, or ""
    name: str
    params: tuple[str, ...]  # without self
    tasks: tuple[str, ...]


def solved(course: Course) -> dict[str, str]:
    """Return the solved files of a course's lab, file → text."""
    return {file: (course.root / file).read_text(encoding="utf-8") for file in course.rubric.student_files}


def places(course: Course) -> list[Place]:
    """Return the functions in which a lab's tasks are done."""
    found = []
    for file, text in solved(course).items():
        regions = markers.regions(text, file)
        tree = ast.parse(text)
        owners = [("", tree), *((n.name, n) for n in tree.body if isinstance(n, ast.ClassDef))]
        for owner, scope in owners:
            for node in scope.body:
                if isinstance(node, ast.FunctionDef):
                    inside = tuple(r.task for r in regions if node.lineno <= r.begin <= node.end_lineno)
                    params = tuple(a.arg for a in node.args.args[bool(owner) :])
                    if inside:
                        found.append(Place(file, owner, node.name, params, inside))
    return found


def shipped_modules(course: Course) -> Iterator[ModuleType]:
    """Yield the modules of a bundle that compute, without those that students write, here or in an earlier lab."""
    lab = course.rubric
    for name in bundle.package_files(course):
        machinery = name.startswith("cattern/checking/") and "/labs/" not in name and name not in COMPUTES
        if name.endswith(".py") and not machinery and name not in {*ACTS, *lab.student_files, *lab.carries}:
            yield import_module(module_name(name).removesuffix(".__init__"))


def shipped(module: ModuleType) -> Iterator[tuple[str, Callable]]:
    """Yield (name, callable) for each function of a module, the functions in them, each method, and each method of a fresh object."""
    for name, value in list(vars(module).items()):
        if getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield name, value
        elif isinstance(value, type):
            methods = [m for m, f in vars(value).items() if isinstance(f, FunctionType) and m != "__init__"]
            for method in methods:
                yield f"{name}.{method}", getattr(value, method)
                with contextlib.suppress(Exception):
                    yield f"{name}().{method}", getattr(value(), method)


def arity(function: Callable) -> tuple[int, int]:
    """Return how many arguments a function needs, and how many it takes, without those that have a name only."""
    kinds = inspect.Parameter
    params = inspect.signature(function).parameters.values()
    by_place = [p for p in params if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    most = 99 if any(p.kind is kinds.VAR_POSITIONAL for p in params) else len(by_place)
    return sum(p.default is kinds.empty for p in by_place), most


def adapted(function: Callable, place: Place, module: ModuleType) -> Iterator[tuple[str, Callable]]:
    """Yield (how, function) for each way in which one line makes a shipped function the one that a student writes."""
    least, most = arity(function)
    if not most:
        return
    for count in range(max(1, least), min(most, len(place.params)) + 1):
        yield (
            f"{count} arguments",
            lambda *args, n=count, **_: function(*args[bool(place.owner) :][:n]),
        )
    if place.owner and least <= len(place.params) + 1:
        yield "with self", lambda *args, **_: function(*args[:most])
    first = next(iter(inspect.signature(function).parameters), "")
    if first not in ("f", "call"):
        return
    # what takes a function: the student's other functions, of each argument, the rest as it was given
    scope = getattr(module, place.owner) if place.owner else module
    for name, other in list(vars(scope).items()):
        if isinstance(other, FunctionType) and name not in (place.name, "__init__"):

            def measured(*args, other=other, **_):
                mine, (x, *rest) = args[: bool(place.owner)], args[bool(place.owner) :]
                return function(lambda x: other(*mine, x, *rest), np.array(x, dtype=float))

            def of_kept(self, dout, *_, other=other, **__):
                kept = next(v for v in vars(self).values() if isinstance(v, np.ndarray) and v.dtype == float)
                return function(lambda x: other(self, x), kept.copy(), dout)

            yield f"of {name}", measured
            if place.owner:
                yield f"of {name} at what it kept", of_kept


def not_again(function: Callable) -> Callable:
    """Return a function that raises when it is called while it runs: a driver, say, calls what students write."""
    running = False

    def guarded(*args, **options):
        nonlocal running
        if running:
            raise RecursionError("it calls itself")
        running = True
        try:
            return function(*args, **options)
        finally:
            running = False

    return guarded


def earned(
    using: PointsOnly, place: Place, modules: dict[str, ModuleType], answer: Callable, found: dict
) -> float:
    """Return the points for a place's tasks when a function stands there, and all else is solved."""
    lab = using.lab
    module = modules[place.file]
    scope = getattr(module, place.owner) if place.owner else module
    mine, score = getattr(scope, place.name), 0.0
    setattr(scope, place.name, not_again(answer))
    found = {task: facts for task, facts in found.items() if task not in place.tasks}
    try:
        for task in (lab.task(id_) for id_ in place.tasks):
            probes = using.probes(task)
            answers = probing.run(task.driver, modules[lab.file_of(task)], probes[:1], module.__file__)
            if not answers[0].failure:
                answers += probing.run(task.driver, modules[lab.file_of(task)], probes[1:], module.__file__)
            answers += [type(answers[0])(p.id, {}, answers[0].failure) for p in probes[len(answers) :]]
            verdict, found[task.id] = judge_task(lab, task, answers, using, found)
            score += verdict.score
    finally:
        setattr(scope, place.name, mine)
    return score


def right_facts(using: PointsOnly, modules: dict[str, ModuleType]) -> dict:
    """Return what later tasks know of a lab in which everything is right, task id → what its judge found."""
    found: dict = {}
    for task in (t for t in using.lab.tasks if t.source == "module"):
        module = modules[using.lab.file_of(task)]
        answers = probing.run(task.driver, module, using.probes(task), module.__file__)
        _, found[task.id] = judge_task(using.lab, task, answers, using, found)
    return found


def earning(course: Course) -> list[tuple[str, str, str, float]]:
    """Return what a bundle ships that earns more than any function of the data does: (what, how, the function it stands for, points)."""
    using, modules = PointsOnly(public_reference(course), course.rubric), load_together(solved(course))
    found, hits = right_facts(using, modules), []
    for place in places(course):
        for module in shipped_modules(course):
            for name, function in shipped(module):
                for how, answer in adapted(function, place, modules[place.file]):
                    if (points := earned(using, place, modules, answer, found)) > ANY_FUNCTION:
                        where = f"{place.owner}.{place.name}".lstrip(".")
                        hits.append((f"{module.__name__}.{name}", how, where, points))
    return hits


if __name__ == "__main__":
    np.seterr(all="ignore")
    out, sys.stdout = sys.stdout, sys.stderr  # what is tried may print
    out.write(json.dumps(earning(Course.open(sys.argv[2], Path(sys.argv[1]), PUBLIC_SECRET))))
