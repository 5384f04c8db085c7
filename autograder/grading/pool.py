"""Worker processes that stay warm: each owns a sandbox, reads and judges one submission at a time, and is replaced when it dies.

The process that schedules them runs no student code, reads no submission and judges nothing: it hands out jobs, and takes results.
"""

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Job, Result = TypeVar("Job"), TypeVar("Result")

TRIES = 2  # a worker may be killed for what another process on the machine did
MEMORY = (
    4 * 2**30
)  # bytes of address space: a submission that wants more ends its own reading, not the machine
TOO_LONG = "grading it took more than"  # and would again
PATIENCE = 5.0  # seconds for a worker to end its sandbox
_PR_SET_PDEATHSIG = 1


@dataclass
class _Worker(Generic[Job]):
    process: BaseProcess
    connection: Connection
    core: int | None
    job: Job | None = None
    deadline: float = 0.0


class Pool(Generic[Job, Result]):
    """Processes that do jobs. Use it in a `with` block; what a job gave comes back in the order of completion.

    Args:
        work: does a job in a worker; it and what it holds are there by fork, not by pickling.
        lost: makes the result of a job whose worker died, or was killed for taking too long, from the reason in words.
        size: workers at a time.
        seconds: wall time after which a job's worker is killed.
        close: called in a worker before it ends.
    """

    def __init__(
        self,
        work: Callable[[Job], Result],
        lost: Callable[[Job, str], Result],
        size: int,
        seconds: float,
        close: Callable[[], None] = lambda: None,
    ):
        self._work, self._lost, self._size, self._seconds, self._close = work, lost, size, seconds, close
        self._workers: list[_Worker[Job]] = []
        self._context = multiprocessing.get_context("fork")

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, failed: type | None, *_) -> None:
        if failed is None:
            for worker in self._workers:
                worker.connection.close()  # each ends in order
            for worker in self._workers:
                worker.process.join(PATIENCE)
        self.close()

    def close(self) -> None:
        """Kill the workers, whatever they do; their sandboxes end with them."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()
        self._workers = []

    def run(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield what the jobs give, as they are done."""
        waiting, tries = deque(jobs), {}
        while waiting or any(worker.job is not None for worker in self._workers):
            while waiting and (worker := self._idle()):
                try:
                    worker.connection.send(waiting[0])
                except OSError:  # it was killed while it had nothing to do
                    self._workers.remove(worker)
                    continue
                worker.job, worker.deadline = waiting.popleft(), time.monotonic() + self._seconds
            for worker, (job, result, why) in self._finished():
                if why is None:
                    worker.job = None
                    yield result
                    continue
                self._workers.remove(worker)
                tries[id(job)] = tries.get(id(job), 0) + 1
                if tries[id(job)] < TRIES and not why.startswith(TOO_LONG):
                    waiting.appendleft(job)
                else:
                    yield self._lost(job, why)

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if worker.job is None:
                return worker
        if len(self._workers) >= self._size:
            return None
        self._workers.append(self._start())
        return self._workers[-1]

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # The ends of the other workers' pipes: inherited, they would keep a worker alive whose scheduler is gone.
        others = [worker.connection for worker in self._workers] + [ours]
        core = self._core()
        process = self._context.Process(
            target=_serve, args=(theirs, others, self._work, self._close, core), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours, core)

    def _core(self) -> int | None:
        """Return the core of the next worker; None where there is not one for each.

        A worker and the student's process take turns: on one core neither is woken up from another, nor finds its caches cold.
        """
        cores = os.sched_getaffinity(0)
        free = cores - {worker.core for worker in self._workers}
        return min(free) if free and len(cores) == self._size else None

    def _finished(self) -> Iterator[tuple[_Worker, tuple]]:
        """Wait for workers; yield each with its job, the result, and why there is none."""
        busy = [worker for worker in self._workers if worker.job is not None]
        until = min(worker.deadline for worker in busy) - time.monotonic()
        ready = wait([worker.connection for worker in busy], max(0.0, until))
        for worker in busy:
            job = worker.job
            if worker.connection in ready:
                try:
                    yield worker, (job, worker.connection.recv(), None)
                except (EOFError, OSError):
                    worker.process.join()
                    code = worker.process.exitcode
                    how = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
                    worker.connection.close()
                    yield worker, (job, None, f"the process that graded it ended ({how})")
            elif time.monotonic() >= worker.deadline:
                worker.process.kill()
                worker.process.join()
                worker.connection.close()
                yield worker, (job, None, f"{TOO_LONG} {self._seconds:g} s")


def _serve(
    connection: Connection, others: list[Connection], work: Callable, close: Callable, core: int | None
) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the scheduler's to answer
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard)
    )
    if core is not None:
        os.sched_setaffinity(0, {core})
    for other in others:
        other.close()
    gc.freeze()  # what was there before the fork stays: collections need not look at it, nor copy its pages
    try:
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, BrokenPipeError):
        pass
    finally:
        close()
        os._exit(0)  # no handlers of the process it was forked from
