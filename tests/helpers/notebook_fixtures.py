"""A small instructor notebook of lab 1, and temporary folders to release it from or run it in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from courses import course_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.bundle import PACKAGES
from autograder.course import ROOT
from autograder.release.honoured import record_tests

LAB = "two_layer_net"

SETUP = """import numpy as np

from cattern.neural_net import TwoLayerNet

net = TwoLayerNet(4, 10, 3, std=1e-1)
X = np.ones((5, 4))"""

TEST_SCORES = '''"""The scores have one row per example."""
assert net.loss(X).shape == (5, 3)
### BEGIN HIDDEN TESTS
fresh_inputs = np.full((7, 4), -2.5)
assert net.loss(fresh_inputs).shape == (7, 3)
### END HIDDEN TESTS'''

TUNE = """# TODO#8: keep the best model in `best_net`. Try a few rates.
best_net = None
### BEGIN SOLUTION
best_net = TwoLayerNet(4, 25, 3, std=1e-2)
best_net.train(X, np.zeros(5, int), X, np.zeros(5, int), num_iters=3)
### END SOLUTION"""

TEST_TUNE = '"""There is a best model."""\nassert best_net.predict(X).shape == (5,)'

THEORY = "# T1: the value of `z`.\n### BEGIN SOLUTION\nz_of_the_graph = 0.62 + 0 * 1e-9\n### END SOLUTION"
TEST_THEORY = '"""z is right."""\nassert abs(z_of_the_graph - 0.62) < 1e-3'
PROOF = "The derivative of the log of the partition function is the softmax, so subtract the one-hot label."


def marked(cell, grade_id: str, points: int | None = None, solution: bool = False):
    """Return a cell with nbgrader's metadata: a test when it has points, an answer when it is a solution, or both."""
    about = {"grade_id": grade_id, "grade": points is not None, "solution": solution, "task": False}
    about |= {"locked": points is not None and not solution, "schema_version": 3}
    cell.metadata["nbgrader"] = about | ({} if points is None else {"points": points})
    return cell


def small_notebook():
    """Return an instructor notebook with a test, a tuned cell, a theory question and a proof."""
    cells = [
        new_markdown_cell("# Two layers\n\nFill the TODOs."),
        new_code_cell(SETUP),
        marked(new_code_cell(TEST_SCORES), "todo1", 10),
        marked(new_code_cell(TUNE), "todo8-answer", solution=True),
        marked(new_code_cell(TEST_TUNE), "todo8", 12),
        marked(new_code_cell(THEORY), "t1-answer", solution=True),
        marked(new_code_cell(TEST_THEORY), "t1", 5),
        marked(new_markdown_cell(PROOF), "t4", 5, solution=True),
    ]
    shown = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells}
    cells += [
        marked(new_code_cell(f'"""{task.id}."""'), task.grade_id, task.points)
        for task in course_of(LAB).lab.tasks
        if task.grade_id not in shown
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Mine", "language": "python"}},
    )


def write_course(folder: Path, notebook=None, packages: bool = False) -> Path:
    """Make a course: the notebook, the configuration, and (when asked) packages of its own to edit."""
    home = folder / "notebooks" / LAB
    home.mkdir(parents=True)
    nbformat.write(notebook or small_notebook(), home / f"{LAB}.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    record_tests(course_of(LAB, folder))
    if packages:
        copy_packages(folder)
        for name in ("environment.yml", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
    return folder


def copy_packages(folder: Path) -> None:
    """Copy the packages of a bundle, solved, without any data files beside the loader."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.gz", "*ubyte*")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)


def nbgrader(course, *arguments):
    """Run a stock command where no environment is activated: nothing of ours is on PATH."""
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "CATTERN_MNIST_DIR": ""}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    ran = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]


def instructor_notebook():
    """Return the real notebook of lab 1."""
    return nbformat.read(course_of(LAB).notebook, as_version=4)
