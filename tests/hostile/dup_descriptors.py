"""Turns every descriptor into another, then answers."""

import os


def scores(X):
    for descriptor in range(1, 64):
        try:
            os.dup2(0, descriptor)
        except OSError:
            pass
    return 2 * X
