"""Trains what labs 1 to 5 are about, and prints a table: what was reported, what came out here, and how long it took.

    python benchmarks/reproduced.py            # all of it, a few minutes
    python benchmarks/reproduced.py --quick    # a few updates each: does it run? The figures mean nothing
    python benchmarks/reproduced.py --write    # all of it, and put the table into docs/reproduced.md

The table goes to standard output. How far it has got goes to standard error: plain lines, and a bar in a terminal.
"""

import os

# One thread is as fast for matrices this small, and much faster on a computer that others use, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import math
import sys
import time
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.random import default_rng
from tqdm import tqdm

from cattern import binary_mlp, nn_library, patch_embedding, scalar_net, sigmoid_net, torch_twins
from cattern.batches import update_batches
from cattern.binary_mlp import SingleLayerMLP, TwoHiddenLayerMLP
from cattern.clouds import make_clouds
from cattern.layers import SoftmaxCrossEntropy
from cattern.neural_net import TwoLayerNet
from cattern.nn_library import build_model, one_hot, sample_normalised
from cattern.patch_embedding import build_patch_net, cut_patches, select_half_per_class
from cattern.sigmoid_net import build_sigmoid_net
from mnist_data.load_mnist import data_source, read_data_sets, read_images

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reproduced.md"
BEGIN, END = "<!-- reproduced: begin -->", "<!-- reproduced: end -->"
images = cache(read_images)


class Row(NamedTuple):
    """One line of the table. `seconds` is None when the figure comes from a run of a row above."""

    what: str
    reported: str
    reproduced: str
    seconds: float | None = None


def percent(*shares: float) -> str:
    return ", ".join(f"{100 * share:.2f}" for share in shares) + " %"


def timed(call, *args, **kwargs):
    """Return what the call returns, and the seconds it took."""
    start = time.perf_counter()
    result = call(*args, **kwargs)
    return result, time.perf_counter() - start


def scikit_learn(hidden, X, y, X_test, y_test, epochs, batch_size, rate, activation="relu") -> float:
    """Return the test accuracy of scikit-learn's network, trained by the same plain SGD on MEAN gradients."""
    from sklearn.neural_network import MLPClassifier

    settings = {"solver": "sgd", "momentum": 0, "alpha": 0, "n_iter_no_change": epochs, "random_state": 0}
    settings |= {"activation": activation, "batch_size": batch_size, "learning_rate_init": rate}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it would like to go on: it stops where the lab stops
        return MLPClassifier(hidden, max_iter=epochs, **settings).fit(X, y).score(X_test, y_test)


def train_twin(twin, X, y, batch_size, epochs, rng, rate, summed=False) -> None:
    """Train a PyTorch twin for whole epochs on the minibatches that `rng` gave to the NumPy network."""
    batches = update_batches(len(X), batch_size, epochs * math.ceil(len(X) / batch_size), rng)
    torch_twins.train_twin(twin, X, y, batches, rate, summed)


def lab_1(quick: bool) -> Iterator[Row]:
    # The printed numbers of this lab hang on NumPy's global random stream: the toy network comes first in it.
    np.random.seed(1)
    X_toy, y_toy = 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])
    np.random.seed(0)
    TwoLayerNet(4, 10, 3, std=1e-1).train(X_toy, y_toy, X_toy, y_toy, 1e-1, reg=5e-6, num_iters=100)
    X, y, X_val, y_val, X_test, y_test = read_data_sets()

    def run(hidden_size, *settings):
        net = TwoLayerNet(784, hidden_size, 10)
        net.train(X, y, X_val, y_val, *settings)
        return net, float(np.mean(net.predict(X_val) == y_val))

    short, long = (20, 20) if quick else (2000, 10000)
    (_, accuracy), seconds = timed(run, 50, 1e-4, 1.0, 0.0, short, 200)
    yield Row("run 1, validation accuracy", "(89.22 %)", percent(accuracy), seconds)
    (_, accuracy), seconds = timed(run, 50, 5e-4, 0.95, 0.0, short, 200)
    yield Row("run 2, validation accuracy", "(94.32 %)", percent(accuracy), seconds)
    (net, accuracy), seconds = timed(run, 175, 1e-3, 0.98, 5e-6, long, 100)
    yield Row("tuned, validation accuracy", "98.06 %", percent(accuracy), seconds)
    yield Row("tuned, test accuracy", "97.85 %", percent(float(np.mean(net.predict(X_test) == y_test))))


def lab_2(quick: bool) -> Iterator[Row]:
    train_images, train_labels, test_images, test_labels = images()
    pixels = (np.concatenate([train_images, test_images]).astype(np.float32) / 255 - 0.13) / 0.31
    labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
    train_rows = select_half_per_class(labels[: len(train_labels)], default_rng(2))
    val_rows = len(train_labels) + select_half_per_class(labels[len(train_labels) :], default_rng(2))
    patches = cut_patches(pixels)
    sets = patches[train_rows], labels[train_rows], patches[val_rows], labels[val_rows]
    num_updates = 20 if quick else 10000
    batches = update_batches(len(train_rows), 32, num_updates, default_rng(3))

    def run(seed, last_relu, *stds):
        model = build_patch_net(default_rng(seed), last_relu, *stds)
        history = patch_embedding.train(model, SoftmaxCrossEntropy(), *sets, batches, 0.1, num_updates)
        return history["train_err_history"][-1], 1 - history["val_err_history"][-1]

    def run_draws(last_relu):
        return zip(*(run(seed, last_relu, 0.5, 0.5) for seed in range(4)))

    large = "large first weights, four draws"
    (errors, accuracies), seconds = timed(run_draws, True)
    yield Row(f"{large}, last ReLU, training error", "about 40 %", percent(*errors), seconds)
    yield Row(f"{large}, last ReLU, validation accuracy", "plateau at 40–60 %", percent(*accuracies))
    (_, accuracies), seconds = timed(run_draws, False)
    yield Row(f"{large}, no last ReLU, validation accuracy", "", percent(*accuracies), seconds)
    for last_relu, name in ((True, "last ReLU"), (False, "no last ReLU")):
        (_, accuracy), seconds = timed(run, 0, last_relu)
        yield Row(f"small first weights, {name}, validation error", "(7–9 %)", percent(1 - accuracy), seconds)

    twin = torch_twins.patch_twin(build_patch_net(default_rng(0)))
    inputs = pixels[:, None]
    _, seconds = timed(torch_twins.train_twin, twin, inputs[train_rows], labels[train_rows], batches, 0.1)
    error = 1 - torch_twins.evaluate_twin(twin, inputs[val_rows], labels[val_rows])[1]
    yield Row("small first weights, last ReLU, PyTorch, validation error", "", percent(error), seconds)


def lab_3(quick: bool) -> Iterator[Row]:
    train_images, train_labels, test_images, test_labels = images()
    most, epochs, knee = (500, 2, 1) if quick else (30000, 200, 20)
    rng = default_rng(0)
    num_train, num_val = min(most, len(train_images) // 2), len(test_images) // 2
    X, y = sample_normalised(train_images, train_labels, num_train, rng)
    X_val, y_val = sample_normalised(test_images, test_labels, num_val, rng)
    Y, Y_val = one_hot(y, 10), one_hot(y_val, 10)

    def run(variant):
        model, shuffle = build_model(default_rng(2), variant), default_rng(2)
        return nn_library.train(model, SoftmaxCrossEntropy(), X, Y, X_val, Y_val, shuffle, epochs)

    for variant, name, said in (
        ("true", "true ReLU gradient", ("", "(62–84 %)")),
        ("straight-through", "straight-through gradient", ("93.33 %", "92.02 %")),
        ("none", "no ReLU", ("", "(91.9 %)")),
    ):
        history, seconds = timed(run, variant)
        train_accuracy, val_accuracy = history["train_acc_history"][-1], history["val_acc_history"][-1]
        yield Row(f"{name}, 200 epochs, training accuracy", said[0], percent(train_accuracy), seconds)
        yield Row(f"{name}, 200 epochs, validation accuracy", said[1], percent(val_accuracy))
    what = "no ReLU, 20 epochs, {}, validation accuracy"
    yield Row(what.format("NumPy"), "", percent(history["val_acc_history"][knee - 1]))
    twin = torch_twins.library_twin(build_model(default_rng(2), "none"), "none")
    _, seconds = timed(train_twin, twin, X, Y, 32, knee, default_rng(2), 0.01)
    accuracy = torch_twins.evaluate_twin(twin, X_val, Y_val)[1]
    yield Row(what.format("PyTorch"), "", percent(accuracy), seconds)
    accuracy, seconds = timed(scikit_learn, (), X, y, X_val, y_val, knee, 32, 0.01)
    yield Row(what.format("scikit-learn"), "", percent(accuracy), seconds)


def lab_4(quick: bool) -> Iterator[Row]:
    from sklearn.linear_model import LogisticRegression

    X, y, X_test, y_test = make_clouds()
    linear, seconds = timed(lambda: LogisticRegression().fit(X, y).score(X_test, y_test))
    yield Row("linear model, scikit-learn, test accuracy", "", percent(linear), seconds)
    short, middle, long = (1, 2, 3) if quick else (50, 150, 200)

    def fresh(network, std=0.05):
        return network.random(10, 100, 2, default_rng(0), std)

    def run(model, epochs):
        sets = X, y, X_test, y_test
        history = binary_mlp.train(model, SoftmaxCrossEntropy(), *sets, default_rng(5), epochs)
        return history["test_acc_history"]

    def run_twin(model):
        twin, shuffle = torch_twins.mlp_twin(model), default_rng(5)
        for epochs in (short, long - short):
            train_twin(twin, X, y, 64, epochs, shuffle, 0.01)
            yield torch_twins.evaluate_twin(twin, X_test, y_test)[1]

    for network, name, hidden, said in (
        (SingleLayerMLP, "one hidden layer", (100,), ("> 90 %", "> 90 %")),
        (TwoHiddenLayerMLP, "two hidden layers", (100, 100), ("", "94 %")),
    ):
        what = f"{name}, {{}} epochs, {{}}, test accuracy"
        accuracies, seconds = timed(run, fresh(network), long)
        yield Row(what.format(50, "NumPy"), said[0], percent(accuracies[short - 1]), seconds)
        yield Row(what.format(200, "NumPy"), "> 94 %", percent(accuracies[-1]))
        (early, late), seconds = timed(list, run_twin(fresh(network)))
        yield Row(what.format(50, "PyTorch"), said[1], percent(early), seconds)
        yield Row(what.format(200, "PyTorch"), "> 94 %", percent(late))
        accuracy, seconds = timed(scikit_learn, hidden, X, y, X_test, y_test, long, 64, 0.01)
        yield Row(what.format(200, "scikit-learn"), "", percent(accuracy), seconds)
    accuracies, seconds = timed(run, fresh(TwoHiddenLayerMLP, 0.02), middle)
    what = "two hidden layers, smaller first weights, 150 epochs, NumPy, test accuracy"
    yield Row(what, "94 %", percent(accuracies[-1]), seconds)


def lab_5(quick: bool) -> Iterator[Row]:
    rng = default_rng(0)
    points, params = scalar_net.make_wedge(rng), scalar_net.random_scalar_params(rng)
    losses, seconds = timed(scalar_net.train_scalar, params, points, rng, num_epochs=2 if quick else 20)
    yield Row("plain numbers, loss of epochs 1 and 20", "", f"{losses[0]:.4f}, {losses[-1]:.4f}", seconds)

    most, epochs = (1000, 1) if quick else (60000, 5)
    X_all, X_test = (part.reshape(len(part), -1).astype(np.float32) / 255 for part in images()[::2])
    y_all, y_test = (part.astype(np.int64) for part in images()[1::2])
    X_all, y_all = X_all[:most], y_all[:most]
    num_val = 5000 if len(X_all) == 60000 else 500
    X_val, y_val, X, y = X_all[:num_val], y_all[:num_val], X_all[num_val:], y_all[num_val:]

    def run(X, y, seed, rate):
        model, shuffle = build_sigmoid_net(default_rng(seed)), default_rng(100 + seed)
        sets = X, y, X_val, y_val
        history = sigmoid_net.train(model, SoftmaxCrossEntropy(), *sets, shuffle, epochs, 16, rate)
        return model, history["val_acc_history"][-1]

    found = {}
    for rate, said in {0.001: "", 0.003: "", 0.01: "best rate (96.9 %)", 0.03: "(97.7 %)"}.items():
        (_, found[rate]), seconds = timed(run, X, y, 0, rate)
        yield Row(f"rate {rate:g}, 5 epochs, NumPy, validation accuracy", said, percent(found[rate]), seconds)

    twin = torch_twins.sigmoid_twin(build_sigmoid_net(default_rng(0)))
    _, seconds = timed(train_twin, twin, X, y, 16, epochs, default_rng(100), 0.01, summed=True)
    accuracy = torch_twins.evaluate_twin(twin, X_val, y_val)[1]
    yield Row("rate 0.01, 5 epochs, PyTorch, validation accuracy", "", percent(accuracy), seconds)
    # Our gradients are summed over the 16 rows of a minibatch, scikit-learn's averaged: its rate is 16 times ours.
    accuracy, seconds = timed(scikit_learn, (300,), X, y, X_val, y_val, epochs, 16, 0.16, "logistic")
    yield Row("rate 0.01, 5 epochs, scikit-learn, validation accuracy", "", percent(accuracy), seconds)

    chosen = max(found, key=found.get)
    (model, _), seconds = timed(run, X_all, y_all, 7, chosen)
    accuracy = float(np.mean(sigmoid_net.predict(model, X_test) == y_test))
    what = "chosen rate, trained on all images, test accuracy"
    yield Row(what, "95 %", f"{percent(accuracy)} at {chosen:g}", seconds)


def line(lab: int, row: Row) -> str:
    seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
    return f"| {lab} | {row.what} | {row.reported} | {row.reproduced} | {seconds} |"


def around(page: str) -> tuple[str, str]:
    """Return what stands on a page up to and including BEGIN, and from END on; a ValueError when they do not."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/reproduced.md needs the lines {BEGIN} and {END}: the table goes between them")
    return before + begin, end + after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few updates each; the figures mean nothing")
    parser.add_argument("--write", action="store_true", help="put the table into docs/reproduced.md")
    options = parser.parse_args()
    if options.write and options.quick:
        parser.error("--write needs the figures of the whole run: leave --quick out")
    images()  # says so at once when there is only a small part of MNIST
    if options.write and data_source() != "full":
        parser.error("--write needs the full MNIST: run `cattern data`, or set CATTERN_MNIST_DIR")
    around(PAGE.read_text(encoding="utf-8"))  # a page without markers is known before the minutes are spent
    import sklearn.neural_network  # noqa: F401 - here, so that no row's seconds count the import
    import torch

    torch.set_num_threads(1)
    lines = ["| lab | what | reported | reproduced | seconds |", "|---:|---|---:|---:|---:|"]
    start = time.perf_counter()
    with tqdm((lab_1, lab_2, lab_3, lab_4, lab_5), unit="lab", disable=None) as labs:
        for number, lab in enumerate(labs, 1):
            for row in lab(options.quick):
                lines.append(line(number, row))
                tqdm.write(f"lab {number}: {row.what}: {row.reproduced}", file=sys.stderr)
    if options.quick:
        print("Only a few updates each: the figures mean nothing.\n")
    print("\n".join(lines))
    print(f"\nAll of it took {time.perf_counter() - start:.0f} seconds.")
    if options.write:
        before, after = around(PAGE.read_text(encoding="utf-8"))
        PAGE.write_text("\n".join([before, "", *lines, "", after]), encoding="utf-8")
        print(f"Written to {PAGE}")


if __name__ == "__main__":
    main()
