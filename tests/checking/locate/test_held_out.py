"""The experiment on mistakes that the catalogue does not have: its command runs, and says how much is explained."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_nearly_all_of_a_sample_is_explained_and_nothing_false_is_said():
    command = [sys.executable, "benchmarks/held_out.py", "nearest_neighbour", "--count", "18"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("nearest_neighbour"))
    named, located, related, said, nothing, false = map(float, re.findall(r"([\d.]+)%", row))
    assert named + located + related + said + nothing > 99 and located > 50
    assert nothing < 10 and false < 5
