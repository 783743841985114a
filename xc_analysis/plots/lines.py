"""Charts over the years: a series, a projection, a target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import figures, style
from ..evidence import series
from ..figures import Key
from ..style import INK
from ..targets import meets
from ..words import error, word
from . import marks
from .labels import labels

# areas beside the first; never a pollutant's colour
OTHERS = ("#2F3B4A", "#7A4E2D", "#3E6B5C", "#6B4A7A", "#4E5A1E")


def plot_series(
    *data,
    target=None,
    limit=None,
    trend=None,
    label="ends",
    years=None,
    names=None,
    colors=None,
    title=None,
    ylim=None,
    ax=None,
):
    """Draw series by the evidence behind each value, with targets and limits.

    Parameters
    ----------
    *data : DataFrame
        As `xc.series` returns them. The first has the colour of its pollutant or theme. Another
        source of the same indicator and area is drawn as points in ink around the first's; other
        areas get lines of their own.
    target : Target, str, float or list, optional
        The district's own is orange. A delegated one is drawn, in grey, only as it is read.
    limit : float, DataFrame or list, optional
        Limits, or rows of the table ``standards``, each drawn over the years it is in force.
    trend : Trend or list, optional
        Sen lines over their years.
    label : {"ends", "last", "all"} or None
        Which values are written beside their points.
    years : (int, int), optional
        First and last year shown.
    names, colors : list of str, optional
        One per series; names default to area or indicator, whichever differ.
    title : str or False, optional
        Default the indicator's name.
    ylim, ax : optional
        Without axes: a figure of its own, with key and source line.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is nothing to draw, or a frame holds no values over years.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> ax = xc.plot_series(xc.series("traffic_noise"), target=xc.target("traffic_noise"))
    >>> plt.close(ax.figure)
    """
    parts = [marks.read_points(frame) for frame in data]
    if years is not None:
        parts = [part[part["x"].between(years[0] - 0.5, years[1] + 0.5)] for part in parts]
        parts = [part.reset_index(drop=True) for part in parts]
    drawn = pd.concat(parts) if parts else pd.DataFrame(columns=["value", "lower", "upper"])
    if not drawn[["value", "lower", "upper"]].notna().to_numpy().any():
        raise error("error.plot_nothing", name="plot_series")
    ax, new = marks.own_axes(ax)
    attrs = dict(data[0].attrs)
    lines, limits, trends = _target_lines(target), marks.limit_lines(limit), marks.numbers_of(trend)
    ends = [drawn["x"].min(), drawn["x"].max()]
    ends += [line["year"] for line in lines if line["mark"] == "target" and line["year"]]
    marks.years_axis(ax, *(years or (min(ends), max(ends))))
    ax.set_ylim(*(ylim or _limits(parts, attrs, lines, limits)))
    colors, names = colors or _colors(data), names or _names(data)
    overlays = [_is_overlay(frame, data[0], i) for i, frame in enumerate(data)]
    several = overlays.count(False) > 1
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        how = {"first": i == 0, "overlay": overlays[i], "joined": several or not trends}
        how["named"] = several and not overlays[i]
        _draw_series(ax, points, frame.attrs, colors[i], names[i], **how)
    for one in trends:
        _draw_trend(ax, one, colors[0])
    marks.draw_targets(ax, lines, attrs.get("unit"))
    marks.draw_limits(ax, limits, attrs.get("unit"))
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        if not overlays[i]:
            _label_points(ax, points, "last" if i and label == "ends" else label, colors[i], frame)
    if title is not False:
        same = len({frame.attrs.get("indicator") for frame in data}) == 1
        name = title or (style.series_name(attrs) if same else "")
        figures.heading(ax, name, attrs.get("unit"), color=INK if several else colors[0])
    marks.value_ticks(ax)
    return marks.close_chart(ax, new)


def _target_lines(target) -> list[dict]:
    return [line for one in marks.numbers_of(target) if (line := marks.target_line(one))]


def _is_overlay(frame, first, i: int) -> bool:
    """Tell whether a frame is another source of what the first shows: never spliced to it."""
    one, other = ([f.attrs.get(n) for n in ("indicator", "scope")] for f in (frame, first))
    return i > 0 and None not in one and one == other


def _colors(data) -> list:
    found, others = [style.series_color(data[0].attrs)], iter(OTHERS)
    for i, frame in enumerate(data[1:], 1):
        own = style.series_color(frame.attrs)
        if _is_overlay(frame, data[0], i):
            found.append(INK)
        elif own in found and frame.attrs.get("scope") == marks.CITY:
            found.append(style.CITY)
        else:
            found.append(next(others, INK) if own in found else own)
    return found


def _names(data) -> list[str]:
    """Name series by what tells them apart."""
    scopes, indicators = ({f.attrs.get(k) for f in data} for k in ("scope", "indicator"))
    names = []
    for frame in data:
        area = style.place_name(frame.attrs.get("scope"))
        parts = [area] if len(scopes) > 1 or len(indicators) == 1 else []
        if len(indicators) > 1 or not any(parts):
            parts.append(style.series_name(frame.attrs))
        names.append(style.tr("", " ").join(filter(None, parts)))
    return names


def _limits(parts, attrs: dict, lines, limits) -> tuple[float, float]:
    """Axis over what matters: whole years, bounds, targets, and limits that are near."""
    values = [marks.whole(part)["value"] for part in parts]
    bars = [part[part["kind"] == "bound"] for part in parts]
    values += [bar[end] for bar in bars for end in ("lower", "upper")]
    if not any(np.isfinite(v).any() for v in values):
        values = [part["value"] for part in parts]
    flat = np.concatenate([*values, [line["value"] for line in lines]])
    flat = flat[np.isfinite(flat)]
    least = flat.min() - 0.6 * (np.ptp(flat) or abs(flat.max()) * 0.1)
    near = [v["limit"] for v in limits if least <= v["limit"] <= 1.25 * flat.max()]
    return marks.value_limits([flat, near], attrs)


def _draw_series(
    ax, points, attrs, color, name, *, first=True, overlay=False, joined=True, named=False
) -> None:
    """Draw one series: its line and marks; a second source of the first stands behind it."""
    step = 1 / 12 if attrs.get("freq") == "monthly" else 1.0
    pairs = marks.segments(points, step) if joined and not overlay else []
    marks.draw_line(ax, points, pairs, color)
    look = {"size": 2.4 if step < 1 else 4.4, "zorder": 5.0 if first else 4.6}
    if overlay:  # larger marks look like rings around the first series' own
        look = {"size": 7.2, "zorder": 4.2}
    kinds = marks.draw_points(ax, points, color, **look)
    keys = [Key(kind, marks.kind_text(kind), color) for kind in kinds] + _draft_note(points)
    links = [i for a, b, kind in pairs if kind == "link" for i in (a, b)]
    if links:
        keys.append(Key("link", marks.link_text(points), color))
    if named:
        keys.append(Key("series", name, color))
    marks.record(ax, marks.point_rows(points, name, attrs), *keys)
    ends = points.iloc[links]
    rows = {"mark": "link", "series": name, "x": ends["x"], "y": ends["value"]}
    marks.record(ax, rows, unit=attrs.get("unit"))


def _draft_note(points) -> list[Key]:
    drafts = points.loc[(points["release"] == "draft") & np.isfinite(points["value"]), "x"]
    years = style.tr("、", ", ").join(map(str, sorted({round(x) for x in drafts})))
    return [Key("note", word("plot.draft_years", years=years))] if years else []


def _draw_trend(ax, trend, color) -> None:
    """Draw a Sen line from its first to its last year."""
    xs = np.array([trend.first, trend.last], float)
    ys = trend.intercept + trend.slope * xs
    ax.plot(xs, ys, color=color, lw=1.1, ls=figures.DASHES["trend"], zorder=3.5, gid="xc:trend")
    labels(ax).keep_clear_of_line(xs, ys)
    rows = {"mark": "trend", "series": style.span(trend.first, trend.last), "x": xs, "y": ys}
    rows |= {"slope": trend.slope, "slope_lower": trend.lower, "slope_upper": trend.upper}
    marks.record(ax, rows, Key("trend", word("plot.trend"), color), unit=trend.unit)


def _label_points(ax, points, label, color, frame) -> None:
    """Write values beside the points: the ends, the last or all."""
    known = points[np.isfinite(points["value"])]
    if (known["kind"] != "partial").any():
        known = known[known["kind"] != "partial"]
    known = known[known["value"].between(*ax.get_ylim())]
    chosen = {"ends": {0, len(known) - 1}, "last": {len(known) - 1}, "all": range(len(known))}
    for i in sorted(chosen.get(label, ())) if len(known) else ():
        x, value = known["x"].iloc[i], known["value"].iloc[i]
        labels(ax).beside(x, value, style.number(value, frame.attrs.get("decimals")), color)


# ---- projections ----------------------------------------------------------------------------


def plot_projection(
    projection, *, outturn=None, target=None, chance=None, title=None, ylim=None, ax=None
):
    """Draw a projection: what was fitted, the fan from its last point on, and what came.

    Parameters
    ----------
    projection : Projection
    outturn : DataFrame, optional
        What came, as `xc.series` returns it, drawn in ink without a line.
    target : Target, str, float or list, optional
        As in `plot_series`.
    chance : str, optional
        A text on the chance of meeting the target, written in a corner.
    title, ylim, ax : optional

    Returns
    -------
    Axes
        Bands of 50 and 80 % are filled; the 95 % band is a thin edge that sets no scale.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> pm25 = xc.series("pm25")
    >>> ax = xc.plot_projection(xc.project(pm25.loc[2015:2020], 2025), outturn=pm25.loc[2021:])
    >>> plt.close(ax.figure)
    """
    fan = getattr(projection, "frame", None)
    if not isinstance(fan, pd.DataFrame) or "median" not in fan:
        raise error("error.plot_projection")
    ax, new = marks.own_axes(ax)
    fitted = _fitted(projection)
    points, attrs = marks.read_points(fitted), fitted.attrs
    color, unit = style.series_color(attrs), attrs.get("unit")
    came = points.iloc[:0] if outturn is None else marks.read_points(outturn)
    lines = _target_lines(target)
    ends = np.concatenate([points["x"], came["x"], fan.index.to_numpy(float)])
    marks.years_axis(ax, ends.min(), ends.max())
    scale = [fan[c] for c in ("median", "lower_80", "upper_80") if c in fan]
    scale += [marks.whole(points)["value"], marks.whole(came)["value"]]
    scale.append([line["value"] for line in lines])
    ax.set_ylim(*(ylim or marks.value_limits(scale, attrs)))
    _draw_fan(ax, fan, points, color, unit)
    _draw_series(ax, points, attrs, color, style.series_name(attrs) or word("plot.fitted"))
    if len(came):
        _draw_outturn(ax, came, attrs)
    marks.draw_targets(ax, lines, unit)
    _label_points(ax, points, "ends", color, fitted)
    last = fan["median"].iloc[-1]
    labels(ax).after(fan.index[-1], last, style.number(last, attrs.get("decimals")), color)
    _label_points(ax, came, "last", INK, fitted)
    if chance:
        labels(ax).remark(chance, INK)
    if title is not False:
        figures.heading(ax, title or style.series_name(attrs), unit, color=color)
    marks.value_ticks(ax)
    return marks.close_chart(ax, new)


def _fitted(projection) -> pd.DataFrame:
    """Points that a projection was fitted to, as a frame of `xc.series`."""
    data = projection.data
    if data is None:
        years = pd.Index(list(projection.years), name="year")
        data = pd.DataFrame({"value": list(projection.values)}, index=years)
    names = "indicator scope unit scale ceiling floor decimals name_zh name_en".split()
    known = {n: v for n in names if (v := getattr(projection, n, None)) is not None}
    data = data.copy()
    data.attrs = known | {k: v for k, v in data.attrs.items() if v is not None}
    return data


def _draw_fan(ax, fan: pd.DataFrame, points: pd.DataFrame, color, unit) -> None:
    """Draw bands and median, opening from the last fitted point before them."""
    before = points[(points["x"] < fan.index[0]) & np.isfinite(points["value"])]
    start = before.iloc[-1] if len(before) else None
    xs = fan.index.to_numpy(float)
    xs = xs if start is None else np.r_[start["x"], xs]

    def opened(name: str) -> np.ndarray:
        values = fan[name].to_numpy(float)
        return values if start is None else np.r_[start["value"], values]

    keys, rows = [], []
    for level, share in ((95, 0.0), (80, 0.22), (50, 0.42)):
        if f"lower_{level}" not in fan:
            continue
        mark, name = f"band_{level}", word("plot.interval", level=style.percent(level))
        low, high = opened(f"lower_{level}"), opened(f"upper_{level}")
        if share:
            face = style.tint(color, share)
            ax.fill_between(xs, low, high, color=face, lw=0, zorder=2.2, gid=f"xc:{mark}")
        else:
            for edge in (low, high):
                ax.plot(xs, edge, color=color, lw=0.5, zorder=2.3, gid=f"xc:{mark}")
                labels(ax).keep_clear_of_line(xs, edge, 0.2)
            marks.draw_cut_ends(ax, xs[-1:], low[-1:], high[-1:], color)
        keys.append(Key(mark, name, color))
        band = {"mark": mark, "series": name, "x": xs, "lower": low, "upper": high}
        rows.append(pd.DataFrame(band))
    median = opened("median")
    look = {"color": color, "lw": 1.2, "ls": figures.DASHES["median"], "zorder": 3.4}
    ax.plot(xs, median, gid="xc:median", **look)
    labels(ax).keep_clear_of_line(xs, median)
    name = word("plot.median")
    rows.append(pd.DataFrame({"mark": "median", "series": name, "x": xs, "y": median}))
    marks.record(ax, pd.concat(rows), Key("median", name, color), *keys, unit=unit)


def _draw_outturn(ax, came: pd.DataFrame, attrs: dict) -> None:
    kinds = marks.draw_points(ax, came, INK, zorder=5.5)
    keys = [Key(kind, marks.kind_text(kind), INK) for kind in kinds] + _draft_note(came)
    keys.append(Key("note", word("plot.key_outturn")))
    marks.record(ax, marks.point_rows(came, word("plot.outturn"), attrs), *keys)


# ---- targets --------------------------------------------------------------------------------


def plot_target(target, data=None, *, title=None, ax=None):
    """Draw one target: from its base to its year, with what was reached.

    Parameters
    ----------
    target : Target
    data : DataFrame, optional
        Series of the indicator; default `xc.series` of the target's own area.
    title, ax : optional

    Returns
    -------
    Axes
        A dotted path leads from a base that does not meet the target to the target; without a
        number of its own a target is only said to have none.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> ax = xc.plot_target(xc.target("green_cover"))
    >>> plt.close(ax.figure)
    """
    data = series(target.indicator, scope=target.scope) if data is None else data
    ax, new = marks.own_axes(ax)
    plot_series(data, target=target, title=title, ax=ax)
    line, year, base = marks.target_line(target), target.base_year, target.base_value
    if line is None:
        labels(ax).remark(word("plot.no_number"), style.MUTED)
        return marks.close_chart(ax, new)
    if base is None and year in data.index:
        base = float(data.loc[year, "value"])
    if base is not None and line["year"] and not meets(base, line["comparator"], line["value"]):
        color = style.TARGET if line["mark"] == "target" else style.CITY
        xs, ys = [year, line["year"]], [base, line["value"]]
        ax.plot(xs, ys, color=color, lw=1.0, ls=figures.DASHES["link"], zorder=2.5, gid="xc:path")
        labels(ax).keep_clear_of_line(xs, ys)
        rows = {"mark": "path", "series": line["text"], "x": xs, "y": ys}
        marks.record(ax, rows, unit=target.unit)
    return marks.close_chart(ax, new)
