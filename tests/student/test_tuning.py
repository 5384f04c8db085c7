"""Sweeps: a trial comes out the same wherever and whenever it runs, nothing done is done twice, and a failure is a row."""

import signal
import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest
from scipy.stats import loguniform, randint

from cattern.tuning import Sweep, at_border, draw, plot_curves, plot_interaction, plot_parallel, plot_settings

rng = np.random.default_rng(0)
DATA = (rng.normal(size=(60, 3)), np.arange(60) % 2, rng.normal(size=(40, 3)), np.arange(40) % 2)


class Coin:
    """A model that gets right what its settings say, and a little more or less by its seed."""

    def __init__(self, skill=0.5):
        self.skill = skill

    def train(self, X, y, X_val, y_val, rate=1.0, steps=1):
        if rate > 9:
            raise FloatingPointError("the loss\nis nan")
        self.right = self.skill * (1 - 0.5 / steps) * rate + 0.01 * np.random.rand()
        self.answers = np.where(np.arange(len(y_val)) < self.right * len(y_val), y_val, 1 - y_val)
        return {"val_acc_history": [0.5, self.right]}

    def predict(self, X):
        return self.answers


def sweep(file=None, **options):
    options = {"jobs": 1, "verbose": False} | options
    return Sweep(Coin, DATA, file, **options)


def written(file):
    return file.read_text(encoding="utf-8").splitlines()


def test_settings_go_to_the_model_or_to_its_training_and_the_table_says_what_came_out():
    table = sweep().run([{"skill": 0.8, "rate": 0.5}, {"skill": 0.8}], seeds=[3, 4])
    assert table[["trial", "seed"]].to_numpy().tolist() == [[0, 3], [1, 4], [2, 3], [3, 4]]
    assert table.val_accuracy.round(1).tolist() == [0.2, 0.2, 0.4, 0.4]
    assert table.rate.isna().tolist() == [False, False, True, True]
    assert all(curve.startswith("0.5000 0.") for curve in table.curve)


def test_the_same_settings_and_seed_are_the_same_trial_here_in_a_process_and_on_a_cluster():
    from distributed import Client

    settings = [{"skill": 0.7, "steps": 2}, {"skill": 0.9}]
    state = np.random.get_state()[1].copy()
    here = sweep().run(settings, seeds=[5])
    assert np.array_equal(np.random.get_state()[1], state)  # the notebook's own stream is as it was
    alone = [sweep().train(each, seed=5).right for each in settings]
    assert [float(curve.split()[1]) for curve in here.curve] == pytest.approx(alone, abs=1e-4)
    assert not sweep().run(settings, seeds=[6]).curve.equals(here.curve)
    processes = sweep(jobs=2).run(settings, seeds=[5])
    local = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    with Client(**local), joblib.parallel_config(backend="dask"):
        cluster = sweep(jobs=-1).run(settings, seeds=[5])
    for there in (processes, cluster):
        assert there[["val_accuracy", "curve"]].equals(here[["val_accuracy", "curve"]])


def test_a_sweep_that_was_killed_goes_on_where_it_was(tmp_path):
    file, code = (
        tmp_path / "trials.csv",
        """
        import os, signal, sys
        import numpy as np
        from cattern.tuning import Sweep

        class Model:
            def train(self, X, y, X_val, y_val, rate):
                if rate == 4 and sys.argv[2] == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                print("trained", rate)
            def predict(self, X):
                return np.zeros(len(X))

        zeros = np.zeros(4)
        sweep = Sweep(Model, (zeros, zeros, zeros, zeros), sys.argv[1], jobs=1)
        print(sweep.run([{"rate": rate} for rate in range(1, 6)]).val_accuracy.sum())
        """,
    )

    def run(how):
        command = [sys.executable, "-u", "-c", textwrap.dedent(code), file, how]
        return subprocess.run(command, capture_output=True, text=True)

    killed = run("killed")
    assert killed.returncode == -signal.SIGKILL and killed.stdout.count("trained") == 3
    with file.open("a") as out:
        out.write("3,0,4,0.7")  # and a line of which only the beginning reached the disk
    again = run("again")
    assert again.stderr == ""
    assert f"3 trials stand in {file} already" in again.stdout
    assert again.stdout.count("trained") == 2 and again.stdout.endswith("5.0\n")
    assert len(written(file)) == 1 + 5


def test_what_stands_in_the_file_is_what_was_run_whatever_its_type(tmp_path):
    file = tmp_path / "trials.csv"
    settings = [{"skill": s} for s in (0.1, 1, True, 1e-7)]
    settings += [{"skill": 0.1 + 0.2, "rate": 0.125}]  # a new column
    sweep(file).run(settings)
    odd = [{"skill": s} for s in ("0.1", "null", "adam", 'a "b", c', "", "two\nlines", None)]
    failed = sweep(file).run(odd)
    assert failed.val_accuracy.isna().all() and (failed.error != "").all()
    assert len(written(file)) == 1 + len(settings + odd)
    before = file.read_bytes()
    assert sweep(file).run(settings + odd).trial.tolist() == [*range(12)]
    assert file.read_bytes() == before
    assert sweep(file).run([{"skill": 0.1}]).trial.tolist() == [0]


def test_other_data_is_another_trial(tmp_path):
    file = tmp_path / "trials.csv"
    sweep(file).run([{"skill": 0.5}])
    other = Sweep(Coin, (DATA[0] + 1, *DATA[1:]), file, jobs=1, verbose=False)
    assert other.run([{"skill": 0.5}]).trial.tolist() == [1]


def test_a_file_that_is_no_table_is_left_alone_and_named(tmp_path):
    for text in ("my notes\nof today\n", "", "\x00\xff"):
        file = tmp_path / "notes.csv"
        file.write_text(text)
        with pytest.raises(ValueError, match=r"notes\.csv is not a table of trials .*: choose another name"):
            sweep(file)
        assert file.read_text() == text


def test_a_failing_trial_is_a_row_and_the_others_go_on(capsys):
    table = sweep(verbose=True).run([{"rate": 10.0}, {"rate": 0.5}])
    assert table.error.tolist() == ["FloatingPointError: the loss is nan", ""]
    assert np.isnan(table.val_accuracy[0]) and table.val_accuracy[1] > 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("1/2  rate 10.0, seed 0: FloatingPointError: the loss is nan  (best 0.0000)")
    assert lines[1].endswith(
        f"2/2  rate 0.5, seed 0: {table.val_accuracy[1]:.4f}  (best {table.val_accuracy[1]:.4f})"
    )


def test_the_names_of_the_columns_are_no_settings():
    with pytest.raises(ValueError, match="no setting can be called seed"):
        sweep().run([{"seed": 1}])


@pytest.mark.parametrize("watched", [True, False], ids=["with a bar", "without"])
def test_an_interruption_ends_the_sweep_and_keeps_what_is_done(watched, tmp_path, capsys, monkeypatch):
    class Interrupted(Coin):
        def train(self, *data, rate):
            if rate == 2:
                signal.raise_signal(signal.SIGINT)
            return super().train(*data, rate=rate)

    monkeypatch.setattr("cattern.progress._somebody_looks_on", lambda: watched)
    file = tmp_path / "trials.csv"
    with pytest.raises(KeyboardInterrupt):
        Sweep(Interrupted, DATA, file, jobs=1).run([{"rate": rate} for rate in (1, 2, 3)])
    done = 2 if watched else 1  # with a bar, the trial at hand comes to its end
    assert len(written(file)) == 1 + done
    assert ("stopped after 2 of 3 trials" in capsys.readouterr().out) == watched


def test_halving_keeps_the_best_and_gives_them_longer():
    space = {"skill": [i / 20 for i in range(1, 17)]}
    one = sweep()
    table = one.halving(space, 16, ("steps", 1, 16), factor=4)
    assert table.groupby("steps").size().to_dict() == {1: 16, 4: 4, 16: 1}
    assert set(table[table.steps == 4].skill) == {0.65, 0.7, 0.75, 0.8}
    assert one.ranking()[0] == one.ranking(table)[0] == {"skill": 0.8, "steps": 16}


def test_halving_goes_on_without_those_that_failed_and_says_when_all_did():
    table = sweep().halving({"rate": [0.1, 0.2, 10.0, 11.0]}, 4, ("steps", 1, 2), factor=2)
    assert set(table[table.steps == 2].rate) == {0.1, 0.2}
    with pytest.raises(
        RuntimeError, match="no trial of this round ended well; the first: FloatingPointError"
    ):
        sweep().halving({"rate": [10.0, 11.0]}, 2, ("steps", 1, 2))
    for budget, factor in ((("steps", 0, 2), 4), (("steps", 3, 2), 4), (("steps", 1, 2), 1)):
        with pytest.raises(ValueError, match="a budget rises"):
            sweep().halving({"rate": [0.1]}, 1, budget, factor)


def test_draws_are_the_same_for_a_seed_and_are_what_a_table_shows():
    space = {"rate": loguniform(1e-4, 1e-2), "hidden": randint(50, 201), "decay": [0.5, 0.98]}
    drawn = draw(space, 50, seed=1)
    assert drawn == draw(space, 50, seed=1) != draw(space, 50, seed=2)
    assert all(type(each["rate"]) is float and type(each["hidden"]) is int for each in drawn)
    assert all(each["rate"] == float(f"{each['rate']:.3g}") for each in drawn)
    below = sum(each["rate"] < 1e-3 for each in drawn)
    assert 15 < below < 35  # half of them in each decade
    assert all(1e-4 <= each["rate"] <= 1e-2 and 50 <= each["hidden"] <= 200 for each in drawn)


def test_a_grid_has_every_combination():
    table = sweep().grid({"skill": [0.2, 0.4], "steps": [1, 2, 3]}, seeds=[0, 1])
    assert len(table) == 12 and len(table.groupby(["skill", "steps", "seed"])) == 12


def test_a_winner_on_the_border_is_told():
    space = {
        "rate": loguniform(1e-4, 1e-2), "hidden": randint(50, 201), "decay": [0.98, 0.5, 0.75],
        "batch": [100, 200], "one": [3], "kind": ["a", "b"], "flag": [True, False],
    }  # fmt: skip
    middle = {"rate": 1e-3, "hidden": 120, "decay": 0.75, "batch": 100, "one": 3, "kind": "a", "flag": True}
    assert at_border(middle, space) == {"batch": "lowest"}
    edge = middle | {"rate": 9.9e-3, "hidden": 50, "decay": 0.98, "batch": 200}
    assert at_border(edge, space) == {
        "rate": "highest",
        "hidden": "lowest",
        "decay": "highest",
        "batch": "highest",
    }


def test_code_that_changed_is_the_code_that_runs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    code = "class Model:\n def train(self, *data): pass\n def predict(self, X): return [{}] * len(X)\n"
    (tmp_path / "model_of_test_tuning.py").write_text(code.format(0))
    import model_of_test_tuning as module

    found = []
    for answer in (0, 1):
        # a comment more: within a second, Python tells a new file from the compiled one by its size
        (tmp_path / "model_of_test_tuning.py").write_text(code.format(answer) + "#" * answer)
        half = (DATA[0], DATA[1], DATA[2], np.zeros(40))
        found += [Sweep(module.Model, half, jobs=2, verbose=False).run([{}]).val_accuracy[0]]
    del sys.modules["model_of_test_tuning"]
    assert found == [1, 0]


def test_the_plots_show_every_trial_whatever_was_varied():
    import matplotlib.pyplot as plt

    table = sweep().run(
        [
            {"skill": s, "rate": r, "steps": n}
            for s, r, n in zip((0.2, 0.5, 0.9, 0.3), (1e-3, 1, 0.5, 10), (1, 2, 2, 3))
        ]
    )
    fig = plot_settings(table)
    assert [ax.get_xlabel() for ax in fig.axes] == ["skill", "rate", "steps"]
    assert [ax.get_xscale() for ax in fig.axes] == ["linear", "log", "linear"]
    done, failed, _best = fig.axes[0].lines
    assert (len(done.get_xdata()), len(failed.get_xdata())) == (3, 1)
    ax = plot_parallel(table, best=1)
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "skill",
        "rate",
        "steps",
        "validation accuracy",
    ]
    assert len([line for line in ax.lines if len(line.get_xdata()) == 4]) == 3
    ax = plot_interaction(table, "steps", "skill")
    assert (
        sorted(float(text.get_text()) for text in ax.texts)
        == table.val_accuracy.dropna().sort_values().tolist()
    )
    assert len(plot_curves(table, best=2).lines) == 2
    mixed = table.assign(skill=["b", "a", "c", "a"])
    ticks = plot_settings(mixed, ["skill"]).axes[0].get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["a", "b", "c"]
    plot_parallel(mixed)
    plt.close("all")


def test_nothing_heavy_is_imported_before_a_sweep_runs():
    code = "import sys, cattern.tuning; print([m for m in ('pandas', 'sklearn', 'scipy', 'joblib', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
