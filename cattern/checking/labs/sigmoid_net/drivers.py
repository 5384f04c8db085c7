"""Drivers of lab 5: the calls on a student's `scalar_net` and `sigmoid_net`, and the raw arrays they give.

A driver decides nothing. What a function builds on is replaced by a stand-in, so that one error is one error.
"""

import contextlib
from collections.abc import Mapping
from functools import partial
from types import ModuleType

import numpy as np

from cattern.checking.agent import commands
from cattern.checking.lab import Values
from cattern.checking.labs import _driving
from cattern.checking.labs._driving import STEP, dict_from, replaced, unpacked
from cattern.checking.labs._stand_ins import Map, Network
from cattern.checking.labs.sigmoid_net.stand_ins import NAMES, NotingLoss, SmallNet, bend
from cattern.checking.remote import beside

FAR = 20.0  # where the sigmoid is close to 0 and 1: in single precision, it is 1

# students write two files here: the path says which
named = partial(_driving.named, missing="{name} is missing from cattern/{file}")


def params_of(inputs: Mapping) -> dict[str, float]:
    """Return the nine parameters of a probe as plain floats."""
    return dict(zip(NAMES, inputs["params"].tolist(), strict=True))


def drive_sigmoid(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: the sigmoid of some numbers, one by one."""
    sigmoid = named(student, "sigmoid")
    out["s"] = [sigmoid(z) for z in inputs["z"].tolist()]


def drive_scalar_forward(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: both hidden units and the output of one point, with a sigmoid that is right."""
    forward, params = named(student, "scalar_forward"), params_of(inputs)
    try:
        with replaced(student, sigmoid=lambda z: float(bend(inputs["curve"], z))):
            result = forward(params, inputs["x1"], inputs["x2"])
    finally:
        out["params_after"] = [params.get(name, np.nan) for name in NAMES]
    out["h1"], out["h2"], out["o"] = unpacked(result, 3, "scalar_forward returns h1, h2 and o")


def drive_scalar_backward(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: the nine derivatives, from hidden units and an output that are right."""
    backward, params = named(student, "scalar_backward"), params_of(inputs)
    try:
        grads = backward(params, *(inputs[name] for name in ("x1", "x2", "t", "h1", "h2", "o")))
    finally:
        out["params_after"] = [params.get(name, np.nan) for name in NAMES]
    grads = dict_from(grads, "scalar_backward")
    out |= {name: grads[name] for name in NAMES if name in grads}
    # what it gives at the other target tells whether the derivatives are derived
    with contextlib.suppress(Exception):
        args = {**inputs, "t": 1.0 - inputs["t"]}
        other = backward(params_of(inputs), *(args[name] for name in ("x1", "x2", "t", "h1", "h2", "o")))
        out["others"] = [other[name] for name in NAMES]


def drive_train_scalar(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: a short run on a network that is right; its losses, the parameters after it, the outputs on the way."""
    train, params, net = named(student, "train_scalar"), params_of(inputs), SmallNet(inputs["curve"])
    points = [tuple(point) for point in inputs["points"].tolist()]
    rng = np.random.default_rng(inputs["seed"])
    stand_ins = {"scalar_forward": net.forward, "scalar_backward": net.backward}
    with replaced(student, sigmoid=lambda z: float(bend(inputs["curve"], z)), **stand_ins):
        losses = train(params, points, rng, inputs["num_epochs"], inputs["learning_rate"])
    out["losses"] = losses
    out["params_after"] = [params.get(name, np.nan) for name in NAMES]
    out["visits"] = np.array(net.visits).reshape(-1, 3)


def drive_forward(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#5: the layer's output, its dtype for float32, and whether exp() overflows on the way."""
    layer = named(student, "Sigmoid")()
    Z = inputs["Z"].copy()
    out |= {name: True for name in ("same_dtype", "calm") if name in inputs}  # not blamed where it raises
    try:
        out["S"] = layer.forward(Z)
    finally:
        out["Z_after"] = Z
    out["goes_back"] = goes_back(layer, inputs["Z"])
    if "same_dtype" in inputs:
        single = layer.forward(inputs["Z"].astype(np.float32))
        out["same_dtype"] = getattr(single, "dtype", None) == np.float32
    if "calm" in inputs:
        out["calm"] = beside(student, commands.call_strictly, layer.forward, inputs["Z"].copy())


def goes_back(layer, Z: np.ndarray) -> bool:
    """Tell whether `backward` gives after the student's `forward` what it gives when `self.S` is that output.

    A backward pass that raises, or is not written, says nothing against the forward pass.
    """
    try:
        S = np.array(layer.forward(Z.copy()))
        own = np.array(layer.backward(np.ones(Z.shape)))
        layer.S = S
        return bool(np.allclose(own, layer.backward(np.ones(Z.shape)), equal_nan=True))
    except Exception:
        return True


def drive_backward(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: the gradient when `self.S` is right; and the centred differences of the student's own forward pass."""
    layer = named(student, "Sigmoid")()
    with contextlib.suppress(Exception):  # an error of TODO#5 is another task's
        layer.forward(inputs["Z"].copy())
    layer.S = inputs["S"].copy()
    dout = inputs["dout"].copy()
    try:
        out["dZ"] = layer.backward(dout)
    finally:
        out["dout_after"] = dout
    if "own" in inputs:
        with contextlib.suppress(Exception):
            sides = [layer.forward(inputs["Z"] + sign * STEP) for sign in (1, -1)]
            layer.forward(inputs["Z"].copy())
            out["own_dZ"] = layer.backward(inputs["dout"].copy())
            out["own_slope"] = inputs["dout"] * (sides[0] - sides[1]) / (2 * STEP)
        with contextlib.suppress(Exception):  # the slope is the same on both sides; differences near 1 drown
            Z = FAR + np.abs(inputs["Z"])
            for key, side in (("near", -1), ("far", 1)):
                layer = named(student, "Sigmoid")()
                layer.S = np.array(layer.forward(side * Z))  # what TODO#5 keeps wrongly is another task's
                out[f"{key}_dZ"] = layer.backward(inputs["dout"].copy())


def drive_train(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#7: a short run of the stand-ins; its losses, the weights after it, and the losses that were really computed."""
    train, layer = named(student, "train"), Map(inputs["W"])
    model, loss_layer = Network(layer), NotingLoss(layer)
    X, y = inputs["X"].copy(), inputs["y"].copy()
    rng = np.random.default_rng(inputs["seed"])
    try:
        history = train(
            model, loss_layer, X, y, inputs["X_val"], inputs["y_val"], rng,
            num_epochs=inputs["num_epochs"], batch_size=inputs["batch_size"], learning_rate=inputs["learning_rate"],
        )  # fmt: skip
        if isinstance(history, dict) and "loss_history" in history:
            out["losses"] = history["loss_history"]
    finally:
        layer.note()
        out["W"] = layer.params["W"]
        out["backwards"], out["steps"] = layer.calls.count("backward"), layer.calls.count("step")
        out["X_after"], out["y_after"] = X, y
        out["seen"] = np.array(loss_layer.seen, dtype=float).reshape(-1, 2)


def drive_predict(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#8: the labels that a stand-in's scores mean."""
    out["whole"] = True  # not blamed where it raises
    labels = named(student, "predict")(Network(Map(inputs["W"])), inputs["X"].copy())
    out["labels"] = labels
    out["whole"] = np.asarray(labels).dtype.kind in "iu"


def drive_moving_average(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#9: a smoothed list."""
    smooth, values = named(student, "moving_average"), inputs["values"].tolist()
    out["means"] = smooth(values, inputs["window"]) if inputs["window"] else smooth(values)
