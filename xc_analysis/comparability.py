"""Adjustments that make years comparable, each by name, each switchable.

Reference state. The amendment of GB 3095-2012 in force since 2018-09-01 reports gases at 298.15 K
and 1013.25 hPa (before: 273.15 K), particulates at the temperature and pressure of the day (before:
273.15 K and 1013.25 hPa). A concentration c0 of the old state is, on the new one,

    gases         c0 * 273.15 / 298.15                         (0.9161, whatever the season)
    particulates  c0 * (P / 1013.25) * (273.15 / (273.15 + t))  (P hPa, t degrees C)

For particulates the mean factor of each calendar month is used, from the weather record that UCI
501 carries (2013-03 to 2017-02). The dust rule looks at the day's own values only: a stand-in for
the official decision, which rests on satellite and weather evidence (环办监测〔2016〕120号).
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from .hourly.aqi import with_aqi
from .hourly.periods import periods
from .observations import (
    HOME,
    area_name,
    column_of,
    daily_rows,
    index_by_period,
    stamp,
    station_rows,
)
from .tables import load
from .words import error, message

#: First day of the new reference state (amendment of GB 3095-2012).
CHANGE = pd.Timestamp("2018-09-01")
GAS_FACTOR = 273.15 / 298.15
GASES = ("so2", "no2", "co", "o3_8h")
PARTICLES = ("pm25", "pm10", "pm10_reported")
BASIS = {"old": "ref-273K", "new": "ref-298K"}
CAUSES = ("pm25", "dust", "o3", "other")
COUNTS = {"good": (0, 100), "heavy": (201, np.inf), "severe": (301, np.inf)}
RATIOS = {f"{name}_ratio": ends for name, ends in COUNTS.items()}


# ----------------------------------------------------------------------- statistics of days


def statistic_values(values: np.ndarray, statistic: str) -> float:
    """Take a statistic of daily values; NaN of none."""
    if not len(values):
        return np.nan
    if statistic in COUNTS or statistic in RATIOS:
        low, high = (COUNTS | RATIOS)[statistic]
        count = np.sum((values >= low) & (values <= high))
        return float(count if statistic in COUNTS else 100.0 * count / len(values))
    if statistic == "mean":
        return float(values.mean())
    return float(np.quantile(values, int(statistic[1:]) / 100))


def forward(y, statistic: str):
    """Take values to the scale of errors: ln y, ln(y + 0.5) of counts, logit of ratios."""
    y = np.asarray(y, dtype=float)
    if statistic in COUNTS:
        return np.log(y + 0.5)
    if statistic in RATIOS:
        # A ratio of 0 or 100 is moved in by a tenth of a day of the year, to have a logit.
        p = np.clip(y / 100, 0.1 / 365, 1 - 0.1 / 365)
        return np.log(p / (1 - p))
    return np.log(y)


def backward(z, statistic: str):
    """Bring values back from the scale of errors."""
    if statistic in COUNTS:
        return np.maximum(np.exp(z) - 0.5, 0.0)
    if statistic in RATIOS:
        return 100 / (1 + np.exp(-z))
    return np.exp(z)


def short_ozone(days: pd.DataFrame) -> pd.Series:
    """Tell which ozone days have fewer than 14 of their 17 windows; unknown counts as enough."""
    return (days["o3_windows"] < 14).fillna(False).astype(bool)


# -------------------------------------------------------------------------- reference state


def state_factors() -> pd.DataFrame:
    """Return the factors from the old reference state to the new one, by calendar month.

    ``gas`` and ``particulate`` (new = factor * old), ``days`` with weather, its first and last year.
    """
    weather = load("air/weather_daily").dropna(subset=["temp", "pres"])
    # One value per day first, so that a day of two stations counts once.
    day = weather.groupby("date")[["temp", "pres"]].mean()
    day["particulate"] = day["pres"] / 1013.25 * 273.15 / (273.15 + day["temp"])
    by_month = day.groupby(day.index.month.rename("month"))
    out = pd.DataFrame({"gas": GAS_FACTOR, "particulate": by_month["particulate"].mean()})
    out["days"] = by_month.size()
    absent = sorted(set(range(1, 13)) - set(out.index))
    if absent:
        raise error("error.no_weather_month", month=message(f"month.{absent[0]}"))
    return out.assign(first=day.index.year.min(), last=day.index.year.max())


def convert(days: pd.DataFrame, basis: str, factors: pd.DataFrame) -> pd.DataFrame:
    """Put the days that were on the other reference state on this one, their AQI too."""
    out = days.copy()
    turn = (out["date"] < CHANGE) == (basis == "new")
    month = out["date"].dt.month
    for columns, kind in ((GASES, "gas"), (PARTICLES, "particulate")):
        factor = month.map(factors[kind])
        factor = (factor if basis == "new" else 1 / factor).where(turn, 1.0)
        for column in columns:
            out[column] = out[column] * factor
    again = with_aqi(out.drop(columns=["aqi", "primary", "known_exceedance"]))
    for column in ("aqi", "primary", "known_exceedance"):
        # A day on its own state keeps the index that was computed from its hours.
        out[column] = again[column].where(turn, out[column])
    return out


# ------------------------------------------------------------------------------------- dust


def dust_days(days: pd.DataFrame) -> pd.Series:
    """Tell which days the stand-in calls dust; False where PM2.5 or PM10 is missing."""
    return (days["pm10"] > 150) & (days["pm25"] < 0.45 * days["pm10"])


def cause_of_days(days: pd.DataFrame, *, above: int = 100) -> pd.Series:
    """Name what drove each day above an AQI: ``pm25``, ``dust``, ``o3`` or ``other``.

    Dust is asked first, of days whose index a particulate set; a tie goes to PM2.5 before O3.
    """
    leaders = [set(str(some).split("+")) for some in days["primary"]]
    particles, pm25, o3 = (
        np.array([bool(names & some) for some in leaders], dtype=bool)
        for names in ({"pm25", "pm10"}, {"pm25"}, {"o3_8h"})
    )
    dust = dust_days(days).to_numpy() & particles
    cause = np.select([dust, pm25, o3], ["dust", "pm25", "o3"], default="other")
    return pd.Series(cause, index=days.index, dtype="str", name="cause").where(days["aqi"] > above)


def dust_effect() -> pd.DataFrame:
    """Tell what leaving the stand-in's dust days out does to each year.

    Returns
    -------
    DataFrame
        Index year: ``dust_days``; means of the valid days with dust (``pm25``, ``pm10``,
        ``pm10_reported``) and without (``pm25_without``, ``pm10_without``); ``heavy_days`` and
        ``exceedances`` (AQI above 100), and those of dust (``heavy_dust``,
        ``exceedances_dust``); completeness, release, source_id.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> effect = xc.dust_effect()
    >>> bool((effect["pm10_without"] <= effect["pm10"]).all())
    True
    """
    days = daily_rows(HOME)
    year = days["date"].dt.year.rename("year")
    dusty = dust_days(days)
    out = pd.DataFrame({"dust_days": dusty.groupby(year).sum()})
    for column in ("pm25", "pm10"):
        out[column] = days[column].groupby(year).mean()
        out[f"{column}_without"] = days[column].mask(dusty).groupby(year).mean()
    out["pm10_reported"] = days["pm10_reported"].groupby(year).mean()
    for name, above in (("heavy", 200), ("exceedances", 100)):
        cause = cause_of_days(days, above=above)
        out[f"{name}_days" if name == "heavy" else name] = cause.notna().groupby(year).sum()
        out[f"{name}_dust"] = (cause == "dust").groupby(year).sum()
    return out.join(station_rows("pm25", HOME)[["completeness", "release", "source_id"]])


# ------------------------------------------------------------------------- adjusted series


def days_on(basis: str = "raw", *, dust: str = "off") -> pd.DataFrame:
    """Return the district's days on one reference state, with or without dust."""
    recorded = daily_rows(HOME)
    days = recorded if basis == "raw" else convert(recorded, basis, state_factors())
    if dust == "on":
        # The rule looks at the values as recorded.
        days.loc[dust_days(recorded), list(PARTICLES)] = np.nan
    return days


def adjust(
    frame: pd.DataFrame, indicator: str, *, scope: str, basis: str = "raw", dust: str = "off"
) -> pd.DataFrame:
    """Put a station series on one reference state, with or without dust days.

    A value whose days change is computed from them anew; all others stay as they are, to the last
    digit. An estimate and its interval move, on their working scale, by as much as the days observed
    do. Published series and other areas are refused: their days are not known.
    """
    out = frame.copy()
    if basis == "raw" and dust == "off":
        return out
    if scope != HOME or not out["status"].isin(["computed", "estimated"]).all():
        raise error("error.cannot_adjust", indicator=indicator, scope=area_name(scope))
    monthly = isinstance(out.index, pd.PeriodIndex)
    _, statistic = column_of(indicator)
    before, after = (
        _periods(indicator, b, d, monthly).reindex(out.index)
        for b, d in (("raw", "off"), (basis, dust))
    )
    for column in ("value", "lower", "upper"):
        out[column] = _moved(out, before, after, column, statistic)
    if basis != "raw":
        out["basis"] = BASIS[basis]
    return out


def _moved(out, before, after, column: str, statistic: str) -> np.ndarray:
    """One column of a series where its days changed; elsewhere as it was."""
    moved = ~np.isclose(before["value"], after["value"], rtol=1e-9, atol=0, equal_nan=True)
    estimated = (out["status"] == "estimated").to_numpy()
    gone = moved & after["value"].isna().to_numpy()
    value = out[column].to_numpy(float).copy()
    anew = moved & ~estimated
    value[anew] = after[column].to_numpy(float)[anew]
    shifted = moved & estimated & ~gone
    shift = forward(after["value"], statistic) - forward(before["value"], statistic)
    value[shifted] = backward(forward(value[shifted], statistic) + shift[shifted], statistic)
    value[gone] = np.nan
    return value


def _periods(indicator: str, basis: str, dust: str, monthly: bool) -> pd.DataFrame:
    rows = _periods_of(basis, dust, monthly, stamp("air/daily", "air/weather_daily"))
    rows = rows.loc[rows["indicator"] == indicator]
    return index_by_period(rows.drop(columns="month", errors="ignore") if not monthly else rows)


@functools.lru_cache(maxsize=16)
def _periods_of(basis: str, dust: str, monthly: bool, _stamp) -> pd.DataFrame:
    """Periods from the days on one state; kept, since every series asks for them."""
    return periods(days_on(basis, dust=dust), freq="month" if monthly else "year")


def reference_state(first: int = 2015, last: int = 2020) -> pd.DataFrame:
    """Tell how much of a change between two years is only the change of reference state.

    Parameters
    ----------
    first, last : int
        Years on both sides of 2018-09-01.

    Returns
    -------
    DataFrame
        Index indicator: ``first_raw``, ``last_raw``, ``first_new``, ``last_new`` (both years on
        the new state), ``raw_percent``, ``new_percent`` (change of each), ``points`` (their
        difference) and ``share`` of the change that is only that of state (1 - new/raw, on
        logarithms for concentrations). ``attrs["factors"]``: those of `state_factors`.

    Raises
    ------
    InputError
        If no indicator has a whole value in both years.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> table = xc.reference_state(2015, 2020)
    >>> bool(table.loc["no2", "raw_percent"] < table.loc["no2", "new_percent"])
    True
    """
    rows = {}
    for indicator in ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "heavy_days"):
        raw = station_rows(indicator, HOME)
        new = adjust(raw, indicator, scope=HOME, basis="new")
        whole = raw.index[(raw["completeness"] != "partial") & raw["value"].notna()]
        if not {first, last} <= set(whole):
            continue
        a, b = raw.loc[[first, last], "value"]
        c, d = new.loc[[first, last], "value"]
        counted = indicator == "heavy_days"
        changes = (b - a, d - c) if counted else (np.log(b / a), np.log(d / c))
        rows[indicator] = dict(first_raw=a, last_raw=b, first_new=c, last_new=d) | {
            "raw_percent": 100 * (b / a - 1),
            "new_percent": 100 * (d / c - 1),
            "points": 100 * (b / a - d / c),
            "share": 1 - changes[1] / changes[0] if changes[0] else np.nan,
        }
    if not rows:
        raise error("error.no_two_years", first=first, last=last)
    out = pd.DataFrame.from_dict(rows, orient="index").rename_axis("indicator")
    out.attrs = {"first": first, "last": last, "scope": HOME, "factors": state_factors().to_dict()}
    return out


# -------------------------------------------------------------------------------- standards


def limits_in_force(
    indicator: str, when: str | pd.Timestamp, *, averaging: str = "annual"
) -> pd.DataFrame:
    """List the limits of an indicator that are in force on a day, as rows of ``standards``."""
    when = pd.Timestamp(when)
    rows = load("standards")
    asked = (rows["indicator"] == indicator) & (rows["averaging"] == averaging)
    since = pd.to_datetime(rows["valid_from"]) <= when
    until = pd.to_datetime(rows["valid_to"])
    return rows[asked & since & (until.isna() | (until >= when))].reset_index(drop=True)
