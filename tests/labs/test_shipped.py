"""What a bundle ships earns no points when it is handed in as the answer."""

import numpy as np
import pytest
import shipped
from sampling import a_quarter

from cattern.checking.lab import lab_names, load_lab
from cattern.checking.labs.sigmoid_net import stand_ins


@pytest.mark.parametrize("lab", a_quarter(lab_names()))
def test_nothing_that_a_bundle_ships_earns_points(lab):
    assert shipped.earning(lab) == []


def test_a_trivial_answer_earns_nothing():
    """Constants, the argument itself, nothing at all: what holds for them says nothing of the data."""
    assert {lab: found for lab in lab_names() if (found := shipped.trivial_points(lab))} == {}


def test_every_function_that_students_write_is_tried():
    for name in lab_names():
        lab = load_lab(name)
        tried = {task for place in shipped.places(lab) for task in place.tasks}
        assert tried == {task.id for task in lab.tasks if task.source == "module"}


def test_a_shipped_answer_is_found(monkeypatch):
    def squash(z):
        return np.exp(-np.logaddexp(0.0, -np.asarray(z, dtype=float)))

    squash.__module__ = stand_ins.__name__
    monkeypatch.setattr(stand_ins, "squash", squash, raising=False)
    found = {(name, where) for name, _, where, _ in shipped.earning("sigmoid_net")}
    name = f"{stand_ins.__name__}.squash"
    assert found == {(name, "sigmoid"), (name, "Sigmoid.forward")}
