"""Stand-ins of lab 4: layers and a loss so simple that nothing in them can be wrong.

The networks are built from `PlainLinear` and `PlainReLU`, and `train` and `evaluate` are driven with `Map` and
`NotingLoss`, so that an error in a layer, or in another task, cannot cost them.
"""

import numpy as np

from cattern.checking.labs._stand_ins import Map, TanhLoss, batch, called


@called("LinearMap")
class PlainLinear:
    """An affine map with everything that a linear layer of lab 2 has."""

    offers = ("params", "grads", "forward", "backward", "zero_grad", "step", "X")

    def __init__(self, W: np.ndarray, b: np.ndarray):
        self.params = {"W": W.copy(), "b": b.copy()}
        self.grads = {name: np.zeros(array.shape) for name, array in self.params.items()}
        self.X = None

    def forward(self, X):
        """Return the map of every row."""
        self.X = batch(X, len(self.params["W"]))
        return np.einsum("nd,dh->nh", self.X, self.params["W"]) + self.params["b"]

    def backward(self, dout):
        """Add to the gradients; return the gradient in X."""
        self.grads["W"] += np.einsum("nd,nh->dh", self.X, dout)
        self.grads["b"] += np.einsum("nh->h", dout)
        return np.einsum("nh,dh->nd", dout, self.params["W"])

    def zero_grad(self):
        """Forget the gradients."""
        for grad in self.grads.values():
            grad[...] = 0.0

    def step(self, learning_rate):
        """Move against the gradients."""
        for name in self.params:
            self.params[name] -= np.multiply(learning_rate, self.grads[name])


@called("ReLU")
class PlainReLU:
    """A rectifier."""

    offers = ("params", "grads", "forward", "backward", "zero_grad", "step", "Z")

    def __init__(self):
        self.params, self.grads = {}, {}
        self.Z = None

    def forward(self, Z):
        """Return the positive part."""
        self.Z = np.array(Z)
        return np.where(self.Z > 0, self.Z, 0.0)

    def backward(self, dout):
        """Return the gradient in Z."""
        return np.where(self.Z > 0, dout, 0.0)

    def zero_grad(self):
        """Do nothing."""

    def step(self, learning_rate):
        """Do nothing."""


@called("SoftmaxCrossEntropyLoss")
class NotingLoss(TanhLoss):
    """Writes down each loss, with how far the training was."""

    def __init__(self, layer: Map):
        super().__init__()
        self.layer = layer
        self.backwards = 0
        self.values: list[tuple[tuple[int, int], float]] = []  # how far the training was, loss

    def forward(self, scores, y):
        """Return the loss of a batch."""
        value = super().forward(scores, y)
        self.values.append(((len(self.layer.path), self.backwards), value))
        return value

    def backward(self):
        """Return the derivative in the scores."""
        self.backwards += 1
        return super().backward()
