"""Leaves a process in a session of its own, whose parent is gone, and then answers."""

import os
import time


def scores(X):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1000)
        os._exit(0)
    os.wait()
    return 2 * X
