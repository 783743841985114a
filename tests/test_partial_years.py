"""Partial years: synthetic years of known truth, what may be looked at, and the deletion test."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import partial_years as partial
from xc_analysis.observations import HOME, daily_rows, tidy_days

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {2014: 90.0, 2015: 80, 2016: 75, 2017: 60, 2018: 50, 2019: 45, 2020: 40, 2021: 33}
KNOWN_2021 = "o0006"  # the district's published 34


def season(days):
    """A year's shape: twice as high in January as in July."""
    return 1.5 + 0.5 * np.cos(2 * np.pi * (days.day_of_year - 15) / 365.25)


def as_days(dates, values, column="pm25", **more):
    frame = pd.DataFrame({"date": dates, "pm25": 10.0, "o3_8h": 50.0, "aqi": 40.0})
    frame = frame.assign(o3_windows=17.0, national=False)
    return tidy_days(frame.assign(**{column: values, **more}))


def place(levels, *, noise=0.0, statistic="mean", city=None, months=None, seed=0):
    """Years of one shape, scaled by their level, with daily log noise of a given size."""
    rng = np.random.default_rng(seed)
    years = [pd.date_range(f"{y}-01-01", f"{y}-12-31") for y in levels]
    dates = pd.DatetimeIndex(np.concatenate(years))
    level = np.array([levels[y] for y in dates.year])
    values = level * season(dates) * np.exp(noise * rng.standard_normal(len(dates)))
    by_year = partial.days_by_year(as_days(dates, values), "pm25")
    return partial.Place(by_year, statistic, city or {}, months or {})


def until(month):
    """Calendar days before a month."""
    table = np.zeros(1232, dtype=bool)
    for day in pd.date_range("2019-01-01", f"2019-{month:02d}-01", inclusive="left"):
        table[day.month * 100 + day.day] = True
    return table


def changed(known, year, change):
    """A place in which the values of one year are changed."""
    days = known.days[year]
    other = days.assign(value=change(days["key"].to_numpy(), days["value"].to_numpy()))
    return known._replace(days={**known.days, year: other})


def test_years_of_one_shape_are_found_exactly():
    known = place(LEVELS)
    row = partial.estimate_year(known, 2021, until(5), [y for y in LEVELS if y != 2021])
    truth = partial.statistic_of(known, 2021)
    assert row["value"] == pytest.approx(truth, rel=2e-3)
    assert abs(partial.statistic_of(known, 2021, until(5)) / truth - 1) > 0.1
    assert row["whole_years"] == 7


def test_the_city_carries_what_the_season_cannot():
    """A year whose second half fell by half: its own pattern cannot know, the city's value can."""
    known = changed(place(LEVELS, noise=0.05), 2021, lambda k, v: np.where(k < 700, v, v / 2))
    truth = partial.statistic_of(known, 2021)
    city = {y: 0.9 * partial.statistic_of(known, y) for y in LEVELS}
    train = [y for y in LEVELS if y != 2021]
    alone, helped = (
        partial.estimate_year(partial.Place(known.days, "mean", c, {}), 2021, until(7), train)
        for c in ({}, city)
    )
    assert abs(alone["value"] / truth - 1) > 0.2
    assert helped["view_city"] == pytest.approx(truth, rel=0.01)
    assert helped["weight_city"] > 0.45
    assert abs(helped["value"] / truth - 1) < abs(alone["value"] / truth - 1)


def test_days_not_seen_are_never_looked_at():
    known = place(LEVELS, noise=0.3, city={y: 50.0 for y in LEVELS})
    train = [y for y in LEVELS if y != 2021]
    seen = until(7)
    before = partial.estimate_year(known, 2021, seen, train)
    other = changed(known, 2021, lambda k, v: np.where(seen[k], v, 9999.0))
    after = partial.estimate_year(other, 2021, seen, train)
    pd.testing.assert_series_equal(pd.Series(after), pd.Series(before))


def test_a_held_out_year_is_in_nothing():
    known = place(LEVELS, noise=0.3)
    train = [y for y in LEVELS if y not in (2016, 2021)]
    before = pd.Series(partial.estimate_year(known, 2021, until(7), train))
    other = changed(known, 2016, lambda k, v: v * 7)
    after = pd.Series(partial.estimate_year(other, 2021, until(7), train))
    pd.testing.assert_series_equal(before, after)


@pytest.mark.parametrize("statistic", ["good", "heavy", "good_ratio", "heavy_ratio"])
def test_counts_stay_within_what_was_seen(statistic):
    known = place({y: v * 2 for y, v in LEVELS.items()}, noise=0.5, statistic=statistic)
    seen = until(11)
    for year in (2014, 2018, 2021):
        train = [y for y in LEVELS if y != year]
        row = partial.estimate_year(known, year, seen, train)
        # what is seen counts, every day unseen may count or not
        length = 366 if year % 4 == 0 else 365
        days = known.days[year]
        values = days["value"][seen[days["key"]]]
        least = np.sum(values <= 100) if statistic.startswith("good") else np.sum(values > 200)
        unit = 100 / length if statistic.endswith("ratio") else 1
        low, high = least * unit, (least + length - len(values)) * unit
        assert low - 1e-9 <= row["lower"] <= row["value"] <= row["upper"] <= high + 1e-9


def test_intervals_cover_what_they_claim():
    """Simulated places of eight years with half the days missing: 95 % of 300, give or take."""
    rng = np.random.default_rng(5)
    inside, trials = 0, 300
    year = pd.date_range("2019-01-01", "2019-12-31")
    key, shape = (year.month * 100 + year.day).to_numpy(), 50 * season(year).to_numpy()
    seen = until(7)
    for _ in range(trials):
        # a year's own halves drift apart by 10 %: what no pattern can foresee
        days = {}
        for y in range(2010, 2018):
            halves = np.exp(0.1 * rng.standard_normal(2))
            values = shape * np.where(key < 700, *halves)
            days[y] = pd.DataFrame({"key": key, "value": values, "short": False})
        known = partial.Place(days, "mean", {}, {})
        row = partial.estimate_year(known, 2017, seen, list(range(2010, 2017)))
        inside += row["lower"] <= partial.statistic_of(known, 2017) <= row["upper"]
    assert 0.91 <= inside / trials <= 0.985


# ----------------------------------------------------- what is in the record for being bad


def test_a_known_exceedance_takes_no_part():
    dates = pd.date_range("2021-01-01", periods=4)
    days = as_days(dates, [40.0, 60, 250, 120], column="aqi", o3_8h=[50.0, 50, np.nan, 50])
    kept = partial.days_by_year(days, "aqi")[2021]
    assert kept["value"].tolist() == [40, 60, 120], "the day of 250 has no O3, so no AQI"
    assert days["known_exceedance"].tolist() == [False, False, True, False]


def test_ozone_cut_short_counts_in_a_whole_year_and_not_in_a_part():
    dates = pd.date_range("2021-01-01", periods=5)
    values, windows = [100.0, 110, 120, 130, 220], [17, np.nan, 14, 17, 9]
    days = as_days(dates, values, column="o3_8h", o3_windows=windows)
    by_year = partial.days_by_year(days, "o3_8h")
    known = partial.Place(by_year, "p90", {}, {})
    everything = np.ones(1232, dtype=bool)
    assert partial.statistic_of(known, 2021) == pytest.approx(np.quantile(values, 0.9))
    seen = partial.statistic_of(known, 2021, everything)
    assert seen == pytest.approx(np.quantile(values[:4], 0.9)), "unknown windows are enough"
    assert not partial.seen_days(by_year[2021])[105]


# ----------------------------------------------------------------------- on the real record


def test_the_estimates_meet_what_was_published():
    """Published: PM2.5 2021 within 34 +- 1.5."""
    made = partial.estimate_partial("pm25")
    assert {2013, 2021} <= set(made.index) and 2020 not in made.index
    assert made.loc[2021, "value"] == pytest.approx(34, abs=1.5)


def edit(pack, name, change):
    path = pack / f"{name}.csv"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    xc.use_data(pack)


def test_the_districts_published_values_take_no_part(pack):
    xc.use_data(pack)
    before = {i: partial.estimate_partial(i) for i in ("pm25", "heavy_days")}
    text = (pack / "observations.csv").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if ",西城区," not in line[:20]]
    assert len(kept) < len(lines)
    edit(pack, "observations", lambda text: "".join(kept))
    for indicator, frame in before.items():
        pd.testing.assert_frame_equal(partial.estimate_partial(indicator), frame)


def test_the_citys_published_values_do(pack):
    xc.use_data(pack)
    before = partial.estimate_partial("pm25").loc[2021, "value"]
    row = next(
        line
        for line in (pack / "observations.csv").read_text(encoding="utf-8").splitlines()
        if ",北京市,pm25,mean,2021,annual,33" in line and ",true," in line
    )
    raised = row.replace(",annual,33", ",annual,43", 1)
    edit(pack, "observations", lambda text: text.replace(row, raised))
    assert partial.estimate_partial("pm25").loc[2021, "value"] > before + 1


def test_too_few_whole_years_give_no_estimate(pack):
    table = pd.read_csv(pack / "air/annual.csv", dtype=str, keep_default_na=False)
    late = (table["indicator"] == "pm25") & ~table["year"].isin(["2019", "2020"])
    table.loc[late, "completeness"] = "partial"
    table.to_csv(pack / "air/annual.csv", index=False, lineterminator="\n")
    xc.use_data(pack)
    assert partial.estimate_partial("pm25").empty
    s = xc.series("pm25")
    assert set(s["status"]) == {"computed"}, "what cannot be estimated stays as observed"


def test_an_indicator_without_days_is_refused(lang_en):
    with pytest.raises(xc.InputError, match="green_cover has no daily values"):
        partial.estimate_partial("green_cover")
    with pytest.raises(xc.InputError, match="traffic_noise has no daily values"):
        xc.estimate_check("traffic_noise")


# ------------------------------------------------------------------------------- the check


def test_the_check_reproduces_the_estimates_made_without_the_national_days():
    """The first edition: estimates and ranges of concentrations, to its last digit or so."""
    table = {
        ("pm25", 2022): (31.5, 28.7, 34.6, 32.6),
        ("pm25", 2024): (33.1, 28.6, 38.3, 34.6),
        ("pm25", 2025): (29.1, 25.5, 33.2, 29.9),
        ("pm10", 2022): (57.6, 55.1, 60.4, 58.9),
        ("pm10", 2024): (62.2, 53.8, 72.0, 64.2),
        ("pm10", 2025): (53.6, 47.1, 61.0, 55.0),
        ("no2", 2022): (26.8, 25.2, 28.5, 27.6),
        ("no2", 2024): (28.1, 24.7, 32.0, 30.2),
        ("no2", 2025): (25.4, 23.1, 27.9, 27.3),
        ("so2", 2022): (3.1, 2.9, 3.3, 3.3),
        ("so2", 2024): (3.1, 2.7, 3.5, 3.3),
        ("so2", 2025): (4.7, 4.3, 5.2, 4.7),
    }
    for (indicator, year), wanted in table.items():
        row = xc.estimate_check(indicator).loc[year, ["estimate", "lower", "upper", "known"]]
        assert row.astype(float).tolist() == pytest.approx(wanted, abs=0.13), (indicator, year)


def test_the_check_tells_inside_and_lean():
    for indicator in ("PM2.5", "o3_8h_p90", "重污染天数", "good_day_ratio"):
        check = xc.estimate_check(indicator)
        assert check.index.tolist() == [2022, 2024, 2025]
        inside = (check["lower"] <= check["known"]) & (check["known"] <= check["upper"])
        assert check["inside"].tolist() == inside.tolist()
        np.testing.assert_allclose(check["lean"], check["estimate"] - check["known"])
    assert not xc.estimate_check("good_day_ratio").loc[2022, "inside"], "77.2 against 77.4 to 81.2"
    pm25 = xc.estimate_check("pm25")
    # the district fell less than the city, so the ratio learned is too small
    assert (pm25["ratio_known"] > pm25["ratio_learned"]).all()
    assert pm25.loc[2024, "summer_days"] < 10 < pm25.loc[2025, "summer_days"]
    tested = pm25.attrs["coverage"]
    assert {deleted for deleted, _ in tested} == {"days", "files"}
    assert all(0.85 <= row["coverage"] <= 1 for row in tested.values())
    rows = xc.load("air/deletions").query("indicator == 'pm25' and deleted == 'days'")
    errors = 100 * (rows["value"] / rows["true"] - 1)
    assert tested["days", "all"]["bias"] == pytest.approx(errors.mean())
    pd.concat([pm25, xc.estimate_check("no2")])  # attrs stand in no one's way


def test_the_archives_days_lack_what_the_national_publication_filled():
    archive, daily = partial.archive_days(), daily_rows()
    assert not archive["national"].any() and daily["national"].any()
    same = ~daily["national"]
    pd.testing.assert_frame_equal(
        archive.loc[same].drop(columns="national"), daily.loc[same].drop(columns="national")
    )
    of_2024 = archive[archive["date"].dt.year == 2024]
    assert of_2024["pm25"].notna().sum() == 156 and of_2024["o3_8h"].notna().sum() == 155


# --------------------------------------------------------------------------- deletion test


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("deletions", ROOT / "tools" / "deletions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_deletions_are_those_the_code_makes(tool):
    made = pd.DataFrame(tool.run_place(HOME, "district", daily_rows(), "pm25"))
    kept = xc.load("air/deletions")
    kept = kept[(kept["indicator"] == "pm25") & (kept["place"] == HOME)]
    keys = ["deleted", "pattern", "year"]
    both = made.merge(kept, on=keys, suffixes=("", "_kept"), validate="one_to_one")
    assert len(both) == len(kept) == len(made)
    for column in ("true", "value", "lower", "upper"):
        np.testing.assert_allclose(both[column], both[f"{column}_kept"], atol=0.0051)
