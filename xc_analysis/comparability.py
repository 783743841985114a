"""Adjustments that make years comparable, each by name, each switchable.

The amendment of GB 3095-2012 in force since 2018-09-01 moved gases from 273.15 K to 298.15 K, and
particulates from 273.15 K and 1013.25 hPa to the day's own state. Dust is what a rule of the day's
values says: a stand-in for the decision by satellite and weather evidence (环办监测〔2016〕120号).
"""

import numpy as np
import pandas as pd

from .hourly.aqi import with_aqi
from .hourly.periods import INDICATORS, periods
from .observations import HOME, as_series, daily_rows, kept, station_rows
from .tables import load
from .words import area_name, error, message

CHANGE = pd.Timestamp("2018-09-01")  # first day of the new reference state
GASES = ["so2", "no2", "co", "o3_8h"]
PARTICLES = ["pm25", "pm10", "pm10_reported"]
BASIS = {"old": "ref-273K", "new": "ref-298K"}
CAUSES = ("pm25", "dust", "o3", "other")
COUNTS = {"good": (0, 100), "heavy": (201, np.inf), "severe": (301, np.inf)}
RATIOS = {f"{name}_ratio": ends for name, ends in COUNTS.items()}
ENDS = ["value", "lower", "upper"]


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


def state_factors() -> pd.DataFrame:
    """Return by calendar month the factors from the old reference state to the new one."""
    weather = load("air/weather_daily").dropna(subset=["temp", "pres"])
    # One value per day first, so that a day of two stations counts once.
    day = weather.groupby("date")[["temp", "pres"]].mean()
    day["particulate"] = day["pres"] / 1013.25 * 273.15 / (273.15 + day["temp"])
    factor = day.groupby(day.index.month.rename("month"))["particulate"]
    gas = 273.15 / 298.15
    out = pd.DataFrame({"gas": gas, "particulate": factor.mean(), "days": factor.size()})
    for month in range(1, 13):
        if month not in out.index:
            raise error("error.no_weather_month", month=message(f"month.{month}"))
    return out.assign(first=day.index.year.min(), last=day.index.year.max())


def convert(days: pd.DataFrame, basis: str, factors: pd.DataFrame) -> pd.DataFrame:
    """Put the days that were on the other reference state on this one, their AQI too."""
    out = days.copy()
    turn = (out["date"] < CHANGE) == (basis == "new")
    for columns, kind in ((GASES, "gas"), (PARTICLES, "particulate")):
        factor = out["date"].dt.month.map(factors[kind])
        factor = (factor if basis == "new" else 1 / factor).where(turn, 1.0)
        out[columns] = out[columns].mul(factor, axis=0)
    again = with_aqi(out)
    for column in ("aqi", "primary", "known_exceedance"):
        # A day on its own state keeps the index that was computed from its hours.
        out[column] = again[column].where(turn, out[column])
    return out


@kept("air/daily", "air/weather_daily")
def _periods_on(basis: str, dust: str, freq: str) -> pd.DataFrame:
    """Compute periods of the district on one state; kept, since every adjusted series asks."""
    days = recorded = daily_rows()
    if basis != "raw":
        days = convert(recorded, basis, state_factors())
    if dust == "on":
        # The rule looks at the values as recorded.
        days.loc[dust_days(recorded), PARTICLES] = np.nan
    return periods(days, freq=freq)


def adjust(
    frame: pd.DataFrame, indicator: str, *, scope: str, basis: str = "raw", dust: str = "off"
) -> pd.DataFrame:
    """Put a station series of the district on one reference state, with or without dust days."""
    if basis == "raw" and dust == "off":
        return frame
    if scope != HOME or not frame["status"].isin(["computed", "estimated"]).all():
        raise error("error.cannot_adjust", indicator=indicator, scope=area_name(scope))
    statistic = INDICATORS[indicator][1]
    freq = "month" if isinstance(frame.index, pd.PeriodIndex) else "year"
    both = _periods_on("raw", "off", freq), _periods_on(basis, dust, freq)
    before, after = (
        as_series(rows[rows["indicator"] == indicator])[ENDS].reindex(frame.index) for rows in both
    )
    same = np.isclose(before["value"], after["value"], rtol=1e-9, atol=0, equal_nan=True)
    estimated = frame["status"] == "estimated"
    # values whose days change are computed anew, estimates move by as much on their working scale
    shift = forward(after["value"], statistic) - forward(before["value"], statistic)
    out = frame.copy()
    for end in ENDS:
        shifted = backward(forward(frame[end], statistic) + shift, statistic)
        cases = [same, after["value"].isna(), estimated]
        out[end] = np.select(cases, [frame[end], np.nan, shifted], after[end])
    return out if basis == "raw" else out.assign(basis=BASIS[basis])


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
        raw = station_rows(indicator)
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


def dust_days(days: pd.DataFrame) -> pd.Series:
    """Tell which days the stand-in calls dust; False where PM2.5 or PM10 is missing."""
    return (days["pm10"] > 150) & (days["pm25"] < 0.45 * days["pm10"])


def cause_of_days(days: pd.DataFrame, *, above: int = 100) -> pd.Series:
    """Name what drove each day above an AQI: pm25, dust, o3 or other."""
    primary = days["primary"].astype("str")
    pm, pm25, o3 = (primary.str.contains(part, na=False) for part in ("pm", "pm25", "o3"))
    # dust is asked first, of days whose index a particulate set; a tie goes to PM2.5 before O3
    cause = np.select([dust_days(days) & pm, pm25, o3], ["dust", "pm25", "o3"], default="other")
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
    days = daily_rows()
    year = days["date"].dt.year.rename("year")
    dusty = dust_days(days)
    out = pd.DataFrame({"dust_days": dusty.groupby(year).sum()})
    for column in ("pm25", "pm10"):
        out[column] = days[column].groupby(year).mean()
        out[f"{column}_without"] = days[column].mask(dusty).groupby(year).mean()
    out["pm10_reported"] = days["pm10_reported"].groupby(year).mean()
    for above, counted, name in ((200, "heavy_days", "heavy"), (100, "exceedances", "exceedances")):
        cause = cause_of_days(days, above=above)
        out[counted] = cause.notna().groupby(year).sum()
        out[f"{name}_dust"] = (cause == "dust").groupby(year).sum()
    return out.join(station_rows("pm25")[["completeness", "release", "source_id"]])
