"""Bytes of hourly files into blocks of numbers: headers, broken lines, cells that are no number.

Files of one header are parsed together in one pass; only files that fail a count of commas, or hold
a cell that is no number, are gone through line by line. The rules stand in
:mod:`xc_analysis.archive`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import stations as names_of

POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
TYPES = {"PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3"}
DEFECTS = ("file", "date", "hour", "station", "pollutant", "value", "rule", "action", "count")
WEATHER = ("TEMP", "PRES", "DEWP", "RAIN", "WSPM", "wd")

_BATCH = 16 * 2**20
_ONE_BY_ONE = 1000
_NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "-", "--", "—"]
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_HEADER = re.compile(rb'[^,\r\n]{0,22},[ "]*hour[ "]*,[ "]*type[ "]*,', re.IGNORECASE)
_OTHER = re.compile(r"AQI|.*_(24H|8H)")
_DAY_FILE = re.compile(r"([^/:]*?)_?(\d{8})\.csv(\.gz)?$")
_EPOCH = dt.date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = (dt.date(y, 1, 1).toordinal() - _EPOCH for y in (1980, 2100))


class Block(NamedTuple):
    """Parsed values of some files: rows are hours of a pollutant, columns stations."""

    archive: str
    stations: list[str]
    hour: np.ndarray
    pollutant: np.ndarray
    file: np.ndarray
    values: np.ndarray


def is_uci(data: bytes) -> bool:
    """Whether the first line is that of a UCI file."""
    head = data[:400].lstrip().split(b"\n", 1)[0]
    return b"year" in head and b"station" in head


def iso(day: int) -> str:
    """ISO date of a number of days since 1970-01-01."""
    return dt.date.fromordinal(day + _EPOCH).isoformat()


def days_of(date: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 of yyyymmdd integers; -1 where that is no date."""
    unique, where = np.unique(date, return_inverse=True)
    days = []
    for value in unique.tolist():
        try:
            day = dt.date(value // 10000, value // 100 % 100, value % 100).toordinal() - _EPOCH
        except (ValueError, OverflowError):
            day = -1
        days.append(day)
    return np.array(days, dtype=np.int64)[where]


class Reader:
    """Collects blocks while files stream by, and the one list of defects.

    Parameters
    ----------
    wanted : list of str or None
        Canonical names of the stations to keep; None for all.
    """

    def __init__(self, wanted: list[str] | None):
        self.wanted = wanted
        self.found: dict[str, None] = {}
        self.defects: list[tuple] = []
        self.labels: list[str] = []
        self.blocks: list[Block] = []
        self.weather: list[pd.DataFrame] = []
        self.other_rows = 0
        self.days: dict[str, set[int]] = {}
        self._batches: dict[bytes, list[tuple[int, bytes]]] = {}
        self._held = 0
        self._layouts: dict[str, None] = {}
        self._unclear: list[tuple[bytes, tuple[int, bytes]]] = []
        self._worker = ThreadPoolExecutor(1)
        self._waiting: list[tuple] = []

    def note(self, file, rule, action, *, date="", hour=None, station="", pollutant="", value="",
             count=1):  # fmt: skip
        """Add a row to the defects."""
        self.defects.append((file, date, hour, station, pollutant, value, rule, action, int(count)))

    def add(self, label: str, data: bytes) -> None:
        """Sort one file's bytes into the batch of its header."""
        if data[:3] == b"\xef\xbb\xbf":
            data = data[3:]
            self.note(label, "byte order mark", "repaired")
        head = data[:600].lstrip()
        if not head and not data.strip():
            self.note(label, "empty file", "skipped")
        elif head[:1] == b"<":
            self.note(label, "HTML page", "skipped")
        elif is_uci(head):
            self._uci(label, data)
        elif not _HEADER.match(head) or b"\0" in head:
            self.note(label, "not an hourly file (its header is not date,hour,type,...)", "skipped")
        else:
            data = data.lstrip()
            if b"\r" in data:
                data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            header, _, body = data.partition(b"\n")
            if not body.strip():
                self.note(label, "header without data", "skipped")
                return
            self.labels.append(label)
            self._batches.setdefault(header, []).append((len(self.labels) - 1, body))
            self._held += len(body)
            if self._held > _BATCH:
                self._flush()

    def close(self) -> None:
        """Parse what is still held, and last the files whose header needs others to be told."""
        self._flush()
        for header, member in self._unclear:
            self._parse(header, [member], last=True)
        self._unclear.clear()
        self._collect()
        self._worker.shutdown()

    def all_weather(self) -> pd.DataFrame:
        """The weather of all UCI files, an hour once."""
        if not self.weather:
            nothing = {name.lower(): pd.Series(dtype=float) for name in WEATHER}
            time = pd.Series(dtype="datetime64[s]")
            return pd.DataFrame({"time": time, "station": pd.Series(dtype=str), **nothing})
        out = pd.concat(self.weather, ignore_index=True).drop_duplicates(["station", "time"])
        return out.sort_values(["station", "time"], ignore_index=True)

    def _flush(self) -> None:
        """Parse what is held, one pass a header, while the next files are being unpacked."""
        self._collect()
        batches, self._batches, self._held = self._batches, {}, 0
        for header, members in batches.items():
            self._parse(header, members)

    def _collect(self) -> None:
        """Take what has been parsed meanwhile."""
        import pyarrow as pa

        waiting, self._waiting = self._waiting, []
        for parsed, columns, numbers, bodies in waiting:
            width = len(columns) + 3
            lines = [body.count(b"\n") for body in bodies]
            for suspect in (_ragged, _unparsable, None):
                try:
                    table = parsed.result()
                    if table is None or table.num_rows == sum(lines):
                        break
                except pa.ArrowInvalid:
                    pass
                # A line too short or too long, an empty one, or a cell that is no number.
                for place, body in enumerate(bodies):
                    if suspect(body, width):
                        bodies[place] = self._mend(self.labels[numbers[place]], body, width)
                        lines[place] = bodies[place].count(b"\n")
                parsed = self._worker.submit(_table, bodies, width)
            if table is not None:
                self._take(table, columns, np.repeat(numbers, lines))

    def _station_columns(self, header: bytes, members, last: bool) -> list[str] | None:
        """Station names of a layout; None: put aside until other headers are known, or given up."""
        try:
            text = header.decode("utf-8")
        except UnicodeDecodeError:
            text = header.decode("gb18030", errors="replace")
        text = text.replace('"', "").split(",", 3)[3]
        columns = [c.strip() for c in text.split(",")]
        if not names_of.looks_misread(columns):
            self._layouts[text] = None
            return columns
        if not last:
            self._unclear += [(header, member) for member in members]
            return None
        width = members[0][1].split(b"\n", 1)[0].count(b",") - 2
        names = names_of.repair(text, width, list(reversed(self._layouts)))
        for index, _ in members:
            if names is None:
                self.note(self.labels[index], "unreadable station names in the header", "skipped")
            else:
                self.note(self.labels[index], "misread station names in the header", "repaired")
        return names

    def _parse(self, header: bytes, members, last: bool = False) -> None:
        columns = self._station_columns(header, members, last)
        if columns is not None:
            numbers = [number for number, _ in members]
            bodies = [b if b.endswith(b"\n") else b + b"\n" for _, b in members]
            parsed = self._worker.submit(_table, bodies, len(columns) + 3)
            self._waiting.append((parsed, columns, numbers, bodies))

    def _mend(self, label: str, body: bytes, width: int) -> bytes:
        """The same lines with as many cells as the header has and a number or nothing in each."""
        text = body.decode("utf-8", errors="replace").replace("\0", "")
        lines = [cells for cells in csv.reader(io.StringIO(text)) if any(c.strip() for c in cells)]
        out = []
        for place, cells in enumerate(lines, 1):
            day = re.sub(r"[-/.\s]", "", cells[0])
            date = _iso_or_empty(day)
            printed = ",".join(cells[:3])[:60]
            if len(cells) > width and not any(c.strip() for c in cells[width:]):
                cells = cells[:width]
            if 3 < len(cells) < width and place == len(lines):
                # The file was cut off: its last cell may be half a number.
                self.note(label, "line cut off", "repaired", date=date, value=printed,
                          count=width - len(cells) + 1)  # fmt: skip
                cells = cells[:-1] + [""] * (width - len(cells) + 1)
            if len(cells) != width:
                self.note(label, f"line of {len(cells)} cells, the header has {width}", "dropped",
                          date=date, value=printed, count=max(len(cells) - 3, 1))  # fmt: skip
                continue
            hour = cells[1].strip().split(":")[0]
            if not (re.fullmatch(r"\d{8}", day) and re.fullmatch(r"\d{1,2}", hour)):
                self.note(label, "date or hour not readable", "dropped", date=date, value=printed,
                          count=width - 3)  # fmt: skip
                continue
            kept = [day, hour, cells[2].strip().replace(",", "")]
            for column, cell in enumerate(map(str.strip, cells[3:])):
                if cell and cell not in _NULLS and not _NUMBER.fullmatch(cell):
                    self.note(label, "not a number", "dropped", date=date, hour=int(hour),
                              station=f"column {column + 4}", value=cell[:40],
                              pollutant=TYPES.get(kept[2].upper(), kept[2]))  # fmt: skip
                    cell = ""
                kept.append(cell)
            out.append(",".join(kept))
        return ("\n".join(out) + "\n").encode() if out else b""

    def _take(self, table, columns: list[str], files: np.ndarray) -> None:
        """One parsed table: keep the concentrations of the stations wanted, as a block."""
        types = table.column("type").combine_chunks()
        kinds = [str(k).strip().upper() for k in types.dictionary.to_pylist()]
        kind = types.indices.to_numpy(zero_copy_only=False)
        code = np.array([POLLUTANTS.index(TYPES[k]) if k in TYPES else -1 for k in kinds], np.int8)
        pollutant = code[kind]
        for number, name in enumerate(kinds):
            if name not in TYPES and not _OTHER.fullmatch(name):
                self.note(self.labels[files[(kind == number).argmax()]], "unknown type", "skipped",
                          value=name[:40], count=(kind == number).sum())  # fmt: skip
        date = table.column("date").to_numpy()
        hour = table.column("hour").to_numpy()
        day = days_of(date)
        good = (day >= _FIRST_DAY) & (day < _LAST_DAY) & (hour >= 0) & (hour <= 24)
        for i in np.flatnonzero(~good):
            self.note(self.labels[files[i]], "date or hour out of range", "dropped",
                      value=f"{date[i]},{hour[i]},{kinds[kind[i]]}")  # fmt: skip
        self.other_rows += int((good & (pollutant < 0)).sum())
        self._look_at_days(files[good], day[good], hour[good])
        stations, at = [], []
        for column, name in enumerate(columns):
            name = names_of.canonical(name)
            if name and name in stations:
                self.note(self.labels[files[0]], "station twice in the header", "dropped",
                          station=name)  # fmt: skip
            elif name:
                self.found[name] = None
                if self.wanted is None or name in self.wanted:
                    stations.append(name)
                    at.append(column + 3)
        rows = np.flatnonzero(good & (pollutant >= 0))
        if stations and len(rows):
            values = np.empty((len(rows), len(stations)))
            for j, column in enumerate(at):
                values[:, j] = table.column(column).to_numpy()[rows]
            hours = day[rows] * 24 + hour[rows]
            self._block(Block("archive", stations, hours, pollutant[rows], files[rows], values))

    def _look_at_days(self, files, day, hour) -> None:
        """Which days each kind of file covers; hours a file lacks; rows of another day."""
        present = np.unique(files)
        names = {int(n): _DAY_FILE.search(self.labels[n]) for n in present}
        names = {number: name for number, name in names.items() if name}
        stated = days_of(np.array([int(name[2]) for name in names.values()], np.int64)).tolist()
        first = {number: day for number, day in zip(names, stated, strict=True) if day >= 0}
        for number, day_stated in first.items():
            self.days.setdefault(names[number][1], set()).add(day_stated)
        seen = np.zeros((len(self.labels), 24), bool)
        seen[files, hour % 24] = True
        for number in present[~seen[present].all(axis=1)].tolist():
            lacks = np.flatnonzero(~seen[number]).tolist()
            if number in first:
                self.note(self.labels[number], "hours without a row", "missing",
                          date=iso(first[number]), value=" ".join(map(str, lacks)),
                          count=len(lacks))  # fmt: skip
        expected = np.full(len(self.labels), -1)
        expected[list(first)] = list(first.values())
        astray = (expected[files] >= 0) & (day != expected[files])
        for number, n in zip(*np.unique(files[astray], return_counts=True), strict=True):
            self.note(self.labels[number], "rows of another day than the file's name", "kept",
                      date=iso(first[number]), count=n)  # fmt: skip

    def _block(self, block: Block) -> None:
        """Keep a block without what cannot be a concentration."""
        values = block.values
        with np.errstate(invalid="ignore"):
            bad = (values < 0) | np.isinf(values)
        where = np.argwhere(bad)
        if len(where) <= _ONE_BY_ONE:
            for i, j in where:
                day, hour = divmod(int(block.hour[i]), 24)
                self.note(self.labels[block.file[i]], "negative" if values[i, j] < 0 else
                          "not a number", "dropped", date=iso(day), hour=hour,
                          station=block.stations[j], pollutant=POLLUTANTS[block.pollutant[i]],
                          value=f"{values[i, j]:g}")  # fmt: skip
        else:
            for number, n in zip(*np.unique(block.file[where[:, 0]], return_counts=True),
                                 strict=True):  # fmt: skip
                self.note(self.labels[number], "negative", "dropped", count=n)
        values[bad] = np.nan
        self.blocks.append(block)

    def _uci(self, label: str, data: bytes) -> None:
        """One UCI file: a row an hour, with weather."""
        try:
            frame = pd.read_csv(io.BytesIO(data), na_values=_NULLS, keep_default_na=False,
                                on_bad_lines="skip", encoding_errors="replace")  # fmt: skip
            clock = {
                c: pd.to_numeric(frame[c], errors="coerce")
                for c in ("year", "month", "day", "hour")
            }
            sound = clock["year"].between(1980, 2099) & clock["hour"].isin(range(25))
            clock = pd.DataFrame(clock).where(sound & frame["station"].notna())
            time = pd.to_datetime(clock, errors="coerce")
            names = frame["station"].astype(object).fillna("").astype(str)
            names = names.map({name: names_of.canonical(name) for name in names.unique()})
        except (ValueError, KeyError) as error:
            self.note(label, f"not a UCI file ({str(error)[:60]})", "skipped")
            return
        lost = data.strip().count(b"\n") - len(frame) + int(time.isna().sum())
        if lost:
            self.note(label, "line not readable", "dropped", count=lost)
        self.labels.append(label)
        number = len(self.labels) - 1
        hour = (time - pd.Timestamp(0)) // pd.Timedelta(hours=1)
        for station in dict.fromkeys(names[time.notna()]):
            self.found[station] = None
            if self.wanted is not None and station not in self.wanted:
                continue
            here = ((names == station) & time.notna()).to_numpy()
            weather = {w.lower(): frame.loc[here, w].to_numpy() for w in WEATHER if w in frame}
            self.weather.append(
                pd.DataFrame({"time": time[here].to_numpy(), "station": station, **weather})
            )
            part = {}
            for printed, pollutant in TYPES.items():
                column = frame[printed][here] if printed in frame else pd.Series(dtype=float)
                value = pd.to_numeric(column, errors="coerce")
                for i in column.index[value.isna() & column.notna()]:
                    self.note(label, "not a number", "dropped", date=str(time[i].date()),
                              hour=time[i].hour, station=station, pollutant=pollutant,
                              value=str(column[i])[:40])  # fmt: skip
                if len(value):
                    part[pollutant] = value.to_numpy(float, copy=True)
            if "co" in part:
                part["co"] /= 1000
            if "pm10" in part and "pm25" in part:
                filled = part["pm10"] == part["pm25"]
                part["pm10"][filled] = np.nan
                if filled.any():
                    self.note(label, "UCI PM10 filled with PM2.5", "dropped", station=station,
                              pollutant="pm10", count=filled.sum())  # fmt: skip
            hours = hour[here].to_numpy(np.int64)
            for pollutant, values in part.items():
                code = np.full(len(hours), POLLUTANTS.index(pollutant), np.int8)
                self._block(
                    Block(
                        "uci", [station], hours, code, np.full(len(hours), number), values[:, None]
                    )  # fmt: skip
                )


def _ragged(body: bytes, width: int) -> bool:
    lines = body.count(b"\n")
    return body.count(b",") != lines * (width - 1) or b"\n\n" in body or b'"' in body


def _unparsable(body: bytes, width: int) -> bool:
    import pyarrow as pa

    try:
        table = _table([body], width)
        return table is not None and table.num_rows != body.count(b"\n")
    except pa.ArrowInvalid:
        return True


def _table(bodies: list[bytes], width: int):
    """Parse headless csv bytes of one layout in one pass; None without a line."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    data = b"".join(bodies)
    if not data:
        return None
    stations = [f"s{i}" for i in range(width - 3)]
    types = {"date": pa.int64(), "hour": pa.int64(), "type": pa.dictionary(pa.int32(), pa.string())}
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            column_names=["date", "hour", "type", *stations], block_size=4 << 20
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={**types, **{s: pa.float64() for s in stations}}, null_values=_NULLS
        ),
    )
    if table.column("date").null_count or table.column("hour").null_count:
        raise pa.ArrowInvalid("a line without date or hour")
    return table.unify_dictionaries()


def _iso_or_empty(day: str) -> str:
    number = days_of(np.array([int(day)]))[0] if re.fullmatch(r"\d{8}", day) else -1
    return iso(int(number)) if number >= 0 else ""
