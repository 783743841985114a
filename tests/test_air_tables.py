"""The committed tables: published values, agreement with each other, and their making anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xc_analysis import hourly

AIR = Path(__file__).resolve().parents[1] / "data" / "air"
SCOPE = "西城区"


@pytest.fixture(scope="module")
def air() -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for path in sorted(AIR.glob("*.csv"))}


@pytest.fixture(scope="module")
def value(air):
    table = air["annual"].set_index(["indicator", "year"])
    assert table.index.is_unique
    return table


def part(air, column: str, first: str, last: str) -> pd.Series:
    days = air["daily"].set_index("date")[column]
    return days[(days.index >= first) & (days.index <= last)].dropna()


# ------------------------------------------------------------------------- published values


@pytest.mark.parametrize(("indicator", "year", "printed", "within"), [
    ("pm25", 2014, 88.4, 1), ("pm25", 2015, 83.0, 1), ("pm25", 2020, 40, 1),
    ("heavy_days", 2015, 53, 1), ("heavy_days", 2020, 10, 1),
    ("good_day_ratio", 2020, 73.2, 0.5),
])  # fmt: skip
def test_published_years(value, indicator, year, printed, within):
    assert abs(value["value"][indicator, year] - printed) <= within


def test_published_parts_of_years(air):
    assert abs(part(air, "no2", "2020-01-01", "2020-09-30").mean() - 28) <= 1
    assert abs(np.percentile(part(air, "o3_8h", "2020-01-01", "2020-10-31"), 90) - 181) <= 1
    # the bulletin's 111 is the mean of the daily maxima
    assert abs(part(air, "o3_8h", "2020-01-01", "2020-09-30").mean() - 111) <= 1


def test_pm10_in_both_treatments(air):
    """57 published for Jan-Sep 2020, 55 for Jan-Oct 2021; filled and as reported stand around."""
    for first, last, reported, filled in (
        ("2020-01-01", "2020-09-30", 57.0, 60.6),
        ("2021-01-01", "2021-10-31", 59.8, 73.4),
    ):
        assert part(air, "pm10_reported", first, last).mean() == pytest.approx(reported, abs=0.1)
        # 0.14 less in 2021: the PM2.5 of 1471 of 2021-04-10 no longer fills an hour of PM10
        assert part(air, "pm10", first, last).mean() == pytest.approx(filled, abs=0.2)


def test_completeness_of_pm25(value):
    got = value.loc["pm25"]
    assert got.index[got["completeness"] == "strict"].tolist() == [2014, 2015, 2016, 2018, 2023]
    adequate = got[got["completeness"] == "adequate"]["valid_days"]
    assert adequate.to_dict() == {2017: 322, 2019: 351, 2020: 360}
    assert got.index[got["completeness"] == "partial"].tolist() == [2013, 2021, 2022, 2024, 2025]


def test_the_part_of_2025_that_is_there(value):
    got = value["value"].xs(2025, level="year")
    assert (got["heavy_days"], got["severe_days"]) == (5, 0)
    assert round(got["good_day_ratio"], 1) == 78.4 and round(got["o3_8h_p90"]) == 178
    assert set(value.xs(2025, level="year")["release"]) == {"draft"}
    assert set(value.drop(2025, level="year")["release"]) == {"public"}


# ------------------------------------------------------------------------ one with another


def test_years_and_months_follow_from_the_days(air):
    days = air["daily"].assign(date=pd.to_datetime(air["daily"]["date"]))
    for name, made in (("annual", hourly.annual(days)), ("monthly", hourly.monthly(days))):
        table = air[name]
        assert list(table.columns) == list(made.columns)
        for column in made:
            if made[column].dtype.kind == "f":
                np.testing.assert_allclose(table[column], made[column], atol=2e-4)
            else:
                assert table[column].tolist() == made[column].tolist()


def test_columns_units_and_ranges(air):
    assert set(air) >= {
        "annual", "monthly", "daily", "station_daily", "hour_profile", "weather_daily", "defects",
    }  # fmt: skip
    assert air["annual"].columns.tolist() == [
        "scope", "indicator", "year", "value", "lower", "upper", "unit", "valid_days", "days",
        "capture", "completeness", "basis", "release",
    ]  # fmt: skip
    assert air["daily"].columns.tolist() == [
        "date", "scope", "pm25", "pm10", "pm10_reported", "so2", "no2", "co", "o3_8h", "aqi",
        "primary",
    ]  # fmt: skip
    assert air["defects"].columns.tolist() == [
        "file", "date", "hour", "station", "pollutant", "value", "rule", "action", "count",
    ]  # fmt: skip
    units = air["annual"].groupby("indicator")["unit"].unique().str.join(",").to_dict()
    assert units["pm25"] == "µg/m³" and units["co_p95"] == "mg/m³" and units["good_days"] == "d"
    assert (air["annual"]["scope"] == SCOPE).all()
    assert air["daily"]["co"].max() < 20  # mg/m³
    assert set(air["hour_profile"]["hour"]) == set(range(1, 25))


def test_every_day_is_there_once(air):
    date = pd.to_datetime(air["daily"]["date"])
    assert (date.diff().dropna() == pd.Timedelta(days=1)).all()
    assert date.iloc[0] == pd.Timestamp("2013-03-01") and date.iloc[-1] == pd.Timestamp(
        "2025-11-08"
    )
    stationwise = air["station_daily"]
    assert set(stationwise["station"]) == {"官园", "万寿西宫"}
    assert not stationwise.duplicated(["date", "station"]).any()


def test_days_lie_between_their_stations(air):
    means = air["station_daily"].groupby("date")["pm25"].agg(["min", "max", "count"])
    days = air["daily"].set_index("date")["pm25"]
    both = means[(means["count"] == 2) & days.notna()]
    # where both stations report whole days, their hours may still differ: a little room
    inside = (days[both.index] >= both["min"] - 3) & (days[both.index] <= both["max"] + 3)
    assert inside.mean() > 0.995


def test_known_defects_are_listed(air):
    defects = air["defects"]
    count = defects.groupby("rule")["count"].sum()
    assert count["HTML page"] == 34 and count["empty file"] == 4
    assert count["byte order mark"] == 1 and count["misread station names in the header"] == 1
    absent = defects[defects["rule"] == "no usable file"]
    days = {}
    for row in absent.itertuples():
        for day in pd.date_range(row.date, periods=row.count):
            days[day.year] = days.get(day.year, 0) + 1
    assert days[2021] == 131 and days[2022] == 219
    pulses = defects[defects["rule"] == "pulse"]
    one = pulses[(pulses["date"] == "2021-04-10") & (pulses["station"] == "万寿西宫")]
    assert one[["hour", "value", "pollutant"]].values.tolist() == [[14, "1471", "pm25"]]
    late = pulses[pulses["date"].str.startswith("2025") & (pulses["pollutant"] == "so2")]
    assert len(late) >= 15 and set(late["station"]) == {"官园"}
    stuck = defects[defects["rule"] == "stuck"]
    full = stuck[stuck["date"] == "2015-04-06"]
    assert full["hour"].tolist() == [13, 14, 15, 16] and set(full["value"]) == {"500"}
    assert (stuck[stuck["pollutant"] == "o3"]["date"] < "2013-04").sum() > 400
    # the sandstorm is no defect
    assert not (defects["value"] == "7432").any()
    assert air["daily"].set_index("date")["pm10"]["2021-03-15"] > 1500


def test_tables_carry_no_raw_rows(air):
    assert "hour" not in air["daily"] and len(air["hour_profile"]) < 24 * 12 * 14


# ------------------------------------------------------------------------------- made anew


def test_the_archive_gives_the_committed_tables(shared, tmp_path):
    paths = hourly.run(
        shared / "hourly", stations=["官园", "万寿西宫"], name=SCOPE, out=tmp_path / "air"
    )
    for name, path in paths.items():
        assert path.read_bytes() == (AIR / f"{name}.csv").read_bytes(), name


def test_the_other_reading_of_the_label_moves_counts_by_a_few_days(shared, value):
    wide = hourly.read_wide(
        sorted((shared / "hourly").glob("beijing_20[12][0-9]*.zip"))[6:9],
        stations=["官园", "万寿西宫"],
    )
    days = hourly.daily(wide.hours, name=SCOPE, hour_label="start")
    got = hourly.annual(days).set_index(["indicator", "year"])["value"]
    for indicator in ("good_days", "heavy_days"):
        assert 0 < abs(got[indicator, 2020] - value["value"][indicator, 2020]) <= 4
    assert got["pm25", 2020] == pytest.approx(value["value"]["pm25", 2020], abs=0.1)
