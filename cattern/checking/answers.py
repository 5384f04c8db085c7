"""What a student may know, before it is graded, of the answers that stand in the notebook and in its data file.

Whether a theory answer is right stays the grader's: here it is only seen that it is there, and a number. A course may
choose to tell (`tell_theory`): then the bundle carries hashes of the right numbers.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from cattern.checking import run as probing
from cattern.checking import wire
from cattern.checking.lab import Lab, Task
from cattern.checking.reference import Reference, expectation
from cattern.checking.verdict import TaskVerdict


def hashes(task: Task, name: str, number: float) -> list[str]:
    """Return what tells the right number of a variable: more than one hash where its last digit may be rounded either way.

    It keeps a number from being read, not from being found by somebody who tries many: a check that says "right" can do no more.
    """
    near = (number * (1 - task.tolerance), number, number * (1 + task.tolerance))
    return sorted({_hash(task, name, x) for x in near})


def told_by(reference: Reference) -> dict[str, dict[str, list[str]]]:
    """Return theory task → variable → `hashes` of the number that the solution gives."""
    tasks = [task for task in reference.lab.tasks if task.source == "cell"]
    return {
        task.id: {name: hashes(task, name, float(x)) for (_, name), x in expectation(task, reference).items()}
        for task in tasks
    }


def _hash(task: Task, name: str, number: float) -> str:
    digits = round(-math.log10(task.tolerance))
    text = f"{task.id} {name} {number + 0.0:.{digits - 1}e}"  # no -0.0
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def judge_cell(
    task: Task, notebook: Path | None, path: Path, told: Mapping[str, list[str]] | None = None
) -> TaskVerdict:
    """Say whether the saved notebook holds a number for each variable of a theory task; and whether they are right, if the course tells.

    Args:
        task: whose properties name the variables.
        notebook: the student's notebook; None when there is none.
        path: the name under which the cell's code is compiled.
        told: variable → `hashes` of the right number; None where the grader alone says what is right.
    """
    source, why = _cell(notebook, task.cell)
    if source is None:
        return _verdict(task, "missing", why)
    try:
        answer = probing.load_module("cell", path, probing.NUMPY + source)
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
    if told:
        right = [name for name in names if _hash(task, name, float(values[name])) in told[name]]
        return _told(task, right)
    said = f"{len(names)} numbers are there" if len(names) > 1 else f"{names[0]} is a number"
    return _verdict(task, "given", f"{said}: whether right, the grader says")


def judge_file(lab: Lab, task: Task, folder: Path) -> TaskVerdict | None:
    """Say why the file that holds a task's answer cannot be loaded at all: it is gone, or not text in UTF-8. None when it can."""
    name = lab.file_of(task)
    path, data = folder / name, b""
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except FileNotFoundError:
        near = [*path.parent.glob(f"{path.stem}*"), *folder.glob(f"{path.stem}*.py*")]
        perhaps = f"; is it {near[0].relative_to(folder).as_posix()}?" if near else ""
        return _verdict(task, "missing", f"there is no {name} in this folder{perhaps}")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"{name} is not saved as UTF-8, from line {line} on, so that the notebook cannot import it: save it with the encoding UTF-8"
    except OSError as error:
        why = f"{name} could not be read: {error.strerror or error}"
    else:
        return None
    return replace(_verdict(task, "error", why), evidence={"raised": why})


def judge_data(lab: Lab, task: Task, path: Path | None) -> TaskVerdict:
    """Say whether a data file can be read and holds what it should, as far as the lab says before it is graded."""
    if path is None:
        return _verdict(task, "missing", f"there is no {task.data} yet: the notebook writes it")
    try:
        arrays = wire.read_npz(path.read_bytes())
    except (OSError, wire.WireError) as error:
        return _verdict(task, "fail", f"{task.data} could not be read: {error}")
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


def _told(task: Task, right: list[str]) -> TaskVerdict:
    """Return the verdict on a theory task of which it may be said which variables are right."""
    score = sum(prop.points for prop in task.properties if set(prop.facts) <= {*right})
    if score == task.points:
        return replace(_verdict(task, "pass", "right"), score=score)
    wrong = [name for prop in task.properties for name in prop.facts if name not in right]
    why = "; ".join(f"`{name}` is not the right number" for name in wrong)
    return replace(_verdict(task, "partial" if right else "fail", why), score=score)


def _verdict(task: Task, status: str, why: str) -> TaskVerdict:
    return TaskVerdict(task.id, task.title, status, 0.0, task.points, why)
