"""A release as it lies in a folder: its zip, and what must not be overwritten."""

import json
import os
import time
import zipfile
from pathlib import Path

from autograder import bundle
from cattern.errors import CatternError

RELEASED = (
    1767225600  # 2026-01-01: the same bytes whenever it is made, and no file "46 years ago" in JupyterLab
)


def zip_date() -> tuple[int, ...]:
    """Return the date of every file in a zip: SOURCE_DATE_EPOCH (seconds since 1970) if it is set, else RELEASED."""
    return time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH") or RELEASED), 315532800))[:6]


def write_zip(path: Path, top: str, files: dict[str, bytes]) -> None:
    """Write files into a zip, under one folder. The same files give the same bytes.

    They are stored, not compressed: what a compressor makes of them depends on its version.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{top}/{name}", zip_date())
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[name])


def refuse_to_destroy(folder: Path, archive: Path, lab: str) -> None:
    """Refuse unless what has the release's names is an earlier release that nobody changed."""
    again = "move it away, choose another --out, or say --force"
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CatternError(f"{folder} is not a folder of ours: {again}")
    if folder.is_dir():
        changed = _changed(bundle.read_folder(folder))
        if changed is None and any(folder.iterdir()):
            raise CatternError(f"{folder} is not an earlier release: {again}")
        if changed:
            raise CatternError(f"{folder / changed[0]} was changed since the earlier release: {again}")
    if archive.exists() and not _is_release(archive, lab):
        raise CatternError(f"{archive} is not an earlier release: {again}")


def _changed(files: dict[str, bytes]) -> list[str] | None:
    """Return the names that differ from the manifest, or None when there is no manifest."""
    sums = files.pop(bundle.MANIFEST, None)
    if sums is None:
        return None
    try:
        then = json.loads(sums)["files"]
        # looking at a release in Jupyter leaves these behind
        theirs = {
            n: content
            for n, content in files.items()
            if not {"__pycache__", ".ipynb_checkpoints"} & {*n.split("/")}
        }
        now = json.loads(bundle.manifest(theirs))["files"]
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_release(archive: Path, lab: str) -> bool:
    try:
        with zipfile.ZipFile(archive) as opened:
            return f"{lab}/{bundle.MANIFEST}" in opened.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
