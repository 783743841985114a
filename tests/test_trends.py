"""Trends: against enumeration, published tables, pymannkendall and scipy."""

from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, theilslopes

from xc_analysis.errors import InputError
from xc_analysis.trends import POWER, fit_points, mann_kendall, seasonal_kendall, trend
from xc_analysis.words import use_language


def yearly(values, years=None, **attrs):
    s = pd.Series(values, range(2015, 2015 + len(values)) if years is None else years)
    s.attrs = attrs
    return s


def monthly(table):
    index = pd.period_range("2005-01", periods=table.size, freq="M", name="month")
    return yearly(table.ravel(), index)


def correlated_table(seed, years=14):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(years, 1))
    return (rng.normal(size=(years, 12)) + common + 0.08 * np.arange(years)[:, None]).round(1)


PUBLISHED = {3: 0.3333, 4: 0.0833, 5: 0.01667, 6: 0.002778, 7: 0.000397, 8: 0.0000496}


@pytest.mark.parametrize("n", PUBLISHED)
def test_exact_p_is_as_published_and_enumeration_for_every_pattern_of_ties(n):
    """Up to five values in every pattern, from six on in a dozen, and all orders of each."""
    assert mann_kendall(-np.arange(n)).p == pytest.approx(PUBLISHED[n], rel=2e-3)
    drawn = np.random.default_rng(n).integers(0, n - 2, (12, n))
    i, j = np.triu_indices(n, 1)
    for row in product(range(n), repeat=n) if n <= 5 else [*drawn, range(n)]:
        orders = np.array(list(permutations(row)))
        every = np.abs(np.sign(orders[:, j] - orders[:, i]).sum(axis=1))
        assert mann_kendall(row).p == pytest.approx((every >= every[0]).mean(), abs=1e-12), row


@pytest.mark.parametrize("n", [4, 6, 10, 11, 30, 121])
@pytest.mark.parametrize("decimals", [1, 9])
def test_statistics_equal_pymannkendall(n, decimals):
    peer = pytest.importorskip("pymannkendall")
    y = np.random.default_rng(n).normal(size=(20, n)) + 0.05 * np.arange(n)
    ours = mann_kendall(y.round(decimals))
    for row, series in enumerate(y.round(decimals)):
        theirs = peer.original_test(series)
        found = [ours[k][row] for k in (0, 1, 2, 4, 5)]
        expected = [theirs.s, theirs.var_s, theirs.Tau, theirs.slope, theirs.intercept]
        assert found == pytest.approx(expected, abs=1e-9)
        assert n <= 10 or ours.p[row] == pytest.approx(theirs.p, abs=1e-9)


def test_slope_is_by_real_years_not_by_position():
    years = [2010, 2011, 2012, 2015, 2019, 2020]
    for y in np.random.default_rng(1).normal(size=(20, 6)):
        slope, intercept, *_ = theilslopes(y, years)
        for ours in (mann_kendall(y, years), trend(yearly(y, years))):
            assert [ours.slope, ours.intercept] == pytest.approx([slope, intercept], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12), st.floats(0.1, 10), st.randoms())
def test_order_years_and_units_do_not_matter(values, scale, random):
    values, years = np.array(values), np.arange(2000, 2000 + len(values))
    base, flipped = mann_kendall(values, years), mann_kendall(-values, years)
    order, shift = random.sample(range(values.size), values.size), random.randint(-1000, 1000)
    moved = mann_kendall(values[order] * scale + 3, years[order] + shift)
    assert (moved.s, moved.p) == (base.s, base.p) == (-flipped.s, flipped.p)
    assert moved.slope == pytest.approx(base.slope * scale, abs=1e-9)


@pytest.mark.parametrize(("n", "percent"), [(3, 66.7), (4, 91.7), (5, 98.3), (6, 99.7)])
def test_short_range_is_that_of_the_pairwise_slopes(n, percent):
    y = np.array([80.6, 73, 58, 51, 42, 38])[:n]
    pairwise = [(y[j] - y[i]) / (j - i) for i, j in combinations(range(n), 2)]
    t = trend(yearly(y))
    assert (t.lower, t.upper) == (min(pairwise), max(pairwise))
    assert 100 * t.confidence == pytest.approx(percent, abs=0.05)
    assert f"{percent:.3g} %" in t._repr_html_()


@pytest.mark.parametrize("n", [7, 9, 15])
def test_range_of_a_longer_series_covers_as_often_as_it_says(n):
    noise = np.random.default_rng(3).normal(size=(300, n))
    found = [trend(yearly(100 - 2 * np.arange(n) + row)) for row in noise]
    hits = np.mean([t.lower <= -2 <= t.upper for t in found])
    assert hits == pytest.approx(found[-1].confidence, abs=0.04)


SHARE = {"scale": "logit", "floor": 0.0, "ceiling": 100.0}
VERDICTS = [
    (yearly([5, 4]), 6, "two points, not a trend", "None"),
    (yearly([5, 4, 3, 2]), 6, "too few points", "0.083"),
    (yearly([5, 4, 3, 2]), 4, "not significant, no evidence of no trend", " 0 %"),
    (yearly([6, 3, 5, 4, 2, 4.5]), 6, "not significant, no evidence of no trend", " 9 %"),
    (yearly([6, 5, 4, 3, 2, 1]), 6, "significant decrease", "None"),
    (yearly([90, 94, 97, 99, 99.2, 99.5], **SHARE), 6, "significant increase", "None"),
    (yearly([90, 94, 97, 99, 100, 100], **SHARE), 6, "at its bound, no trend", "None"),
]


@pytest.mark.parametrize(("series", "min_points", "verdict", "note"), VERDICTS)
def test_verdicts_say_what_they_can_tell(series, min_points, verdict, note):
    found = trend(series, min_points=min_points)
    assert found.verdict == verdict and note in str(found.note)
    assert note == "None" or note in found._repr_html_()
    assert found.lower <= found.slope <= found.upper
    use_language("zh")
    assert verdict not in found._repr_html_()


def test_stated_power_is_what_simulation_gives():
    rng = np.random.default_rng(5)
    for n, power in POWER.items():
        y = np.exp(np.log(0.97) * np.arange(n) + 0.08 * rng.standard_normal((20000, n)))
        assert (mann_kendall(y).p <= 0.05).mean() == pytest.approx(power, abs=0.015), n


REFUSED = [
    ("2 are needed", mann_kendall, [1.0]),
    ("not finite", mann_kendall, [1, np.nan, 2]),
    ("2015 occurs more than once", mann_kendall, [1, 2, 3], [2015, 2015, 2016]),
    ("1 years for 2", mann_kendall, [1, 2], [2015]),
    ("2 are needed", trend, yearly([np.nan, np.nan, 3])),
    ("value of 2016 is not finite", trend, yearly([5, np.inf, 3])),
    ("whole years", trend, yearly([5.0, 4], [2015.5, 2016])),
    ("value of 2015 is not a number", trend, yearly(["x", "1"])),
    ("no column 'value'", trend, yearly([1.0, 2]).to_frame("price")),
    ("t, kg", trend, yearly([1.0, 2]).to_frame("value").assign(unit=["t", "kg"])),
    ("window", fit_points, yearly([5, 4]), (2020, 2015)),
    ("exclude", fit_points, yearly([5, 4]), None, ["x"]),
    ("two years", trend, monthly(np.arange(12.0))),
    ("2005-01", trend, pd.concat([monthly(np.arange(36.0)), monthly(np.ones(1))])),
]


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line_naming_the_series(case):
    words, function, first, *more = case
    getattr(first, "attrs", {})["indicator"] = "smoke"
    with pytest.raises(InputError, match=words) as caught:
        function(first, *more)
    told = str(caught.value)
    assert "\n" not in told and told.startswith(("smoke:", "mann_kendall:"))


NAN, FLAT = np.nan, 12**0.5
# year, value, lower, upper, status, completeness; its error in a fit, or why it is left out
ROWS = [
    (2013, 90.0, NAN, NAN, "computed", "partial", "partial"),
    (2014, 88.0, NAN, NAN, "computed", "strict", 0.0),
    (2015, 83.0, 81.9, 84.1, "derived", "", 2.2 / FLAT),  # a derived range
    (2016, 70.0, 66.0, 74.0, "estimated", "partial", 8 / 3.92),  # with its 95 % interval
    (2017, NAN, 50.0, 60.0, "bound", "", 10 / FLAT),  # both ends, fitted at its middle
    (2018, 45.0, NAN, 45.0, "bound", "", "one_bound"),
    (2019, 12.0, NAN, NAN, "printed", "", 1 / FLAT),  # printed below 20: its rounding
    (2020, 40.0, 38.0, 43.0, "computed", "adequate", 0.0),  # two treatments are no error
    (2021, 34.0, NAN, NAN, "estimated", "partial", "no_range"),
    (2022, NAN, NAN, NAN, "printed", "", "missing"),
]


COLUMNS = ["year", "value", "lower", "upper", "status", "completeness", "fate"]
FRAME = pd.DataFrame(ROWS, columns=COLUMNS).set_index("year").assign(source_id="a")
FRAME.attrs = {"indicator": "smoke", "unit": "t", "scale": "log", "decimals": 0}


def test_errors_follow_the_status_and_what_is_left_out_is_named():
    before = FRAME.copy()
    points = fit_points(FRAME)
    pd.testing.assert_frame_equal(FRAME, before)
    errors = np.ptp(points.ranges, axis=1) / points.widths
    fates = dict(zip(points.years.tolist(), errors, strict=True))
    left = [w.values for w in points.warnings if w.key == "warn.left_out"]
    fates |= {int(one["years"]): one["why"].key.removeprefix("left_out.") for one in left}
    assert fates == pytest.approx(FRAME["fate"].to_dict())
    assert points.values[points.years == 2017] == 55
    assert fit_points(FRAME, whole=True).years.tolist() == [2014, 2015, 2019, 2020]
    assert fit_points(FRAME, (2014, 2016)).years.tolist() == [2014, 2015, 2016]
    assert fit_points(FRAME, (2016, None), [2016, 2019]).years.tolist() == [2017, 2020]


def test_rows_added_by_hand_count_and_what_they_lack_or_change_is_named():
    frame = FRAME.assign(unit="t", basis="old")
    frame.loc[2012, ["value", "status", "source_id", "basis"]] = [91.0, "printed", "mine", "new"]
    frame.loc[2024, "value"] = 33.0
    points = fit_points(frame)
    assert (points.years[0], points.years[-1]) == (2012, 2024)
    assert {"years": "2024"} in [w.values for w in points.warnings]
    assert any("new, old" in str(w) for w in points.warnings)


def test_year_may_be_a_column_a_date_or_text():
    frame = pd.DataFrame({"year": ["2017", "2016", "2015"], "value": ["3", "4", "5"]})
    dated = frame.set_index(pd.to_datetime(frame["year"]))[["value"]]
    for points in map(fit_points, (frame, dated, frame.set_index("year"))):
        assert points.years.tolist() == [2015, 2016, 2017] and points.values.tolist() == [5, 4, 3]


@pytest.mark.parametrize("seed", range(4))
def test_seasonal_kendall_equals_pymannkendall(seed):
    peer = pytest.importorskip("pymannkendall")
    table = correlated_table(seed)
    ours = trend(monthly(table))
    plain = peer.seasonal_test(table.ravel(), period=12)
    corrected = peer.correlated_seasonal_test(table.ravel(), period=12)
    assert ours.s == plain.s == corrected.s
    found = [ours.slope, np.trace(seasonal_kendall(table)[1]), ours.variance]
    assert found == pytest.approx([plain.slope, plain.var_s, corrected.var_s], abs=1e-9)
    continuity = (abs(ours.s) - 1) / np.sqrt(corrected.var_s)
    assert ours.p == pytest.approx(2 * norm.sf(continuity), abs=1e-9)


def test_monthly_series_in_any_order_and_with_gaps():
    s = monthly(correlated_table(9))
    s.iloc[[3, 40, 41]] = np.nan
    base = trend(s)
    assert base.freq == "monthly" and base.n == s.size - 3 and "3" in str(base.warnings[0])
    stamped = s.set_axis(s.index.to_timestamp())
    for other in (s.sample(frac=1, random_state=0), stamped, s.dropna()):
        again = trend(other)
        assert (again.s, again.variance, again.slope) == (base.s, base.variance, base.slope)
    short = trend(monthly(correlated_table(1, years=3)))
    assert short.verdict == "too few points" and any("10" in str(w) for w in short.warnings)
