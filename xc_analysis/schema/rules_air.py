"""Do the computed air tables agree with each other? Rules over `air/`.

Annual and monthly rows must follow from the daily table, and a day's index and district means
from that day's concentrations, so that a figure changed by hand is found where it stands.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..packs.packs import rows
from ..records.aqi import BREAKPOINTS, INDEX
from .derivations import half_unit
from .encodings import Offence
from .schemas import POLLUTANTS

_REBUILD = "rebuild the tables (`make data`)"
# indicator -> (column of the daily table, statistic of its valid days)
STATISTICS = {
    "pm25": ("pm25", np.mean),
    "pm10": ("pm10", np.mean),
    "so2": ("so2", np.mean),
    "no2": ("no2", np.mean),
    "o3_8h_mean": ("o3_8h", np.mean),
    "o3_8h_p90": ("o3_8h", lambda days: np.percentile(days, 90)),
    "co_p95": ("co", lambda days: np.percentile(days, 95)),
    "good_days": ("aqi", lambda days: np.sum(days <= 100)),
    "heavy_days": ("aqi", lambda days: np.sum(days > 200)),
    "severe_days": ("aqi", lambda days: np.sum(days > 300)),
    "good_day_ratio": ("aqi", lambda days: 100 * np.mean(days <= 100)),
    "heavy_day_ratio": ("aqi", lambda days: 100 * np.mean(days > 200)),
}
# index points that rounding of the stored concentrations may move
_INDEX_SLACK = 3
# how far hours missing at one station may carry the district beyond its stations' days
_STATION_SLACK, _STATION_LEAST = 0.35, {"co": 0.5}


def air_days_add_up(pack) -> Iterator[Offence]:
    """Days of the calendar, valid days among them, capture, and a value where days are valid."""
    for name in ("air/annual", "air/monthly"):
        frame = pack.frame(name, "year", "valid_days", "days", "value", "capture")
        monthly = name == "air/monthly"
        if frame is None or (monthly and "month" not in frame):
            continue
        cells = pack.sheets[name].cells
        counts = ["year", "valid_days", "days", *(["month"] if monthly else [])]
        for line, row in rows(frame.dropna(subset=counts)):
            if not 1 <= row["year"] <= 9999 or (monthly and not 1 <= row["month"] <= 12):
                continue
            length = (
                calendar.monthrange(row["year"], row["month"])[1]
                if monthly
                else 365 + calendar.isleap(row["year"])
            )
            if row["days"] != length:
                problem = f"the period has {length} days"
                yield pack.offence(name, line, "days", problem, f"write {length}")
                continue
            if row["valid_days"] > row["days"]:
                yield pack.offence(name, line, "valid_days", "more valid days than days", _REBUILD)
                continue
            if row["valid_days"] > 0 and cells.at[line, "value"] == "":
                yield pack.offence(name, line, "value", "valid days but no value", _REBUILD)
            share = row["valid_days"] / length
            if abs(row["capture"] - share) > half_unit(cells.at[line, "capture"]) + 1e-6:
                problem = f"{row['valid_days']} of {length} days are {share:.4f}"
                yield pack.offence(name, line, "capture", problem, _REBUILD)


def air_follows_from_days(pack) -> Iterator[Offence]:
    """Annual and monthly values and valid days recompute from the daily table."""
    daily = pack.frame("air/daily", "date", "scope", "aqi", *POLLUTANTS)
    if daily is None or not len(daily):
        return
    daily = daily.dropna(subset=["date", "scope"]).drop_duplicates(["date", "scope"])
    daily = daily.assign(year=daily["date"].dt.year, month=daily["date"].dt.month)
    for name, keys in (("air/annual", ["year"]), ("air/monthly", ["year", "month"])):
        frame = pack.frame(name, "scope", "indicator", "value", "valid_days", *keys)
        if frame is None:
            continue
        groups = {
            key: {column: _floats(days[column]) for column in ("aqi", *POLLUTANTS)}
            for key, days in daily.groupby(["scope", *keys])
        }
        scopes = set(daily["scope"])
        cells = pack.sheets[name].cells
        for line, row in rows(frame.dropna(subset=["scope", *keys])):
            if row["scope"] not in scopes or row["indicator"] not in STATISTICS:
                continue
            column, statistic = STATISTICS[row["indicator"]]
            days = groups.get((row["scope"], *(row[key] for key in keys)), {}).get(column, [])
            if not pd.isna(row["valid_days"]) and row["valid_days"] != len(days):
                problem = f"daily.csv has {len(days)} valid days of it"
                yield pack.offence(name, line, "valid_days", problem, _REBUILD)
            if len(days) and not np.isnan(row["value"]):
                wanted = float(statistic(days))
                slack = 2 * half_unit(cells.at[line, "value"]) + 1e-3 * max(1, abs(wanted)) / 10
                if abs(row["value"] - wanted) > slack:
                    problem = f"the days of daily.csv give {wanted:.6g}"
                    yield pack.offence(name, line, "value", problem, _REBUILD)


def _floats(column: pd.Series) -> np.ndarray:
    return column.dropna().to_numpy(dtype=float)


def computed_air_lies_in_air(pack) -> Iterator[Offence]:
    frame = pack.frame("observations", "indicator", "status")
    if frame is None:
        return
    for line in frame.index[(frame["status"] == "computed") & frame["indicator"].isin(STATISTICS)]:
        problem = "computed air is no observation"
        yield pack.offence(
            "observations", line, "status", problem, "leave it to air/, which is written by code"
        )


def air_classes_are_earned(pack) -> Iterator[Offence]:
    """Completeness of a year by its valid days and those of its months (HJ 663, and ours)."""
    annual = pack.frame("air/annual", "scope", "indicator", "year", "valid_days", "completeness")
    monthly = pack.frame("air/monthly", "scope", "indicator", "year", "month", "valid_days")
    if annual is None or monthly is None or not len(monthly):
        return
    key = ["scope", "indicator", "year"]
    by_year = {k: g for k, g in monthly.dropna(subset=[*key, "valid_days"]).groupby(key)}
    for line, row in rows(annual.dropna(subset=[*key, "valid_days", "completeness"])):
        months = by_year.get(tuple(row[name] for name in key))
        if months is None:
            continue
        months = dict(zip(months["month"], months["valid_days"], strict=True))
        least = [months.get(month, 0) for month in range(1, 13)]
        full = all(days >= (25 if m == 2 else 27) for m, days in enumerate(least, start=1))
        length = 365 + calendar.isleap(row["year"]) if 1 <= row["year"] <= 9999 else 365
        if row["valid_days"] >= 324 and full:
            earned = "strict"
        elif row["valid_days"] >= 0.85 * length and min(least) >= 15:
            earned = "adequate"
        else:
            earned = "partial"
        if row["completeness"] != earned:
            problem = f"{row['valid_days']} valid days, {min(least)} in the poorest month: {earned}"
            yield pack.offence("air/annual", line, "completeness", problem, f"write {earned}")


def days_agree_with_themselves(pack) -> Iterator[Offence]:
    """A day's index follows from its concentrations; the primary pollutants are pollutants."""
    for name in ("air/daily", "air/station_daily"):
        frame = pack.frame(name, "aqi", "primary", *POLLUTANTS)
        if frame is None or not len(frame):
            continue
        index = _index(frame)
        given = frame["aqi"].astype("float64")
        for line in frame.index[(given - index).abs() > _INDEX_SLACK]:
            problem = f"the day's concentrations give {index[line]:.0f}"
            yield pack.offence(name, line, "aqi", problem, _REBUILD)
        for line, primary in frame["primary"].dropna().items():
            if not set(primary.split("+")) <= set(POLLUTANTS):
                problem = f"{primary!r} does not name pollutants"
                yield pack.offence(
                    name, line, "primary", problem, f"use {', '.join(POLLUTANTS)}, joined by +"
                )


def _index(frame: pd.DataFrame) -> pd.Series:
    highest = pd.Series(0.0, index=frame.index)
    for pollutant, ends in BREAKPOINTS.items():
        digits = 1 if pollutant == "co" else 0
        rounded = np.round(frame[pollutant].to_numpy(dtype=float), digits)
        sub = np.ceil(np.round(np.interp(rounded, ends, INDEX[: len(ends)]), 6))
        highest = np.fmax(highest, sub)
    return highest


def district_lies_among_its_stations(pack) -> Iterator[Offence]:
    """A district's day lies near the days of its stations, where all of them have one."""
    daily = pack.frame("air/daily", "date", "scope", *POLLUTANTS)
    stations = pack.frame("air/station_daily", "date", "station", *POLLUTANTS)
    if daily is None or stations is None or daily["scope"].nunique() != 1:
        return
    number = stations["station"].nunique()
    columns = [
        name for name in (*POLLUTANTS, "pm10_reported") if name in daily and name in stations
    ]
    ends = stations.dropna(subset=["date"]).groupby("date")[columns].agg(["min", "max", "count"])
    for name in columns:
        seen = ends[name].reindex(daily["date"]).set_axis(daily.index)
        slack = _STATION_SLACK * seen["max"] + _STATION_LEAST.get(name, 5)
        outside = (daily[name] < seen["min"] - slack) | (daily[name] > seen["max"] + slack)
        for line in daily.index[outside & (seen["count"] == number)]:
            yield pack.offence(
                "air/daily",
                line,
                name,
                f"its stations report {seen.at[line, 'min']:g} to {seen.at[line, 'max']:g}",
                _REBUILD,
            )
