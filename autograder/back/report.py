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
from cattern.errors import CatternError

SHOWN = 25  # rows of a long table on the page; the JSON has all


def read_verdicts(grades: Path, lab: str) -> list[dict]:
    """Return the contents of a class's verdict files, sorted by student.

    Raises:
        CatternError: there is no verdict of this lab.
    """
    found = []
    for path in sorted(grades.glob("*.json")) if grades.is_dir() else []:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(said, dict) and said.get("lab") == lab and isinstance(said.get("tasks"), list):
            found.append(said)
    if not found:
        raise CatternError(
            f"no verdict on {lab} in {grades}: run `cattern grade {lab} SUBMITTED --out {grades}`"
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
    figures = class_figures(course.lab, read_verdicts(grades, course.lab_name), headings)
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
