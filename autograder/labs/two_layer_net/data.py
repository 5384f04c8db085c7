"""TODO#8: the oracle runs the submitted weights on validation and test images itself; nothing is trained again."""

import threading
from dataclasses import replace
from functools import lru_cache

import numpy as np

from cattern.checking.lab import Task
from cattern.checking.labs.two_layer_net.data import TARGETS, Images, accuracy, misfit
from cattern.checking.verdict import TaskVerdict

_loading = threading.Lock()  # many graders, one copy of the images


# By how much a network may be better on both the validation and the test images than on those it should have learned from.
# Measured: networks trained on the training images, whatever their size and rates, are at most 0.003 better on the full
# MNIST (worse on the subset); those trained on validation and test images 0.02 to 0.03 (0.07 to 0.11 on the subset).
MARGIN = {"full": 0.012, "subset": 0.05}
SAMPLE = 5000  # training images that are looked at
FIRST = 1000  # of them, which say enough of a network that knows them as well as the others


@lru_cache
def images() -> tuple[str, Images, Images, Images, Images]:
    """Return where the images come from; the validation images, the test images, a few training images, and more of them."""
    from mnist_data.load_mnist import data_source, read_data_sets

    X_train, y_train, X_val, y_val, X_test, y_test = read_data_sets()
    step = max(1, len(X_train) // SAMPLE)
    some = X_train[::step], y_train[::step]
    few = [part[:FIRST] for part in some]
    return data_source(), Images(X_val, y_val), Images(X_test, y_test), Images(*few), Images(*some)


def judge(task: Task, arrays: dict[str, np.ndarray]) -> TaskVerdict:
    """Return the verdict on submitted weights.

    Args:
        task: TODO#8, whose two properties are validation and test accuracy.
        arrays: the submitted file: W1 (784, H), b1 (H,), W2 (H, 10), b2 (10,), from untrusted hands.
    """

    def verdict(status: str, score: float, rationale: str, evidence: dict) -> TaskVerdict:
        return TaskVerdict(task.id, task.title, status, score, task.points, rationale, evidence)

    wrong = misfit(arrays)
    if wrong:
        return verdict("fail", 0.0, f"{task.data}: {wrong}", {})
    with _loading:
        source, *sets, few, some = images()
    accuracies = [accuracy(arrays, each) for each in sets]
    score, said = 0.0, []
    for prop, reached, target in zip(task.properties, accuracies, TARGETS[source], strict=True):
        enough = reached > target
        score += prop.points if enough else 0.0
        said.append(f"{prop.name} {reached:.4f} ({'above' if enough else 'not above'} {target})")
    status = "pass" if score == task.points else "partial" if score else "fail"
    evidence = {
        "validation_accuracy": round(accuracies[0], 4),
        "test_accuracy": round(accuracies[1], 4),
        "data": source,
    }
    made = verdict(status, score, "; ".join(said), evidence)
    if accuracy(arrays, few) >= min(accuracies):
        return made
    known = accuracy(arrays, some)
    if min(accuracies) - known > MARGIN[source]:
        made = replace(made, remarks=(_knows_too_much(known, accuracies),))
    return made


def _knows_too_much(known: float, accuracies: list[float]) -> str:
    return (
        f"it labels the validation and test images better ({accuracies[0]:.4f}, {accuracies[1]:.4f}) than the training "
        f"images ({known:.4f}), which no network does that has seen the training images alone: train on X_train only"
    )
