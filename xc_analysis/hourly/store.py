"""A folder of Parquet with hourly records, partitioned by year.

``FOLDER/hours/year=2020/part-000.parquet`` and so on: time (label of the hour as printed), station
and a column a pollutant, in order of time; beside the hours ``defects.csv``, what reading left out.

The national archive (``china_sites_YYYYMMDD.csv``, a file a day of some 2,000 stations) does not
fit into memory: it is read in spans of whole days, each with some days of its neighbours, so that a
value at its edge is judged by what surrounds it.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from ..words import error, word
from . import archive, names
from . import files as files_of
from .layouts import POLLUTANTS

#: Rows of a group in a file: small enough that a span of time skips most of a year.
GROUP_ROWS = 1 << 17
#: Days of a span (60 days of 2,000 stations: 0.5 GB), and of its neighbours on both sides.
SPAN_DAYS, EDGE_DAYS = 60, 2
_FILE = re.compile(r"(?:.*[/:])?china_sites_(\d{8})\.csv(\.gz)?$")


class Writer:
    """Collect hours, part by part, into a store; the old one stands until all is written."""

    def __init__(self, out):
        self.out = Path(out)
        self._made = not self.out.exists()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            for path in self.out.iterdir():
                ours = path.name in ("hours", "defects.csv")
                if not ours and not path.name.startswith((".new-", ".work-")):
                    raise error("error.store_not_empty", path=self.out, name=path.name)
            self._new = Path(tempfile.mkdtemp(prefix=".new-", dir=self.out))
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise error("error.cannot_write", path=self.out, reason=reason) from problem
        self._parts = 0
        self.rows = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_) -> None:
        shutil.rmtree(self._new, ignore_errors=True)
        if self._made:
            with contextlib.suppress(OSError):  # not empty: the store is there
                self.out.rmdir()

    def add(self, hours) -> None:
        """Write a table of hours, wide, as `read_wide` returns them."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        types = {"time": pa.timestamp("us"), "station": pa.string()}
        schema = pa.schema(types | dict.fromkeys(POLLUTANTS, pa.float64()))
        hours = hours.select(schema.names).cast(schema)
        hours = hours.sort_by([("time", "ascending"), ("station", "ascending")])
        years = pc.year(hours.column("time"))
        for year in pc.unique(years).to_pylist():
            path = self._new / "hours" / f"year={year}" / f"part-{self._parts:03d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            part = hours.filter(pc.equal(years, year))
            pq.write_table(part, path, compression="zstd", row_group_size=GROUP_ROWS)
        self._parts += 1
        self.rows += hours.num_rows

    def close(self, defects: pd.DataFrame) -> Path:
        """Put what has been written in place of what was there."""
        if not self.rows:
            raise error("error.no_hour")
        defects.to_csv(self._new / "defects.csv", index=False, lineterminator="\n")
        old = self._new / "old"
        old.mkdir()
        for name in ("hours", "defects.csv"):
            if (self.out / name).exists():
                (self.out / name).rename(old / name)
            (self._new / name).rename(self.out / name)
        return self.out


def write_store(files, out, *, stations=None, progress=None, warn=None) -> Path:
    r"""Write hourly files into a store of Parquet.

    Parameters
    ----------
    files : path or iterable of paths
        As for `read_archive`; where files of the national archive are among them, those alone, in
        order of days.
    out : path
        Folder of the store; an older store in it is replaced once all is written.
    stations, progress, warn
        As for `run_hourly`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        As `read_archive`; no hour in the files; a folder that holds anything else.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> file = folder / "beijing_all_20230601.csv"
    >>> _ = file.write_text("date,hour,type,官园\n20230601,1,PM2.5,43\n", encoding="utf-8")
    >>> sorted(p.name for p in write_store(file, folder / "store").iterdir())
    ['defects.csv', 'hours']
    """
    with Writer(out) as store:
        defects = []
        options = {"stations": stations, "progress": progress}
        if any(map(_FILE.match, files_of.labels(files_of.existing(files)))):
            parts = national_spans(files, **options)
        else:
            parts = [archive.read_wide(files, **options)]
        for part in parts:
            store.add(part.hours)
            defects.append(part.defects)
        defects = pd.concat(defects, ignore_index=True)
        tell(defects, warn)
        return store.close(defects)


def tell(defects: pd.DataFrame, warn) -> None:
    """Say in a line for each kind of defect how many there are."""
    if warn:
        counts = defects.groupby(["rule", "action"])["count"].sum()
        for (rule, action), n in counts.items():
            warn(word(f"cli.{action}", rule=word(f"defect.{rule}"), n=n))


def files(store) -> dict[int, list[Path]]:
    """List the files of a store by year."""
    found: dict[int, list[Path]] = {}
    for path in sorted(Path(store).glob("hours/year=*/*.parquet")):
        found.setdefault(int(path.parent.name.removeprefix("year=")), []).append(path)
    if not found:
        raise error("error.store_absent", path=store)
    return found


def rows(paths) -> int:
    """Count the rows of Parquet files, from their footers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = 0
    for path in paths:
        try:
            total += pq.read_metadata(path).num_rows
        except (OSError, pa.ArrowInvalid) as problem:
            reason = str(problem).splitlines()[0]
            raise error("error.parquet_unreadable", path=path, reason=reason) from problem
    return total


def national_spans(paths, *, stations=None, progress=None, span_days=SPAN_DAYS):
    """Yield the hours of the national archive, span by span, as `read_wide` returns them."""
    paths, wanted = files_of.existing(paths), names.chosen(stations)
    notes, found = [], set()
    held: list[tuple[int, str, bytes]] = []
    begin = None

    def note(*row, **more):
        notes.append((row, more))

    def read(end: float):
        part = _read_span(held, begin, end, wanted, notes, found)
        notes.clear()
        return part

    for label, data in files_of.each(paths, note, progress):
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
            yield read(begin + span_days)
            begin += span_days
            held = [file for file in held if file[0] >= begin - EDGE_DAYS]
    if held:
        last = read(float("inf"))
        archive.check_stations(wanted, sorted(found))
        yield last


def _read_span(held, begin: int, end: float, wanted, notes, found: set[str]) -> archive.Wide:
    """Read a span's files and those at its edges; keep the span's own days."""
    reader = archive.Reader(wanted)
    for row, more in notes:
        reader.note(*row, **more)
    days = {label: day for day, label, _ in held}
    for _, label, data in held:
        reader.add(label, data)
    reader.close()
    found.update(reader.found)
    part = archive.finish(reader)
    # a file's own defects are listed once, with the span that the file belongs to
    defects = part.defects
    date = pd.to_datetime(defects["date"], errors="coerce") - pd.Timestamp(0)
    day = defects["file"].map(days).fillna(date.dt.days).fillna(begin)
    time = part.hours.column("time").to_numpy().astype("datetime64[D]").astype("int64")
    inside = (time >= begin) & (time < end)
    defects = defects[(day >= begin) & (day < end)]
    return part._replace(hours=part.hours.filter(inside), defects=defects)
