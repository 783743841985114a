"""Projections of short annual series, with prediction intervals from two points on.

The default, `paths`, draws 97 plausible paths of four kinds, weighs each by how well it fits the
years observed, and takes their weighted spread, the noise from year to year and a slow drift as
the fan. The other four methods are for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from .trends import fit_points, shown, shown_decimals
from .words import Message, error, has_word, html_table, message, tr, word

SCALES = ("log", "logit", "identity", "count", "share")
KINDS = ("rate", "amount", "level", "none")
PRIORS = ("falling", "mirrored")

PRIOR_WEIGHT = 4  # degrees of freedom that prior_sd is worth
DF = 8  # of the t of `paths`
DRIFT = 0.8  # sd a year of the slow drift, in prior_sd
NOISE_LIMIT = 0.16  # prior_sd beyond which noise is no sign of drift, and curves are stretched
USUAL_SD = 0.08  # prior_sd for which the curves are made
PHI = 0.85  # share of its slope that a damped line keeps each year
FARTHEST = 500  # years ahead beyond which a target year is a slip of the pen
DISAGREES = 4.0  # studentised residual from which a point is named

_ROWS = 160  # series fitted at once: what a processor's cache holds
_Z_MAX = 650.0  # keeps exp() finite
_LEAST_SD = 1e-9  # so that no interval has zero width


# ---- Scales ------------------------------------------------------------------------------


def _forward(y, scale, floor, ceiling, days):
    """Bring values to the scale of the fit; `days` are those behind a count or share."""
    if scale == "log":
        return np.log(y)
    if scale == "logit":
        return np.log((y - floor) / (ceiling - y))
    if scale == "identity":
        return np.asarray(y, dtype=float)
    k = y
    if scale == "share":
        k = y * days / 100
        # A printed share is a whole number of days, rounded: the count itself is fitted.
        k = np.where(np.abs(k - np.rint(k)) < 0.2, np.rint(k), k)
    return np.log((k + 0.5) / (days - k + 0.5))


def _backward(z, scale, floor, ceiling, days):
    """Bring values back to the unit of the series, inside its physical range."""
    if scale == "identity":
        y = z
    elif scale == "log":
        y = np.exp(np.clip(z, -_Z_MAX, _Z_MAX))
    else:
        y = 1 / (1 + np.exp(-np.clip(z, -_Z_MAX, _Z_MAX)))
        if scale == "logit":
            y = floor + (ceiling - floor) * y
        else:
            y = np.clip((days + 1) * y - 0.5, 0, days)
            if scale == "share":
                y = 100 * y / days
    if floor is None and ceiling is None:
        return y
    return np.clip(y, floor, ceiling)


def _ends(centre, half, scale, floor, ceiling, days, s):
    """Return the interval centre -+ half in units; at a bound it keeps a width.

    From a bound of the series the other end stays half a day away, on other scales one residual
    sd `s`, so that no interval is narrower than a lower level's.
    """
    lower = _backward(centre - half, scale, floor, ceiling, days)
    upper = _backward(centre + half, scale, floor, ceiling, days)
    if scale in ("count", "share"):
        bottom, top = 0.0, days if scale == "count" else 100.0
        room = 0.5 if scale == "count" else 50 / days
    else:
        bottom = -np.inf if floor is None else floor
        top = np.inf if ceiling is None else ceiling
        room = np.maximum(s, _LEAST_SD) * (np.abs(upper) if scale == "log" else 1.0)
    upper = np.where(lower <= bottom, np.maximum(upper, lower + room), upper)
    lower = np.where(upper >= top, np.minimum(lower, upper - room), lower)
    return lower, np.maximum(upper, lower + _LEAST_SD * np.abs(lower))


def calendar_days(years):
    """Return the days of calendar years."""
    years = np.asarray(years)
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    return 365.0 + leap


# ---- The default: paths ------------------------------------------------------------------


class _Fit(NamedTuple):
    """Student t of each series and target year on the scale of the fit: centre, sd (k, h).

    ``s`` (k, 1) is the residual sd, ``weights`` (k, 4) those of the kinds of path.
    """

    centre: np.ndarray
    sd: np.ndarray
    df: float
    s: np.ndarray
    weights: np.ndarray | None = None


def _path_parameters():
    """Yield (kind, function of time, prior weight) of the 97 paths."""
    rates = np.round(np.arange(-0.30, 0.11, 0.02), 2)
    normal = np.exp(-0.5 * ((rates + 0.04) / 0.08) ** 2)
    for r, w in zip(rates, 0.30 * normal / normal.sum(), strict=True):
        yield "rate", lambda t, r=r: r * t, w
    amounts = np.round(np.arange(-0.08, 0.04, 0.01), 2)
    for g in amounts:
        yield "amount", lambda t, g=g: np.log(np.maximum(1 + g * t, 0.1)), 0.25 / amounts.size
    floors, speeds = np.round(np.arange(1, 10) / 10, 1), np.round(np.arange(0.1, 1.4, 0.2), 1)
    share = 0.35 / (floors.size * speeds.size)
    for f in floors:
        for k in speeds:
            yield "level", lambda t, f=f, k=k: np.log(f + (1 - f) * np.exp(-k * t)), share
    yield "none", np.zeros_like, 0.10


@lru_cache(maxsize=1)
def _prior():
    """Return each path's kind, as a number in KINDS, and its prior weight."""
    kinds, _, weights = zip(*_path_parameters(), strict=True)
    return np.array([KINDS.index(kind) for kind in kinds]), np.array(weights)


@lru_cache(maxsize=128)
def _curves(times):
    """Return the paths (97, times) on a log scale, all 0 at time 0."""
    t = np.array(times)
    curves = np.array([function(t) for _, function, _ in _path_parameters()])
    curves.flags.writeable = False
    return curves


@lru_cache(maxsize=1)
def prior_shares() -> dict[str, float]:
    """Return the prior weight of paths that improve and of those that worsen."""
    change = _curves((1.0,))[:, 0]
    weight = _prior()[1]
    return {"better": float(weight[change < 0].sum()), "worse": float(weight[change > 0].sum())}


def _stretch(scale, prior_sd):
    """Factor of the paths in units of z: noisy indicators move more, others in their unit."""
    gain = max(1.0, prior_sd / NOISE_LIMIT)
    return gain if scale == "log" else gain * min(1.0, prior_sd / USUAL_SD)


def _power(x, twice):
    """Return x ** (twice / 2) for a whole number `twice`, cheaper than a general power."""
    out = np.sqrt(x) if twice % 2 else np.ones_like(x)
    square, left = x.copy(), twice // 2
    while left:
        if left % 2:
            out *= square
        left //= 2
        if left:
            square *= square
    return out


def _average(d, curves, prior_sd, what):
    """Average `what` (97, m) over the paths, weighed by their fit to d (k, n).

    Returns the averages (k, m) and that of nu s0^2 + R (k, 1); d and curves are about their means.
    """
    n = d.shape[1]
    least = PRIOR_WEIGHT * prior_sd**2
    ones = np.ones((len(curves), 1))
    terms = np.column_stack([-2 * curves, (curves**2).sum(axis=1) + least, ones]).T
    d = np.column_stack([d, np.ones(len(d)), (d * d).sum(axis=1)])
    what = np.column_stack([what, ones])
    sums, squares = np.empty((len(d), what.shape[1])), np.empty((len(d), 1))
    for start in range(0, len(d), _ROWS):
        rows = slice(start, start + _ROWS)
        q = d[rows] @ terms
        np.maximum(q, least, out=q)
        best = q.min(axis=1, keepdims=True)
        q *= 1 / best
        p = _power(q, PRIOR_WEIGHT + n - 1)
        np.divide(_prior()[1], p, out=p)
        sums[rows] = p @ what
        squares[rows] = best * np.einsum("ij,ij->i", p, q)[:, None]
    return sums[:, :-1] / sums[:, -1:], squares / sums[:, -1:]


def _widen(variance, h, prior_sd):
    """Add the slow drift and let no year's variance fall below an earlier one's."""
    variance = variance + (DRIFT * min(prior_sd, NOISE_LIMIT)) ** 2 * h
    return np.maximum.accumulate(variance, axis=1)


def _paths(z, t, h, *, prior_sd, scale, sign, errors=None):
    """Fit the paths to z (k, n) of years t; h = 1, 2, ... are the years after the last."""
    n = t.size
    times = tuple(np.concatenate([t - t[0], t[-1] - t[0] + h]).tolist())
    curves = _curves(times) * (sign * _stretch(scale, prior_sd))
    curves = curves - curves[:, :n].mean(axis=1, keepdims=True)
    seen, ahead = curves[:, :n], curves[:, n:]
    mean = z.mean(axis=1, keepdims=True)
    kinds = _prior()[0][:, None] == np.arange(len(KINDS))
    averages, squares = _average(z - mean, seen, prior_sd, np.hstack([ahead, ahead**2, kinds]))
    path, square, weights = np.split(averages, [h.size, 2 * h.size], axis=1)
    s2 = squares / (PRIOR_WEIGHT + n - 1)
    centre, s = mean + path, np.sqrt(s2)
    variance = s2 * (1 + 1 / n) + np.maximum(square - path * path, 0.0)
    variance = _widen(variance, h, prior_sd)
    errors = np.zeros(n) if errors is None else errors
    for row in np.flatnonzero(np.broadcast_to((errors > 0).any(axis=-1), len(z))):
        known = errors if errors.ndim == 1 else errors[row]
        fit = _paths_with_errors(z[row], seen, ahead, h, prior_sd, known)
        centre[row], variance[row], s[row] = fit[:3]
        weights[row] = fit[3] @ kinds
    sd = np.sqrt(variance * ((DF - 2) / DF))
    return _Fit(centre, sd, DF, s, weights)


def _paths_with_errors(z, seen, ahead, h, prior_sd, errors, drift=True):
    """Fit one series z (n,) whose values have known errors (n,), summing over the noise s.

    v_i = s^2 + e_i^2 weighs level and residuals. Of s^2 and of the level's variance each path
    takes the harmonic mean over s, which without errors gives the closed form back.
    """
    middle = z.mean()
    noise = np.geomspace(prior_sd / 5, 5 * prior_sd, 41)
    w = 1 / (noise[:, None] ** 2 + errors**2)  # (s, n)
    total = w.sum(axis=1, keepdims=True)
    d = z - middle - seen  # (paths, n)
    level = w @ d.T / total  # (s, paths)
    residual = np.maximum(w @ (d * d).T - total * level**2, 0.0)
    of_noise = PRIOR_WEIGHT * (np.log(noise) + prior_sd**2 / (2 * noise**2))
    of_noise = np.log(w).sum(axis=1) / 2 - np.log(total[:, 0]) / 2 - of_noise
    p = of_noise[:, None] + np.log(_prior()[1]) - residual / 2
    p = np.exp(p - p.max())
    p /= p.sum()
    weights = p.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        s2 = np.where(weights > 0, weights**2 / (noise**-2 @ p), 0.0).sum()
        of_level = np.where(weights > 0, weights**2 / (total[:, 0] @ p), 0.0).sum()
    levels = (p * level).sum(axis=0)  # weight x mean level of each path
    path = levels.sum() + weights @ ahead
    square = (p * level**2).sum() + 2 * levels @ ahead + weights @ (ahead * ahead)
    variance = s2 + of_level + np.maximum(square - path**2, 0.0)
    if drift:
        variance = _widen(variance[None, :], h, prior_sd)[0]
    return middle + path, variance, np.array([np.sqrt(s2)]), weights


def _disagreement(z, t, *, prior_sd, scale, sign, errors=None):
    """Return the studentised residual of each point of z (n,) from a fit to the others."""
    n = t.size
    curves = _curves(tuple((t - t[0]).tolist())) * (sign * _stretch(scale, prior_sd))
    if errors is not None and (errors > 0).any():
        out = np.empty(n)
        for i in range(n):
            rest = np.arange(n) != i
            m, variance, *_ = _paths_with_errors(
                z[rest], curves[:, rest], curves[:, [i]], 0.0, prior_sd, errors[rest], drift=False
            )
            out[i] = (z[i] - m[0]) / np.sqrt(variance[0] + errors[i] ** 2)
        return out
    residual = z - z.mean() - (curves - curves.mean(axis=1, keepdims=True))
    q = PRIOR_WEIGHT * prior_sd**2 + (residual**2).sum(axis=1, keepdims=True)
    # Without point i the level moves: its residual grows by n/(n-1), the sum of squares falls.
    q = q - residual**2 * (n / (n - 1))
    residual = residual * (n / (n - 1))
    twice = PRIOR_WEIGHT + n - 2
    p = _prior()[1][:, None] / _power(q / q.min(axis=0), twice)
    p /= p.sum(axis=0)
    mean = (p * residual).sum(axis=0)
    s2 = (p * q).sum(axis=0) / twice
    spread = np.maximum((p * residual**2).sum(axis=0) - mean**2, 0.0)
    return mean / np.sqrt(s2 * (1 + 1 / (n - 1)) + spread)


# ---- The other methods -------------------------------------------------------------------


def _line(z, t):
    """Least squares line of each row: slope, value in the last year, residuals, spread of t."""
    d = t - t.mean()
    sxx = d @ d
    mean = z.mean(axis=1)
    slope = z @ (d / sxx)
    r = z - mean[:, None] - slope[:, None] * d
    rss = np.einsum("ij,ij->i", r, r)
    return slope[:, None], (mean + slope * d[-1])[:, None], rss[:, None], d[-1], sxx


def _least_squares(z, t, h, **_):
    """Fit a straight line with the textbook prediction interval, without a prior."""
    slope, end, rss, last, sxx = _line(z, t)
    df = t.size - 2
    s2 = rss / df
    variance = s2 * (1 + 1 / t.size + (last + h) ** 2 / sxx)
    return _Fit(end + slope * h, np.sqrt(variance), df, np.sqrt(s2))


def _pool(rss, df, prior_sd):
    """Return the residual variance with the prior's share in it, and the degrees of freedom."""
    df = PRIOR_WEIGHT + df
    return (PRIOR_WEIGHT * prior_sd**2 + rss) / df, df


def _damped(z, t, h, *, prior_sd, **_):
    """Fit a line whose slope fades by PHI a year.

    PHI is a guess: its spread over (2 PHI - 1, PHI, 1), weights 1/4, 1/2, 1/4, joins the
    variance.
    """
    slope, end, rss, last, sxx = _line(z, t)
    s2, df = _pool(rss, t.size - 2, prior_sd)
    reach = np.array([phi * (1 - phi**h) / (1 - phi) for phi in (2 * PHI - 1, PHI)] + [h])
    mean = np.array([0.25, 0.5, 0.25]) @ reach
    spread = np.array([0.25, 0.5, 0.25]) @ (reach - mean) ** 2
    variance = s2 * (1 + 1 / t.size + (last + reach[1]) ** 2 / sxx) + slope**2 * spread
    return _Fit(end + slope * reach[1], np.sqrt(variance), df, np.sqrt(s2))


def _last(z, t, h, *, prior_sd, **_):
    """Keep the mean of the last two years, as a random walk without drift.

    A step of one year has variance s^2; the mean of two lies half a step back, which adds
    s^2 / 4. Where the last two years do not adjoin, the last value stands alone.
    """
    rss = (np.diff(z, axis=1) ** 2 / np.diff(t)).sum(axis=1, keepdims=True)
    s2, df = _pool(rss, t.size - 1, prior_sd)
    two = t[-1] - t[-2] == 1
    start = z[:, -2:].mean(axis=1, keepdims=True) if two else z[:, -1:]
    centre = np.repeat(start, h.size, axis=1)
    return _Fit(centre, np.sqrt(s2 * (h + 0.25 * two)), df, np.sqrt(s2))


_MODELS = {
    "paths": (_paths, 2),
    "loglinear": (_least_squares, 3),
    "damped": (_damped, 2),
    "last": (_last, 2),
    "linear": (_least_squares, 3),
}
METHODS = tuple(_MODELS)


def _scale_of(method, scale):
    """Return the scale a method fits on when the series' own is `scale`."""
    if method == "linear":
        return "identity"
    if method == "loglinear" and scale == "identity":
        return "log"
    return scale


def _fit(z, years, target_years, method, *, prior_sd, scale, sign, errors):
    """Fit z (k, n) and read off the target years; a year's numbers depend on no other."""
    h = np.arange(1.0, float(target_years.max() - years[-1]) + 1)
    t = (years - years[0]).astype(float)
    model, _ = _MODELS[method]
    options = {"prior_sd": prior_sd, "scale": scale, "sign": sign, "errors": errors}
    fit = model(z, t, h, **options)
    at = target_years - years[-1] - 1
    centre = fit.centre[:, at]
    sd = np.maximum(fit.sd[:, at], _LEAST_SD * (1 + np.abs(centre)))
    return fit._replace(centre=centre, sd=sd)


@lru_cache(maxsize=256)
def _quantile(df, level):
    """Half width of the central interval of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


# ---- What is refused ---------------------------------------------------------------------


def _number(x):
    """Return a finite float, or None for anything else."""
    try:
        x = float(x)
    except (TypeError, ValueError):
        return None
    return x if np.isfinite(x) else None


def _check_options(name, method, scale, levels, better, prior):
    given = (("method", method, METHODS), ("scale", scale, SCALES), ("prior", prior, PRIORS))
    for what, value, known in (*given, ("better", better, ("lower", "higher"))):
        if value not in known:
            raise error("error.option", name=what, value=str(value), allowed=", ".join(known))
    if np.ndim(levels) != 1 or not len(levels):
        raise error("error.level", name=name, given=str(levels))
    for level in levels:
        if not 0 < (_number(level) or 0) < 1:
            raise error("error.level", name=name, given=str(level))


def _positive(prior_sd, name):
    if not (_number(prior_sd) or 0) > 0:
        raise error("error.prior_sd", name=name, given=str(prior_sd))
    return float(prior_sd)


def _bound(bound, name):
    if bound is None or bound == "" or pd.isna(bound):
        return None
    if _number(bound) is None:
        raise error("error.bound", name=name, given=str(bound))
    return float(bound)


def _bounds(scale, floor, ceiling, name):
    """Return floor and ceiling as numbers; a logit scale has 0 and 100 unless given."""
    floor, ceiling = _bound(floor, name), _bound(ceiling, name)
    if scale == "logit":
        floor, ceiling = (0.0 if floor is None else floor), (100.0 if ceiling is None else ceiling)
    if scale in ("count", "share"):
        floor, ceiling = None, None  # the days of the year are the bounds
    if floor is not None and ceiling is not None and not floor < ceiling:
        raise error("error.bounds_order", name=name, floor=floor, ceiling=ceiling)
    return floor, ceiling


def _check_domain(values, years, scale, floor, ceiling, days, name):
    """Refuse values (k, n) that do not exist on the scale of the fit, naming the first."""
    key, top = "error.outside", {"count": days, "share": 100.0}.get(scale)
    if scale == "log":
        key, bad = "error.log_needs_positive", values <= 0
    elif scale == "logit":
        key, bad = "error.logit_at_bound", (values <= floor) | (values >= ceiling)
    elif top is not None:
        key, bad = "error.not_days", (values < 0) | (values > top)
    else:
        bad = np.zeros(values.shape, dtype=bool)
    if not bad.any():
        key = "error.outside"
        low, high = (-np.inf if floor is None else floor), (np.inf if ceiling is None else ceiling)
        bad = (values < low) | (values > high)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        low, high = ("-" if bound is None else f"{bound:g}" for bound in (floor, ceiling))
        value = f"{values[row, column]:g}"
        year = int(years[column])
        raise error(key, name=name, value=value, year=year, floor=low, ceiling=high)


def _integers(years, name):
    """Return years as whole numbers; none is cut to the year before."""
    try:
        given = np.atleast_1d(np.asarray(list(years) if np.ndim(years) else years, dtype=float))
    except (TypeError, ValueError):
        given = np.array([np.nan])
    whole = np.isfinite(given) & (given == np.round(given))
    if given.ndim != 1 or not given.size or not whole.all():
        raise error("error.target_years", name=name, given=str(years))
    return given.astype(np.int64)


def _target_years(to, last, name):
    """Return the years to project: every year up to one given, or exactly those listed."""
    years = _integers(to, name)
    if years.min() <= last:
        raise error("error.target_past", name=name, year=int(years.min()), last=int(last))
    if years.max() > last + FARTHEST:
        raise error("error.target_years", name=name, given=str(to))
    if np.ndim(to) == 0:
        return np.arange(last + 1, years[0] + 1)
    return np.unique(years)


# ---- The result --------------------------------------------------------------------------


def level_name(level) -> str:
    """Name a level for a column: ``80`` for 0.8, ``97.5`` for 0.975."""
    return f"{100 * level:.10g}"


@dataclass(frozen=True)
class Projection:
    """A projection and everything that led to it.

    ``centre`` and ``sd`` describe, for each of ``target_years``, a Student t with ``df`` degrees
    of freedom on ``scale``; all else follows from them. ``errors`` are those of the values on
    that scale, ``weights`` the shares of the four kinds of path ({} for other methods),
    ``prior_share`` the prior weight of paths that improve (better) and worsen (worse),
    ``precision`` the decimals to which an outturn will count.
    """

    indicator: str
    scope: str
    method: str
    scale: str
    unit: str
    years: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    target_years: np.ndarray
    n: int
    prior_sd: float | None
    better: str
    floor: float | None
    ceiling: float | None
    days: dict[int, float]
    weights: dict[str, float]
    prior_share: dict[str, float]
    warnings: tuple[Message, ...]
    centre: np.ndarray = field(repr=False)
    sd: np.ndarray = field(repr=False)
    df: float = field(repr=False)
    s: float = field(repr=False)
    levels: tuple[float, ...] = (0.5, 0.8, 0.95)
    decimals: int | None = None
    precision: int | None = None
    name_zh: str = ""
    name_en: str = ""
    data: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def _range(self):
        return self.scale, self.floor, self.ceiling, calendar_days(self.target_years)

    @cached_property
    def median(self) -> np.ndarray:
        """Median of each target year, in the unit of the series."""
        return _backward(self.centre, *self._range)

    def interval(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Compute the ends of the central interval of each target year, in units."""
        half = _quantile(self.df, float(level)) * self.sd
        return _ends(self.centre, half, *self._range, self.s)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Table by year: median, lower_50, upper_50, and so on for each level."""
        columns = {"median": self.median}
        for level in self.levels:
            ends = self.interval(level)
            columns[f"lower_{level_name(level)}"], columns[f"upper_{level_name(level)}"] = ends
        frame = pd.DataFrame(columns, index=pd.Index(self.target_years, name="year"))
        names = ("indicator", "scope", "unit", "method", "scale", "name_zh", "name_en")
        frame.attrs = {name: getattr(self, name) for name in names}
        return frame

    def p_meet(self, comparator, value, year=None) -> float:
        """Compute the probability that a year's value meets a target.

        Parameters
        ----------
        comparator : {"<", "<=", ">", ">="}
            "=" has no probability.
        value : float
            The target. "At most" and "at least" are read at the finer of the two printed
            precisions: where values are printed whole, 35.4 counts as 35 and meets "<= 35".
            Days are whole: "<= 3" is k < 3.5.
        year : int, optional
            Default the last year projected.

        Returns
        -------
        float
            NaN for "=" and for a target at a bound of a logit scale, where the gap is what
            can be told.

        Raises
        ------
        InputError
            An unknown comparator, a value that is no number, a year not projected.

        Examples
        --------
        >>> import pandas as pd
        >>> import xc_analysis as xc
        >>> s = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))
        >>> round(xc.project(s, 2025).p_meet("<=", 35, 2025), 2)
        0.97
        """
        name, year = self.indicator, self.target_years[-1] if year is None else year
        if comparator not in ("<", "<=", ">", ">=", "="):
            allowed = "<, <=, >, >="
            raise error("error.option", name="comparator", value=comparator, allowed=allowed)
        limit = _number(value)
        if limit is None:
            raise error("error.target_value", name=name, given=str(value))
        at = np.flatnonzero(self.target_years == year)
        if not at.size:
            first, last = int(self.target_years[0]), int(self.target_years[-1])
            raise error("error.year_not_projected", name=name, year=year, first=first, last=last)
        bounded = {"logit": (self.floor, self.ceiling), "share": (100.0,)}.get(self.scale, ())
        if comparator == "=" or limit in bounded:
            return float("nan")
        below = self._below(comparator, limit, int(at[0]))
        return below if comparator in ("<", "<=") else 1.0 - below

    def _below(self, comparator, limit, at):
        """Probability of a value below the edge that a comparator draws at `limit`."""
        from scipy.special import stdtr

        scale, floor, ceiling, days = self._range
        days = days[at]
        half = 0.0
        if self.precision is not None and comparator in ("<=", ">="):
            half = 0.5 * 10.0 ** -max(self.precision, shown_decimals(limit))
        edge = limit + half if comparator == "<=" else limit - half if comparator == ">=" else limit
        if scale in ("count", "share"):
            k = limit if scale == "count" else edge * days / 100
            # "<=" and ">" divide after the last whole day, "<" and ">=" before the first.
            k = np.floor(k + 1e-9) + 0.5 if comparator in ("<=", ">") else np.ceil(k - 1e-9) - 0.5
            if k < 0 or k > days:
                return 0.0 if k < 0 else 1.0
            z = np.log((k + 0.5) / (days - k + 0.5))
        else:
            low = 0.0 if scale == "log" and floor is None else floor
            low, high = (-np.inf if low is None else low), (np.inf if ceiling is None else ceiling)
            if edge < low or (edge == low and comparator in ("<", ">=")):
                return 0.0
            if edge > high or (edge == high and comparator in ("<=", ">")):
                return 1.0
            with np.errstate(divide="ignore"):
                z = _forward(np.float64(edge), scale, floor, ceiling, days)
        return float(stdtr(self.df, (z - self.centre[at]) / self.sd[at]))

    def plot(self, outturn=None, target=None, ax=None):
        """Draw the series with its fan, and what came after or the target where given."""
        from .plots import plot_projection

        return plot_projection(self, outturn=outturn, target=target, ax=ax)

    def _repr_html_(self):
        title = tr(self.name_zh, self.name_en) or self.indicator
        unit = f" ({self.unit})" if self.unit else ""
        heads = [word("projection.interval", level=level_name(q)) for q in self.levels]
        rows = [(word("column.year"), word("projection.median") + unit, *heads)]
        fans = [self.interval(q) for q in self.levels]
        for i, year in enumerate(self.target_years):
            ranges = [f"{shown(low[i])} – {shown(high[i])}" for low, high in fans]
            rows.append((str(year), shown(self.median[i]), *ranges))
        first, last = int(self.years[0]), int(self.years[-1])
        method = message(f"method.{self.method}")
        notes = [word("projection.fitted", n=self.n, first=first, last=last, method=method)]
        if self.weights:
            parts = [f"{word(f'path.{kind}')} {100 * w:.0f} %" for kind, w in self.weights.items()]
            notes.append(word("projection.weights", listed=word("projection.joint").join(parts)))
            better, worse = (f"{100 * self.prior_share[x]:.0f}" for x in ("better", "worse"))
            notes.append(word("projection.prior_share", better=better, worse=worse))
        area = word(f"area.{self.scope}") if has_word(f"area.{self.scope}") else self.scope
        return html_table(rows, f"{title}  {area}".strip(), [*notes, *self.warnings])


@dataclass(frozen=True)
class Projections:
    """Arrays of `project_many`: ``median`` (k, h), ``lower[level]`` and ``upper[level]`` too.

    ``centre`` and ``sd`` are on the scale of the fit, where the t has ``df`` degrees of freedom.
    """

    median: np.ndarray
    lower: dict[float, np.ndarray]
    upper: dict[float, np.ndarray]
    centre: np.ndarray = field(repr=False)
    sd: np.ndarray = field(repr=False)
    df: float = field(repr=False)


# ---- One series --------------------------------------------------------------------------


def project(
    s,
    to,
    *,
    method="paths",
    levels=(0.5, 0.8, 0.95),
    window=None,
    exclude=(),
    prior_sd=None,
    scale=None,
    better=None,
    floor=None,
    ceiling=None,
    prior="falling",
) -> Projection:
    """Project one annual series to a target year.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        Indexed by year, in any order, gaps allowed; a frame as :func:`xc_analysis.series`
        gives it, or any with a column ``value``. Estimates and ranges are fitted with their
        error, parts of years are not fitted.
    to : int or sequence of int
        Every year from the last one fitted to this one, or exactly the years listed.
    method : {"paths", "loglinear", "damped", "last", "linear"}
        "linear" is for comparison only.
    levels : sequence of float
        Central prediction intervals.
    window : tuple of int, optional
        First and last year to fit, inclusive; either may be None.
    exclude : iterable of int
        Years to leave out.
    prior_sd : float, optional
        Noise expected from year to year on the scale of the fit.
    scale : {"log", "logit", "identity", "count", "share"}, optional
        "count" is of days, "share" the per cent of them: one fit.
    better : {"lower", "higher"}, optional
        Direction of improvement.
    floor, ceiling : float, optional
        Physical range. These five are the series' own unless given.
    prior : {"falling", "mirrored"}
        "mirrored" expects worsening as much as the default expects improvement.

    Returns
    -------
    Projection

    Raises
    ------
    InputError
        Too few points, a value that is not finite or does not exist on the scale, repeated or
        broken years, a target year that is not after the last value, an unknown option.

    Examples
    --------
    >>> import pandas as pd
    >>> import xc_analysis as xc
    >>> s = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))
    >>> p = xc.project(s, 2025)
    >>> p.frame.loc[2025, ["median", "lower_80", "upper_80"]].round(1).tolist()
    [20.1, 14.2, 28.6]
    """
    points = fit_points(s, window, exclude)
    name, attrs, warnings = points.name, points.attrs, list(points.warnings)
    scale = _scale_of(method, scale or _known(attrs.get("scale")) or "log")
    given = better or _known(attrs.get("better"))
    if given is None and method == "paths":
        warnings.append(message("warn.better_assumed"))
    better = given or "lower"
    _check_options(name, method, scale, levels, better, prior)
    need = _MODELS[method][1]
    if points.years.size < need:
        raise error("error.too_few_points", name=name, n=points.years.size, need=need)
    floor = attrs.get("floor") if floor is None else floor
    ceiling = attrs.get("ceiling") if ceiling is None else ceiling
    floor, ceiling = _bounds(scale, floor, ceiling, name)
    years, values = points.years, points.values
    targets = _target_years(to, int(years[-1]), name)
    days, more = _days_of(points, scale)
    _check_domain(values[None, :], years, scale, floor, ceiling, days, name)
    prior_sd, also = _prior_sd(prior_sd, attrs, scale, values, name, method)
    warnings += [*more, *also]

    z = _forward(values, scale, floor, ceiling, days)
    errors = _errors(points, scale, floor, ceiling, days)
    sign = _sign(better, prior)
    options = {"prior_sd": prior_sd, "scale": scale, "sign": sign}
    fit = _fit(z[None, :], years, targets, method, errors=errors, **options)
    weights, prior_share = {}, {}
    if method == "paths":
        weights = {kind: float(w) for kind, w in zip(KINDS, fit.weights[0], strict=True)}
        prior_share = prior_shares()
        if prior == "mirrored":
            prior_share = {"better": prior_share["worse"], "worse": prior_share["better"]}
    elif _has_estimates(points):
        warnings.append(message("warn.errors_unused"))
    warnings += _outliers(z, years, errors, **options)
    warnings += _line_warnings(method, fit, targets, values, floor, ceiling)
    decimals = _number(attrs.get("decimals"))
    return Projection(
        indicator=name,
        scope=str(attrs.get("scope") or ""),
        method=method,
        scale=scale,
        unit=str(attrs.get("unit") or ""),
        years=years,
        values=values,
        errors=errors,
        target_years=targets,
        n=int(years.size),
        prior_sd=prior_sd if method in ("paths", "damped", "last") else None,
        better=better,
        floor=floor,
        ceiling=ceiling,
        days={int(y): float(d) for y, d in zip(years, days, strict=True)} if days.any() else {},
        weights=weights,
        prior_share=prior_share,
        warnings=tuple(warnings),
        centre=fit.centre[0],
        sd=fit.sd[0],
        df=fit.df,
        s=float(fit.s[0, 0]),
        levels=tuple(float(level) for level in levels),
        decimals=None if decimals is None else int(decimals),
        precision=None if decimals is None else int(decimals) + _computed(points),
        name_zh=str(attrs.get("name_zh") or ""),
        name_en=str(attrs.get("name_en") or ""),
        data=points.kept,
    )


def _known(x):
    return x if isinstance(x, str) and x else None


def _sign(better, prior):
    """Return 1 where the paths that fall are the likelier ones, -1 where those that rise."""
    return (1.0 if better == "lower" else -1.0) * (1.0 if prior == "falling" else -1.0)


def _computed(points):
    """Tell whether the series is computed: its values count a digit finer than printed ones."""
    if "status" not in points.kept.columns:
        return False
    return points.kept["status"].iloc[-1] in ("computed", "estimated")


def _has_estimates(points):
    kept = points.kept
    return "status" in kept.columns and (kept["status"] == "estimated").any()


def _days_of(points, scale):
    """Return the days behind a count or share, zeros on other scales, and a warning."""
    if scale not in ("count", "share"):
        return np.zeros(points.years.size), []
    known = {int(year): _number(d) for year, d in (points.attrs.get("days") or {}).items()}
    days, missing = calendar_days(points.years), []
    for i, year in enumerate(points.years):
        if known.get(int(year)):
            days[i] = known[int(year)]
        else:
            missing.append(str(year))
    warnings = [message("warn.calendar_days", years=", ".join(missing))] if missing else []
    return days, warnings


def _prior_sd(prior_sd, attrs, scale, values, name, method):
    """Return the noise expected and, where neither caller nor register gives it, a warning.

    A guess: 8 % of the level; 0.16 in logits, the same 8 % seen from a share of one half.
    """
    if prior_sd is not None:
        return _positive(prior_sd, name), []
    known = _number(attrs.get("prior_sd"))
    if known and known > 0 and method not in ("linear", "loglinear"):
        return known, []
    guess = {"log": USUAL_SD, "logit": 0.16, "count": 0.16, "share": 0.16}.get(scale)
    if guess is None:
        guess = USUAL_SD * float(np.abs(values).mean()) or 1.0
    if method in ("linear", "loglinear"):
        return guess, []
    return guess, [message("warn.prior_guess", prior_sd=f"{guess:.3g}")]


def _errors(points, scale, floor, ceiling, days):
    """Return the known errors of the points on the scale of the fit."""
    exact = points.ranges[:, 0] == points.ranges[:, 1]
    if exact.all():
        return np.zeros(points.years.size)
    values, ranges = points.values, points.ranges.T.copy()
    # A range that reaches over a bound of its scale ends close to it, not beyond.
    if scale == "log":
        ranges = np.maximum(ranges, values / 20)
    elif scale == "logit":
        low, high = floor + (values - floor) / 20, ceiling - (ceiling - values) / 20
        ranges = np.clip(ranges, low, high)
    elif scale in ("count", "share"):
        ranges = np.clip(ranges, 0, days if scale == "count" else 100.0)
        # Days are whole: what their printing rounds off is restored.
        width = (ranges[1] - ranges[0]) * (1 if scale == "count" else days / 100)
        exact |= width < 1 + 1e-9
    low, high = (_forward(end, scale, floor, ceiling, days) for end in ranges)
    return np.where(exact, 0.0, (high - low) / points.widths)


def _outliers(z, years, errors, **options):
    """Name the points that disagree with the others; nothing is dropped."""
    if years.size < 3:
        return []
    t = (years - years[0]).astype(float)
    residual = _disagreement(z, t, errors=errors, **options)
    out = np.abs(residual) > DISAGREES
    return [
        message("warn.point_disagrees", year=int(year), residual=f"{r:.1f}")
        for year, r in zip(years[out], residual[out], strict=True)
    ]


def _line_warnings(method, fit, targets, values, floor, ceiling):
    """Say where a straight line leaves what is possible, and where it fits exactly."""
    warnings = []
    if method in ("linear", "loglinear") and fit.s[0, 0] < _LEAST_SD:
        warnings.append(message("warn.line_exact"))
    if method != "linear":
        return warnings
    warnings.append(message("warn.linear_comparison"))
    low = floor if floor is not None else (0.0 if (values > 0).all() else -np.inf)
    high = np.inf if ceiling is None else ceiling
    out = (fit.centre[0] < low) | (fit.centre[0] > high)
    if out.any():
        reached, last = f"{fit.centre[0, -1]:.3g}", int(targets[-1])
        first = int(targets[out][0])
        warnings.append(message("warn.line_impossible", first=first, last=last, value=reached))
    return warnings


# ---- Many series -------------------------------------------------------------------------


def project_many(
    values,
    years,
    target_years,
    *,
    method="paths",
    scale="log",
    prior_sd=0.08,
    better="lower",
    floor=None,
    ceiling=None,
    errors=None,
    levels=(0.8, 0.95),
    days=None,
    prior="falling",
) -> Projections:
    """Project many series that share their years.

    Parameters
    ----------
    values : array_like, shape (k, n)
        One series a row, finite.
    years : array_like of int, shape (n,)
        Real years, in any order, gaps allowed.
    target_years : int or array_like of int, shape (h,)
        Exactly these years, each after the last of `years`; their order is kept.
    method, scale, prior_sd, better, floor, ceiling, levels, prior
        As in `project`.
    errors : array_like, shape (n,) or (k, n), optional
        Known errors (sd) of the values on the scale of the fit; for "paths".
    days : array_like, shape (n,), optional
        Days with an AQI behind a count or share; default those of the calendar.

    Returns
    -------
    Projections
        ``.median`` (k, h), ``.lower[level]`` and ``.upper[level]`` (k, h).

    Raises
    ------
    InputError
        As `project`.

    Examples
    --------
    >>> from xc_analysis.projections import project_many
    >>> p = project_many([[83.1, 77.9, 63.1, 52.6, 44.0, 40.0]], range(2015, 2021), [2025])
    >>> p.median.round(1), p.upper[0.8].round(1)
    (array([[20.1]]), array([[28.6]]))
    """
    name = "project_many"
    _check_options(name, method, scale, levels, better, prior)
    prior_sd = _positive(prior_sd, name)
    years = _integers(years, name)
    targets = _integers(target_years, name)
    values, errors = _matrix(values, years, errors, name)
    days = calendar_days(years) if days is None else np.asarray(days, dtype=float)
    if days.shape != years.shape or not (days > 0).all():
        raise error("error.days", name=name)
    order = np.argsort(years, kind="stable")
    if (order != np.arange(order.size)).any():
        years, values, days = years[order], values[:, order], days[order]
        errors = None if errors is None else errors[:, order]
    need = _MODELS[method][1]
    if years.size < need:
        raise error("error.too_few_points", name=name, n=years.size, need=need)
    twice = years[1:][np.diff(years) == 0]
    if twice.size:
        raise error("error.repeated_years", name=name, years=", ".join(map(str, twice)))
    _target_years(targets, int(years[-1]), name)
    scale = _scale_of(method, scale)
    floor, ceiling = _bounds(scale, floor, ceiling, name)
    _check_domain(values, years, scale, floor, ceiling, days, name)

    z = _forward(values, scale, floor, ceiling, days)
    options = {"prior_sd": prior_sd, "scale": scale, "sign": _sign(better, prior)}
    fit = _fit(z, years, targets, method, errors=errors, **options)
    ahead = (scale, floor, ceiling, calendar_days(targets))
    lower, upper = {}, {}
    for level in levels:
        half = _quantile(fit.df, float(level)) * fit.sd
        lower[level], upper[level] = _ends(fit.centre, half, *ahead, fit.s)
    median = _backward(fit.centre, *ahead)
    return Projections(median, lower, upper, fit.centre, fit.sd, fit.df)


def _matrix(values, years, errors, name):
    """Return values (k, n) and their errors, refused where they are none."""
    try:
        values = np.asarray(values, dtype=float)
        errors = None if errors is None else np.asarray(errors, dtype=float)
    except (TypeError, ValueError):
        raise error("error.array_not_number", name=name) from None
    if values.ndim != 2 or values.shape[1] != years.size:
        raise error("error.matrix_shape", name=name, shape=str(values.shape), years=years.size)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise error("error.row_not_finite", name=name, row=row)
    if errors is not None:
        if errors.shape not in ((years.size,), values.shape) or not (errors >= 0).all():
            raise error("error.errors_shape", name=name, shape=str(errors.shape))
        errors = np.broadcast_to(errors, values.shape)
    return values, errors
