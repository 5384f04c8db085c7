"""Tables of results: plain CSV, Canvas' gradebook, Moodle's grading worksheet.

Canvas and Moodle take a table only with columns of their own. Without a sheet that they exported, ours has those columns
and finds people by the roster's LMS id; with one, everything in it stays but the points of who is found.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from html import escape

from autograder.back.final import Final
from autograder.course import Course
from autograder.sanitise.names import csv_cell, one_line
from cattern.errors import CatternError

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_MOST = "    Points Possible"  # Canvas knows the row by these words
MOODLE = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
    *("Grade can be changed", "Last modified (submission)", "Last modified (grade)", "Feedback comments"),
)
Table = list[list[str]]


def plain(course: Course, finals: Sequence[Final]) -> Table:
    """Return one row a student: who, what each task gave, what lateness cost, what counts."""
    tasks = [task.id for task in course.lab.tasks]
    head = ["student", "name", "lms_id", "status", *tasks, "penalty", "score", "max_score", "to_mark_by_hand"]
    rows = []
    for f in finals:
        who = [*map(_safe, (f.student, f.name, f.lms_id)), f.status]
        each = [_points(f.points.get(task)) for task in tasks]
        total = _points(f.total if f.points else None)
        rows.append([*who, *each, _points(f.penalty), total, _points(f.max_score), " ".join(f.open)])
    return [head, *rows]


def canvas(course: Course, finals: Sequence[Final], column: str, sheet: Table | None = None) -> Table:
    """Return Canvas' gradebook with the results in one column; who handed in nothing has an empty cell, which changes nothing.

    Args:
        course: the course.
        finals: the results.
        column: the assignment's column; Canvas makes a new assignment of a name that it does not know.
        sheet: Canvas' own export; None makes a table from the roster.

    Raises:
        CatternError: the sheet has not Canvas' columns.
    """
    if sheet is None:
        people = [[_safe(f.name), _safe(f.lms_id), "", _safe(f.student), ""] for f in finals]
        return [[*CANVAS, column], [CANVAS_MOST, "", "", "", "", _points(course.lab.points)]] + [
            [*who, _points(f.total if f.points else None)] for who, f in zip(people, finals)
        ]
    head = _head(sheet, ("Student", "ID"), "Canvas")
    where = _column(head, column)
    found = _by_any(finals)
    filled = [head + [column] * (where == len(head))]
    for row in sheet[1:]:
        row = row + [""] * (where + 1 - len(row))
        said = dict(zip(head, row))
        final = next(
            (found[said[k]] for k in ("ID", "SIS User ID", "SIS Login ID") if said.get(k) in found), None
        )
        if final and final.points:
            row[where] = _points(final.total)
        elif said["Student"].strip() == CANVAS_MOST.strip() and not row[where]:
            row[where] = _points(course.lab.points)
        filled.append(row)
    return filled


def moodle(course: Course, finals: Sequence[Final], sheet: Table | None = None) -> Table:
    """Return Moodle's grading worksheet of the assignment with the results and, as feedback, the reasons.

    Args:
        course: the course.
        finals: the results; the roster's LMS id is Moodle's number of the participant.
        sheet: the worksheet that Moodle gave; None makes one from the roster.

    Raises:
        CatternError: the sheet has not Moodle's columns, or somebody has no LMS id and there is no sheet.
    """
    if sheet is None:
        if missing := [f.student for f in finals if not f.lms_id]:
            raise CatternError(
                f"Moodle knows people by its own numbers, and the roster has none for {', '.join(map(one_line, missing[:5]))}:"
                " download the grading worksheet from the assignment's page and give it with --sheet"
            )
        sheet = [list(MOODLE)]
        for f in finals:
            said = dict.fromkeys(MOODLE, "") | {
                "Identifier": f"Participant {one_line(f.lms_id)}",
                "Full name": _safe(f.name),
            }
            said |= {"Maximum Grade": f"{course.lab.points:.2f}", "Grade can be changed": "Yes"}
            sheet.append([(said | {"Last modified (grade)": "-"})[name] for name in MOODLE])
    head = _head(sheet, ("Identifier", "Grade"), "Moodle")
    found, filled = _by_any(finals), [head]
    for row in sheet[1:]:
        row = row + [""] * (len(head) - len(row))
        said = dict(zip(head, row))
        keys = (re.sub(r"\D", "", said["Identifier"]), said.get("ID number"), said.get("Email address"))
        final = next((found[key] for key in keys if key in found), None)
        if final and final.points and said.get("Grade can be changed", "Yes") != "No":
            row[head.index("Grade")] = f"{final.total:.2f}"
            if "Feedback comments" in head:
                lines = "<br>".join(escape(line) for line in final.comment.split("\n"))
                row[head.index("Feedback comments")] = f"<p>{lines}</p>" if lines else ""
        filled.append(row)
    return filled


def written(table: Table) -> str:
    """Return a table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(table)
    return text.getvalue()


def read(text: str) -> Table:
    """Return a CSV text as a table."""
    return [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if row]


def unplaced(finals: Sequence[Final], table: Table) -> list[str]:
    """Return who has a result and is in no row of a sheet."""
    cells = {cell for row in table for cell in row} | {re.sub(r"\D", "", row[0]) for row in table}
    return [f.student for f in finals if f.points and not cells & {f.student, f.lms_id or f.student}]


def _safe(text: str) -> str:
    """Return a name of ours for a table; what stands in a sheet of the LMS stays as it is."""
    return csv_cell(one_line(text))


def _by_any(finals: Sequence[Final]) -> dict[str, Final]:
    return {f.student: f for f in finals} | {f.lms_id: f for f in finals if f.lms_id}


def _head(sheet: Table, needed: Sequence[str], whose: str) -> list[str]:
    head = list(sheet[0]) if sheet else []
    if missing := [name for name in needed if name not in head]:
        raise CatternError(
            f"the sheet is not {whose}'s: it has no column {' or '.join(map(repr, missing))}; give the file as it was exported"
        )
    return head


def _column(head: Sequence[str], column: str) -> int:
    """Return where a column is; Canvas writes an assignment's number behind its name: "Lab 1 (1234)"."""
    matches: list[Callable[[str], bool]] = [
        lambda name: name == column,
        lambda name: re.sub(r" \(\d+\)$", "", name) == column,
    ]
    for match in matches:
        for i, name in enumerate(head):
            if match(name):
                return i
    return len(head)


def _points(number: float | None) -> str:
    return "" if number is None else f"{round(number, 2):g}"
