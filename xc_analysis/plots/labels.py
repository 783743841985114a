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
    """The texts of one axes and what they must keep clear of; lengths are printer's points."""

    def __init__(self, ax) -> None:
        super().__init__()
        self.set(gid="labels", zorder=6, in_layout=False)
        self.home = ax
        self.dots: list[tuple] = []  # (xs, ys in data units, half of the marker)
        self.lines: list[tuple] = []  # (xs, ys in data units, weight)
        self.wanted: list[tuple] = []  # (text, function from its width and height to spots)

    def keep_clear(self, xs, ys, *, half: float = DOT) -> None:
        """Note points that no text should cover; ``half`` is half their size."""
        self.dots.append((np.asarray(xs, float), np.asarray(ys, float), half))

    def keep_clear_of_line(self, xs, ys, weight: float = 0.5) -> None:
        """Note a line that texts should rather not cross."""
        self.lines.append((np.asarray(xs, float), np.asarray(ys, float), weight))

    def beside(self, x, y, text: str, color) -> None:
        """Write a text next to a point."""
        near = 0.02 * abs(y) + 1e-9  # another mark stands nearly on it
        on = [half for xs, ys, half in self.dots if ((xs == x) & (abs(ys - y) <= near)).any()]
        gap = max(on, default=DOT)

        def spots(w, h):
            px, py = self._at(x, y)
            dx, dy = w / 2 + gap + 1.4, h / 2 + gap - 0.8
            return [(px + i * dx, py + j * dy) for i, j in AROUND]

        self._write(text, color, SIZES["label"], spots)

    def after(self, x, y, text: str, color) -> None:
        """Write a text to the right of a point, moved up or down where it must."""

        def spots(w, h):
            px, py = self._at(x, y)
            return [(px + 4.5 + w / 2, py + k * 0.5 * h) for k in (0, 1, -1, 2, -2, 3, -3)]

        self._write(text, color, SIZES["label"], spots)

    def along(self, x0, x1, y, text: str, color) -> None:
        """Name a horizontal line at its emptiest stretch, above or below it."""

        def spots(w, h):
            (px0, py), (px1, _) = self._at(x0, y), self._at(x1, y)
            left, right = max(px0, 1) + w / 2, min(px1, self._size()[0] - 1) - w / 2
            across = np.linspace(right, left, 7) if right > left else [(px0 + px1) / 2]
            return [(px, py + way * (h / 2 + 1.0)) for way in (1, -1) for px in across]

        self._write(text, color, SIZES["small"], spots)

    def remark(self, text: str, color) -> None:
        """Write a remark in the emptiest corner."""

        def spots(w, h):
            width, top = self._size()
            across, up = (width - w / 2 - 1, w / 2 + 2), (top - h / 2 - 1, h / 2 + 2)
            return [(px, py) for py in up for px in across]

        self._write(text, color, SIZES["small"], spots)

    def _write(self, text: str, color, size: float, spots: Callable) -> None:
        look = {"size": size, "color": color, "ha": "center", "va": "center", "linespacing": 1.1}
        look |= {"transform": IdentityTransform(), "in_layout": False, "zorder": 7}
        look["path_effects"] = [patheffects.withStroke(linewidth=1.6, foreground="white")]
        artist = self.home.text(0, 0, text, parse_math=False, gid="label", **look)
        self.wanted.append((artist, spots))

    def _at(self, xs, ys) -> np.ndarray:
        """Places from the corner of the axes."""
        box = self.home.bbox
        pixels = self.home.transData.transform(np.stack([xs, ys], axis=-1)) - (box.x0, box.y0)
        return pixels * 72 / self.home.figure.dpi

    def _size(self) -> np.ndarray:
        box = self.home.bbox
        return np.array([box.width, box.height]) * 72 / self.home.figure.dpi

    def _taken(self) -> np.ndarray:
        """Boxes of markers and lines: x0, y0, x1, y1, weight."""
        boxes = [np.empty((0, 5))]

        def add(places, half: float, weight: float) -> None:
            places = places[np.isfinite(places).all(axis=1)]
            boxes.append(np.c_[places - half, places + half, np.full(len(places), weight)])

        for xs, ys, half in self.dots:
            add(self._at(xs, ys).reshape(-1, 2), half, 3.0)
        for xs, ys, weight in self.lines:
            corners = self._at(xs, ys)
            for a, b in zip(corners[:-1], corners[1:], strict=True):
                length = np.nan_to_num(np.hypot(*(b - a)))
                steps = np.linspace(0, 1, min(200, max(3, int(length / 3))))
                add(a + steps[:, None] * (b - a), 0.8, weight)
        return np.vstack(boxes)

    def _cost(self, box, taken: np.ndarray) -> float:
        """Score a place: what it covers, by weight, and how far it leaves the axes."""
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
            places = spots(w, h)
            boxes = [(x - w / 2, y - h / 2, x + w / 2, y + h / 2, 4.0) for x, y in places]
            best = int(np.argmin([self._cost(b, taken) + 0.5 * i for i, b in enumerate(boxes)]))
            taken = np.vstack([taken, boxes[best]])
            text.set_position(origin + np.array(places[best]) / scale)


def labels(ax) -> Labels:
    """Return the one `Labels` of an axes, made when first asked for."""
    for artist in ax.artists:
        if artist.get_gid() == "labels":
            return artist
    return ax.add_artist(Labels(ax))
