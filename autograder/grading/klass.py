"""A class of submissions: many sandboxes side by side, one verdict file each, one table for all."""

import atexit
import csv
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from autograder.grading.one import WallBroken, grade_submission
from autograder.release.bundle import ROOT, SOLVED
from autograder.release.handout import handout
from autograder.sandbox import Limits, Sandbox, require_bubblewrap
from autograder.solution.reference import SolutionReference
from autograder.submission import Submission, Unreadable, find_submissions, read_submission
from cattern.checking.lab import load_lab
from cattern.checking.verdict import TaskVerdict, Verdict
from cattern.errors import CatternError

ENGINE = "cattern.checking.run"


@dataclass(frozen=True)
class Job:
    """What it takes to grade one submission, anywhere.

    Attributes:
        lab: the lab's name.
        student: the student's name.
        path: folder or archive of the submission.
        seed: the course's secret.
        walls: False for grading without bubblewrap.
        carry: whether files from an earlier lab were released solved or are the students' own.
        course: the folder whose notebook and solution are the right ones.
    """

    lab: str
    student: str
    path: Path
    seed: str
    walls: bool = True
    carry: str = SOLVED
    course: Path = ROOT


@dataclass(frozen=True)
class Graded:
    """How one job ended: a verdict, or the sentence that says why there is none."""

    student: str
    verdict: Verdict | None
    trouble: str = ""


def grade_class(
    lab_name: str,
    submitted: Path,
    out: Path,
    seed: str,
    jobs: int | None = None,
    walls: bool = True,
    scheduler: str | None = None,
    carry: str = SOLVED,
    course: Path = ROOT,
    progress: Callable[[Iterable[Graded], int], Iterable[Graded]] = lambda graded, total: graded,
) -> list[Graded]:
    """Grade every submission and write `OUT/<student>.json` and `OUT/summary.csv`.

    Args:
        lab_name: the lab.
        submitted: folder with one folder (or archive) for each student.
        out: folder for the verdicts; made when missing.
        seed: the course's secret; it draws the hidden inputs.
        jobs: submissions at a time; None for one a core.
        walls: False for grading without bubblewrap.
        scheduler: address of a Dask scheduler, or None for this machine.
        carry: whether files from an earlier lab were released solved or are the students' own.
        course: the folder whose notebook and solution are the right ones.
        progress: wraps the stream of results, to show it.

    Returns:
        One result a submission, sorted by student.

    Raises:
        CatternError: nothing was submitted, or the machine cannot grade.
    """
    lab = load_lab(lab_name)
    if not submitted.is_dir():
        raise CatternError(f"{submitted} is not a folder: it should hold one folder for each student")
    found = find_submissions(submitted, lab)
    if not found:
        raise CatternError(
            f"no submission in {submitted}: expected {submitted}/<student>/{lab_name}/ or {submitted}/<student>/"
        )
    if walls and not scheduler:
        require_bubblewrap()
    out.mkdir(parents=True, exist_ok=True)
    todo = [Job(lab_name, student, path, seed, walls, carry, course) for student, path in found]
    open_reference(lab_name, seed, course)  # once, before threads ask for it
    graded = []
    with executor(jobs or os.cpu_count() or 1, scheduler) as pool:
        for result in progress(run_jobs(pool, todo), len(todo)):
            if result.verdict:
                write_json(out / f"{result.student}.json", result.verdict.to_json())
            graded.append(result)
    graded.sort(key=lambda g: g.student)
    write_summary(out / "summary.csv", [g.verdict for g in graded if g.verdict])
    return graded


def run_jobs(pool: Executor, todo: list[Job]) -> Iterator[Graded]:
    """Yield results as they come."""
    futures = [pool.submit(grade_job, job) for job in todo]
    for future in as_completed(futures):
        yield future.result()


def grade_job(job: Job) -> Graded:
    """Grade one submission in this process's reference and this thread's sandbox."""
    reference = open_reference(job.lab, job.seed, job.course)
    try:
        submission = read_submission(
            job.student, job.path, reference.lab, handout(job.lab, job.course, job.carry)
        )
    except Unreadable as error:
        tasks = tuple(
            TaskVerdict(t.id, t.title, "missing", 0.0, t.points, str(error)) for t in reference.lab.tasks
        )
        return Graded(job.student, Verdict(job.lab, job.student, "graded", tasks, (str(error),)))
    try:
        return Graded(
            job.student,
            grade_submission(submission, reference, _sandbox(job, plots(submission)), Limits()),
        )
    except WallBroken as error:
        return Graded(job.student, None, str(error))
    except Exception as error:  # a fault of ours must not cost the rest of the class its verdicts
        return Graded(job.student, None, f"{type(error).__name__}: {error}")


def grade_alone(job: Job) -> Graded:
    """Grade one submission outside a class; the sandbox stays warm for the next one, until the process ends."""
    atexit.register(_opened.close)
    return grade_job(job)


@contextmanager
def executor(jobs: int, scheduler: str | None) -> Iterator[Executor]:
    """Give an executor: threads that wait for sandboxes, or a Dask cluster behind the same interface."""
    if scheduler:
        from distributed import Client

        with Client(scheduler) as client:
            yield client.get_executor()
    else:
        with ThreadPoolExecutor(jobs) as pool:
            try:
                yield pool
            finally:
                pool.shutdown()
                _opened.close()
                _engine.cache_clear()


@lru_cache
def open_reference(lab: str, seed: str, course: Path = ROOT) -> SolutionReference:
    """Return the grader's reference of a lab; one a process."""
    from autograder.release.bundle import package_root, solution_cells

    return SolutionReference(load_lab(lab), seed, solution_cells(lab, course), package_root(course))


_threads = threading.local()
_opened = ExitStack()


def _sandbox(job: Job, plots: bool) -> Sandbox:
    """Return this thread's sandbox for such a job; it stays warm until the executor closes."""
    sandboxes = vars(_threads).setdefault("sandboxes", {})
    key = (job.lab, job.walls, job.carry, job.course, plots)
    if key not in sandboxes:
        sandboxes[key] = _opened.enter_context(open_sandbox(*key))
    return sandboxes[key]


def plots(submission: Submission) -> bool:
    """Tell whether a submission may import Matplotlib: then it is imported once, before the fork, not by each task."""
    return any(word in text for text in submission.files.values() for word in (b"matplotlib", b"vis_utils"))


def open_sandbox(
    lab: str, walls: bool = True, carry: str = SOLVED, course: Path = ROOT, plots: bool = False
) -> Sandbox:
    """Return a sandbox for one lab's tasks, not started yet. What is imported before the fork costs no task anything.

    It costs every fork a little, though: so Matplotlib is imported (`plots`) only for those who use it.
    """
    preload = ["numpy", "numpy.random", "ast", ENGINE, f"cattern.checking.labs.{lab}.rubric"]
    preload += ["matplotlib.pyplot"] * plots
    return Sandbox(_engine(lab, carry, course), preload=preload, walls=walls)


@lru_cache
def _engine(lab: str, carry: str, course: Path) -> Path:
    """Return a folder that holds what a student has, and nothing else: it is what the sandbox can see."""
    from tempfile import TemporaryDirectory

    folder = Path(_opened.enter_context(TemporaryDirectory(prefix="cattern-engine-")))
    for name, content in handout(lab, course, carry).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in (folder, *folder.rglob("*")):  # the sandbox's uid reads it, whatever the umask
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    part.write_text(text, encoding="utf-8", errors="replace")  # a folder's name need not be UTF-8
    part.replace(path)


def write_summary(path: Path, verdicts: list[Verdict]) -> None:
    """Write one row a student: status, score, then each task's score, and the ids of the mistakes."""
    tasks = [t.id for t in verdicts[0].tasks] if verdicts else []
    part = path.with_name(f".{path.name}.part")
    with part.open("w", newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.writer(file)
        rows.writerow(["student", "status", "score", "max_score", *tasks, "mistakes", "repairs"])
        for v in verdicts:
            scores = {t.id: f"{t.score:g}" for t in v.tasks}
            mistakes = " ".join(m.id for t in v.tasks for m in t.mistakes)
            rows.writerow(
                [
                    v.student,
                    v.status,
                    f"{v.score:g}",
                    f"{v.max_score:g}",
                    *scores.values(),
                    mistakes,
                    len(v.repairs),
                ]
            )
    part.replace(path)
