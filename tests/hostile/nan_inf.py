"""Returns no numbers, and too large ones."""

import numpy as np


def scores(X):
    return np.array([np.nan, np.inf, -np.inf])
