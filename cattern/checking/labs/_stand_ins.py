"""Stand-ins that several labs train with: a network of one layer, and a loss with other numbers than the real one."""

from inspect import isfunction

import numpy as np


def called(name: str):
    """Return a decorator that lets a class go by another name: a student reads it when an exception speaks of the class."""

    def rename(cls: type) -> type:
        cls.__name__ = cls.__qualname__ = name
        for key, value in vars(cls).items():
            if isfunction(value):
                value.__qualname__ = f"{name}.{key}"
        return cls

    return rename


@called("Sequential")
class Network:
    """A network of one layer. As in a `Sequential`, the parameters are its layer's, and `params` of the network is empty."""

    offers = ("params", "grads", "layers", "forward", "backward", "zero_grad", "step")

    def __init__(self, layer):
        self.params, self.grads, self.layers = {}, {}, [layer]
        self.forward, self.backward = layer.forward, layer.backward
        self.zero_grad, self.step = layer.zero_grad, layer.step


@called("Layer")
class NotingLayer:
    """The beginnings of a layer with one parameter. It writes down its calls and where the parameter went, whoever moved it.

    In `calls` a move by hand is a "step", like a call of `step`: both are correct styles.
    """

    offers = ("params", "grads", "forward", "backward", "zero_grad", "step", "X")

    def __init__(self, name: str, value: np.ndarray):
        self.name = name
        self.params, self.grads = {name: value.copy()}, {name: np.zeros(value.shape)}
        self.calls: list[str] = []
        self.path = [value.copy()]

    def note(self, call: str = "") -> None:
        """Write down a call, and before it a step if the parameter has moved since the last one."""
        if self._moved():
            self.calls.append("step")
        if call:
            self.calls.append(call)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.note("zero_grad")
        self.grads[self.name][...] = 0.0

    def step(self, learning_rate) -> None:
        """Move against the gradient."""
        self.note("step")
        self.params[self.name] -= np.multiply(learning_rate, self.grads[self.name])
        self._moved()

    def _moved(self) -> bool:
        moved = not np.array_equal(self.path[-1], self.params[self.name])
        if moved:
            self.path.append(np.array(self.params[self.name]))
        return moved


@called("Linear")
class Map(NotingLayer):
    """A layer, scores X W. It has everything that a layer has."""

    def __init__(self, W: np.ndarray):
        super().__init__("W", W)
        self.X = None

    def forward(self, X) -> np.ndarray:
        """Return the scores (N, C) of a batch."""
        self.note("forward")
        self.X = batch(X, len(self.params["W"]))
        return np.einsum("nd,dc->nc", self.X, self.params["W"])

    def backward(self, dout) -> np.ndarray:
        """Add to the gradient; return that in X."""
        self.note("backward")
        self.grads["W"] += np.einsum("nd,nc->dc", self.X, dout)
        return np.einsum("nc,dc->nd", dout, self.params["W"])


@called("SoftmaxCrossEntropy")
class TanhLoss:
    """Stands in for softmax and cross-entropy: `probs` is tanh of the scores, and the loss is what has probs − targets as its gradient.

    So it serves those who ask it for the gradient and those who compute it from `probs` and `targets`. Its derivative is
    bounded, so no run explodes.
    """

    offers = ("forward", "backward", "probs", "targets")

    def __init__(self):
        self.probs = self.targets = self.gradient = None

    def forward(self, scores, y) -> float:
        """Return the mean loss of a batch; `y` holds labels or one-hot rows, as the real one takes both."""
        scores, y = np.asarray(scores, dtype=float), np.asarray(y)
        self.targets = y * 1.0 if y.ndim == 2 else np.eye(scores.shape[1])[y]
        self.probs = np.tanh(scores)
        self.gradient = (np.tanh(scores) - self.targets) / len(scores)
        return float(np.mean(np.sum(np.logaddexp(scores, -scores) - self.targets * scores, axis=1)))

    def backward(self) -> np.ndarray:
        """Return the gradient of the mean loss in the scores.

        Raises:
            RuntimeError: nothing has gone forward yet.
        """
        if self.gradient is None:
            raise RuntimeError("the loss layer goes back before it has gone forward")
        return self.gradient.copy()


def batch(X, num_features: int) -> np.ndarray:
    """Return what a layer was given as an array of rows.

    Raises:
        ValueError: it is none, or its rows have another length.
    """
    X = np.array(X)
    if X.ndim != 2 or X.shape[1] != num_features:
        raise ValueError(f"a layer for rows of {num_features} numbers was given an array of shape {X.shape}")
    return X
