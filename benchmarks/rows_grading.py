"""What grading one complete, honest submission costs: all of TODO#1 to TODO#7 of lab 1, beside the plain way to run the same probes."""

import atexit
import pickle
import resource
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from measure import Row, cpu, python

LAB = "two_layer_net"
# One new Python a submission, no wall, no process for each task.
PEER = f"""
import pickle, sys
from pathlib import Path
from cattern.checking.lab import load_lab
from cattern.checking.run import answer_task
folder, lab = Path(sys.argv[1]), load_lab("{LAB}")
for task_id, probes in pickle.loads((folder / "probes").read_bytes()):
    answer_task(lab, lab.task(task_id), probes, folder)
"""


def rows(work: Path) -> list[Row]:
    one = Grading(work)
    name = "one honest submission graded, a sandboxed process a task"
    return [Row(name, one.ours, one.peer, "a new Python a submission, no sandbox", runs=20)]


class Grading:
    """A grader at work, and the same probes in a folder for the peer."""

    def __init__(self, work: Path):
        self._work, self._inside = work, 0.0

    @cached_property
    def _course(self):
        from autograder.course import PUBLIC_SECRET, ROOT, Course

        return Course.open(LAB, ROOT, PUBLIC_SECRET)

    @cached_property
    def _reference(self):
        from autograder.solution.reference import open_reference

        return open_reference(self._course)

    @cached_property
    def _tasks(self) -> list:
        return [task for task in self._course.lab.tasks if task.source == "module"]

    @cached_property
    def _text(self) -> bytes:
        return (self._course.root / self._course.lab.student_files[0]).read_bytes()

    @cached_property
    def _sandbox(self):
        """A warm sandbox that notes what the processes in it took."""
        from autograder.grading.workers import Workers

        stack = ExitStack()
        atexit.register(stack.close)
        sandbox = stack.enter_context(Workers(self._course)).sandbox()
        run = sandbox.run

        def counted(*args, **kwargs):
            outcome = run(*args, **kwargs)
            self._inside += outcome.cpu_seconds
            return outcome

        sandbox.run = counted
        return sandbox

    def ours(self) -> float:
        """Grade it; return CPU seconds, on both sides of the wall. The first time also computes what is expected."""
        from autograder.grading.one import answers_of
        from autograder.sandbox import Limits
        from autograder.submission import Submission
        from cattern.checking.judge import judge_task

        lab, reference, sandbox = self._course.lab, self._reference, self._sandbox
        file = lab.student_files[0]
        submission = Submission("honest", Path("honest"), {file: self._text}, {}, None, {}, ())
        before, self._inside, found = cpu(resource.RUSAGE_SELF), 0.0, {}
        for task in self._tasks:
            answers = answers_of(task, submission, reference, sandbox, Limits()).answers
            verdict, found[task.id] = judge_task(lab, task, answers, reference, found)
            if verdict.status != "pass":
                raise RuntimeError(f"the solution does not pass: {verdict}")
        return cpu(resource.RUSAGE_SELF) - before + self._inside

    @cached_property
    def peer(self):
        """What runs the same probes on the same file, and returns its CPU seconds."""
        file = self._work / self._course.lab.student_files[0]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self._text)
        probes = [(task.id, self._reference.probes(task)) for task in self._tasks]
        (self._work / "probes").write_bytes(pickle.dumps(probes))
        return python(PEER, self._work)
