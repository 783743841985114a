"""Drawing only: frames in, axes out; computes nothing, reads no file.

Every function takes what the package's functions return and an axes (or makes one), and returns
the axes. Names, units and bounds come from the frame's attributes, the language from ``style``.
The drawing itself is sorted by subject into ``plots_evidence``, ``plots_verdict``,
``plots_review``, ``plots_plan``, ``plots_air`` and ``plots_themes``, its common parts are in ``marks``.
"""

from xc_analysis.plots_air import (
    plot_calendar,
    plot_days,
    plot_hours,
    plot_monthly,
    plot_season,
    plot_stl,
)
from xc_analysis.plots_evidence import plot_compare, plot_coverage, plot_series
from xc_analysis.plots_plan import plot_commitments, plot_statements
from xc_analysis.plots_review import (
    plot_asked,
    plot_chance,
    plot_scores,
    plot_sensitivity,
    plot_spans,
)
from xc_analysis.plots_themes import (
    plot_amounts,
    plot_ceiling,
    plot_changes,
    plot_margin,
    plot_rates,
    plot_ratios,
    plot_units,
)
from xc_analysis.plots_verdict import plot_projection, plot_scorecard, plot_target

__all__ = [
    "plot_amounts",
    "plot_calendar",
    "plot_ceiling",
    "plot_asked",
    "plot_chance",
    "plot_changes",
    "plot_commitments",
    "plot_compare",
    "plot_coverage",
    "plot_days",
    "plot_hours",
    "plot_margin",
    "plot_monthly",
    "plot_projection",
    "plot_rates",
    "plot_ratios",
    "plot_scorecard",
    "plot_scores",
    "plot_season",
    "plot_sensitivity",
    "plot_series",
    "plot_spans",
    "plot_statements",
    "plot_stl",
    "plot_target",
    "plot_units",
]
