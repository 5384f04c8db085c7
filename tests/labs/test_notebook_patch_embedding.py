"""Lab 2's instructor notebook runs and reaches its numbers; its test cells and its rubric tell right from wrong."""

import ast
import re
import tomllib

import numpy as np
import pytest
from judging import (
    downstream,
    grade_files,
    lost,
    patched,
    planted,
    reference,
    solution_lines,
    solved,
    stubbed,
)
from sampling import a_quarter

from autograder.demo.sample_class import CLASSES
from notebooks import Notebook, figures

NOTEBOOK = Notebook("patch_embedding", "check-tools", "stand-ins")
CELLS, LAB = NOTEBOOK.cells, NOTEBOOK.lab
LAYERS, EMBEDDING = LAB.student_files
SOLVED = solved(LAB.name)
MISTAKES = reference(LAB.name).patches
FIGURES = [
    "split", "cut-figure", "maps", "curves", "filters", "raw", "agreement", "torch-run", "plateau", "dead",
]  # fmt: skip


# What the test cells find


def test_every_graded_cell_but_the_one_for_a_person_has_hidden_tests():
    for name in [*NOTEBOOK.todos, "t1", "t2"]:
        assert "### BEGIN HIDDEN TESTS" in CELLS[name].source, name
    assert CELLS["t3"].cell_type == "markdown"


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_the_solution_passes(hidden):
    assert NOTEBOOK.failures(SOLVED, hidden) == {}


@pytest.mark.parametrize("task", [t.id for t in LAB.tasks if t.source == "module"])
def test_a_stub_fails_its_cell_with_its_name_and_no_cell_that_does_not_build_on_it(task):
    failed = NOTEBOOK.failures(stubbed(SOLVED, task), hidden=False)
    assert task in failed[task]
    assert failed.keys() - {task} <= downstream(LAB, task)


@pytest.mark.parametrize("mistake", a_quarter(MISTAKES))
def test_a_mistake_of_the_catalogue_fails_the_cell_of_its_task(mistake):
    assert MISTAKES[mistake].task in NOTEBOOK.failures(planted(LAB.name, mistake))


STYLES = {
    "float32 inside": [(LAYERS, "out = X @ W + b", "out = (X.astype(np.float32) @ W.astype(np.float32) + b).astype(X.dtype)")],
    "a new array for the gradients": [
        (LAYERS, 'self.grads["b"] += np.sum(dout, axis=0)', 'self.grads["b"] = self.grads["b"] + np.sum(dout, axis=0)'),
        (EMBEDDING, 'self.grads["b"] += np.sum(rows, axis=0)', 'self.grads["b"] = self.grads["b"] + np.sum(rows, axis=0)'),
    ],
    "einsum": [
        (EMBEDDING, "responses = patches @ W + b", 'responses = np.einsum("npk,kf->npf", patches, W) + b'),
        (EMBEDDING, "dpatches = dresponses @ W.T", 'dpatches = np.einsum("npf,kf->npk", dresponses, W)'),
    ],
    "mask kept by forward": [
        (LAYERS, "out = np.maximum(Z, 0)", "self.mask = Z > 0\n        out = Z * self.mask"),
        (LAYERS, "dZ = dout * (Z > 0)", "dZ = np.where(self.mask, dout, 0)"),
    ],
    "half by permutation": [
        (EMBEDDING, "rng.choice(rows_of_class, len(rows_of_class) // 2, replace=False)", "rng.permutation(rows_of_class)[: len(rows_of_class) // 2]"),
    ],
    "half from all ten digits": [(EMBEDDING, "for label in np.unique(y):", "for label in range(10):")],
    "patches in loops": [
        (EMBEDDING, "tiles = images.reshape(N, height // patch_size, patch_size, width // patch_size, patch_size)", "s = patch_size"),
        (EMBEDDING, "patches = tiles.transpose(0, 1, 3, 2, 4).reshape(N, P, K)",
         "squares = [images[:, r : r + s, c : c + s].reshape(N, K) for r in range(0, height, s) for c in range(0, width, s)]\n"
         "    patches = np.stack(squares, axis=1)"),
    ],
    "a tiny number in the logarithm": [(LAYERS, "loss = -np.sum(targets * log_probs) / N", "loss = -np.sum(targets * np.log(probs + 1e-9)) / N")],
    "errors by mean": [(EMBEDDING, "int(np.sum(np.argmax(scores, axis=1) != y_batch))", "np.mean(scores.argmax(1) != y_batch) * len(y_batch)")],
    "zero_grad last": [
        (EMBEDDING, "        model.zero_grad()\n        scores", "        scores"),
        (EMBEDDING, "        model.step(learning_rate)\n", "        model.step(learning_rate)\n        model.zero_grad()\n"),
    ],
    "the step by hand": [
        (EMBEDDING, "        model.step(learning_rate)\n",
         "        for layer in model.layers:\n            for name in layer.params:\n"
         "                layer.params[name] -= learning_rate * layer.grads[name]\n"),
    ],
    "an extra argument": [(LAYERS, "def __init__(self, W: np.ndarray, b: np.ndarray):", "def __init__(self, W, b, name=None):")],
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_correct_style_loses_no_point(style):
    texts = dict(SOLVED)
    for file, *patch in STYLES[style]:
        texts[file] = patched(texts[file], patch)
    assert lost(grade_files(LAB.name, texts)) == {}
    if style != "float32 inside":  # centred differences need float64
        assert NOTEBOOK.failures(texts) == {}


def test_a_wrong_layer_costs_nothing_elsewhere():
    verdicts = grade_files(LAB.name, planted(LAB.name, "linear-with-relu", "loss-sum", "embedding-no-bias"))
    assert lost(verdicts).keys() == {"TODO#3", "TODO#5", "TODO#9"}


def test_the_derivative_of_a_wrong_forward_pass_earns_the_backward_pass():
    mistakes = "embedding-patch-major", "embedding-back-patch-major", "loss-sum", "dscores-not-divided"
    assert lost(grade_files(LAB.name, planted(LAB.name, *mistakes))).keys() == {"TODO#3", "TODO#9"}


MEMBERS = tomllib.loads((CLASSES / LAB.name / "class.toml").read_text(encoding="utf-8"))["student"]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m["name"])
def test_the_sample_class_is_marked_for_what_it_did(member):
    texts = planted(LAB.name, *member.get("mistakes", ()))
    if member["done"] != "all":
        texts = stubbed(texts, *(t.id for t in LAB.tasks))
    verdicts = grade_files(LAB.name, texts).values()
    named = {m.id for v in verdicts for m in v.mistakes}
    assert named == set(member.get("mistakes", ()))
    assert (sum(v.score for v in verdicts) == 0) == (member["done"] == [])


# Theory


def test_theory_answers_are_the_known_numbers():
    space, failed = NOTEBOOK.theory_run()
    assert failed == {}
    counts = [space[n] for n in ("num_features", "num_embedding_params", "num_dense_params")]
    assert counts == [392, 136, 307720]
    assert [space[n] for n in ("dloss_dscore", "dloss_dz", "accuracy")] == pytest.approx([-0.9, 0, 0.6])


@pytest.mark.parametrize(
    ("cell", "variable"),
    [("t1", n) for n in ("num_features", "num_embedding_params", "num_dense_params")]
    + [("t2", n) for n in ("dloss_dscore", "dloss_dz", "accuracy")],
)
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = NOTEBOOK.theory_run(**{variable: wrong})[1]
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


# What a run prints


def final_errors(printed: dict[str, str]) -> tuple[float, float]:
    found = re.search(r"final error: training (\S+)%, validation (\S+)%", printed["run"])
    return float(found[1]), float(found[2])


def gradient_errors(printed: dict[str, str]) -> list[float]:
    return [float(x) for x in re.findall(r": (\d\S*e-\d+)", printed["all-layers"])]


@NOTEBOOK.in_turn
def test_a_quick_run_draws_every_figure_and_agrees_with_pytorch(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    NOTEBOOK.one_line_each(printed)
    assert figures(printed) == FIGURES
    assert len(gradient_errors(printed)) == 9
    assert max(gradient_errors(printed)) < 1e-6
    apart = re.search(r"losses differ by at most (\S+), weights by (\S+)", printed["agreement"])
    assert max(float(apart[1]), float(apart[2])) < 1e-4
    assert final_errors(printed)[1] < 30


@NOTEBOOK.in_turn
def test_without_pytorch_and_mnist_its_cells_say_so_and_the_rest_runs(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True, torch=False, mnist=False)
    NOTEBOOK.one_line_each(printed)
    assert "NOT THE FULL MNIST" in printed["data"]
    assert all(
        "PyTorch is not installed" in printed[n]
        for n in ("setup", "equivalence", "agreement", "torch-run", "times")
    )
    assert figures(printed) == [name for name in FIGURES if name != "agreement"]


@pytest.mark.slow
@pytest.mark.full_mnist
@pytest.mark.long
def test_the_full_run_reaches_its_numbers(tmp_path):
    printed = NOTEBOOK.execute(tmp_path)
    NOTEBOOK.one_line_each(printed)
    assert "29997 images to train on, 4999 to validate" in printed["split"]
    assert max(gradient_errors(printed)) < 1e-6
    training, validation = final_errors(printed)
    assert training < 10
    assert validation < 10
    apart = re.search(r"losses differ by at most (\S+), weights by (\S+)", printed["agreement"])
    assert max(float(apart[1]), float(apart[2])) < 1e-4
    mine, theirs = re.search(r"final val error: yours (\S+)%, PyTorch (\S+)%", printed["torch-run"]).groups()
    assert float(mine) == pytest.approx(float(theirs), abs=1)
    late = [float(x) for x in re.findall(r"last five looks (\S+)%", printed["raw"])]
    assert 11 > late[0] > late[1] > 8  # raw pixels, then the embedding: better, but not by much
    assert len(re.findall(r"microseconds an update", printed["times"])) == 2
    stuck = [float(x) for x in re.findall(r"with the last ReLU: validation error (\S+)%", printed["plateau"])]
    free = [
        float(x) for x in re.findall(r"without the last ReLU: validation error (\S+)%", printed["plateau"])
    ]
    assert len(stuck) == len(free) == 4
    assert min(stuck) > 25
    assert 35 < np.mean(stuck) < 60
    assert max(free) < 15
    assert "section 8: 0 dead classes" in printed["dead"]


def test_the_notebook_holds_no_line_of_the_solution():
    lines = {line.strip() for cell in CELLS.values() for line in cell.source.splitlines()}
    assert solution_lines(LAB.name) & lines == set()
    assert all(ast.parse(text) for text in SOLVED.values())
