"""Hourly monitoring files, with all their defects, into one table of hours.

Read are Beijing's archive as distributed (a zip a year of ``beijing_{all,extra}_YYYYMMDD.csv``,
folders of these, single files), the national archive (``china_sites_YYYYMMDD.csv``), hourly files
of the national network, and the UCI files ``PRSA_Data_*.csv``, in any mix and form (`layouts`).

All label the same hour alike. For each hour, station and pollutant the monitoring archive wins; UCI
stands only where it has none, its CO divided by 1000, its PM10 missing where it equals its PM2.5
(which UCI put there). The same hour twice within one archive: equal values count once; of differing
ones that of the first file stands. What is no measurement is decided in `judge`. Whatever is left
out is listed with file, hour, value and rule; a file that cannot be used never stops the rest.
"""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..tables import decode
from ..words import error, word
from . import files as files_of
from . import judge, layouts, names
from .layouts import NULLS, POLLUTANTS, TYPES, WEATHER

DEFECTS = ("file", "date", "hour", "station", "pollutant", "value", "rule", "action", "count")
#: Bytes that are parsed at once.
_BATCH = 16 * 2**20
_HEADER = re.compile(rb'(date|"date")[ ]*,[ "]*hour[ "]*,[ "]*type[ "]*,', re.IGNORECASE)
#: Types of rows that are no hourly concentrations.
_OTHER = re.compile(r"AQI|.*_(24H|8H)")
_DAY_FILE = re.compile(r"([^/:]*?)_?(\d{8})\.csv(\.gz)?$")


class Archive(NamedTuple):
    """What was read; unpacks as ``hours, defects = read_archive(...)``."""

    hours: pd.DataFrame
    defects: pd.DataFrame


class Wide(NamedTuple):
    """What `read_wide` returns: hours (pyarrow), defects, weather, months filled from UCI, days.

    ``networks`` are the sources of the hours: the city's archive, the national network.
    """

    hours: Any
    defects: pd.DataFrame
    weather: pd.DataFrame
    uci_months: set[tuple]
    national: pd.DataFrame | None
    networks: set[str]


class Block(NamedTuple):
    """Values of some files: rows are hours of a pollutant, columns stations."""

    archive: str
    stations: list[str]
    hour: np.ndarray
    pollutant: np.ndarray
    file: np.ndarray
    values: np.ndarray


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
    """Collect blocks of values while files stream by, and the one list of defects."""

    def __init__(self, wanted: list[str] | None):
        self.wanted = wanted
        self.found: dict[str, None] = {}
        self.blocks: list[Block] = []
        self.weather: list[pd.DataFrame] = []
        self.national: list[pd.DataFrame] = []
        self.networks: set[str] = set()
        self.labels: list[str] = []
        self._notes: list[dict] = []
        self._cells: list[pd.DataFrame] = []
        self._other_rows = 0
        #: days that have a file, by the kind in its name
        self._days: dict[str, set[int]] = {}
        #: header -> its stations; None where it is misread
        self._stations: dict[bytes, list[str] | None] = {}
        self._held: dict[bytes, list[tuple[int, bytes]]] = {}
        self._misread: list[tuple[bytes, int, bytes]] = []
        self._size = 0
        self._worker = ThreadPoolExecutor(1)
        self._parsing: list[tuple] = []

    def note(self, file: str, rule: str, action: str, count=1, **where) -> None:
        """Add a row to the defects; `where` are more of its columns."""
        row = {"file": file, "rule": rule, "action": action, "count": int(count)} | where
        self._notes.append(dict.fromkeys(DEFECTS[1:6], "") | {"hour": None} | row)

    def note_files(self, numbers, rule: str, action: str, **where) -> None:
        """Add a row for each file of an array of file numbers, counting how often it is there."""
        for number, n in zip(*np.unique(numbers, return_counts=True), strict=True):
            self.note(self.labels[number], rule, action, n, **where)

    def note_cells(self, rule, action: str, file, hour, station, pollutant, value) -> None:
        """Add a row for each of many values; `hour` in hours since 1970, `pollutant` by number."""
        if len(value):
            hour = np.asarray(hour)
            frame = {"file": np.array([*self.labels, ""], dtype=object)[file]}
            frame |= {"date": np.datetime_as_string((hour // 24).astype("datetime64[D]"))}
            frame |= {"hour": hour % 24, "station": station}
            frame |= {"pollutant": np.array(POLLUTANTS, dtype=object)[pollutant]}
            frame |= {"value": [f"{v:g}" for v in value], "rule": rule, "action": action}
            self._cells.append(pd.DataFrame(frame | {"count": 1}))

    def defects(self) -> pd.DataFrame:
        """Return all that was noted, in order of rule, date and file."""
        notes = pd.DataFrame(self._notes, columns=list(DEFECTS), dtype=object)
        out = pd.concat([notes, *self._cells], ignore_index=True)
        out["hour"] = pd.to_numeric(out["hour"]).astype("Int64")
        keys = ["rule", "date", "hour", "file", "station", "pollutant"]
        return out.sort_values(keys, ignore_index=True, kind="stable")

    def add(self, label: str, data: bytes) -> None:
        """Take one file's bytes, by the layout that they have."""
        if data[:3] == b"\xef\xbb\xbf":
            data = data[3:]
            self.note(label, "byte_order_mark", "repaired")
        data = data.lstrip()
        head = data[:600]
        if not head:
            self.note(label, "empty_file", "skipped")
        elif head[:1] == b"<":
            self.note(label, "html_page", "skipped")
        elif _HEADER.match(head) and b"\0" not in head:
            self._hourly(label, data)
        else:
            try:
                self._other_layout(label, *layouts.recognise(data))
            except (ValueError, KeyError) as problem:
                cause = str(problem).splitlines()[0][:60]
                self.note(label, "not_hourly", "skipped", value=cause)

    def _other_layout(self, label: str, kind: str, content) -> None:
        if kind == "hourly":
            self.note(label, "other_layout", "repaired")
            self._hourly(label, content)
        elif kind == "uci":
            self._uci(label, *content)
        elif kind == "network":
            self.networks.add("cnemc-hourly")
            self._rows(label, content, "archive")
        else:
            self.national.append(content)

    def _hourly(self, label: str, data: bytes) -> None:
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
            misread = names.looks_misread(stations)
            self._stations[header] = None if misread else [s.strip() for s in stations]
        self.labels.append(label)
        body = body if body.endswith(b"\n") else body + b"\n"
        if self._stations[header] is None:
            self._misread.append((header, len(self.labels) - 1, body))
            return
        self._held.setdefault(header, []).append((len(self.labels) - 1, body))
        self._size += len(body)
        if self._size > _BATCH:
            self._flush()

    def close(self) -> None:
        """Parse what is still held, and last the files whose header needs others to be told."""
        self._flush()
        headers = [_station_part(header) for header, own in self._stations.items() if own]
        for header, number, body in self._misread:
            width = body.split(b"\n", 1)[0].count(b",") - 2
            stations = names.repair(_station_part(header), width, headers[::-1])
            if stations:
                self.note(self.labels[number], "header_misread", "repaired")
                self._parse(stations, [(number, body)])
            else:
                self.note(self.labels[number], "header_lost", "skipped")
        self._collect()
        self._worker.shutdown()
        self._note_missing_days()
        if self._other_rows:
            self.note("", "other_statistics", "skipped", self._other_rows)

    def _flush(self) -> None:
        """Parse what is held, one pass a header, while the next files are being unpacked."""
        self._collect()
        for header, members in self._held.items():
            self._parse(self._stations[header], members)
        self._held, self._size = {}, 0

    def _parse(self, stations: list[str], members) -> None:
        bodies = [body for _, body in members]
        parsed = self._worker.submit(_table, bodies, len(stations) + 3)
        self._parsing.append((parsed, stations, members))

    def _collect(self) -> None:
        """Take what has been parsed meanwhile."""
        for parsed, stations, members in self._parsing:
            self._take_parsed(parsed.result(), stations, members)
        self._parsing = []

    def _take_parsed(self, table, stations: list[str], members) -> None:
        """Take files parsed at once; an unsound one is found by halving, and mended."""
        width, half = len(stations) + 3, len(members) // 2
        if table is None and half:
            for part in (members[:half], members[half:]):
                self._take_parsed(_table([body for _, body in part], width), stations, part)
            return
        if table is None:
            number, body = members[0]
            body = self._mend(self.labels[number], body, width)
            members, table = [(number, body)], _table([body], width)
            if body and table is None:
                self.note(self.labels[number], "unreadable", "skipped")
        if table is not None:
            lines = [body.count(b"\n") for _, body in members]
            self._take(table, stations, np.repeat([n for n, _ in members], lines))

    def _mend(self, label: str, body: bytes, width: int) -> bytes:
        """Return the lines with as many cells as the header, a number or nothing in each."""
        text = body.decode("utf-8", errors="replace").replace("\0", "")
        lines = [layouts.cells_of(line) for line in text.split("\n") if line.strip(', "')]
        out = []
        for line, cells in enumerate(lines, 1):
            day, hour = layouts.tidy_day(cells[0]), layouts.tidy_hour((cells + [""])[1])
            is_day = bool(re.fullmatch(r"[0-9]{8}", day))
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
                lost = max(len(cells) - 3, 1)
                self.note(label, "line_length", "dropped", lost, **where)
            elif not (is_day and re.fullmatch(r"[0-9]{1,2}", hour)):
                self.note(label, "date_unreadable", "dropped", width - 3, **where)
            else:
                kind = re.sub('[,"]', "", cells[2]).strip()
                values = [cell.strip() for cell in cells[3:]]
                for column, cell in enumerate(values):
                    if cell not in NULLS and not layouts.is_number(cell):
                        place = {"hour": int(hour), "station": f"#{column + 4}"}
                        place |= {"pollutant": TYPES.get(kind.upper(), kind), "value": cell[:40]}
                        self.note(label, "not_a_number", "dropped", **(where | place))
                        values[column] = ""
                out.append(",".join([day, hour, kind, *(v.lstrip("+") for v in values)]))
        return "".join(f"{line}\n" for line in out).encode()

    def _take(self, table, columns: list[str], files: np.ndarray) -> None:
        """Keep the concentrations of the stations wanted of one parsed table, as a block."""
        types = table.column("type").combine_chunks()
        kinds = [str(k).strip().upper() for k in types.dictionary.to_pylist()]
        kind = types.indices.to_numpy(zero_copy_only=False)
        for number, name in enumerate(kinds):
            if name not in TYPES and not _OTHER.fullmatch(name):
                self.note_files(files[kind == number], "unknown_type", "skipped", value=name[:40])
        codes = {name: code for code, name in enumerate(TYPES)}
        pollutant = np.array([codes.get(k, -1) for k in kinds], np.int8)[kind]
        date, hour = table.column("date").to_numpy(), table.column("hour").to_numpy()
        dates, place = np.unique(date, return_inverse=True)
        day = np.array([day_number(d) for d in dates.tolist()], np.int64)[place]
        good = (day >= 0) & (hour >= 0) & (hour <= 24)
        for i in np.flatnonzero(~good):
            value = f"{date[i]},{hour[i]},{kinds[kind[i]]}"
            self.note(self.labels[files[i]], "date_range", "dropped", value=value)
        self._other_rows += int((good & (pollutant < 0)).sum())
        self._note_days(files[good], day[good], hour[good])
        at: dict[str, list[int]] = {}
        for column, name in enumerate(map(names.canonical, columns)):
            if name:
                self.found[name] = None
                if self.wanted is None or name in self.wanted:
                    at.setdefault(name, []).append(column + 3)
        rows = np.flatnonzero(good & (pollutant >= 0))
        if not at or not len(rows):
            return
        values = np.empty((len(rows), len(at)))
        for j, (station, places) in enumerate(at.items()):
            values[:, j] = table.column(places[0]).to_numpy()[rows]
            for other in places[1:]:
                twin = table.column(other).to_numpy()[rows]
                keep = self._compare(station, values[:, j], twin, files[rows])
                rows, values, twin = rows[keep], values[keep], twin[keep]
                values[:, j] = np.where(np.isnan(values[:, j]), twin, values[:, j])
        hours = day[rows] * 24 + hour[rows]
        self._keep(Block("archive", list(at), hours, pollutant[rows], files[rows], values))

    def _compare(self, station: str, one, two, files) -> np.ndarray:
        """Compare two columns of one station: a file whose columns differ is left out."""
        differ = ~np.isnan(one) & ~np.isnan(two) & (one != two)
        keep = ~np.isin(files, files[differ])
        self.note_files(files[differ], "station_twice_differs", "skipped", station=station)
        self.note_files(np.unique(files[keep]), "station_twice", "dropped", station=station)
        return keep

    def _note_days(self, files, day, hour) -> None:
        """Note hours that a file lacks and rows of another day than its name says."""
        for number in np.unique(files).tolist():
            label = self.labels[number]
            name = _DAY_FILE.search(label)
            stated = day_number(int(name[2])) if name else -1
            if stated < 0:
                continue
            self._days.setdefault(name[1], set()).add(stated)
            # the rows of a file stand together
            rows = slice(*np.searchsorted(files, [number, number + 1]))
            absent = np.flatnonzero(np.bincount(hour[rows] % 24, minlength=24) == 0)
            astray = np.count_nonzero(day[rows] != stated)
            if len(absent):
                where = {"date": iso(stated), "value": " ".join(map(str, absent))}
                self.note(label, "hours_missing", "missing", len(absent), **where)
            if astray:
                self.note(label, "other_day", "kept", astray, date=iso(stated))

    def _note_missing_days(self) -> None:
        """Note days between first and last file for which a kind of file is absent, as spans."""
        every = set().union(*self._days.values())
        for kind, have in self._days.items():
            absent = np.array(sorted(set(range(min(every), max(every) + 1)) - have), np.int64)
            for span in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1):
                if len(span):
                    first, last = iso(span[0]), iso(span[-1])
                    name = f"{kind}_{first.replace('-', '')}.csv"
                    value = f"{first}..{last}" if len(span) > 1 else ""
                    self.note(name, "no_file", "missing", len(span), date=first, value=value)

    def _uci(self, label: str, frame: pd.DataFrame, lost: int) -> None:
        """Take a UCI file: a row an hour, with weather."""
        if lost:
            self.note(label, "line_unreadable", "dropped", lost)
        if {"pm10", "pm25"} <= set(frame):
            filled = (frame["pm10"] == frame["pm25"]) & frame["pm10"].notna()
            for station, n in frame["station"][filled].value_counts().items():
                if self.wanted is None or station in self.wanted:
                    where = {"station": station, "pollutant": "pm10"}
                    self.note(label, "uci_pm10_filled", "dropped", n, **where)
            frame["pm10"] = frame["pm10"].mask(filled)
        frame = self._rows(label, frame, "uci")
        self.weather.append(frame.reindex(columns=["time", "station", *WEATHER]))

    def _rows(self, label: str, frame: pd.DataFrame, archive: str) -> pd.DataFrame:
        """Take a frame of time, station and pollutants; return its usable rows."""
        lost = int(frame["time"].isna().sum())
        if lost:
            self.note(label, "date_unreadable", "dropped", lost)
        frame = frame[frame["time"].notna()]
        self.found.update(dict.fromkeys(frame["station"]))
        if self.wanted is not None:
            frame = frame[frame["station"].isin(self.wanted)]
        self.labels.append(label)
        number = len(self.labels) - 1
        hour = (frame["time"] - pd.Timestamp(0)) // pd.Timedelta(hours=1)
        cells = frame.assign(hour=hour.astype(np.int64))
        given = [p for p in POLLUTANTS if p in frame]
        cells = cells.melt(["hour", "station"], given, "pollutant", "cell").dropna(subset="cell")
        codes = {p: code for code, p in enumerate(POLLUTANTS)}
        cells["pollutant"] = cells["pollutant"].map(codes).astype(np.int8)
        cells["value"] = pd.to_numeric(cells["cell"], errors="coerce")
        for cell in cells[cells["value"].isna()].itertuples():
            where = {"date": iso(cell.hour // 24), "hour": cell.hour % 24, "station": cell.station}
            where |= {"pollutant": POLLUTANTS[cell.pollutant], "value": str(cell.cell)[:40]}
            self.note(label, "not_a_number", "dropped", **where)
        cells = cells.dropna(subset="value")
        if archive == "uci":
            is_co = cells["pollutant"] == POLLUTANTS.index("co")
            cells["value"] = cells["value"].mask(is_co, cells["value"] / 1000)
        station, stations = pd.factorize(cells["station"], sort=True)
        key = (cells["hour"] * len(POLLUTANTS) + cells["pollutant"]).to_numpy()
        key, row = np.unique(key, return_inverse=True)
        twice = pd.Series(row * len(stations) + station).duplicated().to_numpy()
        columns = [cells[c].to_numpy()[twice] for c in ("hour", "station", "pollutant", "value")]
        self.note_cells("hour_twice", "dropped", np.full(twice.sum(), number), *columns)
        if len(key):
            values = np.full((len(key), len(stations)), np.nan)
            values[row[~twice], station[~twice]] = cells["value"].to_numpy()[~twice]
            hour, pollutant = np.divmod(key, len(POLLUTANTS))
            file = np.full(len(key), number)
            self._keep(Block(archive, list(stations), hour, pollutant, file, values))
        return frame

    def _keep(self, block: Block) -> None:
        """Keep a block without what cannot be a concentration."""
        bad = (block.values < 0) | np.isinf(block.values)
        if bad.any():
            i, j = np.nonzero(bad)
            wrong = block.values[bad]
            rule = np.where(judge.is_code(-wrong), "code", "negative")
            rule = np.where(np.isinf(wrong), "not_a_number", rule)
            stations = np.array(block.stations, dtype=object)[j]
            where = (block.file[i], block.hour[i], stations, block.pollutant[i], wrong)
            self.note_cells(rule, "dropped", *where)
            block.values[bad] = np.nan
        self.blocks.append(block)


def _station_part(header: bytes) -> str:
    text = decode(header)[0] or header.decode("gb18030", errors="replace")
    return text.replace('"', "").split(",", 3)[3]


def _table(bodies: list[bytes], width: int):
    """Parse headless csv bytes of one layout in one pass; None unless every line is sound."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    data = b"".join(bodies)
    stations = [f"s{i}" for i in range(width - 3)]
    types = {"date": pa.int64(), "hour": pa.int64(), "type": pa.dictionary(pa.int32(), pa.string())}
    types |= dict.fromkeys(stations, pa.float64())
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
        canonical name (`names`), µg/m³ (CO mg/m³), by station and time; and ``defects``: a row for
        each thing left out, mended, missing or remarkable, with file, date, hour, station,
        pollutant, value, rule (told by ``words.csv`` under ``defect.``), action and count.

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


def read_wide(paths, *, stations=None, progress=None) -> Wide:
    """Read as `read_archive` does, into a pyarrow table in wide shape and what goes with it."""
    reader = Reader(names.chosen(stations))
    for label, data in files_of.each(files_of.existing(paths), reader.note, progress):
        reader.add(label, data)
    reader.close()
    if not reader.found:
        listed = reader.defects().head(3)[["file", "rule", "value"]].itertuples(index=False)
        why = [f"{file}: {word(f'defect.{rule}')} {value}".strip() for file, rule, value in listed]
        raise error("error.archive_nothing", why="; ".join(why) or "-")
    check_stations(reader.wanted, reader.found)
    return finish(reader)


def check_stations(wanted, found) -> None:
    """Raise `InputError` unless the stations wanted were found."""
    missing = "、".join(s for s in wanted or [] if s not in found)
    if missing:
        raise error("error.station_absent", station=missing, known="、".join(list(found)[:40]))


def finish(reader: Reader) -> Wide:
    """Merge and judge what a reader has collected."""
    hours, uci_months = judge.merge(reader)
    days = pd.concat(reader.national, ignore_index=True) if reader.national else None
    types = {"time": "datetime64[s]", "station": str} | dict.fromkeys(WEATHER, float)
    weather = pd.DataFrame(columns=list(types)).astype(types)
    if reader.weather:
        weather = pd.concat(reader.weather).drop_duplicates(["station", "time"])
    weather = weather.sort_values(["station", "time"], ignore_index=True)
    return Wide(hours, reader.defects(), weather, uci_months, days, reader.networks)
