"""Months, seasons, weekdays and stations against values worked out by hand or by plain pandas."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xc_analysis import InputError, load, series
from xc_analysis.pages import bulletins as bull
from xc_analysis.pages import seasons as seas
from xc_analysis.tables import data_dir

SCOPE = "西城区"


def days(values, first="2019-01-01", **columns):
    """A frame of days with one column of values."""
    date = pd.date_range(first, periods=len(values))
    return pd.DataFrame({"date": date, "pm25": np.asarray(values, float), **columns})


@pytest.fixture(scope="module")
def daily():
    table = load("air/daily")
    return table[table["scope"] == SCOPE].reset_index(drop=True)


# --- seasons ------------------------------------------------------------------------------------


def test_a_season_profile_is_the_mean_of_its_months(daily):
    profile = seas.season_profile("pm25", {"early": (2014, 2016)}, scope=SCOPE)
    july = [
        daily.loc[daily["date"].dt.strftime("%Y-%m") == f"{y}-07", "pm25"].mean()
        for y in (2014, 2015, 2016)
    ]
    assert profile.loc[7, "early"] == pytest.approx(np.mean(july), abs=0.01)
    assert profile.loc[7, "early low"] == pytest.approx(min(july), abs=0.01)
    assert profile.loc[7, "early high"] == pytest.approx(max(july), abs=0.01)
    assert profile.loc[7, "early years"] == 3


def test_months_without_a_record_or_with_few_days_stay_out_of_a_profile():
    profile = seas.season_profile("pm25", {"2024": (2024, 2024)}, scope=SCOPE)
    assert profile.loc[5, "2024 years"] == 1
    # June 2024 has four days, July to December none
    assert profile.loc[6:, "2024"].isna().all()
    assert (profile.loc[6:, "2024 years"] == 0).all()


def test_the_whole_stretch_has_every_month_and_no_partial_year():
    first, last = seas.whole_years("pm25", scope=SCOPE)
    assert (first, last) == (2014, 2020)
    annual = series("pm25", scope=SCOPE, source="station", partial="observed")
    assert (annual.loc[first:last, "completeness"] != "partial").all()
    assert annual.loc[last + 1, "completeness"] == "partial"


def test_the_parts_of_a_decomposition_give_the_months_back():
    on_log = seas.decompose("pm25", first=2014, last=2020, scope=SCOPE)
    back = on_log["trend"] * (1 + on_log["seasonal"] / 100) * (1 + on_log["resid"] / 100)
    np.testing.assert_allclose(back, on_log["observed"])
    plain = seas.decompose("o3_8h_mean", first=2014, last=2020, log=False, scope=SCOPE)
    np.testing.assert_allclose(plain[["trend", "seasonal", "resid"]].sum(axis=1), plain["observed"])
    assert len(on_log) == 84


def test_a_gap_is_refused_by_name():
    with pytest.raises(InputError, match="2024-06 is missing or partial"):
        seas.decompose("pm25", first=2023, last=2024, scope=SCOPE)
    with pytest.raises(InputError, match="two years"):
        seas.decompose("pm25", first=2019, last=2019, scope=SCOPE)


# --- weekdays -----------------------------------------------------------------------------------


def test_a_weekday_is_measured_against_its_own_week():
    # 2019-01-07 is a Monday; Sundays are 30 % higher at any level of the week
    week = np.array([1, 1, 1, 1, 1, 1, 1.3])
    values = np.concatenate([week * level for level in (10, 50, 200)])
    profile = seas.weekday_profile(days(values, "2019-01-07"), "pm25", {"all": (2019, 2019)})
    expected = 100 * week / week.mean() - 100
    np.testing.assert_allclose(profile["all"], expected)
    np.testing.assert_allclose(profile["all low"], expected)  # no scatter between weeks
    assert (profile["all weeks"] == 3).all()


def test_a_week_with_a_missing_day_does_not_count():
    values = np.full(21, 40.0)
    values[9] = np.nan
    profile = seas.weekday_profile(days(values, "2019-01-07"), "pm25", {"all": (2019, 2019)})
    assert (profile["all weeks"] == 2).all()


def test_the_interval_of_a_weekday_is_that_of_a_mean_over_weeks():
    rng = np.random.default_rng(3)
    values = rng.lognormal(3, 0.5, 7 * 40)
    profile = seas.weekday_profile(days(values, "2019-01-07"), "pm25", {"all": (2019, 2020)})
    weeks = values.reshape(-1, 7)
    change = 100 * weeks / weeks.mean(axis=1, keepdims=True) - 100
    half = 1.96 * change.std(axis=0, ddof=1) / np.sqrt(40)
    np.testing.assert_allclose(profile["all high"] - profile["all"], half)


# --- causes and primary pollutants --------------------------------------------------------------


def _bad_days():
    frame = days([40] * 31)
    frame["pm10"] = 60.0
    frame["aqi"] = pd.array([60] * 31, dtype="Int64")
    frame["primary"] = "pm25"
    frame.loc[3, ["aqi", "primary"]] = [150, "o3_8h"]
    frame.loc[4, ["aqi", "primary"]] = [150, "pm25+o3_8h"]
    frame.loc[5, ["pm25", "pm10", "aqi", "primary"]] = [50.0, 400.0, 290, "pm10"]
    frame.loc[6, "aqi"] = pd.NA
    return frame


def test_shares_of_days_by_month_and_cause():
    table = seas.days_by_month(_bad_days(), {"2019": (2019, 2019)})
    january = table.loc[("2019", 1)]
    assert (january["days"], january["aqi_days"]) == (3, 30)
    # a tie of PM2.5 and ozone counts as PM2.5
    assert january[["pm25", "dust", "o3", "other"]].tolist() == pytest.approx(
        [100 / 30, 100 / 30, 100 / 30, 0]
    )
    assert table.loc[("2019", 2), "pm25":"other"].isna().all()
    heavy = seas.days_by_month(_bad_days(), {"2019": (2019, 2019)}, above=200)
    assert heavy.loc[("2019", 1), "days"] == 1


def test_two_primary_pollutants_count_half_each():
    table = seas.primary_days(_bad_days())
    assert table.loc[2019].to_dict() == {"o3_8h": 1.5, "pm10": 1.0, "pm25": 0.5, "total": 3.0}


def test_primary_days_add_up_to_the_days_past_the_limit(daily):
    for above in (100, 200):
        table = seas.primary_days(daily, above=above)
        count = (daily["aqi"] > above).groupby(daily["date"].dt.year).sum()
        np.testing.assert_allclose(table["total"], count)


# --- bulletins ----------------------------------------------------------------------------------


def test_spans_use_the_statistic_of_the_indicator():
    frame = days([10, 20, 30, 40, np.nan])
    frame["o3_8h"] = [100, 110, 120, 130, 140.0]
    frame["pm10"], frame["pm10_reported"] = 50.0, [np.nan, 60, 60, 60, 60]
    assert bull.span_value(frame, "pm25") == (25.0, 4)
    assert bull.span_value(frame, "o3_8h_p90") == (pytest.approx(136.0), 5)  # 1 + 0.9 * 4 = 4.6
    assert bull.span_value(frame, "o3_8h_mean") == (120.0, 5)
    assert bull.span_value(frame, "pm10", pm10="pm10_reported") == (60.0, 4)
    value, count = bull.span_value(frame.iloc[:0], "pm25")
    assert np.isnan(value) and count == 0


def test_every_printed_month_in_use_is_compared(daily):
    table = bull.bulletins(scope=SCOPE).set_index("obs_id")
    rows = load("observations")
    statistic = load("indicators").set_index("indicator")["statistic"]
    months = rows[
        (rows["scope"] == SCOPE)
        & rows["use"]
        & rows["value"].notna()
        & rows["indicator"].isin(["pm25", "pm10", "no2", "so2", "o3_8h_p90", "o3_8h_mean"])
        & (rows["statistic"] == rows["indicator"].map(statistic))
        & rows["period"].str.match(r"\d{4}-\d{2}").fillna(False)
    ]
    assert set(table.index) == set(months["obs_id"])
    row = table[(table["indicator"] == "pm25") & (table["period"] == "2021-10")].iloc[0]
    october = daily.loc[daily["date"].dt.strftime("%Y-%m") == "2021-10", "pm25"]
    assert row["computed"] == pytest.approx(october.mean())
    assert (row["valid_days"], row["days"]) == (october.notna().sum(), 31)
    assert row["error"] == pytest.approx(october.mean() - row["printed"])
    span = table[(table["indicator"] == "no2") & (table["period"] == "2020-01..09")].iloc[0]
    assert (span["printed"], span["months"], span["days"]) == (28, 9, 274)
    assert span["computed"] == pytest.approx(28, abs=1)


def test_well_covered_spans_meet_the_print():
    table = bull.bulletins(scope=SCOPE)
    whole = table[(table["valid_days"] == table["days"]) & table["indicator"].isin(["pm25", "no2"])]
    assert len(whole) >= 5
    assert (whole["error"].abs() < 1.5).all()


# --- days missing -------------------------------------------------------------------------------


def test_the_error_of_missing_days_by_enumeration():
    values = np.arange(1.0, 32.0)
    table = bull.days_error(days(values), "pm25")
    # 10 % of 31 days: 3; all 29 places of the run, by hand
    errors = [abs(np.delete(values, slice(i, i + 3)).mean() / values.mean() - 1) for i in range(29)]
    assert table.loc[10, "block"] == pytest.approx(100 * np.quantile(errors, 0.95))
    spread = 1.96 * values.std(ddof=1) * np.sqrt((1 - 28 / 31) / 28) / values.mean()
    assert table.loc[10, "scattered"] == pytest.approx(100 * spread)


def test_scattered_errors_match_a_simulation():
    rng = np.random.default_rng(1)
    values = rng.lognormal(3.5, 0.6, 31)
    table = bull.days_error(days(values), "pm25")
    draws = np.array([rng.choice(values, 15, replace=False).mean() for _ in range(4000)])
    half = 1.96 * (draws / values.mean() - 1).std()
    assert table.loc[50, "scattered"] == pytest.approx(100 * half, rel=0.06)  # 16 of 31 gone


def test_months_with_a_gap_are_not_deleted_from():
    values = np.full(59, 5.0)
    values[40] = np.nan
    assert (bull.days_error(days(values), "pm25")["months"] == 1).all()
    with pytest.raises(InputError, match="no month"):
        bull.days_error(days([1.0, 2.0]), "pm25")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(1, 300), min_size=31, max_size=31))
def test_errors_are_never_negative_and_blocks_of_a_level_month_are_none(values):
    table = bull.days_error(days(values), "pm25")
    assert (table[["scattered", "block"]] >= 0).all().all()
    level = bull.days_error(days([values[0]] * 31), "pm25")
    assert level["block"].max() == pytest.approx(0, abs=1e-9)


# --- stations -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """Two stations, 甲 at 10 and 乙 at 12 on alternate levels; 乙 misses the first ten days."""
    folder = tmp_path_factory.mktemp("pack") / "data"
    shutil.copytree(data_dir(), folder)
    date = pd.date_range("2019-01-01", "2019-12-31")
    wave = np.where(np.arange(365) % 2, 1.0, 3.0)
    rows = []
    for name, level in (("甲", 10.0), ("乙", 12.0)):
        frame = pd.DataFrame({"date": date, "station": name, "pm25": level * wave})
        for column in ("pm10", "pm10_reported", "so2", "no2", "co", "o3_8h"):
            frame[column] = 1.0
        rows.append(frame.assign(aqi=50, primary=""))
    rows[1].loc[:9, "pm25"] = np.nan
    pd.concat(rows).to_csv(folder / "air" / "station_daily.csv", index=False)
    return folder


def test_stations_are_compared_on_the_days_both_have(pack):
    table = seas.stations_apart("pm25", stations=("甲", "乙"), data=pack)
    mean = np.where(np.arange(365) % 2, 1.0, 3.0)[10:].mean()
    row = table.loc[2019]
    assert row["common_days"] == 355
    assert (row["甲"], row["乙"]) == (pytest.approx(10 * mean), pytest.approx(12 * mean))
    assert row["difference"] == pytest.approx(-2 * mean)
    assert row["difference_pct"] == pytest.approx(-100 * 2 / 11)
    assert row["correlation"] == pytest.approx(1)


def test_a_station_unknown_is_refused_with_those_there_are(pack):
    with pytest.raises(InputError, match="'丙'.*乙, 甲"):
        seas.stations_apart("pm25", stations=("甲", "丙"), data=pack)
    with pytest.raises(InputError, match="'丙'"):
        seas.station_years({"pm25": series("pm25", source="station")}, stations=("丙",), data=pack)


def test_a_stations_year_is_the_mean_of_its_days(pack):
    like = series("pm25", source="station", partial="observed")
    years = seas.station_years({"pm25": like}, stations=("甲", "乙"), data=pack)
    one = years["pm25", "乙"]
    wave = np.where(np.arange(365) % 2, 1.0, 3.0)[10:]
    assert one.loc[2019, "value"] == pytest.approx(12 * wave.mean())
    assert one.loc[2019, "valid_days"] == 355
    assert one.attrs["scope"] == "乙" and one.attrs["unit"] == like.attrs["unit"]
    assert one.loc[2019, "status"] == "computed"


# --- periods of a record ------------------------------------------------------------------------


def monthly(first, last, partial=()):
    index = pd.period_range(first, last, freq="M", name="month")
    whole = ["partial" if str(m) in partial else "strict" for m in index]
    return pd.DataFrame({"value": 1.0, "completeness": whole}, index=index)


def test_three_periods_of_a_long_record():
    # 2013 lacks two months, so the record's first whole year is 2014
    assert seas.three_periods(monthly("2013-03", "2025-11"), base=2020) == {
        "2014–2016": (2014, 2016),
        "2018–2020": (2018, 2020),
        "2023–2025": (2023, 2025),
    }


def test_periods_that_overlap_are_left_out():
    assert seas.three_periods(monthly("2019-01", "2020-12"), base=2020) == {
        "2019–2020": (2019, 2020)
    }
    assert seas.three_periods(monthly("2019-01", "2019-02").iloc[:0], base=2020) == {}
