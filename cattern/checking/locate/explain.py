"""The second stage of diagnosis: for what the catalogue does not name, the place in the student's code, or an exact relation.

Marks are final before it begins, and nothing here reaches one: what is put into a student's running code is right.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from cattern.checking.case import Earlier
from cattern.checking.channel import PipeError
from cattern.checking.diagnose import diagnose
from cattern.checking.facts import Answer, Facts, agree, read
from cattern.checking.lab import Lab, Probe, Property, Task
from cattern.checking.locate.basis import Basis
from cattern.checking.locate.calls import called
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.entries import Target, entry_of, missing, related, what_it_is
from cattern.checking.locate.runner import Here, Runner
from cattern.checking.locate.search import BUDGET, Search
from cattern.checking.reference import NOTHING, Reference, expectation
from cattern.checking.verdict import TaskVerdict

SUBMISSION = 300_000  # steps of all tasks of a submission: about a second and a half
STEPS = 5  # repairs in one task
FOLLOWS = "follows from it"


class Explainer:
    """The second stage for one submission: it goes through the tasks in order, and keeps the places it found."""

    def __init__(
        self,
        lab: Lab,
        reference: Reference,
        texts: Mapping[str, str],
        open_runner: Callable[[Lab, Task, Mapping[str, str]], Runner] = Here,
    ):
        """Begin with a submission.

        Args:
            lab: the lab.
            reference: what the solution gives.
            texts: path → source of the student's files.
            open_runner: makes the runner of a task's instrumented file.
        """
        self.lab, self.reference, self.texts, self.open_runner = lab, reference, dict(texts), open_runner
        self.repairs: dict[str, list[Repair]] = {}
        self.budget = SUBMISSION
        # what was raised where no place was found: another task that ends there has none
        self.fruitless: set[str] = set()

    def explained(
        self, task: Task, verdict: TaskVerdict, answers: Sequence[Answer], found: Mapping[str, Earlier]
    ) -> TaskVerdict:
        """Return a verdict with what can be said of its lost points; its status and its score stay as they are.

        Args:
            task: the task.
            verdict: the judge's verdict, final.
            answers: what the submission gave.
            found: task id → what is known of it, for the tasks judged before.
        """
        lost = unexplained(task, verdict)
        if not lost:
            return verdict
        probes = self.reference.probes(task)
        got = read(task, {p.id: p.inputs for p in probes}, list(answers))
        carried = NOTHING.union(*(found[t.id].mistakes for t in self.lab.upstream(task) if t.id in found))
        expected = expectation(task, self.reference, carried)
        if expected is None:
            carried, expected = NOTHING, expectation(task, self.reference)
        wrong = {key[1] for key, value in expected.items() if not agree(value, got.get(key), task.tolerance)}
        targets = [(p, fact) for p in lost for fact in p.facts if fact in wrong]
        raised = verdict.evidence.get("raised")
        named: dict[str, frozenset[str]] = {}

        def behind(facts: Facts, lost: list[Property]) -> frozenset[str]:
            """Return the properties that mistakes of the catalogue explain, when the places found so far are mended."""
            found = diagnose(task, self.reference, carried, {**got, **facts}, lost, any_pair=False)
            named.update(found.of)
            return frozenset(found.of)

        look = raised not in self.fruitless
        located, relations = self._look(task, targets, got, expected, carried, behind, look)
        if raised and not located:
            self.fruitless.add(raised)
        return naming(
            replace(verdict, located=tuple(located), relation=tuple(relations)), named, self.reference, task
        )

    def _look(
        self,
        task: Task,
        targets: Sequence[Target],
        got: Facts,
        expected: Facts,
        carried: frozenset[str],
        behind: Callable[[Facts, list[Property]], frozenset[str]],
        with_places: bool,
    ) -> tuple[list[dict], list[dict]]:
        """Return the entries of "located" and of "relation"."""
        probes = self.reference.probes(task)

        def basis(probe: Probe) -> Basis:
            return self.reference.basis(task, carried, probe)

        file = self.lab.file_of(task)
        text = self.texts.get(file, "")
        said = {
            fact: missing(fact, got, text, basis(probes[0])) or related(fact, got, expected, probes, basis)
            for _, fact in targets
        }
        search = with_places and self.budget > 0
        plain = (lambda probe: self.reference.basis(task, NOTHING, probe)) if carried else None
        located, calls, named = (
            self._places(task, file, targets, expected, basis, said, behind, plain)
            if search
            else ([], None, NOTHING)
        )
        placed = {entry["fact"] for entry in located}
        left = [(p, f, said[f] or calls) for p, f in targets if f not in placed and p.name not in named]
        left = [(p, f, words) for p, f, words in left if words]
        return located, [{"property": p.name, "fact": f, "relation": r} for p, f, r in left]

    def _places(
        self, task: Task, file: str, targets: Sequence[Target], expected: Facts, basis, said, behind, plain
    ) -> tuple[list[dict], str | None, frozenset[str]]:
        """Find places for the wrong facts one after the other, with those found before mended.

        Returns:
            The entries, how calls differ, and the properties that a mistake of the catalogue explains besides.
        """
        try:
            runner = self.open_runner(self.lab, task, self.texts)
        except (KeyboardInterrupt, PipeError):
            raise
        except BaseException:  # it cannot be loaded: the judge has said so
            return [], None, NOTHING
        earlier, located = self.repairs.setdefault(file, []), []
        given, search, named = min(BUDGET, self.budget), None, NOTHING
        try:
            search = Search(task, runner, self.reference.probes(task), basis, expected, earlier, given, plain)
            if earlier:
                located += [entry_of(earlier[-1], "", t, FOLLOWS) for t in targets if search.right(t[1])]
            waiting = [t for t in targets if not search.right(t[1])]
            tried: list[Target] = []
            if calls := called(runner.places, search.recordings, search.bases):
                # what is computed after a wrong call is no sign of a wrong place
                return located, calls, NOTHING
            while waiting and len(search.repairs) < len(earlier) + STEPS and search.budget > 0:
                target, *others = waiting
                repairs = search.find(target[1], [f for _, f in others], shallow=bool(said[target[1]]))
                waiting = others
                tried.append(target)
                if not repairs:
                    continue
                after = bool(search.repairs)
                holds = {r.number: what_it_is(r, search.shown(r)) for r in repairs}
                search.accept(repairs)
                right = [t for t in (*tried, *waiting) if search.right(t[1])]
                tried, waiting = [[t for t in some if t not in right] for some in (tried, waiting)]
                for repair in repairs:
                    lines = [r.place.line for r in repairs if r is not repair]
                    more = ({"after": True} if after else {}) | ({"with": lines} if lines else {})
                    located += [entry_of(repair, holds[repair.number], t, said[t[1]]) | more for t in right]
                left = unique(p for p, _ in (*tried, *waiting))
                if left and (more_named := behind(search.facts, left)):
                    named |= more_named
                    waiting = [t for t in waiting if t[0].name not in named]
                if any(repair.blind for repair in repairs):
                    break  # behind an exception everything is made of what was put there
            self.repairs[file] = search.repairs
        finally:
            self.budget -= given - search.budget if search else given
            runner.close()
        return located, None, named


def unique(props: Iterable[Property]) -> list[Property]:
    """Return properties, each once."""
    return list({p.name: p for p in props}.values())


def naming(verdict: TaskVerdict, of: Mapping[str, frozenset[str]], reference: Reference, task: Task):
    """Return a verdict with mistakes that explain properties, beside those that it names already."""
    if not of:
        return verdict
    rows = [
        {**row, "mistakes": sorted({*row["mistakes"], *of.get(row["property"], ())})}
        for row in verdict.evidence["lost"]
    ]
    ids = sorted({m for found in of.values() for m in found} - {m.id for m in verdict.mistakes})
    mistakes = (*verdict.mistakes, *(reference.mistakes(task)[m] for m in ids))
    return replace(verdict, evidence={**verdict.evidence, "lost": rows}, mistakes=mistakes)


def unexplained(task: Task, verdict: TaskVerdict) -> list[Property]:
    """Return the lost properties of a task that no mistake of the catalogue explains."""
    if verdict.status in ("pass", "missing", "skipped"):
        return []
    named = {entry["property"] for entry in verdict.evidence.get("lost", ()) if entry["mistakes"]}
    return [p for p in lost_properties(task, verdict) if p.name not in named]


def lost_properties(task: Task, verdict: TaskVerdict) -> list[Property]:
    """Return the properties of a task that a verdict gives no points for."""
    earned = verdict.evidence.get("properties", {})
    return [p for p in task.properties if p.points and p.name in earned and not earned[p.name][0]]
