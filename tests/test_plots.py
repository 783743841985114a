"""The figure grammar: which mark for which evidence, where lines break, what is written."""

import io
import warnings

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xc_analysis import InputError, plots, style
from xc_analysis.drawing import marks, palette

ATTRS = {
    "indicator": "pm25", "scope": "西城区", "theme": "air", "unit": "µg/m³", "scale": "log",
    "floor": 0.0, "ceiling": None, "decimals": 0, "name_zh": "细颗粒物", "name_en": "PM₂.₅",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clean():
    with style.use_style("zh"), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        yield
    plt.close("all")


def series(rows, **attrs):
    """Rows of (year, value, status[, completeness, basis, lower, upper])."""
    columns = ["year", "value", "status", "completeness", "basis", "lower", "upper"]
    full = [(*r, *(["strict", "b", np.nan, np.nan][len(r) - 3 :])) for r in rows]
    frame = pd.DataFrame(full, columns=columns).set_index("year")
    frame.attrs = {**ATTRS, **attrs}
    return frame


def drawn(ax, gid):
    return [a for a in ax.findobj() if a.get_gid() == gid]


def points(ax, gid):
    return sorted(
        (float(x), float(y)) for a in drawn(ax, gid) for x, y in zip(*a.get_data(), strict=True)
    )


def render(ax):
    ax.figure.savefig(io.BytesIO(), format="png", dpi=60)
    return ax


# --- evidence grammar ---------------------------------------------------------------------------

GRAMMAR = [
    # status, completeness, drawn as, marker, filled
    ("printed", "", "printed", "o", True),
    ("derived", "", "derived", "o", False),
    ("computed", "strict", "computed", "D", True),
    ("computed", "adequate", "computed", "D", True),
    ("computed", "partial", "partial", "D", False),
    ("estimated", "partial", "estimated", "D", False),
]


@pytest.mark.parametrize(("status", "completeness", "kind", "marker", "filled"), GRAMMAR)
def test_marker_of_each_status(status, completeness, kind, marker, filled):
    ax = plots.plot_series(series([(2020, 40.0, status, completeness, "b", 35.0, 45.0)]))
    (line,) = drawn(ax, f"status:{kind}")
    assert line.get_marker() == marker and line.get_linestyle() == "None"
    assert (line.get_markerfacecolor() != "white") == filled
    assert line.get_markeredgecolor() != line.get_markerfacecolor()
    assert points(ax, f"status:{kind}") == [(2020.0, 40.0)]
    others = [k for k in palette.STATUS if k != kind]
    assert not any(drawn(ax, f"status:{k}") for k in others)


def segments(ax, gid):
    return [s.tolist() for c in drawn(ax, gid) for s in c.get_segments()]


def test_estimate_has_a_bar_and_its_marker_a_bound_only_a_bar():
    ax = plots.plot_series(
        series([(2021, 35.0, "estimated", "partial", "b", 30.0, 41.0),
                (2024, np.nan, "bound", "", "b", 25.6, 33.9)])
    )  # fmt: skip
    assert segments(ax, "bar:estimated") == [[[2021.0, 30.0], [2021.0, 41.0]]]
    assert segments(ax, "bar:bound") == [[[2024.0, 25.6], [2024.0, 33.9]]]
    assert points(ax, "status:estimated") == [(2021.0, 35.0)]
    assert not drawn(ax, "status:bound")


def test_one_sided_bound_points_to_where_the_value_may_lie():
    ax = plots.plot_series(
        series([(2022, np.nan, "bound", "", "b", np.nan, 33.0),
                (2023, np.nan, "bound", "", "b", 90.0, np.nan)])
    )  # fmt: skip
    assert points(ax, "bar:bound") == [(2022.0, 33.0), (2023.0, 90.0)]
    ways = [t.xyann[1] for t in ax.texts if t.arrow_patch is not None]
    assert ways[0] < 0 < ways[1]


def test_range_of_a_value_is_a_thin_bar():
    ax = plots.plot_series(series([(2015, 83.0, "derived", "", "b", 81.9, 84.1)]))
    assert segments(ax, "range:derived") == [[[2015.0, 81.9], [2015.0, 84.1]]]


def test_unknown_status_is_refused_with_the_list():
    with pytest.raises(InputError, match="'guessed'.*printed"):
        plots.plot_series(series([(2020, 1.0, "guessed")]))


# --- lines --------------------------------------------------------------------------------------


def path(frame):
    x, y = marks.joined_path(marks.points_of(frame))
    return [None if np.isnan(a) else (int(a), b) for a, b in zip(x, y, strict=True)]


def test_line_breaks_at_a_missing_year():
    frame = series([(2015, 5.0, "printed"), (2016, 4.0, "printed"), (2019, 2.0, "printed")])
    assert path(frame) == [(2015, 5.0), (2016, 4.0), None, (2019, 2.0)]


def test_line_breaks_at_a_missing_value_and_at_a_change_of_basis():
    frame = series(
        [(2015, 5.0, "printed", "", "old"), (2016, np.nan, "printed", "", "old"),
         (2017, 4.0, "printed", "", "old"), (2018, 3.0, "printed", "", "new"),
         (2019, 2.0, "printed", "", "new")]
    )  # fmt: skip
    assert path(frame) == [(2015, 5.0), None, (2017, 4.0), None, (2018, 3.0), (2019, 2.0)]


@pytest.mark.parametrize(
    ("status", "completeness"), [("computed", "partial"), ("estimated", ""), ("bound", "")]
)
def test_no_line_runs_to_or_through_what_may_not_be_joined(status, completeness):
    frame = series(
        [(2015, 5.0, "computed"), (2016, 9.0, status, completeness), (2017, 4.0, "computed")]
    )
    assert path(frame) == [(2015, 5.0), None, (2017, 4.0)]


def test_the_drawn_line_carries_the_breaks():
    frame = series([(2015, 5.0, "printed"), (2018, 3.0, "printed"), (2019, 2.0, "printed")])
    (line,) = drawn(plots.plot_series(frame), "line")
    assert np.isnan(line.get_xdata()).sum() == 1 and np.isnan(line.get_ydata()).sum() == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(2000, 2030),
            st.one_of(st.none(), st.floats(0.1, 100)),
            st.sampled_from(["printed", "derived", "computed", "estimated", "bound"]),
            st.sampled_from(["strict", "partial"]),
            st.sampled_from(["a", "b"]),
        ),
        unique_by=lambda r: r[0],
        max_size=12,
    )
)
def test_a_line_joins_only_neighbours_of_one_basis(rows):
    """Against a pairwise statement of the rule, for any order of rows."""
    frame = series([(y, np.nan if v is None else v, s, c, b) for y, v, s, c, b in rows])
    x, _ = marks.joined_path(marks.points_of(frame))
    joined = {(int(a), int(b)) for a, b in zip(x, x[1:], strict=False) if a == a and b == b}
    ok = {
        y: b
        for y, v, s, c, b in rows
        if v is not None
        and s in ("printed", "derived", "computed")
        and not (s == "computed" and c == "partial")
    }
    assert joined == {(y, y + 1) for y in ok if ok.get(y + 1) == ok[y]}
    assert {int(a) for a in x if a == a} == set(ok)


def test_a_break_is_ruled_and_named_once_also_across_a_mixed_year():
    frame = series(
        [(2017, 5.0, "computed", "strict", "ref-273K"), (2018, 4.0, "computed", "strict", "ref-mixed"),
         (2019, 3.0, "computed", "strict", "ref-298K")]
    )  # fmt: skip
    ax = render(plots.plot_series(frame))
    (rule,) = drawn(ax, "break")
    # 1 September is two thirds into the year; an annual value stands at mid-year
    assert rule.get_xdata()[0] == pytest.approx(2018 + 8 / 12 - 0.5, abs=0.01)
    (name,) = drawn(ax, "break-name")
    assert "2018-09" in name.get_text()
    assert path(frame) == [(2017, 5.0), None, (2018, 4.0), None, (2019, 3.0)]


def test_another_change_of_basis_is_named_by_its_tokens():
    ax = plots.plot_series(
        series([(2019, 5.0, "printed", "", "before"), (2020, 4.0, "printed", "", "after")])
    )
    assert drawn(ax, "break")[0].get_xdata()[0] == pytest.approx(2019.5)
    assert drawn(ax, "break-name")[0].get_text() == "before → after"


# --- reference lines, labels, axes --------------------------------------------------------------


def target(scope, value, **more):
    return {"scope": scope, "indicator": "pm25", "base_year": 2020, "target_year": 2025,
            "kind": "level", "comparator": "<=", "value": value, **more}  # fmt: skip


def test_own_target_has_the_fixed_colour_the_citys_is_grey_and_named():
    rows = pd.DataFrame([target("西城区", 38.0), target("北京市", 35.0), target("西城区", np.nan)])
    ax = render(plots.plot_series(series([(2020, 40.0, "printed")]), targets=rows))
    (own,), (city,) = drawn(ax, "target"), drawn(ax, "target:city")
    assert own.get_color() == palette.TARGET and set(own.get_ydata()) == {38.0}
    assert city.get_color() == palette.CITY and set(city.get_ydata()) == {35.0}
    names = {t.get_text() for t in drawn(ax, "line-name")}
    assert names == {"目标 ≤ 38", "全市目标 ≤ 35"}
    assert max(own.get_xdata()) == 2025


def test_a_limit_is_drawn_only_while_in_force_and_named_when_off_the_axis():
    rows = pd.DataFrame(
        {"limit": [35.0, 30.0, 900.0], "valid_from": ["2013-01-01", "2026-03-01", "2013-01-01"],
         "valid_to": ["2026-02-28", None, None]}
    )  # fmt: skip
    data = series([(2019, 44.0, "printed"), (2020, 40.0, "printed")])
    ax = plots.plot_series(data, limits=rows)
    (line,) = drawn(ax, "limit")
    assert set(line.get_ydata()) == {35.0}
    (remark,) = drawn(ax, "remark")
    assert "900" in remark.get_text()


def test_unit_name_and_title_follow_the_table_and_the_language():
    ax = plots.plot_series(series([(2020, 40.0, "printed")]))
    assert ax.get_ylabel() == "µg/m³" and ax.get_title(loc="left") == "细颗粒物"
    with style.use_style("en"):
        ax = plots.plot_series(series([(2020, 4.0, "printed")], unit="d"))
        assert ax.get_ylabel() == "days" and ax.get_title(loc="left") == "PM₂.₅"


def test_mixed_units_are_refused():
    with pytest.raises(InputError, match="µg/m³"):
        plots.plot_series(
            [series([(2020, 1.0, "printed")]), series([(2020, 1.0, "printed")], unit="d")]
        )


def test_other_evidence_on_the_same_quantity_has_no_line_another_scope_has():
    first = series([(2019, 44.0, "computed"), (2020, 40.0, "computed")])
    same = series([(2019, 44.0, "printed"), (2020, 40.0, "printed")])
    city = series([(2019, 42.0, "printed"), (2020, 38.0, "printed")], scope="北京市")
    ax = render(plots.plot_series([first, same, city]))
    lines = drawn(ax, "line")
    assert [line.get_color() for line in lines] == [palette.THEMES["air"], palette.CITY]
    assert {t.get_text() for t in drawn(ax, "label")} >= {"北京市", "西城区"}


def test_axes_given_are_used_and_returned():
    _, ax = plt.subplots()
    assert plots.plot_series(series([(2020, 1.0, "printed")]), ax=ax) is ax


def test_percentages_stay_below_their_ceiling():
    data = series(
        [(2015, 81.6, "derived"), (2020, 97.6, "printed")], scale="logit", ceiling=100.0, unit="%"
    )
    low, high = plots.plot_series(data).get_ylim()
    assert high < 103 and low < 81.6


def test_zero_is_shown_where_it_has_a_meaning():
    assert (
        plots.plot_series(series([(2015, 80.0, "printed"), (2020, 70.0, "printed")])).get_ylim()[0]
        == 0
    )
    noise = series([(2020, 53.8, "printed")], scale="identity", unit="dB(A)", floor=None)
    assert plots.plot_series(noise).get_ylim()[0] > 40


@pytest.mark.parametrize("width", ["single", 40])
def test_labels_avoid_markers_and_one_another(width):
    fig, ax = plt.subplots(figsize=style.figsize(width, 50))
    data = series(
        [(2013 + i, v, "computed") for i, v in enumerate([83, 88, 83, 78, 63, 53, 44, 40])]
    )
    render(plots.plot_series(data, ax=ax, label=[2015, 2018, 2020]))
    renderer = fig.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in drawn(ax, "label")]
    assert len(boxes) == 3
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])
    dots = ax.transData.transform([(x, y) for x, y in points(ax, "status:computed")])
    for box in boxes:
        assert not any(box.contains(*dot) for dot in dots)


def test_inputs_are_unchanged_and_row_order_does_not_matter():
    rows = [
        (2019, 44.0, "computed"),
        (2015, 83.0, "derived", "", "b", 81.9, 84.1),
        (2016, 78.0, "computed"),
    ]
    data = series(rows)
    before, attrs = data.copy(deep=True), dict(data.attrs)
    targets = pd.DataFrame([target("西城区", 38.0)])
    targets_before = targets.copy(deep=True)
    a = plots.plot_series(data, targets=targets)
    b = plots.plot_series(series(sorted(rows)), targets=targets)
    pd.testing.assert_frame_equal(data, before)
    pd.testing.assert_frame_equal(targets, targets_before)
    assert data.attrs == attrs
    np.testing.assert_array_equal(*(drawn(ax, "line")[0].get_ydata() for ax in (a, b)))


def test_csv_holds_every_point_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("XC_FIGURES", str(tmp_path))
    data = series(
        [(2013, 82.8, "computed", "partial"), (2014, 88.2, "computed"), (2020, 40.0, "computed")]
    )
    ax = plots.plot_series(data)
    *_, csv = style.save_figure(ax.figure, "x", data=data, sources=["archive"])
    table = pd.read_csv(csv)
    assert {"year", "value", "status", "source_id", "unit", "scope", "indicator"} <= set(table)
    shown = [p for k in palette.STATUS for p in points(ax, f"status:{k}")]
    assert sorted(shown) == sorted(zip(table["year"].astype(float), table["value"], strict=True))


# --- coverage -----------------------------------------------------------------------------------


def coverage():
    cells = [["printed", "", "computed (partial)"], ["", "bound", "printed+computed"]]
    return pd.DataFrame(
        cells, index=pd.Index(["pm25", "area_noise"], name="indicator"), columns=[2019, 2020, 2021]
    )


NAMES = pd.DataFrame(
    {
        "indicator": ["area_noise", "pm25"],
        "theme": ["noise", "air"],
        "name_zh": ["噪声", "颗粒"],
        "name_en": ["Noise", "PM"],
    }
)


def test_coverage_marks_what_is_known_and_nothing_else():
    ax = render(plots.plot_coverage(coverage(), names=NAMES))
    names = {t.get_text(): y for t, y in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)}
    assert list(names) == ["颗粒", "噪声"]
    pm, noise = names["颗粒"], names["噪声"]
    assert points(ax, "status:partial") == [(2021.0, pm)]
    assert points(ax, "status:bound") == [(2020.0, noise)]
    assert sorted(y for _, y in points(ax, "status:printed")) == sorted([pm, noise])
    assert len(points(ax, "status:computed")) == 1
    assert [t.get_text() for t in drawn(ax, "theme")] == ["空气", "噪声"]
    key = [t.get_text() for t in ax.get_legend().get_texts()]
    assert len(key) == 4


def test_coverage_in_the_given_order_and_with_a_bad_cell():
    ax = plots.plot_coverage(coverage().iloc[::-1], names=NAMES, order="given")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["噪声", "颗粒"]
    bad = coverage().replace("bound", "hearsay")
    with pytest.raises(InputError, match="hearsay"):
        plots.plot_coverage(bad, names=NAMES)


def test_coverage_does_not_change_its_input():
    data = coverage()
    before = data.copy(deep=True)
    plots.plot_coverage(data, names=NAMES)
    pd.testing.assert_frame_equal(data, before)


# --- projection, target -------------------------------------------------------------------------


def fan():
    m = np.array([36.0, 30.0, 25.0])
    return pd.DataFrame(
        {
            "median": m,
            "lower_80": m * 0.8,
            "upper_80": m * 1.25,
            "lower_95": m * 0.6,
            "upper_95": m * 1.6,
        },
        index=pd.Index([2021, 2023, 2025], name="year"),
    )


OBSERVED = [
    (2018, 52.0, "computed"),
    (2019, 44.0, "computed"),
    (2020, 40.0, "computed"),
    (2021, 33.0, "computed", "partial"),
]


def test_fan_opens_from_the_last_whole_observation_before_it():
    ax = render(plots.plot_projection(fan(), observed=series(OBSERVED)))
    (median,) = drawn(ax, "median")
    assert list(median.get_xdata()) == [2020, 2021, 2023, 2025]
    assert list(median.get_ydata()) == [40.0, 36.0, 30.0, 25.0]
    assert median.get_linestyle() == "--"
    for level, low, high in (("80", 20.0, 31.25), ("95", 15.0, 40.0)):
        (band,) = drawn(ax, f"band:{level}")
        xy = band.get_paths()[0].vertices
        assert xy[:, 0].min() == 2020 and xy[:, 0].max() == 2025
        last = xy[xy[:, 0] == 2025, 1]
        assert last.min() == pytest.approx(low) and last.max() == pytest.approx(high)


def test_outturn_lies_over_the_fan_without_a_line():
    outturn = series([(2021, 35.0, "printed"), (2023, 38.3, "computed")])
    ax = plots.plot_projection(fan(), observed=series(OBSERVED[:3]), outturn=outturn)
    assert points(ax, "status:printed") == [(2021.0, 35.0)]
    (line,) = drawn(ax, "line")
    assert np.nanmax(line.get_xdata()) == 2020
    top = max(b.get_zorder() for level in ("80", "95") for b in drawn(ax, f"band:{level}"))
    assert drawn(ax, "status:printed")[0].get_zorder() > top


def test_a_projection_object_brings_its_own_points():
    import xc_analysis as xc

    data = series(
        [(2015 + i, v, "computed") for i, v in enumerate([83.0, 78, 63, 53, 44, 40])], prior_sd=0.08
    )
    projection = xc.project(data, 2025)
    ax = render(plots.plot_projection(projection))
    (median,) = drawn(ax, "median")
    assert median.get_ydata()[-1] == pytest.approx(projection.frame["median"].iloc[-1])
    assert (median.get_xdata()[0], median.get_ydata()[0]) == (2020, 40.0)


def test_a_target_without_numbers_says_what_is_missing():
    ax = plots.plot_target(None, target=target("西城区", np.nan), city=target("北京市", 35.0),
                           missing="区级数字未公布", name="二氧化碳", number=1)  # fmt: skip
    (text,) = drawn(ax, "missing")
    assert (
        "区级数字未公布" in text.get_text().replace("\n", "") and "全市目标 ≤ 35" in text.get_text()
    )
    assert ax.get_title(loc="left") == "1  二氧化碳"


# --- scorecard, comparison ----------------------------------------------------------------------


def card():
    verdicts = [
        "cannot be judged",
        "maintenance: very likely",
        "likely",
        "open",
        "unlikely",
        "very unlikely",
        "met",
    ]
    p = [None, 0.95, 0.8, 0.5, 0.2, 0.05, None]
    return pd.DataFrame(
        {"plan_row": range(1, 8), "indicator": list("abcdefg"), "kind": "level", "baseline": 1.5, "latest": 2.0,
         "target": 3.0, "verdict": verdicts, "p_meet": p, "grade": list("ABCDEAB"),
         "flags": ["", "basis changes: x, y;rounding over 5 %", "basis changes: z", "", "", "", ""],
         "reading": "", "verdict_under_reading": ["likely", *[""] * 6]}
    )  # fmt: skip


def test_scorecard_shows_each_row_and_no_colour_for_what_cannot_be_judged():
    ax = render(plots.plot_scorecard(card()))
    dots = drawn(ax, "p")
    assert len(dots) == 5
    x0 = {
        round(float(d.get_xdata()[0]) - 20 * p, 6)
        for d, p in zip(dots, [0.95, 0.8, 0.5, 0.2, 0.05], strict=True)
    }
    assert len(x0) == 1  # one linear scale, 20 mm from 0 to 1
    glyphs = drawn(ax, "glyph")
    assert len(glyphs) == 7
    said = [t.get_text() for t in ax.texts]
    assert sum("很可能" in t for t in said) == 1 and "无法判断" in said
    key = drawn(ax, "flag-key")[0].get_text().replace("\u00a0", " ")
    assert key.startswith("a basis changes   b rounding over 5 %") and "x, y" not in key


def test_scorecard_uses_the_probability_bands_of_the_verdicts():
    from xc_analysis.drawing.plots_verdict import VERDICTS
    from xc_analysis.verdicts.targets import BANDS, CANNOT, CANNOT_ZH

    for _, en, zh in BANDS:
        assert VERDICTS[en][:2] == (zh, en)
    assert VERDICTS[CANNOT][:2] == (CANNOT_ZH, CANNOT)
    shares = [VERDICTS[en][2] for _, en, _ in BANDS]
    assert shares == sorted(shares, reverse=True) and len(set(shares)) == len(shares)


def test_comparison_draws_the_difference_and_names_what_runs_off():
    data = pd.DataFrame(
        {
            "label": ["甲", "乙"],
            "printed": [88.4, 55.0],
            "computed": [88.2, 73.3],
            "tolerance": [1, 1],
            "unit": ["µg/m³"] * 2,
        }
    )
    ax = render(plots.plot_compare(data, reach=5))
    ((x, y),) = points(ax, "status:computed")
    assert (round(x, 6), y) == (-0.2, 0.0)
    ((x, y),) = points(ax, "beyond")
    assert 4.5 < x <= 5 and y == 1
    assert "73.3" in [t.get_text() for t in ax.texts]
    with pytest.raises(InputError, match="printed"):
        plots.plot_compare(data.drop(columns="printed"))


def test_every_plot_is_reachable_from_the_package():
    import xc_analysis as xc

    for name in plots.__all__:
        assert getattr(xc, name) is getattr(plots, name)
        assert "Returns" in getattr(plots, name).__doc__


# --- the air record -----------------------------------------------------------------------------


def months(rows):
    frame = pd.DataFrame(rows, columns=["month", "value", "completeness"])
    frame["month"] = pd.PeriodIndex(frame["month"], freq="M")
    frame = frame.set_index("month").assign(status="computed", basis="b")
    frame.attrs = dict(ATTRS)
    return frame


def test_monthly_gaps_and_partial_months_break_the_line():
    data = months(
        [("2016-12", 9.0, "strict"), ("2017-01", 8.0, "strict"), ("2017-02", 7.0, "partial"),
         ("2017-03", 6.0, "strict"), ("2017-05", 5.0, "strict")]
    )  # fmt: skip
    ax = render(plots.plot_monthly(data))
    (line,) = drawn(ax, "line")
    runs = np.split(line.get_ydata(), np.flatnonzero(np.isnan(line.get_ydata())))
    assert [list(r[np.isfinite(r)]) for r in runs] == [[9.0, 8.0], [6.0], [5.0]]
    ((x, y),) = points(ax, "status:partial")
    assert y == 7.0 and x == pytest.approx(2017 + 1.5 / 12)
    with pytest.raises(InputError, match="monthly"):
        plots.plot_monthly(series([(2020, 1.0, "computed")]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=40))
def test_calendar_colours_each_day_by_its_class_and_leaves_the_rest_empty(values):
    days = pd.date_range("2019-12-20", periods=len(values), freq="D")
    data = pd.DataFrame({"date": days, "aqi": values})
    with style.use_style("zh"):
        ax = plots.plot_calendar(data, key=False)
    seen = {}
    for month in range(1, 13):
        (mesh,) = drawn(ax, f"days:{month}")
        mesh.update_scalarmappable()
        grid = np.ma.masked_invalid(mesh.get_array())
        for (row, day), value in np.ma.ndenumerate(grid):
            if not np.ma.is_masked(value):
                color = matplotlib.colors.to_hex(mesh.cmap(mesh.norm(value)))
                seen[pd.Timestamp(2019 + row, month, day + 1)] = color
    plt.close("all")

    def expected(aqi):
        return next(c[1] for c in palette.AQI_CLASSES if aqi <= c[0]).lower()

    assert seen == {d: expected(v) for d, v in zip(days, values, strict=True)}


def test_stacked_days_add_up_and_partial_years_are_hatched():
    data = pd.DataFrame(
        {"pm25": [40.0, 3.0, np.nan], "o3": [2.0, 4.0, np.nan], "partial": [False, True, False]},
        index=[2014, 2021, 2022],
    )
    ax = render(plots.plot_days(data))
    tops = {}
    for cause in ("pm25", "o3"):
        for bar in drawn(ax, f"days:{cause}"):
            year = round(bar.get_x() + bar.get_width() / 2)
            tops[year] = max(tops.get(year, 0), bar.get_y() + bar.get_height())
            assert bool(bar.get_hatch()) == (year == 2021)
    assert (tops[2014], tops[2021]) == (42, 7)
    assert [t.get_text() for t in drawn(ax, "label")] == ["42", "7"]  # nothing written for 2022


def test_season_and_hours_draw_what_they_are_given():
    table = pd.DataFrame(
        {"2014–16": range(12, 0, -1), "2023–25": [np.nan, *range(1, 12)]}, index=range(1, 13)
    )
    ax = render(plots.plot_season(table, unit="µg/m³"))
    (line,) = drawn(ax, "period:2023–25")
    assert np.isnan(line.get_ydata()[0]) and line.get_ydata()[-1] == 11
    assert {t.get_text() for t in drawn(ax, "label")} == set(table.columns)
    grid = pd.DataFrame(np.arange(48.0).reshape(2, 24), index=[0, 6], columns=range(1, 25))
    ax = render(plots.plot_hours(grid, rows="weekday", unit="µg/m³"))
    (mesh,) = drawn(ax, "hours")
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(2, 24), grid)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["周一", "周日"]


def test_decomposition_needs_its_four_parts():
    index = pd.period_range("2018-01", periods=24, freq="M")
    data = pd.DataFrame(
        {k: np.arange(24.0) for k in ("observed", "trend", "seasonal", "resid")}, index=index
    )
    axes = plots.plot_stl(data, unit="µg/m³")
    assert axes[0].get_ylabel() == "µg/m³" and len(axes) == 4
    with pytest.raises(InputError, match="trend"):
        plots.plot_stl(data.drop(columns="trend"))


def test_an_estimate_beside_its_observed_year_is_only_a_bar():
    seen = series([(2020, 40.0, "computed"), (2024, 40.8, "computed", "partial")])
    guess = series([(2024, 33.1, "estimated", "partial", "b", 28.6, 38.3)])
    ax = render(plots.plot_series([seen, guess]))
    assert points(ax, "status:partial") == [(2024.0, 40.8)]
    assert not drawn(ax, "status:estimated")
    assert segments(ax, "bar:estimated") == [[[2024.0, 28.6], [2024.0, 38.3]]]
    assert points(ax, "tick:estimated") == [(2024.0, 33.1)]


def test_the_axes_fill_the_figure_also_when_a_kind_of_mark_has_no_point():
    data = series([(2020, 40.0, "printed"), (2021, np.nan, "printed")])
    table = pd.DataFrame({"label": list("abc"), "printed": [1.0, 2, 3], "computed": [1.1, 2.2, 99]})
    for ax in (plots.plot_series(data), plots.plot_compare(table, reach=1)):
        render(ax)
        box = ax.get_tightbbox(ax.figure.canvas.get_renderer())
        assert box.y0 < 0.1 * ax.figure.bbox.height and box.y1 > 0.9 * ax.figure.bbox.height


def test_a_plain_series_by_year_is_drawn():
    ax = plots.plot_series(pd.Series([83.0, 40.0], index=[2015, 2020]))
    assert ax.get_xlim()[0] < 2015 and ax.get_xlim()[1] > 2020
