"""Writing figures: one draw, files, csv, key, sources, widths."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE, drawing_folder, smallest_text, texts_of  # noqa: F401
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import xc_analysis as xc
from xc_analysis import InputError, figures, style
from xc_analysis.figures import Key, collect, record_of
from xc_analysis.words import LANGUAGES, word


def noise():
    fig, axes = xc.panels(2, height=45)
    for ax, indicator in zip(axes, ("area_noise", "traffic_noise"), strict=True):
        xc.plot_series(xc.series(indicator), target=xc.target(indicator), ax=ax)
    return xc.title(fig, xc.tr("交通噪声距限值0.4分贝", "Traffic noise: 0.4 dB"))


# ---- the decorator ----


def test_a_figure_is_written_at_once_in_both_languages(folder):
    @xc.figure("noise")
    def draw():
        return noise()

    assert draw.__name__ == "draw" and callable(draw)
    for lang in LANGUAGES:
        assert (folder / lang / "noise.png").stat().st_size > 5000
        table = pd.read_csv(folder / lang / "noise.csv")
        assert list(table.columns[:11]) == figures.COLUMNS
        assert set(table["mark"]) == {"point", "target"} and set(table["figure"]) == {"noise"}
    assert plt.get_fignums() == []


def test_each_language_is_drawn_once(monkeypatch):
    draws = []
    original = FigureCanvasAgg.draw

    def counted(self, *args):
        draws.append(self.figure)
        return original(self, *args)

    monkeypatch.setattr(FigureCanvasAgg, "draw", counted)
    xc.figure("noise")(noise)
    assert len(draws) == 2


def test_the_language_is_the_runs_again_after_a_figure():
    before = xc.tr("中", "en")
    xc.figure("noise")(noise)
    assert xc.tr("中", "en") == before

    def broken():
        xc.panels(1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        xc.figure("broken")(broken)
    assert xc.tr("中", "en") == before and plt.get_fignums() == []


def test_a_rerun_gives_the_same_bytes(folder):
    xc.figure("noise", formats=("png", "svg", "pdf"))(noise)
    names = sorted(p.relative_to(folder) for p in folder.rglob("noise.*"))
    assert len(names) == 8
    first = {name: (folder / name).read_bytes() for name in names}
    xc.figure("noise", formats=("png", "svg", "pdf"))(noise)
    assert {name: (folder / name).read_bytes() for name in names} == first


def test_outside_the_build_figures_go_to_scratch(monkeypatch):
    from pathlib import Path

    monkeypatch.delenv("XC_BUILD_FIGURES")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")
    root = Path(figures.__file__).parents[1]
    assert figures.figures_dir() == root / "scratch" / "gw7"
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert figures.figures_dir() == root / "scratch"


def test_a_notebook_is_shown_the_runs_language(monkeypatch):
    import IPython
    import IPython.display

    shown = []
    plt.close(plt.figure())  # the backend is loaded before the notebook is feigned
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", shown.append)
    xc.figure("noise")(noise)
    (picture,) = shown
    folder = figures.figures_dir()
    assert picture.data == (folder / "zh" / "noise.png").read_bytes()


def test_what_cannot_be_written_is_refused():
    with pytest.raises(InputError, match="nothing"):

        @xc.figure("nothing")
        def nothing():
            return None

    for stem in ("", "a/b", ".hidden", "../up"):
        with pytest.raises(InputError, match="文件名"):
            xc.save_figure(plt.figure(), stem)
    with pytest.raises(InputError, match="gif"):
        xc.save_figure(plt.figure(), "a", formats=["gif"])


# ---- widths ----


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


@pytest.mark.parametrize("width", [84, 155, 174, 120])
def test_png_is_as_wide_as_asked(folder, width):
    fig = noise()
    xc.save_figure(fig, "noise", width=width)
    sheet, boxes = fig.bbox, [ax.get_tightbbox() for ax in fig.axes]
    assert width == 84 or boxes[0].x1 <= boxes[1].x0
    for box in boxes:
        assert sheet.x0 <= box.x0 and box.x1 <= sheet.x1 and box.y1 <= sheet.y1
    assert size_of(folder / "zh" / "noise.png")[0] == pytest.approx(width / 25.4 * 300, abs=1)
    assert smallest_text(fig) >= 6.5


def test_width_and_formats_come_from_the_command_line(folder, monkeypatch):
    monkeypatch.setenv("XC_FIGURE_WIDTH", "84")
    monkeypatch.setenv("XC_FIGURE_FORMATS", "svg,pdf")
    xc.figure("noise")(noise)
    assert sorted(p.name for p in (folder / "zh").iterdir()) == [
        *("noise.csv", "noise.pdf", "noise.svg")
    ]
    svg = (folder / "zh" / "noise.svg").read_text("utf-8")
    points = float(re.search(r'width="([\d.]+)pt"', svg)[1])
    assert points / 72 * 25.4 == pytest.approx(84, abs=0.1)


def test_panels_stand_in_more_rows_where_they_would_be_too_narrow():
    def five():
        fig, axes = xc.panels(5, height=40)
        for ax in axes:
            ax.plot([1, 2], [1, 2])
        return fig

    wide, narrow = five(), five()
    xc.save_figure(wide, "wide", width=155)
    xc.save_figure(narrow, "narrow", width=84)
    rows = [len({round(ax.get_position().y0, 2) for ax in fig.axes}) for fig in (wide, narrow)]
    assert rows == [1, 3]
    for fig in (wide, narrow):
        for ax in fig.axes:
            assert ax.get_position().width * fig.get_figwidth() * 25.4 > 18


def test_years_are_named_anew_for_a_narrower_figure():
    ax = xc.plot_series(xc.series("pm25"))
    for width in (155, 84, 50):
        xc.save_figure(ax.figure, "years", width=width)
        ax.figure.canvas.draw()
        boxes = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
        assert len(boxes) >= 2
        for left, right in zip(boxes[:-1], boxes[1:], strict=True):
            assert left.x1 < right.x0


def test_a_figure_too_tall_for_a_page_says_so():
    fig, axes = xc.panels(6, height=90)
    with pytest.warns(UserWarning, match=r"tall.*84"):
        xc.save_figure(fig, "tall", width=84)


# ---- what is written ----


def test_saving_gives_the_paths_and_no_time_stamp(folder):
    paths = xc.save_figure(noise(), "noise", formats=("png", "svg", "pdf"))
    assert [p.suffix for p in paths] == [".png", ".svg", ".pdf", ".csv"]
    assert b"Software" not in paths[0].read_bytes()
    assert b"<dc:date>" not in paths[1].read_bytes()
    assert b"CreationDate" not in paths[2].read_bytes()
    assert b"\r" not in paths[3].read_bytes()


def test_handed_over_numbers_replace_the_recorded():
    frame = pd.DataFrame({"x": [2020], "y": [1.5], "note": ["own"]})
    path = xc.save_figure(noise(), "noise", data=frame)[-1]
    table = pd.read_csv(path)
    assert len(table) == 1 and table["y"].item() == 1.5 and table["note"].item() == "own"


def test_a_killed_write_leaves_the_old_file(folder, monkeypatch):
    path = xc.save_figure(noise(), "noise")[0]
    old = path.read_bytes()

    def fail(*args):
        raise OSError

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError):
        xc.save_figure(noise(), "noise", width=120)
    assert path.read_bytes() == old
    assert [p.name for p in path.parent.glob(".*")] == []


def test_few_colours_look_like_all():
    fig = noise()
    figures.finish(fig, 155)
    fig.set_dpi(300)
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3]
    content = figures._png(pixels, figures._Sheet())
    again = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=int)
    assert np.abs(again - pixels).max() <= 24
    assert (again[0, 0] == 255).all()


def test_no_chinese_in_english_files(folder):
    xc.figure("noise")(noise)
    with style.use_style("en"):
        fig = noise()
        fig.canvas.draw()
        assert [t for t in texts_of(fig) if CHINESE.search(t)] == []
    assert not CHINESE.search((folder / "en" / "noise.csv").read_text("utf-8"))


def test_marks_are_the_same_english_words_in_both_languages(folder):
    xc.figure("noise")(noise)
    zh, en = (pd.read_csv(folder / lang / "noise.csv") for lang in LANGUAGES)
    for column in ("mark", "x", "y", "status", "source_id", "unit"):
        pd.testing.assert_series_equal(zh[column], en[column])


# ---- what other libraries drew ----


def test_a_wide_table_is_unrolled_over_its_index():
    _, ax = plt.subplots()
    table = pd.DataFrame({"西城区": [40.0, 34], "北京市": [38.0, 33]}, index=[2020, 2021])
    table.index.name = "year"
    with style.use_style("en"):
        xc.drawn(table, ax=table.plot(ax=ax), unit="µg/m³")
        rows = collect(ax.figure)
    assert list(rows["series"]) == ["Xicheng", "Xicheng", "Beijing", "Beijing"]
    assert list(rows["x"]) == [2020, 2021, 2020, 2021] and list(rows["y"]) == [40, 34, 38, 33]
    assert set(rows["mark"]) == {"line"} and set(rows["unit"]) == {"µg/m³"}


def test_numbers_as_columns_are_cells_and_an_index_may_have_any_name():
    _, ax = plt.subplots()
    index = pd.Index([2019, 2020], name="y")
    xc.drawn(pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], index=index, columns=[1, 2]), ax=ax)
    rows = collect(ax.figure)
    assert set(rows["mark"]) == {"cell"}
    cells = {tuple(r) for r in rows[["series", "x", "y"]].astype(float).to_numpy()}
    assert cells == {(2019, 1, 1), (2019, 2, 2), (2020, 1, 3), (2020, 2, 4)}


def test_a_series_frame_keeps_its_evidence():
    _, ax = plt.subplots()
    frame = xc.series("traffic_noise")
    xc.drawn(frame, ax=ax)
    rows = collect(ax.figure)
    assert rows["x"].item() == 2020 and rows["y"].item() == 69.6
    assert rows["status"].item() == "printed" and rows["source_id"].item() == "plan"
    assert rows["unit"].item() == "dB(A)"


# ---- key and source ----


def test_the_key_names_each_mark_once_in_order():
    fig, axes = xc.panels(2)
    for ax, color in zip(axes, ("#111111", "#222222"), strict=True):
        record_of(ax).keys += [Key("limit", "限值", "grey"), Key("computed", "计算", color)]
    keys = figures._keys(fig)
    assert [k.text for k in keys] == ["计算", "限值"]
    assert keys[0].color == style.INK and keys[1].color == "grey"


def test_the_key_is_written_under_the_figure_and_only_once():
    fig = noise()
    figures.finish(fig)
    figures.finish(fig)
    written = texts_of(fig)
    assert written.count(word("status.printed")) == 1
    assert written.count(word("plot.key_target")) == 1
    assert word("status.computed") not in written


def test_key_and_title_move_with_a_figure_that_a_notebook_crops():
    def height_of_ink(**options):
        buffer = io.BytesIO()
        fig = xc.plot_series(xc.series("traffic_noise")).figure
        fig.savefig(buffer, format="png", dpi=100, **options)
        ink = np.asarray(Image.open(buffer).convert("L")) < 128
        rows = np.flatnonzero(ink.any(axis=1))
        return rows[-1] - rows[0]

    assert height_of_ink(bbox_inches="tight") == pytest.approx(height_of_ink(), abs=2)


def test_the_key_keeps_within_the_sheet():
    fig = noise()
    ax = fig.axes[0]
    record_of(ax).keys += [Key("note", f"第{i}项说明文字较长一些") for i in range(12)]
    for width in (84, 155):
        figures.finish(fig, width)
        fig.canvas.draw()
        for text in fig.texts:
            box = text.get_window_extent()
            assert box.x1 <= fig.bbox.x1 + 1 and box.y0 >= -1


def sources(*ids):
    fig, axes = xc.panels(1)
    frame = pd.DataFrame({"x": range(len(ids)), "y": 1.0, "source_id": list(ids)})
    xc.drawn(frame, ax=axes[0])
    return figures._source_line(fig)


def test_the_plan_comes_first_then_the_record():
    line = sources("archive-hourly;cnemc-daily", "archive-hourly", "plan")
    short = xc.load("sources").set_index("source_id")["short_zh"]
    names = [style.subscripts(short[i]) for i in ("plan", "archive-hourly")]
    assert line == "来源：" + "；".join(names) + "等"
    assert sources("plan").count("；") == 0 and not sources("plan").endswith("等")
    assert "示例" in sources("示例，非真实数据")
    assert figures._source_line(xc.panels(1)[0]) == ""


def test_every_source_has_a_short_name_in_both_languages():
    table = xc.load("sources")
    for lang in LANGUAGES:
        assert table[f"short_{lang}"].notna().all()
    assert not table["short_en"].str.contains(CHINESE).any()


def test_titles_are_wrapped_to_the_width():
    fig, _ = xc.panels(1, height=40)
    xc.title(fig, "2015—2020年细颗粒物由83降至40微克/立方米，" * 3, note="说明" * 60)
    xc.save_figure(fig, "long", width=84, data=pd.DataFrame({"x": [1], "y": [1]}))
    fig.canvas.draw()
    for text in fig.texts:
        assert text.get_window_extent().x1 <= fig.bbox.x1


def test_a_labelled_line_of_ones_own_is_in_the_csv_once():
    ax = xc.plot_series(xc.series("traffic_noise"))
    ax.plot([2019, 2021], [69, 70], label="mine")
    ax.axvline(2020)
    table = pd.DataFrame({"西城区": [1.0, 2.0]}, index=[2019, 2020])
    xc.drawn(table, ax=table.plot(ax=ax))
    rows = collect(ax.figure)
    assert list(rows["mark"]) == ["point", *["line"] * 4]
    assert list(rows["series"].iloc[-2:]) == ["mine"] * 2
