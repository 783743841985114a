"""Series, projection and comparison: what each draws, says and offers for download."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from .. import plots, style
from ..drawing import marks, palette
from ..drawing.plots_verdict import verdict_name
from ..errors import InputError
from ..style import tr
from . import explorer_boards as boards
from . import explorer_words as words
from .explorer_shown import Picture, Shown


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
        (_place(when), _height_of(row), told)
        for frame in frames
        for when, row, told in zip(
            frame.index, frame.to_dict("records"), words.rows_words(frame, book), strict=True
        )
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
        pictures=[Picture(_series_key(state), draw, lambda: _frame_points(own, book), alt=name)],
        tables=[_rows_table(own, book)],
        stem=f"{state.indicator}_{state.freq}",
        data=own if len(own) > 1 else own[0],
        sources=_ids(*own),
    )


def _series_key(state) -> tuple:
    kept = ("view", "scope", "indicator", "show", "freq", "other", "first", "last")
    return (*(getattr(state, name) for name in kept), state.a.partial, state.a.basis)


def _thin_ticks(ax) -> None:
    """Every second year by name, where there is no room for all."""
    labels = [t.get_text() for t in ax.get_xticklabels()]
    every = max(1, -(-len(labels) // 6))
    ax.set_xticks(ax.get_xticks(), [t if i % every == 0 else "" for i, t in enumerate(labels)])


def _trend_words(frame, state) -> str:
    """Sen's slope and the exact test of the first annual series."""
    from ..trend import trend

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
    key = ("projection", state.scope, state.plan, state.indicator, state.known, choice)
    return Picture(key, draw, points, title=title, alt=alt), (frame, assessment, choice)


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


_VIEWS = {
    "series": _series,
    "projection": _projection,
    "compare": _compare,
    "scorecard": boards.scorecard,
    "calendar": boards.calendar,
}
