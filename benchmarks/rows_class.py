"""What a class costs: submissions of lab 1 with notebook, code and weights, two in five of them wrong, graded end to end."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from functools import cache, partial
from pathlib import Path

import numpy as np
from measure import ONE_THREAD, ROOT, Row, cpu, process

LAB = "two_layer_net"
OURS, PEERS = (
    20,
    2,
)  # submissions whose cost is compared, and how many of these a peer gets: it takes a minute for each
OTTER = "otter-grader==7.0.0"  # a peer, never a dependency: it gets an environment of its own
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
    ours = Grading(work, largest, OURS)
    for name, peer in (("stock `nbgrader autograde`", nbgrader_each), ("`otter run`", otter_each)):
        found.append(
            Row(
                f"CPU of a submission, everything counted, {OURS} of them (peer: {PEERS} of these)",
                ours.cpu_each,
                partial(peer, work, largest),
                name,
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
        """Return the wall seconds of a run from nothing; it is run once."""
        if self._took:
            return self._took["wall"]
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


@cache
def nbgrader_each(work: Path, largest: Path) -> float:
    """Return the CPU seconds of a submission when stock nbgrader executes its notebook, tests and all."""
    course = work / "nbgrader"
    (course / "source" / LAB).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / LAB / f"{LAB}.ipynb", course / "source" / LAB)
    for folder in sorted(largest.iterdir())[:PEERS]:
        whole_copy(folder / LAB, course / "submitted" / folder.name / LAB)
    nbgrader = [sys.executable, "-m", "nbgrader"]
    process(*nbgrader, "generate_assignment", LAB, cwd=course)()
    options = ("--ExecutePreprocessor.timeout=600",)
    return process(*nbgrader, "autograde", LAB, *options, cwd=course, ok=(0, 1))() / PEERS


@cache
def otter_each(work: Path, largest: Path) -> float:
    """Return the CPU seconds of a submission when otter runs its notebook and the same test cells."""
    home = work / "otter"
    (home / "tests").mkdir(parents=True)
    process(sys.executable, "-m", "venv", home / "env")()
    process(home / "env" / "bin" / "python", "-m", "pip", "install", "-q", OTTER)()
    [packages] = (home / "env" / "lib").glob("python*/site-packages")
    (packages / "ours.pth").write_text(
        f"{Path(np.__file__).parents[1]}\n"
    )  # after its own: NumPy, Matplotlib, Jupyter
    notebook = json.loads((ROOT / "notebooks" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and about.get("grade") and about.get("locked"):
            test = OTTER_TEST.format(
                name=about["grade_id"], points=about["points"], source="".join(cell["source"])
            )
            (home / "tests" / f"{about['grade_id']}.py").write_text(test, encoding="utf-8")
    (home / "requirements.txt").write_text("numpy\n")
    otter = [home / "env" / "bin" / "python", "-m", "otter"]
    process(*otter, "generate", "-t", "tests", "-r", "requirements.txt", "-o", "autograder.zip", cwd=home)()
    took = 0.0
    for folder in sorted(largest.iterdir())[:PEERS]:
        there = home / folder.name
        whole_copy(folder / LAB, there)
        (there / "out").mkdir()
        options = ("-a", home / "autograder.zip", "-o", "out", "--no-logo")
        environment = {"MPLBACKEND": "Agg", "PYTHONPATH": str(there)}
        took += process(*otter, "run", *options, f"{LAB}.ipynb", cwd=there, env=environment)()
    return took / PEERS


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


def whole_copy(submission: Path, to: Path) -> None:
    """Copy a submission with what the bundle brings: peers restore nothing, so their students hand in all of it."""
    shutil.copytree(submission, to)
    for package in ("cattern", "mnist_data"):
        ignore = shutil.ignore_patterns("neural_net.py", "__pycache__", "*.gz")
        shutil.copytree(ROOT / package, to / package, dirs_exist_ok=True, ignore=ignore)
