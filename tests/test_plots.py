"""The seven kinds of chart: what is drawn, recorded, named, and where labels stand."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE, drawing_folder, smallest_text, texts_of  # noqa: F401
from matplotlib.colors import to_hex

import xc_analysis as xc
from xc_analysis import InputError, figures, style
from xc_analysis.assessment import VERDICTS
from xc_analysis.figures import collect, record_of
from xc_analysis.plots import marks
from xc_analysis.plots.tables import short_verdict
from xc_analysis.words import LANGUAGES, word

PM25 = {"indicator": "pm25", "unit": "µg/m³", "scale": "log", "decimals": 0, "theme": "air"}
PM25 |= {"name_zh": "细颗粒物", "name_en": "PM₂.₅", "partial": "observed"}


def frame(values, *, years=None, scope="西城区", **columns):
    """A series as xc.series returns it, with what a test needs to set."""
    evidence = {"status": "computed", "basis": "ref-298K", "completeness": "strict"}
    evidence |= {"source_id": "archive-hourly", "release": "public"}
    index = pd.Index(years or range(2015, 2015 + len(values)), name="year")
    table = pd.DataFrame({"value": np.asarray(values, float)}, index=index)
    table = table.assign(lower=np.nan, upper=np.nan).assign(**evidence | columns)
    table.attrs = PM25 | {"scope": scope}
    return table


def every_kind():
    status = ["printed", "derived", "computed", "computed", "estimated", "bound", "draft", None]
    table = frame([60, 55, 50, 30, 45, np.nan, 40, 38], status=status)
    table.loc[2018, "completeness"] = "partial"
    table.loc[2019, ["lower", "upper"]] = 41, 49
    table.loc[2020, ["lower", "upper"]] = 38, 44
    return table


def gids(ax) -> set[str]:
    artists = (*ax.lines, *ax.collections, *ax.patches)
    return {str(a.get_gid())[3:] for a in artists if str(a.get_gid()).startswith("xc:")}


def rows_of(ax, mark=None) -> pd.DataFrame:
    rows = collect(ax.figure)
    return rows if mark is None else rows[rows["mark"] == mark]


def keys_of(ax) -> list[str]:
    return [key.text for key in figures._keys(ax.figure)]


def drawn_points(ax, *kinds) -> set[tuple[float, float]]:
    lines = [line for line in ax.lines if line.get_gid() in [f"xc:{kind}" for kind in kinds]]
    return {(float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True)}


def joined(ax, kind) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata()) for line in ax.lines if line.get_gid() == f"xc:{kind}"]


def pairs(rows) -> set[tuple[float, float]]:
    return {(float(x), float(y)) for x, y in rows[["x", "y"]].to_numpy()}


# ---- series ----


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_kind_of_evidence_has_its_own_mark_row_and_entry(lang):
    with style.use_style(lang):
        ax = xc.plot_series(every_kind())
        names = {word(f"status.{k}") for k in marks.KINDS if k != "unstated"}
        assert set(keys_of(ax)) == names | {word("plot.mark_unstated")}
        assert keys_of(xc.plot_series(frame([50, 40]))) == [word("status.computed")]
    kinds = {"printed", "derived", "computed", "partial", "draft", "unstated"}
    assert kinds | {"estimated", "bound", "tick"} <= gids(ax)
    points = [line for line in ax.lines if line.get_gid()[3:] in kinds]
    looks = {p.get_gid()[3:]: (p.get_marker(), p.get_markerfacecolor()) for p in points}
    assert len(set(looks.values())) == len(kinds)
    color = style.POLLUTANTS["pm25"]
    assert looks["printed"] == ("o", color) and looks["derived"] == ("o", "white")
    assert looks["computed"] == ("D", color) and looks["partial"] == ("D", "white")
    rows = rows_of(ax).set_index("x")
    others = {2018: "partial", 2019: "estimate", 2020: "bound"}
    assert rows["mark"].to_dict() == {y: others.get(y, "point") for y in range(2015, 2023)}
    assert rows.loc[2019, ["y", "lower", "upper"]].tolist() == [45, 41, 49]
    assert rows.loc[2020, ["lower", "upper"]].tolist() == [38, 44]
    assert rows.loc[2015, "status"] == "printed" and pd.isna(rows.loc[2022, "status"])
    assert set(rows["source_id"]) == {"archive-hourly"} and set(rows["unit"]) == {"µg/m³"}


@pytest.mark.parametrize("indicator", ["pm25", "heavy_days", "traffic_noise", "green_cover"])
def test_what_is_drawn_of_a_real_series_is_what_the_csv_says(indicator):
    data = xc.series(indicator)
    ax = xc.plot_series(data)
    assert drawn_points(ax, "printed", "derived", "computed") == pairs(rows_of(ax, "point"))
    assert drawn_points(ax, "tick") == pairs(rows_of(ax, "estimate"))
    assert set(rows_of(ax)["x"].astype(int)) == set(data.index[data["value"].notna()])


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_a_one_sided_bound_is_an_arrow(end):
    table = frame([50, np.nan], status=["computed", "bound"])
    table.loc[2016, end] = 45
    ax = xc.plot_series(table)
    assert word("plot.mark_bound_end") in keys_of(ax) and word("status.bound") not in keys_of(ax)
    assert rows_of(ax).set_index("x").loc[2016, end] == 45
    heads = [line.get_marker() for line in ax.lines if line.get_marker() in (4, 5, 6, 7, 10, 11)]
    assert heads == [11 if end == "upper" else 10]  # carets down and up, on their bases


@pytest.mark.parametrize(("asked", "there"), [("estimate", False), ("observed", True)])
def test_parts_of_a_year_are_drawn_only_when_asked_for(asked, there):
    table = frame([50, 40, 30], completeness=["strict", "strict", "partial"])
    table.attrs["partial"] = asked
    assert (2017 in set(rows_of(xc.plot_series(table))["x"])) is there


def test_a_wide_range_is_a_whisker_and_a_narrow_one_is_not():
    ax = xc.plot_series(frame([80, 60], lower=[79.9, 50], upper=[80.1, 70]))
    (whisker,) = [c for c in ax.collections if c.get_gid() == "xc:range"]
    assert len(whisker.get_segments()) == 1 and word("plot.mark_range") in keys_of(ax)


def test_lines_join_whole_years_and_break_at_gaps_and_estimates():
    table = frame([60, 55, 50, 45, 40], years=[2013, 2014, 2016, 2017, 2018])
    table.loc[2017, "status"] = "estimated"
    table.loc[2012, "value"] = 70  # added by hand, out of order
    ax = xc.plot_series(table)
    assert joined(ax, "line") == [(2013, 2014)] and (2012, 70) in drawn_points(ax, "unstated")


def test_a_change_of_basis_is_a_thin_dotted_link_named_once():
    basis = ["ref-273K", "ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
    fig, axes = xc.panels(2)
    for ax in axes:
        xc.plot_series(frame([60, 55, 50, 45, 40], basis=basis), ax=ax)
    assert joined(axes[0], "line") == [(2015, 2016), (2018, 2019)]
    assert joined(axes[0], "link") == [(2016, 2017), (2017, 2018)]
    figures.finish(fig)
    assert texts_of(fig).count(word("plot.link_state")) == 1
    assert len(rows_of(axes[0], "link")) == 2 * 4


def test_another_source_is_never_spliced():
    published = frame([61, 54], years=[2015, 2018], status="printed")
    ax = xc.plot_series(frame([60, 55, 50]), published)
    assert joined(ax, "line") == [(2015, 2016), (2016, 2017)]
    (ring,) = [line for line in ax.lines if line.get_gid() == "xc:printed"]
    (own,) = [line for line in ax.lines if line.get_gid() == "xc:computed"]
    assert ring.get_markersize() > own.get_markersize() and ring.get_zorder() < own.get_zorder()
    assert set(rows_of(ax)["series"]) == {"西城区"}


@pytest.mark.parametrize(
    ("lang", "scope", "names", "color"),
    [
        ("zh", "北京市", ["西城区", "北京市"], style.CITY),
        ("en", "东城区", ["Xicheng", "Dongcheng"], "#2F3B4A"),
    ],
)
def test_other_areas_have_lines_and_names_of_their_own(lang, scope, names, color):
    with style.use_style(lang):
        ax = xc.plot_series(frame([60, 55]), frame([50, 45], scope=scope))
        assert keys_of(ax)[:2] == names
    lines = [line.get_color() for line in ax.lines if line.get_gid() == "xc:line"]
    assert lines == [style.POLLUTANTS["pm25"], color]


def test_months_stand_within_their_year():
    index = pd.period_range("2019-01", "2020-12", freq="M")
    table = pd.DataFrame({"value": range(24), "status": "computed"}, index=index)
    table.attrs = {"freq": "monthly", "unit": "µg/m³"}
    x = rows_of(xc.plot_series(table))["x"].astype(float)
    assert (
        x.is_monotonic_increasing and (x.to_numpy() // 0.5 == np.repeat(range(4037, 4041), 6)).all()
    )


def test_the_districts_target_is_orange_and_others_are_grey():
    aims = [xc.target("traffic_noise"), xc.target("pm25"), "<= 68"]
    ax = xc.plot_series(xc.series("traffic_noise"), target=aims)
    levels = [line.get_color() for line in ax.lines if line.get_gid() == "xc:level"]
    assert levels == [style.TARGET, style.CITY, style.TARGET]
    rows = [("point", 69.6), ("target", 70), ("city", 35), ("target", 68)]
    assert list(rows_of(ax)[["mark", "y"]].itertuples(index=False, name=None)) == rows
    assert {word("plot.key_target"), word("plot.key_city")} <= set(keys_of(ax))
    assert any("70" in t for t in texts_of(ax.figure))


def test_a_delegated_target_appears_only_as_it_is_read():
    ax = xc.plot_series(xc.series("pm25"), target=xc.target("pm25"))
    assert {c.get_color() for c in ax.lines if c.get_gid() == "xc:level"} == {style.CITY}
    assert "target" not in set(rows_of(ax)["mark"])
    ax = xc.plot_series(xc.series("pm25"), target=xc.target("pm25", reading=""))
    assert "level" not in gids(ax)


def test_limits_hold_over_the_years_they_are_in_force():
    limits = xc.load("standards").query("indicator == 'pm25'")
    ax = xc.plot_series(frame([60, 50, 40, 30, 29], years=range(2024, 2029)), limit=limits)
    rows = rows_of(ax, "limit")
    # GB 3095-2012 to 2026-02-28: a year stands at its middle, so that is 0.34 before 2026
    ends = rows.groupby("y")["x"].agg(["min", "max"])
    assert ends.loc[35, "max"] == pytest.approx(2026 - 0.34, abs=0.01)
    assert ends.loc[30, "min"] == pytest.approx(2026 - 0.34, abs=0.01)
    assert set(rows["source_id"]) <= set(limits["source_id"])


def test_a_limit_off_the_axis_is_told_in_words_and_does_not_set_the_scale():
    ax = xc.plot_series(frame([14, 8, 4]), limit=60)
    assert ax.get_ylim()[1] < 30 and "limit" not in set(rows_of(ax)["mark"])
    assert "限值60↑" in texts_of(ax.figure) and word("plot.limit_away") in keys_of(ax)
    assert rows_of(ax, "remark")["y"].item() == 60


def test_trend_lines_are_in_the_csv_with_both_ends():
    data = frame([88, 83, 78, 63, 53, 44, 40], years=range(2014, 2021))
    trend = xc.trend(data)
    ax = xc.plot_series(data, trend=trend)
    ends = rows_of(ax, "trend")
    assert pairs(ends) == {(y, trend.intercept + trend.slope * y) for y in (2014, 2020)}
    assert set(ends["slope"]) == {trend.slope} and joined(ax, "line") == []
    assert pairs(rows_of(trend.plot(), "trend")) == pairs(ends)


@pytest.mark.parametrize(
    ("table", "look", "low", "high"),
    [
        # the estimate of a partial year sets no scale, nor does a share pass 100
        (frame([90, 60], status="estimated", lower=40, upper=[300, 70]), {}, 0, 130),
        (frame([97, 98, 99.5]), {"unit": "%", "scale": "logit"}, 90, 101),
        (frame([60, 50]), {}, 0, 75),
    ],
)
def test_axes_fit_what_matters(table, look, low, high):
    table.attrs |= look
    ax = xc.plot_series(table)
    assert ax.get_ylim()[0] == low or look and ax.get_ylim()[0] > low
    assert ax.get_ylim()[1] <= high and ("cut" in gids(ax)) is bool(table["upper"].max() > 130)


def test_the_axis_reaches_to_the_target_year_and_keeps_to_years_asked_for():
    ax = xc.plot_series(xc.series("traffic_noise"), target=xc.target("traffic_noise"))
    assert 2025 < ax.get_xlim()[1] < 2026
    ax = xc.plot_series(xc.series("pm25"), years=(2015, 2020))
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
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        inner = box.shrunk(0.8, 0.6).translated(0.1 * box.width, 0.2 * box.height)
        dots = ax.transData.transform(sorted(drawn_points(ax, "computed")))
        assert not any(inner.contains(*dot) for dot in dots)


@pytest.mark.parametrize(
    ("label", "texts"),
    [("ends", ["60", "40"]), ("last", ["40"]), ("all", ["60", "50", "40"]), (None, [])],
)
def test_which_values_are_written(label, texts):
    ax = xc.plot_series(frame([60, 50, 40]), label=label)
    assert [t.get_text() for t in ax.texts if t.get_gid() == "label"] == texts


@pytest.mark.parametrize(
    ("chart", "data", "said"),
    [
        (xc.plot_series, (pd.DataFrame({"x": [1]}),), "value"),
        (xc.plot_series, (3,), "value"),
        (xc.plot_series, (frame([1, 2]).set_axis(["a", "b"]),), "year"),
        (xc.plot_series, (), "plot_series"),
        (xc.plot_series, (frame([np.nan, np.nan]),), "plot_series"),
        (xc.plot_series, (frame([1, 2], status="printd"),), "printd"),
        (xc.plot_projection, (pd.DataFrame({"value": [1]}),), "median"),
        (xc.plot_scorecard, (pd.DataFrame({"a": [1]}),), "scorecard"),
        *[(c, (pd.DataFrame(),), c.__name__) for c in (xc.plot_rows, xc.plot_bars, xc.plot_grid)],
    ],
)
def test_what_cannot_be_drawn_is_said(chart, data, said):
    with pytest.raises(InputError, match=said):
        chart(*data)


# ---- projections and targets ----


def test_a_fan_has_two_filled_bands_a_thin_edge_and_a_median_and_what_came_in_ink():
    pm25 = xc.series("pm25")
    projection, outturn = xc.project(pm25.loc[2015:2020], 2025), pm25.loc[2021:2025]
    ax = projection.plot(outturn=outturn, target=xc.target("pm25"))
    assert {"band_50", "band_80", "band_95", "median"} <= gids(ax)
    filled = [c.get_gid() for c in ax.collections if str(c.get_gid()).startswith("xc:band")]
    assert sorted(filled) == ["xc:band_50", "xc:band_80"]
    drawn = {"median": {"y": "median"}}
    drawn |= {f"band_{n}": {e: f"{e}_{n}" for e in ("lower", "upper")} for n in (50, 80, 95)}
    for mark, columns in drawn.items():
        rows = rows_of(ax, mark).set_index("x")
        for column, wanted in columns.items():
            values = rows[column].astype(float)
            np.testing.assert_allclose(values.loc[2021:], projection.frame[wanted], rtol=1e-12)
            assert values.loc[2020] == pytest.approx(projection.values[-1])
    fitted = rows_of(ax, "point").query("x <= 2020")
    assert list(fitted["x"]) == list(range(2015, 2021)) and set(fitted["status"]) == {"computed"}
    assert {c.get_color() for c in ax.lines if c.get_gid() == "xc:tick"} == {style.INK}
    rows = rows_of(ax).query("series == @word('plot.outturn')")
    assert list(rows["x"]) == list(outturn.index) and "city" in set(rows_of(ax)["mark"])
    assert word("plot.key_outturn") in keys_of(ax)


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


# ---- scorecard ----


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
        verdict = short_verdict("no value for the target year", 2025)
        assert cell[word("plot.card_verdict"), "traffic_noise"] == verdict
        reading = word("plot.card_reading")
        assert cell[reading, "traffic_noise"] == word("plot.card_margin", value="0.4")
        assert cell[reading, "green_cover"] == word("plot.card_gap", value="0.05")
        assert all(short_verdict(t, 2025) for t in {*VERDICTS.values(), "about even to likely"})
    assert set(rows["mark"]) == {"cell"} and rows["indicator"].nunique() == 14


# ---- rows, bars, grids ----

ROWS = pd.DataFrame(
    {"base": [31.8, 40.0], "latest": [32.0, 29.9], "target": [31.85, np.nan]},
    index=["green_cover", "pm25"],
)
CAUSES = pd.DataFrame(
    {"pm25": [50, 30], "dust": [2, 4], "o3": [20, 40], "other": [0, 0], "source_id": ["a", "b"]},
    index=pd.Index([2019, 2020], name="year"),
)


def test_rows_draw_columns_ranges_targets_and_references():
    look = {"columns": ["base", "latest"], "target": "target", "names": {"base": "2020"}}
    look |= {"ranges": ("lo", "hi"), "highlight": ["pm25"], "reference": {35: "全市"}}
    ax = xc.plot_rows(ROWS.assign(lo=[31.9, 29.0], hi=[32.1, 31.0]), **look)
    assert rows_of(ax)["mark"].value_counts().to_dict() == {"dot": 4, "target": 1, "reference": 1}
    assert rows_of(ax, "target")["x"].item() == 31.85
    assert rows_of(ax, "reference")["x"].item() == 35 and "全市" in texts_of(ax.figure)
    latest = rows_of(ax).query("series == @style.key_name('latest')")
    assert list(latest["lower"]) == [31.9, 29.0] and list(latest["upper"]) == [32.1, 31.0]
    told = {"2020", style.key_name("latest"), word("plot.key_target"), word("plot.rows_range")}
    assert told == set(keys_of(ax))
    dots = [line for line in ax.lines if line.get_gid() == "xc:dot"]
    assert not {dot.get_marker() for dot in dots} & {"o", "D"}  # the marks of evidence
    assert len({dot.get_markeredgecolor() for dot in dots}) == 2
    assert [t.get_text() for t in ax.get_yticklabels()] == [style.key_name(i) for i in ROWS.index]


def test_one_column_with_status_follows_the_evidence():
    table = pd.DataFrame({"value": [1.0, 2.0], "status": ["printed", None]}, index=["a", "b"])
    keys = keys_of(xc.plot_rows(table, columns="value"))
    assert keys == [word("status.printed"), word("plot.mark_unstated")]


def test_bars_are_what_the_csv_says():
    ax = xc.plot_bars(CAUSES, unit="d", pale=[2019])
    rows = rows_of(ax)
    bars = [p for p in ax.patches if p.get_gid() == "xc:bar"]
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


# ---- all charts ----


def _fan(ax):
    pm25 = xc.series("pm25")
    fan = xc.project(pm25.loc[2015:2020], 2025)
    return xc.plot_projection(fan, outturn=pm25.loc[2021:], target=xc.target("pm25"), ax=ax)


GALLERY = {
    "series": lambda ax: xc.plot_series(
        xc.series("pm25"), xc.series("pm25", source="published"), ax=ax
    ),
    "city": lambda ax: xc.plot_series(xc.series("pm25"), xc.series("pm25", scope="北京市"), ax=ax),
    "fan": _fan,
    "target": lambda ax: xc.plot_target(xc.target("green_cover"), ax=ax),
    "rows": lambda ax: xc.plot_rows(ROWS, columns=["base", "latest"], target="target", ax=ax),
    "bars": lambda ax: xc.plot_bars(CAUSES, unit="d", ax=ax),
    "grid": lambda ax: xc.plot_grid(xc.coverage().loc[["pm25", "area_noise"], 2013:], ax=ax),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_every_chart_is_legible_and_in_one_language(name, lang):
    with style.use_style(lang):
        fig, (ax,) = xc.panels(1, height=60)
        assert GALLERY[name](ax) is ax and record_of(ax).frames
        xc.title(fig, xc.tr("标题", "Title"))
        fig.canvas.draw()
        assert smallest_text(fig) >= 6.5
        assert all(re.fullmatch(r"[a-z]+(_\d\d)?", mark) for mark in collect(fig)["mark"])
        texts = texts_of(fig)
        assert texts and not any(re.search(r"\b(nan|None)\b", t) for t in texts)
        if lang == "en":
            assert not CHINESE.search(collect(fig).to_csv() + "".join(texts))
