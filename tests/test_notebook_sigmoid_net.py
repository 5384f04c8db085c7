"""The instructor notebook of lab 5 runs, reaches its numbers, and its test cells tell right from wrong."""

import contextlib
import copy
import io
import math
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from autograder import mistakes as catalogue
from autograder import strip
from autograder.book import load_together
from cattern.checking.rubric import load_lab

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "notebooks" / "sigmoid_net" / "sigmoid_net.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
LAB = load_lab("sigmoid_net")
SOLVED = {file: (ROOT / file).read_text(encoding="utf-8") for file in LAB.student_files}
PACKAGE_TESTS = [t.grade_id for t in LAB.tasks if t.source == "module"]
MISTAKES = catalogue.load(LAB.name)
FIGURES = [
    "sigmoid-picture", "scalar-picture", "wedge", "images", "batch-losses", "epochs", "weights", "sizes", "seeds",
    "rates", "agreement", "torch-run", "test", "mistakes",
]  # fmt: skip

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

    folder.mkdir(exist_ok=True)
    shutil.copy(PATH, folder)
    notebook = copy.deepcopy(NOTEBOOK)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in skip]
    if before:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(before, id="before"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "", **environment}
    environment = {name: value for name, value in environment.items() if value}
    client = NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(folder)}})
    printed = {}
    for cell in client.execute(env=environment).cells:
        outputs = cell.get("outputs", [])
        assert not any(o.get("name") == "stderr" for o in outputs), f"{cell.id} wrote to stderr: {outputs}"
        text = "".join(o.get("text", "") for o in outputs)
        printed[cell.id] = text + "".join("<figure>" for o in outputs if "image/png" in o.get("data", {}))
    return printed


def verdicts(texts, hidden: bool = True) -> dict[str, str]:
    """Run the test cells of TODO#1 to #9 on files with these texts; return the error of every cell that fails."""
    modules = load_together(texts)
    space: dict = {}
    failed = {}
    for name in ("setup", "check-tools"):
        lines = CELLS[name].source.splitlines()
        exec("\n".join(line for line in lines if not line.startswith("%")), space)
    scalar, vector = (modules[file] for file in LAB.student_files)
    space |= {"scalar_net": scalar}
    space |= {name: vars(vector)[name] for name in ("Sigmoid", "train", "predict", "moving_average")}
    for name in PACKAGE_TESTS:
        code = CELLS[name].source
        if not hidden:
            code = re.sub(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", "", code, flags=re.S)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, space)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


def stubbed(*tasks: str) -> dict[str, str]:
    """Return the files with the solutions of some tasks taken out."""
    return {
        file: strip.replaced(text, [r for r in strip.regions(text, file) if r.task in tasks])
        for file, text in SOLVED.items()
    }


# What the test cells find


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_the_solution_passes(hidden):
    assert verdicts(SOLVED, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
@pytest.mark.parametrize("task", [t for t in LAB.tasks if t.source == "module"], ids=lambda t: t.id)
def test_a_stub_fails_its_own_test_cell_alone_with_its_name(task, hidden):
    failed = verdicts(stubbed(task.id), hidden)
    assert list(failed) == [task.grade_id]
    assert f"Error: {task.id}" in failed[task.grade_id]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.id)
def test_every_known_mistake_fails_its_own_test_cell_alone(mistake):
    texts = SOLVED | {mistake.source: catalogue.apply(SOLVED[mistake.source], [mistake])}
    failed = verdicts(texts)
    assert list(failed) == [LAB.task(mistake.task).grade_id]


def test_every_graded_code_cell_has_hidden_tests_and_every_todo_a_check():
    graded = [c for c in NOTEBOOK.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert [c.id for c in graded if c.cell_type == "code"] == [*PACKAGE_TESTS, "t1", "t2"]
    assert all("### BEGIN HIDDEN TESTS" in c.source for c in graded if c.cell_type == "code")
    assert CELLS["t3"].cell_type == "markdown"
    assert [CELLS[f"check-{name}"].source for name in PACKAGE_TESTS] == [
        f'check("TODO#{n}")' for n in range(1, 10)
    ]


# Theory


def theory_errors(cell: str = "", variable: str = "", wrong=None) -> dict[str, str]:
    """Run the theory answers and their test cells, one variable changed; return the errors."""
    space: dict = {}
    failed = {}
    exec("import numpy as np\n" + CELLS["check-tools"].source, space)
    for name in ("t1", "t2"):
        exec(CELLS[f"{name}-answer"].source, space)
        if name == cell:
            space[variable] = wrong
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(CELLS[name].source, space)
        except AssertionError as error:
            failed[name] = str(error)
    return failed


ANSWERS = [("t1", n) for n in ("h1", "h2", "o", "loss", "dloss_dv1", "dloss_dw12")]
ANSWERS += [("t2", n) for n in ("num_params", "num_updates", "mean_rate")]


@pytest.mark.parametrize(("cell", "variable"), ANSWERS)
@pytest.mark.parametrize("wrong", [None, 7.0])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    assert theory_errors() == {}
    failed = theory_errors(cell, variable, wrong)
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


def test_theory_answers_are_the_known_numbers():
    space: dict = {}
    exec(CELLS["t1-answer"].source + "\n" + CELLS["t2-answer"].source, space)
    numbers = [space[variable] for _, variable in ANSWERS]
    assert numbers == pytest.approx(
        [0.75, 0.25, 0.75, 0.03125, -0.03515625, -0.03515625, 238510, 18750, 0.32]
    )


# What a run prints


def check_common(printed) -> None:
    """Check what holds for every run, quick or not."""
    for name in [*PACKAGE_TESTS, "t1", "t2"]:
        assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"
    for n in range(1, 10):
        assert f"TODO#{n}" in printed[f"check-todo{n}"] and "pass" in printed[f"check-todo{n}"]
    assert "h1 = 0.750000   h2 = 0.250000   o = 0.750000" in printed["scalar-forward"]
    first, last = re.search(r"first epoch (\S+), of the last (\S+)", printed["wedge"]).groups()
    assert float(last) < 0.25 * float(first.rstrip(","))
    assert float(re.search(r"first loss (\S+),", printed["run"])[1]) == pytest.approx(math.log(10), abs=0.3)


def share(text: str, pattern: str) -> float:
    return float(re.search(pattern, text)[1])


def check_twin(printed) -> None:
    gaps = re.search(r"losses differ by (\S+), weights by (\S+)", printed["agreement"]).groups()
    assert all(float(gap) < 1e-4 for gap in gaps)


def test_a_quick_run_draws_every_figure(tmp_path):
    printed = execute(tmp_path, CATTERN_QUICK="1")
    check_common(printed)
    check_twin(printed)
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    assert share(printed["test"], r"test accuracy (\S+)") > 0.75


def test_without_pytorch_its_cells_say_so_and_the_rest_runs(tmp_path):
    slow = ("sklearn", *(f"check-{name}" for name in PACKAGE_TESTS))
    printed = execute(tmp_path, slow, NO_TORCH, CATTERN_QUICK="1", CATTERN_MNIST_DIR="", CATTERN_OFFLINE="1")
    assert "PyTorch is not installed" in printed["torch"]
    for name in ("agreement", "torch-run"):
        assert printed[name] == "PyTorch is not installed: this cell is skipped.\n"
    assert "<figure>" in printed["test"]


@pytest.mark.slow
@pytest.mark.full_mnist
def test_the_full_run_reaches_every_known_number(tmp_path):
    printed = execute(tmp_path)
    check_common(printed)
    check_twin(printed)
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    assert "training   (55000, 784) float32" in printed["data"]
    assert share(printed["run"], r"validation accuracy (\S+),") > 0.96
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
    assert share(printed["test"], r"test accuracy (\S+)") > 0.95
