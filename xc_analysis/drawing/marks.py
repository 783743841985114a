"""The figure grammar in parts: points, lines, breaks, reference lines and labels on one axes.

Used by the ``plots`` modules only. Positions are in data units; labels are placed by scoring a few
candidate spots against what is already drawn, so that a figure needs no hand-set offsets.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from xc_analysis import style
from xc_analysis.drawing import palette
from xc_analysis.errors import InputError
from xc_analysis.style import tr

JOINED = ("printed", "derived", "computed")
SMALL = 5.6
BREAK_NAME = 5.2
LABEL = 6.8


def axes(ax, width="double", height=70.0):
    """The axes given, or those of a new figure of a print width and a height in mm."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=style.figsize(width, height))[1]


def rows_of(table) -> list[dict]:
    """Rows of a frame, one row, or nothing, as dictionaries."""
    if table is None:
        return []
    if isinstance(table, pd.DataFrame):
        return table.to_dict("records")
    if isinstance(table, pd.Series):
        return [table.to_dict()]
    return [dict(table)] if isinstance(table, Mapping) else [dict(r) for r in table]


def name_of(attrs: dict, default: str = "") -> str:
    """An indicator's name in the language in force, from a frame's attributes."""
    key = f"name_{style.lang()}"
    return str(attrs.get(key) or attrs.get("indicator") or default)


def number(value: float, attrs: dict | None = None) -> str:
    """A value with as many decimals as its size deserves: three figures at most, no more noise."""
    if not np.isfinite(value):
        return tr("无", "none")
    decimals = (attrs or {}).get("decimals")
    if decimals is None or not np.isfinite(decimals):
        decimals = 0 if abs(value) >= 20 or float(value).is_integer() else 1
    return f"{value:,.{int(decimals)}f}"


def width_mm(ax) -> float:
    """Width of an axes before layout, in print millimetres."""
    return ax.get_position().width * ax.figure.get_figwidth() * 25.4


def heading(ax, text: str | None, unit: str | None, *, color: str | None = None) -> None:
    """Title, broken to the width of the axes, and under it the unit, upright at the axis' head."""
    if unit:
        ax.set_ylabel(style.unit_name(unit), rotation=0, ha="left", va="bottom")
        ax.yaxis.set_label_coords(0.0, 1.01)
    if text:
        width = width_mm(ax)
        ax.set_title(
            style.wrap(text, max(1.25 * width, 18), 8.5), color=color or palette.INK, linespacing=1.1,
            pad=13 if unit else 5, parse_math=False,
        )  # fmt: skip


def points_of(frame: pd.DataFrame) -> pd.DataFrame:
    """What is drawn of a series: x, value, lower, upper, kind, basis, release, sorted by x.

    Raises
    ------
    InputError
        When the frame has no ``value`` column or its index is no number.
    """
    if "value" not in frame:
        raise InputError("plot_series: the frame has no column 'value'; give what series() returns")
    try:
        x = np.asarray(frame.index, dtype=float)
    except (TypeError, ValueError):
        raise InputError("plot_series: the index is not years; set_index('year') first") from None
    out = pd.DataFrame({"x": x})
    for column in ("value", "lower", "upper"):
        out[column] = (
            pd.to_numeric(frame[column], errors="coerce").to_numpy(float)
            if column in frame
            else np.nan
        )
    status = frame.assign(status=frame["status"] if "status" in frame else "printed")
    out["kind"] = style.evidence_status(status).to_numpy()
    unknown = set(out["kind"].dropna()) - set(palette.STATUS)
    if unknown:
        raise InputError(
            f"plot_series: status {sorted(unknown)[0]!r} is not known; "
            f"use one of {', '.join(palette.STATUS)}"
        )
    for column in ("basis", "release"):
        out[column] = frame[column].fillna("").astype(str).to_numpy() if column in frame else ""
    return out.sort_values("x", kind="stable", ignore_index=True)


def joined_path(points: pd.DataFrame, step: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The line through a series, NaN wherever it must break.

    It breaks where a period is missing, where the basis changes, and at every point that may not
    be joined: partial years, estimates, bounds.
    """
    xs: list[float] = []
    ys: list[float] = []
    before = None
    for row in points.itertuples(index=False):
        if row.kind not in JOINED or not np.isfinite(row.value):
            before = None
            continue
        apart = before is None or row.x - before.x > 1.5 * step or row.basis != before.basis
        if apart and xs:
            xs.append(np.nan)
            ys.append(np.nan)
        xs.append(row.x)
        ys.append(row.value)
        before = row
    return np.array(xs), np.array(ys)


def basis_breaks(points: pd.DataFrame) -> list[tuple[float, str]]:
    """Where the basis changes along a series, and what the change is called.

    A year between two bases (token ending in ``mixed`` or ``unknown``) is one break, not two. A
    break with a known date is put at that date, an annual value standing at mid-year.
    """
    found = []
    known = points[points["basis"] != ""]
    pure = known[~known["basis"].str.endswith(("mixed", "unknown"))]
    for (x0, b0), (x1, b1) in zip(
        pure[["x", "basis"]].to_numpy()[:-1], pure[["x", "basis"]].to_numpy()[1:], strict=True
    ):
        if b0 == b1:
            continue
        known_break = palette.BREAKS.get((b0, b1))
        day = day_position(known_break[0]) if known_break else None
        x = (x0 + x1) / 2 if day is None else day
        found.append((float(x), tr(*known_break[1]) if known_break else f"{b0} → {b1}"))
    return found


def draw_points(ax, points: pd.DataFrame, color: str, *, size: float = 4.4, zorder: float = 5):
    """Markers and bars by the evidence grammar."""
    for kind, (marker, filled, *_) in palette.STATUS.items():
        rows = points[points["kind"] == kind]
        if rows.empty:
            continue
        if kind in ("estimated", "bound"):
            _draw_bars(ax, rows, kind, color)
        else:
            whisker = rows[(rows["upper"] - rows["lower"]) > 0]
            if len(whisker):
                ax.vlines(
                    whisker["x"], whisker["lower"], whisker["upper"], color=color, lw=0.7,
                    alpha=0.55, zorder=zorder - 1, gid=f"range:{kind}",
                )  # fmt: skip
        if marker is None:
            continue
        rows = rows[np.isfinite(rows["value"])]
        if rows.empty:  # an empty unclipped line would claim the corner of the figure in the layout
            continue
        ax.plot(
            rows["x"], rows["value"], linestyle="none", marker=marker, gid=f"status:{kind}",
            ms=size * (0.92 if marker == "D" else 1.08), zorder=zorder, clip_on=False,
            mfc=color if filled else "white", mec="white" if filled else color,
            mew=0.5 if filled else 1.0,
        )  # fmt: skip


def draw_estimates(ax, rows: pd.DataFrame, color: str) -> None:
    """Estimates as bars with a tick, for a year whose marker is the value as observed."""
    if len(rows):
        _draw_bars(ax, rows, "estimated", color)
        ax.plot(rows["x"], rows["value"], "_", color=color, ms=5, mew=1.0, zorder=3.6, ls="none",
                gid="tick:estimated")  # fmt: skip


def _draw_bars(ax, rows: pd.DataFrame, kind: str, color: str) -> None:
    both = rows[np.isfinite(rows["lower"]) & np.isfinite(rows["upper"])]
    width, alpha = (2.6, 0.35) if kind == "estimated" else (4.0, 0.45)
    if len(both):
        ax.vlines(
            both["x"], both["lower"], both["upper"], color=color, lw=width, alpha=alpha, zorder=3.5,
            gid=f"bar:{kind}", capstyle="butt",
        )  # fmt: skip
    for row in rows[np.isfinite(rows["lower"]) ^ np.isfinite(rows["upper"])].itertuples():
        end, way = (row.upper, -1) if np.isfinite(row.upper) else (row.lower, 1)
        ax.plot([row.x], [end], "_", color=color, ms=5, mew=1.0, zorder=4, gid=f"bar:{kind}")
        # the head sits at the far end: it points to where the value may lie
        ax.annotate(
            "", (row.x, end), xytext=(0, way * 10), textcoords="offset points", zorder=4,
            arrowprops={"arrowstyle": "<|-,head_length=.28,head_width=.13", "color": color,
                        "lw": 0.8, "shrinkA": 0, "shrinkB": 0},
            annotation_clip=False,
        )  # fmt: skip


def day_position(day) -> float | None:
    """A date on an axis where a year's value stands at the middle of its year."""
    if day is None or pd.isna(day) or day == "":
        return None
    stamp = pd.Timestamp(day)
    return stamp.year + (stamp.day_of_year - 1) / 365.25 - 0.5


def draw_breaks(ax, breaks: Iterable[tuple[float, str]]) -> None:
    """Thin vertical rules, named along the rule where it is emptiest."""
    names = labels(ax)
    for x, text in breaks:
        ax.axvline(x, color=palette.BREAK, lw=0.6, ls=(0, (1, 2)), zorder=1.5, gid="break")
        names.beside_rule(x, text, palette.BREAK)


def shade_span(ax, span: Sequence) -> None:
    """Grey ground under a span of years (first, last, name), named at its foot."""
    first, last, *name = span
    ax.axvspan(first - 0.5, last + 0.5, color=palette.SHADE, lw=0, zorder=0.5, gid="shade")
    if name and name[0]:
        ax.annotate(
            str(name[0]), (first - 0.5, 0), xycoords=("data", "axes fraction"),
            xytext=(2, 3), textcoords="offset points", size=SMALL, color="#8D96A3", ha="left",
            va="bottom", zorder=0.6, parse_math=False, gid="shade-name",
        )  # fmt: skip


def years_axis(ax, first: float, last: float, pad: float = 0.7) -> None:
    """Whole years, as many labels as a narrow panel can carry."""
    from matplotlib.ticker import MultipleLocator, NullFormatter

    ax.set_xlim(first - pad, last + pad)
    room = ax.get_position().width * ax.figure.get_figwidth() * 72 / 24  # labels side by side
    span = last - first + 2 * pad
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if span / s <= max(room, 2) or s == 100)
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.xaxis.set_major_formatter("{x:.0f}")
    if step > 1:
        ax.xaxis.set_minor_locator(MultipleLocator(1 if step <= 5 else step / 2))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="x", which="minor", length=1.4, width=0.4, color="#9A9A9A")


def value_limits(values, attrs: dict, *, include=()) -> tuple[float, float]:
    """Limits of the value axis: from zero where zero has a meaning, never past 100 %."""
    flat = np.concatenate([np.ravel(np.asarray(v, float)) for v in (*values, include)])
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return 0.0, 1.0
    low, high = float(flat.min()), float(flat.max())
    scale, ceiling = attrs.get("scale"), attrs.get("ceiling")
    span = (high - low) or abs(high) * 0.1 or 1.0
    if scale in ("log", "count") or (scale == "logit" and low < 50):
        low, high = min(0.0, low), high + 0.16 * (high - min(0.0, low) or 1.0)
    else:
        low, high = low - 0.25 * span, high + 0.30 * span
    if scale == "logit":
        low = max(low, float(attrs.get("floor") or 0))
        if ceiling is not None and np.isfinite(ceiling):
            high = min(high, ceiling + 0.06 * (ceiling - low))
    return low, high


def labels(ax):
    """The one ``Labels`` of an axes, made when first asked for."""
    for artist in ax.artists:
        if artist.get_gid() == "labels":
            return artist
    return ax.add_artist(_labels_class()(ax))


@cache
def _labels_class():
    from matplotlib.artist import Artist
    from matplotlib.transforms import IdentityTransform

    class Labels(Artist):
        """Texts that find their own place when the figure is drawn.

        Only then are the size of the axes and of each text known. Every text has a few candidate
        spots; it takes the one that overlaps least with markers, lines and earlier texts.
        """

        def __init__(self, ax):
            super().__init__()
            self.set(gid="labels", zorder=6, in_layout=False)
            self.home = ax
            self.dots: list[tuple] = []  # (xs, ys) in data units
            self.lines: list[tuple] = []
            self.wanted: list[tuple] = []  # (text, function from (w, h) to spots)

        def _write(self, text, color, size, spots, **kw):
            artist = self.home.text(
                0, 0, text, size=size, color=color, ha="center", va="center",
                transform=IdentityTransform(), parse_math=False, clip_on=False,
                in_layout=False, **{"path_effects": _halo(), "zorder": 7, **kw},
            )  # fmt: skip
            self.wanted.append((artist, spots))

        def beside_point(self, x, y, text, color, size=LABEL) -> None:
            """Write a text next to a point."""

            def spots(w, h):
                px, py = self._at(x, y)
                dx, dy = w / 2 + 3.2, h / 2 - 0.2
                ways = [
                    (0.75, 1), (0, 1), (-0.75, 1), (1, 0), (0, -1), (-0.75, -1), (0.75, -1),
                    (-1, 0), (1, 1.7), (0, 1.9), (0, -1.9), (-1, 1.7), (1, -1.7),
                ]  # fmt: skip
                return [(px + i * dx, py + j * dy) for i, j in ways]

            self._write(text, color, size, spots, gid="label")

        def after_point(self, x, y, text, color, size=LABEL) -> None:
            """Write a text to the right of a line's end, moved up or down where it must."""

            def spots(w, h):
                px, py = self._at(x, y)
                return [(px + 4 + w / 2, py + k * 0.5 * h) for k in (0, 1, -1, 2, -2, 3, -3)]

            self._write(text, color, size, spots, gid="label")

        def along_line(self, x0, x1, y, text, color, size=SMALL) -> None:
            """Name a horizontal line at its emptiest stretch, above or below it."""

            def spots(w, h):
                (px0, py), (px1, _) = self._at(x0, y), self._at(x1, y)
                px0, px1 = max(px0, 1), min(px1, self._size()[0] - 1)
                across = [px1 - w / 2, px0 + w / 2, (px0 + px1) / 2, (px0 + 2 * px1) / 3]
                level = [(px, py + way * (h / 2 + 0.8)) for px in across for way in (1, -1)]
                return [*level, (px0 - w / 2 - 2, py), (px1 + w / 2 + 3, py)]

            self._write(text, color, size, spots, gid="line-name")

        def beside_rule(self, x, text, color, size=BREAK_NAME) -> None:
            """Name a vertical rule along itself."""

            def spots(w, h):
                px, top = self._at(x, 0)[0], self._size()[1]
                ends = [top - h / 2 - 1, top - h / 2 - 9, h / 2 + 11, top / 2]
                return [(px + way * (w / 2 + 0.8), py) for py in ends for way in (1, -1)]

            self._write(text, color, size, spots, gid="break-name", rotation=90, zorder=1.6,
                        path_effects=None)  # fmt: skip

        def in_corner(self, text, color, size=SMALL) -> None:
            """Write a remark in the emptiest upper corner."""

            def spots(w, h):
                width, top = self._size()
                return [(width - w / 2 - 1, top - h / 2), (w / 2 + 1, top - h / 2)]

            self._write(text, color, size, spots, gid="remark")

        def _at(self, x, y):
            box = self.home.bbox
            px = self.home.transData.transform((x, y)) - (box.x0, box.y0)
            return px * 72 / self.home.figure.dpi

        def _size(self):
            box = self.home.bbox
            return np.array([box.width, box.height]) * 72 / self.home.figure.dpi

        def _taken(self) -> np.ndarray:
            """Boxes of markers and lines: x0, y0, x1, y1, weight."""
            boxes = []
            for xs, ys in self.dots:
                for x, y in zip(xs, ys, strict=True):
                    if np.isfinite(x) and np.isfinite(y):
                        px, py = self._at(x, y)
                        boxes.append((px - 2.6, py - 2.6, px + 2.6, py + 2.6, 2.0))
            for xs, ys in self.lines:
                for i in range(len(xs) - 1):
                    ends = np.array([xs[i], ys[i], xs[i + 1], ys[i + 1]], float)
                    if np.isfinite(ends).all():
                        a, b = self._at(*ends[:2]), self._at(*ends[2:])
                        for t in np.linspace(0, 1, max(3, int(np.hypot(*(b - a)) / 3))):
                            px, py = a + t * (b - a)
                            boxes.append((px - 0.8, py - 0.8, px + 0.8, py + 0.8, 0.35))
            return np.array(boxes).reshape(-1, 5)

        def _cost(self, box, taken) -> float:
            w = np.minimum(box[2], taken[:, 2]) - np.maximum(box[0], taken[:, 0])
            h = np.minimum(box[3], taken[:, 3]) - np.maximum(box[1], taken[:, 1])
            hit = (w > 0) & (h > 0)
            width, top = self._size()
            outside = max(0, -box[0]) + max(0, box[2] - width - 6)
            outside += 2 * (max(0, 1 - box[1]) + max(0, box[3] - top - 2))
            return float((taken[:, 4] * (w * h + 4))[hit].sum()) + 12 * outside

        def draw(self, renderer) -> None:
            """Place every text; they are drawn after this artist."""
            taken, origin = self._taken(), np.array([self.home.bbox.x0, self.home.bbox.y0])
            scale = 72 / self.home.figure.dpi
            for text, spots in self.wanted:
                box = text.get_window_extent(renderer)
                w, h = box.width * scale, box.height * scale
                boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2, 3.0) for x, y in spots(w, h)]
                costs = [self._cost(b, taken) + 0.4 * i for i, b in enumerate(boxes)]
                best = boxes[int(np.argmin(costs))]
                taken = np.vstack([taken, best])
                text.set_position(
                    origin + np.array([best[0] + best[2], best[1] + best[3]]) / 2 / scale
                )

    return Labels


def _halo(width: float = 1.6):
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground="white")]


def target_text(row, city: bool) -> str:
    """What a target line is called."""
    sign = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> ", "=": ""}.get(
        str(row.get("comparator")), ""
    )
    value = f"{sign}{float(row['value']):g}"
    return tr("全市目标 ", "city's target ") + value if city else tr("目标 ", "target ") + value
