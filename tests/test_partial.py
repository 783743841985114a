"""Partial years: synthetic years of known truth, what may be looked at, and the deletion experiment."""

import shutil

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.adjust import partial
from xc_analysis.records import experiments
from xc_analysis.tables import data_dir

SCOPE = "西城区"
WHOLE = [2014, 2015, 2016, 2017, 2018, 2019, 2020, 2023]
DISTRICT_ROW = "o0006,西城区,pm25,mean,2021,annual,34"


@pytest.fixture
def pack(tmp_path):
    """A copy of the project's tables that a test may change."""
    folder = tmp_path / "pack"
    shutil.copytree(data_dir(), folder)
    return folder


def season(days):
    """A year's shape: twice as high in January as in July."""
    return 1.5 + 0.5 * np.cos(2 * np.pi * (days.day_of_year - 15) / 365.25)


def place(levels, *, noise=0.0, statistic="mean", city=None, months=None, seed=0):
    """Years of one shape, scaled by their level, with daily log noise of a given size."""
    rng = np.random.default_rng(seed)
    days = pd.DatetimeIndex(
        np.concatenate([pd.date_range(f"{y}-01-01", f"{y}-12-31") for y in levels])
    )
    level = np.array([levels[y] for y in days.year])
    values = level * season(days) * np.exp(noise * rng.standard_normal(len(days)))
    daily = pd.Series(values, index=days)
    return partial.Place(partial.days_by_year(daily), statistic, city or {}, months or {})


def until(month):
    """A record that ends before a month."""
    table = np.zeros(1232, dtype=bool)
    for day in pd.date_range("2019-01-01", f"2019-{month:02d}-01", inclusive="left"):
        table[day.month * 100 + day.day] = True
    return table


LEVELS = {2014: 90.0, 2015: 80, 2016: 75, 2017: 60, 2018: 50, 2019: 45, 2020: 40, 2021: 33}


def test_years_of_one_shape_are_found_exactly():
    known = place(LEVELS)
    row = partial.estimate_year(known, 2021, until(5), [y for y in LEVELS if y != 2021])
    truth = partial.statistic_of(known, 2021)
    assert row["value"] == pytest.approx(truth, rel=2e-3)
    half = partial.statistic_of(known, 2021, until(5))
    assert abs(half / truth - 1) > 0.1, "the mean of the days observed is far off"
    assert row["whole_years"] == 7


def test_the_city_carries_what_the_season_cannot():
    """A year whose second half fell by half: its own pattern cannot know, the city's value can."""
    known = place(LEVELS, noise=0.05)
    key, values = known.days[2021]
    days = {**known.days, 2021: (key, np.where(key < 700, values, values / 2))}
    truth = values[key < 700].sum() + values[key >= 700].sum() / 2
    truth /= len(values)
    city = {y: 0.9 * days[y][1].mean() for y in LEVELS}
    train = [y for y in LEVELS if y != 2021]
    alone, helped = (
        partial.estimate_year(partial.Place(days, "mean", c, {}), 2021, until(7), train)
        for c in ({}, city)
    )
    assert abs(alone["value"] / truth - 1) > 0.2
    assert helped["view_city"] == pytest.approx(truth, rel=0.01)
    assert helped["weight_city"] > 0.45
    assert abs(helped["value"] / truth - 1) < abs(alone["value"] / truth - 1)


def test_overlap_needs_three_whole_months_here_and_there():
    months = {2021: {m: 10.0 for m in (1, 2, 3, 9)}}
    known = place(LEVELS, city={2021: 20.0}, months=months)
    seen = until(3)
    views = partial._views(known, 2021, seen, {1, 2, 3, 9}, [2019, 2020])
    assert np.isnan(views[2]), "only January and February are observed"
    seen = until(4)
    views = partial._views(known, 2021, seen, {1, 2, 3, 9}, [2019, 2020])
    here = [
        v.mean() for v in (known.days[2021][1][known.days[2021][0] // 100 == m] for m in (1, 2, 3))
    ]
    assert np.exp(views[2]) == pytest.approx(20.0 * sum(here) / 30.0)
    seen[320:332] = False  # twelve days of March gone: it counts no more
    assert np.isnan(partial._views(known, 2021, seen, {1, 2, 3, 9}, [2019, 2020])[2])


def test_days_not_seen_are_never_looked_at():
    known = place(LEVELS, noise=0.3, city={y: 50.0 for y in LEVELS})
    train = [y for y in LEVELS if y != 2021]
    seen = until(7)
    before = partial.estimate_year(known, 2021, seen, train)
    key, values = known.days[2021]
    changed = {**known.days, 2021: (key, np.where(seen[key], values, 9999.0))}
    after = partial.estimate_year(
        partial.Place(changed, "mean", known.city, known.city_months), 2021, seen, train
    )
    pd.testing.assert_series_equal(pd.Series(before), pd.Series(after))


def test_a_held_out_year_is_in_nothing():
    known = place(LEVELS, noise=0.3)
    train = [y for y in LEVELS if y not in (2016, 2021)]
    before = partial.estimate_year(known, 2021, until(7), train)
    changed = {**known.days, 2016: (known.days[2016][0], known.days[2016][1] * 7)}
    after = partial.estimate_year(partial.Place(changed, "mean", {}, {}), 2021, until(7), train)
    pd.testing.assert_series_equal(pd.Series(before), pd.Series(after))


@pytest.mark.parametrize("statistic", ["good", "heavy", "good_ratio", "heavy_ratio"])
def test_counts_stay_within_what_was_seen(statistic):
    """Whatever the estimate, days counted are days counted and days unseen are no more than that."""
    known = place({y: v * 2 for y, v in LEVELS.items()}, noise=0.5, statistic=statistic)
    seen = until(11)
    for year in (2014, 2018, 2021):
        train = [y for y in LEVELS if y != year]
        row = partial.estimate_year(known, year, seen, train)
        low, high = partial._limits(known, year, seen)
        assert low <= row["lower"] <= row["value"] <= row["upper"] <= high
        assert low <= partial.statistic_of(known, year) + 1e-9 <= high + 1e-9


def test_limits_by_hand():
    key = np.array([101, 102, 103, 104])
    known = partial.Place({2020: (key, np.array([50.0, 250, 90, 301]))}, "heavy", {}, {})
    seen = np.zeros(1232, dtype=bool)
    seen[[101, 102]] = True
    assert partial._limits(known, 2020, seen) == (1, 365)  # one of two seen, 364 of 366 unseen
    ratio = partial.Place(known.days, "good_ratio", {}, {})
    assert partial._limits(ratio, 2020, seen) == pytest.approx((100 / 366, 100 * 365 / 366))


def test_statistics_by_hand():
    values = np.array([50.0, 100, 101, 200, 201, 301])
    got = {s: partial.statistic_values(values, s) for s in
           ("mean", "good", "heavy", "severe", "good_ratio", "heavy_ratio", "p90")}  # fmt: skip
    assert got["good"] == 2 and got["heavy"] == 2 and got["severe"] == 1
    assert got["good_ratio"] == pytest.approx(100 / 3)
    assert got["p90"] == pytest.approx(251)  # linear at 1 + (n - 1) p: between the 5th and 6th
    assert np.isnan(partial.statistic_values(values[:0], "good"))


@pytest.mark.parametrize(
    ("statistic", "y"),
    [("mean", 35.0), ("good", 0.0), ("heavy", 12.0), ("good_ratio", 73.2), ("p90", 180.0)],
)
def test_the_scale_goes_there_and_back(statistic, y):
    assert partial.backward(partial.forward(y, statistic), statistic) == pytest.approx(y)


def test_29_february_is_the_28th():
    days = partial.days_by_year(
        pd.Series([1.0, 2.0], index=pd.to_datetime(["2020-02-28", "2020-02-29"]))
    )
    assert days[2020][0].tolist() == [228, 228]


def test_intervals_cover_what_they_claim():
    """Simulated places of eight years with half the days missing: 95 % of 300, give or take."""
    rng = np.random.default_rng(5)
    inside, trials = 0, 300
    year = pd.date_range("2019-01-01", "2019-12-31")
    key, shape = (year.month * 100 + year.day).to_numpy(), 50 * season(year).to_numpy()
    seen = until(7)
    for _ in range(trials):
        # a year's own halves drift apart by 10 %: what no pattern can foresee
        days = {
            y: (key, shape * np.where(key < 700, *np.exp(0.1 * rng.standard_normal(2))))
            for y in range(2010, 2018)
        }
        known = partial.Place(days, "mean", {}, {})
        row = partial.estimate_year(known, 2017, seen, list(range(2010, 2017)))
        inside += row["lower"] <= partial.statistic_of(known, 2017) <= row["upper"]
    assert 0.91 <= inside / trials <= 0.985


# ------------------------------------------------------------------------------ on the real record


def test_the_numbers_that_say_it_is_done():
    """PM2.5 2021 within 34 +-1.5; 2022 and 2024 with intervals that reach the published bounds."""
    found = partial.estimate_partial("pm25", scope=SCOPE)
    assert list(found.index) == [2013, 2021, 2022, 2024, 2025]
    assert found.loc[2021, "value"] == pytest.approx(34, abs=1.5)
    assert found.loc[2022, "lower"] <= 33
    assert found.loc[2024, "lower"] <= 33.9 and found.loc[2024, "upper"] >= 25.6


@pytest.mark.parametrize(
    "indicator", ["pm25", "good_day_ratio", "heavy_days", "good_days", "o3_8h_p90"]
)
def test_no_estimate_without_its_interval(indicator):
    s = xc.series(indicator, source="station")
    rows = s[s["status"] == "estimated"]
    assert len(rows) == 5
    assert (rows["lower"] < rows["upper"]).all()
    assert ((rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])).all()
    observed = xc.series(indicator, source="station", partial="observed")
    if indicator in ("good_days", "heavy_days"):
        assert (rows["lower"] >= observed.loc[rows.index, "value"]).all()


def test_the_districts_published_values_take_no_part(pack):
    path = pack / "observations.csv"
    text = path.read_text(encoding="utf-8")
    assert DISTRICT_ROW in text
    before = {
        i: partial.estimate_partial(i, scope=SCOPE, data=pack) for i in ("pm25", "heavy_days")
    }
    lines = text.splitlines(keepends=True)
    kept = [x for x in lines if ",西城区," not in x[:20]]
    assert len(kept) < len(lines)
    path.write_text("".join(kept), encoding="utf-8")
    for indicator, frame in before.items():
        pd.testing.assert_frame_equal(
            partial.estimate_partial(indicator, scope=SCOPE, data=pack), frame
        )


def test_the_citys_published_values_do(pack):
    path = pack / "observations.csv"
    text = path.read_text(encoding="utf-8")
    city = partial.city_values("pm25", data=pack)[0]
    assert city[2024] == 30.5
    before = partial.estimate_partial("pm25", scope=SCOPE, data=pack)
    lines = text.splitlines(keepends=True)
    row = next(
        i
        for i, x in enumerate(lines)
        if ",北京市,pm25,mean,2024,annual,30.5" in x and ",true," in x
    )
    lines[row] = lines[row].replace(",annual,30.5", ",annual,40.5")
    path.write_text("".join(lines), encoding="utf-8")
    after = partial.estimate_partial("pm25", scope=SCOPE, data=pack)
    assert after.loc[2024, "value"] > before.loc[2024, "value"] + 1
    pd.testing.assert_series_equal(after.loc[2021], before.loc[2021])


def test_without_a_comparator_the_pattern_stands_alone(pack):
    path = pack / "assumptions.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if ",comparator," not in x), encoding="utf-8")
    found = partial.estimate_partial("pm25", scope=SCOPE, data=pack)
    assert (found["weight_pattern"] == 1).all()


def test_too_few_whole_years_give_no_estimate(pack):
    path = pack / "air/annual.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    late = (table["indicator"] == "pm25") & ~table["year"].isin(["2019", "2020"])
    table.loc[late, "completeness"] = "partial"
    table.to_csv(path, index=False, lineterminator="\n")
    assert partial.estimate_partial("pm25", scope=SCOPE, data=pack).empty
    s = xc.series("pm25", source="station", data=pack)
    assert set(s["status"]) == {"computed"}, "what cannot be estimated stays as observed"


def test_an_indicator_without_days_is_refused():
    with pytest.raises(xc.InputError, match="green_cover has no daily record"):
        partial.estimate_partial("green_cover", scope=SCOPE)


def test_the_published_value_judges_and_narrows(pack):
    table = partial.judge(scope=SCOPE, data=pack).set_index(["indicator", "year"])
    row = table.loc[("pm25", 2021)]
    assert (row["published"], row["published_lower"], row["published_upper"]) == (34, 33.5, 34.5)
    assert row["judged"] == "inside"
    assert 33.5 <= row["narrowed_lower"] <= row["narrowed"] <= row["narrowed_upper"] <= 34.5
    row = table.loc[("pm25", 2022)]
    assert np.isnan(row["published"]) and row["published_upper"] == 33
    assert row["judged"] == "reaches" and row["narrowed_upper"] == 33
    assert table.loc[("heavy_days", 2021), "judged"] == ""
    assert np.isnan(table.loc[("heavy_days", 2021), "narrowed"])
    # the estimate itself is the same, with or without its judge
    plain = partial.estimate_partial("pm25", scope=SCOPE, data=pack)
    assert table.loc[("pm25", 2021), "value"] == plain.loc[2021, "value"]
    path = pack / "observations.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(DISTRICT_ROW, DISTRICT_ROW[:-2] + "64"), encoding="utf-8")
    row = partial.judge(scope=SCOPE, data=pack).set_index(["indicator", "year"]).loc[("pm25", 2021)]
    assert row["judged"] == "outside" and np.isnan(row["narrowed"])


# --------------------------------------------------------------------------- deletion experiment


def test_the_committed_experiment_is_the_one_the_code_makes():
    """For the district, whose days are in the tables; other places need the archive."""
    daily = xc.load("air/daily")
    daily = (
        daily[daily["scope"] == SCOPE].set_index("date")[["pm25"]].rename(columns={"pm25": SCOPE})
    )
    days = partial.days_by_year(daily[SCOPE])
    patterns = {y: partial.seen_days(days[y]) for y in days if y not in WHOLE}
    made = experiments.deletion_experiment(daily, "pm25", patterns=patterns, whole={SCOPE: WHOLE})
    kept = xc.load("air/deletions")
    kept = kept[(kept["indicator"] == "pm25") & (kept["place"] == SCOPE)]
    both = made.merge(kept, on=["pattern", "year"], suffixes=("", "_kept"), validate="one_to_one")
    assert len(both) == len(kept) == len(made) == 5 * 8
    for column in ("true", "value", "lower", "upper"):
        np.testing.assert_allclose(both[column], both[f"{column}_kept"], atol=0.0051)


def test_the_experiment_holds_out_the_whole_year():
    daily = xc.load("air/daily")
    daily = daily[daily["scope"] == SCOPE].set_index("date")[["pm25"]].astype(float)
    days = partial.days_by_year(daily["pm25"])
    seen = {2022: partial.seen_days(days[2022])}
    unseen = daily.copy()
    late = unseen.index[unseen.index.year == 2016]
    key = (late.month * 100 + late.day).to_numpy()
    key = np.where(key == 229, 228, key)
    unseen.loc[late[~seen[2022][key]], "pm25"] *= 5
    one, two = (
        experiments.deletion_experiment(d, "pm25", patterns=seen, whole={"pm25": WHOLE})
        for d in (daily, unseen)
    )
    a, b = (t[t["year"] == 2016].iloc[0] for t in (one, two))
    assert a["value"] == b["value"] and a["upper"] == b["upper"] and a["true"] != b["true"]


def test_the_committed_experiment_covers_all_that_was_asked():
    table = xc.load("air/deletions")
    assert set(table["indicator"]) == {"pm25", "good_day_ratio", "heavy_days"}
    kinds = table.groupby("kind")["place"].nunique()
    assert kinds["district"] == 1 and kinds["own station"] == 2 and kinds["other station"] >= 20
    assert (table["lower"] <= table["value"]).all() and (table["value"] <= table["upper"]).all()
    for indicator, part in table.groupby("indicator"):
        summary = experiments.summarise_deletions(part)
        assert 0.85 <= summary.loc["all", "coverage"] <= 1, indicator


def test_the_summary_by_hand():
    frame = pd.DataFrame({
        "indicator": "pm25", "place": ["a", "b", "a", "b"], "pattern": 2021,
        "year": [2015, 2015, 2016, 2016], "true": [50.0, 100, 50, 100],
        "value": [55.0, 100, 45, 120], "lower": [45.0, 90, 40, 110], "upper": [65.0, 110, 49, 130],
    })  # fmt: skip
    row = experiments.summarise_deletions(frame).loc[2021]
    assert row["bias"] == pytest.approx((10 + 0 - 10 + 20) / 4)
    assert row["rmse"] == pytest.approx(np.sqrt((100 + 0 + 100 + 400) / 4))
    assert row["coverage"] == 0.5  # both of 2015, none of 2016
    # two years, 1 and 0: the mean, give or take 12.7 standard errors, cut to what a share can be
    assert (row["coverage_low"], row["coverage_high"]) == (0, 1)
    assert (row["n"], row["places"], row["years"]) == (4, 2, 2)
    t = 12.706204736432095  # of one degree of freedom
    assert row["bias_high"] == pytest.approx(5 + t * np.std([5, 5], ddof=1) / np.sqrt(2))


def test_the_command_writes_both_tables(shared, tmp_path, capsys):
    archive = shared / "hourly" / "beijing_20131205-20131231.zip"
    assert experiments.main([str(archive), "--name", SCOPE, "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "deletions.csv") in capsys.readouterr().out
    deletions = pd.read_csv(tmp_path / "deletions.csv")
    assert set(deletions["kind"]) == {"district"}, "27 days make no whole year of a station"
    readings = pd.read_csv(tmp_path / "readings.csv")
    assert set(readings["reading"]) == {"label-start", "pm10-reported"}
    assert set(readings["year"]) == {2013}


def test_the_command_refuses_in_one_line(tmp_path, capsys):
    assert experiments.main([str(tmp_path), "--name", "某区", "--out", str(tmp_path / "x")]) == 1
    error = capsys.readouterr().err.strip()
    assert "某区 has no rows in air/daily.csv" in error and "\n" not in error


def test_the_commands_help_shows_an_example(capsys):
    with pytest.raises(SystemExit) as done:
        experiments.main(["--help"])
    assert done.value.code == 0
    assert "example: python -m xc_analysis.records.experiments" in capsys.readouterr().out
