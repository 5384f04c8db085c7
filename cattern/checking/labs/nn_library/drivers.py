"""Drivers of lab 3: the calls on a student's `nn_library`, and the raw arrays they give.

A driver decides nothing. The training functions get a stand-in model and a stand-in loss, small and honest, which write
down what is done with them: an error in a layer, or in another task, cannot cost the loop.
"""

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from cattern.checking.probing import ApiError
from cattern.checking.rubric import Values

HISTORIES = (
    "loss_history",
    "acc_history",
    "train_loss_history",
    "train_acc_history",
    "val_loss_history",
    "val_acc_history",
)


def function(student: ModuleType, name: str):
    """Return a function of the student's file.

    Raises:
        ApiError: there is none.
    """
    found = getattr(student, name, None)
    if not callable(found):
        raise ApiError(f"nn_library.py defines no function {name}")
    return found


def pair(value, what: str) -> tuple:
    """Return the two values that a function returned.

    Raises:
        ApiError: it returned something else.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ApiError(f"{what} returns two values, but here it returned {type(value).__name__}")
    return tuple(value)


def drive_sample(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: a sample; the same again from the same seed; and one from another seed."""
    sample = function(student, "sample_normalised")
    images, labels = inputs["images"].copy(), inputs["labels"].copy()
    for key, seed in (("", 0), ("again_", 0), ("other_", 1)):
        rng = np.random.default_rng([inputs["seed"], seed])
        X, y = pair(sample(images, labels, inputs["num_samples"], rng), "sample_normalised")
        out[f"{key}X"], out[f"{key}y"] = X, y
        if not key:
            out["is_float32"] = getattr(X, "dtype", None) == np.float32
    out["images_after"], out["labels_after"] = images, labels


def drive_one_hot(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: the rows of some labels."""
    y = inputs["y"].copy()
    Y = function(student, "one_hot")(y, inputs["num_classes"])
    out["Y"], out["y_after"] = Y, y
    out["is_float32"] = getattr(Y, "dtype", None) == np.float32


def drive_gaussian(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: an array; the same again from the same seed; and one from another seed."""
    draw = function(student, "normalised_gaussian")
    shape = tuple(int(n) for n in inputs["shape"])
    for key, seed in (("array", 0), ("again", 0), ("other", 1)):
        rng = np.random.default_rng([inputs["seed"], seed])
        array = draw(shape, rng, inputs["std"])
        out[key] = np.array(array)
        out["is_float32"] = getattr(array, "dtype", None) == np.float32


class Model:
    """Stands in for the network: scores X W. It has everything that a layer has, and writes down its calls."""

    def __init__(self, W: np.ndarray):
        self.params, self.grads = {"W": W.copy()}, {"W": np.zeros_like(W)}
        self.layers = [self]
        self.steps = 0  # updates so far
        self.scores: list[tuple[int, np.ndarray]] = []
        self.calls: list[str] = []
        self.X = None

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the scores of a batch."""
        self.calls.append("forward")
        self.X = np.array(X)
        scores = np.einsum("nd,dc->nc", self.X, self.params["W"])
        self.scores.append((self.steps, scores))
        return scores.copy()

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Add to the gradient."""
        self.calls.append("backward")
        self.grads["W"] += np.einsum("nd,nc->dc", self.X, dout)
        return np.einsum("nc,dc->nd", dout, self.params["W"])

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.calls.append("zero_grad")
        self.grads["W"][...] = 0.0

    def step(self, learning_rate: float) -> None:
        """Move against the gradient."""
        self.calls.append("step")
        self.params["W"] -= np.multiply(learning_rate, self.grads["W"])
        self.steps += 1


class LogCoshLoss:
    """Stands in for the loss: log cosh of the distance from the targets. Its derivative is bounded, so no run explodes."""

    def __init__(self, model: Model):
        self.model = model
        self.values: list[tuple[int, float]] = []
        self.probs = self.targets = None

    def forward(self, scores: np.ndarray, Y: np.ndarray) -> float:
        """Return the loss of a batch."""
        self.probs, self.targets = np.array(scores), np.array(Y)
        value = float(np.log(np.cosh(self.probs - self.targets)).sum()) / self.probs.shape[0]
        self.values.append((self.model.steps, value))
        return value

    def backward(self) -> np.ndarray:
        """Return the derivative in the scores."""
        return np.tanh(self.probs - self.targets) / self.probs.shape[0]


def drive_train_epoch(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: an epoch of the stand-in; what it returned, what became of W, and what really happened on the way."""
    train_epoch = function(student, "train_epoch")
    model = Model(inputs["W"])
    loss_layer = LogCoshLoss(model)
    X, Y = inputs["X"].copy(), inputs["Y"].copy()
    batches = np.split(np.arange(len(X))[inputs["order"]], inputs["cuts"])
    try:
        losses, accuracies = pair(
            train_epoch(model, loss_layer, X, Y, batches, inputs["learning_rate"]), "train_epoch"
        )
        out["losses"], out["accuracies"] = losses, accuracies
        out["X_after"], out["Y_after"] = X, Y
    finally:
        out["W"] = model.params["W"]
        out |= {f"{name}_calls": model.calls.count(name) for name in ("forward", "backward", "step")}
        record(model, loss_layer, len(batches), out)


def record(model: Model, loss_layer: LogCoshLoss, num_batches: int, out: Values) -> None:
    """Keep the loss and the scores that the stand-ins gave first after each number of updates."""
    values, scores = dict(reversed(loss_layer.values)), dict(reversed(model.scores))
    out["seen_losses"] = np.array([values.get(i, np.nan) for i in range(num_batches)])
    for i in range(num_batches):
        if i in scores:
            out[f"scores_{i}"] = scores[i]


def drive_evaluate(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#5: loss and accuracy of the stand-in, and whether it was left as it was."""
    evaluate = function(student, "evaluate")
    model = Model(inputs["W"])
    X, Y = inputs["X"].copy(), inputs["Y"].copy()
    out["loss"], out["accuracy"] = pair(evaluate(model, LogCoshLoss(model), X, Y), "evaluate")
    out["W"], out["X_after"], out["Y_after"] = model.params["W"], X, Y


def told_epoch(model, loss_layer, X, Y, batches, learning_rate=0.01):
    """Stand in for `train_epoch`: no training, but numbers that only these rows, in this order, can give."""
    losses, accuracies = [], []
    for rows in batches:
        losses.append(float(model.params["W"].sum() + X[rows].sum()))
        accuracies.append(float(Y[rows][:, 0].sum() + 0.01 * len(rows)))
        model.params["W"] += learning_rate * X[rows].mean()
    return losses, accuracies


def told_evaluation(model, loss_layer, X, Y):
    """Stand in for `evaluate`: numbers that only this set, with the weights as they are now, can give."""
    now = float(model.params["W"].sum())
    return now + X.sum(), now * len(Y)


def drive_train(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: some epochs, with stand-ins for `train_epoch` and `evaluate` as well."""
    train = function(student, "train")
    model = Model(inputs["W"])
    sets = [inputs[name].copy() for name in ("X", "Y", "X_val", "Y_val")]
    options = {name: inputs[name] for name in ("num_epochs", "batch_size", "learning_rate")}
    mine = {name: getattr(student, name, None) for name in ("train_epoch", "evaluate")}
    student.train_epoch, student.evaluate = told_epoch, told_evaluation
    try:
        history = train(model, LogCoshLoss(model), *sets, np.random.default_rng(inputs["seed"]), **options)
        if not isinstance(history, dict):
            raise ApiError(f"train returns a dict, but here it returned {type(history).__name__}")
        out |= {name: history[name] for name in HISTORIES if name in history}
    finally:
        for name, function_ in mine.items():
            setattr(student, name, function_)
        out["W"] = model.params["W"]
