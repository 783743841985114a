"""What the columns of a sheet hold, told by its header in whichever of the usual shapes.

Three shapes: a row a figure (指标, 年份, 数值), years as columns, indicators as columns; areas may be
columns too. A header may take two rows, and a second table may stand below the first. A unit may
stand in brackets behind a name, in a row of units below the header, or above the table
(单位：万吨). A column whose heading is understood in part is refused by name, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from .cells import MISSING
from .heading import IDLE, corner_names, not_understood, said_by_word, year_word
from .incoming import Grid, Raw, letters
from .registered import Areas, Names, bracketed
from .texts import HEADERS, WORDS, label_of, name_of, plain_word
from .units import known_unit
from .years import is_part, is_whole

DATA_SHEET, NOTES_SHEET = "填报 data", "说明 notes"
_ROWS = 30
_NOT_FIGURES = re.compile(
    "目标|计划|规划|预计|预测|预期|增长|增速|增减|同比|比上年|较上年|变化率|排名|位次|名次"
    r"|\b(?:targets?|plan(?:ned)?|forecasts?|changes?|growth|rank)\b"
)
# columns that divide a year or an area: what their rows hold is a part
_DIVIDES = re.compile(
    "月份?|季度?|旬|街道|街道办|街乡镇?|乡镇|镇|社区|站点|站名|点位|点位名称|监测点位?|监测站|子站|断面|断面名称|功能区|路段|河流|湖泊"
    "|month|quarter|station|site|street"
)
_UNIT_ABOVE = re.compile(r"(?:^|[\s(（，,；;])(?:计量)?(?:单位|unit)\s*[:：]\s*([^)）]+)", re.I)
_BODY = re.compile("局|委|办|院|中心|公司|政府|集团|大队|处$")
_FIGURE = re.compile(r"[<>≤≥≦≧~约近超\s]*[-+−]?[0-9][0-9.,]*\s*(.*)")
# what a line above the table may say for all of it
_LABELS = ("publisher", "title", "locator", "document_no", "published", "basis", "release")
_LABELS += ("scope", "indicator", "year")


@dataclass(frozen=True)
class Slot:
    """A column of figures: what its heading names, and the unit.

    ``stray`` is what stands in brackets there and is no unit, ``draft`` the word that marks it as
    provisional. ``fault`` is filled where its figures cannot be told: reason and remedy.
    """

    place: int
    year: int | None = None
    indicator: str | None = None
    unit: str = ""
    stray: str = ""
    scope: str = ""
    draft: str = ""
    fault: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """Position of the first row of figures, what each column holds, and what is not read.

    ``titles`` are the lines above it, by cell; ``said`` what they state for all of the table;
    ``twins`` further columns of values, ``divides`` those that divide the year or the area.
    """

    first: int
    names: dict[str, int]
    slots: tuple[Slot, ...]
    unit: str = ""
    unread: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    twins: tuple[int, ...] = ()
    divides: tuple[int, ...] = ()


# ---- one header ----------------------------------------------------------------------------------


def find_header(grid: Grid, names: Names, areas: Areas, given: dict[str, str]):
    """The header of a sheet within its first rows.

    Parameters
    ----------
    grid : Grid
    names, areas
        The register's indicators, and the areas that are known.
    given : dict of str to str
        What need not stand in the sheet, since it is given for all of it: ``indicator``, ``year``.

    Returns
    -------
    tuple of Header or None, and str
        Without a header, the row that comes nearest and what it lacks, in both languages.
    """
    rows = [row for _, row in grid.rows[: _ROWS + 1]]
    best, why = 0, ""
    for at in range(min(len(rows), _ROWS)):
        header, score, lacks = header_at(grid, at, names, areas, given)
        if header:
            return header, ""
        if score > best:
            best, why = score, f"{grid.rows[at][0]}: {lacks}"
    if why:
        number, _, lacks = why.partition(": ")
        zh, _, en = lacks.partition(" · ")
        why = f"第 {number} 行最接近，{zh} · row {number} comes nearest: {en}"
    return None, why


def header_at(grid: Grid, at: int, names: Names, areas: Areas, given, before: int = 0):
    """The header at one row, how much of one it is, and what it lacks.

    ``before`` is the row from which lines above belong to it.
    """
    rows = [row for _, row in grid.rows[at : at + 2]]
    titles = _titles(grid, before, at)
    said = _labels(titles, grid.sheet)
    told = said | given
    two = len(rows) == 2 and _continues(rows[0], rows[1], names, areas)
    above = grid.rows[at - 1][1] if at > before else ()
    header, score, lacks = _read(rows[0], rows[1] if two else (), above, names, areas, told)
    if header is None:
        return None, score, lacks
    header = replace(
        header, first=at + 1 + two, titles=titles, said=tuple(said.items()), unit=_unit_above(titles)
    )  # fmt: skip
    if not any(slot.scope for slot in header.slots):
        header = _with_areas(header, grid, areas)
    if "year" in said and "year" not in given and _uses(header, "year"):
        note = f"year {said['year']} is taken from above the table · 年份 {said['year']} 取自表名"
        header = replace(header, remarks=(note, *header.remarks))
    return header, score, ""


def _uses(header: Header, name: str) -> bool:
    return name not in header.names and any(not getattr(slot, name) for slot in header.slots)


def _read(top, below, above, names: Names, areas: Areas, given):
    """(header, score, what it lacks) of one or two rows of cells."""
    width = max(len(top), len(below))
    cells = [*top, *[Raw(None)] * (width - len(top))]
    under = [*below, *[Raw(None)] * (width - len(below))]
    over, heads = _groups(above, width), _spread(cells)
    found: dict[str, int] = {}
    slots, unread, remarks, twins, corner, number = [], [], [], [], None, False
    years_own = []  # 全年 beside quarters
    for place, raw in enumerate(cells):
        sub = None if _same_cell(raw, under[place]) else under[place].value
        words = [w for w in (over[place], heads[place] if below else "", raw.value, sub)
                 if w not in (None, "") and str(w).strip()]  # fmt: skip
        if not (_filled(raw.value) or _filled(sub)):
            continue
        number = number or any(_is_figure(w, names) for w in (raw.value, sub))
        name = name_of(sub) or (None if _filled(sub) and not known_unit(str(sub)) and not
                                is_whole(str(sub)) else name_of(raw.value))  # fmt: skip
        if name_of(sub) and said_by_word(sub, names, areas) == {} and _filled(heads[place]):
            name = None  # 年均值 below a year is no column of its own
        if name and name in found:
            if name == "value":
                twins.append(place)
            remarks.append(f"column {name} stands twice; the first is read · 列重复，取前者")
        elif name:
            found[name] = place
        elif corner_names(raw.value) and corner is None:
            corner = place
        elif any(_NOT_FIGURES.search(str(w).lower()) for w in words):
            unread.append(place)
        else:
            slot = _slot(place, over[place], heads[place], raw.value, sub, names, areas)
            if slot is None:
                unread.append(place)
                years_own += [place] if is_whole(raw.value) and not _filled(sub) else []
            else:
                slots.append(slot)
    kinds = {k for k in ("indicator", "year", "scope") if any(getattr(s, k) for s in slots)}
    if corner is not None:
        for name in corner_names(cells[corner].value):
            if name not in kinds:
                found.setdefault(name, corner)
    if "indicator" not in found and "name" in found:
        found["indicator"] = found.pop("name")
    dated = "year" in found or "year" in given
    plain_date = "published" in found and plain_word(cells[found["published"]].value) == "日期"
    if not dated and plain_date and "year" not in kinds:
        found["year"] = found.pop("published")
        dated = True
    named = "indicator" in found or "indicator" in given
    if named and dated and "value" not in found and not kinds and len(years_own) == 1:
        slots.append(Slot(years_own[0]))
        unread.remove(years_own[0])
    figures = _figures(found, slots, cells, under, named, dated)
    score = 0 if number else len(found) + len(kinds)
    if number or not figures:
        return None, score, _lacks(found, kinds, named, dated)
    read = {slot.place for slot in figures}
    unread += [slot.place for slot in slots if slot.place not in read]
    divides = [p for p in unread if _DIVIDES.fullmatch(plain_word(cells[p].value))]
    if unread:
        words = ", ".join(str(cells[p].value or under[p].value) for p in sorted(unread))
        remarks.append(f"columns not read · 未读的列: {words[:200]}")
    return (
        Header(0, found, tuple(figures), "", tuple(sorted(unread)), tuple(remarks), twins=tuple(twins), divides=tuple(divides)),
        score, "",
    )  # fmt: skip


def _figures(found, slots, cells, under, named: bool, dated: bool) -> list[Slot]:
    """The columns of which figure, indicator and year are all told."""
    if named and "value" in found and dated:
        place = found["value"]
        base, inside = bracketed(str(cells[place].value or under[place].value))
        unit = inside if known_unit(inside) else str(under[place].value or "")
        unit = unit if known_unit(unit) else ""
        return [Slot(place, unit=unit, stray="" if unit or IDLE.fullmatch(inside) else inside)]
    whole = [
        s for s in slots
        if (named if s.indicator is None else "indicator" not in found)
        and (s.year or dated or s.fault)
        and (s.year or s.indicator or s.fault or (found and (s.scope or s == Slot(s.place))))
    ]  # fmt: skip
    if "value" in found and not any(s.year for s in whole):
        return []
    years = [s for s in whole if s.year or s.fault]
    return years if any(s.year for s in whole) else whole


def _slot(place, over, head, own, sub, names: Names, areas: Areas) -> Slot | None:
    """A column of figures by all the words over it; None if its own word is not understood."""
    group = {} if not _filled(over) else said_by_word(over, names, areas)
    upper = own if _filled(own) else head
    main = said_by_word(upper, names, areas) if _filled(upper) else {}
    if not _filled(sub):
        if main is None or not main:
            return None
        if group is None and re.search("[区县市旗州盟]$", str(over)):
            group = {"fault": not_understood(str(over))}
        return Slot(place, **({} if group is None else group) | main)
    last = said_by_word(sub, names, areas)
    known = bool(main) or name_of(upper) == "value"
    if last is None:
        return Slot(place, **(main or {}) | {"fault": not_understood(str(sub))}) if known else None
    if main is None and re.search("[区县市旗州盟]$", str(upper)):
        main = {"fault": not_understood(str(upper))}
    told = (group or {}) | (main or {}) | {k: v for k, v in last.items() if v}
    if not told:
        return None
    return Slot(place, **told)


def _lacks(found, kinds, named: bool, dated: bool) -> str:
    words = {name: HEADERS[name] for name in ("indicator", "year", "value", "scope", "unit")}
    seen = [n for n in words if n in found or n in kinds]
    lacks = [
        n for n, there in (
            ("indicator", named or "indicator" in kinds), ("year", dated or "year" in kinds),
            ("value", "value" in found or bool(kinds & {"year"}) or (named and bool(kinds))),
        ) if not there
    ]  # fmt: skip
    lacks = lacks or ["value"]
    pick = [("、".join(words[n][2 if n == "indicator" else 0] for n in part) or "无",
             ", ".join(words[n][1] for n in part) or "nothing") for part in (seen, lacks)]  # fmt: skip
    return f"认出 {pick[0][0]}，缺 {pick[1][0]} · it names {pick[0][1]}, it lacks {pick[1][1]}"


# ---- cells of a header ---------------------------------------------------------------------------


def _filled(content) -> bool:
    return content is not None and bool(str(content).strip())


def _same_cell(a: Raw, b: Raw) -> bool:
    return bool(a.merged) and a.merged == b.merged


def _is_figure(content, names: Names) -> bool:
    """Whether a cell holds a number that is no year: then its row is no header."""
    if isinstance(content, bool) or content is None:
        return False
    if isinstance(content, (int, float)):
        return year_word(content) is None
    text = unicodedata.normalize("NFKC", str(content)).strip()
    found = _FIGURE.fullmatch(text)
    if not found or year_word(content) or is_part(text) or names.find(content):
        return False
    return not found[1] or known_unit(found[1]) or found[1][0] in "(*~-–—至+±%‰左以余多"


def _continues(top, below, names: Names, areas: Areas) -> bool:
    """Whether the row below belongs to the header: it divides its columns or gives their units."""
    heads = _spread([*top, *[Raw(None)] * (len(below) - len(top))])
    if not any(name_of(raw.value) or corner_names(raw.value) for raw in top):
        return False
    told = False
    for place, raw in enumerate(below):
        own = top[place] if place < len(top) else Raw(None)
        if not _filled(raw.value) or _same_cell(own, raw):
            continue
        if str(raw.value).strip().lower() in MISSING:
            continue
        if _is_figure(raw.value, names):
            return False
        if name_of(own.value) not in (None, "value") or corner_names(own.value):
            if plain_word(raw.value) in ("单位", "计量单位"):
                continue
            return False
        said = said_by_word(raw.value, names, areas)
        over = said_by_word(heads[place], names, areas) if _filled(heads[place]) else None
        if said is None and not over and not name_of(raw.value):
            return False
        told = True
    return told


def _spread(cells) -> list:
    """The word over each column: it reaches to the right over what is empty; no column's name does."""
    last, out = "", []
    for raw in cells:
        if _filled(raw.value):
            last = "" if name_of(raw.value) not in (None, "value") else raw.value
        out.append(last)
    return out


def _groups(above, width: int) -> list[str]:
    """The heading over each column: it reaches to the right over what is empty; no title does."""
    first = str(above[0].value or "").strip() if above else ""
    told, out = "", []
    for place in range(width):
        word = above[place].value if place < len(above) else None
        if place and isinstance(word, str) and word.strip() and word.strip() != first:
            told = "" if label_of(word) else word.strip()
        elif place and word not in (None, ""):
            told = ""
        out.append(told)
    return out


# ---- beside the header ---------------------------------------------------------------------------


def _titles(grid: Grid, before: int, at: int) -> tuple[tuple[str, str], ...]:
    """The lines above a header by cell; below another table only what stands alone in its row."""
    out = []
    for number, row in reversed(grid.rows[before:at]):
        cells = {
            str(r.value).strip(): p for p, r in reversed([*enumerate(row)]) if _filled(r.value)
        }
        if before and len(cells) > 1:
            break
        out += [(f"{letters(place)}{number}", text) for text, place in cells.items()]
    return tuple(reversed(out))


def _labels(titles, sheet: str) -> dict[str, str]:
    """What the lines above a table state for all of it: ``填报单位：某局``, a year in its name."""
    said, years = {}, set()
    for _, text in titles:
        label = label_of(text)
        name = WORDS.get(plain_word(label[0])) if label else None
        if name == "unit" and _BODY.search(label[1]):
            name = "publisher"
        if name in _LABELS:
            said.setdefault(name, label[1])
        elif not label and not is_part(text):
            years |= set(re.findall("(?<![0-9—–~至到-])([12][0-9]{3})年(?!.{0,3}[—–~至到-])", text))
    if not years and not titles and not is_part(sheet):
        years = set(re.findall("(?<![0-9])([12][0-9]{3})(?![0-9])", sheet))
    if len(years) == 1:
        said.setdefault("year", years.pop())
    return said


def _unit_above(titles) -> str:
    """The unit that a line above the table states for all of it; a body's name is none."""
    for _, text in reversed(titles):
        said = _UNIT_ABOVE.search(unicodedata.normalize("NFC", text))
        if said and not _BODY.search(said[1]):
            return said[1].strip()
    return ""


def _with_areas(header: Header, grid: Grid, areas: Areas) -> Header:
    """A column that is not read, but holds names of areas, is theirs; an empty one is nobody's."""
    for place in (*([header.names["scope"]] if "scope" in header.names else []), *header.unread):
        column = [row[place].value for _, row in grid.rows[header.first :] if place < len(row)]
        if place == header.names.get("scope"):
            if any(_filled(cell) for cell in column):
                return header
            others = {name: at for name, at in header.names.items() if name != "scope"}
            header = replace(header, names=others)
            continue
        if any(isinstance(cell, str) and areas.find(cell) for cell in column):
            names = header.names | {"scope": place}
            unread = tuple(p for p in header.unread if p != place)
            note = (
                f"column {letters(place)} holds areas and is read as scope · 该列是区名，按范围读"
            )
            return replace(header, names=names, unread=unread, remarks=(*header.remarks, note))
    return header
