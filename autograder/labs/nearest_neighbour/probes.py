"""Lab 6's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

from collections import Counter

import numpy as np

from cattern.checking.lab import Probe

KS = (4, 6, 7, 9)  # none is the place of another in the list, nor an accuracy


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#4"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    makers = {"TODO#1": rows, "TODO#2": tables, "TODO#3": ballots, "TODO#4": choices}
    return makers[task_id](rng) if task_id in makers else [Probe("answer", {})]


def rows(rng: np.random.Generator) -> list[Probe]:
    """Rows of two sets, N, M and D all different; one row alone; and rows compared with themselves."""
    # far from 0, so that rounding leaves negative numbers on the diagonal
    same = rng.uniform(100, 255, (30, 50))
    return [
        Probe("small", {"X": rng.normal(size=(4, 3)), "X_train": rng.normal(size=(6, 3)) + 1, "style": True}),
        Probe("one row", {"X": rng.normal(size=(1, 5)), "X_train": rng.normal(size=(7, 5))}),
        Probe("the same rows", {"X": same, "X_train": same.copy()}),
    ]


def tables(rng: np.random.Generator) -> list[Probe]:
    """Tables of different distances with different k; and one in which many distances are equal."""
    probes = []
    for name, N, M, k in (("one neighbour", 4, 6, 1), ("three neighbours", 5, 9, 3), ("all", 3, 7, 7)):
        apart = np.array([rng.permutation(M) for _ in range(N)]) + rng.uniform(0.1, 0.4, (N, M))
        # no label is a row number of its own training image, nor of a neighbour's
        probes.append(Probe(name, {"distances": apart, "y_train": 20 + rng.permutation(M), "k": k}))
    equal = rng.permutation(np.resize([1.0, 2.0], 40)).reshape(1, 40)
    about = {"distances": equal, "y_train": 50 + rng.permutation(40), "k": 9, "ties": True}
    return [*probes, Probe("equal distances", about)]


def ballots(rng: np.random.Generator) -> list[Probe]:
    """Rows with a clear winner that is neither nearest nor in the middle; a single neighbour; and tied rows."""
    C, clear, tied = 10, [], []
    for _ in range(12):
        winner, *others = rng.permutation(C)[:4]
        clear.append([others[0], *rng.permutation([winner] * 3 + others[1:])])
    for turn in range(12):
        three = sorted(rng.permutation(np.arange(1, C))[:3])
        if turn < 2:  # in Python's order of a set of small numbers, 8 comes before 1 to 7
            three = [*sorted(rng.permutation(np.arange(1, 8))[:2]), 8]
        # the third is below them, between or above: no median helps, nor who is there at all
        other = three.pop(turn % 3)
        low, high = three
        # the larger label is the nearest in every other row, so that no other tie rule gives the same
        first = [high, low] if turn % 2 else [low, high]
        tied.append([*first, *rng.permutation([low, high, other])])
    return [
        Probe("clear majorities", {"labels": np.array(clear), "num_classes": C}),
        Probe("one neighbour", {"labels": rng.permutation(C).reshape(C, 1), "num_classes": C}),
        Probe("ties", {"labels": np.array(tied), "num_classes": C, "ties": True}),
    ]


def choices(rng: np.random.Generator) -> list[Probe]:
    """Validation sets whose best k is in the middle of the candidates; and one where two k are equally good."""
    probes, wanted = [], [("five classes", False), ("another set", False), ("equally good", True)]
    while wanted:
        N, M, C = 23, 11, 5
        distances, y_train = rng.uniform(1, 9, (N, M)), rng.permutation(np.resize(np.arange(C), M))
        table = np.array([[vote(row, y_train, k) for row in distances] for k in range(1, M + 1)])
        y_val = np.where(
            rng.random(N) < 0.5, table[rng.integers(M, size=N), np.arange(N)], rng.integers(C, size=N)
        )
        shares = np.mean(table[np.array(KS) - 1] == y_val, axis=1)
        best = np.flatnonzero(shares == shares.max())
        name, ties = wanted[0]
        if len(best) == 1 + ties and best[0] > 0 and best[-1] < len(KS) - (not ties):
            about = {"distances": distances, "y_train": y_train, "y_val": y_val, "ks": np.array(KS)}
            probes.append(Probe(name, {**about, "predictions": table, "ties": ties}))
            wanted.pop(0)
    return probes


def vote(row: np.ndarray, y_train: np.ndarray, k: int) -> int:
    """Return the label that one row of distances gives, one step at a time: what the stand-in predicts."""
    count = Counter(int(y_train[j]) for j in sorted(range(len(row)), key=lambda j: row[j])[:k])
    return min(count, key=lambda label: (-count[label], label))
