"""A scripted student goes through the released zip of lab 1: each wrong attempt at each TODO, then a right one, and what is said.

What `python -m cattern check` says each time stands in golden/, one file a TODO, to be read by people. CATTERN_GOLDEN=write
writes the files anew.
"""

import json
import os
import re
import subprocess
import sys
import textwrap
import warnings
import zipfile
from pathlib import Path

import pytest
from answers import ANSWERS
from attempts import ATTEMPTS
from sampling import sample
from shared import once

LAB = "two_layer_net"
ALL = {**ATTEMPTS, **ANSWERS}
GOLDEN = Path(__file__).parent / "golden"
INSTRUCTORS = ("PYTHONPATH", "CATTERN_COURSE", "CATTERN_MNIST_DIR")  # what students have not set
SECONDS = 2  # that a student waits for a loop without an end
INSTALL = (
    400  # seconds in which pip has installed what a bundle asks for, or the index is taken for out of reach
)


def python_of(venv: Path) -> Path:
    return next(p for p in (venv / "bin" / "python", venv / "Scripts" / "python.exe") if p.is_file())


class Student:
    """A folder unpacked from the zip, and a Python that knows nothing of the instructors' half."""

    def __init__(self, archive: Path, home: Path, python: Path):
        with zipfile.ZipFile(archive) as file:
            file.extractall(home)
        self.folder, self.python = home / LAB, python
        self.file = self.folder / "cattern" / "neural_net.py"

    def write(self, task: str, code: str) -> None:
        """Put code in the place of a task's stub."""
        stub = re.compile(rf"^( *)raise NotImplementedError\(.{task}: .*\n", re.M)
        text, count = stub.subn(
            lambda m: textwrap.indent(code, m[1]) + "\n", self.file.read_text(encoding="utf-8")
        )
        assert count == 1, f"{task} has no stub"
        self.file.write_text(text, encoding="utf-8")

    def solve_before(self, task: str) -> None:
        """Write the right attempt at every earlier TODO."""
        for earlier in ATTEMPTS:
            if earlier == task:
                return
            self.write(earlier, ATTEMPTS[earlier][-1][1])

    def check(self, task: str) -> str:
        """Return what the check says."""
        done = self.run("-m", "cattern", "check", task.removeprefix("TODO#"), "--seconds", str(SECONDS))
        assert done.stderr == "", done
        assert (done.returncode == 0) == (done.stdout[0] in "✓?"), done
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Run Python in the student's folder, where only the subset of the images is to be found."""
        bare = {name: value for name, value in os.environ.items() if name not in INSTRUCTORS}
        bare["CATTERN_OFFLINE"] = "1"
        command = [self.python, *words]
        return subprocess.run(
            command, cwd=self.folder, env=bare, capture_output=True, text=True, encoding="utf-8", check=False
        )

    def answer(self, task: str, source: str) -> None:
        """Write a cell of the notebook, or run what writes the data file."""
        if task == "TODO#8":
            (self.folder / "best_net.npz").unlink(missing_ok=True)
            done = self.run("-c", source)
            assert done.returncode == 0, done
            return
        path = self.folder / f"{LAB}.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))
        [cell] = [
            c
            for c in cells["cells"]
            if c["metadata"].get("nbgrader", {}).get("grade_id") == f"{task.lower()}-answer"
        ]
        cell["source"] = source
        path.write_text(json.dumps(cells), encoding="utf-8")

    def attempt(self, task: str, code: str) -> str:
        """Try code for a task; afterwards the file is as it was. Return what was said."""
        if task in ANSWERS:
            self.answer(task, code)
            return self.check(task)
        before = self.file.read_bytes()
        self.write(task, code)
        try:
            return self.check(task)
        finally:
            self.file.write_bytes(before)


def as_text(title: str, code: str, said: str) -> str:
    said = re.sub(r"accuracy 0\.9\d+, above", "accuracy 0.9…, above", said)  # another BLAS, another image
    return f"## {title}\n\n{textwrap.indent(code, '    ')}\n\n{said.rstrip()}\n"


def golden(task: str) -> dict[str, str]:
    """Return what is to be said, by the attempt's title."""
    text = (GOLDEN / f"{task.replace('#', '')}.txt").read_text(encoding="utf-8")
    parts = ["## " + part.rstrip() + "\n" for part in text.split("\n## ")[1:]]
    return {part.partition("\n")[0].removeprefix("## "): part for part in parts}


@pytest.fixture(scope="session")
def quick_python(tmp_path_factory):
    """A Python that finds what is installed for the tests, by a .pth file, but neither this repository nor its packages."""

    def make(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        borrow(folder)

    return python_of(once(tmp_path_factory, "student-python", make))


def borrow(venv: Path) -> None:
    """Let a virtual environment find the packages of this one. What is installed here in place (.pth) stays unknown to it."""
    import numpy

    here = Path(numpy.__file__).resolve().parents[1]
    site = next(venv.glob("lib/python*/site-packages"), venv / "Lib" / "site-packages")
    (site / "borrowed.pth").write_text(f"{here}\n", encoding="utf-8")


def test_a_sample_of_attempts_is_answered_as_written_down(archive, quick_python, tmp_path):
    chosen = sample([(task, i) for task, tries in ALL.items() for i in range(len(tries))], 4)
    for number, (task, i) in enumerate(chosen):
        student = Student(archive, tmp_path / str(number), quick_python)
        student.solve_before(task)
        title, code = ALL[task][i]
        assert as_text(title, code, student.attempt(task, code)) == golden(task)[title]


def test_there_are_enough_attempts_and_every_file_is_of_one_task():
    assert all(tries[-1][0] == "right" for tries in ALL.values())
    assert all(sum(not t.startswith("right") for t, _ in tries) >= 6 for tries in ALL.values())
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {task.replace("#", "") for task in ALL}
    for task, tries in ALL.items():
        said = golden(task)
        assert [*said] == [title for title, _ in tries]
        sign = "\n✓ " if task in ATTEMPTS else "\n? "
        assert all((sign in said[title]) == title.startswith("right") for title in said)


@pytest.mark.slow
def test_the_whole_way_in_a_fresh_environment(archive, tmp_path):
    """As a student sets it up: `python -m venv`, `pip install -r requirements.txt`; then every attempt, TODO after TODO."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    student = Student(archive, tmp_path, python_of(venv))
    command = [student.python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"]
    try:
        subprocess.run(command, cwd=student.folder, check=True, capture_output=True, timeout=INSTALL)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        warnings.warn(f"the packages are borrowed, pip could not install them: {error}", stacklevel=1)
        borrow(venv)
    differ = []
    for task, tries in ALL.items():
        found = [as_text(title, code, student.attempt(task, code)) for title, code in tries]
        if os.environ.get("CATTERN_GOLDEN") == "write":
            GOLDEN.mkdir(exist_ok=True)
            text = f"# {task}: what `python -m cattern check` says to each attempt\n\n" + "\n".join(found)
            (GOLDEN / f"{task.replace('#', '')}.txt").write_text(text, encoding="utf-8")
        differ += [text for text, (title, _) in zip(found, tries, strict=True) if text != golden(task)[title]]
        if task in ATTEMPTS:
            student.write(task, tries[-1][1])
    assert not differ, "\n".join(differ)
    assert "All of it is right" in student.run("-m", "cattern", "check").stdout
