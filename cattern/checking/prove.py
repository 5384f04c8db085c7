"""What the notebook's test cells and `check` share: one list of cases, and one judge for both."""

import sys
from functools import lru_cache
from importlib import import_module

from cattern.checking.ask import find_lab


def prove(task: str, lab: str | None = None) -> bool:
    """Judge what this notebook has imported, on the very cases that `check` judges the file on.

    Args:
        task: "TODO#3".
        lab: the lab's name; None for the one in this folder.

    Returns:
        True where all is right; False where a TODO that this one builds on is not, and this one is right all the same.

    Raises:
        NotImplementedError: the task, or one it builds on, is not written yet; the message names it.
        AssertionError: it is not right; the message says why.
    """
    *earlier, verdict = judge_imported(task, lab or find_lab())
    if verdict.status in ("missing", "skipped"):
        raise NotImplementedError(
            verdict.rationale if task in verdict.rationale else f"{task} {verdict.rationale}"
        )
    if verdict.status != "pass":
        raise AssertionError(f"{task}: {verdict.rationale}")
    return all(v.status == "pass" for v in earlier)


def known(task: str, name: str, lab: str | None = None):
    """Return one of the inputs that `check` gives a task.

    Args:
        task: "TODO#4".
        name: what it is called there.
        lab: the lab's name; None for the one in this folder.
    """
    from cattern.checking.lab import load_lab

    lab = lab or find_lab()
    return reference_of(lab).probes(load_lab(lab).task(task))[0].inputs[name]


def judge_imported(task_id: str, lab_name: str) -> list:
    """Return the verdicts on the tasks that a task builds on, and on itself, from the modules that are imported here."""
    from cattern.checking import run as probing
    from cattern.checking.judge import judge_task
    from cattern.checking.lab import load_lab, module_name

    lab = load_lab(lab_name)
    task, reference = lab.task(task_id), reference_of(lab_name)
    found = {}
    verdicts = []
    for one in [t for t in lab.upstream(task) if t.source == "module"] + [task]:
        name = module_name(lab.file_of(one))
        module = sys.modules.get(name) or import_module(name)
        answers = probing.run(one.driver, module, reference.probes(one), module.__file__)
        verdict, found[one.id] = judge_task(lab, one, answers, reference, found)
        verdicts.append(verdict)
    return verdicts


@lru_cache(maxsize=1)
def reference_of(lab_name: str):
    """Return what the lab's answers are compared with, read once in a notebook."""
    from cattern.checking.child import open_reference
    from cattern.checking.lab import load_lab

    return open_reference(load_lab(lab_name))
