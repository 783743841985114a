"""Partial years: synthetic years of known truth, what may be looked at, and the deletion test."""

import runpy
from pathlib import Path

import minipack
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import partial_years as partial
from xc_analysis.observations import HOME, daily_rows, tidy_days

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {2014: 90.0, 2015: 80, 2016: 75, 2017: 60, 2018: 50, 2019: 45, 2020: 40, 2021: 33}
TRAIN = [year for year in LEVELS if year != 2021]


def as_days(dates, **columns):
    frame = pd.DataFrame({"date": dates, "pm25": 10.0, "o3_8h": 50.0, "aqi": 40.0})
    return tidy_days(frame.assign(**{"o3_windows": 17.0, "national": False} | columns))


def place(*, noise=0.0, statistic="mean", city=None, factor=1):
    """Years of one shape, twice as high in January as in July, with daily log noise."""
    dates = pd.date_range("2014-01-01", "2021-12-31")
    season = 1.5 + 0.5 * np.cos(2 * np.pi * (dates.day_of_year - 15) / 365.25)
    noise = np.exp(noise * np.random.default_rng(0).standard_normal(len(dates)))
    values = factor * dates.year.map(LEVELS).to_numpy() * season * noise
    by_year = partial.days_by_year(as_days(dates, pm25=values), "pm25")
    return partial.Place(by_year, statistic, city or {}, {})


def until(month):
    """Calendar days before a month."""
    return np.arange(1232) < 100 * month


def changed(known, year, change):
    """A place in which the values of one year are changed."""
    days = known.days[year]
    other = days.assign(value=change(days["key"].to_numpy(), days["value"].to_numpy()))
    return known._replace(days={**known.days, year: other})


def test_years_of_one_shape_are_found_exactly():
    known, seen = place(), until(5)
    row, truth = partial.estimate_year(known, 2021, seen, TRAIN), partial.statistic_of(known, 2021)
    assert row["value"] == pytest.approx(truth, rel=2e-3) and row["whole_years"] == 7
    assert abs(partial.statistic_of(known, 2021, seen) / truth - 1) > 0.1


def test_the_city_carries_what_the_season_cannot():
    """A year whose second half fell by half: its own pattern cannot know, the city's value can."""
    known = changed(place(noise=0.05), 2021, lambda k, v: np.where(k < 700, v, v / 2))
    truth = partial.statistic_of(known, 2021)
    city = {y: 0.9 * partial.statistic_of(known, y) for y in LEVELS}
    row = partial.estimate_year(known._replace(city=city), 2021, until(7), TRAIN)
    assert abs(row["view_pattern"] / truth - 1) > 0.2 > abs(row["value"] / truth - 1)
    assert row["view_city"] == pytest.approx(truth, rel=0.01) and row["weight_city"] > 0.45


def test_days_not_seen_and_a_held_out_year_are_never_looked_at():
    known, seen = place(noise=0.3, city=dict.fromkeys(LEVELS, 50.0)), until(7)
    train = [year for year in TRAIN if year != 2016]
    before = partial.estimate_year(known, 2021, seen, train)
    other = changed(known, 2021, lambda k, v: np.where(seen[k], v, 9999.0))
    other = changed(other, 2016, lambda k, v: v * 7)
    assert partial.estimate_year(other, 2021, seen, train) == pytest.approx(before, nan_ok=True)


@pytest.mark.parametrize("statistic", ["good", "heavy", "good_ratio", "heavy_ratio"])
def test_counts_stay_within_what_was_seen(statistic):
    known, seen = place(factor=2, noise=0.5, statistic=statistic), until(11)
    for year, length in ((2014, 365), (2016, 366), (2021, 365)):
        row = partial.estimate_year(known, year, seen, [y for y in LEVELS if y != year])
        values = known.days[year].loc[seen[known.days[year]["key"]], "value"]
        hit = values <= 100 if statistic.startswith("good") else values > 200
        unit = 100 / length if statistic.endswith("ratio") else 1
        low, high = hit.sum() * unit, (hit.sum() + length - len(values)) * unit
        assert low - 1e-9 <= row["lower"] <= row["value"] <= row["upper"] <= high + 1e-9


def test_what_is_in_the_record_for_being_bad_takes_no_part():
    dates, values = pd.date_range("2021-01-01", periods=5), [40.0, 60, 120, 130, 250]
    days = as_days(dates, aqi=values, o3_8h=[50.0, 50, 50, 50, np.nan])
    assert days["known_exceedance"].tolist() == [False] * 4 + [True]
    assert partial.days_by_year(days, "aqi")[2021]["value"].tolist() == values[:4]
    days = as_days(dates, o3_8h=values, o3_windows=[17, np.nan, 14, 17, 9])
    known = partial.Place(partial.days_by_year(days, "o3_8h"), "p90", {}, {})
    assert partial.statistic_of(known, 2021) == pytest.approx(np.quantile(values, 0.9))
    seen = partial.statistic_of(known, 2021, until(13))
    assert seen == pytest.approx(np.quantile(values[:4], 0.9)), "unknown windows are enough"
    assert not partial.seen_days(known.days[2021])[105]


def test_the_citys_published_values_take_part_and_the_districts_do_not(pack):
    xc.use_data(pack)
    before = {i: partial.estimate_partial(i) for i in ("pm25", "heavy_days")}
    assert {2013, 2021} <= set(before["pm25"].index) and 2020 not in before["pm25"].index
    assert before["pm25"].loc[2021, "value"] == pytest.approx(34, abs=1.5), "as published"
    records = [row for _, row in minipack.rows(pack, "observations") if row["scope"] != HOME]
    minipack.save(pack, "observations", records)
    for indicator, frame in before.items():
        pd.testing.assert_frame_equal(partial.estimate_partial(indicator), frame)
    city = dict(scope="北京市", indicator="pm25", year="2021", period="annual", use="true")
    minipack.change(pack, "observations", city, value="43")
    raised = partial.estimate_partial("pm25").loc[2021, "value"]
    assert raised > before["pm25"].at[2021, "value"] + 1


def test_the_check_reproduces_the_estimates_made_without_the_national_days():
    """The first edition: estimates and ranges of concentrations, to its last digit or so."""
    table = {
        "pm25": [(31.5, 28.7, 34.6, 32.6), (33.1, 28.6, 38.3, 34.6), (29.1, 25.5, 33.2, 29.9)],
        "pm10": [(57.6, 55.1, 60.4, 58.9), (62.2, 53.8, 72.0, 64.2), (53.6, 47.1, 61.0, 55.0)],
        "no2": [(26.8, 25.2, 28.5, 27.6), (28.1, 24.7, 32.0, 30.2), (25.4, 23.1, 27.9, 27.3)],
        "so2": [(3.1, 2.9, 3.3, 3.3), (3.1, 2.7, 3.5, 3.3), (4.7, 4.3, 5.2, 4.7)],
    }
    for indicator, wanted in table.items():
        check = xc.estimate_check(indicator)[["estimate", "lower", "upper", "known"]]
        assert check.index.tolist() == [2022, 2024, 2025]
        np.testing.assert_allclose(check, wanted, atol=0.13)


def test_the_check_tells_why_it_leans_and_what_deletions_cover(lang_en):
    pm25 = xc.estimate_check("PM2.5")
    # the district fell less than the city, so the ratio learned is too small
    assert (pm25["ratio_known"] > pm25["ratio_learned"]).all()
    assert pm25.loc[2024, "summer_days"] < 10 < pm25.loc[2025, "summer_days"]
    assert pm25.loc[2024, "days"] == 156, "without what the national publication filled"
    rows, tested = xc.load("air/deletions"), pm25.attrs["coverage"]
    rows = rows[(rows["indicator"] == "pm25") & (rows["deleted"] == "days")]
    errors = 100 * (rows["value"] / rows["true"] - 1)
    told = tested["days", "all"]
    assert (told["n"], told["bias"]) == (len(rows), pytest.approx(errors.mean()))
    assert {deleted for deleted, _ in tested} == {"days", "files"}
    assert all(0.85 <= row["coverage"] <= 1 for row in tested.values())
    with pytest.raises(xc.InputError, match="traffic_noise has no daily values"):
        xc.estimate_check("traffic_noise")


def test_the_committed_deletions_are_those_the_code_makes():
    tool = runpy.run_path(str(ROOT / "tools" / "deletions.py"))
    made = pd.DataFrame(tool["run_place"](HOME, "district", daily_rows(), "pm25"))
    kept = xc.load("air/deletions").query("indicator == 'pm25' and place == @HOME")
    both = (frame.set_index(["deleted", "pattern", "year"]).sort_index() for frame in (made, kept))
    made, kept = (frame[["true", "value", "lower", "upper"]] for frame in both)
    pd.testing.assert_frame_equal(made, kept, rtol=0, atol=0.0051)
