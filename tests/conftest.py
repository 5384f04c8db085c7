"""What all tests share: no network, no screen, and a clear skip where the full MNIST is missing."""

import os
import subprocess
import sys
from pathlib import Path

# Before anything imports Matplotlib, and for every process that a test starts.
os.environ["MPLBACKEND"] = "Agg"
os.environ["CATTERN_OFFLINE"] = "1"

import pytest
from hypothesis import settings

from mnist_data.files import FILES, find

# Examples are the same in every run, and no example fails for being slow.
settings.register_profile("cattern", deadline=None, derandomize=True)
settings.load_profile("cattern")


def pytest_runtest_setup(item):
    if item.get_closest_marker("full_mnist"):
        folder = os.environ.get("CATTERN_MNIST_DIR", "")
        if not folder:
            pytest.skip("needs the four official MNIST files: set CATTERN_MNIST_DIR to their folder")
        missing = [file.name for file in FILES if not find(file, folder)]
        if missing:
            pytest.skip(f"needs the four official MNIST files: CATTERN_MNIST_DIR lacks {', '.join(missing)}")


@pytest.fixture
def no_mnist(monkeypatch):
    """A machine without MNIST and without the internet."""
    monkeypatch.delenv("CATTERN_MNIST_DIR", raising=False)
    monkeypatch.setenv("CATTERN_OFFLINE", "1")


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demonstration, run once for all tests; yields its folder and what it printed."""
    out = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "cattern", "demo", "--out", str(out)]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return out, done.stdout
