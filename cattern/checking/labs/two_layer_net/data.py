"""`best_net.npz` of TODO#8: what a network for MNIST looks like, what it must reach, and how that is measured."""

import numpy as np

# What the notebook asks for: validation and test accuracy, on the full files and on the fallback subset.
TARGETS = {"full": (0.974, 0.963), "subset": (0.91, 0.89)}
SHAPES = {"W1": 2, "b1": 1, "W2": 2, "b2": 1}
PIXELS, CLASSES = 784, 10
MOST_HIDDEN = 4096  # units: small integers pack so well that a short file could hold a hundred thousand
SIDE = 28  # pixels
ROWS = 250  # images at a time
ROUNDING = 4e-6  # of float32, over sums of a thousand products: far more than it ever is


def misfit(arrays: dict[str, np.ndarray]) -> str | None:
    """Return why these arrays are not a network for MNIST, or None when they are."""
    for name, dims in SHAPES.items():
        if name not in arrays:
            return f"there is no {name} in it: W1, b1, W2 and b2 are wanted, as in `best_net.params`"
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
        found = ", ".join(f"{n} {arrays[n].shape}" for n in SHAPES)
        return f"the shapes {found} do not fit together: W1 is ({PIXELS}, H), b1 (H,), W2 (H, {CLASSES}), b2 ({CLASSES},)"
    return None


class Images:
    """Images that many networks are tried on: what is the same for all of them is computed once.

    Where no image of a block has ink, W1 need not be looked at. So those whose ink begins at the same column and row stand
    together: nearly half of all products are with blank pixels.

    Args:
        X: array (N, 784), float64; an image's rows of 28 pixels one after another. A blank pixel may have any value, its own.
        y: their labels (N,).
    """

    def __init__(self, X: np.ndarray, y: np.ndarray):
        self.blank = X.min(axis=0)
        inked = (self.blank < X).reshape(-1, SIDE, SIDE)
        order = np.lexsort((inked.any(axis=2).argmax(axis=1), inked.any(axis=1).argmax(axis=1)))
        self.X, self.y = X[order], y[order]
        self.blocks = [self._block(start) for start in range(0, len(y), ROWS)]

    def __len__(self) -> int:
        return len(self.y)

    def _block(self, start: int) -> tuple[slice, np.ndarray, np.ndarray, np.ndarray]:
        """Return which images these are, the pixels with ink, that ink in float32, and its norm in each image."""
        part = slice(start, start + ROWS)
        ink = self.X[part] - self.blank
        pixels = np.flatnonzero(ink.any(axis=0))
        ink = ink[:, pixels].astype(np.float32)
        return part, pixels, ink, np.linalg.norm(ink, axis=1)[:, None]


def accuracy(params: dict[str, np.ndarray], images: Images) -> float:
    """Return the share of images that the network with these parameters labels rightly, in float64.

    Most are decided in float32, at half the cost: those whose two best scores are farther apart than rounding reaches.

    Args:
        params: W1 (784, H), b1 (H,), W2 (H, 10), b2 (10,).
        images: the images.
    """
    exact = [np.asarray(params[name], np.float64) for name in SHAPES]
    right = 0
    with np.errstate(all="ignore"):
        blank = images.blank @ exact[0] + exact[1].reshape(-1)  # what the hidden units get from no ink
        W1, b1, W2, b2 = [a.astype(np.float32) for a in (exact[0], blank, *exact[2:])]
        weights = np.abs(W2)
        reach, always = np.linalg.norm(W1, axis=0) @ weights, np.abs(b1) @ weights
        for part, pixels, ink, norms in images.blocks:
            y = images.y[part]
            hidden, scores = _scores(ink, W1[pixels], b1, W2, b2)
            size = norms * reach + always + hidden @ weights + np.abs(scores)
            second, first = np.partition(scores, -2, axis=1)[:, -2:].T
            near = ~(first - second > ROUNDING * size.max(axis=1))  # true for nan, too
            hit = scores[np.arange(len(y)), y] == first
            if near.any():
                hit[near] = np.argmax(_scores(images.X[part][near], *exact)[1], axis=1) == y[near]
            right += int(np.sum(hit))
    return right / len(images)


def _scores(X, W1, b1, W2, b2) -> tuple[np.ndarray, np.ndarray]:
    hidden = X @ W1
    hidden += b1.reshape(-1)
    np.maximum(hidden, 0, out=hidden)
    return hidden, hidden @ W2 + b2.reshape(-1)


def preview(arrays: dict[str, np.ndarray]) -> tuple[str, str]:
    """Return (status, sentence) on weights before they are graded: the test set has its turn only then."""
    from mnist_data.load_mnist import data_source, read_data_sets

    wrong = misfit(arrays)
    if wrong:
        return "fail", wrong
    _, _, X_val, y_val, _, _ = read_data_sets()
    reached, target = accuracy(arrays, Images(X_val, y_val)), TARGETS[data_source()][0]
    if reached > target:
        return "given", f"validation accuracy {reached:.4f}, above {target}; the test set is for the grader"
    return "fail", f"validation accuracy {reached:.4f}, not above {target}"
