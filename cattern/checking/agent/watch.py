"""What instrumented code reports to: it keeps the values of a run, or puts others in their place; and how they cross a pipe."""

import ast
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .instrument import ENTER, GIVE, LEAVE, MAY, SEE, Place, instrumented

MAX_SIZE = 50_000  # numbers in one value: larger ones are not kept
MAX_CALLS = 80  # calls of one run of which values are kept, and into which values are put
MAX_CALLED = 5000  # calls of methods in one run that are noted
MAX_EACH = 200  # values of one place in one call


@dataclass
class Filling:
    """What is put in a place.

    Attributes:
        values: call → the values that belong there, in order.
        once: call → whether the place is seen once in it: then it gets the last of the values.
        by_shape: call → whether its values have the shapes of those that belong there, in whatever order.
        blind: the place's own value cannot be computed.
    """

    values: list[list]
    once: list[bool]
    by_shape: list[bool]
    blind: bool = False

    def at(self, call: int, turn: int, alike: int, value):
        """Return what belongs in the place, or the value that is there when that is not known.

        Args:
            call: the number of the call.
            turn: how often the place was seen before in this call.
            alike: how often with a value of this shape.
            value: what stands there.
        """
        fitting = self.values[call] if call < len(self.values) else []
        by_shape = value is not None and call < len(self.by_shape) and self.by_shape[call]
        same = [v for v in fitting if np.shape(v) == np.shape(value)] if by_shape else []
        if same and len(same) < len(fitting):  # parameter by parameter, in whatever order
            fitting, turn = same, alike
        if len(fitting) > 1 and call < len(self.once) and self.once[call]:
            fitting = fitting[-1:]
        if len(fitting) == 1:
            turn = 0
        if turn >= len(fitting):
            return value
        new = fitting[turn]
        if type(value) is list and isinstance(new, np.ndarray):
            return new.tolist()
        if (
            isinstance(value, np.ndarray)
            and isinstance(new, np.ndarray)
            and value.dtype.kind == new.dtype.kind == "f"
        ):
            return new.astype(value.dtype)
        return new.copy() if isinstance(new, np.ndarray) else new


class OutOfSteps(BaseException):
    """A run with other values in it goes on for much longer than the one before: it is given up."""


class Watch:
    """What instrumented code reports to. It keeps the values of a run, or puts others in their place.

    A value belongs to a call: the n-th time that anything outside the file called into it.
    """

    def __init__(self):
        """Watch nothing yet."""
        self.places: list[Place] = []
        self.methods: frozenset[int] = frozenset()
        self.called: list[int] = []
        self.calls, self.depth, self.steps, self.limit = 0, 0, 0, sys.maxsize
        self.seen: dict[int, list[list]] | None = None
        self.times: dict[int, list[list[int]]] = {}
        self.plan: Mapping[int, Filling] = {}
        self.turns: dict[tuple, int] = {}

    def made(self, source: str) -> tuple[ast.Module, dict[str, Callable]]:
        """Return the instrumented tree of a source, and the names that it calls.

        Raises:
            SyntaxError: it is not Python.
        """
        tree, self.places = instrumented(source)
        self.methods = frozenset(n for n, place in enumerate(self.places) if place.calls)
        return tree, {SEE: self.see, MAY: self.may, GIVE: self.give, ENTER: self.enter, LEAVE: self.leave}

    def start(self, plan: Mapping[int, Filling] | None = None, keep: bool = False, limit: int = sys.maxsize):
        """Begin a run.

        Args:
            plan: place → what stands there instead.
            keep: keep all values in `seen`: place → call → values; and when they were seen, in `times`.
            limit: number of steps after which the run is given up.
        """
        self.calls, self.depth, self.steps, self.limit = 0, 0, 0, limit
        self.seen, self.times, self.called = ({} if keep else None), {}, []
        self.plan = plan or {}
        self.turns = {}

    def enter(self) -> None:
        """Note that a function was called."""
        self.depth += 1
        if self.depth == 1:
            self.calls += 1

    def leave(self) -> None:
        """Note that a function ended."""
        self.depth -= 1

    def see(self, number: int, value):
        """Return the value of a place, or what the plan puts there."""
        self.steps += 1
        if self.steps > self.limit:
            raise OutOfSteps
        if number in self.plan:
            value = self._replaced(number, value)
        if self.seen is not None and self.calls <= MAX_CALLS:
            if number in self.methods and len(self.called) < MAX_CALLED:
                self.called.append(number)
            self._keep(number, value)
        return value

    def may(self, number: int) -> bool:
        """Tell whether the plan has a value for a place without seeing the one that belongs there."""
        return number in self.plan and self.plan[number].blind

    def give(self, number: int):
        """Return what the plan puts in a place whose own value cannot be computed."""
        self.steps += 1
        return self._replaced(number, None)

    def _replaced(self, number: int, value):
        if self.calls > MAX_CALLS:
            return value
        turns = []
        for key in (
            (number, self.calls),
            (number, self.calls, np.shape(value) if value is not None else None),
        ):
            turns.append(self.turns.get(key, 0))
            self.turns[key] = turns[-1] + 1
        return self.plan[number].at(self.calls - 1, *turns, value)

    def _keep(self, number: int, value) -> None:
        if type(value) is np.ndarray:
            if value.dtype.kind not in "biuf" or value.size > MAX_SIZE:
                return
            value = value.copy()
        elif type(value) is list and 0 < len(value) <= 64 and len(kinds := {type(v) for v in value}) == 1:
            if not kinds <= {float, int, np.int64, np.float64, np.float32}:
                return
            value = np.array(value)
        elif not isinstance(value, float | int | np.number | np.bool_):
            return
        by_call, times = self.seen.setdefault(number, []), self.times.setdefault(number, [])
        while len(by_call) < self.calls:
            by_call.append([])
            times.append([])
        if by_call and len(by_call[-1]) < MAX_EACH:
            by_call[-1].append(value)
            times[-1].append(self.steps)


# What crosses a pipe: a text that tells the structure, and one array of all numbers.


def told(watch: Watch) -> tuple[str, np.ndarray]:
    """Return what was seen in a run, as `read_told` reads it."""
    numbers: list = []

    def put(value) -> list:
        array = np.asarray(value)
        numbers.append(np.asarray(array, float).ravel())
        kind = array.dtype.kind.replace("u", "i")
        return [kind if isinstance(value, np.ndarray | np.generic) else kind.upper(), list(array.shape)]

    seen = {
        number: [[put(v) for v in call] for call in calls] for number, calls in (watch.seen or {}).items()
    }
    text = json.dumps([watch.steps, watch.called, watch.times, seen])
    return text, np.concatenate([np.zeros(0), *numbers])


def read_told(text: str, numbers: np.ndarray) -> tuple[int, list[int], dict, dict]:
    """Return steps, called, times and seen of a run; see `Watch`.

    Raises:
        ValueError: it is nothing that `told` gives.
    """
    reader = _Reader(numbers)
    try:
        steps, called, times, seen = json.loads(text)
        times = {int(k): [[int(t) for t in call] for call in calls] for k, calls in times.items()}
        seen = {int(k): [[reader.value(*v) for v in call] for call in calls] for k, calls in seen.items()}
        for number, calls in seen.items():
            if [len(c) for c in calls] != [len(c) for c in times[number]]:
                raise ValueError("values without their times")
        return int(steps), [int(n) for n in called], times, seen
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no record of a run: {error}") from None


def told_plan(plan: Mapping[int, Filling]) -> tuple[str, np.ndarray]:
    """Return a plan, as `read_plan` reads it."""
    watch = Watch()
    watch.seen = {number: filling.values for number, filling in plan.items()}
    text, numbers = told(watch)
    return json.dumps([text, {n: [f.once, f.by_shape, f.blind] for n, f in plan.items()}]), numbers


def read_plan(text: str, numbers: np.ndarray) -> dict[int, Filling]:
    """Return a plan from what `told_plan` gave."""
    values, rest = json.loads(text)
    reader = _Reader(numbers)
    seen = json.loads(values)[3]
    return {
        int(number): Filling([[reader.value(*v) for v in call] for call in calls], *rest[number])
        for number, calls in seen.items()
    }


class _Reader:
    """Takes values from an array, one after the other."""

    def __init__(self, numbers: np.ndarray):
        self._numbers, self._next = numbers, 0

    def value(self, kind: str, shape: list[int]):
        size = math.prod(shape)
        part = self._numbers[self._next : self._next + size]
        if len(part) != size or len(shape) > 16:
            raise ValueError("it tells of more numbers than there are")
        self._next += size
        with np.errstate(all="ignore"):
            array = part.astype(_KINDS[kind.lower()]).reshape(shape)
        return array.copy() if shape else array[()] if kind.islower() else array.item()


_KINDS = {"b": bool, "i": np.int64, "f": np.float64}
