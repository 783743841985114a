"""Scores against independent truth, and that no future leaks into a hindcast."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import xc_analysis as xc
from xc_analysis.errors import InputError
from xc_analysis.verdicts.hindcast import (
    COLUMNS,
    calibration,
    clustered_se,
    crps_of_quantiles,
    crps_t,
    interval_score,
    mase_scale,
    score_origin,
)

CITY = "北京市"


@pytest.fixture(scope="module")
def scored():
    return xc.hindcast(scope=CITY, origins=[2018, 2019, 2020], methods=["blend", "last"])


def test_interval_score_by_hand():
    assert interval_score(10, 20, 15, 0.8) == 10
    # 3 below at alpha 0.2: 10 + 2 / 0.2 * 3
    assert interval_score(10, 20, 7, 0.8) == pytest.approx(40)
    assert interval_score(10, 20, 21, 0.95) == pytest.approx(10 + 2 / 0.05)


@pytest.mark.parametrize(("df", "y"), [(2, 0.3), (4, -2.5), (8, 0.0), (30, 4.0)])
def test_crps_closed_form_equals_the_integral(df, y):
    centre, sd = 0.5, 1.7
    f = stats.t(df, centre, sd).cdf
    below, _ = integrate.quad(lambda x: f(x) ** 2, -np.inf, y)
    above, _ = integrate.quad(lambda x: (1 - f(x)) ** 2, y, np.inf)
    assert crps_t(y, df, centre, sd) == pytest.approx(below + above, rel=1e-6)


def test_crps_of_quantiles_nears_the_closed_form():
    levels = np.arange(1, 100) / 100
    q = stats.t(30, 10, 2).ppf(levels)
    for y in (10.0, 13.0, 6.0):
        assert crps_of_quantiles(y, q) == pytest.approx(crps_t(y, 30, 10.0, 2.0), rel=0.03)


def test_mase_scale():
    assert mase_scale(np.array([5.0, 3.0, 4.0])) == 1.5
    assert np.isnan(mase_scale(np.array([3.0, 3.0])))


def test_scores_of_one_origin_by_hand():
    values = [80.0, 76.0, 66.0, 60.0, 52.0, 48.0, 43.0, 41.0]
    s = pd.Series(values, index=range(2013, 2021))
    rows = score_origin(s, 2018, horizon=2)
    p = xc.project(s.loc[:2018], 2020)
    step = np.abs(np.diff(values[:6])).mean()
    for at, (row, y) in enumerate(zip(rows, values[6:], strict=True)):
        assert row["prediction"] == pytest.approx(p.median[at])
        assert row["scaled_error"] == pytest.approx(abs(p.median[at] - y) / step)
        low, high = (e[at] for e in p.interval(0.8))
        assert row["is_80"] == pytest.approx(interval_score(low, high, y, 0.8))
        assert row["is_80_pct"] == pytest.approx(100 * row["is_80"] / 80)
        assert row["inside_80"] == float(low <= y <= high)
        assert row["pit"] == pytest.approx(p.p_below(y, 2019 + at))
        assert row["crps_scale"] == pytest.approx(crps_t(np.log(y), p.df, p.centre[at], p.sd[at]))


def test_what_comes_after_the_origin_does_not_change_the_prediction():
    s = pd.Series(np.linspace(80, 40, 8), index=range(2013, 2021))
    other = s.copy()
    other.loc[2019:] *= 3
    for a, b in zip(score_origin(s, 2018), score_origin(other, 2018), strict=True):
        for name in ("prediction", "lower_95", "upper_95", "n", "fit_to"):
            assert a[name] == b[name]
    assert a["fit_to"] == 2018


def test_window_has_the_width_asked_for():
    s = pd.Series(np.linspace(80, 40, 8), index=range(2013, 2021))
    row = score_origin(s, 2019, width=4)[0]
    assert (row["fit_from"], row["n"]) == (2016, 4)


def test_partial_years_are_no_outturn_and_estimates_say_so():
    s = pd.DataFrame(
        {
            "value": [60.0, 55, 50, 45, 44, 43, 42],
            "status": ["computed"] * 5 + ["estimated", "computed"],
            "completeness": ["strict"] * 5 + ["partial", "partial"],
        },
        index=pd.Index(range(2014, 2021), name="year"),
    )
    rows = score_origin(s, 2017, horizon=4)
    assert [r["outturn_status"] for r in rows] == ["computed", "estimated", "", ""]
    assert np.isnan(rows[2]["outturn"]) and np.isnan(rows[3]["outturn"])


def test_a_fit_that_cannot_be_made_keeps_its_rows():
    s = pd.Series([50.0, 48.0, 44.0], index=[2018, 2019, 2020])
    rows = score_origin(s, 2019, method="loglinear", horizon=1)
    assert len(rows) == 1 and "needs 3" in rows[0]["note"] and np.isnan(rows[0]["prediction"])


def test_city_points(scored):
    assert list(scored.columns) == list(COLUMNS)
    six = ["pm25", "pm10", "no2", "so2", "good_days", "heavy_days"]
    blend = scored[(scored["method"] == "blend") & scored["indicator"].isin(six)]
    assert len(blend) == 90 and blend["outturn"].notna().all()
    assert (blend["fit_from"] == blend["origin"] - 5).all() and (blend["n"] == 6).all()
    assert (blend["fit_to"] == blend["origin"]).all()
    inside = (blend["lower_80"] <= blend["outturn"]) & (blend["outturn"] <= blend["upper_80"])
    assert (inside == (blend["inside_80"] == 1)).all()


def test_city_hold_out_reaches_the_numbers_of_the_design():
    """Six indicators on the log scale, s0 = 0.08: MASE 0.86, coverage .89 and .96."""
    six = ["pm25", "pm10", "no2", "so2", "good_days", "heavy_days"]
    got = xc.hindcast(
        scope=CITY, origins=[2018, 2019, 2020], methods=["blend"], indicators=six,
        scale="log", prior_sd=0.08,
    )  # fmt: skip
    pooled = calibration(got).iloc[0]
    assert pooled["n"] == 90
    assert pooled["mase"] == pytest.approx(0.86, abs=0.01)
    assert pooled["coverage_80"] == pytest.approx(0.89, abs=0.015)
    assert pooled["coverage_95"] == pytest.approx(0.96, abs=0.015)
    assert pooled["is_95_pct"] <= 66


def test_calibration_pools_and_states_its_clusters(scored):
    pooled = calibration(scored)
    assert pooled["method"].tolist() == ["blend", "last"]
    for row in pooled.itertuples():
        part = scored[scored["method"] == row.method].dropna(subset=["outturn", "prediction"])
        assert row.n == len(part) and row.origins == 3
        assert row.coverage_80 == pytest.approx(part["inside_80"].mean())
        assert row.coverage_80_low <= row.coverage_80 <= row.coverage_80_high <= 1


def test_clustered_error_of_a_mean():
    rng = np.random.default_rng(1)
    x = rng.normal(size=200)
    alone = clustered_se(x, np.arange(200))
    assert alone == pytest.approx(x.std(ddof=1) / np.sqrt(200))
    # ten copies of twenty values know no more than twenty values
    few = np.repeat(x[:20], 10)
    assert clustered_se(few, np.repeat(np.arange(20), 10)) == pytest.approx(
        x[:20].std(ddof=1) / np.sqrt(20)
    )
    a, b = np.repeat(np.arange(20), 10), np.tile(np.arange(10), 20)
    assert clustered_se(few, a, b) >= clustered_se(few, a) - 1e-15
    assert np.isnan(clustered_se([1.0, 2.0], [0, 0]))


def test_estimated_outturns_count_only_when_asked(scored):
    some = scored.copy()
    some.loc[some["year"] == 2021, "outturn_status"] = "estimated"
    assert calibration(some)["n"].sum() < calibration(some, estimated=True)["n"].sum()


@pytest.mark.parametrize(
    "change", [{"origins": []}, {"methods": []}, {"horizon": 0}, {"origins": [1950]}]
)
def test_nothing_to_do_is_an_error(change):
    options = {"scope": CITY, "origins": [2020], "methods": ["blend"]} | change
    with pytest.raises(InputError):
        xc.hindcast(**options)


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="'zz' is unknown"):
        xc.hindcast(scope="北京市", origins=[2018], methods=["blend", "zz"])
