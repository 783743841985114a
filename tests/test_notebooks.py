"""Every notebook runs alone, as it is and changed, and keeps to the house's form.

A notebook's metadata hold what a reader might change in its "change me" cell:
``metadata.xc.changes`` is a list of changes, each a mapping of old text to new. The cell is run
with each of them in turn.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
import warnings
from pathlib import Path

import nbformat
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import build, running

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("XC_TEST_NOTEBOOKS", ROOT / "notebooks"))
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MARK = "可以改 change me"
MOST_CODE, MOST_CELL = 80, 20
CHANGES = 2
LIBRARIES = {"pandas", "numpy", "matplotlib", "seaborn", "statsmodels", "xc_analysis"}
SUBMODULES = {  # public beside the names of the package itself
    "xc_analysis.trends": {"mann_kendall"},
    "xc_analysis.projections": {"project_many"},
    "xc_analysis.hourly": {"read_archive", "daily", "monthly", "annual"},
}


def read(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells without ids are nbformat's to tell
        return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def code_lines(source: str) -> list[str]:
    lines = (line.strip() for line in source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def change_cell(path: Path) -> str:
    """The first code cell after the imports."""
    return code_cells(path)[1]


def changes(path: Path) -> list[dict[str, str]]:
    return read(path).metadata.get("xc", {}).get("changes", [])


def changed(source: str, change: dict[str, str]) -> str:
    """The change-me cell with each old text replaced by the new; other cells as they are."""
    if MARK not in source:
        return source
    for old, new in change.items():
        source = source.replace(old, new)
    return source


by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
VARIANTS = [
    pytest.param(path, number, id=f"{path.stem}-{number}")
    for path in NOTEBOOKS
    for number in range(CHANGES)
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Variables of the environment, with a home that outlasts one notebook."""
    variables = running.kernel_environment(tmp_path_factory.mktemp("home"))
    return variables | {"XC_DATA": str(ROOT / "data"), "XC_LANG": "zh"}


def run(path: Path, environment, figures: Path, change: dict[str, str] | None = None):
    """Execute a notebook; a failing cell fails the test in one line."""
    execution = running.execute(
        path,
        environment=environment,
        figures=figures,
        replace=lambda source: changed(source, change or {}),
    )
    try:
        return asyncio.run(execution)
    except running.NotebookError as failed:
        pytest.fail(f"{path.name}: {failed}", pytrace=False)


# ---- running -------------------------------------------------------------------------------


@by_name
def test_runs_without_a_warning_and_draws_what_is_committed(path, environment, tmp_path):
    nb = run(path, environment, tmp_path)
    assert running.warnings_of(nb.cells) == ()
    for name in build.figures_of(path):
        for lang in ("zh", "en"):
            committed = ROOT / "figures" / lang / f"{name}.csv"
            assert committed.is_file(), f"{name} is not in figures/{lang}: run make report"
            pd.testing.assert_frame_equal(
                pd.read_csv(committed),
                pd.read_csv(tmp_path / lang / f"{name}.csv"),
                rtol=1e-6,
                obj=f"figures/{lang}/{name}.csv, of another run than the notebook (make report):",
            )


@pytest.mark.parametrize(("path", "number"), VARIANTS)
def test_runs_when_its_marked_cell_is_changed(path, number, environment, tmp_path):
    listed = changes(path)
    assert len(listed) >= CHANGES, "metadata.xc.changes: two changes that a reader might make"
    cell = change_cell(path)
    for old, new in listed[number].items():
        assert cell.count(old) == 1, f"{old!r} is not in the marked cell once"
        assert old != new
    run(path, environment, tmp_path, listed[number])


def test_every_committed_figure_is_drawn_by_one_notebook():
    drawn = [name for path in NOTEBOOKS for name in build.figures_of(path)]
    assert len(drawn) == len(set(drawn))
    committed = {path.stem for path in (ROOT / "figures").rglob("*.*")}
    assert committed == set(drawn)


# ---- form ----------------------------------------------------------------------------------


@by_name
def test_is_short(path):
    cells = [code_lines(source) for source in code_cells(path)]
    assert sum(map(len, cells)) <= MOST_CODE
    assert [cell[0] for cell in cells if len(cell) > MOST_CELL] == []


@by_name
def test_the_first_cell_after_the_imports_is_marked_for_change(path):
    first, *rest = code_cells(path)
    imports = [
        node for node in ast.parse(first).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert imports, "the first code cell holds the imports"
    assert MARK in rest[0].splitlines()[0], f"# {MARK}"
    assert sum(MARK in source for source in rest) == 1


@by_name
def test_uses_public_names_only(path):
    for source in code_cells(path):
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    assert root in LIBRARIES or root in sys.stdlib_module_names, alias.name
                    assert root != "xc_analysis" or alias.asname == "xc", "import xc_analysis as xc"
            elif isinstance(node, ast.ImportFrom):
                root = node.module.split(".")[0]
                assert root in LIBRARIES or root in sys.stdlib_module_names, node.module
                if root == "xc_analysis":
                    allowed = SUBMODULES.get(node.module, set())
                    assert {alias.name for alias in node.names} <= allowed
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), node.attr
                if isinstance(node.value, ast.Name) and node.value.id == "xc":
                    assert node.attr in xc.__all__, f"xc.{node.attr} is not public"


@by_name
def test_holds_no_magic_path_or_style_of_its_own(path):
    code = "\n".join(code_cells(path))
    assert not re.search(r"^\s*[%!]", code, re.MULTILINE), "magic or shell"
    assert "rcParams" not in code
    assert not re.search(r"""["'](?:\.\.?/|/|[A-Z]:\\\\)""", code), "a path"


@by_name
def test_opens_with_a_title_and_speaks_both_languages(path):
    prose = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert read(path).cells[0].cell_type == "markdown" and prose[0].startswith("# ")
    for text in prose:
        assert re.search(r"[\u4e00-\u9fff]", text), f"no Chinese: {text[:60]!r}"
        assert re.search(r"[A-Za-z]{3}", text), f"no English: {text[:60]!r}"
