"""Months, seasons, weekdays, stations: what the days of the record say beside their annual mean.

Frames of ``data/air`` in, frames out; nothing is filled in. Months with fewer than 15 valid days
(completeness ``partial``) enter no profile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from .. import hourly
from ..adjust.dust import CAUSES, causes
from ..errors import InputError
from ..evidence import series
from ..tables import load

#: Indicators of ``air/daily`` that have a value a day, and the column that they come from.
DAILY_COLUMNS = {
    "pm25": "pm25", "pm10": "pm10", "no2": "no2", "so2": "so2", "co_p95": "co",
    "o3_8h_p90": "o3_8h", "o3_8h_mean": "o3_8h",
}  # fmt: skip
_QUANTILE = {"co_p95": 0.95, "o3_8h_p90": 0.90}

Periods = Mapping[str, tuple[int, int]]


def season_profile(
    indicator: str,
    periods: Periods,
    *,
    scope: str = "西城区",
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Mean of each calendar month over the years of each period.

    Parameters
    ----------
    indicator : str
        One that has months in ``air/monthly``.
    periods : mapping of str to (int, int)
        Name to first and last year.
    scope : str
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        Index month 1-12; per period ``<name>``, ``<name> low`` and ``<name> high`` (range over
        the years, in the indicator's unit) and ``<name> years`` (how many of them).
    """
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


def whole_years(indicator: str, *, scope: str = "西城区", data=None) -> tuple[int, int]:
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
    years = series(indicator, scope=scope, source="station", partial="drop", data=data).index
    months = series(indicator, scope=scope, source="station", freq="monthly", data=data)
    months = months[(months["completeness"] != "partial") & months["value"].notna()]
    count = pd.Series(months.index.year).value_counts()
    whole = sorted(year for year in years if count.get(year, 0) == 12)
    if not whole:
        raise InputError(f"{indicator!r} of {scope} has no whole year: a decomposition needs two")
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
    scope: str = "西城区",
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

    frame = series(indicator, scope=scope, source="station", freq="monthly", basis=basis, data=data)
    wanted = pd.period_range(f"{first}-01", f"{last}-12", freq="M", name="month")
    rows = frame.reindex(wanted)
    bad = wanted[rows["value"].isna() | (rows["completeness"] == "partial")]
    if len(bad):
        raise InputError(
            f"{indicator!r} of {scope}: {bad[0]} is missing or partial; STL needs every month:"
            " choose a stretch without a gap"
        )
    if last <= first:
        raise InputError(f"STL needs two years at least, not {first}..{last}")
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


def span_value(daily: pd.DataFrame, indicator: str, *, pm10: str = "pm10") -> tuple[float, int]:
    """An indicator's statistic over some days.

    Parameters
    ----------
    daily : DataFrame
        Days of ``air/daily``.
    indicator : str
        One of `DAILY_COLUMNS`.
    pm10 : {"pm10", "pm10_reported"}
        Which of the two treatments of withheld PM10.

    Returns
    -------
    (float, int)
        The value in the indicator's unit, NaN without a day; and the number of valid days.
    """
    column = pm10 if indicator == "pm10" else DAILY_COLUMNS[indicator]
    values = daily[column].dropna()
    if values.empty:
        return float("nan"), 0
    share = _QUANTILE.get(indicator)
    return float(values.mean() if share is None else values.quantile(share)), len(values)


def bulletins(*, scope: str = "西城区", data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Printed values of months and of years to date beside those computed from the same days.

    Parameters
    ----------
    scope : str
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        One row a printed (or derived) value in use: obs_id, indicator, period, year, month
        (the last), months (how many), printed, lower, upper, printed_status, computed, reported
        (PM10 without filling), error (computed - printed), error_pct, valid_days, days, unit,
        source_id.
    """
    daily = load("air/daily", data=data)
    daily = daily[daily["scope"] == scope]
    when = daily["date"].dt.to_period("M")
    rows = load("observations", data=data)
    statistic = load("indicators", data=data).set_index("indicator")["statistic"]
    rows = rows[
        (rows["scope"] == scope)
        & rows["use"]
        & rows["value"].notna()
        & rows["indicator"].isin(list(DAILY_COLUMNS))
        & (rows["statistic"] == rows["indicator"].map(statistic))
    ]
    out = []
    for row in rows.itertuples():
        match = re.fullmatch(r"(\d{4})-(\d{2})(?:\.\.(\d{2}))?", row.period)
        if not match:
            continue
        first = pd.Period(f"{match[1]}-{match[2]}", "M")
        last = pd.Period(f"{match[1]}-{match[3] or match[2]}", "M")
        days = daily[(when >= first) & (when <= last)]
        value, valid = span_value(days, row.indicator)
        out.append(
            {
                "obs_id": row.obs_id, "indicator": row.indicator, "period": row.period,
                "year": first.year, "month": last.month, "months": last.month - first.month + 1,
                "printed": row.value, "lower": row.lower, "upper": row.upper,
                "printed_status": row.status, "computed": value,
                "reported": span_value(days, row.indicator, pm10="pm10_reported")[0],
                "error": value - row.value, "error_pct": 100 * (value / row.value - 1),
                "valid_days": valid, "days": (last.end_time - first.start_time).days + 1,
                "unit": row.unit, "source_id": row.source_id,
            }
        )  # fmt: skip
    return pd.DataFrame(out).sort_values(
        ["indicator", "year", "months", "month"], ignore_index=True
    )


def days_error(daily: pd.DataFrame, column: str, *, first: str | None = None) -> pd.DataFrame:
    """How far a month's mean strays when only so many of its days are known.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily`` of one scope.
    column : str
    first : str, optional
        Month (``YYYY-MM``) to begin with.

    Returns
    -------
    DataFrame
        Index share of days missing, in percent: 10, 20, ..., 80. ``scattered``: median over
        months of the 95 % half-width when the known days are drawn at random (finite population,
        1.96 s sqrt((1 - k/n)/k)); ``block``: the 95th percentile of the error when one unbroken
        run of days is missing, over all months and all places of the run. Both in percent of the
        month's mean. `months`: how many, each with all its days.
    """
    date = pd.to_datetime(daily["date"])
    month = date.dt.to_period("M")
    keep = month >= pd.Period(first, "M") if first else pd.Series(True, daily.index)
    whole = [
        values
        for when, values in daily.loc[keep, column].groupby(month[keep])
        if len(values) == when.days_in_month and values.notna().all()
    ]
    if not whole:
        raise InputError(f"no month of {column} has all its days: nothing to delete from")
    rows = []
    for share in range(10, 90, 10):
        spread, errors = [], []
        for values in whole:
            y, n = values.to_numpy(float), len(values)
            gap = round(n * share / 100)
            k = n - gap
            spread.append(1.96 * y.std(ddof=1) * np.sqrt((1 - k / n) / k) / y.mean())
            sums = np.convolve(y, np.ones(gap), mode="valid")
            errors.extend(np.abs((y.sum() - sums) / k / y.mean() - 1))
        rows.append(
            {"missing": share, "scattered": 100 * float(np.median(spread)),
             "block": 100 * float(np.quantile(errors, 0.95)), "months": len(whole)}
        )  # fmt: skip
    return pd.DataFrame(rows).set_index("missing")


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
    share = _QUANTILE.get(indicator)
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
