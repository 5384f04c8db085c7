"""Drivers of lab 4: the calls on a student's `binary_mlp`, and the raw arrays they give.

A driver decides nothing. Networks are built from stand-in layers; before a backward pass is judged, the stand-ins go
forward once in the right order, so that an error in the student's `forward` cannot cost `backward`.
"""

import contextlib
from collections.abc import Callable, Mapping
from types import ModuleType

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._driving import (
    attempt,
    centred_differences,
    dict_from,
    excused,
    named,
    replaced,
    unpacked,
)
from cattern.checking.labs._stand_ins import Map, Network, TanhLoss
from cattern.checking.labs.binary_mlp.stand_ins import NotingLoss, PlainLinear, PlainReLU
from cattern.checking.run import ApiError

CHAINS = {
    "SingleLayerMLP": ("linear1", "relu", "linear2"),
    "TwoHiddenLayerMLP": ("linear1", "relu1", "linear2", "relu2", "linear3"),
}
# Between such numbers the differences of a small step drown; what is derived stays as it is, to the last bit.
FAR = 2.0**20
SHIFT = 64.0  # of all logits: it changes no probability
HISTORIES = ("train_loss_history", "train_acc_history", "test_loss_history", "test_acc_history")


def method(student: ModuleType, cls: str, name: str, *args) -> Callable:
    """Return a method of a new object of the student's.

    Raises:
        ApiError: there is no such class or method.
    """
    found = getattr(named(student, cls)(*args), name, None)
    if not callable(found):
        raise ApiError(f"{cls} has no method {name}")
    return found


def drive_loss_by_index(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: the loss of one example."""
    logits = inputs["logits"].copy()
    out["loss"] = method(student, "SoftmaxCrossEntropyLoss", "loss_by_index")(logits, inputs["label"])
    out["logits_after"] = logits


def drive_gradient_by_index(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: the gradient of one example's loss, and the centred differences of the student's own loss."""
    logits, label = inputs["logits"].copy(), inputs["label"]
    out["dlogits"] = method(student, "SoftmaxCrossEntropyLoss", "gradient_by_index")(logits, label)
    out["logits_after"] = logits
    own = getattr(named(student, "SoftmaxCrossEntropyLoss")(), "loss_by_index", None)
    if attempt(own, inputs["logits"].copy(), label) is None:
        logits = inputs["logits"].copy()
        out["slopes"] = centred_differences(student, own, logits, logits, label)
    with contextlib.suppress(Exception):
        gradient = method(student, "SoftmaxCrossEntropyLoss", "gradient_by_index")
        out["far_dlogits"] = gradient(inputs["logits"] + SHIFT, label)


def drive_gradients_by_index(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: the three gradients of a linear map for one example."""
    layer = named(student, "LinearMap")(inputs["W"].copy(), np.zeros(inputs["W"].shape[1]))
    if not callable(getattr(layer, "gradients_by_index", None)):
        raise ApiError("LinearMap has no method gradients_by_index")
    h, dlogits = inputs["h"].copy(), inputs["dlogits"].copy()
    found = layer.gradients_by_index(h, dlogits)
    out["dW"], out["db"], out["dh"] = unpacked(found, 3, "gradients_by_index returns dW, db and dh")
    out["h_after"], out["dlogits_after"] = h, dlogits
    out["grads_left_alone"] = not any(np.any(grad) for grad in layer.grads.values())
    with contextlib.suppress(Exception):
        layer = named(student, "LinearMap")(inputs["W"] * FAR, np.full(inputs["W"].shape[1], FAR * FAR))
        found = unpacked(layer.gradients_by_index(inputs["h"].copy(), inputs["dlogits"].copy()), 3, "")
        out |= {f"far_{name}": value for name, value in zip(("dW", "db", "dh"), found, strict=True)}


def build(student: ModuleType, name: str, inputs: Mapping) -> tuple:
    """Return a network of the student's made of stand-in layers, and these layers in order.

    Raises:
        ApiError: the class, or a layer of it, has another name than the lab asks for.
    """
    cls = named(student, name)
    maps = [PlainLinear(inputs[f"W{i}"], inputs[f"b{i}"]) for i in range(1, len(CHAINS[name]) // 2 + 2)]
    with replaced(student, ReLU=PlainReLU):
        model = cls(*maps)
    missing = [layer for layer in CHAINS[name] if not hasattr(model, layer)]
    if missing:
        raise ApiError(f"{name} has no self.{missing[0]} after __init__")
    return model, [getattr(model, layer) for layer in CHAINS[name]]


def forward_driver(name: str) -> Callable:
    """Return the driver of a network's forward pass: the logits, and whether the way back works after it."""

    def drive(student: ModuleType, inputs: Mapping, out: Values) -> None:
        model, layers = build(student, name, inputs)
        X = inputs["X"].copy()
        out["logits"] = model.forward(X)
        out["X_after"] = X
        out["goes_back"] = goes_back(student, name, inputs)
        for i, layer in enumerate(layers):
            kept = getattr(layer, "Z" if i % 2 else "X", None)
            if isinstance(kept, np.ndarray):
                out[f"kept{i}"] = kept

    return drive


def goes_back(student: ModuleType, name: str, inputs: Mapping) -> bool:
    """Tell whether the student's backward pass gives after the student's forward pass what it gives after the layers' own.

    A backward pass that raises after both, or is not written, says nothing against the forward pass.
    """
    found = []
    for own in (False, True):
        model, layers = build(student, name, inputs)
        try:
            model.forward(inputs["X"].copy())
            if not own:
                go_forward(layers, inputs["X"])
            model.backward(inputs["dlogits"].copy())
        except Exception:
            return not own
        found.append(gradients(layers[::2]))
    return all(np.allclose(found[0][key], found[1][key]) for key in found[0])


def backward_driver(name: str) -> Callable:
    """Return the driver of a network's backward pass, with a known gradient."""

    def drive(student: ModuleType, inputs: Mapping, out: Values) -> None:
        model, layers = build(student, name, inputs)
        maps, dlogits = layers[::2], inputs["dlogits"].copy()
        went = attempt(model.forward, inputs["X"].copy())
        go_forward(layers, inputs["X"])
        try:
            with excused(went):
                out["dX"] = np.array(model.backward(dlogits))
        finally:  # gradients that were there before a later line raised still count
            out |= gradients(maps)
        out["dlogits_after"] = dlogits
        attempt(model.forward, inputs["X"].copy())  # what it kept may be gone once it went back
        go_forward(layers, inputs["X"])
        model.backward(inputs["dlogits"].copy())
        out |= {f"twice_{key}": grad for key, grad in gradients(maps).items()}
        if inputs.get("own") and went is None:
            write_own_derivative(student, name, inputs, out)
            with contextlib.suppress(Exception):
                write_far(student, name, inputs, out)

    return drive


def go_forward(layers: list, X: np.ndarray) -> None:
    """Send a batch through the layers in the right order, so that each keeps what its backward pass needs."""
    for layer in layers:
        X = layer.forward(X)


def gradients(maps: list) -> Values:
    """Return copies of the gradients of linear maps: W1, b1, W2, …"""
    return {f"{name}{i}": np.array(grad) for i, m in enumerate(maps, 1) for name, grad in m.grads.items()}


def write_own_derivative(student: ModuleType, name: str, inputs: Mapping, out: Values) -> None:
    """Put the gradients after the student's own forward pass, and its centred differences, into `out`."""
    model, layers = build(student, name, inputs)
    X, dlogits = inputs["X"].copy(), inputs["dlogits"]
    if np.shape(model.forward(X)) != dlogits.shape:
        return
    out["mine_dX"] = np.array(model.backward(dlogits.copy()))
    out |= {f"mine_{key}": grad for key, grad in gradients(layers[::2]).items()}
    arrays = {f"{key}{i}": array for i, m in enumerate(layers[::2], 1) for key, array in m.params.items()}
    for key, array in {"dX": X, **arrays}.items():
        out[f"slopes_{key}"] = centred_differences(student, model.forward, array, X, weights=dlogits)


def write_far(student: ModuleType, name: str, inputs: Mapping, out: Values) -> None:
    """Put the gradients into `out` that do not change when the last bias is huge."""
    last = f"b{len(CHAINS[name]) // 2 + 1}"
    model, layers = build(student, name, {**inputs, last: inputs[last] + FAR})
    model.forward(inputs["X"].copy())
    go_forward(layers, inputs["X"])
    out["far_dX"] = np.array(model.backward(inputs["dlogits"].copy()))
    out |= {f"far_{key}": grad for key, grad in gradients(layers[::2]).items()}


def drive_train(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: some epochs of the stand-in network, with a stand-in for `evaluate` as well."""
    train, layer = named(student, "train"), Map(inputs["W"])
    model, loss_layer = Network(layer), NotingLoss(layer)
    X, y = inputs["X"].copy(), inputs["y"].copy()
    options = {name: inputs[name] for name in ("num_epochs", "batch_size", "learning_rate")}
    rng = np.random.default_rng(inputs["seed"])
    try:
        with replaced(student, evaluate=lambda *args, **kwargs: (0.0, 0.0)):
            found = train(model, loss_layer, X, y, X[:2], y[:2], rng, **options)
        history = dict_from(found, "train")
        if "loss_history" in history:
            out["losses"] = history["loss_history"]
        out["epochs"] = np.array([len(history.get(name, ())) for name in HISTORIES])
    finally:
        layer.note()
        out["path"] = np.array(layer.path)
        out |= {f"{name}_calls": layer.calls.count(name) for name in ("forward", "backward", "step")}
        out["seen_losses"] = np.array(list(dict(reversed(loss_layer.values)).values())[::-1])
        out["X_after"], out["y_after"] = X, y


def drive_evaluate(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#7: loss and accuracy of the stand-in network, and whether it was left as it was."""
    layer, evaluate = Map(inputs["W"]), named(student, "evaluate")
    X, y = inputs["X"].copy(), inputs["y"].copy()
    found = evaluate(Network(layer), TanhLoss(), X, y)
    out["loss"], out["accuracy"] = unpacked(found, 2, "evaluate returns two numbers")
    out["W_after"], out["X_after"], out["y_after"] = layer.params["W"], X, y
    out["forward_calls"] = layer.calls.count("forward")
    with contextlib.suppress(Exception):
        elsewhere = evaluate(Network(Map(inputs["W"])), TanhLoss(), 0.5 * X, y)
        out["elsewhere_loss"], out["elsewhere_accuracy"] = elsewhere
