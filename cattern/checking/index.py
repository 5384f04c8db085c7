"""An index from facts to the mistakes that give them: each set of mistakes runs once, whatever number of submissions ask."""

from collections.abc import Iterable
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary, ref

import numpy as np

from cattern.checking.facts import RAISED, Facts, agree, changed
from cattern.checking.lab import Task
from cattern.checking.reference import Reference, expectation

Key = tuple[str, str]  # probe id, fact name
Mistakes = frozenset[str]
_indices: WeakKeyDictionary = (
    WeakKeyDictionary()
)  # reference → task id → index: it goes when the reference goes


def index_of(reference: Reference, task: Task) -> "Index":
    """Return the index of one task, the same one each time."""
    known = _indices.setdefault(reference, {})
    if task.id not in known or known[task.id].task is not task:
        known[task.id] = Index(reference, task)
    return known[task.id]


def compared(task: Task) -> set[str]:
    """Return the names of the facts that tell mistakes of a task apart: those that earn points, and the diagnostic ones."""
    return {f for prop in task.properties if prop.points for f in prop.facts} | {*task.diagnostic, RAISED}


class Index:
    """What sets of mistakes of one task give, as far as anybody has asked."""

    def __init__(self, reference: Reference, task: Task):
        self._reference, self.task = ref(reference), task
        self._shelves: dict[Key, Shelf] = {}
        self._lock = Lock()

    @cached_property
    def touches(self) -> dict[str, set[str]]:
        """For each mistake, the names of the compared facts that it alone changes."""
        reference = self._reference()
        plain = expectation(self.task, reference)
        alone = {m: expectation(self.task, reference, frozenset([m])) for m in reference.mistakes(self.task)}
        names = compared(self.task)
        return {m: {name for _, name in changed(plain, facts)} & names for m, facts in alone.items()}

    def giving(self, base: Mistakes, key: Key, value, candidates: Iterable[Mistakes]) -> list[Mistakes]:
        """Return those of some sets that give `value` on top of `base`, in their order.

        Args:
            base: earlier mistakes; what is asked on top of some is not kept.
            key: of the fact.
            value: what it must be; None when it must be missing.
            candidates: the sets.
        """
        reference = self._reference()
        probe = next(p for p in reference.probes(self.task) if p.id == key[0])
        candidates = list(candidates)
        with self._lock:
            shelf = Shelf() if base else self._shelves.setdefault(key, Shelf())
            for mistakes in candidates:
                if mistakes not in shelf:
                    shelf.add(mistakes, reference.facts(self.task, base | mistakes, probe), key)
            found = shelf.holding(value)
        return [mistakes for mistakes in candidates if mistakes in found]


class Shelf:
    """Sets of mistakes in boxes: those in one box give numbers of nearly one size. Numbers are compared within a box only."""

    def __init__(self):
        self._there: set[Mistakes] = set()
        self._boxes: dict[tuple, list] = {}

    def __contains__(self, mistakes: Mistakes) -> bool:
        return mistakes in self._there

    def add(self, mistakes: Mistakes, facts: Facts | None, key: Key) -> None:
        """Put a set in its box; when its facts are not known, in none."""
        self._there.add(mistakes)
        if facts is not None:
            value = facts.get(key)
            self._boxes.setdefault(_box(value), []).append((mistakes, value))

    def holding(self, value) -> set[Mistakes]:
        """Return the sets that give this value."""
        box = _box(value)
        if len(box) == 1:
            return {mistakes for mistakes, _ in self._boxes.get(box, ())}
        *kind, size = box
        near = [row for s in (size - 1, size, size + 1) for row in self._boxes.get((*kind, s), ())]
        return {mistakes for mistakes, other in near if agree(other, value)}


def _box(value) -> tuple:
    """Return where a value belongs: nothing and sentences by themselves, arrays by shape and, within 1 %, by size."""
    if value is None or isinstance(value, str):
        return (value,)
    finite = np.isfinite(value)
    with np.errstate(over="ignore"):
        size = float(np.sqrt(np.sum(np.square(value[finite]))))
    if not np.isfinite(size):
        return value.shape, int(finite.sum()), 0
    return value.shape, int(finite.sum()), round(100 * float(np.log(max(size, 1e-9))))
