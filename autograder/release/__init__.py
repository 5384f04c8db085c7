"""One lab's release: nbgrader makes the bundle, the leak check passes it, then it becomes a folder and a zip."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from autograder import bundle, notebook
from autograder.course import Course
from autograder.release import again
from autograder.release.archive import refuse_to_destroy, write_zip
from autograder.solution.reference import public_fingerprints
from mnist_data import subset


@dataclass(frozen=True)
class Release:
    """What a release made: a folder, a zip of it, how many files are in each, and whether it was there already."""

    folder: Path
    archive: Path
    files: int
    is_old: bool = False


def release(course: Course, out: Path, force: bool = False) -> Release:
    """Make `OUT/LAB/` and `OUT/LAB.zip`, and tell the gradebook about the assignment; nothing where all of it is there.

    Args:
        course: the course; its folder holds `notebooks/LAB/LAB.ipynb` and the gradebook.
        out: folder for both; made when missing.
        force: replace whatever has those names.

    Raises:
        CatternError: something leaks, the sources are wrong, or files of somebody else's are in the way.
            Then `out` is as it was.
    """
    lab = course.lab_name
    notebook.read(course)
    folder, archive = out / lab, out / f"{lab}.zip"
    if again.is_there(course, out):
        return Release(folder, archive, len(bundle.read_folder(folder)), is_old=True)
    from autograder.release.earning import refuse_shipped_answers
    from autograder.release.generate import generate

    if not force:
        refuse_to_destroy(folder, archive, lab)
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".release-", dir=out) as work:
            made = generate(course, Path(work).resolve())  # with the leak check
            refuse_shipped_answers(course)
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
    again.remember(course, out)
    return Release(folder, archive, len(files))


def released_files(course: Course) -> dict[str, bytes]:
    """Return a release's files, all but the notebook, what stands beside it, and the manifest, sorted by path.

    Raises:
        CatternError: a file is missing, or its markers are wrong.
    """
    files = dict(bundle.package_files(course))
    files[f"cattern/checking/fingerprints/{course.lab_name}.bin"] = public_fingerprints(course)
    files[f"mnist_data/{subset.NAME}"] = subset.packed_subset()  # students need no package for it
    return dict(sorted(files.items()))
