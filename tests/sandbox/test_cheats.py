"""Marks without an answer: what earns points though nothing of the task is there. In the sandbox, as a class is graded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from courses import course_of
from judging import WithoutDiagnosis, patched, solved
from sandboxing import HOSTILE

from autograder import markers
from autograder.grading.one import grade_submission
from autograder.grading.workers import Workers
from autograder.sandbox import Limits
from autograder.solution.reference import open_reference
from autograder.submission import Submission

CHEATS = {
    "sum_of_parameters": ("two_layer_net", "cattern/neural_net.py"),
    "forged_record": ("two_layer_net", "cattern/neural_net.py"),
    "stand_ins_notebook": ("nn_library", "cattern/nn_library.py"),
    "known_stand_ins": ("sigmoid_net", "cattern/sigmoid_net.py"),
    "identity_layer": ("sigmoid_net", "cattern/sigmoid_net.py"),
}
MOST = 3


def graded(lab: str, files: dict[str, str], wrap=lambda reference: reference):
    course = course_of(lab)
    texts = {name: text.encode() for name, text in files.items()}
    submission = Submission("cheat", Path("cheat"), texts, {}, None, {}, ())
    with Workers(course) as workers:
        return grade_submission(submission, wrap(open_reference(course)), workers.sandbox(), Limits())


UNFILLED = (
    "S = 0.5 * (1 + np.tanh(0.5 * Z))",
    "S = np.empty_like(Z)\n        S[Z > 0] = 1 / (1 + np.exp(-Z[Z > 0]))",
)


def test_what_memory_holds_by_chance_is_the_same_everywhere(tmp_path):
    file = "cattern/sigmoid_net.py"
    text = patched(solved("sigmoid_net")[file], UNFILLED)
    grades = [graded("sigmoid_net", {file: text}, WithoutDiagnosis).tasks[4] for _ in range(2)]
    assert grades[0] == grades[1] and "the output is nan" in grades[0].rationale
    (tmp_path / "cattern").mkdir()
    (tmp_path / file).write_text(text, encoding="utf-8")
    question = json.dumps({"tasks": ["TODO#5"], "files": {}, "seconds": 20})
    child = [sys.executable, "-m", "cattern.checking.child", "sigmoid_net", str(tmp_path)]
    said = subprocess.run(child, input=question + "\n", capture_output=True, text=True, check=True).stdout
    verdict = json.loads(said.splitlines()[-1])["verdict"]
    assert verdict["score"] == grades[0].score and "the output is nan" in verdict["rationale"]


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_earns_next_to_nothing(name):
    lab, file = CHEATS[name]
    text = (HOSTILE / "cheats" / f"{name}.py").read_text(encoding="utf-8")
    verdict = graded(lab, {file: text}, WithoutDiagnosis)
    assert verdict.score <= MOST, {t.id: (t.score, t.rationale) for t in verdict.tasks if t.score}


def test_a_stub_behind_a_mistake_that_hides_it_earns_nothing():
    (file, text), *_ = solved("two_layer_net").items()
    text = patched(
        text,
        ("-= learning_rate * grads[name]", "-= grads[name]"),
        ("                learning_rate *= learning_rate_decay\n", "                pass\n"),
    )
    verdict = graded("two_layer_net", {file: text})
    assert {t.id: t.score for t in verdict.tasks if t.id.startswith("TODO")} == {
        "TODO#1": 10, "TODO#2": 12, "TODO#3": 20, "TODO#4": 8, "TODO#5": 0, "TODO#6": 0, "TODO#7": 6, "TODO#8": 0,
    }  # fmt: skip


def test_nothing_of_the_checks_can_be_imported_where_student_code_runs():
    text = "import pkgutil, cattern\nfound = sorted(m.name for m in pkgutil.iter_modules(cattern.__path__))\n"
    text += (
        "class TwoLayerNet:\n    def __init__(self, *_, **__):\n        raise RuntimeError(' '.join(found))\n"
    )
    verdict = graded("two_layer_net", {"cattern/neural_net.py": text}, WithoutDiagnosis)
    assert "neural_net" in verdict.tasks[0].rationale and "checking" not in verdict.tasks[0].rationale


# lab → a file, where it imports, what stands in a task, and what SciPy's function for it would be
SCIPY = {
    "sigmoid_net": ("cattern/sigmoid_net.py", "special.expit", "TODO#5", "        S = expit(Z)"),
    "binary_mlp": (
        "cattern/binary_mlp.py",
        "special.log_softmax",
        "TODO#1",
        "        loss = -log_softmax(logits)[label]",
    ),
    "nearest_neighbour": (
        "cattern/nearest_neighbour.py",
        "spatial.distance.cdist",
        "TODO#1",
        "    distances = cdist(X, X_train, 'sqeuclidean')",
    ),
}


@pytest.mark.parametrize("lab", SCIPY)
def test_a_function_of_scipy_is_no_answer_where_it_is_all_of_it(lab):
    file, function, task, answer = SCIPY[lab]
    texts = solved(lab)
    module, _, name = function.rpartition(".")
    [region] = [r for r in markers.regions(texts[file], file) if r.task == task]
    lines = texts[file].splitlines()
    lines[region.begin : region.end - 1] = [answer]
    texts[file] = f"from scipy.{module} import {name}\n" + "\n".join(lines) + "\n"
    verdict = next(t for t in graded(lab, texts, WithoutDiagnosis).tasks if t.id == task)
    assert verdict.score == 0 and "there is no scipy" in verdict.rationale, verdict


def test_a_function_of_scipy_is_a_step_where_there_is_more_to_do():
    (file, text), *_ = solved("two_layer_net").items()
    text = patched(
        "from scipy.special import softmax\n" + text,
        ("probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)", "probs = softmax(scores, axis=1)"),
    )
    verdicts = graded("two_layer_net", {file: text}, WithoutDiagnosis).tasks
    assert all(t.status == "pass" for t in verdicts if t.id in {f"TODO#{n}" for n in range(1, 8)})


LEFT_OVER = """
import ipdb
import IPython.display as display
from helpers_of_mine import nothing, left
get_ipython().run_line_magic("load_ext", "autoreload")
%matplotlib inline
"""


def test_what_is_left_over_from_debugging_costs_nothing_and_is_named():
    (file, text), *_ = solved("two_layer_net").items()
    verdict = graded(
        "two_layer_net", {file: text.replace("import numpy as np\n", f"import numpy as np\n{LEFT_OVER}", 1)}
    )
    assert all(t.score == t.max_score for t in verdict.tasks if t.id in {f"TODO#{n}" for n in range(1, 8)})
    assert any("helpers_of_mine" in said and "ipdb" in said for said in verdict.repairs)


def test_a_helper_beside_the_file_is_found_and_a_missing_one_costs_who_uses_it():
    (file, text), *_ = solved("two_layer_net").items()
    text = patched(
        text.replace("import numpy as np\n", "import numpy as np\nfrom extras import top\n", 1),
        ("np.argmax(scores, axis=1)", "top(scores)"),
    )
    helper = "import numpy as np\ndef top(scores):\n    return np.argmax(scores, axis=1)\n"
    for name in ("extras.py", "cattern/extras.py"):
        verdict = graded("two_layer_net", {file: text, name: helper}, WithoutDiagnosis)
        assert sum(t.score for t in verdict.tasks if t.id.startswith("TODO")) == 72
    own = text.replace(
        "from extras import", "from cattern.progress import"
    )  # where a module of ours has the name
    ours = (Path(markers.__file__).parents[1] / "cattern/progress.py").read_text(encoding="utf-8")
    verdict = graded("two_layer_net", {file: own, "cattern/progress.py": ours + helper}, WithoutDiagnosis)
    assert sum(t.score for t in verdict.tasks if t.id.startswith("TODO")) == 72
    verdict = graded("two_layer_net", {file: text}, WithoutDiagnosis)
    assert {t.id for t in verdict.tasks[:7] if t.status != "pass"} == {"TODO#7"}
    assert "hand in `extras.py` too" in verdict.tasks[6].rationale
