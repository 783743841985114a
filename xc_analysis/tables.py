"""Read the tables of ``data/`` by their schema, ``data/datapackage.json``.

`read_sheet` keeps, beside the typed cells, everything that is wrong with a file: the first fatal
fault stops `load`, all of them go into `checks.check`.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
import math
import os
import re
import stat
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from .errors import InputError
from .words import Message, error, message

HOME = Path(__file__).resolve().parents[1] / "data"
MAX_BYTES = 64_000_000
MAX_LINE = 100_000
MAX_CELL = 4_000
MAX_RECORD_LINES = 50
WHOLE_FILE, HEADER, ROW = "(file)", "(header)", "(row)"

_DTYPES = {
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "string": "str",
}
_FORMS = {
    "integer": re.compile(r"-?[0-9]{1,9}"),
    "number": re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"),
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"),
}
_SPELLED_OUT = "nan NaN NAN -nan NULL null None N/A n/a NA NaT <NA> 1.#QNAN"
_SPELLED_OUT = {*_SPELLED_OUT.split(), *"#N/A #VALUE! #REF! #DIV/0! #NAME?".split()}
_INFINITE = re.compile(r"[-+]?(?:inf|infinity|∞)", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LINK = re.compile(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", re.IGNORECASE)

_STARTS = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"\x1f\x8b": "gzip", b"%PDF": "pdf"}
_STARTS |= {b"PAR1": "parquet", b"\x89PNG": "picture", b"SQLite format 3": "database"}

_folder: Path | None = None
_KEEP = 64
_sheets: OrderedDict[tuple[str, bytes], Sheet] = OrderedDict()


@dataclass(frozen=True)
class Offence:
    """One thing that is wrong: where, what, and what to do. A fatal one stops `load` too."""

    table: str
    line: int
    column: str
    value: str
    problem: Message
    remedy: Message
    fatal: bool = False


def offence(table, line, column, value, key, /, *, fatal=False, **values) -> Offence:
    """Build an offence, its problem and its remedy by their keys in ``words.csv``."""
    said = message(key, **values), message(f"{key}.fix", **values)
    return Offence(table, int(line), column, str(value)[:80], *said, fatal)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One file as read: cells as text and as typed values, both indexed by line of the file."""

    table: str
    cells: pd.DataFrame
    frame: pd.DataFrame
    offences: tuple[Offence, ...]
    # False where the file could not be read as a table: then absence of a row proves nothing
    whole: bool
    # cells of rows that could not be placed: a key among them is not to be called unknown
    stray: frozenset[str]


# ---- the schema and the folder --------------------------------------------------------------


@cache
def _resources() -> dict[str, dict]:
    package = json.loads((HOME / "datapackage.json").read_text(encoding="utf-8"))
    return {resource["path"].removesuffix(".csv"): resource for resource in package["resources"]}


def table_names() -> tuple[str, ...]:
    """Name every table of the schema, such as ``observations`` or ``air/annual``."""
    return tuple(_resources())


def schema(table: str) -> dict:
    """Return the Table Schema of a table, as ``data/datapackage.json`` has it."""
    if not isinstance(table, str) or table not in _resources():
        raise error(
            "error.unknown_table",
            table=str(table),
            near=near(str(table), table_names()),
            tables=", ".join(table_names()),
        )
    return deepcopy(_resources()[table]["schema"])


def use_data(folder: str | os.PathLike | None) -> None:
    """Set the folder that every function reads its tables from.

    Parameters
    ----------
    folder : path or None
        None goes back to ``$XC_DATA``, else to the project's own ``data``.

    Raises
    ------
    InputError
        If there is no such folder.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.use_data(None)
    """
    global _folder
    _folder = None if folder is None else data_dir(folder).absolute()


def data_dir(data: str | os.PathLike | None = None) -> Path:
    """Return the folder: that given, else of `use_data`, of ``$XC_DATA``, or the project's."""
    folder, fault = find_folder(data)
    if fault:
        raise _refused(folder, message(fault))
    return folder


def find_folder(data=None) -> tuple[Path, str | None]:
    """Find the folder of the tables, and the key of what is wrong with it."""
    chosen = data if data is not None else _folder or os.environ.get("XC_DATA") or HOME
    folder = Path(chosen)
    try:
        if folder.is_dir():
            return folder, None
        return folder, "check.folder_is_none" if folder.exists() else "check.folder_missing"
    except (OSError, ValueError):
        return folder, "check.folder_missing"


def near(name: str, names: Iterable[str]) -> Message | str:
    """Suggest the closest known names, to put behind a wrong one; empty where nothing is close."""
    close = difflib.get_close_matches(name[:80], [str(known) for known in names][:2000], 3, 0.6)
    return message("near", names=", ".join(close)) if close else ""


# ---- bytes and text -------------------------------------------------------------------------


def read_bytes(path: str | os.PathLike, within: Path | None = None) -> bytes | Message:
    """Read a regular file of bounded size; return its bytes, or what is wrong with it."""
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return message("check.is_folder")
        if not stat.S_ISREG(status.st_mode):
            return message("check.no_regular_file")
        if within is not None and not Path(path).resolve().is_relative_to(within.resolve()):
            return message("check.link_outside")
        if status.st_size > MAX_BYTES:
            return message("check.too_big", size=status.st_size / 1e6, most=MAX_BYTES / 1e6)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES)
    except FileNotFoundError:
        return message("check.missing")
    except (OSError, ValueError, RuntimeError) as fault:
        return message("check.unreadable", reason=getattr(fault, "strerror", None) or str(fault))


def read_text(path: str | os.PathLike) -> tuple[str, str]:
    """Read a text file in UTF-8, UTF-16 or GB18030; return text and encoding, or raise."""
    data = read_bytes(path)
    if not isinstance(data, Message):
        text, encoding, fault = decode(data)
        if not fault:
            return text, encoding
        data = fault
    raise _refused(path, data)


def _refused(path, problem: Message) -> InputError:
    fix = Message(f"{problem.key}.fix", problem.values)
    return error("error.place", place=os.fspath(path), problem=problem, remedy=fix)


def decode(data: bytes) -> tuple[str | None, str | None, Message | None]:
    """Decode bytes; return text, encoding and what is wrong, each None where there is none."""
    kind = _kind_of_file(data)
    if kind:
        return None, None, message("check.not_text", kind=message(f"file.{kind}"))
    if data.startswith(b"\xef\xbb\xbf"):
        text, _, fault = decode(data[3:])
        return text, "utf-8-sig", fault
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            text = _decode_as(data[2:], encoding)
            return (text, encoding, None) if text is not None else _NO_TEXT
    # every second byte of a comma, a digit or a line end in UTF-16 is zero
    sample = data[:100_000]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) / 50 and min(even, odd) <= max(even, odd) / 10:
        encoding = "utf-16-be" if even > odd else "utf-16-le"
        text = _decode_as(data, encoding)
        if text is not None and _is_plausible(text):
            return text, encoding, None
    for encoding in ("utf-8", "gb18030"):
        text = _decode_as(data, encoding)
        if text is not None and (encoding == "utf-8" or _is_frequent_chinese(text)):
            return text, encoding, None
    loose = data.decode("utf-8", errors="replace")
    broken = loose.count("\ufffd")
    sound = sum(ord(character) > 127 for character in loose) - broken
    if sound and broken <= max(3, sound / 20):
        line = loose[: loose.index("\ufffd")].count("\n") + 1
        return loose, "utf-8", message("check.damaged_bytes", count=broken, line=line)
    return _NO_TEXT


_NO_TEXT = (None, None, message("check.no_encoding"))


def _decode_as(data: bytes, encoding: str) -> str | None:
    """Decode bytes, or return None."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _kind_of_file(data: bytes) -> str | None:
    """Name a file that is no text by its first bytes."""
    for start, kind in _STARTS.items():
        if data.startswith(start):
            return kind
    start = data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    pages = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
    return "web_page" if start.startswith(pages) else None


def _is_plausible(text: str) -> bool:
    """Tell whether hardly a character is a control or none at all."""
    sample = text[:20_000]
    odd = sum(not (c.isprintable() or c in "\t\r\n\u3000\ufeff") for c in sample)
    return odd <= len(sample) / 100


def _is_frequent_chinese(text: str) -> bool:
    """Tell whether most characters beyond ASCII are GB 2312's punctuation or first level."""
    beyond = [c for c in text[:200_000] if ord(c) > 127]
    frequent = 0
    for character in beyond:
        try:
            frequent += 0xA1 <= character.encode("gb2312")[0] <= 0xD7
        except UnicodeEncodeError:
            continue
    return _is_plausible(text) and frequent >= 0.6 * len(beyond)


# ---- one file -------------------------------------------------------------------------------


def load(table: str, *, data: str | os.PathLike | None = None) -> pd.DataFrame:
    """Load one table, with the types that its schema states.

    Parameters
    ----------
    table : str
        A name such as ``"observations"`` or ``"air/annual"``.
    data : path, optional
        Folder of the tables; default as `data_dir`.

    Returns
    -------
    pandas.DataFrame
        A fresh copy. Whole numbers are ``int64`` (``Int64`` where a cell may be empty), numbers
        ``float64``, ``true``/``false`` ``bool``, days ``datetime64``, all else text; an empty
        cell is a missing value. Columns that the schema does not know come last, as text.

    Raises
    ------
    InputError
        If the table is unknown, its file is missing or cannot be read as what it should be. The
        message names the file, the line and the cell.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.load("publishers").columns.tolist()
    ['publisher', 'hosts']
    """
    fields = schema(table)["fields"]
    folder = data_dir(data)
    path = folder / f"{table}.csv"
    content = read_bytes(path, within=folder)
    if isinstance(content, Message):
        raise _refused(path, content)
    sheet = read_sheet(table, content)
    for fault in sheet.offences:
        if fault.fatal:
            place = f"{path}:{fault.line}: {fault.column}"
            raise error("error.place", place=place, problem=fault.problem, remedy=fault.remedy)
    frame = sheet.frame.reset_index(drop=True)
    for field in fields:
        name, kind = field["name"], field["type"]
        if name not in frame:
            frame[name] = pd.Series(None, index=frame.index, dtype=_DTYPES[kind])
        elif _is_required(field) and kind in ("integer", "boolean"):
            frame[name] = frame[name].astype({"integer": "int64", "boolean": "bool"}[kind])
    known = [field["name"] for field in fields]
    return frame[known + [name for name in frame if name not in known]]


def _is_required(field: dict) -> bool:
    return field.get("constraints", {}).get("required", False)


def read_sheet(table: str, data: bytes) -> Sheet:
    """Read a table from the bytes of its file; the same bytes are parsed once."""
    key = (table, hashlib.blake2b(data, digest_size=16).digest())
    if key in _sheets:
        _sheets.move_to_end(key)
        return _sheets[key]
    _sheets[key] = _Reader(table).read(data)
    while len(_sheets) > _KEEP:
        _sheets.popitem(last=False)
    return _sheets[key]


class _Reader:
    """Read one file and collect what is wrong with it; reading goes on behind each fault."""

    def __init__(self, table: str):
        self.table = table
        self.fields = {field["name"]: field for field in _resources()[table]["schema"]["fields"]}
        self.offences: list[Offence] = []

    def report(self, line, column, value, key, /, *, fatal=True, **values):
        """Note an offence, its problem and its remedy by their keys."""
        found = offence(self.table, line, column, value, key, fatal=fatal, **values)
        self.offences.append(found)

    def read(self, data: bytes) -> Sheet:
        text = self._decode(data)
        if text is not None and not text.strip():
            self.report(1, HEADER, "", "check.empty_file", header=",".join(self.fields))
            text = None
        place, rows, stray = self._rows(text or "")
        lines = pd.Index(rows, dtype="int64")
        columns, typed = {}, {}
        for name, position in (place or {}).items():
            values = [cells[position] for cells in rows.values()]
            columns[name] = pd.Series(values, index=lines, dtype=object)
            field = self.fields.get(name, {"name": name, "type": "string"})
            typed[name] = self._typed(field, values, lines)
        frames = [pd.DataFrame(found, index=lines) for found in (columns, typed)]
        whole = place is not None
        return Sheet(self.table, *frames, tuple(self.offences), whole, frozenset(stray))

    def _decode(self, data: bytes) -> str | None:
        text, encoding, fault = decode(data)
        if fault:
            self.report(fault.values.get("line", 1), WHOLE_FILE, "", fault.key, **fault.values)
        elif encoding == "utf-8-sig":
            self.report(1, WHOLE_FILE, "", "check.byte_order_mark", fatal=False)
        elif encoding != "utf-8":
            self.report(1, WHOLE_FILE, "", "check.not_utf8", encoding=encoding.upper())
        return text

    def _rows(self, text: str):
        """Return the position of each column, the rows by line, and cells without a place."""
        place, width, blank = None, 0, 0
        rows: dict[int, list[str]] = {}
        stray: set[str] = set()
        for line, cells, sound in self._records(text):
            if not width:
                if any("\r" in cell for cell in cells):
                    self.report(1, WHOLE_FILE, "", "check.cr_alone")
                    break
                place, width = self._header(cells), len(cells) or 1
                if place is None:
                    break
            elif not any(cell.strip() for cell in cells):
                if blank != line - 1:
                    self.report(line, ROW, "", "check.empty_row", fatal=False)
                blank = line
            elif not sound or len(cells) != width:
                stray.update(cells)
                if sound:
                    shown = ",".join(cells)[:60]
                    self.report(line, ROW, shown, "check.ragged", cells=len(cells), header=width)
            else:
                rows[line] = cells
        return place, rows, stray

    def _records(self, text: str) -> Iterator[tuple[int, list[str], bool]]:
        """Yield line, cells, soundness; quotes that never close cost their own line only."""
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if not lines[-1]:
            lines.pop()
        at = 0
        while at < len(lines):
            record, end = lines[at], at + 1
            if len(record) > MAX_LINE:
                self.report(at + 1, ROW, "", "check.long_line", length=len(record))
            elif '"' not in record:
                yield at + 1, record.split(",") if record else [], True
            else:
                while record.count('"') % 2 and end < min(len(lines), at + MAX_RECORD_LINES):
                    if len(record) + len(lines[end]) > MAX_LINE:
                        break
                    record += "\n" + lines[end]
                    end += 1
                cells = _unquote(record)
                if cells is None:
                    self.report(at + 1, ROW, lines[at][:40], "check.quotes")
                    end = at + 1
                yield at + 1, cells or lines[at].split(","), cells is not None
            at = end

    def _header(self, names: list[str]) -> dict[str, int] | None:
        """Return the position of each column; None where the line is no header at all."""
        if len(names) == 1 and re.search(r"[;\t|]", names[0]):
            self.report(1, HEADER, names[0][:60], "check.no_commas")
            return None
        if not set(names) & set(self.fields):
            shown = ",".join(names)[:60]
            self.report(1, HEADER, shown, "check.no_header", header=",".join(self.fields))
            return None
        place: dict[str, int] = {}
        for position, name in enumerate(names):
            if name in place:
                self.report(1, name, name, "check.column_twice")
            elif name in self.fields:
                place[name] = position
            elif not name.strip():
                self.report(1, HEADER, name, "check.column_unnamed", number=position + 1)
            else:
                values = {"name": name[:80], "near": near(name, self.fields)}
                self.report(1, name[:80], name, "check.column_unknown", fatal=False, **values)
                place[name] = position
        for name, field in self.fields.items():
            if name not in place:
                fatal = _is_required(field)
                self.report(1, name, "", "check.column_missing", fatal=fatal, name=name)
        return place

    def _typed(self, field: dict, values: list[str], lines) -> pd.Series:
        """Type a column's values, missing where a cell cannot be read; report what is wrong."""
        cells = {value: _read_cell(value, field) for value in set(values)}
        if any(fault for _, fault in cells.values()):
            for line, value in zip(lines, values, strict=True):
                fault = cells[value][1]
                if fault:
                    fatal = _is_hard(field)
                    self.report(line, field["name"], value, fault[0], fatal=fatal, **fault[1])
        read = [cells[value][0] for value in values]
        return pd.Series(read, index=lines, dtype=_DTYPES[field["type"]], name=field["name"])


def _unquote(record: str) -> list[str] | None:
    if record.count('"') % 2:
        return None
    try:
        rows = list(csv.reader([record], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _read_cell(value: str, field: dict) -> tuple[object, tuple[str, dict] | None]:
    """Return a cell's typed value (or None) and the key and values of what is wrong with it."""
    kind, limits = field["type"], field.get("constraints", {})
    missing = math.nan if kind == "number" else None
    if value == "":
        if _is_required(field) and kind in ("integer", "boolean"):
            return None, ("check.empty", {})
        return missing, None
    if value in limits.get("enum", ()):
        return value, None
    fault = _blemish(value, field)
    pattern = _FORMS.get(kind) or limits.get("pattern")
    if not fault and pattern and not re.fullmatch(pattern, value):
        fault = _unreadable(value, field)
    if fault:
        return (missing if _is_hard(field) else value), fault
    if kind == "number":
        return float(value), None
    if kind == "integer":
        return int(value), None
    if kind == "boolean":
        return value == "true", None
    form = field.get("form")
    if "date" in (kind, form) or (form == "period" and value.count("-") == 2):
        try:
            date(*(int(part) for part in (value.split("-") + ["1", "1"])[:3]))
        except ValueError:
            return missing, ("check.no_such_day", {"value": value})
    if form == "period" and ".." in value:
        start, end = re.split(r"\.\.", value.partition("-")[2] if "-" in value else value)
        if int(start) >= int(end):
            return missing, ("check.period_backwards", {"value": value})
    return value, None


def _is_hard(field: dict) -> bool:
    """Tell whether a cell that breaks its column's form is no value at all."""
    return field["type"] != "string" or field.get("form", "label") != "label"


def _blemish(value: str, field: dict) -> tuple[str, dict] | None:
    """Find what no cell may hold, whatever its column; its length first."""
    if len(value) > MAX_CELL:
        return "check.long_cell", {"length": len(value), "most": MAX_CELL}
    if value in _SPELLED_OUT:
        return "check.spelled_out", {"value": value}
    if "\ufffd" in value:
        return "check.destroyed", {}
    for character in value:
        if not character.isprintable() and character not in "\n\u3000":
            name = unicodedata.name(character, "control")
            return "check.invisible", {"code": ord(character), "name": name}
    if value != value.strip():
        return "check.blanks", {}
    if field["type"] != "string" or field.get("form") in ("date", "period"):
        return None
    if value[0] in "=+-@＝＋－＠" and not _FORMS["number"].fullmatch(value):
        return "check.formula", {"first": value[0]}
    if field.get("form") not in ("url", "hosts") and _LINK.search(value):
        return "check.address", {}
    return None


def _unreadable(value: str, field: dict) -> tuple[str, dict]:
    """Say why a cell is not what its column holds."""
    shown = {"value": value if len(value) <= 40 else value[:37] + "..."}
    kind = field["type"]
    if kind in ("number", "integer"):
        if _INFINITE.fullmatch(value):
            return "check.infinite", shown
        if _EXPONENT.fullmatch(value):
            return "check.exponent", shown
        if _DIGITS.fullmatch(value):
            whole = kind == "integer" and "." in value
            return ("check.decimals" if whole else "check.too_many_digits"), shown
        return "check.no_number", shown
    form = kind if kind != "string" else field.get("form", "name")
    return "check.form", shown | {"form": message(f"form.{form}")}
