"""Every notebook runs alone, as it is and changed, and keeps to the house's form.

A notebook's metadata hold what a reader might change in its "change me" cell:
``metadata.xc.changes`` is a list of changes, each a mapping of old text to new. The cell is run
with each of them in turn.
"""

import ast
import asyncio
import json
import os
import re
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import build, running

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("XC_TEST_NOTEBOOKS", ROOT / "notebooks"))
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MARK = "可以改 change me"
CHANGES = 2
LIBRARIES = {"pandas", "numpy", "matplotlib", "seaborn", "statsmodels", "xc_analysis"}
LIBRARIES |= sys.stdlib_module_names
SUBMODULES = {  # public beside the names of the package itself
    "xc_analysis.trends": {"mann_kendall"},
    "xc_analysis.projections": {"project_many", "share_at_bound"},
    "xc_analysis.hourly": {"read_archive", "daily", "monthly", "annual"},
}
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def cells(path: Path, kind: str = "code") -> list[str]:
    return ["".join(c["source"]) for c in read(path)["cells"] if c["cell_type"] == kind]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Execute a notebook with a change of its marked cell; a failure is told in one line."""
    environment = running.kernel_environment(tmp_path_factory.mktemp("home"))  # for all of them
    environment |= {"XC_DATA": str(ROOT / "data"), "XC_LANG": "zh"}

    def execute(path: Path, figures: Path, change: dict[str, str]):
        def changed(source: str) -> str:
            for old, new in change.items() if MARK in source else ():
                assert source.count(old) == 1 and old != new, f"{old!r} is not there once"
                source = source.replace(old, new)
            return source

        how = {"environment": environment, "figures": figures, "replace": changed}
        try:
            return asyncio.run(running.execute(path, **how))
        except running.NotebookError as failed:
            pytest.fail(f"{path.name}: {failed}", pytrace=False)

    return execute


@by_name
def test_runs_without_a_warning_and_draws_what_is_committed(path, run, tmp_path):
    assert running.warnings_of(run(path, tmp_path, {}).cells) == ()
    for name in build.figures_of(path):
        for lang in ("zh", "en"):
            file = f"{lang}/{name}.csv"
            committed, drawn = (pd.read_csv(place / file) for place in (ROOT / "figures", tmp_path))
            told = f"figures/{file}, of another run than the notebook (make report):"
            pd.testing.assert_frame_equal(committed, drawn, rtol=1e-6, obj=told)


@pytest.mark.parametrize("number", range(CHANGES))
@by_name
def test_runs_when_its_marked_cell_is_changed(path, number, run, tmp_path):
    changes = read(path)["metadata"].get("xc", {}).get("changes", [])
    assert len(changes) >= CHANGES, "metadata.xc.changes: two changes that a reader might make"
    run(path, tmp_path, changes[number])


def test_each_figure_is_drawn_by_one_notebook_and_committed_with_its_data_in_both_languages():
    drawn = [name for path in NOTEBOOKS for name in build.figures_of(path)]
    assert len(drawn) == len(set(drawn))
    places = {(path.parent.name, path.name) for path in (ROOT / "figures").rglob("*.*")}
    kinds = product(("zh", "en"), drawn, (".png", ".csv"))
    assert places == {(lang, stem + kind) for lang, stem, kind in kinds}


@by_name
def test_is_short_and_has_one_cell_for_changes_after_its_imports(path):
    first, marked, *rest = cells(path)
    assert re.search("^(import|from) ", first, re.MULTILINE), "the first code cell imports"
    assert MARK in marked.splitlines()[0] and not any(MARK in source for source in rest)
    lengths = [len(re.findall(r"^ *[^\s#]", source, re.MULTILINE)) for source in cells(path)]
    assert sum(lengths) <= 80 and max(lengths) <= 20, lengths


@by_name
def test_uses_public_names_only_and_no_magic_path_or_style_of_its_own(path):
    code = "\n".join(cells(path))
    assert not re.search(r"^\s*[%!]", code, re.MULTILINE), "magic or shell"
    assert "rcParams" not in code
    assert not re.search(r"""["'](?:\.\.?/|/|[A-Z]:\\\\)""", code), "a path"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.split(".")[0] in LIBRARIES, alias.name
                assert not alias.name.startswith("xc_analysis") or alias.asname == "xc"
        elif isinstance(node, ast.ImportFrom):
            root, names = node.module.split(".")[0], {alias.name for alias in node.names}
            assert root in LIBRARIES, node.module
            assert root != "xc_analysis" or names <= SUBMODULES.get(node.module, set())
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_"), node.attr
            if isinstance(node.value, ast.Name) and node.value.id == "xc":
                assert node.attr in xc.__all__, f"xc.{node.attr} is not public"


@by_name
def test_opens_with_a_title_says_nothing_twice_and_speaks_both_languages(path):
    prose = cells(path, "markdown")
    assert len(set(prose)) == len(prose)
    assert read(path)["cells"][0]["cell_type"] == "markdown" and prose[0].startswith("# ")
    for text in prose:
        assert re.search(r"[\u4e00-\u9fff]", text), f"no Chinese: {text[:60]!r}"
        assert re.search(r"[A-Za-z]{3}", text), f"no English: {text[:60]!r}"
