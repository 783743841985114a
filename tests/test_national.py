"""National days, the merging rule, and what counts as no measurement, against cases by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, read_archive, run, run_hourly
from xc_analysis.tables import load

pytestmark = pytest.mark.usefixtures("lang_en")
A, B = "官园", "万寿西宫"
VALUES = {"pm25": 40.0, "pm10": 60.0, "so2": 5.0, "no2": 30.0, "co": 0.8, "o3": 90.0}


def hours_of(date: str, station: str, ends=range(1, 25), **values) -> pd.DataFrame:
    time = [pd.Timestamp(date) + pd.Timedelta(hours=h) for h in ends]
    return pd.DataFrame({"time": time, "station": station, **(VALUES | values)})


def national_rows(*rows) -> pd.DataFrame:
    columns = ["date", "station", *run.VALUES]
    return pd.DataFrame(rows, columns=columns)


def merged(hours, rows):
    days, own = daily(hours, name="区"), daily(hours, by="station")
    return run.merge_national(days, own, run.national_days(rows))


# --------------------------------------------------------------------------- the rule of merging


def test_the_hours_of_the_archive_win():
    hours = pd.concat([hours_of("2022-03-01", A), hours_of("2022-03-01", B, pm25=50.0)])
    rows = national_rows(["2022-03-01", A, 1, 1, 1, 1, 0.1, 1], ["2022-03-01", B, *[1] * 6])
    days, stations, single = merged(hours, rows)
    assert not days["national"].any() and not stations["national"].any() and single.empty
    assert days["pm25"].tolist() == [45.0]


def test_a_national_day_fills_only_what_is_not_valid():
    """官园 lacks PM2.5 and PM10 on the second day; 万寿西宫 has all of its hours."""
    hours = pd.concat(
        [
            *(hours_of("2022-03-01", s) for s in (A, B)),
            hours_of("2022-03-02", A, pm25=np.nan, pm10=np.nan, no2=20.0),
            hours_of("2022-03-02", B, pm25=50.0),
        ]
    )
    rows = national_rows(["2022-03-02", A, 70, 80, 9, 99, 9.9, 200])
    days, stations, single = merged(hours, rows)
    own = stations[stations["station"] == A].iloc[1]
    assert own["pm25"] == 70 and own["pm10"] == 80 and own["no2"] == 20 and own["national"]
    day = days.iloc[1]
    assert day["pm25"] == (70 + 50) / 2  # mean of the valid station-days
    assert day["no2"] == 25 and day["o3_8h"] == 90 and day["national"]
    assert single.empty


def test_ozone_is_the_mean_of_daily_maxima():
    hours = hours_of("2022-03-01", A)
    hours = pd.concat([hours, hours_of("2022-03-01", B)])
    rows = national_rows(
        ["2022-03-02", A, 30, 40, 3, 20, 0.5, 150], ["2022-03-02", B, 40, 50, 4, 30, 0.7, 171]
    )
    days, _, _ = merged(hours, rows)
    day = days.iloc[1]
    assert day["o3_8h"] == 160.5 and pd.isna(day["o3_windows"])
    # 160.5 rounds half to even to 160, which does not exceed 160
    assert day["aqi"] == 100 and not day["known_exceedance"] and day["pm10_reported"] == 45


def test_one_station_alone_is_used_and_told():
    hours = pd.concat([hours_of("2022-03-01", s) for s in (A, B)])
    rows = national_rows(["2022-03-02", A, 30, 40, 3, 20, 0.5, 120])
    days, _, single = merged(hours, rows)
    assert days["pm25"].tolist() == [40, 30]
    assert set(single["pollutant"]) == set(run.VALUES)
    assert (single["date"] == pd.Timestamp("2022-03-02")).all()


def test_only_rows_there_to_fill_fill():
    rows = national_rows(["2022-03-02", A, *[1] * 6], ["2022-03-03", "1006A", *[2] * 6])
    tidy = run.national_days(rows.assign(use=["check", "fill"]))
    assert tidy["date"].dt.day.tolist() == [3] and tidy["station"].tolist() == [A]


def test_a_year_with_national_days_is_at_most_adequate():
    date = pd.date_range("2022-01-01", "2023-12-31")
    days = pd.DataFrame({"date": date, "scope": "区", "pm25": 40.0, "o3_8h": 90.0, "aqi": 60.0})
    days["national"] = date == "2022-06-01"
    years = annual(days).set_index(["indicator", "year"])
    assert years["completeness"]["pm25", 2022] == "adequate"
    assert years["national_days"]["good_days", 2022] == 1
    assert years["completeness"]["pm25", 2023] == "strict"
    months = monthly(days).set_index(["indicator", "year", "month"])
    assert months["completeness"]["pm25", 2022, 6] == "adequate"
    assert months["completeness"]["pm25", 2022, 7] == "strict"
    # the last year of the record is draft only where it is unfinished or stands on national days
    assert years["release"]["pm25", 2023] == "public"
    assert (annual(days[days["date"] < "2023"])["release"] == "draft").all()


def test_national_days_among_the_files(tmp_path):
    lines = ["date,hour,type,官园,万寿西宫"]
    for day in ("20220301", "20220303"):
        lines += [f"{day},{h},{t},{40 + h % 3},{40 + h % 4}" for h in range(24) for t in ("PM2.5",)]
    (tmp_path / "beijing_all_20220301.csv").write_text("\n".join(lines) + "\n", "utf-8")
    rows = national_rows(["2022-03-02", A, 30, 40, 3, 20, 0.5, 120])
    rows = rows.assign(read_at="2022-03-03T00", use="fill")
    rows.to_csv(tmp_path / "national_daily.csv", index=False)
    paths = run_hourly(tmp_path, ["1006A", "1001A"], "西城区", tmp_path / "out")
    days = pd.read_csv(paths["daily"])
    first = "date scope pm25 pm10 so2 no2 co o3_8h aqi primary"
    assert list(days.columns[:10]) == first.split()
    assert days["national"].tolist() == [False, True, False] and days["pm25"][1] == 30
    year = pd.read_csv(paths["annual"]).set_index("indicator")
    assert year["source_id"]["pm25"] == "archive-hourly;cnemc-daily"
    assert year["national_days"]["pm25"] == 1
    listed = pd.read_csv(paths["defects"])
    assert (listed["rule"] == "national_one_station").sum() == 6


# -------------------------------------------------------------------------- known exceedances


def test_known_exceedances_stay_out_of_ratios_and_good_days():
    date = pd.date_range("2019-01-01", "2019-12-31")
    hours = []
    for d in date[:40]:
        values = {"pm25": 40.0, "o3": 90.0}
        if d.day <= 3 and d.month == 1:
            values = {"pm25": 260.0, "o3": np.nan}  # heavy, without ozone
        hours.append(hours_of(d, A, **values))
    days = daily(pd.concat(hours), name="区")
    assert days["known_exceedance"].sum() == 3
    year = annual(days).set_index("indicator")
    assert year["value"]["good_days"] == 37 and year["valid_days"]["good_days"] == 37
    assert year["value"]["good_day_ratio"] == 100 and year["value"]["heavy_day_ratio"] == 0
    assert year["value"]["heavy_days"] == 3 and year["known_exceedances"]["heavy_days"] == 3


def test_short_ozone_days_count_in_whole_years_and_not_in_partial_ones():
    date = pd.date_range("2019-01-01", "2019-12-31")
    days = pd.DataFrame({"date": date, "scope": "区", "o3_8h": np.arange(365) / 2.0})
    days["o3_windows"] = np.where(days["o3_8h"] > 172, 10, 17)
    whole = annual(days).set_index("indicator")
    short = int((days["o3_8h"] > 172).sum())
    assert whole["value"]["o3_8h_p90"] == np.percentile(days["o3_8h"], 90)
    assert whole["known_exceedances"]["o3_8h_p90"] == short == 20
    part = days[days["date"].dt.month > 3]
    partial = annual(part).set_index("indicator")
    kept = part.loc[part["o3_windows"] == 17, "o3_8h"]
    assert partial["value"]["o3_8h_p90"] == np.percentile(kept, 90)
    assert partial["valid_days"]["o3_8h_p90"] == len(kept)


@pytest.mark.parametrize(("value", "valid"), [(160.4, False), (160.5, False), (160.6, True)])
def test_exceeds_is_decided_on_the_rounded_value(value, valid):
    day = daily(hours_of("2020-07-01", A, range(1, 19), o3=value), name="区").iloc[0]
    assert pd.notna(day["o3_8h"]) == valid and day["o3_windows"] == 13


# ------------------------------------------------------------------------- no measurement


def wave(n: int, base=40.0) -> np.ndarray:
    return np.round(base + 5 * np.sin(np.arange(n) / 3.7) + np.arange(n) % 3, 1)


def read(tmp_path, table: dict[str, dict[str, np.ndarray]], start="2019-03-01"):
    """Read back values given as {type: {station: values}}; NaN as a blank."""
    stations = list(next(iter(table.values())))
    n = len(next(iter(table.values()))[stations[0]])
    time = pd.date_range(start, periods=n, freq="h")
    for date in dict.fromkeys(time.strftime("%Y%m%d")):
        lines = ["date,hour,type," + ",".join(stations)]
        for i, t in enumerate(time):
            if t.strftime("%Y%m%d") == date:
                for kind, columns in table.items():
                    cells = [columns[s][i] for s in stations]
                    cells = ["" if np.isnan(c) else f"{c:g}" for c in cells]
                    lines.append(f"{date},{t.hour},{kind},{','.join(cells)}")
        (tmp_path / f"beijing_all_{date}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return read_archive(tmp_path, shape="wide")


def at(hours, station, column):
    return hours[hours["station"] == station].set_index("time")[column]


#: What a series holds from its 30th hour on, and which of these values are dropped by which rule.
SHAPES = [
    ("SO2", 10, [212], "pulse", [212]),
    ("NO2", 40, [500] * 4, "stuck", [500] * 4),  # a calibration of four hours
    ("PM2.5", 75, [78, 1471, np.nan, np.nan, 79], "pulse", [1471]),
    # the sandstorm of 2021-03-15 falls over many hours
    ("PM10", 90, [np.nan, 1119, 7432, 6768, 5255, 4289, 3589, 2725, 2045, 900], "pulse", []),
    ("O3", 60, [107] * 12, "stuck", [107] * 12),
    ("O3", 60, [107] * 6, "stuck", []),
    ("CO", 1, [2, 2, 2], "stuck", []),  # whole mg/m³
    ("PM10", 120, [318, 762, 1000, 1000, 1000, 370], "range_end", [1000] * 3),
]


@pytest.mark.parametrize(("kind", "base", "values", "rule", "listed"), SHAPES)
def test_what_an_instrument_does(tmp_path, kind, base, values, rule, listed):
    x = wave(96, base) if kind != "CO" else wave(96) / 40
    x[30 : 30 + len(values)] = values
    hours, defects = read(tmp_path, {kind: {A: x}}, start="2016-05-05")
    found = defects[defects["rule"] == rule]
    assert found["value"].tolist() == [f"{v:g}" for v in listed]
    assert set(defects["rule"]) <= {rule} and found["file"].nunique() == bool(listed)
    kept = len(found) if rule == "range_end" else 0
    assert hours.shape[0] == 96 - np.isnan(values).sum() - len(listed) + kept


def test_rough_and_still_series_are_not_judged(tmp_path):
    rough = np.random.default_rng(3).integers(1, 400, 240).astype(float)
    still = np.repeat([40.0, 80, 120, 60, 90], 48)
    hours, defects = read(tmp_path, {"PM2.5": {A: rough}, "O3": {A: still}})
    np.testing.assert_array_equal(hours["pm25"], rough)
    np.testing.assert_array_equal(hours["o3"], still)
    assert not len(defects)


def test_a_spike_beside_a_gap_is_judged_from_the_side_that_has_values(tmp_path):
    x = wave(72)
    x[30:36] = [400, *[np.nan] * 5]
    hours, defects = read(tmp_path, {"O3": {A: x}})
    found = defects[defects["rule"] == "pulse"]
    assert found[["hour", "value", "file"]].values.tolist() == [
        [6, "400", "beijing_all_20190302.csv"]
    ]
    assert len(at(hours, A, "o3").dropna()) == 72 - 6


def test_a_spike_without_neighbours_is_judged_by_the_other_stations(tmp_path):
    x, y = wave(72), wave(72, 50)
    x[26:36] = np.nan
    x[30] = 400
    _, defects = read(tmp_path, {"O3": {A: x, B: y}})
    assert (defects["rule"] == "pulse").sum() == 1


def test_a_peak_before_a_long_gap_that_may_be_a_storm_is_kept_as_suspect(tmp_path):
    x = wave(72, 90)
    x[30:36] = [1500, *[np.nan] * 5]
    x[36:40] = [1200, 1000, 700, 500]
    hours, defects = read(tmp_path, {"PM10": {A: x}})
    found = defects[defects["rule"] == "suspect"]
    assert found["value"].tolist() == ["1500"] and found["action"].tolist() == ["kept"]
    assert at(hours, A, "pm10").max() == 1500


def test_two_pollutants_or_two_stations_that_rise_together_are_no_pulse(tmp_path):
    pm25, pm10 = wave(72), wave(72, 80)
    pm25[30], pm10[30] = 437, 836
    hours, defects = read(tmp_path, {"PM2.5": {A: pm25}, "PM10": {A: pm10}})
    assert not len(defects) and at(hours, A, "pm10").max() == 836
    so2 = {A: wave(72, 10), B: wave(72, 12)}
    so2[A][30], so2[B][31] = 220, 150
    folder = tmp_path / "so2"
    folder.mkdir()
    hours, defects = read(folder, {"SO2": so2})
    assert not len(defects)
    # alone it is a calibration, and its instruments follow one another: SO2 first, then CO
    alone, co = {A: so2[A], B: wave(72, 12)}, {A: wave(72, 40) / 80, B: wave(72, 40) / 80}
    co[A][31] = 5.0
    folder = tmp_path / "alone"
    folder.mkdir()
    _, defects = read(folder, {"SO2": alone, "CO": co})
    assert defects[["rule", "value"]].values.tolist() == [["pulse", "220"], ["pulse", "5"]]


def test_withheld_pm10_stands_at_the_level_of_pm25(tmp_path):
    """2020-01-06 14:00: PM10 498 among withheld hours, PM2.5 63 to 71."""
    pm25, pm10 = wave(72, 65), np.full(72, np.nan)
    pm10[30] = 498
    _, defects = read(tmp_path, {"PM2.5": {A: pm25}, "PM10": {A: pm10}})
    assert defects[["rule", "value"]].values.tolist() == [["pulse", "498"]]


@pytest.mark.parametrize("code", [999.9, 9999.0, 99999.0, 999.0])
def test_codes_for_nothing_are_dropped_wherever_they_repeat(tmp_path, code):
    x, y = wave(96), wave(96, 50)
    x[[10, 11, 50]] = code
    y[[10, 80]] = code
    hours, defects = read(tmp_path, {"NO2": {A: x, B: y}})
    assert (defects["rule"] == "code").sum() == 5 == len(defects)
    assert defects["file"].nunique() == 3 and at(hours, A, "no2").max() < 60


def test_negative_codes_are_codes_and_a_storm_at_999_is_none(tmp_path):
    x = wave(48)
    x[[5, 6]] = -999
    x[9] = -3
    storm = wave(48, 90)
    storm[20:26] = [400, 800, 999, 999, 900, 500]
    _, defects = read(tmp_path, {"SO2": {A: x}, "PM10": {A: storm}})
    counts = defects["rule"].value_counts().to_dict()
    assert counts == {"code": 2, "negative": 1}


@pytest.mark.parametrize(
    ("kind", "scale", "words"),
    [
        ("CO", 20.0, "CO.*mg/m³.*µg/m³"),
        ("CO", 0.001, "CO.*mg/m³"),
        ("PM2.5", 0.001, "PM2.5.*µg/m³.*mg/m³"),
        ("O3", 1000.0, "O3.*µg/m³"),
    ],
)
def test_another_unit_is_refused_with_both_named(tmp_path, kind, scale, words):
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, {kind: {A: wave(72) * scale}})
    assert "\n" not in str(caught.value) and "2019" in str(caught.value)


# ------------------------------------------------------------------------------ the real cases


def test_the_spikes_of_xicheng(shared):
    for case, column, hour, value in (
        ("xicheng_o3_415_20170109", "o3", 17, "415"),
        ("xicheng_pm10_558_20150902", "pm10", 12, "558"),
    ):
        for stations in (None, [A, B]):
            _, defects = read_archive(shared / "cases" / case, stations=stations)
            found = defects[defects["rule"] == "pulse"]
            assert found[["pollutant", "hour", "value"]].values.tolist() == [[column, hour, value]]


def test_fireworks_stay(shared):
    hours, defects = read_archive(
        shared / "cases" / "real_fireworks_20190205_spikes_dropped", shape="wide"
    )
    assert not len(defects[defects["action"] == "dropped"])
    night = hours[(hours["time"] >= "2019-02-05") & (hours["time"] <= "2019-02-05 02:00")]
    assert {437, 570} <= set(night["pm25"]) and 836 in set(night["pm10"])
    assert 224 in set(night["so2"])


# --------------------------------------------------------------------- the tables of the project


def test_the_three_wrong_days_are_right():
    days = load("air/daily").set_index("date")
    days = days[days["scope"] == "西城区"]
    for date, column, value in (
        ("2017-01-09", "o3_8h", 54),
        ("2015-09-02", "pm10", 18),
        ("2020-01-06", "pm10", 57),
    ):
        assert round(float(days.loc[pd.Timestamp(date), column])) == value
    assert days.loc[pd.Timestamp("2021-03-15"), "pm10"] > 1000  # the sandstorm stays


#: Published or implied by publications, and what the national days add up to.
PUBLISHED = {
    "pm25": {2014: 88.4, 2015: 83.0, 2020: 40.0, 2022: 32.6, 2024: 34.6, 2025: 29.9},
    "pm10": {2022: 58.9, 2024: 64.2, 2025: 55.0},
    "no2": {2022: 27.6, 2024: 30.2, 2025: 27.3},
    "o3_8h_p90": {2022: 176.8, 2025: 172.6},
    "good_day_ratio": {2017: 59.0, 2020: 73.2, 2021: 80.9, 2022: 77.2, 2024: 74.0, 2025: 80.7},
    "heavy_days": {2015: 53, 2020: 10, 2022: 4, 2024: 4, 2025: 5},
}
#: How far off those may be that others published; what the record adds up to is exact.
WITHIN = {("pm25", 2014): 1, ("pm25", 2015): 1.1, ("pm25", 2020): 0.5, ("heavy_days", 2015): 1}
WITHIN |= {("good_day_ratio", 2020): 0.5} | {("no2", year): 0.2 for year in (2022, 2024, 2025)}


def test_published_values_are_met():
    years = load("air/annual").query("scope == '西城区'").set_index(["indicator", "year"])["value"]
    for indicator, values in PUBLISHED.items():
        for year, value in values.items():
            off = abs(years[indicator, year] - value)
            assert off <= WITHIN.get((indicator, year), 0.1), (indicator, year)


def test_whole_years_and_partial_ones():
    years = load("air/annual")
    pm25 = years[years["indicator"] == "pm25"].set_index("year")
    assert pm25["completeness"][[2013, 2021]].tolist() == ["partial", "partial"]
    strict = [2014, 2015, 2016, 2018, 2023]
    assert (pm25["completeness"][strict] == "strict").all()
    assert (pm25["completeness"][[2017, 2019, 2020, 2022, 2024, 2025]] == "adequate").all()
    assert pm25["release"][2025] == "draft" and (pm25["release"].drop(2025) == "public").all()
    assert pm25["source_id"][2022] == "archive-hourly;cnemc-daily"
    areas = load("air/areas_annual")
    assert (areas["national_days"] == 0).all() and areas["scope"].nunique() == 18
