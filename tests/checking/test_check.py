"""What a student sees: `check` in a bundle, in a terminal and in a notebook, in the grader's own words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab_styles.two_layer_net import SOLUTION

from autograder.nbgrader_bridge.release import write_files
from autograder.release import bundle
from autograder.solution import patches as catalogue

BY_ID = {m.id: m for m in catalogue.load("two_layer_net")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A student's folder: the released files, and nothing of the instructor's can be imported."""
    top = tmp_path_factory.mktemp("bundle")
    write_files(top, bundle.released_files("two_layer_net"))
    # a student has no `autograder`, but the tests' environment does: hide it
    (top / "sitecustomize.py").write_text("import sys\nsys.modules['autograder'] = None\n")
    return top


@pytest.fixture
def bundle_with(folder):
    """Return a function that puts code into the student's file; afterwards it is as released."""
    file = folder / "cattern" / "neural_net.py"
    released = file.read_bytes()

    def put(text: str) -> Path:
        file.write_text(text, encoding="utf-8")
        return folder

    yield put
    file.write_bytes(released)


def run(folder: Path, *args: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "CATTERN_OFFLINE": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "cattern", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def checked(folder: Path, *args: str) -> dict[str, dict]:
    done = run(folder, "check", "two_layer_net", "--json", *args)
    assert done.returncode in (0, 1), done.stderr
    return {v["id"]: v for v in (json.loads(line)["verdict"] for line in done.stdout.splitlines())}


def test_the_bundle_as_released_names_every_todo(folder):
    done = run(folder, "check")
    assert done.returncode == 1
    assert all(f"TODO#{n}" in done.stdout for n in range(1, 8))
    assert {v["status"] for v in checked(folder).values()} == {"missing", "skipped"}


def test_the_solution_is_right_everywhere(bundle_with):
    folder = bundle_with(SOLUTION)
    done = run(folder, "check")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✓") == 7


@pytest.mark.parametrize(
    "mistake", ["reg-not-halved", "relu-mask-missing", "sample-without-replacement", "decay-never"]
)
def test_a_mistake_is_named_as_the_grader_names_it(bundle_with, mistake):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID[mistake]]))
    task = BY_ID[mistake].task
    verdict = checked(folder)[task]
    assert [m["id"] for m in verdict["mistakes"]] == [mistake]
    assert BY_ID[mistake].explanation in " ".join(run(folder, "check", task).stdout.split())


def test_two_mistakes_in_two_tasks_are_both_named(bundle_with):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID["reg-not-halved"], BY_ID["relu-mask-missing"]]))
    named = {m["id"] for v in checked(folder).values() for m in v["mistakes"]}
    assert named == {"reg-not-halved", "relu-mask-missing"}


def test_an_endless_loop_ends_and_costs_no_other_task(bundle_with):
    folder = bundle_with(
        SOLUTION.replace("        scores = self.loss(X)\n", "        while True:\n            pass\n")
    )
    verdicts = checked(folder, "--seconds", "4")
    assert verdicts["TODO#7"]["status"] == "timeout"
    assert {v["status"] for k, v in verdicts.items() if k != "TODO#7"} == {"pass"}


def test_a_file_that_ends_the_process_is_named(bundle_with):
    verdicts = checked(bundle_with("import os\nos._exit(0)\n"))
    assert {v["status"] for v in verdicts.values()} == {"error"}
    assert len(verdicts) == 7


def test_a_syntax_error_names_its_line(bundle_with):
    verdict = checked(bundle_with("x = 1\ny = (\n"))["TODO#1"]
    assert (
        verdict["status"] == "error"
        and "SyntaxError" in verdict["rationale"]
        and "line 2" in verdict["rationale"]
    )


def test_what_may_be_imported_is_what_grading_has(bundle_with):
    folder = bundle_with(f"import helpers\nimport scipy.special\n{SOLUTION}")
    (folder / "helpers.py").write_text("import math\n")
    assert {v["status"] for v in checked(folder).values()} == {"pass"}
    (folder / "helpers.py").unlink()
    verdicts = checked(bundle_with(f"from requests import get\n{SOLUTION}"))
    assert {v["status"] for v in verdicts.values()} == {"error"}
    assert "no requests when this is graded" in verdicts["TODO#1"]["rationale"]


def test_a_hint_goes_step_by_step_and_is_about_the_mistake(bundle_with):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID["reg-not-halved"]]))
    first, third = run(folder, "hint", "TODO#2").stdout, run(folder, "hint", "2", "--step", "3").stdout
    assert BY_ID["reg-not-halved"].hint[0] in first and BY_ID["reg-not-halved"].hint[2] not in first
    assert all(step in third for step in BY_ID["reg-not-halved"].hint)
    assert "needs no hint" in run(folder, "hint", "TODO#1").stdout


def test_status_counts_the_points(bundle_with):
    done = run(bundle_with(SOLUTION), "status")
    assert done.returncode == 0 and "72 of 72 points" in done.stdout


def test_in_a_notebook_check_prints_the_same(bundle_with):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID["reg-not-halved"]]))
    code = "from cattern import check; check('TODO#2')"
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == run(folder, "check", "TODO#2").stdout


@pytest.mark.parametrize(
    "args", [("check", "TODO#99"), ("check", "nonsense"), ("hint",), ("check", "--nonsense")]
)
def test_a_wrong_word_gets_one_clear_sentence(folder, args):
    done = run(folder, *args)
    assert done.returncode in (1, 2) and done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_check_imports_nothing_heavy_before_its_child_does():
    code = "import sys, cattern.cli, cattern.checking.check; print([m for m in ('numpy', 'torch', 'pandas', 'nbgrader', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
