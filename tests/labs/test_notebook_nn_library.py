"""The instructor notebook of lab 3 runs, shows the three variants apart, and its test cells tell right from wrong."""

import re

import pytest
from judging import grade_files, lost, patched, planted, reference, solved, stubbed
from sampling import a_quarter

from notebooks import Notebook, figures

NOTEBOOK = Notebook("nn_library", "stand-ins")
LAB = NOTEBOOK.lab
SOLVED = solved(LAB.name)
(FILE,) = SOLVED
FIGURES = ["look", "weights", "dead", "curves", "side-by-side", "confusion", "seeds"]
TORCH_FIGURES = ["torch-curves", "both"]


def last_accuracies(text: str) -> dict[str, tuple[float, float]]:
    """Return variant → (training, validation) from the lines that a cell printed at the end of the runs."""
    found = re.findall(r"^(\S+) +training (\S+) +validation (\S+)$", text, re.M)
    return {variant: (float(train), float(val)) for variant, train, val in found}


@pytest.mark.parametrize("hidden", [True, False])
def test_the_solution_passes_every_test_cell(hidden):
    assert NOTEBOOK.failures(SOLVED, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False])
def test_each_stub_fails_its_own_cell_alone_and_says_which(hidden):
    for task in (f"TODO#{n}" for n in range(1, 7)):
        failed = NOTEBOOK.failures(stubbed(SOLVED, task), hidden)
        assert list(failed) == [task]
        assert task in failed[task]


@pytest.mark.parametrize("mistake", a_quarter(reference(LAB.name).patches.values()), ids=lambda m: m.id)
def test_each_mistake_fails_its_own_cell_alone(mistake):
    assert list(NOTEBOOK.failures(planted(LAB.name, mistake.id))) == [mistake.task]


# Correct solutions in other styles than ours: none may lose a point, by the oracle or by the notebook's own cells.
STYLES = {
    "rows by permutation": [
        ("rng.choice(len(images), num_samples, replace=False)", "rng.permutation(len(images))[:num_samples]")
    ],
    "float64 throughout": [
        (".astype(np.float32) / 255", " / 255.0"),
        (", dtype=np.float32)", ")"),
        ("np.sum(array**2))).astype(np.float32)", "np.sum(array**2)))"),
    ],
    "one-hot by comparison": [
        ("np.zeros((len(y), num_classes), dtype=np.float32)", "(y[:, None] == np.arange(num_classes)) * 1.0"),
        ("    Y[np.arange(len(y)), y] = 1\n", ""),
    ],
    "scaled standard normal, numpy's norm and a small number": [
        ("rng.normal(0, std, shape)", "std * rng.standard_normal(shape)"),
        ("np.sqrt(np.sum(array**2))", "(np.linalg.norm(array.ravel()) + 1e-8)"),
    ],
    "gradients forgotten after the step": [
        ("        model.zero_grad()\n", ""),
        ("model.step(learning_rate)", "model.step(learning_rate)\n        model.zero_grad()"),
    ],
    "hits looked up in the one-hot rows": [
        (
            "np.argmax(scores, axis=1) == np.argmax(Y_batch, axis=1)",
            "Y_batch[np.arange(len(rows)), scores.argmax(1)]",
        )
    ],
    "accuracy by a loop": [
        (
            "np.mean(np.argmax(scores, axis=1) == np.argmax(Y, axis=1))",
            "sum(int(a.argmax() == b.argmax()) for a, b in zip(scores, Y)) / len(Y)",
        )
    ],
    "lists added and arguments by name": [
        (
            'history["loss_history"].extend(losses)',
            'history["loss_history"] = history["loss_history"] + losses',
        ),
        (
            "loss_layer, X, Y, batches, learning_rate)\n",
            "loss_layer, X, Y, batches, learning_rate=learning_rate)\n",
        ),
    ],
}


@pytest.mark.parametrize("style", STYLES)
def test_a_correct_style_loses_nothing(style):
    texts = {FILE: patched(SOLVED[FILE], *STYLES[style])}
    assert lost(grade_files(LAB.name, texts)) == {}
    assert NOTEBOOK.failures(texts) == {}


def test_theory_answers_are_the_known_numbers():
    space, failed = NOTEBOOK.theory_run()
    assert failed == {}
    gradients = [space[n] for n in ("g_true", "g_straight", "g_none")]
    assert gradients == pytest.approx([0, -0.909969, -0.964883], abs=1e-5)
    assert [space[n] for n in ("num_updates", "last_batch")] == [187600, 16]
    assert [space[n] for n in ("sd_weight", "sd_bias")] == pytest.approx([0.0112938, 0.3162278], rel=1e-4)


@pytest.mark.parametrize(
    ("cell", "variable"),
    [("t1", n) for n in ("g_true", "g_straight", "g_none")]
    + [("t2", n) for n in ("num_updates", "last_batch")]
    + [("t3", n) for n in ("sd_weight", "sd_bias")],
)
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = NOTEBOOK.theory_run(**{variable: wrong})[1]
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


@NOTEBOOK.in_turn
def test_a_quick_run_shows_the_three_variants_apart(tmp_path):
    pytest.importorskip("torch")
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    assert figures(printed) == FIGURES + TORCH_FIGURES
    NOTEBOOK.one_line_each(printed)
    errors = {line.split()[0]: float(line.split()[2]) for line in printed["gradient-check"].splitlines()}
    assert errors["true"] < 1e-6 > errors["none"]
    assert errors["straight-through"] > 0.1
    ends = last_accuracies(printed["side-by-side"])
    assert ends["straight-through"][1] > 0.82 < ends["none"][1]
    assert ends["true"][1] < ends["straight-through"][1] - 0.05
    twins = last_accuracies(printed["torch-run"])
    assert twins.keys() == {"true", "straight-through"}
    for variant, (train_accuracy, val_accuracy) in twins.items():
        assert (train_accuracy, val_accuracy) == pytest.approx(ends[variant], abs=0.01)


@NOTEBOOK.in_turn
def test_without_pytorch_and_without_the_full_data_the_rest_runs(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True, torch=False, mnist=False)
    assert "NOT THE FULL MNIST" in printed["data"]
    assert printed["torch"].startswith("PyTorch is not installed")
    assert figures(printed) == FIGURES
    ends = last_accuracies(printed["side-by-side"])
    assert ends["true"][1] < ends["straight-through"][1]


@pytest.mark.full_mnist
@pytest.mark.slow
@pytest.mark.long
def test_the_full_run_reaches_the_reported_accuracy_with_the_wrong_gradient_only(tmp_path):
    pytest.importorskip("torch")
    printed = NOTEBOOK.execute(tmp_path)
    assert "training   (30000, 784) float32" in printed["data"]
    assert "validation (5000, 784) float32" in printed["data"]
    ends = last_accuracies(printed["side-by-side"])
    assert ends["straight-through"][0] > 0.925
    assert ends["straight-through"][1] > 0.915
    assert ends["none"][1] > 0.915
    assert 0.55 < ends["true"][1] < 0.86
    for variant, accuracies in last_accuracies(printed["torch-run"]).items():
        assert accuracies == pytest.approx(ends[variant], abs=0.005)
    ours, theirs = (
        float(x) for x in re.search(r"ours (\S+), scikit-learn's (\S+)", printed["sklearn"]).groups()
    )
    assert ours == pytest.approx(theirs, abs=0.01)
    assert "training loss below validation loss: from epoch 4" in printed["overfit"]  # 47, or near it
    lowest = int(re.search(r"validation loss lowest: epoch (\d+)", printed["overfit"])[1])
    assert lowest > 100
    moved = re.search(r"their weights moved by \[(.*)\]", printed["dead"])[1].split()
    assert moved
    assert all(float(m) == 0 for m in moved)
