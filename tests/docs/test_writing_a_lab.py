"""The guide to writing a lab tells the truth: its excerpts stand in the files they name, its commands print what it shows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sampling import a_quarter

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "writing-a-lab.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
EXCERPTS = [(path, text) for kind, path, text in BLOCKS if kind != "console"]
CONSOLES = [text for kind, _, text in BLOCKS if kind == "console"]
# (command, what it prints)
COMMANDS = [
    (command, shown)
    for text in CONSOLES
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
]
TOOLS = {"cattern", "pytest", "ruff"}


def written(path: str) -> str:
    """Return the text of a file; of a notebook, the sources of its cells."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".ipynb"):
        return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"]) + "\n"
    return text


def prints(shown: str, printed: str) -> bool:
    """Tell whether `printed` is what is shown, where … stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def test_there_are_excerpts_of_every_kind_of_file_and_commands():
    kinds = {Path(path).suffix for path, _ in EXCERPTS}
    assert kinds == {".py", ".toml", ".ipynb"}
    assert len(EXCERPTS) >= 10 and len(COMMANDS) >= 7
    assert GUIDE.count("```") == 2 * len(BLOCKS)


@pytest.mark.parametrize(("path", "text"), EXCERPTS, ids=[path for path, _ in EXCERPTS])
def test_an_excerpt_stands_in_its_file(path, text):
    assert text.strip()
    assert text in written(path), f"{path} has no such lines:\n{text}"


@pytest.mark.parametrize(("command", "shown"), a_quarter(COMMANDS))
def test_a_command_prints_what_is_shown(command, shown, tmp_path):
    words = command.replace("build/try", str(tmp_path / "try"))
    tool, _, rest = words.partition(" ")
    assert tool in TOOLS | {"python"}
    words = f'"{sys.executable}" {f"-m {tool} " if tool in TOOLS else ""}{rest}'
    # a summary of pytest without the reports of an outer one
    env = {**os.environ, "COLUMNS": "200", "PYTEST_ADDOPTS": "-p no:cacheprovider --color=no"}
    done = subprocess.run(words, shell=True, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    printed = re.sub(r"^[.sx]+ +\[ *\d+%\]\n", "", done.stdout, flags=re.MULTILINE)  # pytest's dots
    assert prints(shown, printed), f"{command} printed\n{printed}"


def test_every_file_of_the_lab_is_told_of():
    for name in (
        "drivers.py",
        "readings.py",
        "hints.py",
        "probes.py",
        "mistakes/*.toml",
        "NAME.ipynb",
        "class.toml",
        "rubric.py",
    ):
        assert name in GUIDE


def test_the_comparison_tells_other_output_from_what_is_shown():
    assert prints("… passed in …", "18 passed in 2.10s")
    assert not prints("… passed, … deselected in …", "1 failed, 3 deselected in 2s")
    assert not prints("All checks passed!", "Found 1 error.")
