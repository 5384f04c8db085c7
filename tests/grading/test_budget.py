"""One submission, one budget: who sleeps in every task costs seconds, and what was done before counts."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from courses import course_of
from lab_styles.two_layer_net import SOLUTION

from autograder.grading.one import Grading, OverBudget, grade_submission
from autograder.grading.pool import MEMORY as pool_memory
from autograder.grading.pool import Pool
from autograder.grading.workers import Workers
from autograder.sandbox import Limits, Outcome
from autograder.submission import HandIn, read_submission

COURSE = course_of()
SHORT = replace(COURSE, choices=replace(COURSE.choices, submission_seconds=2.0))


def grade(folder, source: str):
    (folder / "neural_net.py").write_text(source, encoding="utf-8")
    with Workers(SHORT) as workers:
        submission = read_submission("doe", folder, SHORT.lab, workers.release)
        sandbox = workers.sandbox()
        start = time.monotonic()
        verdict = grade_submission(
            submission, workers.reference, sandbox, workers.limits, SHORT.choices.submission_seconds
        )
        return {t.id: t for t in verdict.tasks}, time.monotonic() - start


def test_a_sleeper_has_one_budget_for_all_tasks(tmp_path):
    tasks, _ = grade(tmp_path, SOLUTION + "\nimport time\ntime.sleep(1000)\n")
    probed = [t for t in SHORT.lab.tasks if t.source == "module"]
    assert {tasks[t.id].status for t in probed} == {"timeout"}
    assert "time limit" in tasks["TODO#1"].rationale
    assert "used up the 2 s" in tasks["TODO#7"].rationale


def test_a_busy_machine_takes_nothing_off_the_budget():
    """What a task waits for its turn is no sleep: the verdict is the same under any load."""
    limits, grading = Limits(), Grading(None, None, None, Limits(), 60.0)
    for _ in range(12):  # as on a machine that is twenty times busier than its cores
        grading._spend(Outcome("ok", cpu_seconds=0.2), 4.0, limits)
    assert grading._left == pytest.approx(60 - 12 * 0.2)
    grading._spend(Outcome("timeout", detail="cpu", cpu_seconds=5.0), 100.0, limits)
    assert grading._left == pytest.approx(60 - 12 * 0.2 - 5)
    grading._spend(Outcome("ok", cpu_seconds=0.1), 30.0, limits)  # asleep
    assert grading._left < 60 - 12 * 0.2 - 5 - 20
    grading._spend(Outcome("timeout", detail="wall"), 60.0, limits)
    assert grading._left < 0


def test_what_was_done_before_the_end_counts(tmp_path):
    waits = SOLUTION.replace(
        "    def train(", "    def train(self, *_, **__):\n        time.sleep(1000)\n\n    def _train("
    )
    tasks, _ = grade(tmp_path, "import time\n" + waits)
    assert [tasks[f"TODO#{n}"].status for n in (1, 2, 3)] == ["pass"] * 3
    assert tasks["TODO#4"].status == "timeout"


def test_the_loop_that_does_not_end_is_named_with_its_line(tmp_path):
    spins = SOLUTION.replace("scores = self.loss(X)\n", "while True:\n            scores = self.loss(X)\n")
    number = next(n for n, line in enumerate(spins.splitlines(), 1) if "while True" in line)
    (tmp_path / "neural_net.py").write_text(spins, encoding="utf-8")
    with Workers(COURSE) as workers:
        submission = read_submission("doe", tmp_path, COURSE.lab, workers.release)
        limits = replace(workers.limits, cpu_seconds=1)
        grading = Grading(submission, workers.reference, workers.sandbox(), limits)
        scores, labels = (grading.verdict(COURSE.lab.task(f"TODO#{n}")) for n in (1, 7))
    said = "it did not finish within the time limit: line {} of neural_net.py (`while True:`): this loop had not ended"
    assert labels.rationale == said.format(number)
    assert scores.status == "pass"  # beside it


class Spinning(Workers):
    """Workers that meet a submission which takes for ever to read."""

    def read(self, student, path):
        while True:
            pass


class Greedy(Workers):
    """Workers that meet a submission which needs more memory than there is."""

    def read(self, student, path):
        raise MemoryError


def test_who_costs_too_much_to_read_gets_a_verdict_that_says_so(tmp_path):
    short = replace(COURSE, choices=replace(COURSE.choices, submission_seconds=1.0))
    for workers, says in ((Spinning(short), "more than 1 s of computing"), (Greedy(short), "more memory")):
        with workers:
            graded = workers.grade(HandIn("doe", tmp_path))
            assert graded.verdict and graded.verdict.score == 0
            assert all(says in task.rationale for task in graded.verdict.tasks)


def test_a_worker_has_less_memory_than_the_machine(tmp_path):
    def take(size: int) -> int:
        try:
            return len(bytes(size))
        except MemoryError:
            return -1

    with Pool(take, lambda job, why: why, 1, 60) as pool:
        assert list(pool.run([2**20, pool_memory + 1])) == [2**20, -1]


def test_what_costs_too_much_to_judge_keeps_what_was_judged(monkeypatch):
    grading = Grading(None, None, None, None)
    verdicts = {"a": lambda: "judged", "b": over_budget, "c": lambda: "judged"}
    monkeypatch.setattr(Grading, "verdict", lambda self, task: verdicts[task.id]())
    a, b = (SimpleNamespace(id=name, title=name, points=3) for name in "ab")
    assert grading.verdict_in_time(a) == "judged"
    late = grading.verdict_in_time(b)
    assert (late.status, late.score, late.rationale) == ("timeout", 0, "too long")
    assert grading._left == 0


def over_budget():
    raise OverBudget("too long")
