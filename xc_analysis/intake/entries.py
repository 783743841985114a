"""From the cells of a file to figures with their sources: each cell understood or refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from ..errors import InputError
from ..packs.places import home
from ..schema.columns import KINDS, RELEASE
from ..schema.reading import near
from ..tables import load
from . import cells as cell_reader
from .cells import Cell, plain, refuse
from .incoming import Grid, Raw, grids, letters
from .units import unit_factor
from .years import parse_year

DATA_SHEET, NOTES_SHEET = "填报 data", "说明 notes"
# column -> words that name it in a header, the first two being the template's
HEADERS: dict[str, tuple[str, ...]] = {
    "indicator": ("指标代码", "indicator", "指标", "指标名称", "项目", "indicator id", "代码"),
    "name": ("名称", "name"),
    "scope": ("范围", "scope", "地区", "区域", "行政区", "区县", "district"),
    "year": ("年份", "year", "年度", "时间", "年"),
    "period": ("时段", "period"),
    "value": ("数值", "value", "指标值", "数据", "值", "完成值", "实际值", "年均值"),
    "unit": ("单位", "unit", "计量单位"),
    "title": ("来源", "source", "来源标题", "资料来源", "数据来源", "出处", "title", "刊物"),
    "publisher": ("发布单位", "publisher", "发布者", "来源单位", "提供单位", "填报单位"),
    "document_no": ("文号", "document no"),
    "published": ("发布日期", "published", "日期"),
    "locator": ("出处位置", "locator", "页码", "表号", "位置", "page"),
    "reliability": ("等级", "reliability"),
    "release": ("公开级别", "release"),
    "basis": ("口径", "basis"),
    "note": ("备注", "note", "remark", "remarks"),
}
_NEEDED = ("title", "publisher", "locator")
_MAX_TEXT = 300
_RELEASE = {"公开": "public", "内部": "internal", "草稿": "draft"} | {
    word: word for word in RELEASE
}


@dataclass(frozen=True)
class Refusal:
    """A cell that was not understood, in both languages; ``place`` is sheet and cell."""

    place: str
    content: str
    cell: Cell

    def line(self) -> str:
        """One line: where, what it holds, why not, what to do."""
        shown = f" {self.content!r}" if self.content else ""
        c = self.cell
        return f"{self.place}:{shown} {c.reason_zh}；{c.remedy_zh} · {c.reason_en}; {c.remedy_en}"


@dataclass(frozen=True)
class Figure:
    """One figure understood: what it says, where it stood, and its source."""

    place: str
    scope: str
    indicator: str
    year: int
    period: str
    cell: Cell
    texts: dict[str, str]


@dataclass(frozen=True)
class Incoming:
    """All that a file holds: figures, refusals, cells not filled, remarks on the reading."""

    path: Path
    figures: tuple[Figure, ...]
    refusals: tuple[Refusal, ...]
    unfilled: int
    remarks: tuple[str, ...]


# ---- reading -------------------------------------------------------------------------------------


def _plain_word(text) -> str:
    text = unicodedata.normalize("NFKC", str(text or "")).lower()
    return re.sub(r"[\s_*:：]+", " ", text).strip()


_HEADER_WORDS = {word: name for name, words in HEADERS.items() for word in words}


def _header_name(content) -> str | None:
    """The column that a header's cell names; ``年份 year``, ``数值（µg/m³）`` and the like."""
    word = _plain_word(content)
    bare = re.sub(r"[(（\[].*?[)）\]]", "", word).strip()
    for attempt in (word, bare, *bare.split(" ")):
        if attempt in _HEADER_WORDS:
            return _HEADER_WORDS[attempt]
    return None


def _header_year(raw: Raw) -> int | None:
    if raw.value is None or isinstance(raw.value, bool) or str(raw.value).strip() == "":
        return None
    found = parse_year(raw.value)
    return found if isinstance(found, int) else None


def _find_header(grid: Grid):
    """(position of the header's row, column -> place, year -> place), or None."""
    for at, (_, row) in enumerate(grid.rows[:30]):
        names: dict[str, int] = {}
        years: dict[int, int] = {}
        doubled = []
        for place, raw in enumerate(row):
            name = _header_name(raw.value) if isinstance(raw.value, str) else None
            year = None if name else _header_year(raw)
            if name and name in names:
                doubled.append(name)
            elif name:
                names[name] = place
            elif year is not None:
                years[year] = place
        if "indicator" not in names and "name" in names:
            names["indicator"] = names.pop("name")
        if "indicator" in names and (("value" in names and "year" in names) or years):
            return at, names, ({} if "value" in names else years), doubled
    return None


class _Register:
    """Indicators by id and by every name that they go by."""

    def __init__(self, data) -> None:
        table = load("indicators", data=data)
        self.rows = table.set_index("indicator").to_dict("index")
        self.known = [*table["indicator"], *table["name_zh"], *table["name_en"]]
        self.names: dict[str, str] = {}
        for indicator, row in self.rows.items():
            for word in (indicator, row["name_zh"], row["name_en"]):
                self.names.setdefault(_name_key(word), indicator)
        for word, indicator in _COMMON_NAMES.items():
            if indicator in self.rows:
                self.names.setdefault(_name_key(word), indicator)

    def find(self, content) -> str | None:
        key = _name_key(content)
        return self.names.get(key) or self.names.get(re.sub(r"\(.*?\)", "", key))


_COMMON_NAMES = {
    "PM2.5": "pm25", "PM2.5年均浓度": "pm25", "细颗粒物": "pm25", "细颗粒物年均浓度": "pm25",
    "细颗粒物(PM2.5)年均浓度": "pm25", "PM10": "pm10", "可吸入颗粒物": "pm10", "NO2": "no2",
    "二氧化氮": "no2", "SO2": "so2", "二氧化硫": "so2", "优良天数比例": "good_day_ratio",
    "空气质量优良天数比率": "good_day_ratio", "重污染天数比例": "heavy_day_ratio",
    "区域环境噪声": "area_noise", "区域环境噪声平均值": "area_noise",
    "区域声环境平均等效声级": "area_noise", "道路交通噪声平均值": "traffic_noise",
    "交通噪声": "traffic_noise", "绿化覆盖率": "green_cover",
    "公园绿地500米服务半径覆盖率": "park_500m_coverage", "二氧化碳排放总量": "co2_total",
    "常住人口": "population", "地区生产总值": "gdp",
}  # fmt: skip


def _name_key(content) -> str:
    text = unicodedata.normalize("NFKC", str(content or "")).lower()
    return re.sub(r"[\s_、，,;；:：]+", "", text)


def read_file(path, *, data=None, defaults: dict[str, str] | None = None) -> Incoming:
    """Every cell of a file: understood, not filled, or refused with the reason and the remedy.

    Parameters
    ----------
    path : path
        See `incoming.grids`. A sheet needs a header within its first 30 rows that names an
        indicator and either year and value, or years as columns.
    data : path, optional
        The pack whose registers are spoken of.
    defaults : dict of str to str, optional
        What a column that the file lacks, or an empty cell, is taken to hold: ``title``,
        ``publisher``, ``locator``, ``basis``, ``release``, ``scope``, ``published``.

    Returns
    -------
    Incoming

    Raises
    ------
    InputError
        If the file cannot be read, or no sheet has such a header.
    """
    path = Path(path)
    register, where = _Register(data), home(data)
    given = {k: v for k, v in (defaults or {}).items() if v}
    figures, refusals, remarks, unfilled, found = [], [], [], 0, False
    sheets = grids(path)
    for grid in sheets:
        header = _find_header(grid)
        named = f"sheet {grid.sheet!r} · 工作表“{grid.sheet}”" if grid.sheet else path.name
        if header is None:
            if grid.sheet != NOTES_SHEET and grid.rows:
                remarks.append(f"{named}: no header found, not read · 没有表头，未读")
            continue
        found = True
        at, names, years, doubled = header
        remarks.append(f"{named}: {grid.how}")
        remarks += [
            f"{named}: column {name} stands twice; the first is read · 列重复，取前者"
            for name in doubled
        ]
        unread = [
            str(raw.value)
            for place, raw in enumerate(grid.rows[at][1])
            if raw.value not in (None, "")
            and place not in names.values()
            and place not in years.values()
            and _header_name(raw.value) is None
        ]
        if unread:
            remarks.append(f"{named}: columns not read · 未读的列: {', '.join(unread)[:200]}")
        for number, row in grid.rows[at + 1 :]:
            for year, column in (years or {None: names.get("value")}).items():
                result = _one(grid, number, row, names, column, year, register, where.scope, given)
                if result is None:
                    unfilled += 1
                elif isinstance(result, Refusal):
                    refusals.append(result)
                else:
                    figures.append(result)
    if not found:
        raise InputError(
            f"{path}: no header with an indicator, a year and a value was found in the first 30 rows:"
            " use the workbook of `xc template`, or name the columns 指标, 年份, 数值"
        )
    figures, clashes = _without_clashes(figures)
    return Incoming(
        path,
        tuple(figures),
        tuple(dict.fromkeys([*refusals, *clashes])),
        unfilled,
        tuple(remarks),
    )


def _place(grid: Grid, number: int, column: int) -> str:
    at = f"{letters(column)}{number}"
    return f"{grid.sheet}!{at}" if grid.sheet else at


def _one(grid, number, row, names, column, year, register, own_scope, given):
    """One cell of figures with all that its row says of it: Figure, Refusal, or None if unfilled."""

    def raw(name) -> Raw:
        place = names.get(name)
        return row[place] if place is not None and place < len(row) else Raw(None)

    def no(name, *words, content=None) -> Refusal:
        place = names.get(name, column)
        shown = raw(name).value if content is None else content
        shown = "" if shown is None else str(shown)[:40]
        return Refusal(_place(grid, number, place), shown, refuse(*words))

    held_cell = row[column] if column < len(row) else Raw(None)
    if _is_unfilled(held_cell):
        return None
    if raw("indicator").value in (None, ""):
        return no(
            "indicator", "没有指标", "names no indicator",
            "每行都写指标，不用合并单元格", "write it in every row; do not merge cells",
        )  # fmt: skip
    indicator = register.find(raw("indicator").value)
    if indicator is None:
        hint = near(str(raw("indicator").value), register.known)
        return no(
            "indicator", f"登记表中没有这个指标{hint}", f"is no indicator of the register{hint}",
            "写指标代码或登记表中的名称", "write its id or its name in indicators.csv",
        )  # fmt: skip
    entry = register.rows[indicator]
    if year is None:
        year = parse_year(raw("year").value)
        if isinstance(year, Cell):
            return Refusal(
                _place(grid, number, names.get("year", column)), str(raw("year").value)[:40], year
            )
    unit, factor = str(entry["unit"]), Decimal(1)
    written = str(raw("unit").value or "").strip()
    if written:
        factor = unit_factor(written, unit)
        if factor is None:
            return no(
                "unit", f"不是单位 {unit}，也不能由它换算", f"is not the unit {unit} of {indicator}, and no"
                " exact conversion is known",
                f"换算成 {unit}", f"convert the figure to {unit}",
            )  # fmt: skip
    said = _said(held_cell, entry, written, factor, unit)
    where = _place(grid, number, column)
    if said.kind == "missing":
        return None
    if said.kind == "refused":
        return Refusal(where, str(held_cell.value)[:40], said)
    texts = {}
    for name in ("title", "publisher", "document_no", "locator", "basis", "note"):
        text = _text(raw(name).value) or given.get(name, "")
        fault = _text_fault(text)
        if fault:
            return no(name, *fault)
        texts[name] = text
    for name in _NEEDED:
        if not texts[name]:
            zh, en = HEADERS[name][:2]
            return no(
                name if name in names else "value", f"没有{zh}", f"has no {en}",
                f"填写{zh}（或用 --{name} 给全表一个）",
                f"fill in the column {zh} {en}, or give one for the whole file by --{name}",
                content=held_cell.value if name not in names else "",
            )  # fmt: skip
    texts["release"] = _RELEASE.get(
        _plain_word(raw("release").value or given.get("release", "internal")), ""
    )
    texts["reliability"] = str(raw("reliability").value or "B").strip()[:1].upper()
    texts["published"] = _day(raw("published").value or given.get("published", ""))
    for name, sound, want in (
        ("release", texts["release"] != "", "public, internal, draft"),
        ("reliability", texts["reliability"] in "ABC", "A, B, C"),
        ("published", texts["published"] is not None, "2024-05-30, 2024-05, 2024"),
    ):
        if not sound:
            return no(name, "看不懂", "cannot be read", f"写成 {want}", f"write it like {want}")
    period = _text(raw("period").value) or "annual"
    if not re.fullmatch(KINDS["period"][0], period):
        return no(
            "period",
            "不是时段",
            "is no period",
            "写 annual 或 2021..2025",
            "write annual, or 2021..2025",
        )
    scope = _text(raw("scope").value) or given.get("scope") or own_scope
    if said.year is not None and said.year != year:
        texts["note"] = "; ".join(
            t
            for t in (
                texts["note"],
                f"填在{year}年栏，标明为{said.year}年 entered under {year}, marked {said.year}",
            )
            if t
        )
        year = said.year
    return Figure(where, scope, indicator, int(year), period, said, texts)


def _is_unfilled(raw: Raw) -> bool:
    return raw.value is None or (isinstance(raw.value, str) and not raw.value.strip())


def _said(raw: Raw, entry, written: str, factor: Decimal, unit: str) -> Cell:
    own = isinstance(raw.value, str) and bool(re.search(r"[^\W\d_]|[%％‰]", raw.value))
    if factor == 1 or own:
        # the cell's own unit speaks for it, whatever the column says
        said = cell_reader.parse(
            raw.value, unit=unit, floor=entry["floor"], ceiling=entry["ceiling"],
            number_format=raw.number_format,
        )  # fmt: skip
        if said.kind != "refused" or factor == 1:
            return said
    said = cell_reader.parse(raw.value, unit=written, number_format=raw.number_format)
    ends = {
        name: None
        if getattr(said, name) is None
        else Decimal(plain((getattr(said, name) * factor).normalize()))
        for name in ("value", "lower", "upper")
    }
    return cell_reader.possible(
        replace(said, **ends, converted=written), entry["floor"], entry["ceiling"]
    )


def _text(content) -> str:
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    if isinstance(content, float) and content == int(content):
        content = int(content)
    text = unicodedata.normalize("NFC", str(content if content is not None else ""))
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C" or c in "\t\n")
    return re.sub(r"\s+", " ", text).strip()


def _text_fault(text: str):
    if len(text) > _MAX_TEXT:
        return ("太长", f"has {len(text)} characters", "写短些", f"keep it below {_MAX_TEXT}")
    if text[:1] in tuple("=+-@"):
        return (
            f"以 {text[0]} 开头，表格软件会当作公式", f"begins with {text[0]}, which spreadsheets take"
            " for a formula", "去掉开头的符号", "drop the sign",
        )  # fmt: skip
    if re.search(r"://|\bwww\.|\b(?:javascript|data|file|mailto):", text, re.IGNORECASE):
        return (
            "含网址", "holds an address", "用文字写明出处", "name the source in words",
        )  # fmt: skip
    return None


def _day(content) -> str | None:
    """A date as the tables hold it; empty if none, None if it is no date."""
    if isinstance(content, (datetime, date)):
        return f"{content:%Y-%m-%d}"
    text = _text(content)
    if not text:
        return ""
    parts = re.fullmatch(
        r"([12]\d{3})(?:[-/.年]\s?(\d{1,2}))?(?:[-/.月]\s?(\d{1,2}))?[年月日]?", text
    )
    if not parts:
        return None
    numbers = [int(p) for p in parts.groups() if p]
    try:
        date(*(numbers + [1, 1])[:3])
    except ValueError:
        return None
    return "-".join(f"{n:02d}" for n in numbers)


def _without_clashes(figures) -> tuple[list[Figure], list[Refusal]]:
    """One figure for each place and source; two that differ refuse each other."""
    groups: dict[tuple, list[Figure]] = {}
    for f in figures:
        key = (f.scope, f.indicator, f.year, f.period, f.texts["title"], f.texts["locator"])
        groups.setdefault(key, []).append(f)
    kept, refused = [], []
    for group in groups.values():
        if len({(f.cell.value, f.cell.lower, f.cell.upper) for f in group}) == 1:
            kept.append(group[0])
            continue
        for f in group:
            others = ", ".join(other.place for other in group if other is not f)
            refused.append(
                Refusal(
                    f.place,
                    number_of(f.cell),
                    refuse(
                        f"与 {others} 是同一指标同一年份而数不同", f"differs from {others} for the same"
                        " indicator, year and source",
                        "只留一个，或写明各自的来源", "keep one, or name the source of each",
                    ),
                )
            )  # fmt: skip
    return kept, refused


def number_of(cell: Cell) -> str:
    """A figure as people write it: ``53.8``, ``> 90``, ``25.6–33.9``, ``约 35``."""
    if cell.kind == "value":
        return ("约 " if cell.about else "") + plain(cell.value)
    if cell.lower is not None and cell.upper is not None:
        return f"{plain(cell.lower)}–{plain(cell.upper)}"
    if cell.lower is not None:
        return f"{'>' if cell.strict else '≥'} {plain(cell.lower)}"
    return f"{'<' if cell.strict else '≤'} {plain(cell.upper)}"
