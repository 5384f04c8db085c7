"""Readings of lab 2: from raw arrays, which nobody vouches for, to facts that every correct style shares.

How rows are drawn, how a sum is ordered, whether a bias gradient is a row: none of it is a fact.
"""

from collections.abc import Mapping

import numpy as np

from cattern.checking.rubric import Values

OWN_TOLERANCE = 1e-4  # between a gradient and the centred differences of the student's own forward pass


def true(condition) -> np.ndarray:
    """Return a fact that is true or false, as the number 1 or 0."""
    return np.asarray(1.0 if condition else 0.0)


def read_select(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: how many rows of each class, and whether they are distinct, in order, random and repeatable."""
    y, rows = inputs["y"], raw.get("rows")
    if not is_array(rows):
        return {} if rows is None else {"counts": rows}
    facts: Values = {"one_row_of_numbers": true(rows.ndim == 1)}
    if rows.ndim != 1 or not np.isin(rows, np.arange(len(y))).all():
        return facts | {"counts": "row numbers that are not in y"}
    rows = rows.astype(int)
    counts = np.bincount(y[rows], minlength=10).astype(float)
    facts |= {
        "counts": counts,
        "distinct": true(len(np.unique(rows)) == len(rows)),
        "rising": true((np.diff(rows) >= 0).all()),
        "repeatable": true(equal(raw.get("again"), raw["rows"])),
        "y_untouched": true(equal(raw.get("y"), y)),
        "global_stream": raw.get("global_stream", true(False)),
    }
    draws = raw.get("draws")
    if is_array(draws) and draws.ndim == 2 and np.isin(draws, np.arange(len(y))).all():
        draws = draws.astype(int)
        drawn = np.unique(draws)
        # a class of one example has no half, so its row is never drawn
        possible = np.flatnonzero(np.bincount(y, minlength=10)[y] > 1)
        facts["same_counts"] = true(
            all(equal(np.bincount(y[draw], minlength=10).astype(float), counts) for draw in draws)
        )
        facts["always_distinct"] = true(all(len(set(draw)) == len(draw) for draw in draws))
        facts["varied"] = true(len({tuple(sorted(draw)) for draw in draws}) > 1)
        facts["every_row"] = true(np.isin(possible, drawn).all())
    facts["pattern"] = np.asarray(float(pattern(y, rows)))
    return facts


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
    if "images" in raw:
        facts["untouched"] = true(equal(raw["images"], inputs["images"]))
    return facts


def read_forward(inputs: Mapping, raw: Values) -> Values:
    """TODO#3, #5, #7: the output, and whether the input stayed as it was."""
    facts: Values = {"out": raw["out"]} if "out" in raw else {}
    if "X" in raw:
        facts["untouched"] = true(equal(raw["X"], inputs["X"]))
    return facts


def read_backward(inputs: Mapping, raw: Values) -> Values:
    """TODO#4, #6, #8: the gradients; whether a second call adds; whether each fits the student's own forward pass."""
    facts: Values = {}
    for name, shape in (("dX", "X"), ("W", "W"), ("b", "b")):
        grad = raw.get(name)
        if grad is None:
            continue
        grad = as_row(grad, inputs[shape])
        facts[name] = grad
        if is_array(grad) and grad.shape == inputs[shape].shape:
            if name == "dX" and "at_zero" in inputs:
                del facts["dX"]
                facts["at_zero"] = grad[inputs["X"] == 0]
            own = raw.get(f"own_{name.removeprefix('d')}")
            if is_array(own):
                facts[f"own_{name}"] = true(fits(own, grad))
        twice = raw.get(f"twice_{name}")
        if is_array(raw[name]) and is_array(twice) and raw[name].any():
            same_shape = twice.shape == raw[name].shape
            facts[f"adds_{name}"] = true(same_shape and np.allclose(twice, 2 * raw[name], rtol=1e-4))
    if "dout" in raw:
        facts["untouched"] = true(equal(raw["dout"], inputs["dout"]))
    return facts


def read_loss(inputs: Mapping, raw: Values) -> Values:
    """TODO#9: loss and probabilities, whether a huge score gives a finite loss, whether the scores stayed."""
    facts = {name: raw[name] for name in ("loss", "probs") if name in raw}
    if "huge_loss" in raw:
        facts["finite"] = true(is_array(raw["huge_loss"]) and np.isfinite(raw["huge_loss"]).all())
    if "scores" in raw:
        facts["untouched"] = true(equal(raw["scores"], inputs["scores"]))
    return facts


def read_dscores(inputs: Mapping, raw: Values) -> Values:
    """TODO#10: the gradient, and whether it fits the student's own loss."""
    facts: Values = {"dscores": raw["dscores"]} if "dscores" in raw else {}
    own, gradient = raw.get("own_scores"), raw.get("own_gradient")
    if is_array(own) and is_array(gradient) and own.shape == gradient.shape:
        facts["own_dscores"] = true(fits(own, gradient))
    if "probs" in raw:
        facts["untouched"] = true(equal(raw["probs"], inputs["probs"]))
    return facts


def read_raw(inputs: Mapping, raw: Values) -> Values:
    """TODO#11, #12: the raw arrays are the facts."""
    return raw


def read_train(inputs: Mapping, raw: Values) -> Values:
    """TODO#13: the parameter before and after each update, the losses, and whether the data stayed as they were."""
    facts = {name: raw[name] for name in ("losses", "calls") if name in raw}
    path = raw.get("path")
    if is_array(path) and path.ndim == 2 and len(path) > 1:
        facts["first_step"] = path[1] - path[0]
        facts["path"] = path
    if "X" in raw:
        facts["untouched"] = true(equal(raw["X"], inputs["X"]) and equal(raw.get("y"), inputs["y"]))
    return facts


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


def as_row(grad, param: np.ndarray):
    """Return a bias gradient of shape (1, H) as (H,): a row is a correct style."""
    if is_array(grad) and param.ndim == 1 and grad.shape == (1, param.size):
        return grad.reshape(-1)
    return grad


def fits(own: np.ndarray, grad: np.ndarray) -> bool:
    """Tell whether a gradient is the derivative `own`. Nothing fits a forward pass that depends on nothing."""
    scale = np.max(np.abs(own), initial=0.0)
    return bool(scale > 1e-8 and np.max(np.abs(own - grad)) <= OWN_TOLERANCE * scale)


def equal(a, b: np.ndarray) -> bool:
    """Tell whether `a` is an array equal to `b`."""
    return is_array(a) and np.array_equal(a, b)


def is_array(value) -> bool:
    """Tell whether a raw value is an array (and not a sentence)."""
    return isinstance(value, np.ndarray)
