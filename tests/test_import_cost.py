"""`import xc_analysis` brings in nothing heavy, and its public names are all there."""

import subprocess
import sys

import pytest

import xc_analysis as xc

HEAVY = (
    *("matplotlib", "seaborn", "statsmodels", "scipy.stats", "pandera", "ibis", "duckdb"),
    *("pyarrow", "openpyxl", "nbclient", "IPython", "ipywidgets"),
)


def modules_after(code):
    """Names of the modules that are loaded after the code has run in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    loaded = modules_after("import xc_analysis; dir(xc_analysis)")
    assert not loaded & set(HEAVY)
    assert "pandas" not in loaded


def test_the_import_adds_only_modules_of_its_own_and_of_the_standard_library():
    added = modules_after("import xc_analysis") - modules_after("pass")
    foreign = {
        name.partition(".")[0]
        for name in added
        if name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert foreign == {"xc_analysis"}


def test_loading_a_table_needs_pandas_alone():
    loaded = modules_after("import xc_analysis as xc; xc.load('targets'); xc.coverage()")
    # pandas itself brings pyarrow for its text columns
    assert not loaded & (set(HEAVY) - {"pyarrow"})


@pytest.mark.parametrize(
    "module", ["tables", "evidence", "trend", "projection", "statements", "plots", "assessment"]
)
def test_no_module_of_the_package_is_heavy_to_import(module):
    loaded = modules_after(f"import xc_analysis.{module}")
    assert not loaded & (set(HEAVY) - {"pyarrow"}), loaded & set(HEAVY)


def test_every_public_name_is_there_and_listed():
    for name in xc.__all__:
        assert getattr(xc, name) is not None
        assert name in dir(xc)
    wanted = {
        *("load", "check", "series", "coverage", "trend", "project", "assess", "scorecard"),
        *("sensitivity", "hindcast", "statements", "use_style", "save_figure", "save_both"),
        *("sources_of", "InputError", "__version__", "plot_series", "plot_coverage"),
    }
    assert wanted <= set(xc.__all__)


def test_every_plot_is_public():
    from xc_analysis import plots

    drawn = {name for name in dir(plots) if name.startswith("plot_")}
    assert drawn == {name for name in xc.__all__ if name.startswith("plot_")}


def test_names_that_modules_share_are_the_functions():
    import xc_analysis.statements
    import xc_analysis.trend  # noqa: F401
    from xc_analysis.trend import mann_kendall

    assert callable(xc.trend) and callable(xc.statements) and callable(mann_kendall)
    assert xc.trend.__name__ == "trend" and xc.statements.__name__ == "statements"


def test_unknown_names_are_attribute_errors():
    for name in ("plot_nothing", "nothing", "_hidden"):
        with pytest.raises(AttributeError, match=name):
            getattr(xc, name)
    assert issubclass(xc.InputError, ValueError)
