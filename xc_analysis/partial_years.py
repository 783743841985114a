"""The year of a record that is not whole: estimated from its days, with an interval.

Views of the missing part are learned from the district's whole years (docs/methods.md, 3), their
errors by leaving these out one by one, the same calendar days deleted. The district's published
value of the year is never used.
"""

from calendar import isleap
from collections import namedtuple

import numpy as np
import pandas as pd

from . import comparability as comp
from . import observations as obs
from .hourly.aqi import with_aqi
from .hourly.periods import INDICATORS, periods
from .tables import load

#: By what the same calendar days lacked in whole years; by the city's published year and its usual
#: ratio; by its ratio in the months of that very year that both have.
VIEWS = ("pattern", "city", "overlap")
MIN_OVERLAP, MIN_WHOLE = 3, 3  # months and years
#: No view counts as better than this on the working scale: with few years a small error is luck.
LEAST_ERROR = 0.005
#: Tables that an estimate is made from.
_READ = "air/annual air/daily air/national_daily air/station_daily indicators observations".split()

#: All that an estimate may look at: days by year, statistic, the city's years and its months.
Place = namedtuple("Place", "days statistic city city_months")


def days_by_year(daily: pd.DataFrame, column: str) -> dict[int, pd.DataFrame]:
    """Collect the valid days of a column by year: key (month * 100 + day), value, short ozone."""
    # known exceedances take no part, nor short ozone days in what is observed: both are in the
    # record because they were bad
    date = daily["date"].dt
    days = pd.DataFrame({"key": (date.month * 100 + date.day).replace(229, 228)})
    days["value"] = daily[column].mask((column == "aqi") & daily["known_exceedance"])
    days["short"] = (column == "o3_8h") & (daily["o3_windows"] < 14)
    return {int(year): part for year, part in days.dropna().groupby(date.year)}


def seen_days(days: pd.DataFrame) -> np.ndarray:
    """Tell which calendar days a year has, as a lookup by month * 100 + day."""
    return np.isin(np.arange(1232), days.loc[~days["short"], "key"])


def statistic_of(place: Place, year: int, seen=None) -> float:
    """Take the statistic of a year's days, or of those among `seen` without ozone cut short."""
    days = place.days[year]
    if seen is not None:
        days = days[seen[days["key"]] & ~days["short"]]
    return comp.statistic_values(days["value"].to_numpy(), place.statistic)


def city_values(indicator: str) -> tuple[dict[int, float], dict[int, dict[int, float]]]:
    """Read the city's published values: by year, and by year and month."""
    entry = obs.resolve_indicator(indicator)
    annual = obs.published_rows(entry, obs.CITY)["value"].dropna().to_dict()
    monthly = obs.published_rows(entry, obs.CITY, freq="monthly")["value"].dropna()
    months: dict[int, dict[int, float]] = {}
    for month, value in monthly.items():
        months.setdefault(month.year, {})[month.month] = value
    return annual, months


def _facts(place: Place, year: int, seen, given) -> dict[str, float]:
    """Tell what the days seen and the city show of a year, on the working scale."""
    s, days, city = place.statistic, place.days[year], place.city.get(year, np.nan)
    days = days[seen[days["key"]] & ~days["short"]]
    values, month = days["value"].to_numpy(), days["key"].to_numpy() // 100
    part = comp.forward(comp.statistic_values(values, s), s)
    facts = {"part": part, "city": comp.forward(city, s), "overlap": np.nan}
    facts |= {"low": 0.0, "high": np.inf}
    if s == "mean":
        # months published for the estimated year too, with the 27 days that HJ 663 asks of them
        published = place.city_months.get(year, {})
        months = published.keys() & given
        months = [m for m in months if (month == m).sum() >= (25 if m == 2 else 27)]
        if len(months) >= MIN_OVERLAP:
            here = sum(values[month == m].mean() for m in months)
            there = sum(published[m] for m in months)
            facts["overlap"] = np.log(city * (here / there))
    elif s in comp.COUNTS or s in comp.RATIOS:
        # at least what was seen, at most that and every day unseen
        first, last = (comp.COUNTS | comp.RATIOS)[s]
        length = 365 + isleap(year)
        unit = 1.0 if s in comp.COUNTS else 100.0 / length
        least = np.sum((values >= first) & (values <= last))
        facts |= {"low": least * unit, "high": (least + length - len(values)) * unit}
    return facts


def _views(known: pd.DataFrame, year: int, train, s: str) -> np.ndarray:
    """Take the views of one year, on the working scale; NaN where one has nothing to go by."""
    own, rest = known.loc[year], known.loc[train]
    gain = (rest["whole"] - rest["part"]).to_numpy().mean()
    ratios = (rest["whole"] - rest["city"]).dropna().to_numpy()
    city = own["city"] + (ratios.mean() if ratios.size else np.nan)
    views = np.array([own["part"] + gain, city, own["overlap"]])
    value = comp.backward(views, s)
    # a view from the city that contradicts the days seen is dropped, the pattern held within them
    kept = np.where((value >= own["low"]) & (value <= own["high"]), views, np.nan)
    kept[0] = comp.forward(np.clip(value[0], own["low"], own["high"]), s)
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
    """Estimate one year, with its 95 % interval, from days `seen` and whole years (`train`)."""
    from scipy.special import stdtrit

    s, given = place.statistic, place.city_months.get(year, {}).keys()
    known = pd.DataFrame({y: _facts(place, y, seen, given) for y in [*train, year]}).T
    for t in train:
        known.loc[t, "whole"] = comp.forward(statistic_of(place, t), s)
    others = {t: [other for other in train if other != t] for t in train}
    errors = np.array([_views(known, t, others[t], s) - known.at[t, "whole"] for t in train])
    views = _views(known, year, train, s)
    centre, weight = _combine(views, errors)
    at_hand = np.where(weight > 0, errors, np.nan)
    tried = np.flatnonzero(np.isfinite(at_hand).any(axis=1))
    left_out = [_combine(at_hand[i], np.delete(errors, i, axis=0))[0] for i in tried]
    k = len(left_out)
    # About zero, not about their mean: a bias in the past is part of the error to expect.
    spread = np.sqrt(np.sum(np.square(left_out)) / (k - 1) * (1 + 1 / k))
    half = stdtrit(k - 1, 0.975) * spread
    ends = comp.backward(np.array([centre, centre - half, centre + half]), s)
    ends = np.clip(ends, known.at[year, "low"], known.at[year, "high"])
    return {
        **dict(zip(comp.ENDS, ends, strict=True)),
        **{f"view_{name}": comp.backward(v, s) for name, v in zip(VIEWS, views, strict=True)},
        **{f"weight_{name}": w for name, w in zip(VIEWS, weight, strict=True)},
        "whole_years": k,
    }


# every series of a partial record asks
@obs.kept(*_READ)
def estimate_partial(indicator: str, *, archive_only: bool = False) -> pd.DataFrame:
    """Estimate the years whose station record is incomplete; none with too few whole years."""
    column, statistic = obs.column_of(indicator)
    ratio = f"{indicator.removesuffix('s')}_ratio"
    if statistic in comp.COUNTS and ratio in INDICATORS:
        # a count is its ratio of the year's days, so that the two cannot disagree
        out = estimate_partial(ratio, archive_only=archive_only).copy()
        length = np.array([365 + isleap(year) for year in out.index]) / 100
        parts = [*comp.ENDS, *(f"view_{name}" for name in VIEWS)]
        out[parts] = out[parts].mul(length, axis=0)
        return out.assign(observed=out["observed"] * out["valid_days"] / 100)
    daily, rows = obs.daily_rows(), obs.station_rows(indicator)
    if archive_only:
        daily = archive_days()
        rows = periods(daily, freq="year").query("indicator == @indicator").set_index("year")
    place = Place(days_by_year(daily, column), statistic, *city_values(indicator))
    is_partial = rows["completeness"].eq("partial").filter(list(place.days))
    whole, partial = is_partial.index[~is_partial], is_partial.index[is_partial]
    made = {}
    for year in partial if len(whole) >= MIN_WHOLE else ():
        days, seen = place.days[year], seen_days(place.days[year])
        made[year] = estimate_year(place, year, seen, list(whole))
        made[year] |= {"observed": statistic_of(place, year, seen), "valid_days": len(days)}
    names = [*comp.ENDS, "observed", "valid_days"]
    names += [f"{what}_{name}" for what in ("view", "weight") for name in VIEWS]
    index = pd.Index(list(made), name="year", dtype="int64")
    return pd.DataFrame(list(made.values()), index=index, columns=[*names, "whole_years"])


def archive_days() -> pd.DataFrame:
    """Return the district's days as the hourly archive alone gives them, with their AQI anew."""
    daily = obs.daily_rows()
    national = load("air/national_daily").query("use == 'fill'")
    keys = ["date", "station"]
    stations = load("air/station_daily").merge(national, on=keys, how="left", suffixes=("", "_n"))
    for column in ("pm25", "pm10", *comp.GASES):
        filled = np.isclose(stations[column], stations[f"{column}_n"], atol=1e-6)
        own = stations[column].mask(filled).groupby(stations["date"]).mean()
        rows = daily["national"] & daily["date"].isin(stations.loc[filled, "date"])
        # a station that is valid by itself still speaks for the district's day
        for name in ("pm10", "pm10_reported") if column == "pm10" else (column,):
            daily.loc[rows, name] = daily.loc[rows, "date"].map(own)
        if column == "o3_8h":
            daily.loc[rows, "o3_windows"] = np.nan
    rows = daily["national"]
    daily.loc[rows, "aqi"] = with_aqi(daily[rows])["aqi"].astype("float64")
    return obs.tidy_days(daily.assign(national=False))


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
        ``inside``, ``lean`` (estimate - known). Why it leans: ``days`` (of the archive),
        ``summer_days`` (June to August), ``pattern`` and ``city`` (two views), ``weight_city``,
        ``ratio_learned``, ``ratio_known`` (district over city in the whole years, and in this one),
        ``known_without_dust``. ``attrs["coverage"]``: (deleted, kind) to n, coverage, bias and
        width of the deletion test.

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
    indicator = obs.resolve_indicator(indicator)["indicator"]
    column, statistic = obs.column_of(indicator)
    made, record = estimate_partial(indicator, archive_only=True), obs.station_rows(indicator)
    known = record.loc[record["completeness"] != "partial", "value"]
    years = made.index.intersection(known.index)
    made, known = made.loc[years], known.loc[years]
    archive = days_by_year(archive_days(), column)
    counted = statistic in comp.COUNTS or statistic in comp.RATIOS
    city = pd.Series({} if counted else city_values(indicator)[0], dtype=float).reindex(years)
    daily = obs.daily_rows()
    daily = daily[~comp.dust_days(daily) & (column in comp.PARTICLES)]
    dustless = daily.groupby(daily["date"].dt.year)[column].mean()
    rows = made[comp.ENDS].rename(columns={"value": "estimate"})
    rows["known"] = known
    rows["inside"] = known.between(made["lower"], made["upper"])
    rows["lean"] = made["value"] - known
    rows["days"] = made["valid_days"]
    rows["summer_days"] = [int((archive[y]["key"] // 100).isin([6, 7, 8]).sum()) for y in years]
    rows["pattern"], rows["city"] = made["view_pattern"], made["view_city"]
    rows["weight_city"] = made["weight_city"] + made["weight_overlap"]
    rows["ratio_learned"], rows["ratio_known"] = made["view_city"] / city, known / city
    rows["known_without_dust"] = dustless.reindex(years)
    table = load("air/deletions")
    table = table[table["indicator"] == indicator]
    # counts and ratios in their own unit, all else in per cent of the true value
    unit = 1.0 if counted else 100 / table["true"]
    table["bias"] = (table["value"] - table["true"]) * unit
    table["width"] = (table["upper"] - table["lower"]) * unit
    table["coverage"] = table["true"].between(table["lower"], table["upper"])
    kinds = pd.concat([table, table.assign(kind="all")]).groupby(["deleted", "kind"], sort=False)
    tested = kinds.agg({"coverage": "mean", "bias": "mean", "width": "median", "true": "size"})
    coverage = tested.rename(columns={"true": "n"}).to_dict("index")
    rows.attrs = {"indicator": indicator, "scope": obs.HOME, "coverage": coverage}
    return rows
