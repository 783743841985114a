"""What bulletins print beside what the days of the record give, and what missing days would do."""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd

from ..errors import Empty
from ..packs.places import home
from ..tables import load
from .seasons import DAILY_COLUMNS, QUANTILE


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
    share = QUANTILE.get(indicator)
    return float(values.mean() if share is None else values.quantile(share)), len(values)


def bulletins(*, scope: str | None = None, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Printed values of months and of years to date beside those computed from the same days.

    Parameters
    ----------
    scope : str, optional
        Default the district of the pack.
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
    scope = scope or home(data).scope
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
    if not out:
        raise Empty(
            f"{scope}没有公布的月值或累计值可对照；用 xc template 取表、xc import 填入 · no printed value"
            " of a month or a year to date: xc template, then xc import"
        )
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
        raise Empty(
            f"{column} 没有一个月日数齐全，无从删起 · no month of {column} has all its days: nothing to"
            " delete from"
        )
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
