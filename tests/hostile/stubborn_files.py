"""Leaves folders that cannot be opened and a tree that is too deep to walk, and answers."""

import os

TMP = os.environ.get("TMPDIR", "/tmp")


def scores(X):
    home = os.getcwd()
    os.makedirs(f"{TMP}/closed/inner")
    os.chmod(f"{TMP}/closed/inner", 0)
    os.chmod(f"{TMP}/closed", 0)
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(home)
    return 2 * X
