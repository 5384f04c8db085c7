"""A student's module and objects, as drivers see them while the code runs elsewhere.

A driver gets a `Remote` in the place of the module and calls it as if it were here.
"""

import linecache
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from cattern.checking.agent import commands


class Remote:
    """An object that lives in the student's process."""

    __slots__ = ("__weakref__", "_channel", "_known", "_methods")

    def __init__(self, channel, methods: frozenset):
        object.__setattr__(self, "_channel", channel)
        object.__setattr__(self, "_methods", methods)
        object.__setattr__(self, "_known", {})  # attributes that need not be asked for

    def __getattr__(self, name: str):
        if name.startswith("__") and name != "__name__":
            raise AttributeError(name)
        if name in self._known:
            return self._known[name]
        if name in self._methods:
            return RemoteMethod(self, name)
        return self._channel.ask("get", self, name)

    def __setattr__(self, name: str, value) -> None:
        self._channel.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._channel.ask("delete", self, name)

    def __iter__(self):
        return iter(self._channel.ask("list", self))

    def __float__(self):
        return self._channel.ask("float", self)

    def __array__(self, dtype=None, copy=None):
        found = self._channel.ask("array", self)
        if not isinstance(found, np.ndarray):
            found = np.empty((), object)
            found[()] = self
        return found


class RemoteCallable(Remote):
    """One that can be called."""

    __slots__ = ()

    def __call__(self, *args, **kwargs):
        """Call it there."""
        return self._channel.ask("call", self, args, tuple(kwargs.items()))


class RemoteMethod:
    """A method of an object that lives in the student's process."""

    def __init__(self, owner: Remote, name: str):
        self.owner, self.__name__ = owner, name

    def __call__(self, *args, **kwargs):
        """Call it there."""
        return self.owner._channel.ask("method", self.owner, self.__name__, args, tuple(kwargs.items()))


_classes: dict[tuple, type] = {}


def remote_class(name: str, is_callable: bool, is_class: bool) -> type:
    """Return the class of a handle: it bears the name of the object's own class."""
    key = (name, is_callable, is_class)
    if key not in _classes:
        if len(_classes) > 1000:
            _classes.clear()
        base = RemoteCallable if is_callable else Remote
        _classes[key] = type(name, (base,), {"__slots__": (), "is_class": is_class})
    return _classes[key]


def is_class(value) -> bool:
    """Tell whether a value is a class, here or there."""
    return isinstance(value, type) or (isinstance(value, Remote) and type(value).is_class)


def beside(student, function: Callable, *args, **kwargs):
    """Run one of the agent's commands where a student's module (or another object of theirs) is.

    Args:
        student: the module, or an object of the student's.
        function: of `cattern.checking.agent.commands`.
        args: its arguments.
        kwargs: and those by name.
    """
    if isinstance(student, Remote):
        return student._channel.command(function.__name__, *args, **kwargs)
    return function(*args, **kwargs)


def outcomes(student, *calls: tuple) -> Iterator[Callable[[], object]]:
    """Make calls where a student's module is, in one go; yield what is worth calling here in the place of each.

    Args:
        student: the module, or an object of the student's.
        calls: see `outcomes` in `cattern.checking.agent.commands`.

    Yields:
        A function that returns what the call gave, or raises what it raised.
    """
    for given, value in beside(student, commands.outcomes, calls):
        yield (lambda value=value: value) if given else partial(beside, student, commands.raise_again, value)


def source_of(student) -> str:
    """Return the text of the file of a student's module or function."""
    if isinstance(student, Remote):
        return student._channel.source
    code = getattr(student, "__code__", None)
    return "".join(linecache.getlines(code.co_filename if code else getattr(student, "__file__", "")))


def locals_of(error: BaseException, *names: str) -> dict:
    """Return those of some local variables that the student's methods had when an exception went through them."""
    channel = getattr(error, "channel", None)
    if channel is None:
        return commands.locals_of(error, names)
    found = channel.ask("locals", names)
    return {name: found[name] for name in names if name in found} if isinstance(found, dict) else {}
