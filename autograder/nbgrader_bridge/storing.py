"""Points into nbgrader's gradebook, all in one transaction: what a person entered is never written over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from autograder.nbgrader_bridge.gradebook import (
    Cells,
    Place,
    cells_of,
    seconds_late,
    submissions,
    with_gradebook,
)
from cattern.checking.lab import Lab
from cattern.errors import CatternError

NO_RESPONSE = "No response."


@dataclass(frozen=True)
class Result:
    """What is to be stored of one student.

    Attributes:
        student: the id.
        scores: grade_id → points, for the cells that the grader marks.
        unanswered: grade_ids of the answer cells that are as released.
        handed_in: when, in UTC, where it is known.
        rewritten: an answer that a person marks is another one than before.
    """

    student: str
    scores: Mapping[str, float]
    unanswered: frozenset[str] = frozenset()
    handed_in: datetime | None = None
    rewritten: bool = False


def store(where: Place, lab: Lab, results: list[Result]) -> None:
    """Store the grader's points of these students, and of no others, in one transaction.

    A second time changes nothing. Points, extra credit and comments that a person gave stay, and win.

    Args:
        where: the gradebook.
        lab: the lab; the gradebook must know it.
        results: what to store.

    Raises:
        CatternError: the gradebook does not know the lab, cannot be opened, or stays locked.
    """

    def write(book) -> None:
        session, cells = book.db, cells_of(book, lab)
        if cells is None:
            raise CatternError(
                f"the gradebook {where} does not know {lab.name}: run `cattern release {lab.name}` (with --course"
                f" for another course), or `nbgrader generate_assignment {lab.name}`, and then this again"
            )
        _add_missing(session, cells, [r.student for r in results], where.course_id)
        _update(session, cells, {r.student: r for r in results}, _late_plugin(where))
        session.commit()

    with_gradebook(where, write)


def _add_missing(session, cells: Cells, students: list[str], course_id: str) -> None:
    """Add the rows that nbgrader has for a student's submission, where they are missing."""
    from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
    from sqlalchemy import insert, select

    known = set(session.scalars(select(Student.id)))
    there = {row.student for row in submissions(session, cells)}
    rows: dict[type, list[dict]] = {}
    for student in students:
        if student not in known:
            rows.setdefault(Student, []).append({"id": student})
        if student in there:
            continue
        handed, notebook = new_uuid(), new_uuid()
        own = {"id": handed, "assignment_id": cells.assignment, "student_id": student}
        rows.setdefault(SubmittedAssignment, []).append(own)
        own = {"id": notebook, "notebook_id": cells.notebook, "assignment_id": handed}
        rows.setdefault(SubmittedNotebook, []).append(own)
        for table, names in ((Grade, cells.grades), (Comment, cells.comments)):
            for cell in names.values():
                rows.setdefault(table, []).append(
                    {"id": new_uuid(), "cell_id": cell, "notebook_id": notebook}
                )
    for table in (Student, SubmittedAssignment, SubmittedNotebook, Grade, Comment):
        if table in rows:
            session.execute(insert(table), rows[table])


def _update(session, cells: Cells, results: Mapping[str, Result], penalty_of: Callable) -> None:
    """Write points, comments of the grader's own, and what lateness costs, where they are not so already."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import select, update

    asked = [row for row in submissions(session, cells) if row.student in results]
    of_notebook = {row.notebook: results[row.student] for row in asked}
    names = cells.names()
    changed: dict[type, list[dict]] = {Grade: [], Comment: [], SubmittedNotebook: [], SubmittedAssignment: []}
    totals = dict.fromkeys(of_notebook, 0.0)
    columns = (Grade.id, Grade.notebook_id, Grade.cell_id, Grade.auto_score, Grade.manual_score)
    for grade, notebook, cell, before, manual, extra, opened in session.execute(
        select(*columns, Grade.extra_credit, Grade.needs_manual_grade)
    ).all():
        if notebook not in of_notebook or cell not in names:
            continue
        result, name = of_notebook[notebook], names[cell]
        auto = _points(result, name)
        again = auto != before or (auto is None and result.rewritten)
        look = (manual is not None or auto is None) if again or manual is None else opened
        if (auto, look) != (before, opened):
            changed[Grade].append({"id": grade, "auto_score": auto, "needs_manual_grade": look})
        totals[notebook] += (manual if manual is not None else auto or 0.0) + (extra or 0.0)
    columns = (Comment.id, Comment.notebook_id, Comment.cell_id, Comment.auto_comment)
    for comment, notebook, cell, before in session.execute(select(*columns)).all():
        if notebook in of_notebook and cell in names:
            said = NO_RESPONSE if names[cell] in of_notebook[notebook].unanswered else None
            if said != before:
                changed[Comment].append({"id": comment, "auto_comment": said})
    for row in asked:
        when = results[row.student].handed_in or row.timestamp
        if when != row.timestamp:
            changed[SubmittedAssignment].append({"id": row.handed, "timestamp": when})
        late = seconds_late(when, cells.due, row.extension)
        penalty = penalty_of(row.student, totals[row.notebook], late) if late else None
        if penalty != row.penalty:
            changed[SubmittedNotebook].append({"id": row.notebook, "late_submission_penalty": penalty})
    for table, rows in changed.items():
        if rows:
            session.execute(update(table), rows)


def _points(result: Result, name: str) -> float | None:
    """Return the grader's points; None leaves the cell to a person."""
    return result.scores.get(name, 0.0 if name in result.unanswered else None)


def _late_plugin(where: Place) -> Callable[[str, float, float], float | None]:
    """Return the course's own rule for late submissions, as nbgrader's configuration names it."""
    from nbgrader.preprocessors import AssignLatePenalties

    rule = AssignLatePenalties(config=where.config)
    rule.init_plugin()

    def penalty(student: str, score: float, seconds: float) -> float | None:
        off = rule.plugin_inst.late_submission_penalty(student, score, seconds)
        return None if off is None else min(max(0.0, float(off)), score)

    return penalty
