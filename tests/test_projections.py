"""Projections: against the written formulas, statsmodels, published check values, properties."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from xc_analysis import projections
from xc_analysis.errors import InputError
from xc_analysis.projections import METHODS, project, project_many
from xc_analysis.words import use_language

KNOWN = {"scale": "log", "better": "lower", "prior_sd": 0.08, "decimals": 0}
CITY = pd.Series([80.6, 73, 58, 51, 42, 38], index=range(2015, 2021), name="smoke")
CITY.attrs = {"indicator": "smoke", **KNOWN}
CHECK = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))


def yearly(values, first=2015, **attrs):
    s = pd.Series(values, index=range(first, first + len(values)), dtype=float)
    s.attrs = attrs
    return s


# ---- The written formula -----------------------------------------------------------------


def written_paths():
    """The 97 curves and prior weights as docs/methods.md lists them, in plain loops."""
    curves = []
    rates = [round(-0.30 + 0.02 * i, 2) for i in range(21)]
    normal = [np.exp(-(((r + 0.04) / 0.08) ** 2) / 2) for r in rates]
    for r, w in zip(rates, normal, strict=True):
        curves.append((lambda t, r=r: r * t, 0.30 * w / sum(normal), "rate"))
    for i in range(12):
        g = round(-0.08 + 0.01 * i, 2)
        curves.append((lambda t, g=g: np.log(max(1 + g * t, 0.1)), 0.25 / 12, "amount"))
    for f in range(1, 10):
        for k in (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3):

            def levelling(t, f=f / 10, k=k):
                return np.log(f + (1 - f) * np.exp(-k * t))

            curves.append((levelling, 0.35 / 63, "level"))
    curves.append((lambda t: 0.0, 0.10, "none"))
    return curves


def written_fit(z, years, to, s0, scale="log", better="lower"):
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
    centre = np.mean(z) + p @ m
    s2 = p @ q / (nu + n - 1)
    drift = (0.8 * min(s0, 0.16)) ** 2 * (to - years[-1])
    variance = s2 * (1 + 1 / n) + drift + p @ m**2 - (p @ m) ** 2
    total = sum(sum(part) for part in kinds.values())
    return centre, variance, {kind: sum(part) / total for kind, part in kinds.items()}


def test_published_check_values():
    p = project(CHECK, 2025, better="lower", prior_sd=0.08)
    np.testing.assert_allclose(p.median, [34.6, 30.1, 26.3, 23.0, 20.1], atol=0.05)
    last = p.frame.loc[2025]
    assert last[["lower_80", "upper_80"]].tolist() == pytest.approx([14.2, 28.6], abs=0.05)
    assert last[["lower_95", "upper_95"]].tolist() == pytest.approx([11.3, 36.0], abs=0.05)
    assert p.weights == pytest.approx(
        {"rate": 0.81, "amount": 0.01, "level": 0.18, "none": 0.0}, abs=0.005
    )
    assert p.warnings == ()


def test_paths_are_ninety_seven_and_mostly_improve():
    written = written_paths()
    assert len(written) == len(projections._PRIOR) == 97
    assert sum(w for _, w, _ in written) == pytest.approx(1) == projections._PRIOR.sum()
    better = sum(w for curve, w, _ in written if curve(1.0) < 0)
    worse = sum(w for curve, w, _ in written if curve(1.0) > 0)
    assert project(CHECK, 2025).prior_share == pytest.approx({"better": better, "worse": worse})
    assert (better, worse) == (pytest.approx(0.72, abs=0.005), pytest.approx(0.14, abs=0.006))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_paths_are_the_written_formula(data):
    n = data.draw(st.integers(2, 9))
    gaps = data.draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
    years = 2000 + np.cumsum(gaps)
    y = data.draw(st.lists(st.floats(5, 200), min_size=n, max_size=n))
    s0 = data.draw(st.floats(0.02, 0.6))
    better = data.draw(st.sampled_from(["lower", "higher"]))
    to = int(years[-1]) + data.draw(st.integers(1, 8))
    # the variance of the formula is taken where it does not fall with the horizon
    every = [
        written_fit(np.log(y), years, x, s0, better=better) for x in range(years[-1] + 1, to + 1)
    ]
    centre, _, kinds = every[-1]
    sd = np.sqrt(max(v for _, v, _ in every) * 6 / 8)
    p = project(pd.Series(y, years), to, prior_sd=s0, scale="log", better=better)
    assert p.median[-1] == pytest.approx(np.exp(centre), rel=1e-9)
    for level in (0.8, 0.95):
        half = student.ppf((1 + level) / 2, 8) * sd
        ends = [end[-1] for end in p.interval(level)]
        assert ends == pytest.approx([np.exp(centre - half), np.exp(centre + half)], rel=1e-7)
    assert p.weights == pytest.approx(kinds, abs=1e-9)


FORWARD = {
    "identity": lambda y: y,
    "logit": lambda y: np.log(y / (100 - y)),
    "count": lambda y: np.log((y + 0.5) / (360 - y + 0.5)),
}
BACK = {
    "identity": lambda z: z,
    "logit": lambda z: 100 / (1 + np.exp(-z)),
    "count": lambda z: max(366 / (1 + np.exp(-z)) - 0.5, 0),
}


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize(
    ("scale", "s0"),
    [("identity", 0.3), ("identity", 0.05), ("logit", 0.2), ("logit", 0.04), ("count", 0.55)],
)
def test_formula_on_the_other_scales(scale, s0, better):
    y, years, back = np.array([53.0, 46, 39, 23, 15, 10]), np.arange(2015, 2021), BACK[scale]
    s = yearly(y, days=dict.fromkeys(range(2015, 2021), 360))
    p = project(s, 2025, scale=scale, prior_sd=s0, better=better)
    centre, variance, kinds = written_fit(FORWARD[scale](y), years, 2025, s0, scale, better)
    half = student.ppf(0.9, 8) * np.sqrt(variance * 6 / 8)
    found = [p.median[-1], *(end[-1] for end in p.interval(0.8))]
    assert found == pytest.approx([back(centre), back(centre - half), back(centre + half)])
    assert p.weights == pytest.approx(kinds, abs=1e-9)


# ---- Known errors ------------------------------------------------------------------------


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("n", [2, 3, 6, 9])
def test_errors_of_nearly_nothing_give_the_closed_form(n, better):
    y = 60 * np.exp(np.random.default_rng(n).normal(0, 0.08, (3, n)) - 0.06 * np.arange(n))
    options = {"years": range(n), "target_years": [n, n + 4], "better": better}
    plain = project_many(y, **options)
    almost = project_many(y, errors=np.full(n, 1e-10), **options)
    zero = project_many(y, errors=np.zeros(n), **options)
    # 41 points of s from s0/5 to 5 s0 cut the tails off, the more so the fewer the years
    np.testing.assert_allclose(almost.centre, plain.centre, atol=2e-3 if n < 4 else 1e-3)
    np.testing.assert_allclose(almost.sd, plain.sd, rtol=2e-2 if n < 4 else 2e-3)
    np.testing.assert_array_equal(zero.sd, plain.sd)


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
    expected = np.average(centres, weights=weights)
    p = project_many(np.exp([z]), t, [6], prior_sd=s0, errors=e)
    assert p.centre[0, 0] == pytest.approx(expected, rel=1e-10)


def test_an_estimated_year_enters_with_its_error_and_a_partial_one_not():
    frame = CITY.to_frame("value").assign(status="computed", lower=np.nan, upper=np.nan)
    frame["completeness"], frame["source_id"] = "strict", "a"
    frame.attrs = CITY.attrs
    frame.loc[2021] = [30.0, "estimated", 24.0, 37.0, "partial", "a"]
    p = project(frame, 2025)
    assert (p.n, p.years.size, p.years[-1], p.target_years[0]) == (6, 7, 2021, 2022)
    assert "6 points of 2015–2021" in p._repr_html_() and "1 more" in p._repr_html_()
    assert p.errors[-1] == pytest.approx(np.log(37 / 24) / 3.92)
    assert (p.errors[:-1] == 0).all()
    frame.loc[2021, "status"] = "computed"
    q = project(frame, 2025)
    assert q.n == 6 and "2021" in str(q.warnings[0])
    np.testing.assert_allclose(q.median, project(CITY, 2025).median)
    frame.loc[2021, "status"] = "estimated"
    assert any(w.key == "warn.errors_unused" for w in project(frame, 2025, method="last").warnings)


def test_ranges_beyond_a_bound_stay_on_the_scale():
    frame = pd.DataFrame(
        {"value": [3.0, 2, 1], "lower": [np.nan, np.nan, -1], "upper": [np.nan, np.nan, 3]},
        index=range(2018, 2021),
    ).assign(status=["computed", "computed", "estimated"])
    for scale in ("log", "logit", "count", "share", "identity"):
        p = project(frame, 2022, scale=scale, prior_sd=0.2, better="lower")
        assert np.isfinite(p.errors).all() and p.errors[-1] > 0
        assert np.isfinite(p.frame.to_numpy()).all()


# ---- The other methods -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["linear", "loglinear"])
@pytest.mark.parametrize("years", [range(2015, 2021), [2010, 2011, 2014, 2015, 2019, 2020]])
def test_least_squares_intervals_equal_statsmodels(method, years):
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    t = np.array(years, float)
    for _ in range(5):
        y = 50 * np.exp(-0.05 * (t - 2010) + 0.1 * rng.standard_normal(t.size))
        target = y if method == "linear" else np.log(y)
        ahead = np.arange(2021.0, 2026)
        fit = sm.OLS(target, sm.add_constant(t - 2015)).fit()
        pred = fit.get_prediction(sm.add_constant(ahead - 2015, has_constant="add"))
        p = project(pd.Series(y, years), 2025, method=method)
        back = np.exp if method == "loglinear" else np.asarray
        np.testing.assert_allclose(p.median, back(pred.predicted_mean), rtol=1e-10)
        for level in (0.8, 0.95):
            low, high = pred.conf_int(obs=True, alpha=1 - level).T
            np.testing.assert_allclose(p.interval(level)[0], back(low), rtol=1e-10)
            np.testing.assert_allclose(p.interval(level)[1], back(high), rtol=1e-10)


def test_a_straight_line_shows_what_it_does_and_says_so():
    p = project(CITY, 2025, method="linear")
    assert p.median[-1] == pytest.approx(-10, abs=0.1)
    assert [w.key for w in p.warnings] == ["warn.linear_comparison"]
    bounded = project(CITY, 2025, method="linear", floor=0)
    assert bounded.frame.min().min() >= 0
    assert (bounded.frame["upper_80"] > bounded.frame["lower_80"]).all()


def test_last_is_the_mean_of_two_adjoining_years():
    assert project(CITY, 2025, method="last").median[-1] == pytest.approx(np.sqrt(38 * 42))
    assert project(CITY.drop(2019), 2025, method="last").median[-1] == pytest.approx(38)


def test_damped_lies_between_level_and_line():
    line, damped = (project(CITY, 2025, method=m).median for m in ("loglinear", "damped"))
    assert (damped > line).all() and (damped < 42).all()
    z, t = np.log(CITY.to_numpy()), np.arange(6) - 5
    slope, end = np.polyfit(t, z, 1)
    expected = np.exp(end + slope * sum(0.85**k for k in range(1, 6)))
    assert damped[-1] == pytest.approx(expected)


# ---- Properties --------------------------------------------------------------------------

SERIES = st.lists(st.floats(0.5, 360), min_size=2, max_size=9)
SCALES = {
    "log": {},
    "count": {"prior_sd": 0.5},
    "share": {"prior_sd": 0.5},
    "identity": {"prior_sd": 3.0},
    "logit": {"floor": 0.0, "ceiling": 1000.0, "prior_sd": 0.1},
}


def enough(y, method):
    return len(y) >= 3 or method not in ("linear", "loglinear")


@settings(max_examples=150, deadline=None)
@given(
    SERIES, st.sampled_from(METHODS), st.sampled_from(list(SCALES)), st.integers(1, 3), st.randoms()
)
def test_fans_are_finite_nested_and_widen(y, method, scale, gap, random):
    assume(enough(y, method))
    y = [v / 4 for v in y] if scale == "share" else y
    years = [2000 + gap * i for i in range(len(y))]
    errors = [random.choice([0, 0, 0.1]) for _ in y] if method == "paths" else None
    options = {"method": method, "scale": scale, "better": random.choice(["lower", "higher"])}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = project_many(
            [y],
            years,
            range(years[-1] + 1, years[-1] + 9),
            errors=errors,
            **options,
            **SCALES[scale],
        )
    rows = [p.lower[0.95], p.lower[0.8], p.median, p.upper[0.8], p.upper[0.95]]
    every = np.array(rows)[:, 0]
    assert np.isfinite(every).all()
    assert (np.diff(every, axis=0) >= 0).all()
    assert (every[4] > every[0]).all() and (every[3] > every[1]).all()
    assert (np.diff(p.sd[0]) >= -1e-9 * p.sd[0][:-1]).all()
    if scale != "identity" and method != "linear":
        assert (every >= 0).all()
    top = {"count": 366, "share": 100, "logit": 1000}.get(scale)
    if top and method != "linear":
        assert (every <= top).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(5, 360), min_size=2, max_size=9),
    st.sampled_from(METHODS),
    st.floats(0.01, 100),
    st.integers(-300, 300),
    st.randoms(),
)
def test_units_years_and_order_of_rows_do_not_matter(y, method, factor, shift, random):
    assume(enough(y, method))
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
        np.testing.assert_allclose(many.lower[level][0, ::-1], one.interval(level)[0], rtol=1e-9)
        np.testing.assert_allclose(many.upper[level][0, ::-1], one.interval(level)[1], rtol=1e-9)
    full = project(CITY, 2025, method=method).frame
    assert list(full.index) == [2021, 2022, 2023, 2024, 2025]
    pd.testing.assert_frame_equal(full.loc[[2022, 2025]], one.frame, rtol=1e-9)


def test_simulated_shapes_meet_the_goals_on_a_seed_of_their_own():
    rng = np.random.default_rng(97)
    t, k = np.arange(11), 500

    def draw(low, high):
        return rng.uniform(low, high, (k, 1))

    floor = draw(0.35, 0.70)
    shapes = [
        (1 + draw(-0.06, -0.02) * t, 0.04),
        ((1 + draw(-0.18, -0.04)) ** t, 0.06),
        (floor + (1 - floor) * np.exp(-draw(0.3, 0.9) * t), 0.05),
        ((1 + draw(-0.03, 0.01)) ** t, 0.15),
    ]
    scores = []
    for mean, noise in shapes:
        y = 70 * mean * np.exp(noise * rng.standard_normal((k, 11)))
        seen, out = y[:, :6], y[:, 6:]
        p = project_many(seen, t[:6], t[6:])
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


# ---- Counts, shares, bounds --------------------------------------------------------------


def days_of(counts, **attrs):
    days = {2014 + i: 350 + i for i in range(len(counts))}
    return yearly(counts, 2014, days=days, better="lower", prior_sd=0.5, **attrs)


def test_a_count_and_its_share_are_one_fit():
    counts = days_of([58.0, 47, 46, 39, 23, 15, 0], scale="count", decimals=0)
    for decimals in (1, 6):
        share = days_of(
            [
                round(100 * k / n, decimals)
                for k, n in zip(counts, counts.attrs["days"].values(), strict=True)
            ],
            scale="share",
            decimals=decimals,
        )
        p, q = project(counts, 2025), project(share, 2025)
        np.testing.assert_allclose(p.centre, q.centre, rtol=1e-12)
        np.testing.assert_allclose(p.sd, q.sd, rtol=1e-12)
        days = projections.calendar_days(p.target_years)[:, None]
        np.testing.assert_allclose(p.frame, q.frame * days / 100, atol=1e-9)
    assert p.p_meet("<=", 3) == pytest.approx(q.p_meet("<=", 100 * 3.4 / 365))
    assert p.p_meet(">=", 4) == pytest.approx(1 - p.p_meet("<=", 3))


def test_days_are_whole():
    p = project(days_of([58.0, 47, 46, 39, 23, 15], scale="count", decimals=0), 2025)
    z = np.log((3.5 + 0.5) / (365 - 3.5 + 0.5))
    expected = student.cdf((z - p.centre[-1]) / p.sd[-1], 8)
    assert p.p_meet("<=", 3, 2025) == pytest.approx(expected)
    assert p.p_meet("<", 4, 2025) == p.p_meet("<=", 3, 2025)
    assert p.p_meet("<=", 3.4, 2025) == p.p_meet("<=", 3, 2025)
    assert p.p_meet("<", 0, 2025) == 0 and p.p_meet("<=", 400, 2025) == 1


@pytest.mark.parametrize("method", METHODS)
def test_intervals_at_a_bound_keep_a_width_and_stay_nested(method):
    steep = [[24.0, 8, 0.5], [360, 364, 365]]
    for scale, better in (("count", "lower"), ("identity", "higher"), ("logit", "higher")):
        options = {"floor": 0.0, "ceiling": 366.0, "prior_sd": 0.3, "better": better}
        p = project_many(steep, range(3), range(3, 40), method=method, scale=scale, **options)
        assert (p.upper[0.8] > p.lower[0.8]).all()
        assert (p.upper[0.95] >= p.upper[0.8]).all() and (p.lower[0.95] <= p.lower[0.8]).all()
        assert (p.lower[0.95] <= p.median).all() and (p.median <= p.upper[0.95]).all()


def test_days_not_stated_are_the_calendar_s_and_named():
    s = days_of([30.0, 20, 10], scale="count")
    s.attrs["days"] = {2014: 350, "2015": 355}
    p = project(s, 2020)
    assert (
        project(s, 2020).centre[-1]
        != project(days_of([30.0, 20, 10], scale="count"), 2020).centre[-1]
    )
    assert any("2016" in str(w) for w in p.warnings)


@pytest.mark.parametrize("end", [0.0, 100.0])
def test_a_plain_share_at_its_bound_is_refused(end):
    with pytest.raises(InputError, match="gap"):
        project(yearly([90.0, 95, end]), 2025, scale="logit", better="higher", prior_sd=0.3)


# ---- Probability of a target -------------------------------------------------------------


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
    s = CHECK.copy()
    s.attrs = KNOWN
    printed = project(s, 2025)
    assert printed.p_meet("<=", 20) == pytest.approx(exact.p_meet("<=", 20.5))
    assert printed.p_meet("<=", 20.2) == pytest.approx(exact.p_meet("<=", 20.25))
    assert printed.p_meet(">=", 20) == pytest.approx(exact.p_meet(">=", 19.5))
    assert printed.p_meet("<", 20) == exact.p_meet("<", 20)
    computed = s.to_frame("value").assign(status="computed")
    computed.attrs = KNOWN
    finer = project(computed, 2025)
    assert finer.p_meet("<=", 20) == pytest.approx(exact.p_meet("<=", 20.05))
    assert printed.p_meet(">", 20) == exact.p_meet(">", 20)


def test_a_target_at_a_bound_has_no_probability():
    s = yearly([90.0, 93, 95, 96], scale="logit", better="higher", prior_sd=0.3, decimals=1)
    p = project(s, 2025)
    assert np.isnan(p.p_meet(">=", 100)) and 0 < p.p_meet(">=", 97) < 1
    assert p.p_meet("<=", 120) == 1 and p.p_meet("<", -5) == 0


# ---- What is said ------------------------------------------------------------------------


def test_a_point_that_disagrees_is_named_and_kept():
    quiet = yearly([80.0, 75, 70, 66, 60, 56], **KNOWN)
    assert project(quiet, 2025).warnings == ()
    loud = quiet.copy()
    loud.loc[2018] = 140.0
    p = project(loud, 2025)
    assert [w.key for w in p.warnings] == ["warn.point_disagrees"]
    assert "2018" in str(p.warnings[0]) and p.n == 6


def test_guesses_are_named():
    said = {w.key for w in project(pd.Series([5.0, 4], [2019, 2020]), 2025).warnings}
    assert said == {"warn.prior_guess", "warn.better_assumed"}
    assert project(CITY, 2025, prior_sd=0.3).prior_sd == 0.3


def test_settings_are_read_from_the_register_where_attrs_are_lost():
    pytest.importorskip("xc_analysis.observations")
    p = project(pd.Series([83.0, 40.0], index=[2015, 2020], name="pm25"), 2025)
    assert (p.scale, p.better, p.prior_sd) == ("log", "lower", 0.08)
    assert not p.warnings and p.unit


def test_projection_shows_itself_in_either_language():
    use_language("en")
    page = project(CITY, 2025)._repr_html_()
    assert (
        "2025" in page
        and f"same rate every year {100 * project(CITY, 2025).weights['rate']:.0f} %" in page
        and "72 %" in page
    )
    use_language("zh")
    page = project(CITY.drop([2016, 2017, 2018, 2019]), 2025, method="last")._repr_html_()
    assert "中位数" in page and "median" not in page


# ---- What is refused ---------------------------------------------------------------------


REFUSED = {
    "method": ["blend"],
    "scale": ["cube"],
    "better": ["up"],
    "prior": ["rising"],
    "levels": [0.8, (), (80,), ("a",)],
    "prior_sd": [0, "x", np.inf],
    "floor": ["x"],
    "ceiling": [45.0],
    "window": [(2021, 2025), (2020, 2020)],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k in REFUSED for v in REFUSED[k]])
def test_options_that_are_none_are_refused_in_one_line(name, value):
    with pytest.raises(InputError) as caught:
        project(CITY, 2030, **{name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "scale", "words"),
    [
        ([5.0], "log", "2 are needed"),
        ([5.0, 0.0], "log", "not above 0"),
        ([5.0, np.inf], "log", "not finite"),
        ([5.0, -1.0], "count", "days"),
        ([5.0, 400.0], "count", "days"),
        ([5.0, 101.0], "share", "days"),
        ([50.0, 60.0], "linear", "3 are needed"),
    ],
)
def test_values_without_a_place_on_the_scale_are_refused(values, scale, words):
    method = "linear" if scale == "linear" else "paths"
    with pytest.raises(InputError, match=words):
        project(yearly(values), 2025, method=method, scale=None if scale == "linear" else scale)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (2020, "not after"),
        ([2019, 2025], "not after"),
        (2025.5, "whole"),
        ("soon", "whole"),
        ([], "whole"),
        (np.inf, "whole"),
        (20300, "whole"),
    ],
)
def test_target_years(to, words):
    with pytest.raises(InputError, match=words):
        project(CITY, to)


@pytest.mark.parametrize(
    ("values", "years", "targets", "more"),
    [
        ([[83.0, 40.0]], [2015.9, 2020.2], [2025], {}),
        ([[83.0, 40.0]], [2015, None], [2025], {}),
        ([[83.0, 40.0]], [2015, 2020], [2025.7], {}),
        ([[83.0, 40.0]], [2015, 2020], [2020], {}),
        ([[83.0, 40.0]], [2015, 2015], [2025], {}),
        ([[83.0, np.nan]], [2015, 2020], [2025], {}),
        ([83.0, 40.0], [2015, 2020], [2025], {}),
        ([["a", 40.0]], [2015, 2020], [2025], {}),
        ([[83.0]], [2015], [2025], {}),
        ([[83.0, 40.0]], [2015, 2020], [2025], {"errors": [0.1]}),
        ([[83.0, 40.0]], [2015, 2020], [2025], {"errors": [0.1, -1]}),
    ],
)
def test_many_refuses(values, years, targets, more):
    with pytest.raises(InputError) as caught:
        project_many(values, years, targets, **more)
    assert "\n" not in str(caught.value)
