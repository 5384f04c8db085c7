"""The class's report: one page to look at, one JSON file for programs."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from autograder import bundle
from autograder.back import charts, similar
from autograder.back.figures import class_figures
from autograder.back.page import templates
from autograder.back.sections import sections
from autograder.course import Course
from autograder.grading.klass import take_class_in
from autograder.notebook import require
from autograder.submission import Unreadable, read_submission
from autograder.submission.repair import some
from cattern.checking.lab import Lab
from cattern.checking.run import printable
from cattern.errors import CatternError

SHOWN = 25  # rows of a long table on the page; the JSON has all


def not_of_now(lab: Lab, verdict: Mapping) -> str:
    """Return in what a verdict is not on the lab as the course gives it now, tasks and points, in words; "" when it is."""
    then = {task["id"]: task["max_score"] for task in verdict["tasks"]}
    now = {task.id: task.points for task in lab.tasks}
    for task in {**now, **then}:
        was, is_ = then.get(task, 0.0), now.get(task, 0.0)
        if abs(was - is_) > 1e-9:
            return f"{task} was worth {was:g} points when this was graded, and is worth {is_:g} in the course now"
    return ""


def grade_again(lab: Lab, grades: Path) -> str:
    """Return what mends verdicts that are not of now, in words."""
    return f"run `cattern grade {lab.name} SUBMITTED --out {grades}`: it grades again what has changed"


def read_verdicts(grades: Path, lab: Lab) -> list[dict]:
    """Return the contents of a class's verdict files, sorted by student.

    Raises:
        CatternError: there is no verdict of this lab, or some were given while the course had other tasks or points.
    """
    found, others = [], {}
    for path in sorted(grades.glob("*.json")) if grades.is_dir() else []:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(said, dict) and said.get("lab") == lab.name and isinstance(said.get("tasks"), list):
            found.append(said)
            if why := not_of_now(lab, said):
                others[said["student"]] = why
    if not found:
        raise CatternError(
            f"no verdict on {lab.name} in {grades}: run `cattern grade {lab.name} SUBMITTED --out {grades}`"
        )
    if others:
        raise CatternError(
            f"{len(others)} of {len(found)} verdicts in {grades} are not of the course as it is now ({some([printable(student) for student in others])}): "
            f"{next(iter(others.values()))}; {grade_again(lab, grades)} (whoever is not in the class any more: remove the file)"
        )
    return sorted(found, key=lambda v: v["student"])


def report(
    course: Course,
    grades: Path,
    submitted: Path | None = None,
    progress: Callable[[Iterable, int], Iterable] = lambda items, total: items,
) -> dict:
    """Return a class's figures.

    Args:
        course: the course.
        grades: what `cattern grade` wrote.
        submitted: what was graded; None leaves out who handed in nothing and whose code looks alike.
        progress: wraps the stream of hand-ins while their code is compared.

    Raises:
        CatternError: there is no verdict, or `submitted` is no class.
    """
    require(course)
    release = bundle.handed_out(course)
    headings = sections(course.lab, release[f"{course.lab_name}.ipynb"])
    figures = class_figures(course.lab, read_verdicts(grades, course.lab), headings)
    if submitted is None:
        return figures
    taken = take_class_in(course, submitted)
    return figures | {
        "absent": dict(taken.absent),
        "unmatched": dict(taken.unmatched),
        "similar": likeness(course, taken.hand_ins, release, progress),
    }


def likeness(course: Course, hand_ins, release: Mapping[str, bytes], progress: Callable) -> dict:
    """Return which hand-ins look alike, and what is usual in this class."""
    own = set(course.lab.student_files)
    skeleton = similar.fingerprints({name: release[name] for name in own if name in release})
    prints = []
    for hand_in in progress(hand_ins, len(hand_ins)):
        try:
            files = read_submission(hand_in.student, hand_in.place, course.lab, release).files
        except Unreadable:
            continue
        prints.append((hand_in.student, similar.fingerprints(files)))
    return asdict(similar.compare(prints, skeleton))


def report_page(course: Course, figures: Mapping) -> str:
    """Return the figures as one HTML page that needs nothing else."""
    scores = figures["scores"]
    plot = charts.histogram(
        scores["counts"], scores["edges"], "How many students have how many points", "points"
    )
    rates = {t["id"]: charts.rates(t["statuses"]) for t in figures["tasks"]}
    template = templates().get_template("report.html.j2")
    return template.render(f=figures, title=course.lab.title, plot=plot, rates=rates, shown=SHOWN)


def write_report(course: Course, figures: Mapping, out: Path) -> tuple[Path, Path]:
    """Write `OUT/LAB.html` and `OUT/LAB.json`; return both."""
    out.mkdir(parents=True, exist_ok=True)
    page, data = out / f"{course.lab_name}.html", out / f"{course.lab_name}.json"
    page.write_text(report_page(course, figures), encoding="utf-8", errors="replace")
    text = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    data.write_text(text, encoding="utf-8", errors="replace")
    return page, data
