"""Charts of named rows and of bars."""

from itertools import cycle

import numpy as np
import pandas as pd

from .. import figures, style
from ..figures import MARKERS, Key, marker_look
from ..words import error, joined, unit_name, word
from . import marks

# looks of the columns of a row: never a mark of the evidence grammar
LOOKS = ("s_open", "s", "^", "v", "P", "X")
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
    unit=None,
    decimals=None,
    xlim=None,
    title=None,
    ax=None,
):
    """Draw a row of dots per name: from base to latest, ranges, targets.

    Parameters
    ----------
    data : DataFrame
        Index: names of the rows, or what words hold as areas, stations, indicators. Columns
        ``status`` and ``source_id``, if there, go to the csv; with one column drawn its marks
        follow ``status``.
    columns : str or list of str, optional
        Numeric columns to draw; default all but those named otherwise here.
    ranges : (str, str), optional
        Columns of lower and upper end of the last column drawn.
    target, text : str, optional
        Column of the district's target, an orange tick; column written at the right margin.
    reference : float or dict, optional
        Position of a vertical line, or ``{position: name}``.
    highlight, colors : list, str, optional
        Rows in colour, the others grey; colour of the dots.
    names : dict, optional
        ``{column: name in the key}``; under the column of lower ends, that of the range.
    decimals : int, optional
        Write the last column's values beside their dots.
    unit, xlim, title, ax : optional
        The unit is by default that of ``data.attrs``.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd, xc_analysis as xc
    >>> table = pd.DataFrame({"base": [31.8], "latest": [32.0]}, index=["Green cover"])
    >>> ax = xc.plot_rows(table, names={"base": "2020", "latest": "2024"}, unit="%")
    """
    if columns is None:
        others = (target, text, *(ranges or ()))
        columns = [c for c in data.select_dtypes("number") if c not in others]
    columns = [columns] if isinstance(columns, str) else list(columns)
    if not len(data) or not columns:
        raise error("error.plot_nothing", name="plot_rows")
    ax, new = marks.own_axes(ax, height=ROW * len(data) + 14)
    unit, names = unit or data.attrs.get("unit"), names or {}
    labels = [style.key_name(i) for i in data.index]
    y = np.arange(len(data))[::-1].astype(float)
    for x, name in (reference if isinstance(reference, dict) else {reference: ""}).items():
        if x is not None:
            ax.axvline(x, color="#8C8C8C", lw=0.8, zorder=1.5, gid="xc:reference")
            look = {"color": style.MUTED, "va": "bottom", "coords": ("data", "axes fraction")}
            marks.write(ax, name, (x, 1), shift=(2, 1), **look)
            marks.record(ax, {"mark": "reference", "series": name, "x": [x]}, unit=unit)
    if len(columns) > 1:
        low, high = data[columns].min(axis=1), data[columns].max(axis=1)
        ax.hlines(y, low, high, color="#B5BAC2", lw=1.0, zorder=2, gid="xc:join")
    color = colors or (style.series_color(data.attrs) if data.attrs.get("indicator") else SHADES[0])
    lit = np.full(len(data), True) if highlight is None else data.index.isin(list(highlight))
    evidence = {name: data[name].to_numpy() for name in ("status", "source_id") if name in data}
    for i, column in enumerate(columns):
        name = names.get(column, style.key_name(column))
        kinds = [f"dot:{LOOKS[min(i, 5) if len(columns) > 1 else 1]}"] * len(data)
        if "status" in data and len(columns) == 1:
            kinds = [kind if kind in MARKERS else "unstated" for kind in data["status"]]
        keys = []
        for x, at, kind, bright in zip(data[column], y, kinds, lit, strict=True):
            if pd.notna(x):
                look = marker_look(kind, color if bright else "#A7ADB6")
                ax.plot([x], [at], zorder=4, gid="xc:dot", **look)
                keys.append(Key(kind, marks.kind_text(kind) if kind in MARKERS else name, color))
        rows = pd.DataFrame({"mark": "dot", "series": name, "x": data[column], "y": labels})
        if ranges and column == columns[-1]:
            rows["lower"], rows["upper"] = data[ranges[0]], data[ranges[1]]
            look = {"color": style.tint(color, 0.4), "lw": 2.8, "capstyle": "butt", "zorder": 2.5}
            ax.hlines(y, rows["lower"], rows["upper"], gid="xc:range", **look)
            text_of_key = names.get(ranges[0]) or word("plot.rows_range")
            keys.append(Key("fill", text_of_key, look["color"]))
        known = rows.columns.intersection(["x", "lower", "upper"])
        rows = rows.assign(**evidence).dropna(subset=known, how="all")
        marks.record(ax, rows, *keys, unit=unit)
    if target is not None:
        look = {"ms": 9, "mew": 1.8, "color": style.TARGET, "zorder": 4, "gid": "xc:target"}
        ax.plot(data[target], y, "|", **look)
        key = Key("dot:|", word("plot.key_target"), style.TARGET)
        rows = {"mark": "target", "series": key.text, "x": data[target], "y": labels}
        marks.record(ax, pd.DataFrame(rows).dropna(subset="x"), key, unit=unit)
    if decimals is not None:
        ends = data[[*columns, *(ranges or ())[1:]]].max(axis=1)
        for x, value, at in zip(ends, data[columns[-1]], y, strict=True):
            if pd.notna(value):
                marks.write(ax, style.number(value, decimals), (x, at), shift=(5, 0))
    _name_rows(ax, y, labels, 0.36)
    ax.set_ylim(-0.7, len(data) - 0.3)
    for at, content in zip(y, data[text] if text else (), strict=bool(text)):
        if pd.notna(content):
            marks.write(ax, str(content), (1, at), shift=(4, 0), coords=("axes fraction", "data"))
    low, high = ax.dataLim.intervalx
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    ax.set_xlim(*(xlim or (low - pad, high + pad)))
    figures.heading(ax, title)
    ax.set_xlabel(unit_name(unit), parse_math=False)
    return marks.close_chart(ax, new)


def _name_rows(ax, y, labels, share: float) -> None:
    room = share * figures.panel_width(ax)
    names = [style.wrap(label, room, 7) for label in labels]
    spaced = {"linespacing": 1.15} if "\n" in "".join(names) else {}
    ax.set_yticks(y, names, parse_math=False, **spaced)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")


def plot_bars(
    data: pd.DataFrame,
    *,
    horizontal=False,
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
    """Draw bars, one per row of a table, its columns stacked.

    Parameters
    ----------
    data : DataFrame
        Index: years or names; columns: parts of a bar; ``source_id``, if there, goes to the csv.
    horizontal : bool
        Bars lie, for names that are long.
    colors : list or dict, optional
        Colours of the columns; default the pollutants' colours, else shades.
    names : dict, optional
        ``{column: name}``; default the words' own.
    pale : sequence
        Rows drawn paler, as years whose record is incomplete.
    total, decimals : bool, int
        Write the sum at the end of each bar, and its decimals.
    unit, ylim, title, ax : optional
        ``ylim`` are the limits of the value axis, also of bars that lie.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd, xc_analysis as xc
    >>> days = pd.DataFrame({"pm25": [5, 3], "o3": [9, 12]}, index=[2019, 2020])
    >>> ax = xc.plot_bars(days, unit="d")
    """
    unit, sources = unit or data.attrs.get("unit"), data.get("source_id")
    sources = data.attrs.get("source_id") if sources is None else sources.to_numpy()
    data = data.select_dtypes("number").drop(columns="year", errors="ignore")
    if data.empty:
        raise error("error.plot_nothing", name="plot_bars")
    ax, new = marks.own_axes(ax, height=ROW * 1.3 * len(data) + 12 if horizontal else 58)
    labels = [style.key_name(i) for i in data.index]
    columns = [c for c in data.columns if data[c].any()] or list(data.columns)
    usual = dict(zip(columns, cycle(SHADES)))
    if any(str(c) in style.POLLUTANTS for c in columns):
        others = style.tint(style.POLLUTANTS["other"], 0.6)
        usual = {c: style.POLLUTANTS.get(str(c), others) for c in columns}
    if not isinstance(colors, dict):
        colors = dict(zip(columns, colors or (), strict=False))
    colors = usual | colors
    place = _bar_places(ax, data.index, labels, horizontal)
    faint = data.index.isin(list(pale))
    base = np.zeros(len(data))
    for column in columns:
        values, color = data[column].to_numpy(float), colors[column]
        name = (names or {}).get(column) or style.key_name(column)
        hatch = HATCHES.get(str(column)) if len(columns) > 1 else None
        look = {"hatch": hatch, "linewidth": 0.4, "edgecolor": "white", "zorder": 2.5}
        look["color"] = [style.tint(color, 0.45 if weak else 1.0) for weak in faint]
        (ax.barh if horizontal else ax.bar)(place, values, 0.72, base, gid="xc:bar", **look)
        base = base + np.nan_to_num(values)
        key = Key(f"hatch:{hatch}" if hatch else "fill", name, color)
        rows = {"mark": "bar", "series": name, "x": labels, "y": values, "source_id": sources}
        rows = pd.DataFrame(rows).dropna(subset="y")
        marks.record(ax, rows, *([key] if len(columns) > 1 else []), unit=unit)
    if len(pale):
        listed = joined(map(style.key_name, pale))
        figures.record_of(ax).keys.append(Key("note", word("plot.pale", rows=listed)))
    (ax.set_xlim if horizontal else ax.set_ylim)(*(ylim or (0, 1.14 * base.max() or 1)))
    look = {"shift": (3, 0)} if horizontal else {"shift": (0, 1.5), "ha": "center", "va": "bottom"}
    for at, value in zip(place, base, strict=True) if total else ():
        spot = (value, at) if horizontal else (at, value)
        marks.write(ax, style.number(value, decimals), spot, **look)
    figures.heading(ax, title, None if horizontal else unit)
    if horizontal:
        ax.set_xlabel(unit_name(unit), parse_math=False)
    return marks.close_chart(ax, new)


def _bar_places(ax, index, labels, horizontal: bool) -> np.ndarray:
    if not horizontal and pd.api.types.is_numeric_dtype(index):
        marks.years_axis(ax, float(index.min()), float(index.max()))
        return index.to_numpy(float)
    place = np.arange(len(index), dtype=float)
    if horizontal:
        place = place[::-1]
        _name_rows(ax, place, labels, 0.4)
        ax.set_ylim(-0.6, len(index) - 0.4)
    else:
        room = max(0.9 * figures.panel_width(ax) / len(index), 8)
        ax.set_xticks(place, [style.wrap(n, room, 7) for n in labels], parse_math=False)
        ax.set_xlim(-0.6, len(index) - 0.4)
    ax.tick_params(length=0)
    return place
