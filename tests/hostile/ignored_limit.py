"""Never ends, and does not listen to the signal that says so."""

import signal


def scores(X):
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass
