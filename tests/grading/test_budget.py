"""One submission, one budget: who sleeps in every task costs seconds, and what was done before counts."""

import time
from dataclasses import replace

from courses import course_of
from lab_styles.two_layer_net import SOLUTION

from autograder.grading.one import grade_submission
from autograder.grading.workers import Workers
from autograder.submission import read_submission

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


def test_what_was_done_before_the_end_counts(tmp_path):
    waits = SOLUTION.replace(
        "    def train(", "    def train(self, *_, **__):\n        time.sleep(1000)\n\n    def _train("
    )
    tasks, _ = grade(tmp_path, "import time\n" + waits)
    assert [tasks[f"TODO#{n}"].status for n in (1, 2, 3)] == ["pass"] * 3
    assert tasks["TODO#4"].status == "timeout"
