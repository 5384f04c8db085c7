"""The leak check: a clean bundle passes, and each planted leak is found."""

import base64
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from courses import course_of
from notebook_fixtures import LAB, PROOF, write_course
from sampling import a_quarter

from autograder.release.generate import generate
from autograder.release.leaks import find_leaks, read_secrets
from cattern.checking.fingerprints import telling


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Return (course, a clean bundle of it)."""
    course = write_course(tmp_path_factory.mktemp("course"))
    out = tmp_path_factory.mktemp("out")
    return course, generate(course_of(LAB, course), out)


@pytest.fixture
def bundle(released, tmp_path):
    course, clean = released
    shutil.copytree(clean, tmp_path / LAB)
    return tmp_path / LAB, course


def kinds(bundle) -> set[str]:
    folder, course = bundle
    return {leak.kind for leak in find_leaks(folder, course_of(LAB, course))}


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def edit_notebook(folder: Path, edit) -> None:
    path = folder / f"{LAB}.ipynb"
    notebook = json.loads(path.read_text())
    edit(notebook)
    path.write_text(json.dumps(notebook))


def test_a_clean_bundle_has_no_leak(bundle):
    assert find_leaks(bundle[0], course_of(LAB, bundle[1])) == []


def test_the_secrets_are_the_solutions_and_hidden_tests_of_both_sources(released):
    secrets = read_secrets(course_of(LAB, released[0])).lines
    assert secrets["hidden=np.maximum(0,pre_activation)"] == "solution"
    assert secrets["best_net=TwoLayerNet(4,25,3,std=1e-2)"] == "solution"
    assert secrets["fresh_inputs=np.full((7,4),-2.5)"] == "hidden test"
    assert secrets["".join(PROOF.split())] == "solution"
    assert "best_net=None" not in secrets
    assert "W1,b1=self.params['W1'],self.params['b1']" not in secrets


TEXT_LEAKS = {
    "a solution line": (
        "cattern/gradient_check.py",
        "\nhidden = np.maximum(0, pre_activation)\n",
        "solution",
    ),
    "with other spaces": (
        "cattern/vis_utils.py",
        "\n    hidden=np.maximum( 0,pre_activation )\n",
        "solution",
    ),
    "commented out": ("README.md", "\n# dscores /= N\n", "solution"),
    "inside a sentence": (
        "README.md",
        "\nWrite `reg_loss = 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))` here.\n",
        "solution",
    ),
    "broken into two lines": (
        "cattern/cli.py",
        "\nx = '''hidden = np.maximum(\n0, pre_activation)'''\n",
        "solution",
    ),
    "in a data file": ("environment.yml", "\n# best_net = TwoLayerNet(4, 25, 3, std=1e-2)\n", "solution"),
    "a hidden test": ("mnist_data/idx.py", "\nfresh_inputs = np.full((7, 4), -2.5)\n", "hidden test"),
    "an answer": (
        "README.md",
        "\nAbout 11 %: the most frequent digit is 1, with a little over 11 of 100 images. A network that does no better has learnt nothing.\n",
        "answer",
    ),
    "a marker": ("cattern/errors.py", "\n### BEGIN SOLUTION\n", "marker"),
    "a hidden-test marker": ("README.md", "\nEND HIDDEN TESTS\n", "marker"),
    "instructor words": ("README.md", "\nInstructors only: the secret seed.\n", "instructor words"),
    "the graders' package": ("autograder/grading/one.py", "x = 1\n", "autograder"),
    "the graders' package, deeper": ("cattern/autograder/x.py", "x = 1\n", "autograder"),
    "a checkpoint": (".ipynb_checkpoints/a-checkpoint.ipynb", "{}", "checkpoint"),
    "bytecode": ("cattern/__pycache__/cli.cpython-311.pyc", "x", "bytecode"),
    "old bytecode": ("cattern/cli.pyc", "x", "bytecode"),
    "history": (".git/HEAD", "ref", "git"),
    "the gradebook": ("gradebook.db", "x", "gradebook"),
    "an archive": ("cattern/old.tar.gz", "x", "archive"),
    "a stranger": ("cattern/neural_net_old.py", "x = 1\n", "unlisted"),
}


@pytest.mark.parametrize("leak", a_quarter(TEXT_LEAKS))
def test_a_planted_leak_is_found(bundle, leak):
    name, text, kind = TEXT_LEAKS[leak]
    append(bundle[0] / name, text)
    assert kind in kinds(bundle)


def cell(notebook, number):
    return notebook["cells"][number]


SOLUTION_LINE = "hidden = np.maximum(0, pre_activation)"
NOTEBOOK_LEAKS = {
    "output": (
        lambda nb: cell(nb, 1)["outputs"].append({"output_type": "stream", "name": "stdout", "text": ["1"]}),
        "output",
    ),
    "execution count": (lambda nb: cell(nb, 1).update(execution_count=3), "output"),
    "source": (lambda nb: cell(nb, 1)["source"].append("\n" + SOLUTION_LINE), "solution"),
    "source as one string": (lambda nb: cell(nb, 1).update(source=SOLUTION_LINE), "solution"),
    "cell metadata": (lambda nb: cell(nb, 1)["metadata"].update(note={"deep": [SOLUTION_LINE]}), "solution"),
    "notebook metadata": (lambda nb: nb["metadata"].update(note=SOLUTION_LINE), "solution"),
    "metadata key": (lambda nb: nb["metadata"].update({SOLUTION_LINE: 1}), "solution"),
    "attachment": (
        lambda nb: cell(nb, 0).update(
            attachments={"a.txt": {"text/plain": base64.b64encode(SOLUTION_LINE.encode()).decode()}}
        ),
        "solution",
    ),
    "proof": (lambda nb: cell(nb, 7).update(source=PROOF), "solution"),
    "not a notebook": (lambda nb: nb.pop("cells"), "unlisted"),
}


@pytest.mark.parametrize("leak", a_quarter(NOTEBOOK_LEAKS))
def test_a_leak_anywhere_in_the_notebook_is_found(bundle, leak):
    edit, kind = NOTEBOOK_LEAKS[leak]
    edit_notebook(bundle[0], edit)
    assert kind in kinds(bundle)


def test_a_symlink_is_found(bundle, tmp_path):
    (bundle[0] / "README.md").unlink()
    (bundle[0] / "README.md").symlink_to(tmp_path / "elsewhere")
    assert kinds(bundle) == {"symlink"}


def test_a_linked_folder_is_found(bundle, tmp_path):
    (bundle[0] / "more").symlink_to(tmp_path)
    assert kinds(bundle) == {"symlink"}


def test_a_zip_under_another_name_is_found(bundle):
    with zipfile.ZipFile(bundle[0] / "README.md", "w") as archive:
        archive.writestr("solution.py", "x = 1")
    assert kinds(bundle) == {"archive"}


def test_theory_answers_are_told_only_where_the_course_allows_it(bundle):
    path = bundle[0] / "cattern" / "checking" / "fingerprints" / f"{LAB}.bin"
    path.write_bytes(telling(path.read_bytes(), {"T1": {"z": ["0123456789abcdef"]}}))
    assert "answer" in kinds(bundle)
    course = course_of(LAB, bundle[1])
    allowed = replace(course, choices=replace(course.choices, tell_theory=True))
    assert find_leaks(bundle[0], allowed) == []


def test_given_code_is_no_leak(bundle):
    append(
        bundle[0] / "README.md", '\n    W1, b1 = self.params["W1"], self.params["b1"]\n    best_net = None\n'
    )
    assert kinds(bundle) == set()


def test_a_leak_says_where_it_is(bundle):
    append(bundle[0] / "README.md", f"\n{SOLUTION_LINE}\n")
    (leak,) = find_leaks(bundle[0], course_of(LAB, bundle[1]))
    assert str(leak) == "README.md: solution: hidden=np.maximum(0,pre_activation)"
