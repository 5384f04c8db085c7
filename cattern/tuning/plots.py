"""Plots of a sweep's table: by each setting, all settings at once, two settings against each other, curves of the best.

Every function takes a table that a `Sweep` returned. No plot needs colour to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cattern.tuning.space import is_number
from cattern.tuning.table import RESULTS

if TYPE_CHECKING:  # the processes in which trials run have no use for Matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCURACY = "validation accuracy"


def varied(table) -> list[str]:
    """Return the names of the settings that have more than one value in the table."""
    return [n for n in table.columns if n not in RESULTS and table[n].nunique(dropna=False) > 1]


def plot_settings(table, names: Sequence[str] | None = None, low: float | None = None) -> Figure:
    """Draw the accuracy of every trial against each setting on an axis of its own.

    Args:
        table: of a sweep.
        names: which settings; None for all that vary.
        low: trials below this accuracy, and those that failed, stand at the bottom as crosses. None for no such limit.

    Returns:
        The figure: one panel for each setting, the best trial marked by a star.
    """
    names = list(names or varied(table))
    fig, axes = _subplots(1, len(names), figsize=(1 + 2.6 * len(names), 3.6), sharey=True)
    accuracy = table.val_accuracy.to_numpy()
    bottom = np.nanmin(accuracy) if low is None else low
    out = ~(accuracy >= bottom)
    for ax, name in zip(np.atleast_1d(axes), names):
        x, ticks = _positions(table[name])
        ax.plot(x[~out], accuracy[~out], "o", color="C0", alpha=0.7)
        if out.any():
            ax.plot(x[out], np.full(out.sum(), bottom), "x", color="C1", markersize=9, clip_on=False)
        best = np.nanargmax(accuracy)
        ax.plot(x[best], accuracy[best], "*", color="C2", markersize=15, markeredgecolor="k")
        ax.set_xlabel(name)
        _scale(ax, table[name], ticks)
    np.atleast_1d(axes)[0].set_ylabel(ACCURACY)
    return fig


def plot_parallel(table, names: Sequence[str] | None = None, best: int = 3, ax: Axes | None = None) -> Axes:
    """Draw every trial as a line across all settings: parallel coordinates, the accuracy on the last axis.

    Args:
        table: of a sweep; trials that failed are left out.
        names: which settings, from left to right; None for all that vary.
        best: how many of the best trials are drawn thick, with their accuracy.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.
    """
    names = list(names or varied(table))
    table = table.dropna(subset="val_accuracy").sort_values("val_accuracy")
    if ax is None:
        ax = _subplots(figsize=(2 + 1.7 * len(names), 4.2))[1]
    columns = [*(_unit(table[name]) for name in names), _unit(table.val_accuracy, digits=4)]
    heights = np.column_stack([unit for unit, _ in columns])
    for rank, line in enumerate(heights[::-1]):
        ahead = rank < best
        look = (
            {"color": f"C{rank}", "linewidth": 2.6, "zorder": 3}
            if ahead
            else {"color": "0.72", "linewidth": 0.9}
        )
        ax.plot(line, linestyle=("-", "--", "-.")[rank % 3] if ahead else "-", **look)
    for place, (_, ticks) in enumerate(columns):
        ax.axvline(place, color="k", linewidth=0.8)
        for height, text in ticks:
            note = ax.annotate(text, (place, height), (4, 0), textcoords="offset points", va="center")
            note.set(fontsize=10, zorder=4, bbox={"color": "w", "alpha": 0.7, "pad": 0.5})
    ax.set_xticks(range(len(columns)), [*names, ACCURACY])
    ax.set(yticks=[], xlim=(-0.1, len(columns) - 0.55))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def plot_interaction(table, x: str, y: str, ax: Axes | None = None) -> Axes:
    """Draw the mean accuracy for every pair of values of two settings, as shaded squares with numbers in them."""
    cells = table.pivot_table("val_accuracy", index=y, columns=x, aggfunc="mean").sort_index(ascending=False)
    if ax is None:
        size = (2.5 + 1.1 * len(cells.columns), 1.6 + 0.7 * len(cells))
        ax = _subplots(figsize=size)[1]
    values = cells.to_numpy()
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    ax.imshow(values, cmap="cividis", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        color = "k" if value > middle else "w"
        ax.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
    ax.set_xticks(range(len(cells.columns)), [_short(value) for value in cells.columns])
    ax.set_yticks(range(len(cells)), [_short(value) for value in cells.index])
    ax.grid(visible=False)
    ax.set(xlabel=x, ylabel=y)
    return ax


def plot_curves(
    table, best: int = 5, names: Sequence[str] | None = None, low: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the validation accuracy of the best few trials, epoch by epoch, where their model kept it.

    Args:
        table: of a sweep.
        best: how many trials.
        names: the settings that the legend names; None for all that vary.
        low: where the axis of the accuracy begins; None for all of the curves.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.
    """
    names = list(names or varied(table))
    if ax is None:
        ax = _subplots(figsize=(9, 4.2))[1]
    for _, row in table.nlargest(best, "val_accuracy").iterrows():
        curve = [float(accuracy) for accuracy in row.curve.split()]
        ax.plot(curve, label=", ".join(f"{name} {_short(row[name])}" for name in names))
    ax.set(xlabel="epoch", ylabel=ACCURACY)
    if low is not None:
        ax.set_ylim(low, table.val_accuracy.max() + 0.1 * (table.val_accuracy.max() - low))
    ax.legend(fontsize=9, loc="lower right")
    return ax


def _positions(column) -> tuple[np.ndarray, list[str] | None]:
    """Return where values stand on an axis, and, where these are no numbers, the names of 0, 1, 2 …"""
    if all(map(is_number, column)):
        return column.to_numpy(dtype=float), None
    texts = column.map(str)
    names = sorted(texts.unique())
    return texts.map(names.index).to_numpy(dtype=float), names


def _is_log(values: np.ndarray) -> bool:
    return values.min() > 0 and values.max() / values.min() >= 20


def _scale(ax: Axes, column, ticks: list[str] | None) -> None:
    if ticks is not None:
        ax.set_xticks(range(len(ticks)), ticks)
    elif _is_log(column.to_numpy(dtype=float)):
        ax.set_xscale("log")


def _unit(column, digits: int = 3) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Return values from 0 to 1, on a logarithmic scale where they span much, and the texts along the axis."""
    x, ticks = _positions(column)
    if ticks is not None:
        top = max(len(ticks) - 1, 1)
        return x / top, [(place / top, text) for place, text in enumerate(ticks)]
    there, back = (np.log, np.exp) if _is_log(x) else (np.asarray, np.asarray)
    low, span = there(x).min(), np.ptp(there(x)) or 1.0
    marks = np.unique(x)
    if len(marks) > 4:
        marks = back(low + span * np.array([0.0, 0.5, 1.0]))
    ticks = [((there(mark) - low) / span, f"{mark:.{digits}g}") for mark in marks]
    return (there(x) - low) / span, ticks


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _subplots(*shape: int, **look):
    import matplotlib.pyplot as plt

    return plt.subplots(*shape, layout="constrained", **look)
