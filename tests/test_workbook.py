"""The workbook: safe cells, native charts, heads, validation lists, what an audience may see."""

import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.documents import workbook, workbook_charts
from xc_analysis.documents.illustrations import Illustration, read_table
from xc_analysis.documents.summary import gather, last_on_record
from xc_analysis.documents.wording import verdict_words
from xc_analysis.documents.workbook import (
    Sheet,
    put,
    report_workbook,
    safe,
    sheet_name,
    to_bytes,
    write_sheets,
)
from xc_analysis.documents.workbook_words import column_head, column_note, release_cells
from xc_analysis.schema.schemas import TABLES

ROOT = Path(__file__).resolve().parents[1]


def reread(content: bytes):
    return openpyxl.load_workbook(io.BytesIO(content))


def figure(stem="fig01_air", **columns) -> Illustration:
    table = pd.DataFrame(
        {"scope": "甲区", "indicator": "pm25", "year": [2015, 2016, 2019, 2020],
         "value": [83.0, 77.5, 45.0, 40.0], "unit": "µg/m³", "status": "printed",
         "release": "public"} | columns
    )  # fmt: skip
    return Illustration(stem, "空气", "图", Path("none.png"), table, "", (), 0)


@pytest.fixture(scope="module")
def known():
    return gather(data=ROOT / "data")


@pytest.fixture(scope="module")
def made(known):
    return report_workbook(known, [figure()], data=ROOT / "data")


RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "-市"]


@pytest.mark.parametrize("text", RISKY)
def test_text_like_a_formula_is_written_as_text(text):
    book = write_sheets([Sheet("s", ("a",), [[text]])])
    content = to_bytes(book)
    cell = reread(content)["s"]["A2"]
    assert cell.data_type == "s" and cell.value == text and cell.quotePrefix
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


@given(st.one_of(st.text(), st.floats(), st.integers(-(10**12), 10**12), st.none(), st.booleans()))
@settings(max_examples=150, deadline=None)
def test_any_value_can_be_written_and_is_never_a_formula(value):
    page = openpyxl.Workbook().active
    put(page["A1"], value)
    assert page["A1"].data_type != "f"


def test_numbers_stay_numbers_and_missing_is_empty():
    assert safe(-3.5) == -3.5 and safe(float("nan")) is None and safe(pd.NA) is None
    assert safe("a\x00b") == "ab"
    page = openpyxl.Workbook().active
    put(page["A1"], -3.5)
    assert page["A1"].data_type == "n"


def test_sheet_names_are_what_a_spreadsheet_takes():
    taken: set[str] = set()
    names = [sheet_name(t, taken) for t in ("a/b", "x" * 40, "X" * 40, "", "a b")]
    assert len({n.lower() for n in names}) == 5
    assert all(len(n) <= 31 and not set(n) & set("[]:*?/\\") for n in names)


def test_what_is_in_the_report_workbook(made):
    book = reread(made)
    seen = [page.title for page in book.worksheets if page.sheet_state == "visible"]
    assert seen == ["说明", "评分表", "fig01_air", "观测值", "来源", "假设"]
    card = xc.scorecard(as_of=last_on_record())
    page = book["评分表"]
    assert page.max_row == len(card) + 1
    heads = [c.value for c in page[1]]
    verdicts = [page.cell(r, heads.index("判断") + 1).value for r in range(2, page.max_row + 1)]
    assert verdicts == [
        verdict_words(*pair, "zh") for pair in zip(card["verdict"], card["verdict_zh"], strict=True)
    ]
    told = " ".join(str(c.value) for row in page.iter_rows() for c in row if c.value is not None)
    for code in (" to ", "10⁴t", "delegated", "level", "qualitative", "ref-273K", "<=", ">="):
        assert code not in told, code
    assert page["A1"].comment is not None
    assert all(book[n].freeze_panes for n in seen)
    observed = book["观测值"]
    assert observed.max_row == len(xc.load("observations")) + 1


def test_lists_to_choose_from(made):
    page = reread(made)["假设"]
    lists = {str(v.sqref).split(":")[0].rstrip("0123456789"): v.formula1
             for v in page.data_validations.dataValidation}  # fmt: skip
    heads = {c.value: c.column_letter for c in page[2]}
    assert all(len(rule) <= 255 for rule in lists.values())  # what a spreadsheet takes
    assert lists[heads["decision"]] == '"open,accepted,changed,rejected"'
    assert lists[heads["quality"]] == '"R,A,G"'
    assert "blend" in lists[heads["method"]]


def test_a_native_chart_with_gaps(made):
    page = reread(made)["fig01_air"]
    assert len(page._charts) == 1
    assert page._charts[0].display_blanks == "gap"
    block = [
        [c.value for c in row]
        for row in page.iter_rows(min_col=9, max_col=10, min_row=2, max_row=8)
    ]
    assert block == [["年份", "细颗粒物 PM₂.₅ 浓度"], [2015, 83], [2016, 77.5], [2017, None], [2018, None],
                     [2019, 45], [2020, 40]]  # fmt: skip


@pytest.mark.parametrize("status", ["estimated", "bound"])
def test_estimates_and_bounds_are_not_charted(known, status):
    book = reread(report_workbook(known, [figure(status=status)], data=ROOT / "data"))
    assert not book["fig01_air"]._charts


def test_the_public_gets_no_draft_and_the_count_is_that_of_the_tables(known):
    item = figure(release=["public", "public", "public", "draft"])
    item = replace(item, withheld=1)
    book = reread(report_workbook(known, [item], data=ROOT / "data", audience="public",
                                  withheld={"air/annual": 12, "observations": 3}))  # fmt: skip
    years = [c.value for c in book["fig01_air"]["C"]]
    assert 2020 not in years and 2019 in years
    rows = xc.load("observations")
    assert book["说明"]["B3"].value == 15 + (rows["release"] != "public").sum()


def test_every_column_of_a_figure_has_words_and_a_note(known):
    page = reread(report_workbook(known, [figure()], data=ROOT / "data"))["fig01_air"]
    heads = [c for c in page[2] if c.comment]
    assert [c.value.split("\n")[-1] for c in heads] == list(figure().table.columns)
    assert all("\n" in c.value for c in heads)
    note = next(c.comment.text for c in heads if c.value.endswith("value"))
    assert "µg/m³" in note
    columns = {c.name: c for c in TABLES["observations"].columns}
    status = next(c.comment.text for c in heads if c.value.endswith("status"))
    assert status == columns["status"].zh


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_committed_figures_have_words_for_their_columns(lang):
    names = xc.load("indicators").set_index("indicator")
    stations = set(xc.load("air/stations")["station"])
    for path in (ROOT / "figures" / lang).glob("*.csv"):
        table = read_table(path)
        for code in table.columns:
            words = column_head(code, lang, names)
            assert words != code or lang == "en" or code in stations, (path.name, code)
            assert column_note(code, lang, table, names)


def test_a_release_is_one_word_a_row():
    table = pd.DataFrame({"date": ["2024-12-31", "2025-01-01"], "release": "public; 2025 draft"})
    assert release_cells(table).tolist() == ["public", "draft"]
    spans = pd.DataFrame({"month": [1, 2], "release": "public; 2025 draft"})
    assert release_cells(spans).tolist() == ["draft", "draft"]


def test_a_sheet_that_is_cut_says_so(known, monkeypatch):
    item = figure()
    assert "4" not in report_page(known, item)["A1"].value
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    page = report_page(known, item)
    assert "共 4 行" in page["A1"].value and "前 3 行" in page["A1"].value
    assert page.max_row >= 5


def report_page(known, item):
    return reread(report_workbook(known, [item], data=ROOT / "data"))[item.stem]


def chart_of(known, table):
    item = Illustration("fig", "章", "图", Path("none.png"), table, "", (), 0)
    return workbook_charts.blocks_of(item, known, xc.load("indicators").set_index("indicator"))


def test_a_break_of_the_basis_parts_the_line(known):
    table = pd.DataFrame({"indicator": "pm25", "year": [2016, 2017, 2019, 2020], "value": 50.0,
                          "basis": ["ref-273K"] * 2 + ["ref-298K"] * 2, "unit": "µg/m³",
                          "status": "computed"})  # fmt: skip
    (block,) = chart_of(known, table)
    assert [sorted(v) for v in block.series.values()] == [[2016, 2017], [2019, 2020]]
    assert list(block.series) == ["273 K 参比", "298 K 参比"]
    assert block.places == [2016, 2017, 2018, 2019, 2020]


def test_partial_years_are_no_part_of_a_line(known):
    table = pd.DataFrame({"indicator": "pm25", "year": [2019, 2020, 2021, 2023], "value": 40.0,
                          "completeness": ["strict", "strict", "partial", "adequate"],
                          "status": "computed"})  # fmt: skip
    (block,) = chart_of(known, table)
    assert [sorted(v) for v in block.series.values()] == [[2019, 2020, 2023]]


def test_months_are_a_line_and_parts_of_a_year_are_bars(known):
    months = pd.DataFrame({"indicator": "pm25", "month": ["2013-03", "2013-04", "2013-06"],
                           "value": [1.0, 2.0, 3.0], "status": "computed"})  # fmt: skip
    (block,) = chart_of(known, months)
    assert block.joined and block.places == ["2013-03", "2013-04", "2013-05", "2013-06"]
    parts = pd.DataFrame({"indicator": "dustfall", "period": ["2018-01..04", "2019-01..04"],
                          "value": [8.3, 7.7], "status": "printed"})  # fmt: skip
    (block,) = chart_of(known, parts)
    assert not block.joined and block.places == ["2018-01..04", "2019-01..04"]


def test_spans_of_years_are_series_and_say_what_is_unaudited(known):
    table = pd.DataFrame({"panel": "pm25", "month": [1, 2, 3], "2014–2016": [9.0, 8.0, 7.0],
                          "2023–2025": [3.0, 2.0, 1.0], "2014–2016 low": 1.0, "indicator": "pm25",
                          "status": "computed", "release": "public; 2025 draft"})  # fmt: skip
    (block,) = chart_of(known, table)
    assert list(block.series) == ["2014—2016 年均值", "2023—2025 年均值（含未审核）"]
    assert list(block.series["2014—2016 年均值"].values()) == [9.0, 8.0, 7.0]


def test_the_english_title_calls_the_plan_by_its_years():
    known = gather(data=ROOT / "data", lang="en")
    book = reread(report_workbook(known, [figure()], data=ROOT / "data"))
    title = book["Contents"]["A1"].value
    assert "2021–2025" in title and not re.search(r"[\u3400-\u9fff]", title)


def test_same_content_same_bytes(known, made):
    assert report_workbook(known, [figure()], data=ROOT / "data") == made


def test_libreoffice_opens_it(made, tmp_path):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice is not installed (soffice not found)")
    (tmp_path / "r.xlsx").write_bytes(made)
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", str(tmp_path), str(tmp_path / "r.xlsx")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert "评分表" in (tmp_path / "r.csv").read_text(encoding="utf-8")
