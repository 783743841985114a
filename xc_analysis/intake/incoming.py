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
from .texts import WORDS, simplified

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
        zh = f"读不了；给一个 csv 或 xlsx 文件（{problem}）"
        if problem == "is missing":
            zh, remedy = "不存在；核对文件路径", "give the path of the file to import"
        elif problem == "is a folder":
            zh, remedy = "是文件夹；给一个 csv 或 xlsx 文件", "give one file, csv or xlsx"
        raise InputError(f"{path}: {zh} · {problem}: {remedy}")
    if len(data) > MAX_FILE:
        raise InputError(
            f"{path}: 有 {len(data) / 1e6:.0f} MB，超过 {MAX_FILE / 1e6:.0f} MB；只导出需要的行 · is"
            f" {len(data) / 1e6:.0f} MB, more than the {MAX_FILE / 1e6:.0f} MB a table of figures needs:"
            " export the rows that are to be imported"
        )
    if not data.strip():
        raise InputError(f"{path}: 是空文件；重新导出 · is empty: export the table again")
    if data.startswith(b"PK"):
        return _workbook(path, data)
    for start, zh, what, remedy in _NOT_TABLES:
        if data.startswith(start):
            raise InputError(f"{path}: 是{zh} · is {what}: {remedy}")
    head = data[:400].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head")):
        raise InputError(
            f"{path}: 是网页或 XML，不论文件名怎么写；用表格软件打开，另存为 xlsx · is a web page or XML,"
            " whatever its name says: open it in a spreadsheet and save it as xlsx"
        )
    return [_text(path, data)]


_NOT_TABLES = (
    (b"\xd0\xcf\x11\xe0", "旧版 xls 或加密的工作簿；另存为不加密的 xlsx",
     "an old Excel workbook (xls), or a workbook with a password", "save it as xlsx without a password"),
    (b"%PDF", "PDF；把表抄入 xc template 的工作簿", "a PDF", "copy its table into the workbook of `xc template`"),
    (b"\x1f\x8b", "gzip 压缩文件；先解压", "a gzip file", "unpack it first"),
    (b"\x89PNG", "图片；把数录入 xc template 的工作簿", "a picture", "type its figures into the workbook of `xc template`"),
    (b"\xff\xd8\xff", "图片；把数录入 xc template 的工作簿", "a picture", "type its figures into the workbook of `xc template`"),
    (b"7z\xbc\xaf", "压缩文件；先解压", "an archive", "unpack it first"),
    (b"Rar!", "压缩文件；先解压", "an archive", "unpack it first"),
    (b"PAR1", "parquet 文件；存为 csv", "a parquet file", "save it as csv"),
    (b"SQLite format 3", "数据库；把表导出为 csv", "a database", "export the table as csv"),
    (b"{\\rtf", "文字文档；把表抄入 xc template 的工作簿", "a text document", "copy its table into the workbook of `xc template`"),
)  # fmt: skip


# ---- text ----------------------------------------------------------------------------------------


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """(text, the encoding and what speaks for it); strict, so that no character is lost unseen."""
    how = ""
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\x00\x00\xfe\xff":
        candidates = [guess_encoding(data) or "utf-16"]
    else:
        guess = guess_encoding(data)
        wide = [guess] if guess and guess.startswith("utf-") else []
        first, how = _chinese(data, guess)
        candidates = wide or ["utf-8", *first, "gb18030"]
    bad = None
    for encoding in dict.fromkeys(candidates):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, UnicodeError) as error:
            bad = bad or (encoding, getattr(error, "start", 0))
            continue
        if "\x00" in text:
            raise InputError(
                f"{path}: 是二进制数据，不是文字；存为 csv 或 xlsx · holds binary data, not text: save the table"
                " as csv or xlsx"
            )
        name = ENCODINGS.get(encoding.removesuffix("-sig"), encoding)
        return text.removeprefix("\ufeff"), name + (how if encoding in ("gb18030", "big5") else "")
    encoding, at = bad
    line = data.count(b"\n", 0, at) + 1
    tried = list(dict.fromkeys(ENCODINGS.get(c.removesuffix("-sig"), c) for c in candidates))
    byte = data[at : at + 1].hex() or "end"
    raise InputError(
        f"{path}:{line}: 字节 {byte} 不合 {'、'.join(tried)}；文件损坏或是别的编码，另存为 UTF-8 · byte {byte} fits"
        f" neither {' nor '.join(tried)}: the file is damaged or in another encoding; save it as UTF-8"
    )


def _chinese(data: bytes, guess: str | None) -> tuple[list[str], str]:
    """GB18030 or Big5, and why: words of headers that a reading shows, else frequent characters."""
    words = {}
    for encoding in ("gb18030", "big5"):
        try:
            text = data[:100_000].decode(
                encoding, errors="ignore" if len(data) > 100_000 else "strict"
            )
        except UnicodeDecodeError:
            continue
        cells = re.split(r"[,;\t\r\n\"]", simplified(text))
        words[encoding] = len({cell.strip() for cell in cells if cell.strip() in WORDS})
    best = max(words, key=words.get, default=None)
    told = guess if guess in ("gb18030", "big5") else None
    if best and words[best] > min(words.values()) or best and len(words) == 1:
        why = (
            f"，其中认出 {words[best]} 个表头词 by {words[best]} header words"
            if words[best]
            else ""
        )
        return [best, *([told] if told else [])], f"（{why.lstrip('，')}）" if why else ""
    why = "（按字频 by the frequency of its characters）" if told and len(words) > 1 else ""
    return [told] if told else [], why


def _text(path: Path, data: bytes) -> Grid:
    text, encoding = decode(path, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(_lines(text), 1):
        if len(line) > MAX_LINE:
            raise InputError(
                f"{path}:{number}: 一行有 {len(line)} 个字符，不是数表；重新导出 · line of {len(line)} characters:"
                " this is not a table of figures; export it again"
            )
        if number > MAX_ROWS:
            raise InputError(
                f"{path}: 多于 {MAX_ROWS} 行；只导出需要的行 · more than {MAX_ROWS} lines: export only the rows"
                " to import"
            )
    mark = _separator(text)
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        # a record is a row of a spreadsheet, however many lines its cells take
        for number, cells in enumerate(reader, 1):
            if len(cells) > MAX_COLUMNS:
                raise InputError(
                    f"{path}:{reader.line_num}: 有 {len(cells)} 列；只留需要的 · {len(cells)} columns: keep those"
                    " needed"
                )
            rows.append((number, tuple(Raw(cell) for cell in cells)))
    except csv.Error as error:
        raise InputError(
            f"{path}:{reader.line_num}: 引号不成对；补齐或写成两个 · quotation marks do not pair ({error}): close"
            " or double them"
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
            f"{path}: 工作簿读不了；用表格软件打开，重新另存为 xlsx · cannot be read as a workbook ({reason}):"
            " open it in a spreadsheet and save it again as xlsx"
        ) from None


_ENTITY = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def _safe_zip(path: Path, data: bytes) -> None:
    """Refuse what unpacks to too much, leads outside, or is no workbook; read under a limit."""
    damaged = (
        f"{path}: 压缩包或工作簿损坏；重新导出或另存为 xlsx · is a damaged zip or workbook: export or save it"
        " again as xlsx"
    )
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
        raise InputError(
            f"{path}: 不是 xlsx 工作簿；把表另存为 xlsx 或 csv · is {what}, not an xlsx workbook: save the table as"
            " xlsx or csv"
        )
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise InputError(
            f"{path}: 含宏；另存为不含宏的 xlsx · is a workbook with macros: save it as xlsx, without them"
        )
    if len(members) > MAX_MEMBERS or len(names) < len(members):
        raise InputError(
            f"{path}: 不是普通工作簿（{len(members)} 个部件）；重新另存 · is no ordinary workbook ({len(members)}"
            " parts): save it again"
        )
    left = MAX_UNPACKED
    for member in members:
        name = member.filename
        if (
            name.startswith(("/", "\\"))
            or ".." in name.replace("\\", "/").split("/")
            or ":" in name
        ):
            raise InputError(
                f"{path}: 含指向外部的部件；重新另存为 xlsx · holds a part that leads outside it: save it again as"
                " xlsx"
            )
        if member.flag_bits & 1:
            raise InputError(
                f"{path}: 有密码保护；另存为不加密的 · is protected by a password: save it without one"
            )
        try:
            with book.open(member) as part:
                tail = b""
                while chunk := part.read(1 << 20):
                    left -= len(chunk)
                    if left < 0:
                        raise InputError(
                            f"{path}: 解压后超过 {MAX_UNPACKED / 1e6:.0f} MB；把需要的单元格复制到新工作簿 · unpacks"
                            f" to more than {MAX_UNPACKED / 1e6:.0f} MB: copy the cells to import into a new"
                            " workbook"
                        )
                    if name.endswith((".xml", ".rels")) and _ENTITY.search(tail + chunk):
                        raise InputError(
                            f"{path}: 其 XML 声明了实体，表格软件不会这样写；重新另存为 xlsx · its XML declares"
                            " entities, which no spreadsheet writes: save it again as xlsx"
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
                f"{path}: 工作表 {sheet.title!r} 多于 {MAX_ROWS} 行或 {MAX_CELLS} 格；删去表外的空行空列 · sheet"
                f" {sheet.title!r} has more than {MAX_ROWS} rows or {MAX_CELLS} cells: delete the empty ones"
                " below and beside the table"
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
