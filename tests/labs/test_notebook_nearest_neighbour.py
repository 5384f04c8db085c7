"""The instructor notebook of lab 6 runs, reaches its numbers, and its test cells tell right from wrong."""

import pytest
from judging import planted, reference, solved, stubbed
from sampling import a_quarter

from notebooks import Notebook, figures, number

NOTEBOOK = Notebook("nearest_neighbour")
LAB = NOTEBOOK.lab
SOLVED = solved(LAB.name)
FIGURES = ["neighbours", "curve", "torch", "test"]


def test_the_solution_passes():
    assert NOTEBOOK.failures(SOLVED) == {}


@pytest.mark.parametrize("task", [t for t in LAB.tasks if t.source == "module"], ids=lambda t: t.id)
def test_a_stub_fails_its_own_test_cell_alone_with_its_name(task):
    failed = NOTEBOOK.failures(stubbed(SOLVED, task.id))
    assert list(failed) == [task.id]
    assert f"Error: {task.id}" in failed[task.id]


@pytest.mark.parametrize("mistake", a_quarter(reference(LAB.name).patches.values()), ids=lambda m: m.id)
def test_every_known_mistake_fails_its_own_test_cell_alone(mistake):
    assert list(NOTEBOOK.failures(planted(LAB.name, mistake.id))) == [mistake.task]


ANSWERS = {"label_k1": 9, "label_k3": 4, "label_k4": 4, "num_bytes": 80_000_000}


@pytest.mark.parametrize("variable", [None, *ANSWERS])
def test_a_wrong_theory_answer_fails_its_cell(variable):
    right, failed = NOTEBOOK.theory_run()
    assert failed == {}
    assert {name: right[name] for name in ANSWERS} == ANSWERS
    if variable:
        _, failed = NOTEBOOK.theory_run(**{variable: ANSWERS[variable] + 1})
        assert list(failed) == ["t1"]
        assert failed["t1"].startswith(f"T1: {variable} is ")


def check_common(printed) -> None:
    NOTEBOOK.one_line_each(printed)


@NOTEBOOK.in_turn
def test_a_quick_run_draws_every_figure(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    check_common(printed)
    assert figures(printed) == FIGURES
    assert number(printed["test"], r"test accuracy (\S+)") > 0.8


@NOTEBOOK.in_turn
def test_without_pytorch_its_cell_says_so_and_the_rest_runs(tmp_path):
    slow = [f"check-{name}" for name in NOTEBOOK.todos]
    printed = NOTEBOOK.execute(tmp_path, slow, quick=True, torch=False, mnist=False)
    assert printed["torch"] == "PyTorch is not installed: this cell is skipped.\n"
    assert "<figure>" in printed["test"]


@pytest.mark.slow
@pytest.mark.full_mnist
@pytest.mark.long
def test_the_full_run_reaches_its_numbers(tmp_path):
    printed = NOTEBOOK.execute(tmp_path)
    check_common(printed)
    assert "training   (10000, 784) float64" in printed["data"]
    assert figures(printed) == FIGURES
    assert number(printed["test"], r"test accuracy (\S+)") > 0.93
    assert "chooses k = 5" in printed["curve"]
