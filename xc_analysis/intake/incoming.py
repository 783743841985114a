"""Files from people as grids of cells: workbooks and csv in whatever encoding. Nothing is executed.

A workbook is unpacked under limits, its XML may declare no entities, its formulas stay text. A
csv is decoded strictly: a byte that does not fit is named, never replaced.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..schema.encodings import guess_encoding, read_bytes
from .layout import Raw, layout_of

MAX_FILE = 16_000_000
MAX_UNPACKED = 128_000_000
MAX_MEMBERS = 2_000
MAX_ROWS, MAX_COLUMNS, MAX_LINE = 20_000, 200, 100_000
MAX_CELLS = 2_000_000
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GBK / GB18030", "big5": "Big5"}
ENCODINGS |= {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"}


@dataclass(frozen=True)
class Grid:
    """One sheet: rows of cells with the number of each row, what it was read as, what was not."""

    sheet: str
    rows: tuple[tuple[int, tuple[Raw, ...]], ...]
    how: str
    remarks: tuple[str, ...] = ()


def letters(column: int) -> str:
    """A spreadsheet's name of a column, from 0.

    >>> letters(0), letters(25), letters(26), letters(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def grids(path) -> list[Grid]:
    """The sheets of a workbook, or the one of a csv.

    Parameters
    ----------
    path : path
        An ``xlsx``, or comma-, semicolon- or tab-separated text in UTF-8 (with or without a mark),
        GBK, GB18030, Big5, UTF-16 or UTF-32. What it is, its content tells, not its name.

    Returns
    -------
    list of Grid

    Raises
    ------
    InputError
        If it cannot be read as either; the file is never changed.
    """
    path = Path(path)
    data = read_bytes(path)
    if isinstance(data, tuple):
        problem, remedy = data
        if problem == "is missing":
            remedy = "give the path of the file to import"
        elif problem == "is a folder":
            remedy = "give one file, csv or xlsx"
        raise InputError(f"{path}: {problem}: {remedy}")
    if len(data) > MAX_FILE:
        raise InputError(
            f"{path}: is {len(data) / 1e6:.0f} MB, more than the {MAX_FILE / 1e6:.0f} MB a table of"
            " figures needs: export the rows that are to be imported"
        )
    if not data.strip():
        raise InputError(f"{path}: is empty: export the table again")
    if data.startswith(b"PK"):
        return _workbook(path, data)
    for start, what, remedy in _NOT_TABLES:
        if data.startswith(start):
            raise InputError(f"{path}: is {what}: {remedy}")
    head = data[:400].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head")):
        raise InputError(
            f"{path}: is a web page or XML, whatever its name says: open it in a spreadsheet and save"
            " it as xlsx"
        )
    return [_text(path, data)]


_NOT_TABLES = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls), or a workbook with a password",
     "save it as xlsx without a password"),
    (b"%PDF", "a PDF", "copy its table into the workbook of `xc template`"),
    (b"\x1f\x8b", "a gzip file", "unpack it first"),
    (b"\x89PNG", "a picture", "type its figures into the workbook of `xc template`"),
    (b"\xff\xd8\xff", "a picture", "type its figures into the workbook of `xc template`"),
    (b"7z\xbc\xaf", "an archive", "unpack it first"),
    (b"Rar!", "an archive", "unpack it first"),
    (b"PAR1", "a parquet file", "save it as csv"),
    (b"SQLite format 3", "a database", "export the table as csv"),
    (b"{\\rtf", "a text document", "copy its table into the workbook of `xc template`"),
)  # fmt: skip


# ---- text ----------------------------------------------------------------------------------------


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """(text, name of the encoding); strict, so that no character is lost unseen."""
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\x00\x00\xfe\xff":
        candidates = [guess_encoding(data) or "utf-16"]
    else:
        guess = guess_encoding(data)
        wide = [guess] if guess and guess.startswith("utf-") else []
        candidates = wide or [
            "utf-8",
            *([guess] if guess in ("gb18030", "big5") else []),
            "gb18030",
        ]
    bad = None
    for encoding in dict.fromkeys(candidates):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, UnicodeError) as error:
            bad = bad or (encoding, getattr(error, "start", 0))
            continue
        if "\x00" in text:
            raise InputError(f"{path}: holds binary data, not text: save the table as csv or xlsx")
        name = ENCODINGS.get(encoding.removesuffix("-sig"), encoding)
        return text.removeprefix("\ufeff"), name
    encoding, at = bad
    line = data.count(b"\n", 0, at) + 1
    raise InputError(
        f"{path}:{line}: byte {data[at : at + 1].hex() or 'end'} fits neither"
        f" {' nor '.join(dict.fromkeys(ENCODINGS.get(c.removesuffix('-sig'), c) for c in candidates))}:"
        " the file is damaged or in another encoding; save it as UTF-8"
    )


def _text(path: Path, data: bytes) -> Grid:
    text, encoding = decode(path, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(_lines(text), 1):
        if len(line) > MAX_LINE:
            raise InputError(
                f"{path}:{number}: line of {len(line)} characters: this is not a table of figures"
            )
        if number > MAX_ROWS:
            raise InputError(f"{path}: more than {MAX_ROWS} lines: export only the rows to import")
    mark = _separator(text)
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise InputError(
                    f"{path}:{reader.line_num}: {len(cells)} columns: keep those needed"
                )
            rows.append((reader.line_num, tuple(Raw(cell) for cell in cells)))
    except csv.Error as error:
        raise InputError(
            f"{path}:{reader.line_num}: quotation marks do not pair ({error}): close or double them"
        ) from None
    how = {",": "comma", ";": "semicolon", "\t": "tab"}[mark]
    return Grid("", tuple(rows), f"{encoding}, {how}-separated")


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _separator(text: str) -> str:
    """The sign that divides most of the first lines into the same number of cells."""
    head = [re.sub('"[^"]*"', "", line) for line in list(_lines(text[:50_000]))[:30]]

    def rank(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in head if mark in line)
        cells, lines = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return lines, cells

    return max((",", "\t", ";"), key=rank)


# ---- workbooks -----------------------------------------------------------------------------------


def _workbook(path: Path, data: bytes) -> list[Grid]:
    _safe_zip(path, data)
    import warnings

    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not read
            book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            return [_sheet(path, sheet, data) for sheet in book.worksheets]
    except InputError:
        raise
    except Exception as error:  # whatever a damaged workbook makes its reader raise
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as a workbook ({reason}): open it in a spreadsheet and save it"
            " again as xlsx"
        ) from None


_ENTITY = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def _safe_zip(path: Path, data: bytes) -> None:
    """Refuse what unpacks to too much, leads outside, or is no workbook; read under a limit."""
    damaged = f"{path}: is a damaged zip or workbook: export or save it again as xlsx"
    try:
        book = zipfile.ZipFile(io.BytesIO(data))
        members = book.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        raise InputError(damaged) from None
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        what = (
            "an OpenDocument or Word file" if names & {"mimetype", "word/document.xml"} else "a zip"
        )
        raise InputError(f"{path}: is {what}, not an xlsx workbook: save the table as xlsx or csv")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise InputError(f"{path}: is a workbook with macros: save it as xlsx, without them")
    if len(members) > MAX_MEMBERS or len(names) < len(members):
        raise InputError(f"{path}: is no ordinary workbook ({len(members)} parts): save it again")
    left = MAX_UNPACKED
    for member in members:
        name = member.filename
        if (
            name.startswith(("/", "\\"))
            or ".." in name.replace("\\", "/").split("/")
            or ":" in name
        ):
            raise InputError(f"{path}: holds a part that leads outside it: save it again as xlsx")
        if member.flag_bits & 1:
            raise InputError(f"{path}: is protected by a password: save it without one")
        try:
            with book.open(member) as part:
                tail = b""
                while chunk := part.read(1 << 20):
                    left -= len(chunk)
                    if left < 0:
                        raise InputError(
                            f"{path}: unpacks to more than {MAX_UNPACKED / 1e6:.0f} MB: copy the"
                            " cells to import into a new workbook"
                        )
                    if name.endswith((".xml", ".rels")) and _ENTITY.search(tail + chunk):
                        raise InputError(
                            f"{path}: its XML declares entities, which no spreadsheet writes: save it"
                            " again as xlsx"
                        )
                    tail = chunk[-64:]
        except InputError:
            raise
        except (
            zipfile.BadZipFile,
            OSError,
            ValueError,
            EOFError,
            NotImplementedError,
            RuntimeError,
        ):
            raise InputError(damaged) from None
        except Exception:  # zlib.error, lzma.LZMAError
            raise InputError(damaged) from None


def _sheet(path: Path, sheet, data: bytes) -> Grid:
    if sheet.sheet_state != "visible":
        return Grid(
            sheet.title, (), "xlsx", ("hidden, not read: show it first · 隐藏工作表，未读",)
        )
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        layout = layout_of(parts.read(sheet._worksheet_path))
    sheet.reset_dimensions()
    rows, seen, hidden = [], 0, []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        seen += len(cells)
        if number > MAX_ROWS or seen > MAX_CELLS:
            raise InputError(
                f"{path}: sheet {sheet.title!r} has more than {MAX_ROWS} rows or {MAX_CELLS} cells:"
                " delete the empty ones below and beside the table"
            )
        row = [
            Raw(_content(cell), getattr(cell, "number_format", None) or "General")
            if place not in layout.columns
            else Raw(None)
            for place, cell in enumerate(cells)
        ]
        layout.spread(number, row)
        if any(raw.value not in (None, "") for raw in row):
            if number in layout.rows:
                hidden.append(number)
            else:
                rows.append((number, tuple(row)))
    remarks = []
    if hidden:
        told = ", ".join(map(str, hidden[:10])) + (" ..." if len(hidden) > 10 else "")
        remarks.append(f"hidden rows not read: {told}; show them first · 隐藏行未读")
    if layout.columns:
        told = ", ".join(letters(place) for place in sorted(layout.columns)[:10])
        remarks.append(f"hidden columns not read: {told}; show them first · 隐藏列未读")
    return Grid(sheet.title, tuple(rows), "xlsx", tuple(remarks))


def _content(cell):
    value = cell.value
    if getattr(cell, "data_type", "") == "f" and not str(value).startswith("="):
        return f"={value}"
    return value
