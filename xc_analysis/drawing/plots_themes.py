"""Figures of the themed notebooks: units, ceilings, margins, rates, ratios; see ``plots``."""

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.drawing.plots_amounts import need
from xc_analysis.style import tr

_FAINT = "#B9C0C9"
_TEXT = 6.4
_ALLOWED = {
    "yes": ("o", True, "#1B5FA6", "可以", "valid"),
    "conditional": ("o", False, "#1B5FA6", "只作算术", "arithmetic only"),
    "no": ("x", True, "#9A3B2E", "不可相除", "refused"),
}


def panels(count: int, *, width: str = "double", height: float = 60.0, ratios=None, stack=None):
    """A figure with axes side by side at double width, one under the other at single width.

    Parameters
    ----------
    count : int
    width : {"double", "single"}
    height : float
        Height of one row of panels, mm.
    ratios : sequence of float, optional
        Relative widths at double width, relative heights where stacked.
    stack : bool, optional
        One under the other at either width.

    Returns
    -------
    Figure, array of Axes
    """
    import matplotlib.pyplot as plt

    stacked = width == "single" if stack is None else stack
    shape = (count, 1) if stacked else (1, count)
    tall = height * (count if stacked else 1)
    if stacked and ratios is not None:
        tall = height * float(np.sum(ratios))
    key = "height_ratios" if stacked else "width_ratios"
    grid = {"gridspec_kw": {key: list(ratios)}} if ratios is not None else {}
    fig, axes = plt.subplots(*shape, figsize=style.figsize(width, tall), squeeze=False, **grid)
    return fig, axes.ravel()


def plot_units(data, *, ax=None, columns: int = 15, title: str | None = None):
    """Shares of several networks, each on its own row: one square a unit where they are known.

    Parameters
    ----------
    data : DataFrame
        One row a part of a network, parts in order: network_zh, network_en (one row of the
        figure), part_zh, part_en, share (%), count (empty where the number of units is unknown),
        rank (0, 1, 2: darkness of the part), basis, status. A dotted rule parts the bases.
    ax : Axes, optional
    columns : int
        Squares that the width of the axes holds; a share without units spans all of them.
    title : str, optional

    Returns
    -------
    Axes
    """
    need(
        data,
        "plot_units",
        ("network_zh", "network_en", "part_zh", "share", "count", "rank", "basis"),
    )
    ax = marks.axes(ax, height=10.5 * data["network_zh"].nunique() + 16)
    names, y, before = [], 0, None
    for _, parts in data.groupby("network_zh", sort=False):
        base = parts["basis"].iloc[0]
        if before is not None and base != before:
            ax.axhline(y - 0.5, color=palette.BREAK, lw=0.6, ls=(0, (1, 2)), zorder=1, gid="break")
        before = base
        names.append(str(parts[tr("network_zh", "network_en")].iloc[0]))
        at = 0.0
        for row in parts.to_dict("records"):
            at = _unit_part(ax, at, y, row, columns)
        y += 1
    ax.set_yticks(range(y), names)
    for label in ax.get_yticklabels():
        label.set(linespacing=1.25, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(-0.25, columns + 0.4), ylim=(y - 0.45, -0.62), xticks=[])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    if title:
        ax.set_title(title, parse_math=False)
    return ax


def _unit_part(ax, at, y, row, columns) -> float:
    from matplotlib.patches import Rectangle

    theme = style.theme_color(row.get("theme", "water"))
    shade = (1.0, 0.5, 0.22, 0.0)[int(row["rank"])]
    face = _blend(theme, shade)
    hollow = row.get("status") == "derived"
    look = {"fc": "white" if hollow else face, "ec": theme, "lw": 0.7, "zorder": 2}
    count = row["count"]
    if pd.notna(count):
        for i in range(int(count)):
            ax.add_patch(Rectangle((at + i + 0.06, y - 0.2), 0.88, 0.4, gid="unit", **look))
        width = float(count)
    else:
        width = columns * float(row["share"]) / 100
        ax.add_patch(Rectangle((at, y - 0.16), width, 0.32, gid="share", **look))
        ax.add_patch(
            Rectangle((0, y - 0.16), columns, 0.32, fc="none", ec=_FAINT, lw=0.6, zorder=1)
        )
    text = f"{row[tr('part_zh', 'part_en')]}"
    ax.annotate(
        text, (at, y + 0.22), xytext=(1, -1), textcoords="offset points", ha="left", va="top",
        size=5.9, color=palette.MUTED, parse_math=False, gid="part",
    )  # fmt: skip
    return at + width


def _blend(color: str, strength: float):
    from matplotlib.colors import to_rgb

    return tuple(1 - strength * (1 - c) for c in to_rgb(color))


def plot_ceiling(data, *, ax=None, title: str | None = None, column: str = "low", target=None):
    """What "all of n pass" says of the share behind it, or what one failing would leave, by n.

    Parameters
    ----------
    data : DataFrame
        n, and for the column chosen: low, median, rule_of_three (shares in %; no dash where the
        rule says nothing) or one_failing (%); optional ``known`` (true: n is written out).
    ax : Axes, optional
    title : str, optional
    column : {"low", "one_failing"}
    target : mapping, optional
        value, comparator: a horizontal line in the colour of targets.

    Returns
    -------
    Axes
    """
    need(data, "plot_ceiling", ("n", column))
    ax = marks.axes(ax, "single", 55)
    color = style.theme_color("water")
    n, foot = data["n"].to_numpy(float), data[column].to_numpy(float)
    if column == "low":
        need(data, "plot_ceiling", ("median", "rule_of_three"))
        ax.vlines(n, data["low"], 100, color=color, lw=3.0, alpha=0.35, gid="range", zorder=2)
        ax.plot(n, data["median"], "o", color=color, ms=3.6, zorder=4, gid="median")
        rule = data["rule_of_three"].where(data["rule_of_three"] > 0)
        ax.plot(n, rule, "_", color=palette.INK, ms=7, mew=1.1, zorder=5, gid="rule_of_three")
        foot = np.fmin(foot, rule)
        ax.set_ylim(0, 104)
    else:
        ax.plot(n, foot, color=color, lw=1.0, zorder=3, gid="line")
        ax.plot(n, foot, "o", color=color, ms=3.6, zorder=4, gid="one_failing", clip_on=False)
        ax.set_ylim(foot.min() - 0.08 * np.ptp(foot), 100 + 0.02 * np.ptp(foot))
    ax.set_xlim(n.min() - 0.05 * np.ptp(n), n.max() + 0.05 * np.ptp(n))
    marks.heading(ax, title, "%")
    ax.set_xlabel(tr("单元数 n", "number of units n"), labelpad=1)
    if target is not None:
        sign = {">": "> ", ">=": "≥ "}.get(target["comparator"], "")
        value = float(target["value"])
        ax.axhline(value, color=palette.TARGET, lw=1.0, zorder=2, gid="target")
        ax.annotate(
            tr("目标 ", "target ") + f"{sign}{value:g}", (1, value), textcoords="offset points",
            xycoords=("axes fraction", "data"), xytext=(0, -2), ha="right", va="top", size=5.8,
            color=palette.TARGET, gid="line-name", parse_math=False,
        )  # fmt: skip
    if "known" in data:
        for row, low in zip(data.to_dict("records"), foot, strict=True):
            if row["known"]:
                ax.annotate(
                    f"n={row['n']}\n{row[column]:.0f} %", (row["n"], low), xytext=(0, -3),
                    textcoords="offset points", ha="center", va="top", size=5.8, color=palette.INK,
                    parse_math=False, linespacing=1.1, gid="label",
                )  # fmt: skip
    return ax


def plot_margin(data, *, ax=None, title: str | None = None, points=None):
    """How many decibels a growth of sound energy is worth: one curve, with margins marked on it.

    Parameters
    ----------
    data : DataFrame
        growth (%), decibels: the curve.
    ax : Axes, optional
    title : str, optional
    points : DataFrame, optional
        name_zh, name_en, margin (dB), growth (%), low, high (dB, ends by rounding).

    Returns
    -------
    Axes
    """
    need(data, "plot_margin", ("growth", "decibels"))
    ax = marks.axes(ax, "single", 60)
    color = style.theme_color("noise")
    ax.plot(data["growth"], data["decibels"], color=color, lw=1.3, zorder=3, gid="curve")
    top, right = float(data["decibels"].max()), float(data["growth"].max())
    ax.set(xlim=(0, right), ylim=(0, top))
    for row in marks.rows_of(points):
        x, y = row["growth"], row["margin"]
        ax.plot([0, x, x], [y, y, 0], color=palette.TARGET, lw=0.8, zorder=2, gid="margin")
        ax.axhspan(row["low"], row["high"], xmax=x / right, color=palette.TARGET, alpha=0.13, lw=0,
                   gid="rounding")  # fmt: skip
        ax.plot(x, y, "o", color=color, ms=4.6, mec="white", mew=0.5, zorder=5, gid="point")
        ax.annotate(
            f"{row[tr('name_zh', 'name_en')]}\n{y:.1f} dB = +{x:.1f} %", (x, y), xytext=(6, -3),
            textcoords="offset points", ha="left", va="top", size=6.2, color=palette.INK,
            linespacing=1.2, parse_math=False, gid="label",
        )  # fmt: skip
    marks.heading(ax, title, "dB")
    ax.set_xlabel(
        tr(
            "声能（仅车流量变化时即车流量）的增长，%",
            "growth of sound energy (or of traffic alone), %",
        ),
        labelpad=1,
    )
    return ax


def plot_changes(data, *, ax=None, title: str | None = None, margins=None):
    """Changes from year to year as dots on one line per series, with a margin beside them.

    Parameters
    ----------
    data : DataFrame
        name_zh, name_en (one line of the figure), year, change, unit.
    ax : Axes, optional
    title : str, optional
    margins : mapping of name_zh to float, optional
        A rise of this size would use the margin up.

    Returns
    -------
    Axes
    """
    need(data, "plot_changes", ("name_zh", "name_en", "year", "change", "unit"))
    ax = marks.axes(ax, "single", 50)
    names = list(dict.fromkeys(data["name_zh"]))
    shown = data.drop_duplicates("name_zh").set_index("name_zh", drop=False)
    shown = shown[tr("name_zh", "name_en")]
    reach = 1.25 * max(data["change"].abs().max(), *(margins or {0: 0}).values())
    for y, name in enumerate(names):
        rows = data[data["name_zh"] == name].sort_values(["change", "year"])
        tie = (
            rows.groupby("change").cumcount()
            - (rows.groupby("change")["change"].transform("size") - 1) / 2
        )
        ax.plot(rows["change"], y - 0.13 * tie, "o", ms=4.0, color=palette.CITY, mec="white", mew=0.4,
                zorder=4, gid="change")  # fmt: skip
        for row in rows[rows["change"].abs() >= 0.9 * rows["change"].abs().max()].itertuples():
            ax.annotate(str(row.year), (row.change, y), xytext=(0, 8), textcoords="offset points",
                        ha="center", size=5.6, color=palette.MUTED, gid="label")  # fmt: skip
        if margins and name in margins:
            value = margins[name]
            ax.plot(
                [value, value], [y - 0.33, y + 0.33], color=palette.TARGET, lw=1.4, gid="margin"
            )
            ax.annotate(
                tr(f"余量 {value:.1f}", f"margin {value:.1f}"), (value, y + 0.33), xytext=(0, -1.5),
                textcoords="offset points", ha="center", va="top", size=6.0, color=palette.TARGET,
                parse_math=False, gid="margin-name",
            )  # fmt: skip
    ax.axvline(0, color=palette.INK, lw=0.7, zorder=1)
    ax.set_yticks(range(len(names)), [shown[n] for n in names])
    ax.set(ylim=(len(names) - 0.4, -0.6), xlim=(-reach, reach))
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.set_xlabel(
        tr("与上一年相差，", "change on the year before, ") + style.unit_name(data["unit"].iloc[0]),
        labelpad=1,
    )
    if title:
        ax.set_title(title, parse_math=False)
    return ax


def plot_rates(data, *, ax=None, title: str | None = None, unit: str | None = None):
    """Rates that hold for spans of years: a bar from the first year to the last.

    Parameters
    ----------
    data : DataFrame
        first, last (years, both counted), rate (mean a year), text_zh, text_en, kind ("printed",
        "bound": fell by this much or more, or "target").
    ax : Axes, optional
    title, unit : str, optional

    Returns
    -------
    Axes
        Everything is grey: these are the city's numbers.
    """
    need(data, "plot_rates", ("first", "last", "rate", "text_zh", "text_en", "kind"))
    ax = marks.axes(ax, height=60)
    for row in data.to_dict("records"):
        x0, x1, y = row["first"] - 0.5, row["last"] + 0.5, row["rate"]
        planned = row["kind"] == "target"
        ax.plot([x0 + 0.06, x1 - 0.06], [y, y], color=palette.CITY, zorder=3, gid=f"span:{row['kind']}",
                lw=1.2 if planned else 2.6, ls=(0, (4, 2)) if planned else "solid",
                solid_capstyle="butt", dash_capstyle="butt")  # fmt: skip
        if row["kind"] == "bound":
            ax.annotate("", ((x0 + x1) / 2, y), xytext=(0, -9), textcoords="offset points",
                        arrowprops={"arrowstyle": "<|-,head_length=.3,head_width=.14",
                                    "color": palette.CITY, "lw": 0.9, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
        ax.annotate(
            row[tr("text_zh", "text_en")], (x0, y), xytext=(1.5, 3), textcoords="offset points",
            ha="left", va="bottom", size=5.9, color=palette.MUTED, parse_math=False, gid="label",
        )  # fmt: skip
    marks.heading(ax, title, unit, color=palette.CITY)
    low, high = float(data["rate"].min()), float(data["rate"].max())
    ax.set_ylim(low - 0.22 * (high - low), high + 0.3 * (high - low))
    marks.years_axis(ax, float(data["first"].min()), float(data["last"].max()))
    return ax


def plot_ratios(data, *, ax=None, title: str | None = None):
    """Which ratios are valid: one row a division, its result or the reason for refusing it.

    Parameters
    ----------
    data : DataFrame
        As `themes.ratio_table` returns it, with label_zh, label_en.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
    """
    need(data, "plot_ratios", ("label_zh", "label_en", "ratio", "unit", "allowed", "reason_zh"))
    ax = marks.axes(ax, height=6.4 * len(data) + 14)
    across = ax.figure.get_figwidth() * 25.4
    wide = across > 120
    ax.set(xlim=(0, 1), ylim=(len(data) - 0.4, -0.6), xticks=[], yticks=[])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    text = {"va": "center", "parse_math": False, "linespacing": 1.15}
    for y, row in enumerate(data.to_dict("records")):
        if y % 2 == 0:
            ax.axhspan(y - 0.5, y + 0.5, color=palette.SHADE, lw=0, zorder=0)
        marker, filled, color, *_ = _ALLOWED[row["allowed"]]
        head = y if wide else y - 0.22
        unit = "" if row["unit"] == "1" else " " + style.unit_name(row["unit"])
        result = "" if row["allowed"] == "no" else f"{row['ratio']:.3g}{unit}"
        ax.plot(0.015, head, marker, ms=4.6, color=color, mfc=color if filled else "white", mew=1.2,
                zorder=3, gid=f"ratio:{row['allowed']}")  # fmt: skip
        ax.text(0.035 if wide else 0.05, head, row[tr("label_zh", "label_en")], size=6.6, gid="pair",
                color=palette.INK, **text)  # fmt: skip
        ax.text(0.335 if wide else 0.99, head, result, size=_TEXT, color=color, gid="ratio",
                ha="left" if wide else "right", **text)  # fmt: skip
        left = 0.47 if wide else 0.05
        reason = style.wrap(row[tr("reason_zh", "reason_en")], (0.97 - left) * (across - 5), 6.0)
        ax.text(left, y if wide else y + 0.2, reason, size=6.0, color=palette.MUTED, gid="reason",
                **text)  # fmt: skip
    if title:
        ax.set_title(title, parse_math=False)
    return ax
