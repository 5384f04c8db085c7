"""How long until the best of 32 settings of lab 1 is known to within 0.2 points, where the four MNIST files are (CATTERN_MNIST_DIR).

Every way is run once: what is known after the first time is not found out again. One that ends on a worse setting has taken
infinitely long.
"""

import math
import os
import time
from functools import cache
from pathlib import Path

import numpy as np
from measure import Row, optional

from cattern.neural_net import TwoLayerNet
from cattern.tuning import Sweep, draw
from mnist_data.load_mnist import read_data_sets

SETTINGS, LOWEST, HIGHEST, FACTOR, JOBS = 32, 100, 1600, 4, 2
LOOP = "a loop over all of them, float64"


def rows(work: Path) -> list[Row]:
    if not os.environ.get("CATTERN_MNIST_DIR"):
        return []
    once = {"unit": "wall s", "runs": 1, "quick_runs": 0}
    name = f"tuning: the best of {SETTINGS} settings"
    found = [
        Row(f"{name}, random search on two jobs", random_search, loop, LOOP, **once),
        Row(f"{name}, successive halving on two jobs", halving, loop, LOOP, **once),
    ]
    if optional("optuna"):
        return [
            *found,
            Row(found[-1].name, halving, optuna, "Optuna and its `SuccessiveHalvingPruner`", **once),
        ]
    return [*found, Row(f"{found[-1].name} (Optuna is not installed)", halving, **once)]


@cache
def space() -> dict:
    """Return where to search. SciPy is imported here: the processes in which trials run have no use for it."""
    from scipy.stats import loguniform, randint

    return {
        "hidden_size": randint(50, 201),
        "learning_rate": loguniform(1e-4, 1e-2),
        "learning_rate_decay": [0.5, 0.75, 0.95, 0.98],
        "reg": loguniform(1e-6, 1),
        "batch_size": [100, 200, 300],
    }


@cache
def data(dtype: str) -> tuple[np.ndarray, ...]:
    X, y, X_val, y_val, _, _ = read_data_sets()
    return X.astype(dtype), y, X_val.astype(dtype), y_val


def build(hidden_size: int) -> TwoLayerNet:
    net = TwoLayerNet(28 * 28, hidden_size, 10)
    net.params = {name: param.astype(np.float32) for name, param in net.params.items()}
    return net


@cache
def all_of_them() -> tuple[float, float]:
    """Train each setting to the end, one after the other; return the wall seconds and the best validation accuracy."""
    X, y, X_val, y_val = data("float64")
    best, started = 0.0, time.monotonic()
    for settings in draw(space(), SETTINGS):
        np.random.seed(0)
        net = TwoLayerNet(28 * 28, settings.pop("hidden_size"), 10)
        net.train(X, y, X_val, y_val, num_iters=HIGHEST, **settings)
        best = max(best, float(np.mean(net.predict(X_val) == y_val)))
    return time.monotonic() - started, best


def loop() -> float:
    return all_of_them()[0]


def seconds(accuracy: float, started: float) -> float:
    """Return what has passed, if the accuracy is within 0.2 points of the best."""
    passed = time.monotonic() - started
    return passed if accuracy >= all_of_them()[1] - 0.002 else math.inf


@cache
def random_search() -> float:
    sets, started = data("float32"), time.monotonic()
    trials = [settings | {"num_iters": HIGHEST} for settings in draw(space(), SETTINGS)]
    table = Sweep(build, sets, jobs=JOBS, verbose=False).run(trials)
    return seconds(table.val_accuracy.max(), started)


@cache
def halving() -> float:
    sets, started = data("float32"), time.monotonic()
    sweep = Sweep(build, sets, jobs=JOBS, verbose=False)
    table = sweep.halving(space(), SETTINGS, ("num_iters", LOWEST, HIGHEST), FACTOR)
    return seconds(table.val_accuracy[table.num_iters == HIGHEST].max(), started)


@cache
def optuna() -> float:
    """Try the same settings, one after the other; a trial goes on from one look of the pruner to the next."""
    optuna = optional("optuna")
    optuna.logging.disable_default_handler()
    X, y, X_val, y_val = data("float32")
    settings = draw(space(), SETTINGS)

    def trained(trial) -> float:
        chosen = dict(settings[trial.number])
        np.random.seed(0)
        net, rate, done = build(chosen.pop("hidden_size")), chosen.pop("learning_rate"), 0
        for budget in (LOWEST, LOWEST * FACTOR, HIGHEST):
            history = net.train(X, y, X_val, y_val, rate, num_iters=budget - done, **chosen)
            rate, done = rate * chosen["learning_rate_decay"] ** len(history["val_acc_history"]), budget
            accuracy = float(np.mean(net.predict(X_val) == y_val))
            trial.report(accuracy, budget)
            if trial.should_prune() and budget < HIGHEST:
                raise optuna.TrialPruned
        return accuracy

    started = time.monotonic()
    pruner = optuna.pruners.SuccessiveHalvingPruner(LOWEST, FACTOR)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.optimize(trained, n_trials=SETTINGS)
    return seconds(study.best_value, started)
