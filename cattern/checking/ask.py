"""Which lab and which tasks are asked about, and the child process that answers: nothing here imports NumPy."""

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cattern.checking.lab import lab_names
from cattern.errors import CatternError, UsageError

SECONDS = 10.0  # for the student's code in one task; an honest one takes a few hundredths of a second
START = 30.0  # seconds in which the child must start, and judge
COMMAND = "python -m cattern"  # what a student can type everywhere; a bundle installs no `cattern`


@dataclass(frozen=True)
class About:
    """What the child says of a task when it starts: so much of `Task` as is asked here, without NumPy.

    Attributes:
        id: "TODO#3".
        title: two or three words.
        points: what it is worth.
        source: as in `Task`: "module", "cell", "data" or "hand".
        file: the student's file, or the data file, that holds the answer.
        needs: ids of the tasks it builds on, directly or not.
        todo: what to do, in one line.
        hints: steps from a nudge to where to read.
    """

    id: str
    title: str
    points: float
    source: str
    file: str
    needs: tuple[str, ...]
    todo: str
    hints: tuple[str, ...]


def lab_and_words(names: list[str], command: str) -> tuple[str, list[str]]:
    """Return the lab, and the words that name tasks, of a command line: "[LAB] [TODO#n] …", in any order.

    Quotes around a word are none of it: cmd.exe hands them on.

    Args:
        names: the words.
        command: which command they were typed after.

    Raises:
        UsageError: more than one lab is named, or none is and the folder does not tell.
    """
    names = [str(name).strip("'\" ") for name in names]
    labs = [n for n in names if n in lab_names()]
    if len(labs) > 1:
        raise UsageError(f"one lab at a time: {' or '.join(labs)}")
    return labs[0] if labs else find_lab(f"{COMMAND} {command} {{lab}}"), [n for n in names if n not in labs]


def chosen(tasks: list[About], lab: str, words: list) -> list[About]:
    """Return the tasks that words name, as a student may name them: "TODO#3", "todo3", "3", 3, "T1".

    Args:
        tasks: all tasks of the lab.
        lab: its name.
        words: none for every task whose answer stands in a file, "all" for every task.

    Raises:
        UsageError: a word names no task; the message lists those there are.
    """
    if not words:
        return [task for task in tasks if task.source == "module"]
    if words == ["all"]:
        return tasks
    known = {_short(task.id): task for task in tasks}
    for word in words:
        if _short(word) not in known:
            ids = ", ".join(task.id for task in tasks)
            raise UsageError(
                f"{word!r} is neither a lab ({', '.join(lab_names())}) nor a task of {lab} ({ids})"
            )
    return [known[_short(word)] for word in words]


def _short(name) -> str:
    return re.sub(r"[#\s]", "", str(name)).upper().removeprefix("TODO")


def package_folder() -> Path:
    """Return the folder of the `cattern` package whose files are checked."""
    import cattern

    return Path(cattern.__file__).resolve().parent


def notebook_of(lab: str) -> Path | None:
    """Return the student's notebook of a lab: in this folder, beside the package, or in `notebooks/`."""
    for folder in (Path.cwd(), package_folder().parent):
        for path in (folder / f"{lab}.ipynb", folder / "notebooks" / lab / f"{lab}.ipynb"):
            if path.is_file():
                return path
    return None


def data_file_of(lab: str, name: str) -> Path | None:
    """Return where a data file that the notebook writes is: beside the notebook, or in this folder."""
    notebook = notebook_of(lab)
    for folder in (notebook.parent if notebook else Path.cwd(), Path.cwd()):
        if (folder / name).is_file():
            return folder / name
    return None


def find_lab(typed: str = COMMAND + " check {lab}") -> str:
    """Return the lab that this folder is about.

    Args:
        typed: what to type where the folder does not tell.

    Raises:
        UsageError: there is none, or more than one; the message says what to type.
    """
    names = lab_names()
    here = [
        n
        for n in names
        if any((f / f"{n}.ipynb").is_file() for f in (Path.cwd(), Path.cwd() / "notebooks" / n))
    ]
    printed = [n for n in names if (Path(__file__).parent / "fingerprints" / f"{n}.bin").is_file()]
    for candidates in (here, printed, names):
        if len(candidates) == 1:
            return candidates[0]
    raise UsageError(f"which lab? Name one of {', '.join(names)}, as in: {typed.format(lab=names[0])}")


class Child:
    """A process that has everything loaded and waits to be asked, once. Start the next one early, and it answers at once."""

    def __init__(self, lab: str):
        """Start it."""
        self.lab = lab
        command = [sys.executable, "-m", "cattern.checking.child", lab, str(package_folder().parent)]
        self._process = subprocess.Popen(
            command,
            cwd=package_folder().parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._tasks: list[About] | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    @property
    def tasks(self) -> list[About]:
        """All tasks of the lab, as soon as the child has said them.

        Raises:
            CatternError: it said nothing; the message holds its last words.
        """
        if self._tasks is None:
            try:
                line = self._lines.get(timeout=START)
            except queue.Empty:
                raise CatternError(
                    f"the check of {self.lab} did not start within {START:g} s: try again"
                ) from None
            if not line:
                last = self._process.stderr.read().strip().splitlines()
                raise CatternError(last[-1].split(": ", 1)[-1] if last else "the check ended without a word")
            self._tasks = [
                About(**{**said, "needs": tuple(said["needs"]), "hints": tuple(said["hints"])})
                for said in json.loads(line)["tasks"]
            ]
        return self._tasks

    def ask(self, tasks: list[About], seconds: float, stop: Callable[[], bool]) -> Iterator[dict]:
        """Yield the child's lines, each as soon as it comes; end when it ends, hangs, or `stop()` is true."""
        files = [notebook_of(self.lab)] + [
            data_file_of(self.lab, t.file) for t in tasks if t.source == "data"
        ]
        question = {
            "tasks": [t.id for t in tasks],
            "seconds": seconds,
            "files": {path.name: str(path) for path in files if path},
        }
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError:
            return  # it has ended already
        patience = time.monotonic() + seconds + START
        while not stop():
            try:
                line = self._lines.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() > patience:
                    return
                continue
            if not line:
                return
            patience = time.monotonic() + seconds + START
            yield json.loads(line)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):  # what it was never told
                stream.close()


def never() -> bool:
    """Say that nothing stops a check."""
    return False


def results(
    lab: str,
    words: list,
    seconds: float = SECONDS,
    child: Child | None = None,
    stop: Callable[[], bool] = never,
) -> Iterator[dict]:
    """Yield a result for each task, as soon as it is known.

    A result is {"verdict": the task's verdict as JSON, "hints": [steps]}, and where there is something to say "stub" (the
    line of the task's own stub that still raises), "printed" (what the student's code printed) and "repairs".

    Args:
        lab: the lab's name.
        words: what names the tasks; see `chosen`.
        seconds: time limit of the student's code in each task.
        child: a process that waits; None starts one.
        stop: when it becomes true no more results come.

    Raises:
        UsageError: a word names no task.
        CatternError: the child could not say anything; the message holds its last words.
    """
    todo: list[About] | None = None
    while todo or todo is None:
        started, hung = None, None
        child = child or Child(lab)
        try:
            todo = chosen(child.tasks, lab, words) if todo is None else todo
            for line in child.ask(todo, seconds, stop):
                if "started" in line:
                    started = line["started"]
                elif "hung" in line:
                    hung = line["hung"]
                elif "verdict" in line:
                    todo = [t for t in todo if t.id != line["verdict"]["id"]]
                    yield line
        finally:
            child.close()
            child = None
        if not todo or stop():
            return
        # the child ended early: what it was at gets the blame
        guilty = next((t for t in todo if t.id == started), todo[0])
        todo.remove(guilty)
        if hung is None:
            where = f" (in {started})" if started and started != guilty.id else ""
            yield _result(guilty, "error", f"the process ended without an answer{where}")
            continue  # the others get another child
        yield _result(guilty, "timeout", hung if guilty.id == started else f"{started} does not end: {hung}")
        for task in todo:  # most would wait for the same loop
            yield _result(task, "skipped", f"not run: {started} does not end")
        return


def _result(task: About, status: str, why: str) -> dict:
    verdict = {"id": task.id, "title": task.title, "status": status, "score": 0.0, "max_score": task.points}
    return {
        "verdict": {**verdict, "rationale": why, "evidence": {}, "mistakes": [], "remarks": []},
        "hints": list(task.hints),
    }
