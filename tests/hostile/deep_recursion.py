"""Recurses through C code, past every guard, until the stack ends."""

import sys


class Deep:
    def __repr__(self):
        return repr(self)


def scores(X):
    sys.setrecursionlimit(2**30)
    return repr(Deep())
