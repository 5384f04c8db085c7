"""`course.toml`: what an instructor chooses is read once, and what cannot hold is refused with what to write instead."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from courses import course_of

from autograder.choices import DEFAULTS, Choices
from autograder.late import has_rule, moment, penalty, seconds_late
from cattern.errors import CatternError

WHOLE = """
packages = ["numpy", "tqdm"]
late_percent = 10
late_days = 5
grace_minutes = 15
roster = "roster.csv"

[labs.two_layer_net]
due = 2027-03-12T18:00:00+01:00
leave_out = ["TODO#8"]
points = { "TODO#3" = 24 }

[labs.nn_library]
carry = "own"
"""


def course_with(folder, text: str, lab: str = "two_layer_net"):
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return course_of(lab, folder)


def test_without_a_file_everything_is_the_default(tmp_path):
    course = course_of(folder=tmp_path)
    assert course.choices == DEFAULTS
    assert course.lab == course.rubric
    assert course.choices.recorded() == {}


def test_choices_of_the_course_and_of_one_lab_and_where_they_come_from(tmp_path):
    (tmp_path / "roster.csv").write_text(
        "\ufeffid,name,lms_id,photo\nada,Ada L.,17,x\nben,,,\n", encoding="utf-8"
    )
    course = course_with(tmp_path, WHOLE)
    assert course.choices.packages == course.lab.packages == ("numpy", "tqdm")
    assert course.distributions == ("numpy", "tqdm")
    assert course.choices.carry == "solved"
    assert [s.id for s in course.choices.roster] == ["ada", "ben"]
    assert (course.choices.roster[0].name, course.choices.roster[0].lms_id) == ("Ada L.", "17")
    assert course.origins["points"] == "course.toml, [labs.two_layer_net]"
    assert course.origins["packages"] == "course.toml"
    assert "tolerance" not in course.origins
    assert course_of("nn_library", tmp_path).choices.carry == "own"
    assert "roster" not in course.choices.recorded()  # a verdict does not list the class
    assert json.loads(json.dumps(course.choices.recorded()))["due"] == "2027-03-12T18:00:00+01:00"


def test_points_are_shared_out_as_before_or_given_by_property(tmp_path):
    course = course_with(tmp_path, '[labs.two_layer_net]\npoints = { "TODO#3" = 24, "t1" = 6.5 }')
    before, after = course.rubric.task("TODO#3"), course.lab.task("TODO#3")
    assert after.points == 24 and course.lab.task("T1").points == 6.5
    assert course.lab.points == course.rubric.points + 4 + 1.5
    for old, new in zip(before.properties, after.properties, strict=True):
        assert new.points == pytest.approx(old.points * 24 / 20, abs=0.02)
    name = next(p.name for p in before.properties if p.points)
    rest = before.points - before.properties[0].points
    course = course_with(tmp_path, f'[labs.two_layer_net.points]\n"TODO#3" = {{ "{name}" = 1 }}')
    assert course.lab.task("TODO#3").points == rest + 1


def test_a_task_left_out_is_nobodys_beginning(tmp_path):
    course = course_with(tmp_path, '[labs.two_layer_net]\nleave_out = ["TODO#1", "8"]')
    assert {t.id for t in course.rubric.tasks} - {t.id for t in course.lab.tasks} == {"TODO#1", "TODO#8"}
    assert all("TODO#1" not in t.builds_on for t in course.lab.tasks)


def test_a_tolerance_holds_where_a_task_has_none_of_its_own(tmp_path):
    course = course_with(tmp_path, "tolerance = 0.001", "nearest_neighbour")
    assert course.lab.task("TODO#1").tolerance == 0.001
    assert course.lab.task("T1").tolerance == course.rubric.task("T1").tolerance


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tolerance = 'tiny'", ["tolerance", "write a number"]),
        ("tolerance = true", ["tolerance", "write a number"]),
        ("tollerance = 1", ["no choice 'tollerance'", "tolerance"]),
        ("points = { 'TODO#1' = 3 }", ["points", "table of a lab"]),
        ("[labs.two_layer_net]\nroster = 'x.csv'", ["roster", "at the top of the file"]),
        ("[labs.two_layer_nett]", ["two_layer_nett", "two_layer_net"]),
        ("labs = 3", ["[labs.", "write a table"]),
        ("[labs.two_layer_net]\npoints = { 'TODO#99' = 3 }", ["TODO#99", "TODO#1"]),
        ("[labs.two_layer_net]\npoints = { 'TODO#1' = 0 }", ["TODO#1", "leave_out"]),
        ("[labs.two_layer_net]\npoints = { 'TODO#1' = { elegance = 3 } }", ["elegance", "it has"]),
        ("[labs.two_layer_net]\npoints = 3", ["points", "write a table"]),
        ("[labs.two_layer_net]\nleave_out = 'TODO#1'", ["leave_out", "a list of names"]),
        (
            "[labs.two_layer_net]\nleave_out = ['TODO#1']\npoints = { 'TODO#1' = 3 }",
            ["left out", "given points"],
        ),
        ("[labs.nn_library]\ncarry = 'stolen'", ["[labs.nn_library] carry", "solved"]),
        ("packages = ['numpy', 'no_such_package']", ["no_such_package", "install it"]),
        ("packages = ['tqdm']", ["numpy must be among them"]),
        ("[labs.two_layer_net]\ndue = '2027-03-12'", ["due", "without quotes"]),
        ("[labs.two_layer_net]\ndue = 2027-03-12T18:00:00", ["due", "no time zone"]),
        ("task_cpu_seconds = 0", ["task_cpu_seconds", "whole number from 1"]),
        ("roster = 'nowhere.csv'", ["nowhere.csv", "cannot be read"]),
        ("roster = [ { name = 'Ada' } ]", ["row 1 has no id"]),
        ("roster = [ { id = 'ada' }, { id = 'ada' } ]", ["row 2", "twice"]),
        ("tolerance = ", ["course.toml"]),
    ],
)
def test_what_cannot_hold_is_refused_and_says_what_to_write(tmp_path, text, says):
    with pytest.raises(CatternError) as caught:
        course_with(tmp_path, text)
    for words in ["course.toml", *says]:
        assert words in str(caught.value)


def test_being_late_costs_a_share_for_each_day_begun():
    due = datetime(2027, 3, 12, 18, tzinfo=UTC)
    choices = Choices(due=due, grace_minutes=15, late_percent=10, late_days=3)

    def lost(hours: float, **more) -> float:
        return penalty(choices, 50, seconds_late(choices, due + timedelta(hours=hours), **more))

    found = {hours: lost(hours) for hours in (-1, 0.25, 0.3, 24, 25, 71, 73)}
    assert found == {-1: 0, 0.25: 0, 0.3: 5, 24: 5, 25: 10, 71: 15, 73: 50}
    assert lost(25, extension=timedelta(hours=24)) == 5 and lost(25, extension=timedelta(hours=25)) == 0
    assert not has_rule(Choices(due=due, grace_minutes=5)) and has_rule(Choices(late_days=0))
    assert penalty(Choices(late_days=0), 50, 1) == 50 and penalty(Choices(), 50, 1) == 0


def test_a_platforms_word_without_a_time_is_the_least_that_it_can_mean():
    choices = Choices(due=datetime(2027, 3, 12, 18, tzinfo=UTC), grace_minutes=15, late_percent=10)
    assert penalty(choices, 50, seconds_late(choices, None, said=True)) == 5
    assert seconds_late(Choices(), None, said=True) > 0
    # a file that a student wrote does not undo it; an extension does
    assert seconds_late(choices, datetime(2027, 3, 1, tzinfo=UTC), said=True) > 0
    assert seconds_late(choices, None, said=True, extension=timedelta(days=1)) == 0
    assert seconds_late(choices, None) == 0


@pytest.mark.parametrize(
    ("words", "hour"),
    [
        ("2027-03-12 18:00:00.123456 UTC", 18),
        ("2027-03-12 18:00:00", 18),
        ("2027-03-12 18:00:00 Europe/Rome", 17),
        ("2027-03-12 18:00:00 -0200", 20),
        ("2027-03-12T18:00:00+01:00", 17),
        ("2027-03-12 18:00:00 Z\n", 18),
    ],
)
def test_a_time_is_read_as_whoever_noted_it_wrote_it(words, hour):
    assert moment(words).replace(microsecond=0) == datetime(2027, 3, 12, hour, tzinfo=UTC)


@pytest.mark.parametrize("words", ["", "yesterday?", "1" * 500, "2027-99-99", "9" * 40 + "e999 UTC", "\0/\0"])
def test_what_is_no_time_is_none(words):
    assert moment(words) is None
