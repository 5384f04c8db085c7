"""Every recipe of docs/your-course.md is done as it says, and then the release and the grader agree."""

import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from courses import course_of
from nbformat.v4 import new_code_cell
from notebook_fixtures import copy_packages, marked
from sampling import in_turn

from autograder import markers
from autograder.course import ROOT
from autograder.grading.klass import grade_class
from autograder.notebook import read, solution_cells, tag
from autograder.release import release
from autograder.release.honoured import refuse_unhonoured

LAB = "nearest_neighbour"
FILE = "cattern/nearest_neighbour.py"
PAGE = (ROOT / "docs" / "your-course.md").read_text(encoding="utf-8")

RECIPES = ("other_points", "a_task_less", "other_wording", "an_own_check", "an_own_task")  # two in every run


def recipe(title: str) -> str:
    """Return the code of a recipe."""
    return re.search(rf"### {title}\n.*?```\w+\n(.*?)```", PAGE, re.S)[1]


@pytest.fixture
def folder(tmp_path):
    """A course's folder with a notebook of its own."""
    folder = tmp_path / "course"
    shutil.copytree(ROOT / "notebooks" / LAB, folder / "notebooks" / LAB)
    return folder


def graded(course, out, text: str | None = None, **answers: str):
    """Release the lab, hand the solution in (or another file), and return the bundle and its verdicts, task → verdict."""
    made = release(course, out / "release")
    handed_in = out / "handed_in" / "ada"
    shutil.copytree(made.folder, handed_in)
    text = text or (course.root / FILE).read_text(encoding="utf-8")
    (handed_in / FILE).write_text(markers.unmarked(text), encoding="utf-8")
    book = json.loads((handed_in / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    answers = solution_cells(course) | answers
    for cell in book["cells"]:
        if (name := tag(cell).get("grade_id")) in answers:
            cell["source"] = markers.unmarked(answers[name])
    (handed_in / f"{LAB}.ipynb").write_text(json.dumps(book), encoding="utf-8")
    (result,) = grade_class(course, out / "handed_in", out / "grades", jobs=1).results
    assert result.verdict, result.trouble
    return made.folder, {task.id: task for task in result.verdict.tasks}


def checked(bundle) -> dict[str, dict]:
    """Return what the check in a bundle says, task → verdict."""
    code = "import sys; sys.modules['autograder'] = None; from cattern.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code, "check", LAB, "all", "--json"],
        cwd=bundle, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(bundle), "PATH": ""},
    )  # fmt: skip
    assert ran.returncode in (0, 1) and ran.stdout, ran.stderr
    return {said["verdict"]["id"]: said["verdict"] for said in map(json.loads, ran.stdout.splitlines())}


def cells(bundle) -> dict[str, float]:
    """Return the points of a released notebook's test cells."""
    notebook = json.loads((bundle / f"{LAB}.ipynb").read_text(encoding="utf-8"))
    return {tag(c)["grade_id"]: tag(c)["points"] for c in notebook["cells"] if tag(c).get("grade")}


@in_turn("other_points", RECIPES, 1)
def test_other_points(folder, tmp_path):
    (folder / "course.toml").write_text(recipe("Other points"), encoding="utf-8")
    course = course_of(LAB, folder)
    bundle, verdicts = graded(course, tmp_path)
    most = {t.id: t.max_score for t in verdicts.values()}
    assert (most["TODO#1"], most["TODO#2"], most["TODO#3"]) == (30, 17, 22)
    assert most == {t.id: t.score for t in verdicts.values()} == {t.id: t.points for t in course.lab.tasks}
    assert most == {task: said["max_score"] for task, said in checked(bundle).items()}
    assert cells(bundle) == {t.grade_id: t.points for t in course.lab.tasks}


@in_turn("a_task_less", RECIPES, 1)
def test_a_task_less(folder, tmp_path):
    (folder / "course.toml").write_text(recipe("A task less"), encoding="utf-8")
    bundle, verdicts = graded(course_of(LAB, folder), tmp_path)
    assert {t.id: t.score for t in verdicts.values()} == {"TODO#1": 25, "TODO#2": 22, "TODO#3": 22}
    assert cells(bundle) == {"todo1": 25, "todo2": 22, "todo3": 22}
    assert checked(bundle).keys() == verdicts.keys()
    given = (bundle / FILE).read_text(encoding="utf-8")
    assert 'NotImplementedError("TODO#3' in given and 'NotImplementedError("TODO#4' not in given
    assert "### " not in given
    notebook = (bundle / f"{LAB}.ipynb").read_text(encoding="utf-8")
    assert "TODO#4 proves" in notebook and "T1 proves" not in notebook and "t1-answer" not in notebook


@in_turn("other_wording", RECIPES, 1)
def test_other_wording(folder, tmp_path):
    path = folder / "notebooks" / LAB / f"{LAB}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert text.count("the distances are right.") >= 1
    path.write_text(text.replace("the distances are right.", "well done."), encoding="utf-8")
    bundle, verdicts = graded(course_of(LAB, folder), tmp_path)
    assert "well done." in (bundle / f"{LAB}.ipynb").read_text(encoding="utf-8")
    assert sum(t.score for t in verdicts.values()) == 100


@in_turn("an_own_check", RECIPES, 1)
def test_an_own_check(folder, tmp_path):
    labs = folder / "autograder" / "labs" / LAB
    shutil.copytree(ROOT / "autograder" / "labs" / LAB, labs, ignore=shutil.ignore_patterns("__pycache__"))
    probes = labs / "probes.py"
    text = probes.read_text(encoding="utf-8")
    before = '        Probe("the same rows"'
    assert text.count(before) == 1
    probes.write_text(text.replace(before, recipe("An own check") + before), encoding="utf-8")
    solution = (ROOT / FILE).read_text(encoding="utf-8")
    wrong = solution + (
        "\n\n_right = squared_distances\n\n\ndef squared_distances(X, X_train):\n"
        '    """Give up far away."""\n    return _right(X, X_train) * (1 if abs(X).max() < 999 else 2)\n'
    )
    _, verdicts = graded(course_of(LAB, folder), tmp_path, wrong)
    assert verdicts["TODO#1"].score < 25 and verdicts["TODO#1"].evidence["probe"] == "far away"
    _, verdicts = graded(course_of(LAB, folder), tmp_path / "right")
    assert verdicts["TODO#1"].score == 25


@in_turn("an_own_task", RECIPES, 1)
def test_an_own_task(folder, tmp_path):
    copy_packages(folder)
    for name in ("environment.yml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    rubric = folder / "cattern" / "checking" / "labs" / LAB / "rubric.py"
    text = rubric.read_text(encoding="utf-8")
    end = ")\n\nLAB = Lab("
    assert text.count(end) == 1
    rubric.write_text(text.replace(end, recipe("An own task") + end), encoding="utf-8")
    path = folder / "notebooks" / LAB / f"{LAB}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    answer = "# T2: set `bytes_per_image`.\n### BEGIN SOLUTION\nbytes_per_image = 28 * 28\n### END SOLUTION"
    notebook.cells.append(marked(new_code_cell(answer, id="t2-answer"), "t2-answer", solution=True))
    notebook.cells.append(marked(new_code_cell("assert bytes_per_image", id="t2"), "t2", 5))
    nbformat.write(notebook, path)
    course = course_of(LAB, folder)
    refuse_unhonoured(course)
    bundle, verdicts = graded(course, tmp_path)
    assert (verdicts["T2"].score, verdicts["T2"].max_score) == (5, 5)
    assert checked(bundle)["T2"]["max_score"] == 5 == cells(bundle)["t2"]
    _, verdicts = graded(course, tmp_path / "wrong", **{"t2-answer": "bytes_per_image = 28"})
    assert verdicts["T2"].score == 0 and len(verdicts) == 6
    assert "T2" not in {t.id for t in course_of(LAB).lab.tasks}  # no other course has it
    assert read(course)["cells"]


def test_the_table_of_choices_lists_them_all():
    from dataclasses import fields

    from autograder.choices import Choices

    table = PAGE.split("| choice |")[1].split("\n\n")[0]
    assert {f.name for f in fields(Choices)} == set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.M)))
    )
