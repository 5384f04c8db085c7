"""The instructor notebook of lab 6 runs, reaches its numbers, and its test cells tell right from wrong."""

import contextlib
import copy
import io
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from autograder import mistakes as catalogue
from autograder import strip
from cattern.checking.rubric import load_lab

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "notebooks" / "nearest_neighbour" / "nearest_neighbour.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
LAB = load_lab("nearest_neighbour")
SOLVED = (ROOT / LAB.student_files[0]).read_text(encoding="utf-8")
TASKS = [t for t in LAB.tasks if t.source == "module"]
FIGURES = ["neighbours", "curve", "torch", "test"]

# scikit-learn's own helpers look for torch in sys.modules, so a None there would not do
NO_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
"""


def execute(folder: Path, skip=(), before: str = "", **environment) -> dict[str, str]:
    """Run the notebook in `folder`; return the text each cell printed. Cells in `skip` are left out."""
    from nbclient import NotebookClient

    shutil.copy(PATH, folder)
    notebook = copy.deepcopy(NOTEBOOK)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in skip]
    if before:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before, id="before"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "", **environment}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    printed = {}
    for cell in client.execute(env={name: value for name, value in environment.items() if value}).cells:
        outputs = cell.get("outputs", [])
        assert not any(o.get("name") == "stderr" for o in outputs), f"{cell.id} wrote to stderr: {outputs}"
        text = "".join(o.get("text", "") for o in outputs)
        printed[cell.id] = text + "".join("<figure>" for o in outputs if "image/png" in o.get("data", {}))
    return printed


def verdicts(text: str, monkeypatch) -> dict[str, str]:
    """Run the test cells of TODO#1 to #4 on a file with this text; return the error of every cell that fails."""
    import sys
    import types

    import numpy as np

    import cattern

    module = types.ModuleType("cattern.nearest_neighbour")
    exec(compile(text, "student.py", "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "cattern.nearest_neighbour", module)
    monkeypatch.setattr(cattern, "nearest_neighbour", module, raising=False)
    space, failed = {"np": np, **vars(module)}, {}
    for task in TASKS:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(CELLS[task.grade_id].source, space)
        except Exception as error:
            failed[task.grade_id] = f"{type(error).__name__}: {error}"
    return failed


def test_the_solution_passes(monkeypatch):
    assert verdicts(SOLVED, monkeypatch) == {}


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.id)
def test_a_stub_fails_its_own_test_cell_alone_with_its_name(task, monkeypatch):
    stubbed = strip.replaced(SOLVED, [r for r in strip.regions(SOLVED, "solved") if r.task == task.id])
    failed = verdicts(stubbed, monkeypatch)
    assert list(failed) == [task.grade_id]
    assert f"Error: {task.id}" in failed[task.grade_id]


@pytest.mark.parametrize("mistake", catalogue.load(LAB.name), ids=lambda m: m.id)
def test_every_known_mistake_fails_its_own_test_cell_alone(mistake, monkeypatch):
    failed = verdicts(catalogue.apply(SOLVED, [mistake]), monkeypatch)
    assert list(failed) == [LAB.task(mistake.task).grade_id]


ANSWERS = ["label_k1", "label_k3", "label_k4", "num_bytes"]


@pytest.mark.parametrize("variable", [None, *ANSWERS])
def test_a_wrong_theory_answer_fails_its_cell(variable):
    import numpy as np

    space = {"np": np}
    exec(CELLS["t1-answer"].source, space)
    assert [space[name] for name in ANSWERS] == [9, 4, 4, 80_000_000]
    if variable is None:
        with contextlib.redirect_stdout(io.StringIO()):
            return exec(CELLS["t1"].source, space)
    space[variable] += 1
    with pytest.raises(AssertionError, match=f"T1: {variable} is "):
        exec(CELLS["t1"].source, space)


def check_common(printed) -> None:
    for name in [t.grade_id for t in LAB.tasks]:
        assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"
    for n in range(1, 5):
        assert f"TODO#{n}" in printed[f"check-todo{n}"] and "pass" in printed[f"check-todo{n}"]


def accuracy(text: str, pattern: str) -> float:
    return float(re.search(pattern, text)[1])


def test_a_quick_run_draws_every_figure(tmp_path):
    printed = execute(tmp_path, CATTERN_QUICK="1")
    check_common(printed)
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    assert accuracy(printed["test"], r"test accuracy (\S+)") > 0.8


def test_without_pytorch_its_cell_says_so_and_the_rest_runs(tmp_path):
    slow = [f"check-{t.grade_id}" for t in TASKS]
    printed = execute(tmp_path, slow, NO_TORCH, CATTERN_QUICK="1", CATTERN_MNIST_DIR="", CATTERN_OFFLINE="1")
    assert printed["torch"] == "PyTorch is not installed: this cell is skipped.\n"
    assert "<figure>" in printed["test"]


@pytest.mark.slow
@pytest.mark.full_mnist
def test_the_full_run_reaches_its_numbers(tmp_path):
    printed = execute(tmp_path)
    check_common(printed)
    assert "training   (10000, 784) float64" in printed["data"]
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    assert accuracy(printed["test"], r"test accuracy (\S+)") > 0.93
    assert "chooses k = 5" in printed["curve"]
