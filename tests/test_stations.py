"""Every station of a store: against answers known beforehand and against plain pandas."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_hourly import synthetic

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run_stations, stations
from xc_analysis.hourly.archive import Archive
from xc_analysis.hourly.stations import read_places

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import national

pytestmark = pytest.mark.usefixtures("lang_en")
PLACES = """station,district,city,kind
甲,东区,某市,urban
乙,东区,某市,
丙,西区,某市,urban
丁,西区,某市,traffic
"""
MEMBERS = {
    "station": {s: [s] for s in "甲乙丙丁"},
    "district": {"东区": ["甲", "乙"], "西区": ["丙"]},
}


def messy_hours(seed=3) -> pd.DataFrame:
    """Four stations over the turns of two years, with missing hours, days and pollutants."""
    hours = synthetic(seed, "2018-11-20", n_days=421, stations="甲乙丙丁")
    hours = hours.pivot(index=["time", "station"], columns="pollutant", values="value")
    hours = hours.reset_index()
    day = hours["time"].dt.day_of_year + hours["station"].map(ord)
    return hours[day % 23 > 0].reset_index(drop=True)


def make_store(hours: pd.DataFrame, folder: Path) -> Path:
    """Write a store and, beside it, a list of places."""
    table = pa.Table.from_pandas(hours, preserve_index=False)
    stations.write_parts([Archive(table, pd.DataFrame())], folder)
    (folder.parent / "places.csv").write_text(PLACES, "utf-8")
    return folder


def in_order(parts) -> pd.DataFrame:
    """Hours of tables, as frames of text and numbers in order of station and time."""
    frame = pd.concat([part.to_pandas() for part in parts]).astype({"station": object})
    return frame.sort_values(["station", "time"], ignore_index=True)


def all_rows(folder) -> pd.DataFrame:
    paths = sorted(Path(folder).glob("hours/year=*/*.parquet"))
    return in_order(pq.read_table(path, partitioning=None) for path in paths)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    hours = messy_hours()
    return hours, make_store(hours, tmp_path_factory.mktemp("messy") / "store")


START = {"hour_label": "start", "pm10": "reported"}


@pytest.mark.parametrize(("by", "options"), [("station", {}), ("station", START), ("district", {})])
def test_every_column_is_that_of_the_path_for_one_district(messy, by, options):
    hours, folder = messy
    got = run_stations(folder, by=by, places=folder.parent / "places.csv", **options)
    parts = [
        daily(hours[hours["station"].isin(members)], name=scope, **options)
        for scope, members in MEMBERS[by].items()
    ]
    days = pd.concat(parts, ignore_index=True)
    for name, table in (("annual", annual(days)), ("monthly", monthly(days))):
        own, table = (t.dropna(subset="value").reset_index(drop=True) for t in (got[name], table))
        pd.testing.assert_frame_equal(own, table, check_dtype=False, rtol=1e-12)


def test_small_spans_give_what_one_span_gives(messy, monkeypatch, tmp_path):
    _, folder = messy
    whole = run_stations(folder, out=tmp_path / "a")
    monkeypatch.setattr(stations, "SPAN_ROWS", 9000)
    pieces = run_stations(folder, out=tmp_path / "b")
    for name in whole:
        pd.testing.assert_frame_equal(whole[name], pieces[name], check_dtype=False, rtol=1e-12)
        # and the last digit that is written down
        a, b = ((tmp_path / f / f"{name}.csv").read_bytes() for f in "ab")
        assert a == b
    assert sorted(p.name for p in folder.iterdir()) == ["defects.csv", "hours"]


def test_a_national_store_gives_the_known_answers(tmp_path):
    rows = national.write(tmp_path / "store", stations=3, first=2015, years=2)
    assert rows == len(all_rows(tmp_path / "store"))
    got = run_stations(tmp_path / "store")["annual"]
    want = national.answers(stations=3, first=2015, years=2)
    both = want.merge(got, on=["scope", "indicator", "year"], suffixes=("_want", ""))
    assert len(both) == len(want) == len(got) == 3 * 12 * 2
    np.testing.assert_allclose(both["value"], both["value_want"], rtol=1e-12)
    assert (both["valid_days"] == both["valid_days_want"]).all()
    assert set(got["release"]) == {"public"}
    # its stations have no place among Beijing's; with a list those without one are told
    with pytest.raises(InputError, match="give --places FILE"):
        run_stations(tmp_path / "store", by="city")
    path, told = tmp_path / "places.csv", []
    path.write_text("站点编码,城市\n2001A,甲市\n2002A,甲市\n", "gb18030")
    got = run_stations(tmp_path / "store", by="city", places=path, warn=told.append)
    assert set(got["annual"]["scope"]) == {"甲市"}
    assert len(told) == 1 and "2003A" in told[0]


CHINESE = "监测点编码,监测点名称,城市,经度,纬度,对照点\n"


def test_a_list_in_chinese_with_a_station_twice_for_one_city(tmp_path):
    text = CHINESE + (
        "1001A,万寿西宫,北京市,116.36,39.87,N\n1002A,定陵,北京市,116.17,40.28,Y\n"
        "2001A,监测站,石家庄市,114.5,38.0,N\n2001A,监测站,石家庄市,114.5,38.0,N\n"
        "2002A,监测站,唐山市,118.2,39.6,N\n"
    )
    (tmp_path / "places.csv").write_text(text, "gb18030")
    got = read_places(tmp_path / "places.csv", "city").set_index("station")["scope"].to_dict()
    assert got == {"万寿西宫": "北京市", "2001A": "石家庄市", "2002A": "唐山市"}


@pytest.mark.parametrize(
    ("lines", "by", "words"),
    [
        ("2001A,a,甲市,,,\n2001A,a,乙市,,,\n", "city", "2001A has two places .甲市, 乙市"),
        ("2001A,a,甲市,,,\n", "district", "column district is missing"),
        (None, "city", "places.csv"),
    ],
)
def test_what_is_wrong_with_a_list_of_stations(tmp_path, lines, by, words):
    if lines:
        (tmp_path / "places.csv").write_text(CHINESE + lines, "utf-8")
    with pytest.raises(InputError, match=words):
        read_places(tmp_path / "places.csv", by)


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> Path:
    """Forty daily files of four stations, a pulse among them, and a file of cities."""
    folder = tmp_path_factory.mktemp("national")
    files = national.write_csv(folder, stations=4, year=2019, until=40)
    (folder / "china_cities_20190105.csv").write_text("date,hour,type,北京\n20190105,0,PM2.5,5\n")
    # the first hour of the eighth day, which begins a span of seven days
    text = files[7].read_text("utf-8")
    at = text.index("20190108,0,PM2.5,") + len("20190108,0,PM2.5,")
    files[7].write_text(text[:at] + "2000" + text[text.index(",", at) :], "utf-8")
    return folder


def test_daily_files_become_the_hours_that_they_were_made_of(days, tmp_path):
    folder = stations.write_store(days, tmp_path / "store")
    truth = in_order(national.parts(2019, 4, 1))
    truth = truth[truth["time"] < pd.Timestamp("2019-02-10")].reset_index(drop=True)
    truth.loc[truth["time"].eq("2019-01-08") & truth["station"].eq("2001A"), "pm25"] = np.nan
    pd.testing.assert_frame_equal(all_rows(folder), truth, check_dtype=False)
    defects = pd.read_csv(folder / "defects.csv")
    assert (defects["rule"] == "not_national_stations").sum() == 1
    # spans join without a seam, and what stands at the edge of one is judged by both sides
    pieces = list(stations.national_spans(days, span_days=7))
    assert len(pieces) == 6
    joined = in_order(piece.hours for piece in pieces)
    pd.testing.assert_frame_equal(joined, truth, check_dtype=False)
    listed = pd.concat([p.defects for p in pieces])
    assert (listed["rule"] == "not_national_stations").sum() == 1
    pulse = listed[listed["rule"] == "pulse"][["station", "pollutant", "hour", "value"]]
    assert pulse.values.tolist() == [["2001A", "pm25", 0, "2000"]]


def test_what_a_user_can_get_wrong_with_a_store(days, messy, tmp_path, monkeypatch):
    files = sorted(days.glob("china_sites_*.csv"))
    with pytest.raises(InputError, match="comes after a later day"):
        list(stations.national_spans([files[9], files[3]]))
    folder = stations.write_store(days, tmp_path / "one", stations=["2002A"])
    with pytest.raises(InputError, match=r"station 9999A is in no file; there are 2001A, 2002A"):
        stations.write_store(days, folder, stations=["9999A"])
    # a failure leaves the old store whole, and nothing else is ever written over
    assert set(all_rows(folder)["station"]) == {"2002A"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"holds letter\.txt"):
        stations.write_store(days, tmp_path / "mine")
    with pytest.raises(InputError, match="--to-parquet"):
        run_stations(tmp_path / "mine")
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    for options, words in (
        ({"engine": "flink"}, "use duckdb, spark"),
        ({"engine": "spark://nowhere"}, "use duckdb, spark"),
        ({"engine": "spark"}, r"xc-analysis\[spark\]"),
        ({"by": "street"}, "by is 'street'"),
        ({"by": "district"}, "no station of the hours has a place"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            run_stations(messy[1], **options)
        assert "\n" not in str(caught.value)
    path = next(folder.glob("hours/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match=r"part-000\.parquet"):
        run_stations(folder)
