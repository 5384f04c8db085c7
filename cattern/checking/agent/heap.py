"""Values that two processes have in common: how they cross a pipe, and how both sides see them change.

Numbers, text and tuples cross by value. An array, list or dict that is shared gets a number; before each message, its
sender says what has changed in those that have one, and the receiver changes its own in place. So identity holds, a
gradient that is overwritten by the next call is seen to be overwritten, and so is an argument that was changed. All
other objects stay where they are: across the pipe there is a handle.

A message is a JSON text and the bytes of its arrays in the order in which the text names them.
"""

import json
import struct
import types
from itertools import chain
from operator import is_

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

_JSON = json.JSONEncoder(check_circular=False, separators=(",", ":"))


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


class Heap:
    """One side's table of what is shared, and the codec. The two sides give even and odd numbers."""

    def __init__(self, first: int):
        self._next = first  # 2 or 1: no number is 0
        self.reset()

    def reset(self) -> None:
        """Forget everything that is shared."""
        self.entries: dict[int, Entry] = {}
        self.numbers: dict[int, int] = {}  # id of an object → its number
        self._dropped: list[int] = []

    # What the two sides do in different ways

    def holder(self, value, number: int):
        """Return a function that gives a value while it is there, or None."""
        raise NotImplementedError

    def describe(self, value) -> list:
        """Return how the other side should make a handle to an object."""
        raise NotImplementedError

    def handle(self, number: int, description: list):
        """Return a handle to an object of the other side."""
        raise NotImplementedError

    def attributes(self, entry: Entry, value) -> dict:
        """Return those attributes of an object that are shared, among others."""
        return vars(value)

    new_dict, new_list = dict, list

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
            message = json.loads(text)
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
        self.numbers[id(value)] = number
        return entry

    def drop(self, number: int) -> None:
        """Forget one shared value."""
        entry = self.entries.pop(number, None)
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
        for number, entry in list(self.entries.items()):
            if entry.kind == "h" or (value := entry.get()) is None:
                continue
            now, seen = self._content(entry, value), entry.seen
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
            return [value.dtype.str, list(now[1])]
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
        elif entry.kind == "n":
            if value is not None:
                value.read = bool(told)
        elif entry.kind == "d":
            items = [(self._decode(k), self._decode(v)) for k, v in _capped(told, MAX_KEYS)]
            if value is not None:
                dict.clear(value)
                dict.update(value, items)
        elif entry.kind == "l":
            items = [self._decode(v) for v in _capped(told, MAX_ITEMS)]
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

    # The codec

    def _encode(self, value, share: bool = True):
        kind = type(value)
        if kind in PLAIN:
            return value
        number = self.numbers.get(id(value))
        if number is not None:
            return ["m", number]
        if isinstance(value, np.ndarray):
            return self._encode_array(value, share)
        if isinstance(value, np.generic):
            if value.dtype.str[1:] in DTYPES:
                return ["s", value.dtype.str, value.tobytes().hex()]
            return str(value) if isinstance(value, str) else ["x", kind.__name__]
        if kind is tuple:
            return ["t", *(self._encode(v, share) for v in value)]
        if isinstance(value, Opaque):
            return ["x", value.kind]
        if isinstance(value, Noted):
            entry = self.add("n", value)
            entry.seen, number = self._content(entry, value), self.numbers[id(value)]
            items = [[self._encode(k, False), self._encode(v, False)] for k, v in dict.items(value)]
            return ["n", number, items, list(value.order)]
        if isinstance(value, dict):
            if len(value) > MAX_KEYS:
                return ["x", f"a dict of {len(value)} keys"]
            return self._encode_content("d", value, share)
        if kind is list:
            if len(value) > MAX_ITEMS:
                return ["x", f"a list of {len(value)} items"]
            return self._encode_content("l", value, share)
        if isinstance(value, np.random.Generator) and type(value.bit_generator) is np.random.PCG64:
            return ["g", value.bit_generator.state]
        if kind is range:
            return ["r", value.start, value.stop, value.step]
        if kind in (complex, bytes, types.EllipsisType):
            return ["x", kind.__name__]
        description = self.describe(value)
        return ["h", self.numbers[id(value)], *description]

    def _encode_array(self, array: np.ndarray, share: bool):
        data = np.asarray(array)
        if data.dtype.str[1:] not in DTYPES and data.dtype.kind == "f":
            data, share = data.astype(float), False
        if data.dtype.str[1:] not in DTYPES:
            return ["x", f"{type(array).__name__} of {data.dtype}"]
        if data.size > MAX_ELEMENTS:
            return ["x", f"too large: shape {data.shape}"]
        raw = data.tobytes()
        number = None
        if share:
            entry = self.add("a", array)
            entry.seen, number = (raw, array.shape), self.numbers[id(array)]
        self._buffers.append(raw)
        return ["a", number, data.dtype.str, list(data.shape)]

    def _encode_content(self, kind: str, value, share: bool):
        if share:
            entry = self.add(kind, value)
            return [
                kind,
                self.numbers[id(value)],
                self._describe_content(entry, value, self._content(entry, value)),
            ]
        if kind == "d":
            return [
                "d",
                None,
                [[self._encode(k, False), self._encode(v, False)] for k, v in dict.items(value)],
            ]
        return ["l", None, [self._encode(v, False) for v in value]]

    def _take(self, dtype: str, shape: list) -> np.ndarray:
        """Return the next array of the message."""
        if (
            dtype[1:] not in DTYPES
            or len(shape) > MAX_DIMS
            or any(type(n) is not int or n < 0 for n in shape)
        ):
            raise HeapError("an array of an unknown form")
        kind = np.dtype(dtype)
        count = reach = 1
        for n in shape:
            count, reach = count * n, reach * max(n, 1)
        if reach > MAX_BYTES:
            raise HeapError("an array is too large")
        end = self._at + count * kind.itemsize
        if end > len(self._arrays):
            raise HeapError("an array is cut off")
        raw, self._at = self._arrays[self._at : end], end
        if kind.kind == "b":  # any byte but 0 counts as True: NumPy assumes that a bool is 0 or 1
            return (np.frombuffer(raw, np.uint8) != 0).reshape(shape)
        return np.frombuffer(raw, kind).reshape(shape).astype(kind.newbyteorder("="))

    def _decode(self, told):
        if type(told) in PLAIN:
            return told
        kind = told[0]
        if kind == "m":
            value = self.entries[told[1]].get()
            if value is None:
                raise HeapError("a value that is gone")
            return value
        if kind == "a":
            _, number, dtype, shape = told
            array = self._take(dtype, shape)
            if number is not None:
                self._adopt("a", array, number)
                self.entries[number].seen = array.tobytes(), array.shape
            return array
        if kind == "s":
            return np.frombuffer(bytes.fromhex(told[2]), self._dtype(told[1]))[0]
        if kind == "t":
            return tuple(self._decode(v) for v in told[1:])
        if kind in ("d", "l"):
            _, number, content = told
            value = self.new_dict() if kind == "d" else self.new_list()
            entry = Entry(kind, lambda: value) if number is None else self._adopt(kind, value, number)
            self._apply(entry, content)
            return value
        if kind == "x":
            return Opaque(str(told[1])[:200])
        return self._decode_object(kind, told)

    def _decode_object(self, kind: str, told: list):
        if kind == "r":
            return range(*told[1:])
        if kind == "n":
            value = Noted([(self._decode(k), self._decode(v)) for k, v in told[2]], told[3])
            self._adopt("n", value, told[1]).seen = False, ()
            return value
        if kind == "h":
            return self.handle(told[1], told[2:])
        raise HeapError("a value of an unknown kind")

    def _adopt(self, kind: str, value, number) -> Entry:
        """Share a value under the number that the other side gave it."""
        if type(number) is not int or number % 2 == self._next % 2 or number in self.entries:
            raise HeapError("a number that is not the other side's to give")
        return self.add(kind, value, number)

    @staticmethod
    def _dtype(name: str) -> np.dtype:
        if name[1:] not in DTYPES:
            raise HeapError("a number of an unknown kind")
        return np.dtype(name)


def _capped(told: list, most: int) -> list:
    if type(told) is not list or len(told) > most:
        raise HeapError("a list or dict is too long")
    return told
