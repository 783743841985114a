"""National days, the merging rule, and what counts as no measurement, against cases by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_archive import OLD, put
from test_hourly import PRINTED, wide

from xc_analysis.errors import InputError
from xc_analysis.hourly import daily, read_archive, run, run_hourly
from xc_analysis.tables import load

pytestmark = pytest.mark.usefixtures("lang_en")
A, B = OLD
CLEAN = {"pm25": 40.0, "pm10": 60.0, "so2": 5.0, "no2": 30.0, "co": 0.8, "o3": 90.0}
NATIONAL = ["date", "station", *run.VALUES]


def test_the_hours_of_the_archive_win_and_a_national_day_fills_what_is_not_valid():
    # 官园 lacks PM2.5 and PM10 on the second day; 万寿西宫 has all of its hours
    lacking = CLEAN | {"pm25": np.nan, "pm10": np.nan, "no2": 20.0}
    parts = [wide("2022-03-01", station=station, **CLEAN) for station in (A, B)]
    parts += [wide("2022-03-02", **lacking), wide("2022-03-02", station=B, **CLEAN | {"pm25": 50})]
    rows = [["2022-03-01", A, *[1] * 6], ["2022-03-02", A, 70, 80, 9, 99, 9.9, 200]]
    rows += [["2022-03-03", A, 30, 40, 3, 20, 0.5, 150], ["2022-03-03", B, 40, 50, 4, 30, 0.7, 171]]
    national = run.national_days(pd.DataFrame(rows, columns=NATIONAL).assign(file="n.csv"))
    hours = pd.concat(parts)
    days, own, alone = run.merge_national(
        daily(hours, name="区"), daily(hours, by="station"), national
    )
    columns, first = ["national", "pm25", "pm10", "no2", "o3_8h"], [False, 40, 60, 30, 90]
    filled = own.loc[own["station"] == A, columns].values.tolist()
    assert filled == [first, [True, 70, 80, 20, 90], [True, 30, 40, 20, 150]]
    # the mean of the valid station-days, for ozone of their daily maxima
    want = [first, [True, 60, 70, 25, 90], [True, 35, 45, 25, 160.5]]
    assert days[columns].values.tolist() == want and alone.empty
    # 160.5 rounds half to even to 160, which does not exceed 160; hours are not known
    last = days.iloc[2]
    assert (last["aqi"], last["known_exceedance"], last["pm10_reported"]) == (100, False, 45)
    assert pd.isna(last["o3_windows"])


def test_national_days_among_the_files_fill_where_they_are_there_to_fill(tmp_path):
    put(tmp_path, "20220301")
    put(tmp_path, "20220303")
    table = pd.DataFrame(columns=[*NATIONAL, "read_at", "use"])
    for use, value in (("check", 99), ("fill", 30)):
        table.loc[len(table)] = ["2022-03-02", "1006A", *[value] * 6, "2022-03-03T00", use]
    table.to_csv(tmp_path / "national_daily.csv", index=False)
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


def wave(base: float, *values, at=30, n=96) -> np.ndarray:
    """A series without a defect, with values put at a place."""
    k = np.arange(n)
    x = np.round(base * (1 + np.sin(k / 3.7) / 8 + k % 3 / 40), 2)
    x[at : at + len(values)] = values
    return x


def read(folder, table: dict[str, list[np.ndarray]]):
    """Read back hours given as {type: [values of a station, ...]}, a file a day."""
    first, *_ = table.values()
    for n in range(len(first[0]) // 24):

        def cell(kind, station, hour, begin=24 * n):
            return f"{table[kind][station][begin + hour]:g}"

        put(folder, f"201605{n + 5:02d}", kinds=table, stations=OLD[: len(first)], value=cell)
    return read_archive(folder, shape="wide")


NONE = [np.nan] * 5
SANDSTORM = [np.nan, 1119, 7432, 6768, 5255, 4289, 3589, 2725, 2045, 900]
ROUGH = np.random.default_rng(3).integers(1, 400, 240).astype(float)
STILL = np.repeat([40.0, 80, 120, 60, 90], 48)
#: Hours by pollutant, one station or two, and which of their values are listed by which rule.
RECORDS = [
    ({"SO2": [wave(10, 212)]}, "pulse", [212]),
    ({"NO2": [wave(40, *[500] * 4)]}, "stuck", [500] * 4),  # a calibration of four hours
    ({"PM2.5": [wave(75, 78, 1471, np.nan, np.nan, 79)]}, "pulse", [1471]),
    # a spike beside a gap is judged from the side that has values
    ({"O3": [wave(40, 400, *NONE)]}, "pulse", [400]),
    # the sandstorm of 2021-03-15 falls over many hours
    ({"PM10": [wave(90, *SANDSTORM)]}, "", []),
    # what is as high behind a gap may be a storm
    ({"PM10": [wave(90, 1500, *NONE, 1200, 980, 700, 500)]}, "suspect", [1500]),
    ({"O3": [wave(60, *[107] * 12)]}, "stuck", [107] * 12),
    ({"O3": [wave(60, *[107] * 6)]}, "", []),
    ({"CO": [wave(1, 2, 2, 2)]}, "", []),  # whole mg/m³
    ({"PM10": [wave(120, 318, 762, 1000, 1000, 1000, 370)]}, "range_end", [1000] * 3),
    # 999 in a storm is no code
    ({"PM10": [wave(90, 400, 800, 999, 999, 900, 500)]}, "range_end", [999] * 2),
    # without neighbours in time the other stations decide
    ({"O3": [wave(40, *NONE, 400, *NONE), wave(50)]}, "pulse", [400]),
    # two pollutants that rise at once, or two stations within an hour, are weather or fireworks
    ({"PM2.5": [wave(40, 437)], "PM10": [wave(80, 836)]}, "", []),
    ({"SO2": [wave(10, 220), wave(12, 150, at=31)]}, "", []),
    # instruments are calibrated one after the other
    ({"SO2": [wave(10, 220)], "CO": [wave(0.5, 5, at=31)]}, "pulse", [220, 5]),
    # 2020-01-06 14:00: PM10 498 among withheld hours, PM2.5 63 to 71
    ({"PM2.5": [wave(65)], "PM10": [wave(np.nan, 498)]}, "pulse", [498]),
    ({"PM2.5": [ROUGH], "O3": [STILL]}, "", []),  # such series are not judged
]
# codes for nothing, at two stations at once and again on another day
for code in (999.9, 9999.0, 99999.0, 999.0, -999.0):
    series = [wave(40, code, 41, code, at=23), wave(50, code, at=23)]
    RECORDS.append(({"NO2": series}, "code", [code] * 3))


@pytest.mark.parametrize(("table", "rule", "values"), RECORDS)
def test_instruments_are_listed_and_weather_stays(tmp_path, table, rule, values):
    hours, defects = read(tmp_path, table)
    assert defects[["rule", "value"]].values.tolist() == [[rule, f"{v:g}"] for v in values]
    is_dropped = rule in ("pulse", "stuck", "code")
    assert set(defects["action"]) <= {"dropped" if is_dropped else "kept"}
    given = sum(np.isfinite(stations).sum() for stations in table.values())
    assert hours[list(PRINTED)].notna().sum().sum() == given - len(values) * is_dropped


@pytest.mark.parametrize(
    ("kind", "level", "words"),
    [("CO", 800, "CO.*mg/m³.*µg/m³"), ("PM2.5", 0.04, "PM2.5.*µg/m³.*mg/m³")],
)
def test_another_unit_is_refused_with_both_named(tmp_path, kind, level, words):
    with pytest.raises(InputError, match=f"2016, 官园, 万寿西宫: .*{words}") as caught:
        read(tmp_path, {kind: [wave(level)] * 2})
    assert "\n" not in str(caught.value)


def test_the_three_wrong_days_are_right_and_the_sandstorm_stays():
    days = load("air/daily").query("scope == '西城区'").set_index("date")
    wrong = {("2017-01-09", "o3_8h"): 54, ("2015-09-02", "pm10"): 18, ("2020-01-06", "pm10"): 57}
    assert {(d, c): round(days.at[pd.Timestamp(d), c]) for d, c in wrong} == wrong
    assert days.at[pd.Timestamp("2021-03-15"), "pm10"] > 1000


def test_published_values_are_met_by_years_of_known_completeness():
    """Within what its rounding allows where others published it; else what the record adds up to."""
    keys = ["indicator", "year"]
    years = load("air/annual").query("scope == '西城区'").set_index(keys)
    published = pd.read_csv(Path(__file__).parent / "cases/published_air.csv", index_col=keys)
    off = (years["value"].reindex(published.index) - published["value"]).abs()
    assert off[~(off <= published["within"])].to_dict() == {}
    pm25 = years.loc["pm25"]
    classes = dict.fromkeys((2013, 2021), "partial")
    classes |= dict.fromkeys((2014, 2015, 2016, 2018, 2023), "strict")
    classes |= dict.fromkeys((2017, 2019, 2020, 2022, 2024, 2025), "adequate")
    assert pm25["completeness"].to_dict() == classes
    assert pm25["release"].to_dict() == dict.fromkeys(classes, "public") | {2025: "draft"}
    assert pm25["source_id"][2022] == "archive-hourly;cnemc-daily"


def test_the_district_among_the_areas_is_that_of_its_own_record():
    keys, years = ["indicator", "scope", "year"], [2018, 2019, 2020, 2021, 2023]
    areas, own = (
        load(f"air/{name}").set_index(keys)["value"].sort_index()
        for name in ("areas_annual", "annual")
    )
    district = areas["pm25", "西城区"][years]
    np.testing.assert_allclose(district, own["pm25", "西城区"][years], rtol=0, atol=2e-4)
    assert areas["pm25", "北京市", 2020] == pytest.approx(38.5, abs=0.5)
