"""Closes every descriptor there is, then answers."""

import os


def scores(X):
    os.closerange(0, 4096)
    return 2 * X
