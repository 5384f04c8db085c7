"""Stand-ins of lab 2: layers, a network and a loss so simple that nothing in them can be wrong.

`Sequential`, `train` and `validate` are driven with these, so that an error in a student's layer cannot cost them.
"""

import numpy as np


class PlainLayer:
    """Bends its input, number `k` in its own way; the order of two of them matters."""

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


class PlainModel:
    """A network of one parameter array `w`: the score of class c is w[c] times the mean of the row, plus its first number."""

    def __init__(self, w: np.ndarray):
        self.params, self.grads = {"w": w.copy()}, {"w": np.zeros_like(w)}
        self.layers = [self]
        self.sizes, self.calls = [], []

    def forward(self, X):
        """Return the scores (N, C), and write down the batch's size."""
        self.calls.append(1)
        self.sizes.append(len(X))
        self.means = np.mean(X, axis=1)[:, None]
        return self.params["w"] * self.means + X[:, :1] * np.arange(self.params["w"].size)

    def backward(self, dout):
        """Add the gradient of w."""
        self.calls.append(2)
        self.grads["w"] += np.sum(dout * self.means, axis=0)
        return dout

    def zero_grad(self):
        """Forget the gradient."""
        self.calls.append(0)
        self.grads["w"].fill(0)

    def step(self, learning_rate):
        """Move w."""
        self.calls.append(3)
        self.params["w"] -= learning_rate * self.grads["w"]


class PlainLoss:
    """The mean of |score of the label − 1|, times a weight that differs from label to label."""

    def forward(self, scores, y):
        """Return the mean loss of a batch."""
        self.probs = np.asarray(scores)  # as good as probabilities for finding the highest
        self.rows, self.y, self.shape = np.arange(len(y)), np.asarray(y), np.shape(scores)
        self.gap = np.asarray(scores)[self.rows, self.y] - 1
        return float(np.mean(np.abs(self.gap) * (1 + self.y)))

    def backward(self):
        """Return the gradient of the mean loss in the scores."""
        dscores = np.zeros(self.shape)
        dscores[self.rows, self.y] = np.sign(self.gap) * (1 + self.y) / len(self.y)
        return dscores


class Watched(list):
    """Minibatches that write down the parameter of a PlainModel whenever the next one is taken."""

    def __init__(self, batches, model: PlainModel):
        super().__init__(batches)
        self.model, self.path = model, []

    def __iter__(self):
        for rows in super().__iter__():
            self.path.append(self.model.params["w"].copy())
            yield rows
