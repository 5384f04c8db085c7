"""The plot of an image stack, under the name it has beside the loader; all plots are in `cattern.vis_utils`."""

from cattern.vis_utils import visualize_grid

__all__ = ["visualize_grid"]
