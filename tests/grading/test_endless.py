"""An endless loop costs its own task, and no other one more than an exception at the same place does."""

from dataclasses import replace

import pytest
from courses import course_of
from judging import WithoutDiagnosis, grade_files, reference, solved
from lab_styles.two_layer_net import SOLUTION
from sampling import sample

from autograder import markers
from autograder.grading.one import Grading
from autograder.grading.workers import Workers
from autograder.submission import read_submission
from cattern.checking.lab import lab_names

LOOP, RAISE = ("while True:", "    pass"), ("raise ValueError(1)",)
SAID = "it did not finish within the time limit: line {} of {} (`while True:`): this loop had not ended"
PLACES = [
    (lab, file, region)
    for lab in lab_names()
    for file, text in solved(lab).items()
    for region in markers.regions(text, file)
]


def planted(lab: str, file: str, region: markers.Region, code: tuple[str, ...]) -> dict[str, str]:
    """Return the solved files of a lab with code as the first lines of a task."""
    texts = solved(lab)
    lines = texts[file].splitlines(keepends=True)
    lines[region.begin : region.begin] = [f"{region.indent}{line}\n" for line in code]
    return {**texts, file: "".join(lines)}


def graded(folder, lab: str, texts: dict[str, str]) -> tuple[dict, list]:
    """Return the verdicts on a submission's modules, task id → verdict, and what became of each task in the sandbox."""
    course, outcomes = course_of(lab), []
    for file, text in texts.items():
        (folder / file.rpartition("/")[2]).write_text(text, encoding="utf-8")
    with Workers(course) as workers:
        submission = read_submission("doe", folder, course.lab, workers.release)
        limits = replace(workers.limits, cpu_seconds=1)
        grading = Grading(submission, workers.reference, workers.sandbox(), limits)
        grading._spend = lambda outcome, *_: outcomes.append(outcome)
        return {t.id: grading.verdict(t) for t in course.lab.tasks if t.source == "module"}, outcomes


def troubles(folder, lab: str, file: str, region: markers.Region) -> list[str]:
    """Return where a loop costs more than an exception at the same place, and where it is not named."""
    using = WithoutDiagnosis(reference(lab))
    raised = grade_files(lab, planted(lab, file, region, RAISE), using=using)
    looped, _ = graded(folder, lab, planted(lab, file, region, LOOP))
    said = SAID.format(region.begin + 1, file.rpartition("/")[2])
    found = [
        f"{lab} {region.task}: {t} has {v.score}, after an exception {raised[t].score}"
        for t, v in looped.items()
        if v.score < raised[t].score
    ]
    own = looped[region.task]
    return found + [f"{lab} {region.task}: {own.rationale}"] * (
        (own.status, own.rationale) != ("timeout", said)
    )


def test_a_loop_costs_no_other_task_more_than_an_exception_there(tmp_path):
    assert [trouble for place in sample(PLACES, 1)[:1] for trouble in troubles(tmp_path, *place)] == []


@pytest.mark.slow
@pytest.mark.parametrize("lab", lab_names())
def test_no_loop_costs_another_task_more_than_an_exception_there(tmp_path, lab):
    found = [trouble for place in PLACES if place[0] == lab for trouble in troubles(tmp_path, *place)]
    assert found == []


def test_calls_that_a_stopped_loop_repeats_are_no_minibatches():
    """`while True: self.loss(…)` in the update is stopped there, after some thousand calls with one minibatch."""
    place = next(p for p in PLACES if p[0] == "two_layer_net" and p[2].task == "TODO#5")
    looped = ("for k in range(30):", "    self.loss(X_batch, y=y_batch, reg=reg)", *RAISE)
    verdicts = grade_files(
        place[0], planted(*place, looped), using=WithoutDiagnosis(reference("two_layer_net"))
    )
    assert {t: v.status for t, v in verdicts.items() if t in ("TODO#4", "TODO#5")} == {
        "TODO#4": "pass",
        "TODO#5": "fail",
    }


def test_who_catches_it_for_ever_is_out_of_time_and_others_are_not(tmp_path):
    catching = """        while True:
            try:
                scores = self.loss(X)
            except Exception:
                pass
"""
    text = SOLUTION.replace("        scores = self.loss(X)\n", catching)
    tasks, outcomes = graded(tmp_path, "two_layer_net", {"neural_net.py": text})
    number = text.splitlines().index("        while True:") + 1
    assert (tasks["TODO#7"].status, tasks["TODO#7"].rationale) == (
        "timeout",
        SAID.format(number, "neural_net.py"),
    )
    assert all(v.status == "pass" for t, v in tasks.items() if t != "TODO#7")
    assert max(o.cpu_seconds for o in outcomes) < 3
