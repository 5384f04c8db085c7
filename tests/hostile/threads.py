"""Answers while threads of both kinds go on."""

import threading
import time


def forever():
    while True:
        time.sleep(0.001)


def scores(X):
    threading.Thread(target=forever, daemon=False).start()
    threading.Thread(target=forever, daemon=True).start()
    return 2 * X
