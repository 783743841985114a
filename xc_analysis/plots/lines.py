"""Charts over the years: a series, a projection, a target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import figures, style
from ..figures import Key
from ..style import INK
from ..words import error, language, word
from . import marks
from .labels import labels

# areas beside the first; never a pollutant's colour
OTHERS = ("#2F3B4A", "#7A4E2D", "#3E6B5C", "#6B4A7A", "#4E5A1E")


def plot_series(
    *data,
    target=None,
    city=None,
    limit=None,
    trend=None,
    label="ends",
    years=None,
    names=None,
    colors=None,
    partial=None,
    decimals=None,
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
    target : Target, float or list, optional
        The district's own is orange. A delegated one is drawn, in grey, only as it is read.
    city : Target, float or list, optional
        The city's numbers, in grey.
    limit : float, DataFrame or list, optional
        Limits, or rows of the table ``standards``, each drawn over the years it is in force.
    trend : Trend or list, optional
        Sen lines over their years.
    label : {"ends", "last", "all"} or None
        Which values are written beside their points.
    years : (int, int), optional
        First and last year shown.
    names : list of str, optional
        Names of the series in the key; default area, indicator or source, whichever differ.
    colors : list of str, optional
    partial : bool, optional
        Draw means of parts of a year, small and grey; default only of series that were asked for
        with ``partial="observed"``.
    decimals : int, optional
        Of the values written beside points; default the register's.
    title : str or False, optional
        Default the indicator's name.
    ylim : (float, float), optional
    ax : Axes, optional
        Default: a figure of its own, with key and source line.

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
    if not data:
        raise error("error.plot_nothing", name="plot_series")
    parts = [_wanted(marks.read_points(frame), frame.attrs, partial) for frame in data]
    ax, new = marks.own_axes(ax)
    attrs = dict(data[0].attrs)
    if years is not None:
        parts = [part[part["x"].between(years[0] - 0.5, years[1] + 0.5)] for part in parts]
        parts = [part.reset_index(drop=True) for part in parts]
    drawn = pd.concat(parts)
    if drawn.empty or not np.isfinite(drawn[["value", "lower", "upper"]]).to_numpy().any():
        raise error("error.plot_nothing", name="plot_series")
    lines = [line for one in marks.numbers_of(target) if (line := marks.target_line(one))]
    lines += [line for one in marks.numbers_of(city) if (line := _as_city(one))]
    limits = marks.limit_lines(limit)
    trends = marks.numbers_of(trend)
    ends = [drawn["x"].min(), drawn["x"].max()]
    ends += [line["year"] for line in lines if line["mark"] == "target" and line["year"]]
    marks.years_axis(ax, *(years or (min(ends), max(ends))))
    ax.set_ylim(*(ylim or _limits(parts, attrs, [line["value"] for line in lines], limits)))
    colors = colors or _colors(data)
    names = names or _names(data)
    overlays = [_is_overlay(frame, data[0], i) for i, frame in enumerate(data)]
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        how = {"first": i == 0, "overlay": overlays[i], "joined": not trends}
        how["named"] = not overlays[i] and overlays.count(False) > 1
        _draw_series(ax, points, frame.attrs, colors[i], names[i], **how)
    for one in trends:
        _draw_trend(ax, one, colors[0])
    marks.draw_targets(ax, lines, unit=attrs.get("unit"))
    marks.draw_limits(ax, limits, unit=attrs.get("unit"))
    for i, (frame, points) in enumerate(zip(data, parts, strict=True)):
        if not overlays[i]:
            which = "last" if i and label == "ends" else label
            places = frame.attrs if decimals is None else {"decimals": decimals}
            _label_points(ax, points, which, colors[i], places)
    if title is not False:
        several = len({frame.attrs.get("indicator") for frame in data}) > 1
        name = title or ("" if several else style.series_name(attrs))
        color = colors[0] if overlays.count(False) == 1 else INK
        figures.heading(ax, name, attrs.get("unit"), color=color)
    marks.value_ticks(ax)
    return marks.close_chart(ax, new)


def _wanted(points: pd.DataFrame, attrs: dict, partial: bool | None) -> pd.DataFrame:
    """Leave out means of parts of a year unless they were asked for."""
    if partial is None:
        partial = attrs.get("partial", "observed") == "observed"
    return points if partial else points[points["kind"] != "partial"].reset_index(drop=True)


def _as_city(target) -> dict | None:
    line = marks.target_line(target)
    if line is None or line["mark"] == "city":
        return line
    number = line["text"].removeprefix(word("plot.target", value=""))
    return line | {"mark": "city", "text": word("plot.city_target", value=number)}


def _is_overlay(frame, first, i: int) -> bool:
    """Tell whether a frame is another source of what the first shows: never spliced to it."""
    same = ("indicator", "scope")
    return i > 0 and all(
        frame.attrs.get(n) is not None and frame.attrs.get(n) == first.attrs.get(n) for n in same
    )


def _colors(data) -> list:
    found, others = [], iter(OTHERS)
    for i, frame in enumerate(data):
        if i == 0:
            found.append(style.series_color(frame.attrs))
        elif _is_overlay(frame, data[0], i):
            found.append(INK)
        elif frame.attrs.get("indicator") == data[0].attrs.get("indicator"):
            city = frame.attrs.get("scope") == marks.CITY
            found.append(style.CITY if city else next(others, INK))
        else:
            color = style.series_color(frame.attrs)
            found.append(color if color not in found else next(others, INK))
    return found


def _names(data) -> list[str]:
    """Name series by what tells them apart."""

    def differ(key) -> bool:
        return len({frame.attrs.get(key) for frame in data}) > 1

    names = []
    for frame in data:
        parts = []
        if differ("scope") or not differ("indicator"):
            parts.append(style.place_name(frame.attrs.get("scope")))
        if differ("indicator") or not any(parts):
            parts.append(style.series_name(frame.attrs))
        names.append(style.tr("", " ").join(filter(None, parts)))
    return names


def _limits(parts, attrs: dict, targets, limits) -> tuple[float, float]:
    """Axis over what matters: whole years, estimates, targets, and limits that are near."""
    known = [marks.whole(part) for part in parts]
    values = [part["value"] for part in known]
    bars = [part[part["kind"] == "bound"] for part in parts]
    values += [bar["lower"] for bar in bars] + [bar["upper"] for bar in bars]
    if not any(np.isfinite(v).any() for v in values):
        values = [part["value"] for part in parts]
    flat = np.concatenate([np.ravel(v) for v in (*values, targets)])
    flat = flat[np.isfinite(flat)]
    near = [one["value"] for one in limits if one["value"] <= 1.25 * flat.max()]
    near = [v for v in near if v >= flat.min() - 0.6 * (np.ptp(flat) or abs(flat.max()) * 0.1)]
    return marks.value_limits([flat, near], attrs)


def _draw_series(ax, points, attrs, color, name, *, first=True, overlay=False, **parts) -> None:
    """Draw one series: its line, marks and cut ends; ``named`` and ``joined`` as parts."""
    step = 1 / 12 if attrs.get("freq") == "monthly" else 1.0
    joined = set()
    if not overlay and parts.get("joined", True):
        joined = marks.draw_line(ax, points, color, step=step)
    look = {"size": 2.4 if step < 1 else 4.4, "zorder": 5.0 if first else 4.6}
    if overlay:  # larger marks stand behind, as rings around the first series' own
        look = {"size": 7.2, "zorder": 4.2}
    kinds = _draw_evidence(ax, points, color, **look)
    keys = [Key(kind, marks.kind_text(kind), color) for kind in kinds] + _draft_note(points)
    if "link" in joined:
        keys.append(Key("link", marks.link_text(points), color))
    if parts.get("named"):
        keys.append(Key("series", name, color))
    marks.record(ax, marks.point_rows(points, name, attrs), *keys)
    links = [i for a, b, kind in marks.segments(points, step) if kind == "link" for i in (a, b)]
    if "link" in joined:
        ends = points.iloc[links]
        rows = {"mark": "link", "series": name, "x": ends["x"], "y": ends["value"]}
        marks.record(ax, pd.DataFrame(rows), unit=attrs.get("unit"))


def _draw_evidence(ax, points, color, **look) -> set[str]:
    """Draw the marks of a series, with arrows where a range leaves the axis."""
    low, high = ax.get_ylim()
    kinds = marks.draw_points(ax, points, color, whisker=0.03 * (high - low), **look)
    known = points[np.isfinite(points["value"])]
    ends = [known[end].fillna(known["value"]) for end in ("lower", "upper")]
    marks.draw_cut_ends(ax, known["x"], *ends, color)
    return kinds


def _draft_note(points) -> list[Key]:
    drafts = points[(points["release"] == "draft") & np.isfinite(points["value"])]
    if drafts.empty:
        return []
    years = sorted({round(x) for x in drafts["x"]})
    return [Key("note", word("plot.draft_years", years=style.tr("、", ", ").join(map(str, years))))]


def _draw_trend(ax, trend, color) -> None:
    """Draw a Sen line from its first to its last year."""
    xs = np.array([trend.first, trend.last], float)
    ys = trend.intercept + trend.slope * xs
    ax.plot(xs, ys, color=color, lw=1.1, ls=figures.DASHES["trend"], zorder=3.5, gid="xc:trend")
    labels(ax).keep_clear_of_line(xs, ys)
    rows = {"mark": "trend", "series": style.span(trend.first, trend.last), "x": xs, "y": ys}
    rows |= {"slope": trend.slope, "slope_lower": trend.lower, "slope_upper": trend.upper}
    marks.record(ax, rows, Key("trend", word("plot.trend"), color), unit=trend.unit)


def _label_points(ax, points, label, color, attrs: dict) -> None:
    if label is None or label is False:
        return
    known = points[np.isfinite(points["value"]) & (points["kind"] != "partial")]
    if known.empty:
        known = points[np.isfinite(points["value"])]
    low, high = ax.get_ylim()
    known = known[known["value"].between(low, high)]
    if label == "ends":
        known = known.iloc[sorted({0, len(known) - 1})] if len(known) else known
    elif label == "last":
        known = known.iloc[-1:]
    for row in known.itertuples():
        text = style.number(row.value, attrs.get("decimals"))
        labels(ax).beside(row.x, row.value, text, color)


# ---- projections ----------------------------------------------------------------------------


def plot_projection(
    projection,
    *,
    observed=None,
    outturn=None,
    target=None,
    city=None,
    chance=None,
    color=None,
    label=True,
    title=None,
    ylim=None,
    ax=None,
):
    """Draw a projection: what was fitted, the fan from its last point on, and what came.

    Parameters
    ----------
    projection : Projection
    observed : DataFrame, optional
        The fitted series, as `xc.series` returns it; default the projection's own points.
    outturn : DataFrame, optional
        What came, drawn in ink without a line.
    target, city
        As in `plot_series`.
    chance : str, optional
        A text on the chance of meeting the target, written in a corner.
    color : str, optional
    label : bool
        Write the last median, and the last value of what came.
    title : str or False, optional
    ylim : (float, float), optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Notes
    -----
    Bands of 50 and 80 % are filled, the 95 % band is a thin edge that does not set the scale.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> pm25 = xc.series("pm25")
    >>> ax = xc.plot_projection(xc.project(pm25.loc[2015:2020], 2025), outturn=pm25.loc[2021:])
    >>> plt.close(ax.figure)
    """
    fan = getattr(projection, "frame", projection)
    if not isinstance(fan, pd.DataFrame) or "median" not in fan:
        raise error("error.plot_projection")
    ax, new = marks.own_axes(ax)
    observed = _fitted(projection) if observed is None else observed
    points = marks.read_points(observed)
    attrs = _projection_attrs(projection, observed)
    color = color or style.series_color(attrs)
    came = points.iloc[:0]
    if outturn is not None:
        came = _wanted(marks.read_points(outturn), outturn.attrs, None)
    lines = [line for one in marks.numbers_of(target) if (line := marks.target_line(one))]
    lines += [line for one in marks.numbers_of(city) if (line := _as_city(one))]
    ends = np.concatenate([points["x"], came["x"], fan.index.to_numpy(float)])
    marks.years_axis(ax, ends.min(), ends.max())
    scale = [fan[c] for c in ("median", "lower_80", "upper_80") if c in fan]
    scale += [part["value"] for part in (marks.whole(points), marks.whole(came))]
    scale.append([line["value"] for line in lines])
    ax.set_ylim(*(ylim or marks.value_limits(scale, attrs)))
    _draw_fan(ax, fan, points, color, attrs)
    _draw_series(ax, points, attrs, color, style.series_name(attrs) or word("plot.fitted"))
    if len(came):
        _draw_outturn(ax, came, attrs)
    marks.draw_targets(ax, lines, unit=attrs.get("unit"))
    if label:
        _label_points(ax, points, "ends", color, attrs)
        median = fan["median"].iloc[-1]
        text = style.number(median, attrs.get("decimals"))
        labels(ax).after(fan.index[-1], median, text, color)
        _label_points(ax, came, "last", INK, attrs)
    if chance:
        labels(ax).remark(chance, INK)
    if title is not False:
        figures.heading(ax, title or style.series_name(attrs), attrs.get("unit"), color=color)
    marks.value_ticks(ax)
    return marks.close_chart(ax, new)


def _fitted(projection) -> pd.DataFrame:
    """Points that a projection was fitted to, as a frame."""
    kept = getattr(projection, "data", None)
    if isinstance(kept, pd.DataFrame) and "value" in kept:
        return kept
    years, values = (getattr(projection, n, ()) for n in ("years", "values"))
    return pd.DataFrame({"value": list(values)}, index=pd.Index(list(years), name="year"))


def _projection_attrs(projection, observed) -> dict:
    names = "indicator scope unit scale ceiling floor decimals name_zh name_en".split()
    found = {n: v for n in names if (v := getattr(projection, n, None)) is not None}
    return found | {k: v for k, v in observed.attrs.items() if v is not None}


def _draw_fan(ax, fan: pd.DataFrame, points: pd.DataFrame, color, attrs: dict) -> None:
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
        low, high = opened(f"lower_{level}"), opened(f"upper_{level}")
        if share:
            face = style.tint(color, share)
            ax.fill_between(xs, low, high, color=face, lw=0, zorder=2.2, gid=f"xc:band_{level}")
        else:
            for edge in (low, high):
                ax.plot(xs, edge, color=color, lw=0.5, zorder=2.3, gid="xc:band_95")
                labels(ax).keep_clear_of_line(xs, edge, 0.2)
            marks.draw_cut_ends(ax, xs[-1:], low[-1:], high[-1:], color)
        interval = word("plot.interval", level=style.percent(level))
        keys.append(Key(f"band_{level}", interval, color))
        band = {"mark": f"band_{level}", "series": interval, "x": xs, "lower": low, "upper": high}
        rows.append(pd.DataFrame(band))
    median = opened("median")
    look = {"color": color, "lw": 1.2, "ls": figures.DASHES["median"], "zorder": 3.4}
    ax.plot(xs, median, gid="xc:median", **look)
    labels(ax).keep_clear_of_line(xs, median)
    name = word("plot.median")
    rows.append(pd.DataFrame({"mark": "median", "series": name, "x": xs, "y": median}))
    marks.record(ax, pd.concat(rows), Key("median", name, color), *keys, unit=attrs.get("unit"))


def _draw_outturn(ax, came: pd.DataFrame, attrs: dict) -> None:
    kinds = _draw_evidence(ax, came, INK, zorder=5.5)
    keys = [Key(kind, marks.kind_text(kind), INK) for kind in kinds] + _draft_note(came)
    keys.append(Key("note", word("plot.key_outturn")))
    marks.record(ax, marks.point_rows(came, word("plot.outturn"), attrs), *keys)


# ---- targets --------------------------------------------------------------------------------


def plot_target(target, data=None, *, color=None, title=None, label="ends", ylim=None, ax=None):
    """Draw one target: from its base to its year, with what was reached.

    Parameters
    ----------
    target : Target
    data : DataFrame, optional
        Series of the indicator, as `xc.series` returns it.
    color : str, optional
    title : str or False, optional
    label : {"ends", "last", "all"} or None
    ylim : (float, float), optional
    ax : Axes, optional

    Returns
    -------
    Axes
        A dotted orange path leads from a base that does not meet the target to the target;
        without a number of its own a target is only said to have none.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> ax = xc.plot_target(xc.target("green_cover"), xc.series("green_cover"))
    >>> plt.close(ax.figure)
    """
    if isinstance(target, pd.DataFrame):
        target, data = data, target
    line = marks.target_line(target)
    year, base = target.base_year, target.base_value
    if data is None:
        if base is None or line is None:
            raise error("error.plot_no_target", indicator=style.key_name(target.indicator))
        data = pd.DataFrame({"value": [base]}, index=[year])
        data.attrs = {"indicator": target.indicator, "unit": target.unit, "scope": target.scope}
        data.attrs[f"name_{language()}"] = style.key_name(target.indicator)
    ax, new = marks.own_axes(ax)
    options = {"colors": color and [color], "title": title, "label": label, "ylim": ylim}
    plot_series(data, target=target, ax=ax, **options)
    if line is None:
        labels(ax).remark(word("plot.no_number"), style.MUTED)
        return marks.close_chart(ax, new)
    if base is None and year in data.index:
        base = float(data.loc[year, "value"])
    if base is not None and line["year"] and not _meets(base, line):
        _draw_path(ax, line, year, base, target.unit)
    return marks.close_chart(ax, new)


def _meets(value: float, line: dict) -> bool:
    """Tell whether a base is already on the right side of its target."""
    sign, aim = str(line["comparator"] or ""), line["value"]
    return value <= aim if sign.startswith("<") else value >= aim if sign.startswith(">") else False


def _draw_path(ax, line: dict, base_year, base, unit) -> None:
    """Draw the way from the base to the target."""
    color = style.TARGET if line["mark"] == "target" else style.CITY
    xs, ys = [base_year, line["year"]], [base, line["value"]]
    ax.plot(xs, ys, color=color, lw=1.0, ls=figures.DASHES["link"], zorder=2.5, gid="xc:path")
    labels(ax).keep_clear_of_line(xs, ys)
    rows = [
        {"mark": "path", "series": line["text"], "x": x, "y": y}
        for x, y in zip(xs, ys, strict=True)
    ]
    marks.record(ax, rows, unit=unit)
