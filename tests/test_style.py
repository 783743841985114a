"""Fonts, colours, widths of text and the helpers of numbers."""

import gc
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from drawing import drawing_folder  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis import InputError, style, words
from xc_analysis.words import LANGUAGES, language


def render(lines, caplog):
    """Draw lines of text; a missing glyph raises or is logged."""
    fig = plt.figure(figsize=(12, max(2, 0.14 * len(lines))), layout="none")
    for i, line in enumerate(lines):
        fig.text(0.01, (i + 0.5) / len(lines), line, size=6, parse_math=False)
    fig.canvas.draw()
    plt.close(fig)
    assert "does not have a glyph" not in caplog.text and "not found" not in caplog.text


def chunks(text, n=120):
    return [text[i : i + n] for i in range(0, len(text), n)]


# ---- font ----


def test_a_missing_glyph_would_be_noticed(caplog):
    with pytest.raises(UserWarning, match="Glyph"):
        render(["\U0001f3ee"], caplog)


def test_every_character_of_the_plan_renders(shared, caplog):
    text = (shared / "plan.txt").read_text("utf-8")
    characters = "".join(sorted({c for c in text if c.isprintable() and not c.isspace()}))
    assert len(characters) > 1000
    render(chunks(characters), caplog)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_and_name_renders(lang, caplog):
    indicators, sources = xc.load("indicators"), xc.load("sources")
    texts = [*indicators[f"name_{lang}"], *sources[f"short_{lang}"].dropna()]
    texts += [row[lang] for row in words._table().values()]
    characters = "".join(sorted(set("".join(map(str, texts))) - set(" \n")))
    render(chunks(characters), caplog)


def test_the_packaged_font_is_the_one_that_is_found():
    from matplotlib.font_manager import FontProperties, findfont
    from pylopdf_fonts_zh_cn import sans_path

    assert findfont(FontProperties(family="Noto Sans SC")) == str(sans_path())


# ---- style and language ----


def test_style_is_a_call_and_a_context():
    size = plt.rcParams["font.size"]
    with style.use_style("en"):
        assert language() == "en" and xc.tr("甲", "a") == "a"
        plt.rcParams["font.size"] = 40
    assert language() == "zh" and plt.rcParams["font.size"] == size
    with plt.rc_context({"font.size": 33}), style.use_style():
        assert plt.rcParams["font.size"] == size and language() == "zh"
    with pytest.raises(RuntimeError), style.use_style("en"):
        raise RuntimeError
    assert language() == "zh"


def test_leaving_the_style_leaves_no_language_set(monkeypatch):
    words.use_language(None)
    with style.use_style("en"):
        pass
    monkeypatch.setenv("XC_LANG", "zh")
    assert language() == "zh"


def test_a_plain_call_survives_garbage_collection():
    style.use_style("en")
    gc.collect()
    assert language() == "en" and plt.rcParams["font.family"][0] == "Noto Sans SC"


def test_style_does_not_undo_what_a_backend_sets():
    with style.use_style("en"):
        plt.ion()
    assert plt.isinteractive()
    plt.ioff()


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="fr"):
        style.use_style("fr")
    assert language() == "zh"


def test_charts_apply_the_style_where_nobody_did(tmp_path):
    script = """
import warnings; warnings.filterwarnings('error', message='Glyph')
import matplotlib.pyplot as plt
fig, ax = plt.subplots()  # made before the style
import xc_analysis as xc
xc.plot_series(xc.series('traffic_noise'), ax=ax)
ax.set_title('交通噪声', loc='left'); ax.set_xlabel('年份')
fig.canvas.draw()
print('drawn')
"""
    env = {"XC_LANG": "zh", "MPLBACKEND": "Agg", "PATH": "/usr/bin", "HOME": str(tmp_path)}
    ask = [sys.executable, "-c", script]
    done = subprocess.run(ask, capture_output=True, text=True, env=env)
    assert done.stdout.strip() == "drawn", done.stderr[-600:]


# ---- colours ----


def every_color():
    fixed = {"ink": style.INK, "muted": style.MUTED, "target": style.TARGET, "city": style.CITY}
    return {**fixed, "limit": style.LIMIT, **style.POLLUTANTS, **style.THEMES}


@pytest.mark.parametrize("name", every_color())
def test_every_text_colour_stands_out_on_white(name):
    assert style.contrast(every_color()[name]) >= 4.5


def test_contrast_agrees_with_published_values():
    # WCAG 2: black on white 21, #767676 on white 4.54, #777777 4.48
    assert style.contrast("#000000") == pytest.approx(21)
    assert style.contrast("#767676") == pytest.approx(4.54, abs=0.01)
    assert style.contrast("#777777") == pytest.approx(4.48, abs=0.01)


def test_target_orange_is_nobody_elses_colour():
    from matplotlib.colors import rgb_to_hsv, to_rgb

    orange = rgb_to_hsv(to_rgb(style.TARGET))
    for name, color in {**style.POLLUTANTS, **style.THEMES}.items():
        hue, saturation, value = rgb_to_hsv(to_rgb(color))
        near = abs(hue - orange[0]) < 0.04 and saturation > 0.5 and abs(value - orange[2]) < 0.25
        assert not near, name


def test_series_take_the_colour_of_their_pollutant_or_theme():
    own = {"pm25": "pm25", "pm25_change": "pm25", "o3_8h_p90": "o3", "co_p95": "co"}
    own |= {"heavy_days": "heavy", "severe_days": "heavy", "good_day_ratio": "good"}
    for indicator, pollutant in own.items():
        assert style.series_color({"indicator": indicator}) == style.POLLUTANTS[pollutant]
    for indicator, theme in {"green_cover": "green", "co2_total": "carbon"}.items():
        attrs = {"indicator": indicator, "theme": theme}
        assert style.series_color(attrs) == style.THEMES[theme]
    assert style.series_color({}) == style.INK
    assert len(set(style.POLLUTANTS.values())) == len(style.POLLUTANTS)


# ---- words and numbers ----


def test_percent_and_spans_follow_the_language():
    assert style.percent(95) == "95%" and style.span(2015, 2020) == "2015—2020"
    with style.use_style("en"):
        assert style.percent(95) == "95 %" and style.span(2015, 2020) == "2015–2020"
        assert style.percent(73.24, 1) == "73.2 %"
    assert style.span(2020, 2020) == "2020"


def test_numbers_have_the_decimals_they_deserve():
    plain = {83.1: "83", 3.96: "4.0", 4.0: "4", float("nan"): "—"}
    assert {v: style.number(v) for v in plain} == plain
    asked = {(69.6, 1): "69.6", (31.8, 2): "31.80", (1234.5, 0): "1,234"}
    assert {pair: style.number(*pair) for pair in asked} == asked
    assert [style.shortest(v) for v in (35.0, 31.85, 0.5)] == ["35", "31.85", "0.5"]


def test_subscripts_are_characters_not_markup():
    assert style.subscripts("PM2.5, PM10, O3, NO2, SO2, CO2") == "PM₂.₅, PM₁₀, O₃, NO₂, SO₂, CO₂"


def test_names_follow_the_language():
    assert style.unit_name("µg/m³") == "微克/立方米" and style.place_name("东城区") == "东城区"
    with style.use_style("en"):
        assert style.unit_name("µg/m³") == "µg/m³" and style.place_name("东城区") == "Dongcheng"
        assert style.place_name("官园") == "Guanyuan"
        assert style.key_name("traffic_noise") == "Mean traffic noise"
    assert style.unit_name("furlong") == "furlong" and style.unit_name(None) == ""


def test_every_area_and_station_has_an_english_name():
    named = {*xc.load("observations")["scope"], *xc.load("targets")["scope"]}
    named |= {*xc.load("air/stations")["station"]}
    with style.use_style("en"):
        assert [n for n in named if not style.place_name(n).isascii()] == []


# ---- widths ----


def test_text_width_is_what_the_renderer_measures():
    fig = plt.figure(figsize=(6, 2), dpi=300, layout="none")
    renderer = fig.canvas.get_renderer()
    for text in ("细颗粒物年均浓度与优良天数比率", "0.4 dB below its limit", "µg/m³"):
        artist = fig.text(0, 0, text, size=9)
        measured = artist.get_window_extent(renderer).width / 300 * 25.4
        assert style.text_width(text, 9) == pytest.approx(measured, rel=0.03, abs=0.6)


@given(st.text("细颗粒物浓度，。（）abc PM₂.₅ 0123456789-", max_size=80), st.floats(8, 60))
def test_wrapped_text_keeps_its_characters_and_its_width(text, width):
    wrapped = style.wrap(text, width, 7)
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.split("\n"):
        # marks that may not begin a line may stick out of it, and so may one long unit
        body = line.rstrip(style._NO_LINE_START + " ").lstrip(style._NO_LINE_END)
        if body and style.text_width(body, 7) > width + 1e-6:
            units = [p for p in style._pieces(body) if p[0] not in style._NO_LINE_START]
            assert len(units) == 1


def test_chinese_lines_do_not_begin_with_a_full_stop_or_end_with_a_bracket():
    text = "换算到同一参比状态后细颗粒物下降50%。点线（2018年9月起监测状态改变，前后不直接比较）。"
    for width in range(12, 80):
        lines = style.wrap(text, width, 7).split("\n")
        assert not any(line[0] in "，。）" for line in lines[1:])
        assert not any(line.endswith("（") for line in lines)
    assert "（微克/立方米）" in style.wrap("细颗粒物年均浓度（微克/立方米）", 22, 7).split("\n")
