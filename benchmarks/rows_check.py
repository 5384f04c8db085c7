"""What a student waits for, in a bundle: `cattern check` of one task and of all, after a save, in a notebook; and the set-up."""

import atexit
import subprocess
import sys
import time
from pathlib import Path

from measure import ROOT, Row, process, python

LAB = "two_layer_net"
NUMPY = "`import numpy` in a new Python"


def rows(work: Path) -> list[Row]:
    bundle = solved_bundle(work)
    numpy = python("import numpy", wall=True)

    def check(*words):
        return process(sys.executable, "-m", "cattern", "check", *words, cwd=bundle, wall=True)

    return [
        Row("`cattern check 'TODO#1'`", check("TODO#1"), numpy, NUMPY, "wall s", runs=9),
        Row("`cattern check`, all of lab 1", check(), numpy, NUMPY, "wall s", runs=9),
        Row(
            "from a save to all verdicts, `--watch`", save_to_verdict(bundle), numpy, NUMPY, "wall s", runs=9
        ),
        Row("`check(1)` in a notebook", in_a_notebook(bundle), numpy, NUMPY, "wall s", runs=9),
        Row(
            "set-up: `pip install -r requirements.txt`",
            set_up(work, bundle),
            numpy,
            NUMPY,
            "wall s",
            runs=1,
            quick_runs=0,
        ),
        Row(
            "set-up: what it puts on the disk",
            lambda: megabytes(work / "venv"),
            lambda: sum(map(megabytes, (work / "venv").glob("**/site-packages/numpy*"))),
            "NumPy's part of it",
            "MB",
            runs=1,
            quick_runs=0,
        ),
    ]


def save_to_verdict(bundle: Path):
    """Return a function that saves the file under `check --watch` and returns the seconds until all verdicts are there."""
    watching: list[subprocess.Popen] = []
    file = bundle / "cattern" / "neural_net.py"

    def run() -> float:
        if not watching:
            command = [sys.executable, "-u", "-m", "cattern", "check", LAB, "--watch"]
            watching.append(
                subprocess.Popen(command, cwd=bundle, stdout=subprocess.PIPE, text=True, encoding="utf-8")
            )
            atexit.register(watching[0].kill)
            _until(watching[0], "watching")
            time.sleep(1)  # until the next child waits
        started = time.monotonic()
        file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        _until(watching[0], "points")
        seconds = time.monotonic() - started
        _until(watching[0], "watching")
        time.sleep(1)
        return seconds

    return run


def _until(process: subprocess.Popen, word: str) -> None:
    for line in process.stdout:
        if word in line and "✓" not in line:
            return
    raise RuntimeError("the watching check ended")


def in_a_notebook(bundle: Path):
    """Return a function that makes the call of a notebook's check cell and returns its wall seconds."""
    code = (
        "import time; from cattern import check; t = time.monotonic(); check(1); print(time.monotonic() - t)"
    )

    def run() -> float:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=bundle, capture_output=True, text=True, check=True
        )
        return float(done.stdout.split()[-1])

    return run


def set_up(work: Path, bundle: Path):
    """Return a function that installs what a bundle needs into a new environment and returns the wall seconds."""

    def run() -> float:
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(work / "venv")], check=True)
        pip = next((work / "venv").glob("*/pip*"))
        command = [str(pip), "install", "--quiet", "-r", "requirements.txt"]
        subprocess.run(command, cwd=bundle, check=True, capture_output=True)
        return time.monotonic() - started

    return run


def megabytes(folder: Path) -> float:
    """Return how much a folder holds."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 2**20


def solved_bundle(work: Path) -> Path:
    """Return a released lab 1 whose TODOs are filled in with the solution."""
    command = [sys.executable, "-m", "cattern", "release", LAB, "--out", str(work)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    file = work / LAB / "cattern" / "neural_net.py"
    lines = (ROOT / "cattern" / "neural_net.py").read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "### " not in line), encoding="utf-8")
    return work / LAB
