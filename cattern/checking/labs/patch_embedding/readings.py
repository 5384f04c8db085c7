"""Readings of lab 2: from raw arrays, which nobody vouches for, to facts that every correct style shares.

How rows are drawn, how a sum is ordered, whether a bias gradient is a row: none of it is a fact.
"""

from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import equal, exact, is_array, true, untouched, way

GRADIENTS = {"dX": "X", "W": "W", "b": "b"}  # gradient → what has its shape


def read_select(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: how many rows of each class, and whether they are distinct, in order, random and repeatable."""
    y, rows = inputs["y"], raw.get("rows")
    if not is_array(rows):
        return {} if rows is None else {"counts": rows}
    facts: Values = {"one_row_of_numbers": true(rows.ndim == 1)}
    if rows.ndim != 1 or not np.isin(rows, np.arange(len(y))).all():
        return facts | {"counts": "row numbers that are not in y"}
    facts |= {
        "whole": raw.get("whole", true(False)),
        "y_untouched": true(equal(raw.get("y_after"), y)),
    }
    if "draws" not in inputs:  # drawn in order: that they are random is not to be seen
        drawn = of_all_draws(y, [rows.astype(int)])
        return facts | {name: drawn[name] for name in ("counts", "distinct", "rising")}
    facts |= {
        "repeatable": true(equal(raw.get("again"), raw["rows"])),
        "global_stream": raw.get("global_stream", true(False)),
    }
    draws = raw.get("draws")
    if is_array(draws) and draws.ndim == 2 and np.isin(draws, np.arange(-1, len(y))).all():
        facts |= of_all_draws(y, [rows.astype(int), *(draw[draw >= 0].astype(int) for draw in draws)])
        if not facts["varied"]:  # what is not drawn at all is not drawn with `rng`
            del facts["repeatable"]
    return facts


def of_all_draws(y: np.ndarray, draws: list[np.ndarray]) -> Values:
    """Return what holds for every draw. Nothing may depend on which numbers a generator happened to give."""
    sizes = np.bincount(y)
    counts = [np.bincount(y[draw], minlength=len(sizes)).astype(float) for draw in draws]
    same = all(equal(some, counts[0]) for some in counts)
    # a class of one example has no half, so its row is never drawn
    possible = np.flatnonzero(sizes[y] > 1)
    patterns, some = {pattern(y, draw) for draw in draws}, any(len(draw) for draw in draws)
    return {
        "counts": counts[0] if same else "not the same for every seed",
        "same_size": true(len({len(draw) for draw in draws}) == 1),
        "distinct": true(some and all(len(np.unique(draw)) == len(draw) for draw in draws)),
        "rising": true(some and all((np.diff(draw) >= 0).all() for draw in draws)),
        "varied": true(len({tuple(sorted(draw)) for draw in draws}) > 1),
        "every_row": true(np.isin(possible, np.concatenate(draws)).all()),
        "pattern": np.asarray(float(patterns.pop() if len(patterns) == 1 else 0)),
    }


def pattern(y: np.ndarray, rows: np.ndarray) -> int:
    """Return how rows were picked without chance: 1 the first of every class, 2 the last, 3 every second, 0 otherwise."""
    pairs = [(np.sort(rows[y[rows] == c]), np.flatnonzero(y == c)) for c in np.unique(y)]
    if all(equal(some, of_class[: len(some)]) for some, of_class in pairs):
        return 1
    if all(equal(some, of_class[len(of_class) - len(some) :]) for some, of_class in pairs):
        return 2
    return 3 * all(equal(some, of_class[1::2]) for some, of_class in pairs)


def read_cut(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the patches, their dtype, and whether the images stayed as they were."""
    facts = {name: raw[name] for name in ("patches", "same_dtype") if name in raw}
    return facts | untouched(inputs, raw, "images")


def read_forward(inputs: Mapping, raw: Values) -> Values:
    """TODO#3, #5, #7: the output, whether the way back works after it, and whether the input stayed as it was."""
    facts: Values = {"out": raw["out"]} if "out" in raw else {}
    if "dout" in inputs:  # where it raised, nothing was kept wrongly
        facts["goes_back"] = true(not any(is_mended(inputs, raw, name) for name in GRADIENTS))
    return facts | untouched(inputs, raw, "X")


def is_mended(inputs: Mapping, raw: Values, name: str) -> bool:
    """Tell whether a gradient is wrong after the student's forward pass, and right where the input is kept as in the skeleton."""
    right = inputs.get(f"right_{name}")
    own = "dout_after" in raw and exact(raw.get(name), right)  # without it, the backward pass raised
    return not own and exact(raw.get(f"kept_{name}"), right)


def settled(inputs: Mapping, raw: Values) -> Values:
    """Return raw values with the gradients that count: those after the student's own forward pass, whatever it keeps.

    What it keeps wrongly is its own task's affair: a gradient that only the kept input makes right, or that only comes
    with it, is the one with the kept input. So is one that is right with neither, unless another form was kept on purpose.
    """
    raised = "dout_after" not in raw and "kept_dout_after" in raw
    came, of_form = dict(raw), is_of_form(inputs, raw.get("kept"))
    for name in GRADIENTS:
        own = not raised and exact(raw.get(name), inputs.get(f"right_{name}"))
        if raised or (of_form and not own) or is_mended(inputs, raw, name):
            keys = (name, f"twice_{name}", f"far_{name}")
            came = {key: value for key, value in came.items() if key not in keys}
            came |= {key: raw[f"kept_{key}"] for key in keys if f"kept_{key}" in raw}
    return came | ({"dout_after": raw["kept_dout_after"]} if raised else {})


def is_of_form(inputs: Mapping, kept) -> bool:
    """Tell whether what a layer keeps could be meant for its input: it has the shape, and is no mask."""
    return is_array(kept) and kept.shape == inputs["X"].shape and not np.isin(kept, (0.0, 1.0)).all()


def read_backward(inputs: Mapping, raw: Values) -> Values:
    """TODO#4, #6, #8: the gradients; whether a second call adds; whether each fits the student's own forward pass."""
    facts: Values = {}
    before, raw = raw, settled(inputs, raw)
    for name, shape in GRADIENTS.items():
        grad = raw.get(name)
        if grad is None:
            continue
        facts[name] = grad
        if is_array(grad) and grad.shape == inputs[shape].shape:
            if name == "dX" and "at_zero" in inputs:
                del facts["dX"]
                if grad.any():
                    facts["at_zero"] = grad[inputs["X"] == 0]
            own = raw.get(f"own_{name.removeprefix('d')}")
            if is_array(own):
                facts[f"own_{name}"] = true(exact(grad, own) or exact(before.get(name), own))
        twice = raw.get(f"twice_{name}")
        if is_array(raw[name]) and is_array(twice) and raw[name].any():
            same_shape = twice.shape == raw[name].shape
            facts[f"adds_{name}"] = true(same_shape and np.allclose(twice, 2 * raw[name], rtol=1e-4))
    if inputs.get("own") and "dX" in raw:
        # what is no derivative anywhere was not measured either
        fitting = [name for name in GRADIENTS if np.all(facts.get(f"own_{name}", True))]
        facts["derived"] = true(not any(is_measured(raw, name, inputs["dout"]) for name in fitting))
    return facts | untouched(inputs, raw, "dout")


def is_measured(raw: Values, name: str, dout: np.ndarray) -> bool:
    """Tell whether a gradient is a little different where only its measurement suffers. Great differences are another mistake's."""
    near, far = raw.get(name), raw.get(f"far_{name}")
    if not (is_array(near) and is_array(far)) or near.shape != far.shape:
        return False
    gap = np.max(np.abs(near - far), initial=0.0) / max(
        np.max(np.abs(near), initial=0.0), np.max(np.abs(dout))
    )
    return bool(1e-7 < gap < 0.7)


def read_loss(inputs: Mapping, raw: Values) -> Values:
    """TODO#9: loss and probabilities, whether the way back works, whether a huge score gives a finite loss, whether the scores stayed."""
    facts = {name: raw[name] for name in ("loss", "probs") if name in raw}
    if "targets" in inputs:
        right = inputs["right_dscores"]
        mended = exact(raw.get("dscores"), right) and not exact(raw.get("mine_dscores"), right)
        facts["goes_back"] = true(not mended)
    if "huge_loss" in raw:
        losses = raw["huge_loss"], raw.get("huge_other")
        finite = all(is_array(loss) and np.isfinite(loss).all() for loss in losses)
        facts["finite"] = true(finite and not equal(*losses))  # no wonder of a loss that asks for nothing
    return facts | untouched(inputs, raw, "scores")


def read_dscores(inputs: Mapping, raw: Values) -> Values:
    """TODO#10: the gradient, and whether it fits the student's own loss."""
    facts, mine, right = {}, raw.get("mine_dscores"), inputs["right_dscores"]
    own_form = "dscores" not in raw or (exact(mine, right) and not exact(raw["dscores"], right))
    if is_array(raw.get("own_scores")) and is_array(mine) and raw["own_scores"].shape == mine.shape:
        facts["own_dscores"] = true(exact(mine, raw["own_scores"]))
    if not own_form:
        return facts | {"dscores": raw["dscores"]} | untouched(inputs, raw, "probs")
    if mine is not None:
        facts |= {"dscores": mine, "untouched": true(equal(raw.get("mine_probs_after"), raw["mine_probs"]))}
    return facts


def read_chain(inputs: Mapping, raw: Values) -> Values:
    """TODO#11, #12: the raw arrays are the facts; a network without layers is a fact of its own."""
    if inputs["layers"]:
        return {**raw, "through": true(is_array(raw.get("calls")) and raw["calls"].any())}
    empty = raw.get("out", raw.get("dX"))
    return {} if empty is None else {"empty": empty}


def read_train(inputs: Mapping, raw: Values) -> Values:
    """TODO#13: the parameter before and after each update, the losses, and whether the data stayed as they were."""
    facts = {name: raw[name] for name in ("losses", "backward_calls", "step_calls") if name in raw}
    path = raw.get("path")
    if is_array(path) and path.ndim == 2 and len(path) > 1:
        facts["first_step"] = path[1] - path[0]
        facts |= way(path, len(inputs["batches"]))
    return facts | untouched(inputs, raw, "X", "y")


def read_validate(inputs: Mapping, raw: Values) -> Values:
    """TODO#14: loss, error, whether any batch was larger than asked for, and whether anything was trained."""
    facts: Values = {name: raw[name] for name in ("loss", "error") if name in raw}
    sizes = raw.get("sizes")
    if is_array(sizes) and sizes.size:
        facts["largest_batch"] = true(sizes.max() <= (inputs["batch_size"] or 32))
        facts["sizes"] = sizes
    if "w" in raw:
        facts["untrained"] = true(equal(raw["w"], inputs["w"]))
    return facts
