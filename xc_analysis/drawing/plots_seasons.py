"""Pictures of what ``seasons`` computes: weekdays, trends told apart, errors by days missing."""

import numpy as np

from xc_analysis.drawing import marks, palette
from xc_analysis.drawing.plots_air import PERIOD_COLORS, POLLUTANTS, WEEKDAYS
from xc_analysis.drawing.plots_evidence import plot_series
from xc_analysis.style import tr


def plot_weekday(data, *, ax=None, title: str | None = None):
    """Weekdays against the mean of their week, one row of points a period, with 95 % intervals.

    Parameters
    ----------
    data : DataFrame
        As :func:`xc_analysis.pages.seasons.weekday_profile` returns.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
    """
    ax = marks.axes(ax, "single", 58)
    periods = [c for c in data.columns if not str(c).endswith((" low", " high", " weeks"))]
    colors = PERIOD_COLORS[-len(periods) :]
    ax.axhline(0, color=palette.INK, lw=0.7, zorder=2)
    for i, (name, color) in enumerate(zip(periods, colors, strict=True)):
        x = data.index.to_numpy(float) + 0.2 * (i - (len(periods) - 1) / 2)
        ax.vlines(x, data[f"{name} low"], data[f"{name} high"], color=color, lw=1.6, alpha=0.45,
                  zorder=3, gid="interval")  # fmt: skip
        ax.plot(
            x, data[name], "o", color=color, ms=3, zorder=4, label=str(name), gid=f"period:{name}"
        )
    ax.set_xticks(range(7), [tr(*day) for day in WEEKDAYS])
    ax.set_xlim(-0.6, 6.6)
    ends = data[[f"{p} {end}" for p in periods for end in ("low", "high")]].to_numpy(float)
    reach = 1.15 * np.nanmax(np.abs(ends))
    ax.set_ylim(-reach, reach)
    marks.heading(ax, title, tr("% 对当周均值", "% of the week's mean"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=len(periods), fontsize=6.4,
              handletextpad=0.2, columnspacing=1.0)  # fmt: skip
    return ax


def plot_sen(data, *, fitted, result, ax=None, title: str | None = None, color=None, words=None):
    """An annual series and the Sen line through the years that were tested.

    Parameters
    ----------
    data : DataFrame
        As ``series`` returns.
    fitted : DataFrame
        The years that the trend is of, on one basis.
    result : Trend
        Of `fitted`.
    ax : Axes, optional
    title : str, optional
    color : optional
    words : str, optional
        What stands in the corner; default the slope with its range and p.

    Returns
    -------
    Axes
        The line is solid where the trend is significant (p < 0.05), else dotted.
    """
    ax = plot_series(data, ax=ax, label="ends", title=title or False,
                     colors=[color] if color else None)  # fmt: skip
    years = np.array([fitted.index.min(), fitted.index.max()], float)
    middle = float(np.median(fitted["value"] - result.slope * fitted.index.to_numpy(float)))
    y = middle + result.slope * years
    ax.plot(years, y, color=palette.INK, lw=1.1, ls="-" if result.p < 0.05 else (0, (1, 1.5)),
            zorder=2.5, gid="sen")  # fmt: skip
    names = marks.labels(ax)
    names.lines.append((years, y))
    p = "p < 0.001" if result.p < 0.001 else f"p = {result.p:.2f}"
    span = f"{_signed(result.low)} {tr('至', 'to')} {_signed(result.high)}"
    text = words or tr(f"每年 {_signed(result.slope)}（{span}），{p}",
                       f"{_signed(result.slope)} a year ({span}), {p}")  # fmt: skip
    ax.text(1, 0.99, text, transform=ax.transAxes, ha="right", va="top", fontsize=marks.LABEL,
            color=palette.INK, in_layout=False, path_effects=marks._halo())  # fmt: skip
    return ax


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def plot_days_error(data, *, bands=None, ax=None, title: str | None = None):
    """Computed minus printed, in percent, against the share of days that are missing.

    Parameters
    ----------
    data : DataFrame
        Rows of :func:`xc_analysis.pages.bulletins.bulletins`.
    bands : DataFrame, optional
        As :func:`xc_analysis.pages.bulletins.days_error`: what chance alone would do to a month.
    ax : Axes, optional
    title : str, optional

    Returns
    -------
    Axes
        Filled circles months, hollow squares spans of several months; colours by pollutant.
    """
    ax = marks.axes(ax, "single", 70)
    missing = 100 * (1 - data["valid_days"] / data["days"])
    ax.axhline(0, color=palette.INK, lw=0.7, zorder=2)
    reach = 1.2 * float(np.nanmax(np.abs(data["error_pct"])))
    last = max(45.0, 1.1 * float(missing.max()))
    names = marks.labels(ax)
    if bands is not None:
        x = np.r_[0, bands.index.to_numpy(float)]
        for column, alpha, name in (
            ("block", 0.10, tr("缺一整段：95 %", "one run missing: 95 %")),
            ("scattered", 0.16, tr("零散缺测：95 %", "scattered days: 95 %")),
        ):
            y = np.r_[0, bands[column].to_numpy(float)]
            ax.fill_between(x, -y, y, color=palette.THEMES["air"], alpha=alpha, lw=0, zorder=1,
                            gid=f"band:{column}")  # fmt: skip
            at = 0.72 * last
            names.along_line(0.45 * last, last, -float(np.interp(at, x, y)) * 0.93, name,
                             palette.MUTED)  # fmt: skip
    for indicator, rows in data.groupby("indicator", sort=False):
        color = _color(indicator)
        for one in (True, False):
            part = rows[(rows["months"] == 1) == one]
            ax.plot(100 * (1 - part["valid_days"] / part["days"]), part["error_pct"],
                    "o" if one else "s", ms=4.0 if one else 3.4, mfc=color if one else "white",
                    mec="white" if one else color, mew=0.5 if one else 0.9, ls="none", zorder=4,
                    clip_on=False, gid=f"points:{indicator}")  # fmt: skip
    worst = data.loc[data["error_pct"].abs() > 12]
    names.dots.append((missing.to_numpy(), data["error_pct"].to_numpy()))
    for row in worst.itertuples():
        if abs(row.error) >= 1:
            names.beside_point(100 * (1 - row.valid_days / row.days), row.error_pct,
                               row.period.replace("..", "—"), _color(row.indicator),
                               size=marks.SMALL)  # fmt: skip
    ax.set_xlim(-1.5, last)
    ax.set_ylim(-reach, reach)
    ax.set_xlabel(tr("缺测日占比 %", "share of days missing, %"))
    marks.heading(ax, title, tr("% 误差（计算−公布）", "% error (computed − printed)"))
    _error_key(ax, list(dict.fromkeys(data["indicator"])))
    return ax


def _color(indicator: str) -> str:
    return POLLUTANTS[indicator.split("_")[0]][1]


def _error_key(ax, indicators: list[str]) -> None:
    from matplotlib.lines import Line2D

    names: dict[str, str] = {}
    for indicator in indicators:
        names.setdefault(POLLUTANTS[indicator.split("_")[0]][0], _color(indicator))
    handles = [Line2D([], [], marker="o", ls="none", ms=3.6, mec="none", color=color, label=name)
               for name, color in names.items()]  # fmt: skip
    for marker, fill, name in (("o", palette.INK, tr("单月", "month")),
                               ("s", "white", tr("多月", "several months"))):  # fmt: skip
        handles.append(Line2D([], [], marker=marker, ls="none", ms=3.4, mfc=fill, mew=0.8,
                              mec=palette.INK, label=name))  # fmt: skip
    where = {"loc": "lower right", "bbox_to_anchor": (1, 1.0), "ncol": len(handles)}
    if marks.width_mm(ax) < 110:  # no room beside the unit
        where = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncol": 4}
    ax.legend(handles=handles, fontsize=6, handletextpad=0.1, columnspacing=0.8, **where)


def plot_month_ranges(data, *, ax=None, unit: str | None = None, title: str | None = None):
    """Shares of days past an AQI by month and cause, periods side by side as stacked bars.

    Parameters
    ----------
    data : DataFrame
        As :func:`xc_analysis.pages.seasons.days_by_month`: index (period, month).
    ax : Axes, optional
    unit, title : str, optional

    Returns
    -------
    Axes
        Within a month the periods stand from left to right, the earliest palest.
    """
    from matplotlib.patches import Patch

    from xc_analysis.drawing.plots_air import MONTHS, pollutant_name

    ax = marks.axes(ax, "double", 58)
    periods = list(dict.fromkeys(data.index.get_level_values("period")))
    causes = [c for c in ("pm25", "dust", "o3", "other") if (data[c] > 0).any()]
    width = 0.84 / len(periods)
    for i, period in enumerate(periods):
        part = data.loc[period]
        x = part.index.to_numpy(float) + width * (i - (len(periods) - 1) / 2)
        base = np.zeros(len(part))
        alpha = np.linspace(0.45, 1.0, len(periods))[i] if len(periods) > 1 else 1.0
        for cause in causes:
            height = part[cause].to_numpy(float)
            ax.bar(x, height, 0.88 * width, bottom=base, color=POLLUTANTS[cause][1], alpha=alpha,
                   zorder=3, gid=f"cause:{cause}:{period}")  # fmt: skip
            base = base + np.nan_to_num(height)
    ax.set_xticks(range(1, 13), [tr(*name) for name in MONTHS])
    ax.set_xlim(0.4, 12.6)
    ax.tick_params(axis="x", length=0)
    marks.heading(ax, title, unit)
    handles = [Patch(fc=POLLUTANTS[c][1], ec="none", label=pollutant_name(c)) for c in causes]
    ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), ncol=len(handles),
              fontsize=6, handlelength=1.0, handleheight=0.8, columnspacing=0.9)  # fmt: skip
    return ax


def plot_stations(frames, *, names, ax=None, colors=None, title: str | None = None):
    """Several series of one quantity, named in a key in the emptiest corner.

    Parameters
    ----------
    frames : sequence of DataFrame
        As ``series`` returns, each of its own scope.
    names : sequence of str
    ax : Axes, optional
    colors : sequence, optional
        Default: air, water, and grey for the last.
    title : str, optional

    Returns
    -------
    Axes
    """
    from matplotlib.lines import Line2D

    colors = list(colors or (palette.THEMES["air"], palette.THEMES["water"], palette.CITY))
    ax = plot_series(list(frames), ax=ax, label="none", colors=colors, names=[""] * len(frames),
                     title=title or False)  # fmt: skip
    handles = [Line2D([], [], color=color, lw=2.2, label=name)
               for name, color in zip(names, colors, strict=True)]  # fmt: skip
    ax.legend(handles=handles, loc="upper right", fontsize=6.4, handlelength=1.2)
    return ax
