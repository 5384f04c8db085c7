"""Stops a loop that does not end, with an exception in the student's own code: what was asked for goes on as with any other.

When the computing time of the process is over, a few looks tell which loop does not end. That is written to stderr, and
`TookTooLong` is raised. Two seconds are left then, so whatever comes into the same loop again is stopped after a moment. Code
that takes the timer away meets the kernel's limit, which nothing here can change.
"""

import linecache
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from .looks import LOOKS, PAUSE, Look, look_at, loops_of, stuck_at

KNOWN = 2.0  # seconds of computing in a loop in which another process of the submission was stopped
AGAIN = 0.02  # and in one in which this process was
SURE = 10  # times that it was, after which a look is enough
TICK = 0.005  # seconds of computing between two looks at whether it is there
MOST = 20  # exceptions in one call: who catches so many never gives up
_HERE = str(Path(__file__).parent)


class TookTooLong(Exception):
    """The computing time was over while the student's code ran."""


class Stopper:
    """Stops the code of a student's file in this process. It does nothing before it is started."""

    def __init__(self, file: str):
        """Know the file, by the name under which it is compiled."""
        self.file, self.only_end = file, False  # True ends the process: nobody would believe what comes later
        self._loops: list[range] = []
        self._stops, self._since = 0, None
        self._depth, self._told, self._due = 0, 0, ""
        self._looks: list[Look] = []

    def start(self) -> None:
        """Wait until the computing time of the process is over."""
        import resource  # not on Windows, where nothing limits the time

        if resource.getrlimit(resource.RLIMIT_CPU)[0] != resource.RLIM_INFINITY:
            signal.signal(signal.SIGXCPU, self._look)

    def know(self, source: str, lines: Iterable[int]) -> None:
        """Wait no longer than `KNOWN` in what begins on these lines of the student's file."""
        for line in lines:
            loops = [loop for loop in loops_of(source) if loop.start == line]
            self._loops += loops or [range(line, line + 1)]
        if self._loops:
            signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, TICK, TICK)

    def begin(self) -> None:
        """Something is asked for."""
        self._depth += 1
        if self._depth == 1:
            self._told, self._since, self._due = 0, None, ""

    def end(self) -> None:
        """It is done."""
        self._depth -= 1

    def give_back(self) -> None:
        """Go back into the student's code, which called out.

        Raises:
            TookTooLong: its time was over meanwhile.
        """
        if self._due:
            said, self._due = self._due, ""
            raise TookTooLong(said)

    def _look(self, number: int, frame: FrameType | None) -> None:
        """The computing time is over: look at where the code is, again and again; then stop it."""
        self._looks.append(look_at(frame, {self.file}))
        if len(self._looks) < LOOKS:
            signal.signal(signal.SIGPROF, self._look)
            signal.setitimer(signal.ITIMER_PROF, PAUSE)
            return
        found, self._looks = stuck_at(self._looks), []
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # it comes again every second
        if not found:
            _end()
        self.know("".join(linecache.getlines(self.file)), [found[1]])
        self._stop(found[1], frame)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        """Stop what has been in a known loop for too long."""
        now, lines = time.process_time(), [line for _, _, line in look_at(frame, {self.file})]
        loop = next((loop for loop in self._loops for line in lines if line in loop), None)
        if loop is None:
            self._since = None
        elif self._since is None:
            self._since = now
        if loop and now - self._since >= (0 if self._stops >= SURE else AGAIN if self._stops else KNOWN):
            self._stop(loop.start, frame)

    def _stop(self, line: int, frame: FrameType | None) -> None:
        said = f"still at line {line}"
        if not self._stops:
            os.write(2, f"\n{said}\n".encode())
        self._stops, self._told, self._since = self._stops + 1, self._told + 1, None
        if self.only_end or self._told > MOST:
            _end()
        if _is_students(frame):
            raise TookTooLong(said)
        self._due = said


def _is_students(frame: FrameType | None) -> bool:
    """Tell whether an exception goes from a frame through nothing but student code to who called that, and no message is cut."""
    running = frame
    while frame:
        folder, name = os.path.split(frame.f_code.co_filename)
        if folder == _HERE:
            calls = frame.f_code.co_name.startswith("_do_") or name == "commands.py"
            return name == "loading.py" or (calls and frame is not running)
        frame = frame.f_back
    return False


def _end() -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGXCPU)
