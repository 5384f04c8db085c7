"""What crosses the sandbox wall: JSON and arrays in one blob of bytes, checked before a single array is allocated.

A blob is the magic, the length of the JSON text, the text, and a plain `.npz` (a zip of `.npy` files) that
`numpy.load` reads too. The zip is read and written here with `struct`: four times faster than `zipfile` on many small
arrays, nothing is unpacked whose declared size was not checked first, and there is no code in it that could unpickle.
`read_npz` alone is for files that a student hands in, such as the weights of a trained network.
"""

import itertools
import json
import math
import re
import struct
import zlib
from collections.abc import Mapping

import numpy as np

MAGIC = b"CATTERN1"
MAX_BYTES = 64 * 2**20  # of a whole blob, and of all its arrays unpacked
MAX_JSON = 4 * 2**20
MAX_ENTRIES = 4096
MAX_NAME = 160
MAX_DIMS = 16

# The records of the zip format (PKWARE's APPNOTE, 4.3.7, 4.3.12 and 4.3.16), without their variable tails.
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_STORED, _DEFLATED, _UTF8, _DOS_EPOCH = 0, 8, 0x800, 0x21

# The text numpy.save writes before the data: no other spelling is accepted, so nothing has to be evaluated.
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    r"\{'descr': '([<>|=][a-zA-Z][0-9]*)', 'fortran_order': (True|False), 'shape': \(((?:[0-9]{1,12}, ?)*(?:[0-9]{1,12})?)\), \} *\n"
)
_DTYPES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_LONE_SURROGATE = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")


class WireError(Exception):
    """The bytes are not a blob of numbers and JSON within the caps; the message says what is wrong, in a sentence."""


def pack(meta, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return one blob with a JSON value and named arrays; `unpack` reads it.

    Args:
        meta: anything JSON can say. Non-finite floats are refused: they belong in arrays.
        arrays: arrays of bool, integer, or float (up to 64 bits) of any shape, 0-d included.

    Raises:
        WireError: something in it cannot cross the wall.
    """
    try:
        text = json.dumps(meta, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"this cannot be written as JSON: {error}") from None
    said = text.encode("utf-8", errors="replace")
    if len(said) > MAX_JSON:
        raise WireError(f"the JSON part has {len(said)} bytes, more than {MAX_JSON}")
    return b"".join((MAGIC, struct.pack("<I", len(said)), said, write_npz(arrays)))


def unpack(blob: bytes) -> "tuple[object, dict[str, np.ndarray]]":
    """Return the JSON value and the arrays of a blob from untrusted hands.

    The JSON value has only finite numbers and well-formed text; its form is the caller's to check.

    Raises:
        WireError: the blob is malformed, or exceeds a cap. No other exception leaves this function.
    """
    if len(blob) > MAX_BYTES:
        raise WireError(f"the data has {len(blob)} bytes, more than {MAX_BYTES}")
    start = len(MAGIC) + 4
    if len(blob) < start or blob[: len(MAGIC)] != MAGIC:
        raise WireError("the data does not begin like an answer")
    (length,) = struct.unpack_from("<I", blob, len(MAGIC))
    if length > MAX_JSON or start + length > len(blob):
        raise WireError("the JSON part is cut off, or too long")
    try:
        text = blob[start : start + length].decode("utf-8")
        if _LONE_SURROGATE.search(text):
            raise ValueError("half a character")
        meta = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the JSON part cannot be read: {error}") from None
    return meta, read_npz(blob[start + length :])


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value


def write_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return named arrays as the bytes of an uncompressed `.npz`. The same arrays give the same bytes.

    Raises:
        WireError: a name or a dtype that `read_npz` would refuse.
    """
    parts, central, offset = [], [], 0
    for name, value in arrays.items():
        _check_name(name)
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise WireError(f"{name} is not an array: {error}") from None
        if array.dtype.str[1:] not in _DTYPES:
            raise WireError(f"{name} has dtype {array.dtype}: only numbers and booleans can be sent")
        head = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}"
        head += " " * (-(len(_NPY_MAGIC) + 2 + len(head) + 1) % 64) + "\n"
        body = b"".join((_NPY_MAGIC, struct.pack("<H", len(head)), head.encode(), array.tobytes()))
        member = f"{name}.npy".encode()
        crc, size = zlib.crc32(body), len(body)
        local = _LOCAL.pack(b"PK\3\4", 20, _UTF8, _STORED, 0, _DOS_EPOCH, crc, size, size, len(member), 0)
        entry = (
            b"PK\1\2",
            20,
            20,
            _UTF8,
            _STORED,
            0,
            _DOS_EPOCH,
            crc,
            size,
            size,
            len(member),
            0,
            0,
            0,
            0,
            0,
            offset,
        )
        parts += (local, member, body)
        central += (_CENTRAL.pack(*entry), member)
        offset += len(local) + len(member) + size
        if offset > MAX_BYTES:
            raise WireError(f"the arrays have more than {MAX_BYTES} bytes")
    count, tail = len(arrays), b"".join(central)
    if count > MAX_ENTRIES:
        raise WireError(f"{count} arrays are more than {MAX_ENTRIES}")
    return b"".join((*parts, tail, _END.pack(b"PK\5\6", 0, 0, count, count, len(tail), offset, 0)))


def read_npz(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` from untrusted hands, as fresh C-ordered arrays in native byte order.

    Raises:
        WireError: it is malformed, exceeds a cap, or holds anything but numbers and booleans.
    """
    if len(data) > MAX_BYTES:
        raise WireError(f"the arrays have {len(data)} bytes, more than {MAX_BYTES}")
    arrays: dict[str, np.ndarray] = {}
    try:
        members = _members(data)
        if sum(size for *_, size in members) > MAX_BYTES:
            raise WireError(f"the arrays would unpack to more than {MAX_BYTES} bytes")
        for member, method, crc, start, packed, size in members:
            name = member.decode("utf-8").removesuffix(".npy")
            _check_name(name)
            if name in arrays:
                raise WireError(f"{name} is there twice")
            body = data[start : start + packed]
            if method == _DEFLATED:
                # The length is capped while unpacking: a member that lies about its size stops here.
                body = zlib.decompressobj(-15).decompress(body, size + 1)
            if len(body) != size or zlib.crc32(body) != crc:
                raise WireError(f"{name} is damaged: its length or checksum is wrong")
            arrays[name] = _array(name, body)
    except (struct.error, zlib.error, ValueError, OverflowError) as error:
        raise WireError(f"the arrays cannot be read: {error}") from None
    return arrays


def _members(data: bytes) -> list[tuple[bytes, int, int, int, int, int]]:
    """Return (name, method, CRC-32, start, packed size, size) of every member that the zip's directory lists."""
    magic, *disks, count, total, _, offset, comment = _END.unpack_from(data, max(0, len(data) - _END.size))
    if not data.startswith(b"PK"):
        raise WireError("it is no .npz file: np.savez writes one")
    if magic != b"PK\5\6" or any(disks) or comment or count != total or count > MAX_ENTRIES:
        raise WireError(f"the arrays are cut off, or more than {MAX_ENTRIES}")
    members = []
    for _ in range(count):
        record = _CENTRAL.unpack_from(data, offset)
        magic, _, _, flags, method, _, _, crc, packed, size, name_length, extra, remark, *_, local = record
        if magic != b"PK\1\2" or flags & 1 or method not in (_STORED, _DEFLATED):
            raise WireError("the list of arrays is damaged, or packed in a way that is not read here")
        offset += _CENTRAL.size
        name = data[offset : offset + name_length]
        offset += name_length + extra + remark
        head = _LOCAL.unpack_from(data, local)
        start = local + _LOCAL.size + head[-2] + head[-1]
        if head[0] != b"PK\3\4" or start + packed > len(data) or (method == _STORED and packed != size):
            raise WireError("an array lies outside the data")
        members.append((name, method, crc, start, packed, size))
    spans = sorted((start, start + packed) for *_, start, packed, _ in members)
    if any(end > start for (_, end), (start, _) in itertools.pairwise(spans)):
        raise WireError("two arrays share their data, so that little unpacks to much")
    return members


def _array(name: str, body: bytes) -> np.ndarray:
    """Return the array of one `.npy` file whose header tells the truth about it."""
    start = len(_NPY_MAGIC) + 2
    if body[: len(_NPY_MAGIC)] != _NPY_MAGIC or len(body) < start:
        raise WireError(f"{name} is not an array")
    start += struct.unpack_from("<H", body, len(_NPY_MAGIC))[0]
    match = _NPY_HEADER.fullmatch(body[len(_NPY_MAGIC) + 2 : start].decode("latin-1"))
    if match is None or match[1][1:] not in _DTYPES:
        kind = f"dtype {match[1]}" if match else "a header of an unknown form"
        raise WireError(f"{name} has {kind}: only plain arrays of numbers and booleans are read")
    shape = tuple(int(text) for text in match[3].split(",") if text.strip())
    dtype = np.dtype(match[1])
    # Empty arrays count as if each empty axis had one entry, so that a shape like (10**9, 0) is refused as well.
    reach = math.prod(max(n, 1) for n in shape) * dtype.itemsize
    if len(shape) > MAX_DIMS or reach > MAX_BYTES or math.prod(shape) * dtype.itemsize != len(body) - start:
        raise WireError(f"{name} says it has shape {str(shape)[:80]}, which its data does not")
    if dtype.kind == "b":  # any byte but 0 counts as True: NumPy assumes that a bool is 0 or 1
        flat = np.frombuffer(body, np.uint8, offset=start) != 0
    else:
        flat = np.frombuffer(body, dtype, offset=start)
    array = flat.reshape(shape, order="F" if match[2] == "True" else "C")
    return np.array(array, dtype=dtype.newbyteorder("="), order="C")


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise WireError(f"an array's name must be 1 to {MAX_NAME} printable characters")
