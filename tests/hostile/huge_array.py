"""Returns far more than anyone asked for."""

import numpy as np


def scores(X):
    return np.zeros(2_000_000)
