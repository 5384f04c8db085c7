"""Lab 1's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

import numpy as np

from cattern.checking.lab import Probe

# id: N, D, H, C, reg, scale of X, and how many of the highest classes are absent
PROBLEMS = {
    "plain": (7, 4, 6, 5, 0.1, 1.0, 0),
    "highest class absent": (8, 5, 9, 4, 0.7, 1.0, 1),
    "N = C": (4, 3, 5, 4, 0.3, 1.0, 0),
    "D = H": (6, 4, 4, 3, 0.2, 1.0, 0),
    "one example": (1, 3, 4, 3, 0.2, 1.0, 0),
    "inputs × 10": (9, 6, 7, 3, 0.05, 10.0, 0),
}


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#7"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    if task_id == "TODO#1":
        return [Probe(name, problem(rng, *sizes)) for name, sizes in PROBLEMS.items()]
    if task_id == "TODO#2":
        problems = {name: problem(rng, *sizes) for name, sizes in PROBLEMS.items()}
        positive = problem(rng, 5, 4, 5, 3, 0.15, 1.0, 0)
        # where the logarithm of a score is a number
        problems["all scores positive"] = positive | {"b2": positive["b2"] + 10.0}
        return [
            Probe(name, {**inputs, "style": name == "all scores positive"})
            for name, inputs in problems.items()
        ]
    if task_id == "TODO#3":
        probes = [Probe(name, problem(rng, *sizes)) for name, sizes in PROBLEMS.items()]
        probes.append(Probe("own derivative", {**problem(rng, 5, 3, 6, 4, 0.4, 1.0, 0), "own": True}))
        # where a product with the wrong matrix has a shape that goes on
        return [*probes, Probe("H = C", problem(rng, 6, 3, 4, 4, 0.3, 1.0, 0))]
    if task_id == "TODO#4":
        return [
            Probe(
                "many examples",
                training(rng, N=24, batch_size=12, num_iters=14, runs=3, learning_rate_decay=1.0),
            ),
            Probe("N < batch_size", training(rng, N=5, batch_size=8, num_iters=4, learning_rate_decay=1.0)),
        ]
    if task_id == "TODO#5":
        return [
            Probe("one step", training(rng, N=24, batch_size=6, num_iters=1, verbose=True)),
            # no decay: what is wrong with that shows in its own task
            Probe("nine steps", training(rng, N=24, batch_size=6, num_iters=9, learning_rate_decay=1.0)),
        ]
    if task_id == "TODO#6":
        return [
            Probe("four steps an epoch", training(rng, N=24, batch_size=6, num_iters=18, verbose=True)),
            Probe("one step an epoch", training(rng, N=12, batch_size=12, num_iters=5)),
        ]
    if task_id == "TODO#7":
        negative = classes(rng, 40, 4, 6, 5)
        negative["b2"] = negative["b2"] - 50.0
        return [
            Probe("many rows", classes(rng, 60, 4, 7, 6)),
            Probe("all scores negative", negative),
            # where biases do not rule, inputs that were made smaller still are of several classes
            Probe("small biases", classes(rng, 40, 4, 6, 5, bias_scale=1e-3)),
        ]
    return [Probe("answer", {})]


def problem(
    rng: np.random.Generator, N: int, D: int, H: int, C: int, reg: float, scale: float, absent: int
) -> dict:
    """Return a network's parameters and a batch: X (N, D) float64, y (N,) int64, non-zero biases.

    No hidden unit is so close to its kink that a centred difference would step over it, and every problem has both
    positive and negative ones.
    """
    while True:
        X = rng.normal(size=(N, D))
        W1, b1 = rng.normal(size=(D, H)) * 0.6, rng.normal(size=H) * 0.4
        W2, b2 = rng.normal(size=(H, C)) * 0.6, rng.normal(size=C) * 0.4
        X, W1 = X * scale, W1 / scale
        before_relu = X @ W1 + b1
        y = rng.integers(C - absent, size=N)
        mixed = (before_relu > 0).any(axis=1).all() and (before_relu < 0).any(axis=1).all()
        if np.abs(before_relu).min() > 1e-2 and mixed and (N == 1 or len(np.unique(y)) > 1):
            return {"X": X, "y": y, "W1": W1, "b1": b1, "W2": W2, "b2": b2, "reg": reg}


def classes(rng: np.random.Generator, N: int, D: int, H: int, C: int, bias_scale: float = 1.0) -> dict:
    """Return a `problem` in which the network predicts every class, and another than 0 most often."""
    while True:
        found = problem(rng, N, D, H, C, 0.0, 1.0, 0)
        found |= {name: bias_scale * found[name] for name in ("b1", "b2")}
        hidden = np.maximum(found["X"] @ found["W1"] + found["b1"], 0)
        predicted = np.bincount(np.argmax(hidden @ found["W2"] + found["b2"], axis=1), minlength=C)
        if predicted.all() and np.argmax(predicted) > 0:
            return found


def training(
    rng: np.random.Generator, N: int, batch_size: int, num_iters: int, runs: int = 1, **options
) -> dict:
    """Return a small training problem; the rows of X differ from one another, so that each can be recognised."""
    base = problem(rng, N, 3, 4, 5, 0.25, 1.0, 0)
    return {
        **base,
        "X_val": rng.normal(size=(4, 3)),
        "y_val": rng.integers(5, size=4),
        "learning_rate": 0.1,
        "learning_rate_decay": 0.6,
        "num_iters": num_iters,
        "batch_size": batch_size,
        "verbose": False,
        "runs": runs,
        **options,
    }
