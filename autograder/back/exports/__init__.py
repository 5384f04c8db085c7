"""Results on their way to where a school keeps them."""

from dataclasses import dataclass
from pathlib import Path

from autograder.back.exports import sheets
from autograder.back.final import final_marks
from autograder.course import Course
from cattern.errors import CatternError


@dataclass(frozen=True)
class Exported:
    """What was written, and what the instructor should know of it."""

    path: Path
    notes: tuple[str, ...] = ()


def export(
    course: Course,
    to: str,
    grades: Path,
    out: Path,
    sheet: Path | None = None,
    column: str | None = None,
    walls: bool = True,
) -> Exported:
    """Write results for one destination.

    Args:
        course: the course.
        to: "csv", "canvas", "moodle" or "gradescope".
        grades: what `cattern grade` wrote; not needed for Gradescope.
        out: the folder.
        sheet: the destination's own export, to be filled in.
        column: the assignment's name in Canvas; None for the lab's title.
        walls: False lets the Gradescope autograder run without bubblewrap.

    Raises:
        CatternError: there are no results, or the sheet is another one's.
    """
    if to == "gradescope":
        from autograder.back.exports import gradescope  # late: Gradescope runs that module itself

        path = gradescope.write_autograder(course, out, walls)
        return Exported(path, ("it holds the solution and the course's secret: give it to Gradescope only",))
    finals = final_marks(course, grades)
    table = None
    if sheet is not None:
        try:
            table = sheets.read(sheet.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as problem:
            raise CatternError(f"{sheet} cannot be read as CSV in UTF-8: {problem}") from None
    if to == "canvas":
        made = sheets.canvas(course, finals, column or course.lab.title, table)
    elif to == "moodle":
        made = sheets.moodle(course, finals, table)
    else:
        made = sheets.plain(course, finals)
    notes = [f"{f.student}: {', '.join(f.open)} is still to be marked by hand" for f in finals if f.open]
    if len(notes) > 5:
        notes = [f"{len(notes)} students have something that is still to be marked by hand"]
    notes += [
        f"{student} is not in {sheet}: no row for these points" for student in sheets.unplaced(finals, made)
    ]
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{course.lab_name}-{to}.csv"
    path.write_text(sheets.written(made), encoding="utf-8", newline="", errors="replace")
    return Exported(path, tuple(notes))
