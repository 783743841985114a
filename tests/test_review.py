"""The review panel and the figures of the review: what moves, what is kept, what is drawn."""

import csv

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import plots
from xc_analysis.assessment import asked_of_the_past, sensitivity, supported_targets
from xc_analysis.drawing.plots_review import moved_words
from xc_analysis.errors import InputError
from xc_analysis.verdicts import review
from xc_analysis.verdicts.hindcast import calibration

PM25 = pd.Series([83.0, 78.0, 63.0, 53.0, 44.0, 40.0], index=range(2015, 2021))
AIM = {"kind": "level", "comparator": "<=", "value": 35, "target_year": 2025}


@pytest.fixture(autouse=True)
def drawing():
    with xc.use_style("en"):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("review")
    with xc.use_style("en"):
        box = review.panel(scope="西城区", plan="十四五", as_of=2020, folder=folder)
    return box.controls, folder


def test_panel_opens_on_the_registered_setting(bench):
    controls, _ = bench
    controls["indicator"].value = "pm25"
    row = xc.scorecard().set_index("indicator").loc["pm25"]
    assert f"{row['p_under_reading']:.3f}" in controls["text"].value
    assert bytes(controls["image"].value).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "value"),
    [("method", "plateau"), ("window", (2017, 2020)), ("phi", 0.5), ("prior", 0.3),
     ("exceptional", "with"), ("reading", "<= 30"), ("source", "published")],
)  # fmt: skip
def test_every_control_moves_the_result(bench, name, value):
    controls, _ = bench
    controls["indicator"].value = "green_cover"
    controls["indicator"].value = "pm25"
    before = controls["text"].value, controls["image"].value
    controls[name].value = value
    assert controls["text"].value != before[0]
    if name not in ("reading",):
        assert controls["image"].value != before[1]
    controls["reset"].click()
    assert controls["text"].value == before[0]


def test_delegated_target_stays_unjudged_under_every_setting(bench):
    controls, _ = bench
    controls["indicator"].value = "pm25"
    for reading in ("<= 1000", "<= 1"):
        controls["reading"].value = reading
        assert "无法判断 / cannot be judged" in controls["text"].value


def test_a_reading_without_a_number_is_refused_in_words(bench):
    controls, _ = bench
    controls["indicator"].value = "pm25"
    controls["reading"].value = "better"
    assert "<= 35" in controls["text"].value and "better" in controls["text"].value
    controls["keep"].click()
    assert "no result" in controls["note"].value


def test_keep_writes_one_row_each_time_and_leaves_the_register_alone(bench):
    controls, folder = bench
    before = xc.load("assumptions")
    controls["indicator"].value = "green_cover"
    controls["indicator"].value = "pm25"
    controls["method"].value = "plateau"
    controls["reviewer"].value, controls["comment"].value = "甲", 'says "no", twice'
    path = folder / review.FILE
    lines = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 1
    controls["keep"].click()
    controls["method"].value = "blend"
    controls["keep"].click()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == lines + 1
    assert [r["method"] for r in rows[-2:]] == ["plateau", "blend"]
    assert rows[-2]["reviewer"] == "甲" and rows[-2]["comment"] == 'says "no", twice'
    assert rows[-1]["verdict"] == "cannot be judged" and rows[-1]["verdict_under_reading"]
    pd.testing.assert_frame_equal(xc.load("assumptions"), before)


def test_sensitivity_figure_has_a_row_for_every_row():
    table = sensitivity(
        PM25, AIM, windows=[(2015, 2020), (2019, 2020)], methods=["blend", "loglinear"]
    )
    ax = plots.plot_sensitivity(table, target=35, unit="µg/m³")
    assert len(ax.get_yticks()) == len(table) == 4
    drawn = next(line for line in ax.lines if line.get_gid() == "median").get_xdata()
    np.testing.assert_allclose(drawn, table["median"])
    with pytest.raises(InputError):
        plots.plot_sensitivity(table.iloc[:0])


def test_scores_figure():
    scored = xc.hindcast(scope="北京市", origins=[2018], methods=["blend", "last"])
    pooled = calibration(scored)
    ax = plots.plot_scores(
        pooled, score="coverage_80", nominal=0.8, percent=True, reference="blend"
    )
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "score"]
    np.testing.assert_allclose(dots, 100 * pooled["coverage_80"])
    with pytest.raises(InputError, match="nothing"):
        plots.plot_scores(pooled, score="nothing")


def test_chance_figure_puts_candidates_on_the_curve():
    fan = xc.project(PM25, 2025)
    grid = supported_targets(fan, better="lower", probabilities=np.arange(1, 100) / 100)
    ax = plots.plot_chance(grid, candidates=[("<=", 30, fan.p_meet("<=", 30))], unit="µg/m³")
    curve = next(line for line in ax.lines if line.get_gid() == "chance")
    dot = next(line for line in ax.lines if line.get_gid() == "candidate")
    assert np.interp(30, *curve.get_data()) == pytest.approx(dot.get_ydata()[0], abs=2e-3)


def test_spans_and_asked_figures():
    spans = pd.DataFrame({"choice": ["phi", "window"], "low": [0.4, 0.2], "high": [0.5, 0.9],
                          "base": 0.45})  # fmt: skip
    ax = plots.plot_spans(spans)
    assert [p.get_x() for p in ax.patches] == [0.4, 0.2]
    asked = asked_of_the_past(PM25, [AIM]).assign(scope="s", indicator="pm25")
    ax = plots.plot_asked(asked)
    by = {line.get_gid(): line.get_xdata()[0] for line in ax.lines}
    assert by["needed"] == pytest.approx(asked["needed_rate"].iloc[0])
    assert by["past"] == pytest.approx(asked["past_rate"].iloc[0])


def test_words_of_what_moved():
    assert moved_words("") == "as registered"
    assert moved_words("window 2013-2020; excluded 2020") == "window 2013-2020; without 2020"
    with xc.use_style("zh"):
        assert moved_words("series published") == "来源 公布值"
