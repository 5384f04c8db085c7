"""What can happen beside the student's code, on request: each a function of calls and values.

The same functions serve where the student's module is in this very process; see `beside` in `cattern.checking.remote`.
"""

import inspect
import random
import sys
from collections.abc import Callable, Mapping

import numpy as np

COMMANDS: dict[str, Callable] = {}
# As they were before the student's code could put something else in their place.
_seed_numpy, _seed_python = np.random.seed, random.seed


def command(function: Callable) -> Callable:
    """Let the other side of the pipe call a function by its name."""
    COMMANDS[function.__name__] = function
    return function


@command
def seed(number: int, only_numpy: bool = False) -> None:
    """Let the global random streams start over."""
    _seed_numpy(number)
    if not only_numpy:
        _seed_python(number)


@command
def stream() -> np.ndarray:
    """Return the state of NumPy's global random stream."""
    return np.array(np.random.get_state()[1])


@command
def call_strictly(call: Callable, *args) -> bool:
    """Make a call in which an overflow or an invalid operation raises; tell whether none did."""
    try:
        with np.errstate(over="raise", invalid="raise"):
            call(*args)
    except FloatingPointError:
        return False
    return True


@command
def locals_of(error: BaseException, names: tuple[str, ...]) -> dict:
    """Return those of some local variables that the methods had which an exception went through."""
    tb, found = error.__traceback__, {}
    while tb:
        if "self" in tb.tb_frame.f_locals:
            found = {**tb.tb_frame.f_locals, **found}  # a helper's names do not hide those of the method
        tb = tb.tb_next
    return {name: found[name] for name in names if name in found}


@command
def extend(cls: type, methods: Mapping[str, Callable], peek: tuple[str, ...] = ()) -> type:
    """Return a subclass with other methods, under the same name.

    Each is called with the object, a dict of those of the caller's local variables that `peek` names, and what the
    class's own method takes: its parameters, defaults included, in its order.
    """

    def method(function: Callable, own: Callable | None) -> Callable:
        signature = inspect.signature(own) if own else None

        def stand_in(self, *args, **kwargs):
            there = sys._getframe(1).f_locals
            seen = {key: there[key] for key in peek if key in there}
            if signature:
                args, kwargs = _as_own(signature, self, args, kwargs)
            return function(self, seen, *args, **kwargs)

        return stand_in

    return type(cls.__name__, (cls,), {key: method(f, getattr(cls, key, None)) for key, f in methods.items()})


@command
def changing_label(classes: int, told: Callable[[], bool]) -> Callable:
    """Return a stand-in for `predict`: one label for all rows, another each time, so that accuracies rise and fall.

    Args:
        classes: how many labels there are.
        told: is called before an answer, until it says that it need not be any more.
    """
    asked, done = 0, False

    def predict(net, seen, X, *_):
        nonlocal asked, done
        done = done or told()
        asked += 1
        return np.full(len(X), asked % classes)

    return predict


_OPEN = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def _as_own(signature: inspect.Signature, self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Return the arguments of a call as the student's own method would get them, or unchanged where it would refuse."""
    if any(parameter.kind in _OPEN for parameter in signature.parameters.values()):
        return args, kwargs
    try:
        bound = signature.bind(self, *args, **kwargs)
    except TypeError:
        return args, kwargs
    bound.apply_defaults()
    return tuple(bound.arguments.values())[1:], {}


class _TooLong(Exception):
    """A call took more lines than it was given."""


@command
def outcome_of(call: Callable, args: tuple, kwargs: dict, lines: int = 20_000):
    """Make a call that shall leave no trace in the random streams; return what it gives, or None where it raises.

    It ends after so many lines of code: an endless loop in there is not what is asked about.
    """
    kept, left, tracing = (np.random.get_state(), random.getstate()), lines, sys.gettrace()

    def count(frame, event, arg):
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise _TooLong
        return count

    try:
        sys.settrace(count)
        return call(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except BaseException:  # SystemExit included
        return None
    finally:
        sys.settrace(tracing)
        np.random.set_state(kept[0])
        random.setstate(kept[1])


@command
def repeated(call: Callable, args: tuple, kwargs: dict, times: int) -> list:
    """Return what the same call gives again and again, with copies of its arrays each time."""
    return [_copied(call, args, kwargs) for _ in range(times)]


@command
def outcomes(calls: list[tuple]) -> list[tuple[bool, object]]:
    """Make calls one after the other, each with copies of its arrays, whatever becomes of the others.

    Args:
        calls: (start, call, args, kwargs); `start` is that of the random streams before the call, None leaves them.

    Returns:
        For each, whether it gave something, and what it gave, as it was then; or what it raised.
    """
    found: list[tuple[bool, object]] = []
    for start, call, args, kwargs in calls:
        if start is not None:
            seed(start)
        try:
            found.append((True, _as_it_is(_copied(call, args, kwargs))))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit included
            found.append((False, error))
    return found


def _as_it_is(value):
    """Return what a call gave with its arrays as they are now; the next call may write to them."""
    if type(value) in (tuple, list):
        return type(value)([_as_it_is(item) for item in value])
    if type(value) is dict:
        return {key: _as_it_is(item) for key, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


@command
def raise_again(error: BaseException) -> None:
    """Raise what a call raised before."""
    raise error


@command
def differences(
    call: Callable,
    args: tuple,
    kwargs: dict,
    array: np.ndarray,
    step: float,
    weights: np.ndarray | None = None,
    item: int | None = None,
    start: int | None = None,
) -> np.ndarray:
    """Return the centred differences of what a call gives, in every element of an array.

    Args:
        call: what is called, each time with copies of the arrays among its arguments.
        args: its arguments.
        kwargs: and those by name.
        array: float array that is moved in place and put back: one of the arguments, or one that the object holds.
        step: how far.
        weights: what the call gives is weighed with, and summed up; None where it gives a number.
        item: which one of a tuple it is.
        start: of the random streams before each call; None leaves them.

    Returns:
        Array in the shape of `array`.
    """

    def value():
        if start is not None:
            seed(start)
        found = _copied(call, args, kwargs)
        found = found if item is None else found[item]
        return found if weights is None else float(np.sum(found * weights))

    sides = np.zeros((2, *array.shape))
    for at in np.ndindex(array.shape):
        kept = array[at]
        for side, sign in enumerate((1, -1)):
            array[at] = kept + sign * step
            sides[side, *at] = value()
        array[at] = kept
    return (sides[0] - sides[1]) / (2 * step)


def _copied(call: Callable, args: tuple, kwargs: dict):
    return call(*(a.copy() if isinstance(a, np.ndarray) else a for a in args), **kwargs)
