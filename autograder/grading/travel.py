"""Folders as bytes: submissions and courses on their way to another machine. What arrives is read as what was sent.

Nothing is interpreted on the way: a link arrives as a link to nowhere, a file too large to be read as a hole of its size.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from autograder.course import ROOT, Course
from autograder.submission import HandIn
from autograder.submission.collect import files_under, is_system, read_file
from autograder.submission.unpack import MAX_MEMBER

COURSE_SUFFIXES = {".py", ".toml", ".ipynb", ".yml", ".txt", ".md"}


@dataclass(frozen=True)
class Packed:
    """Files by name: (part, place in the part, format of the mode, size, bytes)."""

    files: tuple[tuple[str, str, int, int, bytes], ...]
    parts: tuple[str, ...]
    loose: bool = False
    late: bool = False
    at: str = ""


def pack(hand_in: HandIn) -> Packed:
    """Return a submission as it is, to be sent."""
    files = []
    for part, inside, path in files_under(hand_in.place):
        try:
            about = path.lstat()
            regular = stat.S_ISREG(about.st_mode)
            whole = regular and about.st_size <= MAX_MEMBER and not is_system(path.name)
            files.append(
                (
                    part,
                    inside,
                    stat.S_IFMT(about.st_mode),
                    about.st_size,
                    read_file(path, MAX_MEMBER) if whole else b"",
                )
            )
        except OSError:
            continue  # it cannot be read here, nor there
    loose = isinstance(hand_in.place, Mapping)
    parts = tuple(sorted(hand_in.place)) if loose else (hand_in.place.name,)
    return Packed(tuple(files), parts, loose, hand_in.late, hand_in.at)


def unpack(packed: Packed, work: Path, student: str) -> HandIn:
    """Write what was sent into a folder and return it as the hand-in it was."""
    homes = {part: work / str(number) / Path(part).name for number, part in enumerate(packed.parts)}
    for part, inside, kind, size, data in packed.files:
        path = homes[part] / inside if inside else homes[part]
        path.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISREG(kind):
            with path.open("wb") as file:
                file.write(data)
                file.truncate(size)
        elif stat.S_ISLNK(kind):
            path.symlink_to("nowhere")
        else:
            os.mkfifo(path)
    for home in homes.values():
        if not os.path.lexists(home):
            home.mkdir(parents=True)  # a folder with nothing in it
    place = homes if packed.loose else homes[packed.parts[0]]
    return HandIn(student, place, packed.late, packed.at)


def pack_course(course: Course) -> Packed | None:
    """Return what a course has of its own, to be sent; None for the course that this program comes with."""
    if course.folder == ROOT:
        return None
    own = ("notebooks", "source", "cattern", "mnist_data", "autograder", "environment.yml", "constraints.txt")
    paths = [path for name in own for path in _below(course.folder / name)]
    files = []
    for path in paths:
        data = path.read_bytes()
        files.append(("", path.relative_to(course.folder).as_posix(), stat.S_IFREG, len(data), data))
    return Packed(tuple(files), ("course",))


def unpack_course(packed: Packed, work: Path) -> Path:
    """Write a course that was sent into a folder; what was made of it is found again by its name, which is its content."""
    digest = sha256(
        repr([(inside, sha256(data).hexdigest()) for _, inside, _, _, data in packed.files]).encode()
    )
    folder = work / digest.hexdigest()[:16]
    for _, inside, _, _, data in packed.files:
        path = folder / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _below(top: Path) -> Iterable[Path]:
    found = sorted(top.rglob("*")) if top.is_dir() else [top]
    return (path for path in found if path.is_file() and path.suffix in COURSE_SUFFIXES)
