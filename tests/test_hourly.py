"""The national rules against days worked by hand and against plain pandas."""

import runpy
from itertools import product
from pathlib import Path
from unittest.mock import Mock

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from test_archive import put

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run, run_hourly
from xc_analysis.hourly.aqi import BREAKPOINTS, sub_index, with_aqi
from xc_analysis.hourly.archive import Archive

pytestmark = pytest.mark.usefixtures("lang_en")
PRINTED = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}


def wide(day: str, ends=range(1, 25), station="官园", **values) -> pd.DataFrame:
    """A day's hours, its labels, 1 to 24, read as ends."""
    time = [pd.Timestamp(day) + pd.Timedelta(hours=h) for h in ends]
    return pd.DataFrame({"time": time, "station": station, **values})


def synthetic(seed, first="2019-02-20", n_days=40, stations=("官园", "万寿西宫")):
    """Hours of random levels, some days with many gaps, some without."""
    rng, shape = np.random.default_rng(seed), (n_days, 1, len(stations), len(PRINTED))
    time = pd.date_range(first, periods=24 * n_days, freq="h")
    level = np.exp(rng.normal(0, 0.5, shape)) * [70, 100, 20, 45, 1.5, 90]
    value = (level * rng.uniform(0.7, 1.3, (n_days, 24, *shape[2:]))).round(1)
    value[rng.random(value.shape) < rng.choice([0, 0.16, 0.48], shape)] = np.nan
    keys = pd.MultiIndex.from_product([time, stations], names=["time", "station"])
    return pd.DataFrame(value.reshape(len(keys), -1), keys, PRINTED).reset_index()


def test_a_daily_mean_needs_twenty_hours():
    parts = [wide("2020-03-01", range(1, 20), pm25=1.0), wide("2020-03-02", range(1, 21), pm25=2.0)]
    assert daily(pd.concat(parts))["pm25"].fillna(-1).tolist() == [-1, 2]


def test_the_label_is_the_end_or_the_start_of_the_hour():
    # labels 01 of the 1st to 00 of the 2nd, and those of the 4th
    hours = pd.concat([wide("2020-03-01", pm25=10.0), wide("2020-03-04", pm25=30.0)])
    end, start = (daily(hours, hour_label=label) for label in ("end", "start"))
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
    hours = pd.concat([a, b])
    # hours 1-6: 10, 7-12: 25, 13-24: 40; neither station alone has 20 hours
    assert daily(hours)["pm25"].tolist() == [(6 * 10 + 6 * 25 + 12 * 40) / 24]
    each = daily(hours, by="station")
    assert each["station"].tolist() == ["万寿西宫", "官园"] and each["pm25"].isna().all()


def test_pm25_stands_in_for_a_missing_pm10_at_its_station_and_hour():
    a = wide("2020-03-01", pm25=30.0, pm10=[np.nan] * 12 + [60.0] * 12)
    b = wide("2020-03-01", station="万寿西宫", pm25=50.0, pm10=80.0)
    hours = pd.concat([a, b])
    filled, reported = (daily(hours, pm10=reading).iloc[0] for reading in ("filled", "reported"))
    assert filled["pm10"] == pytest.approx((12 * (30 + 80) / 2 + 12 * (60 + 80) / 2) / 24)
    as_printed = pytest.approx((12 * 80 + 12 * (60 + 80) / 2) / 24)
    assert filled["pm10_reported"] == reported["pm10"] == reported["pm10_reported"] == as_printed


#: Hours, ozone, windows of six hours or more, and the largest mean of a valid day.
OZONE = [
    (range(1, 25), np.arange(24.0), 17, 19.5),  # of the last eight, not across midnight
    (range(1, 25), np.arange(24.0)[::-1], 17, 19.5),
    (range(1, 20), 100, 14, 100),
    (range(1, 19), 100, 13, np.nan),
    (range(1, 19), 160.6, 13, 160.6),  # exceeds 160, rounded as the index rounds it
    (range(1, 19), 160.5, 13, np.nan),
    (range(3, 9), 300, 3, 300),  # six hours make windows
    (range(3, 8), 300, 0, np.nan),
]


def test_ozone_is_the_largest_mean_of_eight_hours_within_the_day_from_enough_windows():
    dates = pd.date_range("2020-07-01", periods=len(OZONE))
    parts = [wide(d, hours, o3=value) for d, (hours, value, *_) in zip(dates, OZONE, strict=True)]
    days = daily(pd.concat(parts))
    assert days["o3_windows"].tolist() == [windows for *_, windows, _ in OZONE]
    np.testing.assert_array_equal(days["o3_8h"], [mean for *_, mean in OZONE])


# Concentration: sub-index, with pencil and the table of HJ 633-2012.
BY_HAND = """
pm25: 7=10 35=50 36=52 40=57 55=75 75=100 76=102 115=150 150=200 151=201 250=300 350=400 425=450
pm25: 499=500 900=500 34.5=49 35.5=52 35.4999=50 75.5=102 74.5=99 75.4999=100
pm10: 50=50 51=51 52=51 150=100 250=150 350=200 385=250 420=300 500=400 600=500 7000=500
so2: 50=50 150=100 475=150 800=200 1600=300 2100=400 2620=500 100=75
no2: 40=50 41=52 80=100 180=150 280=200 565=300 750=400 940=500
co: 2=50 2.1=53 4=100 14=150 24=200 36=300 48=400 60=500 2.05=50 2.15=55 4.05=100
o3_8h: 100=50 101=51 160=100 161=101 215=150 265=200 800=300 1100=300 533=251
"""


def test_sub_indices_by_hand():
    for line in BY_HAND.strip().splitlines():
        pollutant, pairs = line.split(": ")
        values, want = zip(*(map(float, pair.split("=")) for pair in pairs.split()), strict=True)
        assert sub_index(values, pollutant).tolist() == list(want), line
    # a mean of 75.5 exactly, in tenths that no binary number holds, in any order
    for order in ([75.1, 75.9] * 12, [75.9, 75.1] * 12, [75.1] * 12 + [75.9] * 12):
        assert daily(wide("2020-03-01", pm25=order, o3=1.0))["aqi"].tolist() == [102]


#: Daily values, the index, its pollutant, and whether the day is known to exceed without one.
INDICES = [
    ({"pm25": 30, "o3_8h": 90}, 45, None, False),
    ({"pm25": 35, "o3_8h": 100}, 50, None, False),
    ({"pm25": 1, "pm10": 51, "o3_8h": 1}, 51, "pm10", False),
    ({"pm25": 75, "o3_8h": 160}, 100, "pm25+o3_8h", False),
    ({"pm25": 75, "o3_8h": 10, "pm10": 150, "no2": 80}, 100, "pm25+pm10+no2", False),
    ({"pm10": 100, "so2": 5, "no2": 20, "co": 1, "o3_8h": 90}, None, None, False),
    ({"pm25": 75}, None, None, False),  # 100 is not past 100
    ({"pm25": 76}, 102, "pm25", True),
    ({"o3_8h": 170}, 110, "o3_8h", True),  # 100 + 10*50/55 = 109.09
    ({"pm10": 160, "no2": 200}, 160, "no2", True),  # the larger of those known
]


def test_when_a_day_has_an_index_and_by_which_pollutant():
    days = with_aqi(pd.DataFrame([values for values, *_ in INDICES], columns=list(BREAKPOINTS)))
    got = days[["aqi", "primary", "known_exceedance"]].astype(object)
    got = got.where(got.notna(), None).itertuples(index=False, name=None)
    assert list(got) == [tuple(row) for _, *row in INDICES]


def test_months_and_years_equal_plain_pandas():
    """Known exceedances are in counts of bad days alone, short ozone days in whole periods alone."""
    days = daily(synthetic(5, "2018-10-01", n_days=550), name="区")
    known, short = days["known_exceedance"], days["o3_8h"].notna() & (days["o3_windows"] < 14)
    assert short.groupby(days["date"].dt.year).sum().tolist() == [1, 3, 1] and known.sum() == 23
    for table, form in ((annual(days), "%Y"), (monthly(days), "%Y-%m")):
        date = pd.to_datetime(table[["year"]].assign(month=table.get("month", 1), day=1))
        got = table.assign(key=date.dt.strftime(form)).pivot(index="key", columns="indicator")
        key = days["date"].dt.strftime(form)
        is_out = short & key.map(got["completeness"]["o3_8h_p90"] == "partial")
        own = days.assign(aqi=days["aqi"].mask(known), o3_8h=days["o3_8h"].mask(is_out))
        groups, aqi = own.groupby(key), own["aqi"].groupby(key)
        want = groups[["pm25", "pm10", "so2", "no2"]].mean()
        want["o3_8h_p90"] = groups["o3_8h"].agg(lambda x: np.percentile(x.dropna(), 90))
        want["co_p95"] = groups["co"].agg(lambda x: np.percentile(x.dropna(), 95))
        want["good_days"] = aqi.agg(lambda x: (x <= 100).sum())
        want["good_day_ratio"] = 100 * want["good_days"] / aqi.count()
        want["heavy_day_ratio"] = 100 * aqi.agg(lambda x: (x > 200).sum()) / aqi.count()
        want["heavy_days"] = days["aqi"].groupby(key).agg(lambda x: (x > 200).sum())
        want["severe_days"] = days["aqi"].groupby(key).agg(lambda x: (x > 300).sum())
        want = want.astype("float64")
        pd.testing.assert_frame_equal(got["value"][list(want)], want, check_names=False, rtol=1e-9)
        valid, exceed = got["valid_days"], got["known_exceedances"]
        assert valid["good_days"].tolist() == aqi.count().tolist()
        assert valid["o3_8h_p90"].tolist() == groups["o3_8h"].count().tolist()
        assert exceed["heavy_days"].tolist() == known.groupby(key).sum().tolist()
        assert exceed["o3_8h_p90"].tolist() == short.groupby(key).sum().tolist()
        both = np.sort(groups[["pm10", "pm10_reported"]].mean())
        np.testing.assert_allclose(got[[("lower", "pm10"), ("upper", "pm10")]], both)
        assert table[table["indicator"] != "pm10"][["lower", "upper"]].isna().all(axis=None)


def year_of(missing: dict[int, int], year=2019) -> pd.DataFrame:
    """A year of days with so many missing from the start of each month."""
    date = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    value = [np.nan if d.day <= missing.get(d.month, 0) else 40.0 for d in date]
    return pd.DataFrame({"date": date, "scope": "区", "pm25": value, "pm10": 60.0, "aqi": 60.0})


LEAST = {m: 4 for m in (1, 3, 5, 7, 8, 10, 12)} | {m: 3 for m in (4, 6, 9, 11)}
FOUR = {m: 4 for m in range(1, 12)}
CLASSES = [
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
    assert month["days"][[1, 2, 4]].tolist() == [31, 28, 30]


def test_basis_release_and_what_national_days_do_to_a_class():
    days = pd.concat(year_of({}, year) for year in (2017, 2018, 2019, 2020)).iloc[:-1]
    days["national"] = days["date"] == "2019-06-01"
    years = annual(days).query("indicator == 'pm25'").set_index("year")
    assert years["basis"].tolist() == ["ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
    assert years["national_days"].tolist() == [0, 0, 1, 0]
    assert years["completeness"].tolist() == ["strict", "strict", "adequate", "strict"]
    month = monthly(days).query("indicator == 'pm25'").set_index(["year", "month"])
    assert month["basis"][2018][[8, 9]].tolist() == ["ref-273K", "ref-298K"]
    assert month["completeness"][2019][[6, 7]].tolist() == ["adequate", "strict"]
    # the last year is a draft where it is unfinished or stands on national days
    for last, release in ((2018, "public"), (2019, "draft"), (2020, "draft")):
        years = annual(days[days["date"].dt.year <= last]).set_index("year")["release"]
        assert set(years[last]) == {release} and set(years[2017]) == {"public"}


def test_any_kind_of_table_gives_the_same_days_and_stays_as_it_is():
    hours = synthetic(3, n_days=4)
    before, expected = hours.copy(deep=True), daily(hours, name="区")
    long = hours.melt(["time", "station"], var_name="pollutant").dropna()
    for table in (
        long.replace({"pollutant": PRINTED}).sample(frac=1, random_state=1),
        hours.rename(columns=PRINTED),
        pa.Table.from_pandas(hours, preserve_index=False),
        ibis.memtable(hours),
        Archive(long.astype({"station": "category", "pollutant": "category"}), None),
    ):
        pd.testing.assert_frame_equal(daily(table, name="区"), expected, rtol=1e-12)
    pd.testing.assert_frame_equal(annual(ibis.memtable(expected)), annual(expected))
    pd.testing.assert_frame_equal(hours, before)
    # the district's name is by default its stations; a station alone is a district of one
    assert daily(hours)["scope"].unique().tolist() == ["万寿西宫+官园"]
    each = daily(hours, by="station").rename(columns={"station": "scope"})
    own = each[each["scope"] == "官园"].reset_index(drop=True)
    pd.testing.assert_frame_equal(daily(hours, stations=["西城官园"]), own)


WRONG = {
    "by is 'city'": lambda h: daily(h, by="city"),
    "no day comes of these hours": lambda h: daily(h, stations=["东四"]),
    "column time is missing": lambda h: daily(h.drop(columns="time")),
    "neither": lambda h: daily(h[["time", "station"]]),
    "no table": lambda h: daily(None),
    "cannot be read": lambda h: daily(h.assign(time="x")),
    "'zz' is unknown": lambda h: daily(h.assign(pollutant="zz", value=1)),
    "column date is missing": lambda h: annual(h),
    "none of the columns": lambda h: annual(pd.DataFrame({"date": [], "scope": []})),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_a_user_can_get_wrong(message):
    with pytest.raises(InputError, match=message) as caught:
        WRONG[message](synthetic(3, n_days=2))
    assert "\n" not in str(caught.value)


def test_a_run_writes_all_tables_or_leaves_what_was_there(tmp_path, monkeypatch):
    archive, out, names = tmp_path / "archive", tmp_path / "a" / "out", ["西城官园", "万寿西宫"]
    archive.mkdir()
    for date, kind in product(("20190301", "20190302"), ("all", "extra")):
        path = put(archive, date, kind)
    path.write_text(path.read_text() + "20190302,0,AQI,50,50\n")
    with pytest.raises(InputError, match="东四"):
        run_hourly(archive, ["东四"], "区", out)
    assert not out.parent.exists()
    said, seen = [], []
    told = {"progress": lambda *a: seen.append(a), "warn": said.append}
    paths = run_hourly([archive], names, "西城区", out, **told)
    assert said == ["skipped: rows of AQI and of 24 h statistics, 1"] and seen[-1][:2] == (4, 4)

    def written():
        return {p.stem: p.read_bytes() for p in out.iterdir() if p.is_file()}

    before = written()
    assert set(before) == set(paths) == {"annual", "monthly", "daily", "station_daily", "defects"}
    run_hourly(str(archive), names, "西城区", out)
    for moment in ("fsync", "replace"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(run.os, moment, Mock(side_effect=KeyboardInterrupt))
            run_hourly(archive, ["官园"], "new", out)
    with pytest.raises(InputError, match="cannot write here"):
        run_hourly(archive, ["官园"], "区", paths["daily"])
    assert written() == before


def test_daily_weather_and_hour_profile():
    tool = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "air_tables.py"))
    weather = {"temp": np.r_[np.arange(24.0), np.zeros(19)], "pres": 1000.0, "dewp": -1.0}
    weather |= {"rain": 0.5, "wspm": 2.0, "wd": ["N"] * 13 + ["S"] * 30}
    time = pd.concat([wide("2015-01-01"), wide("2015-01-02", range(1, 20))], ignore_index=True)
    days = tool["weather_daily"](time.assign(**weather))
    want = {"temp": 11.5, "temp_min": 0, "temp_max": 23, "rain": 12, "wd": "N", "hours": 24}
    assert days[list(want)].to_dict("records") == [want]  # 19 hours are no day
    hours = wide("2020-03-01", **dict.fromkeys(PRINTED, np.arange(24.0)))
    profile = tool["hour_profile"](hours)
    assert profile[["hour", "no2", "n"]].values.tolist() == [[h + 1, h, 1] for h in range(24)]
