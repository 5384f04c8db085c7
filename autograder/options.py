"""Arguments and options that several of the instructors' commands have."""

import warnings
from pathlib import Path
from typing import Annotated

import typer


def _say_no_sandbox(chosen: bool) -> bool:
    """Say once, in a command's own words, what every sandbox without walls would warn of."""
    if chosen:
        typer.echo("cattern: no sandbox: submissions can read and change what whoever grades can", err=True)
        warnings.filterwarnings("ignore", "no sandbox", RuntimeWarning)
    return chosen


LabName = Annotated[
    str, typer.Argument(metavar="LAB", help="The lab's name, as in notebooks/.", show_default=False)
]
CourseFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The course's folder; when not given, the current one if it holds a course.toml, else the one `cattern` was installed from.",
    ),
]
NoSandbox = Annotated[
    bool,
    typer.Option(
        "--no-sandbox",
        callback=_say_no_sandbox,
        help="Run submissions without bubblewrap: only for code you trust as your own.",
    ),
]
StudentName = Annotated[str, typer.Argument(help="The student's folder name.", show_default=False)]
TaskName = Annotated[str, typer.Argument(help="The task: 'TODO#2', or just 2.", show_default=False)]
GradedFolder = Annotated[Path, typer.Option(metavar="DIR", help="The folder that was graded.")]
LabOption = Annotated[str, typer.Option(metavar="LAB", help="The lab's name.")]
