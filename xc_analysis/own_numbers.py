"""Put in numbers of your own: the sheet to fill in, its preview, its import, and the way back.

An import is shown first and written whole or not at all. Of each one a copy of what was there is
kept in ``.xc`` of the data folder, and `undo` puts it back byte for byte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from statistics import median

import pandas as pd

from .assessment import registered_assessment, table_2
from .changes import ORDER, cannot_write, commit, edit_table, held, undo, write_file
from .checks import RULES, Pack
from .errors import InputError
from .evidence import series
from .fits import last_year
from .observations import CITY, HOME, area_name, known_scopes, published_rows, station_rows
from .sheets import (
    Cell,
    Quantity,
    Sheet,
    plain_text,
    read_date,
    read_quantity,
    read_sheets,
    unit_name,
)
from .tables import data_dir, load, near, read_sheet, table_names, use_data
from .targets import PLAN, plan_years
from .words import LANGUAGES, Message, error, has_word, language, message, word

__all__ = ["apply_import", "preview_import", "undo", "write_template"]

#: Columns of the sheet with their widths; those from the comparator on are to be filled in.
WIDTHS = {"id": 24, "indicator": 30, "area": 10, "year": 10, "unit": 12, "decides": 30, "where": 44}
WIDTHS |= {"comparator": 8, "value": 11, "lower": 9, "upper": 9, "title": 34, "document_no": 18}
WIDTHS |= {"publisher": 22, "published": 12, "locator": 18, "note": 26}
COLUMNS = tuple(WIDTHS)
FILLED = COLUMNS[7:]

# ---- the sheet to fill in -------------------------------------------------------------------


def write_template(path) -> Path:
    """Write the workbook to fill in: delegated targets first, then missing values."""
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    page.title = word("import.sheet")
    page.append([word("import.heading")])
    page.append([word("import.how_to")])
    lay_out(page, "import", WIDTHS, [*_target_rows(), *_gap_rows()], FILLED)
    add_list(page, COLUMNS.index("comparator") + 1, "<=,<,>=,>,=")
    page.protection.sheet = True
    page.protection.formatColumns = page.protection.formatRows = False
    return save_book(book, path)


def lay_out(page, family: str, widths: dict[str, int], rows: list[dict], filled) -> None:
    """Write heads and rows below what a sheet holds; cells to fill in are yellow and open."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill, Protection

    page.append([word(f"{family}.column.{name}") for name in widths])
    top = page.max_row
    for (name, width), cell in zip(widths.items(), page[top], strict=True):
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE5EE")
        page.column_dimensions[cell.column_letter].width = width
        if family == "import" and has_word(f"import.help.{name}"):
            cell.comment = Comment(word(f"import.help.{name}"), "xc", width=320, height=120)
    for row in rows:
        page.append([row.get(name) for name in widths])
        for name, cell in zip(widths, page[page.max_row], strict=True):
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if name in filled and name not in row.get("closed", ()):
                cell.fill = PatternFill("solid", fgColor="FFF9DB")
                cell.protection = Protection(locked=False)
    page.freeze_panes = f"C{top + 1}"


def add_list(page, column: int, choices: str) -> None:
    """Offer a list of answers in a column's cells."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    offered = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
    page.add_data_validation(offered)
    offered.add(f"{get_column_letter(column)}4:{get_column_letter(column)}{max(page.max_row, 4)}")


def save_book(book, path) -> Path:
    """Write a workbook that does not exist yet, whole or not at all."""
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise error("import.not_xlsx_name", path=path)
    if os.path.lexists(path):
        raise error("import.file_exists", path=path)
    out, draft = io.BytesIO(), path.with_name(f".{path.name}.{os.getpid()}")
    book.save(out)
    try:
        write_file(draft, out.getvalue())
        os.replace(draft, path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise cannot_write(path, fault) from None
    return path


def _name(known, lang: str | None = None) -> str:
    """Return an indicator's name: the plan's, else the register's."""
    plan = known[f"plan_name_{lang or language()}"]
    return plan if isinstance(plan, str) else known[f"name_{lang or language()}"]


def _labels(known, year: int, is_target: bool, lang: str | None = None) -> dict[str, str]:
    """Return the cells that say what a row is about."""
    name, of_period = _name(known, lang), _is_period(known) and not is_target
    return {
        "indicator": word("import.handed_down", lang, name=name) if is_target else name,
        "area": area_name(HOME, lang),
        "year": _plan_span("-") if of_period else str(year),
        "unit": unit_name(known["unit"], lang),
    }


def _is_period(known) -> bool:
    """Tell whether an indicator of the plan counts over its five years, not per year."""
    return str(known["statistic"]).endswith("over period") and pd.notna(known["plan_row"])


def _plan_span(mark: str) -> str:
    base, end = plan_years(PLAN)
    return f"{base + 1}{mark}{end}"


def _delegated() -> pd.DataFrame:
    rows = load("targets")
    rows = rows[(rows["plan"] == PLAN) & (rows["scope"] == HOME) & rows["plan_row"].notna()]
    # a row that got its number by an import still says in print that it is delegated
    known = rows["target_printed"] == "达到市级要求"
    return rows[(rows["kind"] == "delegated") | known].sort_values("plan_row")


def _target_rows() -> list[dict]:
    register, rows = load("indicators").set_index("indicator"), _delegated()
    return [
        _labels(register.loc[row.indicator], row.target_year, True)
        | {"id": row.target_id, "closed": ("lower", "upper"), "where": word("import.where_target")}
        | {"decides": word("import.decides_target", row=row.plan_row)}
        for row in rows[rows["kind"] == "delegated"].itertuples()
    ]


def _gap_rows() -> list[dict]:
    """List each year since the base year without a firm value of the district."""
    register, lang = load("indicators").set_index("indicator"), language()
    places = load("publications")
    own = load("targets").query("plan == @PLAN and scope == @HOME")
    levels = own[own["kind"] == "level"].drop_duplicates("indicator").set_index("indicator")
    base, end = plan_years(PLAN)
    listed = [*table_2()["indicator"], *places["indicator"].unique(), *own["indicator"]]
    rows = []
    for name in dict.fromkeys(listed):
        known, firm = register.loc[name], _firm_years(name)
        where = "; ".join(
            word(
                "import.where",
                **{k: row[f"{k}_{lang}"] for k in ("publication", "keeper", "where")},
            )
            for row in places[places["indicator"] == name].to_dict("records")
        )
        for year in [end] if _is_period(known) else range(base, end + 1):
            if year in firm:
                continue
            decides = word("import.decides_point")
            if year == end and name in levels.index:
                comparator, value, unit = levels.loc[name, ["comparator", "value", "unit"]]
                target = f"{comparator} {value:g} {unit_name(unit)}"
                decides = word("import.decides_verdict", target=target)
            row = {"id": f"{name}@{year}", "decides": decides, "where": where}
            rows.append(_labels(known, year, False) | row | {"closed": ("comparator",)})
    return rows


def _firm_years(name: str) -> set[int]:
    try:
        frame = series(name, partial="observed")
    except InputError:
        return set()
    firm = frame["status"].isin(["printed", "computed", "derived"]) & frame["value"].notna()
    firm &= (frame["release"] != "draft") & (frame["completeness"] != "partial")
    return set(frame.index[firm])


# ---- what a filled sheet says ---------------------------------------------------------------


@dataclass
class Preview:
    """What an import would do, or did.

    ``faults`` must be mended; ``questions`` are written only with ``accept_unlikely``. ``edits``
    are cells by table and key of the row, ``origin`` the cell of the file that each row is from.
    """

    path: Path
    accept_unlikely: bool = False
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    edits: dict[str, dict[str, dict]] = field(default_factory=lambda: {name: {} for name in ORDER})
    origin: dict[tuple[str, str], str] = field(default_factory=dict)
    indicators: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    written: bool = False

    @property
    def problems(self) -> list[str]:
        """What keeps it from being written."""
        return self.faults + ([] if self.accept_unlikely else self.questions)

    def fault(self, place: str, said: Message | InputError) -> None:
        """Note what is wrong with a cell, once."""
        if f"{place}: {said}" not in self.faults:
            self.faults.append(f"{place}: {said}")

    def edit(self, table: str, key: str, cells: dict, place: str) -> None:
        """Change cells of a table's row, or add it."""
        self.edits[table].setdefault(key, {}).update(cells)
        self.origin[table, key] = place

    def __str__(self) -> str:
        lines = [word("import.read", path=self.path.name, rows=self.rows)]
        lines += [word("import.fault_line", text=line) for line in self.faults]
        lines += [word("import.question_line", text=line) for line in self.questions]
        lines += self.changes
        if self.files:
            moved = "import.verdicts_move" if self.verdicts else "import.no_verdict_moves"
            lines += [word(moved), *(f"  {line}" for line in self.verdicts)]
        if figures := _figures_with(self.indicators):
            lines.append(word("import.figures", names=", ".join(figures)))
        if self.written:
            lines.append(word("import.written"))
        elif self.faults:
            lines.append(word("import.mend", count=len(self.faults)))
        elif self.problems:
            lines.append(word("import.accept", count=len(self.questions)))
        else:
            lines.append(word("import.apply" if self.files else "import.nothing"))
        return "\n".join(lines)


def preview_import(path, *, accept_unlikely: bool = False) -> Preview:
    """Tell what a filled-in file would change, with all its problems; write nothing."""
    preview, sheets = Preview(Path(path), accept_unlikely), read_sheets(path)
    shown = [sheet for sheet in sheets if not sheet.hidden]
    numbers = [sheet for sheet in shown if find_header(sheet, "import", ("id", "value", "title"))]
    commitments = [sheet for sheet in shown if find_header(sheet, "", RETURNED)]
    if not numbers and not commitments:
        raise error("import.other_layout", path=path)
    for sheet in sheets:
        if numbers and sheet.rows and sheet is not numbers[0]:
            key = "import.hidden_sheet" if sheet.hidden else "import.sheet_not_read"
            preview.questions.append(word(key, name=sheet.name))
    if numbers:
        _read_numbers(preview, numbers[0])
    else:
        _read_commitments(preview, commitments[0])
    return finish_preview(preview)


def apply_import(path, *, accept_unlikely: bool = False) -> Preview:
    """Write what a filled-in file says, whole or not at all: not while it has problems."""
    with held():
        return write_preview(preview_import(path, accept_unlikely=accept_unlikely))


def find_header(sheet: Sheet, family: str, names) -> tuple[int, dict[str, int]] | None:
    """Find the row that holds all these heads of a layout; return its number and all columns."""
    every = {"import": COLUMNS}.get(family, names)
    prefix = f"{family}.column." if family else "column."
    known = {plain_text(word(prefix + k, lang)).lower(): k for k in every for lang in LANGUAGES}
    for number, cells in list(sheet.rows.items())[:12]:
        heads = {column: cell.text.lower() for column, cell in cells.items()}
        place = {known.get(head, head): column for column, head in heads.items()}
        if set(names) <= set(place):
            return number, {name: place[name] for name in every if name in place}
    return None


def row_cells(number: int, cells: dict[int, Cell], place: dict[str, int], names) -> dict[str, Cell]:
    """Return the cells of a row by name; one that is empty has its address."""
    from openpyxl.utils import get_column_letter

    row = {name: Cell(f"{get_column_letter(place.get(name, 1))}{number}") for name in names}
    return row | {name: cells[column] for name, column in place.items() if column in cells}


# words that say that a figure is not a whole year's value of the row's area
_MEANING = (
    "目标|预测|预计|预期|计划|拟定|力争|累计|上半年|下半年|季度|前三季|最大|最小|最高|最低|百分位"
)
_MEANING += "|其中|初步|快报|未审|同比|环比|增幅|降幅|估算|估计|日均|月均|小时|峰值|中位|人均|未来"
_MEANING += r"|\b(?:target|forecast|projected|planned|expected|cumulative|first half|second half"
_MEANING += r"|quarter|maximum|minimum|max|min|percentile|of which|preliminary|provisional"
_MEANING += r"|estimated?|per capita|year to date|ytd|[qh][1-4])\b"
_WORDS = re.compile(_MEANING, re.IGNORECASE)
_COUNT = "([0-9一二三四五六七八九十]{1,3})"
_MONTHS = re.compile(f"{_COUNT}月? ?[-~至到—–] ?{_COUNT}月")
# words of a target mean no harm in its own row, nor those of a sum where the plan asks for one
_OF_TARGETS = ("目标", "计划", "预期", "力争", "target", "planned")
_OF_SUMS = ("累计", "cumulative")
_OF_PERCENTILES = ("百分位", "percentile", "最大", "maximum", "小时", "日均")
_BODIES = re.compile(r"[\u4e00-\u9fff]{0,12}(?:局|委员会|中心|政府|公报|年鉴|办公室)")


def find_meaning(text: str, *, allowed=(), areas: bool = True) -> str:
    """Return the first word that says a figure is something else than the row says; else nothing.

    Names of areas count where `areas` is true, but not those of bodies and their publications.
    """
    text = Cell("", text).text
    found = [match[0] for match in _WORDS.finditer(text) if match[0].lower() not in allowed]
    found += [
        match[0]
        for match in _MONTHS.finditer(text)
        if match.groups() not in (("1", "12"), ("一", "十二"))
    ]
    if areas:
        bare = _BODIES.sub("", text)
        found += [name for name in _other_areas() if name in bare]
    return found[0] if found else ""


@cache
def _other_areas() -> tuple[str, ...]:
    """List the names of areas other than the district's own, short and in English."""
    others = [scope for scope in known_scopes() if scope not in (HOME, CITY)]
    short = [re.sub("[区市县]$", "", scope) for scope in others]
    names = ["全市", "全国", "街道", *short, *(area_name(scope, "en") for scope in others)]
    return tuple(name for name in names if len(name) > 1)


def _read_numbers(preview: Preview, sheet: Sheet) -> None:
    """Read the rows of the template into a preview; note every problem."""
    top, place = find_header(sheet, "import", ("id", "value", "title"))
    reader = _Reader(preview)
    only_targets = True
    for number, cells in sheet.rows.items():
        row = row_cells(number, cells, place, COLUMNS)
        if number <= top or not any(row[name].text for name in FILLED):
            continue
        preview.rows += 1
        reader.read(row)
        only_targets &= reader.is_target
        for column in cells.keys() - place.values():
            head = sheet.rows[top].get(column, Cell("")).text
            text = f"{head} {cells[column].text}"
            if found := find_meaning(text, allowed=_OF_TARGETS * reader.is_target):
                said = message("import.word_in_extra", column=head or column, word=found)
                preview.questions.append(f"{cells[column].place}: {said}")
    for key, name in (("file_name", preview.path.stem), ("sheet_name", sheet.name)):
        name = name.replace("_", " ")
        if found := find_meaning(name, allowed=_OF_TARGETS * only_targets):
            what = word(f"import.{key}")
            preview.questions.append(word("import.word_in_name", what=what, word=found))


class _Reader:
    """Read rows of the template one by one into a preview."""

    def __init__(self, preview: Preview):
        self.preview, self.seen = preview, {}
        self.years = {str(year) for year in range(1990, date.today().year + 1)}
        self.register = load("indicators").set_index("indicator")
        self.delegated = _delegated().set_index("target_id")
        self.observations, self.sources = load("observations"), load("sources")
        self.values = cache(known_values)
        self.publishers = set(load("publishers")["publisher"])

    def fault(self, column: str, key: str, /, **values) -> None:
        """Note what is wrong with a cell."""
        self.preview.fault(self.row[column].place, message(key, **values))

    def ask(self, column: str, key: str, /, **values) -> None:
        """Note what must be confirmed."""
        self.preview.questions.append(f"{self.row[column].place}: {message(key, **values)}")

    def read(self, row: dict[str, Cell]) -> None:
        """Read one row."""
        before = len(self.preview.faults)
        self.row, self.text = row, {name: cell.text for name, cell in row.items()}
        key = self.text["id"]
        name, at, year = key.partition("@")
        self.is_target = not at
        if key in self.delegated.index:
            name, year = self.delegated.loc[key, ["indicator", "target_year"]]
        elif name not in self.register.index or year not in self.years:
            hint = near(name, [*self.register.index, *self.delegated.index])
            return self.fault("id", "import.unknown_id", text=key[:40], near=hint)
        self.year, self.known = int(year), self.register.loc[name]
        if key in self.seen:
            self.fault("id", "import.twice", other=self.seen[key])
        self.seen.setdefault(key, row["id"].place)
        self._check_texts()
        amount = self._amount()
        if amount is None or len(self.preview.faults) > before:
            return None
        self.preview.indicators.add(name)
        return self._target(key, amount) if self.is_target else self._value(amount)

    def _check_texts(self) -> None:
        """Hold all cells but the numbers to what the row's id and the tables ask."""
        for cell in self.row.values():
            for said in cell.faults:
                self.preview.fault(cell.place, said)
        labels = [_labels(self.known, self.year, self.is_target, lang) for lang in LANGUAGES]
        for name in labels[0]:
            wanted = {plain_text(label[name]).lower() for label in labels}
            if self.text[name] and self.text[name].lower() not in wanted:
                here = _labels(self.known, self.year, self.is_target)[name]
                self.fault(name, "import.label_changed", text=self.text[name][:30], wanted=here)
        for name in ["title", "publisher", "published"] + ["locator"] * (not self.is_target):
            if not self.text[name]:
                self.fault(name, "import.needed", name=word(f"import.column.{name}"))
        for name in ("title", "document_no", "publisher", "locator", "note"):
            if is_odd(self.text[name]):
                self.fault(name, "import.odd_text")
        allowed = _OF_TARGETS * self.is_target + _OF_SUMS * _is_period(self.known)
        allowed += _OF_PERCENTILES * str(self.known["statistic"]).startswith("p9")
        for name in ("title", "locator", "note", "decides", "where"):
            own = _OF_TARGETS * (name in ("decides", "where"))  # the template's words
            areas = name in ("locator", "note")
            if found := find_meaning(self.text[name], allowed=allowed + own, areas=areas):
                self.ask(name, "import.word_with_meaning", word=found)
        if self.text["published"]:
            try:
                self.text["published"] = read_date(self.row["published"].value)
            except InputError as refused:
                self.preview.fault(self.row["published"].place, refused)

    def _amount(self) -> Quantity | None:
        """Read value, lower and upper; ask about what lies far from its neighbours."""
        unit, got = self.known["unit"], {}
        for name in ("value", "lower", "upper"):
            cell = self.row[name]
            try:
                got[name] = read_quantity(cell.value, unit, percent=cell.percent) or Quantity()
            except InputError as refused:
                if not cell.faults:
                    self.preview.fault(cell.place, refused)
        if len(got) < 3:
            return None
        main, low, high = got["value"], got["lower"].value, got["upper"].value
        if main.lower is not None or main.upper is not None:
            if self.is_target or low is not None or high is not None:
                self.fault("value", "import.range_twice")
            low, high = main.lower, main.upper
        numbers = [n for n in (low, main.value, high) if n is not None]
        if not numbers or self.is_target and main.value is None:
            return self.fault("value", "import.needed", name=word("import.column.value"))
        shown = " – ".join(map(str, numbers))
        if numbers != sorted(numbers):
            self.fault("value", "import.range_falls", text=shown)
        floor, ceiling = self.known["floor"], self.known["ceiling"]
        if unit == "d" and self.year % 4:
            ceiling = min(ceiling, 365)
        if float(numbers[0]) < floor:
            self.fault("value", "import.below_floor", value=numbers[0], floor=f"{floor:g}")
        if float(numbers[-1]) > ceiling:
            self.fault("value", "import.above_ceiling", value=numbers[-1], ceiling=f"{ceiling:g}")
        is_change = str(self.known["statistic"]).startswith("change")
        if is_change and numbers[-1] > 0 and self.known["better"] == "lower":
            self.ask("value", "import.fall_is_negative", value=numbers[-1])
        around = neighbours(self.values(self.known.name), self.year)
        if any(is_unlikely(float(number), around, self.known) for number in numbers):
            told = ", ".join(f"{year} {v:g}" for year, v in sorted(around.items()))
            said = {"value": shown, "unit": unit_name(unit), "neighbours": told}
            self.ask("value", "import.unlikely", **said)
        return Quantity(main.value, low, high, main.about)

    def _source(self) -> str:
        """Return the id of the source; add it where the tables have none like it."""
        title, publisher, when = (self.text[k] for k in ("title", "publisher", "published"))
        rows = self.sources
        same = (rows["title"] == title) & (rows["publisher"] == publisher)
        same &= rows["published"].fillna("") == when
        if same.any():
            return rows.loc[same, "source_id"].iloc[0]
        marks = "\n".join((title, publisher, when, self.text["document_no"]))
        name = f"own-{hashlib.sha256(marks.encode()).hexdigest()[:8]}"
        is_known = publisher in self.publishers
        if not is_known:
            self.preview.edit("publishers", publisher, {}, self.row["publisher"].place)
        row = {"title": title, "publisher": publisher, "published": when}
        row |= {"document_no": self.text["document_no"], "reliability": "A" if is_known else "B"}
        for lang in LANGUAGES:
            row[f"via_{lang}"] = word("import.via", lang)
            shown = word("import.short", lang, year=when[:4])
            row[f"short_{lang}"] = title if lang == "zh" or is_in(lang, title) else shown
        self.preview.edit("sources", name, row, self.row["title"].place)
        return name

    def _target(self, key: str, amount: Quantity) -> None:
        """Turn a delegated row into one with the number handed down."""
        sign = self.text["comparator"].replace("≤", "<=").replace("≥", ">=")
        better = self.known["better"]
        if sign not in ("<", "<=", ">", ">=", "="):
            return self.fault("comparator", "import.comparator")
        if (better, sign[0]) in (("lower", ">"), ("higher", "<")):
            said = {"comparator": sign, "better": message(f"import.better_{better}")}
            return self.fault("comparator", "import.wrong_direction", **said)
        value = format(amount.value, "f")
        where = self.text["locator"] or self.text["document_no"] or self.text["title"]
        cells = {"kind": "level", "comparator": sign, "value": value, "reading": ""}
        cells |= {"source_id": self._source(), "locator": where}
        cells |= _notes(self.text["note"], "import.target_note")
        self.preview.edit("targets", key, cells, self.row["id"].place)
        said = {"row": self.delegated.loc[key, "plan_row"], "name": _name(self.known)}
        said["target"] = f"{sign} {value} {unit_name(self.known['unit'])}"
        return self.preview.changes.append(word("import.target_change", **said))

    def _value(self, amount: Quantity) -> None:
        """Add an observation; one in use for the same year steps back."""
        known, name, rows = self.known, self.known.name, self.observations
        period = _plan_span("..") if _is_period(known) else "annual"
        rows = rows[(rows["indicator"] == name) & (rows["scope"] == HOME) & rows["use"]]
        rows = rows[rows["statistic"] == known["statistic"]]
        source, replaces = self._source(), ""
        ends = {"value": amount.value, "lower": amount.lower, "upper": amount.upper}
        cells = {k: "" if v is None else format(v, "f") for k, v in ends.items()}
        for old in rows[(rows["year"] == self.year) & (rows["period"] == period)].to_dict(
            "records"
        ):
            was = {k: None if old[k] != old[k] else old[k] for k in ends}
            if source == old["source_id"] and was == {k: v and float(v) for k, v in ends.items()}:
                said = word("import.already", name=_name(known), year=self.year)
                return self.preview.changes.append(said)
            change = {"use": "false"}
            for lang in LANGUAGES:
                note, said = old[f"note_{lang}"], word("import.replaced_note", lang)
                change[f"note_{lang}"] = f"{note}; {said}" if isinstance(note, str) else said
            self.preview.edit("observations", old["obs_id"], change, self.row["id"].place)
            shown = " – ".join(f"{n:g}" for n in was.values() if n is not None)
            replaces = word("import.replaces", old=shown)
        key = f"own_{name}_{self.year}"
        while key in set(self.observations["obs_id"]):
            key += "_b"
        # the boundary of what was published last holds for the new value
        last = rows[rows["period"] == "annual"].sort_values("year")["basis"].to_list()[-1:]
        basis = (last or ["district"])[0] if period == "annual" else "plan-total"
        is_bound = amount.value is None
        row = {"scope": HOME, "indicator": name, "year": str(self.year), "period": period, **cells}
        row |= {"statistic": known["statistic"], "unit": known["unit"], "source_id": source}
        row |= {"status": "bound" if is_bound else "printed", "release": "internal", "use": "true"}
        row |= {"basis": basis, "locator": self.text["locator"]}
        row |= {"derivation": (cells["upper"] or cells["lower"]) if is_bound else ""}
        row |= _notes(self.text["note"], "import.about_note" if amount.about else "")
        self.preview.edit("observations", key, row, self.row["value"].place)
        shown = cells["value"] or f"{cells['lower'] or '…'} – {cells['upper'] or '…'}"
        said = {"name": _name(known), "area": area_name(HOME), "year": self.year}
        said |= {"value": shown, "unit": unit_name(known["unit"]), "replaces": replaces}
        return self.preview.changes.append(word("import.value_change", **said))


def is_odd(text: str) -> bool:
    """Tell whether a text could be taken for a formula, or holds an address."""
    return text[:1] in tuple("=+-@") or bool(re.search(r"://|\bwww\.", text, re.IGNORECASE))


def is_in(lang: str, text: str) -> bool:
    """Tell whether a text is in a language: with Chinese characters, or without."""
    return any("\u4e00" <= c <= "\u9fff" for c in text) == (lang == "zh")


def _notes(text: str, key: str = "") -> dict[str, str]:
    """Return the two note columns: a sentence of our own, and a note in its own language."""
    notes = {}
    for lang in LANGUAGES:
        parts = (word(key, lang) if key else "", text if is_in(lang, text) else "")
        notes[f"note_{lang}"] = "; ".join(part for part in parts if part)
    return notes


# ---- how likely a figure is -----------------------------------------------------------------

#: A figure is asked about beyond these: years looked at, times the register's scatter, the
#: least and the most factor, points of a share, decibels.
NEAR_YEARS, SCATTERS, LEAST_FACTOR, MOST_FACTOR, POINTS, DECIBELS = 5, 6.0, 2.5, 6.0, 10.0, 5.0


def known_values(indicator: str) -> dict[int, float]:
    """Return a series by year as published or computed; a station year goes before a print."""
    known = load("indicators").set_index("indicator", drop=False).loc[indicator]
    parts = (published_rows(known, HOME)["value"], station_rows(indicator, HOME)["value"])
    return {int(year): v for part in parts for year, v in part.items() if v == v}


def neighbours(values: dict[int, float], year: int) -> dict[int, float]:
    """Return the values nearest in time: those of five years either way, else the one nearest."""
    by_distance = sorted(values, key=lambda y: (abs(y - year), y))
    close = [y for y in by_distance if abs(y - year) <= NEAR_YEARS][:NEAR_YEARS]
    return {y: values[y] for y in close or by_distance[:1]}


def is_unlikely(value: float, around: dict[int, float], known) -> bool:
    """Tell whether a value lies so far from its neighbours that it must be asked about.

    A share is held against points (ten, or six times the register's scatter), a sound level
    against five decibels, any other against a factor: 2.5, or six times the scatter, at most 6.
    """
    if not around:
        return False
    middle, unit = median(around.values()), known["unit"]
    scatter = SCATTERS * known["prior_sd"]
    if unit == "dB(A)":
        return abs(value - middle) > DECIBELS
    factor = math.log(MOST_FACTOR)
    if unit in ("%", "pp"):
        share = min(max(middle / 100, 0.0), 1.0)
        wide = scatter * 100 * share * (1 - share)
        if abs(value - middle) > (max(POINTS, wide) if wide == wide else POINTS):
            return True
    elif scatter == scatter:
        factor = min(max(math.log(LEAST_FACTOR), scatter), factor)
    least = {"d": 0.5, "count": 0.5, "%": 0.1}.get(unit, 0.0)
    if known["floor"] != 0:
        return False
    if min(value, middle) + least <= 0:
        return value != middle
    return abs(math.log((value + least) / (middle + least))) > factor


# ---- commitments of the report's workbook ---------------------------------------------------

RETURNED = ("project_id", "completion", "responsible_unit")


def _read_commitments(preview: Preview, sheet: Sheet) -> None:
    """Read completion and responsible unit back from the report's workbook."""
    top, place = find_header(sheet, "", RETURNED)
    known = load("projects").set_index("project_id")
    for number, cells in sheet.rows.items():
        row = row_cells(number, cells, place, RETURNED)
        key = row["project_id"].text
        if number <= top or not key:
            continue
        if key not in known.index:
            said = message("import.unknown_project", text=key[:40], near=near(key, known.index))
            preview.fault(row["project_id"].place, said)
            continue
        for name in RETURNED[1:]:
            cell, old = row[name], known.loc[key, name]
            if cell.text in ("", plain_text(str(old))):  # an empty cell says nothing
                continue
            odd = [message("import.odd_text")] * is_odd(cell.text)
            for said in (*cell.faults, *odd):
                preview.fault(cell.place, said)
            preview.rows += 1
            preview.edit("projects", key, {name: cell.text}, cell.place)
            said = {"id": key, "name": word(f"column.{name}"), "new": cell.text}
            said["old"] = old if isinstance(old, str) else "—"
            preview.changes.append(word("import.project_change", **said))


# ---- what would follow ----------------------------------------------------------------------


def finish_preview(preview: Preview) -> Preview:
    """Fill in what follows from its edits: the tables, broken rules, verdicts that move."""
    folder = data_dir()
    edited = {name: folder / f"{name}.csv" for name in ORDER if preview.edits[name]}
    if not edited:
        return preview
    files = {name: edit_table(path, preview.edits[name]) for name, path in edited.items()}
    try:
        with tempfile.TemporaryDirectory(prefix="xc-import-") as place:
            copy = Path(place) / "data"
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
            for name, content in files.items():
                (copy / f"{name}.csv").write_bytes(content)
            preview.faults += _new_offences(folder, copy, preview.origin)
            if not preview.faults:
                preview.verdicts = _moved_verdicts(folder, copy, preview.indicators)
                preview.files = files
    except (OSError, shutil.Error) as fault:
        raise cannot_write(tempfile.gettempdir(), fault) from None
    return preview


def write_preview(preview: Preview) -> Preview:
    """Write the tables of a preview that has no problem; the folder is held."""
    if preview.files and not preview.problems:
        commit(data_dir().resolve(), preview.files, preview.path.name)
        preview.written = True
    return preview


def _new_offences(folder: Path, copy: Path, origin: dict) -> list[str]:
    """Tell which rules of the tables a change would break, each at the cell it came from."""
    before, told = _offences(folder), []
    for (table, column, value, problem), found in _offences(copy).items():
        if (table, column, value, problem) in before:
            continue
        sheet = read_sheet(table, (copy / f"{table}.csv").read_bytes()).cells
        key = sheet.loc[found.line].iloc[0] if found.line in sheet.index else ""
        place = origin.get((table, key), f"{table}.csv {key}")
        told.append(f"{place}: {column}: {problem}: {found.remedy}")
    return told


def _offences(folder: Path) -> dict[tuple, object]:
    """Check the tables that an import writes and those that they refer to."""
    names = [name for name in table_names() if not name.startswith("air/")]
    paths = {name: folder / f"{name}.csv" for name in names}
    sheets = {n: read_sheet(n, path.read_bytes()) for n, path in paths.items() if path.exists()}
    found = [offence for sheet in sheets.values() for offence in sheet.offences]
    for rule in RULES:
        with contextlib.suppress(KeyError):  # a rule about tables that are not looked at here
            found += rule(Pack(folder, sheets))
    return {(one.table, one.column, one.value, str(one.problem)): one for one in found}


def _verdicts(indicators) -> dict[str, str]:
    """Judge indicators of Table 2 as of the plan's base year and as of now."""
    lines = table_2().set_index("indicator", drop=False)
    base, end = plan_years(PLAN)
    told = {}
    for name in lines.index.intersection(sorted(indicators), sort=False):
        for year in (base, max(last_year(), end)):
            found = registered_assessment(name, as_of=year)
            under = f" ({found.under_reading.label()})" if found.under_reading else ""
            title = f"{int(lines.loc[name, 'plan_row'])} {_name(lines.loc[name])} ({year})"
            told[title] = found.label() + under
    return told


def _moved_verdicts(folder: Path, copy: Path, indicators) -> list[str]:
    """Judge the indicators concerned with the tables changed; tell what differs."""
    from . import tables

    before, in_use = _verdicts(indicators), tables._folder
    use_data(copy)
    try:
        after = _verdicts(indicators)
    finally:
        use_data(in_use)
    return [f"{name}: {old} → {after[name]}" for name, old in before.items() if after[name] != old]


def _figures_with(indicators) -> list[str]:
    """Name the figures of the notebooks that speak of these indicators."""
    found = []
    for path in sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        if any(re.search(rf"\b{re.escape(name)}\b", text) for name in indicators):
            found += re.findall(r"""@xc\.figure\(\\?["']([a-z0-9_]+)""", text)
    return found
