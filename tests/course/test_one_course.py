"""Whatever a course chooses, every command goes by it: the same marks, points and hidden inputs, from whatever folder it runs."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from courses import course_of
from notebook_fixtures import copy_packages
from sampling import in_turn

from autograder import markers
from autograder.bundle import handed_out, write_files
from autograder.course import ROOT
from autograder.grading.explain import explain
from autograder.grading.workers import Workers
from autograder.notebook import solution_cells, tag
from autograder.secret import fingerprint

SECRET = "between us"
CHOICES = (
    "points",
    "rubric",
    "solved",
    "own",
)  # a course with each is walked through every command; two of them in every run


def cattern(*words, cwd) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if k != "CATTERN_SEED"}
    path = os.pathsep.join([str(ROOT), clean.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "cattern", *map(str, words)]
    done = subprocess.run(
        command, cwd=cwd, env={**clean, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return done


def make_course(folder, lab: str, text: str):
    """Return the course in a folder with a notebook, a `course.toml` and a secret of its own."""
    shutil.copytree(ROOT / "notebooks" / lab, folder / "notebooks" / lab)
    (folder / "course.toml").write_text(text, encoding="utf-8")
    (folder / ".cattern-seed").write_text(f"{SECRET}\n", encoding="utf-8")
    return course_of(lab, folder, SECRET)


def hand_in(course, top, *without: str, **files: str):
    """Hand the solution in, without some tasks of the files, and with some files of the student's own."""
    lab, folder = course.lab, top / "submitted" / "ada" / course.lab_name
    write_files(folder, handed_out(course))
    for name in lab.student_files:
        text = (course.root / name).read_text(encoding="utf-8")
        blank = markers.replaced(text, [r for r in markers.regions(text, name) if r.task in without])
        (folder / name).write_text(markers.unmarked(blank), encoding="utf-8")
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    path, answers = folder / f"{lab.name}.ipynb", solution_cells(course)
    book = json.loads(path.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if (name := tag(cell).get("grade_id")) in answers:
            cell["source"] = markers.unmarked(answers[name])
    path.write_text(json.dumps(book), encoding="utf-8")
    return top / "submitted"


def by_grade(course, submitted, elsewhere) -> dict:
    """Return what `cattern grade` says, run in another folder: task → (status, score, most)."""
    cattern(
        "grade",
        course.lab_name,
        submitted,
        "--out",
        elsewhere / "grades",
        "--course",
        course.folder,
        cwd=elsewhere,
    )
    verdict = json.loads((elsewhere / "grades" / "ada.json").read_text(encoding="utf-8"))
    assert verdict["course"]["secret"] == fingerprint(SECRET)
    return {t["id"]: (t["status"], t["score"], t["max_score"]) for t in verdict["tasks"]}


def by_explain(course, submitted) -> dict:
    """Return what `cattern explain` finds for each task."""
    with Workers(course) as workers:
        submission = workers.read("ada", submitted / "ada" / course.lab_name)
        lay_open = (
            explain(t, submission, workers.reference, workers.sandbox(), workers.limits).verdict
            for t in course.lab.tasks
        )
        return {v.id: (v.status, round(float(v.score), 4), v.max_score) for v in lay_open}


def by_nbgrader(course, submitted, top) -> dict:
    """Return what the gradebook holds after nbgrader's own autograde: task → (score, most)."""
    from nbgrader.api import Gradebook

    cattern("release", course.lab_name, "--course", course.folder, "--out", top / "release", cwd=top)
    if not (course.folder / "submitted").exists():
        shutil.copytree(submitted, course.folder / "submitted")
    shutil.copy(ROOT / "nbgrader_config.py", course.folder)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", course.lab_name],
        cwd=course.folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    tasks = {t.grade_id: t.id for t in course.lab.tasks}
    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as book:
        submission = book.find_submission(course.lab_name, "ada")
        return {tasks[g.name]: (g.auto_score, g.max_score) for n in submission.notebooks for g in n.grades}


def same_marks(course, submitted, top) -> dict:
    """Return the marks, when every command gives the same."""
    graded = by_grade(course, submitted, top)
    assert by_explain(course, submitted) == graded
    by_hand = {t.id for t in course.lab.tasks if t.source == "hand"}
    gradebook = by_nbgrader(course, submitted, top)
    marks = {task: (score, most) for task, (_, score, most) in graded.items()}
    assert {t: m for t, m in gradebook.items() if t not in by_hand} == {
        t: m for t, m in marks.items() if t not in by_hand
    }
    return marks


@in_turn("points", CHOICES, 1)
def test_points_tasks_left_out_and_the_secret_hold_for_every_command(tmp_path):
    text = '[labs.nearest_neighbour]\npoints = { "TODO#1" = 30 }\nleave_out = ["TODO#4"]\n'
    course = make_course(tmp_path / "course", "nearest_neighbour", text)
    marks = same_marks(course, hand_in(course, tmp_path, "TODO#2"), tmp_path)
    assert marks == {"TODO#1": (30, 30), "TODO#2": (0, 22), "TODO#3": (22, 22), "T1": (10, 10)}


@in_turn("rubric", CHOICES, 1)
def test_a_rubric_of_the_courses_own_holds_for_every_command(tmp_path):
    course = make_course(tmp_path / "course", "nearest_neighbour", "")
    copy_packages(course.folder)
    for name in ("environment.yml", "constraints.txt"):
        shutil.copy(ROOT / name, course.folder)
    rubric = course.folder / "cattern" / "checking" / "labs" / "nearest_neighbour" / "rubric.py"
    before = rubric.read_text(encoding="utf-8")
    assert before.count("earn(14, ") == 2
    rubric.write_text(before.replace("earn(14, ", "earn(13, "), encoding="utf-8")
    path = course.notebook
    path.write_text(
        path.read_text(encoding="utf-8").replace('"points": 22', '"points": 21'), encoding="utf-8"
    )
    course = course_of("nearest_neighbour", course.folder, SECRET)
    marks = same_marks(course, hand_in(course, tmp_path), tmp_path)
    assert marks["TODO#2"] == marks["TODO#3"] == (21, 21)
    assert sum(most for _, most in marks.values()) == 98


@pytest.mark.parametrize("carry", [pytest.param(c, marks=in_turn(c, CHOICES, 1)) for c in ("solved", "own")])
def test_files_of_an_earlier_lab_are_whose_the_course_says(tmp_path, carry):
    course = make_course(tmp_path / "course", "nn_library", f'carry = "{carry}"\n')
    own = "raise SystemError('these are my own layers')\n"
    submitted = hand_in(course, tmp_path, **{"cattern/layers.py": own})
    marks = same_marks(course, submitted, tmp_path)
    total = sum(score for score, _ in marks.values())
    assert total > 80 if carry == "solved" else total < 30


def test_a_blank_hand_in_earns_nothing_in_explain_either(tmp_path):
    course = make_course(tmp_path / "course", "two_layer_net", "")
    folder = tmp_path / "submitted" / "ada"
    write_files(folder, handed_out(course))
    said = {}
    with Workers(course) as workers:
        submission = workers.read("ada", folder)
        for task in course.lab.tasks:
            said[task.id] = explain(
                task, submission, workers.reference, workers.sandbox(), workers.limits
            ).verdict
    assert {t: v.score for t, v in said.items()} == dict.fromkeys(said, 0)
    assert said["TODO#8"].status == "missing" and said["T4"].status == "skipped"
