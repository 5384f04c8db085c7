"""A student's module at the other end of a pipe: it behaves like one that is here, and says nothing that is believed unseen."""

import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import reference, solved, stubbed

from cattern.checking import run as probing
from cattern.checking.agent import commands
from cattern.checking.agent.heap import Heap
from cattern.checking.agent.loading import load_module, without_trace
from cattern.checking.agent.process import Agent
from cattern.checking.agent.values import HEAD, HeapError, Noted
from cattern.checking.channel import Channel, PipeError
from cattern.checking.lab import lab_names, load_lab, module_name
from cattern.checking.remote import beside, is_class, locals_of, outcomes


class Pipe:
    def __init__(self, end: socket.socket):
        self.end = end

    def send(self, data: bytes) -> None:
        try:
            self.end.sendall(data)
        except OSError:
            raise PipeError("gone") from None

    def receive(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            data = self.end.recv(size - len(found))
            if not data:
                raise PipeError("gone")
            found += data
        return found


@contextmanager
def served(source: str, file: str = "student.py"):
    """Give a channel to an agent with a student's file; it runs in a thread here, but shares nothing with this side."""
    here, there = socket.socketpair()

    def serve():
        try:
            Agent(there.fileno(), file)._serve()
        except (EOFError, HeapError, OSError):
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    channel = Channel(Pipe(here))
    try:
        channel.load("student_of_a_pipe", source)
        yield channel, channel.probe(0)
    finally:
        here.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        here.close()
        there.close()


STUDENT = """
import numpy as np
HELD = {}
class Net:
    def __init__(self):
        self.params = {"W": np.ones((2, 2)), "b": np.zeros((1, 2))}
        self.buffer = np.zeros(3)
    def same(self):
        self.buffer += 1
        return self.buffer
    def spoil(self, X):
        X[...] = -1
        HELD["X"] = X
    def late(self):
        HELD["X"][0] = 5
    def step(self, grads):
        for name in self.params:
            self.params[name] -= grads[name]
    def raises(self, x):
        kept = x * 2
        return [][3]
    def leaves(self):
        raise SystemExit
    def use(self, layer):
        layer.params["W"] -= 1
        return layer.forward(layer.params["W"])
    @property
    def fresh(self):
        return {}
def everything():
    return None, True, 3, 2.5, "text", (1, [2]), {"a": 1, 2: (3,)}, np.float32(1.5), np.array([[True]]), range(3)
def odd():
    return [object(), {1, 2}, np.array(["x"]), np.array([None]), 1j, 10**400, [None, None]]
def where(f):
    secret = 7
    return f(secret + 1)
def unread(grads):
    return 1
def draw():
    return np.random.rand()
"""


@pytest.fixture(scope="module")
def pipe():
    with served(STUDENT) as (channel, module):
        yield channel, module


def test_values_come_back_as_they_are(pipe):
    found = pipe[1].everything()
    assert found[:7] == (None, True, 3, 2.5, "text", (1, [2]), {"a": 1, 2: (3,)})
    assert [type(v) for v in found[:5]] == [type(None), bool, int, float, str]
    assert found[7] == 1.5 and found[7].dtype == np.float32
    assert found[8].dtype == bool and found[8].shape == (1, 1) and found[9] == range(3)


def test_what_is_no_number_is_called_by_its_name(pipe):
    said = [probing.numbers(value) for value in pipe[1].odd()]
    here = [object(), {1, 2}, np.array(["x"]), np.array([None]), 1j, 10**400, [None, None]]
    assert said == [probing.numbers(value) for value in here]


def test_an_array_keeps_its_identity_and_its_changes_are_seen_on_both_sides(pipe):
    net = pipe[1].Net()
    first = net.same()
    assert net.same() is first and (first == 2).all()
    first[:] = 10
    assert (net.same() == 11).all()
    X = np.zeros(3)
    net.spoil(X)
    assert (X == -1).all()
    net.late()
    assert X[0] == 5
    assert net.params is net.params and net.fresh is not net.fresh
    net.params["W"] = np.full((2, 2), 3.0)
    net.step({"W": np.ones((2, 2)), "b": np.ones((1, 2))})
    assert (net.params["W"] == 2).all() and net.params["b"].shape == (1, 2)


class Layer:
    offers = ("params", "forward")

    def __init__(self):
        self.params, self.secret = {"W": np.ones(2)}, "notes"

    def forward(self, X):
        return X + self.params["W"]


def test_what_nobody_needs_here_is_forgotten_on_both_sides():
    with served(STUDENT) as (channel, module):
        net = module.Net()
        net.same(), module.everything()  # once what is kept for a while is there
        before = len(channel.entries)
        for _ in range(5):
            net.same()
            module.everything()
            module.where(f=lambda x: np.full(3, x))
        assert (
            len(channel.entries) - before <= 5 + 4
        )  # five functions were given away; results go with the next one


def test_a_stand_in_is_called_and_changed_like_an_object_of_the_student(pipe):
    layer = Layer()
    assert (pipe[1].Net().use(layer) == 0).all() and (layer.params["W"] == 0).all()


def test_only_what_a_stand_in_offers_can_be_had():
    source = "def look(layer):\n    return [n for n in ('secret', 'note', '__init__') if n in dir(layer)]\n"
    with served(source + "def take(layer):\n    return layer.secret\n") as (_, module):
        assert module.look(Layer()) == ["__init__"]
        with pytest.raises(AttributeError, match="'Layer' object has no attribute 'secret'"):
            module.take(Layer())


def test_an_exception_is_of_its_class_and_tells_line_and_locals(pipe):
    with pytest.raises(IndexError) as caught:
        pipe[1].Net().raises(4)
    failure = probing.describe(caught.value, "student.py")
    assert (failure.type, failure.code) == ("IndexError", "return [][3]")
    assert STUDENT.splitlines()[failure.line - 1].strip() == failure.code
    assert locals_of(caught.value, "kept", "missing") == {"kept": 8}


@pytest.mark.parametrize("name", ["SystemExit", "GeneratorExit", "KeyboardInterrupt", "BaseException"])
def test_nothing_that_is_raised_there_ends_this_process(name):
    source = f"class {name}2({name}): pass\ndef f(): raise {name}2(3)"
    if name == "KeyboardInterrupt":  # the agent's own, and no answer
        source = f"class Odd(BaseException): __mro__ = ()\nOdd.__name__ = '{name}'\ndef f(): raise Odd"
    with served(source) as (_, module), pytest.raises(Exception, match=r"3|^$") as caught:
        module.f()
    assert isinstance(caught.value, Exception) and probing.describe(caught.value, "student.py").line


def test_what_a_probe_asked_the_module_for_comes_with_the_next_one(monkeypatch):
    with served("def f(): return 1\ndef g(): return 2\nclass Net: pass\nNUMBER = 3") as (channel, module):
        assert (module.f(), module.NUMBER, type(module.Net()).__name__) == (1, 3, "Net")
        module, asked = channel.probe(0), []
        ask = channel.ask
        monkeypatch.setattr(channel, "ask", lambda do, *args: asked.append(do) or ask(do, *args))
        assert (module.f(), type(module.Net()).__name__, module.NUMBER, module.g()) == (1, "Net", 3, 2)
        assert asked == ["call", "call", "get", "get", "call"]
        with pytest.raises(AttributeError, match="no attribute 'h'"):
            _ = module.h


def test_a_name_of_the_module_stands_for_what_it_is_when_a_probe_begins_or_is_put_there():
    source = "def f(): return 1\ndef g(): return 2\ndef change():\n    global f\n    f = g"
    with served(source) as (channel, module):
        assert (module.f(), module.g()) == (1, 2)
        module = channel.probe(0)
        module.f = module.g
        assert module.f() == 2
        del module.f
        for _ in range(2):
            with pytest.raises(AttributeError):
                module.f()
            module = channel.probe(0)
        module.f = module.g
        assert channel.probe(0).f() == 2
    with served(source) as (channel, module):
        assert module.f() == 1
        module.change()
        assert channel.probe(0).f() == 2


@pytest.mark.parametrize("where", ["here", "there"])
def test_calls_in_one_go_give_what_each_gave_and_raise_what_each_raised(where, pipe, tmp_path):
    module = pipe[1]
    if where == "here":
        with without_trace(["student_here"]):
            module = load_module("student_here", tmp_path / "student.py", STUDENT)
    net, X = module.Net(), np.zeros(3)
    draws = [(7, module.draw, (), {}), (None, module.draw, (), {}), (7, module.draw, (), {})]
    calls = [(None, net.same, (), {}), (None, net.raises, (4,), {}), (None, net.leaves, (), {})]
    calls += [(None, net.spoil, (X,), {}), (None, net.same, (), {}), *draws]
    first, raised, left, _, again, *drawn = outcomes(module, *calls)
    assert first().tolist() == [1, 1, 1] and again().tolist() == [2, 2, 2], "each as it was then"
    assert X.tolist() == [0, 0, 0], "a call gets a copy"
    for _ in range(2):
        with pytest.raises(IndexError) as caught:
            raised()
        failure = probing.describe(
            caught.value, "student.py" if where == "there" else str(tmp_path / "student.py")
        )
        assert failure.code == "return [][3]" and locals_of(caught.value, "kept") == {"kept": 8}
    with pytest.raises(SystemExit if where == "here" else Exception):
        left()
    a, b, c = (draw() for draw in drawn)
    assert a == c != b


def test_what_a_stand_in_raises_is_raised_in_the_students_line(pipe):
    def refuse(x):
        raise ValueError(f"no {x}")

    with pytest.raises(ValueError) as caught:
        pipe[1].where(refuse)
    failure = probing.describe(caught.value, "student.py")
    assert (failure.message, failure.code) == ("no 8", "return f(secret + 1)")


def test_a_subclass_sees_the_callers_names_and_takes_what_the_students_method_takes():
    source = (
        "class Net:\n    def loss(self, X, y=None, reg=0.0, p=0.5):\n        return 1\n"
        "    def train(self):\n        rate = 0.1\n        return self.loss(1, 2, reg=3, p=4)\n"
    )
    seen = []
    with served(source) as (_, module):
        methods = {"loss": lambda net, there, *args: seen.append((there, args)) or 2}
        net = beside(module, commands.extend, module.Net, methods, peek=("rate",))()
        assert net.train() == 2 and seen == [({"rate": 0.1}, (1, 2, 3, 4))]
        assert is_class(module.Net) and not is_class(net)


def test_a_noted_dict_tells_whether_it_was_read(pipe):
    read, unread = Noted({"W": np.ones((2, 2)), "b": np.ones((1, 2))}), Noted({"W": 1})
    pipe[1].Net().step(read)
    pipe[1].unread(unread)
    assert read.read and not unread.read


@pytest.mark.parametrize("lab_name", lab_names())
@pytest.mark.parametrize("state", ["solved", "stubs"])
def test_the_answers_are_those_of_the_same_code_in_this_process(lab_name, state, tmp_path):
    lab, texts = load_lab(lab_name), solved(lab_name)
    if state == "stubs":
        texts = stubbed(texts, *(t.id for t in lab.tasks))
    for file, text in texts.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    for task in (t for t in lab.tasks if t.source == "module"):
        probes, file = reference(lab_name).probes(task)[:1], lab.file_of(task)
        with probing.without_trace([module_name(f) for f in texts]):
            here = probing.answer_task(lab, task, probes, tmp_path)
            with served("", str(tmp_path / file)) as (channel, _):
                there, absent = probing.run_remotely(channel, lab, task, probes, texts[file])
        assert not absent
        for a, b in zip(here, there, strict=True):
            assert a.failure == b.failure and a.values.keys() == b.values.keys()
            for name, value in a.values.items():
                np.testing.assert_array_equal(value, b.values[name], err_msg=f"{task.id} {name}")


class Forged:
    """A pipe whose other end says what it likes."""

    def __init__(self, *messages: bytes):
        self.left = b"".join(messages)

    def send(self, data: bytes) -> None:
        """Nobody listens."""

    def receive(self, size: int) -> bytes:
        if len(self.left) < size:
            raise PipeError("gone")
        found, self.left = self.left[:size], self.left[size:]
        return found


def message(value, arrays: bytes = b"", **meta) -> bytes:
    text = json.dumps({"dropped": [], "changes": [], "value": value} | meta).encode()
    return HEAD.pack(len(text), len(arrays)) + text + arrays


HOSTILE = [
    b"", b"\xff" * 64, HEAD.pack(2**31, 0), HEAD.pack(2, 0) + b"[]", HEAD.pack(4, 0) + b"null",
    message(["a", 1, "<f8", [1]]), message(["a", 2, "<f8", [10**9, 10**9]]), message(["a", 2, "|O", [1]], b"x" * 8),
    message(["a", 2, "<f8", [-1]], b"x" * 8), message(["m", 5]), message(["q"]), message([]), message({}),
    message(["d", 2, [[i, i] for i in range(2000)]]), message(["d", 2, [[["l", None, []], 1]]]),
    message(["s", "|O", "00"]), message(["s", "<f8", "zz"]), message(["s", "<f8", ""]), message(["h", 2, 1, 2, 3, 4, 5]),
    message(["h", 3, "x", True, False, [], False]), message(["g", {}]), message(["r", 0, 1, 0]),
    message(None, changes=[[1, 2]]), message(None, call=1, method="__class__"), message(None, call=7, method="x"),
    message(None, raised=3, bases=[]), message(None, raised={}, bases={}), message(None, broken="x"),
    message(None, dropped=3),
    (b"%s" % HEAD.pack(200_000, 0)) + b"[" * 200_000,
]  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_answer_ends_the_conversation_and_nothing_else(said):
    with pytest.raises(PipeError):
        Channel(Forged(said)).ask("get", None, "x")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bytes_raise_anything_but_what_a_driver_expects(data):
    good = message(["t", ["a", 2, "<f8", [2]], ["d", 4, [["k", ["m", 2]]]], 1.5], struct.pack("<2d", 1, 2))
    at = data.draw(st.integers(0, len(good) - 1))
    said = (
        good[:at] + data.draw(st.binary(min_size=1, max_size=8)) + good[at + data.draw(st.integers(0, 8)) :]
    )
    with suppress(PipeError):
        Channel(Forged(said, b" " * 4096)).ask("get", None, "x")


def test_a_flood_of_calls_is_ended(monkeypatch):
    monkeypatch.setattr("cattern.checking.channel.MAX_CALLS", 3)
    source = "def flood(f):\n    while True:\n        f()\n"
    with (
        served(source) as (_, module),
        pytest.raises(RuntimeError, match="after 3 calls the loop has not ended") as end,
    ):
        module.flood(lambda: None)
    assert end.value.failure["line"] == 3
    deaf = source.replace(
        "        f()\n", "        try:\n            f()\n        except RuntimeError:\n            pass\n"
    )
    with served(deaf) as (_, module), pytest.raises(PipeError, match="more than 6 calls"):
        module.flood(lambda: None)


def test_more_than_an_answer_may_hold_is_said_in_words():
    source = "import numpy as np\ndef many():\n    return np.zeros(2_000_000), list(range(200_000))\n"
    with served(source) as (_, module):
        array, items = module.many()
        assert probing.numbers(array) == "too large: shape (2000000,)"
        assert "200000 items" in probing.numbers(items)


def test_a_module_that_is_missing_costs_who_uses_it():
    source = (
        "import ipdb\nfrom helpers_of_mine import f\nget_ipython().run_line_magic('matplotlib', 'inline')\n"
    )
    source += "%matplotlib inline\ndef right():\n    return 1\ndef wrong():\n    return f(2)\n"
    source += "try:\n    import numba_of_mine\nexcept ImportError:\n    numba_of_mine = 5\n"
    with served(source) as (_, module):
        assert module.right() == 1 and module.numba_of_mine == 5
        with pytest.raises(ModuleNotFoundError) as caught:
            module.wrong()
        failure = probing.describe(caught.value, "student.py")
        assert "hand in `helpers_of_mine.py` too" in failure.message and failure.code == "return f(2)"


def test_both_sides_give_numbers_that_the_other_does_not():
    assert Heap(1)._next % 2 != Heap(2)._next % 2
