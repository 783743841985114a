"""Dust days and the causes of bad days: a transparent stand-in for a decision made elsewhere.

Official evaluation leaves sandstorm episodes out of PM2.5 and PM10 from 2017 on, decided from
satellite and weather evidence (环办监测〔2016〕120号), for assessment and ranking; published counts of
days keep them. The rule here looks at the day's own values only and is named a stand-in for that
reason.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from .. import tables

PARTICLES = ("pm25", "pm10", "pm10_reported")
CAUSES = ("pm25", "dust", "o3", "other")
#: First year that official evaluation leaves sandstorms out.
LEFT_OUT_SINCE = 2017


def dust_days(daily: pd.DataFrame, *, pm10: float = 150.0, ratio: float = 0.45) -> pd.Series:
    """Days that a simple rule calls dust: a stand-in for the official decision.

    Parameters
    ----------
    daily : DataFrame
        With ``pm25`` and ``pm10`` (µg/m³).
    pm10 : float
        PM10 above this, and
    ratio : float
        PM2.5/PM10 below this.

    Returns
    -------
    Series of bool
        Aligned with `daily`; False where either value is missing.
    """
    return (daily["pm10"] > pm10) & (daily["pm25"] < ratio * daily["pm10"])


def without_dust(daily: pd.DataFrame, **rule) -> pd.DataFrame:
    """Daily values with PM2.5 and PM10 of dust days left out (missing).

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily``.
    **rule
        As :func:`dust_days`.

    Returns
    -------
    DataFrame
        A copy. Gases, the AQI and counts of days keep dust days, as published counts do.
    """
    out = daily.copy()
    columns = [column for column in PARTICLES if column in out]
    out.loc[dust_days(daily, **rule), columns] = np.nan
    return out


def causes(daily: pd.DataFrame, **rule) -> pd.Series:
    """What drove each day past AQI 100: ``pm25``, ``dust``, ``o3`` or ``other``.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily``: aqi, primary, pm25, pm10.
    **rule
        As :func:`dust_days`.

    Returns
    -------
    Series of str
        Missing where AQI is at most 100 or unknown. Dust is asked first, and only of days whose
        index a particulate set; then the primary pollutant, a tie going to PM2.5 before O3.
        ``other`` is PM10 without dust, NO2, CO or SO2.
    """
    leaders = [set(str(some).split("+")) for some in daily["primary"]]
    particles, pm25, o3 = (
        np.array([bool(names & some) for some in leaders], dtype=bool)
        for names in ({"pm25", "pm10"}, {"pm25"}, {"o3_8h"})
    )
    dust = dust_days(daily, **rule).to_numpy() & particles
    cause = np.select([dust, pm25, o3], ["dust", "pm25", "o3"], default="other")
    past = (daily["aqi"].astype("Float64") > 100).fillna(False).to_numpy(bool)
    return pd.Series(cause, index=daily.index, dtype="str", name="cause").where(past)


def exceedances(daily: pd.DataFrame, *, above: int = 100, **rule) -> pd.DataFrame:
    """Days past an AQI, by year and cause.

    Parameters
    ----------
    daily : DataFrame
        As ``air/daily``.
    above : int
        100 for exceedance, 200 for heavy pollution, 300 for severe.
    **rule
        As :func:`dust_days`.

    Returns
    -------
    DataFrame
        Index year; pm25, dust, o3, other, total, aqi_days (days with an AQI).
    """
    year = daily["date"].dt.year.rename("year")
    past = (daily["aqi"].astype("Float64") > above).fillna(False).astype(bool)
    table = pd.crosstab(year[past], causes(daily, **rule)[past])
    table = table.reindex(
        index=sorted(year.unique()), columns=list(CAUSES), fill_value=0
    ).rename_axis(index="year", columns=None)
    table["total"] = table.sum(axis=1)
    return table.assign(aqi_days=daily["aqi"].notna().groupby(year).sum())


def listed(*, scope: str, data: str | os.PathLike | None = None, **rule) -> pd.DataFrame:
    """The days that the rule calls dust.

    Parameters
    ----------
    scope : str
        A district of ``air/daily``.
    data : path, optional
        Folder of the tables.
    **rule
        As :func:`dust_days`.

    Returns
    -------
    DataFrame
        date, pm25, pm10, ratio, aqi, primary, cause (missing where the AQI is at most 100).
    """
    daily = _days(scope, data)
    rows = daily[dust_days(daily, **rule)]
    out = rows.assign(ratio=rows["pm25"] / rows["pm10"], cause=causes(daily, **rule))
    columns = ["date", "pm25", "pm10", "ratio", "aqi", "primary", "cause"]
    return out[columns].reset_index(drop=True)


def effect(*, scope: str, data: str | os.PathLike | None = None, **rule) -> pd.DataFrame:
    """What leaving the stand-in's dust days out does to each year.

    Parameters
    ----------
    scope, data, **rule
        As :func:`listed`.

    Returns
    -------
    DataFrame
        Index year: dust_days; the mean of PM2.5 and PM10 of the valid days with them (pm25, pm10)
        and without (pm25_less, pm10_less); heavy_days and those caused by dust (heavy_dust);
        days past AQI 100 and those caused by dust (past, past_dust).
    """
    daily = _days(scope, data)
    year = daily["date"].dt.year.rename("year")
    less = without_dust(daily, **rule)
    out = pd.DataFrame({"dust_days": dust_days(daily, **rule).groupby(year).sum()})
    for column in ("pm25", "pm10"):
        out[column] = daily[column].groupby(year).mean()
        out[f"{column}_less"] = less[column].groupby(year).mean()
    for name, above in (("heavy", 200), ("past", 100)):
        counted = exceedances(daily, above=above, **rule)
        out[f"{name}_days" if name == "heavy" else name] = counted["total"]
        out[f"{name}_dust"] = counted["dust"]
    return out


def _days(scope: str, data) -> pd.DataFrame:
    daily = tables.load("air/daily", data=data)
    return daily[daily["scope"] == scope]
