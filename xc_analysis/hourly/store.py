"""A folder of Parquet with hourly records: ``FOLDER/hours/year=2020/part-000.parquet`` and so on.

A row is time (label of the hour as printed), station and the pollutants. The national archive (a
file a day of some 2,000 stations) does not fit into memory: it is read in spans of whole days.
"""

import re
from pathlib import Path

import pandas as pd

from ..words import error
from . import archive, files, layouts
from .layouts import POLLUTANTS
from .run import new_folder, tell

#: Rows of a group in a file: small enough that a span of time skips most of a year.
GROUP_ROWS = 1 << 17
#: Days of a span (60 days of 2,000 stations: 0.5 GB), and of its neighbours on both sides, so that
#: a value at its edge is judged by what surrounds it.
SPAN_DAYS, EDGE_DAYS = 60, 2
_FILE = re.compile(r"(?:.*[/:])?china_sites_(\d{8})\.csv(\.gz)?$")


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
