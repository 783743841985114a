"""Words of the explorer in the language in force: verdicts, settings, the row behind a point."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from ..drawing import marks
from ..drawing.plots_verdict import verdict_name
from ..style import evidence_status, tr, unit_name

METHOD = {
    "last": ("最后一个值", "last value"),
    "last_two": ("最后两值的平均", "mean of the last two"),
    "linear": ("直线（仅供比较）", "straight line (comparison only)"),
    "loglinear": ("对数直线", "log-linear"),
    "damped": ("阻尼对数趋势", "damped log trend"),
    "drift": ("漂移", "drift"),
    "plateau": ("趋于下限", "plateau"),
    "decay": ("衰减", "decay"),
    "count": ("计数模型", "count model"),
    "blend": ("混合", "blend"),
    "shrunk": ("收缩斜率", "shrunken slope"),
}
STATUS = {
    "printed": ("公布值", "printed"),
    "derived": ("推算值（由公布值算得）", "derived from printed values"),
    "bound": ("只知上下限", "bound"),
    "computed": ("由站点记录计算", "computed from station records"),
    "partial": ("由不完整年份的站点记录计算", "computed, incomplete year"),
    "estimated": ("估计值（不完整年份）", "estimate of an incomplete year"),
}
COMPLETE = {
    "strict": ("完整（HJ 663）", "strict (HJ 663)"),
    "adequate": ("基本完整（≥85 %）", "adequate (≥ 85 %)"),
    "partial": ("不完整", "partial"),
}
SOURCE = {
    "station": ("站点记录", "station records"),
    "published": ("公布数值", "published values"),
    "both": ("两者", "both"),
}
BASIS = {
    "raw": ("原样", "as recorded"),
    "old": ("统一到旧状态（273 K）", "all on the old state (273 K)"),
    "new": ("统一到新状态（298 K）", "all on the new state (298 K)"),
}
PARTIAL = {
    "estimate": ("估计全年（不参与拟合）", "estimated, not fitted"),
    "observed": ("按已观测（不参与拟合）", "as observed, not fitted"),
    "drop": ("不用", "left out"),
}
ODD = {
    "wider": ("含与不含取较宽", "the wider of with and without"),
    "with": ("计入", "in"),
    "without": ("不计", "out"),
}


def word(table: dict, key: str) -> str:
    """A code's word in the language in force; an unknown code as it is."""
    return tr(*table[key]) if key in table else str(key)


def name_of(row) -> str:
    """Name of an indicator in the language in force."""
    return str(row[tr("name_zh", "name_en")])


def sign(text: str) -> str:
    """Comparators as one prints them."""
    return str(text).replace("<=", "≤").replace(">=", "≥")


def setting_words(choice) -> list[tuple[str, str]]:
    """A setting as pairs of name and value, in the order a reader asks for them."""
    prior = "—" if choice.prior is None else f"{choice.prior:g}"
    return [
        (tr("拟合时段", "window fitted"), f"{choice.fit_from}–{choice.fit_to}"),
        (tr("模型", "model"), word(METHOD, choice.method)),
        (tr("数据", "data"), word(SOURCE, choice.source)),
        (tr("口径", "basis"), word(BASIS, choice.basis)),
        (tr("不完整年份", "incomplete years"), word(PARTIAL, choice.partial)),
        (tr("特殊末年（2020等）", "odd last year (2020)"), word(ODD, choice.odd)),
        (tr("目标读法", "reading of the target"), sign(choice.reading) or "—"),
        (tr("阻尼 φ", "damping φ"), f"{choice.phi:g}"),
        (tr("先验标准差", "prior sd"), prior),
    ]


def answer(assessment, frame, state, attrs) -> str:
    """The verdict in one sentence, as HTML."""
    shown = assessment.under_reading or assessment
    verdict = verdict_name(shown.verdict)
    aim = shown.aim
    parts = shown.components
    year = aim.target_year if aim is not None else None
    head = f"<strong class='verdict'>{escape(verdict)}</strong>"
    if shown.p_meet == shown.p_meet and "median" in parts:
        text = tr(
            f"{year} 年满足 {sign(aim.text)} {unit_name(attrs.get('unit', ''))} 的概率为 "
            f"{shown.p_meet:.2f}；中位数 {parts['median']:.4g}，"
            f"80 % 区间 {parts['lower_80']:.4g}–{parts['upper_80']:.4g}",
            f"probability of {sign(aim.text)} {unit_name(attrs.get('unit', ''))} in {year}: "
            f"{shown.p_meet:.2f}; median {parts['median']:.4g}, "
            f"80 % range {parts['lower_80']:.4g}–{parts['upper_80']:.4g}",
        )
    else:
        text = sign(tr(shown.why_zh, shown.why))
    out = f"{head}<span class='p'>{escape(text)}</span>"
    if assessment.under_reading is not None and assessment.kind == "delegated":
        out += "<small>" + escape(
            tr(
                "规划对此项只要求“达到市级要求”，无区级数值：本身无法判断，以上按所选读法",
                "the plan delegates this target to the city and gives no number: it cannot be "
                "judged as such; the above holds under the reading chosen",
            )
        ) + "</small>"  # fmt: skip
    return out + (what_came(frame, state, year, aim) if year else "")


def what_came(frame, state, year: int, aim) -> str:
    """What the target year turned out to be, where that is known and was not used."""
    if state.known >= year or year not in frame.index:
        return ""
    row = frame.loc[year]
    value = value_words(row, frame.attrs)
    if not value:
        return ""
    kind = word(STATUS, str(row["status"]))
    draft = tr("，未审核的草稿", ", draft, unaudited") if row.get("release") == "draft" else ""
    text = tr(
        f"后来的实际：{year} 年 {value}（{kind}{draft}），未参与拟合",
        f"what came: {value} in {year} ({kind}{draft}); not used in the fit",
    )
    return f"<small>{escape(text)}</small>"


def value_words(row, attrs) -> str:
    """Value and range of a row with its unit; empty where nothing is known."""
    unit = unit_name(attrs.get("unit") or "")
    value, lower, upper = (float(row.get(c, np.nan)) for c in ("value", "lower", "upper"))
    known = [np.isfinite(v) for v in (value, lower, upper)]
    span = ""
    if known[1] and known[2]:
        span = f"{marks.number(lower, attrs)}–{marks.number(upper, attrs)}"
    elif known[2]:
        span = f"≤ {marks.number(upper, attrs)}"
    elif known[1]:
        span = f"≥ {marks.number(lower, attrs)}"
    if not known[0]:
        return f"{span} {unit}".strip() if span else ""
    text = f"{marks.number(value, attrs)} {unit}".strip()
    return f"{text} ({span})" if span else text


def components(assessment) -> list[tuple[str, str]]:
    """What led to the verdict, as pairs."""
    shown = assessment.under_reading or assessment
    parts = shown.components
    rows = [
        (tr("规划目标的判断", "verdict on the plan's target"), verdict_name(assessment.verdict))
    ]
    if assessment.under_reading is not None:
        rows.append((tr("按读法的判断", "verdict under the reading"), verdict_name(shown.verdict)))
    if shown.p_meet == shown.p_meet:
        rows.append(("P(meet)", f"{shown.p_meet:.3f}"))
    if "lower_95" in parts:
        rows.append(
            (tr("95 % 区间", "95 % range"), f"{parts['lower_95']:.4g}–{parts['upper_95']:.4g}")
        )
    rows += [
        (tr("算式", "formula"), shown.formula),
        (tr("拟合所用年份", "years fitted"), ", ".join(str(int(y)) for y in _fitted(shown))),
        (tr("证据等级", "evidence grade"), f"{shown.grade} (n = {shown.n})"),
    ]
    if shown.margin == shown.margin:
        rows.append((tr("距目标余量", "margin to the target"), f"{shown.margin:.4g}"))
    if parts.get("required_rate", np.nan) == parts.get("required_rate", np.nan):
        rows.append(
            (
                tr("所需年变率 / 以往", "rate needed / past"),
                f"{parts['required_rate']:+.1f} / {parts.get('past_rate', np.nan):+.1f} %/a",
            )
        )
    warnings = [half(w) for w in shown.points.warnings]
    flags = list(dict.fromkeys([*tr(shown.flags_zh, shown.flags_en), *warnings]))
    rows.append((tr("须留意", "mind"), tr("；", "; ").join(flags)))
    rows.append((tr("说明", "why"), tr(assessment.why_zh, assessment.why)))
    return [(k, v) for k, v in rows if v]


def _fitted(shown):
    return shown.points.years if shown.projection is None else shown.projection.years


def half(text: str) -> str:
    """One language's half of an "English / 中文" sentence."""
    english, slash, chinese = text.partition(" / ")
    return tr(chinese, english) if slash else text


def rows_words(frame: pd.DataFrame, book) -> list[list[tuple[str, str]]]:
    """The rows behind a frame's points, each with its source, as pairs."""
    attrs = frame.attrs
    kinds = evidence_status(frame)
    rows = frame.to_dict("records")
    return [
        _row_words(row, when, kind, attrs, book)
        for row, when, kind in zip(rows, frame.index, kinds, strict=True)
    ]


def _row_words(row: dict, when, kind, attrs: dict, book) -> list[tuple[str, str]]:
    pairs = [
        (tr("时间", "when"), f"{attrs.get('scope', '')} {when}"),
        (tr("数值", "value"), value_words(row, attrs)),
        (tr("证据", "evidence"), word(STATUS, str(kind))),
        (tr("口径", "basis"), row.get("basis")),
        (tr("完整性", "completeness"), word(COMPLETE, str(row.get("completeness")))),
    ]
    if row.get("release") == "draft":
        pairs.append((tr("发布", "release"), tr("草稿，未审核", "draft, unaudited")))
    obs = row.get("obs_id")
    if isinstance(obs, str):
        found = book.rows.get(obs, {})
        pairs.append((tr("数据行", "row"), f"observations.csv {obs}"))
        for column, zh, en in (
            ("locator", "位置", "locator"),
            ("derivation", "推算", "derivation"),
            ("note", "备注", "note"),
        ):
            pairs.append((tr(zh, en), found.get(column)))
    elif attrs.get("source") == "station":
        table = "air/monthly.csv" if isinstance(when, pd.Period) else "air/annual.csv"
        place = f"{attrs['scope']}, {attrs['indicator']}, {when}"
        pairs.append((tr("数据行", "row"), f"{table}: {place}"))
    pairs.append((tr("来源", "source"), sources_words(row.get("source_id"), book)))
    return [(k, str(v)) for k, v in pairs if isinstance(v, str) and v not in ("", "nan", "<NA>")]


def sources_words(cell, book) -> str:
    """Titles and publishers of the sources in a cell."""
    out = []
    for one in str(cell).split(";"):
        row = book.cited.get(one)
        if row is not None:
            by = row["publisher"]
            by = f"{by}, " if isinstance(by, str) and by not in str(row["title"]) else ""
            out.append(f"{by}{row['title']} [{one}]")
    return tr("；", "; ").join(out)


def assumed(pairs) -> str:
    """A setting in one paragraph, to stand right under the verdict."""
    text = tr("；", "; ").join(f"{k} {v}" for k, v in pairs)
    return f"<small class='assumed'><b>{tr('假设：', 'assumed: ')}</b>{escape(text)}</small>"


def folded(title: str, html: str) -> str:
    """Something long, to be opened."""
    return f"<details><summary>{escape(title)}</summary>{html}</details>"


def table_html(caption: str, head, rows, *, kind: str = "") -> str:
    """A plain table; every cell is escaped."""
    top = "".join(f"<th scope='col'>{escape(str(h))}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in rows
    )
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{escape(caption)}'>"
        f"<table class='{kind}'><caption>{escape(caption)}</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def pairs_html(caption: str, pairs) -> str:
    """Name and value in two columns."""
    body = "".join(
        f"<tr><th scope='row'>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>" for k, v in pairs
    )
    return f"<table class='pairs'><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>"
