"""Packs what is to be handed in: one zip with a receipt, after a look at whether all of it is there, readable and fresh."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cattern.checking.ask import About, Child, data_file_of, notebook_of, package_folder, results
from cattern.errors import CatternError

BESIDE = frozenset({".png", ".jpg", ".jpeg", ".pdf"})  # what a person who grades by hand may want to see
MOST_BYTES = 20 * 2**20  # of a file beside the notebook


@dataclass
class Packed:
    """What was found.

    Attributes:
        files: path in the zip, below its top folder → where the file is.
        missing: sentences: what is not there or cannot be read, so that nothing is written.
        notes: sentences: what looks as if it was forgotten.
        strays: a sentence, if some: work that lies in the wrong place or under another name.
    """

    files: dict[str, Path] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


def collect(lab: str, tasks: list[About]) -> Packed:
    """Find what is to be handed in for a lab, and look whether it is complete and fresh."""
    packed, top = Packed(), package_folder().parent
    codes = sorted({task.file for task in tasks if task.source == "module"})
    for name in codes:
        _add(packed, name, top / name)
    notebook = notebook_of(lab)
    _add(packed, f"{lab}.ipynb", notebook or Path(f"{lab}.ipynb"))
    for task in tasks:
        if task.source == "data":
            _add(packed, task.file, data_file_of(lab, task.file) or Path(task.file))
    if notebook and not packed.missing:
        packed.notes += stale(notebook, [packed.files[name] for name in codes])
    if notebook:
        for path in sorted(notebook.parent.iterdir()):
            if path.suffix.lower() in BESIDE and path.is_file() and path.stat().st_size <= MOST_BYTES:
                packed.files.setdefault(path.name, path)
    here = {folder.resolve() for folder in (Path.cwd(), top)}
    strays = {path.name for folder in here for path in folder.glob("*.ipynb") if path.name != f"{lab}.ipynb"}
    strays |= {Path(name).name for name in codes for folder in here if (folder / Path(name).name).is_file()}
    if strays:
        counts = ", ".join([f"{lab}.ipynb", *codes])
        packed.strays.append(f"{', '.join(sorted(strays)[:5])}: not handed in; what counts is {counts}")
    yours = {*packed.files, "manifest.json"}
    if changed := changed_given_files(top, yours):
        packed.notes.append(
            f"{', '.join(changed[:5])}: changed since you got it, though not yours to write; it is put back when graded"
        )
    return packed


def stale(notebook: Path, codes: list[Path]) -> list[str]:
    """Say in which ways a saved notebook does not look like one run of all cells after the last edit."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        cells = [c for c in cells if c["cell_type"] == "code" and "".join(c["source"]).strip()]
        counts = [c.get("execution_count") for c in cells]
        failed = [o for c in cells for o in c.get("outputs", []) if o.get("output_type") == "error"]
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return [f"{notebook.name} is not a notebook that can be read: save it again in Jupyter"]
    again = "Restart the kernel, run all cells, save, and submit again"
    notes = []
    if unrun := sum(count is None for count in counts):
        notes.append(f"{unrun} of {len(counts)} cells of {notebook.name} were not run. {again}")
    elif counts != sorted(counts):
        notes.append(f"the cells of {notebook.name} were not run from top to bottom. {again}")
    if failed:
        notes.append(
            f"{len(failed)} cells of {notebook.name} ended in an error: the first is {failed[0].get('ename')}"
        )
    newer = [code.name for code in codes if code.stat().st_mtime > notebook.stat().st_mtime + 1]
    if newer:
        notes.append(f"{', '.join(newer)} was saved after {notebook.name}. {again}")
    return notes


def changed_given_files(top: Path, yours: set[str]) -> list[str]:
    """Return which files of the bundle, other than the student's own, are not as they were handed out."""
    try:
        sums = json.loads((top / "manifest.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        name
        for name, digest in sums.items()
        if name not in yours and ((path := top / name).is_file() and _sha256(path) != digest)
    ]


def submit(lab: str, out: Path | None = None, student: str | None = None, anyway: bool = False):
    """Write the zip; return its path, the notes, and the results of the checks.

    Args:
        lab: the lab's name.
        out: where the zip goes, or the folder for `LAB-submission.zip`; None for this folder.
        student: written into the receipt, where a course wants it.
        anyway: write it even though something is missing.

    Raises:
        CatternError: something is missing or cannot be read; the message lists it. Or `out` is in no folder.
    """
    path = out or Path.cwd()
    if path.is_dir():
        path = path / f"{lab}-submission.zip"
    elif not path.parent.is_dir():
        raise CatternError(
            f"{path.parent} is not a folder: name the zip, or a folder that is there, with --out"
        )
    child = Child(lab)
    try:
        packed = collect(lab, child.tasks)
        if packed.missing and not anyway:
            lines = "".join(f"\n  {what}" for what in [*packed.missing, *packed.strays])
            raise CatternError(
                f"not all of it is there:{lines}\nTo hand in the rest all the same, add --anyway"
            )
        found = list(results(lab, ["all"], child=child))
    finally:
        child.close()
    notes = [*packed.missing, *packed.strays, *packed.notes]
    write_zip(path, lab, packed.files, receipt(lab, packed.files, found, notes, student))
    return path, notes, found


def receipt(
    lab: str, files: Mapping[str, Path], found: list[dict], notes: list[str], student: str | None
) -> dict:
    """Return what the zip says of itself: names, sizes and sums, the time, and what the checks said."""
    said = [r["verdict"] for r in found]
    return {
        "schema": 1,
        "lab": lab,
        **({"student": student} if student else {}),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": [
            {"name": name, "size": path.stat().st_size, "sha256": _sha256(path)}
            for name, path in sorted(files.items())
        ],
        "checks": [{key: v[key] for key in ("id", "status", "score", "max_score")} for v in said],
        "notes": notes,
    }


def write_zip(path: Path, lab: str, files: Mapping[str, Path], about: dict) -> None:
    """Write the zip: all of it or nothing, in place of an earlier one."""
    part = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for name, file in sorted(files.items()):
                archive.write(file, f"{lab}/{name}")
            archive.writestr(f"{lab}/receipt.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _add(packed: Packed, name: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
        packed.files[name] = path
    except FileNotFoundError:
        packed.missing.append(f"{name} is missing")
    except OSError as error:
        packed.missing.append(f"{name} cannot be read: {error.strerror or error}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
