"""What makes two years comparable: reference state, dust, other breakpoints. Named, switchable.

Reference state. The amendment of GB 3095-2012 in force since 2018-09-01 reports gases at 298.15 K
and 1013.25 hPa (before: 273.15 K), particulates at the temperature and pressure of the day (before:
273.15 K and 1013.25 hPa). A concentration c0 of the old state is, on the new one,

    gases         c0 * 273.15 / 298.15                         (0.9161, whatever the season)
    particulates  c0 * (P / 1013.25) * (273.15 / (273.15 + t))  (P hPa, t degrees C)

For particulates the mean factor of each calendar month is used, from the weather record that UCI 501
carries (2013-03 to 2017-02): no weather of the later years is at hand.

Dust. Official evaluation leaves sandstorm episodes out from 2017 on, decided from satellite and
weather evidence (环办监测〔2016〕120号). The stand-in here is a rule on the day's own values and is
named so.

Partial years are the work of :mod:`xc_analysis.partial`.
"""

from __future__ import annotations

import functools
import os

import numpy as np
import pandas as pd

from . import tables
from .errors import InputError
from .partial import estimate_partial

__all__ = [
    "CHANGE", "GAS_FACTOR", "causes", "convert", "dust_days", "estimate_partial", "exceedances",
    "read_breakpoints", "recount", "state_factors", "to_basis", "without_dust",
]  # fmt: skip

#: First day of the new reference state (amendment of GB 3095-2012).
CHANGE = pd.Timestamp("2018-09-01")
GAS_FACTOR = 273.15 / 298.15
GASES = ("so2", "no2", "co", "o3_8h")
PARTICLES = ("pm25", "pm10", "pm10_reported")
BASIS = {"old": "ref-273K", "new": "ref-298K"}


def state_factors(*, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Factor from the old reference state to the new one, by calendar month.

    Parameters
    ----------
    data : path, optional
        Folder of the tables; default as :func:`xc_analysis.tables.data_dir`.

    Returns
    -------
    DataFrame
        Index ``month`` 1 to 12; ``gas`` and ``particulate`` (new = factor * old), ``days`` with
        weather, ``first`` and ``last`` year of it.

    Raises
    ------
    InputError
        If no weather record is in the tables or a month has none.
    """
    weather = tables.load("air/weather_daily", data=data).dropna(subset=["temp", "pres"])
    # One value a day first, so that a day of two stations counts once.
    day = weather.groupby("date")[["temp", "pres"]].mean()
    day["particulate"] = day["pres"] / 1013.25 * 273.15 / (273.15 + day["temp"])
    by_month = day.groupby(day.index.month.rename("month"))
    out = pd.DataFrame({"gas": GAS_FACTOR, "particulate": by_month["particulate"].mean()})
    out["days"] = by_month.size()
    absent = sorted(set(range(1, 13)) - set(out.index))
    if absent:
        raise InputError(
            f"air/weather_daily.csv: no temperature and pressure for month {absent[0]}:"
            " give a weather record of whole years, or use basis='raw'"
        )
    return out.assign(first=day.index.year.min(), last=day.index.year.max())


def convert(daily: pd.DataFrame, basis: str, factors: pd.DataFrame) -> pd.DataFrame:
    """Daily values on one reference state, with the AQI of the converted values.

    Parameters
    ----------
    daily : DataFrame
        date and the columns of ``air/daily``; as recorded, so the state changes on `CHANGE`.
    basis : {"old", "new"}
        The state wanted for every day.
    factors : DataFrame
        As :func:`state_factors` returns.

    Returns
    -------
    DataFrame
        A copy; the days that were on the other state are converted.
    """
    if basis not in BASIS:
        raise InputError(f"basis={basis!r}: use 'old' or 'new'")
    out = daily.copy()
    before = out["date"] < CHANGE
    turn = before if basis == "new" else ~before
    month = out["date"].dt.month
    for columns, kind in ((GASES, "gas"), (PARTICLES, "particulate")):
        factor = month.map(factors[kind])
        factor = (factor if basis == "new" else 1 / factor).where(turn, 1.0)
        for column in columns:
            if column in out:
                out[column] = out[column] * factor
    return recount(out)


def recount(daily: pd.DataFrame, breakpoints: dict | None = None) -> pd.DataFrame:
    """AQI and primary pollutant of each day, anew, under any breakpoints.

    Parameters
    ----------
    daily : DataFrame
        date and the daily columns of the pollutants.
    breakpoints : dict, optional
        As :data:`xc_analysis.aqi.BREAKPOINTS` (the default, HJ 633-2012) or as
        :func:`read_breakpoints` returns.

    Returns
    -------
    DataFrame
        A copy with ``aqi`` (Int64) and ``primary`` replaced.
    """
    import ibis

    from . import aqi

    breakpoints = breakpoints or aqi.BREAKPOINTS
    numbers = daily[list(breakpoints)].astype("float64").assign(row=range(len(daily)))
    table = ibis.memtable(numbers.astype(object).where(numbers.notna(), None), schema=ibis.schema(
        {name: "int64" if name == "row" else "float64" for name in numbers}
    ))  # fmt: skip
    result = ibis.duckdb.connect().execute(aqi.with_aqi(table, breakpoints)).sort_values("row")
    out = daily.copy()
    out["aqi"] = pd.array(result["aqi"], dtype="Int64")
    out["primary"] = result["primary"].where(result["primary"].notna(), None).to_numpy()
    return out


def read_breakpoints(table: pd.DataFrame | str | os.PathLike) -> dict:
    """Breakpoints of an AQI standard that the user supplies.

    Parameters
    ----------
    table : DataFrame or path
        Column ``pollutant`` (pm25, pm10, so2, no2, co, o3_8h), then one column for each index,
        named ``0``, ``50``, ``100``, ``150``, ``200``, ``300``, ``400``, ``500``: the concentration
        at which that index is reached (µg/m³, CO mg/m³).

    Returns
    -------
    dict of str to tuple
        For :func:`recount`.

    Raises
    ------
    InputError
        If a pollutant or a breakpoint is missing or they do not rise. Nothing is filled in from
        another standard. (O3 alone may end at index 300, as in HJ 633-2012.)
    """
    from .aqi import BREAKPOINTS, INDEX

    name = "breakpoints"
    if not isinstance(table, pd.DataFrame):
        name = str(table)
        try:
            table = pd.read_csv(table)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: cannot be read as csv ({error}): give a UTF-8 csv") from None
    table = table.rename(columns=str)
    wanted = ["pollutant", *map(str, INDEX)]
    absent = [column for column in wanted if column not in table]
    if absent:
        raise InputError(f"{name}: column {absent[0]} is missing: needed are {', '.join(wanted)}")
    out = {}
    for pollutant in BREAKPOINTS:
        rows = table[table["pollutant"] == pollutant]
        if len(rows) != 1:
            raise InputError(
                f"{name}: {len(rows)} rows for {pollutant}: give exactly one; an AQI needs the"
                " breakpoints of all six pollutants"
            )
        ends = pd.to_numeric(rows[list(map(str, INDEX))].iloc[0], errors="coerce")
        known = ends.dropna()
        short = pollutant == "o3_8h" and len(known) >= 6 and ends.iloc[:6].notna().all()
        if ends.isna().any() and not short:
            index = ends.index[ends.isna()][0]
            raise InputError(
                f"{name}: {pollutant} has no breakpoint at index {index}: it is not known, so no day"
                " can be judged under this standard; add the published value"
            )
        if not known.is_monotonic_increasing or known.duplicated().any() or known.iloc[0] < 0:
            raise InputError(f"{name}: breakpoints of {pollutant} do not rise: check the row")
        out[pollutant] = tuple(known)
    return out


def to_basis(
    frame: pd.DataFrame,
    indicator: str,
    basis: str,
    *,
    scope: str,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """A station series on one reference state.

    Parameters
    ----------
    frame : DataFrame
        As :func:`xc_analysis.evidence.series` makes it, on the raw basis.
    indicator, scope : str
        What it is of.
    basis : {"old", "new"}
        The state wanted.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        A copy. Computed values come from the converted days (means, percentiles and AQI anew);
        an estimated value and its interval move by the ratio of converted to recorded. ``basis``
        says the state.

    Raises
    ------
    InputError
        For a published series: on which state its values stand is not known for every year, and
        nothing is known of their days.
    """
    if basis not in BASIS:
        raise InputError(f"basis={basis!r}: use 'raw', 'old' or 'new'")
    if not frame["status"].isin(["computed", "estimated"]).all():
        raise InputError(
            f"{indicator} of {scope}: the reference state of published values is not known for every"
            " year, so they cannot be converted: use basis='raw', or source='station'"
        )
    monthly = isinstance(frame.index, pd.PeriodIndex)
    recorded = _periods("raw", scope, monthly, data)
    converted = _periods(basis, scope, monthly, data)
    if indicator not in set(converted["indicator"]):
        raise InputError(f"{indicator} of {scope} has no daily values to convert: use basis='raw'")
    old, new = (
        _indexed(table[table["indicator"] == indicator], monthly).reindex(frame.index)
        for table in (recorded, converted)
    )
    out = frame.copy()
    computed = out["status"] == "computed"
    ratio = (new["value"] / old["value"]).where(old["value"] > 0, 1.0)
    for column in ("value", "lower", "upper"):
        out[column] = new[column].where(computed, out[column] * ratio)
    out["basis"] = BASIS[basis]
    return out


def _indexed(table: pd.DataFrame, monthly: bool) -> pd.DataFrame:
    if not monthly:
        return table.set_index("year")
    return table.set_index(
        pd.PeriodIndex.from_fields(year=table["year"], month=table["month"], freq="M")
    )


def _periods(basis: str, scope: str, monthly: bool, data) -> pd.DataFrame:
    folder = tables.data_dir(data)
    files = [folder / "air" / name for name in ("daily.csv", "weather_daily.csv")]
    stamp = tuple((f.stat().st_mtime_ns, f.stat().st_size) if f.exists() else None for f in files)
    return _periods_of(basis, scope, monthly, str(folder), stamp)


@functools.lru_cache(maxsize=16)
def _periods_of(basis, scope, monthly, folder, stamp) -> pd.DataFrame:
    """Periods from days, on one state; kept, since every series of a pack asks for them."""
    from . import hourly

    daily = tables.load("air/daily", data=folder)
    daily = daily[daily["scope"] == scope]
    if basis != "raw":
        daily = convert(daily, basis, state_factors(data=folder))
    return hourly.monthly(daily) if monthly else hourly.annual(daily)


# ---------------------------------------------------------------------------------------- dust


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
    dust = dust_days(daily, **rule)
    columns = [column for column in PARTICLES if column in out]
    out.loc[dust, columns] = np.nan
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
        Missing where AQI is at most 100 or unknown. Dust is asked first and only of days whose
        index a particulate set, then the primary pollutant; a tie goes to the first of PM2.5,
        O3, other.
    """
    dust = dust_days(daily, **rule)
    primary = daily["primary"].fillna("").astype(str)
    led = {name: primary.str.split("+").map(set(columns).intersection).astype(bool)
           for name, columns in (("pm25", ["pm25"]), ("o3", ["o3_8h"]), ("pm", ["pm25", "pm10"]))
           }  # fmt: skip
    cause = np.select(
        [dust & led["pm"], led["pm25"], led["o3"]], ["dust", "pm25", "o3"], default="other"
    )
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
        index=sorted(year.unique()), columns=["pm25", "dust", "o3", "other"], fill_value=0
    ).rename_axis(index="year", columns=None)
    table["total"] = table.sum(axis=1)
    return table.assign(aqi_days=daily["aqi"].notna().groupby(year).sum())
