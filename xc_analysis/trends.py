"""Trend of short series: exact Mann-Kendall, Sen slope on real years, seasonal Kendall."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, reduce
from math import comb, factorial, nan
from typing import NamedTuple

import numpy as np
import pandas as pd

from .words import Message, error, has_word, html_table, message, word

EXACT_TO = 10  # longest series whose p is exact
RANGE_TO = 6  # up to here the slope's range is that of the pairwise slopes
ALPHA = 0.05
Z95 = 1.959963984540054

# Chance of p <= 0.05 for a fall of 3 % a year under 8 % noise, by number of years
# (benchmarks/bench_trend.py recomputes it).
POWER = {4: 0.0, 5: 0.05, 6: 0.09, 7: 0.24, 8: 0.38, 9: 0.63, 10: 0.79, 11: 0.88, 12: 0.96}

WHOLE = ("printed", "computed", "derived", "draft")  # statuses that are values of a whole year
# Width of a range in standard deviations: a 95 % interval, or ends of equal chance.
INTERVAL, UNIFORM = 3.92, 12**0.5
ROUNDING_BELOW = 20.0  # printed values below this carry the error of their rounding

_CHUNK = 2_000_000  # pairs held at once: keeps 10,000 long series near 50 MB


# ---- What is refused ---------------------------------------------------------------------


def as_floats(given, key, /, **values) -> np.ndarray:
    """Return numbers as an array; raise the error of a key where some are none."""
    try:
        listed = hasattr(given, "__iter__") and not isinstance(given, (str, np.ndarray))
        return np.asarray(list(given) if listed else given, dtype=float)
    except (TypeError, ValueError):
        raise error(key, **values) from None


def as_years(given, key, /, **values) -> np.ndarray:
    """Return whole years as an array of integers; none is cut to the year before."""
    years = np.atleast_1d(as_floats(given, key, **values))
    if years.ndim != 1 or not (np.isfinite(years) & (years == np.round(years))).all():
        raise error(key, **values)
    return years.astype(np.int64)


def number(value) -> float:
    """Return a cell as a float, NaN for anything that is none."""
    try:
        return nan if value is None or pd.isna(value) else float(value)
    except (TypeError, ValueError):
        return nan


def refuse_years(years, key, name):
    """Raise the error of a key that names the years, where there are any."""
    if len(years):
        raise error(key, name=name, years=_listed(years))


def repeated(years) -> np.ndarray:
    """Return the years that occur more than once."""
    every, times = np.unique(years, return_counts=True)
    return every[times > 1]


def _listed(years):
    return ", ".join(str(int(year)) for year in years)


def _read_numbers(column, years, name):
    """Return a column as floats, NaN where empty; what is no number is refused."""
    numbers = _coerced(column)
    given = column.notna() & (column.astype(str).str.strip() != "")
    refuse_years(years[given.to_numpy() & np.isnan(numbers)], "error.not_a_number", name)
    return numbers


def _coerced(column):
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


# ---- Reading a series --------------------------------------------------------------------


@dataclass(frozen=True)
class Points:
    """Years and values that a fit may use, in order of year, and what was left out.

    ``ranges`` (n, 2) holds the ends of a value known with an error and ``widths`` how many
    standard deviations lie between them. ``left_out`` maps a year to the key of its reason.
    """

    years: np.ndarray
    values: np.ndarray
    kept: pd.DataFrame
    left_out: dict[int, str]
    warnings: tuple[Message, ...]
    ranges: np.ndarray
    widths: np.ndarray
    name: str
    attrs: dict

    @property
    def errors(self) -> np.ndarray:
        """Error (sd) of each value in the unit of the series, 0 where it is taken as exact."""
        return (self.ranges[:, 1] - self.ranges[:, 0]) / self.widths


def fit_points(s, window=None, exclude=(), *, whole=False) -> Points:
    """Read the points of a series that a trend or projection may use.

    Values of whole years, estimates and bounds with both ends enter, these two with their error;
    rows added by hand are welcome; `whole` leaves both out. What is left out is named in
    ``warnings``.
    """
    name, frame, attrs = annual_frame(s)
    raw = frame.index.year if hasattr(frame.index, "year") else frame.index
    years = as_years(raw, "error.years_not_whole", name=name)
    values = _read_numbers(frame["value"], years, name)
    keep = ~np.isin(years, as_floats(exclude, "error.exclude", name=name, given=str(exclude)))
    if window is not None:
        first, last = _read_window(window, name)
        keep &= (years >= first) & (years <= last)
    refuse_years(years[keep & np.isinf(values)], "error.value_not_finite", name)
    refuse_years(repeated(years[keep]), "error.repeated_years", name)

    values, ranges, widths, reasons = _classify(frame, values, attrs.get("decimals"))
    if whole:
        unknown = np.isin(_text(frame, "status"), ("estimated", "bound"))
        reasons[unknown & (reasons == "")] = "left_out.not_whole"
    warnings, left_out = [], {}
    for reason in dict.fromkeys(reasons[keep & (reasons != "")]):
        gone = np.sort(years[keep & (reasons == reason)])
        left_out |= {int(year): reason for year in gone}
        warnings.append(message("warn.left_out", years=_listed(gone), why=message(reason)))
    keep &= reasons == ""
    order = np.flatnonzero(keep)[np.argsort(years[keep], kind="stable")]
    kept = frame.iloc[order].set_axis(pd.Index(years[order], name="year"))
    unit, more = _check_evidence(kept, name)
    kept.attrs = attrs | ({"unit": unit} if unit else {})
    points = years[order], values[order], kept, left_out, (*warnings, *more)
    return Points(*points, ranges[order], widths[order], name, kept.attrs)


def annual_frame(s):
    """Return the series' name, a frame indexed by year, and attrs filled from the register."""
    attrs = dict(getattr(s, "attrs", None) or {})
    indicator = attrs.get("indicator") or getattr(s, "name", None)
    if isinstance(s, pd.DataFrame) and not indicator and "indicator" in s.columns and len(s):
        indicator = s["indicator"].iloc[0]
    name = str(indicator or word("trend.series"))
    if not isinstance(s, (pd.Series, pd.DataFrame)):
        raise error("error.not_a_series", name=name)
    frame = s.to_frame("value") if isinstance(s, pd.Series) else s.copy(deep=False)
    frame.attrs = {}  # pandas would copy them at every step
    if "value" not in frame.columns:
        raise error("error.no_value_column", name=name)
    if "year" in frame.columns and frame.index.name != "year":
        frame = frame.set_index("year")
    return name, frame, registered_attrs(attrs, indicator)


def _read_window(window, name):
    told = {"name": name, "given": str(window)}
    try:
        ends = [end or bound for end, bound in zip(window, (-np.inf, np.inf), strict=True)]
    except (TypeError, ValueError):
        raise error("error.window", **told) from None
    first, last = as_floats(ends, "error.window", **told)
    if not first <= last:
        raise error("error.window", **told)
    return first, last


_ATTRS = ("scale", "better", "prior_sd", "floor", "ceiling", "decimals", "unit")


def registered_attrs(attrs, indicator) -> dict:
    """Fill missing attrs from the register of indicators, where it knows the series."""
    if not indicator or all(name in attrs for name in _ATTRS):
        return attrs
    from .errors import InputError
    from .observations import resolve_indicator

    try:
        row = resolve_indicator(str(indicator))
    except (InputError, FileNotFoundError):
        return attrs
    known = ("name_zh", "name_en", "statistic", "theme", *_ATTRS)
    return {key: None if pd.isna(row[key]) else row[key] for key in known} | attrs


def _text(frame, column):
    """Return a column as text, empty where missing or absent."""
    cells = frame[column].tolist() if column in frame.columns else [None] * len(frame)
    return np.array(["" if pd.isna(cell) else str(cell) for cell in cells], dtype=object)


def shown_decimals(value) -> int:
    """Count the decimals that a number shows: 13.5 has one, 40.0 none."""
    return len(f"{value:.10f}".rstrip("0").partition(".")[2])


def _classify(frame, values, decimals):
    """Return values, ends and widths of their ranges, and why each row is left out, or ""."""
    status, completeness = _text(frame, "status"), _text(frame, "completeness")
    ends = np.full((len(frame), 2), np.nan)
    for i, column in enumerate(("lower", "upper")):
        if column in frame.columns:
            ends[:, i] = _coerced(frame[column])
    low, high = ends.T
    both = np.isfinite(ends).all(axis=1) & (low <= high)
    inside = both & (low <= values) & (values <= high)

    bound = status == "bound"
    middle = bound & both & ~((low < values) & (values < high))
    values = np.where(middle, ends.mean(axis=1), values)
    # What two treatments of PM10 span, in lower and upper of a computed value, is no error.
    has_error = inside & np.isin(status, ("estimated", "derived", "printed")) | bound & both
    ranges = np.where(has_error[:, None], ends, values[:, None])
    widths = np.where(status == "estimated", INTERVAL, UNIFORM)
    if decimals is not None and np.isfinite(float(decimals)):
        coarse = (status == "printed") & ~has_error & (np.abs(values) < ROUNDING_BELOW)
        for i in np.flatnonzero(coarse):
            half = 0.5 * 10.0 ** -max(int(decimals), shown_decimals(values[i]))
            ranges[i] = values[i] - half, values[i] + half

    part = (status == "partial") | (completeness == "partial") & (status != "estimated")
    # the first reason that holds
    cases = (
        (part & ~bound, "left_out.partial"),
        (bound & ~both, "left_out.one_bound"),
        (np.isnan(values), "left_out.missing"),
        (~np.isin(status, ("", "estimated", "bound", *WHOLE)), "left_out.status"),
        ((status == "estimated") & ~inside, "left_out.no_range"),
    )
    held, keys = zip(*cases, strict=True)
    return values, ranges, widths, np.select(held, keys, "").astype(object)


def _check_evidence(kept, name):
    """Return the unit of the points and what their provenance asks to be said."""
    units = [unit for unit in dict.fromkeys(_text(kept, "unit")) if unit]
    if len(units) > 1:
        raise error("error.mixed_units", name=name, units=", ".join(units))
    warnings = []
    bare = np.zeros(len(kept), dtype=bool)
    for column in {"status", "source_id"} & set(kept.columns):
        bare |= _text(kept, column) == ""
    if bare.any():
        warnings.append(message("warn.row_without_evidence", years=_listed(kept.index[bare])))
    bases = [basis for basis in dict.fromkeys(_text(kept, "basis")) if basis]
    if len(bases) > 1:
        named = [message(f"basis.{b}") if has_word(f"basis.{b}") else b for b in bases]
        listed = reduce(lambda a, b: message("joined", first=a, second=b), named)
        warnings.append(message("warn.basis_changes", bases=listed))
    return (units or [None])[0], warnings


# ---- Ranks over time ---------------------------------------------------------------------


class MannKendall(NamedTuple):
    """Arrays over the leading axes of the values; slope and intercept in years."""

    s: np.ndarray
    variance: np.ndarray
    tau: np.ndarray
    p: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray


def _inversions(n):
    """Count the orders of n distinct values by their inversions, the Gaussian factorial."""
    return reduce(np.convolve, (np.ones(k) for k in range(2, n + 1)), np.ones(1))


@lru_cache(maxsize=512)
def exact_tail(ties: tuple[int, ...]) -> np.ndarray:
    """Compute P(abs(S) >= k), at position k, for groups of equal values of these sizes."""
    # Over the distinct orders of a multiset the number of inversions has the Gaussian
    # multinomial coefficient [n]_q! / prod [t]_q! as its generating function (MacMahon), and
    # S = untied pairs - 2 x inversions: all orders are counted without listing them.
    counts = _inversions(sum(ties))
    for size in ties:
        counts = np.rint(np.polydiv(counts, _inversions(size))[0])
    untied = counts.size - 1
    at = np.abs(untied - 2 * np.arange(untied + 1))
    tail = np.bincount(at, counts)[::-1].cumsum()[::-1]
    return tail / counts.sum()


@lru_cache(maxsize=64)
def _pairs(n):
    return np.triu_indices(n, 1)


def _tie_runs(ordered):
    """Return, per row of sorted values, the sum of t(t-1)(2t+5) over its ties, and the runs."""
    k, n = ordered.shape
    run = np.ones((k, n), dtype=np.int64)
    equal = ordered[:, 1:] == ordered[:, :-1]
    for i in range(1, n):
        run[:, i] = np.where(equal[:, i - 1], run[:, i - 1] + 1, 1)
    last = np.ones((k, n), dtype=bool)
    last[:, :-1] = ~equal
    t = np.where(last, run, 0)
    return (t * (t - 1) * (2 * t + 5)).sum(axis=1), t


def _normal_p(s, variance):
    from scipy.special import erfc

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (np.abs(s) - 1) / np.sqrt(variance), 0.0)
    return np.where(s == 0, 1.0, erfc(np.maximum(z, 0.0) / np.sqrt(2)))


def _exact_p(s, n, tied, runs):
    p = exact_tail((1,) * n)[np.abs(s)]
    rows = np.flatnonzero(tied)
    # One table for each pattern of ties: at most 42 at n = 10.
    patterns, which = np.unique(np.sort(runs[rows], axis=1), axis=0, return_inverse=True)
    for i, pattern in enumerate(patterns):
        these = rows[which.ravel() == i]
        tail = exact_tail(tuple(int(t) for t in pattern if t))
        p[these] = tail[np.abs(s[these])]
    return p


def _row_median(d):
    """Return the median of each row; reorders `d`."""
    m = d.shape[1]
    half = m // 2
    d.partition(half, axis=1)
    if m % 2:
        return d[:, half].copy()
    return (d[:, :half].max(axis=1) + d[:, half]) / 2


def mann_kendall(values, years=None) -> MannKendall:
    """Test many series for trend (Mann-Kendall) and estimate Sen's slope.

    Parameters
    ----------
    values : array_like, shape (..., n)
        One series along the last axis; finite.
    years : array_like, shape (n,), optional
        Real years, distinct, in any order; default 0 to n-1.

    Returns
    -------
    MannKendall
        ``s, variance, tau, p, slope, intercept``, each of the leading shape. p is two-sided:
        exact for n <= 10, ties included, above that normal with tie-corrected variance and
        continuity correction. The line passes through the medians.

    Raises
    ------
    InputError
        Fewer than 2 points, years repeated or not as many as values, values not finite.

    Examples
    --------
    >>> from xc_analysis.trends import mann_kendall
    >>> test = mann_kendall([83, 78, 63, 53, 44, 40], range(2015, 2021))
    >>> int(test.s), round(float(test.p), 4), round(float(test.slope), 2)
    (-15, 0.0028, -9.5)
    """
    name = "mann_kendall"
    values = as_floats(values, "error.array_not_number", name=name)
    n = values.shape[-1] if values.ndim else 1
    if n < 2:
        raise error("error.too_few_points", name=name, n=n, need=2)
    years = as_floats(range(n) if years is None else years, "error.array_not_number", name=name)
    if years.shape != (n,):
        raise error("error.years_and_values", name=name, years=years.size, values=n)
    if not (np.isfinite(values).all() and np.isfinite(years).all()):
        raise error("error.array_not_finite", name=name)
    refuse_years(repeated(years), "error.repeated_years", name)
    order = np.argsort(years, kind="stable")
    years = years[order]

    lead = values.shape[:-1]
    rows = values.reshape(-1, n)[:, order]
    i, j = _pairs(n)
    span = years[j] - years[i]
    s = np.empty(len(rows), dtype=np.int64)
    slope = np.empty(len(rows))
    step = max(1, _CHUNK // span.size)
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        d = part[:, j] - part[:, i]
        rises = np.count_nonzero(d > 0, axis=1)
        s[start : start + step] = rises - np.count_nonzero(d < 0, axis=1)
        d /= span
        slope[start : start + step] = _row_median(d)
    ordered = np.sort(rows, axis=1)
    tie_sum, runs = _tie_runs(ordered)
    variance = (n * (n - 1) * (2 * n + 5) - tie_sum) / 18.0
    p = _exact_p(s, n, tie_sum > 0, runs) if n <= EXACT_TO else _normal_p(s, variance)
    centre = ordered[:, (n - 1) // 2] / 2 + ordered[:, n // 2] / 2
    intercept = centre - slope * np.median(years)
    out = (s, variance, s / comb(n, 2), p, slope, intercept)
    return MannKendall(*(a.reshape(lead) for a in out))


def _slope_range(slopes, n, variance):
    """Return the ends of the slope's range and the confidence they have."""
    # To n = 6 the range of the pairwise slopes, which an exact test backs with 1 - 2/n!; above
    # that the ranks of Hollander and Wolfe (section 9.3), exact to n = 10, else normal.
    slopes = np.sort(slopes)
    total = slopes.size
    if n <= RANGE_TO:
        return slopes[0], slopes[-1], 1 - 2 / factorial(n)
    if n <= EXACT_TO:
        tail = exact_tail((1,) * n)
        reach = min(k for k in range(total, 0, -2) if tail[k] <= ALPHA)
        rank = (total - (reach - 2)) // 2
        return slopes[rank - 1], slopes[total - rank], float(1 - tail[reach])
    half, at = Z95 * np.sqrt(max(variance, 0.0)), np.arange(1, total + 1)
    low = np.interp((total - half) / 2, at, slopes)
    return low, np.interp((total + half) / 2 + 1, at, slopes), 1 - ALPHA


# ---- The result --------------------------------------------------------------------------

VERDICTS = {
    "two_points": "two points, not a trend",
    "too_few": "too few points",
    "falling": "significant decrease",
    "rising": "significant increase",
    "unclear": "not significant, no evidence of no trend",
    "at_bound": "at its bound, no trend",
}


@dataclass(frozen=True)
class Trend:
    """Trend of one series, with its test and the range of its slope.

    ``slope`` is in units a year and ``confidence`` what its range ``lower`` to ``upper`` has.
    ``verdict`` is an English term, ``key`` its short form; ``note`` says what a result that is
    not significant can tell. ``p_independent`` is a monthly series' p as if its months were
    independent, NaN for annual series.
    """

    indicator: str
    unit: str
    freq: str
    years: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    data: pd.DataFrame = field(repr=False)
    n: int
    s: int
    variance: float
    tau: float
    p: float
    slope: float
    intercept: float
    lower: float
    upper: float
    confidence: float
    key: str
    note: Message | None
    warnings: tuple[Message, ...]
    p_independent: float = float("nan")

    @property
    def verdict(self) -> str:
        """The result in the words of the method, in English."""
        return VERDICTS[self.key]

    @property
    def first(self) -> int:
        """First year used."""
        return int(np.floor(self.years[0]))

    @property
    def last(self) -> int:
        """Last year used."""
        return int(np.floor(self.years[-1]))

    @property
    def frame(self) -> pd.DataFrame:
        """Points used and the trend line through the medians, by year (or month)."""
        line = self.intercept + self.slope * self.years
        frame = pd.DataFrame({"value": self.values, "line": line}, index=self.data.index)
        frame.attrs = {"indicator": self.indicator, "unit": self.unit}
        return frame

    def plot(self, ax=None):
        """Draw the series with its trend line, on `ax` or a new figure."""
        from .plots import plot_series

        return plot_series(self.data, trend=self, ax=ax)

    def _repr_html_(self):
        unit = word("trend.per_year", unit=self.unit)
        confidence = f"{100 * self.confidence:.3g} %"
        rows = [
            (word("trend.verdict"), word(f"trend.{self.key}")),
            (word("trend.slope"), f"{shown(self.slope)} {unit}"),
            (word("trend.range"), f"{shown(self.lower)} – {shown(self.upper)} ({confidence})"),
            (word("trend.test"), f"S = {self.s:.0f}, τ = {self.tau:.2f}, p = {self.p:.3g}"),
            (word("trend.years"), f"{self.first}–{self.last} (n = {self.n})"),
        ]
        return html_table(rows, self.indicator, [*filter(None, [self.note]), *self.warnings])


def shown(x) -> str:
    """Write a number for a table: three figures, or all whole ones from a hundred on."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def _verdict(n, slope, p, min_points):
    """Return the verdict's key and the note that goes with it."""
    if n < 3:
        return "two_points", None
    if n < min_points:
        least = exact_tail((1,) * n)[-1] if n <= EXACT_TO else 0.0
        return "too_few", message("trend.least_p", n=n, p=f"{least:.2g}")
    if p <= ALPHA:
        return ("falling" if slope < 0 else "rising"), None
    if n in POWER:
        return "unclear", message("trend.power", n=n, power=f"{100 * POWER[n]:.0f}")
    return "unclear", None


def trend(s, *, min_points=6) -> Trend:
    """Test one series for trend and estimate its slope.

    Parameters
    ----------
    s : pandas.Series or pandas.DataFrame
        By year (Mann-Kendall and Sen's slope), or by month: a PeriodIndex or DatetimeIndex
        (seasonal Kendall test, corrected for correlation between months).
    min_points : int
        With fewer years the slope and its range come back as "too few points".

    Returns
    -------
    Trend

    Raises
    ------
    InputError
        Fewer than 2 points, years repeated or not whole, values that are no numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> import xc_analysis as xc
    >>> t = xc.trend(pd.Series([83, 78, 63, 53, 44, 40.0], index=range(2015, 2021)))
    >>> t.verdict, round(t.slope, 2), round(t.p, 4)
    ('significant decrease', -9.5, 0.0028)
    """
    if isinstance(min_points, bool) or not isinstance(min_points, (int, np.integer)):
        raise error("error.min_points", given=str(min_points))
    if _is_monthly(s):
        return _seasonal_trend(s, min_points)
    points = fit_points(s, whole=True)  # ranks cannot carry the error of an estimate or a bound
    n = points.years.size
    if n < 2:
        raise error("error.too_few_points", name=points.name, n=n, need=2)
    test = mann_kendall(points.values, points.years)
    i, j = _pairs(n)
    slopes = (points.values[j] - points.values[i]) / (points.years[j] - points.years[i])
    key, note = _verdict(n, test.slope, test.p, min_points)
    attrs = points.attrs
    ends = {attrs.get("floor"), attrs.get("ceiling")}
    if attrs.get("scale") in ("logit", "share") and n > 2 and points.values[-1] in ends:
        key, note = "at_bound", None
    data = points.kept.assign(value=points.values)
    ends = _slope_range(slopes, n, float(test.variance))
    return _result(points.name, data, points.years, test, ends, (key, note), points.warnings)


def _result(name, data, years, test, ends, verdict, warnings, freq="annual", p_independent=np.nan):
    numbers = {k: float(v) for k, v in test._asdict().items()} | {"s": int(test.s)}
    numbers |= dict(zip(("lower", "upper", "confidence"), map(float, ends), strict=True))
    return Trend(
        indicator=name,
        unit=str(data.attrs.get("unit") or ""),
        freq=freq,
        years=years,
        values=data["value"].to_numpy(),
        data=data,
        n=years.size,
        **numbers,
        key=verdict[0],
        note=verdict[1],
        warnings=tuple(warnings),
        p_independent=p_independent,
    )


# ---- Monthly series ----------------------------------------------------------------------


def _is_monthly(s):
    index = getattr(s, "index", None)
    if isinstance(index, pd.PeriodIndex):
        return index.freqstr.startswith("M")
    return isinstance(index, pd.DatetimeIndex) and index.size > 0 and not index.year.is_unique


def seasonal_kendall(table):
    """Test years by seasons, NaN where missing: S, its variance, the same if independent."""
    # Hirsch, Slack and Smith 1982, Water Resour. Res. 18, 107-121; Hirsch and Slack 1984,
    # 20, 727-732: covariance (K_gh + 4 sum R_ig R_ih - n (n_g + 1)(n_h + 1)) / 3 with midranks,
    # a missing value at the mean rank of its season.
    table = np.asarray(table, dtype=float)
    n, m = table.shape
    signs = np.nan_to_num(np.sign(table[None, :, :] - table[:, None, :]))
    paired = signs[_pairs(n)]
    known = np.isfinite(table)
    size = known.sum(axis=0)
    # signs[a, b] = sgn(x_b - x_a): its sum over b says how many lie above less those below.
    ranks = np.where(known, (size + 1 - signs.sum(axis=1)) / 2, (size + 1) / 2)
    covariance = (paired.T @ paired + 4 * ranks.T @ ranks - n * np.outer(size + 1, size + 1)) / 3
    own = np.zeros(m)
    for g in range(m):
        values = np.sort(table[known[:, g], g])
        ties = _tie_runs(values[None, :])[0][0] if values.size else 0
        own[g] = (size[g] * (size[g] - 1) * (2 * size[g] + 5) - ties) / 18.0
    covariance[np.diag_indices(m)] = own
    return float(paired.sum()), float(covariance.sum()), float(own.sum())


def _whole_months(s, name):
    """Return the whole months of a series as a frame in order, and how many are missing."""
    index = s.index if isinstance(s.index, pd.PeriodIndex) else s.index.to_period("M")
    frame = s.to_frame("value") if isinstance(s, pd.Series) else s
    frame = frame.set_axis(index.rename("month"))
    if "value" not in frame.columns:
        raise error("error.no_value_column", name=name)
    values = _read_numbers(frame["value"], index.year.to_numpy(), name)
    refuse_years(index.year[np.isinf(values)].unique(), "error.value_not_finite", name)
    twice = ", ".join(str(month) for month in index[index.duplicated()].unique())
    if twice:
        raise error("error.repeated_years", name=name, years=twice)
    whole = np.isfinite(values) & (_text(frame, "completeness") != "partial")
    data = frame[whole].assign(value=values[whole]).sort_index()
    data.attrs = dict(s.attrs)
    if data.empty:
        raise error("error.too_few_points", name=name, n=0, need=2)
    return data, int((~whole).sum())


def _seasonal_trend(s, min_points):
    name = str(s.attrs.get("indicator") or getattr(s, "name", None) or word("trend.series"))
    data, missing = _whole_months(s, name)
    values = data["value"].to_numpy()
    years, months = data.index.year.to_numpy(), data.index.month.to_numpy()
    span = np.arange(years.min(), years.max() + 1)
    table = np.full((span.size, 12), np.nan)
    table[years - span[0], months - 1] = values
    i, j = _pairs(span.size)
    slopes = (table[j] - table[i]) / (span[j] - span[i])[:, None]
    slopes = slopes[np.isfinite(slopes)]
    if not slopes.size:
        raise error("error.no_month_twice", name=name)
    total, variance, independent = seasonal_kendall(table)
    slope, at = np.median(slopes), years + (months - 0.5) / 12
    p = _normal_p(np.array(total), np.array(variance))
    intercept = np.median(values) - slope * np.median(at)
    test = MannKendall(total, variance, total / slopes.size, p, slope, intercept)
    n_years = np.unique(years).size
    key, note = _verdict(n_years, slope, p, min_points)
    warnings = []
    if missing:
        warnings.append(message("warn.months_missing", n=missing))
    if n_years < EXACT_TO:
        warnings.append(message("warn.few_years_for_normal", n=n_years))
    # the range is the normal one, however few the years
    ends = _slope_range(slopes, np.inf, variance)
    verdict = key, note if n_years < min_points else None
    p = float(_normal_p(total, np.array(independent)))
    return _result(name, data, at, test, ends, verdict, warnings, "monthly", p)
