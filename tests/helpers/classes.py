"""Makes classes of lab 1 as they come in, and says what was planted: right files in many styles, mistakes, blanks, hostile files."""

import json
import os
import random
from pathlib import Path

import numpy as np
from courses import course_of
from lab_styles.two_layer_net import SOLUTION, styles

from autograder import markers
from autograder.bundle import handed_out
from autograder.demo.sample_class import filled_notebook
from autograder.notebook import solution_cells
from autograder.solution import patches

LAB = "two_layer_net"
FILE = "cattern/neural_net.py"
WEIGHTS = "best_net.npz"
HOSTILE = "import os\nos.write(1, b'100 of 100')\nos._exit(0)\n"


def kind_of(number: int) -> str:
    """Return what a class's student number `number` hands in: of a hundred 2 hostile files, 8 blanks, 40 mistakes."""
    if number % 50 == 7:
        return "hostile"
    if number % 12 == 5:
        return "blank"
    return "mistake" if number % 5 in (1, 3) else "right"


def make_class(folder: Path, students: int, complete: bool = False, first: int = 0) -> dict[str, list[str]]:
    """Write `FOLDER/<student>/` for each of a class; who is there already stays. The same number gives the same student.

    Args:
        folder: where; made when missing.
        students: how many.
        complete: the notebook and the weights as well, as in a whole hand-in; else the Python file alone.
        first: the first one's number.

    Returns:
        What was planted: "right", "blank", "hostile", or a mistake's id → the students.
    """
    course, kinds = course_of(LAB), {}
    release = handed_out(course)
    stub, notebook = release[FILE].decode(), json.loads(release[f"{LAB}.ipynb"])
    everything = {task.id for task in course.lab.tasks}
    solved = json.dumps(filled_notebook(notebook, solution_cells(course), course.lab, everything))
    catalogue = {m.id: m for m in patches.load(LAB) if m.source == FILE}
    right = [SOLUTION, *styles().values()]
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder.parent / f"{folder.name}-{WEIGHTS}"
    if complete and not weights.exists():
        rng = np.random.default_rng(0)
        shapes = {"W1": (784, 175), "b1": 175, "W2": (175, 10), "b2": 10}
        np.savez(weights, **{name: rng.normal(size=shape) for name, shape in shapes.items()})
    for number in range(first, first + students):
        kind, draw = kind_of(number), random.Random(number)
        text = stub
        if kind == "right":
            text = markers.unmarked(draw.choice(right))
        elif kind == "mistake":
            kind = sorted(catalogue)[int(len(catalogue) * draw.random() ** 4)]  # some are common
            text = markers.unmarked(patches.apply(SOLUTION, [catalogue[kind]]))
        elif kind == "hostile":
            text = HOSTILE + text
        student = f"s{number:04}"
        kinds.setdefault(kind, []).append(student)
        file = folder / student / FILE
        if file.is_file():
            continue
        file.parent.mkdir(parents=True)
        file.write_text(f"# {number}\n{text}", encoding="utf-8")
        if complete:
            own = json.dumps(notebook) if kind == "blank" else solved
            (folder / student / f"{LAB}.ipynb").write_text(own, encoding="utf-8")
            if kind != "blank":
                os.link(weights, folder / student / WEIGHTS)
    return kinds
