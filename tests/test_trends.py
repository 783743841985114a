"""Trends: against enumeration, published tables, pymannkendall and scipy."""

from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xc_analysis.errors import InputError
from xc_analysis.trends import POWER, fit_points, mann_kendall, seasonal_kendall, trend
from xc_analysis.words import use_language


def statistic(y):
    return sum(int(np.sign(b - a)) for a, b in combinations(y, 2))


def enumerated_p(y):
    """Two-sided p over every order of the values, ties kept apart as distinct objects."""
    orders = np.array(list(permutations(y)))
    i, j = np.triu_indices(len(y), 1)
    every = np.abs(np.sign(orders[:, j] - orders[:, i]).sum(axis=1))
    return (every >= abs(statistic(y))).mean()


def yearly(values, first=2015, **attrs):
    s = pd.Series(values, index=range(first, first + len(values)), dtype=float)
    s.attrs = attrs
    return s


# ---- Mann-Kendall and Sen's slope --------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "p"),
    [(3, 0.3333), (4, 0.0833), (5, 0.01667), (6, 0.002778), (7, 0.000397), (8, 0.0000496)],
)
def test_monotone_series_have_the_published_p(n, p):
    assert mann_kendall(np.arange(n)).p == pytest.approx(p, rel=2e-3)
    assert mann_kendall(-np.arange(n)).p == pytest.approx(p, rel=2e-3)


@pytest.mark.parametrize("n", range(2, 6))
def test_exact_p_is_enumeration_for_every_pattern_of_ties(n):
    patterns = np.array(list(product(range(n), repeat=n)), dtype=float)
    dense = {tuple(np.unique(row, return_inverse=True)[1]) for row in patterns}
    for row in dense:
        assert mann_kendall(row).p == pytest.approx(enumerated_p(row), abs=1e-12), row


@pytest.mark.parametrize(
    "row",
    [
        (3, 1, 2, 5, 4, 7, 6, 8),
        (1, 1, 2, 3, 3, 3, 4, 5),
        (5, 5, 4, 4, 3, 3, 2, 2),
        (1, 2, 1, 2, 1, 2, 1, 3),
        (7, 7, 7, 7, 7, 7, 7, 1),
        (6, 3, 3, 2, 5, 1, 1),
        (2, 2, 1, 3, 1, 1),
    ],
)
def test_exact_p_is_enumeration_of_longer_series(row):
    assert mann_kendall(row).p == pytest.approx(enumerated_p(row), abs=1e-12)


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


def test_slope_and_intercept_equal_scipy_where_years_are_missing():
    from scipy.stats import theilslopes

    years = np.array([2001, 2002, 2005, 2009, 2010, 2016, 2020])
    for y in np.random.default_rng(1).normal(size=(20, years.size)):
        slope, intercept, *_ = theilslopes(y, years)
        ours = mann_kendall(y, years)
        assert ours.slope == pytest.approx(slope, abs=1e-12)
        assert ours.intercept == pytest.approx(intercept, abs=1e-9)


def test_slope_is_by_real_years_not_by_position():
    years = np.array([2010, 2011, 2012, 2015, 2019, 2020])
    falling = 100 - 4.0 * (years - 2010)
    assert mann_kendall(falling, years).slope == pytest.approx(-4)
    assert trend(pd.Series(falling, years)).slope == pytest.approx(-4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
    st.integers(-1000, 1000),
    st.floats(0.1, 10),
    st.floats(-5, 5),
)
def test_order_years_and_units_do_not_matter(values, random, shift, scale, offset):
    years = list(range(2000, 2000 + len(values)))
    base = mann_kendall(values, years)
    mixed = list(zip(values, years, strict=True))
    random.shuffle(mixed)
    v, y = (np.array(x) for x in zip(*mixed, strict=True))
    moved = mann_kendall(v * scale + offset, y + shift)
    assert (moved.s, moved.p) == (base.s, base.p)
    assert moved.slope == pytest.approx(base.slope * scale, abs=1e-9)
    flipped = mann_kendall(-np.array(values), years)
    assert flipped.s == -base.s and flipped.p == base.p


@pytest.mark.parametrize(
    ("values", "years"),
    [
        ([1.0], None),
        (3.0, None),
        ([1, np.nan, 2], None),
        ([1, 2, 3], [2015, 2015, 2016]),
        ([1, 2], [2015]),
        ([1, 2], [2015, np.inf]),
        (["a", "b"], None),
    ],
)
def test_mann_kendall_refuses_in_one_line(values, years):
    with pytest.raises(InputError) as caught:
        mann_kendall(values, years)
    assert "\n" not in str(caught.value)


# ---- One annual series -------------------------------------------------------------------


@pytest.mark.parametrize(("n", "percent"), [(3, 66.7), (4, 91.7), (5, 98.3), (6, 99.7)])
def test_short_range_is_that_of_the_pairwise_slopes(n, percent):
    y = np.array([80.6, 73, 58, 51, 42, 38])[:n]
    pairwise = [(y[j] - y[i]) / (j - i) for i, j in combinations(range(n), 2)]
    t = trend(yearly(y))
    assert (t.lower, t.upper) == (min(pairwise), max(pairwise))
    assert 100 * t.confidence == pytest.approx(percent, abs=0.05)
    assert f"{percent:.3g} %" in t._repr_html_()


def test_range_of_a_longer_series_covers_as_often_as_it_says():
    rng = np.random.default_rng(3)
    for n in (6, 9, 15):
        hits = confidence = 0
        for _ in range(300):
            t = trend(yearly(100 - 2 * np.arange(n) + rng.normal(size=n)))
            hits += t.lower <= -2 <= t.upper
            confidence = t.confidence
        assert hits / 300 == pytest.approx(confidence, abs=0.04)


def test_verdicts():
    assert trend(yearly([5, 4])).verdict == "two points, not a trend"
    few = trend(yearly([5, 4, 3, 2]))
    assert few.verdict == "too few points"
    assert few.slope == -1 and few.lower <= -1 <= few.upper
    assert "0.083" in str(few.note)
    assert trend(yearly([5, 4, 3, 2]), min_points=4).verdict.startswith("not significant")
    assert trend(yearly([6, 5, 4, 3, 2, 1])).verdict == "significant decrease"
    assert trend(yearly([1, 2, 3, 4, 5, 6])).verdict == "significant increase"


def test_what_is_not_significant_says_how_little_that_tells():
    unclear = trend(yearly([6, 3, 5, 4, 2, 4.5]))
    assert unclear.verdict == "not significant, no evidence of no trend"
    assert "9 %" in str(unclear.note) and "9 %" in unclear._repr_html_()
    use_language("zh")
    assert "9%" in unclear._repr_html_() and "significant" not in unclear._repr_html_()


def test_stated_power_is_what_simulation_gives():
    rng = np.random.default_rng(5)
    for n, power in POWER.items():
        y = np.exp(np.log(0.97) * np.arange(n) + 0.08 * rng.standard_normal((20000, n)))
        assert (mann_kendall(y).p <= 0.05).mean() == pytest.approx(power, abs=0.015), n


def test_a_percentage_at_its_bound_has_no_trend():
    attrs = {"scale": "logit", "floor": 0.0, "ceiling": 100.0}
    share = yearly([90, 94, 97, 99, 100, 100], **attrs)
    assert trend(share).verdict == "at its bound, no trend"
    share.iloc[-1] = 99.5
    assert trend(share).verdict == "significant increase"


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (yearly([5.0]), "2 are needed"),
        (yearly([np.nan, np.nan, 3]), "2 are needed"),
        (pd.Series([5.0, 4, 3], index=[2015, 2015, 2016]), "2015 occurs more than once"),
        (yearly([5, np.inf, 3]), "value of 2016 is not finite"),
        (pd.Series([5.0, 4], index=["a", "b"]), "whole years"),
        (pd.Series([5.0, 4], index=[2015.5, 2016]), "whole years"),
        (pd.Series(["x", "1"], index=[2015, 2016]), "value of 2015 is not a number"),
        (pd.DataFrame({"price": [1.0, 2]}, index=[2015, 2016]), "no column 'value'"),
    ],
)
def test_bad_input_is_one_line_naming_the_series(series, words):
    series.attrs["indicator"] = "smoke"
    with pytest.raises(InputError, match=words) as caught:
        trend(series)
    assert str(caught.value).startswith("smoke:") and "\n" not in str(caught.value)


# ---- Reading the points ------------------------------------------------------------------


def evidence_frame():
    rows = [
        (2013, 90.0, np.nan, np.nan, "computed", "partial"),
        (2014, 88.0, np.nan, np.nan, "computed", "strict"),
        (2015, 83.0, 81.9, 84.1, "derived", ""),
        (2016, 70.0, 66.0, 74.0, "estimated", "partial"),
        (2017, np.nan, 50.0, 60.0, "bound", ""),
        (2018, 45.0, np.nan, 45.0, "bound", ""),
        (2019, 12.0, np.nan, np.nan, "printed", ""),
        (2020, 40.0, 38.0, 43.0, "computed", "adequate"),
        (2021, 34.0, np.nan, np.nan, "estimated", "partial"),
        (2022, np.nan, np.nan, np.nan, "printed", ""),
    ]
    columns = ["year", "value", "lower", "upper", "status", "completeness"]
    frame = pd.DataFrame(rows, columns=columns).set_index("year").assign(source_id="a")
    frame.attrs = {"indicator": "smoke", "unit": "t", "scale": "log", "decimals": 0}
    return frame


def test_errors_follow_the_status():
    points = fit_points(evidence_frame())
    errors = (points.ranges[:, 1] - points.ranges[:, 0]) / points.widths
    errors = dict(zip(points.years.tolist(), errors, strict=True))
    assert errors == pytest.approx(
        {
            2014: 0.0,
            2015: 2.2 / 12**0.5,  # a derived range
            2016: 8 / 3.92,  # an estimate with its 95 % interval
            2017: 10 / 12**0.5,  # a bound with both ends, fitted at its middle
            2019: 1 / 12**0.5,  # printed below 20: its rounding
            2020: 0.0,  # two treatments are no error
        }
    )
    assert points.values[points.years == 2017] == 55


def test_what_is_left_out_is_named_with_its_reason_and_the_frame_is_untouched():
    frame = evidence_frame()
    before = frame.copy()
    points = fit_points(frame)
    pd.testing.assert_frame_equal(frame, before)
    left_out = [w.values for w in points.warnings if w.key == "warn.left_out"]
    assert {told["years"]: told["why"].key for told in left_out} == {
        "2013": "left_out.partial",
        "2018": "left_out.one_bound",
        "2021": "left_out.no_range",
        "2022": "left_out.missing",
    }
    assert list(points.kept.index) == points.years.tolist()


def test_window_and_exclude():
    frame = evidence_frame()
    assert fit_points(frame, (2014, 2016)).years.tolist() == [2014, 2015, 2016]
    assert fit_points(frame, (None, 2015)).years.tolist() == [2014, 2015]
    assert fit_points(frame, (2016, None), [2016, 2019]).years.tolist() == [2017, 2020]
    for window in ((2020, 2015), 2015, ("a", "b")):
        with pytest.raises(InputError, match="window"):
            fit_points(frame, window)
    with pytest.raises(InputError, match="exclude"):
        fit_points(frame, None, ["x"])


def test_a_row_added_by_hand_counts_and_one_without_evidence_is_named():
    frame = evidence_frame()
    frame.loc[2012, ["value", "status", "source_id"]] = [91.0, "printed", "mine"]
    points = fit_points(frame)
    assert points.years[0] == 2012
    assert not any(w.key == "warn.row_without_evidence" for w in points.warnings)
    frame.loc[2024, "value"] = 33.0
    said = [w for w in fit_points(frame).warnings if w.key == "warn.row_without_evidence"]
    assert len(said) == 1 and "2024" in str(said[0])


def test_year_may_be_a_column_a_date_or_a_float():
    values = [5.0, 4, 3]
    for frame in (
        pd.DataFrame({"year": [2015, 2016, 2017], "value": values}),
        pd.DataFrame({"value": values}, index=pd.to_datetime(["2015", "2016", "2017"])),
        pd.DataFrame({"value": values}, index=[2015.0, 2016.0, 2017.0]),
        pd.DataFrame({"value": values[::-1]}, index=[2017, 2016, 2015]),
    ):
        points = fit_points(frame)
        assert points.years.tolist() == [2015, 2016, 2017] and points.values.tolist() == values


def test_units_and_bases_of_one_series():
    frame = evidence_frame().assign(unit="t", basis="old")
    frame.loc[2019, "basis"] = "new"
    assert any("old, new" in str(w) for w in fit_points(frame).warnings)
    frame.loc[2019, "unit"] = "kg"
    with pytest.raises(InputError, match="t, kg"):
        fit_points(frame)


# ---- Monthly series ----------------------------------------------------------------------


def monthly(table, first=2005):
    index = pd.period_range(f"{first}-01", periods=table.size, freq="M")
    return pd.Series(table.ravel(), index=index)


def correlated_table(seed, years=14):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(years, 1))
    return (rng.normal(size=(years, 12)) + common + 0.08 * np.arange(years)[:, None]).round(1)


@pytest.mark.parametrize("seed", range(4))
def test_seasonal_kendall_equals_pymannkendall(seed):
    peer = pytest.importorskip("pymannkendall")
    table = correlated_table(seed)
    ours = trend(monthly(table))
    plain = peer.seasonal_test(table.ravel(), period=12)
    corrected = peer.correlated_seasonal_test(table.ravel(), period=12)
    assert ours.s == plain.s == corrected.s
    assert ours.slope == pytest.approx(plain.slope, abs=1e-12)
    assert np.trace(seasonal_kendall(table)[1]) == pytest.approx(plain.var_s, abs=1e-9)
    assert ours.variance == pytest.approx(corrected.var_s, abs=1e-9)


def test_monthly_series_in_any_order_and_with_gaps():
    s = monthly(correlated_table(9))
    s.iloc[[3, 40, 41]] = np.nan
    base = trend(s)
    assert base.freq == "monthly" and base.n == s.size - 3 and "3" in str(base.warnings[0])
    again = trend(s.sample(frac=1, random_state=0))
    assert (again.s, again.variance, again.slope) == (base.s, base.variance, base.slope)
    stamped = s.set_axis(s.index.to_timestamp())
    assert trend(stamped).s == base.s
    assert list(base.frame.columns) == ["value", "line"] and base._repr_html_()


def test_correlation_between_months_is_allowed_for():
    rng = np.random.default_rng(11)
    plain, corrected = [], []
    for _ in range(150):
        table = rng.normal(size=(15, 12)) + rng.normal(size=(15, 1))
        total, covariance = seasonal_kendall(table)
        plain.append(abs(total) - 1 > 1.96 * np.trace(covariance) ** 0.5)
        corrected.append(trend(monthly(table)).p < 0.05)
    assert np.mean(plain) > 0.25
    assert np.mean(corrected) < 0.11


def test_a_monthly_series_is_refused_or_called_short():
    s = monthly(correlated_table(1, years=3))
    short = trend(s)
    assert short.verdict == "too few points"
    assert any("10" in str(w) for w in short.warnings)
    with pytest.raises(InputError, match="two years"):
        trend(s.iloc[:12])
    with pytest.raises(InputError, match="2005-01"):
        trend(pd.concat([s, s.iloc[:1]]))
    with pytest.raises(InputError, match="not finite"):
        trend(s.replace(s.iloc[0], np.inf))
