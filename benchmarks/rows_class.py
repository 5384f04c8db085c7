"""What a class costs: complete hand-ins of lab 1 (notebook, code, weights), 40 % of them wrong, from the hand-in to the page."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from functools import cache, partial
from itertools import product
from pathlib import Path

import psutil
from classes import LAB, make_class
from measure import ONE_THREAD, ROOT, Row, cpu
from peers import nbgrader_each, otter_each

OURS = 20  # submissions whose cost is compared
HONEST = 8  # the first of them: among those after it, no file ends the process that runs it, which otter waits for without end
PEERS = 2  # of these, what a peer gets, which takes a minute for each; in a large table also all of them
SIZES = (10, 100, 1000)
SECONDS_A_SAMPLE = 0.5


def rows(work: Path) -> list[Row]:
    course, found = partial(make_course, work / "course"), []
    for size in SIZES:
        one = Evening(work / str(size), course, size)
        quick = int(size == SIZES[0])
        each = partial(Row, runs=1, quick_runs=0)
        found += [
            each(f"`cattern grade`, {size} submissions", one.of("grade", "wall"), unit="wall s", quick_runs=quick),
            each(f"the same, CPU of each of {size}", one.of("grade", "cpu", size)),
            each(f"the same, memory of all processes at its peak, {size}", one.of("grade", "memory"), unit="MB"),
            each(f"`cattern grade` again, {size} unchanged", one.of("again", "wall"), unit="wall s", quick_runs=quick),
            each(f"`cattern feedback`, {size} pages and gradebook", one.of("feedback", "wall"), unit="wall s"),
            each(f"the same, CPU of each of {size}", one.of("feedback", "cpu", size)),
        ]  # fmt: skip
    ours, both = Evening(work / str(OURS), course, OURS, HONEST), {"cpu": "CPU s", "wall": "wall s"}
    for name, peer in (("stock `nbgrader autograde`", nbgrader_each), ("`otter run`", otter_each)):
        for count, what in product((PEERS, OURS), both):
            said = f"`cattern grade`, a submission of {OURS} (beside: of {count} of these)"
            theirs = partial(in_unit, what, partial(peer, work / f"{count}", ours.submitted, count))
            options = {"unit": both[what], "runs": 1, "quick_runs": 0, "large": count == OURS}
            found.append(Row(said, ours.of("grade", what, OURS), theirs, name, **options))
    return found


def in_unit(unit: str, peer) -> float:
    """Return one of the two figures of a peer, (CPU, wall)."""
    return peer()[unit == "wall"]


@cache
def make_course(folder: Path) -> Path:
    """Make a course with a gradebook that knows the lab."""
    shutil.copytree(ROOT / "notebooks" / LAB, folder / "notebooks" / LAB)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    run("release", LAB, "--course", folder)
    return folder


class Evening:
    """One class of one size: graded once from nothing, once more unchanged, and given back; each is run when it is asked for."""

    def __init__(self, work: Path, course, size: int, first: int = 0):
        self.submitted, self._grades, self._pages = (work / name for name in ("submitted", "grades", "pages"))
        self._course, self._size, self._first, self._took = course, size, first, {}

    def of(self, step: str, what: str, divided: int = 1):
        """Return a function that gives one figure of a step."""
        return lambda: self.took(step)[what] / divided

    def took(self, step: str) -> dict[str, float]:
        """Return what a step took; those before it have been run by then."""
        if step not in self._took:
            if step == "grade":
                self.submitted.parent.mkdir(parents=True, exist_ok=True)
                make_class(self.submitted, self._size, complete=True, first=self._first)
            else:
                self.took("grade")
            grade = ("grade", LAB, self.submitted, "--out", self._grades)
            words = {"grade": grade, "again": grade}.get(
                step, ("feedback", LAB, self.submitted, "--grades", self._grades, "--out", self._pages)
            )
            self._took[step] = run(*words, "--course", self._course())
        return self._took[step]


def run(*words) -> dict[str, float]:
    """Run a command of Cattern; return its seconds, wall and CPU, and the memory of all its processes at the peak, in MB."""
    before, started = cpu(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "cattern", *map(str, words)],
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = Peak(process.pid)
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(f"cattern {words[0]}: {said[-2000:]}")
    return {
        "wall": time.monotonic() - started,
        "cpu": cpu(resource.RUSAGE_CHILDREN) - before,
        "memory": peak.end(),
    }


class Peak:
    """Looks at a process and all below it while they run: what is shared counts once."""

    def __init__(self, pid: int):
        self._pid, self.most, self._ended = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> float:
        """Return the most memory that they had at a time, in MB."""
        self._ended.set()
        self._thread.join()
        return self.most

    def _look(self) -> None:
        while not self._ended.wait(SECONDS_A_SAMPLE):
            try:
                top = psutil.Process(self._pid)
                found = [proportional(each.pid) for each in (top, *top.children(recursive=True))]
            except psutil.Error:
                continue
            self.most = max(self.most, sum(found))


def proportional(pid: int) -> float:
    """Return a process's memory in MB, pages that it shares divided among those that share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, ProcessLookupError):
        return 0.0
