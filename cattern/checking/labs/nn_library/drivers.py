"""Drivers of lab 3: the calls on a student's `nn_library`, and the raw arrays they give.

A driver decides nothing. The training functions get a stand-in model and a stand-in loss, small and honest, which write
down what is done with them: an error in a layer, or in another task, cannot cost the loop.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from types import ModuleType

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs import _driving
from cattern.checking.labs._driving import dict_from, replaced, something, unpacked
from cattern.checking.labs._stand_ins import Map, Network, TanhLoss, called

HISTORIES = (
    "loss_history",
    "acc_history",
    "train_loss_history",
    "train_acc_history",
    "val_loss_history",
    "val_acc_history",
)

named = partial(_driving.named, missing="{file} defines no function {name}")


def drive_sample(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: a sample; the same again from the same seed; and one from another seed."""
    sample = named(student, "sample_normalised")
    images, labels = inputs["images"].copy(), inputs["labels"].copy()
    for key, seed in (("", 0), ("again_", 0), ("other_", 1)):
        rng = np.random.default_rng([inputs["seed"], seed])
        found = sample(images, labels, inputs["num_samples"], rng)
        X, y = unpacked(found, 2, "sample_normalised returns two values")
        out[f"{key}X"], out[f"{key}y"] = X, y
        if not key:
            out["is_float32"] = getattr(X, "dtype", None) == np.float32
            out["is_int64"] = getattr(y, "dtype", None) == np.int64
    out["images_after"], out["labels_after"] = images, labels


def drive_one_hot(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: the rows of some labels."""
    y = inputs["y"].copy()
    Y = something(named(student, "one_hot")(y, inputs["num_classes"]), "one_hot returns an array")
    out["Y"], out["y_after"] = Y, y
    out["is_float32"] = getattr(Y, "dtype", None) == np.float32


def drive_gaussian(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: an array; the same again from the same seed; and one from another seed."""
    draw = named(student, "normalised_gaussian")
    shape = tuple(int(n) for n in inputs["shape"])
    for key, seed in (("array", 0), ("again", 0), ("other", 1)):
        rng = np.random.default_rng([inputs["seed"], seed])
        array = something(draw(shape, rng, inputs["std"]), "normalised_gaussian returns an array")
        out[key] = np.array(array)
        out["is_float32"] = getattr(array, "dtype", None) == np.float32


@called("Linear")
class Scoring(Map):
    """Stands in for the layers, and keeps the scores that it gave."""

    def __init__(self, W: np.ndarray):
        super().__init__(W)
        self.scores: list[tuple[int, np.ndarray]] = []  # with the number of updates that came before

    @property
    def steps(self) -> int:
        """The number of updates so far."""
        return self.calls.count("step")

    def forward(self, X) -> np.ndarray:
        """Return the scores of a batch."""
        scores = super().forward(X)
        self.scores.append((self.steps, scores))
        return scores.copy()


@called("SoftmaxCrossEntropy")
class NotingLoss(TanhLoss):
    """Writes down each loss, with the number of updates that came before it."""

    def __init__(self, layer: Scoring):
        super().__init__()
        self.layer = layer
        self.values: list[tuple[int, float]] = []

    def forward(self, scores, y) -> float:
        """Return the loss of a batch."""
        value = super().forward(scores, y)
        self.values.append((self.layer.steps, value))
        return value


def drive_train_epoch(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: an epoch of the stand-in; what it returned, what became of W, and what really happened on the way."""
    train_epoch, layer = named(student, "train_epoch"), Scoring(inputs["W"])
    model, loss_layer = Network(layer), NotingLoss(layer)
    X, Y = inputs["X"].copy(), inputs["Y"].copy()
    batches = np.split(np.arange(len(X))[inputs["order"]], inputs["cuts"])
    try:
        found = train_epoch(model, loss_layer, X, Y, batches, inputs["learning_rate"])
        out["losses"], out["accuracies"] = unpacked(found, 2, "train_epoch returns two values")
        out["X_after"], out["Y_after"] = X, Y
    finally:
        layer.note()
        out["W"] = layer.params["W"]
        out |= {f"{name}_calls": layer.calls.count(name) for name in ("forward", "backward", "step")}
        record(layer, loss_layer, len(batches), out)


def record(layer: Scoring, loss_layer: NotingLoss, num_batches: int, out: Values) -> None:
    """Keep the loss and the scores that the stand-ins gave first after each number of updates."""
    values, scores = dict(reversed(loss_layer.values)), dict(reversed(layer.scores))
    out["seen_losses"] = np.array([values.get(i, np.nan) for i in range(num_batches)])
    for i in range(num_batches):
        if i in scores:
            out[f"scores_{i}"] = scores[i]


def drive_evaluate(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#5: loss and accuracy of the stand-in, and whether it was left as it was."""
    evaluate, layer = named(student, "evaluate"), Map(inputs["W"])
    X, Y = inputs["X"].copy(), inputs["Y"].copy()
    found = evaluate(Network(layer), TanhLoss(), X, Y)
    out["loss"], out["accuracy"] = unpacked(found, 2, "evaluate returns two values")
    out["W_after"], out["X_after"], out["Y_after"] = layer.params["W"], X, Y
    with contextlib.suppress(Exception):
        elsewhere = evaluate(Network(Map(inputs["W"])), TanhLoss(), 0.5 * X, Y)
        out["elsewhere_loss"], out["elsewhere_accuracy"] = elsewhere


def weights_of(model) -> np.ndarray:
    """Return the weights of a network of one `Map`."""
    return model.layers[0].params["W"]


def told_epoch(model, loss_layer, X, Y, batches, learning_rate=0.01):
    """Stand in for `train_epoch`: no training, but numbers that only these rows, in this order, can give."""
    losses, accuracies = [], []
    for rows in batches:
        losses.append(float(weights_of(model).sum() + X[rows].sum()))
        accuracies.append(float(Y[rows][:, 0].sum() + 0.01 * len(rows)))
        weights_of(model)[...] += learning_rate * X[rows].mean()
    return losses, accuracies


def told_evaluation(model, loss_layer, X, Y):
    """Stand in for `evaluate`: numbers that only this set, with the weights as they are now, can give."""
    now = float(weights_of(model).sum())
    return now + X.sum(), now * len(Y)


def drive_train(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: some epochs, with stand-ins for `train_epoch` and `evaluate` as well."""
    train, model = named(student, "train"), Network(Map(inputs["W"]))
    sets = [inputs[name].copy() for name in ("X", "Y", "X_val", "Y_val")]
    options = {name: inputs[name] for name in ("num_epochs", "batch_size", "learning_rate")}
    rng = np.random.default_rng(inputs["seed"])
    try:
        with replaced(student, train_epoch=told_epoch, evaluate=told_evaluation):
            found = train(model, TanhLoss(), *sets, rng, **options)
        history = dict_from(found, "train")
        out |= {name: history[name] for name in HISTORIES if name in history}
    finally:
        out["W"] = weights_of(model)
