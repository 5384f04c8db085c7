"""What a class costs: submissions of lab 1 with notebook, code and weights, two in five of them wrong, graded end to end."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure import ONE_THREAD, ROOT, Row, cpu, process

LAB = "two_layer_net"
PEERS = 20  # submissions that are also given to stock nbgrader
SIZES = (10, 100, 1000)
WRONG = 0.4


def rows(work: Path) -> list[Row]:
    largest = work / "class"
    found = []
    for size in SIZES:
        grading = Grading(work, largest, size)
        quick = int(size == SIZES[0])
        found += [
            Row(
                f"`cattern grade`, {size} submissions", grading.wall, unit="wall s", runs=1, quick_runs=quick
            ),
            Row(f"the same, CPU of each of {size}", grading.cpu_each, runs=1, quick_runs=0),
            Row(
                f"the same, peak memory of one of its processes, {size}",
                grading.peak,
                unit="MB",
                runs=1,
                quick_runs=0,
            ),
            Row(
                f"`cattern grade` again, {size} unchanged",
                grading.again,
                unit="wall s",
                runs=3,
                quick_runs=quick,
            ),
        ]
    peers = Grading(work, largest, PEERS)
    found.append(
        Row(
            f"CPU of a submission, {PEERS} of them",
            peers.cpu_each,
            lambda: nbgrader_each(work, largest),
            "stock `nbgrader autograde`",
            runs=1,
            quick_runs=0,
        )
    )
    return found


def make_class(top: Path, size: int) -> None:
    """Add submissions to a class until it has `size`: right ones, and one mistake of the catalogue in each of the others."""
    from autograder import bundle
    from autograder.course import Course
    from autograder.demo import sample_class
    from autograder.notebook import solution_cells
    from autograder.solution import patches as catalogue

    course = Course.open(LAB, ROOT, "benchmark")
    lab, mistakes = course.lab, catalogue.load(LAB)
    release = json.loads(bundle.handed_out(course)[f"{LAB}.ipynb"])
    everything = {task.id for task in lab.tasks}
    book = json.dumps(sample_class.filled_notebook(release, solution_cells(course), lab, everything))
    top.mkdir(parents=True, exist_ok=True)
    weights = top.parent / "weights.npz"
    if not weights.is_file():
        rng = np.random.default_rng(0)
        shapes = {"W1": (784, 175), "b1": 175, "W2": (175, 10), "b2": 10}
        np.savez(weights, **{name: rng.normal(size=shape) for name, shape in shapes.items()})
    for number in range(len(list(top.iterdir())), size):
        folder = top / f"s{number:04}" / LAB
        wrong = int((number + 1) * WRONG) > int(number * WRONG)
        chosen = [mistakes[number % len(mistakes)]] if wrong else []
        for file in lab.student_files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            text = sample_class.student_file(
                file, everything, [m for m in chosen if m.source == file], {"name": ""}
            )
            (folder / file).write_text(f"# {number}\n{text}", encoding="utf-8")
        (folder / f"{LAB}.ipynb").write_text(book, encoding="utf-8")
        os.link(weights, folder / "best_net.npz")


class Grading:
    """One class of one size: graded once from nothing, what that took, and graded again."""

    def __init__(self, work: Path, largest: Path, size: int):
        self._size, self._largest = size, largest
        self._submitted, self._out = work / f"submitted-{size}", work / f"grades-{size}"
        command = [sys.executable, "-m", "cattern", "grade", LAB, self._submitted, "--out", self._out]
        self.again = process(*command, wall=True)
        self._command = [*map(str, command)]
        self._took: dict[str, float] = {}

    def wall(self) -> float:
        """Return the wall seconds of a run from nothing."""
        make_class(self._largest, self._size)
        self._submitted.mkdir(exist_ok=True)
        for folder in sorted(self._largest.iterdir())[: self._size]:
            shutil.copytree(folder, self._submitted / folder.name, copy_function=os.link, dirs_exist_ok=True)
        shutil.rmtree(self._out, ignore_errors=True)
        before, started = cpu(resource.RUSAGE_CHILDREN), time.monotonic()
        environment = os.environ | ONE_THREAD
        subprocess.run(
            self._command,
            check=True,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._took["wall"] = time.monotonic() - started
        self._took["cpu"] = cpu(resource.RUSAGE_CHILDREN) - before
        self._took["peak"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        return self._took["wall"]

    def _measured(self, what: str) -> float:
        if not self._took:
            self.wall()
        return self._took[what]

    def cpu_each(self) -> float:
        """Return the CPU seconds of one submission, everything counted, in that run."""
        return self._measured("cpu") / self._size

    def peak(self) -> float:
        """Return the memory of the largest process in that run (and of all before it), in MB."""
        return self._measured("peak")


def nbgrader_each(work: Path, largest: Path) -> float:
    """Return the CPU seconds of a submission when stock nbgrader executes its notebook, tests and all."""
    course = work / "nbgrader"
    shutil.rmtree(course, ignore_errors=True)
    (course / "source" / LAB).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / LAB / f"{LAB}.ipynb", course / "source" / LAB)
    for folder in sorted(largest.iterdir())[:PEERS]:
        shutil.copytree(folder, course / "submitted" / folder.name)
        for package in (
            "cattern",
            "mnist_data",
        ):  # a stock course restores nothing: students hand all of it in
            shutil.copytree(
                ROOT / package,
                course / "submitted" / folder.name / LAB / package,
                dirs_exist_ok=True,
                ignore=lambda where, names: [
                    n for n in names if n in ("neural_net.py", "__pycache__") or n.endswith(".gz")
                ],
            )
    nbgrader = [sys.executable, "-m", "nbgrader"]
    process(*nbgrader, "generate_assignment", LAB, cwd=course)()
    run: Callable[[], float] = process(
        *nbgrader, "autograde", LAB, "--ExecutePreprocessor.timeout=600", cwd=course, ok=(0, 1)
    )
    return run() / PEERS
