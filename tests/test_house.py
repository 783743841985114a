"""The house: imports downwards only, public names, size, nothing heavy at the door."""

import ast
import doctest
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

import pytest

import xc_analysis as xc

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xc_analysis"
MODULES = sorted(PACKAGE.rglob("*.py"))

# from the ground up: a module may import what stands before it
FLOORS = """
errors words
tables hourly derivation checks
observations
comparability partial_years
evidence
trends projections
targets fits assessment plan_statements air
style figures plots
documents workbook report
sheets changes own_numbers review running explorer build
cli
__main__
""".split()
# modules that stand beside, and all that they may import
BESIDE = {
    "hourly": {"errors", "words", "tables"},
    # tables of air are computed anew by the code that writes them: one copy of HJ 633 and HJ 663
    "checks": {"errors", "words", "tables", "derivation", "hourly"},
}
# lines of code, the end of the house
BUDGETS = [
    ("xc_analysis", 13_500),
    ("tests", 6_650),
]
# whose result's `plot` method imports `plots` when it is called
DRAWN = {"projections", "trends", "assessment", "targets"}


def room(path):
    """The module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path):
    """The rooms that a file imports from, its own and that of charts for `plot` methods aside."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    plots = [node for node in ast.walk(tree) if getattr(node, "name", "") == "plot"]
    late = [node for plot in plots for node in ast.walk(plot) if room(path) in DRAWN]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        parts = {name.split(".")[1] for name in names if name.startswith("xc_analysis.")}
        found |= parts - {"plots"} if node in late else parts
    # a name of the package itself, such as its version, is no room
    return (found & set(map(room, MODULES))) - {room(path)}


def test_every_module_has_its_floor_and_imports_go_downwards_only():
    # a new module goes on a floor here and in CONTRIBUTING
    assert {*map(room, MODULES)} - {"__init__"} == {*FLOORS}
    for path in MODULES:
        if (name := room(path)) != "__init__":
            below = BESIDE.get(name, FLOORS[: FLOORS.index(name)])
            assert imports(path) <= set(below), path
    for path in (PACKAGE / "trends.py", PACKAGE / "projections.py"):
        assert "tables" not in imports(path), path
        assert not re.search(r"\b(open|read_csv|load)\(", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(("folder", "most"), BUDGETS)
def test_the_house_keeps_its_size_and_its_format(folder, most):
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")]
    assert sum(len(text.splitlines()) for text in texts) <= most
    assert not any("fmt: " + "skip" in text for text in texts)


HEAVY = set(
    "matplotlib seaborn statsmodels scipy ibis duckdb openpyxl nbclient IPython pyspark".split()
)


def modules_after(code):
    """The top-level modules that are loaded after the code has run in a fresh interpreter."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_what_is_loaded_is_only_what_is_needed():
    plain = modules_after("pass") | sys.stdlib_module_names
    for code in (
        "import xc_analysis; dir(xc_analysis)",
        "import xc_analysis.cli as c; c._parser()",
    ):
        assert modules_after(code) - plain == {"xc_analysis"}
    code = "import xc_analysis as xc; xc.load('targets'); s = xc.series('green_cover')"
    assert not modules_after(code) & HEAVY


def test_the_public_interface_is_whole():
    assert xc.__version__ == "0.2.0" and issubclass(xc.InputError, ValueError)
    for name in xc.__all__:
        assert getattr(xc, name) is not None and name in dir(xc)
    assert not {*map(room, MODULES)} & set(xc.__all__), "a module hides a function"
    with pytest.raises(AttributeError, match="plot_nothing"):
        _ = xc.plot_nothing


EXAMPLES = [path.relative_to(ROOT) for path in MODULES if ">>>" in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=str)
def test_examples_run(path, lang_en, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(module, optionflags=flags)
    assert tried and not failed
