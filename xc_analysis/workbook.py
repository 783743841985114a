"""The report's workbook: ten sheets of data, with formulas where a number may be changed."""

import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from .documents import Text, repack
from .style import subscripts
from .tables import load
from .targets import shown_sign
from .words import clauses, has_word, tr, unit_name, word

# column of the sheet of indicators: what is computed from target I, latest L and their years
FORMULAS = {
    "margin": '=IF(OR(I{r}="",L{r}=""),"",ROUND(IF(H{r}="=",-ABS(L{r}-I{r}),'
    'IF(OR(H{r}="<",H{r}="≤"),I{r}-L{r},L{r}-I{r})),6))',
    "gap": '=IF(Q{r}="","",MAX(0,-Q{r}))',
    "pace": '=IF(OR(I{r}="",L{r}="",J{r}<=K{r}),"",ROUND((I{r}-L{r})/(J{r}-K{r}),6))',
}
# sheet: its columns, a head before "=" where it is another than the column's name;
# "title_" ends in the language
SHEETS = {
    "indicators": "no category name unit attribute base_year base comparator target target_year "
    "latest_year latest status outturn lower=outturn_lower upper=outturn_upper margin "
    "gap pace verdict reading p p_source grade flags why",
    "annual": "area=scope indicator=name year value lower upper unit status complete=completeness "
    "source=source_id id=indicator",
    "monthly": "indicator=name year month value lower upper unit valid=valid_days days "
    "complete=completeness source=source_id",
    "statements": "chapter locator statement printed recomputed unit=recomputed_unit difference "
    "tolerance verdict=verdict_ why=why_",
    "commitments": "project_id theme=theme_ title=title_ content=content_ quantity unit=unit_ "
    "due=due_year outturn_known=outturn outturn_year note=note_ lead=lead_ responsible_unit completion",
    "assumptions": "id indicator=name first=fit_from last=fit_to method reading why=why_ quality "
    "impact reviewer reviewed=reviewed_on",
    "sources": "id=source_id short=short_ title publisher document=document_no published accessed "
    "reliability",
    "gaps": "no indicator=name last_year status publication=publication_ keeper=keeper_ where=where_",
    "figures": "figure title file rows",
}
VALUES = ("value", "lower", "upper")
NUMBERS = ("base", "latest", "outturn", "outturn_lower", "outturn_upper")
READ_BACK = {"project_id", "responsible_unit", "completion"}  # as `xc import` knows them


def write_workbook(text: Text, path: Path) -> Path:
    """Write the workbook of a report."""
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    book, told = Workbook(), text.told
    book.active.title = word("report.sheet_about")
    for sheet, columns in SHEETS.items():
        page = book.create_sheet(word(f"report.sheet_{sheet}"))
        pairs = [column.partition("=") for column in columns.split()]
        names = [column or head for head, _, column in pairs]
        names = [n + told.lang if n.endswith("_") else n for n in names]
        heads = [
            word(f"column.{head}")
            if head in READ_BACK
            else word(f"report.sheet_head_{head}", year=told.target_year)
            for head, _, _ in pairs
        ]
        rows = _indicators(told) if sheet == "indicators" else _rows(sheet, told)
        _fill(page, heads, [[row.get(name) for name in names] for row in rows])
    _describe(book, text)
    for page in book:
        page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
        page.sheet_properties.pageSetUpPr.fitToPage = True
    properties, day = book.properties, datetime.datetime.fromisoformat(told.last_day)
    properties.title, properties.language = word("report.title"), tr("zh-CN", "en-GB")
    properties.creator = properties.lastModifiedBy = word("report.author")
    properties.created = properties.modified = day
    book.calculation.fullCalcOnLoad = True
    out = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(out, "w")).save()  # book.save would write the time of day
    return repack(zipfile.ZipFile(out), path, {})


def _rows(sheet: str, told) -> Iterator[dict]:
    """Yield the rows of a sheet; a number may come with its decimals."""
    frame = _frame(sheet, told)
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        indicator = row.get("indicator")
        known = told.register.loc[indicator] if indicator else {}
        row["name"] = subscripts(known[f"name_{told.lang}"]) if indicator else None
        digits = known["decimals"] if indicator and row.get("unit") else None
        for column in row.keys() - READ_BACK:
            value = row[column]
            keys = {"scope": f"area.{value}", "status": f"status_short.{value}"}
            keys |= {"completeness": f"completeness.{value}", "method": f"method.{value}"}
            if "unit" in column:
                row[column] = unit_name(value)
            elif column in VALUES:
                row[column] = value, digits
            elif has_word(keys.get(column, "")):
                row[column] = word(keys[column])
        yield row


def _frame(sheet: str, told) -> pd.DataFrame:
    if sheet == "annual":
        stations = load("air/annual").query("scope == '西城区'").assign(source="station")
        rows = load("observations").query("use and period == 'annual'")
        rows = rows[rows["scope"].isin(["西城区", "北京市"])]
        wanted = pd.concat([stations, rows.assign(source="published")])
        parts = []
        for key in wanted.groupby(["indicator", "scope", "source"], sort=False).groups:
            part = told.frame(*key)
            if part is not None:
                named = {"indicator": key[0], "scope": key[1], "unit": part.attrs["unit"]}
                parts.append(part.reset_index().assign(**named).dropna(axis="columns", how="all"))
        frame = pd.concat(parts)
        frame.loc[frame["release"] == "draft", "status"] = "draft"
        return frame
    if sheet == "monthly":
        return load("air/monthly").query("scope == '西城区'")
    if sheet == "statements" and told.lang == "en":
        english = ("chapter", "statement", "printed")
        return told.checked.assign(locator=None, **{c: told.checked[f"{c}_en"] for c in english})
    if sheet == "gaps":
        frame = load("publications")
        facts = [told.fact(name) for name in frame["indicator"]]
        return frame.assign(
            no=frame["indicator"].map(told.card.set_index("indicator")["plan_row"]),
            last_year=[fact and fact.year for fact in facts],
            status=[fact and fact.status for fact in facts],
        )
    if sheet == "figures":
        lines = []
        for path in sorted(told.figures.glob("*.csv")):
            picture, count = told.picture(path.stem), path.read_bytes().count(b"\n") - 1
            line = {"figure": path.stem, "title": picture and picture.text["Title"], "rows": count}
            lines.append(line | {"file": f"figures/{told.lang}/{path.name}"})
        return pd.DataFrame(lines)
    tables = {"statements": told.checked, "commitments": told.promises}
    return tables[sheet] if sheet in tables else load(sheet)


def _indicators(told) -> Iterator[dict]:
    cards = told.card.to_dict("records")
    for line, (row, card) in enumerate(zip(told.rows, cards, strict=True), 2):
        one, last = row["one"], told.fact(row["indicator"])
        before = told.before.loc[row["indicator"]]
        p = before["p_meet"] if pd.notna(before["p_meet"]) else before["p_under_reading"]
        numbers = {name: (card[name], last.decimals if last else None) for name in NUMBERS}
        formulas = {name: Formula(text.format(r=line)) for name, text in FORMULAS.items()}
        texts = {
            "no": card["plan_row"],
            "comparator": shown_sign(card["comparator"]),
            "target": card["target"],
            "status": last.status_word if last else None,
            "reading": told.reading(one),
            "p": (p, 2),
            "p_source": word("report.p_source") if pd.notna(p) else None,
            "flags": clauses(one.flags),
            "why": str(one.why),
        }
        yield card | row | numbers | formulas | texts


class Formula(str):
    """A formula that the workbook computes."""


def _fill(page, heads: list[str], rows: list[list]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    wrap = Alignment(wrap_text=True, vertical="top")
    for line, row in enumerate([heads, *rows], 1):
        for column, value in enumerate(row, 1):
            cell = _put(page.cell(line, column), value)
            if cell.data_type == "s":
                cell.alignment = wrap
    for head, *cells in page.columns:
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="E8EDF2")
        widest = max((_breadth(c.value) for c in cells if c.data_type == "s"), default=0)
        width = max(widest, min(_breadth(head.value), 12)) + 2
        page.column_dimensions[head.column_letter].width = min(max(width, 9), 46)
    page.row_dimensions[1].height = 48
    page.freeze_panes, page.auto_filter.ref, page.print_title_rows = "B2", page.dimensions, "1:1"


def _breadth(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _put(cell, value):
    """Write a value: a number as number, a text as text whatever it begins with."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    value, decimals = value if isinstance(value, tuple) else (value, None)
    if value is None or value == "" or pd.isna(value):
        return cell
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,12}(\.\d+)?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, str) and not isinstance(value, Formula):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:32000]
        if value.startswith(tuple("=+-@＝＋－＠\t\r")):
            cell.data_type, cell.quotePrefix = "s", True
        return cell
    cell.value = value.item() if hasattr(value, "item") else value
    if decimals is not None:
        cell.number_format = "#,##0" + ("." + "0" * int(decimals) if decimals else "")
    return cell


def _describe(book, text: Text) -> None:
    """Write the first sheet: what this is, what became of 14 targets, where things are."""
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    page, told, counts = book.worksheets[0], text.told, text.tables["counts"]
    lines = [word("report.title"), word("report.author"), word("report.data_to", day=told.last_day)]
    lines += [word("report.drafts", year=told.as_of)] if told.drafts else []
    lines += [word("report.internal")] if told.internal else []
    lines += ["", word("report.how_indicators"), word("report.how_commitments"), ""]
    for row in [[line] for line in lines] + [counts["head"], *counts["rows"], []]:
        line = page.max_row + 1
        for column, value in enumerate(row or [" "], 1):
            _put(page.cell(line, column), value)
    for sheet in book.sheetnames[1:]:
        cell = page.cell(page.max_row + 1, 1, sheet)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1", display=sheet)
        cell.font = Font(color="15549A", underline="single")
    page["A2"].font = Font(bold=True, size=14)
    for letter, width in zip("ABCDEFGHIJK", (26, *[17] * 10), strict=True):
        page.column_dimensions[letter].width = width
