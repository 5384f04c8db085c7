"""What README and the other documents say: every command in them is run, every picture and link is there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.demo import LAB

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.findall(r"`((?:cattern|python -m cattern|nbgrader|make|bash|\.venv/bin/python) [^`]*)`", README)
CODE += [line.strip() for line in re.findall(r"^    +(\S.*)$", README, re.MULTILINE)]
# Commands that another test runs, or that change the machine: what they are is said, so that no new one goes unseen.
ELSEWHERE = {
    "make demo": "test_the_demo_prints_what_readme_shows",
    "make test": "this very run",
    "make setup": ".ci/run",
    "make test-browser": ".ci/run",
    "make help": "test_make_help_lists_every_target",
    "make lab": "test_every_target_names_files_that_are_there; test_browser opens JupyterLab",
    "make test-all": "the same command as make test, with more chosen: hours",
    "make bench": "test_bench runs the quick one",
    "make bench QUICK=1": "test_bench, and .ci/run",
    "make bench LARGE=1": "test_bench looks at which rows it has",
    "make mutants": "test_code_mutants",
    "make pictures": "the browser tests take the same screenshots",
    "make PYTHON=/path/to/python3.11 demo": "test_make_says_what_is_missing",
    "bash .ci/run": "CI itself",
    ".venv/bin/python benchmarks/reproduced.py": "test_reproduced",
    "nbgrader release_assignment two_layer_net": "test_orders, with an exchange of its own",
    "nbgrader collect two_layer_net": "test_orders, with an exchange of its own",
    "nbgrader generate_assignment two_layer_net": "test_nbgrader",
    "nbgrader autograde two_layer_net": "test_nbgrader",
    "nbgrader generate_feedback two_layer_net": "test_nbgrader",
    "python -m cattern submit": "test_submit",
    "cattern mistake draft ada 'TODO#1' --lab nearest_neighbour": "test_draft",
    "python -m cattern check --watch": "test_watch, in a terminal",
    "cattern demo nn_library": "test_the_demo_runs_for_any_lab",
    "cattern data": "test_examples",
    "cattern data --force": "test_examples, without the internet; test_load_mnist has the mirrors",
}
RUN = sorted({c for c in CODE if re.match(r"(cattern|python -m cattern) ", c)} - ELSEWHERE.keys())


def test_every_command_in_readme_is_run_by_a_test():
    known = {*ELSEWHERE, *RUN}
    shown = {
        c for c in CODE if re.match(r"(cattern|python -m cattern|nbgrader|make|bash|\.venv/bin/python) ", c)
    }
    assert shown <= known
    assert len(RUN) >= 6


@pytest.mark.parametrize("command", RUN)
def test_a_command_in_readme_works(command, demo, tmp_path):
    out, _ = demo
    shutil.copytree(out / "handed_in", tmp_path / "submitted")
    shutil.copytree(out / "grades", tmp_path / "grades")
    shutil.copytree(out / "course", tmp_path / "course")
    words = [w.strip("'") for w in command.removeprefix("python -m ").split()][1:]
    if words[0] in ("check", "hint", "status") and LAB not in words:
        words.insert(1, LAB)
    if words[0] == "release":
        words += ["--out", "handout"]
    if (
        words[0] in ("feedback", "grade") or "--new-secret" in words
    ):  # this clone is not what they should change
        words += ["--course", "course"]
    done = subprocess.run(
        [sys.executable, "-m", "cattern", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def table(text: str) -> list[list[str]]:
    """Return the rows of the class table in a text, as words."""
    return [line.split() for line in text.splitlines() if re.match(r"\s+(student|[a-z]+ +\d+ )", line)]


def test_the_demo_prints_what_readme_shows(demo):
    out, printed = demo
    shown = README.split("<!-- demo output: begin -->")[1].split("<!-- demo output: end -->")[0]
    assert len(table(shown)) == 14
    assert table(printed) == table(shown)
    assert (out / "feedback" / "dora" / LAB / f"{LAB}.html").is_file()
    assert "reg-not-halved" in printed


TARGETS = re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_make_help_lists_every_target():
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    said = subprocess.run(
        [make, "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {"demo", "test", "lab", "help", "setup"} <= {*TARGETS}
    assert [line.split()[1] for line in said.splitlines()] == TARGETS


def test_every_target_names_files_that_are_there(tmp_path):
    """What a target would run is looked at, and not run: its files, and that make understands it."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    for target in TARGETS:
        done = subprocess.run([make, "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        named = re.findall(r"(?<=\s)(?:tests|benchmarks|\.ci|notebooks)(?:/[\w./]+)?(?=\s|$)", done.stdout)
        assert [path for path in named if not (ROOT / path).exists()] == [], target
        assert named or target not in ("bench", "mutants", "pictures", "lab"), target


def test_make_says_what_is_missing(tmp_path):
    make = shutil.which("make")
    if make is None:
        pytest.skip("needs make")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        [make, "PYTHON=", "setup"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "Python 3.11" in done.stderr


@pytest.mark.parametrize("document", DOCS, ids=lambda p: p.name)
def test_links_and_pictures_are_there(document):
    for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target


def test_nothing_names_a_registry_or_a_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    hosts = [
        "files." + "pythonhosted",
        "pypi" + ".org",
        "deb." + "debian.org",
        "registry.npmjs" + ".org",
        "/work" + "/",
    ]
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".png", ".gz"):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [h for h in hosts if h in text], name


def test_the_table_of_labs_counts_the_mistakes():
    from autograder.solution import patches as mistakes
    from cattern.checking.lab import lab_names

    shown = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|", README, re.MULTILINE))
    assert shown == {lab: str(len(mistakes.load(lab))) for lab in lab_names()}


@pytest.mark.slow
@pytest.mark.long
def test_the_demo_runs_for_any_lab(tmp_path):
    command = [sys.executable, "-m", "cattern", "demo", "nn_library", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nn_library: 5 submissions" in done.stdout
