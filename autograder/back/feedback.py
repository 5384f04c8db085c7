"""What goes back to students: their points in the gradebook, and a page for each.

A student's trouble is theirs alone: it is named, and everybody else has a page.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from autograder import bundle
from autograder.back.page import FROM_COLLECT, feedback_page
from autograder.back.sections import sections
from autograder.course import Course
from autograder.grading.klass import take_class_in
from autograder.grading.store import verdict_path
from autograder.nbgrader_bridge import autograded, gradebook, storing
from autograder.nbgrader_bridge.marks import Marks
from autograder.sanitise.names import file_name
from autograder.submission import Submission, Unreadable, read_submission
from autograder.submission.intake import HandIn
from cattern.checking.lab import Lab
from cattern.errors import CatternError

BATCH = 100  # submissions that are in memory at a time


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
        CatternError: nobody there has a verdict, or the gradebook cannot be used.
    """
    lab, release = course.lab, bundle.handed_out(course)
    hand_ins = take_class_in(course, submitted).hand_ins
    found = {h.student: h for h in hand_ins if verdict_path(verdicts, h.student).is_file()}
    if not found:
        raise CatternError(
            f"no student in {submitted} has a verdict in {verdicts}: run `cattern grade` first"
        )
    given = Given()
    marks = fill_gradebook(course, found, verdicts, given)
    headings = sections(lab, release[f"{lab.name}.ipynb"])
    for student, hand_in in progress(found.items(), len(found)):
        try:
            verdict = read_verdict(verdict_path(verdicts, student))
            submission = opened(hand_in, lab, release)
            page = feedback_page(lab, verdict, submission, marks.get(file_name(student)), headings)
            target = out / file_name(student) / lab.name / f"{lab.name}.html"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(page, encoding="utf-8", errors="replace")
            for name in FROM_COLLECT:  # `nbgrader release_feedback` wants them beside the page
                if name in submission.beside:
                    (target.parent / name).write_bytes(submission.beside[name])
            given.pages[student] = target
        except Exception as problem:  # a fault of ours must not cost the others their pages
            given.troubles[student] = f"no page: {in_words(problem)}"
    return given


def fill_gradebook(
    course: Course, found: Mapping[str, HandIn], verdicts: Path, given: Given
) -> Mapping[str, Marks]:
    """Store points and graded notebooks; return everybody's marks as the gradebook has them afterwards.

    Raises:
        CatternError: the gradebook cannot be used.
    """
    lab, release, where = course.lab, bundle.handed_out(course), gradebook.place(course.folder)
    before = gradebook.read_marks(where, lab)
    if before is None:
        return {}
    given.gradebook = str(where)
    for some in batched(found.items(), BATCH):
        handed_in = []
        for student, hand_in in some:
            try:
                file = verdict_path(verdicts, student)
                submission, verdict = opened(hand_in, lab, release), read_verdict(file)
                one = autograded.Graded(course, verdict, submission, hand_in.at, where)
                if file.stat().st_mtime_ns < one.graded_at() and one.differs(before.get(one.student)):
                    given.newer.append(student)
                else:
                    handed_in.append(one)
            except Exception as problem:  # as above
                given.troubles[student] = f"not stored: {in_words(problem)}"
        storing.store(where, lab, [one.result() for one in handed_in])
        for one in handed_in:  # after the points: a gradebook that stays locked leaves nothing half done
            one.write()
        given.stored += [one.submission.student for one in handed_in]
    return gradebook.read_marks(where, lab) or {}


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
