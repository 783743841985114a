"""The workbook: safe cells, native charts, heads, validation lists, what an audience may see."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.documents.illustrations import Illustration
from xc_analysis.documents.summary import gather, last_on_record
from xc_analysis.documents.workbook import (
    Sheet,
    put,
    report_workbook,
    safe,
    sheet_name,
    to_bytes,
    write_sheets,
)

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
    assert book.sheetnames == ["说明", "评分表", "fig01_air", "观测值", "来源", "假设"]
    card = xc.scorecard(as_of=last_on_record())
    page = book["评分表"]
    assert page.max_row == len(card) + 1
    heads = [c.value for c in page[1]]
    verdicts = [page.cell(r, heads.index("判断") + 1).value for r in range(2, page.max_row + 1)]
    assert verdicts == card["verdict_zh"].tolist()
    assert page["A1"].comment is not None
    assert all(book[n].freeze_panes for n in book.sheetnames)
    observed = book["观测值"]
    assert observed.max_row == len(xc.load("observations")) + 1


def test_lists_to_choose_from(made):
    page = reread(made)["假设"]
    lists = {str(v.sqref).split(":")[0].rstrip("0123456789"): v.formula1
             for v in page.data_validations.dataValidation}  # fmt: skip
    heads = {c.value: c.column_letter for c in page[2]}
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
    assert block == [["年份", "甲区 pm25"], [2015, 83], [2016, 77.5], [2017, None], [2018, None],
                     [2019, 45], [2020, 40]]  # fmt: skip


@pytest.mark.parametrize("status", ["estimated", "bound"])
def test_estimates_and_bounds_are_not_charted(known, status):
    book = reread(report_workbook(known, [figure(status=status)], data=ROOT / "data"))
    assert not book["fig01_air"]._charts


def test_the_public_gets_no_draft_and_is_told_how_many(known):
    item = figure(release=["public", "public", "public", "draft"])
    item = Illustration(*[getattr(item, f) for f in ("stem", "chapter", "title", "png", "table", "alt",
                                                      "source_ids")], withheld=1)  # fmt: skip
    book = reread(report_workbook(known, [item], data=ROOT / "data", audience="public"))
    years = [c.value for c in book["fig01_air"]["C"]]
    assert 2020 not in years and 2019 in years
    assert book["说明"]["B3"].value == 1


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
