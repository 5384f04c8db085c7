"""Silences its prints and reads the devices that are everywhere, as honest code does."""

import contextlib
import os


def scores(X):
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        print("noise")
    with open("/dev/zero", "rb") as zero, open("/dev/urandom", "rb") as noise:
        assert zero.read(4) == bytes(4) and len(noise.read(4)) == 4 and os.listdir("/dev")
    return 2 * X
