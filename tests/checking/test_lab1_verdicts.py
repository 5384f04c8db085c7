"""Lab 1: what a wrong submission earns, and which words it gets, where these were easily wrong."""

import pytest
from judging import LAB, TASKS, grade_text, patched, planted, reference
from lab_styles.two_layer_net import SOLUTION

TRAINING = [LAB.task(f"TODO#{n}") for n in (4, 5, 6)]
UPDATES = list(reference().mistakes(LAB.task("TODO#5")))
# decays that are wrong in how often, where or how far the factor counts: a factor of 1 makes all of them harmless
DECAYS = [
    "decay-never",
    "decay-every-iteration",
    "decay-twice",
    "decay-power-of-epoch",
    "decay-divided",
    "decay-as-exponent",
]


def test_a_rate_that_decays_twice_is_not_right_by_its_name():
    again = "learning_rate * learning_rate_decay ** len(val_acc_history) * grads[name]"
    verdicts = grade_text(patched(SOLUTION, ("learning_rate * grads[name]", again)), TRAINING)
    assert verdicts["TODO#5"].status == "pass"
    assert verdicts["TODO#6"].score == 3 and "learning rate at an iteration" in verdicts["TODO#6"].rationale


@pytest.mark.parametrize("number", range(0, len(UPDATES) * len(DECAYS), 17))
def test_an_update_is_judged_without_the_decay(number):
    update, decay = UPDATES[number % len(UPDATES)], DECAYS[number // len(UPDATES)]
    alone, together = (
        grade_text(planted("two_layer_net", *mistakes)[LAB.student_files[0]], TRAINING)["TODO#5"]
        for mistakes in ([update], [update, decay])
    )
    assert together.mistakes == alone.mistakes and together.score == alone.score


def test_what_is_not_a_number_earns_nothing_and_is_no_matter_of_style():
    stub = ("            return scores\n", "            return scores\n        return None, {}\n")
    verdict = grade_text(patched(SOLUTION, stub), TASKS[:3])["TODO#2"]
    assert (verdict.score, verdict.status, verdict.remarks) == (0, "fail", ())
    assert verdict.rationale.startswith("the loss at reg=0 is None (is a `return` missing?)")
    assert "two losses" not in verdict.rationale and "overflows" not in verdict.rationale


def test_biases_in_an_l2_term_that_is_not_halved_are_named():
    twice = [
        ("dscores + reg * W2", "dscores + 2 * reg * W2"),
        ("dhidden + reg * W1", "dhidden + 2 * reg * W1"),
    ]
    unhalved = patched(SOLUTION, ("reg_loss = 0.5 * reg", "reg_loss = reg"), *twice)
    in_loss = patched(unhalved, ("+ np.sum(W2 * W2)", "+ np.sum(W2 * W2) + np.sum(b1**2) + np.sum(b2**2)"))
    named = {m.id for m in grade_text(in_loss, TASKS[:3])["TODO#2"].mistakes}
    assert named == {"reg-not-halved", "reg-includes-biases"}

    in_gradients = patched(
        unhalved,
        ("np.sum(dscores, axis=0)", "np.sum(dscores, axis=0) + 2 * reg * b2"),
        ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0) + 2 * reg * b1"),
    )
    verdict = grade_text(in_gradients, TASKS[:3])["TODO#3"]
    assert "grad-biases-reg-doubled" in {m.id for m in verdict.mistakes}
