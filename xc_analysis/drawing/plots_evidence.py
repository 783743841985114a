"""Drawing of evidence: series, coverage, computed against printed; see ``plots``."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import marks, palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr


def _frames(data, caller: str) -> list[pd.DataFrame]:
    if isinstance(data, pd.Series):  # values by year, of which nothing else is known
        data = data.rename("value").to_frame()
    frames = [data] if isinstance(data, pd.DataFrame) else list(data)
    if not frames or not all(isinstance(f, pd.DataFrame) for f in frames):
        raise InputError(f"{caller}: give a frame of series(), or a list of them")
    units = {f.attrs.get("unit") for f in frames} - {None}
    if len(units) > 1:
        raise InputError(
            f"{caller}: units {', '.join(sorted(units))} on one axis; draw them on separate axes"
        )
    return frames


def plot_series(
    data,
    *,
    ax=None,
    targets=None,
    limits=None,
    breaks: bool = True,
    shade: Sequence | None = None,
    label: str | Sequence[int] | None = "ends",
    names: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
    title: str | bool = True,
    ylim: tuple[float, float] | None = None,
    years: tuple[int, int] | None = None,
):
    """Draw one or several annual series by the evidence grammar.

    Parameters
    ----------
    data : DataFrame, Series by year, or sequence of DataFrame
        As ``series`` returns them. The first is drawn in its theme's colour. A further one of the
        same scope and indicator is other evidence on the same quantity: ink, markers only. One of
        another scope is drawn grey with its line.
    ax : Axes, optional
    targets : DataFrame, mapping or rows of ``targets``, optional
        Rows with a value become lines, named in place; a row of another scope than the first
        frame's is a grey reference line named as the city's.
    limits : DataFrame or rows of ``standards``, optional
        Columns limit, valid_from, valid_to, standard.
    breaks : bool
        Name changes of basis by thin vertical rules. Lines break there in any case.
    shade : (first, last[, name]), optional
        Years with a grey ground.
    label : "ends", "all", "none" or years
        Which values of the first frame are written out; years may come from any frame.
    names : sequence of str, optional
        Names written at the end of each series; default: the scopes, if there are several.
    colors : sequence of colours, optional
    title : bool or str
    ylim, years : pair, optional
        Limits of the axes; by default zero is included where it has a meaning.

    Returns
    -------
    Axes
    """
    frames = _frames(data, "plot_series")
    ax = marks.axes(ax)
    attrs = frames[0].attrs
    points = [marks.points_of(f) for f in frames]
    same = [_same_quantity(f, frames[0]) for f in frames]
    colors = list(colors or _colors(frames, same))
    target_rows = [r for r in marks.rows_of(targets) if pd.notna(r.get("value"))]

    xs = np.concatenate([p["x"] for p in points] or [[]])
    first, last = years or ((xs.min(), xs.max()) if xs.size else (0, 1))
    for row in target_rows if years is None else []:
        last = max(last, row["target_year"])
    columns = [p[c] for p in points for c in ("value", "lower", "upper")]
    shown = [r["value"] for r in target_rows]
    low, high = ylim or marks.value_limits(columns, attrs, include=shown)
    marks.years_axis(ax, float(first), float(last))
    ax.set_ylim(low, high)
    marks.heading(
        ax, marks.name_of(attrs) if title is True else (title or None), attrs.get("unit"),
        color=colors[0],
    )  # fmt: skip

    if shade is not None:
        marks.shade_span(ax, shade)
    room = marks.labels(ax)
    for i, (p, color) in enumerate(zip(points, colors, strict=True)):
        room.dots.append((p["x"], p["value"]))
        if i == 0 or not same[i]:
            path = marks.joined_path(p)
            if path[0].size:
                ax.plot(*path, color=color, zorder=4, gid="line", label="_line")
            room.lines.append(path)
        # other evidence on the same quantity lies under the first, larger: agreement shows as a
        # marker within a marker; a bound stands a little aside; an estimate is only its bar, since
        # the hollow diamond is taken by the year as observed
        if i > 0 and same[i]:
            aside = p.assign(x=p["x"] + np.where(p["kind"] == "bound", 0.3, 0.0))
            marks.draw_points(ax, aside[p["kind"] != "estimated"], color, zorder=4.5, size=6.2)
            marks.draw_estimates(ax, p[p["kind"] == "estimated"], colors[0])
        else:
            marks.draw_points(ax, p, color)
    _draw_targets(ax, room, target_rows, attrs, (first, last))
    _draw_limits(ax, room, marks.rows_of(limits), (first, last))
    _label_values(room, points, colors, same, frames, label)
    _name_series(room, points, colors, same, frames, names)
    if breaks:
        own = [p for i, p in enumerate(points) if i == 0 or not same[i]]
        found = dict.fromkeys(b for p in own for b in marks.basis_breaks(p))
        marks.draw_breaks(ax, [b for b in found if first <= b[0] <= last])
    return ax


def _same_quantity(frame, first) -> bool:
    keys = ("scope", "indicator")
    return all(frame.attrs.get(k) == first.attrs.get(k) for k in keys)


def _colors(frames, same) -> list[str]:
    theme = style.theme_color(frames[0].attrs.get("theme", "air"))
    greys = iter((palette.CITY, "#A8763E", "#5A7D5A", "#8B6BA8", "#4F8A96"))
    return [
        theme if i == 0 else palette.INK if same[i] else next(greys, palette.CITY)
        for i in range(len(frames))
    ]


def _draw_targets(ax, room, rows, attrs, span) -> None:
    for row in rows:
        city = row.get("scope") != attrs.get("scope") if attrs.get("scope") else False
        color = palette.CITY if city else palette.TARGET
        base = row.get("base_year")
        start = max(float(base), span[0] - 0.5) if pd.notna(base) else span[0] - 0.5
        end = min(float(row["target_year"]), span[1] + 0.7)
        dash = (0, (4, 2)) if city else "solid"
        value = float(row["value"])
        ax.plot([start, end], [value, value], color=color, lw=1.0, ls=dash, zorder=3,
                gid="target:city" if city else "target")  # fmt: skip
        ax.plot([end], [value], marker="|", ms=6, mew=1.2, color=color, zorder=3.1)
        room.lines.append(([start, end], [value, value]))
        room.along_line(start, end, value, marks.target_text(row, city), color)


def _draw_limits(ax, room, rows, span) -> None:
    """Limits as dashed steps over the years they are in force; one far above is only named."""
    top = ax.get_ylim()[1]
    for row in rows:
        start, end = (marks.day_position(row.get(k)) for k in ("valid_from", "valid_to"))
        start = max(span[0] - 0.7, start if start is not None else -np.inf)
        end = min(span[1] + 0.5, end if end is not None else np.inf)
        if start >= end:
            continue
        value = float(row["limit"])
        text = tr("限值", "limit") + f" {value:g}"
        if value <= top:
            ax.plot([start, end], [value, value], color=palette.MUTED, lw=0.8, ls=(0, (4, 2)),
                    zorder=2.5, gid="limit")  # fmt: skip
            room.lines.append(([start, end], [value, value]))
            room.along_line(start, end, value, text, palette.MUTED)
        else:
            room.in_corner(text + tr("（图外）", " (off scale)"), palette.MUTED)


def _label_values(room, points, colors, same, frames, label) -> None:
    if label is None or (isinstance(label, str) and label == "none"):
        return
    done: set[float] = set()
    for i, p in enumerate(points):
        if i and not same[i] and isinstance(label, str):
            continue
        rows = p[np.isfinite(p["value"])]
        if isinstance(label, str):
            whole = rows[rows["kind"].isin(marks.JOINED)]
            rows = rows if label == "all" else whole.iloc[[0, -1]] if len(whole) > 1 else whole
        else:
            rows = rows[rows["x"].isin(list(label))]
        rows = rows[~rows["x"].isin(done)]
        if same[i]:
            done |= set(rows["x"])
        for row in rows.drop_duplicates("x").itertuples():
            text = marks.number(row.value, frames[i].attrs)
            room.beside_point(row.x, row.value, text, colors[i])


def _name_series(room, points, colors, same, frames, names) -> None:
    if names is None:
        scopes = [f.attrs.get("scope") for f in frames]
        if len(set(scopes)) < 2:
            return
        names = [s if i == 0 or not same[i] else None for i, s in enumerate(scopes)]
    for p, color, name in zip(points, colors, names, strict=True):
        rows = p[np.isfinite(p["value"])]
        if name and len(rows):
            last = rows.iloc[-1]
            room.beside_point(last["x"], last["value"], str(name), color)


def plot_coverage(data, *, ax=None, names=None, title: str | None = None, order: str = "theme"):
    """Draw what is known: one row an indicator, one column a year, one mark a status.

    Parameters
    ----------
    data : DataFrame
        As ``coverage`` returns it: index indicator, columns years, cells an evidence status,
        "computed (partial)", "part-year", "several years" or nothing; several joined by "+".
    ax : Axes, optional
    names : DataFrame, optional
        The table ``indicators``; gives names and themes, rows are grouped by theme. Without it
        the frame's attributes or the ids serve.
    title : str, optional
    order : {"theme", "given"}
        Grouped by theme under headings, or the rows as they come, without headings.

    Returns
    -------
    Axes
    """
    table = _coverage_rows(data, names, order)
    years = [int(c) for c in data.columns]
    pitch = 4.3 if len(table) <= 30 else 3.7
    ax = marks.axes(ax, height=pitch * (len(table) + 1.4 * table["theme"].nunique()) + 22)
    y, last_theme, ticks = 0.0, None, []
    for row in table.itertuples(index=False):
        if row.theme != last_theme and row.theme:
            y += 0.45 if last_theme is not None else 0
            ax.text(
                years[0] - 1.0, y + 0.12, tr(*palette.THEME_NAMES.get(row.theme, (row.theme, row.theme))),
                ha="right", va="center", size=6.8, color=style.theme_color(row.theme), gid="theme",
            )  # fmt: skip
            last_theme, y = row.theme, y + 1
        ax.plot([years[0] - 0.5, years[-1] + 0.5], [y, y], color=palette.SHADE, lw=8.5, zorder=1,
                solid_capstyle="butt")  # fmt: skip
        for year, cell in zip(years, row.cells, strict=True):
            _coverage_cell(ax, year, y, cell)
        ticks.append((y, row.name))
        y += 1
    ax.set_yticks([t for t, _ in ticks], [n for _, n in ticks])
    ax.tick_params(axis="y", length=0, pad=3, labelsize=6.4)
    ax.set_xlim(years[0] - 0.9, years[-1] + 0.9)
    ax.set_ylim(y - 0.4, -0.7)
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)
    ax.xaxis.tick_top()
    every = 1 if len(years) <= 16 else 5
    ax.set_xticks([v for v in years if v % every == 0 or every == 1])
    ax.tick_params(axis="x", length=0, pad=1)
    for v in years:
        ax.axvline(v + 0.5, color="white", lw=0.8 if v % 5 else 1.6, zorder=1.2)
    if title:
        ax.set_title(title, pad=8)
    _coverage_key(ax, {k for row in table["cells"] for cell in row for k in cell}, y)
    return ax


def _coverage_rows(data: pd.DataFrame, names, order: str) -> pd.DataFrame:
    """Rows in drawing order: theme, name, cells."""
    lookup = {}
    if names is not None:
        lookup = (
            names.reset_index().drop_duplicates("indicator").set_index("indicator").to_dict("index")
        )
    given = data.attrs.get(f"name_{style.lang()}") or {}
    themes = data.attrs.get("theme") or {}
    rows = []
    for label, cells in zip(data.index, data.to_numpy(dtype=object), strict=True):
        ident = label[-1] if isinstance(label, tuple) else label
        known = lookup.get(ident, {})
        name = known.get(f"name_{style.lang()}") or dict(given).get(ident) or str(ident)
        theme = known.get("theme") or (dict(themes).get(ident) if themes else None) or ""
        rows.append({"theme": theme, "name": name, "cells": [_kinds(c) for c in cells]})
    table = pd.DataFrame(rows, columns=["theme", "name", "cells"])
    if order == "given":
        return table.assign(theme="")
    rank = {t: i for i, t in enumerate(dict.fromkeys([*palette.THEME_NAMES, *table["theme"]]))}
    return table.sort_values("theme", key=lambda s: s.map(rank), kind="stable", ignore_index=True)


def _kinds(cell) -> list[str]:
    """The kinds of evidence that a cell of a coverage frame names."""
    if not isinstance(cell, str) or not cell.strip():
        return []
    kinds = [k.strip().replace("computed (partial)", "partial") for k in cell.split("+")]
    for kind in kinds:
        if kind not in palette.STATUS and kind not in palette.SPANS:
            known = ", ".join([*palette.STATUS, *palette.SPANS])
            raise InputError(f"plot_coverage: status {kind!r} is not known; use one of {known}")
    return kinds


def _status_handle(kind: str, size: float):
    """The mark of one kind of evidence, to be placed at a point or in a key."""
    from matplotlib.lines import Line2D

    if kind in palette.SPANS:
        marker, zh, en = palette.SPANS[kind]
        look = {"mfc": "none", "mew": 0.8, "color": palette.CITY, "ms": size * 0.9}
    else:
        marker, filled, _, zh, en = palette.STATUS[kind]
        color = palette.STATUS_COLORS[kind]
        look = {"color": color, "mfc": color if filled else "white", "mew": 0.9}
        look["ms"] = size * {"D": 0.9, "o": 1.1}.get(marker, 1.9)
        if marker is None:
            marker, look["mew"] = "|", 1.7
    return Line2D([], [], ls="none", marker=marker, label=tr(zh, en), gid=f"status:{kind}", **look)


def _coverage_cell(ax, x: float, y: float, kinds: list[str]) -> None:
    for i, kind in enumerate(kinds):
        mark = _status_handle(kind, 4.0)
        at = x + (i - (len(kinds) - 1) / 2) * 0.36
        if kind == "estimated":
            bar = _status_handle("bound", 4.0)
            bar.set(data=([at], [y]), color=palette.STATUS_COLORS[kind], zorder=3)
            bar.set_gid("bar:estimated")
            ax.add_line(bar)
        mark.set(data=([at], [y]), zorder=4)
        ax.add_line(mark)


def _coverage_key(ax, present: set[str], rows: float) -> None:
    """The marks that occur, each with its name, under the matrix."""
    handles = [_status_handle(k, 4.0) for k in (*palette.STATUS, *palette.SPANS) if k in present]
    if handles:
        ax.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, -0.3 / max(rows, 1)),
            ncol=min(len(handles), 4 if style.lang() == "zh" else 3), fontsize=6.2, columnspacing=1.4,
        )  # fmt: skip


def plot_compare(
    data,
    *,
    ax=None,
    label: str = "label",
    printed: str = "printed",
    computed: str = "computed",
    tolerance: str = "tolerance",
    low: str | None = None,
    high: str | None = None,
    reach: float | None = None,
    title: str | None = None,
):
    """Dumbbells: how far a computed value lies from the printed one, row by row.

    Parameters
    ----------
    data : DataFrame
        One row a comparison: columns label, printed, computed; optional tolerance (0 or missing:
        no band), unit, ``printed_status`` ("derived" is drawn hollow).
    ax : Axes, optional
    label, printed, computed, tolerance, low, high : str
        Column names; low and high span other treatments of the computed value.
    reach : float, optional
        Half width of the axis; a point beyond it becomes an arrow at the edge, its value stands
        beside the row in any case.
    title : str, optional

    Returns
    -------
    Axes

    Notes
    -----
    Every row is drawn as computed minus printed, in its own unit, so that levels that differ
    share one axis.
    """
    missing = {label, printed, computed} - set(data.columns)
    if missing:
        raise InputError(
            f"plot_compare: column {sorted(missing)[0]!r} is missing; name the columns"
        )
    ax = marks.axes(ax, height=4.9 * len(data) + 24)

    def column(name) -> np.ndarray:
        if name is None or name not in data:
            return np.full(len(data), np.nan)
        return pd.to_numeric(data[name], errors="coerce").to_numpy(float)

    p, c, band, y = column(printed), column(computed), column(tolerance), np.arange(len(data))
    gap = c - p
    reach = reach or 1.25 * float(np.nanmax(np.abs(np.r_[gap, band, 1e-9])))
    ax.hlines(y, -band, band, color="#D9DEE5", lw=7, zorder=1, gid="tolerance", capstyle="butt")
    ax.axvline(0, color=palette.INK, lw=0.7, zorder=2)
    blue = palette.THEMES["air"]
    ends = [np.clip(column(k) - p, -reach, reach) for k in (low, high)]
    ax.hlines(y, *ends, color=blue, lw=0.8, alpha=0.6, zorder=2.5, gid="range")
    wide = (ends[1] > ends[0]) & (np.abs(column(low) - p) < reach)
    ax.plot(ends[0][wide], y[wide], "|", color=blue, ms=7, mew=0.9, zorder=4.5, gid="range-end")
    wide = (ends[1] > ends[0]) & (np.abs(column(high) - p) < reach)
    ax.plot(ends[1][wide], y[wide], "|", color=blue, ms=7, mew=0.9, zorder=4.5, gid="range-end")
    ax.hlines(y, 0, np.clip(gap, -reach, reach), color=blue, lw=1.6, zorder=3)
    kinds = data["printed_status"] if "printed_status" in data else ["printed"] * len(data)
    inside = np.abs(gap) <= reach
    for i, kind in enumerate(kinds):
        filled = kind != "derived"
        ax.plot(0, i, "o", ms=4.8, mew=0.9, color=palette.INK, zorder=4,
                mfc=palette.INK if filled else "white", gid=f"status:{kind}")  # fmt: skip
    ax.plot(gap[inside], y[inside], "D", color=blue, ms=4.2, mec="white", mew=0.5, zorder=5,
            gid="status:computed")  # fmt: skip
    for way, marker in ((1, ">"), (-1, "<")):
        far = ~inside & (np.sign(gap) == way)
        if not far.any():
            continue
        ax.plot(np.full(far.sum(), way * reach * 0.985), y[far], marker, color=blue, ms=5,
                mec="white", mew=0.5, zorder=5, ls="none", clip_on=False, gid="beyond")  # fmt: skip
    _compare_values(ax, p, c, data["unit"] if "unit" in data else [None] * len(data))
    ax.set_yticks(y, data[label].astype(str))
    ax.set_ylim(len(data) - 0.4, -1.3)
    ax.set_xlim(-reach, reach)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.set_xlabel(tr("计算值 − 公布值", "computed − printed"))
    if title:
        ax.set_title(title)
    return ax


def _compare_values(ax, printed, computed, units) -> None:
    """The two values of every row in columns at the right."""
    heads = (tr("公布", "printed"), tr("计算", "computed"))
    for k, (x, values) in enumerate(((34, printed), (68, computed))):
        style_of = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points",
                    "size": 6.4, "va": "center", "ha": "right", "annotation_clip": False,
                    "parse_math": False}  # fmt: skip
        ax.annotate(heads[k], (1, -0.95), xytext=(x, 0), color=palette.MUTED, **style_of)
        for i, value in enumerate(values):
            decimals = {} if k == 0 else {"decimals": 1}
            text = f"{value:g}" if k == 0 else marks.number(value, decimals)
            ax.annotate(text, (1, i), xytext=(x, 0), color=palette.INK, **style_of)
    for i, unit in enumerate(units):
        if isinstance(unit, str):
            ax.annotate(style.unit_name(unit), (1, i), xycoords=("axes fraction", "data"), size=6,
                        xytext=(73, 0), textcoords="offset points", va="center",
                        color=palette.MUTED, annotation_clip=False, parse_math=False)  # fmt: skip
