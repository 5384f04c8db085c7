"""The process in which a student's check runs: one line of JSON for the plan, then one for each task.

It is a process of its own so that an endless loop can be ended, and so that the file is always read afresh, whatever a
notebook has imported. There is no wall: it is the student's own code on the student's own machine.

    python -m cattern.checking.child LAB FOLDER TASK...
"""

import builtins
import json
import os
import sys
from pathlib import Path

from cattern.checking import fingerprints
from cattern.checking import run as probing
from cattern.checking.judge import judge_task
from cattern.checking.lab import Lab, load_lab, module_name


def open_reference(lab: Lab):
    """Return the reference of a lab: the fingerprints of the bundle, or the solution itself where instructors work.

    Raises:
        CatternError: there is neither.
    """
    path = fingerprints.path_of(lab)
    if path.is_file():
        return fingerprints.FingerprintReference(lab, path.read_bytes())
    from importlib.util import find_spec

    from cattern.errors import CatternError

    if find_spec("autograder") is None:
        raise CatternError(f"{path} is missing: copy it again from the lab's bundle")
    from autograder.solution.reference import PUBLIC_SEED, SolutionReference

    return SolutionReference(lab, PUBLIC_SEED)


def refuse_other_packages(modules: set[str], folder: Path) -> None:
    """Let modules import what is there when they are graded, and nothing else that happens to be installed here."""
    known = {*sys.stdlib_module_names, *probing.PACKAGES, "cattern", "mnist_data"}
    known |= {path.stem for path in folder.iterdir()}
    import_anything = builtins.__import__

    def import_known(name, globals=None, locals=None, fromlist=(), level=0):
        top = name.partition(".")[0]
        if level == 0 and top not in known and globals and globals.get("__name__") in modules:
            there = ", ".join(probing.PACKAGES)
            raise ModuleNotFoundError(f"no {top} when this is graded: only {there} are there")
        return import_anything(name, globals, locals, fromlist, level)

    builtins.__import__ = import_known


def main() -> None:
    """Check the tasks named on the command line, and those they build on."""
    lab, folder, wanted = load_lab(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what student code prints is not the answer
    os.dup2(null, 2)

    def say(line: dict) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    checkable = [t for t in lab.tasks if t.source == "module"]
    wanted = [lab.task(t) for t in wanted] or checkable
    say({"plan": [{"id": t.id, "title": t.title, "points": t.points} for t in wanted]})
    reference = open_reference(lab)
    refuse_other_packages({module_name(file) for file in lab.student_files}, folder)
    found: dict[str, frozenset[str]] = {}
    upstream = {u.id for t in wanted for u in lab.upstream(t)}
    for task in checkable:
        if task not in wanted and task.id not in upstream:
            continue
        say({"started": task.id})
        answers = probing.answer_task(lab, task, reference.probes(task), folder)
        verdict, found[task.id] = judge_task(lab, task, answers, reference, found)
        if task in wanted:
            steps = [s for m in verdict.mistakes for s in m.hint] or list(task.hints)
            say({"verdict": verdict.to_json(), "hints": steps})


if __name__ == "__main__":
    main()
