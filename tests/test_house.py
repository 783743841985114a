"""The house: imports downwards only, public names, size, nothing heavy at the door."""

import ast
import doctest
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import xc_analysis as xc

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xc_analysis"
MODULES = sorted(PACKAGE.rglob("*.py"))

# from the ground up; within a floor a module may import what stands on its left
FLOORS = (
    ("errors", "words"),
    ("tables", "derivation"),
    ("observations",),
    ("comparability", "partial_years"),
    ("evidence",),
    ("trends", "projections"),
    ("targets", "fits", "assessment", "robustness", "plan_statements", "air"),
    ("style", "figures", "plots"),
    ("documents", "workbook", "report"),
    ("sheets", "changes", "own_numbers", "review", "running", "explorer", "pages", "build"),
    ("cli",),
    ("__main__",),
)
# modules that stand beside, and all that they may import
BESIDE = {
    "hourly": {"errors", "words", "tables"},
    # tables of air are computed anew by the code that writes them: one copy of HJ 633 and HJ 663
    "checks": {"errors", "words", "tables", "derivation", "hourly"},
}
# whose `plot` method imports `plots` when it is called
DRAWN = {
    ("projections", "Projection"),
    ("trends", "Trend"),
    ("assessment", "Assessment"),
    ("targets", "Target"),
}
HEIGHT = {name: (floor, at) for floor, names in enumerate(FLOORS) for at, name in enumerate(names)}


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def room(path):
    """The module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path):
    """Yield (room imported, class and function it happens in) for imports within the package."""
    depth = len(path.relative_to(PACKAGE).parts)
    package = ("xc_analysis", *path.relative_to(PACKAGE).parts[:-1])

    def walk(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ImportFrom):
                base = package[: depth + 1 - child.level] if child.level else ()
                parts = (*base, *(child.module.split(".") if child.module else ()))
                if parts[:1] == ("xc_analysis",):
                    targets = [parts[1]] if len(parts) > 1 else [a.name for a in child.names]
                    yield from ((target, inside) for target in targets)
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    if alias.name.startswith("xc_analysis."):
                        yield alias.name.split(".")[1], inside
            named = isinstance(child, ast.ClassDef | ast.FunctionDef)
            yield from walk(child, (*inside, child.name) if named else inside)

    yield from walk(parsed(path), ())


def graph():
    """Room -> rooms it imports, without the plot methods and imports within a room."""
    found = {room(path): set() for path in MODULES}
    for path in MODULES:
        for target, inside in imports(path):
            drawn = (room(path), *inside[:1]) in DRAWN and inside[1:2] == ("plot",)
            # a name of the package itself, such as its version, is no room
            if target in found and target != room(path) and not (drawn and target == "plots"):
                found[room(path)].add(target)
    del found["__init__"]
    return found


def test_every_module_has_its_floor():
    assert set(graph()) <= {*HEIGHT, *BESIDE}, (
        "put the new module on a floor here and in CONTRIBUTING"
    )


def test_imports_go_downwards_only():
    upwards = []
    for name, targets in graph().items():
        for target in targets:
            if name in BESIDE:
                fine = target in BESIDE[name]
            else:
                # who stands beside counts as high as the highest thing it imports
                fine = target in BESIDE or HEIGHT[target] < HEIGHT[name]
            if not fine:
                upwards.append(f"{name} -> {target}")
    assert not upwards


def test_there_is_no_circle():
    TopologicalSorter(graph()).prepare()


def test_trends_and_projections_never_read_a_file():
    for name in ("trends", "projections"):
        for path in MODULES:
            if room(path) == name:
                text = path.read_text(encoding="utf-8")
                assert not {"open(", "read_csv", "load("} & set(text.split()), path
                assert "tables" not in {target for target, _ in imports(path)}, path


def test_the_package_keeps_its_size_and_its_format():
    texts = [path.read_text(encoding="utf-8") for path in MODULES]
    assert sum(len(text.splitlines()) for text in texts) <= 14_700
    assert not any("fmt: " + "skip" in text for text in texts)


def test_notebooks_use_public_names():
    public = {"xc_analysis", "xc_analysis.trends", "xc_analysis.projections", "xc_analysis.hourly"}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            for line in "".join(cell["source"]).splitlines():
                words = line.split()
                if words[:1] in (["from"], ["import"]) and words[1].startswith("xc_analysis"):
                    assert words[1] in public, (path.name, line)


# ---- the door -------------------------------------------------------------------------------

HEAVY = {"matplotlib", "seaborn", "statsmodels", "scipy", "pandera", "ibis", "duckdb", "openpyxl"}
HEAVY |= {"nbclient", "IPython", "ipywidgets", "pyspark"}


def modules_after(code):
    """The top-level modules that are loaded after the code has run in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_package_loads_nothing_but_itself():
    added = modules_after("import xc_analysis; dir(xc_analysis)") - modules_after("pass")
    assert {name for name in added if name not in sys.stdlib_module_names} == {"xc_analysis"}


def test_tables_series_and_trends_need_nothing_heavy():
    code = "import xc_analysis as xc; xc.load('targets'); s = xc.series('green_cover')"
    assert not modules_after(code) & HEAVY


def test_the_public_interface_is_whole():
    wanted = (
        "load check use_data series compare coverage statements commitments sources_of trend"
        " project projection target assess scorecard sensitivity hindcast next_plan days months"
        " causes reference_state dust_effect month_page stations estimate_check plot_series"
        " plot_projection plot_target plot_scorecard plot_rows plot_grid plot_bars use_style"
        " figure save_figure drawn panels title tr explore InputError __version__"
    )
    assert set(wanted.split()) <= set(xc.__all__)
    assert xc.__version__ == "0.2.0" and issubclass(xc.InputError, ValueError)
    for name in xc.__all__:
        assert getattr(xc, name) is not None and name in dir(xc)
    assert not {room(path) for path in MODULES} & set(xc.__all__), "a module hides a function"


@pytest.mark.parametrize("name", ["plot_nothing", "nothing", "_hidden"])
def test_unknown_names_are_attribute_errors(name):
    with pytest.raises(AttributeError, match=name):
        getattr(xc, name)


# ---- examples -------------------------------------------------------------------------------


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize(
    "name", [module_name(path) for path in MODULES if ">>>" in path.read_text()]
)
def test_examples_run(name, lang_en, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testmod(import_module(name), optionflags=flags)
    assert tried and not failed
