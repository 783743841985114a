"""The evaluation workbook: out with marked slots, back with what responsible units filled in.

An answer belongs to one evaluation: its kind, year and plan stand on the first sheet, and it is
kept under them in ``evaluations.csv``.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..intake.returned import Cell, Refused, offences_after, read_workbook
from ..packs.localpack import commit, held, recover
from ..packs.newpack import as_csv, cells_of
from ..packs.places import home
from ..schema.schemas import TABLES
from ..tables import data_dir, format_offence
from .evaluation import HEADS, KINDS, LISTS, SLOTS, Evaluation
from .workbook import Sheet, to_bytes, write_sheets

MOST_TEXT = 1000
COVER = ("说明", "About")
_COVER_HEADS = {"id": ("id", "id"), "what": ("项目", "What"), "value": ("内容", "Content")}
# what a workbook says of itself; "by" is for whoever fills it in
_ABOUT = {
    "kind": ("评估类型", "Kind"),
    "year": ("年份", "Year"),
    "plan": ("规划", "Plan"),
    "audience": ("读者范围", "Audience"),
    "by": ("填写人（可填）", "Filled in by"),
}
SCHEDULE = (
    ("已完成", "completed"),
    ("达到序时进度", "on schedule"),
    ("滞后于序时进度", "behind schedule"),
    ("尚未启动", "not begun"),
)


def _about(found: Evaluation) -> dict[str, str]:
    return {
        "kind": found.kind, "year": str(found.year), "plan": found.known.plan,
        "audience": found.audience,
    }  # fmt: skip


def evaluation_workbook(found: Evaluation) -> bytes:
    """The lists as a workbook to fill in: marked slots, the base of every row kept inside.

    Parameters
    ----------
    found : Evaluation

    Returns
    -------
    bytes
    """
    at = 0 if found.lang == "zh" else 1
    heads = {c: words[at] for c, words in HEADS.items()} | {"id": "id"}
    intro = (
        "黄底列可改、可补；其余由数据写成。填好后用 xc evaluate --fill 读回"
        if at == 0
        else "Yellow columns may be changed and filled; the rest is written from the data. Read back"
        " with xc evaluate --fill"
    )
    about = _about(found)
    kind = f"{_ABOUT['kind'][at]}" + ("（{}）" if at == 0 else " ({})").format(
        KINDS[found.kind][at]
    )
    cover = [[key, kind if key == "kind" else words[at], about.get(key, found.by)]
             for key, words in _ABOUT.items()]  # fmt: skip
    sheets = [
        Sheet(COVER[at], tuple(_COVER_HEADS), cover, intro=found.title,
              heads={c: words[at] for c, words in _COVER_HEADS.items()})
    ]  # fmt: skip
    units = {u for frame in found.lists.values() for u in frame["responsible_unit"] if u}
    choices = {"schedule": [w[at] for w in SCHEDULE], "responsible_unit": sorted(units)}
    hidden = {"kind": "evaluation", "lang": found.lang}
    for key, frame in found.lists.items():
        sheets.append(
            Sheet(LISTS[key][at], tuple(HEADS), frame.to_numpy().tolist(), heads=heads,
                  editable=frozenset(SLOTS), intro=intro, choices=choices,
                  offered=frozenset(choices))
        )  # fmt: skip
        for row in frame.to_dict("records"):
            hidden[f"{key}:{row['id']}"] = json.dumps(row, ensure_ascii=False)
    return to_bytes(write_sheets(sheets, lang=found.lang, hidden=hidden))


def fill(found: Evaluation, path: Path | str):
    """Put the slots of a filled workbook into an evaluation.

    Parameters
    ----------
    found : Evaluation
    path : path
        A workbook of `evaluation_workbook`, filled in.

    Returns
    -------
    filled : Evaluation
    changes : list of tuple
        (list, id, slot, old, new, place) of each cell that differs from what was sent out.
    refused : list of Refused

    Raises
    ------
    InputError
        If the file is no such workbook, or one of another evaluation.
    """
    heads = {word: c for c, words in (HEADS | _COVER_HEADS).items() for word in words}
    book = read_workbook(path, kind="evaluation", heads=heads)
    by = _same(found, book)
    names = {words[i]: key for key, words in LISTS.items() for i in (0, 1)}
    lists = {key: frame.copy() for key, frame in found.lists.items()}
    changes, refused = [], []
    for sheet, rows in book.rows.items():
        key, seen = names.get(sheet, ""), set()
        for row in rows if key else ():
            ident = row["id"]
            base = book.base(f"{key}:{ident.text}")
            if not base or ident.text in seen:
                refused.append(Refused(ident.place, f"{ident.text!r} is no row of this list, or stands"
                                       " twice", "restore the id"))  # fmt: skip
                continue
            seen.add(ident.text)
            for column, cell in row.items():
                if column not in base or (cell.text == base[column] and not cell.formula):
                    continue
                problem = _wrong(column, cell)
                if problem:
                    refused.append(Refused(cell.place, *problem))
                    continue
                changes.append((key, ident.text, column, base[column], cell.text, cell.place))
                frame = lists[key]
                frame.loc[frame["id"] == ident.text, column] = cell.text
    return replace(found, lists=lists, by=by), changes, refused


def _same(found: Evaluation, book) -> str:
    """Who filled in a workbook; refused unless it is of this very evaluation."""
    rows = [row for name in COVER for row in book.rows.get(name, ())]
    told: dict[str, Cell] = {row["id"].text: row["value"] for row in rows if "value" in row}
    for key, asked in _about(found).items():
        if key not in told:
            raise InputError(
                f"{book.file}: {' / '.join(COVER)}: no row {key!r}: restore the first sheet, or fill"
                " in a workbook of xc evaluate"
            )
        if told[key].text != asked:
            raise InputError(
                f"{told[key].place}: {key} is {told[key].text!r}, asked is {asked!r}: give the"
                f" workbook of this evaluation, or --{key} as in the workbook"
                if key != "plan"
                else f"{told[key].place}: plan is {told[key].text!r}, the data's is {asked!r}: give"
                " the workbook of this plan"
            )
    by = told.get("by")
    if by is None or by.formula or len(by.text) > 100:
        return ""
    return by.text


def _wrong(column: str, cell: Cell) -> tuple[str, str] | None:
    """What is wrong with a changed cell, and what to do; None if nothing."""
    if column not in SLOTS:
        return f"{column} was changed", "restore it; only the yellow columns are read"
    if cell.formula or cell.text.startswith(("=", "+", "@")):
        return "holds a formula", "write it as plain text"
    if len(cell.text) > MOST_TEXT:
        return f"holds {len(cell.text)} characters", f"shorten it to {MOST_TEXT}"
    return None


def apply_slots(
    found: Evaluation, changes, *, path: Path | str, data=None, say: Callable[[str], None] = print
) -> None:
    """Keep filled slots in ``evaluations.csv``, under the evaluation they were given for.

    Parameters
    ----------
    found : Evaluation
        As `fill` returns it.
    changes : list of tuple
        Its changes.
    path : path
        The workbook, for the record and for messages.
    data : path, optional
    say : callable
        Told what was done.

    Raises
    ------
    InputError
        If the table would break a rule: nothing is written then.
    """
    if not changes:
        say("no slot was filled · 没有新填的栏")
        return
    folder = data_dir(data).resolve()
    table = TABLES["evaluations"]
    with held(folder, write=True, say=say):
        recover(folder)
        file = folder / table.path
        if not file.exists():  # a pack made before there was this table
            file.write_bytes(as_csv(table.names, []))
        rows = {tuple(row[c] for c in table.key): row
                for row in cells_of("evaluations", folder).to_dict("records")}  # fmt: skip
        about = _about(found)
        common = {c: about[c] for c in ("kind", "year", "plan")} | {"release": about["audience"]}
        common |= {"by": found.by or Path(path).name, "on": dt.date.today().isoformat()}
        for key, ident, column, _, new, _ in changes:
            row = common | {
                "list": key,
                "row": ident,
                "slot": column,
                "text": " ".join(new.split()),
            }
            rows[tuple(row[c] for c in table.key)] = row
        content = as_csv(table.names, rows.values())
        trial, offences = offences_after(folder, {"evaluations": content})
        shutil.rmtree(trial.parent, ignore_errors=True)
        if offences:
            raise InputError(f"{path}: {format_offence(offences[0])}; nothing written")
        entry = commit(folder, {"evaluations": content}, did=f"evaluation: {Path(path).name}")
        say(
            f"evaluations.csv written as change {entry.number} of {home(folder).scope}:"
            f" {len(changes)} · 已写入"
        )
