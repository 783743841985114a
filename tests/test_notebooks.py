"""Every notebook runs alone, as it is and changed, and keeps to the house's form.

``metadata.xc.changes`` lists what a reader might change in the "change me" cell, each a mapping of
old text to new; the cell is run with each of them in turn.
"""

import asyncio
import json
import re
import sys
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from drawing import CHINESE
from PIL import Image

import xc_analysis as xc
from xc_analysis import build, running

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "figures"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MARK = "可以改 change me"
COLUMNS = "figure panel mark series x y lower upper unit status source_id".split()
LIBRARIES = {"pandas", "numpy", "matplotlib", "seaborn", "statsmodels", "xc_analysis"}
LIBRARIES |= sys.stdlib_module_names
SUBMODULES = {  # public beside the names of the package itself
    "xc_analysis.trends": {"mann_kendall"},
    "xc_analysis.projections": {"project_many", "share_at_bound"},
    "xc_analysis.hourly": {"read_archive", "daily", "monthly", "annual"},
}
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "code") -> list[str]:
    every = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in every if cell["cell_type"] == kind]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")  # for all of them
    return running.kernel_environment(home) | {"XC_DATA": str(ROOT / "data"), "XC_LANG": "zh"}


def run(path: Path, environment, figures: Path, change: dict[str, str]):
    """Execute a notebook with a change of its marked cell."""

    def changed(source: str) -> str:
        for old, new in change.items() if MARK in source else ():
            assert source.count(old) == 1 and old != new, f"{old!r} is not there once"
            source = source.replace(old, new)
        return source

    how = {"environment": environment, "figures": figures, "replace": changed}
    return asyncio.run(running.execute(path, **how))


@by_name
def test_runs_without_a_warning_and_draws_what_is_committed(path, environment, tmp_path):
    assert running.warnings_of(run(path, environment, tmp_path, {}).cells) == ()
    for lang, name in product(("zh", "en"), build.figures_of(path)):
        file = f"{lang}/{name}.csv"
        committed, drawn = (pd.read_csv(place / file) for place in (FIGURES, tmp_path))
        told = f"figures/{file}, of another run than the notebook (make report):"
        pd.testing.assert_frame_equal(committed, drawn, rtol=1e-6, obj=told)


@pytest.mark.parametrize("number", range(2))
@by_name
def test_runs_when_its_marked_cell_is_changed(path, number, environment, tmp_path):
    about = json.loads(path.read_text(encoding="utf-8"))["metadata"]
    changes = about.get("xc", {}).get("changes", [])
    assert len(changes) >= 2, "metadata.xc.changes: two changes that a reader might make"
    run(path, environment, tmp_path, changes[number])


def test_each_figure_is_drawn_by_one_notebook_and_committed_with_its_data_in_both_languages():
    drawn = [name for path in NOTEBOOKS for name in build.figures_of(path)]
    places = [str(path.relative_to(FIGURES)) for path in sorted(FIGURES.rglob("*.*"))]
    kinds = product(("en", "zh"), drawn, ("csv", "png"))
    assert places == sorted(f"{lang}/{name}.{kind}" for lang, name, kind in kinds)
    for name in drawn:
        zh, en = (pd.read_csv(FIGURES / lang / f"{name}.csv") for lang in ("zh", "en"))
        assert list(zh.columns[:11]) == COLUMNS and set(zh["figure"]) == {name}
        same = ["mark", "lower", "upper", "status", "source_id"]
        pd.testing.assert_frame_equal(zh[same], en[same], obj=name)
        assert zh["mark"].str.fullmatch(r"[a-z]+(_\d\d)?").all() and not CHINESE.search(en.to_csv())
        for lang in ("zh", "en"):
            with Image.open(FIGURES / lang / f"{name}.png") as picture:
                title = picture.text["Title"]
                assert picture.width == 1830, "Word's text width, 155 mm at 300 dpi"
            assert re.search(r"\d", title), "a title is a finding with its number"
            assert bool(CHINESE.search(title)) == (lang == "zh"), title


@by_name
def test_keeps_to_the_form_of_the_house(path):
    first, marked, *rest = code = cells(path)
    assert re.search("^(import|from) ", first, re.MULTILINE), "the first code cell imports"
    assert MARK in marked.splitlines()[0] and not any(MARK in source for source in rest)
    lengths = [len(re.findall(r"^ *[^\s#]", source, re.MULTILINE)) for source in code]
    assert sum(lengths) <= 80 and max(lengths) <= 20, lengths
    prose = cells(path, "markdown")
    assert len(set(prose)) == len(prose) and prose[0].startswith("# ")
    for text in prose:
        assert CHINESE.search(text), f"no Chinese: {text[:60]!r}"
        assert re.search(r"[A-Za-z]{3}", text), f"no English: {text[:60]!r}"


@by_name
def test_uses_public_names_only_and_no_magic_path_or_style_of_its_own(path):
    code = "\n".join(cells(path))
    assert not re.search(r"""^\s*[%!]|rcParams|["'](\.\.?/|/|[A-Z]:\\\\)|\._""", code, re.MULTILINE)
    assert {*re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE)} <= LIBRARIES
    assert not re.search(r"^\s*import xc_analysis(?! as xc$)", code, re.MULTILINE)
    assert {*re.findall(r"\bxc\.(\w+)", code)} <= {*xc.__all__}
    for module, names in re.findall(r"^\s*from (xc_analysis\S*) import (.*)", code, re.MULTILINE):
        assert set(names.split(", ")) <= SUBMODULES[module]
