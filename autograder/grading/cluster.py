"""A class on a Dask cluster: submissions and the course travel as bytes, so the machines share nothing but the network."""

import atexit
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from autograder.course import ROOT, Course
from autograder.grading.journal import course_key
from autograder.grading.travel import Packed, pack, pack_course, unpack, unpack_course
from autograder.grading.workers import Graded, Job, grade_alone
from autograder.submission import HandIn
from autograder.temporary import make_folder, remove, work_folder
from cattern.errors import CatternError

AHEAD = 4  # submissions a thread of the cluster that wait there: enough to keep it busy, few enough to hold


def grade_on_cluster(course: Course, todo: list[HandIn], walls: bool, scheduler: str) -> Iterator[Graded]:
    """Yield the verdicts as they come. A worker that is lost costs what it had not finished: the others do that again.

    Raises:
        CatternError: nobody answers at the address, or the workers would give other verdicts than this machine.
    """
    from distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as problem:
        raise CatternError(f"no Dask scheduler at {scheduler}: {problem}") from None
    with client:
        refuse_other_versions(client, course)
        sent, students, left = client.scatter(pack_course(course), broadcast=True), {}, iter(todo)

        def submit(hand_in: HandIn):
            future = client.submit(
                grade_there, course, sent, hand_in.student, pack(hand_in), walls, pure=False
            )
            students[future.key] = hand_in.student
            return future

        ahead = AHEAD * max(1, sum(client.nthreads().values()))
        coming = as_completed([submit(each) for _, each in zip(range(ahead), left)], loop=client.loop)
        for future in coming:
            student = students.pop(future.key)
            try:
                yield future.result()
            except (
                Exception
            ) as error:  # a fault of ours, or too many workers lost: it must not cost the others anything
                yield Graded(student, None, f"{type(error).__name__}: {error}")
            future.release()
            for hand_in in left:
                coming.add(submit(hand_in))
                break


def refuse_other_versions(client, course: Course) -> None:
    """Check that every worker judges by the same sources, packages and images as this machine.

    Raises:
        CatternError: one does not, or there is none.
    """
    sent, here = pack_course(course), course_key(course)
    said = client.run(key_there, course, sent)
    if not said:
        raise CatternError(
            f"the Dask scheduler at {client.scheduler.address} has no worker: start some, then try again"
        )
    others = sorted(worker for worker, key in said.items() if key != here)
    if others:
        raise CatternError(
            f"{', '.join(others[:5])}: another version of Cattern, Python or NumPy than here, or other images of MNIST "
            "(CATTERN_MNIST_DIR): the verdicts would not be the same. Install the same on all machines"
        )


def key_there(course: Course, sent: Packed | None) -> str:
    """Return what tells a worker's verdicts from another's."""
    return course_key(_arrived(course, sent))


def grade_there(course: Course, sent: Packed | None, student: str, packed: Packed, walls: bool) -> Graded:
    """Grade one submission on a worker, as it would be graded here."""
    with work_folder("submission") as work:
        return grade_alone(Job(_arrived(course, sent), unpack(packed, work, student)), walls)


@lru_cache(maxsize=4)
def _folder(sent: Packed) -> Path:
    work = make_folder("course")
    atexit.register(remove, work)
    return unpack_course(sent, work)


def _arrived(course: Course, sent: Packed | None) -> Course:
    return replace(course, folder=ROOT if sent is None else _folder(sent))
