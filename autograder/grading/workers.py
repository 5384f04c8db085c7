"""Grades jobs: warm sandboxes, one a thread, behind whatever executor runs them."""

import atexit
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from autograder import bundle
from autograder.course import Course
from autograder.grading.one import OverBudget, WallBroken, grade_submission
from autograder.late import moment, seconds_late
from autograder.sandbox import AGENT, Limits, Sandbox, engine_files
from autograder.solution.reference import open_reference
from autograder.submission import HandIn, Submission, Unreadable, read_submission
from autograder.submission.intake import Place
from autograder.temporary import work_folder
from cattern.checking.verdict import TaskVerdict, Verdict


@dataclass(frozen=True)
class Job:
    """What it takes to grade one submission, anywhere."""

    course: Course
    hand_in: HandIn


@dataclass(frozen=True)
class Graded:
    """How one job ended: a verdict, or the sentence that says why there is none."""

    student: str
    verdict: Verdict | None
    trouble: str = ""


class Workers:
    """What grading a course keeps warm: the reference, the released files, a sandbox for each thread. Close it, or use `with`.

    Args:
        course: the course.
        walls: False for grading without bubblewrap.
    """

    def __init__(self, course: Course, walls: bool = True):
        self.course, self.walls = course, walls
        self.reference = open_reference(course)
        self.release = bundle.handed_out(course)
        choices = course.choices
        self.limits = Limits(cpu_seconds=choices.task_cpu_seconds, wall_seconds=choices.task_seconds)
        self._threads = threading.local()
        self._opened, self._opening = ExitStack(), threading.Lock()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the sandboxes of all threads."""
        self._opened.close()

    def warm(self, images: bool = False) -> "Workers":
        """Compute now what every submission is compared with, so that processes forked from this one share it.

        Args:
            images: whether what data files are judged with is loaded as well: a second, and a hundred MB.
        """
        lab = self.course.lab
        for task in lab.tasks:
            if task.source in ("module", "cell"):
                for probe in self.reference.probes(task):
                    self.reference.facts(task, frozenset(), probe)
            elif task.source == "data" and images:
                getattr(self.course.instructors("data"), "images", list)()
        _ = self._engine
        return self

    def grade(self, hand_in: HandIn, submission: Submission | None = None) -> Graded:
        """Grade one submission in this thread's sandbox; it is read here, unless whoever asks has done so."""
        with self._budget():
            return self._grade(hand_in, submission)

    def _grade(self, hand_in: HandIn, submission: Submission | None) -> Graded:
        student = hand_in.student
        try:
            submission = submission or self.read(student, hand_in.place)
            verdict = grade_submission(
                submission,
                self.reference,
                self.sandbox(plots(submission)),
                self.limits,
                self.course.choices.submission_seconds,
            )
        except (Unreadable, OverBudget) as error:
            verdict = self._empty(student, str(error))
        except MemoryError:
            verdict = self._empty(student, "reading it needs more memory than a submission may have")
        except WallBroken as error:
            return Graded(student, None, str(error))
        except (Exception, SystemExit) as error:  # a fault of ours costs nobody else a verdict
            return Graded(student, None, f"{type(error).__name__}: {error}")
        late = seconds_late(self.course.choices, moment(hand_in.at), hand_in.late) > 0
        about = {"course": self.course.recorded(), "handed_in": hand_in.at, "late": late}
        return Graded(student, replace(verdict, **about))

    @contextmanager
    def _budget(self) -> Iterator[None]:
        """Let reading and judging end with `OverBudget` when they take more CPU time than the submission has time."""
        seconds = self.course.choices.submission_seconds
        if threading.current_thread() is not threading.main_thread():  # only there Python answers signals
            yield
            return

        def over(number, frame):
            raise OverBudget(f"reading and judging it takes more than {seconds:g} s of computing")

        before = signal.signal(signal.SIGPROF, over)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def read(self, student: str, path: Place) -> Submission:
        """Read one submission.

        Raises:
            Unreadable: there is nothing to grade in it.
        """
        return read_submission(student, path, self.course.lab, self.release)

    def sandbox(self, plots: bool = False) -> Sandbox:
        """Return this thread's sandbox; it stays warm until `close`.

        What is imported before the fork costs no task anything, but every fork a little: so Matplotlib is imported there
        only in the sandbox for those who may use it (`plots`).
        """
        sandboxes = vars(self._threads).setdefault("sandboxes", {})
        if plots not in sandboxes:
            sandboxes[plots] = self._open(plots and "matplotlib" in self.course.lab.packages)
        return sandboxes[plots]

    def _open(self, plots: bool) -> Sandbox:
        preload = ["numpy", "numpy.random", "cattern.progress", f"{AGENT}.process"] + [
            "matplotlib.pyplot"
        ] * plots
        packages = self.course.distributions
        with self._opening:
            sandbox = Sandbox(self._engine, preload=preload, packages=packages, walls=self.walls)
            return self._opened.enter_context(sandbox)

    @cached_property
    def _engine(self) -> Path:
        """The folder that holds what a student has, and nothing else: it is what the sandbox can see."""
        folder = self._opened.enter_context(work_folder("engine"))
        bundle.write_files(folder, engine_files(self.release))
        for path in (folder, *folder.rglob("*")):  # the sandbox's uid reads it, whatever the umask
            path.chmod(0o755 if path.is_dir() else 0o644)
        return folder

    def _empty(self, student: str, why: str) -> Verdict:
        tasks = tuple(
            TaskVerdict(t.id, t.title, "missing", 0.0, t.points, why) for t in self.course.lab.tasks
        )
        return Verdict(self.course.lab_name, student, "not readable", tasks, (why,))


def plots(submission: Submission) -> bool:
    """Tell whether a submission may import Matplotlib."""
    return any(word in text for text in submission.files.values() for word in (b"matplotlib", b"vis_utils"))


def grade_alone(job: Job, walls: bool = True, submission: Submission | None = None) -> Graded:
    """Grade one job in this process, whose sandboxes stay warm for the next one, until the process ends."""
    return _kept(job.course, walls, job.course.snapshot()).grade(job.hand_in, submission)


@lru_cache(maxsize=2)
def _kept(course: Course, walls: bool, snapshot: tuple) -> Workers:
    workers = Workers(course, walls)
    atexit.register(workers.close)
    return workers
