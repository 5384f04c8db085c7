"""The reading of TODO#4 of lab 1: from the minibatches of a few training runs to what is right and wrong with them."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import equal, is_array, true
from cattern.checking.labs.two_layer_net.readings import MANY
from cattern.checking.labs.two_layer_net.stand_ins import ENOUGH


def read_minibatch(inputs: Mapping, raw: Values) -> Values:
    """TODO#4: whether the minibatches are random rows of X with their own labels; and how, where they are not."""
    X, y, N, size = inputs["X"], inputs["y"], len(inputs["X"]), inputs["batch_size"]
    sizes, runs, labels = [], [], []
    rows_ok = val_ok = scaled = regs_ok = X_ok = y_ok = True
    for run in range(inputs["runs"] * inputs["num_iters"]):  # so many, if each ends after its first
        prefix = f"{run}."
        here = raw.get(f"{prefix}sizes")
        if not is_array(here) or here.ndim != 2 or len(here) > MANY * inputs["num_iters"]:
            continue
        sizes += [tuple(pair) for pair in here]
        drawn_X, drawn_y = raw.get(f"{prefix}batch_X"), raw.get(f"{prefix}batch_y")
        rows = lookup(X, drawn_X)
        rows_ok &= rows is not None
        val_ok &= lookup(inputs["X_val"], drawn_X) is not None
        scaled &= rows is None and lookup(directions(X), directions(drawn_X)) is not None
        if rows is not None and is_array(drawn_y):
            runs.append(np.split(rows, np.cumsum(here[:-1, 0]).astype(int)))
            labels += np.split(drawn_y, np.cumsum(here[:-1, 1]).astype(int))
        regs_ok &= bool(raw[f"{prefix}regs"][0] == inputs["reg"])
        X_ok &= equal(raw.get(f"{prefix}X_after"), X)
        y_ok &= equal(raw.get(f"{prefix}y_after"), y)
    if not sizes:
        return {}
    facts: Values = {
        "size": common_size(sizes, size),
        "rows_from_X": true(rows_ok),
        "rows_from_val": true(val_ok),
        "rows_scaled": true(scaled),
        "X_untouched": true(X_ok),
        "y_untouched": true(y_ok),
        "reg_passed": true(regs_ok),
    }
    if rows_ok and runs:
        owned = ownership(y, [batch for run in runs for batch in run], labels)
        facts["own_labels"] = owned["own_labels"]
        if size < N:  # else a batch may be the data itself, in any order
            facts |= owned | randomness(N, runs)
    return facts


def common_size(sizes: list[tuple[float, float]], size: int) -> "np.ndarray | str":
    """Return the number of rows in each minibatch: `size` where all is well, else the wrong number, or what varies.

    With replacement, a minibatch has as many rows as were asked for, also when the data has fewer.
    """
    if all(a == b == size for a, b in sizes):
        return np.asarray(float(size))
    if len(set(sizes)) > 1:
        return "not always the same"
    a, b = sizes[0]
    return np.asarray(a) if a == b else f"{a:g} in X and {b:g} in y"


def randomness(N: int, runs: list[list[np.ndarray]]) -> Values:
    """Return whether minibatches of row numbers are random, and what marks those that are not."""
    batches = [batch for run in runs for batch in run]
    several = [b for b in batches if len(b) > 1]
    consecutive = bool(several) and all((np.diff(b) % N == 1).all() for b in several)
    varied = all(len(run) == 1 or len({tuple(b) for b in run}) > 1 for run in runs)
    varied &= len({tuple(b) for b in batches}) > 1
    facts = {
        "varied": true(varied),
        "unordered": true(not consecutive),
        "one_row": true(all((b == b[0]).all() for b in batches if len(b))),
    }
    if facts["one_row"] or not (varied or consecutive):  # which of the rows come is chance
        return facts
    drawn = np.concatenate(batches)
    enough = len(drawn) >= ENOUGH * N
    first = [b[0] for b in runs[0] if len(b)]
    shifts = {(b - a) % N for a, b in pairwise(first)} if consecutive else set()
    return {
        **facts,
        "all_rows": true(not enough or len(np.unique(drawn)) == N),
        "spread": np.array([drawn.min(), drawn.max()] if enough else [0, N - 1], dtype=float),
        "shift": np.asarray(float(shifts.pop()) if len(shifts) == 1 else -1.0),
    }


def ownership(y: np.ndarray, batches: list[np.ndarray], labels: list[np.ndarray]) -> Values:
    """Return whether the labels of minibatches are those of their rows, and what they are when not."""
    pairs = list(zip(batches, labels, strict=False))
    of_row: dict[int, set[float]] = {}
    for rows, drawn in pairs:
        for row, label in zip(rows.tolist(), drawn.tolist(), strict=False):
            of_row.setdefault(row, set()).add(label)
    return {
        "own_labels": true(all(equal(drawn, y[rows]) for rows, drawn in pairs)),
        "labels_reordered": true(all(equal(np.sort(drawn), np.sort(y[rows])) for rows, drawn in pairs)),
        "labels_by_row": true(all(len(found) == 1 for found in of_row.values())),
        "labels_are_rows": true(all(equal(drawn, rows) for rows, drawn in pairs)),
        "labels_are_first": true(all(equal(drawn, y[: len(drawn)]) for _, drawn in pairs)),
    }


def directions(rows):
    """Return rows of length 1 and few digits, so that a row and its multiples are equal."""
    if not is_array(rows) or rows.ndim != 2:
        return rows
    return np.round(rows / np.linalg.norm(rows, axis=1, keepdims=True), 6) + 0.0


def lookup(X: np.ndarray, rows) -> np.ndarray | None:
    """Return the row number in X of every row, or None when one is not a row of X."""
    if not is_array(rows) or rows.ndim != 2 or rows.shape[1] != X.shape[1]:
        return None
    index = {row.tobytes(): i for i, row in enumerate(np.ascontiguousarray(X))}
    found = [index.get(np.ascontiguousarray(row).tobytes(), -1) for row in rows]
    return None if -1 in found else np.array(found)
