"""From the bytes of one csv file to typed cells with their line numbers; nothing raises.

Whatever is wrong becomes an `Offence`. Reading goes on behind it where that is possible, so
that one broken cell hides no other. Size, line length and row count are bounded.
"""

from __future__ import annotations

import csv
import difflib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from .encodings import HEADER, ROW, WHOLE_FILE, Offence, decode
from .schemas import KINDS, Column, Table

MAX_LINE = 100_000
MAX_ROWS = 1_000_000
MAX_CELL = 4_000
MAX_COLUMNS = 200
MAX_RECORD_LINES = 50
MAX_OFFENCES = 20_000

_PATTERNS = {kind: re.compile(pattern) for kind, (pattern, _, _) in KINDS.items() if pattern}
_WORDS_FOR_MISSING = {
    *("nan", "NaN", "NAN", "NULL", "null", "None", "N/A", "n/a", "NA", "NaT", "<NA>"),
    *("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "-nan", "1.#QNAN"),
}
_INFINITE = re.compile(r"[-+]?(?:inf|infinity|∞)", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_LONG_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LINK = re.compile(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One file as read: cells as text and as typed values, both indexed by file line."""

    table: str
    cells: pd.DataFrame
    frame: pd.DataFrame
    offences: tuple[Offence, ...]
    # False where the file could not be read as a table: then absence of a row proves nothing
    whole: bool
    # cells of rows that could not be placed: a key among them is not to be called unknown
    stray: frozenset[str]


def near(word: str, known) -> str:
    """A hint naming the closest known words, or nothing."""
    close = difflib.get_close_matches(word[:80], [str(k) for k in known][:2000], 3, 0.6)
    return f" (near: {', '.join(close)})" if close else ""


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end].removesuffix("\r")
        start = end + 1


def _records(text: str, report) -> Iterator[tuple[int, list[str], bool]]:
    """(line, cells, sound) of each record; quotes that never close cost their own line only."""
    lines = list(_take(_lines(text), report))
    at = 0
    while at < len(lines):
        first, end = lines[at], at + 1
        if len(first) > MAX_LINE:
            report(at + 1, ROW, "", f"line of {len(first)} characters", "split or repair the line")
            at = end
            continue
        if '"' not in first:
            yield at + 1, first.split(",") if first else [], True
            at = end
            continue
        record = first
        while record.count('"') % 2 and end < len(lines) and end - at < MAX_RECORD_LINES:
            if len(record) + len(lines[end]) > MAX_LINE:
                break
            record += "\n" + lines[end]
            end += 1
        cells = _unquote(record)
        if cells is None:
            report(at + 1, ROW, first[:40], "quotation marks do not pair", "close or double them")
            end = at + 1
        yield at + 1, cells or first.split(","), cells is not None
        at = end


def _take(lines: Iterator[str], report) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number > MAX_ROWS:
            report(number, WHOLE_FILE, "", f"more than {MAX_ROWS} lines", "split the file")
            return
        yield line


def _unquote(record: str) -> list[str] | None:
    if record.count('"') % 2:
        return None
    try:
        rows = list(csv.reader([record], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _header(names: list[str], table: Table, report) -> dict[str, int] | None:
    """Position of each column of the table; None where this is no header at all."""
    expected = table.names
    if len(names) > MAX_COLUMNS:
        report(1, HEADER, "", f"header has {len(names)} columns", f"keep {len(expected)} columns")
        return None
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        report(1, HEADER, names[0][:60], "columns are not separated by commas", "save with commas")
        return None
    if not set(names) & set(expected):
        report(
            1,
            HEADER,
            ",".join(names)[:60],
            "first line is not the header",
            f"begin with the line {','.join(expected)}",
        )
        return None
    place: dict[str, int] = {}
    for position, name in enumerate(names):
        if name in place:
            report(1, name, name, "column stands twice in the header", "delete or rename one")
        elif name in expected:
            place[name] = position
        elif not name.strip():
            report(1, HEADER, name, f"column {position + 1} has no name", "name or delete it")
        else:
            report(
                1,
                name,
                name,
                f"column {name!r} is not in the data dictionary{near(name, expected)}",
                "rename or delete it, or declare it in the schema",
                fatal=False,
            )
            place[name] = position
    for name in expected:
        if name not in place and not table.column(name).optional:
            report(1, name, "", f"column {name!r} is missing", "add it to the header and each row")
    return place


def read_sheet(table: Table, data: bytes) -> Sheet:
    """One table from the bytes of its file.

    Parameters
    ----------
    table : Table
        What the file should hold.
    data : bytes
        What it holds.

    Returns
    -------
    Sheet
        With every offence that reading alone can find; those marked fatal make the table
        unfit for `load`.
    """
    offences: list[Offence] = []

    def report(line, column, value, problem, remedy, fatal=True):
        if len(offences) < MAX_OFFENCES:
            offences.append(Offence(table.name, line, column, str(value), problem, remedy, fatal))

    text, encoding = decode(table.name, data)
    offences += encoding
    rows: list[list[str]] = []
    index: list[int] = []
    stray: set[str] = set()
    place: dict[str, int] | None = None
    width = blank = 0
    if text is not None and not text.strip():
        report(1, HEADER, "", "file is empty", f"begin with the line {','.join(table.names)}")
        text = None
    for line, cells, sound in _records(text or "", report):
        if not width:
            if any("\r" in cell for cell in cells):
                report(1, WHOLE_FILE, "", "lines end in CR alone", "save with LF line ends")
                break
            place, width = _header(cells, table, report), len(cells) or 1
            if place is None:
                break
        elif not any(cell.strip() for cell in cells):
            if blank != line - 1:
                report(line, ROW, "", "row is empty", "delete the line", fatal=False)
            blank = line
        elif not sound:
            stray.update(cells)
        elif len(cells) != width:
            report(
                line,
                ROW,
                ",".join(cells)[:60],
                f"row has {len(cells)} cells, the header {width}",
                "give every column its cell; quote cells that hold commas",
            )
            stray.update(cells)
        else:
            rows.append(cells)
            index.append(line)
    lines = pd.Index(index, dtype="int64")
    columns, typed = {}, {}
    declared = {column.name: column for column in table.columns}
    for name, position in (place or {}).items():
        values = [row[position] for row in rows]
        columns[name] = pd.Series(values, index=lines, dtype=object)
        column = declared.get(name, Column(name, "text", "", ""))
        typed[name] = _typed(column, values, lines, report)
    return Sheet(
        table.name,
        pd.DataFrame(columns, index=lines),
        pd.DataFrame(typed, index=lines),
        tuple(offences),
        whole=place is not None,
        stray=frozenset(stray),
    )


def _typed(column: Column, values: list[str], lines, report) -> pd.Series:
    """A column's values, missing where a cell cannot be read; what is wrong is reported."""
    verdicts = {value: _cell(value, column) for value in set(values)}
    if any(fault for _, fault in verdicts.values()):
        for line, value in zip(lines, values, strict=True):
            fault = verdicts[value][1]
            if fault:
                report(line, column.name, value[:80], *fault)
    cooked = [verdicts[value][0] for value in values]
    kinds = {"integer": "Int64", "number": "float64", "boolean": "boolean", "day": "datetime64[us]"}
    return pd.Series(cooked, index=lines, dtype=kinds.get(column.kind, "str"), name=column.name)


def _cell(value: str, column: Column) -> tuple[object, tuple[str, str, bool] | None]:
    """(typed value or None, (problem, remedy, fatal) or None) of one cell."""
    kind = column.kind
    if value == "":
        if column.required and kind in ("integer", "boolean"):
            return None, ("is empty", f"fill in {KINDS[kind][2]}", True)
        return (math.nan if kind == "number" else None), None
    if value in column.values:
        return value, None
    hard = kind not in ("text", "label", "mixed")
    missing = math.nan if kind == "number" else None
    fault = _blemish(value, kind)
    pattern = _PATTERNS.get(kind)
    if pattern and not pattern.fullmatch(value):
        return (missing if hard else value), (*(fault or _unreadable(value, kind)), hard)
    if fault:
        return (missing if hard else value), (*fault, hard)
    if kind == "number":
        return float(value), None
    if kind == "integer":
        return int(value), None
    if kind == "boolean":
        return value == "true", None
    if kind in ("date", "day") or (kind == "period" and value.count("-") == 2):
        try:
            date(*(int(part) for part in (value.split("-") + ["1", "1"])[:3]))
        except ValueError:
            return missing, (f"{value!r} is not a day of the calendar", "correct the date", True)
    if kind == "period" and ".." in value:
        start, end = re.split(r"\.\.", value.partition("-")[2] if "-" in value else value)
        if int(start) >= int(end):
            return missing, (
                f"period {value!r} ends before it begins",
                "put the earlier first",
                True,
            )
    return value, None


def _blemish(value: str, kind: str) -> tuple[str, str] | None:
    """What no cell may hold, whatever its kind."""
    if value in _WORDS_FOR_MISSING:
        return f"{value!r} is spelled out", "leave the cell empty where nothing is known"
    if "�" in value:
        return "holds a character that was destroyed in decoding", "type the character again"
    for character in value:
        if not character.isprintable() and character not in "\n\u3000":
            return (
                f"holds the invisible character U+{ord(character):04X}"
                f" ({unicodedata.name(character, 'control')})",
                "delete it",
            )
    if value != value.strip():
        return "has blanks around it", "delete the blanks"
    if len(value) > MAX_CELL:
        return f"has {len(value)} characters", f"shorten it to at most {MAX_CELL}"
    if kind in ("number", "integer", "boolean", "date", "day", "period"):
        return None
    if value[0] in "=+-@＝＋－＠" and not _PATTERNS["number"].fullmatch(value):
        return "looks like a spreadsheet formula", f"do not begin a text cell with {value[0]!r}"
    if kind not in ("url", "hosts") and _LINK.search(value):
        return "holds an address", "name the page in words; addresses stand in sources.url only"
    return None


def _unreadable(value: str, kind: str) -> tuple[str, str]:
    shown = repr(value if len(value) <= 40 else value[:37] + "...")
    wanted = KINDS[kind][2]
    if kind in ("number", "integer"):
        if _INFINITE.fullmatch(value):
            return f"{shown} is not a finite number", "leave the cell empty or give the figure"
        if _EXPONENT.fullmatch(value):
            return f"{shown} is written with an exponent", "write it out in plain digits"
        if _LONG_NUMBER.fullmatch(value):
            if kind == "integer" and "." in value:
                return f"{shown} is not a whole number", "write it without decimals"
            return f"{shown} has too many digits", "write at most 15 digits on each side"
        return (
            f"{shown} is not {wanted}",
            "write digits only, without blanks, units, signs or marks (`xc import` reads others)",
        )
    return f"{shown} is not {wanted}", f"write {wanted}"
