"""The scorecard and the air calendar of the explorer."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from .. import plots, style
from ..drawing import marks
from ..drawing.plots_verdict import verdict_name
from ..errors import InputError
from ..style import tr
from . import explorer_words as words
from .explorer_shown import WIDE, Picture, Shown


def scorecard(state, book) -> Shown:
    """The plan's table, each line leading to its projection."""
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
        pictures=[Picture(("scorecard", state.known), draw, fixed=True, alt=text)],
        tables=[table],
        stem="scorecard",
        data=frame,
        sources=list(dict.fromkeys(ids)),
    )


def calendar(state, book) -> Shown:
    """Every day of the record by its AQI class."""
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
            primary = "+".join(names.get(token, token) for token in primary.split("+"))
            told = [(f"{date:%Y-%m-%d}", f"AQI {aqi} {primary}".strip())]
            told += [
                (label, f"{row[key]:.4g} {units[key]}")
                for key, label in names.items()
                if pd.notna(row.get(key))
            ]
            told.append((tr("数据行", "row"), f"air/daily.csv {date:%Y-%m-%d}"))
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
        pictures=[
            Picture(
                ("calendar", state.scope, state.first, state.last),
                draw,
                points,
                alt=text,
                fixed=True,
            )
        ],
        tables=[],
        stem="air_calendar",
        data=days.reset_index(drop=True),
        sources=["archive-hourly", "uci-501"],
    )
