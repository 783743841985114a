"""Put in numbers of your own: the sheet to fill in, its preview, its import, and the way back.

An import is shown first and written whole or not at all. Of each one a copy of what was there is
kept in ``.xc`` of the data folder, and `undo` puts it back byte for byte.
"""

import contextlib
import hashlib
import io
import math
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from statistics import median

import pandas as pd

from . import sheets, tables
from .assessment import registered_assessment, table_2
from .changes import commit, edit_table, held, write_file, writing
from .checks import RULES, Pack
from .errors import InputError
from .evidence import series
from .fits import last_year
from .observations import CITY, HOME, known_scopes, published_rows, station_rows
from .sheets import Cell, Quantity, Sheet, plain_text, read_rows
from .tables import Offence, data_dir, load, near, read_sheet, table_names, use_data
from .targets import PLAN, plan_years, shown_level
from .words import LANGUAGES, Message, area_name, clauses, error, has_word, language, message, word

#: Columns of the sheet with their widths; those from the comparator on are to be filled in.
WIDTHS = {"id": 24, "indicator": 30, "area": 10, "year": 10, "unit": 12, "decides": 30, "where": 44}
WIDTHS |= {"comparator": 8, "value": 11, "lower": 9, "upper": 9, "title": 34, "document_no": 18}
WIDTHS |= {"publisher": 22, "published": 12, "locator": 18, "note": 26}
COLUMNS = tuple(WIDTHS)
FILLED = COLUMNS[7:]
#: Columns of the report's workbook that are read back: the row's key, then what is filled in.
RETURNED = ("project_id", "completion", "responsible_unit")


def write_template(path) -> Path:
    """Write the workbook to fill in: delegated targets first, then missing values."""
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    page.title = word("import.sheet")
    page.append([word("import.heading")])
    page.append([word("import.how_to")])
    lay_out(page, "import", WIDTHS, list(_template_rows()), FILLED, {"comparator": "<=,<,>=,>,="})
    page.protection.sheet = True
    page.protection.formatColumns = page.protection.formatRows = False
    return save_book(book, path)


def lay_out(page, family: str, widths: dict[str, int], rows: list[dict], filled, choices) -> None:
    """Write heads and rows from the third line; cells to fill in are yellow, open, some a list."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill, Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    page.append([word(f"{family}.column.{name}") for name in widths])
    for row in rows:
        page.append([row.get(name) for name in widths])
    columns = zip(widths.items(), page.iter_cols(min_row=3), strict=True)
    for (name, width), (head, *cells) in columns:
        letter = head.column_letter
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DDE5EE")
        page.column_dimensions[letter].width = width
        if family == "import" and has_word(f"import.help.{name}"):
            head.comment = Comment(word(f"import.help.{name}"), "xc", width=320, height=120)
        for row, cell in zip(rows, cells, strict=True):
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if name in filled and name not in row.get("closed", ()):
                cell.fill = PatternFill("solid", fgColor="FFF9DB")
                cell.protection = Protection(locked=False)
        if name in choices:
            offered = DataValidation(type="list", formula1=f'"{choices[name]}"', allow_blank=True)
            offered.add(f"{letter}4:{letter}{max(page.max_row, 4)}")
            page.add_data_validation(offered)
    page.freeze_panes = "C4"


def save_book(book, path) -> Path:
    """Write a workbook that does not exist yet, whole or not at all."""
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise error("import.not_xlsx_name", path=path)
    if os.path.lexists(path):
        raise error("import.file_exists", path=path)
    out, draft = io.BytesIO(), path.with_name(f".{path.name}.{os.getpid()}")
    book.save(out)
    with writing(path):
        try:
            write_file(draft, out.getvalue())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    return path


def _register() -> dict[str, dict]:
    """Return the indicators in the plan's words; some count over its five years, not per year."""
    rows = load("indicators").set_index("indicator", drop=False)
    for lang in LANGUAGES:
        rows[f"name_{lang}"] = rows[f"plan_name_{lang}"].fillna(rows[f"name_{lang}"])
    rows["is_period"] = rows["statistic"].str.endswith("over period") & rows["plan_row"].notna()
    return rows.to_dict("index")


def _labels(line: dict, lang: str | None = None) -> dict[str, str]:
    """Return the cells that say what a row is about: an indicator, its year, maybe its target."""
    name, (base, end) = line[f"name_{lang or language()}"], plan_years(PLAN)
    is_span = line["is_period"] and not line["is_target"]
    return {
        "indicator": word("import.handed_down", lang, name=name) if line["is_target"] else name,
        "area": area_name(HOME, lang),
        "year": f"{base + 1}-{end}" if is_span else str(line["year"]),
        "unit": sheets.unit_name(line["unit"], lang),
    }


def _delegated() -> dict[str, dict]:
    own = load("targets").query("plan == @PLAN and scope == @HOME and plan_row.notna()")
    # a row that got its number by an import still says in print that it is delegated
    own = own.query("kind == 'delegated' or target_printed == '达到市级要求'")
    return own.sort_values("plan_row").set_index("target_id").to_dict("index")


def _template_rows() -> Iterator[dict]:
    register, places, (base, end) = _register(), load("publications"), plan_years(PLAN)
    for key, target in _delegated().items():
        if target["kind"] == "delegated":
            line = {"year": target["target_year"], "is_target": True}
            row = _labels(register[target["indicator"]] | line) | {"id": key}
            row |= {"decides": word("import.decides_target", row=target["plan_row"])}
            yield row | {"where": word("import.where_target"), "closed": ("lower", "upper")}
    own = load("targets").query("plan == @PLAN and scope == @HOME")
    levels = own.query("kind == 'level'").drop_duplicates("indicator").set_index("indicator")
    for name in dict.fromkeys([*table_2()["indicator"], *places["indicator"], *own["indicator"]]):
        known, firm, where = register[name], set(), []
        with contextlib.suppress(InputError):  # nothing is on record
            frame = series(name, partial="observed")
            is_firm = frame["status"].isin(["printed", "computed", "derived"])
            is_firm &= frame["value"].notna() & (frame["release"] != "draft")
            firm.update(frame.index[is_firm & (frame["completeness"] != "partial")])
        for place in places[places["indicator"] == name].to_dict("records"):
            kinds = ("publication", "keeper", "where")
            where.append(word("import.where", **{k: place[f"{k}_{language()}"] for k in kinds}))
        for year in [end] if known["is_period"] else range(base, end + 1):
            if year not in firm:
                decides = word("import.decides_point")
                if year == end and name in levels.index:
                    comparator, value, unit = levels.loc[name, ["comparator", "value", "unit"]]
                    target = shown_level(comparator, f"{value:g}", unit)
                    decides = word("import.decides_verdict", target=target)
                row = _labels(known | {"year": year, "is_target": False})
                row |= {"id": f"{name}@{year}", "decides": decides, "where": clauses(where)}
                yield row | {"closed": ("comparator",)}


@dataclass
class Preview:
    """What an import would do, or did."""

    path: Path
    accept_unlikely: bool = False
    rows: int = 0
    faults: list[str] = field(default_factory=list)  # must be mended
    questions: list[str] = field(default_factory=list)  # are written only with `accept_unlikely`
    changes: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    # cells by table and key of the row, and the rows of the file that each edit is from
    edits: dict[str, dict] = field(default_factory=lambda: defaultdict(dict))
    origin: dict[tuple[str, str], list] = field(default_factory=lambda: defaultdict(list))
    indicators: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    written: bool = False

    @property
    def problems(self) -> list[str]:
        """What keeps it from being written."""
        return self.faults + ([] if self.accept_unlikely else self.questions)

    def fault(self, cell: Cell, *said: Message | InputError | str) -> None:
        """Note what is wrong with a cell, once."""
        for line in (f"{cell.place}: {one}" for one in said):
            if line not in self.faults:
                self.faults.append(line)

    def ask(self, cell: Cell, said: Message) -> None:
        """Note what must be confirmed."""
        self.questions.append(f"{cell.place}: {said}")

    def edit(self, table: str, key: str, cells: dict, row: dict[str, Cell]) -> None:
        """Change cells of a table's row, or add it, for a row of the file."""
        self.edits[table].setdefault(key, {}).update(cells)
        self.origin[table, key].append(row)

    def __str__(self) -> str:
        moved = "import.verdicts_move" if self.verdicts else "import.no_verdict_moves"
        figures = []
        for path in sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb")):
            text = path.read_text(encoding="utf-8")
            if any(re.search(rf"\b{re.escape(name)}\b", text) for name in self.indicators):
                figures += re.findall(r"""@xc\.figure\(\\?["']([a-z0-9_]+)""", text)
        end = "import.apply" if self.files else "import.nothing"
        if self.problems:
            end = "import.mend" if self.faults else "import.accept"
        if self.written:
            end = "import.written"
        lines = [
            word("import.read", path=self.path.name, rows=self.rows),
            *(word("import.fault_line", text=line) for line in self.faults),
            *(word("import.question_line", text=line) for line in self.questions),
            *self.changes,
            *([word(moved), *(f"  {line}" for line in self.verdicts)] if self.files else ()),
            *([word("import.figures", names=", ".join(figures))] if figures else ()),
            word(end, count=len(self.faults or self.questions)),
        ]
        return "\n".join(lines)


def preview_import(path, *, accept_unlikely: bool = False) -> Preview:
    """Tell what a filled-in file would change, with all its problems; write nothing."""
    preview, pages = Preview(Path(path), accept_unlikely), sheets.read_sheets(path)
    shown = [page for page in pages if not page.hidden]
    for sheet, rows in read_rows(shown, "import.column.", COLUMNS, ("id", "value", "title")):
        for other in pages:
            if other.rows and other is not sheet:
                key = "import.hidden_sheet" if other.hidden else "import.sheet_not_read"
                preview.questions.append(word(key, name=other.name))
        _read_numbers(preview, sheet, rows)
        return finish_preview(preview)
    for _, rows in read_rows(shown, "column.", RETURNED, RETURNED):
        _read_commitments(preview, rows)
        return finish_preview(preview)
    raise error("import.other_layout", path=path)


def apply_import(path, *, accept_unlikely: bool = False) -> Preview:
    """Write what a filled-in file says, whole or not at all: not while it has problems."""
    with held():
        return write_preview(preview_import(path, accept_unlikely=accept_unlikely))


# words that say that a figure is not a whole year's value of the row's area
_MEANING = rf"{word('import.meaning', 'zh')}|\b(?:{word('import.meaning', 'en')})\b"
_TO, _COUNT = "月? ?[-~至到—–] ?", "[0-9一二三四五六七八九十]{1,3}"
_MONTHS = f"(?![1一]{_TO}(?:12|十二)月){_COUNT}{_TO}{_COUNT}月"
# words of a target mean no harm in its own row, nor those of a sum where the plan asks for one
_OF_TARGETS = ("目标", "计划", "预期", "力争", "target", "planned")
_OF_SUMS = ("累计", "cumulative")
_OF_PERCENTILES = ("百分位", "percentile", "最大", "maximum", "小时", "日均")
_BODIES = re.compile(r"[\u4e00-\u9fff]{0,12}(?:局|委员会|中心|政府|公报|年鉴|办公室)")


def find_meaning(text: str, *, allowed=(), areas: bool = True) -> str:
    """Return the first word that says a figure is not what the row says; else nothing."""
    text = plain_text(text)
    found = [*re.findall(_MEANING, text, re.IGNORECASE), *re.findall(_MONTHS, text)]
    found = [one for one in found if one.lower() not in allowed]
    if areas:  # names of areas count, but not within those of bodies and their publications
        bare = _BODIES.sub("", text)
        others = [scope for scope in known_scopes() if scope not in (HOME, CITY)]
        names = [re.sub("[区市县]$", "", scope) for scope in others]
        names += ["全市", "全国", "街道", *(area_name(scope, "en") for scope in others)]
        found += [name for name in names if len(name) > 1 and name in bare]
    return found[0] if found else ""


def _read_numbers(preview: Preview, sheet: Sheet, rows) -> None:
    """Read the template's rows; what the rules of the tables hold is left to them."""
    register, delegated, values = _register(), _delegated(), cache(known_values)
    known = {name: load(name) for name in ("observations", "sources", "publishers")}
    years = {str(year) for year in range(1990, date.today().year + 1)}
    seen, only_targets = {}, True
    for row, others in rows:
        text = {name: cell.text for name, cell in row.items()}
        if not any(text[name] for name in FILLED):
            continue
        preview.rows += 1
        key = text["id"]
        name, at, year = key.partition("@")
        only_targets &= not at
        if key in delegated:
            name, year = delegated[key]["indicator"], delegated[key]["target_year"]
        elif name not in register or year not in years:
            hint = near(name, [*register, *delegated])
            preview.fault(row["id"], message("import.unknown_id", text=key[:40], near=hint))
            continue
        if key in seen:
            preview.fault(row["id"], message("import.twice", other=seen[key]))
        seen.setdefault(key, row["id"].place)
        line = register[name] | {"year": int(year), "is_target": not at}
        _check_texts(preview, row, others, line)
        text["source_id"] = _edit_source(preview, row, text, known)
        amount = _read_amount(preview, row, line, values(name))
        if amount is not None:
            preview.indicators.add(name)
            if at:
                _edit_observation(preview, row, text, line, amount, known["observations"])
            else:
                _edit_target(preview, row, text, line, amount)
        elif at and not text["locator"]:  # a row that is not written meets no rule of the tables
            needed = message("import.column.locator")
            preview.fault(row["locator"], message("import.needed", name=needed))
    for key, name in (("file_name", preview.path.stem), ("sheet_name", sheet.name)):
        if found := find_meaning(name.replace("_", " "), allowed=_OF_TARGETS * only_targets):
            what = word(f"import.{key}")
            preview.questions.append(word("import.word_in_name", what=what, word=found))


def _check_texts(preview: Preview, row: dict[str, Cell], others: dict, line: dict) -> None:
    """Hold the labels of a row to its id; ask about words that give a figure another meaning."""
    for cell in row.values():
        preview.fault(cell, *cell.faults)
    labels = [_labels(line, lang) for lang in LANGUAGES]
    for name, wanted in _labels(line).items():
        text = row[name].text
        if text and text.lower() not in {plain_text(label[name]).lower() for label in labels}:
            preview.fault(row[name], message("import.label_changed", text=text[:30], wanted=wanted))
    allowed = _OF_TARGETS * line["is_target"] + _OF_SUMS * line["is_period"]
    allowed += _OF_PERCENTILES * line["statistic"].startswith("p9")
    for name in ("title", "locator", "note", "decides", "where"):
        own = _OF_TARGETS * (name in ("decides", "where"))  # the template's words
        areas = name in ("locator", "note")
        if found := find_meaning(row[name].text, allowed=allowed + own, areas=areas):
            preview.ask(row[name], message("import.word_with_meaning", word=found))
    for head, cell in others.items():
        if found := find_meaning(f"{head} {cell.text}", allowed=_OF_TARGETS * line["is_target"]):
            preview.ask(cell, message("import.word_in_extra", column=head, word=found))


def _read_amount(preview: Preview, row: dict[str, Cell], line: dict, known) -> Quantity | None:
    got = {}
    for name in ("value", "lower", "upper"):
        cell = row[name]
        try:
            read = sheets.read_quantity(cell.value, line["unit"], percent=cell.percent)
            got[name] = read or Quantity()
        except InputError as refused:
            if not cell.faults:
                preview.fault(cell, refused)
    if len(got) < 3:
        return None
    main, low, high, cell = got["value"], got["lower"].value, got["upper"].value, row["value"]
    beside, within = (low, high) != (None, None), (main.lower, main.upper) != (None, None)
    if (beside and within) or (line["is_target"] and (beside or within)):
        preview.fault(cell, message("import.range_twice"))
    if within:
        low, high = main.lower, main.upper
    numbers = [n for n in (low, main.value, high) if n is not None]
    if not numbers or line["is_target"] and main.value is None:
        return preview.fault(cell, message("import.needed", name=message("import.column.value")))
    if line["unit"] == "d" and line["year"] % 4 and numbers[-1] > 365:
        preview.fault(cell, message("import.above_ceiling", value=numbers[-1], ceiling=365))
    if line["statistic"].startswith("change") and line["better"] == "lower" and numbers[-1] > 0:
        preview.ask(cell, message("import.fall_is_negative", value=numbers[-1]))
    # those of five years either way, else the one nearest
    by_distance = sorted(known, key=lambda year: (abs(year - line["year"]), year))
    close = [year for year in by_distance if abs(year - line["year"]) <= 5][:5]
    around = {year: known[year] for year in close or by_distance[:1]}
    if any(is_unlikely(float(number), around, line) for number in numbers):
        said = {"value": " – ".join(map(str, numbers)), "unit": sheets.unit_name(line["unit"])}
        said["neighbours"] = ", ".join(f"{year} {v:g}" for year, v in sorted(around.items()))
        preview.ask(cell, message("import.unlikely", **said))
    return Quantity(main.value, low, high, main.about)


def _edit_source(preview: Preview, row: dict[str, Cell], text: dict[str, str], known) -> str:
    """Return the id of a row's source; add it where the tables have none like it."""
    own = {"title": text["title"], "publisher": text["publisher"], "published": ""}
    try:
        own["published"] = sheets.read_date(row["published"].value)
    except InputError as refused:
        preview.fault(row["published"], refused)
    sources = known["sources"]
    same = (sources[list(own)].fillna("") == pd.Series(own)).all(axis="columns")
    if same.any():
        return sources.loc[same, "source_id"].iloc[0]
    own["document_no"] = text["document_no"]
    marks = "\n".join(own.values())
    key = f"own-{hashlib.sha256(marks.encode()).hexdigest()[:8]}"
    is_known = own["publisher"] in {"", *known["publishers"]["publisher"]}
    if not is_known:
        preview.edit("publishers", own["publisher"], {}, row)
    own["reliability"] = "A" if is_known else "B"
    for lang in LANGUAGES:
        is_legible = lang == "zh" or is_in(lang, own["title"])
        short = word("import.short", lang, year=own["published"][:4])
        own[f"short_{lang}"] = own["title"] if is_legible else short
        own[f"via_{lang}"] = word("import.via", lang)
    preview.edit("sources", key, own, row)
    return key


def _edit_target(preview: Preview, row: dict[str, Cell], text, line: dict, amount) -> None:
    sign, value = text["comparator"].replace("≤", "<=").replace("≥", ">="), f"{amount.value:f}"
    cells = {"kind": "level", "comparator": sign, "value": value, "reading": ""}
    cells |= {"source_id": text["source_id"]} | _notes(text["note"], "import.target_note")
    cells["locator"] = text["locator"] or text["document_no"] or text["title"]
    preview.edit("targets", text["id"], cells, row)
    said = {"row": f"{line['plan_row']:.0f}", "name": line[f"name_{language()}"]}
    said["target"] = shown_level(sign, value, line["unit"])
    preview.changes.append(word("import.target_change", **said))


def _edit_observation(preview: Preview, row: dict, text, line: dict, amount, every) -> None:
    name, year, (base, end) = line["indicator"], line["year"], plan_years(PLAN)
    said = {"name": line[f"name_{language()}"], "area": area_name(HOME), "year": year}
    period = f"{base + 1}..{end}" if line["is_period"] else "annual"
    own = {"scope": HOME, "indicator": name, "statistic": line["statistic"]}
    rows = every[(every[list(own)] == pd.Series(own)).all(axis="columns") & every["use"]]
    same = rows[(rows["year"] == year) & (rows["period"] == period)]
    ends = {"value": amount.value, "lower": amount.lower, "upper": amount.upper}
    replaces = ""
    for old in same.astype(object).where(same.notna(), None).to_dict("records"):
        was = {k: old[k] for k in ends}
        is_same = was == {k: v and float(v) for k, v in ends.items()}
        if is_same and old["source_id"] == text["source_id"]:
            return preview.changes.append(word("import.already", **said))
        change = {"use": "false"}
        for lang in LANGUAGES:
            parts = (old[f"note_{lang}"], word("import.replaced_note", lang))
            change[f"note_{lang}"] = clauses(parts, lang)
        preview.edit("observations", old["obs_id"], change, row)
        shown = " – ".join(f"{n:g}" for n in was.values() if n is not None)
        replaces = word("import.replaces", old=shown)
    key = f"own_{name}_{year}"
    while key in set(every["obs_id"]):
        key += "_b"
    # the boundary of what was published last holds for the new value
    last = rows[rows["period"] == "annual"].sort_values("year")["basis"].to_list()[-1:]
    basis = "plan-total" if line["is_period"] else (last or ["district"])[0]
    cells = {k: "" if v is None else f"{v:f}" for k, v in ends.items()}
    bound = "" if cells["value"] else cells["upper"] or cells["lower"]
    cells |= {"derivation": bound, "status": "bound" if bound else "printed"} | own
    cells |= {"year": str(year), "period": period, "unit": line["unit"], "basis": basis}
    cells |= {"release": "internal", "use": "true", "locator": text["locator"]}
    cells |= _notes(text["note"], "import.about_note" if amount.about else "")
    preview.edit("observations", key, cells | {"source_id": text["source_id"]}, row)
    shown = cells["value"] or f"{cells['lower'] or '…'} – {cells['upper'] or '…'}"
    said |= {"value": shown, "unit": sheets.unit_name(line["unit"]), "replaces": replaces}
    return preview.changes.append(word("import.value_change", **said))


def is_in(lang: str, text: str) -> bool:
    """Tell whether a text is in a language: with Chinese characters, or without."""
    return any("\u4e00" <= c <= "\u9fff" for c in text) == (lang == "zh")


def _notes(text: str, key: str = "") -> dict[str, str]:
    """Return the two note columns: a sentence of our own, and a note in its own language."""
    notes = {}
    for lang in LANGUAGES:
        parts = (word(key, lang) if key else "", text if is_in(lang, text) else "")
        notes[f"note_{lang}"] = clauses(parts, lang)
    return notes


def known_values(indicator: str) -> dict[int, float]:
    """Return a series by year as published or computed; a station year goes before a print."""
    known = load("indicators").set_index("indicator", drop=False).loc[indicator]
    parts = (published_rows(known, HOME)["value"], station_rows(indicator, HOME)["value"])
    return {int(year): v for part in parts for year, v in part.dropna().items()}


def is_unlikely(value: float, around: dict[int, float], known) -> bool:
    """Tell whether a value lies so far from its neighbours that it must be asked about."""
    if not around:
        return False
    middle, unit = median(around.values()), known["unit"]
    scatter, factor = 6 * known["prior_sd"], math.log(6)  # six times the register's, if it has one
    if unit == "dB(A)":
        return abs(value - middle) > 5
    if unit in ("%", "pp"):  # ten points, or the scatter; `max` passes over one that is missing
        share = min(max(middle / 100, 0.0), 1.0)
        if abs(value - middle) > max(10.0, scatter * 100 * share * (1 - share)):
            return True
    elif scatter == scatter:  # a factor of 2.5, or the scatter, at most 6
        factor = min(max(math.log(2.5), scatter), factor)
    least = {"d": 0.5, "count": 0.5, "%": 0.1}.get(unit, 0.0)
    if known["floor"] != 0:
        return False
    if min(value, middle) + least <= 0:
        return value != middle
    return abs(math.log((value + least) / (middle + least))) > factor


def _read_commitments(preview: Preview, rows) -> None:
    known = load("projects").set_index("project_id")
    for row, _ in rows:
        key = row["project_id"].text
        if key and key not in known.index:
            said = message("import.unknown_project", text=key[:40], near=near(key, known.index))
            preview.fault(row["project_id"], said)
        for name in RETURNED[1:] if key in known.index else ():
            cell, old = row[name], known.loc[key, name]
            if cell.text in ("", plain_text(str(old))):  # an empty cell says nothing
                continue
            preview.fault(cell, *cell.faults)
            preview.rows += 1
            preview.edit("projects", key, {name: cell.text}, row)
            said = {"id": key, "name": word(f"column.{name}"), "new": cell.text}
            said["old"] = old if isinstance(old, str) else "—"
            preview.changes.append(word("import.project_change", **said))


def finish_preview(preview: Preview) -> Preview:
    """Fill in what follows from its edits: the tables, broken rules, verdicts that move."""
    folder, edits = data_dir(), preview.edits.items()
    files = {name: edit_table(folder / f"{name}.csv", rows) for name, rows in edits}
    if not files:
        return preview
    with writing(tempfile.gettempdir()), tempfile.TemporaryDirectory(prefix="xc-import-") as place:
        copy = Path(place) / "data"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
        for name, content in files.items():
            (copy / f"{name}.csv").write_bytes(content)
        before = _offences(folder)
        for mark, found in _offences(copy).items():
            if mark not in before:
                _place_offence(preview, found, mark[-1])
        if not preview.faults:
            before, after = (_verdicts(preview.indicators, place) for place in (folder, copy))
            moved = [name for name in before if before[name] != after[name]]
            preview.verdicts = [f"{name}: {before[name]} → {after[name]}" for name in moved]
            preview.files = files
    return preview


def write_preview(preview: Preview) -> Preview:
    """Write the tables of a preview that has no problem; the folder is held."""
    if preview.files and not preview.problems:
        commit(data_dir().resolve(), preview.files, preview.path.name)
        preview.written = True
    return preview


def _offences(folder: Path) -> dict[tuple, Offence]:
    """Check the tables that an import writes and those that they refer to."""
    paths = {n: folder / f"{n}.csv" for n in table_names() if not n.startswith("air/")}
    read = {n: read_sheet(n, path.read_bytes()) for n, path in paths.items() if path.exists()}
    found = [offence for sheet in read.values() for offence in sheet.offences]
    for rule in RULES:
        with contextlib.suppress(KeyError):  # a rule about tables that are not looked at here
            found += rule(Pack(folder, read))
    keys = {n: sheet.cells.iloc[:, :1].squeeze("columns").to_dict() for n, sheet in read.items()}
    return {(o.table, o.column, str(o.problem), keys[o.table].get(o.line, "")): o for o in found}


def _place_offence(preview: Preview, found: Offence, key: str) -> None:
    """Note a rule of the tables that is broken, at the cells of the file that break it."""
    nowhere = {"id": Cell(f"{found.table}.csv {key}")}
    for row in preview.origin.get((found.table, key), [nowhere]):
        column = re.sub("_(?:zh|en)$", "", found.column).replace("short", "title")
        if column in ("lower", "upper") and "value" in row and not row[column].text:
            column = "value"  # which holds the range
        text = f"{found.problem}: {found.remedy}"
        if column not in row:
            text = f"{found.column}: {text}"
        preview.fault(row.get(column) or row.get("value") or next(iter(row.values())), text)


def _verdicts(indicators, folder: Path) -> dict[str, str]:
    told = {}
    with contextlib.ExitStack() as stack:
        stack.callback(use_data, tables._folder)
        use_data(folder)
        register, (base, end) = _register(), plan_years(PLAN)
        for name in table_2()["indicator"]:
            # as of the base year and as of now
            for year in (base, max(last_year(), end)) if name in indicators else ():
                found = registered_assessment(name, as_of=year)
                under = f" ({found.under_reading.label()})" if found.under_reading else ""
                line = register[name]
                title = f"{line['plan_row']:.0f} {line[f'name_{language()}']} ({year})"
                told[title] = found.label() + under
    return told
