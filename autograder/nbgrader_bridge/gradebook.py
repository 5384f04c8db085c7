"""Verdicts into nbgrader's gradebook, all in one go, and a person's marks out of it.

The tables are nbgrader's own. What a person entered (points, extra credit, a comment) is read and never written.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from autograder.nbgrader_bridge.marks import Mark, Marks
from cattern.checking.lab import Lab
from cattern.errors import CatternError

WAIT = 60.0  # seconds to wait for a gradebook that another program holds
NO_RESPONSE = "No response."
Answer = TypeVar("Answer")


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


@dataclass
class Place:
    """Where a course's gradebook is, and nbgrader's configuration of it."""

    url: str
    course_id: str
    config: object = field(repr=False)
    directory: object = field(repr=False)

    def exists(self) -> bool:
        """Tell whether there is a gradebook: nbgrader would make an empty file of one that is not."""
        from sqlalchemy.engine import make_url

        url = make_url(self.url)
        return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()

    def __str__(self) -> str:
        """Return the URL as it may be printed: without a password."""
        from sqlalchemy.engine import make_url

        return make_url(self.url).render_as_string(hide_password=True)


def place(course: Path) -> Place:
    """Return where a course's gradebook is: `gradebook.db` in its folder, or what its `nbgrader_config.py` says."""
    from nbgrader.coursedir import CourseDirectory

    from autograder.release.generate import course_config

    config = course_config(course)
    directory = CourseDirectory(config=config)
    return Place(directory.db_url, directory.course_id, config, directory)


def read_marks(where: Place, lab: Lab) -> dict[str, Marks] | None:
    """Return student → marks, or None when the gradebook does not know the lab.

    Raises:
        CatternError: the gradebook cannot be opened, or stays locked.
    """

    if not where.exists():
        return None

    def read(book) -> dict[str, Marks] | None:
        from nbgrader.api import Comment, Grade
        from sqlalchemy import select

        session, cells = book.db, _cells(book, lab)
        if cells is None:
            return None
        names = cells.names()
        columns = (Grade.notebook_id, Grade.cell_id, Grade.auto_score, Grade.manual_score)
        found: dict[str, dict[str, dict]] = {}
        rows = session.execute(select(*columns, Grade.extra_credit, Grade.needs_manual_grade))
        for notebook, cell, auto, manual, extra, opened in rows:
            if cell in names:
                mark = {"auto": auto, "manual": manual, "extra": extra or 0.0, "open": opened}
                found.setdefault(notebook, {})[names[cell]] = mark
        rows = session.execute(
            select(Comment.notebook_id, Comment.cell_id, Comment.manual_comment, Comment.auto_comment)
        )
        for notebook, cell, manual, auto in rows:
            if cell in names and (manual or auto):
                found.setdefault(notebook, {}).setdefault(names[cell], {})["comment"] = manual or auto
        return {
            row.student: Marks(
                {name: Mark(**mark) for name, mark in found.get(row.notebook, {}).items()},
                row.penalty or 0.0,
                row.timestamp,
                _seconds_late(row.timestamp, cells.due, row.extension),
            )
            for row in _submissions(session, cells)
        }

    return with_gradebook(where, read)


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
        session, cells = book.db, _cells(book, lab)
        if cells is None:
            raise CatternError(
                f"the gradebook {where} does not know {lab.name}: run `cattern release {lab.name}` (with --course"
                f" for another course), or `nbgrader generate_assignment {lab.name}`, and then this again"
            )
        _add_missing(session, cells, [r.student for r in results], where.course_id)
        _update(session, cells, {r.student: r for r in results}, _late_plugin(where))
        session.commit()

    with_gradebook(where, write)


def with_gradebook(where: Place, work: Callable[..., Answer], wait: float = WAIT) -> Answer:
    """Open the gradebook, do the work, close it; wait for another program that holds it, and say so.

    Raises:
        CatternError: it cannot be opened, or is still locked after `wait` seconds; nothing was stored then.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    started, pause = time.monotonic(), 0.5
    while True:
        try:
            with Gradebook(where.url, where.course_id) as book:
                return work(book)
        except DBAPIError as problem:
            why = " ".join(str(problem.orig).split())
            if "locked" not in why:
                raise CatternError(f"the gradebook {where} cannot be used: {why}. {_cure(why)}") from None
        except SQLAlchemyError as problem:  # a URL that is none, a driver that is not installed
            raise CatternError(f"the gradebook {where} cannot be opened: {problem}") from None
        except ImportError as problem:
            raise CatternError(
                f"the gradebook {where} needs {problem.name}: pip install psycopg2-binary for PostgreSQL"
            ) from None
        if time.monotonic() - started > wait:
            raise CatternError(
                f"the gradebook {where} is locked by another program, for over {wait:.0f} s ({why}):"
                " close formgrader and other nbgrader commands, then run this again; nothing was stored"
            )
        print(
            f"cattern: the gradebook is locked by another program ({why}); waiting",
            file=sys.stderr,
            flush=True,
        )
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _cure(why: str) -> str:
    if "no such column" in why or "no such table" in why or "does not exist" in why:
        return "It was made by another version of nbgrader: run `nbgrader db upgrade` in the course's folder."
    if "readonly" in why or "unable to open" in why:
        return "Look whether the folder and the file may be written to."
    return "Look at db_url in nbgrader_config.py."


@dataclass(frozen=True)
class _Cells:
    """The assignment as the gradebook knows it: ids, the due date, and name → id of its cells."""

    assignment: str
    notebook: str
    due: datetime | None
    grades: dict[str, str]
    comments: dict[str, str]

    def names(self) -> dict[str, str]:
        """Return id → name: an answer that is marked by hand is two cells of one name."""
        return {key: name for kind in (self.grades, self.comments) for name, key in kind.items()}


def _cells(book, lab: Lab) -> _Cells | None:
    from nbgrader.api import MissingEntry

    try:
        assignment = book.find_assignment(lab.name)
        notebook = book.find_notebook(lab.name, lab.name)
    except MissingEntry:
        return None
    graded = [*notebook.grade_cells, *notebook.task_cells]
    return _Cells(
        assignment.id,
        notebook.id,
        assignment.duedate,
        {cell.name: cell.id for cell in graded},
        {cell.name: cell.id for cell in [*notebook.solution_cells, *notebook.task_cells]},
    )


def _submissions(session, cells: _Cells):
    from nbgrader.api import SubmittedAssignment as Handed
    from nbgrader.api import SubmittedNotebook as Book
    from sqlalchemy import select

    return session.execute(
        select(
            Handed.student_id.label("student"),
            Handed.id.label("handed"),
            Handed.timestamp.label("timestamp"),
            Handed.extension.label("extension"),
            Book.id.label("notebook"),
            Book.late_submission_penalty.label("penalty"),
        )
        .join(Book, Book.assignment_id == Handed.id)
        .where(Handed.assignment_id == cells.assignment, Book.notebook_id == cells.notebook)
        .order_by(Handed.student_id)
    ).all()


def _add_missing(session, cells: _Cells, students: list[str], course_id: str) -> None:
    """Add the rows that nbgrader has for a student's submission, where they are missing."""
    from nbgrader.api import Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
    from sqlalchemy import insert, select

    known = set(session.scalars(select(Student.id)))
    there = {row.student for row in _submissions(session, cells)}
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


def _update(session, cells: _Cells, results: Mapping[str, Result], penalty_of: Callable) -> None:
    """Write points, comments of the grader's own, and what lateness costs, where they are not so already."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import select, update

    asked = [row for row in _submissions(session, cells) if row.student in results]
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
        late = _seconds_late(when, cells.due, row.extension)
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


def _seconds_late(when: datetime | None, due: datetime | None, extension) -> float:
    if when is None or due is None:
        return 0.0
    return max(0.0, (when - due - extension if extension else when - due).total_seconds())
