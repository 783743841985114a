"""The year of a record that is not whole: estimated from what was observed, with an interval.

Three views of the missing part, each a correction learned from the district's whole years:

``pattern``  the year's own observed statistic, times the ratio whole/observed that the same calendar
             days had in whole years (the district's seasonal pattern);
``city``     the city's published value of that year, times the ratio district/city of whole years;
``overlap``  the city's published annual value, times the ratio district/city over those months of
             that very year that were observed here and published there.

Each view's error is measured by leaving out one whole year at a time and deleting the same calendar
days from it. Views are averaged with weights inversely to their squared errors; the interval is
Student's t on those errors (the spread of the combined left-out errors, k - 1 degrees of freedom,
times sqrt(1 + 1/k)). The district's published value of the estimated year is never used.

Concentrations work on ln y, counts of days on ln(y + 0.5), ratios of days on the logit.
"""

from __future__ import annotations

import functools
import os

import numpy as np
import pandas as pd

from . import tables
from .errors import InputError

LEVEL = 0.95
VIEWS = ("pattern", "city", "overlap")
#: A month counts as observed here, and enters the overlap, with at least this share of its days.
MONTH_SHARE = 0.6
_STATISTICS = {
    "mean": np.mean,
    "p90": lambda x: np.quantile(x, 0.9),
    "p95": lambda x: np.quantile(x, 0.95),
    "good": lambda x: float(np.sum(x <= 100)),
    "heavy": lambda x: float(np.sum(x > 200)),
    "severe": lambda x: float(np.sum(x > 300)),
    "good_ratio": lambda x: 100.0 * np.mean(x <= 100),
    "heavy_ratio": lambda x: 100.0 * np.mean(x > 200),
}
_COUNTS = ("good", "heavy", "severe")
_RATIOS = ("good_ratio", "heavy_ratio")


def _forward(y, statistic: str):
    y = np.asarray(y, dtype=float)
    if statistic in _COUNTS:
        return np.log(y + 0.5)
    if statistic in _RATIOS:
        # A ratio of 0 or 100 is moved in by a tenth of a day of the year, to have a logit.
        p = np.clip(y / 100, 0.1 / 365, 1 - 0.1 / 365)
        return np.log(p / (1 - p))
    return np.log(y)


def _backward(z, statistic: str):
    if statistic in _COUNTS:
        return np.maximum(np.exp(z) - 0.5, 0.0)
    if statistic in _RATIOS:
        return 100 / (1 + np.exp(-z))
    return np.exp(z)


def _calendar(days: pd.Index) -> np.ndarray:
    """Month and day as one number; 29 February counts as the 28th."""
    key = days.month * 100 + days.day
    return np.where(key == 229, 228, key)


class _Record:
    """One place's days of one indicator: statistic by year, whole or as another year saw it."""

    def __init__(self, daily: pd.Series, statistic: str, whole: list[int]):
        daily = daily.dropna()
        self.statistic = statistic
        self.whole = whole
        self.years = {year: part for year, part in daily.groupby(daily.index.year)}

    def value(self, year: int, seen: set | None = None) -> float:
        part = self.years[year]
        if seen is not None:
            part = part[np.isin(_calendar(part.index), list(seen))]
        return float(_STATISTICS[self.statistic](part.to_numpy(float))) if len(part) else np.nan

    def seen(self, year: int) -> set:
        return set(_calendar(self.years[year].index))

    def facts(self, year: int, seen: set) -> tuple[float, float]:
        """A count of days is at least what was seen, at most that and every day unseen."""
        s = self.statistic
        if s not in (*_COUNTS, *_RATIOS):
            return -np.inf, np.inf
        length = 366 if pd.Timestamp(year, 1, 1).is_leap_year else 365
        part = self.years[year]
        part = part[np.isin(_calendar(part.index), list(seen))].to_numpy(float)
        low = _STATISTICS[s.removesuffix("_ratio")](part)
        unit = 1.0 if s in _COUNTS else 100.0 / length
        return low * unit, (low + length - len(part)) * unit

    def months(self, year: int, seen: set) -> pd.Series:
        """Mean of each month observed well enough on the days of `seen`."""
        part = self.years[year]
        part = part[np.isin(_calendar(part.index), list(seen))]
        count, mean = (getattr(part.groupby(part.index.month), how)() for how in ("size", "mean"))
        return mean[count >= MONTH_SHARE * 30]


def _views(record: _Record, year: int, seen: set, city: dict, months: dict, train) -> np.ndarray:
    """The three views of one year, on the working scale.

    NaN where a view has nothing to go by. What was seen bounds a count: the pattern is held within
    it, a view from the city that contradicts it is dropped.
    """
    s = record.statistic
    scale = functools.partial(_forward, statistic=s)
    own = np.mean([scale(record.value(t)) - scale(record.value(t, seen)) for t in train])
    views = [scale(record.value(year, seen)) + own, np.nan, np.nan]
    paired = [t for t in train if t in city]
    if year in city and paired:
        district = np.mean([scale(record.value(t)) - scale(city[t]) for t in paired])
        views[1] = scale(city[year]) + district
        here, there = record.months(year, seen), months.get(year, {})
        common = [m for m in here.index if m in there]
        if s == "mean" and len(common) >= 3:
            views[2] = scale(city[year]) + np.log(
                here[common].sum() / sum(there[m] for m in common)
            )
    low, high = record.facts(year, seen)
    value = _backward(np.array(views), s)
    kept = np.where((value >= low) & (value <= high), views, np.nan)
    kept[0] = _forward(np.clip(value[0], low, high), s)
    return kept


def _combine(views: np.ndarray, errors: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of the views at hand, weighted inversely to their mean squared left-out errors."""
    with np.errstate(invalid="ignore"):
        known = np.sum(np.isfinite(errors), axis=0)
        mse = np.where(known >= 2, np.nansum(errors**2, axis=0) / np.maximum(known, 1), np.inf)
    # No view is better than half a percent: with few years a small error is luck.
    weight = np.where(np.isfinite(views), 1 / np.maximum(mse, 0.005**2), 0.0)
    if not weight.any():
        weight = np.isfinite(views).astype(float)
    weight = weight / weight.sum()
    return float(np.nansum(np.where(weight > 0, weight * views, 0.0))), weight


def _estimate(record: _Record, year: int, seen: set, city: dict, months: dict, train) -> dict:
    """Estimate, interval and weights of one year from the whole years in `train`."""
    from scipy.special import stdtrit

    s = record.statistic
    errors = np.full((len(train), len(VIEWS)), np.nan)
    for i, t in enumerate(train):
        rest = [other for other in train if other != t]
        errors[i] = _views(record, t, seen, city, months, rest) - _forward(record.value(t), s)
    views = _views(record, year, seen, city, months, train)
    centre, weight = _combine(views, errors)
    combined = []
    for i in range(len(train)):
        others = np.delete(errors, i, axis=0)
        at_hand = np.where(weight > 0, errors[i], np.nan)
        if np.isfinite(at_hand).any():
            combined.append(_combine(at_hand, others)[0])
    k = len(combined)
    # About zero, not about their mean: a bias in the past is part of the error to expect.
    spread = np.sqrt(np.sum(np.square(combined)) / k) * np.sqrt(k / (k - 1)) * np.sqrt(1 + 1 / k)
    half = stdtrit(k - 1, (1 + LEVEL) / 2) * spread
    ends = _backward(np.array([centre, centre - half, centre + half]), s)
    value, lower, upper = np.clip(ends, *record.facts(year, seen))
    return {
        "value": value, "lower": lower, "upper": upper,
        **{f"view_{name}": _backward(v, s) for name, v in zip(VIEWS, views, strict=True)},
        **{f"weight_{name}": w for name, w in zip(VIEWS, weight, strict=True)},
        "whole_years": k,
    }  # fmt: skip


def _settings(indicator: str):
    from .hourly import INDICATORS

    if indicator not in INDICATORS:
        raise InputError(
            f"{indicator} has no daily record to estimate a year from: use partial='observed'"
        )
    return INDICATORS[indicator][:2]


def _city(indicator: str, data) -> tuple[dict, dict, str]:
    """The comparator's published annual values, and its months, as {year: {month: value}}."""
    register = tables.load("assumptions", data=data)
    rows = register[register["parameter"] == "comparator"]
    if rows.empty:
        return {}, {}, ""
    scope = str(rows["value"].iloc[0])
    seen = tables.load("observations", data=data)
    seen = seen[(seen["scope"] == scope) & (seen["indicator"] == indicator) & seen["use"]]
    seen = seen[seen["value"].notna()]
    statistic = tables.load("indicators", data=data).set_index("indicator")["statistic"]
    seen = seen[seen["statistic"] == statistic[indicator]]
    annual = seen[seen["period"] == "annual"].set_index("year")["value"].to_dict()
    months: dict = {}
    for row in seen[seen["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False)].itertuples():
        months.setdefault(int(row.year), {})[int(row.period[-2:])] = row.value
    return annual, months, scope


def estimate_partial(
    indicator: str, *, scope: str, data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Annual values of the years whose station record is partial, each with its interval.

    Parameters
    ----------
    indicator : str
        One of ``air/annual``.
    scope : str
        A district with daily values in ``air/daily``.
    data : path, optional
        Folder of the tables; default as :func:`xc_analysis.tables.data_dir`.

    Returns
    -------
    DataFrame
        Index ``year``: ``value``, ``lower``, ``upper`` (95 %, the indicator's unit), ``observed``
        (the statistic of the days that are there), ``valid_days``, the value and weight of each
        view, ``whole_years`` (how many whole years the errors come from). Empty where no year is
        partial or fewer than three years are whole.

    Raises
    ------
    InputError
        If the indicator has no daily record.

    Notes
    -----
    The comparator city is the assumption ``comparator``; without it the pattern alone is used.
    """
    column, statistic = _settings(indicator)
    annual = tables.load("air/annual", data=data)
    annual = annual[(annual["scope"] == scope) & (annual["indicator"] == indicator)]
    annual = annual.set_index("year").sort_index()
    whole = list(annual.index[annual["completeness"] != "partial"])
    partial = annual[annual["completeness"] == "partial"]
    names = ["value", "lower", "upper", "observed", "valid_days"]
    if partial.empty or len(whole) < 3:
        return pd.DataFrame(columns=names, index=pd.Index([], name="year", dtype="int64"))
    daily = tables.load("air/daily", data=data)
    daily = daily[daily["scope"] == scope].set_index("date")[column]
    record = _Record(daily.astype("Float64").astype(float), statistic, whole)
    city, months, _ = _city(indicator, data)
    rows = {}
    for year in partial.index:
        if year not in record.years:
            continue
        row = _estimate(record, year, record.seen(year), city, months, whole)
        row["observed"] = partial.loc[year, "value"]
        row["valid_days"] = int(partial.loc[year, "valid_days"])
        rows[int(year)] = row
    out = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    return out[[*names, *(c for c in out if c not in names)]]


def deletion_experiment(
    daily: pd.DataFrame,
    indicator: str,
    *,
    patterns: dict[int, set],
    whole: dict[str, list[int]],
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Delete the days that partial years miss from whole years, estimate, compare.

    Parameters
    ----------
    daily : DataFrame
        Index date, one column a place (stations, the district): the daily values the indicator is
        made of.
    indicator : str
        As :func:`estimate_partial`.
    patterns : dict of int to set
        For each partial year the calendar days observed, as ``month * 100 + day``.
    whole : dict of str to list of int
        Whole years of each place.
    data : path, optional
        Folder of the tables (for the city's published values).

    Returns
    -------
    DataFrame
        place, pattern (the partial year), year (the whole year held out), true, value, lower,
        upper, error (value/true - 1; counts: value - true), inside. The held-out year is in
        neither the pattern, the ratios nor the errors.
    """
    _, statistic = _settings(indicator)
    city, months, _ = _city(indicator, data)
    rows = []
    for place, years in whole.items():
        if len(years) < 4:
            continue
        record = _Record(daily[place], statistic, years)
        for pattern, seen in patterns.items():
            for year in years:
                train = [t for t in years if t != year]
                row = _estimate(record, year, seen, city, months, train)
                true = record.value(year)
                error = row["value"] - true if statistic in _COUNTS else row["value"] / true - 1
                rows.append(
                    {"place": place, "pattern": pattern, "year": year, "true": true,
                     **{k: row[k] for k in ("value", "lower", "upper")}, "error": error,
                     "inside": row["lower"] <= true <= row["upper"]}
                )  # fmt: skip
    return pd.DataFrame(rows)


def summarise_deletions(experiment: pd.DataFrame) -> pd.DataFrame:
    """Bias, error and coverage of the deletion experiment, with honest uncertainty.

    Parameters
    ----------
    experiment : DataFrame
        As :func:`deletion_experiment` returns.

    Returns
    -------
    DataFrame
        Index pattern (and ``all``): n, years, bias, rmse, coverage, coverage_low, coverage_high.
        Places of one city share their weather, so the held-out years are the independent units:
        the range is a 95 % Student interval over the years' own coverages, within 0 and 1.
    """
    from scipy.special import stdtrit

    def one(part: pd.DataFrame) -> pd.Series:
        by_year = part.groupby("year")["inside"].mean()
        k = len(by_year)
        half = stdtrit(k - 1, 0.975) * by_year.std(ddof=1) / np.sqrt(k) if k > 1 else np.nan
        return pd.Series(
            {"n": len(part), "years": k, "bias": part["error"].mean(),
             "rmse": np.sqrt((part["error"] ** 2).mean()), "coverage": part["inside"].mean(),
             "coverage_low": max(0.0, by_year.mean() - half),
             "coverage_high": min(1.0, by_year.mean() + half)}
        )  # fmt: skip

    parts = {**{p: part for p, part in experiment.groupby("pattern")}, "all": experiment}
    out = pd.DataFrame({p: one(part) for p, part in parts.items()}).T.rename_axis("pattern")
    return out.astype({"n": int, "years": int})
