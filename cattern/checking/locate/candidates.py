"""What may be put where: places in the student's code and quantities of the solution that fit them, the likeliest first."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cattern.checking.agent.instrument import Place
from cattern.checking.facts import agree
from cattern.checking.locate.basis import (
    Basis,
    Form,
    Quantity,
    differing,
    forms,
    known_as,
    same,
)
from cattern.checking.locate.runner import Recording

EMPTY = ("np.zeros", "np.empty", "np.ones", "np.full")  # what is filled later: what is wrong comes later, too
NUMPY = (np, np.ndarray, np.random.Generator)


@dataclass(frozen=True)
class Repair:
    """A place, and what belongs there.

    Attributes:
        number: the place's number.
        place: the place.
        name: the quantity's name in the lab's table of words.
        words: what the quantity is called.
        form: what is done to it.
        shown: a value that stands in the place, or None when it cannot be computed.
        needed: what belongs there instead.
        holds: what stands there, when that is known.
        beside: an input in the shape of none: it tells nothing by itself, and something beside another place.
    """

    number: int
    place: Place
    name: str
    words: str
    form: Form
    shown: object
    needed: object
    holds: str | None = None
    beside: bool = False

    @property
    def own(self) -> bool:
        """Whether a variable lacks the quantity that has its own name."""
        return self.place.kind == "whole" and self.name.rpartition(": ")[2] == self.place.target

    @property
    def blind(self) -> bool:
        """Whether the place's own value cannot be computed: its line raises."""
        return self.shown is None


@dataclass(frozen=True)
class Entry:
    """A place in one run.

    Attributes:
        number: the place's number.
        place: the place.
        values: call → its values.
        holds: which quantity they are, and in which form; None when it is nothing known.
        exact: they are that quantity as the solution has it.
        computed: and it is no input.
    """

    number: int
    place: Place
    values: list[list]
    holds: str | None
    exact: bool
    computed: bool = False


def candidates(
    entries: Iterable[Entry],
    recording: Recording,
    places: Sequence[Place],
    basis: Basis,
    results: Sequence[np.ndarray],
    shallow: bool = False,
    carried: bool = False,
) -> list[Repair]:
    """Return what may be put where, the likeliest first.

    First come the places whose value is nothing known, in the order in which they first go wrong, what a method of
    others gives after the rest; then those of the line that raises; then those that hold a known quantity, the last
    statement first; then those that lack a factor alone: another one may be what is wrong, and is made up for there. Last
    comes what is returned: that it is wrong is known already.

    Args:
        entries: the places, as `entries_of` gives them.
        recording: one run of the student's code.
        places: the places of the student's file.
        basis: the solution's quantities on the same probe.
        results: the facts that are right.
        shallow: leave out the places that hold a known quantity.
        carried: a mistake of an earlier task is known: that makes every result wrong that comes of it.
    """
    lines: dict[int, int] = {}
    for number in recording.seen:
        lines.setdefault(places[number].line, len(lines))
    ranked = []
    for order, entry in enumerate(entries):
        line = entry.place.line
        for repair, when in _fitting(entry, basis, recording):
            if not entry.values:
                key = (3, line, 0)
            elif not entry.exact:
                result = np.size(repair.needed) > 1 and any(_equal(repair.needed, r) for r in results)
                late = 5 if repair.form.size and _is_multiple(repair) else 1 if _of_others(entry.place) else 0
                key = (6 if result else late, when, order)
            elif line == recording.line:
                key = (2, 0, order)
            else:
                key = (4, -lines[line], order)
            if not (shallow and key[0] == 4) and not (carried and key[0] == 6):
                ranked.append((key, len(ranked), repair))
    return [repair for _, _, repair in sorted(ranked, key=lambda r: r[:2])]


def entries_of(
    recording: Recording, places: Sequence[Place], basis: Basis, raised: Collection[int] = ()
) -> Iterator[Entry]:
    """Yield the places that a run has passed, those left out in which nothing can be wrong; last, those of the line that raised.

    Args:
        recording: one run of the student's code.
        places: the places of the student's file.
        basis: the solution's quantities on the same probe.
        raised: the lines that raise on some probe.
    """
    for number, values in recording.seen.items():
        if places[number].code.startswith(EMPTY) or _cut_short(places[number], raised):
            continue
        quantity, form = known_as(values, basis)
        holds = quantity and quantity.words + form
        exact = bool(quantity) and not form
        yield Entry(number, places[number], values, holds, exact, exact and not quantity.given)
    for number, place in enumerate(places):
        if place.line == recording.line and place.kind != "expression" and number not in recording.seen:
            yield Entry(number, place, [], None, False)


def _cut_short(place: Place, raised: Collection[int]) -> bool:
    """Tell whether a place stands in a loop that ends too early: what the turns lack that never come is not its fault."""
    first, last = place.loop
    return place.once or any(first <= line <= last and line != place.line for line in raised)


def _of_others(place: Place) -> bool:
    """Tell whether a place is a call of a method that is not NumPy's: what it is given may be wrong, or what is made of it."""
    return bool(place.calls) and not any(hasattr(of, place.calls) for of in NUMPY)


def _fitting(entry: Entry, basis: Basis, recording: Recording) -> Iterator[tuple[Repair, int]]:
    """Yield the quantities that may be put into one place, and when the place first goes without them."""
    factors = {} if entry.exact else basis.sizes
    own = entry.place.target
    for name in sorted(
        basis.quantities, key=lambda name: name.rpartition(": ")[2] != own
    ):  # its own name first
        quantity = basis.quantities[name]
        whole = entry.place.kind == "whole" and (not entry.exact or (entry.computed and not quantity.given))
        if not _may_fit(entry, quantity, whole) or (
            entry.place.given and not entry.exact and not quantity.given
        ):
            continue  # what a caller gave can stand in another's place, and is not what should have been computed
        pair = differing(entry.values, quantity, entry.place.kind == "whole")
        if pair is None:
            continue
        value, wanted, (call, turn) = pair
        if entry.exact and name.rpartition(": ")[2] != own:
            whole = whole and _other_rows(value, wanted)
        when = recording.times[entry.number][call][turn] if entry.values else 0
        other = np.ndim(value) == np.ndim(wanted) and np.shape(value) != np.shape(wanted)
        beside = quantity.given and whole and other and name.rpartition(": ")[2] == own
        # a multiple of it lacks nothing: what makes the factor is wrong, and stands elsewhere
        factors_here = {} if _proportional(value, wanted) else factors
        for form in forms(value, wanted, factors_here, whole, quantity.given and not beside):
            needed = form.change(wanted)
            if value is None or not same(value, needed):
                yield (
                    Repair(
                        entry.number,
                        entry.place,
                        name,
                        quantity.words,
                        form,
                        value,
                        needed,
                        entry.holds,
                        beside,
                    ),
                    when,
                )


def _other_rows(a, b) -> bool:
    """Tell whether two values are rows of the same length, more of them or fewer."""
    return np.ndim(a) == np.ndim(b) > 0 and np.shape(a)[1:] == np.shape(b)[1:] and len(a) != len(b)


def _proportional(a, b) -> bool:
    """Tell whether a value is a multiple of another; every number is one of every other, so those tell nothing."""
    if a is None or np.shape(a) != np.shape(b) or np.size(a) < 2 or np.asarray(a).dtype.kind != "f":
        return False
    a, b = np.ravel(a), np.ravel(np.asarray(b, float))
    square = float(a @ a)
    return bool(np.isfinite(square) and square > 0 and agree(b, a * float(a @ b) / square))


def _may_fit(entry: Entry, quantity: Quantity, whole: bool) -> bool:
    """Tell at a glance whether a quantity can fit a place at all: most cannot."""
    if whole or not entry.values:
        return True
    return any(np.size(v) in quantity.lengths for call in entry.values for v in call)


def _is_multiple(repair: Repair) -> bool:
    """Tell whether what stands in a place is what belongs there times some number."""
    value, needed = (np.asarray(v, dtype=float).ravel() for v in (repair.shown, repair.needed))
    if value.size != needed.size or not needed.any() or not np.isfinite(value).all():
        return False
    return agree(value, needed * (value @ needed / (needed @ needed)))


def _equal(a, b: np.ndarray) -> bool:
    a = np.asarray(a, dtype=float)
    return a.size == b.size and agree(b.ravel(), a.ravel())
