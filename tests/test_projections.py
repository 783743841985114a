"""Projections: against the written formulas, statsmodels, published check values, properties."""

import warnings
from functools import partial
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import beta, expit, logit
from scipy.stats import t as student

import xc_analysis as xc
from xc_analysis.errors import InputError
from xc_analysis.projections import METHODS, project, project_many, share_at_bound
from xc_analysis.words import use_language

KNOWN = {"scale": "log", "better": "lower", "prior_sd": 0.08, "decimals": 0}


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


CITY = yearly([80.6, 73, 58, 51, 42, 38], **KNOWN)
CHECK = yearly([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], better="lower", prior_sd=0.08)


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
    p = project(CHECK, 2025)
    np.testing.assert_allclose(p.median, [34.6, 30.1, 26.3, 23.0, 20.1], atol=0.05)
    ends = p.frame.loc[2025, ["lower_80", "upper_80", "lower_95", "upper_95"]].tolist()
    assert ends == pytest.approx([14.2, 28.6, 11.3, 36.0], abs=0.05)
    weights = {"rate": 0.81, "amount": 0.01, "level": 0.18, "none": 0.0}
    assert p.weights == pytest.approx(weights, abs=0.005) and p.warnings == ()
    assert p.prior_share == pytest.approx({"better": 0.72, "worse": 0.14}, abs=0.006)


FORMS = {
    "log": (np.log, np.exp),
    "identity": (lambda y: y, lambda z: z),
    "logit": (lambda y: logit(y / 100), lambda z: 100 * expit(z)),
    "count": (lambda y: logit((y + 0.5) / 361), lambda z: max(366 * expit(z) - 0.5, 0)),
}


@settings(max_examples=80, deadline=None)
@given(st.data(), st.integers(2, 9), st.sampled_from(list(FORMS)))
def test_paths_are_the_written_formula(data, n, scale):
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
    other = "higher" if better == "lower" else "lower"
    turned = project(s, to, prior_sd=s0, scale=scale, better=other, prior="mirrored")
    np.testing.assert_array_equal(turned.centre, p.centre)


def test_known_errors_are_the_sum_over_noise_in_plain_loops_and_without_them_the_closed_form():
    z, t, e, s0 = np.log([83.0, 70, 61, 40]), np.arange(4.0), np.array([0.0, 0.2, 0, 0.05]), 0.1
    centres, weights = [], []
    for s, (_, prior, curve) in product(np.geomspace(s0 / 5, 5 * s0, 41), written_paths()):
        d, v = z - [curve(x) for x in t], s**2 + e**2
        level = np.sum(d / v) / np.sum(1 / v)
        r = np.sum((d - level) ** 2 / v)
        likelihood = np.prod(v**-0.5) * np.sum(1 / v) ** -0.5 * np.exp(-r / 2)
        weights.append(prior * s**-4 * np.exp(-4 * s0**2 / (2 * s**2)) * likelihood)
        centres.append(level + curve(6))
    fit = partial(project_many, np.exp([z]), t, [6], prior_sd=s0)
    assert fit(errors=e).centre[0, 0] == pytest.approx(
        np.average(centres, weights=weights), rel=1e-10
    )
    # 41 points of s from s0/5 to 5 s0 cut the tails off
    plain, almost = fit(), fit(errors=np.full(4, 1e-10))
    np.testing.assert_allclose(almost.centre, plain.centre, atol=1e-3)
    np.testing.assert_allclose(almost.sd, plain.sd, rtol=2e-3)


def test_an_estimated_year_enters_with_its_error_within_the_bounds_of_the_scale():
    frame = evidence(CITY)
    frame.loc[2021] = [30.0, "estimated", "a", 24.0, 37.0]
    p = project(frame, 2025)
    assert (p.n, p.years.tolist(), p.target_years[0]) == (6, [*range(2015, 2022)], 2022)
    assert p.errors[-1] == pytest.approx(np.log(37 / 24) / 3.92) and not p.errors[:-1].any()
    assert [w.key for w in project(frame, 2025, method="last").warnings] == ["warn.errors_unused"]
    assert "6 points of 2015–2021" in p._repr_html_() and "1 more" in p._repr_html_()
    frame.loc[2021, "lower"] = -6.0
    for scale in ("log", "logit", "count", "share", "identity"):
        wide = project(frame, 2025, scale=scale)
        assert wide.errors[-1] > p.errors[-1] and np.isfinite(wide.frame.to_numpy()).all()


@pytest.mark.parametrize("method", ["linear", "loglinear"])
@pytest.mark.parametrize("years", [range(2015, 2021), [2010, 2011, 2014, 2015, 2019, 2020]])
def test_least_squares_intervals_equal_statsmodels(method, years):
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
    assert project(CITY, 2025, method="linear", floor=0).frame.min().min() >= 0
    assert project(CITY, 2025, method="last").median[-1] == pytest.approx(np.sqrt(38 * 42))
    assert project(CITY.drop(2019), 2025, method="last").median[-1] == pytest.approx(38)
    slope, end = np.polyfit(np.arange(6) - 5, np.log(CITY.to_numpy()), 1)
    expected = np.exp(end + slope * sum(0.85**k for k in range(1, 6)))
    assert project(CITY, 2025, method="damped").median[-1] == pytest.approx(expected)


def series_of(least, most, method):
    size = 3 if method in ("linear", "loglinear") else 2
    return st.lists(st.floats(least, most), min_size=size, max_size=9)


PRIORS = {"log": 0.08, "count": 0.5, "share": 0.5, "identity": 3.0, "logit": 0.1}
STEEP = st.sampled_from([[24.0, 8, 0.5], [360.0, 364, 365]])


@settings(max_examples=120, deadline=None)
@given(st.data(), st.sampled_from(METHODS), st.sampled_from(list(PRIORS)), st.integers(1, 3))
def test_fans_are_finite_nested_within_the_bounds_and_widen(data, method, scale, gap):
    is_free = scale in ("log", "identity") and data.draw(st.booleans())
    top = 100 if scale == "share" else np.inf if is_free else 366
    y = np.array(data.draw(series_of(0.5, 365, method) | STEEP)) / (4 if scale == "share" else 1)
    options = {"method": method, "scale": scale, "prior_sd": PRIORS[scale], "ceiling": top}
    options |= {"floor": 0.0, "better": data.draw(st.sampled_from(["lower", "higher"]))}
    options["errors"] = [data.draw(st.sampled_from([0, 0, 0.1])) for _ in y]
    years = 2000 + gap * np.arange(y.size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = project_many([y], years, range(years[-1] + 1, years[-1] + 40), **options)
    fan = np.array([p.lower[0.95], p.lower[0.8], p.median, p.upper[0.8], p.upper[0.95]])
    assert (np.diff(fan, axis=0) >= 0).all() and (fan[3:] > fan[1::-1]).all()
    assert fan.min() >= 0 and fan.max() <= top
    assert np.isfinite(fan).all() and (np.diff(p.sd[0]) >= -1e-9 * p.sd[0][:-1]).all()


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(METHODS), st.floats(0.01, 100), st.randoms())
def test_units_years_order_and_company_do_not_matter(data, method, factor, random):
    y, shift = np.array(data.draw(series_of(5, 360, method))), random.randint(-300, 300)
    assume(np.ptp(y) > 0.01)
    base = project(yearly(y, 2000, **KNOWN), 2012, method=method)
    order = random.sample(range(y.size), y.size)
    mixed = yearly(y * factor, 2000 + shift, **KNOWN).iloc[order]
    again = project(mixed, [2012 + shift, 2010 + shift], method=method)
    expected, close = base.frame.loc[[2010, 2012]] * factor, {"rtol": 1e-6, "atol": 1e-6 * factor}
    np.testing.assert_allclose(again.frame, expected, **close)
    assert again.weights == pytest.approx(base.weights, abs=1e-9)
    many = project_many([mixed[::-1], mixed], mixed.index, again.target_years, method=method)
    ends = [x[1] for x in (many.median, many.lower[0.8], many.upper[0.95])]
    np.testing.assert_allclose(ends, expected[["median", "lower_80", "upper_95"]].T, **close)


@pytest.mark.parametrize("decimals", [1, 6])
def test_a_count_and_its_share_are_one_fit(decimals):
    days = pd.Series([350, 351, 366, 353, 354, 355, 356], range(2014, 2021))
    counts = pd.Series([58.0, 47, 46, 39, 23, 15, 0], days.index)
    counts.attrs = {"scale": "count", "prior_sd": 0.5, "days": dict(days), "decimals": 0}
    share = (100 * counts / days).round(decimals)
    share.attrs = counts.attrs | {"scale": "share", "decimals": decimals}
    p, q = project(counts, 2025), project(share, 2025)
    np.testing.assert_allclose([p.centre, p.sd], [q.centre, q.sd], rtol=1e-12)
    np.testing.assert_allclose(p.frame.loc[2025], q.frame.loc[2025] * 365 / 100, atol=1e-9)
    assert p.p_meet("<=", 3) == pytest.approx(q.p_meet("<=", 100 * 3.4 / 365))
    # days are whole: at most three is less than three and a half
    z = np.log((3.5 + 0.5) / (365 - 3.5 + 0.5))
    expected = student.cdf((z - p.centre[-1]) / p.sd[-1], 8)
    told = [p.p_meet("<=", 3), p.p_meet("<", 4), p.p_meet("<=", 3.4), 1 - p.p_meet(">=", 4)]
    assert told == pytest.approx([expected] * 4)
    assert p.p_meet("<", 0, 2025) == 0 and p.p_meet("<=", 400, 2025) == 1
    # days not stated are the calendar's and named
    del counts.attrs["days"][2016]
    again = project(counts, 2025)
    assert "2016" in [w.values.get("years") for w in again.warnings]
    np.testing.assert_array_equal(again.centre, p.centre)


def test_a_share_at_its_bound_is_a_beta_binomial_of_jeffreys_prior():
    for passed, total, n in ((4, 4, 4), (5, 5, 9), (11, 13, 13), (0, 5, 9)):
        a, b = passed + 0.5, total - passed + 0.5
        chance = [comb(n, k) * beta(a + k, b + n - k) / beta(a, b) for k in range(n + 1)]
        ends = {"median": 0.5, "lower_80": 0.1, "upper_80": 0.9, "upper_95": 0.975}
        expected = {name: (np.cumsum(chance) < level).sum() for name, level in ends.items()}
        expected["p_all"] = pytest.approx(chance[-1])
        told = share_at_bound(passed, total, n)
        assert {name: told[name] for name in expected} == expected
    assert share_at_bound(5, 5, 9)["fails_at_most"] == pytest.approx(3 / 5)
    assert np.isnan(share_at_bound(0, 5, 9)["fails_at_most"])


def test_probability_of_a_target_is_that_of_the_t():
    p = project(CHECK, 2025)
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
    # a target at a bound of its scale has no probability
    p = project(yearly([90.0, 93, 95, 96], scale="logit", better="higher", prior_sd=0.3), 2025)
    assert np.isnan(p.p_meet(">=", 100)) and 0 < p.p_meet(">=", 97) < 1


@pytest.mark.parametrize("estimated", [False, True])
def test_a_point_that_disagrees_is_named_and_kept(estimated):
    frame = evidence(yearly([80.0, 75, 70, 66, 60, 56]))
    if estimated:
        frame.loc[2016, ["status", "lower", "upper"]] = ["estimated", 72.0, 78.0]
    assert project(frame, 2025).warnings == ()
    frame.loc[2018, "value"] = 140.0
    p = project(frame, 2025)
    assert [(w.key, w.values["year"]) for w in p.warnings] == [("warn.point_disagrees", 2018)]
    assert 2018 in p.years


def test_settings_are_the_register_s_or_guesses_that_are_named():
    said = {w.key for w in project(pd.Series([5.0, 4], [2019, 2020]), 2025).warnings}
    assert said == {"warn.prior_guess", "warn.better_assumed"}
    p = project(pd.Series([83.0, 40.0], index=[2015, 2020], name="pm25"), 2025)
    assert (p.scale, p.better, p.prior_sd, p.warnings) == ("log", "lower", 0.08, ())


def test_a_projection_shows_whose_it_is_its_weights_and_its_prior_in_one_language(lang_en):
    p = xc.projection("pm25", as_of=2020)
    page, weight = p._repr_html_(), f"{100 * p.weights['rate']:.0f} %"
    for told in ("concentration  Xicheng", "2025", f"same rate every year {weight}", "72 %"):
        assert told in page
    use_language("zh")
    assert "浓度  西城区" in p._repr_html_() and "median" not in p._repr_html_()


ONE = partial(project, s=CITY, to=2030)
MANY = partial(project_many, values=[[83.0, 40.0]], years=[2015, 2020], target_years=[2025])
BOUND = partial(share_at_bound, passed=4, total=4, next_total=4)
CHANCE = partial(project(CITY, 2025).p_meet, comparator="<=", value=35)
REFUSED = [
    *(("use one of", ONE, {name: "x"}) for name in ("method", "scale", "better", "prior")),
    *(("level", ONE, {"levels": levels}) for levels in (0.8, (), (80,))),
    ("not positive", ONE, {"prior_sd": 0}),
    ("outside", ONE, {"ceiling": 45.0}),
    ("below", ONE, {"floor": 50.0, "ceiling": 10.0}),
    ("2 are needed", ONE, {"window": (2020, 2025)}),
    *(("not after", ONE, {"to": to}) for to in (2020, [2019, 2025])),
    *(("whole", ONE, {"to": to}) for to in (2025.5, "soon", [], 20300)),
    # values without a place on the scale
    ("not above 0", ONE, {"s": yearly([5.0, 0.0])}),
    ("not finite", ONE, {"s": yearly([5.0, np.inf])}),
    *(("gap", ONE, {"s": yearly([90.0, 95, end]), "scale": "logit"}) for end in (0.0, 100.0)),
    *(("days", ONE, {"s": yearly([5.0, days]), "scale": "count"}) for days in (-1.0, 400.0)),
    ("days", ONE, {"s": yearly([5.0, 101.0]), "scale": "share"}),
    # arrays that do not fit
    ("whole", MANY, {"years": [2015.9, 2020.2]}),
    ("2015 occurs more than once", MANY, {"years": [2015, 2015]}),
    ("not finite", MANY, {"values": [[np.nan, 40.0]]}),
    ("shape", MANY, {"values": [83.0, 40.0]}),
    ("3 are needed", MANY, {"method": "linear"}),
    *(("shape", MANY, {"errors": errors}) for errors in ([0.1], [0.1, -1])),
    ("not among", CHANCE, {"year": 2026}),
    ("use one of", CHANCE, {"comparator": "about"}),
    ("not a number", CHANCE, {"value": "x"}),
    *(("whole numbers", BOUND, {"passed": passed}) for passed in (5, -1, 3.5)),
]


@pytest.mark.parametrize(("words", "function", "change"), REFUSED)
def test_what_cannot_be_asked_for_is_refused_in_one_line(words, function, change):
    with pytest.raises(InputError, match=words) as caught:
        function(**change)
    assert "\n" not in str(caught.value)
