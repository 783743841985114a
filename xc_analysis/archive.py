"""Hourly monitoring files, with all their defects, into one table of hours.

What is read: the public archive of Beijing's hourly data as distributed (one zip a year of
``beijing_{all,extra}_YYYYMMDD.csv``, or folders of these, or single files; any csv with the header
``date,hour,type,<station>,...``) and the UCI files ``PRSA_Data_*.csv`` (plain, gz, or in a zip), in
any mix. Rows of other statistics (``AQI``, ``*_24h``) are not an hour's concentration and are
passed over, counted.

Rules
-----
Hour labels. Both archives label hours 0 to 23; over 27,000 common hours of two stations their
values agree (98 to 99 %) at the same label and at no other, so one label is one hour in both.
What a label means (the end or the start of the hour) is decided in :mod:`xc_analysis.hourly`.

Units. µg/m³, CO in mg/m³: UCI gives CO in µg/m³, divided by 1000 here.

Which archive wins. For each hour, station and pollutant the value of the monitoring archive; UCI
only where the archive has none. UCI's PM10 counts as missing where it equals its PM2.5: in 89 % of
the hours whose PM10 the archive withholds, UCI has put the PM2.5 value there. The same hour twice
within one archive: equal values count once; of differing values that of the first file in the order
given stands, and the other is listed.

Values left out, each listed with file, hour, station and value:

- not a number, or negative;
- ``pulse``: for an hour (gases: up to four hours at one value) at least three times the nearest
  value within three hours on both sides, and above them by more than `PULSE_STEP` and by more than
  three times the step from hour to hour that nine of ten hours of that station and pollutant stay
  within. It is the shape of a calibration, not of weather: the sandstorm of 2021-03-15 rises within
  an hour too, but falls over many, and stays;
- ``stuck``: one value for many hours (`STUCK`), which neither weather nor rounding explains. Not
  judged where more than half of a series stands still like that. CO is judged only far above what
  occurs, since much of 2014 has it in whole mg/m³.

PM10 of 999 to 1010 before 2018 is the end of the instrument's range: kept, listed ``range end``.

A file that cannot be used never stops the rest: it is listed and the reading goes on. Members of a
zip that point outside it are ignored and listed, as is what unpacks to more than `FILE_LIMIT` (a
zip in all: `ZIP_LIMIT`) bytes. Nothing readable at all is an
:class:`~xc_analysis.errors.InputError`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .errors import InputError
from .records import archive_files as files_of
from .records import archive_grid as grid
from .records import archive_rows as rows_of
from .records import stations as names_of
from .records.archive_files import FILE_LIMIT, ZIP_LIMIT
from .records.archive_grid import PULSE_STEP, STUCK
from .records.archive_rows import POLLUTANTS

__all__ = [
    "FILE_LIMIT", "POLLUTANTS", "PULSE_STEP", "STUCK", "ZIP_LIMIT", "Archive", "Wide",
    "read_archive", "read_weather", "read_wide",
]  # fmt: skip


class Archive(NamedTuple):
    """What was read; unpacks as ``hours, defects = read_archive(...)``.

    Attributes
    ----------
    hours : pandas.DataFrame
        See :func:`read_archive`.
    defects : pandas.DataFrame
        Columns file, date, hour, station, pollutant, value, rule, action (dropped, skipped, kept,
        repaired, missing), count: a row for each thing left out, repaired, missing or remarkable.
    """

    hours: pd.DataFrame
    defects: pd.DataFrame


class Wide(NamedTuple):
    """What :func:`read_wide` returns: hours (pyarrow, a column a pollutant), defects, weather."""

    hours: Any
    defects: pd.DataFrame
    weather: pd.DataFrame


def read_archive(paths, *, stations=None, shape="long", progress=None) -> Archive:
    """Read hourly files of the Beijing archive and of UCI 501, in any mix.

    Parameters
    ----------
    paths : path or iterable of paths
        Zips, folders (searched through), single csv or csv.gz files. Where two files have the same
        hour the earlier in this order wins.
    stations : str or iterable of str, optional
        Stations to keep, under any of their names; default all. Every column is parsed either way.
    shape : {"long", "wide"}
        long: time, station, pollutant (pm25, pm10, so2, no2, co, o3), value, missing values absent;
        wide: time, station and one column a pollutant, NaN where missing.
    progress : callable, optional
        Called as ``progress(done, total, text)`` with counts of files.

    Returns
    -------
    Archive
        ``hours``, with time the label of the hour as printed (local time without zone; hour 24 as
        00 of the next day), station under its name before 2021-01-23, µg/m³ (CO mg/m³), sorted by
        station and time; and ``defects``.

    Raises
    ------
    InputError
        Nothing readable, a path that does not exist, or a station that is in no file.

    Examples
    --------
    >>> hours, defects = read_archive("archive/", stations=["官园"])     # doctest: +SKIP
    >>> defects.groupby("rule")["count"].sum()                           # doctest: +SKIP
    """
    if shape not in ("long", "wide"):
        raise InputError(f"shape={shape!r}: use 'long' or 'wide'")
    wide = read_wide(paths, stations=stations, progress=progress)
    hours = wide.hours.to_pandas()
    hours["station"] = hours["station"].astype("category")
    if shape == "long":
        hours = _long(hours)
    return Archive(hours, wide.defects)


def _long(hours: pd.DataFrame) -> pd.DataFrame:
    values = hours[list(POLLUTANTS)].to_numpy().ravel()
    place = np.flatnonzero(~np.isnan(values))
    row = (place // len(POLLUTANTS)).astype(np.int32)
    code = (place % len(POLLUTANTS)).astype(np.int8)
    return pd.DataFrame(
        {
            "time": hours["time"].to_numpy()[row],
            "station": hours["station"].array[row],
            "pollutant": pd.Categorical.from_codes(code, list(POLLUTANTS)),
            "value": values[place],
        }
    )


def read_weather(paths) -> pd.DataFrame:
    """The weather columns of the UCI files.

    Parameters
    ----------
    paths : path or iterable of paths
        As in :func:`read_archive`; files without weather are passed over.

    Returns
    -------
    pandas.DataFrame
        time (label of the hour), station, temp (°C), pres (hPa), dewp (°C), rain (mm), wspm (m/s),
        wd (one of 16 directions); empty without a UCI file.
    """
    reader = rows_of.Reader(None)
    for label, data in files_of.each(files_of.existing(paths), reader.note):
        if rows_of.is_uci(data):
            reader.add(label, data)
    return reader.all_weather()


def read_wide(paths, *, stations=None, progress=None) -> Wide:
    """:func:`read_archive` in wide shape as a pyarrow table, which :mod:`hourly` works on.

    Parameters
    ----------
    paths, stations, progress
        As in :func:`read_archive`.

    Returns
    -------
    Wide
        hours (pyarrow.Table: time, station, a column a pollutant, null where missing), defects,
        weather (as :func:`read_weather`, of the stations kept).
    """
    paths = files_of.existing(paths)
    wanted = None
    if stations is not None:
        stations = [stations] if isinstance(stations, str) else stations
        wanted = list(dict.fromkeys(names_of.canonical(s) for s in stations if s.strip()))
        if not wanted:
            raise InputError("stations: the list is empty; name at least one, or leave it out")
    reader = rows_of.Reader(wanted)
    total = files_of.count(paths) if progress else 0
    for done, (label, data) in enumerate(files_of.each(paths, reader.note), 1):
        reader.add(label, data)
        if progress and done % 50 == 0:
            progress(min(done, total), total, label)
    reader.close()
    if not reader.found:
        why = "; ".join(dict.fromkeys(f"{d[0]}: {d[6]}" for d in reader.defects[:3]))
        raise InputError(
            f"nothing readable in the archive ({why or 'no files'}); give the yearly zips, a "
            "folder of beijing_all_*/beijing_extra_* csv, or UCI PRSA files"
        )
    missing = [s for s in wanted or [] if s not in reader.found]
    if missing:
        known = "、".join(list(reader.found)[:40])
        raise InputError(f"station {'、'.join(missing)} is in no file; there are {known}")
    hours, defects = grid.merge(reader)
    if progress:
        progress(total, total, "")
    return Wide(hours, defects, reader.all_weather())
