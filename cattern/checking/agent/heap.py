"""Values that two processes have in common: how they cross a pipe, and how both sides see them change.

Numbers, text and tuples cross by value. An array, list or dict that is shared gets a number; before each message, its
sender says what has changed in those that have one, and the receiver changes its own in place. So identity holds, a
gradient that is overwritten by the next call is seen to be overwritten, and so is an argument that was changed. All
other objects stay where they are: across the pipe there is a handle.

A message is a JSON text and the bytes of its arrays in the order in which the text names them.
"""

import json
from itertools import chain
from operator import is_

import numpy as np

from .codec import Codec
from .values import HEAD, MAX_BYTES, MAX_ITEMS, MAX_JSON, MAX_KEYS, Entry, HeapError, capped

_JSON = json.JSONEncoder(check_circular=False, separators=(",", ":"))


class Heap(Codec):
    """One side's table of what is shared, and the codec. The two sides give even and odd numbers."""

    def __init__(self, first: int):
        self._next = first  # 2 or 1: no number is 0
        self.reset()

    def reset(self) -> None:
        """Forget everything that is shared."""
        self.entries: dict[int, Entry] = {}
        self.watched: dict[int, Entry] = {}  # those that can change
        self.numbers: dict[int, int] = {}  # id of an object → its number
        self._dropped: list[int] = []

    # What the two sides do in different ways

    def holder(self, value, number: int):
        """Return a function that gives a value while it is there, or None."""
        raise NotImplementedError

    def attributes(self, entry: Entry, value) -> dict:
        """Return those attributes of an object that are shared, among others."""
        return vars(value)

    # Messages

    def pack(self, meta: dict, value=None, share: bool = True) -> bytes:
        """Return a message: what changed since the last one, a value, and `meta` for the caller's own words."""
        self._buffers = []
        dropped = self._dropped[:]
        del self._dropped[: len(dropped)]
        message = {
            **meta,
            "dropped": dropped,
            "changes": self._changes(),
            "value": self._encode(value, share),
        }
        text = _JSON.encode(message).encode()
        size = sum(map(len, self._buffers))
        if size > MAX_BYTES or len(text) > MAX_JSON:
            raise HeapError(f"too large: {size + len(text)} bytes")
        return b"".join((HEAD.pack(len(text), size), text, *self._buffers))

    def unpack(self, text: bytes, arrays: bytes) -> tuple[dict, object]:
        """Read a message, and change what it says has changed.

        Raises:
            HeapError: it is malformed. No other exception leaves this function.
        """
        try:
            message = json.loads(text.decode())
            self._arrays, self._at = arrays, 0
            for number in message["dropped"]:
                self.drop(number)
            for number, change in message["changes"]:
                self._apply(self.entries[number], change)
            return message, self._decode(message["value"])
        except HeapError:
            raise
        except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:  # fmt: skip
            raise HeapError(f"a message cannot be read: {type(error).__name__}") from None

    # The table

    def add(self, kind: str, value, number: int | None = None, names=()) -> Entry:
        """Share a value, under a number of this side's or under the one that the other side gave it."""
        if number is None:
            number, self._next = self._next, self._next + 2
        entry = self.entries[number] = Entry(kind, self.holder(value, number), names)
        if kind != "h":
            self.watched[number] = entry
        self.numbers[id(value)] = number
        return entry

    def drop(self, number: int) -> None:
        """Forget one shared value."""
        entry = self.entries.pop(number, None)
        self.watched.pop(number, None)
        if entry is not None and self.numbers.get(id(value := entry.get())) == number:
            del self.numbers[id(value)]

    def _content(self, entry: Entry, value):
        """Return what is in a shared value now; one object in it stands for what is in that object."""
        if entry.kind == "a":
            return np.ndarray.tobytes(value), value.shape  # a class of the student's may have its own
        if entry.kind == "d":
            return (*chain.from_iterable(dict.items(value)),)
        if entry.kind == "l":
            return tuple(value)
        if entry.kind == "n":
            return value.read, ()
        mine = self.attributes(entry, value)
        return tuple(mine[name] for name in entry.names if name in mine)

    def _changes(self) -> list:
        """Return what changed in the shared values since both sides last agreed."""
        found = []
        for number, entry in list(self.watched.items()):
            if (value := entry.get()) is None:
                continue
            now, seen = self._content(entry, value), entry.seen
            if entry.kind == "n" and now[0]:
                self.watched.pop(number, None)  # what was read stays read
            if entry.kind in "an":
                same = now == seen
            else:
                same = len(now) == len(seen) and all(map(is_, now, seen))
            if not same:
                found.append([number, self._describe_content(entry, value, now)])
        return found

    def _describe_content(self, entry: Entry, value, now):
        """Return a shared value's content for the other side, and note that it is known there."""
        entry.seen = now
        if entry.kind == "a":
            self._buffers.append(now[0])
            return [value.dtype.str, now[1]]
        if entry.kind == "n":
            return now[0]
        if entry.kind == "d":
            return [[self._encode(k), self._encode(v)] for k, v in dict.items(value)]
        if entry.kind == "l":
            return [self._encode(v) for v in value]
        mine = self.attributes(entry, value)
        return [[name, self._encode(mine[name])] for name in entry.names if name in mine]

    def _apply(self, entry: Entry, told) -> None:
        """Give a shared value the content that the other side has."""
        value = entry.get()
        if entry.kind == "a":
            new = self._take(*told)
            if value is None or value.size != new.size:
                return
            if value.shape != new.shape:
                value.shape = new.shape
            if value.flags.writeable:
                value[...] = new
                if value.dtype == new.dtype:
                    entry.seen = new.tobytes(), value.shape
                    return
        elif entry.kind == "n":
            if value is not None:
                value.read = bool(told)
        elif entry.kind == "d":
            items = [(self._decode(k), self._decode(v)) for k, v in capped(told, MAX_KEYS)]
            if value is not None:
                dict.clear(value)
                dict.update(value, items)
        elif entry.kind == "l":
            items = [self._decode(v) for v in capped(told, MAX_ITEMS)]
            if value is not None:
                value[:] = items
        elif entry.kind == "o":
            items = {name: self._decode(v) for name, v in told}
            if not items.keys() <= set(entry.names):
                raise HeapError("an object has no such attribute")
            self.attributes(entry, value).update(items)
        else:
            raise HeapError("this cannot change")
        if value is not None:
            entry.seen = self._content(entry, value)
