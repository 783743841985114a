"""Font, colours, sizes and the small helpers of text that every figure shares."""

from __future__ import annotations

import re
import unicodedata
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import numpy as np

from .tables import load
from .words import has_word, language, tr, use_language, word

__all__ = ["tr", "use_style"]

INK = "#2B2B2B"
MUTED = "#5F6368"
FAINT = "#E7E7E7"
SHADE = "#F1F3F6"
# The district's own targets and nothing else; the city's numbers and limits are grey.
TARGET = "#BF4A00"
CITY = "#6E6E6E"
LIMIT = "#6E6E6E"
# The one table of pollutant colours. All carry text on white (contrast 4.5 or more).
POLLUTANTS = {"pm25": "#15549A", "pm10": "#8A5A00", "no2": "#6A3D9A", "so2": "#1D7A3A"}
POLLUTANTS |= {"o3": "#B8479A", "co": "#4A5A6A", "dust": "#8C6D1F", "heavy": "#8B1A2B"}
POLLUTANTS |= {"good": "#00707A", "other": "#6A717B"}
THEMES = {"air": "#15549A", "water": "#08737F", "green": "#1D7A3A", "noise": "#8E3F8A"}
THEMES |= {"carbon": "#7A1F4B", "soil": "#5A4A14", "waste": "#6F5B4B", "dust": "#8C6D1F"}
THEMES |= {"economy": "#5C6370", "project": "#3B3F8C"}
# HJ 633-2012, table 2: upper end of the index, colour, key of the class's name.
AQI_CLASSES = (
    (50, "#00E400", "aqi.excellent"),
    (100, "#FFFF00", "aqi.good"),
    (150, "#FF7E00", "aqi.light"),
    (200, "#FF0000", "aqi.moderate"),
    (300, "#99004C", "aqi.heavy"),
    (500, "#7E0023", "aqi.severe"),
)

MM = 25.4
WIDTH = 155  # Word's text width: a figure is placed as it was drawn
PAGE_HEIGHT = 235  # text height of an A4 page less a caption
SIZES = {"title": 9.5, "panel": 8.0, "note": 7.0, "label": 6.8, "small": 6.5}
DPI = 300

_NO_LINE_START = "，。；、：）〕】》”’！？,.;:)%]"
_NO_LINE_END = "（〔【《〈“‘(["


class _Style(ExitStack):
    """Handle of `use_style`, silent as the last line of a cell."""

    def _ipython_display_(self) -> None:
        return None


def use_style(lang: str | None = None) -> ExitStack:
    """Set the house style and the language, for good or for a ``with`` block.

    Parameters
    ----------
    lang : {"zh", "en"}, optional
        Language of labels; None leaves the one in force.

    Returns
    -------
    contextlib.ExitStack
        Leaving it restores the style and language found before.

    Raises
    ------
    InputError
        For another language.

    Examples
    --------
    >>> import xc_analysis as xc
    >>> with xc.use_style("en"):
    ...     xc.tr("细颗粒物", "PM₂.₅")
    'PM₂.₅'
    """
    import matplotlib as mpl

    handle = _Style()
    if lang is not None:
        handle.callback(use_language, use_language(lang))
    # a backend that is loaded meanwhile keeps its own two settings: notebooks show figures by them
    kept = ("backend", "interactive")
    before = {key: value for key, value in dict.items(mpl.rcParams) if key not in kept}
    handle.callback(dict.update, mpl.rcParams, before)
    _register_font()
    look = Path(__file__).with_name("xc.mplstyle")
    mpl.rcParams.update(mpl.rc_params_from_file(look, use_default_template=False))
    return handle


def ensure_style(ax=None) -> None:
    """Apply the style where no `use_style` was called, also to an axes made before."""
    import matplotlib as mpl

    if "Noto Sans SC" not in mpl.rcParams["font.family"]:
        use_style()
    if ax is not None:
        for text in (ax._left_title, ax.title, ax._right_title, ax.xaxis.label, ax.yaxis.label):
            text.set_fontfamily(mpl.rcParams["font.family"])


@cache
def _font_path() -> str:
    from pylopdf_fonts_zh_cn import sans_path

    return str(sans_path())


def _register_font() -> None:
    """Put the packaged Noto Sans SC first, so that figures are the same everywhere."""
    from matplotlib.font_manager import fontManager

    if not fontManager.ttflist or fontManager.ttflist[0].fname != _font_path():
        fontManager.addfont(_font_path())
        fontManager.ttflist.insert(0, fontManager.ttflist.pop())


def series_color(attrs: dict) -> str:
    """Return the colour of a series: its pollutant's, else its theme's."""
    first = str(attrs.get("indicator") or "").split("_")[0]
    first = {"severe": "heavy"}.get(first, first)
    return POLLUTANTS.get(first) or THEMES.get(attrs.get("theme"), INK)


def contrast(color, ground="white") -> float:
    """Return the WCAG contrast of a colour on a ground, 1 to 21."""
    from matplotlib.colors import to_rgb

    def luminance(c) -> float:
        rgb = np.array(to_rgb(c))
        linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(color), luminance(ground)])
    return (light + 0.05) / (dark + 0.05)


def tint(color, share: float) -> tuple:
    """Mix a colour with white; ``share`` is what is left of the colour."""
    from matplotlib.colors import to_rgb

    return tuple(1 - share * (1 - c) for c in to_rgb(color))


# ---- words ----------------------------------------------------------------------------------


def unit_name(unit: str | None) -> str:
    """Return a table's unit as a reader of the language in force expects it."""
    if not isinstance(unit, str):
        return ""
    return word(f"unit.{unit}") if has_word(f"unit.{unit}") else unit


def place_name(name: str | None) -> str:
    """Return an area's or a station's name in the language in force."""
    for key in (f"area.{name}", f"station.{name}"):
        if has_word(key):
            return word(key)
    return name or ""


def series_name(attrs: dict) -> str:
    """Return an indicator's name in the language in force from a frame's attributes."""
    return str(attrs.get(f"name_{language()}") or attrs.get("indicator") or "")


def key_name(key) -> str:
    """Return the name of a column, class or area in the language in force, else itself."""
    text = str(key)
    keys = [f"pollutant.{text}", f"cause.{text}", f"statement.{text}", f"theme.{text}"]
    keys += [f"status_short.{text}", f"verdict.{text}"]
    keys += [f"area.{text}", f"station.{text}", f"column.{text}"]
    for key in keys:
        if has_word(key):
            try:
                return word(key)
            except KeyError:  # a sentence with fields is no name
                continue
    return indicator_name(text) or text


def indicator_name(indicator: str) -> str:
    """Return the register's name of an indicator's id in the language in force, else nothing."""
    if not re.fullmatch("[a-z][a-z0-9_]*", indicator):
        return ""
    names = load("indicators").set_index("indicator")[f"name_{language()}"]
    return str(names.get(indicator, ""))


# ---- numbers --------------------------------------------------------------------------------


def number(value: float, decimals: float | None = None) -> str:
    """Return a value with its decimals, by default as many as its size deserves."""
    if value is None or not np.isfinite(value):
        return "—"
    if decimals is None or not np.isfinite(decimals):
        decimals = 0 if abs(value) >= 20 or float(value).is_integer() else 1
    return f"{value:,.{int(decimals)}f}"


def shortest(value: float) -> str:
    """Return a value without needless zeros, as a limit or a target is written."""
    return f"{value:,.10g}" if abs(value) < 1e10 else f"{value:g}"


def percent(value: float, decimals: float | None = 0) -> str:
    """Return a percentage: 95 % in English, 95% in Chinese."""
    return f"{number(value, decimals)}{tr('%', ' %')}"


def span(first, last) -> str:
    """Return a span of years or numbers with the dash of the language in force."""
    return f"{first}{tr('—', '–')}{last}" if first != last else f"{first}"


def subscripts(text: str) -> str:
    """Write PM2.5, O3 and their kind with true subscript characters."""
    lowered = str.maketrans("01235", "₀₁₂₃₅")
    formula = r"\b(PM|NO|SO|CO|O)(2\.5|10|2|3)\b"
    return re.sub(formula, lambda m: m[1] + m[2].translate(lowered), text)


# ---- widths ---------------------------------------------------------------------------------


@cache
def _faces() -> tuple:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    faces = [FT2Font(_font_path()), FT2Font(findfont("DejaVu Sans"))]
    for face in faces:
        face.set_size(100, 72)
    return tuple(faces)


@cache
def _advance(c: str) -> float:
    """Width of a character in em."""
    from matplotlib.ft2font import LoadFlags

    for face in _faces():
        if face.get_char_index(ord(c)):
            return face.load_char(ord(c), LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 100
    return 1.0


def text_width(text: str, size: float) -> float:
    """Return the width of a text in millimetres; that of its longest line."""
    return max(sum(map(_advance, line)) for line in text.split("\n")) * size / 72 * MM


def wrap(text: str, width: float, size: float) -> str:
    """Break a text into lines of a width in mm; Chinese breaks anywhere, English at spaces."""
    return "\n".join(line for part in text.split("\n") for line in _wrapped(part, width, size))


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines, line = [], ""
    for piece in _pieces(text):
        too_long = line and text_width((line + piece).rstrip(), size) > width
        if too_long and piece[0] not in _NO_LINE_START:
            head = line.rstrip()
            kept = head.rstrip(_NO_LINE_END) or head
            lines.append(kept.rstrip())
            line, piece = head[len(kept) :], piece.lstrip()
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Units that may not be broken: a wide character, a short bracket, a run of others."""
    pieces: list[str] = []
    for part in re.split(r"(（[^（）]{1,8}）)", text):
        if part.startswith("（") and part.endswith("）"):
            pieces.append(part)
            continue
        for i, c in enumerate(part):
            joins = i and not _is_wide(c) and pieces[-1][-1] != " " and not _is_wide(pieces[-1][-1])
            if joins:
                pieces[-1] += c
            else:
                pieces.append(c)
    return pieces


def _is_wide(c: str) -> bool:
    return unicodedata.east_asian_width(c) in "WF"
