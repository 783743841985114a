"""Fonts, language, footers, and files that a rerun does not change."""

import io
import os
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from xc_analysis import InputError, style
from xc_analysis.drawing import palette


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setenv("XC_FIGURES", str(tmp_path / "figures"))
    with style.use_style("zh"), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        yield
    plt.close("all")


def render(lines, caplog):
    """Draw lines of text; a missing glyph raises (see the fixture) or is logged by mathtext."""
    fig = plt.figure(figsize=(12, max(2, 0.14 * len(lines))))
    for i, line in enumerate(lines):
        fig.text(0.01, (i + 0.5) / len(lines), line, size=6, parse_math=False)
    fig.savefig(io.BytesIO(), format="png", dpi=40)
    plt.close(fig)
    assert "does not have a glyph" not in caplog.text and "not found" not in caplog.text


def chunks(text, n=120):
    return [text[i : i + n] for i in range(0, len(text), n)]


def frame():
    return pd.DataFrame(
        {"value": [1.0, 2.5], "status": ["printed", "derived"], "source_id": ["a", "b"]},
        index=pd.Index([2019, 2020], name="year"),
    )


def draw():
    fig, ax = plt.subplots(figsize=style.figsize("single", 50))
    ax.plot([1, 2], [1, 2.5])
    ax.set_title(style.tr("细颗粒物 PM₂.₅", "PM₂.₅"))
    return fig


def test_a_missing_glyph_would_be_noticed(caplog):
    with pytest.raises(UserWarning, match="Glyph"):
        render(["\U0001f3ee"], caplog)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_character_of_the_plan_renders(shared, caplog, lang):
    text = (shared / "plan.txt").read_text("utf-8")
    characters = "".join(sorted({c for c in text if c.isprintable() and not c.isspace()}))
    assert len(characters) > 1000
    with style.use_style(lang):
        render(chunks(characters), caplog)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_name_unit_and_word_of_the_figures_renders(caplog, lang):
    import xc_analysis as xc

    table = xc.load("indicators")
    sources = xc.load("sources")
    words = [*table["name_zh"], *table["name_en"], *sources["title"], *sources["publisher"]]
    with style.use_style(lang):
        words += [style.unit_name(u) for u in table["unit"]]
        words += [style.tr(zh, en) for _, _, _, zh, en in palette.STATUS.values()]
        words += [glyph for _, _, glyph, *_ in palette.STATUS.values()]
        words += [style.tr(*note) for _, _, note in palette.BREAKS.values()]
        characters = "".join(sorted(set("".join(map(str, words))) - set(" \n")))
        render(chunks(characters), caplog)


def test_subscripts_fall_back_but_chinese_is_the_packaged_font():
    from matplotlib.font_manager import FontProperties, findfont
    from pylopdf_fonts_zh_cn import sans_path

    assert findfont(FontProperties(family="Noto Sans SC")) == str(sans_path())
    assert plt.rcParams["font.family"] == ["Noto Sans SC", "DejaVu Sans"]


def test_style_is_a_call_and_a_context():
    style.use_style("zh")
    assert style.lang() == "zh" and style.tr("甲", "a") == "甲"
    size = plt.rcParams["font.size"]
    with style.use_style("en"):
        assert style.lang() == "en" and style.tr("甲", "a") == "a"
        plt.rcParams["font.size"] = 40
    assert style.lang() == "zh" and plt.rcParams["font.size"] == size
    with pytest.raises(RuntimeError), style.use_style("en"):
        raise RuntimeError
    assert style.lang() == "zh"


def test_style_restores_what_was_there_before_it():
    with plt.rc_context({"axes.grid": False, "font.size": 33}):
        with style.use_style("en"):
            assert plt.rcParams["font.size"] != 33
        assert plt.rcParams["font.size"] == 33


def test_a_plain_call_survives_garbage_collection():
    import gc

    style.use_style("en")
    gc.collect()
    assert style.lang() == "en" and plt.rcParams["font.family"][0] == "Noto Sans SC"


def test_unknown_language_and_width_are_refused():
    with pytest.raises(InputError, match="'de'"):
        style.use_style("de")
    with pytest.raises(InputError, match="triple"):
        style.figsize("triple", 50)


def test_print_widths():
    assert style.figsize("single", 50)[0] * 25.4 == pytest.approx(84)
    assert style.figsize("double", 50)[0] * 25.4 == pytest.approx(174)
    assert style.figsize(100, 50) == pytest.approx((100 / 25.4, 50 / 25.4))


def test_files_and_rerun_are_byte_identical(tmp_path):
    sources = ["plan", "archive"]
    first = style.save_figure(draw(), "fig_x", data=frame(), sources=sources)
    assert [p.name for p in first] == ["fig_x.png", "fig_x.svg", "fig_x.csv"]
    assert first[0].parent == tmp_path / "figures" / "zh"
    before = [p.read_bytes() for p in first]
    again = style.save_figure(draw(), "fig_x", data=frame(), sources=sources)
    assert [p.read_bytes() for p in again] == before
    assert sorted(p.name for p in first[0].parent.iterdir()) == sorted(p.name for p in first)


def test_saving_one_figure_twice_gives_the_same_bytes():
    fig = draw()
    first = style.save_figure(fig, "one", data=frame(), sources="plan")
    before = [p.read_bytes() for p in first]
    second = style.save_figure(fig, "two", data=frame(), sources="plan")
    assert [p.read_bytes() for p in second] == before


def test_another_process_writes_the_same_bytes(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_style as t\n"
        "t.style.use_style('zh')\n"
        "t.style.save_figure(t.draw(), 'p', data=t.frame(), sources=['plan'])\n"
    )
    here = os.path.dirname(os.path.abspath(__file__))
    found = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        env = {**os.environ, "MPLBACKEND": "Agg", "PYTHONHASHSEED": seed, "XC_FIGURES": str(out)}
        subprocess.run([sys.executable, "-c", code, here], check=True, env=env, timeout=120)
        found.append([(out / "zh" / f"p.{k}").read_bytes() for k in ("png", "svg", "csv")])
    assert found[0] == found[1]


def test_no_version_date_or_address_enters_a_file():
    png, svg, _ = style.save_figure(draw(), "meta", data=frame(), sources=[])
    from PIL import Image

    picture = Image.open(png)
    assert set(picture.info) <= {"dpi"} and round(picture.info["dpi"][0]) == 300
    text = svg.read_text("utf-8")
    for trace in ("Matplotlib v", "matplotlib.org", "dc:date", "<metadata"):
        assert trace not in text
    assert "<text" not in text  # outlines: no font is needed where it is shown


def test_size_of_the_picture_is_the_printed_one():
    from PIL import Image

    png, *_ = style.save_figure(draw(), "size", data=frame(), sources=[])
    width, height = Image.open(png).size
    assert abs(width - 84 / 25.4 * 300) <= 1 and abs(height - 50 / 25.4 * 300) <= 1


def test_small_palette_keeps_the_colours():
    fig, ax = plt.subplots()
    colors = [
        *palette.THEMES.values(),
        palette.TARGET,
        palette.CITY,
        *(c[1] for c in palette.AQI_CLASSES),
    ]
    ax.bar(range(len(colors)), 1, color=colors)
    png, *_ = style.save_figure(fig, "colors", data=frame(), sources=[])
    from PIL import Image

    pixels = np.asarray(Image.open(png).convert("RGB")).reshape(-1, 3).astype(int)
    for color in colors:
        want = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)])
        assert np.abs(pixels - want).max(axis=1).min() <= 4, color


def test_csv_is_plain_utf8_with_lf_and_the_evidence():
    *_, csv = style.save_figure(draw(), "c", data=frame(), sources=["plan"])
    content = csv.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content
    assert content.decode() == "year,value,status,source_id\n2019,1,printed,a\n2020,2.5,derived,b\n"


def test_csv_takes_scope_indicator_and_unit_from_attributes():
    data = frame()
    data.attrs = {"scope": "西城区", "indicator": "pm25", "unit": "µg/m³", "scale": "log"}
    table = style.table_of({"图甲": data, "b": frame()})
    assert list(table["panel"]) == ["图甲"] * 2 + ["b"] * 2
    assert list(table["unit"][:2]) == ["µg/m³"] * 2 and table["unit"][2:].isna().all()
    assert data.columns.tolist() == ["value", "status", "source_id"]


def test_source_ids_enter_the_csv_where_rows_have_none():
    *_, csv = style.save_figure(
        draw(), "s", data=pd.DataFrame({"x": [1]}), sources=pd.DataFrame({"source_id": ["p", "q"]})
    )
    assert csv.read_text() == "x,source_id\n1,p;q\n"


def test_footer_names_evidence_source_draft_and_break():
    data = pd.DataFrame(
        {
            "year": [2016, 2020, 2025],
            "value": [3.0, 2.0, 1.0],
            "status": ["printed", "computed", "computed"],
            "completeness": ["", "strict", "partial"],
            "basis": ["ref-273K", "ref-298K", "ref-298K"],
            "release": ["public", "public", "draft"],
        }
    )
    sources = pd.DataFrame(
        {"title": ["规划"], "document_no": ["一号"], "publisher": ["区政府"]},
        index=pd.Index(["plan"], name="source_id"),
    )
    fig = draw()
    style.save_figure(fig, "f", data=data, sources=sources)
    text = next(t.get_text() for t in fig.texts if t.get_gid() == "xc-footer")
    text = text.replace("\n", "").replace("\u00a0", " ")
    for part in ("● 公布值", "◆ 按小时记录计算", "◇ 数据不足", "2025 年为未经审核的草稿",
                 "2018-09-01", "来源：区政府《规划》（一号）"):  # fmt: skip
        assert part in text
    assert "○" not in text


def test_footer_does_not_overlap_the_axes():
    fig = draw()
    style.title(fig, "题目" * 40, "副题")
    style.save_figure(fig, "f", data=frame(), sources=["很长的来源名称" * 9, "b"])
    renderer = fig.canvas.get_renderer()
    fig.draw_without_rendering()
    ax_box = fig.axes[0].get_tightbbox(renderer)
    texts = {t.get_gid(): t.get_window_extent(renderer) for t in fig.texts}
    assert texts["xc-footer"].y1 <= ax_box.y0 and texts["xc-footer"].x1 <= fig.bbox.x1
    assert texts["xc-subtitle"].y0 >= ax_box.y1
    assert texts["xc-title"].y0 >= texts["xc-subtitle"].y1 and texts["xc-title"].x1 <= fig.bbox.x1


@pytest.mark.parametrize("stem", ["", "a/b", "../x", ".hidden"])
def test_a_stem_with_a_folder_is_refused(stem):
    with pytest.raises(InputError, match="stem"):
        style.save_figure(draw(), stem, data=frame(), sources=[])


def test_data_that_are_no_table_are_refused():
    with pytest.raises(InputError, match="int"):
        style.save_figure(draw(), "x", data=3, sources=[])


def test_a_failing_write_leaves_the_old_file_and_no_scrap(monkeypatch):
    paths = style.save_figure(draw(), "old", data=frame(), sources=[])
    before = paths[2].read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        style.save_figure(draw(), "old", data=frame().iloc[:1], sources=[])
    assert paths[2].read_bytes() == before
    assert len(list(paths[0].parent.iterdir())) == 3


def test_save_both_draws_in_each_language_and_shows_the_one_in_force(tmp_path):
    seen = []

    def drawing():
        seen.append(style.lang())
        return draw()

    fig = style.save_both(drawing, "b", data=frame, sources=["plan"])
    assert sorted(seen) == ["en", "zh"] and style.lang() == "zh"
    assert fig.axes[0].get_title(loc="left") == "细颗粒物 PM₂.₅"
    assert not plt.get_fignums()
    for code in ("zh", "en"):
        assert {p.suffix for p in (tmp_path / "figures" / code).iterdir()} == {
            ".png",
            ".svg",
            ".csv",
        }
    both = [(tmp_path / "figures" / c / "b.csv").read_bytes() for c in ("zh", "en")]
    assert both[0] == both[1]


def test_wrap_breaks_chinese_anywhere_english_at_spaces_and_never_before_a_stop():
    lines = style.wrap("监测点位，" * 12, 40, 7).split("\n")
    assert len(lines) > 1 and not any(line.startswith("，") for line in lines)
    lines = style.wrap("annual means of fine particles " * 5, 40, 7).split("\n")
    assert all(
        w in {"annual", "means", "of", "fine", "particles"} for line in lines for w in line.split()
    )
    assert style.wrap("a\nb", 40, 7) == "a\nb"


def lightness(color):
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16 if y > 0.008856 else 903.3 * y


def test_ordered_classes_darken_step_by_step():
    light = [lightness(c[1]) for c in palette.AQI_CLASSES]
    assert all(a - b > 8 for a, b in zip(light, light[1:], strict=False))


# Machado, Oliveira, Fernandes (2009), severity 1, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip


def lab(color, matrix):
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(matrix @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722],
                    [0.0193, 0.1192, 0.9505]]) @ linear / [0.9505, 1, 1.089]  # fmt: skip
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_target_city_and_themes_stay_apart_for_colour_blind_readers(vision):
    for theme, color in palette.THEMES.items():
        if theme in ("dust", "economy"):
            continue  # never drawn with a target of their own
        for reference in (palette.TARGET, palette.CITY):
            gap = np.linalg.norm(lab(color, VISION[vision]) - lab(reference, VISION[vision]))
            assert gap > 10, (theme, reference, gap)


def test_no_line_ends_in_an_opening_mark():
    for width in range(20, 60):
        lines = style.wrap(
            "来源：北京市环境保护局《2013年北京空气质量（全年）》；另见“公报”。" * 3, width, 7
        )
        assert not any(line[-1] in "《（“" for line in lines.split("\n"))
        assert (
            lines.replace("\n", "")
            == "来源：北京市环境保护局《2013年北京空气质量（全年）》；另见“公报”。" * 3
        )
