"""The runs of a student's code in one task: as it is, and with repairs in it. They are counted in steps, of which there is a budget."""

from collections.abc import Callable, Mapping, Sequence

from cattern.checking.agent.watch import Filling
from cattern.checking.facts import Facts, agree
from cattern.checking.lab import Probe, Task
from cattern.checking.locate.basis import Basis, known_as, pairs, shapes_fit, tells
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.runner import Recording, Runner

BUDGET = 250_000  # steps of one task: about a second
EACH = 300  # steps that a run costs beside the places it passes


class Runs:
    """One task of one submission: its runs, its budget, and the repairs accepted so far."""

    def __init__(
        self,
        task: Task,
        runner: Runner,
        probes: Sequence[Probe],
        basis: Callable[[Probe], Basis],
        expected: Facts,
        repairs: Sequence[Repair] = (),
        budget: int = BUDGET,
        plain: Callable[[Probe], Basis] | None = None,
    ):
        """Run the submission once on each probe.

        Args:
            task: the task.
            runner: the submission's instrumented file.
            probes: the task's probes.
            basis: probe → the solution's quantities on it.
            expected: the facts that are right.
            repairs: those of earlier tasks in the same file.
            budget: steps that may be spent.
            plain: probe → the same quantities without the mistakes of earlier tasks, where there are some.
        """
        self.task, self.runner, self.expected = task, runner, expected
        self.probes = list(probes)
        self.bases: Mapping[str, Basis] = {p.id: basis(p) for p in self.probes}
        self.budget, self.repairs = budget, list(repairs)
        self.plain = plain
        self.recordings: dict[str, Recording] = {}
        self.raising: dict[str, set] = {p.id: set() for p in self.probes}  # lines that raised in some run
        if repairs:
            self._record([])
        self._record(self.repairs)

    def _record(self, repairs: Sequence[Repair]) -> None:
        """Run all probes with some repairs."""
        for probe in self.probes:
            recording = self.runner.record(probe, self._plan(probe, repairs))
            self.recordings[probe.id] = recording
            self.raising[probe.id].add(recording.line)
            self.budget -= recording.steps + EACH
        self.facts: Facts = {k: v for r in self.recordings.values() for k, v in r.facts.items()}

    def wrong(self, fact: str, facts: Facts, probe: Probe | None = None) -> list[tuple[str, str]]:
        """Return the keys under which a fact is not as expected, of one probe or of all."""
        return [
            key
            for key, value in self.expected.items()
            if key[1] == fact
            and (probe is None or key[0] == probe.id)
            and not agree(value, facts.get(key), self.task.tolerance)
        ]

    def right(self, fact: str) -> bool:
        """Tell whether a fact is right on every probe, with the repairs accepted so far."""
        return not self.wrong(fact, self.facts)

    def accept(self, repairs: Sequence[Repair]) -> None:
        """Keep repairs from now on."""
        self.repairs += repairs
        self._record(self.repairs)

    def _run(self, probe: Probe, repairs: Sequence[Repair]) -> Facts:
        return self._spend(probe, self._plan(probe, repairs))

    def _spend(self, probe: Probe, plan: Mapping[int, Filling]) -> Facts:
        recording = self.runner.run(probe, plan, 20 * self.recordings[probe.id].steps + 10_000)
        self.budget -= recording.steps + EACH
        return recording.facts

    def _plan(self, probe: Probe, repairs: Sequence[Repair]) -> dict[int, Filling]:
        plan = {}
        recording = self.recordings.get(probe.id)
        for repair in repairs:
            quantity = self.bases[probe.id].quantities.get(repair.name)
            if quantity is None:
                continue
            seen = recording.seen.get(repair.number, []) if recording else []
            form = repair.form.on(self.bases[probe.id].sizes)
            values = [[form.change(v) for v in call] for call in quantity.values]
            blind = repair.place.kind != "expression" and repair.place.line in self.raising[probe.id]
            by_shape = [shapes_fit(mine, right) for mine, right in zip(seen, values, strict=False)]
            plan[repair.number] = Filling(values, [len(call) == 1 for call in seen], by_shape, blind)
        return plan

    def held(self, repair: Repair) -> str | None:
        """Return what stands in a place, when it is the same known quantity on all probes: with one row, much is alike."""
        for probe in self.probes if repair.holds else ():
            seen = self.recordings[probe.id].seen.get(repair.number, [])
            known, _ = known_as(seen, self.bases[probe.id])
            if any(tells(v) for call in seen for v in call) and not (
                known and repair.holds.startswith(known.words)
            ):
                return None
        return repair.holds

    def shown(self, repair: Repair) -> list[tuple]:
        """Return (value, value that belongs there, basis) on all probes, for the words."""
        found = []
        for probe in self.probes:
            basis = self.bases[probe.id]
            quantity = basis.quantities.get(repair.name)
            seen = self.recordings[probe.id].seen.get(repair.number)
            if quantity and seen:
                shown = list(pairs(seen, quantity.values, quantity.given))
                if not shown:
                    return []  # what can be compared on some of them only says nothing
                form = repair.form.on(basis.sizes)
                found += [(v, form.change(w), basis) for v, w, _ in shown]
        return found
