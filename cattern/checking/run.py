"""Runs a task's driver on a module: the same code for a student's file, for the solution and for every mistake.

The module is in this process (`run`: the solution, its mistakes, a student's own check), or at the other end of a pipe
(`run_remotely`: a submission, in the sandbox). Nothing here decides anything.
"""

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np

from cattern.checking.agent.loading import describe as describe_raw
from cattern.checking.agent.loading import load_module, load_student, printed, quiet, without_trace
from cattern.checking.agent.values import MAX_ELEMENTS, Opaque
from cattern.checking.channel import Channel, PipeError
from cattern.checking.facts import Answer, Failure
from cattern.checking.lab import Driver, Lab, Probe, Task, Values, module_name
from cattern.checking.remote import Remote
from cattern.checking.source import LEFT_OUT, repaired

NUMPY = "import numpy as np; "  # put in front of a cell; no line that is shown has it
SEED = 231  # of the global random streams before every probe, so that a submission always draws the same


class ApiError(Exception):
    """The student's file lacks a name, or has another form, than the lab asks for."""


def run(driver: Driver, module: ModuleType, probes: Iterable[Probe], source_file: str) -> list[Answer]:
    """Run a driver on every probe, on a module of this process.

    Args:
        driver: the task's driver.
        module: the student's module, or the solution's.
        probes: the calls to make; each starts from the same random state.
        source_file: the path under which the module was compiled, to find the line that raised.

    Returns:
        One answer a probe. Values that were there before an exception are kept.
    """
    kept = np.random.get_state(), random.getstate()
    try:
        answers = []
        for probe in probes:
            np.random.seed(SEED)
            random.seed(SEED)
            with quiet():
                answers.append(answer(driver, module, probe, source_file))
        return answers
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])


def run_remotely(
    channel: Channel, lab: Lab, task: Task, probes: Iterable[Probe], source: str, endless: Iterable[int] = ()
) -> tuple[list[Answer], list[str]]:
    """Load a student's file at the other end of a pipe, and run the task's driver on every probe.

    Args:
        channel: to the agent.
        lab: the lab.
        task: the task.
        probes: the calls to make.
        source: the text of the file (or cell) that holds the task's answer.
        endless: lines of it with a loop that is known not to end.

    Returns:
        One answer a probe, and the names of modules that the file imports and that are missing.

    Raises:
        PipeError: the other process ended, or sent what is no answer.
    """
    probes, file = list(probes), lab.file_of(task)
    source = with_numpy(task, source)
    try:
        absent = channel.load(module_name(file), source, endless)
    except PipeError:
        raise
    except BaseException as error:
        failure = describe(error, file)
        return [Answer(probe.id, {}, failure) for probe in probes], []
    answers, size = [], 0

    def drive(_, inputs: Mapping, out: Values) -> None:
        task.driver(channel.probe(SEED), inputs, out)  # whatever student code left there to be asked

    for probe in probes:
        with np.errstate(all="ignore"):
            answered = answer(drive, None, probe, file)
        size += sum(value.size for value in answered.values.values() if isinstance(value, np.ndarray))
        if size > MAX_ELEMENTS:
            raise PipeError(f"it holds more than {MAX_ELEMENTS} numbers")
        answers.append(answered)
    return answers, absent


def answer(driver: Driver, module: ModuleType, probe: Probe, source_file: str) -> Answer:
    """Run a driver on one probe, from whatever random state there is."""
    raw: Values = {}
    failure = None
    inputs = {name: v.copy() if isinstance(v, np.ndarray) else v for name, v in probe.inputs.items()}
    try:
        driver(module, inputs, raw)
    except (KeyboardInterrupt, PipeError):
        raise
    except BaseException as error:  # SystemExit included: it ends the student's call, not the check
        failure = describe(error, source_file)
    return Answer(probe.id, {name: numbers(value) for name, value in raw.items()}, failure)


def numbers(value) -> "np.ndarray | str":
    """Return a value as a float64 array, or a sentence when it is not made of numbers."""
    if isinstance(value, str):
        return printable(value, 300)
    if value is None or (isinstance(value, np.ndarray) and value.dtype == object and value.tolist() is None):
        return "None (is a `return` missing?)"
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            return _not_numbers(value)
        if array.size > MAX_ELEMENTS:
            return f"too large: shape {array.shape}"
        return np.array(array, dtype=np.float64)
    except PipeError:
        raise
    except Exception as error:
        return f"{_not_numbers(value)} ({type(error).__name__})"


def _not_numbers(value) -> str:
    """Return what a value is: "not numbers but NoneType", "… list of NoneType", "… ndarray of object"."""
    if isinstance(value, Opaque):
        return (
            value.kind if value.kind.startswith("too large") else f"not numbers but {printable(value.kind)}"
        )
    if isinstance(value, np.ndarray):
        return f"not numbers but {type(value).__name__} of {value.dtype}"
    inside = f" of {type(value[0]).__name__}" if isinstance(value, list | tuple) and value else ""
    return f"not numbers but {type(value).__name__}{inside}"


def describe(error: BaseException, source_file: str) -> Failure:
    """Say what was raised and in which line of the student's file, wherever that was."""
    if not hasattr(error, "channel"):
        return _checked_failure(describe_raw(error, source_file))
    failure = _checked_failure(error.failure)
    lines = error.channel.source.splitlines()  # what stands in a line is known here
    code = lines[failure.line - 1].strip()[:160] if failure.line and failure.line <= len(lines) else ""
    if failure.type == "SyntaxError":
        code = code.removeprefix(LEFT_OUT)
    return replace(failure, code=printable(code.removeprefix(NUMPY), 160) or None)


def with_numpy(task: Task, source: str) -> str:
    """Return the text of a task's file; a cell knows NumPy. (It stands on the first line, so that lines keep their numbers.)"""
    return NUMPY + source if task.source == "cell" else source


def answer_task(lab: Lab, task: Task, probes: Iterable[Probe], folder: Path) -> list[Answer]:
    """Load the file (or cell) that holds the task's answer from `folder` and run the task's probes on it, in this process.

    A file that cannot be loaded gives that failure as the answer to each probe.
    """
    probes = list(probes)
    file = lab.file_of(task)
    path = folder / file
    try:
        text = with_numpy(task, repaired(path.read_text(encoding="utf-8"))[0])
        module, _ = load_student(module_name(file), path, text)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure = describe(error, str(path))
        return [Answer(probe.id, {}, failure) for probe in probes]
    return run(task.driver, module, probes, str(path))


def printable(text: str, cap: int = 80) -> str:
    """Return the beginning of a text from untrusted hands, without control characters: a terminal will show it."""
    return "".join(c if c.isprintable() else " " for c in text[:cap])


# An exception's text may hold the inputs of a probe. A number of many digits and a word without end say nothing to a person.
MAX_MESSAGE = 160
_NUMBER = re.compile(r"\d+\.\d{3,}(?:e[-+]?\d+)?|\d{7,}")
_WORD = re.compile(r"[^\s,()\[\]{}'\"]{60,}")


def _told(message: str) -> str:
    """Return what a student reads of the text of what their code raised."""
    return _WORD.sub(lambda m: f"{m[0][:20]}…", _NUMBER.sub("…", printable(message, 300)))[:MAX_MESSAGE]


def _checked_failure(raw: dict) -> Failure:
    def text(key: str, cap: int) -> str | None:
        value = raw.get(key)
        return printable(value, cap) if isinstance(value, str) else None

    line = raw.get("line")
    todo = text("todo", 20)
    return Failure(
        type=text("type", 40) or "Exception",
        message=_told(raw["message"]) if isinstance(raw.get("message"), str) else "",
        line=line if isinstance(line, int) and 0 < line < 10**6 else None,
        code=(text("code", 160) or "").removeprefix(NUMPY) or None,
        todo=todo if todo and re.fullmatch(r"TODO#\d+|T\d+", todo) else None,
    )


__all__ = [
    "SEED", "ApiError", "Remote", "answer", "answer_task", "describe", "load_module", "numbers", "printable",
    "printed", "run", "run_remotely", "without_trace",
]  # fmt: skip
