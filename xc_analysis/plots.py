"""Drawing only: frames in, axes out; computes nothing, reads no file.

Every function takes what the package's functions return and an axes (or makes one), and returns
the axes. Names, units and bounds come from the frame's attributes, the language from ``style``.
The drawing itself is sorted by subject in the folder ``drawing``.
"""

from xc_analysis.drawing.plots_air import (
    plot_calendar,
    plot_days,
    plot_hours,
    plot_monthly,
    plot_season,
    plot_stl,
)
from xc_analysis.drawing.plots_amounts import plot_amounts
from xc_analysis.drawing.plots_breaks import (
    plot_causes,
    plot_deletions,
    plot_normalised,
    plot_pairs,
    plot_pairs_key,
    plot_standing,
    plot_state_factors,
    plot_state_test,
    plot_variants,
)
from xc_analysis.drawing.plots_evidence import plot_compare, plot_coverage, plot_series
from xc_analysis.drawing.plots_plan import plot_commitments, plot_statements
from xc_analysis.drawing.plots_review import (
    plot_asked,
    plot_chance,
    plot_scores,
    plot_sensitivity,
    plot_spans,
)
from xc_analysis.drawing.plots_themes import (
    plot_ceiling,
    plot_changes,
    plot_margin,
    plot_rates,
    plot_ratios,
    plot_units,
)
from xc_analysis.drawing.plots_verdict import plot_projection, plot_scorecard, plot_target

__all__ = [
    "plot_amounts",
    "plot_asked",
    "plot_calendar",
    "plot_causes",
    "plot_ceiling",
    "plot_chance",
    "plot_changes",
    "plot_commitments",
    "plot_compare",
    "plot_coverage",
    "plot_days",
    "plot_deletions",
    "plot_hours",
    "plot_margin",
    "plot_monthly",
    "plot_normalised",
    "plot_pairs",
    "plot_pairs_key",
    "plot_projection",
    "plot_rates",
    "plot_ratios",
    "plot_scorecard",
    "plot_scores",
    "plot_season",
    "plot_sensitivity",
    "plot_series",
    "plot_spans",
    "plot_standing",
    "plot_state_factors",
    "plot_state_test",
    "plot_statements",
    "plot_stl",
    "plot_target",
    "plot_units",
    "plot_variants",
]
