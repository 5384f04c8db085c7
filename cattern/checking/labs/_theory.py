"""Theory questions: those whose answers are numbers in variables of a notebook cell, and those that a person grades."""

from collections.abc import Mapping
from types import ModuleType

from cattern.checking.lab import TOLERANCE, Property, Task, Values

COUNT = 1e-12  # a tolerance: a count is right or wrong
THREE_DIGITS = 1e-3  # a tolerance: three digits are enough where a calculator is needed


def theory_task(
    task_id: str, title: str, variables: Mapping[str, float], todo: str, tolerance: float = TOLERANCE
) -> Task:
    """Return a task whose answer is one or more variables.

    Args:
        task_id: "T1"; the answer's cell is "t1-answer", the test cell "t1".
        title: two or three words.
        variables: variable name → points.
        todo: what to do, in one line.
        tolerance: relative, of the numbers.
    """

    def drive(answer: ModuleType, inputs: Mapping, out: Values) -> None:
        for name in variables:
            if (value := getattr(answer, name, out)) is not out:
                out[name] = value

    return Task(
        id=task_id,
        title=title,
        todo=todo,
        grade_id=task_id.lower(),
        source="cell",
        cell=f"{task_id.lower()}-answer",
        driver=drive,
        properties=tuple(_answer(name, points) for name, points in variables.items()),
        tolerance=tolerance,
    )


def _answer(name: str, points: float) -> Property:
    """Return one variable's property. Its sentence holds no number: all students are asked for the same one."""
    return Property(name, points, (name,), says={name: f"`{name}` is not there, or not the right number"})


def hand_task(task_id: str, title: str, parts: Mapping[str, float], todo: str) -> Task:
    """Return a task that a person grades.

    Args:
        task_id: "T4"; its cell is "t4".
        title: two or three words.
        parts: what is asked for, "derivation" → points.
        todo: what to do, in one line.
    """
    return Task(
        id=task_id,
        title=title,
        todo=todo,
        grade_id=task_id.lower(),
        source="hand",
        properties=tuple(Property(name, points, ()) for name, points in parts.items()),
    )
