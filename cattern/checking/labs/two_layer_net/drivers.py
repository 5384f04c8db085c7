"""Drivers of lab 1: the calls on a student's `TwoLayerNet`, and the raw arrays they give.

A driver decides nothing. `train` is driven with a stand-in for `loss` whose gradients are simple and known, so that an
error in the student's loss cannot cost the update; the stand-in writes down every minibatch and every parameter.
"""

import sys
from collections.abc import Mapping
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from cattern.checking.labs._driving import centred_differences, has_loop
from cattern.checking.probing import ApiError
from cattern.checking.rubric import Values

PARAMS = ("W1", "b1", "W2", "b2")


def build(student: ModuleType, inputs: Mapping, cls: type | None = None):
    """Return the student's network with the probe's parameters in it, each in the student's own shape.

    Raises:
        ApiError: the class or a parameter has another name or size than the lab asks for.
    """
    D, H = inputs["W1"].shape
    C = inputs["W2"].shape[1]
    net = (cls or network_class(student))(D, H, C, std=1e-4)
    params = getattr(net, "params", None)
    if not isinstance(params, dict):
        raise ApiError("TwoLayerNet has no dict self.params after __init__")
    for name in PARAMS:
        if name not in params:
            raise ApiError(f"self.params has no {name!r}: it has {sorted(map(str, params))}")
        if np.size(params[name]) != inputs[name].size:
            raise ApiError(
                f"self.params[{name!r}] has shape {np.shape(params[name])}, expected {inputs[name].shape}"
            )
        params[name] = inputs[name].reshape(np.shape(params[name])).copy()
    return net


def network_class(student: ModuleType) -> type:
    """Return the student's TwoLayerNet: a class, since the recorder derives from it.

    Raises:
        ApiError: there is none.
    """
    cls = getattr(student, "TwoLayerNet", None)
    if not isinstance(cls, type):
        raise ApiError("neural_net.py defines no class TwoLayerNet")
    return cls


@contextmanager
def kept(out: Values, after: str | None = None, **names: str):
    """Keep what a call had computed when it raised: local variables of the student's frames go into `out`.

    Args:
        out: the answer.
        after: name of a local; when the call had come as far as having it, the exception is another task's.
        names: name in `out` → name of the local variable.
    """
    try:
        yield
    except Exception as error:
        tb, found = error.__traceback__, {}
        while tb:
            found = tb.tb_frame.f_locals if "self" in tb.tb_frame.f_locals else found
            tb = tb.tb_next
        for key, local in names.items():
            if local in found:
                out[key] = found[local]
        if not (after and after in found and all(key in out for key in names)):
            raise


def drive_scores(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: `loss(X)`."""
    net = build(student, inputs)
    X = inputs["X"].copy()
    out["scores"] = net.loss(X)
    out["X"] = X
    out |= {f"param_{name}": net.params[name] for name in PARAMS}


def drive_loss(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: `loss(X, y, reg)` without regularisation, with it, with twice as much, again, and with huge scores."""
    net = build(student, inputs)
    net.wants_grads = False
    if inputs.get("style"):
        out["loop_free"] = not has_loop(student.__file__, "loss")
    X, y, reg = inputs["X"], inputs["y"], inputs["reg"]
    for key, strength in (("plain", 0.0), ("regularised", reg), ("doubled", 2 * reg), ("again", reg)):
        with kept(out, after="grads", **{key: "loss"}):
            out[key] = net.loss(X, y, reg=strength)[0]
    # A score of +1000 for the right class must give a loss of 0, not nan. A failure here is a matter of advice.
    spread = np.linspace(-1000, 1000, np.size(net.params["b2"]))
    net.params["b2"] = net.params["b2"] + spread.reshape(np.shape(net.params["b2"]))
    try:
        out["huge"] = net.loss(X, np.full_like(y, len(spread) - 1), reg=0.0)[0]
    except Exception:
        out["huge"] = np.nan


def drive_gradients(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: the gradients; again on another batch; and the centred differences of the student's own loss."""
    net = build(student, inputs)
    X, y, reg = inputs["X"], inputs["y"], inputs["reg"]
    grads = {}
    holder: Values = {}
    try:
        with kept(holder, grads="grads"):
            grads = net.loss(X, y, reg=reg)[1]
    finally:
        # gradients that were there before a later line raised still count
        grads = grads or holder.get("grads") or {}
        out |= {name: np.array(grads[name]) for name in PARAMS if name in grads}
        if isinstance(grads, dict) and not grads:
            out["no_grads"] = "loss returned no gradients"
    net.loss(X[::-1] * 0.5, y[::-1], reg=0.0)
    out |= {f"later_{name}": np.array(grads[name]) for name in PARAMS if name in grads}
    again = net.loss(X, y, reg=reg)[1]
    out |= {f"again_{name}": np.array(again[name]) for name in PARAMS if name in again}
    if inputs.get("own"):
        net.wants_grads = False
        for name in PARAMS:
            out[f"slopes_{name}"] = centred_differences(lambda: net.loss(X, y, reg=reg)[0], net.params[name])


class Recorder:
    """Stands in for the student's loss while `train` runs, and writes down what it is given."""

    def __init__(self, student: ModuleType, inputs: Mapping):
        recorder = self
        self.X, self.y, self.sizes, self.regs, self.rates = [], [], [], [], []
        self.after_first: dict[str, np.ndarray] = {}
        self.params: dict[str, list] = {name: [] for name in PARAMS}

        class Recorded(network_class(student)):
            def loss(self, X, y=None, reg=0.0):
                if y is None:
                    return np.zeros((len(X), np.size(self.params["b2"])))
                recorder.note(self, X, y, reg, sys._getframe(1).f_locals.get("learning_rate"))
                return np.float64(1.5), {
                    key: known_gradient(np.asarray(p), X) for key, p in self.params.items()
                }

            def predict(self, X):
                # `train` measures accuracy after the update and before the decay
                if len(recorder.sizes) == 1 and not recorder.after_first:
                    recorder.after_first = {name: np.array(self.params[name], dtype=float) for name in PARAMS}
                return np.zeros(len(X), dtype=int)

        self.net = build(student, inputs, Recorded)

    def note(self, net, X, y, reg, rate) -> None:
        """Write down one call."""
        X, y = np.array(X, dtype=float), np.array(y, dtype=float).reshape(-1)
        self.X.append(X.reshape(len(X), -1))
        self.y.append(y)
        self.sizes.append((len(X), len(y)))
        self.regs.append(float(reg))
        self.rates.append(float(rate) if isinstance(rate, int | float | np.number) else np.nan)
        for name in PARAMS:
            self.params[name].append(np.array(net.params[name], dtype=float))

    def train(self, inputs: Mapping, out: Values, prefix: str = "") -> None:
        """Run `train` and put the record into `out`, also when it raises."""
        X, y = inputs["X"].copy(), inputs["y"].copy()
        try:
            history = self.net.train(
                X,
                y,
                inputs["X_val"],
                inputs["y_val"],
                learning_rate=inputs["learning_rate"],
                learning_rate_decay=inputs["learning_rate_decay"],
                reg=inputs["reg"],
                num_iters=inputs["num_iters"],
                batch_size=inputs["batch_size"],
                verbose=inputs["verbose"],
            )
            if isinstance(history, dict):
                out |= {
                    f"{prefix}{k}": len(history[k])
                    for k in ("loss_history", "val_acc_history")
                    if k in history
                }
        finally:
            if self.sizes:
                self.write(out, prefix)
                out |= {f"{prefix}X_after": X, f"{prefix}y_after": y}

    def write(self, out: Values, prefix: str) -> None:
        """Put the record into `out`."""
        if len({x.shape[1] for x in self.X}) == 1:
            out[f"{prefix}batch_X"] = np.concatenate(self.X)
        out[f"{prefix}batch_y"] = np.concatenate(self.y)
        out[f"{prefix}sizes"] = np.array(self.sizes)
        out[f"{prefix}regs"] = np.array(self.regs)
        out[f"{prefix}named_rates"] = np.array(self.rates)
        out |= {f"{prefix}after_first_{name}": value for name, value in self.after_first.items()}
        for name in PARAMS:
            snapshots = [*self.params[name], np.array(self.net.params[name], dtype=float)]
            if len({s.shape for s in snapshots}) == 1:
                out[f"{prefix}path_{name}"] = np.stack(snapshots)


def known_gradient(param: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the stand-in's gradient: positive everywhere, different in every element, and a function of the batch."""
    ramp = np.linspace(1.0, 2.0, param.size).reshape(param.shape)
    return ramp + 0.1 * np.tanh(param) + 0.1 * np.tanh(np.mean(X))


def drive_minibatch(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: short training runs; what fails after the first minibatch is another task's."""
    for run in range(inputs["runs"]):
        np.random.seed(run)
        recorder = Recorder(student, inputs)
        try:
            recorder.train(inputs, out, prefix=f"{run}.")
        except Exception:
            if len(recorder.sizes) != 1:
                raise


def drive_update(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#5: a short run; what ends it after the first update and accuracy is another task's."""
    recorder = Recorder(student, inputs)
    try:
        recorder.train(inputs, out)
    except Exception:
        if len(recorder.sizes) != 1 or not recorder.after_first:
            raise
        out["ended_early"] = True


def drive_decay(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: a run whose learning rate decays, and one step of a run whose rate does not."""
    try:
        Recorder(student, inputs).train(inputs, out)
        Recorder(student, inputs).train(
            {**inputs, "learning_rate_decay": 1.0, "num_iters": 1}, out, prefix="flat."
        )
    except NotImplementedError:
        out.clear()  # a run that ends at a stub shows nothing of the decay
        raise


def drive_predict(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#7: `predict(X)`, and the student's own scores of the same X."""
    net = build(student, inputs)
    out["labels"] = labels = net.predict(inputs["X"].copy())
    out["whole"] = np.asarray(labels).dtype.kind in "iu"
    out["scores"] = net.loss(inputs["X"].copy())
