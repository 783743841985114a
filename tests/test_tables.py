"""`load` and `data_dir`: types, fresh copies, and refusals that name the file, line and cell."""

import csv
import io
import random

import minipack
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.schema import encodings, reading
from xc_analysis.schema.schemas import TABLES
from xc_analysis.tables import data_dir


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return minipack.write(tmp_path_factory.mktemp("pack"))


def test_types_are_those_of_the_dictionary(pack):
    frame = xc.load("observations", data=pack)
    assert list(frame) == list(TABLES["observations"].names)
    assert frame["year"].dtype == "int64" and frame["use"].dtype == "bool"
    assert frame["value"].dtype == "float64" and pd.api.types.is_string_dtype(frame["note"])
    assert frame["value"].tolist()[:2] == [40.0, 83.0]
    assert frame["use"].tolist().count(False) == 1
    assert frame["note"].isna().sum() == 10 and "\n" in frame["note"].dropna().iloc[0]
    assert frame.index.tolist() == list(range(11))
    register = xc.load("indicators", data=pack)
    assert register["plan_row"].dtype == "Int64" and register["plan_row"].isna().sum() == 1
    daily = xc.load("air/daily", data=pack)
    assert daily["date"].iloc[-1] == pd.Timestamp("2019-12-31")


def test_every_table_of_the_project_loads():
    for name, table in TABLES.items():
        if not table.optional or (data_dir() / table.path).exists():
            assert len(xc.load(name)) > 0, name


def test_each_call_returns_a_fresh_copy(pack):
    first = xc.load("observations", data=pack)
    first.loc[0, "value"] = -1.0
    first["value"] += 1
    del first["unit"]
    assert xc.load("observations", data=pack)["value"].iloc[0] == 40.0


def test_a_changed_file_is_read_again(tmp_path):
    folder = minipack.write(tmp_path)
    assert xc.load("standards", data=folder)["limit"].tolist() == [35.0]
    minipack.change(folder, "standards", {"pollutant": "pm25"}, limit="36")
    assert xc.load("standards", data=folder)["limit"].tolist() == [36.0]


def test_the_folder_is_the_argument_then_the_environment_then_the_projects(pack, monkeypatch):
    monkeypatch.delenv("XC_DATA", raising=False)
    own = data_dir()
    assert own.name == "data" and (own / "indicators.csv").is_file()
    monkeypatch.setenv("XC_DATA", str(pack))
    assert data_dir() == pack and len(xc.load("targets")) == 3
    assert data_dir(own) == own and len(xc.load("targets", data=own)) > 14
    monkeypatch.setenv("XC_DATA", str(pack / "nowhere"))
    with pytest.raises(xc.InputError, match="does not exist"):
        xc.load("targets")


def test_an_unknown_table_names_the_near_ones(pack):
    with pytest.raises(xc.InputError, match=r"near: observations"):
        xc.load("observation", data=pack)
    with pytest.raises(xc.InputError, match="unknown"):
        xc.load("../secrets", data=pack)
    with pytest.raises(xc.InputError, match="unknown"):
        xc.load(None, data=pack)


@pytest.mark.parametrize(
    ("table", "where", "cells", "words"),
    [
        (
            "observations",
            {"obs_id": "o3"},
            {"value": "1e308"},
            r"observations\.csv:4: value:.*digits",
        ),
        ("observations", {"obs_id": "o3"}, {"value": "NaN"}, r"observations\.csv:4: value:.*empty"),
        ("observations", {"obs_id": "o11"}, {"value": "inf"}, r"observations\.csv:13: value:"),
        ("observations", {"obs_id": "o3"}, {"year": ""}, r"observations\.csv:4: year:"),
        ("observations", {"obs_id": "o3"}, {"use": "yes"}, r"observations\.csv:4: use:.*true"),
        ("air/daily", {"date": "2019-01-03"}, {"date": "3 Jan"}, r"daily\.csv:4: date:"),
    ],
)
def test_bad_cells_are_refused_with_file_and_line(tmp_path, table, where, cells, words):
    folder = minipack.write(tmp_path)
    minipack.change(folder, table, where, **cells)
    with pytest.raises(xc.InputError, match=words) as caught:
        xc.load(table, data=folder)
    assert "\n" not in str(caught.value)


def test_missing_files_and_columns_say_what_to_do(tmp_path):
    folder = minipack.write(tmp_path)
    (folder / "targets.csv").unlink()
    with pytest.raises(xc.InputError, match=r"targets\.csv: is missing: restore it, or create"):
        xc.load("targets", data=folder)
    path = folder / "sources.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("publisher", "house", 1), "utf-8")
    with pytest.raises(xc.InputError, match=r"sources\.csv:1: publisher: .*missing: add it"):
        xc.load("sources", data=folder)


def test_columns_beyond_the_dictionary_come_as_text(tmp_path):
    folder = minipack.write(tmp_path)
    minipack.save(
        folder,
        "publishers",
        [row | {"rank": "007"} for _, row in minipack.rows(folder, "publishers")],
    )
    assert xc.load("publishers", data=folder)["rank"].tolist() == ["007", "007"]
    assert xc.check(folder)["column"].tolist() == ["rank"]


def test_a_header_alone_is_an_empty_table(tmp_path):
    folder = minipack.write(tmp_path)
    path = folder / "observations.csv"
    path.write_text(path.read_text(encoding="utf-8").split("\n")[0] + "\n", "utf-8")
    frame = xc.load("observations", data=folder)
    assert frame.empty and frame["year"].dtype == "int64" and frame["use"].dtype == "bool"


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-32"])
def test_the_encoding_of_chinese_text_is_recognised(encoding):
    text = (
        "來源編號,標題\nplan,年度環境保護計畫與目標\n"
        if encoding == "big5"
        else ("source_id,title\nplan,西城区生态环境保护规划，细颗粒物年均浓度\n")
    )
    assert encodings.guess_encoding(text.encode(encoding)) == encoding


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), max_size=12),
        max_size=6,
    )
)
@settings(max_examples=150, deadline=None)
def test_reading_any_rows_keeps_what_fits_and_raises_nothing(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(TABLES["publishers"].names)
    writer.writerows(rows)
    sheet = reading.read_sheet(TABLES["publishers"], out.getvalue().encode("utf-8", "replace"))
    whole = [r for r in rows if len(r) == 2 and any(c.strip() for c in r)]
    lone_cr = any("\r" in cell and "\n" not in cell for row in rows for cell in row)
    if not lone_cr and all("\r\n" not in cell for row in rows for cell in row):
        assert sheet.cells.to_numpy().tolist() == whole


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reading_any_bytes_raises_nothing(data):
    sheet = reading.read_sheet(TABLES["publishers"], data)
    assert sheet.offences or sheet.whole


def test_check_survives_any_change_of_any_byte(tmp_path):
    """Bytes of every table changed, dropped and doubled at fixed random places; nothing raises."""
    folder = minipack.write(tmp_path)
    chance = random.Random(20220219)
    paths = sorted(folder.rglob("*.csv"))
    clean = {path: path.read_bytes() for path in paths}
    for _ in range(25):
        for path in paths:
            data = bytearray(clean[path][:6000])
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(data))
                kind = chance.randrange(4)
                if kind == 0:
                    data[at] = chance.randrange(256)
                elif kind == 1:
                    del data[at]
                elif kind == 2:
                    data[at:at] = chance.choice([b",", b'"', b"\n", b"=", b"\0", b"-", b"1e9"])
                else:
                    data[at:at] = bytes(data[at : at + 30])
            path.write_bytes(data)
        frame = xc.check(folder)
        assert len(frame) and not frame["problem"].str.contains("could not be applied").any(), (
            frame[frame["problem"].str.contains("could not")].to_string()
        )
