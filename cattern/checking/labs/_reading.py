"""What the readings of several labs share: what may be asked of raw arrays, for which nobody vouches."""

from collections.abc import Mapping

import numpy as np

from cattern.checking.lab import Values


def true(condition) -> np.ndarray:
    """Return a fact that is true or false, as the number 1 or 0."""
    return np.asarray(1.0 if condition else 0.0)


def is_array(value) -> bool:
    """Tell whether a raw value is an array (and not a sentence)."""
    return isinstance(value, np.ndarray)


def equal(a, b) -> bool:
    """Tell whether two values are equal arrays. One nan is as good as another: the same code gives the same nan twice."""
    return is_array(a) and is_array(b) and np.array_equal(a, b, equal_nan=True)


def close(a, b, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Tell whether two values are arrays of one shape and, up to rounding, of the same numbers."""
    return is_array(a) and is_array(b) and a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=atol)


def exact(gradient, slopes) -> bool:
    """Tell whether a gradient is the derivative of the student's own function, by its centred differences.

    Nothing is the derivative of a function that depends on nothing, nor of one that is not finite: no credit for a
    gradient of zeros, nor for any gradient beside an infinite one.
    """
    if not (is_array(gradient) and is_array(slopes)) or gradient.size != slopes.size:
        return False
    scale = np.max(np.abs(slopes), initial=0.0)
    gap = np.max(np.abs(gradient.reshape(slopes.shape) - slopes), initial=0.0)
    return bool(np.isfinite(scale) and scale > 1e-8 and gap <= 1e-4 * scale)


def measured(near, far, least: float = 1e-10, most: float = 0.7) -> bool:
    """Tell whether a gradient is a little different where only its measurement suffers.

    Args:
        near: the gradient.
        far: the same where the function is another, and its derivative is not: between huge numbers, say, differences drown.
        least: the smallest gap, relative to the largest number, that rounding alone does not explain.
        most: what is farther off than this is a mistake of another kind.
    """
    if not (is_array(near) and is_array(far)) or near.shape != far.shape:
        return False
    gap = np.max(np.abs(near - far), initial=0.0) / max(np.max(np.abs(near), initial=0.0), 1e-300)
    return bool(least < gap < most)


def scalar(value):
    """Return an array of one number without its dimensions: (1,) is as good as a number."""
    return value.reshape(()) if is_array(value) and value.size == 1 else value


def as_row(gradient, param: np.ndarray):
    """Return a bias gradient of shape (1, H) as (H,): a row is a correct style."""
    if is_array(gradient) and param.ndim == 1 and gradient.shape == (1, param.size):
        return gradient.reshape(-1)
    return gradient


def way(path: np.ndarray, updates: int) -> Values:
    """Return the facts of a parameter's way: how often it moved, and where it was after each update.

    Args:
        path: (updates + 1, …) array, where it was at first and after each move.
        updates: how many moves there should be. After another number there is no way to compare.
    """
    moves = len(path) - 1
    told = path if moves == updates else f"there after {moves} updates, not after {updates}"
    return {"moves": np.asarray(float(moves)), "path": told, "way": path}


def untouched(inputs: Mapping, raw: Values, *names: str) -> Values:
    """Return the fact that arguments stayed as they were, or none: the driver puts what became of X into "X_after"."""
    if any(f"{name}_after" not in raw for name in names):
        return {}
    return {"untouched": true(all(equal(raw[f"{name}_after"], inputs[name]) for name in names))}
