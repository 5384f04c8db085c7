"""How the calls of the methods that matter differ from the solution's: too few, too many, out of turn, and for which minibatches."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

import numpy as np

from cattern.checking.agent.instrument import Place
from cattern.checking.facts import RAISED
from cattern.checking.locate.basis import Basis
from cattern.checking.locate.runner import Recording


def called(
    places: Sequence[Place], recordings: Mapping[str, Recording], bases: Mapping[str, Basis]
) -> str | None:
    """Return how the calls of the methods that matter differ from the solution's, or None.

    Args:
        places: of the student's file, by number.
        recordings: probe's id → a run of it.
        bases: probe's id → the solution's quantities on it.
    """
    for probe in sorted(bases, key=lambda probe: -len(bases[probe].calls)):  # most tells most
        recording, needed = recordings[probe], bases[probe].calls
        if needed and (probe, RAISED) not in recording.facts:
            mine = [name for number in recording.called if (name := places[number].calls) in needed]
            if said := other_calls(mine, needed):
                passed = [
                    chain.from_iterable(recording.seen.get(n, []))
                    for n, place in enumerate(places)
                    if place.calls == "forward"
                ]
                return said + other_minibatches(mine, passed, bases[probe])
    return None


def other_calls(mine: Sequence[str], needed: Sequence[str]) -> str | None:
    """Return how calls differ from those that are needed, in number or in order; None when they do not."""
    for name in dict.fromkeys(needed):
        count, right = mine.count(name), needed.count(name)
        if count != right:
            times = "is never called" if not count else f"is called {count} time{'s'[: count > 1]}"
            return f"`{name}` {times} where {right} {'is' if right == 1 else 'are'} needed"
    follows = set(zip(needed, [*needed[1:], needed[0]], strict=True))
    for before, after in pairwise(mine):
        if (before, after) not in follows:
            return f"`{after}` is called right after `{before}`, which is not its turn"
    return None


def other_minibatches(mine: Sequence[str], passed: Iterable[Iterable], basis: Basis) -> str:
    """Return which minibatches are left out or too many (": a minibatch of 1 row is left out"), or "" where it is not that.

    Args:
        mine: the calls that matter, as they came.
        passed: what came of `forward`, for each place that calls it.
        basis: what the solution knows on the probe.
    """
    updates = [calls.count("step") for calls in (mine, basis.calls)]
    if any(basis.calls.count(n) * updates[0] != mine.count(n) * updates[1] for n in basis.calls):
        return ""
    lists = (chain.from_iterable(quantity.values) for quantity in basis.quantities.values())
    came, needed = (
        next((found for values in of if (found := rows(values)) and found.total() == count), None)
        for of, count in zip((passed, lists), updates, strict=True)
    )
    return other_rows(came, needed) if came and needed else ""


def rows(values: Iterable) -> Counter | None:
    """Return how often arrays have how many rows; None when they are not all arrays."""
    sizes = [np.shape(value)[:1] for value in values]
    return Counter(size for (size,) in sizes) if all(sizes) else None


def other_rows(mine: Counter, needed: Counter) -> str:
    """Return which minibatches are left out or too many, when it is the one or the other."""
    left_out, too_many = needed - mine, mine - needed
    if bool(left_out) == bool(too_many):
        return ""
    sizes = [
        f"{'a minibatch' if times == 1 else f'{times} minibatches'} of {size} row{'s'[: size != 1]}"
        for size, times in sorted((left_out or too_many).items())
    ]
    verb = "is" if (left_out or too_many).total() == 1 else "are"
    return f": {' and '.join(sizes)} {verb} {'left out' if left_out else 'too many'}"
