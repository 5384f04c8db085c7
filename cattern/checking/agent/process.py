"""The agent's end of the pipe: loads one file, then does what it is asked, call by call, until the pipe is closed."""

import builtins
import contextlib
import os
import sys
import threading
import types
from pathlib import Path

import numpy as np

from . import commands, loading, watch
from .heap import Heap
from .stop import Stopper, end_here, only_students
from .values import HEAD, Entry, HeapError

WATCHED = ("params", "grads")  # dicts of a student's object that drivers look at all the time


class Agent(Heap):
    """Serves the other side of the pipe."""

    def __init__(self, pipe: int, source_file: str):
        super().__init__(2)
        self._pipe, self._file, self._error = pipe, source_file, None
        self._turn, self._unread = threading.RLock(), b""
        self._known: dict[type, list] = {}
        # the student's; what stands in `sys.modules` may be anything
        self._module: types.ModuleType | None = None
        self._watch = None  # of an instrumented file
        self.stopper = Stopper({source_file}, only_students, end_here)

    # Shared values: the other side says when one may go

    def holder(self, value, number: int):
        """Return a function that gives the value."""
        return lambda: value

    def describe(self, value) -> list:
        """Return an object's class and what is callable in it."""
        kind = type(value)
        instance = (
            not callable(value)
            and type(getattr(value, "__dict__", None)) is dict
            and kind is not types.ModuleType
        )
        entry = self.add("o" if instance else "h", value, names=WATCHED)
        if kind not in self._known:
            functions = [
                name for name in dir(kind)
                if not name.startswith("_") and isinstance(_raw(kind, name), _METHODS)
            ]  # fmt: skip
            self._known[kind] = [kind.__name__[:80], callable(value), issubclass(kind, type), functions[:200]]
        return [*self._known[kind], instance and self._told(entry, value)]

    def _told(self, entry: Entry, value) -> list:
        return self._describe_content(entry, value, self._content(entry, value))

    def attributes(self, entry: Entry, value) -> dict:
        """Return the attributes of a stand-in, or those of a student's object that are worth telling of each time."""
        mine = vars(value)
        if entry.names is not WATCHED:
            return mine
        return {name: mine[name] for name in WATCHED if type(mine.get(name)) is dict}

    def handle(self, number: int, description: list):
        """Return a stand-in for an object of the other side."""
        what, *about = description
        if what == "function":
            (name,) = about

            def function(*args, **kwargs):
                return self._callback(number, "", args, kwargs)

            function.__name__ = function.__qualname__ = name
            self._adopt("h", function, number)
            return function
        if what == "iterator":
            made = _Iterator(self, number)
            self._adopt("h", made, number)
            return made
        name, methods, names, items, content = about
        base = object if content is None else list
        made = type(name, (base,), {m: self._method(number, m) for m in methods})()
        if content is not None:
            made.extend(self._decode(content))
        entry = self._adopt("o", made, number)
        entry.names = names
        self._apply(entry, items)
        return made

    def _decode_object(self, kind: str, told: list):
        if kind == "g":
            generator = np.random.PCG64()
            generator.state = told[1]
            return np.random.Generator(generator)
        if kind == "b":
            return getattr(self._decode(told[1]), told[2])
        return super()._decode_object(kind, told)

    def _method(self, number: int, name: str):
        def method(itself, *args, **kwargs):
            return self._callback(number, name, args, kwargs)

        method.__name__ = name
        return method

    def _callback(self, number: int, name: str, args: tuple, kwargs: dict):
        """Call an object of the other side; raise here what is raised there."""
        with self._turn:
            self._send({"call": number, "method": name}, (args, kwargs), share=False)
            message, value = self._serve()
        self.stopper.give_back()
        if "raised" in message:
            raise _exception(*message["raised"])
        return value

    # The pipe

    def _send(self, meta: dict, value=None, share: bool = True) -> None:
        try:
            message = self.pack(meta, value, share)
        except (HeapError, RecursionError, ValueError) as error:
            self.reset()  # nothing is certain any more; the other side ends the probe
            message = self.pack({"broken": str(error)[:200]})
        left = memoryview(message)
        while left:
            left = left[os.write(self._pipe, left) :]

    def _serve(self) -> tuple[dict, object]:
        """Do what is asked until an answer to a callback comes; return it."""
        while True:
            length, size = HEAD.unpack(self._read(HEAD.size))
            told = self._read(length + size)
            message, value = self.unpack(told[:length], told[length:])
            if "seed" in message:
                commands.seed(*message["seed"])
            do = message.get("do")
            if do is None:
                return message, value
            self.stopper.begin()
            try:
                result = getattr(self, f"_do_{do}")(*value)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit included: it ends the student's call, not the process
                self._error = error
                self._send(
                    {
                        "raised": loading.describe(error, self._file),
                        "bases": [c.__name__ for c in type(error).__mro__],
                    }
                )
            else:
                self._send({}, result)
            finally:
                self.stopper.end()

    def _read(self, size: int) -> bytes:
        while len(self._unread) < size:
            part = os.read(self._pipe, 2**18)
            if not part:
                raise EOFError  # all is done
            self._unread += part
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    # What can be asked

    def _do_load(self, name: str, source: str, endless: tuple):
        self.stopper.know(self._file, source, endless)
        self._module, absent = loading.load_student(name, Path(self._file), source)
        return self._module, absent

    def _do_load_watched(self, name: str, source: str):
        self._watch = watch.Watch()
        self.stopper.only_end = True
        self._module, absent = loading.load_student(name, Path(self._file), source, self._watch.made)
        return self._module, absent

    def _do_watch(self, text: str, numbers: np.ndarray, keep: bool, limit: int) -> None:
        self._watch.start(watch.read_plan(text, numbers), keep, limit)

    def _do_watched(self) -> tuple:
        return watch.told(self._watch)

    def _do_probe(self, number: int, wanted: tuple):
        self.reset()
        commands.seed(number)
        _seterr(all="ignore")
        there = [vars(self._module).get(name) for name in wanted]
        return self._module, *[value if isinstance(value, _MADE) else None for value in there]

    def _do_get(self, obj, name: str):
        return getattr(obj, name)

    def _do_set(self, obj, name: str, value) -> None:
        setattr(obj, name, value)

    def _do_delete(self, obj, name: str) -> None:
        delattr(obj, name)

    def _do_call(self, obj, args: tuple, named: tuple):
        return obj(*args, **dict(named))

    def _do_method(self, obj, name: str, args: tuple, named: tuple):
        return getattr(obj, name)(*args, **dict(named))

    def _do_list(self, obj) -> list:
        return list(obj)

    def _do_float(self, obj) -> float:
        return float(obj)

    def _do_array(self, obj):
        return np.asarray(obj)

    def _do_command(self, name: str, args: tuple, named: tuple):
        return commands.COMMANDS[name](*args, **dict(named))

    def _do_locals(self, names: tuple) -> dict:
        return commands.locals_of(self._error, names) if self._error else {}


_METHODS = (types.FunctionType, staticmethod, classmethod)
_seterr = np.seterr  # as it was before the student's code
_MADE = (types.FunctionType, type)


def _raw(kind: type, name: str):
    return next((vars(c)[name] for c in kind.__mro__ if name in vars(c)), None)


class _Iterator:
    """Goes through something on the other side."""

    def __init__(self, agent: Agent, number: int):
        self._agent, self._number = agent, number

    def __iter__(self):
        return self

    def __next__(self):
        return self._agent._callback(self._number, "__next__", (), {})


def _exception(name: str, message: str) -> BaseException:
    """Return an exception of a class of this name."""
    cls = getattr(builtins, name, None)
    if not (
        isinstance(cls, type) and issubclass(cls, Exception) and cls.__init__ is not UnicodeError.__init__
    ):
        cls = type(name, (Exception,), {})
    try:
        return cls(message) if message else cls()
    except TypeError:
        return Exception(message)


def serve(path: bytes, descriptor: int) -> bytes:
    """Be the agent of one task: the entry point inside the sandbox. Prints go nowhere.

    Args:
        path: of the file with the task's answer, from the working directory.
        descriptor: the pipe's.
    """
    # the student's files come before their released stubs, also when one imports the other
    import cattern

    own = Path.cwd() / "cattern"
    cattern.__path__.insert(0, str(own))
    for handed_in in own.glob("*"):
        sys.modules.pop(f"cattern.{handed_in.stem}", None)  # what was imported ahead is ours
    sys.path += [str(Path.cwd()), str(own)]
    loading.fill_what_is_empty()
    agent = Agent(descriptor, path.decode())
    agent.stopper.start()
    with loading.quiet(), contextlib.suppress(EOFError):
        agent._serve()
    return b""
