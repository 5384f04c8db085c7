"""The catalogue of mistakes: patches of the solution, each with an explanation and a hint.

A lab's catalogue is the TOML files in `autograder/labs/NAME/mistakes/`. Each names the solution it patches and lists mistakes:

    source = "cattern/neural_net.py"

    [[mistake]]
    id = "kebab-case"
    task = "TODO#2"
    old = '''text that stands exactly once in the source, inside the task's region'''
    new = '''what the mistake puts in its place'''
    explanation = "What is wrong and why it matters."
    hint = ["a nudge", "a method", "where to read"]

A mistake in several places has `patches = [[old, new], …]` instead of `old` and `new`.
"""

import ast
import contextlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from autograder.course import ROOT
from autograder.markers import Region, lines_of, regions
from autograder.solution.store import Store
from cattern.errors import CatternError

KEYS = {"id", "task", "old", "new", "patches", "explanation", "hint"}


class CatalogueError(CatternError):
    """The catalogue is not as it should be; the message names the file and the mistake."""


class Conflict(CatternError):
    """Two patches change the same text, so the mistakes cannot be made together."""


@dataclass(frozen=True)
class Patch:
    """One mistake that students make.

    Attributes:
        id: kebab-case, unique in its lab.
        task: the task it belongs to, "TODO#2".
        explanation: what is wrong and why it matters, said to the student.
        hint: three steps: a nudge, a method, where to read.
        patches: (old text, new text) pairs; each old text stands exactly once in the solution.
        source: the solved file they patch, "cattern/neural_net.py".
        file: the file of the catalogue that it stands in.
    """

    id: str
    task: str
    explanation: str
    hint: tuple[str, ...]
    patches: tuple[tuple[str, str], ...]
    source: str = field(default="", compare=False)
    file: str = field(default="", compare=False)


def load(lab: str, root: Path = ROOT, folder: Path | None = None) -> list[Patch]:
    """Return the catalogue of a lab, checked, in the order of its files. Without files it is empty.

    Args:
        lab: the lab's name.
        root: the folder that the `source` of a file is relative to.
        folder: the catalogue's folder; the one below `root` when not given.

    Raises:
        CatalogueError: a file or a mistake in it breaks a rule; the message says which, and what to do.
    """
    found: dict[str, Patch] = {}
    read: dict[str, str] = {}  # of every file: its text
    folder = folder or root / "autograder" / "labs" / lab / "mistakes"
    for file in sorted(folder.glob("*.toml")):
        try:
            read[str(file)] = file.read_text(encoding="utf-8")
            data = tomllib.loads(read[str(file)])
            read[data["source"]] = (root / data["source"]).read_text(encoding="utf-8")
        except (KeyError, OSError, ValueError) as error:  # ValueError: neither TOML nor UTF-8
            raise CatalogueError(
                f"{file}: write TOML that begins with `source`, the file to patch: {error}"
            ) from None
        for entry in data.get("mistake", []):
            with _named(file, entry.get("id", "(one without an id)")):
                mistake = _parse(entry)
                if mistake.id in found:
                    raise CatalogueError("this id is taken: give each mistake its own")
                found[mistake.id] = replace(mistake, source=data["source"], file=str(file))

    def sound() -> bytes:
        for mistake in found.values():
            with _named(mistake.file, mistake.id):
                _check(mistake, read[mistake.source])
        return b""

    # A second for all labs, at every start of every command: what was sound once is sound.
    Store([*read.values(), Path(__file__).read_bytes()]).get("sound", sound)
    return list(found.values())


@contextlib.contextmanager
def _named(file: str | Path, mistake: str) -> Iterator[None]:
    """Let what is wrong with a mistake be told with its name, and the file's."""
    try:
        yield
    except CatternError as error:
        raise CatalogueError(f"{file}, mistake {mistake}: {error}") from None


def apply(text: str, mistakes: Iterable[Patch]) -> str:
    """Return the solution with all the mistakes in it, whatever their order.

    Every patch is located in `text`, the solution itself, and not in what other patches made of it.

    Raises:
        Conflict: two patches change the same text.
        CatalogueError: an old text does not stand exactly once in `text`.
    """
    edits = sorted(edit for mistake in set(mistakes) for edit in _edits(text, mistake))
    for (_, end, _, first), (start, _, _, second) in pairwise(edits):
        if start < end:
            raise Conflict(f"{first} and {second} change the same text: they cannot be made together")
    for start, end, new, _ in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def _edits(text: str, mistake: Patch) -> list[tuple[int, int, str, str]]:
    """Return (start, end, new text, id) of each patch."""
    for old, _ in mistake.patches:
        if (times := text.count(old)) != 1:
            raise CatalogueError(
                f"{mistake.id}: {old!r} must stand exactly once in the source, not {times} times"
            )
    return [(text.index(old), text.index(old) + len(old), new, mistake.id) for old, new in mistake.patches]


def _parse(entry: Mapping) -> Patch:
    if unknown := sorted(entry.keys() - KEYS):
        raise CatalogueError(f"unknown keys {unknown}: there are {sorted(KEYS)}")
    patches = entry.get("patches", [[entry.get("old"), entry.get("new")]])
    hint, explanation, name = entry.get("hint", []), entry.get("explanation"), entry.get("id")
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", name)):
        raise CatalogueError("give it an id of words joined by hyphens")
    if not (isinstance(explanation, str) and explanation.strip()):
        raise CatalogueError("write an explanation")
    if not (_strings(hint, 3) and all(step.strip() for step in hint)):
        raise CatalogueError("write a hint of three steps: a nudge, a method, where to read")
    if not (isinstance(patches, list) and patches and all(_strings(pair, 2) and pair[0] for pair in patches)):
        raise CatalogueError("give `old` (not empty) and `new`, or `patches`, a list of such pairs")
    return Patch(name, str(entry.get("task")), explanation, tuple(hint), tuple(map(tuple, patches)))


def _strings(value, size: int) -> bool:
    return isinstance(value, list) and len(value) == size and all(isinstance(item, str) for item in value)


def _check(mistake: Patch, text: str) -> None:
    """Raise a CatternError unless the patches stay inside the task's region and leave other, valid code."""
    own = _regions(text)
    if mistake.task not in own:
        raise CatalogueError(f"its source has no task {mistake.task!r}: the tasks are {', '.join(own)}")
    lines, region, patched = lines_of(text), own[mistake.task], apply(text, [mistake])
    first, last = len("".join(lines[: region.begin])), len("".join(lines[: region.end - 1]))
    if not all(first <= start and end <= last for start, end, _, _ in _edits(text, mistake)):
        raise CatalogueError(f"it changes text outside the region of {mistake.task}: choose another `old`")
    try:
        compile(patched, "solution", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise CatalogueError(f"the patched source is not valid Python: {error}: mend `new`") from None
    if _code(text[first:last]) == _code(patched[first : last + len(patched) - len(text)]):
        raise CatalogueError("the patched code is the same as before: change something or remove it")


@lru_cache(maxsize=16)  # every mistake of a file asks for the same
def _regions(text: str) -> dict[str, Region]:
    return {region.task: region for region in regions(text, "its source")}


@lru_cache(maxsize=64)
def _code(region: str) -> str:  # spaces and comments do not count
    return ast.dump(ast.parse("if 1:\n" + region if region[:1].isspace() else region))
