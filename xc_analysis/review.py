"""Send the register of assumptions out for review as a workbook, and read the answers back."""

import re
from contextlib import nullcontext
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from .assessment import assumption_effects
from .changes import held
from .errors import InputError
from .fits import last_year
from .own_numbers import Preview, finish_preview, is_in, lay_out, save_book, write_preview
from .plots.tables import short_verdict
from .sheets import Cell, Sheet, read_date, read_rows, read_sheets
from .style import indicator_name
from .tables import load
from .targets import plan_years
from .words import LANGUAGES, clauses, error, language, message, word

#: Columns of the sheets with their widths; the last three are to be filled in.
WIDTHS = {"id": 24, "why": 50, "concerns": 26, "setting": 20, "verdict": 22, "alternatives": 60}
WIDTHS |= {"quality": 9, "impact": 9, "decision": 14, "change_to": 24, "comment": 40}
COLUMNS = tuple(WIDTHS)
FILLED = COLUMNS[-3:]
_METHODS = ("paths", "loglinear", "damped", "last", "linear")
_DECISIONS = {"accept": "accepted", "change": "changed", "reject": "rejected"}


def review_export(path) -> Path:
    """Write a workbook in which a reviewer decides: assumptions that matter first, then others."""
    from openpyxl import Workbook

    told, book, year = assumption_effects(), Workbook(), plan_years()[1]
    names = told["indicator"].map(indicator_name)
    effects = pd.DataFrame({"id": told["id"], "concerns": names})
    effects["verdict"] = names + ": " + told["verdict"].map(partial(short_verdict, year=year))
    effects["alternatives"] = names + ": " + told["alternatives"].map(partial(_alternatives, year))
    effects = effects.groupby("id", sort=False).agg("\n".join).to_dict("index")
    rows = {}
    for line in load("assumptions").to_dict("records"):
        is_one, is_open = isinstance(line["indicator"], str), line["decision"] == "open"
        row = {k: line[k] for k in ("id", "quality", "impact")} | {"why": line[f"why_{language()}"]}
        row["decision"] = "" if is_open else word(f"review.{line['decision']}")
        row["concerns"] = indicator_name(line["indicator"]) if is_one else word("review.all")
        rows[line["id"]] = row | {"setting": _setting(line)}
    matter = [rows.pop(key) | effects[key] for key in effects]
    answers = {"decision": ",".join(word(f"review.{name}") for name in _DECISIONS)}
    signature = [word("review.column.reviewer"), None, word("review.column.reviewed_on"), None]
    book.remove(book.active)
    for title, part in (("matter", matter), ("others", list(rows.values()))):
        page = book.create_sheet(word(f"review.{title}"))
        page.append([word("review.how_to")])
        page.append(signature)
        lay_out(page, "review", WIDTHS, part, FILLED, answers)
    return save_book(book, path)


def _alternatives(year: int, one: list[tuple]) -> str:
    told = [(choice, short_verdict(verdict, year, p)) for *_, choice, verdict, p in one]
    return clauses(word("review.alternative", choice=c, verdict=v) for c, v in told)


def _setting(line: dict) -> str:
    """Return what the register says, in the form in which a change is written."""
    if isinstance(line["parameter"], str):
        return line["reading"] if line["parameter"] == "reading" else line["value"]
    return f"{line['fit_from']}-{line['fit_to']} {word('method.' + line['method'])}"


def review_import(path, *, apply: bool = False) -> Preview:
    """Tell what a reviewer's workbook changes and which verdicts move; with ``apply`` write it."""
    with held() if apply else nullcontext():
        preview = Preview(Path(path))
        pages = list(read_rows(read_sheets(path), "review.column.", COLUMNS, COLUMNS))
        if not pages:
            raise error("review.other_layout", path=path)
        signed = _signature(preview, [sheet for sheet, _ in pages])
        for _, rows in pages:
            for row, _ in rows:
                if any(row[name].text for name in FILLED):
                    _read_decision(preview, row, signed)
        finish_preview(preview)
        return write_preview(preview) if apply else preview


def _signature(preview: Preview, sheets: list[Sheet]) -> dict[str, str]:
    """Return reviewer and date, from beside their heads; those of the first sheet count."""
    found = {"reviewer": Cell("B2"), "reviewed_on": Cell("D2", date.today())}
    for line in (sheet.rows.get(2, {}) for sheet in reversed(sheets)):
        found |= {name: line[c] for name, c in zip(found, (2, 4), strict=True) if c in line}
    for cell in found.values():
        preview.fault(cell, *cell.faults)
    signed = {name: cell.text for name, cell in found.items()}
    try:
        return signed | {"reviewed_on": read_date(found["reviewed_on"].value)}
    except InputError as refused:
        preview.fault(found["reviewed_on"], refused)
        return signed


def _read_decision(preview: Preview, row: dict[str, Cell], signed: dict[str, str]) -> None:
    text, before = {name: cell.text for name, cell in row.items()}, len(preview.faults)
    register = load("assumptions").set_index("id", drop=False).to_dict("index")
    key, change_to, comment = text["id"], text["change_to"], text["comment"]
    if key not in register:
        return preview.fault(row["id"], message("review.unknown_id", text=key[:40]))
    line, change = register[key], {}
    for name in FILLED:
        preview.fault(row[name], *row[name].faults)
    terms = {
        name: term
        for verb, term in _DECISIONS.items()
        for name in (verb, term, *(word(f"review.{verb}", lang) for lang in LANGUAGES))
    }
    decision = terms.get(text["decision"], "")
    if bool(decision) != bool(text["decision"]) or (decision == "accepted" and change_to):
        preview.fault(row["decision"], message("review.decision"))
    decision = decision or ("changed" if change_to else "")
    if decision == "changed" != line["decision"] and not change_to:
        preview.fault(row["id"], message("review.change_to_what"))
    try:
        change = _changed(line, change_to)
    except InputError as refused:
        preview.fault(row["change_to"], refused)
    is_new = change or comment or decision not in ("", line["decision"])
    if is_new and not signed["reviewer"]:
        preview.fault(row["id"], message("review.unsigned"))
    if not is_new or len(preview.faults) > before:
        return None
    preview.rows += 1
    cells = change | signed | {"decision": decision or line["decision"]}
    for lang in LANGUAGES:
        if comment and is_in(lang, comment):
            said = word("review.commented", lang, by=signed["reviewer"], text=comment)
            cells[f"why_{lang}"] = line[f"why_{lang}"] + said
    preview.edit("assumptions", key, cells, row)
    new = f": {_setting(line)} → {change_to}" if change else ""
    preview.changes.append(f"{key}: {word('review.' + cells['decision'])}{new}")
    if change:
        own = line["indicator"]
        preview.indicators |= {own} if isinstance(own, str) else {*load("indicators")["indicator"]}
    return None


def _changed(line: dict, text: str) -> dict[str, str]:
    # a reading is changed to a level (<= 3), a fit to years, a method or both (2016-2020,
    # loglinear), any other row to a new value
    new = text.replace("≤", "<=").replace("≥", ">=")
    if line["parameter"] == "reading" and new:
        found = re.fullmatch(r"((?:<=|>=|<|>|=)) ?(-?[0-9]+(?:\.[0-9]+)?)", new)
        if found:
            return {"reading": f"{found[1]} {found[2]}", "value": found[2]}
    elif isinstance(line["parameter"], str) or not new:
        return {"value": new} if new else {}
    else:
        methods = {word(f"method.{m}", lang): m for m in _METHODS for lang in LANGUAGES}
        methods |= {name: name for name in _METHODS}
        found = re.fullmatch("(?:([12][0-9]{3})年?[-~至]([12][0-9]{3})年?)? ?(.*)", new)
        years = {"fit_from": found[1], "fit_to": found[2]} if found[1] else {}
        method = {"method": methods[found[3]]} if found[3] in methods else {}
        if bool(found[3]) == bool(method) and int(years.get("fit_to", 0)) <= last_year():
            return years | method
    raise error("review.no_such_change", text=text[:40], now=_setting(line))
