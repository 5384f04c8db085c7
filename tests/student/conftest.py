"""What the tests of a student's hour share: the zip that students get."""

import subprocess
import sys
from pathlib import Path

import pytest
from shared import once

from autograder.course import ROOT

LAB = "two_layer_net"


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The zip that students get."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "cattern", "release", LAB, "--out", str(folder)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    return once(tmp_path_factory, "released-lab-1", make) / f"{LAB}.zip"
