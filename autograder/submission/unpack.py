"""Lists what is in a zip or tar archive, in memory: nothing is written, and nothing is inflated before it is asked for."""

import atexit
import contextlib
import io
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from autograder.temporary import make_folder, remove
from cattern.errors import CatternError

MiB = 2**20
MAX_ENTRIES = 20_000
MAX_DEPTH = 16
MAX_TOTAL = 128 * MiB
MAX_RATIO, RATIO_FREE = 400, 4 * MiB  # text rarely packs better than 1:100; small members may
MAX_MEMBER = 64 * MiB  # of a whole class's download: more than any file that is read may have

_UNREAD = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xfd7zXZ": "an archive packed with xz",
    b"BZh": "an archive packed with bzip2",
    b"\x28\xb5\x2f\xfd": "an archive packed with zstd",
    b"%PDF": "a PDF document under another name",
    b"<!DOC": "a web page under another name",
}


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        path: where it is, with `/` between parts; what the archive says when that is refused.
        refused: why it is not read, or "".
        size: bytes it says it holds; it never gives more.
        read: called with n, gives at most n bytes.
    """

    path: str
    refused: str
    size: int
    read: Callable[[int], bytes]


def members(data: bytes) -> list[Member]:
    """Return the files in an archive, in its own order; the kind is told from the bytes, not the name.

    Raises:
        Exception: of nearly any class: both readers meet hostile bytes in many ways.
    """
    for magic, name in _UNREAD.items():
        if data.startswith(magic):
            raise ValueError(f"it is {name}; ask for an ordinary zip")
    if data[:2] != b"PK":
        return list(_tar(data))
    # Counted in the bytes, because reading the directory of a million entries already costs a gigabyte.
    if data.count(b"PK\x01\x02") > MAX_ENTRIES:
        raise ValueError(f"it lists more than {MAX_ENTRIES} entries")
    return list(_zip(io.BytesIO(data)))


@cache
def unpacked(archive: Path) -> Path:
    """Unpack a class's download, a zip, into a folder that lives as long as this process, and return the folder.

    A student's file that is larger than any that is read keeps its size and no content, so that reading it says why.

    Raises:
        CatternError: it is no readable zip, or the disk is full.
    """
    top = make_folder("class")
    atexit.register(remove, top)
    try:
        with archive.open("rb") as file:
            for member in _zip(file):
                if _clean(member.path)[1]:
                    continue  # no platform makes such a name
                with contextlib.suppress(FileExistsError, NotADirectoryError):
                    path = top / member.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with path.open("wb") as out:
                        if member.size > MAX_MEMBER or member.refused:
                            out.truncate(max(member.size, MAX_MEMBER + 1))
                        else:
                            out.write(member.read(MAX_MEMBER))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        why = (isinstance(problem, OSError) and problem.strerror) or str(problem)
        raise CatternError(
            f"{archive} cannot be unpacked: {why}; download it again, or unpack it yourself and give the folder"
        ) from problem
    return top


def _zip(file: BinaryIO) -> Iterator[Member]:
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        name = info.orig_filename
        if name.endswith(("/", "\\")):
            continue
        if not info.flag_bits & 0x800:
            with contextlib.suppress(UnicodeError):  # macOS writes UTF-8 without saying so
                name = name.encode("cp437").decode("utf-8")
        path, refused = _clean(name)
        mode = info.external_attr >> 16 if info.create_system == 3 else 0
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            refused = special(mode)
        elif info.flag_bits & 1:
            refused = "it is encrypted; ask for an archive without a password"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # An LZMA member may ask for gigabytes of memory before its first byte.
            refused = "its compression is not supported; ask for an ordinary zip"
        elif info.file_size > max(RATIO_FREE, MAX_RATIO * info.compress_size):
            refused = f"it unpacks to more than {MAX_RATIO} times its size"
        yield Member(path, refused, info.file_size, _zip_reader(archive, info))


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        with archive.open(info) as member:
            return member.read(limit)

    return read


def _tar(data: bytes) -> Iterator[Member]:
    if data[:2] == b"\x1f\x8b":
        unpacked = zlib.decompressobj(wbits=31).decompress(data, MAX_TOTAL + 1)
        if len(unpacked) > min(MAX_TOTAL, max(RATIO_FREE, MAX_RATIO * len(data))):
            raise ValueError("it unpacks to far more than a submission holds")
        data = unpacked
    # A stream ("r|") cannot seek backwards, so that a header with a negative size cannot make the reader loop.
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|") as archive:
        for count, info in enumerate(archive):
            if count >= MAX_ENTRIES:
                raise ValueError(f"it lists more than {MAX_ENTRIES} entries")
            if info.isdir():
                continue
            path, refused = _clean(info.name)
            if not info.isreg() or info.issparse():
                refused = special(stat.S_IFLNK if info.issym() or info.islnk() else 0)
            content = b"" if refused else data[info.offset_data : info.offset_data + max(0, info.size)]
            yield Member(path, refused, len(content), lambda limit, content=content: content[:limit])


def _clean(name: str) -> tuple[str, str]:
    """Return the path inside the archive, and why it is refused."""
    # Archives made on Windows may separate folders by backslashes.
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if (
        name.startswith(("/", "\\"))
        or re.match(r"[A-Za-z]:", name)
        or ".." in parts
        or "\0" in name
        or not parts
    ):
        return name, "its path leads out of the archive"
    if len(parts) > MAX_DEPTH or len(name) > 1000:
        return name, f"more than {MAX_DEPTH} folders deep"
    return "/".join(parts), ""


def special(mode: int) -> str:
    """Say what a file that is not an ordinary one is."""
    return "a link, and links are not followed" if stat.S_ISLNK(mode) else "neither a file nor a folder"
