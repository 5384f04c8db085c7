"""The course's secret: it draws the hidden inputs, the same for every student of the course."""

import os
from pathlib import Path

FILE = ".cattern-seed"
DEFAULT = "cattern"


def course_seed(course: Path | None = None) -> str:
    """Return the seed: `CATTERN_SEED`, else the first line of `.cattern-seed` in the course folder, else a fixed one.

    The fixed one makes the same verdicts on every machine, but anybody who has this program can draw the same inputs:
    a course that cares sets its own, once, before the first grading.
    """
    if os.environ.get("CATTERN_SEED"):
        return os.environ["CATTERN_SEED"]
    file = (course or Path.cwd()) / FILE
    if file.is_file():
        return file.read_text(encoding="utf-8").split("\n")[0].strip() or DEFAULT
    return DEFAULT
