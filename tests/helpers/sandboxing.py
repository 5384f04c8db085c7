"""What the tests of the sandbox share: a toy engine behind a real wall, and short limits."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from autograder.sandbox import Limits, Outcome, Sandbox
from cattern.checking import wire

HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
X = np.arange(6.0).reshape(2, 3)
LIMITS = Limits(
    cpu_seconds=2,
    wall_seconds=20,
    memory=256 * 2**20,
    file_size=8 * 2**20,
    tmp_size=16 * 2**20,
    output=2**20,
)


@contextmanager
def toy_sandbox(walls: bool = True, **options):
    """Give a sandbox whose engine is `hostile/engine` and the wire; nothing of the project's package is in it."""
    folder = Path(tempfile.mkdtemp(prefix="toy-engine-"))
    try:
        shutil.copy(HOSTILE / "engine" / "toy_engine.py", folder)
        (folder / "cattern" / "checking").mkdir(parents=True)
        (folder / "cattern" / "__init__.py").touch()
        (folder / "cattern" / "checking" / "__init__.py").touch()
        shutil.copy(wire.__file__, folder / "cattern" / "checking")
        for path in (folder, *folder.rglob("*")):  # the sandbox reads it as another user
            path.chmod(0o755 if path.is_dir() else 0o644)
        given = {"preload": ("numpy", "toy_engine"), "packages": ("numpy",), "limits": LIMITS, "walls": walls}
        with Sandbox(folder, **(given | options)) as sandbox:
            yield sandbox
    finally:
        shutil.rmtree(folder)


def ask(
    sandbox: Sandbox, source: str, limits: Limits | None = None, targets=(), walls=True, **files
) -> Outcome:
    """Run a student's file, given as text, on X."""
    files = {"student.py": source.encode(), **{f"{name}.py": text.encode() for name, text in files.items()}}
    priority = os.getpriority(os.PRIO_PROCESS, 0)  # which the sandbox starts with
    request = wire.pack({"targets": list(targets), "walls": walls, "priority": priority}, {"X": X})
    return sandbox.run(files, request, limits, entry="toy_engine:answer_request")


def hostile(name: str) -> str:
    """Return the text of a hostile file."""
    return (HOSTILE / f"{name}.py").read_text(encoding="utf-8")


def processes() -> set[int]:
    """Return the ids of all processes below this one, zombies included."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


@contextmanager
def nothing_left(folder: Path):
    """Let everything temporary go to `folder`; afterwards no process and no file of it may be there."""
    before, old = processes(), tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
        assert processes() == before
        assert list(folder.iterdir()) == []
    finally:
        tempfile.tempdir = old
