"""The experiment on mistakes that the catalogue does not have: its command runs, and says how much is explained."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from judging import patched, reference, solved

from autograder.solution.trial import verdicts

ROOT = Path(__file__).resolve().parents[3]


def test_nearly_all_of_a_sample_is_explained_and_nothing_false_is_said():
    command = [sys.executable, "benchmarks/held_out.py", "nearest_neighbour", "--count", "18"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("nearest_neighbour"))
    named, located, related, said, nothing, false = map(float, re.findall(r"([\d.]+)%", row))
    assert named + located + related + said + nothing > 99 and located > 50
    assert nothing < 10 and false < 5


def test_a_file_that_does_not_end_is_stopped_wherever_it_runs(monkeypatch):
    """What catches all that a student's code may raise does not catch this."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from held_out import Endless, limited

    lab, before = "nearest_neighbour", time.process_time()
    texts = {
        file: patched(
            text, ("    order = np.argsort(", "    while True:\n        pass\n    order = np.argsort(")
        )
        for file, text in solved(lab).items()
    }
    with pytest.raises(Endless), limited(0.2):
        verdicts(reference(lab).lab, texts, reference(lab))
    assert time.process_time() - before < 10
    with limited(0.2):
        pass
    while time.process_time() - before < 0.5:
        pass  # nothing comes later
