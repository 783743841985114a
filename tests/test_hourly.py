"""The national rules against days worked by hand and against plain pandas."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from test_archive import pair, smooth

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run, run_hourly
from xc_analysis.hourly.archive import Archive

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.usefixtures("lang_en")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")


def wide(day: str, ends=range(1, 25), station="官园", **values) -> pd.DataFrame:
    """A day's hours, its labels, 1 to 24, read as ends."""
    time = [pd.Timestamp(day) + pd.Timedelta(hours=h) for h in ends]
    return pd.DataFrame({"time": time, "station": station, **values})


def one(*hours, **options) -> pd.Series:
    return daily(pd.concat(hours), name="区", **options).iloc[0]


@pytest.mark.parametrize(("n", "valid"), [(19, False), (20, True), (24, True)])
def test_a_daily_mean_needs_twenty_hours(n, valid):
    day = one(wide("2020-03-01", range(1, n + 1), pm25=np.arange(n, dtype=float)))
    assert (day["pm25"] == np.arange(n).mean()) if valid else np.isnan(day["pm25"])


def test_the_label_is_the_end_or_the_start_of_the_hour():
    # labels 01 of the 1st to 00 of the 2nd, and those of the 4th
    hours = pd.concat([wide("2020-03-01", pm25=10.0), wide("2020-03-04", pm25=30.0)])
    end, start = (daily(hours, name="区", hour_label=label) for label in ("end", "start"))
    assert end["date"].dt.day.tolist() == [1, 2, 3, 4]  # those between are there, and empty
    assert end["pm25"].fillna(-1).tolist() == [10, -1, -1, 30]
    # 01 to 23 of the 1st; one hour of the 2nd; 01 to 23 of the 4th, one hour of the 5th
    assert start["pm25"].fillna(-1).tolist() == [10, -1, -1, 30, -1]
    # records that begin at midnight add no day before, an hour without a time is none
    hours = wide("2020-03-01", range(25), pm25=5.0)
    hours.loc[len(hours)] = [pd.NaT, "官园", 900.0]
    assert daily(hours)["date"].tolist() == [pd.Timestamp("2020-03-01")]


def test_the_district_is_averaged_hour_by_hour_first():
    a = wide("2020-03-01", range(1, 13), pm25=10.0)
    b = wide("2020-03-01", range(7, 25), station="万寿西宫", pm25=40.0)
    # hours 1-6: 10, 7-12: 25, 13-24: 40; neither station alone has 20 hours
    assert one(a, b)["pm25"] == pytest.approx((6 * 10 + 6 * 25 + 12 * 40) / 24)
    each = daily(pd.concat([a, b]), by="station")
    assert each["station"].tolist() == ["万寿西宫", "官园"] and each["pm25"].isna().all()


@pytest.mark.parametrize(
    ("hours", "value", "windows", "valid"),
    [
        (range(1, 25), 100, 17, True),
        (range(1, 20), 100, 14, True),
        (range(1, 19), 100, 13, False),
        (range(1, 19), 161, 13, True),  # a known exceedance
        (range(1, 19), 160.6, 13, True),  # decided on the value rounded as the index rounds it
        (range(1, 19), 160.5, 13, False),
        (range(3, 9), 300, 3, True),  # six hours make windows
        (range(3, 8), 300, 0, False),  # five do not
    ],
)
def test_ozone_windows(hours, value, windows, valid):
    day = one(wide("2020-07-01", hours, o3=float(value)))
    assert day["o3_windows"] == windows
    assert day["o3_8h"] == value if valid else np.isnan(day["o3_8h"])


def test_ozone_is_the_largest_mean_of_eight_hours_within_the_day():
    assert one(wide("2020-07-01", o3=np.arange(24.0)))["o3_8h"] == np.mean(range(16, 24))
    assert one(wide("2020-07-01", o3=np.arange(24.0)[::-1]))["o3_8h"] == np.mean(range(16, 24))


def indices_of(cases: list[dict]) -> list[tuple]:
    """AQI and primary pollutant of days of constant values, a day a case."""
    dates = pd.date_range("2020-01-01", periods=len(cases))
    parts = [wide(date, **values) for date, values in zip(dates, cases, strict=True)]
    days = daily(pd.concat(parts), name="区", pm10="reported")[["aqi", "primary"]]
    return [tuple(None if pd.isna(x) else x for x in row) for row in days.values.tolist()]


# Concentration = sub-index, with pencil and the table of HJ 633-2012; all else on the day is clean.
BY_HAND = """
pm25: 35=50 36=52 40=57 55=75 75=100 76=102 115=150 150=200 151=201 250=300 350=400 425=450
pm25: 500=500 900=500 34.5=49 35.5=52 35.4999=50 75.5=102 74.5=99 75.4999=100
pm10: 50=50 51=51 52=51 150=100 250=150 350=200 385=250 420=300 500=400 600=500 7000=500
so2: 50=50 150=100 475=150 800=200 1600=300 2100=400 2620=500 100=75
no2: 40=50 41=52 80=100 180=150 280=200 565=300 750=400 940=500
co: 2=50 2.1=53 4=100 14=150 24=200 36=300 48=400 60=500 2.05=50 2.15=55 4.05=100
o3: 100=50 101=51 160=100 161=101 215=150 265=200 800=300 1100=300 533=251
"""


def test_sub_indices_by_hand():
    cases = []
    for line in BY_HAND.strip().splitlines():
        pollutant, pairs = line.split(":")
        cases += [(pollutant, *map(float, pair.split("="))) for pair in pairs.split()]
    got = indices_of([{"pm25": 1, "o3": 1} | {p: v} for p, v, _ in cases])
    assert [(*case[:2], aqi) for case, (aqi, _) in zip(cases, got, strict=True)] == cases
    # 24 hours whose mean is 75.5 exactly, in tenths that no binary number holds, in any order
    values = [75.1, 75.9] * 12
    orders = (values, values[::-1], sorted(values))
    assert [aqi for aqi, _ in indices_of([{"pm25": o, "o3": 1} for o in orders])] == [102] * 3


INDICES = [
    ({"pm25": 30, "o3": 90}, 45, None),
    ({"pm25": 30}, None, None),  # no ozone
    ({"o3": 90}, None, None),
    ({"pm10": 100, "so2": 5, "no2": 20, "co": 1, "o3": 90}, None, None),  # no PM2.5
    ({"pm25": 76}, 102, "pm25"),  # past 100 alone
    ({"pm25": 75}, None, None),  # 100 is not past 100
    ({"o3": 170}, 110, "o3_8h"),  # 100 + 10*50/55 = 109.09
    ({"pm10": 160, "no2": 200}, 160, "no2"),  # the larger of those known
    ({"pm25": 35, "o3": 100}, 50, None),
    ({"pm25": 36, "o3": 100}, 52, "pm25"),
    ({"pm25": 75, "o3": 160}, 100, "pm25+o3_8h"),
    ({"pm25": 10, "o3": 60, "no2": 60}, 75, "no2"),
    ({"pm25": 75, "o3": 10, "pm10": 150, "no2": 80}, 100, "pm25+pm10+no2"),
]


def test_when_a_day_has_an_index_and_by_which_pollutant():
    got = indices_of([values for values, _, _ in INDICES])
    assert got == [(aqi, primary) for _, aqi, primary in INDICES]


def synthetic(seed, first="2019-02-20", n_days=40, gaps=0.1, stations=("官园", "万寿西宫")):
    """Hours of random levels, some days with many gaps, some without."""
    rng = np.random.default_rng(seed)
    time = pd.date_range(first, periods=24 * n_days, freq="h")
    scale = {"pm25": 70, "pm10": 100, "so2": 20, "no2": 45, "co": 1.5, "o3": 90}
    parts = []
    for station in stations:
        for p, level in scale.items():
            value = np.exp(rng.normal(0, 0.5, n_days)).repeat(24) * level
            value = value * rng.uniform(0.7, 1.3, len(time))
            value = value.round(1 if p == "co" else int(rng.integers(0, 2)))
            keep = rng.random(len(time)) >= rng.choice([0, gaps, 3 * gaps], n_days).repeat(24)
            rows = {"time": time, "station": station, "pollutant": p, "value": value}
            parts.append(pd.DataFrame(rows)[keep])
    return pd.concat(parts, ignore_index=True)


def test_pm25_stands_in_for_a_missing_pm10_at_its_station_and_hour():
    a = wide("2020-03-01", pm25=30.0, pm10=[np.nan] * 12 + [60.0] * 12)
    b = wide("2020-03-01", station="万寿西宫", pm25=50.0, pm10=80.0)
    filled, reported = one(a, b), one(a, b, pm10="reported")
    assert filled["pm10"] == pytest.approx((12 * (30 + 80) / 2 + 12 * (60 + 80) / 2) / 24)
    as_printed = pytest.approx((12 * 80 + 12 * (60 + 80) / 2) / 24)
    assert filled["pm10_reported"] == reported["pm10"] == reported["pm10_reported"] == as_printed


def test_months_and_years_equal_plain_pandas():
    days = daily(synthetic(11, n_days=420, gaps=0.08), name="区")
    month = days["date"].dt.month
    for table, keys in ((annual(days), []), (monthly(days), [month.rename("month")])):
        groups = days.groupby([days["date"].dt.year.rename("year"), *keys])
        want = groups[["pm25", "pm10", "so2", "no2"]].mean()
        want["o3_8h_p90"] = groups["o3_8h"].agg(lambda x: np.percentile(x.dropna(), 90))
        want["co_p95"] = groups["co"].agg(lambda x: np.percentile(x.dropna(), 95))
        aqi = groups["aqi"]
        want["good_days"] = aqi.agg(lambda x: (x <= 100).sum())
        want["heavy_days"] = aqi.agg(lambda x: (x > 200).sum())
        want["severe_days"] = aqi.agg(lambda x: (x > 300).sum())
        want["good_day_ratio"] = 100 * want["good_days"] / aqi.count()
        got = table.pivot(index=want.index.names, columns="indicator", values="value")
        pd.testing.assert_frame_equal(
            got[list(want)], want.astype("float64"), check_names=False, rtol=1e-9
        )
        pm10 = table[table["indicator"] == "pm10"].set_index(want.index.names)
        both = np.sort(groups[["pm10", "pm10_reported"]].mean())
        np.testing.assert_allclose(pm10[["lower", "upper"]], both)
        assert table[table["indicator"] != "pm10"][["lower", "upper"]].isna().all().all()


def year_of(missing: dict[int, int], year=2019) -> pd.DataFrame:
    """A year of days with so many missing from the start of each month."""
    date = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    gone = [d.day <= missing.get(d.month, 0) for d in date]
    value = np.where(gone, np.nan, 40.0)
    return pd.DataFrame({"date": date, "scope": "区", "pm25": value, "pm10": 60.0, "aqi": 60.0})


LEAST = {m: 4 for m in (1, 3, 5, 7, 8, 10, 12)} | {m: 3 for m in (4, 6, 9, 11)}
FOUR = {m: 4 for m in range(1, 12)}
CLASSES = [
    (2019, {}, 365, "strict"),
    (2019, LEAST | {2: 1}, 324, "strict"),
    (2019, LEAST | {2: 2}, 323, "adequate"),
    (2019, {1: 5}, 360, "adequate"),  # January with 26
    (2019, {2: 3}, 362, "strict"),  # February with 25
    (2019, {2: 4}, 361, "adequate"),
    (2020, {2: 4}, 362, "strict"),  # a leap February with 25
    (2019, {6: 15}, 350, "adequate"),  # June with 15
    (2019, {6: 16}, 349, "partial"),
    (2019, FOUR | {12: 10}, 311, "adequate"),  # 85.2 %
    (2019, FOUR | {12: 11}, 310, "partial"),  # 84.9 %
    (2020, FOUR | {12: 10}, 312, "adequate"),  # 85.2 % of 366
    (2020, FOUR | {12: 11}, 311, "partial"),  # 84.97 %
]


def test_classes_of_completeness():
    years = [year_of(c[1], c[0]).assign(scope=f"{i:02d}") for i, c in enumerate(CLASSES)]
    rows = annual(pd.concat(years)).query("indicator == 'pm25'").sort_values("scope")
    got = list(zip(rows["year"], rows["valid_days"], rows["completeness"], strict=True))
    assert got == [(year, valid, name) for year, _, valid, name in CLASSES]
    assert rows["days"].tolist() == [366 if year == 2020 else 365 for year, *_ in CLASSES]
    np.testing.assert_allclose(rows["capture"], rows["valid_days"] / rows["days"])
    assert (rows["value"] == 40).all()  # never blanked
    month = monthly(year_of({1: 4, 2: 3, 3: 5, 4: 15, 5: 17, 12: 31}))
    month = month.query("indicator == 'pm25'").set_index("month")
    classes = ["strict", "strict", "adequate", "adequate", "partial", "partial"]
    assert month["completeness"][[1, 2, 3, 4, 5, 12]].tolist() == classes
    assert month["valid_days"][12] == 0 and np.isnan(month["value"][12])
    assert month["days"].tolist() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_basis_and_release():
    parts = [year_of({}, y) for y in (2017, 2018, 2019)]
    days = pd.concat([*parts, year_of({}, 2020).iloc[:-1]])
    got = annual(days).query("indicator == 'pm25'").set_index("year")
    assert got["basis"].tolist() == ["ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
    assert got["release"].tolist() == ["public", "public", "public", "draft"]
    month = monthly(days).query("indicator == 'pm25'").set_index(["year", "month"])
    assert month["basis"][2018][[8, 9]].tolist() == ["ref-273K", "ref-298K"]
    assert (month["release"][2020] == "draft").all()


def test_any_kind_of_table_gives_the_same_days_and_stays_as_it_is():
    import ibis

    long = synthetic(3, n_days=4)
    before = long.copy(deep=True)
    expected = daily(long, name="区")
    kept = expected.copy(deep=True)
    printed = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}
    across = long.pivot(index=["time", "station"], columns="pollutant", values="value")
    across = across.reset_index()
    for hours in (
        long.assign(pollutant=long["pollutant"].map(printed)).sample(frac=1, random_state=1),
        across.rename(columns=printed),
        pa.Table.from_pandas(across, preserve_index=False),
        ibis.memtable(across),
        Archive(long.astype({"station": "category", "pollutant": "category"}), pd.DataFrame()),
    ):
        pd.testing.assert_frame_equal(daily(hours, name="区"), expected, rtol=1e-12)
    pd.testing.assert_frame_equal(annual(ibis.memtable(expected)), annual(expected))
    pd.testing.assert_frame_equal(long, before)
    pd.testing.assert_frame_equal(expected, kept)


def test_stations_and_name():
    hours = synthetic(3, n_days=3)
    assert daily(hours)["scope"].unique().tolist() == ["万寿西宫+官园"]
    single, each = daily(hours, stations=["西城官园"]), daily(hours, by="station")
    own = each.rename(columns={"station": "scope"}).query("scope == '官园'")
    pd.testing.assert_frame_equal(own.reset_index(drop=True), single)
    assert annual(each)["scope"].unique().tolist() == ["万寿西宫", "官园"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda h: daily(h, by="city"), "by is 'city'"),
        (lambda h: daily(h, hour_label="middle"), "hour_label is 'middle'"),
        (lambda h: daily(h, pm10="half"), "pm10 is 'half'"),
        (lambda h: daily(h, stations=["东四"]), "no day comes of these hours"),
        (lambda h: daily(h.drop(columns="time")), "column time is missing"),
        (lambda h: daily(h.drop(columns="value")), "neither"),
        (lambda h: daily(None), "no table"),
        (lambda h: daily(h.assign(time="x")), "cannot be read"),
        (lambda h: daily(h.assign(pollutant="zz")), "'zz' is unknown"),
        (lambda h: annual(h), "column date is missing"),
        (lambda h: annual(pd.DataFrame({"date": [], "scope": []})), "none of the columns"),
    ],
)
def test_what_a_user_can_get_wrong(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(synthetic(3, n_days=2))
    assert "\n" not in str(caught.value)


@pytest.fixture
def archive(tmp_path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    pair(folder, "20190301", day24=False)
    pair(folder, "20190302", day24=False)
    return folder


NAMES = ["西城官园", "万寿西宫"]
TABLES = {"annual", "monthly", "daily", "station_daily", "defects"}


def test_run_writes_all_tables(archive, tmp_path):
    said, seen = [], []
    told = {"progress": lambda *a: seen.append(a), "warn": said.append}
    paths = run_hourly([archive], NAMES, "西城区", tmp_path / "a" / "out", **told)
    assert set(paths) == TABLES and seen[-1][:2] == (4, 4)
    assert said == ["skipped: rows of AQI and of 24 h statistics, 48"]
    assert {p.stem for p in paths["daily"].parent.iterdir()} == TABLES
    days, stationwise = (pd.read_csv(paths[name]) for name in ("daily", "station_daily"))
    assert days["scope"].tolist() == ["西城区"] * 2
    # labels 01 to 24 of the first day: hours 1 to 23 of one file and 0 of the next
    by_hand = sum(float(smooth("PM2.5", 0, h)) for h in [*range(1, 24), 0]) / 24
    assert stationwise.set_index("station")["pm25"]["官园"].iloc[0] == round(by_hand, 4)
    again = run_hourly(str(archive), NAMES, "西城区", tmp_path / "again")
    for name in TABLES:
        text = paths[name].read_bytes()
        assert b"\r" not in text and text.endswith(b"\n") and again[name].read_bytes() == text


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_run_that_dies_leaves_the_old_tables_whole(archive, tmp_path, monkeypatch, moment):
    out = tmp_path / "out"
    run_hourly(archive, ["官园"], "old", out)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.os, moment, die)
    with pytest.raises(KeyboardInterrupt):
        run_hourly(archive, ["官园"], "new", out)
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == before


def test_run_says_what_is_wrong(archive, tmp_path):
    with pytest.raises(InputError, match="东四"):
        run_hourly(archive, ["东四"], "区", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write here"):
        run_hourly(archive, ["官园"], "区", tmp_path / "file")
    # where a doubled column that differs costs all there is, the file is named
    twice = tmp_path / "china_sites_20190301.csv"
    twice.write_text("date,hour,type,1006A,1006A\n20190301,1,PM2.5,4,5\n")
    said = []
    with pytest.raises(InputError, match="no hour"):
        run_hourly(twice, ["官园"], "区", tmp_path / "out", warn=said.append)
    assert any("columns differ (china_sites_20190301.csv)" in line for line in said)


def test_daily_weather_and_hour_profile():
    tool = runpy.run_path(str(ROOT / "tools" / "air_tables.py"))
    weather = {"temp": np.r_[np.arange(24.0), np.zeros(19)], "pres": 1000.0, "dewp": -1.0}
    weather |= {"rain": 0.5, "wspm": 2.0, "wd": ["N"] * 13 + ["S"] * 30}
    time = pd.concat([wide("2015-01-01"), wide("2015-01-02", range(1, 20))], ignore_index=True)
    days = tool["weather_daily"](time.assign(**weather))
    row = days.iloc[0]
    assert (row["temp"], row["temp_min"], row["temp_max"], row["rain"]) == (11.5, 0, 23, 12)
    assert row["wd"] == "N" and row["hours"] == 24 and len(days) == 1  # 19 hours are no day
    hours = wide("2020-03-01", **dict.fromkeys(POLLUTANTS, np.arange(24.0)))
    profile = tool["hour_profile"](hours)
    assert profile["hour"].tolist() == list(range(1, 25))
    assert profile["no2"].tolist() == list(np.arange(24.0)) and (profile["n"] == 1).all()
