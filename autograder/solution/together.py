"""Loads the solved (or patched) files of a lab side by side, as if they were the package's own."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import ModuleType

from cattern.checking.lab import module_name
from cattern.checking.run import load_module, without_trace

_number = count()


def load_together(texts: Mapping[str, str]) -> dict[str, ModuleType]:
    """Load files that may import one another, in order, without a trace in `sys.modules`.

    Args:
        texts: path from the package's top → source; a file comes after those it imports.

    Returns:
        The same paths → modules.
    """
    names = {file: module_name(file) for file in texts}
    with without_trace(names.values()):
        return {
            file: load_module(names[file], Path(f"solution-{next(_number)}.py"), text)
            for file, text in texts.items()
        }
