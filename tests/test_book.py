"""The grader's book among threads: it leaves nothing of the process changed."""

import sys
import threading

import numpy as np

from autograder.book import SolutionBook
from cattern.checking.rubric import load_lab


def test_many_books_in_many_threads_leave_stdout_and_the_random_stream_alone():
    lab = load_lab("two_layer_net")
    before, state = sys.stdout, np.random.get_state()[1].copy()
    start = threading.Barrier(6)

    def work(number: int) -> None:
        book = SolutionBook(lab, f"seed {number}")
        start.wait()
        for task in (t for t in lab.tasks if t.source == "module"):
            for probe in book.probes(task):
                assert book.facts(task, frozenset(), probe)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sys.stdout is before
    assert (np.random.get_state()[1] == state).all()
