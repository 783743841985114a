"""A store of hours, and every station of it by the national rules, on DuckDB or Spark.

The store is Parquet, ``hours/year=2020/part-000.parquet`` and so on: time (label of the hour as
printed), station, pollutants. Its days come of one ibis expression (`days.days_expr`). Unlike with
`annual`, a period of which a station has no record has no row.
"""

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
from ..words import error, joined, word
from . import archive, files, layouts
from .days import check_reading, days_expr, with_validity
from .layouts import POLLUTANTS, canonical, check_option, need_columns, plain, with_mark
from .periods import INDICATORS, periods
from .run import new_folder, tell, write

#: Rows of a group in a file: small enough that a span of time skips most of a year.
GROUP_ROWS = 1 << 17
#: Days of a span (60 days of 2,000 stations: 0.5 GB), and of its neighbours on both sides, so that
#: a value at its edge is judged by what surrounds it.
SPAN_DAYS, EDGE_DAYS = 60, 2
_FILE = re.compile(r"(?:.*[/:])?china_sites_(\d{8})\.csv(\.gz)?$")
#: Rows that DuckDB takes at a time; a span is whole months, so more where one month has more.
SPAN_ROWS = 3_000_000
MEMORY = "2g"  # for DuckDB, and for Spark's driver


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

    A district or city is the hourly mean over its stations, of those whose kind is known only the
    ``urban`` ones; `places` is a csv with station, district, city (and kind), by default
    ``air/stations``. `engine` is ``duckdb``, ``spark`` (in this process) or ``spark://HOST:PORT``
    (a standalone cluster); `reading` are hour_label and pm10, as for `daily`.
    """
    check_option("by", by, ("station", "district", "city"))
    check_reading(**reading)
    if not re.fullmatch(r"duckdb|spark|spark://[^\s/:]+:\d{1,5}", engine):
        raise error("error.engine", engine=engine)
    rows = rows_of_years(folder)
    placed = None if by == "station" else read_places(places, by)
    # inside the store: a cluster's machines see it too
    with tempfile.TemporaryDirectory(prefix=".work-", dir=folder) as work:
        with _open(engine, work) as backend:
            path = str(Path(folder).resolve() / "hours")
            if backend.name == "duckdb":
                # Spark finds the years in the names of the folders by itself
                hours = backend.read_parquet(f"{path}/*/*.parquet", hive_partitioning=True)
            else:
                hours = backend.read_parquet(path)
            if placed is None:
                hours = hours.mutate(scope=hours.station)
            else:
                found = hours.select("station").distinct().to_pyarrow().column(0).to_pylist()
                left = sorted(set(found) - set(placed["station"]))
                if len(left) == len(found):
                    raise error("error.no_place")
                if left and warn:
                    few = joined(left[:12]) + ("…" if len(left) > 12 else "")
                    warn(word("cli.unplaced", n=len(left), stations=few))
                # a file is what every engine can read
                path = Path(work).resolve() / "places.parquet"
                placed.astype("object").to_parquet(path, index=False)
                hours = hours.join(backend.read_parquet(str(path)), "station")
            frames = _periods(_days(hours, backend, rows, reading, progress))
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
    fields = [*tables.schema("air/stations")["fields"], {"name": "background", "heads": "对照点"}]
    for field in fields:  # of several heads that it has, the first of the schema counts
        given = [columns[h] for h in field.get("heads", "").split(",") if h in columns]
        heads |= {field["name"]: given[0]} if given else {}
    need_columns(heads, path or "air/stations", "station", by)
    table = table.rename(columns={head: name for name, head in heads.items()})
    cells = table.astype(object).where(table.notna(), "").map(lambda cell: str(cell).strip())
    if "background" in heads:
        cells = cells[cells["background"].str.upper() != "Y"]
    if "kind" in heads:
        cells = cells[cells["kind"].isin(["", "urban"])]
    out = pd.DataFrame({"station": cells["station"].map(canonical), "scope": cells[by]})
    out = out[(out["station"] != "") & (out["scope"] != "")].drop_duplicates(ignore_index=True)
    for station in out.loc[out["station"].duplicated(keep=False), "station"]:
        both = out.loc[out["station"] == station, "scope"]
        raise error("error.place_twice", path=path, station=station, places=joined(both))
    return out


def _days(hours, backend, rows: dict[int, int], reading: dict, progress):
    """Yield the days of a store, of which the rows of each year are given, year by year."""
    sql = ""
    for number, (year, n) in enumerate(rows.items()):
        months = next((m for m in (12, 6, 3, 2) if n * m <= 12 * SPAN_ROWS), 1)
        months = months if backend.name == "duckdb" else 12
        begins = [dt.datetime(year, month, 1) for month in range(1, 13, months)]
        days = []
        for begin, end in zip(begins, [*begins[1:], dt.datetime(year + 1, 1, 1)], strict=True):
            if progress:
                progress(number, len(rows), f"{begin:%Y-%m}")
            # the first hour of a year may be the last of the day before: alone it is no day
            near = hours.filter(hours.year.isin([year, year + 1]))
            if reading.get("hour_label", "end") == "end":
                span = near.filter((near.time > begin) & (near.time <= end))
            else:
                span = near.filter((near.time >= begin) & (near.time < end))
            if backend.name != "duckdb":
                days.append(backend.to_pyarrow(days_expr(span, **reading)).to_pandas())
                continue
            # ibis takes longer to compile the rules than DuckDB for a small span: do it once
            backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW span AS {backend.compile(span)}")
            sql = sql or backend.compile(days_expr(backend.table("span"), **reading))
            days.append(backend.con.execute(sql).df())
        yield with_validity(pd.concat(days, ignore_index=True))


def _periods(years) -> dict[str, pd.DataFrame]:
    parts = {"annual": [], "monthly": []}
    for days in years:
        if len(days):
            parts["annual"].append(periods(days, freq="year"))
            parts["monthly"].append(periods(days, freq="month"))
    if not parts["annual"]:
        raise error("error.no_day")
    for name, frames in parts.items():
        table = pd.concat(frames, ignore_index=True)
        # what is followed by another year is not the last
        table.loc[table["year"] < table["year"].max(), "release"] = "public"
        table["rank"] = table["indicator"].map(list(INDICATORS).index)
        keys = [k for k in ("scope", "rank", "year", "month") if k in table]
        parts[name] = table.sort_values(keys, ignore_index=True).drop(columns="rank")
    return parts


@contextlib.contextmanager
def _open(spec: str, work):
    """Open an ibis backend, and let go of it at the end; `work` takes what exceeds the memory."""
    import ibis

    if spec == "duckdb":
        backend = ibis.duckdb.connect(memory_limit=f"{MEMORY}b", temp_directory=str(work))
        backend.raw_sql("SET preserve_insertion_order = false")
        close = backend.disconnect
    else:  # Spark in this process, or a cluster whose machines see the same folders
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise error("error.no_pyspark") from None
        java = os.environ.get("JAVA_HOME")
        if not (shutil.which("java") or (java and Path(java, "bin", "java").is_file())):
            raise error("error.no_java")
        host, _, port = spec.removeprefix("spark://").rpartition(":")
        options = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
        options |= {"spark.sql.session.timeZone": "UTC", "spark.driver.memory": MEMORY}
        if spec == "spark" or host in ("127.0.0.1", "localhost"):
            options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
            options["spark.sql.shuffle.partitions"] = str(4 * (os.cpu_count() or 1))
        if spec != "spark":  # Spark itself would try for a minute
            try:
                socket.create_connection((host, int(port)), timeout=5).close()
            except (OSError, OverflowError) as problem:
                raise error("error.no_master", address=spec, reason=problem) from problem
        builder = SparkSession.builder.appName("xc stations").config(map=options)
        session = builder.master("local[*]" if spec == "spark" else spec).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        backend, close = ibis.pyspark.connect(session), session.stop
    try:
        yield backend
    finally:
        close()


def write_store(paths, out, *, stations=None, progress=None, warn=None) -> Path:
    """Write hourly files into a store, in place of an older one in the folder."""
    options = {"stations": stations, "progress": progress}
    # where files of the national archive are among them, those alone are taken, in order of days
    if any(map(_FILE.match, files.labels(files.existing(paths)))):
        parts = national_spans(paths, **options)
    else:
        # read within `write_parts`, which looks at the folder first
        parts = (archive.read_wide(every, **options) for every in [paths])
    write_parts(parts, out, warn)
    return Path(out)


def write_parts(parts, out, warn=None) -> int:
    """Write hours (pyarrow, wide) and defects, part by part; count the rows."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for path in Path(out).glob("*"):
        if not re.fullmatch(r"hours|defects\.csv|\.(new|work)-.*", path.name):
            raise error("error.store_not_empty", path=out, name=path.name)
    types = {"time": pa.timestamp("us"), "station": pa.string()}
    schema = pa.schema(types | dict.fromkeys(POLLUTANTS, pa.float64()))
    rows, defects = 0, []
    with new_folder(out) as folder:
        for number, part in enumerate(parts):
            hours = part.hours.select(schema.names).cast(schema)
            hours = hours.sort_by([("time", "ascending"), ("station", "ascending")])
            years = pc.year(hours.column("time"))
            for year in pc.unique(years).to_pylist():
                path = folder / "hours" / f"year={year}" / f"part-{number:03d}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                own = hours.filter(pc.equal(years, year))
                pq.write_table(own, path, compression="zstd", row_group_size=GROUP_ROWS)
            rows += hours.num_rows
            defects.append(part.defects)
        if not rows:
            raise error("error.no_hour")
        listed = pd.concat(defects, ignore_index=True)
        tell(listed, warn)
        listed.to_csv(folder / "defects.csv", index=False, lineterminator="\n")
    return rows


def rows_of_years(store) -> dict[int, int]:
    """Count the rows of a store by year, from the footers of its files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: dict[int, int] = {}
    for path in sorted(Path(store).glob("hours/year=*/*.parquet")):
        year = int(path.parent.name.removeprefix("year="))
        try:
            rows[year] = rows.get(year, 0) + pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowInvalid) as problem:
            reason = str(problem).splitlines()[0]
            raise error("error.parquet_unreadable", path=path, reason=reason) from problem
    if not rows:
        raise error("error.store_absent", path=store)
    return rows


def national_spans(paths, *, stations=None, progress=None, span_days=SPAN_DAYS):
    """Yield the hours of the national archive, span by span, as `read_wide` returns them."""
    reader = archive.Reader(layouts.chosen(stations))
    held: list[tuple[int, str, bytes]] = []
    begin = None

    def note(*row, **where):
        reader.note(*row, **where)

    for label, data in files.each(files.existing(paths), note, progress):
        name = _FILE.match(label)
        day = archive.day_number(int(name[1])) if name else -1
        if day < 0:
            note(label, "not_national_stations", "skipped")
            continue
        if held and day < held[-1][0]:
            raise error("error.days_order", file=label)
        begin = day if begin is None else begin
        held.append((day, label, data))
        while day >= begin + span_days + EDGE_DAYS:
            yield _read_span(reader, held, begin, begin + span_days)
            begin += span_days
            held = [file for file in held if file[0] >= begin - EDGE_DAYS]
            reader = archive.Reader(reader.wanted, reader.found)
    if held:
        last = _read_span(reader, held, begin, float("inf"))
        reader.check_stations()
        yield last


def _read_span(reader, held, begin: int, end: float) -> archive.Archive:
    """Read a span's files and those at its edges; keep the span's own days."""
    for _, label, data in held:
        reader.add(label, data)
    reader.close()
    part = reader.finish()
    # a file's own defects are listed once, with the span that the file belongs to
    date = pd.to_datetime(part.defects["date"], errors="coerce") - pd.Timestamp(0)
    day = part.defects["file"].map({label: day for day, label, _ in held})
    day = day.fillna(date.dt.days).fillna(begin)
    time = part.hours.column("time").to_numpy().astype("datetime64[D]").astype("int64")
    hours = part.hours.filter((time >= begin) & (time < end))
    return archive.Archive(hours, part.defects[(day >= begin) & (day < end)])
