"""Names for what they are the files that cannot be this lab's work: documents in place of a notebook, another lab's notebook."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath

from autograder.submission.notebook import listed_cells, read_cell
from autograder.submission.repair import shown
from cattern.checking.lab import Lab, lab_names, load_lab

_INSTEAD = {
    "a PDF document": {"pdf"},
    "a web page": {"html", "htm", "mhtml", "webarchive"},
    "a text document": {"doc", "docx", "odt", "pages", "rtf"},
    "a link": {"url", "webloc", "gdoc", "gslides"},
}


def instead(paths: Iterable[str]) -> list[str]:
    """Say of files of no interest what the student took for the notebook."""
    said = []
    for path in paths:
        suffix = path.rpartition(".")[2].lower()
        said += [
            f"{shown(path)} is {what}, not the notebook itself (.ipynb)"
            for what, suffixes in _INSTEAD.items()
            if suffix in suffixes
        ]
    return said[:5]


def lab_of_another(raw: object, lab: Lab) -> str:
    """Return the name of the lab whose notebook this is, when it speaks of that one's files and never of `lab`'s."""
    words = _words()
    text = "\n".join(cell["source"] for each in listed_cells(raw) if (cell := read_cell(each)))
    spoken = Counter(owner for word in re.findall(r"[a-z_]{6,}", text) if (owner := words.get(word)))
    return "" if spoken[lab.name] or not spoken else max(sorted(spoken), key=spoken.__getitem__)


@cache
def _words() -> dict[str, str]:
    """Return the names that only one lab uses → that lab: its own and those of the files that its students write."""
    owners: dict[str, list[str]] = {}
    for name in lab_names():
        lab = load_lab(name)
        for word in {name, *(PurePosixPath(file).stem for file in lab.student_files + lab.carries)}:
            owners.setdefault(word, []).append(name)
    return {word: labs[0] for word, labs in owners.items() if len(labs) == 1}
