"""The instructor notebook of lab 5 runs, reaches its numbers, and its test cells tell right from wrong."""

import math
import re

import pytest
from judging import planted, reference, solved, stubbed
from sampling import a_quarter

from notebooks import Notebook, figures, number

NOTEBOOK = Notebook("sigmoid_net", "check-tools")
CELLS, LAB = NOTEBOOK.cells, NOTEBOOK.lab
SOLVED = solved(LAB.name)
FIGURES = [
    "sigmoid-picture", "scalar-picture", "circuit-picture", "wedge", "images", "batch-losses", "epochs", "weights", "sizes", "seeds",
    "rates", "agreement", "torch-run", "test", "mistakes",
]  # fmt: skip


# What the test cells find


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_the_solution_passes(hidden):
    assert NOTEBOOK.failures(SOLVED, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
@pytest.mark.parametrize("task", [t for t in LAB.tasks if t.source == "module"], ids=lambda t: t.id)
def test_a_stub_fails_its_own_test_cell_alone_with_its_name(task, hidden):
    failed = NOTEBOOK.failures(stubbed(SOLVED, task.id), hidden)
    assert list(failed) == [task.id]
    assert f"Error: {task.id}" in failed[task.id]


@pytest.mark.parametrize("mistake", a_quarter(reference(LAB.name).patches.values()), ids=lambda m: m.id)
def test_every_known_mistake_fails_its_own_test_cell_alone(mistake):
    assert list(NOTEBOOK.failures(planted(LAB.name, mistake.id))) == [mistake.task]


def test_every_graded_code_cell_has_hidden_tests_and_every_todo_a_check():
    graded = [c for c in CELLS.values() if c.metadata.get("nbgrader", {}).get("grade")]
    assert [c.id for c in graded if c.cell_type == "code"] == [*NOTEBOOK.todos, "t1", "t2"]
    assert all("### BEGIN HIDDEN TESTS" in c.source for c in graded if c.cell_type == "code")
    assert CELLS["t3"].cell_type == "markdown"
    assert [CELLS[f"check-{name}"].source for name in NOTEBOOK.todos] == [
        f'check("TODO#{n}")' for n in range(1, 10)
    ]


# Theory

ANSWERS = [("t1", n) for n in ("h1", "h2", "o", "loss", "dloss_dv1", "dloss_dw12")]
ANSWERS += [("t2", n) for n in ("num_params", "num_updates", "mean_rate")]


@pytest.mark.parametrize(("cell", "variable"), ANSWERS)
@pytest.mark.parametrize("wrong", [None, 7.0])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = NOTEBOOK.theory_run(**{variable: wrong})[1]
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


def test_theory_answers_are_the_known_numbers():
    space, failed = NOTEBOOK.theory_run()
    assert failed == {}
    numbers = [space[variable] for _, variable in ANSWERS]
    assert numbers == pytest.approx(
        [0.75, 0.25, 0.75, 0.03125, -0.03515625, -0.03515625, 238510, 18750, 0.32]
    )


# What a run prints


def check_common(printed) -> None:
    """Check what holds for every run, quick or not."""
    NOTEBOOK.one_line_each(printed)
    assert "h1 = 0.750000   h2 = 0.250000   o = 0.750000" in printed["scalar-forward"]
    assert "p = 0.7500, 0.2500   L = 1.3863" in printed["circuit"]
    for by_rule, by_nudging in re.findall(r"rule +(\S+) +by nudging +(\S+)", printed["circuit"]):
        assert float(by_rule) == pytest.approx(float(by_nudging), abs=2e-6)
    assert re.findall(r"^ +(\d) +0\.\d", printed["report"], re.M) == list("0123456789")
    first, last = re.search(r"first epoch (\S+), of the last (\S+)", printed["wedge"]).groups()
    assert float(last) < 0.25 * float(first.rstrip(","))
    assert number(printed["run"], r"first loss (\S+),") == pytest.approx(math.log(10), abs=0.3)


def check_twin(printed) -> None:
    gaps = re.search(r"losses differ by (\S+), weights by (\S+)", printed["agreement"]).groups()
    assert all(float(gap) < 1e-4 for gap in gaps)


@NOTEBOOK.in_turn
def test_a_quick_run_draws_every_figure(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    check_common(printed)
    check_twin(printed)
    assert figures(printed) == FIGURES
    assert number(printed["test"], r"test accuracy (\S+)") > 0.75


@NOTEBOOK.in_turn
def test_without_pytorch_its_cells_say_so_and_the_rest_runs(tmp_path):
    slow = ("sklearn", *(f"check-{name}" for name in NOTEBOOK.todos))
    printed = NOTEBOOK.execute(tmp_path, slow, quick=True, torch=False, mnist=False)
    assert "PyTorch is not installed" in printed["torch"]
    for name in ("agreement", "torch-run"):
        assert printed[name] == "PyTorch is not installed: this cell is skipped.\n"
    assert "<figure>" in printed["test"]


@pytest.mark.slow
@pytest.mark.full_mnist
@pytest.mark.long
def test_the_full_run_reaches_every_known_number(tmp_path):
    printed = NOTEBOOK.execute(tmp_path)
    check_common(printed)
    check_twin(printed)
    assert figures(printed) == FIGURES
    assert "training   (55000, 784) float32" in printed["data"]
    assert number(printed["run"], r"validation accuracy (\S+),") > 0.96
    mean, sd = re.search(r"accuracy (\S+) ± (\S+) over 5", printed["seeds"]).groups()
    assert float(mean) > 0.96 and float(sd) < 0.005
    rates = dict(re.findall(r"rate +(\S+): .* validation accuracy (\S+)", printed["rates"]))
    assert {name: float(value) for name, value in rates.items()} == pytest.approx(
        {"0.001": 0.92, "0.003": 0.942, "0.01": 0.967, "0.03": 0.976}, abs=0.008
    )
    assert "chooses 0.03" in printed["rates"]
    mine, theirs = re.findall(r"accuracy (\S+)", printed["torch-run"])
    assert float(mine) == pytest.approx(float(theirs), abs=0.003)
    ours, others = re.search(r"yours (\S+), scikit-learn's (\S+)", printed["sklearn"]).groups()
    assert float(ours) == pytest.approx(float(others), abs=0.01)
    assert "trained on 60000 images" in printed["test"] and "on 10000 images" in printed["test"]
    assert number(printed["test"], r"test accuracy (\S+)") > 0.95
