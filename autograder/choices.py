"""What an instructor chooses for a course, as data: `course.toml` in the course's folder.

    packages = ["numpy", "tqdm"]              # at the top: of every lab
    roster = "roster.csv"

    [labs.two_layer_net]                      # of one lab; it wins
    due = 2027-03-12T18:00:00+01:00
    leave_out = ["TODO#8"]
    points = { "TODO#3" = 24, "TODO#2" = { "loss value" = 4 } }

Each choice is a field of `Choices` with the function that reads it and the sentence that explains it; a new one is one
more field.
"""

import csv
import importlib.util
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

from cattern.errors import CatternError

FILE = "course.toml"
SOLVED, OWN = "solved", "own"


@dataclass(frozen=True)
class Student:
    """A line of the roster: the name of the submission's folder, the person's name, and their number in the LMS."""

    id: str
    name: str = ""
    lms_id: str = ""


def _number(least: float, most: float) -> Callable:
    def read(value, folder: Path) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise ValueError(f"write a number from {least:g} to {most:g}")
        return float(value)

    return read


def _whole(least: int, most: int) -> Callable:
    def read(value, folder: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return value

    return read


def _points(value, folder: Path) -> dict[str, float | dict[str, float]]:
    number, found = _number(0, 1000), {}
    if not isinstance(value, dict):
        raise ValueError('write a table: points = { "TODO#3" = 24 }')
    for task, points in value.items():
        if isinstance(points, dict):
            found[task] = {name: number(share, folder) for name, share in points.items()}
        elif number(points, folder) == 0:
            raise ValueError(f'{task}: leave it out instead: leave_out = ["{task}"]')
        else:
            found[task] = float(points)
    return found


def _names(value, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ValueError('write a list of names: ["…", "…"]')
    return tuple(dict.fromkeys(value))


def _packages(value, folder: Path) -> tuple[str, ...]:
    names = _names(value, folder)
    for name in names:
        if not name.isidentifier() or importlib.util.find_spec(name) is None:
            raise ValueError(f"there is no package {name!r} where submissions are graded: install it first")
    if "numpy" not in names:
        raise ValueError("numpy must be among them: every lab needs it")
    return names


def _carry(value, folder: Path) -> str:
    if value not in (SOLVED, OWN):
        raise ValueError(f'write "{SOLVED}" or "{OWN}"')
    return value


def _yes_or_no(value, folder: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def _date(value, folder: Path) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError("write a date with its time and zone, without quotes: 2027-03-12T18:00:00+01:00")
    if value.tzinfo is None:
        raise ValueError(f"it has no time zone: write {value.isoformat()}+01:00, or Z for UTC")
    return value


def _roster(value, folder: Path) -> tuple[Student, ...]:
    if isinstance(value, str):
        try:
            with (folder / value).open(newline="", encoding="utf-8-sig") as file:
                value = [{k: v for k, v in row.items() if k} for row in csv.DictReader(file)]
        except (OSError, ValueError) as error:
            raise ValueError(f"{folder / value} cannot be read as CSV in UTF-8: {error}") from None
    rows = value if isinstance(value, list) else [None]
    found: dict[str, Student] = {}
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not str(row.get("id") or "").strip():
            raise ValueError(
                f"row {number} has no id: write a CSV file with the columns id, name, lms_id, and name it here"
            )
        student = Student(*(str(row.get(key) or "").strip() for key in ("id", "name", "lms_id")))
        if student.id in found:
            raise ValueError(f"row {number}: the id {student.id!r} is there twice")
        found[student.id] = student
    return tuple(found.values())


def _choice(default, read: Callable, says: str, *, lab: bool = True, course: bool = True, marks: bool = True):
    """Return a field: how it is read, what it means, where it may stand, and whether marks depend on it."""
    about = {"read": read, "says": says, "lab": lab, "course": course, "marks": marks}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Choices:
    """What holds for one lab of a course; `cattern course` prints it with these explanations."""

    points: Mapping[str, float | Mapping[str, float]] = _choice(
        {}, _points, "points of a task, or of its properties, where they are not the rubric's", course=False
    )
    leave_out: tuple[str, ...] = _choice(
        (), _names, "tasks that are handed out solved and earn nothing", course=False
    )
    carry: str = _choice(SOLVED, _carry, "files of an earlier lab: put in solved, or the students' own")
    packages: tuple[str, ...] | None = _choice(
        None,
        _packages,
        "what submissions may import, besides the standard library; the lab's own list if not set",
    )
    tolerance: float | None = _choice(
        None, _number(1e-9, 0.01), "relative difference that is forgiven; 1e-5 if not set"
    )
    tell_theory: bool = _choice(
        False,
        _yes_or_no,
        "whether a student's check tells if a theory answer is right, before it is graded",
        marks=False,
    )
    due: datetime | None = _choice(None, _date, "when the lab is due", course=False)  # noqa: RUF009  (a field)
    grace_minutes: int = _choice(0, _whole(0, 10_000), "minutes after the due date that are not late")
    late_percent: float = _choice(0.0, _number(0, 100), "percent of the score lost for each day begun")
    late_days: int | None = _choice(None, _whole(0, 365), "days after which nothing is earned any more")
    task_cpu_seconds: int = _choice(5, _whole(1, 600), "CPU time of a task")
    task_seconds: float = _choice(60.0, _number(1, 3600), "waiting and working time of a task")
    submission_seconds: float = _choice(
        60.0, _number(1, 36_000), "waiting and working time of a whole submission"
    )
    roster: tuple[Student, ...] = _choice(
        (), _roster, "the class: a CSV file with id, name, lms_id", lab=False, marks=False
    )

    def recorded(self) -> dict:
        """Return the choices that marks depend on and that are not the defaults, as JSON."""
        return {
            f.name: plain(getattr(self, f.name))
            for f in fields(self)
            if f.metadata["marks"] and getattr(self, f.name) != getattr(DEFAULTS, f.name)
        }


DEFAULTS = Choices()


def read_choices(folder: Path, lab: str, labs: list[str]) -> tuple[Choices, dict[str, str]]:
    """Return a lab's choices, and where each comes from, "course.toml" or "course.toml, [labs.NAME]".

    Args:
        folder: the course's folder.
        lab: the lab's name.
        labs: the names of all labs, to refuse a table about none of them.

    Raises:
        CatternError: the file is not as it should be; the message names the key and what to write instead.
    """
    path = folder / FILE
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULTS, {}
    except (OSError, ValueError) as error:
        raise CatternError(f"{path}: {error}") from None
    tables = said.pop("labs", {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise CatternError(f"{path}: labs: write a table for each lab: [labs.{labs[0]}]")
    if unknown := sorted(tables.keys() - {*labs}):
        raise CatternError(f"{path}: there is no lab {unknown[0]!r}: the labs are {', '.join(labs)}")
    values, origins = {}, {}
    for name, table in [("", said), *tables.items()]:  # those of other labs are only checked
        where = f"{FILE}, [labs.{name}]" if name else FILE
        for key, value in table.items():
            read = _reader(path, key, name)
            try:
                value = read(value, folder)
            except ValueError as error:
                place = f"[labs.{name}] " if name else ""
                raise CatternError(f"{path}: {place}{key}: {error}") from None
            if name in ("", lab):
                values[key], origins[key] = value, where
    return Choices(**values), origins


def _reader(path: Path, key: str, lab: str) -> Callable:
    place = "lab" if lab else "course"
    there = {f.name: f.metadata for f in fields(Choices)}
    if key in there and not there[key][place]:
        better = "at the top of the file" if lab else "in the table of a lab, as in [labs.two_layer_net]"
        raise CatternError(f"{path}: {key}: write it {better}")
    if key not in there:
        known = ", ".join(name for name, about in there.items() if about[place])
        raise CatternError(f"{path}: there is no choice {key!r} here: there are {known}")
    return there[key]["read"]


def plain(value):
    """Return a choice as JSON holds it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Student):
        return vars(value)
    return [plain(item) for item in value] if isinstance(value, tuple) else value
