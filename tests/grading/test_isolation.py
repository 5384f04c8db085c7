"""One student's trouble is a named row, and nobody else's; a machine that cannot grade says so once, and overwrites nothing."""

import csv
import os
import shutil
import subprocess
import sys

import pytest
from courses import course_of
from lab_styles.two_layer_net import SOLUTION

from autograder.grading import klass
from autograder.sandbox import SandboxError, require_bubblewrap, walls
from autograder.sanitise.names import file_name

COURSE = course_of()
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
