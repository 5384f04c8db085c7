"""What each student gets in the end: the grader's points, a person's, less what lateness costs; and who has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder import late
from autograder.back.report import read_verdicts
from autograder.course import Course
from autograder.grading.store import verdict_path
from autograder.nbgrader_bridge import gradebook
from autograder.nbgrader_bridge.autograded import graded_at, graded_folder
from autograder.nbgrader_bridge.marks import Mark, Marks
from autograder.sanitise.names import file_name


@dataclass(frozen=True)
class Final:
    """One student's result.

    Attributes:
        student: the id.
        name: the person's name, from the roster; else the id.
        lms_id: their number in the LMS, from the roster; else "".
        status: "graded" or "not handed in".
        points: task id → points; empty when nothing was handed in.
        max_score: points there are.
        penalty: points off for lateness.
        open: ids of tasks that a person has yet to mark.
        comment: what a person wrote, and the reasons of lost points, in lines.
    """

    student: str
    name: str
    lms_id: str = ""
    status: str = "graded"
    points: dict[str, float] = field(default_factory=dict)
    max_score: float = 0.0
    penalty: float = 0.0
    open: tuple[str, ...] = ()
    comment: str = ""

    @property
    def total(self) -> float:
        """The points that count."""
        return max(0.0, sum(self.points.values()) - self.penalty)


def final_marks(course: Course, grades: Path) -> list[Final]:
    """Return everybody's result, sorted: those with a verdict, and those of the roster without one.

    Args:
        course: the course; a person's points come from its gradebook, where it knows the lab, and the grader's from the newer of both.
        grades: what `cattern grade` wrote.

    Raises:
        CatternError: there is no verdict, or the gradebook cannot be used.
    """
    where = gradebook.place(course.folder)
    marks = gradebook.read_marks(where, course.lab) or {}
    people = {person.id: person for person in course.choices.roster}
    found = []
    for verdict in read_verdicts(grades, course.lab):
        student = verdict["student"]
        person = people.pop(student, None)
        own = marks.get(file_name(student), Marks())
        stored = graded_at(graded_folder(where, file_name(student), course.lab_name), course.lab_name)
        if verdict_path(grades, student).stat().st_mtime_ns > stored:
            own = _as_judged(course, verdict, own)
        found.append(
            _final(course, verdict, own, person.name if person else "", person.lms_id if person else "")
        )
    absent = [
        Final(p.id, p.name or p.id, p.lms_id, "not handed in", max_score=course.lab.points)
        for p in people.values()
    ]
    return sorted(found + absent, key=lambda f: f.student)


def _as_judged(course: Course, verdict: Mapping, marks: Marks) -> Marks:
    """Return marks of the gradebook with the grader's points as a verdict has them."""
    judged = {task.id: task.grade_id for task in course.lab.tasks if task.source != "hand"}
    scores = {judged[task["id"]]: task["score"] for task in verdict["tasks"] if task["id"] in judged}
    cells = {
        name: replace(mark, auto=scores.get(name, mark.auto)) if mark != Mark() else mark
        for name, mark in marks.cells.items()
    }
    return replace(marks, cells=cells)


def _final(course: Course, verdict: dict, marks: Marks, name: str, lms_id: str) -> Final:
    cells = {task.id: task.grade_id for task in course.lab.tasks}
    by_hand = {task.id for task in course.lab.tasks if task.source == "hand"}
    points, waiting, said = {}, [], []
    for task in verdict["tasks"]:
        mark = marks.cells.get(cells.get(task["id"]), Mark())
        points[task["id"]] = task["score"] if mark == Mark() else mark.score
        if task["id"] in by_hand and mark.manual is None and (mark.open or mark == Mark()):
            waiting.append(task["id"])
        elif points[task["id"]] < task["max_score"] and task["id"] not in by_hand:
            said.append(
                f"{task['id']} {task['title']}, {points[task['id']]:g} of {task['max_score']:g}: {task['rationale']}"
            )
        if mark.comment:
            said.append(f"{task['id']}: {mark.comment}")
    about = (verdict["student"], name or verdict["student"], lms_id, "graded")
    off = penalty_of(course, verdict, marks, sum(points.values()))
    return Final(*about, points, verdict["max_score"], off, tuple(waiting), "\n".join(said))


def penalty_of(course: Course, verdict: Mapping, marks: Marks | None, earned: float) -> float:
    """Return the points that lateness takes off: by the course's rule; without one, by nbgrader's, as the gradebook has it.

    Args:
        course: the course.
        verdict: the content of a verdict file.
        marks: the gradebook's; None where there is no gradebook.
        earned: the grader's points and a person's.
    """
    marks, choices = marks or Marks(), course.choices
    if not late.has_rule(choices):
        return marks.penalty
    when = late.moment(verdict.get("handed_in", "")) or marks.handed_in
    seconds = late.seconds_late(choices, when, verdict.get("late", False), marks.due, marks.extension)
    return late.penalty(choices, earned, seconds)
