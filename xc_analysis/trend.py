"""Trend in short series: exact Mann-Kendall, Sen slope on real years, seasonal Kendall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xc_analysis.errors import InputError
from xc_analysis.fits.points import points
from xc_analysis.fits.ranks import (
    EXACT_TO,
    MannKendall,
    exact_tail,
    mann_kendall,
    p_normal,
    pairs,
    tie_runs,
)

__all__ = ["MannKendall", "SeasonalTrend", "Trend", "mann_kendall", "seasonal_kendall", "trend"]

ALPHA = 0.05
# Chance of p <= 0.05 for a fall of 3 %/yr under 8 % lognormal noise, by number of years
# (benchmarks/bench_trend.py recomputes it).
POWER = {4: 0.0, 5: 0.05, 6: 0.09, 7: 0.24, 8: 0.38, 9: 0.63, 10: 0.79, 11: 0.88, 12: 0.96}


@dataclass(frozen=True)
class Trend:
    """Trend of one series; ``slope`` in units a year with its range ``low`` to ``high``.

    ``confidence`` is the coverage the range really has: exact ranks allow only some levels,
    and with fewer than four points no level at all (NaN; the range is then that of the
    pairwise slopes).
    """

    slope: float
    low: float
    high: float
    confidence: float
    intercept: float
    tau: float
    p: float
    s: int
    variance: float
    n: int
    first: int
    last: int
    exact: bool
    verdict: str
    verdict_zh: str
    note: str
    indicator: str
    unit: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SeasonalTrend:
    """Seasonal Kendall test; ``p`` allows for correlation between months."""

    slope: float
    low: float
    high: float
    tau: float
    p: float
    p_independent: float
    s: float
    variance: float
    variance_independent: float
    n: int
    n_years: int
    seasons: tuple[int, ...]
    verdict: str
    verdict_zh: str
    warnings: tuple[str, ...]


def _slope_range(slopes, n, variance):
    """Sen's range at 95 %: (low, high, confidence) by exact or normal ranks.

    Notes
    -----
    Hollander and Wolfe, Nonparametric Statistical Methods, section 9.3: with C two less than
    the smallest S whose upper tail is at most 2.5 %, ranks (N-C)/2 and (N+C)/2 + 1.
    """
    slopes = np.sort(slopes)
    total = slopes.size
    if n <= EXACT_TO:
        tail = exact_tail((1,) * n)
        reach = [k for k in range(total, 0, -2) if tail[k] <= ALPHA]
        if not reach:
            confidence = 1 - tail[total] if n > 3 else float("nan")
            return slopes[0], slopes[-1], float(confidence)
        rank = (total - (reach[-1] - 2)) // 2
        return slopes[rank - 1], slopes[total - rank], float(1 - tail[reach[-1]])
    half = 1.959963984540054 * np.sqrt(variance)
    at = np.arange(1, total + 1)
    low = np.interp((total - half) / 2, at, slopes)
    high = np.interp((total + half) / 2 + 1, at, slopes)
    return low, high, 1 - ALPHA


def _verdict(n, slope, p, min_points):
    """Verdict in English and Chinese, and the note that goes with it."""
    if n < 3:
        return "two points, not a trend", "仅两点，不构成趋势", ""
    if n < min_points:
        floor = exact_tail((1,) * n)[-1] if n <= EXACT_TO else 0.0
        return (
            "too few points",
            "点数不足",
            f"{n} points; the smallest p that {n} points can give is {floor:.2g} / "
            f"{n} 个点，可能的最小 p 值为 {floor:.2g}",
        )
    if p <= ALPHA:
        if slope < 0:
            return "significant decrease", "显著下降", ""
        return "significant increase", "显著上升", ""
    note = ""
    if n in POWER:
        power = f"{100 * POWER[n]:.0f} %"
        note = (
            f"with {n} points a fall of 3 %/yr under 8 % noise is found {power} of the time / "
            f"{n} 个点、噪声 8 % 时，年降 3 % 的趋势仅有 {power} 的机会被检出"
        )
    return "not significant, no evidence of no trend", "不显著，但不能证明没有趋势", note


def trend(s, *, min_points=6, window=None, exclude=()) -> Trend:
    """Exact Mann-Kendall test and Sen slope of one annual series.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        Indexed by year, or a frame of :func:`xc_analysis.series`; missing values, bounds,
        estimates and partial years are left out and listed in ``warnings``.
    min_points : int
        Fewer points than this give the slope and its range with "too few points".
    window : tuple of int, optional
        First and last year, inclusive.
    exclude : iterable of int
        Years to leave out.

    Returns
    -------
    Trend

    Raises
    ------
    InputError
        Fewer than 2 points, repeated years, values that are not finite, mixed units.
    """
    if not isinstance(min_points, int):
        raise InputError(f"trend: min_points {min_points!r} is not a whole number; 6 is usual")
    data = points(s, window=window, exclude=exclude)
    n = data.years.size
    if n < 2:
        raise InputError(
            f"{data.indicator}: {n} usable point(s), a trend needs 2; widen the window or add years"
        )
    test = mann_kendall(data.values, data.years)
    i, j = pairs(n)
    slopes = (data.values[j] - data.values[i]) / (data.years[j] - data.years[i])
    low, high, confidence = _slope_range(slopes, n, float(test.variance))
    verdict, verdict_zh, note = _verdict(n, float(test.slope), float(test.p), min_points)
    if data.attrs.get("scale") == "logit" and data.values[-1] in (
        data.attrs.get("floor"),
        data.attrs.get("ceiling"),
    ):
        verdict, verdict_zh, note = "at its bound, no trend", "已达界限，不谈趋势", ""
    return Trend(
        slope=float(test.slope),
        low=float(low),
        high=float(high),
        confidence=confidence,
        intercept=float(test.intercept),
        tau=float(test.tau),
        p=float(test.p),
        s=int(test.s),
        variance=float(test.variance),
        n=n,
        first=int(data.years[0]),
        last=int(data.years[-1]),
        exact=n <= EXACT_TO,
        verdict=verdict,
        verdict_zh=verdict_zh,
        note=note,
        indicator=data.indicator,
        unit=data.unit,
        warnings=data.warnings,
    )


def _season_covariance(table):
    """Covariance of the seasons' S (m, m) and their own variances, ties and gaps allowed.

    Notes
    -----
    Hirsch and Slack 1984, Water Resour. Res. 20, 727-732: (K_gh + 4 sum R_ig R_ih -
    n (n_g + 1)(n_h + 1)) / 3, midranks, a missing value at the mean rank of its season.
    """
    n, m = table.shape
    signs = np.sign(table[None, :, :] - table[:, None, :])
    signs[np.isnan(signs)] = 0.0
    i, j = pairs(n)
    paired = signs[i, j]
    known = np.isfinite(table)
    size = known.sum(axis=0)
    # signs[a, b] = sgn(x_b - x_a), so the sum over b says how many lie above less below.
    ranks = (size + 1 - signs.sum(axis=1)) / 2
    ranks = np.where(known, ranks, (size + 1) / 2)
    covariance = (paired.T @ paired + 4 * ranks.T @ ranks - n * np.outer(size + 1, size + 1)) / 3
    own = np.empty(m)
    for g in range(m):
        values = np.sort(table[known[:, g], g])
        ties = tie_runs(values[None, :])[0][0] if values.size else 0
        own[g] = (size[g] * (size[g] - 1) * (2 * size[g] + 5) - ties) / 18.0
    covariance[np.diag_indices(m)] = own
    return paired.sum(axis=0), covariance, own


def seasonal_kendall(values, years, months) -> SeasonalTrend:
    """Seasonal Kendall test of a monthly series, allowing for correlation between months.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value a month; NaN where missing.
    years, months : array_like of int, shape (n,)
        Year and month (or any other season) of each value, in any order.

    Returns
    -------
    SeasonalTrend
        Slope: median of the pairwise slopes within each month, in units a year, with its 95 %
        range; ``p`` from the corrected variance, ``p_independent`` as if months were
        independent.

    Raises
    ------
    InputError
        Lengths that differ, a month given twice, an infinite value, fewer than 2 years.

    Notes
    -----
    Hirsch, Slack and Smith 1982, Water Resour. Res. 18, 107-121; correction by Hirsch and
    Slack 1984. The normal approximation wants about ten years; fewer are named in
    ``warnings``.
    """
    name = "seasonal_kendall"
    values = np.asarray(values, dtype=float)
    years, months = np.asarray(years, dtype=np.int64), np.asarray(months, dtype=np.int64)
    if not values.ndim == 1 or not values.shape == years.shape == months.shape:
        raise InputError(
            f"{name}: {values.size} values, {years.size} years, {months.size} months; "
            "give one year and month for each value"
        )
    if np.isinf(values).any():
        raise InputError(f"{name}: a value is infinite; correct it or set it missing")
    every_year, row = np.unique(years, return_inverse=True)
    seasons, column = np.unique(months, return_inverse=True)
    place = row * max(seasons.size, 1) + column
    kinds, times = np.unique(place, return_counts=True)
    if (times > 1).any():
        at = np.flatnonzero(place == kinds[times > 1][0])[0]
        raise InputError(
            f"{name}: {years[at]}-{months[at]:02d} occurs more than once; keep one value a month"
        )
    span = np.arange(every_year[0], every_year[-1] + 1) if every_year.size else every_year
    table = np.full((span.size, seasons.size), np.nan)
    table[years - (span[0] if span.size else 0), column] = values
    missing = int(np.isnan(table).sum())
    known = np.isfinite(table)
    if (known.sum(axis=0) < 2).all():
        raise InputError(f"{name}: no month has values in 2 years; give a longer series")

    s, covariance, own = _season_covariance(table)
    total, variance = float(s.sum()), float(covariance.sum())
    i, j = pairs(span.size)
    slopes = (table[j] - table[i]) / (span[j] - span[i])[:, None]
    slopes = np.sort(slopes[np.isfinite(slopes)])
    half = 1.959963984540054 * np.sqrt(max(variance, 0.0))
    at = np.arange(1, slopes.size + 1)
    low = np.interp((slopes.size - half) / 2, at, slopes)
    high = np.interp((slopes.size + half) / 2 + 1, at, slopes)
    p = float(p_normal(np.array(total), np.array(variance)))
    slope = float(np.median(slopes))
    warnings = []
    if missing:
        warnings.append(f"{missing} months without a value / {missing} 个月缺值")
    if span.size < 10:
        warnings.append(
            f"{span.size} years; the normal approximation wants about 10 / "
            f"仅 {span.size} 年，正态近似约需 10 年"
        )
    verdict, verdict_zh, _ = _verdict(max(span.size, 3), slope, p, 0)
    return SeasonalTrend(
        slope=slope,
        low=float(low),
        high=float(high),
        tau=total / slopes.size,
        p=p,
        p_independent=float(p_normal(np.array(total), np.array(own.sum()))),
        s=total,
        variance=variance,
        variance_independent=float(own.sum()),
        n=int(known.sum()),
        n_years=span.size,
        seasons=tuple(int(x) for x in seasons),
        verdict=verdict,
        verdict_zh=verdict_zh,
        warnings=tuple(warnings),
    )
