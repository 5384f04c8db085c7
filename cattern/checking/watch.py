"""Checks again after every save: only what the saved file affects, and at once, whatever a check before was doing."""

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cattern.checking.ask import About, Child, chosen, data_file_of, notebook_of, package_folder, results


def watched(lab: str, tasks: list[About]) -> set[Path]:
    """Return the folders in which a save matters for these tasks."""
    top = package_folder().parent
    files = [top / task.file for task in tasks if task.source == "module"]
    files += [notebook_of(lab)] if any(task.source in ("cell", "hand") for task in tasks) else []
    files += [data_file_of(lab, task.file) for task in tasks if task.source == "data"]
    return {file.parent for file in files if file} or {top}


def affected(tasks: list[About], everything: list[About], saved: set[str]) -> list[About]:
    """Return the tasks for which a save of files with these names matters.

    Args:
        tasks: those that are watched.
        everything: all tasks of the lab.
        saved: file names.
    """
    of_a_task = {Path(task.file).name for task in everything if task.file}
    if any(name.endswith(".py") and name not in of_a_task for name in saved):  # a helper of the student's
        return tasks
    file_of = {task.id: Path(task.file).name for task in everything}
    found = []
    for task in tasks:
        files = {file_of[task_id] for task_id in (task.id, *task.needs)}
        if task.source in ("cell", "hand"):
            files = {name for name in saved if name.endswith(".ipynb")}
        if files & saved:
            found.append(task)
    return found


def watch(lab: str, words: list, seconds: float) -> Iterator[tuple[set[str], list[dict]]]:
    """Yield (nothing, all results) at once, then (names of the saved files, results) after every save.

    A process waits with everything loaded, so that a save has its verdict as soon as the student's code has run. A
    new save ends a check that is still running.

    Args:
        lab: the lab's name.
        words: what names the tasks.
        seconds: time limit of each task.
    """
    child = Child(lab)
    everything = child.tasks
    tasks = chosen(everything, lab, words)
    saves: queue.Queue[set[str]] = queue.Queue()
    ready, end = threading.Event(), threading.Event()
    folders = watched(lab, tasks)
    threading.Thread(target=_listen, args=(folders, saves.put, ready, end), daemon=True).start()
    ready.wait(10)
    saved: set[str] = set()
    due = tasks
    try:
        while True:
            if due:
                waiting, child = child, None
                ids = [task.id for task in due]
                found = list(results(lab, ids, seconds, waiting, stop=lambda: not saves.empty()))
                child = Child(lab)
                if saves.empty():
                    yield saved, found
                    saved, due = set(), []  # else what this check did not come to is due again
            new = _next(saves)
            now = affected(tasks, everything, new)
            saved, due = saved | new, [task for task in tasks if task in due or task in now]
    finally:
        end.set()
        if child:
            child.close()


def _next(saves: queue.Queue) -> set[str]:
    """Wait for a save; return the names of all files that were saved by then."""
    saved: set[str] = set()
    while not saved or not saves.empty():
        try:
            saved |= saves.get(timeout=0.5)  # with a timeout Ctrl+C comes through on Windows, too
        except queue.Empty:
            continue
    return saved


def _listen(
    folders: set[Path], tell: Callable[[set[str]], None], ready: threading.Event, end: threading.Event
) -> None:
    """Tell the names of files as they are saved, until the end; say when no save can be missed any more."""
    from watchfiles import watch as changes

    def matters(_, path: str) -> bool:
        return path.endswith((".py", ".ipynb", ".npz")) and ".ipynb_checkpoints" not in path

    quiet = {"rust_timeout": 300, "yield_on_timeout": True}  # an empty batch: it is listening
    for batch in changes(
        *folders, watch_filter=matters, stop_event=end, recursive=False, debounce=200, step=20, **quiet
    ):
        ready.set()
        if batch:
            tell({Path(path).name for _, path in batch})
