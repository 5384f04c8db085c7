"""Drivers of lab 6: the calls on a student's `nearest_neighbour`, and the raw arrays they give.

A driver decides nothing. `choose_k` gets predictions that are known to be right, so that an error in the vote costs the
vote alone.
"""

import ast
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from cattern.checking.lab import Values
from cattern.checking.labs._driving import has_loop, named, replaced, unpacked
from cattern.checking.remote import source_of

LOOPS = ast.For | ast.While | ast.comprehension  # a comprehension over rows is as slow as a loop


def drive_distances(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: all distances between two sets of rows."""
    function = named(student, "squared_distances")
    X, X_train = inputs["X"].copy(), inputs["X_train"].copy()
    if inputs.get("style"):
        out["loop_free"] = not has_loop(source_of(function), function.__name__, LOOPS)
    try:
        out["distances"] = function(X, X_train)
    finally:
        out["X_after"], out["X_train_after"] = X, X_train


def drive_nearest(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#2: the labels of the nearest rows, from distances that are right."""
    distances, y_train = inputs["distances"].copy(), inputs["y_train"].copy()
    try:
        out["labels"] = named(student, "nearest_labels")(distances, y_train, inputs["k"])
    finally:
        out["distances_after"], out["y_train_after"] = distances, y_train


def drive_vote(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#3: the vote on labels that are right."""
    labels = inputs["labels"].copy()
    out["whole"] = True  # not blamed where it raises
    try:
        y_pred = named(student, "majority_vote")(labels, inputs["num_classes"])
        out["y_pred"] = y_pred
        out["whole"] = np.asarray(y_pred).dtype.kind in "iu"
    finally:
        out["labels_after"] = labels


def drive_choose(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#4: the choice among some k, on predictions that are right: row k − 1 of `predictions` is that of k."""
    choose, table = named(student, "choose_k"), inputs["predictions"]
    stand_ins = {
        "predict": lambda distances, y_train, k: table[k - 1].copy(),
        # for those who call the two functions behind `predict`: the number of columns says which k is meant
        "nearest_labels": lambda distances, y_train, k: np.zeros((len(distances), k), int),
        "majority_vote": lambda labels, num_classes: table[labels.shape[1] - 1].copy(),
    }
    with replaced(student, **stand_ins):
        result = choose(
            inputs["distances"].copy(),
            inputs["y_train"].copy(),
            inputs["y_val"].copy(),
            inputs["ks"].tolist(),
        )
    out["best_k"], out["accuracies"] = unpacked(result, 2, "choose_k returns best_k and accuracies")
