"""The conversation with the process of a student's file: what drivers ask for goes out, stand-ins are called, answers come back.

Whatever comes back may be forged: it is read by `Heap.unpack`, which knows numbers, text and handles only, and within caps.
"""

import builtins
import types
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np

from cattern.checking.agent.heap import Heap
from cattern.checking.agent.values import HEAD, MAX_BYTES, MAX_JSON, PLAIN, Entry, HeapError, Noted
from cattern.checking.remote import Remote, RemoteMethod, remote_class

MAX_SHARED = 20_000  # values with a number, at a time
MAX_TRAFFIC = 256 * 2**20  # bytes that one task may send
MAX_CALLS = 20_000  # of stand-ins, in one task: more are made by a loop that does not end


class PipeError(BaseException):
    """The other process is gone, or says what it should not. No driver can go on, so none shall catch it."""


class Pipe(Protocol):
    """How the bytes get there. Both raise PipeError when the other end is gone."""

    def send(self, data: bytes) -> None:
        """Send all of the data."""

    def receive(self, size: int) -> bytes:
        """Return exactly so many bytes."""


class MirroredDict(dict):
    """A dict of the student's. (A plain one could not tell when nobody needs it any more.)"""

    __slots__ = ("__weakref__",)


class MirroredList(list):
    """A list of the student's."""

    __slots__ = ("__weakref__",)


MirroredDict.__name__, MirroredList.__name__ = "dict", "list"  # what a student is told it is


class Channel(Heap):
    """The trusted side's half of what both share, and the conversation about it.

    Args:
        pipe: carries the bytes.
    """

    new_dict, new_list = MirroredDict, MirroredList

    def __init__(self, pipe: Pipe):
        super().__init__(1)
        self._pipe, self._traffic, self._calls = pipe, 0, 0
        self._alive: list = []
        self._seed: list | None = None
        self._module: Remote | None = None
        # names that a probe got of the module: the next one gets them with it
        self._asked: dict[str, None] = {}
        self.source = ""  # of the student's file

    # What drivers ask for

    def load(self, name: str, source: str, endless: Iterable[int] = ()) -> list[str]:
        """Load the student's file; return the names of the modules that are missing there.

        Args:
            name: import name.
            source: its text.
            endless: lines with a loop that is known not to end: nothing waits for it as long as for the first time.
        """
        self.source = source
        _, absent = self.ask("load", name, source, tuple(endless))
        return [str(n)[:80] for n in absent]

    def load_watched(self, name: str, source: str) -> None:
        """Load the student's file instrumented; see `agent.instrument`."""
        self.source = source
        self.ask("load_watched", name, source)

    def probe(self, seed: int) -> Remote:
        """Let all be forgotten but the student's module, and return that.

        The functions and classes that were asked for in a probe before come with it.
        """
        self.reset()
        self._module = None
        told = self.ask("probe", seed, tuple(self._asked))
        whole = isinstance(told, tuple) and len(told) == 1 + len(self._asked)
        if not whole or not isinstance(told[0], Remote):
            raise PipeError("no module came back")
        self._module = told[0]
        found = zip(self._asked, told[1:], strict=True)
        self._module._known.update((asked, value) for asked, value in found if isinstance(value, Remote))
        return self._module

    def command(self, name: str, *args, **kwargs):
        """Run one of the agent's commands beside the student's code; `seed` as late as with the next thing that is asked."""
        if name == "seed":
            self._seed = [*args, *kwargs.values()]
            return None
        return self.ask("command", name, args, tuple(kwargs.items()))

    def ask(self, do: str, *args):
        """Have something done on the other side; serve the stand-ins that are called meanwhile; return what comes back.

        Raises:
            Exception: what was raised there: of the same built-in class, with a `failure` that says where.
            PipeError: the other side is gone, or its answer is no answer.
        """
        if do in ("get", "set", "delete") and args[0] is self._module is not None:
            self._asked[args[1]] = None
            self._module._known.pop(args[1], None)  # it may be another one now
        message, value = self._exchange({"do": do}, args)
        while "call" in message:
            message, value = self._serve(message, value)
        if "raised" in message:
            raise self._exception(message)
        return value

    def _serve(self, message: dict, value) -> tuple[dict, object]:
        """Call a stand-in, and send what it gives."""
        self._calls += 1
        if self._calls > 2 * MAX_CALLS:
            raise PipeError(f"more than {2 * MAX_CALLS} calls")
        try:
            if self._calls > MAX_CALLS:  # its own line is known by where that is raised
                raise RuntimeError(f"after {MAX_CALLS} calls the loop has not ended")
            function, (args, kwargs) = self._callee(message), value
            result = function(*args, **kwargs)
        except Exception as error:
            text = error.args[0] if type(error) is KeyError and error.args else error
            return self._exchange({"raised": [type(error).__name__, str(text)]})
        return self._exchange({}, result, share=False)

    def _callee(self, message: dict) -> Callable:
        try:
            entry, name = self.entries[message["call"]], message["method"]
            target = entry.get()
            if entry.kind == "o" and name in _offered(target):
                return getattr(target, name)
            if entry.kind == "h" and isinstance(target, Iterator) and name == "__next__":
                return target.__next__
            if entry.kind == "h" and callable(target) and not isinstance(target, Remote):
                return target
        except (LookupError, TypeError):
            pass
        raise PipeError("it called what there is not")

    def _exchange(self, meta: dict, value=None, share: bool = True) -> tuple[dict, object]:
        if self._seed:
            meta, self._seed = {**meta, "seed": self._seed}, None
        try:
            self._pipe.send(self.pack(meta, value, share))
            length, size = HEAD.unpack(self._pipe.receive(HEAD.size))
            self._traffic += length + size
            if length > MAX_JSON or size > MAX_BYTES or self._traffic > MAX_TRAFFIC:
                raise HeapError("it sent more data than any right answer has")
            told = self._pipe.receive(length + size)
            message, value = self.unpack(told[:length], told[length:])
            if "broken" in message or len(self.entries) > MAX_SHARED:
                raise HeapError("it returned more data than any right answer has")
        except HeapError as error:
            raise PipeError(str(error)) from None
        # Until the next answer is read: it can name what both know now, and what changes here until then is told.
        self._alive = []  # what was held by this list alone is gone now
        self._alive = [entry.get() for entry in self.entries.values()]
        return message, value

    def _exception(self, message: dict) -> BaseException:
        """Return an exception like the one that was raised, with what is known of it as its `failure`."""
        said, bases = message["raised"], message.get("bases")
        if not isinstance(said, dict) or not isinstance(bases, list):
            raise PipeError("an exception of an unknown form")
        base = next((b for b in map(_builtin, bases) if b), Exception)
        name = said.get("type")
        cls = type(name[:80] if isinstance(name, str) else "Exception", (base,), {"__init__": _nothing})
        error = cls()
        error.args = (str(said.get("message"))[:300],)
        error.failure, error.channel = said, self
        return error

    # What is shared

    def holder(self, value, number: int):
        """Return a function that gives the value while somebody here needs it. What a driver made and gave away stays."""
        if not isinstance(value, np.ndarray | Noted | Remote | MirroredDict | MirroredList):
            return lambda: value
        key, entries, numbers, dropped = id(value), self.entries, self.numbers, self._dropped
        watched = self.watched

        def gone(_):
            watched.pop(number, None)
            if entries.pop(number, None) is not None:
                del numbers[key]
                dropped.append(number)

        return weakref.ref(value, gone)

    def describe(self, value) -> list:
        """Return what the student's side needs for a stand-in: its names and values, no more."""
        if callable(value) and not hasattr(type(value), "offers"):
            self.add("h", value)
            return ["function", getattr(value, "__name__", type(value).__name__)]
        if isinstance(value, Iterator):
            self.add("h", value)
            return ["iterator"]
        offers = _offered(value)
        methods = [name for name in offers if callable(getattr(type(value), name, None))]
        names = [name for name in offers if name not in methods]
        entry = self.add("o", value, names=names)
        content = [self._encode(v) for v in list.__iter__(value)] if isinstance(value, list) else None
        items = self._describe_content(entry, value, self._content(entry, value))
        # the items come after the content, as they are read
        content = content if content is None else ["l", None, content]
        return ["object", type(value).__name__, methods, names, items, content]

    def _encode(self, value, share: bool = True):
        kind = type(value)
        if kind in PLAIN or kind is np.ndarray:
            return super()._encode(value, share)
        if (
            kind is types.MethodType
            and not isinstance(value.__self__, Remote)
            and hasattr(type(value.__self__), "offers")
        ):
            return ["b", self._encode(value.__self__, share), value.__name__]
        if isinstance(value, np.random.Generator):
            return ["g", value.bit_generator.state]
        if kind is RemoteMethod:
            return ["b", self._encode(value.owner, share), value.__name__]
        return super()._encode(value, share)

    def handle(self, number: int, description: list):
        """Return a handle to an object of the student's."""
        name, is_callable, is_class, methods, watched = description
        if not isinstance(name, str) or not isinstance(methods, list) or len(methods) > 200:
            raise HeapError("an object of an unknown form")
        remote = remote_class(name[:80], bool(is_callable), bool(is_class))(self, frozenset(methods))
        entry = self._adopt("h" if watched is False else "o", remote, number)
        if watched is not False:
            entry.names = ("grads", "params")
            self._apply(entry, watched)
        return remote

    def attributes(self, entry: Entry, value) -> dict:
        """Return the shared attributes of a stand-in, or what is known of those of a student's object."""
        return value._known if isinstance(value, Remote) else vars(value)

    def _apply(self, entry: Entry, told) -> None:
        value = entry.get()
        if entry.kind == "o" and isinstance(value, Remote):
            value._known.clear()  # one that is no dict any more is not told of
        super()._apply(entry, told)


def _offered(value) -> tuple[str, ...]:
    """Return the names of a stand-in that student code may see. Others have none."""
    return getattr(type(value), "offers", ())


def _builtin(name) -> type | None:
    found = getattr(builtins, name, None) if isinstance(name, str) else None
    if isinstance(found, type) and issubclass(found, BaseException) and found not in _REFUSED:
        return found
    return None


def _nothing(self, *args) -> None:
    """Make an exception without its class's own arguments."""


_REFUSED = {KeyboardInterrupt, SystemExit, GeneratorExit, BaseExceptionGroup, ExceptionGroup, BaseException}
