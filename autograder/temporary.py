"""Temporary folders with students' work: gone when their process ends, and, were it killed, at the next start.

A folder's name holds the process that made it, so that the next one can tell which folders nobody owns any more.
"""

import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_NAME = re.compile(r"cattern-[a-z]+-(\d+)-(\d+)-\w+")


@contextlib.contextmanager
def work_folder(what: str) -> Iterator[Path]:
    """Give an empty folder that only this user can read, and remove it afterwards.

    Args:
        what: one word for what it holds, of small letters.
    """
    folder = make_folder(what)
    try:
        yield folder
    finally:
        remove(folder)


def make_folder(what: str) -> Path:
    """Return such a folder; whoever asks removes it, else the next start does."""
    _prepare(tempfile.gettempdir())
    return Path(tempfile.mkdtemp(prefix=f"cattern-{what}-{os.getpid()}-{_started(os.getpid())}-"))


def sweep() -> list[Path]:
    """Remove the folders of processes that are gone, and return them."""
    left = []
    for path in sorted(Path(tempfile.gettempdir()).glob("cattern-*")):
        found = _NAME.fullmatch(path.name)
        with contextlib.suppress(OSError):
            about = path.lstat()
            mine = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
            if found and mine and _started(int(found[1])) != int(found[2]):
                remove(path)
                left.append(path)
    return left


def remove(folder: Path) -> None:
    """Remove a folder, whatever a submission did to what is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # unreadable, or too deep for rmtree
        subprocess.run(["chmod", "-R", "u+rwx", str(folder)], stderr=subprocess.DEVNULL, check=False)
        subprocess.run(["rm", "-rf", str(folder)], stderr=subprocess.DEVNULL, check=False)


@cache
def _prepare(folder: str) -> None:
    """Once a process: remove what others left, and end in order when told to end."""
    sweep()
    with contextlib.suppress(ValueError):  # not the main thread: whoever is decides
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def _started(process: int) -> int:
    """Return when a process started, in ticks since the machine did; -1 when there is none."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError):
        return -1
