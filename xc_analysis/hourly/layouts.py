"""Files as people have them, brought to the one layout ``date,hour,type,<station>,...``.

Known besides are UCI's ``PRSA_Data``, hourly files of the national network and national days. Row
names, semicolons, tabs, UTF-16, other letters and orders of the first columns are taken too.
"""

import csv
import io
import re
from pathlib import Path

import pandas as pd

from ..tables import decode
from ..words import error

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

with Path(__file__).with_name("stations.csv").open(encoding="utf-8") as _file:
    _STATIONS = list(csv.DictReader(_file))
# one name a station, that before the archive's renaming on 2021-01-23; a new name that could be of
# more than one old station (通州永顺 or 通州东关 for 通州) stays its own
_NAMES = ("before_2021", "since_2021", "uci")
_ALIAS = {row[c].lower(): row["name"] for row in _STATIONS for c in (*_NAMES, "code") if row[c]}
#: Names that a header may hold; codes are no mark of one read rightly.
_KNOWN = {row[c] for row in _STATIONS for c in _NAMES if row[c]}
_CODECS = ("gb18030", "cp1252", "latin-1")


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


def header_of(time: str) -> list[str]:
    """Return the stations of the archive's headers, "before" or "since" 2021, in their order."""
    rows = [row for row in _STATIONS if row[f"place_{time}"]]
    return [row[f"{time}_2021"] for row in sorted(rows, key=lambda row: int(row[f"place_{time}"]))]


def canonical(name: str) -> str:
    """Return the one name used for a station; a name not known comes back as it is."""
    name = str(name).strip().strip('"').strip().replace("（", "(").replace("）", ")")
    return _ALIAS.get(name.lower(), name)


def chosen(stations) -> list[str] | None:
    """Return the canonical names of the stations asked for; None for all."""
    if stations is None:
        return None
    stations = [stations] if isinstance(stations, str) else stations
    names = dict.fromkeys(canonical(s) for s in stations if str(s).strip())
    if not names:
        raise error("error.stations_empty")
    return list(names)


def looks_misread(names: list[str]) -> bool:
    """Tell whether station names show the marks of a misread encoding."""
    text = "".join(names)
    if any(canonical(n) in _KNOWN for n in names) or (text.isascii() and "?" not in text):
        return False
    has_lost = any(c in "?\ufffd" or 0xE000 <= ord(c) < 0xF900 for c in text)
    # "€" amid Chinese is the byte 0x80, read as code page 936
    has_euro = "€" in text and any(ord(c) > 0x2E80 for c in text)
    return has_lost or has_euro or any(_decoded(text, codec) for codec in _CODECS)


def repair(header: str, width: int, headers: list[str]) -> list[str] | None:
    """Return the `width` station names of a misread header, or None where it cannot be told."""
    # One distributed file has a header whose UTF-8 bytes were read as GBK and saved again, which
    # loses bytes ("?") and swallows commas. What is left of them has to fit a known header: that
    # of another file (`headers`, nearest first) or one of the two built in.
    text = header.rstrip(",").strip()
    names = [_decoded(text, codec).split(",") for codec in _CODECS]
    names = [own for own in names if set(own) & _KNOWN]
    if not names:
        known = [h.rstrip(",").split(",") for h in headers]
        known += [header_of("since"), header_of("before")]
        names = [own for own in known if len(own) <= width and _may_be(text, ",".join(own))]
    if not names:
        fits = [[name for name in _KNOWN | {""} if _may_be(t, name)] for t in text.split(",")]
        names = [[own[0] for own in fits]] if all(len(own) == 1 for own in fits) else [[]]
    is_told = len(names[0]) <= width and any(names[0])
    return names[0] + [""] * (width - len(names[0])) if is_told else None


def _decoded(text: str, codec: str) -> str:
    try:
        return text.encode(codec).decode("utf-8")
    except UnicodeError:
        return ""


def _may_be(misread: str, text: str) -> bool:
    """Tell whether a once misread text can have come from another."""
    pattern = b""
    for char in misread:
        if char in "?\ufffd":
            # code page 936 writes one mark for a broken pair and may swallow the byte after it
            pattern += rb"[\x80-\xff]{1,2}[,()\x80-\xff]?"
        else:
            pattern += re.escape(b"\x80" if char == "€" else char.encode("gb18030", "replace"))
    return bool(re.fullmatch(pattern, text.encode()))
