"""The tables of the report: projects, statements, assumptions, conflicts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from ..tables import load
from .bilingual import CHINESE
from .summary import escaped
from .wording import locator_words, signed, unit_text


def one(text, lang: str) -> str:
    """The part of a bilingual cell (``中文 / English``, ``中文 English``) that is in a language."""
    if text is None or (isinstance(text, float) and math.isnan(text)) or not str(text).strip():
        return ""
    parts = [p.strip() for chunk in str(text).split("；") for p in re.split(r"\s+/\s+", chunk)]
    ours = [p for p in parts if bool(CHINESE.search(p)) == (lang == "zh")]
    if len(ours) == len(parts) or not ours:
        # one run of Chinese followed by its English, without a mark between them
        split = re.fullmatch(
            r"(.*[\u3400-\u9fff）》”。]\S*)\s+([A-Za-z(][^\u3400-\u9fff]*)", str(text)
        )
        if split:
            return split[1 if lang == "zh" else 2].strip()
    return ("；" if lang == "zh" else "; ").join(ours or parts)


def source_names(data, lang: str) -> dict[str, str]:
    """Each source by its title, in English by its short name; without the dates in brackets."""
    out = {}
    for row in load("sources", data=data).to_dict("records"):
        short = row.get("short_en")
        if lang == "en" and isinstance(short, str) and short.strip():
            out[row["source_id"]] = short.strip()
            continue
        title = re.sub(r"（[^（）]*[0-9]{4}[^（）]*）$", "", str(row["title"]).strip())
        out[row["source_id"]] = f"《{title}》" if lang == "zh" else title
    return out


def places_of(locator, lang: str) -> list[str]:
    """Where in a document, place by place; in English those that have English words."""
    places = locator.split("；") if isinstance(locator, str) else []
    return [told for place in places if (told := locator_words(place.strip(), lang))]


def used_rows(row, observations: pd.DataFrame, titles, lang: str) -> str:
    """The documents behind a line of the scorecard: title and place, or the years computed.

    Parameters
    ----------
    row : mapping
        A line of the scorecard with its ``evidence`` and ``source_ids``.
    observations : DataFrame
        Indexed by ``obs_id``.
    titles : mapping of str to str
        As `source_names` gives.
    lang : {"zh", "en"}
    """
    zh = lang == "zh"
    comma, stop = ("，", "；") if zh else (", ", "; ")
    table_name, _, rest = str(row.get("evidence") or "").partition(": ")
    if table_name == "observations.csv":
        places: dict[str, list[str]] = {}
        for obs in rest.split(", "):
            if obs not in observations.index:
                continue
            source, locator = observations.loc[obs, ["source_id", "locator"]]
            found = places.setdefault(titles.get(source, source), [])
            found += [place for place in places_of(locator, lang) if place not in found]
        joint = "、" if zh else ", "
        return stop.join(
            comma.join([t, *([joint.join(p)] if p else [])]) for t, p in places.items()
        )
    years = rest.rpartition(", ")[2].replace("-", "—" if zh else "–")
    ids = str(row.get("source_ids") or "").split(";")
    return (("、" if zh else "; ").join(titles.get(i, i) for i in ids if i) + comma + years
            if rest else "")  # fmt: skip


def table(head: Sequence[str], rows: Sequence[Sequence[object]], widths: Sequence[int]) -> str:
    """A pipe table whose columns share the page in the proportion of ``widths``."""

    def line(cells):
        return "| " + " | ".join(escaped(c) or " " for c in cells) + " |"

    rule = "|" + "|".join("-" * max(3, w) for w in widths) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def conflicts(observations: pd.DataFrame) -> pd.DataFrame:
    """Pairs of rows of one quantity and period whose values differ: the one in use, the other.

    Parameters
    ----------
    observations : DataFrame

    Returns
    -------
    DataFrame
        The columns of the row not in use, those of the row in use with ``_use`` behind.
    """
    key = ["scope", "indicator", "statistic", "year", "period"]
    rivals = observations[~observations["use"]].dropna(subset=["value"])
    pairs = rivals.merge(observations[observations["use"]], on=key, suffixes=("", "_use"))
    pairs = pairs[(pairs["value"] != pairs["value_use"]) & pairs["value_use"].notna()]
    compatible = pairs["note"].fillna("").str.contains("compatible")
    return pairs[~compatible].reset_index(drop=True)


def conflict_table(known, pairs, names, titles) -> str:
    tr = known.tr
    head = tr(("范围", "指标", "时段", "取用", "另一数", "另一数来源"),
              ("Area", "Indicator", "Period", "In use", "Other", "Source of the other"))  # fmt: skip
    rows = []
    for row in pairs.to_dict("records"):
        line = names.loc[row["indicator"]]
        period = str(row["year"]) if row["period"] == "annual" else row["period"]
        area = {known.home.scope: known.scope, known.home.comparator: tr(
            known.home.comparator, known.home.comparator_en)}.get(row["scope"], row["scope"])  # fmt: skip
        rows.append(
            (area, line[tr("name_zh", "name_en")], period,
             f"{row['value_use']:.10g} {unit_text(row['unit'], known.lang)}",
             f"{row['value']:.10g} {unit_text(row['unit'], known.lang)}",
             titles.get(row["source_id"], row["source_id"]))
        )  # fmt: skip
    return table(head, rows, (9, 20, 12, 15, 13, 31))


def assumption_table(known, register, names) -> str:
    tr = known.tr
    head = tr(("编号", "适用", "设定", "理由", "质量/影响", "结论"),
              ("Id", "Holds for", "Setting", "Reason", "Quality/impact", "Decision"))  # fmt: skip
    decided = {"open": "待审", "accepted": "同意", "changed": "修改", "rejected": "否决"}
    rows = []
    for row in register.to_dict("records"):
        cell = {k: "" if pd.isna(v) else str(v) for k, v in row.items()}
        who = cell["indicator"]
        who = names.at[who, tr("name_zh", "name_en")] if who in names.index else tr("全部", "all")
        if cell["parameter"]:
            what = f"{cell['parameter']} {cell['value'] or signed(cell['reading'])}"
        else:
            what = f"{cell['source']} {cell['fit_from']}–{cell['fit_to']} {cell['method']}"
        decision = tr(decided.get(cell["decision"], cell["decision"]), cell["decision"])
        rows.append((cell["id"].replace("_", "_\u200b"), who, what, one(cell["why"], known.lang),
                     f"{cell['quality']}/{cell['impact']}", decision))  # fmt: skip
    return table(head, rows, (18, 18, 18, 34, 8, 8))


def project_table(known, projects) -> str:
    tr = known.tr
    head = tr(("序号", "项目", "内容", "牵头部门", "期限"),
              ("No.", "Project", "Content", "Lead", "Due"))  # fmt: skip
    rows = [
        tuple("" if pd.isna(v) else v for v in (
            r["table_row"], r[f"title_{known.lang}"], r[f"content_{known.lang}"],
            r[f"lead_{known.lang}"], r["due_year"]))
        for r in projects[projects["kind"] == "project"].to_dict("records")
    ]  # fmt: skip
    return table(head, rows, (8, 22, 38, 24, 9))


def commitment_table(known, projects) -> str:
    tr = known.tr
    texts = projects[projects["kind"] == "commitment"]
    head = tr(("主题", "条数", "可衡量", "部分可衡量", "不可衡量", "有期限"),
              ("Theme", "Commitments", "Measurable", "In part", "Not", "Dated"))  # fmt: skip
    rows = []
    for theme, part in texts.groupby(f"theme_{known.lang}", sort=False):
        kinds = [int((part["measurable"] == m).sum()) for m in ("yes", "partly", "no")]
        rows.append((theme, len(part), *kinds, int((part["timing"] == "dated").sum())))
    return table(head, rows, (30, 12, 12, 14, 12, 12))


def statement_table(known, found) -> str:
    tr = known.tr
    head = tr(("判断", "个数"), ("Verdict", "Numbers"))
    rows = list(found[tr("verdict_zh", "verdict")].value_counts().items())
    text = table(head, rows, (30, 12))
    differ = found[found["verdict"] == "differs"]
    if len(differ):
        head = tr(
            ("出处", "内容", "所印", "复算", "说明"),
            ("Where", "What", "Printed", "Recomputed", "Why"),
        )
        cells = [
            (r["locator"], r[tr("statement", "statement_en")], r[tr("printed", "printed_en")],
             f"{r['recomputed']:.4g} {r['recomputed_unit'] if r['recomputed_unit'] == r['recomputed_unit'] else ''}",
             r[tr("why_zh", "why_en")])
            for r in differ.to_dict("records")
        ]  # fmt: skip
        label = tr("与复算不符的：", "Those that differ:")
        text += f"\n\n{label}\n\n" + table(head, cells, (18, 24, 12, 14, 40))
    return text
