"""What a course changes in a lab: points, tasks left out, the tolerance, the packages that submissions may import.

A release writes a course's changes into the student's bundle, as `course.json` beside this file, so that the student's
check speaks of the same points as the grader.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cattern.checking.lab import TOLERANCE, Lab, Task
from cattern.errors import CatternError

FILE = Path(__file__).with_name("course.json")
KEYS = ("points", "leave_out", "tolerance", "packages")


def read(path: Path = FILE) -> dict:
    """Return the changes that a bundle carries; empty where there is no such file.

    Raises:
        CatternError: the file is damaged.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return {key: said[key] for key in KEYS if key in said}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise CatternError(f"{path} is damaged ({error}): copy it again from the lab's bundle") from None


def changed(lab: Lab, changes: Mapping) -> Lab:
    """Return the lab with a course's changes.

    Args:
        lab: the lab as its rubric declares it.
        changes: any of "points" (task id → points of the task, or property → points), "leave_out" (task ids), "tolerance"
            (relative; for tasks without one of their own) and "packages" (import names).

    Raises:
        CatternError: there is no such task or property, or no points are left; the message says which there are.
    """
    points = {lab.task(name).id: wanted for name, wanted in changes.get("points", {}).items()}
    left_out = {lab.task(name).id for name in changes.get("leave_out", ())}
    if both := sorted(left_out & points.keys()):
        raise CatternError(f"{both[0]} is left out of {lab.name} and given points: do one of them")
    tasks = []
    for task in lab.tasks:
        if task.id in left_out:
            continue
        # what is left out is handed out solved: nothing waits for it
        task = replace(task, builds_on=tuple(t for t in task.builds_on if t not in left_out))
        if task.id in points:
            task = with_points(task, points[task.id])
        if task.tolerance == TOLERANCE and changes.get("tolerance"):
            task = replace(task, tolerance=changes["tolerance"])
        tasks.append(task)
    if not tasks:
        raise CatternError(f"every task of {lab.name} is left out: leave one in")
    return replace(lab, tasks=tuple(tasks), packages=tuple(changes.get("packages") or lab.packages))


def with_points(task: Task, wanted: float | Mapping[str, float]) -> Task:
    """Return a task with other points: of each property by name, or all together, shared out as before.

    Raises:
        CatternError: the task has no such property, or no points would be left.
    """
    shares = {p.name: p.points for p in task.properties if p.points}
    if isinstance(wanted, Mapping):
        if unknown := sorted(wanted.keys() - shares.keys()):
            raise CatternError(f"{task.id} has no property {unknown[0]!r}: it has {', '.join(shares)}")
        shares |= wanted
    else:
        *first, last = shares
        factor = wanted / task.points
        shares = {name: round(shares[name] * factor, 2) for name in first}
        shares[last] = round(wanted - sum(shares.values()), 2)
    if sum(shares.values()) <= 0:
        raise CatternError(f"{task.id} has no points left: leave it out instead")
    properties = (replace(p, points=shares.get(p.name, p.points)) for p in task.properties)
    return replace(task, properties=tuple(properties))
