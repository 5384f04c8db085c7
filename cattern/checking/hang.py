"""Finds the loop that does not end: looks where the student's code is while it takes too long."""

import ast
import linecache
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

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
        looks: list[list[tuple[str, str, int]]] = []
        while True:
            time.sleep(PAUSE)
            deadline = self._deadline
            left = deadline - time.monotonic() if deadline else PAUSE * (LOOKS + 2)
            if left > PAUSE * LOOKS:
                looks = []
                continue
            looks.append(self._places())
            if left <= 0:
                self.say(where_it_hangs(looks, self.seconds))
                os._exit(0)

    def _places(self) -> list[tuple[str, str, int]]:
        """Return (file, function, line) of the student's frames, the outermost first."""
        frame, places = sys._current_frames().get(self._main), []
        while frame:
            if frame.f_code.co_filename in self.files:
                places.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno))
            frame = frame.f_back
        return places[::-1]


def where_it_hangs(looks: list[list[tuple[str, str, int]]], seconds: float) -> str:
    """Say in a sentence what did not end.

    Args:
        looks: for each look at the running code, (file, function, line) of the student's frames, the outermost first.
        seconds: how long it was waited.
    """
    depth = 0  # how many frames were the same function in all looks
    for frames in zip(*looks, strict=False):
        if len({(file, function) for file, function, _ in frames}) > 1:
            break
        depth += 1
    if not depth:
        return f"it had not ended after {seconds:g} seconds"
    for level in reversed(range(depth)):
        file = looks[0][level][0]
        loop = smallest_loop(file, {places[level][2] for places in looks})
        if loop:
            return f"{_line(file, loop)}: this loop had not ended after {seconds:g} seconds"
    file, _, line = looks[-1][depth - 1]
    return f"{_line(file, line)}: it was still at this after {seconds:g} seconds"


def smallest_loop(file: str, lines: set[int]) -> int | None:
    """Return the line of the smallest loop of a file that holds all these lines, or None."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    loops = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.While | ast.For)
        and node.lineno <= min(lines)
        and max(lines) <= node.end_lineno
    ]
    return max((node.lineno for node in loops), default=None)


def _line(file: str, line: int) -> str:
    code = linecache.getline(file, line).strip()
    return f"line {line} of {Path(file).name} (`{code[:80]}`)"
