import json
import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

import cattern.vis_utils
import mnist_data.vis_utils
from cattern.neural_net import TwoLayerNet
from cattern.vis_utils import (
    plot_accuracy_curves,
    plot_confusion_matrix,
    plot_loss_curves,
    show_grid,
    show_net_weights,
    use_style,
    visualize_grid,
)

HISTORY = {
    "loss_history": list(np.linspace(2.3, 0.3, 200)),
    "train_acc_history": [0.1, 0.5, 0.9],
    "val_acc_history": [0.2, 0.4, 0.8],
}


@pytest.fixture(autouse=True)
def fresh_figures():
    """Restore the style, close the figures, draw what is open (errors may come late), and let no warning pass."""
    with plt.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
        plt.close("all")


def one_bound(Xs, padding=1):
    """The grid with white as 1, and gray images without their one channel."""
    grid = visualize_grid(Xs, ubound=1.0, padding=padding)
    return grid if grid.shape[2] == 3 else grid[:, :, 0]


@given(
    N=st.integers(1, 30),
    h=st.integers(1, 5),
    w=st.integers(1, 5),
    channels=st.sampled_from([None, 1, 3]),
    padding=st.integers(0, 3),
)
def test_grid_geometry(N, h, w, channels, padding):
    rng = np.random.default_rng(N)
    Xs = rng.normal(size=(N, h, w) if channels is None else (N, h, w, channels))
    before = Xs.copy()
    whole = visualize_grid(Xs, padding=padding)
    np.testing.assert_array_equal(Xs, before)
    assert whole.max() <= 255 and whole.dtype == np.float64
    grid = one_bound(Xs, padding)
    np.testing.assert_allclose(grid * 255, whole.reshape(grid.shape))
    columns = int(np.ceil(np.sqrt(N)))
    rows = int(np.ceil(N / columns))
    shape = (rows * h + (rows - 1) * padding, columns * w + (columns - 1) * padding)
    assert whole.shape == (*shape, 3 if channels == 3 else 1)
    covered = np.zeros(shape, dtype=bool)
    for i in range(N):
        top, left = i // columns * (h + padding), i % columns * (w + padding)
        cell = (slice(top, top + h), slice(left, left + w))
        covered[cell] = True
        image = Xs[i].reshape(grid[cell].shape)
        if image.max() == image.min():
            np.testing.assert_array_equal(grid[cell], 0.5)
        else:
            scaled = (image - image.min()) / (image.max() - image.min())
            np.testing.assert_allclose(grid[cell], scaled, atol=1e-12)
    assert (grid[~covered] == 1).all()


def test_grid_of_odd_images():
    constant = np.full((2, 2), 7.0)
    partly = np.array([[0.0, np.nan], [np.inf, 4.0]])
    nothing = np.full((2, 2), np.nan)
    huge = np.array([[-1e308, 1e308], [0, 0]])
    grid = one_bound(np.stack([constant, partly, nothing, huge]), padding=0)
    assert grid[:2, :2].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert grid[:2, 2:].tolist() == [[0, 0], [0, 1]]
    assert grid[2:, :2].tolist() == [[0, 0], [0, 0]]
    assert grid[2:, 2:].tolist() == [[0, 1], [0.5, 0.5]]


def test_grid_of_bytes_does_not_wrap_around():
    assert one_bound(np.uint8([[[0, 51, 255]]])).tolist() == [[0, 0.2, 1]]


@pytest.mark.parametrize("shape", [(784,), (36, 784), (4, 5, 5, 2), (1, 2, 3, 4, 5)])
def test_grid_names_a_wrong_shape(shape):
    with pytest.raises(ValueError, match=str(shape).replace("(", r"\(").replace(")", r"\)")):
        visualize_grid(np.zeros(shape))


def test_grid_refuses_nothing_and_negative_padding():
    with pytest.raises(ValueError, match="no image"):
        visualize_grid(np.zeros((0, 28, 28)))
    with pytest.raises(ValueError, match="padding"):
        visualize_grid(np.zeros((2, 3, 3)), padding=-1)


def test_show_grid_draws_the_grid():
    Xs = np.random.default_rng(0).normal(size=(5, 4, 3, 1))
    ax = show_grid(Xs, padding=2)
    assert isinstance(ax, Axes)
    (image,) = ax.get_images()
    np.testing.assert_array_equal(image.get_array(), one_bound(Xs, 2))
    assert image.get_clim() == (0, 1)
    assert mnist_data.vis_utils.visualize_grid is visualize_grid
    assert mnist_data.vis_utils.show_grid is show_grid


def test_the_classic_way_to_show_images_works_as_written():
    data = np.random.default_rng(0).integers(256, size=(36, 28, 28, 1))
    for module in (mnist_data.vis_utils, cattern.vis_utils):
        image = plt.imshow(module.visualize_grid(data, padding=3).astype("uint8").squeeze(axis=2))
        assert image.get_array().shape == (6 * 28 + 5 * 3, 6 * 28 + 5 * 3)
        assert image.get_array().max() == 255


def test_every_plot_draws_into_the_axes_it_is_given():
    _, axs = plt.subplots(1, 5)
    net = TwoLayerNet(784, 6, 10)
    assert show_grid(np.zeros((2, 3, 3)), ax=axs[0]) is axs[0]
    assert show_net_weights(net, ax=axs[1]) is axs[1]
    assert plot_loss_curves(HISTORY, ax=axs[2]) is axs[2]
    assert plot_accuracy_curves(HISTORY, ax=axs[3]) is axs[3]
    assert plot_confusion_matrix([0, 1], [0, 1], ax=axs[4]) is axs[4]
    assert len(plt.get_fignums()) == 1
    assert all(ax.has_data() for ax in axs)


def test_weights_are_drawn_by_hidden_unit():
    net = TwoLayerNet(6, 4, 3, std=1)
    (image,) = show_net_weights(net, image_shape=(2, 3)).get_images()
    columns = np.stack([net.params["W1"][:, unit].reshape(2, 3) for unit in range(4)])
    np.testing.assert_array_equal(image.get_array(), one_bound(columns, 1))
    with pytest.raises(ValueError, match=r"\(6, 4\).*\(784, H\)"):
        show_net_weights(net)


def test_loss_curve_is_the_loss_without_smoothing():
    ax = plot_loss_curves(HISTORY, smooth=1)
    (line,) = ax.get_lines()
    np.testing.assert_allclose(line.get_ydata(), HISTORY["loss_history"])
    assert ax.get_xlabel() == "iteration"
    assert "loss" in ax.get_ylabel()


def test_smoothed_loss_stays_in_step():
    """The mean of a straight line is that line, if it is drawn at the middle of its window."""
    raw, mean = plot_loss_curves(HISTORY, smooth=10).get_lines()
    positions = np.interp(mean.get_xdata(), raw.get_xdata(), raw.get_ydata())
    np.testing.assert_allclose(mean.get_ydata(), positions)


def test_runs_differ_without_colour():
    runs = {"slow": HISTORY, "fast": HISTORY}
    lines = plot_loss_curves(runs, smooth=1).get_lines()
    assert len({line.get_linestyle() for line in lines}) == 2
    ax = plot_accuracy_curves(runs)
    looks = {
        (line.get_linestyle(), line.get_marker(), line.get_markerfacecolor() == "white")
        for line in ax.get_lines()
    }
    assert len(looks) == 4
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["fast, minibatch", "fast, validation", "slow, minibatch", "slow, validation"]


def test_accuracy_curves_show_the_right_numbers():
    lines = {line.get_label(): list(line.get_ydata()) for line in plot_accuracy_curves(HISTORY).get_lines()}
    assert lines == {"minibatch": HISTORY["train_acc_history"], "validation": HISTORY["val_acc_history"]}


@pytest.mark.parametrize("losses", [[], [1.0], [2.3, np.nan, np.inf], [np.nan] * 30])
def test_short_and_diverged_runs_can_be_drawn(losses):
    plot_loss_curves({"loss_history": losses})


@pytest.mark.parametrize("plot", [plot_loss_curves, plot_accuracy_curves])
def test_missing_histories_are_named(plot):
    with pytest.raises(ValueError, match=r"'mine' has no .*_history"):
        plot({"mine": {"other": []}})
    with pytest.raises(ValueError, match="no run"):
        plot({})


def test_confusion_matrix_rows_are_true_classes():
    ax = plot_confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 0, 2], classes=["ant", "bee", "cat"])
    texts = np.array([text.get_text() for text in ax.texts]).reshape(3, 3)
    assert texts.tolist() == [["1", "1", "0"], ["0", "1", "0"], ["2", "0", "1"]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ant", "bee", "cat"]
    assert "true" in ax.get_ylabel()
    assert "predicted" in ax.get_xlabel()
    assert "66.67%" not in ax.get_title()
    assert "50.00%" in ax.get_title()


def test_confusion_matrix_with_absent_classes():
    ax = plot_confusion_matrix([0, 0], [2, 2], classes=["a", "b", "c"])
    assert len(ax.texts) == 9


def test_confusion_matrix_checks_its_arguments():
    for y_true, y_pred in (([0, 1], [0]), ([], []), ([[0]], [[0]])):
        with pytest.raises(ValueError, match="equally long"):
            plot_confusion_matrix(y_true, y_pred)
    with pytest.raises(ValueError, match="2 class names"):
        plot_confusion_matrix([0, 2], [0, 1], classes=["a", "b"])


def test_style_gives_each_colour_a_line_style_and_may_be_set_twice():
    use_style()
    once = dict(plt.rcParams)
    use_style()
    assert dict(plt.rcParams) == once
    cycle = plt.rcParams["axes.prop_cycle"]
    assert len(cycle) == 10
    assert len(set(cycle.by_key()["color"])) == 10
    assert len(set(cycle.by_key()["linestyle"])) >= 4


# How every plot looks, in words: a label that goes, another width or colour, shows. CATTERN_GOLDEN=write takes new looks.
LOOKS = Path(__file__).with_name("looks.json")
DRAWN = {
    "a grid": lambda: show_grid(np.arange(60.0).reshape(5, 4, 3), padding=2),
    "a wide grid": lambda: show_grid(np.arange(80.0).reshape(1, 1, 80)),
    "a tall grid": lambda: show_grid(np.arange(80.0).reshape(1, 80, 1)),
    "colour images": lambda: show_grid(np.arange(96.0).reshape(2, 4, 4, 3)),
    "weights": lambda: show_net_weights(TwoLayerNet(6, 4, 3, std=1), (2, 3)),
    "losses": lambda: plot_loss_curves(dict.fromkeys("abcde", HISTORY)),
    "one loss": lambda: plot_loss_curves(HISTORY),
    "losses as they are": lambda: plot_loss_curves({"a": HISTORY}, smooth=1),
    "accuracies": lambda: plot_accuracy_curves(dict.fromkeys("abcdefg", HISTORY)),
    "one accuracy": lambda: plot_accuracy_curves(HISTORY),
    "confusion": lambda: plot_confusion_matrix([0] * 9 + [1, 1, 2], [0] * 6 + [1, 1, 2, 0, 1, 2]),
    "confusion of ten": lambda: plot_confusion_matrix(np.arange(10), np.arange(10), classes="abcdefghij"),
}


def look(ax: Axes) -> dict:
    """Return what a plot looks like, as numbers and words."""
    legend = ax.get_legend()
    return {
        "size": [round(float(x), 2) for x in ax.figure.get_size_inches()],
        "layout": type(ax.figure.get_layout_engine()).__name__,
        "words": [ax.get_title(), ax.get_xlabel(), ax.get_ylabel()],
        "legend": legend and [legend._loc, [text.get_text() for text in legend.get_texts()]],
        "ticks": [[label.get_text() for label in labels] for labels in (ax.get_xticklabels(), ax.get_yticklabels())],
        "whole numbers": ax.xaxis.get_major_locator()._integer if hasattr(ax.xaxis.get_major_locator(), "_integer") else None,
        "bottom and top": [round(float(y), 3) for y in ax.get_ylim()],
        "frame": ax.axison,
        "grid": [line.get_visible() for line in ax.get_xgridlines()][:1],
        "lines": [
            [line.get_color(), line.get_linestyle(), line.get_linewidth(), line.get_alpha(), line.get_marker(),
             line.get_markersize(), line.get_markerfacecolor(), len(line.get_xdata())]
            for line in ax.get_lines()
        ],
        "images": [
            [image.get_cmap().name, [float(v) for v in image.get_clim()], image.get_interpolation(), type(image.norm).__name__,
             getattr(image.norm, "gamma", None)]
            for image in ax.get_images()
        ],
        "texts": [[t.get_text(), t.get_position(), t.get_color(), t.get_fontsize(), t.get_ha(), t.get_va()] for t in ax.texts],
        "beside": [[other.get_ylabel(), round(float(other.get_position().height), 2)] for other in ax.figure.axes if other is not ax],
    }  # fmt: skip


def test_every_plot_looks_as_it_did():
    use_style()
    seen = {"style": {name: str(plt.rcParams[name]) for name in sorted(CHANGED)}}
    seen |= {name: look(draw()) for name, draw in DRAWN.items()}
    seen = json.loads(json.dumps(seen))
    if os.environ.get("CATTERN_GOLDEN") == "write":
        LOOKS.write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    golden = json.loads(LOOKS.read_text(encoding="utf-8"))
    for name, value in seen.items():
        assert value == golden[name], name
    assert seen.keys() == golden.keys()


# What `use_style` says of its own.
CHANGED = (
    *(
        "axes.prop_cycle",
        "axes.grid",
        "axes.axisbelow",
        "axes.spines.top",
        "axes.spines.right",
        "axes.titlesize",
    ),
    *(
        "axes.labelsize",
        "xtick.labelsize",
        "ytick.labelsize",
        "legend.fontsize",
        "legend.frameon",
        "grid.alpha",
    ),
    *("lines.linewidth", "image.cmap", "figure.dpi"),
)
