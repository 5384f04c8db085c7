"""What went wrong, in lines for a terminal: what is the same for many is said once."""

from collections.abc import Mapping

from autograder.submission.repair import some
from cattern.checking.run import printable


def by_reason(troubles: Mapping[str, str]) -> list[str]:
    """Return name → why as lines: who, or how many and the first few of them, and why."""
    names: dict[str, list[str]] = {}
    for name, why in troubles.items():
        names.setdefault(why, []).append(printable(name))
    whose = {why: some(n) if len(n) == 1 else f"{len(n)} students ({some(n)})" for why, n in names.items()}
    return [f"{who}: {printable(why, 400)}" for why, who in whose.items()]
