"""A release refuses what grading would not honour, and says where it belongs."""

import nbformat
import pytest
from courses import course_of
from nbformat.v4 import new_code_cell
from notebook_fixtures import LAB, marked, write_course

from autograder import markers
from autograder.notebook import in_course, read, tag
from autograder.release import release
from autograder.release.honoured import record_tests, refuse_unhonoured
from cattern.checking.lab import lab_names
from cattern.errors import CatternError


@pytest.fixture
def folder(tmp_path):
    return write_course(tmp_path / "course")


def edit(folder, change) -> None:
    """Change the cells of the course's notebook, grade_id → cell."""
    path = course_of(LAB, folder).notebook
    notebook = nbformat.read(path, as_version=4)
    change({tag(cell).get("grade_id"): cell for cell in notebook.cells}, notebook.cells)
    nbformat.write(notebook, path)


def refused(folder) -> str:
    with pytest.raises(CatternError) as caught:
        refuse_unhonoured(course_of(LAB, folder))
    return str(caught.value)


def test_an_untouched_course_is_honoured(folder):
    refuse_unhonoured(course_of(LAB, folder))


def test_a_graded_cell_of_ones_own_is_refused(folder):
    own = marked(new_code_cell("assert True", id="own"), "my-check", 4)
    edit(folder, lambda cells, notebook: notebook.append(own))
    said = refused(folder)
    assert "cell my-check: 4 points that no task of the rubric gives" in said and "your-course.md" in said


def test_other_points_in_a_cell_are_refused_and_belong_in_course_toml(folder):
    edit(folder, lambda cells, _: tag(cells["todo3"]).update(points=29))
    said = refused(folder)
    assert "cell todo3: 29 points, but TODO#3 is worth 20" in said
    advice = said.split("into the cell: ")[1].splitlines()[0]
    table, _, line = advice.partition(" points")
    (folder / "course.toml").write_text(f"{table}\npoints{line}\n")
    refuse_unhonoured(course_of(LAB, folder))  # the advice is good


def test_a_changed_hidden_test_is_refused_until_its_probe_was_looked_at(folder):
    def stricter(cells, _):
        cells["todo1"].source = cells["todo1"].source.replace("(7, 4), -2.5", "(70, 4), -2.5")

    edit(folder, stricter)
    said = refused(folder)
    assert "cell todo1" in said and "probes of TODO#1" in said and "probes.py" in said
    assert f"cattern release {LAB} --record-tests" in said
    record_tests(course_of(LAB, folder))
    refuse_unhonoured(course_of(LAB, folder))


def test_visible_tests_and_prose_may_be_worded_otherwise(folder):
    def reword(cells, notebook):
        notebook[0].source = "# Our own words"
        cells["todo1"].source = cells["todo1"].source.replace("one row per example", "a row an example")

    edit(folder, reword)
    refuse_unhonoured(course_of(LAB, folder))


def test_a_task_without_its_cell_and_an_unknown_task_are_refused(folder):
    def lose(cells, notebook):
        notebook.remove(cells["todo8"])
        cells["t1-answer"].source = cells["t1-answer"].source.replace("T1:", "T17:")
        tag(cells["t4"])["solution"] = False

    edit(folder, lose)
    said = refused(folder)
    assert "no test cell 'todo8' for the 12 points of TODO#8" in said and 'leave_out = ["TODO#8"]' in said
    assert "T17 is no task of the rubric" in said
    assert "cell t4: T4 is graded by a person" in said


def test_the_release_itself_refuses_and_leaves_nothing(folder, tmp_path):
    edit(folder, lambda cells, _: tag(cells["todo3"]).update(points=29))
    with pytest.raises(CatternError, match="grading would not honour"):
        release(course_of(LAB, folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_our_stripper_and_nbgraders_give_the_same_cells():
    """Of every lab's notebook; only the words of a stub are our own."""
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    from autograder.course import ROOT, labs_in

    for lab in labs_in(ROOT):
        course = course_of(lab)
        path = course.notebook
        theirs = nbformat.read(path, as_version=4)
        for preprocessor in (ClearSolutions(), ClearHiddenTests()):
            theirs, _ = preprocessor.preprocess(theirs, {})
        cells = in_course(read(course)["cells"], course)
        for cell, other in zip(cells, theirs.cells, strict=True):
            bare = {**cell, "source": markers.without_solution(cell, "here")}
            ours = markers.without_hidden_tests(bare, "here")
            lines = ours.split("\n")
            stubs = [
                n for n, line in enumerate(lines) if line.strip().startswith("raise NotImplementedError(")
            ]
            for n in reversed(stubs if tag(cell).get("solution") else []):
                indent = lines[n][: len(lines[n]) - len(lines[n].lstrip())]
                lines[n : n + 1] = [f"{indent}# YOUR CODE HERE", f"{indent}raise NotImplementedError()"]
            assert "\n".join(lines) == other.source, (lab, tag(cell))


@pytest.mark.parametrize("lab", lab_names())
def test_the_repositorys_own_labs_are_honoured(lab):
    refuse_unhonoured(course_of(lab))
