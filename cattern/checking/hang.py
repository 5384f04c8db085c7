"""Finds the loop that does not end: looks where the student's code is while it takes too long, and stops it there."""

import linecache
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from cattern.checking.agent.looks import Look, look_at, stuck_at
from cattern.checking.agent.stop import Stopper

LOOKS = 25  # at where the code is, before it is given up
PAUSE = 0.02  # seconds between two looks
GRACE = 5.0  # seconds in which a task must end that was told to
MOST = 200  # times that it is told: a task makes some ninety calls
_HERE = str(Path(__file__).parent)


class Watchdog(threading.Thread):
    """Stops the main thread's call when it takes too long, once; whatever comes there again is stopped at once.

    The second time that something else takes too long, or where no exception can be raised (on Windows, or in code that
    catches it), it says where the call is and ends the process.
    """

    def __init__(self, seconds: float, files: set[str], say: Callable[[str], None]):
        """Watch from the start; to be made in the main thread.

        Args:
            seconds: that a call may take.
            files: paths under which the student's files were compiled.
            say: takes the sentence; afterwards the process ends.
        """
        super().__init__(daemon=True)
        self.seconds, self.files, self.say = seconds, files, say
        self.why = ""  # what took too long, once something did
        self._found: tuple[str, int, bool] | None = None
        self._stopper = Stopper(files, self._is_students, self._end, MOST)
        self._deadline: float | None = None
        self._more, self._stops = 0.0, False
        self._main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill"):
            signal.signal(signal.SIGPROF, self._stop)
        self.start()

    @property
    def stopped(self) -> str:
        """Why the call was stopped that was begun last; "" where it was not."""
        return self.why if self._stopper.told else ""

    def begin(self, stops: bool) -> None:
        """A call begins; `stops` tells whether an exception can stop it."""
        self._stops, self._more = stops and hasattr(signal, "pthread_kill"), 0.0
        self._stopper.begin()
        self._deadline = time.monotonic() + self.seconds

    def end(self) -> None:
        """It came back."""
        if self._deadline is not None:
            self._deadline = None
            self._stopper.end()

    def run(self) -> None:
        """Look at the clock; when time is up, at the code."""
        looks: list[Look] = []
        while True:
            time.sleep(PAUSE)
            deadline = self._deadline
            left = deadline + self._more - time.monotonic() if deadline else PAUSE * (LOOKS + 2)
            if left > PAUSE * LOOKS:
                looks = []
                continue
            looks.append(look_at(sys._current_frames().get(self._main), self.files))
            if left <= 0:
                found, why = stuck_at(looks), where_it_hangs(looks, self.seconds)
                if not found or self.why or not self._stops:
                    self.why = self.why if self._more else why
                    self._end()
                self._found, self.why, self._more = found, why, GRACE
                signal.pthread_kill(self._main, signal.SIGPROF)

    def _end(self) -> None:
        self.say(self.why)
        os._exit(0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Stop the call, in the main thread."""
        if self._found:  # else it is a timer of the student's own
            self._stopper.stop_at(*self._found[:2], frame)

    def _is_students(self, frame: FrameType | None) -> bool:
        """Tell whether a frame is the student's own, or of what they called."""
        while frame and frame.f_code.co_filename not in self.files:
            if frame.f_code.co_filename.startswith(_HERE):
                return False
            frame = frame.f_back
        return frame is not None


def where_it_hangs(looks: list[Look], seconds: float) -> str:
    """Say in a sentence what did not end.

    Args:
        looks: for each look at the running code, (file, function, line) of the student's frames, the outermost first.
        seconds: how long it was waited.
    """
    found = stuck_at(looks)
    if found is None:
        return f"it had not ended after {seconds:g} seconds"
    file, line, is_loop = found
    if is_loop:
        return f"{_line(file, line)}: this loop had not ended after {seconds:g} seconds"
    return f"{_line(file, line)}: it was still at this after {seconds:g} seconds"


def _line(file: str, line: int) -> str:
    code = linecache.getline(file, line).strip()
    return f"line {line} of {Path(file).name} (`{code[:80]}`)"
