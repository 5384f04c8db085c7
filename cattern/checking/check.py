"""What a student asks: is it right, and if not, what is wrong?

    from cattern import check
    check("TODO#3")          # in a notebook
    cattern check TODO#3     # in a terminal

The answer has the grader's own words. Nothing here imports NumPy: the work is done in a child process.
"""

import json
import queue
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

from cattern.errors import CatternError, UsageError

SECONDS = 20.0  # wall time for one task; an honest one takes a few hundredths of a second
SIGNS = {
    "pass": "✓",
    "partial": "◐",
    "fail": "✗",
    "error": "✗",
    "timeout": "✗",
    "skipped": "–",
    "missing": "·",
}


def check(task: str | None = None, lab: str | None = None, seconds: float = SECONDS) -> None:
    """Run your code for one task, or for all of the lab, and print what is right and what is not.

    Args:
        task: "TODO#3", or None for every task.
        lab: the lab's name; None for the one in this folder.
        seconds: time limit of each task.

    Raises:
        CatternError: there is no such lab or task here.
    """
    for result in results(lab or find_lab(), [task] if task else [], seconds):
        print(as_text(result))


def lab_and_tasks(names: list[str]) -> tuple[str, list[str]]:
    """Return the lab and the tasks that the words of a command line name: "[LAB] [TODO#n] …", in any order.

    Raises:
        UsageError: more than one lab is named, or none is and the folder does not tell.
    """
    from cattern.checking.lab import lab_names

    labs = [n for n in names if n in lab_names()]
    if len(labs) > 1:
        raise UsageError(f"one lab at a time: {' or '.join(labs)}")
    tasks = [n for n in names if n not in labs]
    wrong = [n for n in tasks if not re.fullmatch(r"(todo#?)?\d+|t\d+", n, re.IGNORECASE)]
    if wrong:
        raise UsageError(
            f"{wrong[0]!r} is neither a lab ({', '.join(lab_names())}) nor a task (as in 'TODO#3')"
        )
    return labs[0] if labs else find_lab(), tasks


def package_folder() -> Path:
    """Return the folder of the `cattern` package whose files are checked."""
    import cattern

    return Path(cattern.__file__).resolve().parent


def find_lab() -> str:
    """Return the lab that this folder is about.

    Raises:
        UsageError: there is none, or more than one; the message says what to type.
    """
    from cattern.checking.lab import lab_names

    names = lab_names()
    here = [
        n
        for n in names
        if any((f / f"{n}.ipynb").is_file() for f in (Path.cwd(), Path.cwd() / "notebooks" / n))
    ]
    printed = [n for n in names if (Path(__file__).parent / "fingerprints" / f"{n}.bin").is_file()]
    for candidates in (here, printed, names):
        if len(candidates) == 1:
            return candidates[0]
    raise UsageError(f"which lab? Name one of {', '.join(names)}, as in: cattern check {names[0]}")


def results(lab: str, tasks: list[str], seconds: float = SECONDS) -> Iterator[dict]:
    """Yield {"verdict": the task's verdict as JSON, "hints": [steps]} for each task, as soon as it is known.

    Args:
        lab: the lab's name.
        tasks: ids; none for all that can be checked here.
        seconds: time limit of each task.

    Raises:
        CatternError: the child could not say anything; the message holds its last words.
    """
    todo: list[dict] | None = None
    while todo is None or todo:
        names = [t["id"] for t in todo] if todo else tasks
        started = None
        for line in _child(lab, names, seconds):
            if line is None:
                break  # out of time
            if "plan" in line:
                todo = line["plan"] if todo is None else todo
            elif "started" in line:
                started = line["started"]
            elif "verdict" in line:
                todo = [t for t in todo if t["id"] != line["verdict"]["id"]]
                yield line
        if todo is None:
            raise CatternError(
                f"the check of {lab} did not start within {seconds:g} s: try again, or say --seconds 60"
            )
        if not todo:
            return
        # the child ended early: what it was at gets the blame, the others another child
        slow = next((t for t in todo if t["id"] == started), todo[0])
        todo.remove(slow)
        ended = "timeout" if line is None else "error"
        why = (
            f"it did not finish within {seconds:g} s"
            if line is None
            else "the process ended without an answer"
        )
        if started and started != slow["id"]:
            why += f" (in {started})"
        verdict = {
            "id": slow["id"],
            "title": slow["title"],
            "status": ended,
            "score": 0.0,
            "max_score": slow["points"],
        }
        yield {
            "verdict": {**verdict, "rationale": why, "evidence": {}, "mistakes": [], "remarks": []},
            "hints": [],
        }


def _child(lab: str, tasks: list[str], seconds: float) -> Iterator[dict | None]:
    """Yield the child's lines; None when it took longer than `seconds` for one."""
    folder = package_folder().parent
    command = [sys.executable, "-m", "cattern.checking.child", lab, str(folder), *tasks]
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    lines: queue.Queue = queue.Queue()

    def listen() -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put("")

    threading.Thread(target=listen, daemon=True).start()
    spoke = False
    try:
        while True:
            try:
                line = lines.get(timeout=seconds)
            except queue.Empty:
                yield None
                return
            if not line:
                break
            spoke = True
            yield json.loads(line)
        if not spoke:
            last = process.stderr.read().strip().splitlines()
            raise CatternError(last[-1].split(": ", 1)[-1] if last else "the check ended without a word")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def as_text(result: dict) -> str:
    """Return a result as the lines a student reads."""
    v = result["verdict"]
    lines = [
        f"{SIGNS[v['status']]} {v['id']} {v['title']}: {v['status']}, {v['score']:g} of {v['max_score']:g} points"
    ]
    if v["status"] != "pass":
        lines.append(_filled(v["rationale"]))
        evidence = v["evidence"]
        if "probe" in evidence:
            size = ""
            if "max_rel_error" in evidence:
                size = (
                    f": relative error {evidence['max_rel_error']:.1e}, tolerance {evidence['tolerance']:.0e}"
                )
            lines.append(_filled(f"on the problem “{evidence['probe']}”{size}"))
    for mistake in v["mistakes"]:
        lines.append(_filled(mistake["explanation"], "→ "))
        lines.append(_filled(f"hint: {mistake['hint']}"))
    lines += [_filled(f"note: {remark}") for remark in v["remarks"]]
    return "\n".join(lines)


def _filled(text: str, sign: str = "") -> str:
    """Return a text in lines of at most 100 characters, indented."""
    return textwrap.fill(text, 100, initial_indent="    " + sign, subsequent_indent="    ")
