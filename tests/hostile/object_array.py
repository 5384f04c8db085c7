"""Returns an array of objects."""

import numpy as np


class Payload:
    def __reduce__(self):
        return print, ("unpickled",)


def scores(X):
    return np.array([Payload()], dtype=object)
