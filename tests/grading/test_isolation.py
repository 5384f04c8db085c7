"""One student's trouble is a named row, and nobody else's; a machine that cannot grade says so once, and overwrites nothing."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from courses import course_of
from lab_styles.two_layer_net import SOLUTION

from autograder.back.feedback import feedback
from autograder.grading import klass
from autograder.sandbox import SandboxError, require_bubblewrap, walls
from autograder.sanitise.names import file_name

COURSE = course_of()
NOTEBOOK = f"{COURSE.lab_name}.ipynb"
NAMES = ["ann", "doe [2]", "doe*", "=1+1", "x" * 246, "caf\udce9", "esc\x1b[31m", "<script>"]


def hand_in(folder, names):
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "neural_net.py").write_text(SOLUTION, encoding="utf-8")


@pytest.fixture(scope="module")
def odd_class(tmp_path_factory):
    """A class with odd names, one of whom hands in what cannot be read at all."""
    top = tmp_path_factory.mktemp("odd")
    hand_in(top / "in", NAMES)
    (top / "in" / "zoe").mkdir()
    (top / "in" / "zoe" / "two_layer_net.ipynb").write_bytes(b"\xff\x00{" * 1000)
    return top / "in", klass.grade_class(COURSE, top / "in", top / "out", jobs=2), top / "out"


def test_everybody_has_a_verdict_whatever_their_name(odd_class):
    _, graded, out = odd_class
    scores = {each.student: each.verdict.score for each in graded.results}
    assert {scores[name] for name in NAMES} == {72.0}
    assert all((out / f"{file_name(name)}.json").is_file() for name in NAMES)
    assert not [path for path in out.iterdir() if set(path.name) & set("*[]<>=\x1b")]


def test_no_name_breaks_the_table(odd_class):
    text = (odd_class[2] / "summary.csv").read_text(encoding="utf-8")
    assert "\x1b" not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == len(NAMES) + 1
    assert not [row for row in rows if row["student"].startswith(("=", "+", "-", "@"))]


def stoppers() -> dict[str, dict[str, bytes]]:
    """Return hand-ins that once stopped a class, or took its memory: student → files."""
    cell = {"cell_type": "code", "source": "x", "outputs": [], "execution_count": None}
    foreign = {"schema_version": 3, "grade_id": "of-another-lab", "grade": False, "solution": True}
    costly = {"cell_type": "markdown", "metadata": {}, "source": "[" * 60_000 + "$x$ " * 5_000}

    def book(*cells) -> bytes:
        return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()

    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("W1.npy", b"\x93NUMPY" + bytes(1000))
        archive.filelist.extend(archive.filelist * 4000)
    net = SOLUTION.encode()
    return {
        "a foreign cell": {NOTEBOOK: book({**cell, "metadata": {"nbgrader": foreign}})},
        "braces": {NOTEBOOK: b'{"cells": [' + b"{}," * 1_000_000 + b"{}]}", "neural_net.py": net},
        "caf\udce9 $(reboot)": {"neural_net.py": net},
        "exit": {"neural_net.py": doing("np.random.seed = sys.exit")},
        "gone": {"neural_net.py": doing("sys.modules.pop(__name__)")},
        "leaving": {"neural_net.py": doing("sys.modules[__name__] = np.seterr = sys.exit")},
        "markdown": {NOTEBOOK: book(costly), "neural_net.py": net},
        "tabs": {"neural_net.py": b"class TwoLayerNet:\n" + b"\tdef f(self):\n        return 1\n" * 20_000},
        "weights": {"best_net.npz": twice.getvalue(), "neural_net.py": net},
    }


def doing(line: str) -> bytes:
    """Return a right file whose `loss`, after it has loss and no gradients yet, does something to its process besides."""
    there = "        grads = {}\n"
    assert there in SOLUTION
    return ("import sys\n" + SOLUTION.replace(there, f"{there}        {line}\n")).encode()


def given_back(folder: Path, students: dict[str, dict[str, bytes]]) -> dict[str, tuple[str, str]]:
    """Grade a class in a course of its own; return student → their verdict but for the time it took, and their page."""
    course = folder / "course"
    shutil.copytree(COURSE.notebook.parent, course / "notebooks" / COURSE.lab_name)
    for student, files in students.items():
        (folder / "in" / student).mkdir(parents=True)
        for name, content in files.items():
            (folder / "in" / student / name).write_bytes(content)
    opened = course_of(COURSE.lab_name, course)
    graded = klass.grade_class(opened, folder / "in", folder / "out", jobs=2)
    assert {each.student for each in graded.results} == {*students}
    made = feedback(opened, folder / "in", folder / "out", folder / "pages")
    return {
        each.student: (
            json.dumps({**each.verdict.to_json(), "seconds": 0}),
            made.pages[each.student].read_text(encoding="utf-8"),
        )
        for each in graded.results
        if each.verdict and each.student in made.pages
    }


def test_nobody_pays_for_a_neighbour(tmp_path):
    """The verdict and the page of who sits beside them are those of a class without them."""
    honest = {"neural_net.py": SOLUTION.replace("0.5 * reg", "reg").encode()}
    alone = given_back(tmp_path / "alone", {"ann": honest})["ann"]
    beside = given_back(tmp_path / "beside", {"ann": honest, **stoppers()})
    assert beside["ann"] == alone and "reg-not-halved" in alone[0]
    assert len(beside) == 1 + len(stoppers()), "each of them has a verdict and a page, too"


def test_a_machine_that_cannot_grade_says_so_once_and_overwrites_nothing(odd_class, tmp_path):
    submitted, _, out = odd_class
    before = {path.name: path.read_bytes() for path in out.glob("*.*")}
    fake = tmp_path / "bwrap"
    fake.write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo bubblewrap 0.9.0 && exit\necho uid map: Permission denied >&2; exit 1\n"
    )
    fake.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = [
        sys.executable,
        "-m",
        "cattern",
        "grade",
        "two_layer_net",
        str(submitted),
        "--out",
        str(out),
        "--force",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("the sandbox does not start") == 1 and "apparmor" in done.stderr
    assert {path.name: path.read_bytes() for path in out.glob("*.*")} == before


@pytest.mark.parametrize(
    ("release", "said", "cure"),
    [
        ("4.4.0-19041-Microsoft", "", "WSL 2"),
        ("6.8.0", "bwrap: setting up uid map: Permission denied", "apparmor"),
        ("6.8.0", "bwrap: Creating new namespace failed: No space left on device", "max_user_namespaces"),
        ("6.8.0", "bwrap: something else", "something else"),
    ],
)
def test_each_cause_has_its_cure(monkeypatch, release, said, cure):
    monkeypatch.setattr(walls.platform, "release", lambda: release)
    monkeypatch.setattr(walls.Path, "exists", lambda path: False)
    assert cure in str(walls.refusal(said))


def test_in_a_container_the_cure_is_the_containers(monkeypatch):
    monkeypatch.setattr(walls.Path, "exists", lambda path: str(path) == "/.dockerenv")
    assert "--security-opt" in str(walls.refusal("Operation not permitted"))


def test_without_bubblewrap_nothing_is_begun(monkeypatch, tmp_path):
    hand_in(tmp_path / "in", ["ann"])
    monkeypatch.setenv("PATH", str(tmp_path))
    require_bubblewrap.cache_clear()
    walls.require_walls.cache_clear()
    try:
        with pytest.raises(SandboxError, match="not installed"):
            klass.grade_class(COURSE, tmp_path / "in", tmp_path / "out")
        assert not (tmp_path / "out").exists()
    finally:
        require_bubblewrap.cache_clear()
        walls.require_walls.cache_clear()
    shutil.rmtree(tmp_path / "in")
