"""What the labs share: the helpers of their drivers and readings, and that every bundle has them."""

import ast
import json
import os
import re
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from courses import course_of
from judging import reference
from sampling import a_quarter

from autograder.release import released_files
from autograder.solution.reference import ROOT, load_together
from cattern.checking import run as probing
from cattern.checking.facts import read
from cattern.checking.fingerprints import write
from cattern.checking.lab import Probe, lab_names, load_lab, module_name
from cattern.checking.labs import _driving, _reading
from cattern.checking.locate.basis import Basis
from cattern.checking.run import ApiError

LABS = lab_names()
# lab → how a student learns that the file lacks a name
MISSING = {
    "two_layer_net": "{file} defines no class {name}",
    "patch_embedding": "{name} is missing from cattern/{file}",
    "nn_library": "{file} defines no function {name}",
    "binary_mlp": "{name} is missing from {file}",
    "sigmoid_net": "{name} is missing from cattern/{file}",
    "nearest_neighbour": "{name} is missing from {file}",
}


def sources(lab: str) -> dict[str, str]:
    return {file: (ROOT / file).read_text(encoding="utf-8") for file in load_lab(lab).student_files}


@pytest.mark.parametrize("lab", LABS)
def test_a_missing_name_and_its_file_are_named(lab):
    about, names = load_lab(lab), set()
    for task in (t for t in about.tasks if t.source == "module"):
        file = about.file_of(task)
        defined = {getattr(node, "name", None) for node in ast.parse(sources(lab)[file]).body}
        with pytest.raises(ApiError) as caught:
            task.driver(ModuleType(module_name(file)), reference(lab).probes(task)[0].inputs, {})
        pattern = MISSING[lab].format(file=file.rpartition("/")[2], name=r"(\w+)")
        said = re.fullmatch(pattern, str(caught.value))
        assert said and said[1] in defined, (task.id, str(caught.value))
        names.add(said[1])
    assert len(names) > 1 or lab == "two_layer_net"


@pytest.mark.parametrize("lab", a_quarter(LABS))
def test_a_bundle_checks_on_its_own(lab, tmp_path):
    """Nothing of another lab and nothing of the instructor's is there."""
    for name, content in released_files(course_of(lab)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['autograder'] = None\n")
    env = {**os.environ, "CATTERN_OFFLINE": "1", "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "cattern", "check", "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    verdicts = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
    assert {v["id"] for v in verdicts} == {t.id for t in load_lab(lab).tasks if t.source == "module"}
    assert {v["status"] for v in verdicts} <= {"missing", "skipped"}, done.stdout


INFINITE = {  # lab → file, task, and code that makes every other result infinite and every gradient 1
    "two_layer_net": (
        "cattern/neural_net.py",
        "TODO#3",
        """
def loss(self, X, y=None, reg=0.0):
    self.turn = not getattr(self, "turn", False)
    return np.inf * self.turn if self.turn else 0.0, {k: np.ones_like(v) for k, v in self.params.items()}
TwoLayerNet.loss = loss
""",
    ),
    "patch_embedding": (
        "cattern/layers.py",
        "TODO#6",
        """
def forward(self, X):
    self.turn = not getattr(self, "turn", False)
    out = np.zeros((len(X), self.params["b"].size))
    out[0, 0] = np.inf if self.turn else 0.0
    return out
def backward(self, dout):
    for grad in self.grads.values():
        grad += 1.0
    return np.ones((len(dout), len(self.params["W"])))
Linear.forward, Linear.backward = forward, backward
""",
    ),
    "binary_mlp": (
        "cattern/binary_mlp.py",
        "TODO#2",
        """
def loss_by_index(self, logits, label):
    SoftmaxCrossEntropyLoss.turn = not getattr(self, "turn", False)
    return np.inf if SoftmaxCrossEntropyLoss.turn else 0.0
SoftmaxCrossEntropyLoss.loss_by_index = loss_by_index
SoftmaxCrossEntropyLoss.gradient_by_index = lambda self, logits, label: np.ones(len(logits))
""",
    ),
    "sigmoid_net": (
        "cattern/sigmoid_net.py",
        "TODO#6",
        """
def forward(self, Z):
    self.turn = not getattr(self, "turn", False)
    return np.full(np.shape(Z), np.inf if self.turn else 0.0)
Sigmoid.forward, Sigmoid.backward = forward, lambda self, dout: np.ones(dout.shape)
""",
    ),
}


@pytest.mark.parametrize("lab", INFINITE)
def test_no_gradient_fits_an_infinite_function(lab):
    file, task_id, code = INFINITE[lab]
    texts, task = sources(lab), load_lab(lab).task(task_id)
    texts[file] += "\n\n" + code
    module, probes = load_together(texts)[file], reference(lab).probes(task)
    facts = read(
        task, {p.id: p.inputs for p in probes}, probing.run(task.driver, module, probes, module.__file__)
    )
    own = [float(value) for (_, name), value in facts.items() if name.startswith("own")]
    assert own and not any(own)


@pytest.mark.parametrize(
    ("gradient", "slopes", "fits"),
    [
        (np.ones(3), np.ones(3) + 1e-6, True),
        (np.ones((1, 3)), np.ones(3), True),
        (np.ones(3), np.full(3, 1.01), False),
        (np.ones(3), np.ones(4), False),
        (np.zeros(3), np.zeros(3), False),
        (np.ones(3), np.array([1.0, 1.0, np.inf]), False),
        (np.full(3, np.nan), np.ones(3), False),
        ("not numbers but list", np.ones(3), False),
    ],
)
def test_a_gradient_is_the_derivative_or_not(gradient, slopes, fits):
    assert _reading.exact(gradient, slopes) is fits


def test_sentences_are_equal_and_close_to_nothing():
    for compare in (_reading.equal, _reading.close):
        assert compare(np.ones(2), np.ones(2))
        assert not compare(np.ones(2), np.ones(3))
        assert not compare("a sentence", np.ones(2)) and not compare(np.ones(2), "a sentence")
        assert not compare(None, None)
    assert _reading.equal(np.array([np.nan]), np.array([np.nan]))


def test_an_argument_is_untouched_only_where_it_was_looked_at():
    inputs = {"X": np.ones(2), "y": np.arange(2)}
    assert _reading.untouched(inputs, {"X_after": np.ones(2)}, "X", "y") == {}
    raw = {"X_after": np.ones(2), "y_after": np.array([0.0, 1.0])}
    assert _reading.untouched(inputs, raw, "X", "y") == {"untouched": 1}
    assert _reading.untouched(inputs, raw | {"X_after": np.zeros(2)}, "X", "y") == {"untouched": 0}


def test_stand_ins_leave_no_trace_also_after_an_error():
    student = ModuleType("student")
    student.evaluate = mine = len
    with pytest.raises(ValueError), _driving.replaced(student, evaluate=max, train=min):
        assert student.evaluate is max and student.train is min
        raise ValueError
    assert student.evaluate is mine and not hasattr(student, "train")


@pytest.mark.parametrize("value", [None, 3, [1], (1, 2, 3), np.ones(2), {"loss": 1, "accuracy": 2}])
def test_what_is_not_two_values_is_said(value):
    what = "None: is a `return` missing\\?" if value is None else type(value).__name__
    with pytest.raises(ApiError, match=f"returns two numbers, but here it returned {what}$"):
        _driving.unpacked(value, 2, "evaluate returns two numbers")


def test_only_what_a_missing_forward_pass_could_not_keep_is_excused():
    def unwritten():
        raise NotImplementedError("TODO#4")

    went = _driving.attempt(unwritten)
    with pytest.raises(NotImplementedError, match="TODO#4"), _driving.excused(went):
        raise AttributeError("no X")
    with pytest.raises(NotImplementedError, match="TODO#5"), _driving.excused(went):
        raise NotImplementedError("TODO#5")
    with pytest.raises(AttributeError), _driving.excused(_driving.attempt(int, "x")):
        raise AttributeError("no X")
    assert _driving.attempt(int, "3") is None


def test_centred_differences_put_the_array_back():
    array = np.arange(6.0).reshape(2, 3)
    slopes = _driving.centred_differences(ModuleType("student"), lambda x: np.sum(x**2), array, array)
    assert np.allclose(slopes, 2 * np.arange(6.0).reshape(2, 3))
    assert (array == np.arange(6.0).reshape(2, 3)).all()


def test_a_loop_is_found_in_the_function_that_has_it():
    text = "def f(x):\n    return [y for y in x]\n\n\nclass A:\n    def g(self):\n        while True:\n            pass\n"
    assert _driving.has_loop(text, "g") and not _driving.has_loop(text, "f")
    assert _driving.has_loop(text, "f", ast.comprehension)
    assert not _driving.has_loop("def f(:", "f")


@pytest.mark.parametrize(
    ("head", "is_loop"),
    [
        ("i, (W, b) in enumerate(layers)", False),
        ("i in reversed(range(len(layers)))", False),
        ("i in (1, 0)", False),
        ("i in range(2)", False),
        ("name in self.params", False),
        ("i in range(N)", True),
        ("x in X", True),
        ("row in rows", True),
        ("i, x in enumerate(X)", True),
    ],
)
def test_a_loop_over_a_list_that_is_written_out_is_none(head, is_loop):
    text = f"def loss(self, X, N):\n    layers, rows = None, []\n    layers = [(1, 2), (3, 4)]\n    for {head}:\n        pass\n"
    assert _driving.has_loop(text, "loss") == is_loop


class BookOf:
    """A reference of one probe, in which every fact is this number."""

    def __init__(self, number: float):
        self.lab, self.number = load_lab("nn_library"), number

    def probes(self, task):
        return [Probe("one", {})]

    def mistakes(self, task):
        return {}

    def facts(self, task, mistakes, probe):
        return {("one", "fact"): np.array([self.number])}

    def basis(self, task, mistakes, probe):
        return Basis()


def test_equal_facts_are_equal_bytes_in_a_release():
    task = load_lab("nn_library").tasks[0]
    assert write(BookOf(0.0), [task]) == write(BookOf(-0.0), [task]) != write(BookOf(1.0), [task])
