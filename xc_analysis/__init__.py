"""Evidence, trends and projections for a district's environment plan.

A number never travels without its evidence. Public names are loaded when first used, so that
the import itself costs next to nothing.
"""

from importlib import import_module

from .errors import InputError

__version__ = "0.2.0"

_HOME = {
    "load": "tables",
    "use_data": "tables",
    "check": "checks",
    "tr": "words",
    "use_language": "words",
    "series": "evidence",
    "compare": "evidence",
    "coverage": "evidence",
    "sources_of": "evidence",
    "reference_state": "comparability",
    "dust_effect": "comparability",
    "estimate_check": "partial_years",
    "trend": "trends",
    "project": "projections",
    "projection": "fits",
    "target": "targets",
    "assess": "assessment",
    "scorecard": "assessment",
    "sensitivity": "robustness",
    "hindcast": "robustness",
    "next_plan": "robustness",
    "statements": "plan_statements",
    "commitments": "plan_statements",
    "days": "air",
    "months": "air",
    "causes": "air",
    "month_page": "air",
    "stations": "air",
    "use_style": "style",
    "figure": "figures",
    "save_figure": "figures",
    "drawn": "figures",
    "panels": "figures",
    "title": "figures",
    "plot_series": "plots",
    "plot_projection": "plots",
    "plot_target": "plots",
    "plot_scorecard": "plots",
    "plot_rows": "plots",
    "plot_grid": "plots",
    "plot_bars": "plots",
    "explore": "explorer",
}

__all__ = ["InputError", "__version__"]
__all__ += list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
