"""Lab 3's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

import numpy as np

from cattern.checking.lab import Probe
from cattern.checking.labs._stand_ins import TanhLoss
from cattern.checking.labs.nn_library.drivers import Map

# id: num_samples, N, height, width, and where they are not 255, the lowest and highest number for white
SAMPLES = {
    "a half": (12, 24, 3, 4),
    "all images": (9, 9, 2, 3),
    "one image": (1, 5, 3, 2),
    "dim images": (8, 20, 3, 3, 120, 250),
}
# id: N, C, and how many of the highest and of the lowest classes are absent
LABELS = {
    "plain": (9, 5, 0, 0),
    "highest class absent": (8, 6, 2, 0),
    "N = C": (4, 4, 0, 0),
    "ten classes": (7, 10, 1, 1),
}
# id: shape, sd before the scaling
ARRAYS = {"biases": ((7,), 0.1), "weights": ((5, 3), 0.1), "many numbers": ((40, 250), 0.6)}


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#6"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    if task_id == "TODO#1":
        return [Probe(name, pictures(rng, *sizes)) for name, sizes in SAMPLES.items()]
    if task_id == "TODO#2":
        return [Probe(name, labels(rng, *sizes)) for name, sizes in LABELS.items()]
    if task_id == "TODO#3":
        return [
            Probe(name, {"shape": np.array(shape), "std": std, "seed": int(rng.integers(10**6))})
            for name, (shape, std) in ARRAYS.items()
        ]
    if task_id == "TODO#4":
        return [
            Probe("one minibatch", epoch(rng, N=7, D=4, C=5, cuts=[])),
            Probe("four minibatches", epoch(rng, N=17, D=4, C=3, cuts=[5, 10, 15], learning_rate=0.3)),
        ]
    if task_id == "TODO#5":
        return [
            Probe("more classes than features", rows(rng, N=11, D=3, C=5)),
            Probe("many rows", rows(rng, N=70, D=4, C=4, low=-2.0)),
        ]
    if task_id == "TODO#6":
        return [
            Probe("one epoch", run(rng, N=10, num_epochs=1, batch_size=5)),
            Probe("three epochs", run(rng, N=14, num_epochs=3, batch_size=4)),
        ]
    return [Probe("answer", {})]


def pictures(
    rng: np.random.Generator,
    num_samples: int,
    N: int,
    height: int,
    width: int,
    dim: int = 255,
    bright: int = 255,
) -> dict:
    """Return images (N, height, width) and labels, both uint8; every image has a black and a white pixel."""
    white = rng.integers(dim, bright + 1)
    images = rng.integers(1, white, size=(N, height, width), dtype=np.uint8)
    flat = images.reshape(N, -1)
    for image in flat:
        image[rng.choice(image.size, 2, replace=False)] = 0, white
    # neighbours differ in their labels, so that a wrong order shows
    digits = ((np.arange(N) + rng.integers(10)) * 3 % 10).astype(np.uint8)
    return {
        "images": images,
        "labels": digits,
        "num_samples": num_samples,
        "seed": int(rng.integers(10**6)),
    }


def labels(rng: np.random.Generator, N: int, C: int, high: int, low: int) -> dict:
    """Return labels (N,) of all but the highest and lowest classes, each at least once if there is room, in a random order."""
    y = low + np.arange(N) % (C - high - low)
    while (y[1:] >= y[:-1]).all() or (y == np.arange(N)).all():
        y = rng.permutation(y)
    return {"y": y, "num_classes": C}


def rows(rng: np.random.Generator, N: int, D: int, C: int, low: float = 0.0) -> dict:
    """Return the stand-in's weights W (D, C), rows X (N, D) and one-hot Y (N, C).

    No two scores of a row are close, and between a third and four fifths of the rows are right: no accuracy is 0, 1 or ½.
    """
    while True:
        X, W = rng.uniform(low, low + 2, size=(N, D)), rng.normal(size=(D, C))
        scores = X @ W
        y = np.where(rng.random(N) < 0.6, scores.argmax(axis=1), rng.integers(C, size=N))
        top = np.sort(scores, axis=1)
        right = np.mean(scores.argmax(axis=1) == y)
        if (top[:, -1] - top[:, -2]).min() > 1e-3 and 0.55 < right < 0.85 and len(np.unique(y)) > 1:
            return {"X": X, "W": W, "Y": np.eye(C)[y]}


def epoch(
    rng: np.random.Generator, N: int, D: int, C: int, cuts: list[int], learning_rate: float = 0.2
) -> dict:
    """Return an epoch: data, weights, and the order of the rows with the places where it is cut into minibatches.

    The update on some minibatch changes the accuracy on it, so that it shows which of the two is measured.
    """
    while True:
        problem = {**rows(rng, N, D, C), "order": rng.permutation(N), "cuts": np.array(cuts, dtype=int)}
        if learns(problem, learning_rate):
            return {**problem, "learning_rate": learning_rate}


def learns(problem: dict, learning_rate: float) -> bool:
    """Tell whether an update in the epoch changes the accuracy on its own minibatch."""
    layer, loss_layer, X, Y = Map(problem["W"]), TanhLoss(), problem["X"], problem["Y"]
    for batch in np.split(problem["order"], problem["cuts"]):
        layer.zero_grad()
        before = layer.forward(X[batch])
        loss_layer.forward(before, Y[batch])
        layer.backward(loss_layer.backward())
        layer.step(learning_rate)
        right = [
            np.sum(s.argmax(axis=1) == Y[batch].argmax(axis=1)) for s in (before, layer.forward(X[batch]))
        ]
        if right[0] != right[1]:
            return True
    return False


def run(rng: np.random.Generator, N: int, num_epochs: int, batch_size: int) -> dict:
    """Return a whole training run, with a validation set of another size."""
    base, other = rows(rng, N, 3, 4), rows(rng, N + 3, 3, 4)
    return {
        **base,
        "X_val": other["X"],
        "Y_val": other["Y"],
        "num_epochs": num_epochs,
        "batch_size": batch_size,
        "learning_rate": 0.15,
        "seed": int(rng.integers(10**6)),
    }
