"""The instructor notebook of lab 4 runs and shows what it promises, and its test cells tell right from wrong."""

import math
import re
import tomllib

import pytest
from judging import downstream, grade_files, lost, patched, planted, reference, solved, stubbed
from sampling import a_quarter

from autograder.demo.sample_class import CLASSES
from notebooks import Notebook, figures, number

NOTEBOOK = Notebook("binary_mlp", "check-tools", "tiny-net", "tiny-deep-net")
CELLS, LAB = NOTEBOOK.cells, NOTEBOOK.lab
SOLVED = solved(LAB.name)
(FILE,) = SOLVED
FIGURES = ["data", "dlogits", "network-one", "run-one", "regions", "both-one", "network-two"]
FIGURES += ["run-two", "eight", "longer", "inits-picture"]
MISTAKES = reference(LAB.name).patches


@pytest.mark.parametrize("hidden", [True, False])
def test_the_solution_passes_every_test_cell(hidden):
    assert NOTEBOOK.failures(SOLVED, hidden) == {}


@pytest.mark.parametrize("hidden", [True, False])
def test_each_stub_fails_its_own_cell_and_says_which(hidden):
    for own in (f"TODO#{n}" for n in range(1, 10)):
        failed = NOTEBOOK.failures(stubbed(SOLVED, own), hidden)
        assert own in failed
        assert failed.keys() - {own} <= downstream(LAB, own)
        assert all(own in message for message in failed.values()), failed


@pytest.mark.parametrize("mistake", a_quarter(MISTAKES.values()), ids=lambda m: m.id)
def test_each_mistake_fails_its_own_cell(mistake):
    failed = NOTEBOOK.failures(planted(LAB.name, mistake.id))
    assert mistake.task in failed
    assert failed.keys() - {mistake.task} <= downstream(LAB, mistake.task)


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
    texts = {FILE: patched(SOLVED[FILE], *STYLES[style])}
    assert lost(grade_files(LAB.name, texts)) == {}
    assert NOTEBOOK.failures(texts) == {}


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
    text = patched(planted(LAB.name, mistake)[FILE], *follows)
    graded = grade_files(LAB.name, {FILE: text})
    assert lost(graded).keys() == {MISTAKES[mistake].task}
    assert graded[earned].rationale == "right, given your earlier results"


def test_errors_in_one_task_cost_nothing_elsewhere():
    mistakes = "loss-sign", "dW-sign", "forward-no-relu", "evaluate-count", "deep-forward-relu1-twice"
    graded = grade_files(LAB.name, planted(LAB.name, *mistakes))
    assert lost(graded).keys() == {"TODO#1", "TODO#3", "TODO#4", "TODO#7", "TODO#8"}


def test_a_forward_pass_that_nobody_foresaw_costs_the_backward_pass_nothing():
    first = ("h1 = self.relu.forward(z1)", "h1 = np.sqrt(np.abs(z1))")
    text = patched(SOLVED[FILE], first, ("h2 = self.relu2.forward(", "h2 = np.cbrt("))
    graded = grade_files(LAB.name, {FILE: text})
    assert lost(graded).keys() == {"TODO#4", "TODO#8"}
    assert not any(v.mistakes for v in graded.values())


@pytest.mark.parametrize(
    "code",
    [
        "h1 = np.maximum(z1, 0)",  # self.relu has kept nothing
        "self.relu.forward(-z1)\n        h1 = np.maximum(z1, 0)",  # something else
    ],
)
def test_logits_without_a_way_back_lose_the_points_for_it(code):
    graded = grade_files(LAB.name, {FILE: patched(SOLVED[FILE], ("h1 = self.relu.forward(z1)", code))})
    assert {v.id: (v.score, v.rationale[:43]) for v in graded.values() if v.status != "pass"} == {
        "TODO#4": (6, "after this forward pass the layers do not g")
    }


MEMBERS = tomllib.loads((CLASSES / LAB.name / "class.toml").read_text(encoding="utf-8"))["student"]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m["name"])
def test_the_sample_class_is_marked_for_what_it_did(member):
    done = {t.id for t in LAB.tasks if member["done"] == "all" or t.id in member["done"]}
    texts = planted(LAB.name, *member.get("mistakes", ()))
    graded = grade_files(LAB.name, stubbed(texts, *{t.id for t in LAB.tasks} - done)).values()
    assert {m.id for v in graded for m in v.mistakes} == set(member.get("mistakes", ()))
    assert {v.id for v in graded if v.status in ("missing", "skipped")} == {v.id for v in graded} - done


# Theory

VARIABLES = {
    "t1": {"loss_value": math.log(4), "dlogit_0": 0.75, "dlogit_1": -0.75, "dW_00": 1.5, "dh_0": 0.9},
    "t2": {"num_params_one": 1302, "num_params_two": 11402, "num_updates": 1600},
    "t3": {"logits_one": 0.16, "logits_two": 0.064, "dW1_one": 0.4, "dW1_two": 0.16},
}


def test_theory_answers_are_the_known_numbers():
    space, failed = NOTEBOOK.theory_run()
    assert failed == {}
    for cell, known in VARIABLES.items():
        assert {name: space[name] for name in known} == pytest.approx(known)
        assert [p.name for p in LAB.task(cell.upper()).properties] == list(known)


@pytest.mark.parametrize(("cell", "variable"), [(c, v) for c, known in VARIABLES.items() for v in known])
@pytest.mark.parametrize("wrong", [None, 7])
def test_a_wrong_theory_answer_fails_its_cell_alone(cell, variable, wrong):
    failed = NOTEBOOK.theory_run(**{variable: wrong})[1]
    assert list(failed) == [cell]
    assert failed[cell].startswith(f"{cell.upper()}: {variable} is ")


# Whole runs


def share(text: str, pattern: str) -> float:
    """Return the number behind a pattern in what a cell printed."""
    return number(text, pattern + r"\s*(\d\.\d+)")


def checks_passed(printed: dict[str, str]) -> None:
    NOTEBOOK.one_line_each(printed)
    assert printed["softmax"].split()[-1] == "2.1269"
    errors = [float(e) for e in re.findall(r"error (\S+)", printed["backward"])]
    assert len(errors) == 4
    assert max(errors) < 1e-6


@NOTEBOOK.in_turn
def test_a_quick_run_agrees_with_pytorch(tmp_path):
    pytest.importorskip("torch")
    printed = NOTEBOOK.execute(tmp_path, quick=True)
    checks_passed(printed)
    assert figures(printed) == FIGURES
    for name in ("both-one", "run-two"):
        assert number(printed[name], r"first 100 updates (\S+),") < 1e-4
    assert share(printed["run-one"], "after 50 epochs: test accuracy") > 0.9
    assert "not in 60 epochs" in printed["inits"]
    waits = [number(line, r"epoch (\d+)") for line in printed["inits-one"].splitlines()[1:]]
    assert len(waits) == 4
    assert max(waits) <= 45  # one hidden layer hardly suffers from a small beginning
    for line in printed["variance"].splitlines()[1:]:
        first, first_by_rule, second, second_by_rule = (float(x) for x in line.split("  ", 1)[1].split()[1:5])
        assert first == pytest.approx(first_by_rule, rel=0.15)
        assert second == pytest.approx(second_by_rule, rel=0.15)


@NOTEBOOK.in_turn
def test_without_pytorch_the_rest_runs(tmp_path):
    printed = NOTEBOOK.execute(tmp_path, quick=True, torch=False)
    checks_passed(printed)
    assert printed["both-one"].startswith("PyTorch is not installed")
    assert figures(printed) == [f for f in FIGURES if f != "both-one"]


@pytest.mark.slow
@pytest.mark.long
def test_the_full_run_reaches_94_per_cent_and_explains_the_reported_gap(tmp_path):
    pytest.importorskip("torch")
    printed = NOTEBOOK.execute(tmp_path)
    checks_passed(printed)
    assert share(printed["linear"], "test accuracy") < 0.65
    assert share(printed["run-one"], "after 50 epochs: test accuracy") > 0.9
    assert share(printed["run-one"], "after 200 epochs: test accuracy") > 0.94
    assert share(printed["both-one"], "PyTorch after 200 epochs: test accuracy") > 0.94
    for line in printed["run-two"].splitlines()[:2]:
        assert share(line, "at the end") > 0.94
    first = dict(re.findall(r"^(.{15}).*?(?:epoch |not in )(\d+)", printed["inits"], re.M))
    first = {name.strip(): int(epoch) for name, epoch in first.items()}
    begins = [int(epoch) for epoch in re.findall(r"lowest at epoch (\d+)", printed["longer"])]
    assert (
        1000 > begins[0] > begins[1] > 200
    )  # over-fitting: later with one hidden layer, in neither within 200
    assert 100 < first["sd 0.02"] <= 150
    assert first["sd 0.05"] <= 50
    assert first["as in PyTorch"] <= 50
    assert "not in 200 epochs" in printed["inits"]
    lengths = {
        line[:15].strip(): [float(x) for x in line.split()[-3:]] for line in printed["inits"].splitlines()[1:]
    }
    medium, theirs = lengths["sd 0.05"], lengths["as in PyTorch"]
    assert theirs[0] < 1.5 * medium[0]  # the gradient of the first map does not tell the two apart,
    assert min(theirs[1:]) > 4 * max(medium[1:])  # those of the others do
    ours = [
        share(printed["summary"], f"{name}, after 200 epochs\\s+> 0.94")
        for name in ("one hidden layer", "two hidden layers")
    ]
    theirs = [float(x) for x in re.findall(r"scikit-learn\s+(\S+)", printed["summary"])]
    assert ours == pytest.approx(theirs, abs=0.01)
