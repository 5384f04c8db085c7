"""The four official MNIST files: their names, what is in them, and where they are looked for."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist_data.idx import HERE, DataFileError, parse_idx, unpack


@dataclass(frozen=True)
class OfficialFile:
    """One file of the distribution.

    `packed` is the SHA-256 of the .gz file as its authors published it, `unpacked` that of the IDX file inside.
    """

    stem: str
    shape: tuple[int, ...]
    packed: str
    unpacked: str

    @property
    def name(self) -> str:
        """The official file name."""
        return f"{self.stem}-idx{len(self.shape)}-ubyte.gz"

    @property
    def spellings(self) -> list[str]:
        """The names accepted, best first. What `cattern data` writes is best, so that it mends whatever lies beside."""
        plain = [f"{self.stem}-idx{len(self.shape)}-ubyte", f"{self.stem}.idx{len(self.shape)}-ubyte"]
        return [self.name, plain[1] + ".gz", *plain]

    @property
    def content(self) -> str:
        """What the file holds, in words."""
        count, *pixels = self.shape
        return f"{count} images of {'×'.join(map(str, pixels))} pixels" if pixels else f"{count} labels"


FILES = (
    OfficialFile(
        "train-images",
        (60000, 28, 28),
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    OfficialFile(
        "train-labels",
        (60000,),
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    OfficialFile(
        "t10k-images",
        (10000, 28, 28),
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    OfficialFile(
        "t10k-labels",
        (10000,),
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def search_path(folder: str | Path | None = None) -> list[Path]:
    """Return the folders that are searched, in order: `folder` (None: this package's), then CATTERN_MNIST_DIR."""
    folders = [Path(folder).expanduser() if folder is not None else HERE]
    if os.environ.get("CATTERN_MNIST_DIR"):
        folders.append(Path(os.environ["CATTERN_MNIST_DIR"]).expanduser())
    return folders


def find(file: OfficialFile, folder: str | Path | None = None) -> Path | None:
    """Return where the file is, or None. Raises DataFileError when a folder may not be looked into.

    Every layout in which people have it is known: the file itself, in a folder of its own name (Kaggle's), in `MNIST/raw`
    or `raw` (torchvision's), and as a browser names a second download, "… (1).gz".
    """
    for place in search_path(folder):
        for inside in (place, place / "MNIST" / "raw", place / "raw"):
            for name in file.spellings:
                path = inside / name
                try:
                    if path.is_dir():
                        path = next((path / n for n in file.spellings if (path / n).is_file()), path)
                    if path.is_dir() and any((inside / n).is_file() for n in file.spellings):
                        continue  # the good file lies beside
                    if path.exists():
                        return path
                except OSError as error:
                    what = error.strerror or str(error)
                    raise DataFileError(path, "a folder that can be read", what) from error
            if inside.is_dir():
                again = (p for n in file.spellings for p in sorted(inside.glob(_downloaded_again(n))))
                if found := next(again, None):
                    return found
    return None


def _downloaded_again(name: str) -> str:
    """Return the pattern of what browsers make of a name that is taken: "a.gz" becomes "a (1).gz" or "a-1.gz"."""
    stem, dot, end = name.partition(".gz")
    return f"{stem}[ -]*[0-9]*{dot}{end}"


def contents(place: Path) -> str:
    """Say what lies in a folder in which nothing was found."""
    try:
        names = sorted(p.name for p in place.iterdir() if not p.name.startswith((".", "__")))
    except OSError:
        return "no such folder" if not place.is_dir() else "it may not be looked into"
    names = [n for n in names if not n.endswith((".py", "README.md"))]
    return (
        f"it holds {', '.join(names[:4])}{' and more' if len(names) > 4 else ''}"
        if names
        else "no data in it"
    )


def load(file: OfficialFile, path: Path) -> np.ndarray:
    """Read the official file at `path` and verify it to the last byte.

    Returns:
        uint8 array of `file.shape`.

    Raises:
        DataFileError: it is not that file: damaged, another kind, another file under its name, another data set.
    """
    data = unpack(path)
    array = parse_idx(data, path)
    checksum = hashlib.sha256(data).hexdigest()
    if checksum == file.unpacked:
        return array
    expected = f"MNIST's {file.name.removesuffix('.gz')}: {file.content}"
    for other in FILES:
        if checksum == other.unpacked:
            raise DataFileError(
                path, expected, f"{other.name.removesuffix('.gz')}, {other.content}: was it renamed?"
            )
    if array.shape != file.shape or array.dtype != np.uint8:
        raise DataFileError(path, expected, f"an IDX file of shape {array.shape} and dtype {array.dtype}")
    found = f"the right shape but other content (SHA-256 {checksum[:12]}…): damaged, or another data set"
    raise DataFileError(path, expected, found)
