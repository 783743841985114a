"""The year of a record that is not whole: estimated from its days, with an interval.

Three views of the missing part, each a correction learned from the district's whole years:

``pattern``  the year's own observed statistic, times the ratio whole/observed that the same
             calendar days had in whole years (the district's seasonal pattern);
``city``     the city's published value of that year, times the ratio district/city of whole years;
``overlap``  the city's published annual value, times the ratio district/city over those months of
             that very year that are observed here (27 days, February 25) and published there; for
             means only, from three such months on.

Each view's error is measured by leaving out one whole year at a time and deleting the same calendar
days from it. Views are averaged with weights inverse to their mean squared errors; the interval is
Student's t on the left-out errors of that average: their root mean square about zero, with k - 1
degrees of freedom for k years, times sqrt(1 + 1/k). The district's published value of the estimated
year is never used. `estimate_check` tells how well this did.

Concentrations work on ln y, counts of days on ln(y + 0.5), ratios of days on the logit. Known
exceedances (no AQI, but one pollutant above 100) take no part, nor do the ozone days with fewer
than 14 windows in what is observed: both are in the record because they were bad.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .comparability import (
    COUNTS,
    RATIOS,
    backward,
    dust_days,
    forward,
    short_ozone,
    statistic_values,
)
from .hourly.aqi import with_aqi
from .observations import (
    CITY,
    HOME,
    STATISTICS,
    column_of,
    daily_rows,
    resolve_indicator,
    stamp,
    whole_index,
)
from .tables import load

LEVEL = 0.95
VIEWS = ("pattern", "city", "overlap")
#: Days that HJ 663 asks of a month before it counts as observed.
FULL_MONTH, FULL_FEBRUARY = 27, 25
MIN_OVERLAP = 3  # months
MIN_WHOLE = 3  # years
#: No view counts as better than this on the working scale: with few years a small error is luck.
LEAST_ERROR = 0.005
#: What the national publication may fill, and the columns that go with it.
NATIONAL_COLUMNS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
_WITH = {"pm10": ("pm10_reported",), "o3_8h": ("o3_windows",)}


@dataclass(frozen=True)
class Days:
    """Valid days of a year: month * 100 + day (29 February as the 28th), value, ozone cut short."""

    key: np.ndarray
    values: np.ndarray
    short: np.ndarray


@dataclass(frozen=True)
class Place:
    """All that an estimate may look at: days by year, statistic, the city's years and months."""

    days: dict[int, Days]
    statistic: str
    city: dict[int, float]
    city_months: dict[int, dict[int, float]]


# ------------------------------------------------------------------------- days and statistics


def days_by_year(daily: pd.DataFrame, column: str) -> dict[int, Days]:
    """Collect the valid days of a column, year by year."""
    values = whole_index(daily) if column == "aqi" else daily[column]
    valid = values.notna().to_numpy()
    date = daily["date"].dt
    key = (date.month * 100 + date.day).to_numpy()
    key = np.where(key == 229, 228, key)
    short = np.zeros(len(daily), dtype=bool)
    if column == "o3_8h":
        short = short_ozone(daily).to_numpy()
    year, values = date.year.to_numpy(), values.to_numpy(float)
    out = {}
    for one in np.unique(year[valid]):
        rows = valid & (year == one)
        out[int(one)] = Days(key[rows], values[rows], short[rows])
    return out


def seen_days(days: Days) -> np.ndarray:
    """Tell which calendar days a year has, as a lookup by month * 100 + day."""
    table = np.zeros(1232, dtype=bool)
    table[days.key[~days.short]] = True
    return table


def _part(place: Place, year: int, seen=None) -> tuple[np.ndarray, np.ndarray]:
    """Days of a whole year, or those among `seen`, without ozone cut short."""
    days = place.days[year]
    if seen is None:
        return days.key, days.values
    kept = seen[days.key] & ~days.short
    return days.key[kept], days.values[kept]


def statistic_of(place: Place, year: int, seen=None) -> float:
    """Take the statistic of a year's days, or of those among `seen`."""
    return statistic_values(_part(place, year, seen)[1], place.statistic)


def year_length(year: int) -> int:
    """Count the days of a year."""
    return 366 if pd.Timestamp(year, 1, 1).is_leap_year else 365


def _limits(place: Place, year: int, seen) -> tuple[float, float]:
    """Bound a count by what was seen: at least that, at most that and every day unseen."""
    s = place.statistic
    if s not in COUNTS and s not in RATIOS:
        return 0.0, np.inf
    length = year_length(year)
    values = _part(place, year, seen)[1]
    low, high = (COUNTS | RATIOS)[s]
    least = np.sum((values >= low) & (values <= high))
    unit = 1.0 if s in COUNTS else 100.0 / length
    return least * unit, (least + length - len(values)) * unit


# -------------------------------------------------------------------------------- the estimate


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
    """Take the views of one year, on the working scale; NaN where one has nothing to go by.

    A whole year that stands in for the estimated one may use none but its published months, `given`.
    A view from the city that contradicts what was seen is dropped; the pattern is held within it.
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
    """Estimate one year from part of its days (`seen`) and from whole years (`train`).

    Returns value, lower, upper (95 %), value and weight of each view, and how many left-out errors
    the interval rests on. Of `year` only the days among `seen` are looked at.
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
        "value": value,
        "lower": lower,
        "upper": upper,
        **{f"view_{name}": backward(v, s) for name, v in zip(VIEWS, views, strict=True)},
        **{f"weight_{name}": w for name, w in zip(VIEWS, weight, strict=True)},
        "whole_years": k,
    }


# ------------------------------------------------------------------------------ of the tables


def city_values(indicator: str) -> tuple[dict[int, float], dict[int, dict[int, float]]]:
    """Read the city's published values: by year, and by year and month."""
    rows = load("observations")
    statistic = load("indicators").set_index("indicator")["statistic"]
    rows = rows[
        (rows["scope"] == CITY)
        & (rows["indicator"] == indicator)
        & (rows["statistic"] == statistic.get(indicator))
        & rows["use"]
        & rows["value"].notna()
    ]
    annual = rows[rows["period"] == "annual"].set_index("year")["value"].to_dict()
    months: dict[int, dict[int, float]] = {}
    for row in rows[rows["period"].str.fullmatch(r"\d{4}-\d{2}").fillna(False)].itertuples():
        months.setdefault(int(row.year), {})[int(row.period[-2:])] = row.value
    return annual, months


def completeness(days: Days, year: int) -> str:
    """Class a year by its valid days: strict, adequate or partial (docs/methods.md, 1)."""
    n = len(days.key)
    months = np.bincount(days.key // 100, minlength=13)[1:]
    full = np.full(12, FULL_MONTH)
    full[1] = FULL_FEBRUARY
    if n >= 324 and (months >= full).all():
        return "strict"
    if n >= 0.85 * year_length(year) and (months >= 15).all():
        return "adequate"
    return "partial"


def estimate_partial(indicator: str) -> pd.DataFrame:
    """Estimate the years whose station record is incomplete, as `estimate_year`, with interval.

    Empty where no year is partial or fewer than three are whole.
    """
    column_of(indicator)
    return _estimates(indicator, False, stamp(*_READ)).copy()


#: Tables that an estimate is made from.
_READ = tuple(f"air/{name}" for name in ("annual", "daily", "national_daily", "station_daily"))
_READ += ("indicators", "observations")


@functools.lru_cache(maxsize=64)
def _estimates(indicator: str, archive_only: bool, _stamp: tuple) -> pd.DataFrame:
    """Estimates of the partial years, kept: every series of a partial record asks for them."""
    column, statistic = column_of(indicator)
    ratio = f"{indicator.removesuffix('s')}_ratio"
    if statistic in COUNTS and ratio in STATISTICS:
        # a count is its ratio of the year's days, so that the two cannot disagree
        out = _estimates(ratio, archive_only, _stamp).copy()
        days = out.index.map(year_length) / 100
        parts = [c for c in out if c in ("value", "lower", "upper") or c.startswith("view_")]
        out[parts] = out[parts].mul(days, axis=0)
        return out.assign(observed=out["observed"] * out["valid_days"] / 100)
    daily = archive_days() if archive_only else daily_rows(HOME)
    place = Place(days_by_year(daily, column), statistic, *city_values(indicator))
    if archive_only:
        classes = {year: completeness(days, year) for year, days in place.days.items()}
    else:
        annual = load("air/annual")
        annual = annual[(annual["scope"] == HOME) & (annual["indicator"] == indicator)]
        classes = annual.set_index("year")["completeness"].to_dict()
    whole = sorted(y for y in place.days if classes.get(y, "partial") != "partial")
    rows = {}
    if len(whole) >= MIN_WHOLE:
        for year in sorted(y for y in place.days if classes.get(y) == "partial"):
            seen = seen_days(place.days[year])
            rows[int(year)] = {
                **estimate_year(place, year, seen, whole),
                "observed": statistic_of(place, year, seen),
                "valid_days": len(place.days[year].key),
            }
    names = ["value", "lower", "upper", "observed", "valid_days"]
    if not rows:
        return pd.DataFrame(columns=names, index=pd.Index([], name="year", dtype="int64"))
    out = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    return out[[*names, *(c for c in out if c not in names)]]


def archive_days() -> pd.DataFrame:
    """Return the district's days as the hourly archive alone gives them, with their AQI anew."""
    daily = daily_rows(HOME)
    if not daily["national"].any():
        return daily
    national = load("air/national_daily")
    national = national[national["use"] == "fill"]
    stations = load("air/station_daily").merge(
        national, on=["date", "station"], how="left", suffixes=("", "_n")
    )
    for column in NATIONAL_COLUMNS:
        filled = np.isclose(stations[column], stations[f"{column}_n"], atol=1e-6)
        own = stations[column].mask(filled).groupby(stations["date"]).mean()
        rows = daily["national"] & daily["date"].isin(stations.loc[filled, "date"])
        # a station that is valid by itself still speaks for the district's day
        for name in (column, *_WITH.get(column, ())):
            kept = own if name != "o3_windows" else pd.Series(dtype=float)
            daily.loc[rows, name] = daily.loc[rows, "date"].map(kept)
    rows = daily["national"]
    again = with_aqi(daily[rows].drop(columns=["aqi", "primary", "known_exceedance"]))
    daily.loc[rows, "aqi"] = again["aqi"].astype("float64").to_numpy(float, na_value=np.nan)
    daily.loc[rows, "known_exceedance"] = again["known_exceedance"].to_numpy(bool)
    return daily.assign(national=False)


# --------------------------------------------------------------------------------- the check


def estimate_check(indicator: str) -> pd.DataFrame:
    """Lay estimates beside what became known, and tell what the deletion test covers.

    Parameters
    ----------
    indicator : str
        Id or name of an indicator that is computed from days.

    Returns
    -------
    DataFrame
        Index year, those that are whole only with the national days: ``estimate``, ``lower``,
        ``upper`` (from the archive's days and the city's published values alone), ``known``,
        ``inside``, ``lean`` (estimate - known). Then why it leans: ``days`` (of the archive),
        ``summer_days`` (June to August), ``pattern`` and ``city`` (the two views),
        ``weight_city``, ``ratio_learned`` and ``ratio_known`` (district over city in the whole
        years, and in this one), ``known_without_dust``. ``attrs["coverage"]``: (deleted, kind) to
        n, coverage, bias and width of the deletion test.

    Raises
    ------
    InputError
        If the indicator has no daily record.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> list(xc.estimate_check("pm25"))[:5]
    ['estimate', 'lower', 'upper', 'known', 'inside']
    """
    indicator = resolve_indicator(indicator)["indicator"]
    column, statistic = column_of(indicator)
    made = _estimates(indicator, True, stamp(*_READ))
    annual = load("air/annual")
    annual = annual[(annual["scope"] == HOME) & (annual["indicator"] == indicator)]
    annual = annual.set_index("year")
    known = annual.loc[annual["completeness"] != "partial", "value"]
    years = made.index.intersection(known.index)
    made, known = made.loc[years], known.loc[years]
    archive = days_by_year(archive_days(), column)
    rows = made[["value", "lower", "upper"]].rename(columns={"value": "estimate"})
    rows["known"] = known
    rows["inside"] = (known >= made["lower"]) & (known <= made["upper"])
    rows["lean"] = made["value"] - known
    rows["days"] = made["valid_days"].astype("int64")
    summer = {y: int(np.isin(archive[y].key // 100, (6, 7, 8)).sum()) for y in years}
    rows["summer_days"] = pd.Series(summer, dtype="int64")
    rows["pattern"], rows["city"] = made["view_pattern"], made["view_city"]
    rows["weight_city"] = made["weight_city"] + made["weight_overlap"]
    rows["ratio_learned"] = rows["ratio_known"] = rows["known_without_dust"] = np.nan
    if statistic not in COUNTS | RATIOS:
        city = pd.Series(city_values(indicator)[0], dtype=float).reindex(years)
        rows["ratio_learned"], rows["ratio_known"] = rows["city"] / city, known / city
    if column in ("pm25", "pm10"):
        kept = daily_rows(HOME)
        kept = kept[~dust_days(kept)]
        means = kept.groupby(kept["date"].dt.year)[column].mean()
        rows["known_without_dust"] = means.reindex(years)
    tested = deletion_coverage(indicator)
    rows.attrs = {"indicator": indicator, "scope": HOME, "coverage": tested}
    return rows


def deletion_coverage(indicator: str) -> dict[tuple[str, str], dict]:
    """Sum up the deletion test by what was deleted and at what kind of place, and at all places.

    ``coverage``: share of the 95 % intervals that hold the true value; ``bias`` and ``width`` are in
    per cent of it, of counts and ratios in their own unit. Empty where nothing was tested.
    """
    table = load("air/deletions")
    table = table[table["indicator"] == indicator]
    relative = column_of(indicator)[1] in ("mean", "p90", "p95")
    unit = 100 / table["true"] if relative else 1.0
    table = table.assign(
        bias=(table["value"] - table["true"]) * unit,
        width=(table["upper"] - table["lower"]) * unit,
        coverage=table["true"].between(table["lower"], table["upper"]),
    )
    parts = {}
    for part in (table, table.assign(kind="all")):
        groups = part.groupby(["deleted", "kind"])
        summed = groups[["coverage", "bias"]].mean().join(groups["width"].median())
        parts |= summed.assign(n=groups.size()).to_dict("index")
    return parts
