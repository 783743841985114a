"""`load` and its schema: types, fresh copies, folders, encodings, refusals of one line."""

import csv
import io
import json

import minipack
import pandas as pd
import pytest
from drawing import CHINESE
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.tables import data_dir, read_sheet, read_text, schema


def test_the_descriptor_is_valid_for_others_and_holds_the_data():
    frictionless = pytest.importorskip("frictionless", reason="frictionless (development group)")
    report = frictionless.validate(str(data_dir() / "datapackage.json"))
    assert report.valid, report.flatten(["taskNumber", "rowNumber", "fieldName", "note"])[:10]


def test_every_table_and_column_is_described_in_both_languages():
    package = json.loads((data_dir() / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        assert resource["title"].isascii() and CHINESE.search(resource["title_zh"])
        for field in resource["schema"]["fields"]:
            place, english = (resource["name"], field["name"]), field["description"]
            assert CHINESE.search(field["description_zh"]), place
            assert english and not CHINESE.search(english.replace("指标类别", "")), place


def test_types_are_those_of_the_schema_and_a_frame_is_a_copy_of_its_own(small):
    frame = xc.load("observations", data=small)
    assert frame.index.tolist() == list(range(12)), "o10 is of two lines"
    types = frame[["year", "use", "value", "note_zh"]].dtypes.map(str)
    assert types.tolist() == ["int64", "bool", "float64", "str"]
    assert frame["value"].tolist()[:2] == [40.0, 83.0]
    assert "\n" in frame["note_zh"].dropna().iloc[0]
    register = xc.load("indicators", data=small)
    assert register["plan_row"].dtype == "Int64" and register["plan_row"].isna().sum() == 2
    daily = xc.load("air/daily", data=small)
    assert daily["date"].iloc[-1] == pd.Timestamp("2019-12-31")
    frame.loc[0, "value"] = -1.0
    del frame["unit"]
    assert xc.load("observations", data=small).loc[0, ["value", "unit"]].tolist() == [40, "µg/m³"]


def test_the_folder_is_the_argument_then_use_data_then_the_environment(small, monkeypatch):
    own = data_dir()
    assert own.name == "data" and (own / "indicators.csv").is_file()
    monkeypatch.setenv("XC_DATA", str(small))
    assert data_dir() == small and len(xc.load("targets")) == 3
    xc.use_data(own)
    assert data_dir() == own and len(xc.load("targets")) > 14
    assert data_dir(small) == small and len(xc.load("targets", data=small)) == 3
    xc.use_data(None)
    for name, words in (("nowhere", "does not exist"), ("targets.csv", "is not a folder")):
        monkeypatch.setenv("XC_DATA", str(small / name))
        with pytest.raises(xc.InputError, match=f"{words}: give a folder"):
            xc.load("targets")
    # a folder stays the same from wherever one works, and a changed file is read again
    monkeypatch.chdir(small.parent)
    xc.use_data("small")
    monkeypatch.chdir(small)
    assert xc.load("standards")["limit"].tolist() == [35.0]
    minipack.change(small, "standards", "pm25", limit="36")
    assert xc.load("standards")["limit"].tolist() == [36.0]


def test_what_cannot_be_loaded_is_refused_in_one_line_with_file_and_line(small):
    minipack.change(small, "observations", "o3", value="1e308")
    minipack.change(small, "air/daily", "2019-01-03", date="3 Jan")
    (small / "targets.csv").unlink()
    path = small / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("publisher", "house", 1), "utf-8")
    for table, words in (
        ("observation", "unknown.*near: observations"),
        ("../secrets", "unknown"),
        ("observations", r"observations\.csv:4: value: .*digits"),
        ("air/daily", r"daily\.csv:4: date: "),
        ("targets", r"targets\.csv: is missing: restore it, or create"),
        ("sources", r"sources\.csv:1: publisher: .*missing: add it"),
    ):
        with pytest.raises(xc.InputError, match=words) as caught:
            xc.load(table, data=small)
        assert "\n" not in str(caught.value)


def test_a_column_may_be_missing_if_its_cells_may_and_others_come_last_as_text(small):
    records = [row for _, row in minipack.rows(small, "indicators")]
    # the second has a name that no expression can hold
    more = {"rank": "007", "it's `(": "x"}
    rest = [name for name in records[0] if name != "prior_sd"]
    minipack.save(small, "indicators", [row | more for row in records], [*rest, *more])
    frame, fields = xc.load("indicators", data=small), schema("indicators")["fields"]
    assert list(frame) == [*(field["name"] for field in fields), *more]
    assert set(frame["rank"]) == {"007"}
    assert frame["prior_sd"].isna().all() and frame["prior_sd"].dtype == "float64"
    assert xc.check(small)["column"].tolist() == [*more, "prior_sd"]


def test_the_encoding_of_a_text_is_recognised(tmp_path):
    text = "source_id,title\nplan,西城区生态环境保护规划，细颗粒物年均浓度（µg/m³）\n"
    path = tmp_path / "text.csv"
    for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"):
        path.write_bytes(text.encode(codec))
        assert read_text(path) == (text, {"utf-16": "utf-16-le"}.get(codec, codec))


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_table_or_offences(data):
    for content in (data, b"publisher,hosts\n" + data):
        sheet = read_sheet("publishers", content)
        assert sheet.offences or sheet.places
        assert all(o.line >= 1 and str(o.problem) and str(o.remedy) for o in sheet.offences)


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(st.lists(st.lists(cells, max_size=5), max_size=6))
@settings(max_examples=150, deadline=None)
def test_reading_any_rows_keeps_what_fits(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([["publisher", "hosts"], *rows])
    sheet = read_sheet("publishers", out.getvalue().encode())
    assert sheet.cells.to_numpy().tolist() == [
        row for row in rows if len(row) == 2 and any(cell.strip() for cell in row)
    ]
