"""The instructor notebook of lab 1 runs, prints what it promises, and its test cells tell right from wrong."""

import re

import numpy as np
import pytest
from courses import course_of
from judging import patched, solution_lines, solved, stubbed
from notebook_fixtures import copy_packages

from autograder.solution.reference import public_fingerprints
from notebooks import Notebook, figures, number

NOTEBOOK = Notebook("two_layer_net", "rel-error", "check-tools", "toy", "scores")
CELLS = NOTEBOOK.cells
SOLVED = solved("two_layer_net")
(FILE,) = SOLVED

POINTS = {f"todo{n}": points for n, points in enumerate((10, 12, 20, 8, 8, 8, 6, 12), start=1)}
POINTS |= {"t1": 5, "t2": 3, "t3": 3, "t4": 5}
RUN_1 = [
    "2.302592", "2.302232", "2.300876", "2.291126", "2.239348", "2.008828", "1.814898", "1.425479", "1.268225", "0.994899",
    "0.847616", "0.758159", "0.633341", "0.536447", "0.478063", "0.397137", "0.415201", "0.385851", "0.517132", "0.425830",
]  # fmt: skip
RUN_2 = [
    "2.302581", "2.119326", "0.804760", "0.492363", "0.407158", "0.286767", "0.318665", "0.363674", "0.273462", "0.278906",
    "0.263698", "0.181063", "0.257531", "0.353448", "0.188915", "0.165813", "0.248227", "0.259703", "0.292172", "0.196248",
]  # fmt: skip


# What nbgrader sees


def test_every_todo_and_question_has_its_cells_and_the_points_add_up_to_100():
    tags = {cell.id: cell.metadata["nbgrader"] for cell in CELLS.values() if "nbgrader" in cell.metadata}
    assert {name: tag["points"] for name, tag in tags.items() if tag["grade"]} == POINTS
    assert sum(POINTS.values()) == 100
    assert {name for name, tag in tags.items() if tag["solution"]} == {
        "todo8-answer", "t1-answer", "t2-answer", "t3-answer", "t4",
    }  # fmt: skip
    assert CELLS["t4"].cell_type == "markdown"
    assert set(re.findall(r"TODO#(\d+):", SOLVED[FILE])) == set("1234567")


def test_the_sections_stand_in_their_order():
    headings = re.findall(r"^## \d+\. ([\w ]+\w)", "\n".join(c.source for c in CELLS.values()), re.M)
    assert headings == [
        "A toy model and toy data", "Scores", "Loss", "Backward pass", "Train on the toy data", "Load MNIST",
        "Look at the data", "Train with a fixed learning rate", "Train with a decaying learning rate",
        "Debug the training", "Tune", "Weights of the best net", "The test set", "Bonus", "Theory",
    ]  # fmt: skip


def test_every_auto_graded_cell_but_the_manual_one_has_hidden_tests():
    for name in POINTS.keys() - {"t4"}:
        assert "### BEGIN HIDDEN TESTS" in CELLS[name].source, name


def test_the_notebook_holds_no_line_of_the_package_solution():
    solution = solution_lines("two_layer_net")
    assert len(solution) > 20
    lines = {line.strip() for cell in CELLS.values() for line in cell.source.splitlines()}
    assert solution & lines == set()


# What the test cells find


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_the_solution_passes(hidden):
    assert NOTEBOOK.failures(SOLVED, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_blank_stubs_fail_with_the_name_of_their_todo(hidden):
    todos = [f"TODO#{n}" for n in range(1, 8)]
    failed = NOTEBOOK.failures(stubbed(SOLVED, *todos), hidden)
    assert list(failed) == todos
    assert all(f"Error: {todo}" in message for todo, message in failed.items()), failed
    assert "TODO#2 needs TODO#1" in failed["TODO#2"]


@pytest.mark.parametrize("n", range(1, 8))
def test_each_stub_fails_its_own_test_cell_with_its_name(n):
    todo = f"TODO#{n}"
    failed = NOTEBOOK.failures(stubbed(SOLVED, todo), hidden=False)
    assert todo in failed[todo]
    # What does not build on the stub keeps its points: every step of training is tested alone.
    builds_on = {1: {1, 2, 3, 7}, 2: {2, 3}, 3: {3}, 4: {4, 5, 6}, 5: {5, 6}, 6: {6}, 7: {7}}
    assert {int(name.removeprefix("TODO#")) for name in failed} <= builds_on[n]


REG_IN_LOSS = ("reg_loss = 0.5 * reg *", "reg_loss = reg *")
MISTAKES = {
    "scores shifted": ([("hidden @ W2 + b2", "hidden @ W2 + b2 + 1")], ["TODO#1"]),
    "reg not halved in the loss": ([REG_IN_LOSS], ["TODO#2"]),
    "reg not halved, loss and gradients agree": (
        [REG_IN_LOSS, ("+ reg * W2", "+ 2 * reg * W2"), ("+ reg * W1", "+ 2 * reg * W1")],
        ["TODO#2", "TODO#3"],  # where no catalogue reproduces the mistake in TODO#2
    ),
    "sum instead of mean in the loss": ([("y])) / N", "y]))")], ["TODO#2"]),
    "classes counted from the labels": ([("np.exp(shifted)", "np.exp(shifted)[:, : y.max() + 1]")], ["TODO#2", "TODO#3"]),
    "ReLU mask missing": ([("dhidden[pre_activation <= 0] = 0", "pass")], ["TODO#3"]),
    "mask on the wrong side": ([("pre_activation <= 0", "pre_activation > 0")], ["TODO#3"]),
    "reg missing in dW1": ([("X.T @ dhidden + reg * W1", "X.T @ dhidden")], ["TODO#3"]),
    "mean over the classes in db2": ([("np.sum(dscores, axis=0)", "np.mean(dscores, axis=0)")], ["TODO#3"]),
    "labels of other rows": ([("y_batch = y[batch]", "y_batch = y[: len(batch)]")], ["TODO#4"]),
    "always the first rows": (
        [("np.random.choice(N_train, batch_size)", "np.arange(batch_size) % N_train")],
        ["TODO#4"],
    ),
    "neighbouring rows": (
        [("np.random.choice(N_train, batch_size)", "(it + np.random.randint(N_train) + np.arange(batch_size)) % N_train")],
        ["TODO#4"],
    ),
    "without replacement": (
        [("np.random.choice(N_train, batch_size)", "np.random.choice(N_train, batch_size, replace=False)")],
        ["TODO#4"],
    ),
    "uphill": ([("self.params[name] -=", "self.params[name] +=")], ["TODO#5"]),
    "decay inside the update": ([("learning_rate * grads", "learning_rate * learning_rate_decay * grads")], ["TODO#5"]),
    "b2 not updated": ([("for name in self.params:", "for name in ('W1', 'b1', 'W2'):")], ["TODO#5"]),
    "decay squared": ([("learning_rate *= learning_rate_decay", "learning_rate *= learning_rate_decay**2")], ["TODO#6"]),
    "decay only when verbose": (
        [("learning_rate *= learning_rate_decay", "learning_rate *= learning_rate_decay if verbose else 1")],
        ["TODO#6"],
    ),
    "lowest score": ([("np.argmax(scores, axis=1)", "np.argmin(scores, axis=1)")], ["TODO#7"]),
    "wrong axis": ([("np.argmax(scores, axis=1)", "np.argmax(scores, axis=0)")], ["TODO#7"]),
    "ReLU on the output": ([("np.argmax(scores, axis=1)", "np.argmax(np.maximum(scores, 0), axis=1)")], ["TODO#7"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_fails_exactly_its_test_cell(name):
    patches, expected = MISTAKES[name]
    failed = NOTEBOOK.failures({FILE: patched(SOLVED[FILE], *patches)})
    assert list(failed) == expected, failed


STYLES = {
    "biases and their gradients as rows": [
        ('self.params["b1"] = np.zeros(hidden_size)', 'self.params["b1"] = np.zeros((1, hidden_size))'),
        ("np.sum(dhidden, axis=0)", "np.sum(dhidden, axis=0, keepdims=True)"),
    ],
    "batches by permutation": [
        ("np.random.choice(N_train, batch_size)", "np.resize(np.random.permutation(N_train), batch_size)"),
    ],
    "batches by randint": [("np.random.choice(N_train, batch_size)", "np.random.randint(0, N_train, batch_size)")],
    "new arrays in the update": [
        ("self.params[name] -= learning_rate * grads[name]", "self.params[name] = self.params[name] - learning_rate * grads[name]"),
    ],
    "labels as floats": [("y_pred = np.argmax(scores, axis=1)", "y_pred = np.argmax(scores, axis=1).astype(float)")],
    "random numbers inside loss": [("N = X.shape[0]\n\n", "N = X.shape[0]\n        np.random.randn(3)\n\n")],
    "an extra parameter": [("self.wants_grads = True", 'self.wants_grads = True\n        self.cache = {"H": 1}')],
}  # fmt: skip


@pytest.mark.parametrize("name", STYLES)
def test_a_correct_style_loses_no_point(name):
    assert NOTEBOOK.failures({FILE: patched(SOLVED[FILE], *STYLES[name])}) == {}


def test_the_test_cells_leave_the_random_stream_alone():
    with NOTEBOOK.opened() as space:
        for name in NOTEBOOK.todos:
            np.random.seed(123)
            exec(NOTEBOOK.code(name), space)
            assert np.random.rand() == np.random.RandomState(123).rand(), (
                f"{name} drew from the random stream"
            )


def test_theory_answers_are_the_known_numbers():
    space, failed = NOTEBOOK.theory_run()
    assert failed == {}
    numbers = [space[n] for n in ("z", "dz_dw1", "dz_db1", "dz_dw0", "dz_db0", "dz_dx0", "num_params")]
    assert numbers == pytest.approx([0.62, 0.4, 1.0, -0.2, -0.2, 0.94, 557057])


@pytest.mark.parametrize(
    ("cell", "variable"),
    [("t1", n) for n in ("z", "dz_dw1", "dz_db1", "dz_dw0", "dz_db0")]
    + [("t2", n) for n in ("dz_dx0_shortcut", "dz_dx0_layers", "dz_dx0")]
    + [("t3", "num_params")],
)
@pytest.mark.parametrize("wrong", [None, 7.0])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = NOTEBOOK.theory_run(**{variable: wrong})[1]
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


# What a run prints


def test_a_mistake_in_the_package_beside_the_notebook_is_found_by_a_real_kernel(tmp_path):
    copy_packages(tmp_path)
    (tmp_path / FILE).write_text(patched(SOLVED[FILE], REG_IN_LOSS), encoding="utf-8")
    numbers = tmp_path / "cattern" / "checking" / "fingerprints"  # a student's folder has them
    numbers.mkdir(exist_ok=True)
    (numbers / "two_layer_net.bin").write_bytes(public_fingerprints(course_of("two_layer_net")))
    cells = {"setup", *NOTEBOOK.given, "loss", "backward", *NOTEBOOK.todos}
    printed = NOTEBOOK.execute(tmp_path, skip=CELLS.keys() - cells, allow_errors=True)
    assert "your loss: 1.34" in printed["loss"]
    assert printed["todo2"].startswith("TODO#2: what `reg` adds to the loss is")
    said = re.compile(r"TODO#\d: the \w+ (is|are) right.\n")
    assert [name for name in NOTEBOOK.todos if not said.fullmatch(printed[name])] == ["todo2"]


@NOTEBOOK.in_turn
def test_a_quick_run_reaches_its_targets_and_full_marks(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    NOTEBOOK.one_line_each(printed)
    assert "final training loss: 0.017143643532" in printed["train-toy"]
    assert printed["run1"].startswith("iteration 0 / 200: loss 2.3025")
    errors = {
        (line.split(":")[0], step): float(error)
        for line in printed["practice"].splitlines()
        for step, error in re.findall(r"h=(\S+): (\S+)", line)
    }
    assert errors["float64", "1e-5"] < 1e-7 < errors["float64", "1e-10"]
    assert errors["float64", "1e-2"] > 0.1  # across a kink
    assert errors["float32", "1e-5"] > 0.1
    found = dict(
        re.findall(r"^(\S.*?)  +mean loss of the last 50 minibatches (\S+)", printed["bonus-momentum"], re.M)
    )
    assert float(found["momentum 0.9, rate 1e-4"]) < 0.5 * float(found["plain, rate 1e-4"])
    assert number(printed["bonus-pca"], r"numbers an image: (\S+)") > 0.85
    trials = re.findall(r"^ +(\d)/6  .*, seed 0: (\S+)  \(best (\S+)\)$", printed["tune-coarse"], re.M)
    assert [int(n) for n, _, _ in trials] == [1, 2, 3, 4, 5, 6]
    assert trials[-1][2] == max(accuracy for _, accuracy, _ in trials)
    assert len((tmp_path / "trials.csv").read_text(encoding="utf-8").splitlines()) == 1 + 6 + 6 + 6 + 5
    with np.load(tmp_path / "best_net.npz", allow_pickle=False) as saved:
        assert set(saved) == {"W1", "b1", "W2", "b2"}
    assert figures(printed) == [
        "toy-picture", "toy-forward", "practice", "train-toy", "images", "curves", "weights",
        "tune-by-setting", "tune-parallel", "tune-pairs", "tune-seeds", "trials", "trials-curves", "best-weights", "test", "mistakes", "bonus-momentum", "bonus-pca",
    ]  # fmt: skip


@NOTEBOOK.in_turn
def test_a_quick_run_on_the_subset_says_so_and_reaches_its_own_targets(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True, mnist=False)
    assert "NOT THE FULL MNIST" in printed["data"]
    assert "training    images (4000, 784)" in printed["data"]
    assert printed["todo8"] == "TODO#8: best_net is good enough.\n"


@pytest.mark.slow
@pytest.mark.full_mnist
@pytest.mark.long
def test_the_full_run_prints_every_known_number(tmp_path):
    printed = NOTEBOOK.execute(tmp_path)
    assert "difference from the correct scores: 3.68e-08" in printed["scores"]
    assert "your loss: 1.30378789133\ndifference from the correct loss: 1.8e-13" in printed["loss"]
    errors = dict(re.findall(r"(\w\d): relative error (\S+)", printed["backward"]))
    assert list(errors) == ["W2", "b2", "W1", "b1"]
    assert all(float(error) < 1e-8 for error in errors.values())
    assert re.search(r"final training loss: 0\.0171436435329\d*\n", printed["train-toy"])
    assert "training    images (55000, 784)" in printed["data"]
    for name, losses, accuracy in [("run1", RUN_1, "0.8922"), ("run2", RUN_2, "0.9432")]:
        lines = [f"iteration {100 * i} / 2000: loss {loss}" for i, loss in enumerate(losses)]
        assert printed[name].splitlines() == [*lines, f"validation accuracy {accuracy}"]
    assert number(printed["todo8-answer"], r"best validation accuracy (\S+)") > 0.974
    assert number(printed["test"], r"test accuracy (\S+)") > 0.963
    NOTEBOOK.one_line_each(printed)
