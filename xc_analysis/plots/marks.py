"""The grammar of the charts: points, lines, axes, and labels that find their own place."""

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.ticker import Locator, MaxNLocator, NullFormatter
from matplotlib.transforms import IdentityTransform

from .. import style
from ..figures import DASHES, MARKERS, Key, finish, marker_look, panels, record_of
from ..observations import CITY
from ..style import INK, SIZES
from ..targets import plan_years, read_target, shown_level
from ..words import error, word

KINDS = (*MARKERS, "estimated", "bound")
NUMBERS = ["value", "lower", "upper"]
EVIDENCE = ["status", "completeness", "basis", "release", "source_id"]
# places around a point in halves of the text's box, the best first
AROUND = [(0, 1), (0.75, 1), (-0.75, 1), (1, 0), (-1, 0), (0, -1), (0.75, -1), (-0.75, -1)]
AROUND += [(0, 1.9), (1, 1.7), (-1, 1.7), (0, -1.9), (1, -1.7), (-1, -1.7), (0, 2.9), (0, -2.9)]
# what it costs to cover a marker, another text, a line
MARKER, TEXT, LINE = 3.0, 4.0, 0.5
WEIGHTS = {"xc:level": 1.2, "xc:estimated": 1.0, "xc:bound": 1.0, "xc:band_95": 0.2}


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


def draw_stroke(ax, kind: str, name: str, xs, ys, color, text="", *, unit=None, **more) -> None:
    """Draw a line by its kind, with its rows of the csv and, under a text, its entry of the key."""
    look = {"ls": DASHES.get(kind, DASHES["link"]), "zorder": 3.5, "gid": f"xc:{kind}"}
    ax.plot(xs, ys, color=color, lw=1.1, **look)
    keys = [Key(kind, text, color)] if text else []
    record(ax, {"mark": kind, "series": name, "x": xs, "y": ys, **more}, *keys, unit=unit)


def kind_text(kind: str) -> str:
    """Return what the key calls a kind of evidence."""
    plain = kind not in ("unstated", "range", "bound_end")
    return word(f"status.{kind}") if plain else word(f"plot.mark_{kind}")


def year_position(stamp) -> float:
    """Place a date, or dates, on an axis where a year's value stands at the year's number."""
    return stamp.year + (stamp.day_of_year - 183) / 365.25


def read_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Read what is drawn of a series: x, value, lower, upper, kind and its evidence, by time."""
    if not isinstance(frame, pd.DataFrame) or "value" not in frame:
        raise error("error.plot_frame")
    points = frame.reindex(columns=NUMBERS).apply(pd.to_numeric, errors="coerce").astype(float)
    evidence = frame.reindex(columns=EVIDENCE).astype(object)
    points[EVIDENCE] = evidence.where(evidence.notna(), "").astype(str)
    if isinstance(frame.index, pd.PeriodIndex):
        x = year_position(frame.index.to_timestamp() + pd.Timedelta(days=14))
    else:
        x = pd.to_numeric(frame.index, errors="coerce")
    if x.isna().any():
        raise error("error.plot_index")
    points.insert(0, "x", np.asarray(x, float))
    kind = points["status"].replace({"": "unstated", "nan": "unstated"})
    partial = (kind == "computed") & (points["completeness"] == "partial")
    points["kind"] = kind.where(~partial, "partial")
    if unknown := sorted(set(points["kind"]) - set(KINDS)):
        raise error("error.plot_status", status=unknown[0], known=", ".join(KINDS))
    if frame.attrs.get("partial", "observed") != "observed":  # else its parts of years are drawn
        points = points[~partial]
    return points.sort_values("x", kind="stable", ignore_index=True)


def whole(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that set the scale: whole years and estimates."""
    return points[(points["kind"] != "partial") & np.isfinite(points["value"])]


def draw_points(ax, points: pd.DataFrame, color, *, size=4.4, zorder=5.0) -> set[str]:
    """Draw markers and bars by the kind of evidence; return the kinds that were drawn."""
    kinds, height = set(), np.ptp(ax.get_ylim())
    for kind, rows in points.groupby("kind", sort=False):
        ends = rows[["lower", "upper"]].notna()
        known, both, one_end = rows["value"].notna(), ends.all(axis=1), ends.sum(axis=1) == 1
        if kind in MARKERS:
            # a range narrower than the marker is not drawn
            both &= (rows["upper"] - rows["lower"] > 0.03 * height) & (kind != "partial")
            bar, look = "range", {"color": color, "lw": 0.7, "alpha": 0.7, "zorder": zorder - 1}
            marker = marker_look(kind, color, size) | {"gid": f"xc:{kind}", "zorder": zorder}
            marker["clip_on"] = False
            kinds |= {kind} if known.any() else set()
        else:
            bar, look = kind, {"color": style.tint(color, 0.45), "lw": 2.6, "zorder": zorder - 0.6}
            marker = {"color": color, "marker": "_", "ms": 6, "mew": 1.1, "ls": "none"}
            marker |= {"gid": "xc:tick", "zorder": zorder - 0.5}
            known &= kind == "estimated"
            if one_end.any():  # an arrow from the end that is known to where the value may lie
                kinds |= {"bound_end"}
                x, lower, upper = (rows[name][one_end] for name in ("x", "lower", "upper"))
                arrow = {"uplims": upper.notna(), "lolims": lower.notna(), "zorder": zorder}
                arrow |= {"fmt": "_", "color": color, "ms": 6, "mew": 1.1, "elinewidth": 0.9}
                ax.errorbar(x, upper.fillna(lower), 0.07 * height, capsize=1.5, **arrow)
        if both.any():
            kinds |= {bar}
            at, low, high = rows.loc[both, ["x", "lower", "upper"]].to_numpy().T
            ax.vlines(at, low, high, gid=f"xc:{bar}", **look)
        if known.any():
            ax.plot(rows["x"][known], rows["value"][known], **marker)
    known = points[points["value"].notna()]
    draw_cut_ends(ax, *(known[name].fillna(known["value"]) for name in ("x", *NUMBERS[1:])), color)
    return kinds


class YearLocator(Locator):
    """Name as many years as the axis can carry, the last one among them where it can."""

    def __init__(self, first: float, last: float, *, minor: bool = False) -> None:
        self.years, self.minor = np.arange(first, last + 1), minor

    def __call__(self) -> np.ndarray:
        """Return the years named, or those that have a small tick between them."""
        years, ax = self.years, self.axis.axes
        room = max(2, int(ax.bbox.width / ax.figure.dpi * style.MM / 8.5))
        step = next((s for s in (1, 2, 5, 10, 20, 50) if len(years) / s <= room), 100)
        if step == 2 and not (years[[0, -1]] % 5).any():
            step = 5  # both ends are named
        if self.minor:
            return years if step in (2, 5) else years[:0]
        # every second year counts back from the last, which is the one that is looked for
        named = years[(years[-1] - years if step == 2 else years) % step == 0]
        return named if len(named) > 1 else years[[0, -1]]


def years_axis(ax, first: float, last: float) -> None:
    """Set an axis of whole years, both ends whole."""
    first, last = np.floor(first + 0.5), np.ceil(last - 0.5)
    ax.set_xlim(first - 0.7, last + 0.7)
    ax.xaxis.set_major_locator(YearLocator(first, last))
    ax.xaxis.set_minor_locator(YearLocator(first, last, minor=True))
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", length=1.4, width=0.4, color="#9A9A9A")


def value_axis(ax, values: np.ndarray, attrs: dict, limits=None) -> None:
    """Set the value axis: from zero where zero has a meaning, never far above 100 %; few ticks."""
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    values = values[np.isfinite(values)]
    if limits or values.size == 0:
        ax.set_ylim(limits or (0.0, 1.0))
        return
    low, high = least, most = float(values.min()), float(values.max())
    scale, top = attrs.get("scale"), attrs.get("ceiling")
    top = 100.0 if top is None or not np.isfinite(top) else float(top)
    bounded = attrs.get("unit") == "%" or scale in ("logit", "share")
    if scale in ("log", "count") or (bounded and 0 <= low < 30):
        low = min(0.0, low)
        high += 0.22 * (high - low or 1.0)
    else:
        spread = (high - low) or abs(high) * 0.1 or 1.0
        low, high = low - 0.28 * spread, high + 0.32 * spread
    if bounded and least >= 0:
        low = max(low, 0.0)
        high = min(high, top + 0.05 * (top - low)) if most <= top else high
    ax.set_ylim(low, high)


def draw_cut_ends(ax, xs, lows, highs, color) -> None:
    """Put an arrow where a range leaves the axis, clear of the unit above it."""
    low, high = ax.get_ylim()
    inside = 0.03 * (high - low)
    for cut, at, marker in ((highs > high, high - inside, "^"), (lows < low, low + inside, "v")):
        if cut.any():
            look = {"ms": 3.2, "color": color, "clip_on": False, "zorder": 6, "gid": "xc:cut"}
            ax.plot(xs[cut], np.full(cut.sum(), at), marker, **look)


def write(ax, text: str, at, *, shift=(0, 0), coords="data", **look) -> None:
    """Write a small text at a place, shifted by points."""
    look = {"size": SIZES["small"], "color": INK, "va": "center", "parse_math": False} | look
    place = {"xycoords": coords, "xytext": shift, "textcoords": "offset points"}
    ax.annotate(text, at, **place, **look)


def listed(item) -> list:
    """Targets, limits or trends as a list; None is an empty one, rows of a table are dicts."""
    if item is None:
        return []
    if isinstance(item, pd.DataFrame):
        return item.to_dict("records")
    if isinstance(item, (list, tuple)):
        return [one for part in item for one in listed(part)]
    return [item]


def target_lines(targets) -> list[dict]:
    """Read targets that have a number as lines: value, text, mark, year, key, comparator."""
    lines = []
    for target in listed(targets):
        mark, year = "target", None
        if isinstance(target, (int, float, np.number)):
            comparator, value = None, float(target)
        else:
            if isinstance(target, str):  # a level such as "<= 35", for the plan's year
                target = read_target(target, year=plan_years()[1])
            elif hasattr(target, "get"):  # a row of the table
                target = read_target(target)
            if target.kind in ("delegated", "qualitative"):
                mark = "city" if target.kind == "delegated" else "reading"
                target = target.read
            elif target.kind == "level" and target.reading:  # a reading already made into a level
                mark = "city" if "city" in str(target.reading_id) else "reading"
            if target is None or target.value is None or target.kind == "change":
                continue
            mark = "city" if target.scope == CITY else mark
            mark = "candidate" if target.binding == "候选" else mark  # adopted by no document
            comparator, value, year = target.comparator, float(target.value), target.year
        level = style.shortest(value)
        level = level if comparator in (None, "=") else shown_level(comparator, level)
        text = word(f"plot.line_{mark}", value=level)
        kind, color = ("city", style.CITY) if mark != "target" else ("target", style.TARGET)
        key = Key(kind, word(f"plot.key_{mark}"), color)
        line = {"value": value, "text": text, "mark": mark, "year": year, "key": key}
        lines.append(line | {"comparator": comparator})
    return lines


def draw_targets(ax, lines: list[dict], unit: str | None) -> None:
    """Draw targets in orange, the city's numbers and borrowed readings in grey, each named."""
    for line in lines:
        _draw_level(ax, line["key"], line["value"], line["text"], ax.get_xlim())
        rows = {"mark": line["mark"], "series": line["text"]}
        record(ax, rows | {"x": [line["year"]], "y": line["value"]}, line["key"], unit=unit)


def _draw_level(ax, key: Key, value: float, text: str, ends) -> None:
    look = {"color": key.color, "lw": 1.0, "ls": DASHES.get(key.kind, "-"), "zorder": 1.8}
    ax.plot(ends, [value, value], gid="xc:level", **look)
    label(ax, "along", [(x, value) for x in ends], text, key.color)


def draw_limits(ax, limits: list[dict], unit: str | None) -> None:
    """Draw limits in grey over the years they are in force; one off the axis is told in words."""
    low, high = ax.get_ylim()
    for limit in limits:
        value, source = limit["limit"], limit.get("source_id")
        text = word("plot.limit", value=style.shortest(value))
        if not low <= value <= high:
            text += "↑" if value > high else "↓"
            label(ax, "corner", None, text, style.LIMIT)
            row = {"mark": "remark", "series": text, "y": [value], "source_id": source}
            record(ax, row, Key("note", word("plot.limit_away")), unit=unit)
            continue
        ends = list(ax.get_xlim())
        for i, end in enumerate(("valid_from", "valid_to")):
            if pd.notna(day := pd.to_datetime(limit.get(end))):
                ends[i] = float(np.clip(year_position(day), *ax.get_xlim()))
        if ends[1] - ends[0] < 0.5:
            continue
        key = Key("limit", word("plot.key_limit"), style.LIMIT)
        _draw_level(ax, key, value, text, ends)
        rows = {"mark": "limit", "series": limit.get("standard") or text, "x": ends}
        record(ax, rows | {"y": value, "source_id": source}, key, unit=unit)


def label(ax, where: str, at, text: str, color) -> None:
    """Write a text ``beside`` or ``after`` a point, ``along`` a line's ends or in a ``corner``."""
    size = SIZES["label"] if where in ("beside", "after") else SIZES["small"]
    look = {"size": size, "color": color, "ha": "center", "va": "center", "linespacing": 1.1}
    look |= {"transform": IdentityTransform(), "in_layout": False, "zorder": 7, "gid": "label"}
    look["path_effects"] = [patheffects.withStroke(linewidth=1.6, foreground="white")]
    own = [artist for artist in ax.artists if isinstance(artist, Labels)]
    labels = own[0] if own else ax.add_artist(Labels(ax))
    labels.wanted.append((where, at, ax.text(0, 0, text, parse_math=False, **look)))


class Labels(Artist):
    """The texts of one axes, placed when it is drawn, where they cover least; lengths are points."""

    def __init__(self, ax) -> None:
        super().__init__()
        self.set(zorder=6, in_layout=False)
        self.home = ax
        self.wanted: list[tuple] = []

    def draw(self, renderer) -> None:
        """Place every text; they are drawn after this artist."""
        taken, scale = self._taken(), 72 / self.home.figure.dpi
        width, top = self.home.bbox.size * 72 / self.home.figure.dpi
        for where, at, text in self.wanted:
            size = text.get_window_extent(renderer).size * scale
            spots = np.array(self._spots(where, at, *size, taken))
            boxes = np.c_[spots - size / 2, spots + size / 2, np.full(len(spots), TEXT)]
            costs = []  # by what a spot covers, how far it leaves the axes, and its rank
            for i, box in enumerate(boxes):
                sides = np.minimum(box[2:4], taken[:, 2:4]) - np.maximum(box[:2], taken[:, :2])
                covered = (sides > 0).all(axis=1) * (sides.prod(axis=1) + 4) @ taken[:, 4]
                beyond = -box[0], box[2] - width - 8, 1 - box[1], box[3] - top - 0.5
                costs.append(covered + 12 * np.maximum(0, beyond) @ [1, 1, 2, 2] + 0.5 * i)
            best = np.argmin(costs)
            taken = np.vstack([taken, boxes[best]])
            text.set_position(self.home.bbox.p0 + spots[best] / scale)

    def _spots(self, where: str, at, w: float, h: float, taken: np.ndarray):
        """Places for the middle of a text of a width and height, the best first."""
        width, top = self.home.bbox.size * 72 / self.home.figure.dpi
        if where == "corner":
            across, up = (width - w / 2 - 1, w / 2 + 2), (top - h / 2 - 1, h / 2 + 2)
            return [(x, y) for y in up for x in across]
        if where == "along":
            (left, up), (right, _) = self._at(at)
            ends = min(right, width - 1) - w / 2, max(left, 1) + w / 2
            across = np.linspace(*ends, 7) if ends[0] > ends[1] else [(left + right) / 2]
            return [(x, up + way * (h / 2 + 1.0)) for way in (1, -1) for x in across]
        (at,) = self._at([at])
        if where == "after":
            return [at + (4.5 + w / 2, up * h / 2) for up in (0, 1, -1, 2, -2, 3, -3)]
        dots = taken[taken[:, 4] == MARKER]
        on = (np.abs((dots[:, :2] + dots[:, 2:4]) / 2 - at) < 2).all(axis=1)
        gap = max((dots[on, 2] - dots[on, 0]) / 2, default=2.8)
        return at + np.array(AROUND) * (w / 2 + gap + 1.4, h / 2 + gap - 0.8)

    def _at(self, places, transform=None) -> np.ndarray:
        pixels = (transform or self.home.transData).transform(places)
        return (pixels - self.home.bbox.p0) * 72 / self.home.figure.dpi

    def _taken(self) -> np.ndarray:
        """Boxes of markers and lines: x0, y0, x1, y1, weight."""
        boxes = [np.empty((0, 5))]

        def add(places, half: float, weight: float) -> None:
            places = places[np.isfinite(places).all(axis=1)]
            boxes.append(np.c_[places - half, places + half, np.full(len(places), weight)])

        lines = [artist for artist in self.home.lines if artist.get_linestyle() != "None"]
        bars = [one for one in self.home.collections if isinstance(one, LineCollection)]
        for dots in self.home.lines:
            if dots.get_marker() != "None":
                half = max(2.0, 0.62 * dots.get_markersize())
                add(self._at(dots.get_xydata(), dots.get_transform()), half, MARKER)
        for stroke in (*lines, *bars):
            for path in stroke.get_paths() if stroke in bars else [stroke.get_path()]:
                corners = self._at(path.vertices, stroke.get_transform())
                for a, b in zip(corners[:-1], corners[1:], strict=True):
                    length = np.nan_to_num(np.hypot(*(b - a)))
                    steps = np.linspace(0, 1, min(200, max(3, int(length / 3))))
                    add(a + steps[:, None] * (b - a), 0.8, WEIGHTS.get(stroke.get_gid(), LINE))
        return np.vstack(boxes)
