"""Stock nbgrader commands on the real lab: generate_assignment, autograde, generate_feedback, as an instructor types them."""

import json
import re
import shutil

import nbformat
import numpy as np
import pytest
from courses import course_of
from judging import solved, stubbed
from lab_styles.two_layer_net import SOLUTION
from notebook_fixtures import LAB, ROOT, instructor_notebook, nbgrader, write_course
from rich.console import Console

from autograder import bundle, markers
from autograder.demo import trained_weights
from autograder.notebook import solution_cells
from autograder.release import release
from cattern.checking.lab import load_lab
from notebooks import Notebook

TODOS = range(1, 8)
BY_HAND = "t4"


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def fill(folder):
    """Turn an unfilled bundle into a perfect submission."""
    (folder / "cattern/neural_net.py").write_text(markers.unmarked(SOLUTION), encoding="utf-8")
    path, answers = folder / f"{LAB}.ipynb", solution_cells(course_of(LAB))
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = markers.unmarked(answers[grade_id(cell)])
        elif grade_id(cell) == BY_HAND:
            cell.source = "The softmax minus the one-hot label, because …"
    nbformat.write(notebook, path)
    np.savez(folder / "best_net.npz", **trained_weights(Console()))


def meddle(folder):
    """Do to an unfilled bundle what careless and curious students do."""
    (folder / "cattern/neural_net.py").unlink()
    (folder / "cattern/gradient_check.py").write_text("def rel_error(x, y):\n    return 0.0\n")
    (folder / "mnist_data/load_mnist.py").unlink()
    (folder / "cattern/vis_utils.py").unlink()
    (folder / "cattern/vis_utils.py").mkdir()
    (folder / "cattern/vis_utils.py/x.txt").write_text("x")
    (folder / "cattern/errors.py").unlink()
    (folder / "cattern/errors.py").symlink_to(ROOT / "nbgrader_config.py")
    (folder / "cattern/mine.py").write_text("x = 1\n")
    (folder / "best_net.npz").write_bytes(b"the student's own")
    for junk in (
        "cattern/__pycache__/neural_net.cpython-311.pyc",
        ".ipynb_checkpoints/a.ipynb",
        "cattern/old.pyc",
    ):
        (folder / junk).parent.mkdir(exist_ok=True)
        (folder / junk).write_text("junk")


def only_two_files(folder):
    """Hand in the notebook and, beside it, the file: not the folder."""
    for path in folder.iterdir():
        if path.name != f"{LAB}.ipynb":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "neural_net.py").write_text("raise SystemError('this is the file')\n")


@pytest.fixture(scope="module")
def graded(tmp_path_factory, request):
    """Return a course in which three commands have run on four submissions of the real lab."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.delenv("CATTERN_MNIST_DIR", raising=False)  # the small set: TODO#8 trains in seconds
    request.addfinalizer(monkeypatch.undo)
    course = write_course(tmp_path_factory.mktemp("course"), instructor_notebook())
    (course / "notebooks" / LAB / "best_net.npz").write_bytes(b"the instructor's own")
    nbgrader(course, "generate_assignment", LAB)
    for student, change in {
        "blank": None,
        "perfect": fill,
        "meddler": meddle,
        "sparse": only_two_files,
    }.items():
        folder = course / "submitted" / student / LAB
        shutil.copytree(course / "release" / LAB, folder)
        if change:
            change(folder)
    nbgrader(course, "autograde", LAB)
    nbgrader(course, "generate_feedback", LAB)
    return course


def grades(course):
    """Return student → grade_id → (automatic points, maximum)."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {
            s.student.id: {g.name: (g.auto_score, g.max_score) for n in s.notebooks for g in n.grades}
            for s in book.assignment_submissions(LAB)
        }


def autograded(course, student):
    return course / "autograded" / student / LAB


def outputs(course, student):
    """Return grade_id → everything that the cell put out, as text."""
    notebook = json.loads((autograded(course, student) / f"{LAB}.ipynb").read_text())
    about = {
        c["metadata"].get("nbgrader", {}).get("grade_id"): json.dumps(c.get("outputs"))
        for c in notebook["cells"]
    }
    return {name: said for name, said in about.items() if name}


@pytest.mark.long
def test_generate_assignment_makes_the_release_that_cattern_makes(graded, tmp_path):
    made = release(course_of(LAB, write_course(tmp_path / "course", instructor_notebook())), tmp_path / "out")
    assert bundle.read_folder(graded / "release" / LAB) == bundle.read_folder(made.folder)


def test_the_gradebook_knows_the_assignment_with_the_points_of_the_lab(graded):
    points = {task.grade_id: task.points for task in load_lab(LAB).tasks if task.grade_id}
    assert {name: most for name, (_, most) in grades(graded)["blank"].items()} == points


def test_unfilled_every_check_fails_with_the_name_of_a_todo(graded):
    ours, said = grades(graded)["blank"], outputs(graded, "blank")
    assert {name: got for name, (got, _) in ours.items()} == dict.fromkeys(ours, 0.0)
    for task in load_lab(LAB).tasks:
        if task.grade_id != BY_HAND:
            names = [task.id, *(t.id for t in load_lab(LAB).upstream(task))]
            words = said[task.grade_id]
            assert "not written yet" in words or task.source == "data", task.id
            assert any(name in words for name in names), task.id


def test_filled_with_the_solution_every_check_passes_with_full_marks(graded):
    ours = grades(graded)["perfect"]
    assert ours.pop(BY_HAND)[0] is None  # a person grades it
    assert len(ours) == 11
    assert {name: got for name, (got, _) in ours.items()} == {name: most for name, (_, most) in ours.items()}


def test_the_students_file_stays_theirs_and_all_others_are_restored(graded):
    released = bundle.package_files(course_of(LAB))
    for student in ("blank", "perfect", "meddler", "sparse"):
        folder = autograded(graded, student)
        for name, content in released.items():
            if name != "cattern/neural_net.py":
                assert (folder / name).read_bytes() == content, (student, name)
    ours = (autograded(graded, "perfect") / "cattern/neural_net.py").read_text()
    assert ours == markers.unmarked(SOLUTION)


def test_a_missing_file_becomes_the_stub_and_junk_goes(graded):
    folder = autograded(graded, "meddler")
    assert (folder / "cattern/neural_net.py").read_bytes() == bundle.package_files(course_of(LAB))[
        "cattern/neural_net.py"
    ]
    assert (folder / "cattern/mine.py").read_text() == "x = 1\n"
    assert not (folder / "cattern/errors.py").is_symlink()
    left = [p.name for p in folder.rglob("*")]
    assert not [
        n for n in left if n in {"old.pyc", ".ipynb_checkpoints"} or n == "neural_net.cpython-311.pyc"
    ]


def test_the_instructors_own_files_reach_nobody(graded):
    assert not (graded / "release" / LAB / "best_net.npz").exists()
    assert not (autograded(graded, "blank") / "best_net.npz").exists()
    assert (autograded(graded, "meddler") / "best_net.npz").read_bytes() == b"the student's own"


def test_a_file_beside_the_notebook_is_taken_for_the_one_in_the_package(graded):
    assert "this is the file" in (autograded(graded, "sparse") / "cattern/neural_net.py").read_text()
    assert sum(got or 0 for got, _ in grades(graded)["sparse"].values()) == 0


def test_feedback_pages_show_the_todo_and_the_marks(graded):
    for student in ("blank", "perfect", "meddler", "sparse"):
        assert (graded / "feedback" / student / LAB / f"{LAB}.html").stat().st_size > 10_000
    page = (graded / "feedback" / "blank" / LAB / f"{LAB}.html").read_text()
    assert "TODO#7:" in page
    assert "(Score: 0.0 / 100.0)" in page


@pytest.mark.parametrize("number", TODOS)
def test_with_all_todos_before_it_done_a_check_names_its_own(number):
    notebook = Notebook(LAB, "rel-error", "check-tools", "toy")
    failed = notebook.failures(stubbed(solved(LAB), *(f"TODO#{n}" for n in TODOS if n >= number)))
    assert re.match(rf"NotImplementedError: TODO#{number}\b", failed[f"TODO#{number}"])
