"""What grading one complete, honest submission costs: CPU seconds for all of TODO#1 to TODO#7, and beside a peer.

    python benchmarks/grading.py

The peer is the plain way to run the same probes: one new Python a submission, no wall, no process for each task.
Both are measured in the same run, in turn, so that their ratio holds on a slow or a busy machine.
"""

import pickle
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from autograder.course import PUBLIC_SECRET, ROOT, Course
from autograder.grading.one import answers_of
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.solution.reference import open_reference
from autograder.submission import Submission
from cattern.checking.judge import judge_task

RUNS = 50
PEER = """
import pickle, sys
from pathlib import Path
from cattern.checking.lab import load_lab
from cattern.checking.run import answer_task
folder, lab = Path(sys.argv[1]), load_lab("two_layer_net")
for task_id, probes in pickle.loads((folder / "probes").read_bytes()):
    answer_task(lab, lab.task(task_id), probes, folder)
"""


def main() -> None:
    course = Course.open("two_layer_net", ROOT, PUBLIC_SECRET)
    lab = course.lab
    tasks = [t for t in lab.tasks if t.source == "module"]
    reference = open_reference(course)
    text = (ROOT / lab.student_files[0]).read_bytes()
    submission = Submission("honest", Path("honest"), {lab.student_files[0]: text}, {}, None, {}, ())
    ours, theirs = [], []
    with TemporaryDirectory() as work, Workers(course) as workers:
        folder, sandbox = Path(work), workers.sandbox()
        write_probes(folder, lab, tasks, reference, text)
        inside = 0.0
        run = sandbox.run

        def counted(*args, **kwargs):
            nonlocal inside
            outcome = run(*args, **kwargs)
            inside += outcome.cpu_seconds
            return outcome

        sandbox.run = counted
        for number in range(RUNS + 1):
            before, inside = own_cpu(resource.RUSAGE_SELF), 0.0
            found = {}
            for task in tasks:
                verdict, found[task.id] = judge_task(
                    lab, task, answers_of(task, submission, reference, sandbox, Limits()), reference, found
                )
                assert verdict.status == "pass", verdict
            cost = own_cpu(resource.RUSAGE_SELF) - before + inside
            before = own_cpu(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", PEER, str(folder)], check=True, cwd=ROOT)
            peer = own_cpu(resource.RUSAGE_CHILDREN) - before
            if number:  # the first run also computes what is expected, once for the class
                ours.append(cost)
                theirs.append(peer)
    print(f"one honest submission, TODO#1 to TODO#7, median of {RUNS} runs:")
    print(f"  Cattern, one sandboxed process a task   {median(ours):.3f} CPU s")
    print(f"  a new Python a submission, no sandbox   {median(theirs):.3f} CPU s")
    print(f"  ratio, run by run                       {median(a / b for a, b in zip(ours, theirs)):.2f}")


def write_probes(folder: Path, lab, tasks, reference, text: bytes) -> None:
    file = folder / lab.student_files[0]
    file.parent.mkdir(parents=True)
    file.write_bytes(text)
    (folder / "probes").write_bytes(pickle.dumps([(task.id, reference.probes(task)) for task in tasks]))


def own_cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
