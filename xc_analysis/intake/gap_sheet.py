"""The gaps as a workbook to fill in: one row a gap, its unit and bounds beside the cell."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..tables import data_dir, load
from .gaps import SURENESS, gaps
from .headers import DATA_SHEET, HEADERS, NOTES_SHEET

COLUMNS = (
    *("indicator", "name", "scope", "year", "period", "value", "unit", "title", "publisher"),
    *("locator", "document_no", "published", "reliability", "release", "basis", "note"),
)
_WIDTHS = {"name": 34, "value": 14, "title": 34, "publisher": 24, "locator": 22, "note": 30}
_PRESET = ("indicator", "name", "scope", "year", "period", "unit", "basis")
_TO_FILL = ("value", "title", "publisher", "locator")

_NOTES = (
    ("只填黄色栏；一行一个数。", "Fill in the yellow columns; one figure a row."),
    ("数值可写：53.8　> 90　≤ 33　25.6–33.9　约35；单位写在单元格里也可以，会换算。",
     "A value may read 53.8, > 90, ≤ 33, 25.6–33.9, 约35; a unit in the cell is converted."),
    ("没有数就留空，或写 — 或 /；不要写 0，也不要估。",
     "Leave it empty, or write — or /, where there is none; no 0, no guess."),
    ("来源、发布单位、出处位置必填：没有出处的数不进表。",
     "Source, publisher and locator are required: no figure without its source."),
    ("公开级别：public 公开，internal 内部（不填即内部），draft 草稿。",
     "Release: public, internal (the default) or draft."),
    ("等级：A 官方，B 媒体或转载（不填即 B），C 汇编。", "Reliability: A official, B press or copy (the default), C aggregator."),
    ("公式、宏、外部链接一律不执行；粘贴为数值。", "Formulas, macros and links are never executed; paste values."),
    ("先看会改变什么：xc import 本文件；写入：加 --apply；撤销：xc undo。",
     "See what it changes: xc import FILE; write it: --apply; take it back: xc undo."),
)  # fmt: skip


def write_template(path, *, data: str | os.PathLike | None = None, scope=None, plan=None) -> int:
    """Write the workbook of gaps.

    Parameters
    ----------
    path : path
        Where; a file there is not overwritten.
    data, scope, plan
        As `gaps.gaps`.

    Returns
    -------
    int
        The number of gaps in it.

    Raises
    ------
    InputError
        If the file exists or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise InputError(
            f"{path}: 工作簿是 xlsx；命名为 gaps.xlsx · the workbook is an xlsx: name it gaps.xlsx"
        )
    if os.path.lexists(path):
        raise InputError(
            f"{path}: 已存在，可能已填数；换一个文件名 · is there already and may hold figures: choose another name"
        )
    folder = data_dir(data)
    frame = gaps(scope=scope, plan=plan, data=folder)
    limits = load("indicators", data=folder).set_index("indicator")[["floor", "ceiling"]]
    book = _book(frame, limits)
    try:
        handle, draft = tempfile.mkstemp(prefix=".xc-", suffix=".xlsx", dir=path.parent)
        os.close(handle)
        try:
            book.save(draft)
            os.chmod(draft, 0o644)
            os.link(draft, path)  # fails if the name has been taken meanwhile
        finally:
            os.unlink(draft)
    except FileExistsError:
        raise InputError(
            f"{path}: 已存在；换一个文件名 · is there already: choose another name"
        ) from None
    except OSError as error:
        raise InputError(
            f"{path}: 写不了（{error.strerror or error}）；换一个文件夹 · cannot be written"
            f" ({error.strerror or error}): choose another folder"
        ) from None
    return len(frame)


def _book(frame: pd.DataFrame, limits: pd.DataFrame):
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = DATA_SHEET
    yellow, grey = PatternFill("solid", fgColor="FFF6CC"), PatternFill("solid", fgColor="EFEFEF")
    sheet.append([f"{HEADERS[name][0]} {HEADERS[name][1]}" for name in COLUMNS])
    for number, gap in enumerate(frame.itertuples(index=False), 2):
        row = {
            "indicator": gap.indicator,
            "name": f"{gap.name_zh} {gap.name_en}",
            "scope": frame.attrs["scope"],
            "year": int(gap.year),
            "period": gap.period,
            "unit": gap.unit,
            "basis": "" if ";" in str(gap.basis) else gap.basis,
        }
        for place, name in enumerate(COLUMNS, 1):
            cell = sheet.cell(number, place, row.get(name) or None)
            cell.fill = yellow if name in _TO_FILL else grey if name in _PRESET else PatternFill()
        value = sheet.cell(number, COLUMNS.index("value") + 1)
        value.number_format = "@"  # as typed: 31.80 keeps its zero, no date is made of it
        value.comment = Comment(_hint(gap, limits.loc[gap.indicator]), "xc")
        value.comment.width, value.comment.height = 320, 160
    for place, name in enumerate(COLUMNS, 1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = _WIDTHS.get(name, 13)
        head = sheet.cell(1, place)
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
    for name, words in (("release", "public,internal,draft"), ("reliability", "A,B,C")):
        rule = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
        sheet.add_data_validation(rule)
        letter = get_column_letter(COLUMNS.index(name) + 1)
        rule.add(f"{letter}2:{letter}{max(2, len(frame) + 1)}")
    sheet.freeze_panes = "C2"
    notes = book.create_sheet(NOTES_SHEET)
    notes.column_dimensions["A"].width = notes.column_dimensions["B"].width = 70
    for row in _NOTES:
        notes.append(row)
    for cells in notes.iter_rows():
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    return book


def _hint(gap, limits) -> str:
    lines = [f"单位 unit: {gap.unit}"]
    ends = [
        ("不低于 from", gap.lower, limits["floor"]),
        ("不高于 to", gap.upper, limits["ceiling"]),
    ]
    for words, known, possible in ends:
        if not pd.isna(known):
            lines.append(f"{words} {known:g}（已知界 known bound）")
        elif not pd.isna(possible):
            lines.append(f"{words} {possible:g}")
    if gap.known:
        lines.append(f"现有 known: {gap.known}")
    if gap.changes:
        lines.append(
            f"{gap.grade_now} → {gap.grade_filled}; {gap.verdicts_filled_zh} {gap.verdicts_filled}"
        )
    if isinstance(gap.publication_zh, str):
        places = zip(
            gap.publication_zh.split("; "), gap.where_zh.split("; "),
            gap.place_quality.split("; "), strict=True,
        )  # fmt: skip
        for publication, where, quality in places:
            zh, en = SURENESS[quality]
            lines.append(f"{zh} {en}: {publication}：{where}")
    return "\n".join(lines)
