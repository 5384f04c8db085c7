"""Readings of lab 3: from raw arrays, which nobody vouches for, to facts that every correct style shares.

Random draws differ from style to style, so a reading looks the rows up again, or takes a statistic that does not depend
on which numbers came.
"""

from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import close, equal, is_array, scalar, true, untouched
from cattern.checking.labs.nn_library.drivers import HISTORIES

FEW = 5  # rows


def shape_of(value):
    """Return the shape of a raw value in words; a sentence stays what it is."""
    return str(value.shape) if is_array(value) else value


def read_sample(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: which images the rows are, how they are scaled, whose labels they have, and how they were chosen."""
    facts: Values = {}
    X, y, n = raw.get("X"), raw.get("y"), inputs["num_samples"]
    flat = inputs["images"].reshape(len(inputs["images"]), -1).astype(float)
    if X is None or y is None:
        return facts
    facts["X_shape"], facts["y_shape"] = shape_of(X), shape_of(y)
    if is_array(X) and X.size and X.size % flat.shape[1] == 0:
        rows = None
        if X.ndim == 2 and X.shape[1] == flat.shape[1]:
            rows, scale = lookup(flat, X)
            facts["are_images"] = true(rows is not None)
            if rows is not None:
                facts["scale"] = np.array([scale.min(), scale.max()]) * 255
        if rows is None:
            rows = in_other_form(flat, X)
        if rows is not None:
            facts |= choice(inputs["labels"].astype(float), y, rows)
            if FEW < n < len(flat):
                facts |= places(rows, len(flat))
        if n == len(flat) and facts.get("no_repeats", 1):  # everybody has all of them, in some order
            facts["all_values"] = np.sort(X.ravel())
    if "other_X" in raw and FEW < n < len(flat):
        facts["same_seed"] = true(equal(X, raw["again_X"]) and equal(y, raw["again_y"]))
        facts["varied"] = true(not equal(X, raw["other_X"]))
    if is_array(X) and X.size and np.ptp(X):
        facts |= untouched(inputs, raw, "images", "labels")
    for name in ("float32", "int64"):
        if f"is_{name}" in raw:
            facts[name] = raw[f"is_{name}"]
    return facts


def places(rows: np.ndarray, N: int) -> Values:
    """Return where in the file the rows are. In which order they come is a matter of style."""
    n = len(rows)
    return {
        "unordered": true(len(np.unique(np.diff(rows))) > 1),
        "everywhere": true(rows.max() >= n and rows.min() < N - n),
        "first_rows": true(rows.min() == 0 and rows.max() == n - 1),
    }


def choice(labels: np.ndarray, y, rows: np.ndarray) -> Values:
    """Return how the rows were chosen and whose labels they have. Of a few rows, chance could say anything."""
    if len(rows) <= FEW:
        return {}
    facts = {"no_repeats": true(len(np.unique(rows)) == len(rows))}
    if is_array(y) and y.shape == rows.shape:
        facts["own_labels"] = true(np.array_equal(y, labels[rows]))
        if len(rows) < len(labels):  # of all images, the first labels are in another order, too
            mixed = np.array_equal(np.sort(y), np.sort(labels[rows])) and not facts["own_labels"]
            facts["labels_in_another_order"] = true(mixed)
            facts["labels_are_first"] = true(np.array_equal(y, labels[: len(y)]))
        facts["labels_are_rows"] = true(np.array_equal(y, rows))
    return facts


def lookup(flat: np.ndarray, X: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return which image each row of X is a multiple of, and the factors; None when one is no multiple of any."""
    norms = np.linalg.norm(X, axis=1), np.linalg.norm(flat, axis=1)
    cosines = (X @ flat.T) / np.maximum(np.outer(*norms), 1e-12)
    rows = np.argmax(cosines, axis=1)
    found = np.all(cosines[np.arange(len(X)), rows] > 1 - 1e-6)
    return (rows if found else None), norms[0] / norms[1][rows]


def in_other_form(flat: np.ndarray, X: np.ndarray) -> np.ndarray | None:
    """Return which images stand in an X that is not as it should be: of another shape, or with numbers added to the pixels.

    So a mistake in X costs X, and not also the labels and the choice.
    """
    if flat.shape[1] < 3:
        return None
    for form in (X, X.T):
        form = form.reshape(-1, flat.shape[1])
        rows, _ = lookup(centred(flat), centred(form))
        if rows is not None:
            return rows
    return None


def centred(rows: np.ndarray) -> np.ndarray:
    """Return rows without their means."""
    return rows - rows.mean(axis=1, keepdims=True)


def read_one_hot(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the rows themselves."""
    facts: Values = {}
    if "Y" in raw:
        facts["Y_shape"], facts["Y"] = shape_of(raw["Y"]), raw["Y"]
    facts |= untouched(inputs, raw, "y")
    if "is_float32" in raw:
        facts["float32"] = raw["is_float32"]
    return facts


def read_gaussian(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: shape and norm, and, where there are numbers enough, whether they are Gaussian around zero."""
    facts: Values = {}
    array = raw.get("array")
    if array is None:
        return facts
    facts["shape"] = shape_of(array)
    if is_array(array) and array.size:
        norm = np.linalg.norm(array)
        facts["norm_is_1"] = true(abs(norm - 1) < 1e-4)
        if FEW < array.size <= 1000:
            facts["free_mean"] = true(abs(array.mean()) > 1e-6 * array.std())
        if array.size > 1000:
            facts["norm"] = np.asarray(1.0 if abs(norm - 1) < 1e-4 else one_digit(norm))
            middle, spread = array.mean(), max(array.std(), 1e-30)
            facts["centred"] = true(abs(middle) < 0.05 * spread)
            tails = np.mean(((array - middle) / spread) ** 4)  # 3 for a Gaussian
            facts["gaussian"] = true(abs(tails - 3) < 0.3)
            facts["tails"] = np.round(tails)
            facts["centre"] = np.round(middle / spread)
            if array.ndim == 2:
                facts["rows_are_1"] = true(np.allclose(np.linalg.norm(array, axis=1), 1, atol=1e-4))
                facts["columns_are_1"] = true(np.allclose(np.linalg.norm(array, axis=0), 1, atol=1e-4))
    if "other" in raw:
        facts["same_seed"] = true(equal(array, raw["again"]))
        facts["varied"] = true(not equal(array, raw["other"]))
    if "is_float32" in raw:
        facts["float32"] = raw["is_float32"]
    return facts


def one_digit(x: float) -> float:
    """Return a number rounded to one significant digit."""
    return float(f"{x:.0e}")


def read_train_epoch(inputs: Mapping, raw: Values) -> Values:
    """TODO#4: what it returned, beside the solution's and beside what its own updates gave; and where W ended."""
    facts = moved(inputs, raw, "losses")
    Y, order = inputs["Y"], np.split(inputs["order"], inputs["cuts"])
    for name in ("losses", "accuracies"):
        if name in raw:
            facts[name] = squeezed(raw[name])
    if "losses" in raw and "seen_losses" in raw:
        facts["own_losses"] = true(close(facts["losses"], raw["seen_losses"]))
    if "accuracies" in raw:
        own = [
            np.mean(np.argmax(raw[f"scores_{i}"], axis=1) == np.argmax(Y[rows], axis=1))
            for i, rows in enumerate(order)
            if is_array(raw.get(f"scores_{i}")) and len(raw[f"scores_{i}"]) == len(rows)
        ]
        facts["own_accuracies"] = true(len(own) == len(order) and close(facts["accuracies"], np.array(own)))
    facts |= untouched(inputs, raw, "X", "Y")
    for name in ("backward_calls", "step_calls"):
        if name in raw:
            facts[name] = raw[name]
    if "forward_calls" in raw and "losses" in raw:
        updates = max(len(order), raw.get("step_calls", 0))  # a minibatch too many has its own forward pass
        facts["one_forward"] = true(raw["forward_calls"] <= updates)
    return facts


def squeezed(value):
    """Return a list of numbers as an (n,) array where each stands in brackets of its own.

    One list in brackets, (1, n), is not accepted: it would count as one minibatch.
    """
    return value.reshape(-1) if is_array(value) and value.ndim == 2 and value.shape[1] == 1 else value


def read_evaluate(inputs: Mapping, raw: Values) -> Values:
    """TODO#5: the two numbers, and whether nothing was trained."""
    facts: Values = {name: scalar(raw[name]) for name in ("loss", "accuracy") if name in raw}
    if all(equal(raw.get(name), raw.get(f"elsewhere_{name}")) for name in ("loss", "accuracy")):
        # numbers that are always the same ask nobody
        return facts
    return facts | untouched(inputs, raw, "W", "X", "Y")


def read_train(inputs: Mapping, raw: Values) -> Values:
    """TODO#6: the six histories, and where W ended."""
    return {name: raw[name] for name in HISTORIES if name in raw} | moved(inputs, raw, HISTORIES[0])


def moved(inputs: Mapping, raw: Values, last: str) -> Values:
    """Return where W ended; nothing where an exception came before the first update: W stands still because of that.

    Args:
        inputs: of the probe.
        raw: what came.
        last: what is there when the function came to its end.
    """
    stopped = last not in raw and equal(raw.get("W"), inputs["W"])
    return {"W": raw["W"]} if "W" in raw and not stopped else {}
