"""A class of submissions: found, graded side by side, one verdict file each, one table for all."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from autograder.course import Course
from autograder.grading.store import write_summary, write_verdict
from autograder.grading.workers import Graded, Job, Workers, grade_alone
from autograder.sandbox import require_bubblewrap
from autograder.submission import Intake, take_in
from autograder.submission.layouts import aliases
from cattern.errors import CatternError


def grade_class(
    course: Course,
    submitted: Path,
    out: Path,
    jobs: int | None = None,
    walls: bool = True,
    scheduler: str | None = None,
    progress: Callable[[Iterable[Graded], int], Iterable[Graded]] = lambda graded, total: graded,
) -> list[Graded]:
    """Grade every submission and write `OUT/<student>.json` and `OUT/summary.csv`.

    Args:
        course: the course.
        submitted: folder with one folder (or archive) for each student.
        out: folder for the verdicts; made when missing.
        jobs: submissions at a time; None for one a core.
        walls: False for grading without bubblewrap.
        scheduler: address of a Dask scheduler, or None for this machine.
        progress: wraps the stream of results, to show it.

    Returns:
        One result a submission, sorted by student.

    Raises:
        CatternError: nothing was submitted, or the machine cannot grade.
    """
    taken = take_class_in(course, submitted)
    if walls and not scheduler:
        require_bubblewrap()
    out.mkdir(parents=True, exist_ok=True)
    todo = [Job(course, each.student, each.place) for each in taken.hand_ins]
    graded = []
    with executor(course, jobs or os.cpu_count() or 1, walls, scheduler) as submit:
        futures = [submit(job) for job in todo]
        for result in progress((future.result() for future in as_completed(futures)), len(todo)):
            if result.verdict:
                write_verdict(out, result.verdict)
            graded.append(result)
    graded.sort(key=lambda g: g.student)
    write_summary(out / "summary.csv", [g.verdict for g in graded if g.verdict])
    return graded


def take_class_in(course: Course, submitted: Path) -> Intake:
    """Return what a class handed in, its students known by the course's roster where there is one.

    Raises:
        CatternError: nothing was handed in.
    """
    if not submitted.exists():
        raise CatternError(
            f"{submitted} is not there: give the folder that holds one folder for each student"
        )
    people = [(student.id, student.name, student.lms_id) for student in course.choices.roster]
    taken = take_in(submitted, course.lab, aliases(people) if people else None)
    if not taken.hand_ins:
        lab = course.lab_name
        raise CatternError(
            f"no submission in {submitted}: expected {submitted}/<student>/{lab}/ or {submitted}/<student>/"
        )
    return taken


@contextmanager
def executor(
    course: Course, jobs: int, walls: bool, scheduler: str | None
) -> Iterator[Callable[[Job], Future]]:
    """Give what takes a job: threads that wait for sandboxes, or a Dask cluster behind the same interface."""
    if scheduler:
        from distributed import Client

        with Client(scheduler) as client:
            pool = client.get_executor()
            yield lambda job: pool.submit(grade_alone, job, walls)
        return
    with Workers(course, walls) as workers, ThreadPoolExecutor(jobs) as pool:
        yield lambda job: pool.submit(workers.grade, job.student, job.path)
