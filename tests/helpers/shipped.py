"""Tries what a bundle ships as the answer to its own tasks: alone, or with the one line that makes the arguments fit.

Nothing is left out for what it is meant for. A student may copy any text of the bundle into the file that is graded.
"""

import ast
import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType, ModuleType

import numpy as np
from courses import course_of
from judging import WithoutDiagnosis, reference, solved

from autograder import bundle, markers
from autograder.solution.reference import load_together
from cattern.checking import run as probing
from cattern.checking.judge import judge_task
from cattern.checking.lab import Lab, load_lab, module_name

# What talks to people, processes and files. It computes nothing; to call it with arrays would only do harm.
ACTS = (
    "cattern/cli.py",
    "cattern/__main__.py",
    "cattern/plugins.py",
    "cattern/progress.py",
    "mnist_data/download.py",
)
COMPUTES = ("cattern/checking/agent/commands.py", "cattern/checking/facts.py")  # of the machinery of checks
# What anybody may write without having read a line.
TRIVIAL: tuple[Callable, ...] = (
    lambda *args, **_: None,
    lambda *args, **_: 0.0,
    lambda *args, **_: (0.0, 0.0),
    lambda first, *args, **_: args[0] if args else first,
    lambda first, *args, **_: first,
    lambda *args, **_: [],
    lambda *args, **_: {},
    lambda *args, **_: 0.0 * _array(args),
    lambda *args, **_: 0.0 * _array(args) + 1.0,
)


def _array(args: tuple) -> np.ndarray:
    """Return the first array that a function was given, or one number."""
    return next((arg for arg in args if isinstance(arg, np.ndarray)), np.zeros(1))


# Points of a function that computes something else, but leaves its arguments as they are, and overflows nowhere.
ANY_FUNCTION = 2


@dataclass(frozen=True)
class Place:
    """A function that students write: where it is, and the ids of the tasks in it."""

    file: str
    owner: str  # the class, or ""
    name: str
    params: tuple[str, ...]  # without self
    tasks: tuple[str, ...]


def places(lab: Lab) -> list[Place]:
    """Return the functions in which a lab's tasks are done."""
    found = []
    for file, text in solved(lab.name).items():
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


def shipped_modules(lab: Lab) -> Iterator[ModuleType]:
    """Yield the modules of a bundle that compute, without those that students write, here or in an earlier lab."""
    for name in bundle.package_files(course_of(lab.name)):
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


def earned(lab: Lab, place: Place, modules: dict[str, ModuleType], answer: Callable, found: dict) -> float:
    """Return the points for a place's tasks when a function stands there, and all else is solved."""
    module = modules[place.file]
    scope = getattr(module, place.owner) if place.owner else module
    mine, score, using = getattr(scope, place.name), 0.0, WithoutDiagnosis(reference(lab.name))
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


def right_facts(lab: Lab, modules: dict[str, ModuleType], using) -> dict:
    """Return what later tasks know of a lab in which everything is right, task id → what its judge found."""
    found: dict = {}
    for task in (t for t in lab.tasks if t.source == "module"):
        module = modules[lab.file_of(task)]
        answers = probing.run(task.driver, module, using.probes(task), module.__file__)
        _, found[task.id] = judge_task(lab, task, answers, using, found)
    return found


def trivial_points(lab_name: str) -> dict[str, float]:
    """Return the most that a trivial answer earns in each function that students write, where it earns something."""
    lab, modules = load_lab(lab_name), load_together(solved(lab_name))
    found = right_facts(lab, modules, WithoutDiagnosis(reference(lab_name)))
    most = {
        f"{place.owner}.{place.name}": max(earned(lab, place, modules, answer, found) for answer in TRIVIAL)
        for place in places(lab)
    }
    return {name: points for name, points in most.items() if points}


def earning(lab_name: str) -> list[tuple[str, str, str, float]]:
    """Return what a bundle ships that earns more than any function of the data does: (what, how, the function it stands for, points)."""
    lab = load_lab(lab_name)
    modules = load_together(solved(lab_name))
    found = right_facts(lab, modules, WithoutDiagnosis(reference(lab_name)))
    hits = []
    for place in places(lab):
        for module in shipped_modules(lab):
            for name, function in shipped(module):
                for how, answer in adapted(function, place, modules[place.file]):
                    if (points := earned(lab, place, modules, answer, found)) > ANY_FUNCTION:
                        where = f"{place.owner}.{place.name}".lstrip(".")
                        hits.append((f"{module.__name__}.{name}", how, where, points))
    return hits
