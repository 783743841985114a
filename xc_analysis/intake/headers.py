"""What the columns of a sheet hold, told by its header in whichever of the usual shapes.

Three shapes: a row a figure (指标, 年份, 数值), years as columns, indicators as columns. A header may take
two rows. A unit may stand in brackets behind a name, in a row of units below the header, or above
the table (单位：万吨).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from .incoming import Grid, Raw
from .registered import Names, bracketed
from .units import known_unit
from .years import parse_year

DATA_SHEET, NOTES_SHEET = "填报 data", "说明 notes"
# column -> words that name it in a header, the first two being the template's
HEADERS: dict[str, tuple[str, ...]] = {
    "indicator": ("指标代码", "indicator", "指标", "指标名称", "项目", "indicator id", "代码"),
    "name": ("名称", "name"),
    "scope": ("范围", "scope", "地区", "区域", "行政区", "区县", "district", "各区"),
    "year": ("年份", "year", "年度", "时间", "年", "统计年度", "数据年份", "报告期"),
    "period": ("时段", "period"),
    "value": ("数值", "value", "指标值", "数据", "值", "完成值", "实际值", "年均值", "监测值"),
    "unit": ("单位", "unit", "计量单位", "数据单位"),
    "title": ("来源", "source", "来源标题", "资料来源", "数据来源", "出处", "title", "刊物"),
    "publisher": ("发布单位", "publisher", "发布者", "来源单位", "提供单位", "填报单位"),
    "document_no": ("文号", "document no"),
    "published": ("发布日期", "published", "日期"),
    "locator": ("出处位置", "locator", "页码", "表号", "位置", "page"),
    "reliability": ("等级", "reliability"),
    "release": ("公开级别", "release"),
    "basis": ("口径", "basis"),
    "note": ("备注", "note", "remark", "remarks", "说明"),
}
_WORDS = {word: name for name, words in HEADERS.items() for word in words}
_ROWS = 30
_NOT_FIGURES = re.compile(
    "目标|计划|规划|预计|预测|预期|增长|增速|增减|同比|比上年|较上年|变化率|排名|位次|名次"
    r"|\b(?:targets?|plan(?:ned)?|forecasts?|changes?|growth|rank)\b"
)
_UNIT_ABOVE = re.compile(r"(?:^|[\s(（，,；;])(?:计量)?(?:单位|unit)\s*[:：]\s*([^)）]+)", re.I)
_BODY = re.compile("局|委|办|院|中心|公司|政府|集团|大队|处$")
_ACTUAL = re.compile("(?:实际|完成|统计|监测)?(?:数值|数据|值|数)$|实绩$|实际$")


@dataclass(frozen=True)
class Slot:
    """A column of figures: the year or the indicator that its header names, and the unit.

    ``stray`` is what stands in brackets there and is no unit.
    """

    place: int
    year: int | None = None
    indicator: str | None = None
    unit: str = ""
    stray: str = ""


@dataclass(frozen=True)
class Header:
    """Position of the first row of figures, what each column holds, and what is not read."""

    first: int
    names: dict[str, int]
    slots: tuple[Slot, ...]
    unit: str = ""
    unread: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()


def plain_word(text) -> str:
    text = unicodedata.normalize("NFKC", str(text or "")).lower()
    return re.sub(r"[\s_*:：]+", " ", text).strip()


def _name_of(content) -> str | None:
    """The column that a header's cell names; ``年份 year``, ``数值（µg/m³）`` and the like."""
    if not isinstance(content, str):
        return None
    word = plain_word(content)
    bare = re.sub(r"[(（\[].*?[)）\]]", "", word).strip()
    closed = word.replace(" ", "")  # 指 标
    for attempt in (word, closed, bare, *bare.split(" ")):
        if attempt in _WORDS:
            return _WORDS[attempt]
    return None


def _year_of(content) -> tuple[int, str] | None:
    """(year, unit) that a header's cell names: 2021, 2021年, 2021年（万吨）, 2021年实际."""
    if content is None or isinstance(content, bool) or not str(content).strip():
        return None
    unit = ""
    if isinstance(content, str):
        base, inside = bracketed(content)
        if inside and known_unit(inside):
            content, unit = base, inside
        content = _ACTUAL.sub("", re.sub(r"\s+", "", content))
    found = parse_year(content)
    return (found, unit) if isinstance(found, int) else None


def find_header(grid: Grid, names: Names, given: dict[str, str]) -> Header | None:
    """The header of a sheet within its first rows; None if there is none.

    Parameters
    ----------
    grid : Grid
    names : Names
        The register's indicators.
    given : dict of str to str
        What need not stand in the sheet, since it is given for all of it: ``indicator``, ``year``.
    """
    rows = [row for _, row in grid.rows[: _ROWS + 1]]
    for at in range(min(len(rows), _ROWS)):
        for height in (1, 2):
            header = _read(rows, at, height, names, given)
            if header:
                unit = _unit_above(rows[:at])
                return _with_units_below(replace(header, unit=unit), grid)
    return None


def _read(rows, at: int, height: int, names: Names, given) -> Header | None:
    cells = list(rows[at])
    above = rows[at - 1] if at and height == 1 else ()
    if height == 2:
        if at + 1 == len(rows) or not any(_name_of(raw.value) for raw in cells):
            return None
        above, cells = cells, _joined(cells, rows[at + 1])
    groups = _groups(above, len(cells))
    found: dict[str, int] = {}
    slots, unread, remarks, indicators = [], [], [], []
    for place, raw in enumerate(cells):
        if raw.value is None or not str(raw.value).strip():
            continue
        name = _name_of(raw.value)
        year = None if name else _year_of(raw.value)
        told = groups[place] + (raw.value if isinstance(raw.value, str) else "")
        if name and name in found:
            remarks.append(f"column {name} stands twice; the first is read · 列重复，取前者")
        elif name:
            found[name] = place
        elif _NOT_FIGURES.search(told.lower()):
            unread.append(place)
        elif year:
            slots.append(Slot(place, year=year[0], unit=year[1]))
        elif isinstance(raw.value, str) and (known := names.find(raw.value)):
            indicators.append(Slot(place, indicator=known.indicator, unit=known.unit,
                                   stray=known.stray))  # fmt: skip
        else:
            unread.append(place)
    if "indicator" not in found and "name" in found:
        found["indicator"] = found.pop("name")
    named = "indicator" in found or "indicator" in given
    dated = "year" in found or "year" in given
    if named and "value" in found and dated:
        base, inside = bracketed(str(cells[found["value"]].value))
        unit = inside if known_unit(inside) else ""
        figures = [Slot(found["value"], unit=unit, stray="" if unit else inside)]
    elif named and slots and "value" not in found:
        figures = slots
    elif "indicator" not in found and "value" not in found and dated and indicators and height == 1:
        figures, slots = indicators, []
    else:
        return None
    read = {slot.place for slot in figures}
    unread += [slot.place for slot in (*slots, *indicators) if slot.place not in read]
    if unread:
        words = ", ".join(str(cells[place].value) for place in sorted(unread))
        remarks.append(f"columns not read · 未读的列: {words[:200]}")
    return Header(at + height, found, tuple(figures), "", tuple(sorted(unread)), tuple(remarks))


def _joined(top, below) -> list[Raw]:
    """A header of two rows as one: what the upper row does not name, the lower one does."""
    width = max(len(top), len(below))
    pairs = zip(
        [*top, *[Raw(None)] * (width - len(top))],
        [*below, *[Raw(None)] * (width - len(below))],
        strict=True,
    )
    return [a if _name_of(a.value) or b.value in (None, "") else b for a, b in pairs]


def _groups(above, width: int) -> list[str]:
    """The heading over each column: it reaches to the right over what is empty; no title does."""
    first = str(above[0].value or "").strip() if above else ""
    told, out = "", []
    for place in range(width):
        word = above[place].value if place < len(above) else None
        if place and isinstance(word, str) and word.strip() and word.strip() != first:
            told = word.strip()
        elif place and word not in (None, ""):
            told = ""
        out.append(told)
    return out


def _unit_above(rows) -> str:
    """The unit that a line above the table states for all of it; a body's name is none."""
    for row in reversed(rows):
        for raw in row:
            said = _UNIT_ABOVE.search(unicodedata.normalize("NFC", str(raw.value or "")))
            if said and not _BODY.search(said[1]):
                return said[1].strip()
    return ""


def _with_units_below(header: Header, grid: Grid) -> Header:
    """The header with the units of a row below it that holds nothing else."""
    if header.first >= len(grid.rows) or not header.slots[0].indicator:
        return header
    row = grid.rows[header.first][1]
    cells = {place: str(raw.value).strip("()（） ") for place, raw in enumerate(row) if raw.value}
    if not cells or not set(cells) <= {slot.place for slot in header.slots}:
        return header
    if not all(known_unit(word) for word in cells.values()):
        return header
    slots = tuple(replace(s, unit=s.unit or cells.get(s.place, "")) for s in header.slots)
    return replace(header, first=header.first + 1, slots=slots)
