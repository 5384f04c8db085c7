"""What is said of a task whose process came to no good end, or was stopped on the way."""

import re
from pathlib import PurePosixPath

from autograder.sandbox import Outcome
from cattern.checking import run as probing
from cattern.checking.agent.looks import loops_of
from cattern.checking.lab import Task
from cattern.checking.verdict import TaskVerdict

# What a task that gave no answer is called, and what the student reads. Nothing in it depends on load.
ENDINGS = {
    "timeout": ("timeout", "it did not finish within the time limit"),
    "memory": ("error", "it needed more memory than there is"),
    "files": ("error", "it made far too many files"),
    "crash": ("error", "the process crashed"),
    "exit": ("error", "the process ended without an answer"),
    "output": ("error", "it returned more data than any right answer has"),
}


def stopped(outcome: Outcome, source: str, file: str) -> tuple[str, int]:
    """Return what to say where the time of a task was over, and the line at which it was stopped; 0 where nobody knows.

    The line is what its own process says: a wrong number names another line of the student's own file.
    """
    lines, still = source.splitlines(), re.findall(r"^still at line (\d{1,6})$", outcome.notes, re.MULTILINE)
    number = int(still[-1]) if still else 0
    if not 0 < number <= len(lines):
        return ENDINGS["timeout"][1], 0
    what = "this loop" if any(loop.start == number for loop in loops_of(source)) else "this"
    code = probing.printable(lines[number - 1].strip())
    where = f"line {number} of {PurePosixPath(file).name} (`{code}`)"
    return f"{ENDINGS['timeout'][1]}: {where}: {what} had not ended", number


def ended(task: Task, outcome: Outcome) -> TaskVerdict:
    """Return the verdict on a task that ended without an answer."""
    status, rationale = ENDINGS[outcome.status]
    if outcome.status == "crash" and outcome.signal:
        rationale += f" ({outcome.signal})"
    return plain(task, status, rationale)


def plain(task: Task, status: str, rationale: str, evidence: dict | None = None) -> TaskVerdict:
    """Return the verdict on a task of which nothing is earned."""
    return TaskVerdict(task.id, task.title, status, 0.0, task.points, rationale, evidence or {})
