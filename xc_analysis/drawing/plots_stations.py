"""Many stations at once: a ranking by change, and where they stand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from xc_analysis.drawing import marks, palette
from xc_analysis.errors import Empty
from xc_analysis.style import tr

KINDS = {
    "urban": ("o", palette.THEMES["air"], "评价点", "urban"),
    "background": ("^", palette.THEMES["green"], "对照点、区域点", "background"),
    "traffic": ("s", palette.THEMES["dust"], "交通点", "roadside"),
}


def plot_ranking(data, *, ax=None, years=("", "", ""), unit="µg/m³"):
    """Stations by their change over a window, with projection and outturn where there are any.

    Parameters
    ----------
    data : DataFrame
        As ``station_table.outlook`` returns it, joined with ``kind``; only rows with a
        ``change_pct`` are drawn, the largest fall on top.
    ax : Axes, optional
    years : (int, int, int)
        First and last year of the window, year of the projection: for the legend.
    unit : str

    Returns
    -------
    Axes
    """
    rows = data[data["change_pct"].notna()].sort_values("change_pct", ascending=False)
    ax = marks.axes(ax, height=24 + 3.9 * len(rows))
    y = np.arange(len(rows))
    colors = [KINDS[kind][1] for kind in rows["kind"]]
    ax.hlines(y, rows["last"], rows["first"], color="#C9CED6", lw=1.4, zorder=1)
    ax.scatter(rows["first"], y, s=13, marker="D", color="#9AA3AF", zorder=3, gid="first")
    ax.scatter(rows["last"], y, s=15, marker="D", color=colors, zorder=4, gid="last")
    fan = rows["median"].notna().to_numpy()
    below = -0.28
    ax.hlines(y[fan] + below, rows["lower_80"][fan], rows["upper_80"][fan], zorder=2,
              color=palette.BREAK, lw=0.9, gid="interval")  # fmt: skip
    ax.scatter(rows["median"][fan], y[fan] + below, s=16, marker="|", color=palette.INK, lw=0.9,
               zorder=3, gid="median")  # fmt: skip
    whole = (rows["outturn_completeness"] != "partial").to_numpy()
    for part, filled in ((whole, True), (~whole, False)):
        there = part & rows["outturn"].notna().to_numpy()
        ax.scatter(rows["outturn"][there], y[there] + below, s=14, marker="D", zorder=5, lw=0.9,
                   facecolor=palette.TARGET if filled else "white", edgecolor=palette.TARGET,
                   gid="outturn")  # fmt: skip
    for at, change in zip(y, rows["change_pct"], strict=True):
        ax.annotate(f"{change:.0f}%".replace("-", "−"), (1, at), xytext=(3, 0), size=5.6,
                    xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                    color=palette.MUTED, annotation_clip=False)  # fmt: skip
    ax.set_yticks(y, rows["station"], size=5.8)
    for label, color in zip(ax.get_yticklabels(), colors, strict=True):
        label.set_color(color)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.9, len(rows) - 0.3)
    ax.set_xlim(0, None)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(unit, size=6.4)
    ax.tick_params(axis="x", labelsize=5.8)
    first, last, to = years
    seen = rows["outturn"].notna()
    part = tr("（不完整年）", " (partial year)") if (seen & ~whole).any() else ""
    outturn = {"marker": "D", "mfc": "white" if part else palette.TARGET, "mec": palette.TARGET,
               "ls": "none", "ms": 3.6}  # fmt: skip
    _legend(ax, [
        ({"marker": "D", "color": "#9AA3AF", "ls": "none", "ms": 3.4}, f"{first}"),
        *(({"marker": "D", "color": color, "ls": "none", "ms": 3.6}, f"{last} {tr(zh, en)}")
          for kind, (_, color, zh, en) in KINDS.items() if (rows["kind"] == kind).any()),
        ({"marker": "|", "color": palette.INK, "mec": palette.INK, "ls": "-", "lw": 0.9, "ms": 5},
         tr(f"{to} 推算中位数与80%区间", f"{to} projected, 80 %")),
        *([(outturn, tr(f"{to} 实况", f"{to} as observed") + part)] if seen.any() else []),
    ])  # fmt: skip
    return ax


def plot_places(data, *, ax=None, value="outturn", unit="µg/m³", title=None):
    """Stations where they stand, coloured by a value, shaped by their kind.

    Parameters
    ----------
    data : DataFrame
        station, kind, lon, lat and the column of the value; rows without a place or a value are
        left out.
    ax : Axes, optional
    value : str
    unit : str
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    Empty
        If no station has both a place and a value.
    """
    from matplotlib.patheffects import withStroke

    rows = data.dropna(subset=["lon", "lat", value])
    if rows.empty:
        raise Empty(
            f"没有一个站既有坐标又有 {value} · no station has both a place and a value of {value}"
        )
    ax = marks.axes(ax, "single", 80)
    low, high = rows[value].min(), rows[value].max()
    for kind, (marker, *_) in KINDS.items():
        own = rows[rows["kind"] == kind]
        drawn = ax.scatter(own["lon"], own["lat"], c=own[value], s=34, marker=marker, vmin=low,
                           vmax=high, cmap="YlOrBr", edgecolor=palette.INK, lw=0.5, zorder=3,
                           gid=f"places-{kind}")  # fmt: skip
    for row in _apart(rows, value):
        ax.annotate(f"{row[value]:.0f}", (row["lon"], row["lat"]), xytext=(0, 5.2), size=5.2,
                    textcoords="offset points", ha="center", color=palette.INK, zorder=6,
                    path_effects=[withStroke(linewidth=1.4, foreground="white")])  # fmt: skip
    # a degree of longitude is shorter than one of latitude
    ax.set_aspect(1 / np.cos(np.radians(rows["lat"].mean())))
    ax.margins(0.08)
    ax.tick_params(labelsize=5.6)
    ax.set_xlabel(tr("东经 °", "longitude °E"), size=6)
    ax.set_ylabel(tr("北纬 °", "latitude °N"), size=6)
    under = ax.inset_axes((0.0, -0.3, 1.0, 0.035))
    bar = ax.figure.colorbar(drawn, cax=under, orientation="horizontal")
    bar.set_label(unit, size=6)
    under.tick_params(labelsize=5.6)
    kinds = [k for k in KINDS if (rows["kind"] == k).any()]
    _legend(ax, [
        ({"marker": KINDS[k][0], "mfc": "#E9D9B8", "mec": palette.INK, "ls": "none", "ms": 4.6},
         tr(*KINDS[k][2:])) for k in kinds
    ])  # fmt: skip
    if title:
        ax.set_title(title, size=7.5, parse_math=False)
    return ax


def _apart(rows: pd.DataFrame, value: str, least=0.085) -> list[dict]:
    """Rows to label: of those that stand close together, the one with the largest value."""
    kept: list[dict] = []
    for row in rows.sort_values(value, ascending=False).to_dict("records"):
        near = (np.hypot(row["lon"] - k["lon"], row["lat"] - k["lat"]) < least for k in kept)
        if not any(near):
            kept.append(row)
    return kept


def _legend(ax, entries) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=label, **look) for look, label in entries]
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=5.8,
              frameon=False, handletextpad=0.5, columnspacing=1.2, borderaxespad=0.2)  # fmt: skip


__all__ = ["KINDS", "plot_places", "plot_ranking"]
