"""The Excel workbook: every figure's data with a native chart, and the tables behind the report.

Text that a spreadsheet would take for a formula is written as text; numbers stay numbers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..schema.schemas import TABLES
from ..tables import load
from .document import BASIS
from .illustrations import Illustration
from .summary import AUDIENCES, Known, why
from .wording import limit_words, signed, unit_text

STAMP = (2000, 1, 1, 0, 0, 0)
RISKY = ("=", "+", "-", "@", "\t", "\r")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MOST_ROWS = 20_000  # of a figure's sheet; the csv has the rest, and the sheet says so
WIDE = 48
LISTS = "_lists"  # the hidden sheet of long lists of choices
WORDS = {
    "zh": ("说明", "评分表", "观测值", "来源", "假设", "数据图", "回到说明"),
    "en": ("Contents", "Scorecard", "Observations", "Sources", "Assumptions", "Chart", "Contents"),
}
SCORE = (
    ("plan_row", "序号", "No.", "规划表中的行号", "row of the plan's table"),
    ("name", "指标", "Indicator", "指标名称", "name"),
    ("unit", "单位", "Unit", "各数值的单位", "unit of every value"),
    ("kind", "类型", "Kind", "水平、变化、定性，或达到市级要求",
     "level, change, qualitative, or what the city requires"),
    ("baseline", "基准值", "Baseline", "基准年或其前最近一年的公布值", "published value of the base year or before"),
    ("baseline_year", "基准年", "Baseline year", "", ""),
    ("latest", "最新值", "Latest", "判断所用序列的末值", "last value of the series judged"),
    ("latest_year", "年份", "Year", "", ""),
    ("comparator", "比较符", "Sign", "", ""),
    ("target", "目标", "Target", "空：达到市级要求或定性", "empty: as the city requires, or qualitative"),
    ("verdict", "判断", "Verdict", "达到市级要求的目标不判断", "a delegated target is never judged"),
    ("p_meet", "达标概率", "P(meet)", "到目标年满足目标的概率", "probability of meeting it in the target year"),
    ("median", "中位数", "Median", "预测中位数", "of the projection"),
    ("lower_80", "80%下限", "80% low", "", ""),
    ("upper_80", "80%上限", "80% high", "", ""),
    ("grade", "依据", "Grade", "A 至 E", "A to E"),
    ("verdict_under_reading", "按读法", "Under a reading", "以市级数值为读法时的判断，不是区级结论",
     "with the city's number as a reading; no verdict on the district"),
    ("reading", "读法", "Reading", "", ""),
    ("why", "说明", "Why", "", ""),
    ("flags", "须留意", "Flags", "", ""),
    ("assumption_id", "假设编号", "Assumption", "见假设表", "see the sheet of assumptions"),
    ("formula", "算式", "Formula", "", ""),
    ("evidence", "所据各行", "Rows used", "", ""),
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """One sheet to be written: its name, heads with notes, rows, and what cells may hold."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    notes: Mapping[str, str] = field(default_factory=dict)
    heads: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    editable: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()  # columns whose choices are offers: other text may stand
    intro: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)


def safe(value):
    """A cell as a spreadsheet may hold it: numbers as numbers, missing as empty, text as text.

    Parameters
    ----------
    value : object

    Returns
    -------
    int, float, bool, str or None
        No control character, no more than a cell holds.
    """
    if value is None or (not isinstance(value, (str, list, tuple, dict)) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return value
    return CONTROL.sub("", str(value))[:32000]


def put(cell, value) -> None:
    """Write a value; text that begins like a formula is stored, and marked, as text."""
    value = safe(value)
    cell.value = value
    if isinstance(value, str) and value.startswith(RISKY):
        cell.data_type = "s"
        cell.quotePrefix = True


def sheet_name(text: str, taken: set[str]) -> str:
    """A name that a spreadsheet takes: at most 31 characters, none of ``[]:*?/\\``, not twice."""
    base = re.sub(r"[\[\]:*?/\\']", " ", text).strip()[:31] or "Sheet"
    name, count = base, 1
    while name.lower() in taken:
        count += 1
        name = f"{base[: 31 - len(str(count)) - 1]} {count}"
    taken.add(name.lower())
    return name


def write_sheets(sheets: Sequence[Sheet], *, lang: str = "zh", hidden: Mapping | None = None):
    """A workbook of plain sheets.

    Parameters
    ----------
    sheets : sequence of Sheet
    lang : {"zh", "en"}
    hidden : mapping of str to str, optional
        Kept on a hidden sheet, for whoever reads the workbook back.

    Returns
    -------
    openpyxl.Workbook
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    taken: set[str] = set()
    for sheet in sheets:
        _fill(book.create_sheet(sheet_name(sheet.name, taken)), sheet)
    if hidden:
        from openpyxl.worksheet.worksheet import Worksheet

        kept = book.create_sheet("_xc")
        kept.sheet_state = Worksheet.SHEETSTATE_VERYHIDDEN
        for i, (key, value) in enumerate(hidden.items(), 1):
            put(kept.cell(i, 1), key)
            put(kept.cell(i, 2), value)
    return book


def _fill(page, sheet: Sheet) -> int:
    """Write one sheet; returns the row of its heads."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    top = 1
    if sheet.intro:
        put(page.cell(1, 1), sheet.intro)
        page.cell(1, 1).font = Font(name="等线", italic=True, color="595959")
        top = 2
    grey = PatternFill("solid", fgColor="E7ECF2")
    ask = PatternFill("solid", fgColor="FFF7DB")
    line = Side(style="thin", color="BFBFBF")
    wrap = Alignment(wrap_text=True, vertical="top")
    for at, column in enumerate(sheet.columns, 1):
        head = page.cell(top, at)
        put(head, sheet.heads.get(column, column))
        head.font = Font(name="等线", bold=True)
        head.fill = ask if column in sheet.editable else grey
        head.alignment = wrap
        head.border = Border(bottom=line)
        if sheet.notes.get(column):
            head.comment = Comment(sheet.notes[column], "xc", width=280, height=90)
        longest = 0
        for down, row in enumerate(sheet.rows, top + 1):
            cell = page.cell(down, at)
            put(cell, row[at - 1])
            longest = max(longest, _breadth(cell.value) if down < top + 200 else 0)
            if isinstance(cell.value, float):
                cell.number_format = sheet.formats.get(column, _format(cell.value))
            elif isinstance(cell.value, str) and longest > WIDE:
                cell.alignment = wrap
            if column in sheet.editable:
                cell.fill = ask
                cell.alignment = wrap
        breadth = max(longest, _breadth(sheet.heads.get(column, column)))
        if column in sheet.editable:
            breadth = max(breadth, 16)
        page.column_dimensions[get_column_letter(at)].width = min(WIDE, max(7, breadth + 2))
        if sheet.choices.get(column) and sheet.rows:
            choices = sheet.choices[column]
            rule = DataValidation(type="list", formula1=_list(page.parent, choices))
            rule.allow_blank, rule.showErrorMessage = True, column not in sheet.offered
            rule.errorTitle, rule.error = "xc", " / ".join(choices)[:225]
            letter = get_column_letter(at)
            rule.add(f"{letter}{top + 1}:{letter}{top + len(sheet.rows)}")
            page.add_data_validation(rule)
    page.freeze_panes = page.cell(top + 1, 2)
    if sheet.rows and sheet.columns:
        page.auto_filter.ref = (
            f"A{top}:{get_column_letter(len(sheet.columns))}{top + len(sheet.rows)}"
        )
    page.sheet_view.zoomScale = 100
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = f"{top}:{top}"
    return top


def _list(book, choices: Sequence[str]) -> str:
    """A list as a validation names it; one too long for the rule stands on a hidden sheet."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.worksheet import Worksheet

    inline = '"' + ",".join(choices) + '"'
    if len(inline) <= 255 and not any("," in choice for choice in choices):
        return inline
    if LISTS not in book.sheetnames:
        book.create_sheet(LISTS).sheet_state = Worksheet.SHEETSTATE_VERYHIDDEN
    page = book[LISTS]
    for at in range(1, page.max_column + 2):
        held = [page.cell(down, at).value for down in range(1, len(choices) + 2)]
        if held[0] is None:
            for down, choice in enumerate(choices, 1):
                put(page.cell(down, at), choice)
        elif held != [*choices, None]:
            continue
        letter = get_column_letter(at)
        return f"{LISTS}!${letter}$1:${letter}${len(choices)}"
    raise AssertionError("a free column comes after the last")


def _breadth(value) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in str(value)) if value is not None else 0


def _format(value: float) -> str:
    """As many decimals as the number has, four at most."""
    places = len(f"{value:.4f}".rstrip("0").partition(".")[2])
    return "0" if places == 0 else "0." + "0" * places


def to_bytes(book) -> bytes:
    """The workbook as a file; the same content gives the same bytes."""
    from datetime import datetime

    book.properties.created = book.properties.modified = datetime(2000, 1, 1)
    book.properties.creator = "xc"
    made, out = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", part
                )
            target.writestr(zipfile.ZipInfo(name, STAMP), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ---- the report's workbook -----------------------------------------------------------------------


def table_sheet(name: str, frame: pd.DataFrame, table: str, lang: str, **more) -> Sheet:
    """A table of the pack as a sheet: heads stay the column names, notes tell what they mean."""
    columns = {c.name: c for c in TABLES[table].columns}
    notes = {
        c: (columns[c].zh if lang == "zh" else columns[c].en) for c in frame.columns if c in columns
    }
    choices = {c: columns[c].values for c in frame.columns if c in columns and columns[c].values}
    return Sheet(
        name, tuple(frame.columns), frame.to_numpy(dtype=object).tolist(), notes,
        choices=choices, **more,
    )  # fmt: skip


def report_workbook(
    known: Known, figures: Sequence[Illustration], *, data: Path, audience: str = "internal",
    withheld: Mapping[str, int] | None = None,
) -> bytes:  # fmt: skip
    """The workbook that goes with the report.

    Parameters
    ----------
    known : Known
    figures : sequence of Illustration
    data : Path
    audience : {"public", "internal"}
        Rows that it may not see are left out and counted on the first sheet.
    withheld : mapping of str to int, optional
        Rows that the tables have lost already, counted with them.

    Returns
    -------
    bytes
        An xlsx: contents, scorecard, one sheet a figure, observations, sources, assumptions.
    """
    from .workbook_charts import add_charts

    tr, lang = known.tr, known.lang
    contents, scorecard, observed, sources, assumed, *_ = WORDS[lang]
    rows = load("observations", data=data)
    allowed = rows["release"].isin(AUDIENCES[audience])
    register = load("assumptions", data=data)
    sheets = [Sheet(contents, (), ()), score_sheet(known, scorecard)]
    # rows that a build has not lost before (`audience.restricted`) are kept back here
    lost = int((~allowed).sum()) + sum((withheld or {}).values())
    names = load("indicators", data=data).set_index("indicator")
    sheets += [figure_sheet(item, known, names, audience) for item in figures]
    editable = {
        "intro": tr(
            "在评审表中修改，用 xc review export 导出", "change these through xc review export"
        )
    }
    sheets += [
        table_sheet(observed, rows[allowed], "observations", lang),
        table_sheet(sources, load("sources", data=data), "sources", lang),
        table_sheet(assumed, register, "assumptions", lang, **editable),
    ]
    book = write_sheets(sheets, lang=lang)
    pages = {page.title.lower(): page for page in book.worksheets}
    for item in figures:
        add_charts(pages[item.stem[:31].lower()], item, known, names)
    _contents(book, known, figures, lost, audience)
    return to_bytes(book)


def figure_sheet(item: Illustration, known: Known, names: pd.DataFrame, audience: str) -> Sheet:
    """A figure's table as a sheet: words beside each code, notes, one release a row."""
    from .workbook_words import column_head, column_note, release_cells

    table, lang = item.table, known.lang
    if "release" in table:
        table = table.assign(release=release_cells(table))
        table = table[table["release"].isin(AUDIENCES[audience])]
    intro = f"{item.chapter}　{item.title}"
    if len(table) > MOST_ROWS:
        intro += known.tr(
            f"　【共 {len(table):,} 行，此处只列前 {MOST_ROWS:,} 行，其余见同名 csv】",
            f"  [{len(table):,} rows, of which the first {MOST_ROWS:,} stand here; all are in the"
            " csv of the same name]",
        )
    codes = [str(c) for c in table.columns]
    words = {c: column_head(c, lang, names) for c in codes}
    return Sheet(
        item.stem, tuple(codes), table.head(MOST_ROWS).to_numpy(object).tolist(), intro=intro,
        heads={c: c if w == c else f"{w}\n{c}" for c, w in words.items()},
        notes={c: column_note(c, lang, table, names) for c in codes},
    )  # fmt: skip


KINDS = {
    "level": ("水平", "level"),
    "change": ("变化", "change"),
    "qualitative": ("定性", "qualitative"),
    "delegated": ("达到市级要求", "as the city requires"),
    "none": ("无目标", "no target"),
}


def score_sheet(known: Known, name: str) -> Sheet:
    """The scorecard in words of the language, with a note on each head."""
    tr = known.tr
    pairs = zip(known.judged, known.card.to_dict("records"), strict=True)
    rows = [_score_cells(known, judged, row) for judged, row in pairs]
    return Sheet(
        name,
        tuple(c for c, *_ in SCORE),
        [[row.get(c) for c, *_ in SCORE] for row in rows],
        notes={c: tr(zh, en) for c, _, _, zh, en in SCORE},
        heads={c: tr(zh, en) for c, zh, en, *_ in SCORE},
        formats={"p_meet": "0%"},
    )


def _score_cells(known: Known, judged, row: dict) -> dict:
    """A line of the scorecard as it is read: no code where there is a word."""
    tr, flags = known.tr, row[known.tr("flags_zh", "flags_en")]
    for token, words in BASIS.items():
        flags = flags.replace(token, tr(*words)) if isinstance(flags, str) else ""
    reading = row["reading"] if isinstance(row["reading"], str) else ""
    return row | {
        "name": known.name(row),
        "unit": unit_text(row["unit"], known.lang),
        "kind": tr(*KINDS.get(row["kind"], (row["kind"], row["kind"]))),
        "comparator": signed(row["comparator"]) if isinstance(row["comparator"], str) else None,
        "verdict": known.verdict(row),
        "verdict_under_reading": known.verdict(row, under=True)
        if row["verdict_under_reading"] else "",
        "reading": limit_words(reading, judged.line, known.lang) if reading else "",
        "why": row[tr("why_zh", "why")] if row["branch"] == "withheld" else why(known, judged, row),
        "flags": flags,
    }  # fmt: skip


def _contents(book, known, figures, lost, audience) -> None:
    from openpyxl.styles import Alignment, Font

    tr = known.tr
    page = book.worksheets[0]
    lines = [
        (tr(f"{known.scope}{known.plan_name}规划：数据工作簿", f"{known.scope}: data of the report"
            f" on the plan {known.plan_name}"), ""),
        (tr("读者范围", "Audience"), tr({"public": "公开", "internal": "内部"}[audience], audience)),
        (tr("因公开级别略去的行", "Rows withheld by release"), lost),
        ("", ""),
        (tr("工作表", "Sheet"), tr("内容", "Content")),
    ]  # fmt: skip
    told = {item.stem[:31].lower(): f"{item.chapter} — {item.title}" for item in figures}
    start = len(lines)
    for sheet in (page for page in book.worksheets[1:] if page.title != LISTS):
        lines.append((sheet.title, told.get(sheet.title.lower(), sheet.title)))
    for down, (left, right) in enumerate(lines, 1):
        put(page.cell(down, 1), left)
        put(page.cell(down, 2), right)
        page.cell(down, 2).alignment = Alignment(wrap_text=True, horizontal="left")
        if down > start:
            page.cell(down, 1).hyperlink = f"#'{left}'!A1"
            page.cell(down, 1).font = Font(color="1B5FA6", underline="single")
    page.cell(1, 1).font = Font(bold=True, size=14)
    for at in (1, 2):
        page.cell(start, at).font = Font(bold=True)
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 36, 80
    page.freeze_panes = page.cell(start + 1, 1)
    page.auto_filter.ref = None
