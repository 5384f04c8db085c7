"""One submission in, one verdict out: sends each task's probes through the sandbox and lets the judge read the answers."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module

from autograder.grading.endings import ended, plain, stopped
from autograder.sandbox import Limits, Outcome, Sandbox
from autograder.solution.reference import SolutionReference
from autograder.submission import Submission
from cattern.checking import run as probing
from cattern.checking import wire
from cattern.checking.channel import Channel, Pipe, PipeError
from cattern.checking.facts import Answer
from cattern.checking.judge import Earlier, judge_task
from cattern.checking.lab import Lab, Task
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.explain import Explainer, unexplained
from cattern.checking.locate.runner import There
from cattern.checking.verdict import TaskVerdict, Verdict

# Of the time that a task takes, its computing counts against the submission's budget. Waiting counts only where no busy
# machine explains it: a budget in wall time alone would give another verdict under load.
PATIENCE, SLOWER = 5.0, 20.0  # seconds, and times as long as the computing
EXPLAINING = 3  # times the wall time of a task, at most, for finding places: an honest file takes a second


class WallBroken(Exception):
    """The sandbox itself failed, twice: the submission has no verdict."""


class OverBudget(Exception):
    """Reading or judging a submission costs more than one may cost."""


def grade_submission(
    submission: Submission,
    reference: SolutionReference,
    sandbox: Sandbox,
    limits: Limits,
    seconds: float = 60.0,
) -> Verdict:
    """Return the verdict on one submission.

    Args:
        submission: what was handed in.
        reference: what the solution gives.
        sandbox: where student code runs.
        limits: of every task.
        seconds: computing time of all tasks together, and waiting that only sleep explains; what is done by then counts.

    Raises:
        WallBroken: the sandbox could not run one of the tasks.
    """
    started = time.monotonic()
    grading = Grading(submission, reference, sandbox, limits, seconds)
    judged = [grading.verdict_in_time(task) for task in reference.lab.tasks]
    tasks = tuple(map(grading.explained, reference.lab.tasks, judged))  # all marks are final by now
    took = time.monotonic() - started
    repairs = tuple(dict.fromkeys([*submission.repairs, *grading.remarks]))
    return Verdict(reference.lab.name, submission.student, "graded", tasks, repairs, took)


@dataclass
class Grading:
    """One submission while it is graded, task by task in the lab's order.

    Attributes:
        submission: what was handed in.
        reference: what the solution gives.
        sandbox: where student code runs.
        limits: of every task.
        seconds: of all tasks together.
        found: task id → what the tasks after it need to know of it.
        answers: task id → what the student's code gave, for the tasks that gave an answer.
        remarks: what was noticed on the way, for people.
        endless: text of a file → lines of it that a task was stopped at.
    """

    submission: Submission
    reference: SolutionReference
    sandbox: Sandbox
    limits: Limits
    seconds: float = 60.0
    found: dict[str, Earlier] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    endless: dict[str, set[int]] = field(default_factory=dict)

    def __post_init__(self):
        self._left = self.seconds
        self._given_up = False

    def verdict_in_time(self, task: Task) -> TaskVerdict:
        """Judge one task as `verdict` does; where that costs too much, all after it are out of time as well."""
        try:
            return self.verdict(task)
        except OverBudget as error:
            self._left = 0.0
            return plain(task, "timeout", str(error))

    def verdict(self, task: Task) -> TaskVerdict:
        """Judge one task; those it builds on come before it.

        Raises:
            WallBroken: the sandbox failed twice.
        """
        self.found[task.id] = Earlier()
        if task.source == "data":
            return _by_data(task, self.submission, self.reference)
        if task.source == "hand":
            return plain(task, "skipped", "a person grades this one")
        if self._left <= 0:
            why = f"the tasks before it used up the {self.seconds:g} s that a whole submission has"
            return plain(task, "timeout", why)
        limits = replace(self.limits, wall_seconds=min(self.limits.wall_seconds, self.seconds))
        came = answers_of(
            task,
            self.submission,
            self.reference,
            self.sandbox,
            limits,
            self.remarks,
            self._spend,
            self.endless,
        )
        if isinstance(came, TaskVerdict):
            return came
        if not came.stopped:
            self.answers[task.id] = came.answers
        verdict, self.found[task.id] = judge_task(
            self.reference.lab, task, came.answers, self.reference, self.found, came.stopped
        )
        return verdict

    def _spend(self, outcome: Outcome, wall: float, limits: Limits) -> None:
        """Take what a task cost off the budget."""
        if outcome.status == "timeout" and outcome.detail == "wall":
            self._left -= limits.wall_seconds
        else:
            waited = wall - SLOWER * outcome.cpu_seconds - PATIENCE
            self._left -= outcome.cpu_seconds + max(0.0, waited)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.reference.lab, self.reference, {})

    def repairs(self, task: Task) -> list[Repair]:
        """Return the places that were found in the file of a task, and what belongs there."""
        return self._explainer.repairs.get(self.reference.lab.file_of(task), [])

    def explained(self, task: Task, verdict: TaskVerdict) -> TaskVerdict:
        """Return a verdict with the places in the student's code that explain it; its marks stay as they are.

        The instrumented file runs in a sandbox of its own. Whatever it does, the verdict is the one there is. What ends
        it is the number of steps, so that the words do not depend on load; a file that breaks out of that is not tried again.
        """
        answers = self.answers.get(task.id)
        if self._given_up or answers is None or not unexplained(task, verdict):
            return verdict
        files, found = files_for(self.reference.lab, task, self.submission), verdict
        file = self.reference.lab.file_of(task)
        self._explainer.texts |= {file: files[file].decode()}

        def converse(pipe: Pipe) -> None:
            nonlocal found
            channel = Channel(pipe)
            self._explainer.open_runner = lambda lab, task, texts: There(channel, lab, task, texts[file])
            with contextlib.suppress(Exception):  # of absurd values: no words, and nothing else lost
                found = self._explainer.explained(task, verdict, answers, self.found)

        limits = replace(self.limits, wall_seconds=EXPLAINING * self.limits.wall_seconds)
        outcome = self.sandbox.run(files, file.encode(), limits, converse=converse)
        self._given_up = outcome.status != "ok"
        return found


@dataclass(frozen=True)
class Came:
    """What the submission's code answered to a task's probes, and why it was stopped on the way, if it was."""

    answers: list[Answer]
    stopped: str = ""


def answers_of(
    task: Task,
    submission: Submission,
    reference: SolutionReference,
    sandbox: Sandbox,
    limits: Limits,
    remarks: list[str] | None = None,
    spend: Callable[[Outcome, float, Limits], None] = lambda outcome, wall, limits: None,
    endless: dict[str, set[int]] | None = None,
) -> Came | TaskVerdict:
    """Return what the submission's code answers to a task's probes, or the verdict when there is no answer.

    Modules that it imports and that are missing are named in `remarks`: they cost points where they are used only.
    `spend` is told what it cost. Where it did not end is kept in `endless`, and is not waited for as long again.

    Raises:
        WallBroken: the sandbox failed twice.
    """
    files, file = files_for(reference.lab, task, submission), reference.lab.file_of(task)
    if files is None:
        if task.source == "cell":
            return plain(task, "missing", f"the cell {task.cell!r} is empty, or not in the submission")
        return plain(task, "missing", f"there is no {file} in the submission", {"absent": file})
    probes = reference.probes(task)
    try:
        source = files[file].decode()
    except UnicodeDecodeError as error:
        return plain(task, "error", f"{file} is not text in UTF-8: {error.reason}")
    answers, trouble = None, ""
    known = (endless if endless is not None else {}).setdefault(source, set())

    def converse(pipe: Pipe) -> None:
        nonlocal answers, trouble
        try:
            answers, absent = probing.run_remotely(
                Channel(pipe), reference.lab, task, probes, source, sorted(known)
            )
            if absent and remarks is not None:
                remarks.append(f"{file}: imports {', '.join(absent)}: not there when this is graded")
        except PipeError as error:
            trouble = str(error)
            raise

    for _ in range(2):
        started = time.monotonic()
        outcome = sandbox.run(files, file.encode(), limits, converse=converse)
        spend(outcome, time.monotonic() - started, limits)
        if outcome.status != "sandbox":
            break
    else:
        raise WallBroken(f"{submission.student}, {task.id}: the sandbox failed twice: {outcome.notes}")
    why, line = stopped(outcome, source, file)
    known |= {line} - {0}
    if outcome.status == "timeout":
        return plain(task, "timeout", why)
    if outcome.status != "ok":
        return ended(task, outcome)
    if answers is None:
        return plain(task, "error", f"its answer could not be read: {trouble}")
    return Came(answers, why if line else "")


def files_for(lab: Lab, task: Task, submission: Submission) -> Mapping[str, bytes] | None:
    """Return the files a task's process needs, or None when the one with the answer is missing."""
    files = dict(submission.files)
    if task.source == "cell":
        if not submission.cells.get(task.cell, "").strip():
            return None
        files["cell.py"] = submission.cells[task.cell].encode()
    return files if lab.file_of(task) in files else None


def _by_data(task: Task, submission: Submission, reference: SolutionReference) -> TaskVerdict:
    """Judge a data file, with the lab's own reader."""
    raw = submission.data.get(task.data)
    if raw is None:
        return plain(task, "missing", f"there is no {task.data} in the submission: the notebook writes it")
    try:
        arrays = wire.read_npz(raw)
    except wire.WireError as error:
        return plain(task, "fail", f"{task.data} could not be read: {error}")
    return import_module(f"autograder.labs.{reference.lab.name}.data").judge(task, arrays)
