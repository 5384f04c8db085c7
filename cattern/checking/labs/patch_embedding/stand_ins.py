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


@called("Generator")
class InOrder:
    """A Generator that leaves nothing to chance: it draws in order and shuffles nothing.

    All correct ways of drawing rows give the same ones with it, so what a student's code has on the way can be compared.
    It serves where places are looked for, and no mark comes of it.
    """

    offers = ("choice", "integers", "permutation", "permuted", "random", "shuffle")

    def __init__(self):
        self.drawn = 0  # numbers drawn one by one: a loop that waits for another one gets it

    def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
        """Return the first elements; each twice when they are put back.

        Raises:
            ValueError: there are not so many.
        """
        pool = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
        if size is None:
            return pool[self.integers(len(pool))]
        count = int(np.prod(size))
        if count > len(pool) and not replace:
            raise ValueError("Cannot take a larger sample than population when replace is False")
        places = np.arange(count) // 2 % max(len(pool), 1) if replace else np.arange(count)
        return pool[places].reshape(*np.atleast_1d(size), *pool.shape[1:])

    def integers(self, low, high=None, size=None, **options):
        """Return whole numbers in order, from `low` on."""
        low, high = (0, low) if high is None else (low, high)
        if size is None:
            self.drawn += 1
            return low + (self.drawn - 1) % (high - low)
        return low + np.arange(int(np.prod(size))).reshape(size) % (high - low)

    def random(self, size=None, **options):
        """Return numbers from 0 to 1 that rise."""
        if size is None:
            self.drawn += 1
            return self.drawn / (self.drawn + 1)
        count = int(np.prod(size))
        return (np.arange(count).reshape(size) + 0.5) / max(count, 1)

    def permutation(self, x, axis=0):
        """Return a copy, or the numbers below `x`."""
        return np.arange(x) if np.ndim(x) == 0 else np.array(x)

    def permuted(self, x, **options):
        """Return a copy."""
        return np.array(x)

    def shuffle(self, x, axis=0):
        """Leave everything where it is."""
