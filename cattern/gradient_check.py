"""Numerical gradients, to check analytic ones against.

All derivatives are centred differences, f'(x) ≈ (f(x + h) − f(x − h)) / 2h, whose error shrinks with h². Work in
float64 with h = 1e-5: in float32 the rounding error drowns the difference.
"""

from collections.abc import Callable

import numpy as np


def rel_error(x, y) -> float:
    """Return the largest relative error between two arrays: max(|x − y| / max(1e-8, |x| + |y|)).

    Args:
        x: an array or number.
        y: an array or number of the same shape.

    Returns:
        A float in [0, 1]; nan when a value is nan; 0.0 for two empty arrays.

    Raises:
        ValueError: the shapes differ. (Broadcasting would hide a wrong shape.)
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"rel_error compares arrays of one shape, but got {x.shape} and {y.shape}")
    if x.size == 0:
        return 0.0
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y))))


def eval_numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return the numerical gradient of a scalar function at x.

    Args:
        f: a function of one array that returns a number. It may ignore its argument and read the array it was
            built around: `x` is changed in place, one element at a time.
        x: float64 array, the point. Restored before returning, also when `f` raises.
        h: step of the centred difference.

    Returns:
        float64 array of x's shape.

    Raises:
        TypeError: x is not a floating-point array (in an integer array the step would vanish).
    """
    return eval_numerical_gradient_array(f, x, np.float64(1.0), h)


def eval_numerical_gradient_array(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, df: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Return the numerical gradient of an array-valued function, contracted with an upstream gradient.

    Args:
        f: a function of one array that returns an array of df's shape.
        x: float64 array, the point. Changed in place during the call and restored before returning.
        df: array, the gradient of the final scalar with respect to f's output.
        h: step of the centred difference.

    Returns:
        float64 array of x's shape: the derivative of sum(f(x) · df) in every element of x.

    Raises:
        TypeError: x is not a floating-point array.
    """
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(
            f"a numerical gradient needs a floating-point array, but x is {x.dtype}: use x.astype(float)"
        )
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        try:
            x[index] = kept + h
            above = np.array(f(x), dtype=np.float64)
            x[index] = kept - h
            below = np.array(f(x), dtype=np.float64)
        finally:
            x[index] = kept
        grad[index] = np.sum((above - below) * df) / (2 * h)
    return grad


def grad_check_sparse(
    f: Callable[[np.ndarray], float],
    x: np.ndarray,
    analytic_grad: np.ndarray,
    num_checks: int = 10,
    h: float = 1e-5,
    rng: np.random.Generator | int | None = 0,
) -> float:
    """Compare an analytic gradient with the numerical one at a few random elements, and print each.

    For arrays too large for `eval_numerical_gradient`: its cost is two calls of `f` per checked element.

    Args:
        f: a function of one array that returns a number.
        x: float64 array, the point. Restored before returning.
        analytic_grad: array of x's shape.
        num_checks: how many elements to check, drawn with replacement.
        h: step of the centred difference.
        rng: a Generator, or a seed for one. The global random stream is left alone.

    Returns:
        The largest relative error among the checked elements, a float in [0, 1].

    Raises:
        TypeError: x is not a floating-point array.
        ValueError: analytic_grad has another shape than x, or x is empty.
    """
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(
            f"a numerical gradient needs a floating-point array, but x is {x.dtype}: use x.astype(float)"
        )
    if np.shape(analytic_grad) != x.shape:
        raise ValueError(f"analytic_grad has shape {np.shape(analytic_grad)}, but x has {x.shape}")
    if x.size == 0:
        raise ValueError("x is empty: there is no element to check")
    rng = np.random.default_rng(rng)
    worst = 0.0
    for _ in range(num_checks):
        index = tuple(int(rng.integers(size)) for size in x.shape)
        kept = x[index]
        try:
            x[index] = kept + h
            above = f(x)
            x[index] = kept - h
            below = f(x)
        finally:
            x[index] = kept
        numeric = (above - below) / (2 * h)
        error = rel_error(numeric, analytic_grad[index])
        print(
            f"at {index}: numerical {numeric:f}, analytic {analytic_grad[index]:f}, relative error {error:e}"
        )
        worst = max(worst, error)
    return worst
