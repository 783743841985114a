"""The national rules against days worked by hand, brute force, and a second implementation."""

from __future__ import annotations

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, run, run_hourly
from xc_analysis.hourly.aqi import BREAKPOINTS, INDEX
from xc_analysis.hourly.archive import Archive

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.usefixtures("lang_en")
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")


def labels(day: str, ends=range(1, 25)) -> pd.DatetimeIndex:
    """The labels of a day's hours, 1 to 24, read as ends."""
    return pd.DatetimeIndex([pd.Timestamp(day) + pd.Timedelta(hours=h) for h in ends])


def wide(day: str, ends=range(1, 25), station="官园", **values) -> pd.DataFrame:
    return pd.DataFrame({"time": labels(day, ends), "station": station, **values})


def one(hours, **options) -> pd.Series:
    days = daily(hours, name="区", **options)
    return days.iloc[0]


# --------------------------------------------------------------------------------------- days


@pytest.mark.parametrize(("n", "valid"), [(19, False), (20, True), (24, True)])
def test_a_daily_mean_needs_twenty_hours(n, valid):
    day = one(wide("2020-03-01", range(1, n + 1), pm25=np.arange(n, dtype=float)))
    assert (day["pm25"] == np.arange(n).mean()) if valid else np.isnan(day["pm25"])


def test_the_label_is_the_end_or_the_start_of_the_hour():
    hours = pd.concat([wide("2020-03-01", pm25=10.0), wide("2020-03-02", pm25=30.0)])
    # labels 01 of the 1st to 00 of the 3rd
    end = daily(hours, name="区").set_index("date")["pm25"]
    assert end.to_dict() == {pd.Timestamp("2020-03-01"): 10, pd.Timestamp("2020-03-02"): 30}
    start = daily(hours, name="区", hour_label="start").set_index("date")["pm25"]
    assert start[pd.Timestamp("2020-03-01")] == 10  # 01 to 23
    assert start[pd.Timestamp("2020-03-02")] == (10 + 23 * 30) / 24  # 00 is still 10
    assert np.isnan(start[pd.Timestamp("2020-03-03")])  # one hour


def test_records_that_begin_at_midnight_add_no_day_before():
    time = pd.date_range("2020-03-01 00:00", "2020-03-02 00:00", freq="h")
    hours = pd.DataFrame({"time": time, "station": "官园", "pm25": 5.0})
    assert daily(hours)["date"].tolist() == [pd.Timestamp("2020-03-01")]


def test_the_district_is_averaged_hour_by_hour_first():
    a = wide("2020-03-01", range(1, 13), pm25=10.0)
    b = wide("2020-03-01", range(7, 25), station="万寿西宫", pm25=40.0)
    day = one(pd.concat([a, b]))
    # hours 1-6: 10, 7-12: 25, 13-24: 40; neither station alone has 20 hours
    assert day["pm25"] == pytest.approx((6 * 10 + 6 * 25 + 12 * 40) / 24)
    each = daily(pd.concat([a, b]), by="station")
    assert each["station"].tolist() == ["万寿西宫", "官园"] and each["pm25"].isna().all()


def test_days_between_are_there_and_empty():
    hours = pd.concat([wide("2020-03-01", pm25=10.0), wide("2020-03-04", pm25=30.0)])
    days = daily(hours, name="区")
    assert days["date"].dt.day.tolist() == [1, 2, 3, 4]
    assert days["pm25"].isna().tolist() == [False, True, True, False]
    assert (days["scope"] == "区").all()


def test_pm10_filled_with_pm25_station_by_station():
    pm10 = np.full(24, 50.0)
    pm10[:8] = np.nan
    a = wide("2020-03-01", pm25=20.0, pm10=pm10)
    b = wide("2020-03-01", station="万寿西宫", pm25=30.0, pm10=70.0)
    day = one(pd.concat([a, b]))
    assert day["pm10"] == pytest.approx((8 * (20 + 70) / 2 + 16 * (50 + 70) / 2) / 24)
    assert day["pm10_reported"] == pytest.approx((8 * 70 + 16 * 60) / 24)
    assert one(pd.concat([a, b]), pm10="reported")["pm10"] == day["pm10_reported"]
    alone = one(a)
    assert alone["pm10"] == pytest.approx((8 * 20 + 16 * 50) / 24)
    assert np.isnan(alone["pm10_reported"])  # 16 hours


def ozone_by_hand(values: list[float | None]) -> float | None:
    """values of hours 1 to 24; the rule as a person would apply it with a pencil."""
    means = []
    for last in range(8, 25):
        window = [v for v in values[last - 8 : last] if v is not None]
        if len(window) >= 6:
            means.append(sum(window) / len(window))
    if not means:
        return None
    # exceeds: decided on the value rounded half to even
    return max(means) if len(means) >= 14 or round(round(max(means), 6)) > 160 else None


def test_ozone_windows():
    cases = [
        (range(1, 25), 100, True),
        (range(1, 20), 100, True),  # windows ending 8 to 21: 14
        (range(1, 19), 100, False),  # 13 windows
        (range(1, 19), 161, True),  # a known exceedance
        (range(1, 19), 160, False),
        (range(3, 9), 300, True),  # six hours make windows
        (range(3, 8), 300, False),  # five do not
    ]
    hours = [wide(f"2020-07-{i:02d}", c[0], o3=float(c[1])) for i, c in enumerate(cases, 1)]
    got = daily(pd.concat(hours), name="区")["o3_8h"]
    assert got.fillna(-1).tolist() == [value if valid else -1 for _, value, valid in cases]


# ---------------------------------------------------------------------------------------- AQI


def indices_of(cases: list[dict]) -> list[tuple]:
    """AQI and primary pollutant of days of constant values, a day a case."""
    parts = []
    for i, values in enumerate(cases):
        date = (pd.Timestamp("2020-01-01") + pd.Timedelta(days=i)).strftime("%Y-%m-%d")
        values = {k: np.broadcast_to(np.asarray(v, float), 24) for k, v in values.items()}
        parts.append(wide(date, **values))
    days = daily(pd.concat(parts), name="区", pm10="reported")
    return [
        (None if pd.isna(aqi) else int(aqi), None if pd.isna(primary) else primary)
        for aqi, primary in zip(days["aqi"], days["primary"], strict=True)
    ]


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
        for pair in pairs.split():
            value, index = pair.split("=")
            cases.append((pollutant, float(value), int(index)))
    got = indices_of([{"pm25": 1, "o3": 1} | {p: v} for p, v, _ in cases])
    assert [(*case[:2], aqi) for case, (aqi, _) in zip(cases, got, strict=True)] == cases


def test_means_are_settled_before_rounding():
    """24 hours whose mean is 75.5 exactly, in tenths that no binary number holds."""
    values = [75.1, 75.9] * 12
    orders = (values, values[::-1], sorted(values))
    got = indices_of([{"pm25": order, "o3": 1} for order in orders])
    assert [aqi for aqi, _ in got] == [102, 102, 102]


def test_when_a_day_has_an_index():
    cases = [
        ({"pm25": 30, "o3": 90}, 45),
        ({"pm25": 30}, None),  # no ozone
        ({"o3": 90}, None),
        ({"pm10": 100, "so2": 5, "no2": 20, "co": 1, "o3": 90}, None),  # no PM2.5
        ({"pm25": 76}, 102),  # past 100 alone
        ({"pm25": 75}, None),  # 100 is not past 100
        ({"o3": 170}, 110),  # 100 + 10*50/55 = 109.09
        ({"pm10": 160}, 105),
        ({"pm10": 160, "no2": 200}, 160),  # the larger of those known
        ({"pm25": 30, "o3": 90, "no2": 20}, 45),
    ]
    got = indices_of([values for values, _ in cases])
    assert [aqi for aqi, _ in got] == [aqi for _, aqi in cases]


def test_primary_pollutant():
    cases = [
        ({"pm25": 35, "o3": 100}, None),  # 50
        ({"pm25": 36, "o3": 100}, "pm25"),
        ({"pm25": 75, "o3": 160}, "pm25+o3_8h"),
        ({"pm25": 10, "o3": 60, "no2": 60}, "no2"),
        ({"pm25": 75, "o3": 10, "pm10": 150, "no2": 80}, "pm25+pm10+no2"),
        ({"o3": 90, "so2": 10}, None),
    ]
    got = indices_of([values for values, _ in cases])
    assert [primary for _, primary in got] == [primary for _, primary in cases]


# -------------------------------------------------------------------- a second implementation


def second_daily(hours: pd.DataFrame, shift=1, filled=True) -> pd.DataFrame:
    """The rules again, in pandas and numpy, for one district."""
    h = hours.pivot_table(index=["time", "station"], columns="pollutant", values="value")
    h = h.reindex(columns=list(POLLUTANTS))
    h["pm10_reported"] = h["pm10"]
    if filled:
        h["pm10"] = h["pm10"].fillna(h["pm25"])
    h = h.groupby(level="time").mean()
    clock = h.index - pd.Timedelta(hours=shift)
    date, slot = clock.normalize(), clock.hour
    days = pd.DataFrame(index=pd.Index(sorted(set(date)), name="date"))
    for p in ("pm25", "pm10", "pm10_reported", "so2", "no2", "co"):
        groups = h[p].groupby(date)
        days[p] = groups.mean().where(groups.count() >= 20)
    grid = h.assign(d=date, s=slot).pivot(index="d", columns="s", values="o3")
    grid = grid.reindex(columns=range(24)).reindex(days.index)
    days["o3_8h"] = [
        v if (v := ozone_by_hand([None if np.isnan(x) else x for x in row])) is not None else np.nan
        for row in grid.to_numpy()
    ]
    names = ["pm25", "pm10", "so2", "no2", "co", "o3_8h"]
    sub = {}
    for p in names:
        c = days[p].round(6).round(1 if p == "co" else 0)
        x = np.interp(c, BREAKPOINTS[p], INDEX[: len(BREAKPOINTS[p])])
        sub[p] = np.ceil(np.round(np.where(c.isna(), np.nan, x), 6))
    sub = pd.DataFrame(sub, index=days.index)
    top = sub.max(axis=1)
    days["aqi"] = top.where((days["pm25"].notna() & days["o3_8h"].notna()) | (top > 100))
    days["primary"] = [
        "+".join(p for p in names if sub.loc[d, p] == a) if a > 50 else None
        for d, a in days["aqi"].items()
    ]
    return days


def synthetic(seed: int, n_days=40, gaps=0.1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    time = pd.date_range("2019-02-20", periods=24 * n_days, freq="h")
    scale = {"pm25": 70, "pm10": 100, "so2": 20, "no2": 45, "co": 1.5, "o3": 90}
    parts = []
    for station in ("官园", "万寿西宫"):
        for p, level in scale.items():
            value = np.exp(rng.normal(0, 0.5, n_days)).repeat(24) * level
            value = value * rng.uniform(0.7, 1.3, len(time))
            value = value.round(1 if p == "co" else int(rng.integers(0, 2)))
            keep = rng.random(len(time)) >= rng.choice([0, gaps, 3 * gaps], n_days).repeat(24)
            rows = {"time": time, "station": station, "pollutant": p, "value": value}
            parts.append(pd.DataFrame(rows)[keep])
    return pd.concat(parts, ignore_index=True)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 10**6),
    st.sampled_from(["end", "start"]),
    st.sampled_from(["filled", "reported"]),
)
def test_daily_equals_the_second_implementation(seed, hour_label, pm10):
    hours = synthetic(seed)
    got = daily(hours, name="区", hour_label=hour_label, pm10=pm10).set_index("date")
    expected = second_daily(hours, int(hour_label == "end"), pm10 == "filled")
    expected = expected.reindex(got.index)
    for p in ("pm25", "pm10", "pm10_reported", "so2", "no2", "co", "o3_8h"):
        np.testing.assert_allclose(got[p], expected[p], rtol=1e-9, err_msg=p)
    np.testing.assert_array_equal(got["aqi"].astype(float), expected["aqi"].astype(float))
    assert got["primary"].fillna("").tolist() == expected["primary"].fillna("").tolist()


def test_months_and_years_equal_plain_pandas():
    days = daily(synthetic(11, n_days=420, gaps=0.08), name="区")
    month = monthly(days).set_index(["indicator", "year", "month"])["value"]
    year = annual(days)
    for (y, m), part in days.groupby([days["date"].dt.year, days["date"].dt.month]):
        known = part["aqi"].dropna().astype(int)
        want = {p: part[p].mean() for p in ("pm25", "pm10", "so2", "no2")}
        want |= {"good_days": (known <= 100).sum(), "heavy_days": (known > 200).sum()}
        want |= {"severe_days": (known > 300).sum(), "good_day_ratio": 100 * (known <= 100).mean()}
        want["o3_8h_p90"] = np.percentile(part["o3_8h"].dropna(), 90)
        for indicator, value in want.items():
            assert month[indicator, y, m] == pytest.approx(value, nan_ok=True)
    value = year.set_index(["indicator", "year"])["value"]
    for y, part in days.groupby(days["date"].dt.year):
        assert value["pm25", y] == pytest.approx(part["pm25"].mean())
        assert value["o3_8h_mean", y] == pytest.approx(part["o3_8h"].mean())
        # linear at 1 + (n - 1) p
        ordered = np.sort(part["co"].dropna())
        low, share = divmod((len(ordered) - 1) * 0.95, 1)
        by_hand = (1 - share) * ordered[int(low)] + share * ordered[int(low) + 1]
        assert value["co_p95", y] == pytest.approx(by_hand)
        row = year.query("indicator == 'pm10' and year == @y").iloc[0]
        pair = sorted([part["pm10"].mean(), part["pm10_reported"].mean()])
        assert [row["lower"], row["upper"]] == pytest.approx(pair)
    assert year[year["indicator"] != "pm10"][["lower", "upper"]].isna().all().all()


# --------------------------------------------------------------------------------- completeness


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


def test_months_have_classes_too():
    month = monthly(year_of({1: 4, 3: 5, 4: 15, 5: 17, 2: 3, 12: 31}))
    month = month.query("indicator == 'pm25'").set_index("month")
    classes = ["strict", "strict", "adequate", "adequate", "partial", "partial"]
    assert month["completeness"][[1, 2, 3, 4, 5, 12]].tolist() == classes
    assert month["valid_days"][12] == 0 and np.isnan(month["value"][12])
    assert month["days"].tolist() == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_counts_of_days_go_by_the_days_with_an_index():
    days = year_of({})
    days["aqi"] = np.where(days["date"].dt.month == 6, np.nan, 100.0)
    days.loc[days["date"] == "2019-01-01", "aqi"] = 101
    days.loc[days["date"] == "2019-01-02", "aqi"] = 201
    days.loc[days["date"] == "2019-01-03", "aqi"] = 301
    got = annual(days).set_index("indicator")
    assert got["valid_days"]["good_days"] == 335 and got["completeness"]["good_days"] == "partial"
    assert got["value"][["good_days", "heavy_days", "severe_days"]].tolist() == [332, 2, 1]
    assert got["value"]["good_day_ratio"] == pytest.approx(100 * 332 / 335)
    assert got["value"]["heavy_day_ratio"] == pytest.approx(100 * 2 / 335)


def test_basis_and_release():
    parts = [year_of({}, y) for y in (2017, 2018, 2019)]
    parts.append(year_of({}, 2020).iloc[:-1])
    days = pd.concat(parts)
    got = annual(days).query("indicator == 'pm25'").set_index("year")
    assert got["basis"].tolist() == ["ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
    assert got["release"].tolist() == ["public", "public", "public", "draft"]
    month = monthly(days).query("indicator == 'pm25' and year == 2018").set_index("month")
    assert month["basis"][8] == "ref-273K" and month["basis"][9] == "ref-298K"
    month = monthly(days).query("indicator == 'pm25' and year == 2020")
    assert (month["release"] == "draft").all()


# ------------------------------------------------------------------------------------- inputs


def test_any_kind_of_table_gives_the_same_days(tmp_path):
    import ibis

    long = synthetic(3, n_days=4)
    expected = daily(long, name="区")
    printed = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}
    across = long.pivot(index=["time", "station"], columns="pollutant", values="value")
    across = across.reset_index()
    table = pa.Table.from_pandas(across, preserve_index=False)
    across.to_parquet(tmp_path / "hours.parquet", index=False)
    con = ibis.duckdb.connect()
    for hours in (
        long.assign(pollutant=long["pollutant"].map(printed)).sample(frac=1, random_state=1),
        across.rename(columns=printed),
        table,
        con.read_parquet(tmp_path / "hours.parquet"),
        Archive(long.astype({"station": "category", "pollutant": "category"}), pd.DataFrame()),
    ):
        got = daily(hours, name="区")
        pd.testing.assert_frame_equal(got, expected, rtol=1e-12)
    year = annual(expected)
    expected.to_parquet(tmp_path / "days.parquet", index=False)
    pd.testing.assert_frame_equal(annual(con.read_parquet(tmp_path / "days.parquet")), year)


def test_inputs_stay_as_they_are():
    hours = synthetic(3, n_days=3)
    before = hours.copy(deep=True)
    days = daily(hours)
    kept = days.copy(deep=True)
    annual(days), monthly(days)
    pd.testing.assert_frame_equal(hours, before)
    pd.testing.assert_frame_equal(days, kept)


def test_stations_and_name():
    hours = synthetic(3, n_days=3)
    assert daily(hours)["scope"].unique().tolist() == ["万寿西宫+官园"]
    single = daily(hours, stations=["西城官园"])
    assert single["scope"].unique().tolist() == ["官园"]
    each = daily(hours, by="station")
    pd.testing.assert_frame_equal(
        each[each["station"] == "官园"].drop(columns="station").reset_index(drop=True),
        single.drop(columns="scope"),
    )
    assert annual(each)["scope"].unique().tolist() == ["万寿西宫", "官园"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda h: daily(h, by="city"), "by is 'city'"),
        (lambda h: daily(h, hour_label="middle"), "hour_label is 'middle'"),
        (lambda h: daily(h, pm10="half"), "pm10 is 'half'"),
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


# ------------------------------------------------------------------------------------ the files


@pytest.fixture
def archive(tmp_path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for date in ("20190301", "20190302"):
        for kind, types in (("all", ("PM2.5", "PM10")), ("extra", ("SO2", "NO2", "O3", "CO"))):
            lines = ["date,hour,type,官园,万寿西宫"]
            for h in range(24):
                for t in types:
                    scale = 0.1 if t == "CO" else 1
                    lines.append(f"{date},{h},{t},{(20 + h % 5) * scale},{(30 + h % 7) * scale}")
            (folder / f"beijing_{kind}_{date}.csv").write_text("\n".join(lines) + "\n")
    return folder


TABLES = {"annual", "monthly", "daily", "station_daily", "defects"}


def test_run_writes_all_tables(archive, tmp_path):
    said, seen = [], []
    stations, told = (
        ["西城官园", "万寿西宫"],
        {"progress": lambda *a: seen.append(a), "warn": said.append},
    )
    paths = run_hourly([archive], stations, "西城区", tmp_path / "a" / "out", **told)
    assert set(paths) == TABLES and said == [] and seen[-1][:2] == (4, 4)
    for name, path in paths.items():
        text = path.read_bytes()
        assert path.name == f"{name}.csv" and b"\r" not in text and text.endswith(b"\n")
    days = pd.read_csv(paths["daily"], parse_dates=["date"])
    assert days["scope"].unique().tolist() == ["西城区"] and len(days) == 2
    stationwise = pd.read_csv(paths["station_daily"]).set_index("station")["pm25"]
    # labels 01 to 24 of the first day: hours 1 to 23 of one file and 0 of the next
    by_hand = sum(20 + h % 5 for h in [*range(1, 24), 0]) / 24
    assert stationwise["官园"].iloc[0] == pytest.approx(by_hand, abs=1e-4)
    written = pd.read_csv(paths["annual"]).set_index("indicator")["value"]
    assert written["pm25"] == pytest.approx(days["pm25"].mean(), abs=1e-4)
    assert {p.stem for p in paths["daily"].parent.iterdir()} == TABLES
    again = run_hourly(str(archive), stations, "西城区", tmp_path / "again")
    assert all(again[name].read_bytes() == paths[name].read_bytes() for name in TABLES)


@pytest.mark.parametrize("moment", ["writing", "before renaming"])
def test_a_run_that_dies_leaves_the_old_tables_whole(archive, tmp_path, monkeypatch, moment):
    out = tmp_path / "out"
    options = {"stations": ["官园"], "out": out}
    run_hourly(archive, name="old", **options)
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    class Killed(BaseException):
        pass

    calls = []

    def die(*args, **kwargs):
        calls.append(args)
        if moment == "writing" and len(calls) < 4:
            return fsync(*args)
        raise Killed

    fsync = os.fsync
    monkeypatch.setattr(run.os, "fsync" if moment == "writing" else "replace", die)
    with pytest.raises(Killed):
        run_hourly(archive, name="new", **options)
    assert {p.name: p.read_bytes() for p in out.iterdir() if p.is_file()} == before


def test_run_says_what_is_wrong(archive, tmp_path):
    with pytest.raises(InputError, match="东四"):
        run_hourly(archive, stations=["东四"], name="区", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write here"):
        run_hourly(archive, stations=["官园"], name="区", out=tmp_path / "file")
    blank = tmp_path / "blank"
    blank.mkdir()
    (blank / "a.csv").write_text("date,hour,type,官园\n20190301,1,PM2.5,\n")
    with pytest.raises(InputError, match="no hour"):
        run_hourly(blank, stations=["官园"], name="区", out=tmp_path / "out")


def test_daily_weather_and_hour_profile():
    spec = spec_from_file_location("air_tables", ROOT / "tools" / "air_tables.py")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    time = labels("2015-01-01").append(labels("2015-01-02", range(1, 20)))
    weather = {"temp": np.r_[np.arange(24.0), np.zeros(19)], "pres": 1000.0, "dewp": -1.0}
    weather |= {"rain": 0.5, "wspm": 2.0, "wd": ["N"] * 13 + ["S"] * 30}
    days = tool.weather_daily(pd.DataFrame({"time": time, "station": "官园", **weather}))
    row = days.iloc[0]
    assert (row["temp"], row["temp_min"], row["temp_max"], row["rain"]) == (11.5, 0, 23, 12)
    assert row["wd"] == "N" and row["hours"] == 24 and len(days) == 1  # 19 hours are no day
    hours = wide("2020-03-01", **dict.fromkeys(POLLUTANTS, np.arange(24.0)))
    profile = tool.hour_profile(hours)
    assert profile["hour"].tolist() == list(range(1, 25))
    assert profile["no2"].tolist() == list(np.arange(24.0)) and (profile["n"] == 1).all()
