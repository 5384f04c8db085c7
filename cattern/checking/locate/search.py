"""Where in the student's code something is wrong: the place at which the solution's quantity makes a lost property right.

A quantity of the solution is put into a place of the running student's code. When the lost property becomes right on every
probe and no other breaks, that is the place, and that is what belongs there. The work is counted in steps, not in seconds,
so that the same file always gets the same words.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cattern.checking.facts import RAISED, Facts, agree
from cattern.checking.lab import Probe
from cattern.checking.locate.basis import equal, exactly, in_floats, known_as, ramp
from cattern.checking.locate.candidates import Entry, Repair, candidates, entries_of
from cattern.checking.locate.runner import Recording
from cattern.checking.locate.runs import EACH, Runs

TOGETHER = 3  # places that one fact may need
SAID = (
    "NameError",
    "UnboundLocalError",
    "IndexError: list",
)  # a name or a number is what is wrong, and it is said
FEW = 40  # more calls than this make a probe too dear to try things on


class Search(Runs):
    """One task of one submission: the places at which its wrong facts can be made right."""

    def __init__(self, *args, **kwargs):
        """Run the submission once on each probe; see `Runs`."""
        super().__init__(*args, **kwargs)
        self.reserve = 0  # of the budget: what one fact does not find leaves something for the next
        self._known: dict[tuple, list[Repair]] = {}
        self._seen: dict[tuple, list[Entry]] = {}
        self._fed: dict[tuple, bool] = {}

    def find(self, fact: str, others: Sequence[str] = (), shallow: bool = False) -> list[Repair]:
        """Return the place at which a wrong fact can be made right on every probe; or the places, when it takes several.

        Of several in one line, it is the one that makes most of the other wrong facts right, too.

        Args:
            fact: the fact's name.
            others: the other ones that are still wrong.
            shallow: leave out the places that hold a known quantity: an exact relation says enough already.
        """
        self.reserve = self.budget // 2 if others else 0
        if together := self._together(fact, others, shallow):
            return together
        for several in (True, False):
            before, found = list(self.repairs), []
            while len(found) < TOGETHER and (wrong := {key[0] for key in self.wrong(fact, self.facts)}):
                full, part = self._one(fact, wrong, others, shallow)
                # two branches that are wrong come before the line that returns what either gave
                first = (
                    part if several and part and (full is None or full.place.code.isidentifier()) else full
                )
                if first is None:
                    break
                found.append(first)
                self.accept([first])
            right = self.right(fact)
            if found:  # the caller accepts them
                self.repairs = before
                self._record(self.repairs)
            if right:
                return found
        return []

    def _together(self, fact: str, others: Sequence[str], shallow: bool) -> list[Repair]:
        """Return the first two places that lack what has their own name, where it takes both: X and y of a minibatch, say.

        What is computed from them can be mended by itself, and is not where it went wrong.
        """
        if not (wrong := {key[0] for key in self.wrong(fact, self.facts)}):
            return []
        trial, own = self._trial(wrong), {}
        for repair in self._candidates(trial, shallow):
            if repair.own and not repair.blind and not self._taken(repair):
                own.setdefault(repair.name, repair)
        first = list(own.values())[:2]
        alone = (not self.wrong(fact, self._run(trial, [*self.repairs, one]), trial) for one in first)
        if len(first) < 2 or any(alone) or self._mends(fact, wrong, others, first, trial)[0] != wrong:
            return []
        return [] if self._spoils(first, trial) else first

    def _trial(self, wrong: set[str]) -> Probe:
        """Return the probe that things are tried on first."""
        return min((p for p in self.probes if p.id in wrong), key=self._dearness)

    def _one(
        self, fact: str, wrong: set[str], others: Sequence[str], shallow: bool
    ) -> tuple[Repair | None, Repair | None]:
        """Return the place that makes a fact right on every probe, and one before it that does on some and spoils none."""
        trial = self._trial(wrong)
        best, most, part = None, -1, None
        for repair in self._candidates(trial, shallow):
            if self.budget <= self.reserve or most == len(others):
                break
            if repair.beside or self._taken(repair) or (best and repair.place.line != best.place.line):
                continue
            if self._feeds_what_is_right(repair, trial):
                continue
            mended, more = self._mends(fact, wrong, others, [repair], trial)
            if not mended or (mended == wrong and more > most and self._spoils([repair], trial)):
                continue
            if mended == wrong and more > most:
                best, most = repair, more
            elif part is None and best is None:
                part = repair
        return best, part

    def _candidates(self, trial: Probe, shallow: bool) -> list[Repair]:
        """Return what may be put where, as one probe shows it with the repairs accepted so far."""
        key = trial.id, shallow, self._made()
        if key not in self._known:
            results = [
                v for (p, _), v in self.expected.items() if p == trial.id and isinstance(v, np.ndarray)
            ]
            self._known[key] = candidates(
                self._entries(trial),
                self._shown(trial),
                self.runner.places,
                self.bases[trial.id],
                results,
                shallow,
                bool(self.plain),
            )
        return self._known[key]

    def _entries(self, trial: Probe) -> list[Entry]:
        """Return the places as one probe shows them with the repairs accepted so far."""
        key = trial.id, self._made()
        if key not in self._seen:
            raised = {r.line for r in self.recordings.values() if r.line}
            found = entries_of(self._shown(trial), self.runner.places, self.bases[trial.id], raised)
            self._seen[key] = list(found)
        return self._seen[key]

    def _shown(self, trial: Probe) -> Recording:
        recording = self.recordings[trial.id]
        if str(recording.facts.get((trial.id, RAISED), "")).startswith(SAID):
            return replace(recording, line=None)
        return recording

    def _made(self) -> tuple[int, ...]:
        return tuple(repair.number for repair in self.repairs)

    def _feeds_what_is_right(self, repair: Repair, trial: Probe) -> bool:
        """Tell whether something known to be right is made of a place's value: then that is not what is wrong.

        One run with other numbers in the place tells, for all quantities that may be put there.
        """
        if repair.blind or repair.holds:
            return False
        key = trial.id, repair.number, self._made()
        if key not in self._fed:
            before = self.recordings[trial.id]
            plan = self._plan(trial, [*self.repairs, repair])
            values = [[ramp(v) for v in call] for call in before.seen[repair.number]]
            plan[repair.number] = replace(plan[repair.number], values=values)
            after = self.runner.record(trial, plan)
            self.budget -= after.steps + EACH
            self._fed[key] = (trial.id, RAISED) not in after.facts and any(
                entry.number != repair.number and not equal(entry.values, after.seen.get(entry.number, []))
                for entry in self._entries(trial)
                if entry.computed and in_floats(entry.values)
            )
        return self._fed[key]

    def _taken(self, repair: Repair) -> bool:
        return any(r.number == repair.number for r in self.repairs)

    def _mends(
        self, fact: str, wrong: set[str], others: Sequence[str], repairs: Sequence[Repair], trial: Probe
    ) -> tuple[set[str], int]:
        """Return on which probes repairs make a fact right, and how many other facts they make right.

        Nothing, when they do not on the trial's, make something wrong that was right, or are not all needed.
        """
        earning = {name for prop in self.task.properties if prop.points for name in prop.facts}
        kept = [name for name in sorted(earning) if name != fact and self.right(name)]
        facts: Facts = {}
        mended: set[str] = set()
        for probe in sorted(self.probes, key=lambda p: (p is not trial, self._dearness(p))):
            one = self._run(probe, [*self.repairs, *repairs])
            if (probe.id, RAISED) in one and (probe.id, RAISED) not in self.recordings[probe.id].facts:
                return set(), 0
            if any(self.wrong(name, one, probe) for name in kept) or self._only_other_numbers(fact, one):
                return set(), 0
            if self.wrong(fact, one, probe):
                if probe is trial or probe.id not in wrong:
                    return set(), 0
            else:
                mended.add(probe.id)
            facts |= one
        if any(self._anything_mends(fact, repair, repairs, trial) for repair in repairs):
            return set(), 0
        return mended & wrong, sum(not self.wrong(name, facts) for name in others)

    def _dearness(self, probe: Probe) -> tuple:
        """Return what to sort probes by: those with one row hide shapes, and those with many calls take long."""
        recording = self.recordings[probe.id]
        calls = max((len(v) for v in recording.seen.values()), default=0)
        return (calls > FEW, min(self.bases[probe.id].sizes.values(), default=2) < 2, recording.steps)

    def _anything_mends(self, fact: str, repair: Repair, repairs: Sequence[Repair], probe: Probe) -> bool:
        """Tell whether other numbers in the place of one of the repairs make the fact right, too: then its value does not matter."""
        if (
            len(repairs) == 1
            and repair.shown is not None
            and (np.shape(repair.shown) != np.shape(repair.needed) or not np.isfinite(repair.shown).all())
        ):
            return False  # the shape is what was wrong, or that it is no number
        plan = self._plan(probe, [*self.repairs, *repairs])
        filling = plan[repair.number]
        plan[repair.number] = replace(filling, values=[[ramp(v) for v in call] for call in filling.values])
        return not self.wrong(fact, self._spend(probe, plan), probe)

    def _only_other_numbers(self, fact: str, facts: Facts) -> bool:
        """Tell whether a fact that says yes or no was turned by numbers that are as wrong as those before."""
        if any(np.size(v) > 1 or v not in (0, 1) for key, v in self.expected.items() if key[1] == fact):
            return False
        return any(
            key in self.expected
            and not agree(self.expected[key], value, self.task.tolerance)
            and not (key in self.facts and agree(self.facts[key], value))
            for key, value in facts.items()
        )

    def _spoils(self, repairs: Sequence[Repair], probe: Probe) -> bool:
        """Tell whether repairs mend by accident: what was right, in these places or in another, is not any more."""
        before, numbers = self.recordings[probe.id], {repair.number for repair in repairs}
        for mine in (before.seen.get(number, []) for number in numbers):
            if self.plain and (known := known_as(mine, self.plain(probe))[0]) and not known.given:
                return True  # only the mistake of an earlier task makes this look wrong
        after = self.runner.record(probe, self._plan(probe, [*self.repairs, *repairs]))
        self.budget -= after.steps + EACH
        if any(self._last(after, repair) < self._last(before, repair) for repair in repairs):
            return True  # it ends the function too early, and a driver may make allowance for that
        basis = self.bases[probe.id]
        for number, values in before.seen.items():
            now = after.seen.get(number)
            if number in numbers or not now or equal(values, now):
                continue
            if exactly(values, basis) and known_as(now, basis)[0] is None:
                return True
        return False

    def _last(self, recording: Recording, repair: Repair) -> int:
        """Return the last line that a run has come to, in the function that a repair is in."""
        seen = [self.runner.places[number] for number in recording.seen]
        return max((p.line for p in seen if p.function == repair.place.function), default=0)
