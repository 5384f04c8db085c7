"""What judge and diagnosis ask about the solution: a protocol, and two questions that they ask of it."""

from collections.abc import Mapping
from typing import Protocol

from cattern.checking.facts import Facts
from cattern.checking.lab import Probe, Task
from cattern.checking.locate.basis import Basis
from cattern.checking.verdict import Mistake
from cattern.errors import CatternError

NOTHING: frozenset[str] = frozenset()


class Reference(Protocol):
    """The solution's facts. The grader computes them; a student's bundle carries them."""

    def probes(self, task: Task) -> list[Probe]:
        """Return the task's probes, the cheapest first."""

    def facts(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Facts | None:
        """Return the facts of one probe when the solution has these mistakes, or None when that is not known."""

    def mistakes(self, task: Task) -> Mapping[str, Mistake]:
        """Return the catalogue of one task: id → mistake."""

    def basis(self, task: Task, mistakes: frozenset[str], probe: Probe) -> Basis:
        """Return what the solution with these mistakes knows on a probe; see `locate`."""

    def hidden(self, task: Task, mistakes: frozenset[str]) -> frozenset[str]:
        """Return the facts that are the same, given these earlier mistakes, whether the task's code is there or not."""

    def computes(self) -> bool:
        """Tell whether any pair's facts can be had. If not, only pairs that leave each other's numbers alone are tried."""


def expectation(task: Task, reference: Reference, mistakes: frozenset[str] = NOTHING) -> Facts | None:
    """Return the facts of all probes under some mistakes, or None when the reference does not know them."""
    facts: Facts = {}
    for probe in reference.probes(task):
        one = reference.facts(task, mistakes, probe)
        if one is None:
            return None
        facts |= one
    return facts


def require_facts(task: Task, expected: Facts) -> None:
    """Refuse a property that nothing could fail, because the solution gives none of its facts.

    Raises:
        CatternError: there is such a property.
    """
    given = {fact for _, fact in expected}
    for prop in task.properties:
        if not prop.facts:
            raise CatternError(f"{task.id}, {prop.name!r}: it has no facts, so no program can judge it")
        if never := sorted({*prop.facts, *prop.or_facts} - given):
            raise CatternError(
                f"{task.id}, {prop.name!r}: on no probe does the solution give {never[0]!r}: "
                "mend the reading, or the name in the rubric"
            )
