"""Reads what was handed in, folder or archive, into memory: nothing is written, no link is followed, everything is capped.

An archive counts as a folder of its own name: `hand-in.zip/cattern/neural_net.py`. What is left out is named in plain
sentences, in an order that depends on names alone.
"""

import heapq
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.submission.repair import shown
from autograder.submission.unpack import MAX_DEPTH, MAX_TOTAL, Member, MiB, members, special

MAX_BYTES = {"notebook": 32 * MiB, "python": MiB, "data": 16 * MiB, "archive": 64 * MiB}
MAX_FILES = 2000  # of interest, in one folder or archive
MAX_FOLDERS = 2000
MAX_NESTED = 2  # an archive, and an archive in it

# Written by Jupyter, Python and tools beside the student's work, never by the student.
_TOOLS = {"__pycache__", "node_modules", "site-packages", "venv", "env"}
_SYSTEM = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Found:
    """A file of interest: `path` from the submission's top with `/` between parts, its kind and its bytes."""

    path: str
    kind: str
    data: bytes


@dataclass
class _Haul:
    kind_of: Callable[[str], str | None]
    files: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    archives: list[tuple[str, bytes, int]] = field(default_factory=list)
    used: int = 0
    system: bool = False  # whether there were system files

    def leaves_out(self, name: str) -> bool:
        """Say whether a file or folder of this name is a tool's own, and remember if it was the operating system's."""
        if name.lower() in _SYSTEM or name.startswith("._"):
            self.system = True
            return True
        return name.startswith(".") or name.lower() in _TOOLS

    def take(self, path: str, size: int, read: Callable[[int], bytes], level: int) -> None:
        """Read one file of interest if its size allows; `read(n)` gives at most n bytes."""
        kind = self.kind_of(path.rpartition("/")[2])
        limit = min(MAX_BYTES[kind], MAX_TOTAL - self.used)
        data = read(limit + 1) if size <= limit else b""
        if size > limit or len(data) > limit:
            at_most = (
                f"{kind} files may have {_megabytes(MAX_BYTES[kind])}, all files {_megabytes(MAX_TOTAL)}"
            )
            self.notes.append(
                f"ignored {shown(path)}: too large ({_megabytes(max(size, len(data)))}; {at_most})"
            )
            return
        self.used += len(data)
        if kind == "archive":
            self.archives.append((path, data, level))
        else:
            self.files.append(Found(path, kind, data))


def collect(top: Path, kind_of: Callable[[str], str | None]) -> tuple[list[Found], list[str]]:
    """Return the files of interest under `top` (a folder, an archive or a single file) and what was left out, and why.

    Args:
        top: never followed if it is a symbolic link.
        kind_of: says of a file name whether it is a "notebook", "python", "data", "archive" or None (of no interest).
    """
    haul = _Haul(kind_of)
    try:
        mode = top.lstat().st_mode
    except (OSError, ValueError) as problem:
        return [], [f"cannot read {shown(top.name)}: {_reason(problem)}"]
    if stat.S_ISDIR(mode):
        _walk(haul, top)
    elif not stat.S_ISREG(mode):
        haul.notes.append(f"ignored {shown(top.name)}: {special(mode)}")
    elif kind_of(top.name):
        _take_file(haul, top.name, str(top))
    # Archives last, so that what lies open is read before the total is used up.
    while haul.archives:
        path, data, level = haul.archives.pop(0)
        _take_archive(haul, path, data, level)
    if haul.system:
        haul.notes.append("ignored the operating system's own files (such as __MACOSX or .DS_Store)")
    return haul.files, haul.notes


def _walk(haul: _Haul, top: Path) -> None:
    level, folders = [("", str(top))], 0
    for _ in range(MAX_DEPTH):
        below = []
        for inside, folder in level:
            folders += 1
            try:
                with os.scandir(folder) as entries:
                    wanted = heapq.nsmallest(MAX_FILES + 1, _interesting(haul, entries))
            except OSError as problem:
                haul.notes.append(f"cannot read the folder {shown(inside or top.name)}: {_reason(problem)}")
                continue
            if len(wanted) > MAX_FILES:
                haul.notes.append(
                    f"read only {MAX_FILES} files of {shown(inside or top.name)}, the first by name"
                )
            for name, mode in wanted[:MAX_FILES]:
                path, place = inside + name, f"{folder}/{name}"
                if stat.S_ISDIR(mode):
                    below.append((path + "/", place))
                elif not stat.S_ISREG(mode):
                    haul.notes.append(f"ignored {shown(path)}: {special(mode)}")
                else:
                    _take_file(haul, path, place)
        if folders + len(below) > MAX_FOLDERS:
            haul.notes.append(f"read only {MAX_FOLDERS} folders, the first by depth and name")
            below = below[: max(0, MAX_FOLDERS - folders)]
        level = below  # in order already: every folder was read by name
    if level:
        haul.notes.append(
            f"ignored {shown(level[0][0])} and all that is as deep: more than {MAX_DEPTH} folders deep"
        )


def _interesting(haul: _Haul, entries: Iterator[os.DirEntry]) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if haul.leaves_out(entry.name):
            continue
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            mode = 0  # named as neither a file nor a folder
        if not stat.S_ISREG(mode) or haul.kind_of(entry.name):
            yield entry.name, mode


def _take_file(haul: _Haul, path: str, place: str) -> None:
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode):
                haul.take(path, status.st_size, file.read, level=1)
            else:
                haul.notes.append(f"ignored {shown(path)}: {special(status.st_mode)}")
    except OSError as problem:
        haul.notes.append(f"cannot read {shown(path)}: {_reason(problem)}")


def _take_archive(haul: _Haul, path: str, data: bytes, level: int) -> None:
    if level > MAX_NESTED:
        haul.notes.append(f"ignored {shown(path)}: too many archives in one another")
        return
    try:
        listed = members(data)
    except Exception as problem:  # the readers raise nearly anything on hostile bytes
        haul.notes.append(f"cannot open {shown(path)} as a zip or tar archive: {_reason(problem)}")
        return
    latest: dict[str, Member] = {}
    for member in listed:
        parts = member.path.split("/")
        if any(haul.leaves_out(part) for part in parts if part != ".."):
            continue
        if member.refused:
            haul.notes.append(f"ignored {shown(member.path)} in {shown(path)}: {member.refused}")
        elif haul.kind_of(parts[-1]):
            if member.path in latest:
                haul.notes.append(
                    f"{shown(path)} holds {shown(member.path)} more than once: took the last one"
                )
            latest[member.path] = member
    order = sorted(latest, key=lambda inside: (inside.count("/"), inside))
    if len(order) > MAX_FILES:
        haul.notes.append(f"read only {MAX_FILES} files of {shown(path)}, the first by depth and name")
    for inside in order[:MAX_FILES]:
        try:
            haul.take(f"{path}/{inside}", latest[inside].size, latest[inside].read, level + 1)
        except Exception as problem:
            haul.notes.append(f"cannot unpack {shown(f'{path}/{inside}')}: {_reason(problem)}")


def _reason(problem: BaseException) -> str:
    # An OSError's own text holds the machine's path.
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return shown(text or type(problem).__name__, 120)[1:-1].rstrip(".")


def _megabytes(size: int) -> str:
    return f"{size / MiB:.1f} MB"
