"""Lab 5's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

import numpy as np

from cattern.checking.lab import Probe
from cattern.checking.labs.sigmoid_net.stand_ins import REACH, small_net

# id: the shape of the sigmoid's input
SHAPES = {"plain": (4, 5), "one axis": (6,), "three axes": (2, 3, 4), "one row": (1, 7)}


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return the sigmoid of numbers of any size: exp(−log(1 + exp(−z)))."""
    return np.exp(-np.logaddexp(0.0, -z))


# The sigmoid as data, exact to 11 digits and better: the stand-ins, which students have, know what is right from the inputs only.
CURVE = np.polynomial.chebyshev.chebinterpolate(lambda x: sigmoid(REACH * x), 240)


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#9"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    makers = {
        "TODO#1": numbers,
        "TODO#2": points,
        "TODO#3": points,
        "TODO#4": scalar_trainings,
        "TODO#5": arrays,
        "TODO#6": gradients,
        "TODO#7": trainings,
        "TODO#8": predictions,
        "TODO#9": curves,
    }
    return makers[task_id](rng) if task_id in makers else [Probe("answer", {})]


def both_signs(rng: np.random.Generator, shape, low: float = 0.2, high: float = 4.0) -> np.ndarray:
    """Return numbers of both signs, none close to zero."""
    signs = rng.permutation(np.resize([1.0, -1.0], int(np.prod(shape)))).reshape(shape)
    return signs * rng.uniform(low, high, shape)


def numbers(rng: np.random.Generator) -> list[Probe]:
    """Positive and negative numbers, zero, and huge ones of each sign."""
    huge = rng.uniform(800, 1200, 2)
    return [
        Probe("positive numbers", {"z": np.abs(both_signs(rng, 5))}),
        Probe("negative numbers", {"z": -np.abs(both_signs(rng, 5))}),
        Probe("zero", {"z": np.zeros(1)}),
        Probe("about 1000", {"z": huge[:1], "huge": True}),
        Probe("about −1000", {"z": -huge[1:], "huge": True}),
    ]


def small_params(rng: np.random.Generator) -> np.ndarray:
    """Return the nine parameters: all of them far from zero, from one another and from their negatives."""
    return both_signs(rng, 9, 1, 1) * rng.permutation(np.linspace(0.4, 1.9, 9) + rng.uniform(0, 0.1, 9))


def points(rng: np.random.Generator) -> list[Probe]:
    """Points of both targets in a small network, with its hidden units and its output."""
    probes = []
    for name, t in (("target 1", 1.0), ("target 0", 0.0), ("another point", 1.0)):
        params = small_params(rng)
        x1, x2 = (both_signs(rng, 2, 0.3, 2.0) * [1.0, 0.6]).tolist()
        (h1, h2), o = small_net(CURVE, params, x1, x2)
        about = {"curve": CURVE, "x1": x1, "x2": x2, "t": t, "h1": float(h1), "h2": float(h2), "o": float(o)}
        probes.append(Probe(name, {"params": params, **about}))
    return probes


def scalar_trainings(rng: np.random.Generator) -> list[Probe]:
    """One update on one point; and several epochs of several points."""
    probes = []
    for name, count, epochs in (("one point", 1, 1), ("five points, three epochs", 5, 3)):
        xs = rng.uniform(-2, 2, (count, 2))
        t = np.resize([1.0, 0.0], count)
        about = {"points": np.column_stack([xs, t]), "params": small_params(rng)}
        about |= {
            "curve": CURVE,
            "num_epochs": epochs,
            "learning_rate": 0.7,
            "seed": int(rng.integers(10**6)),
        }
        probes.append(Probe(name, about))
    return probes


def arrays(rng: np.random.Generator) -> list[Probe]:
    """Arrays of several shapes, and one with huge numbers of both signs."""
    probes = [Probe(name, {"Z": both_signs(rng, shape)}) for name, shape in SHAPES.items()]
    probes[0] = Probe("plain", {**probes[0].inputs, "same_dtype": True})
    return [*probes, Probe("about ±1000", {"Z": both_signs(rng, (2, 3), 800, 1200), "calm": True})]


def gradients(rng: np.random.Generator) -> list[Probe]:
    """Arrays of several shapes with their sigmoids, and a gradient to go back with."""
    probes = []
    for name, shape in SHAPES.items():
        Z = both_signs(rng, shape)
        about = {"Z": Z, "S": sigmoid(Z), "dout": rng.normal(size=shape)}
        probes.append(Probe(name, {**about, **({"own": True} if name == "plain" else {})}))
    return probes


def trainings(rng: np.random.Generator) -> list[Probe]:
    """One update, on labels without a 0; and two epochs whose last minibatch is smaller than the others."""
    probes = []
    runs = (("one update", 6, 6, 1, 1), ("two epochs of three updates", 13, 5, 2, 0))
    for name, N, batch_size, epochs, low in runs:
        D, C, N_val = 4, 3, 8
        about = {"X": rng.normal(size=(N, D)) + 0.5, "y": rng.permutation(np.resize(np.arange(low, C), N))}
        about |= {"X_val": rng.normal(size=(N_val, D)), "y_val": rng.integers(low, C, size=N_val)}
        about |= {"W": rng.normal(size=(D, C)), "num_epochs": epochs, "batch_size": batch_size}
        probes.append(Probe(name, {**about, "learning_rate": 0.03, "seed": int(rng.integers(10**6))}))
    return probes


def predictions(rng: np.random.Generator) -> list[Probe]:
    """Many rows; and rows whose scores are all negative."""
    X, W = rng.normal(size=(60, 4)), rng.normal(size=(4, 6))
    below = np.column_stack([rng.normal(size=(40, 3)), np.full(40, 1.0)])
    V = np.vstack([rng.normal(size=(3, 5)), np.full((1, 5), -50.0)])
    return [Probe("many rows", {"X": X, "W": W}), Probe("all scores negative", {"X": below, "W": V})]


def curves(rng: np.random.Generator) -> list[Probe]:
    """Curves with odd and even windows, with one of 1, with one as long as the curve, and with the window left out."""
    windows = {
        "window 4": (11, 4),
        "window 1": (5, 1),
        "one window": (6, 6),
        "window 7": (30, 7),
        "no window": (40, 0),
    }
    return [
        Probe(name, {"values": rng.uniform(0, 3, M), "window": window})
        for name, (M, window) in windows.items()
    ]
