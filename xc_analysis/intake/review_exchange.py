"""The review round trip: the register and the scorecard out as a workbook, decisions back in.

A cell counts as changed where it differs from what was sent out, so that two reviewers, and a
register that has moved on, can be told apart cell by cell.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..documents.summary import gather
from ..documents.workbook import Sheet, score_sheet, to_bytes, write_sheets
from ..errors import InputError
from ..packs.localpack import commit, held, recover
from ..packs.newpack import cells_of
from ..packs.places import home
from ..schema.schemas import TABLES
from ..tables import data_dir
from .cells import Cell as Parsed
from .moves import moved_lines
from .returned import Cell, Refused, offences_after, read_workbook, records, rewritten
from .years import parse_year

SETTINGS = ("value", "fit_from", "fit_to", "method", "reading")
RATINGS = ("quality", "impact")
EDITABLE = (*SETTINGS, *RATINGS, "decision", "reviewer", "reviewed_on")
COMMENT = "comment"
_READING = re.compile(r"(<=|>=|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_POSITIVE = ("phi", "prior_sd")
MOST_TEXT = 500


@dataclass(frozen=True)
class Edit:
    """One changed cell: whose, where, and from what to what; ``already`` in the register."""

    id: str
    column: str
    old: str
    new: str
    cell: Cell
    row: Mapping[str, Cell] = field(repr=False)
    already: bool = False


@dataclass(frozen=True)
class Review:
    """What reviewers' files would do: edits, refusals, conflicts, the new table, moved verdicts."""

    edits: tuple[Edit, ...]
    refused: tuple[Refused, ...]
    conflicts: tuple[str, ...]
    table: bytes
    moved: tuple[str, ...]


def export_review(path: Path | str, *, data: Path | str | None = None, lang: str = "zh") -> Path:
    """Write the workbook that reviewers fill in.

    Parameters
    ----------
    path : path
        An xlsx that is not there yet.
    data : path, optional
    lang : {"zh", "en"}

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If the file exists or cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise InputError(f"{path}: exists; reviewers' work is never overwritten, name another file")
    known = gather(data=data, lang=lang)
    register = cells_of("assumptions", data)
    columns = (*register.columns, COMMENT)
    rows = [[*row, ""] for row in register.to_numpy().tolist()]
    spec = {c.name: c for c in TABLES["assumptions"].columns}
    zh = lang == "zh"
    notes = {c: (spec[c].zh if zh else spec[c].en) for c in register.columns if c in spec}
    notes[COMMENT] = "意见，写入理由一栏" if zh else "remark; goes into the reason"
    choices = {c: spec[c].values for c in EDITABLE if c in spec and spec[c].values}
    intro = (
        "只改黄底列；改动任何一格都请填 reviewer；日期可空（取导入当日）"
        if zh
        else "Change the yellow columns only; sign every row you touch as reviewer; an empty date"
        " means the day of import"
    )
    sheets = [
        Sheet("假设" if zh else "Assumptions", columns, rows, notes, choices=choices,
              editable=frozenset((*EDITABLE, COMMENT)), intro=intro),
        score_sheet(known, "评分表" if zh else "Scorecard"),
    ]  # fmt: skip
    hidden = {"kind": "review"} | {
        row["id"]: json.dumps(row, ensure_ascii=False) for row in register.to_dict("records")
    }
    content = to_bytes(write_sheets(sheets, lang=lang, hidden=hidden))
    try:
        with open(path, "xb") as handle:
            handle.write(content)
    except OSError as error:
        raise InputError(
            f"{path}: cannot write here ({error.strerror}); name another file"
        ) from None
    return path


def _edits_of(path, known_ids: set[str]) -> tuple[list[Edit], list[Refused]]:
    book = read_workbook(path, kind="review", heads={})
    edits, refused, seen = [], [], {}
    for rows in book.rows.values():
        if rows and "decision" not in rows[0]:
            continue  # the scorecard: for reading only
        for row in rows:
            key = row["id"]
            if not key.text:
                refused.append(Refused(key.place, "a row without an id", "restore the id"))
                continue
            if key.text not in known_ids or key.text not in book.kept:
                refused.append(Refused(key.place, f"{key.text!r} is no id of the register",
                                       "restore the id; new rows are added in assumptions.csv"))  # fmt: skip
                continue
            if key.text in seen:
                refused.append(Refused(key.place, f"{key.text!r} stands in {seen[key.text]} too",
                                       "keep one of the two rows"))  # fmt: skip
                continue
            seen[key.text] = key.address
            more, no = _row_edits(row, book.base(key.text))
            edits += more
            refused += no
    if not seen and not refused:
        raise InputError(f"{path}: no sheet with the columns id and decision; restore the heads")
    return edits, refused


def _row_edits(row: dict[str, Cell], base: dict[str, str]):
    edits, refused = [], []
    for column, cell in row.items():
        old = base.get(column, "")
        if column == COMMENT and cell.text:
            new = _plain(cell, f"shorten it to {MOST_TEXT}") or cell.text
            if isinstance(new, Refused):
                refused.append(new)
            else:
                edits.append(Edit(row["id"].text, COMMENT, "", new, cell, row))
        if column not in base or (cell.text == old and not cell.formula):
            continue
        if column not in EDITABLE:
            refused.append(Refused(cell.place, f"{column} was changed from {old[:40]!r}",
                                   "restore it; only the yellow columns are read back"))  # fmt: skip
            continue
        new = _valid(column, cell, base)
        if isinstance(new, Refused):
            refused.append(new)
        elif new != old:
            edits.append(Edit(row["id"].text, column, old, new, cell, row))
    signed = row.get("reviewer") and row["reviewer"].text
    if edits and not signed:
        place = row["reviewer"].place if "reviewer" in row else row["id"].place
        refused.append(Refused(place, "a changed row without a reviewer", "sign it with a name"))
    span = {e.column: e.new for e in edits}
    first, last = (span.get(c, base.get(c, "")) for c in ("fit_from", "fit_to"))
    if first and last and int(first) > int(last) and {"fit_from", "fit_to"} & set(span):
        refused.append(Refused(row["fit_from"].place, f"the window {first}-{last} ends before it"
                               " begins", "write the earlier year first"))  # fmt: skip
    return edits, refused


def _plain(cell: Cell, shorten: str, *, signs: str = "=+@") -> Refused | None:
    """The refusal of a cell that is no plain text of some length."""
    if cell.formula:
        return Refused(cell.place, "holds a formula", "paste it as a value")
    if len(cell.text) > MOST_TEXT:
        return Refused(cell.place, f"holds {len(cell.text)} characters", shorten)
    if cell.text and cell.text[0] in signs:
        return Refused(cell.place, f"begins with {cell.text[0]}", "begin with a letter or a digit")
    return None


def _valid(column: str, cell: Cell, base: dict[str, str]) -> str | Refused:
    """The cell as the table holds it, or its refusal."""
    text = cell.text
    spec = TABLES["assumptions"].column(column)
    signs = "" if column == "reading" else "=+@"
    if refusal := _plain(cell, "put remarks into comment", signs=signs):
        return refusal
    if not text:
        if spec.required:
            return Refused(
                cell.place, f"{column} is empty", f"give {', '.join(spec.values) or 'it'}"
            )
        return ""
    if spec.values and text not in spec.values:
        word = text.upper() if text.upper() in spec.values else text.lower()
        if word not in spec.values:
            return Refused(cell.place, f"{text[:40]!r} is no {column}",
                           f"choose one of {', '.join(spec.values)}")  # fmt: skip
        return word
    if column in ("fit_from", "fit_to"):
        year = parse_year(text)
        if isinstance(year, Parsed):
            return Refused(cell.place, year.reason_en, year.remedy_en)
        return str(year)
    if column == "reading":
        plain = text.replace("≤", "<=").replace("≥", ">=").replace("−", "-")
        found = _READING.fullmatch(plain.strip())
        if not found:
            return Refused(cell.place, f"{text[:40]!r} holds no comparator and number",
                           "write it as <= 35")  # fmt: skip
        return f"{found[1]} {found[2]}"
    if column == "reviewed_on":
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            return Refused(cell.place, f"{text[:20]!r} is no date", "write it as 2025-11-30")
        today = dt.date.today()
        if day > today:
            return Refused(cell.place, f"{text} lies in the future", f"give a day up to {today}")
        return day.isoformat()
    if column == "value" and base.get("parameter") in _POSITIVE:
        try:
            if not 0 < float(text) < 1000:
                raise ValueError
        except ValueError:
            return Refused(cell.place, f"{text[:20]!r} is no positive number", "write it as 0.08")
    return text


def _merged(edits: Sequence[Edit], current: dict[str, dict]) -> tuple[list[Edit], list[str]]:
    """Edits without their repetitions, and the conflicts among them or with the register."""
    groups: dict[tuple[str, str], list[Edit]] = {}
    for edit in edits:
        groups.setdefault((edit.id, edit.column), []).append(edit)
    kept, conflicts = [], []
    for (key, column), group in groups.items():
        if column == COMMENT:
            kept += group
            continue
        if len({e.new for e in group}) > 1 and column not in ("reviewer", "reviewed_on"):
            told = "; ".join(f"{e.cell.place} {e.new!r}" for e in group)
            conflicts.append(f"{key}: {column}: reviewers differ · 评审意见不一: {told}")
            continue
        now, edit = current[key][column], group[0]
        if now not in (edit.old, edit.new) and column not in ("reviewer", "reviewed_on"):
            conflicts.append(
                f"{key}: {column}: the register has {now!r} since, sent out was {edit.old!r} ·"
                f" 登记表已改: {edit.cell.place} {edit.new!r}"
            )
            continue
        kept += group if column in ("reviewer", "reviewed_on") else group[:1]
    kept = [replace(e, already=_stands(e, current[e.id])) for e in kept]
    # a signature alone says nothing that the register lacks
    fresh = {e.id for e in kept if not e.already and e.column != "reviewed_on"}
    return [e if e.id in fresh else replace(e, already=True) for e in kept], conflicts


def _stands(edit: Edit, row: dict[str, str]) -> bool:
    """Does the register hold it already?"""
    if edit.column == COMMENT:
        return f"）：{edit.new}" in row["why"]
    if edit.column == "reviewer":
        return edit.new in row["reviewer"].split("；")
    return row[edit.column] == edit.new


def _new_table(edits: Sequence[Edit], table, raw: bytes) -> bytes:
    old = table.to_dict("records")
    rows = {row["id"]: dict(row) for row in old}
    today = dt.date.today().isoformat()
    fresh = {edit.id for edit in edits if not edit.already}
    touched: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.id in fresh and not (edit.already and edit.column == COMMENT):
            touched.setdefault(edit.id, []).append(edit)
    for key, group in touched.items():
        row = rows[key]
        names = dict.fromkeys(e.new for e in group if e.column == "reviewer")
        # a reviewer who signed the same row before is still its reviewer
        people = "；".join(names) or row["reviewer"]
        day = max((e.new for e in group if e.column == "reviewed_on"), default="") or today
        for edit in group:
            if edit.column == COMMENT:
                who = people or edit.cell.file
                row["why"] += f"；评审意见（{who}，{day}）：{edit.new}"
            else:
                row[edit.column] = edit.new
        moved = {e.column for e in group}
        if row["parameter"] == "reading" and "reading" in moved and "value" not in moved:
            row["value"] = _READING.fullmatch(row["reading"])[2] if row["reading"] else ""
        row["reviewer"], row["reviewed_on"] = people, day
        decided = any(e.column == "decision" for e in group)
        if not decided and any(e.column in SETTINGS for e in group):
            row["decision"] = "changed"
    return rewritten(raw, table.columns, old, list(rows.values()))


def _against_rules(folder: Path, edits: Sequence[Edit], table):
    """The new table, a folder with it, and what its rules refuse, by the cells behind it."""
    raw = (folder / TABLES["assumptions"].path).read_bytes()
    content = _new_table(edits, table, raw)
    trial, found = offences_after(folder, {"assumptions": content})
    begins = [line for line, _ in records(content)][1:]
    ids = dict(zip(begins, table["id"], strict=False))
    refused = []
    for offence in found:
        cells = _cells_behind(offence, [e for e in edits if e.id == ids.get(offence.line)])
        place = cells or f"assumptions.csv:{offence.line}: {offence.column}"
        refused.append(Refused(place, str(offence.problem), str(offence.remedy)))
    return content, trial, refused


def _cells_behind(offence, edits: Sequence[Edit]) -> str:
    """The workbooks' cells of the columns that an offence names; "" where no file touched them."""
    told = f"{offence.column} {offence.problem} {offence.remedy}"
    named = [c for c in SETTINGS + RATINGS if re.search(rf"\b{c}\b", told)]
    rows = {id(e.row): e.row for e in edits if e.column in named or not named}
    places = []
    for row in rows.values():
        cells = [row[c] for c in named if c in row] or [e.cell for e in edits if e.row is row]
        first, *more = cells
        places.append(" and ".join([first.place, *(f"{c.sheet}!{c.address}" for c in more)]))
    return "; ".join(places)


def review_files(paths: Sequence[Path | str], *, data: Path | str | None = None) -> Review:
    """What one or more reviewers' workbooks would change.

    Parameters
    ----------
    paths : sequence of path
        Files of `export_review`, filled in.
    data : path, optional

    Returns
    -------
    Review
        With the verdicts that move, if nothing is refused and nothing conflicts.

    Raises
    ------
    InputError
        If a file cannot be read as such a workbook.
    """
    folder = data_dir(data)
    table = cells_of("assumptions", folder)
    current = {row["id"]: row for row in table.to_dict("records")}
    edits, refused = [], []
    for path in paths:
        more, no = _edits_of(path, set(current))
        edits += more
        refused += no
    kept, conflicts = _merged(edits, current)
    if not any(not e.already for e in kept):
        return Review(tuple(kept), tuple(refused), tuple(conflicts), b"", ())
    if refused or conflicts:
        # what else is wrong is told with them: each file by itself, without rows refused already
        places = {r.place for r in refused}
        bad = {e.id for e in edits if places & {cell.place for cell in e.row.values()}}
        for file in dict.fromkeys(e.cell.file for e in edits):
            own, _ = _merged([e for e in edits if e.cell.file == file and e.id not in bad], current)
            _, trial, more = _against_rules(folder, own, table)
            shutil.rmtree(trial.parent, ignore_errors=True)
            refused += more
        return Review(tuple(kept), tuple(dict.fromkeys(refused)), tuple(conflicts), b"", ())
    content, trial, refused = _against_rules(folder, kept, table)
    try:
        moved = () if refused else tuple(moved_lines(folder, trial))
    finally:
        shutil.rmtree(trial.parent, ignore_errors=True)
    return Review(tuple(kept), tuple(refused), (), content, moved)


def import_review(
    paths: Sequence[Path | str],
    *,
    data: Path | str | None = None,
    apply: bool = False,
    say: Callable[[str], None] = print,
) -> Review:
    """Tell what reviewers' files change and which verdicts move; with ``apply`` write it.

    Parameters
    ----------
    paths, data
        See `review_files`.
    apply : bool
        Replace ``assumptions.csv`` in one step; a backup is kept in the folder's history.
    say : callable
        Told each line.

    Returns
    -------
    Review

    Raises
    ------
    InputError
        If ``apply`` and any cell is refused or in conflict: nothing is written then.
    """
    folder = data_dir(data).resolve()
    with held(folder, write=apply, say=say):
        if apply:
            recover(folder)
        found = review_files(paths, data=folder)
        for edit in found.edits:
            old, new = edit.old or "—", edit.new or "—"
            what = (
                f"{new}: already in the register · 登记表中已是"
                if edit.already
                else f"{old} → {new}"
            )
            say(f"{edit.id}: {edit.column}: {what}   ({edit.cell.place})")
        for line in found.conflicts:
            say(f"conflict · 冲突: {line}")
        for refusal in found.refused:
            say(f"refused · 未收: {refusal}")
        count = len(found.refused) + len(found.conflicts)
        fresh = any(not edit.already for edit in found.edits)
        if count == 0 and fresh:
            say(
                "verdicts that move · 判断的变化:" if found.moved else "no verdict moves · 判断不变"
            )
            for line in found.moved:
                say(f"  {line}")
        if not found.edits and not count:
            say("nothing was changed in the workbook · 工作簿没有改动")
        if found.edits and not fresh and not count:
            say("nothing that the register does not hold · 没有登记表中尚无的改动")
        if not apply:
            return found
        if count:
            told = "1 cell" if count == 1 else f"{count} cells"
            raise InputError(
                f"{told} refused or in conflict, nothing written: correct"
                f" {'it' if count == 1 else 'them'}, then import again"
            )
        if fresh:
            files = ", ".join(Path(p).name for p in paths)
            entry = commit(folder, {"assumptions": found.table}, did=f"review: {files}")
            say(
                f"assumptions.csv written as change {entry.number} of {home(folder).scope} · 已写入"
            )
    return found
