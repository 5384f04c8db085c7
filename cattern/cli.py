"""The command line: `cattern`, or `python -m cattern`. Every command imports what it needs when it runs."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cattern.errors import CatternError
from cattern.plugins import installed

app = typer.Typer(
    name="cattern",
    help="Neural networks from scratch, in notebooks that grade themselves.",
    epilog="Each command says more with --help, as in: python -m cattern data --help",
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
        "python -m cattern data[dim]                  # fetch what is missing[/dim]",
        "python -m cattern data --folder mnist[dim]   # into a folder of your own[/dim]",
        "python -m cattern data --force[dim]          # take every file again[/dim]",
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
    list[str] | None,
    typer.Argument(metavar="[LAB] [TASK]", help="A lab, a task (3, TODO3, T1), both or neither."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@app.command(
    epilog=examples(
        "python -m cattern check[dim]             # every TODO in your files[/dim]",
        "python -m cattern check 3[dim]           # one task; TODO3 is the same[/dim]",
        "python -m cattern check T1[dim]          # is an answer there, in the saved notebook?[/dim]",
        "python -m cattern check 3 --watch[dim]   # again after every save[/dim]",
    )
)
def check(
    names: Names = None,
    as_json: AsJson = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever a file is saved.")] = False,
    seconds: Annotated[float, typer.Option(min=0.5, help="Time limit of your code in each task.")] = 10.0,
) -> None:
    """Run your code and say what is right, and what is wrong with the rest. Exit code 1 unless all is right."""
    import json

    from cattern.checking import ask, words
    from cattern.checking.watch import watch as saves

    lab, tasks = ask.lab_and_words(names or [], "check")

    def show(results: Iterable[dict]) -> list[dict]:
        shown: list[dict] = []
        for result in results:
            same = bool(shown) and words.same_trouble(shown[-1], result)
            echo(json.dumps(result) if as_json else words.as_text(result, in_colour(), same))
            shown.append(result)
        return shown

    def sum_up(shown: list[dict]) -> None:
        if not as_json and len(shown) > 1:
            echo(words.summary(shown, lambda task: f"{ask.COMMAND} hint {words.typed(task)}"))
            if not tasks:
                echo(f"Those are the tasks in your files; {ask.COMMAND} status counts the notebook's, too.")

    latest: dict[str, dict] = {}
    try:
        rounds = saves(lab, tasks, seconds) if watch else [(set(), ask.results(lab, tasks, seconds))]
        for saved, results in rounds:
            if saved and not as_json:
                clear_screen()
                echo(f"{', '.join(sorted(saved))} saved:")
            latest |= {r["verdict"]["id"]: r for r in show(results)}
            sum_up([*latest.values()])
            if watch:
                echo(f"watching {ask.package_folder()} (Ctrl+C ends it)", err=as_json)
    except KeyboardInterrupt:
        echo("", err=True)
    right = all(r["verdict"]["status"] in ("pass", "given") for r in latest.values())
    raise typer.Exit(0 if right else 1)


@app.command(
    epilog=examples(
        "python -m cattern hint[dim]              # a nudge for the first task that is open[/dim]",
        "python -m cattern hint 3[dim]            # for this one[/dim]",
        "python -m cattern hint 3 --step 2[dim]   # more[/dim]",
    )
)
def hint(
    names: Names = None,
    step: Annotated[
        int, typer.Option(min=1, help="How far the hint goes: 1 nudges, 3 says where to read.")
    ] = 1,
) -> None:
    """Give a hint for one task, about your own mistake where the check knows it."""
    from cattern.checking import ask, check, words

    lab, tasks = ask.lab_and_words(names or [], "hint")
    for asked in [[task] for task in tasks] or [["all"]]:
        result = check.hinted(ask.results(lab, asked))
        for line in words.hint_lines(
            result, step, lambda task, more: f"{ask.COMMAND} hint {words.typed(task)} --step {more}"
        ):
            echo(line)


@app.command(epilog=examples("python -m cattern status", "python -m cattern status --json"))
def status(names: Names = None, as_json: AsJson = False) -> None:
    """Say in one line a task how far you are, and count the points."""
    import json

    from cattern.checking import ask, words

    lab, tasks = ask.lab_and_words(names or [], "status")
    results = list(ask.results(lab, tasks or ["all"]))
    echo(json.dumps([r["verdict"] for r in results]) if as_json else words.table_text(results, in_colour()))


@app.command(
    epilog=examples(
        "python -m cattern submit[dim]                 # LAB-submission.zip in this folder[/dim]",
        "python -m cattern submit --student s0123456[dim]   # with your number in the receipt[/dim]",
        "python -m cattern submit --out lab1.zip[dim]       # under another name[/dim]",
        "python -m cattern submit --anyway[dim]             # though something is missing[/dim]",
    )
)
def submit(
    lab: Annotated[
        str | None, typer.Argument(metavar="[LAB]", help="The lab; the one in this folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="ZIP", help="Where the zip goes, or its folder.")
    ] = None,
    student: Annotated[str | None, typer.Option(metavar="ID", help="Who you are, for the receipt.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Write it though something is missing.")] = False,
) -> None:
    """Pack what is to be handed in into one zip, after a look at whether it is complete, readable and fresh."""
    from cattern.checking import ask, words
    from cattern.checking.submit import submit as pack

    path, notes, found = pack(lab or ask.find_lab(ask.COMMAND + " submit {lab}"), out, student, anyway)
    echo(words.table_text(found, in_colour()))
    for note in notes:
        echo(f"note: {note}")
    echo(f"hand in this one file: {path} ({path.stat().st_size / 1024:.0f} kB)")


def in_colour() -> bool:
    """Tell whether colour is wanted: on a terminal, unless NO_COLOR says otherwise."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def clear_screen() -> None:
    """Begin on a clean screen, where there is one."""
    if sys.stdout.isatty():
        typer.echo("\033[2J\033[H", nl=False)


def echo(text: str, err: bool = False) -> None:
    """Print a line at once; colour goes where `in_colour` says."""
    print(text, file=sys.stderr if err else sys.stdout, flush=True)


def main() -> None:
    """Run the command line; exit with 0, 1 (it did not work) or 2 (it was typed wrong)."""
    # before NumPy: the labs' matrices are small, and threads that wait for each other on a busy machine cost far more
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from cattern.checking.words import print_on_any_console

    print_on_any_console(sys.stdout, sys.stderr)
    try:
        for add_to in installed("cattern.commands"):
            add_to(app)
        app()
    except CatternError as error:
        print(f"cattern: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # no permission, no space: the machine's own words are plain enough
        no_folder = isinstance(error, FileExistsError | NotADirectoryError)
        said = f"{error.filename}: a file is there, where a folder is wanted" if no_folder else error
        print(f"cattern: {said}", file=sys.stderr)
        sys.exit(1)
