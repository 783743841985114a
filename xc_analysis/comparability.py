"""Adjustments that make years comparable, each by name, each switchable.

Reference state. The amendment of GB 3095-2012 in force since 2018-09-01 reports gases at 298.15 K
and 1013.25 hPa (before: 273.15 K), particulates at the temperature and pressure of the day (before:
273.15 K and 1013.25 hPa). A concentration c0 of the old state is, on the new one,

    gases         c0 * 273.15 / 298.15                         (0.9161, whatever the season)
    particulates  c0 * (P / 1013.25) * (273.15 / (273.15 + t))  (P hPa, t degrees C)

For particulates the mean factor of each calendar month is used, from the weather record that UCI 501
carries (2013-03 to 2017-02): no weather of the later years is at hand.

Dust is the work of :mod:`xc_analysis.adjust.dust`, other AQI breakpoints of
:mod:`xc_analysis.adjust.breakpoints`, partial years of :mod:`xc_analysis.adjust.partial`; what each break amounts
to is told by :mod:`xc_analysis.adjust.breaks`.
"""

from __future__ import annotations

import functools
import os

import numpy as np
import pandas as pd

from . import tables
from .adjust.breakpoints import read_breakpoints, recount
from .adjust.dust import PARTICLES, causes, dust_days, exceedances, without_dust
from .adjust.partial import backward, column_of, estimate_partial, forward, stamp
from .errors import Empty, InputError

__all__ = [
    "CHANGE", "GAS_FACTOR", "adjust", "causes", "choices", "convert", "dust_days", "estimate_partial",
    "exceedances", "read_breakpoints", "recount", "state_factors", "to_basis", "without_dust",
]  # fmt: skip

#: First day of the new reference state (amendment of GB 3095-2012).
CHANGE = pd.Timestamp("2018-09-01")
GAS_FACTOR = 273.15 / 298.15
GASES = ("so2", "no2", "co", "o3_8h")
#: What the register may choose, the default first.
CHOICES = {
    "basis": ("raw", "old", "new"),
    "dust": ("off", "on"),
    "partial": ("estimate", "observed", "drop"),
}
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
        raise Empty(
            f"air/weather_daily.csv 缺{absent[0]}月的气温和气压，换算不了参比状态"
            f" · air/weather_daily.csv: no temperature and pressure for month {absent[0]}:"
            " give a weather record of whole years, or use basis='raw'"
        )
    return out.assign(first=day.index.year.min(), last=day.index.year.max())


def convert(
    daily: pd.DataFrame, basis: str, factors: pd.DataFrame, *, given: str = "recorded"
) -> pd.DataFrame:
    """Daily values on one reference state, with the AQI of the converted values.

    Parameters
    ----------
    daily : DataFrame
        date and the columns of ``air/daily``.
    basis : {"old", "new"}
        The state wanted for every day.
    factors : DataFrame
        As :func:`state_factors` returns.
    given : {"recorded", "old", "new"}
        The state that the values are on; recorded: the old one before `CHANGE`, the new one since.

    Returns
    -------
    DataFrame
        A copy; only days that were on the other state change.
    """
    if basis not in BASIS or given not in ("recorded", *BASIS):
        raise InputError(f"basis={basis!r}, given={given!r}: use 'old' or 'new'")
    out = daily.copy()
    old = (out["date"] < CHANGE) if given == "recorded" else given == "old"
    turn = pd.Series(old, index=out.index) == (basis == "new")
    month = out["date"].dt.month
    for columns, kind in ((GASES, "gas"), (PARTICLES, "particulate")):
        factor = month.map(factors[kind])
        factor = (factor if basis == "new" else 1 / factor).where(turn, 1.0)
        for column in columns:
            if column in out:
                out[column] = out[column] * factor
    again = recount(out)
    for column in ("aqi", "primary"):
        # A day on its own state keeps the index that was computed from its hours.
        out[column] = again[column].where(turn, out[column]) if column in out else again[column]
    return out


def choices(
    indicator: str, *, scope: str, plan: str = "", data: str | os.PathLike | None = None
) -> dict[str, str]:
    """What the register of assumptions chooses for one indicator: arguments of ``xc.series``.

    Parameters
    ----------
    indicator, scope : str
        What is shown.
    plan : str
        Under which plan, where the register tells plans apart.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    dict
        ``basis``, ``dust`` and ``partial``, from the parameter rows of those names; where there is
        none, ``raw``, ``off`` and ``estimate``.

    Raises
    ------
    InputError
        If a row holds another word.
    """
    from .verdicts.register import setting

    table = tables.load("assumptions", data=data)
    out = {}
    for name, words in CHOICES.items():
        row = setting(table, name, plan=plan, scope=scope, indicator=indicator)
        out[name] = words[0] if row is None else str(row["value"])
        if out[name] not in words:
            raise InputError(
                f"assumptions.csv: {row['id']}: value {out[name]!r}: use {', '.join(words)}"
            )
    return out


def to_basis(
    frame: pd.DataFrame,
    indicator: str,
    basis: str,
    *,
    scope: str,
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """A station series on one reference state: :func:`adjust` with `basis` alone."""
    if basis not in BASIS:
        raise InputError(f"basis={basis!r}: use 'raw', 'old' or 'new'")
    return adjust(frame, indicator, scope=scope, basis=basis, data=data)


def adjust(
    frame: pd.DataFrame,
    indicator: str,
    *,
    scope: str,
    basis: str = "raw",
    dust: str = "off",
    data: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """A station series on one reference state, with or without dust days.

    Parameters
    ----------
    frame : DataFrame
        As :func:`xc_analysis.evidence.series` makes it, on the raw basis.
    indicator, scope : str
        What it is of.
    basis : {"raw", "old", "new"}
        As recorded, or the state wanted for every year.
    dust : {"off", "on"}
        On: PM2.5 and PM10 of the days that the stand-in rule calls dust are left out.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        A copy. A value whose days change is computed from them anew (means, percentiles, AQI); all
        others stay as they are, to the last digit. An estimated value and its interval move, on
        their working scale, by as much as the days observed do. ``basis`` says the state.

    Raises
    ------
    InputError
        For a published series: on which state its values stand is not known for every year, and
        nothing is known of its days.
    """
    if basis not in ("raw", *BASIS) or dust not in ("off", "on"):
        raise InputError(
            f"basis={basis!r}, dust={dust!r}: use 'raw', 'old' or 'new', and 'off' or 'on'"
        )
    if basis == "raw" and dust == "off":
        return frame.copy()
    if not frame["status"].isin(["computed", "estimated"]).all():
        raise InputError(
            f"{indicator} of {scope}: the reference state of published values is not known for every"
            " year, and their days are not known at all, so they cannot be adjusted: use"
            " basis='raw' and dust='off', or source='station'"
        )
    _, statistic = column_of(indicator)
    monthly = isinstance(frame.index, pd.PeriodIndex)
    before, after = (
        _indexed(table[table["indicator"] == indicator], monthly).reindex(frame.index)
        for table in (
            _periods("raw", "off", scope, monthly, data),
            _periods(basis, dust, scope, monthly, data),
        )
    )
    out = frame.copy()
    moved = ~np.isclose(before["value"], after["value"], rtol=1e-9, atol=0, equal_nan=True)
    estimated = (out["status"] == "estimated").to_numpy()
    gone = moved & after["value"].isna().to_numpy()
    shift = forward(after["value"], statistic) - forward(before["value"], statistic)
    for column in ("value", "lower", "upper"):
        value = out[column].to_numpy(float).copy()
        value[moved & ~estimated] = after[column].to_numpy(float)[moved & ~estimated]
        at = moved & estimated & ~gone
        value[at] = backward(forward(value[at], statistic) + shift[at], statistic)
        value[gone] = np.nan
        out[column] = value
    if basis != "raw":
        out["basis"] = BASIS[basis]
    return out


def _indexed(table: pd.DataFrame, monthly: bool) -> pd.DataFrame:
    if not monthly:
        return table.set_index("year")
    return table.set_index(
        pd.PeriodIndex.from_fields(year=table["year"], month=table["month"], freq="M")
    )


def days_on(
    basis: str, *, scope: str, dust: str = "off", data: str | os.PathLike | None = None
) -> pd.DataFrame:
    """The district's days, adjusted as :func:`adjust` says.

    Parameters
    ----------
    basis, dust : str
        As :func:`adjust`.
    scope : str
        A district of ``air/daily``.
    data : path, optional
        Folder of the tables.

    Returns
    -------
    DataFrame
        As ``air/daily``.
    """
    daily = tables.load("air/daily", data=data)
    recorded = daily[daily["scope"] == scope]
    daily = recorded.copy()
    if basis != "raw":
        daily = convert(daily, basis, state_factors(data=data))
    if dust == "on":
        # The rule looks at the values as recorded; the AQI keeps dust days.
        daily.loc[dust_days(recorded), list(PARTICLES)] = np.nan
    return daily


def _periods(basis: str, dust: str, scope: str, monthly: bool, data) -> pd.DataFrame:
    folder = tables.data_dir(data)
    files = stamp(folder, ("air/daily", "air/weather_daily"))
    return _periods_of(basis, dust, scope, monthly, str(folder), files)


@functools.lru_cache(maxsize=32)
def _periods_of(basis, dust, scope, monthly, folder, _files) -> pd.DataFrame:
    """Periods from days, on one state; kept, since every series of a pack asks for them."""
    from . import hourly

    daily = days_on(basis, scope=scope, dust=dust, data=folder)
    return hourly.monthly(daily) if monthly else hourly.annual(daily)
