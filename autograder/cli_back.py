"""The commands that give results back: feedback, report, export; and what makes the catalogue better: mistake."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from autograder.options import (
    CourseFolder,
    GradedFolder,
    LabName,
    LabOption,
    NoSandbox,
    StudentName,
    TaskName,
)
from cattern.cli import examples

Grades = Annotated[Path, typer.Option(metavar="DIR", help="What `cattern grade` wrote.")]


class Target(StrEnum):
    """Where results can go."""

    csv = "csv"
    canvas = "canvas"
    moodle = "moodle"
    gradescope = "gradescope"


def add_to(app: typer.Typer, panel: str) -> None:
    """Add these commands to `cattern`."""
    app.command(
        rich_help_panel=panel,
        epilog=examples("cattern feedback two_layer_net submitted --grades grades --out feedback"),
    )(feedback)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern report two_layer_net --grades grades --out report",
            "cattern report two_layer_net --grades grades --submitted submitted --out report[dim]   # and whose code looks alike[/dim]",
        ),
    )(report)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern export two_layer_net --to csv --grades grades",
            "cattern export two_layer_net --to canvas --grades grades --sheet Grades.csv --column 'Lab 1'",
            "cattern export two_layer_net --to moodle --grades grades --sheet worksheet.csv",
            "cattern export two_layer_net --to gradescope[dim]   # an autograder.zip; it needs no grades[/dim]",
        ),
    )(export)
    draft_shown = (
        "cattern mistake draft ada 'TODO#1' --lab nearest_neighbour",
        "cattern mistake draft ada 1 --lab nearest_neighbour --out draft.toml[dim]   # into a file[/dim]",
    )
    superfluous_shown = (
        "cattern mistake superfluous nearest_neighbour",
        "cattern mistake superfluous nearest_neighbour --only choose-counts[dim]   # this entry, whatever it changes[/dim]",
    )
    about = "Let the catalogue of mistakes grow from a class, and shrink where it says nothing of its own."
    mistake = typer.Typer(
        no_args_is_help=True, help=about, epilog=examples(*draft_shown, superfluous_shown[0])
    )
    mistake.command(epilog=examples(*draft_shown))(draft)
    mistake.command(epilog=examples(*superfluous_shown))(superfluous)
    app.add_typer(mistake, name="mistake", rich_help_panel=panel)


def feedback(
    lab: LabName,
    submitted: Annotated[Path, typer.Argument(help="The folder that was graded.", show_default=False)],
    grades: Grades = Path("grades"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pages go.")] = Path("feedback"),
    course: CourseFolder = None,
) -> None:
    """Store the verdicts in nbgrader's gradebook and write a feedback page for each student."""
    from autograder import show
    from autograder.back import feedback as feeding
    from autograder.back.troubles import by_reason
    from autograder.course import Course

    progress = partial(show.with_progress, done="written")
    given = feeding.feedback(Course.open(lab, course), submitted, grades, out, progress)
    typer.echo(f"feedback for {len(given.pages)} students: {out}")
    if given.gradebook:
        typer.echo(f"gradebook: points of {len(given.stored)} students stored in {given.gradebook}")
    else:
        typer.echo(f"gradebook: it does not know {lab}, nothing stored; `cattern release {lab}` adds the lab")
    for line in by_reason(
        dict.fromkeys(given.newer, "the gradebook's points are newer than the verdict, and stay")
    ):
        typer.echo(line, err=True)
    for line in by_reason(given.troubles):
        typer.echo(f"cattern: {line}", err=True)
    if given.troubles:
        raise typer.Exit(1)


def report(
    lab: LabName,
    grades: Grades = Path("grades"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")] = Path("report"),
    submitted: Annotated[
        Path | None,
        typer.Option(help="What was graded: to see who was late or absent, and whose code looks alike."),
    ] = None,
    course: CourseFolder = None,
) -> None:
    """Write what the class got right and wrong, as a page and as JSON."""
    from autograder import show
    from autograder.back import report as reporting
    from autograder.course import Course

    opened = Course.open(lab, course)
    figures = reporting.report(opened, grades, submitted, partial(show.with_progress, done="compared"))
    page, data = reporting.write_report(opened, figures, out)
    typer.echo(f"report on {figures['students']} students:\n  {page}\n  {data}")


def export(
    lab: LabName,
    to: Annotated[Target, typer.Option(help="What the table, or the archive, is for.")],
    grades: Grades = Path("grades"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where it goes.")] = Path("export"),
    sheet: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Canvas' or Moodle's own export, to fill in.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The assignment's name in Canvas; the lab's title when not given.")
    ] = None,
    no_sandbox: NoSandbox = False,
    course: CourseFolder = None,
) -> None:
    """Write the results for Canvas, Moodle or a spreadsheet, or an autograder for Gradescope."""
    from autograder.back.exports import export as write
    from autograder.course import Course
    from cattern.checking.run import printable

    made = write(Course.open(lab, course), to.value, grades, out, sheet, column, not no_sandbox)
    typer.echo(f"for {to.value}: {made.path}")
    for line in made.notes:
        typer.echo(printable(line, 300), err=True)


def draft(
    student: StudentName,
    task: TaskName,
    submitted: GradedFolder = Path("submitted"),
    lab: LabOption = "two_layer_net",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; a file that is there stays.")
    ] = None,
    no_sandbox: NoSandbox = False,
    course: CourseFolder = None,
) -> None:
    """Draft a catalogue entry for what a student did, and try it: does the solution with it give the same numbers?"""
    from autograder.course import Course
    from autograder.grading.drafting import draft as drafted
    from autograder.grading.klass import place_of
    from autograder.grading.workers import Workers, plots
    from cattern.checking.run import printable
    from cattern.errors import CatternError

    if out and out.exists():
        raise CatternError(f"{out} is there already: give another name, or remove it")
    opened = Course.open(lab, course)
    wanted, place = opened.lab.task(task), place_of(opened, submitted, student)
    with Workers(opened, not no_sandbox) as workers:
        submission = workers.read(student, place)
        sandbox = workers.sandbox(plots(submission))
        made = drafted(wanted, submission, workers.reference, sandbox, workers.limits)
    if out:
        out.write_text(made.text, encoding="utf-8")
        typer.echo(f"a draft: {out}")
    else:
        typer.echo(made.text)
    for line in made.findings:
        typer.echo(printable(line, 300), err=True)


def superfluous(
    lab: LabName,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Try this entry; may be given again.")
    ] = None,
    course: CourseFolder = None,
) -> None:
    """Say which entries of the catalogue could go, since the place in the student's own code explains as much.

    Each that changes a few tokens in one place (a constant, an operator, an axis, a name, a factor) is taken out and planted, in the solution and in three other styles of it.
    Lab 1 takes some minutes.
    """
    from autograder.course import Course
    from autograder.solution.reference import public_reference
    from autograder.solution.superfluous import superfluous as find
    from cattern.errors import CatternError

    reference = public_reference(Course.open(lab, course))
    if unknown := sorted({*(only or ())} - reference.patches.keys()):
        raise CatternError(
            f"the catalogue of {lab} has no {', '.join(unknown)}: see the ids in its .toml files"
        )
    count = 0
    for found in find(reference, only or ()):
        count += not found.costs
        name = f"{found.patch.task} {found.patch.id}"
        if found.costs:
            typer.echo(f"stays: {name}: {'; '.join(found.costs)}")
            continue
        typer.echo(f"{'could go' if found.tells else 'says more than its place'}: {name}")
        typer.echo(f"    {found.patch.explanation}")
        for line in found.words:
            typer.echo(f"    → {line}")
    typer.echo(
        f"{count} cost nothing. Take out those whose text teaches nothing that the place does not say."
    )
