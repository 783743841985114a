"""Points, lines, axes and reference lines on one axes: the grammar of the charts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from .. import style
from ..figures import DASHES, Key, claim, finish, marker_look, panels, record_of, set_year_ticks
from ..style import INK, SIZES, tr
from ..targets import read_target
from ..words import error, word
from .labels import labels

CITY = "北京市"
JOINED = ("printed", "derived", "computed", "draft")
KINDS = ("printed", "derived", "computed", "partial", "estimated", "bound", "draft", "unstated")
COMPARATORS = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> ", "=": ""}


def own_axes(ax, height: float = 62, width: float | None = None):
    """Return the axes given, or those of a new figure, and whether they are new."""
    style.ensure_style(ax)
    if ax is not None:
        return ax, False
    return panels(1, height=height, width=width)[1][0], True


def close_chart(ax, new: bool):
    """Mark everything on the axes as recorded; a chart's own figure gets key and source line."""
    claim(ax)
    if new:
        finish(ax.figure)
    return ax


def record(ax, rows, *keys: Key, unit: str | None = None) -> None:
    """Add rows of the csv and entries of the key to an axes."""
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
    if isinstance(index, pd.MultiIndex):
        year, month = (index.get_level_values(i).to_numpy(float) for i in (0, 1))
        return year + (month - 6.5) / 12
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp() + pd.Timedelta(days=14)
    if isinstance(index, pd.DatetimeIndex):
        return index.year + (index.day_of_year - 183) / 365.25
    try:
        return np.asarray(index, dtype=float)
    except (TypeError, ValueError):
        raise error("error.plot_index") from None


def read_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Read what is drawn of a series: x, value, lower, upper, kind and its evidence, by time."""
    if isinstance(frame, pd.Series):
        attrs = frame.attrs
        frame = frame.to_frame("value")
        frame.attrs = attrs
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
    return points.sort_values("x", kind="stable", ignore_index=True)


def whole(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that set the scale: whole years, estimates and ranges with both ends."""
    return points[~points["kind"].isin(["partial"]) & np.isfinite(points["value"])]


def segments(points: pd.DataFrame, step: float = 1.0) -> list[tuple[int, int, str]]:
    """Pairs of neighbouring points that a line joins: ``line``, or ``link`` over a new basis."""
    found, before = [], None
    for i, row in enumerate(points.itertuples(index=False)):
        if row.kind not in JOINED or not np.isfinite(row.value):
            before = None
            continue
        if before is not None:
            last = points.iloc[before]
            if row.x - last["x"] <= 1.5 * step:
                same = row.basis == last["basis"] or not row.basis or not last["basis"]
                found.append((before, i, "line" if same else "link"))
        before = i
    return found


def draw_line(ax, points: pd.DataFrame, color, *, step: float = 1.0) -> set[str]:
    """Join neighbouring whole years; over a change of basis only by a thin dotted link."""
    kinds = set()
    for a, b, kind in segments(points, step):
        xs, ys = points["x"].iloc[[a, b]], points["value"].iloc[[a, b]]
        look = {"lw": 0.9, "ls": DASHES["link"]} if kind == "link" else {"lw": 1.3}
        ax.plot(xs, ys, color=color, zorder=3, gid=f"xc:{kind}", **look)
        labels(ax).keep_clear_of_line(xs, ys)
        kinds.add(kind)
    return kinds


def link_text(points: pd.DataFrame) -> str:
    """Name the change of basis that a dotted link spans."""
    state = points["basis"].str.startswith("ref-").any()
    return word("plot.link_state") if state else word("plot.link_basis")


def draw_points(ax, points: pd.DataFrame, color, *, size=4.4, zorder=5.0, whisker=0.0) -> set[str]:
    """Draw markers and bars by the kind of evidence; return the kinds that were drawn."""
    kinds = set()
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
        reach = rows["upper"] - rows["lower"]
        wide = rows[(reach > max(whisker, 0)) & (kind != "partial")]
        if len(wide):
            look = {"color": color, "lw": 0.7, "alpha": 0.7, "zorder": zorder - 1}
            ax.vlines(wide["x"], wide["lower"], wide["upper"], gid="xc:range", **look)
            kinds.add("range")
        look = marker_look(kind, color, size) | {"zorder": zorder, "clip_on": False}
        ax.plot(rows["x"], rows["value"], gid=f"xc:{kind}", **look)
        labels(ax).keep_clear(rows["x"], rows["value"], half=max(2.0, 0.62 * size))
    return kinds


def _draw_bars(ax, rows: pd.DataFrame, kind: str, color, zorder: float) -> set[str]:
    """Draw bars; a range with one end is an arrow from it to where the value may lie."""
    from matplotlib.transforms import offset_copy

    both = rows[np.isfinite(rows["lower"]) & np.isfinite(rows["upper"])]
    look = {"color": style.tint(color, 0.45), "lw": 2.6, "capstyle": "butt"}
    look |= {"zorder": zorder - 0.6, "gid": f"xc:{kind}"}
    ax.vlines(both["x"], both["lower"], both["upper"], **look)
    for row in both.itertuples():
        labels(ax).keep_clear_of_line([row.x] * 2, [row.lower, row.upper], 1.0)
    if kind == "estimated":
        known = rows[np.isfinite(rows["value"])]
        look = {"color": color, "ms": 6, "mew": 1.1, "zorder": zorder - 0.5, "gid": "xc:tick"}
        ax.plot(known["x"], known["value"], "_", **look)
        labels(ax).keep_clear(known["x"], known["value"])
    open_ended = rows[np.isfinite(rows["lower"]) ^ np.isfinite(rows["upper"])]
    for row in open_ended.itertuples():
        end, way = (row.upper, -1) if np.isfinite(row.upper) else (row.lower, 1)
        ax.plot([row.x], [end], "_", color=color, ms=6, mew=1.1, zorder=zorder, gid="xc:bound")
        # the head points to where the value may lie
        arrow = {"arrowstyle": "-|>,head_length=.28,head_width=.13", "color": color, "lw": 0.9}
        arrow |= {"shrinkA": 0, "shrinkB": 0}
        away = {"xytext": (row.x, end), "textcoords": "data", "annotation_clip": False}
        place = offset_copy(ax.transData, ax.figure, y=way * 11, units="points")
        ax.annotate("", (row.x, end), xycoords=place, arrowprops=arrow, zorder=zorder, **away)
        labels(ax).keep_clear(row.x, end)
    return ({kind} if len(both) else set()) | ({"bound_end"} if len(open_ended) else set())


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


def years_axis(ax, first: float, last: float, pad: float = 0.7) -> None:
    """Set an axis of whole years, both ends whole."""
    first, last = np.floor(first + 0.5), np.ceil(last - 0.5)
    ax.set_xlim(first - pad, last + pad)
    record_of(ax).years = (first, last)
    set_year_ticks(ax)


def value_ticks(ax) -> None:
    """Set few and round ticks on the value axis."""
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def value_limits(values: Iterable, attrs: dict) -> tuple[float, float]:
    """Limits of the value axis: from zero where zero has a meaning, never far above 100 %."""
    flat = np.concatenate([np.ravel(np.asarray(v, float)) for v in values] or [np.array([])])
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return 0.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    scale, ceiling = attrs.get("scale"), attrs.get("ceiling")
    spread = (high - low) or abs(high) * 0.1 or 1.0
    bounded = attrs.get("unit") == "%" or scale in ("logit", "share")
    if scale in ("log", "count") or (bounded and 0 <= low < 30):
        low, high = min(0.0, low), high + 0.22 * (high - min(0.0, low) or 1.0)
    else:
        low, high = low - 0.28 * spread, high + 0.32 * spread
    if bounded and flat.min() >= 0:
        low = max(low, 0.0)
        top = 100.0 if ceiling is None or not np.isfinite(ceiling) else float(ceiling)
        if flat.max() <= top:
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
        return _line(None, float(target), "target")
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
    return _line(target.comparator, float(target.value), mark) | {"year": target.year}


def _line(comparator, value: float, mark: str) -> dict:
    text = COMPARATORS.get(comparator, "") + style.shortest(value)
    text = tr(text.replace(" ", ""), text)
    names = {"target": "plot.target", "city": "plot.city_target", "reading": "plot.reading"}
    names["candidate"] = "plot.candidate"
    text = word(names[mark], value=text)
    return {"value": value, "mark": mark, "text": text, "year": None, "comparator": comparator}


def draw_targets(ax, lines: list[dict], *, unit: str | None = None) -> None:
    """Draw targets in orange, the city's numbers and borrowed readings in grey, each named."""
    for line in lines:
        own = line["mark"] == "target"
        color = style.TARGET if own else style.CITY
        _level(ax, line["value"], color, line["text"], ls="-" if own else DASHES["city"])
        key = Key("target" if own else "city", word(f"plot.key_{line['mark']}"), color)
        row = {"mark": line["mark"], "series": line["text"], "x": line["year"], "y": line["value"]}
        record(ax, [row], key, unit=unit)


def _level(ax, value: float, color, text: str, *, ls, x0=None, x1=None, lw=1.0) -> None:
    left, right = ax.get_xlim()
    x0, x1 = left if x0 is None else x0, right if x1 is None else x1
    ax.plot([x0, x1], [value, value], color=color, lw=lw, ls=ls, zorder=1.8, gid="xc:level")
    ax.set_xlim(left, right)
    labels(ax).keep_clear_of_line([x0, x1], [value, value], 1.2)
    labels(ax).along(x0, x1, value, text, color)


def limit_lines(limit) -> list[dict]:
    """Read limits: numbers, or rows of the table ``standards``."""
    found = []
    for one in numbers_of(limit):
        if isinstance(one, (int, float, np.number)):
            one = {"limit": one}
        row = {"value": float(one["limit"]), "source_id": one.get("source_id")}
        row |= {"from": _date_position(one.get("valid_from"))}
        row |= {"to": _date_position(one.get("valid_to")), "standard": one.get("standard")}
        found.append(row)
    return found


def _date_position(day) -> float | None:
    if day is None or pd.isna(day) or day == "":
        return None
    stamp = pd.Timestamp(day)
    return stamp.year + (stamp.day_of_year - 183) / 365.25


def draw_limits(ax, limits: list[dict], *, unit: str | None = None) -> None:
    """Draw limits in grey over the years they are in force; one off the axis is told in words."""
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    for limit in limits:
        text = word("plot.limit", value=style.shortest(limit["value"]))
        if not low <= limit["value"] <= high:
            text += "↑" if limit["value"] > high else "↓"
            labels(ax).remark(text, style.LIMIT)
            row = {"mark": "remark", "series": text, "y": limit["value"]}
            note = Key("note", word("plot.limit_away"))
            record(ax, [row | {"source_id": limit["source_id"]}], note, unit=unit)
            continue
        x0 = max(left, limit["from"]) if limit["from"] is not None else left
        x1 = min(right, limit["to"]) if limit["to"] is not None else right
        if x1 - x0 < 0.5:
            continue
        _level(ax, limit["value"], style.LIMIT, text, ls=DASHES["limit"], x0=x0, x1=x1, lw=0.9)
        row = {"mark": "limit", "series": limit["standard"] or text, "x": [x0, x1]}
        rows = pd.DataFrame(row | {"y": limit["value"], "source_id": limit["source_id"]})
        record(ax, rows, Key("limit", word("plot.key_limit"), style.LIMIT), unit=unit)


def hide_frame(ax) -> None:
    """Take away ticks and frame, for charts that are tables."""
    ax.set_axis_off()
    ax.grid(visible=False)
