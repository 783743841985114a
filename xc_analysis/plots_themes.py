"""Figures of the themed notebooks: amounts, units, margins, spans, ratios; see ``plots``."""

import numpy as np
import pandas as pd

from xc_analysis import marks, palette, style
from xc_analysis.errors import InputError
from xc_analysis.style import tr

_FAINT = "#B9C0C9"
_TEXT = 6.4
# kinds of a row that is no observation: marker, filled, colour (None: the theme's)
_KINDS = {
    "needed": ("|", True, palette.TARGET),
    "planned": ("|", True, palette.TARGET),
    "implied": ("s", False, None),
}
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


def plot_amounts(
    data, *, ax=None, title: str | None = None, target=None, xlim=None, zero: bool = True
):
    """Values one under the other on one axis: no time axis, so nothing looks like a series.

    Parameters
    ----------
    data : DataFrame
        label_zh, label_en, value, unit, kind (an evidence status, "implied", "needed" or
        "planned"); optional lower, upper, decimals, theme, scope_kind ("other": drawn grey),
        comparator (written before the value).
    ax : Axes, optional
    title : str, optional
    target : mapping, optional
        value, comparator: a vertical line in the colour of targets.
    xlim : (float, float), optional
    zero : bool
        Start the axis at zero and draw a stem from there.

    Returns
    -------
    Axes
        A row with a range only (a bound) is drawn as a bar, open ends with an arrow.
    """
    _need(data, "plot_amounts", ("label_zh", "label_en", "value", "unit", "kind"))
    if data["unit"].nunique() != 1:
        found = ", ".join(map(str, data["unit"].unique()))
        raise InputError(f"plot_amounts: units {found} on one axis; draw them on separate axes")
    known = {*palette.STATUS, *_KINDS}
    for kind in data["kind"]:
        if kind not in known:
            raise InputError(f"plot_amounts: kind {kind!r} is not known; use {', '.join(known)}")
    ax = marks.axes(ax, height=5.0 * len(data) + 22)
    table = data.reset_index(drop=True)
    ends = [_numbers(table, c) for c in ("value", "lower", "upper")]
    low, high = xlim or _span(ends, target, zero)
    ax.set_xlim(low, high)
    ax.set_ylim(len(table) - 0.45, -0.6)
    base = low if zero else None
    for y, row in table.iterrows():
        _amount(ax, y, row, [e[y] for e in ends], base, (low, high), target)
    if target is not None:
        _target_rule(ax, target)
    ax.set_yticks(range(len(table)), table[tr("label_zh", "label_en")])
    for tick, row in zip(ax.get_yticklabels(), table.to_dict("records"), strict=True):
        tick.set(color=_ink(row), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.set_xlabel(style.unit_name(table["unit"].iloc[0]), loc="right", labelpad=1)
    if title:
        ax.set_title(title, pad=11 if target is not None else 4, parse_math=False)
    return ax


def _numbers(table, column) -> np.ndarray:
    if column not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(float)


def _span(ends, target, zero) -> tuple[float, float]:
    flat = np.concatenate([*ends, [float(target["value"])] if target is not None else []])
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return 0.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    if zero:
        return min(0.0, low), high + 0.22 * (high - min(0.0, low))
    return low - 0.15 * (high - low or 1.0), high + 0.3 * (high - low or 1.0)


def _ink(row) -> str:
    other = row.get("scope_kind") == "other"
    return palette.CITY if other else palette.INK


def _row_color(row) -> str:
    if row.get("scope_kind") == "other":
        return palette.CITY
    special = _KINDS.get(row["kind"], (None, None, None))[2]
    return special or style.theme_color(row.get("theme"))


def _amount(ax, y, row, ends, base, limits, target) -> None:
    value, lower, upper = ends
    color, kind = _row_color(row), row["kind"]
    at = value
    if kind == "bound":
        left = lower if np.isfinite(lower) else limits[0]
        right = upper if np.isfinite(upper) else limits[1]
        ax.hlines(y, left, right, color=color, lw=4.0, alpha=0.4, zorder=3, gid="bar:bound")
        at = lower if np.isfinite(lower) else upper
        ax.plot(at, y, "|", color=color, ms=8, mew=1.3, zorder=4, gid="bar:bound")
    elif np.isfinite(value):
        if base is not None:
            ax.hlines(y, base, value, color=color, lw=1.4, alpha=0.45, zorder=2.5, gid="stem")
        if upper > lower:
            ax.hlines(y, lower, upper, color=color, lw=3.2, alpha=0.35, zorder=3, gid="range")
        marker, filled = _KINDS.get(kind, palette.STATUS.get(kind, ("o", True)))[:2]
        ax.plot(
            value, y, marker, color=color, ls="none", zorder=5, gid=f"status:{kind}",
            ms=9 if marker == "|" else 5.0, mew=1.8 if marker == "|" else 1.0,
            mfc=color if filled else "white", mec=color, clip_on=False,
        )  # fmt: skip
    if not np.isfinite(at):
        return
    decimals = row.get("decimals")
    attrs = {"decimals": decimals} if decimals is not None and pd.notna(decimals) else None
    text = str(row["text"]) if isinstance(row.get("text"), str) else marks.number(at, attrs)
    if isinstance(row.get("comparator"), str):
        text = f"{row['comparator']} {text}"
    reach = max([e for e in (value, upper if kind != "bound" else at) if np.isfinite(e)] or [at])
    # a value just short of the target's rule is written on the side away from it
    room = 0.16 * (limits[1] - limits[0])
    left = base is None and target is not None and 0 < float(target["value"]) - reach < room
    side, lift = (-5, 0) if left else (4, 6.5) if kind == "bound" else (5, 0)
    ax.annotate(
        text, (reach, y), xytext=(side, lift), textcoords="offset points",
        ha="right" if left else "left", va="center", size=_TEXT, color=color, zorder=6, parse_math=False,
        annotation_clip=False, gid="value",
    )  # fmt: skip


def _target_rule(ax, target) -> None:
    value = float(target["value"])
    sign = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> ", "=": ""}[target["comparator"]]
    ax.axvline(value, color=palette.TARGET, lw=1.0, zorder=2, gid="target")
    ax.annotate(
        tr("目标 ", "target ") + f"{sign}{value:g}", (value, 1), xycoords=("data", "axes fraction"),
        xytext=(0, 1.5), textcoords="offset points", ha="center", va="bottom", size=5.8,
        color=palette.TARGET, gid="line-name", parse_math=False, annotation_clip=False,
    )  # fmt: skip


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
    _need(data, "plot_units", ("network_zh", "network_en", "part_zh", "share", "count", "rank", "basis"))
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
        ax.add_patch(Rectangle((0, y - 0.16), columns, 0.32, fc="none", ec=_FAINT, lw=0.6, zorder=1))
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
    _need(data, "plot_ceiling", ("n", column))
    ax = marks.axes(ax, "single", 55)
    color = style.theme_color("water")
    n, foot = data["n"].to_numpy(float), data[column].to_numpy(float)
    if column == "low":
        _need(data, "plot_ceiling", ("median", "rule_of_three"))
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
    _need(data, "plot_margin", ("growth", "decibels"))
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
        tr("声能（仅车流量变化时即车流量）的增长，%", "growth of sound energy (or of traffic alone), %"),
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
    _need(data, "plot_changes", ("name_zh", "name_en", "year", "change", "unit"))
    ax = marks.axes(ax, "single", 50)
    names = list(dict.fromkeys(data["name_zh"]))
    shown = data.drop_duplicates("name_zh").set_index("name_zh", drop=False)
    shown = shown[tr("name_zh", "name_en")]
    reach = 1.25 * max(data["change"].abs().max(), *(margins or {0: 0}).values())
    for y, name in enumerate(names):
        rows = data[data["name_zh"] == name].sort_values(["change", "year"])
        tie = rows.groupby("change").cumcount() - (rows.groupby("change")["change"].transform("size") - 1) / 2
        ax.plot(rows["change"], y - 0.13 * tie, "o", ms=4.0, color=palette.CITY, mec="white", mew=0.4,
                zorder=4, gid="change")  # fmt: skip
        for row in rows[rows["change"].abs() >= 0.9 * rows["change"].abs().max()].itertuples():
            ax.annotate(str(row.year), (row.change, y), xytext=(0, 8), textcoords="offset points",
                        ha="center", size=5.6, color=palette.MUTED, gid="label")  # fmt: skip
        if margins and name in margins:
            value = margins[name]
            ax.plot([value, value], [y - 0.33, y + 0.33], color=palette.TARGET, lw=1.4, gid="margin")
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
    _need(data, "plot_rates", ("first", "last", "rate", "text_zh", "text_en", "kind"))
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
    marks.heading(ax, title, unit)
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
    _need(data, "plot_ratios", ("label_zh", "label_en", "ratio", "unit", "allowed", "reason_zh"))
    ax = marks.axes(ax, height=6.4 * len(data) + 14)
    wide = ax.figure.get_figwidth() * 25.4 > 120
    ax.set(xlim=(0, 1), ylim=(len(data) - 0.4, -0.6), xticks=[])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    room = (0.66 if wide else 0.42) * ax.figure.get_figwidth() * 25.4 * 0.72
    for y, row in enumerate(data.to_dict("records")):
        if y % 2 == 0:
            ax.axhspan(y - 0.5, y + 0.5, color=palette.SHADE, lw=0, zorder=0)
        marker, filled, color, *_ = _ALLOWED[row["allowed"]]
        ax.plot(0.02, y, marker, ms=5, color=color, mfc=color if filled else "white", mew=1.2,
                zorder=3, gid=f"ratio:{row['allowed']}")  # fmt: skip
        refused = row["allowed"] == "no"
        unit = "" if row["unit"] == "1" else "\n" + style.unit_name(row["unit"])
        result = tr("—", "—") if refused else f"{row['ratio']:.3g}{unit}"
        ax.text(0.06, y, result, size=_TEXT, va="center", color=color, parse_math=False, gid="ratio",
                linespacing=1.15)  # fmt: skip
        ax.text(0.28 if wide else 0.34, y, style.wrap(row[tr("reason_zh", "reason_en")], room, 6.0),
                size=6.0, va="center", color=palette.MUTED, parse_math=False, gid="reason",
                linespacing=1.15)  # fmt: skip
    ax.set_yticks(range(len(data)), data[tr("label_zh", "label_en")])
    ax.tick_params(axis="y", length=0)
    for label in ax.get_yticklabels():
        label.set(parse_math=False, size=6.6, linespacing=1.15)
    if title:
        ax.set_title(title, parse_math=False)
    return ax


def _need(data, caller: str, columns) -> None:
    for column in columns:
        if column not in data:
            raise InputError(f"{caller}: the frame has no column {column!r}; add it")
    if data.empty:
        raise InputError(f"{caller}: the frame has no rows; fill it first")
