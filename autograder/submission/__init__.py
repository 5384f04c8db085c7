"""Finds the notebook, the Python files and the data in whatever was handed in, and says what it took for what.

A student's mistake in handing in is never an error: it is repaired, or what is of no use is named, and the rest is graded.
Nothing that was handed in is imported or executed. The same submission gives the same result, whatever the order of its folders.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from autograder.submission.cells import tidy
from autograder.submission.collect import Found, collect_files
from autograder.submission.foreign import instead, lab_of_another
from autograder.submission.intake import (
    ARCHIVE,
    FROM_COLLECT,
    HandIn,
    Intake,
    Place,
    find_submissions,
    take_in,
)
from autograder.submission.naming import base_name, name_inside, plain_name, same_kind
from autograder.submission.notebook import grade_ids, listed_cells
from autograder.submission.pyfiles import files_from_cells, python_files
from autograder.submission.repair import read_json, shown, some
from cattern.checking.lab import Lab
from cattern.errors import CatternError

__all__ = [
    "FROM_COLLECT",
    "HandIn",
    "Intake",
    "Submission",
    "Unreadable",
    "find_submissions",
    "read_submission",
    "take_in",
]

MAX_NOTEBOOKS = 8
MAX_REPAIRS = 60

_KINDS = {"notebook": r"\.ipynb( ?\(\d+\))?(\.txt|\.json)?$", "python": r"\.py( ?\(\d+\))?(\.txt)?$"}


class Unreadable(CatternError):
    """There is nothing to grade in a submission; the message says what was looked for and what was met."""


@dataclass(frozen=True)
class Submission:
    """One student's work, read into memory.

    Attributes:
        student: whose it is.
        path: where it was read from.
        files: the student's Python files, by POSIX path from the bundle's top: the lab's student files under their own
            names, and helper modules added beside them; never a file that the release brings.
        cells: source by grade_id, for the cells that the student handed in.
        notebook: the notebook as nbformat-4 JSON, each grade_id once and deleted cells as released; None when there is none.
        data: the lab's data files by name.
        repairs: what was renamed, repaired or ignored, and why, as sentences in a fixed order.
        beside: what else was handed in, by path: photos, a PDF, what `nbgrader collect` left. Only when asked for.
    """

    student: str
    path: Place
    files: Mapping[str, bytes]
    cells: Mapping[str, str]
    notebook: dict | None
    data: Mapping[str, bytes]
    repairs: tuple[str, ...]
    beside: Mapping[str, bytes] = field(default_factory=dict)


def read_submission(
    student: str, path: Place, lab: Lab, release: Mapping[str, bytes] | None = None, beside: bool = False
) -> Submission:
    """Read one submission, repairing what can be repaired.

    Args:
        student: who handed it in.
        path: a folder, an archive or a single file, or several by name.
        lab: what to look for.
        release: the student bundle as released: its files are never taken from the submission, and tell what is
            unchanged. Without it no helper modules are taken.
        beside: whether what else was handed in is read, too, for a person to look at.

    Raises:
        Unreadable: there is no student file, no notebook and no data file in it.
    """
    release = release or {}
    found, repairs = collect_files(path, lambda name: _kind(name, lab), beside)
    kinds = {kind: [f for f in found if f.kind == kind] for kind in ("python", "notebook", "data", "other")}
    stub = next((release[name] for name in sorted(release) if base_name(name) == f"{lab.name}.ipynb"), b"")
    raw_stub = _as_released(stub)

    files = python_files(kinds["python"], lab, release, repairs)
    notebook, cells = None, {}
    raw = _notebook(kinds["notebook"], lab, stub, raw_stub, repairs)
    if raw is not None:
        notebook, cells, done = tidy(raw, raw_stub)
        repairs += [f"notebook: {what}" for what in done]
        files |= files_from_cells(notebook, files, lab, release, repairs)
    data = _data(kinds["data"], lab, repairs)

    if len(repairs) > MAX_REPAIRS:
        repairs[MAX_REPAIRS:] = [f"and {len(repairs) - MAX_REPAIRS} more"]
    if notebook is None and not data and not any(name in files for name in lab.student_files):
        wanted = ", ".join([f"{lab.name}.ipynb", *lab.student_files, *lab.data_files])
        met = (
            "; ".join([*repairs[:10], *instead(f.path for f in kinds["other"])])
            or "there is no such file in it"
        )
        raise Unreadable(f"nothing to grade from {shown(student)}: looked for {wanted}; {met}")
    others = {f.path: f.data for f in kinds["other"] if f.path not in release} if beside else {}
    return Submission(student, path, files, cells, notebook, data, tuple(repairs), others)


@lru_cache(maxsize=8)  # a class is compared with one
def _as_released(stub: bytes) -> object:
    """Return what the JSON of a released notebook says; nobody changes it."""
    return read_json(stub)[0]


def _kind(name: str, lab: Lab) -> str:
    for kind, pattern in _KINDS.items():
        if re.search(pattern, name[-40:], re.IGNORECASE):
            return kind
    if ARCHIVE.search(name[-10:]):
        return "archive"
    return "data" if any(same_kind(name, file) for file in lab.data_files) else "other"


def _notebook(found: list[Found], lab: Lab, stub: bytes, raw_stub: object, repairs: list[str]) -> object:
    """Return what the JSON of the student's notebook says, or None."""
    own = f"{lab.name}.ipynb"
    known = {name for task in lab.tasks for name in (task.cell, task.grade_id) if name} | grade_ids(raw_stub)
    readable = []
    in_order = sorted(found, key=lambda f: (base_name(f.path) != own, f.path.count("/"), f.path))
    for file in in_order[:MAX_NOTEBOOKS]:
        raw, done = read_json(file.data)
        if not any(isinstance(cell, dict) for cell in listed_cells(raw)):
            why = "; ".join(done) or "it holds no cells"
            repairs.append(f"cannot read the notebook {shown(file.path)}: {why}")
            continue
        if other := lab_of_another(raw, lab):
            repairs.append(f"ignored {shown(file.path)}: it is the notebook of {other}")
            continue
        tags = len(grade_ids(raw) & known)
        as_released, renamed = file.data == stub, base_name(file.path) != own
        order = (as_released, renamed, -tags, -len(file.data), file.path.count("/"), file.path)
        readable.append((order, file, raw, done))
    if not readable:
        return None
    order, file, raw, done = min(readable, key=lambda each: each[0])
    if file.path != own:
        repairs.append(f"took the notebook {shown(file.path)}")
    if rest := [shown(f.path) for f in in_order if f is not file and f.data not in (file.data, stub)]:
        why = "is the lab's most complete notebook" if order[1] else "has the lab's name"
        repairs.append(f"ignored {some(rest)}: {shown(file.path)} {why}")
    repairs += [f"notebook: repaired {what}" for what in done]
    return raw


def _data(found: list[Found], lab: Lab, repairs: list[str]) -> dict[str, bytes]:
    data = {}
    for name in lab.data_files:
        of_kind = sorted(
            (f for f in found if same_kind(base_name(f.path), name)), key=lambda f: _unlike(f, name)
        )
        named = [f for f in of_kind if name_inside(base_name(f.path), base_name(name))]
        others = [f for f in of_kind if f not in named and f.data.startswith(b"PK")]  # an .npz is a zip
        # A file that is called otherwise is the student's, too, when it is the only one of its kind.
        taken = named[0] if named else others[0] if len(others) == 1 else None
        if taken:
            data[name] = taken.data
            if taken.path != name:
                repairs.append(f"took {shown(taken.path)} for {name}")
        if rest := [
            shown(f.path) for f in of_kind if f is not taken and not (taken and f.data == taken.data)
        ]:
            why = f"{shown(taken.path)} was taken for {name}" if taken else f"none of them is called {name}"
            repairs.append(f"ignored {some(rest)}: {why}")
    return data


def _unlike(file: Found, name: str) -> tuple:
    """Return how little a data file is like what the lab calls `name`, to sort by."""
    own, wanted = base_name(file.path), base_name(name)
    return (file.path != name, own != wanted, plain_name(own) != wanted, file.path.count("/"), file.path)
