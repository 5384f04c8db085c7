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
    start, wrong = threading.Barrier(6, timeout=120), []

    def work(number: int) -> None:
        try:
            reference = SolutionReference(lab, f"seed {number}")
            start.wait()
            for task in (t for t in lab.tasks if t.source == "module"):
                for probe in reference.probes(task):
                    assert reference.facts(task, frozenset(), probe)
        except Exception as error:
            wrong.append(error)
            start.abort()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
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


def test_facts_of_several_mistakes_are_kept_to_a_number(monkeypatch):
    """What was asked of pairs goes in time, the oldest first; it is computed anew, and is the same."""
    lab = load_lab("two_layer_net")
    task, reference = lab.task("TODO#2"), SolutionReference(lab, "seed")
    probe, single = reference.probes(task)[0], [*reference.mistakes(task)]
    pairs = [frozenset([single[0], other]) for other in single[1:9]]
    first = [reference.facts(task, pair, probe) for pair in pairs]
    monkeypatch.setattr(book_module, "FACTS_KEPT", 3)
    again = [reference.facts(task, pair, probe) for pair in reversed(pairs)]
    for fact, other in zip(first, reversed(again), strict=True):
        assert (fact is None and other is None) or not any(changed(fact, other))
    reference.facts(task, frozenset(single[1:3]), probe)
    assert sum(len(mistakes) > 1 for _, mistakes, _ in reference._facts) == 3
