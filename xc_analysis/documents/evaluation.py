"""The evaluation pack: indicators, tasks and projects with what is known and slots for the rest.

Delegated targets stand in an annex of their own, without a verdict and without colour. Slots are
marked; they come back through the workbook (`evaluation_slots`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..schema.schemas import TABLES
from ..tables import data_dir, load
from ..verdicts.targets import CANNOT
from ..verdicts.withheld import NO_OUTTURN, withheld_years
from .audience import restricted
from .document import BASIS, render
from .document_tables import one, places_of, source_names, table, used_rows
from .summary import Known, escaped, gather, last_on_record, plan_of, target_text
from .wording import amount, chance, limit_words, percent, quantity, signed

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
    "note": ("须留意", "Note"),
    "cause": ("原因", "Cause"),
    "next_step": ("下一步", "Next step"),
    "responsible_unit": ("责任单位", "Lead unit"),
}
LISTS = {
    "indicators": ("指标", "Indicators"),
    "delegated": ("达到市级要求的指标", "Delegated"),
    "tasks": ("任务", "Tasks"),
    "projects": ("项目", "Projects"),
}
SLOT = {"zh": "【待填】", "en": "[to fill]"}
# flags that say what stands in another cell of the row: the reading, the year without a value
_SAID = ("目标按假设读取", "target read by assumption", *NO_OUTTURN)
# of the annexes' columns, in the order of HEADS without the id: numbers are short, texts are long
WIDTHS = {
    "indicators": (15, 17, 9, 19, 17, 25, 22, 14, 14, 14),
    "delegated": (17, 20, 9, 15, 17, 26, 23, 14, 14, 14),
    "tasks": (25, 38, 9, 15, 15, 15, 10, 14, 14, 17),
    "projects": (23, 38, 9, 14, 14, 14, 10, 14, 14, 20),
}


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
    by: str = ""  # who filled in the slots

    @property
    def title(self) -> str:
        word = KINDS[self.kind][0 if self.lang == "zh" else 1]
        if self.lang == "zh":
            return f"{self.known.scope}{self.known.plan_name}规划{word}（{self.year} 年）"
        return f"{self.known.scope}: {word} of the plan {self.known.plan_name}, {self.year}"


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
        For another kind, a year before the plan's base year or after its target year, or one
        that the data do not reach (more than a year after their last).
    """
    if kind not in KINDS:
        raise InputError(f"--kind {kind!r}: give annual, mid or final")
    _, _, target_year = plan_of(data)
    last = last_on_record(data)
    if year > target_year:
        raise InputError(f"--year {year}: lies after the plan's target year {target_year}")
    if year > last + 1:
        raise InputError(f"--year {year}: the data end in {last}; give {last + 1} or earlier")
    with restricted(data_dir(data), audience) as (folder, withheld):
        known = gather(data=folder, lang=lang, as_of=year)
        base = int(known.card["base_year"].dropna().min())
        if year < base:
            raise InputError(f"--year {year}: lies before the plan's base year {base}")
        lists = {
            "indicators": _indicators(known, year, folder, delegated=False),
            "delegated": _indicators(known, year, folder, delegated=True),
            **_tasks_and_projects(known, year, base, folder),
        }
        _answer(lists, kind, year, known.plan, folder)
        return Evaluation(kind, year, audience, lang, known, lists, withheld)


def _answer(lists, kind: str, year: int, plan: str, folder: Path) -> None:
    """Put in what was filled in for this very evaluation."""
    if not (folder / TABLES["evaluations"].path).exists():
        return
    told = load("evaluations", data=folder)
    told = told[(told["kind"] == kind) & (told["year"] == year) & (told["plan"] == plan)]
    # what was filled in for the inside stands before what was for the public
    for row in told.sort_values("release", ascending=False).to_dict("records"):
        frame = lists[row["list"]]
        here = frame["id"] == row["row"]
        frame.loc[here, row["slot"]] = "" if pd.isna(row["text"]) else row["text"]


def _time(lang: str, year: int, base: int, due: int) -> str:
    """The part of the time that has passed; past the due year that alone is said."""
    zh = lang == "zh"
    if year > due:
        return "期限已过" if zh else "due date passed"
    if due <= base:
        return ""
    return ("时间 " if zh else "time ") + percent((year - base) / (due - base), lang)


def _indicators(known: Known, year: int, folder: Path, *, delegated: bool) -> pd.DataFrame:
    tr, rows = known.tr, []
    observed = load("observations", data=folder).set_index("obs_id")
    titles = source_names(folder, known.lang)
    hidden = withheld_years(folder)
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
                completion += tr("；", "; ") + known.verdict(row)
                if not pd.isna(row["p_meet"]):
                    completion += tr("，概率 ", ", P ") + chance(row["p_meet"], known.lang)
        aim = target_text(known, judged, row)
        if delegated and row["reading"]:
            aim += (
                tr("（市级数值 ", " (the city's number ")
                + limit_words(row["reading"], judged.line, known.lang)
                + tr("）", ")")
            )
        later = [y for y in hidden.get((known.home.scope, row["indicator"]), ()) if y <= year]
        rows.append(
            {
                "id": row["indicator"], "name": known.name(row), "target": aim,
                "due": "" if pd.isna(row["target_year"]) else str(int(row["target_year"])),
                "completion": completion,
                "schedule": _indicator_schedule(known, row, value, when, year, later),
                "evidence": used_rows(row, observed, titles, known.lang),
                "note": _caveats(judged, row, known), "cause": "", "next_step": "",
                "responsible_unit": "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEADS))


def _indicator_schedule(known, row, value, when, year, later) -> str:
    """Elapsed time, and progress from the base value where the arithmetic has a meaning."""
    tr = known.tr
    if pd.isna(row["base_year"]) or pd.isna(row["target_year"]):
        return ""
    base, due = int(row["base_year"]), int(row["target_year"])
    told = [_time(known.lang, year, base, due)]
    ends = (row["target"], row["baseline"], value)
    if row["branch"] == "to be reached" and not any(pd.isna(v) for v in ends) and when > base:
        way = row["target"] - row["baseline"]
        if way:
            part = percent((value - row["baseline"]) / way, known.lang).replace("-", "\u2212")
            told.append(tr("进度 ", "progress ") + part)
    elif not pd.isna(value) and int(when) < year and not later:
        told.append(tr(f"{int(when)} 年后无数值", f"no value after {int(when)}"))
    if later:  # withheld from this audience
        years = "、".join(map(str, later)) if known.lang == "zh" else ", ".join(map(str, later))
        told.append(tr(f"{years} 年数据未审核，暂不公布", f"{years} unaudited, not yet published"))
    return tr("；", "; ").join(part for part in told if part)


def _caveats(judged, row, known) -> str:
    """What to mind about a verdict, in words: its grade, breaks of the basis, readings."""
    tr = known.tr
    flags = row[tr("flags_zh", "flags_en")]
    flags = flags if isinstance(flags, str) else ""
    for token, words in BASIS.items():
        flags = flags.replace(token, tr(*words))
    told = [tr(f"依据等级 {row['grade']}", f"grade {row['grade']}")] if row["evidence"] else []
    if row["branch"] == "outturn":
        told.append(tr(f"{known.until}记录不全，仅知范围", f"{known.until}: incomplete, a range"))
    reading = row.get("reading")
    if row["kind"] == "qualitative" and isinstance(reading, str) and reading:
        read = limit_words(reading, judged.line, known.lang)
        told.append(tr(f"目标按 {read} 读取", f"target read as {read}"))
    stop = tr("；", "; ")
    return stop.join([*told, *(f for f in flags.split(stop) if f and f not in _SAID)])


def _tasks_and_projects(known: Known, year: int, base: int, folder: Path):
    tr, lang = known.tr, known.lang
    projects = load("projects", data=folder)
    observed, titles = load("observations", data=folder), source_names(folder, lang)
    where = observed.set_index("obs_id")[["source_id", "locator"]]
    names = load("indicators", data=folder).set_index("indicator")
    out = {"tasks": [], "projects": []}
    for row in projects.to_dict("records"):
        cell = {k: "" if pd.isna(v) else v for k, v in row.items()}
        due = cell["due_year"]
        filled = {slot: str(cell[slot]) for slot in SLOTS}
        if not filled["completion"]:
            filled["completion"] = _outturn(cell, names, year, tr, lang)
        if not filled["schedule"] and due:
            filled["schedule"] = _time(lang, year, base, int(due))
        note = ""
        if filled["completion"] and cell["outturn_obs"] in where.index:
            note = one(cell["note"], lang)
            source, locator = where.loc[cell["outturn_obs"]]
            filled["evidence"] = filled["evidence"] or tr("，", ", ").join(
                [titles.get(source, source), *places_of(locator, lang)]
            )
        if not filled["responsible_unit"]:
            filled["responsible_unit"] = cell[f"lead_{lang}"]
        content, place = (
            cell[f"content_{lang}"],
            tr("；", "; ").join(places_of(cell["locator"], lang)),
        )
        out["projects" if cell["kind"] == "project" else "tasks"].append(
            {
                "id": cell["project_id"],
                "name": cell[f"title_{lang}"],
                "target": f"{content}{tr('（', ' (')}{place}{tr('）', ')')}",
                "due": str(int(due)) if due else tr(
                    {"recurring": "经常", "undated": "未定"}.get(cell["timing"], ""),
                    {"recurring": "always", "undated": "none"}.get(cell["timing"], "")),
                "note": note,
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
        told = amount(float(cell["outturn"]), 2, one(cell["unit"], lang), lang)
    sign = signed(cell["outturn_bound"]) + " " if cell["outturn_bound"] else ""
    when = int(cell["outturn_year"]) if cell["outturn_year"] != "" else None
    return sign + told + (tr(f"（{when} 年）", f" ({when})") if when else "")


# ---- out: annexes -------------------------------------------------------------------------------


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
        wide = dict(zip([c for c in HEADS if c != "id"], WIDTHS[key], strict=True))
        # a column of nothing but dashes would only narrow the others
        columns = [c for c in wide if c in SLOTS or (frame[c] != "").any()]
        rows = []
        for row in frame.to_dict("records"):
            cells = [row[c] or (slot if c in SLOTS else "—") for c in columns]
            empty += sum(c == slot for c in cells)
            rows.append(cells)
        values[key] = (
            table([HEADS[c][at] for c in columns], rows, [wide[c] for c in columns])
            if rows
            else ("（无）", "(none)")[at]
        )
    values["empty"] = empty
    return render(TEMPLATE[found.lang], values, place=f"annexes ({found.lang})")
