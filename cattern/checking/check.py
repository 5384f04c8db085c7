"""What a student asks in a notebook: is it right, what is wrong, what next?

    from cattern import check, hint, status
    check("TODO#3")          # also check(3); python -m cattern check 3 in a terminal
    hint("TODO#3")
    status()

The answers have the grader's own words. Nothing here imports NumPy: the work is done in a child process.
"""

from collections.abc import Iterable

from cattern.checking import words
from cattern.checking.ask import SECONDS, find_lab, results
from cattern.errors import CatternError
from cattern.progress import in_notebook

OPEN = ("missing", "fail", "error", "timeout", "partial", "skipped")  # what a hint is for


def check(task: str | int | None = None, lab: str | None = None, seconds: float = SECONDS) -> None:
    """Run your code for one task, or for all of the lab, and show what is right and what is not.

    Args:
        task: "TODO#3" or 3; None for every TODO that stands in a file.
        lab: the lab's name; None for the one in this folder.
        seconds: time limit of each task.
    """
    try:
        for result in results(lab or find_lab("check(lab='{lab}')"), [] if task is None else [task], seconds):
            _show(words.as_text(result), words.as_html(result))
    except CatternError as error:
        print(error)


def hint(task: str | int | None = None, step: int = 1, lab: str | None = None) -> None:
    """Show a hint for one task, about your own mistake where the check knows it.

    Args:
        task: "TODO#3" or 3; None for the first that is still open.
        step: how far the hint goes: 1 nudges, 3 says where to read.
        lab: the lab's name; None for the one in this folder.
    """
    try:
        result = hinted(results(lab or find_lab("hint(lab='{lab}')"), ["all"] if task is None else [task]))
        lines = words.hint_lines(result, step, lambda task_id, next_step: f'hint("{task_id}", {next_step})')
        _show("\n".join(lines), words.lines_html(lines))
    except CatternError as error:
        print(error)


def status(lab: str | None = None) -> None:
    """Show in one line a task how far you are.

    Args:
        lab: the lab's name; None for the one in this folder.
    """
    try:
        everything = list(results(lab or find_lab("status(lab='{lab}')"), ["all"]))
        _show(words.table_text(everything), words.table_html(everything))
    except CatternError as error:
        print(error)


def hinted(found: Iterable[dict]) -> dict | None:
    """Return the first result that is open, or the last one when all are right; None where there is nothing."""
    result = None
    for result in found:
        if result["verdict"]["status"] in OPEN:
            break
    return result


def _show(text: str, html: str) -> None:
    """Show HTML in a notebook, text everywhere else."""
    if in_notebook():
        from IPython.display import display

        display({"text/plain": text, "text/html": html}, raw=True)
    else:
        print(text)
