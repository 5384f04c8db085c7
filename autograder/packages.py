"""Whose labs hold: those of the installation, or those in a course's own packages, imported beside them without a trace."""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

from cattern.errors import CatternError

ROOT = Path(__file__).resolve().parents[1]
LABS = ("cattern.checking.labs", "autograder.labs")


@contextmanager
def labs_of(folder: Path) -> Iterator[None]:
    """Let the labs be imported from a course's own packages, where it has any that are not the installation's."""
    homes = {name: str(folder.joinpath(*name.split("."))) for name in LABS}
    homes = {name: home for name, home in homes.items() if Path(home).is_dir() and folder != ROOT}
    if not homes:
        yield
        return
    if (folder / "cattern").is_dir():
        refuse_other_engine(folder)
    inside = tuple(f"{name}." for name in homes)
    with _importing:
        kept = {name: module for name, module in sys.modules.items() if name.startswith(inside)}
        paths = {name: list(import_module(name).__path__) for name in homes}
        ours = _loaded.setdefault((folder, snapshot(Path(home) for home in homes.values())), {})
        for name in kept:
            del sys.modules[name]
        sys.modules.update(ours)
        for name, home in homes.items():
            sys.modules[name].__path__ = [home, *paths[name]]
        invalidate_caches()
        try:
            yield
        finally:
            for name in [name for name in sys.modules if name.startswith(inside)]:
                ours[name] = sys.modules.pop(name)
            sys.modules.update(kept)
            for name, path in paths.items():
                sys.modules[name].__path__ = path


_loaded: dict[tuple, dict[str, ModuleType]] = {}  # a course's own labs, read once as they are
_importing = threading.RLock()  # what can be imported is a matter of the whole process


def snapshot(paths: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Return what tells that files, and those in folders, have changed: name, time and size of each."""
    found = []
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                about = file.stat()
                found.append((str(file), about.st_mtime_ns, about.st_size))
    return tuple(found)


def refuse_other_engine(folder: Path) -> None:
    """Refuse a course whose own package checks by other rules than the installed one judges by.

    Raises:
        CatternError: a module of its `cattern/checking` differs.
    """
    for file in sorted((ROOT / "cattern" / "checking").glob("*.py")):
        own = folder / "cattern" / "checking" / file.name
        if not own.is_file() or own.read_bytes() != file.read_bytes():
            raise CatternError(
                f"{own} is not the installed one: students' checks and the grader would judge by different rules. "
                f"Install the course's own: pip install -e {folder}"
            )
