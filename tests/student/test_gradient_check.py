import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cattern.gradient_check import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    grad_check_sparse,
    rel_error,
)

moderate = st.floats(-3, 3, allow_subnormal=False)


def points(max_dims=3):
    return arrays(np.float64, array_shapes(max_dims=max_dims, max_side=4), elements=moderate)


def test_rel_error_is_the_formula():
    assert rel_error([1.0, 2.0], [1.0, 2.2]) == pytest.approx(0.2 / 4.2)
    assert rel_error(0.0, 1e-10) == pytest.approx(
        1e-2
    )  # the floor of 1e-8 keeps tiny numbers from counting in full
    assert rel_error([], []) == 0.0
    assert rel_error(np.uint8([0]), np.uint8([1])) == pytest.approx(1)  # no wrap-around


def test_rel_error_shows_nan_and_refuses_broadcasting():
    assert np.isnan(rel_error([1.0, np.nan], [1.0, 1.0]))
    with pytest.raises(ValueError, match=r"\(3,\) and \(1, 3\)"):
        rel_error(np.zeros(3), np.zeros((1, 3)))


@given(points())
def test_rel_error_properties(x):
    assert rel_error(x, x) == 0
    assert rel_error(x, x + 1) == rel_error(x + 1, x)
    assert 0 <= rel_error(x, -x) <= 1


@given(points())
def test_gradient_of_a_scalar_function(x):
    before = x.copy()
    grad = eval_numerical_gradient(lambda z: np.sum(z**3 + np.sin(z)), x)
    assert grad.shape == x.shape
    np.testing.assert_allclose(grad, 3 * x**2 + np.cos(x), atol=1e-7)
    np.testing.assert_array_equal(x, before)


@given(points(max_dims=2), st.integers(0, 1000))
def test_gradient_of_an_array_function_is_contracted(x, seed):
    A = np.random.default_rng(seed).normal(size=(x.shape[-1], 3))
    df = np.random.default_rng(seed + 1).normal(size=(*x.shape[:-1], 3))
    grad = eval_numerical_gradient_array(lambda z: z @ A, x, df)
    np.testing.assert_allclose(grad, df @ A.T, atol=1e-8)


def test_function_may_ignore_its_argument_and_reuse_its_result():
    x, out = np.array([1.0, 2.0]), np.zeros(2)

    def square(_):
        out[:] = x**2  # the same buffer every time
        return out

    np.testing.assert_allclose(eval_numerical_gradient_array(square, x, np.ones(2)), 2 * x, atol=1e-8)


def test_the_point_is_restored_when_the_function_raises():
    x = np.array([1.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        eval_numerical_gradient(lambda z: 1 / 0, x)
    with pytest.raises(ZeroDivisionError):
        grad_check_sparse(lambda z: 1 / 0, x, x)
    assert x.tolist() == [1, 2]


def test_integer_arrays_are_refused():
    for call in (
        lambda x: eval_numerical_gradient(np.sum, x),
        lambda x: grad_check_sparse(np.sum, x, np.ones(3)),
    ):
        with pytest.raises(TypeError, match="astype"):
            call(np.arange(3))


def test_sparse_check_tells_right_from_wrong(capsys):
    x = np.random.default_rng(0).normal(size=(5, 4)) + 3
    assert grad_check_sparse(lambda z: np.sum(z**2), x, 2 * x) < 1e-8
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert all("relative error" in line for line in lines)
    assert grad_check_sparse(lambda z: np.sum(z**2), x, 2 * x + 0.1, num_checks=3) > 1e-3


def test_sparse_check_checks_its_arguments():
    with pytest.raises(ValueError, match="shape"):
        grad_check_sparse(np.sum, np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="empty"):
        grad_check_sparse(np.sum, np.ones(0), np.ones(0))


def test_sparse_check_leaves_the_global_stream_alone(capsys):
    np.random.seed(7)
    expected = np.random.rand()
    np.random.seed(7)
    grad_check_sparse(np.sum, np.ones(4), np.ones(4))
    assert np.random.rand() == expected
