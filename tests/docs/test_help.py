"""What --help says, word for word: a command, an option or an example that goes or changes shows.

A change that means to say something else writes new words: CATTERN_GOLDEN=write pytest tests/docs/test_help.py
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cattern.cli import app

GOLDEN = Path(__file__).with_name("help")


def said(*words: str) -> str:
    environment = {
        **os.environ,
        "COLUMNS": "110",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    environment.pop("FORCE_COLOR", None)
    command = [sys.executable, "-m", "cattern", *words, "--help"]
    done = subprocess.run(command, capture_output=True, env=environment, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def commands() -> list[str]:
    """Return the names of all commands, students' and instructors'."""
    return sorted(re.findall(r"^│ ([a-z]+)  ", said(), re.MULTILINE))


NAMES = ["", *sorted(path.stem for path in GOLDEN.glob("*.txt") if path.stem != "cattern")]


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_it_said(name):
    text = said(*name.split())
    file = GOLDEN / f"{name or 'cattern'}.txt"
    if os.environ.get("CATTERN_GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_every_command_is_here_and_shows_examples():
    found = commands()
    if os.environ.get("CATTERN_GOLDEN") == "write":
        for name in found:
            (GOLDEN / f"{name}.txt").write_text(said(name), encoding="utf-8")
    assert found == [
        name for name in NAMES[1:] if " " not in name
    ]  # "mistake draft" and "mistake superfluous" are commands of a command
    assert {c.name or c.callback.__name__ for c in app.registered_commands} <= set(found)
    for name in found:
        assert "Examples:" in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8"), name
