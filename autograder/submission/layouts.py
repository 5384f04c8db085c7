"""How the names of files and folders tell whose they are: one table of rules for all the platforms that hand out downloads.

A rule is a regular expression with named groups. `name` and `id` say who; `file` is what the student called it; `late` is
there when the platform says so; of two entries with one `file`, the one with the higher `version` counts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What the name of one file or folder says.

    Attributes:
        student: who, as this program calls them while no roster says otherwise.
        known_as: all that a roster may know them by, the surest first; "#7" is a platform's own number, which only the
            roster's column for it knows: another person's id may be the same number.
        file: what the student called it; "" for a folder that is the whole submission.
        late: whether the platform marked it as late.
        at: when it was handed in, if the name says so.
        version: of two entries for one file the higher one counts.
        lab: the assignment that the name speaks of, or "".
    """

    student: str
    known_as: tuple[str, ...]
    file: str = ""
    late: bool = False
    at: str = ""
    version: tuple = ()
    lab: str = ""


@dataclass(frozen=True)
class Rule:
    """One kind of name that a platform gives: to files, or to folders."""

    platform: str
    folders: bool
    pattern: re.Pattern
    student: str = "{name}_{id}"


def _rule(platform: str, folders: bool, pattern: str, student: str = "{name}_{id}") -> Rule:
    return Rule(platform, folders, re.compile(pattern, re.DOTALL | re.IGNORECASE), student)


_WHEN = r"\d{4}-\d\d-\d\d[ T]\d\d[:.]\d\d[:.]\d\d(?:\.\d+)?[^+]*"
RULES = (
    # doejane_LATE_12345_67890_two_layer_net-2.ipynb: user, attachment; -2 after the student's name for it: handed in again
    _rule("Canvas", False, r"(?P<name>.+?)_(?P<late>LATE_)?(?P<id>\d+)_(?P<version>\d+)_(?P<file>.+)"),
    _rule("Canvas", False, r"(?P<name>.+?)_(?P<late>LATE_)?(?P<id>\d+)_(?P<file>(?:text|link)\.html)"),
    # Jane Doe_1234567_assignsubmission_file_/…, and the same without folders
    _rule("Moodle", True, r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?P<file>file|onlinetext)_?"),
    _rule("Moodle", False, r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_(?P<file>.+)"),
    # nbgrader's inbound folder: student+assignment+time+secret
    _rule(
        "nbgrader",
        True,
        rf"(?P<name>[^+]+)\+(?P<lab>[^+]+)\+(?P<at>{_WHEN})(?:\+[^+]*)?",
        "{name}",
    ),
    _rule("Gradescope", True, r"(?P<name>submission)_(?P<id>\d+)"),
)


def read_name(name: str, is_folder: bool) -> Entry | None:
    """Return what the first rule that fits says of a name, or None when none fits."""
    for rule in RULES:
        if rule.folders == is_folder and (match := rule.pattern.fullmatch(name)):
            said = match.groupdict()
            who, number = said["name"], said.get("id")
            student, at = rule.student.format(**said), said.get("at") or ""
            known_as = (f"#{number}" if number else "", student, who, who.partition("-")[2])
            return Entry(
                student,
                tuple(
                    each for each in known_as if each
                ),  # "Group 1-Jane Doe" is Jane Doe, if nobody is called all of it
                "" if is_folder and said.get("file") in (None, "file") else said["file"],
                bool(said.get("late")),
                at,
                (int(said.get("version") or 0), at),
                said.get("lab") or "",
            )
    return None


def gradescope_people(folder: Path) -> dict[str, Entry]:
    """Return who is behind each `submission_…` folder of a Gradescope export, from the file that lies beside them."""
    path = folder / "submission_metadata.yml"
    if not path.is_file():
        return {}
    import yaml  # late: only such an export needs it

    try:
        listed = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return {}
    found = {}
    for name, about in listed.items() if isinstance(listed, dict) else ():
        people = about.get(":submitters") if isinstance(about, dict) else None
        if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
            continue
        known = [str(p[key]) for key in (":sid", ":email", ":name") for p in people if p.get(key)]
        at = str(about.get(":created_at") or "")
        if known:
            number = str(name).rpartition("_")[2]
            student = "+".join(
                str(p.get(":sid") or p.get(":email") or p.get(":name") or number) for p in people
            )
            found[str(name)] = Entry(student, (*known, number), at=at, version=(0, at))
    return found


def clone_prefix(parent: str, names: Iterable[str], lab: str) -> str:
    """Return what GitHub Classroom put before the user's name in the names of cloned repositories, or "".

    `two-layer-net-octocat` in the folder `two-layer-net-submissions`: the folder tells, or the lab's name, or three clones.
    """
    names = sorted(names)
    if not names:
        return ""
    from_parent = parent.removesuffix("submissions")
    if from_parent != parent and from_parent.endswith("-") and all(n.startswith(from_parent) for n in names):
        return from_parent
    own = re.sub(r"[-_ ]+", "-", lab) + "-"
    if all(re.sub(r"[_ ]", "-", n).startswith(own) for n in names):
        return names[0][: len(own)]
    shared = next(
        k for k in range(len(names[0]) + 1) if names[0][: k + 1] != names[-1][: k + 1] or k == len(names[0])
    )
    shared = names[0][: names[0].rfind("-", 0, shared) + 1]
    return shared if len(names) >= 3 else ""


def aliases(people: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return what platforms may call the people of a roster → their id; what two people share is left out.

    Args:
        people: (id, name, platform's id) of each; the last two may be empty.
    """
    pairs = set()
    ids = set()
    for student, name, platform_id in people:
        ids.add(student)
        pairs |= {(_plain(each), student) for each in (f"#{platform_id}", platform_id) if platform_id}
        words = name.replace(",", " ").split()
        for k in range(len(words)):  # Doe, Jane: Canvas writes doejane
            pairs.add((_plain("".join(words[k:] + words[:k])), student))
    found = {}
    for alias, group in groupby(sorted(pairs), key=lambda pair: pair[0]):
        students = [student for _, student in group]
        if alias and len(students) == 1:
            found[alias] = students[0]
    # An id is its owner's, whoever else is called so.
    return found | {_plain(student): student for student in sorted(ids)}


def identify(known_as: Iterable[str], roster: Mapping[str, str]) -> str | None:
    """Return the id of the person whom a roster's `aliases` know by any of the names."""
    return next((roster[key] for each in known_as if (key := _plain(each)) in roster), None)


@cache
def _plain(text: str) -> str:
    """Return a name with its letters and digits only, in lower case; what has none stays as it is."""
    return "".join(c for c in text.casefold() if c.isalnum() or c in "#@.") or text
