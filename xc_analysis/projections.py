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

from .trends import (
    as_floats,
    as_years,
    fit_points,
    number,
    refuse_years,
    repeated,
    shown,
    shown_decimals,
)
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


class Scale(NamedTuple):
    """Scale of a fit with the physical range of its values; `days` are those behind a count."""

    name: str
    floor: float | None = None
    ceiling: float | None = None

    def forward(self, y, days):
        """Bring values to the scale of the fit."""
        if self.name == "log":
            return np.log(y)
        if self.name == "logit":
            return np.log((y - self.floor) / (self.ceiling - y))
        if self.name == "identity":
            return np.asarray(y, dtype=float)
        k = y
        if self.name == "share":
            k = y * days / 100
            # A printed share is a whole number of days, rounded: the count itself is fitted.
            k = np.where(np.abs(k - np.rint(k)) < 0.2, np.rint(k), k)
        return np.log((k + 0.5) / (days - k + 0.5))

    def backward(self, z, days):
        """Bring values back to the unit of the series, inside its physical range."""
        if self.name == "identity":
            y = z
        elif self.name == "log":
            y = np.exp(np.clip(z, -_Z_MAX, _Z_MAX))
        else:
            y = 1 / (1 + np.exp(-np.clip(z, -_Z_MAX, _Z_MAX)))
            if self.name == "logit":
                y = self.floor + (self.ceiling - self.floor) * y
            else:
                y = np.clip((days + 1) * y - 0.5, 0, days)
                y = 100 * y / days if self.name == "share" else y
        bounded = self.floor is not None or self.ceiling is not None
        return np.clip(y, self.floor, self.ceiling) if bounded else y

    def ends(self, centre, half, days, s):
        """Return the interval centre -+ half in units; at a bound it keeps a width."""
        # From a bound the other end stays half a day away, on other scales one residual sd s,
        # so that no interval is narrower than a lower level's.
        lower, upper = self.backward(centre - half, days), self.backward(centre + half, days)
        bottom, top = self.limits(days)
        if self.name in ("count", "share"):
            room = 0.5 if self.name == "count" else 50 / days
        else:
            room = np.maximum(s, _LEAST_SD) * (np.abs(upper) if self.name == "log" else 1.0)
        upper = np.where(lower <= bottom, np.maximum(upper, lower + room), upper)
        lower = np.where(upper >= top, np.minimum(lower, upper - room), lower)
        return lower, np.maximum(upper, lower + _LEAST_SD * np.abs(lower))

    def limits(self, days):
        """Return the least and the greatest value that is possible."""
        if self.name in ("count", "share"):
            return 0.0, days if self.name == "count" else 100.0
        floor = -np.inf if self.floor is None else self.floor
        return floor, np.inf if self.ceiling is None else self.ceiling

    def check(self, values, years, days, name):
        """Refuse values (k, n) that do not exist on the scale, naming the first."""
        low, high = self.limits(days)
        outside = (values < low) | (values > high)
        if self.name == "log" and (values <= 0).any():
            key, bad = "error.log_needs_positive", values <= 0
        elif self.name == "logit":
            key, bad = "error.logit_at_bound", outside | (values == low) | (values == high)
        else:
            days_count = self.name in ("count", "share")
            key, bad = "error.not_days" if days_count else "error.outside", outside
        if bad.any():
            row, column = np.argwhere(bad)[0]
            told = {"value": f"{values[row, column]:g}", "year": int(years[column])}
            for end, bound in (("floor", self.floor), ("ceiling", self.ceiling)):
                told[end] = "-" if bound is None else f"{bound:g}"
            raise error(key, name=name, **told)


def calendar_days(years):
    """Return the days of calendar years."""
    years = np.asarray(years)
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    return 365.0 + leap


# ---- The default: paths ------------------------------------------------------------------


class _Fit(NamedTuple):
    """Student t of each series and target year on the scale of the fit."""

    centre: np.ndarray  # (k, h)
    sd: np.ndarray  # (k, h)
    df: float
    s: np.ndarray  # (k, 1), residual sd
    weights: np.ndarray | None = None  # (k, 4), of the kinds of path


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
    """Average `what` (97, m) and nu s0^2 + R over the paths, weighed by their fit to d (k, n)."""
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
    """Fit one series z (n,) whose values have known errors (n,), summing over the noise s."""
    # v_i = s^2 + e_i^2 weighs level and residuals. Of s^2 and of the level's variance each path
    # takes the harmonic mean over s, which without errors gives the closed form back.
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
    """Fit a line whose slope fades by PHI a year."""
    # PHI is a guess: its spread over (2 PHI - 1, PHI, 1), weights 1/4, 1/2, 1/4, joins the variance
    slope, end, rss, last, sxx = _line(z, t)
    s2, df = _pool(rss, t.size - 2, prior_sd)
    reach = np.array([phi * (1 - phi**h) / (1 - phi) for phi in (2 * PHI - 1, PHI)] + [h])
    mean = np.array([0.25, 0.5, 0.25]) @ reach
    spread = np.array([0.25, 0.5, 0.25]) @ (reach - mean) ** 2
    variance = s2 * (1 + 1 / t.size + (last + reach[1]) ** 2 / sxx) + slope**2 * spread
    return _Fit(end + slope * reach[1], np.sqrt(variance), df, np.sqrt(s2))


def _last(z, t, h, *, prior_sd, **_):
    """Keep the mean of the last two years, as a random walk without drift."""
    # A step of one year has variance s^2; the mean of two lies half a step back, which adds
    # s^2 / 4. Where the last two years do not adjoin, the last value stands alone.
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


def _check_settings(name, method, scale, floor, ceiling, levels, better, prior, prior_sd) -> Scale:
    """Refuse settings that are none; return the scale of the fit with its bounds."""
    options = {"method": METHODS, "scale": SCALES, "better": ("lower", "higher"), "prior": PRIORS}
    for what, value in zip(options, (method, scale, better, prior), strict=True):
        if value not in options[what]:
            allowed = ", ".join(options[what])
            raise error("error.option", name=what, value=str(value), allowed=allowed)
    inside = [0 < number(level) < 1 for level in levels] if np.ndim(levels) == 1 else []
    if not inside or not all(inside):
        raise error("error.level", name=name, given=str(levels))
    if not 0 < number(prior_sd) < np.inf:
        raise error("error.prior_sd", name=name, given=str(prior_sd))
    if scale in ("count", "share"):
        return Scale(scale)  # the days of the year are the bounds
    ends = []
    for bound, usual in ((floor, 0.0), (ceiling, 100.0)):
        if bound is None or bound == "" or pd.isna(bound):
            bound = usual if scale == "logit" else None
        elif not np.isfinite(number(bound)):
            raise error("error.bound", name=name, given=str(bound))
        ends.append(None if bound is None else float(bound))
    if None not in ends and not ends[0] < ends[1]:
        raise error("error.bounds_order", name=name, floor=ends[0], ceiling=ends[1])
    return Scale(scale, *ends)


def _check_years(to, years, method, name):
    """Return the target years; refuse too few years to fit and targets among them."""
    need = _MODELS[method][1]
    if years.size < need:
        raise error("error.too_few_points", name=name, n=years.size, need=need)
    targets, last = as_years(to, "error.target_years", name=name, given=str(to)), years.max()
    if not targets.size or targets.max() > last + FARTHEST:
        raise error("error.target_years", name=name, given=str(to))
    if targets.min() <= last:
        raise error("error.target_past", name=name, year=int(targets.min()), last=int(last))
    return targets


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
    ``prior_share`` the prior weight of paths that improve (better) and worsen (worse). ``n``
    counts values; estimates and bounds are fitted with their error but not counted.
    """

    indicator: str
    scope: str
    unit: str
    method: str
    scale: str
    floor: float | None
    ceiling: float | None
    years: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    target_years: np.ndarray
    prior_sd: float | None
    better: str
    days: dict[int, float]
    weights: dict[str, float]
    prior_share: dict[str, float]
    warnings: tuple[Message, ...]
    centre: np.ndarray = field(repr=False)
    sd: np.ndarray = field(repr=False)
    df: float = field(repr=False)
    s: float = field(repr=False)
    levels: tuple[float, ...]
    data: pd.DataFrame = field(repr=False)

    @property
    def n(self) -> int:
        """Values fitted, without estimates and bounds."""
        if "status" not in self.data.columns:
            return self.years.size
        return int((~self.data["status"].isin(["estimated", "bound"])).sum())

    @property
    def precision(self) -> int | None:
        """Decimals to which an outturn will count: a computed one has a digit more."""
        decimals = number(self.data.attrs.get("decimals"))
        if decimals != decimals:
            return None
        last = self.data["status"].iloc[-1] if "status" in self.data.columns else ""
        return int(decimals) + (last in ("computed", "estimated"))

    @property
    def _scale(self):
        return Scale(self.scale, self.floor, self.ceiling)

    @cached_property
    def median(self) -> np.ndarray:
        """Median of each target year, in the unit of the series."""
        return self._scale.backward(self.centre, calendar_days(self.target_years))

    def interval(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Compute the ends of the central interval of each target year, in units."""
        half = _quantile(self.df, float(level)) * self.sd
        return self._scale.ends(self.centre, half, calendar_days(self.target_years), self.s)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Table by year: median, lower_50, upper_50, and so on for each level."""
        columns = {"median": self.median}
        for level in self.levels:
            ends = self.interval(level)
            columns[f"lower_{level_name(level)}"], columns[f"upper_{level_name(level)}"] = ends
        frame = pd.DataFrame(columns, index=pd.Index(self.target_years, name="year"))
        names = ("indicator", "scope", "unit", "method", "scale")
        frame.attrs = {name: getattr(self, name) for name in names}
        frame.attrs |= {k: str(self.data.attrs.get(k) or "") for k in ("name_zh", "name_en")}
        return frame

    def p_meet(self, comparator, value, year=None) -> float:
        """Compute the probability that a year's value meets a target.

        Parameters
        ----------
        comparator, value : {"<", "<=", ">", ">="}, float
            "At most" and "at least" are read at the finer of the two printed precisions: where
            values are whole, 35.4 meets "<= 35". Days are whole: "<= 3" is k < 3.5.
        year : int, optional
            Default the last year projected.

        Returns
        -------
        float
            NaN for "=" and for a target at a bound, where the gap is what can be told.

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
        limit = number(value)
        if not np.isfinite(limit):
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

        scale, days = self._scale, calendar_days(self.target_years)[at]
        half, precision = 0.0, self.precision
        if precision is not None and comparator in ("<=", ">="):
            half = 0.5 * 10.0 ** -max(precision, shown_decimals(limit))
        edge = limit + half if comparator == "<=" else limit - half if comparator == ">=" else limit
        if scale.name in ("count", "share"):
            k = limit if scale.name == "count" else edge * days / 100
            # "<=" and ">" divide after the last whole day, "<" and ">=" before the first.
            k = np.floor(k + 1e-9) + 0.5 if comparator in ("<=", ">") else np.ceil(k - 1e-9) - 0.5
            if k < 0 or k > days:
                return 0.0 if k < 0 else 1.0
            z = np.log((k + 0.5) / (days - k + 0.5))
        else:
            low, high = scale.limits(days)
            low = max(low, 0.0) if scale.name == "log" and self.floor is None else low
            if edge < low or (edge == low and comparator in ("<", ">=")):
                return 0.0
            if edge > high or (edge == high and comparator in ("<=", ">")):
                return 1.0
            with np.errstate(divide="ignore"):
                z = scale.forward(np.float64(edge), days)
        return float(stdtr(self.df, (z - self.centre[at]) / self.sd[at]))

    def plot(self, outturn=None, target=None, ax=None):
        """Draw the series with its fan, and what came after or the target where given."""
        from .plots import plot_projection

        return plot_projection(self, outturn=outturn, target=target, ax=ax)

    def _repr_html_(self):
        names = (str(self.data.attrs.get(key) or "") for key in ("name_zh", "name_en"))
        title = tr(*names) or self.indicator
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
        if self.years.size > self.n:
            notes.append(word("projection.estimates", n=self.years.size - self.n))
        if self.weights:
            parts = [f"{word(f'path.{kind}')} {100 * w:.0f} %" for kind, w in self.weights.items()]
            notes.append(word("projection.weights", listed=word("projection.joint").join(parts)))
            better, worse = (f"{100 * self.prior_share[x]:.0f}" for x in ("better", "worse"))
            notes.append(word("projection.prior_share", better=better, worse=worse))
        area = word(f"area.{self.scope}") if has_word(f"area.{self.scope}") else self.scope
        return html_table(rows, f"{title}  {area}".strip(), [*notes, *self.warnings])


class Projections(NamedTuple):
    """Arrays (k, h) of `project_many`; ``centre`` and ``sd`` of the t are on the fit's scale."""

    median: np.ndarray
    lower: dict[float, np.ndarray]
    upper: dict[float, np.ndarray]
    centre: np.ndarray
    sd: np.ndarray
    df: float


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
        By year, gaps allowed, as :func:`xc_analysis.series` gives it or with a column ``value``.
    to : int or sequence of int
        Every year from the last one fitted to this one, or exactly the years listed.
    method : {"paths", "loglinear", "damped", "last", "linear"}
        "linear" is for comparison only.
    levels : sequence of float
        Central prediction intervals.
    window, exclude : optional
        First and last year to fit, inclusive, either may be None; years to leave out.
    prior_sd, scale, better, floor, ceiling : optional
        Noise from year to year on the scale of the fit; "log", "logit", "identity", "count" (of
        days) or "share" (the per cent of them); "lower" or "higher"; the physical range. The
        series' own unless given.
    prior : {"falling", "mirrored"}
        "mirrored" expects worsening as much as the default expects improvement.

    Returns
    -------
    Projection
        Estimates and ranges are fitted with their error, parts of years are not fitted.

    Raises
    ------
    InputError
        Too few points, a value without a place on the scale, a broken year, an unknown option.

    Examples
    --------
    >>> import pandas as pd
    >>> import xc_analysis as xc
    >>> s = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))
    >>> xc.project(s, 2025).frame.loc[2025, ["median", "lower_80", "upper_80"]].round(1).tolist()
    [20.1, 14.2, 28.6]
    """
    points = fit_points(s, window, exclude)
    name, attrs, warnings = points.name, points.attrs, list(points.warnings)
    scale = _scale_of(method, scale or attrs.get("scale") or "log")
    given = better or attrs.get("better")
    if given is None and method == "paths":
        warnings.append(message("warn.better_assumed"))
    better = given or "lower"
    if prior_sd is None:
        prior_sd, more = _usual_sd(attrs, scale, points.values, method)
        warnings += more
    floor = attrs.get("floor") if floor is None else floor
    ceiling = attrs.get("ceiling") if ceiling is None else ceiling
    settings = (floor, ceiling, levels, better, prior, prior_sd)
    scale, prior_sd = _check_settings(name, method, scale, *settings), float(prior_sd)
    years, values = points.years, points.values
    targets = _check_years(to, years, method, name)
    targets = np.unique(targets) if np.ndim(to) else np.arange(years[-1] + 1, targets[0] + 1)
    days, more = _days_of(points, scale)
    warnings += more
    scale.check(values[None, :], years, days, name)

    z = scale.forward(values, days)
    errors = _errors(points, scale, days)
    options = {"prior_sd": prior_sd, "scale": scale.name, "sign": _sign(better, prior)}
    fit = _fit(z[None, :], years, targets, method, errors=errors, **options)
    weights, prior_share = {}, {}
    if method == "paths":
        weights = {kind: float(w) for kind, w in zip(KINDS, fit.weights[0], strict=True)}
        prior_share = prior_shares()
        if prior == "mirrored":
            prior_share = {"better": prior_share["worse"], "worse": prior_share["better"]}
    elif (points.kept.get("status", pd.Series(dtype=str)) == "estimated").any():
        warnings.append(message("warn.errors_unused"))
    warnings += _outliers(z, years, errors, **options)
    if method == "linear":
        warnings.append(message("warn.linear_comparison"))
    return Projection(
        indicator=name,
        scope=str(attrs.get("scope") or ""),
        unit=str(attrs.get("unit") or ""),
        method=method,
        scale=scale.name,
        floor=scale.floor,
        ceiling=scale.ceiling,
        years=years,
        values=values,
        errors=errors,
        target_years=targets,
        prior_sd=prior_sd if method in ("paths", "damped", "last") else None,
        better=better,
        days={int(y): float(d) for y, d in zip(years, days, strict=True)} if days.any() else {},
        weights=weights,
        prior_share=prior_share,
        warnings=tuple(warnings),
        centre=fit.centre[0],
        sd=fit.sd[0],
        df=fit.df,
        s=float(fit.s[0, 0]),
        levels=tuple(float(level) for level in levels),
        data=points.kept,
    )


def _sign(better, prior):
    """Return 1 where the paths that fall are the likelier ones, -1 where those that rise."""
    return 1.0 if (better == "lower") == (prior == "falling") else -1.0


def _days_of(points, scale):
    """Return the days behind a count or share, zeros on other scales, and a warning."""
    if scale.name not in ("count", "share"):
        return np.zeros(points.years.size), []
    stated = {int(year): number(d) for year, d in (points.attrs.get("days") or {}).items()}
    stated = {year: d for year, d in stated.items() if d > 0}
    pairs = zip(points.years.tolist(), calendar_days(points.years), strict=True)
    days = np.array([stated.get(year, usual) for year, usual in pairs])
    missing = ", ".join(str(year) for year in points.years if year not in stated)
    return days, [message("warn.calendar_days", years=missing)] if missing else []


def _usual_sd(attrs, scale, values, method):
    """Return the registered noise, or a guess and the warning that it is one."""
    line = method in ("linear", "loglinear")
    registered = number(attrs.get("prior_sd"))
    if 0 < registered < np.inf and not line:
        return registered, []
    # 8 % of the level; 0.16 in logits, the same 8 % seen from a share of one half
    guess = {"log": USUAL_SD, "logit": 0.16, "count": 0.16, "share": 0.16}.get(scale)
    if guess is None:
        guess = USUAL_SD * float(np.abs(values).mean()) if values.size else USUAL_SD
    guess = guess or 1.0
    return guess, [] if line else [message("warn.prior_guess", prior_sd=f"{guess:.3g}")]


def _errors(points, scale, days):
    """Return the known errors of the points on the scale of the fit."""
    exact = points.ranges[:, 0] == points.ranges[:, 1]
    if exact.all():
        return np.zeros(points.years.size)
    values, ranges = points.values, points.ranges.T.copy()
    # A range that reaches over a bound of its scale ends close to it, not beyond.
    if scale.name == "log":
        ranges = np.maximum(ranges, values / 20)
    elif scale.name == "logit":
        low = scale.floor + (values - scale.floor) / 20
        ranges = np.clip(ranges, low, scale.ceiling - (scale.ceiling - values) / 20)
    elif scale.name in ("count", "share"):
        ranges = np.clip(ranges, *scale.limits(days))
        # Days are whole: what their printing rounds off is restored.
        width = (ranges[1] - ranges[0]) * (1 if scale.name == "count" else days / 100)
        exact |= width < 1 + 1e-9
    low, high = (scale.forward(end, days) for end in ranges)
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
    prior="falling",
) -> Projections:
    """Project many series that share their years.

    Parameters
    ----------
    values : array_like, shape (k, n)
        One series a row, finite.
    years, target_years : array_like of int
        Real years, in any order, gaps allowed; exactly these years ahead, in their order.
    errors : array_like, shape (n,) or (k, n), optional
        Known errors (sd) of the values on the scale of the fit; for "paths".
    method, scale, prior_sd, better, floor, ceiling, levels, prior
        As in `project`; counts and shares are of the days of the calendar.

    Returns
    -------
    Projections
        ``.median``, ``.lower[level]`` and ``.upper[level]``, each (k, h).

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
    scale = _scale_of(method, scale)
    settings = (floor, ceiling, levels, better, prior, prior_sd)
    scale, prior_sd = _check_settings(name, method, scale, *settings), float(prior_sd)
    years = as_years(years, "error.target_years", name=name, given=str(years))
    values = as_floats(values, "error.array_not_number", name=name)
    if values.ndim != 2 or values.shape[1] != years.size:
        raise error("error.matrix_shape", name=name, shape=str(values.shape), years=years.size)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
        raise error("error.row_not_finite", name=name, row=row)
    if errors is not None:
        errors = as_floats(errors, "error.array_not_number", name=name)
        if errors.shape not in (years.shape, values.shape) or not (errors >= 0).all():
            raise error("error.errors_shape", name=name, shape=str(errors.shape))
    targets = _check_years(target_years, years, method, name)
    refuse_years(repeated(years), "error.repeated_years", name)
    order = np.argsort(years, kind="stable")
    years, values = years[order], values[:, order]
    errors = None if errors is None else errors[..., order]
    days = calendar_days(years)
    scale.check(values, years, days, name)

    z = scale.forward(values, days)
    options = {"prior_sd": prior_sd, "scale": scale.name, "sign": _sign(better, prior)}
    fit = _fit(z, years, targets, method, errors=errors, **options)
    days, lower, upper = calendar_days(targets), {}, {}
    for level in levels:
        half = _quantile(fit.df, float(level)) * fit.sd
        lower[level], upper[level] = scale.ends(fit.centre, half, days, fit.s)
    median = scale.backward(fit.centre, days)
    return Projections(median, lower, upper, fit.centre, fit.sd, fit.df)
