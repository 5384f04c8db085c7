"""Worker processes: a dead one costs its own job, and none outlives the process that it works for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.grading.pool import Pool


def work(job):
    if job == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if job == "exit":
        os._exit(3)
    if job == "sleep":
        time.sleep(60)
    return job, os.getpid()


def lost(job, why):
    return job, why


def test_every_job_gives_one_result_and_workers_stay():
    with Pool(work, lost, 2, 30) as pool:
        results = list(pool.run(range(50)))
    assert sorted(job for job, _ in results) == list(range(50))
    assert len({worker for _, worker in results}) == 2


@pytest.mark.parametrize(
    ("job", "says"), [("die", "SIGKILL"), ("exit", "exit code 3"), ("sleep", "more than 0.3 s")]
)
def test_a_job_that_ends_its_worker_costs_only_itself(job, says):
    with Pool(work, lost, 2, 0.3) as pool:
        results = dict(pool.run([1, job, 2, 3]))
        assert says in results.pop(job)
        assert set(results) == {1, 2, 3}
        assert [job for job, _ in pool.run([4])] == [4]


def test_a_worker_killed_while_idle_is_replaced():
    with Pool(work, lost, 1, 30) as pool:
        [(_, first)] = pool.run([1])
        os.kill(first, signal.SIGKILL)
        time.sleep(0.1)
        [(_, second)] = pool.run([2])
        assert second != first


def test_a_job_is_tried_again_when_its_worker_was_killed(tmp_path):
    def once(job):
        if not (tmp_path / "tried").exists():
            (tmp_path / "tried").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return job, "done"

    with Pool(once, lost, 1, 30) as pool:
        assert list(pool.run(["a"])) == [("a", "done")]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core is everybody's")
def test_with_a_worker_for_each_core_each_keeps_to_its_own():
    def cores(job):
        time.sleep(0.05)
        if job == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return job, os.sched_getaffinity(0)

    every = os.sched_getaffinity(0)
    with Pool(cores, lost, len(every), 30) as pool:
        found = [dict(pool.run(range(3 * len(every)))), dict(pool.run(["die", *range(3 * len(every))]))]
    for given in found:  # whoever takes the place of a dead one has its core, too
        given.pop("die", None)
        assert {len(own) for own in given.values()} == {1}
        assert set.union(*given.values()) == every
    with Pool(cores, lost, 1, 30) as pool:  # somebody else may want to work here
        assert list(pool.run([1])) == [(1, every)]


SCHEDULER = """
import os, time
from autograder.grading.pool import Pool
def work(job):
    os.write(1, f"{os.getpid()}{chr(10)}".encode())
    time.sleep(60)
with Pool(work, None, 2, 600) as pool:
    list(pool.run(range(4)))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_scheduler(how):
    with subprocess.Popen([sys.executable, "-c", SCHEDULER], stdout=subprocess.PIPE, text=True) as process:
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.send_signal(how)
        process.wait()
    deadline = time.monotonic() + 10
    while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(alive(worker) for worker in workers)


def alive(pid):
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
