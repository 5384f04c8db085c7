"""What holds for every lab: the solution has full marks, the stubs have none, every mistake is named, the files fit together."""

import json
from pathlib import Path

import pytest
from courses import course_of
from judging import downstream, grade_files, lost, planted, reference, solution_lines, solved, stubbed
from sampling import a_quarter

from autograder import markers
from autograder.solution import patches as catalogue
from autograder.solution.reference import ROOT
from cattern.checking.lab import lab_names, load_lab

LABS = lab_names()
# lab 1's mistakes have a test file of their own
OTHERS = [(lab, m) for lab in LABS if lab != "two_layer_net" for m in catalogue.load(lab)]


@pytest.mark.parametrize("lab", LABS)
def test_the_solution_has_full_marks(lab):
    verdicts = grade_files(lab, solved(lab))
    assert lost(verdicts) == {}
    assert {v.id: v.remarks for v in verdicts.values() if v.remarks} == {}


@pytest.mark.parametrize("lab", LABS)
def test_the_stubs_have_none_and_every_one_names_its_todo(lab):
    verdicts = grade_files(lab, {file: markers.strip(text, file) for file, text in solved(lab).items()})
    assert {v.status for v in verdicts.values()} <= {"missing", "skipped"}
    assert sum(v.score for v in verdicts.values()) == 0
    assert all("TODO#" in v.rationale for v in verdicts.values())


@pytest.mark.parametrize("lab", LABS)
def test_one_stub_costs_its_own_task_and_what_builds_on_it(lab):
    about = load_lab(lab)
    for task in (t for t in about.tasks if t.source == "module"):
        verdicts = grade_files(lab, stubbed(solved(lab), task.id))
        assert verdicts[task.id].status == "missing", verdicts[task.id]
        assert lost(verdicts).keys() <= {task.id} | downstream(about, task.id)


@pytest.mark.parametrize(("lab", "mistake"), a_quarter(OTHERS), ids=lambda x: getattr(x, "id", x))
def test_a_mistake_alone_loses_points_and_is_named_first(lab, mistake):
    verdicts = grade_files(lab, planted(lab, mistake.id))
    own = verdicts[mistake.task]
    assert own.score < own.max_score
    assert [m.id for m in own.mistakes] == [mistake.id], own
    assert lost(verdicts).keys() <= {mistake.task} | downstream(load_lab(lab), mistake.task)


@pytest.mark.parametrize("lab", LABS)
def test_every_task_has_a_region_mistakes_hints_and_a_test_cell(lab):
    about, known = load_lab(lab), {m.task for m in catalogue.load(lab)}
    written = {r.task for file, text in solved(lab).items() for r in markers.regions(text, file)}
    of_module = {t.id for t in about.tasks if t.source == "module"}
    assert written == of_module
    assert of_module <= known
    assert all(len(t.hints) == 3 for t in about.tasks if t.source == "module")
    cells = json.loads(course_of(lab).notebook.read_text(encoding="utf-8"))["cells"]
    points = {
        c["metadata"]["nbgrader"]["grade_id"]: c["metadata"]["nbgrader"]["points"]
        for c in cells
        if c["metadata"].get("nbgrader", {}).get("grade")
    }
    assert points == {t.grade_id: t.points for t in about.tasks}
    assert about.points == 100


@pytest.mark.parametrize("lab", LABS)
def test_no_explanation_or_hint_gives_a_solution_line_away(lab):
    given_away = {"".join(line.split()) for line in solution_lines(lab)}
    for mistake in catalogue.load(lab):
        said = "".join(" ".join((mistake.explanation, *mistake.hint)).split())
        assert not [line for line in given_away if len(line) > 12 and line in said], mistake.id


def test_the_shared_book_draws_the_same_inputs_every_time():
    first, second = (type(reference())(load_lab("two_layer_net"), "a seed") for _ in range(2))
    other = type(reference())(load_lab("two_layer_net"), "another seed")
    task = first.lab.task("TODO#3")
    inputs = [
        [{k: str(v) for k, v in p.inputs.items()} for p in b.probes(task)] for b in (first, second, other)
    ]
    assert inputs[0] == inputs[1] != inputs[2]


def test_modules_are_small():
    long = {
        str(p.relative_to(ROOT)): n for p in python_files() if (n := len(p.read_text().splitlines())) > 300
    }
    assert long == {}


def python_files() -> list[Path]:
    return [p for folder in ("cattern", "mnist_data", "autograder") for p in (ROOT / folder).rglob("*.py")]
