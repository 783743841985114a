"""Trend: against enumeration, published tables, pymannkendall and scipy."""

from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.fits.ranks import exact_tail
from xc_analysis.trend import POWER, mann_kendall, seasonal_kendall, trend


def statistic(y):
    return sum(int(np.sign(b - a)) for a, b in combinations(y, 2))


def enumerated_p(y):
    """Two-sided p over every order of the values, ties kept apart as distinct objects."""
    orders = list(permutations(y))
    seen = abs(statistic(y))
    return sum(abs(statistic(o)) >= seen for o in orders) / len(orders)


def yearly(values, first=2015):
    return pd.Series(values, index=range(first, first + len(values)), dtype=float)


@pytest.mark.parametrize(
    ("n", "p"),
    [(3, 0.3333), (4, 0.0833), (5, 0.01667), (6, 0.002778), (7, 0.000397), (8, 0.0000496)],
)
def test_monotone_series_have_the_tabled_p(n, p):
    assert mann_kendall(np.arange(n)).p == pytest.approx(p, rel=2e-3)
    assert mann_kendall(-np.arange(n)).p == pytest.approx(p, rel=2e-3)


@pytest.mark.parametrize("n", range(2, 6))
def test_exact_p_is_enumeration_for_every_pattern_of_ties(n):
    patterns = np.array(list(product(range(n), repeat=n)), dtype=float)
    # one member of each pattern of equal and ordered values suffices
    dense = {tuple(np.unique(row, return_inverse=True)[1]) for row in patterns}
    for row in dense:
        assert mann_kendall(row).p == pytest.approx(enumerated_p(row), abs=1e-12), row


@pytest.mark.parametrize(
    "row",
    [
        (1, 2, 3, 4, 5, 6, 7, 8),
        (3, 1, 2, 5, 4, 7, 6, 8),
        (1, 1, 2, 3, 3, 3, 4, 5),
        (5, 5, 4, 4, 3, 3, 2, 2),
        (1, 2, 1, 2, 1, 2, 1, 3),
        (7, 7, 7, 7, 7, 7, 7, 1),
    ],
)
def test_exact_p_is_enumeration_at_eight_points(row):
    # S of all 40,320 orders at once
    orders = np.array(list(permutations(row)))
    i, j = np.triu_indices(8, 1)
    all_s = np.sign(orders[:, j] - orders[:, i]).sum(axis=1)
    expected = (np.abs(all_s) >= abs(statistic(row))).mean()
    assert mann_kendall(row).p == pytest.approx(expected, abs=1e-12)


def test_exact_distribution_sums_to_one_and_ends_at_the_monotone_orders():
    tail = exact_tail((1,) * 10)
    assert tail[0] == 1
    assert tail[-1] == pytest.approx(2 / 3628800, rel=1e-12)
    assert (np.diff(tail) <= 0).all()


def test_equal_values_are_no_trend():
    for n in (2, 6, 10, 15):
        result = mann_kendall(np.full(n, 7.0))
        assert (result.s, result.p, result.slope, result.variance) == (0, 1, 0, 0)


@pytest.mark.parametrize("n", [4, 6, 10, 11, 30, 121])
@pytest.mark.parametrize("ties", [False, True])
def test_statistics_equal_pymannkendall(n, ties):
    peer = pytest.importorskip("pymannkendall")
    rng = np.random.default_rng(n)
    y = rng.normal(size=(20, n)) + 0.05 * np.arange(n)
    y = y.round(1) if ties else y
    ours = mann_kendall(y)
    for row, series in enumerate(y):
        theirs = peer.original_test(series)
        assert ours.s[row] == theirs.s
        for name, value in (
            ("variance", theirs.var_s),
            ("tau", theirs.Tau),
            ("slope", theirs.slope),
            ("intercept", theirs.intercept),
        ):
            assert getattr(ours, name)[row] == pytest.approx(value, abs=1e-9), name
        if n > 10:
            assert ours.p[row] == pytest.approx(theirs.p, abs=1e-9)


def test_short_p_is_not_the_normal_one():
    peer = pytest.importorskip("pymannkendall")
    assert peer.original_test(range(5)).p == pytest.approx(0.0275, abs=1e-3)
    assert mann_kendall(range(5)).p == pytest.approx(2 / 120)


def test_sen_slope_uses_real_years():
    years = np.array([2010, 2011, 2012, 2015, 2019, 2020])
    result = mann_kendall(100 - 4.0 * (years - 2010), years)
    assert result.slope == pytest.approx(-4)
    assert trend(pd.Series(100 - 4.0 * (years - 2010), index=years)).slope == pytest.approx(-4)


def test_slope_and_intercept_equal_scipy_with_gaps():
    from scipy.stats import theilslopes

    rng = np.random.default_rng(1)
    years = np.array([2001, 2002, 2005, 2009, 2010, 2016, 2020])
    for y in rng.normal(size=(20, years.size)):
        slope, intercept, *_ = theilslopes(y, years)
        ours = mann_kendall(y, years)
        assert ours.slope == pytest.approx(slope, abs=1e-12)
        assert ours.intercept == pytest.approx(intercept, abs=1e-9)


def test_leading_axes_are_kept_and_chunks_do_not_matter(monkeypatch):
    y = np.random.default_rng(0).normal(size=(3, 5, 14))
    whole = mann_kendall(y)
    assert whole.p.shape == (3, 5)
    monkeypatch.setattr("xc_analysis.fits.ranks._CHUNK", 200)
    for a, b in zip(whole, mann_kendall(y), strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
    st.floats(0.1, 10),
    st.floats(-5, 5),
)
def test_order_of_rows_and_units_do_not_matter(values, random, scale, shift):
    years = list(range(2000, 2000 + len(values)))
    base = mann_kendall(values, years)
    mixed = list(zip(values, years, strict=True))
    random.shuffle(mixed)
    v, y = (np.array(x) for x in zip(*mixed, strict=True))
    moved = mann_kendall(v * scale + shift, y)
    assert (moved.s, moved.p) == (base.s, base.p)
    assert moved.slope == pytest.approx(base.slope * scale, abs=1e-9)
    flipped = mann_kendall(-np.array(values), years)
    assert flipped.s == -base.s and flipped.p == base.p


def test_range_of_the_slope_lies_within_the_pairwise_slopes():
    years = np.arange(2015, 2021)
    y = np.array([80.6, 73, 58, 51, 42, 38])
    pairwise = sorted((y[j] - y[i]) / (j - i) for i, j in combinations(range(6), 2))
    t = trend(pd.Series(y, years))
    # Hollander and Wolfe: n = 6 allows 1 - 2 x .0083 with the second and the last but one
    assert (t.low, t.high) == (pairwise[1], pairwise[-2])
    assert t.confidence == pytest.approx(1 - 12 / 720)
    short = trend(pd.Series(y[:4], years[:4]))
    pairwise = [(y[j] - y[i]) / (j - i) for i, j in combinations(range(4), 2)]
    assert (short.low, short.high) == (min(pairwise), max(pairwise))


def test_range_of_the_slope_covers_as_often_as_it_says():
    rng = np.random.default_rng(3)
    for n in (6, 9, 15):
        hits = confidence = 0
        for _ in range(400):
            t = trend(yearly(100 - 2 * np.arange(n) + rng.normal(size=n)))
            hits += t.low <= -2 <= t.high
            confidence = t.confidence
        assert hits / 400 == pytest.approx(confidence, abs=0.035)


def test_verdicts():
    assert trend(yearly([5, 4])).verdict == "two points, not a trend"
    few = trend(yearly([5, 4, 3, 2]))
    assert few.verdict == "too few points"
    assert few.slope == -1 and few.low <= -1 <= few.high
    assert trend(yearly([5, 4, 3, 2]), min_points=4).verdict.startswith("not significant")
    assert trend(yearly([6, 5, 4, 3, 2, 1])).verdict == "significant decrease"
    assert trend(yearly([1, 2, 3, 4, 5, 6])).verdict == "significant increase"
    unclear = trend(yearly([6, 3, 5, 4, 2, 4.5]))
    assert "no evidence of no trend" in unclear.verdict
    assert "9 %" in unclear.note


def test_a_percentage_at_its_bound_has_no_trend():
    share = yearly([90, 94, 97, 99, 100, 100])
    share.attrs = {"scale": "logit", "floor": 0.0, "ceiling": 100.0}
    assert trend(share).verdict == "at its bound, no trend"
    share.iloc[-1] = 99.5
    assert trend(share).verdict == "significant increase"


def test_missing_values_of_any_kind_are_left_out():
    for dtype in ("float64", "Float64", object):
        s = pd.Series([5, 4, None, 2], index=range(2015, 2019), dtype=dtype)
        t = trend(s)
        assert t.n == 3 and "2017" in t.warnings[0] and t.slope == -1


def test_stated_power_is_what_simulation_gives():
    rng = np.random.default_rng(5)
    for n, power in POWER.items():
        y = np.exp(np.log(0.97) * np.arange(n) + 0.08 * rng.standard_normal((20000, n)))
        assert (mann_kendall(y).p <= 0.05).mean() == pytest.approx(power, abs=0.015), n


def test_rows_that_are_no_values_are_left_out_and_named():
    frame = pd.DataFrame(
        {
            "value": [90.0, 80, 70, np.nan, 50, 40, 30],
            "status": [
                "printed",
                "derived",
                "computed",
                "bound",
                "estimated",
                "printed",
                "computed",
            ],
            "completeness": ["", "", "strict", "", "", "", "partial"],
        },
        index=range(2014, 2021),
    )
    frame.attrs = {"indicator": "pm25", "unit": "µg/m³"}
    before = frame.copy()
    t = trend(frame)
    assert (t.n, t.first, t.last, t.indicator, t.unit) == (4, 2014, 2019, "pm25", "µg/m³")
    said = " ".join(t.warnings)
    assert all(year in said for year in ("2017", "2018", "2020"))
    pd.testing.assert_frame_equal(frame, before)
    assert trend(frame, window=(2014, 2016)).n == 3
    assert trend(frame, exclude=(2014,)).first == 2015


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (yearly([5.0]), "needs 2"),
        (yearly([np.nan, np.nan, 3]), "needs 2"),
        (pd.Series([5.0, 4, 3], index=[2015, 2015, 2016]), "2015 occurs more than once"),
        (yearly([5, np.inf, 3]), "2016 is not a finite"),
        (pd.Series([5.0, 4], index=["a", "b"]), "whole years"),
        (pd.Series([5.0, 4], index=[2015.5, 2016]), "whole years"),
        (pd.Series(["x", "y"], index=[2015, 2016]), "not a number"),
    ],
)
def test_bad_input_is_one_line_naming_the_indicator(series, words):
    series.name = "pm25"
    with pytest.raises(InputError, match=words) as caught:
        trend(series)
    assert str(caught.value).startswith("pm25:") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "years"),
    [([1.0], None), ([1, np.nan, 2], None), ([1, 2, 3], [2015, 2015, 2016]), ([1, 2], [2015])],
)
def test_mann_kendall_refuses(values, years):
    with pytest.raises(InputError):
        mann_kendall(values, years)


def monthly(table, first=2005):
    years, months = np.meshgrid(
        np.arange(first, first + len(table)), np.arange(1, table.shape[1] + 1), indexing="ij"
    )
    return table.ravel(), years.ravel(), months.ravel()


def correlated_table(seed, years=14):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(years, 1))
    return (rng.normal(size=(years, 12)) + common + 0.08 * np.arange(years)[:, None]).round(1)


@pytest.mark.parametrize("seed", range(4))
def test_seasonal_kendall_equals_pymannkendall(seed):
    peer = pytest.importorskip("pymannkendall")
    table = correlated_table(seed)
    ours = seasonal_kendall(*monthly(table))
    plain, corrected = (
        f(table.ravel(), period=12) for f in (peer.seasonal_test, peer.correlated_seasonal_test)
    )
    assert ours.s == plain.s == corrected.s
    assert ours.slope == pytest.approx(plain.slope, abs=1e-12)
    assert ours.variance_independent == pytest.approx(plain.var_s, abs=1e-9)
    assert ours.p_independent == pytest.approx(plain.p, abs=1e-9)
    assert ours.variance == pytest.approx(corrected.var_s, abs=1e-9)


def test_seasonal_kendall_does_not_care_for_order_and_says_what_is_missing():
    values, years, months = monthly(correlated_table(9))
    values = values.astype(float)
    values[[3, 40, 41]] = np.nan
    base = seasonal_kendall(values, years, months)
    assert base.n == values.size - 3 and "3" in base.warnings[0]
    order = np.random.default_rng(0).permutation(values.size)
    order = order[np.isfinite(values[order])]
    again = seasonal_kendall(values[order], years[order], months[order])
    assert (again.s, again.variance, again.slope) == (base.s, base.variance, base.slope)


def test_correlation_between_months_raises_p_and_restores_the_size_of_the_test():
    rng = np.random.default_rng(11)
    plain, corrected = [], []
    for _ in range(150):
        table = rng.normal(size=(15, 12)) + 1.0 * rng.normal(size=(15, 1))
        result = seasonal_kendall(*monthly(table))
        plain.append(result.p_independent < 0.05)
        corrected.append(result.p < 0.05)
    assert np.mean(plain) > 0.25
    assert np.mean(corrected) < 0.11


def test_seasonal_kendall_refuses():
    values, years, months = monthly(correlated_table(1, years=3))
    with pytest.raises(InputError, match="more than once"):
        seasonal_kendall(values, years, np.full(months.size, 1))
    with pytest.raises(InputError, match="one year and month"):
        seasonal_kendall(values, years[:-1], months)
    with pytest.raises(InputError, match="2 years"):
        seasonal_kendall(values[:12], years[:12], months[:12])
    with pytest.raises(InputError, match="infinite"):
        seasonal_kendall(np.where(values == values[0], np.inf, values), years, months)
    assert any("10" in w for w in seasonal_kendall(values, years, months).warnings)


def test_text_is_refused_in_one_line():
    with pytest.raises(InputError, match="not a number"):
        mann_kendall(["a", "b"])
    with pytest.raises(InputError, match="min_points"):
        trend(pd.Series([3.0, 2, 1], index=[2018, 2019, 2020]), min_points="6")
    with pytest.raises(InputError, match="indexed by year"):
        trend([3.0, 2.0, 1.0])
