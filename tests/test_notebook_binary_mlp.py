"""The instructor notebook of lab 4 runs and shows what it promises, and its test cells tell right from wrong."""

import contextlib
import copy
import io
import os
import re
import tomllib
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
from judging import grade_files

from autograder import mistakes as catalogue
from autograder import strip
from cattern import binary_mlp
from cattern.checking.rubric import load_lab

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = nbformat.read(ROOT / "notebooks" / "binary_mlp" / "binary_mlp.ipynb", as_version=4)
SOLUTION = Path(binary_mlp.__file__).read_text(encoding="utf-8")
CELLS = {cell.id: cell for cell in NOTEBOOK.cells}
PACKAGE_TESTS = [f"todo{n}" for n in range(1, 10)]
THEORY = ["t1", "t2", "t3"]
FIGURES = ["data", "dlogits", "run-one", "regions", "both-one", "run-two", "inits-picture"]
LAB = load_lab("binary_mlp")
MISTAKES = catalogue.load(LAB.name)


def execute(folder: Path, **environment) -> dict[str, str]:
    """Run the notebook in `folder`; return the text each cell printed, `<figure>` for each figure."""
    from nbclient import NotebookClient

    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, "MPLBACKEND": "", **environment}
    environment = {name: value for name, value in environment.items() if value}
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(copy.deepcopy(NOTEBOOK), timeout=600, resources=resources)
    printed = {}
    for cell in client.execute(env=environment).cells:
        outputs = cell.get("outputs", [])
        assert not any(o.get("name") == "stderr" for o in outputs), f"{cell.id} wrote to stderr: {outputs}"
        text = "".join(o.get("text", "") for o in outputs)
        printed[cell.id] = text + "".join("<figure>" for o in outputs if "image/png" in o.get("data", {}))
    return printed


def cell_of(task_id: str) -> str:
    return task_id.lower().replace("#", "")


def verdicts(text: str, hidden: bool = True) -> dict[str, str]:
    """Run the test cells of all TODOs against this text of binary_mlp.py; return the error of every cell that fails."""
    module = types.ModuleType("student")
    exec(compile(text, "binary_mlp.py", "exec"), module.__dict__)
    setup = "\n".join(line for line in CELLS["setup"].source.splitlines() if not line.startswith("%"))
    setup = setup.replace("import torch\n", "raise ImportError\n")  # no check needs it, and it takes seconds
    space: dict = {}
    failed = {}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        exec(setup, space)
        space["binary_mlp"] = module
        space |= {name: getattr(module, name) for name in space if hasattr(binary_mlp, name)}
        for name in ("check-tools", "tiny-net", "tiny-deep-net"):
            with contextlib.suppress(Exception):  # the last two end by calling a TODO
                exec(CELLS[name].source, space)
        for name in PACKAGE_TESTS:
            source = CELLS[name].source
            if not hidden:
                source = re.sub(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n", "", source, flags=re.S)
            try:
                exec(source, space)
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}"
    return failed


def downstream(task_id: str) -> set[str]:
    return {cell_of(t.id) for t in LAB.tasks if LAB.task(task_id) in LAB.upstream(t)}


def planted(*mistakes: str) -> str:
    return catalogue.apply(SOLUTION, [m for m in MISTAKES if m.id in mistakes])


@pytest.mark.parametrize("hidden", [True, False])
def test_the_solution_passes_every_test_cell(hidden):
    assert verdicts(SOLUTION, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False])
def test_each_stub_fails_its_own_cell_and_says_which(hidden):
    regions = strip.regions(SOLUTION, "binary_mlp.py")
    assert [r.task for r in regions] == [f"TODO#{n}" for n in range(1, 10)]
    for region in regions:
        failed = verdicts(strip.replaced(SOLUTION, [region]), hidden)
        own = cell_of(region.task)
        assert own in failed
        assert failed.keys() - {own} <= downstream(region.task)
        assert all(region.task in message for message in failed.values()), failed


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.id)
def test_each_mistake_fails_its_own_cell(mistake):
    failed = verdicts(planted(mistake.id))
    assert cell_of(mistake.task) in failed
    assert failed.keys() - {cell_of(mistake.task)} <= downstream(mistake.task)


# Correct solutions in other styles than ours: none may lose a point, by the oracle or by the notebook's own cells.
STYLES = {
    "NumPy instead of loops": [
        (
            "loss = -math.log(math.exp(logits[label]) / total)",
            "loss = np.log(np.sum(np.exp(logits - logits.max()))) + logits.max() - logits[label]",
        ),
        (
            "        for i in range(C):\n            db[i] = dlogits[i]\n",
            "        db, dW, dh = dlogits.copy(), np.outer(h, dlogits), W @ dlogits\n        for i in range(0):\n",
        ),
    ],
    "the largest logit subtracted, row-shaped db": [
        ("p_j = math.exp(logits[j]) / total", "p_j = 1 / sum(math.exp(z - logits[j]) for z in logits)"),
        ("return dW, db, dh", "return dW, db[None], dh[:, None]"),
    ],
    "inherited passes": [
        (
            "h1 = self.relu.forward(z1)\n        logits = self.linear2.forward(h1)",
            "logits = super().forward(X)",
        ),
        (
            "dh1 = self.linear2.backward(dlogits)\n        dz1 = self.relu.backward(dh1)\n        dX = self.linear1.backward(dz1)",
            "dX = super().backward(dlogits)",
        ),
    ],
    "a loop over the layers": [
        (
            "h1 = self.relu1.forward(self.linear1.forward(X))\n        h2 = self.relu2.forward(self.linear2.forward(h1))\n"
            "        logits = self.linear3.forward(h2)",
            "logits = X\n        for layer in self.layers:\n            logits = layer.forward(logits)",
        ),
        (
            "dh1 = self.linear2.backward(self.relu2.backward(dh2))\n        dX = self.linear1.backward(self.relu1.backward(dh1))",
            "dX = dh2\n        for layer in self.layers[3::-1]:\n            dX = layer.backward(dX)",
        ),
    ],
    "masks of one's own": [
        ("h1 = self.relu.forward(z1)", "self.mask = z1 > 0\n        h1 = z1 * self.mask"),
        ("dz1 = self.relu.backward(dh1)", "dz1 = dh1 * self.mask"),
    ],
    "gradients forgotten after the step": [
        ("            model.zero_grad()\n", ""),
        ("model.step(learning_rate)", "model.step(learning_rate)\n            model.zero_grad()"),
    ],
    "a step of one's own": [
        (
            "            model.step(learning_rate)\n",
            "            for layer in model.layers:\n                for name in layer.params:\n"
            "                    layer.params[name] = layer.params[name] - learning_rate * layer.grads[name]\n",
        )
    ],
    "float32 and a loop in the evaluation": [
        ("logits = model.forward(X)\n    loss", "logits = np.float32(model.forward(X))\n    loss"),
        (
            "float(np.mean(np.argmax(logits, axis=1) == y))",
            "sum(int(np.argmax(row) == label) for row, label in zip(logits, y)) / len(y)",
        ),
    ],
}


@pytest.mark.parametrize("style", STYLES)
def test_a_correct_style_loses_nothing(style):
    text = SOLUTION
    for old, new in STYLES[style]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text})
    assert {v.id: v.rationale for v in graded.values() if v.status != "pass"} == {}
    assert verdicts(text) == {}


# Credit beside the solution's own numbers


@pytest.mark.parametrize(
    ("mistake", "follows", "earned"),
    [
        ("loss-log2", [("dlogits[j] = p_j - y_j", "dlogits[j] = (p_j - y_j) / math.log(2)")], "TODO#2"),
        ("forward-no-relu", [("dz1 = self.relu.backward(dh1)", "dz1 = dh1")], "TODO#5"),
        ("deep-forward-no-second-relu", [("self.relu2.backward(dh2)", "dh2")], "TODO#9"),
    ],
)
def test_the_derivative_of_a_wrong_function_earns_its_points(mistake, follows, earned):
    text, wrong = planted(mistake), next(m.task for m in MISTAKES if m.id == mistake)
    for old, new in follows:
        assert text.count(old) == 1
        text = text.replace(old, new)
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text})
    assert {v.id for v in graded.values() if v.status != "pass"} == {wrong}
    assert graded[earned].rationale == "right, given your earlier results"


def test_errors_in_one_task_cost_nothing_elsewhere():
    text = planted("loss-sign", "dW-sign", "forward-no-relu", "evaluate-count", "deep-forward-relu1-twice")
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text})
    lost = {v.id for v in graded.values() if v.status != "pass"}
    assert lost == {"TODO#1", "TODO#3", "TODO#4", "TODO#7", "TODO#8"}


def test_a_forward_pass_that_nobody_foresaw_costs_the_backward_pass_nothing():
    text = SOLUTION.replace("h1 = self.relu.forward(z1)", "h1 = np.sqrt(np.abs(z1))")
    text = text.replace("h2 = self.relu2.forward(", "h2 = np.cbrt(")
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text})
    assert {v.id for v in graded.values() if v.status != "pass"} == {"TODO#4", "TODO#8"}
    assert not any(v.mistakes for v in graded.values())


@pytest.mark.parametrize(
    "code",
    [
        "h1 = np.maximum(z1, 0)",  # self.relu has kept nothing
        "self.relu.forward(-z1)\n        h1 = np.maximum(z1, 0)",  # something else
    ],
)
def test_logits_without_a_way_back_lose_the_points_for_it(code):
    text = SOLUTION.replace("h1 = self.relu.forward(z1)", code)
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text})
    assert {v.id: (v.score, v.rationale[:43]) for v in graded.values() if v.status != "pass"} == {
        "TODO#4": (6, "after this forward pass the layers do not g")
    }


MEMBERS = tomllib.loads((ROOT / "tests/sample_class/binary_mlp.toml").read_text(encoding="utf-8"))["student"]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m["name"])
def test_the_sample_class_is_marked_for_what_it_did(member):
    text = planted(*member.get("mistakes", ()))
    done = {t.id for t in LAB.tasks} if member["done"] == "all" else set(member["done"])
    text = strip.replaced(text, [r for r in strip.regions(text, "binary_mlp.py") if r.task not in done])
    graded = grade_files(LAB.name, {"cattern/binary_mlp.py": text}).values()
    assert {m.id for v in graded for m in v.mistakes} == set(member.get("mistakes", ()))
    assert {v.id for v in graded if v.status in ("missing", "skipped")} == {v.id for v in graded} - done


# Theory


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


VARIABLES = {
    "t1": {"loss_value": np.log(4), "dlogit_0": 0.75, "dlogit_1": -0.75, "dW_00": 1.5, "dh_0": 0.9},
    "t2": {"num_params_one": 1302, "num_params_two": 11402, "num_updates": 1600},
    "t3": {"logits_one": 0.16, "logits_two": 0.064, "dW1_one": 0.4, "dW1_two": 0.16},
}


def test_theory_answers_are_the_known_numbers():
    seen: dict = {}
    assert theory_errors(lambda name, space: seen.update({name: space})) == {}
    for cell, known in VARIABLES.items():
        assert {name: seen[cell][name] for name in known} == pytest.approx(known)
        assert [p.name for p in LAB.task(cell.upper()).properties] == list(known)


@pytest.mark.parametrize(("cell", "variable"), [(c, v) for c, known in VARIABLES.items() for v in known])
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = theory_errors(lambda name, space: space.update({variable: wrong}) if name == cell else None)
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


# Whole runs


def share(text: str, pattern: str) -> float:
    """Return the number behind a pattern in what a cell printed."""
    return float(re.search(pattern + r"\s*(\d\.\d+)", text)[1])


def checks_passed(printed: dict[str, str]) -> None:
    for name in (*PACKAGE_TESTS, *THEORY):
        assert len(printed[name].strip().splitlines()) == 1, f"{name} printed {printed[name]!r}"
    assert printed["softmax"].split()[-1] == "2.1269"
    errors = [float(e) for e in re.findall(r"error (\S+)", printed["backward"])]
    assert len(errors) == 4
    assert max(errors) < 1e-6


def test_a_quick_run_agrees_with_pytorch(tmp_path):
    pytest.importorskip("torch")
    printed = execute(tmp_path, CATTERN_QUICK="1")
    checks_passed(printed)
    assert [name for name, text in printed.items() if "<figure>" in text] == FIGURES
    for name in ("both-one", "run-two"):
        assert float(re.search(r"first 100 updates (\S+),", printed[name])[1]) < 1e-4
    assert share(printed["run-one"], "after 50 epochs: test accuracy") > 0.9
    assert "not in 60 epochs" in printed["inits"]


def test_without_pytorch_the_rest_runs(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no PyTorch here')\n", encoding="utf-8")
    printed = execute(tmp_path, CATTERN_QUICK="1", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    checks_passed(printed)
    assert printed["both-one"].startswith("PyTorch is not installed")
    assert [name for name, text in printed.items() if "<figure>" in text] == [
        f for f in FIGURES if f != "both-one"
    ]


@pytest.mark.slow
def test_the_full_run_reaches_94_per_cent_and_explains_the_reported_gap(tmp_path):
    pytest.importorskip("torch")
    printed = execute(tmp_path)
    checks_passed(printed)
    assert share(printed["linear"], "test accuracy") < 0.65
    assert share(printed["run-one"], "after 50 epochs: test accuracy") > 0.9
    assert share(printed["run-one"], "after 200 epochs: test accuracy") > 0.94
    assert share(printed["both-one"], "PyTorch after 200 epochs: test accuracy") > 0.94
    for line in printed["run-two"].splitlines()[:2]:
        assert share(line, "at the end") > 0.94
    first = dict(re.findall(r"^(.{15}).*?(?:epoch |not in )(\d+)", printed["inits"], re.M))
    first = {name.strip(): int(epoch) for name, epoch in first.items()}
    assert 100 < first["sd 0.02"] <= 150
    assert first["sd 0.05"] <= 50
    assert first["as in PyTorch"] <= 50
    assert "not in 200 epochs" in printed["inits"]
    ours = [
        share(printed["summary"], f"{name}, after 200 epochs\\s+> 0.94")
        for name in ("one hidden layer", "two hidden layers")
    ]
    theirs = [float(x) for x in re.findall(r"scikit-learn\s+(\S+)", printed["summary"])]
    assert ours == pytest.approx(theirs, abs=0.01)
