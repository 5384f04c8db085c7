"""The second stage of diagnosis: for what the catalogue does not name, the place in the student's code, or an exact relation.

Marks are final before it begins, and nothing here reaches one: what is put into a student's running code is right.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cattern.checking.case import Earlier
from cattern.checking.channel import PipeError
from cattern.checking.facts import RAISED, Answer, Facts, agree, read
from cattern.checking.lab import Lab, Probe, Property, Task
from cattern.checking.locate.basis import Basis
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.relations import Pair, relation
from cattern.checking.locate.runner import Here, Runner
from cattern.checking.locate.search import Search
from cattern.checking.reference import NOTHING, Reference, expectation
from cattern.checking.verdict import TaskVerdict

STEPS = 5  # repairs in one task
CODE = 120  # characters of the student's code that are quoted
FOLLOWS = "follows from it"
Target = tuple[Property, str]  # a lost property, and a fact of it that is wrong


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
        located, relations = self._look(task, targets, got, expected, carried)
        return replace(verdict, located=tuple(located), relation=tuple(relations))

    def _look(
        self, task: Task, targets: Sequence[Target], got: Facts, expected: Facts, carried: frozenset[str]
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
        located, calls = self._places(task, file, targets, expected, basis, said)
        placed = {entry["fact"] for entry in located}
        left = [(p, f, said[f] or calls) for p, f in targets if f not in placed and (said[f] or calls)]
        return located, [{"property": p.name, "fact": f, "relation": r} for p, f, r in left]

    def _places(
        self, task: Task, file: str, targets: Sequence[Target], expected: Facts, basis, said
    ) -> tuple[list[dict], str | None]:
        """Find places for the wrong facts one after the other, with those found before repaired; and how calls differ."""
        try:
            runner = self.open_runner(self.lab, task, self.texts)
        except (KeyboardInterrupt, PipeError):
            raise
        except BaseException:  # it cannot be loaded: the judge has said so
            return [], None
        earlier, located = self.repairs.setdefault(file, []), []
        try:
            search = Search(task, runner, self.reference.probes(task), basis, expected, earlier)
            if earlier:
                located += [entry_of(earlier[-1], "", t, FOLLOWS) for t in targets if search.right(t[1])]
            waiting = [t for t in targets if not search.right(t[1])]
            tried: list[Target] = []
            if calls := search.called():
                return located, calls  # what is computed after a wrong call is no sign of a wrong place
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
                tried, waiting = [[t for t in left if t not in right] for left in (tried, waiting)]
                for repair in repairs:
                    lines = [r.place.line for r in repairs if r is not repair]
                    more = ({"after": True} if after else {}) | ({"with": lines} if lines else {})
                    located += [entry_of(repair, holds[repair.number], t, said[t[1]]) | more for t in right]
                if any(repair.blind for repair in repairs):
                    break  # behind an exception everything is made of what was put there
            self.repairs[file] = search.repairs
        finally:
            runner.close()
        return located, None


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


def entry_of(repair: Repair, holds: str, target: Target, said: str | None = None) -> dict:
    """Return the entry of a verdict's "located" for one fact.

    Args:
        repair: the place, and what belongs there.
        holds: what stands there, beginning with a verb; see `what_it_is`.
        target: the property and its fact.
        said: the exact relation of its values to the right ones, if there is one.
    """
    shape = f", shape {np.shape(repair.needed)}" if np.ndim(repair.needed) else ""
    code = repair.place.code if len(repair.place.code) <= CODE else repair.place.code[: CODE - 1] + "…"
    return {
        "property": target[0].name,
        "fact": target[1],
        "line": repair.place.line,
        "code": code,
        "is": holds,
        "needs": repair.words + repair.form.words + shape,
        "relation": said or "",
        "verified": True,
    }


def what_it_is(repair: Repair, shown: Sequence[tuple]) -> str:
    """Return what stands in a place, beginning with a verb."""
    if repair.blind:
        return "raises an exception"
    if repair.holds:
        return f"is {repair.holds}"
    pairs = [
        Pair(
            np.asarray(right, float), np.asarray(value, float), basis.sizes, terms_of(basis, np.shape(right))
        )
        for value, right, basis in shown
    ]
    if said := relation(pairs):
        return said
    here, needed = np.shape(repair.shown), np.shape(repair.needed)
    if here == needed:
        return "has a wrong value"
    return f"has shape {here}" if here else "is a single number"


def related(
    fact: str,
    got: Facts,
    expected: Facts,
    probes: Sequence[Probe],
    basis: Callable[[Probe], Basis],
) -> str | None:
    """Return the exact relation of a fact to the right one ("yours is twice as large …"), or None."""
    pairs = []
    for probe in probes:
        right, mine = expected.get((probe.id, fact)), got.get((probe.id, fact))
        if right is None and mine is None:
            continue
        if not isinstance(right, np.ndarray) or not isinstance(mine, np.ndarray):
            return None
        if (probe.id, RAISED) in got and not mine.any():
            return None  # it came to nothing because of that
        here = basis(probe)
        pairs.append(Pair(right, mine, here.sizes, terms_of(here, right.shape)))
    said = relation(pairs) if pairs else None
    return said and f"yours {said}, on every test"


def terms_of(basis: Basis, shape: tuple) -> dict[str, np.ndarray]:
    """Return what may have been added to a value, or stand in its place: quantities of its shape, and products of inputs."""
    terms: dict[str, np.ndarray] = {}
    strengths = [q for q in basis.quantities.values() if q.given and isinstance(q.first, float)]
    for quantity in basis.quantities.values():
        value = next((v for call in quantity.values for v in call if np.shape(v) == shape), None)
        if value is None:
            continue
        terms.setdefault(quantity.words, np.asarray(value, float))
        if quantity.given and shape:
            terms |= {
                f"{s.words}·{quantity.words}": float(s.first) * terms[quantity.words] for s in strengths
            }
    return terms


def missing(fact: str, got: Facts, text: str, basis: Basis) -> str | None:
    """Return that a fact is missing because no line stores it, or None.

    Args:
        fact: the fact's name; where the solution stores it under this key of a dict, the student's code must, too.
        got: the submission's facts.
        text: the student's file.
        basis: what the solution knows on a probe.
    """
    stored = next((name for name in basis.quantities if name.endswith(f"[{fact!r}]")), None)
    if stored is None or any(name == fact for _, name in got):
        return None
    function = stored.partition(": ")[0].rpartition(".")[2]
    try:
        found = [n for n in ast.walk(ast.parse(text)) if getattr(n, "name", None) == function]
    except (SyntaxError, ValueError, RecursionError):
        return None
    keys = {
        key.value for f in found for n in ast.walk(f) for key in _keys(n) if isinstance(key, ast.Constant)
    }
    return None if fact in keys or not found else f"it is missing: no line of `{function}` stores {fact!r}"


def _keys(node: ast.AST) -> Sequence[ast.expr | None]:
    """Return the keys under which a node stores something in a dict."""
    if isinstance(node, ast.Dict):
        return node.keys
    return [node.slice] if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) else []
