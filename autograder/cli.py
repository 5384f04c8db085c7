"""The instructors' commands of `cattern`. Every command imports what it needs when it runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cattern.cli import examples

LabName = Annotated[
    str, typer.Argument(metavar="LAB", help="The lab's name, as in notebooks/.", show_default=False)
]
Course = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="The course's folder; the one `cattern` was installed from when not given."
    ),
]
NoSandbox = Annotated[
    bool,
    typer.Option(
        "--no-sandbox", help="Run submissions without bubblewrap: only for code you trust as your own."
    ),
]


class CarryChoice(StrEnum):
    """What a lab does with the files that students wrote in an earlier one."""

    solved = "solved"
    own = "own"


Carry = Annotated[
    CarryChoice,
    typer.Option(
        help="Files from an earlier lab that this one imports: put in solved, or the students' own."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the instructors' commands to `cattern`."""
    panel = "For instructors"
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern release two_layer_net[dim]                    # into release/[/dim]",
            "cattern release two_layer_net --out ~/handout[dim]    # somewhere else[/dim]",
            "cattern release two_layer_net --course ~/nn-2027[dim] # your own notebook[/dim]",
        ),
    )(release)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern grade two_layer_net submitted --out grades[dim]            # one core, one submission at a time each[/dim]",
            "cattern grade two_layer_net submitted --out grades --jobs 8[dim]   # eight at a time[/dim]",
            "cattern grade two_layer_net submitted --out grades --scheduler tcp://head:8786[dim]   # on a Dask cluster[/dim]",
        ),
    )(grade)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern explain dora 'TODO#2' --submitted submitted",
            "cattern explain dora 3 --lab two_layer_net --submitted submitted",
        ),
    )(explain)
    app.command(
        rich_help_panel=panel,
        epilog=examples("cattern feedback two_layer_net submitted --grades grades --out feedback"),
    )(feedback)
    app.command(
        rich_help_panel=panel,
        epilog=examples("cattern demo", "cattern demo nn_library --out /tmp/demo"),
    )(demo)


def release(
    lab: LabName,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where it goes; COURSE/release when not given.")
    ] = None,
    course: Course = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there, whatever it is.")] = False,
    carry: Carry = CarryChoice.solved,
) -> None:
    """Make a lab's student bundle, a folder and a zip, without solutions; refuse when anything leaks."""
    from autograder import release as releasing
    from autograder.release.bundle import ROOT

    course = course or ROOT
    made = releasing.release(lab, out or course / "release", course, force, carry.value)
    typer.echo(f"released {lab}: {made.files} files, no leak\n  {made.folder}\n  {made.archive}")


def grade(
    lab: LabName,
    submitted: Annotated[
        Path, typer.Argument(help="Folder with one folder for each student.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the verdicts go.", show_default=False)],
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Submissions at a time; one a core when not given.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, for many machines.")
    ] = None,
    no_sandbox: NoSandbox = False,
    carry: Carry = CarryChoice.solved,
    course: Course = None,
) -> None:
    """Grade a class: OUT/<student>.json for each, OUT/summary.csv for all. Exit code 1 when one could not be graded."""
    from rich.console import Console
    from rich.markup import escape

    from autograder import show as table
    from autograder.grading import klass as grading
    from autograder.release.bundle import ROOT
    from autograder.seed import course_seed
    from autograder.submission import take_in
    from autograder.submission.repair import shown
    from cattern.checking.lab import load_lab
    from cattern.checking.run import printable

    about = load_lab(lab)
    graded = grading.grade_class(
        lab,
        submitted,
        out,
        course_seed(course),
        jobs,
        not no_sandbox,
        scheduler,
        carry.value,
        (course or ROOT).resolve(),
        table.with_progress,
    )
    console = Console()
    table.print_class(graded, console)
    taken = take_in(submitted, about)
    for name, why in {**taken.unmatched, **taken.replaced, **taken.absent}.items():
        console.print(f"[dim]not a submission: {escape(shown(name))}: {escape(why)}[/]")
    console.print(f"verdicts: {out}", markup=False, highlight=False)
    failed = [g for g in graded if g.verdict is None]
    for g in failed:
        typer.echo(f"cattern: no verdict for {printable(g.student)}: {g.trouble}", err=True)
    if failed:
        raise typer.Exit(1)


def explain(
    student: Annotated[str, typer.Argument(help="The student's folder name.", show_default=False)],
    task: Annotated[str, typer.Argument(help="The task: 'TODO#2', or just 2.", show_default=False)],
    submitted: Annotated[Path, typer.Option(metavar="DIR", help="The folder that was graded.")] = Path(
        "submitted"
    ),
    lab: Annotated[str, typer.Option(metavar="LAB", help="The lab's name.")] = "two_layer_net",
    no_sandbox: NoSandbox = False,
    course: Course = None,
) -> None:
    """Lay one task of one student open: the probe, what was expected, what came, and what the mistake changes."""
    from rich.console import Console

    from autograder.grading import explain as explaining
    from autograder.grading import klass as grading
    from autograder.release.bundle import ROOT
    from autograder.release.handout import handout
    from autograder.seed import course_seed
    from autograder.submission import find_submissions, read_submission
    from cattern.checking.lab import load_lab
    from cattern.errors import CatternError

    about = load_lab(lab)
    wanted = about.task(task)
    found = dict(find_submissions(submitted, about)) if submitted.is_dir() else {}
    if student not in found:
        raise CatternError(
            f"no submission of {student!r} in {submitted}: there are {', '.join(found) or 'none'}"
        )
    root = (course or ROOT).resolve()
    reference = grading.open_reference(lab, course_seed(course), root)
    submission = read_submission(student, found[student], about, handout(lab, root))
    plots = grading.plots(submission)
    with grading.open_sandbox(lab, not no_sandbox, course=root, plots=plots) as sandbox:
        explaining.show(explaining.explain(wanted, submission, reference, sandbox), Console())


def feedback(
    lab: LabName,
    submitted: Annotated[Path, typer.Argument(help="The folder that was graded.", show_default=False)],
    grades: Annotated[Path, typer.Option(metavar="DIR", help="What `cattern grade` wrote.")] = Path("grades"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pages go.")] = Path("feedback"),
    course: Course = None,
) -> None:
    """Store the verdicts in nbgrader's gradebook and write a feedback page for each student."""
    from autograder.back import feedback as feeding
    from autograder.release.bundle import ROOT
    from cattern.checking.lab import load_lab

    load_lab(lab)
    pages = feeding.feedback(lab, submitted, grades, out, course or ROOT)
    typer.echo(f"feedback for {len(pages)} students: {out}")


def demo(
    lab: Annotated[str, typer.Argument(metavar="LAB", help="The lab.")] = "two_layer_net",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where everything goes.")] = Path("build/demo"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Submissions at a time.")] = None,
    no_sandbox: NoSandbox = False,
) -> None:
    """Release a lab, let a sample class hand it in, grade the class, print the table, write the feedback."""
    from rich.console import Console

    from autograder.demo import demo as run

    run(out, Console(), jobs, not no_sandbox, lab)
