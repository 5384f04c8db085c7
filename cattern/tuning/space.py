"""Where a sweep searches: lists of values and SciPy's distributions, drawn by scikit-learn; and what lies on a border."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def draw(space: Mapping[str, Any], num_trials: int, seed: int = 0) -> list[dict[str, Any]]:
    """Draw settings at random.

    Args:
        space: for each name a list to choose from, or a distribution of SciPy: `loguniform(1e-4, 1e-2)`, `randint(50, 201)`.
        num_trials: how many settings. (Lists alone may hold fewer.)
        seed: of the draw.

    Returns:
        Settings by name; see `plain`.
    """
    from sklearn.model_selection import ParameterSampler

    return [plain(settings) for settings in ParameterSampler(dict(space), num_trials, random_state=seed)]


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as Python's own values, NumPy's floats with three digits: what a table shows is what was run."""
    values = {name: v.item() if isinstance(v, np.generic) else v for name, v in settings.items()}
    return {
        name: float(f"{value:.3g}") if isinstance(settings[name], np.floating) else value
        for name, value in values.items()
    }


def at_border(settings: Mapping[str, Any], space: Mapping[str, Any], share: float = 0.05) -> dict[str, str]:
    """Tell which settings of a winner lie on the border of what was searched: something better may lie beyond.

    Args:
        settings: the winner's.
        space: what was searched, as for `draw`.
        share: how much of a distribution, at each end, counts as its border. Of a list it is the smallest and the largest.

    Returns:
        Name → "lowest" or "highest". Lists of one value, or of anything but numbers, have no border.
    """
    found = {}
    for name, values in space.items():
        value = settings[name]
        if hasattr(values, "cdf"):
            low, high = values.cdf(value) <= share, values.cdf(value) >= 1 - share
        elif len(values) > 1 and all(is_number(v) for v in values):
            low, high = value <= min(values), value >= max(values)
        else:
            continue
        if low or high:
            found[name] = "lowest" if low else "highest"
    return found


def is_number(value: Any) -> bool:
    """Tell numbers from strings, None and booleans."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
