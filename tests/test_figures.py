"""Writing figures: one draw, files, csv, key, sources, widths."""

import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE, drawing_folder, smallest_text, texts_of  # noqa: F401
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import xc_analysis as xc
from xc_analysis import figures, style
from xc_analysis.figures import Key, collect, record_of
from xc_analysis.words import LANGUAGES, word

FORMATS = ("png", "svg", "pdf")


def noise():
    fig, axes = xc.panels(2, height=45)
    for ax, indicator in zip(axes, ("area_noise", "traffic_noise"), strict=True):
        xc.plot_series(xc.series(indicator), target=xc.target(indicator), ax=ax)
    return xc.title(fig, xc.tr("交通噪声距限值0.4分贝", "Traffic noise: 0.4 dB"))


def test_a_figure_is_drawn_once_and_written_in_both_languages(folder, monkeypatch):
    draws, draw = [], FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: draws.append(1) or draw(canvas))
    assert xc.figure("noise")(noise) is noise
    assert len(draws) == 2 and plt.get_fignums() == [] and xc.tr("中", "en") == "中"
    tables = [pd.read_csv(folder / lang / "noise.csv") for lang in LANGUAGES]
    for lang, table in zip(LANGUAGES, tables, strict=True):
        with Image.open(folder / lang / "noise.png") as picture:
            assert picture.text["Title"] and int(picture.text["TitleDepth"]) > 30
        assert list(table.columns[:11]) == figures.COLUMNS
        assert set(table["mark"]) == {"point", "target"} and set(table["figure"]) == {"noise"}
    zh, en = (table[["mark", "x", "y", "status", "source_id", "unit"]] for table in tables)
    pd.testing.assert_frame_equal(zh, en)
    assert not CHINESE.search((folder / "en" / "noise.csv").read_text("utf-8"))


def test_a_rerun_gives_the_same_bytes_without_a_time_stamp(folder):
    xc.figure("noise", formats=FORMATS)(noise)
    first = {path: path.read_bytes() for path in folder.rglob("noise.*")}
    assert len(first) == 8
    stamps = (b"Software", b"<dc:date>", b"CreationDate", b"\r\n2")
    assert not [path for path, text in first.items() if any(stamp in text for stamp in stamps)]
    xc.figure("noise", formats=FORMATS)(noise)
    assert {path: path.read_bytes() for path in first} == first


def test_outside_the_build_figures_go_to_scratch(monkeypatch):
    monkeypatch.delenv("XC_BUILD_FIGURES")
    for worker in ("gw7", ""):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        scratch = Path(figures.__file__).parents[1] / "scratch"
        assert figures.figures_dir() == scratch / worker


def test_a_notebook_is_shown_the_runs_language(folder, monkeypatch):
    import IPython
    import IPython.display

    shown = []
    plt.close(plt.figure())  # the backend is loaded before the notebook is feigned
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", shown.append)
    xc.figure("noise")(noise)
    assert [one.data for one in shown] == [(folder / "zh" / "noise.png").read_bytes()]


REFUSED = [
    (lambda: xc.figure("nothing")(lambda: None), "lambda"),
    *[(lambda s=s: xc.save_figure(noise(), s), "文件名") for s in ("", "a/b", ".a", "../up")],
    (lambda: xc.save_figure(noise(), "a", formats=["gif"]), "gif"),
    *[(lambda w=w: xc.save_figure(noise(), "a", width=w), "宽度") for w in (-3, 0, np.nan)],
    (lambda: xc.panels(0), "分图"),
    (lambda: xc.panels(1, height=-1), "高 -1"),
    (lambda: xc.panels(1, width=0), "宽 0"),
]


@pytest.mark.parametrize(("ask", "said"), REFUSED)
def test_what_cannot_be_drawn_or_written_is_refused_in_a_line(ask, said):
    with pytest.raises(xc.InputError, match=said) as refused:
        ask()
    assert "\n" not in str(refused.value) and xc.tr("中", "en") == "中"


def test_a_figure_that_fails_leaves_nothing_open():
    with pytest.raises(ZeroDivisionError):
        xc.figure("broken")(lambda: xc.panels(1) and 1 / 0)
    assert xc.tr("中", "en") == "中" and plt.get_fignums() == []


@pytest.mark.parametrize("width", [50, 84, 120, 155, 174])
def test_a_figure_fits_the_width_asked_for(width):
    fig, axes = xc.panels(2, height=45)
    for ax in axes:
        xc.plot_series(xc.series("pm25"), ax=ax)
    with Image.open(xc.save_figure(fig, "two", width=width)[0]) as picture:
        assert picture.size[0] == pytest.approx(width / 25.4 * 300, abs=1)
    fig.canvas.draw()
    sheet, boxes = fig.bbox, [ax.get_tightbbox() for ax in axes]
    assert width < 90 or boxes[0].x1 <= boxes[1].x0
    for box, ax in zip(boxes, axes, strict=True):
        assert sheet.x0 <= box.x0 and box.x1 <= sheet.x1 and box.y1 <= sheet.y1
        years = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
        assert len(years) >= 2
        assert all(a.x1 < b.x0 for a, b in zip(years[:-1], years[1:], strict=True))
    assert smallest_text(fig) >= 6.5


def test_width_and_formats_come_from_the_command_line(folder, monkeypatch):
    monkeypatch.setenv("XC_FIGURE_WIDTH", "84")
    monkeypatch.setenv("XC_FIGURE_FORMATS", "svg,pdf")
    seen = []
    xc.figure("noise")(lambda: seen.append(xc.panels(1)[0].get_figwidth() * 25.4) or noise())
    names = sorted(path.name for path in (folder / "zh").iterdir())
    assert names == ["noise.csv", "noise.pdf", "noise.svg"]
    points = re.search(r'width="([\d.]+)pt"', (folder / "zh" / "noise.svg").read_text("utf-8"))
    assert [*seen, float(points[1]) / 72 * 25.4] == pytest.approx([84] * 3, abs=0.1)


@pytest.mark.parametrize(("width", "rows"), [(155, 1), (84, 3)])
def test_panels_stand_in_more_rows_where_they_would_be_too_narrow(width, rows):
    fig, axes = xc.panels(5, height=40)
    xc.save_figure(fig, "five", width=width)
    assert len({round(ax.get_position().y0, 2) for ax in axes}) == rows
    assert min(ax.get_position().width for ax in axes) * fig.get_figwidth() * 25.4 > 18


def test_a_figure_too_tall_for_a_page_says_so():
    with pytest.warns(UserWarning, match=r"tall.*84"):
        xc.save_figure(xc.panels(6, height=90)[0], "tall", width=84)


def test_handed_over_numbers_replace_the_recorded():
    frame = pd.DataFrame({"x": [2020], "y": [1.5], "note": ["own"]})
    written = pd.read_csv(xc.save_figure(noise(), "noise", data=frame)[-1])
    pd.testing.assert_frame_equal(written[["x", "y", "note"]], frame)


def test_a_killed_write_leaves_the_old_file(monkeypatch):
    path = xc.save_figure(noise(), "noise")[0]
    old = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        xc.save_figure(noise(), "noise", width=120)
    assert path.read_bytes() == old and list(path.parent.glob(".*")) == []


def test_few_colours_look_like_all():
    fig = noise()
    fig.set_dpi(300)
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3]
    with Image.open(io.BytesIO(figures._png(pixels, figures.Sheet()))) as picture:
        again = np.asarray(picture.convert("RGB"), dtype=int)
    assert np.abs(again - pixels).max() <= 24 and (again[0, 0] == 255).all()


AREAS = pd.DataFrame({"西城区": [40, 34], "北京市": [38, 33]}, pd.Index([20, 21], name="year"))
AREAS = AREAS, "Xicheng 20 40, Xicheng 21 34, Beijing 20 38, Beijing 21 33"
HANDED_OVER = {  # mark -> a table of others, its rows in the csv
    "line": AREAS,
    "cell": (pd.DataFrame([[1, 2]], pd.Index([9], name="y"), [1, 2]), "9 1 1, 9 2 2"),
    "point": (pd.DataFrame({"x": [1], "y": [2], "series": "own"}), "own 1 2"),
}


@pytest.mark.parametrize("mark", HANDED_OVER)
def test_tables_of_others_are_unrolled(mark):
    table, rows = HANDED_OVER[mark]
    with style.use_style("en"):
        ax = xc.drawn(table, ax=plt.subplots()[1], unit="d")
        found = collect(ax.figure)
    told = found[["series", "x", "y"]].astype(str).agg(" ".join, axis=1)
    assert sorted(told) == sorted(rows.split(", "))
    assert set(found["mark"]) == {mark} and set(found["unit"]) == {"d"}


def test_a_series_frame_keeps_its_evidence():
    ax = xc.drawn(xc.series("traffic_noise"), ax=plt.subplots()[1], mark="bar")
    found = collect(ax.figure)[["mark", "x", "y", "status", "source_id", "unit"]]
    assert found.to_numpy().tolist() == [["bar", 2020, 69.6, "printed", "plan", "dB(A)"]]


def test_a_labelled_line_of_ones_own_is_in_the_csv_once():
    ax = xc.plot_series(xc.series("traffic_noise"))
    ax.plot([2019, 2021], [69, 70], label="mine")
    ax.axvline(2020)
    table = pd.DataFrame({"西城区": [1.0, 2.0]}, index=[2019, 2020])
    xc.drawn(table, ax=table.plot(ax=ax))
    rows = collect(ax.figure)
    assert list(rows["mark"]) == ["point", *["line"] * 4]
    assert list(rows["series"].iloc[-2:]) == ["mine"] * 2


def test_the_key_names_each_mark_once_in_order_and_in_ink_where_colours_differ():
    fig, axes = xc.panels(2)
    for ax, color in zip(axes, ("#111111", "#222222"), strict=True):
        record_of(ax).keys += [Key("limit", "限值", "grey"), Key("computed", "计算", color)]
    assert figures._keys(fig) == [Key("computed", "计算", style.INK), Key("limit", "限值", "grey")]
    for _ in range(2):
        figures.finish(fig)
    assert [t for t in texts_of(fig) if t in ("计算", "限值")] == ["计算", "限值"]


def test_key_and_title_move_with_a_figure_that_a_notebook_crops():
    def height_of_ink(**options):
        buffer = io.BytesIO()
        fig = xc.plot_series(xc.series("traffic_noise")).figure
        fig.savefig(buffer, format="png", dpi=100, **options)
        rows = np.flatnonzero((np.asarray(Image.open(buffer).convert("L")) < 128).any(axis=1))
        return rows[-1] - rows[0]

    assert height_of_ink(bbox_inches="tight") == pytest.approx(height_of_ink(), abs=2)


@pytest.mark.parametrize("width", [84, 155])
def test_title_note_and_key_keep_within_the_sheet(width):
    fig = noise()
    record_of(fig.axes[0]).keys += [Key("note", f"第{i}项说明文字较长一些") for i in range(12)]
    xc.title(fig, "2015—2020年细颗粒物由83降至40微克/立方米" * 3, note="说明" * 60)
    xc.save_figure(fig, "long", width=width)
    fig.set_dpi(300)
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in fig.texts]
    assert max(box.x1 for box in boxes) <= fig.bbox.x1 + 1 and min(box.y0 for box in boxes) >= -1
    titles = [boxes[i] for i, t in enumerate(fig.texts) if t.get_text().startswith(("2015", "说"))]
    assert titles[0].x0 == titles[1].x0 < 0.03 * fig.bbox.x1 and titles[0].y0 > titles[1].y1


SOURCES = {  # ids -> what the line names
    ("archive-hourly;cnemc-daily", "archive-hourly", "plan"): ["plan", "archive-hourly", "等"],
    ("plan",): ["plan"],
    ("示例，非真实数据",): ["示例，非真实数据"],
    (): [],
}


@pytest.mark.parametrize("ids", SOURCES)
def test_the_plan_comes_first_then_the_record(ids):
    fig, (ax,) = xc.panels(1)
    rows = {"x": range(len(ids)), "y": 1.0, "source_id": list(ids)}
    xc.drawn(pd.DataFrame(rows), ax=ax)
    table = xc.load("sources").set_index("source_id")
    assert table[["short_zh", "short_en"]].notna().all(axis=None)
    assert not table["short_en"].str.contains(CHINESE).any()
    names = [style.subscripts(table["short_zh"].get(one, one)) for one in SOURCES[ids]]
    line = word("plot.source", names="；".join(names).replace("；等", "等")) if ids else ""
    assert figures._source_line(fig) == line
