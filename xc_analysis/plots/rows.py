"""Charts of named rows and of bars."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import figures, style
from ..figures import Key, marker_look
from ..style import INK
from ..words import error, word
from . import marks

# looks of the columns of a row: never a mark of the evidence grammar
LOOKS = (("s", False), ("s", True), ("^", True), ("v", True), ("P", True), ("X", True))
ROW = 4.6  # mm from one row to the next
# never a pollutant's colour
SHADES = ("#3A4656", "#8793A3", "#C5CCD5", "#5E7A6B", "#A9B8A0", "#6B5B73")
HATCHES = {"dust": "////", "other": "...."}


def plot_rows(
    data: pd.DataFrame,
    *,
    columns=None,
    ranges=None,
    target=None,
    text=None,
    reference=None,
    highlight=None,
    names=None,
    colors=None,
    sort=None,
    unit=None,
    decimals=None,
    xlim=None,
    title=None,
    join=True,
    ax=None,
):
    """Draw a row of dots per name: from base to latest, ranges, targets.

    Parameters
    ----------
    data : DataFrame
        Index: names of the rows, or what words hold as areas, stations, indicators. Columns
        ``status`` and ``source_id``, if there, go to the csv; with one column drawn its marks
        follow ``status``.
    columns : list of str, optional
        Numeric columns to draw; default all but those named otherwise here.
    ranges : dict or (str, str), optional
        Columns of lower and upper end, of the one column or ``{column: (lower, upper)}``.
    target : str, optional
        Column of the district's target: an orange tick.
    text : str, optional
        Column written at the right margin.
    reference : float or dict, optional
        Position of a vertical line, or ``{position: name}``.
    highlight : list, optional
        Rows in colour; the others grey.
    names : dict, optional
        ``{column: name in the key}``; under the column of lower ends, that of the range.
    colors : dict or str, optional
        ``{column: colour}``, or one.
    sort : str, optional
        Column by which the rows are ordered, least at the bottom.
    unit : str, optional
        Default ``data.attrs["unit"]``.
    decimals : int, optional
        Write the last column's values beside their dots.
    xlim : (float, float), optional
    title : str, optional
    join : bool
        Join the dots of a row by a thin line.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt, pandas as pd, xc_analysis as xc
    >>> table = pd.DataFrame({"base": [31.8], "latest": [32.0]}, index=["Green cover"])
    >>> ax = xc.plot_rows(table, names={"base": "2020", "latest": "2024"}, unit="%")
    >>> plt.close(ax.figure)
    """
    data = data.sort_values(sort, ascending=False) if sort else data
    ranges = {} if ranges is None else ranges
    other = {target, text, "status", "source_id"}
    if columns is None:
        ends = [c for pair in _pairs(ranges, [None]).values() for c in pair]
        numeric = data.select_dtypes("number").columns
        columns = [c for c in numeric if c not in other and c not in ends]
    columns = [columns] if isinstance(columns, str) else list(columns)
    if not len(data) or not columns:
        raise error("error.plot_nothing", name="plot_rows")
    ranges = _pairs(ranges, columns)
    ax, new = marks.own_axes(ax, height=ROW * len(data) + 14)
    unit = unit or data.attrs.get("unit")
    names, y = names or {}, np.arange(len(data))[::-1].astype(float)
    labels = [style.key_name(i) for i in data.index]
    _draw_reference(ax, reference, unit)
    if join and len(columns) > 1:
        low, high = data[columns].min(axis=1), data[columns].max(axis=1)
        ax.hlines(y, low, high, color="#B5BAC2", lw=1.0, zorder=2, gid="xc:join")
    default = style.series_color(data.attrs) if data.attrs.get("indicator") else SHADES[0]
    chosen = None if highlight is None else data.index.isin(list(highlight))
    for i, column in enumerate(columns):
        color = colors.get(column, INK) if isinstance(colors, dict) else colors or default
        name = names.get(column, style.key_name(column))
        looks = (color, name, LOOKS[min(i, len(LOOKS) - 1) if len(columns) > 1 else 1])
        status = data.get("status") if len(columns) == 1 else None
        _draw_column(ax, y, data, column, ranges.get(column), looks, status, chosen)
        ends = ranges.get(column)
        reach = names.get(ends[0] if ends else None, word("plot.rows_range"))
        _record_column(ax, data, labels, (column, name, color, reach), ends, unit)
    if target is not None:
        look = {"ms": 9, "mew": 1.8, "color": style.TARGET, "zorder": 4, "gid": "xc:target"}
        ax.plot(data[target], y, "|", **look)
        key = Key("dot:|", word("plot.key_target"), style.TARGET)
        rows = {"mark": "target", "series": key.text, "x": data[target], "y": labels}
        marks.record(ax, pd.DataFrame(rows).dropna(subset="x"), key, unit=unit)
    if decimals is not None:
        ends = [*columns, *(pair[1] for pair in ranges.values())]
        _write_values(ax, data[ends].max(axis=1), data[columns[-1]], y, decimals)
    _rows_axis(ax, data, labels, y, text)
    ax.set_xlim(*(xlim or _room(ax)))
    figures.heading(ax, title, None)
    if unit:
        ax.set_xlabel(style.unit_name(unit), parse_math=False)
    return marks.close_chart(ax, new)


def _pairs(ranges, columns) -> dict:
    """Ranges as ``{column: (lower, upper)}``."""
    return ranges if isinstance(ranges, dict) else {columns[-1]: tuple(ranges)}


def _draw_column(ax, y, data, column, ends, looks, status, chosen) -> None:
    """Draw one column's dots and ranges; with a status by the marks of evidence."""
    color, name, (shape, filled) = looks
    if ends is not None:
        low, high = data[ends[0]], data[ends[1]]
        face = style.tint(color, 0.4)
        ax.hlines(y, low, high, color=face, lw=2.8, zorder=2.5, gid="xc:range", capstyle="butt")
    for row, value in enumerate(data[column]):
        if pd.isna(value):
            continue
        tone = color if chosen is None or chosen[row] else "#A7ADB6"
        look = {"marker": shape, "ms": 4.4, "mec": tone, "mew": 0.9}
        look["mfc"] = tone if filled else "white"
        key = Key(f"dot:{shape}" + ("" if filled else "_open"), name, color)
        if status is not None:
            kind = str(status.iloc[row])
            kind = kind if kind in figures.MARKERS else "unstated"
            look, key = marker_look(kind, tone), Key(kind, marks.kind_text(kind), color)
        ax.plot([value], [y[row]], **{**look, "ls": "none", "zorder": 4, "gid": "xc:dot"})
        if key not in figures.record_of(ax).keys:
            figures.record_of(ax).keys.append(key)


def _record_column(ax, data, labels, what, ends, unit) -> None:
    column, name, color, reach = what
    rows = pd.DataFrame({"mark": "dot", "series": name, "x": data[column].to_numpy(), "y": labels})
    if ends is not None:
        rows["lower"], rows["upper"] = data[ends[0]].to_numpy(), data[ends[1]].to_numpy()
        figures.record_of(ax).keys.append(Key("fill", reach, style.tint(color, 0.4)))
    for extra in ("status", "source_id"):
        if extra in data:
            rows[extra] = data[extra].to_numpy()
    kept = rows.dropna(subset=[c for c in ("x", "lower", "upper") if c in rows], how="all")
    marks.record(ax, kept, unit=unit)


def _draw_reference(ax, reference, unit) -> None:
    """Draw named vertical lines."""
    places = reference if isinstance(reference, dict) else {reference: ""}
    for x, name in places.items():
        if x is None:
            continue
        ax.axvline(x, color="#8C8C8C", lw=0.8, zorder=1.5, gid="xc:reference")
        if name:
            look = {"color": style.MUTED, "va": "bottom", "shift": (2, 1)}
            marks.write(ax, name, (x, 1), coords=("data", "axes fraction"), **look)
        marks.record(ax, [{"mark": "reference", "series": name, "x": x}], unit=unit)


def _write_values(ax, rightmost, values, y, decimals) -> None:
    for x, value, height in zip(rightmost, values, y, strict=True):
        if pd.notna(value):
            marks.write(ax, style.number(value, decimals), (x, height), shift=(5, 0))


def _rows_axis(ax, data, labels, y, text) -> None:
    room = 0.36 * figures.panel_width(ax)
    ax.set_yticks(y, [style.wrap(label, room, 7) for label in labels], parse_math=False)
    ax.set_ylim(-0.7, len(data) - 0.3)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    if text is None:
        return
    for height, content in zip(y, data[text], strict=True):
        if isinstance(content, str) or pd.notna(content):
            place = {"coords": ("axes fraction", "data"), "shift": (4, 0)}
            marks.write(ax, str(content), (1, height), **place)


def _room(ax) -> tuple[float, float]:
    """Limits with a little room on both sides."""
    low, high = ax.dataLim.intervalx
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - pad, high + pad


# ---- bars -----------------------------------------------------------------------------------


def plot_bars(
    data: pd.DataFrame,
    *,
    horizontal=False,
    stacked=True,
    colors=None,
    names=None,
    pale=(),
    total=True,
    decimals=0,
    unit=None,
    ylim=None,
    title=None,
    ax=None,
):
    """Draw bars, one per row of a table, split by its columns.

    Parameters
    ----------
    data : DataFrame or Series
        Index: years or names; columns: the parts of each bar. A column ``source_id`` goes to
        the csv.
    horizontal : bool
        Bars lie, for names that are long.
    stacked : bool
        Parts on one another; else side by side.
    colors : dict or list, optional
        Default the pollutants' colours, else shades.
    names : dict, optional
        ``{column: name}``; default the words' own.
    pale : sequence
        Rows drawn paler, as years whose record is incomplete.
    total : bool
        Write the sum, or each bar's value, at its end.
    decimals : int
    unit : str, optional
    ylim : (float, float), optional
        Limits of the value axis.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt, pandas as pd, xc_analysis as xc
    >>> days = pd.DataFrame({"pm25": [5, 3], "o3": [9, 12]}, index=[2019, 2020])
    >>> ax = xc.plot_bars(days, unit="d")
    >>> plt.close(ax.figure)
    """
    attrs = dict(data.attrs)
    data = data.to_frame(data.name or "value") if isinstance(data, pd.Series) else data
    sources = data.get("source_id")
    data = data.select_dtypes("number").drop(columns=["year"], errors="ignore")
    if not len(data) or data.shape[1] == 0:
        raise error("error.plot_nothing", name="plot_bars")
    ax, new = marks.own_axes(ax, height=ROW * 1.3 * len(data) + 12 if horizontal else 58)
    unit, names = unit or attrs.get("unit"), names or {}
    columns = [c for c in data.columns if data[c].fillna(0).abs().sum() > 0] or list(data.columns)
    palette = _bar_colors(columns, colors)
    place = _bar_places(ax, data, horizontal)
    width = 0.72 if stacked else 0.76 / len(columns)
    base = np.zeros(len(data))
    ends = []
    for i, column in enumerate(columns):
        values = data[column].to_numpy(float)
        shift = 0.0 if stacked else (i - (len(columns) - 1) / 2) * width
        at = place + (-shift if horizontal else shift)
        name = names.get(column, style.key_name(column))
        hatch = HATCHES.get(str(column)) if stacked and len(columns) > 1 else None
        look = {"color": palette[i], "hatch": hatch}
        _draw_bar(ax, at, values, base if stacked else 0 * base, width, horizontal, look)
        _pale(ax, data, pale, palette[i])
        kind = f"hatch:{hatch}" if hatch else "fill"
        keys = [Key(kind, name, palette[i])] if len(columns) > 1 else []
        rows = {"mark": "bar", "series": name, "x": [style.key_name(x) for x in data.index]}
        rows = pd.DataFrame(rows | {"y": values, "source_id": attrs.get("source_id")})
        if sources is not None:
            rows["source_id"] = sources.to_numpy()
        marks.record(ax, rows.dropna(subset="y"), *keys, unit=unit)
        if stacked:
            base = base + np.nan_to_num(values)
        else:
            ends.append((at, values))
    ends = [(place, base)] if stacked else ends
    if len(pale):
        figures.record_of(ax).keys.append(Key("note", word("plot.pale", rows=_listed(pale))))
    top = ylim or (0, 1.14 * max(np.nanmax(v) for _, v in ends) or 1)
    (ax.set_xlim if horizontal else ax.set_ylim)(*top)
    if total:
        _write_ends(ax, ends, horizontal, decimals)
    figures.heading(ax, title, None if horizontal else unit)
    if horizontal and unit:
        ax.set_xlabel(style.unit_name(unit), parse_math=False)
    return marks.close_chart(ax, new)


def _listed(items) -> str:
    return style.tr("、", ", ").join(style.key_name(item) for item in items)


def _bar_colors(columns, colors) -> list:
    if isinstance(colors, dict):
        return [colors.get(c, style.POLLUTANTS["other"]) for c in columns]
    if colors is not None:
        return [colors] * len(columns) if isinstance(colors, str) else list(colors)
    if any(str(c) in style.POLLUTANTS for c in columns):
        others = style.tint(style.POLLUTANTS["other"], 0.6)
        return [style.POLLUTANTS.get(str(c), others) for c in columns]
    return [SHADES[i % len(SHADES)] for i in range(len(columns))]


def _bar_places(ax, data, horizontal) -> np.ndarray:
    """Positions of the bars, and the ticks under them."""
    if not horizontal and pd.api.types.is_numeric_dtype(data.index):
        marks.years_axis(ax, float(data.index.min()), float(data.index.max()))
        return data.index.to_numpy(float)
    place = np.arange(len(data), dtype=float)
    names = [style.key_name(i) for i in data.index]
    if horizontal:
        place = place[::-1]
        room = 0.4 * figures.panel_width(ax)
        ax.set_yticks(place, [style.wrap(n, room, 7) for n in names], parse_math=False)
        ax.set_ylim(-0.6, len(data) - 0.4)
        ax.grid(visible=False, axis="y")
        ax.grid(visible=True, axis="x")
    else:
        room = 0.9 * figures.panel_width(ax) / len(data)
        ax.set_xticks(place, [style.wrap(n, max(room, 8), 7) for n in names], parse_math=False)
        ax.set_xlim(-0.6, len(data) - 0.4)
    ax.tick_params(length=0)
    return place


def _draw_bar(ax, at, values, base, width, horizontal, look) -> None:
    look = {**look, "zorder": 2.5, "gid": "xc:bar", "linewidth": 0.4, "edgecolor": "white"}
    if horizontal:
        ax.barh(at, values, left=base, height=width, **look)
    else:
        ax.bar(at, values, bottom=base, width=width, **look)


def _pale(ax, data, pale, color) -> None:
    faint = data.index.isin(list(pale))
    for bar, weak in zip(ax.containers[-1], faint, strict=True):
        if weak:
            bar.set_facecolor(style.tint(color, 0.45))


def _write_ends(ax, ends, horizontal, decimals) -> None:
    for places, values in ends:
        for place, value in zip(places, values, strict=True):
            if np.isfinite(value):
                at = (value, place) if horizontal else (place, value)
                look = {"shift": (0, 1.5), "ha": "center", "va": "bottom"}
                look = {"shift": (3, 0)} if horizontal else look
                marks.write(ax, style.number(value, decimals), at, **look)
