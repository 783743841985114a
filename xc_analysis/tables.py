"""Read the tables of ``data/`` by their schema, ``data/datapackage.json``.

A `Sheet` keeps, beside the typed cells, everything that is wrong with a file: the first fatal
offence stops `load`, all of them go into `checks.check`.
"""

import codecs
import contextlib
import csv
import difflib
import json
import os
import re
import stat
import unicodedata
from collections import namedtuple
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import date
from functools import cache, lru_cache
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

_DTYPES = {"integer": "Int64", "number": "float64", "boolean": "boolean", "string": "str"}
_DTYPES["date"] = "datetime64[us]"
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
_FORMULA = "=+-@＝＋－＠"
_LINK = re.compile(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", re.IGNORECASE)

_STARTS = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"\x1f\x8b": "gzip", b"%PDF": "pdf"}
_STARTS |= {b"PAR1": "parquet", b"\x89PNG": "picture", b"SQLite format 3": "database"}
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_folder: Path | None = None

# one thing that is wrong: where, what, and what to do; a fatal one stops `load` too
Offence = namedtuple("Offence", "table line column value problem remedy fatal")


def offence(table, line, column, value, key, /, *, fatal=False, **values) -> Offence:
    """Build an offence, its problem and its remedy by their keys in ``words.csv``."""
    said = message(key, **values), message(f"{key}.fix", **values)
    return Offence(table, int(line), column, str(value)[:80], *said, fatal)


@cache
def package() -> dict:
    """Return ``datapackage.json``: the schema of each table, the rules between cells of a row."""
    return json.loads((HOME / "datapackage.json").read_text(encoding="utf-8"))


@cache
def _resources() -> dict[str, dict]:
    return {one["path"].removesuffix(".csv"): one for one in package()["resources"]}


def table_names() -> tuple[str, ...]:
    """Name every table of the schema, such as ``observations`` or ``air/annual``."""
    return tuple(_resources())


def schema(table: str) -> dict:
    """Return the Table Schema of a table, as ``data/datapackage.json`` has it."""
    if not isinstance(table, str) or table not in _resources():
        known = {"near": near(str(table), table_names()), "tables": ", ".join(table_names())}
        raise error("error.unknown_table", table=str(table), **known)
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
    folder = Path(data if data is not None else _folder or os.environ.get("XC_DATA") or HOME)
    if os.path.isdir(folder):
        return folder
    exists = os.path.exists(folder)
    raise _refused(folder, message("check.folder_is_none" if exists else "check.folder_missing"))


def near(name: str, names: Iterable[str]) -> Message | str:
    """Suggest the closest known names, to put behind a wrong one; empty where nothing is close."""
    close = difflib.get_close_matches(name[:80], [str(known) for known in names][:2000], 3, 0.6)
    return message("near", names=", ".join(close)) if close else ""


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
    text, encoding, fault = (None, None, data) if isinstance(data, Message) else decode(data)
    if fault:
        raise _refused(path, fault)
    return text, encoding


def _refused(place, problem: Message) -> InputError:
    remedy = Message(f"{problem.key}.fix", problem.values)
    return error("error.place", place=os.fspath(place), problem=problem, remedy=remedy)


def decode(data: bytes) -> tuple[str | None, str | None, Message | None]:
    """Decode bytes; return text, encoding and what is wrong, each None where there is none."""
    kind = next((kind for start, kind in _STARTS.items() if data.startswith(start)), None)
    if data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_PAGES):
        kind = "web_page"
    if kind:
        return None, None, message("check.not_text", kind=message(f"file.{kind}"))
    if data.startswith(codecs.BOM_UTF8):
        text, _, fault = decode(data[3:])
        return text, "utf-8-sig", fault
    mark = _UTF_16.get(data[:2])
    # every second byte of a comma, a digit or a line end in UTF-16 is zero
    even, odd = data[:100_000:2].count(0), data[1:100_000:2].count(0)
    guesses = [mark] if mark else ["utf-8", "gb18030"]
    few, many = sorted((even, odd))
    if not mark and many > min(len(data), 100_000) / 50 and few <= many / 10:
        guesses.insert(0, "utf-16-be" if even > odd else "utf-16-le")
    for encoding in guesses:
        with contextlib.suppress(UnicodeDecodeError):
            text = data[2 if mark else 0 :].decode(encoding)
            if mark or _is_likely(text, encoding):
                return text, encoding, None
    loose = data.decode("utf-8", errors="replace")
    broken = loose.count("\ufffd")
    sound = sum(ord(character) > 127 for character in loose) - broken
    if mark or not sound or broken > max(3, sound / 20):
        return None, None, message("check.no_encoding")
    line = loose[: loose.index("\ufffd")].count("\n") + 1
    return loose, "utf-8", message("check.damaged_bytes", count=broken, line=line)


def _is_likely(text: str, encoding: str) -> bool:
    """Tell whether text that could be decoded so was written so."""
    if encoding == "utf-8":
        return True
    sample = text[:20_000]
    odd = sum(not (c.isprintable() or c in "\t\r\n\u3000\ufeff") for c in sample)
    if encoding != "gb18030" or odd > len(sample) / 100:
        return odd <= len(sample) / 100
    # most characters beyond ASCII are the punctuation or the first level of GB 2312
    beyond = [c.encode("gb2312", errors="ignore") for c in text[:200_000] if ord(c) > 127]
    return sum(b"\xa1" <= code[:1] <= b"\xd7" for code in beyond) >= 0.6 * len(beyond)


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
        If the table is unknown, or its file missing or damaged; names the file, line and cell.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> xc.load("publishers").columns.tolist()
    ['publisher', 'hosts']
    """
    schema(table)
    folder = data_dir(data)
    path = folder / f"{table}.csv"
    content = read_bytes(path, within=folder)
    if isinstance(content, Message):
        raise _refused(path, content)
    sheet = read_sheet(table, content)
    for fault in sheet.offences:
        if fault.fatal:
            raise _refused(f"{path}:{fault.line}: {fault.column}", fault.problem)
    frame = sheet.frame.reset_index(drop=True)
    for name, field in sheet.fields.items():
        if _is_required(field) and field["type"] in ("integer", "boolean"):
            frame[name] = frame[name].astype("int64" if field["type"] == "integer" else "bool")
    return frame


class Sheet:
    """One file as read: cells as text and as typed values, both indexed by line of the file."""

    def __init__(self, table: str, data: bytes):
        # stray: cells of rows that could not be placed, no key among which is to be called unknown
        self.table, self.offences, self.stray = table, [], set()
        self.schema = _resources()[table]["schema"]
        self.fields = {field["name"]: field for field in self.schema["fields"]}
        text, encoding, fault = decode(data)
        if fault:
            self.report(fault.values.get("line", 1), WHOLE_FILE, "", fault.key, **fault.values)
        elif encoding == "utf-8-sig":
            self.report(1, WHOLE_FILE, "", "check.byte_order_mark", fatal=False)
        elif encoding != "utf-8":
            self.report(1, WHOLE_FILE, "", "check.not_utf8", encoding=encoding.upper())
        if text is not None and not text.strip():
            self.report(1, HEADER, "", "check.empty_file", header=",".join(self.fields))
            text = None
        self.places, rows = self._rows(text or "")  # no places where the file is no table
        lines = pd.Index(rows, dtype="int64")
        cells = {name: [row[at] for row in rows.values()] for name, at in self.places.items()}
        missing = dict.fromkeys(name for name in self.fields if name not in cells)
        self.cells = pd.DataFrame(cells | missing, index=lines, dtype=object)
        typed = {n: self._typed(n, cells.get(n), lines) for n in {**self.fields, **cells}}
        self.frame = pd.DataFrame(typed, index=lines)

    def report(self, line, column, value, key, /, *, fatal=True, **values):
        """Note an offence, its problem and its remedy by their keys."""
        self.offences.append(offence(self.table, line, column, value, key, fatal=fatal, **values))

    def _rows(self, text: str) -> tuple[dict[str, int], dict[int, list[str]]]:
        """Return the place of each column, none without a header, and the rows by line."""
        places, width, blank = {}, 0, 0
        rows: dict[int, list[str]] = {}
        for line, cells, sound in self._records(text):
            if not width:
                if any("\r" in cell for cell in cells):
                    self.report(1, WHOLE_FILE, "", "check.cr_alone")
                    break
                places, width = self._header(cells), len(cells) or 1
                if not places:
                    break
            elif not any(cell.strip() for cell in cells):
                if blank != line - 1:
                    self.report(line, ROW, "", "check.empty_row", fatal=False)
                blank = line
            elif sound and len(cells) == width:
                rows[line] = cells
            else:
                self.stray.update(cells)
                if sound:
                    shown = ",".join(cells)[:60]
                    self.report(line, ROW, shown, "check.ragged", cells=len(cells), header=width)
        return places, rows

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
                try:
                    if record.count('"') % 2:
                        raise csv.Error
                    cells = next(csv.reader([record], strict=True))
                except csv.Error:
                    cells, end = None, at + 1
                    self.report(at + 1, ROW, lines[at][:40], "check.quotes")
                yield at + 1, cells or lines[at].split(","), cells is not None
            at = end

    def _header(self, names: list[str]) -> dict[str, int]:
        """Return the place of each column; none where the line is no header at all."""
        if len(names) == 1 and re.search(r"[;\t|]", names[0]):
            self.report(1, HEADER, names[0][:60], "check.no_commas")
            return {}
        if not set(names) & set(self.fields):
            known = ",".join(self.fields)
            self.report(1, HEADER, ",".join(names)[:60], "check.no_header", header=known)
            return {}
        places: dict[str, int] = {}
        for at, name in enumerate(names):
            if name in places:
                self.report(1, name, name, "check.column_twice")
            elif not name.strip():
                self.report(1, HEADER, name, "check.column_unnamed", number=at + 1)
            else:
                places[name] = at
                if name not in self.fields:
                    said = {"name": name[:80], "near": near(name, self.fields)}
                    self.report(1, name[:80], name, "check.column_unknown", fatal=False, **said)
        for name, field in self.fields.items():
            if name not in places:
                fatal = _is_required(field)
                self.report(1, name, "", "check.column_missing", fatal=fatal, name=name)
        return places

    def _typed(self, name: str, cells: list[str] | None, lines: pd.Index) -> pd.Series:
        """Type a column, missing where a cell cannot be read; report what is wrong with it."""
        field = self.fields.get(name, {"type": "string"})
        kind = field["type"]
        # a cell that breaks the form of a label keeps its text all the same
        is_soft = kind == "string" and field.get("form", "label") == "label"
        faults = {cell: _fault(cell, field) for cell in set(cells or ())}
        if any(faults.values()):
            for line, cell in zip(lines, cells, strict=True):
                if faults[cell]:
                    key, said = faults[cell]
                    self.report(line, name, cell, key, fatal=not is_soft, **said)
        read = {"number": float, "integer": int, "boolean": "true".__eq__}.get(kind, str)
        typed = {c: read(c) if c and (is_soft or not faults[c]) else None for c in faults}
        values = None if cells is None else [typed[cell] for cell in cells]
        return pd.Series(values, index=lines, dtype=_DTYPES[kind])


#: Reads a table from the bytes of its file; the same bytes are parsed once.
read_sheet = lru_cache(maxsize=64)(Sheet)


def _is_required(field: dict) -> bool:
    return field.get("constraints", {}).get("required", False)


def _fault(cell: str, field: dict) -> tuple[str, dict] | None:
    """Return the key and the values of what is wrong with a cell, the first of all."""
    kind, form, limits = field["type"], field.get("form", ""), field.get("constraints", {})
    if cell == "":
        needed = _is_required(field) and kind in ("integer", "boolean")
        return ("check.empty", {}) if needed else None
    if cell in limits.get("enum", ()):
        return None
    if len(cell) > MAX_CELL:
        return "check.long_cell", {"length": len(cell), "most": MAX_CELL}
    pattern = _FORMS.get(kind) or limits.get("pattern")
    fits = not pattern or re.fullmatch(pattern, cell)
    is_number = kind in ("number", "integer")
    if is_number and fits:
        return None
    is_text = kind == "string" and form not in ("date", "period")
    hidden = [c for c in cell if not (c.isprintable() or c in "\n\u3000")]
    digits = is_number and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", cell)
    start, _, end = cell.partition("..")
    no_such_day = not is_text and cell.count("-") == 2
    if no_such_day:
        with contextlib.suppress(ValueError):
            no_such_day = not date.fromisoformat(cell)
    faults = {
        "check.spelled_out": cell in _SPELLED_OUT,
        "check.destroyed": "\ufffd" in cell,
        "check.invisible": hidden,
        "check.blanks": cell != cell.strip(),
        "check.formula": is_text and cell[0] in _FORMULA and not _FORMS["number"].fullmatch(cell),
        "check.address": is_text and form not in ("url", "hosts") and _LINK.search(cell),
        "check.infinite": is_number and _INFINITE.fullmatch(cell),
        "check.exponent": is_number and _EXPONENT.fullmatch(cell),
        "check.decimals": kind == "integer" and "." in cell and digits,
        "check.too_many_digits": digits,
        "check.no_number": is_number,
        "check.form": not fits,
        "check.no_such_day": no_such_day,
        "check.period_backwards": form == "period" and end and start[-len(end) :] >= end,
    }
    key = next((key for key, is_so in faults.items() if is_so), None)
    if key is None:
        return None
    said = {"value": cell if len(cell) <= 40 else cell[:37] + "...", "first": cell[0]}
    if key == "check.form":
        said["form"] = message(f"form.{form or kind}")
    if hidden:
        said |= {"code": ord(hidden[0]), "name": unicodedata.name(hidden[0], "control")}
    return key, said
