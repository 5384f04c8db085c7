"""Asks for a petabyte at once."""

import numpy as np


def scores(X):
    return np.ones(10**15)
