"""Font, colours, sizes and the small helpers of text that every figure shares."""

import re
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from pylopdf_fonts_zh_cn import sans_path

from .tables import load
from .words import language, tr, use_language, word

INK = "#2B2B2B"
MUTED = "#5F6368"
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
# HJ 633-2012, table 2: upper ends of the index's classes, their colours and names
AQI_TOPS = (50, 100, 150, 200, 300, 500)
AQI_COLORS = ("#00E400", "#FFFF00", "#FF7E00", "#FF0000", "#99004C", "#7E0023")
AQI_NAMES = ("excellent", "good", "light", "moderate", "heavy", "severe")

MM = 25.4
WIDTH = 155  # Word's text width: a figure is placed as it was drawn
PAGE_HEIGHT = 235  # text height of an A4 page less a caption
SIZES = {"title": 9.5, "panel": 8.0, "note": 7.0, "label": 6.8, "small": 6.5}
DPI = 300
FONTS = ["Noto Sans SC", "DejaVu Sans"]

NO_LINE_START = "，。；、：）〕】》”’！？,.;:)%]"
NO_LINE_END = "（〔【《〈“‘(["
# what no line is broken in: a short bracket, a wide character or a mark, a word and its space
WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6"
UNITS = re.compile(rf"（[^（）]{{1,8}}）|[{WIDE},.;:)%]|[^ {WIDE}]* |[^ {WIDE}]+")


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
    handle = ExitStack()
    handle._ipython_display_ = lambda: None  # silent as the last line of a cell
    if lang is not None:
        handle.callback(use_language, use_language(lang))
    # a backend that is loaded meanwhile keeps its own two settings: notebooks show figures by them
    kept = ("backend", "interactive")
    before = {key: value for key, value in dict.items(mpl.rcParams) if key not in kept}
    handle.callback(dict.update, mpl.rcParams, before)
    font = str(sans_path())
    if fontManager.ttflist[0].fname != font:  # first, so that figures are the same everywhere
        fontManager.addfont(font)
        fontManager.ttflist.insert(0, fontManager.ttflist.pop())
    look = Path(__file__).with_name("xc.mplstyle")
    mpl.rcParams.update(mpl.rc_params_from_file(look, use_default_template=False))
    return handle


def ensure_style(ax=None) -> None:
    """Apply the style where no `use_style` was called, also to an axes made before."""
    if FONTS[0] not in mpl.rcParams["font.family"]:
        use_style()
    if ax is not None:
        for text in (ax._left_title, ax.title, ax._right_title, ax.xaxis.label, ax.yaxis.label):
            text.set_fontfamily(mpl.rcParams["font.family"])


def series_color(attrs: dict) -> str:
    """Return the colour of a series: its pollutant's, else its theme's."""
    first = str(attrs.get("indicator") or "").split("_")[0].replace("severe", "heavy")
    return POLLUTANTS.get(first) or THEMES.get(attrs.get("theme"), INK)


def contrast(color, ground="white") -> float:
    """Return the WCAG contrast of a colour on a ground, 1 to 21."""
    rgb = np.array([to_rgb(color), to_rgb(ground)])
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((light + 0.05) / (dark + 0.05))


def tint(color, share: float) -> tuple:
    """Mix a colour with white; ``share`` is what is left of the colour."""
    return tuple(1 - share * (1 - c) for c in to_rgb(color))


def series_name(attrs: dict) -> str:
    """Return an indicator's name in the language in force from a frame's attributes."""
    return str(attrs.get(f"name_{language()}") or attrs.get("indicator") or "")


def key_name(key) -> str:
    """Return the name of a column, class or area in the language in force, else itself."""
    keys = [f"pollutant.{key}", f"cause.{key}", f"statement.{key}", f"theme.{key}"]
    keys += [f"status_short.{key}", f"verdict.{key}"]
    keys += [f"area.{key}", f"station.{key}", f"column.{key}"]
    for name in keys:
        with suppress(KeyError):  # there is none, or a sentence with fields, which is no name
            return word(name)
    return indicator_name(str(key)) or str(key)


def indicator_name(indicator: str) -> str:
    """Return the register's name of an indicator's id in the language in force, else nothing."""
    if not re.fullmatch("[a-z][a-z0-9_]*", indicator):
        return ""
    names = load("indicators").set_index("indicator")[f"name_{language()}"]
    return str(names.get(indicator, ""))


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


def bracket(text: str, more: str) -> str:
    """Put something behind a text in the brackets of the language in force."""
    return tr(f"{text}（{more}）", f"{text} ({more})")


def odds(p: float) -> str:
    """Return a probability in per cent; what would round to none or to all is no more than that."""
    if 0.005 <= p < 0.995:
        return percent(100 * p)
    return word("asked", sign="<>"[p > 0.5], amount=percent(99 if p > 0.5 else 1))


def span(first, last) -> str:
    """Return a span of years or numbers with the dash of the language in force."""
    return f"{first}{tr('—', '–')}{last}" if first != last else f"{first}"


def subscripts(text: str) -> str:
    """Write PM2.5, O3 and their kind with true subscript characters."""
    lowered = str.maketrans("01235", "₀₁₂₃₅")
    formula = r"\b(PM|NO|SO|CO|O)(2\.5|10|2|3)\b"
    return re.sub(formula, lambda m: m[1] + m[2].translate(lowered), text)


@cache
def _advance(character: str) -> float:
    """Width of a character in em, measured between two others: a space has no ink."""
    look = FontProperties(family=FONTS, size=100)
    texts = (f"H{character}H", "HH")
    widths = [text_to_path.get_text_width_height_descent(t, look, ismath=False)[0] for t in texts]
    return (widths[0] - widths[1]) / 100


def text_width(text: str, size: float) -> float:
    """Return the width of a text in millimetres; that of its longest line."""
    return max(sum(map(_advance, line)) for line in text.split("\n")) * size / 72 * MM


def wrap(text: str, width: float, size: float) -> str:
    """Break a text into lines of a width in mm; Chinese breaks anywhere, English at spaces."""
    lines = []
    for part in text.split("\n"):
        line = ""
        for unit in UNITS.findall(part):
            too_long = line and text_width((line + unit).rstrip(), size) > width
            if too_long and unit[0] not in NO_LINE_START:
                head = line.rstrip()
                kept = head.rstrip(NO_LINE_END) or head
                lines.append(kept.rstrip())
                line, unit = head[len(kept) :], unit.lstrip()
            line += unit
        lines.append(line.rstrip())
    return "\n".join(lines)
