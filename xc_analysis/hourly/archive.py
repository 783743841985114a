"""Hourly monitoring files, with all their defects, into one table of hours.

Of two values of an hour that of the first file stands; UCI's stand only where an archive has none.
What is no measurement is decided in `judge`. Whatever is left out is listed; a file that cannot be
used never stops the rest.
"""

import datetime as dt
import re
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from ..tables import decode
from ..words import clauses, error, joined, word
from . import files, judge, layouts
from .layouts import NULLS, POLLUTANTS, TYPES, WEATHER

DEFECTS = ("file", "date", "hour", "station", "pollutant", "value", "rule", "action", "count")
_BATCH = 16 * 2**20  # bytes that are parsed at once
#: Types of rows that are no hourly concentrations.
_OTHER = re.compile(r"AQI|.*_(24H|8H)")
_DAY_FILE = re.compile(r"([^/:]*?)_?(\d{8})\.csv(\.gz)?$")

#: What was read; unpacks as ``hours, defects = read_archive(...)``.
Archive = namedtuple("Archive", "hours defects")
#: Values of some files of an archive: rows are hours of a pollutant, columns stations.
Block = namedtuple("Block", "archive stations hour pollutant file values")


def day_number(date: int) -> int:
    """Return the days from 1970-01-01 to a yyyymmdd; -1 where that is no date from 1980 to 2099."""
    year, month, day = date // 10000, date // 100 % 100, date % 100
    try:
        return dt.date(year, month, day).toordinal() - 719163 if 1980 <= year < 2100 else -1
    except ValueError:
        return -1


def iso(day: int) -> str:
    """Return the ISO date of a number of days since 1970-01-01; nothing for -1."""
    return str(np.datetime64(int(day), "D")) if day >= 0 else ""


class Reader:
    """Collect values and defects while files stream by; in the end merge and judge them."""

    def __init__(self, wanted: list[str] | None, found: dict[str, None] | None = None):
        self.wanted, self.found = wanted, found or {}
        self.labels, self.blocks, self.national, self.networks = [], [], [], set()
        self.weather = [pd.DataFrame({"time": pd.to_datetime([])})]
        self._notes, self._other_rows, self._size, self._parsing = [], 0, 0, []
        #: days that have a file, by the kind in its name
        self._days: dict[str, set[int]] = {}
        #: header -> its stations, None where misread; header -> files to be parsed, with numbers
        self._stations: dict[bytes, list[str] | None] = {}
        self._held: dict[bytes, list[tuple[int, bytes]]] = {}
        self._worker = ThreadPoolExecutor(1)

    def note(self, file: str, rule: str, action: str, count=1, **where) -> None:
        """Add a row to the defects unless the count is 0; `where` are more of its columns."""
        if count:
            row = {"file": file, "rule": rule, "action": action, "count": int(count)}
            self._notes.append(row | where)

    def note_files(self, numbers, rule: str, action: str, **where) -> None:
        """Add a row for each file of an array of file numbers, counting how often it is there."""
        for number, n in zip(*np.unique(numbers, return_counts=True), strict=True):
            self.note(self.labels[number], rule, action, n, **where)

    def note_cells(self, rule: str, action: str, *cells) -> None:
        """Add a row for each value of arrays of files, hours, stations, pollutants and values."""
        for file, hour, station, pollutant, value in zip(*cells, strict=True):
            where = {"date": iso(hour // 24), "hour": hour % 24, "station": station}
            value = value[:40] if isinstance(value, str) else f"{value:g}"
            where |= {"pollutant": POLLUTANTS[pollutant], "value": value}
            self.note(self.labels[file], rule, action, **where)

    def listed(self) -> pd.DataFrame:
        """Return all that was noted, in order of rule, date and file."""
        out = pd.DataFrame(self._notes, columns=list(DEFECTS), dtype=object)
        out["hour"] = pd.to_numeric(out["hour"]).astype("Int64")
        out = out.fillna(dict.fromkeys(DEFECTS[1:6], "") | {"hour": pd.NA})
        keys = ["rule", "date", "hour", "file", "station", "pollutant"]
        return out.sort_values(keys, ignore_index=True, kind="stable")

    def add(self, label: str, data: bytes) -> None:
        """Take one file's bytes, by the layout that they have."""
        if data[:3] == b"\xef\xbb\xbf":
            data = data[3:]
            self.note(label, "byte_order_mark", "repaired")
        data = data.lstrip()
        try:
            kind, content = layouts.recognise(data)
            if kind in ("uci", "network"):
                self._add_frame(label, content, kind)
        except (ValueError, KeyError, TypeError) as problem:
            kind, content = "not_hourly", str(problem).splitlines()[0][:60]
        if kind in ("empty_file", "html_page", "not_hourly"):
            self.note(label, kind, "skipped", value=content)
        elif kind == "days":
            self.national.append(content.assign(file=label))
        elif kind == "hourly":
            if content is not data:
                self.note(label, "other_layout", "repaired")
            self._hold(label, content)

    def _hold(self, label: str, data: bytes) -> None:
        """Hold a file in the common layout until there are enough of its header."""
        of_country = label.rpartition("/")[2].startswith("china_sites")
        self.networks.add("cnemc-hourly" if of_country else "archive-hourly")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        header, _, body = data.partition(b"\n")
        if not body.strip():
            self.note(label, "header_only", "skipped")
            return
        if header not in self._stations:
            stations = _station_part(header).split(",")
            is_misread = layouts.looks_misread(stations)
            self._stations[header] = None if is_misread else [s.strip() for s in stations]
        self.labels.append(label)
        member = len(self.labels) - 1, body if body.endswith(b"\n") else body + b"\n"
        self._held.setdefault(header, []).append(member)
        self._size += len(body)
        if self._size > _BATCH:
            self._flush()

    def _flush(self) -> None:
        """Take what was parsed meanwhile; parse what is held, while the next are unpacked."""
        for stations, members, table in self._parsing:
            self._add_files(table.result(), stations, members)
        self._parsing, self._size = [], 0
        for header in [header for header in self._held if self._stations[header]]:
            stations, members = self._stations[header], self._held.pop(header)
            table = self._worker.submit(_table, members, len(stations) + 3)
            self._parsing.append((stations, members, table))

    def close(self) -> None:
        """Take what is still held, and last the files whose header needs others to be told."""
        self._flush()
        self._flush()
        self._worker.shutdown()
        known = [_station_part(header) for header, own in self._stations.items() if own][::-1]
        for header, members in self._held.items():
            for number, body in members:
                width = body.split(b"\n", 1)[0].count(b",") - 2
                stations = layouts.repair(_station_part(header), width, known)
                rule = ("header_misread", "repaired") if stations else ("header_lost", "skipped")
                self.note(self.labels[number], *rule)
                if stations:
                    table = _table([(number, body)], len(stations) + 3)
                    self._add_files(table, stations, [(number, body)])
        # days between first and last file for which a kind of file is absent, as spans
        every = set().union(*self._days.values())
        for kind, have in self._days.items():
            absent = np.array(sorted(set(range(min(every), max(every) + 1)) - have), np.int64)
            for span in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1):
                if len(span):
                    first, last = iso(span[0]), iso(span[-1])
                    name = f"{kind}_{first.replace('-', '')}.csv"
                    value = f"{first}..{last}" if len(span) > 1 else ""
                    self.note(name, "no_file", "missing", len(span), date=first, value=value)
        self.note("", "other_statistics", "skipped", self._other_rows)

    def check_stations(self) -> None:
        """Raise `InputError` unless the stations wanted were found."""
        missing = [s for s in self.wanted or [] if s not in self.found]
        if missing:
            known = joined(list(self.found)[:40])
            raise error("error.station_absent", station=joined(missing), known=known)

    def finish(self) -> "Reader":
        """Merge and judge what was collected."""
        self.hours, self.uci_months = judge.merge(self)
        weather = pd.concat(self.weather).reindex(columns=["time", "station", *WEATHER])
        weather = weather.drop_duplicates(["station", "time"])
        self.weather = weather.sort_values(["station", "time"], ignore_index=True)
        self.defects = self.listed()
        return self

    def _add_files(self, table, stations: list[str], members) -> None:
        """Take files parsed at once; an unsound one is found by halving, and mended."""
        width, half = len(stations) + 3, len(members) // 2
        if table is None and half:
            for part in (members[:half], members[half:]):
                self._add_files(_table(part, width), stations, part)
            return
        if table is None:
            number, body = members[0]
            members = [(number, self._mended(self.labels[number], body, width))]
            table = _table(members, width)
            if table is None and members[0][1]:
                self.note(self.labels[number], "unreadable", "skipped")
        if table is not None:
            lines = [body.count(b"\n") for _, body in members]
            self._add_table(table, stations, np.repeat([number for number, _ in members], lines))

    def _mended(self, label: str, body: bytes, width: int) -> bytes:
        """Return the lines with as many cells as the header, a number or nothing in each."""
        text = body.decode("utf-8", errors="replace").replace("\0", "")
        lines = [layouts.cells_of(line) for line in text.split("\n") if line.strip(', "')]
        out = []
        for line, cells in enumerate(lines, 1):
            day = layouts.tidy_day(cells[0])
            hour = layouts.HOUR.fullmatch((cells + [""])[1].strip())
            is_day = re.fullmatch(r"[0-9]{8}", day)
            date = iso(day_number(int(day))) if is_day else ""
            where = {"date": date, "value": ",".join(cells[:3])[:60]}
            if not any(c.strip() for c in cells[width:]):
                cells = cells[:width]
            if 3 < len(cells) < width and line == len(lines):
                # the file was cut off: its last cell may be half a number
                lost = width - len(cells) + 1
                self.note(label, "line_cut_off", "repaired", lost, **where)
                cells = cells[:-1] + [""] * lost
            if len(cells) != width:
                self.note(label, "line_length", "dropped", max(len(cells) - 3, 1), **where)
                continue
            if not (is_day and hour and hour[1].isascii()):
                self.note(label, "date_unreadable", "dropped", width - 3, **where)
                continue
            kind = re.sub('[,"]', "", cells[2]).strip()
            values = [cell.strip() for cell in cells[3:]]
            for column, cell in enumerate(values):
                is_number = len(cell) < 40 and layouts.NUMBER.fullmatch(cell)
                if cell not in NULLS and not is_number:
                    where |= {"hour": int(hour[1]), "station": f"#{column + 4}", "value": cell[:40]}
                    where["pollutant"] = TYPES.get(kind.upper(), kind)
                    self.note(label, "not_a_number", "dropped", **where)
                    values[column] = ""
            out.append(",".join([day, hour[1], kind, *(v.lstrip("+") for v in values)]))
        return "".join(f"{line}\n" for line in out).encode()

    def _add_table(self, table, columns: list[str], file: np.ndarray) -> None:
        types = table.column("type").combine_chunks()
        kinds = [str(k).strip().upper() for k in types.dictionary.to_pylist()]
        kind = types.indices.to_numpy(zero_copy_only=False)
        for number, name in enumerate(kinds):
            if name not in TYPES and not _OTHER.fullmatch(name):
                self.note_files(file[kind == number], "unknown_type", "skipped", value=name[:40])
        codes = [list(TYPES).index(k) if k in TYPES else -1 for k in kinds]
        pollutant = np.array(codes, np.int8)[kind]
        date, hour = table.column("date").to_numpy(), table.column("hour").to_numpy()
        dates, place = np.unique(date, return_inverse=True)
        day = np.array([day_number(d) for d in dates.tolist()], np.int64)[place]
        good = (day >= 0) & (hour >= 0) & (hour <= 24)
        for i in np.flatnonzero(~good):
            value = f"{date[i]},{hour[i]},{kinds[kind[i]]}"
            self.note(self.labels[file[i]], "date_range", "dropped", value=value)
        self._other_rows += int((good & (pollutant < 0)).sum())
        self._note_days(file[good], day[good], hour[good])
        at: dict[str, list[int]] = {}
        for column, name in enumerate(map(layouts.canonical, columns), 3):
            if name:
                self.found[name] = None
            if name and (self.wanted is None or name in self.wanted):
                at.setdefault(name, []).append(column)
        rows = np.flatnonzero(good & (pollutant >= 0))
        if not at or not len(rows):
            return
        values = np.empty((len(rows), len(at)))
        for j, (station, places) in enumerate(at.items()):
            values[:, j] = table.column(places[0]).to_numpy()[rows]
            for other in places[1:]:
                twin = table.column(other).to_numpy()[rows]
                # a file whose two columns of a station differ is left out
                differ = ~np.isnan(values[:, j]) & ~np.isnan(twin) & (values[:, j] != twin)
                refused = file[rows][differ]
                self.note_files(refused, "station_twice_differs", "skipped", station=station)
                keep = ~np.isin(file[rows], refused)
                rows, values, twin = rows[keep], values[keep], twin[keep]
                same = np.unique(file[rows])
                self.note_files(same, "station_twice", "dropped", station=station)
                values[:, j] = np.where(np.isnan(values[:, j]), twin, values[:, j])
        hours = day[rows] * 24 + hour[rows]
        self._keep("archive", list(at), hours, pollutant[rows], file[rows], values)

    def _note_days(self, file, day, hour) -> None:
        """Note hours that a file lacks and rows of another day than its name says."""
        for number in np.unique(file).tolist():
            label = self.labels[number]
            name = _DAY_FILE.search(label)
            stated = day_number(int(name[2])) if name else -1
            if stated < 0:
                continue
            self._days.setdefault(name[1], set()).add(stated)
            # the rows of a file stand together
            rows = slice(*np.searchsorted(file, [number, number + 1]))
            absent = np.flatnonzero(np.bincount(hour[rows] % 24, minlength=24) == 0)
            astray = np.count_nonzero(day[rows] != stated)
            where = {"date": iso(stated), "value": " ".join(map(str, absent))}
            self.note(label, "hours_missing", "missing", len(absent), **where)
            self.note(label, "other_day", "kept", astray, date=iso(stated))

    def _add_frame(self, label: str, frame: pd.DataFrame, kind: str) -> None:
        """Take a frame of time, station and pollutants, of UCI (`kind` "uci") or the network."""
        self.note(label, "line_unreadable", "dropped", frame.attrs.get("lost_lines", 0))
        self.note(label, "date_unreadable", "dropped", frame["time"].isna().sum())
        frame = frame[frame["time"].notna()]
        self.found.update(dict.fromkeys(frame["station"]))
        if self.wanted is not None:
            frame = frame[frame["station"].isin(self.wanted)]
        if kind == "network":
            self.networks.add("cnemc-hourly")
        else:
            self.weather.append(frame)
            if {"pm10", "pm25"} <= set(frame):
                # a PM10 that equals PM2.5 was missing: UCI put it there
                filled = (frame["pm10"] == frame["pm25"]) & frame["pm10"].notna()
                for station, n in frame["station"][filled].value_counts().items():
                    where = {"station": station, "pollutant": "pm10"}
                    self.note(label, "uci_pm10_filled", "dropped", n, **where)
                frame = frame.assign(pm10=frame["pm10"].mask(filled))
        self.labels.append(label)
        hour = ((frame["time"] - pd.Timestamp(0)) // pd.Timedelta(hours=1)).astype(np.int64)
        given = [p for p in POLLUTANTS if p in frame]
        cells = frame.assign(hour=hour, file=len(self.labels) - 1)
        cells = cells.melt(["file", "hour", "station"], given, "pollutant", "cell").dropna()
        cells["pollutant"] = cells["pollutant"].map(POLLUTANTS.index).astype(np.int8)
        cells["value"] = pd.to_numeric(cells["cell"], errors="coerce")
        wrong = cells[cells["value"].isna()]
        columns = ["file", "hour", "station", "pollutant", "cell"]
        self.note_cells("not_a_number", "dropped", *(wrong[c] for c in columns))
        cells = cells.dropna(subset="value")
        if kind == "uci":
            is_co = cells["pollutant"] == POLLUTANTS.index("co")
            cells["value"] = cells["value"].mask(is_co, cells["value"] / 1000)
        # an hour that stands twice has a row for each turn
        cells["turn"] = cells.groupby(["hour", "pollutant", "station"]).cumcount()
        keys = ["file", "hour", "pollutant", "turn", "station"]
        values = cells.set_index(keys)["value"].unstack()
        if len(values):
            keys = ("hour", "pollutant", "file")
            keys = (values.index.get_level_values(key).to_numpy() for key in keys)
            self._keep(kind, list(values.columns), *keys, values.to_numpy())

    def _keep(self, archive: str, stations: list[str], hour, pollutant, file, values) -> None:
        """Keep a block without what cannot be a concentration."""
        bad = (values < 0) | np.isinf(values)
        if bad.any():
            i, j = np.nonzero(bad)
            wrong = values[bad]
            rule = np.where(judge.is_code(-wrong), "code", "negative")
            rule = np.where(np.isinf(wrong), "not_a_number", rule)
            cells = file[i], hour[i], np.array(stations, dtype=object)[j], pollutant[i], wrong
            for name in np.unique(rule):
                self.note_cells(name, "dropped", *(c[rule == name] for c in cells))
            values[bad] = np.nan
        self.blocks.append(Block(archive, stations, hour, pollutant, file, values))


def _station_part(header: bytes) -> str:
    text = decode(header)[0] or header.decode("gb18030", errors="replace")
    return text.replace('"', "").split(",", 3)[3]


def _table(members: list[tuple[int, bytes]], width: int):
    """Parse headless csv bytes of one layout in one pass; None unless every line is sound."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    data = b"".join(body for _, body in members)
    types = {"date": pa.int64(), "hour": pa.int64(), "type": pa.dictionary(pa.int32(), pa.string())}
    types |= {f"s{i}": pa.float64() for i in range(width - 3)}
    read = arrow_csv.ReadOptions(column_names=list(types), block_size=4 << 20)
    convert = arrow_csv.ConvertOptions(column_types=types, null_values=NULLS)
    try:
        table = arrow_csv.read_csv(pa.BufferReader(data), read, convert_options=convert)
    except pa.ArrowInvalid:
        return None
    dated = not (table.column("date").null_count or table.column("hour").null_count)
    return table.unify_dictionaries() if dated and table.num_rows == data.count(b"\n") else None


def read_archive(paths, *, stations=None, shape="long", progress=None) -> Archive:
    r"""Read hourly files of the archives and of UCI 501, in any mix.

    Parameters
    ----------
    paths : path or iterable of paths
        Zips, folders, single csv or csv.gz files; of two with the same hour the earlier wins.
    stations : str or iterable of str, optional
        Stations to keep, under any of their names or by code; default all.
    shape : {"long", "wide"}
        time, station, pollutant, value; or time, station and a column a pollutant (pm25, ...).
    progress : callable, optional
        Called as ``progress(done, total, text)`` with counts of files.

    Returns
    -------
    Archive
        ``hours``: time (label as printed, local, hour 24 as 00 of the next day), station under its
        canonical name, µg/m³ (CO mg/m³), by station and time; and ``defects``: file, date, hour,
        station, pollutant, value, rule (told by ``words.csv`` under ``defect.``), action and count
        of each thing left out, mended, missing or remarkable.

    Raises
    ------
    InputError
        Nothing readable, no such path, a station in no file, or a year in another unit.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "beijing_all_20230601.csv")
    >>> _ = file.write_text("date,hour,type,官园\n20230601,1,PM2.5,43\n", encoding="utf-8")
    >>> read_archive(file, stations="1006A").hours["value"].tolist()
    [43.0]
    """
    layouts.check_option("shape", shape, ("long", "wide"))
    wide = read_wide(paths, stations=stations, progress=progress)
    hours = wide.hours.to_pandas()
    hours["station"] = hours["station"].astype("category")
    if shape == "wide":
        return Archive(hours, wide.defects)
    values = hours[list(POLLUTANTS)].to_numpy().ravel()
    place = np.flatnonzero(~np.isnan(values))
    row, code = np.divmod(place, len(POLLUTANTS))
    pollutant = pd.Categorical.from_codes(code.astype(np.int8), list(POLLUTANTS))
    long = {"time": hours["time"].to_numpy()[row], "station": hours["station"].array[row]}
    long = pd.DataFrame(long | {"pollutant": pollutant, "value": values[place]})
    return Archive(long, wide.defects)


def read_wide(paths, *, stations=None, progress=None) -> Reader:
    """Read as `read_archive` does; hours in pyarrow, wide, are an attribute of what is returned."""
    reader = Reader(layouts.chosen(stations))
    for label, data in files.each(files.existing(paths), reader.note, progress):
        reader.add(label, data)
    reader.close()
    if not reader.found:
        first = reader.listed().head(3).itertuples()
        why = [f"{row.file}: {word(f'defect.{row.rule}')} {row.value}".strip() for row in first]
        raise error("error.archive_nothing", why=clauses(why) or "-")
    reader.check_stations()
    return reader.finish()
