"""What two processes say values with: the caps, and the few classes that stand for what cannot cross as it is."""

import struct

import numpy as np

MAX_BYTES = 64 * 2**20  # of the arrays of one message
MAX_JSON = 4 * 2**20
MAX_ELEMENTS = 1_000_000  # of one array
MAX_ITEMS = 100_000  # of one list, or of the lists in it
MAX_KEYS = 1000  # of one dict: thousands of chosen keys would take hours to sort into one
MAX_DIMS = 16
HEAD = struct.Struct("<II")  # bytes of JSON, bytes of arrays
DTYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
PLAIN = {bool, int, float, str, type(None)}


class HeapError(Exception):
    """A message is not in the form in which the other side writes it, or it exceeds a cap."""


class Noted(dict):
    """A dict that knows whether it was read; its `values` come in a given order of its keys."""

    def __init__(self, items, order=()):
        super().__init__(items)
        self.read, self.order = False, tuple(order)

    def __getitem__(self, key):
        """Return one value."""
        self.read = True
        return super().__getitem__(key)

    def __iter__(self):
        """Go through the keys."""
        self.read = True
        return super().__iter__()

    def get(self, key, default=None):
        """Return one value, or the default."""
        self.read = True
        return super().get(key, default)

    def items(self):
        """Return pairs of key and value."""
        return {key: self[key] for key in dict.keys(self)}.items()

    def values(self):
        """Return the values, those of `order` first."""
        first = [key for key in self.order if key in self]
        return {key: self[key] for key in (*first, *dict.keys(self))}.values()


Noted.__name__ = Noted.__qualname__ = "dict"  # what a student is told it is


class Opaque:
    """Something that cannot cross, on the other side: what it was, in words."""

    def __init__(self, kind: str):
        self.kind = kind

    def __array__(self, dtype=None, copy=None):
        """Return an array of one object, of which nobody can make numbers."""
        found = np.empty((), object)
        found[()] = self
        return found


class Entry:
    """One shared value: how to get at it, and what the other side knows of it."""

    __slots__ = ("get", "kind", "names", "seen")

    def __init__(self, kind: str, get, names=()):
        self.kind, self.get, self.names, self.seen = kind, get, names, None


def capped(told: list, most: int) -> list:
    """Return what is told of a list or dict.

    Raises:
        HeapError: it is none, or too long.
    """
    if type(told) is not list or len(told) > most:
        raise HeapError("a list or dict is too long")
    return told
