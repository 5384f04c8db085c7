"""Readings of lab 4: from raw arrays, which nobody vouches for, to facts that every correct style shares."""

from collections.abc import Callable, Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import (
    close,
    equal,
    exact,
    is_array,
    measured,
    scalar,
    true,
    untouched,
    way,
)
from cattern.checking.labs.binary_mlp.drivers import CHAINS, FAR


def row(value):
    """Return a vector as (n,): (1, n) and (n, 1) are correct styles. Anything else stays what it is."""
    return value.reshape(-1) if is_array(value) and value.ndim == 2 and 1 in value.shape else value


def read_loss_by_index(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: the loss as one number."""
    facts: Values = {"loss": scalar(raw["loss"])} if "loss" in raw else {}
    return facts | untouched(inputs, raw, "logits")


def read_gradient_by_index(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the label's element, the others, and whether all is the derivative of the student's own loss."""
    facts: Values = {}
    if "dlogits" in raw:
        dlogits, label = row(raw["dlogits"]), inputs["label"]
        fits = is_array(dlogits) and dlogits.shape == inputs["logits"].shape
        facts["at_label"] = dlogits[label] if fits else dlogits
        facts["elsewhere"] = np.delete(dlogits, label) if fits else dlogits
        if "slopes" in raw:
            facts["own"] = true(fits and exact(dlogits, raw["slopes"]))
        # of single precision, the gap is larger; what is no derivative anywhere was not measured either
        off = measured(dlogits, row(raw.get("far_dlogits")), 1e-12, 1e-6)
        facts["derived"] = true(not (off and np.all(facts.get("own", True))))
    return facts | untouched(inputs, raw, "logits")


def read_gradients_by_index(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: the three gradients."""
    facts: Values = {}
    if "dW" in raw:
        facts |= {"dW": raw["dW"], "db": row(raw["db"]), "dh": row(raw["dh"])}
        far = {name: row(raw.get(f"far_{name}")) if name != "dW" else raw.get("far_dW") for name in facts}
        if is_array(far["dh"]):
            far["dh"] = far["dh"] / FAR  # it grows with W
        facts["derived"] = true(not any(measured(facts[name], far[name]) for name in far))
    facts |= untouched(inputs, raw, "h", "dlogits")
    if "grads_left_alone" in raw:
        facts["grads_left_alone"] = raw["grads_left_alone"]
    return facts


def read_forward(inputs: Mapping, raw: Values) -> Values:
    """TODO#4 and TODO#8: the logits, whether the way back works after them, and what each ReLU has kept for it."""
    facts: Values = {"logits": raw["logits"]} if "logits" in raw else {}
    facts |= untouched(inputs, raw, "X")
    if "X_after" in raw:
        facts["goes_back"] = raw.get("goes_back", true(False))
        relus = np.array([kept(inputs, raw, i) for i in (1, 3) if f"W{i // 2 + 2}" in inputs])
        facts["relus"] = relus if relus.any() else np.ones(relus.shape)  # code of one's own may use none
    return facts


def kept(inputs: Mapping, raw: Values, i: int) -> float:
    """Return 1 when layer i, a ReLU, has kept what the map before it made of its own input, 0 for nothing, −1 for something else."""
    mine, before = raw.get(f"kept{i}"), raw.get(f"kept{i - 1}")
    if mine is None or before is None:
        return 0.0 if mine is None else 1.0
    W, b = inputs[f"W{i // 2 + 1}"], inputs[f"b{i // 2 + 1}"]
    fits = is_array(before) and before.ndim == 2 and before.shape[1] == len(W)
    return 1.0 if fits and close(mine, before @ W + b) else -1.0


def backward_reading(name: str) -> Callable:
    """Return the reading of a network's backward pass: gradients after a right forward pass, and after the student's own."""
    maps = range(1, len(CHAINS[name]) // 2 + 2)
    keys = ["dX", *(f"{kind}{i}" for i in maps for kind in ("W", "b"))]

    def read(inputs: Mapping, raw: Values) -> Values:
        facts: Values = {}
        for key in keys:
            if key in raw:
                facts[key] = row(raw[key]) if key.startswith("b") else raw[key]
            if f"slopes_{key}" in raw:
                facts[f"own_{key}"] = true(exact(raw.get(f"mine_{key}"), raw[f"slopes_{key}"]))
        pairs = [(raw.get(key), raw.get(f"twice_{key}")) for key in keys[1:]]
        fit = all(is_array(once) and is_array(twice) and once.shape == twice.shape for once, twice in pairs)
        if fit and any(once.any() for once, _ in pairs):
            facts["adds"] = true(all(np.allclose(2 * once, twice, rtol=1e-6) for once, twice in pairs))
        if inputs.get("own") and any(key in raw for key in keys):
            # what is no derivative anywhere was not measured either
            fitting = [key for key in keys if np.all(facts.get(f"own_{key}", True))]
            facts["derived"] = true(not any(measured(raw.get(k), raw.get(f"far_{k}")) for k in fitting))
        return facts | untouched(inputs, raw, "dlogits")

    return read


def read_train(inputs: Mapping, raw: Values) -> Values:
    """TODO#6: where W went, update by update; the losses, and whether they are those of the student's own updates."""
    facts: Values = {"epochs": raw["epochs"]} if "epochs" in raw else {}
    per_batch = -(-len(inputs["X"]) // inputs["batch_size"]) * inputs["num_epochs"]
    path = raw.get("path")
    if is_array(path) and (
        "epochs" in raw or len(path) > 1
    ):  # where an exception came first, W stands still for that
        facts |= way(path, per_batch)
    if "losses" in raw:
        losses = facts["losses"] = row(raw["losses"])
        seen = raw.get("seen_losses")
        facts["own_losses"] = true(close(losses, seen) and len(seen))
        updates = max(per_batch, raw.get("step_calls", 0))  # a minibatch too many has its own forward pass
        facts["one_forward"] = true(raw.get("forward_calls", per_batch) <= updates)
        facts |= untouched(inputs, raw, "X", "y")
    for name in ("backward_calls", "step_calls"):
        if name in raw:
            facts[name] = raw[name]
    return facts


def read_evaluate(inputs: Mapping, raw: Values) -> Values:
    """TODO#7: the two numbers, and whether nothing was trained."""
    facts: Values = {name: scalar(raw[name]) for name in ("loss", "accuracy") if name in raw}
    if not all(equal(raw.get(name), raw.get(f"elsewhere_{name}")) for name in ("loss", "accuracy")):
        # numbers that are always the same ask nobody
        facts |= untouched(inputs, raw, "W", "X", "y")
    if "forward_calls" in raw:
        facts["one_forward"] = true(raw["forward_calls"] <= 1)
    return facts
