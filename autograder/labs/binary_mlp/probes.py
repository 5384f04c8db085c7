"""Lab 4's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

from itertools import pairwise

import numpy as np

from cattern.checking.lab import Probe

# id: C, label, scale of the logits
EXAMPLES = {"two classes": (2, 1, 1.0), "first of five": (5, 0, 1.0), "large logits": (4, 2, 8.0)}
# id: D, C
MAPS = {"D > C": (5, 3), "D < C": (2, 4), "D = C": (3, 3)}
# id: N, D, H, C
NETWORKS = {"plain": (5, 4, 6, 3), "D = H": (4, 5, 5, 2), "one example": (1, 3, 6, 2)}


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#9"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    if task_id in ("TODO#1", "TODO#2"):
        return [Probe(name, example(rng, *sizes)) for name, sizes in EXAMPLES.items()]
    if task_id == "TODO#3":
        return [Probe(name, linear_map(rng, *sizes)) for name, sizes in MAPS.items()]
    if task_id in ("TODO#4", "TODO#8"):
        return [Probe(name, network(rng, task_id, *sizes)) for name, sizes in NETWORKS.items()]
    if task_id in ("TODO#5", "TODO#9"):
        probes = [Probe(name, network(rng, task_id, *sizes)) for name, sizes in NETWORKS.items()]
        return [*probes, Probe("own derivative", {**network(rng, task_id, 3, 2, 4, 2), "own": True})]
    if task_id == "TODO#6":
        return [
            Probe("one update", run(rng, N=6, num_epochs=1, batch_size=6)),
            Probe("two epochs", run(rng, N=11, num_epochs=2, batch_size=4)),
        ]
    if task_id == "TODO#7":
        return [
            Probe("two classes", rows(rng, N=14, D=3, C=2)),
            Probe("more classes than features", rows(rng, N=17, D=3, C=5)),
        ]
    return [Probe("answer", {})]


def example(rng: np.random.Generator, C: int, label: int, scale: float) -> dict:
    """Return logits (C,), all different, and a label that is not the highest of them."""
    while True:
        logits = rng.uniform(0.3, 1.5, C) * rng.permutation([1, *rng.choice([-1, 1], C - 1)]) * scale
        if label != np.argmax(logits) and np.diff(np.sort(logits)).min() > 0.1:
            return {"logits": logits, "label": label}


def linear_map(rng: np.random.Generator, D: int, C: int) -> dict:
    """Return weights W (D, C), an input h (D,) and a gradient dlogits (C,)."""
    return {"W": rng.normal(size=(D, C)), "h": rng.normal(size=D), "dlogits": rng.normal(size=C)}


def network(rng: np.random.Generator, task_id: str, N: int, D: int, H: int, C: int) -> dict:
    """Return parameters, a batch X (N, D) and a gradient dlogits (N, C), with non-zero biases.

    No hidden unit is close to its kink. Every ReLU lets something through and stops something, and two ReLUs in a row
    do not stop the same.
    """
    sizes = (D, H, C) if task_id in ("TODO#4", "TODO#5") else (D, H, H, C)
    while True:
        maps = {}
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
            maps[f"W{i}"] = rng.normal(size=(fan_in, fan_out)) * 0.8
            maps[f"b{i}"] = rng.normal(size=fan_out) * 0.5
        X, dlogits = rng.normal(size=(N, D)), rng.normal(size=(N, C))
        h, masks, gap = X, [], 1.0
        for i in range(1, len(sizes) - 1):
            Z = h @ maps[f"W{i}"] + maps[f"b{i}"]
            gap, h = min(gap, np.abs(Z).min()), np.maximum(Z, 0)
            masks.append(Z > 0)
        mixed = all(1 < mask.sum() < mask.size - 1 for mask in masks)
        if gap > 1e-2 and mixed and (len(masks) == 1 or (masks[0] != masks[1]).mean() > 0.25):
            return {**maps, "X": X, "dlogits": dlogits}


def rows(rng: np.random.Generator, N: int, D: int, C: int) -> dict:
    """Return the stand-in's weights W (D, C), rows X (N, D) and labels y (N,).

    No two scores of a row are close, and more than half of the rows are right, but not all. The highest score of all
    is in the first row, so that argmax without an axis gives a label, too.
    """
    while True:
        X, W = rng.normal(size=(N, D)), rng.normal(size=(D, C))
        X = np.roll(X, -int(np.argmax((X @ W).max(axis=1))), axis=0)
        scores = X @ W
        y = np.where(rng.random(N) < 0.5, scores.argmax(axis=1), rng.integers(C, size=N))
        top = np.sort(scores, axis=1)
        right = np.mean(scores.argmax(axis=1) == y)
        usual = np.mean((scores[:, -1] > 0) == y)  # what a threshold at 0 would say
        if (top[:, -1] - top[:, -2]).min() > 1e-3 and 0.55 < right < 0.85 and abs(right - usual) > 0.05:
            return {"X": X, "W": W, "y": y}


def run(rng: np.random.Generator, N: int, num_epochs: int, batch_size: int) -> dict:
    """Return a small training problem for the stand-in network."""
    return {
        **rows(rng, N, 3, 4),
        "num_epochs": num_epochs,
        "batch_size": batch_size,
        "learning_rate": 0.15,
        "seed": int(rng.integers(10**6)),
    }
