"""Reads IDX files, the format of MNIST: a four-byte tag, the dimensions, then the numbers, all big-endian.

The format is described on the MNIST page of LeCun, Cortes and Burges. A file may be gzipped; its first bytes tell,
whatever its name says.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from cattern.errors import CatternError

HERE = Path(__file__).resolve().parent
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
SIGNATURES = {
    b"PK": "a zip archive",
    b"\x1f\x8b": "a gzip file, packed twice,",
    b"\x89PNG": "a PNG picture",
    b"%PDF": "a PDF document",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x93NUMPY": "a NumPy .npy file",
    b"\x80": "a Python pickle",
}


class DataFileError(CatternError):
    """A data file is not what it should be. The message names the file, both sides, and the command that mends it.

    Attributes:
        path: the file.
        expected: what should be there, in words.
        found: what is there, in words.
    """

    def __init__(self, path: Path, expected: str, found: str):
        super().__init__(path, expected, found)
        self.path, self.expected, self.found = Path(path), expected, found

    def __str__(self):
        folder = self.path.absolute().parent
        command = "python -m cattern data --force"
        if folder.resolve() != HERE:
            command += f' --folder "{folder}"'
        return (
            f"{self.path} is not usable.\n"
            f"  expected: {self.expected}\n"
            f"  found:    {self.found}\n"
            f"  mend it:  run `{command}`, which downloads it again; or remove the file"
        )


def load_idx(path: str | Path) -> np.ndarray:
    """Read one IDX file, gzipped or not, of any of the format's six dtypes.

    Args:
        path: the file.

    Returns:
        A new array in the machine's byte order with the dimensions of the file's header: (60000, 28, 28) uint8 for
        MNIST's training images, (60000,) uint8 for their labels.

    Raises:
        DataFileError: the file is missing, unreadable, truncated, corrupt, too long, or not an IDX file.
    """
    path = Path(path)
    return parse_idx(unpack(path), path)


def unpack(path: Path) -> bytes:
    """Return a file's bytes, decompressed if they are gzip. Raises DataFileError when they cannot be had."""
    try:
        if not path.exists():
            raise DataFileError(path, "an IDX file", "no such file")
        if not path.is_file():
            raise DataFileError(path, "an IDX file", "a folder" if path.is_dir() else "no regular file")
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (EOFError, zlib.error, gzip.BadGzipFile, struct.error) as error:
        found = f"a truncated or corrupt gzip file of {len(data)} bytes ({error})"
        raise DataFileError(path, "an IDX file, gzipped or not", found) from error
    except OSError as error:
        raise DataFileError(path, "a readable file", error.strerror or str(error)) from error


def parse_idx(data: bytes, path: Path) -> np.ndarray:
    """Turn the bytes of an unpacked IDX file into an array; `path` is for the error. See `load_idx`."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in DTYPES:
        raise DataFileError(path, "an IDX file (first bytes 0, 0, dtype code, dimensions)", describe(data))
    dtype, ndim = np.dtype(DTYPES[data[2]]), data[3]
    start = 4 + 4 * ndim
    if len(data) < start:
        found = f"a header cut short: {len(data)} bytes"
        raise DataFileError(path, f"a header of {start} bytes with {ndim} dimensions", found)
    shape = struct.unpack_from(f">{ndim}I", data, 4)
    size = start + math.prod(shape) * dtype.itemsize
    if len(data) != size:
        missing = size - len(data)
        found = f"{len(data)} bytes: " + (f"{missing} are missing" if missing > 0 else f"{-missing} too many")
        raise DataFileError(path, f"{size} bytes for the shape {shape} in its header", found)
    try:
        return np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:
        raise DataFileError(path, "dimensions that NumPy can hold", f"{ndim} dimensions ({error})") from error


def describe(data: bytes) -> str:
    """Say in words what kind of file these bytes are."""
    if not data:
        return "an empty file"
    for signature, kind in SIGNATURES.items():
        if data.startswith(signature):
            return f"{kind} of {len(data)} bytes"
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return f"a web page of {len(data)} bytes (a login or error page, saved in place of the file?)"
    if all(byte >= 32 or byte in b"\t\r\n\f" for byte in head):
        return f"a text file of {len(data)} bytes"
    return f"{len(data)} bytes that begin with {data[:4].hex(' ')}"
