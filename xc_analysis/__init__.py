"""Evidence, trends and projections for a district's environment plan.

A number never travels without its evidence. Public names are loaded when first used, so that
the import itself costs next to nothing.
"""

from importlib import import_module

from .errors import InputError

__version__ = "0.2.0"

_PUBLIC = {
    "tables": "load use_data",
    "checks": "check",
    "words": "tr use_language",
    "evidence": "series compare coverage sources_of",
    "comparability": "reference_state dust_effect",
    "partial_years": "estimate_check",
    "trends": "trend",
    "projections": "project",
    "fits": "projection",
    "targets": "target",
    "assessment": "assess scorecard sensitivity hindcast next_plan",
    "plan_statements": "statements commitments",
    "air": "days months causes month_page stations",
    "style": "use_style",
    "figures": "figure save_figure drawn panels title",
    "plots": "plot_series plot_projection plot_target plot_scorecard plot_rows plot_grid plot_bars",
    "explorer": "explore",
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = ["InputError", "__version__"]
__all__ += list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
