"""Readings of lab 6: from raw arrays, which nobody vouches for, to facts that every correct style shares."""

from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._reading import equal, is_array, scalar, true, untouched


def read_distances(inputs: Mapping, raw: Values) -> Values:
    """TODO#1: the distances, whether one is negative, and matters of style."""
    facts: Values = {name: raw[name] for name in ("distances", "loop_free") if name in raw}
    if is_array(distances := facts.get("distances")):
        all_pairs = distances.shape == (len(inputs["X"]), len(inputs["X_train"]))
        # one number for all is no distance
        facts["not_negative"] = true(all_pairs and np.ptp(distances) > 0 and np.all(distances >= 0))
    return facts | untouched(inputs, raw, "X", "X_train")


def read_nearest(inputs: Mapping, raw: Values) -> Values:
    """TODO#2: the labels of each row in any order; then in their order, under a name of its own where distances are equal."""
    facts: Values = untouched(inputs, raw, "distances", "y_train")
    labels = raw.get("labels")
    if labels is None:
        return facts
    if inputs.get("ties"):
        return facts | {"ties": labels}
    facts["in_order"] = labels
    facts["labels"] = np.sort(labels, axis=1) if is_array(labels) and labels.ndim == 2 else labels
    return facts


def read_vote(inputs: Mapping, raw: Values) -> Values:
    """TODO#3: the winners, under a name of their own where the vote is tied."""
    facts: Values = {"whole": raw["whole"]} if "whole" in raw else {}
    if "y_pred" in raw:
        facts["ties" if inputs.get("ties") else "winners"] = raw["y_pred"]
    return facts | untouched(inputs, raw, "labels")


def read_choose(inputs: Mapping, raw: Values) -> Values:
    """TODO#4: accuracies, best k, and whether it is the k of the student's own highest accuracy."""
    best_k, accuracies = scalar(raw.get("best_k")), raw.get("accuracies")
    facts: Values = {}
    if accuracies is not None:
        facts["accuracies"] = accuracies
    if best_k is None:
        return facts
    tied = bool(inputs.get("ties"))
    facts["tied_k" if tied else "best_k"] = best_k
    ks = inputs["ks"]
    if is_array(accuracies) and accuracies.shape == ks.shape and np.ptp(accuracies) > 0:
        own = np.array(ks[np.argmax(accuracies)])
        facts["own_tied_k" if tied else "own_best_k"] = true(equal(best_k, own))
    return facts
