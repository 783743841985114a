"""What an audience may not see: counted once, no verdict against it, no bug hidden behind it."""

import io
import json
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import openpyxl
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import build as builder
from xc_analysis.documents.audience import restricted
from xc_analysis.documents.illustrations import Illustration
from xc_analysis.documents.summary import counts, gather, summary
from xc_analysis.documents.workbook import report_workbook
from xc_analysis.drawing import plots_stations
from xc_analysis.errors import Empty
from xc_analysis.pages.month_page import latest_month, month_data, month_page, parse_month
from xc_analysis.verdicts.withheld import VEILED, veiled_card, withheld_years

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def public():
    with restricted(ROOT / "data", "public") as (folder, withheld):
        yield folder, withheld


@pytest.fixture(scope="module")
def unmarked(public, tmp_path_factory):
    """The same tables without the note of what was withheld: what verdicts would then say."""
    folder = tmp_path_factory.mktemp("unmarked") / "data"
    return shutil.copytree(public[0], folder, ignore=shutil.ignore_patterns(".*"))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_years_withheld_are_those_of_the_draft_rows(public):
    annual = xc.load("air/annual")
    draft = annual[(annual["release"] == "draft") & annual["value"].notna()]
    wanted = {(r.scope, r.indicator): [r.year] for r in draft.itertuples()}
    assert wanted and withheld_years(public[0]) == wanted
    assert withheld_years(ROOT / "data") == {}  # nothing is withheld from the tables themselves


@pytest.mark.parametrize("as_of", [None, 2025])
def test_only_lines_that_a_withheld_number_would_move_are_veiled(public, unmarked, as_of):
    plain, shown = (gather(data=folder, as_of=as_of) for folder in (unmarked, public[0]))
    before, after = (k.card.set_index("indicator") for k in (plain, shown))
    assert before.at["heavy_day_ratio", "p_meet"] > 0.5  # what must not be told
    row = after.loc["heavy_day_ratio"]
    assert (row["verdict"], row["verdict_zh"]) == VEILED[::-1]
    numbers = ["p_meet", "p_under_reading", "median", "lower_80", "upper_80", "outturn_lower"]
    assert row[numbers].isna().all() and row["formula"] == ""
    assert after.at["pm25", "verdict"] == before.at["pm25", "verdict"]  # delegated: never judged
    assert after.at["pm25", "verdict_under_reading"] == VEILED[1]
    touched = ["heavy_day_ratio", "pm25", "good_day_ratio"]
    pd.testing.assert_frame_equal(before.drop(touched), after.drop(touched))
    told = [j.assessment for j in shown.judged if j.line["indicator"] == "heavy_day_ratio"]
    assert pd.isna(told[0].p_meet) and not told[0].components
    assert "目标年已到，尚无该年数值" not in after.at["good_day_ratio", "flags_zh"]


def test_a_year_asked_for_before_the_withheld_one_is_judged_as_ever(public, unmarked):
    plain = gather(data=unmarked, as_of=2023)
    pd.testing.assert_frame_equal(plain.card, gather(data=public[0], as_of=2023).card)
    card = veiled_card(plain.card, scope=plain.home.scope, until=2025, data=public[0])
    assert VEILED[1] in set(card["verdict"])


def test_one_count_in_every_paper(public):
    folder, withheld = public
    known = gather(data=folder)
    page = month_page(*parse_month(latest_month(data=folder)), data=folder)
    tables = [t for t in month_data(page).values()]
    table = pd.concat(tables, ignore_index=True)
    item = Illustration("fig13", "月", "月", Path("none.png"), table, "", (), 0)
    book = report_workbook(known, [item], data=folder, audience="public", withheld=withheld)
    book = openpyxl.load_workbook(io.BytesIO(book))
    assert book["说明"]["B3"].value == sum(withheld.values())
    assert book["fig13"].max_row == len(table) + 2  # no row of a public month is lost


def test_the_flag_of_a_month_is_that_of_its_year_in_the_table(public):
    annual = xc.load("air/annual")
    annual = annual[annual["scope"] == xc.home().scope].groupby("year")["release"].first()
    page = month_page(2024, 5, data=public[0])
    assert page.release == annual[2024] == "public"
    assert set(page.record["release"]) == {"public"}
    last = int(annual.index[annual == "draft"][-1])
    inside = month_page(last, 5)
    assert inside.release == "draft"
    assert inside.record["release"].to_dict() == annual[inside.record.index].to_dict()


def test_stations_are_drawn_without_an_outturn_and_none_is_said_to_be_empty():
    rows = pd.DataFrame(
        {"station": ["甲", "乙"], "kind": "urban", "lon": [116.3, 116.5], "lat": [39.9, 40.0],
         "outturn": float("nan"), "latest": [30.0, 40.0], "first": 80.0, "last": 40.0,
         "change_pct": -50.0, "median": 30.0, "lower_80": 25.0, "upper_80": 35.0,
         "outturn_completeness": None}
    )  # fmt: skip
    ax = plots_stations.plot_places(rows, value="latest")
    drawn = [c for c in ax.collections if str(c.get_gid()).startswith("places")]
    assert sum(len(c.get_offsets()) for c in drawn) == 2
    with pytest.raises(Empty, match="outturn"):
        plots_stations.plot_places(rows)
    ax = plots_stations.plot_ranking(rows, years=(2015, 2020, 2025))
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert not any("实况" in label or "observed" in label for label in labels)
    part = rows.assign(outturn=35.0, outturn_completeness="partial")
    ax = plots_stations.plot_ranking(part, years=(2015, 2020, 2025))
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert any("不完整年" in label or "partial" in label for label in labels)


@pytest.mark.parametrize(
    ("source", "state"),
    [("from xc_analysis.errors import Empty\nraise Empty('nothing left')", "left out"),
     ("raise ValueError('aspect must be finite and positive')", "failed"),
     ("class Emptyish(Exception): pass\nraise Emptyish('x')", "failed")],
)  # fmt: skip
def test_only_an_empty_notebook_is_left_out_of_the_public_build(tmp_path, source, state):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks/10_a.ipynb")
    where = builder.place(data=tmp_path / "data", out=tmp_path / "out",
                          notebooks=tmp_path / "notebooks")  # fmt: skip
    outcomes, reports = builder.build(where=where, audience="public", languages=())
    assert [o.state for o in outcomes] == [state], json.dumps([o.message for o in outcomes])
    outcomes, _ = builder.build(where=where, audience="internal", languages=())
    assert [o.state for o in outcomes] == ["failed"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", "暂不公布判断：重污染天数比率"), ("en", "not yet published: Heavy-pollution")],
)
def test_the_summary_tells_a_withheld_verdict_apart(public, lang, words):
    folder, _ = public
    known = gather(data=folder, lang=lang)
    page = summary(known)
    assert any(words in line for line in page.cannot)
    assert not any("重污染" in line or "Heavy" in line for line in page.likely)
    assert counts(known)["withheld"] == 1 and sum(counts(known).values()) == len(known.card)
