"""What one update of each lab's network costs: beside PyTorch on the same minibatches, and beside its matrix products alone."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
from measure import Row, optional, timed

from cattern import binary_mlp, nn_library, patch_embedding, sigmoid_net
from cattern.batches import epoch_batches, update_batches
from cattern.clouds import make_clouds
from cattern.layers import SoftmaxCrossEntropy
from cattern.neural_net import TwoLayerNet
from cattern.torch_twins import evaluate_twin, library_twin, mlp_twin, patch_twin, sigmoid_twin, train_twin

UPDATES = 300
UNIT = "CPU µs"
D, C = 784, 10
REG, RATE = 5e-6, 1e-4


def rows(work: Path) -> list[Row]:
    return [*lab_1(50, 200), *lab_1(175, 100), *other_labs()]


def lab_1(H: int, N: int) -> Iterator[Row]:
    """Yield the rows of one size of the two-layer network."""
    for dtype in ("float64", "float32"):
        name = f"lab 1: an update of 784-{H}-10, batch {N}, {dtype}"
        ours = two_layer_net(H, N, dtype)
        yield Row(name, ours, products(H, N, dtype), "its five matrix products alone", UNIT)
        yield Row(name, ours, torch_net(H, N, dtype), "PyTorch", UNIT)
    if shutil.which("g++"):
        compiled = torch_net(H, N, dtype, compiled=True)
        yield Row(name, ours, compiled, "PyTorch, compiled", UNIT, quick_runs=0)
    yield Row(name, ours, sklearn_net(H, N, dtype), "scikit-learn's `MLPClassifier`", UNIT)
    # XLA takes as many threads as it likes unless it is told before it is imported.
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    if optional("jax"):
        yield Row(name, ours, jax_net(H, N, dtype), "JAX, `jit` of a `scan`", UNIT, quick_runs=0)
    else:
        yield Row(f"{name} (JAX is not installed)", ours, unit=UNIT, quick_runs=0)


@cache
def digits(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers in the place of MNIST's training set: what they are does not matter here."""
    rng = np.random.default_rng(0)
    X = rng.random((55000, D), dtype=np.float32).astype(dtype) - np.asarray(0.5, dtype)
    return X, rng.integers(C, size=len(X))


def per_update(run: Callable[[], object], updates: int = UPDATES) -> Callable[[], float]:
    """Return a function that makes a run and returns the CPU microseconds of one of its updates."""
    measured = timed(run)
    return lambda: measured() / updates * 1e6


def two_layer_net(H: int, N: int, dtype: str) -> Callable[[], float]:
    X, y = digits(dtype)
    net = TwoLayerNet(D, H, C)
    net.params = {name: param.astype(dtype) for name, param in net.params.items()}
    options = {"learning_rate": RATE, "reg": REG, "num_iters": UPDATES, "batch_size": N}
    return per_update(lambda: net.train(X, y, X[:N], y[:N], **options))


def products(H: int, N: int, dtype: str) -> Callable[[], float]:
    rng = np.random.default_rng(0)
    X, hidden, scores, W1, W2 = (
        rng.random(shape).astype(dtype) for shape in ((N, D), (N, H), (N, C), (D, H), (H, C))
    )

    def run() -> None:
        for _ in range(UPDATES):
            X @ W1, hidden @ W2, hidden.T @ scores, scores @ W2.T, X.T @ hidden

    return per_update(run)


def torch_net(H: int, N: int, dtype: str, compiled: bool = False) -> Callable[[], float]:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    X, y = map(torch.from_numpy, digits(dtype))
    net = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, C)).to(X.dtype)
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, weight_decay=REG)

    def loss_of(inputs, labels):
        return nn.functional.cross_entropy(net(inputs), labels)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def run() -> None:
        losses = []
        for _ in range(UPDATES):
            batch = torch.from_numpy(np.random.choice(len(X), N))
            optimizer.zero_grad()
            loss = loss_of(X[batch], y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        [loss.item() for loss in losses]

    return per_update(run)


def sklearn_net(H: int, N: int, dtype: str) -> Callable[[], float]:
    from sklearn.neural_network import MLPClassifier

    X, y = digits(dtype)
    X, y = np.resize(X, (UPDATES * N, D)), np.resize(y, UPDATES * N)
    options = {"solver": "sgd", "momentum": 0, "alpha": REG, "learning_rate_init": RATE, "max_iter": 1}

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch is not enough: it says so
            MLPClassifier((H,), batch_size=N, **options).fit(X, y)

    return per_update(run)


def jax_net(H: int, N: int, dtype: str) -> Callable[[], float]:
    jax = optional("jax")
    jnp = jax.numpy
    X, y = map(jnp.asarray, digits(dtype))
    rng = np.random.default_rng(0)
    params = [jnp.asarray(1e-4 * rng.standard_normal(shape).astype(dtype)) for shape in ((D, H), (H, C))]
    params += [jnp.zeros(H, dtype), jnp.zeros(C, dtype)]

    def loss_of(params, inputs, labels):
        W1, W2, b1, b2 = params
        log_probs = jax.nn.log_softmax(jnp.maximum(0, inputs @ W1 + b1) @ W2 + b2)
        penalty = 0.5 * REG * ((W1 * W1).sum() + (W2 * W2).sum())
        return penalty - jnp.take_along_axis(log_probs, labels[:, None], 1).mean()

    def update(params, batch):
        loss, grads = jax.value_and_grad(loss_of)(params, X[batch], y[batch])
        return [param - RATE * grad for param, grad in zip(params, grads)], loss

    train = jax.jit(lambda params, batches: jax.lax.scan(update, params, batches))
    batches = rng.integers(len(X), size=(UPDATES, N))
    return per_update(lambda: jax.block_until_ready(train(params, batches)))


def other_labs() -> Iterator[Row]:
    """Yield a row for each of labs 2 to 5: NumPy and PyTorch from the same weights, on the same minibatches."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng
    X, y = digits("float32")
    X, y = X[:32000] + 0.5, y[:32000]
    Y = np.eye(C, dtype=np.float32)[y]
    loss_layer = SoftmaxCrossEntropy()

    images, patches = X.reshape(-1, 28, 28), patch_embedding.cut_patches(X.reshape(-1, 28, 28))
    batches = update_batches(len(X), 32, 1000, rng(3))
    net = patch_embedding.build_patch_net(rng(0))
    twin = patch_twin(patch_embedding.build_patch_net(rng(0)))
    yield Row(
        "lab 2: an update, batch 32",
        per_update(
            lambda: patch_embedding.train(
                net, loss_layer, patches, y, patches[:32], y[:32], batches, 0.1, 1000
            ),
            1000,
        ),
        per_update(lambda: train_twin(twin, images[:, None], y, batches, 0.1), 1000),
        "PyTorch",
        UNIT,
    )

    epoch = epoch_batches(len(X), 32, rng(1))
    model = nn_library.build_model(rng(0), "straight-through")
    library = library_twin(nn_library.build_model(rng(0), "straight-through"), "straight-through")
    yield Row(
        "lab 3: an update, batch 32",
        per_update(lambda: nn_library.train_epoch(model, loss_layer, X, Y, epoch, 0.01), 1000),
        per_update(lambda: train_twin(library, X, y, epoch, 0.01, accuracies=[]), 1000),
        "PyTorch",
        UNIT,
    )
    yield Row(
        "lab 3: 200 epochs of 30000 rows, and both sets after each",
        timed(
            lambda: nn_library.train(
                nn_library.build_model(rng(0), "true"),
                loss_layer,
                X[:30000],
                Y[:30000],
                X[:5000],
                Y[:5000],
                rng(1),
            )
        ),
        runs=1,
        quick_runs=0,
    )

    clouds = make_clouds()
    for words, build in {
        "one hidden layer": lambda: binary_mlp.SingleLayerMLP.random(10, 100, 2, rng(0)),
        "two hidden layers": lambda: binary_mlp.TwoHiddenLayerMLP.random(10, 100, 2, rng(0)),
    }.items():
        yield Row(
            f"lab 4: an update, batch 64, {words}, and both sets after each epoch",
            per_update(partial(mlp, build, clouds), 20 * 8),
            per_update(partial(mlp_in_torch, build, clouds), 20 * 8),
            "PyTorch",
            UNIT,
        )

    epoch = epoch_batches(16000, 16, rng(1))
    theirs = sigmoid_twin(sigmoid_net.build_sigmoid_net(rng(0)))
    ours = sigmoid_net.build_sigmoid_net(rng(0))
    yield Row(
        "lab 5: an update, batch 16",
        per_update(
            lambda: sigmoid_net.train(
                ours, loss_layer, X[:16000], y[:16000], X[:16], y[:16], rng(1), num_epochs=1
            ),
            1000,
        ),
        per_update(lambda: train_twin(theirs, X, y, epoch, 0.01, summed=True), 1000),
        "PyTorch",
        UNIT,
    )


def mlp(build: Callable, clouds: tuple) -> None:
    """Train a network of lab 4 for 20 epochs of 8 minibatches."""
    binary_mlp.train(build(), binary_mlp.SoftmaxCrossEntropyLoss(), *clouds, np.random.default_rng(5), 20)


def mlp_in_torch(build: Callable, clouds: tuple) -> None:
    """Train its twin on the same minibatches, and look at both sets as often."""
    twin, (X, y, X_test, y_test), shuffle = mlp_twin(build()), clouds, np.random.default_rng(5)
    for _ in range(20):
        train_twin(twin, X, y, epoch_batches(len(X), 64, shuffle), 0.01)
        evaluate_twin(twin, X, y)
        evaluate_twin(twin, X_test, y_test)
