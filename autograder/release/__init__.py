"""One lab's release: nbgrader makes the bundle, the leak check passes it, then it becomes a folder and a zip."""

import json
import logging
import os
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder.release import bundle, leaks
from cattern.checking.lab import load_lab
from cattern.errors import CatternError

# The oldest moment a zip can name: the same bytes whenever it is made.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Release:
    """What a release made: a folder, a zip of it, and how many files are in each."""

    folder: Path
    archive: Path
    files: int


def release(
    lab: str, out: Path, course: Path = bundle.ROOT, force: bool = False, carry: str = bundle.SOLVED
) -> Release:
    """Make `OUT/LAB/` and `OUT/LAB.zip`, and tell the gradebook about the assignment.

    Args:
        lab: the lab's name.
        out: folder for both; made when missing.
        course: the folder with `notebooks/LAB/LAB.ipynb`, `nbgrader_config.py` and the gradebook.
        force: replace whatever has those names.
        carry: what becomes of files from an earlier lab; see `bundle.package_files`.

    Raises:
        UsageError: there is no such lab.
        CatternError: something leaks, the sources are wrong, or files of somebody else's are in the way.
            Then `out` is as it was.
    """
    load_lab(lab)
    course = course.resolve()
    if not bundle.notebook_path(lab, course).is_file():
        raise CatternError(f"{bundle.notebook_path(lab, course)} is missing: there is no notebook to release")
    folder, archive = out / lab, out / f"{lab}.zip"
    if not force:
        _refuse_to_destroy(folder, archive, lab)
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".release-", dir=out) as work:
            made = generate(lab, course, Path(work).resolve(), carry)
            leaks.refuse(leaks.find_leaks(made, lab, course, carry), lab)
            files = bundle.read_folder(made)
            write_zip(Path(work) / "zip", lab, files)
            if folder.exists() or folder.is_symlink():
                folder.rename(Path(work) / "old")
            made.rename(folder)
            (Path(work) / "zip").replace(archive)
    except BaseException:
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return Release(folder, archive, len(files))


def generate(lab: str, course: Path, out: Path, carry: str = bundle.SOLVED) -> Path:
    """Run nbgrader's generate_assignment with the course's own configuration, into `OUT/LAB`.

    Raises:
        CatternError: nbgrader gave up; the message is its reason.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    config = course_config(course)
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.release_directory = str(out)
    config.CourseDirectory.assignment_id = lab
    config.AddPackage.carry = carry
    log, reasons = logging.getLogger("cattern.release"), _Reasons()
    log.propagate = False
    log.addHandler(reasons)
    try:
        GenerateAssignment(coursedir=CourseDirectory(config=config, log=log), config=config, log=log).start()
    except NbGraderException as error:
        reason = reasons.first or error
        raise (
            reason if isinstance(reason, CatternError) else CatternError(f"{lab} is not released: {reason}")
        ) from None
    finally:
        log.removeHandler(reasons)
    made = out / lab
    made.chmod(0o755)
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return made


def course_config(course: Path):
    """Return nbgrader's configuration of a course: its `nbgrader_config.py`, or ours when it has none."""
    from traitlets.config import Config, PyFileConfigLoader

    from autograder.nbgrader_bridge.release import configure

    if (course / "nbgrader_config.py").is_file():
        here = os.getcwd()  # noqa: PTH109  (nbgrader, too, reads it with the course as the working directory)
        os.chdir(course)
        try:
            return PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
        finally:
            os.chdir(here)
    config = Config()
    configure(config, course)
    return config


def write_zip(path: Path, top: str, files: dict[str, bytes]) -> None:
    """Write files into a zip, under one folder. The same files give the same bytes.

    They are stored, not compressed: what a compressor makes of them depends on its version.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(f"{top}/{name}", ZIP_EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[name])


def _refuse_to_destroy(folder: Path, archive: Path, lab: str) -> None:
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


class _Reasons(logging.Handler):
    """Keeps the first error that nbgrader was handling when it logged one: it raises only "see the above traceback"."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.first: BaseException | str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, CatternError) or self.first is None:
            self.first = error or record.getMessage()
