"""Tuning hyperparameters: sweeps that run side by side, a table that outlives an interruption, and plots of it."""

from cattern.tuning.plots import plot_curves, plot_interaction, plot_parallel, plot_settings
from cattern.tuning.space import at_border, draw
from cattern.tuning.sweep import Sweep

__all__ = ["Sweep", "at_border", "draw", "plot_curves", "plot_interaction", "plot_parallel", "plot_settings"]
