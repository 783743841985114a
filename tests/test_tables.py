"""`load` and its schema: types, fresh copies, folders, encodings, refusals of one line."""

import csv
import io
import json
import shutil

import minipack
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.tables import data_dir, near, read_sheet, read_text, schema, table_names

TEXT = "source_id,title\nplan,西城区生态环境保护规划，细颗粒物年均浓度（µg/m³）\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return minipack.write(tmp_path_factory.mktemp("tables") / "small")


def columns(table):
    return [field["name"] for field in schema(table)["fields"]]


def test_the_descriptor_alone_holds_the_data_and_finds_what_it_can(tmp_path):
    frictionless = pytest.importorskip("frictionless", reason="frictionless (development group)")
    report = frictionless.validate(str(data_dir() / "datapackage.json"))
    assert report.valid, report.flatten(["taskNumber", "rowNumber", "fieldName", "note"])[:10]
    folder = minipack.write(tmp_path / "small")
    shutil.copy(data_dir() / "datapackage.json", folder)
    assert frictionless.validate(str(folder / "datapackage.json")).valid
    minipack.change(folder, "observations", "o1", status="guessed")
    minipack.change(folder, "observations", "o3", source_id="nowhere")
    minipack.change(folder, "targets", "t2", value="much")
    report = frictionless.validate(str(folder / "datapackage.json"))
    kinds = {kind for (kind,) in report.flatten(["type"])}
    assert kinds == {"constraint-error", "foreign-key", "type-error"}


def test_every_table_and_column_is_described_in_both_languages():
    package = json.loads((data_dir() / "datapackage.json").read_text(encoding="utf-8"))

    def is_chinese(text):
        return any("\u4e00" <= character <= "\u9fff" for character in text)

    for resource in package["resources"]:
        assert resource["title"] and not is_chinese(resource["title"])
        assert is_chinese(resource["title_zh"])
        for field in resource["schema"]["fields"]:
            assert is_chinese(field["description_zh"]), (resource["path"], field["name"])
            named = field["description"].replace("指标类别", "")
            assert named and not is_chinese(named), (resource["path"], field["name"])


def test_types_are_those_of_the_schema(small):
    frame = xc.load("observations", data=small)
    assert list(frame) == columns("observations")
    types = frame[["year", "use", "value", "note_zh"]].dtypes.map(str)
    assert types.tolist() == ["int64", "bool", "float64", "str"]
    assert frame["value"].tolist()[:2] == [40.0, 83.0]
    assert frame["use"].tolist().count(False) == 1
    assert "\n" in frame["note_zh"].dropna().iloc[0]
    assert frame.index.tolist() == list(range(12))
    register = xc.load("indicators", data=small)
    assert register["plan_row"].dtype == "Int64" and register["plan_row"].isna().sum() == 2
    daily = xc.load("air/daily", data=small)
    assert daily["date"].iloc[-1] == pd.Timestamp("2019-12-31")
    assert daily["known_exceedance"].dtype == "bool"
    # every call returns a copy of its own
    frame.loc[0, "value"] = -1.0
    del frame["unit"]
    assert xc.load("observations", data=small).loc[0, ["value", "unit"]].tolist() == [40, "µg/m³"]


def test_a_changed_file_is_read_again_from_wherever_one_works(tmp_path, monkeypatch):
    folder = minipack.write(tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    xc.use_data("small")
    monkeypatch.chdir(folder)
    assert xc.load("standards")["limit"].tolist() == [35.0]
    minipack.change(folder, "standards", "pm25", limit="36")
    assert xc.load("standards")["limit"].tolist() == [36.0]


def test_the_folder_is_the_argument_then_use_data_then_the_environment(small, monkeypatch):
    own = data_dir()
    assert own.name == "data" and (own / "indicators.csv").is_file()
    monkeypatch.setenv("XC_DATA", str(small))
    assert data_dir() == small and len(xc.load("targets")) == 3
    xc.use_data(own)
    assert data_dir() == own and len(xc.load("targets")) > 14
    assert data_dir(small) == small and len(xc.load("targets", data=small)) == 3
    xc.use_data(None)
    monkeypatch.setenv("XC_DATA", str(small / "nowhere"))
    with pytest.raises(xc.InputError, match="does not exist: give a folder"):
        xc.load("targets")
    with pytest.raises(xc.InputError, match="is not a folder"):
        xc.use_data(small / "targets.csv")


def test_an_unknown_table_names_the_near_ones(small):
    with pytest.raises(xc.InputError, match=r"near: observations"):
        xc.load("observation", data=small)
    for table in ("../secrets", None, 3, ["targets"]):
        with pytest.raises(xc.InputError, match="unknown"):
            xc.load(table, data=small)
    assert near("zzz", table_names()) == ""


def test_a_bad_cell_is_refused_with_file_and_line(tmp_path):
    folder = minipack.write(tmp_path / "small")
    minipack.change(folder, "observations", "o3", value="1e308")
    with pytest.raises(xc.InputError, match=r"observations\.csv:4: value: .*digits") as caught:
        xc.load("observations", data=folder)
    assert "\n" not in str(caught.value)
    minipack.change(folder, "air/daily", "2019-01-03", date="3 Jan")
    with pytest.raises(xc.InputError, match=r"daily\.csv:4: date: "):
        xc.load("air/daily", data=folder)


def test_missing_files_and_columns(tmp_path):
    folder = minipack.write(tmp_path / "small")
    (folder / "targets.csv").unlink()
    with pytest.raises(xc.InputError, match=r"targets\.csv: is missing: restore it, or create"):
        xc.load("targets", data=folder)
    path = folder / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("publisher", "house", 1), "utf-8")
    with pytest.raises(xc.InputError, match=r"sources\.csv:1: publisher: .*missing: add it"):
        xc.load("sources", data=folder)
    # a column that may be empty may be missing, and comes empty with its type
    records = [row for _, row in minipack.rows(folder, "indicators")]
    rest = [name for name in records[0] if name != "prior_sd"]
    minipack.save(folder, "indicators", records, rest)
    frame = xc.load("indicators", data=folder)
    assert list(frame) == columns("indicators") and frame["prior_sd"].isna().all()
    assert frame["prior_sd"].dtype == "float64"


def test_columns_beyond_the_schema_come_last_as_text(tmp_path):
    folder = minipack.write(tmp_path / "small")
    # the second has a name that no expression can hold
    more = {"rank": "007", "it's `(": "x"}
    records = [more | row for _, row in minipack.rows(folder, "publishers")]
    minipack.save(folder, "publishers", records)
    frame = xc.load("publishers", data=folder)
    assert list(frame) == ["publisher", "hosts", *more] and set(frame["rank"]) == {"007"}
    assert xc.check(folder)["column"].tolist() == list(more)


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
def test_the_encoding_of_a_text_is_recognised(tmp_path, codec):
    path = tmp_path / "text.csv"
    for text in (TEXT, "指标\n") if codec == "gb18030" else (TEXT,):
        path.write_bytes(text.encode(codec))
        assert read_text(path) == (text, "utf-16-le" if codec == "utf-16" else codec)
    path.write_bytes(b"\xfe\xff" + TEXT.encode("utf-16-be"))
    assert read_text(path) == (TEXT, "utf-16-be")


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
