"""The seven kinds of chart: what is drawn, recorded, named, and where labels stand."""

import re
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE, drawing_folder, smallest_text, texts_of  # noqa: F401
from matplotlib.colors import to_hex

import xc_analysis as xc
from xc_analysis import InputError, figures, style
from xc_analysis.assessment import VERDICTS
from xc_analysis.figures import collect
from xc_analysis.plots import marks
from xc_analysis.plots.tables import short_verdict
from xc_analysis.words import LANGUAGES, word

pm25 = partial(xc.series, "pm25")
EVIDENCE = {"status": "computed", "basis": "ref-298K", "completeness": "strict"}
EVIDENCE |= {"source_id": "archive-hourly", "release": "public", "lower": np.nan, "upper": np.nan}
PM25 = {"indicator": "pm25", "unit": "µg/m³", "scale": "log", "decimals": 0, "theme": "air"}
PM25 |= {"name_zh": "细颗粒物", "name_en": "PM₂.₅", "partial": "observed"}


def frame(values, years=None, scope="西城区", **columns):
    """A series as xc.series returns it, with what a test needs to set."""
    index = pd.Index(years or range(2015, 2015 + len(values)), name="year")
    table = pd.DataFrame({"value": values}, index, dtype=float).assign(**EVIDENCE | columns)
    table.attrs = PM25 | {"scope": scope}
    return table


PUBLISHED = frame([61, 54], [2015, 2018], status="printed")


def every_kind():
    status = ["printed", "derived", "computed", "computed", "estimated", "bound", "draft", None]
    table = frame([60, 55, 50, 30, 45, np.nan, 40, 38], status=status)
    table.loc[2018, "completeness"] = "partial"
    ends = [[59.9, 60.1], [50, 60], [41, 49], [38, 44]]  # the first too narrow to be drawn
    table.loc[[2015, 2016, 2019, 2020], ["lower", "upper"]] = ends
    return table


def gids(ax) -> set[str]:
    artists = (*ax.lines, *ax.collections, *ax.patches)
    return {str(a.get_gid())[3:] for a in artists if str(a.get_gid()).startswith("xc:")}


def lines_of(ax, *kinds) -> list:
    return [line for line in ax.lines if line.get_gid() in [f"xc:{kind}" for kind in kinds]]


def rows_of(ax, mark=None) -> pd.DataFrame:
    rows = collect(ax.figure)
    return rows if mark is None else rows[rows["mark"] == mark]


def keys_of(ax) -> list[str]:
    return [key.text for key in figures._keys(ax.figure)]


def drawn_points(ax, *kinds) -> set[tuple[float, float]]:
    return {(float(x), float(y)) for line in lines_of(ax, *kinds) for x, y in line.get_xydata()}


def joined(ax, kind) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata()) for line in lines_of(ax, kind)]


def pairs(rows) -> set[tuple[float, float]]:
    return {(float(x), float(y)) for x, y in rows[["x", "y"]].to_numpy()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_kind_of_evidence_has_its_own_mark_row_and_entry(lang):
    with style.use_style(lang):
        ax = xc.plot_series(every_kind())
        names = {word(f"status.{k}") for k in marks.KINDS if k != "unstated"}
        assert set(keys_of(ax)) == names | {word("plot.mark_unstated"), word("plot.mark_range")}
        assert keys_of(xc.plot_series(frame([50, 40]))) == [word("status.computed")]
    kinds = ("printed", "derived", "computed", "partial", "draft", "unstated")
    assert {*kinds, "estimated", "bound", "tick"} <= gids(ax)
    (whisker,) = [c for c in ax.collections if c.get_gid() == "xc:range"]
    assert len(whisker.get_segments()) == 1
    points = lines_of(ax, *kinds)
    looks = {p.get_gid()[3:]: (p.get_marker(), p.get_markerfacecolor()) for p in points}
    assert len(set(looks.values())) == len(kinds)
    color = style.POLLUTANTS["pm25"]
    shown = {"printed": ("o", color), "derived": ("o", "white")}
    shown |= {"computed": ("D", color), "partial": ("D", "white")}
    assert shown.items() <= looks.items()
    rows = rows_of(ax).set_index("x")
    others = {2018: "partial", 2019: "estimate", 2020: "bound"}
    assert rows["mark"].to_dict() == {y: others.get(y, "point") for y in range(2015, 2023)}
    assert rows.loc[2019, ["y", "lower", "upper"]].tolist() == [45, 41, 49]
    assert rows.loc[2020, ["lower", "upper"]].tolist() == [38, 44]
    assert rows.loc[2015, "status"] == "printed" and pd.isna(rows.loc[2022, "status"])
    assert set(rows["source_id"]) == {"archive-hourly"} and set(rows["unit"]) == {"µg/m³"}


@pytest.mark.parametrize(("end", "caret"), [("lower", 10), ("upper", 11)])
def test_a_one_sided_bound_is_an_arrow(end, caret):
    ax = xc.plot_series(frame([50, np.nan], status=["computed", "bound"], **{end: [np.nan, 45]}))
    assert word("plot.mark_bound_end") in keys_of(ax) and word("status.bound") not in keys_of(ax)
    assert rows_of(ax).set_index("x").loc[2016, end] == 45
    heads = [line.get_marker() for line in ax.lines if line.get_marker() in (4, 5, 6, 7, 10, 11)]
    assert heads == [caret]


@pytest.mark.parametrize(("asked", "there"), [("estimate", False), ("observed", True)])
def test_parts_of_a_year_are_drawn_only_when_asked_for(asked, there):
    table = frame([50, 40, 30], completeness=["strict", "strict", "partial"])
    table.attrs["partial"] = asked
    assert (2017 in set(rows_of(xc.plot_series(table))["x"])) is there


STATES = ["ref-273K", "ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
BASIS = frame([60, 55, 50, 45, 40], basis=STATES)
GAPS = frame([70, 60, 55, 50, 45, 40], [2012, 2013, 2014, 2016, 2017, 2018])
GAPS.loc[[2012, 2017], "status"] = None, "estimated"
LINES = [  # series, which years a line joins, which a dotted link
    ([GAPS[::-1]], [(2013, 2014)], []),
    ([BASIS], [(2015, 2016), (2018, 2019)], [(2016, 2017), (2017, 2018)]),
    ([frame([60, 55, 50]), PUBLISHED], [(2015, 2016), (2016, 2017)], []),
]


@pytest.mark.parametrize(("data", "lines", "links"), LINES, ids=["gaps", "basis", "source"])
def test_lines_join_whole_years_of_one_source_and_links_a_change_of_basis(data, lines, links):
    fig, axes = xc.panels(2)
    for ax in axes:
        xc.plot_series(*data, ax=ax)
    assert joined(axes[0], "line") == lines and joined(axes[0], "link") == links
    figures.finish(fig)
    assert texts_of(fig).count(word("plot.link_state")) == bool(links)
    rows = rows_of(axes[0])
    assert len(rows[rows["mark"] == "link"]) == 4 * len(links)
    assert set(rows["series"]) == {"西城区"}


def test_another_source_stands_in_rings_around_the_first():
    ax = xc.plot_series(frame([60, 55, 50]), PUBLISHED)
    (ring,), (own,) = lines_of(ax, "printed"), lines_of(ax, "computed")
    assert ring.get_markersize() > own.get_markersize() and ring.get_zorder() < own.get_zorder()


OTHERS = [
    ("zh", "北京市", ["西城区", "北京市"], style.CITY),
    ("en", "东城区", ["Xicheng", "Dongcheng"], "#2F3B4A"),
]


@pytest.mark.parametrize(("lang", "scope", "names", "color"), OTHERS)
def test_other_areas_have_lines_and_names_of_their_own(lang, scope, names, color):
    with style.use_style(lang):
        ax = xc.plot_series(frame([60, 55]), frame([50, 45], scope=scope))
        assert keys_of(ax)[:2] == names
    lines = [line.get_color() for line in lines_of(ax, "line")]
    assert lines == [style.POLLUTANTS["pm25"], color]


def test_months_stand_within_their_year():
    index = pd.period_range("2019-01", "2020-12", freq="M")
    table = pd.DataFrame({"value": range(24), "status": "computed"}, index=index)
    table.attrs = {"freq": "monthly", "unit": "µg/m³"}
    x = rows_of(xc.plot_series(table))["x"].astype(float)
    assert x.is_monotonic_increasing
    assert list(x // 0.5) == list(np.repeat(range(4037, 4041), 6))


def test_the_districts_target_is_orange_and_what_is_read_of_others_is_grey():
    aims = [xc.target("traffic_noise"), xc.target("pm25"), "<= 68"]
    ax = xc.plot_series(xc.series("traffic_noise"), target=aims)
    levels = [line.get_color() for line in lines_of(ax, "level")]
    assert levels == [style.TARGET, style.CITY, style.TARGET]
    rows = [["point", 69.6], ["target", 70], ["city", 35], ["target", 68]]
    assert rows_of(ax)[["mark", "y"]].to_numpy().tolist() == rows
    assert {word("plot.key_target"), word("plot.key_city")} <= set(keys_of(ax))
    assert any("70" in t for t in texts_of(ax.figure))
    # a delegated target appears only as it is read
    assert "level" not in gids(xc.plot_series(pm25(), target=xc.target("pm25", reading="")))


def test_limits_hold_over_the_years_in_force_and_are_told_in_words_off_the_axis():
    limits = xc.load("standards").query("indicator == 'pm25'")
    ax = xc.plot_series(frame([60, 50, 40, 30, 29], range(2024, 2029)), limit=limits)
    rows = rows_of(ax, "limit")
    # GB 3095-2012 to 2026-02-28: a year stands at its middle, so that is 0.34 before 2026
    ends = rows.groupby("y")["x"].agg(["min", "max"])
    assert [ends.loc[35, "max"], ends.loc[30, "min"]] == pytest.approx([2025.66] * 2, abs=0.01)
    assert set(rows["source_id"]) <= set(limits["source_id"])
    ax = xc.plot_series(frame([14, 8, 4]), limit=60)  # far off the axis
    assert ax.get_ylim()[1] < 30 and list(rows_of(ax)["mark"]) == ["point"] * 3 + ["remark"]
    assert "限值60↑" in texts_of(ax.figure) and word("plot.limit_away") in keys_of(ax)
    assert rows_of(ax, "remark")["y"].item() == 60


def test_trend_lines_are_in_the_csv_with_both_ends():
    data = frame([88, 83, 78, 63, 53, 44, 40], range(2014, 2021))
    trend = xc.trend(data)
    ax = xc.plot_series(data, trend=trend)
    ends = rows_of(ax, "trend")
    assert pairs(ends) == {(y, trend.intercept + trend.slope * y) for y in (2014, 2020)}
    assert set(ends["slope"]) == {trend.slope} and joined(ax, "line") == []
    assert pairs(rows_of(trend.plot(), "trend")) == pairs(ends)


SCALES = [
    # the estimate of a partial year sets no scale, nor does a share pass 100
    (frame([90, 60], status="estimated", lower=40, upper=[300, 70]), {}, 0, 130),
    (frame([97, 98, 99.5]), {"unit": "%", "scale": "logit"}, 90, 101),
    (frame([60, 50]), {}, 0, 75),
]


@pytest.mark.parametrize(("table", "look", "low", "high"), SCALES)
def test_axes_fit_what_matters(table, look, low, high):
    table.attrs |= look
    ax = xc.plot_series(table)
    assert ax.get_ylim()[0] == low or look and ax.get_ylim()[0] > low
    assert ax.get_ylim()[1] <= high and ("cut" in gids(ax)) is bool(table["upper"].max() > 130)


def test_the_axis_reaches_to_the_target_year_and_keeps_to_years_asked_for():
    ax = xc.plot_series(xc.series("traffic_noise"), target=xc.target("traffic_noise"))
    assert 2025 < ax.get_xlim()[1] < 2026
    ax = xc.plot_series(pm25(), years=(2015, 2020))
    assert 2014 < ax.get_xlim()[0] < 2015 and 2020 < ax.get_xlim()[1] < 2021
    assert rows_of(ax)["x"].between(2015, 2020).all()
    ax.set_xticks([2016, 2018])  # what a reader sets stays
    xc.title(ax.figure, "kept")
    assert list(ax.get_xticks()) == [2016, 2018]


@pytest.mark.parametrize("width", [31, 50, 84, 155])
@pytest.mark.parametrize("indicator", ["pm25", "heavy_days", "good_day_ratio", "no2"])
def test_labels_keep_clear_of_points_and_of_each_other(indicator, width):
    fig, (ax,) = xc.panels(1, height=45, width=width + 12)
    xc.plot_series(xc.series(indicator), target=35 if indicator == "pm25" else None, ax=ax)
    fig.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_gid() == "label"]
    assert len(boxes) >= 2
    dots = ax.transData.transform(sorted(drawn_points(ax, "computed")))
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        inner = box.shrunk(0.8, 0.6).translated(0.1 * box.width, 0.2 * box.height)
        assert not any(inner.contains(*dot) for dot in dots)


@pytest.mark.parametrize(
    ("label", "texts"),
    [("ends", ["60", "40"]), ("last", ["40"]), ("all", ["60", "50", "40"]), (None, [])],
)
def test_which_values_are_written(label, texts):
    ax = xc.plot_series(frame([60, 50, 40]), label=label)
    assert [t.get_text() for t in ax.texts if t.get_gid() == "label"] == texts


UNDRAWABLE = [
    (xc.plot_series, [pd.DataFrame({"x": [1]})], "value"),
    (xc.plot_series, [3], "value"),
    (xc.plot_series, [frame([1, 2]).set_axis(["a", "b"])], "year"),
    (xc.plot_series, [], "plot_series"),
    (xc.plot_series, [frame([np.nan, np.nan])], "plot_series"),
    (xc.plot_series, [frame([1, 2], status="printd")], "printd"),
    (xc.plot_projection, [pd.DataFrame({"value": [1]})], "median"),
    (xc.plot_scorecard, [pd.DataFrame({"a": [1]})], "scorecard"),
    *[(c, [pd.DataFrame()], c.__name__) for c in (xc.plot_rows, xc.plot_bars, xc.plot_grid)],
]


@pytest.mark.parametrize(("chart", "data", "said"), UNDRAWABLE)
def test_what_cannot_be_drawn_is_said(chart, data, said):
    with pytest.raises(InputError, match=said):
        chart(*data)


def test_a_fan_has_two_filled_bands_a_thin_edge_and_a_median_and_what_came_in_ink():
    fitted, outturn = pm25().loc[2015:2020], pm25().loc[2021:2025]
    projection = xc.project(fitted, 2025)
    ax = projection.plot(outturn=outturn, target=xc.target("pm25"))
    filled = [c.get_gid() for c in ax.collections if str(c.get_gid()).startswith("xc:band")]
    assert sorted(filled) == ["xc:band_50", "xc:band_80"] and lines_of(ax, "band_95")
    drawn = {"median": {"y": "median"}}
    drawn |= {f"band_{n}": {e: f"{e}_{n}" for e in ("lower", "upper")} for n in (50, 80, 95)}
    for mark, columns in drawn.items():
        rows = rows_of(ax, mark).set_index("x")[list(columns)].astype(float)
        opened = [[fitted["value"].iloc[-1]] * len(columns)]  # from the last value fitted
        wanted = np.vstack([opened, projection.frame[list(columns.values())]])
        np.testing.assert_allclose(rows.loc[2020:], wanted, rtol=1e-12)
    points = rows_of(ax, "point").query("x <= 2020")
    assert list(points["x"]) == list(range(2015, 2021)) and set(points["status"]) == {"computed"}
    assert {line.get_color() for line in lines_of(ax, "tick")} == {style.INK}
    rows = rows_of(ax).query("series == @word('plot.outturn')")
    assert list(rows["x"]) == list(outturn.index) and "city" in set(rows_of(ax)["mark"])
    assert "median" in gids(ax) and word("plot.key_outturn") in keys_of(ax)


def test_the_95_band_does_not_set_the_scale():
    heavy = xc.series("heavy_days").loc[2015:2020]
    table = xc.project(heavy, 2025).frame.assign(upper_95=500.0)
    ax = xc.plot_projection(SimpleNamespace(frame=table, data=heavy))
    assert ax.get_ylim()[1] < 100 and "cut" in gids(ax)


def test_a_target_path_leads_from_a_base_that_misses_it():
    ax = xc.plot_target(xc.target("green_cover"), xc.series("green_cover"))
    assert pairs(rows_of(ax, "path")) == {(2020, 31.8), (2025, 31.85)}
    assert pairs(rows_of(ax, "target")) == {(2025, 31.85)}
    assert rows_of(xc.plot_target(xc.target("traffic_noise")), "path").empty
    none = xc.plot_target(xc.target("good_day_ratio", reading=""), xc.series("good_day_ratio"))
    assert word("plot.no_number") in texts_of(none.figure)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_scorecard_shows_14_rows_in_one_language_and_in_their_columns(lang):
    cards = xc.scorecard(as_of=2020), xc.scorecard()
    with style.use_style(lang):
        ax = xc.plot_scorecard(*cards)
        assert {str(n) for n in range(1, 15)} <= set(texts_of(ax.figure))
        chinese = [t for t in texts_of(ax.figure) if CHINESE.search(t)]
        assert len(chinese) > 60 if lang == "zh" else chinese == []
        ax.figure.canvas.draw()
        boxes = [t.get_window_extent().shrunk(0.98, 0.8) for t in ax.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
        rows = rows_of(ax)
        cell = rows.set_index(["x", "indicator"])["text"]
        reading = cell[word("plot.card_reading")]
        assert reading["traffic_noise"] == word("plot.card_margin", value="0.4")
        assert reading["green_cover"] == word("plot.card_gap", value="0.05")
        assert all(short_verdict(t, 2025) for t in {*VERDICTS.values(), "about even to likely"})
    assert set(rows["mark"]) == {"cell"} and rows["indicator"].nunique() == 14


ROWS = {"base": [31.8, 40.0], "latest": [32.0, 29.9], "target": [31.85, np.nan]}
ROWS = pd.DataFrame(ROWS, ["green_cover", "pm25"])
CAUSES = {"pm25": [50, 30], "dust": [2, 4], "o3": [20, 40], "other": 0, "source_id": ["a", "b"]}
CAUSES = pd.DataFrame(CAUSES, pd.Index([2019, 2020], name="year"))


def test_rows_draw_columns_ranges_targets_and_references():
    look = {"columns": ["base", "latest"], "target": "target", "names": {"base": "2020"}}
    look |= {"ranges": ("lo", "hi"), "highlight": ["pm25"], "reference": {35: "全市"}}
    ax = xc.plot_rows(ROWS.assign(lo=[31.9, 29.0], hi=[32.1, 31.0]), **look)
    rows = rows_of(ax)
    assert rows["mark"].value_counts().to_dict() == {"dot": 4, "target": 1, "reference": 1}
    assert rows_of(ax, "target")["x"].item() == 31.85
    assert rows_of(ax, "reference")["x"].item() == 35 and "全市" in texts_of(ax.figure)
    latest = rows[rows["series"] == style.key_name("latest")]
    assert latest[["lower", "upper"]].to_numpy().tolist() == [[31.9, 32.1], [29.0, 31.0]]
    told = {"2020", style.key_name("latest"), word("plot.key_target"), word("plot.rows_range")}
    assert told == set(keys_of(ax))
    dots = lines_of(ax, "dot")
    assert not {dot.get_marker() for dot in dots} & {"o", "D"}  # the marks of evidence
    assert len({dot.get_markeredgecolor() for dot in dots}) == 2
    assert [t.get_text() for t in ax.get_yticklabels()] == [style.key_name(i) for i in ROWS.index]
    stated = ROWS.assign(status=["printed", None])  # one column follows the evidence
    told = [word("status.printed"), word("plot.mark_unstated")]
    assert keys_of(xc.plot_rows(stated, columns="base")) == told


def test_bars_are_what_the_csv_says():
    ax = xc.plot_bars(CAUSES, unit="d", pale=[2019])
    rows, bars = rows_of(ax), [p for p in ax.patches if p.get_gid() == "xc:bar"]
    assert sorted(b.get_height() for b in bars) == sorted(rows["y"].astype(float))
    assert set(rows["mark"]) == {"bar"} and list(rows["source_id"]) == ["a", "b"] * 3
    assert {72.0, 74.0} <= {round(b.get_y() + b.get_height(), 6) for b in bars}
    assert {"72", "74"} <= set(texts_of(ax.figure)) and "其他" not in keys_of(ax)
    assert word("plot.pale", rows="2019") in keys_of(ax)
    faces = {to_hex(p.get_facecolor()).upper() for p in xc.plot_bars(CAUSES).patches}
    assert {style.POLLUTANTS[k] for k in ("pm25", "dust", "o3")} <= faces
    lying = xc.plot_bars(CAUSES.set_axis(["甲项工作", "乙项工作"]), horizontal=True)
    widths = [p.get_width() for p in lying.patches if p.get_gid() == "xc:bar"]
    assert widths == [50, 30, 2, 4, 20, 40]


def test_aqi_classes_end_where_the_standard_says():
    index = [0, 50, 51, 100, 101, 150, 200, 201, 300, 301, 500]
    table = pd.DataFrame([[float(i) for i in index] + [np.nan]])
    table.attrs["source_id"] = "archive-hourly"
    ax = xc.plot_grid(table, classes="aqi")
    classes = "优 优 良 良 轻度污染 轻度污染 中度污染 重度污染 重度污染 严重污染 严重污染".split()
    rows = rows_of(ax)
    assert list(rows["y"]) == index and list(rows["text"]) == classes
    assert keys_of(ax) == list(dict.fromkeys(classes))
    assert set(rows["source_id"]) == {"archive-hourly"}


def test_a_grid_of_evidence_uses_the_marks():
    table = xc.coverage().loc[["pm25", "area_noise"], 2013:2025]
    ax = xc.plot_grid(table)
    assert len(rows_of(ax)) == int((table != "").to_numpy().sum())
    assert gids(ax) >= {"printed", "computed"} and word("status.printed") in keys_of(ax)
    assert word("status.estimated") not in keys_of(ax)


def test_numbers_are_shades_with_readable_ink():
    table = pd.DataFrame([[10.0, 50.0], [90.0, np.nan]], index=[2019, 2020], columns=[1, 2])
    ax = xc.plot_grid(table, unit="µg/m³")
    assert sorted(rows_of(ax)["y"].astype(float)) == [10, 50, 90]
    mesh = ax.collections[0]
    for text in ax.texts:
        ground = mesh.cmap(mesh.norm(float(text.get_text())))[:3]
        assert style.contrast(text.get_color(), ground) >= 3


def test_named_classes_keep_their_order():
    table = pd.DataFrame([["met", "not_met"], ["open", "met"]], index=["a", "b"])
    ax = xc.plot_grid(table, classes=["not_met", "met"], names={"open": "尚难判定"})
    assert keys_of(ax) == ["未达到", "达到", "尚难判定"]


def fan(ax):
    look = {"outturn": pm25().loc[2021:], "target": xc.target("pm25"), "ax": ax}
    return xc.plot_projection(xc.project(pm25().loc[2015:2020], 2025), **look)


GALLERY = {
    "series": lambda ax: xc.plot_series(pm25(), pm25(source="published"), ax=ax),
    "city": lambda ax: xc.plot_series(pm25(), pm25(scope="北京市"), ax=ax),
    "days": lambda ax: xc.plot_series(xc.series("heavy_days"), ax=ax),
    "fan": fan,
    "target": lambda ax: xc.plot_target(xc.target("green_cover"), ax=ax),
    "rows": lambda ax: xc.plot_rows(ROWS, columns=["base", "latest"], target="target", ax=ax),
    "bars": lambda ax: xc.plot_bars(CAUSES, unit="d", ax=ax),
    "grid": lambda ax: xc.plot_grid(xc.coverage().loc[["pm25", "area_noise"], 2013:], ax=ax),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_every_chart_is_legible_in_one_language_and_what_its_csv_says(name, lang):
    with style.use_style(lang):
        fig, (ax,) = xc.panels(1, height=60)
        assert GALLERY[name](ax) is ax
        xc.title(fig, xc.tr("标题", "Title"))
        fig.canvas.draw()
        assert smallest_text(fig) >= 6.5
        rows, texts = collect(fig), texts_of(fig)
        assert all(re.fullmatch(r"[a-z]+(_\d\d)?", mark) for mark in rows["mark"])
        assert texts and not any(re.search(r"\b(nan|None)\b", t) for t in texts)
        if lang == "en":
            assert not CHINESE.search(rows.to_csv() + "".join(texts))
    if name != "grid":
        assert drawn_points(ax, "printed", "derived", "computed", "draft") == pairs(
            rows_of(ax, "point")
        )
        assert drawn_points(ax, "tick") == pairs(rows_of(ax, "estimate"))
