"""Readings of lab 1: from raw arrays, which nobody vouches for, to facts that every correct style shares.

A reading recomputes what it can: rows are looked up in X, steps are divided by the known gradient of the stand-in.
"""

from collections.abc import Mapping

import numpy as np

from cattern.checking.labs._reading import as_row, equal, exact, is_array, scalar, true
from cattern.checking.labs.two_layer_net.drivers import PARAMS, known_gradient
from cattern.checking.rubric import Values


def read_scores(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: the scores, and whether the inputs stayed as they were."""
    facts: Values = {"scores": raw["scores"]} if "scores" in raw else {}
    if "X" in raw:
        given = [(raw.get("X"), inputs["X"]), *((raw.get(f"param_{n}"), inputs[n]) for n in PARAMS)]
        facts["untouched"] = true(
            all(is_array(a) and a.size == b.size and (a.ravel() == b.ravel()).all() for a, b in given)
        )
    return facts


def read_loss(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the loss without regularisation, the L2 term alone, how it scales, and whether it can be repeated."""
    loss = {name: scalar(raw[name]) for name in ("plain", "regularised", "doubled", "again") if name in raw}
    facts: Values = {}
    if "plain" in loss:
        facts["data_loss"] = loss["plain"]
    if {"plain", "regularised"} <= loss.keys():
        facts["reg_term"] = minus(loss["regularised"], loss["plain"])
    if {"plain", "regularised", "doubled"} <= loss.keys():
        facts["reg_scaling"] = minus(loss["doubled"], loss["regularised"])
    if {"regularised", "again"} <= loss.keys():
        facts["repeatable"] = true(
            np.array_equal(loss["regularised"], loss["again"], equal_nan=is_array(loss["again"]))
        )
    if "loop_free" in raw:
        facts["loop_free"] = raw["loop_free"]
    if "huge" in raw:
        facts["finite_at_1000"] = true(is_array(raw["huge"]) and np.isfinite(raw["huge"]).all())
    return facts


def read_gradients(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: the gradients, and whether each is the derivative of the student's own loss."""
    facts: Values = {}
    kept, steady = [], []
    for name in PARAMS:
        grad = raw.get(name)
        if grad is None:
            continue
        grad = facts[name] = as_row(grad, inputs[name])
        for key, seen in ((f"later_{name}", kept), (f"again_{name}", steady)):
            if is_array(raw[name]) and is_array(raw.get(key)):
                seen.append(np.array_equal(raw[name], raw[key], equal_nan=True))
        slopes = raw.get(f"slopes_{name}")
        if is_array(slopes) and is_array(grad) and grad.shape == inputs[name].shape:
            facts[f"own_{name}"] = true(exact(grad, slopes))
    if kept:
        facts["fresh"] = true(all(kept))
    if steady:
        facts["steady"] = true(all(steady))
    return facts


def read_minibatch(inputs: Mapping, raw: Values) -> Values:
    """TODO#4: whether the minibatches are random rows of X with their own labels; and how, where they are not."""
    X, y, N, size = inputs["X"], inputs["y"], len(inputs["X"]), inputs["batch_size"]
    sizes, batches, labels, varied = [], [], [], []
    rows_ok = regs_ok = X_ok = y_ok = True
    for run in range(inputs["runs"]):
        prefix = f"{run}."
        here = raw.get(f"{prefix}sizes")
        if not is_array(here) or here.ndim != 2:
            continue
        sizes += [tuple(pair) for pair in here]
        rows, drawn = lookup(X, raw.get(f"{prefix}batch_X")), raw.get(f"{prefix}batch_y")
        rows_ok &= rows is not None
        if rows is not None and is_array(drawn):
            mine = np.split(rows, np.cumsum(here[:-1, 0]).astype(int))
            batches += mine
            labels += np.split(drawn, np.cumsum(here[:-1, 1]).astype(int))
            varied.append(len(mine) == 1 or len({tuple(b) for b in mine}) > 1)
        regs_ok &= bool(raw[f"{prefix}regs"][0] == inputs["reg"])
        X_ok &= equal(raw.get(f"{prefix}X_after"), X)
        y_ok &= equal(raw.get(f"{prefix}y_after"), y)
    if not sizes:
        return {}
    allowed = {size, N} if size > N else {size}
    facts: Values = {
        "size_ok": true(all(a == b and a in allowed for a, b in sizes)),
        "rows_from_X": true(rows_ok),
        "X_untouched": true(X_ok),
        "y_untouched": true(y_ok),
        "reg_passed": true(regs_ok),
    }
    if not size > N:  # a batch as large as the data may be the data itself, or N rows of it
        facts["sizes"] = np.array(
            [a if len({s[i] for s in sizes}) == 1 else -1 for i, a in enumerate(sizes[0])]
        )
    if rows_ok and batches:
        facts |= randomness(N, size, batches, varied) | ownership(y, batches, labels)
    return facts


def randomness(N: int, size: int, batches: list[np.ndarray], varied: list[bool]) -> Values:
    """Return whether minibatches of row numbers are random, and what marks those that are not."""
    if size >= N:
        return {}
    drawn = np.concatenate(batches)
    enough = len(drawn) >= 20 * N  # then a row that is never drawn is no accident
    consecutive = all(len(b) > 1 and (np.diff(b) % N == 1).all() for b in batches)
    return {
        "varied": true(all(varied) and len({tuple(b) for b in batches}) > 1),
        "unordered": true(not consecutive),
        "all_rows": true(not enough or len(np.unique(drawn)) == N),
        "spread": np.array([drawn.min(), drawn.max()] if enough else [0, N - 1], dtype=float),
        "one_row": true(all((b == b[0]).all() for b in batches if len(b))),
        "shift": np.asarray(
            float((batches[1][0] - batches[0][0]) % N) if consecutive and len(batches) > 1 else 0.0
        ),
        "no_repeats": true(all(len(np.unique(b)) == len(b) for b in batches)),
    }


def ownership(y: np.ndarray, batches: list[np.ndarray], labels: list[np.ndarray]) -> Values:
    """Return whether the labels of minibatches are those of their rows, and what they are when not."""
    pairs = list(zip(batches, labels, strict=False))
    return {
        "own_labels": true(all(equal(drawn, y[rows]) for rows, drawn in pairs)),
        "labels_reversed": true(all(equal(drawn, y[rows][::-1]) for rows, drawn in pairs)),
        "labels_are_rows": true(all(equal(drawn, rows) for rows, drawn in pairs)),
        "labels_are_first": true(all(equal(drawn, y[: len(drawn)]) for _, drawn in pairs)),
    }


def read_update(inputs: Mapping, raw: Values) -> Values:
    """TODO#5: the first step divided by (−rate · gradient); and whether later steps of an epoch are alike.

    How steps of different epochs compare is the decay's business. So is a rate that changes within an epoch: then the
    steps are compared with the rate of that name (`by_name`).
    """
    facts: Values = {}
    an_epoch = len(inputs["X"]) // inputs["batch_size"]
    named = raw.get("named_rates")
    for name in PARAMS:
        ratio = step_ratios(inputs, raw, name)
        if ratio is None or not is_array(named) or len(named) != len(ratio):
            continue
        ratio = ratio.reshape(len(ratio), -1)
        facts[f"first_{name}"] = np.array([ratio[0].min(), np.median(ratio[0]), ratio[0].max()])
        if inputs["num_iters"] == 1:
            continue
        moved = np.where(named == 0, 1.0, ratio.any(axis=1))
        same = ratio[1:an_epoch]  # iteration 0 is an epoch of its own
        middle = np.median(same[0]) if len(same) else 0.0
        level = np.array([(same / middle).min(), (same / middle).max()]) if middle else np.ones(2)
        by_name = ratio[named != 0] * inputs["learning_rate"] / named[named != 0][:, None]
        by_name = np.array([by_name.min(), by_name.max()]) if by_name.size else np.ones(2)
        if "ended_early" in raw:  # by another task's stub: nobody knows the other steps
            moved, level, by_name = np.ones(inputs["num_iters"]), np.ones(2), np.ones(2)
        facts[f"moved_{name}"], facts[f"level_{name}"], facts[f"by_name_{name}"] = moved, level, by_name
    return facts


def read_decay(inputs: Mapping, raw: Values) -> Values:
    """TODO#6: the rate at every iteration relative to the first, by the steps and by its name; the first rate; lengths."""
    facts: Values = {}
    rates, flat = step_rates(inputs, raw), step_rates(inputs, raw, "flat.")
    if rates is not None and rates[0]:
        facts["rates"] = rates / rates[0]
        if flat is not None and flat[0]:
            facts["first_rate"] = np.asarray(rates[0] / flat[0])
    named = raw.get("named_rates")
    if is_array(named) and named.size and named[0]:
        facts["named_rates"] = named / named[0]
        facts["named_first_rate"] = np.asarray(named[0] / inputs["learning_rate"])
    if is_array(raw.get("regs")) and inputs["reg"]:
        facts["regs"] = raw["regs"] / inputs["reg"]
    if "loss_history" in raw:
        facts["iterations"] = raw["loss_history"]
    if "val_acc_history" in raw:
        facts["epochs"] = raw["val_acc_history"]
    return facts


def read_predict(inputs: Mapping, raw: Values) -> Values:
    """TODO#7: the labels, and whether they are the highest of the student's own scores."""
    facts: Values = {}
    labels, scores = raw.get("labels"), raw.get("scores")
    if labels is not None:
        facts["labels"] = labels
        facts["whole"] = raw.get("whole", true(True))
    if is_array(labels) and is_array(scores) and scores.ndim == 2:
        follows = labels.shape == scores.shape[:1] and (labels == np.argmax(scores, axis=1)).all()
        facts["own_labels"] = true(follows and np.ptp(scores) > 0)
    return facts


def step_ratios(inputs: Mapping, raw: Values, name: str, prefix: str = "") -> np.ndarray | None:
    """Return step / (−rate · gradient) for all iterations and elements of one parameter, or None without a record."""
    path, batch_X, sizes = (
        raw.get(f"{prefix}path_{name}"),
        raw.get(f"{prefix}batch_X"),
        raw.get(f"{prefix}sizes"),
    )
    if not (is_array(path) and is_array(batch_X) and is_array(sizes)) or len(path) != len(sizes) + 1:
        return None
    if sizes.ndim != 2 or sizes[:, 0].sum() != len(batch_X) or path[0].size != inputs[name].size:
        return None
    batches = np.split(batch_X, np.cumsum(sizes[:-1, 0]).astype(int))
    gradients = np.stack([known_gradient(p, X) for p, X in zip(path[:-1], batches, strict=True)])
    steps = np.diff(path, axis=0)
    after = raw.get(f"{prefix}after_first_{name}")
    if is_array(after) and after.shape == path[0].shape:
        steps[0] = after - path[0]
    return steps / (-inputs["learning_rate"] * gradients)


def step_rates(inputs: Mapping, raw: Values, prefix: str = "") -> np.ndarray | None:
    """Return the rate at every iteration in units of `learning_rate`, from the first parameter that moves at all."""
    for name in PARAMS:
        ratios = step_ratios(inputs, raw, name, prefix)
        if ratios is not None and np.any(ratios):
            return np.median(ratios.reshape(len(ratios), -1), axis=1)
    return None


def lookup(X: np.ndarray, rows) -> np.ndarray | None:
    """Return the row number in X of every row, or None when one is not a row of X."""
    if not is_array(rows) or rows.ndim != 2 or rows.shape[1] != X.shape[1]:
        return None
    index = {row.tobytes(): i for i, row in enumerate(np.ascontiguousarray(X))}
    found = [index.get(np.ascontiguousarray(row).tobytes(), -1) for row in rows]
    return None if -1 in found else np.array(found)


def minus(a, b):
    """Return a − b, or the sentence that stands in place of one of them."""
    if isinstance(a, str) or isinstance(b, str):
        return a if isinstance(a, str) else b
    return a - b if a.shape == b.shape else f"of shapes {a.shape} and {b.shape}"
