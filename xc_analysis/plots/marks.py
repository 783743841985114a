"""Points, lines, axes and reference lines on one axes: the grammar of the charts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import style
from ..figures import DASHES, Key, finish, marker_look, panels, record_of, set_year_ticks
from ..style import INK, SIZES, tr
from ..targets import plan_years, read_target
from ..words import error, word
from .labels import labels

CITY = "北京市"
JOINED = ("printed", "derived", "computed", "draft")
KINDS = ("printed", "derived", "computed", "partial", "estimated", "bound", "draft", "unstated")
COMPARATORS = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> ", "=": ""}


def own_axes(ax, height: float = 62):
    """Return the axes given, or those of a new figure, and whether they are new."""
    style.ensure_style(ax)
    return (ax, False) if ax is not None else (panels(1, height=height)[1][0], True)


def close_chart(ax, new: bool):
    """Give a chart's own figure its key and source line."""
    if new:
        finish(ax.figure)
    return ax


def record(ax, rows, *keys: Key, unit: str | None = None) -> None:
    """Add rows of the csv, a table or its columns, and entries of the key to an axes."""
    frame = pd.DataFrame(rows)
    if frame.empty:
        return
    if unit is not None:
        frame["unit"] = unit
    record_of(ax).frames.append(frame)
    record_of(ax).keys.extend(keys)


def kind_text(kind: str) -> str:
    """Return what the key calls a kind of evidence."""
    if kind in ("unstated", "range", "bound_end"):
        return word(f"plot.mark_{kind}")
    return word(f"status.{kind}")


# ---- points ---------------------------------------------------------------------------------


def time_of(index) -> np.ndarray:
    """Position of each row on an axis where a year's value stands at the year's number."""
    if isinstance(index, pd.PeriodIndex):
        middle = index.to_timestamp() + pd.Timedelta(days=14)
        return middle.year + (middle.day_of_year - 183) / 365.25
    try:
        return np.asarray(index, dtype=float)
    except (TypeError, ValueError):
        raise error("error.plot_index") from None


def read_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Read what is drawn of a series: x, value, lower, upper, kind and its evidence, by time.

    Means of parts of a year are drawn only of series asked for with ``partial="observed"``.
    """
    if not isinstance(frame, pd.DataFrame) or "value" not in frame:
        raise error("error.plot_frame")
    points = pd.DataFrame({"x": time_of(frame.index)})
    for name in ("value", "lower", "upper"):
        known = frame[name] if name in frame else pd.Series(np.nan, frame.index)
        points[name] = pd.to_numeric(known, errors="coerce").to_numpy(float)
    for name in ("status", "completeness", "basis", "release", "source_id"):
        known = frame[name] if name in frame else pd.Series("", frame.index)
        points[name] = known.astype(object).where(known.notna(), "").astype(str).to_numpy()
    kind = points["status"].replace({"": "unstated", "nan": "unstated"})
    partial = (kind == "computed") & (points["completeness"] == "partial")
    points["kind"] = kind.where(~partial, "partial")
    unknown = set(points["kind"]) - set(KINDS)
    if unknown:
        raise error("error.plot_status", status=sorted(unknown)[0], known=", ".join(KINDS))
    if frame.attrs.get("partial", "observed") != "observed":
        points = points[~partial]
    return points.sort_values("x", kind="stable", ignore_index=True)


def whole(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that set the scale: whole years and estimates."""
    return points[(points["kind"] != "partial") & np.isfinite(points["value"])]


def segments(points: pd.DataFrame, step: float = 1.0) -> list[tuple[int, int, str]]:
    """Pairs of neighbouring points that a line joins: ``line``, or ``link`` over a new basis."""
    found = []
    rows = list(points.itertuples())
    for a, b in zip(rows[:-1], rows[1:], strict=True):
        known = {a.kind, b.kind} <= set(JOINED) and np.isfinite([a.value, b.value]).all()
        if known and b.x - a.x <= 1.5 * step:
            same = a.basis == b.basis or not a.basis or not b.basis
            found.append((a.Index, b.Index, "line" if same else "link"))
    return found


def draw_line(ax, points: pd.DataFrame, pairs, color) -> None:
    """Join neighbouring whole years; over a change of basis only by a thin dotted link."""
    for a, b, kind in pairs:
        xs, ys = points["x"].iloc[[a, b]], points["value"].iloc[[a, b]]
        look = {"lw": 0.9, "ls": DASHES["link"]} if kind == "link" else {"lw": 1.3}
        ax.plot(xs, ys, color=color, zorder=3, gid=f"xc:{kind}", **look)
        labels(ax).keep_clear_of_line(xs, ys)


def link_text(points: pd.DataFrame) -> str:
    """Name the change of basis that a dotted link spans."""
    state = points["basis"].str.startswith("ref-").any()
    return word("plot.link_state") if state else word("plot.link_basis")


def draw_points(ax, points: pd.DataFrame, color, *, size=4.4, zorder=5.0) -> set[str]:
    """Draw markers and bars by the kind of evidence; return the kinds that were drawn."""
    kinds = set()
    low, high = ax.get_ylim()
    for kind in KINDS:
        rows = points[points["kind"] == kind]
        if kind in ("estimated", "bound"):
            if len(rows):
                kinds |= _draw_bars(ax, rows, kind, color, zorder)
            continue
        rows = rows[np.isfinite(rows["value"])]
        if rows.empty:
            continue
        kinds.add(kind)
        # a range narrower than the marker is not drawn
        wide = rows[rows["upper"] - rows["lower"] > 0.03 * (high - low)]
        if len(wide) and kind != "partial":
            look = {"color": color, "lw": 0.7, "alpha": 0.7, "zorder": zorder - 1}
            ax.vlines(wide["x"], wide["lower"], wide["upper"], gid="xc:range", **look)
            kinds.add("range")
        look = marker_look(kind, color, size) | {"zorder": zorder, "clip_on": False}
        ax.plot(rows["x"], rows["value"], gid=f"xc:{kind}", **look)
        labels(ax).keep_clear(rows["x"], rows["value"], half=max(2.0, 0.62 * size))
    known = points[np.isfinite(points["value"])]
    ends = [known[end].fillna(known["value"]) for end in ("lower", "upper")]
    draw_cut_ends(ax, known["x"], *ends, color)
    return kinds


def _draw_bars(ax, rows: pd.DataFrame, kind: str, color, zorder: float) -> set[str]:
    """Draw bars; a range with one end is an arrow from it to where the value may lie."""
    from matplotlib.transforms import offset_copy

    low, high = np.isfinite(rows["lower"]), np.isfinite(rows["upper"])
    both, one_end = rows[low & high], rows[low ^ high]
    look = {"color": style.tint(color, 0.45), "lw": 2.6, "capstyle": "butt"}
    look |= {"zorder": zorder - 0.6, "gid": f"xc:{kind}"}
    ax.vlines(both["x"], both["lower"], both["upper"], **look)
    for row in both.itertuples():
        labels(ax).keep_clear_of_line([row.x] * 2, [row.lower, row.upper], 1.0)
    tick = {"color": color, "ms": 6, "mew": 1.1}
    if kind == "estimated":
        known = rows[np.isfinite(rows["value"])]
        ax.plot(known["x"], known["value"], "_", zorder=zorder - 0.5, gid="xc:tick", **tick)
        labels(ax).keep_clear(known["x"], known["value"])
    for row in one_end.itertuples():
        end, way = (row.upper, -1) if np.isfinite(row.upper) else (row.lower, 1)
        ax.plot([row.x], [end], "_", zorder=zorder, gid="xc:bound", **tick)
        arrow = {"arrowstyle": "-|>,head_length=.28,head_width=.13", "color": color, "lw": 0.9}
        arrow |= {"shrinkA": 0, "shrinkB": 0}
        away = {"xytext": (row.x, end), "textcoords": "data", "annotation_clip": False}
        place = offset_copy(ax.transData, ax.figure, y=way * 11, units="points")
        ax.annotate("", (row.x, end), xycoords=place, arrowprops=arrow, zorder=zorder, **away)
        labels(ax).keep_clear(row.x, end)
    return {kind for _ in both.index} | {"bound_end" for _ in one_end.index}


def point_rows(points: pd.DataFrame, name: str, attrs: dict) -> pd.DataFrame:
    """Rows of the csv for the points of a series."""
    marks = {"partial": "partial", "estimated": "estimate", "bound": "bound"}
    kept = points[np.isfinite(points[["value", "lower", "upper"]]).any(axis=1)]
    known = kept.drop(columns=["status", "completeness"]).replace({"": None, "unstated": None})
    known = known.rename(columns={"value": "y", "kind": "status"})
    mark = [marks.get(kind, "point") for kind in kept["kind"]]
    about = {"unit": attrs.get("unit"), "indicator": attrs.get("indicator")}
    return known.assign(mark=mark, series=name, **about)


# ---- axes -----------------------------------------------------------------------------------


def years_axis(ax, first: float, last: float) -> None:
    """Set an axis of whole years, both ends whole."""
    first, last = np.floor(first + 0.5), np.ceil(last - 0.5)
    ax.set_xlim(first - 0.7, last + 0.7)
    record_of(ax).years = (first, last)
    set_year_ticks(ax)


def value_ticks(ax) -> None:
    """Set few and round ticks on the value axis."""
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def value_limits(values, attrs: dict) -> tuple[float, float]:
    """Limits of the value axis: from zero where zero has a meaning, never far above 100 %."""
    flat = np.concatenate([np.ravel(np.asarray(v, float)) for v in values])
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return 0.0, 1.0
    low, high = least, most = float(flat.min()), float(flat.max())
    scale, ceiling = attrs.get("scale"), attrs.get("ceiling")
    spread = (high - low) or abs(high) * 0.1 or 1.0
    bounded = attrs.get("unit") == "%" or scale in ("logit", "share")
    if scale in ("log", "count") or (bounded and 0 <= low < 30):
        low = min(0.0, low)
        high += 0.22 * (high - low or 1.0)
    else:
        low, high = low - 0.28 * spread, high + 0.32 * spread
    if bounded and least >= 0:
        low = max(low, 0.0)
        top = 100.0 if ceiling is None or not np.isfinite(ceiling) else float(ceiling)
        if most <= top:
            high = min(high, top + 0.05 * (top - low))
    return low, high


def draw_cut_ends(ax, xs, lows, highs, color) -> None:
    """Put an arrow where a range leaves the axis."""
    low, high = ax.get_ylim()
    inside = 0.03 * (high - low)  # clear of the unit above the axis
    look = {"ms": 3.2, "color": color, "clip_on": False, "zorder": 6, "gid": "xc:cut"}
    for x, a, b in zip(xs, lows, highs, strict=True):
        if b > high:
            ax.plot([x], [high - inside], "^", **look)
        if a < low:
            ax.plot([x], [low + inside], "v", **look)


def write(ax, text: str, at, *, shift=(0, 0), coords="data", **look) -> None:
    """Write a small text at a place, shifted by points."""
    look = {"size": SIZES["small"], "color": INK, "va": "center", "parse_math": False} | look
    place = {"xycoords": coords, "xytext": shift, "textcoords": "offset points"}
    ax.annotate(text, at, **place, **look)


# ---- reference lines ------------------------------------------------------------------------


def numbers_of(item) -> list:
    """Targets or limits as a list; None is an empty one."""
    if item is None:
        return []
    if isinstance(item, pd.DataFrame):
        return item.to_dict("records")
    if isinstance(item, (list, tuple)):
        return [one for part in item for one in numbers_of(part)]
    return [item]


def target_line(target) -> dict | None:
    """Read a target as a line: value, text, whether it is the district's own; None without one."""
    if isinstance(target, (int, float, np.number)):
        return _line(None, float(target), "target", None)
    if isinstance(target, str):  # a level such as "<= 35", for the plan's year
        target = read_target(target, year=plan_years()[1])
    if hasattr(target, "get"):  # a row of the table
        target = read_target(target)
    kind, mark = target.kind, "target"
    if kind in ("delegated", "qualitative"):
        mark = "city" if kind == "delegated" else "reading"
        target = target.read
    elif kind == "level" and target.reading:  # a reading already made into a level
        mark = "city" if "city" in str(target.reading_id) else "reading"
    if target is None or target.value is None or kind == "change":
        return None
    mark = "city" if target.scope == CITY else mark
    mark = "candidate" if target.binding == "候选" else mark  # adopted by no document
    return _line(target.comparator, float(target.value), mark, target.year)


def _line(comparator, value: float, mark: str, year) -> dict:
    text = COMPARATORS.get(comparator, "") + style.shortest(value)
    text = word(f"plot.line_{mark}", value=tr(text.replace(" ", ""), text))
    return {"value": value, "mark": mark, "text": text, "year": year, "comparator": comparator}


def draw_targets(ax, lines: list[dict], unit: str | None) -> None:
    """Draw targets in orange, the city's numbers and borrowed readings in grey, each named."""
    for line in lines:
        own = line["mark"] == "target"
        color = style.TARGET if own else style.CITY
        _level(ax, line["value"], color, line["text"], ls="-" if own else DASHES["city"])
        key = Key("target" if own else "city", word(f"plot.key_{line['mark']}"), color)
        rows = {"mark": line["mark"], "series": line["text"]}
        record(ax, rows | {"x": [line["year"]], "y": line["value"]}, key, unit=unit)


def _level(ax, value: float, color, text: str, *, ls, x0=None, x1=None, lw=1.0) -> None:
    left, right = ax.get_xlim()
    x0, x1 = left if x0 is None else x0, right if x1 is None else x1
    ax.plot([x0, x1], [value, value], color=color, lw=lw, ls=ls, zorder=1.8, gid="xc:level")
    ax.set_xlim(left, right)
    labels(ax).keep_clear_of_line([x0, x1], [value, value], 1.2)
    labels(ax).along(x0, x1, value, text, color)


def limit_lines(limit) -> list[dict]:
    """Read limits: numbers, or rows of the table ``standards``."""
    rows = [one if isinstance(one, dict) else {"limit": float(one)} for one in numbers_of(limit)]
    return [row | {"text": word("plot.limit", value=style.shortest(row["limit"]))} for row in rows]


def _date_position(day, otherwise: float) -> float:
    if day is None or pd.isna(day):
        return otherwise
    stamp = pd.Timestamp(day)
    return stamp.year + (stamp.day_of_year - 183) / 365.25


def draw_limits(ax, limits: list[dict], unit: str | None) -> None:
    """Draw limits in grey over the years they are in force; one off the axis is told in words."""
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    for limit in limits:
        value, text, source = limit["limit"], limit["text"], limit.get("source_id")
        if not low <= value <= high:
            text += "↑" if value > high else "↓"
            labels(ax).remark(text, style.LIMIT)
            row = {"mark": "remark", "series": text, "y": [value], "source_id": source}
            record(ax, row, Key("note", word("plot.limit_away")), unit=unit)
            continue
        x0 = max(left, _date_position(limit.get("valid_from"), left))
        x1 = min(right, _date_position(limit.get("valid_to"), right))
        if x1 - x0 < 0.5:
            continue
        _level(ax, value, style.LIMIT, text, ls=DASHES["limit"], x0=x0, x1=x1, lw=0.9)
        rows = {"mark": "limit", "series": limit.get("standard") or text, "x": [x0, x1]}
        key = Key("limit", word("plot.key_limit"), style.LIMIT)
        record(ax, rows | {"y": value, "source_id": source}, key, unit=unit)
