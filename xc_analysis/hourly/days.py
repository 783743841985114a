"""Hours to days by the national rules (GB 3095-2012, HJ 663-2013), on any table of hours.

A district is the mean over the stations that report, hour by hour, first; PM2.5 stands in for a
PM10 that the archive withholds for not exceeding it. Ozone is the largest mean of 8 hours within
the day, valid with enough windows or if it exceeds 160.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from ..words import error
from .aqi import round_printed, with_aqi
from .archive import Archive
from .layouts import POLLUTANTS, canonical, check_option, need_columns, plain, unreadable

VALUES = ("pm25", "pm10", "pm10_reported", "so2", "no2", "co")
DAY_COLUMNS = [*VALUES, "o3_8h", "o3_windows", "aqi", "primary", "known_exceedance", "national"]
HOURS_NEEDED, WINDOW_HOURS, WINDOWS_NEEDED = 20, 6, 14


def daily(hours, *, name=None, stations=None, by="district", hour_label="end", pm10="filled"):
    """Compute daily values with the AQI, by the national rules.

    Parameters
    ----------
    hours : DataFrame, pyarrow.Table, ibis.Table or Archive
        time (label as printed), station, pollutant (pm25 or PM2.5, ...), value; or time, station
        and a column a pollutant; µg/m³, CO mg/m³. What `read_archive` returns fits.
    name : str, optional
        The district's name for ``scope``; default: its stations joined by ``+``.
    stations : iterable of str, optional
        Stations to take; default all.
    by : {"district", "station"}
        One row a day for all stations together (hourly mean first), or one for each.
    hour_label, pm10 : {"end", "start"}, {"filled", "reported"}
        What of its hour a label is; PM2.5 in place of a missing PM10, or PM10 as reported.

    Returns
    -------
    DataFrame
        Every day from first to last: date, scope (or station), pm25, pm10, pm10_reported, so2, no2,
        co, o3_8h, o3_windows, aqi, primary, known_exceedance (no PM2.5 or no O3, but another above
        100, whose index is the ``aqi``), national (False here); NaN where the day is not valid.

    Raises
    ------
    InputError
        A column, station or option that is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> time = pd.date_range("2020-01-01 01:00", periods=24, freq="h")
    >>> hours = pd.DataFrame({"time": time, "station": "官园", "pollutant": "pm25", "value": 40.0})
    >>> daily(hours, name="西城区")[["scope", "pm25"]].to_dict("records")
    [{'scope': '西城区', 'pm25': 40.0}]
    """
    check_option("by", by, ("district", "station"))
    check_reading(hour_label=hour_label, pm10=pm10)
    table = _wide(hours.hours if isinstance(hours, Archive) else hours)
    if stations is not None:
        stations = [stations] if isinstance(stations, str) else list(stations)
        table = table[table["station"].isin([*stations, *map(canonical, stations)])]
    if by == "district" and name is None:
        name = "+".join(sorted(table["station"].unique()))
    scope = table["station"] if by == "station" else name
    days = _days_of_hours(table.assign(scope=scope), hour_label=hour_label, pm10=pm10)
    days = with_validity(days).sort_values(["scope", "date"], ignore_index=True)
    days = days[["date", "scope", *DAY_COLUMNS]]
    return days.rename(columns={"scope": by}) if by == "station" else days


def check_reading(*, hour_label="end", pm10="filled") -> None:
    """Raise `InputError` unless the two options of reading hours have one of their values."""
    check_option("hour_label", hour_label, ("end", "start"))
    check_option("pm10", pm10, ("filled", "reported"))


def frame_of(data, what: str, *needed: str) -> pd.DataFrame:
    """Return a table of any kind as a frame that has the columns needed."""
    if not hasattr(data, "columns"):
        raise error("error.no_table", kind=type(data).__name__)
    frame = data if isinstance(data, pd.DataFrame) else data.to_pandas()
    need_columns(frame.columns, what, *needed)
    return frame


def _wide(hours) -> pd.DataFrame:
    frame = frame_of(hours, "hours", "time")
    if "station" not in frame:
        frame = frame.assign(station="station")
    is_long = {"pollutant", "value"} <= set(frame)
    printed = frame["pollutant"].unique() if is_long else frame.columns
    names = {name: plain(name) for name in printed if is_long or plain(name) in POLLUTANTS}
    known = ", ".join(POLLUTANTS)
    if not names and not is_long:
        raise error("error.no_pollutant", pollutants=known)
    for name, pollutant in names.items():
        if pollutant not in POLLUTANTS:
            raise error("error.pollutant_unknown", pollutant=str(name), pollutants=known)
    try:
        time = pd.to_datetime(frame["time"]).astype("datetime64[s]")
        if is_long:
            # of an hour given twice the mean
            keys = [time, frame["station"], frame["pollutant"].map(names)]
            values = pd.to_numeric(frame["value"]).groupby(keys, observed=True).mean()
            wide = values.unstack().reindex(columns=list(POLLUTANTS)).astype("float64")
            return wide.set_axis(list(POLLUTANTS), axis=1).reset_index()
        wide = frame.assign(time=time).rename(columns=names)
        wide = wide.reindex(columns=["time", "station", *POLLUTANTS])
        return wide.dropna(subset="time").astype(dict.fromkeys(POLLUTANTS, "float64"))
    except (ValueError, TypeError, OverflowError) as problem:
        raise unreadable(problem) from None


def days_expr(hours, *, hour_label="end", pm10="filled"):
    """Build the ibis expression of days by scope and date, of hours in wide shape with a scope."""
    import ibis

    values = {p: hours[p].cast("float64") for p in POLLUTANTS}
    values["pm10_reported"] = values["pm10"]
    if pm10 == "filled":
        values["pm10"] = ibis.coalesce(values["pm10"], values["pm25"])
    clock = hours.time - ibis.interval(hours=1) if hour_label == "end" else hours.time
    hours = hours.select("scope", clock=clock, **values)
    hours = hours.group_by("scope", "clock").aggregate(**{v: hours[v].mean() for v in values})
    hours = hours.mutate(date=hours.clock.date(), slot=hours.clock.hour())
    days = hours.group_by("scope", "date").aggregate(
        **{v: hours[v].mean() for v in VALUES},
        **{f"n_{v}": hours[v].count() for v in VALUES},
        **{f"h{k}": hours.o3.max(where=hours.slot == k) for k in range(24)},
        first=hours.slot.min(),
    )
    if hour_label == "end":
        # records that begin at 00 would otherwise add a day before them, of that one hour
        days = days.filter(days["first"] < 23)
    present = [days[f"h{k}"].notnull().cast("int64") for k in range(24)]
    amount = [days[f"h{k}"].fill_null(0.0) for k in range(24)]
    windows = {}
    for k in range(17):
        n = sum(present[k + 1 : k + 8], present[k])
        total = sum(amount[k + 1 : k + 8], amount[k])
        windows[f"w{k}"] = ibis.ifelse(n >= WINDOW_HOURS, total / n, -1.0)
    # in steps, each on the columns of the one before: in one expression the SQL would explode
    days = days.mutate(**windows)
    largest = ibis.greatest(*(days[w] for w in windows))
    return days.select(
        "scope",
        "date",
        **{v: ibis.cases((days[f"n_{v}"] >= HOURS_NEEDED, days[v])) for v in VALUES},
        o3_8h=ibis.cases((largest >= 0, largest)),
        o3_windows=sum((days[w] >= 0).cast("int64") for w in windows),
    )


def _days_of_hours(hours: pd.DataFrame, *, hour_label: str, pm10: str) -> pd.DataFrame:
    """Compute what `days_expr` does in numpy, with a row for every day from first to last."""
    parts = []
    for scope, part in hours.groupby("scope", sort=True, observed=True):
        # a day has the labels 01 to 24, 24 being 00 of the next date
        shift = np.timedelta64(int(hour_label == "end"), "h")
        hour = (part["time"].to_numpy("datetime64[h]") - shift).astype(np.int64)
        first = hour.min() // 24
        at, n = hour - first * 24, int(hour.max() // 24 - first) + 1
        values = {p: part[p].to_numpy(float) for p in POLLUTANTS}
        values["pm10_reported"] = values["pm10"]
        if pm10 == "filled":
            values["pm10"] = np.where(np.isnan(values["pm10"]), values["pm25"], values["pm10"])
        # the mean over stations by day and hour; NaN where none reports
        grids = {}
        for name, value in values.items():
            known = ~np.isnan(value)
            total = np.bincount(at[known], value[known], minlength=n * 24)
            with np.errstate(invalid="ignore"):
                grid = total / np.bincount(at[known], minlength=n * 24)
            grids[name] = grid.reshape(n, 24)
        out = {"scope": scope, "date": (first + np.arange(n)).astype("datetime64[D]")}
        out |= {v: _mean(grids[v], HOURS_NEEDED) for v in VALUES}
        windows = _mean(sliding_window_view(grids["o3"], 8, axis=1), WINDOW_HOURS)
        out["o3_8h"] = np.fmax.reduce(windows, axis=1)
        out["o3_windows"] = (~np.isnan(windows)).sum(axis=1)
        # records that begin at 00 would otherwise add a day before them, of that one hour
        has_hour = np.bincount(at, minlength=n * 24).reshape(n, 24) > 0
        is_day = np.flatnonzero(has_hour[:, : 23 if hour_label == "end" else 24].any(axis=1))
        if len(is_day):
            parts.append(pd.DataFrame(out).iloc[is_day[0] : is_day[-1] + 1])
    if not parts:
        raise error("error.no_day")
    return pd.concat(parts, ignore_index=True).astype({"o3_windows": "Int64"})


def _mean(grid: np.ndarray, needed: int) -> np.ndarray:
    count = (~np.isnan(grid)).sum(axis=-1)
    return np.where(count >= needed, np.nansum(grid, axis=-1) / np.maximum(count, 1), np.nan)


def with_validity(days: pd.DataFrame) -> pd.DataFrame:
    """Decide which ozone days are valid, and add the index."""
    # a day of the national publication has no count of windows
    enough = days["o3_windows"].isna() | (days["o3_windows"] >= WINDOWS_NEEDED)
    # decided on the value rounded as the index rounds it
    exceeds = round_printed(days["o3_8h"], "o3_8h") > 160
    days = days.assign(o3_8h=days["o3_8h"].where(enough | exceeds))
    return with_aqi(days if "national" in days else days.assign(national=False))
