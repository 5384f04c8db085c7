"""Many trainings side by side. A trial is a setting of the hyperparameters and a seed, so any can be run again alone.

Which settings to try, scikit-learn draws; where the trials run, joblib decides; the table is pandas'.
"""

import inspect
import math
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cattern.progress import progress
from cattern.tuning.space import draw, plain
from cattern.tuning.table import RESULTS, Table, frame, settings_of, trial_key


class Sweep:
    """Trials of one model on one data set, and the table of those that are done.

    Example:
        sweep = Sweep(build, (X_train, y_train, X_val, y_val), "trials.csv")
        sweep.random({"hidden_size": [50, 100], "learning_rate": loguniform(1e-4, 1e-2)}, num_trials=20)
        net = sweep.train(sweep.ranking()[0])
    """

    def __init__(
        self,
        build: Callable[..., Any],
        data: Sequence[np.ndarray],
        file: str | Path | None = None,
        jobs: int = -1,
        verbose: bool = True,
    ):
        """Take up what is in the file already.

        Args:
            build: returns a new model. It is called with those settings that are among its arguments; the others go to
                the model's `train`. A model has `train(X, y, X_val, y_val, **settings)` and `predict(X)`.
            data: X, y, X_val, y_val. Not modified.
            file: where the table is kept (CSV), a line for each trial as it ends. A sweep that finds its trials there, on
                the same data, does not run them again. It cannot know of changes in your code: delete the file after one.
            jobs: how many trials run at once; -1 means one for each core. They run in processes on this machine, or, within
                `joblib.parallel_config(backend="dask")`, on a cluster. (Not in threads: these would share NumPy's global
                random stream, from which the labs draw.)
            verbose: print a line for each trial, and show a bar where somebody looks on; Ctrl+C then ends the sweep behind the
                trial at hand, and what is done is kept.

        Raises:
            ValueError: the file is there and is not such a table.
        """
        self.build, self.data, self.jobs, self.verbose = build, data, jobs, verbose
        self._mark, self._parallel = _checksum(data), None
        self._trials = Table(Path(file) if file else None)
        if self._trials.rows and verbose:
            print(
                f"{len(self._trials.rows)} trials stand in {file} already and are not run again; after a change of your code, delete it"
            )

    @property
    def table(self):
        """All trials that are done, the best first: a pandas DataFrame, see `run`."""
        return frame(self._trials.rows).sort_values("val_accuracy", ascending=False, ignore_index=True)

    def run(self, trials: Iterable[Mapping[str, Any]], seeds: Iterable[int] = (0,)):
        """Train each setting with each seed, and return their rows of the table.

        A trial that raises becomes a row with its `error` and the accuracy nan; the others go on.

        Args:
            trials: settings by name: numbers, strings, booleans or None.
            seeds: of NumPy's global random stream, set before the model is built. The same seed for all settings makes
                them comparable; several seeds tell how much is chance.

        Returns:
            A DataFrame, a row for each trial in the order given: its settings, `trial` (its number in the table), `seed`,
            `val_accuracy`, `seconds`, `error` and `curve` (the model's `val_acc_history`, if it has one).

        Raises:
            ValueError: a setting is called like one of these columns.
            KeyboardInterrupt: the sweep was stopped. The same again goes on where it was.
        """
        from joblib import delayed

        seeds = list(seeds)
        wanted = [(plain(settings), seed) for settings in trials for seed in seeds]
        if bad := {name for settings, _ in wanted for name in settings} & {*RESULTS}:
            raise ValueError(
                f"no setting can be called {', '.join(sorted(bad))}: the table has such a column"
            )
        keys = [trial_key(*trial, self._mark) for trial in wanted]
        to_do = {key: trial for key, trial in zip(keys, wanted) if not self._trials.find(key)}
        best: list[float] = []
        numbers = progress(range(1, len(to_do) + 1), "trials", self.verbose, best=best)
        with self._workers() as parallel:
            rows = parallel(delayed(run_trial)(self.build, *trial, *self.data) for trial in to_do.values())
            try:
                for number in numbers:
                    row = next(rows)
                    self._trials.add({**row, "data": self._mark})
                    best.append(max(each["val_accuracy"] or 0 for each in self._trials.rows))
                    if self.verbose:
                        numbers.print(f"{number:>5}/{len(to_do)}  {_line(row)}  (best {best[-1]:.4f})")
            finally:
                rows.close()
        if numbers.stopped:
            raise KeyboardInterrupt("run the same again to go on")
        return frame([self._trials.find(key) for key in keys])

    def grid(self, space: Mapping[str, Sequence], seeds: Iterable[int] = (0,)):
        """Run every combination of the listed values; see `run`."""
        from sklearn.model_selection import ParameterGrid

        return self.run(ParameterGrid(dict(space)), seeds)

    def random(self, space: Mapping[str, Any], num_trials: int, seed: int = 0):
        """Run settings drawn at random, by `draw`, with the same seed; see `run`."""
        return self.run(draw(space, num_trials, seed), (seed,))

    def halving(
        self,
        space: Mapping[str, Any],
        num_trials: int,
        budget: tuple[str, int, int],
        factor: int = 4,
        seed: int = 0,
    ):
        """Successive halving: try many settings briefly, give the best of them `factor` times as long, and so on.

        Args:
            space: what to draw from, by `draw`.
            num_trials: how many settings the first round has; of each round, one in `factor` goes on.
            budget: the setting that says how long a training is, its value in the first round and in the last: ("num_iters", 300, 10000).
            factor: 2 or more.
            seed: of the draw, and of the trials.

        Returns:
            As `run`, the rounds one after the other.

        Raises:
            ValueError: the first budget is below 1 or above the last, or factor is below 2.
            RuntimeError: all trials of a round failed.
        """
        import pandas as pd

        name, now, last = budget
        if not 1 <= now <= last or factor < 2:
            raise ValueError(
                f"a budget rises from 1 or more by a factor of 2 or more, not {budget} by {factor}"
            )
        settings, rounds = draw(space, num_trials, seed), []
        with self._workers():
            while True:
                rounds.append(self.run([each | {name: now} for each in settings], (seed,)))
                ranked = self.ranking(rounds[-1])
                if not ranked:
                    raise RuntimeError(f"no trial of this round ended well; the first: {rounds[-1].error[0]}")
                if now == last:
                    return pd.concat(rounds, ignore_index=True)
                settings = ranked[: math.ceil(len(settings) / factor)]
                now = min(now * factor, last)

    def ranking(self, table=None) -> list[dict[str, Any]]:
        """Return the settings of the trials by validation accuracy, the best first: of a table that a sweep returned, or of all."""
        table = self.table if table is None else table
        ranked = table.dropna(subset="val_accuracy").sort_values(
            "val_accuracy", ascending=False, kind="stable"
        )
        return [settings_of(self._trials.rows[trial]) for trial in ranked.trial]

    def train(self, settings: Mapping[str, Any], seed: int = 0):
        """Run one trial alone, in this process, and return the trained model: the same settings and seed, the same model."""
        return _train(self.build, settings, seed, self.data)[0]

    @contextmanager
    def _workers(self):
        """Yield what runs calls side by side. It stays until the outermost search is done, and not longer: processes that are
        kept idle, as joblib does, would go on with your code as it was when they started.
        """
        from joblib import Parallel
        from joblib.externals.loky import get_reusable_executor

        if self._parallel:
            yield self._parallel
            return
        try:
            with Parallel(n_jobs=self.jobs, return_as="generator_unordered") as self._parallel:
                yield self._parallel
        finally:
            self._parallel = None
            get_reusable_executor().shutdown(wait=True)


def _line(row: Mapping[str, Any]) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in settings_of(row).items())
    return f"{settings}, seed {row['seed']}: {row['error'] or format(row['val_accuracy'], '.4f')}"


def run_trial(build: Callable[..., Any], settings: dict[str, Any], seed: int, *data: np.ndarray) -> dict:
    """Train one model and return its row of the table; whatever it raises stands in it."""
    started, row = (
        time.monotonic(),
        {"seed": seed, **settings, "val_accuracy": None, "error": "", "curve": ""},
    )
    try:
        model, history = _train(build, settings, seed, data)
        with np.errstate(all="ignore"):
            row["val_accuracy"] = round(float(np.mean(model.predict(data[2]) == data[3])), 6)
        if isinstance(history, Mapping):
            row["curve"] = " ".join(f"{accuracy:.4f}" for accuracy in history.get("val_acc_history", ()))
    except Exception as error:
        row["error"] = " ".join(f"{type(error).__name__}: {error}".split())
    return row | {"seconds": round(time.monotonic() - started, 2)}


def _train(build: Callable[..., Any], settings: Mapping[str, Any], seed: int, data: Sequence[np.ndarray]):
    """Build and train one model on the random stream of its seed; the caller's stream stays as it was."""
    of_build = inspect.signature(build).parameters
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        with np.errstate(all="ignore"):  # a rate far too high is a result of the sweep, no warning to act on
            model = build(**{name: value for name, value in settings.items() if name in of_build})
            rest = {name: value for name, value in settings.items() if name not in of_build}
            return model, model.train(*data, **rest)
    finally:
        np.random.set_state(state)


def _checksum(data: Sequence[np.ndarray]) -> str:
    mark = 0
    for array in data:
        mark = zlib.crc32(np.ascontiguousarray(array), zlib.crc32(repr(array.shape).encode(), mark))
    return f"{mark:08x}"
