"""How peers grade the hand-ins that Cattern grades: the whole notebook, executed, test cells and all."""

import json
import math
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
from classes import LAB
from measure import ROOT, process

OTTER = "otter-grader==7.0.0"  # a peer, never a dependency: it gets an environment of its own
NOT_THERE = (math.nan, math.nan)


@cache
def nbgrader_each(work: Path, submitted: Path, count: int) -> tuple[float, float]:
    """Return the (CPU, wall) seconds of each of the first submissions when stock nbgrader executes its notebook."""
    course = work / "nbgrader"
    (course / "source" / LAB).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / LAB / f"{LAB}.ipynb", course / "source" / LAB)
    for folder in first(submitted, count):
        whole_copy(folder, course / "submitted" / folder.name / LAB)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    process(*nbgrader, "generate_assignment", LAB, cwd=course)()
    started, options = time.monotonic(), ("--ExecutePreprocessor.timeout=600",)
    took = process(*nbgrader, "autograde", LAB, *options, cwd=course, ok=(0, 1))()
    return took / count, (time.monotonic() - started) / count


@cache
def otter_each(work: Path, submitted: Path, count: int) -> tuple[float, float]:
    """Return the same for otter, which runs the notebook and the same test cells; nan where it cannot be installed."""
    home = work / "otter"
    (home / "tests").mkdir(parents=True)
    otter = [home / "env" / "bin" / "python", "-m", "otter"]
    try:
        subprocess.run([sys.executable, "-m", "venv", home / "env"], check=True, capture_output=True)
        install = [otter[0], "-m", "pip", "install", "-q", OTTER]
        subprocess.run(install, check=True, capture_output=True)
    except subprocess.CalledProcessError:
        return NOT_THERE
    [packages] = (home / "env" / "lib").glob("python*/site-packages")
    # After its own: NumPy, Matplotlib, Jupyter.
    (packages / "ours.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    notebook = json.loads((ROOT / "notebooks" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and about.get("grade") and about.get("locked"):
            name, source = about["grade_id"], "".join(cell["source"])
            test = OTTER_TEST.format(name=name, points=about["points"], source=source)
            (home / "tests" / f"{name}.py").write_text(test, encoding="utf-8")
    (home / "requirements.txt").write_text("numpy\n")
    process(*otter, "generate", "-t", "tests", "-r", "requirements.txt", "-o", "autograder.zip", cwd=home)()
    took, started = 0.0, time.monotonic()
    for folder in first(submitted, count):
        there = home / folder.name
        whole_copy(folder, there)
        (there / "out").mkdir()
        options = ("-a", home / "autograder.zip", "-o", "out", "--no-logo")
        environment = {"MPLBACKEND": "Agg", "PYTHONPATH": str(there)}
        run = process(*otter, "run", *options, f"{LAB}.ipynb", cwd=there, env=environment, ok=(0, 1))
        took += run()
    return took / count, (time.monotonic() - started) / count


OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = {name!r}
points = {points}
SOURCE = {source!r}


@test_case(points=None, hidden=False)
def test_it(env):
    exec(SOURCE, env)
"""


def first(submitted: Path, count: int) -> list[Path]:
    """Return the folders of the first students."""
    return sorted(path for path in submitted.iterdir() if path.is_dir())[:count]


def whole_copy(submission: Path, to: Path) -> None:
    """Copy a submission with what the bundle brings: peers restore nothing, so their students hand in all of it."""
    shutil.copytree(submission, to)
    for package in ("cattern", "mnist_data"):
        ignore = shutil.ignore_patterns("neural_net.py", "__pycache__", "*.gz")
        shutil.copytree(ROOT / package, to / package, dirs_exist_ok=True, ignore=ignore)
