"""Fonts, colours, widths of text and the helpers of numbers."""

import gc
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from drawing import drawing_folder  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.font_manager import FontProperties, findfont
from pylopdf_fonts_zh_cn import sans_path

import xc_analysis as xc
from xc_analysis import InputError, style, words
from xc_analysis.words import LANGUAGES, language

THEIRS = {**style.POLLUTANTS, **style.THEMES}
COLORS = {name: getattr(style, name) for name in ("INK", "MUTED", "TARGET", "CITY", "LIMIT")}
COLORS |= THEIRS


def render(text, caplog):
    """Draw every character of a text; a missing glyph raises or is logged."""
    characters = "".join(sorted({c for c in text if c.isprintable() and not c.isspace()}))
    fig = plt.figure(figsize=(12, 5), layout="none")
    for i in range(0, len(characters), 120):
        fig.text(0.01, i / 120 / 40, characters[i : i + 120], size=6, parse_math=False)
    fig.canvas.draw()
    assert "does not have a glyph" not in caplog.text and "not found" not in caplog.text
    return len(characters)


def test_every_character_of_plan_words_and_names_renders(shared, caplog):
    texts = [row[lang] for row in words._table().values() for lang in LANGUAGES]
    for table, column in (("indicators", "name"), ("sources", "short")):
        texts += [
            text for lang in LANGUAGES for text in xc.load(table)[f"{column}_{lang}"].dropna()
        ]
    render("".join(texts), caplog)
    assert render((shared / "plan.txt").read_text("utf-8"), caplog) > 1000
    with pytest.raises(UserWarning, match="Glyph"):
        render("\U0001f3ee", caplog)


def test_the_packaged_font_is_the_one_that_is_found():
    assert findfont(FontProperties(family="Noto Sans SC")) == str(sans_path())


def test_style_is_a_call_and_a_context(monkeypatch):
    size = plt.rcParams["font.size"]
    with style.use_style("en"):
        assert language() == "en" and xc.tr("甲", "a") == "a"
        plt.rcParams["font.size"] = 40
        plt.ion()  # a backend's own setting is not undone
    assert language() == "zh" and plt.rcParams["font.size"] == size and plt.isinteractive()
    plt.ioff()
    with plt.rc_context({"font.size": 33}), style.use_style():
        assert plt.rcParams["font.size"] == size and language() == "zh"
    with pytest.raises(RuntimeError), style.use_style("en"):
        raise RuntimeError
    with pytest.raises(InputError, match="fr"):
        style.use_style("fr")
    assert language() == "zh"
    style.use_style("en")
    gc.collect()
    assert language() == "en" and plt.rcParams["font.family"][0] == "Noto Sans SC"
    words.use_language(None)  # leaving the style leaves no language set
    with style.use_style("en"):
        pass
    monkeypatch.setenv("XC_LANG", "zh")
    assert language() == "zh"


def test_charts_apply_the_style_where_nobody_did(tmp_path):
    script = """
import warnings; warnings.filterwarnings('error', message='Glyph')
import matplotlib.pyplot as plt
fig, ax = plt.subplots()  # made before the style
import xc_analysis as xc
xc.plot_series(xc.series('traffic_noise'), ax=ax)
ax.set_title('交通噪声', loc='left'); ax.set_xlabel('年份')
fig.canvas.draw()"""
    env = {"XC_LANG": "zh", "MPLBACKEND": "Agg", "PATH": "/usr/bin", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=env)


@pytest.mark.parametrize("name", COLORS)
def test_text_colours_stand_out_on_white_and_none_looks_like_a_target(name):
    assert style.contrast(COLORS[name]) >= 4.5
    if name in THEIRS:
        orange, (hue, much, light) = (rgb_to_hsv(to_rgb(c)) for c in (style.TARGET, THEIRS[name]))
        assert abs(hue - orange[0]) >= 0.04 or much <= 0.5 or abs(light - orange[2]) >= 0.25


# WCAG 2: black on white 21, #767676 on white 4.54, #777777 4.48
@pytest.mark.parametrize(("color", "ratio"), [("#000", 21), ("#767676", 4.54), ("#777777", 4.48)])
def test_contrast_agrees_with_published_values(color, ratio):
    assert style.contrast(color) == pytest.approx(ratio, abs=0.01)


def test_series_take_the_colour_of_their_pollutant_or_theme():
    own = {"pm25": "pm25", "pm25_change": "pm25", "o3_8h_p90": "o3", "co_p95": "co"}
    own |= {"heavy_days": "heavy", "severe_days": "heavy", "good_day_ratio": "good"}
    for indicator, pollutant in own.items():
        assert style.series_color({"indicator": indicator}) == style.POLLUTANTS[pollutant]
    green = {"indicator": "green_cover", "theme": "green"}
    assert (
        style.series_color(green) == style.THEMES["green"] and style.series_color({}) == style.INK
    )
    assert len(set(style.POLLUTANTS.values())) == len(style.POLLUTANTS)


TOLD = """
percent(95) | 95% | 95 %
percent(73.24, 1) | 73.2% | 73.2 %
span(2015, 2020) | 2015—2020 | 2015–2020
span(2020, 2020) | 2020 | 2020
number(83.1) | 83 | 83
number(3.96) | 4.0 | 4.0
number(4.0) | 4 | 4
number(float("nan")) | — | —
number(31.8, 2) | 31.80 | 31.80
number(1234.5, 0) | 1,234 | 1,234
shortest(35.0) | 35 | 35
shortest(31.85) | 31.85 | 31.85
subscripts("PM2.5, O3, NO2, CO2") | PM₂.₅, O₃, NO₂, CO₂ | PM₂.₅, O₃, NO₂, CO₂
unit_name("µg/m³") | 微克/立方米 | µg/m³
unit_name("furlong") | furlong | furlong
unit_name(None) | |
key_name("东城区") | 东城区 | Dongcheng
key_name("官园") | 官园 | Guanyuan
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


@pytest.mark.parametrize("text", ["细颗粒物年均浓度与优良天数比率", "0.4 dB below it", "µg/m³"])
def test_text_width_is_what_the_renderer_measures(text):
    fig = plt.figure(figsize=(6, 2), dpi=300, layout="none")
    box = fig.text(0, 0, text, size=9).get_window_extent(fig.canvas.get_renderer())
    assert style.text_width(text, 9) == pytest.approx(box.width / 300 * 25.4, rel=0.03, abs=0.6)


@given(st.text("细颗粒物浓度，。（）abc PM₂.₅ 0123456789-", max_size=80), st.floats(8, 60))
def test_wrapped_text_keeps_its_characters_and_its_width(text, width):
    wrapped = style.wrap(text, width, 7)
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.split("\n"):
        # marks that may not begin a line may stick out of it, and so may one long unit
        body = line.rstrip(style.NO_LINE_START + " ").lstrip(style.NO_LINE_END)
        if body and style.text_width(body, 7) > width + 1e-6:
            marks = style.NO_LINE_START + style.NO_LINE_END + " "
            units = [unit for unit in style.UNITS.findall(line) if unit.strip(marks)]
            assert len(units) == 1


def test_chinese_lines_do_not_begin_with_a_full_stop_or_end_with_a_bracket():
    text = "换算到同一参比状态后细颗粒物下降50%。点线（2018年9月起监测状态改变，前后不直接比较）。"
    for width in range(12, 80):
        assert not re.search("\n[，。）]|（(\n|$)", style.wrap(text, width, 7))
    assert "（微克/立方米）" in style.wrap("细颗粒物年均浓度（微克/立方米）", 22, 7).split("\n")
