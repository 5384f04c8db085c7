"""Finds the notebook, the Python files and the data in whatever was handed in, and says what it took for what.

A student's mistake in handing in is never an error: it is repaired, or what is of no use is named, and the rest is graded.
Nothing that was handed in is imported or executed. The same submission gives the same result, whatever the order of its folders.
"""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.submission.cells import tidy
from autograder.submission.collect import Found, collect
from autograder.submission.notebook import grade_ids, listed_cells
from autograder.submission.pyfiles import base_name, files_from_cells, plain_name, python_files
from autograder.submission.repair import read_json, shown, some
from cattern.checking.lab import Lab, lab_names
from cattern.errors import CatternError

MAX_NOTEBOOKS = 8
MAX_REPAIRS = 60

# Of these, .rar and .7z are only named: there is no reader for them.
_ARCHIVE = re.compile(r"\.(zip|tar|tar\.gz|tgz|rar|7z)$", re.IGNORECASE)
_KINDS = {"notebook": r"\.ipynb( ?\(\d+\))?(\.txt|\.json)?$", "python": r"\.py( ?\(\d+\))?(\.txt)?$"}


class Unreadable(CatternError):
    """There is nothing to grade in a submission; the message says what was looked for and what was met."""


@dataclass(frozen=True)
class Submission:
    """One student's work, read into memory.

    Attributes:
        student: name of the folder, as it is.
        path: where it was read from.
        files: the student's Python files, by POSIX path from the bundle's top: the lab's student files under their own
            names, and helper modules added beside them; never a file that the release brings.
        cells: source by grade_id, for the cells that the student handed in.
        notebook: the notebook as nbformat-4 JSON, each grade_id once and deleted cells as released; None when there is none.
        data: the lab's data files by name.
        repairs: what was renamed, repaired or ignored, and why, as sentences in a fixed order.
    """

    student: str
    path: Path
    files: Mapping[str, bytes]
    cells: Mapping[str, str]
    notebook: dict | None
    data: Mapping[str, bytes]
    repairs: tuple[str, ...]


def find_submissions(submitted: Path, lab: Lab) -> list[tuple[str, Path]]:
    """Return every student and where their submission is, sorted by student.

    A submission is `<student>/LAB/`, else `<student>/`, else `<student>.zip` (or .tar, .tar.gz, .tgz). A student
    folder that is a link is listed too, so that reading it says why it cannot be graded.

    Raises:
        CatternError: `submitted` is not a readable folder.
    """
    return _listing(submitted, lab)[0]


def find_strays(submitted: Path, lab: Lab) -> list[str]:
    """Return a sentence for everything in `submitted` that is taken for no submission.

    Raises:
        CatternError: `submitted` is not a readable folder.
    """
    return _listing(submitted, lab)[1]


def _listing(submitted: Path, lab: Lab) -> tuple[list[tuple[str, Path]], list[str]]:
    try:
        entries = sorted(submitted.iterdir(), key=lambda entry: entry.name)
        entries = [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
        folders = [entry for entry in entries if entry.is_symlink() or entry.is_dir()]
    except OSError as problem:
        why = problem.strerror or "it cannot be read"
        raise CatternError(
            f"{submitted}: {why}; give the folder that holds one folder per student"
        ) from problem
    found: dict[str, Path] = {}
    strays = []
    others = {*lab_names()} - {lab.name}
    for folder in folders:
        own = folder / lab.name
        inside, place = set(), folder
        with contextlib.suppress(OSError):  # reading the submission will say why
            inside = set() if folder.is_symlink() else {child.name for child in folder.iterdir()}
            place = own if lab.name in inside and own.is_dir() else folder
        if inside and inside <= others:
            handed_in = ", ".join(sorted(inside))
            strays.append(f"{shown(folder.name)} handed in {handed_in}, and nothing for {lab.name}")
        else:
            found[folder.name] = place
    for entry in sorted({*entries} - {*folders}):
        student = _ARCHIVE.sub("", entry.name)
        if student == entry.name or not entry.is_file():
            advice = "put a student's files into a folder with their name"
            strays.append(f"{shown(entry.name)} is no submission: {advice}")
        elif student in found:
            strays.append(
                f"{shown(entry.name)} is ignored: {shown(student)} has handed in something else as well"
            )
        else:
            found[student] = entry
    return sorted(found.items()), strays


def read_submission(
    student: str, path: Path, lab: Lab, release: Mapping[str, bytes] | None = None
) -> Submission:
    """Read one submission, repairing what can be repaired.

    Args:
        student: who handed it in.
        path: a folder, an archive or a single file.
        lab: what to look for.
        release: the student bundle as released: its files are never taken from the submission, and tell what is
            unchanged. Without it no helper modules are taken.

    Raises:
        Unreadable: there is no student file, no notebook and no data file in it.
    """
    release = release or {}
    found, repairs = collect(path, lambda name: _kind(name, lab))
    kinds = {kind: [each for each in found if each.kind == kind] for kind in ("python", "notebook", "data")}
    stub = next((release[name] for name in sorted(release) if base_name(name) == f"{lab.name}.ipynb"), b"")
    raw_stub = read_json(stub)[0]

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
        met = "; ".join(repairs[:10]) or "there is no such file in it"
        raise Unreadable(f"nothing to grade from {shown(student)}: looked for {wanted}; {met}")
    return Submission(student, path, files, cells, notebook, data, tuple(repairs))


def _kind(name: str, lab: Lab) -> str | None:
    for kind, pattern in _KINDS.items():
        if re.search(pattern, name[-40:], re.IGNORECASE):
            return kind
    if _ARCHIVE.search(name[-10:]):
        return "archive"
    return "data" if plain_name(name) in {plain_name(base_name(file)) for file in lab.data_files} else None


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
        base = base_name(name)
        candidates = [f for f in found if plain_name(base_name(f.path)) == plain_name(base)]
        candidates.sort(key=lambda f: (f.path != name, base_name(f.path) != base, f.path.count("/"), f.path))
        if candidates:
            data[name] = candidates[0].data
            if candidates[0].path != name:
                repairs.append(f"took {shown(candidates[0].path)} for {name}")
            if rest := [shown(f.path) for f in candidates[1:] if f.data != candidates[0].data]:
                repairs.append(f"ignored {some(rest)}: {shown(candidates[0].path)} was taken for {name}")
    return data
