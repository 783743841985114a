"""Projections: against the written formulas, statsmodels, published check values, properties."""

import runpy
import warnings
from fractions import Fraction
from math import comb, prod
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from xc_analysis.errors import InputError
from xc_analysis.projections import METHODS, calendar_days, project, project_many, share_at_bound
from xc_analysis.words import use_language

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {"scale": "log", "better": "lower", "prior_sd": 0.08, "decimals": 0}
CITY = pd.Series([80.6, 73, 58, 51, 42, 38], index=range(2015, 2021), name="smoke")
CITY.attrs = {"indicator": "smoke", **KNOWN}
CHECK = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))


def yearly(values, first=2015, **attrs):
    s = pd.Series(values, index=range(first, first + len(values)), dtype=float)
    s.attrs = attrs
    return s


# ---- the written formula -------------------------------------------------------------------


def written_paths():
    """The 97 curves and prior weights as docs/methods.md lists them, in plain loops."""
    rates = [round(-0.30 + 0.02 * i, 2) for i in range(21)]
    normal = [np.exp(-(((r + 0.04) / 0.08) ** 2) / 2) for r in rates]
    curves = [
        (lambda t, r=r: r * t, 0.30 * w / sum(normal), "rate")
        for r, w in zip(rates, normal, strict=True)
    ]
    for i in range(12):
        g = round(-0.08 + 0.01 * i, 2)
        curves.append((lambda t, g=g: np.log(max(1 + g * t, 0.1)), 0.25 / 12, "amount"))
    for i in range(63):
        f, k = (i // 7 + 1) / 10, 0.1 + 0.2 * (i % 7)
        level = (lambda t, f=f, k=k: np.log(f + (1 - f) * np.exp(-k * t)), 0.35 / 63, "level")
        curves.append(level)
    return [*curves, (lambda t: 0.0, 0.10, "none")]


def written_fit(z, years, to, s0, scale, better):
    """Centre, variance and kinds of `paths` in one year, term by term."""
    t = np.asarray(years, float) - years[0]
    ahead, n, nu = to - years[0], len(z), 4
    gain = max(1, s0 / 0.16) * (1 if scale == "log" else min(1, s0 / 0.08))
    gain *= 1 if better == "lower" else -1
    p, q, m, kinds = [], [], [], {}
    for curve, weight, kind in written_paths():
        g = gain * np.array([curve(x) for x in t])
        r = np.sum((z - g - np.mean(z - g)) ** 2)
        q.append(nu * s0**2 + r)
        p.append(weight * q[-1] ** (-(nu + n - 1) / 2))
        m.append(gain * curve(ahead) - g.mean())
        kinds.setdefault(kind, []).append(p[-1])
    p, q, m = np.array(p) / sum(p), np.array(q), np.array(m)
    s2 = p @ q / (nu + n - 1)
    drift = (0.8 * min(s0, 0.16)) ** 2 * (to - years[-1])
    variance = s2 * (1 + 1 / n) + drift + p @ m**2 - (p @ m) ** 2
    total = sum(sum(part) for part in kinds.values())
    return np.mean(z) + p @ m, variance, {kind: sum(w) / total for kind, w in kinds.items()}


def test_published_check_values():
    p = project(CHECK, 2025, better="lower", prior_sd=0.08)
    np.testing.assert_allclose(p.median, [34.6, 30.1, 26.3, 23.0, 20.1], atol=0.05)
    last = p.frame.loc[2025]
    assert last[["lower_80", "upper_80"]].tolist() == pytest.approx([14.2, 28.6], abs=0.05)
    assert last[["lower_95", "upper_95"]].tolist() == pytest.approx([11.3, 36.0], abs=0.05)
    weights = {"rate": 0.81, "amount": 0.01, "level": 0.18, "none": 0.0}
    assert p.weights == pytest.approx(weights, abs=0.005) and p.warnings == ()
    written = written_paths()
    assert len(written) == 97 and sum(w for _, w, _ in written) == pytest.approx(1)
    better = sum(w for curve, w, _ in written if curve(1.0) < 0)
    worse = sum(w for curve, w, _ in written if curve(1.0) > 0)
    assert p.prior_share == pytest.approx({"better": better, "worse": worse})
    assert (better, worse) == (pytest.approx(0.72, abs=0.005), pytest.approx(0.14, abs=0.006))


FORWARD = {
    "log": np.log,
    "identity": lambda y: y,
    "logit": lambda y: np.log(y / (100 - y)),
    "count": lambda y: np.log((y + 0.5) / (360 - y + 0.5)),
}
BACK = {
    "log": np.exp,
    "identity": lambda z: z,
    "logit": lambda z: 100 / (1 + np.exp(-z)),
    "count": lambda z: max(366 / (1 + np.exp(-z)) - 0.5, 0),
}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_paths_are_the_written_formula(data):
    n, scale = data.draw(st.integers(2, 9)), data.draw(st.sampled_from(list(FORWARD)))
    years = 2000 + np.cumsum(data.draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)))
    y = np.array(data.draw(st.lists(st.floats(5, 95), min_size=n, max_size=n)))
    s0, better = data.draw(st.floats(0.02, 0.6)), data.draw(st.sampled_from(["lower", "higher"]))
    to = int(years[-1]) + data.draw(st.integers(1, 8))
    assume(scale != "count" or to % 4)  # back to days, a year has 365
    z = FORWARD[scale](y)
    # the variance of the formula is taken where it does not fall with the horizon
    ahead = range(years[-1] + 1, to + 1)
    every = [written_fit(z, years, x, s0, scale, better) for x in ahead]
    centre, _, kinds = every[-1]
    s = pd.Series(y, years)
    s.attrs = {"days": dict.fromkeys(years.tolist(), 360)}
    p = project(s, to, prior_sd=s0, scale=scale, better=better)
    half = student.ppf(0.9, 8) * np.sqrt(max(v for _, v, _ in every) * 6 / 8)
    found = [p.median[-1], *(end[-1] for end in p.interval(0.8))]
    expected = [BACK[scale](x) for x in (centre, centre - half, centre + half)]
    if scale in ("log", "identity") or 0.6 < min(expected) < max(expected) < 359:
        assert found == pytest.approx(expected, rel=1e-7)
    assert p.weights == pytest.approx(kinds, abs=1e-9)


# ---- known errors --------------------------------------------------------------------------


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("n", [2, 3, 6, 9])
def test_errors_of_nearly_nothing_give_the_closed_form(n, better):
    y = 60 * np.exp(np.random.default_rng(n).normal(0, 0.08, (3, n)) - 0.06 * np.arange(n))
    options = {"years": range(n), "target_years": [n, n + 4], "better": better}
    plain = project_many(y, **options)
    almost = project_many(y, errors=np.full(n, 1e-10), **options)
    # 41 points of s from s0/5 to 5 s0 cut the tails off, the more so the fewer the years
    np.testing.assert_allclose(almost.centre, plain.centre, atol=2e-3 if n < 4 else 1e-3)
    np.testing.assert_allclose(almost.sd, plain.sd, rtol=2e-2 if n < 4 else 2e-3)
    np.testing.assert_array_equal(project_many(y, errors=np.zeros(n), **options).sd, plain.sd)


def test_known_errors_are_the_sum_over_noise_in_plain_loops():
    z, t, e, s0 = np.log([83.0, 70, 61, 40]), np.arange(4.0), np.array([0.0, 0.2, 0, 0.05]), 0.1
    centres, weights = [], []
    for s in np.geomspace(s0 / 5, 5 * s0, 41):
        v = s**2 + e**2
        for curve, prior, _ in written_paths():
            d = z - [curve(x) for x in t]
            level = np.sum(d / v) / np.sum(1 / v)
            r = np.sum((d - level) ** 2 / v)
            likelihood = np.prod(v**-0.5) * np.sum(1 / v) ** -0.5 * np.exp(-r / 2)
            weights.append(prior * s**-4 * np.exp(-4 * s0**2 / (2 * s**2)) * likelihood)
            centres.append(level + curve(6))
    p = project_many(np.exp([z]), t, [6], prior_sd=s0, errors=e)
    assert p.centre[0, 0] == pytest.approx(np.average(centres, weights=weights), rel=1e-10)


def test_an_estimated_year_enters_with_its_error_and_a_partial_one_not():
    frame = CITY.to_frame("value").assign(status="computed", lower=np.nan, upper=np.nan)
    frame["completeness"], frame["source_id"] = "strict", "a"
    frame.attrs = CITY.attrs
    frame.loc[2021] = [30.0, "estimated", 24.0, 37.0, "partial", "a"]
    p = project(frame, 2025)
    assert (p.n, p.years.size, p.years[-1], p.target_years[0]) == (6, 7, 2021, 2022)
    assert "6 points of 2015–2021" in p._repr_html_() and "1 more" in p._repr_html_()
    assert p.errors[-1] == pytest.approx(np.log(37 / 24) / 3.92) and not p.errors[:-1].any()
    assert any(w.key == "warn.errors_unused" for w in project(frame, 2025, method="last").warnings)
    frame.loc[2021, "status"] = "computed"
    q = project(frame, 2025)
    assert q.n == 6 and "2021" in str(q.warnings[0])
    np.testing.assert_allclose(q.median, project(CITY, 2025).median)


@pytest.mark.parametrize("scale", ["log", "logit", "count", "share", "identity"])
def test_ranges_beyond_a_bound_stay_on_the_scale(scale):
    frame = pd.DataFrame(
        {"value": [3.0, 2, 1], "lower": [np.nan, np.nan, -1], "upper": [np.nan, np.nan, 3]},
        index=range(2018, 2021),
    ).assign(status=["computed", "computed", "estimated"])
    p = project(frame, 2022, scale=scale, prior_sd=0.2, better="lower")
    assert np.isfinite(p.errors).all() and p.errors[-1] > 0
    assert np.isfinite(p.frame.to_numpy()).all()


# ---- the other methods ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["linear", "loglinear"])
@pytest.mark.parametrize("years", [range(2015, 2021), [2010, 2011, 2014, 2015, 2019, 2020]])
def test_least_squares_intervals_equal_statsmodels(method, years):
    import statsmodels.api as sm

    t, ahead = np.array(years, float), np.arange(2021.0, 2026)
    y = 50 * np.exp(-0.05 * (t - 2010) + 0.1 * np.random.default_rng(0).standard_normal(t.size))
    forward, back = (np.log, np.exp) if method == "loglinear" else (np.asarray, np.asarray)
    fit = sm.OLS(forward(y), sm.add_constant(t - 2015)).fit()
    pred = fit.get_prediction(sm.add_constant(ahead - 2015, has_constant="add"))
    p = project(pd.Series(y, years), 2025, method=method)
    np.testing.assert_allclose(p.median, back(pred.predicted_mean), rtol=1e-10)
    for level in (0.8, 0.95):
        ends = pred.conf_int(obs=True, alpha=1 - level).T
        np.testing.assert_allclose(p.interval(level), back(ends), rtol=1e-10)


def test_comparison_methods_do_what_they_are_named_for():
    line = project(CITY, 2025, method="linear")
    assert line.median[-1] == pytest.approx(-10, abs=0.1)
    assert [w.key for w in line.warnings] == ["warn.linear_comparison"]
    bounded = project(CITY, 2025, method="linear", floor=0).frame
    assert bounded.min().min() >= 0 and (bounded["upper_80"] > bounded["lower_80"]).all()
    assert project(CITY, 2025, method="last").median[-1] == pytest.approx(np.sqrt(38 * 42))
    assert project(CITY.drop(2019), 2025, method="last").median[-1] == pytest.approx(38)
    slope, end = np.polyfit(np.arange(6) - 5, np.log(CITY.to_numpy()), 1)
    expected = np.exp(end + slope * sum(0.85**k for k in range(1, 6)))
    assert project(CITY, 2025, method="damped").median[-1] == pytest.approx(expected)


# ---- properties ----------------------------------------------------------------------------

SCALES = {
    "log": {},
    "count": {"prior_sd": 0.5},
    "share": {"prior_sd": 0.5},
    "identity": {"prior_sd": 3.0},
    "logit": {"floor": 0.0, "ceiling": 1000.0, "prior_sd": 0.1},
}
TOPS = {"count": 366, "share": 100, "logit": 1000}
BETTER = st.sampled_from(["lower", "higher"])
METHOD = st.sampled_from(METHODS)


def series_of(least, most, method):
    size = 3 if method in ("linear", "loglinear") else 2
    return st.lists(st.floats(least, most), min_size=size, max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.data(), METHOD, st.sampled_from(list(SCALES)), BETTER, st.integers(1, 3))
def test_fans_are_finite_nested_and_widen(data, method, scale, better, gap):
    y = np.array(data.draw(series_of(0.5, 360, method))) / (4 if scale == "share" else 1)
    errors = None
    if method == "paths":
        errors = [data.draw(st.sampled_from([0, 0, 0.1])) for _ in y]
    years = 2000 + gap * np.arange(y.size)
    options = {"method": method, "scale": scale, "better": better, **SCALES[scale]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ahead = range(years[-1] + 1, years[-1] + 9)
        p = project_many([y], years, ahead, errors=errors, **options)
    fan = [p.lower[0.95], p.lower[0.8], p.median, p.upper[0.8], p.upper[0.95]]
    fan = np.array(fan)[:, 0]
    assert np.isfinite(fan).all() and (np.diff(fan, axis=0) >= 0).all()
    assert (fan[4] > fan[0]).all() and (fan[3] > fan[1]).all()
    assert (np.diff(p.sd[0]) >= -1e-9 * p.sd[0][:-1]).all()
    if scale != "identity" and method != "linear":
        assert (fan >= 0).all() and (fan <= TOPS.get(scale, np.inf)).all()


@pytest.mark.parametrize("method", METHODS)
def test_intervals_at_a_bound_keep_a_width_and_stay_nested(method):
    steep = [[24.0, 8, 0.5], [360, 364, 365]]
    for scale, better in (("count", "lower"), ("identity", "higher"), ("logit", "higher")):
        options = {"floor": 0.0, "ceiling": 366.0, "prior_sd": 0.3, "better": better}
        p = project_many(steep, range(3), range(3, 40), method=method, scale=scale, **options)
        fan = [p.lower[0.95], p.lower[0.8], p.median, p.upper[0.8], p.upper[0.95]]
        assert (np.diff(fan, axis=0) >= 0).all() and (p.upper[0.8] > p.lower[0.8]).all()


@settings(max_examples=60, deadline=None)
@given(st.data(), METHOD, st.floats(0.01, 100), st.integers(-300, 300), st.randoms())
def test_units_years_and_order_of_rows_do_not_matter(data, method, factor, shift, random):
    y = data.draw(series_of(5, 360, method))
    assume(np.ptp(y) > 0.01)
    base = project(yearly(y, 2000, **KNOWN), 2012, method=method)
    rows = list(zip(y, range(2000, 2000 + len(y)), strict=True))
    random.shuffle(rows)
    values, years = zip(*rows, strict=True)
    mixed = pd.Series(np.array(values) * factor, np.array(years) + shift)
    mixed.attrs = KNOWN
    again = project(mixed, 2012 + shift, method=method)
    np.testing.assert_allclose(again.frame, base.frame * factor, rtol=1e-6, atol=1e-6 * factor)
    assert again.weights == pytest.approx(base.weights, abs=1e-9)


@given(st.lists(st.floats(1, 200), min_size=2, max_size=8), st.sampled_from(["paths", "damped"]))
@settings(max_examples=40, deadline=None)
def test_better_and_prior_mirror(y, method):
    y = np.array([y])
    options = {"years": range(y.size), "target_years": [y.size + 3], "method": method}
    low = project_many(y, better="lower", **options)
    high = project_many(1 / y, better="higher", **options)
    np.testing.assert_allclose(low.centre, -high.centre, atol=1e-9)
    np.testing.assert_allclose(low.sd, high.sd, rtol=1e-9)
    turned = project_many(y, better="higher", prior="mirrored", **options)
    np.testing.assert_array_equal(turned.centre, low.centre)


@pytest.mark.parametrize("method", METHODS)
def test_one_many_and_listed_years_agree(method):
    y = CITY.to_numpy()
    many = project_many(np.array([y, y[::-1]]), CITY.index, [2025, 2022], method=method)
    one = project(CITY.sample(frac=1, random_state=1), [2025, 2022], method=method)
    assert list(one.frame.index) == [2022, 2025]
    np.testing.assert_allclose(many.median[0, ::-1], one.median, rtol=1e-9)
    for level in (0.8, 0.95):
        ends = many.lower[level][0, ::-1], many.upper[level][0, ::-1]
        np.testing.assert_allclose(ends, one.interval(level), rtol=1e-9)
    full = project(CITY, 2025, method=method).frame
    assert list(full.index) == [2021, 2022, 2023, 2024, 2025]
    pd.testing.assert_frame_equal(full.loc[[2022, 2025]], one.frame, rtol=1e-9)


def test_simulated_shapes_meet_the_goals_on_a_seed_of_their_own():
    simulate, scores = runpy.run_path(ROOT / "benchmarks" / "shapes.py")["simulate"], []
    for shape in ("linear", "exponential", "floor", "noisy"):
        seen, out = simulate(shape, 500, seed=97)
        p = project_many(seen, range(6), range(6, 11))
        steps = np.abs(np.diff(seen, axis=1)).mean(axis=1)
        row = [np.mean(np.abs(p.median - out).mean(axis=1) / steps)]
        for level in (0.8, 0.95):
            low, high = p.lower[level], p.upper[level]
            beyond = np.maximum(low - out, 0) + np.maximum(out - high, 0)
            interval = high - low + 2 / (1 - level) * beyond
            row += [(beyond == 0).mean(), np.mean(100 * interval / seen[:, :1])]
        assert row[1] >= 0.72 and row[3] >= 0.90
        scores.append(row)
    mase, cover80, score80, cover95, score95 = np.mean(scores, axis=0)
    assert mase <= 0.92 and score80 <= 39.5 and score95 <= 60
    assert 0.80 <= cover80 <= 0.92 and 0.94 <= cover95 <= 0.99


# ---- counts, shares, bounds ----------------------------------------------------------------


def days_of(counts, **attrs):
    days = {2014 + i: 350 + i for i in range(len(counts))}
    return yearly(counts, 2014, days=days, better="lower", prior_sd=0.5, **attrs)


@pytest.mark.parametrize("decimals", [1, 6])
def test_a_count_and_its_share_are_one_fit(decimals):
    counts = days_of([58.0, 47, 46, 39, 23, 15, 0], scale="count", decimals=0)
    share = (100 * counts / pd.Series(counts.attrs["days"])).round(decimals)
    share = days_of(share.tolist(), scale="share", decimals=decimals)
    p, q = project(counts, 2025), project(share, 2025)
    np.testing.assert_allclose([p.centre, p.sd], [q.centre, q.sd], rtol=1e-12)
    days = calendar_days(p.target_years)[:, None]
    np.testing.assert_allclose(p.frame, q.frame * days / 100, atol=1e-9)
    assert p.p_meet("<=", 3) == pytest.approx(q.p_meet("<=", 100 * 3.4 / 365))
    # days are whole: at most three is less than three and a half
    z = np.log((3.5 + 0.5) / (365 - 3.5 + 0.5))
    expected = student.cdf((z - p.centre[-1]) / p.sd[-1], 8)
    for comparator, limit in (("<=", 3), ("<", 4), ("<=", 3.4)):
        assert p.p_meet(comparator, limit, 2025) == pytest.approx(expected)
    assert p.p_meet(">=", 4) == pytest.approx(1 - expected)
    assert p.p_meet("<", 0, 2025) == 0 and p.p_meet("<=", 400, 2025) == 1


def test_days_not_stated_are_the_calendar_s_and_named():
    s = days_of([30.0, 20, 10], scale="count")
    s.attrs["days"] = {2014: 350, "2015": 355}
    p = project(s, 2020)
    assert [w.values["years"] for w in p.warnings] == ["2016"]
    s.attrs["days"] = {2014: 350, 2015: 355, 2016: 366}
    np.testing.assert_array_equal(project(s, 2020).centre, p.centre)


@pytest.mark.parametrize("given", [(4, 4, 4), (5, 5, 9), (37, 37, 37), (11, 13, 13), (0, 5, 9)])
def test_a_share_at_its_bound_is_a_beta_binomial_of_jeffreys_prior(given):
    passed, total, n = given
    half = Fraction(1, 2)

    def rising(x, k):
        return prod((x + i for i in range(k)), start=Fraction(1))

    # by Polya's urn, exactly: each that passes adds one to the odds of the next
    passes, fails = passed + half, total - passed + half
    ways = [comb(n, k) * rising(passes, k) * rising(fails, n - k) for k in range(n + 1)]
    chance = [float(way / rising(total + 1, n)) for way in ways]
    told, up_to = share_at_bound(*given), np.cumsum(chance)
    assert told["p_all"] == pytest.approx(chance[-1]) and up_to[-1] == pytest.approx(1)
    for name, level in (("median", 0.5), ("lower_80", 0.1), ("upper_80", 0.9), ("upper_95", 0.975)):
        assert told[name] == int((up_to < level).sum())
    three = 3 / total if passed == total else np.nan
    assert told["fails_at_most"] == pytest.approx(three, nan_ok=True)


# ---- the probability of a target -----------------------------------------------------------


def test_probability_of_a_target_is_that_of_the_t():
    p = project(CHECK, 2025, better="lower", prior_sd=0.08)
    for level in (0.5, 0.8, 0.95):
        low, high = (float(end[-1]) for end in p.interval(level))
        assert p.p_meet("<=", high, 2025) == pytest.approx((1 + level) / 2)
        assert p.p_meet(">", low, 2025) == pytest.approx((1 + level) / 2)
    assert p.p_meet("<", 0) == 0 and p.p_meet(">=", 0) == 1
    assert np.isnan(p.p_meet("=", 30))


def test_at_most_is_read_at_the_finer_printed_precision_and_less_than_is_not_rounded():
    exact = project(CHECK, 2025, better="lower", prior_sd=0.08)
    frame = CHECK.to_frame("value").assign(status="printed", source_id="a")
    frame.attrs = KNOWN
    printed, computed = project(frame, 2025), project(frame.assign(status="computed"), 2025)
    for fan, comparator, limit, edge in (
        (printed, "<=", 20, 20.5),
        (printed, "<=", 20.2, 20.25),
        (printed, ">=", 20, 19.5),
        (printed, "<", 20, 20),
        (printed, ">", 20, 20),
        (computed, "<=", 20, 20.05),
    ):
        assert fan.p_meet(comparator, limit) == pytest.approx(exact.p_meet(comparator, edge))


def test_a_target_at_a_bound_has_no_probability_and_a_value_there_no_fit():
    s = yearly([90.0, 93, 95, 96], scale="logit", better="higher", prior_sd=0.3, decimals=1)
    p = project(s, 2025)
    assert np.isnan(p.p_meet(">=", 100)) and 0 < p.p_meet(">=", 97) < 1
    assert p.p_meet("<=", 120) == 1 and p.p_meet("<", -5) == 0
    for end in (0.0, 100.0):
        with pytest.raises(InputError, match="gap"):
            project(yearly([90.0, 95, end], **s.attrs), 2025)


# ---- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize("estimated", [False, True])
def test_a_point_that_disagrees_is_named_and_kept(estimated):
    quiet = yearly([80.0, 75, 70, 66, 60, 56]).to_frame("value")
    quiet = quiet.assign(lower=np.nan, upper=np.nan, status="computed", source_id="a")
    quiet.attrs = KNOWN
    if estimated:
        quiet.loc[2016, ["status", "lower", "upper"]] = ["estimated", 72.0, 78.0]
    assert project(quiet, 2025).warnings == ()
    loud = quiet.copy()
    loud.loc[2018, "value"] = 140.0
    p = project(loud, 2025)
    assert [w.key for w in p.warnings] == ["warn.point_disagrees"]
    assert "2018" in str(p.warnings[0]) and 2018 in p.years


def test_settings_are_the_register_s_or_guesses_that_are_named():
    said = {w.key for w in project(pd.Series([5.0, 4], [2019, 2020]), 2025).warnings}
    assert said == {"warn.prior_guess", "warn.better_assumed"}
    assert project(CITY, 2025, prior_sd=0.3).prior_sd == 0.3
    p = project(pd.Series([83.0, 40.0], index=[2015, 2020], name="pm25"), 2025)
    assert (p.scale, p.better, p.prior_sd) == ("log", "lower", 0.08)
    assert not p.warnings and p.unit


def test_projection_shows_itself_in_either_language():
    use_language("en")
    p = project(CITY, 2025)
    page, weight = p._repr_html_(), f"{100 * p.weights['rate']:.0f} %"
    assert "2025" in page and f"same rate every year {weight}" in page and "72 %" in page
    use_language("zh")
    page = project(CITY.drop([2016, 2017, 2018, 2019]), 2025, method="last")._repr_html_()
    assert "中位数" in page and "median" not in page


# ---- what is refused, in one line ----------------------------------------------------------


def refused(words, function, *given, **options):
    with pytest.raises(InputError, match=words) as caught:
        function(*given, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("method", "blend", "use one of paths"),
        ("scale", "cube", "use one of log"),
        ("better", "up", "use one of lower"),
        ("prior", "rising", "use one of falling"),
        *(("levels", levels, "level") for levels in (0.8, (), (80,), ("a",))),
        *(("prior_sd", sd, "not positive") for sd in (0, "x", np.inf)),
        ("floor", "x", "floor x"),
        ("ceiling", 45.0, "outside"),
        ("window", (2021, 2025), "2 are needed"),
        ("window", (2020, 2020), "2 are needed"),
        *(("to", to, "not after") for to in (2020, [2019, 2025])),
        *(("to", to, "whole") for to in (2025.5, "soon", [], np.inf, 20300)),
    ],
)
def test_options_that_are_none(name, value, words):
    refused(words, project, CITY, **({"to": 2030} | {name: value}))


@pytest.mark.parametrize(
    ("values", "scale", "words"),
    [
        ([5.0], "log", "2 are needed"),
        ([5.0, 0.0], "log", "not above 0"),
        ([5.0, np.inf], "log", "not finite"),
        ([5.0, -1.0], "count", "days"),
        ([5.0, 400.0], "count", "days"),
        ([5.0, 101.0], "share", "days"),
    ],
)
def test_values_without_a_place_on_the_scale(values, scale, words):
    refused(words, project, yearly(values), 2025, scale=scale)


@pytest.mark.parametrize(
    ("values", "years", "targets", "more", "words"),
    [
        ([[83.0, 40.0]], [2015.9, 2020.2], [2025], {}, "whole"),
        ([[83.0, 40.0]], [2015, None], [2025], {}, "whole"),
        ([[83.0, 40.0]], [2015, 2020], [2025.7], {}, "whole"),
        ([[83.0, 40.0]], [2015, 2020], [2020], {}, "not after"),
        ([[83.0, 40.0]], [2015, 2015], [2025], {}, "2015 occurs more than once"),
        ([[83.0, np.nan]], [2015, 2020], [2025], {}, "not finite"),
        ([[["a"], 40.0]], [2015, 2020], [2025], {}, "not finite"),
        ([83.0, 40.0], [2015, 2020], [2025], {}, "shape"),
        ([[83.0]], [2015], [2025], {}, "2 are needed"),
        ([[83.0, 40.0]], [2015, 2020], [2025], {"method": "linear"}, "3 are needed"),
        ([[83.0, 40.0]], [2015, 2020], [2025], {"errors": [0.1]}, "shape"),
        ([[83.0, 40.0]], [2015, 2020], [2025], {"errors": [0.1, -1]}, "shape"),
    ],
)
def test_arrays_that_do_not_fit(values, years, targets, more, words):
    refused(words, project_many, values, years, targets, **more)


@pytest.mark.parametrize("given", [(5, 4, 4), (-1, 4, 4), (4, 4, 0), (0, 0, 4), (3.5, 4, 4)])
def test_counts_that_are_none(given):
    refused("whole numbers", share_at_bound, *given)
    refused("not among", project(CITY, 2025).p_meet, "<=", 35, 2026)
    refused("use one of", project(CITY, 2025).p_meet, "about", 35)
    refused("not a number", project(CITY, 2025).p_meet, "<=", "x")
