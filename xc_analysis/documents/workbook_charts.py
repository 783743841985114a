"""Native charts of a figure's sheet: a block of numbers beside the table, and its lines or bars.

Gaps stay gaps; estimates, bounds, partial years and drafts are left to the table. What cannot be joined (single
months, parts of a year) is drawn as bars.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from .illustrations import Illustration, release_of
from .summary import Known
from .wording import unit_text
from .workbook import put
from .workbook_words import basis_word, column_head, panel_words, release_cells

MOST_SERIES, MOST_CHARTS = 8, 4
SPAN = re.compile(r"\d{4}–\d{4}")
# figures whose series stand side by side as columns: the columns, and whether they are joined
WIDE = ((("observed", "trend"), True), (("pm25", "dust", "o3", "other"), False))
MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Block:
    """Numbers of one chart: the places on its axis, and for each series its values."""

    title: str
    axis: str
    places: list
    series: dict[str, dict]
    unit: str
    joined: bool


def add_charts(page, item: Illustration, known: Known, names: pd.DataFrame) -> int:
    """Draw what a figure's table holds beside it; how many charts that made."""
    from openpyxl.utils import get_column_letter

    left = len(item.table.columns) + 2
    blocks = blocks_of(item, known, names)
    for block in blocks:
        _write(page, block, left, known)
        beside = left + len(block.series) + 2
        page.add_chart(_chart(page, block, left, known), f"{get_column_letter(beside)}2")
        left = beside + 11
    return len(blocks)


def blocks_of(item: Illustration, known: Known, names: pd.DataFrame) -> list[Block]:
    """The charts that a table gives; none where series cannot be told apart or are too many."""
    table = item.table
    if table.empty:
        return []
    if "status" in table:
        table = table[table["status"].isin(["printed", "derived", "computed"])]
    spans = [c for c in table if SPAN.fullmatch(str(c))]
    if spans:
        return _wide(table, spans, True, item, known, names)
    table = table[release_cells(table).map(release_of) == "public"]
    if "completeness" in table:
        table = table[table["completeness"] != "partial"]
    for columns, joined in WIDE:
        if set(columns) <= set(table):
            return _wide(table, list(columns), joined, item, known, names)
    return _long(table, item, known, names)


def _axis(table: pd.DataFrame) -> str:
    """The column that tells when: months and parts of a year stand before years."""
    if "period" in table and (table["period"].fillna("annual") != "annual").all():
        return "period"
    there = (c for c in ("hour", "month", "year", "period") if c in table)
    return next((c for c in there if table[c].notna().any()), "")


def _wide(table, columns, joined, item, known, names) -> list[Block]:
    if "panel" in table and table["panel"].nunique() > MOST_CHARTS:
        return []
    out = []
    keys = [k for k in ("panel", "indicator") if k in table]
    for key, part in table.groupby(keys, sort=False, dropna=False) if keys else [((), table)]:
        at = _axis(part.dropna(axis=1, how="all"))
        if not at or part[at].duplicated().any():
            continue
        drafts = " ".join(part["release"].dropna().unique()) if "release" in part else ""
        values = {}
        for column in columns:
            head = column_head(column, known.lang, names)
            if SPAN.fullmatch(column) and _holds(column, drafts):
                head += known.tr("（含未审核）", " (part unaudited)")
            values[head] = _pairs(part[at], part[column])
        told = panel_words(" ".join(dict.fromkeys(str(k) for k in key)), known.lang, names)
        out.append(_block(f"{item.title} {told}".strip(), at, part, values, joined))
    return out[:MOST_CHARTS]


def _holds(span: str, drafts: str) -> bool:
    """Does a span of years hold one of the years that a release cell calls a draft?"""
    first, last = (int(y) for y in span.split("–"))
    return any(first <= int(y) <= last for y in re.findall(r"[12]\d{3}", drafts))


def _long(table, item, known, names) -> list[Block]:
    if "value" not in table:
        return []
    rows = table[pd.to_numeric(table["value"], errors="coerce").notna()]
    at = _axis(rows)
    if at == "year" and "period" in rows:
        rows = rows[rows["period"].fillna("annual") == "annual"]
    rows = rows[rows[at].notna()] if at else rows
    if not at or rows.empty:
        return []
    out = []
    parts = _apart(rows)
    for part in parts:
        block = _lines(part, at, item, known, names, len(parts) > 1)
        out += [block] if block else []
    return out[:MOST_CHARTS]


def _apart(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows that may share an axis: of one unit, and of one indicator where those are many."""
    units = [p for _, p in rows.groupby("unit", sort=False)] if "unit" in rows else [rows]
    out = []
    for part in units:
        keys = [k for k in ("scope", "indicator", "panel", "basis") if k in part]
        many = keys and part.groupby(keys, dropna=False).ngroups > MOST_SERIES
        if many and "indicator" in part:
            out += [p for _, p in part.groupby("indicator", sort=False)]
        else:
            out.append(part)
    return out


def _lines(rows, at, item, known, names, split: bool) -> Block | None:
    """One chart: what a break of the basis parts is two series, never one line."""
    keys = [k for k in ("scope", "indicator", "panel") if k in rows]
    joined = at != "period"
    found: dict[tuple, dict] = {}
    for key, part in rows.groupby(keys, sort=False, dropna=False) if keys else [((), rows)]:
        part = part.drop_duplicates([at, "value"])
        if part[at].duplicated().any() or (joined and part[at].nunique() < 3):
            continue
        told = tuple("" if k != k else str(k) for k in key)
        bases = part.groupby("basis", sort=False) if "basis" in part else ()
        if "basis" not in part or part["basis"].nunique() < 2:
            found[(*told, "")] = _pairs(part[at], part["value"])
        for basis, piece in bases if part.get("basis", pd.Series()).nunique() > 1 else ():
            found[(*told, str(basis))] = _pairs(piece[at], piece["value"])
    values = dict(zip(_labels(list(found), known, names), found.values(), strict=True))
    if {"limit", "standard"} <= set(rows) and joined:
        for standard, part in rows.groupby("standard", sort=False):
            values[str(standard)] = _pairs(part[at], part["limit"])
    if not 1 <= len(values) <= MOST_SERIES or max(map(len, values.values())) < 2:
        return None
    one = rows["indicator"].unique() if "indicator" in rows else ()
    told = panel_words(str(one[0]), known.lang, names) if split and len(one) == 1 else ""
    return _block(f"{item.title} {told}".strip(), at, rows, values, joined)


def _labels(keys: list[tuple], known: Known, names: pd.DataFrame) -> list[str]:
    """What tells each series from the others of its chart, in words; no two alike."""
    out: list[str] = []
    for key in keys:
        differs = [len({k[i] for k in keys}) > 1 for i in range(len(key))]
        parts = [part for part, other in zip(key, differs, strict=True) if other and part]
        parts = parts or [part for part in key[1:] if part] or [part for part in key if part]
        words = [_place(basis_word(panel_words(p, known.lang, names), known.lang), known)
                 for p in parts]  # fmt: skip
        # "PM₂.₅" and "PM₂.₅ computed": the longer one says both
        words = [w for w in words if not any(w != o and o.startswith(w) for o in words)]
        label = " ".join(dict.fromkeys(words)) or known.tr("数值", "value")
        out.append(label if label not in out else f"{label} {len(out) + 1}")
    return out


def _place(text: str, known: Known) -> str:
    """A text with the names of the district and its comparator as the language has them."""
    if known.lang == "en":
        text = text.replace(known.home.scope, known.home.scope_en)
        if known.home.comparator:
            text = text.replace(known.home.comparator, known.home.comparator_en)
    return text


def _pairs(places, values) -> dict:
    numbers = pd.to_numeric(values, errors="coerce")
    return {p: float(v) for p, v in zip(places, numbers, strict=True) if v == v}


def _block(title, at, rows, values, joined) -> Block:
    places = list(dict.fromkeys(p for pairs in values.values() for p in pairs))
    units = rows["unit"].dropna().unique() if "unit" in rows else ()
    unit = str(units[0]) if len(units) == 1 else ""
    return Block(title, at, _whole(sorted(places), joined), values, unit, joined)


def _whole(places: list, joined: bool) -> list:
    """The axis with what is missing on it, so that a gap is seen."""
    if not joined or not places:
        return places
    if all(isinstance(p, str) and MONTH.fullmatch(p) for p in places):
        return [str(m) for m in pd.period_range(places[0], places[-1], freq="M")]
    if all(not isinstance(p, str) and float(p).is_integer() for p in places):
        return list(range(int(places[0]), int(places[-1]) + 1))
    return places


def _write(page, block: Block, left: int, known: Known) -> None:
    top = 2
    put(page.cell(top, left), column_head(block.axis, known.lang))
    for down, place in enumerate(block.places, top + 1):
        put(page.cell(down, left), place)
    for at, (label, values) in enumerate(block.series.items(), left + 1):
        put(page.cell(top, at), label)
        for down, place in enumerate(block.places, top + 1):
            put(page.cell(down, at), values.get(place))


def _chart(page, block: Block, left: int, known: Known):
    from openpyxl.chart import BarChart, LineChart, Reference

    top, bottom = 2, len(block.places) + 2
    chart = LineChart() if block.joined else BarChart()
    chart.title = block.title
    chart.height, chart.width = 9, 17
    chart.display_blanks = "gap"
    block_of = Reference(page, min_col=left + 1, max_col=left + len(block.series), min_row=top,
                         max_row=bottom)  # fmt: skip
    chart.add_data(block_of, titles_from_data=True)
    chart.set_categories(Reference(page, min_col=left, min_row=top + 1, max_row=bottom))
    for line in chart.series if block.joined else ():
        many = len(block.places) > 40
        line.marker.symbol, line.marker.size = ("none", None) if many else ("circle", 6)
        line.smooth = False
        if many:
            line.graphicalProperties.line.width = 12700
    if block.unit:
        chart.y_axis.title = unit_text(block.unit, known.lang)
    chart.legend.position = "b"
    chart.x_axis.delete = chart.y_axis.delete = False
    return chart
