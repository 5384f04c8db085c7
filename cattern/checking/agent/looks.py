"""Where code is while it takes too long: the loop that does not end is found from a few looks at what runs."""

import ast
import linecache
from types import FrameType

LOOKS = 25
PAUSE = 0.01  # seconds of computing between two looks
Look = list[tuple[str, str, int]]  # (file, function, line) of the student's frames, the outermost first


def look_at(frame: FrameType | None, files: set[str]) -> Look:
    """Return where the code of some files is."""
    places = []
    while frame:
        if frame.f_code.co_filename in files:
            places.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return places[::-1]


def stuck_at(looks: list[Look]) -> tuple[str, int, bool] | None:
    """Return the file and the line of what does not end, and whether that is a loop; None when no file's code runs all the time."""
    depth = 0  # how many frames were the same function in all looks
    for frames in zip(*looks, strict=False):
        if len({(file, function) for file, function, _ in frames}) > 1:
            break
        depth += 1
    for level in reversed(range(depth)):
        file = looks[0][level][0]
        if loop := smallest_loop(file, {places[level][2] for places in looks}):
            return file, loop, True
    for level in reversed(range(depth)):  # no chance look decides
        if len({places[level] for places in looks}) == 1:
            return looks[0][level][0], looks[0][level][2], False
    return (looks[-1][depth - 1][0], looks[-1][depth - 1][2], False) if depth else None


def smallest_loop(file: str, lines: set[int]) -> int | None:
    """Return the line of the smallest loop of a file that holds all these lines, or None."""
    loops = [loop for loop in loops_of("".join(linecache.getlines(file))) if lines <= {*loop}]
    return max((loop.start for loop in loops), default=None)


def loops_of(source: str) -> list[range]:
    """Return the lines of every loop of a source; none when it is not Python."""
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [range(n.lineno, n.end_lineno + 1) for n in nodes if isinstance(n, ast.While | ast.For)]
