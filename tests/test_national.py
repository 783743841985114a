"""National days, the merging rule, and what counts as no measurement, against cases by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_archive import day_text, put
from test_hourly import wide

from xc_analysis.errors import InputError
from xc_analysis.hourly import annual, daily, monthly, read_archive, run, run_hourly
from xc_analysis.tables import load

pytestmark = pytest.mark.usefixtures("lang_en")
A, B = "官园", "万寿西宫"
VALUES = {"pm25": 40.0, "pm10": 60.0, "so2": 5.0, "no2": 30.0, "co": 0.8, "o3": 90.0}


def hours_of(date: str, *stations, **values) -> pd.DataFrame:
    return pd.concat(wide(date, station=s, **(VALUES | values)) for s in stations)


def merged(hours, *rows):
    rows = pd.DataFrame(rows, columns=["date", "station", *run.VALUES]).assign(file="n.csv")
    days, own = daily(hours, name="区"), daily(hours, by="station")
    return run.merge_national(days, own, run.national_days(rows))


def test_the_hours_of_the_archive_win_and_a_national_day_fills_what_is_not_valid():
    hours = pd.concat(
        [
            hours_of("2022-03-01", A, B),
            # 官园 lacks PM2.5 and PM10 on the second day; 万寿西宫 has all of its hours
            hours_of("2022-03-02", A, pm25=np.nan, pm10=np.nan, no2=20.0),
            hours_of("2022-03-02", B, pm25=50.0),
        ]
    )
    rows = [["2022-03-01", A, *[1] * 6], ["2022-03-02", A, 70, 80, 9, 99, 9.9, 200]]
    days, stations, alone = merged(hours, *rows)
    columns = ["national", "pm25", "pm10", "no2", "o3_8h"]
    own = stations[stations["station"] == A]
    assert own[columns].values.tolist() == [[False, 40, 60, 30, 90], [True, 70, 80, 20, 90]]
    # the mean of the valid station-days
    assert days[columns].values.tolist() == [[False, 40, 60, 30, 90], [True, 60, 70, 25, 90]]
    assert alone.empty


def test_ozone_is_the_mean_of_daily_maxima():
    rows = ["2022-03-02", A, 30, 40, 3, 20, 0.5, 150], ["2022-03-02", B, 40, 50, 4, 30, 0.7, 171]
    day = merged(hours_of("2022-03-01", A, B), *rows)[0].iloc[1]
    assert day["o3_8h"] == 160.5 and pd.isna(day["o3_windows"])
    # 160.5 rounds half to even to 160, which does not exceed 160
    assert day["aqi"] == 100 and not day["known_exceedance"] and day["pm10_reported"] == 45


def test_only_rows_there_to_fill_fill():
    rows = [["2022-03-02", A, *[1] * 6], ["2022-03-03", "1006A", *[2] * 6]]
    rows = pd.DataFrame(rows, columns=["date", "station", *run.VALUES])
    tidy = run.national_days(rows.assign(use=["check", "fill"]))
    assert tidy["date"].dt.day.tolist() == [3] and tidy["station"].tolist() == [A]


def test_a_year_with_national_days_is_at_most_adequate():
    date = pd.date_range("2022-01-01", "2023-12-31")
    days = pd.DataFrame({"date": date, "scope": "区", "pm25": 40.0, "o3_8h": 90.0, "aqi": 60.0})
    days["national"] = date == "2022-06-01"
    years = annual(days).set_index(["indicator", "year"])
    assert years["completeness"]["pm25"].tolist() == ["adequate", "strict"]
    assert years["national_days"]["good_days", 2022] == 1
    months = monthly(days).query("indicator == 'pm25' and year == 2022").set_index("month")
    assert months["completeness"][[6, 7]].tolist() == ["adequate", "strict"]
    # the last year of the record is draft only where it is unfinished or stands on national days
    assert years["release"]["pm25", 2023] == "public"
    assert (annual(days[days["date"] < "2023"])["release"] == "draft").all()


def test_national_days_among_the_files(tmp_path):
    for day in ("20220301", "20220303"):
        put(tmp_path, day, text=day_text(day, ["PM2.5"], day24=False))
    row = ["2022-03-02", A, 30, 40, 3, 20, 0.5, 120, "2022-03-03T00", "fill"]
    rows = pd.DataFrame([row], columns=["date", "station", *run.VALUES, "read_at", "use"])
    rows.to_csv(tmp_path / "national_daily.csv", index=False)
    paths = run_hourly(tmp_path, ["1006A", "1001A"], "西城区", tmp_path / "out")
    days, year, defects = (pd.read_csv(paths[name]) for name in ("daily", "annual", "defects"))
    assert list(days)[:10] == "date scope pm25 pm10 so2 no2 co o3_8h aqi primary".split()
    assert days["national"].tolist() == [False, True, False] and days["pm25"][1] == 30
    year = year.set_index("indicator").loc["pm25", ["source_id", "national_days"]]
    assert year.tolist() == ["archive-hourly;cnemc-daily", 1]
    # one station alone is used and told, with its file
    alone = defects.query("rule == 'national_one_station'").set_index("pollutant")
    where = alone[["file", "date", "station"]].T.to_dict("list")
    assert where == dict.fromkeys(run.VALUES, ["national_daily.csv", "2022-03-02", A])


def test_known_exceedances_stay_out_of_ratios_and_good_days():
    dates = pd.date_range("2019-01-01", periods=40)
    heavy = {"pm25": 260.0, "o3": np.nan}
    hours = [hours_of(d, A, **(heavy if d < dates[3] else {})) for d in dates]
    days = daily(pd.concat(hours), name="区")
    assert days["known_exceedance"].sum() == 3
    year = annual(days).set_index("indicator")
    value = year["value"][["good_days", "good_day_ratio", "heavy_days", "heavy_day_ratio"]]
    assert value.tolist() == [37, 100, 3, 0]
    assert year["valid_days"]["good_days"] == 37 and year["known_exceedances"]["heavy_days"] == 3


def test_short_ozone_days_count_in_whole_years_and_not_in_partial_ones():
    date = pd.date_range("2019-01-01", "2019-12-31")
    days = pd.DataFrame({"date": date, "scope": "区", "o3_8h": np.arange(365) / 2.0})
    days["o3_windows"] = np.where(days["o3_8h"] > 172, 10, 17)
    whole = annual(days).set_index("indicator").loc["o3_8h_p90"]
    assert whole["value"] == np.percentile(days["o3_8h"], 90)
    assert whole["known_exceedances"] == (days["o3_8h"] > 172).sum() == 20
    part = days[days["date"].dt.month > 3]
    partial = annual(part).set_index("indicator").loc["o3_8h_p90"]
    kept = part.loc[part["o3_windows"] == 17, "o3_8h"]
    assert partial["value"] == np.percentile(kept, 90) and partial["valid_days"] == len(kept)


def wave(n: int, base=40.0, **put) -> np.ndarray:
    """A series without a defect, with values put at places such as ``at30=[400]``."""
    x = np.round(base + 5 * np.sin(np.arange(n) / 3.7) + np.arange(n) % 3, 1)
    for place, values in put.items():
        first = int(place.removeprefix("at"))
        x[first : first + len(values)] = values
    return x


def read(folder, table: dict[str, dict[str, np.ndarray]], start="2019-03-01"):
    """Read back values given as {type: {station: values}}; NaN as a blank."""
    stations = list(next(iter(table.values())))
    length = len(next(iter(table.values()))[stations[0]])
    for n, day in enumerate(pd.date_range(start, periods=length // 24)):

        def cell(kind, station, hour, first=n * 24):
            return f"{table[kind][stations[station]][first + hour]:g}".replace("nan", "")

        date = f"{day:%Y%m%d}"
        put(folder, date, text=day_text(date, list(table), stations, cell, day24=False))
    hours, defects = read_archive(folder, shape="wide")
    defects = defects[defects["rule"] != "other_statistics"]
    return hours, defects[["rule", "value"]].values.tolist(), defects


#: What a series holds from its 30th hour on, and which of these values are listed by which rule.
SHAPES = [
    ("SO2", 10, [212], "pulse", [212]),
    ("NO2", 40, [500] * 4, "stuck", [500] * 4),  # a calibration of four hours
    ("PM2.5", 75, [78, 1471, np.nan, np.nan, 79], "pulse", [1471]),
    # a spike beside a gap is judged from the side that has values
    ("O3", 40, [400, *[np.nan] * 5], "pulse", [400]),
    # the sandstorm of 2021-03-15 falls over many hours
    ("PM10", 90, [np.nan, 1119, 7432, 6768, 5255, 4289, 3589, 2725, 2045, 900], "pulse", []),
    # what is as high behind a gap may be a storm
    ("PM10", 90, [1500, *[np.nan] * 5, 1200, 980, 700, 500], "suspect", [1500]),
    ("O3", 60, [107] * 12, "stuck", [107] * 12),
    ("O3", 60, [107] * 6, "stuck", []),
    ("CO", 1, [2, 2, 2], "stuck", []),  # whole mg/m³
    ("PM10", 120, [318, 762, 1000, 1000, 1000, 370], "range_end", [1000] * 3),
    ("PM10", 90, [400, 800, 999, 999, 900, 500], "range_end", [999] * 2),  # a storm, no code
]


@pytest.mark.parametrize(("kind", "base", "values", "rule", "listed"), SHAPES)
def test_what_an_instrument_does(tmp_path, kind, base, values, rule, listed):
    x = (wave(96) / 40 if kind == "CO" else wave(96, base)).copy()
    x[30 : 30 + len(values)] = values
    hours, found, defects = read(tmp_path, {kind: {A: x}}, start="2016-05-05")
    assert found == [[rule, f"{v:g}"] for v in listed]
    is_kept = rule in ("range_end", "suspect")
    assert (defects["action"] == ("kept" if is_kept else "dropped")).all()
    assert len(hours) == 96 - np.isnan(values).sum() - (0 if is_kept else len(listed))


def test_rough_and_still_series_are_not_judged(tmp_path):
    rough = np.random.default_rng(3).integers(1, 400, 240).astype(float)
    still = np.repeat([40.0, 80, 120, 60, 90], 48)
    hours, found, _ = read(tmp_path, {"PM2.5": {A: rough}, "O3": {A: still}})
    np.testing.assert_array_equal(hours[["pm25", "o3"]], np.column_stack([rough, still]))
    assert not found


LONE = [*[np.nan] * 4, 400, *[np.nan] * 5]
SO2 = {A: wave(72, 10, at30=[220]), B: wave(72, 12)}
CO = {A: wave(72, 40, at31=[400]) / 80, B: wave(72, 40) / 80}
TOGETHER = [
    # without neighbours in time the other stations decide
    ({"O3": {A: wave(72, at26=LONE), B: wave(72, 50)}}, [["pulse", "400"]]),
    # two pollutants that rise at once, or two stations within an hour, are weather or fireworks
    ({"PM2.5": {A: wave(72, at30=[437])}, "PM10": {A: wave(72, 80, at30=[836])}}, []),
    ({"SO2": SO2 | {B: wave(72, 12, at31=[150])}}, []),
    # instruments are calibrated one after the other: SO2 first, then CO
    ({"SO2": SO2, "CO": CO}, [["pulse", "220"], ["pulse", "5"]]),
    # 2020-01-06 14:00: PM10 498 among withheld hours, PM2.5 63 to 71
    ({"PM2.5": {A: wave(72, 65)}, "PM10": {A: wave(72, np.nan, at30=[498])}}, [["pulse", "498"]]),
]


@pytest.mark.parametrize(("table", "listed"), TOGETHER)
def test_other_pollutants_and_stations_decide(tmp_path, table, listed):
    assert read(tmp_path, table)[1] == listed


@pytest.mark.parametrize("code", [999.9, 9999.0, 99999.0, 999.0, -999.0])
def test_codes_for_nothing_are_dropped_wherever_they_repeat(tmp_path, code):
    x = wave(96, at10=[code, code], at50=[code], at60=[-3])
    y = wave(96, 50, at10=[code], at80=[code])
    hours, found, defects = read(tmp_path, {"NO2": {A: x, B: y}})
    assert sorted(found) == sorted([*[["code", f"{code:g}"]] * 5, ["negative", "-3"]])
    assert defects["file"].nunique() == 3 and hours["no2"].max() < 60


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
    with pytest.raises(InputError, match=f"2019, 官园, 万寿西宫: .*{words}") as caught:
        read(tmp_path, {kind: {A: wave(72) * scale, B: wave(72) * scale}})
    assert "\n" not in str(caught.value)


def test_the_three_wrong_days_are_right_and_the_sandstorm_stays():
    days = load("air/daily").query("scope == '西城区'").set_index("date")
    wrong = {("2017-01-09", "o3_8h"): 54, ("2015-09-02", "pm10"): 18, ("2020-01-06", "pm10"): 57}
    assert {(d, c): round(days.at[pd.Timestamp(d), c]) for d, c in wrong} == wrong
    assert days.at[pd.Timestamp("2021-03-15"), "pm10"] > 1000


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


def test_published_values_are_met_by_years_of_known_completeness():
    years = load("air/annual").query("scope == '西城区'").set_index(["indicator", "year"])
    for indicator, values in PUBLISHED.items():
        for year, value in values.items():
            off = abs(years["value"][indicator, year] - value)
            assert off <= WITHIN.get((indicator, year), 0.1), (indicator, year)
    pm25 = years.loc["pm25"]
    classes = dict.fromkeys((2013, 2021), "partial")
    classes |= dict.fromkeys((2014, 2015, 2016, 2018, 2023), "strict")
    classes |= dict.fromkeys((2017, 2019, 2020, 2022, 2024, 2025), "adequate")
    assert pm25["completeness"].to_dict() == classes
    assert pm25["release"].to_dict() == dict.fromkeys(classes, "public") | {2025: "draft"}
    assert pm25["source_id"][2022] == "archive-hourly;cnemc-daily"


def test_areas_are_archive_only_and_the_district_is_among_them():
    areas = load("air/areas_annual")
    assert set(areas["source_id"]) == {"archive-hourly"}
    assert (areas["national_days"] == 0).all() and areas["scope"].nunique() == 18
    value, own = (
        table.set_index(["scope", "indicator", "year"])["value"]
        for table in (areas, load("air/annual"))
    )
    for year in (2018, 2019, 2020, 2021, 2023):
        assert value["西城区", "pm25", year] == pytest.approx(own["西城区", "pm25", year], abs=2e-4)
    assert value["北京市", "pm25", 2020] == pytest.approx(38.5, abs=0.5)
