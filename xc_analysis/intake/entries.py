"""From the cells of a file to figures with their sources: each cell understood or refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from ..errors import InputError
from ..packs.places import home
from ..schema.columns import KINDS, RELEASE
from ..schema.reading import near
from ..tables import load
from . import cells as cell_reader
from .cells import Cell, plain, refuse
from .headers import HEADERS, NOTES_SHEET, Header, Slot, find_header, plain_word
from .incoming import Grid, grids, letters
from .layout import Raw
from .registered import Known, Names
from .texts import day_of, text_fault, text_of
from .units import EXACT, known_unit, unit_factor
from .years import parse_year

_NEEDED = ("title", "publisher", "locator")
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
    """One figure understood: what it says, where it stood, and its source.

    ``stated`` tells whether its unit was written anywhere, or is only taken to be the register's.
    """

    place: str
    scope: str
    indicator: str
    year: int
    period: str
    cell: Cell
    texts: dict[str, str]
    stated: bool = True


@dataclass(frozen=True)
class Incoming:
    """All that a file holds: figures, refusals, cells not filled, remarks on the reading."""

    path: Path
    figures: tuple[Figure, ...]
    refusals: tuple[Refusal, ...]
    unfilled: int
    remarks: tuple[str, ...]


# ---- reading -------------------------------------------------------------------------------------


def read_file(path, *, data=None, defaults: dict[str, str] | None = None) -> Incoming:
    """Every cell of a file: understood, not filled, or refused with the reason and the remedy.

    Parameters
    ----------
    path : path
        See `incoming.grids`. A sheet needs a header within its first 30 rows that names an
        indicator and either year and value, or years as columns; or a year, and indicators as
        columns.
    data : path, optional
        The pack whose registers are spoken of.
    defaults : dict of str to str, optional
        What a column that the file lacks, or an empty cell, is taken to hold: ``title``,
        ``publisher``, ``locator``, ``basis``, ``release``, ``scope``, ``published``,
        ``indicator``, ``year``, ``unit``.

    Returns
    -------
    Incoming

    Raises
    ------
    InputError
        If the file cannot be read, or no sheet has such a header.
    """
    path = Path(path)
    given = {k: v for k, v in (defaults or {}).items() if v}
    areas = _Areas(data)
    register = Names(data)
    figures, refusals, remarks, unfilled, found = [], [], [], 0, False
    for grid in grids(path):
        named = f"sheet {grid.sheet!r} · 工作表“{grid.sheet}”" if grid.sheet else path.name
        remarks += [f"{named}: {remark}" for remark in grid.remarks]
        header = find_header(grid, register, given)
        if header is None:
            if grid.sheet != NOTES_SHEET and grid.rows:
                remarks.append(f"{named}: no header found, not read · 没有表头，未读")
            continue
        found = True
        remarks += [f"{named}: {remark}" for remark in (grid.how, *header.remarks)]
        filled_down = []
        for number, row in _rows(grid, header, filled_down):
            for slot in header.slots:
                result = _one(grid, number, row, header, slot, register, areas, given)
                if result is None:
                    unfilled += 1
                elif isinstance(result, Refusal):
                    refusals.append(result)
                else:
                    figures.append(result)
        if filled_down:
            told = ", ".join(filled_down[:12]) + (" ..." if len(filled_down) > 12 else "")
            remarks.append(f"{named}: taken from the row above · 取自上一行: {told}")
    if not found:
        more = "".join(f" ({remark})" for remark in remarks[:3])
        raise InputError(
            f"{path}: no header with an indicator, a year and a value was found in the first 30 rows:"
            " use the workbook of `xc template`, or name the columns 指标, 年份, 数值, or say what the"
            f" file is about by --indicator and --year{more}"
        )
    figures, clashes = _without_clashes(figures)
    return Incoming(
        path,
        tuple(figures),
        tuple(dict.fromkeys([*refusals, *clashes])),
        unfilled,
        tuple(remarks),
    )


class _Areas:
    """The areas that figures may be of, by their names in the pack and their usual ones."""

    def __init__(self, data) -> None:
        place = home(data)
        self.own, city = place.scope, place.comparator
        self.known = {place.scope: place.scope, city: city}
        self.known |= {place.scope_en: place.scope, place.comparator_en: city}
        for table in ("observations", "targets", "air/annual"):
            self.known |= {scope: scope for scope in load(table, data=data)["scope"]}
        self.known |= dict.fromkeys(("全区", "本区", "区级"), place.scope)
        if city:
            self.known |= dict.fromkeys(("全市", "本市", "市级"), city)

    def find(self, text: str) -> str | None:
        """The area that a cell names; None where it is none."""
        text = re.sub(r"\s+", "", text) if re.search(r"[\u4e00-\u9fff]", text) else text
        if text in self.known:
            return self.known[text]
        return text if re.fullmatch(r"[\u4e00-\u9fff]{1,10}[区县市旗州盟省镇乡]", text) else None


_BELOW = ("indicator", "scope", "year")


def _rows(grid: Grid, header: Header, told: list[str]):
    """The rows of figures; what a name's cell leaves out below another is the same name.

    Only directly below, and only if no column that is not read tells the rows apart.
    """
    above: dict[str, Raw] = {}
    last = None
    for number, row in grid.rows[header.first :]:
        cells = list(row)
        places = {name: header.names[name] for name in _BELOW if name in header.names}
        apart = any(place < len(row) and not _is_unfilled(row[place]) for place in header.unread)
        holds = any(s.place < len(row) and not _is_unfilled(row[s.place]) for s in header.slots)
        for name, place in places.items():
            if place >= len(row):
                continue
            if not _is_unfilled(row[place]):
                above[name] = row[place]
            elif number - 1 == last and name in above and holds and not apart:
                cells[place] = above[name]
                told.append(f"{letters(place)}{number} = {str(above[name].value)[:30]}")
            else:
                above.pop(name, None)
        last = number
        yield number, tuple(cells)


def _place(grid: Grid, number: int, column: int) -> str:
    at = f"{letters(column)}{number}"
    return f"{grid.sheet}!{at}" if grid.sheet else at


def _one(grid, number, row, header: Header, slot: Slot, register: Names, areas: _Areas, given):
    """One cell of figures with all that its row says of it: Figure, Refusal, or None if unfilled."""
    names, column = header.names, slot.place

    def raw(name) -> Raw:
        place = names.get(name)
        return row[place] if place is not None and place < len(row) else Raw(None)

    def no(name, *words, content=None) -> Refusal:
        place = names.get(name, column)
        shown = raw(name).value if content is None else content
        shown = "" if shown is None else str(shown)[:40]
        return Refusal(_place(grid, number, place), shown, refuse(*words))

    held_cell = row[column] if column < len(row) else Raw(None)
    first = raw("indicator") if "indicator" in names else raw("year")
    if _is_unfilled(held_cell) or (held_cell.merged and held_cell.merged == first.merged):
        return None  # a remark written across the table is no figure
    where = _place(grid, number, column)
    if held_cell.merged:
        return Refusal(where, str(held_cell.value)[:40], refuse(
            f"是合并单元格 {held_cell.merged}，数属于哪一格不明", f"is merged over {held_cell.merged}: whose"
            " figure it is cannot be told", "拆分单元格，各填各的数", "unmerge it and fill in each cell",
        ))  # fmt: skip
    said = _indicator(slot, raw("indicator").value or given.get("indicator"), register, no)
    if isinstance(said, Refusal):
        return said
    entry = register.rows[said.indicator]
    year = slot.year
    if year is None:
        written = raw("year").value if not _is_unfilled(raw("year")) else given.get("year")
        year = parse_year(written)
        if isinstance(year, Cell):
            place = _place(grid, number, names.get("year", column))
            return Refusal(place, str(written or "")[:40], year)
    unit = _unit(raw("unit").value, said, slot, header, given, str(entry["unit"]), no)
    if isinstance(unit, Refusal):
        return unit
    cell = _cell(held_cell, entry, unit)
    if cell.kind == "missing":
        return None
    if cell.kind == "refused":
        return Refusal(where, str(held_cell.value)[:40], cell)
    texts = _texts(raw, given, names, held_cell, no)
    if isinstance(texts, Refusal):
        return texts
    period = text_of(raw("period").value) or "annual"
    if not re.fullmatch(KINDS["period"][0], period):
        return no(
            "period", "不是时段", "is no period",
            "写 annual 或 2021..2025", "write annual, or 2021..2025",
        )  # fmt: skip
    scope = text_of(raw("scope").value) or given.get("scope") or areas.own
    area = areas.find(scope)
    if area is None:
        return no(
            "scope", f"不是已知的范围{near(scope, areas.known)}", f"is no area that is known"
            f"{near(scope, areas.known)}", "写区名，如 东城区", "write the area as 东城区",
            content=scope,
        )  # fmt: skip
    if cell.year is not None and cell.year != year:
        moved = f"填在{year}年栏，标明为{cell.year}年 entered under {year}, marked {cell.year}"
        texts["note"] = "; ".join(t for t in (texts["note"], moved) if t)
        year = cell.year
    stated = bool(unit) or _names_unit(held_cell)
    return Figure(where, area, said.indicator, int(year), period, cell, texts, stated)


def _indicator(slot: Slot, content, register: Names, no) -> Known | Refusal:
    """The indicator of a figure, from its column's header or its row."""
    if slot.indicator:
        said = Known(slot.indicator, slot.unit, slot.stray)
    elif content in (None, ""):
        return no(
            "indicator", "没有指标", "names no indicator",
            "每行都写指标，或用 --indicator 给全表一个", "write it in every row, or give one by --indicator",
        )  # fmt: skip
    else:
        said = register.find(content)
        if said is None:
            hint = near(str(content), register.known)
            return no(
                "indicator", f"登记表中没有这个指标{hint}", f"is no indicator of the register{hint}",
                "写指标代码或登记表中的名称", "write its id or its name in indicators.csv",
                content=content,
            )  # fmt: skip
    if said.stray:
        return no(
            "indicator", f"带有“{said.stray}”，不是单位，可能是另一口径", f"is qualified by"
            f" {said.stray!r}, which is no unit and may be another quantity",
            "改写成登记表中的名称，口径写在“口径”栏", "write the register's name; a basis goes into 口径 basis",
            content=slot.indicator or content,
        )  # fmt: skip
    return said


def _unit(written, said: Known, slot: Slot, header: Header, given, unit: str, no):
    """The unit that figures are stated in where their cells name none; empty: nothing states one."""
    stated = [str(word).strip() for word in (written, said.unit, slot.unit) if word]
    stated = stated or ([given["unit"]] if "unit" in given else [])
    if slot.stray and not slot.indicator and not re.fullmatch("[12][0-9]{3}年?", slot.stray):
        stated.append(slot.stray)
    if not stated and header.unit:
        parts = re.split(r"[、，,;；\s]+", header.unit)
        stated = [part for part in parts if unit_factor(part, unit) is not None][:1] or [
            header.unit
        ]
    factors = {word: unit_factor(word, unit) for word in stated}
    for word, factor in factors.items():
        if factor is None:
            return no(
                "unit", f"“{word[:20]}”不是单位 {unit}，也不能由它换算",
                f"{word[:20]!r} is not the unit {unit}, and no exact conversion is known",
                f"换算成 {unit}", f"convert the figure to {unit}", content=word,
            )  # fmt: skip
    if len(set(factors.values())) > 1:
        both = " / ".join(factors)
        return no(
            "unit", f"单位前后不一：{both}", f"is stated in two units: {both}",
            "只留正确的一个", "leave the one that holds", content=both,
        )  # fmt: skip
    return stated[0] if stated else ""


def _texts(raw, given, names, held_cell, no) -> dict[str, str] | Refusal:
    """Source, place, basis and remarks of a figure, each sound."""
    texts = {}
    for name in ("title", "publisher", "document_no", "locator", "basis", "note"):
        text = text_of(raw(name).value) or given.get(name, "")
        fault = text_fault(text)
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
        plain_word(raw("release").value or given.get("release", "internal")), ""
    )
    texts["reliability"] = str(raw("reliability").value or "B").strip()[:1].upper()
    texts["published"] = day_of(raw("published").value or given.get("published", ""))
    for name, sound, want in (
        ("release", texts["release"] != "", "public, internal, draft"),
        ("reliability", texts["reliability"] in "ABC", "A, B, C"),
        ("published", texts["published"] is not None, "2024-05-30, 2024-05, 2024"),
    ):
        if not sound:
            return no(name, "看不懂", "cannot be read", f"写成 {want}", f"write it like {want}")
    return texts


def _is_unfilled(raw: Raw) -> bool:
    return raw.value is None or (isinstance(raw.value, str) and not raw.value.strip())


def _names_unit(raw: Raw) -> bool:
    """Whether a cell itself tells its unit: by a sign or word behind the number, or its format."""
    if isinstance(raw.value, str):
        text = re.sub(r"[(（\[].*$", "", raw.value)
        return any(
            known_unit(word) for word in re.findall(r"[^0-9.,，．\s<>≤≥＜＞~～约余多+-]+", text)
        )
    return "%" in raw.number_format


def _cell(raw: Raw, entry, unit: str) -> Cell:
    """A cell in the register's unit; its own unit speaks for it, whatever its column says."""
    own = str(entry["unit"])
    ends = entry["floor"], entry["ceiling"]
    factor = unit_factor(unit, own) if unit else Decimal(1)
    said = cell_reader.parse(raw.value, unit=unit or own, number_format=raw.number_format)
    if factor == 1 or said.kind not in ("value", "bound"):
        return cell_reader.possible(said, *ends)
    number = {
        name: None
        if getattr(said, name) is None
        else Decimal(plain(EXACT.multiply(getattr(said, name), factor).normalize(EXACT)))
        for name in ("value", "lower", "upper")
    }
    return cell_reader.possible(replace(said, **number, converted=said.converted or unit), *ends)


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
