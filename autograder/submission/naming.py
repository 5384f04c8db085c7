"""What browsers, file managers, learning platforms and students make of a file's name."""

import re

_PLATFORM = r"^[^_/]+(?:_late)?_\d+_\d+_(?=.)"  # Canvas' bulk download
_COPIES = r" ?\(\d+\)|-\d+(?=\.|$)| ?- copy| copy(?=\.)|\s"  # a browser's, Canvas' for a file handed in again, Windows'


def base_name(path: str) -> str:
    """Return the last part of a POSIX path."""
    return path.rpartition("/")[2]


def plain_name(name: str) -> str:
    """Return a file name without what browsers, file managers and platforms add.

    "Copy of Lab (1).py.txt" gives "lab.py", and so do "lab-2.py" and "doejane_LATE_12_345_lab-2.py".
    """
    name = name.lower()[:300].removeprefix("copy of ").removesuffix(".txt").removesuffix(".json")
    return re.sub(_COPIES, "", re.sub(_PLATFORM, "", name))


def same_kind(name: str, wanted: str) -> bool:
    """Tell whether two file names end alike, once what was added is taken away."""
    return plain_name(name).rpartition(".")[2] == wanted.lower().rpartition(".")[2]


def name_inside(name: str, wanted: str) -> bool:
    """Tell whether the wanted file's name is in a name as a word: in "jane_scalar_net_final.py", "scalar_net.py" is."""
    stem = re.escape(wanted.lower().rpartition(".")[0])
    return re.search(rf"(?<![a-z0-9]){stem}(?![a-z0-9])", name.lower()) is not None
