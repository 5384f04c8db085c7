"""Stand-ins of lab 2: layers so simple that nothing in them can be wrong.

`Sequential`, `train` and `validate` are driven with these, so that an error in a student's layer cannot cost them.
"""

import numpy as np

from cattern.checking.labs._stand_ins import NotingLayer, called


@called("Layer")
class PlainLayer:
    """Bends its input, number `k` in its own way; the order of two of them matters."""

    offers = ("params", "grads", "forward", "backward")

    def __init__(self, k: int):
        self.k, self.forwards, self.backwards = k, 0, 0
        self.params, self.grads = {}, {}

    def forward(self, X):
        """Return a bent copy of X, one column wider."""
        self.forwards += 1
        X = np.asarray(X)
        return np.hstack([np.tanh(X) * (self.k + 2) + 0.3 * self.k, X[:, :1] + self.k])

    def backward(self, dout):
        """Return a bent copy of dout, one column narrower."""
        self.backwards += 1
        return np.tanh(np.asarray(dout)[:, :-1]) * (self.k + 3) - 0.2 * self.k


@called("Layer")
class PlainScores(NotingLayer):
    """A layer of one parameter array `w`: the score of class c is w[c] times the mean of the row, plus its first number."""

    def __init__(self, w: np.ndarray):
        super().__init__("w", w)
        self.sizes: list[int] = []

    def forward(self, X):
        """Return the scores (N, C), and write down the batch's size."""
        self.note("forward")
        self.sizes.append(len(X))
        self.means = np.mean(X, axis=1)[:, None]
        return self.params["w"] * self.means + X[:, :1] * np.arange(self.params["w"].size)

    def backward(self, dout):
        """Add the gradient of w."""
        self.note("backward")
        self.grads["w"] += np.sum(dout * self.means, axis=0)
        return dout


@called("list")
class Watched(list):
    """Minibatches that write down the parameter of a layer whenever the next one is taken."""

    offers = ("__iter__",)

    def __init__(self, batches, layer: PlainScores):
        super().__init__(batches)
        self.layer, self.path = layer, []

    def __iter__(self):
        for rows in super().__iter__():
            self.path.append(self.layer.params["w"].copy())
            yield rows
