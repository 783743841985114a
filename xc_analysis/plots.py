"""Drawing only: frames in, axes out; computes nothing, reads no file.

Every function takes what the package's functions return and an axes (or makes one), and returns
the axes. Names, units and bounds come from the frame's attributes, the language from ``style``.
The drawing itself is sorted by subject in the folder ``drawing``.
"""

from importlib import import_module

_HOME = {
    "plot_amounts": "plots_amounts",
    "plot_asked": "plots_review",
    "plot_calendar": "plots_air",
    "plot_causes": "plots_breaks",
    "plot_ceiling": "plots_themes",
    "plot_chance": "plots_review",
    "plot_changes": "plots_themes",
    "plot_commitments": "plots_plan",
    "plot_compare": "plots_evidence",
    "plot_coverage": "plots_evidence",
    "plot_days": "plots_air",
    "plot_deletions": "plots_breaks",
    "plot_hours": "plots_air",
    "plot_margin": "plots_themes",
    "plot_monthly": "plots_air",
    "plot_normalised": "plots_breaks",
    "plot_pairs": "plots_breaks",
    "plot_projection": "plots_verdict",
    "plot_rates": "plots_themes",
    "plot_ratios": "plots_themes",
    "plot_scorecard": "plots_verdict",
    "plot_scores": "plots_review",
    "plot_season": "plots_air",
    "plot_sensitivity": "plots_review",
    "plot_series": "plots_evidence",
    "plot_spans": "plots_review",
    "plot_standing": "plots_breaks",
    "plot_state_factors": "plots_breaks",
    "plot_state_test": "plots_breaks",
    "plot_statements": "plots_plan",
    "plot_stl": "plots_air",
    "plot_target": "plots_verdict",
    "plot_units": "plots_themes",
    "plot_variants": "plots_breaks",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".drawing.{_HOME[name]}", __package__), name)


def __dir__():
    return sorted({*globals(), *__all__})
