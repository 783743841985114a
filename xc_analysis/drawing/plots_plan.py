"""Figures about the plan itself: its printed numbers and its commitments, one mark each."""

import re

import pandas as pd

from xc_analysis.drawing import marks, palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr

_FAINT = "#A9A9A9"
# verdict -> marker, filled, colour, names; colour and shape say the same thing
VERDICTS = {
    "agrees": ("o", True, "#1B5FA6", "相符", "agrees"),
    "differs": ("D", True, "#B03A2E", "不符", "differs"),
    "implies": ("o", False, palette.INK, "只推得另一数", "only defines another number"),
    "cannot tell": ("_", True, palette.MUTED, "无法判断（缺资料）", "cannot tell (data missing)"),
    "left out": ("x", True, _FAINT, "列出，不判", "listed, not judged"),
}
MEASURABLE = {
    "yes": ("o", True, palette.THEMES["project"], "可衡量", "measurable"),
    "partly": ("o", False, palette.THEMES["project"], "部分可衡量", "partly measurable"),
    "no": ("_", True, palette.MUTED, "不可衡量", "not measurable"),
}
TIMINGS = {
    "dated": ("有期限", "dated"),
    "recurring": ("每年或定期", "recurring"),
    "undated": ("未写期限", "no date"),
}


def plot_statements(data, *, ax=None, title: str | bool = True):
    """One mark for each number that the plan prints, by chapter, coloured and shaped by verdict.

    Parameters
    ----------
    data : DataFrame
        As `statements` returns it; rows keep their order within a chapter.
    ax : Axes, optional
    title : bool or str

    Returns
    -------
    Axes
    """
    needed = ("chapter", "chapter_en", "verdict", "printed", "comparator", "value", "recomputed")
    _need(data, "plot_statements", needed)
    _known(data["verdict"], VERDICTS, "plot_statements", "verdict")
    rows = list(dict.fromkeys(data["chapter"]))
    ax = marks.axes(ax, height=11.5 * len(rows) + 20)
    names = data.drop_duplicates("chapter").set_index("chapter")["chapter_en"]
    place = data.groupby("chapter", sort=False).cumcount()
    for (_, row), x in zip(data.iterrows(), place, strict=True):
        y = rows.index(row["chapter"])
        _mark(ax, x, y, VERDICTS[row["verdict"]], 5.2)
        ax.annotate(
            _short(row), (x, y), xytext=(0, -4.6), textcoords="offset points", ha="center",
            va="top", size=5.0, color=palette.MUTED, parse_math=False, linespacing=1.1,
        )  # fmt: skip
    _lay_out(ax, rows, [tr(row, names[row]) for row in rows], place.max())
    _key(ax, VERDICTS, data["verdict"])
    if title:
        text = tr("规划印出的每个数，复算之后", "Every number the plan prints, recomputed")
        ax.set_title(text if title is True else title, loc="left", pad=16)
    return ax


def plot_commitments(data, *, ax=None, title: str | bool = True):
    """One mark for each project and commitment: theme by row, timing by block, measurable or not.

    Parameters
    ----------
    data : DataFrame
        Rows of ``projects``: theme_zh, theme_en, timing, measurable, kind, due_year, outturn_obs.
    ax : Axes, optional
    title : bool or str

    Returns
    -------
    Axes
        A square is a project of the plan's list; a ring, an outturn that is known.
    """
    needed = ("theme_zh", "theme_en", "timing", "measurable", "kind", "outturn_obs")
    _need(data, "plot_commitments", needed)
    _known(data["measurable"], MEASURABLE, "plot_commitments", "measurable")
    _known(data["timing"], TIMINGS, "plot_commitments", "timing")
    rows = list(dict.fromkeys(data["theme_zh"]))
    ax = marks.axes(ax, height=5.4 * len(rows) + 26)
    names = data.drop_duplicates("theme_zh").set_index("theme_zh")["theme_en"]
    place = data.groupby(["theme_zh", "timing"], sort=False).cumcount()
    start = 0.0
    for timing, label in TIMINGS.items():
        block = data[data["timing"] == timing]
        if block.empty:
            continue
        width = place[block.index].max() + 1
        ax.text(start - 0.4, -1.0, tr(*label), size=6.8, color=palette.INK, va="center")
        for index, row in block.iterrows():
            x, y = start + place[index], rows.index(row["theme_zh"])
            marker, filled, color, *_ = MEASURABLE[row["measurable"]]
            if row["kind"] == "project":
                marker, filled = "s", row["measurable"] == "yes"
            _mark(ax, x, y, (marker, filled, color), 4.6)
            if isinstance(row["outturn_obs"], str):
                ax.plot(x, y, "o", ms=8.4, mfc="none", mec=palette.TARGET, mew=0.9, zorder=2)
        start += width + 1.0
        ax.axvline(start - 1.0, color=_FAINT, lw=0.6)
    ax.lines[-1].remove()
    _lay_out(ax, rows, [tr(row, names[row]) for row in rows], start - 2.0, head=1.6)
    extra = (
        ("s", True, palette.THEMES["project"], "表3重点项目", "project of Table 3"),
        ("ring", False, palette.TARGET, "已知结果", "outturn known"),
    )
    _key(ax, {**MEASURABLE, **{i: e for i, e in enumerate(extra)}}, [*data["measurable"], 0, 1])
    if title:
        text = tr("重点项目与正文承诺", "Projects and commitments of the plan")
        ax.set_title(text if title is True else title, loc="left", pad=16)
    return ax


def _need(data, caller: str, columns) -> None:
    for column in columns:
        if column not in data:
            raise InputError(f"{caller}: the frame has no column {column!r}; give the whole table")
    if data.empty:
        raise InputError(f"{caller}: the frame has no rows; fill the table first")


def _known(values, wanted: dict, caller: str, column: str) -> None:
    unknown = sorted(set(values) - set(wanted))
    if unknown:
        raise InputError(f"{caller}: {column} {unknown[0]!r} is not known; use {', '.join(wanted)}")


def _short(row) -> str:
    """The figure alone: what is printed, after an arrow what it defines, under it what differs."""
    if row["verdict"] == "left out":
        return ""
    if row["verdict"] == "implies":
        return f"→{_brief(row['recomputed'])}"
    figure = re.match(r"[<>≤≥]?[\d.]+%?(?![\d.%]| [-/])", str(row["printed"]))
    if figure:
        text = figure.group()
    elif pd.isna(row["value"]):
        return ""
    else:
        sign = {"<=": "≤", ">=": "≥"}.get(row["comparator"], row["comparator"])
        text = f"{sign if isinstance(sign, str) else ''}{row['value']:g}"
    return f"{text}\n≠{_brief(row['recomputed'])}" if row["verdict"] == "differs" else text


def _brief(value: float) -> str:
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


def _mark(ax, x: float, y: float, kind: tuple, size: float) -> None:
    marker, filled, color, *_ = kind
    hollow = "white" if not filled else color
    ax.plot(x, y, marker, ms=size, mfc=hollow, mec=color, mew=1.2, zorder=3)


def _lay_out(ax, rows: list, labels: list[str], last: float, head: float = 0.6) -> None:
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.4, -head)
    ax.set_xlim(-0.7, last + 0.7)
    ax.set_xticks([])
    ax.tick_params(axis="y", length=0)
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    for y in range(1, len(rows)):
        ax.axhline(y - 0.5, color=palette.SHADE, lw=0.8, zorder=0)


def _key(ax, kinds: dict, values) -> None:
    """What the marks mean, with how many there are, in one line over the axes."""
    from matplotlib.lines import Line2D

    counts = pd.Series(list(values)).value_counts()
    handles = []
    for name, (marker, filled, color, zh, en) in kinds.items():
        if name not in counts:
            continue
        ring = marker == "ring"
        size, marker = (8.0, "o") if ring else (5.0, marker)
        count = f" {counts[name]}" if isinstance(name, str) else ""
        handles.append(
            Line2D(
                [], [], ls="", marker=marker, ms=size, mec=color, mew=0.9 if ring else 1.2,
                mfc=color if filled else "none", label=tr(zh, en) + count,
            )
        )  # fmt: skip
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles),
        frameon=False, handletextpad=0.2, columnspacing=1.1, borderaxespad=0.1, fontsize=6.4,
    )  # fmt: skip
