"""Runs a task's driver on a module: the same code for a student's file, for the solution and for every mistake.

In the sandbox it is entered through `answer_request`; nothing here decides anything.
"""

import contextlib
import importlib.util
import io
import linecache
import random
import re
import sys
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np

from cattern.checking import wire
from cattern.checking.facts import Answer, Failure
from cattern.checking.lab import Driver, Lab, Probe, Task, Values, load_lab, module_name

MAX_ELEMENTS = 1_000_000  # in all the arrays of one answer
SEED = 231  # of the global random streams before every probe, so that a submission always draws the same


class ApiError(Exception):
    """The student's file lacks a name, or has another form, than the lab asks for."""


def run(driver: Driver, module: ModuleType, probes: Iterable[Probe], source_file: str) -> list[Answer]:
    """Run a driver on every probe.

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
        return [_answer(driver, module, probe, source_file) for probe in probes]
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])


def _answer(driver: Driver, module: ModuleType, probe: Probe, source_file: str) -> Answer:
    raw: Values = {}
    failure = None
    np.random.seed(SEED)
    random.seed(SEED)
    inputs = {name: v.copy() if isinstance(v, np.ndarray) else v for name, v in probe.inputs.items()}
    try:
        with quiet():
            driver(module, inputs, raw)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit included: it ends the student's call, not the check
        failure = describe(error, source_file)
    return Answer(probe.id, {name: numbers(value) for name, value in raw.items()}, failure)


class Printed(io.TextIOBase):
    """Takes what student code prints, and keeps the beginning."""

    MOST = 1000  # characters

    def __init__(self):
        self._kept, self._size = [], 0

    def write(self, text: str) -> int:
        """Keep some of a text."""
        if self._size < self.MOST:
            self._kept.append(str(text)[: self.MOST - self._size])
        self._size += len(text)
        return len(text)

    def text(self) -> str:
        """Return the beginning of what was printed, fit to be shown."""
        kept = "".join(c if c.isprintable() or c == "\n" else " " for c in "".join(self._kept))
        return kept + ("\n… and more" if self._size > self.MOST else "")

    def clear(self) -> None:
        """Forget it all."""
        self._kept, self._size = [], 0


printed = Printed()  # for the student's own check; a grader never reads it


@contextlib.contextmanager
def quiet():
    """Keep prints and warnings from everybody: what student code says never changes what it is worth."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        yield


def numbers(value) -> "np.ndarray | str":
    """Return a value as a float64 array, or a sentence when it is not made of numbers."""
    if isinstance(value, str):
        return value
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            return f"not numbers but {_kind(value)}"
        if array.size > MAX_ELEMENTS:
            return f"too large: shape {array.shape}"
        return np.array(array, dtype=np.float64)
    except Exception as error:
        return f"not numbers but {_kind(value)} ({type(error).__name__})"


def _kind(value) -> str:
    """Return what a value is: "NoneType", "list of NoneType", "ndarray of object"."""
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} of {value.dtype}"
    inside = f" of {type(value[0]).__name__}" if type(value) in (list, tuple) and value else ""
    return type(value).__name__ + inside


def describe(error: BaseException, source_file: str) -> Failure:
    """Say what was raised and in which line of the student's file."""
    try:
        text = str(error)
    except (Exception, SystemExit):  # its own `__str__` is the student's code, too
        text = ""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", " ".join(text.split()))[:300]
    stub = re.match(r"(TODO#\d+|T\d+)\b", text) if type(error) is NotImplementedError else None
    line = code = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == source_file:
            line, code = frame.lineno, (frame.line or "").strip()[:160] or None
    if isinstance(error, SyntaxError) and error.filename == source_file:  # others name their file in the text
        line, code = error.lineno, str(error.text or "").strip()[:160] or None
        text = str(error.msg or text)
    return Failure(type(error).__name__, text, line, code, stub.group(1) if stub else None)


def load_module(name: str, path: Path, source: str) -> ModuleType:
    """Compile and run Python source as the module `name`, which then stands in `sys.modules`.

    Args:
        name: import name.
        path: where the source is (or would be), for tracebacks.
        source: the text of the module.
    """
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    sys.modules[name] = module
    with quiet():
        exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def answer_task(lab: Lab, task: Task, probes: Iterable[Probe], folder: Path) -> list[Answer]:
    """Load the file (or cell) that holds the task's answer from `folder` and run the task's probes on it.

    A file that cannot be loaded gives that failure as the answer to each probe.
    """
    probes = list(probes)
    file = lab.file_of(task)
    path = folder / file
    try:
        text = path.read_text(encoding="utf-8")
        if task.source == "cell":
            text = (
                "import numpy as np; " + text
            )  # on the first line, so that line numbers stay the cell's own
        module = load_module(module_name(file), path, text)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        failure = describe(error, str(path))
        return [Answer(probe.id, {}, failure) for probe in probes]
    return run(task.driver, module, probes, str(path))


def pack_request(lab: Lab, task: Task, probes: Iterable[Probe]) -> bytes:
    """Return what the sandbox is asked: the lab, the task, and the probes' inputs. No solution, no expectation."""
    arrays, asked = {}, []
    for index, probe in enumerate(probes):
        plain = {}
        for name, value in probe.inputs.items():
            if isinstance(value, np.ndarray):
                arrays[f"{index}.{name}"] = value
            else:
                plain[name] = value
        asked.append({"id": probe.id, "inputs": plain})
    return wire.pack({"lab": lab.name, "task": task.id, "probes": asked}, arrays)


def unpack_request(request: bytes) -> tuple[Lab, Task, list[Probe]]:
    """Return the lab, task and probes of a request."""
    meta, arrays = wire.unpack(request)
    lab = load_lab(meta["lab"])
    probes = []
    for index, asked in enumerate(meta["probes"]):
        prefix = f"{index}."
        given = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
        probes.append(Probe(asked["id"], {**asked["inputs"], **given}))
    return lab, lab.task(meta["task"]), probes


def pack_answers(answers: list[Answer]) -> bytes:
    """Return answers as bytes; `unpack_answers` reads them."""
    arrays, said = {}, []
    for index, answer in enumerate(answers):
        words = {}
        for name, value in answer.values.items():
            if isinstance(value, str):
                words[name] = value
            else:
                arrays[f"{index}.{name}"] = value
        failure = vars(answer.failure) if answer.failure else None
        said.append({"probe": answer.probe, "words": words, "failure": failure})
    return wire.pack({"answers": said}, arrays)


def unpack_answers(response: bytes, probes: list[Probe]) -> list[Answer]:
    """Read answers that came from untrusted code: every field is checked before it is used.

    Raises:
        wire.WireError: the bytes are not answers to these probes.
    """
    meta, arrays = wire.unpack(response)
    said = meta.get("answers") if isinstance(meta, dict) else None
    if not isinstance(said, list) or len(said) != len(probes):
        raise wire.WireError("the answer does not fit the question")
    if sum(array.size for array in arrays.values()) > MAX_ELEMENTS:
        raise wire.WireError(f"it holds more than {MAX_ELEMENTS} numbers")
    answers = []
    for index, (item, probe) in enumerate(zip(said, probes, strict=True)):
        if not isinstance(item, dict) or not isinstance(item.get("words"), dict):
            raise wire.WireError("the answer is not in the form the worker writes")
        values: Values = {str(k)[:80]: printable(str(v), 300) for k, v in item["words"].items()}
        prefix = f"{index}."
        values |= {
            k.removeprefix(prefix): np.asarray(a, np.float64)
            for k, a in arrays.items()
            if k.startswith(prefix)
        }
        answers.append(Answer(probe.id, values, _checked_failure(item.get("failure"))))
    return answers


def printable(text: str, cap: int = 80) -> str:
    """Return the beginning of a text from untrusted hands, without control characters: a terminal will show it."""
    return "".join(c if c.isprintable() else " " for c in text[:cap])


def _checked_failure(raw) -> Failure | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise wire.WireError("the answer's failure is not in the form the worker writes")

    def text(key: str, cap: int) -> str | None:
        value = raw.get(key)
        return printable(value, cap) if isinstance(value, str) else None

    line = raw.get("line")
    todo = text("todo", 20)
    return Failure(
        type=text("type", 80) or "Exception",
        message=text("message", 300) or "",
        line=line if isinstance(line, int) and 0 < line < 10**6 else None,
        code=text("code", 160),
        todo=todo if todo and re.fullmatch(r"TODO#\d+|T\d+", todo) else None,
    )


def answer_request(request: bytes) -> bytes:
    """Answer a request in the current folder, which holds the student's files. This runs inside the sandbox."""
    lab, task, probes = unpack_request(request)
    # the student's files come before their released stubs, also when one imports the other
    import cattern

    cattern.__path__.insert(0, str(Path.cwd() / "cattern"))
    sys.path.append(str(Path.cwd()))
    return pack_answers(answer_task(lab, task, probes, Path.cwd()))
