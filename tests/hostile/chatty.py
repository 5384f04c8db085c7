"""Prints 20 MB on each stream, control characters among them, and answers."""

import sys


def scores(X):
    for _ in range(20):
        print("x" * 2**20)
        print("\x1b[2J" + "y" * 2**20, file=sys.stderr)
    return 2 * X
