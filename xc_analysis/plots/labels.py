"""Labels that find their own place when a figure is drawn.

Only then are the size of the axes and of each text known. A text has a few candidate spots and
takes the one that overlaps least with markers, lines and earlier texts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.transforms import IdentityTransform

from ..style import SIZES

DOT = 2.8  # half of a marker's box in points
# places around a point in halves of the text's box, the best first
AROUND = [(0, 1), (0.75, 1), (-0.75, 1), (1, 0), (-1, 0), (0, -1), (0.75, -1), (-0.75, -1)]
AROUND += [(0, 1.9), (1, 1.7), (-1, 1.7), (0, -1.9), (1, -1.7), (-1, -1.7), (0, 2.9), (0, -2.9)]


class Labels(Artist):
    """The texts of one axes and what they must keep clear of."""

    def __init__(self, ax) -> None:
        super().__init__()
        self.set(gid="labels", zorder=6, in_layout=False)
        self.home = ax
        self.dots: list[tuple] = []  # (xs, ys, half of the marker in points), in data units
        self.lines: list[tuple] = []  # (xs, ys, weight)
        self.wanted: list[tuple] = []  # (text, function from (w, h) in points to spots)

    def keep_clear(self, xs, ys, *, half: float = DOT) -> None:
        """Note points that no text should cover; ``half`` is half their size in points."""
        self.dots.append((*_arrays(xs, ys), half))

    def keep_clear_of_line(self, xs, ys, weight: float = 0.5) -> None:
        """Note a line that texts should rather not cross."""
        self.lines.append((*_arrays(xs, ys), weight))

    def beside(self, x, y, text: str, color, size: float = SIZES["label"]) -> None:
        """Write a text next to a point."""
        gap = max([half for xs, ys, half in self.dots if _holds(xs, ys, x, y)], default=DOT)

        def spots(w, h):
            px, py = self._at(x, y)
            dx, dy = w / 2 + gap + 1.4, h / 2 + gap - 0.8
            return [(px + i * dx, py + j * dy) for i, j in AROUND]

        self._write(text, color, size, spots)

    def after(self, x, y, text: str, color, size: float = SIZES["label"]) -> None:
        """Write a text to the right of a point, moved up or down where it must."""

        def spots(w, h):
            px, py = self._at(x, y)
            return [(px + 4.5 + w / 2, py + k * 0.5 * h) for k in (0, 1, -1, 2, -2, 3, -3)]

        self._write(text, color, size, spots)

    def along(self, x0, x1, y, text: str, color, size: float = SIZES["small"]) -> None:
        """Name a horizontal line at its emptiest stretch, above or below it."""

        def spots(w, h):
            (px0, py), (px1, _) = self._at(x0, y), self._at(x1, y)
            left, right = max(px0, 1) + w / 2, min(px1, self._size()[0] - 1) - w / 2
            across = np.linspace(right, left, 7) if right > left else [(px0 + px1) / 2]
            return [(px, py + way * (h / 2 + 1.0)) for way in (1, -1) for px in across]

        self._write(text, color, size, spots)

    def remark(self, text: str, color, size: float = SIZES["small"]) -> None:
        """Write a remark in the emptiest corner."""

        def spots(w, h):
            width, top = self._size()
            across, up = (width - w / 2 - 1, w / 2 + 2), (top - h / 2 - 1, h / 2 + 2)
            return [(px, py) for py in up for px in across]

        self._write(text, color, size, spots)

    def _write(self, text: str, color, size: float, spots: Callable) -> None:
        look = {"size": size, "color": color, "ha": "center", "va": "center", "linespacing": 1.1}
        look |= {"transform": IdentityTransform(), "in_layout": False, "zorder": 7}
        look["path_effects"] = [patheffects.withStroke(linewidth=1.6, foreground="white")]
        artist = self.home.text(0, 0, text, parse_math=False, gid="label", **look)
        self.wanted.append((artist, spots))

    def _at(self, x, y) -> np.ndarray:
        """Place of a point in printer's points from the corner of the axes."""
        box = self.home.bbox
        px = self.home.transData.transform((x, y)) - (box.x0, box.y0)
        return px * 72 / self.home.figure.dpi

    def _size(self) -> np.ndarray:
        box = self.home.bbox
        return np.array([box.width, box.height]) * 72 / self.home.figure.dpi

    def _taken(self) -> np.ndarray:
        """Boxes of markers and lines: x0, y0, x1, y1, weight."""
        boxes = []
        for xs, ys, half in self.dots:
            for x, y in zip(xs, ys, strict=True):
                if np.isfinite(x) and np.isfinite(y):
                    px, py = self._at(x, y)
                    boxes.append((px - half, py - half, px + half, py + half, 3.0))
        for xs, ys, weight in self.lines:
            for i in range(len(xs) - 1):
                ends = np.array([xs[i], ys[i], xs[i + 1], ys[i + 1]], float)
                if np.isfinite(ends).all():
                    a, b = self._at(*ends[:2]), self._at(*ends[2:])
                    for t in np.linspace(0, 1, min(200, max(3, int(np.hypot(*(b - a)) / 3)))):
                        px, py = a + t * (b - a)
                        boxes.append((px - 0.8, py - 0.8, px + 0.8, py + 0.8, weight))
        return np.array(boxes, float).reshape(-1, 5)

    def _cost(self, box, taken: np.ndarray) -> float:
        w = np.minimum(box[2], taken[:, 2]) - np.maximum(box[0], taken[:, 0])
        h = np.minimum(box[3], taken[:, 3]) - np.maximum(box[1], taken[:, 1])
        hit = (w > 0) & (h > 0)
        width, top = self._size()
        outside = max(0, -box[0]) + max(0, box[2] - width - 8)
        outside += 2 * (max(0, 1 - box[1]) + max(0, box[3] - top - 0.5))
        return float((taken[:, 4] * (w * h + 4))[hit].sum()) + 12 * outside

    def draw(self, renderer) -> None:
        """Place every text; they are drawn after this artist."""
        taken = self._taken()
        origin = np.array([self.home.bbox.x0, self.home.bbox.y0])
        scale = 72 / self.home.figure.dpi
        for text, spots in self.wanted:
            box = text.get_window_extent(renderer)
            w, h = box.width * scale, box.height * scale
            boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2, 4.0) for x, y in spots(w, h)]
            costs = [self._cost(b, taken) + 0.5 * i for i, b in enumerate(boxes)]
            best = boxes[int(np.argmin(costs))]
            taken = np.vstack([taken, best])
            middle = np.array([best[0] + best[2], best[1] + best[3]]) / 2
            text.set_position(origin + middle / scale)


def _arrays(xs, ys) -> tuple[np.ndarray, np.ndarray]:
    return np.atleast_1d(np.asarray(xs, float)), np.atleast_1d(np.asarray(ys, float))


def _holds(xs, ys, x, y) -> bool:
    """Tell whether a point, or one nearly on it, is among others."""
    return bool(((xs == x) & (np.abs(ys - y) <= 0.02 * abs(y) + 1e-9)).any())


def labels(ax) -> Labels:
    """Return the one `Labels` of an axes, made when first asked for."""
    for artist in ax.artists:
        if artist.get_gid() == "labels":
            return artist
    return ax.add_artist(Labels(ax))
