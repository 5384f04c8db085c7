"""Which folders grading and feedback take: none that would turn into a student, lose a lab's verdicts, or lack the notebook."""

import json
import re
from dataclasses import replace

import pytest
from courses import course_of

from autograder.back.feedback import feedback
from autograder.back.final import final_marks
from autograder.back.report import report
from autograder.back.troubles import by_reason
from autograder.grading.klass import grade_class, place_of
from autograder.grading.store import write_verdict
from cattern.checking.verdict import TaskVerdict, Verdict
from cattern.errors import CatternError

LAB = "nearest_neighbour"


@pytest.fixture
def submitted(tmp_path):
    """A class of one, who handed in one file."""
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    (tmp_path / "submitted" / "ada" / f"{LAB}.py").write_text("x = 1\n", encoding="utf-8")
    return tmp_path / "submitted"


def graded(folder, lab: str):
    """Write a verdict on a lab for ada; return the folder."""
    folder.mkdir()
    tasks = (TaskVerdict("TODO#1", "a task", "pass", 10.0, 10.0, "right", {}, ()),)
    write_verdict(folder, Verdict(lab, "ada", "graded", tasks, ()))
    return folder


def test_verdicts_do_not_go_into_the_classs_own_folder(submitted):
    for out in (submitted, submitted / "grades", submitted / "ada" / ".." / "grades"):
        with pytest.raises(CatternError, match="where every folder is a student"):
            grade_class(course_of(LAB), submitted, out)
        with pytest.raises(CatternError, match="where every folder is a student"):
            feedback(course_of(LAB), submitted, submitted.parent, out)
    assert [path.name for path in submitted.iterdir()] == ["ada"]


def test_a_labs_verdicts_are_not_written_over_with_another_labs(submitted, tmp_path):
    grades = graded(tmp_path / "grades", "binary_mlp")
    before = (grades / "ada.json").read_bytes()
    for only in ((), ("ada",), ("ada/TODO#1",)):
        with pytest.raises(CatternError, match=f"holds the verdicts on binary_mlp: give {LAB} a folder"):
            grade_class(course_of(LAB), submitted, grades, only=only)
    assert (grades / "ada.json").read_bytes() == before and len(list(grades.iterdir())) == 1


def test_another_labs_verdict_is_no_feedback(submitted, tmp_path):
    (tmp_path / "notebooks" / LAB).mkdir(parents=True)
    notebook = course_of(LAB).notebook.read_bytes()
    (tmp_path / "notebooks" / LAB / f"{LAB}.ipynb").write_bytes(notebook)
    grades = graded(tmp_path / "grades", "binary_mlp")
    given = feedback(course_of(LAB, tmp_path), submitted, grades, tmp_path / "pages")
    assert not given.pages and not given.stored and not (tmp_path / "pages").exists()
    assert "are on binary_mlp" in given.troubles["ada"]


def test_a_verdict_given_with_other_points_or_tasks_goes_nowhere(tmp_path):
    """Export and report would hold numbers that do not add up, and pages and gradebook old ones beside new ones."""
    course, grades, names = course_of(LAB), tmp_path / "grades", [f"s{n}" for n in range(8)]
    grades.mkdir()
    (first, *rest) = course.lab.tasks
    of_now = [TaskVerdict(t.id, t.title, "pass", t.points, t.points, "right", {}, ()) for t in (first, *rest)]
    other = replace(of_now[0], score=3.0, max_score=7.5)
    for old in ([other, *of_now[1:]], [*of_now, replace(other, id="TODO#99")], of_now[1:]):
        for name in names:
            write_verdict(grades, Verdict(LAB, name, "graded", tuple(of_now if name == "s0" else old), ()))
            (tmp_path / "submitted" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "submitted" / name / f"{LAB}.py").write_text("x = 1\n", encoding="utf-8")
        task = {t.id: t for t in old}.get("TODO#99", first)
        was = f"{task.id} was worth .* points when this was graded, and is worth .* now; run `cattern grade {LAB}"
        for command in (report, final_marks):
            with pytest.raises(
                CatternError, match=rf"^7 of 8 verdicts .*\(s1, s2, s3, s4, s5 and 2 more\): {was}"
            ):
                command(course, grades)
        given = feedback(course, tmp_path / "submitted", grades, tmp_path / "pages")
        assert list(given.pages) == ["s0"]
        (said,) = by_reason(given.troubles)
        assert re.match(rf"7 students \(s1, s2, s3, s4, s5 and 2 more\): no page: {was}", said)


def test_a_course_without_the_labs_notebook_is_named_by_every_command(submitted, tmp_path):
    course, grades = course_of(LAB, tmp_path), graded(tmp_path / "grades", LAB)
    for command in (
        lambda: grade_class(course, submitted, tmp_path / "out"),
        lambda: place_of(course, submitted, "ada"),
        lambda: feedback(course, submitted, grades, tmp_path / "pages"),
        lambda: report(course, grades),
    ):
        with pytest.raises(CatternError, match=rf"{LAB}\.ipynb is missing: .* --course"):
            command()


def test_a_file_is_no_folder_for_verdicts(submitted, tmp_path):
    (tmp_path / "grades").write_text(json.dumps({}))
    with pytest.raises(CatternError, match="is a file: --out takes a folder"):
        grade_class(course_of(LAB), submitted, tmp_path / "grades", walls=False)
    with pytest.raises(CatternError, match="is a file: --out takes a folder"):
        feedback(course_of(LAB), submitted, tmp_path, tmp_path / "grades")


def test_a_student_who_is_not_there_is_looked_for_in_a_lab(submitted):
    with pytest.raises(CatternError, match=rf"no submission of 'bob' for {LAB} in .*: there are ada"):
        place_of(course_of(LAB), submitted, "bob")
