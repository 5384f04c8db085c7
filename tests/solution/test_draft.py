"""A mistake seen in class: drafted from one student's code, filled in with words, it is an entry that gives the student's numbers."""

import os
import subprocess
import sys
import tomllib

import pytest
from courses import course_of
from judging import patched, reference, solved

from autograder import markers
from autograder.course import ROOT
from autograder.grading.drafting import draft
from autograder.grading.workers import Workers
from autograder.solution import patches as catalogue
from autograder.solution.draft import edits
from autograder.solution.entry import entry, quoted
from cattern.checking.agent.instrument import Place
from cattern.errors import CatternError

LAB = "nearest_neighbour"
FILE = "cattern/nearest_neighbour.py"
SOLUTION = solved(LAB)[FILE]
PRODUCT = "distances = squares + squares_train - 2 * (X @ X_train.T)"
ORDER = 'order = np.argsort(distances, axis=1, kind="stable")'
# What a student changed → the task, old and new of the draft: None where names differ.
CASES = {
    "another factor": (
        "TODO#1",
        [(PRODUCT, PRODUCT.replace("2 *", "1.5 *"))],
        (PRODUCT, PRODUCT.replace("2 *", "1.5 *")),
    ),
    "own names": (
        "TODO#1",
        [(PRODUCT, "both = X @ X_train.T\n    distances = squares + squares_train - 1.5 * both")],
        (PRODUCT, PRODUCT.replace("2 * (X @ X_train.T)", "1.5 * (X @ X_train.T)")),
    ),
    "another order": (
        "TODO#2",
        [(ORDER, ORDER.replace("distances,", "np.floor(distances / 5),"))],
        (ORDER, ORDER.replace("distances,", "np.floor(distances / 5),")),
    ),
}


@pytest.fixture(scope="module")
def workers():
    with Workers(course_of(LAB)) as made:
        yield made


def hand_in(folder, *changes: tuple[str, str]):
    """Write a submission: the solution with changes, without markers; return its folder."""
    place = folder / "ada" / LAB
    place.mkdir(parents=True)
    text = markers.unmarked(patched(SOLUTION, *changes))
    (place / "nearest_neighbour.py").write_text(text, encoding="utf-8")
    return place


def drafted(workers, place, task: str):
    submission = workers.read("ada", place)
    return draft(
        workers.reference.lab.task(task), submission, workers.reference, workers.sandbox(), workers.limits
    )


@pytest.mark.parametrize("case", CASES)
def test_a_draft_with_words_is_an_entry_that_reproduces_the_student(case, workers, tmp_path):
    task, changes, patch = CASES[case]
    made = drafted(workers, hand_in(tmp_path, *changes), task)
    assert made.reproduces and "facts on all" in made.findings[-1]
    assert made.text.count("TODO: ") == 4  # the explanation, and three steps of the hint
    (tmp_path / "mistakes").mkdir()
    said = made.text.replace("TODO: ", "").replace("todo1-draft", "seen-in-class")
    (tmp_path / "mistakes" / "new.toml").write_text(said, encoding="utf-8")
    (mistake,) = catalogue.load(LAB, ROOT, tmp_path / "mistakes")
    assert mistake.task == task and mistake.patches == (patch,)
    assert mistake.id not in reference(LAB).patches


def test_what_differs_is_said(workers, tmp_path):
    """A name has another value in the student's code than in the solution, so the student's statement does another thing there."""
    made = drafted(
        workers,
        hand_in(
            tmp_path,
            (PRODUCT, f"squares_train = squares_train * 1.25\n    {PRODUCT}"),
        ),
        "TODO#1",
    )
    assert not made.reproduces
    assert "differs" in made.findings[1] and any("distances on" in line for line in made.findings[2:])


def test_where_names_differ_the_students_line_is_left_to_a_person():
    there = Place(SOLUTION[: SOLUTION.index(PRODUCT)].count("\n") + 1, "2 * (X @ X_train.T)", "", 0)
    student = "def squared_distances(A, B):\n    return 3 * A @ B.T\n"
    (made,) = edits(SOLUTION, student, [there.line], there, Place(2, "3 * A @ B.T", "", 0), True)
    assert made.old == PRODUCT and made.new == f"{PRODUCT}  # TODO: the student's line 2: return 3 * A @ B.T"


def test_a_place_outside_of_the_task_is_looked_for_in_it():
    """The solution computes the quantity in a line that is given; the task's line that stores the same is patched."""
    there = Place(SOLUTION[: SOLUTION.index("return distances")].count("\n") + 1, "distances", "", 0)
    own = range(there.line - 6, there.line - 1)
    student = "def squared_distances(X, X_train):\n    squares = np.sum(X, axis=1)\n"
    (made,) = edits(SOLUTION, student, own, there, Place(2, "np.sum(X, axis=1)", "", 0), True)
    assert (
        made.old == "squares = np.sum(X * X, axis=1, keepdims=True)"
        and made.new == "squares = np.sum(X, axis=1)"
    )
    assert edits(SOLUTION, student.replace("squares =", "s ="), own, there, Place(2, "X", "", 0), True) == []


def test_a_students_code_runs_in_the_sandbox_only(workers, tmp_path, monkeypatch):
    """In the grader's process it would find the variable, and the draft would give other numbers than the submission."""
    monkeypatch.setenv("CATTERN_HERE", "1")
    factor = '(1.5 + ("CATTERN_HERE" in __import__("os").environ))'
    made = drafted(workers, hand_in(tmp_path, (PRODUCT, PRODUCT.replace("2 *", f"{factor} *"))), "TODO#1")
    assert made.reproduces and "CATTERN_HERE" in made.text.partition("new =")[2]


def test_without_a_place_the_patch_is_empty_and_the_id_is_new():
    text = entry(LAB, FILE, "TODO#1", [], [], {"todo1-draft"})
    (mistake,) = tomllib.loads(text)["mistake"]
    assert (mistake["old"], mistake["new"], mistake["id"]) == ("", "", "todo1-draft-1")


@pytest.mark.parametrize(
    "text", ["a'b", "'''", "two\nlines", "both \" and '''", "\x1b[31m\u202e\\", "ends '"]
)
def test_any_text_is_quoted_as_toml(text):
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text
    assert "\x1b" not in quoted(text) and "\u202e" not in quoted(text)


def test_nothing_to_draft_is_said(workers, tmp_path):
    place = hand_in(tmp_path, (PRODUCT, PRODUCT.replace("2 * (X @ X_train.T)", "X @ X_train.T")))
    with pytest.raises(CatternError, match="names it already: distances-product-once"):
        drafted(workers, place, "TODO#1")
    with pytest.raises(CatternError, match="TODO#2 of ada is right"):
        drafted(workers, place, "TODO#2")


def test_the_command_writes_a_draft_once(tmp_path):
    hand_in(tmp_path / "submitted", *CASES["another factor"][1])
    words = ["mistake", "draft", "ada", "1", "--lab", LAB, "--out", "draft.toml"]

    def run(*words: str):
        command = [sys.executable, "-m", "cattern", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = run(*words)
    assert done.returncode == 0 and "facts on all" in done.stderr, done.stderr
    text = (tmp_path / "draft.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["source"] == FILE
    again = run(*words)
    assert again.returncode != 0 and "draft.toml is there already" in again.stderr
    assert (tmp_path / "draft.toml").read_text(encoding="utf-8") == text
    printed = run("mistake", "draft", "ada", "TODO#1", "--lab", LAB)
    assert printed.returncode == 0 and tomllib.loads(printed.stdout) == tomllib.loads(text)
    nobody = run("mistake", "draft", "eve", "1", "--lab", LAB)
    assert nobody.returncode != 0 and "no submission of 'eve'" in nobody.stderr
