"""The quantities of the solution that a place in the student's code may lack: named in words, with their values per call."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from cattern.checking.facts import agree
from cattern.checking.lab import TOLERANCE


@dataclass(frozen=True)
class Quantity:
    """One named quantity of a lab's solution, in one run of a probe.

    Attributes:
        words: what it is, "the probabilities".
        values: call → its values in that call, in order.
        given: it is an input, or made of inputs alone: it can be used by mistake, and is never the answer in another shape.
    """

    words: str
    values: list[list]
    given: bool = False

    @cached_property
    def first(self):
        """The first value there is, or None."""
        return next((v for call in self.values for v in call), None)

    @cached_property
    def lengths(self) -> frozenset[int]:
        """How many numbers its values have."""
        return frozenset(np.size(v) for call in self.values for v in call)


@dataclass(frozen=True)
class Basis:
    """What a lab's solution knows on one probe.

    Attributes:
        quantities: name → quantity. The name is "function: variable", or a number where the variable is the solution's own.
        sizes: words → whole number, such as N: factors, and never an answer.
        calls: the methods that it called, in order, of those whose number and order matter.
    """

    quantities: Mapping[str, Quantity] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[str, ...] = ()


def tells(value) -> bool:
    """Tell whether a value can be recognised: whole numbers and constant arrays are equal to others by chance."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value.size > 1 and value.dtype.kind in "biuf" and bool(np.ptp(value.astype(float)) > 0)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return np.isfinite(number) and not number.is_integer()


@dataclass(frozen=True)
class Form:
    """What is done to a quantity before it is put into a place.

    Attributes:
        words: ", transposed", ", over the number of examples N"; empty for nothing.
        factor: by which it is multiplied.
        size: the words of the whole number that this is, or that is under 1 in it; empty for none.
        axes: it is transposed.
        negated: a mask is reversed.
        ones: the axes of length 1 in its shape, where that is another than the solution's.
    """

    words: str = ""
    factor: float = 1.0
    size: str = ""
    axes: bool = False
    negated: bool = False
    ones: tuple[int, ...] | None = None

    def on(self, sizes: Mapping[str, int]) -> "Form":
        """Return the form on another probe, which has other numbers of the same words."""
        size = sizes.get(self.size)
        return self if size is None else replace(self, factor=size if self.factor > 1 else 1 / size)

    def change(self, value):
        """Return a quantity's value in this form."""
        if self.axes:
            return np.transpose(value)
        if self.negated:
            return np.logical_not(value)
        if self.ones is not None:
            return np.expand_dims(np.squeeze(value), self.ones)
        return value if self.factor == 1.0 else value * self.factor


AS_IS = Form()


def forms(value, wanted, sizes: Mapping[str, int], whole: bool, given: bool) -> Iterator[Form]:
    """Yield the forms in which a quantity may be put where `value` stands.

    Args:
        value: what the student has there, or None when it cannot be computed.
        wanted: the quantity's value.
        sizes: words → whole numbers by which it may be multiplied or divided.
        whole: the place is all that is assigned or returned, so that another shape may be what is lacking.
        given: the quantity is an input.
    """
    if value is None:
        yield AS_IS
        return
    here, there = np.shape(value), np.shape(wanted)
    kind = np.asarray(wanted).dtype.kind
    if not (whole and isinstance(value, np.ndarray | np.generic)) and np.asarray(value).dtype.kind.replace(
        "u", "i"
    ) != kind.replace("u", "i"):
        return
    if here == there:
        yield AS_IS
        if here and kind == "f" and not given:
            for words, size in sizes.items():
                if size > 1:
                    yield Form(f", times {words}", factor=size, size=words)
                    yield Form(f", over {words}", factor=1 / size, size=words)
        elif kind == "b":
            yield Form(", reversed", negated=True)
        if len(here) == 2 and here[0] == here[1]:
            yield Form(", transposed", axes=True)
    elif len(here) == 2 and here == there[::-1]:
        yield AS_IS
        yield Form(", transposed", axes=True)
    elif squeezed(here) == squeezed(there):
        yield AS_IS
        yield Form(f" in shape {here}", ones=tuple(i for i, n in enumerate(here) if n == 1))
    elif whole and not given and isinstance(value, np.ndarray | np.generic):
        yield AS_IS


def squeezed(shape: tuple) -> tuple:
    """Return a shape without its ones."""
    return tuple(n for n in shape if n != 1)


def pairs(seen: Sequence[list], wanted: Sequence[list], given: bool = False) -> Iterator[tuple]:
    """Yield (value seen, value wanted, (call, turn)) of a place; see `Filling.at`."""
    for call, (mine, theirs) in enumerate(zip(seen, wanted, strict=False)):
        by_shape: dict[tuple, list] = {}
        if shapes_fit(mine, theirs):
            for value in theirs:
                by_shape.setdefault(np.shape(value), []).append(value)
        passed: dict[tuple, int] = {}
        for turn, value in enumerate(mine):
            shape = np.shape(value)
            fitting, index = theirs, turn
            if len(by_shape) > 1 and shape in by_shape:
                fitting, index = by_shape[shape], passed.get(shape, 0)
                passed[shape] = index + 1
            if len(fitting) > 1 and len(mine) == 1:
                fitting = fitting[-1:]
            if len(theirs) == 1 < len(mine) and not given and any(not same(v, mine[0]) for v in mine):
                break  # one answer in place of many different values is none
            if len(fitting) == 1 or index < len(fitting):
                yield value, fitting[0 if len(fitting) == 1 else index], (call, turn)


def shapes_fit(mine: Sequence, theirs: Sequence) -> bool:
    """Tell whether values have the shapes of those that belong there, in whatever order, so that the shape tells which is which."""
    return Counter(map(np.shape, mine)) <= Counter(map(np.shape, theirs))


def differing(seen: Sequence[list], quantity: Quantity, whole: bool) -> tuple | None:
    """Return the first of `pairs` that differs, or None; (None, value, …) for a place without values.

    What tells nothing is left out, except where all that is assigned or returned stands.
    """
    if not seen:
        return None if quantity.first is None else (None, quantity.first, (0, 0))
    for value, right, when in pairs(seen, quantity.values, quantity.given):
        if (whole or (tells(right) and not is_whole(value))) and not same(value, right):
            return value, right, when
    return None


def is_whole(value) -> bool:
    """Tell whether a value is one whole number."""
    return not isinstance(value, np.ndarray) and isinstance(value, int | np.integer | np.bool_)


def in_floats(seen: Sequence[list]) -> bool:
    """Tell whether the values of a place are floats: whole numbers and masks are the same for many another value before them."""
    return any(np.asarray(v).dtype.kind == "f" for call in seen for v in call)


def same(a, b) -> bool:
    """Tell whether two values are the same numbers in the same shape."""
    if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
        a, b = float(a), float(b)
        return a == b or abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
    if np.shape(a) != np.shape(b):
        return False
    return np.array_equal(a, b) or agree(np.asarray(b, dtype=float), np.asarray(a, dtype=float))


def known_as(seen: Sequence[list], basis: Basis) -> tuple[Quantity | None, str]:
    """Return which quantity a place holds in all calls, and in which form; None when it is nothing known."""
    shown = next((v for call in seen for v in call if tells(v)), None)
    if shown is None:
        return None, ""
    for form in ("", ", transposed", f", in shape {np.shape(shown)}"):
        for quantity in basis.quantities.values():
            if np.size(shown) not in quantity.lengths:
                continue
            if any(_alike(shown, v, form) for call in quantity.values for v in call):
                found = list(pairs(seen, quantity.values, quantity.given))
                if found and all(_alike(a, b, form) for a, b, _ in found):
                    return quantity, form
    return None, ""


def exactly(seen: list[list], basis: Basis) -> bool:
    """Tell whether a place holds what the solution has computed, as it is."""
    known, form = known_as(seen, basis)
    return known is not None and not form and not known.given


def equal(seen: list[list], now: list[list]) -> bool:
    """Tell whether a place held the same values in two runs."""
    return [len(c) for c in seen] == [len(c) for c in now] and all(
        same(a, b) for mine, other in zip(seen, now, strict=True) for a, b in zip(mine, other, strict=True)
    )


def _alike(a, b, form: str) -> bool:
    if form == ", transposed":
        return np.ndim(a) == 2 and np.shape(a) != np.shape(b) and same(np.transpose(a), b)
    if form:
        return squeezed(np.shape(a)) == squeezed(np.shape(b)) and same(np.ravel(a), np.ravel(b))
    return same(a, b)


def ramp(value):
    """Return numbers that mean nothing, in the form of a value."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.linspace(1, 2, value.size, dtype=value.dtype).reshape(value.shape)
    if isinstance(value, np.ndarray):
        return np.zeros_like(value)
    return type(value)(1.7) if isinstance(value, float) else type(value)(not value)
