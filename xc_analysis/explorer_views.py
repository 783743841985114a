"""The five views of the explorer: what each draws, says and offers for download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
import pandas as pd

from . import explorer_words as words
from . import marks, palette, plots, style
from .errors import InputError
from .plots_verdict import verdict_name
from .style import tr

# mm: what 1280 and 390 pixels of screen, and half of 1280, show at a readable size
WIDE, NARROW, HALF = 174.0, 84.0, 108.0


@dataclass(frozen=True)
class Picture:
    """A figure to be drawn at a width in mm, and the points a reader may ask about.

    ``points`` are (x, y) in data units of the first axes, each with its pairs of words.
    """

    draw: Callable
    points: Callable = tuple
    title: str = ""
    alt: str = ""
    fixed: bool = False  # the same width on a narrow screen, to be scrolled


@dataclass(frozen=True)
class Shown:
    """One view of one state, in the language in force."""

    title: str
    answer: str
    pictures: list[Picture]
    tables: list[str]
    stem: str
    data: object
    sources: list[str]
    judged: tuple = field(default=(), repr=False)


def show(state, book) -> Shown:
    """The view that a state names.

    Raises
    ------
    InputError
        A setting that has no result, in one line.
    """
    return _VIEWS[state.view](state, book)


def _figure(width: float, height: float):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=style.figsize(width, height))


def _place(when) -> float:
    """Where a year or a month lies on the axis of time."""
    return when.year + (when.month - 0.5) / 12 if isinstance(when, pd.Period) else float(when)


def _height_of(row) -> float:
    return next((float(row[c]) for c in ("value", "upper", "lower") if pd.notna(row[c])), np.nan)


def _frame_points(frames, book) -> list:
    """Every row of the frames as a point with the words of its row."""
    found = [
        (_place(frame.index[i]), _height_of(frame.iloc[i]), words.row_words(frame, i, book))
        for frame in frames
        for i in range(len(frame))
    ]
    return sorted((p for p in found if np.isfinite(p[1])), key=lambda p: p[0])


def _ids(*frames) -> list[str]:
    cells = [c for f in frames if f is not None for c in f["source_id"].dropna()]
    return list(dict.fromkeys(part for cell in cells for part in str(cell).split(";") if part))


def _rows_table(frames, book) -> str:
    head = (
        *(tr("时间", "when"), tr("数值", "value"), tr("证据", "evidence"), tr("口径", "basis")),
        *(tr("完整性", "completeness"), tr("来源", "source")),
    )
    rows = []
    for frame in frames:
        status = style.evidence_status(frame)
        for when, row, kind in zip(frame.index, frame.to_dict("records"), status, strict=True):
            complete = row["completeness"]
            rows.append(
                (
                    f"{frame.attrs['scope']} {when}",
                    words.value_words(row, frame.attrs),
                    words.word(words.STATUS, str(kind)),
                    row["basis"] if isinstance(row["basis"], str) else "",
                    words.word(words.COMPLETE, complete) if isinstance(complete, str) else "",
                    row["source_id"],
                )
            )
    title = tr(f"数据表（{len(rows)} 行）", f"table of the data ({len(rows)} rows)")
    return words.folded(title, words.table_html(tr("数据", "data"), head, rows, kind="rows"))


def _series(state, book) -> Shown:
    entry = book.names.loc[state.indicator]
    wanted = ("station", "published") if state.show == "both" else (state.show,)
    frames = [
        f
        for source in wanted
        if (f := book.series(
            state.indicator, state.scope, source, state.a.partial, state.a.basis, state.freq
        )) is not None and len(f)
    ]  # fmt: skip
    if not frames:
        raise InputError(
            tr(
                "这一指标在此区没有所选频率与数据来源的序列：换一种数据或频率",
                "no series of this indicator with the data and frequency chosen: choose others",
            )
        )
    if state.other and state.freq == "annual":
        for source in ("published", "station"):
            more = book.series(state.indicator, state.other, source, "observed", "raw")
            if more is not None and len(more):
                frames.append(more)
                break
    cut = []
    for frame in frames:
        years = frame.index.year if state.freq == "monthly" else frame.index
        part = frame[(years >= state.first) & (years <= state.last)]
        part.attrs = frame.attrs
        cut.append(part)
    own = [f for f in cut if len(f)]
    if not own:
        raise InputError(
            tr(
                f"{state.first}–{state.last} 没有数据：改变年份",
                f"nothing is known in {state.first}-{state.last}: change the years",
            )
        )

    def draw(width):
        fig, ax = _figure(width, 78 if width > 120 else 74)
        if state.freq == "monthly":
            printed = own[1] if len(own) > 1 else None
            plots.plot_monthly(own[0], ax=ax, printed=printed, title=False)
            if width < 120:
                _thin_ticks(ax)
        else:
            plots.plot_series(own, ax=ax, title=False, years=(state.first, state.last))
        return fig

    name = words.name_of(entry)
    return Shown(
        title=f"{state.scope} {name}",
        answer=_trend_words(own[0], state),
        pictures=[Picture(draw, lambda: _frame_points(own, book), alt=name)],
        tables=[_rows_table(own, book)],
        stem=f"{state.indicator}_{state.freq}",
        data=own if len(own) > 1 else own[0],
        sources=_ids(*own),
    )


def _thin_ticks(ax) -> None:
    """Every second year by name, where there is no room for all."""
    labels = [t.get_text() for t in ax.get_xticklabels()]
    every = max(1, -(-len(labels) // 6))
    ax.set_xticks(ax.get_xticks(), [t if i % every == 0 else "" for i, t in enumerate(labels)])


def _trend_words(frame, state) -> str:
    """Sen's slope and the exact test of the first annual series."""
    from .trend import trend

    if state.freq == "monthly":
        return ""
    try:
        found = trend(frame)
    except InputError:
        return escape(tr("不足两个可用年值，没有趋势", "fewer than two usable years: no trend"))
    unit = style.unit_name(frame.attrs.get("unit") or "")
    text = tr(
        f"{found.first}–{found.last} 年 n = {found.n}，Sen 斜率 {found.slope:+.3g} {unit}/年"
        f"（{found.low:.3g} 至 {found.high:.3g}），Mann–Kendall p = {found.p:.3g}：{found.verdict_zh}",
        f"{found.first}–{found.last}, n = {found.n}: Sen slope {found.slope:+.3g} {unit} a year "
        f"({found.low:.3g} to {found.high:.3g}), Mann–Kendall p = {found.p:.3g}: {found.verdict}",
    )
    return f"<span class='p'>{escape(text)}</span>"


def _judged_picture(state, book, choice, *, title="") -> tuple[Picture, tuple]:
    frame, assessment = book.judge(state, choice)
    judged = book.lines(state.scope, state.plan)[state.indicator]
    shown = assessment.under_reading or assessment
    read = assessment.under_reading is not None
    seen, later = frame[frame.index <= state.known], frame[frame.index > state.known]
    seen.attrs = later.attrs = frame.attrs
    empty = not len(seen) or not seen["value"].notna().any()

    def draw(width):
        fig, ax = _figure(width, 80 if width > 120 else 76)
        plots.plot_target(
            None if empty else seen,
            target=None if read else judged.target,
            projection=shown.projection,
            outturn=later if len(later) else None,
            missing=tr(assessment.why_zh, assessment.why),
            name=" ",
            ax=ax,
            label="ends" if width > 120 else "none",
        )
        if not empty:
            _target_line(ax, shown, read)
        if shown.projection is not None:
            ax.axvspan(
                choice.fit_from - 0.4, choice.fit_to + 0.4, color=palette.SHADE, lw=0, zorder=0.4
            )
        return fig

    def points():
        found = _frame_points([frame], book)
        fan = None if shown.projection is None else shown.projection.frame
        for year, row in () if fan is None else fan.iterrows():
            told = [
                (tr("时间", "when"), f"{year} {tr('预测', 'projection')}"),
                (tr("中位数", "median"), marks.number(row["median"], frame.attrs)),
                ("80 %", f"{row['lower_80']:.4g}–{row['upper_80']:.4g}"),
                ("95 %", f"{row['lower_95']:.4g}–{row['upper_95']:.4g}"),
                (tr("模型", "model"), words.word(words.METHOD, choice.method)),
            ]
            found.append((float(year), float(row["median"]), told))
        return sorted(found, key=lambda p: p[0])

    name = f"{state.scope} {words.name_of(judged.line)}"
    alt = f"{name}: {verdict_name(shown.verdict)}"
    return Picture(draw, points, title=title, alt=alt), (frame, assessment, choice)


def _target_line(ax, shown, read) -> None:
    """The number a delegated target is read by, named in place."""
    if not read or shown.aim is None or shown.aim.value is None:
        return
    ax.axhline(shown.aim.value, color=palette.CITY, lw=1, ls="--", zorder=3)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, shown.aim.value), max(high, shown.aim.value))
    named = ax.annotate(
        tr("读法 ", "reading ") + words.sign(shown.aim.text),
        (0, shown.aim.value),
        xycoords=("axes fraction", "data"),
        xytext=(2, 2),
        textcoords="offset points",
        size=6.4,
        color=palette.CITY,
    )
    named.set_in_layout(False)


def _judged_data(results, names) -> dict:
    """What the pictures of one or two settings show, each part under a name."""
    data = {}
    for (frame, assessment, choice), name in zip(results, names, strict=True):
        shown = assessment.under_reading or assessment
        data[f"{name}observed"] = frame
        if shown.projection is not None:
            data[f"{name}projection"] = shown.projection.frame
        setting = {k: str(v) for k, v in vars(choice).items()}
        data[f"{name}setting"] = pd.DataFrame(
            {"setting": [*setting, "verdict", "verdict_under_reading", "p_meet"],
             "is": [*setting.values(), assessment.verdict, assessment.verdict_under_reading,
                    f"{shown.p_meet:.6g}"]}
        )  # fmt: skip
    return data


def _projection(state, book) -> Shown:
    picture, result = _judged_picture(state, book, state.a)
    frame, assessment, _ = result
    line = book.lines(state.scope, state.plan)[state.indicator].line
    known = (tr("已知到", "known up to"), str(state.known))
    return Shown(
        title=f"{state.scope} {words.name_of(line)}",
        answer=words.answer(assessment, frame, state, frame.attrs)
        + words.assumed([*words.setting_words(state.a), known]),
        pictures=[picture],
        tables=[
            words.pairs_html(tr("判断的由来", "what led to it"), words.components(assessment)),
            _rows_table([frame], book),
        ],
        stem=f"{state.indicator}_projection",
        data=_judged_data([result], [""]),
        sources=_ids(frame),
        judged=(result,),
    )


def _compare(state, book) -> Shown:
    pictures, results = [], []
    for label, choice in (("A", state.a), ("B", state.b)):
        name = f"{label} · {choice.fit_from}–{choice.fit_to}, {words.word(words.METHOD, choice.method)}"
        picture, result = _judged_picture(state, book, choice, title=name)
        pictures.append(picture)
        results.append(result)
    line = book.lines(state.scope, state.plan)[state.indicator].line
    a, b = (r[1].under_reading or r[1] for r in results)
    verdicts = [verdict_name(x.verdict) for x in (a, b)]
    moved = tr("判断改变", "the verdict moves") if verdicts[0] != verdicts[1] else tr(
        "判断相同", "the same verdict"
    )  # fmt: skip
    text = f"A {verdicts[0]} → B {verdicts[1]}"
    if a.p_meet == a.p_meet and b.p_meet == b.p_meet:
        text += f"; P {a.p_meet:.2f} → {b.p_meet:.2f} ({b.p_meet - a.p_meet:+.2f})"
    rows = [
        (name, one, other, "" if one == other else "≠")
        for (name, one), (_, other) in zip(
            words.setting_words(state.a), words.setting_words(state.b), strict=True
        )
    ]
    sides = [dict(words.components(r[1])) for r in results]
    rows += [
        (
            k,
            sides[0].get(k, ""),
            sides[1].get(k, ""),
            "" if sides[0].get(k) == sides[1].get(k) else "≠",
        )
        for k in dict.fromkeys([*sides[0], *sides[1]])
    ]
    return Shown(
        title=f"{state.scope} {words.name_of(line)}",
        answer=f"<strong class='verdict'>{escape(moved)}</strong><span class='p'>{escape(text)}</span>",
        pictures=pictures,
        tables=[words.table_html(tr("两种设定", "the two settings"), ("", "A", "B", ""), rows)],
        stem=f"{state.indicator}_compare",
        data=_judged_data(results, ["A ", "B "]),
        sources=_ids(*(r[0] for r in results)),
        judged=tuple(results),
    )


def _scorecard(state, book) -> Shown:
    frame = book.scorecard(state)
    lines = book.lines(state.scope, state.plan)
    head = (
        *("#", tr("指标", "indicator"), tr("判断", "verdict"), tr("按读法", "under reading"), "P"),
        *(tr("最近值", "latest"), tr("目标", "target"), tr("等级", "grade"), tr("标记", "flags")),
    )
    body = ""
    for row in frame.to_dict("records"):
        latest = "" if pd.isna(row["latest"]) else (
            f"{marks.number(row['latest'], dict(book.names.loc[row['indicator']]))} "
            f"{style.unit_name(row['unit'])} ({row.get('latest_year'):.0f})"
        )  # fmt: skip
        goal = "" if pd.isna(row["target"]) else (
            f"{words.sign(row.get('comparator') or '')} {row['target']:g}"
        )  # fmt: skip
        p = row["p_meet"] if pd.notna(row["p_meet"]) else row.get("p_under_reading", np.nan)
        named = escape(words.name_of(row))
        if row["indicator"] in lines:
            named = f"<button type='button' class='link' data-open='{row['indicator']}'>{named}</button>"
        under = row["verdict_under_reading"]
        cells = (
            str(row["plan_row"]),
            None,
            verdict_name(row["verdict"]),
            f"{verdict_name(under)} ({words.sign(row['reading'])})" if under else "",
            "" if pd.isna(p) else f"{p:.2f}",
            latest,
            goal,
            row["grade"],
            row.get(tr("flags_zh", "flags_en")) or "",
        )
        body += "<tr>" + "".join(
            f"<td>{named}</td>" if c is None else f"<td>{escape(str(c))}</td>" for c in cells
        ) + "</tr>"  # fmt: skip
    top = "".join(f"<th scope='col'>{escape(h)}</th>" for h in head)
    caption = tr("点指标名称进入其预测", "choose an indicator to see its projection")
    table = (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{caption}'>"
        f"<table class='card'><caption>{caption}</caption><thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )

    def draw(width):
        import matplotlib.pyplot as plt

        fig, ax = plt.subplots(figsize=style.figsize(WIDE, 11 + 8.2 * len(frame)))
        plots.plot_scorecard(frame, ax=ax)
        return fig

    judged = int((frame["verdict"] != "cannot be judged").sum())
    text = tr(
        f"{len(frame)} 项中 {judged} 项可以判断；“达到市级要求”的各项按读法另列，不计入",
        f"{judged} of {len(frame)} can be judged; delegated targets stand under their reading, "
        "outside the count",
    )
    ids = [i for cell in frame["source_ids"].dropna() for i in str(cell).split(";") if i]
    return Shown(
        title=f"{state.scope} {state.plan} · {tr('已知到', 'known up to')} {state.known}",
        answer=f"<span class='p'>{escape(text)}</span>",
        pictures=[Picture(draw, fixed=True, alt=text)],
        tables=[table],
        stem="scorecard",
        data=frame,
        sources=list(dict.fromkeys(ids)),
    )


def _calendar(state, book) -> Shown:
    days = book.days(state.scope)
    years = days["date"].dt.year
    days = days[(years >= state.first) & (years <= state.last)]
    if days.empty or days["aqi"].notna().sum() == 0:
        raise InputError(
            tr(
                f"{state.first}–{state.last} 没有逐日记录：改变年份",
                f"no daily record in {state.first}-{state.last}: change the years",
            )
        )
    start = int(days["date"].dt.year.min())

    def draw(width):
        import matplotlib.pyplot as plt

        rows = days["date"].dt.year.nunique()
        fig, ax = plt.subplots(figsize=style.figsize(WIDE, 5.4 * rows + 26))
        plots.plot_calendar(days, ax=ax)
        return fig

    def points():
        names = {"pm25": "PM₂.₅", "pm10": "PM₁₀", "so2": "SO₂", "no2": "NO₂", "co": "CO"}
        names["o3_8h"] = "O₃ 8h"
        units = dict.fromkeys(names, "µg/m³") | {"co": "mg/m³"}
        out = []
        for row in days.to_dict("records"):
            date = row["date"]
            aqi = tr("无", "none") if pd.isna(row["aqi"]) else f"{row['aqi']:.0f}"
            primary = row["primary"] if isinstance(row["primary"], str) else ""
            told = [(f"{date:%Y-%m-%d}", f"AQI {aqi} {primary}".strip())]
            told += [
                (label, f"{row[key]:.4g} {units[key]}")
                for key, label in names.items()
                if pd.notna(row.get(key))
            ]
            out.append((date.day - 0.5 + (date.month - 1) * 33.0, float(date.year - start), told))
        return out

    aqi = days["aqi"].dropna()
    text = tr(
        f"有 AQI 的 {len(aqi)} 天中，优良 {int((aqi <= 100).sum())} 天，"
        f"重度及以上污染 {int((aqi > 200).sum())} 天；站点记录计算，含不完整年份",
        f"of {len(aqi)} days with an AQI, {int((aqi <= 100).sum())} good, "
        f"{int((aqi > 200).sum())} heavily polluted; computed from station records, "
        "incomplete years included",
    )
    return Shown(
        title=f"{state.scope} {tr('空气质量日历', 'air calendar')} {state.first}–{state.last}",
        answer=f"<span class='p'>{escape(text)}</span>",
        pictures=[Picture(draw, points, alt=text, fixed=True)],
        tables=[],
        stem="air_calendar",
        data=days.reset_index(drop=True),
        sources=["archive-hourly", "uci-501"],
    )


_VIEWS = {
    "series": _series,
    "projection": _projection,
    "compare": _compare,
    "scorecard": _scorecard,
    "calendar": _calendar,
}


def _alternatives(state, book) -> list:
    """The setting and its neighbours, one choice moved at a time, each with its name."""
    a = state.a
    low, _ = book.span(state.indicator, state.scope)
    tries = [(tr("当前设定", "as set"), a)]
    tries += [
        (f"{tr('时段', 'window')} {f}–{t}", replace(a, fit_from=f, fit_to=t))
        for f, t in (
            (a.fit_from - 1, a.fit_to),
            (a.fit_from + 1, a.fit_to),
            (a.fit_from, a.fit_to - 1),
        )
        if low <= f < t
    ]
    tries += [
        (f"{tr('模型', 'model')} {words.word(words.METHOD, m)}", replace(a, method=m))
        for m in ("blend", "damped", "loglinear", "last")
        if m != a.method
    ]
    tries += [
        (f"{tr('特殊末年', 'odd year')} {words.word(words.ODD, o)}", replace(a, odd=o))
        for o in words.ODD
        if o != a.odd
    ]
    tries += [(f"φ {p:g}", replace(a, phi=p)) for p in (0.7, 1.0) if p != a.phi]
    if a.prior is not None:
        tries += [
            (f"{tr('先验', 'prior')} {p:g}", replace(a, prior=p))
            for p in (round(a.prior / 2, 4), round(a.prior * 2, 4))
        ]
    sources = [s for s in book.sources(state.scope, state.indicator) if s != a.source]
    tries += [
        (f"{tr('数据', 'data')} {words.word(words.SOURCE, s)}", replace(a, source=s))
        for s in sources
    ]
    if a.source == "station":
        tries += [
            (f"{tr('口径', 'basis')} {words.word(words.BASIS, b)}", replace(a, basis=b))
            for b in ("old", "new")
            if b != a.basis
        ]
    return tries


def alternative(state, book, at: int) -> dict:
    """One line of the sensitivity table; asked for line by line, so that no reader waits for it.

    Returns
    -------
    dict
        ``at``, ``of`` (how many there are), ``cells``, ``head`` and ``caption``.
    """
    tries = _alternatives(state, book)
    at = min(max(at, 0), len(tries) - 1)
    name, choice = tries[at]
    try:
        _, assessment = book.judge(state, choice)
    except InputError as error:
        cells = [name, words.half(str(error)), "", "", ""]
    else:
        shown = assessment.under_reading or assessment
        parts = shown.components
        cells = [
            name,
            verdict_name(shown.verdict),
            f"{shown.p_meet:.2f}" if shown.p_meet == shown.p_meet else "",
            f"{parts['median']:.4g}" if "median" in parts else "",
            f"{parts['lower_80']:.4g}–{parts['upper_80']:.4g}" if "lower_80" in parts else "",
        ]
    return {
        "at": at,
        "of": len(tries),
        "cells": cells,
        "head": ["", tr("判断", "verdict"), "P", tr("中位数", "median"), "80 %"],
        "caption": tr("敏感性：一次只改一项", "sensitivity: one choice moved at a time"),
    }
