"""Drawing of what makes air years comparable or not; see ``plots``."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from xc_analysis.drawing import marks, palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr

CAUSES = {
    "pm25": (palette.THEMES["air"], "PM₂.₅", "PM₂.₅"),
    "dust": (palette.THEMES["dust"], "沙尘", "dust"),
    "o3": ("#7A1F4B", "O₃", "O₃"),
    "other": ("#A9A9A9", "其他", "other"),
}
# verdict -> face, mark, names
PAIRS = {
    "yes": ("#1B5FA6", "", "可直接比较", "as they stand"),
    "range": ("#7FA8D0", "", "在两种处理的范围内", "within two treatments"),
    "interval": ("#D9E4F0", "", "只经估计的区间", "through an estimate's interval"),
    "no": ("#FFFFFF", "×", "不可比较", "not comparable"),
}
VARIANTS = (palette.THEMES["air"], palette.TARGET, "#6B6B6B", "#1D7A3A")
STYLES = ("-", (0, (4, 1.6)), (0, (1, 1.4)), (0, (5, 1, 1, 1)))


def plot_variants(
    data: Mapping,
    *,
    ax=None,
    unit: str | None = None,
    title: str | None = None,
    published=None,
    years: tuple[int, int] | None = None,
    breaks: Sequence[tuple[float, str]] = (),
    key: bool = True,
):
    """One quantity under several choices, a line each.

    Parameters
    ----------
    data : mapping of str to DataFrame
        Name to a station series by year, as ``series`` returns it, or one with a column value alone.
        Lines break where a year is missing, where the basis changes and at partial years, whose
        diamonds are hollow.
    ax : Axes, optional
    unit, title : str, optional
    published : DataFrame, optional
        As ``series`` returns published values: drawn as the evidence grammar says, in ink.
    years : pair, optional
        First and last year shown.
    breaks : sequence of (year, name)
        Vertical rules.
    key : bool
        Whether the lines are named.

    Returns
    -------
    Axes
    """
    if not data:
        raise InputError("plot_variants: nothing to draw; give at least one series by name")
    ax = marks.axes(ax)
    plain = {"status": "computed", "completeness": "strict"}
    parts = {
        name: marks.points_of(frame if "status" in frame else frame.assign(**plain))
        for name, frame in data.items()
    }
    known = pd.concat([p["x"][p["value"].notna()] for p in parts.values()])
    first, last = years or (known.min(), known.max())
    shown = []
    for n, (points, color, dash) in enumerate(zip(parts.values(), VARIANTS, STYLES, strict=False)):
        points = points[points["x"].between(first, last)].reset_index(drop=True)
        path = marks.joined_path(points)
        if len(path[0]):
            ax.plot(*path, ls=dash, color=color, lw=1.1, zorder=4 - 0.1 * n, gid="line")
        hollow = points["kind"] != "computed"
        for some, face in ((~hollow, color), (hollow, "white")):
            if some.any():
                ax.plot(points["x"][some], points["value"][some], "D", ms=2.7, mfc=face, mec=color,
                        mew=0.7, zorder=4.05 - 0.1 * n, gid="variant")  # fmt: skip
        shown.append(points["value"].to_numpy(float))
    if published is not None:
        points = marks.points_of(published)
        points = points[points["x"].between(first, last)]
        marks.draw_points(ax, points, palette.INK, size=4.8, zorder=2)
        shown.append(points[["value", "upper"]].to_numpy(float).ravel())
    marks.years_axis(ax, float(first), float(last))
    ax.set_ylim(0, 1.16 * float(np.nanmax(np.concatenate(shown))))
    marks.heading(ax, title, unit)
    if key:
        _key(ax, zip(parts, VARIANTS, STYLES, strict=False))
    marks.draw_breaks(ax, breaks)
    return ax


def _key(ax, entries) -> None:
    """Names of the lines, in a block at the emptiest corner."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, ls=dash, lw=1.2, marker="D", ms=2.7, label=name)
        for name, color, dash in entries
    ]
    ax.legend(handles=handles, loc="best", fontsize=5.8, handlelength=2.6, labelspacing=0.25)


def plot_state_factors(data, *, ax=None, title: str | None = None):
    """Factor from the old to the new reference state, by calendar month.

    Parameters
    ----------
    data : DataFrame
        Index month; gas, particulate.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax)
    ax.axhline(1, color=palette.MUTED, lw=0.6)
    names = {"particulate": tr("颗粒物", "particulates"), "gas": tr("气体", "gases")}
    places = {"particulate": (3, 12, 6), "gas": (11, 0, -9)}  # month, offset in points
    for (column, name), color in zip(names.items(), VARIANTS, strict=False):
        ax.plot(data.index, data[column], "-", lw=1.1, color=color, zorder=3)
        ax.plot(data.index, data[column], "D", ms=2.7, color=color, gid=f"factor:{column}")
        month, *offset = places[column]
        ax.annotate(name, (month, data[column].loc[month]), xytext=offset, size=6.4, color=color,
                    textcoords="offset points", ha="left" if offset[0] else "center")  # fmt: skip
    ax.set_xticks(range(1, 13))
    ax.set_xlim(0.5, 12.5)
    ax.set_xlabel(tr("月", "month"), size=6.5)
    ax.set_ylim(0.87, 1.03)
    if title:
        ax.set_title(title, size=8)
    return ax


def plot_state_test(
    data, *, ax=None, labels: Sequence[str] | None = None, title: str | None = None
):
    """How far published values lie from the record as it stands and as converted.

    Parameters
    ----------
    data : DataFrame
        Rows of ``breaks.published_state``.
    ax : Axes, optional
    labels : sequence of str, optional
        One a row; default indicator and period.
    title : str, optional

    Returns
    -------
    Axes
    """
    n = len(data)
    if not n:
        raise InputError("plot_state_test: no published value to draw")
    ax = marks.axes(ax, height=20 + 3.4 * n)
    y = np.arange(n)[::-1]
    for name, marker, color, face, label in (
        (
            "recorded",
            "D",
            palette.THEMES["air"],
            palette.THEMES["air"],
            tr("按记录", "as recorded"),
        ),
        ("converted", "s", palette.TARGET, "white", tr("换算后", "converted")),
    ):
        ax.plot(data[f"error_{name}"], y, marker, ms=3.6, color=color, mfc=face, mew=0.9,
                label=label, zorder=4, gid=f"error:{name}")  # fmt: skip
    ax.hlines(y, data["error_recorded"], data["error_converted"], color="#C9CED6", lw=0.8, zorder=2)
    ax.axvline(0, color=palette.INK, lw=0.7, zorder=1)
    named = labels if labels is not None else data["indicator"] + " " + data["period"]
    ax.set_yticks(y, named, size=5.6, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.8, n - 0.2)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_xlabel(tr("计算值减公布值（各行本身的单位）", "computed - published (unit of the row)"),
                  size=6.2)  # fmt: skip
    ax.legend(loc="upper left", fontsize=6)
    if title:
        ax.set_title(title, size=8)
    return ax


def plot_causes(data, *, ax=None, partial=(), title: str | None = None):
    """Days past an AQI, a bar a year, split by what drove them.

    Parameters
    ----------
    data : DataFrame
        As ``dust.exceedances``: index year; pm25, dust, o3, other.
    ax : Axes, optional
    partial : sequence of int
        Years of a partial record: drawn paler, since days are missing.
    title : str, optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax)
    base = np.zeros(len(data))
    alpha = np.where(data.index.isin(list(partial)), 0.45, 1.0)
    for cause, (color, *names) in CAUSES.items():
        height = data[cause].to_numpy(float)
        if not height.any():
            continue
        bars = ax.bar(data.index, height, bottom=base, width=0.72, color=color, label=tr(*names),
                      gid=f"cause:{cause}")  # fmt: skip
        for bar, a in zip(bars, alpha, strict=True):
            bar.set_alpha(a)
        base += height
    for x, top in zip(data.index, base, strict=True):
        ax.annotate(f"{top:.0f}", (x, top), xytext=(0, 1.5), textcoords="offset points",
                    ha="center", va="bottom", size=5.8)  # fmt: skip
    marks.years_axis(ax, float(data.index.min()), float(data.index.max()))
    ax.set_ylim(0, base.max() * 1.14)
    marks.heading(ax, title, "d")
    legend = ax.legend(loc="upper right", fontsize=6, handlelength=0.9, labelspacing=0.25)
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    return ax


def plot_deletions(data, *, ax=None, title: str | None = None):
    """Errors of estimates made with the days of partial years deleted from whole ones.

    Parameters
    ----------
    data : DataFrame
        Rows of one indicator of ``air/deletions``; error in per cent of the true value.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
        A dot an estimate: filled where its 95 % interval holds the true value, hollow red where it
        does not; the district and its stations darker. Side by side within a pattern: the years.
    """
    ax = marks.axes(ax)
    patterns = sorted(data["pattern"].unique())
    years = sorted(data["year"].unique())
    error = 100 * (data["value"] / data["true"] - 1)
    inside = data["true"].between(data["lower"], data["upper"])
    x = (
        data["pattern"].map(patterns.index)
        + np.linspace(-0.36, 0.36, len(years))[data["year"].map(years.index)]
    )
    own = data["kind"] != "other station"
    for chosen, color, size, order in (
        (~own, "#B8C4D4", 1.5, 2),
        (own, palette.THEMES["air"], 2.4, 3),
    ):
        ax.plot(x[chosen & inside], error[chosen & inside], "o", ms=size, color=color, mec="none",
                zorder=order, gid="inside")  # fmt: skip
        ax.plot(x[chosen & ~inside], error[chosen & ~inside], "o", ms=size + 0.8, mfc="none",
                mec=palette.TARGET, mew=0.7, zorder=order, gid="outside")  # fmt: skip
    ax.axhline(0, color=palette.INK, lw=0.7)
    ax.set_xticks(range(len(patterns)), [str(p) for p in patterns])
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(patterns) - 0.4)
    reach = float(np.abs(error).max()) * 1.3
    ax.set_ylim(-reach, reach)
    for position, pattern in enumerate(patterns):
        share = 100 * inside[data["pattern"] == pattern].mean()
        ax.annotate(f"{share:.0f}%", (position, 1), xycoords=("data", "axes fraction"), size=6.2,
                    ha="center", va="top", color=palette.MUTED)  # fmt: skip
    marks.heading(ax, title, "%")
    ax.set_xlabel(tr("删去哪一年所缺的日子", "days that this year lacks, deleted"), size=6.2)
    return ax


def plot_normalised(data, *, ax=None, title: str | None = None, change: float | None = None):
    """Observed and weather-normalised levels of one station and pollutant.

    Parameters
    ----------
    data : DataFrame
        Rows of the years of ``weather.overview`` for one station and pollutant.
    ax : Axes, optional
    title : str, optional
    change : float, optional
        Year before which the weather record changes: a vertical rule half a year ahead of it.

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax)
    once = data[data["wind"]]
    ax.plot(once["weather_year"], once["observed"], "D", ms=4, color=palette.INK, mec="white",
            mew=0.4, zorder=5, gid="observed", label=tr("观测", "observed"))  # fmt: skip
    for wind, dx, color, name in (
        (True, -0.14, VARIANTS[0], tr("平均气象下，含风", "average weather, with wind")),
        (False, 0.14, VARIANTS[1], tr("平均气象下，不含风", "average weather, without wind")),
    ):
        part = data[data["wind"] == wind]
        x = part["weather_year"] + dx
        ax.vlines(x, part["lower"], part["upper"], color=color, lw=2.4, alpha=0.35, gid="bar")
        ax.plot(x, part["normalised"], "s", ms=3.4, mfc="white", mec=color, mew=1.0, zorder=4,
                label=name, gid="normalised")  # fmt: skip
    marks.years_axis(ax, float(data["weather_year"].min()), float(data["weather_year"].max()))
    years = sorted(data["weather_year"].unique())
    ax.set_xticks(years, [f"{y}-{(y + 1) % 100:02d}" for y in years])
    top = float(np.nanmax([data["upper"].max(), data["observed"].max()]))
    ax.set_ylim(0, top * 1.28)
    if change is not None:
        marks.draw_breaks(ax, [(change - 0.5, tr("气象记录更换", "weather record changes"))])
    marks.heading(ax, title, "µg/m³")
    return ax


def plot_standing(data, *, ax=None, title: str | None = None):
    """Annual values against limits of several dates.

    Parameters
    ----------
    data : DataFrame
        As ``breakpoints.standing``.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
        A limit is a full line in the years it is in force, dotted in the others.
    """
    ax = marks.axes(ax)
    values = data.drop_duplicates("year").set_index("year")
    points = marks.points_of(values)
    first, last = float(values.index.min()), float(values.index.max())
    marks.years_axis(ax, first, last)
    ax.set_xticks(values.index)
    ax.set_ylim(0, 1.14 * float(np.nanmax(values[["value", "upper"]].to_numpy(float))))
    ax.set_xlim(first - 0.6, last + 2.3)
    for limit, rows in data.groupby("limit"):
        ax.hlines(limit, first - 0.6, last + 0.6, color=palette.TARGET, lw=0.9,
                  ls="-" if rows["in_force"].all() else (0, (1, 2)), zorder=1, gid="limit")  # fmt: skip
        ends = [rows[name].iloc[0] for name in ("valid_from", "valid_to")]
        since, until = (None if pd.isna(end) else str(end)[:7] for end in ends)
        if until is None:
            span = tr(f"{since} 起", f"from {since}")
        elif rows["in_force"].any():
            span = tr(f"至 {until}", f"to {until}")
        else:
            span = tr(f"{since} 至 {until}", f"{since} to {until}")
        ax.annotate(f"{limit:g}  {span}", (last + 0.65, limit), size=6, color=palette.TARGET,
                    va="center", ha="left")  # fmt: skip
    marks.draw_points(ax, points, palette.THEMES["air"], size=5)
    room = marks.labels(ax)
    room.dots.append((points["x"], points["value"]))
    ends = np.array([first - 0.6, last + 0.6])
    room.lines += [(ends, np.full(2, limit)) for limit in data["limit"].unique()]
    for row in points.itertuples():
        room.beside_point(row.x, row.value, f"{row.value:.1f}", palette.INK)
    marks.heading(ax, title, "µg/m³")
    return ax


def plot_pairs(data, *, converted, ax=None, title: str | None = None):
    """Which pairs of years may be compared: as recorded below the diagonal, converted above.

    Parameters
    ----------
    data, converted : DataFrame
        As ``pairs.comparable_years`` for the basis as recorded and for one common state.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
    """
    from matplotlib.colors import ListedColormap

    ax = marks.axes(ax)
    years = sorted({*data["first"], *data["second"]})
    place = {year: i for i, year in enumerate(years)}
    n, codes = len(years), list(PAIRS)
    cells = np.full((n, n), len(codes))
    for pairs, below in ((data, True), (converted, False)):
        first, second = pairs["first"].map(place), pairs["second"].map(place)
        at = (second, first) if below else (first, second)
        cells[at] = pairs["verdict"].map(codes.index)
    ax.pcolormesh(
        np.arange(n + 1) - 0.5, np.arange(n + 1) - 0.5, cells, vmin=-0.5, vmax=len(codes) + 0.5,
        cmap=ListedColormap([*(face for face, *_ in PAIRS.values()), "#E7E7E7"]),
        edgecolors="#C9CED6", linewidth=0.4, gid="pairs",
    )  # fmt: skip
    y, x = np.nonzero(cells == codes.index("no"))
    ax.plot(x, y, "x", ms=2.2, mew=0.6, color="#B5B5B5", gid="pairs:no")
    ax.set_xlim(-0.5, n - 0.5)
    ax.set_ylim(n - 0.5, -0.5)
    ax.set_aspect("equal")
    short = [f"{year % 100:02d}" for year in years[::2]]
    ax.set_xticks(range(0, n, 2), short, size=5.4)
    ax.set_yticks(range(0, n, 2), short, size=5.4)
    ax.tick_params(length=0, pad=1)
    ax.grid(False)
    for side in ax.spines.values():
        side.set_visible(False)
    if title:
        ax.set_title(title, size=7.5)
    return ax


def pairs_key(ax=None):
    """What the colours of :func:`plot_pairs` mean, on axes of their own.

    Parameters
    ----------
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker="s", ms=5.5, mfc=face, mec="#9AA2AD", mew=0.5,
               label=("× " if mark else "") + tr(zh, en))
        for face, mark, zh, en in PAIRS.values()
    ]  # fmt: skip
    ax = marks.axes(ax, height=10)
    ax.axis("off")
    ax.legend(handles=handles, ncols=4, fontsize=6.4, handletextpad=0.2, loc="center",
              columnspacing=1.6)  # fmt: skip
    return ax
