"""A cache on disk: what the solution gives with each mistake is computed once, and then read by every later process.

A file is named by the hash of all it was made of (sources, catalogue, inputs, versions), so it is never out of date, only
unused. It may hold what a course's hidden inputs give: the folder is readable to its owner alone. `CATTERN_CACHE` names
another folder; empty, it switches the store off.
"""

import contextlib
import fcntl
import hashlib
import json
import math
import os
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from autograder.course import ROOT
from cattern.checking.facts import Facts

UNUSED = 30 * 86400  # seconds after which a file that nobody read goes
Table = dict[str, list[Facts]]  # mistake → facts of each probe


class Store:
    """What one reference has computed, as bytes under names.

    Args:
        made_of: the texts and bytes that all of it depends on.
        folder: where the files are; None for the user's cache.
    """

    def __init__(self, made_of: Iterable[str | bytes], folder: Path | None = None):
        parts = [platform.python_version(), np.__version__, *made_of]
        digests = (hashlib.sha256(p if isinstance(p, bytes) else p.encode()).digest() for p in parts)
        self.key = hashlib.sha256(b"".join(digests)).hexdigest()
        self._folder = folder or user_folder()

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return what is kept under a name; where there is nothing, `make` it, one process at a time, and keep it."""
        found = self._read(name)
        if found is None:
            with self._turn(name):
                found = self._read(name)
                if found is None:
                    found = make()
                    self._write(name, found)
        return found

    def _read(self, name: str) -> bytes | None:
        """Return the bytes, or None when they are not there or damaged."""
        if self._folder is None:
            return None
        path = self._path(name)
        try:
            said = zlib.decompress(path.read_bytes())
            os.utime(path)
            return said
        except (OSError, zlib.error):
            return None

    def _write(self, name: str, said: bytes) -> None:
        """Keep bytes, all or none. A disk that is full or read-only costs time later, and nothing else."""
        if self._folder is None:
            return
        path = self._path(name)
        part = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            try:
                part.write_bytes(zlib.compress(said, 3))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            self._sweep()

    @contextlib.contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """Let one process at a time compute a table: the others wait, and find it written."""
        with contextlib.ExitStack() as stack:
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    lock = stack.enter_context(self._path(name).with_suffix(".lock").open("w"))
                    fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{self.key} {name}'.encode()).hexdigest()[:40]}.z"

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if time.time() - path.stat().st_mtime > UNUSED:
                path.unlink(missing_ok=True)


def user_folder() -> Path | None:
    """Return the folder of the user's cache, or None when it is switched off."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("CATTERN_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    return user_cache_path("cattern", appauthor=False)


def pack(table: Mapping[str, list[Facts]]) -> bytes:
    """Return a table as bytes: JSON that points into one pool of numbers for each dtype, in which equal arrays stand once."""
    pools: dict[str, list[np.ndarray]] = {}
    places: dict[tuple, list] = {}
    sizes: dict[str, int] = {}

    def placed(value):
        if isinstance(value, str):
            return value
        array = np.asarray(value)
        kind, key = array.dtype.str, (array.dtype.str, array.shape, array.tobytes())
        if key not in places:
            places[key] = [kind, sizes.get(kind, 0), list(array.shape)]
            pools.setdefault(kind, []).append(array.reshape(-1))
            sizes[kind] = sizes.get(kind, 0) + array.size
        return places[key]

    said = {m: [[[*key, placed(v)] for key, v in one.items()] for one in rows] for m, rows in table.items()}
    whole = {kind: np.concatenate(arrays).tobytes() for kind, arrays in pools.items()}
    head = json.dumps({"said": said, "pools": {kind: len(data) for kind, data in whole.items()}}).encode()
    return b"".join((len(head).to_bytes(8, "little"), head, *whole.values()))


def unpack(data: bytes) -> Table:
    """Return the table of which `pack` made these bytes."""
    start = 8 + int.from_bytes(data[:8], "little")
    head, pools = json.loads(data[8:start]), {}
    for kind, size in head["pools"].items():
        pools[kind] = np.frombuffer(data[start : start + size], kind)
        start += size

    def value(stored):
        if isinstance(stored, str):
            return stored
        kind, first, shape = stored
        return pools[kind][first : first + math.prod(shape)].reshape(shape)

    said = head["said"]
    return {
        m: [{(probe, name): value(v) for probe, name, v in one} for one in rows] for m, rows in said.items()
    }


def sources(root: Path, folders: list[Path], whole: bool = False) -> Iterator[bytes]:
    """Yield the bytes of every file that something made depends on, with their names: of the packages and of other folders.

    Folders with the same in them stand there once: a course's own packages, as long as nobody has changed them.

    Args:
        root: where the packages are.
        folders: the others.
        whole: with all that lies there, what tools leave behind aside; else Python and TOML alone, which facts depend on.
    """
    seen = []
    for folder in dict.fromkeys([root / "cattern", ROOT / "cattern", *folders]):
        paths = [path for path in sorted(folder.rglob("*")) if whole or path.suffix in (".py", ".toml")]
        paths = [
            path
            for path in paths
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}
        ]
        files = [(path.relative_to(folder).as_posix().encode(), path.read_bytes()) for path in paths]
        if files not in seen:
            seen.append(files)
            yield from (part for file in files for part in file)
