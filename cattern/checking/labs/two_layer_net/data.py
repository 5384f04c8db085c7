"""`best_net.npz` of TODO#8: what a network for MNIST looks like, what it must reach, and how that is measured."""

import numpy as np

# What the notebook asks for: validation and test accuracy, on the full files and on the fallback subset.
TARGETS = {"full": (0.974, 0.963), "subset": (0.91, 0.89)}
SHAPES = {"W1": 2, "b1": 1, "W2": 2, "b2": 1}
PIXELS, CLASSES = 784, 10
MOST_HIDDEN = 4096  # units: small integers pack so well that a short file could hold a hundred thousand
ROWS = 500  # images at a time


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


def preview(arrays: dict[str, np.ndarray]) -> tuple[str, str]:
    """Return (status, sentence) on weights before they are graded: the test set has its turn only then."""
    from mnist_data.load_mnist import data_source, read_data_sets

    wrong = misfit(arrays)
    if wrong:
        return "error", wrong
    _, _, X_val, y_val, _, _ = read_data_sets()
    reached, target = accuracy(arrays, X_val, y_val), TARGETS[data_source()][0]
    if reached > target:
        return "given", f"validation accuracy {reached:.4f}, above {target}; the test set is for the grader"
    return "fail", f"validation accuracy {reached:.4f}, not above {target}"
