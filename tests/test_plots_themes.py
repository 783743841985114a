"""Figures of the themed notebooks: right marks, nothing drawn that the csv lacks, refusals."""

import io
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

import xc_analysis as xc
from xc_analysis import InputError, plots, style
from xc_analysis.drawing import palette, plots_themes
from xc_analysis.pages import themes


@pytest.fixture(autouse=True, params=["zh", "en"])
def clean(request):
    with style.use_style(request.param), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        yield
    plt.close("all")


def drawn(ax, gid):
    return [a for a in ax.findobj() if a.get_gid() == gid]


def xs(ax, gid):
    return sorted(float(x) for a in drawn(ax, gid) for x in np.atleast_1d(a.get_xdata()))


def ys(ax, gid):
    return sorted(float(y) for a in drawn(ax, gid) for y in np.atleast_1d(a.get_ydata()))


def texts(ax, gid):
    return [a.get_text() for a in drawn(ax, gid)]


def saved(ax, data, tmp_path, monkeypatch):
    """The csv that goes with the figure."""
    monkeypatch.setenv("XC_FIGURES", str(tmp_path))
    (path,) = [
        p
        for p in style.save_figure(ax.figure, "figure", data=data, sources="s")
        if p.suffix == ".csv"
    ]
    return pd.read_csv(path)


def amounts(rows, **extra):
    columns = ["label_zh", "label_en", "value", "lower", "upper", "kind"]
    return pd.DataFrame(rows, columns=columns).assign(
        unit="ha", theme="green", obs_id=[f"o{i}" for i in range(len(rows))], **extra
    )


NAN = float("nan")
ROWS = [
    ("甲", "a", 4.0, NAN, NAN, "printed"),
    ("乙", "b", 6.5, 6.0, 7.0, "implied"),
    ("丙", "c", NAN, 9.0, NAN, "bound"),
    ("丁", "d", 5.0, NAN, NAN, "needed"),
]


def test_amounts_draw_each_row_by_its_evidence(tmp_path, monkeypatch):
    data = amounts(ROWS)
    ax = xc.plot_amounts(data)
    assert xs(ax, "status:printed") == [4.0]
    assert xs(ax, "status:implied") == [6.5]
    assert xs(ax, "status:needed") == [5.0]
    assert not drawn(ax, "status:bound"), "a bound has no marker"
    assert texts(ax, "value") == ["4", "6.5", "≥ 9", "5"]
    (needed,) = drawn(ax, "status:needed")
    assert same_color(needed.get_color(), palette.TARGET)
    csv = saved(ax, data, tmp_path, monkeypatch)
    numbers = set(csv[["value", "lower", "upper"]].stack())
    assert {4.0, 6.5, 6.0, 7.0, 9.0, 5.0} <= numbers and csv["obs_id"].notna().all()


def test_an_open_range_ends_at_the_ceiling():
    ax = plots.plot_amounts(
        amounts([("甲", "a", NAN, 97.0, NAN, "bound")], ceiling=100.0), xlim=(60, 120), zero=False
    )
    (bar,) = [a for a in drawn(ax, "bar:bound") if hasattr(a, "get_segments")]
    assert [tuple(p) for p in bar.get_segments()[0]] == [(97.0, 0.0), (100.0, 0.0)]


def test_other_scopes_are_grey_and_targets_keep_their_colour():
    data = amounts(ROWS[:2], scope_kind=["own", "other"]).assign(kind="printed")
    ax = plots.plot_amounts(data, target={"value": 7.0, "comparator": "<="})
    own, other = drawn(ax, "status:printed")
    assert same_color(own.get_color(), palette.THEMES["green"])
    assert same_color(other.get_color(), palette.CITY)
    (rule,) = drawn(ax, "target")
    assert same_color(rule.get_color(), palette.TARGET) and rule.get_xdata()[0] == 7.0
    assert texts(ax, "line-name")[0].endswith("≤ 7")


def test_amounts_refuse_two_units_and_unknown_kinds():
    data = amounts(ROWS)
    with pytest.raises(InputError, match="units ha, m on one axis"):
        plots.plot_amounts(data.assign(unit=["ha", "ha", "ha", "m"]))
    with pytest.raises(InputError, match="'guess' is not known"):
        plots.plot_amounts(data.assign(kind="guess"))


def units_of(basis):
    return pd.DataFrame(
        {
            "network_zh": ["河湖", "点位", "点位"],
            "network_en": ["rivers", "points", "points"],
            "part_zh": ["甲", "乙", "丙"],
            "part_en": ["a", "b", "c"],
            "share": [75.0, 100 / 3, 200 / 3],
            "count": [None, 1, 2],
            "rank": [0, 0, 1],
            "status": ["derived", "printed", "printed"],
            "basis": basis,
        }
    )


def test_units_are_squares_and_unknown_numbers_are_not(tmp_path, monkeypatch):
    data = units_of(["x", "y", "y"])
    ax = xc.plot_units(data, columns=10)
    assert len(drawn(ax, "unit")) == 3
    (bar,) = drawn(ax, "share")
    assert bar.get_width() == pytest.approx(7.5)
    assert same_color(bar.get_facecolor(), "white"), "a derived share is hollow"
    assert len(drawn(ax, "break")) == 1
    csv = saved(ax, data, tmp_path, monkeypatch)
    assert csv["count"].sum() == len(drawn(ax, "unit")) and 75.0 in set(csv["share"])


def test_one_basis_is_not_parted():
    assert not drawn(plots.plot_units(units_of(["x", "x", "x"])), "break")


def test_ceiling_draws_the_ranges_given(tmp_path, monkeypatch):
    data = pd.DataFrame(
        {"n": [2, 4, 13], "low": [33.0, 56.0, 83.0], "median": [91.0, 95.0, 98.0],
         "rule_of_three": [0.0, 25.0, 77.0], "known": [False, True, False]}
    )  # fmt: skip
    ax = xc.plot_ceiling(data)
    (bars,) = drawn(ax, "range")
    assert [s[0].tolist() for s in bars.get_segments()] == [[2, 33], [4, 56], [13, 83]]
    assert ys(ax, "median") == [91.0, 95.0, 98.0]
    dashes = [y for y in ys(ax, "rule_of_three") if np.isfinite(y)]
    assert dashes == [25.0, 77.0], "a rule that says nothing is not drawn"
    assert texts(ax, "label") == ["n=4\n56 %"]
    csv = saved(ax, data, tmp_path, monkeypatch)
    assert {"n", "low", "median", "rule_of_three"} <= set(csv)


def test_ceiling_of_one_failing_with_target():
    data = pd.DataFrame({"n": [10, 100], "one_failing": [90.0, 99.0]})
    ax = plots.plot_ceiling(data, column="one_failing", target={"value": 99, "comparator": ">"})
    assert ys(ax, "one_failing") == [90.0, 99.0]
    assert drawn(ax, "target")[0].get_ydata()[0] == 99
    assert texts(ax, "line-name")[0].endswith("> 99")


def test_margin_marks_lie_on_the_curve(tmp_path, monkeypatch):
    growth = np.arange(0, 41.0)
    curve = pd.DataFrame({"growth": growth, "decibels": themes.decibels(1 + growth / 100)})
    found = themes.noise_margin(69.6, 70)
    point = pd.DataFrame(
        [{"name_zh": "交通", "name_en": "traffic", "margin": found.margin, "low": found.low,
          "high": found.high, "growth": 100 * found.growth}]
    )  # fmt: skip
    ax = xc.plot_margin(curve, points=point)
    assert np.interp(xs(ax, "point"), curve["growth"], curve["decibels"]) == pytest.approx(
        ys(ax, "point"), abs=1e-3
    )
    assert texts(ax, "label")[0].endswith("0.4 dB = +9.6 %")
    csv = saved(ax, {"curve": curve, "points": point}, tmp_path, monkeypatch)
    assert set(xs(ax, "point")) <= set(csv["growth"].dropna().round(9)) | set(point["growth"])
    assert csv["decibels"].notna().sum() == len(curve)


def test_changes_are_dots_beside_the_margin(tmp_path, monkeypatch):
    data = pd.DataFrame(
        {"name_zh": ["甲"] * 3 + ["乙"], "name_en": ["a"] * 3 + ["b"], "unit": "dB",
         "year": [2001, 2002, 2003, 2001], "change": [0.1, 0.1, -1.4, 0.2]}
    )  # fmt: skip
    ax = xc.plot_changes(data, margins={"甲": 0.4})
    assert xs(ax, "change") == [-1.4, 0.1, 0.1, 0.2]
    assert len(set(zip(xs(ax, "change"), ys(ax, "change"), strict=True))) == 4, "ties are spread"
    assert xs(ax, "margin") == [0.4, 0.4]
    assert ax.get_xlim()[0] < -1.4 and ax.get_xlim()[1] > 0.4
    assert all(same_color(a.get_color(), palette.CITY) for a in drawn(ax, "change"))
    csv = saved(ax, data, tmp_path, monkeypatch)
    assert sorted(csv["change"]) == xs(ax, "change")


def test_rates_span_their_years_in_grey(tmp_path, monkeypatch):
    data = pd.DataFrame(
        {"first": [2011, 2016, 2021], "last": [2015, 2020, 2025], "rate": [-6.9, -5.1, -3.9],
         "kind": ["printed", "bound", "target"], "text_zh": "甲", "text_en": "a"}
    )  # fmt: skip
    ax = xc.plot_rates(data, unit="%")
    for kind, y, x0, x1 in (("printed", -6.9, 2011, 2015), ("target", -3.9, 2021, 2025)):
        (bar,) = drawn(ax, f"span:{kind}")
        assert bar.get_ydata().tolist() == [y, y]
        assert x0 - 0.5 < bar.get_xdata()[0] < x0 and x1 < bar.get_xdata()[1] < x1 + 0.5
        assert same_color(bar.get_color(), palette.CITY)
    assert drawn(ax, "span:target")[0].get_linestyle() != "-"
    assert sorted(saved(ax, data, tmp_path, monkeypatch)["rate"]) == [-6.9, -5.1, -3.9]


def ratios():
    pairs = [("o0094", "o0102"), ("o0094", "o0104"), ("o0104", "o0103")]
    table = themes.ratio_table(xc.load("observations"), pairs)
    return table.assign(label_zh=["甲", "乙", "丙"], label_en=["a", "b", "c"])


@pytest.mark.parametrize("width", ["double", "single"])
def test_a_refused_ratio_has_a_reason_and_no_number(width, tmp_path, monkeypatch):
    data = ratios()
    ax = plt.subplots(figsize=style.figsize(width, 60))[1]
    xc.plot_ratios(data, ax=ax)
    assert len(drawn(ax, "ratio:no")) == 1 and len(drawn(ax, "ratio:conditional")) == 2
    shown = texts(ax, "ratio")
    assert shown[0].startswith("0.152") and shown[1] == "" and shown[2] == "1.08"
    reason = data[style.tr("reason_zh", "reason_en")]
    assert [t.replace("\n", "").replace(" ", "") for t in texts(ax, "reason")] == [
        r.replace(" ", "") for r in reason
    ]
    csv = saved(ax, data, tmp_path, monkeypatch)
    assert csv["ratio"].isna().tolist() == [False, True, False]
    assert csv["source_id"].notna().all()


def test_panels_stack_at_single_width():
    wide, side = plots_themes.panels(3, width="double")
    narrow, stacked = plots_themes.panels(3, width="single")
    for fig in (wide, narrow):
        fig.savefig(io.BytesIO(), format="png", dpi=40)
    assert len({round(a.get_position().y0, 2) for a in side}) == 1
    assert len({round(a.get_position().x0, 2) for a in stacked}) == 1
    assert narrow.get_figwidth() * 25.4 == pytest.approx(84)
    assert narrow.get_figheight() == pytest.approx(3 * wide.get_figheight())


@pytest.mark.parametrize(
    "name",
    ["plot_amounts", "plot_units", "plot_ceiling", "plot_margin", "plot_changes", "plot_rates"],
)
def test_a_missing_column_is_named(name):
    with pytest.raises(InputError, match=f"{name}: the frame has no column"):
        getattr(xc, name)(pd.DataFrame({"x": [1]}))


def test_an_empty_frame_is_refused():
    with pytest.raises(InputError, match="no rows"):
        plots.plot_amounts(amounts(ROWS).iloc[:0])


def test_a_break_is_explained_only_where_one_panel_holds_both_bases():
    (pair, (_, _, note)), *_ = palette.BREAKS.items()
    rows = pd.DataFrame({"status": "printed", "basis": list(pair), "value": [1.0, 2.0]})
    assert style.tr(*note) in style.evidence_key(rows.assign(panel="one"))
    assert style.tr(*note) not in style.evidence_key(rows.assign(panel=["one", "two"]))
