"""What students of labs 2 to 5 read of frequent slips: in words of their own file, and true."""

import re
from importlib import import_module
from inspect import isclass, isfunction

import pytest
from judging import grade_files, patched, planted, reference, solved
from sampling import sample

from cattern.checking.facts import Failure
from cattern.checking.lab import lab_names, load_lab


def verdict_on(lab: str, task: str, *patches: tuple[str, str]):
    """Return the verdict on one task of a solved lab with some text in one of its files replaced."""
    files = {f: patched(t, *patches) if patches[0][0] in t else t for f, t in solved(lab).items()}
    lab_ = load_lab(lab)
    tasks = [t for t in lab_.tasks if t.id == task or t in lab_.upstream(lab_.task(task))]
    return grade_files(lab, files, tasks)[task]


@pytest.mark.parametrize(
    ("lab", "task", "patch"),
    [
        ("sigmoid_net", "TODO#5", ("        self.S = S\n        return S\n", "        self.S = S\n")),
        ("sigmoid_net", "TODO#6", ("        return dZ\n", "")),
        ("nn_library", "TODO#5", ("    return loss, accuracy\n", "    pass\n")),
        ("patch_embedding", "TODO#2", ("    return patches\n", "    pass\n")),
    ],
)
def test_a_missing_return_is_called_so(lab, task, patch):
    verdict = verdict_on(lab, task, patch)
    assert verdict.score == 0 and "is a `return` missing?" in verdict.rationale
    assert "ApiError" not in verdict.rationale and "dtype" not in verdict.rationale


def test_what_the_file_lacks_is_said_without_a_class_of_ours():
    lacks = Failure("ApiError", "train returns a dict, but here it returned int")
    assert str(lacks) == "train returns a dict, but here it returned int"
    verdict = verdict_on("sigmoid_net", "TODO#8", ("def predict(", "def predicted("))
    assert verdict.rationale == "predict is missing from cattern/sigmoid_net.py"


SKIPS = (
    "            model.zero_grad()\n",
    "            if len(rows) < batch_size:\n                continue\n            model.zero_grad()\n",
)


def test_a_short_last_minibatch_that_is_skipped_is_told_by_the_number_of_updates():
    verdict = verdict_on("binary_mlp", "TODO#6", SKIPS)
    assert verdict.rationale.startswith("the number of updates that moved the weights is ")
    assert "shape" not in verdict.rationale
    assert verdict.remarks == ()  # fewer forward passes than minibatches are not more


def test_what_an_exception_left_at_0_is_not_said_beside_it():
    verdict = verdict_on("patch_embedding", "TODO#6", ("+= X.T @ dout", "+= X @ dout.T @ dout"))
    assert verdict.score == 0 and verdict.rationale.startswith("it raised ValueError")
    assert "until then" not in verdict.rationale and "is 0 at" not in verdict.rationale


def test_a_generator_is_a_generator():
    shuffled = (
        "rng.permutation(len(points))",
        "(lambda order: rng.shuffle(order) or order)(np.arange(len(points)))",
    )
    assert verdict_on("sigmoid_net", "TODO#4", shuffled).status == "pass"


def test_an_output_that_is_not_kept_for_the_way_back_costs_a_point():
    verdict = verdict_on("sigmoid_net", "TODO#5", ("self.S = S\n", "self.S = Z\n"))
    assert verdict.score == 7 and "`self.S`" in verdict.rationale
    patch = ("self.S = S\n", "self.S = Z\n")
    assert verdict_on("sigmoid_net", "TODO#6", patch).status == "pass"  # the way back itself is right


@pytest.mark.parametrize(
    ("lab", "task", "patch"),
    [
        (
            "two_layer_net",
            "TODO#1",
            ("        pre_activation = X", "        X += 0.0 * X - 0.0 + 1e-9\n        pre_activation = X"),
        ),
        ("patch_embedding", "TODO#8", ("        dZ = ", "        dout[self.Z <= 0] = 0\n        dZ = ")),
    ],
)
def test_what_a_test_cell_proves_of_the_inputs_is_worth_a_point(lab, task, patch):
    verdict = verdict_on(lab, task, patch)
    assert verdict.score == verdict.max_score - 1
    assert "changes" in verdict.rationale


INTERNAL = re.compile(
    r"ApiError|Noting|Noted|Record|Plain[A-Z]|Watched|TanhLoss|SmallNet|Scoring|Mirrored|Remote|Opaque|stand-?in|\bMap\b",
    re.I,
)


def told(verdict) -> str:
    """Return all that a verdict says by itself, without the catalogue's own words."""
    lost = [row["says"] for row in verdict.evidence.get("lost", ())]
    return " ".join([verdict.rationale, *verdict.remarks, *lost, verdict.evidence.get("raised", "")])


def test_no_mistake_brings_names_of_ours_to_a_student():
    mistakes = sorted((lab, m) for lab in lab_names() for m in reference(lab).patches)
    raising = {"update-attributes", "update-whole-dict", "decay-of-attribute"}
    some = sample(mistakes, 6) + [row for row in mistakes if row[1] in raising]
    said = {row: told(v) for row in some for v in grade_files(row[0], planted(*row)).values()}
    assert not {row: text for row, text in said.items() if INTERNAL.search(text)}


def test_what_stands_in_for_a_class_goes_by_its_name():
    """An exception names the class, and the function, that student code used in another way than it can be used."""
    for lab in lab_names():
        for part in ("drivers", "stand_ins"):
            try:
                module = import_module(f"cattern.checking.labs.{lab}.{part}")
            except ModuleNotFoundError:
                continue
            offered = [c for c in vars(module).values() if isclass(c) and hasattr(c, "offers")]
            offered += [f for c in offered for f in vars(c).values() if isfunction(f)]
            names = [name for c in offered for name in (c.__name__, c.__qualname__)]
            assert not [name for name in names if INTERNAL.search(name)]


def test_a_loss_layer_that_is_used_in_another_way_is_called_a_loss_layer():
    verdict = verdict_on("sigmoid_net", "TODO#7", ("loss_layer.backward()", "loss_layer.dscores"))
    assert "'SoftmaxCrossEntropy' object has no attribute 'dscores'" in verdict.rationale
    verdict = verdict_on("sigmoid_net", "TODO#7", ("loss_layer.backward()", "loss_layer.backward(1)"))
    assert "SoftmaxCrossEntropy.backward() takes 1 positional argument" in verdict.rationale


@pytest.mark.parametrize(
    ("lab", "task", "patch"),
    [
        ("nn_library", "TODO#2", ("Y[np.arange(len(y)), y] = 1", "Y[np.arange(len(y)), y - y.min()] = 1")),
        (
            "sigmoid_net",
            "TODO#7",
            ("model.forward(X_batch), y_batch)", "model.forward(X_batch), y_batch - y.min())"),
        ),
    ],
)
def test_labels_that_are_made_to_begin_at_0_are_noticed(lab, task, patch):
    """On labels that have a 0 among them, nobody could tell."""
    assert verdict_on(lab, task, patch).status != "pass"


def test_a_mirrored_sigmoid_that_overflows_nowhere_is_not_said_to_overflow():
    begin = solved("sigmoid_net")["cattern/scalar_net.py"]
    begin = begin[
        begin.index("    if z >= 0:") : begin.index("    ### END SOLUTION", begin.index("    if z >= 0:"))
    ]
    softmax = "    m = max(z, 0.0)\n    s = math.exp(-m) / (math.exp(z - m) + math.exp(-m))\n"
    verdict = verdict_on("sigmoid_net", "TODO#1", (begin, softmax))
    assert [m.id for m in verdict.mistakes] == ["sigmoid-of-minus-z"]
