"""Months, seasons, weekdays, stations: what the days of the record say beside their annual mean.

Frames of ``data/air`` in, frames out; nothing is filled in. Months with fewer than 15 valid days
(completeness ``partial``) enter no profile.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from .. import hourly
from ..adjust.dust import CAUSES, causes
from ..errors import Empty, InputError
from ..evidence import series
from ..packs.places import home
from ..records.stations import UCI
from ..tables import load

#: Indicators of ``air/daily`` that have a value a day, and the column that they come from.
DAILY_COLUMNS = {
    "pm25": "pm25", "pm10": "pm10", "no2": "no2", "so2": "so2", "co_p95": "co",
    "o3_8h_p90": "o3_8h", "o3_8h_mean": "o3_8h",
}  # fmt: skip
QUANTILE = {"co_p95": 0.95, "o3_8h_p90": 0.90}

Periods = Mapping[str, tuple[int, int]]


def season_profile(
    indicator: str,
    periods: Periods,
    *,
    scope: str | None = None,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Mean of each calendar month over the years of each period.

    Parameters
    ----------
    indicator : str
        One that has months in ``air/monthly``.
    periods : mapping of str to (int, int)
        Name to first and last year.
    scope : str, optional
        Default the district of the pack.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index month 1-12; per period ``<name>``, ``<name> low`` and ``<name> high`` (range over
        the years, in the indicator's unit) and ``<name> years`` (how many of them).
    """
    scope = scope or home(data).scope
    months = series(indicator, scope=scope, source="station", freq="monthly", data=data)
    months = months[(months["completeness"] != "partial") & months["value"].notna()]
    out = pd.DataFrame(index=pd.RangeIndex(1, 13, name="month"))
    for name, (first, last) in periods.items():
        inside = months[(months.index.year >= first) & (months.index.year <= last)]
        by_month = inside["value"].groupby(inside.index.month)
        out[name] = by_month.mean()
        out[f"{name} low"] = by_month.min()
        out[f"{name} high"] = by_month.max()
        out[f"{name} years"] = by_month.size().reindex(out.index, fill_value=0)
    return out


def pinyin(station: str) -> str:
    """A station's name in English figures, where UCI has one; else the name itself."""
    return {zh: name for name, zh in UCI.items()}.get(station, station)


def three_periods(months: pd.DataFrame, *, base: int) -> dict[str, tuple[int, int]]:
    """Three spans of three years: the record's first, those to a base year, its last.

    Parameters
    ----------
    months : DataFrame
        A monthly series.
    base : int
        Base year of the plan.

    Returns
    -------
    dict of str to (int, int)
        Name to first and last year; the record begins with its first year that has twelve months,
        and a span that would overlap the one before is left out.
    """
    known = months[(months["completeness"] != "partial") & months["value"].notna()]
    count = pd.Series(known.index.year).value_counts().sort_index()
    if count.empty:
        return {}
    last = int(months.index.year.max())
    whole = count.index[count == 12]
    first = int(whole[0] if len(whole) else count.index[0])
    spans = [(first, min(first + 2, last)), (base - 2, base), (last - 2, last)]
    out, end = {}, 0
    for a, b in spans:
        if a > end and b <= last and count.reindex(range(a, b + 1)).notna().any():
            out[f"{a}–{b}"] = (a, b)
            end = b
    return out


def whole_years(indicator: str, *, scope: str | None = None, data=None) -> tuple[int, int]:
    """The longest run of years without a partial year or a partial month.

    Parameters
    ----------
    indicator, scope, data
        As in :func:`season_profile`.

    Returns
    -------
    (int, int)
        First and last year; the later run of two that are equally long.

    Raises
    ------
    InputError
        If no year is whole.
    """
    scope = scope or home(data).scope
    years = series(indicator, scope=scope, source="station", partial="drop", data=data).index
    months = series(indicator, scope=scope, source="station", freq="monthly", data=data)
    months = months[(months["completeness"] != "partial") & months["value"].notna()]
    count = pd.Series(months.index.year).value_counts()
    whole = sorted(year for year in years if count.get(year, 0) == 12)
    if not whole:
        raise Empty(
            f"{scope}的 {indicator} 没有完整的年份，分解不了 · no whole year of {indicator!r}: a"
            " decomposition needs two"
        )
    runs: list[list[int]] = []
    for year in whole:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    best = max(runs, key=lambda run: (len(run), run[-1]))
    return best[0], best[-1]


def decompose(
    indicator: str,
    *,
    first: int,
    last: int,
    log: bool = True,
    basis: str = "new",
    scope: str | None = None,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Trend, season and remainder of whole years, by STL.

    Parameters
    ----------
    indicator, scope, data
        As in :func:`season_profile`.
    first, last : int
        Years without a gap, as :func:`whole_years` finds them; two at least.
    log : bool
        On the logarithm, which lets the season scale with the level; else on the values.
    basis : {"new", "raw", "old"}
        Reference state that the months are put on before, lest its change pass for a trend.

    Returns
    -------
    DataFrame
        Index month (PeriodIndex); observed and trend in the indicator's unit. On the logarithm
        seasonal and resid are in percent: observed = trend * (1 + seasonal/100) * (1 + resid/100);
        else in the indicator's unit: observed = trend + seasonal + resid.

    Raises
    ------
    InputError
        If a month is missing or partial, or there are fewer than two years.

    Notes
    -----
    Cleveland et al. 1990, J. Off. Stat. 6, 3-73, as statsmodels computes it; seasonal window 13.
    """
    from statsmodels.tsa.seasonal import STL

    scope = scope or home(data).scope
    frame = series(indicator, scope=scope, source="station", freq="monthly", basis=basis, data=data)
    wanted = pd.period_range(f"{first}-01", f"{last}-12", freq="M", name="month")
    rows = frame.reindex(wanted)
    bad = wanted[rows["value"].isna() | (rows["completeness"] == "partial")]
    if len(bad):
        raise Empty(
            f"{scope}的 {indicator} 缺{bad[0]}或该月不完整，分解不了"
            f" · {indicator!r} of {scope}: {bad[0]} is missing or partial; STL needs every month:"
            " choose a stretch without a gap"
        )
    if last <= first:
        raise Empty(
            f"分解至少要两年，这里只有{first}—{last} · STL needs two years at least, not {first}..{last}"
        )
    value = rows["value"].to_numpy(float)
    fit = STL(np.log(value) if log else value, period=12, seasonal=13).fit()
    trend, seasonal, resid = fit.trend, fit.seasonal, fit.resid
    if log:
        trend, seasonal, resid = np.exp(trend), 100 * np.expm1(seasonal), 100 * np.expm1(resid)
    return pd.DataFrame(
        {"observed": value, "trend": trend, "seasonal": seasonal, "resid": resid}, index=wanted
    )


def weekday_profile(daily: pd.DataFrame, column: str, periods: Periods) -> pd.DataFrame:
    """Each weekday against the mean of its week.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily`` of one scope: date and `column`.
    column : str
    periods : mapping of str to (int, int)
        Name to first and last year (of the week's Monday).

    Returns
    -------
    DataFrame
        Index weekday 0-6 (Monday 0); per period ``<name>`` (percent above the week's mean),
        ``<name> low``, ``<name> high`` (95 % interval of that mean over weeks) and
        ``<name> weeks``. Only weeks with all seven days enter, so that season and level drop out.
    """
    date = pd.to_datetime(daily["date"])
    day = date.dt.day_of_week
    table = pd.DataFrame(
        {
            "monday": date - pd.to_timedelta(day, unit="D"),
            "day": day,
            "value": daily[column].to_numpy(float),
        }
    ).pivot(index="monday", columns="day", values="value")
    table = table.reindex(columns=range(7)).dropna()
    change = 100 * table.div(table.mean(axis=1), axis=0) - 100
    out = pd.DataFrame(index=pd.RangeIndex(7, name="weekday"))
    for name, (first, last) in periods.items():
        part = change[(change.index.year >= first) & (change.index.year <= last)]
        half = 1.96 * part.std(ddof=1) / np.sqrt(len(part))
        out[name] = part.mean()
        out[f"{name} low"] = part.mean() - half
        out[f"{name} high"] = part.mean() + half
        out[f"{name} weeks"] = len(part)
    return out


def days_by_month(daily: pd.DataFrame, periods: Periods, *, above: int = 100) -> pd.DataFrame:
    """Share of days past an AQI, by calendar month and cause.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily`` of one scope.
    periods : mapping of str to (int, int)
        Name to first and last year.
    above : int
        100 exceedance, 200 heavy, 300 severe.

    Returns
    -------
    DataFrame
        Index (period, month); pm25, dust, o3, other in percent of the days with an AQI, `days`
        past the AQI and `aqi_days`. Missing where no day has an AQI.
    """
    aqi, date = daily["aqi"].astype("Float64"), daily["date"]
    cause = causes(daily)
    parts = {}
    for name, (first, last) in periods.items():
        inside = date.dt.year.between(first, last)
        month = date[inside].dt.month.rename("month")
        known = aqi[inside].notna().groupby(month).sum().reindex(range(1, 13), fill_value=0)
        past = (aqi[inside] > above).fillna(False).astype(bool)
        count = pd.crosstab(month[past], cause[inside][past]).reindex(
            index=range(1, 13), columns=list(CAUSES), fill_value=0
        )
        part = 100 * count.div(known.where(known > 0), axis=0)
        parts[name] = part.assign(days=count.sum(axis=1), aqi_days=known)
    return pd.concat(parts, names=["period", "month"]).rename_axis(columns=None)


def primary_days(daily: pd.DataFrame, *, above: int = 100) -> pd.DataFrame:
    """Days past an AQI by year and primary pollutant.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily`` of one scope.
    above : int

    Returns
    -------
    DataFrame
        Index year, one column a pollutant (days). A day with two primary pollutants counts half
        for each, so that rows add up to days; `total` is that sum.
    """
    past = (daily["aqi"].astype("Float64") > above).fillna(False).astype(bool)
    rows = daily.loc[past, ["date", "primary"]].assign(year=lambda d: d["date"].dt.year)
    names = rows["primary"].astype(str).str.split("+")
    rows = rows.assign(weight=1 / names.str.len(), primary=names).explode("primary")
    table = rows.pivot_table(index="year", columns="primary", values="weight", aggfunc="sum")
    years = sorted(daily["date"].dt.year.unique())
    table = table.reindex(index=pd.Index(years, name="year")).fillna(0.0).rename_axis(columns=None)
    return table.assign(total=table.sum(axis=1))


def stations_apart(
    indicator: str, *, stations: tuple[str, str], data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """Two stations against each other on the days that both have.

    Parameters
    ----------
    indicator : str
        One of `DAILY_COLUMNS`.
    stations : (str, str)
        Names in ``air/station_daily``.
    data : path, optional

    Returns
    -------
    DataFrame
        Index year; one column a station (statistic of the common days, in the indicator's unit),
        difference (first - second), difference_pct (of their mean), correlation of the days,
        common_days.

    Raises
    ------
    InputError
        For a station that the table does not have.
    """
    daily = load("air/station_daily", data=data)
    for name in stations:
        _known_station(name, daily)
    column = DAILY_COLUMNS[indicator]
    wide = daily.pivot(index="date", columns="station", values=column)[list(stations)].dropna()
    share = QUANTILE.get(indicator)
    years = wide.groupby(wide.index.year)
    out = years.mean() if share is None else years.quantile(share)
    a, b = stations
    out = out.rename_axis(index="year", columns=None)
    out["difference"] = out[a] - out[b]
    out["difference_pct"] = 200 * out["difference"] / (out[a] + out[b])
    out["correlation"] = years.apply(lambda days: days[a].corr(days[b]))
    return out.assign(common_days=years.size())


def station_years(
    like: Mapping[str, pd.DataFrame],
    *,
    stations: tuple[str, ...],
    data: str | os.PathLike | None = None,
) -> dict[tuple[str, str], pd.DataFrame]:
    """Annual values of single stations, in the form of series.

    Parameters
    ----------
    like : mapping of str to DataFrame
        Indicator (as in ``air/annual``) to the district's series, whose attributes (unit, scale,
        names) and sources the stations share.
    stations : sequence of str
        Names in ``air/station_daily``.
    data : path, optional

    Returns
    -------
    dict of (str, str) to DataFrame
        Indicator and station to a frame of index year; value, completeness, basis, release, valid_days, status, source_id.

    Raises
    ------
    InputError
        For a station that the table does not have.
    """
    daily = load("air/station_daily", data=data)
    for name in stations:
        _known_station(name, daily)
    days = daily[daily["station"].isin(stations)].rename(columns={"station": "scope"})
    annual = hourly.annual(days)
    out = {}
    for indicator, district in like.items():
        for name in stations:
            table = annual[(annual["scope"] == name) & (annual["indicator"] == indicator)]
            table = table.set_index("year").drop(columns=["scope", "indicator", "unit"])
            source = district["source_id"].reindex(table.index)
            out[indicator, name] = table.assign(status="computed", source_id=source)
            out[indicator, name].attrs = {**district.attrs, "scope": name}
    return out


def _known_station(name: str, daily: pd.DataFrame) -> None:
    known = sorted(daily["station"].unique())
    if name not in known:
        raise InputError(f"no days of station {name!r}: use one of {', '.join(known)}")
