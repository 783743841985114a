"""Drawing of the air record by day, month, season and hour: frames in, axes out; see ``plots``."""

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr

MONTHS = [("1月", "Jan"), ("2月", "Feb"), ("3月", "Mar"), ("4月", "Apr"), ("5月", "May"),
          ("6月", "Jun"), ("7月", "Jul"), ("8月", "Aug"), ("9月", "Sep"), ("10月", "Oct"),
          ("11月", "Nov"), ("12月", "Dec")]  # fmt: skip
WEEKDAYS = [("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"),
            ("周六", "Sat"), ("周日", "Sun")]  # fmt: skip
PERIOD_COLORS = ("#93A3B5", "#6E9CC8", "#1B5FA6", "#0B2E57")  # earlier is lighter
POLLUTANTS = {
    "pm25": ("PM₂.₅", "#1B5FA6"),
    "pm10": ("PM₁₀", "#C48A2A"),
    "o3": ("O₃", "#A4509A"),
    "o3_8h": ("O₃", "#A4509A"),
    "no2": ("NO₂", "#3D4652"),
    "so2": ("SO₂", "#7CB5A8"),
    "co": ("CO", "#9A9A9A"),
    "dust": (("沙尘", "dust"), "#C48A2A"),
    "other": (("其他", "other"), "#9A9A9A"),
}


def pollutant_name(key: str) -> str:
    """A pollutant or cause as a reader of the language in force writes it."""
    name = POLLUTANTS.get(key, (str(key), ""))[0]
    return tr(*name) if isinstance(name, tuple) else name


def _month_ticks(ax, every: int = 1) -> None:
    ax.set_xticks(range(1, 13, every), [tr(*MONTHS[m - 1]) for m in range(1, 13, every)])
    ax.set_xlim(0.5, 12.5)


def _month_positions(index) -> np.ndarray:
    """Months on a calendar axis where a year starts at its whole number."""
    if isinstance(index, pd.PeriodIndex):
        return (index.year + (index.month - 0.5) / 12).to_numpy(float)
    if isinstance(index, pd.DatetimeIndex):
        return (index.year + (index.month - 0.5) / 12).to_numpy(float)
    raise InputError("plot_monthly: the index is no months; give series(..., freq='monthly')")


def plot_monthly(data, *, ax=None, printed=None, color=None, title: str | bool = True, limits=None):
    """Months in a row, gaps as gaps, partial months hollow, printed values over them.

    Parameters
    ----------
    data : DataFrame
        ``series(..., freq="monthly")``: PeriodIndex of months, value, completeness, basis.
    ax : Axes, optional
    printed : DataFrame, optional
        The same of the published values: circles, no line.
    color : optional
        Default: the theme's.
    title : bool or str
    limits : rows, optional
        Columns limit and label: horizontal lines named in place.

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, height=62)
    attrs = data.attrs
    color = color or style.theme_color(attrs.get("theme", "air"))
    points = marks.points_of(data.set_axis(_month_positions(data.index)))
    path = marks.joined_path(points, step=1 / 12)
    ax.plot(*path, color=color, lw=1.0, zorder=3, gid="line")
    marks.draw_points(ax, points, color, size=2.6)
    names = marks.labels(ax)
    if printed is not None and len(printed):
        more = marks.points_of(printed.set_axis(_month_positions(printed.index)))
        marks.draw_points(ax, more, palette.INK, size=3.2, zorder=6)
    first, last = np.floor(points["x"].min()), np.ceil(points["x"].max())
    ax.set_xlim(first - 0.1, last + 0.1)
    every = 1 if marks.width_mm(ax) / (last - first) > 7.5 else 2
    years = np.arange(first, last)[::every]
    ax.set_xticks(years + 0.5, [f"{int(y)}" for y in years])
    ax.set_xticks(np.arange(first, last + 1), minor=True)
    ax.tick_params(axis="x", length=0)
    ax.tick_params(axis="x", which="minor", length=3, width=0.5)
    ax.set_ylim(*marks.value_limits([points[c] for c in ("value", "lower", "upper")], attrs))
    for row in marks.rows_of(limits):
        ax.axhline(row["limit"], color=palette.MUTED, lw=0.8, ls=(0, (4, 2)), zorder=2, gid="limit")
        names.along_line(first, last, row["limit"], str(row.get("label", "")), palette.MUTED)
    names.lines.append(path)
    shift = [(x + 0.5, text) for x, text in marks.basis_breaks(points.assign(x=points["x"] - 0.5))]
    marks.draw_breaks(ax, shift)
    marks.heading(ax, marks.name_of(attrs) if title is True else (title or None),
                  attrs.get("unit"), color=color)  # fmt: skip
    return ax


def plot_season(data, *, ax=None, colors=None, unit: str | None = None, title: str | None = None):
    """Season profiles of several periods, each named at its line.

    Parameters
    ----------
    data : DataFrame
        Index month 1-12, one column a period (its name); or columns ``<name>``,
        ``<name> low``, ``<name> high`` to shade a range.
    ax : Axes, optional
    colors : sequence, optional
        Default: later periods darker.
    unit, title : str, optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 58)
    periods = [c for c in data.columns if not str(c).endswith((" low", " high"))]
    colors = colors or [PERIOD_COLORS[i] for i in _spread(len(periods), len(PERIOD_COLORS))]
    months = data.index.to_numpy(int)
    names = marks.labels(ax)
    for period, color in zip(periods, colors, strict=True):
        y = data[period].to_numpy(float)
        if f"{period} low" in data:
            ax.fill_between(months, data[f"{period} low"], data[f"{period} high"], color=color,
                            alpha=0.18, lw=0, zorder=2, gid="range")  # fmt: skip
        ax.plot(months, y, color=color, marker="o", ms=2.8, zorder=4, gid=f"period:{period}")
        names.lines.append((months, y))
        known = np.flatnonzero(np.isfinite(y))
        if known.size:
            at = known[-1]
            names.after_point(months[at], y[at], str(period), color)
    _month_ticks(ax, 1 if marks.width_mm(ax) > 62 else 2)
    ax.set_xlim(0.6, 12.4 + 130 / max(marks.width_mm(ax), 40))
    ax.set_ylim(bottom=0)
    marks.heading(ax, title, unit)
    return ax


def _spread(n: int, available: int) -> list[int]:
    """Evenly spread indices, the last one included."""
    return (
        [round(i * (available - 1) / max(n - 1, 1)) for i in range(n)] if n > 1 else [available - 2]
    )


def plot_calendar(data, *, ax=None, value: str = "aqi", date: str = "date", key: bool = True,
                  title: str | None = None):  # fmt: skip
    """Every day of the record as one cell: a row a year, coloured by AQI class; no day, no cell.

    Parameters
    ----------
    data : DataFrame
        One row a day: columns ``date`` (or a DatetimeIndex) and ``aqi``.
    ax : Axes, optional
    value, date : str
        Column names.
    key : bool
        Write the classes under the picture.
    title : str, optional

    Returns
    -------
    Axes
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    days = pd.to_datetime(data[date] if date in data else data.index)
    days = pd.DatetimeIndex(days)
    aqi = pd.to_numeric(data[value], errors="coerce").to_numpy(float)
    years = np.arange(days.year.min(), days.year.max() + 1)
    ax = marks.axes(ax, height=4.6 * len(years) + 24)
    grid = np.full((len(years), 12 * 31), np.nan)
    grid[days.year - years[0], (days.month - 1) * 31 + days.day - 1] = aqi
    tops = [c[0] for c in palette.AQI_CLASSES]
    cmap = ListedColormap([c[1] for c in palette.AQI_CLASSES]).with_extremes(bad="white")
    norm = BoundaryNorm([0, *(t + 0.5 for t in tops[:-1]), 1e9], cmap.N)
    x = np.concatenate([np.arange(31) + m * 33.0 for m in range(12)])  # a gap between the months
    for m in range(12):
        block = np.ma.masked_invalid(grid[:, m * 31 : (m + 1) * 31])
        mesh = ax.pcolormesh(
            np.arange(32) + m * 33.0, np.arange(len(years) + 1) - 0.5, block, cmap=cmap, norm=norm,
            edgecolors="white", linewidth=0.15, gid=f"days:{m + 1}",
        )  # fmt: skip
        mesh.set_rasterized(True)
    ax.set_xlim(-1, x[-1] + 2)
    ax.set_ylim(len(years) - 0.45, -0.55)
    ax.set_yticks(range(len(years)), years)
    ax.set_xticks([m * 33.0 + 15.5 for m in range(12)], [tr(*MONTHS[m]) for m in range(12)])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for label in ax.get_xticklabels():
        label.set_va("baseline")
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    for i in range(1, len(years)):
        ax.axhline(i - 0.5, color="white", lw=1.4)
    if key:
        _aqi_key(ax, len(years))
    if title:
        ax.set_title(title, pad=14)
    return ax


def _aqi_key(ax, rows: int) -> None:
    from matplotlib.patches import Patch

    low, handles = 0, []
    for top, color, zh, en in palette.AQI_CLASSES:
        span = f"> {low - 1}" if top == palette.AQI_CLASSES[-1][0] else f"{low}–{top}"
        handles.append(Patch(fc=color, ec="none", label=f"{tr(zh, en)} {span}"))
        low = top + 1
    handles.append(Patch(fc="white", ec="#C9CED6", lw=0.5, label=tr("无AQI", "no AQI")))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, -0.2 / max(rows, 1)), ncol=7 if marks.width_mm(ax) > 110 else 3,
              fontsize=6, columnspacing=1.0, handlelength=1.1, handleheight=0.9)  # fmt: skip


def plot_hours(data, *, ax=None, rows: str = "month", unit: str | None = None, vmin=None, vmax=None,
               title: str | None = None, key: bool = True):  # fmt: skip
    """Hour of day against month, weekday or year, as a grid of means in one light-to-dark scale.

    Parameters
    ----------
    data : DataFrame
        Index month 1-12, weekday 0-6 (Monday 0) or year; columns hours (hour labels).
    ax : Axes, optional
    rows : {"month", "weekday", "year"}
        What the index is.
    unit, title : str, optional
    vmin, vmax : float, optional
        Ends of the scale, to share it among panels.
    key : bool
        Draw the scale.

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 58)
    grid = np.ma.masked_invalid(data.to_numpy(float))
    hours = np.asarray(data.columns, int)
    mesh = ax.pcolormesh(
        np.arange(len(hours) + 1) - 0.5, np.arange(len(data) + 1) - 0.5, grid, cmap="cividis_r",
        vmin=vmin, vmax=vmax, edgecolors="white", linewidth=0.3, gid="hours",
    )  # fmt: skip
    names = {"month": MONTHS, "weekday": WEEKDAYS}.get(rows)
    start = 1 if rows == "month" else 0
    labels = [tr(*names[int(v) - start]) if names else f"{v}" for v in data.index]
    ax.set_yticks(range(len(data)), labels)
    ax.set_ylim(len(data) - 0.5, -0.5)
    ticks = [i for i, h in enumerate(hours) if h % 3 == 0]
    ax.set_xticks(ticks, hours[ticks])
    ax.set_xlabel(tr("时", "hour"))
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    if key:
        bar = ax.figure.colorbar(mesh, ax=ax, shrink=0.7, aspect=18, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=6)
        if unit:
            bar.ax.set_title(style.unit_name(unit), fontsize=6, loc="left", pad=4)
    if title:
        ax.set_title(title)
    return ax


def plot_days(data, *, ax=None, unit: str = "d", label: bool = True, title: str | None = None):
    """Stacked counts of days, one bar a year or month, one colour a cause or pollutant.

    Parameters
    ----------
    data : DataFrame
        Index year (or month 1-12), one column a cause (pollutant id, "dust", "other"); NaN where
        a year is not known. An optional column ``partial`` (bool) hatches the bar.
    ax : Axes, optional
    unit : str
    label : bool
        Write the totals.
    title : str, optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 58)
    from matplotlib.patches import Patch

    causes = [c for c in data.columns if c != "partial"]
    partial = data["partial"].astype(bool) if "partial" in data else pd.Series(False, data.index)
    x, base = data.index.to_numpy(int), np.zeros(len(data))
    keys = []
    for cause in causes:
        height = np.nan_to_num(data[cause].to_numpy(float))
        color = POLLUTANTS.get(cause, ("", palette.CITY))[1]
        bars = ax.bar(x, height, 0.74, bottom=base, color=color, lw=0, zorder=3)
        for bar, hollow in zip(bars, partial, strict=True):
            if hollow:
                bar.set(fc="white", ec=color, lw=0.9, hatch="////")
            bar.set_gid(f"days:{cause}")
        keys.append(Patch(fc=color, ec="none", label=pollutant_name(cause)))
        base = base + height
    known = data[causes].notna().any(axis=1).to_numpy()
    for at, total, ok in zip(x, base, known, strict=True):
        if label and ok:
            ax.annotate(f"{total:g}", (at, total), xytext=(0, 1.5), textcoords="offset points",
                        ha="center", va="bottom", size=6.2, parse_math=False, gid="label")  # fmt: skip
    if set(x) <= set(range(1, 13)):
        _month_ticks(ax)
    else:
        marks.years_axis(ax, x.min(), x.max())
    ax.set_ylim(0, max(base.max() * 1.16, 1))
    marks.heading(ax, title, unit)
    if partial.any():
        keys.append(Patch(fc="white", ec=palette.MUTED, lw=0.6, hatch="////",
                          label=tr("不完整", "incomplete")))  # fmt: skip
    if len(keys) > 1:
        ax.legend(handles=keys, loc="lower right", bbox_to_anchor=(1, 1.0), ncol=len(keys),
                  handlelength=1.0, handleheight=0.8, columnspacing=1.0, fontsize=6)  # fmt: skip
    return ax


def plot_stl(data, *, ax=None, unit: str | None = None, color=None):
    """The parts of a seasonal decomposition, one above the other on one time axis.

    Parameters
    ----------
    data : DataFrame
        PeriodIndex of months; columns observed, trend, seasonal, resid.
    ax : sequence of four Axes, optional
    unit : str, optional
    color : optional

    Returns
    -------
    sequence of Axes
    """
    parts = {"observed": ("观测", "observed"), "trend": ("趋势", "trend"),
             "seasonal": ("季节", "seasonal"), "resid": ("余项", "remainder")}  # fmt: skip
    missing = set(parts) - set(data.columns)
    if missing:
        raise InputError(f"plot_stl: column {sorted(missing)[0]!r} is missing; give an STL frame")
    axes = ax
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(4, 1, figsize=style.figsize("double", 105), sharex=True)
    color = color or style.theme_color("air")
    x = _month_positions(data.index)
    for ax, (part, name) in zip(axes, parts.items(), strict=True):
        y = data[part].to_numpy(float)
        if part == "resid":
            ax.axhline(0, color=palette.MUTED, lw=0.6)
            ax.vlines(x, 0, y, color=color, lw=1.0, gid="part:resid")
        else:
            ax.plot(x, y, color=color, lw=1.6 if part == "trend" else 1.0, gid=f"part:{part}")
        marks.heading(ax, None, unit if part == "observed" else None)
        ax.annotate(tr(*name), (1, 1), xycoords="axes fraction", ha="right", va="top", size=6.6,
                    color=palette.MUTED)  # fmt: skip
    first, last = np.floor(x.min()), np.ceil(x.max())
    axes[-1].set_xlim(first - 0.05, last + 0.05)
    axes[-1].set_xticks(np.arange(first, last) + 0.5, [f"{int(y)}" for y in np.arange(first, last)])
    axes[-1].tick_params(axis="x", length=0)
    return axes
