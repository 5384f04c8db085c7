"""What is made once for all processes of a test run, however many there are."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def once(tmp_path_factory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that `make` has filled; other processes of the run wait for it, and find it made.

    Whoever changes something in it works on a copy.

    Args:
        tmp_path_factory: pytest's fixture.
        name: of the folder, unique in the run.
        make: fills the (empty) folder that it is given.
    """
    top = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent
    folder, done = top / name, top / f"{name}.made"
    with (top / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed half-way
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
