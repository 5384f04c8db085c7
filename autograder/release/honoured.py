"""What a release refuses because grading would not honour it: cells, points, tasks and hidden tests that only the notebook knows.

Marks come from a lab's rubric and probes. nbgrader's test cells show them; no test in a notebook decides one. So what an instructor
changes there alone would be promised to students and never happen.
"""

import hashlib
import json
from collections.abc import Iterator

from autograder import markers
from autograder.course import ROOT, Course, source_folder
from autograder.notebook import label, read, tag
from cattern.errors import CatternError

RECORD = "hidden_tests.json"  # beside the notebook: what its hidden tests were when their counterparts were looked at
RECIPES = "docs/your-course.md"


def refuse_unhonoured(course: Course) -> None:
    """Raise when grading would not do what the notebook and the student's files promise.

    Raises:
        CatternError: the message lists all there is, and says where each belongs.
    """
    found = [
        *_graded_cells(course),
        *_tasks_without_a_cell(course),
        *_unknown_tasks(course),
        *_changed_tests(course),
    ]
    if found:
        shown = "".join(f"\n  {what}" for what in found)
        raise CatternError(
            f"{course.lab_name} is not released: grading would not honour what it promises (recipes: {RECIPES}){shown}"
        )


def record_tests(course: Course) -> None:
    """Write down the notebook's hidden tests as they are: what they test has a probe, says whoever calls this."""
    text = json.dumps(_hidden_tests(course), indent=1, sort_keys=True) + "\n"
    (course.notebook.parent / RECORD).write_text(text, encoding="utf-8")


def _graded_cells(course: Course) -> Iterator[str]:
    """Yield what is wrong with the cells that have points."""
    tasks = {task.grade_id: task for task in course.rubric.tasks if task.grade_id}
    given = {task.grade_id: task.points for task in course.lab.tasks}
    for cell in read(course)["cells"]:
        about = tag(cell)
        name = about.get("grade_id")
        if not about.get("grade"):
            continue
        where, points = label(course.notebook.name, cell), float(about.get("points", 0))
        if name not in tasks:
            yield (
                f"{where}: {points:g} points that no task of the rubric gives: everybody would get 0. "
                "Take the points off, or add a task to the rubric"
            )
            continue
        task = tasks[name]
        if name in given and points not in (task.points, given[name]):
            yield (
                f"{where}: {points:g} points, but {task.id} is worth {given[name]:g}. Points are chosen in course.toml, "
                f'and the release writes them into the cell: [labs.{course.lab_name}] points = {{ "{task.id}" = {points:g} }}'
            )
        if bool(about.get("solution")) != (task.source == "hand"):
            who = "a person" if task.source == "hand" else "the grader"
            yield f"{where}: {task.id} is graded by {who}, and the cell says otherwise: change the cell's type back"


def _tasks_without_a_cell(course: Course) -> Iterator[str]:
    cells = {tag(cell).get("grade_id") for cell in read(course)["cells"] if tag(cell).get("grade")}
    for task in course.lab.tasks:
        if task.grade_id and task.grade_id not in cells:
            yield (
                f"{course.notebook.name}: no test cell {task.grade_id!r} for the {task.points:g} points of {task.id}. "
                f'Put it back, or leave the task out in course.toml: leave_out = ["{task.id}"]'
            )


def _unknown_tasks(course: Course) -> Iterator[str]:
    """Yield the solutions for tasks that the rubric does not have."""
    known = {task.id for task in course.rubric.tasks}
    for name in course.lab.student_files:
        path = course.root / name
        text = (
            path.read_text(encoding="utf-8") if path.is_file() else ""
        )  # the bundle says that it is missing
        for region in markers.regions(text, name):
            if region.task not in known:
                yield f"{name}, line {region.begin}: {region.task} is no task of the rubric: nobody would grade it"
    for cell in read(course)["cells"]:
        said = markers.first_todo(markers.source_of(cell)) if tag(cell).get("solution") else None
        if said and cell["cell_type"] == "code" and said[0] not in known:
            where = label(course.notebook.name, cell)
            yield f"{where}: {said[0]} is no task of the rubric: nobody would grade it"


def _changed_tests(course: Course) -> Iterator[str]:
    """Yield the hidden tests that are not what was written down."""
    own = course.notebook.parent / RECORD
    shipped = ROOT / source_folder(ROOT) / course.lab_name / RECORD
    record = own if own.is_file() else shipped
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    now = _hidden_tests(course)
    for task in course.lab.tasks:
        if task.grade_id and now.get(task.grade_id) != known.get(task.grade_id):
            yield (
                f"{course.notebook.name}, cell {task.grade_id}: its hidden tests were changed, but no hidden test decides a mark. "
                f"Their counterpart are the probes of {task.id}, in autograder/labs/{course.lab_name}/probes.py: change them there. "
                f"Then say that you did: cattern release {course.lab_name} --record-tests"
            )


def _hidden_tests(course: Course) -> dict[str, str]:
    """Return the hash of the hidden tests of every cell that has some, by grade_id."""
    found = {}
    for cell in read(course)["cells"]:
        source, where = markers.source_of(cell), label(course.notebook.name, cell)
        if tag(cell).get("grade") and (spans := markers.spans(source, where, markers.HIDDEN_TESTS)):
            lines = source.split("\n")
            hidden = "\n".join(line.strip() for begin, end in spans for line in lines[begin : end - 1])
            found[tag(cell)["grade_id"]] = hashlib.sha256(hidden.encode()).hexdigest()[:16]
    return found
