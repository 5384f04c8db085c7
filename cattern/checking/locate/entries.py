"""The entries of a verdict's "located" and "relation": what stands in a place, what belongs there, how a fact is related to the right one."""

import ast
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cattern.checking.facts import RAISED, Facts
from cattern.checking.lab import Probe, Property
from cattern.checking.locate.basis import Basis, tells
from cattern.checking.locate.candidates import Repair
from cattern.checking.locate.relations import Pair, relation

CODE = 120  # characters of the student's code that are quoted
RAISES = "raises an exception"
UNCHANGED = "is not changed: its line raises an exception"
WRONG = "has a wrong value"  # what is said where nothing better is known
Target = tuple[Property, str]  # a lost property, and a fact of it that is wrong


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
        return UNCHANGED if repair.place.kind == "after" else RAISES
    if repair.holds and repair.holds != repair.words + repair.form.words:
        return f"is {repair.holds}"
    pairs = [
        Pair(
            np.asarray(right, float), np.asarray(value, float), basis.sizes, terms_of(basis, np.shape(right))
        )
        for value, right, basis in shown
    ]
    said = relation(pairs)
    if said and said.partition(" ")[2] != repair.words + repair.form.words:
        return said
    here, needed = np.shape(repair.shown), np.shape(repair.needed)
    if here == needed:
        return WRONG
    return f"has shape {here}" if here else "is a single number"


def related(
    fact: str,
    got: Facts,
    expected: Facts,
    probes: Sequence[Probe],
    basis: Callable[[Probe], Basis],
    named: Mapping[str, str],
) -> str | None:
    """Return the exact relation of a fact to the right one ("yours is twice as large …"), or None.

    Args:
        fact: the fact's name.
        got: the submission's facts.
        expected: the right ones.
        probes: the task's probes.
        basis: probe → the solution's quantities on it.
        named: the task's facts → what they are called: one may stand in another's place.
    """
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
        others = {words: expected.get((probe.id, other)) for other, words in named.items() if other != fact}
        terms = {
            words: v
            for words, v in others.items()
            if isinstance(v, np.ndarray) and v.shape == right.shape and tells(v.item() if v.size == 1 else v)
        }
        pairs.append(Pair(right, mine, here.sizes, terms | terms_of(here, right.shape)))
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
