"""Read a sheet that a person filled in: its cells, numbers and dates. Nothing is ever run.

A text is stripped and cut before anything else looks at it, and no pattern repeats a repeat. What
a cell's formatting says (struck through, superscript, hidden, a comment) is told beside its value.
"""

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections import namedtuple
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from .errors import InputError
from .tables import read_bytes, read_text
from .words import LANGUAGES, Message, error, message, unit_name, word

MAX_BYTES = 16_000_000  # of a file, and of what it unpacks to
MAX_CELLS, MAX_ROWS, MAX_COLUMNS = 200_000, 20_000, 200
MAX_TEXT, MAX_NUMBER = 500, 60

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NARROW |= {ord(a): b for a, b in zip("　−—–〜～≤≥、", " ---~~≤≥,", strict=True)}
_EMPTY = {"", *"- -- / ... …… … 无 暂无 未公布 不详 缺 n/a na nil".split()}


class Cell(namedtuple("Cell", "place value percent faults", defaults=(None, False, ()))):
    """One cell: its address, its content, and what is wrong with it."""

    @property
    def text(self) -> str:
        """Its content as a line of text, full-width signs made narrow."""
        if isinstance(self.value, float):
            return format(self.value, ".15g")
        if isinstance(self.value, date):
            return f"{self.value:%Y-%m-%d}"
        return "" if self.value is None else plain_text(str(self.value))


# one sheet: its rows by number, each a dict of column number to cell; empty cells lack
Sheet = namedtuple("Sheet", "name rows hidden", defaults=(False,))


def plain_text(text: str) -> str:
    """Return a text cut, in one line, with single blanks and narrow signs."""
    return " ".join(text.strip()[: MAX_TEXT + 1].translate(_NARROW).split())


def read_sheets(path) -> list[Sheet]:
    """Read every sheet of a workbook, or the one of a csv; the content tells which it is."""
    path = Path(path)
    data = read_bytes(path)
    if isinstance(data, Message):
        fix = Message(f"{data.key}.fix", data.values)
        raise error("error.place", place=path, problem=data, remedy=fix)
    if len(data) > MAX_BYTES:
        raise error("import.too_big", path=path, size=len(data) / 1e6, most=MAX_BYTES / 1e6)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise error("import.password", path=path)
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise error("import.empty_file", path=path)
    return list(_read_workbook(path, data)) if data.startswith(b"PK") else [_read_csv(path)]


def _read_csv(path: Path) -> Sheet:
    from openpyxl.utils import get_column_letter

    text = read_text(path)[0].replace("\r\n", "\n").replace("\r", "\n")
    separator = max(",\t;", key=text[:4000].count)
    rows: dict[int, dict[int, Cell]] = {}
    try:
        lines = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
        for number, contents in enumerate(lines, 1):
            if number > MAX_ROWS or len(contents) > MAX_COLUMNS:
                raise error("import.too_many_cells", path=path, rows=MAX_ROWS, columns=MAX_COLUMNS)
            rows[number] = {
                column: _text_cell(f"{get_column_letter(column)}{number}", content, [])
                for column, content in enumerate(contents, 1)
                if content.strip()
            }
    except csv.Error:
        raise error("import.csv_broken", path=path) from None
    return Sheet("", rows)


def _text_cell(place: str, content: str, faults: list[Message]) -> Cell:
    text = content.strip()
    if len(text) > MAX_TEXT:
        faults.append(message("import.long_cell", count=len(text), most=MAX_TEXT))
        text = text[:40]
    odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"]
    if odd:
        name = unicodedata.name(odd[0], f"U+{ord(odd[0]):04X}")
        faults.append(message("import.control", name=name))
        text = "".join(c for c in text if c.isprintable())
    return Cell(place, text or None, faults=tuple(faults))


def _read_workbook(path: Path, data: bytes) -> Iterator[Sheet]:
    from openpyxl import load_workbook

    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
        names = {part.filename for part in parts}
        macros = ("vbaproject.bin", "macrosheets")
        refused = {
            "import.macros": any(name.lower().endswith(macros) for name in names),
            "import.no_workbook": not {"[Content_Types].xml", "xl/workbook.xml"} <= names,
            "import.password": any(part.flag_bits & 1 for part in parts),
            # zipfile reads no more of a part than the size it declares
            "import.bomb": sum(part.file_size for part in parts) > MAX_BYTES,
            "import.damaged": len(names) < len(parts),
        }
        for key in filter(refused.get, refused):
            raise error(key, path=path, most=MAX_BYTES / 1e6)
        if any(re.search(rb"<!(?:DOCTYPE|ENTITY)", archive.read(part)) for part in parts):
            raise error("import.entities", path=path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not read
            book = load_workbook(io.BytesIO(data), rich_text=True, keep_links=False)
    except InputError:
        raise
    except Exception:  # whatever a damaged file makes its reader raise
        raise error("import.damaged", path=path) from None
    for page in book.worksheets:
        filled = sorted(at for at, cell in page._cells.items() if cell.value is not None)
        wide = max((column for _, column in filled), default=0)
        if len(filled) > MAX_CELLS or wide > MAX_COLUMNS or filled and filled[-1][0] > MAX_ROWS:
            raise error("import.too_many_cells", path=path, rows=MAX_ROWS, columns=MAX_COLUMNS)
        groups = [d for d in page.column_dimensions.values() if d.hidden]
        hidden = {column for d in groups for column in range(d.min or 0, (d.max or 0) + 1)}
        prefix = f"{page.title}!" if len(book.worksheets) > 1 else ""
        rows: dict[int, dict[int, Cell]] = {}
        for row, column in filled:
            cell = _read_cell(page, page._cells[row, column], prefix, hidden)
            rows.setdefault(row, {})[column] = cell
        yield Sheet(page.title, rows, page.sheet_state != "visible")


def _read_cell(page, cell, prefix: str, hidden_columns: set[int]) -> Cell:
    value, fonts = cell.value, [cell.font]
    is_formula = cell.data_type == "f" or type(value).__name__.endswith("Formula")
    if is_formula:
        value = "="
    elif type(value).__name__ == "CellRichText":
        fonts += [part.font for part in value if getattr(part, "font", None) is not None]
        value = str(value)
    shape, row = cell.number_format or "", page.row_dimensions.get(cell.row)
    is_hidden = cell.column in hidden_columns or row is not None and (row.hidden or row.height == 0)
    tests = {
        "import.formula": is_formula,
        "import.error_value": cell.data_type == "e",
        "import.struck": any(font.strike for font in fonts),
        "import.superscript": {"superscript", "subscript"} & {font.vertAlign for font in fonts},
        "import.hidden_cell": is_hidden,
        "import.hidden_format": ";;;" in shape,
        "import.merged": cell.coordinate in page.merged_cells,
    }
    faults = [message(key) for key, is_wrong in tests.items() if is_wrong]
    if cell.comment:
        faults.append(message("import.comment", text=" ".join(cell.comment.text.split())[:60]))
    if isinstance(value, str):
        return _text_cell(prefix + cell.coordinate, value, faults)
    is_percent = "%" in re.sub(r'"[^"]*"|\\.', "", shape)
    return Cell(prefix + cell.coordinate, value, is_percent, tuple(faults))


def read_rows(pages, prefix: str, columns, needed) -> Iterator[tuple[Sheet, list]]:
    """Yield the sheets of a layout, each with its rows: cells by name, those beside it by head."""
    from openpyxl.utils import get_column_letter

    names = {plain_text(word(prefix + k, lang)).lower(): k for k in columns for lang in LANGUAGES}
    for sheet in pages:
        for top, heads in list(sheet.rows.items())[:12]:  # noqa: B007
            texts = {column: cell.text.lower() for column, cell in heads.items()}
            place = {names.get(text, text): column for column, text in texts.items()}
            if set(needed) <= set(place):
                break
        else:
            continue
        letters = {name: get_column_letter(place.get(name, 1)) for name in columns}
        known, rows = {place[name]: name for name in columns if name in place}, []
        for number, cells in sheet.rows.items():
            if number > top:  # an empty cell has its address
                row = {name: Cell(f"{letter}{number}") for name, letter in letters.items()}
                row |= {known[column]: cell for column, cell in cells.items() if column in known}
                other = {c: cell for c, cell in cells.items() if c not in known}
                rows.append((row, {heads.get(c, Cell("")).text or c: other[c] for c in other}))
        yield sheet, rows


# a number in its indicator's unit, or a range of which either end may lack
Quantity = namedtuple("Quantity", "value lower upper about", defaults=(None, None, None, False))


_AT_MOST = "<|≤|<=|不超过|不高于|不大于|至多|低于|小于|at most|below"
_AT_LEAST = ">|≥|>=|不低于|不小于|不少于|至少|高于|大于|超过|at least|above"
_POWERS = {"万亿": 12, "亿": 8, "万": 4, "10⁸": 8, "10⁴": 4}
_NUMBER = r"[+-]?(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)"
#: [<] [约] number [unit] [~ number [unit]] [以上]
_RULE = re.compile(
    rf"(?:(?P<most>{_AT_MOST})|(?P<least>{_AT_LEAST}))? ?"
    rf"(?P<about>大约|约|about|approx\.|ca\.|≈|~)? ?(?P<low>{_NUMBER}) ?(?P<low_unit>[^~至到-]*?) ?"
    rf"(?:[~至到-] ?(?P<high>{_NUMBER}) ?(?P<high_unit>[^~至到-]*?))?"
    r"(?:(?P<above>及?以上)|(?P<below>及?以下|以内)|(?P<roughly>左右|上下))?"
)


def read_quantity(value, unit: str, *, percent: bool = False) -> Quantity | None:
    """Read a number, a bound or a range as people write them; None where there is none."""
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = Decimal(format(value, ".15g"))
        if not number.is_finite() or abs(number) >= 10**15:
            raise error("import.no_number", text=str(value)[:20])
        if percent and unit not in ("%", "pp"):
            raise error("import.other_unit", text="%", unit=unit_name(unit))
        # a number that a spreadsheet shows in per cent holds a hundredth
        return Quantity(_shift(number, 2 if percent else 0))
    if not isinstance(value, (str, bool)):
        raise error("import.date_as_number", text=str(value)[:10])
    text = plain_text(str(value))
    if len(text) > MAX_NUMBER:
        raise error("import.long_number", count=len(text), most=MAX_NUMBER)
    if text.lower() in _EMPTY:
        return None
    if text[0] in "=@":
        raise error("import.formula")
    found = _RULE.fullmatch(text)
    if not found:
        raise error("import.no_number", text=text)
    low, high, about = found["low"], found["high"], bool(found["about"] or found["roughly"])
    bounds = [name for name in ("most", "least", "above", "below") if found[name]]
    if len(bounds) + bool(bounds and (about or high)) > 1:
        raise error("import.no_number", text=text)
    if not high:
        end = {"most": "upper", "below": "upper", "least": "lower", "above": "lower"}
        number = _read_one(low, found["low_unit"], unit)
        return Quantity(**{end[bounds[0]] if bounds else "value": number}, about=about)
    years = all(re.fullmatch("199[0-9]|20[0-5][0-9]", end) for end in (low, high))
    if years or re.match("0[0-9]", high):
        raise error("import.date_as_number", text=text[:20])
    upper = _read_one(high, found["high_unit"], unit)
    lower = _read_one(low, found["low_unit"] or found["high_unit"], unit)
    if lower >= upper:
        raise error("import.range_falls", text=text)
    return Quantity(lower=lower, upper=upper, about=about)


def _read_one(digits: str, tail: str, unit: str) -> Decimal:
    whole, *groups = digits.partition(".")[0].lstrip("+-").split(",")
    if groups and (len(whole) > 3 or any(len(group) != 3 for group in groups)):
        raise error("import.separators", text=digits)
    number = Decimal(digits.replace(",", ""))
    if abs(number) >= 10**15 or number.as_tuple().exponent < -12:
        raise error("import.no_number", text=digits[:20])
    if not tail:
        return number
    # the unit must be the indicator's, or 万 and 亿 of it: 1.5万 of t is 15000, of 10⁴t it is 1.5
    power, base = _split_unit(tail)
    own = [_split_unit(name) for name in (unit, *(unit_name(unit, lang) for lang in LANGUAGES))]
    counted = not re.search(r"[%/(]|^pp$", unit)  # 5万% and 3万分贝 mean nothing
    if base not in {name for _, name in own} and not (power and not base and counted):
        raise error("import.other_unit", text=tail[:20], unit=unit_name(unit))
    shift = power - own[0][0]
    return _shift(number, shift) if shift else number


def _split_unit(text: str) -> tuple[int, str]:
    text = plain_text(text).replace(" ", "").replace("μ", "µ").lower()
    text = re.sub(r"\A\(([^()]*)\)\Z", r"\1", text)
    power = next((p for p in _POWERS if text.startswith(p)), "")
    return _POWERS.get(power, 0), text.removeprefix(power)


def _shift(number: Decimal, power: int) -> Decimal:
    short = number.scaleb(power).normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short


_DATE = re.compile(r"([12][0-9]{3})(?:[-/.年]([0-9]{1,2})(?:[-/.月]([0-9]{1,2})日?|月)?|年)?")


def read_date(value) -> str:
    """Read a day, a month or a year and return it as the tables hold it, ``2026-03-31``."""
    text = Cell("", value).text
    if re.fullmatch("[3-5][0-9]{4}", text):
        day = date(1899, 12, 30) + timedelta(days=int(text))
        raise error("import.serial_date", text=text, day=f"{day:%Y-%m-%d}")
    found = _DATE.fullmatch(text)
    parts = [int(part) for part in found.groups() if part] if found else []
    try:
        day = date(*(parts + [1, 1])[:3])
    except (ValueError, TypeError):
        raise error("import.no_date", text=text[:20]) from None
    if day > date.today():
        raise error("import.future_date", text=text)
    return "-".join(f"{part:02d}" for part in parts)
