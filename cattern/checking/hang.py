"""Finds the loop that does not end: looks where the student's code is while it takes too long."""

import linecache
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cattern.checking.agent.looks import Look, look_at, stuck_at

LOOKS = 25  # at where the code is, before it is given up
PAUSE = 0.02  # seconds between two looks


class Watchdog(threading.Thread):
    """Ends the process when the main thread's call takes too long, after saying where it is."""

    def __init__(self, seconds: float, files: set[str], say: Callable[[str], None]):
        """Watch from the start.

        Args:
            seconds: that a call may take.
            files: paths under which the student's files were compiled.
            say: takes the sentence; afterwards the process ends.
        """
        super().__init__(daemon=True)
        self.seconds, self.files, self.say = seconds, files, say
        self._deadline: float | None = None
        self._main = threading.main_thread().ident
        self.start()

    def begin(self) -> None:
        """A call begins."""
        self._deadline = time.monotonic() + self.seconds

    def end(self) -> None:
        """It came back."""
        self._deadline = None

    def run(self) -> None:
        """Look at the clock; when time is up, at the code."""
        looks: list[Look] = []
        while True:
            time.sleep(PAUSE)
            deadline = self._deadline
            left = deadline - time.monotonic() if deadline else PAUSE * (LOOKS + 2)
            if left > PAUSE * LOOKS:
                looks = []
                continue
            looks.append(look_at(sys._current_frames().get(self._main), self.files))
            if left <= 0:
                self.say(where_it_hangs(looks, self.seconds))
                os._exit(0)


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
