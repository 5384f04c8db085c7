"""The data set of lab 4: four clouds in ten dimensions that no straight cut separates. Given, nothing to write here."""

import numpy as np


def make_clouds(
    seed: int = 1, num_train: int = 500, num_test: int = 200, num_features: int = 10
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Make the data set of the lab: four clouds of points, opposite ones of the same class.

    In two directions of the feature space the clouds sit at the corners of a square, ±2.5 from the centre, each with a
    standard deviation of 1; the other directions hold noise. A random rotation hides which directions count. A straight
    cut cannot separate the classes: it is right about half of the time.

    Args:
        seed: of a Generator of its own; the same seed makes the same data.
        num_train: rows of the training set.
        num_test: rows of the test set.
        num_features: D, at least 2.

    Returns:
        `X_train, y_train, X_test, y_test`: each X is (rows, D) float64, each y is (rows,) int64 in {0, 1}.
    """
    rng = np.random.default_rng(seed)
    num_rows = num_train + num_test
    rotation, _ = np.linalg.qr(rng.standard_normal((num_features, num_features)))
    corners = 2 * rng.integers(0, 2, (num_rows, 2)) - 1
    X = rng.standard_normal((num_rows, num_features))
    X[:, :2] += 2.5 * corners
    X = X @ rotation
    y = (corners[:, 0] == corners[:, 1]).astype(np.int64)
    return X[:num_train], y[:num_train], X[num_train:], y[num_train:]
