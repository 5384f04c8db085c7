"""The course's secret: it draws the hidden inputs, the same for every student of a course and others for every course."""

import contextlib
import hashlib
import os
import secrets
import subprocess
from functools import cache
from pathlib import Path

from cattern.errors import CatternError

SECRET_FILE, SECRET_VARIABLE = ".cattern-seed", "CATTERN_SEED"
PUBLIC_SECRET = "cattern"


def find_secret(folder: Path) -> tuple[str, str]:
    """Return the course's secret, and where it comes from: the variable, the course's file, the public default.

    Raises:
        CatternError: the variable or the file is blank, or the file cannot be read.
    """
    file = folder / SECRET_FILE
    if SECRET_VARIABLE in os.environ:
        found, where = os.environ[SECRET_VARIABLE].strip(), f"the variable {SECRET_VARIABLE}"
        cure = "unset it, or give it a value"
    elif file.exists():
        try:
            found, where = file.read_text(encoding="utf-8").split("\n")[0].strip(), str(file)
        except (OSError, ValueError) as error:
            raise CatternError(f"{file} cannot be read: {error}") from None
        cure = "remove it and type: cattern course --new-secret"
    else:
        return PUBLIC_SECRET, "the public default"
    if not found:
        raise CatternError(f"{where} is blank, so there is no secret: {cure}")
    return found, where


def earlier_secret(folder: Path, wanted: str) -> str | None:
    """Return the secret of a fingerprint: the public default, or a line of a file beside the course's, such as `.cattern-seed.old`.

    Args:
        folder: the course's folder.
        wanted: what a verdict recorded: a `fingerprint`, or "public".
    """
    if wanted == "public":
        return PUBLIC_SECRET
    for file in sorted(folder.glob(f"{SECRET_FILE}*")):
        with contextlib.suppress(OSError, ValueError):
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.strip() and fingerprint(line.strip()) == wanted:
                    return line.strip()
    return None


def new_secret(folder: Path) -> Path:
    """Write a new secret into a course's folder, readable by its owner alone, and return the file.

    Raises:
        CatternError: there is one already, or git would take it.
    """
    file = folder / SECRET_FILE
    if file.exists() or file.is_symlink():
        raise CatternError(
            f"{file} is there already, and verdicts were drawn from it: a new one would draw others. "
            f"Rename it to {SECRET_FILE}.old first if you mean it: explain finds the old inputs there"
        )
    for each in (file, *folder.glob(f"{SECRET_FILE}*")):
        if _in_git(folder) and not _is_ignored(each):
            raise CatternError(
                f"git would take {each.name}: add a line {SECRET_FILE}* to {folder / '.gitignore'}"
            )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(secrets.token_hex(16) + "\n")
    return file


@cache
def fingerprint(secret: str) -> str:
    """Return a few digits that tell two secrets apart and cost too much to guess a short one from."""
    return hashlib.scrypt(secret.encode(), salt=b"cattern", n=2**14, r=8, p=1, dklen=8).hex()


def _git(folder: Path, *words: str) -> bool:
    try:
        return (
            subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False).returncode
            == 0
        )
    except OSError:  # no git here
        return False


def _in_git(folder: Path) -> bool:
    return _git(folder, "rev-parse", "--is-inside-work-tree")


def _is_ignored(file: Path) -> bool:
    return _git(file.parent, "check-ignore", "-q", file.name)
