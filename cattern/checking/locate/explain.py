"""The second stage of diagnosis: for what the catalogue does not name, the place in the student's code, or an exact relation.

Marks are final before it begins, and nothing here reaches one: what is put into a student's running code is right.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from cattern.checking.case import Earlier
from cattern.checking.channel import PipeError
from cattern.checking.diagnose import diagnose
from cattern.checking.facts import RAISED, Answer, Facts, agree, read
from cattern.checking.lab import Lab, Probe, Property, Task
from cattern.checking.locate.basis import Basis
from cattern.checking.locate.calls import called
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.entries import Target, entry_of, missing, related, what_it_is
from cattern.checking.locate.runner import Here, Runner
from cattern.checking.locate.runs import BUDGET
from cattern.checking.locate.search import Search
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
        self.mended: dict[str, list[Repair]] = {}
        self.budget = SUBMISSION
        # what was raised where no place was found: another task that ends there has none
        self.fruitless: set[str] = set()

    @np.errstate(all="ignore")  # of infinite gradients, say: nobody who grades is told how they are added up
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
        # where it never comes that far, this is said, and what is named before says why
        before = self._follows(task, targets, found) if carried and not raised else []
        targets = [t for t in targets if t[1] not in {entry["fact"] for entry in before}]
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
            replace(verdict, located=(*before, *located), relation=tuple(relations)),
            named,
            self.reference,
            task,
        )

    def _follows(self, task: Task, targets: Sequence[Target], found: Mapping[str, Earlier]) -> list[dict]:
        """Return the entries of what is right as soon as the places of mistakes named in earlier tasks are mended."""
        file = self.lab.file_of(task)
        earlier = [t for t in self.lab.upstream(task) if self.lab.file_of(t) == file and t.id in found]
        mended = [repair for t in earlier if found[t.id].mistakes for repair in self._mended(t)]
        if not mended or not targets:
            return []
        with self._search(task, mended) as search:
            right = [t for t in targets if search and search.right(t[1])]
        return [entry_of(mended[-1], "", t, FOLLOWS) for t in right]

    def _mended(self, task: Task) -> list[Repair]:
        """Return the places of the mistakes named in a task, where putting things right there puts all of it right."""
        if task.id not in self.mended:
            self.mended[task.id] = []
            with self._search(task) as search:
                if search:
                    names = dict.fromkeys(name for p in task.properties if p.points for name in p.facts)
                    wrong = [name for name in names if not search.right(name)]
                    search.accept(search.find(wrong[0], wrong[1:]) if wrong else [])
                    self.mended[task.id] = search.repairs if all(map(search.right, names)) else []
        return self.mended[task.id]

    @contextmanager
    def _search(
        self, task: Task, repairs: Sequence[Repair] = (), carried: frozenset[str] = NOTHING
    ) -> Iterator[Search | None]:
        """Open a search, with some repairs made and mistakes carried over from earlier tasks. What it costs is counted.

        There is None when the budget is spent, or the file cannot be loaded: the judge has said so.
        """
        if self.budget <= 0:
            yield None
            return
        try:
            runner = self.open_runner(self.lab, task, self.texts)
        except (KeyboardInterrupt, PipeError):
            raise
        except BaseException:
            yield None
            return

        def basis(probe: Probe, carried: frozenset[str] = carried) -> Basis:
            return self.reference.basis(task, carried, probe)

        given, search = min(BUDGET, self.budget), None
        expected = expectation(task, self.reference, carried)
        plain = partial(basis, carried=NOTHING) if carried else None
        try:
            search = Search(task, runner, self.reference.probes(task), basis, expected, repairs, given, plain)
            yield search
        finally:
            self.budget -= given - search.budget if search else given
            runner.close()

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
        named = {
            fact: words.removesuffix(" {gap}")
            for prop in task.properties
            for fact, words in prop.says.items()
            if words.endswith(" {gap}")
        }
        said = {
            fact: missing(fact, got, text, basis(probes[0]))
            or related(fact, got, expected, probes, basis, named)
            for _, fact in targets
        }
        located, calls, named = [], None, NOTHING
        if with_places and targets:
            with self._search(task, self.repairs.setdefault(file, []), carried) as search:
                if search:
                    located, calls, named = self._places(search, file, targets, got, said, behind)
        placed = {entry["fact"] for entry in located}
        partly = {p.name for p, f in targets if f not in placed}
        located = [e | ({"part": True} if e["property"] in partly else {}) for e in located]
        left = [(p, f, said[f] or calls) for p, f in targets if f not in placed and p.name not in named]
        left = [(p, f, words) for p, f, words in left if words]
        return located, [{"property": p.name, "fact": f, "relation": r} for p, f, r in left]

    def _places(
        self, search: Search, file: str, targets: Sequence[Target], got: Facts, said, behind
    ) -> tuple[list[dict], str | None, frozenset[str]]:
        """Find places for the wrong facts one after the other, with those found before mended.

        Returns:
            The entries, how calls differ, and the properties that a mistake of the catalogue explains besides.
        """
        earlier, located, named = self.repairs[file], [], NOTHING
        if not earlier and any(key[1] == RAISED and key not in got for key in search.facts):
            return [], None, NOTHING  # it does not run here as it does for the judge
        if earlier:
            located += [entry_of(earlier[-1], "", t, FOLLOWS) for t in targets if search.right(t[1])]
        waiting = [t for t in targets if not search.right(t[1])]
        tried: list[Target] = []
        if calls := called(search.runner.places, search.recordings, search.bases):
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
            holds = {r.number: what_it_is(replace(r, holds=search.held(r)), search.shown(r)) for r in repairs}
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
