"""Ranks over time: Mann-Kendall, exact where short, and Sen slope for many series at once."""

from __future__ import annotations

from functools import lru_cache
from math import comb, factorial, prod
from typing import NamedTuple

import numpy as np

from xc_analysis.errors import InputError

EXACT_TO = 10  # longest series whose p is exact
# Pairs held at once; keeps the work of 10,000 long series near 50 MB.
_CHUNK = 2_000_000


class MannKendall(NamedTuple):
    """Arrays over the leading axes of the values; slope and intercept in years."""

    s: np.ndarray
    variance: np.ndarray
    tau: np.ndarray
    p: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray


def _times(count):
    """Coefficients of 1 + q + ... + q^(count-1)."""
    return [1] * count


def _multiply(a, b):
    out = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return out


def _divide(a, b):
    """Quotient of two integer polynomials, lowest power first, where it is exact."""
    a, out = list(a), [0] * (len(a) - len(b) + 1)
    for i in range(len(out)):
        out[i] = a[i] // b[0]
        for j, y in enumerate(b):
            a[i + j] -= out[i] * y
    return out


@lru_cache(maxsize=512)
def exact_tail(ties: tuple[int, ...]) -> np.ndarray:
    """Two-sided p for every \\|S\\| when a series has groups of equal values.

    Parameters
    ----------
    ties : tuple of int
        Sizes of the groups of equal values, singles included, so that they sum to n.

    Returns
    -------
    ndarray
        P(\\|S\\| >= k) at position k.

    Notes
    -----
    Over the distinct orders of a multiset the number of inversions has the Gaussian
    multinomial coefficient [n]_q! / prod [t]_q! as its generating function (MacMahon), so
    ties need no enumeration. S = untied pairs - 2 * inversions.
    """
    n = sum(ties)
    counts = [1]
    for k in range(2, n + 1):
        counts = _multiply(counts, _times(k))
    for size in ties:
        for k in range(2, size + 1):
            counts = _divide(counts, _times(k))
    untied = len(counts) - 1
    total = factorial(n) // prod(factorial(t) for t in ties)
    tail = [0] * (untied + 2)
    for inversions, count in enumerate(counts):
        tail[abs(untied - 2 * inversions)] += count
    for k in range(untied - 1, -1, -1):
        tail[k] += tail[k + 1]
    return np.array([t / total for t in tail[: untied + 1]])


@lru_cache(maxsize=64)
def pairs(n):
    return np.triu_indices(n, 1)


def tie_runs(ordered):
    """Per row of sorted values: sum of t(t-1)(2t+5) over its groups, and the run lengths."""
    k, n = ordered.shape
    run = np.ones((k, n), dtype=np.int64)
    equal = ordered[:, 1:] == ordered[:, :-1]
    for i in range(1, n):
        run[:, i] = np.where(equal[:, i - 1], run[:, i - 1] + 1, 1)
    last = np.ones((k, n), dtype=bool)
    last[:, :-1] = ~equal
    t = np.where(last, run, 0)
    return (t * (t - 1) * (2 * t + 5)).sum(axis=1), t


def _sign_sum(d):
    """Positive less negative entries of each row."""
    return np.count_nonzero(d > 0, axis=-1) - np.count_nonzero(d < 0, axis=-1)


def p_normal(s, variance):
    from scipy.special import erfc

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (np.abs(s) - 1) / np.sqrt(variance), 0.0)
    return np.where(s == 0, 1.0, erfc(np.maximum(z, 0.0) / np.sqrt(2)))


def _p_exact(s, n, tied, runs):
    p = exact_tail((1,) * n)[np.abs(s)]
    for row in np.flatnonzero(tied):
        groups = tuple(sorted(int(t) for t in runs[row] if t))
        p[row] = exact_tail(groups)[abs(int(s[row]))]
    return p


def mann_kendall(values, years=None) -> MannKendall:
    """Mann-Kendall test and Sen slope of many series at once.

    Parameters
    ----------
    values : array_like, shape (..., n)
        One series along the last axis; finite.
    years : array_like, shape (n,), optional
        Real years, distinct; default 0 .. n-1. Order does not matter.

    Returns
    -------
    MannKendall
        ``s, variance, tau, p, slope, intercept``, each of the leading shape. p is two-sided:
        exact for n <= 10 (ties included), normal with tie-corrected variance and continuity
        correction above. tau = S / (n (n-1) / 2). The line intercept + slope * year passes
        through the medians.

    Raises
    ------
    InputError
        Fewer than 2 points, repeated or too few years, values that are not finite.

    Notes
    -----
    Mann 1945; Kendall 1975; Sen 1968, JASA 63, 1379-1389.
    """
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError("mann_kendall: a value is not a number; drop or correct it") from None
    if values.ndim == 0 or values.shape[-1] < 2:
        raise InputError("mann_kendall: a trend needs at least 2 points; give a longer series")
    n = values.shape[-1]
    years = np.arange(n, dtype=float) if years is None else np.asarray(years, dtype=float)
    if years.shape != (n,):
        raise InputError(
            f"mann_kendall: {years.size} years for {n} values; give one year for each value"
        )
    if not (np.isfinite(values).all() and np.isfinite(years).all()):
        raise InputError("mann_kendall: a value or year is not finite; drop or correct it")
    order = np.argsort(years, kind="stable")
    years = years[order]
    if (np.diff(years) == 0).any():
        raise InputError("mann_kendall: a year occurs more than once; keep one value a year")

    lead = values.shape[:-1]
    rows = values.reshape(-1, n)[:, order]
    i, j = pairs(n)
    span = years[j] - years[i]
    s = np.empty(len(rows), dtype=np.int64)
    slope = np.empty(len(rows))
    step = max(1, _CHUNK // span.size)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        d = part[:, j] - part[:, i]
        s[start : start + step] = _sign_sum(d)
        d /= span
        slope[start : start + step] = _row_median(d)
    ordered = np.sort(rows, axis=1)
    tie_sum, runs = tie_runs(ordered)
    variance = (n * (n - 1) * (2 * n + 5) - tie_sum) / 18.0
    p = _p_exact(s, n, tie_sum > 0, runs) if n <= EXACT_TO else p_normal(s, variance)
    centre = ordered[:, (n - 1) // 2] / 2 + ordered[:, n // 2] / 2
    intercept = centre - slope * np.median(years)
    out = (s, variance, s / comb(n, 2), p, slope, intercept)
    return MannKendall(*(a.reshape(lead) for a in out))


def _row_median(d):
    """Median of each row; reorders `d`."""
    m = d.shape[1]
    half = m // 2
    d.partition(half, axis=1)
    if m % 2:
        return d[:, half].copy()
    return (d[:, :half].max(axis=1) + d[:, half]) / 2
