"""Evidence, trends and projections for a district's environment plan.

A number never travels without its evidence. The public names are loaded when first used, so
that the import itself costs next to nothing.
"""

import sys
from importlib import import_module
from types import ModuleType

from . import plots
from .errors import InputError

__version__ = "0.1.0"

_HOME = {
    "load": "tables",
    "check": "tables",
    "series": "evidence",
    "coverage": "evidence",
    "sources_of": "evidence",
    "home": "packs.places",
    "needs": "packs.places",
    "plan": "packs.places",
    "each": "packs.notes",
    "say": "packs.notes",
    "skip_empty": "packs.notes",
    "stop_unless": "packs.notes",
    "trend": "trend",
    "project": "projection",
    "assess": "assessment",
    "scorecard": "assessment",
    "sensitivity": "assessment",
    "hindcast": "assessment",
    "statements": "statements",
    "use_style": "style",
    "save_figure": "style",
    "save_both": "style",
}

__all__ = ["InputError", "__version__"]
__all__ += list(_HOME)
__all__ += plots.__all__


class _Package(ModuleType):
    def __setattr__(self, name, value):
        # importing the submodule `trend` would bind its name over the function `trend`
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name):
    home = "plots" if name.startswith("plot_") else _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{home}", __name__)
    if not hasattr(module, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(module, name)


def __dir__():
    return sorted({*globals(), *__all__})
