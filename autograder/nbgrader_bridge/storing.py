"""Points into nbgrader's gradebook, all in one transaction: what a person entered is never written over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from autograder.choices import Choices
from autograder.course import Course
from autograder.late import has_rule, penalty, seconds_late
from autograder.nbgrader_bridge.gradebook import (
    Cells,
    Place,
    cells_of,
    in_utc,
    note_due,
    submissions,
    with_gradebook,
)
from cattern.errors import CatternError

NO_RESPONSE = "No response."


@dataclass(frozen=True)
class Result:
    """What is to be stored of one student.

    Attributes:
        student: the id.
        scores: grade_id → points, for the cells that the grader marks.
        unanswered: grade_ids of the answer cells that are as released.
        handed_in: when, where it is known.
        late: the platform says that it was late.
        rewritten: an answer that a person marks is another one than before.
    """

    student: str
    scores: Mapping[str, float]
    unanswered: frozenset[str] = frozenset()
    handed_in: datetime | None = None
    late: bool = False
    rewritten: bool = False


def store(where: Place, course: Course, results: list[Result]) -> None:
    """Store the grader's points of these students, and of no others, in one transaction.

    A second time changes nothing. Points, extra credit and comments that a person gave stay, and win.

    Args:
        where: the gradebook.
        course: the course; the gradebook must know its lab.
        results: what to store.

    Raises:
        CatternError: the gradebook does not know the lab, cannot be opened, or stays locked.
    """

    lab, penalty_of = course.lab, _late_rule(course, where)

    def write(book) -> None:
        cells = cells_of(book, lab)
        if cells is None:
            raise CatternError(
                f"the gradebook {where} does not know {lab.name}: run `cattern release {lab.name}` (with --course"
                f" for another course), or `nbgrader generate_assignment {lab.name}`, and then this again"
            )
        note_due(book, lab.name, course.choices.due)
        _add_missing(book.db, cells, [r.student for r in results], where.course_id)
        _update(book.db, cells, {r.student: r for r in results}, course.choices, penalty_of)
        book.db.commit()

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


def _update(
    session, cells: Cells, results: Mapping[str, Result], choices: Choices, penalty_of: Callable
) -> None:
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
        result, noted = results[row.student], in_utc(row.timestamp)
        when = result.handed_in or noted
        if when != noted:
            naive = when.astimezone(UTC).replace(tzinfo=None)
            changed[SubmittedAssignment].append({"id": row.handed, "timestamp": naive})
        late = seconds_late(choices, when, result.late, cells.due, row.extension)
        off = penalty_of(row.student, totals[row.notebook], late) if late else None
        if off != row.penalty:
            changed[SubmittedNotebook].append({"id": row.notebook, "late_submission_penalty": off})
    for table, rows in changed.items():
        if rows:
            session.execute(update(table), rows)


def _points(result: Result, name: str) -> float | None:
    """Return the grader's points; None leaves the cell to a person."""
    return result.scores.get(name, 0.0 if name in result.unanswered else None)


def _late_rule(course: Course, where: Place) -> Callable[[str, float, float], float | None]:
    """Return what (student, score, seconds late) costs: by the course's choices, else as nbgrader's configuration says."""
    if has_rule(course.choices):
        return lambda student, score, seconds: penalty(course.choices, score, seconds)
    from nbgrader.preprocessors import AssignLatePenalties

    rule = AssignLatePenalties(config=where.config)
    rule.init_plugin()

    def by_plugin(student: str, score: float, seconds: float) -> float | None:
        off = rule.plugin_inst.late_submission_penalty(student, score, seconds)
        return None if off is None else min(max(0.0, float(off)), score)

    return by_plugin
