"""Seven kinds of chart; each takes frames or results and returns the axes it drew on."""

from .lines import plot_projection, plot_series, plot_target
from .rows import plot_bars, plot_rows
from .tables import plot_grid, plot_scorecard

__all__ = ["plot_bars", "plot_grid", "plot_projection", "plot_rows", "plot_scorecard"]
__all__ += ["plot_series", "plot_target"]
