"""Plots for the labs: image grids, learning curves, first-layer weights, confusion matrices.

Every plot function draws into the Matplotlib axes it is given, or into a new figure, and returns the axes, so that you
can add to it. No plot needs colour to be read: lines differ in style, too, and images are gray.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle, islice

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

LINE_STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


def use_style() -> None:
    """Set the look of all plots that follow: a colour-blind palette with a line style for each colour, larger text."""
    plt.style.use("petroff10")
    colors = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=colors, linestyle=list(islice(cycle(LINE_STYLES), len(colors)))),
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 13,
            "axes.labelsize": 12,
            "xtick.labelsize": 11,
            "ytick.labelsize": 11,
            "legend.fontsize": 11,
            "legend.frameon": False,
            "grid.alpha": 0.3,
            "lines.linewidth": 1.8,
            "image.cmap": "gray",
            "figure.dpi": 100,
        }
    )


def visualize_grid(Xs: np.ndarray, ubound: float = 255.0, padding: int = 1) -> np.ndarray:
    """Lay a stack of images out as one image, row by row in a grid as square as possible.

    `show_grid` draws it; `plt.imshow(visualize_grid(Xs, padding=3).astype("uint8").squeeze(axis=2))` does, too.

    Args:
        Xs: (N, h, w), (N, h, w, 1) or (N, h, w, 3) array of numbers. Not modified.
        ubound: the value of white.
        padding: width in pixels of the white lines between the images.

    Returns:
        (R·h + (R−1)·padding, C·w + (C−1)·padding, 1) float64 array in [0, ubound], with a last axis of 3 for colour
        images, for C = ⌈√N⌉ columns and R = ⌈N/C⌉ rows; unused places are white. Each image is scaled to its own
        [0, ubound]; one without any contrast comes out mid-gray; pixels that are nan or infinite come out black.

    Raises:
        ValueError: Xs has another shape, or holds no image, or padding is negative.
    """
    Xs = np.asarray(Xs)
    if Xs.ndim not in (3, 4) or (Xs.ndim == 4 and Xs.shape[3] not in (1, 3)):
        raise ValueError(
            f"a stack of images has the shape (N, h, w), (N, h, w, 1) or (N, h, w, 3), but this one has {Xs.shape}; "
            "flat rows need a reshape, such as X.reshape(-1, 28, 28)"
        )
    if Xs.size == 0:
        raise ValueError(f"there is no image in a stack of shape {Xs.shape}")
    if padding < 0:
        raise ValueError(f"padding is a number of pixels, 0 or more, but it is {padding}")
    num_images, h, w = Xs.shape[:3]
    channels = Xs.shape[3] if Xs.ndim == 4 else 1
    columns = math.ceil(math.sqrt(num_images))
    rows = math.ceil(num_images / columns)
    grid = np.ones((rows * (h + padding) - padding, columns * (w + padding) - padding, channels))
    for i, image in enumerate(Xs.reshape(num_images, h, w, channels)):
        top, left = (i // columns) * (h + padding), (i % columns) * (w + padding)
        grid[top : top + h, left : left + w] = _to_unit_range(image)
    return grid * ubound


def _to_unit_range(image: np.ndarray) -> np.ndarray:
    """Scale one image to [0, 1]: its smallest finite pixel becomes 0, its largest 1."""
    image = image.astype(np.float64)
    finite = np.isfinite(image)
    if not finite.any():
        return np.zeros(image.shape)
    # Halved first, because the difference of two huge numbers may overflow.
    low, high = image[finite].min() / 2, image[finite].max() / 2
    if low == high:
        return np.where(finite, 0.5, 0.0)
    return (np.where(finite, image, 2 * low) / 2 - low) / (high - low)


def show_grid(Xs: np.ndarray, padding: int = 1, ax: Axes | None = None) -> Axes:
    """Draw a stack of images as a grid; `visualize_grid` says how it is laid out and scaled.

    Args:
        Xs: (N, h, w), (N, h, w, 1) or (N, h, w, 3) array of numbers.
        padding: pixels between the images.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: as `visualize_grid`.
    """
    grid = visualize_grid(Xs, 1.0, padding)
    height = min(max(6 * grid.shape[0] / grid.shape[1], 1.5), 12)
    ax = ax or _new_axes(6, height)
    ax.imshow(
        grid if grid.shape[2] == 3 else grid[:, :, 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest"
    )
    ax.set_axis_off()
    return ax


def show_net_weights(net, image_shape: tuple[int, ...] = (28, 28), ax: Axes | None = None) -> Axes:
    """Draw the first-layer weights of a network: one image for each hidden unit, the input that excites it most.

    Args:
        net: has `params["W1"]`, a (D, H) array.
        image_shape: (h, w) or (h, w, 3) with h·w(·3) = D.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: the rows of W1 do not make such images.
    """
    W1 = np.asarray(net.params["W1"])
    if W1.ndim != 2 or W1.shape[0] != math.prod(image_shape):
        raise ValueError(
            f"W1 has shape {W1.shape}, but images of shape {image_shape} need W1 of shape ({math.prod(image_shape)}, H)"
        )
    ax = show_grid(W1.T.reshape(-1, *image_shape), padding=1, ax=ax)
    ax.set_title(f"First-layer weights of {W1.shape[1]} hidden units")
    return ax


def plot_loss_curves(histories: Mapping, smooth: int = 25, ax: Axes | None = None) -> Axes:
    """Draw the minibatch loss of one or more training runs.

    Args:
        histories: the dict that `train` returns, or a dict of them by the name of the run.
        smooth: the thick line is the mean over this many iterations, the thin one behind it the loss itself. At most a
            tenth of the run is averaged; 1 draws the loss alone.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: there is no `loss_history`, or no run.
    """
    runs = _runs(histories, "loss_history")
    ax = ax or _new_axes(7, 4.2)
    for i, (name, history) in enumerate(runs.items()):
        losses = np.asarray(history["loss_history"], dtype=np.float64)
        window = max(1, min(smooth, len(losses) // 10))
        means = losses
        if window > 1:
            means = np.convolve(losses, np.ones(window) / window, mode="valid")
            name = f"{name} (mean of {window})" if name else f"mean of {window} iterations"
            ax.plot(losses, color=f"C{i}", linestyle="-", linewidth=0.7, alpha=0.3)
        x = np.arange(len(means)) + (window - 1) / 2
        ax.plot(x, means, color=f"C{i}", linestyle=LINE_STYLES[i % len(LINE_STYLES)], label=name or None)
    ax.set(xlabel="iteration", ylabel="minibatch loss", title="Loss", ylim=(0, None))
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return ax


def plot_accuracy_curves(histories: Mapping, ax: Axes | None = None) -> Axes:
    """Draw training and validation accuracy, once per epoch, of one or more training runs.

    Args:
        histories: the dict that `train` returns, or a dict of them by the name of the run.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes. Training is dashed with open markers, validation solid with filled ones; runs differ in colour and marker.

    Raises:
        ValueError: there is no `train_acc_history` or `val_acc_history`, or no run.
    """
    runs = _runs(histories, "train_acc_history", "val_acc_history")
    ax = ax or _new_axes(7, 4.2)
    for i, (name, history) in enumerate(runs.items()):
        prefix = f"{name}, " if name else ""
        shared = {"color": f"C{i}", "marker": MARKERS[i % len(MARKERS)], "markersize": 6}
        ax.plot(history["val_acc_history"], "-", label=f"{prefix}validation", **shared)
        ax.plot(
            history["train_acc_history"], "--", label=f"{prefix}minibatch", markerfacecolor="white", **shared
        )
    ax.set(xlabel="epoch", ylabel="accuracy", title="Accuracy", ylim=(None, 1.02))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(loc="lower right")
    return ax


def plot_confusion_matrix(
    y_true: np.ndarray, y_pred: np.ndarray, classes: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how often each class was taken for which: the true class by row, the predicted one by column.

    Args:
        y_true: (N,) integer array of labels.
        y_pred: (N,) integer array of predicted labels.
        classes: the names of the labels 0, 1, …; None draws every label that occurs.
        ax: where to draw; None makes a new figure.

    Returns:
        The axes. Numbers are counts; the shade is the share of the row, on a square-root scale so that rare errors show.

    Raises:
        ValueError: the arrays are empty or differ in length, or a label has no name.
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape or y_true.ndim != 1 or not len(y_true):
        raise ValueError(
            f"y_true and y_pred are two rows of labels, equally long, but have shapes {y_true.shape}, {y_pred.shape}"
        )
    found = np.union1d(y_true, y_pred)
    labels = found if classes is None else np.arange(len(classes))
    if not np.isin(found, labels).all():
        raise ValueError(f"there are {len(classes)} class names, but the labels are {found.tolist()}")
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    np.add.at(counts, (np.searchsorted(labels, y_true), np.searchsorted(labels, y_pred)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(3.5, 0.62 * len(labels) + 0.8)
    ax = ax or _new_axes(side * 1.12, side)
    image = ax.imshow(shares, cmap="gray_r", norm=PowerNorm(0.5, vmin=0, vmax=1))
    for (i, j), count in np.ndenumerate(counts):
        color = "white" if shares[i, j] > 0.3 else ("0.7" if count == 0 else "black")
        ax.text(j, i, str(count), ha="center", va="center", color=color, fontsize=10)
    names = labels if classes is None else classes
    ax.set_xticks(range(len(labels)), [str(name) for name in names])
    ax.set_yticks(range(len(labels)), [str(name) for name in names])
    ax.set(xlabel="predicted class", ylabel="true class", title=f"Accuracy {np.mean(y_true == y_pred):.2%}")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label="share of the true class", shrink=0.8)
    return ax


def _new_axes(width: float, height: float) -> Axes:
    """Return the axes of a new figure, its size in inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def _runs(histories: Mapping, *keys: str) -> dict[str, Mapping]:
    """Return the runs by name, a single run under the empty name; refuse what has no such histories."""
    single = any(isinstance(key, str) and key.endswith("_history") for key in histories)
    runs = {"": histories} if single else dict(histories)
    if not runs:
        raise ValueError("there is no run to draw")
    for name, run in runs.items():
        missing = [key for key in keys if not isinstance(run, Mapping) or key not in run]
        if missing:
            raise ValueError(
                f"the history of run {name!r} has no {', '.join(missing)}: pass the dict that train returns"
            )
    return runs
