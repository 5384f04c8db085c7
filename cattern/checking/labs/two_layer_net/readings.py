"""Readings of lab 1: from raw arrays, which nobody vouches for, to facts that every correct style shares.

A reading recomputes what it can: rows are looked up in X, steps are divided by the known gradient of the stand-in.
"""

from collections.abc import Mapping

import numpy as np

from cattern.checking.facts import agree
from cattern.checking.lab import Values
from cattern.checking.labs._reading import as_row, close, equal, exact, is_array, scalar, true
from cattern.checking.labs.two_layer_net.network import PARAMS
from cattern.checking.labs.two_layer_net.stand_ins import known_gradient, shift_of

MANY = 4  # calls for each iteration: whoever makes more does not train, and would only take up time


def read_scores(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: the scores, and whether the inputs stayed as they were."""
    facts: Values = {"scores": raw["scores"]} if "scores" in raw else {}
    if "scores" in raw and not raw.get("steady", True):
        facts["scores"] = "random: two calls on the same X give different scores"
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
        facts["about_X"] = true(not equal(loss["plain"], scalar(raw.get("elsewhere"))))
        facts["own_data_loss"] = true(follows_scores(loss["plain"], raw.get("scores"), inputs["y"]))
    if {"plain", "regularised"} <= loss.keys():
        facts["reg_term"] = minus(loss["regularised"], loss["plain"])
    if {"plain", "regularised", "doubled"} <= loss.keys():
        facts["reg_scaling"] = minus(loss["doubled"], loss["regularised"])
    # what is no number, as None is, neither repeats itself nor overflows; nor has a number that is always the same
    if is_array(loss.get("regularised")) and "again" in loss and facts.get("about_X"):
        facts["repeatable"] = true(
            is_array(loss["again"]) and np.array_equal(loss["regularised"], loss["again"], equal_nan=True)
        )
    facts["scores_there"] = true("scores" in raw)
    if "loop_free" in raw:
        facts["loop_free"] = raw["loop_free"]
    if "huge" in raw and is_array(loss.get("plain")):
        facts["finite_at_1000"] = true(is_array(raw["huge"]) and np.isfinite(raw["huge"]).all())
    return facts


def follows_scores(loss, scores, y: np.ndarray) -> bool:
    """Tell whether a loss is the mean cross-entropy of the student's own scores, and these say more than chance."""
    if not (is_array(loss) and is_array(scores) and scores.ndim == 2 and len(scores) == len(y)):
        return False
    if scores.shape[1] <= y.max() or not np.isfinite(scores).all():
        return False
    own = np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(y)), y])
    return agree(own, loss) and not agree(own, np.log(scores.shape[1]))


def is_derived(raw: Values, b1: np.ndarray) -> bool:
    """Tell whether the gradients were derived, not measured: near a kink only the first are as they are far from it.

    A gradient that is no derivative of the loss anywhere was not measured either, and one that is not there shows nothing.
    """
    near, far, grad, slopes = (raw.get(name) for name in ("near_kink", "far_kink", "b1", "slopes_b1"))
    if grad is None:
        return True
    if is_array(grad) and is_array(slopes) and not exact(as_row(grad, b1), slopes):
        return True
    return close(near, far, rtol=0.05, atol=1e-6)


def read_gradients(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: the gradients, and whether each is the derivative of the student's own loss."""
    facts: Values = {}
    kept, steady = [], []
    for name in PARAMS:
        grad = raw.get(name)
        if grad is None:
            continue
        if raw.get(
            f"usable_{name}", True
        ):  # a row is a correct style where the student's own update can use it
            grad = as_row(grad, inputs[name])
        elif is_array(grad) and grad.shape == inputs[name].shape:
            grad = f"a list, or something else that `train` cannot multiply: expected an array of shape {grad.shape}"
        facts[name] = grad
        for key, seen in ((f"later_{name}", kept), (f"again_{name}", steady)):
            if is_array(raw[name]) and is_array(raw.get(key)):
                seen.append(np.array_equal(raw[name], raw[key], equal_nan=True))
        slopes, other = raw.get(f"slopes_{name}"), raw.get(f"other_{name}")
        elsewhere = raw.get(f"elsewhere_{name}")
        if is_array(slopes) and is_array(grad) and grad.shape == inputs[name].shape:
            learnt = learns(slopes, other) and learns(slopes, elsewhere)
            facts[f"own_{name}"] = true(exact(grad, slopes) and learnt)
    if inputs.get("own"):
        facts["derived"] = true(is_derived(raw, inputs["b1"]))
    facts["reached"] = raw.get("reached", true(False))
    params = [raw.get(f"param_{name}") for name in PARAMS]
    if all(is_array(p) for p in params):
        facts["params_untouched"] = true(
            all((p.ravel() == inputs[n].ravel()).all() for n, p in zip(PARAMS, params, strict=True))
        )
    if kept:
        facts["fresh"] = true(all(kept))
    if steady:
        facts["steady"] = true(all(steady))
    return facts


def learns(slopes: np.ndarray, other) -> bool:
    """Tell whether the slopes of a loss are others than those with other labels, or other data: a loss that ignores them is none."""
    if not is_array(other) or other.size != slopes.size:
        return False
    return bool(np.max(np.abs(slopes.ravel() - other.ravel())) > 1e-3 * np.max(np.abs(slopes)))


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
        facts[f"moved_{name}"] = counted(moved, inputs["num_iters"])
        facts[f"level_{name}"], facts[f"by_name_{name}"] = level, by_name
    return facts


def read_decay(inputs: Mapping, raw: Values) -> Values:
    """TODO#6: the rate at every iteration relative to the first, by the steps and by its name; the first rate; lengths."""
    facts: Values = {}
    rates, flat = step_rates(inputs, raw), step_rates(inputs, raw, "flat.")
    if rates is not None and rates[0]:
        # after the last iteration a run may end as it likes: with the best parameters it has seen, say
        facts["rates"] = counted(rates[:-1] / rates[0], inputs["num_iters"] - 1)
        if flat is not None and flat[0]:
            facts["first_rate"] = np.asarray(rates[0] / flat[0])
    named = raw.get("named_rates")
    # an update that knows no rate, which is another task's, leaves only the name to look at
    deaf = rates is not None and not varies(rates) and not agree(rates[:1], np.ones(1))
    if is_array(named) or rates is not None:
        facts["decays"] = true(varies(named if deaf or rates is None else rates))
    # steps that stay as they are while the rate of that name changes are made with another variable
    felt = rates is None or varies(rates) or deaf
    known = is_array(named) and named.size and named[0] and (felt or not np.ptp(named))
    if known and (deaf or not decays_elsewhere(inputs, rates, named)):
        facts["named_rates"] = named / named[0]
        facts["named_first_rate"] = np.asarray(named[0] / inputs["learning_rate"])
    if is_array(regs := raw.get("regs")) and regs.size:
        facts["regs"] = regs / regs[0] if regs[0] else np.ones(len(regs))
    if "loss_history" in raw:
        facts["iterations"] = raw["loss_history"]
    if "val_acc_history" in raw:
        facts["epochs"] = raw["val_acc_history"]
    return facts


def varies(rates) -> bool:
    """Tell whether rates, if they are known, are not all the same."""
    return is_array(rates) and rates.size > 0 and not agree(np.full_like(rates, rates[0]), rates)


def decays_elsewhere(inputs: Mapping, rates: np.ndarray | None, named: np.ndarray) -> bool:
    """Tell whether the steps of an epoch fit the rate of that name, and those of the next one do so with another factor."""
    an_epoch = len(inputs["X"]) // inputs["batch_size"]
    if rates is None or len(rates) != len(named) or an_epoch == 1 or not named.all():
        return False
    factors = rates / named
    epochs = np.split(
        factors[1:], range(an_epoch, len(factors) - 1, an_epoch)
    )  # iteration 0 is one of its own
    steady = all(agree(np.full_like(epoch, epoch[0]), epoch) for epoch in epochs)
    moved = factors[factors != 0]  # an update that leaves out a step is another task's
    return steady and not agree(np.full_like(moved, moved[:1].sum()), moved)


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
    if is_array(scores) and scores.size:
        facts["scores_differ"] = true(np.ptp(scores) > 0)
    return facts


def counted(values: np.ndarray, num_iters: int) -> "np.ndarray | str":
    """Return a value for each iteration, or the sentence that there are not as many."""
    return values if len(values) == num_iters else f"there for {len(values)} iterations, not for {num_iters}"


def step_ratios(inputs: Mapping, raw: Values, name: str, prefix: str = "") -> np.ndarray | None:
    """Return step / (−rate · gradient) for all iterations and elements of one parameter, or None without a record."""
    path, batch_X, sizes = (
        raw.get(f"{prefix}path_{name}"),
        raw.get(f"{prefix}batch_X"),
        raw.get(f"{prefix}sizes"),
    )
    if not (is_array(path) and is_array(batch_X) and is_array(sizes)) or len(path) != len(sizes) + 1:
        return None
    if len(sizes) > MANY * inputs["num_iters"]:
        return None
    if sizes.ndim != 2 or sizes[:, 0].sum() != len(batch_X) or path[0].size != inputs[name].size:
        return None
    batches = np.split(batch_X, np.cumsum(sizes[:-1, 0]).astype(int))
    gradients = np.stack([known_gradient(p, shift_of(X)) for p, X in zip(path[:-1], batches, strict=True)])
    steps = np.diff(path, axis=0)
    after = raw.get(f"{prefix}after_first_{name}")
    if is_array(after) and after.shape == path[0].shape:
        steps[0] = after - path[0]
    return steps / (-inputs["learning_rate"] * gradients) + 0.0  # -0 is 0


def step_rates(inputs: Mapping, raw: Values, prefix: str = "") -> np.ndarray | None:
    """Return the rate at every iteration in units of `learning_rate`, from the first parameter that moves at all."""
    for name in PARAMS:
        ratios = step_ratios(inputs, raw, name, prefix)
        if ratios is not None and np.any(ratios):
            return np.median(ratios.reshape(len(ratios), -1), axis=1)
    return None


def minus(a, b):
    """Return a − b, or the sentence that stands in place of one of them."""
    if isinstance(a, str) or isinstance(b, str):
        return a if isinstance(a, str) else b
    return a - b if a.shape == b.shape else f"of shapes {a.shape} and {b.shape}"
