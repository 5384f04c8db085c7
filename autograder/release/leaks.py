"""The leak check: what of the solution, or of the instructor's desk, is in a student bundle. A release with a leak fails.

It trusts nothing that made the bundle: it reads the instructor's sources again and searches every file of the bundle.
"""

import base64
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder import bundle, markers
from autograder.course import Course
from cattern.checking import wire
from cattern.errors import CatternError
from mnist_data import subset

# A secret this long is searched inside lines too; a shorter one must be a whole line, or it would be found by chance.
LONG = 16
SHORTEST = 8
# Numbers, and the words of the catalogue: its words are searched like any text.
FINGERPRINTS = "cattern/checking/fingerprints/"
SUBSET = f"mnist_data/{subset.NAME}"
MARKER = re.compile(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)\b")
INSTRUCTOR_WORDS = re.compile(r"instructors? only|for instructors|answer key|do not release", re.IGNORECASE)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".whl")
# What a line may consist of without telling anything: block headers, imports, a bare name to return.
_TELLS_NOTHING = re.compile(r".*:|(from|import).*|(return|pass|break|continue|else|try)\w*|[\W\d_]*")


@dataclass(frozen=True)
class Leak:
    """One thing that must not be in a bundle.

    Attributes:
        kind: "solution", "hidden test", "answer", "marker", "instructor words", "output", "unlisted", "autograder", "checkpoint",
            "bytecode", "git", "gradebook", "archive" or "symlink".
        path: the file, from the bundle's top.
        detail: the line that gives it away, or what is wrong.
    """

    kind: str
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.detail}"


@dataclass(frozen=True)
class Secrets:
    """What no bundle may hold: lines of code and prose without their white space, each with its kind."""

    lines: dict[str, str]

    def in_text(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield (kind, secret) for every secret in a text."""
        whole = _squeezed(text)
        lines = {_squeezed(line.lstrip("#>-*` \t")) for line in text.splitlines()}
        for secret, kind in self.lines.items():
            if (len(secret) >= LONG and secret in whole) or secret in lines:
                yield kind, secret


def find_leaks(folder: Path, course: Course) -> list[Leak]:
    """Return everything in a bundle's folder that students must not get, sorted by path.

    Args:
        folder: the bundle.
        course: the course it was made from.
    """
    secrets = read_secrets(course)
    listed = {
        *bundle.package_files(course),
        *bundle.extra_files(course.notebook.parent),
        f"{FINGERPRINTS}{course.lab_name}.bin",
        SUBSET,
        course.notebook.name,
        bundle.MANIFEST,
    }
    leaks = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            leaks.append(Leak("symlink", name, "a bundle holds plain files only"))
            continue
        if not path.is_file():
            continue
        leaks += _by_name(name, listed)
        if name == SUBSET:  # nothing but the images that everybody can get
            if path.read_bytes() != subset.packed_subset():
                leaks.append(Leak("archive", name, "not the images that a release puts there"))
            continue
        fingerprints = name.startswith(FINGERPRINTS) and name in listed
        if fingerprints and _tells(path) and not course.choices.tell_theory:
            leaks.append(
                Leak("answer", name, "tells which theory answers are right: course.toml does not allow it")
            )
        if zipfile.is_zipfile(path) and not fingerprints and not name.lower().endswith(ARCHIVES):
            leaks.append(Leak("archive", name, "a zip under another name"))
        for text in dict.fromkeys(_texts(path, name, leaks)):  # fingerprints say the same words often
            leaks += (Leak(kind, name, secret) for kind, secret in secrets.in_text(text))
            leaks += (Leak("marker", name, m[0]) for m in MARKER.finditer(text))
            leaks += (Leak("instructor words", name, m[0]) for m in INSTRUCTOR_WORDS.finditer(text))
    return list(dict.fromkeys(leaks))


def refuse(leaks: list[Leak], lab: str) -> None:
    """Raise when there are leaks.

    Raises:
        CatternError: the message lists up to ten of them.
    """
    if leaks:
        shown = "".join(f"\n  {leak}" for leak in leaks[:10])
        more = f"\n  … and {len(leaks) - 10} more" if len(leaks) > 10 else ""
        raise CatternError(
            f"{lab} is not released: the bundle would tell students what they must not know{shown}{more}"
        )


def read_secrets(course: Course) -> Secrets:
    """Collect a lab's solution lines, hidden-test lines and answers to its questions from the instructor's sources."""
    parts: list[tuple[str, str]] = []  # (kind or "given", line)
    solved = {task.id for task in course.rubric.tasks} - {task.id for task in course.lab.tasks}
    for name in course.lab.student_files:
        parts += _split((course.root / name).read_text(encoding="utf-8"), name, solved)
    for label, source, is_solution in _cells(course.notebook):
        found = _split(source, label)
        if is_solution and all(kind == "given" for kind, _ in found):
            # nbgrader replaces a solution cell without markers as a whole
            found = [("given" if line.lstrip().startswith("#") else "solution", line) for _, line in found]
        parts += found
    answers = course.catalogue.parent / "answers.md"
    if answers.is_file():
        lines = answers.read_text(encoding="utf-8").splitlines()
        parts += [("answer", line) for line in lines if not line.startswith("#")]
    given = {_squeezed(line) for kind, line in parts if kind == "given"}
    secrets = {}
    for kind, line in parts:
        bare = _squeezed(re.split(r"\s#", line, maxsplit=1)[0]) or _squeezed(line)
        tells = len(bare) >= SHORTEST and not _TELLS_NOTHING.fullmatch(bare)
        if kind != "given" and tells and not any(bare in other for other in given):
            secrets[bare] = kind
    return Secrets(secrets)


def _split(text: str, name: str, solved: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return each line with "solution", "hidden test" or "given"; given are the solutions of `solved` tasks, too."""
    lines = [line.rstrip("\r\n") for line in markers.lines_of(text)]
    given = (
        {region.begin for region in markers.regions(text, name) if region.task in solved} if solved else ()
    )
    kinds = ["given"] * len(lines)
    for marker, kind in ((markers.SOLUTION, "solution"), (markers.HIDDEN_TESTS, "hidden test")):
        for begin, end in markers.spans(text, name, marker):
            if begin not in given:
                kinds[begin : end - 1] = [kind] * (end - 1 - begin)
    return list(zip(kinds, lines, strict=True))


def _cells(notebook: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield (label, source, is a solution cell) for each cell of a notebook."""
    if notebook.is_file():
        for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"], 1):
            about = cell["metadata"].get("nbgrader", {})
            label = f"{notebook.name}, cell {about.get('grade_id') or number}"
            yield label, "".join(cell["source"]), bool(about.get("solution"))


def _tells(path: Path) -> bool:
    """Tell whether fingerprints hold hashes of the theory answers."""
    try:
        return bool(wire.unpack(path.read_bytes())[0].get("told"))
    except wire.WireError:
        return False


def _by_name(name: str, listed: Iterable[str]) -> Iterator[Leak]:
    """Yield the leaks that a file's name gives away."""
    path = PurePosixPath(name)
    if name not in listed:
        yield Leak("unlisted", name, "not one of the bundle's files")
    if "autograder" in path.parts:
        yield Leak("autograder", name, "the instructors' package")
    if ".ipynb_checkpoints" in path.parts:
        yield Leak("checkpoint", name, "left by Jupyter")
    if "__pycache__" in path.parts or path.suffix in {".pyc", ".pyo"}:
        yield Leak("bytecode", name, "left by Python")
    if ".git" in path.parts:
        yield Leak("git", name, "the history holds the solution")
    if "gradebook" in path.name:
        yield Leak("gradebook", name, "the class's marks")
    if name.lower().endswith(ARCHIVES) and name != SUBSET:
        yield Leak("archive", name, "nobody checks what is inside")


def _texts(path: Path, name: str, leaks: list[Leak]) -> Iterator[str]:
    """Yield the texts of a file: the file itself, or every string of a notebook. Outputs are noted in `leaks`."""
    if name.startswith(FINGERPRINTS):
        try:
            yield from _strings(wire.unpack(path.read_bytes())[0])
        except wire.WireError:
            leaks.append(Leak("archive", name, "not fingerprints"))
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix != ".ipynb":
        yield text
        return
    try:
        notebook = json.loads(text)
        cells = [*notebook["cells"]]
    except (ValueError, KeyError, TypeError):
        leaks.append(Leak("unlisted", name, "not a readable notebook"))
        yield text
        return
    for number, cell in enumerate(cells, 1):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            leaks.append(Leak("output", name, f"cell {number} has been run"))
    yield from _strings(notebook)


def _strings(value: object, attached: bool = False) -> Iterator[str]:
    """Yield every string in a JSON value; a list of strings is one text; attachments also decoded."""
    if isinstance(value, str):
        yield value
        if attached:
            yield base64.b64decode(value.encode(errors="replace")).decode("utf-8", errors="replace")
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield from _strings("".join(value), attached)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, attached)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item, attached or key == "attachments")


def _squeezed(text: str) -> str:
    """Return a text without white space."""
    return "".join(text.split())
