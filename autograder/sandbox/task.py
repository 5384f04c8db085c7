"""What a task may use, and what became of it: decided from what the wall saw, not from what the task says."""

import dataclasses
import os
import signal
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

from autograder.sandbox.init import ANSWER, CROWDED, FRAME, LATE, OUT_OF_MEMORY, TOO_LONG

MAX_NOTES = 4000  # characters of stderr that are kept

Status = Literal["ok", "timeout", "memory", "files", "crash", "exit", "output", "sandbox"]


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one task may use.

    A task is one process, so its limits are those of all it does: `cpu_seconds` is whole seconds of CPU time of all its
    threads, `wall_seconds` of waiting and working together, `memory` bytes of address space beyond what the warm process
    has, `processes` the number of threads; `file_size` is bytes of one file, and
    `tmp_size` of all files (fixed when the sandbox starts); `output` is bytes of an answer.
    """

    cpu_seconds: int = 5
    wall_seconds: float = 60.0
    memory: int = 2**30
    processes: int = 16
    open_files: int = 64
    file_size: int = 64 * 2**20
    tmp_size: int = 64 * 2**20
    output: int = 64 * 2**20


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a task.

    | status | meaning | detail |
    |---|---|---|
    | ok | a whole answer came | |
    | timeout | a time limit was hit | `cpu` or `wall` |
    | memory | memory ran out | |
    | files | it made far too many files | |
    | crash | a signal ended it | the signal's name |
    | exit | it ended without an answer | the exit code |
    | output | the answer was longer than allowed | |
    | sandbox | the wall itself failed: try again, then say so | |

    `notes` is the end of its stderr (or what failed of the wall), for people: it never influences a mark.
    """

    status: Status
    payload: bytes = b""
    detail: str = ""
    cpu_seconds: float = 0.0
    max_rss: int = 0
    notes: str = ""

    @property
    def signal(self) -> str:
        """The name of the signal that ended it, such as `SIGSEGV`, or nothing."""
        return self.detail if self.status == "crash" else ""


def check_paths(names: Iterable[str]) -> None:
    """Check that a submission's paths stay inside the working directory.

    Raises:
        ValueError: one does not.
    """
    for name in names:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
            raise ValueError(f"{name!r} is not a path inside a submission")


def outcome_of(report: tuple, limits: Limits, nonce: bytes, answer: int, notes: str) -> Outcome:
    """Decide what became of a task whose processes are all gone, from what the warm process saw and the answer file."""
    wait_status, cpu_seconds, max_rss, why = report
    ended_by = os.WTERMSIG(wait_status) if os.WIFSIGNALED(wait_status) else 0

    def outcome(status: Status, detail: str = "", content: bytes = b"") -> Outcome:
        return Outcome(status, content, detail, round(cpu_seconds, 4), max_rss, notes)

    if ended_by and (ended_by == signal.SIGXCPU or cpu_seconds >= limits.cpu_seconds):
        return outcome("timeout", "cpu")
    if why == LATE:
        return outcome("timeout", "wall")
    if why == CROWDED:
        return outcome("files")
    if ended_by:
        name = signal.Signals(ended_by).name if ended_by in signal.valid_signals() else str(ended_by)
        return outcome("crash", name)
    code = os.WEXITSTATUS(wait_status)
    size = os.fstat(answer).st_size - FRAME.size
    if size > limits.output:
        return outcome("output")
    content = os.pread(answer, FRAME.size + max(size, 0), 0)
    if code or size < 0:
        return outcome("exit", str(code))
    said_nonce, kind, length = FRAME.unpack_from(content)
    if said_nonce != nonce or length != size or kind not in (ANSWER, OUT_OF_MEMORY, TOO_LONG):
        return outcome("exit", str(code))
    if kind == OUT_OF_MEMORY:
        return outcome("memory")
    return outcome("output") if kind == TOO_LONG else outcome("ok", content=content[FRAME.size :])


def printable(data: bytes) -> str:
    """Return bytes from untrusted hands as text without control characters."""
    text = data.decode("utf-8", errors="replace")
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text).strip()
