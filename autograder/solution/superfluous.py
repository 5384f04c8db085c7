"""Which entries of a catalogue are superfluous: the place in the student's own code explains as much without them.

An entry is tried where it is planted: in the solution, and in the solution rewritten in three other styles. Taking it out may
cost no point in any task (a later task is paid for following an earlier mistake by its name), no place of a property that
it explained, and nothing else may be named instead. What its text teaches beyond "this is …, needed here is …" is for a person to say.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from autograder.solution.patches import Patch
from autograder.solution.reference import SolutionReference
from autograder.solution.styles import STYLES, restyled
from autograder.solution.trial import Without, verdicts
from cattern.checking.locate.entries import RAISES, WRONG
from cattern.checking.locate.words import sentences
from cattern.checking.verdict import TaskVerdict

FEW = 4  # tokens: `, axis=1` are four


@dataclass(frozen=True)
class Finding:
    """What taking an entry out does.

    Attributes:
        patch: the entry.
        costs: what is lost, a sentence each, in the first style where anything is; empty where nothing is.
        words: what is said instead in the solution's own style.
    """

    patch: Patch
    costs: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def tells(self) -> bool:
        """Whether the words say what stands in the place, and not only that it is wrong or raises."""
        return not any(f" {words}. " in said for said in self.words for words in (WRONG, RAISES))


def mechanical(patch: Patch) -> bool:
    """Tell whether a mistake changes a few tokens in one place: a constant, an operator, an axis, a name, a factor."""
    if len(patch.patches) != 1:
        return False
    old, new = (re.findall(r"\d+\.\d+|\w+|[^\w\s]", text) for text in patch.patches[0])
    changes = [op for op in SequenceMatcher(None, old, new, False).get_opcodes() if op[0] != "equal"]
    return len(changes) == 1 and all(b - a <= FEW for a, b in (changes[0][1:3], changes[0][3:5]))


def superfluous(reference: SolutionReference, chosen: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what taking each mechanical entry out does, in the order of the catalogue.

    Those that cost nothing when they go alone are tried once more, all out together: one may have stood in for another.

    Args:
        reference: the lab's reference.
        chosen: ids to try; all mechanical ones when empty.
    """
    free = []
    for patch in reference.patches.values():
        if patch.id in chosen if chosen else mechanical(patch):
            found = tried(reference, patch, {patch.id})
            if found.costs:
                yield found
            else:
                free.append(found)
    out = {found.patch.id for found in free}
    for found in free:
        yield found if len(out) == 1 else tried(reference, found.patch, out)


def tried(reference: SolutionReference, patch: Patch, out: Collection[str]) -> Finding:
    """Return what becomes of a planted mistake when some entries are taken out, itself among them."""
    costs, words = (), ()
    for style in (None, *range(STYLES)):
        texts = {
            file: text if style is None else restyled(text, style)
            for file in reference.lab.student_files
            for text in [reference.patched(file, frozenset([patch.id]))]
        }
        before = [v for v, _ in verdicts(reference.lab, texts, reference)]
        after = [v for v, _ in verdicts(reference.lab, texts, Without(reference, out, reference.computes()))]
        pairs = list(zip(before, after, strict=True))
        words = words or tuple(s for v in after if v.id == patch.task for s in sentences(v.to_json()))
        costs = tuple(cost for old, new in pairs for cost in _costs(old, new))
        if costs:
            return Finding(patch, costs, words)
    return Finding(patch, (), words)


def _costs(before: TaskVerdict, after: TaskVerdict) -> Iterator[str]:
    """Yield what one task's verdict lost."""
    if after.score != before.score:
        yield f"{before.score - after.score:g} points of {before.id}"
    others = {m.id for m in after.mistakes} - {m.id for m in before.mistakes}
    if others:
        yield f"{', '.join(sorted(others))} named instead in {before.id}"
    if gone := sorted(_explained(before) - _explained(after)):
        yield f"no place in {before.id}: {', '.join(gone)}"


def _explained(verdict: TaskVerdict) -> set[str]:
    """Return the properties whose loss a name or a verified place explains."""
    rows = verdict.evidence.get("lost", ())
    named = {row["property"] for row in rows if row["mistakes"] or row.get("earlier")}
    return named | {entry["property"] for entry in verdict.located if entry["verified"]}
