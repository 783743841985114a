"""Every station of a store of hours, by the national rules, on DuckDB or Spark.

The days come of one ibis expression (`days.days_expr`): DuckDB takes the store in spans of months,
Spark in years. A store of at most `SMALL_ROWS` rows is read whole and goes through numpy, which
is faster there. Months and years are made of the days, a year at a time.

Unlike `annual`, a period of which a station has no record has no row.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

import pandas as pd

from .. import tables
from ..words import error, word
from . import store
from .days import check_reading, days_expr, days_small, with_validity
from .layouts import check_option, need_columns, plain, with_mark
from .names import canonical
from .periods import INDICATORS, periods
from .run import write

#: Up to this many rows numpy takes less time than DuckDB with its SQL (benchmarks/bench_stations).
SMALL_ROWS = 1_000_000
#: Rows that DuckDB takes at a time; a span is whole months, so more where one month has more.
SPAN_ROWS = 3_000_000
#: What DuckDB and Spark's driver may hold in memory.
MEMORY = "2g"
#: Heads of a list of stations, in the order in which they are looked for.
_HEADS = {
    "station": (
        "station,stationcode,code,监测点编码,站点编码,站点编号,编码,监测点,站点,站名,监测点名称,"
        "站点名称,名称,stationname,positionname"
    ),
    "city": "city,城市,市,地级行政区",
    "district": "district,区,区县,行政区,所在区,所属区",
    "kind": "kind,类型,类别",
    "background": "对照点",
}


def run_stations(
    folder,
    *,
    by="station",
    engine="duckdb",
    out=None,
    places=None,
    progress=None,
    warn=None,
    **reading,
):
    """Compute annual and monthly tables of every station, district or city of a store.

    Parameters
    ----------
    folder : path
        What `store.write_store` has made (``xc hourly --to-parquet``).
    by : {"station", "district", "city"}
        What a row is for. A district or city is the hourly mean over its stations, of those whose
        kind is known only the ``urban`` ones.
    engine : str
        ``duckdb``, ``spark`` (in this process) or ``spark://HOST:PORT`` (a standalone cluster).
    out : path, optional
        Folder to write ``annual.csv`` and ``monthly.csv`` into.
    places : path, optional
        csv with station, district, city (and kind), heads in English or Chinese; default:
        Beijing's, ``air/stations``.
    progress, warn : callable, optional
        ``progress(done, total, text)``; ``warn(text)``, which stations have no place.
    **reading
        hour_label and pm10, as for `daily`.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``annual`` and ``monthly``, with the columns of `annual`.

    Raises
    ------
    InputError
        No such store, engine or option; no station of the store has a place.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd, pyarrow as pa
    >>> from xc_analysis.hourly.store import Writer
    >>> time = pd.date_range("2020-01-01 01:00", periods=48, freq="h")
    >>> values = dict.fromkeys(("pm25", "pm10", "so2", "no2", "co", "o3"), 5.0)
    >>> with Writer(tempfile.mkdtemp()) as store:
    ...     store.add(pa.Table.from_pandas(pd.DataFrame({"time": time, "station": "甲", **values})))
    ...     folder = store.close(pd.DataFrame())
    >>> run_stations(folder)["annual"].query("indicator == 'pm25'")["value"].tolist()
    [5.0]
    """
    check_option("by", by, ("station", "district", "city"))
    check_reading(**reading)
    if not re.fullmatch(r"duckdb|spark|spark://[^\s/:]+:\d{1,5}", engine):
        raise error("error.engine", engine=engine)
    files = store.files(folder)
    n = store.rows(path for paths in files.values() for path in paths)
    placed = None if by == "station" else read_places(places, by)
    if engine == "duckdb" and n <= SMALL_ROWS:
        frames = _periods(_small(files, placed, warn, reading))
    else:
        # inside the store: a cluster's machines see it too
        with tempfile.TemporaryDirectory(prefix=".work-", dir=folder) as work:
            with _open(engine, work) as backend:
                path = str(Path(folder).resolve() / "hours")
                if backend.name == "duckdb":
                    # Spark finds the years in the names of the folders by itself
                    hours = backend.read_parquet(f"{path}/*/*.parquet", hive_partitioning=True)
                else:
                    hours = backend.read_parquet(path)
                if placed is not None:
                    found = hours.select("station").distinct().to_pyarrow()
                    _tell_unplaced(found.column(0).to_pylist(), placed, warn)
                    # a file is what every engine can read
                    path = Path(work).resolve() / "places.parquet"
                    placed.astype("object").to_parquet(path, index=False)
                    hours = hours.join(backend.read_parquet(str(path)), "station")
                frames = _periods(_large(hours, backend, files, reading, progress))
    if out is not None:
        write(frames, out)
    return frames


def read_places(path, by: str) -> pd.DataFrame:
    """Read a list of stations: station (code or name) and scope, each station once."""
    if path is None:
        table = tables.load("air/stations").astype(object)
    else:
        text, mark = with_mark(tables.read_text(path)[0])
        table = pd.DataFrame(csv.DictReader(io.StringIO(text), delimiter=mark))
    columns = {plain(c) if str(c).isascii() else str(c).strip(): c for c in table.columns[::-1]}
    heads = {}
    for name, known in _HEADS.items():
        given = [columns[head] for head in known.split(",") if head in columns]
        if given:
            heads[name] = given[0]
    need_columns(heads, path or "air/stations", "station", by)
    if "background" in heads:
        table = table[table[heads["background"]].astype(str).str.strip().str.upper() != "Y"]
    if "kind" in heads:
        kind = table[heads["kind"]]
        table = table[kind.isna() | kind.isin(["", "urban"])]
    out = pd.DataFrame({"station": table[heads["station"]], "scope": table[heads[by]]}).dropna()
    out = out.map(lambda cell: str(cell).strip())
    out["station"] = out["station"].map(canonical)
    out = out[(out["station"] != "") & (out["scope"] != "")].drop_duplicates(ignore_index=True)
    twice = out[out["station"].duplicated(keep=False)]
    if len(twice):
        station = twice["station"].iloc[0]
        both = twice.loc[twice["station"] == station, "scope"]
        raise error("error.place_twice", path=path, station=station, places="、".join(both))
    return out


def _tell_unplaced(stations, placed: pd.DataFrame, warn) -> None:
    stations, known = set(stations), set(placed["station"])
    if not stations & known:
        raise error("error.no_place")
    left = sorted(stations - known)
    if left and warn:
        few = "、".join(left[:12]) + ("…" if len(left) > 12 else "")
        warn(word("cli.unplaced", n=len(left), stations=few))


def _small(files, placed, warn, reading):
    """Yield the days of a store that fits in memory, year by year."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [pq.read_table(p, partitioning=None) for paths in files.values() for p in paths]
    hours = pa.concat_tables(parts).to_pandas(categories=["station"])
    hours["scope"] = hours["station"]
    if placed is not None:
        _tell_unplaced(hours["station"].unique(), placed, warn)
        hours["scope"] = hours["station"].map(placed.set_index("station")["scope"])
    days = with_validity(days_small(hours, **reading))
    yield from (part for _, part in days.groupby(days["date"].dt.year))


def _large(hours, backend, files, reading, progress):
    """Yield the days of a store that goes through an engine, year by year."""
    if "scope" not in hours.columns:
        hours = hours.mutate(scope=hours.station)
    sql = ""
    for number, year in enumerate(files):
        n = store.rows(files[year])
        months = next((m for m in (12, 6, 3, 2) if n * m <= 12 * SPAN_ROWS), 1)
        months = months if backend.name == "duckdb" else 12
        begins = [dt.datetime(year, month, 1) for month in range(1, 13, months)]
        days = []
        for begin, end in zip(begins, [*begins[1:], dt.datetime(year + 1, 1, 1)], strict=True):
            if progress:
                progress(number, len(files), f"{begin:%Y-%m}")
            # the first hour of a year may be the last of the day before: alone it is no day
            near = hours.filter(hours.year.isin([year, year + 1]))
            if reading.get("hour_label", "end") == "end":
                span = near.filter((near.time > begin) & (near.time <= end))
            else:
                span = near.filter((near.time >= begin) & (near.time < end))
            if backend.name != "duckdb":
                found = backend.to_pyarrow(days_expr(span, **reading)).to_pandas()
            else:
                # ibis takes longer to compile the rules than DuckDB for a small span: do it once
                backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW span AS {backend.compile(span)}")
                sql = sql or backend.compile(days_expr(backend.table("span"), **reading))
                found = backend.con.execute(sql).df()
            days.append(found)
        yield with_validity(pd.concat(days, ignore_index=True))


def _periods(years) -> dict[str, pd.DataFrame]:
    """Make months and years of the days, a year at a time."""
    parts: dict[str, list] = {"annual": [], "monthly": []}
    for days in years:
        for name, freq in (("annual", "year"), ("monthly", "month")):
            if len(days):
                # what is followed by another year is not the last
                parts[name] = [before.assign(release="public") for before in parts[name]]
                parts[name].append(periods(days, freq=freq))
    if not parts["annual"]:
        raise error("error.no_day")
    order = {indicator: rank for rank, indicator in enumerate(INDICATORS)}
    out = {}
    for name, frames in parts.items():
        table = pd.concat(frames, ignore_index=True)
        by = ["scope", "rank", "year", *(["month"] if name == "monthly" else [])]
        table = table.assign(rank=table["indicator"].map(order)).sort_values(by, ignore_index=True)
        out[name] = table.drop(columns="rank")
    return out


@contextlib.contextmanager
def _open(spec: str, work):
    """Open an ibis backend, and let go of it at the end; `work` takes what exceeds the memory.

    ``duckdb``, ``spark`` (in this process) or ``spark://HOST:PORT`` (a standalone cluster, whose
    machines see the same folders as this one).
    """
    if spec == "duckdb":
        import ibis

        opened = ibis.duckdb.connect(memory_limit=f"{MEMORY}b", temp_directory=str(work))
        opened.raw_sql("SET preserve_insertion_order = false")
        try:
            yield opened
        finally:
            opened.disconnect()
        return
    session = _session(spec)
    try:
        import ibis

        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def _session(spec: str):
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise error("error.no_pyspark") from None
    java = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (java and Path(java, "bin", "java").is_file())):
        raise error("error.no_java")
    host, _, port = spec.removeprefix("spark://").rpartition(":")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.memory": MEMORY,
    }
    if spec == "spark" or host in ("127.0.0.1", "localhost"):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        options["spark.sql.shuffle.partitions"] = str(4 * (os.cpu_count() or 1))
    if spec != "spark":
        # Spark itself would try for a minute
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except (OSError, OverflowError) as problem:
            raise error("error.no_master", address=spec, reason=problem) from problem
    builder = SparkSession.builder.appName("xc stations")
    builder = builder.master("local[*]" if spec == "spark" else spec).config(map=options)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
