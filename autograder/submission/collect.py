"""Reads what was handed in, folder, archive or loose files, into memory: nothing is written, no link is followed, everything is capped.

An archive counts as a folder of its own name: `hand-in.zip/cattern/neural_net.py`. What is left out is named in plain
sentences, in an order that depends on names alone.
"""

import errno
import heapq
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from autograder.submission.repair import shown
from autograder.submission.unpack import MAX_DEPTH, MAX_TOTAL, Member, MiB, members, special

MAX_BYTES = {"notebook": 32 * MiB, "python": MiB, "data": 16 * MiB, "archive": 64 * MiB, "other": 16 * MiB}
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
    kind_of: Callable[[str], str]
    others: bool
    files: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    archives: list[tuple[str, bytes, int]] = field(default_factory=list)
    used: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})  # of interest or not → bytes
    system: bool = False  # whether there were system files

    def leaves_out(self, name: str) -> bool:
        """Say whether a file or folder of this name is a tool's own, and remember if it was the operating system's."""
        self.system = self.system or is_system(name)
        return leaves_out(name)

    def take(self, path: str, size: int, read: Callable[[int], bytes], level: int) -> None:
        """Read one file of interest if its size allows; `read(n)` gives at most n bytes."""
        kind = self.kind_of(path.rpartition("/")[2])
        if kind == "other" and not self.others:
            self.files.append(Found(path, kind, b""))
            return
        limit = min(MAX_BYTES[kind], MAX_TOTAL - self.used[kind != "other"])
        data = read(limit + 1) if size <= limit else b""
        if size > limit or len(data) > limit:
            at_most = (
                f"{kind} files may have {_megabytes(MAX_BYTES[kind])}, all files {_megabytes(MAX_TOTAL)}"
            )
            self.notes.append(
                f"ignored {shown(path)}: too large ({_megabytes(max(size, len(data)))}; {at_most})"
            )
            return
        self.used[kind != "other"] += len(data)
        if kind == "archive":
            self.archives.append((path, data, level))
        else:
            self.files.append(Found(path, kind, data))


def collect_files(
    top: Path | Mapping[str, Path], kind_of: Callable[[str], str], others: bool = False
) -> tuple[list[Found], list[str]]:
    """Return the files under `top` (a folder, an archive or a single file) and what was left out, and why.

    Args:
        top: never followed if it is a symbolic link. Or several, by the names that their paths shall begin with.
        kind_of: says of a file name whether it is a "notebook", "python", "data", "archive" or "other" (of no interest).
        others: whether those of no interest are read; else they are found with no bytes.
    """
    haul = _Haul(kind_of, others)
    for name, path in sorted(top.items()) if isinstance(top, Mapping) else [("", top)]:
        _take(haul, name, path)
    # Archives last, so that what lies open is read before the total is used up.
    while haul.archives:
        path, data, level = haul.archives.pop(0)
        _take_archive(haul, path, data, level)
    if haul.system:
        haul.notes.append("ignored the operating system's own files (such as __MACOSX or .DS_Store)")
    return haul.files, haul.notes


def leaves_out(name: str) -> bool:
    """Say whether a file or folder of this name is never the student's work: a tool's own, or hidden."""
    return name.startswith(".") or name.lower() in _TOOLS | _SYSTEM


def files_under(top: Path | Mapping[str, Path]) -> Iterator[tuple[str, str, Path]]:
    """Yield all of a submission that can make a difference, in a fixed order: files, links and whatever else is no folder.

    Args:
        top: as `collect_files` takes it.

    Yields:
        The name of the part it is in, its place in there ("" for the part itself), and its path.
    """
    for name, path in sorted(top.items() if isinstance(top, Mapping) else [(top.name, top)]):
        if path.is_symlink() or not path.is_dir():
            yield name, "", path
        else:
            yield from islice(((name, inside, place) for inside, place in _files_in(path)), MAX_FILES)


def _files_in(top: Path) -> Iterator[tuple[str, Path]]:
    for folder, inside, files in os.walk(top):
        here = Path(folder)
        deep = len(here.parts) - len(top.parts) > MAX_DEPTH
        links = [name for name in inside if (here / name).is_symlink()]
        # The operating system's own files are noted, so they make a difference; their folders are not looked into.
        system = [name for name in inside if name.lower() in _SYSTEM]
        inside[:] = [] if deep else sorted(name for name in inside if not leaves_out(name))
        for name in sorted({*files, *links, *system}):
            if not leaves_out(name) or is_system(name):
                yield str((here / name).relative_to(top)), here / name


def is_system(name: str) -> bool:
    """Say whether an operating system writes files of this name beside the student's."""
    return name.lower() in _SYSTEM or name.startswith("._")


def read_file(place: Path | str, limit: int) -> bytes:
    """Return at most `limit` bytes of an ordinary file; neither a link nor a pipe is opened.

    Raises:
        OSError: it cannot be read, or is no ordinary file.
    """
    with _opened(place) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not an ordinary file")
        return file.read(limit)


def _opened(place: Path | str) -> BinaryIO:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    return os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def _take(haul: _Haul, name: str, path: Path) -> None:
    """Take a folder, an archive or a file; `name` is what the student called it, "" for the whole submission."""
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError) as problem:
        haul.notes.append(f"cannot read {shown(name or path.name)}: {_reason(problem)}")
        return
    if stat.S_ISDIR(mode):
        _walk(haul, path, f"{name}/" if name else "")
    elif not stat.S_ISREG(mode):
        haul.notes.append(f"ignored {shown(name or path.name)}: {special(mode)}")
    elif not haul.leaves_out(name or path.name):
        _take_file(haul, name or path.name, str(path))


def _walk(haul: _Haul, top: Path, named: str) -> None:
    level, folders = [(named, str(top))], 0
    for _ in range(MAX_DEPTH):
        below = []
        for inside, folder in level:
            folders += 1
            try:
                with os.scandir(folder) as entries:
                    listed = heapq.nsmallest(MAX_FILES + 1, _listed(haul, entries))
                wanted = [(name, mode) for _, name, mode in listed]
            except OSError as problem:
                haul.notes.append(f"cannot read the folder {shown(inside or top.name)}: {_reason(problem)}")
                continue
            if len(wanted) > MAX_FILES and not listed[MAX_FILES][0]:
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


def _listed(haul: _Haul, entries: Iterator[os.DirEntry]) -> Iterator[tuple[bool, str, int]]:
    """Yield whether an entry is of no interest, its name and its mode: in this order what matters comes first."""
    for entry in entries:
        if haul.leaves_out(entry.name):
            continue
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            mode = 0  # named as neither a file nor a folder
        yield stat.S_ISREG(mode) and haul.kind_of(entry.name) == "other", entry.name, mode


def _take_file(haul: _Haul, path: str, place: str) -> None:
    try:
        with _opened(place) as file:
            status = os.fstat(file.fileno())
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
        else:
            if member.path in latest and not _idle(haul, member.path):
                haul.notes.append(
                    f"{shown(path)} holds {shown(member.path)} more than once: took the last one"
                )
            latest[member.path] = member
    order = sorted(latest, key=lambda inside: (_idle(haul, inside), inside.count("/"), inside))
    if len(order) > MAX_FILES and not _idle(haul, order[MAX_FILES]):
        haul.notes.append(f"read only {MAX_FILES} files of {shown(path)}, the first by depth and name")
    for inside in order[:MAX_FILES]:
        try:
            haul.take(f"{path}/{inside}", latest[inside].size, latest[inside].read, level + 1)
        except Exception as problem:
            haul.notes.append(f"cannot unpack {shown(f'{path}/{inside}')}: {_reason(problem)}")


def _idle(haul: _Haul, path: str) -> bool:
    return haul.kind_of(path.rpartition("/")[2]) == "other"


def _reason(problem: BaseException) -> str:
    # An OSError's own text holds the machine's path.
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return shown(text or type(problem).__name__, 120)[1:-1].rstrip(".")


def _megabytes(size: int) -> str:
    return f"{size / MiB:.1f} MB"
