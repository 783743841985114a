"""Forecasting libraries to measure against, each present only if it can be imported.

A peer takes one series (n,), the number of years ahead and the levels, and returns the centre
(h,) and {level: (lower, upper)}.
"""

from __future__ import annotations

import logging
from importlib import metadata
from importlib.util import find_spec
from statistics import NormalDist

import numpy as np


def log_ols(y, horizon, levels):
    import statsmodels.api as sm

    t = np.arange(y.size + horizon)
    x = sm.add_constant(t.astype(float))
    fit = sm.OLS(np.log(y), x[: y.size]).fit()
    ahead = fit.get_prediction(x[y.size :])
    ends = {q: np.exp(ahead.conf_int(obs=True, alpha=1 - q)).T for q in levels}
    return np.exp(ahead.predicted_mean), ends


def holt_damped(y, horizon, levels):
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = ETSModel(
        pd.Series(y),
        error="add",
        trend="add",
        damped_trend=True,
        initialization_method="known",
        initial_level=y[0],
        initial_trend=y[1] - y[0],
    )
    fit = model.fit(disp=False)
    ahead = fit.get_prediction(start=y.size, end=y.size + horizon - 1)
    frames = {q: ahead.summary_frame(alpha=1 - q) for q in levels}
    ends = {q: (np.asarray(f["pi_lower"]), np.asarray(f["pi_upper"])) for q, f in frames.items()}
    return np.asarray(frames[levels[0]]["mean"]), ends


def theta_statsmodels(y, horizon, levels):
    import pandas as pd
    from statsmodels.tsa.forecasting.theta import ThetaModel

    index = pd.period_range("2000", periods=y.size, freq="Y")
    fit = ThetaModel(pd.Series(y, index), period=1, deseasonalize=False).fit()
    ends = {q: np.asarray(fit.prediction_intervals(horizon, alpha=1 - q)).T for q in levels}
    return np.asarray(fit.forecast(horizon)), ends


def grey(y, horizon, levels):
    """Fit GM(1,1), the grey model of bureau practice, with normal intervals of its residuals.

    It comes without intervals; those here take the sd of its fitted residuals, growing with the
    root of the horizon.
    """
    cumulated = np.cumsum(y)
    background = (cumulated[1:] + cumulated[:-1]) / 2
    design = np.column_stack([-background, np.ones(y.size - 1)])
    (a, b), *_ = np.linalg.lstsq(design, y[1:], rcond=None)
    t = np.arange(y.size + horizon)
    path = y.cumsum()[0] + b * t if abs(a) < 1e-8 else (y[0] - b / a) * np.exp(-a * t) + b / a
    fitted = np.diff(path, prepend=0.0)
    fitted[0] = y[0]
    sd = np.sqrt(np.sum((y - fitted[: y.size]) ** 2) / (y.size - 2))
    centre = fitted[y.size :]
    width = sd * np.sqrt(np.arange(1, horizon + 1))
    z = {q: NormalDist().inv_cdf(0.5 + q / 2) for q in levels}
    return centre, {q: (centre - z[q] * width, centre + z[q] * width) for q in levels}


def autoarima(y, horizon, levels):
    from statsforecast.models import AutoARIMA

    names = [round(100 * q) for q in levels]
    out = AutoARIMA(season_length=1).forecast(y=y, h=horizon, level=names)
    ends = {
        q: (out[f"lo-{name}"], out[f"hi-{name}"]) for q, name in zip(levels, names, strict=True)
    }
    return out["mean"], ends


def prophet(y, horizon, levels):
    import pandas as pd
    from prophet import Prophet

    dates = pd.date_range("2000-12-31", periods=y.size + horizon, freq="YE")
    model = Prophet(yearly_seasonality=False, weekly_seasonality=False, daily_seasonality=False)
    model.fit(pd.DataFrame({"ds": dates[: y.size], "y": y}), seed=0)
    np.random.seed(0)  # noqa: NPY002 - prophet draws from the global generator
    future = pd.DataFrame({"ds": dates[y.size :]})
    draws = model.predictive_samples(future)["yhat"]
    ends = {q: np.quantile(draws, [(1 - q) / 2, (1 + q) / 2], axis=1) for q in levels}
    return np.median(draws, axis=1), ends


_ALL = {
    "log-OLS, statsmodels": ("statsmodels", log_ols),
    "Holt damped, statsmodels": ("statsmodels", holt_damped),
    "Theta, statsmodels": ("statsmodels", theta_statsmodels),
    "AutoARIMA, statsforecast": ("statsforecast", autoarima),
    "Prophet": ("prophet", prophet),
    "GM(1,1)": ("numpy", grey),
}


def available():
    """Peers that are installed: {name: function}."""
    for name in ("cmdstanpy", "prophet", "prophet.plot"):
        logging.getLogger(name).disabled = True
    return {name: fun for name, (package, fun) in _ALL.items() if find_spec(package)}


def on_logs(peer):
    """The same peer fitted to the logarithms."""

    def logged(y, horizon, levels):
        centre, ends = peer(np.log(y), horizon, levels)
        return np.exp(centre), {q: (np.exp(a), np.exp(b)) for q, (a, b) in ends.items()}

    return logged


def versions():
    """{package: version or "not installed"} of the peers and what lies beneath."""
    out = {}
    for package in ("numpy", "scipy", "pandas", *dict.fromkeys(p for p, _ in _ALL.values())):
        try:
            out[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            out[package] = "not installed"
    return out
