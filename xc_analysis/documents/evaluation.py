"""The evaluation pack: indicators, tasks and projects with what is known and slots for the rest.

Delegated targets stand in an annex of their own, without a verdict and without colour. Slots are
marked; they come back through the workbook.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..intake.returned import Refused, offences_after, read_workbook
from ..packs.localpack import commit, held, recover
from ..packs.newpack import as_csv, cells_of
from ..packs.places import home
from ..tables import data_dir, load
from ..verdicts.targets import CANNOT
from .audience import restricted
from .document import BASIS, render
from .document_tables import one, table
from .summary import Known, chance, escaped, gather, number, quantity, signed, target_text
from .workbook import Sheet, to_bytes, write_sheets

KINDS = {
    "annual": ("年度评估", "Annual evaluation"),
    "mid": ("中期评估", "Mid-term evaluation"),
    "final": ("终期评估", "Final evaluation"),
}
SLOTS = ("completion", "schedule", "evidence", "cause", "next_step", "responsible_unit")
HEADS = {
    "id": ("编号", "Id"),
    "name": ("名称", "Name"),
    "target": ("目标", "Target"),
    "due": ("期限", "Due"),
    "completion": ("完成情况", "Completion"),
    "schedule": ("序时进度", "Schedule"),
    "evidence": ("依据", "Evidence"),
    "cause": ("原因", "Cause"),
    "next_step": ("下一步", "Next step"),
    "responsible_unit": ("责任单位", "Responsible unit"),
}
LISTS = {
    "indicators": ("指标", "Indicators"),
    "delegated": ("达到市级要求的指标", "Delegated"),
    "tasks": ("任务", "Tasks"),
    "projects": ("项目", "Projects"),
}
SLOT = {"zh": "【待填】", "en": "[to fill]"}
MOST_TEXT = 1000


@dataclass(frozen=True)
class Evaluation:
    """The lists of one evaluation; cells hold "" where a slot waits to be filled."""

    kind: str
    year: int
    audience: str
    lang: str
    known: Known
    lists: dict[str, pd.DataFrame]
    withheld: dict[str, int]

    @property
    def title(self) -> str:
        word = KINDS[self.kind][0 if self.lang == "zh" else 1]
        if self.lang == "zh":
            return f"{self.known.scope}“{self.known.plan}”规划{word}（{self.year} 年）"
        return f"{self.known.scope}: {word} of the plan {self.known.plan}, {self.year}"


def evaluate(
    kind: str, year: int, *, audience: str = "public", lang: str = "zh", data=None
) -> Evaluation:
    """Fill in what the data know.

    Parameters
    ----------
    kind : {"annual", "mid", "final"}
    year : int
        The year evaluated: nothing later is used.
    audience : {"public", "internal"}
        Rows it may not see are left out before anything is computed, and counted.
    lang : {"zh", "en"}
    data : path, optional

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        For another kind, or a year before the plan's base year.
    """
    if kind not in KINDS:
        raise InputError(f"--kind {kind!r}: give annual, mid or final")
    with restricted(data_dir(data), audience) as (folder, withheld):
        known = gather(data=folder, lang=lang, as_of=year)
        base = int(known.card["base_year"].dropna().min())
        if year < base:
            raise InputError(f"--year {year}: lies before the plan's base year {base}")
        lists = {
            "indicators": _indicators(known, year, delegated=False),
            "delegated": _indicators(known, year, delegated=True),
            **_tasks_and_projects(known, year, base, folder),
        }
        return Evaluation(kind, year, audience, lang, known, lists, withheld)


def _share(part: float) -> str:
    return f"{100 * part:.0f}%".replace("-", "\u2212")


def _elapsed(year: int, base: int, due: int) -> str:
    return _share(min(1.0, (year - base) / (due - base))) if due > base else ""


def _indicators(known: Known, year: int, *, delegated: bool) -> pd.DataFrame:
    tr, rows = known.tr, []
    for judged, row in zip(known.judged, known.card.to_dict("records"), strict=True):
        if (row["kind"] == "delegated") != delegated:
            continue
        value, when = row["latest"], row["latest_year"]
        if pd.isna(value):
            value, when = row["baseline"], row["baseline_year"]
        completion = ""
        if not pd.isna(value):
            told = quantity(value, judged.line, known.lang)
            completion = tr(f"{int(when)} 年 {told}", f"{told} in {int(when)}")
            if not delegated and row["verdict"] != CANNOT:
                verdict = row[tr("verdict_zh", "verdict")]
                completion += tr(f"；{verdict}", f"; {verdict}")
                if not pd.isna(row["p_meet"]):
                    completion += tr("，概率 ", ", P ") + chance(row["p_meet"])
        aim = target_text(known, judged, row)
        if delegated and row["reading"]:
            aim += (
                tr("（市级数值 ", " (the city's number ") + signed(row["reading"]) + tr("）", ")")
            )
        rows.append(
            {
                "id": row["indicator"], "name": known.name(row), "target": aim,
                "due": "" if pd.isna(row["target_year"]) else str(int(row["target_year"])),
                "completion": completion,
                "schedule": _indicator_schedule(known, judged, row, value, when, year),
                "evidence": _evidence(row, known), "cause": "", "next_step": "",
                "responsible_unit": "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEADS))


def _indicator_schedule(known, judged, row, value, when, year) -> str:
    """Elapsed time, and progress from the base value where the arithmetic has a meaning."""
    tr = known.tr
    if pd.isna(row["base_year"]) or pd.isna(row["target_year"]):
        return ""
    base, due = int(row["base_year"]), int(row["target_year"])
    told = tr("时间 ", "time ") + _elapsed(year, base, due)
    ends = (row["target"], row["baseline"], value)
    if row["branch"] == "to be reached" and not any(pd.isna(v) for v in ends) and when > base:
        way = row["target"] - row["baseline"]
        if way:
            told += tr("，进度 ", ", progress ") + _share((value - row["baseline"]) / way)
    elif not pd.isna(value) and int(when) < year:
        told += tr(f"；{int(when)} 年后无数值", f"; no value after {int(when)}")
    return told


def _evidence(row, known) -> str:
    parts = [p for p in (row.get("evidence"), row.get("source_ids")) if isinstance(p, str) and p]
    flags = row[known.tr("flags_zh", "flags_en")]
    for token, words in BASIS.items():
        flags = flags.replace(token, known.tr(*words)) if isinstance(flags, str) else ""
    grade = known.tr(f"{row['grade']} 级", f"grade {row['grade']}")
    return "; ".join([*parts, grade, *([flags] if flags else [])])


def _tasks_and_projects(known: Known, year: int, base: int, folder: Path):
    tr, lang = known.tr, known.lang
    projects = load("projects", data=folder)
    names = load("indicators", data=folder).set_index("indicator")
    out = {"tasks": [], "projects": []}
    for row in projects.to_dict("records"):
        cell = {k: "" if pd.isna(v) else v for k, v in row.items()}
        due = cell["due_year"]
        filled = {slot: str(cell[slot]) for slot in SLOTS}
        if not filled["completion"]:
            filled["completion"] = _outturn(cell, names, year, tr, lang)
        if not filled["schedule"] and due:
            told = tr("时间 ", "time ") + _elapsed(year, base, int(due))
            filled["schedule"] = told if told.strip() != tr("时间", "time") else ""
        if not filled["evidence"] and filled["completion"] and cell["outturn_obs"]:
            filled["evidence"] = f"{cell['outturn_obs']}; {one(cell['note'], lang)}".strip("; ")
        if not filled["responsible_unit"]:
            filled["responsible_unit"] = cell[f"lead_{lang}"]
        content = cell[f"content_{lang}"]
        out["projects" if cell["kind"] == "project" else "tasks"].append(
            {
                "id": cell["project_id"],
                "name": cell[f"title_{lang}"],
                "target": f"{content}{tr('（', ' (')}{cell['locator']}{tr('）', ')')}",
                "due": str(int(due)) if due else tr(
                    {"recurring": "经常", "undated": "未定"}.get(cell["timing"], ""), cell["timing"]),
                **filled,
            }
        )  # fmt: skip
    return {key: pd.DataFrame(rows, columns=list(HEADS)) for key, rows in out.items()}


def _outturn(cell, names, year, tr, lang) -> str:
    """The result that the table holds, with what was promised; "" where none is known by then."""
    if cell["outturn"] == "" or (cell["outturn_year"] != "" and int(cell["outturn_year"]) > year):
        return ""
    if cell["indicator"] in names.index:
        line = names.loc[cell["indicator"]]
        told = quantity(float(cell["outturn"]), line, lang)
    else:
        told = f"{number(float(cell['outturn']), 2)} {one(cell['unit'], lang)}".strip()
    sign = signed(cell["outturn_bound"]) + " " if cell["outturn_bound"] else ""
    when = int(cell["outturn_year"]) if cell["outturn_year"] != "" else None
    return sign + told + (tr(f"（{when} 年）", f" ({when})") if when else "")


# ---- out: workbook and annexes -------------------------------------------------------------------


def evaluation_workbook(found: Evaluation) -> bytes:
    """The lists as a workbook to fill in: marked slots, the base of every row kept inside."""
    at = 0 if found.lang == "zh" else 1
    heads = {c: words[at] for c, words in HEADS.items()}
    heads["id"] = "id"
    intro = (
        "黄底列可改、可补；其余由数据写成。填好后用 xc evaluate --fill 读回"
        if at == 0
        else "Yellow columns may be changed and filled; the rest is written from the data. Read back"
        " with xc evaluate --fill"
    )
    sheets, hidden = [], {"kind": "evaluation", "lang": found.lang, "year": str(found.year)}
    for key, frame in found.lists.items():
        sheets.append(
            Sheet(LISTS[key][at], tuple(HEADS), frame.to_numpy().tolist(), heads=heads,
                  editable=frozenset(SLOTS), intro=intro)
        )  # fmt: skip
        for row in frame.to_dict("records"):
            hidden[f"{key}:{row['id']}"] = json.dumps(row, ensure_ascii=False)
    return to_bytes(write_sheets(sheets, lang=found.lang, hidden=hidden))


TEMPLATE = {
    "zh": """# 说明

本附件由数据写成：{{title}}。读者范围：{{audience}}。因公开级别略去 {{withheld}} 行。未填的空栏标为“{{slot}}”，共 {{empty}} 处，由责任单位在工作簿中补齐。

# 附件一　指标

{{indicators}}

# 附件二　达到市级要求的指标

以下 {{n_delegated}} 项由市级分解，没有本区数值，不判断、不着色、不计入完成情况。

{{delegated}}

# 附件三　任务

{{tasks}}

# 附件四　项目

{{projects}}
""",
    "en": """# Note

Written from the data: {{title}}. Audience: {{audience}}. Rows withheld by their release: {{withheld}}. {{empty}} slots marked "{{slot}}" wait for the responsible units, who fill them in the workbook.

# Annex 1. Indicators

{{indicators}}

# Annex 2. Targets that the city sets

These {{n_delegated}} have no number for the district: no verdict, no colour, no part in any count.

{{delegated}}

# Annex 3. Tasks

{{tasks}}

# Annex 4. Projects

{{projects}}
""",
}


def annexes(found: Evaluation) -> bytes:
    """The Word annexes, ready to attach."""
    from .word import docx

    text = annex_markdown(found)
    return docx(text, lang=found.lang, title=found.title, toc=False, landscape=True, plain=True)


def annex_markdown(found: Evaluation) -> str:
    """The annexes as Markdown; every slot without a value is marked."""
    at, slot = (0, SLOT["zh"]) if found.lang == "zh" else (1, SLOT["en"])
    columns = [c for c in HEADS if c != "id"]
    head = [HEADS[c][at] for c in columns]
    values: dict[str, object] = {
        "title": escaped(found.title),
        "audience": {"public": ("公开", "public"), "internal": ("内部", "internal")}[
            found.audience
        ][at],
        "withheld": sum(found.withheld.values()),
        "slot": escaped(slot),
        "n_delegated": len(found.lists["delegated"]),
    }
    empty = 0
    for key, frame in found.lists.items():
        rows = []
        for row in frame.to_dict("records"):
            cells = [row[c] or (slot if c in SLOTS else "—") for c in columns]
            empty += sum(c == slot for c in cells)
            rows.append(cells)
        values[key] = (
            table(head, rows, (18, 22, 7, 16, 12, 18, 10, 10, 14))
            if rows
            else ("（无）", "(none)")[at]
        )
    values["empty"] = empty
    return render(TEMPLATE[found.lang], values, place=f"annexes ({found.lang})")


# ---- back in -------------------------------------------------------------------------------------


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
        If the file is no such workbook.
    """
    heads = {word: c for c, words in HEADS.items() for word in words}
    book = read_workbook(path, kind="evaluation", heads=heads)
    names = {words[i]: key for key, words in LISTS.items() for i in (0, 1)}
    lists = {key: frame.copy() for key, frame in found.lists.items()}
    changes, refused = [], []
    for sheet, rows in book.rows.items():
        key, seen = names.get(sheet, ""), set()
        if not key:
            continue
        for row in rows:
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
                if column not in SLOTS:
                    refused.append(Refused(cell.place, f"{column} was changed",
                                           "restore it; only the yellow columns are read"))  # fmt: skip
                elif cell.formula or cell.text.startswith(("=", "+", "@")):
                    refused.append(Refused(cell.place, "holds a formula", "write it as plain text"))
                elif len(cell.text) > MOST_TEXT:
                    refused.append(Refused(cell.place, f"holds {len(cell.text)} characters",
                                           f"shorten it to {MOST_TEXT}"))  # fmt: skip
                else:
                    changes.append((key, ident.text, column, base[column], cell.text, cell.place))
                    frame = lists[key]
                    frame.loc[frame["id"] == ident.text, column] = cell.text
    filled = Evaluation(found.kind, found.year, found.audience, found.lang, found.known, lists,
                        found.withheld)  # fmt: skip
    return filled, changes, refused


def apply_slots(
    changes, *, path: Path | str, data=None, say: Callable[[str], None] = print
) -> None:
    """Write the slots of tasks and projects to ``projects.csv``, in one step.

    Slots of indicators belong to one evaluation and stay in its workbook.

    Raises
    ------
    InputError
        If the table would break a rule: nothing is written then.
    """
    folder = data_dir(data).resolve()
    with held(folder, write=True, say=say):
        recover(folder)
        cells = cells_of("projects", folder)
        rows = {row["project_id"]: row for row in cells.to_dict("records")}
        wanted = [c for c in changes if c[0] in ("tasks", "projects")]
        for _, ident, column, _, new, place in wanted:
            if ident not in rows:
                raise InputError(f"{place}: {ident!r} is no row of projects.csv; restore the id")
            rows[ident][column] = " ".join(new.split())
        if not wanted:
            say("no slot of a task or project was filled · 任务与项目没有新填的栏")
            return
        content = as_csv(cells.columns, rows.values())
        trial, found = offences_after(folder, {"projects": content})
        shutil.rmtree(trial.parent, ignore_errors=True)
        if found:
            raise InputError(f"{path}: {found[0]}; nothing written")
        entry = commit(folder, {"projects": content}, did=f"evaluation: {Path(path).name}")
        say(f"projects.csv written as change {entry.number} of {home(folder).scope} · 已写入")
