"""Lab 2's instructor notebook runs and reaches its numbers; its test cells and its rubric tell right from wrong."""

import ast
import contextlib
import io
import re
import shutil
import tomllib
from pathlib import Path

import nbformat
import numpy as np
import pytest
from judging import grade_files
from test_notebook_two_layer_net import without_hidden_tests

from autograder import mistakes as catalogue
from autograder import strip
from autograder.book import load_together
from cattern.checking.rubric import load_lab

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "notebooks" / "patch_embedding" / "patch_embedding.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
LAB = load_lab("patch_embedding")
LAYERS, EMBEDDING = LAB.student_files
SOLUTION = {file: (ROOT / file).read_text(encoding="utf-8") for file in LAB.student_files}
MISTAKES = {m.id: m for m in catalogue.load(LAB.name)}
GRADED = [t.grade_id for t in LAB.tasks if t.source == "module"]
FIGURES = [
    "split", "cut-figure", "maps", "curves", "filters", "agreement", "torch-run", "plateau", "dead",
]  # fmt: skip


def execute(folder: Path, before: str = "", **environment) -> dict[str, str]:
    """Run the notebook in `folder`, after the code `before`; return what each cell printed, and "<figure>"s."""
    import os

    from nbclient import NotebookClient

    notebook = nbformat.from_dict(NOTEBOOK)
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


def failures(texts: dict[str, str], names=None, hidden: bool = True) -> dict[str, str]:
    """Run test cells against these student files; return the error of every cell that fails."""
    modules = load_together(texts)
    setup = "\n".join(line for line in CELLS["setup"].source.splitlines() if not line.startswith("%"))
    space: dict = {"__name__": "notebook"}
    failed = {}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        exec(setup, space)
        for module in modules.values():
            space.update(
                {name: value for name, value in vars(module).items() if name in space and name[0] != "_"}
            )
        space["patch_embedding"] = modules[EMBEDDING]
        exec(CELLS["check-tools"].source, space)
        exec(CELLS["stand-ins"].source, space)
        for name in names or GRADED:
            source = CELLS[name].source
            try:
                exec(source if hidden else without_hidden_tests(source), space)
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}"
    return failed


def stubbed(task_id: str) -> dict[str, str]:
    """Return the files with one task as released."""
    return {
        file: strip.replaced(text, [r for r in strip.regions(text, file) if r.task == task_id])
        for file, text in SOLUTION.items()
    }


def planted(*ids: str) -> dict[str, str]:
    """Return the files with mistakes of the catalogue in them."""
    return {
        file: catalogue.apply(text, [MISTAKES[m] for m in ids if MISTAKES[m].source == file])
        for file, text in SOLUTION.items()
    }


# What the test cells find


def test_every_graded_cell_but_the_one_for_a_person_has_hidden_tests():
    for name in [*GRADED, "t1", "t2"]:
        assert "### BEGIN HIDDEN TESTS" in CELLS[name].source, name
    assert CELLS["t3"].cell_type == "markdown"


@pytest.mark.parametrize("hidden", [True, False], ids=["all tests", "visible tests"])
def test_the_solution_passes(hidden):
    assert failures(SOLUTION, hidden=hidden) == {}


@pytest.mark.parametrize("task", [t.id for t in LAB.tasks if t.source == "module"])
def test_a_stub_fails_its_cell_with_its_name_and_no_cell_that_does_not_build_on_it(task):
    failed = failures(stubbed(task), hidden=False)
    own = LAB.task(task).grade_id
    assert f"{task}" in failed[own]
    downstream = {t.grade_id for t in LAB.tasks if LAB.task(task) in LAB.upstream(t)}
    assert set(failed) - {own} <= downstream


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_catalogue_fails_the_cell_of_its_task(mistake):
    name = LAB.task(MISTAKES[mistake].task).grade_id
    assert failures(planted(mistake), [name])


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
    texts = dict(SOLUTION)
    for file, old, new in STYLES[style]:
        assert texts[file].count(old) == 1, f"{old!r} stands {texts[file].count(old)} times in {file}"
        texts[file] = texts[file].replace(old, new)
    lost = {v.id: v.rationale for v in grade_files(LAB.name, texts).values() if v.status != "pass"}
    assert lost == {}
    if style != "float32 inside":  # centred differences need float64
        assert failures(texts) == {}


def test_a_wrong_layer_costs_nothing_elsewhere():
    verdicts = grade_files(LAB.name, planted("linear-with-relu", "loss-sum", "embedding-no-bias"))
    assert {v.id for v in verdicts.values() if v.status != "pass"} == {"TODO#3", "TODO#5", "TODO#9"}


def test_the_derivative_of_a_wrong_forward_pass_earns_the_backward_pass():
    texts = planted("embedding-patch-major", "embedding-back-patch-major", "loss-sum", "dscores-not-divided")
    verdicts = grade_files(LAB.name, texts)
    assert {v.id for v in verdicts.values() if v.status != "pass"} == {"TODO#3", "TODO#9"}


MEMBERS = tomllib.loads((ROOT / "tests/sample_class/patch_embedding.toml").read_text(encoding="utf-8"))[
    "student"
]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m["name"])
def test_the_sample_class_is_marked_for_what_it_did(member):
    texts = planted(*member.get("mistakes", ()))
    if member["done"] != "all":
        texts = {file: strip.strip(text, file) for file, text in texts.items()}
    verdicts = grade_files(LAB.name, texts).values()
    named = {m.id for v in verdicts for m in v.mistakes}
    assert named == set(member.get("mistakes", ()))
    assert (sum(v.score for v in verdicts) == 0) == (member["done"] == [])


# Theory


def theory_errors(edit) -> dict[str, str]:
    """Run the theory cells after `edit` changed each answer; return the error of every test cell that fails."""
    space, failed = {"np": np}, {}
    for name in ("t1", "t2"):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(CELLS[f"{name}-answer"].source, space)
            edit(space)
            try:
                exec(CELLS[name].source, space)
            except AssertionError as error:
                failed[name] = str(error)
    return failed


def test_theory_answers_are_the_known_numbers():
    seen: dict = {}
    assert theory_errors(seen.update) == {}
    names = (
        "num_features",
        "num_embedding_params",
        "num_dense_params",
        "dloss_dscore",
        "dloss_dz",
        "accuracy",
    )
    assert [seen[n] for n in names] == pytest.approx([392, 136, 307720, -0.9, 0, 0.6])


@pytest.mark.parametrize(
    ("cell", "variable"),
    [("t1", n) for n in ("num_features", "num_embedding_params", "num_dense_params")]
    + [("t2", n) for n in ("dloss_dscore", "dloss_dz", "accuracy")],
)
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = theory_errors(lambda space: space.update({variable: wrong}) if variable in space else None)
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


# What a run prints


def final_errors(printed: dict[str, str]) -> tuple[float, float]:
    found = re.search(r"final error: training (\S+)%, validation (\S+)%", printed["run"])
    return float(found[1]), float(found[2])


def one_line_for_each_check(printed: dict[str, str]) -> None:
    for name in [*GRADED, "t1", "t2"]:
        assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"


def gradient_errors(printed: dict[str, str]) -> list[float]:
    return [float(x) for x in re.findall(r": (\d\S*e-\d+)", printed["all-layers"])]


def test_a_quick_run_draws_every_figure_and_agrees_with_pytorch(tmp_path):
    printed = execute(tmp_path, CATTERN_QUICK="1")
    one_line_for_each_check(printed)
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    assert len(gradient_errors(printed)) == 9
    assert max(gradient_errors(printed)) < 1e-6
    apart = re.search(r"losses differ by at most (\S+), weights by (\S+)", printed["agreement"])
    assert max(float(apart[1]), float(apart[2])) < 1e-4
    assert final_errors(printed)[1] < 30


def test_without_pytorch_and_mnist_its_cells_say_so_and_the_rest_runs(tmp_path):
    home = tmp_path / "work"
    ignore = shutil.ignore_patterns("__pycache__", "*.gz", "*ubyte*")
    for package in ("cattern", "mnist_data"):  # a copy without any data files beside the loader
        shutil.copytree(ROOT / package, home / package, ignore=ignore)
    no_torch = 'import sys; sys.modules["torch"] = None'
    printed = execute(home, no_torch, CATTERN_QUICK="1", CATTERN_OFFLINE="1", CATTERN_MNIST_DIR="")
    one_line_for_each_check(printed)
    assert "NOT THE FULL MNIST" in printed["data"]
    assert all(
        "PyTorch is not installed" in printed[n] for n in ("setup", "equivalence", "agreement", "torch-run")
    )
    figures = [name for name, text in printed.items() if "<figure>" in text]
    assert figures == [name for name in FIGURES if name != "agreement"]


@pytest.mark.slow
@pytest.mark.full_mnist
def test_the_full_run_reaches_its_numbers(tmp_path):
    printed = execute(tmp_path)
    one_line_for_each_check(printed)
    assert "29997 images to train on, 5000 to validate" in printed["split"]
    assert max(gradient_errors(printed)) < 1e-6
    training, validation = final_errors(printed)
    assert training < 10
    assert validation < 10
    apart = re.search(r"losses differ by at most (\S+), weights by (\S+)", printed["agreement"])
    assert max(float(apart[1]), float(apart[2])) < 1e-4
    mine, theirs = re.search(r"final val error: yours (\S+)%, PyTorch (\S+)%", printed["torch-run"]).groups()
    assert float(mine) == pytest.approx(float(theirs), abs=1)
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
    solved = {
        line.strip() for file, text in SOLUTION.items() for r in strip.regions(text, file) for line in r.lines
    }
    lines = {line.strip() for cell in NOTEBOOK.cells for line in cell.source.splitlines()}
    assert {line for line in solved & lines if line and not line.startswith("###")} == set()
    assert all(ast.parse(text) for text in SOLUTION.values())
