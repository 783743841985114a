"""Pictures of the monthly page: days, place in the record, budget, table of all indicators."""

import io
import re

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.drawing.plots_air import POLLUTANTS, pollutant_name
from xc_analysis.pages.month_page import ENOUGH, month_data
from xc_analysis.style import tr

#: What a day is drawn as: past AQI 100 by its cause, else plain.
PLAIN = "#C9D6E2"
SO_FAR = "#E6ECF2"
#: Names of plans as targets.csv has them, for English figures.
PLANS = {"十三五": "13th plan", "十四五": "14th plan", "十五五": "15th plan", "年度": "Year's",
         "清洁空气": "Clean Air", "蓝天保卫战": "Blue Sky"}  # fmt: skip
NAMES = {"pm25": ("PM₂.₅", "PM₂.₅"), "pm10": ("PM₁₀", "PM₁₀"), "no2": ("NO₂", "NO₂"),
         "so2": ("SO₂", "SO₂")}  # fmt: skip


def plot_month_days(page, *, ax=None):
    """The days of the month as bars, coloured by cause where AQI is past 100; the running mean.

    Parameters
    ----------
    page : MonthPage
        As :func:`xc_analysis.pages.month_page.month_page` returns.
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
    ax.bar(x, y, width=0.78, color=colors, zorder=3, gid="days")
    missing = x[~np.isfinite(y)]
    if len(missing):  # an empty line outside the clip would take part in the layout at the origin
        ax.plot(missing, np.zeros(len(missing)), "x", color=palette.MUTED, ms=4, mew=0.8,
                zorder=4, clip_on=False, gid="missing")  # fmt: skip
    ax.plot(x, days["running"], color=palette.INK, lw=1.4, zorder=5, gid="running")
    top = np.nanmax([*y, *days["running"]])
    halo = [withStroke(linewidth=1.6, foreground="white")]
    running = days["running"].to_numpy(float)
    for day in np.flatnonzero(cause != ""):
        head = y[day] if np.isfinite(y[day]) else 0.02 * top
        if head < running[day] < head + 0.13 * top:  # keep clear of the running mean
            head = running[day]
        ax.text(x[day], head + 0.02 * top, f"{int(days['aqi'].iloc[day])}", ha="center",
                va="bottom", fontsize=5.4, zorder=6, in_layout=False, path_effects=halo,
                color=palette.INK if np.isfinite(y[day]) else colors[day])  # fmt: skip
    ax.set_xlim(0.3, len(days) + 0.7)
    ax.set_xticks([1, *range(5, len(days) + 1, 5)])
    ax.set_ylim(0, 1.22 * top)
    present = [c for c in ("pm25", "dust", "o3", "other") if (cause == c).any()]
    shown = [(tr("超标，主因 ", "past 100: ") * (i == 0) + pollutant_name("o3_8h" if c == "o3" else c),
              POLLUTANTS["o3_8h" if c == "o3" else c][1]) for i, c in enumerate(present)]  # fmt: skip
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
    """The same month of every year, the year to its end, and the mean of three whole years.

    Parameters
    ----------
    page : MonthPage
    ax : Axes, optional

    Returns
    -------
    Axes
        Hollow where fewer than 85 % of the days are valid, missing where none is; the page's own
        year is circled.
    """
    ax = marks.axes(ax, "single", 60)
    record = page.record
    length = {"month": page.days.shape[0]}
    length["to_date"] = int(page.table.loc[page.table["period"] == "to date", "days"].iloc[0])
    names = marks.labels(ax)
    moving = page.moving["value"].dropna()
    if len(moving):
        ax.plot(moving.index, moving, color=palette.BREAK, lw=2.6, alpha=0.45, zorder=2,
                solid_capstyle="round", gid="moving")  # fmt: skip
        names.lines.append((moving.index.to_numpy(float), moving.to_numpy(float)))
    ends = []
    for column, color, name in (
        ("month", palette.THEMES["air"], tr("当月", "month")),
        ("to_date", palette.MUTED, tr("年初至当月", "year to date")),
    ):
        whole = record[f"{column}_days"] >= ENOUGH * length[column]
        points = marks.points_of(
            pd.DataFrame(
                {"value": record[column], "status": "computed", "basis": record[f"{column}_basis"],
                 "completeness": np.where(whole, "adequate", "partial")}
            )
        )  # fmt: skip
        path = marks.joined_path(points)
        ax.plot(*path, color=color, lw=1.0, zorder=3)
        names.lines.append(path)
        marks.draw_points(ax, points, color, size=3.6)
        names.dots.append((points["x"], points["value"]))
        for x, text in _breaks(points):
            if column == "month":
                ax.axvline(x, color=palette.BREAK, lw=0.6, ls=(0, (1, 2)), zorder=1.5, gid="break")
                names.beside_rule(x, text, palette.BREAK)
        ends.append((float(record.at[page.year, column]), name, color))
    first, last = int(record.index.min()), int(record.index.max())
    top = 1.2 * np.nanmax(record[["month", "to_date"]].to_numpy(float))
    for now, name, color in ends:
        ax.plot(page.year, now, "o", ms=7.5, mfc="none", mec=color, mew=0.9, zorder=6)
        names.beside_point(page.year, now, f"{name} {_one(now)}", color)
    if len(moving):
        text = tr("全年值三年均值", "3-year mean of whole years")
        far = 0 if page.year - moving.index[0] > moving.index[-1] - page.year else -1
        at = float(moving.index[far]), float(moving.iloc[far])
        names.beside_point(*at, text, palette.MUTED, size=marks.SMALL)
    marks.years_axis(ax, first, last)
    ax.set_xticks(range(first + 1 if (last - first) % 2 else first, last + 1, 2))
    ax.set_xlim(first - 0.7, last + (3.6 if page.year > last - 3 else 0.7))
    ax.set_ylim(0, top)
    valid = int(record.at[page.year, "month_days"])
    rank, of = page.rank or (0, 0)
    said = (
        tr(f"历年同期：{of} 年中{_place(rank, of)}", f"Same month: {_place(rank, of)} of {of} years")
        if page.rank
        else tr(f"历年同期：当月仅 {valid} 天有效，不排名",
                f"Same month: {valid} valid days, not ranked")
    )  # fmt: skip
    marks.heading(ax, said, "µg/m³")
    return ax


def _breaks(points: pd.DataFrame) -> list[tuple[float, str]]:
    """Changes of basis, half-way between the two years that they part."""
    pure = points[points["basis"].ne("") & ~points["basis"].str.endswith(("mixed", "unknown"))]
    names = [text for _, text in marks.basis_breaks(points)]
    changed = pure["basis"].ne(pure["basis"].shift()) & pure["basis"].shift().notna()
    return list(zip(pure.loc[changed, "x"] - 0.5, names, strict=True))


def _place(rank: int, of: int) -> str:
    """A rank in words, 1 the lowest."""
    if rank in (1, of):
        return tr("最低", "the lowest") if rank == 1 else tr("最高", "the highest")
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return tr(f"第 {rank} 低", f"{rank}{ending} lowest")


def _one(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def plot_month_budget(page, *, ax=None):
    """What the rest of the year may average for the annual mean to stay at each limit.

    Parameters
    ----------
    page : MonthPage
    ax : Axes, optional

    Returns
    -------
    Axes
        Width is days, height their mean: the days so far as a filled block, the rest as a hollow
        one for each limit (dashed), so that both blocks together have the limit's area.
    """
    ax = marks.axes(ax, "single", 60)
    budget = page.budget
    heading = tr(
        "余下的预算：其余各天最多可平均多少", "The budget that remains: what the rest may average"
    )
    if budget.empty:
        ax.set_axis_off()
        marks.heading(ax, heading, None)
        ax.text(0, 0.8, tr("表中没有该年适用的限值或目标", "no limit or target for this year"),
                transform=ax.transAxes, fontsize=marks.LABEL, color=palette.MUTED)  # fmt: skip
        return ax
    groups = list(budget.groupby("value", sort=True))
    valid, rest = (int(budget[c].iloc[0]) for c in ("valid_days", "remaining_days"))
    over = rest <= 0 or page.month == 12  # days missed by then will not come
    to_date = float(budget["to_date"].iloc[0])
    open_ = budget["remaining_mean"].where(budget["remaining_mean"] >= 0)
    top = 1.18 * float(np.nanmax([to_date, *budget["value"], *np.minimum(open_, 5 * to_date)]))
    ax.bar(0, to_date, valid, align="edge", color=SO_FAR, zorder=2, gid="to date")
    ax.text(valid / 2, 0.06 * top, tr(f"至今有效 {valid} 天\n均值 {_one(to_date)}",
            f"{valid} valid days so far\nmean {_one(to_date)}"), ha="center", va="bottom",
            fontsize=marks.LABEL, color=palette.INK, in_layout=False, zorder=6)  # fmt: skip
    names = marks.labels(ax)
    names.lines.append(([0, valid], [to_date, to_date]))
    for value, rows in groups:
        row = rows.iloc[0]
        color = palette.TARGET if "target" in set(rows["status"]) else palette.MUTED
        ax.plot([0, valid + rest], [value, value], color=color, lw=0.8, ls=(0, (4, 2)), zorder=4,
                gid="limit")  # fmt: skip
        names.lines.append(([0, valid + rest], [value, value]))
        left = row["remaining_mean"]
        if not over and left >= 0:
            ax.bar(valid, min(left, 1.02 * top), rest, align="edge", fc="none", zorder=3,
                   ec=palette.THEMES["air"], lw=1.0, gid="rest")  # fmt: skip
            names.lines.append(([valid, valid, valid + rest], [0, left, left]))
            names.along_line(valid, valid + rest, min(left, 0.94 * top),
                             tr(f"其余 {rest} 天 ≤ {_one(left)}", f"other {rest} days ≤ {_one(left)}"),
                             palette.THEMES["air"], size=marks.LABEL)  # fmt: skip
    for value, rows in groups:
        color = palette.TARGET if "target" in set(rows["status"]) else palette.MUTED
        names.along_line(0, valid + rest, value, f"{value:g}　{_called(rows)}{_fate(rows, over)}",
                         color)  # fmt: skip
    ax.set_xlim(0, valid + rest)
    ax.set_ylim(0, top)
    ax.set_xticks([0, valid + rest] if over else [0, valid, valid + rest])
    missed = tr(
        f"（{'' if over else '其余'}含缺测 {page.missed} 天）",
        f" ({page.missed} missed{'' if over else ', among the rest'})",
    )
    ax.set_xlabel(tr("天", "days") + (missed if page.missed else ""))
    marks.heading(ax, heading, "µg/m³")
    return ax


def _called(rows: pd.DataFrame) -> str:
    """What the limits of one value are: each named by its document and kind."""
    kinds = {
        "limit in force": ("{} 年均限值", "{} annual limit"),
        "target": ("{} 目标", "{} target"),
        "reading of a target": ("{} 读法（假设）", "{} as read (assumed)"),
    }
    words = []
    for row in rows.itertuples():
        name = re.sub(r" (\d{4})$", tr(r"（\1年）", r" (\1)"), row.label)
        for zh, en in PLANS.items() if style.lang() == "en" else ():
            name = name.replace(zh, f"{en} ") if name.startswith(zh) else name
        words.append(tr(*kinds[row.status]).format(name.replace("  ", " ")))
    return tr("；", "; ").join(dict.fromkeys(words))


def _fate(rows: pd.DataFrame, over: bool) -> str:
    """What has become of a limit that no day left can decide any more."""
    row = rows.iloc[0]
    if over:
        met = row["to_date"] < row["ceiling"]
        return (
            tr("：已低于", ": the year is below") if met else tr("：仍高于", ": the year is above")
        )
    return tr("：已无法达到", ": out of reach") if row["remaining_mean"] < 0 else ""


def plot_month_table(page, *, ax=None):
    """Every indicator: month and year to date, the same period before, the change.

    Parameters
    ----------
    page : MonthPage
    ax : Axes, optional

    Returns
    -------
    Axes
        A change is grey and in brackets where fewer than 85 % of the days of either period are
        valid.
    """
    ax = marks.axes(ax, "double", 52)
    ax.set_axis_off()
    table = page.table.set_index(["indicator", "period"])
    indicators = list(dict.fromkeys(page.table["indicator"]))
    columns = {"month": (0.43, 0.53, 0.67), "to date": (0.78, 0.87, 1.0)}
    said = {
        "month": tr(f"{page.month} 月", f"{page.year}-{page.month:02d}"),
        "to date": tr(f"1—{page.month} 月", f"months 1–{page.month}"),
    }
    ax.set_xlim(0, 1)
    ax.set_ylim(len(indicators) + 0.6, -2.0)

    def write(x, y, text, *, color=palette.INK, ha="right", **kw):
        ax.text(x, y, text, color=color, ha=ha, va="center", fontsize=marks.LABEL, **kw)

    for period, (now, before, change) in columns.items():
        write((now + change) / 2 - 0.02, -1.65, said[period], ha="center")
        for x, name in ((now, f"{page.year}"), (before, f"{page.year - 1}"),
                        (change, tr("变化", "change"))):  # fmt: skip
            write(x, -0.85, name, color=palette.MUTED)
    ax.axhline(-0.4, color=palette.INK, lw=0.6)
    for y, indicator in enumerate(indicators):
        for period, (now, before, change) in columns.items():
            if (indicator, period) not in table.index:
                continue
            row = table.loc[(indicator, period)]
            if period == "month" or (indicator, "month") not in table.index:
                unit = style.unit_name(row["unit"])
                write(0, y + 0.03, f"{row[f'name_{style.lang()}']}　{unit}", ha="left",
                      color=palette.INK)  # fmt: skip
            decimals = 0 if row["unit"] == "d" else max(int(row["decimals"]), 1)
            write(now, y + 0.03, f"{row['value']:.{decimals}f}")
            if not np.isfinite(row["before"]):
                write(before, y + 0.03, tr("无", "none"), color=palette.MUTED)
                continue
            write(before, y + 0.03, f"{row['before']:.{decimals}f}", color=palette.MUTED)
            text, color = _change(row, decimals)
            write(change, y + 0.03, text, color=color)
        if y:
            ax.axhline(y - 0.42, color="#E7E7E7", lw=0.5)
    known = page.table["before"].notna()
    if not page.table.loc[known, "comparable"].astype(bool).all():
        ax.text(0, len(indicators) + 0.1, tr("括号：两期中有一期有效日不足 85 %，两数不宜相比；各期天数见同名 csv",
                "In brackets: fewer than 85 % of the days of one period are valid, not to be compared;"
                " the days of each are in the csv of the same name"),
                fontsize=marks.SMALL, color=palette.MUTED, va="center")  # fmt: skip
    return ax


def _change(row, decimals: int) -> tuple[str, str]:
    """A change in words and its colour: percent of a mean, difference of days or shares."""
    if np.isfinite(row["change_pct"]):
        text = f"{row['change_pct']:+.0f} %"
    else:
        text = f"{row['change']:+.{decimals}f} {style.unit_name('pp' if row['unit'] == '%' else row['unit'])}"
    text = "0 %" if text in ("-0 %", "+0 %") else text.replace("-", "−")
    return (text, palette.INK) if row["comparable"] else (f"({text})", palette.MUTED)


def month_figure(page, *, place: tuple[str, str] | None = None):
    """The page as one figure: days, record, budget, and the table of all indicators.

    Parameters
    ----------
    page : MonthPage
    place : (str, str), optional
        The area's name in Chinese and English; default its scope.

    Returns
    -------
    Figure
        Double column, in the language in force.
    """
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=style.figsize("double", 196))
    grid = fig.add_gridspec(3, 2, height_ratios=[1.0, 1.15, 1.1])
    plot_month_days(page, ax=fig.add_subplot(grid[0, :]))
    plot_month_record(page, ax=fig.add_subplot(grid[1, 0]))
    plot_month_budget(page, ax=fig.add_subplot(grid[1, 1]))
    plot_month_table(page, ax=fig.add_subplot(grid[2, :]))
    scope = tr(*(place or (page.scope, page.scope)))
    pollutant = tr(*NAMES[page.indicator])
    draft = "" if page.release == "public" else tr("　草稿，未经审核", "  Draft, unaudited")
    style.title(
        fig,
        tr(f"{scope} {page.year} 年 {page.month} 月 {pollutant}{draft}",
           f"{scope}  {page.year}-{page.month:02d}  {pollutant}{draft}"),
        headline(page),
    )  # fmt: skip
    return fig


def headline(page) -> str:
    """The month in one sentence: mean, change, days past AQI 100 by cause, valid days.

    Parameters
    ----------
    page : MonthPage

    Returns
    -------
    str
        In the language in force.
    """
    row = page.table.set_index(["indicator", "period"]).loc[(page.indicator, "month")]
    valid, days = int(row["valid_days"]), len(page.days)
    zh, en = f"均值 {_one(row['value'])} µg/m³", f"Mean {_one(row['value'])} µg/m³"
    if np.isfinite(row["before"]) and row["comparable"]:
        zh += f"，上年同月 {_one(row['before'])}"
        en += f", a year before {_one(row['before'])}"
    count = page.exceedances["cause"].value_counts()
    causes = [f"{pollutant_name('o3_8h' if c == 'o3' else c)} {count[c]}"
              for c in ("pm25", "dust", "o3", "other") if c in count]  # fmt: skip
    known = int(page.days["aqi"].notna().sum())
    past = len(page.exceedances)
    zh += f"；有 AQI 的 {known} 天中超标 {past} 天" + (f"（{'、'.join(causes)}）" if causes else "")
    en += f"; {past} of {known} days with an AQI past 100" + (
        f" ({', '.join(causes)})" if causes else ""
    )
    zh += f"；有效 {valid} 天，共 {days} 天" + ("，×为无有效值的日" if valid < days else "")
    en += f"; {valid} valid days of {days}" + (" (×: no valid value)" if valid < days else "")
    return tr(zh, en)


def month_png(page, *, place: tuple[str, str] | None = None) -> bytes:
    """The page's figure as a png for the screen.

    Parameters
    ----------
    page, place
        As in :func:`month_figure`.

    Returns
    -------
    bytes
    """
    import matplotlib.pyplot as plt

    fig, out = month_figure(page, place=place), io.BytesIO()
    style.footer(fig, style.evidence_key(month_data(page)))
    fig.savefig(out, format="png", dpi=150)
    plt.close(fig)
    return out.getvalue()
