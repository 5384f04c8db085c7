"""Rubrics: what a row says, and that every fact it names is one that the solution gives."""

from dataclasses import replace

import pytest
from judging import reference

from cattern.checking.facts import Answer
from cattern.checking.judge import judge_task
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.labs._tasks import earn, remark, todo_task, untouched
from cattern.checking.reference import expectation, require_facts
from cattern.errors import CatternError


def test_a_sentence_names_its_fact():
    prop = earn(4, "regularisation", reg_term="what `reg` adds {gap}", or_facts=("own",))
    assert (prop.points, prop.facts, prop.or_facts) == (4, ("reg_term",), ("own",))
    assert prop.says["reg_term"] == "what `reg` adds {gap}"


def test_a_remark_has_one_fact_and_no_points():
    assert (remark(whole="integers, not floats").facts, remark(whole="…").points) == (("whole",), 0)
    assert untouched("X").says == {"untouched": "X is changed in place"}
    with pytest.raises(ValueError):
        remark(whole="…", other="…")


def test_ids_and_hints_follow_from_the_number():
    task = todo_task({"TODO#3": ("a", "b", "c")}, 3, "vote", "count", None, None, earn(1, "p", fact="…"))
    assert (task.id, task.grade_id, task.hints, task.points) == ("TODO#3", "todo3", ("a", "b", "c"), 1)


@pytest.mark.parametrize("lab", lab_names())
def test_the_solution_gives_every_fact_that_a_rubric_names(lab):
    for task in (t for t in load_lab(lab).tasks if t.source in ("module", "cell")):
        given = expectation(task, reference(lab))
        require_facts(task, given)
        assert {*task.diagnostic} <= {fact for _, fact in given}


@pytest.mark.parametrize(
    ("prop", "said"),
    [
        (earn(1, "votes", votes="…"), "on no probe does the solution give 'votes'"),
        (earn(1, "votes", winners="…", or_facts=("own_votes",)), "give 'own_votes'"),
        (remark(whale="…"), "give 'whale'"),
        (earn(1, "an essay"), "no facts"),
    ],
)
def test_a_property_that_nothing_could_fail_is_refused(prop, said):
    lab = load_lab("nearest_neighbour")
    task = replace(lab.task("TODO#3"), properties=(*lab.task("TODO#3").properties, prop))
    probes = reference(lab.name).probes(task)
    with pytest.raises(CatternError, match=said):
        judge_task(lab, task, [Answer(p.id, {}) for p in probes], reference(lab.name), {})
