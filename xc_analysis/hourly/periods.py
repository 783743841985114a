"""Days to months and years by HJ 663-2013.

Known exceedances (days without an AQI whose one valid pollutant is above 100) count in heavy and
severe days and nowhere else. A year is ``strict``, ``adequate`` or, neither of these, ``partial``.
"""

from calendar import isleap, monthrange

import numpy as np
import pandas as pd

from ..words import error
from .days import DAY_COLUMNS, WINDOWS_NEEDED, frame_of
from .layouts import DAY_VALUES, unreadable

#: indicator -> (column of the days, statistic, unit)
INDICATORS = {
    "pm25": ("pm25", "mean", "µg/m³"),
    "pm10": ("pm10", "mean", "µg/m³"),
    "no2": ("no2", "mean", "µg/m³"),
    "so2": ("so2", "mean", "µg/m³"),
    "o3_8h_p90": ("o3_8h", "p90", "µg/m³"),
    "o3_8h_mean": ("o3_8h", "mean", "µg/m³"),
    "co_p95": ("co", "p95", "mg/m³"),
    "good_days": ("aqi", "good", "d"),
    "good_day_ratio": ("aqi", "good_ratio", "%"),
    "heavy_days": ("aqi", "heavy", "d"),
    "heavy_day_ratio": ("aqi", "heavy_ratio", "%"),
    "severe_days": ("aqi", "severe", "d"),
}
_NUMBERS = [*DAY_VALUES, "pm10_reported", "o3_windows", "aqi"]
_CHANGE = 2018 * 12 + 9  # the month from which the reference state of GB 3095 is 298 K


def monthly(days) -> pd.DataFrame:
    """Compute monthly values from daily ones.

    Parameters
    ----------
    days : DataFrame, pyarrow.Table or ibis.Table
        As `daily` returns.

    Returns
    -------
    DataFrame
        The columns of `annual`, with month after year.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame({"date": pd.date_range("2019-06", periods=30), "scope": "a", "so2": 4})
    >>> monthly(days).query("indicator == 'so2'")[["month", "value", "completeness"]].values.tolist()
    [[6, 4.0, 'strict']]
    """
    return periods(days, freq="month")


def annual(days) -> pd.DataFrame:
    """Compute annual values from daily ones, by HJ 663-2013.

    Parameters
    ----------
    days : DataFrame, pyarrow.Table or ibis.Table
        As `daily` returns.

    Returns
    -------
    DataFrame
        scope, indicator, year, value (NaN only where no day is valid), lower, upper (of pm10 its
        two treatments), unit, valid_days, days (of the year), capture, completeness, basis,
        release, known_exceedances, national_days.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame({"date": pd.date_range("2019", periods=365), "scope": "a", "pm25": 42})
    >>> annual(days).query("indicator == 'pm25'")[["value", "completeness"]].values.tolist()
    [[42.0, 'strict']]
    """
    return periods(days, freq="year")


def periods(days, *, freq: str) -> pd.DataFrame:
    """Compute months or years (`freq`) of days."""
    frame = frame_of(days, "days", "date")
    if "scope" not in frame:
        frame = frame.rename(columns={"station": "scope"})
    frame = frame_of(frame, "days", "scope")
    if not set(DAY_COLUMNS) & set(frame):
        raise error("error.no_day_column", columns=", ".join(DAY_COLUMNS[:9]))
    try:
        frame = _tidy(frame)
    except (ValueError, TypeError) as problem:
        raise unreadable(problem) from None
    keys = ["scope", "year", "month"] if freq == "month" else ["scope", "year"]
    counts = {column: _count_days(frame, column, keys) for column in (*DAY_VALUES, "aqi")}
    out = []
    for rank, (indicator, (column, statistic, unit)) in enumerate(INDICATORS.items()):
        table = counts[column].assign(lower=np.nan, upper=np.nan)
        table["value"] = _statistic(frame, column, statistic, table, keys)
        if indicator == "pm10":
            reported = frame.groupby(keys)["pm10_reported"].mean().reindex(table.index)
            table["lower"] = np.fmin(table["value"], reported)
            table["upper"] = np.fmax(table["value"], reported)
        out.append(table.reset_index().assign(indicator=indicator, unit=unit, rank=rank))
    table = pd.concat(out).sort_values(["scope", "rank", *keys[1:]], ignore_index=True)
    table["capture"] = table["valid_days"] / table["days"]
    # the months of a period before and after the change of the reference state
    first, last = (table["year"] * 12 + table.get("month", month) for month in (1, 12))
    is_one = [last < _CHANGE, first >= _CHANGE]
    table["basis"] = np.select(is_one, ["ref-273K", "ref-298K"], "ref-mixed")
    # a draft: the last year, where records end within it or national days stand in it
    end = frame["date"].max()
    is_draft = end < pd.Timestamp(end.year, 12, 31)
    is_draft |= frame.loc[frame["year"] == end.year, "national"].any()
    table["release"] = np.where(is_draft & (table["year"] == end.year), "draft", "public")
    columns = ["scope", "indicator", *keys[1:], "value", "lower", "upper", "unit", "valid_days"]
    columns += ["days", "capture", "completeness", "basis", "release"]
    return table[[*columns, "known_exceedances", "national_days"]]


def _tidy(days: pd.DataFrame) -> pd.DataFrame:
    """Return the days with all columns, and which of their values are short and national."""
    date = pd.to_datetime(days["date"])
    frame = pd.DataFrame({"scope": days["scope"].astype(object), "date": date})
    frame["year"], frame["month"] = date.dt.year, date.dt.month
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(days.get(column, np.nan))
        frame[column] = frame[column].astype("float64")
    for column in ("known_exceedance", "national"):
        frame[column] = days.get(column, pd.Series(False, days.index)).fillna(False).astype(bool)
    for column in DAY_VALUES:
        # which of a day's values are national: written by `national`, else as the day says
        mark = days.get(f"national_{column}", frame["national"])
        frame[f"national_{column}"] = mark.to_numpy(dtype=bool)
        frame[f"short_{column}"] = False
    frame["national_aqi"] = frame["national"]
    # known exceedances, and ozone days that HJ 663 admits only where they exceed 160
    frame["short_aqi"] = frame["known_exceedance"] & frame["aqi"].notna()
    frame["short_o3_8h"] = (frame["o3_windows"] < WINDOWS_NEEDED) & frame["o3_8h"].notna()
    return frame


def _count_days(frame: pd.DataFrame, column: str, keys: list[str]) -> pd.DataFrame:
    """Count the valid days of a column and class the period by them."""
    by_month = ["scope", "year", "month"]
    short, valid = frame[f"short_{column}"], frame[column].notna()
    if column == "aqi":
        valid &= ~short
    national = valid & frame[f"national_{column}"]
    marks = frame[by_month].assign(n=valid, known_exceedances=short, national_days=national)
    counts = marks.groupby(by_month).sum().astype("int64")
    counts["full"] = counts["n"] >= np.where(counts.index.get_level_values("month") == 2, 25, 27)
    counts["half"] = counts["n"] >= 15
    if "month" in keys:
        counts["days"] = [monthrange(year, month)[1] for _, year, month in counts.index]
        strict, adequate = counts["full"], counts["half"]
    else:
        counts = counts.groupby(keys).sum()
        counts["days"] = [365 + isleap(year) for _, year in counts.index]
        strict = (counts["n"] >= 324) & (counts["full"] == 12)
        adequate = (counts["n"] * 100 >= counts["days"] * 85) & (counts["half"] == 12)
    # with national days, whose hours are not known, no period is strict
    is_class = [strict & (counts["national_days"] == 0), strict | adequate]
    counts["completeness"] = np.select(is_class, ["strict", "adequate"], "partial")
    counts["valid_days"] = counts["n"]
    if column == "o3_8h":
        is_partial = counts["completeness"] == "partial"
        counts["valid_days"] -= counts["known_exceedances"].where(is_partial, 0)
    return counts.drop(columns=["n", "full", "half"])


def _statistic(frame, column: str, statistic: str, table: pd.DataFrame, keys: list[str]):
    short = frame[f"short_{column}"]
    if column != "aqi":
        if short.any():
            # a partial period leaves out the days that are there only because they exceed
            is_partial = (table["completeness"] == "partial").rename("is_partial")
            frame = frame[~(short & frame[keys].join(is_partial, on=keys)["is_partial"])]
        groups = frame.groupby(keys)[column]
        value = groups.mean() if statistic == "mean" else groups.quantile(int(statistic[1:]) / 100)
        return value.reindex(table.index)
    name, _, ratio = statistic.partition("_")
    aqi = frame["aqi"]
    hit = {"good": aqi <= 100, "heavy": aqi > 200, "severe": aqi > 300}[name]
    if ratio or name == "good":
        hit &= ~short
    count = hit.groupby([frame[k] for k in keys]).sum().reindex(table.index).astype("float64")
    n = table["valid_days"]
    if ratio:
        return 100.0 * count / n.where(n > 0)
    # without any day that has an index, none is known
    return count.where((n > 0) | (count > 0))
