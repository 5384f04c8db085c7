"""The instructor notebook of a lab, and what a course hands out of it: its own points, nothing of tasks left out, no solution.

nbgrader makes the notebook of a real release by the same functions, one cell at a time; here they make it without
nbgrader's three-second import, for the grader, who compares submissions with it.
"""

import json
from collections.abc import Mapping

from autograder import markers
from autograder.course import Course
from cattern.errors import CatternError


def read(course: Course) -> dict:
    """Return the instructor notebook's JSON.

    Raises:
        CatternError: it is missing or not a notebook.
    """
    try:
        notebook = json.loads(course.notebook.read_text(encoding="utf-8"))
        _ = [(cell["cell_type"], cell["source"], cell["metadata"]) for cell in notebook["cells"]]
    except FileNotFoundError:
        raise CatternError(f"{course.notebook} is missing: there is no notebook to release") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatternError(f"{course.notebook} is not a notebook: {error!r}") from None
    return notebook


def require(course: Course) -> None:
    """Refuse a course that has no notebook of its lab: without it there is no solution of the theory, and no page.

    Raises:
        CatternError: it is missing.
    """
    if not course.notebook.is_file():
        raise CatternError(
            f"{course.notebook} is missing: a course's folder holds the notebook of each of its labs; copy "
            f"notebooks/{course.lab_name} into it, or name the right folder with --course"
        )


def solution_cells(course: Course) -> dict[str, str]:
    """Return the code of the instructor notebook's solution cells, grade_id → source; empty without a notebook."""
    if not course.notebook.is_file():
        return {}
    return {
        tag(cell)["grade_id"]: markers.source_of(cell)
        for cell in read(course)["cells"]
        if cell["cell_type"] == "code" and tag(cell).get("solution")
    }


def released(course: Course) -> dict:
    """Return the notebook's JSON as students get it: nbgrader's release of it has the same cells with the same text.

    Raises:
        CatternError: as `read`; or its markers are wrong.
    """
    notebook = read(course)
    cells = []
    for cell in in_course(notebook["cells"], course):
        where = label(course.notebook.name, cell)
        bare = {**cell, "source": markers.without_solution(cell, where)}
        cells.append({**cell, "source": markers.without_hidden_tests(bare, where)})
    return {**notebook, "cells": cells}


def in_course(cells: list, course: Course) -> list[dict]:
    """Return an instructor notebook's cells as a course gives them: with its points, and without the tasks it leaves out.

    Of a task left out, the answer goes and so does a theory question; a test of what stands in a file stays as a cell
    without points, because the file is handed out solved.
    """
    tasks = {task.grade_id: task for task in course.lab.tasks if task.grade_id}
    left_out = {t.grade_id: t for t in course.rubric.tasks if t.grade_id and t.grade_id not in tasks}
    answers = {name for grade_id, t in left_out.items() for name in (t.cell, f"{grade_id}-answer")}
    kept = []
    for cell in cells:
        about = tag(cell)
        name = about.get("grade_id")
        if name in left_out and left_out[name].source == "module" and not about.get("solution"):
            shown = markers.without_hidden_tests(cell, label(course.notebook.name, cell))
            metadata = {key: value for key, value in cell["metadata"].items() if key != "nbgrader"}
            cell = {**cell, "source": shown, "metadata": metadata}
        elif name in left_out or name in answers:
            continue
        elif name in tasks and about.get("grade"):
            points = tasks[name].points
            about = {**about, "points": int(points) if float(points).is_integer() else points}
            cell = {**cell, "metadata": {**cell["metadata"], "nbgrader": about}}
        kept.append(cell)
    return kept


def tag(cell: Mapping) -> Mapping:
    """Return nbgrader's metadata of a cell; empty where there is none."""
    return cell["metadata"].get("nbgrader") or {}


def label(notebook: str, cell: Mapping, number: int = 0) -> str:
    """Return what an error calls a cell: "two_layer_net.ipynb, cell todo3"."""
    return f"{notebook}, cell {tag(cell).get('grade_id') or number or cell.get('id')}"
