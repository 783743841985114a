"""The report as Markdown: a template of words, with every value put in from the data.

A value that is missing, not finite or outside what its indicator can be stops the build and is
named with the template's line: nothing is ever left blank or typed by hand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..errors import InputError
from ..tables import load
from ..verdicts.targets import BANDS
from .citing import brief_titles, citations
from .document_tables import (
    assumption_table,
    commitment_table,
    conflict_table,
    conflicts,
    project_table,
    statement_table,
    table,
)
from .illustrations import Illustration, places, png_size
from .readings import STATUS
from .register_words import in_units, worded
from .summary import (
    Known,
    aim_words,
    as_markdown,
    counts,
    escaped,
    newest,
    partial_range,
    read_beside,
    summary,
    target_text,
    why,
)
from .wording import chance, limit_words, locator_words, minus, percent, quantity

SLOT = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
THEMES = {
    "air": ("空气", "Air"),
    "water": ("水", "Water"),
    "green": ("绿色空间", "Green space"),
    "noise": ("噪声", "Noise"),
    "carbon": ("碳排放", "Carbon"),
    "soil": ("土壤", "Soil"),
    "waste": ("固体废物", "Waste"),
}
BASIS = {
    "ref-273K": ("273 K 参比", "273 K reference"),
    "ref-298K": ("298 K 参比", "298 K reference"),
    "ref-mixed": ("两种参比并存", "both references"),
    "district-wide": ("全区口径", "whole district"),
    "outside-historic": ("历史街区以外口径", "outside historic blocks"),
}


def render(text: str, values: Mapping[str, object], *, place: str) -> str:
    """A template with its slots filled.

    Parameters
    ----------
    text : str
        Words with slots ``{{name}}``.
    values : mapping of str to str, int or float
    place : str
        Name of the template, for the message.

    Returns
    -------
    str

    Raises
    ------
    InputError
        For a slot without a value, or a value that is empty or not a finite number; the message
        names the template, the line and the slot.
    """
    out = []
    for line_no, line in enumerate(text.split("\n"), 1):

        def fill(match, line_no=line_no):
            name = match[1]
            where = f"{place}:{line_no}: {{{{{name}}}}}"
            if name not in values:
                raise InputError(f"{where}: nothing of this name; known are {', '.join(values)}")
            value = values[name]
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"{where}: {value} is not a number to print; check the data")
            if value is None or (isinstance(value, str) and not value.strip() and value != "\n"):
                raise InputError(f"{where}: no value; fill it in the data or drop the slot")
            return str(value)

        out.append(SLOT.sub(fill, line))
    return "\n".join(out)


# ---- the parts ----------------------------------------------------------------------------------


def scorecard_table(known: Known) -> str:
    """The plan's table: value, target, verdict, probability, grade."""
    tr = known.tr
    head = (
        ("序号", "指标", "现状", "目标", "判断", "概率", "依据")
        if known.lang == "zh"
        else ("No.", "Indicator", "Now", "Target", "Verdict", "P", "Grade")
    )
    rows = []
    for judged, row in zip(known.judged, known.card.to_dict("records"), strict=True):
        now, last = "—", newest(row)
        if last:
            now = quantity(last[0], judged.line, known.lang)
            now += tr(f"\u200b（{last[1]}）", f" ({last[1]})")  # a break, if any, comes here
        p = "—" if pd.isna(row["p_meet"]) else chance(row["p_meet"], known.lang)
        aim = target_text(known, judged, row)
        cells = (row["plan_row"], known.name(row), now, aim, known.verdict(row))
        rows.append((*cells, p, row["grade"]))
    return table(head, rows, tr((8, 26, 22, 19, 18, 8, 8), (7, 27, 21, 19, 19, 9, 12)))


def indicator_sentences(known: Known, *, data=None) -> tuple[str, set[str]]:
    """A section for each theme, a sentence or three for each indicator, sources in footnotes."""
    tr = known.tr
    titles = citations(data, known.lang)
    observations = load("observations", data=data)
    parts, notes, cited = [], [], set()
    short_titles = brief_titles(data, known.lang)
    pairs = list(zip(known.judged, known.card.to_dict("records"), strict=True))
    for theme in dict.fromkeys(row["theme"] for _, row in pairs):
        parts.append("## " + tr(*THEMES.get(theme, (theme, theme.capitalize()))))
        for judged, row in pairs:
            if row["theme"] != theme:
                continue
            note = ""
            if judged.baseline is not None:
                source, where = judged.baseline["source_id"], judged.baseline["locator"]
                short = titles.get(source, source)
                if source in cited:  # told in full once
                    short = short_titles.get(source, source)
                cited.add(source)
                note = f"[^{row['indicator']}]"
                told = tr("，", ", ").join(filter(None, (short, locator_words(where, known.lang))))
                notes.append(f"[^{row['indicator']}]: {escaped(told)}")
                _possible(row["baseline"], judged.line, f"indicator {row['indicator']}")
            parts.append(_sentence(known, judged, row, note, observations))
    return "\n\n".join([*parts, *notes]), cited


def _possible(value, line, place):
    for limit, below in ((line.get("floor"), True), (line.get("ceiling"), False)):
        if limit is None or pd.isna(limit) or pd.isna(value):
            continue
        if (value < limit) if below else (value > limit):
            raise InputError(
                f"{place}: {value:g} lies outside what it can be ({'>=' if below else '<='}"
                f" {limit:g}); correct observations.csv"
            )


def _sentence(known, judged, row, note, observations):
    tr = known.tr
    values = {
        "name": known.name(row),
        "row": int(row["plan_row"]),
        "aim": escaped(aim_words(known, judged, row)),
        "verdict": known.verdict(row),
        "why": escaped(why(known, judged, row)),
    }
    have = _values(known, judged, row)
    bound = "" if have else _bound(observations, known, judged)
    if have:
        values["have"] = escaped(have)
        have = tr("{{have}}。", "{{have}}. ")
    else:
        have = tr("没有本区年度数值。", "No value for the district. ")
        if bound:
            values["bound"] = escaped(bound)
            have = tr("没有本区年度数值，仅知 {{bound}}。",
                      "No value for the district, only {{bound}}. ")  # fmt: skip
    text = "**{{name}}**" + tr("（表列第 {{row}} 项）。", " (row {{row}}). ") + have
    text += tr(
        "目标：{{aim}}。判断：{{verdict}}；{{why}}。",
        "Target: {{aim}}. Verdict: {{verdict}}; {{why}}.",
    )
    if read_beside(row):
        values["reading"] = escaped(limit_words(row["reading"], judged.line, known.lang))
        values["read"] = known.verdict(row, under=True)
        values["because"] = escaped(why(known, judged, row, under=True))
        text += tr(
            "若借全市的数值 {{reading}} 作比（不是区级目标）：{{read}}；{{because}}。",
            " Beside the city's {{reading}}, which is no target of the district: {{read}};"
            " {{because}}.",
        )
    flags = row[tr("flags_zh", "flags_en")]
    if isinstance(flags, str) and flags:
        for token, words in BASIS.items():
            flags = flags.replace(token, tr(*words))
        values["flags"] = escaped(flags)
        text += tr("须留意：{{flags}}。", " Note: {{flags}}.")
    place = f"report_{known.lang}.md, indicator {row['indicator']}"
    return render(text, values, place=place).replace("NOTE", note)


def _values(known, judged, row) -> str:
    """The published value, the newest one and the range of an incomplete year, each with its
    year and kind; "" without any."""
    tr, line = known.tr, judged.line

    def told(value, year, status, note=""):
        kind = tr(*STATUS.get(status, ("", "")))
        shown = quantity(value, line, known.lang)
        mark = tr(f"（{kind}）", f" ({kind})") if kind else ""
        return tr(f"{year} 年为 {shown}{mark}{note}", f"{shown} in {year}{mark}{note}")

    out = []
    if not pd.isna(row["baseline_year"]):
        out.append(told(row["baseline"], int(row["baseline_year"]), row["baseline_status"], "NOTE"))
    last = newest(row)
    if last is not None and last[3]:
        out.append(tr("最新的整年数值，", "newest whole year, ") + told(*last[:3]))
    if found := partial_range(known, judged, row):
        year = judged.assessment.components.get("target_year") if judged.assessment else None
        year = year or known.as_of
        out.append(tr(f"{year} 年记录不全，估计为 {found}",
                      f"{found} in {year} (estimate, incomplete record)"))  # fmt: skip
    return tr("；", "; ").join(out)


def _bound(observations, known, judged):
    rows = observations[
        (observations["indicator"] == judged.line["indicator"])
        & (observations["scope"] == known.home.scope)
        & (observations["status"] == "bound")
        & (observations["period"] == "annual")
        & (observations["year"] <= known.as_of)
        & observations["use"]
    ]
    if rows.empty:
        return ""
    row = rows.sort_values("year").iloc[-1]
    ends = [("≥", row["lower"]), ("≤", row["upper"])]
    told = [f"{s} {quantity(v, judged.line, known.lang)}" for s, v in ends if not pd.isna(v)]
    return known.tr(f"{row['year']} 年 ", f"in {row['year']} ") + ", ".join(told)


def figure_block(
    item: Illustration, count: int, titles: Mapping[str, str], lang: str,
    brief: Mapping[str, str] | None = None, cited: Container[str] = (),
) -> str:  # fmt: skip
    """One figure with caption, what it shows, and a source line; a source that was cited before
    goes by its brief name."""
    word = f"图 {count}　{item.title}" if lang == "zh" else f"Figure {count}. {item.title}"
    reading = item.reading or item.alt
    known = {**titles, **{i: name for i, name in (brief or {}).items() if i in cited}}
    names = [known.get(i, i) for i in item.source_ids]
    joint = "；" if lang == "zh" else "; "
    shown, rest = names[:3], len(names) - 3
    source = ("来源：" if lang == "zh" else "Source: ") + joint.join(shown)
    if rest > 0:
        source += (
            f"；另 {rest} 种见工作簿同名表" if lang == "zh" else f"; {rest} more in the workbook"
        )
    alt = re.sub(r'["\n]', " ", item.alt)
    width, height = _size(item.png)
    block = (
        f'![{escaped(word)}]({item.png}){{alt="{alt}" width={width:.1f}cm height={height:.1f}cm}}'
    )
    lines = [block, "", '::: {custom-style="Figure Reading"}', escaped(reading), ":::"]
    if names:
        lines += ["", '::: {custom-style="Source Line"}', escaped(source), ":::"]
    return "\n".join(lines)


TWO_A_PAGE = 8.4  # cm: of this height two figures with their words share a page
LITTLE = 1.28  # a picture is made smaller by a fifth at most to get there


def _size(png: Path, most_wide: float = 15.5, most_high: float = 17.0) -> tuple[float, float]:
    """Width and height in cm that fit the page in the picture's own proportion."""
    wide, high = png_size(png)
    # never larger than the figure was drawn for (300 dots an inch)
    factor = min(most_wide / wide, most_high / high, 2.54 / 300 * 1.05)
    if TWO_A_PAGE < high * factor <= TWO_A_PAGE * LITTLE:
        factor = TWO_A_PAGE / high
    return wide * factor, high * factor


def _bands(known) -> str:
    """The words for probabilities, with the bounds that the verdicts use."""
    tr = known.tr
    told = []

    def share(p):
        return percent(p, known.lang)

    for (low, en, zh), above in zip(BANDS, (None, *(b[0] for b in BANDS)), strict=False):
        if above is None:
            span = tr(f"不低于{share(low)}", f"{share(low)} or more")
        elif low == 0:
            span = tr(f"低于{share(above)}", f"less than {share(above)}")
        else:
            span = tr(f"{share(low)}至{share(above)}", f"{share(low)} to {share(above)}")
        told.append(tr(f"{span}为{zh}", f"{span}: {en}"))
    return tr("，", "; ").join(told)


def _kinds_told(of_kind, tr) -> str:
    """How many indicators are judged, known by their gap, not to be judged, not yet published."""
    told = tr("可作判断的 {judged} 项，只能给出差距的 {gap} 项，无法判断的 {cannot} 项",
              "{judged} can be judged, of {gap} only the gap is known, {cannot} cannot be judged")  # fmt: skip
    if of_kind["withheld"]:
        told += tr("，数据未审核、暂不公布判断的 {withheld} 项",
                   ", of {withheld} the verdict is not yet published, its data being unaudited")  # fmt: skip
    return told.format(**of_kind)


def report_markdown(
    known: Known, figures: Sequence[Illustration], *, data: Path, template: Path | None = None,
    withheld: str = "",
) -> str:  # fmt: skip
    """The whole report as Markdown for pandoc.

    Parameters
    ----------
    known : Known
    figures : sequence of Illustration
        Those with withheld rows are counted and left out.
    data : Path
    template : Path, optional
        Another template; default the package's of the language.
    withheld : str
        Whom the report is for and what was withheld, told below the summary.

    Returns
    -------
    str

    Raises
    ------
    InputError
        Where a value is missing or impossible, naming the place.
    """
    from ..statements import statements

    tr, lang = known.tr, known.lang
    titles, brief = citations(data, lang), brief_titles(data, lang)
    names = load("indicators", data=data).set_index("indicator")
    projects, register = load("projects", data=data), load("assumptions", data=data)
    pairs, checked = conflicts(load("observations", data=data)), statements(data)
    if len(checked):
        checked = checked.assign(locator=checked["locator"].map(lambda c: locator_words(c, lang)))
    told, cited = indicator_sentences(known, data=data)
    shown = [item for item in figures if not item.withheld]
    kept_back = len(figures) - len(shown)
    blocks, chapter = [], None
    for count, item in enumerate(shown, 1):
        if item.chapter != chapter:
            chapter = item.chapter
            blocks.append(f"## {escaped(chapter)}")
        blocks.append(figure_block(item, count, titles, lang, brief, cited))
        cited.update(item.source_ids)
    cited &= set(titles)
    grades = load("sources", data=data).set_index("source_id")["reliability"]
    source_rows = [
        (titles[i], grades.get(i, ""))
        for i in sorted(cited, key=lambda i: (grades.get(i, ""), titles[i]))
    ]
    texts = projects[projects["kind"] == "commitment"]
    of_kind = counts(known)
    none = tr("（无）", "(none)")
    values = {
        "summary": as_markdown(summary(known), lang)
        + (f"\n\n{escaped(withheld)}" if withheld else ""),
        "plan": known.plan_name,
        "n_rows": len(known.card),
        "as_of": known.as_of,
        "target_year": known.target_year,
        "of_kinds": _kinds_told(of_kind, tr),
        "bands": _bands(known),
        "scorecard": scorecard_table(known),
        "indicators": told,
        "withheld_figures": tr(
            f"以下各图的数据见同名工作表，图注下一行由数据写成。另有 {kept_back} 幅含非公开或未经审核的数据，未列入。"
            if kept_back else "以下各图的数据见同名工作表，图注下一行由数据写成。图中注明草稿的年份未经审核。",
            "The data of each figure are in the workbook; the line below a caption is written from"
            " them." + (f" {kept_back} more carry data that are not public and are left out."
                        if kept_back else " Years marked as draft are unaudited."),
        ),
        "figures": "\n\n".join(blocks) or none,
        "n_projects": int((projects["kind"] == "project").sum()),
        "n_commitments": len(texts),
        "n_measurable": int((texts["measurable"] == "yes").sum()),
        "n_partly": int((texts["measurable"] == "partly").sum()),
        "n_outturn": int(texts["outturn"].notna().sum()),
        "projects": project_table(known, projects),
        "commitments": commitment_table(known, projects) if len(texts) else none,
        "n_statements": len(checked),
        "statements": minus(statement_table(known, checked)) if len(checked) else none,
        "n_assumptions": len(register),
        "assumptions": assumption_table(
            known, worded(register, names, places(data, lang), lang), names
        ),
        "n_conflicts": len(pairs),
        "conflicts": conflict_table(known, in_units(pairs, lang), names, titles) if len(pairs) else none,
        "n_sources": len(source_rows),
        "sources": table(tr(("来源", "等级"), ("Source", "Grade")), source_rows, (90, 8))
        if source_rows else none,
    }  # fmt: skip
    path = template or Path(__file__).with_name(f"report_{lang}.md")
    return render(path.read_text(encoding="utf-8"), values, place=path.name)
