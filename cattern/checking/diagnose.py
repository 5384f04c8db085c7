"""Diagnosis by reproduction: a mistake is named when the solution with it gives the submission's facts.

First everything together: one mistake that gives all facts, several that leave each other's facts alone, or two that do not.
Then property by property: what explains the facts of one lost property exactly is named, also when nothing explains another.
No mistake is named that alone would change an array which is right. Points are final before any of this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations

import numpy as np

from cattern.checking.facts import RAISED, Facts, agree, changed
from cattern.checking.index import Key, Mistakes, compared, index_of
from cattern.checking.lab import Property, Task
from cattern.checking.reference import NOTHING, Reference, expectation

TOGETHER = 4  # mistakes in one task, at most
MOST = 16  # mistakes that are tried side by side
FEW = 40  # mistakes, of which all pairs are tried
PAIRS, PAIRS_UPON_EARLIER = (
    10_000,
    500,
)  # are tried on one property: each runs once for a class, or for this submission


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        mistakes: ids of the mistakes made in the task.
        of: name of a lost property → ids of those that explain it.
        earlier: earlier mistakes explain everything.
    """

    mistakes: frozenset[str] = NOTHING
    of: dict[str, frozenset[str]] = field(default_factory=dict)
    earlier: bool = False


def some(facts: Facts, names: set[str]) -> Facts:
    """Return the facts with these names."""
    return {key: value for key, value in facts.items() if key[1] in names}


def diagnose(
    task: Task,
    reference: Reference,
    carried: frozenset[str],
    got: Facts,
    lost: list[Property],
    any_pair: bool = True,
    later: Sequence[Task] = (),
) -> Diagnosis:
    """Return the fewest of a task's mistakes that give the submission's facts; see the module.

    Args:
        task: the task.
        reference: what the solution gives, with and without mistakes.
        carried: the mistakes found in earlier tasks. They need not show here.
        got: the submission's facts.
        lost: the properties without points, in the rubric's order.
        any_pair: whether pairs that change the same facts are worth a search.
        later: tasks that build on this one, and whose code runs in the same calls: their mistakes may show here.
    """
    searches = [Search(task, reference, base, got, lost) for base in dict.fromkeys((carried, NOTHING))]
    if carried and searches[0].gives(NOTHING, searches[0].names):
        return searches[0].by_other_facts(Diagnosis(earlier=True))
    ways = [Search.one, Search.two_side_by_side, *[Search.two] * any_pair, Search.side_by_side]
    beside = [partial(Search.beside, later=later)] * (any_pair and bool(later))
    for way in [*ways, *beside]:
        for search in searches:
            if found := way(search):
                return Diagnosis(found, {p.name: search.behind(p, found) for p in lost})
    found = max((search.by_property(any_pair) for search in searches), key=lambda found: len(found.of))
    return searches[0].by_other_facts(found)


class Search:
    """The search through one task's catalogue, on top of some earlier mistakes."""

    def __init__(
        self, task: Task, reference: Reference, base: frozenset[str], got: Facts, lost: list[Property]
    ):
        self.task, self.reference, self.base, self.lost = task, reference, base, lost
        self.names = compared(task)
        self.all_got, self.got = got, some(got, self.names)
        self.plain = some(expectation(task, reference, base) or {}, self.names)
        self.wrong = set(changed(self.plain, self.got))
        self.index = index_of(reference, task)
        self.suspects = self.open_to_doubt()

    # Everything together

    def one(self) -> Mistakes | None:
        """Return a mistake that gives all facts; of several, one that gives those of the follow-through, too."""
        alone = [frozenset([m]) for m in self.reference.mistakes(self.task)]
        fitting = [m for m in self.giving(self.names, alone) if self.gives(m, self.names)]
        other = {f for prop in self.lost for f in prop.or_facts}
        return min(fitting, key=lambda m: len(fitting) > 1 and not self.gives(m, other), default=None)

    def two_side_by_side(self) -> Mistakes | None:
        """Return two mistakes that leave each other's facts alone."""
        return self.side_by_side(2)

    def side_by_side(self, most: int = TOGETHER) -> Mistakes | None:
        """Return the fewest mistakes that explain all wrong facts between them: what each changes is as in `got`."""
        explains = {m: keys for m in self.suspects if (keys := self.explained_by(m))}
        best = sorted(explains, key=lambda m: -len(explains[m]))[:MOST]
        for several in (s for n in range(2, most + 1) for s in combinations(best, n)):
            if set().union(*(explains[m] for m in several)) == self.wrong and self.composes(several):
                return frozenset(several)
        return None

    def two(self) -> Mistakes | None:
        """Return a pair that gives all facts, though not side by side."""
        first = {*self.lost[0].facts}
        alone = [frozenset([m]) for m in self.suspects]
        pairs = [f | other for f in self.giving(first, alone) for other in alone if other != f]
        pairs += self.pairs(first.union(self.task.diagnostic))
        if len(self.suspects) <= FEW:
            pairs += map(frozenset, combinations(self.suspects, 2))
        return next((p for p in self.giving(first, pairs) if self.gives(p, self.names)), None)

    def beside(self, later: Sequence[Task]) -> Mistakes | None:
        """Return a mistake that gives all facts together with one of a later task; that one is named there."""
        others = [m for task in later for m in self.reference.mistakes(task)]
        for mistake in self.suspects if others else ():
            alone = expectation(self.task, self.reference, self.base | {mistake}) or {}
            off = {key[0] for key in changed(some(alone, self.names), self.got)}
            if len(off) == len(self.reference.probes(self.task)):
                continue  # on one probe at least it is all there is to see
            if any(self.gives(frozenset([mistake, other]), self.names) for other in others):
                return frozenset([mistake])
        return None

    # Property by property

    def by_property(self, any_pair: bool) -> Diagnosis:
        """Return what explains the facts of single properties, as far as there is just one such explanation."""
        found, of, left = NOTHING, {}, list(self.lost)
        while left:
            news = ((prop, self.explaining(prop, found, any_pair)) for prop in left)
            prop, more = next(((p, m) for p, m in news if m is not None), (None, None))
            if prop is None or len(found | more) > TOGETHER:
                break
            found |= more
            of[prop.name] = self.behind(prop, found)
            left.remove(prop)
        return Diagnosis(found, of)

    def explaining(self, prop: Property, found: Mistakes, any_pair: bool) -> Mistakes | None:
        """Return what, with the mistakes found so far, gives one property's facts; None when nothing does, or two things do."""
        facts, names = {*prop.facts}, {*prop.facts, *self.task.diagnostic}
        if found and self.gives(found, names):
            return NOTHING
        if not self.telling(self.first_wrong(facts)):
            return None
        near = [frozenset([m]) for m in self.suspects if self.index.touches[m] & facts]
        upon = [found | m for m in near]
        apart = not any(self.index.touches[m] & facts for m in found)  # as if the others were not there
        for family in (upon, near if apart else (), self.pairs(facts) if any_pair else ()):
            if fitting := [m for m in self.giving(facts, family) if self.gives(m, names)]:
                weight = {m: self.contradictions_and_gain(m) for m in fitting}
                best = [m for m in fitting if weight[m] == min(weight.values())]
                return best[0] - found if len(best) == 1 else None
        return None

    def by_other_facts(self, found: Diagnosis) -> Diagnosis:
        """Return a diagnosis with more mistakes: those that alone give a lost property's facts of the follow-through."""
        for prop in (p for p in self.lost if p.name not in found.of):
            names = {*prop.or_facts}
            if not any(key[1] in names and self.telling(key) for key in self.all_got) or self.gives(
                NOTHING, names
            ):
                continue
            alone = [frozenset([m]) for m in self.reference.mistakes(self.task)]
            fitting = [m for m in alone if self.gives(m, names)]
            best = [m for m in fitting if len(fitting) == 1 or self.gives(m, self.names)]
            if len(best) == 1:
                of = {**found.of, prop.name: best[0]}
                found = replace(found, mistakes=found.mistakes | best[0], of=of)
        return found

    def behind(self, prop: Property, found: Mistakes) -> Mistakes:
        """Return those of some mistakes that have to do with a property; all of them when none does by itself."""
        return frozenset(m for m in found if self.index.touches[m] & {*prop.facts}) or found

    def contradictions_and_gain(self, mistakes: Mistakes) -> tuple[int, int]:
        """Return of how many kinds of facts some mistakes would make others than they are, and, negative, how many they explain."""
        touched = set().union(*(self.index.touches[m] for m in mistakes))
        explained = sum(self.gives(mistakes, {name}) for name in touched)
        return len(touched) - explained, -explained

    # Questions to the solution

    def open_to_doubt(self) -> list[str]:
        """Return the mistakes that may be named: each changes something that was lost, and no property that is all right."""
        wrong = {name for _, name in self.wrong}
        doubtful = [prop.facts for prop in self.task.properties if wrong & {*prop.facts}]
        may_change = wrong.union(self.task.diagnostic, [RAISED], *doubtful)
        lost = {*self.task.diagnostic, RAISED}.union(*(prop.facts for prop in self.lost))
        return [m for m, names in self.index.touches.items() if names <= may_change and names & lost]

    def pairs(self, names: set[str]) -> list[Mistakes]:
        """Return the pairs of suspects that both change some of these facts; none where they are too many to try."""
        near = [m for m in self.suspects if self.index.touches[m] & names]
        pairs = [frozenset(pair) for pair in combinations(near, 2)]
        return pairs if len(pairs) <= (PAIRS_UPON_EARLIER if self.base else PAIRS) else []

    def giving(self, names: set[str], candidates: Iterable[Mistakes]) -> list[Mistakes]:
        """Return the candidates that give the most telling wrong fact of these names as it is."""
        key = self.first_wrong(names)
        return self.index.giving(self.base, key, self.got.get(key), candidates) if key else []

    def gives(self, mistakes: Mistakes, names: set[str]) -> bool:
        """Tell whether the solution with these mistakes gives these facts on all probes, stopping at the first that differs.

        Where a fact is missing, or the mistakes raise an exception, what was raised must be the same: what was computed
        before an exception says nothing of why it was raised.
        """
        for probe in self.reference.probes(self.task):
            facts = self.reference.facts(self.task, self.base | mistakes, probe)
            if facts is None:
                return False
            keys = {(probe.id, name) for name in names}
            if RAISED in (name for _, name in facts) or any(
                key in self.plain and self.blank(key) for key in keys
            ):
                keys.add((probe.id, RAISED))
            if any(not same(facts.get(key), self.all_got.get(key)) for key in keys):
                return False
        return True

    def explained_by(self, mistake: str) -> set[Key]:
        """Return the keys of the facts that one mistake changes if all of them are as in `got`, else none."""
        found: set[Key] = set()
        for probe in self.reference.probes(self.task):
            facts = self.reference.facts(self.task, self.base | {mistake}, probe)
            if facts is None:
                return set()
            keys = {(probe.id, name) for name in self.names}
            keys = {key for key in keys if not same(facts.get(key), self.plain.get(key))}
            raised = {(probe.id, RAISED) for key in keys if self.blank(key) and key in self.plain}
            if not all(same(facts.get(key), self.got.get(key)) for key in keys | raised):
                return set()
            found |= keys
        return found

    def composes(self, several: Iterable[str]) -> bool:
        """Tell whether mistakes give all facts together, or cannot be made together because they change the same text."""
        probes = self.reference.probes(self.task)
        unknown = any(self.reference.facts(self.task, self.base | {*several}, p) is None for p in probes)
        return unknown or self.gives(frozenset(several), self.names)

    def first_wrong(self, names: set[str]) -> Key | None:
        """Return the key of a wrong fact of these names: a telling one on the cheapest probe, else any; None without one."""
        order = [*(f for prop in self.task.properties for f in prop.facts), *self.task.diagnostic, RAISED]
        keys = [(p.id, name) for p in self.reference.probes(self.task) for name in order if name in names]
        wrong = [key for key in keys if key in self.wrong]
        # what is missing is missing because of what was raised
        raised = [(key[0], RAISED) for key in wrong if key not in self.got and (key[0], RAISED) in self.wrong]
        return next((k for k in [*wrong, *raised] if self.telling(k)), next(iter(wrong), None))

    def blank(self, key: Key) -> bool:
        """Tell whether a fact is missing, or came to zeros where something was raised: because of that, for all one knows."""
        value = self.all_got.get(key)
        raised = (key[0], RAISED) in self.all_got
        return value is None or (raised and np.ndim(value) > 0 and not np.any(value))

    def telling(self, key: Key | None) -> bool:
        """Tell whether a fact says more than yes or no."""
        value = self.all_got.get(key)
        if value is None or isinstance(value, str):
            return value is not None
        return np.isfinite(value).any() and (value.size > 1 or float(value.flat[0]) not in (0.0, 1.0))


def same(a, b) -> bool:
    """Tell whether two facts agree, or both are missing."""
    return b is None if a is None else agree(a, b)
