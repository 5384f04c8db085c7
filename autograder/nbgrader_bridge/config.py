"""nbgrader's configuration of a course: which of our preprocessors take the place of which of nbgrader's own."""

import os
import re
import sys
from pathlib import Path

from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import AssignLatePenalties, ClearHiddenTests, ClearSolutions, Execute, SaveCells

from autograder import bundle
from autograder.course import labs_in, source_folder
from autograder.nbgrader_bridge.feedback import HideTests
from autograder.nbgrader_bridge.grade import OracleVerdicts, RepairNotebook, RestorePackage
from autograder.nbgrader_bridge.lateness import LatePenalties
from autograder.nbgrader_bridge.pages import guard_pages
from autograder.nbgrader_bridge.release import (
    AddPackage,
    DropHiddenTests,
    InCourse,
    RecordCells,
    StubSolutions,
)
from autograder.sanitise.names import one_line

# Seconds a cell may take where nbgrader runs notebooks: its own 30 are too few to train a network.
CELL_TIMEOUT = 300
_MARKUP = re.compile(r"[<>\"&\\`]")


def configure(c, course: str | Path | None = None) -> None:
    """Fill nbgrader's configuration object for a Cattern course. What is set in `c` afterwards wins.

    Args:
        c: the traitlets Config that `get_config()` gives.
        course: the folder with `notebooks/`; None for the folder nbgrader runs in.
    """
    find_alembic()
    if course is not None:
        c.CourseDirectory.root = str(Path(course).resolve())
    root = Path(course or c.CourseDirectory.get("root") or Path.cwd()).resolve()
    sources = source_folder(root)
    c.CourseDirectory.source_directory = sources
    ours = {ClearSolutions: StubSolutions, ClearHiddenTests: DropHiddenTests, SaveCells: RecordCells}
    stock = _stock(GenerateAssignment, "preprocessors")
    c.GenerateAssignment.preprocessors = [InCourse, *(ours.get(p, p) for p in stock), AddPackage]
    c.Autograde.sanitize_preprocessors = [
        RepairNotebook,
        RestorePackage,
        *_stock(Autograde, "sanitize_preprocessors"),
    ]
    stock = _stock(Autograde, "autograde_preprocessors")
    ours = {Execute: OracleVerdicts, AssignLatePenalties: LatePenalties}
    c.Autograde.autograde_preprocessors = [ours.get(p, p) for p in stock]
    guard_pages(c)
    c.CourseDirectory.student_id_exclude = ",".join(unshowable(root / "submitted"))
    c.GenerateFeedback.preprocessors = [HideTests, *_stock(GenerateFeedback, "preprocessors")]
    c.Execute.timeout = CELL_TIMEOUT
    c.Autograde.exclude_overwriting = {
        name: bundle.kept_back(root / sources / name) for name in labs_in(root)
    }


def unshowable(submitted: Path) -> list[str]:
    """Return the students' folders that nbgrader leaves out, because its pages show a folder's name as if it were their own text."""
    names = sorted(path.name for path in submitted.iterdir()) if submitted.is_dir() else []
    found = [name for name in names if _MARKUP.search(name) or not name.isprintable()]
    for name in found:
        print(
            f"cattern: nbgrader leaves out the folder {one_line(name)!r} in {submitted}: give it a plain name",
            file=sys.stderr,
        )
    return found


def find_alembic() -> None:
    """Put this Python's folder on PATH: nbgrader starts `alembic` by name, also where no environment is activated."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])


def _stock(converter: type, trait: str) -> list[type]:
    """Return the preprocessors that nbgrader itself has in a list."""
    return list(converter.class_traits()[trait].default())
