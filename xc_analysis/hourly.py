"""Hours to days, months and years by the national rules, on any table of hours.

The rules are ibis expressions (:mod:`xc_analysis.records.air_rules`), run by DuckDB here, or by whatever
engine an ibis table given belongs to.

Rules (GB 3095-2012, HJ 663-2013, HJ 633-2012)
----------------------------------------------
Day. ``hour_label="end"`` (default): a label is the end of its hour, a day has the labels 01 to 24,
24 being 00 of the next date; ``"start"``: the labels 00 to 23 of the date itself.

District. Mean over the stations that report, hour by hour and pollutant by pollutant, first; all
rules after that act on the district's hours.

PM10. ``pm10="filled"`` (default): where a station's PM10 is missing and its PM2.5 is not, PM2.5
stands in, in every year alike (the archive withholds PM10 where it would not exceed PM2.5);
``"reported"``: PM10 as reported. Both travel on: ``pm10_reported`` beside ``pm10`` in the days, and
the lower and upper end of ``pm10`` in months and years.

Daily mean: at least 20 hours. O3: largest mean of 8 running hours within the day, 17 windows, each
with at least 6 hours; valid with at least 14 windows, or if the largest exceeds 160 µg/m³.

Month and year: mean of the valid days; O3 90th, CO 95th percentile, linear at 1+(n-1)p. Good days
AQI <= 100, heavy > 200, severe > 300; ratios over the days with an AQI.

Completeness of a year: ``strict`` at least 324 valid days and 27 a month (February 25),
``adequate`` at least 85 % of the year's days and 15 in every month, else ``partial``; of a month:
27 (February 25), 15, less. Counts of days go by the days with an AQI. A value is never blanked.

Basis: ``ref-273K`` before 2018-09-01, when GB 3095's reference state changed, ``ref-298K`` since,
``ref-mixed`` for 2018. Release: ``draft`` for a year that the records end in, else ``public``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .archive import POLLUTANTS, Archive, read_wide
from .errors import InputError
from .records import air_rules, air_tables
from .records.air_rules import DAY_COLUMNS, INDICATORS
from .records.archive_rows import TYPES
from .records.stations import canonical


def _choose(*, hour_label="end", pm10="filled", by="district") -> None:
    allowed = {
        "hour_label": (hour_label, ("end", "start")),
        "pm10": (pm10, ("filled", "reported")),
        "by": (by, ("district", "station")),
    }
    for name, (value, values) in allowed.items():
        if value not in values:
            raise InputError(f"{name}={value!r}: use {' or '.join(map(repr, values))}")


def _columns(data) -> list[str]:
    names = getattr(data, "column_names", None) or getattr(data, "columns", None)
    if names is None:
        raise InputError(f"{type(data).__name__} is no table; give a frame of hours or of days")
    return list(names)


def _need(data, what: str, needed) -> None:
    missing = [c for c in needed if c not in _columns(data)]
    if missing:
        raise InputError(
            f"{what}: column {', '.join(missing)} is missing; needed are {', '.join(needed)}"
        )


def _open(data):
    """Anything tabular as (ibis table, the backend that runs it)."""
    import ibis
    import pyarrow as pa

    if isinstance(data, ibis.Table):
        return data, data.get_backend()
    if isinstance(data, pd.DataFrame):
        data = pa.Table.from_pandas(data, preserve_index=False)
    # An engine of its own: it lets go of the table when the result is there.
    return ibis.memtable(_without_nan(data)), ibis.duckdb.connect()


def _frame(backend, expr) -> pd.DataFrame:
    from duckdb import ConversionException

    try:
        return backend.to_pyarrow(expr).to_pandas()
    except ConversionException as error:
        told = str(error).splitlines()[0]
        raise InputError(f"a date, a time or a number cannot be read ({told})") from None


def _without_nan(table):
    """NaN as null, so that every engine sees the same."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        nan = pc.is_nan(table.column(i)) if pa.types.is_floating(field.type) else None
        if nan is not None and pc.any(nan).as_py():
            null = pa.scalar(None, field.type)
            table = table.set_column(i, field.name, pc.if_else(nan, null, table.column(i)))
    return table


def _wide(hours):
    """Hours as (ibis table with a column a pollutant, backend), from a long or a wide table."""
    import ibis

    data = hours.hours if isinstance(hours, Archive) else hours
    names = _columns(data)
    long = {"pollutant", "value"} <= set(names)
    _need(data, "hours", ("time", "pollutant", "value") if long else ("time",))
    tokens = {t: n for n in names for p, t in TYPES.items() if n in (p, t)}
    if long and not isinstance(data, ibis.Table):
        _known_pollutants(data)
    if not long and not tokens:
        raise InputError(
            "hours: neither pollutant and value (long) nor a column of "
            f"{', '.join(POLLUTANTS)} (wide) is there"
        )
    table, backend = _open(data)
    if "station" not in names:
        table = table.mutate(station=ibis.literal("station"))
    table = table.mutate(time=table.time.cast("timestamp"))
    if long:
        value = table.value.cast("float64")
        chosen = {
            token: value.mean(where=table.pollutant.isin([token, printed]))
            for printed, token in TYPES.items()
        }
        return table.group_by("time", "station").aggregate(**chosen), backend
    chosen = {
        p: table[tokens[p]].cast("float64") if p in tokens else ibis.null("float64")
        for p in POLLUTANTS
    }
    return table.select("time", "station", **chosen), backend


def _known_pollutants(data) -> None:
    column = data["pollutant"]
    found = {str(p) for p in (column.unique().to_pylist() if hasattr(column, "to_pandas")
                              else column.dropna().unique())}  # fmt: skip
    strange = sorted(found - {*TYPES, *TYPES.values(), "None"})
    if strange:
        raise InputError(f"hours: pollutant {strange[0]!r} is unknown; use {', '.join(POLLUTANTS)}")


def daily(hours, *, name=None, stations=None, by="district", hour_label="end", pm10="filled"):
    """Daily values by GB 3095-2012 and HJ 663-2013, with the AQI of HJ 633-2012.

    Parameters
    ----------
    hours : DataFrame, pyarrow.Table, ibis.Table or Archive
        Long: time, station, pollutant (pm25 or PM2.5, ...), value; or wide: time, station and a
        column a pollutant (pm25, pm10, so2, no2, co, o3). time is the label of the hour as printed;
        µg/m³, CO mg/m³. What :func:`xc_analysis.archive.read_archive` returns fits.
    name : str, optional
        The district's name, written into ``scope``; default: its stations joined by ``+``.
    stations : iterable of str, optional
        Stations to take; default: all in the table.
    by : {"district", "station"}
        One row a day for all stations together (hourly mean first), or one for each.
    hour_label : {"end", "start"}
        Whether a label is the end of its hour or its start.
    pm10 : {"filled", "reported"}
        PM2.5 in place of a missing PM10, or PM10 as reported.

    Returns
    -------
    DataFrame
        date, scope (or station), pm25, pm10, pm10_reported, so2, no2, co, o3_8h, aqi, primary;
        NaN where the day is not valid; one row for every day from the first with hours to the last.

    Raises
    ------
    InputError
        A column, station or option that is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> time = pd.date_range("2020-01-01 01:00", periods=24, freq="h")
    >>> hours = pd.DataFrame({"time": time, "station": "官园", "pollutant": "pm25", "value": 40.0})
    >>> daily(hours, name="西城区")[["date", "scope", "pm25"]].to_dict("records")
    [{'date': Timestamp('2020-01-01 00:00:00'), 'scope': '西城区', 'pm25': 40.0}]
    """
    _choose(by=by, hour_label=hour_label, pm10=pm10)
    import ibis

    table, backend = _wide(hours)
    if stations is not None:
        stations = [stations] if isinstance(stations, str) else list(stations)
        stations = list(dict.fromkeys([*stations, *map(canonical, stations)]))
        table = table.filter(table.station.isin(stations))
    if by == "district" and name is None:
        name = "+".join(sorted(_frame(backend, table.select("station").distinct())["station"]))
    scope = table.station if by == "station" else ibis.literal(name)
    out = _days(table.mutate(scope=scope), backend, hour_label, pm10)
    if out.empty:
        raise InputError("hours: no day comes of them; see the stations asked for and the table")
    return out.rename(columns={"scope": by}) if by == "station" else out


def _days(table, backend, hour_label: str, pm10: str) -> pd.DataFrame:
    out = _frame(backend, air_rules.day_expr(table, hour_label=hour_label, pm10=pm10))
    out["date"] = pd.to_datetime(out["date"]).astype("datetime64[s]")
    if len(out):
        out = pd.concat([_every_day(part) for _, part in out.groupby("scope")])
    out["aqi"] = out["aqi"].astype("Int64")
    out["primary"] = out["primary"].astype(object).where(out["primary"].notna(), None)
    return out[["date", "scope", *DAY_COLUMNS]].sort_values(["scope", "date"], ignore_index=True)


def _every_day(part: pd.DataFrame) -> pd.DataFrame:
    """A row for each calendar day from first to last, so that a gap is seen."""
    calendar = pd.date_range(part["date"].min(), part["date"].max(), name="date", unit="s")
    whole = part.set_index("date").reindex(calendar).reset_index()
    return whole.assign(scope=part["scope"].iloc[0])


def _period(days, freq: str) -> pd.DataFrame:
    import ibis

    names = _columns(days)
    key = "station" if "station" in names and "scope" not in names else "scope"
    _need(days, "days", ("date", key))
    if not set(DAY_COLUMNS) & set(names):
        raise InputError(f"days: none of the columns {', '.join(DAY_COLUMNS[:8])} is there")
    table, backend = _open(days)
    absent = {c: ibis.null("float64") for c in DAY_COLUMNS if c not in names}
    table = table.mutate(**absent, scope=table[key])
    return tidy_period(_frame(backend, air_rules.period_expr(table, freq=freq)))


def tidy_period(out: pd.DataFrame) -> pd.DataFrame:
    """What :func:`xc_analysis.records.air_rules.period_expr` gave, typed and in order."""
    whole = [c for c in ("year", "month", "valid_days", "days") if c in out]
    out = out.astype(dict.fromkeys(whole, "int64"))
    rank = out["indicator"].map({name: i for i, name in enumerate(INDICATORS)})
    by = ["scope", "rank", "year", *(["month"] if "month" in out else [])]
    return out.assign(rank=rank).sort_values(by, ignore_index=True).drop(columns="rank")


def monthly(days) -> pd.DataFrame:
    """Monthly values from daily ones.

    Parameters
    ----------
    days : DataFrame, pyarrow.Table or ibis.Table
        As :func:`daily` returns: date, scope (or station) and the daily columns.

    Returns
    -------
    DataFrame
        scope, indicator, year, month, value, lower, upper, unit, valid_days, days, capture,
        completeness, basis, release; a row for each indicator and month with at least one day.
    """
    return _period(days, "month")


def annual(days) -> pd.DataFrame:
    """Annual values from daily ones, by HJ 663-2013.

    Parameters
    ----------
    days : DataFrame, pyarrow.Table or ibis.Table
        As :func:`daily` returns: date, scope (or station) and the daily columns.

    Returns
    -------
    DataFrame
        scope, indicator, year, value, lower, upper, unit, valid_days, days (of the year), capture,
        completeness, basis, release; value NaN only where no day is valid. lower and upper of pm10
        are its two treatments.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.DataFrame({"date": pd.date_range("2019-01-01", "2019-12-31"), "scope": "西城区",
    ...                      "pm25": 42.0, "pm10": 70.0})
    >>> annual(days).query("indicator == 'pm25'")[["value", "completeness"]].values.tolist()
    [[42.0, 'strict']]
    """
    return _period(days, "year")


def hour_profile(hours, *, name, hour_label="end", pm10="filled") -> pd.DataFrame:
    """Mean of each hour of the day, by month and year.

    Parameters
    ----------
    hours, name, hour_label, pm10
        As for :func:`daily`.

    Returns
    -------
    DataFrame
        scope, year, month, hour (1 to 24 with ``hour_label="end"``, 0 to 23 with "start"), pm25,
        pm10, so2, no2, co, o3 (means of the district's hours), n (hours with any value).
    """
    _choose(hour_label=hour_label, pm10=pm10)
    table, backend = _wide(hours)
    expr = air_rules.profile_expr(table, name=name, hour_label=hour_label, pm10=pm10)
    out = _frame(backend, expr)
    return out.sort_values(["scope", "year", "month", "hour"], ignore_index=True)


def run(archives, *, stations, name, out, hour_label="end", pm10="filled", progress=None,
        warn=None) -> dict[str, Path]:  # fmt: skip
    """Archives to the tables of ``data/air``.

    Parameters
    ----------
    archives : path or iterable of paths
        As for :func:`xc_analysis.archive.read_archive`.
    stations : iterable of str
        The district's stations, under any of their names.
    name : str
        The district's name, written into ``scope``.
    out : path
        Folder for the tables; made if missing. See :func:`xc_analysis.records.air_tables.write`
        for what holds where it is the ``air`` of a pack.
    hour_label, pm10 : str
        As for :func:`daily`.
    progress : callable, optional
        ``progress(done, total, text)``.
    warn : callable, optional
        ``warn(text)``, one line for each kind of defect, and what is waited for.

    Returns
    -------
    dict of str to Path
        annual, monthly, daily, station_daily, hour_profile, weather_daily, defects.

    Raises
    ------
    InputError
        As :func:`xc_analysis.archive.read_archive`; the folder cannot be written, or is that of
        another district's pack.
    """
    _choose(hour_label=hour_label, pm10=pm10)
    air_tables.check_district(out, name)
    import ibis

    wide = read_wide(archives, stations=stations, progress=progress)
    if not wide.hours.num_rows:
        raise InputError(f"no hour of {name} is in the archive; see which files it has")
    options = {"hour_label": hour_label, "pm10": pm10}
    table, backend = _wide(wide.hours)
    # District and stations in one pass: the station's own days are a district of one.
    own = table.mutate(scope=ibis.literal("station:") + table.station)
    days = _days(table.mutate(scope=ibis.literal(name)).union(own), backend, **options)
    stationwise = days[days["scope"].str.startswith("station:")].rename(
        columns={"scope": "station"}
    )
    stationwise["station"] = stationwise["station"].str.removeprefix("station:")
    days = days[days["scope"] == name]
    tables = {
        "annual": annual(days),
        "monthly": monthly(days),
        "daily": days,
        "station_daily": stationwise,
        "hour_profile": hour_profile(wide.hours, name=name, **options),
        "weather_daily": air_tables.weather_daily(wide.weather, hour_label=hour_label),
        "defects": wide.defects,
    }
    if warn:
        for (rule, action), count in (
            wide.defects.groupby(["rule", "action"])["count"].sum().items()
        ):
            warn(f"{rule}: {count} {action}")
    return air_tables.write(tables, out, say=warn)
