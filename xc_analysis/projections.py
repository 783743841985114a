"""Projections of short annual series, with prediction intervals from two points on.

The default, `paths`, weighs 97 paths of four kinds by their fit to the years observed; their
spread, the noise and a slow drift are the fan. The other methods are for comparison.
"""

from collections import namedtuple
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import inf

import numpy as np
import pandas as pd

from . import trends
from .trends import as_floats, as_years, number, shown
from .words import Message, error, html_table, message, unit_name, word

OPTIONS = {
    "method": ("paths", "loglinear", "damped", "last", "linear"),
    "scale": ("log", "logit", "identity", "count", "share"),
    "better": ("lower", "higher"),
    "prior": ("falling", "mirrored"),
}
METHODS = OPTIONS["method"]
OF_DAYS = ("count", "share")  # scales of values with a number of days behind them
LEAST_POINTS = dict.fromkeys(METHODS, 2) | {"loglinear": 3, "linear": 3}

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

# the 97 paths: a rate or an amount a year, or a floor and the speed of the fall towards it
KINDS = ("rate", "amount", "level", "none")
_RATES = np.round(np.arange(-0.30, 0.11, 0.02), 2)
_AMOUNTS = np.round(np.arange(-0.08, 0.04, 0.01), 2)
_SPEEDS = np.round(np.arange(0.1, 1.4, 0.2), 1)
_FLOORS, _SPEEDS = np.repeat(np.arange(1, 10) / 10, _SPEEDS.size), np.tile(_SPEEDS, 9)
_NORMAL = np.exp(-0.5 * ((_RATES + 0.04) / 0.08) ** 2)
_PRIORS = (0.30 * _NORMAL / _NORMAL.sum(), np.full(12, 0.25 / 12), np.full(63, 0.35 / 63), [0.10])
_PRIOR = np.concatenate(_PRIORS)
_KIND = np.repeat(np.eye(len(KINDS)), [len(part) for part in _PRIORS], axis=0)


_USUAL = (None, None, USUAL_SD, 1.0)  # a sign of 1 where paths that fall are the likelier ones


class Scale(namedtuple("Scale", "name floor ceiling prior_sd sign", defaults=_USUAL)):
    """Scale of a fit, with the range of values, their noise on it and the likelier direction."""

    def forward(self, y, days):
        """Bring values to the scale of the fit."""
        if self.name == "log":
            return np.log(y)
        if self.name == "logit":
            return np.log((y - self.floor) / (self.ceiling - y))
        if self.name == "identity":
            return np.asarray(y, dtype=float)
        if self.name == "share":
            y = y * days / 100
            # A printed share is a whole number of days, rounded: the count itself is fitted.
            y = np.where(np.abs(y - np.rint(y)) < 0.2, np.rint(y), y)
        return np.log((y + 0.5) / (days - y + 0.5))

    def backward(self, z, days):
        """Bring values back to the unit of the series, inside its physical range."""
        y = z if self.name == "identity" else np.clip(z, -_Z_MAX, _Z_MAX)
        if self.name == "log":
            y = np.exp(y)
        elif self.name == "logit":
            y = self.floor + (self.ceiling - self.floor) * (1 / (1 + np.exp(-y)))
        elif self.name in OF_DAYS:
            y = (days + 1) * (1 / (1 + np.exp(-y))) - 0.5
            y = 100 * y / days if self.name == "share" else y
        return np.clip(y, *self.limits(days))

    def limits(self, days):
        """Return the least and the greatest value that is possible."""
        if self.name in OF_DAYS:
            return 0.0, days if self.name == "count" else 100.0
        least = 0.0 if self.name == "log" else -inf
        bounds = ((self.floor, least), (self.ceiling, inf))
        return tuple(usual if bound is None else bound for bound, usual in bounds)

    def interval(self, level, centre, sd, df, days, s):
        """Return a central interval of Student's t in units; at a bound it keeps a width."""
        from scipy.special import stdtrit

        half = stdtrit(df, 0.5 + float(level) / 2) * sd
        # From a bound the other end stays half a day away, on other scales one residual sd s,
        # so that no interval is narrower than a lower level's.
        lower, upper = self.backward(centre - half, days), self.backward(centre + half, days)
        bottom, top = self.limits(days)
        if self.name in OF_DAYS:
            room = 0.5 if self.name == "count" else 50 / days
        else:
            room = np.maximum(s, _LEAST_SD) * (np.abs(upper) if self.name == "log" else 1.0)
        upper = np.where(lower <= bottom, np.maximum(upper, np.minimum(lower + room, top)), upper)
        lower = np.where(upper >= top, np.minimum(lower, np.maximum(upper - room, bottom)), lower)
        return lower, np.maximum(upper, lower + _LEAST_SD * np.abs(lower))

    def check(self, values, years, days, name):
        """Refuse values (k, n) that do not exist on the scale, naming the first."""
        low, high = self.limits(days)
        bad = (values < low) | (values > high)
        key = "error.not_days" if self.name in OF_DAYS else "error.outside"
        if self.name == "logit":
            key, bad = "error.logit_at_bound", bad | (values == low) | (values == high)
        elif self.name == "log" and (values <= 0).any():
            key, bad = "error.log_needs_positive", values <= 0
        for row, column in np.argwhere(bad)[:1]:
            ends = {"floor": self.floor, "ceiling": self.ceiling}
            ends = {end: "-" if bound is None else f"{bound:g}" for end, bound in ends.items()}
            value, year = f"{values[row, column]:g}", int(years[column])
            raise error(key, name=name, value=value, year=year, **ends)


def calendar_days(years):
    """Return the days of calendar years."""
    years = np.asarray(years)
    return 365.0 + ((years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0)))


@lru_cache(maxsize=128)
def _curves(times, scale):
    """Return the paths (97, times) of a series, all 0 at time 0, mirrored and stretched like it."""
    t = np.array(times)
    floors = _FLOORS[:, None]
    curves = (
        _RATES[:, None] * t,
        np.log(np.maximum(1 + _AMOUNTS[:, None] * t, 0.1)),
        np.log(floors + (1 - floors) * np.exp(-_SPEEDS[:, None] * t)),
        np.zeros((1, t.size)),
    )
    # noisy indicators move more, and on other scales in their unit
    gain = max(1.0, scale.prior_sd / NOISE_LIMIT)
    gain *= 1.0 if scale.name == "log" else min(1.0, scale.prior_sd / USUAL_SD)
    return np.vstack(curves) * (scale.sign * gain)


def _power(x, twice):
    """Return x ** (twice / 2) for a whole number `twice`, cheaper than a general power."""
    out = np.sqrt(x) if twice % 2 else np.ones_like(x)
    left = twice // 2
    while left:
        if left % 2:
            out *= x
        left //= 2
        x = x * x if left else x
    return out


def _weigh(z, curves, prior_sd, errors):
    """Fit the paths to z (k, n): what their curves, first in these n years, say of the others."""
    n, least = z.shape[1], PRIOR_WEIGHT * prior_sd**2
    curves = curves - curves[:, :n].mean(axis=1, keepdims=True)
    seen, ahead = curves[:, :n], curves[:, n:]
    mean = z.mean(axis=1, keepdims=True)
    d, ones = z - mean, np.ones((len(curves), 1))
    # nu s0^2 + R of every path as one product, and by it the averages of what it says
    terms = np.column_stack([-2 * seen, (seen**2).sum(axis=1) + least, ones]).T
    d = np.column_stack([d, np.ones(len(d)), (d * d).sum(axis=1)])
    what = np.column_stack([ahead, ahead**2, _KIND, ones])
    sums, squares = np.empty((len(d), what.shape[1])), np.empty((len(d), 1))
    for start in range(0, len(d), _ROWS):
        rows = slice(start, start + _ROWS)
        q = np.maximum(d[rows] @ terms, least)
        best = q.min(axis=1, keepdims=True)
        q *= 1 / best
        p = _PRIOR / _power(q, PRIOR_WEIGHT + n - 1)
        sums[rows] = p @ what
        squares[rows] = best * np.einsum("ij,ij->i", p, q)[:, None]
    h, total = ahead.shape[1], sums[:, -1:]
    path, square, weights = np.split(sums[:, :-1] / total, [h, 2 * h], axis=1)
    s2 = squares / total / (PRIOR_WEIGHT + n - 1)
    centre, s = mean + path, np.sqrt(s2)
    variance = s2 * (1 + 1 / n) + np.maximum(square - path * path, 0.0)
    for row in np.flatnonzero((errors > 0).any(axis=1)):
        fit = _weigh_with_errors(z[row], seen, ahead, prior_sd, errors[row])
        centre[row], variance[row], s[row], weights[row] = fit
    return centre, variance, s, weights


def _weigh_with_errors(z, seen, ahead, prior_sd, errors):
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
    p = of_noise[:, None] + np.log(_PRIOR) - residual / 2
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
    return middle + path, variance, np.sqrt(s2), weights @ _KIND


def _outliers(z, years, errors, scale):
    """Name the points of z (n,) that disagree with a fit to the others; nothing is dropped."""
    n, prior_sd = years.size, scale.prior_sd
    if n < 3:
        return []
    curves = _curves(tuple((years - years[0]).tolist()), scale)
    centre, variance = np.empty((2, n))
    for i in np.arange(n) if (errors > 0).any() else ():
        rest = np.arange(n) != i
        known = z[rest], curves[:, rest], curves[:, [i]], prior_sd, errors[rest]
        centre[[i]], variance[[i]], *_ = _weigh_with_errors(*known)
    if not (errors > 0).any():
        # Without a point the level moves: its residual grows, the sum of squares falls.
        residual = z - z.mean() - (curves - curves.mean(axis=1, keepdims=True))
        q = PRIOR_WEIGHT * prior_sd**2 + (residual**2).sum(axis=1, keepdims=True)
        q = q - residual**2 * (n / (n - 1))
        beyond = residual * (n / (n - 1))
        p = _PRIOR[:, None] / _power(q / q.min(axis=0), PRIOR_WEIGHT + n - 2)
        p /= p.sum(axis=0)
        centre = z - (p * beyond).sum(axis=0)
        variance = (p * q).sum(axis=0) / (PRIOR_WEIGHT + n - 2) * (1 + 1 / (n - 1))
        variance += (p * beyond**2).sum(axis=0) - (z - centre) ** 2
    residuals = (z - centre) / np.sqrt(variance + errors**2)
    odd = np.abs(residuals) > DISAGREES
    told = zip(years[odd].tolist(), residuals[odd], strict=True)
    return [message("warn.point_disagrees", year=year, residual=f"{r:.1f}") for year, r in told]


def _line(z, t, h, prior_sd=None):
    """Fit a straight line with the textbook interval; given a prior, one whose slope fades."""
    n, d = t.size, t - t.mean()
    sxx = d @ d
    mean = z.mean(axis=1)
    slope = z @ (d / sxx)
    r = z - mean[:, None] - slope[:, None] * d
    slope, end = slope[:, None], (mean + slope * d[-1])[:, None]
    rss, df = np.einsum("ij,ij->i", r, r)[:, None], n - 2
    reach, spread = h, 0.0
    if prior_sd is not None:
        rss, df = PRIOR_WEIGHT * prior_sd**2 + rss, PRIOR_WEIGHT + df
        # PHI is a guess: its spread over (2 PHI - 1, PHI, 1), weights 1/4, 1/2, 1/4, is added
        weights = np.array([0.25, 0.5, 0.25])
        reaches = np.array([phi * (1 - phi**h) / (1 - phi) for phi in (2 * PHI - 1, PHI)] + [h])
        reach, spread = reaches[1], weights @ (reaches - weights @ reaches) ** 2
    s2 = rss / df
    variance = s2 * (1 + 1 / n + (d[-1] + reach) ** 2 / sxx) + slope**2 * spread
    return end + slope * reach, variance, df, np.sqrt(s2)


def _fit(z, years, targets, method, scale, errors):
    """Fit z (k, n): centre and sd (k, h) of the t, its df, residual sd (k, 1), weights (k, 4)."""
    h = np.arange(1.0, float(targets.max() - years[-1]) + 1)
    t, weights = (years - years[0]).astype(float), None
    if method == "paths":
        curves = _curves((*t.tolist(), *(t[-1] + h).tolist()), scale)
        errors = np.broadcast_to(errors, z.shape)
        centre, variance, s, weights = _weigh(z, curves, scale.prior_sd, errors)
        # the slow drift; no year's variance falls below an earlier one's
        variance += (DRIFT * min(scale.prior_sd, NOISE_LIMIT)) ** 2 * h
        variance = np.maximum.accumulate(variance, axis=1) * ((DF - 2) / DF)
        df = DF
    elif method == "last":
        # A random walk from the mean of the last two years: a step has variance s^2, the mean
        # lies half a step back, which adds s^2 / 4. Years that do not adjoin stand alone.
        rss = (np.diff(z, axis=1) ** 2 / np.diff(t)).sum(axis=1, keepdims=True)
        df = PRIOR_WEIGHT + t.size - 1
        s2 = (PRIOR_WEIGHT * scale.prior_sd**2 + rss) / df
        two = t[-1] - t[-2] == 1
        start = z[:, -2:].mean(axis=1, keepdims=True) if two else z[:, -1:]
        centre, variance, s = np.repeat(start, h.size, axis=1), s2 * (h + 0.25 * two), np.sqrt(s2)
    else:
        fading = scale.prior_sd if method == "damped" else None
        centre, variance, df, s = _line(z, t, h, fading)
    # a year's numbers depend on no other
    at = targets - years[-1] - 1
    centre, sd = centre[:, at], np.sqrt(variance)[:, at]
    return centre, np.maximum(sd, _LEAST_SD * (1 + np.abs(centre))), df, s, weights


def _read_setting(name, values, years, to, options, levels, prior_sd, ends):
    """Return scale and target years; what may not be asked for is refused here."""
    for option, value in zip(OPTIONS, options, strict=True):
        if value not in OPTIONS[option]:
            allowed = ", ".join(OPTIONS[option])
            raise error("error.option", name=option, value=str(value), allowed=allowed)
    method, scale, better, prior = options
    if np.ndim(levels) != 1 or not len(levels) or not all(0 < number(q) < 1 for q in levels):
        raise error("error.level", name=name, given=str(levels))
    if method == "linear" or (method == "loglinear" and scale == "identity"):
        scale = "identity" if method == "linear" else "log"
    if prior_sd is None:  # a guess: 8 % of the level, 0.16 in logits of a share of one half
        level = np.abs(values).sum() / max(values.size, 1) if scale == "identity" else 1.0
        prior_sd = USUAL_SD * (level or 1.0) * (1 if scale in ("log", "identity") else 2)
    if not 0 < number(prior_sd) < inf:
        raise error("error.prior_sd", name=name, given=str(prior_sd))
    usual = (0.0, 100.0) if scale == "logit" else (None, None)
    given = zip(usual if scale in OF_DAYS else ends, usual, strict=True)
    floor, ceiling = (u if pd.isna(end) or end == "" else end for end, u in given)
    bounds = (None if end is None else number(end) for end in (floor, ceiling))
    sign = 1.0 if (better == "lower") == (prior == "falling") else -1.0
    fitted = Scale(scale, *bounds, float(prior_sd), sign)
    low, high = fitted.limits(366.0)
    if not low < high:
        raise error("error.bounds_order", name=name, floor=floor, ceiling=ceiling)
    need = LEAST_POINTS[method]
    if years.size < need:
        raise error("error.too_few_points", name=name, n=years.size, need=need)
    targets, last = as_years(to, "error.target_years", name=name, given=str(to)), years.max()
    if not targets.size or targets.max() > last + FARTHEST:
        raise error("error.target_years", name=name, given=str(to))
    if targets.min() <= last:
        raise error("error.target_past", name=name, year=int(targets.min()), last=int(last))
    return fitted, targets


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
        status = self.data.get("status", pd.Series(dtype=str))
        return self.years.size - int(status.isin(["estimated", "bound"]).sum())

    @property
    def _scale(self):
        return Scale(self.scale, self.floor, self.ceiling)

    @cached_property
    def median(self) -> np.ndarray:
        """Median of each target year, in the unit of the series."""
        return self._scale.backward(self.centre, calendar_days(self.target_years))

    def interval(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Compute the ends of the central interval of each target year, in units."""
        days = calendar_days(self.target_years)
        return self._scale.interval(level, self.centre, self.sd, self.df, days, self.s)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Table by year: median, lower_50, upper_50, and so on for each level."""
        columns = {"median": self.median}
        for q in self.levels:
            columns[f"lower_{100 * q:.10g}"], columns[f"upper_{100 * q:.10g}"] = self.interval(q)
        frame = pd.DataFrame(columns, index=pd.Index(self.target_years, name="year"))
        names = ("indicator", "scope", "unit", "method", "scale")
        frame.attrs = {name: getattr(self, name) for name in names}
        frame.attrs |= {k: str(self.data.attrs.get(k) or "") for k in ("name_zh", "name_en")}
        return frame

    def p_meet(self, comparator, value, year=None) -> float:
        """Compute the probability that the value of a year, by default the last, meets a target.

        "At most" and "at least" are read at the finer of the two printed precisions: where
        values are whole, 35.4 meets "<= 35". Days are whole: "<= 3" is k < 3.5. NaN for "=" and
        for a target at a bound, where the gap is what can be told.

        >>> import pandas as pd
        >>> import xc_analysis as xc
        >>> s = pd.Series([83.1, 77.9, 63.1, 52.6, 44.0, 40.0], index=range(2015, 2021))
        >>> round(xc.project(s, 2025).p_meet("<=", 35, 2025), 2)
        0.97
        """
        from scipy.special import stdtr

        year, limit = self.target_years[-1] if year is None else year, number(value)
        if comparator not in ("<", "<=", ">", ">=", "="):
            allowed = "<, <=, >, >="
            raise error("error.option", name="comparator", value=comparator, allowed=allowed)
        if not np.isfinite(limit):
            raise error("error.target_value", name=self.indicator, given=str(value))
        if year not in self.target_years:
            span = {"first": int(self.target_years[0]), "last": int(self.target_years[-1])}
            raise error("error.year_not_projected", name=self.indicator, year=year, **span)
        bounds = {"logit": (self.floor, self.ceiling), "share": (100.0,)}.get(self.scale, ())
        if comparator == "=" or limit in bounds:
            return float("nan")
        scale, days, edge = self._scale, calendar_days(year), limit
        decimals = number(self.data.attrs.get("decimals"))
        if decimals == decimals and scale.name != "count":
            # a computed outturn counts to a digit more than a printed one
            last = self.data["status"].iloc[-1] if "status" in self.data else ""
            own = int(decimals) + (last in ("computed", "estimated"))
            places = max(own, trends.shown_decimals(limit))
            edge += 0.5 * 10.0**-places * {"<=": 1, ">=": -1}.get(comparator, 0)
        upwards = comparator in ("<=", ">")  # the edge lies after the limit, not before it
        if scale.name in OF_DAYS:
            k = edge if scale.name == "count" else edge * days / 100
            edge = np.floor(k + 1e-9) + 0.5 if upwards else np.ceil(k - 1e-9) - 0.5
            scale = Scale("count")
        low, high = scale.limits(days)
        if edge < low or (edge == low and not upwards):
            below = 0.0
        elif edge > high or (edge == high and upwards):
            below = 1.0
        else:
            at = int(np.flatnonzero(self.target_years == year)[0])
            with np.errstate(divide="ignore"):
                z = scale.forward(np.float64(edge), days)
            below = float(stdtr(self.df, (z - self.centre[at]) / self.sd[at]))
        return below if comparator in ("<", "<=") else 1.0 - below

    def plot(self, outturn=None, target=None, ax=None):
        """Draw the series with its fan, and what came after or the target where given."""
        from .plots import plot_projection

        return plot_projection(self, outturn=outturn, target=target, ax=ax)

    def _repr_html_(self):
        unit = f" ({unit_name(self.unit)})" if self.unit else ""
        heads = [word("projection.interval", level=f"{100 * q:.10g}") for q in self.levels]
        rows = [(word("column.year"), word("projection.median") + unit, *heads)]
        for year, median, *ends in self.frame.itertuples(name=None):
            ranges = zip(ends[::2], ends[1::2], strict=True)
            rows.append((year, shown(median), *(f"{shown(a)} – {shown(b)}" for a, b in ranges)))
        first, last = int(self.years[0]), int(self.years[-1])
        method = message(f"method.{self.method}")
        notes = [word("projection.fitted", n=self.n, first=first, last=last, method=method)]
        if self.years.size > self.n:
            notes.append(word("projection.estimates", n=self.years.size - self.n))
        if self.weights:
            parts = [f"{word(f'path.{kind}')} {100 * w:.0f} %" for kind, w in self.weights.items()]
            notes.append(word("projection.weights", listed=word("projection.joint").join(parts)))
            shares = {side: f"{100 * share:.0f}" for side, share in self.prior_share.items()}
            notes.append(word("projection.prior_share", **shares))
        title = trends.series_title(self.data.attrs, self.indicator)
        return html_table(rows, title, [*notes, *self.warnings])


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
        The series' own unless given: noise from year to year on the scale of the fit; "log",
        "logit", "identity", "count" or "share" (of days); "lower" or "higher"; physical range.
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
    points = trends.fit_points(s, window, exclude)
    name, warnings, years, values = points.name, [*points.warnings], points.years, points.values
    given = {"scale": scale, "better": better, "floor": floor, "ceiling": ceiling}
    attrs = points.kept.attrs | {key: end for key, end in given.items() if end is not None}
    if not attrs.get("better") and method == "paths":
        warnings.append(message("warn.better_assumed"))
    better = attrs.get("better") or "lower"
    has_prior = method not in ("linear", "loglinear")
    if prior_sd is None and has_prior and 0 < number(attrs.get("prior_sd")) < inf:
        prior_sd = number(attrs["prior_sd"])
    options = method, attrs.get("scale") or "log", better, prior
    ends = attrs.get("floor"), attrs.get("ceiling")
    scale, targets = _read_setting(name, values, years, to, options, levels, prior_sd, ends)
    targets = np.unique(targets) if np.ndim(to) else np.arange(years[-1] + 1, targets[0] + 1)
    if prior_sd is None and has_prior:
        warnings.append(message("warn.prior_guess", prior_sd=f"{scale.prior_sd:.3g}"))
    days = np.zeros(years.size)
    if scale.name in OF_DAYS:
        stated = {int(year): number(n) for year, n in (attrs.get("days") or {}).items()}
        days = np.array([stated.get(year, np.nan) for year in years.tolist()])
        missing = ~(days > 0)
        days[missing] = calendar_days(years[missing])
        if missing.any():
            warnings.append(message("warn.calendar_days", years=trends.listed(years[missing])))
    scale.check(values[None, :], years, days, name)

    z, errors = scale.forward(values, days), _errors(points, scale, days)
    centre, sd, df, noise, weights = _fit(z[None, :], years, targets, method, scale, errors)
    kinds, prior_share = {}, {}
    if method == "paths":
        kinds = dict(zip(KINDS, weights[0].tolist(), strict=True))
        change = _curves((1.0,), Scale("log"))[:, 0] * (1 if prior == "falling" else -1)
        shares = float(_PRIOR[change < 0].sum()), float(_PRIOR[change > 0].sum())
        prior_share = dict(zip(("better", "worse"), shares, strict=True))
    elif "status" in points.kept and (points.kept["status"] == "estimated").any():
        warnings.append(message("warn.errors_unused"))
    warnings += _outliers(z, years, errors, scale)
    if method == "linear":
        warnings.append(message("warn.linear_comparison"))
    told = {key: str(attrs.get(key) or "") for key in ("scope", "unit")}
    told |= {"method": method, "scale": scale.name, "floor": scale.floor, "ceiling": scale.ceiling}
    told |= {"years": years, "values": values, "errors": errors, "target_years": targets}
    told |= {"prior_sd": scale.prior_sd if has_prior else None, "better": better}
    told |= {"weights": kinds, "prior_share": prior_share, "warnings": tuple(warnings)}
    told |= {"centre": centre[0], "sd": sd[0], "df": df, "s": float(noise[0, 0])}
    return Projection(name, **told, levels=tuple(map(float, levels)), data=points.kept)


def _errors(points, scale, days):
    exact = points.ranges[:, 0] == points.ranges[:, 1]
    # A range that reaches over a bound of its scale ends close to it, not beyond.
    bottom, top = (-inf, inf) if scale.name == "identity" else scale.limits(days)
    if scale.name in ("log", "logit"):
        bottom = bottom + (points.values - bottom) / 20
    if scale.name == "logit":
        top = top - (top - points.values) / 20
    low, high = np.clip(points.ranges.T, bottom, top)
    if scale.name in OF_DAYS:
        # Days are whole: what their printing rounds off is restored.
        width = (high - low) * (1 if scale.name == "count" else days / 100)
        exact |= width < 1 + 1e-9
    error_of = (scale.forward(high, days) - scale.forward(low, days)) / points.widths
    return np.where(exact, 0.0, error_of)


Projections = namedtuple("Projections", "median lower upper centre sd df")


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
        ``.median``, ``.lower[level]`` and ``.upper[level]``, each (k, h); ``.centre``, ``.sd`` and
        ``.df`` of the t on the scale of the fit.

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
    years = as_years(years, "error.target_years", name=name, given=str(years))
    values = as_floats(values, "error.array_not_finite", name=name)
    errors = as_floats(0.0 if errors is None else errors, "error.array_not_finite", name=name)
    fitting = errors.shape in ((), years.shape, values.shape) and (errors >= 0).all()
    if values.ndim != 2 or values.shape[1] != years.size or not fitting:
        raise error("error.matrix_shape", name=name, shape=str(values.shape), years=years.size)
    trends.refuse_years(trends.repeated(years), "error.repeated_years", name)
    options, ends = (method, scale, better, prior), (floor, ceiling)
    given = name, values, years, target_years
    scale, targets = _read_setting(*given, options, levels, prior_sd, ends)
    order = np.argsort(years, kind="stable")
    years, values = years[order], values[:, order]
    errors = errors[..., order] if errors.ndim else errors
    days = calendar_days(years)
    scale.check(values, years, days, name)

    z = scale.forward(values, days)
    centre, sd, df, s, _ = _fit(z, years, targets, method, scale, errors)
    days, lower, upper = calendar_days(targets), {}, {}
    for level in levels:
        lower[level], upper[level] = scale.interval(level, centre, sd, df, days, s)
    return Projections(scale.backward(centre, days), lower, upper, centre, sd, df)


def share_at_bound(passed, total, next_total, levels=(0.5, 0.8, 0.95)) -> dict[str, float]:
    """Predict how many pass next time where a share stands at 100 % and has no trend.

    Parameters
    ----------
    passed, total, next_total : int
        How many passed, of how many; of how many it will be judged next.
    levels : sequence of float
        Central prediction intervals.

    Returns
    -------
    dict
        ``median``, ``lower_50``, ``upper_50`` and so on, in whole numbers of `next_total`;
        ``p_all``, the chance that all of them pass; ``fails_at_most``, the rule of three: where
        all passed, the chance of failing is at most 3/total (95 %), else NaN.

    Raises
    ------
    InputError
        Numbers that are not whole, or more that passed than there were.

    Notes
    -----
    A Beta-binomial with Jeffreys' prior, Beta(1/2, 1/2), whose intervals keep their level close
    to 0 and 1. It takes those judged as independent; sections of one river are not.

    Examples
    --------
    >>> from xc_analysis.projections import share_at_bound
    >>> four = share_at_bound(4, 4, 4)
    >>> four["median"], four["lower_80"], round(four["p_all"], 2), four["fails_at_most"]
    (4, 3, 0.72, 0.75)
    """
    from scipy.stats import betabinom

    given = passed, total, next_total
    passed, total, n = as_years(given, "error.share_counts", given=given).tolist()
    if not 0 <= passed <= total or min(total, n) < 1:
        raise error("error.share_counts", given=given)
    chance = betabinom(n, passed + 0.5, total - passed + 0.5)
    out = {"median": int(chance.median())}
    for level in levels:
        ends = map(int, chance.interval(level))
        out[f"lower_{100 * level:.10g}"], out[f"upper_{100 * level:.10g}"] = ends
    fails = min(3 / total, 1.0) if passed == total else float("nan")
    return out | {"p_all": float(chance.pmf(n)), "fails_at_most": fails}
