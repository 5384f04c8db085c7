"""The table of costs: medians, ratios run by run, and a command that runs. Whether something is fast is not asked here."""

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rows_class
from measure import Row, as_markdown, machine, measure, process
from rows_class import Peak

ROOT = Path(__file__).resolve().parents[2]


def given(*values):
    values = iter(values)
    return lambda: next(values)


def test_medians_and_the_median_of_the_ratios_and_the_first_run_does_not_count():
    row = Row("ours", given(99, 1, 2, 6), given(99, 2, 1, 3), "theirs", runs=3)
    found = measure(row)
    assert (found.ours, found.peer, found.ratio) == (2, 2, 2)
    assert "| ours | 2 CPU s | theirs | 2 CPU s | 2.00 |" in as_markdown([found])


def test_a_peer_that_is_far_away_or_not_installed_is_told():
    far = Row("ours", given(0.16, 0.16), given(33, 33), "theirs", runs=1)
    assert "| ours | 0.16 CPU s | theirs | 33 CPU s | 0.005 |" in as_markdown([measure(far)])
    absent = Row("ours", given(0.16), given(math.nan), "theirs", runs=1)
    assert "| ours | 0.16 CPU s | theirs | not installed |  |" in as_markdown([measure(absent)])


def test_a_quick_row_runs_once_and_a_row_needs_no_peer():
    found = measure(Row("alone", given(3.0), unit="MB"), quick=True)
    assert (found.ours, found.ratio) == (3.0, None)
    assert "| alone | 3 MB |  |  |  |" in as_markdown([found])


def test_a_process_is_measured_with_its_children_and_a_failure_is_told():
    work = "sum(range(10**7))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{work}'])"
    assert process(sys.executable, "-c", child)() > process(sys.executable, "-c", "0")()
    with pytest.raises(RuntimeError, match="no such thing"):
        process(sys.executable, "-c", "raise SystemExit('no such thing')")()


def test_the_machine_is_named_with_its_versions():
    assert "Python 3" in machine() and "numpy" in machine() and "cores" in machine()


def test_the_command_prints_rows_and_refuses_what_it_does_not_know(full_mnist_or_not):
    done = subprocess.run(
        [sys.executable, "benchmarks/bench.py", "mnist", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert full_mnist_or_not == ("uint8" in done.stdout)
    wrong = subprocess.run(
        [sys.executable, "benchmarks/bench.py", "nonsense"], cwd=ROOT, capture_output=True, text=True
    )
    assert wrong.returncode == 2 and "mnist" in wrong.stderr


@pytest.fixture
def full_mnist_or_not():
    import os

    return bool(os.environ.get("CATTERN_MNIST_DIR"))


def test_the_table_in_the_repository_is_one_that_the_command_writes():
    text = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    assert "| what | Cattern | beside | | ratio |" in text and "Python 3" in text
    for name in ("`cattern check`", "`cattern release`", "MNIST files"):
        assert name in text


def test_the_ways_of_tuning_are_measured_and_one_that_ends_on_a_worse_setting_has_lost(monkeypatch):
    import rows_tuning

    rng = np.random.default_rng(0)
    sets = (rng.normal(size=(60, 784)), np.arange(60) % 10, rng.normal(size=(20, 784)), np.arange(20) % 10)
    monkeypatch.setattr(
        rows_tuning, "data", lambda dtype: (sets[0].astype(dtype), sets[1], sets[2].astype(dtype), sets[3])
    )
    for name, value in {"SETTINGS": 4, "LOWEST": 1, "HIGHEST": 4, "JOBS": 1}.items():
        monkeypatch.setattr(rows_tuning, name, value)
    monkeypatch.setenv("CATTERN_MNIST_DIR", "somewhere")
    for row in rows_tuning.rows(Path()):
        assert row.ours() > 0 and (row.peer is None or row.peer() > 0)
    assert rows_tuning.seconds(1.0, 0.0) < rows_tuning.seconds(-1.0, 0.0) == math.inf
    monkeypatch.delenv("CATTERN_MNIST_DIR")
    assert rows_tuning.rows(Path()) == []


def test_memory_is_that_of_all_processes_at_their_peak():
    holds = "held = bytes(60_000_000); held = held.replace(bytes(1), bytes([1])); "
    child = f"{holds} print(flush=True); input()"
    code = f"import subprocess, sys; {holds} subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline()  # both hold their bytes now
    peak = Peak(process.pid)
    while peak.most < 120:
        time.sleep(0.05)
    process.communicate(b"\n")
    assert 120 < peak.end() < 400


def test_peers_get_all_of_the_hand_ins_in_a_large_table_only(tmp_path):
    rows = rows_class.rows(tmp_path)
    assert {row.peer_name for row in rows if row.peer} == {"stock `nbgrader autograde`", "`otter run`"}
    assert all("(beside: of 20 of these)" in row.name for row in rows if row.large)
    assert len([row for row in rows if row.large]) == len([row for row in rows if row.peer and not row.large])
    assert [row.name for row in rows if row.quick_runs] == [
        "`cattern grade`, 10 submissions",
        "`cattern grade` again, 10 unchanged",
    ]
    made = subprocess.run(["make", "-n", "bench", "LARGE=1"], cwd=ROOT, capture_output=True, text=True)
    assert "bench.py  --large" in made.stdout
