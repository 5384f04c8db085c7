"""The command line: `cattern`, or `python -m cattern`. Every command imports what it needs when it runs."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cattern.errors import CatternError

app = typer.Typer(
    name="cattern",
    help="Neural networks from scratch, in notebooks that grade themselves.",
    epilog="Each command says more with --help, as in: cattern data --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _commands() -> None:
    """Make `cattern` a command of commands even when it has only one."""


def examples(*lines: str) -> str:
    """Return the end of a command's --help: what to type, one line each."""
    return "Examples:\n\n" + "\n\n".join(lines)


@app.command(
    epilog=examples(
        "cattern data[dim]                    # fetch what is missing[/dim]",
        "cattern data --folder ~/mnist[dim]   # into a folder of your own[/dim]",
        "cattern data --force[dim]            # take every file again[/dim]",
    )
)
def data(
    folder: Annotated[
        Path | None, typer.Option(help="Where the files go; mnist_data/ when not given.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Download files again that are there already.")
    ] = False,
) -> None:
    """Fetch the MNIST images that the labs train on, and say where each file is."""
    from mnist_data.load_mnist import fetch

    reports = fetch(folder, force)
    for report in reports:
        typer.echo(f"{report.name}: {report.problem or report.path}")
    missing = sum(not report.ok for report in reports)
    if missing:
        raise CatternError(
            f"{missing} of {len(reports)} files are not usable: without them the labs run on a small subset"
        )


Names = Annotated[
    list[str] | None, typer.Argument(metavar="[LAB] [TODO#n]", help="A lab, a task, both or neither.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON a task, for programs.")]


@app.command(
    epilog=examples(
        "cattern check[dim]                        # every task of the lab in this folder[/dim]",
        "cattern check 'TODO#3'[dim]               # one task; just 3 will do[/dim]",
        "cattern check two_layer_net 3 --watch[dim]  # again after every save[/dim]",
    )
)
def check(
    names: Names = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file is saved.")] = False,
    seconds: Annotated[float, typer.Option(help="Time limit of each task.")] = 20.0,
) -> None:
    """Run your code and say what is right, and what is wrong with the rest. Exit code 1 unless all is right."""
    from cattern.checking import check as student

    lab, tasks = student.lab_and_tasks(names or [])
    right = show_results(lab, tasks, seconds, as_json)
    if watch:
        from watchfiles import watch as changes

        folder = student.package_folder()
        typer.echo(f"watching {folder} (Ctrl+C ends it)")
        for _ in changes(folder, watch_filter=lambda _, path: path.endswith(".py"), raise_interrupt=False):
            typer.clear()
            right = show_results(lab, tasks, seconds, as_json)
    raise typer.Exit(0 if right else 1)


def show_results(lab: str, tasks: list[str], seconds: float, as_json: bool) -> bool:
    """Print results as they come; return whether all were right."""
    import json

    from cattern.checking import check as student

    right = True
    for result in student.results(lab, tasks, seconds):
        right &= result["verdict"]["status"] == "pass"
        typer.echo(json.dumps(result) if as_json else student.as_text(result))
    return right


@app.command(
    epilog=examples(
        "cattern hint 'TODO#3'[dim]            # a nudge[/dim]",
        "cattern hint 3 --step 2[dim]          # more[/dim]",
    )
)
def hint(
    names: Names,
    step: Annotated[
        int, typer.Option(min=1, help="How far the hint goes: 1 nudges, 3 says where to read.")
    ] = 1,
) -> None:
    """Give a hint for one task, about your own mistake where the check knows it."""
    from cattern.checking import check as student
    from cattern.errors import UsageError

    lab, tasks = student.lab_and_tasks(names)
    if not tasks:
        raise UsageError("a hint for which task? As in: cattern hint 'TODO#3'")
    for result in student.results(lab, tasks):
        verdict, steps = result["verdict"], result["hints"]
        if verdict["status"] == "pass":
            typer.echo(f"{verdict['id']} is right: it needs no hint")
            continue
        for number, text in enumerate(steps[:step], 1):
            typer.echo(f"{number}. {text}")
        if step < len(steps):
            typer.echo(f"More: cattern hint '{verdict['id']}' --step {step + 1}")


@app.command(epilog=examples("cattern status", "cattern status two_layer_net --json"))
def status(names: Names = None, as_json: AsJson = False) -> None:
    """Say in one line a task how far you are."""
    import json

    from cattern.checking import check as student

    lab, tasks = student.lab_and_tasks(names or [])
    verdicts = [result["verdict"] for result in student.results(lab, tasks)]
    if as_json:
        typer.echo(json.dumps(verdicts))
        return
    for v in verdicts:
        sign = student.SIGNS[v["status"]]
        typer.echo(
            f"{sign} {v['id']:7} {v['title']:20} {v['status']:8} {v['score']:>4g} of {v['max_score']:g}"
        )
    done = sum(v["score"] for v in verdicts)
    typer.echo(f"{done:g} of {sum(v['max_score'] for v in verdicts):g} points that can be checked here")


def main() -> None:
    """Run the command line; exit with 0, 1 (it did not work) or 2 (it was typed wrong)."""
    # before NumPy: the labs' matrices are small, and threads that wait for each other on a busy machine cost far more
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        if find_spec("autograder"):
            from autograder.cli import add_to

            add_to(app)
        app()
    except CatternError as error:
        print(f"cattern: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # no permission, no space: the machine's own words are plain enough
        print(f"cattern: {error}", file=sys.stderr)
        sys.exit(1)
