"""Hand-ins that look alike: winnowed fingerprints of their code, weighed by how rare each is in this class.

What the release brought counts for nothing, and what half of the class wrote counts for next to nothing: of a task that has
one short right answer, everybody's answer is alike. What is left is a question to two students, never a verdict.
"""

import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

K = 20  # characters of normalised code in one fingerprint
WINDOW = 8  # one of so many neighbouring fingerprints is kept
FEWEST = 25  # fingerprints of weight that two hand-ins must share; a line has two to four
ALIKE = 0.8  # share of the smaller hand-in's weight, at least
MOST_PAIRS = 30


@dataclass(frozen=True)
class Likeness:
    """What a comparison found.

    Attributes:
        compared: hand-ins with code of their own.
        pairs: (one student, the other, share of the smaller hand-in's weight from 0 to 1, fingerprints shared).
        usual: the class's own base rate: (median, 95th, 99th percentile) of that share over all pairs.
    """

    compared: int
    pairs: list[tuple[str, str, float, int]]
    usual: tuple[float, float, float]


def fingerprints(files: Mapping[str, bytes]) -> frozenset[int]:
    """Return a hand-in's fingerprints: names are one name, comments and layout are gone."""
    from copydetect import CodeFingerprint

    found: set[int] = set()
    for name, content in sorted(files.items()):
        text = content.decode("utf-8", errors="replace")
        made = CodeFingerprint(name, K, WINDOW, language="python", fp=io.StringIO(text))
        found |= {int(number) for number in made.hashes}
    return frozenset(found)


def compare(hand_ins: Iterable[tuple[str, frozenset[int]]], skeleton: frozenset[int]) -> Likeness:
    """Return the pairs that look alike beyond what is usual in this class.

    Args:
        hand_ins: student and fingerprints.
        skeleton: the fingerprints of what was released.
    """
    from scipy.sparse import csr_matrix

    own = {student: sorted(prints - skeleton) for student, prints in hand_ins}
    own = {student: prints for student, prints in own.items() if prints}
    if len(own) < 2:
        return Likeness(len(own), [], (0.0, 0.0, 0.0))
    students = sorted(own)
    columns = {number: i for i, number in enumerate(sorted(set().union(*own.values())))}
    where = [columns[n] for s in students for n in own[s]]
    starts = np.cumsum([0, *(len(own[s]) for s in students)])
    has = csr_matrix((np.ones(len(where)), where, starts), (len(students), len(columns)))
    holders = np.asarray(has.sum(axis=0)).ravel()
    weight = (
        np.log(len(students) / holders) / math.log(len(students) / 2)
        if len(students) > 2
        else np.ones_like(holders)
    )
    weighed = has.multiply(np.clip(weight, 0.0, 1.0)).tocsr()
    shared, counts = (weighed @ has.T).toarray(), (has @ has.T).toarray()
    total = np.diag(shared)
    least = np.minimum.outer(total, total)
    share = np.divide(shared, least, out=np.zeros_like(shared), where=least > 0)
    rows, others = np.triu_indices(len(students), 1)
    shares = share[rows, others]
    usual = tuple(float(round(q, 3)) for q in np.quantile(shares, (0.5, 0.95, 0.99)))
    alike = np.flatnonzero((shares >= ALIKE) & (shared[rows, others] >= FEWEST))
    alike = alike[np.argsort(-shares[alike], kind="stable")][:MOST_PAIRS]
    pairs = [
        (students[rows[i]], students[others[i]], float(round(shares[i], 3)), int(counts[rows[i], others[i]]))
        for i in alike
    ]
    return Likeness(len(students), pairs, usual)
