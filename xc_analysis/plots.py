"""Drawing only: frames in, axes out; computes nothing, reads no file.

Every function takes what the package's functions return and an axes (or makes one), and returns
the axes. Names, units and bounds come from the frame's attributes, the language from ``style``.
The drawing itself is sorted by subject into ``plots_evidence``, ``plots_verdict`` and
``plots_plan``, its common parts are in ``marks``.
"""

from xc_analysis.plots_evidence import plot_compare, plot_coverage, plot_series
from xc_analysis.plots_plan import plot_commitments, plot_statements
from xc_analysis.plots_verdict import plot_projection, plot_scorecard, plot_target

__all__ = [
    "plot_commitments",
    "plot_compare",
    "plot_coverage",
    "plot_projection",
    "plot_scorecard",
    "plot_series",
    "plot_statements",
    "plot_target",
]
