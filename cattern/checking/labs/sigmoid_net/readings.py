"""Readings of lab 5: from raw arrays, which nobody vouches for, to facts that every correct style shares."""

from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import close, exact, is_array, measured, scalar, true, untouched
from cattern.checking.labs.sigmoid_net.stand_ins import NAMES

NEAR = {"rtol": 1e-6, "atol": 1e-12}  # nothing is float32 here, and a loss may be tiny


def read_sigmoid(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: the values, under a name of their own where the numbers are huge."""
    s = raw.get("s")
    if s is None:
        return {}
    if is_array(s) and s.size == inputs["z"].size:
        s = s.reshape(inputs["z"].shape)  # an array of one number is as good as a number
    return {"huge" if "huge" in inputs else "s": s}


def read_scalar_forward(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the three numbers, and whether the output follows from the student's own hidden units."""
    facts = {name: scalar(raw[name]) for name in ("h1", "h2", "o") if name in raw}
    if all(is_array(value) and value.ndim == 0 for value in facts.values()) and len(facts) == 3:
        v1, v2, c = inputs["params"][6:]
        # Back through the sigmoid: the logit of the output must be the affine map of the hidden units.
        logit = np.log(facts["o"]) - np.log1p(-facts["o"])
        wanted = v1 * facts["h1"] + v2 * facts["h2"] + c
        facts["own_o"] = true(np.ptp([facts["h1"], facts["h2"]]) > 0 and abs(logit - wanted) < 1e-6)
    return facts | untouched(inputs, raw, "params")


def read_scalar_backward(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: the nine derivatives; and the other eight in units of the student's own derivative in c."""
    facts = {name: scalar(raw[name]) for name in NAMES if name in raw}
    c = facts.get("c")
    if is_array(c) and c.ndim == 0 and np.isfinite(c) and abs(c) > 1e-9:
        for name in NAMES[:-1]:
            if is_array(facts.get(name)):
                facts[f"ratio_{name}"] = facts[name] / c
    if facts:
        facts["derived"] = true(not is_measured(inputs, raw))
    return facts | untouched(inputs, raw, "params")


def is_measured(inputs: Mapping, raw: Values) -> bool:
    """Tell whether derivatives are in proportion to the output's error almost, but not to the last digits."""
    near, far = [raw.get(name) for name in NAMES], raw.get("others")
    if not all(is_array(value) and value.size == 1 for value in near) or not is_array(far):
        return False
    errors = inputs["o"] - inputs["t"], inputs["o"] - (1.0 - inputs["t"])
    here, there = np.array([value.item() for value in near]), far.reshape(-1)
    return measured(here / errors[0], there / errors[1], 1e-13, 1e-3)


def read_train_scalar(inputs: Mapping, raw: Values) -> Values:
    """TODO#4: the parameters' way from where they began, the losses, and whether these are those of the outputs on the way."""
    facts: Values = {}
    after, losses, visits = raw.get("params_after"), raw.get("losses"), raw.get("visits")
    if is_array(after) and after.shape == inputs["params"].shape:
        facts["moved"] = after - inputs["params"]
    if losses is None:
        return facts
    facts["losses"] = losses
    targets = {tuple(point[:2]): point[2] for point in inputs["points"]}
    if is_array(visits) and len(visits) == inputs["num_epochs"] * len(targets):
        gaps = np.array([o - targets.get((x1, x2), np.nan) for x1, x2, o in visits])
        own = np.mean(gaps.reshape(inputs["num_epochs"], -1) ** 2 / 2, axis=1)
        facts["own_losses"] = true(close(losses, own, **NEAR))
    return facts


def read_forward(inputs: Mapping, raw: Values) -> Values:
    """TODO#5: the output, under a name of its own where the numbers are huge; and matters of style."""
    facts: Values = {"huge" if "calm" in inputs else "S": raw["S"]} if "S" in raw else {}
    facts |= untouched(inputs, raw, "Z")
    return facts | {name: raw[name] for name in ("goes_back", "same_dtype", "calm") if name in raw}


def read_backward(inputs: Mapping, raw: Values) -> Values:
    """TODO#6: the gradient, and whether it is the exact derivative of the student's own forward pass."""
    facts: Values = {"dZ": raw["dZ"]} if "dZ" in raw else {}
    own, slope = raw.get("own_dZ"), raw.get("own_slope")
    if is_array(own) and is_array(slope) and own.shape == slope.shape == inputs["Z"].shape:
        facts["own"] = true(exact(own, slope))
    if "own" in inputs and "dZ" in raw:
        # what is no derivative anywhere was not measured either
        off = measured(raw.get("near_dZ"), raw.get("far_dZ"), 1e-6)
        facts["derived"] = true(not (off and np.all(facts.get("own", True))))
    return facts | untouched(inputs, raw, "dout")


def read_train(inputs: Mapping, raw: Values) -> Values:
    """TODO#7: the weights' way, the losses, and whether these are the losses that were computed on the minibatches."""
    facts: Values = {name: raw[name] for name in ("backwards", "steps") if name in raw}
    single = inputs["batch_size"] == len(inputs["X"]) and inputs["num_epochs"] == 1
    if is_array(raw.get("W")) and raw["W"].shape == inputs["W"].shape:
        facts["first_step" if single else "later_steps"] = raw["W"] - inputs["W"]
    losses, seen = raw.get("losses"), raw.get("seen")
    if losses is not None:
        facts["losses"] = losses
        if is_array(seen) and seen.ndim == 2 and moves(raw, inputs):
            # the validation set is the only batch with as many rows as it has
            facts["own_losses"] = true(close(losses, seen[seen[:, 0] != len(inputs["X_val"]), 1], **NEAR))
    return facts | untouched(inputs, raw, "X", "y")


def moves(raw: Values, inputs: Mapping) -> bool:
    """Tell whether the weights have moved: without any update there is no training whose losses could be right."""
    return is_array(raw.get("W")) and not np.array_equal(raw["W"], inputs["W"])


def read_moving_average(inputs: Mapping, raw: Values) -> Values:
    """TODO#9: the means, and how many there are."""
    if not is_array(raw.get("means")):
        return dict(raw)
    return {"means": raw["means"], "shape": str(raw["means"].shape)}
