"""A k-nearest-neighbour classifier, from scratch: lab 6 (`nearest_neighbour`).

It has no weights and no training: it keeps the training images, and a new image gets the label that most of its k
nearest training images have. You write the parts marked `TODO#1` to `TODO#4`; everything else is given.

One letter means one thing throughout:

    N   images to classify         D   input features (pixels)
    M   training images            C   classes
    k   neighbours that vote
"""

from collections.abc import Sequence

import numpy as np


def draw_rows(num_rows: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw different row numbers at random.

    Args:
        num_rows: how many rows there are.
        size: how many to draw, at most `num_rows`.
        rng: where the randomness comes from; no other stream is touched.

    Returns:
        (size,) integer array of numbers in [0, num_rows), no two of them equal.
    """
    return rng.choice(num_rows, size, replace=False)


def squared_distances(X: np.ndarray, X_train: np.ndarray) -> np.ndarray:
    """Compute the squared Euclidean distance of every row of X to every row of X_train.

    Args:
        X: (N, D) float array, one image per row. It is not modified.
        X_train: (M, D) float array. It is not modified.

    Returns:
        (N, M) float array: `distances[i, j]` is the sum of the squared differences of row i of X and row j of X_train.
        No distance is negative.

    Raises:
        NotImplementedError: TODO#1 is not written yet.
    """
    # TODO#1: compute `distances`, shape (N, M), without a Python loop.
    # |a − b|² = |a|² + |b|² − 2 a·b, so one matrix product does most of the work. Rounding can leave a tiny negative
    # number where two rows are equal: make it 0.
    ### BEGIN SOLUTION
    squares = np.sum(X * X, axis=1, keepdims=True)
    squares_train = np.sum(X_train * X_train, axis=1)
    distances = squares + squares_train - 2 * (X @ X_train.T)
    distances = np.maximum(distances, 0)
    ### END SOLUTION
    return distances


def nearest_labels(distances: np.ndarray, y_train: np.ndarray, k: int) -> np.ndarray:
    """Find the labels of the k nearest training images, the nearest first.

    Args:
        distances: (N, M) float array of distances, squared or not: the order is the same. It is not modified.
        y_train: (M,) integer array of labels in [0, C).
        k: how many neighbours, 1 to M.

    Returns:
        (N, k) integer array: in row i the labels of the k training images nearest to image i, by increasing distance.
        Of two at the same distance, the one with the lower row number comes first.

    Raises:
        NotImplementedError: TODO#2 is not written yet.
    """
    # TODO#2: compute `labels`, shape (N, k): for every row of `distances` the labels of its k smallest, nearest first.
    # Sort row NUMBERS, not distances. A stable sort keeps equal distances in the order of their row numbers.
    ### BEGIN SOLUTION
    order = np.argsort(distances, axis=1, kind="stable")
    labels = y_train[order[:, :k]]
    ### END SOLUTION
    return labels


def majority_vote(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Let the neighbours of every image vote.

    Args:
        labels: (N, k) integer array of labels in [0, C): the neighbours of image i in row i. It is not modified.
        num_classes: C.

    Returns:
        (N,) integer array: for each row the label that occurs most often. Of several that occur equally often, the
        SMALLEST label wins.

    Raises:
        NotImplementedError: TODO#3 is not written yet.
    """
    # TODO#3: compute `y_pred`, shape (N,): the most frequent label of every row, the smallest of them at a tie.
    # Count the votes first: an (N, C) array says how often each class occurs in each row.
    ### BEGIN SOLUTION
    votes = np.sum(labels[:, :, None] == np.arange(num_classes), axis=1)
    y_pred = np.argmax(votes, axis=1)
    ### END SOLUTION
    return y_pred


def predict(distances: np.ndarray, y_train: np.ndarray, k: int) -> np.ndarray:
    """Predict a label for every row of `distances`: TODO#2, then TODO#3. Given.

    Args:
        distances: (N, M) float array.
        y_train: (M,) integer array of labels.
        k: how many neighbours vote, 1 to M.

    Returns:
        (N,) integer array of labels.
    """
    return majority_vote(nearest_labels(distances, y_train, k), int(np.max(y_train)) + 1)


def choose_k(
    distances: np.ndarray, y_train: np.ndarray, y_val: np.ndarray, ks: Sequence[int]
) -> tuple[int, list[float]]:
    """Choose the number of neighbours by the accuracy on a validation set.

    Args:
        distances: (N_val, M) float array, from the validation images to the training images.
        y_train: (M,) integer array of training labels.
        y_val: (N_val,) integer array of validation labels.
        ks: the candidates, in increasing order, each in 1 to M.

    Returns:
        The best k, one of `ks`, and the list of accuracies in [0, 1], one for each of `ks`. Of several k that are
        equally good, the smallest is the best.

    Raises:
        NotImplementedError: a TODO on the way is not written yet; the message names it.
    """
    # TODO#4: compute `accuracies`, a list of floats in [0, 1], one for each k, and `best_k`, the k of the highest one.
    # `predict` is given. At a tie take the smallest k.
    ### BEGIN SOLUTION
    accuracies = [float(np.mean(predict(distances, y_train, k) == y_val)) for k in ks]
    best_k = ks[int(np.argmax(accuracies))]
    ### END SOLUTION
    return best_k, accuracies
