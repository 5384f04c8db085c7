"""What the benchmarks share: a row, and how it is measured.

A row sets one of our figures beside a peer's. Both run in turn, A B A B …, so that their ratio holds on a slow or a busy
machine; what is shown are medians, and the median of the ratios run by run.
"""

import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "torch", "nbgrader", "scikit-learn", "joblib")
# One BLAS thread for everybody: what is compared is the work, not the number of cores.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what is measured, for whom: "`cattern check`, all of lab 1".
        ours: a function that does it once and returns how much it took, in `unit`.
        peer: the same for what it is compared with, nan where it is not installed; None where there is nothing to compare.
        peer_name: what that is.
        unit: of both: "CPU s", "wall s", "MB".
        runs: how often each is measured, after one time that does not count where it is more than once.
        quick_runs: the same for a quick table; 0 leaves the row out.
        large: only in a large table: it takes many minutes.
    """

    name: str
    ours: Callable[[], float]
    peer: Callable[[], float] | None = None
    peer_name: str = ""
    unit: str = "CPU s"
    runs: int = 5
    quick_runs: int = 1
    large: bool = False


@dataclass(frozen=True)
class Measured:
    """Medians of a row, and of the ratio run by run; None where there is no peer."""

    row: Row
    ours: float
    peer: float | None
    ratio: float | None


def measure(row: Row, quick: bool = False) -> Measured:
    """Return the medians of a row."""
    runs = row.quick_runs if quick else row.runs
    pairs = []
    for _ in range(runs + (runs > 1)):
        pairs.append((row.ours(), row.peer() if row.peer else None))
    counted = pairs[-runs:]
    ours = median(a for a, _ in counted)
    if row.peer is None:
        return Measured(row, ours, None, None)
    return Measured(row, ours, median(b for _, b in counted), median(a / b for a, b in counted))


def process(
    *command, cwd: Path = ROOT, wall: bool = False, ok: Sequence[int] = (0,), env=None
) -> Callable[[], float]:
    """Return a function that runs a command as a process and returns its CPU (or wall) seconds, children included.

    Args:
        command: the program and its arguments.
        cwd: where it runs.
        wall: True for wall seconds.
        ok: exit codes that are as they should be.
        env: more variables.
    """

    def run() -> float:
        environment = {**os.environ, **ONE_THREAD, **(env or {})}
        # nbgrader looks for the commands that it starts there, also where the environment is not on
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        before, started = cpu(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
        if done.returncode not in ok:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
        return time.monotonic() - started if wall else cpu(resource.RUSAGE_CHILDREN) - before

    return run


def python(code: str, *args, **options) -> Callable[[], float]:
    """Return a function that runs Python code in a new process; see `process`."""
    return process(sys.executable, "-c", code, *args, **options)


def timed(call: Callable[[], object]) -> Callable[[], float]:
    """Return a function that makes a call in this process and returns its CPU seconds."""

    def run() -> float:
        before = cpu(resource.RUSAGE_SELF)
        call()
        return cpu(resource.RUSAGE_SELF) - before

    return run


def optional(name: str):
    """Return a module that is no part of the project, from the folder $CATTERN_BENCH_PEERS if need be; None where it is not.

    The folder is made by `pip install --target FOLDER jax optuna`.
    """
    folder = os.environ.get("CATTERN_BENCH_PEERS", "")
    if folder and folder not in sys.path:
        sys.path.append(folder)  # last: what the project has, it has in its own version
    try:
        return import_module(name)
    except ImportError:
        return None


def cpu(who: int) -> float:
    """Return the CPU seconds that this process (RUSAGE_SELF) or its ended children (RUSAGE_CHILDREN) have used."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def machine() -> str:
    """Return what was measured on, in one line: cores, processor, versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {', '.join(found)}"


def as_markdown(measured: Sequence[Measured]) -> str:
    """Return the table as Markdown."""
    lines = ["| what | Cattern | beside | | ratio |", "|---|---:|---|---:|---:|"]
    for m in measured:
        peer = ["", "", ""]
        if m.peer is not None:
            there = not math.isnan(m.peer)
            said = (
                [f"{m.peer:.3g} {m.row.unit}", f"{m.ratio:.2f}" if m.ratio >= 0.1 else f"{m.ratio:.1g}"]
                if there
                else ["not installed", ""]
            )
            peer = [m.row.peer_name, *said]
        lines.append("| " + " | ".join([m.row.name, f"{m.ours:.3g} {m.row.unit}", *peer]) + " |")
    return "\n".join(lines) + "\n"
