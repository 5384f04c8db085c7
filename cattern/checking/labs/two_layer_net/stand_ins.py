"""Stand-ins of lab 1: a loss whose gradients are simple and known, so that an error in the student's cannot cost the update.

While `train` runs, the loss writes down every minibatch and every parameter.
"""

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from cattern.checking.agent import commands
from cattern.checking.agent.values import Noted
from cattern.checking.lab import Values
from cattern.checking.labs.two_layer_net.network import PARAMS, build, network_class
from cattern.checking.remote import beside
from cattern.checking.run import ApiError

ENOUGH = 20  # draws for each row of X: one that never comes is no accident


class Recorder:
    """Stands in for the student's loss while `train` runs, and writes down what it is given.

    Args:
        student: the student's module.
        inputs: the probe's.
        own: of another recorder with the same inputs; None asks the student's own loss.
    """

    def __init__(self, student, inputs: Mapping, own: Mapping | None = None):
        self.student = student
        self.start()
        predict = beside(student, commands.changing_label, len(inputs["b2"]), self.measure)
        methods = {"loss": self.loss, "predict": predict}
        net = network_class(student)
        self.recorded = beside(student, commands.extend, net, methods, peek=("learning_rate",))
        self.net = build(student, inputs, self.recorded)
        self.own = own_gradients(student, inputs, net, self.net) if own is None else own

    def start(self) -> None:
        """Have nothing written down."""
        self.X, self.y, self.regs, self.rates, self.grads = [], [], [], [], []
        self.after_first: dict[str, np.ndarray] = {}
        self.measured = False  # whether a prediction was asked for after the first call
        self.params: dict[str, list] = {name: [] for name in PARAMS}

    def start_over(self, inputs: Mapping) -> None:
        """Be ready for another run, of a new network; after the first run, nobody asks for `after_first`."""
        self.start()
        self.net = build(self.student, inputs, self.recorded)

    def loss(self, net, seen: Mapping, X, y=None, reg=0.0, *_):
        """Stand in for `loss`: zeros without labels, else a known loss and known gradients."""
        params = net.params
        if y is None:
            return np.zeros((len(X), np.size(params["b2"])))
        return np.float64(1.5), self.note(params, X, y, reg, seen.get("learning_rate"))

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """The rows of X and the labels of every minibatch."""
        return [(len(X), len(y)) for X, y in zip(self.X, self.y, strict=True)]

    def snapshot(self) -> dict[str, np.ndarray]:
        """Return the parameters of the network that is trained, as they are now."""
        params = self.net.params
        return {name: snapshot_of(params, name) for name in PARAMS}

    def note(self, params: Mapping, X, y, reg, rate) -> Noted:
        """Write down one call, and return its gradients."""
        X, y = np.array(X, dtype=float), np.array(y, dtype=float).reshape(-1)
        shift = shift_of(X)
        grads = {
            key: in_shape(known_gradient(np.asarray(p), shift), self.own.get(key))
            for key, p in params.items()
            if np.asarray(p).dtype.kind in "biuf"
        }
        self.X.append(X.reshape(len(X), math.prod(X.shape[1:])))  # of no rows, too
        self.y.append(y)
        self.regs.append(float(reg))
        self.rates.append(float(rate) if isinstance(rate, int | float | np.number) else np.nan)
        self.grads.append(Noted(grads, order=self.own))
        for name in PARAMS:
            self.params[name].append(snapshot_of(params, name))
        return self.grads[-1]

    def measure(self) -> bool:
        """Keep the parameters at the first prediction after the first update, where the decay is still to come.

        Tell whether that is done, or its time is over.
        """
        if len(self.X) == 1 and not self.after_first:
            self.measured, now = True, self.snapshot()
            if any(not np.array_equal(now[name], path[0]) for name, path in self.params.items()):
                self.after_first = now
        return bool(self.after_first) or len(self.X) > 1

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
        except BaseException:  # of a loop that was stopped, too
            self.forget_repeats()
            raise
        finally:
            if self.X:
                self.forget_looks(inputs["num_iters"])
                self.write(out, prefix)
                out |= {f"{prefix}X_after": X, f"{prefix}y_after": y}
            del self.net, self.grads  # what nobody needs is not looked at in every exchange

    def forget_looks(self, num_iters: int) -> None:
        """Drop the calls whose gradients nobody read, when there are more than iterations: those only looked at a loss."""
        steps = [i for i, grads in enumerate(self.grads) if grads.read]
        if len(self.grads) > num_iters and steps:
            self._keep(steps)

    def forget_repeats(self) -> None:
        """Drop the calls that had the minibatch of the call before, whose gradients nobody read: something else came of that one."""
        calls = [(X.tobytes(), y.tobytes()) for X, y in zip(self.X, self.y, strict=True)]
        self._keep(
            [i for i, one in enumerate(calls) if not i or one != calls[i - 1] or self.grads[i - 1].read]
        )

    def _keep(self, steps: list[int]) -> None:
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


def snapshot_of(params: Mapping, name: str) -> np.ndarray:
    """Return a parameter as it is now; a bias as a vector, because an update may make a row of it."""
    now = np.array(params[name], dtype=float)
    return now.reshape(-1) if name.startswith("b") else now


def own_gradients(student, inputs: Mapping, cls, net) -> dict[str, tuple[int, ...] | None]:
    """Return the names of the gradients that the student's own loss gives, in its order, and the shapes of those of biases.

    The stand-in answers like it: code that trusts the order, or a row of shape (1, H), is as right, or as wrong, as it is
    with the student's loss. None is the shape of the parameter.
    """
    args = (net, inputs["X"][:3].copy(), inputs["y"][:3].copy())
    found = beside(student, commands.outcome_of, getattr(cls, "loss", None), args, {"reg": inputs["reg"]})
    grads = found[1] if isinstance(found, tuple | list) and len(found) == 2 else {}
    if not isinstance(grads, Mapping):
        return {}
    return {
        name: np.shape(grad) if name.startswith("b") else None
        for name, grad in grads.items()
        if name in PARAMS
    }


def in_shape(array: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """Return an array in another shape, or as it is where there is none that fits."""
    return array.reshape(shape) if shape is not None and array.size == math.prod(shape) else array


def shift_of(X: np.ndarray) -> float:
    """Return what a batch adds to every gradient."""
    return 0.1 * np.tanh(np.mean(X)) if X.size else 0.0


def known_gradient(param: np.ndarray, shift: float) -> np.ndarray:
    """Return the stand-in's gradient: positive everywhere, different in every element, and a function of the batch."""
    return _ramp(param.shape) + 0.1 * np.tanh(param) + shift


@lru_cache(maxsize=8)
def _ramp(shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape)
    return 1.0 + np.arange(size).reshape(shape) / size
