"""Several mistakes in one task: each is named that explains facts of its own, and every lost property is said."""

from itertools import product

import pytest
from judging import grade_files, grade_text, patched, planted, reference
from lab_styles.two_layer_net import SOLUTION
from sampling import a_quarter, sample

from autograder.solution.patches import Conflict
from cattern.checking.lab import load_lab

# a line is what one student did in one task
TOGETHER = {
    "two_layer_net": """
        dW1-reg-loss-added db2-not-summed
        relu-mask-leaky grad-minus-one-in-rows
        scores-relu-on-output scores-elu
        reg-hard-coded loss-shift-in-numerator-only
        update-adagrad update-without-b2
        update-by-loss update-second-layer-only
        update-W2-only update-gradient-squared
        batch-labels-reordered sample-draws-labels
        grad-reg-of-L1 grad-divided-by-default-batch
        db2-missing dW2-reg-halved
        dW1-reg-loss-added db2-not-summed relu-mask-sets-one
        loss-divided-by-row-max reg-divided-by-n loss-softmax-twice
        grad-reg-of-L1 grad-divided-by-all-entries grad-sigmoid-slope
        db2-over-classes dW2-missing grad-hidden-not-averaged
    """,
    "patch_embedding": """
        loss-sum-and-log-of-zero loss-no-shift
        embedding-b-mean embedding-W-assigned
        embedding-dpatches-scaled embedding-b-twice
        train-no-step train-two-backwards
        validate-fixed-32 validate-sum-of-means
        embedding-not-flattened embedding-no-bias
        linear-both-assigned linear-dX-is-output
        linear-W-negative linear-b-total
        patches-all-in-one patches-pixels-transposed
        loss-no-exp-in-probs loss-log-two
        backward-first-layer-skipped backward-uses-forward
        validate-mean-of-means validate-accuracy validate-error-by-batches
        train-labels-of-first-rows train-gradients-cleared-late train-two-steps
        embedding-W-last-patch embedding-b-twice embedding-dpatches-scaled
        select-labels-from-zero select-half-of-the-smallest select-float-row-numbers
    """,
    "nn_library": """
        gauss-rows-scaled-axis-1 gauss-magnitudes
        eval-best-rows eval-loss-divided-again
        epoch-summed-loss epoch-no-step
        epoch-zero-grad-too-late epoch-accuracy-percent
        sample-row-numbers-as-labels sample-first-rows
        eval-error eval-count
        onehot-minus-ones onehot-whole-columns
        hist-trained-on-validation hist-values-swapped
        sample-run-of-neighbours sample-not-divided
        onehot-ten-classes onehot-transposed
        epoch-accuracy-counts epoch-step-twice
        epoch-no-backward epoch-running-loss epoch-accuracy-fixed-size
        eval-error eval-loss-divided-again eval-lowest-score
        hist-batch-means-as-training hist-last-batch-only hist-error-for-accuracy
    """,
    "binary_mlp": """
        train-uphill train-arguments-swapped
        dlogits-label-number dlogits-two-classes
        dlogits-p-of-the-label dlogits-others-only
        deep-backward-first-map-skipped deep-backward-mean-again
        dW-times-W db-one
        train-backward-of-logits train-loss-rounded
        forward-relu-on-logits forward-first-map-skipped
        evaluate-count evaluate-loss-of-labels
        deep-forward-softmax deep-forward-linear1-again
        train-no-zero-grad train-backward-of-logits
        db-missing dh-indices-swapped
        evaluate-highest-value evaluate-loss-divided-again
        db-summed dh-without-upstream dW-sign
        dh-without-upstream db-one dW-zero
    """,
    "sigmoid_net": """
        scalar-weights-transposed scalar-output-from-inputs
        scalar-units-swapped scalar-inputs-swapped
        scalar-no-rate scalar-only-weights
        delta-slope-one-factor hidden-inputs-missing
        train-two-steps train-whole-set
        scalar-second-bias-copied scalar-no-output-sigmoid
        scalar-moving-target scalar-loss-of-last-point
        train-loss-summed train-divided
        c-times-output v-times-inputs
        train-no-zero-grad train-uphill
        scalar-no-rate scalar-hidden-crossed scalar-loss-of-last-point
        v-swapped hidden-no-slope delta-slope-other-factor
        hidden-no-slope c-no-slope hidden-units-crossed
        train-uphill train-no-zero-grad train-mean-gradient
    """,
    "nearest_neighbour": """
        choose-worst choose-counts
        nearest-largest-first nearest-labels-sorted
        nearest-higher-row-first nearest-farthest
        distances-negative distances-own-square-missing
        nearest-columns-sorted nearest-row-numbers
        nearest-skips-the-nearest nearest-columns-sorted
        choose-largest-k choose-counts
        distances-product-once distances-transposed
        distances-mean distances-product-once
        nearest-one-too-many nearest-higher-row-first
        choose-percent choose-place
        distances-square-root distances-product-added
        choose-first-k-only choose-highest-accuracy
    """,
}
CASES = [(lab, tuple(line.split())) for lab, lines in TOGETHER.items() for line in lines.strip().splitlines()]


def verdict_on(lab: str, mistakes: tuple[str, ...]):
    """Return the verdict on the task in which these mistakes are planted."""
    (task,) = {reference(lab).patches[m].task for m in mistakes}
    lab_ = load_lab(lab)
    tasks = [t for t in lab_.tasks if t.id == task or t in lab_.upstream(lab_.task(task))]
    return grade_files(lab, planted(lab, *mistakes), tasks)[task]


@pytest.mark.parametrize(("lab", "mistakes"), a_quarter(CASES), ids=[" ".join(m) for _, m in CASES])
def test_all_of_them_are_named(lab, mistakes):
    verdict = verdict_on(lab, mistakes)
    assert {m.id for m in verdict.mistakes} == {*mistakes}
    lost = [name for name, (score, points) in verdict.evidence["properties"].items() if score < points]
    assert [row["property"] for row in verdict.evidence["lost"]] == lost
    assert {m for row in verdict.evidence["lost"] for m in row["mistakes"]} == {*mistakes}


def test_a_wrong_update_and_a_wrong_decay_are_both_explained():
    """They run in the same calls: each changes what can be seen of the other."""
    lab, patches = load_lab("two_layer_net"), reference().patches
    tasks = [lab.task(f"TODO#{n}") for n in (4, 5, 6)]
    updates, decays = ([m for m, p in patches.items() if p.task == task.id] for task in tasks[1:])
    nameless = []
    for pair in sample(list(product(updates, decays)), 8):
        try:
            verdicts = grade_files(lab.name, planted(lab.name, *pair), tasks)
        except Conflict:
            continue
        rows = [row for v in verdicts.values() for row in v.evidence.get("lost", ())]
        if not all(row["mistakes"] or row.get("earlier") for row in rows):
            nameless.append(pair)
    assert not nameless


def test_a_decay_that_an_earlier_mistake_hides_is_said_to_be_hidden():
    verdict = verdict_on("two_layer_net", ("update-lost",))
    assert [m.id for m in verdict.mistakes] == ["update-lost"]
    tasks = [t for t in load_lab("two_layer_net").tasks if t.id in ("TODO#4", "TODO#5", "TODO#6")]
    decay = grade_files("two_layer_net", planted("two_layer_net", "update-attributes"), tasks)["TODO#6"]
    assert decay.rationale.startswith("your code never comes this far: it raised AttributeError")
    assert [row["earlier"] for row in decay.evidence["lost"]] == [["update-attributes"]]


def test_there_are_enough_of_every_lab():
    assert all(sum(lab == name for name, _ in CASES) >= 13 for lab in TOGETHER) and len(TOGETHER) == 6


def test_one_is_named_beside_another_that_nobody_knows():
    text = patched(
        SOLUTION,
        ("np.sum(np.log(probs[np.arange(N), y])) / N", "np.sum(np.sin(probs[np.arange(N), y])) / N"),
        ("reg_loss = 0.5 * reg", "reg_loss = reg"),
    )
    verdict = grade_text(text)["TODO#2"]
    assert [m.id for m in verdict.mistakes] == ["reg-not-halved"]
    unknown, known = verdict.evidence["lost"]
    assert (unknown["property"], unknown["mistakes"]) == ("data loss", [])
    assert (known["property"], known["mistakes"]) == ("regularisation", ["reg-not-halved"])


def test_every_lost_property_is_said_and_a_long_list_is_cut():
    text = patched(
        SOLUTION,
        ("dscores /= N", "dscores = np.sin(dscores)"),
        ("np.sum(dhidden, axis=0)\n", "np.cos(np.sum(dhidden, axis=0))\n"),
    )
    said = grade_text(text)["TODO#3"].rationale.split("; ")
    assert [words.split(" is ")[0] for words in said[:3]] == [f"gradient of {p}" for p in ("b2", "W2", "b1")]
    assert said[3:] == ["and 1 more: gradient of W1"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('grads["b2"] = np.sum(dscores, axis=0)', 'grads["b2"] = np.sum(dscores * N, axis=0)'),
        ('grads["b1"] = np.sum(dhidden, axis=0)', 'grads["b1"] = np.sum(dhidden, axis=0) * N'),
        ('grads["W1"] = X.T @ dhidden + reg * W1', 'grads["W1"] = X.T @ dhidden * N + reg * W1'),
    ],
)
def test_no_mistake_is_named_in_an_array_that_is_right(old, new):
    """One gradient is not averaged. "None is averaged" and "these are averaged again" would give the same numbers."""
    verdict = grade_text(patched(SOLUTION, (old, new)))["TODO#3"]
    assert verdict.score < verdict.max_score
    param = old[7:9]
    touches = {m.id: reference().patches[m.id].patches for m in verdict.mistakes}
    assert all(f'grads["{param}"]' in before for edits in touches.values() for before, _ in edits), touches
