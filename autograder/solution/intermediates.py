"""The named quantities of a lab's solution on a probe: what `cattern.checking.locate` may put into a student's code.

A lab names them in `autograder/labs/NAME/words.toml`: for each function a variable, or an expression as it stands in the
solution, and what it is called; "loss [1::2]" are every second of its values in a call. The solution runs instrumented, in this process; see `cattern.checking.agent.instrument`.
"""

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.markers import strip
from cattern.checking.agent.instrument import Place, instrumented
from cattern.checking.lab import Lab, Probe, Task
from cattern.checking.locate.basis import Basis, Quantity
from cattern.checking.locate.runner import Here


@dataclass(frozen=True)
class Words:
    """A lab's table of words.

    Attributes:
        named: "function: name or expression" → (function, name, words, whether it is an input).
        sizes: the same of whole numbers that are factors.
        calls: (function, method) whose number and order matter.
    """

    named: Mapping[str, tuple[str, str, str, bool]]
    sizes: Mapping[str, tuple[str, str, str, bool]]
    calls: frozenset[tuple[str, str]]


def load_words(path: Path) -> Words:
    """Return the words of a lab, from its `words.toml`; an empty table where there is none."""
    table = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    named, sizes, calls = {}, {}, set()
    for function, entries in table.items():
        given, whole = entries.pop("given", {}), entries.pop("sizes", {})
        calls.update((function, method) for method in entries.pop("calls", []))
        for words, found, is_given in ((entries, named, False), (given, named, True), (whole, sizes, False)):
            found |= {
                f"{function}: {k}": (function, plain(EVERY.sub("", k)), said, is_given)
                for k, said in words.items()
            }
    return Words(named, sizes, frozenset(calls))


EVERY = re.compile(r" \[(\d+)::(\d+)\]$")


def plain(code: str) -> str:
    """Return an expression in one spelling; what is no expression ("x +=") stays as it is."""
    try:
        return ast.unparse(ast.parse(code, mode="eval"))
    except SyntaxError:
        return code


def places_of(places: list[Place], function: str, name: str) -> list[int]:
    """Return the numbers of the places that give a named quantity its value: those that store it, last first, else one that reads it."""
    inside = [(n, p) for n, p in enumerate(places) if p.function == function]
    stored = [
        n
        for n, p in inside
        if (p.kind == "whole" and p.target == name) or (p.kind == "after" and p.code == name)
    ]
    if stored:
        return stored[::-1]
    return [n for n, p in inside if p.kind != "after" and plain(p.code) == name][:1]


class Recorder:
    """The instrumented solution of one task, and which of its places are named."""

    def __init__(self, lab: Lab, task: Task, texts: Mapping[str, str], words: Words):
        """Load the solution.

        Args:
            lab: the lab.
            task: whose driver runs.
            texts: the files of the solution, perhaps with mistakes in them.
            words: what the quantities are called.
        """
        self._runner, self._words = Here(lab, task, texts), words
        self._places = {
            name: places_of(self._runner.places, function, code)
            for name, (function, code, _, _) in (words.named | words.sizes).items()
        }
        released = "".join(strip(text, file) for file, text in texts.items()).replace('"', "'")
        self._published = {  # what stands in the solution alone goes by a number
            name: name
            if not EVERY.search(name) and re.search(rf"(?<!\w){re.escape(code)}(?!\w)", released)
            else f"{function} #{number}"
            for number, (name, (function, code, _, _)) in enumerate(words.named.items())
        }

    def place_of(self, name: str) -> Place:
        """Return the place that gives a quantity, by its published name, its value."""
        own = next(own for own, published in self._published.items() if published == name)
        return self._runner.places[self._places[own][0]]

    def basis(self, probe: Probe) -> Basis:
        """Return what the solution knows on one probe. Quantities that are not computed are left out."""
        recording = self._runner.record(probe)

        def values(name: str) -> list[list]:
            found = [recording.seen[number] for number in self._places[name] if number in recording.seen]
            calls = max(map(len, found), default=0)  # in each call the last statement that stores it counts
            every = EVERY.search(name)
            first, step = map(int, every.groups()) if every else (0, 1)
            return [next((f[c] for f in found if c < len(f) and f[c]), [])[first::step] for c in range(calls)]

        quantities = {
            name: Quantity(said, values(name), given)
            for name, (_, _, said, given) in self._words.named.items()
        }
        sizes = {
            said: Quantity(said, values(name)).first for name, (_, _, said, _) in self._words.sizes.items()
        }
        called = [self._runner.places[number] for number in recording.called]
        return Basis(
            {self._published[name]: q for name, q in quantities.items() if q.first is not None},
            {said: int(size) for said, size in sizes.items() if size is not None},
            tuple(p.calls for p in called if (p.function, p.calls) in self._words.calls),
        )


def unknown(texts: Mapping[str, str], words: Words) -> list[str]:
    """Return the names in a table of words that stand nowhere in the solution."""
    places = [place for text in texts.values() for place in instrumented(text)[1]]
    found = [
        name
        for name, (function, code, _, _) in (words.named | words.sizes).items()
        if not places_of(places, function, code)
    ]
    called = {(place.function, place.calls) for place in places}
    return found + [f"{function}: {method}" for function, method in sorted(words.calls - called)]
