"""Drivers of lab 2: the calls on a student's layers and functions, and the raw arrays they give.

A driver decides nothing. Every layer gets known inputs, and a backward pass gets a known gradient, so that an error in one
layer cannot cost another. `Sequential`, `train` and `validate` get stand-ins for what they are made of.
"""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType

import numpy as np

from cattern.checking.agent import commands
from cattern.checking.lab import Values
from cattern.checking.labs import _driving
from cattern.checking.labs._driving import attempt, centred_differences, excused, replaced
from cattern.checking.labs._reading import equal, exact, is_array
from cattern.checking.labs._stand_ins import Network, TanhLoss
from cattern.checking.labs.patch_embedding.stand_ins import InOrder, PlainLayer, PlainScores, Watched
from cattern.checking.remote import beside
from cattern.checking.run import ApiError, numbers

# layer → where the skeleton's forward pass keeps its input for the backward pass
KEPT = {"PatchEmbedding": "patches", "Linear": "X", "ReLU": "Z"}

# students write two files here: the path says which
named = partial(_driving.named, missing="{name} is missing from cattern/{file}")


def layer_of(student: ModuleType, name: str, inputs: Mapping):
    """Return a layer of the student's with the probe's parameters in it.

    Raises:
        ApiError: there is no such class, or it keeps its parameters elsewhere.
    """
    cls = named(student, name)
    if "W" not in inputs:
        return cls()
    layer = cls(inputs["W"].copy(), inputs["b"].copy())
    for kind in ("params", "grads"):
        held = getattr(layer, kind, None)
        if not isinstance(held, dict) or not {"W", "b"} <= held.keys():
            raise ApiError(f'{name} has no dict self.{kind} with "W" and "b" after __init__')
    return layer


def drive_select(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: several draws, each from a Generator of its own; the first seed twice. Without draws, one in order."""
    select, y = named(student, "select_half_per_class"), inputs["y"].copy()
    beside(student, commands.seed, 0, only_numpy=True)
    before = beside(student, commands.stream)
    first = select(y, np.random.default_rng(inputs["seed"]) if "draws" in inputs else InOrder())
    out["rows"] = first
    out["whole"] = np.asarray(first).dtype.kind in "iu"
    out["y_after"] = y
    if "draws" not in inputs:
        return
    beside(student, commands.seed, 1, only_numpy=True)
    out["again"] = select(y, np.random.default_rng(inputs["seed"]))
    beside(student, commands.seed, 0, only_numpy=True)
    draws = [
        np.asarray(select(y, np.random.default_rng(inputs["seed"] + 1 + i))) for i in range(inputs["draws"])
    ]
    out["global_stream"] = np.array_equal(before, beside(student, commands.stream))
    if all(draw.ndim == 1 for draw in draws):
        width = max(len(draw) for draw in draws)
        out["draws"] = np.stack([np.pad(draw, (0, width - len(draw)), constant_values=-1) for draw in draws])


def drive_cut(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: the patches of a batch of images, and their dtype."""
    images = inputs["images"].copy()
    size = {"patch_size": inputs["patch_size"]} if inputs["patch_size"] else {}
    out["patches"] = named(student, "cut_patches")(images, **size)
    out["images_after"] = images
    small = images.astype(np.float32)
    out["same_dtype"] = np.asarray(named(student, "cut_patches")(small, **size)).dtype == np.float32


def forward_driver(name: str) -> Callable:
    """Return the driver of a layer's forward pass: its output, its input afterwards, and on one probe the way back."""

    def drive(student: ModuleType, inputs: Mapping, out: Values) -> None:
        layer, X = layer_of(student, name, inputs), inputs["X"].copy()
        out["out"] = layer.forward(X)
        out["X_after"] = X.copy()
        if "dout" in inputs and not keeps(layer, name, inputs, out):
            attempt(write_backward, layer, inputs, out)
            write_with_kept(student, name, inputs, out)

    return drive


def backward_driver(name: str) -> Callable:
    """Return the driver of a layer's backward pass, with a known gradient, after the layer's own forward pass."""

    def drive(student: ModuleType, inputs: Mapping, out: Values) -> None:
        layer = layer_of(student, name, inputs)
        went = attempt(layer.forward, inputs["X"].copy())
        kept = keeps(layer, name, inputs, out)
        failed = attempt(write_backward, layer, inputs, out)
        if not kept and write_with_kept(student, name, inputs, out) is None:
            failed = None  # what forward overwrote is no fault of the backward pass
        if failed:
            with excused(went):
                raise failed
        if inputs.get("own") and went is None:
            write_own_derivative(student, layer, inputs, out)
            with contextlib.suppress(Exception):
                far = far_from(inputs)
                write_far(go_forward(layer_of(student, name, far), far), inputs["dout"], out)

    return drive


def keeps(layer, name: str, inputs: Mapping, out: Values) -> bool:
    """Tell whether a layer has kept its input where the skeleton does; put into `out` what it has kept there instead.

    Most do, and need no second look: each call costs time.
    """
    kept = getattr(layer, KEPT[name], None)
    if equal(kept, inputs["X"]):
        return True
    if is_array(kept):
        out["kept"] = kept.copy()
    return False


def write_with_kept(student: ModuleType, name: str, inputs: Mapping, out: Values) -> Exception | None:
    """Put the gradients into `out`, under "kept_W" and so on, that come when the input is kept as in the skeleton.

    Returns:
        What the backward pass raised.
    """
    found: Values = {}

    def prepared(inputs: Mapping):
        return go_forward(layer_of(student, name, inputs), inputs, KEPT[name])

    def go_back() -> None:
        write_backward(prepared(inputs), inputs, found, KEPT[name])
        if inputs.get("own"):
            with contextlib.suppress(Exception):
                write_far(prepared(far_from(inputs)), inputs["dout"], found)

    failed = attempt(go_back)
    out |= {f"kept_{key}": value for key, value in found.items()}
    return failed


def go_forward(layer, inputs: Mapping, kept: str = ""):
    """Send X through a layer, keep it there as `kept` by force, and return the layer."""
    attempt(layer.forward, inputs["X"].copy())
    if kept:
        setattr(layer, kept, inputs["X"].copy())
    return layer


def far_from(inputs: Mapping) -> dict:
    """Return a probe with the same gradients, at which measured ones drown between huge biases, or reach over a ReLU's kink."""
    return inputs | ({"b": inputs["b"] + 1e7} if "b" in inputs else {"X": inputs["X"] * 1e-7})


def write_far(layer, dout: np.ndarray, out: Values) -> None:
    """Put the gradients of a layer that went forward there into `out`."""
    out["far_dX"] = np.array(layer.backward(dout.copy()))
    out |= {f"far_{name}": np.array(grad) for name, grad in layer.grads.items()}


def write_backward(layer, inputs: Mapping, out: Values, kept: str = "") -> None:
    """Put the gradients of one call into `out`, then what a second, equal call adds; X is kept as `kept` by force."""
    dout = inputs["dout"].copy()
    try:
        out["dX"] = np.array(layer.backward(dout))
    finally:  # gradients that were there before a later line raised still count
        out |= {name: np.array(grad) for name, grad in layer.grads.items()}
    out["dout_after"] = dout
    go_forward(layer, inputs, kept)  # what it kept may be gone once it went back
    layer.backward(inputs["dout"].copy())
    out |= {f"twice_{name}": np.array(grad) for name, grad in layer.grads.items()}


def write_own_derivative(student, layer, inputs: Mapping, out: Values) -> None:
    """Put the centred differences of the student's own forward pass, weighed with `dout`, into `out`."""
    arrays = {"X": inputs["X"].copy(), **layer.params}
    if np.shape(layer.forward(arrays["X"])) != inputs["dout"].shape:
        return
    for name, array in arrays.items():
        out[f"own_{name}"] = centred_differences(
            student, layer.forward, array, arrays["X"], weights=inputs["dout"]
        )


def drive_loss(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#9: loss and probabilities, and on one probe the way back."""
    layer = named(student, "SoftmaxCrossEntropy")()
    scores, y = inputs["scores"].copy(), inputs["y"].copy()
    if inputs.get("huge"):
        out["huge_loss"] = layer.forward(scores, y)
        out["huge_other"] = layer.forward(inputs["scores"].copy(), np.argmax(inputs["scores"], axis=1))
        return
    try:
        out["loss"] = layer.forward(scores, y)
    finally:
        if isinstance(probs := getattr(layer, "probs", None), np.ndarray):
            out["probs"] = probs
    out["scores_after"] = scores.copy()
    if "targets" in inputs and not equal(getattr(layer, "targets", None), inputs["targets"]):
        attempt(write_mine, layer, inputs, out)
        attempt(write_dscores, layer, inputs, out)


def drive_dscores(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#10: the gradient for known probabilities and targets, which are also those of the scores."""
    layer = named(student, "SoftmaxCrossEntropy")()
    failed = attempt(write_dscores, layer, inputs, out)
    right = exact(numbers(out.get("dscores")), inputs["right_dscores"])
    if inputs.get("own") or not right:  # they may be kept in another form than the skeleton's
        attempt(write_mine, layer, inputs, out)
    if failed and "mine_dscores" not in out:
        raise failed
    if inputs.get("own") and "mine_dscores" in out:
        scores, y = inputs["scores"].copy(), inputs["y"].copy()
        out["own_scores"] = centred_differences(student, layer.forward, scores, scores, y)


def write_dscores(layer, inputs: Mapping, out: Values) -> None:
    """Put the gradient into `out` that comes when probabilities and targets are kept as in the skeleton."""
    went = attempt(layer.forward, inputs["scores"].copy(), inputs["y"].copy())
    layer.probs, layer.targets = inputs["probs"].copy(), inputs["targets"].copy()
    with excused(went):
        out["dscores"] = np.array(layer.backward())
    out["probs_after"] = layer.probs


def write_mine(layer, inputs: Mapping, out: Values) -> None:
    """Put the gradient into `out` that comes after the student's own forward pass."""
    layer.forward(inputs["scores"].copy(), inputs["y"].copy())
    out["mine_probs"] = np.array(layer.probs)
    out["mine_dscores"] = np.array(layer.backward())
    out["mine_probs_after"] = layer.probs


def drive_chain(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#11: a chain of stand-ins whose order matters."""
    layers = [PlainLayer(k) for k in range(inputs["layers"])]
    chain = named(student, "Sequential")(layers)
    out["out"] = chain.forward(inputs["X"].copy())
    out["calls"] = np.array([layer.forwards for layer in layers])
    out["again"] = chain.forward(inputs["X"].copy())


def drive_chain_back(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#12: the same chain, backwards. The stand-ins go back without having gone forward."""
    layers = [PlainLayer(k) for k in range(inputs["layers"])]
    chain = named(student, "Sequential")(layers)
    went = attempt(chain.forward, inputs["X"].copy())
    try:
        out["dX"] = chain.backward(inputs["dout"].copy())
    except AttributeError:
        if isinstance(went, NotImplementedError):
            raise went from None
        raise
    out["calls"] = np.array([layer.backwards for layer in layers])
    out["again"] = chain.backward(inputs["dout"].copy())


def drive_train(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#13: a few updates of a stand-in network. `validate` is another task: a stand-in here, too."""
    train, layer = named(student, "train"), PlainScores(inputs["w"])
    model, loss_layer = Network(layer), TanhLoss()
    X, y = inputs["X"].copy(), inputs["y"].copy()
    batches = Watched(inputs["batches"].astype(int), layer)
    try:
        with replaced(student, validate=lambda *args, **kwargs: (0.0, 0.0)):
            history = train(
                model, loss_layer, X, y, X[:2], y[:2], batches, learning_rate=inputs["learning_rate"]
            )
        out["losses"] = history["loss_history"]
    finally:
        out["path"] = np.array([*batches.path, layer.params["w"].copy()])
        layer.note()
        out |= {f"{name}_calls": layer.calls.count(name) for name in ("backward", "step")}
        out["X_after"], out["y_after"] = X, y


def drive_validate(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#14: loss and error of a stand-in network."""
    layer = PlainScores(inputs["w"])
    model, loss_layer = Network(layer), TanhLoss()
    options = {"batch_size": inputs["batch_size"]} if inputs["batch_size"] else {}
    found = named(student, "validate")(model, loss_layer, inputs["X"].copy(), inputs["y"].copy(), **options)
    out["sizes"] = np.array(layer.sizes)
    out["w"] = layer.params["w"]
    out["loss"], out["error"] = found
