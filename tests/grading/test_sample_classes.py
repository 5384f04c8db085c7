"""The sample class of every other lab goes through the sandbox too: marks, names of mistakes, and nothing for a blank one."""

import json
import tomllib

import pytest
from courses import course_of
from sampling import a_quarter

from autograder.demo import sample_class
from autograder.solution import patches as catalogue
from cattern.checking.lab import lab_names, load_lab

LABS = [name for name in lab_names() if name != "two_layer_net"]


@pytest.mark.parametrize("lab_name", LABS)
def test_the_class_gets_what_it_earned(lab_name, graded_class):
    lab, (_, grades) = load_lab(lab_name), graded_class(lab_name)
    members = tomllib.loads((sample_class.CLASSES / lab_name / "class.toml").read_text(encoding="utf-8"))[
        "student"
    ]
    by_hand = sum(t.points for t in lab.tasks if t.source == "hand")
    for member in members:
        verdict = json.loads((grades / f"{member['name']}.json").read_text(encoding="utf-8"))
        assert verdict["repairs"] == []
        named = {m["id"] for task in verdict["tasks"] for m in task["mistakes"]}
        planted = set(member.get("mistakes", ()))
        assert planted <= named, (member["name"], planted - named)
        if (
            member.get("done") == "all"
            and not planted
            and not member.get("replace")
            and not member.get("before")
        ):
            assert verdict["score"] == 100 - by_hand, member["name"]
        if not member.get("done"):
            assert verdict["score"] == 0
            assert {t["status"] for t in verdict["tasks"]} <= {"missing", "skipped"}


@pytest.mark.parametrize("lab_name", a_quarter(LABS))
def test_the_lab_is_released_without_a_leak_and_carries_what_it_imports(lab_name, tmp_path):
    """The real release: nbgrader's stripping, the leak check, the files of an earlier lab solved."""
    from autograder.release import release

    course = tmp_path / "course"
    (course / "notebooks" / lab_name).mkdir(parents=True)
    notebook = course_of(lab_name).notebook
    (course / "notebooks" / lab_name / notebook.name).write_bytes(notebook.read_bytes())
    made = release(course_of(lab_name, course), tmp_path / "solved")
    for file in load_lab(lab_name).carries:
        carried = (made.folder / file).read_text(encoding="utf-8")
        assert 'NotImplementedError("TODO' not in carried and "### " not in carried
    for file in load_lab(lab_name).student_files:
        assert "NotImplementedError(" in (made.folder / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("lab_name", a_quarter(lab for lab in LABS if load_lab(lab).carries))
def test_a_course_may_leave_out_what_the_lab_imports(lab_name, tmp_path):
    from autograder.release import release

    notebook = tmp_path / "course" / "notebooks" / lab_name / f"{lab_name}.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(course_of(lab_name).notebook.read_bytes())
    (tmp_path / "course" / "course.toml").write_text('carry = "own"')
    own = release(course_of(lab_name, tmp_path / "course"), tmp_path / "own")
    assert not [file for file in load_lab(lab_name).carries if (own.folder / file).exists()]


@pytest.mark.parametrize("lab_name", lab_names())
def test_a_class_has_a_perfect_a_blank_and_some_mistaken_members(lab_name):
    text = (sample_class.CLASSES / lab_name / "class.toml").read_text(encoding="utf-8")
    members = tomllib.loads(text)["student"]
    known = {m.id for m in catalogue.load(lab_name)}
    assert any(m.get("done") == "all" and not m.get("mistakes") for m in members)
    assert any(not m.get("done") for m in members)
    assert sum(bool(m.get("mistakes")) for m in members) >= 2
    assert {i for m in members for i in m.get("mistakes", ())} <= known
