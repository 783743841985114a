"""Common ground of the projection models: scales, lines, pooled variance, rounded values.

Arrays only. ``z`` has shape (k, n), one transformed series a row; ``t`` the n years counted
from the last one (so t[-1] = 0), ``h`` the horizons in years, real years throughout.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import NamedTuple

import numpy as np

PRIOR_WEIGHT = 4  # the prior sd counts as this many residual degrees of freedom
PRIOR_SD = {"log": 0.08, "count": 0.55}
_Z_MAX = 650.0  # keeps exp() finite


class Fit(NamedTuple):
    """Student t of each row and horizon on the model's scale.

    centre and variance are (k, h); df one number; s (k,) the residual sd; members maps a
    member's name to its weight and centre (k, h).
    """

    centre: np.ndarray
    variance: np.ndarray
    df: float
    s: np.ndarray
    members: dict


@lru_cache(maxsize=256)
def t_quantile(df, level):
    """Half width of the central `level` interval of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def forward(y, scale, floor=None, ceiling=None):
    """Values on the scale of the fit."""
    if scale == "log":
        return np.log(y)
    if scale == "count":
        return np.log(y + 0.5)
    if scale == "logit":
        return np.log((y - floor) / (ceiling - y))
    return np.asarray(y, dtype=float)


def backward(z, scale, floor=None, ceiling=None):
    """Back to the units of the series, inside its physical range."""
    if scale == "identity":
        y = z
    elif scale == "logit":
        y = floor + (ceiling - floor) / (1.0 + np.exp(-np.clip(z, -_Z_MAX, _Z_MAX)))
    else:
        y = np.exp(np.clip(z, -_Z_MAX, _Z_MAX))
        if scale == "count":
            y = np.maximum(y - 0.5, 0.0)
    if floor is None and ceiling is None:
        return y
    return np.clip(y, floor, ceiling)


def ends(centre, half, scale, floor, ceiling, s):
    """Interval centre -+ half back in units; pinned to a bound it still has a width.

    Where both ends would lie on one bound, the free end keeps half a count from it, on other
    scales one residual sd `s`.
    """
    lower = backward(centre - half, scale, floor, ceiling)
    upper = backward(centre + half, scale, floor, ceiling)
    pinned = upper <= lower
    if pinned.any():
        room = 0.5 if scale == "count" else (s if scale == "identity" else s * np.abs(lower))
        at_top = pinned & (upper >= (np.inf if ceiling is None else ceiling))
        upper = np.where(pinned & ~at_top, lower + room, upper)
        lower = np.where(at_top, upper - room, lower)
        if floor is not None or ceiling is not None:
            lower, upper = np.clip(lower, floor, ceiling), np.clip(upper, floor, ceiling)
    return lower, upper


class Line(NamedTuple):
    slope: np.ndarray
    end: np.ndarray
    rss: np.ndarray
    mean_t: float
    sxx: float


def line(z, t):
    """Least squares line of each row; `end` is its value in the last year."""
    mean_t = t.mean()
    d = t - mean_t
    sxx = d @ d
    mean = z.mean(axis=1)
    slope = z @ (d / sxx)
    if t.size == 2:
        rss = np.zeros(len(z))
    else:
        r = z - mean[:, None] - slope[:, None] * d
        rss = np.einsum("ij,ij->i", r, r)
    return Line(slope, mean + slope * d[-1], rss, mean_t, sxx)


def damping(h, phi):
    """phi + phi^2 + ... + phi^h."""
    return h.astype(float) if phi == 1 else phi * (1 - phi**h) / (1 - phi)


def pooled(rss, df, prior_sd):
    """Residual variance with the prior as PRIOR_WEIGHT degrees of freedom, and the total."""
    total = PRIOR_WEIGHT + df
    return (PRIOR_WEIGHT * prior_sd**2 + rss) / total, total


def never_narrows(model):
    """Let a model's variance only grow with the horizon: the largest up to each year counts."""

    @wraps(model)
    def wrapped(z, t, h, **kw):
        every = np.arange(1, int(h.max()) + 1)
        fit = model(z, t, every, **kw)
        at = h.astype(int) - 1
        return Fit(
            fit.centre[:, at],
            np.maximum.accumulate(fit.variance, axis=1)[:, at],
            fit.df,
            fit.s,
            {name: (w, m[:, at]) for name, (w, m) in fit.members.items()},
        )

    return wrapped


def recent(z, t):
    """Mean of the last two values when those years adjoin, else the last; and its lag."""
    if t.size > 1 and t[-1] - t[-2] == 1:
        return (z[:, -1] + z[:, -2]) / 2, True
    return z[:, -1], False


def combine(members, weights):
    """Weighted centre of members (k, h) and their weighted variance about it."""
    centre = sum(w * m for w, m in zip(weights, members, strict=True))
    spread = sum(w * (m - centre) ** 2 for w, m in zip(weights, members, strict=True))
    return centre, spread


def default_prior(values, scale):
    """A guess where neither the register nor the scale has a residual sd of its own.

    8 % of the level, as on the log scale, in the unit of the series (identity); on the logit
    scale the same 8 % seen from a middling share of one half, 0.16.
    """
    if scale == "logit":
        return 0.16
    level = float(np.abs(values).mean())
    return 0.08 * level if level > 0 else 1.0


_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)


def _inside(lower, upper, mean, sd):
    """Mean and variance of a normal variable known to lie between two bounds."""
    half = (upper - lower) / 2
    x = (lower + upper) / 2 + half * _NODES[:, None]
    e = ((x - mean) / sd) ** 2 / 2
    w = _NODE_WEIGHTS[:, None] * np.exp(e.min(axis=0) - e)
    w /= w.sum(axis=0)
    centre = (w * x).sum(axis=0)
    return centre, (w * (x - centre) ** 2).sum(axis=0)


def censored(lower, upper, t, *, prior_sd, prior_weight=PRIOR_WEIGHT, df=None):
    """Line through values known only to lie between bounds, by EM.

    Parameters
    ----------
    lower, upper : ndarray, shape (n,)
        Ends of each rounded value on the scale of the fit; equal where it is exact.
    t : ndarray, shape (n,)
        Years.
    prior_sd : float
        Residual sd of the prior, worth `prior_weight` degrees of freedom.
    df : float, optional
        Degrees of freedom of the residuals; default n - 2. With ``prior_weight=0, df=n`` the
        result is the maximum of the interval-censored normal likelihood.

    Returns
    -------
    z : ndarray, shape (n,)
        Expected values within the bounds, given the line.
    blur : float
        Sum of their variances, to be added to the residual sum of squares of `z`.

    Notes
    -----
    Dempster, Laird and Rubin 1977, J. R. Stat. Soc. B 39, 1-38.
    """
    df = t.size - 2 if df is None else df
    z = (lower + upper) / 2
    blur = ((upper - lower) ** 2).sum() / 12
    d = t - t.mean()
    sxx = d @ d
    for _step in range(500):
        line_at = z.mean() + d * (z @ d) / sxx
        rss = ((z - line_at) ** 2).sum() + blur
        sd = np.sqrt((prior_weight * prior_sd**2 + rss) / (prior_weight + df))
        before = z
        z, variance = _inside(lower, upper, line_at, max(sd, 1e-12))
        blur = variance.sum()
        if np.abs(z - before).max() < 1e-10 * (1 + np.abs(z).max()):
            break
    return z, float(blur)
