"""Fonts, colours, sizes, language, and the only writer of figures.

A figure leaves the project three times under one stem: png and svg for the eye, csv for whoever
wants to audit it. ``save_figure`` writes the three together, each in one atomic step, and the
same figure gives the same bytes on every run.
"""

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pandas as pd

from xc_analysis.drawing.palette import BREAKS, INK, MUTED, STATUS, THEMES, UNITS
from xc_analysis.drawing.png import small_png
from xc_analysis.drawing.wrapping import wrap
from xc_analysis.errors import InputError

LANGUAGES = ("zh", "en")
WIDTHS = {"single": 84.0, "double": 174.0}  # printed width in mm

_language = "zh"


class _Style(contextlib.ExitStack):
    """What ``use_style`` returns: usable in a ``with``, silent as the last line of a cell."""

    def _ipython_display_(self) -> None:
        return None


def use_style(lang: str = "zh") -> contextlib.ExitStack:
    """Set the house style and the language, for good or for a ``with`` block.

    Parameters
    ----------
    lang : {"zh", "en"}
        Language of labels that the package writes.

    Returns
    -------
    contextlib.ExitStack
        Leaving it as a context manager restores the style and the language found before;
        ignoring it keeps the new ones.

    Raises
    ------
    InputError
        For any other language.
    """
    global _language
    if lang not in LANGUAGES:
        raise InputError(f"use_style: language {lang!r} is not known; use 'zh' or 'en'")
    import matplotlib as mpl

    _register_font()
    before = {k: v for k, v in dict.items(mpl.rcParams) if k != "backend"}
    handle = _Style()
    handle.callback(_restore, before, _language)
    mpl.rcParams.update(
        mpl.rc_params_from_file(Path(__file__).with_name("xc.mplstyle"), use_default_template=False)
    )
    _language = lang
    return handle


def _restore(params: dict, language: str) -> None:
    global _language
    import matplotlib as mpl

    dict.update(mpl.rcParams, params)
    _language = language


def _register_font() -> None:
    """Make the packaged Noto Sans SC the one that is found, also where the system has another."""
    from matplotlib.font_manager import fontManager
    from pylopdf_fonts_zh_cn import sans_path

    path = str(sans_path())
    first = fontManager.ttflist[0] if fontManager.ttflist else None
    if first is None or first.fname != path:
        fontManager.addfont(path)
        fontManager.ttflist.insert(0, fontManager.ttflist.pop())


def lang() -> str:
    """The language in force, "zh" or "en"."""
    return _language


def tr(zh: str, en: str) -> str:
    """The one of two texts that is in the language in force."""
    return zh if _language == "zh" else en


def unit_name(unit: str) -> str:
    """A table's unit as a reader of the language in force expects it."""
    return tr(*UNITS[unit]) if unit in UNITS else str(unit)


def theme_color(theme: str | None) -> str:
    """Colour of a theme; ink for one that has none."""
    return THEMES.get(theme, INK)


def figsize(width: str | float = "double", height: float = 80.0) -> tuple[float, float]:
    """Figure size in inches from print millimetres.

    Parameters
    ----------
    width : {"single", "double"} or float
        A column width (84 or 174 mm) or millimetres.
    height : float
        Millimetres.
    """
    if isinstance(width, str):
        if width not in WIDTHS:
            raise InputError(f"figsize: width {width!r} is not known; use 'single' or 'double'")
        width = WIDTHS[width]
    return width / 25.4, height / 25.4


def title(fig, text: str, sub: str | None = None) -> None:
    """Figure title, flush left, with room kept for it; ``sub`` is a smaller second line."""
    _write(fig, "xc-title", text, 10.0, INK)
    if sub:
        _write(fig, "xc-subtitle", sub, 7.0, MUTED)
    _reserve(fig)


def footer(fig, text: str) -> None:
    """Small print under the figure, with room kept for it; a second call replaces the first."""
    _write(fig, "xc-footer", text, 5.8, MUTED)
    _reserve(fig)


_EDGE = 2.0  # mm left free at the sides of a figure


def _write(fig, gid: str, text: str, size: float, color: str) -> None:
    for old in [t for t in fig.texts if t.get_gid() == gid]:
        old.remove()
    text = wrap(text, fig.get_figwidth() * 25.4 - 4, size)
    x = _EDGE / 25.4 / fig.get_figwidth()
    va = "bottom" if gid == "xc-footer" else "top"
    fig.text(
        x, 0, text, gid=gid, size=size, color=color, ha="left", va=va, linespacing=1.3,
        parse_math=False,
    )  # fmt: skip


def _reserve(fig) -> None:
    """Place title, subtitle and footer and leave the rest of the figure to the axes."""
    height = fig.get_figheight() * 72
    pad = 4.0

    def depth(text) -> float:
        return (text.get_text().count("\n") + 1) * text.get_size() * 1.5

    texts = {t.get_gid(): t for t in fig.texts}
    top = bottom = 0.0
    for gid in ("xc-title", "xc-subtitle"):
        if gid in texts:
            texts[gid].set_y(1 - (top + pad) / height)
            top += depth(texts[gid])
    if "xc-footer" in texts:
        texts["xc-footer"].set_y(pad / height)
        bottom = depth(texts["xc-footer"])
    top, bottom = (v + pad if v else 0.0 for v in (top, bottom))
    if fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")
    side = _EDGE / 25.4 / fig.get_figwidth()
    rect = (side, bottom / height, 1 - 2 * side, 1 - (top + bottom) / height)
    fig.get_layout_engine().set(rect=rect)


def evidence_key(data) -> str:
    """The marker key for the kinds of evidence in a plotted table; drafts and breaks are named."""
    table = table_of(data)
    if "status" not in table:
        return ""
    present = set(evidence_status(table))
    marks = [f"{glyph} {tr(zh, en)}" for k, (_, _, glyph, zh, en) in STATUS.items() if k in present]
    parts = []
    if "release" in table and "year" in table:
        draft = sorted({int(y) for y in table.loc[table["release"] == "draft", "year"].dropna()})
        if draft:
            years = tr("、", ", ").join(map(str, draft))
            parts.append(tr(f"{years} 年为未经审核的草稿", f"{years}: draft, unaudited"))
    if {"lower", "upper"} <= set(table) and "value" in table:
        known = table["value"].notna() & ~table["status"].isin(["estimated", "bound"])
        if (known & (table["upper"] > table["lower"])).any():
            parts.append(
                tr(
                    "细竖线：取整或处理方法所容的范围",
                    "thin bar: range left by rounding or treatment",
                )
            )
    # a rule is drawn where one panel holds both bases, not where two panels tell them apart
    panels = table.groupby("panel") if "panel" in table else [(None, table)]
    bases = [set(part["basis"]) for _, part in panels] if "basis" in table else []
    for pair, (_, _, note) in BREAKS.items():
        if any(found.issuperset(pair) for found in bases):
            parts.append(tr(*note))
    marks = [m.replace(" ", "\u00a0") for m in marks]
    return "\n".join(filter(None, ("   ".join(marks), tr("；", "; ").join(parts))))


def evidence_status(table: pd.DataFrame) -> pd.Series:
    """Status per row, with the computed values of incomplete years called "partial"."""
    status = table["status"].astype(object)
    if "completeness" in table:
        partial = (status == "computed") & (table["completeness"] == "partial")
        status = status.where(~partial, "partial")
    return status


def source_line(sources) -> str:
    """ "Source: ..." from a sources table, ids or a text; long lists are cut and counted."""
    names, most = _source_names(sources), 3
    if not names:
        return ""
    shown, rest = names[:most], len(names) - most
    text = tr("；", "; ").join(shown)
    if rest > 0:
        text += tr(f"；另 {rest} 项见同名 csv", f"; {rest} more in the csv of the same name")
    return tr("来源：", "Source: ") + text + tr("。", ".")


def _source_names(sources) -> list[str]:
    if sources is None:
        return []
    if isinstance(sources, str):
        return [sources]
    if isinstance(sources, pd.DataFrame):
        if "title" in sources:
            return list(dict.fromkeys(_cited(r) for r in sources.to_dict("records")))
        sources = _ids(sources)
    return list(dict.fromkeys(str(s) for s in sources))


def _cited(row: dict) -> str:
    """Publisher, title and number of one source; in English the short name where there is one."""
    short = row.get("short_en")
    if _language == "en" and isinstance(short, str) and short.strip():
        return short.strip()
    title, publisher, no = (
        v.strip() if isinstance(v, str) else ""
        for v in map(row.get, ("title", "publisher", "document_no"))
    )
    by = publisher if publisher not in ("", "不详") and publisher not in title else ""
    text = tr(f"{by}《{title}》", f"{by}, {title}") if by else title
    return text + tr(f"（{no}）", f" ({no})") if no and no not in title else text


def _ids(sources) -> list[str]:
    if isinstance(sources, pd.DataFrame):
        column = sources["source_id"] if "source_id" in sources else sources.index
        return [str(v) for v in column]
    if sources is None or isinstance(sources, str):
        return []
    return [str(s) for s in sources]


def table_of(data) -> pd.DataFrame:
    """One plain table from what a figure was drawn from.

    Parameters
    ----------
    data : DataFrame, Series, mapping of name to either, or sequence of either
        Frames as ``series`` returns them lend their attributes: scope, indicator and unit
        become columns. Names of a mapping become the column ``panel``.

    Returns
    -------
    DataFrame
        A new frame with a plain index; the input is not changed.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame(data.name or "value")
    if isinstance(data, pd.DataFrame):
        table = data.copy()
        named = [n for n in table.index.names if n is not None]
        if named or not isinstance(table.index, pd.RangeIndex):
            table = table.reset_index()
        for i, key in enumerate(("scope", "indicator", "unit")):
            value = data.attrs.get(key)
            if isinstance(value, str) and key not in table:
                table.insert(min(i, table.shape[1]), key, value)
        table.attrs = {}
        table.columns = [str(c) for c in table.columns]
        return table
    if isinstance(data, Mapping):
        parts = []
        for name, part in data.items():
            part = table_of(part)
            part.insert(0, "panel", str(name))
            parts.append(part)
    elif isinstance(data, Iterable):
        parts = [table_of(part) for part in data]
    else:
        raise InputError(f"save_figure: data is a {type(data).__name__}; give the plotted frame")
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def figures_dir() -> Path:
    """Where figures go: $XC_FIGURES, else the project's ``figures``."""
    return Path(os.environ.get("XC_FIGURES") or Path(__file__).parents[1] / "figures")


def save_figure(fig, stem: str, *, data, sources, folder=None) -> list[Path]:
    """Write a figure and the numbers in it, under the folder of the language in force.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Gets a footer with the marker key and the sources unless it has one.
    stem : str
        File name without folder or ending, such as ``fig01_air_quality``.
    data : DataFrame or what ``table_of`` takes
        Everything that the figure shows.
    sources : DataFrame, sequence of str, or str
        Rows of the sources table, ids, or a text.
    folder : path, optional
        Where the three go; default the language's folder in ``figures_dir()``.

    Returns
    -------
    list of Path
        The png (300 dpi), svg and csv (UTF-8, LF) written; each is replaced in one step.

    Raises
    ------
    InputError
        When the stem is not a plain file name or the data are no table.

    Notes
    -----
    No time stamp, version or random id enters a file, so a rerun gives the same bytes.
    """
    if not stem or Path(stem).name != stem or stem.startswith("."):
        raise InputError(f"save_figure: stem {stem!r} is no plain file name; give one, no folder")
    table = table_of(data)
    if "source_id" not in table and _ids(sources):
        table["source_id"] = ";".join(_ids(sources))
    if not any(t.get_gid() == "xc-footer" for t in fig.texts):
        text = "\n".join(filter(None, (evidence_key(table), source_line(sources))))
        if text:
            footer(fig, text)

    import matplotlib as mpl

    contents = {"csv": _csv_bytes(table)}
    unsigned = {
        "png": {"Software": None},
        "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    }
    # the salt is set here too: a figure may be saved after its style was left
    with mpl.rc_context({"svg.hashsalt": "xc_analysis", "svg.fonttype": "path"}):
        _settle(fig)
        for kind, metadata in unsigned.items():
            buffer = io.BytesIO()
            fig.savefig(buffer, format=kind, dpi=300, metadata=metadata)
            contents[kind] = buffer.getvalue()
    contents["png"] = small_png(contents["png"])
    folder = Path(folder) if folder else figures_dir() / _language
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{stem}.{kind}" for kind in ("png", "svg", "csv")]
    for path in paths:
        _replace(path, contents[path.suffix[1:]])
    return paths


def _settle(fig) -> None:
    """Lay the figure out once and for all; the solver's last bits differ from run to run."""
    fig.draw_without_rendering()
    if fig.get_layout_engine() is not None:
        fig.set_layout_engine("none")
    for ax in fig.axes:
        ax.set_position([round(x, 5) for x in ax.get_position(original=True).bounds])


def _csv_bytes(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode("utf-8")


def _replace(path: Path, content: bytes) -> None:
    """Put a file in place whole: a killed run leaves the old one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def save_both(draw: Callable, stem: str, *, data, sources):
    """Draw and save a figure once in each language.

    Parameters
    ----------
    draw : callable
        Takes nothing, returns a new Figure; labels through ``tr``.
    stem, data, sources
        As in ``save_figure``; ``data`` may be a callable, asked once per language.

    Returns
    -------
    matplotlib.figure.Figure
        The one in the language in force, closed for pyplot, so that a notebook cell ending in
        this call shows it exactly once.
    """
    import matplotlib.pyplot as plt

    shown = None
    for code in LANGUAGES:
        with use_style(code) as _:
            fig = draw()
            try:
                save_figure(fig, stem, data=data() if callable(data) else data, sources=sources)
            finally:
                plt.close(fig)
        shown = fig if code == _language else shown
    return shown
