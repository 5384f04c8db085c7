"""The instructor notebook of lab 3 runs, shows the three variants apart, and its test cells tell right from wrong."""

import contextlib
import copy
import io
import os
import re
import shutil
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
from judging import grade_files

from autograder import mistakes as catalogue
from autograder import strip
from cattern import nn_library

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = nbformat.read(ROOT / "notebooks" / "nn_library" / "nn_library.ipynb", as_version=4)
SOLUTION = Path(nn_library.__file__).read_text(encoding="utf-8")
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
PACKAGE_TESTS = [f"todo{n}" for n in range(1, 7)]
THEORY = ["t1", "t2", "t3"]
FIGURES = ["look", "weights", "dead", "curves", "side-by-side", "confusion", "seeds", "both"]
MISTAKES = catalogue.load("nn_library")


def execute(folder: Path, **environment) -> dict[str, str]:
    """Run the notebook in `folder`; return the text each cell printed, `<figure>` for each figure."""
    from nbclient import NotebookClient

    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "", **environment}
    environment = {name: value for name, value in environment.items() if value}
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(copy.deepcopy(NOTEBOOK), timeout=900, resources=resources)
    printed = {}
    for cell in client.execute(env=environment).cells:
        outputs = cell.get("outputs", [])
        assert not any(o.get("name") == "stderr" for o in outputs), f"{cell.id} wrote to stderr: {outputs}"
        text = "".join(o.get("text", "") for o in outputs)
        printed[cell.id] = text + "".join("<figure>" for o in outputs if "image/png" in o.get("data", {}))
    return printed


def last_accuracies(text: str) -> dict[str, tuple[float, float]]:
    """Return variant → (training, validation) from the lines that a cell printed at the end of the runs."""
    found = re.findall(r"^(\S+) +training (\S+) +validation (\S+)$", text, re.M)
    return {variant: (float(train), float(val)) for variant, train, val in found}


def verdicts(text: str, hidden: bool = True) -> dict[str, str]:
    """Run the test cells of all TODOs against this text of nn_library.py; return the error of every cell that fails."""
    module = types.ModuleType("student")
    exec(compile(text, "nn_library.py", "exec"), module.__dict__)
    setup = "\n".join(line for line in CELLS["setup"].source.splitlines() if not line.startswith("%"))
    space: dict = {}
    failed = {}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        exec(setup, space)
        space |= {"nn_library": module} | {
            n: getattr(module, n) for n in ("train_epoch", "evaluate", "train")
        }
        exec(CELLS["stand-ins"].source, space)
        for name in PACKAGE_TESTS:
            source = CELLS[name].source
            if not hidden:
                source = re.sub(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", "", source, flags=re.S)
            try:
                exec(source, space)
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}"
    return failed


@pytest.mark.parametrize("hidden", [True, False])
def test_the_solution_passes_every_test_cell(hidden):
    assert verdicts(SOLUTION, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False])
def test_each_stub_fails_its_own_cell_alone_and_says_which(hidden):
    for region in strip.regions(SOLUTION, "nn_library.py"):
        failed = verdicts(strip.replaced(SOLUTION, [region]), hidden)
        assert list(failed) == [region.task.lower().replace("#", "")]
        assert region.task in next(iter(failed.values()))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.id)
def test_each_mistake_fails_its_own_cell_alone(mistake):
    assert list(verdicts(catalogue.apply(SOLUTION, [mistake]))) == [mistake.task.lower().replace("#", "")]


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
    text = SOLUTION
    for old, new in STYLES[style]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    graded = grade_files("nn_library", {"cattern/nn_library.py": text})
    assert {v.id: v.rationale for v in graded.values() if v.status != "pass"} == {}
    assert verdicts(text) == {}


def theory_errors(change=lambda name, space: None) -> dict[str, str]:
    """Run the answers and the test cells of T1 to T3; `change` may alter what stands in the notebook's variables."""
    failed = {}
    for name in THEORY:
        space = {"np": np}
        exec(CELLS[f"{name}-answer"].source, space)
        change(name, space)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(CELLS[name].source, space)
        except AssertionError as error:
            failed[name] = str(error)
    return failed


def test_theory_answers_are_the_known_numbers():
    seen: dict = {}
    assert theory_errors(lambda name, space: seen.update(space)) == {}
    assert [seen[n] for n in ("g_true", "g_straight", "g_none")] == pytest.approx(
        [0, -0.909969, -0.964883], abs=1e-5
    )
    assert [seen[n] for n in ("num_updates", "last_batch")] == [187600, 16]
    assert [seen[n] for n in ("sd_weight", "sd_bias")] == pytest.approx([0.0112938, 0.3162278], rel=1e-4)


@pytest.mark.parametrize(
    ("cell", "variable"),
    [("t1", n) for n in ("g_true", "g_straight", "g_none")]
    + [("t2", n) for n in ("num_updates", "last_batch")]
    + [("t3", n) for n in ("sd_weight", "sd_bias")],
)
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = theory_errors(lambda name, space: space.update({variable: wrong}) if name == cell else None)
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


def test_a_quick_run_shows_the_three_variants_apart(tmp_path):
    pytest.importorskip("torch")
    printed = execute(tmp_path, CATTERN_QUICK="1")
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    for name in (*PACKAGE_TESTS, *THEORY):
        assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"
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


def test_without_pytorch_and_without_the_full_data_the_rest_runs(tmp_path):
    home = tmp_path / "work"
    ignore = shutil.ignore_patterns("__pycache__", "*.gz", "*ubyte*")
    for package in ("cattern", "mnist_data"):  # a copy without any data files beside the loader
        shutil.copytree(ROOT / package, home / package, ignore=ignore)
    (home / "torch.py").write_text("raise ImportError('no PyTorch here')\n", encoding="utf-8")
    printed = execute(
        home, CATTERN_QUICK="1", CATTERN_OFFLINE="1", CATTERN_MNIST_DIR="", PYTHONPATH=str(home)
    )
    assert "NOT THE FULL MNIST" in printed["data"]
    assert printed["torch"].startswith("PyTorch is not installed")
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES[:-1]
    ends = last_accuracies(printed["side-by-side"])
    assert ends["true"][1] < ends["straight-through"][1]


@pytest.mark.full_mnist
@pytest.mark.slow
def test_the_full_run_reaches_the_reported_accuracy_with_the_wrong_gradient_only(tmp_path):
    pytest.importorskip("torch")
    printed = execute(tmp_path)
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
    moved = re.search(r"their weights moved by \[(.*)\]", printed["dead"])[1].split()
    assert moved
    assert all(float(m) == 0 for m in moved)
