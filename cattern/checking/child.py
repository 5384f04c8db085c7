"""The process in which a student's check runs. It says which tasks there are, waits for the question, and answers it task by task.

It is a process of its own so that an endless loop can be ended, and so that the file is always read afresh, whatever a
notebook has imported. There is no wall: it is the student's own code on the student's own machine. One line of JSON
goes in, one for each thing said comes out.

    python -m cattern.checking.child LAB FOLDER
"""

import builtins
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from cattern.checking import fingerprints
from cattern.checking import run as probing
from cattern.checking.agent.loading import absent_module, fill_what_is_empty
from cattern.checking.answers import judge_cell, judge_data, judge_file, judge_hand
from cattern.checking.hang import Watchdog
from cattern.checking.judge import Earlier, judge_task
from cattern.checking.lab import Lab, Task, load_lab, module_name
from cattern.checking.locate.explain import Explainer
from cattern.checking.source import repaired
from cattern.errors import CatternError
from cattern.plugins import installed


def open_reference(lab: Lab):
    """Return the reference of a lab: the fingerprints of the bundle, or the solution itself where instructors work.

    Raises:
        CatternError: there is neither.
    """
    path = fingerprints.path_of(lab)
    if path.is_file():
        return fingerprints.FingerprintReference(lab, path.read_bytes())
    for open_public in installed("cattern.references"):
        return open_public(lab.name, path.parents[3])
    raise CatternError(f"{path} is missing: copy it again from the lab's bundle")


def refuse_other_packages(modules: set[str], folder: Path, packages: Iterable[str]) -> None:
    """Let modules import what is there when they are graded, and nothing else that happens to be installed here."""
    known = {*sys.stdlib_module_names, *packages, "cattern", "mnist_data"}
    known |= {path.stem for path in folder.iterdir()}
    import_anything = builtins.__import__

    def import_known(name, globals=None, locals=None, fromlist=(), level=0):
        top = name.partition(".")[0]
        if level == 0 and top not in known and globals and globals.get("__name__") in modules:
            return absent_module(top)  # to use something of it fails, as it does when this is graded
        return import_anything(name, globals, locals, fromlist, level)

    builtins.__import__ = import_known


def about(lab: Lab, task: Task) -> dict:
    """Return what the asking process wants to know of a task."""
    return {
        "id": task.id,
        "title": task.title,
        "points": task.points,
        "source": task.source,
        "file": task.data or (lab.file_of(task) if task.source == "module" else ""),
        "needs": [t.id for t in lab.upstream(task)],
        "todo": task.todo,
        "hints": list(task.hints),
    }


def texts_of(lab: Lab, folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Return the student's files that are there, path → source, and what was repaired in it."""
    paths = {file: folder / file for file in lab.student_files}
    found = {f: p.read_text(encoding="utf-8", errors="replace") for f, p in paths.items() if p.is_file()}
    return {file: repaired(text) for file, text in found.items()}


def answer(lab: Lab, reference, folder: Path, question: dict, say: Callable[[dict], None]) -> None:
    """Check the tasks of a question, and those they build on; say one line for each that was asked."""
    wanted = [lab.task(t) for t in question["tasks"]]
    files = {name: Path(path) for name, path in question["files"].items()}
    refuse_other_packages({module_name(file) for file in lab.student_files}, folder, lab.packages)
    paths = {str(folder / file) for file in (*lab.student_files, "cell.py")}
    watchdog = Watchdog(question["seconds"], paths, lambda why: say({"hung": why}))
    upstream = {u.id for t in wanted for u in lab.upstream(t)}
    found: dict[str, Earlier] = {}
    texts = texts_of(lab, folder)
    explainer = Explainer(lab, reference, {file: text for file, (text, _) in texts.items()})
    for task in lab.tasks:
        if task not in wanted and task.id not in upstream:
            continue
        say({"started": task.id})
        probing.printed.clear()
        stub, output = None, ""
        watchdog.begin(stops=task.source == "module")
        if task.source == "module" and (verdict := judge_file(lab, task, folder)):
            watchdog.end()
        elif task.source == "module":
            answers = probing.answer_task(lab, task, reference.probes(task), folder)
            watchdog.end()
            verdict, found[task.id] = judge_task(lab, task, answers, reference, found, watchdog.stopped)
            output = probing.printed.text()
            if not watchdog.why:  # who knows what a run with other values comes to
                verdict = explainer.explained(task, verdict, answers, found)
            own = (a.failure for a in answers if a.failure and a.failure.todo == task.id)
            stub = next(({"line": f.line, "code": f.code} for f in own if f.line), None)
        elif task.source == "cell":
            told = getattr(reference, "told", {}).get(task.id)
            verdict = judge_cell(task, files.get(f"{lab.name}.ipynb"), folder / "cell.py", told)
        elif task.source == "data":
            watchdog.end()
            verdict = judge_data(lab, task, files.get(task.data))
        else:
            verdict = judge_hand(task, files.get(f"{lab.name}.ipynb"))
        watchdog.end()
        if task in wanted:
            steps = [s for m in verdict.mistakes for s in m.hint] or list(task.hints)
            said = {"verdict": verdict.to_json(), "hints": steps}
            more = {"stub": stub, "printed": output or probing.printed.text()}
            if task.source == "module":  # said once a file
                _, more["repairs"] = texts.pop(lab.file_of(task), ("", []))
            say(said | {name: value for name, value in more.items() if value})


def main() -> None:
    """Say the lab's tasks, read a question, answer it."""
    lab, folder = load_lab(sys.argv[1]), Path(sys.argv[2])
    reference = open_reference(lab)  # while there is somebody to read what is wrong with it
    lab = reference.lab  # as the course gives it
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # what student code prints is not the answer
    os.dup2(null, 2)

    def say(line: dict) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    say({"tasks": [about(lab, task) for task in lab.tasks]})
    question = sys.stdin.readline()
    os.dup2(null, 0)  # nor may it wait for somebody to type
    fill_what_is_empty()
    if question:
        answer(lab, reference, folder, json.loads(question), say)


if __name__ == "__main__":
    main()
