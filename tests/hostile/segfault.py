"""Reads memory that is not there."""

import ctypes


def scores(X):
    return ctypes.string_at(0)
