"""The national archive: ``china_sites_YYYYMMDD.csv``, every station of the country.

A file a day: date, hour, type, then a column a station code such as 1001A, about 2,000 of them.
The cells are read, and judged, by the rules of :mod:`xc_analysis.archive`. What differs is the
size: all hours of all stations do not fit into memory, so files are read in spans of whole days,
each with some days of its neighbours, so that a value at its edge is judged by what surrounds it.
How far from the ordinary a station's steps are, and whether a series stands still for more than
half of its hours, is judged within a span.

Files of cities (``china_cities_*``), and whatever else lies beside, are passed over and listed.
No real file was at hand when this was written: it is tested on synthetic ones.
"""

from __future__ import annotations

import re
import zipfile

from ..archive import Wide
from ..errors import InputError
from . import archive_files as files_of
from . import archive_grid as grid
from . import archive_rows as rows_of
from . import stations as names_of

#: Days of a span, and of its neighbours on both sides (a pulse and a stuck run look less far).
SPAN_DAYS, EDGE_DAYS = 60, 2
_FILE = re.compile(r"(?:.*[/:])?china_sites_(\d{8})\.csv(\.gz)?$")


def is_national(paths) -> bool:
    """Whether files of the national archive are among the paths (the first of a zip decides)."""
    for path, label in files_of._walk(files_of.existing(paths)):
        if _FILE.match(label):
            return True
        if path.suffix.lower() == ".zip":
            try:
                with zipfile.ZipFile(path) as archive:
                    if any(_FILE.match(name) for name in archive.namelist()):
                        return True
            except files_of._BROKEN:
                continue
    return False


def spans(paths, *, stations=None, progress=None, span_days=SPAN_DAYS):
    """The hours of the national archive, span by span.

    Parameters
    ----------
    paths : path or iterable of paths
        Zips, folders, single files; days in order within the whole, as names sort.
    stations : iterable of str, optional
        Codes to keep; default all.
    progress : callable, optional
        ``progress(done, total, text)`` with counts of files.
    span_days : int
        Days of a span; memory grows with it (60 days of 2,000 stations: about 0.5 GB).

    Yields
    ------
    Wide
        Hours (pyarrow) and defects of one span; weather is empty.

    Raises
    ------
    InputError
        Nothing readable, a station that is in no file, days not in order.
    """
    paths = files_of.existing(paths)
    wanted = None
    if stations is not None:
        wanted = list(dict.fromkeys(names_of.canonical(s) for s in stations if s.strip()))
        if not wanted:
            raise InputError("stations: the list is empty; name at least one, or leave it out")
    notes: list[tuple] = []
    found: set[str] = set()
    total = files_of.count(paths) if progress else 0
    held: list[tuple[int, str, bytes]] = []
    begin, before, any_hours = None, None, False
    for done, (label, data) in enumerate(
        files_of.each(paths, lambda *row, **more: notes.append((row, more))), 1
    ):
        if progress and done % 20 == 0:
            progress(min(done, total), total, label)
        name = _FILE.match(label)
        day = int(rows_of.days_of(_number(name[1]))[0]) if name else -1
        if day < 0:
            notes.append(((label, "not a file of the national stations", "skipped"), {}))
            continue
        if before is not None and day < before:
            raise InputError(
                f"{label}: comes after a later day; give the files so that days are in order"
            )
        before, begin = day, day if begin is None else begin
        held.append((day, label, data))
        while day >= begin + span_days + EDGE_DAYS:
            part = _read(held, begin, begin + span_days, wanted, notes, found)
            any_hours |= part.hours.num_rows > 0
            yield part
            begin += span_days
            held = [file for file in held if file[0] >= begin - EDGE_DAYS]
            notes.clear()
    if begin is None:
        why = "; ".join(f"{row[0]}: {row[1]}" for row, _ in notes[:3])
        raise InputError(f"nothing readable in the archive ({why or 'no files'})")
    part = _read(held, begin, None, wanted, notes, found)
    missing = [s for s in wanted or [] if s not in found]
    if missing:
        known = "、".join(sorted(found)[:40])
        raise InputError(f"station {'、'.join(missing)} is in no file; there are {known}")
    if not (any_hours or part.hours.num_rows):
        raise InputError("no hour of any station is in the archive; see which files it has")
    yield part
    if progress:
        progress(total, total, "")


def _number(text: str):
    import numpy as np

    return np.array([int(text)], np.int64)


def _read(held, begin: int, end: int | None, wanted, notes, found) -> Wide:
    """One span: its files and those at its edges, of which only the span's own days are kept."""
    import pyarrow.compute as pc

    reader = rows_of.Reader(wanted)
    for row, more in notes:
        reader.note(*row, **more)
    days = {label: day for day, label, _ in held}
    for _, label, data in held:
        reader.add(label, data)
    reader.close()
    found.update(reader.found)
    hours, defects = grid.merge(reader)
    # A file's own defects are listed once, with the span that the file belongs to.
    day = defects["file"].map(days)
    dated = rows_of.days_of(
        defects["date"].astype(str).str.replace("-", "").where(defects["date"] != "", "0")
        .astype("int64").to_numpy()
    )  # fmt: skip
    day = day.where(day.notna(), dated).astype("float64")
    inside = (day < 0) | ((day >= begin) & (day < (end if end is not None else float("inf"))))
    stamp = pc.cast(hours.column("time"), "int64")
    keep = pc.greater_equal(stamp, begin * 86400)
    if end is not None:
        keep = pc.and_(keep, pc.less(stamp, end * 86400))
    return Wide(hours.filter(keep), defects[inside].reset_index(drop=True), None)
