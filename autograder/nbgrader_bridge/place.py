"""Where an nbgrader preprocessor is at work: in which course, on whose submission, in which folders."""

import os
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course import Course, labs_in


@dataclass(frozen=True)
class Place:
    """A preprocessor's place: the course, the student ("." in a release), and nbgrader's folders."""

    course: Course
    student: str
    coursedir: CourseDirectory

    def folder(self, step: str) -> Path:
        """Return the folder of a step, "submitted_directory" or the like, for this student and lab."""
        name = self.coursedir.format_path(getattr(self.coursedir, step), self.student, self.course.lab_name)
        return Path(os.path.normpath(name))


def place(preprocessor: NbGraderPreprocessor, resources: dict) -> Place | None:
    """Return where a preprocessor is at work, or None when the assignment is not a lab of ours."""
    coursedir = preprocessor.parent.parent.coursedir  # preprocessor → exporter → converter
    about = resources["nbgrader"]
    folder = Path(coursedir.root).resolve()
    if about["assignment"] not in labs_in(folder):
        return None
    return Place(Course.open(about["assignment"], folder), about["student"], coursedir)
