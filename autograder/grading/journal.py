"""What has been graded in a folder, and from what: so that the same class again costs a second, and a killed run goes on.

One line a verdict, appended when the verdict's own file is whole. A line that was cut off is no line. The key of a verdict is
made of everything it depends on: what was handed in, the course's sources and choices, its secret, this program.
"""

import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from autograder.course import ROOT, Course
from autograder.submission.collect import files_under, is_system, read_file
from autograder.submission.intake import HandIn, Intake

FILE = ".journal.jsonl"
MAX_HASHED = 64 * 2**20  # bytes of one file; none that is larger is read


class Journal:
    """The journal of a folder of verdicts. Several processes may append to it at a time."""

    def __init__(self, out: Path):
        self._path = out / FILE
        self.keys: dict[str, str] = {}  # student → key of the recorded verdict
        self._sources: dict[str, str] = {}  # student → the submitted folder that the verdict is from
        self._notes: dict[str, dict] = {}  # submitted folder → whom and what it left without a verdict
        for line in self._lines():
            self._take(line)

    def record(self, student: str, key: str, submitted: Path) -> None:
        """Note that a student's verdict is written."""
        self._append({"student": student, "key": key, "from": str(submitted.resolve())})

    def record_rest(self, taken: Intake, submitted: Path) -> None:
        """Note whom and what a class's folder left without a verdict."""
        rest = {"absent": dict(taken.absent), "unmatched": dict(taken.unmatched)}
        if self._notes.get(str(submitted.resolve())) != rest:
            self._append({"from": str(submitted.resolve()), **rest})

    def forget(self, student: str) -> None:
        """Note that a student has no verdict any more."""
        self._append({"student": student, "key": "", "from": ""})

    def gone(self, submitted: Path, present: Iterable[str]) -> list[str]:
        """Return the students who have a verdict from this folder and are not in it any more."""
        here, present = str(submitted.resolve()), set(present)
        return sorted(s for s, source in self._sources.items() if source == here and s not in present)

    def rest(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return, of all folders that were graded into this one, the absent and the unmatched, each with why."""
        absent: dict[str, str] = {}
        unmatched: dict[str, str] = {}
        for note in self._notes.values():
            absent |= note["absent"]
            unmatched |= note["unmatched"]
        return {s: why for s, why in absent.items() if not self.keys.get(s)}, unmatched

    def _lines(self) -> Iterator[dict]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue  # cut off by a kill, or a full disk
            if isinstance(said, dict):
                yield said

    def _take(self, said: dict) -> None:
        if "student" in said:
            self.keys[said["student"]] = said["key"]
            self._sources[said["student"]] = said["from"]
        elif "absent" in said:
            self._notes[said["from"]] = {"absent": said["absent"], "unmatched": said["unmatched"]}

    def _append(self, said: dict) -> None:
        self._take(said)
        # Begun with a line end: what a kill cut off before cannot swallow this line.
        line = f"\n{json.dumps(said, ensure_ascii=True)}\n".encode()
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


def course_key(course: Course) -> str:
    """Return what tells apart all that verdicts depend on, the submissions aside: sources, choices, secret, versions."""
    sources = [ROOT / "autograder", course.root / "cattern", course.root / "mnist_data"]
    sources += [course.catalogue, course.notebook.parent]
    said = hashlib.sha256()
    about = {**course.recorded(), "python": platform.python_version(), "numpy": version("numpy")}
    if any(task.source == "data" for task in course.lab.tasks):
        from mnist_data.load_mnist import data_source

        about["data"] = data_source()
    said.update(json.dumps(about, sort_keys=True).encode())
    for folder in sources:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml", ".ipynb") and path.is_file():
                said.update(f"\0{path.relative_to(folder)}\0".encode())
                said.update(hashlib.sha256(path.read_bytes()).digest())
    return said.hexdigest()


def key_of(hand_in: HandIn, course: str) -> str:
    """Return the key of a verdict: the course's key, and what was handed in, by names and bytes."""
    said = hashlib.sha256(f"{course}\0{hand_in.at}\0{hand_in.late}".encode())
    for part, inside, place in files_under(hand_in.place):
        said.update(f"\0{part}/{inside}\0".encode("utf-8", "surrogateescape"))
        said.update(b"" if is_system(place.name) else _hash_of(place))
    return said.hexdigest()


def _hash_of(place: Path) -> bytes:
    try:
        about = place.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_HASHED:
            return f"{stat.S_IFMT(about.st_mode)} {about.st_size}".encode()
        return hashlib.sha256(read_file(place, MAX_HASHED)).digest()
    except OSError as problem:
        return f"unreadable: {problem.errno}".encode()
