"""Writing figures: one draw, files, csv, key, sources, widths."""

import re
from itertools import combinations
from pathlib import Path

import IPython
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from drawing import drawing_folder  # noqa: F401
from IPython import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox
from PIL import Image

import xc_analysis as xc
from xc_analysis import figures, style
from xc_analysis.figures import Key, collect, record_of

TITLE = "交通噪声距限值0.4分贝"


def noise():
    fig, axes = xc.panels(2, height=45)
    for ax, indicator in zip(axes, ("area_noise", "traffic_noise"), strict=True):
        xc.plot_series(xc.series(indicator), target=xc.target(indicator), ax=ax)
    return xc.title(fig, xc.tr(TITLE, "Traffic noise: 0.4 dB"))


def test_a_figure_is_drawn_once_in_each_language_and_shown_in_the_runs(folder, monkeypatch):
    shown, draws, draw = [], [], FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: draws.append(1) or draw(canvas))
    plt.close(plt.figure())  # the backend is loaded before the notebook is feigned
    monkeypatch.setattr(IPython, "get_ipython", object)
    monkeypatch.setattr(display, "display", shown.append)
    assert xc.figure("noise")(noise) is noise
    assert len(draws) == 2 and plt.get_fignums() == [] and xc.tr("中", "en") == "中"
    assert [one.data for one in shown] == [(folder / "zh" / "noise.png").read_bytes()]
    assert shown[0].alt == TITLE


def test_a_rerun_at_a_width_and_in_formats_asked_for_gives_the_same_bytes(folder, monkeypatch):
    monkeypatch.setenv("XC_FIGURE_WIDTH", "84")
    monkeypatch.setenv("XC_FIGURE_FORMATS", "svg,pdf,png")
    xc.figure("noise")(noise)
    first = {path: path.read_bytes() for path in folder.rglob("*.*")}
    kinds = ["csv", "pdf", "png", "svg"]
    assert sorted(path.name for path in first) == sorted(f"noise.{k}" for k in kinds * 2)
    points = re.search(r'width="([\d.]+)pt"', (folder / "zh" / "noise.svg").read_text("utf-8"))
    assert float(points[1]) / 72 * 25.4 == pytest.approx(84, abs=0.1)
    stamps = (b"Software", b"<dc:date>", b"CreationDate", b"\r\n2")
    assert not [path for path, text in first.items() if any(stamp in text for stamp in stamps)]
    xc.figure("noise")(noise)
    assert {path: path.read_bytes() for path in first} == first


def test_outside_the_build_figures_go_to_scratch(monkeypatch):
    monkeypatch.delenv("XC_BUILD_FIGURES")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")
    assert figures.figures_dir() == Path(figures.__file__).parents[1] / "scratch" / "gw7"


TRAFFIC = xc.series("traffic_noise")
REFUSED = [
    (lambda: xc.plot_series(TRAFFIC.drop(columns="value")), "value"),
    (lambda: xc.plot_series(TRAFFIC.set_axis(["a"])), "year"),
    (lambda: xc.plot_series(TRAFFIC.assign(status="printd")), "printd"),
    (lambda: xc.plot_series(TRAFFIC.assign(value=np.nan)), "plot_series"),
    (lambda: xc.plot_series(), "plot_series"),
    (lambda: xc.plot_projection(TRAFFIC), "median"),
    (lambda: xc.plot_scorecard(TRAFFIC), "scorecard"),
    *[(lambda c=c: c(pd.DataFrame()), c.__name__) for c in (xc.plot_rows, xc.plot_bars)],
    (lambda: xc.plot_grid(pd.DataFrame()), "plot_grid"),
    (lambda: xc.figure("nothing")(lambda: None), "lambda"),
    *[(lambda s=s: xc.save_figure(noise(), s), "文件名") for s in ("", "a/b", ".a", "../up")],
    (lambda: xc.save_figure(noise(), "a", formats=["gif"]), "gif"),
    *[(lambda w=w: xc.save_figure(noise(), "a", width=w), "宽度") for w in (-3, 0, np.nan)],
    (lambda: xc.panels(0), "分图"),
    (lambda: xc.panels(1, height=-1), "高 -1"),
    (lambda: xc.panels(1, width=0), "宽 0"),
]


@pytest.mark.parametrize(("ask", "said"), REFUSED)
def test_what_cannot_be_drawn_or_written_is_refused_in_a_line(ask, said, folder):
    with pytest.raises(xc.InputError, match=said) as refused:
        ask()
    assert "\n" not in str(refused.value) and list(folder.iterdir()) == []


def test_a_figure_that_fails_leaves_nothing_open_and_a_killed_write_the_old_file(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        xc.figure("broken")(lambda: xc.panels(1) and 1 / 0)
    assert xc.tr("中", "en") == "中" and plt.get_fignums() == []
    path = xc.save_figure(noise(), "noise")[0]
    old = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        xc.save_figure(noise(), "noise", width=120)
    assert path.read_bytes() == old and list(path.parent.glob(".*")) == []


@pytest.mark.parametrize(("width", "rows"), [(84, 3), (155, 1), (174, 1)])
def test_a_figure_has_the_width_asked_for_and_all_its_parts_within_it(width, rows):
    fig, axes = xc.panels(5, height=40)
    for ax in axes:
        xc.plot_series(xc.series("traffic_noise"), ax=ax)
    record_of(axes[0]).keys += [Key("note", f"第{i}项说明文字较长一些") for i in range(12)]
    xc.title(fig, "2015—2020年细颗粒物由83降至40微克/立方米" * 3, note="说明" * 60)
    path = xc.save_figure(fig, "five", width=width)[0]
    assert len({round(ax.get_position().y0, 2) for ax in axes}) == rows
    fig.set_dpi(300)
    fig.canvas.draw()
    boxes = [part.get_tightbbox() for part in (*fig.texts, *axes)]
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]
    everything = Bbox.union(boxes)
    assert (everything.min >= 0).all() and (everything.max <= fig.bbox.max).all()
    drawn = np.asarray(fig.canvas.buffer_rgba())[..., :3].astype(int)
    with Image.open(path) as picture:
        assert picture.size[0] == pytest.approx(width / 25.4 * 300, abs=1)
        written = np.asarray(picture.convert("RGB"), dtype=int)
    assert np.abs(written - drawn).max() <= 24  # of 255: few colours look like all


def test_a_figure_too_tall_for_a_page_says_so_and_is_written_with_the_numbers_given():
    frame = pd.DataFrame({"x": [2020], "y": [1.5], "note": ["own"]})
    with pytest.warns(UserWarning, match=r"tall.*84"):
        path = xc.save_figure(xc.panels(6, height=90)[0], "tall", width=84, data=frame)[-1]
    pd.testing.assert_frame_equal(pd.read_csv(path)[["x", "y", "note"]], frame)


HANDED_OVER = """
bar,Mean traffic noise,2020,69.6,dB(A),printed,plan
line,Xicheng,20,40
line,Xicheng,21,34
cell,9,1,1
cell,9,2,2
line,mine,2019,69
line,mine,2021,70
"""


def test_what_others_drew_is_unrolled_and_a_labelled_line_is_in_the_csv_once():
    areas = pd.DataFrame({"西城区": [40, 34]}, pd.Index([20, 21], name="year"))
    with style.use_style("en"):
        ax = xc.drawn(xc.series("traffic_noise"), ax=plt.subplots()[1], mark="bar")
        ax.plot([2019, 2021], [69, 70], label="mine")
        ax.axvline(2020)
        xc.drawn(areas, ax=areas.plot(ax=ax))
        xc.drawn(pd.DataFrame([[1, 2]], pd.Index([9], name="y"), [1, 2]), ax=ax)
        rows = collect(ax.figure)[["mark", "series", "x", "y", "unit", "status", "source_id"]]
    told = rows.to_csv(index=False, header=False, float_format="%g").splitlines()
    assert [line.rstrip(",") for line in told] == HANDED_OVER.strip().splitlines()


PLAN, RECORD = (
    "西城区政府，“十四五”生态环境保护规划",
    "市生态环境监测中心，2013—2025年逐小时监测数据",
)
SOURCES = [  # ids of what is drawn, what the line names
    (["archive-hourly;cnemc-daily", "archive-hourly", "plan"], f"来源：{PLAN}；{RECORD}等"),
    (["示例，非真实数据"], "来源：示例，非真实数据"),
    ([], ""),
]


@pytest.mark.parametrize(("ids", "line"), SOURCES)
def test_the_plan_comes_first_then_the_record(ids, line):
    fig, (ax,) = xc.panels(1)
    xc.drawn(pd.DataFrame({"x": range(len(ids)), "y": 1.0, "source_id": ids}), ax=ax)
    assert figures._source_line(fig) == line
