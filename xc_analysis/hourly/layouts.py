"""Files as people have them, brought to the one layout ``date,hour,type,<station>,...``.

Known besides are UCI's ``PRSA_Data``, hourly files of the national network and national days. Row
names, semicolons, tabs, UTF-16, other letters and orders of the first columns are taken too.
"""

import csv
import io
import re

import pandas as pd

from ..tables import decode
from ..words import error
from .names import canonical

#: printed name -> pollutant
TYPES = {"PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3"}
POLLUTANTS = tuple(TYPES.values())
DAY_VALUES = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
WEATHER = ("temp", "pres", "dewp", "rain", "wspm", "wd")
NULLS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-", "--", "—"]
_HEAD = 1 << 18  # the longest header: 2,000 station codes take 12,000 characters
_KEYS = {"日期": "date", "小时": "hour", "时": "hour", "类型": "type", "指标": "type"}
_HEADER = re.compile(rb'(date|"date")[ ]*,[ "]*hour[ "]*,[ "]*type[ "]*,', re.IGNORECASE)
HOUR = re.compile(r"(\d{1,2})(\.0*|:00(:00)?|时)?")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", re.IGNORECASE)


def plain(name) -> str:
    """Reduce a column's name to small letters and digits: ``PM2.5`` and ``pm2_5`` are ``pm25``."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def need_columns(columns, table, *needed: str) -> None:
    """Raise `InputError` unless a table has the columns needed."""
    missing = [c for c in needed if c not in columns]
    if missing:
        named = {"missing": ", ".join(missing), "needed": ", ".join(needed)}
        raise error("error.columns_missing", table=table, **named)


def check_option(name: str, value, allowed) -> None:
    """Raise `InputError` unless an option has one of its values."""
    if value not in allowed:
        allowed = ", ".join(map(repr, allowed))
        raise error("error.option", name=name, value=repr(value), allowed=allowed)


def unreadable(problem: Exception):
    """Build the error for a date or number that pandas cannot read."""
    return error("error.hours_unreadable", problem=str(problem).splitlines()[0][:80])


def cells_of(line: str, mark: str = ",") -> list[str]:
    """Part a line into its cells; quotes that csv cannot make out are left as they stand."""
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return line.split(mark)


def with_mark(text: str) -> tuple[str, str]:
    """Return a text from its header on, and the mark that parts its cells."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff \n")
    return text, max(",;\t", key=text[:_HEAD].split("\n", 1)[0].count)


def recognise(data: bytes) -> tuple[str, object]:
    """Tell what a file is: its kind and what the reader goes on with."""
    if not data:
        return "empty_file", ""
    if data[:1] == b"<":
        return "html_page", ""
    if _HEADER.match(data[:600]) and b"\0" not in data[:600]:
        return "hourly", data
    text, mark = with_mark(decode(data)[0] or data.decode("utf-8", errors="replace"))
    if "\0" in text[:_HEAD]:
        raise ValueError("\\0")
    first, _, body = text.partition("\n")
    cells = [c.strip() for c in cells_of(first, mark)]
    names = [_KEYS.get(c, plain(c)) for c in cells]
    if {"timepoint", "stationcode"} <= set(names):
        return "network", network_frame(text, mark)
    if {"year", "month", "day", "hour", "station"} <= set(names):
        return "uci", uci_frame(text, mark)
    if {"date", "station", "read_at", *DAY_VALUES} <= set(cells):
        return "days", pd.read_csv(io.StringIO(text), sep=mark)
    if not {"date", "hour", "type"} <= set(names):
        raise ValueError(first)
    front = [names.index(key) for key in ("date", "hour", "type")]
    # a column without a name before the stations holds row names
    nameless = {i for i in range(max(front)) if names[i] in ("", "unnamed0", "index", "no")}
    rest = [i for i in range(len(names)) if i not in {*front, *nameless}]
    if not rest:
        raise ValueError(first)
    out = [",".join(["date", "hour", "type", *(cells[i] for i in rest)])]
    for row in (cells_of(line, mark) for line in body.split("\n")):
        if any(c.strip() for c in row):
            if mark != ",":
                row = [c.replace(",", ".") for c in row]
            moved = [row[i].strip() for i in front + rest if i < len(row)]
            out.append(",".join([*moved, *row[len(cells) :]]))
    return "hourly", ("\n".join(out) + "\n").encode()


def tidy_day(cell: str) -> str:
    """Return a date cell as yyyymmdd where it is a date in any usual form, else as it stands."""
    cell = cell.strip()
    if re.fullmatch(r"\d{8}(\.0*)?", cell):
        return cell[:8]
    parts = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?([ T].*)?", cell)
    return f"{parts[1]}{int(parts[2]):02d}{int(parts[3]):02d}" if parts else cell


def network_frame(text: str, mark: str) -> pd.DataFrame:
    """Read an hourly file of the national network: time, station and pollutants as printed."""
    frame = pd.read_csv(io.StringIO(text), sep=mark, dtype=str, on_bad_lines="skip")
    frame = frame.rename(columns=plain)
    # the same clock as the archive's labels, whatever zone is printed
    frame["time"] = pd.to_datetime(frame["timepoint"].str[:19], errors="coerce", format="ISO8601")
    frame["station"] = frame["stationcode"].map(canonical)
    values = frame[[c for c in (*POLLUTANTS, "o324h") if c in frame]]
    frame[values.columns] = values.mask(values.isin([*NULLS, "_"]))
    # in the files at hand ``o3`` holds the day's running maximum and ``o3_24h`` the hour, checked
    # against the Beijing archive; without a row that contradicts the printed names they stand
    if {"o3", "o324h"} <= set(frame):
        printed, other = (pd.to_numeric(frame[c], errors="coerce") for c in ("o3", "o324h"))
        if (printed > other).any() or not (printed < other).any():
            frame["o3"] = frame["o324h"]
    return frame


def uci_frame(text: str, mark: str) -> pd.DataFrame:
    """Read a UCI file: time, station, pollutants (CO in µg/m³), weather; attrs count lost lines."""
    how = {"na_values": NULLS, "keep_default_na": False, "on_bad_lines": "skip"}
    frame = pd.read_csv(io.StringIO(text), sep=mark, **how).rename(columns=plain)
    clock = {c: pd.to_numeric(frame[c], errors="coerce") for c in ("year", "month", "day", "hour")}
    sound = clock["year"].between(1980, 2099) & clock["hour"].isin(range(25))
    clock = pd.DataFrame(clock).where(sound & frame["station"].notna())
    names = frame["station"].astype(object).fillna("").astype(str)
    frame["time"] = pd.to_datetime(clock, errors="coerce")
    frame["station"] = names.map({name: canonical(name) for name in names.unique()})
    frame.attrs["lost_lines"] = text.strip().count("\n") - len(frame)
    return frame
