"""A class of submissions: taken in, graded side by side, one verdict file each, one table for all; a rerun does only what changed."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Course
from autograder.grading.journal import Journal, course_key, key_of
from autograder.grading.store import (
    keep_one_lab,
    locked,
    read_verdict,
    set_aside,
    verdict_path,
    write_summary,
    write_verdict,
)
from autograder.grading.workers import Graded
from autograder.late import penalty_on
from autograder.notebook import require
from autograder.sandbox import require_walls
from autograder.sanitise.names import write_names
from autograder.submission import HandIn, Intake, take_in
from autograder.submission.intake import Place
from autograder.submission.layouts import aliases
from cattern.checking.verdict import Verdict
from cattern.errors import CatternError

MANY = 20  # submissions for which it pays to load everything before the workers start
IN_PART = (
    "some tasks are of an older grading"  # the key of such a verdict: none that it could be unchanged since
)
Progress = Callable[[Iterable[Graded], int], Iterable[Graded]]


@dataclass(frozen=True)
class GradedClass:
    """What became of a class.

    Attributes:
        results: one a submission, sorted by student.
        taken: the class as it came in.
        unchanged: how many of the results were there before.
    """

    results: list[Graded]
    taken: Intake
    unchanged: int = 0


def grade_class(
    course: Course,
    submitted: Path,
    out: Path,
    jobs: int | None = None,
    walls: bool = True,
    scheduler: str | None = None,
    progress: Progress = lambda graded, total: graded,
    only: Collection[str] = (),
    force: bool = False,
) -> GradedClass:
    """Grade what has changed of a class, and write `OUT/<student>.json` and `OUT/summary.csv`.

    Whatever ends it, the verdicts that were reached are whole and kept; the same call goes on from there.

    Args:
        course: the course.
        submitted: the class's folder, or a zip of it, in any layout that `autograder.submission.layouts` knows.
        out: folder for the verdicts; made when missing. Several classes, or parts of one, may share it.
        jobs: submissions at a time; None for one a core.
        walls: False for grading without bubblewrap.
        scheduler: address of a Dask scheduler, or None for this machine.
        progress: wraps the stream of results, to show it.
        only: "student" or "student/task" of those to grade; everybody when empty.
        force: grade again what has not changed.

    Raises:
        CatternError: nothing was submitted, `out` is inside of it or holds another lab's verdicts, or the machine cannot
            grade, or cannot write.
    """
    taken = take_class_in(course, submitted)
    keep_apart(submitted, out)
    chosen = _chosen(course, taken, only)
    keep_one_lab(out, course.lab_name)
    if walls and not scheduler:
        require_walls()
    try:
        out.mkdir(parents=True, exist_ok=True)
        journal = Journal(out)
        keys = _keys(course, [each for each in taken.hand_ins if each.student in chosen], jobs)
        kept = {} if force else _unchanged(out, journal, keys)
        todo = [each for each in taken.hand_ins if each.student in chosen and each.student not in kept]
        results = [Graded(student, verdict) for student, verdict in kept.items()]
        try:
            for result in progress(_graded(course, todo, jobs, walls, scheduler), len(todo)):
                student = result.student
                if verdict := result.verdict:
                    result = replace(result, verdict=_merged(out, verdict, chosen[student]))
                    write_verdict(out, result.verdict)
                    whole = result.verdict is verdict or journal.keys.get(student) == keys[student]
                    journal.record(student, keys[student] if whole else IN_PART, submitted)
                results.append(result)
        finally:
            _write_class(course, out, submitted, taken)
    except OSError as problem:
        raise CatternError(
            f"{problem.filename or out}: {problem.strerror}; what was graded is kept, and the same command goes on from there"
        ) from problem
    return GradedClass(sorted(results, key=lambda each: each.student), taken, len(kept))


def keep_apart(submitted: Path, out: Path) -> None:
    """Refuse to write into the class's folder: what lies there would be a student the next time.

    Raises:
        CatternError: `out` is `submitted`, or inside of it, or a file.
    """
    if out.exists() and not out.is_dir():
        raise CatternError(f"{out} is a file: --out takes a folder")
    if out.resolve().is_relative_to(submitted.resolve()):
        raise CatternError(
            f"--out {out} is inside {submitted}, where every folder is a student: give one that is not"
        )


def take_class_in(course: Course, submitted: Path) -> Intake:
    """Return what a class handed in, its students known by the course's roster where there is one.

    Raises:
        CatternError: nothing was handed in, or the course has no notebook of the lab.
    """
    require(course)
    if not submitted.exists():
        raise CatternError(
            f"{submitted} is not there: give the folder that holds one folder for each student"
        )
    people = [(student.id, student.name, student.lms_id) for student in course.choices.roster]
    taken = take_in(submitted, course.lab, aliases(people) if people else None)
    if not taken.hand_ins:
        lab = course.lab_name
        raise CatternError(
            f"no submission in {submitted}: expected {submitted}/<student>/{lab}/, {submitted}/<student>/, "
            "or the download of a learning platform"
        )
    return taken


def place_of(course: Course, submitted: Path, student: str) -> Place:
    """Return where one student's submission is.

    Raises:
        CatternError: there is none.
    """
    found = {each.student: each.place for each in take_class_in(course, submitted).hand_ins}
    if student not in found:
        raise CatternError(
            f"no submission of {student!r} for {course.lab_name} in {submitted}: there are {', '.join(found) or 'none'}"
        )
    return found[student]


def _chosen(course: Course, taken: Intake, only: Collection[str]) -> dict[str, set[str]]:
    """Return the students to grade, and of each the tasks: none means all."""
    everybody = {each.student for each in taken.hand_ins}
    if not only:
        return {student: set() for student in everybody}
    chosen: dict[str, set[str]] = {}
    for name in only:
        student, _, task = (name, "", "") if name in everybody else name.rpartition("/")
        if student not in everybody:
            why = taken.absent.get(name, f"there are {', '.join(sorted(everybody)[:10])}")
            raise CatternError(f"no submission of {name!r}: {why}")
        chosen.setdefault(student, set()).update({course.lab.task(task).id} if task else ())
    return chosen


def _keys(course: Course, hand_ins: list[HandIn], jobs: int | None) -> dict[str, str]:
    of_course = course_key(course)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:  # hashing lets other threads run
        return dict(zip([e.student for e in hand_ins], pool.map(lambda e: key_of(e, of_course), hand_ins)))


def _unchanged(out: Path, journal: Journal, keys: dict[str, str]) -> dict[str, Verdict]:
    kept = {}
    for student, key in keys.items():
        if journal.keys.get(student) == key:
            try:
                kept[student] = read_verdict(verdict_path(out, student))
            except CatternError:
                continue  # gone, or damaged: it is graded again
    return kept


def _graded(
    course: Course, todo: list[HandIn], jobs: int | None, walls: bool, scheduler: str | None
) -> Iterator[Graded]:
    if not todo:
        return
    if scheduler:
        from autograder.grading.cluster import grade_on_cluster

        yield from grade_on_cluster(course, todo, walls, scheduler)
        return
    from threadpoolctl import threadpool_limits

    from autograder.grading.pool import Pool
    from autograder.grading.workers import Workers

    def lost(hand_in: HandIn, why: str) -> Graded:
        return Graded(hand_in.student, None, why)

    size = min(jobs or os.cpu_count() or 1, len(todo))
    seconds = (
        20 * course.choices.submission_seconds
    )  # a submission's own budget ends before, also on a busy machine
    with (
        threadpool_limits(1),  # inherited by the workers: sums end in the same digit on any machine
        Workers(course, walls).warm(images=len(todo) >= MANY) as workers,
        Pool(workers.grade, lost, size, seconds, workers.close) as pool,
    ):
        yield from pool.run(todo)


def _merged(out: Path, verdict: Verdict, tasks: set[str]) -> Verdict:
    """Return the verdict, with the recorded one's tasks where only some were asked for."""
    if not tasks:
        return verdict
    try:
        before = {task.id: task for task in read_verdict(verdict_path(out, verdict.student)).tasks}
    except CatternError:
        return verdict
    return replace(verdict, tasks=tuple(t if t.id in tasks else before.get(t.id, t) for t in verdict.tasks))


def _write_class(course: Course, out: Path, submitted: Path, taken: Intake) -> None:
    """Write the table of everybody who has a verdict in the folder, whoever graded it, and of what has none."""
    with locked(out):
        journal = Journal(out)  # again: another process may have graded into this folder
        for student in journal.gone(submitted, (each.student for each in taken.hand_ins)):
            set_aside(out, student)
            journal.forget(student)
        journal.record_rest(taken, submitted)
        verdicts, others = [], []
        for student in sorted(student for student, key in journal.keys.items() if key):
            try:
                verdicts.append(read_verdict(verdict_path(out, student)))
            except CatternError as error:
                others.append((student, f"no verdict: {error}"))
        absent, unmatched = journal.rest()
        missing = {each.student for each in taken.hand_ins} - {s for s, key in journal.keys.items() if key}
        others += [(student, "no verdict yet") for student in sorted(missing)]
        others += [(student, f"not handed in: {why}") for student, why in sorted(absent.items())]
        others += [(name, f"not matched: {why}") for name, why in sorted(unmatched.items())]
        off = {verdict.student: penalty_on(verdict, course.choices) for verdict in verdicts}
        write_summary(out / "summary.csv", verdicts, others, off)
        write_names(out / "names.csv", (verdict.student for verdict in verdicts))
