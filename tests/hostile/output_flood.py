"""Prints without end, on both streams."""

import sys


def scores(X):
    while True:
        print("x" * 1000)
        print("y" * 1000, file=sys.stderr)
