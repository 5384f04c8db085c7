"""Knows the cells of a notebook again that lost their nbgrader metadata: by the released text, else by their place and text.

Editors that rewrite a notebook drop what they do not know. The cells that read as released fix the places; what stands
between two of them is where the answer between them belongs.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from autograder.submission.notebook import grade_id


def recover_by_place(cells: list[dict], stubs: Sequence[dict]) -> list[str]:
    """Give cells the grade_ids that no cell has any more, and return these.

    Args:
        cells: the student's, in order; changed in place.
        stubs: the released ones, in order.
    """
    present = {grade_id(cell) for cell in cells}
    wanted = {name for stub in stubs if (name := grade_id(stub))}
    lost = wanted - present
    if not lost:
        return []
    # Where nothing kept its tag, place alone tells; else an untagged cell may well be one that the student added.
    by_place = not present & wanted
    found = []
    for stub, cell in _pairs(cells, stubs, lost, by_place):
        cell["metadata"] = {"nbgrader": {"grade_id": grade_id(stub)}}
        found.append(grade_id(stub))
    return found


def _pairs(cells, stubs, lost: set[str], by_place: bool) -> Iterator[tuple[dict, dict]]:
    ours = [_token(stub, f"stub {k}") for k, stub in enumerate(stubs)]
    theirs = [_token(cell, f"cell {k}") for k, cell in enumerate(cells)]
    after = (0, 0)
    for a, b, size in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        yield from _in_gap(stubs[after[0] : a], cells[after[1] : b], lost, by_place)
        for stub, cell in zip(stubs[a : a + size], cells[b : b + size]):
            if grade_id(stub) in lost and not grade_id(cell):
                yield stub, cell
        after = (a + size, b + size)


def _token(cell: dict, else_unlike: str) -> str:
    return f"tag {grade_id(cell)}" if grade_id(cell) else cell["source"].strip() or else_unlike


def _in_gap(stubs, cells, lost: set[str], by_place: bool) -> Iterator[tuple[dict, dict]]:
    for kinds in (("code",), ("markdown", "raw")):
        ours = [s for s in stubs if grade_id(s) in lost and s["cell_type"] in kinds]
        free = [c for c in cells if not grade_id(c) and c["source"].strip() and c["cell_type"] in kinds]
        if by_place and len(ours) == len(free):
            yield from zip(ours, free)
            continue
        for stub in ours:
            alike = [_shared(stub, cell) for cell in free]
            best = max(alike, default=0)
            if best and alike.count(best) == 1:
                yield stub, free.pop(alike.index(best))


def _shared(one: dict, other: dict) -> int:
    """Return how many lines two cells have in common, those aside that say nothing."""
    lines = [{line.strip() for line in cell["source"].splitlines()} for cell in (one, other)]
    return sum(len(line) > 8 for line in lines[0] & lines[1])
