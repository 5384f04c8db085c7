"""Stops a loop that does not end, with an exception in the student's own code: what was asked for goes on as with any other.

When the computing time of the process is over, a few looks tell which loop does not end. That is written to stderr, and
`TookTooLong` is raised. Two seconds are left then, so whatever comes into the same loop again is stopped after a moment. Code
that takes the timer away meets the kernel's limit, which nothing here can change.
"""

import linecache
import os
import signal
import time
from collections.abc import Callable, Iterable
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
    """Stops the code of a student's files in this process. It does nothing before it is started, or knows a loop.

    Args:
        files: under whose names the student's code is compiled.
        is_students: tells whether an exception may be raised in a frame; another one is only looked at again.
        give_up: ends the process, where no exception helps.
        most: exceptions between `begin` and `end`.
    """

    def __init__(
        self,
        files: set[str],
        is_students: Callable[[FrameType | None], bool],
        give_up: Callable[[], None],
        most: int = MOST,
    ):
        self.files, self.is_students, self.give_up, self.most = files, is_students, give_up, most
        self.only_end = False  # True ends the process at once: nobody would believe what comes later
        self.told = 0  # times that an exception was raised since something was asked for
        self._loops: list[tuple[str, range]] = []
        self._stops, self._since = 0, None
        self._depth, self._due = 0, ""
        self._looks: list[Look] = []

    def start(self) -> None:
        """Wait until the computing time of the process is over."""
        import resource  # not on Windows, where nothing limits the time

        if resource.getrlimit(resource.RLIMIT_CPU)[0] != resource.RLIM_INFINITY:
            signal.signal(signal.SIGXCPU, self._look)

    def know(self, file: str, source: str, lines: Iterable[int]) -> None:
        """Wait no longer than `KNOWN` in what begins on these lines of a file."""
        for line in lines:
            loops = [loop for loop in loops_of(source) if loop.start == line]
            self._loops += [(file, loop) for loop in loops or [range(line, line + 1)]]
        if self._loops:
            signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, TICK, TICK)

    def stop_at(self, file: str, line: int, frame: FrameType | None) -> None:
        """Stop what is in a loop of a file, now and whenever it comes there again.

        Raises:
            TookTooLong: in the student's code.
        """
        self.know(file, "".join(linecache.getlines(file)), [line])
        self._stop(line, frame)

    def begin(self) -> None:
        """Something is asked for."""
        self._depth += 1
        if self._depth == 1:
            self.told, self._since, self._due = 0, None, ""

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
        self._looks.append(look_at(frame, self.files))
        if len(self._looks) < LOOKS:
            signal.signal(signal.SIGPROF, self._look)
            signal.setitimer(signal.ITIMER_PROF, PAUSE)
            return
        found, self._looks = stuck_at(self._looks), []
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)  # it comes again every second
        if not found:
            self.give_up()
        self.stop_at(found[0], found[1], frame)

    def _tick(self, number: int, frame: FrameType | None) -> None:
        """Stop what has been in a known loop for too long."""
        now, there = time.process_time(), look_at(frame, self.files)
        among = (loop for file, loop in self._loops for f, _, line in there if f == file and line in loop)
        loop = next(among, None)
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
        self._stops, self.told, self._since = self._stops + 1, self.told + 1, None
        if self.only_end or self.told > self.most:
            self.give_up()
        if self.is_students(frame):
            raise TookTooLong(said)
        self._due = said


def only_students(frame: FrameType | None) -> bool:
    """Tell whether an exception goes from a frame of the agent's process to who called the student, and no message is cut."""
    running = frame
    while frame:
        folder, name = os.path.split(frame.f_code.co_filename)
        if folder == _HERE:
            calls = frame.f_code.co_name.startswith("_do_") or name == "commands.py"
            return name == "loading.py" or (calls and frame is not running)
        frame = frame.f_back
    return False


def end_here() -> None:
    """End the process as if its limit had."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGXCPU)
