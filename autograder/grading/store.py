"""The files of a graded class: one verdict a student, one table for all."""

import csv
import json
from pathlib import Path

from cattern.checking.verdict import Verdict
from cattern.errors import CatternError


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Write `<student>.json`, whole or not at all."""
    path = folder / f"{verdict.student}.json"
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


def write_summary(path: Path, verdicts: list[Verdict]) -> None:
    """Write one row a student: status, score, then each task's score, and the ids of the mistakes."""
    tasks = [t.id for t in verdicts[0].tasks] if verdicts else []
    part = path.with_name(f".{path.name}.part")
    with part.open("w", newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.writer(file)
        rows.writerow(["student", "status", "score", "max_score", *tasks, "mistakes", "repairs"])
        for v in verdicts:
            scores = {t.id: f"{t.score:g}" for t in v.tasks}
            mistakes = " ".join(m.id for t in v.tasks for m in t.mistakes)
            rows.writerow(
                [
                    v.student,
                    v.status,
                    f"{v.score:g}",
                    f"{v.max_score:g}",
                    *scores.values(),
                    mistakes,
                    len(v.repairs),
                ]
            )
    part.replace(path)
