"""Labels that find their own place when a figure is drawn.

Only then are the sizes known. A text takes, of a few spots, the one that overlaps least with what
is drawn and with earlier texts. Lengths are points, places are counted from the axes' corner.
"""

import numpy as np
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.transforms import IdentityTransform

from ..style import SIZES

# places around a point in halves of the text's box, the best first
AROUND = [(0, 1), (0.75, 1), (-0.75, 1), (1, 0), (-1, 0), (0, -1), (0.75, -1), (-0.75, -1)]
AROUND += [(0, 1.9), (1, 1.7), (-1, 1.7), (0, -1.9), (1, -1.7), (-1, -1.7), (0, 2.9), (0, -2.9)]
# what it costs to cover a marker, another text, a line
MARKER, TEXT, LINE = 3.0, 4.0, 0.5
WEIGHTS = {"xc:level": 1.2, "xc:estimated": 1.0, "xc:bound": 1.0, "xc:band_95": 0.2}


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
    """The texts of one axes, placed where they cover least."""

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
