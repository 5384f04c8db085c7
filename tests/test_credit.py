"""What a mistake costs beyond its own task: nothing that was earned."""

import numpy as np
import pytest
from judging import book, grade_text, lost, patched
from styles import SOLUTION

from autograder import mistakes as catalogue

BY_ID = {m.id: m for m in catalogue.load("two_layer_net")}


def with_(*patches: tuple[str, str]) -> str:
    return patched(SOLUTION, *patches)


def test_a_gradient_that_fits_the_students_own_loss_earns_its_points():
    text = with_(
        ("reg_loss = 0.5 * reg", "reg_loss = reg"),
        ("dscores + reg * W2", "dscores + 2 * reg * W2"),
        ("dhidden + reg * W1", "dhidden + 2 * reg * W1"),
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].score == 8
    assert verdicts["TODO#3"].status == "pass" and "earlier" in verdicts["TODO#3"].rationale


def test_a_gradient_in_another_convention_than_the_loss_is_a_mistake():
    text = with_(
        ("dscores + reg * W2", "dscores + 2 * reg * W2"), ("dhidden + reg * W1", "dhidden + 2 * reg * W1")
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].status == "pass"
    assert verdicts["TODO#3"].score == 10 and verdicts["TODO#3"].mistakes


def test_a_loss_that_is_always_zero_earns_no_gradient_by_zeros():
    text = with_(("loss = data_loss + reg_loss", "loss = 0.0"))
    text = text.replace(
        '        grads["b1"] = np.sum(dhidden, axis=0)\n',
        '        grads["b1"] = np.sum(dhidden, axis=0)\n        grads = {k: 0 * v for k, v in grads.items()}\n',
    )
    verdicts = grade_text(text)
    assert verdicts["TODO#2"].score <= 1
    assert verdicts["TODO#3"].score <= 2  # fresh arrays they are


def test_what_was_computed_before_a_line_that_raises_still_counts():
    verdicts = grade_text(with_(('grads["W1"] = X.T @ dhidden', 'grads["W1"] = X @ dhidden')))
    assert verdicts["TODO#2"].status == "pass"
    assert verdicts["TODO#3"].status == "partial" and "ValueError" in verdicts["TODO#3"].rationale
    properties = verdicts["TODO#3"].evidence["properties"]
    assert properties["gradient of W2"] == [5, 5] and properties["gradient of W1"] == [0, 5]


@pytest.mark.parametrize("first", ["scores-no-relu", "scores-no-b1", "scores-no-b2"])
def test_a_wrong_score_costs_nothing_downstream(first):
    if first not in BY_ID:
        first = next(m.id for m in BY_ID.values() if m.task == "TODO#1" and "relu" in m.id)
    verdicts = grade_text(catalogue.apply(SOLUTION, [BY_ID[first]]))
    assert lost(verdicts).keys() == {"TODO#1"}


def test_a_renamed_parameter_is_named_first():
    verdicts = grade_text(SOLUTION.replace('params["W1"]', 'params["w1"]'))
    assert "has no 'W1'" in verdicts["TODO#1"].rationale and "w1" in verdicts["TODO#1"].rationale


def test_two_mistakes_in_one_task_are_both_named_and_one_is_preferred_to_two():
    both = [BY_ID["relu-mask-missing"], BY_ID["dW2-no-reg"]]
    assert {m.id for m in grade_text(catalogue.apply(SOLUTION, both))["TODO#3"].mistakes} == {
        m.id for m in both
    }
    assert len(grade_text(catalogue.apply(SOLUTION, both[:1]))["TODO#3"].mistakes) == 1


def test_numbers_that_no_mistake_gives_are_shown_and_not_explained():
    verdicts = grade_text(
        with_(("data_loss + reg_loss", "data_loss + reg_loss + 0.0123 * np.sum(np.sin(X))"))
    )
    verdict = verdicts["TODO#2"]
    assert verdict.status in ("fail", "partial") and verdict.mistakes == ()
    assert verdict.evidence["max_rel_error"] > verdict.evidence["tolerance"]


def test_every_probe_has_biases_and_both_sides_of_the_relu():
    for task in ("TODO#1", "TODO#2", "TODO#3", "TODO#7"):
        for probe in book().probes(book().lab.task(task)):
            given = probe.inputs
            assert np.abs(given["b1"]).min() > 0 and np.abs(given["b2"]).min() > 0
            before = given["X"] @ given["W1"] + given["b1"]
            assert (before > 0).any() and (before < 0).any() and np.abs(before).min() > 1e-3
