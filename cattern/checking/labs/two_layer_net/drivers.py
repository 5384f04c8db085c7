"""Drivers of lab 1: the calls on a student's `TwoLayerNet`, and the raw arrays they give.

A driver decides nothing. `train` is driven with a stand-in for `loss`. Random numbers start over before every call, so
that a loss that draws some, as dropout does, costs only the task it belongs to.
"""

from collections.abc import Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from types import ModuleType

import numpy as np

from cattern.checking.agent import commands
from cattern.checking.lab import Values
from cattern.checking.labs._driving import centred_differences, has_loop
from cattern.checking.labs.two_layer_net.network import PARAMS, build, require_params
from cattern.checking.labs.two_layer_net.stand_ins import ENOUGH, Recorder
from cattern.checking.remote import beside, locals_of, outcomes, source_of
from cattern.checking.run import SEED, ApiError

SAME_ROWS = 20  # how many rows must give the same as before, in as many calls as that takes


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
        found = locals_of(error, *names.values(), *filter(None, [after]))
        for key, local in names.items():
            if local in found:
                out[key] = found[local]
        if not (after and after in found and all(key in out for key in names)):
            raise


def start_over(student) -> None:
    """Let all random numbers start over, where the student's code draws them."""
    beside(student, commands.seed, SEED)


def same(a, b) -> bool:
    """Tell whether two results are the same to the last bit."""
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


def repeats(X: np.ndarray) -> int:
    """Return how often to call with X again: chance may leave a few rows as they were."""
    return -(-SAME_ROWS // len(X))


def loss_of(net, X: np.ndarray, y: np.ndarray, reg: float):
    """Return the loss and the gradients of the student's network; X and y stay as they are.

    Raises:
        ApiError: what comes back is no pair.
    """
    return pair_of(net.loss(X.copy(), y.copy(), reg=reg))


def pair_of(result):
    """Return the loss and the gradients that `loss` returned.

    Raises:
        ApiError: it is no pair.
    """
    if not isinstance(result, tuple | list) or len(result) < 2:
        raise ApiError(f"`loss` returned {type(result).__name__}, expected the pair (loss, grads)")
    return result[:2]


def drive_scores(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: `loss(X)`, and whether it gives the same each time."""
    net = build(student, inputs)
    require_params(net, inputs)
    X = inputs["X"].copy()
    out["scores"] = first = net.loss(X)
    out["X"] = X
    out |= {f"param_{name}": net.params[name] for name in PARAMS}
    first = np.array(first)
    again = beside(student, commands.repeated, net.loss, (inputs["X"],), {}, repeats(X))
    out["steady"] = all(same(scores, first) for scores in again)


def drive_loss(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: `loss(X, y, reg)` without regularisation, with it, with twice as much, again, and with huge scores."""
    net = build(student, inputs)
    net.wants_grads = False
    if inputs.get("style"):
        out["loop_free"] = not has_loop(source_of(student), "loss")
    X, y, reg = inputs["X"], inputs["y"], inputs["reg"]
    strengths = {"plain": 0.0, "regularised": reg, "doubled": 2 * reg}
    losses = outcomes(
        student,
        *[(SEED, net.loss, (X, y), {"reg": strength}) for strength in strengths.values()],
        *[(None, net.loss, (X, y), {"reg": reg})] * repeats(X),
        (None, net.loss, (0.5 * X[::-1], y), {"reg": 0.0}),
        (SEED, net.loss, (X,), {}),
    )
    for key in strengths:
        with kept(out, after="grads", **{key: "loss"}):
            out[key] = pair_of(next(losses)())[0]
    for again in islice(losses, repeats(X)):
        with kept(out, after="grads", again="loss"):
            if "again" not in out or same(out["again"], out["regularised"]):
                out["again"] = pair_of(again())[0]
    with kept(out, after="grads", elsewhere="loss"):
        out["elsewhere"] = pair_of(next(losses)())[0]
    with suppress(Exception):  # another task's
        out["scores"] = next(losses)()
    # A score of +1000 for the right class must give a loss of 0, not nan. A failure here is a matter of advice.
    spread = np.linspace(-1000, 1000, np.size(net.params["b2"]))
    net.params["b2"] = net.params["b2"] + spread.reshape(np.shape(net.params["b2"]))
    try:
        out["huge"] = loss_of(net, X, np.full_like(y, len(spread) - 1), 0.0)[0]
    except Exception:
        out["huge"] = np.nan


def drive_gradients(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: the gradients; again on another batch; and the centred differences of the student's own loss."""
    net = build(student, inputs)
    X, y, reg = inputs["X"], inputs["y"], inputs["reg"]
    grads = {}
    holder: Values = {}
    start_over(student)
    try:
        with kept(holder, grads="grads"):
            grads = loss_of(net, X, y, reg)[1]
        if not isinstance(grads, Mapping):
            raise ApiError(f"`loss` returned its gradients as {type(grads).__name__}, expected a dict")
    finally:
        # gradients that were there before a later line raised still count
        grads = holder.get("grads", grads)
        grads = grads if isinstance(grads, Mapping) else {}
        out["reached"] = bool(grads) or "grads" in holder
        out |= {name: np.array(grads[name]) for name in PARAMS if name in grads}
        for name in PARAMS:
            if name in grads and not fits(grads[name], net.params[name]):
                out[f"usable_{name}"] = trains(student, inputs)
        if isinstance(grads, dict) and not grads:
            out["no_grads"] = "loss returned no gradients"
        if inputs.get("own"):
            write_kinks(student, inputs, out)
    out |= {f"param_{name}": np.array(net.params[name]) for name in PARAMS}
    loss_of(net, X[::-1] * 0.5, y[::-1], 0.0)
    out |= {f"later_{name}": np.array(grads[name]) for name in PARAMS if name in grads}
    start_over(student)
    again = loss_of(net, X, y, reg)[1]
    out |= {f"again_{name}": np.array(again[name]) for name in PARAMS if name in again}
    if inputs.get("own"):
        start_over(student)
        other = loss_of(net, X, np.where(y == y.min(), y.max(), y), reg)[1]
        out |= {f"other_{name}": np.array(other[name]) for name in PARAMS if name in other}
        start_over(student)
        elsewhere = loss_of(net, 0.5 * X[::-1], y, reg)[1]
        out |= {f"elsewhere_{name}": np.array(elsewhere[name]) for name in PARAMS if name in elsewhere}
        net.wants_grads = False
        for name in PARAMS:
            out[f"slopes_{name}"] = centred_differences(
                student, net.loss, net.params[name], X, y, reg=reg, item=0, start=SEED
            )


def fits(grad, param) -> bool:
    """Tell whether a gradient is an array of its parameter's shape."""
    return isinstance(grad, np.ndarray | np.generic) and grad.shape == np.shape(param)


def trains(student: ModuleType, inputs: Mapping) -> bool:
    """Tell whether the student's own `train` can use the gradients of their own `loss`, whatever their shape."""
    net, X, y = build(student, inputs), inputs["X"], inputs["y"]
    try:
        net.train(X.copy(), y.copy(), X, y, num_iters=2, batch_size=len(X))
        return all(np.size(net.params[name]) == inputs[name].size for name in PARAMS)
    except Exception:
        return False


def write_kinks(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """Put the gradients of b1 into `out` when two hidden units are so near their kink that no difference can tell the side.

    One is just above zero for every example, one just below; then both are clearly so. What is derived is as good as the
    same; what is measured by differences is not.
    """
    for key, distance in (("near", 1e-12), ("far", 1e-4)):
        near = {name: inputs[name].copy() for name in PARAMS}
        near["W1"][:, :2] = 0
        near["b1"][:2] = distance, -distance
        net = build(student, inputs | near)
        start_over(student)
        holder: Values = {}
        grads = None
        with suppress(Exception), kept(holder, grads="grads"):  # what raised is told of the first call
            grads = loss_of(net, inputs["X"], inputs["y"], inputs["reg"])[1]
        grads = holder.get("grads", grads)
        if isinstance(grads, Mapping) and "b1" in grads:
            out[f"{key}_kink"] = np.array(grads["b1"])


def drive_minibatch(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: short training runs; what fails after the first minibatch is another task's."""
    run, runs, drawn, recorder = 0, inputs["runs"], 0, None
    while run < runs and drawn < ENOUGH * len(inputs["X"]):
        beside(student, commands.seed, run, only_numpy=True)
        if recorder is None:
            recorder = Recorder(student, inputs)
        else:
            recorder.start_over(inputs)
        try:
            recorder.train(inputs, out, prefix=f"{run}.")
        except Exception:
            if len(recorder.sizes) != 1:
                raise
            # each run gives one minibatch: as many of them all the same
            runs = inputs["runs"] * inputs["num_iters"]
        run += 1
        drawn += sum(rows for rows, _ in recorder.sizes)


def drive_update(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#5: a short run; what ends it after the first update and accuracy is another task's."""
    recorder = Recorder(student, inputs)
    try:
        recorder.train(inputs, out)
    except Exception:
        if len(recorder.sizes) != 1 or not recorder.measured:
            raise
        out["ended_early"] = True


def drive_decay(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#6: a run whose learning rate decays, and one step of a run whose rate does not."""
    try:
        recorder = Recorder(student, inputs)
        recorder.train(inputs, out)
        step = {**inputs, "learning_rate_decay": 1.0, "num_iters": 1}
        Recorder(student, inputs, recorder.own).train(step, out, prefix="flat.")
    except NotImplementedError:
        out.clear()  # a run that ends at a stub shows nothing of the decay
        raise


def drive_predict(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#7: `predict(X)`, and the student's own scores of the same X."""
    net = build(student, inputs)
    try:
        start_over(student)
        out["labels"] = labels = net.predict(inputs["X"].copy())
        out["whole"] = np.asarray(labels).dtype.kind in "iu"
    finally:
        start_over(student)
        with suppress(Exception):  # another task's
            out["scores"] = net.loss(inputs["X"].copy())
