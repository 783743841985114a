"""Every station of a store of hours, by the national rules, on DuckDB or Spark.

The rules are the expressions of :mod:`xc_analysis.records.air_rules`, the very ones that
:mod:`xc_analysis.hourly` runs on one district in memory. Here they run over a folder of Parquet
(:mod:`xc_analysis.records.parquet_store`) that need not fit: DuckDB takes it in spans of months, Spark as a
whole. The days are written down once and months and years are made from them.

Unlike :func:`xc_analysis.hourly.annual`, a period of which a station has no record has no row.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd

from .. import hourly, tables
from ..errors import InputError
from . import air_rules, air_tables, engines, parquet_store

#: Rows that DuckDB takes at a time; a span is whole months, so more where one month has more.
SPAN_ROWS = 3_000_000
KINDS_OF_DISTRICT = ("urban",)
BY = ("station", "district", "city")


def run(store, *, by="station", engine="duckdb", out=None, places=None, hour_label="end",
        pm10="filled", memory=engines.MEMORY, threads=None, progress=None,
        warn=None) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Annual and monthly tables of every station, district or city of a store.

    Parameters
    ----------
    store : path
        Folder that :func:`xc_analysis.records.parquet_store.write` has made.
    by : {"station", "district", "city"}
        What a row is for. A district or city is the hourly mean over its stations first; of the
        stations whose kind is known only those that stand for where people live
        (kind ``urban``) are taken, no traffic or background station.
    engine : str
        See :func:`xc_analysis.records.engines.engine`.
    out : path, optional
        Folder to write ``annual.csv`` and ``monthly.csv`` into.
    places : path, optional
        csv with station, district, city (and kind); default: Beijing's, ``air/stations``.
    hour_label, pm10 : str
        As for :func:`xc_analysis.hourly.daily`.
    memory, threads
        As for :func:`xc_analysis.records.engines.engine`.
    progress : callable, optional
        ``progress(done, total, text)``.
    warn : callable, optional
        ``warn(text)``: stations that have no place, and so no part in a district.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``annual`` and ``monthly``, with the columns of :func:`xc_analysis.hourly.annual`.

    Raises
    ------
    InputError
        No such store, engine or option; no station of the store has a place.
    """
    hourly._choose(hour_label=hour_label, pm10=pm10)
    if by not in BY:
        raise InputError(f"by={by!r}: use {', '.join(BY)}")
    engines.check(engine)
    files = parquet_store.files(store)
    options = {"hour_label": hour_label, "pm10": pm10}
    # Inside the store: a cluster's machines see it too.
    with tempfile.TemporaryDirectory(prefix=".work-", dir=store) as work:
        placed = None if by == "station" else _places(Path(work), places, by)
        with engines.engine(engine, work=work, memory=memory, threads=threads) as backend:
            if placed is not None:
                _tell_unplaced(backend, store, files, placed, by, warn)
            spans = _spans(files, whole=engine != "duckdb")
            days = _writer(backend, "hours", lambda t: air_rules.day_expr(t, **options))
            for number, span in enumerate(spans):
                if progress:
                    progress(number, len(spans) + 1, "days")
                hours = _span_of(backend, store, files, span, placed, hour_label)
                days(hours, Path(work, f"days-{span[0].year}-{number:04d}.parquet"))
            if progress:
                progress(len(spans), len(spans) + 1, "periods")
            frames = _periods(backend, Path(work), spans)
    if out is not None:
        air_tables.write(frames, out, say=warn)
    return frames


def _places(work: Path, places, by: str) -> Path:
    """The table of places as Parquet that every engine reads: station, scope."""
    if places is None:
        table = tables.load("air/stations")
    else:
        try:
            table = pd.read_csv(places, dtype=str)
        except (OSError, ValueError) as error:
            raise InputError(f"{places}: not readable as csv ({error})") from error
    missing = [c for c in ("station", by) if c not in table]
    if missing:
        raise InputError(
            f"{places}: column {', '.join(missing)} is missing; it needs station, district, city"
        )
    if "kind" in table:
        table = table[table["kind"].isna() | table["kind"].isin(KINDS_OF_DISTRICT)]
    table = table[["station", by]].dropna().rename(columns={by: "scope"})
    twice = table["station"][table["station"].duplicated()]
    if len(twice):
        raise InputError(f"{places}: station {twice.iloc[0]} has two places; leave one")
    path = work / "places.parquet"
    table.astype("object").to_parquet(path, index=False)
    return path


def _tell_unplaced(backend, store, files, placed: Path, by: str, warn) -> None:
    path = placed.with_name("stations.parquet")
    backend.to_parquet(_hours(backend, store, files).select("station").distinct(), path)
    stations, known = (set(pd.read_parquet(p)["station"]) for p in (path, placed))
    if not stations & known:
        raise InputError(
            f"no station of the store has a {by}: give --places FILE, a csv with the columns "
            "station, district, city"
        )
    left = sorted(stations - known)
    if left and warn:
        warn(f"without a {by}, left out: {len(left)} stations ({'、'.join(left[:12])}"
             f"{'…' if len(left) > 12 else ''})")  # fmt: skip


def _spans(files: dict, *, whole: bool) -> list[tuple]:
    """Spans of whole days, (first day, day after the last), each within a year; or the whole.

    The first hour of the first year may be the last of the day before: alone it makes no day.
    """
    if whole:
        return [(dt.date(min(files), 1, 1), dt.date(max(files) + 1, 1, 1))]
    out = []
    for year in sorted(files):
        rows = parquet_store.rows(files[year])
        months = next((m for m in (12, 6, 3, 2) if rows * m <= 12 * SPAN_ROWS), 1)
        begins = [dt.date(year, m, 1) for m in range(1, 13, months)] + [dt.date(year + 1, 1, 1)]
        out += zip(begins, begins[1:], strict=False)
    return out


def _hours(backend, store, files, years=None):
    if backend.name != "duckdb":
        return backend.read_parquet(str(Path(store, "hours").resolve()))
    paths = [str(p) for y in files if years is None or y in years for p in files[y]]
    return backend.read_parquet(paths)


def _writer(backend, name: str, build):
    """``write(table, path)``: what `build` makes of one table after the other, as Parquet.

    To compile the rules takes ibis half a second, more than DuckDB needs for a small span. So
    DuckDB gets the SQL once, over a view that is defined anew for each table.
    """
    if backend.name != "duckdb":
        return lambda table, path: backend.to_parquet(build(table), path)
    sql = []

    def write(table, path: Path) -> None:
        backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {backend.compile(table)}")
        if not sql:
            sql.append(backend.compile(build(backend.table(name))))
        place = str(path).replace("'", "''")
        backend.raw_sql(f"COPY ({sql[0]}) TO '{place}' (FORMAT parquet)")

    return write


def _span_of(backend, store, files, span, placed, hour_label):
    """The hours of one span with what they are for, as an expression."""
    begin, end = span
    hours = _hours(backend, store, files, range(begin.year, end.year + 1))
    if backend.name == "duckdb":
        if hour_label == "end":
            inside = (hours.time > _midnight(begin)) & (hours.time <= _midnight(end))
        else:
            inside = (hours.time >= _midnight(begin)) & (hours.time < _midnight(end))
        hours = hours.filter(inside)
    if placed is None:
        return hours.mutate(scope=hours.station)
    return hours.join(backend.read_parquet(str(placed.resolve())), "station")


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def _periods(backend, work: Path, spans) -> dict[str, pd.DataFrame]:
    """Months and years from the days written down; by year where the days are."""
    import pyarrow.dataset as ds

    parts: dict[int, list[Path]] = {}
    last = None
    for number, (begin, _) in enumerate(spans):
        path = work / f"days-{begin.year}-{number:04d}.parquet"
        dates = ds.dataset(path).to_table(columns=["date"]).column(0)
        if len(dates):
            parts.setdefault(begin.year, []).append(path)
            newest = pd.Timestamp(max(dates.unique().to_pylist())).date()
            last = max(last, newest) if last else newest
    if last is None:
        raise InputError("no day comes of the store's hours; see the stations and places given")
    frames: dict[str, list] = {"annual": [], "monthly": []}
    for name, freq in (("annual", "year"), ("monthly", "month")):
        stats = _writer(backend, f"{name}_days", partial(air_rules.stats_expr, freq=freq))
        periods = _writer(
            backend, f"{name}_stats", partial(air_rules.period_of_stats, freq=freq, last=last)
        )
        for year, paths in parts.items():
            # Spark writes a folder for each table, and reads it as one.
            several = [str(p.resolve()) for p in paths]
            days = backend.read_parquet(several if backend.name == "duckdb" else several[0])
            # Written down in between: twelve indicators come of it, and Spark would begin anew.
            half, whole = work / f"stats-{name}-{year}.parquet", work / f"{name}-{year}.parquet"
            stats(days, half)
            periods(backend.read_parquet(str(half.resolve())), whole)
            frames[name].append(ds.dataset(whole).to_table().to_pandas())
    return {name: hourly.tidy_period(pd.concat(kept)) for name, kept in frames.items()}
