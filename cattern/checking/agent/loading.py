"""Loads a student's file, and says what was raised and where. What a file imports and does not use costs nothing."""

import builtins
import contextlib
import importlib.machinery
import importlib.util
import io
import linecache
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from types import ModuleType

import numpy as np

# source → what is compiled, and names for it
Made = Callable[[str], tuple[object, Mapping[str, object]]]
MAX_MISSING = 20  # modules that a file may import in vain
MAGIC = re.compile(r"^(\s*)[%!]\s*\w.*$", re.MULTILINE)  # IPython's, in a file that came out of a notebook


class Printed(io.TextIOBase):
    """Takes what student code prints, and keeps the beginning."""

    MOST = 1000  # characters

    def __init__(self):
        self._kept, self._size = [], 0

    def write(self, text: str) -> int:
        """Keep some of a text."""
        if self._size < self.MOST:
            self._kept.append(str(text)[: self.MOST - self._size])
        self._size += len(text)
        return len(text)

    def text(self) -> str:
        """Return the beginning of what was printed, fit to be shown."""
        kept = "".join(c if c.isprintable() or c == "\n" else " " for c in "".join(self._kept))
        return kept + ("\n… and more" if self._size > self.MOST else "")

    def clear(self) -> None:
        """Forget it all."""
        self._kept, self._size = [], 0


printed = Printed()  # for the student's own check; a grader never reads it


@contextlib.contextmanager
def quiet():
    """Keep prints and warnings from everybody: what student code says never changes what it is worth."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        yield


def fill_what_is_empty() -> None:
    """Let `np.empty` and `np.empty_like` give nan, or the largest whole number, in the place of what memory held by chance.

    Who forgets to fill an array is told the same everywhere, and each time.
    """
    for name in ("empty", "empty_like"):
        if not hasattr(getattr(np, name), "fills"):
            setattr(np, name, _filled(getattr(np, name)))


def _filled(make: Callable) -> Callable:
    @wraps(make)
    def filled(*args, **kwargs):
        array = make(*args, **kwargs)
        if array.dtype.kind in "fc":
            array.fill(np.nan)
        elif array.dtype.kind in "iu":
            array.fill(np.iinfo(array.dtype).max)
        elif array.dtype.kind == "b":
            array.fill(True)
        return array

    filled.fills = True
    return filled


class Absent:
    """Stands for what a missing module would have given. Whoever uses it learns that the module is missing."""

    def __init__(self, module: str):
        vars(self)["_module"] = module

    def _refuse(self, *args, **kwargs):
        raise ModuleNotFoundError(missing(self._module), name=self._module)

    def __getattr__(self, name: str):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Absent(self._module)

    __call__ = __iter__ = __len__ = __getitem__ = __enter__ = __bool__ = __float__ = __array__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __matmul__ = __rmatmul__ = __neg__ = __lt__ = __gt__ = _refuse


class AbsentModules:
    """Finds modules that are not there: empty ones, whose every name is `Absent`."""

    def __init__(self, names: Collection[str]):
        self.names = names

    def find_spec(self, name: str, path=None, target=None):
        """Return the spec of an empty module for a missing name."""
        if name in self.names or any(name.startswith(f"{top}.") for top in self.names):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec) -> ModuleType:
        """Return the empty module."""
        return absent_module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing."""


def absent_module(name: str) -> ModuleType:
    """Return a module in which every name is `Absent`."""
    module = ModuleType(name)
    module.__getattr__ = lambda attribute: getattr(Absent(name), attribute)
    module.__path__ = []
    return module


def missing(name: str) -> str:
    """Say that a module is not there, and what to do."""
    if name.partition(".")[0] in _KNOWN_ELSEWHERE:
        return f"there is no {name} when this is graded: take out what uses it"
    return f"there is no module {name} when this is graded: hand in `{name.replace('.', '/')}.py` too, or do without it"


_KNOWN_ELSEWHERE = {
    "IPython", "autograd", "cupy", "google", "ipdb", "ipywidgets", "jax", "keras", "mlxtend", "numba", "pandas",
    "pdbpp", "pudb", "scipy", "seaborn", "skimage", "sklearn", "sympy", "tensorflow", "torch", "torchvision",
}  # fmt: skip


def load_module(name: str, path: Path, source: str, made: Made | None = None) -> ModuleType:
    """Compile and run Python source as the module `name`, which then stands in `sys.modules`.

    Args:
        name: import name.
        path: where the source is (or would be), for tracebacks.
        source: the text of the module.
        made: makes of the source what is compiled, and the names that it needs; see `instrument`.
    """
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(path))
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))
    sys.modules[name] = module
    tree, names = made(source) if made else (source, {})
    module.__dict__.update(names)
    with quiet():
        exec(compile(tree, str(path), "exec"), module.__dict__)
    return module


@contextlib.contextmanager
def without_trace(names: Iterable[str]) -> Iterator[None]:
    """Put the modules of these names back afterwards, whatever is loaded under them meanwhile."""
    before = {name: sys.modules.get(name) for name in names}
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def without_magic(source: str) -> str:
    """Return Python without IPython's lines, if it is none with them."""
    if not MAGIC.search(source):
        return source
    try:
        compile(source, "student", "exec")
    except SyntaxError:
        return MAGIC.sub(r"\1pass", source)
    return source


def load_student(
    name: str, path: Path, source: str, made: Made | None = None
) -> tuple[ModuleType, list[str]]:
    """Load a student's file, with empty modules for those that are not there.

    Leftovers of a notebook (`%magic`, `!command`, `get_ipython()`) do nothing.

    Returns:
        The module, and the names of the modules that are missing.
    """
    builtins.get_ipython = lambda: _Anything()
    source = without_magic(source)
    absent: list[str] = []
    finder = AbsentModules(absent)
    sys.meta_path.append(finder)
    before = len(
        sys.modules
    )  # the names of all would touch, and so copy, a page for each in a forked process
    while True:
        try:
            return load_module(name, path, source, made), absent
        except ModuleNotFoundError as error:
            # one that the file itself catches never comes here
            if not error.name or error.name in absent or len(absent) >= MAX_MISSING:
                raise
            absent.append(error.name)
            for new in list(sys.modules)[before:]:
                if getattr(sys.modules[new], "__spec__", None) and _is_students(sys.modules[new], path):
                    del sys.modules[new]


def _is_students(module: ModuleType, path: Path) -> bool:
    """Tell whether a module comes from beside the student's file: it may have been half loaded."""
    file = getattr(module, "__file__", None)
    return bool(file) and Path(file).parent == path.parent


class _Anything:
    """What `get_ipython()` gives: every call of every attribute does nothing."""

    def __getattr__(self, name: str):
        return lambda *args, **kwargs: None


def describe(error: BaseException, source_file: str) -> dict:
    """Say what was raised and in which line of the student's file.

    Returns:
        The arguments of a `Failure`: type, message, line, code, todo.
    """
    try:
        text = str(error)
    except (Exception, SystemExit):  # its own `__str__` is the student's code, too
        text = ""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", " ".join(text.split()))[:300]
    stub = re.match(r"(TODO#\d+|T\d+)\b", text) if type(error) is NotImplementedError else None
    line = code = None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == source_file:
            line, code = frame.lineno, (frame.line or "").strip()[:160] or None
    if isinstance(error, SyntaxError) and error.filename == source_file:  # others name their file in the text
        line, code = error.lineno, str(error.text or "").strip()[:160] or None
        text = str(error.msg or text)
    return {
        "type": type(error).__name__,
        "message": text,
        "line": line,
        "code": code,
        "todo": stub and stub[1],
    }
