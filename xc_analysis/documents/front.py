"""The head of the page: what is known of the district, in a few lines from the tables."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .. import evidence, tables
from ..errors import InputError
from ..packs import places
from ..statements import statements
from .readings import word_of


def front(data: Path, lang: str) -> str:
    """What is known of the district, in a few lines, from the tables."""
    try:
        facts = [*_known(data, lang), *_judged(data, lang)]
    except InputError as error:
        facts = [str(error)]
    heading = {"zh": "数据概况", "en": "The data in brief"}[lang]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    return f'<h2 id="known">{heading}</h2><ul>{items}</ul>'


def _known(data: Path, lang: str) -> list[str]:
    place = places.home(data)
    cells = evidence.coverage(scope=place.scope, data=data)
    register = tables.load("indicators", data=data).set_index("indicator")
    listed = register[register["plan_row"].notna()].sort_values("plan_row")
    names = listed["name_zh" if lang == "zh" else "name_en"]
    yearly = cells.isin(["printed", "derived", "computed", "estimated", "bound"]).sum(axis=1)
    counts = yearly.reindex(listed.index, fill_value=0)
    without, once = names[counts == 0], names[counts == 1]
    kinds = cells.stack().value_counts()
    sums = [f"{word_of(kind, lang) or kind} {n}" for kind, n in kinds.items() if kind]
    span = f"{cells.columns.min()}–{cells.columns.max()}"
    if lang == "zh":
        facts = [
            f"{place.scope}，{span} 年，共 {len(cells)} 项指标；指标—年份格：{'，'.join(sums)}。其余为空，不作插补。",
            f"规划表 2 的 {len(names)} 项指标中，{len(names) - len(without)} 项至少有一个年度数值或范围。",
        ]
        ends = ("只有一个年度数值：", "没有任何年度数值：", "、", "。")
    else:
        facts = [
            f"{place.scope_en}, {span}: {len(cells)} indicators; indicator-years: {', '.join(sums)}."
            " The rest is empty and nothing is interpolated.",
            f"Of the {len(names)} indicators of the plan's Table 2, {len(names) - len(without)}"
            " have a value or a bound for at least one whole year.",
        ]
        ends = ("A single year only: ", "No year at all: ", "; ", ".")
    for title, which in zip(ends[:2], (once, without), strict=True):
        if len(which):
            facts.append(title + ends[2].join(which) + ends[3])
    return facts


def _judged(data: Path, lang: str) -> list[str]:
    found = statements(data)
    if found.empty:
        return []
    counts = found["verdict_zh" if lang == "zh" else "verdict"].value_counts()
    if lang == "zh":
        parts = "，".join(f"{verdict} {n}" for verdict, n in counts.items())
        return [f"规划正文与图表中的 {len(found)} 个数字逐一复核：{parts}。"]
    parts = ", ".join(f"{verdict} {n}" for verdict, n in counts.items())
    return [f"{len(found)} numbers that the plan prints, each checked: {parts}."]
