"""Lab 2's inputs, drawn from a seed: the same for every student of a course, and unknown to them."""

import numpy as np

from cattern.checking.lab import Probe

# id: N, patches, pixels of a patch, filters
EMBEDDINGS = {"plain": (3, 5, 4, 2), "P = F": (2, 3, 4, 3), "one image": (1, 6, 9, 4), "K = F": (4, 2, 3, 3)}
# id: N, D, H
LINEARS = {"plain": (5, 4, 3), "D = H": (2, 3, 3), "one row": (1, 4, 2), "N = D": (4, 4, 6)}
# id: the shape of the ReLU's input
SHAPES = {"plain": (4, 5), "three axes": (2, 3, 4), "one row": (1, 6)}
# id: N, C, scale of the scores, how many of the highest classes are absent
SCORES = {
    "plain": (5, 4, 1.0, 0),
    "highest class absent": (6, 5, 2.0, 1),
    "N = C": (3, 3, 1.0, 0),
    "one row": (1, 4, 1.0, 0),
}


def draw(task_id: str, rng: np.random.Generator) -> list[Probe]:
    """Return the probes of one task, the cheapest first.

    Args:
        task_id: "TODO#1" … "TODO#14"; any other task gets one probe without inputs.
        rng: where all numbers come from.
    """
    makers = {
        "TODO#1": selections,
        "TODO#2": cuts,
        "TODO#3": lambda rng: once_back(rng, embeddings(rng)),
        "TODO#4": lambda rng: with_gradients(rng, embeddings(rng), embedding(rng, 2, 3, 4, 2)),
        "TODO#5": lambda rng: once_back(rng, linears(rng)),
        "TODO#6": lambda rng: with_gradients(rng, linears(rng), linear(rng, 3, 4, 2)),
        "TODO#7": lambda rng: once_back(rng, [*rectifiers(rng), Probe("with zeros", {"X": with_zeros(rng)})]),
        "TODO#8": rectifier_gradients,
        "TODO#9": losses,
        "TODO#10": loss_gradients,
        "TODO#11": chains,
        "TODO#12": chains,
        "TODO#13": trainings,
        "TODO#14": validations,
    }
    return makers[task_id](rng) if task_id in makers else [Probe("answer", {})]


def selections(rng: np.random.Generator) -> list[Probe]:
    """Labels of classes of unequal sizes, even and odd, some digits missing; one class with a single example."""
    sizes = {"plain": (8, 11, 6, 9), "a class of one": (1, 10, 7), "one class": (9,)}
    probes = []
    for name, of_class in sizes.items():
        labels = np.sort(rng.choice(np.arange(1, 10), len(of_class), replace=False))
        y = rng.permutation(np.repeat(labels, of_class))
        probes.append(Probe(name, {"y": y, "seed": int(rng.integers(10**6)), "draws": 32}))
    return probes


def cuts(rng: np.random.Generator) -> list[Probe]:
    """Images that are square and not; the size of a patch that is the default and not."""
    shapes = {
        "4×4 in 28×28": (2, 28, 28, 0),
        "wide": (3, 4, 6, 2),
        "tall": (2, 9, 6, 3),
        "one patch": (2, 3, 3, 3),
    }
    return [
        Probe(name, {"images": rng.normal(size=shape), "patch_size": size})
        for name, (*shape, size) in shapes.items()
    ]


def embedding(rng: np.random.Generator, N: int, P: int, K: int, F: int) -> dict:
    """Return patches X (N, P, K), filters W (K, F) and biases b (F,)."""
    return {"X": rng.normal(size=(N, P, K)), "W": rng.normal(size=(K, F)), "b": rng.normal(size=F)}


def embeddings(rng: np.random.Generator) -> list[Probe]:
    """Embeddings whose sizes differ from one another, and some that do not."""
    return [Probe(name, embedding(rng, *sizes)) for name, sizes in EMBEDDINGS.items()]


def linear(rng: np.random.Generator, N: int, D: int, H: int) -> dict:
    """Return rows X (N, D), weights W (D, H) and biases b (H,)."""
    return {"X": rng.normal(size=(N, D)), "W": rng.normal(size=(D, H)), "b": rng.normal(size=H)}


def linears(rng: np.random.Generator) -> list[Probe]:
    """Linear layers."""
    return [Probe(name, linear(rng, *sizes)) for name, sizes in LINEARS.items()]


def with_gradients(rng: np.random.Generator, probes: list[Probe], own: dict) -> list[Probe]:
    """Give each layer a gradient to go back with, and add one for the student's own derivative."""
    probes = [*probes, Probe("own derivative", {**own, "own": True})]
    return [Probe(probe.id, going_back(rng, probe.inputs)) for probe in probes]


def once_back(rng: np.random.Generator, probes: list[Probe]) -> list[Probe]:
    """Let the first probe of a forward pass go back as well: that tells what the layer keeps."""
    first, *others = probes
    return [Probe(first.id, going_back(rng, first.inputs)), *others]


def going_back(rng: np.random.Generator, inputs: dict) -> dict:
    """Return a layer's inputs with a gradient `dout` of its output, and what that should become: right_dX, right_W, right_b."""
    X = inputs["X"]
    if "W" not in inputs:
        dout = rng.normal(size=X.shape)
        return {**inputs, "dout": dout, "right_dX": np.where(X > 0, dout, 0.0)}
    N, K, F = len(X), *inputs["W"].shape
    patches = X.reshape(N, -1, K)
    dout = rng.normal(size=(N, F * patches.shape[1]))
    by_filter = dout.reshape(N, F, -1)
    return {
        **inputs,
        "dout": dout,
        "right_W": np.einsum("npk,nfp->kf", patches, by_filter),
        "right_b": np.einsum("nfp->f", by_filter),
        "right_dX": np.einsum("nfp,kf->npk", by_filter, inputs["W"]).reshape(X.shape),
    }


def off_zero(rng: np.random.Generator, shape: tuple) -> np.ndarray:
    """Return numbers of both signs, none close to zero; of each sign some below 1, some above, some beyond 6."""
    size = int(np.prod(shape))
    lowest, highest = np.resize([0.1, 1.1, 6.5], size), np.resize([0.9, 5.5, 9.0], size)
    signs = np.resize([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], size)
    return rng.permutation(signs * rng.uniform(lowest, highest)).reshape(shape)


def with_zeros(rng: np.random.Generator) -> np.ndarray:
    """Return numbers of both signs with zeros among them."""
    Z = off_zero(rng, (4, 6))
    Z[rng.permutation(4)[:3], rng.permutation(6)[:3]] = 0.0
    return Z


def rectifiers(rng: np.random.Generator) -> list[Probe]:
    """Inputs of the ReLU, far from its kink."""
    return [Probe(name, {"X": off_zero(rng, shape)}) for name, shape in SHAPES.items()]


def rectifier_gradients(rng: np.random.Generator) -> list[Probe]:
    """The same with gradients; last, an input with zeros in it."""
    probes = [Probe(p.id, {**going_back(rng, p.inputs), "own": p.id == "plain"}) for p in rectifiers(rng)]
    return [*probes, Probe("with zeros", {**going_back(rng, {"X": with_zeros(rng)}), "at_zero": True})]


def classified(rng: np.random.Generator, N: int, C: int, scale: float, absent: int) -> dict:
    """Return scores (N, C), labels y (N,), and what they mean: probs, targets and the gradient in the scores, all (N, C)."""
    scores = rng.normal(size=(N, C)) * scale + rng.normal()
    y = rng.permutation(np.resize(rng.permutation(C - absent), N))
    probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    about = {"scores": scores, "y": y, "probs": probs, "targets": np.eye(C)[y]}
    return {**about, "right_dscores": (probs - about["targets"]) / N}


def losses(rng: np.random.Generator) -> list[Probe]:
    """Scores with labels and with one-hot labels; and three ways for scores to reach ±1000."""
    probes = []
    for name, sizes in SCORES.items():
        problem = classified(rng, *sizes)
        one = problem if name == "plain" else {key: problem[key] for key in ("scores", "y")}
        probes.append(Probe(name, one))
    problem = classified(rng, 4, 6, 1.0, 0)
    probes.append(Probe("one-hot labels", {"scores": problem["scores"], "y": problem["targets"]}))
    offsets = {
        "scores near 1000": np.full((3, 5), 1000.0),
        "scores from -1000 to 1000": np.tile(np.linspace(-1000, 1000, 5), (3, 1)),
        "rows far apart": np.array([[-1000.0], [0.0], [1000.0]]),
    }
    for name, offset in offsets.items():
        huge = {"scores": offset + rng.normal(size=(3, 5)), "y": np.array([4, 0, 2]), "huge": True}
        probes.append(Probe(name, huge))
    return probes


def loss_gradients(rng: np.random.Generator) -> list[Probe]:
    """Probabilities with targets, and the scores and labels they come from."""
    probes = [Probe(name, classified(rng, *sizes)) for name, sizes in SCORES.items()]
    return [*probes, Probe("own derivative", {**classified(rng, 3, 4, 1.0, 0), "own": True})]


def chains(rng: np.random.Generator) -> list[Probe]:
    """Chains of stand-in layers, each of which makes its input one column wider."""
    return [
        Probe(
            f"{layers} layers",
            {"layers": layers, "X": rng.normal(size=(3, 4)), "dout": rng.normal(size=(3, 4 + layers))},
        )
        for layers in (3, 2, 1, 0)
    ]


def trainings(rng: np.random.Generator) -> list[Probe]:
    """Short runs of the stand-in network."""
    probes = []
    for name, updates in (("one update", 1), ("five updates", 5)):
        X, C = rng.normal(size=(12, 3)) + 1.0, 4
        batches = np.stack([rng.permutation(12)[:5] for _ in range(updates)])
        about = {"X": X, "y": rng.integers(C, size=12), "w": rng.normal(size=C), "batches": batches}
        probes.append(Probe(name, {**about, "learning_rate": 0.03}))
    return probes


def validations(rng: np.random.Generator) -> list[Probe]:
    """Sets of a stand-in network whose last batch is full, is not, and is the only one."""
    sizes = {
        "full batches": (12, 4),
        "a smaller last batch": (23, 5),
        "one small batch": (3, 8),
        "batches of 32": (70, 0),
    }
    probes = []
    for name, (N, batch_size) in sizes.items():
        about = {"X": rng.normal(size=(N, 3)), "y": rng.integers(4, size=N), "w": rng.normal(size=4)}
        probes.append(Probe(name, {**about, "batch_size": batch_size}))
    return probes
