"""What a student may know, before it is graded, of the answers that stand in the notebook and in its data file.

Whether a theory answer is right stays the grader's: here it is only seen that it is there, and a number.
"""

import json
from importlib import import_module
from pathlib import Path

import numpy as np

from cattern.checking import run as probing
from cattern.checking import wire
from cattern.checking.lab import Lab, Task
from cattern.checking.verdict import TaskVerdict


def judge_cell(task: Task, notebook: Path | None, path: Path) -> TaskVerdict:
    """Say whether the saved notebook holds a number for each variable of a theory task.

    Args:
        task: whose properties name the variables.
        notebook: the student's notebook; None when there is none.
        path: the name under which the cell's code is compiled.
    """
    source, why = _cell(notebook, task.cell)
    if source is None:
        return _verdict(task, "missing", why)
    try:
        answer = probing.load_module("cell", path, "import numpy as np; " + source)
    except NotImplementedError:
        return _verdict(task, "missing", "the cell is still as you got it, in the saved notebook")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _verdict(task, "error", f"it raised {probing.describe(error, str(path))}")
    names = [name for prop in task.properties for name in prop.facts]
    values = {name: getattr(answer, name, None) for name in names}
    empty = [name for name, value in values.items() if value is None]
    if len(empty) == len(names):
        return _verdict(task, "missing", f"{', '.join(empty)}: not set yet in the saved notebook")
    if empty:
        return _verdict(task, "fail", f"{', '.join(empty)}: not set yet in the saved notebook")
    for name, value in values.items():
        number = probing.numbers(value)
        if isinstance(number, str) or number.ndim or not np.isfinite(number):
            return _verdict(task, "fail", f"{name} is {repr(value)[:60]}, expected one number")
    said = f"{len(names)} numbers are there" if len(names) > 1 else f"{names[0]} is a number"
    return _verdict(task, "given", f"{said}: whether right, the grader says")


def judge_data(lab: Lab, task: Task, path: Path | None) -> TaskVerdict:
    """Say whether a data file can be read and holds what it should, as far as the lab says before it is graded."""
    if path is None:
        return _verdict(task, "missing", f"there is no {task.data} yet: the notebook writes it")
    try:
        arrays = wire.read_npz(path.read_bytes())
    except (OSError, wire.WireError) as error:
        return _verdict(task, "error", f"{task.data} could not be read: {error}")
    status, why = import_module(f"cattern.checking.labs.{lab.name}.data").preview(arrays)
    return _verdict(task, status, f"{task.data}: {why}")


def judge_hand(task: Task, notebook: Path | None) -> TaskVerdict:
    """Say whether there is something to read for the person who grades a task."""
    source, why = _cell(notebook, task.grade_id)
    if source is None:
        return _verdict(task, "missing", why)
    if not source.strip() or source.strip() == "YOUR ANSWER HERE":
        return _verdict(task, "missing", "the cell is still as you got it, in the saved notebook")
    return _verdict(task, "given", "a person reads this one")


def _cell(notebook: Path | None, grade_id: str) -> tuple[str | None, str]:
    """Return the source of a cell of a saved notebook; or None, and why there is none."""
    if notebook is None:
        return None, "there is no saved notebook in this folder"
    try:
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            about = cell.get("metadata", {}).get("nbgrader", {})
            if grade_id in (about.get("grade_id"), cell.get("id")):
                source = cell["source"]
                return source if isinstance(source, str) else "".join(source), ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return None, f"{notebook.name} could not be read ({type(error).__name__}): save it again in Jupyter"
    return None, f"{notebook.name} has no cell {grade_id!r} any more: take it from the original again"


def _verdict(task: Task, status: str, why: str) -> TaskVerdict:
    return TaskVerdict(task.id, task.title, status, 0.0, task.points, why)
