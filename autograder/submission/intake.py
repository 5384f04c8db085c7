"""Takes a class in: whatever was downloaded or collected becomes one hand-in a student, and nobody and nothing vanishes.

Which names belong to whom is in `layouts`. What is left: those of the roster who handed in nothing, and files that are nobody's.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from autograder.submission.collect import MAX_BYTES, is_system, read_file
from autograder.submission.layouts import Entry, clone_prefix, gradescope_people, identify, read_name
from autograder.submission.repair import shown
from autograder.submission.unpack import members, unpacked
from cattern.checking.lab import Lab, lab_names
from cattern.errors import CatternError

# Of these, zip and tar are read; the others are known for what they are, and named.
ARCHIVE = re.compile(r"\.(zip|tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz|tar\.zst|rar|7z)$", re.IGNORECASE)
_WORK = re.compile(rf"\.(py|ipynb)$|{ARCHIVE.pattern}", re.IGNORECASE)
_WITH_COPIES = {
    ".ipynb_checkpoints",
    ".git",
    ".venv",
    ".virtual_documents",
}  # what looks like work in them is a tool's copy
MOST_LOOKED_AT = 500  # names in a folder with a dot
_OURS = {"submission_metadata.yml", "classroom_roster.csv"}  # a platform's own lists

# Where a submission is: a folder, an archive or a file; or several of them, by the names that the student gave.
Place = Path | Mapping[str, Path]

FROM_COLLECT = ("timestamp.txt", "submission_secret.txt")  # what nbgrader's collect adds: not the student's


@dataclass(frozen=True)
class HandIn:
    """What one student handed in.

    Attributes:
        student: the roster's id, else what the names say.
        place: where it is.
        late: whether the platform marked it as late.
        at: when it was handed in, in the words of whoever noted it, or "".
        known: False when there is a roster, and the student is not in it.
    """

    student: str
    place: Place
    late: bool = False
    at: str = ""
    known: bool = True


@dataclass(frozen=True)
class Intake:
    """A class as it came in.

    Attributes:
        hand_ins: one a student, sorted by student.
        absent: student → why there is nothing to grade, sorted.
        unmatched: name of a file or folder that is nobody's → why, sorted.
        replaced: name of a file or folder that does not count, because its student has handed in again → why, sorted.
    """

    hand_ins: tuple[HandIn, ...]
    absent: Mapping[str, str]
    unmatched: Mapping[str, str]
    replaced: Mapping[str, str]


@dataclass(frozen=True)
class _Piece:
    """One entry of the class's folder, and whose it is."""

    path: Path
    said: Entry
    student: str
    known: bool


def take_in(submitted: Path, lab: Lab, roster: Mapping[str, str] | None = None) -> Intake:
    """Return the hand-ins of a class.

    Args:
        submitted: a folder with one folder, archive or some files a student, in any layout that `layouts` knows; or a zip of one.
        lab: the assignment.
        roster: what people may be called → their id (`layouts.aliases`); None without a roster.

    Raises:
        CatternError: `submitted` is neither a readable folder nor a zip.
    """
    if submitted.is_file() and ARCHIVE.search(submitted.name):
        submitted = unpacked(submitted)
    folder, entries = _class_folder(submitted, lab)
    pieces: dict[str, list[_Piece]] = {}
    absent: dict[str, str] = {}
    unmatched: dict[str, str] = {}
    replaced: dict[str, str] = {}
    for path, said in _read_names(folder, entries, lab):
        if said is None:
            hidden = "hidden by the dot before its name; " if path.name.startswith(".") else ""
            unmatched[path.name] = f"{hidden}put a student's files into a folder with their name"
            continue
        student = said.student if roster is None else identify((*said.known_as, said.student), roster)
        piece = _Piece(path, said, student or said.student, student is not None)
        if said.lab and said.lab != lab.name:
            absent.setdefault(piece.student, f"handed in {shown(said.lab)}, and nothing for {lab.name}")
        elif others := _other_labs(path, lab):
            absent[piece.student] = f"handed in {', '.join(others)}, and nothing for {lab.name}"
        else:
            pieces.setdefault(piece.student, []).append(piece)
    hand_ins = [_hand_in(student, of, lab, replaced) for student, of in sorted(pieces.items())]
    for student in {*(roster or {}).values()}:
        absent.setdefault(student, "there is nothing with this name")
    left = {student: why for student, why in sorted(absent.items()) if student not in pieces}
    return Intake(tuple(hand_ins), left, dict(sorted(unmatched.items())), dict(sorted(replaced.items())))


def find_submissions(submitted: Path, lab: Lab) -> list[tuple[str, Place]]:
    """Return every student and where their submission is, sorted by student; see `take_in`."""
    return [(each.student, each.place) for each in take_in(submitted, lab).hand_ins]


def _visible(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as problem:
        why = problem.strerror or "it cannot be read"
        raise CatternError(
            f"{folder}: {why}; give the folder that holds one folder per student, or a zip of it"
        ) from problem
    return [e for e in entries if not (is_system(e.name) or e.name in _OURS or _is_tools(e))]


def _is_tools(entry: Path) -> bool:
    """Tell whether a name with a dot before it is a tool's own (.git, .vscode), and no student's: there is no work in it."""
    if not entry.name.startswith(".") or entry.name in _WITH_COPIES:
        return entry.name.startswith(".")
    return not entry.is_symlink() and not any(_WORK.search(path.name) for path in (entry, *_inside(entry)))


def _inside(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and in its folders, four deep, as far as it can be read."""
    for depth in ("*", "*/*", "*/*/*", "*/*/*/*"):
        with contextlib.suppress(OSError):
            yield from islice(folder.glob(depth), MOST_LOOKED_AT)


def _is_folder(path: Path) -> bool:
    return path.is_symlink() or path.is_dir()  # a link is a student's folder that will not be followed


def _class_folder(folder: Path, lab: Lab) -> tuple[Path, list[Path]]:
    """Return the folder whose entries are the students, and its entries: archives like to wrap it in another one."""
    entries = _visible(folder)
    while len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        try:
            inside = _visible(entries[0])
        except CatternError:
            break
        own = {lab.name, *(Path(name).parts[0] for name in lab.student_files)}
        named = any(read_name(path.name, _is_folder(path)) for path in inside)
        students = [path for path in inside if _is_folder(path) and path.name not in own]
        if not named and (
            read_name(entries[0].name, True) or len(students) < 2 or len(students) < len(inside)
        ):
            break
        folder, entries = entries[0], inside
    return folder, entries


def _read_names(folder: Path, entries: list[Path], lab: Lab) -> Iterator[tuple[Path, Entry | None]]:
    """Yield every entry of the class's folder with what its name says of it, None where it is nobody's."""
    people = gradescope_people(folder)
    clones = [e.name for e in entries if e.is_dir() and (e / ".git").exists()]
    prefix = clone_prefix(folder.name, clones, lab.name)
    for path in entries:
        name, is_folder = path.name, _is_folder(path)
        said = people.get(name) or read_name(name, is_folder)
        if said is None and is_folder:
            student = name.removeprefix(prefix) if name in clones else name
            said = Entry(student or name, (student, name, name.lstrip(".")))
        elif (
            said is None
            and path.is_file()
            and not name.startswith(".")
            and (stem := ARCHIVE.sub("", name)) != name
        ):
            # The lab's name, and what a browser or a student put after it, says nothing of whose it is.
            silent = stem.startswith(lab.name) and not stem[len(lab.name) :][:1].isalnum()
            student = (_receipt(path, lab) if silent else "") or stem
            said = Entry(student, (student,))
        yield path, said


def _receipt(archive: Path, lab: Lab) -> str:
    """Return the student whom the receipt in a zip of `cattern submit` names: asked only when the zip's own name says nothing."""
    with contextlib.suppress(Exception):  # whatever it is, it is read again as a submission
        for member in members(read_file(archive, MAX_BYTES["archive"])):
            if member.path == f"{lab.name}/receipt.json" and not member.refused:
                student = json.loads(member.read(1 << 16)).get("student")
                return student.strip() if isinstance(student, str) else ""
    return ""


def _other_labs(path: Path, lab: Lab) -> list[str]:
    """Return the other labs that a student's folder holds, when it holds nothing else."""
    inside: set[str] = set()
    with contextlib.suppress(OSError):  # reading the submission will say why
        inside = set() if path.is_symlink() or not path.is_dir() else {c.name for c in path.iterdir()}
    return sorted(inside) if inside and inside <= {*lab_names()} - {lab.name} else []


def _hand_in(student: str, pieces: list[_Piece], lab: Lab, replaced: dict[str, str]) -> HandIn:
    """Return the hand-in that the pieces of one student are; what does not count is added to `replaced`."""
    latest: dict[str, _Piece] = {}
    order = sorted(pieces, key=lambda p: (p.said.version, not _is_folder(p.path), p.path.name))
    for piece in order:
        key = _unversioned(piece.said.file)
        older = latest.get(key)
        if older is not None:
            newer = piece.said.version > older.said.version
            gone, stays = (older, piece) if newer else (piece, older)
            why = "handed in again" if newer else "has handed in something else as well"
            replaced[gone.path.name] = f"ignored: {shown(student)} {why}: {shown(stays.path.name)} counts"
            latest[key] = stays
        else:
            latest[key] = piece
    used = list(latest.values())
    place: Place = {piece.said.file or piece.path.name: piece.path for piece in used}
    at = max(piece.said.at for piece in used)
    if len(used) == 1 and _is_folder(used[0].path):
        place = used[0].path
        own = place / lab.name
        with contextlib.suppress(OSError):
            place = own if not place.is_symlink() and own.is_dir() else place
    elif len(used) == 1 and not used[0].said.file:
        place = used[0].path
    late = any(piece.said.late for piece in used)
    return HandIn(student, place, late, at or _timestamp(place), all(piece.known for piece in used))


def _unversioned(file: str) -> str:
    """Return a file's name without the number that Canvas adds when it is handed in again."""
    return re.sub(r"-\d+(?=\.[^.]+$)", "", file).casefold()


def _timestamp(place: Place) -> str:
    """Return what nbgrader's collect wrote beside a submission."""
    if isinstance(place, Path):
        with contextlib.suppress(OSError):
            return read_file(place / "timestamp.txt", 60).decode("utf-8", "replace").strip()
    return ""
