"""Draw, lay out and write figures: one draw, one png, one csv with everything that was drawn."""

import io
import os
import sys
import warnings
from collections import Counter, defaultdict, namedtuple
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D
from PIL import Image, PngImagePlugin

from . import style
from .style import DPI, INK, MM, MUTED, SIZES
from .tables import load
from .words import LANGUAGES, clauses, error, language, tr, unit_name, word

COLUMNS = "figure panel mark series x y lower upper unit status source_id".split()
EDGE = 2.0  # mm left free at the sides
PANEL_LEAST = 28.0  # mm: narrower panels go to another row
LINE = 3.4  # mm from one line of key or source to the next
WIDTHS = (20, 2000)  # mm: what can be laid out and drawn

Key = namedtuple("Key", "kind text color", defaults=[INK])  # an entry of the key


@dataclass
class Record:
    """What was drawn on one axes: rows of the csv, entries of the key, name, unit and colour."""

    frames: list[pd.DataFrame] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    heading: tuple[str, str, object] | None = None


@dataclass
class Sheet:
    """What a figure carries besides its axes; lengths are mm."""

    title: str = ""
    note: str = ""
    title_depth: float = 0.0  # from the upper edge
    row_height: float = 0.0  # of a figure made by panels
    axes: list = field(default_factory=list)
    columns: int | None = None

    def shape(self, width: float) -> tuple[int, int]:
        """Rows and columns of panels: rows of equal length, in panels that stay readable."""
        n = len(self.axes)
        most = max(1, min(n, int((width - 2 * EDGE) / PANEL_LEAST)))
        across = self.columns or -(-n // -(-n // most))
        return -(-n // across), across


def record_of(ax) -> Record:
    """Return the record of an axes, made when first asked for."""
    return ax.__dict__.setdefault("_xc_record", Record())


def sheet_of(fig) -> Sheet:
    """Return the sheet of a figure, made when first asked for."""
    return fig.__dict__.setdefault("_xc_sheet", Sheet())


def drawn(frame: pd.DataFrame, *, ax, mark: str | None = None, unit: str | None = None):
    """Hand over what seaborn, pandas or matplotlib drew on an axes, for the csv.

    Parameters
    ----------
    frame : DataFrame
        A frame of `xc.series` gives points; one with columns x and y (or year and value) is taken
        as it is; any other is unrolled: text columns name series, numbers as columns make cells.
    ax : Axes
    mark, unit : str, optional
        English name of the mark, such as ``"bar"``, by default by the frame's form; unit.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import pandas as pd, xc_analysis as xc
    >>> table = pd.DataFrame({"Xicheng": [40, 34]}, index=[2020, 2021])
    >>> ax = xc.drawn(table, ax=table.plot(), mark="line")
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
    """Bring a frame into the columns of the csv; a wide one by series or by cells."""
    if "value" in frame or "y" in frame:
        table = frame.reset_index().drop(columns="index", errors="ignore")
        for old, new in {"year": "x", "month": "x", "date": "x", "value": "y"}.items():
            if new not in table:
                table = table.rename(columns={old: new})
        more = {"mark": "point", "series": style.series_name(frame.attrs) or None}
        more = {name: value for name, value in more.items() if value and name not in table}
    else:
        cells = all(isinstance(c, (int, float, np.number)) for c in frame.columns)
        names = ["series", "x"] if cells else ["x", "series"]
        table = frame.reset_index(names=names[0]).melt(names[0], var_name=names[1], value_name="y")
        more = {"series": table["series"].map(style.key_name), "mark": "cell" if cells else "line"}
    table.attrs = {}
    return table.assign(**more)


def collect(fig, stem: str = "", data: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return everything drawn on a figure, or what is given, in the columns of the csv."""
    parts = [] if data is None else [_tidy(data)]
    for number, ax in enumerate(fig.axes if data is None else (), 1):
        record = record_of(ax)
        name = record.heading[0] if record.heading else ax.get_title(loc="left") or ax.get_title()
        known = {one for rows in record.frames if "series" in rows for one in rows["series"]}
        frames = list(record.frames)
        for line in ax.lines:  # those that a notebook drew under a label and did not hand over
            label = str(line.get_label())
            if not label.startswith("_") and style.key_name(label) not in known:
                places = pd.DataFrame({"x": line.get_xdata(), "y": line.get_ydata()})
                frames.append(places.assign(mark="line", series=label))
        name = name.replace("\n", "") or str(number)
        frames = [rows.dropna(axis="columns", how="all") for rows in frames if len(rows)]
        parts += [rows.assign(panel=name) for rows in frames]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table.insert(0, "figure", stem)
    return table.reindex(columns=list(dict.fromkeys([*COLUMNS, *table.columns])))


def drawing_width() -> float:
    """Return the width in mm at which figures are drawn now."""
    style.ensure_style()
    return mpl.rcParams["figure.figsize"][0] * MM


def panels(n: int = 1, *, height: float = 60, width: float | None = None, columns=None, **kw):
    """Make a figure of equal panels in rows that fit its width.

    Parameters
    ----------
    n, height : int, float
        Number of panels; height of a row of them in mm, to which title, key and source are added.
    width : float, optional
        In mm; default 155, Word's text width, or what `xc figure --width` asks for.
    columns : int, optional
        Panels side by side; default as many as stay readable.
    **kw
        Further arguments of ``Figure.subplots``, such as ``sharey``.

    Returns
    -------
    (Figure, ndarray of Axes)

    Raises
    ------
    InputError
        If there is no panel to make, or none of this size.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> fig, axes = xc.panels(5, height=50)
    >>> len(axes)
    5
    """
    import matplotlib.pyplot as plt

    width = drawing_width() if width is None else width
    if not (n >= 1 and height > 0 and WIDTHS[0] <= width <= WIDTHS[1]):
        raise error("error.panels", n=n, height=height, width=width)
    sheet = Sheet(row_height=height, axes=[None] * n, columns=columns)
    rows, across = sheet.shape(width)
    fig = plt.figure(figsize=(width / MM, rows * height / MM))
    grid = fig.subplots(rows, across, squeeze=False, **kw).ravel()
    for ax in grid[n:]:
        ax.remove()
    sheet.axes = list(grid[:n])
    fig._xc_sheet = sheet
    return fig, grid[:n]


def heading(ax, text: str | None, unit: str | None = None, *, color=INK) -> None:
    """Name a panel and, under the name, the unit of its axis."""
    record_of(ax).heading = (text or "", unit, color)
    if name := unit_name(unit):
        ax.set_ylabel(name, rotation=0, ha="left", va="bottom", parse_math=False)
        ax.yaxis.set_label_coords(0.0, 1.015)
    if text:
        text = style.wrap(text, max(panel_width(ax), 14), SIZES["panel"])
        look = {"color": color, "linespacing": 1.1, "parse_math": False}
        ax.set_title(text, loc="left", pad=13 if name else 5, **look)


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
    >>> import xc_analysis as xc
    >>> fig, axes = xc.panels(1, height=50)
    >>> fig = xc.title(fig, xc.tr("交通噪声距限值0.4分贝", "Traffic noise 0.4 dB below its limit"))
    """
    sheet = sheet_of(fig)
    sheet.title, sheet.note = text, note or ""
    finish(fig)
    return fig


def finish(fig, width: float | None = None) -> None:
    """Write title, note, key and source line, and leave the rest of the sheet to the axes."""
    style.ensure_style()
    sheet = sheet_of(fig)
    for artist in [a for a in (*fig.texts, *fig.artists, *fig.lines) if a.get_gid() == "xc-sheet"]:
        artist.remove()
    if width is not None:
        fig.set_figwidth(width / MM)
    width = fig.get_figwidth() * MM
    room = width - 2 * EDGE
    standing = [ax for ax in sheet.axes if ax.figure is not None]
    rows, across = sheet.shape(width) if standing else (0, 0)
    if standing and standing[0].get_gridspec().ncols != across:
        for ax, cell in zip(standing, fig.add_gridspec(rows, across), strict=False):
            ax.set_subplotspec(cell)
    for ax in fig.axes:
        if record := record_of(ax).heading:
            heading(ax, *record[:2], color=record[2])
    name = style.wrap(sheet.title, room, SIZES["title"])
    note = style.wrap(sheet.note, room, SIZES["note"])
    key, source = _flow(_keys(fig), room), style.wrap(_source_line(fig), room, SIZES["small"])
    sheet.title_depth = 1.0 + _depth(name, "title") if name else 0.0
    above = _depth(name, "title") + _depth(note, "note") + (1.5 if name or note else 0.5)
    lines = len(key) + (source.count("\n") + 1 if source else 0)
    below = LINE * lines + (1.5 if lines else 0.5)
    if sheet.row_height:
        fig.set_figheight((sheet.row_height * rows + above + below) / MM)
    height = fig.get_figheight() * MM
    # in shares of the figure, which a notebook crops to what is drawn
    mm = Affine2D().scale(1 / width, 1 / height) + fig.transFigure

    def write(x, y, text, size, color, va="top"):
        look = {"linespacing": 1.25, "parse_math": False, "gid": "xc-sheet", "transform": mm}
        fig.text(x, y, text, size=SIZES[size], color=color, va=va, **look)

    write(EDGE, height - 1.0, name, "title", INK)
    write(EDGE, height - 1.0 - _depth(name, "title"), note, "note", MUTED)
    write(EDGE, below - 1.0 - LINE * len(key), source, "small", MUTED)
    for i, line in enumerate(key):
        y = below - 0.8 - LINE * (i + 0.5)
        for x, entry in line:
            for artist in _glyph(entry, EDGE + x, y):
                artist.set(transform=mm, gid="xc-sheet")
                fig.add_artist(artist)
            write(EDGE + x + _glyph_width(entry), y - 0.8, entry.text, "small", INK, "baseline")
    rect = (EDGE / width, below / height, room / width, 1 - (above + below) / height)
    fig.set_layout_engine("constrained", rect=rect, h_pad=0.02, w_pad=0.03, wspace=0.03)


def _depth(text: str, size: str) -> float:
    return (text.count("\n") + 1) * SIZES[size] * 1.32 / 72 * MM + 0.8 if text else 0.0


def panel_width(ax) -> float:
    """Estimate the width of an axes in mm, less the labels of its value axis."""
    width = ax.figure.get_figwidth() * MM
    spec = ax.get_subplotspec()
    if spec is None:
        return width * ax.get_position().width
    across = spec.get_gridspec().ncols
    return (width - 2 * EDGE) * len(spec.colspan) / across - (9 if across > 1 else 6)


# kind of point -> its marker, for points of 4.4
_FULL, _HOLLOW = {"mec": "white", "mew": 0.4}, {"mfc": "white", "mew": 0.9}
MARKERS = {
    "printed": {"marker": "o", "ms": 4.75, **_FULL},
    "derived": {"marker": "o", "ms": 4.75, **_HOLLOW},
    "computed": {"marker": "D", "ms": 4.05, **_FULL},
    "draft": {"marker": "s", "ms": 4.75, **_FULL},
    "unstated": {"marker": "X", "ms": 4.75, **_FULL},
    "partial": {"marker": "D", "ms": 2.9, **_HOLLOW, "color": "#8A8F98"},
}
DASHES = {"link": (0, (1, 2)), "median": (0, (3, 1.6)), "trend": (0, (6, 2))}
DASHES |= {"limit": (0, (5, 2)), "city": (0, (5, 1.5, 1, 1.5))}
# kind of mark -> the lines or the fill that its glyph is made of, in the key's order
_BAR = {"marker": "|", "ms": 6.8, "mew": 2.6, "alpha": 0.45}
_TICK = {"marker": "_", "ms": 4.0, "mew": 1.1}
_THIN = _BAR | {"mew": 0.8, "alpha": 1}
_DASHED = {kind: [{"lw": 1.0, "ls": dash}] for kind, dash in DASHES.items()}
GLYPHS = {"series": [{"lw": 1.3}]} | {kind: [look] for kind, look in MARKERS.items()}
GLYPHS |= {"estimated": [_BAR, _TICK], "bound": [_BAR], "range": [_THIN]}
GLYPHS |= {"bound_end": [_THIN, _TICK | {"marker": "v", "ms": 3.0, "mew": 0}]}
GLYPHS |= {"link": _DASHED["link"], "median": _DASHED["median"]}
GLYPHS |= {"band_50": [{"alpha": 0.42}], "band_80": [{"alpha": 0.22}], "band_95": [{"lw": 0.5}]}
GLYPHS |= {"trend": _DASHED["trend"], "target": [{"lw": 1.2}]}
GLYPHS |= {"limit": _DASHED["limit"], "city": _DASHED["city"], "fill": [{}], "note": []}
EVIDENCE = {*MARKERS, "estimated", "bound", "bound_end", "range", "link"}  # one colour in a key


def marker_look(kind: str, color, size: float = 4.4) -> dict:
    """Return the look of a point by the kind of evidence, or of ``dot:`` and a marker's letter."""
    dot = {"marker": kind[4:].removesuffix("_open"), "ms": 4.4, "mew": 0.9}
    dot |= {"mfc": "white"} if kind.endswith("_open") else {}
    look = {"color": color, "ls": "none"} | MARKERS.get(kind, dot)
    return look | {"ms": look["ms"] * size / 4.4}


def _keys(fig) -> list[Key]:
    """Entries for every mark on the axes, each once; evidence in ink where colours differ."""
    found = defaultdict(set)
    for ax in fig.axes:
        for key in record_of(ax).keys:
            found[key.kind, key.text].add(key.color)
    evidence = set().union(*(colors for (kind, _), colors in found.items() if kind in EVIDENCE))
    keys = []
    for (kind, text), colors in found.items():
        several = len(evidence if kind in EVIDENCE else colors) > 1
        keys.append(Key(kind, text, INK if several else min(colors)))
    order = list(GLYPHS)  # hatches and dots stand where fills do
    return sorted(keys, key=lambda key: order.index("fill" if ":" in key.kind else key.kind))


def _glyph_width(key: Key) -> float:
    looks = GLYPHS.get(key.kind, [{}])
    return 0.0 if not looks else 6.0 if "lw" in looks[0] else 4.0


def _flow(keys: list[Key], room: float) -> list[list[tuple[float, Key]]]:
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


def _glyph(key: Key, x: float, y: float) -> list:
    kind, _, more = key.kind.partition(":")
    artists = []
    for look in [marker_look(key.kind, key.color)] if kind == "dot" else GLYPHS.get(kind, [{}]):
        if "lw" in look or "marker" in look:
            xs = [x + 1.2] if "marker" in look else [x, x + 4.8]
            artists.append(Line2D(xs, [y] * len(xs), **({"color": key.color} | look)))
        else:
            face = style.tint(key.color, look.get("alpha", 1.0))
            look = {"fc": face, "ec": "white" if more else "#8C8C8C", "hatch": more}
            artists.append(Rectangle((x, y - 1.0), 2.6, 2.0, lw=0.3, **look))
    return artists


def _source_line(fig) -> str:
    """Name the plan or the record first, two at most; a note written by hand stands as it is."""
    frames = [frame for ax in fig.axes for frame in record_of(ax).frames if "source_id" in frame]
    cells = [str(cell) for frame in frames for cell in frame["source_id"].dropna()]
    count = Counter(one.strip() for cell in cells for one in cell.split(";") if one.strip())
    if not count:
        return ""
    rank = {"plan": 0, "archive-hourly": 1, "cnemc-daily": 2, "uci-501": 3}
    order = sorted(count, key=lambda one: (rank.get(one, 9), -count[one]))
    short = load("sources").set_index("source_id")[f"short_{language()}"]
    names = list(dict.fromkeys(style.subscripts(str(short.get(one, one)).strip()) for one in order))
    more = tr("等", " and others") if len(names) > 2 else ""
    return word("plot.source", names=clauses(names[:2]) + more)


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
        Default ``scratch/``, inside ``xc build`` the figures' folder; each language has its own.

    Returns
    -------
    list of Path
        The files written, the csv last.

    Raises
    ------
    InputError
        If the stem is no plain file name, or a format or the width cannot be used.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> ax = xc.plot_series(xc.series("traffic_noise"))
    >>> [path.name for path in xc.save_figure(ax.figure, "noise", width=84)]
    ['noise.png', 'noise.csv']
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    if not stem or Path(stem).name != stem or stem.startswith("."):
        raise error("error.figure_stem", stem=stem)
    for name in formats:
        if name not in ("png", "svg", "pdf"):
            raise error("error.figure_format", format=name)
    if not WIDTHS[0] <= width <= WIDTHS[1]:
        raise error("error.width", width=width, least=WIDTHS[0], most=WIDTHS[1])
    finish(fig, width)
    height = fig.get_figheight() * MM
    if height > style.PAGE_HEIGHT:
        sizes = {"height": round(height), "width": f"{width:g}", "page": style.PAGE_HEIGHT}
        warnings.warn(word("plot.too_tall", stem=stem, **sizes), stacklevel=2)
    csv = collect(fig, stem, data).to_csv(index=False, lineterminator="\n", float_format="%.10g")
    contents = _render(fig, formats)
    contents["csv"] = csv.encode("utf-8")
    target = (Path(folder) if folder else figures_dir()) / language()
    target.mkdir(parents=True, exist_ok=True)
    draft = target / f".{stem}.{os.getpid()}"
    try:
        for ending, content in contents.items():  # a killed run leaves the old file
            draft.write_bytes(content)
            os.replace(draft, target / f"{stem}.{ending}")
    finally:
        draft.unlink(missing_ok=True)
    return [target / f"{stem}.{ending}" for ending in contents]


def figures_dir() -> Path:
    """Return where figures go: the build's folder, else ``scratch`` at the project's root."""
    scratch = Path(__file__).parents[1] / "scratch" / os.environ.get("PYTEST_XDIST_WORKER", "")
    return Path(os.environ.get("XC_BUILD_FIGURES") or scratch)


def _render(fig, formats: list[str]) -> dict[str, bytes]:
    """Lay out once, draw once; the vector forms only where they are asked for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    contents, was = {}, fig.dpi
    canvas = fig.canvas if hasattr(fig.canvas, "buffer_rgba") else FigureCanvasAgg(fig)
    fig.set_dpi(DPI)
    fig.get_layout_engine().execute(fig)
    fig.set_layout_engine("none")
    for ax in fig.axes:  # the solver's last bits differ from run to run
        ax.set_position([round(x, 5) for x in ax.get_position(original=True).bounds])
        ax.set_in_layout(True)
    if "png" in formats:
        canvas.draw()
        contents["png"] = _png(np.asarray(canvas.buffer_rgba())[..., :3], sheet_of(fig))
    for name, undated in {"svg": "Date", "pdf": "CreationDate"}.items():
        if name in formats:
            buffer = io.BytesIO()
            fig.savefig(buffer, format=name, metadata={undated: None})
            contents[name] = buffer.getvalue()
    fig.set_dpi(was)
    return contents


def _png(pixels: np.ndarray, sheet: Sheet) -> bytes:
    """Encode a picture in 256 colours of its own: less than half the bytes, no visible change."""
    look = {"method": Image.Quantize.MAXCOVERAGE, "dither": Image.Dither.NONE}
    picture = Image.fromarray(pixels).quantize(256, **look)
    info = PngImagePlugin.PngInfo()  # a report sets the title as its caption and cuts it away
    depth = str(round(sheet.title_depth / MM * DPI))
    for key, text in {"Title": sheet.title, "Note": sheet.note, "TitleDepth": depth}.items():
        info.add_itxt(key, text)
    buffer = io.BytesIO()
    picture.save(buffer, format="png", dpi=(DPI, DPI), pnginfo=info)
    return buffer.getvalue()


def figure(stem: str, *, width: float | None = None, formats=None):
    """Decorate a function that draws a figure: draw it at once in each language and write it.

    Parameters
    ----------
    stem : str
        File name without folder or ending.
    width, formats : float, sequence of {"png", "svg", "pdf"}, optional
        Default 155 mm, Word's text width, and png; ``$XC_FIGURE_WIDTH`` and
        ``$XC_FIGURE_FORMATS`` ("svg,pdf") go before them.

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

    def decorate(function):
        import matplotlib.pyplot as plt

        asked = os.environ.get("XC_FIGURE_FORMATS")
        kinds = asked.split(",") if asked else (formats or ("png",))
        mm = float(os.environ.get("XC_FIGURE_WIDTH") or width or style.WIDTH)
        for lang in LANGUAGES:
            before = set(plt.get_fignums())
            try:
                with style.use_style(lang):
                    mpl.rcParams["figure.figsize"] = (mm / MM, mpl.rcParams["figure.figsize"][1])
                    fig = function()
                    fig = getattr(fig, "figure", fig)
                    if not hasattr(fig, "savefig"):
                        raise error("error.figure_returns", name=function.__name__)
                    path, *_ = save_figure(fig, stem, width=mm, formats=kinds)
            finally:
                for number in set(plt.get_fignums()) - before:
                    plt.close(number)
            # a notebook shows the one in its language, with its title for those who cannot see it
            if lang == language() and path.suffix == ".png" and "IPython" in sys.modules:
                from IPython import display, get_ipython

                if get_ipython():
                    look = {"width": round(mm / MM * 96 * 1.3), "alt": sheet_of(fig).title}
                    display.display(display.Image(data=path.read_bytes(), **look))
        return function

    return decorate
