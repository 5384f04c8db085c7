"""Grades solved, patched or stubbed files without a sandbox: for our own mutants, mistakes and styles, which need no wall."""

from collections.abc import Mapping
from functools import cache

from autograder.book import PUBLIC_SEED, SolutionBook, load_together
from autograder.bundle import solution_cells
from cattern.checking import probing
from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.rubric import Task, load_lab
from cattern.checking.verdict import TaskVerdict

LAB = load_lab("two_layer_net")
TASKS = [t for t in LAB.tasks if t.source == "module"]


@cache
def book(lab: str = "two_layer_net") -> SolutionBook:
    """Return the one book of a lab that all tests share: what it has computed once is there for all."""
    return SolutionBook(load_lab(lab), PUBLIC_SEED, solution_cells(lab))


def grade_text(text: str, tasks=TASKS, using=None) -> dict[str, TaskVerdict]:
    """Return the verdicts on a lab 1 `neural_net.py` with this text, task id → verdict."""
    return grade_files(LAB.name, {LAB.student_files[0]: text}, tasks, using)


def grade_files(lab_name: str, texts: Mapping[str, str], tasks: list[Task] | None = None, using=None):
    """Return the verdicts on a lab's files with these texts, task id → verdict. Tasks in notebook cells are left out."""
    lab, using = load_lab(lab_name), using or book(lab_name)
    failure, modules = None, {}
    try:
        modules = load_together(texts)
    except Exception as error:
        failure = probing.describe(error, "")
    found, verdicts = {}, {}
    for task in tasks or [t for t in lab.tasks if t.source == "module"]:
        probes = using.probes(task)
        if failure:
            answers = [Answer(p.id, {}, failure) for p in probes]
        else:
            module = modules[lab.file_of(task)]
            answers = probing.run(task.driver, module, probes, module.__file__)
        verdicts[task.id], found[task.id] = judge_task(lab, task, answers, using, found)
    return verdicts
