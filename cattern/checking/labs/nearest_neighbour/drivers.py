"""Drivers of lab 6: the calls on a student's `nearest_neighbour`, and the raw arrays they give.

A driver decides nothing. `choose_k` gets predictions that are known to be right, so that an error in the vote costs the
vote alone.
"""

import ast
import contextlib
import linecache
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from cattern.checking.probing import ApiError
from cattern.checking.rubric import Values


def named(student: ModuleType, name: str):
    """Return what the student's file calls `name`.

    Raises:
        ApiError: there is no such function.
    """
    found = getattr(student, name, None)
    if not callable(found):
        raise ApiError(f"{name} is missing from nearest_neighbour.py")
    return found


def drive_distances(student: ModuleType, inputs: Mapping, out: Values) -> None:
    """TODO#1: all distances between two sets of rows."""
    function = named(student, "squared_distances")
    X, X_train = inputs["X"].copy(), inputs["X_train"].copy()
    if inputs.get("style"):
        out["loop_free"] = not has_loop(function)
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
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise ApiError(
            f"choose_k returns best_k and accuracies, but here it returned {type(result).__name__}"
        )
    out["best_k"], out["accuracies"] = result


@contextlib.contextmanager
def replaced(student: ModuleType, **functions):
    """Put stand-ins in the place of the student's functions for a while."""
    before = {name: getattr(student, name) for name in functions if hasattr(student, name)}
    vars(student).update(functions)
    try:
        yield
    finally:
        vars(student).update(before)


def has_loop(function) -> bool:
    """Tell whether the source of a function has a Python loop; False where the source cannot be had."""
    try:
        lines = linecache.getlines(function.__code__.co_filename)
        tree = ast.parse("".join(lines))
    except (AttributeError, SyntaxError, ValueError):
        return False
    loops = ast.For | ast.While | ast.comprehension
    return any(
        isinstance(node, ast.FunctionDef)
        and node.name == function.__name__
        and any(isinstance(inner, loops) for inner in ast.walk(node))
        for node in ast.walk(tree)
    )
