"""Feedback pages: nbgrader's own, with the oracle's verdicts in them.

What students handed in is never touched: nbgrader gets repaired copies, so that a renamed notebook or a broken one
has a page too.
"""

import json
import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder import bundle
from autograder.course import Course
from autograder.release.generate import course_config
from autograder.submission import Unreadable, find_submissions, read_submission
from cattern.errors import CatternError


def feedback(course: Course, submitted: Path, verdicts: Path, out: Path) -> dict[str, Path]:
    """Store the verdicts in the gradebook and write `OUT/<student>/LAB/LAB.html`.

    Args:
        course: the course; the lab must have been released in it, so that the gradebook knows it.
        submitted: the folder that was graded.
        verdicts: the folder that `cattern grade` wrote.
        out: where the pages go.

    Returns:
        student → page, for every student with a notebook.

    Raises:
        CatternError: the gradebook does not know the lab, or nbgrader gave up on a student.
    """
    from nbgrader.converters import Autograde, GenerateFeedback
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    lab_name = course.lab_name
    # nbgrader 0.9.6 with SQLAlchemy 2.1: a warning a cell, about nothing that is lost
    warnings.filterwarnings("ignore", message="Object of type .* not in session")
    with TemporaryDirectory(prefix="cattern-feedback-") as work:
        config = course_config(course.folder)
        config.CourseDirectory.assignment_id = lab_name
        config.CourseDirectory.submitted_directory = str(Path(work) / "submitted")
        config.CourseDirectory.feedback_directory = str(out.resolve())
        config.OracleVerdicts.verdicts = str(verdicts.resolve())
        config.BaseConverter.force = True
        students = repaired_copies(course, submitted, verdicts, Path(work) / "submitted")
        if not students:
            raise CatternError(
                f"no student in {submitted} has a notebook and a verdict in {verdicts}: run `cattern grade` first"
            )
        log = logging.getLogger("cattern.feedback")
        log.propagate = False
        log.addHandler(logging.NullHandler())
        for converter in (Autograde, GenerateFeedback):
            try:
                converter(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
            except NbGraderException as error:
                raise CatternError(f"nbgrader could not write the feedback of {lab_name}: {error}") from None
    return {student: out / student / lab_name / f"{lab_name}.html" for student in students}


def repaired_copies(course: Course, submitted: Path, verdicts: Path, to: Path) -> list[str]:
    """Write each submission's repaired notebook to `TO/<student>/LAB/`, with the student's files beside it.

    A student without a readable notebook gets the released one, so that the verdicts on their files have a page.
    """
    lab, release, students = course.lab, bundle.handed_out(course), []
    for student, path in find_submissions(submitted, lab):
        if not (verdicts / f"{student}.json").is_file():
            continue
        try:
            submission = read_submission(student, path, lab, release)
        except Unreadable:
            continue
        notebook = submission.notebook or json.loads(release[f"{lab.name}.ipynb"])
        folder = to / student / lab.name
        for name, content in {**submission.files, f"{lab.name}.ipynb": json.dumps(notebook).encode()}.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        students.append(student)
    return students
