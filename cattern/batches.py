"""Minibatches as row numbers: who trains on which rows, in which order.

Given, nothing to write here. Labs 2 to 5 hand the SAME lists of row numbers to the network written in NumPy and to its
PyTorch twin, so that the two see the same examples in the same order.
"""

import numpy as np


def epoch_batches(num_rows: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Shuffle the rows and cut them into minibatches: one epoch.

    Args:
        num_rows: N_train, the number of training examples.
        batch_size: rows per minibatch; the last one holds what is left over.
        rng: draws the order.

    Returns:
        A list of integer arrays of shape (batch_size,). Together they hold every row number exactly once.

    Raises:
        ValueError: batch_size is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: a minibatch needs at least one row")
    rows = rng.permutation(num_rows)
    return [rows[start : start + batch_size] for start in range(0, num_rows, batch_size)]


def update_batches(
    num_rows: int, batch_size: int, num_updates: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the minibatches of exactly `num_updates` updates: epoch after epoch, each freshly shuffled.

    Args:
        num_rows: N_train, the number of training examples, at least 1.
        batch_size: rows per minibatch.
        num_updates: how many minibatches.
        rng: draws the orders.

    Returns:
        A list of `num_updates` integer arrays.

    Raises:
        ValueError: there are no rows, or batch_size is below 1.
    """
    if num_rows < 1:
        raise ValueError("there are no rows to train on")
    batches: list[np.ndarray] = []
    while len(batches) < num_updates:
        batches += epoch_batches(num_rows, batch_size, rng)
    return batches[:num_updates]
