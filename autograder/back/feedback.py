"""What goes back to students: their points in the gradebook, and a page for each.

A student's trouble is theirs alone: it is named, and everybody else has a page.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from autograder import bundle
from autograder.back.final import penalty_of
from autograder.back.page import feedback_page
from autograder.back.report import grade_again, not_of_now
from autograder.back.sections import sections
from autograder.course import Course
from autograder.grading.klass import keep_apart, take_class_in
from autograder.grading.store import verdict_path
from autograder.nbgrader_bridge import autograded, gradebook, storing
from autograder.nbgrader_bridge.marks import Marks
from autograder.sanitise.names import file_name
from autograder.submission import FROM_COLLECT, Submission, Unreadable, read_submission
from autograder.submission.intake import HandIn
from cattern.checking.lab import Lab
from cattern.errors import CatternError

BATCH = 100  # submissions that are in memory at a time


@dataclass(frozen=True)
class HandedIn:
    """What is given back to one student: the verdict, when its file was written (ns), what was handed in, and when."""

    student: str
    verdict: dict
    written: int
    submission: Submission
    at: str


@dataclass
class Given:
    """What was given back.

    Attributes:
        pages: student → page.
        stored: students whose points are in the gradebook now.
        newer: students whose points in the gradebook are newer than the verdict, and stayed.
        troubles: student → what went wrong.
        gradebook: where it is; empty when it does not know the lab.
    """

    pages: dict[str, Path] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    gradebook: str = ""


def feedback(
    course: Course,
    submitted: Path,
    verdicts: Path,
    out: Path,
    progress: Callable[[Iterable, int], Iterable] = lambda items, total: items,
) -> Given:
    """Store the verdicts in the gradebook and write `OUT/<student>/LAB/LAB.html`, for those in `submitted`.

    Args:
        course: the course; when its gradebook does not know the lab, there are pages and nothing is stored.
        submitted: the folder that was graded, or a part of it: who is not in it is left alone.
        verdicts: the folder that `cattern grade` wrote.
        out: where the pages go.
        progress: wraps the stream of students, to show it.

    Raises:
        CatternError: nobody there has a verdict, `out` is inside `submitted`, or the gradebook cannot be used.
    """
    hand_ins = take_class_in(course, submitted).hand_ins
    keep_apart(submitted, out)
    lab, release = course.lab, bundle.handed_out(course)
    found = {h.student: h for h in hand_ins if verdict_path(verdicts, h.student).is_file()}
    if not found:
        raise CatternError(
            f"no student in {submitted} has a verdict in {verdicts}: run `cattern grade` first"
        )
    given, where = Given(), gradebook.place(course.folder)
    headings = sections(lab, release[f"{lab.name}.ipynb"])
    before = gradebook.read_marks(where, lab)
    given.gradebook = "" if before is None else str(where)
    work = _read(course, progress(found.items(), len(found)), verdicts, given)
    for some in batched(work, BATCH):
        marks = {} if before is None else fill_gradebook(course, some, where, before, given)
        for one in some:
            with _theirs_alone(given, one.student, "no page"):
                given.pages[one.student] = write_page(
                    course, one, marks.get(file_name(one.student)), headings, out
                )
    return given


def _read(course: Course, hand_ins: Iterable, verdicts: Path, given: Given) -> Iterator[HandedIn]:
    """Yield what is given back to each, read once for gradebook and page."""
    lab, release = course.lab, bundle.handed_out(course)
    for student, hand_in in hand_ins:
        with _theirs_alone(given, student, "no page"):
            file = verdict_path(verdicts, student)
            verdict = read_verdict(file)
            if verdict.get("lab") != lab.name:
                raise CatternError(
                    f"the verdicts in {verdicts} are on {verdict.get('lab')}, not on {lab.name}: name their lab"
                )
            if why := not_of_now(lab, verdict):
                raise CatternError(f"{why}; {grade_again(lab, verdicts)}")
            yield HandedIn(
                student,
                verdict,
                file.stat().st_mtime_ns,
                opened(hand_in, lab, release),
                hand_in.at,
            )


@contextmanager
def _theirs_alone(given: Given, student: str, what: str) -> Iterator[None]:
    """Note a student's trouble; a fault of ours must not cost the others anything."""
    try:
        yield
    except Exception as problem:
        given.troubles[student] = f"{what}: {in_words(problem)}"


def write_page(
    course: Course, one: HandedIn, marks: Marks | None, headings: Mapping[str, str], out: Path
) -> Path:
    """Write one student's page, and beside it what `nbgrader release_feedback` wants to find there."""
    lab, target = course.lab, out / file_name(one.student) / course.lab_name / f"{course.lab_name}.html"
    off = partial(penalty_of, course, one.verdict, marks)
    page = feedback_page(lab, one.verdict, one.submission, marks, headings, off)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8", errors="replace")
    for name in FROM_COLLECT:
        if name in one.submission.beside:
            (target.parent / name).write_bytes(one.submission.beside[name])
    return target


def fill_gradebook(
    course: Course,
    some: Iterable[HandedIn],
    where: gradebook.Place,
    before: Mapping[str, Marks],
    given: Given,
) -> Mapping[str, Marks]:
    """Store points and graded notebooks of some students; return everybody's marks as the gradebook has them afterwards.

    Raises:
        CatternError: the gradebook cannot be used.
    """
    stored = []
    for each in some:
        with _theirs_alone(given, each.student, "not stored"):
            one = autograded.Graded(course, each.verdict, each.submission, each.at, where)
            if each.written < one.graded_at() and one.differs(before.get(one.student)):
                given.newer.append(each.student)
            else:
                stored.append((one, one.result()))
    storing.store(where, course, [result for _, result in stored])
    for one, _ in stored:  # after the points: a gradebook that stays locked leaves nothing half done
        with _theirs_alone(given, one.submission.student, "not stored"):
            one.write()
            given.stored.append(one.submission.student)
    return gradebook.read_marks(where, course.lab) or {}


def opened(hand_in: HandIn, lab: Lab, release: Mapping[str, bytes]) -> Submission:
    """Return a submission; an empty one where there is nothing to read, so that its verdict has a page too."""
    try:
        return read_submission(hand_in.student, hand_in.place, lab, release, beside=True)
    except Unreadable:
        return Submission(hand_in.student, hand_in.place, {}, {}, None, {}, ())


def read_verdict(path: Path) -> dict:
    """Return a verdict file's content.

    Raises:
        CatternError: it is no verdict.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise CatternError(f"{path} is no verdict ({problem}): grade this student again") from None


def in_words(problem: Exception) -> str:
    """Return an exception as a sentence."""
    return str(problem) if isinstance(problem, CatternError) else f"{type(problem).__name__}: {problem}"


def batched(items: Iterable, size: int) -> Iterator[list]:
    """Yield the items in lists of at most `size`."""
    items = iter(items)
    while some := list(islice(items, size)):
        yield some
