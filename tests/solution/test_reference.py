"""The grader's reference: it leaves nothing of the process changed, and does not grow with what it has run."""

import linecache
import sys
import threading

import numpy as np

from autograder.solution import reference as book_module
from autograder.solution.reference import SolutionReference
from cattern.checking.facts import changed
from cattern.checking.lab import load_lab


def test_many_books_in_many_threads_leave_stdout_and_the_random_stream_alone():
    lab = load_lab("two_layer_net")
    before, state = sys.stdout, np.random.get_state()[1].copy()
    start = threading.Barrier(6)

    def work(number: int) -> None:
        reference = SolutionReference(lab, f"seed {number}")
        start.wait()
        for task in (t for t in lab.tasks if t.source == "module"):
            for probe in reference.probes(task):
                assert reference.facts(task, frozenset(), probe)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sys.stdout is before
    assert (np.random.get_state()[1] == state).all()


def test_a_search_keeps_few_patched_solutions_and_its_facts_are_the_same(monkeypatch):
    lab = load_lab("two_layer_net")
    task, roomy, narrow = lab.task("TODO#2"), SolutionReference(lab, "seed"), SolutionReference(lab, "seed")
    mistakes = [frozenset([m]) for m in roomy.mistakes(task)][:12]
    first, second = roomy.probes(task)[:2]
    expected = [[roomy.facts(task, m, probe) for m in mistakes] for probe in (first, second)]
    monkeypatch.setattr(book_module, "MODULES_KEPT", 3)
    before = len(linecache.cache)
    got = [[narrow.facts(task, m, probe) for m in mistakes] for probe in (first, second)]
    assert not any(
        any(changed(*pair)) for a, b in zip(expected, got, strict=True) for pair in zip(a, b, strict=True)
    )
    assert len(linecache.cache) - before <= 3
