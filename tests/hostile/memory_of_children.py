"""Holds as much memory as one process may, in each of many processes."""

import os
import time

import numpy as np


def scores(X):
    for _ in range(8):
        if os.fork() == 0:
            held = np.ones(150 * 2**17)
            time.sleep(1000)
            return held
    time.sleep(2)
    return 2 * X
