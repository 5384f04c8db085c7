"""What a student waits for: `cattern check`, of one task and of all, from a bundle."""

import subprocess
import sys
from pathlib import Path

from measure import ROOT, Row, process, python

LAB = "two_layer_net"
NUMPY = "`import numpy` in a new Python"


def rows(work: Path) -> list[Row]:
    bundle = solved_bundle(work)
    numpy = python("import numpy", wall=True)

    def check(*words):
        return process(sys.executable, "-m", "cattern", "check", *words, cwd=bundle, wall=True)

    return [
        Row("`cattern check 'TODO#1'`", check("TODO#1"), numpy, NUMPY, "wall s", runs=9),
        Row("`cattern check`, all of lab 1", check(), numpy, NUMPY, "wall s", runs=9),
    ]


def solved_bundle(work: Path) -> Path:
    """Return a released lab 1 whose TODOs are filled in with the solution."""
    command = [sys.executable, "-m", "cattern", "release", LAB, "--out", str(work)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    file = work / LAB / "cattern" / "neural_net.py"
    lines = (ROOT / "cattern" / "neural_net.py").read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if "### " not in line), encoding="utf-8")
    return work / LAB
