"""Projections: against the written formulas, statsmodels, published check values, properties."""

import runpy
import warnings
from functools import partial
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import beta, expit, logit
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


def evidence(values, **columns):
    """A frame of values with the columns of a series of the register."""
    columns = {"status": "computed", "source_id": "a", "lower": np.nan, "upper": np.nan} | columns
    frame = pd.DataFrame({"value": values} | columns)
    frame.attrs = KNOWN
    return frame


def written_paths():
    """Kind, prior weight and curve of the 97 paths as docs/methods.md lists them."""
    rates = [round(-0.30 + 0.02 * i, 2) for i in range(21)]
    normal = [np.exp(-(((r + 0.04) / 0.08) ** 2) / 2) for r in rates]
    for r, w in zip(rates, normal, strict=True):
        yield "rate", 0.30 * w / sum(normal), lambda t, r=r: r * t
    for g in np.arange(-8, 4) / 100:
        yield "amount", 0.25 / 12, lambda t, g=g: np.log(max(1 + g * t, 0.1))
    for f, k in product(np.arange(1, 10) / 10, np.arange(1, 14, 2) / 10):
        yield "level", 0.35 / 63, lambda t, f=f, k=k: np.log(f + (1 - f) * np.exp(-k * t))
    yield "none", 0.10, lambda t: 0.0


def written_fit(z, years, to, s0, scale, better):
    """Centre, variance and weights by kind of `paths` in one year."""
    n, nu, at = len(z), 4, np.append(years, to) - years[0]
    gain = max(1, s0 / 0.16) * (1 if scale == "log" else min(1, s0 / 0.08))
    gain *= 1 if better == "lower" else -1
    kinds, prior, curves = zip(*written_paths(), strict=True)
    g = gain * np.array([[curve(t) for t in at] for curve in curves])
    g -= g[:, :-1].mean(axis=1, keepdims=True)
    q = nu * s0**2 + ((z - z.mean() - g[:, :-1]) ** 2).sum(axis=1)
    p = prior * q ** (-(nu + n - 1) / 2)
    p, m = p / p.sum(), g[:, -1]
    s2 = p @ q / (nu + n - 1)
    drift = (0.8 * min(s0, 0.16)) ** 2 * (to - years[-1])
    variance = s2 * (1 + 1 / n) + drift + p @ m**2 - (p @ m) ** 2
    return z.mean() + p @ m, variance, pd.Series(p).groupby(list(kinds)).sum().to_dict()


def test_published_check_values():
    p = project(CHECK, 2025, better="lower", prior_sd=0.08)
    np.testing.assert_allclose(p.median, [34.6, 30.1, 26.3, 23.0, 20.1], atol=0.05)
    ends = p.frame.loc[2025, ["lower_80", "upper_80", "lower_95", "upper_95"]].tolist()
    assert ends == pytest.approx([14.2, 28.6, 11.3, 36.0], abs=0.05)
    weights = {"rate": 0.81, "amount": 0.01, "level": 0.18, "none": 0.0}
    assert p.weights == pytest.approx(weights, abs=0.005) and p.warnings == ()
    _, prior, curves = zip(*written_paths(), strict=True)
    prior, change = np.array(prior), np.array([curve(1.0) for curve in curves])
    better, worse = prior[change < 0].sum(), prior[change > 0].sum()
    assert prior.size == 97 and prior.sum() == pytest.approx(1)
    assert p.prior_share == pytest.approx({"better": better, "worse": worse})
    assert (better, worse) == (pytest.approx(0.72, abs=0.005), pytest.approx(0.14, abs=0.006))


FORMS = {
    "log": (np.log, np.exp),
    "identity": (lambda y: y, lambda z: z),
    "logit": (lambda y: logit(y / 100), lambda z: 100 * expit(z)),
    "count": (lambda y: logit((y + 0.5) / 361), lambda z: max(366 * expit(z) - 0.5, 0)),
}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_paths_are_the_written_formula(data):
    n, scale = data.draw(st.integers(2, 9)), data.draw(st.sampled_from(list(FORMS)))
    years = 2000 + np.cumsum(data.draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)))
    y = np.array(data.draw(st.lists(st.floats(5, 95), min_size=n, max_size=n)))
    s0, better = data.draw(st.floats(0.02, 0.6)), data.draw(st.sampled_from(["lower", "higher"]))
    to = int(years[-1]) + data.draw(st.integers(1, 8))
    assume(scale != "count" or to % 4)  # back to days, a year has 365
    (forward, back), s = FORMS[scale], pd.Series(y, years)
    # the variance of the formula is taken where it does not fall with the horizon
    ahead = range(years[-1] + 1, to + 1)
    every = [written_fit(forward(y), years, x, s0, scale, better) for x in ahead]
    centre, _, kinds = every[-1]
    s.attrs = {"days": dict.fromkeys(years.tolist(), 360)}
    p = project(s, to, prior_sd=s0, scale=scale, better=better)
    half = student.ppf(0.9, 8) * np.sqrt(max(v for _, v, _ in every) * 6 / 8)
    found = [p.median[-1], *(end[-1] for end in p.interval(0.8))]
    expected = [back(x) for x in (centre, centre - half, centre + half)]
    if scale in ("log", "identity") or 0.6 < min(expected) < max(expected) < 359:
        assert found == pytest.approx(expected, rel=1e-7)
    assert p.weights == pytest.approx(kinds, abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 6, 9])
def test_errors_of_nearly_nothing_give_the_closed_form(n):
    y = 60 * np.exp(np.random.default_rng(n).normal(0, 0.08, (3, n)) - 0.06 * np.arange(n))
    plain, none, almost = (
        project_many(y, range(n), [n, n + 4], errors=errors)
        for errors in (None, np.zeros(n), np.full(n, 1e-10))
    )
    # 41 points of s from s0/5 to 5 s0 cut the tails off, the more so the fewer the years
    np.testing.assert_allclose(almost.centre, plain.centre, atol=2e-3 if n < 4 else 1e-3)
    np.testing.assert_allclose(almost.sd, plain.sd, rtol=2e-2 if n < 4 else 2e-3)
    np.testing.assert_array_equal(none.sd, plain.sd)


def test_known_errors_are_the_sum_over_noise_in_plain_loops():
    z, t, e, s0 = np.log([83.0, 70, 61, 40]), np.arange(4.0), np.array([0.0, 0.2, 0, 0.05]), 0.1
    centres, weights = [], []
    for s in np.geomspace(s0 / 5, 5 * s0, 41):
        v = s**2 + e**2
        for _, prior, curve in written_paths():
            d = z - [curve(x) for x in t]
            level = np.sum(d / v) / np.sum(1 / v)
            r = np.sum((d - level) ** 2 / v)
            likelihood = np.prod(v**-0.5) * np.sum(1 / v) ** -0.5 * np.exp(-r / 2)
            weights.append(prior * s**-4 * np.exp(-4 * s0**2 / (2 * s**2)) * likelihood)
            centres.append(level + curve(6))
    p = project_many(np.exp([z]), t, [6], prior_sd=s0, errors=e)
    assert p.centre[0, 0] == pytest.approx(np.average(centres, weights=weights), rel=1e-10)


def test_an_estimated_year_enters_with_its_error_and_a_partial_one_not():
    frame = evidence(CITY, completeness="strict")
    frame.loc[2021] = [30.0, "estimated", "a", 24.0, 37.0, "partial"]
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
    frame = evidence(yearly([3.0, 2]))
    frame.loc[2017] = [1.0, "estimated", "a", -1, 3]
    p = project(frame, 2022, scale=scale, prior_sd=0.2)
    assert np.isfinite(p.errors).all() and p.errors[-1] > 0
    assert np.isfinite(p.frame.to_numpy()).all()


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


SCALES = {
    "log": {},
    "count": {"prior_sd": 0.5},
    "share": {"prior_sd": 0.5},
    "identity": {"prior_sd": 3.0},
    "logit": {"floor": 0.0, "ceiling": 1000.0, "prior_sd": 0.1},
}
TOPS = {"count": 366, "share": 100, "logit": 1000}


def fan_of(p):
    """Ends and median from the lowest to the highest; each must lie above the one before."""
    fan = np.array([p.lower[0.95], p.lower[0.8], p.median, p.upper[0.8], p.upper[0.95]])
    assert (np.diff(fan, axis=0) >= 0).all() and (fan[3:] > fan[1::-1]).all()
    return fan


def series_of(least, most, method):
    size = 3 if method in ("linear", "loglinear") else 2
    return st.lists(st.floats(least, most), min_size=size, max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(METHODS), st.sampled_from(list(SCALES)), st.integers(1, 3))
def test_fans_are_finite_nested_and_widen(data, method, scale, gap):
    y = np.array(data.draw(series_of(0.5, 360, method))) / (4 if scale == "share" else 1)
    errors, better = None, data.draw(st.sampled_from(["lower", "higher"]))
    if method == "paths":
        errors = [data.draw(st.sampled_from([0, 0, 0.1])) for _ in y]
    years = 2000 + gap * np.arange(y.size)
    ahead = range(years[-1] + 1, years[-1] + 9)
    options = {"method": method, "scale": scale, "better": better, **SCALES[scale]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = project_many([y], years, ahead, errors=errors, **options)
    fan = fan_of(p)
    assert np.isfinite(fan).all() and (np.diff(p.sd[0]) >= -1e-9 * p.sd[0][:-1]).all()
    if scale != "identity" and method != "linear":
        assert (fan >= 0).all() and (fan <= TOPS.get(scale, np.inf)).all()


@pytest.mark.parametrize("method", METHODS)
def test_intervals_at_a_bound_keep_a_width_and_stay_nested(method):
    steep = [[24.0, 8, 0.5], [360, 364, 365]]
    for scale, better in (("count", "lower"), ("identity", "higher"), ("logit", "higher")):
        options = {"floor": 0.0, "ceiling": 366.0, "prior_sd": 0.3, "better": better}
        fan_of(project_many(steep, range(3), range(3, 40), method=method, scale=scale, **options))


@settings(max_examples=60, deadline=None)
@given(
    st.data(), st.sampled_from(METHODS), st.floats(0.01, 100), st.integers(-300, 300), st.randoms()
)
def test_units_years_and_order_of_rows_do_not_matter(data, method, factor, shift, random):
    y = data.draw(series_of(5, 360, method))
    assume(np.ptp(y) > 0.01)
    base = project(yearly(y, 2000, **KNOWN), 2012, method=method)
    order = random.sample(range(len(y)), len(y))
    mixed = yearly(np.array(y) * factor, 2000 + shift, **KNOWN).iloc[order]
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
    told = [p.p_meet("<=", 3), p.p_meet("<", 4), p.p_meet("<=", 3.4), 1 - p.p_meet(">=", 4)]
    assert told == pytest.approx([expected] * 4)
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
    a, b = passed + 0.5, total - passed + 0.5
    chance = [comb(n, k) * beta(a + k, b + n - k) / beta(a, b) for k in range(n + 1)]
    told, up_to = share_at_bound(*given), np.cumsum(chance)
    assert told["p_all"] == pytest.approx(chance[-1]) and up_to[-1] == pytest.approx(1)
    for name, level in (("median", 0.5), ("lower_80", 0.1), ("upper_80", 0.9), ("upper_95", 0.975)):
        assert told[name] == int((up_to < level).sum())
    three = 3 / total if passed == total else np.nan
    assert told["fails_at_most"] == pytest.approx(three, nan_ok=True)


def test_probability_of_a_target_is_that_of_the_t():
    p = project(CHECK, 2025, better="lower", prior_sd=0.08)
    for level in (0.5, 0.8, 0.95):
        low, high = (float(end[-1]) for end in p.interval(level))
        chances = p.p_meet("<=", high, 2025), p.p_meet(">", low, 2025)
        assert chances == pytest.approx(((1 + level) / 2,) * 2)
    assert p.p_meet("<", 0) == 0 and p.p_meet(">=", 0) == 1
    assert np.isnan(p.p_meet("=", 30))
    # at most is read at the finer of the printed precisions, less than is not rounded
    for status, comparator, limit, edge in (
        ("printed", "<=", 20, 20.5),
        ("printed", "<=", 20.2, 20.25),
        ("printed", ">=", 20, 19.5),
        ("printed", "<", 20, 20),
        ("printed", ">", 20, 20),
        ("computed", "<=", 20, 20.05),
    ):
        told = project(evidence(CHECK, status=status), 2025).p_meet(comparator, limit)
        assert told == pytest.approx(p.p_meet(comparator, edge))


def test_a_target_at_a_bound_has_no_probability():
    s = yearly([90.0, 93, 95, 96], scale="logit", better="higher", prior_sd=0.3, decimals=1)
    p = project(s, 2025)
    assert np.isnan(p.p_meet(">=", 100)) and 0 < p.p_meet(">=", 97) < 1
    assert p.p_meet("<=", 120) == 1 and p.p_meet("<", -5) == 0


@pytest.mark.parametrize("estimated", [False, True])
def test_a_point_that_disagrees_is_named_and_kept(estimated):
    quiet = evidence(yearly([80.0, 75, 70, 66, 60, 56]))
    if estimated:
        quiet.loc[2016, ["status", "lower", "upper"]] = ["estimated", 72.0, 78.0]
    assert project(quiet, 2025).warnings == ()
    quiet.loc[2018, "value"] = 140.0
    p = project(quiet, 2025)
    assert [(w.key, w.values["year"]) for w in p.warnings] == [("warn.point_disagrees", 2018)]
    assert 2018 in p.years


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


ONE = partial(project, s=CITY, to=2030)
MANY = partial(project_many, values=[[83.0, 40.0]], years=[2015, 2020], target_years=[2025])
BOUND = partial(share_at_bound, passed=4, total=4, next_total=4)
CHANCE = partial(project(CITY, 2025).p_meet, comparator="<=", value=35)
REFUSED = [
    ("use one of paths", ONE, {"method": "blend"}),
    ("use one of log", ONE, {"scale": "cube"}),
    ("use one of lower", ONE, {"better": "up"}),
    ("use one of falling", ONE, {"prior": "rising"}),
    *(("level", ONE, {"levels": levels}) for levels in (0.8, (), (80,), ("a",))),
    *(("not positive", ONE, {"prior_sd": sd}) for sd in (0, "x", np.inf)),
    ("floor x", ONE, {"floor": "x"}),
    ("outside", ONE, {"ceiling": 45.0}),
    *(("2 are needed", ONE, {"window": (first, 2025)}) for first in (2020, 2021)),
    *(("not after", ONE, {"to": to}) for to in (2020, [2019, 2025])),
    *(("whole", ONE, {"to": to}) for to in (2025.5, "soon", [], np.inf, 20300)),
    # values without a place on the scale
    ("2 are needed", ONE, {"s": yearly([5.0])}),
    ("not above 0", ONE, {"s": yearly([5.0, 0.0])}),
    ("not finite", ONE, {"s": yearly([5.0, np.inf])}),
    *(("gap", ONE, {"s": yearly([90.0, 95, end]), "scale": "logit"}) for end in (0.0, 100.0)),
    *(("days", ONE, {"s": yearly([5.0, days]), "scale": "count"}) for days in (-1.0, 400.0)),
    ("days", ONE, {"s": yearly([5.0, 101.0]), "scale": "share"}),
    # arrays that do not fit
    *(("whole", MANY, {"years": years}) for years in ([2015.9, 2020.2], [2015, None])),
    ("whole", MANY, {"target_years": [2025.7]}),
    ("not after", MANY, {"target_years": [2020]}),
    ("2015 occurs more than once", MANY, {"years": [2015, 2015]}),
    *(("not finite", MANY, {"values": [[bad, 40.0]]}) for bad in (np.nan, ["a"])),
    ("shape", MANY, {"values": [83.0, 40.0]}),
    ("2 are needed", MANY, {"values": [[83.0]], "years": [2015]}),
    ("3 are needed", MANY, {"method": "linear"}),
    *(("shape", MANY, {"errors": errors}) for errors in ([0.1], [0.1, -1])),
    ("not among", CHANCE, {"year": 2026}),
    ("use one of", CHANCE, {"comparator": "about"}),
    ("not a number", CHANCE, {"value": "x"}),
    *(("whole numbers", BOUND, {"passed": passed}) for passed in (5, -1, 3.5)),
    ("whole numbers", BOUND, {"next_total": 0}),
    ("whole numbers", BOUND, {"passed": 0, "total": 0}),
]


@pytest.mark.parametrize(("words", "function", "change"), REFUSED)
def test_what_cannot_be_asked_for_is_refused_in_one_line(words, function, change):
    with pytest.raises(InputError, match=words) as caught:
        function(**change)
    assert "\n" not in str(caught.value)
