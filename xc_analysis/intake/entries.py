"""From the cells of a file to figures with their sources: each cell understood or refused."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from ..errors import InputError
from ..schema.columns import KINDS
from ..schema.reading import near
from . import cells as cell_reader
from .blocks import (
    Refusal,
    blocks,
    figure_rows,
    is_unfilled,
    no_pack_table,
    of_another,
    place_of,
    sound_defaults,
)
from .cells import Cell, plain, refuse
from .headers import NOTES_SHEET, Header, Slot, find_header
from .incoming import grids
from .layout import Raw
from .registered import Areas, Known, Names
from .texts import source_words, text_of
from .units import EXACT, known_unit, unit_factor
from .years import is_whole, parse_period, parse_year, part_words


@dataclass(frozen=True)
class Figure:
    """One figure understood: what it says, where it stood, and its source.

    ``stated`` tells whether its unit was written anywhere, or is only taken to be the register's;
    ``content`` is the cell as it stood, ``doubt`` what a person should look at, in both languages.
    """

    place: str
    scope: str
    indicator: str
    year: int
    period: str
    cell: Cell
    texts: dict[str, str]
    stated: bool = True
    content: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Incoming:
    """All that a file holds: figures, refusals, cells not filled, remarks on the reading."""

    path: Path
    figures: tuple[Figure, ...]
    refusals: tuple[Refusal, ...]
    unfilled: int
    remarks: tuple[str, ...]


# ---- reading -------------------------------------------------------------------------------------


def read_file(
    path, *, data=None, defaults: dict[str, str] | None = None, new_scope: str = ""
) -> Incoming:
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
    new_scope : str
        Areas that the pack does not know yet and that the file may speak of, comma-separated.

    Returns
    -------
    Incoming

    Raises
    ------
    InputError
        If the file cannot be read, no sheet has such a header, or a default cannot be what it is
        given for.
    """
    path = Path(path)
    given = {k: v for k, v in (defaults or {}).items() if v}
    areas, register = Areas(data, new_scope), Names(data)
    sound_defaults(given, register, areas)
    figures, refusals, remarks, nearest, unfilled, found = [], [], [], [], 0, False
    for grid in grids(path):
        named = f"sheet {grid.sheet!r} · 工作表“{grid.sheet}”" if grid.sheet else path.name
        remarks += [f"{named}: {remark}" for remark in grid.remarks]
        no_pack_table(path, grid)
        first, why = find_header(grid, register, areas, given)
        if first is None:
            if grid.sheet != NOTES_SHEET and grid.rows:
                remarks.append(f"{named}: no header found, not read · 没有表头，未读")
                nearest += [f"{grid.sheet}: {why}" if grid.sheet else why] if why else []
            continue
        remarks.append(f"{named}: {grid.how}")
        found = True
        for header, rows in blocks(grid, first, register, areas, given):
            remarks += [f"{named}: {remark}" for remark in header.remarks]
            told = dict(header.said) | given
            fault = of_another(path, grid, header, areas, told)
            if fault:
                refusals.append(fault)
                continue
            notes: list[str] = []
            for number, row, section in figure_rows(rows, header, areas, notes):
                for slot in header.slots:
                    if section.get("part"):
                        slot = replace(slot, fault=part_words(section["part"]))
                    result = _one(grid, number, row, header, slot, register, areas, told | section)
                    if result is None:
                        unfilled += 1
                    elif isinstance(result, Refusal):
                        refusals.append(result)
                    else:
                        figures.append(result)
            remarks += [f"{named}: {note}" for note in notes]
    if not found:
        zh = "；".join(why.partition(" · ")[0] for why in nearest[:3])
        en = "; ".join(why.partition(" · ")[2] for why in nearest[:3])
        raise InputError(
            f"{path}: 前 30 行没有含指标、年份和数值的表头{f'（{zh}）' if zh else ''}；用 xc template 的工作簿，或把列"
            "命名为 指标、年份、数值，或用 --indicator、--year 说明 · no header with an indicator, a year and a value"
            f" was found in the first 30 rows{f' ({en})' if en else ''}: use the workbook of `xc template`,"
            " or name the columns 指标, 年份, 数值, or say what the file is about by --indicator and --year"
        )
    figures, clashes = _without_clashes(figures)
    return Incoming(
        path,
        tuple(figures),
        tuple(dict.fromkeys([*refusals, *clashes])),
        unfilled,
        tuple(remarks),
    )


def _one(grid, number, row, header: Header, slot: Slot, register: Names, areas: Areas, given):
    """One cell of figures with all that its row says of it: Figure, Refusal, or None if unfilled."""
    names, column = header.names, slot.place

    def raw(name) -> Raw:
        place = names.get(name)
        return row[place] if place is not None and place < len(row) else Raw(None)

    def no(name, *words, content=None) -> Refusal:
        place = names.get(name, column)
        shown = raw(name).value if content is None else content
        shown = "" if shown is None else str(shown)[:40]
        return Refusal(place_of(grid, number, place), shown, refuse(*words))

    held_cell = row[column] if column < len(row) else Raw(None)
    first = raw("indicator") if "indicator" in names else raw("year")
    if is_unfilled(held_cell) or (held_cell.merged and held_cell.merged == first.merged):
        return None  # a remark written across the table is no figure
    where = place_of(grid, number, column)
    if held_cell.merged:
        return Refusal(where, str(held_cell.value)[:40], refuse(
            f"是合并单元格 {held_cell.merged}，数属于哪一格不明", f"is merged over {held_cell.merged}: whose"
            " figure it is cannot be told", "拆分单元格，各填各的数", "unmerge it and fill in each cell",
        ))  # fmt: skip
    if slot.fault:
        return Refusal(where, str(held_cell.value)[:40], refuse(*slot.fault))
    parts = [row[p].value for p in header.divides if p < len(row) and not is_unfilled(row[p])]
    parts = [text_of(p) for p in parts if not is_whole(p) and areas.find(p) is None]
    if parts:
        return Refusal(where, str(held_cell.value)[:40], refuse(
            f"只是“{parts[0][:20]}”的数，不是全年、全区的", f"is of a part, {parts[0][:20]!r}, not of the whole year and"
            " area", "只导入全年、全区的行", "import the rows of the whole year and area alone",
        ))  # fmt: skip
    other = [row[p].value for p in header.twins if p < len(row) and not is_unfilled(row[p])]
    if any(text_of(value) != text_of(held_cell.value) for value in other):
        return Refusal(where, str(held_cell.value)[:40], refuse(
            f"与同行另一“数值”列的 {text_of(other[0])[:20]} 不同", f"differs from {text_of(other[0])[:20]!r} in the other"
            " column of values of its row", "只留一列", "keep one of the columns",
        ))  # fmt: skip
    said = _indicator(slot, raw("indicator").value or given.get("indicator"), register, no)
    if isinstance(said, Refusal):
        return said
    entry = register.rows[said.indicator]
    year, by_row = slot.year, False
    if year is None:
        by_row = not is_unfilled(raw("year"))
        written = raw("year").value if by_row else given.get("year")
        year = parse_year(written)
        if isinstance(year, Cell):
            place = place_of(grid, number, names.get("year", column))
            return Refusal(place, str(written or "")[:40], year)
    unit = _unit(raw("unit").value, said, slot, header, given, str(entry["unit"]), no)
    if isinstance(unit, Refusal):
        return unit
    cell = _cell(held_cell, entry, unit)
    if cell.kind == "missing":
        return None
    if cell.kind == "refused":
        return Refusal(where, str(held_cell.value)[:40], cell)
    # a heading of provisional figures speaks for its column, unless the row says otherwise
    told = given | ({"release": "draft"} if slot.draft else {})
    texts = source_words(raw, told, names, held_cell, no)
    if isinstance(texts, Refusal):
        return texts
    if slot.draft:
        texts["note"] = "; ".join(t for t in (texts["note"], f"{slot.draft} provisional") if t)
    period = parse_period(text_of(raw("period").value), register.plans)
    if not re.fullmatch(KINDS["period"][0], period):
        return no(
            "period", "不是时段", "is no period",
            "写 annual 或 2021..2025", "write annual, or 2021..2025",
        )  # fmt: skip
    scope = text_of(raw("scope").value) or slot.scope or given.get("scope", "")
    if not scope and "scope" in names:
        return no(
            "scope", "没有范围", "names no area", "填区名，或用 --scope 给全表一个",
            "write the area, or give one for the whole file by --scope", content=str(held_cell.value)[:40],
        )  # fmt: skip
    area = areas.find(scope or areas.own)
    if area is None:
        return no(
            "scope", f"不是已知的范围{areas.near(scope)}", f"is no area that is known{areas.near(scope)}",
            f"改正区名；确是新的区，加 --new-scope {scope[:20]}",
            f"correct the name; if it is a new area, add --new-scope {scope[:20]}", content=scope,
        )  # fmt: skip
    doubt = ""
    if cell.year is not None and cell.year != year:
        if by_row or cell.year > year:
            return Refusal(where, str(held_cell.value)[:40], refuse(
                f"标明是 {cell.year} 年，而该{'行' if by_row else '列'}是 {year} 年", f"is marked {cell.year}, but its"
                f" {'row' if by_row else 'column'} is of {year}", f"改正年份栏，或去掉括号里的 {cell.year}",
                f"correct the year, or drop the {cell.year} in brackets",
            ))  # fmt: skip
        moved = f"填在{year}年栏，标明为{cell.year}年 entered under {year}, marked {cell.year}"
        texts["note"] = "; ".join(t for t in (texts["note"], moved) if t)
        doubt = f"记为 {cell.year} 年的数，因为单元格如此标明 · taken as of {cell.year}, as the cell is marked"
        year = cell.year
    fault = _beyond_time(cell, str(entry["unit"]), int(year), period)
    if fault:
        return Refusal(where, str(held_cell.value)[:40], fault)
    stated = bool(unit) or _names_unit(held_cell)
    content = text_of(held_cell.value)[:40]
    return Figure(
        where, area, said.indicator, int(year), period, cell, texts, stated, content, doubt
    )  # fmt: skip


def _beyond_time(cell: Cell, unit: str, year: int, period: str) -> Cell | None:
    """The refusal of what time forbids: a year to come, more days than the year has."""
    if year > date.today().year:
        return refuse(
            f"{year} 年还没有到", f"is of {year}, which is yet to come", "改正年份", "correct the year",
        )  # fmt: skip
    days = 366 if isleap(year) else 365
    most = max(n for n in (cell.value, cell.lower, Decimal(0)) if n is not None)
    if unit == "d" and period == "annual" and most > days:
        return refuse(
            f"{plain(most)} 天多于 {year} 年的 {days} 天", f"{plain(most)} days are more than the {days} of {year}",
            "核对数值", "check the number",
        )  # fmt: skip
    return None


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
        choices = [] if said else register.choices(content)
        if choices:
            return no(
                "indicator", "可能是不止一个指标，或与登记表的定义不同", "leaves open which indicator it is",
                f"写明是哪一个：{'、'.join(choices)}；降低率写成变化率，取负号",
                f"write which: {', '.join(choices)}; a fall is a change with a minus", content=content,
            )  # fmt: skip
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
