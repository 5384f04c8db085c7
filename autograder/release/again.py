"""Whether a release would be the one that lies there already: then nothing is stripped, checked or stored again.

A note in the user's cache says of what the last release of a course's lab was made, where it went, and how the gradebook was
left. When any of them has changed since, by whatever hand, the release is made anew.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from autograder import bundle
from autograder.course import ROOT, Course
from autograder.solution.store import Store, sources, user_folder

GRADEBOOK = "gradebook.db"  # nbgrader's default; with another database every release is made anew


def is_there(course: Course, out: Path) -> bool:
    """Tell whether `OUT/LAB/` and `OUT/LAB.zip` are what a release would make, and the gradebook as it left it."""
    note = _note(course)
    if note is None:
        return False
    try:
        said = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return said == _state(course, out)


def remember(course: Course, out: Path) -> None:
    """Note what was just released. Where nothing can be noted, the next release takes its time."""
    note = _note(course)
    if note is None:
        return
    with contextlib.suppress(OSError):
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = note.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(_state(course, out)), encoding="utf-8")
        part.replace(note)


def _note(course: Course) -> Path | None:
    folder = user_folder()
    name = hashlib.sha256(f"{course.folder} {course.lab_name}".encode()).hexdigest()[:40]
    return folder and folder / f"release-{name}.json"


def _state(course: Course, out: Path) -> dict | None:
    """Return what a release depends on and what it left, as JSON can say it; None where something of it is missing."""
    archive, gradebook = out / f"{course.lab_name}.zip", course.folder / GRADEBOOK
    if not (archive.is_file() and (out / course.lab_name).is_dir() and gradebook.is_file()):
        return None
    released = bundle.manifest(bundle.read_folder(out / course.lab_name))
    about = gradebook.stat()
    return {
        "sources": Store(_sources(course)).key,
        "out": str(out.resolve()),
        "released": hashlib.sha256(released + archive.read_bytes()).hexdigest(),
        "gradebook": [about.st_mtime_ns, about.st_size],
    }


def _sources(course: Course) -> list[bytes]:
    """Return every file that a release is made of or by, with its name."""
    folders = [course.root / "mnist_data", course.notebook.parent, course.catalogue, ROOT / "autograder"]
    files = [course.root / "environment.yml", course.root / "constraints.txt"]
    files += [course.folder / name for name in ("course.toml", "nbgrader_config.py")]
    beside = [part for path in files if path.is_file() for part in (path.name.encode(), path.read_bytes())]
    return [*sources(course.root, folders, whole=True), *beside]
