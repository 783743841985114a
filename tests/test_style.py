"""Fonts, colours, widths of text and the helpers of numbers."""

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from drawing import drawing_folder  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.font_manager import findfont, get_font
from pylopdf_fonts_zh_cn import sans_path

import xc_analysis as xc
from xc_analysis import style, words
from xc_analysis.words import LANGUAGES, language

DATA = Path(__file__).resolve().parents[1] / "data"


def test_every_character_of_words_and_tables_has_a_glyph():
    fonts = [findfont(family) for family in style.FONTS]
    assert fonts[0] == str(sans_path())
    files = [Path(words.__file__).with_name("words.csv"), *DATA.glob("*.csv")]
    text = set("".join(path.read_text("utf-8") for path in files)) - set("\n\r\t\ufeff")
    assert len(text) > 1000
    assert not [c for c in text if not any(ord(c) in get_font(f).get_charmap() for f in fonts)]


def test_style_is_a_call_and_a_context():
    size = plt.rcParams["font.size"]
    with style.use_style("en"):
        assert language() == "en" and xc.tr("甲", "a") == "a"
        plt.rcParams["font.size"] = 40
    assert language() == "zh" and plt.rcParams["font.size"] == size
    style.use_style("en")
    assert language() == "en" and plt.rcParams["font.family"][0] == "Noto Sans SC"


def test_charts_apply_the_style_where_nobody_did():
    with plt.rc_context():
        plt.rcdefaults()
        xc.title(plt.figure(), "二〇二〇年数值").canvas.draw()  # a missing glyph is an error
        plt.rcdefaults()
        fig, ax = plt.subplots()  # made before the style
        xc.plot_series(xc.series("traffic_noise"), ax=ax)
        ax.set_title("交通噪声", loc="left")
        fig.canvas.draw()


def test_colours_carry_text_on_white_and_mean_one_thing_none_that_of_a_target():
    # WCAG 2: black on white 21, #767676 on white 4.54, #777777 4.48
    for color, ratio in {"#000": 21, "#767676": 4.54, "#777777": 4.48}.items():
        assert style.contrast(color) == pytest.approx(ratio, abs=0.01)
    assert len(set(style.POLLUTANTS.values())) == len(style.POLLUTANTS)
    theirs = {*style.POLLUTANTS.values(), *style.THEMES.values()}
    for color in {style.INK, style.MUTED, style.TARGET, style.CITY, style.LIMIT} | theirs:
        assert style.contrast(color) >= 4.5, color
    orange = rgb_to_hsv(to_rgb(style.TARGET))
    for color in theirs:
        hue, much, light = rgb_to_hsv(to_rgb(color))
        assert abs(hue - orange[0]) >= 0.04 or much <= 0.5 or abs(light - orange[2]) >= 0.25, color
    named = {"pm25_change": "pm25", "o3_8h_p90": "o3", "severe_days": "heavy", "co_p95": "co"}
    for indicator, name in named.items():
        assert style.series_color({"indicator": indicator}) == style.POLLUTANTS[name]
    assert style.series_color({"theme": "green"}) == style.THEMES["green"]


TOLD = """
percent(73.24, 1) | 73.2% | 73.2 %
odds(0.846) | 85% | 85 %
odds(0.996) | >99% | > 99 %
odds(0.001) | <1% | < 1 %
span(2015, 2020) | 2015—2020 | 2015–2020
number(3.96) | 4.0 | 4.0
number(float("nan")) | — | —
subscripts("PM2.5, O3, NO2, CO2") | PM₂.₅, O₃, NO₂, CO₂ | PM₂.₅, O₃, NO₂, CO₂
unit_name("µg/m³") | 微克/立方米 | µg/m³
unit_name("furlong") | furlong | furlong
key_name("东城区") | 东城区 | Dongcheng
key_name("traffic_noise") | 交通噪声平均值 | Mean traffic noise
"""


@pytest.mark.parametrize("line", TOLD.strip().splitlines())
def test_numbers_and_names_follow_the_language(line):
    asked, *wanted = (part.strip() for part in line.split("|"))
    for lang, text in zip(LANGUAGES, wanted, strict=True):
        with style.use_style(lang):
            assert eval(asked, vars(words) | vars(style)) == text


def test_every_area_and_station_has_an_english_name():
    named = {*xc.load("observations")["scope"], *xc.load("targets")["scope"]}
    named |= {*xc.load("air/stations")["station"]}
    with style.use_style("en"):
        assert [n for n in named if not style.key_name(n).isascii()] == []


@given(st.text("细颗粒物浓度，。（）abcPM₂.₅0123456789-", max_size=80), st.floats(8, 60))
def test_wrapped_text_keeps_its_characters_and_its_width_and_begins_no_line_with_a_stop(
    text, width
):
    lines = style.wrap(text, width, 7).split("\n")
    assert "".join(lines) == text
    assert not [line for line in lines[1:] if line[0] in style.NO_LINE_START]
    marks = style.NO_LINE_START + style.NO_LINE_END
    for line in lines:  # marks may stick out of a line, and so may one long unit
        if style.text_width(line.strip(marks), 7) > width + 1e-6:
            assert len([unit for unit in style.UNITS.findall(line) if unit.strip(marks)]) == 1
