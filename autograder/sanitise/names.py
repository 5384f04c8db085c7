"""A student's name and words outside of pages: as the name of a file, in a table of a spreadsheet, on a terminal.

file_name(student)       what files and the gradebook call a student: their name, where it is an ordinary one
passive_name(name)       what a file that was handed in is called where a browser may open it
write_names(path, …)     the table that says who is behind each file name that is another than the name
csv_cell(text)           text that no spreadsheet takes for a formula
one_line(text)           text that no terminal acts on
"""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

# No blank or dot at an end, nothing that a path, a glob, an option, a formula or a page could take for its own.
_ORDINARY = re.compile(r"[^\W_](?:[\w .@+',()~-]*[\w)~-])?")
_OURS = re.compile(r"-[0-9a-f]{10}$")
MAX_NAME = 100  # bytes: nbgrader and we add suffixes and folders to it

# What a browser shows without acting on it, whatever is in it.
_PASSIVE = {".ipynb", ".py", ".txt", ".md", ".csv", ".json", ".toml", ".yml", ".npz", ".npy", ".gz", ".pdf"}
_PASSIVE |= {".png", ".jpg", ".jpeg", ".gif", ".webp"}


def file_name(student: str) -> str:
    """Return a name for a student's files, one for each student: the name itself, or its letters and a hash of it."""
    length = len(student.encode("utf-8", "surrogateescape"))
    if length <= MAX_NAME and _ORDINARY.fullmatch(student) and not _OURS.search(student):
        return student
    plain = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "student"
    return f"{slug}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def passive_name(name: str) -> str:
    """Return the name under which a file that was handed in may lie where formgrader serves it: .html and .svg end in .txt there."""
    suffix = PurePosixPath(name).suffix.lower()
    return name if not suffix or suffix in _PASSIVE else f"{name}.txt"


def write_names(path: Path, students: Iterable[str]) -> None:
    """Write a CSV table of file name and student for every student whose files have another name; none, no table.

    Args:
        path: the table. What it says of other students stays.
        students: the names as they were read.
    """
    rows = {file_name(s): csv_cell(one_line(s)) for s in students if file_name(s) != s}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            rows = {row["file"]: row["student"] for row in csv.DictReader(file)} | rows
    if rows:
        part = path.with_name(f".{path.name}.part")
        with part.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "student"])
            table.writerows(sorted(rows.items()))
        part.replace(path)


def csv_cell(text: str) -> str:
    """Return text for a table: a spreadsheet takes what begins like a formula for one, so an apostrophe goes before it.

    What is not printable is spelled out: tables are looked at on terminals, too.
    """
    text = one_line(text, 2000)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\\t", "\\r")) else text


def one_line(text: str, limit: int = 200) -> str:
    """Return text fit for one line of a terminal or a table: shortened, every character that is not printable spelled out."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[-limit // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
