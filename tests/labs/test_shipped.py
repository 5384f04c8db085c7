"""What a bundle ships earns no points when it is handed in as the answer."""

from types import SimpleNamespace

import numpy as np
import pytest
import shipped
from courses import course_of
from notebook_fixtures import small_notebook, write_course
from sampling import a_quarter

from autograder.release import earning, release
from cattern.checking.lab import lab_names, load_lab
from cattern.checking.labs.sigmoid_net import stand_ins
from cattern.errors import CatternError


@pytest.mark.parametrize("lab", a_quarter(lab_names()))
def test_nothing_that_a_bundle_ships_earns_points(lab):
    assert earning.earning(course_of(lab)) == []  # every release asks the same


def test_a_release_that_ships_an_answer_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    course = course_of("two_layer_net", write_course(tmp_path / "course", small_notebook()))
    found = b'[["cattern.tools.dists", "2 arguments", "loss", 12.0]]'
    monkeypatch.setattr(earning, "_tried", lambda course: found)
    monkeypatch.setattr(earning, "Store", lambda _: SimpleNamespace(get=lambda name, make: make()))
    with pytest.raises(CatternError, match="which the bundle ships, earns 12 points"):
        release(course, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_tried_is_said(monkeypatch):
    monkeypatch.setattr(earning, "__name__", "no_such_module")
    with pytest.raises(CatternError, match=r"could not be tried: .*no_such_module"):
        earning._tried(course_of("nearest_neighbour"))


def test_a_trivial_answer_earns_nothing():
    """Constants, the argument itself, nothing at all: what holds for them says nothing of the data."""
    assert {lab: found for lab in lab_names() if (found := shipped.trivial_points(lab))} == {}


def test_every_function_that_students_write_is_tried():
    for name in lab_names():
        lab = load_lab(name)
        tried = {task for place in earning.places(course_of(name)) for task in place.tasks}
        assert tried == {task.id for task in lab.tasks if task.source == "module"}


def test_a_shipped_answer_is_found(monkeypatch):
    def squash(z):
        return np.exp(-np.logaddexp(0.0, -np.asarray(z, dtype=float)))

    squash.__module__ = stand_ins.__name__
    monkeypatch.setattr(stand_ins, "squash", squash, raising=False)
    found = {(name, where) for name, _, where, _ in earning.earning(course_of("sigmoid_net"))}
    name = f"{stand_ins.__name__}.squash"
    assert found == {(name, "sigmoid"), (name, "Sigmoid.forward")}
