"""Students' work does not stay behind in temporary folders."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder import temporary

HOLD = """
import sys, time
from autograder.temporary import work_folder
with work_folder("test") as folder:
    (folder / "closed").mkdir(0o000)
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def private(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def held_then_ended_by(number: signal.Signals) -> Path:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert folder.is_dir() and temporary.sweep() == [], "somebody still works there"
    process.send_signal(number)
    process.wait(20)
    process.stdout.close()
    return folder


def test_a_terminated_process_leaves_nothing():
    assert not held_then_ended_by(signal.SIGTERM).exists()


def test_what_a_killed_process_left_goes_at_the_next_start():
    folder = held_then_ended_by(signal.SIGKILL)
    assert folder.is_dir()
    temporary._prepare.cache_clear()
    with temporary.work_folder("next") as mine:
        assert not folder.exists() and mine.is_dir()
        assert mine.stat().st_mode & 0o077 == 0
    assert not mine.exists()


def test_only_our_own_folders_go(tmp_path):
    others = [tmp_path / "cattern-notes", tmp_path / f"other-test-{os.getpid()}-1-abc"]
    for path in others:
        path.mkdir()
    (tmp_path / "cattern-link-1-1-abc").symlink_to(others[0])
    assert temporary.sweep() == [] and all(path.is_dir() for path in others)
