"""The instructors' commands of `cattern`. Every command imports what it needs when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from autograder import cli_back
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


def add_to(app: typer.Typer) -> None:
    """Add the instructors' commands to `cattern`."""
    panel = "For instructors"
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern course[dim]                      # every lab of the course in this folder[/dim]",
            "cattern course two_layer_net --json[dim] # one lab, for programs[/dim]",
            "cattern course --new-secret[dim]         # once, before the first grading[/dim]",
        ),
    )(course)
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
            "cattern grade two_layer_net canvas.zip --out grades[dim]           # again: grades only what has changed[/dim]",
            "cattern grade two_layer_net submitted --out grades --only ada      [dim]# one student[/dim]",
            "cattern grade two_layer_net submitted --out grades --only ada --with neural_net.py[dim]   # an appeal: before and after[/dim]",
            "cattern grade two_layer_net submitted --out grades --scheduler tcp://head:8786[dim]   # on a Dask cluster[/dim]",
        ),
    )(grade)
    app.command(
        rich_help_panel=panel,
        epilog=examples(
            "cattern explain dora 'TODO#2' --submitted submitted",
            "cattern explain dora 'TODO#2' --html dora.html[dim]   # a page to send[/dim]",
            "cattern explain dora 3 --lab two_layer_net --submitted submitted",
        ),
    )(explain)
    cli_back.add_to(app, panel)
    app.command(
        rich_help_panel=panel,
        epilog=examples("cattern demo", "cattern demo nn_library --out /tmp/demo"),
    )(demo)


def course(
    lab: Annotated[
        str | None, typer.Argument(metavar="[LAB]", help="One lab; all of them when not given.")
    ] = None,
    course: CourseFolder = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Make the secret that the hidden inputs are drawn from.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False,
) -> None:
    """Print what holds in a course, and where each choice comes from; or make its secret."""
    from rich.console import Console

    from autograder import course as courses
    from autograder import secret, show

    folder = courses.find_folder(course)
    if new_secret:
        file = secret.new_secret(folder)
        typer.echo(
            f"a new secret, for your eyes only: {file}\nKeep it: another one draws other hidden inputs."
        )
        return
    opened = [courses.Course.open(name, folder) for name in ([lab] if lab else courses.labs_in(folder))]
    if as_json:
        import json

        typer.echo(json.dumps([show.course_as_json(one) for one in opened], ensure_ascii=False, indent=1))
    else:
        show.print_courses(opened, Console())
    warn(opened[0])


def warn(course) -> None:
    """Say loudly, on stderr, that a course's hidden inputs are public, if they are."""
    if warning := course.warning():
        typer.secho(f"cattern: {warning}", err=True, bold=True)


def release(
    lab: LabName,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where it goes; COURSE/release when not given.")
    ] = None,
    course: CourseFolder = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there, whatever it is.")] = False,
    record: Annotated[
        bool,
        typer.Option(
            "--record-tests", help="You changed hidden tests, and the probes that decide: note the new tests."
        ),
    ] = False,
) -> None:
    """Make a lab's student bundle, a folder and a zip, without solutions; refuse when anything leaks."""
    from autograder.course import Course
    from autograder.release import release as make
    from autograder.release.honoured import record_tests

    opened = Course.open(lab, course)
    if record:
        record_tests(opened)
    made = make(opened, out or opened.folder / "release", force)
    how = "nothing has changed since" if made.is_old else "no leak"
    typer.echo(f"released {lab}: {made.files} files, {how}\n  {made.folder}\n  {made.archive}")


def grade(
    lab: LabName,
    submitted: Annotated[
        Path,
        typer.Argument(
            help="One folder for each student, or a platform's download, or a zip of it.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the verdicts go.", show_default=False)],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="STUDENT[/TASK]", help="Grade this one; may be given several times."),
    ] = None,
    with_file: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="FILE",
            help="With --only: what this file would have given, before and after; nothing is stored.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Submissions at a time; one a core when not given.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, for many machines.")
    ] = None,
    no_sandbox: NoSandbox = False,
    course: CourseFolder = None,
) -> None:
    """Grade a class: OUT/<student>.json for each, OUT/summary.csv for all. Exit code 1 when one could not be graded."""
    from rich.console import Console

    from autograder import show
    from autograder.back.troubles import by_reason
    from autograder.course import Course
    from autograder.grading.klass import grade_class
    from cattern.errors import UsageError

    opened = Course.open(lab, course)
    warn(opened)
    console = Console()
    if with_file:
        if not only or len(only) != 1:
            raise UsageError("--with needs one student: --only STUDENT --with FILE")
        from autograder.grading.appeal import appeal

        show.print_appeal(appeal(opened, submitted, only[0], with_file, not no_sandbox), console)
        return
    try:
        graded = grade_class(
            opened, submitted, out, jobs, not no_sandbox, scheduler, show.with_progress, only or (), force
        )
    except KeyboardInterrupt:
        typer.echo(
            f"cattern: stopped; what was graded is in {out}, and the same command goes on from there",
            err=True,
        )
        raise typer.Exit(130) from None
    show.print_class(graded.results, console, opened.choices)
    show.print_rest(graded, console)
    console.print(f"verdicts: {out}", markup=False, highlight=False)
    failed = [g for g in graded.results if g.verdict is None]
    for line in by_reason({g.student: g.trouble for g in failed}):
        typer.echo(f"cattern: no verdict for {line}", err=True)
    if failed or graded.taken.unmatched:
        raise typer.Exit(1)


def explain(
    student: StudentName,
    task: TaskName,
    submitted: GradedFolder = Path("submitted"),
    lab: LabOption = "two_layer_net",
    grades: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Verdicts: it is said where the one of the table is not today's."),
    ] = Path("grades"),
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page to send to the student: no hidden input is on it."),
    ] = None,
    no_sandbox: NoSandbox = False,
    course: CourseFolder = None,
) -> None:
    """Lay one task of one student open: the probe, what was expected, what came, and what the mistake changes."""
    from rich.console import Console

    from autograder import show
    from autograder.course import Course
    from autograder.grading.explain import as_recorded, unlike_recorded
    from autograder.grading.explain import explain as lay_open
    from autograder.grading.klass import place_of
    from autograder.grading.store import verdict_path
    from autograder.grading.workers import Workers, plots
    from cattern.checking.run import printable

    opened = Course.open(lab, course)
    wanted = opened.lab.task(task)
    place = place_of(opened, submitted, student)
    warn(opened)
    recorded = verdict_path(grades, student)
    today, opened = opened, as_recorded(opened, recorded)
    with Workers(opened, not no_sandbox) as workers:
        submission = workers.read(student, place)
        sandbox = workers.sandbox(plots(submission))
        explanation = lay_open(wanted, submission, workers.reference, sandbox, workers.limits)
    show.print_explanation(explanation, Console())
    if opened is not today:
        typer.echo(f"cattern: {recorded} was given with an earlier secret, and so are these inputs", err=True)
    for line in unlike_recorded(opened, recorded, explanation.verdict):
        typer.echo(f"cattern: {printable(line, 300)}", err=True)
    if html:
        from autograder.back.page import task_page

        html.write_text(task_page(opened, explanation.verdict, submission), encoding="utf-8")
        typer.echo(f"a page to send: {html}")


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
