"""How facts are compared and how their difference is put into words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cattern.checking.facts import TOLERANCE, agree, difference, gist, show

finite = st.floats(-1e6, 1e6)
tensors = arrays(np.float64, array_shapes(max_dims=2, max_side=4), elements=finite)


@given(tensors)
def test_an_array_agrees_with_itself_and_with_harmless_noise(a):
    assert agree(a, a)
    assert agree(a, a * (1 + 1e-8))


@given(tensors, st.data())
def test_one_changed_element_is_seen_and_pointed_at(a, data):
    at = tuple(data.draw(st.integers(0, n - 1)) for n in a.shape)
    b = a.copy()
    b[at] += 10 * TOLERANCE * max(np.abs(a).max(), 1.0)
    assert not agree(a, b)
    words = difference("p", "f", a, b).words
    assert f"[{', '.join(map(str, at))}]" in words


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), True),
        (np.array([np.inf, 1.0]), np.array([np.inf, 1.0]), True),
        (np.array([np.inf, 1.0]), np.array([-np.inf, 1.0]), False),
        (np.array([1.0, 1.0]), np.array([np.nan, 1.0]), False),
        (np.array(1.0), np.array([1.0]), False),
        (np.zeros(3), np.zeros(3), True),
        (np.zeros(3), np.full(3, 1e-3), False),
        (np.zeros(0), np.zeros(0), True),
        (np.array(1.0), None, False),
        (np.array(1.0), "not numbers but str", False),
        ("ValueError: x", "ValueError: x", True),
        ("ValueError: x", "ValueError: y", False),
    ],
)
def test_agreement(expected, got, same):
    assert agree(expected, got) is same


def test_a_wrong_shape_is_said_before_any_value():
    gap = difference("p", "f", np.zeros((3,)), np.ones((3, 1)))
    assert gap.words == "has shape (3, 1), expected (3,)"
    assert gap.error is None


def test_a_fact_in_words_is_shown_with_what_was_expected_in_words():
    assert difference("p", "f", "(3, 4)", "(3,)").words == "is (3,), expected (3, 4)"
    assert difference("p", "f", np.zeros(3), "not numbers but str").words == "is not numbers but str"


def test_a_nan_is_the_worst_element():
    gap = difference("p", "f", np.array([1.0, 2.0, 3.0]), np.array([9.0, np.nan, 3.0]))
    assert gap.words == "is nan at [1], expected 2"


def test_numbers_are_shown_with_five_digits():
    assert show(np.float64(1.30378789)) == "1.3038"
    assert show(np.float64(557057)) == "557057"
    assert show(np.zeros((5, 5))) == "an array of shape (5, 5)"
    assert show("not numbers but NoneType") == "not numbers but NoneType"


A, B, C = np.zeros((7, 4)), np.zeros((6, 4)), np.zeros((7, 6))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (lambda: A @ B, lambda: A.dot(B), True),
        (lambda: A @ B, lambda: np.matmul(A, B), True),
        (lambda: A @ B, lambda: np.dot(B, A), False),
        (lambda: A * C, lambda: C * A, True),
        (lambda: A * C, lambda: np.add(C, A, out=np.zeros((7, 6))), True),
        (lambda: A * C, lambda: A * B, False),
        (lambda: A[9], lambda: A[[1, 8]], True),
        (lambda: A[9], lambda: B[9], False),
        (lambda: A["x"], lambda: A[0.5], True),
        (lambda: int("x"), lambda: int("y"), False),
    ],
)
def test_an_exception_has_one_gist_in_all_its_wordings(one, other, same):
    def said(call) -> str:
        with pytest.raises((ValueError, IndexError)) as raised:
            call()
        return gist(str(raised.value))

    assert (said(one) == said(other)) is same
