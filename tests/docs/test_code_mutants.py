"""The command that changes the code in small ways: what it changes, and that it tells noticed from unnoticed."""

import subprocess
import sys
from pathlib import Path

import code_mutants
import pytest
from code_mutants import Change, changes, is_noticed, suites_of

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """"A docstring."


def f(x: int = 3) -> str:
    if x > 2 and x != 5:
        print("large")
    return f"{x} things"
"""


def made(source: str) -> set[str]:
    return {
        (source.encode()[: c.start] + c.new.encode() + source.encode()[c.end :]).decode()
        for c in changes("f.py", source)
    }


def test_every_kind_of_change_is_made_and_each_is_python():
    texts = made(SOURCE)
    for line in (
        'print("")',
        "pass",
        "return None",
        'return ""',
        "((x) <= (2))",
        "((x) == (5))",
        "(2 + 1)",
        " or ",
    ):
        assert any(line in text for text in texts), line
    assert all("A docstring." in text and "x: int" in text for text in texts)
    for text in texts:
        compile(text, "f.py", "exec")


@pytest.mark.slow  # CI's: two runs of tests, each in a process of its own
def test_a_change_that_a_test_notices_is_told_from_one_that_none_does(monkeypatch):
    file = "mnist_data/idx.py"
    one = "tests/student/test_load_mnist.py::test_load_idx_reads_every_dtype"
    monkeypatch.setitem(code_mutants.TESTS, file, [one])
    source = (ROOT / file).read_bytes()

    def change(old: bytes, new: str) -> Change:
        start = source.index(old)
        return Change(file, 1, start, start + len(old), old.decode(), new)

    assert is_noticed(change(b'0x08: ">u1"', '0x08: ">i1"'))
    assert not is_noticed(change(b"Reads IDX files", "Takes IDX files"))


def test_every_module_has_tests_that_are_about_it():
    for part in ("autograder", "cattern", "mnist_data"):
        for path in (ROOT / part).rglob("*.py"):
            assert suites_of(path.relative_to(ROOT).as_posix()), path


def test_the_command_prints_the_share():
    command = [sys.executable, "tests/helpers/code_mutants.py", "1", "mnist_data/idx.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 changes noticed" in done.stdout
