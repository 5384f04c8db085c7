"""nbgrader's gradebook: where it is, how it is opened, and everybody's marks out of it.

The tables are nbgrader's own. What a person entered (points, extra credit, a comment) is read and never written.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from autograder.nbgrader_bridge.marks import Mark, Marks
from cattern.checking.lab import Lab
from cattern.errors import CatternError

WAIT = 60.0  # seconds to wait for a gradebook that another program holds
Answer = TypeVar("Answer")


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

        session, cells = book.db, cells_of(book, lab)
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
                in_utc(row.timestamp),
                cells.due,
                row.extension,
            )
            for row in submissions(session, cells)
        }

    return with_gradebook(where, read)


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
class Cells:
    """The assignment as the gradebook knows it: ids, the due date, and name → id of its cells."""

    assignment: str
    notebook: str
    due: datetime | None
    grades: dict[str, str]
    comments: dict[str, str]

    def names(self) -> dict[str, str]:
        """Return id → name: an answer that is marked by hand is two cells of one name."""
        return {key: name for kind in (self.grades, self.comments) for name, key in kind.items()}


def cells_of(book, lab: Lab) -> Cells | None:
    """Return the lab's cells, or None when the gradebook does not know it."""
    from nbgrader.api import MissingEntry

    try:
        assignment = book.find_assignment(lab.name)
        notebook = book.find_notebook(lab.name, lab.name)
    except MissingEntry:
        return None
    graded = [*notebook.grade_cells, *notebook.task_cells]
    return Cells(
        assignment.id,
        notebook.id,
        in_utc(assignment.duedate),
        {cell.name: cell.id for cell in graded},
        {cell.name: cell.id for cell in [*notebook.solution_cells, *notebook.task_cells]},
    )


def submissions(session, cells: Cells):
    """Return a row for each student who handed in: ids, time, extension, penalty."""
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


def in_utc(when: datetime | None) -> datetime | None:
    """Return a time of the gradebook, which writes down no zone, with its zone."""
    return when and when.replace(tzinfo=UTC)


def note_due(book, lab: str, due: datetime | None) -> None:
    """Write the course's own due date into the gradebook, where there is one, so that nbgrader's pages and commands go by it."""
    if due is None:
        return
    assignment, due = book.find_assignment(lab), due.astimezone(UTC).replace(tzinfo=None)
    if assignment.duedate != due:
        assignment.duedate = due
