"""The files of a graded class: one verdict a student, one table for all."""

import csv
import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from autograder.sanitise.names import csv_cell, file_name
from cattern.checking.verdict import Verdict
from cattern.errors import CatternError

ASIDE = "set-aside"


def verdict_path(folder: Path, student: str) -> Path:
    """Return where a student's verdict is."""
    return folder / f"{file_name(student)}.json"


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write `<student>.json`, whole or not at all."""
    path = verdict_path(folder, verdict.student)
    part = path.with_name(f".{path.name}.part")
    text = json.dumps(verdict.to_json(), ensure_ascii=False, indent=1) + "\n"
    part.write_text(text, encoding="utf-8", errors="replace")  # a folder's name need not be UTF-8
    part.replace(path)


def read_verdict(path: Path) -> Verdict:
    """Return the verdict in a file.

    Raises:
        CatternError: the file is not a verdict; the message says what to do.
    """
    try:
        return Verdict.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CatternError(f"{path} is not a verdict of this version ({error}): grade again") from None


def keep_one_lab(folder: Path, lab: str) -> None:
    """Refuse to write a lab's verdicts over another's: a student has one file in a folder.

    Raises:
        CatternError: the folder holds verdicts on another lab.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            other = read_verdict(path).lab
        except CatternError:
            continue
        if other != lab:
            raise CatternError(
                f"{folder} holds the verdicts on {other}: give {lab} a folder of its own, such as --out {folder}-{lab}"
            )
        return


def set_aside(folder: Path, student: str) -> None:
    """Move the verdict of a student who is not in the class any more where no table and no export finds it."""
    path = verdict_path(folder, student)
    if path.is_file():
        aside = folder / ASIDE
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)


def write_summary(
    path: Path,
    verdicts: Iterable[Verdict],
    others: Iterable[tuple[str, str]] = (),
    penalties: Mapping[str, float] | None = None,
) -> None:
    """Write one row a student: status, score, then each task's score, the ids of the mistakes, and what lateness costs.

    Args:
        path: the CSV file.
        verdicts: of everybody who has one.
        others: (student or file, status in words) of whoever and whatever has none.
        penalties: student → points that lateness takes off.
    """
    penalties = penalties or {}
    verdicts = sorted(verdicts, key=lambda v: v.student)
    tasks = list(dict.fromkeys(t.id for v in verdicts for t in v.tasks))
    part = path.with_name(f".{path.name}.part")
    with part.open("w", newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.writer(file)
        head = ["student", "status", "score", "max_score", *tasks, "mistakes", "repairs", "handed_in"]
        rows.writerow([*head, "late", "penalty", "total"])
        for v in verdicts:
            scores = {t.id: f"{t.score:g}" for t in v.tasks}
            mistakes = " ".join(m.id for t in v.tasks for m in t.mistakes)
            status = v.status if v.status == "graded" else f"{v.status}: {'; '.join(v.repairs)}"
            marks = [f"{v.score:g}", f"{v.max_score:g}", *(scores.get(task, "") for task in tasks)]
            about = [mistakes, len(v.repairs), csv_cell(v.handed_in), "late" if v.late else ""]
            off = penalties.get(v.student, 0.0)
            total = [f"{off:g}" if off else "", f"{v.score - off:g}"]
            rows.writerow([csv_cell(v.student), csv_cell(status), *marks, *about, *total])
        for name, status in others:
            rows.writerow([csv_cell(name), csv_cell(status), *[""] * (len(tasks) + 8)])
    part.replace(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write what is about the whole class: two may grade into one folder."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
