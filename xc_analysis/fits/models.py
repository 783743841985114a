"""Projection models: each gives a Student t on the transformed scale for every horizon.

Arguments as in :mod:`xc_analysis.fits.fitting`; ``blur`` is what rounding adds to the residual sum
of squares.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from xc_analysis.fits.fitting import (
    PRIOR_SD,
    PRIOR_WEIGHT,
    Fit,
    combine,
    damping,
    line,
    never_narrows,
    pooled,
    recent,
)


def ols(z, t, h, *, blur=0.0, **_):
    """Least squares with its textbook prediction interval (no prior)."""
    fit = line(z, t)
    df = t.size - 2
    s2 = (fit.rss + blur) / df
    centre = fit.end[:, None] + fit.slope[:, None] * h
    variance = s2[:, None] * (1 + 1 / t.size + (h - fit.mean_t) ** 2 / fit.sxx)
    return Fit(centre, variance, df, np.sqrt(s2), {"line": (1.0, centre)})


def last(z, t, h, *, prior_sd, blur=0.0, mean_of_two=False, **_):
    """Random walk without drift from the last value, or from the mean of the last two.

    A step of one year has variance s^2, so that of h years from the last value has h s^2;
    the mean of the last two lies half a step further back, which adds s^2 / 4.
    """
    steps = np.diff(z, axis=1)
    rss = (steps**2 / np.diff(t)).sum(axis=1)
    s2, df = pooled(rss + blur, t.size - 1, prior_sd)
    start, two = recent(z, t) if mean_of_two else (z[:, -1], False)
    centre = np.repeat(start[:, None], h.size, axis=1)
    variance = s2[:, None] * (h + 0.25 * two)
    return Fit(centre, variance, df, np.sqrt(s2), {"last": (1.0, centre)})


def last_two(z, t, h, **kw):
    """:func:`last` from the mean of the last two years."""
    return last(z, t, h, mean_of_two=True, **kw)


def drift(z, t, h, *, prior_sd, blur=0.0, **_):
    """Random walk with drift: the line from the first to the last value goes on.

    The drift over a span T has variance s^2 / T, hence s^2 (h + h^2 / T).
    """
    span = t[-1] - t[0]
    rate = (z[:, -1] - z[:, 0]) / span
    gaps = np.diff(t)
    rss = ((np.diff(z, axis=1) - rate[:, None] * gaps) ** 2 / gaps).sum(axis=1)
    s2, df = pooled(rss + blur, t.size - 2, prior_sd)
    centre = z[:, -1:] + rate[:, None] * h
    variance = s2[:, None] * (h + h**2 / span)
    return Fit(centre, variance, df, np.sqrt(s2), {"drift": (1.0, centre)})


def damped(z, t, h, *, prior_sd, phi, blur=0.0, **_):
    """Fitted line whose slope fades by `phi` a year.

    phi is not known: its spread over (2 phi - 1, phi, 1) with weights 1/4, 1/2, 1/4 joins
    the sampling variance.
    """
    fit = line(z, t)
    s2, df = pooled(fit.rss + blur, t.size - 2, prior_sd)
    c = damping(h, phi)
    low, high = damping(h, max(0.0, 2 * phi - 1)), damping(h, 1)
    mean = (low + 2 * c + high) / 4
    spread = ((low - mean) ** 2 + 2 * (c - mean) ** 2 + (high - mean) ** 2) / 4
    centre = fit.end[:, None] + fit.slope[:, None] * c
    variance = s2[:, None] * (1 + 1 / t.size + (c - fit.mean_t) ** 2 / fit.sxx)
    variance = variance + fit.slope[:, None] ** 2 * spread
    return Fit(centre, variance, df, np.sqrt(s2), {"damped": (1.0, centre)})


def _named(names, weights, members):
    return {name: (w, m) for name, w, m in zip(names, weights, members, strict=True)}


BLEND_WEIGHTS = (0.5, 0.25, 0.25)
SPREAD = 1.5  # weight of the disagreement among members


def blend(z, t, h, *, prior_sd, phi, blur=0.0, **_):
    """Line, damped line and recent level, weighted 1/2, 1/4, 1/4; their disagreement counts.

    v = s^2 (1 + 1/n + (t_n - tbar + c_h)^2 / Sxx) + 1.5 sum w (m_k - m)^2, t with n + 2
    degrees of freedom, s^2 = (4 s0^2 + RSS) / (n + 2).
    """
    fit = line(z, t)
    s2, df = pooled(fit.rss + blur, t.size - 2, prior_sd)
    c = damping(h, phi)
    end, slope = fit.end[:, None], fit.slope[:, None]
    level = np.repeat(recent(z, t)[0][:, None], h.size, axis=1)
    members = (end + slope * h, end + slope * c, level)
    centre, spread = combine(members, BLEND_WEIGHTS)
    variance = s2[:, None] * (1 + 1 / t.size + (c - fit.mean_t) ** 2 / fit.sxx) + SPREAD * spread
    named = _named(("line", "damped", "recent"), BLEND_WEIGHTS, members)
    return Fit(centre, variance, df, np.sqrt(s2), named)


FLOOR_SHARE = np.linspace(0.3, 1.0, 8)
DECAY = np.geomspace(0.05, 2.0, 20)


@never_narrows
def plateau(z, t, h, *, prior_sd, scale, blur=0.0, **_):
    """Decay to a floor between 0.3 of the last value and the last value itself.

    A handful of years cannot tell the floor, so every floor of the grid counts alike: for
    each, the rate of decay that fits best; the centre is their mean and their spread joins
    the variance. A rising series mirrors this. On the identity scale the grid reaches from
    the last value to 0.7 of the observed change beyond it.
    """
    direction = np.where(line(z, t).slope > 0, 1.0, -1.0)
    reach = -np.log(FLOOR_SHARE)[None, :]
    if scale == "identity":
        reach = (1 - FLOOR_SHARE)[None, :] * np.ptp(z, axis=1)[:, None]
    floor = z[:, -1:] + direction[:, None] * reach  # (k, floors)
    x = np.exp(-DECAY[:, None] * t)  # (rates, n)
    xx = (x * x).sum(axis=1)
    cross = (z @ x.T)[:, None, :] - floor[:, :, None] * x.sum(axis=1)
    total = ((z[:, None, :] - floor[:, :, None]) ** 2).sum(axis=2)
    rss = total[:, :, None] - cross**2 / xx
    best = rss.argmin(axis=2)
    size = np.take_along_axis(cross, best[:, :, None], axis=2)[:, :, 0] / xx[best]
    centres = floor[:, :, None] + size[:, :, None] * np.exp(-DECAY[best][:, :, None] * h)
    centre = centres.mean(axis=1)
    spread = ((centres - centre[:, None, :]) ** 2).mean(axis=1)
    least = np.maximum(rss.min(axis=(1, 2)), 0.0)
    s2, df = pooled(least + blur, max(t.size - 2, 0), prior_sd)
    variance = s2[:, None] * (1 + 1 / t.size) + spread
    members = {
        f"floor {share:.1f}": (1 / FLOOR_SHARE.size, centres[:, i])
        for i, share in enumerate(FLOOR_SHARE)
    }
    return Fit(centre, variance, df, np.sqrt(s2), members)


# Curves of :func:`decay`: constant rates, and approaches to a share of the first level.
RATES = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
SHARES = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
APPROACH = (0.1, 0.2, 0.4, 0.8)


@lru_cache(maxsize=64)
def _curves(times):
    """Curves (c, times) on a log scale from 0 in the first year, and their prior weights."""
    x = np.array(times)
    steady = [-r * x for r in RATES]
    levelling = [np.log(f + (1 - f) * np.exp(-r * x)) for f in SHARES for r in APPROACH]
    prior = np.repeat([0.5 / len(steady), 0.5 / len(levelling)], [len(steady), len(levelling)])
    return np.array(steady + levelling), prior


def _half_power(x, twice):
    """x ** (twice / 2) for a whole number `twice`, without the cost of a general power."""
    out = np.sqrt(x) if twice % 2 else np.ones_like(x)
    square = x.copy()
    left = twice // 2
    while left:
        if left % 2:
            out *= square
        left //= 2
        if left:
            square *= square
    return out


def _weigh(z, t, h, prior_sd, scale, blur):
    """Weights (k, c) of the curves, their penalised residual sums and their paths ahead.

    Also the sign by which a rising series is mirrored and its mean (k, 1).
    """
    n = t.size
    sign = np.where(z @ (t - t.mean()) > 0, -1.0, 1.0)[:, None]
    curves, prior = _curves(tuple(np.concatenate([t, h]) - t[0]))
    if scale == "identity":
        curves = curves * (prior_sd / PRIOR_SD["log"])
    curves = curves - curves[:, :n].mean(axis=1, keepdims=True)
    seen, ahead = curves[:, :n], curves[:, n:]
    mean = z.mean(axis=1, keepdims=True)
    d = (z - mean) * sign
    q = d @ (-2 * seen.T)
    q += (seen * seen).sum(axis=1)
    q += PRIOR_WEIGHT * prior_sd**2 + (d * d).sum(axis=1, keepdims=True) + blur
    w = prior / _half_power(q / q.min(axis=1, keepdims=True), PRIOR_WEIGHT + n - 1)
    w /= w.sum(axis=1, keepdims=True)
    return w, q, ahead, sign, mean


@never_narrows
def decay(z, t, h, *, prior_sd, scale, blur=0.0, **_):
    """Average over steady rates and declines that level off, each weighted by its fit.

    A curve with residual sum of squares R has weight prior * (4 s0^2 + R)^(-(n+3)/2), the
    marginal likelihood with a free level and s0 as prior; half the prior lies on steady
    rates, half on approaches to 15-90 % of the first level. A rising series mirrors the
    curves. They are ratios; on the identity scale one log unit is s0 / 0.08 units.
    """
    w, q, ahead, sign, mean = _weigh(z, t, h, prior_sd, scale, blur)
    path = w @ ahead
    centre = mean + sign * path
    df = PRIOR_WEIGHT + t.size - 1
    s2 = np.einsum("ij,ij->i", w, q) / df
    variance = s2[:, None] * (1 + 1 / t.size) + np.maximum(w @ ahead**2 - path**2, 0.0)
    return Fit(centre, variance, df, np.sqrt(s2), {"decay": (1.0, centre)})


SHRUNK_WEIGHTS = (0.25, 0.5, 0.25)  # line, damped line, decay
SHRUNK_SPREAD = 1.25
SLOPE_SD = 1.25  # prior sd of a year's change, in prior_sd


@never_narrows
def shrunk(z, t, h, *, prior_sd, phi, scale, blur=0.0, **_):
    """Line and damped line with a slope drawn toward none, and the :func:`decay` average.

    slope b Sxx / (Sxx + s^2 / (1.25 s0)^2): two noisy points keep half of it, six good ones
    nearly all. Centre: 1/4 line, 1/2 damped, 1/4 decay. Variance as in :func:`blend`, with
    the four members line, damped, decay and recent level alike in the disagreement and
    1.25 for 1.5.
    """
    fit = line(z, t)
    s2, df = pooled(fit.rss + blur, t.size - 2, prior_sd)
    keep = fit.sxx / (fit.sxx + s2 / (SLOPE_SD * prior_sd) ** 2)
    slope = (fit.slope * keep)[:, None]
    end = fit.end[:, None] - (fit.slope[:, None] - slope) * (t[-1] - fit.mean_t)
    c = damping(h, phi)
    level = np.repeat(recent(z, t)[0][:, None], h.size, axis=1)
    w, _q, ahead, sign, mean = _weigh(z, t, h, prior_sd, scale, blur)
    levelling = mean + sign * (w @ ahead)
    members = (end + slope * h, end + slope * c, levelling)
    centre = combine(members, SHRUNK_WEIGHTS)[0]
    spread = sum((m - centre) ** 2 for m in (*members, level)) / 4
    variance = s2[:, None] * (1 + 1 / t.size + (c - fit.mean_t) ** 2 / fit.sxx)
    variance = variance + SHRUNK_SPREAD * spread
    named = _named(("line", "damped", "decay", "recent"), (*SHRUNK_WEIGHTS, 0.0), (*members, level))
    return Fit(centre, variance, df, np.sqrt(s2), named)


MIN_DISPERSION = 2.0


def count(z, t, h, *, exposure=None, future_exposure=None, **_):
    """Quasi-Poisson regression of a count on the year, offset log of days.

    ``z`` is ln(count + 0.5). The dispersion is Pearson's, at least 2: counts of days come in
    spells. Interval on the scale of ``z`` by the delta method, from the dispersion of a
    count and the sampling variance of its mean.
    """
    y = np.exp(z) - 0.5
    y[np.abs(y) < 1e-9] = 0.0
    n = t.size
    offset = np.zeros(n) if exposure is None else np.log(exposure)
    ahead = np.zeros(h.size) if future_exposure is None else np.log(future_exposure)
    eta = z.copy()
    slope = intercept = None
    for _step in range(60):
        mu = np.exp(np.clip(eta, -30, 30))
        work = eta - offset + (y - mu) / mu
        w = mu.sum(axis=1)
        mean_t = (mu * t).sum(axis=1) / w
        d = t - mean_t[:, None]
        sxx = (mu * d**2).sum(axis=1)
        level = (mu * work).sum(axis=1) / w
        new_slope = (mu * d * work).sum(axis=1) / sxx
        new_intercept = level - new_slope * mean_t
        done = slope is not None and np.allclose(new_slope, slope, rtol=1e-10, atol=1e-12)
        slope, intercept = new_slope, new_intercept
        eta = intercept[:, None] + slope[:, None] * t + offset
        if done:
            break
    mu = np.exp(np.clip(eta, -30, 30))
    df = n - 2
    dispersion = np.maximum(((y - mu) ** 2 / mu).sum(axis=1) / df, MIN_DISPERSION)
    mu_h = np.exp(np.clip(intercept[:, None] + slope[:, None] * h + ahead, -30, 30))
    w = mu.sum(axis=1)
    mean_t = (mu * t).sum(axis=1) / w
    sxx = (mu * (t - mean_t[:, None]) ** 2).sum(axis=1)
    of_mean = dispersion[:, None] * (1 / w[:, None] + (h - mean_t[:, None]) ** 2 / sxx[:, None])
    of_count = dispersion[:, None] * mu_h
    variance = (mu_h**2 * of_mean + of_count) / (mu_h + 0.5) ** 2
    centre = np.log(mu_h + 0.5)
    return Fit(centre, variance, df, np.sqrt(dispersion), {"glm": (1.0, centre)})


class Model(NamedTuple):
    """A model, the fewest points it takes and the parameters that bear on it."""

    fit: Callable
    fewest: int
    uses: tuple[str, ...]


MODELS = {
    "last": Model(last, 2, ("prior_sd",)),
    "last_two": Model(last_two, 2, ("prior_sd",)),
    "linear": Model(ols, 3, ()),
    "loglinear": Model(ols, 3, ()),
    "damped": Model(damped, 2, ("prior_sd", "phi")),
    "drift": Model(drift, 2, ("prior_sd",)),
    "plateau": Model(plateau, 3, ("prior_sd",)),
    "decay": Model(decay, 2, ("prior_sd",)),
    "count": Model(count, 3, ()),
    "blend": Model(blend, 2, ("prior_sd", "phi")),
    "shrunk": Model(shrunk, 2, ("prior_sd", "phi")),
}


def scale_of(method, scale):
    """The scale a method fits on when the series' own is `scale`."""
    if method == "linear":
        return "identity"
    if method == "loglinear" and scale == "identity":
        return "log"
    if method == "count":
        return "count"
    return scale
