"""Stand-ins of lab 1: a loss whose gradients are simple and known, so that an error in the student's cannot cost the update.

While `train` runs, the loss writes down every minibatch and every parameter.
"""

import sys
from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs.two_layer_net.network import PARAMS, build, network_class
from cattern.checking.run import ApiError


class Gradients(dict):
    """The stand-in's gradients: a dict that knows whether it was read.

    Its `values` come in the order of the student's own loss, as they do where nothing stands in: code that trusts
    that order is as right, or as wrong, as it is there.
    """

    def __init__(self, grads: Mapping, own_order):
        super().__init__(grads)
        self.read, self._own_order = False, own_order

    def __getitem__(self, key):
        """Return one gradient."""
        self.read = True
        return super().__getitem__(key)

    def __iter__(self):
        """Go through the names."""
        self.read = True
        return super().__iter__()

    def get(self, key, default=None):
        """Return one gradient, or the default."""
        self.read = True
        return super().get(key, default)

    def items(self):
        """Return pairs of name and gradient."""
        return {key: self[key] for key in dict.keys(self)}.items()

    def values(self):
        """Return the gradients in the student's own order."""
        order = [key for key in self._own_order() if key in self]
        return {key: self[key] for key in (*order, *dict.keys(self))}.values()


class Recorder:
    """Stands in for the student's loss while `train` runs, and writes down what it is given."""

    def __init__(self, student, inputs: Mapping):
        recorder = self
        self.X, self.y, self.regs, self.rates, self.grads = [], [], [], [], []
        self.after_first: dict[str, np.ndarray] = {}
        self.asked, self.measured = (
            0,
            False,
        )  # predictions so far; whether one was asked for after the first call
        self.params: dict[str, list] = {name: [] for name in PARAMS}
        own = network_class(student)

        class Recorded(own):
            def loss(self, X, y=None, reg=0.0):
                if y is None:
                    return np.zeros((len(X), np.size(self.params["b2"])))

                def own_order():
                    try:
                        return [*own.loss(self, np.array(X), np.array(y), reg=reg)[1]]
                    except Exception:
                        return [*self.params]

                rate = sys._getframe(1).f_locals.get("learning_rate")
                shift = shift_of(X)
                grads = {
                    key: known_gradient(np.asarray(p), shift)
                    for key, p in self.params.items()
                    if np.asarray(p).dtype.kind in "biuf"
                }
                return np.float64(1.5), recorder.note(self, X, y, reg, rate, Gradients(grads, own_order))

            def predict(self, X):
                return np.full(len(X), recorder.measure() % np.size(self.params["b2"]))

        self.net = build(student, inputs, Recorded)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """The rows of X and the labels of every minibatch."""
        return [(len(X), len(y)) for X, y in zip(self.X, self.y, strict=True)]

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return the parameters of the network that is trained, as they are now."""
        return {name: np.array(self.net.params[name], dtype=float) for name in PARAMS}

    def note(self, net, X, y, reg, rate, grads: Gradients) -> Gradients:
        """Write down one call, and return its gradients."""
        X, y = np.array(X, dtype=float), np.array(y, dtype=float).reshape(-1)
        self.X.append(X.reshape(len(X), -1))
        self.y.append(y)
        self.regs.append(float(reg))
        self.rates.append(float(rate) if isinstance(rate, int | float | np.number) else np.nan)
        self.grads.append(grads)
        for name in PARAMS:
            self.params[name].append(np.array(net.params[name], dtype=float))
        return grads

    def measure(self) -> int:
        """Return the number of predictions so far: a label, so that accuracies rise and fall.

        The first after the first update keeps the parameters: the decay is still to come there.
        """
        if len(self.X) == 1 and not self.after_first:
            self.measured, now = True, self.snapshot()
            if any(not np.array_equal(now[name], path[0]) for name, path in self.params.items()):
                self.after_first = now
        self.asked += 1
        return self.asked

    def train(self, inputs: Mapping, out: Values, prefix: str = "") -> None:
        """Run `train` and put the record into `out`, also when it raises.

        Raises:
            ApiError: `train` made no call of `loss`.
        """
        X, y = inputs["X"].copy(), inputs["y"].copy()
        options = ("learning_rate", "learning_rate_decay", "reg", "num_iters", "batch_size", "verbose")
        try:
            history = self.net.train(
                X, y, inputs["X_val"], inputs["y_val"], **{name: inputs[name] for name in options}
            )
            if isinstance(history, dict):
                out |= {
                    f"{prefix}{k}": len(history[k])
                    for k in ("loss_history", "val_acc_history")
                    if k in history
                }
            if not self.X:
                raise ApiError(
                    f"with num_iters={inputs['num_iters']}, `train` never called self.loss(X_batch, y_batch)"
                )
        finally:
            if self.X:
                self.forget_looks(inputs["num_iters"])
                self.write(out, prefix)
                out |= {f"{prefix}X_after": X, f"{prefix}y_after": y}

    def forget_looks(self, num_iters: int) -> None:
        """Drop the calls whose gradients nobody read, when there are more than iterations: those only looked at a loss."""
        steps = [i for i, grads in enumerate(self.grads) if grads.read]
        if len(self.grads) > num_iters and steps:
            for record in (self.X, self.y, self.regs, self.rates, self.grads, *self.params.values()):
                record[:] = [record[i] for i in steps]

    def write(self, out: Values, prefix: str) -> None:
        """Put the record into `out`."""
        if len({x.shape[1] for x in self.X}) == 1:
            out[f"{prefix}batch_X"] = np.concatenate(self.X)
        out[f"{prefix}batch_y"] = np.concatenate(self.y)
        out[f"{prefix}sizes"] = np.array(self.sizes)
        out[f"{prefix}regs"] = np.array(self.regs)
        out[f"{prefix}named_rates"] = np.array(self.rates)
        out |= {f"{prefix}after_first_{name}": value for name, value in self.after_first.items()}
        for name, value in self.snapshot().items():
            snapshots = [*self.params[name], value]
            if len({s.shape for s in snapshots}) == 1:
                out[f"{prefix}path_{name}"] = np.stack(snapshots)


def shift_of(X: np.ndarray) -> float:
    """Return what a batch adds to every gradient."""
    return 0.1 * np.tanh(np.mean(X))


def known_gradient(param: np.ndarray, shift: float) -> np.ndarray:
    """Return the stand-in's gradient: positive everywhere, different in every element, and a function of the batch."""
    ramp = 1.0 + np.arange(param.size).reshape(param.shape) / param.size
    return ramp + 0.1 * np.tanh(param) + shift
