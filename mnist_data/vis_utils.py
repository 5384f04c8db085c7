"""The grid of an image stack, under the name it has beside the loader; all plots are in `cattern.vis_utils`."""

from cattern.vis_utils import show_grid, visualize_grid

__all__ = ["show_grid", "visualize_grid"]
