"""TODO#8: the oracle runs the submitted weights on validation and test images itself; nothing is trained again."""

import threading
from functools import lru_cache

import numpy as np

from cattern.checking.lab import Task
from cattern.checking.verdict import TaskVerdict

# What the notebook asks for: validation and test accuracy, on the full files and on the fallback subset.
TARGETS = {"full": (0.974, 0.963), "subset": (0.91, 0.89)}
SHAPES = {"W1": 2, "b1": 1, "W2": 2, "b2": 1}
PIXELS, CLASSES = 784, 10
MOST_HIDDEN = 4096  # units: small integers pack so well that a short file could hold a hundred thousand
ROWS = 500  # images at a time

_loading = threading.Lock()  # many graders, one copy of the images


@lru_cache
def images() -> tuple:
    """Return where the images come from, and (images, labels) of the validation and test sets, mean subtracted."""
    from mnist_data.load_mnist import data_source, read_data_sets

    _, _, X_val, y_val, X_test, y_test = read_data_sets()
    return data_source(), (X_val, y_val), (X_test, y_test)


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
        return verdict("error", 0.0, f"{task.data}: {wrong}", {})
    with _loading:
        source, *sets = images()
    accuracies = [accuracy(arrays, X, y) for X, y in sets]
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
    return verdict(status, score, "; ".join(said), evidence)


def misfit(arrays: dict[str, np.ndarray]) -> str | None:
    """Return why these arrays are not a network for MNIST, or None when they are."""
    for name, dims in SHAPES.items():
        if name not in arrays:
            return f"there is no {name} in it"
        a = arrays[name]
        if a.dtype.kind not in "fiu" or (a.ndim != dims and a.shape != (1, a.size)):
            return f"{name} has shape {a.shape} and dtype {a.dtype}: not a parameter of the network"
        if not np.isfinite(a).all():
            return f"{name} holds nan or inf"
    (D, H), C = arrays["W1"].shape, arrays["W2"].shape[-1]
    if H > MOST_HIDDEN:
        return f"{H} hidden units are more than the {MOST_HIDDEN} that are graded"
    if (D, arrays["b1"].size, arrays["W2"].shape[0], C, arrays["b2"].size) != (
        PIXELS,
        H,
        H,
        CLASSES,
        CLASSES,
    ):
        return f"the shapes {', '.join(f'{n} {arrays[n].shape}' for n in SHAPES)} do not fit together"
    return None


def accuracy(params: dict[str, np.ndarray], X: np.ndarray, y: np.ndarray) -> float:
    """Return the share of rows of X (N, 784) that the network with these parameters labels as y (N,) does."""
    W1, b1, W2, b2 = (np.asarray(params[name], np.float64) for name in SHAPES)
    right = 0
    with np.errstate(all="ignore"):
        for start in range(0, len(X), ROWS):
            part = slice(start, start + ROWS)
            scores = np.maximum(X[part] @ W1 + b1.reshape(-1), 0) @ W2 + b2.reshape(-1)
            right += int(np.sum(np.argmax(scores, axis=1) == y[part]))
    return right / len(X)
