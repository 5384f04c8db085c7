"""The words of a lab as data: lab, task, property, probe. Nothing here runs anything.

A lab's own `cattern/checking/labs/NAME/rubric.py` builds one `Lab` from these. It holds no solution: it is shipped to
students, and it goes into the sandbox.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from cattern.errors import CatternError, UsageError

if TYPE_CHECKING:  # `cattern check` starts without NumPy: its child process has it
    import numpy as np

# What a driver puts into an answer, and what a reading makes of it: arrays, or a sentence where there is no array.
Values = dict[str, "np.ndarray | str"]
Driver = Callable[[ModuleType, Mapping, "Values"], None]
Reading = Callable[[Mapping, "Values"], "Values"]
TOLERANCE = 1e-5  # relative, between two numbers that agree
PACKAGES = {  # that a submission may import when it is graded: import name → distribution
    "numpy": "numpy", "matplotlib": "matplotlib", "scipy": "scipy", "tqdm": "tqdm",
}  # fmt: skip
# For labs in which a function of SciPy (`expit`, `softmax`, `cdist`) is what a task asks for, and not a step on the way.
WITHOUT_SCIPY = tuple(name for name in PACKAGES if name != "scipy")


@dataclass(frozen=True)
class Probe:
    """One call on chosen inputs.

    Attributes:
        id: short name, unique in its task; it stands in explanations ("problem 2").
        inputs: what the driver needs: arrays, numbers, strings.
    """

    id: str
    inputs: Mapping[str, "np.ndarray | float | int | str | bool"]


@dataclass(frozen=True)
class Property:
    """A share of a task's points, and what must hold for it.

    Attributes:
        name: what the student reads ("regularisation").
        points: the share. With 0 points, failing it is a remark.
        facts: names of facts that must agree with the solution's on every probe.
        or_facts: earned as well when all of these agree instead (follow-through credit).
        says: fact name → the sentence to say when it is not as expected; `{gap}` in it becomes "is …, expected …", `{got}` the number that came.
        given: ids of the tasks from whose results `or_facts` follow: no larger share is earned by them than those tasks
            earned. None are those that the task builds on; with none at all, what follows is the task's own affair.
    """

    name: str
    points: float
    facts: tuple[str, ...]
    or_facts: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    given: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Task:
    """One gradable thing.

    Attributes:
        id: "TODO#3", "T1".
        title: two or three words.
        properties: what the points are given for.
        diagnostic: facts that earn nothing but tell one mistake from another.
        builds_on: ids of the tasks without which this one cannot work.
        driver: makes the call of a probe on the student's module; puts raw values into its third argument.
        reading: turns a probe's inputs and raw values into facts; None when the raw values are the facts.
        source: "module" (the student's file), "cell" (the code of the notebook cell `cell`),
            "data" (the file `data`, which the grader reads itself) or "hand" (a person grades it).
        file: which of the lab's student files holds the answer; None for the first.
        cell: the grade_id of the notebook cell that holds the answer.
        data: name of the data file.
        grade_id: the grade_id of the notebook's test cell, where nbgrader keeps the points.
        todo: what to do, in one line, for `status` and `hint`.
        hints: steps from a nudge to where to read.
        tolerance: how far facts that earn points may be from the solution's, relative to their scale.
    """

    id: str
    title: str
    properties: tuple[Property, ...]
    diagnostic: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    driver: Driver | None = None
    reading: Reading | None = None
    source: str = "module"
    file: str | None = None
    cell: str | None = None
    data: str | None = None
    grade_id: str | None = None
    todo: str = ""
    hints: tuple[str, ...] = ()
    tolerance: float = TOLERANCE

    @property
    def points(self) -> float:
        """The points of all properties together."""
        return sum(p.points for p in self.properties)


@dataclass(frozen=True)
class Lab:
    """One lab: what it is called, which files the student writes, and its tasks in order.

    Attributes:
        name: the assignment's name, "two_layer_net".
        title: what a person reads.
        student_files: every file the student writes, POSIX paths from the bundle's top.
        tasks: in the order of the notebook; a task comes after those it builds on.
        carries: files that students wrote in an earlier lab and this one imports.
        data_files: data that the notebook writes and the grader reads.
        packages: what submissions may import: names in PACKAGES.
    """

    name: str
    title: str
    student_files: tuple[str, ...]
    tasks: tuple[Task, ...]
    data_files: tuple[str, ...] = ()
    carries: tuple[str, ...] = ()
    packages: tuple[str, ...] = tuple(PACKAGES)

    @property
    def points(self) -> float:
        """The points of all tasks together."""
        return sum(t.points for t in self.tasks)

    def task(self, task_id: str) -> Task:
        """Return the task called `task_id`; "3" and "todo3" mean "TODO#3".

        Raises:
            CatternError: the lab has no such task.
        """
        wanted = task_id.upper().replace("#", "").removeprefix("TODO")
        for task in self.tasks:
            if task.id.upper().replace("#", "").removeprefix("TODO") == wanted:
                return task
        raise CatternError(
            f"{self.name} has no task {task_id!r}: it has {', '.join(t.id for t in self.tasks)}"
        )

    def file_of(self, task: Task) -> str:
        """Return the path of the file in which the task's answer stands: "cattern/neural_net.py"."""
        return "cell.py" if task.source == "cell" else task.file or self.student_files[0]

    def upstream(self, task: Task) -> list[Task]:
        """Return every task that `task` builds on, directly or not, in the lab's order."""
        wanted: set[str] = set()
        todo = list(task.builds_on)
        while todo:
            task_id = todo.pop()
            if task_id not in wanted:
                wanted.add(task_id)
                todo += self.task(task_id).builds_on
        return [t for t in self.tasks if t.id in wanted]


def module_name(path: str) -> str:
    """Return the import name of a file of the bundle: "cattern/neural_net.py" is "cattern.neural_net"."""
    return path.removesuffix(".py").replace("/", ".")


@cache
def load_lab(name: str) -> Lab:
    """Return the lab called `name`; in a student's bundle, as the course has changed it.

    Raises:
        UsageError: there is no such lab; the message lists those there are.
        CatternError: the bundle's note of the course's changes is damaged.
    """
    from cattern.checking import changes

    if name not in (labs := lab_names()):
        raise UsageError(f"there is no lab {name!r}: the labs are {', '.join(labs)}")
    lab = import_module(f"cattern.checking.labs.{name}.rubric").LAB
    said = changes.read()
    return changes.changed(lab, said) if said else lab


def lab_names() -> list[str]:
    """Return the names of the labs in this installation, sorted."""
    from pkgutil import iter_modules

    from cattern.checking import labs

    return sorted(m.name for m in iter_modules(labs.__path__) if not m.name.startswith("_"))
