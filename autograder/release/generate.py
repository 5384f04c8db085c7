"""Runs nbgrader's generate_assignment as the course has configured it: nbgrader strips the notebook and fills the gradebook."""

import logging
import os
import sys
from pathlib import Path

from autograder.course import ROOT, Course
from cattern.errors import CatternError

CONFIG = "nbgrader_config.py"


def generate(course: Course, out: Path) -> Path:
    """Run generate_assignment with the course's own configuration, into `OUT/LAB`. The leak check is a part of it.

    Raises:
        CatternError: nbgrader gave up; the message is its reason.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    lab, config = course.lab_name, course_config(course.folder)
    config.CourseDirectory.release_directory = str(out)
    config.CourseDirectory.assignment_id = lab
    log, reasons = logging.getLogger("cattern.release"), _Reasons()
    log.propagate = False
    log.addHandler(reasons)
    try:
        GenerateAssignment(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
    except NbGraderException as error:
        reason = reasons.first or error
        raise (
            reason if isinstance(reason, CatternError) else CatternError(f"{lab} is not released: {reason}")
        ) from None
    finally:
        log.removeHandler(reasons)
    made = out / lab
    made.chmod(0o755)
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return made


def course_config(folder: Path):
    """Return nbgrader's configuration of a course's folder: its `nbgrader_config.py`, or ours when it has none."""
    from traitlets.config import PyFileConfigLoader

    home = folder if (folder / CONFIG).is_file() else ROOT
    here = os.getcwd()  # noqa: PTH109  (nbgrader, too, reads it with the course as the working directory)
    os.chdir(folder)
    try:
        config = PyFileConfigLoader(CONFIG, path=str(home)).load_config()
    finally:
        os.chdir(here)
    config.CourseDirectory.root = str(folder)
    return config


class _Reasons(logging.Handler):
    """Keeps the first error that nbgrader was handling when it logged one: it raises only "see the above traceback"."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.first: BaseException | str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, CatternError) or self.first is None:
            self.first = error or record.getMessage()
