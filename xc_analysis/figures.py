"""Draw, lay out and write figures: one draw, one png, one csv with everything that was drawn."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from . import style
from .errors import InputError
from .style import DPI, INK, MM, MUTED, SIZES, tr
from .words import LANGUAGES, error, language, word

__all__ = ["drawn", "figure", "panels", "save_figure", "title"]

COLUMNS = "figure panel mark series x y lower upper unit status source_id".split()
EDGE = 2.0  # mm left free at the sides
PANEL_LEAST = 28.0  # mm: narrower panels go to another row
LINE = 3.4  # mm from one line of key or source to the next

_width: float | None = None


# ---- what was drawn -------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """An entry of the key: the kind of mark, its name, its colour."""

    kind: str
    text: str
    color: object = INK


@dataclass
class Record:
    """What was drawn on one axes: rows for the csv and entries for the key."""

    frames: list[pd.DataFrame] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    heading: tuple[str, str, object] | None = None
    years: tuple[float, float] | None = None
    year_ticks: object = None  # the locator that was set; another is a reader's own


def record_of(ax) -> Record:
    """Return the record of an axes, made when first asked for."""
    if not hasattr(ax, "_xc_record"):
        ax._xc_record = Record()
    return ax._xc_record


def drawn(frame: pd.DataFrame, *, ax, mark: str | None = None, unit: str | None = None):
    """Hand over what seaborn, pandas or matplotlib drew on an axes, for the csv.

    Parameters
    ----------
    frame : DataFrame
        What was drawn. A frame of `xc.series` gives points; a table with columns x and y (or
        year and value) is taken as it is; any other table is unrolled: text columns name series
        over the index, numbers as columns make cells.
    ax : Axes
    mark : str, optional
        English name of the mark, such as ``"bar"``; default by the frame's form.
    unit : str, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt, pandas as pd, xc_analysis as xc
    >>> table = pd.DataFrame({"Xicheng": [40, 34]}, index=[2020, 2021])
    >>> ax = xc.drawn(table, ax=table.plot(), mark="line")
    >>> plt.close(ax.figure)
    """
    rows = _tidy(frame)
    if mark is not None:
        rows["mark"] = mark
    unit = unit or frame.attrs.get("unit")
    if isinstance(unit, str) and "unit" not in rows:
        rows["unit"] = unit
    record_of(ax).frames.append(rows)
    return ax


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Bring a frame into the columns of the csv."""
    if "value" not in frame and "y" not in frame:
        return _unrolled(frame)
    table = frame.reset_index().drop(columns="index", errors="ignore")
    table.attrs = {}
    for old, new in {"year": "x", "month": "x", "date": "x", "value": "y"}.items():
        if old in table and new not in table:
            table = table.rename(columns={old: new})
    if "mark" not in table:
        table["mark"] = "point"
    if "series" not in table and (name := style.series_name(frame.attrs)):
        table["series"] = name
    return table


def _unrolled(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn a wide table into rows: series over the index, or cells under numbers."""
    long = frame.reset_index(names="_row").melt("_row", var_name="_column", value_name="y")
    long.attrs = {}
    cells = all(isinstance(c, (int, float, np.number)) for c in frame.columns)
    x, series = ("_column", "_row") if cells else ("_row", "_column")
    long = long.rename(columns={x: "x", series: "series"})
    long["series"] = [style.key_name(s) for s in long["series"]]
    return long.assign(mark="cell" if cells else "line")


def collect(fig, stem: str = "") -> pd.DataFrame:
    """Return everything drawn on a figure as one table, in the columns of the csv."""
    parts = []
    for number, ax in enumerate(fig.axes, 1):
        record = record_of(ax)
        name = record.heading[0] if record.heading else ax.get_title(loc="left") or ax.get_title()
        for frame in [*record.frames, *_labelled_lines(ax)]:
            if len(frame):
                frame = frame.dropna(axis="columns", how="all")
                parts.append(frame.assign(panel=name.replace("\n", "") or str(number)))
    return _in_order(parts, stem)


def _labelled_lines(ax) -> list[pd.DataFrame]:
    """Rows for the lines that a notebook drew under a label and did not hand over."""
    series = [set(frame["series"]) for frame in record_of(ax).frames if "series" in frame]
    rows = []
    for line in ax.lines:
        label = str(line.get_label())
        if not label.startswith("_") and style.key_name(label) not in set().union(*series):
            places = {"x": line.get_xdata(), "y": line.get_ydata()}
            rows.append(pd.DataFrame(places).assign(mark="line", series=label))
    return rows


def _in_order(parts: list[pd.DataFrame], stem: str) -> pd.DataFrame:
    """Join frames in the columns of the csv, what more they have after these."""
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table.insert(0, "figure", stem)
    more = [c for c in table.columns if c not in COLUMNS]
    return table.reindex(columns=[*COLUMNS, *more])


# ---- layout ---------------------------------------------------------------------------------


@dataclass
class _Sheet:
    """What a figure carries besides its axes."""

    title: str = ""
    note: str = ""
    title_depth: float = 0.0  # mm from the upper edge that the title takes
    row_height: float | None = None  # mm, of a figure made by panels
    axes: list = field(default_factory=list)
    columns: int | None = None

    def across(self, width: float) -> int:
        """Panels side by side: as many as stay readable, in rows of equal length."""
        n = len(self.axes)
        most = max(1, min(n, int((width - 2 * EDGE) / PANEL_LEAST)))
        return self.columns or -(-n // -(-n // most))

    def rows(self, width: float) -> int:
        return -(-len(self.axes) // self.across(width))


def _sheet_of(fig) -> _Sheet:
    if not hasattr(fig, "_xc_sheet"):
        fig._xc_sheet = _Sheet()
    return fig._xc_sheet


def drawing_width() -> float:
    """Return the width in mm at which figures are drawn now."""
    return _width or float(os.environ.get("XC_FIGURE_WIDTH") or style.WIDTH)


def panels(n: int = 1, *, height: float = 60, width: float | None = None, columns=None, **kw):
    """Make a figure of equal panels in rows that fit its width.

    Parameters
    ----------
    n : int
        Number of panels.
    height : float
        Of a row of panels in mm; title, key and source are added to it.
    width : float, optional
        In mm; default 155, Word's text width, or what `xc figure --width` asks for.
    columns : int, optional
        Panels side by side; default as many as stay readable.
    **kw
        Further arguments of ``Figure.subplots``, such as ``sharey``.

    Returns
    -------
    (Figure, ndarray of Axes)

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> fig, axes = xc.panels(5, height=50)
    >>> len(axes)
    5
    >>> plt.close(fig)
    """
    import matplotlib.pyplot as plt

    style.ensure_style()
    width = width or drawing_width()
    sheet = _Sheet(row_height=height, axes=[None] * n, columns=columns)
    rows, across = sheet.rows(width), sheet.across(width)
    fig = plt.figure(figsize=(width / MM, rows * height / MM))
    grid = fig.subplots(rows, across, squeeze=False, **kw).ravel()
    for ax in grid[n:]:
        ax.remove()
    sheet.axes = list(grid[:n])
    fig._xc_sheet = sheet
    return fig, grid[:n]


def heading(ax, text: str | None, unit: str | None = None, *, color=INK) -> None:
    """Name a panel and, under the name, the unit of its axis."""
    record_of(ax).heading = (text or "", style.unit_name(unit), color)


def title(fig, text: str, note: str | None = None):
    """Give a figure its title, a sentence with the finding, and one line of note.

    Parameters
    ----------
    fig : Figure
    text, note : str

    Returns
    -------
    Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> fig, axes = xc.panels(1, height=50)
    >>> fig = xc.title(fig, xc.tr("交通噪声距限值0.4分贝", "Traffic noise 0.4 dB below its limit"))
    >>> plt.close(fig)
    """
    sheet = _sheet_of(fig)
    sheet.title, sheet.note = text, note or ""
    finish(fig)
    return fig


def finish(fig, width: float | None = None) -> None:
    """Write title, note, key and source line, and leave the rest of the sheet to the axes."""
    sheet = _sheet_of(fig)
    for artist in [a for a in (*fig.texts, *fig.artists, *fig.lines) if a.get_gid() == "xc-sheet"]:
        artist.remove()
    if width is not None:
        fig.set_figwidth(width / MM)
    width = fig.get_figwidth() * MM
    _arrange(sheet, width)
    for ax in fig.axes:
        _write_heading(ax)
        set_year_ticks(ax)
    room = width - 2 * EDGE
    texts = [(sheet.title, SIZES["title"], INK), (sheet.note, SIZES["note"], MUTED)]
    top = [(style.wrap(text, room, size), size, color) for text, size, color in texts if text]
    above = sum(_depth(text, size) for text, size, _ in top) + (1.5 if top else 0.5)
    sheet.title_depth = 1.0 + _depth(*top[0][:2]) if sheet.title else 0.0
    key = _flow(_keys(fig), room)
    source = style.wrap(_source_line(fig), room, SIZES["small"])
    lines = len(key) + (source.count("\n") + 1 if source else 0)
    below = LINE * lines + (1.5 if lines else 0.5)
    if sheet.row_height is not None:
        fig.set_figheight((sheet.row_height * sheet.rows(width) + above + below) / MM)
    height = fig.get_figheight() * MM
    y = height - 1.0
    for text, size, color in top:
        _write(fig, EDGE, y, text, size, color, va="top")
        y -= _depth(text, size)
    _write_key(fig, key, below - 0.8)
    if source:
        _write(fig, EDGE, below - 1.0 - LINE * len(key), source, SIZES["small"], MUTED, va="top")
    rect = (EDGE / width, below / height, 1 - 2 * EDGE / width, 1 - (above + below) / height)
    fig.set_layout_engine("constrained", rect=rect, h_pad=0.02, w_pad=0.03, wspace=0.03)


def _depth(text: str, size: float) -> float:
    """Height of a block of text in mm."""
    return (text.count("\n") + 1) * size * 1.32 / 72 * MM + 0.8


def _arrange(sheet: _Sheet, width: float) -> None:
    """Put the panels into as many columns as the width holds."""
    standing = [ax for ax in sheet.axes if ax.figure is not None]
    if not standing or standing[0].get_gridspec().ncols == sheet.across(width):
        return
    grid = standing[0].figure.add_gridspec(sheet.rows(width), sheet.across(width))
    for ax, cell in zip(standing, grid, strict=False):
        ax.set_subplotspec(cell)


def panel_width(ax) -> float:
    """Estimate the width of an axes in mm, less the labels of its value axis."""
    width = ax.figure.get_figwidth() * MM
    spec = ax.get_subplotspec()
    if spec is None:
        return width * ax.get_position().width
    across = spec.get_gridspec().ncols
    return (width - 2 * EDGE) * len(spec.colspan) / across - (9 if across > 1 else 6)


def set_year_ticks(ax) -> None:
    """Name as many years as the panel can carry, the last one among them where it can."""
    from matplotlib.ticker import FixedLocator, NullFormatter

    record, now = record_of(ax), ax.xaxis.get_major_locator()
    if record.years is None or record.year_ticks not in (None, now):
        return
    first, last = record.years
    room = max(2, int(panel_width(ax) / 8.5))
    years = np.arange(first, last + 1)
    step = next((s for s in (1, 2, 5, 10, 20, 50) if len(years) / s <= room), 100)
    if step == 2 and first % 5 == last % 5 == 0:
        step = 5  # both ends are named
    # every second year counts back from the last, which is the one that is looked for
    named = years[(last - years if step == 2 else years) % step == 0]
    if len(named) < 2:
        named = years[[0, -1]]
    record.year_ticks = FixedLocator(named)
    ax.xaxis.set_major_locator(record.year_ticks)
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.xaxis.set_minor_locator(FixedLocator(years if step in (2, 5) else []))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", length=1.4, width=0.4, color="#9A9A9A")


def _write_heading(ax) -> None:
    """Break a panel's name to the panel's width and set the unit under it."""
    if record_of(ax).heading is None:
        return
    text, unit, color = record_of(ax).heading
    if unit:
        ax.set_ylabel(unit, rotation=0, ha="left", va="bottom", parse_math=False)
        ax.yaxis.set_label_coords(0.0, 1.015)
    if text:
        text = style.wrap(text, max(panel_width(ax), 14), SIZES["panel"])
        look = {"color": color, "linespacing": 1.1, "parse_math": False}
        ax.set_title(text, loc="left", pad=13 if unit else 5, **look)


def _write(fig, x: float, y: float, text: str, size: float, color, **kw) -> None:
    """Write on the sheet at a place in mm from its lower left corner."""
    look = {"size": size, "color": color, "linespacing": 1.25, "parse_math": False, **kw}
    width, height = fig.get_size_inches() * MM
    fig.text(x / width, y / height, text, gid="xc-sheet", **look)


# ---- key and sources ------------------------------------------------------------------------

EVIDENCE = "printed derived computed draft unstated partial estimated bound bound_end range link"
EVIDENCE = EVIDENCE.split()
# the order in which a key names its marks
_ORDER = ["series", *EVIDENCE]
_ORDER += "median band_50 band_80 band_95 trend target limit city fill note".split()
# kind of mark -> (marker, filled) of a single glyph
MARKERS = {"printed": ("o", True), "derived": ("o", False), "computed": ("D", True)}
MARKERS |= {"partial": ("D", False), "draft": ("s", True), "unstated": ("X", True)}
DASHES = {"link": (0, (1, 2)), "median": (0, (3, 1.6)), "trend": (0, (6, 2))}
DASHES |= {"limit": (0, (5, 2)), "city": (0, (5, 1.5, 1, 1.5))}
_LONG = {"series", "target", "band_95", *DASHES}  # glyphs that are a stretch of line


def _keys(fig) -> list[Key]:
    """Entries for every mark on the axes, each once; evidence in ink where colours differ."""
    found: dict[tuple[str, str], set] = {}
    for ax in fig.axes:
        for key in record_of(ax).keys:
            found.setdefault((key.kind, key.text), set()).add(key.color)
    evidence = {
        color for (kind, _), colors in found.items() if kind in EVIDENCE for color in colors
    }
    keys = []
    for (kind, text), colors in found.items():
        several = len(evidence if kind in EVIDENCE else colors) > 1
        keys.append(Key(kind, text, INK if several else min(colors)))
    # hatches and dots stand where fills do
    return sorted(keys, key=lambda key: _ORDER.index("fill" if ":" in key.kind else key.kind))


def _glyph_width(key: Key) -> float:
    return 0.0 if key.kind == "note" else 6.0 if key.kind in _LONG else 4.0


def _flow(keys: list[Key], room: float) -> list[list[tuple[float, Key]]]:
    """Set the entries in lines, as words are set."""
    lines: list[list[tuple[float, Key]]] = []
    x = room + 1
    for key in keys:
        width = _glyph_width(key) + style.text_width(key.text, SIZES["small"])
        if x + width > room:
            lines.append([])
            x = 0.0
        lines[-1].append((x, key))
        x += width + 3.5
    return lines


def _write_key(fig, lines, y: float) -> None:
    for line in lines:
        for x, key in line:
            _draw_glyph(fig, EDGE + x, y - LINE / 2, key)
            x += EDGE + _glyph_width(key)
            _write(fig, x, y - LINE / 2 - 0.8, key.text, SIZES["small"], INK, va="baseline")
        y -= LINE


def marker_look(kind: str, color, size: float = 4.4) -> dict:
    """Return the look of a point: printed, derived, computed or partial."""
    marker, filled = MARKERS[kind]
    if kind == "partial":
        color, size = "#8A8F98", 0.72 * size
    look = {"marker": marker, "ms": size * (0.92 if marker == "D" else 1.08), "ls": "none"}
    if filled:
        return look | {"mfc": color, "mec": "white", "mew": 0.4}
    return look | {"mfc": "white", "mec": color, "mew": 0.9}


def _draw_glyph(fig, x: float, y: float, key: Key) -> None:
    """Draw the mark of an entry, its place in mm."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    # in shares of the figure, which a notebook crops to what is drawn
    on_sheet = {"transform": fig.transFigure, "gid": "xc-sheet"}
    width, height = fig.get_size_inches() * MM
    kind, _, hatch = key.kind.partition(":")
    if kind in ("fill", "band_50", "band_80", "hatch"):
        face = style.tint(key.color, {"band_50": 0.42, "band_80": 0.22}.get(kind, 1.0))
        look = {"fc": face, "ec": "white" if hatch else "#8C8C8C", "lw": 0.3, "hatch": hatch}
        corner = (x / width, (y - 1.0) / height)
        fig.add_artist(Rectangle(corner, 2.6 / width, 2.0 / height, **look, **on_sheet))
    elif kind != "note":
        for xs, ys, look in _strokes(key):
            xs, ys = (x + np.array(xs)) / width, (y + np.array(ys)) / height
            fig.add_artist(Line2D(xs, ys, **{**on_sheet, **look}))


def _strokes(key: Key) -> list[tuple[list, list, dict]]:
    """Lines and markers of an entry: places in mm and look."""
    kind, color = key.kind, key.color
    thick = {"lw": 2.6, "solid_capstyle": "butt", "color": style.tint(color, 0.45)}
    bar, tick = ([1.2, 1.2], [-1.2, 1.2]), [0.5, 1.9]
    if kind in MARKERS:
        return [([1.2], [0], marker_look(kind, color))]
    if kind.startswith("dot:"):
        look = {"marker": kind[4:].removesuffix("_open"), "ms": 4.2, "ls": "none"}
        look |= {"mfc": "white" if kind.endswith("_open") else color, "mec": color, "mew": 0.9}
        return [([1.2], [0], look)]
    if kind == "estimated":
        return [(*bar, thick), (tick, [0, 0], {"color": color, "lw": 1.1})]
    if kind == "bound":
        return [(*bar, thick)]
    if kind == "bound_end":
        head = {"marker": "v", "ms": 2.6, "mec": "none", "mfc": color, "ls": "none"}
        thin = {"color": color, "lw": 1.0}
        return [(tick, [1, 1], thin), ([1.2, 1.2], [1, -0.3], thin), ([1.2], [-0.6], head)]
    if kind == "range":
        return [(*bar, {"color": color, "lw": 0.7})]
    width = {"target": 1.2, "series": 1.3, "band_95": 0.5}.get(kind, 1.0)
    return [([0, 4.8], [0, 0], {"color": color, "lw": width, "ls": DASHES.get(kind, "-")})]


def _source_line(fig) -> str:
    """Name the plan or the record first, two at most."""
    ids: Counter = Counter()
    for frame in [frame for ax in fig.axes for frame in record_of(ax).frames]:
        for cell in frame["source_id"].dropna() if "source_id" in frame else ():
            ids.update(one.strip() for one in str(cell).split(";") if one.strip())
    if not ids:
        return ""
    rank = {"plan": 0, "archive-hourly": 1, "cnemc-daily": 2, "uci-501": 3}
    order = sorted(ids, key=lambda i: (rank.get(i, 9), -ids[i]))
    names = list(dict.fromkeys(map(_source_name, order)))
    more = tr("等", " and others") if len(names) > 2 else ""
    return word("plot.source", names=tr("；", "; ").join(names[:2]) + more)


def _source_name(source_id: str) -> str:
    """Short name of a source; a note written by hand stands as it is."""
    from .evidence import sources_of

    try:
        row = sources_of(source_id).iloc[0]
    except InputError:
        return source_id
    return style.subscripts(row[f"short_{language()}"].strip())


# ---- writing --------------------------------------------------------------------------------


def save_figure(fig, stem: str, *, data=None, width: float = 174, formats=("png",), folder=None):
    """Write a figure and the numbers in it; the same figure gives the same bytes.

    Parameters
    ----------
    fig : Figure
    stem : str
        File name without folder or ending.
    data : DataFrame, optional
        What it shows; default what the chart functions and `drawn` recorded.
    width : float
        Width in mm: 84, 155 or 174, or any other. Panels are set in rows anew to fit.
    formats : sequence of {"png", "svg", "pdf"}
    folder : path, optional
        Default ``scratch/`` at the project's root, inside ``xc build`` the figures' folder; each
        language has a folder of its own in it.

    Returns
    -------
    list of Path
        The files written, the csv last.

    Raises
    ------
    InputError
        If the stem is no plain file name or a format is not known.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, xc_analysis as xc
    >>> ax = xc.plot_series(xc.series("traffic_noise"))
    >>> [path.name for path in xc.save_figure(ax.figure, "noise", width=84)]
    ['noise.png', 'noise.csv']
    >>> plt.close(ax.figure)
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    if not stem or Path(stem).name != stem or stem.startswith("."):
        raise error("error.figure_stem", stem=stem)
    for name in formats:
        if name not in ("png", "svg", "pdf"):
            raise error("error.figure_format", format=name)
    style.ensure_style()
    finish(fig, width)
    height = fig.get_figheight() * MM
    if height > style.PAGE_HEIGHT:
        sizes = {"height": round(height), "width": f"{width:g}", "page": style.PAGE_HEIGHT}
        warnings.warn(word("plot.too_tall", stem=stem, **sizes), stacklevel=2)
    table = collect(fig, stem) if data is None else _in_order([_tidy(data)], stem)
    contents = _render(fig, formats)
    csv = table.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    contents["csv"] = csv.encode("utf-8")
    target = (Path(folder) if folder else figures_dir()) / language()
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, content in contents.items():
        paths.append(target / f"{stem}.{ending}")
        _replace(paths[-1], content)
    return paths


def figures_dir() -> Path:
    """Return where figures go: the build's folder, else ``scratch`` at the project's root."""
    if folder := os.environ.get("XC_BUILD_FIGURES"):
        return Path(folder)
    scratch = Path(__file__).parents[1] / "scratch"
    return scratch / os.environ.get("PYTEST_XDIST_WORKER", "")


def _render(fig, formats: list[str]) -> dict[str, bytes]:
    """Lay out once, draw once; the vector forms only where they are asked for."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    contents = {}
    was = fig.dpi
    canvas = fig.canvas if hasattr(fig.canvas, "buffer_rgba") else FigureCanvasAgg(fig)
    fig.set_dpi(DPI)
    _settle(fig)
    if "png" in formats:
        canvas.draw()
        contents["png"] = _png(np.asarray(canvas.buffer_rgba())[..., :3], _sheet_of(fig))
    unsigned = {"svg": dict.fromkeys(("Date", "Creator", "Format", "Type"))}
    unsigned["pdf"] = dict.fromkeys(("CreationDate", "Creator", "Producer"))
    settings = {"svg.hashsalt": "xc_analysis", "svg.fonttype": "path", "pdf.fonttype": 42}
    for name in formats:
        if name in unsigned:
            buffer = io.BytesIO()
            with mpl.rc_context(settings):
                fig.savefig(buffer, format=name, metadata=unsigned[name])
            contents[name] = buffer.getvalue()
    fig.set_dpi(was)
    return contents


def _settle(fig) -> None:
    """Lay the figure out once and for all; the solver's last bits differ from run to run."""
    fig.get_layout_engine().execute(fig)
    fig.set_layout_engine("none")
    for ax in fig.axes:
        ax.set_position([round(x, 5) for x in ax.get_position(original=True).bounds])
        ax.set_in_layout(True)


def _png(pixels: np.ndarray, sheet: _Sheet) -> bytes:
    """Encode a picture in 256 colours of its own: a third of the bytes, no visible change.

    Title, note and the title's depth in pixels travel with it: a report sets the title as its
    caption and leaves it away.
    """
    from PIL import Image, PngImagePlugin

    packed = pixels.astype(np.int32) @ [1 << 16, 1 << 8, 1]
    inked = packed != packed[0, 0]  # most of a sheet is empty
    used, which, count = np.unique(packed[inked], return_inverse=True, return_counts=True)
    colors = np.stack([used >> 16, used >> 8 & 255, used & 255], axis=1)
    often = colors[np.argsort(-count, kind="stable")[:160]]
    kept = [pixels[0, 0].astype(np.int32), *often]
    # the rest of the palette goes to the rare colours that are farthest from those kept
    gap = np.min([((colors - color) ** 2).sum(axis=1) for color in kept], axis=0)
    while len(kept) < 256 and gap.max(initial=0) > 0:
        kept.append(colors[gap.argmax()])
        gap = np.minimum(gap, ((colors - kept[-1]) ** 2).sum(axis=1))
    kept = np.array(kept)
    nearest = [((kept - color) ** 2).sum(axis=1).argmin() for color in colors]
    places = np.zeros(packed.shape, dtype=np.uint8)
    places[inked] = np.array(nearest, dtype=np.uint8)[which]
    picture = Image.fromarray(places).convert("L")
    picture.putpalette(kept.astype(np.uint8).tobytes())
    told = PngImagePlugin.PngInfo()
    depth = round(sheet.title_depth / MM * DPI)
    for key, text in (("Title", sheet.title), ("Note", sheet.note), ("TitleDepth", str(depth))):
        told.add_itxt(key, text)
    buffer = io.BytesIO()
    picture.save(buffer, format="png", dpi=(DPI, DPI), pnginfo=told)
    return buffer.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place whole: a killed run leaves the old one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def figure(stem: str, *, width: float | None = None, formats=None):
    """Decorate a function that draws a figure: draw it at once in each language and write it.

    Parameters
    ----------
    stem : str
        File name without folder or ending.
    width : float, optional
        Width in mm; default 155, Word's text width. ``$XC_FIGURE_WIDTH`` goes before both.
    formats : sequence of {"png", "svg", "pdf"}, optional
        Default png; ``$XC_FIGURE_FORMATS`` ("svg,pdf") goes before it.

    Returns
    -------
    callable
        Decorator that returns the function itself. png and csv go to ``scratch/{zh,en}/``, inside
        ``xc build`` to ``figures/{zh,en}/``; a notebook shows the one in the run's language.

    Raises
    ------
    InputError
        If the function returns no figure.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> @xc.figure("noise_example")
    ... def noise():
    ...     fig, (ax,) = xc.panels(1, height=45)
    ...     xc.plot_series(xc.series("traffic_noise"), ax=ax)
    ...     return xc.title(fig, xc.tr("交通噪声", "Traffic noise"))
    """

    def decorate(function: Callable):
        global _width

        asked = os.environ.get("XC_FIGURE_FORMATS")
        kinds = asked.split(",") if asked else (formats or ("png",))
        mm = float(os.environ.get("XC_FIGURE_WIDTH") or width or style.WIDTH)
        written, before, _width = {}, _width, mm
        try:
            for lang in LANGUAGES:
                with style.use_style(lang):
                    written[lang] = _draw_and_save(function, stem, mm, kinds)
        finally:
            _width = before
        _show(*written[language()], mm)
        return function

    return decorate


def _draw_and_save(function: Callable, stem: str, width: float, formats) -> tuple[list, str]:
    """Draw, write and close one figure; return its files and its title."""
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    try:
        fig = function()
        fig = getattr(fig, "figure", fig)
        if not hasattr(fig, "savefig"):
            raise error("error.figure_returns", name=function.__name__)
        return save_figure(fig, stem, width=width, formats=formats), _sheet_of(fig).title
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _show(paths: list[Path], text: str, width: float) -> None:
    """Show a written png in a notebook, with its title for those who cannot see it."""
    ipython = sys.modules.get("IPython")
    if not ipython or not ipython.get_ipython():
        return
    from IPython.display import Image, display

    for path in paths:
        if path.suffix == ".png":
            display(Image(data=path.read_bytes(), width=round(width / MM * 96 * 1.3), alt=text))
