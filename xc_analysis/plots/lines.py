"""Charts over the years: a series, a projection, a target."""

import numpy as np
import pandas as pd

from .. import figures, style
from ..evidence import series
from ..figures import DASHES, Key
from ..style import INK
from ..targets import meets
from ..words import area_name, error, joined, word
from . import marks

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
        As `xc.series` returns them, the first in the colour of its pollutant or theme. Another
        source of its indicator and area becomes points in ink around it; other areas get lines.
    target : Target, str, float or list, optional
        The district's own is orange. A delegated one is drawn, in grey, only as it is read.
    limit : float, DataFrame or list, optional
        Limits, or rows of the table ``standards``, each drawn over the years it is in force.
    trend : Trend or list, optional
        Sen lines over their years.
    label, years : {"ends", "last", "all"} or None, (int, int)
        Which values are written beside their points; first and last year shown.
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
    >>> import xc_analysis as xc
    >>> ax = xc.plot_series(xc.series("traffic_noise"), target=xc.target("traffic_noise"))
    """
    parts = [marks.read_points(frame) for frame in data]
    if years is not None:
        shown = years[0] - 0.5, years[1] + 0.5
        parts = [part[part["x"].between(*shown)].reset_index(drop=True) for part in parts]
    drawn = pd.concat(parts) if parts else pd.DataFrame(columns=["x", *marks.NUMBERS])
    if not drawn[marks.NUMBERS].notna().to_numpy().any():
        raise error("error.plot_nothing", name="plot_series")
    ax, new = marks.own_axes(ax)
    attrs, unit = dict(data[0].attrs), data[0].attrs.get("unit")
    lines, trends = marks.target_lines(target), marks.listed(trend)
    limits = [v if isinstance(v, dict) else {"limit": float(v)} for v in marks.listed(limit)]
    ends = [drawn["x"].min(), drawn["x"].max()]
    ends += [line["year"] for line in lines if line["mark"] == "target" and line["year"]]
    marks.years_axis(ax, *(years or (min(ends), max(ends))))
    # whole years, bounds and targets set the scale, and limits that are near
    bounds = drawn.loc[drawn["kind"] == "bound", ["lower", "upper"]]
    scale = np.r_[marks.whole(drawn)["value"], bounds.stack()]
    scale = np.r_[scale if len(scale) else drawn["value"].dropna(), [v["value"] for v in lines]]
    least = scale.min() - 0.6 * (np.ptp(scale) or abs(scale.max()) * 0.1)
    near = [v["limit"] for v in limits if least <= v["limit"] <= 1.25 * scale.max()]
    marks.value_axis(ax, np.r_[scale, near], attrs, ylim)
    # another source of what the first shows: never spliced to it
    same = [[frame.attrs.get(key) for key in ("indicator", "scope")] for frame in data]
    over = [i > 0 and None not in one and one == same[0] for i, one in enumerate(same)]
    colors, names = colors or _colors(data, over), names or _names(data)
    several = over.count(False) > 1
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        look = {"zorder": 5.0 if i == 0 else 4.6, "line": (several or not trends) and not over[i]}
        if over[i]:  # larger marks look like rings around the first series' own
            look |= {"size": 7.2, "zorder": 4.2}
        keys = [Key("series", names[i], colors[i])] if several and not over[i] else []
        _draw_series(ax, points, frame.attrs, colors[i], names[i], *keys, **look)
    for one in trends:
        xs = np.array([one.first, one.last], float)
        ys = one.intercept + one.slope * xs
        slope = {"slope": one.slope, "slope_lower": one.lower, "slope_upper": one.upper}
        told = style.span(one.first, one.last), xs, ys, colors[0], word("plot.trend")
        marks.draw_stroke(ax, "trend", *told, unit=one.unit, **slope)
    marks.draw_targets(ax, lines, unit)
    marks.draw_limits(ax, limits, unit)
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        if not over[i]:
            which = "last" if i and label == "ends" else label
            _label_points(ax, points, which, colors[i], frame.attrs)
    if title is not False:
        one_name = len({frame.attrs.get("indicator") for frame in data}) == 1
        name = title or (style.series_name(attrs) if one_name else "")
        figures.heading(ax, name, unit, color=INK if several else colors[0])
    return marks.close_chart(ax, new)


def _colors(data, over) -> list:
    """Give each series its indicator's colour; one that has it already another, the city grey."""
    found, others = [], iter(OTHERS)
    for frame, overlay in zip(data, over, strict=True):
        own = INK if overlay else style.series_color(frame.attrs)
        if own in found and not overlay:
            own = style.CITY if frame.attrs.get("scope") == marks.CITY else next(others, INK)
        found.append(own)
    return found


def _names(data) -> list[str]:
    """Name series by what tells them apart."""
    scopes, indicators = (len({f.attrs.get(k) for f in data}) for k in ("scope", "indicator"))
    names = []
    for frame in data:
        area = area_name(frame.attrs.get("scope") or "") if scopes > 1 or indicators == 1 else ""
        own = style.series_name(frame.attrs) if indicators > 1 or not area else ""
        names.append(style.tr("", " ").join(filter(None, [area, own])))
    return names


def _draw_series(ax, points, attrs, color, name, *keys, line=True, size=4.4, zorder=5.0) -> None:
    step = 1 / 12 if attrs.get("freq") == "monthly" else 1.0
    whole = points["kind"].isin(["printed", "derived", "computed", "draft"])
    rows = points[whole & points["value"].notna()].reset_index(drop=True)
    links = []  # both ends of each dotted link over a change of basis
    for a, b in zip(rows[:-1].itertuples(), rows[1:].itertuples(), strict=True) if line else ():
        if b.x - a.x <= 1.5 * step:
            changed = a.basis != b.basis and a.basis and b.basis
            look = {"lw": 0.9, "ls": DASHES["link"], "gid": "xc:link"} if changed else {}
            look = {"lw": 1.3, "gid": "xc:line", "color": color, "zorder": 3} | look
            ax.plot([a.x, b.x], [a.value, b.value], **look)
            links += [a.Index, b.Index] if changed else []
    kinds = marks.draw_points(ax, points, color, size=2.4 if step < 1 else size, zorder=zorder)
    keys = [*keys, *(Key(kind, marks.kind_text(kind), color) for kind in kinds)]
    drafts = points.loc[(points["release"] == "draft") & points["value"].notna(), "x"].round()
    if len(drafts):
        years = joined(f"{year:.0f}" for year in sorted(set(drafts)))
        keys.append(Key("note", word("plot.draft_years", years=years)))
    if links:
        state = points["basis"].str.startswith("ref-").any()
        text = word("plot.link_state") if state else word("plot.link_basis")
        keys.append(Key("link", text, color))
    kept = points[np.isfinite(points[marks.NUMBERS]).any(axis=1)]
    known = kept.drop(columns=["status", "completeness"]).replace({"": None, "unstated": None})
    known = known.rename(columns={"value": "y", "kind": "status"})
    other = {"partial": "partial", "estimated": "estimate", "bound": "bound"}
    known["mark"] = [other.get(kind, "point") for kind in kept["kind"]]
    known = known.assign(series=name, **{key: attrs.get(key) for key in ("unit", "indicator")})
    marks.record(ax, known, *keys)
    ends = {"x": rows["x"][links], "y": rows["value"][links]}
    marks.record(ax, {"mark": "link", "series": name} | ends, unit=attrs.get("unit"))


def _label_points(ax, points, label, color, attrs) -> None:
    known = marks.whole(points)
    known = known if len(known) else points[points["value"].notna()]
    known = known[known["value"].between(*ax.get_ylim())]
    ends = known.index.isin(known.index[[0, -1]]) if len(known) else []
    chosen = {"ends": known[ends], "last": known.tail(1), "all": known}.get(label, known[:0])
    for x, value in chosen[["x", "value"]].to_numpy():
        marks.label(ax, "beside", (x, value), style.number(value, attrs.get("decimals")), color)


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
    >>> import xc_analysis as xc
    >>> pm25 = xc.series("pm25")
    >>> ax = xc.plot_projection(xc.project(pm25.loc[2015:2020], 2025), outturn=pm25.loc[2021:])
    """
    fan = getattr(projection, "frame", None)
    if not isinstance(fan, pd.DataFrame) or "median" not in fan:
        raise error("error.plot_projection")
    ax, new = marks.own_axes(ax)
    points, about = marks.read_points(projection.data), projection.data.attrs
    names = "indicator scope unit scale ceiling floor decimals name_zh name_en".split()
    attrs = {name: getattr(projection, name, None) for name in names}
    attrs |= {name: value for name, value in about.items() if value is not None}
    color, unit = style.series_color(attrs), attrs.get("unit")
    came = points.iloc[:0] if outturn is None else marks.read_points(outturn)
    lines = marks.target_lines(target)
    ends = np.concatenate([points["x"], came["x"], fan.index.to_numpy(float)])
    marks.years_axis(ax, ends.min(), ends.max())
    scale = [*marks.whole(points)["value"], *marks.whole(came)["value"]]
    scale += [value for c in ("median", "lower_80", "upper_80") if c in fan for value in fan[c]]
    marks.value_axis(ax, np.r_[scale, [line["value"] for line in lines]], attrs, ylim)
    _draw_fan(ax, fan, points, color, unit)
    _draw_series(ax, points, attrs, color, style.series_name(attrs) or word("plot.fitted"))
    if len(came):
        key, name = Key("note", word("plot.key_outturn")), word("plot.outturn")
        _draw_series(ax, came, attrs, INK, name, key, line=False, zorder=5.5)
    marks.draw_targets(ax, lines, unit)
    _label_points(ax, points, "ends", color, attrs)
    at, last = fan.index[-1], fan["median"].iloc[-1]
    marks.label(ax, "after", (at, last), style.number(last, attrs.get("decimals")), color)
    _label_points(ax, came, "last", INK, attrs)
    if chance:
        marks.label(ax, "corner", None, chance, INK)
    if title is not False:
        figures.heading(ax, title or style.series_name(attrs), unit, color=color)
    return marks.close_chart(ax, new)


def _draw_fan(ax, fan: pd.DataFrame, points: pd.DataFrame, color, unit) -> None:
    """Draw bands and median, opening from the last fitted point before them."""
    before = points[(points["x"] < fan.index[0]) & np.isfinite(points["value"])].tail(1)
    xs = np.r_[before["x"], fan.index.to_numpy(float)]
    opened = {name: np.r_[before["value"], fan[name].to_numpy(float)] for name in fan}
    for level, share in ((95, 0.0), (80, 0.22), (50, 0.42)):  # share of the colour that fills it
        if f"lower_{level}" not in fan:
            continue
        mark, text = f"band_{level}", word("plot.interval", level=style.percent(level))
        low, high = opened[f"lower_{level}"], opened[f"upper_{level}"]
        if share:
            face = style.tint(color, share)
            ax.fill_between(xs, low, high, color=face, lw=0, zorder=2.2, gid=f"xc:{mark}")
        else:
            ax.plot(xs, np.c_[low, high], color=color, lw=0.5, zorder=2.3, gid=f"xc:{mark}")
            marks.draw_cut_ends(ax, xs[-1:], low[-1:], high[-1:], color)
        rows = {"mark": mark, "series": text, "x": xs, "lower": low, "upper": high}
        marks.record(ax, rows, Key(mark, text, color), unit=unit)
    text = word("plot.median")
    marks.draw_stroke(ax, "median", text, xs, opened["median"], color, text, unit=unit)


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
    >>> import xc_analysis as xc
    >>> ax = xc.plot_target(xc.target("green_cover"))
    """
    data = series(target.indicator, scope=target.scope) if data is None else data
    ax, new = marks.own_axes(ax)
    plot_series(data, target=target, title=title, ax=ax)
    for line in (lines := marks.target_lines(target)):
        year, base = target.base_year, target.base_value
        if base is None and year in data.index:
            base = float(data.loc[year, "value"])
        if base is None or not line["year"] or meets(base, line["comparator"], line["value"]):
            continue
        ends = [year, line["year"]], [base, line["value"]]
        marks.draw_stroke(ax, "path", line["text"], *ends, line["key"].color, unit=target.unit)
    if not lines:
        marks.label(ax, "corner", None, word("plot.no_number"), style.MUTED)
    return marks.close_chart(ax, new)
