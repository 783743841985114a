"""Trend of short series: exact Mann-Kendall, Sen slope on real years, seasonal Kendall."""

from collections import namedtuple
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from math import comb, factorial, nan

import numpy as np
import pandas as pd

from . import words
from .errors import InputError
from .words import Message, area_name, error, has_word, html_table, message, tr, word

EXACT_TO = 10  # longest series whose p is exact
RANGE_TO = 6  # up to here the slope's range is that of the pairwise slopes
ALPHA = 0.05
Z95 = 1.959963984540054

# chance of p <= 0.05, by years, for -3 % a year under 8 % noise: benchmarks/bench_trend.py
POWER = {4: 0.0, 5: 0.05, 6: 0.09, 7: 0.24, 8: 0.38, 9: 0.63, 10: 0.79, 11: 0.88, 12: 0.96}

ROUNDING_BELOW = 20.0  # printed values below this carry the error of their rounding

_CHUNK = 2_000_000  # pairs held at once: keeps 10,000 long series near 50 MB


def as_floats(given, key, /, **values) -> np.ndarray:
    """Return finite numbers as an array; raise the error of a key where one is none."""
    try:
        # an index of dates would become nanoseconds; its list is refused
        given = list(given) if isinstance(given, (set, pd.Index)) else given
        return np.asarray_chkfinite(given, dtype=float)
    except (TypeError, ValueError):
        raise error(key, **values) from None


def as_years(given, key, /, **values) -> np.ndarray:
    """Return whole years as an array of integers; none is cut to the year before."""
    years = np.atleast_1d(as_floats(given, key, **values))
    if years.ndim != 1 or (years != np.round(years)).any():
        raise error(key, **values)
    return years.astype(np.int64)


def number(value) -> float:
    """Return a cell as a float, NaN for anything that is none."""
    try:
        return nan if value is None or pd.isna(value) else float(value)
    except (TypeError, ValueError):
        return nan


def listed(years) -> str:
    """Write years or months in a row."""
    return ", ".join(map(str, years))


def refuse_years(years, key, name):
    """Raise the error of a key that names the years (or months), where there are any."""
    if len(years):
        raise error(key, name=name, years=listed(years))


def repeated(years):
    """Return the years (or months) that occur more than once."""
    every, times = np.unique(np.asarray(years), return_counts=True)
    return every[times > 1]


def shown(x) -> str:
    """Write a number for a table: three figures, or all whole ones from a hundred on."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def shown_decimals(value) -> int:
    """Count the decimals that a number shows: 13.5 has one, 40.0 none."""
    return len(f"{value:.10f}".rstrip("0").partition(".")[2])


def series_title(attrs, indicator) -> str:
    """Return the name and the area of a series in the language in force."""
    name = tr(attrs.get("name_zh") or "", attrs.get("name_en") or "") or indicator
    return f"{name}  {area_name(attrs.get('scope') or '')}".strip()


# years and values that a fit may use, in order of year, with the rows kept; the ranges (n, 2) are
# the ends of a value known with an error, as many standard deviations apart as the widths say
Points = namedtuple("Points", "years values ranges widths kept warnings name")


def fit_points(s, window=None, exclude=(), *, whole=False) -> Points:
    """Read the points that a trend or projection may use; `whole` leaves out what has an error."""
    # Values of whole years, estimates and bounds with both ends enter, these two with their error.
    name, frame, attrs = annual_frame(s)
    index = getattr(frame.index, "year", frame.index)
    years = as_years(index, "error.years_not_whole", name=name)
    try:
        ends = zip((0, 0) if window is None else window, (-np.inf, np.inf), strict=True)
        first, last = (float(end or beyond) for end, beyond in ends)
        if not first <= last:
            raise ValueError
    except (TypeError, ValueError):
        raise error("error.window", name=name, given=str(window)) from None
    left = as_floats(exclude, "error.exclude", name=name, given=str(exclude))
    keep = (first <= years) & (years <= last) & ~np.isin(years, left)
    frame = frame.set_axis(pd.Index(years, name="year"))[keep].sort_index(kind="stable")
    values = _read_values(frame, name)
    values, ranges, widths, reasons = _classify(frame, values, number(attrs.get("decimals")), whole)
    warnings, fine = [], reasons == ""
    for reason in dict.fromkeys(reasons[~fine]):
        gone = listed(frame.index[reasons == reason])
        warnings.append(message("warn.left_out", years=gone, why=message(reason)))
    kept = frame[fine]
    # rows added by hand, without evidence, are welcome
    units, bases = ([*dict.fromkeys(filter(None, _text(kept, c)))] for c in ("unit", "basis"))
    if len(units) > 1:
        raise error("error.mixed_units", name=name, units=", ".join(units))
    stated = [_text(kept, c) != "" for c in ("status", "source_id") if c in kept.columns]
    bare = kept.index[~np.all(stated, axis=0)] if stated else []
    if len(bare):
        warnings.append(message("warn.row_without_evidence", years=listed(bare)))
    if len(bases) > 1:
        named = [message(f"basis.{b}") if has_word(f"basis.{b}") else b for b in bases]
        joined = reduce(lambda a, b: message("joined", first=a, second=b), named)
        warnings.append(message("warn.basis_changes", bases=joined))
    kept.attrs = attrs | ({"unit": units[0]} if units else {})
    years = kept.index.to_numpy()
    return Points(years, values[fine], ranges[fine], widths[fine], kept, tuple(warnings), name)


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
    if "year" in frame.columns and frame.index.name != "year" and not _is_monthly(s):
        frame = frame.set_index("year")
    return name, frame, registered_attrs(attrs, indicator)


def registered_attrs(attrs, indicator) -> dict:
    """Fill missing attrs from the register of indicators, where it knows the series."""
    needed = ("scale", "better", "prior_sd", "floor", "ceiling", "decimals", "unit")
    if not indicator or all(name in attrs for name in needed):
        return attrs
    from .observations import resolve_indicator

    try:
        row = resolve_indicator(str(indicator))
    except (InputError, FileNotFoundError):
        return attrs
    known = ("name_zh", "name_en", "statistic", "theme", *needed)
    return {key: None if pd.isna(row[key]) else row[key] for key in known} | attrs


def _as_numbers(column):
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _read_values(frame, name):
    """Return the values, NaN where empty; refuse text, infinity and a time that comes twice."""
    column = frame["value"]
    values = _as_numbers(column)
    filled = (column.notna() & (column.astype(str).str.strip() != "")).to_numpy()
    refuse_years(frame.index[filled & np.isnan(values)], "error.not_a_number", name)
    refuse_years(frame.index[np.isinf(values)], "error.value_not_finite", name)
    refuse_years(repeated(frame.index), "error.repeated_years", name)
    return values


def _text(frame, column):
    cells = frame[column].tolist() if column in frame.columns else [None] * len(frame)
    return np.array(["" if pd.isna(cell) else str(cell) for cell in cells], dtype=object)


def _classify(frame, values, decimals, whole):
    """Return values, ends and widths of their ranges, and why each row is left out, or ""."""
    status, completeness = _text(frame, "status"), _text(frame, "completeness")
    blank = pd.Series(np.nan, frame.index)
    low, high = (_as_numbers(frame.get(column, blank)) for column in ("lower", "upper"))
    ends = np.column_stack([low, high])
    both = np.isfinite(ends).all(axis=1) & (low <= high)
    inside = both & (low <= values) & (values <= high)

    bound, estimated = status == "bound", status == "estimated"
    values = np.where(bound & both & ~((low < values) & (values < high)), ends.mean(axis=1), values)
    # What two treatments of PM10 span, in lower and upper of a computed value, is no error.
    has_error = inside & np.isin(status, ("estimated", "derived", "printed")) | bound & both
    ranges = np.where(has_error[:, None], ends, values[:, None])
    # in standard deviations: of a 95 % interval, or between ends of equal chance
    widths = np.where(estimated, 3.92, 12**0.5)
    coarse = (status == "printed") & ~has_error & (np.abs(values) < ROUNDING_BELOW)
    coarse &= decimals == decimals
    half = [0.5 * 10.0 ** -max(decimals, shown_decimals(value)) for value in values[coarse]]
    ranges[coarse] += np.outer(half, (-1, 1))

    part = (status == "partial") | (completeness == "partial") & ~estimated
    known = ("", "printed", "computed", "derived", "draft", "estimated", "bound")
    cases = {  # the first reason that holds
        "left_out.partial": part & ~bound,
        "left_out.one_bound": bound & ~both,
        "left_out.missing": np.isnan(values),
        "left_out.status": ~np.isin(status, known),
        "left_out.no_range": estimated & ~inside,
        "left_out.not_whole": (bound | estimated) & whole,
    }
    reasons = np.select(list(cases.values()), list(cases), "").astype(object)
    return values, ranges, widths, reasons


MannKendall = namedtuple("MannKendall", "s variance tau p slope intercept")


@lru_cache(maxsize=512)
def _exact_tail(ties: tuple[int, ...]) -> np.ndarray:
    """Compute P(abs(S) >= k), at position k, for groups of equal values of these sizes."""
    # Over the distinct orders of a multiset the number of inversions has the Gaussian
    # multinomial coefficient [n]_q! / prod [t]_q! as its generating function (MacMahon), and
    # S = untied pairs - 2 x inversions: all orders are counted without listing them.
    factorials = [np.ones(1)]
    for k in range(1, sum(ties) + 1):
        factorials.append(np.convolve(factorials[-1], np.ones(k)))
    counts = factorials[-1]
    for size in ties:
        counts = np.rint(np.polydiv(counts, factorials[size])[0])
    untied = counts.size - 1
    at = np.abs(untied - 2 * np.arange(untied + 1))
    tail = np.bincount(at, counts)[::-1].cumsum()[::-1]
    return tail / counts.sum()


def _tie_sizes(ordered):
    """Count, per row of sorted values, how often each value occurs; zeros fill the row up."""
    k, n = ordered.shape
    group = np.repeat(np.arange(k)[:, None] * n, n, axis=1)
    group[:, 1:] += np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=1)
    return np.bincount(group.ravel(), minlength=k * n).reshape(k, n)


def _variance(n, ties):
    """Compute the variance of S for n values, less what their ties (..., sizes) take away."""
    return (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum(axis=-1)) / 18.0


def _normal_p(s, variance):
    from scipy.special import erfc

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (np.abs(s) - 1) / np.sqrt(variance), 0.0)
    return np.where(s == 0, 1.0, erfc(np.maximum(z, 0.0) / np.sqrt(2)))


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
    values = np.atleast_1d(as_floats(values, "error.array_not_finite", name=name))
    n = values.shape[-1]
    if n < 2:
        raise error("error.too_few_points", name=name, n=n, need=2)
    years = as_floats(range(n) if years is None else years, "error.array_not_finite", name=name)
    if years.shape != (n,):
        raise error("error.years_and_values", name=name, years=years.size, values=n)
    refuse_years(repeated(years).astype(int), "error.repeated_years", name)
    order = np.argsort(years, kind="stable")
    years = years[order]

    rows = values.reshape(-1, n)[:, order]
    i, j = np.triu_indices(n, 1)
    s, slope = np.empty(len(rows), dtype=np.int64), np.empty(len(rows))
    step, (half, odd) = max(1, _CHUNK // i.size), divmod(i.size, 2)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        d = rows[part][:, j] - rows[part][:, i]
        s[part] = np.count_nonzero(d > 0, axis=1) - np.count_nonzero(d < 0, axis=1)
        d /= years[j] - years[i]
        d.partition(half, axis=1)  # the median at half the time of numpy's
        slope[part] = d[:, half] if odd else (d[:, :half].max(axis=1) + d[:, half]) / 2
    ordered = np.sort(rows, axis=1)
    ties = _tie_sizes(ordered)
    variance = _variance(n, ties)
    if n > EXACT_TO:
        p = _normal_p(s, variance)
    else:
        p = _exact_tail((1,) * n)[np.abs(s)]
        tied = np.flatnonzero(ties[:, -1] == 0)
        # one table for each pattern of ties: at most 42 at n = 10
        patterns, which = np.unique(np.sort(ties[tied]), axis=0, return_inverse=True)
        for i, pattern in enumerate(patterns):
            same = tied[which.ravel() == i]
            p[same] = _exact_tail(tuple(pattern[pattern > 0].tolist()))[np.abs(s[same])]
    centre = ordered[:, (n - 1) // 2] / 2 + ordered[:, n // 2] / 2
    intercept = centre - slope * np.median(years)
    out = (s, variance, s / comb(n, 2), p, slope, intercept)
    return MannKendall(*(a.reshape(values.shape[:-1]) for a in out))


def _slope_range(slopes, n, variance):
    # To n = 6 the range of the pairwise slopes, which an exact test backs with 1 - 2/n!; above
    # that the ranks of Hollander and Wolfe (section 9.3), exact to n = 10, else normal.
    slopes = np.sort(slopes)
    total = slopes.size
    if n <= RANGE_TO:
        return slopes[0], slopes[-1], 1 - 2 / factorial(n)
    if n <= EXACT_TO:
        tail = _exact_tail((1,) * n)
        reach = min(k for k in range(total, 0, -2) if tail[k] <= ALPHA)
        rank = (total - (reach - 2)) // 2
        return slopes[rank - 1], slopes[total - rank], 1 - tail[reach]
    half, at = Z95 * np.sqrt(max(variance, 0.0)), np.arange(1, total + 1)
    low = np.interp((total - half) / 2, at, slopes)
    return low, np.interp((total + half) / 2 + 1, at, slopes), 1 - ALPHA


@dataclass(frozen=True)
class Trend:
    """Trend of one series, with its test and the range of its slope.

    ``slope`` is in units a year and ``confidence`` what its range ``lower`` to ``upper`` has.
    ``verdict`` is an English term, ``key`` its short form; ``note`` says what a result that is
    not significant can tell.
    """

    indicator: str
    unit: str
    freq: str
    years: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    data: pd.DataFrame = field(repr=False)
    n: int
    first: int
    last: int
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
    verdict: str
    note: Message | None
    warnings: tuple[Message, ...]

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
        unit = word("trend.per_year", unit=words.unit_name(words.difference_unit(self.unit)))
        confidence = f"{100 * self.confidence:.3g} %"
        rows = [
            (word("trend.verdict"), word(f"trend.{self.key}")),
            (word("trend.slope"), f"{shown(self.slope)} {unit}"),
            (word("trend.range"), f"{shown(self.lower)} – {shown(self.upper)} ({confidence})"),
            (word("trend.test"), f"S = {self.s:.0f}, τ = {self.tau:.2f}, p = {self.p:.3g}"),
            (word("trend.years"), f"{self.first}–{self.last} (n = {self.n})"),
        ]
        title = series_title(self.data.attrs, self.indicator)
        return html_table(rows, title, [*filter(None, [self.note]), *self.warnings])


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
    if _is_monthly(s):
        return _seasonal_trend(s, min_points)
    points = fit_points(s, whole=True)  # ranks cannot carry the error of an estimate or a bound
    years, values, n = points.years, points.values, points.years.size
    if n < 2:
        raise error("error.too_few_points", name=points.name, n=n, need=2)
    test = mann_kendall(values, years)
    i, j = np.triu_indices(n, 1)
    ends = _slope_range((values[j] - values[i]) / (years[j] - years[i]), n, test.variance)
    verdict = _verdict(n, test.slope, test.p, min_points)
    attrs = points.kept.attrs
    bounds = attrs.get("floor"), attrs.get("ceiling")
    if attrs.get("scale") in ("logit", "share") and n > 2 and values[-1] in bounds:
        verdict = "at_bound", None
    data = points.kept.assign(value=values)
    return _result(points.name, "annual", years, data, test, ends, verdict, points.warnings)


def _verdict(n, slope, p, min_points):
    if n < 3:
        return "two_points", None
    if n < min_points:
        least = _exact_tail((1,) * n)[-1] if n <= EXACT_TO else 0.0
        return "too_few", message("trend.least_p", n=n, p=f"{least:.2g}")
    if p <= ALPHA:
        return ("falling" if slope < 0 else "rising"), None
    if n not in POWER:
        return "unclear", None
    return "unclear", message("trend.power", n=n, power=f"{100 * POWER[n]:.0f}")


def _result(name, freq, years, data, test, ends, verdict, warnings):
    numbers = test._asdict() | dict(zip(("lower", "upper", "confidence"), ends, strict=True))
    told = {key: float(x) for key, x in numbers.items()} | {"s": int(test.s), "n": years.size}
    told |= {"unit": str(data.attrs.get("unit") or ""), "freq": freq, "data": data}
    told |= {"years": years, "first": int(years[0]), "last": int(years[-1])}
    told |= {"values": data["value"].to_numpy(), "warnings": tuple(warnings)}
    key, note = verdict
    return Trend(name, key=key, verdict=word(f"trend.{key}", "en"), note=note, **told)


def _is_monthly(s):
    index = getattr(s, "index", None)
    if isinstance(index, pd.PeriodIndex):
        return index.freqstr.startswith("M")
    return isinstance(index, pd.DatetimeIndex) and index.size > 0 and not index.year.is_unique


def seasonal_kendall(table):
    """Test years by seasons, NaN where missing: S, and its covariance between the seasons."""
    # Hirsch, Slack and Smith 1982, Water Resour. Res. 18, 107-121; Hirsch and Slack 1984,
    # 20, 727-732: covariance (K_gh + 4 sum R_ig R_ih - n (n_g + 1)(n_h + 1)) / 3 with midranks,
    # a missing value at the mean rank of its season.
    n = len(table)
    signs = np.nan_to_num(np.sign(table[None, :, :] - table[:, None, :]))
    paired = signs[np.triu_indices(n, 1)]
    size = np.isfinite(table).sum(axis=0)
    # signs[a, b] = sgn(x_b - x_a): its sum over b says how many lie above less those below.
    ranks = (size + 1 - np.where(np.isfinite(table), signs.sum(axis=1), 0)) / 2
    covariance = (paired.T @ paired + 4 * ranks.T @ ranks - n * np.outer(size + 1, size + 1)) / 3
    # NaN, sorted to the end, is equal to nothing: a missing value adds a tie of one, that is none
    np.fill_diagonal(covariance, _variance(size, _tie_sizes(np.sort(table.T, axis=1))))
    return paired.sum(), covariance


def _seasonal_trend(s, min_points):
    name, frame, attrs = annual_frame(s)
    index = s.index if isinstance(s.index, pd.PeriodIndex) else s.index.to_period("M")
    frame = frame.set_axis(index.rename("month")).sort_index()
    values = _read_values(frame, name)
    whole = np.isfinite(values) & (_text(frame, "completeness") != "partial")
    data = frame.assign(value=values)[whole]
    data.attrs = attrs
    years, months = data.index.year, data.index.month
    if months.is_unique:
        raise error("error.no_month_twice", name=name)
    span = np.arange(years[0], years[-1] + 1)
    table = pd.Series(data["value"].to_numpy(), [years, months]).unstack().reindex(span).to_numpy()
    i, j = np.triu_indices(span.size, 1)
    slopes = (table[j] - table[i]) / (span[j] - span[i])[:, None]
    slopes = slopes[np.isfinite(slopes)]
    total, covariance = seasonal_kendall(table)
    variance, slope = covariance.sum(), np.median(slopes)
    p = _normal_p(total, variance)
    at = (years + (months - 0.5) / 12).to_numpy()
    intercept = data["value"].median() - slope * np.median(at)
    test = MannKendall(total, variance, total / slopes.size, p, slope, intercept)
    n, warnings = years.nunique(), []
    key, note = _verdict(n, slope, p, min_points)
    verdict = key, note if n < min_points else None
    if not whole.all():
        warnings.append(message("warn.months_missing", n=int((~whole).sum())))
    if n < EXACT_TO:
        warnings.append(message("warn.few_years_for_normal", n=n))
    # the range is the normal one, however few the years
    ends = _slope_range(slopes, np.inf, variance)
    return _result(name, "monthly", at, data, test, ends, verdict, warnings)
