"""Pictures of the monthly page: its days, its place in the record, the budget that remains."""

import numpy as np
import pandas as pd

from xc_analysis import marks, palette, style
from xc_analysis.plots_air import POLLUTANTS, pollutant_name
from xc_analysis.style import tr

#: What a day is drawn as: past AQI 100 by its cause, else plain.
PLAIN = "#C9D6E2"
NAMES = {"pm25": ("PM₂.₅", "PM₂.₅"), "pm10": ("PM₁₀", "PM₁₀"), "no2": ("NO₂", "NO₂"),
         "so2": ("SO₂", "SO₂")}  # fmt: skip


def plot_month_days(page, *, ax=None):
    """The days of the month as bars, coloured by cause where AQI is past 100; the running mean.

    Parameters
    ----------
    page : MonthPage
        As :func:`xc_analysis.month_page.month_page` returns.
    ax : Axes, optional

    Returns
    -------
    Axes
        A day without a valid value has no bar but a small cross on the axis.
    """
    from matplotlib.patheffects import withStroke

    ax = marks.axes(ax, "double", 60)
    days = page.days
    x, y = days["date"].dt.day.to_numpy(float), days["value"].to_numpy(float)
    cause = days["cause"].fillna("").astype(str)
    colors = [POLLUTANTS["o3_8h" if c == "o3" else c][1] if c else PLAIN for c in cause]
    ax.bar(x, y, width=0.78, color=colors, zorder=3)
    missing = x[~np.isfinite(y)]
    ax.plot(missing, np.zeros(len(missing)), "x", color=palette.MUTED, ms=4, mew=0.8, zorder=4,
            clip_on=False, gid="missing")  # fmt: skip
    ax.plot(x, days["running"], color=palette.INK, lw=1.4, zorder=5, gid="running")
    top = np.nanmax([*y, *days["running"]])
    halo = [withStroke(linewidth=1.6, foreground="white")]
    for day in np.flatnonzero(cause != ""):
        if np.isfinite(y[day]):
            ax.text(x[day], y[day] + 0.02 * top, f"{int(days['aqi'].iloc[day])}", ha="center",
                    va="bottom", fontsize=5.4, color=palette.INK, zorder=6,
                    in_layout=False).set_path_effects(halo)  # fmt: skip
    ax.set_xlim(0.3, len(days) + 0.7)
    ax.set_xticks([1, *range(5, len(days) + 1, 5)])
    ax.set_ylim(0, 1.22 * top)
    present = [c for c in ("pm25", "dust", "o3", "other") if (cause == c).any()]
    shown = [(pollutant_name("o3_8h" if c == "o3" else c),
              POLLUTANTS["o3_8h" if c == "o3" else c][1]) for c in present]  # fmt: skip
    running = (tr("年初至当日均值", "mean of the year to date"), palette.INK)
    _key(ax, [*shown, (tr("AQI 不超过 100", "AQI up to 100"), PLAIN)], line=running)
    marks.heading(ax, tr(f"{page.month} 月逐日", "Day by day"), "µg/m³")
    return ax


def _key(ax, entries, *, line) -> None:
    """Names of the colours above the bars, right of the unit: no legend box on the data."""
    from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, TextArea

    parts = []
    for mark, (name, color) in [*(("■", e) for e in entries), ("—", line)]:
        parts.append(TextArea(mark, textprops={"color": color, "fontsize": marks.LABEL}))
        parts.append(TextArea(name, textprops={"color": palette.MUTED, "fontsize": marks.LABEL}))
    box = HPacker(children=parts, pad=0, sep=3, align="baseline")
    ax.add_artist(
        AnchoredOffsetbox("lower right", child=box, frameon=False, pad=0, borderpad=0,
                          bbox_to_anchor=(1, 1.015), bbox_transform=ax.transAxes)
    )  # fmt: skip


def plot_month_record(page, *, ax=None):
    """The same month of every year, and the year to its end; this year filled.

    Parameters
    ----------
    page : MonthPage
    ax : Axes, optional

    Returns
    -------
    Axes
        Hollow where fewer than 85 % of the days are valid, missing where none is.
    """
    ax = marks.axes(ax, "single", 60)
    record = page.record
    length = {"month": page.days.shape[0]}
    length["to_date"] = int(page.table.loc[page.table["period"] == "to date", "days"].iloc[0])
    names = marks.labels(ax)
    for column, color, name in (
        ("month", palette.THEMES["air"], tr("当月", "month")),
        ("to_date", palette.MUTED, tr("年初至当月", "year to date")),
    ):
        whole = record[f"{column}_days"] >= 0.85 * length[column]
        points = marks.points_of(
            pd.DataFrame(
                {"value": record[column], "status": "computed", "basis": record[f"{column}_basis"],
                 "completeness": np.where(whole, "adequate", "partial")}
            )
        )  # fmt: skip
        ax.plot(*marks.joined_path(points), color=color, lw=1.0, zorder=3)
        marks.draw_points(ax, points, color, size=3.6)
        now = float(record.at[page.year, column])
        ax.plot(page.year, now, "o", ms=9, mfc="none", mec=color, mew=0.9, zorder=6)
        names.dots.append((points["x"], points["value"]))
        names.after_point(page.year, now, f"{name} {marks.number(now)}", color)
    first, last = int(record.index.min()), int(record.index.max())
    marks.years_axis(ax, first, last)
    ax.set_ylim(0, 1.18 * np.nanmax(record[["month", "to_date"]].to_numpy(float)))
    rank, of = page.rank
    marks.heading(
        ax,
        tr(f"历年同期：当月为 {of} 年中第 {rank} 低", f"Same month: {rank} of {of}, lowest first"),
        "µg/m³",
    )
    return ax


def plot_month_budget(page, *, ax=None):
    """What the rest of the year may average for the annual mean to stay at each limit.

    Parameters
    ----------
    page : MonthPage
    ax : Axes, optional

    Returns
    -------
    Axes
        One bar a limit (or target) from zero to the mean that remains; the mean to date a line.
    """
    ax = marks.axes(ax, "single", 60)
    budget = page.budget
    if budget.empty:
        ax.set_axis_off()
        ax.text(0, 0.6, tr("该年没有可比的限值或目标", "no limit or target for this year"),
                transform=ax.transAxes, fontsize=marks.LABEL, color=palette.MUTED)  # fmt: skip
        return ax
    kinds = {
        "limit in force": tr("现行限值", "limit in force"),
        "target": tr("目标", "target"),
        "reading of a target": tr("目标读法（假设）", "target as read (assumed)"),
    }
    groups = list(budget.groupby("value", sort=False))
    to_date = float(budget["to_date"].iloc[0])
    top = max(to_date, float(np.nanmax(np.append(budget["remaining_mean"].to_numpy(float), 0.0))))
    for i, (value, rows) in enumerate(groups):
        y, row = len(groups) - i, rows.iloc[0]
        ax.barh(y, max(np.nan_to_num(row["remaining_mean"]), 0), height=0.22, zorder=3,
                color=palette.THEMES["air"], alpha=0.85)  # fmt: skip
        label = "、".join(f"{r.label} {kinds[r.status]}" for r in rows.itertuples())
        words = (
            tr("全年已过", "the year is complete")
            if row["remaining_days"] <= 0
            else tr("已无法达到", "out of reach")
            if row["remaining_mean"] < 0
            else tr(f"余下 {row['remaining_days']} 天均值可为 {row['remaining_mean']:.1f}",
                    f"{row['remaining_days']} days left may average {row['remaining_mean']:.1f}")
        )  # fmt: skip
        text = style.wrap(f"{value:g}　{label}", 0.94 * marks.width_mm(ax), marks.SMALL)
        ax.text(0, y + 0.15, text, fontsize=marks.SMALL, va="bottom", color=palette.MUTED,
                in_layout=False)  # fmt: skip
        ax.text(0, y - 0.15, words, fontsize=marks.LABEL, va="top", color=palette.INK,
                in_layout=False)  # fmt: skip
    ax.axvline(to_date, ymax=0.12, color=palette.INK, lw=1.6, zorder=4)
    right = to_date > 0.6 * top
    ax.annotate(f"{tr('至今均值', 'mean to date')} {to_date:.1f}", (to_date, 0.3),
                xytext=(-4 if right else 4, 0), textcoords="offset points", va="center",
                ha="right" if right else "left", fontsize=marks.LABEL, in_layout=False)  # fmt: skip
    ax.set_ylim(0, len(groups) + 0.8)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlim(0, 1.1 * top)
    ax.set_xlabel("µg/m³")
    marks.heading(ax, tr("余下的预算", "The budget that remains"), None)
    return ax


def month_figure(page):
    """The page as one figure: days, record, budget.

    Parameters
    ----------
    page : MonthPage

    Returns
    -------
    Figure
        Double column, in the language in force.
    """
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=style.figsize("double", 128))
    grid = fig.add_gridspec(2, 2, height_ratios=[1.0, 1.0])
    plot_month_days(page, ax=fig.add_subplot(grid[0, :]))
    plot_month_record(page, ax=fig.add_subplot(grid[1, 0]))
    plot_month_budget(page, ax=fig.add_subplot(grid[1, 1]))
    valid = int(page.days["value"].notna().sum())
    pollutant = tr(*NAMES[page.indicator])
    draft = "" if page.release == "public" else tr("　草稿，未经审核", "  Draft, unaudited")
    style.title(
        fig,
        tr(f"{page.scope} {page.year} 年 {page.month} 月 {pollutant}{draft}",
           f"{page.scope}  {page.year}-{page.month:02d}  {pollutant}{draft}"),
        tr(f"有效 {valid} 天，共 {len(page.days)} 天；柱上数字为超标日的 AQI；×为无有效值的日",
           f"{valid} valid days of {len(page.days)}; figures on bars: AQI of days past 100;"
           " ×: no valid value"),
    )  # fmt: skip
    return fig


def month_data(page) -> dict:
    """The frames behind :func:`month_figure`, for its csv.

    Parameters
    ----------
    page : MonthPage

    Returns
    -------
    dict of str to DataFrame
    """
    evidence = {"status": "computed", "source_id": "archive-hourly", "release": page.release}
    return {
        "days": page.days.assign(**evidence),
        "record": page.record.assign(**evidence),
        "budget": page.budget,
        "table": page.table.assign(**evidence),
    }
