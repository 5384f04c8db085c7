"""Exact relations between what came and what was expected: a factor, a sign, another order, a term too much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cattern.checking.facts import agree

FACTORS = {
    -1.0: "has the wrong sign", 2.0: "is twice as large", 0.5: "is half as large", -2.0: "is −2 times as large",
    -0.5: "is −½ times as large", 4.0: "is four times as large", 0.25: "is a quarter as large", 3.0: "is three times as large",
}  # fmt: skip
COEFFICIENTS = {
    1.0: "plus ", -1.0: "minus ", 2.0: "plus twice ", -2.0: "minus twice ", 0.5: "plus half of ", -0.5: "minus half of ",
    1.5: "plus 1.5 times ", -1.5: "minus 1.5 times ",
}  # fmt: skip

MULTIPLES = {"twice ": 2.0, "minus ": -1.0}  # how the words of a quantity may begin themselves


@dataclass(frozen=True)
class Pair:
    """A value that was expected, and the one that came.

    Attributes:
        expected: what is right.
        got: what came.
        sizes: words → whole numbers, such as the number of examples.
        terms: words → quantities of the solution on the same input.
    """

    expected: np.ndarray
    got: np.ndarray
    sizes: Mapping[str, int] = field(default_factory=dict)
    terms: Mapping[str, np.ndarray] = field(default_factory=dict)


def relation(pairs: Sequence[Pair]) -> str | None:
    """Return how all values that came are related to the right ones ("is twice as large"), or None.

    It must hold on two inputs or more, or between arrays of more than two numbers.
    """
    pairs = [p for p in pairs if not (p.expected.shape == p.got.shape and agree(p.expected, p.got))]
    if not pairs or not all(_comparable(p) for p in pairs):
        return None
    if len(pairs) < 2 and pairs[0].expected.size < 3:
        return None
    if all(p.expected.ndim == 0 and p.expected in (0, 1) for p in pairs):
        return None  # yes or no
    for find in (_shape, _part, _zero, _factor, _order, _term, _other):
        if found := find(pairs):
            return found
    return None


def _comparable(pair: Pair) -> bool:
    arrays = (pair.expected, pair.got)
    return all(a.size and np.isfinite(a).all() for a in arrays)


def _shape(pairs: Sequence[Pair]) -> str | None:
    if any(p.expected.shape == p.got.shape or p.expected.size != p.got.size for p in pairs):
        return None
    if all(
        p.got.ndim == 2 and p.got.shape == p.expected.T.shape and agree(p.expected.T, p.got) for p in pairs
    ):
        return "is right, but transposed"
    if all(agree(p.expected.ravel(), p.got.ravel()) for p in pairs):
        return (
            f"has the right numbers in shape {pairs[0].got.shape}, where {pairs[0].expected.shape} is needed"
        )
    return None


def _part(pairs: Sequence[Pair]) -> str | None:
    """Some numbers of a list that grows: a number that was written over, or a loop that ended too early."""
    if any(p.expected.ndim != 1 or p.got.ndim > 1 or p.got.size > p.expected.size for p in pairs):
        return None
    if len({round(float(v), 6) for p in pairs for v in p.expected}) < 3:
        return None  # chance
    if all(agree(p.expected[-p.got.size :], p.got.ravel()) for p in pairs):
        return f"holds only the last of the right numbers{'' if pairs[0].got.ndim else ', and no list'}"
    if all(agree(p.expected[: p.got.size], p.got.ravel()) for p in pairs):
        return "holds only the first of the right numbers"
    return None


def _zero(pairs: Sequence[Pair]) -> str | None:
    return None if any(p.got.any() for p in pairs) else "is 0 everywhere"


def _same_shape(pairs: Sequence[Pair]) -> bool:
    return all(p.expected.shape == p.got.shape for p in pairs)


def _factor(pairs: Sequence[Pair]) -> str | None:
    if not _same_shape(pairs):
        return None
    for factor, words in FACTORS.items():
        if all(_is_multiple(p.expected, p.got, factor) for p in pairs):
            return words
    for name in pairs[0].sizes:
        of = [p.sizes.get(name, 0) for p in pairs]
        if min(of) < 1 or max(of) < 2:
            continue
        for sign, said in ((1.0, ""), (-1.0, " and has the wrong sign")):
            if all(_is_multiple(p.expected, p.got, sign * n) for p, n in zip(pairs, of, strict=True)):
                return f"is too large by a factor of {name}{said}"
            if all(_is_multiple(p.expected, p.got, sign / n) for p, n in zip(pairs, of, strict=True)):
                return f"is too small by a factor of {name}{said}"
    return None


def _is_multiple(expected: np.ndarray, got: np.ndarray, factor: float) -> bool:
    return bool(expected.any()) and agree(expected * factor, got)


def _order(pairs: Sequence[Pair]) -> str | None:
    """The same numbers in another order; a few small whole numbers are that by chance."""
    if not _same_shape(pairs) or any(p.expected.ndim == 0 for p in pairs):
        return None
    if len({round(float(v), 6) for p in pairs for v in p.expected.ravel()}) < 4:
        return None
    if all(p.got.ndim == 2 and len(set(p.got.shape)) == 1 and agree(p.expected.T, p.got) for p in pairs):
        return "is right, but transposed"
    if all(agree(np.sort(p.expected, axis=None), np.sort(p.got, axis=None)) for p in pairs):
        return "has the right numbers in another order"
    return None


def _term(pairs: Sequence[Pair]) -> str | None:
    if not _same_shape(pairs):
        return None
    for name in pairs[0].terms:
        terms = [p.terms.get(name) for p in pairs]
        if any(
            t is None or t.shape != p.expected.shape or not t.any() for t, p in zip(terms, pairs, strict=True)
        ):
            continue
        for coefficient in COEFFICIENTS:
            if all(agree(p.expected + coefficient * t, p.got) for t, p in zip(terms, pairs, strict=True)):
                if any(agree(p.expected, -coefficient * t) for t, p in zip(terms, pairs, strict=True)):
                    continue  # it is nothing at all
                return f"is right {_times(coefficient, name)}"
    return None


def _times(coefficient: float, name: str) -> str:
    """Return "plus twice reg·W"; of what is called "twice …" or "minus …" itself, by one factor."""
    for begin, multiple in MULTIPLES.items():
        if name.startswith(begin):
            coefficient, name = coefficient * multiple, name.removeprefix(begin)
    sign = "plus" if coefficient > 0 else "minus"
    return COEFFICIENTS.get(coefficient, f"{sign} {abs(coefficient):g} times ") + name


def _other(pairs: Sequence[Pair]) -> str | None:
    """Something else of the solution stands in its place."""
    for name in pairs[0].terms:
        terms = [p.terms.get(name) for p in pairs]
        if any(t is None or (t.size < 2 and len(pairs) < 2) for t in terms):
            continue
        if all(
            t.shape == p.got.shape and np.any(t != 0) and agree(t, p.got)
            for t, p in zip(terms, pairs, strict=True)
        ):
            return f"holds {name}"
    return None
