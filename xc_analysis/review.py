"""Send the register of assumptions out for review as a workbook, and read the answers back."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from .changes import held
from .errors import InputError
from .fits import last_year
from .own_numbers import (
    Preview,
    add_list,
    find_header,
    finish_preview,
    is_in,
    is_odd,
    lay_out,
    row_cells,
    save_book,
    write_preview,
)
from .robustness import assumption_effects
from .sheets import Cell, Sheet, read_date, read_sheets
from .style import indicator_name
from .tables import load
from .targets import plan_years
from .words import LANGUAGES, error, language, message, word

#: Columns of the sheets with their widths; the last three are to be filled in.
WIDTHS = {"id": 24, "why": 50, "concerns": 26, "setting": 20, "verdict": 22, "alternatives": 60}
WIDTHS |= {"quality": 9, "impact": 9, "decision": 14, "change_to": 24, "comment": 40}
COLUMNS = tuple(WIDTHS)
FILLED = COLUMNS[-3:]
_METHODS = ("paths", "loglinear", "damped", "last", "linear")


def review_export(path) -> Path:
    """Write a workbook in which a reviewer decides: assumptions that matter first, then others."""
    from openpyxl import Workbook

    effects = _effects()
    rows = {line["id"]: _row(line, effects) for line in load("assumptions").to_dict("records")}
    book = Workbook()
    answers = ",".join(word(f"review.{name}") for name in ("accept", "change", "reject"))
    for page, title, part in (
        (book.active, "matter", list(effects)),
        (book.create_sheet(), "others", [key for key in rows if key not in effects]),
    ):
        page.title = word(f"review.{title}")
        page.append([word("review.how_to")])
        signature = ("reviewer", "reviewed_on")
        page.append([cell for name in signature for cell in (word(f"review.column.{name}"), None)])
        lay_out(page, "review", WIDTHS, [rows[key] for key in part], FILLED)
        add_list(page, COLUMNS.index("decision") + 1, answers)
    return save_book(book, path)


def _effects() -> dict[str, dict]:
    """Tell for each assumption that matters what it concerns, the verdict and the alternatives."""
    told: dict[str, dict] = {}
    for row in assumption_effects().itertuples():
        name = indicator_name(row.indicator)
        other = "; ".join(
            word("review.alternative", choice=what, verdict=_verdict(term, p))
            for _, _, what, term, p in row.alternatives
        )
        cells = told.setdefault(row.id, {"concerns": [], "verdict": [], "alternatives": []})
        cells["concerns"].append(name)
        cells["verdict"].append(f"{name}: {_verdict(row.verdict)}")
        cells["alternatives"].append(f"{name}: {other}")
    return {key: {k: "\n".join(v) for k, v in cells.items()} for key, cells in told.items()}


def _verdict(term: str, p: float = float("nan")) -> str:
    parts = [re.sub("[() ]+", "_", part).strip("_") for part in term.split(" to ")]
    year = plan_years()[1]
    text = " – ".join(word(f"verdict_short.{part}", year=year) for part in parts)
    return f"{text} {100 * p:.0f}%" if p == p else text


def _row(line: dict, effects: dict) -> dict:
    concerns = indicator_name(line["indicator"]) if isinstance(line["indicator"], str) else ""
    decision = "" if line["decision"] == "open" else word(f"review.{line['decision']}")
    row = {"id": line["id"], "why": line[f"why_{language()}"], "setting": _setting(line)}
    row |= {"quality": line["quality"], "impact": line["impact"], "decision": decision}
    return row | {"concerns": concerns or word("review.all")} | effects.get(line["id"], {})


def _setting(line: dict) -> str:
    """Return what the register says, in the form in which a change is written."""
    if isinstance(line["parameter"], str):
        return line["reading"] if line["parameter"] == "reading" else line["value"]
    return f"{line['fit_from']}-{line['fit_to']} {word('method.' + line['method'])}"


def review_import(path, *, apply: bool = False) -> Preview:
    """Tell what a reviewer's workbook changes and which verdicts move; with ``apply`` write it."""
    with held() if apply else nullcontext():
        preview = Preview(Path(path))
        found = [(s, find_header(s, "review", COLUMNS)) for s in read_sheets(path)]
        pages = [(sheet, *header) for sheet, header in found if header]
        if not pages:
            raise error("review.other_layout", path=path)
        signed = _signature(preview, [page[0] for page in pages])
        for sheet, top, place in pages:
            for number, cells in sheet.rows.items():
                row = row_cells(number, cells, place, COLUMNS)
                if number > top and any(row[name].text for name in FILLED):
                    _read_decision(preview, row, *signed)
        finish_preview(preview)
        return write_preview(preview) if apply else preview


def _signature(preview: Preview, sheets: list[Sheet]) -> tuple[str, str]:
    """Return reviewer and date, from the cells beside their heads."""
    found = {"reviewer": Cell("B2"), "reviewed_on": Cell("D2", date.today())}
    for name in found:
        heads = {word(f"review.column.{name}", lang) for lang in LANGUAGES}
        for sheet in reversed(sheets):
            for column, cell in sheet.rows.get(2, {}).items():
                if cell.text in heads and column + 1 in sheet.rows[2]:
                    found[name] = sheet.rows[2][column + 1]
        for said in found[name].faults:
            preview.fault(found[name].place, said)
    try:
        return found["reviewer"].text, read_date(found["reviewed_on"].value)
    except InputError as refused:
        preview.fault(found["reviewed_on"].place, refused)
        return found["reviewer"].text, ""


def _read_decision(preview: Preview, row: dict[str, Cell], reviewer: str, day: str) -> None:
    """Read one row's decision into a preview."""
    text = {name: cell.text for name, cell in row.items()}
    key, change_to, before = text["id"], text["change_to"], len(preview.faults)
    register = load("assumptions").set_index("id", drop=False)
    if key not in register.index:
        return preview.fault(row["id"].place, message("review.unknown_id", text=key[:40]))
    line = register.loc[key].to_dict()
    decision = _decision(text["decision"]) or ("changed" if change_to else "")
    change = _changed(line, change_to)
    is_new = change or text["comment"] or decision not in ("", line["decision"])
    no_such = message("review.no_such_change", text=change_to[:40], now=_setting(line))
    tests = (
        (text["decision"] and not _decision(text["decision"]), "decision", "review.decision"),
        (decision == "accepted" and change_to, "decision", "review.decision"),
        (
            decision == "changed" and not change_to and line["decision"] != "changed",
            "id",
            "review.change_to_what",
        ),
        (is_odd(text["comment"]), "comment", "import.odd_text"),
        (change is not None and is_odd(change_to.lstrip("-")), "change_to", "import.odd_text"),
        (is_new and not reviewer, "id", "review.unsigned"),
    )
    faults = [(row[name].place, said) for name in FILLED for said in row[name].faults]
    faults += [(row[name].place, message(key)) for wrong, name, key in tests if wrong]
    faults += [(row["change_to"].place, no_such)] * (change is None)
    for place, said in faults:
        preview.fault(place, said)
    if not is_new or len(preview.faults) > before:
        return None
    preview.rows += 1
    cells = change | {"reviewer": reviewer, "reviewed_on": day}
    cells["decision"] = decision or line["decision"]
    for lang in LANGUAGES:
        if text["comment"] and is_in(lang, text["comment"]):
            said = word("review.commented", lang, by=reviewer, text=text["comment"])
            cells[f"why_{lang}"] = line[f"why_{lang}"] + said
    preview.edit("assumptions", key, cells, row["id"].place)
    new = f": {_setting(line)} → {change_to}" if change else ""
    preview.changes.append(f"{key}: {word('review.' + cells['decision'])}{new}")
    if change:
        own = line["indicator"]
        preview.indicators |= (
            {own} if isinstance(own, str) else set(load("indicators")["indicator"])
        )
    return None


def _decision(text: str) -> str:
    """Return the register's term of a decision in either language, else nothing."""
    for term, verb in (("accepted", "accept"), ("changed", "change"), ("rejected", "reject")):
        if text in {verb, term, *(word(f"review.{verb}", lang) for lang in LANGUAGES)}:
            return term
    return ""


def _changed(line: dict, text: str) -> dict | None:
    """Return the cells that a change sets; empty without one, None where it has no meaning.

    A reading is changed to a level (``<= 3``), a fit to years, a method or both (``2016-2020``,
    ``loglinear``), any other row to a new value.
    """
    text = text.replace("≤", "<=").replace("≥", ">=")
    if not text:
        return {}
    if line["parameter"] == "reading":
        found = re.fullmatch(r"(<=|>=|<|>|=) ?(-?[0-9]+(?:\.[0-9]+)?)", text)
        return {"reading": f"{found[1]} {found[2]}", "value": found[2]} if found else None
    if isinstance(line["parameter"], str):
        return {"value": text}
    methods = {word(f"method.{m}", lang): m for m in _METHODS for lang in LANGUAGES}
    methods |= {name: name for name in _METHODS}
    found = re.fullmatch("(?:([12][0-9]{3})年?[-~至]([12][0-9]{3})年?)? ?(.*)", text)
    method = methods.get(found[3]) if found else None
    if not found or (found[3] and not method) or (found[1] and int(found[2]) > last_year()):
        return None
    cells = {"fit_from": found[1], "fit_to": found[2]} if found[1] else {}
    return cells | ({"method": method} if method else {})
