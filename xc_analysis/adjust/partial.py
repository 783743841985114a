"""The year of a record that is not whole: estimated from what was observed, with an interval.

Three views of the missing part, each a correction learned from the district's whole years:

``pattern``  the year's own observed statistic, times the ratio whole/observed that the same calendar
             days had in whole years (the district's seasonal pattern);
``city``     the city's published value of that year, times the ratio district/city of whole years;
``overlap``  the city's published annual value, times the ratio district/city over those months of
             that very year that are observed here (27 days, February 25) and published there; for
             means only, from three such months on.

Each view's error is measured by leaving out one whole year at a time and deleting the same calendar
days from it. Views are averaged with weights inverse to their mean squared errors; the interval is
Student's t on the left-out errors of that average: their root mean square about zero, with k - 1
degrees of freedom for k years, times sqrt(1 + 1/k). The district's published value of the estimated
year is never used: :func:`judge` lays it beside the estimate. How well this does is measured by
:mod:`xc_analysis.deletions`.

Concentrations work on ln y, counts of days on ln(y + 0.5), ratios of days on the logit.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import tables
from ..errors import InputError

LEVEL = 0.95
VIEWS = ("pattern", "city", "overlap")
#: Days that HJ 663 asks of a month before it counts as observed.
FULL_MONTH, FULL_FEBRUARY = 27, 25
MIN_OVERLAP = 3  # months
MIN_WHOLE = 3  # years
#: No view counts as better than this on the working scale: with few years a small error is luck.
LEAST_ERROR = 0.005
_COUNTS = {"good": (0, 100), "heavy": (201, np.inf), "severe": (301, np.inf)}
_RATIOS = {f"{name}_ratio": ends for name, ends in _COUNTS.items()}
_JUDGED = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "good_days", "good_day_ratio", "heavy_days")


@dataclass(frozen=True)
class Place:
    """All that an estimate may look at.

    Attributes
    ----------
    days : dict of int to (ndarray, ndarray)
        For each year its valid days, as month * 100 + day (29 February counts as the 28th, so that
        every year has the same calendar), and their values.
    statistic : str
        As in :data:`xc_analysis.hourly.INDICATORS`.
    city : dict of int to float
        The comparator's published annual values.
    city_months : dict of int to dict of int to float
        Its published months.
    """

    days: dict[int, tuple[np.ndarray, np.ndarray]]
    statistic: str
    city: dict[int, float]
    city_months: dict[int, dict[int, float]]


def forward(y, statistic: str):
    """Values on the scale where errors are taken: ln y, ln(y + 0.5) of counts, logit of ratios."""
    y = np.asarray(y, dtype=float)
    if statistic in _COUNTS:
        return np.log(y + 0.5)
    if statistic in _RATIOS:
        # A ratio of 0 or 100 is moved in by a tenth of a day of the year, to have a logit.
        p = np.clip(y / 100, 0.1 / 365, 1 - 0.1 / 365)
        return np.log(p / (1 - p))
    return np.log(y)


def backward(z, statistic: str):
    """The inverse of :func:`forward`."""
    if statistic in _COUNTS:
        return np.maximum(np.exp(z) - 0.5, 0.0)
    if statistic in _RATIOS:
        return 100 / (1 + np.exp(-z))
    return np.exp(z)


def days_by_year(daily: pd.Series) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Valid days as :class:`Place` holds them, from values indexed by date."""
    daily = daily.astype("Float64").dropna().astype(float)
    key = daily.index.month * 100 + daily.index.day
    key = np.where(key == 229, 228, key)
    year, values = daily.index.year.to_numpy(), daily.to_numpy()
    return {int(y): (key[year == y], values[year == y]) for y in np.unique(year)}


def seen_days(days: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Which calendar days a year has, as a lookup by month * 100 + day."""
    table = np.zeros(1232, dtype=bool)
    table[days[0]] = True
    return table


def _part(place: Place, year: int, seen=None) -> tuple[np.ndarray, np.ndarray]:
    key, values = place.days[year]
    return (key, values) if seen is None else (key[seen[key]], values[seen[key]])


def statistic_values(values: np.ndarray, statistic: str) -> float:
    """A statistic of daily values; NaN of none."""
    if not len(values):
        return np.nan
    if statistic in _COUNTS or statistic in _RATIOS:
        low, high = (_COUNTS | _RATIOS)[statistic]
        count = np.sum((values >= low) & (values <= high))
        return float(count if statistic in _COUNTS else 100.0 * count / len(values))
    if statistic == "mean":
        return float(values.mean())
    return float(np.quantile(values, int(statistic[1:]) / 100))


def statistic_of(place: Place, year: int, seen=None) -> float:
    """The statistic of a year's days, or of those among `seen`."""
    return statistic_values(_part(place, year, seen)[1], place.statistic)


def _limits(place: Place, year: int, seen) -> tuple[float, float]:
    """What was seen bounds a count: at least that, at most that and every day unseen."""
    s = place.statistic
    if s not in _COUNTS and s not in _RATIOS:
        return 0.0, np.inf
    length = 365 + pd.Timestamp(year, 1, 1).is_leap_year
    values = _part(place, year, seen)[1]
    low, high = (_COUNTS | _RATIOS)[s]
    least = np.sum((values >= low) & (values <= high))
    unit = 1.0 if s in _COUNTS else 100.0 / length
    return least * unit, (least + length - len(values)) * unit


def _overlap(place: Place, year: int, seen, given) -> float:
    """District over city in the months that both have; NaN with too few of them."""
    key, values = _part(place, year, seen)
    there = place.city_months.get(year, {})
    here = {}
    for month in there.keys() & given:
        days = values[key // 100 == month]
        if len(days) >= (FULL_FEBRUARY if month == 2 else FULL_MONTH):
            here[month] = days.mean()
    if len(here) < MIN_OVERLAP:
        return np.nan
    return sum(here.values()) / sum(there[month] for month in here)


def _views(place: Place, year: int, seen, given, train) -> np.ndarray:
    """The views of one year, on the working scale; NaN where one has nothing to go by.

    `given` are the months that the city has published of the year to be estimated: a whole year that
    stands in for it may use no others. A view from the city that contradicts what was seen is
    dropped; the pattern is held within it.
    """
    s = place.statistic
    views = np.full(len(VIEWS), np.nan)
    whole = {t: forward(statistic_of(place, t), s) for t in train}
    gain = [whole[t] - forward(statistic_of(place, t, seen), s) for t in train]
    views[0] = forward(statistic_of(place, year, seen), s) + np.mean(gain)
    if year in place.city:
        ratios = [whole[t] - forward(place.city[t], s) for t in train if t in place.city]
        if ratios:
            views[1] = forward(place.city[year], s) + np.mean(ratios)
        if s == "mean":
            views[2] = np.log(place.city[year] * _overlap(place, year, seen, given))
    low, high = _limits(place, year, seen)
    value = backward(views, s)
    kept = np.where((value >= low) & (value <= high), views, np.nan)
    kept[0] = forward(np.clip(value[0], low, high), s)
    return kept


def _combine(views: np.ndarray, errors: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of the views at hand, weighted inversely to their mean squared left-out errors."""
    known = np.sum(np.isfinite(errors), axis=0)
    mse = np.where(known >= 2, np.nansum(errors**2, axis=0) / np.maximum(known, 1), np.inf)
    weight = np.where(np.isfinite(views), 1 / np.maximum(mse, LEAST_ERROR**2), 0.0)
    if not weight.any():
        weight = np.isfinite(views).astype(float)
    weight = weight / weight.sum()
    return float(np.sum(np.where(weight > 0, weight * views, 0.0))), weight


def estimate_year(place: Place, year: int, seen: np.ndarray, train) -> dict:
    """Estimate of one year from part of its days and from whole years.

    Parameters
    ----------
    place : Place
        Of `year` only the days among `seen` are looked at.
    year : int
        The year to estimate.
    seen : ndarray of bool
        As :func:`seen_days` makes it.
    train : list of int
        Whole years, at least three, `year` not among them.

    Returns
    -------
    dict
        ``value``, ``lower``, ``upper`` (95 %), ``view_*`` and ``weight_*`` for each of `VIEWS`,
        ``whole_years`` (how many left-out errors the interval rests on).
    """
    from scipy.special import stdtrit

    s = place.statistic
    given = place.city_months.get(year, {}).keys()
    errors = np.full((len(train), len(VIEWS)), np.nan)
    for i, t in enumerate(train):
        rest = [other for other in train if other != t]
        errors[i] = _views(place, t, seen, given, rest) - forward(statistic_of(place, t), s)
    views = _views(place, year, seen, given, train)
    centre, weight = _combine(views, errors)
    left_out = []
    for i in range(len(train)):
        at_hand = np.where(weight > 0, errors[i], np.nan)
        if np.isfinite(at_hand).any():
            left_out.append(_combine(at_hand, np.delete(errors, i, axis=0))[0])
    k = len(left_out)
    # About zero, not about their mean: a bias in the past is part of the error to expect.
    spread = np.sqrt(np.sum(np.square(left_out)) / (k - 1) * (1 + 1 / k))
    half = stdtrit(k - 1, (1 + LEVEL) / 2) * spread
    ends = backward(np.array([centre, centre - half, centre + half]), s)
    value, lower, upper = np.clip(ends, *_limits(place, year, seen))
    return {
        "value": value, "lower": lower, "upper": upper,
        **{f"view_{name}": backward(v, s) for name, v in zip(VIEWS, views, strict=True)},
        **{f"weight_{name}": w for name, w in zip(VIEWS, weight, strict=True)},
        "whole_years": k,
    }  # fmt: skip


def column_of(indicator: str) -> tuple[str, str]:
    """Column of the daily table and statistic that an indicator is made of."""
    from ..hourly import INDICATORS

    if indicator not in INDICATORS:
        raise InputError(
            f"{indicator} has no daily record to estimate a year from: use partial='observed'"
        )
    return INDICATORS[indicator][:2]


def city_values(
    indicator: str, *, data: str | os.PathLike | None = None
) -> tuple[dict[int, float], dict[int, dict[int, float]]]:
    """The comparator's published values: by year, and by year and month.

    Parameters
    ----------
    indicator : str
        Canonical id.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    tuple of dict
        Both empty where the assumption ``comparator`` is not set.
    """
    register = tables.load("assumptions", data=data)
    rows = register[register["parameter"] == "comparator"]
    if rows.empty:
        return {}, {}
    seen = tables.load("observations", data=data)
    statistic = tables.load("indicators", data=data).set_index("indicator")["statistic"]
    seen = seen[
        (seen["scope"] == str(rows["value"].iloc[0]))
        & (seen["indicator"] == indicator)
        & (seen["statistic"] == statistic.get(indicator))
        & seen["use"]
        & seen["value"].notna()
    ]
    annual = seen[seen["period"] == "annual"].set_index("year")["value"].to_dict()
    months: dict[int, dict[int, float]] = {}
    for row in seen[seen["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False)].itertuples():
        months.setdefault(int(row.year), {})[int(row.period[-2:])] = row.value
    return annual, months


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
    column_of(indicator)
    folder = tables.data_dir(data)
    return _estimates(indicator, scope, str(folder), stamp(folder, _READ)).copy()


#: Tables that an estimate is made from.
_READ = ("air/annual", "air/daily", "assumptions", "indicators", "observations")


def stamp(folder, names) -> tuple:
    """What changes when one of the tables in a folder does: for results that are kept."""
    files = [folder / f"{name}.csv" for name in names]
    return tuple((f.stat().st_mtime_ns, f.stat().st_size) if f.exists() else None for f in files)


@functools.lru_cache(maxsize=64)
def _estimates(indicator: str, scope: str, folder: str, _stamp: tuple) -> pd.DataFrame:
    """Estimates of one pack, kept: every series of a partial record asks for them."""
    column, statistic = column_of(indicator)
    annual = tables.load("air/annual", data=folder)
    annual = annual[(annual["scope"] == scope) & (annual["indicator"] == indicator)]
    annual = annual.set_index("year").sort_index()
    partial = annual[annual["completeness"] == "partial"]
    whole = [int(year) for year in annual.index.difference(partial.index)]
    names = ["value", "lower", "upper", "observed", "valid_days"]
    if partial.empty or len(whole) < MIN_WHOLE:
        return pd.DataFrame(columns=names, index=pd.Index([], name="year", dtype="int64"))
    daily = tables.load("air/daily", data=folder)
    daily = daily[daily["scope"] == scope].set_index("date")[column]
    place = Place(days_by_year(daily), statistic, *city_values(indicator, data=folder))
    rows = {}
    for year in partial.index.intersection(list(place.days)):
        row = estimate_year(place, int(year), seen_days(place.days[year]), whole)
        row["observed"] = partial.loc[year, "value"]
        row["valid_days"] = int(partial.loc[year, "valid_days"])
        rows[int(year)] = row
    out = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    return out[[*names, *(c for c in out if c not in names)]]


def judge(*, scope: str, indicators=_JUDGED, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """The estimates of partial years beside what was published of those very years.

    Parameters
    ----------
    scope : str
        A district with daily values in ``air/daily``.
    indicators : iterable of str
        As :func:`estimate_partial`; one without a record there is passed over.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row per indicator and partial year: ``observed``, ``valid_days``, ``value``, ``lower``,
        ``upper``; of the district's published annual figure ``published`` (empty for a bound),
        ``published_lower``, ``published_upper`` (the bound, or what rounding allows), ``obs_id``,
        ``source_id``; ``judged`` ("inside": the published value lies in the interval, "reaches": the
        bounds and the interval meet, "outside", or empty with nothing published);
        ``narrowed``, ``narrowed_lower``, ``narrowed_upper``: the interval cut to what was published
        and the estimate moved into it. That second value uses the publication and is never the
        series'; NaN where there is none or the two contradict each other.
    """
    seen = tables.load("observations", data=data)
    seen = seen[(seen["scope"] == scope) & (seen["period"] == "annual") & seen["use"]]
    known = tables.load("air/annual", data=data)
    known = set(known.loc[known["scope"] == scope, "indicator"])
    rows = []
    for indicator in indicators:
        if indicator not in known:
            continue
        for year, estimate in estimate_partial(indicator, scope=scope, data=data).iterrows():
            row = {"indicator": indicator, "year": int(year)}
            row |= estimate[["observed", "valid_days", "value", "lower", "upper"]].to_dict()
            found = seen[(seen["indicator"] == indicator) & (seen["year"] == year)]
            rows.append(row | _judged(row, None if found.empty else found.iloc[0]))
    out = pd.DataFrame(rows)
    return out.astype({"valid_days": "int64"}) if len(out) else out


def _judged(row: dict, found) -> dict:
    if found is None:
        names = ("published", "published_lower", "published_upper")
        blank = dict.fromkeys((*names, "narrowed", "narrowed_lower", "narrowed_upper"), np.nan)
        return blank | {"obs_id": "", "source_id": "", "judged": ""}
    value, low, high = (float(found[name]) for name in ("value", "lower", "upper"))
    if np.isfinite(value) and not (np.isfinite(low) and np.isfinite(high)):
        places = found["decimals"] if pd.notna(found.get("decimals")) else 0
        low, high = value - 0.5 * 10.0**-places, value + 0.5 * 10.0**-places
    low, high = np.nan_to_num(low, nan=-np.inf), np.nan_to_num(high, nan=np.inf)
    ends = max(row["lower"], low), min(row["upper"], high)
    meet = ends[0] <= ends[1]
    if np.isfinite(value):
        judged = "inside" if row["lower"] <= value <= row["upper"] else "outside"
    else:
        judged = "reaches" if meet else "outside"
    narrowed = (np.clip(row["value"], *ends), *ends) if meet else (np.nan,) * 3
    return {
        "published": value, "published_lower": low, "published_upper": high,
        "obs_id": found["obs_id"], "source_id": found["source_id"], "judged": judged,
        **dict(zip(("narrowed", "narrowed_lower", "narrowed_upper"), narrowed, strict=True)),
    }  # fmt: skip
