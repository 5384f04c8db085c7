"""How values cross a pipe: as JSON, and as the bytes of arrays in the order in which the JSON names them."""

import types
from functools import lru_cache

import numpy as np

from .values import (
    DTYPES,
    MAX_BYTES,
    MAX_DIMS,
    MAX_ELEMENTS,
    MAX_ITEMS,
    MAX_KEYS,
    PLAIN,
    Entry,
    HeapError,
    Noted,
    Opaque,
)


class Codec:
    """The part of a `Heap` that writes and reads values; what is shared is in the heap's table."""

    new_dict, new_list = dict, list

    # What the two sides do in different ways

    def describe(self, value) -> list:
        """Return how the other side should make a handle to an object."""
        raise NotImplementedError

    def handle(self, number: int, description: list):
        """Return a handle to an object of the other side."""
        raise NotImplementedError

    # Writing

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
            return ["t", *[self._encode(v, share) for v in value]]
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
        code = data.dtype.str
        if code[1:] not in DTYPES and data.dtype.kind == "f":
            data, share = data.astype(float), False
            code = data.dtype.str
        if code[1:] not in DTYPES:
            return ["x", f"{type(array).__name__} of {data.dtype}"]
        if data.size > MAX_ELEMENTS:
            return ["x", f"too large: shape {data.shape}"]
        raw = data.tobytes()
        number = None
        if share:
            entry = self.add("a", array)
            entry.seen, number = (raw, array.shape), self.numbers[id(array)]
        self._buffers.append(raw)
        return ["a", number, code, data.shape]

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

    # Reading

    def _take(self, dtype: str, shape: list) -> np.ndarray:
        """Return the next array of the message."""
        kind = _kind(dtype)
        if len(shape) > MAX_DIMS:
            raise HeapError("an array of an unknown form")
        count = reach = 1
        for n in shape:
            if type(n) is not int or n < 0:
                raise HeapError("an array of an unknown form")
            count, reach = count * n, reach * (n or 1)
        if reach > MAX_BYTES:
            raise HeapError("an array is too large")
        end = self._at + count * kind.itemsize
        if end > len(self._arrays):
            raise HeapError("an array is cut off")
        raw, self._at = self._arrays[self._at : end], end
        if kind.kind == "b":  # any byte but 0 counts as True: NumPy assumes that a bool is 0 or 1
            return (np.frombuffer(raw, np.uint8) != 0).reshape(shape)
        array = np.frombuffer(raw, kind).reshape(shape)
        return array.copy() if kind.isnative else array.astype(kind.newbyteorder("="))

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
                self._adopt("a", array, number).seen = array.tobytes(), array.shape
            return array
        if kind == "s":
            return np.frombuffer(bytes.fromhex(told[2]), _kind(told[1]))[0]
        if kind == "t":
            return tuple([self._decode(v) for v in told[1:]])
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


@lru_cache(maxsize=64)
def _kind(name: str) -> np.dtype:
    """Return the dtype of a name.

    Raises:
        HeapError: numbers of this kind do not cross.
    """
    if name[1:] not in DTYPES:
        raise HeapError("numbers of an unknown kind")
    return np.dtype(name)
