"""Every station of a store, by both routes: against answers known beforehand and plain pandas."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_hourly import second_daily

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run_stations, stations, store
from xc_analysis.hourly.archive import Archive
from xc_analysis.hourly.stations import read_places
from xc_analysis.tables import load

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import national

pytestmark = pytest.mark.usefixtures("lang_en")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
PLACES = (
    "station,district,city,kind\n甲,东区,某市,urban\n乙,东区,某市,\n丙,西区,某市,urban\n"
    "丁,西区,某市,traffic\n"
)


def messy_hours(seed=3) -> pd.DataFrame:
    """Four stations over the turns of two years, with missing hours, days and pollutants."""
    rng = np.random.default_rng(seed)
    time = pd.date_range("2018-11-20 00:00", "2020-01-15 00:00", freq="h")
    scale = {"pm25": 70, "pm10": 100, "so2": 20, "no2": 45, "co": 1.5, "o3": 90}
    days = len(time) // 24 + 1
    parts = []
    for station in "甲乙丙丁":
        frame = {"time": time, "station": station}
        for p, level in scale.items():
            value = np.exp(rng.normal(0, 0.5, days)).repeat(24)[: len(time)] * level
            value = (value * rng.uniform(0.7, 1.3, len(time))).round(1)
            lost = rng.random(len(time)) < rng.choice([0, 0.1, 0.3], days).repeat(24)[: len(time)]
            frame[p] = np.where(lost, np.nan, value)
        gone = rng.random(days).repeat(24)[: len(time)] < 0.04
        parts.append(pd.DataFrame(frame)[~gone])
    return pd.concat(parts, ignore_index=True)


def make_store(hours: pd.DataFrame, folder):
    table = pa.Table.from_pandas(hours, preserve_index=False)
    store.write_parts([Archive(table, pd.DataFrame())], folder)
    return folder


def all_rows(folder) -> pd.DataFrame:
    paths = sorted(Path(folder).glob("hours/year=*/*.parquet"))
    frame = pd.concat([pq.read_table(p, partitioning=None).to_pandas() for p in paths])
    return frame.sort_values(["station", "time"], ignore_index=True)


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messy")
    hours = messy_hours()
    (folder / "places.csv").write_text(PLACES, "utf-8")
    return hours, make_store(hours, folder / "store"), folder / "places.csv"


def assert_same_values(got: dict, hours: pd.DataFrame, by: str) -> None:
    """Compare annual means with those of a second implementation of the daily rules."""
    groups = {
        "station": {s: [s] for s in "甲乙丙丁"},
        "district": {"东区": ["甲", "乙"], "西区": ["丙"]},
    }[by]
    value = got["annual"].set_index(["scope", "indicator", "year"])["value"]
    for scope, members in groups.items():
        own = hours[hours["station"].isin(members)]
        days = second_daily(own.melt(["time", "station"], var_name="pollutant").dropna())
        for year, part in days.groupby(days.index.year):
            if year == 2019:
                for p in ("pm25", "pm10", "so2", "no2"):
                    assert value[scope, p, year] == pytest.approx(part[p].mean(), rel=1e-9)
                assert value[scope, "co_p95", year] == pytest.approx(part["co"].quantile(0.95))
                whole = part[part["pm25"].notna() & part["o3_8h"].notna()]
                assert value[scope, "good_days", year] == (whole["aqi"] <= 100).sum()
                assert value[scope, "heavy_days", year] == (part["aqi"] > 200).sum()


@pytest.mark.parametrize("by", ["station", "district"])
def test_values_are_those_of_plain_pandas(messy, by):
    hours, folder, places = messy
    assert_same_values(run_stations(folder, by=by, places=places), hours, by)


@pytest.mark.parametrize("options", [{}, {"hour_label": "start", "pm10": "reported"}], ids=str)
def test_every_column_is_that_of_the_path_for_one_district(messy, options):
    hours, folder, _ = messy
    got = run_stations(folder, **options)
    days = daily(hours, by="station", **options)
    for name, table in (("annual", annual(days)), ("monthly", monthly(days))):
        table = table[table["value"].notna()].reset_index(drop=True)
        own = got[name][got[name]["value"].notna()].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, table, check_dtype=False, rtol=1e-12)


def test_small_spans_give_what_one_span_gives(messy, monkeypatch, tmp_path):
    _, folder, _ = messy
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


# ------------------------------------------------------------------------- lists of stations

CHINESE = "监测点编码,监测点名称,城市,经度,纬度,对照点\n"


def places_of(tmp_path, text: str, codec="utf-8", by="city"):
    path = tmp_path / "places.csv"
    path.write_bytes(text.encode(codec))
    return read_places(path, by)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_list_in_chinese_with_a_station_twice_for_one_city(tmp_path, codec):
    text = CHINESE + (
        "1001A,万寿西宫,北京市,116.36,39.87,N\n1002A,定陵,北京市,116.17,40.28,Y\n"
        "2001A,监测站,石家庄市,114.5,38.0,N\n2001A,监测站,石家庄市,114.5,38.0,N\n"
        "2002A,监测站,唐山市,118.2,39.6,N\n"
    )
    got = places_of(tmp_path, text, codec).set_index("station")["scope"].to_dict()
    assert got == {"万寿西宫": "北京市", "2001A": "石家庄市", "2002A": "唐山市"}


def test_what_is_wrong_with_a_list_of_stations(tmp_path):
    with pytest.raises(InputError, match="2001A has two places.*甲市.*乙市"):
        places_of(tmp_path, CHINESE + "2001A,a,甲市,,,\n2001A,a,乙市,,,\n")
    with pytest.raises(InputError, match="column district is missing"):
        places_of(tmp_path, CHINESE + "2001A,a,甲市,,,\n", by="district")
    with pytest.raises(InputError, match="none.csv"):
        read_places(tmp_path / "none.csv", "city")


def test_cities_of_a_national_store_need_a_list(tmp_path):
    national.write(tmp_path / "store", stations=3, first=2015, years=1)
    with pytest.raises(InputError, match="give --places FILE"):
        run_stations(tmp_path / "store", by="city")
    path = tmp_path / "places.csv"
    path.write_text("站点编码,城市\n2001A,甲市\n2002A,甲市\n", "gb18030")
    told = []
    got = run_stations(tmp_path / "store", by="city", places=path, warn=told.append)
    assert set(got["annual"]["scope"]) == {"甲市"}
    assert len(told) == 1 and "2003A" in told[0]


# ----------------------------------------------------------------- stores and the national archive


@pytest.fixture(scope="module")
def days(tmp_path_factory) -> Path:
    """Forty daily files of four stations, with a file of cities among them."""
    folder = tmp_path_factory.mktemp("national")
    national.write_csv(folder, stations=4, year=2019, until=40)
    (folder / "china_cities_20190105.csv").write_text("date,hour,type,北京\n20190105,0,PM2.5,5\n")
    return folder


def test_daily_files_become_the_hours_that_they_were_made_of(days, tmp_path):
    folder = store.write_store(days, tmp_path / "store")
    truth = pd.concat([p.to_pandas() for p in national.parts(2019, 4, 1)])
    truth = truth[truth["time"] < pd.Timestamp("2019-02-10")].astype({"station": "object"})
    truth = truth.sort_values(["station", "time"], ignore_index=True)
    got = all_rows(folder).astype({"station": "object"})
    pd.testing.assert_frame_equal(got, truth, check_dtype=False)
    defects = pd.read_csv(folder / "defects.csv")
    assert (defects["rule"] == "not_national_stations").sum() == 1


def test_spans_join_without_a_seam(days, tmp_path):
    whole = store.write_store(days, tmp_path / "whole")
    pieces = list(store.national_spans(days, span_days=7))
    assert len(pieces) == 6
    joined = pd.concat([p.hours.to_pandas() for p in pieces])
    joined = joined.astype({"station": "object"}).sort_values(["station", "time"])
    want = all_rows(whole).astype({"station": "object"})
    pd.testing.assert_frame_equal(joined.reset_index(drop=True), want, check_dtype=False)
    listed = pd.concat([p.defects for p in pieces])
    assert (listed["rule"] == "not_national_stations").sum() == 1


def test_a_pulse_at_the_edge_of_a_span_is_judged_by_both_sides(tmp_path):
    files = national.write_csv(tmp_path, stations=2, year=2019, until=30)
    # the first hour of the eighth day, spans being seven days long
    path = files[7]
    lines = path.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("20190108,0,PM2.5,"))
    cells = lines[at].split(",")
    lines[at] = ",".join([*cells[:3], "2000", *cells[4:]])
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = pd.concat([p.defects for p in store.national_spans(tmp_path, span_days=7)])
    found = found[found["rule"] == "pulse"]
    assert found[["station", "pollutant", "hour"]].values.tolist() == [["2001A", "pm25", 0]]


def test_what_a_user_can_get_wrong_with_a_store(days, messy, tmp_path):
    files = sorted(days.glob("china_sites_*.csv"))
    with pytest.raises(InputError, match="comes after a later day"):
        list(store.national_spans([files[9], files[3]]))
    folder = store.write_store(days, tmp_path / "one", stations=["2002A"])
    assert set(all_rows(folder)["station"]) == {"2002A"}
    with pytest.raises(InputError, match=r"station 9999A is in no file; there are 2001A"):
        store.write_store(days, folder, stations=["9999A"])
    # a failure leaves the old store whole, and nothing else is ever written over
    assert set(all_rows(folder)["station"]) == {"2002A"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"holds letter\.txt"):
        store.write_store(days, tmp_path / "mine")
    with pytest.raises(InputError, match="--to-parquet"):
        run_stations(tmp_path / "mine")
    for options, words in (
        ({"engine": "flink"}, "use duckdb, spark"),
        ({"engine": "spark://nowhere"}, "use duckdb, spark"),
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


def test_a_missing_engine_is_named(messy, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(InputError, match=r"xc-analysis\[spark\]"):
        run_stations(messy[1], engine="spark")


# ---------------------------------------------------------------------------- committed tables


def test_areas_are_archive_only_and_the_district_is_among_them():
    areas = load("air/areas_annual")
    assert set(areas["source_id"]) == {"archive-hourly"}
    key = ["scope", "indicator", "year"]
    value = areas.set_index(key)["value"]
    own = load("air/annual").set_index(key)["value"]
    for year in (2018, 2019, 2020, 2021, 2023):
        assert value["西城区", "pm25", year] == pytest.approx(own["西城区", "pm25", year], abs=2e-4)
    assert value["北京市", "pm25", 2020] == pytest.approx(38.5, abs=0.5)
