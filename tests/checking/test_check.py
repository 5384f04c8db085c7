"""What a student sees: `check` in a bundle, in a terminal and in a notebook, in the grader's own words."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from courses import course_of
from judging import LAB
from lab_styles.two_layer_net import SOLUTION

from autograder import notebook
from autograder.solution import patches as catalogue
from autograder.solution.reference import public_fingerprints
from autograder.submission.repair import python_source

BY_ID = {m.id: m for m in catalogue.load("two_layer_net")}


def run(folder: Path, *args: str, **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "CATTERN_OFFLINE": "1", "PYTHONPATH": str(folder), **environment}
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


def test_an_endless_loop_is_shown_with_its_line_and_asked_once(bundle_with):
    lines = "        scores = self.loss(X)\n"
    text = SOLUTION.replace(lines, "        k = 0\n        while k < 5:\n            k -= 1\n" + lines)
    folder = bundle_with(text)
    number = text.splitlines().index("        while k < 5:") + 1
    verdicts = checked(folder, "--seconds", "1")
    assert verdicts["TODO#7"]["status"] == "timeout"
    for part in (f"line {number} of neural_net.py", "`while k < 5:`", "had not ended after 1 seconds"):
        assert part in verdicts["TODO#7"]["rationale"]
    assert {v["status"] for k, v in verdicts.items() if k != "TODO#7"} == {"pass"}


def test_after_a_task_that_hangs_no_other_is_waited_for(bundle_with):
    """The loop stands in `loss`, which all but the training need: whatever meets it again is stopped at once."""
    line = "        N = X.shape[0]\n"
    text = SOLUTION.replace(line, line + "        while True:\n            X = X + 0\n")
    folder = bundle_with(text)
    found = {k: (v["status"], v["rationale"]) for k, v in checked(folder, "--seconds", "1").items()}
    number = text.splitlines().index("        while True:") + 1
    hung = f"line {number} of neural_net.py (`while True:`): this loop had not ended after 1 seconds"
    for n in (1, 2, 3, 7):
        assert found.pop(f"TODO#{n}") == ("timeout", hung)
    assert {status for status, _ in found.values()} == {"pass"}


def test_a_loop_in_another_task_costs_none_of_a_tasks_points(bundle_with):
    """The training is run some ninety times to see its minibatches, and none of them comes to an end."""
    line = "            loss_history.append(loss)\n"
    folder = bundle_with(SOLUTION.replace(line, line + "            while True:\n                pass\n"))
    verdicts = checked(folder, "4", "5", "--seconds", "0.6")
    assert {v["id"]: v["status"] for v in verdicts.values()} == {"TODO#4": "pass", "TODO#5": "timeout"}


def test_who_waited_twice_waits_no_more(bundle_with):
    """Three loops: the second one is named as well, and what comes after it is not run."""
    text = SOLUTION
    for line in (
        "        N = X.shape[0]\n",
        "        loss_history = []\n",
        "        scores = self.loss(X)\n",
    ):
        assert line in text
        text = text.replace(line, line + "        while True:\n            pass\n")
    verdicts = checked(bundle_with(text), "--seconds", "0.6")
    assert [v["status"] for v in verdicts.values()] == ["timeout"] * 4 + ["skipped"] * 3
    assert (
        verdicts["TODO#4"]["rationale"] != verdicts["TODO#3"]["rationale"] == verdicts["TODO#1"]["rationale"]
    )
    assert verdicts["TODO#7"]["rationale"] == "not run: TODO#4 does not end"


def test_a_loop_that_catches_everything_is_named_all_the_same(bundle_with):
    loop = "        while True:\n            try:\n                len(X)\n            finally:\n                continue\n"
    text = SOLUTION.replace("        scores = self.loss(X)\n", loop + "        scores = self.loss(X)\n")
    verdict = checked(bundle_with(text), "7", "--seconds", "0.6")["TODO#7"]
    assert (
        verdict["status"] == "timeout" and "`while True:`): this loop had not ended" in verdict["rationale"]
    )


def test_where_no_signal_can_be_sent_the_rest_is_not_run(bundle_with):
    """As on Windows."""
    line = "        N = X.shape[0]\n"
    folder = bundle_with(SOLUTION.replace(line, line + "        while True:\n            pass\n"))
    custom = folder / "sitecustomize.py"
    before = custom.read_text()
    custom.write_text(f"{before}import signal\ndel signal.pthread_kill, signal.setitimer, signal.SIGPROF\n")
    verdicts = checked(folder, "--seconds", "0.6")
    custom.write_text(before)
    assert verdicts["TODO#1"]["status"] == "timeout" and "`while True:`" in verdicts["TODO#1"]["rationale"]
    assert {v["status"] for k, v in verdicts.items() if k != "TODO#1"} == {"skipped"}


def test_a_file_that_is_gone_or_not_text_is_named_and_what_to_do(bundle_with):
    folder = bundle_with(SOLUTION)
    file = folder / "cattern" / "neural_net.py"
    for data in (
        SOLUTION.encode("utf-16"),
        SOLUTION.replace("\n", "\n# Größe\n", 1).encode("cp1252", "replace"),
    ):
        file.write_bytes(data)
        verdict = checked(folder, "1")["TODO#1"]
        assert verdict["status"] == "error" and verdict["rationale"].endswith("with the encoding UTF-8")
    assert "from line 2 on" in verdict["rationale"]
    away = file.rename(file.with_name("neural_net.py.txt"))
    verdicts = checked(folder)
    assert {v["status"] for v in verdicts.values()} == {"missing"} and len(verdicts) == 7
    assert verdicts["TODO#1"]["rationale"].endswith("; is it cattern/neural_net.py.txt?")
    away.unlink()
    assert checked(folder, "1")["TODO#1"]["rationale"].endswith(
        "there is no cattern/neural_net.py in this folder"
    )


def test_a_file_that_ends_the_process_is_named(bundle_with):
    verdicts = checked(bundle_with("import os\nos._exit(0)\n"))
    assert {v["status"] for v in verdicts.values()} == {"error"}
    assert len(verdicts) == 7


def test_a_syntax_error_names_its_line_and_is_said_once(bundle_with):
    folder = bundle_with("x = 1\ny = (\n")
    verdict = checked(folder)["TODO#1"]
    assert verdict["status"] == "error"
    assert "SyntaxError" in verdict["rationale"] and "line 2" in verdict["rationale"]
    said = run(folder, "check").stdout
    assert said.count("SyntaxError") == 1 and said.count("the same error") == 6


def test_a_syntax_error_costs_its_own_todo(bundle_with):
    folder = bundle_with(SOLUTION.replace("np.argmax(", "np.argmax(("))
    verdicts = checked(folder)
    assert [t for t, v in verdicts.items() if v["status"] != "pass"] == ["TODO#7"]
    said = run(folder, "check").stdout
    assert "it raised SyntaxError" in said and "(`y_pred = np.argmax((scores, axis=1)`)" in said
    assert "the code of TODO#7 was left out" in " ".join(said.split())


def test_null_bytes_are_left_out_as_grading_does_and_named(bundle_with):
    text = SOLUTION.replace("import numpy", "import\0 numpy\0")
    _, said = python_source(text.encode())
    shown = run(bundle_with(text), "check", "1").stdout
    assert shown.startswith("✓ TODO#1") and said == ["line 13 holds null bytes (U+0000), left out"]
    assert said[0] in shown
    broken = run(bundle_with(text.replace("def loss(", "def loss((")), "check", "1").stdout
    assert "SyntaxError" in broken and said[0] in broken


def test_a_stub_left_behind_the_code_is_named_with_its_line(bundle_with):
    line = "        scores = hidden @ W2 + b2\n"
    stub = '        raise NotImplementedError("TODO#1: compute scores")\n'
    text = SOLUTION.replace(line, line + stub)
    said = run(bundle_with(text), "check", "1").stdout
    number = text.splitlines().index(stub.rstrip()) + 1
    assert f"line {number} still raises NotImplementedError; replace that line" in " ".join(said.split())


def test_what_may_be_imported_is_what_grading_has(bundle_with):
    folder = bundle_with(f"import helpers\nimport scipy.special\n{SOLUTION}")
    (folder / "helpers.py").write_text("import math\n")
    assert {v["status"] for v in checked(folder).values()} == {"pass"}
    (folder / "helpers.py").unlink()
    unused = f"from requests import get\n{SOLUTION}"
    assert {v["status"] for v in checked(bundle_with(unused)).values()} == {"pass"}
    line = "        scores = self.loss(X)\n"
    verdicts = checked(bundle_with(unused.replace(line, f"        get(X)\n{line}")))
    assert {t for t, v in verdicts.items() if v["status"] != "pass"} == {"TODO#7"}
    assert "no module requests when this is graded" in verdicts["TODO#7"]["rationale"]


def test_a_hint_goes_step_by_step_and_is_about_the_mistake(bundle_with):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID["reg-not-halved"]]))
    first, third = run(folder, "hint", "TODO#2").stdout, run(folder, "hint", "2", "--step", "3").stdout
    assert BY_ID["reg-not-halved"].hint[0] in first and BY_ID["reg-not-halved"].hint[2] not in first
    assert all(step in third for step in BY_ID["reg-not-halved"].hint)
    assert "needs no hint" in run(folder, "hint", "TODO#1").stdout


def test_status_counts_all_points_and_says_what_is_where(bundle_with):
    done = run(bundle_with(SOLUTION), "status")
    assert done.returncode == 0 and "72 of 100 points" in done.stdout
    assert [line.split()[1] for line in done.stdout.splitlines()[:12]] == [t.id for t in LAB.tasks]
    asked = json.loads(run(bundle_with(SOLUTION), "status", "--json").stdout)
    assert sum(v["max_score"] for v in asked) == 100


@pytest.mark.parametrize("spelling", ["3", "TODO3", "TODO#3", "todo#3", "'TODO#3'", '"3"'])
def test_a_task_may_be_spelled_as_any_shell_hands_it_on(bundle_with, spelling):
    done = run(bundle_with(SOLUTION), "check", spelling)
    assert done.returncode == 0 and done.stdout.startswith("✓ TODO#3 gradients: right, 20 of 20 points")


def test_a_right_file_is_celebrated_once_and_a_wrong_one_is_told_what_is_next(bundle_with):
    said = run(bundle_with(SOLUTION), "check").stdout
    assert said.splitlines()[-2].startswith("All of it is right: 72 of 72 points in 7 tasks.")
    folder = bundle_with(SOLUTION.replace("0.5 * reg", "reg"))
    said = run(folder, "check").stdout
    assert (
        said.splitlines()[-2]
        == "68 of 72 points in 7 tasks. Next: TODO#2 loss. Stuck? python -m cattern hint 2"
    )
    assert run(folder, "hint").stdout.startswith("TODO#2: loss\n1. ")


def cell(name: str, source: str) -> dict:
    return {"cell_type": "code", "id": name, "metadata": {"nbgrader": {"grade_id": name}}, "source": source}


def test_answers_in_the_notebook_are_looked_at_and_not_marked(folder, bundle_with):
    """As far as a student may know before it is graded: is a number there?"""
    bundle_with(SOLUTION)
    cells = [cell("t1-answer", "z = 1\ndz_dw1 = dz_db1 = 2.5\ndz_dw0 = dz_db0 = 3")]
    cells += [cell("t2-answer", "dz_dx0_shortcut = 1.0\ndz_dx0 = dz_dx0_layers = float('nan')")]
    cells += [cell("t3-answer", 'raise NotImplementedError("T3: count")'), cell("t4", "Because.")]
    path = folder / "two_layer_net.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    try:
        verdicts = checked(folder, "T1", "T2", "T3", "T4", "8")
        wanted = {"T1": "given", "T2": "fail", "T3": "missing", "T4": "given", "TODO#8": "missing"}
        assert {k: v["status"] for k, v in verdicts.items()} == wanted
        assert "is nan, expected one number" in verdicts["T2"]["rationale"]
        assert "best_net.npz" in verdicts["TODO#8"]["rationale"]
        assert "a person reads this" in run(folder, "check", "t4").stdout
        assert "T1 has no hints" in run(folder, "hint", "T1").stdout
        assert "TODO#8" in run(folder, "hint", "8").stdout
        assert "8 more are answered" not in run(folder, "status").stdout
        assert "10 more are answered" in run(folder, "status").stdout
    finally:
        path.unlink()


def test_where_the_course_allows_it_theory_answers_are_told_right_or_wrong(folder, tmp_path):
    (tmp_path / "course.toml").write_text("tell_theory = true\n", encoding="utf-8")
    own = tmp_path / "notebooks" / LAB.name / f"{LAB.name}.ipynb"
    own.parent.mkdir(parents=True)
    shutil.copy(course_of().notebook, own)
    course = course_of(LAB.name, tmp_path)
    answers = notebook.solution_cells(course)
    cells = [cell("t1-answer", answers["t1-answer"].replace("dz_dw1 = x1", "dz_dw1 = 1 + x1"))]
    cells += [cell("t2-answer", answers["t2-answer"]), cell("t3-answer", "num_params = 557056")]
    numbers, path = folder / "cattern/checking/fingerprints/two_layer_net.bin", folder / "two_layer_net.ipynb"
    before = numbers.read_bytes()
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    try:
        assert {v["status"] for v in checked(folder, "T1", "T2", "T3").values()} == {"given"}
        numbers.write_bytes(public_fingerprints(course))
        verdicts = checked(folder, "T1", "T2", "T3")
    finally:
        numbers.write_bytes(before)
        path.unlink()
    assert {k: v["status"] for k, v in verdicts.items()} == {"T1": "partial", "T2": "pass", "T3": "fail"}
    assert verdicts["T1"]["rationale"] == "`dz_dw1` is not the right number"
    assert (verdicts["T1"]["score"], verdicts["T2"]["score"], verdicts["T3"]["score"]) == (4, 3, 0)


def test_a_data_file_is_measured_on_the_validation_set_alone(folder, bundle_with):
    bundle_with(SOLUTION)
    rng = np.random.default_rng(0)
    arrays = {"W1": rng.normal(size=(784, 5)), "b1": np.zeros(5), "W2": np.zeros((5, 10)), "b2": np.zeros(10)}
    path = folder / "best_net.npz"
    try:
        np.savez(path, **arrays)
        verdict = checked(folder, "8")["TODO#8"]
        assert verdict["status"] == "fail" and "validation accuracy" in verdict["rationale"]
        assert "test accuracy" not in verdict["rationale"]
        np.savez(path, **{**arrays, "b1": np.zeros(6)})
        verdict = checked(folder, "8")["TODO#8"]
        assert verdict["status"] == "fail" and "do not fit together" in verdict["rationale"]
        path.write_bytes(b"nothing")  # nothing of it ran: nothing was "stopped by an error"
        assert run(folder, "check", "8").stdout.startswith("✗ TODO#8 tuning: wrong, 0 of 12 points")
        assert "could not be read" in checked(folder, "8")["TODO#8"]["rationale"]
    finally:
        path.unlink()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_sign_prints_on_any_console(bundle_with, encoding):
    folder = bundle_with(SOLUTION.replace("0.5 * reg", "reg"))
    done = run(folder, "check", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 1 and not done.stderr
    assert "+ TODO#7 predict: right" in done.stdout and "-> The L2 term" in done.stdout


def test_what_the_code_printed_is_shown_and_capped(bundle_with):
    line = "        N = X.shape[0]\n"
    text = SOLUTION.replace("0.5 * reg", "reg").replace(line, line + "        print('shape', X.shape)\n")
    said = run(bundle_with(text), "check", "2").stdout
    assert "your code printed:\n    | shape (" in said and said.count("| shape") <= 12


def test_in_a_notebook_check_prints_the_same(bundle_with):
    folder = bundle_with(catalogue.apply(SOLUTION, [BY_ID["reg-not-halved"]]))
    code = "from cattern import check; check('TODO#2')"
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == run(folder, "check", "TODO#2").stdout


@pytest.mark.parametrize(
    "args", [("check", "TODO#99"), ("check", "nonsense"), ("hint", "99"), ("check", "--nonsense")]
)
def test_a_wrong_word_gets_one_clear_sentence(folder, args):
    done = run(folder, *args)
    assert done.returncode in (1, 2) and done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_check_imports_nothing_heavy_before_its_child_does():
    code = "import sys, cattern.cli, cattern.checking.check; print([m for m in ('numpy', 'torch', 'pandas', 'nbgrader', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_exceptions_text_carries_little_and_no_input():
    """What a student reads of an exception: enough for an honest one, no place for a probe's numbers."""
    from cattern.checking.run import _checked_failure

    def told(message):
        return _checked_failure({"type": "ValueError", "message": message}).message

    honest = "operands could not be broadcast together with shapes (5,4) (3,)"
    assert told(honest) == honest
    assert told("index 10 is out of bounds for axis 1 with size 10, at 0.25 and 1e-07") == (
        "index 10 is out of bounds for axis 1 with size 10, at 0.25 and 1e-07"
    )
    X = np.random.default_rng(0).normal(size=(5, 4))
    assert told(str(X.tolist())).count("…") > 4 and not re.search(r"\d\.\d\d", told(str(X.tolist())))
    assert len(told("x" * 300)) < 30 and len(told("word " * 60)) <= 160
    assert told("a\x1b[31m\nb") == "a [31m b"
