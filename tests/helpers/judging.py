"""Makes solved, patched and stubbed files, and grades them without a sandbox: our own code needs no wall."""

import textwrap
from collections.abc import Mapping
from functools import cache

from courses import course_of

from autograder import markers
from autograder.course import ROOT
from autograder.notebook import solution_cells
from autograder.release.earning import PointsOnly as WithoutDiagnosis  # noqa: F401  (for tests that ask for points only)
from autograder.solution.reference import PUBLIC_SEED, SolutionReference, load_together
from cattern.checking import run as probing
from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.lab import Lab, Task, load_lab
from cattern.checking.verdict import TaskVerdict

LAB = load_lab("two_layer_net")
TASKS = [t for t in LAB.tasks if t.source == "module"]


@cache
def reference(lab: str = "two_layer_net") -> SolutionReference:
    """Return the one reference of a lab that all tests share: what it has computed once is there for all."""
    return SolutionReference(load_lab(lab), PUBLIC_SEED, solution_cells(course_of(lab)))


def solved(lab: str) -> dict[str, str]:
    """Return the solved files of a lab, file → text."""
    return {file: (ROOT / file).read_text(encoding="utf-8") for file in load_lab(lab).student_files}


def written(lab: str, bodies: dict[str, str], edits=()) -> dict[str, str]:
    """Return the solved files of a lab with other bodies in the regions of some tasks, and other edits."""
    texts = solved(lab)
    for old, new in edits:
        (file,) = (file for file, text in texts.items() if old in text)
        assert texts[file].count(old) == 1, old
        texts[file] = texts[file].replace(old, new)
    for task, body in bodies.items():
        ((file, region),) = (
            (f, r) for f, t in texts.items() for r in markers.regions(t, f) if r.task == task
        )
        lines = texts[file].splitlines(keepends=True)
        inside = textwrap.indent(body.strip("\n") + "\n", region.indent)
        texts[file] = "".join([*lines[: region.begin], inside, *lines[region.end - 1 :]])
    return texts


def planted(lab: str, *mistakes: str) -> dict[str, str]:
    """Return the files of a lab with mistakes of the catalogue in them."""
    return {file: reference(lab).patched(file, frozenset(mistakes)) for file in load_lab(lab).student_files}


def stubbed(texts: Mapping[str, str], *tasks: str) -> dict[str, str]:
    """Return solved files with some tasks as released."""
    return {
        file: markers.replaced(text, [r for r in markers.regions(text, file) if r.task in tasks])
        for file, text in texts.items()
    }


def patched(text: str, *patches: tuple[str, str]) -> str:
    """Return a text with old pieces replaced by new ones; each old one stands in it exactly once."""
    for old, new in patches:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text


def solution_lines(lab: str) -> set[str]:
    """Return the lines of all solution regions in a lab's files, without the space around them."""
    found = [r.lines for file, text in solved(lab).items() for r in markers.regions(text, file)]
    return {line.strip() for lines in found for line in lines if line.strip()}


def downstream(lab: Lab, task_id: str) -> set[str]:
    """Return the ids of all tasks that build on a task."""
    return {t.id for t in lab.tasks if lab.task(task_id) in lab.upstream(t)}


def lost(verdicts: Mapping[str, TaskVerdict]) -> dict[str, str]:
    """Return why points were lost, task id → rationale, of the tasks without full marks."""
    return {v.id: v.rationale for v in verdicts.values() if v.status != "pass"}


def grade_text(text: str, tasks=TASKS, using=None) -> dict[str, TaskVerdict]:
    """Return the verdicts on a lab 1 `neural_net.py` with this text, task id → verdict."""
    return grade_files(LAB.name, {LAB.student_files[0]: text}, tasks, using)


def grade_files(lab_name: str, texts: Mapping[str, str], tasks: list[Task] | None = None, using=None):
    """Return the verdicts on a lab's files with these texts, task id → verdict. Tasks in notebook cells are left out."""
    lab, using = load_lab(lab_name), using or reference(lab_name)
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
