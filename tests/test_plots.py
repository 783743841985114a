"""The seven kinds of chart: what is drawn stands in the csv and the key, each in its own look."""

import re
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE, drawing_folder, texts_of  # noqa: F401

import xc_analysis as xc
from xc_analysis import figures, style
from xc_analysis.plots import marks
from xc_analysis.words import LANGUAGES, word

pm25 = partial(xc.series, "pm25")
PM25 = {"indicator": "pm25", "unit": "µg/m³", "scale": "log", "decimals": 0, "theme": "air"}
PM25 |= {"name_zh": "细颗粒物", "name_en": "PM₂.₅", "partial": "observed"}


def frame(values, years=None, scope="西城区", **columns):
    """A series as xc.series returns it, with what a test needs to set."""
    index = pd.Index(years or range(2015, 2015 + len(values)), name="year")
    known = {"value": values, "status": "computed", "completeness": "strict"}
    table = pd.DataFrame(known | columns, index)
    table.attrs = PM25 | {"scope": scope}
    return table


def every_kind():
    status = "printed derived computed computed estimated bound bound draft".split()
    how = {"status": [*status, None], "completeness": [*["strict"] * 3, "partial", *[""] * 5]}
    how["lower"] = [np.nan, 50, np.nan, np.nan, 41, 38, *[np.nan] * 3]
    how["upper"] = [np.nan, 60, np.nan, np.nan, 49, 44, 45, np.nan, np.nan]
    return frame([60, 55, 50, 30, 45, np.nan, np.nan, 40, 38], **how)


def rows_of(ax, *wanted) -> pd.DataFrame:
    rows = figures.collect(ax.figure)
    return rows[rows["mark"].isin(wanted)] if wanted else rows


def keys_of(ax) -> list[str]:
    return [key.text for key in figures._keys(ax.figure)]


def artists_of(ax, *kinds) -> list:
    artists = (*ax.lines, *ax.collections, *ax.patches)
    return [a for a in artists if str(a.get_gid()).removeprefix("xc:") in kinds]


def joined(ax, kind) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata()) for line in artists_of(ax, kind)]


def drawn(ax, *kinds) -> set[tuple[float, float]]:
    """Corners of the lines and areas of a kind, and points."""
    paths = []
    for artist in artists_of(ax, *kinds):
        paths += [artist.get_path()] if hasattr(artist, "get_path") else artist.get_paths()
    places = [tuple(place) for path in paths for place in path.vertices.round(6)]
    return {place for place in places if np.isfinite(place).all()}


def told(rows, *columns) -> set[tuple[float, float]]:
    long = rows[["x", *columns]].melt("x").dropna()
    return set(long[["x", "value"]].astype(float).round(6).itertuples(index=False, name=None))


ROWS = {"base": [31.8, 40.0], "latest": [32.0, 29.9], "target": [31.85, np.nan]}
ROWS = pd.DataFrame(ROWS, ["green_cover", "pm25"]).assign(lo=[31.9, 29.0], hi=[32.1, 31.0])
ROW_LOOK = {"columns": ["base", "latest"], "target": "target", "reference": {35: "35"}}
CAUSES = {"pm25": [50, 30], "dust": [2, 4], "o3": [20, 40], "other": 0, "source_id": ["a", "b"]}
CAUSES = pd.DataFrame(CAUSES, pd.Index([2019, 2020], name="year"))
SHADES = pd.DataFrame([[10.0, 50.0], [90.0, np.nan]], index=[2019, 2020], columns=[1, 2])


GALLERY = {
    "kinds": lambda: xc.plot_series(every_kind(), target=xc.target("pm25")),
    "sources": lambda: xc.plot_series(pm25(), pm25(source="published")),
    "areas": lambda: xc.plot_series(pm25(), pm25(scope="北京市")),
    "shares": lambda: xc.plot_series(xc.series("good_day_ratio"), target=60, limit=[70, 700]),
    "months": lambda: xc.plot_series(xc.series("pm25", freq="monthly"), label=None),
    "trend": lambda: xc.trend(pm25().loc[2014:2020]).plot(),
    "fan": lambda: xc.project(pm25().loc[2015:2020], 2025).plot(outturn=pm25().loc[2021:]),
    "target": lambda: xc.plot_target(xc.target("green_cover")),
    "a target itself": lambda: xc.target("green_cover").plot(),
    "assessment": lambda: xc.assess(pm25(), xc.target("pm25"), as_of=2020).plot(),
    "no number": lambda: xc.plot_target(xc.target("good_day_ratio", reading="")),
    "rows": lambda: xc.plot_rows(ROWS, **ROW_LOOK, ranges=("lo", "hi"), decimals=1),
    "bars": lambda: xc.plot_bars(CAUSES, unit="d", pale=[2019]),
    "shades": lambda: xc.plot_grid(SHADES, unit="µg/m³"),
    "evidence": lambda: xc.plot_grid(xc.coverage().loc[["pm25", "area_noise"], 2013:]),
    "scorecard": lambda: xc.plot_scorecard(xc.scorecard(as_of=2020), xc.scorecard()),
}
OVER_YEARS = list(GALLERY)[:11]
POINTS = ("printed", "derived", "computed", "draft", "unstated")
LEVELS = ("target", "city", "reading", "limit")
STROKES = ("partial", "link", "trend", "median", "path", "band_50", "band_80", "band_95")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_every_chart_is_legible_in_one_language_and_what_its_csv_says(name, lang):
    with style.use_style(lang):
        ax = GALLERY[name]()
        xc.title(ax.figure, xc.tr("标题", "Title"))
        ax.figure.canvas.draw()
        rows, texts = rows_of(ax), texts_of(ax.figure)
    assert min(texts.values()) >= 6.5
    assert not [text for text in texts if re.search(r"\b(nan|None)\b", text)]
    chinese = [text for text in (*texts, rows.to_csv()) if CHINESE.search(text)]
    assert bool(chinese) == (lang == "zh")
    boxes = [text.get_window_extent().shrunk(0.98, 0.8) for text in ax.texts]
    assert not [1 for a, b in combinations(boxes, 2) if a.overlaps(b)]
    if name in OVER_YEARS:
        assert drawn(ax, *POINTS) == told(rows_of(ax, "point"), "y")
        estimates = told(rows_of(ax, "estimate"), "y", "lower", "upper")
        assert drawn(ax, "tick", "estimated") == estimates
        both = rows_of(ax, "bound").dropna(subset=["lower", "upper"])
        assert drawn(ax, "bound") == told(both, "lower", "upper")
        for mark in STROKES:
            assert drawn(ax, mark) == told(rows_of(ax, mark), "y", "lower", "upper"), mark
        assert {y for _, y in drawn(ax, "level")} == set(rows_of(ax, *LEVELS)["y"])


def test_each_kind_of_evidence_has_a_mark_a_row_and_an_entry_of_its_own():
    ax = xc.plot_series(every_kind())
    names = [word(f"status.{kind}") for kind in marks.KINDS if kind != "unstated"]
    names += [word(f"plot.mark_{kind}") for kind in ("unstated", "range", "bound_end")]
    assert sorted(keys_of(ax)) == sorted(names)
    points = artists_of(ax, *POINTS, "partial")
    looks = {p.get_gid()[3:]: (p.get_marker(), p.get_markerfacecolor()) for p in points}
    assert len(points) == len(set(looks.values())) == 6
    color = style.POLLUTANTS["pm25"]
    shown = {"printed": ("o", color), "derived": ("o", "white")}
    shown |= {"computed": ("D", color), "partial": ("D", "white")}
    assert shown.items() <= looks.items()
    assert [line.get_marker() for line in ax.lines if line.get_marker() in (10, 11)] == [11]
    rows = rows_of(ax).set_index("x")
    others = {2018: "partial", 2019: "estimate", 2020: "bound", 2021: "bound"}
    assert rows["mark"].to_dict() == {y: others.get(y, "point") for y in range(2015, 2024)}
    table = every_kind()
    table.attrs["partial"] = "estimate"  # then no part of a year is drawn
    assert 2018 not in set(rows_of(xc.plot_series(table))["x"])


def test_lines_join_whole_years_of_one_source_and_links_a_change_of_basis():
    years = [2012, 2013, 2014, 2016, 2017, 2018, 2019, 2020]
    states = ["ref-273K"] * 4 + ["ref-mixed"] + ["ref-298K"] * 3
    status = [None, *["computed"] * 6, "estimated"]
    data = frame([70, 60, 55, 50, 45, 40, 38, 36], years, basis=states, status=status)
    ax = xc.plot_series(data[::-1], frame([61, 54], [2013, 2018], status="printed"))
    assert joined(ax, "line") == [(2013, 2014), (2018, 2019)]
    assert joined(ax, "link") == [(2016, 2017), (2017, 2018)]
    assert keys_of(ax).count(word("plot.link_state")) == 1
    (ring,), (own,) = artists_of(ax, "printed"), artists_of(ax, "computed")
    assert ring.get_markersize() > own.get_markersize() and ring.get_zorder() < own.get_zorder()
    others = [frame([50, 45], scope=scope) for scope in ("北京市", "东城区")]
    ax = xc.plot_series(frame([60, 55]), *others)  # each with a line and a name of its own
    assert keys_of(ax)[:3] == ["西城区", "北京市", "东城区"]
    colors = [line.get_color() for line in artists_of(ax, "line")]
    assert colors == [style.POLLUTANTS["pm25"], style.CITY, "#2F3B4A"]


def test_the_districts_target_is_orange_and_what_is_read_of_others_is_grey():
    aims = [xc.target("traffic_noise"), xc.target("pm25"), "<= 68"]
    ax = xc.plot_series(xc.series("traffic_noise"), target=aims)
    levels = [line.get_color() for line in artists_of(ax, "level")]
    assert levels == [style.TARGET, style.CITY, style.TARGET]
    rows = [["point", 69.6], ["target", 70], ["city", 35], ["target", 68]]
    assert rows_of(ax)[["mark", "y"]].to_numpy().tolist() == rows
    assert {word("plot.key_target"), word("plot.key_city")} <= set(keys_of(ax))
    assert 2025 < ax.get_xlim()[1] < 2026  # the axis reaches to the target's year
    # a delegated target appears only as it is read
    assert not artists_of(xc.plot_series(pm25(), target=xc.target("pm25", reading="")), "level")
    # a path leads to a target from a base that misses it
    assert told(rows_of(GALLERY["target"](), "path"), "y") == {(2020, 31.8), (2025, 31.85)}
    assert rows_of(xc.plot_target(xc.target("traffic_noise")), "path").empty
    assert word("plot.no_number") in texts_of(GALLERY["no number"]().figure)


def test_limits_hold_over_the_years_in_force_and_are_told_in_words_off_the_axis():
    limits = xc.load("standards").query("indicator == 'pm25'")
    ax = xc.plot_series(frame([60, 50, 40, 30, 29], range(2024, 2029)), limit=limits)
    # GB 3095-2012 to 2026-02-28: a year stands at its middle, so that is 0.34 before 2026
    ends = rows_of(ax, "limit").groupby("y")["x"].agg(["min", "max"])
    assert [ends.loc[35, "max"], ends.loc[30, "min"]] == pytest.approx([2025.66] * 2, abs=0.01)
    ax = xc.plot_series(frame([14, 8, 4]), limit=60)
    assert ax.get_ylim()[1] < 30 and list(rows_of(ax)["mark"]) == ["point"] * 3 + ["remark"]
    assert "限值60↑" in texts_of(ax.figure) and word("plot.limit_away") in keys_of(ax)


def test_axes_fit_what_matters_and_what_they_cut_has_an_arrow():
    wide = frame([90, 60], status="estimated", lower=40, upper=[300, 70])
    distant = xc.project(pm25().loc[2018:2020], 2030)  # 95 % reach to 81
    for ax, top in ((xc.plot_series(wide), 130), (distant.plot(), 70)):
        assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] < top and artists_of(ax, "cut")
    ax = xc.plot_series(frame([70, 60, 50, 40]), years=(2016, 2018))
    assert list(rows_of(ax)["x"]) == [2016, 2017, 2018]
    assert [text.get_text() for text in ax.texts] == ["60", "40"]  # the ends


def test_a_fan_opens_from_the_last_value_fitted_and_what_came_is_in_ink():
    ax, fitted = GALLERY["fan"](), pm25().loc[2015:2020]
    filled = [area.get_gid() for area in ax.collections if "band" in str(area.get_gid())]
    assert sorted(filled) == ["xc:band_50", "xc:band_80"] and joined(ax, "band_95")
    band = rows_of(ax, "band_80").set_index("x")[["lower", "upper"]].astype(float)
    wanted = xc.project(fitted, 2025).frame[["lower_80", "upper_80"]]
    np.testing.assert_allclose(band.loc[2021:], wanted, rtol=1e-12)
    assert set(band.loc[2020]) == {fitted["value"].iloc[-1]}
    assert {line.get_color() for line in artists_of(ax, "tick")} == {style.INK}
    assert word("plot.key_outturn") in keys_of(ax)


def test_rows_and_bars_are_what_the_csv_says_in_marks_of_their_own():
    ax = GALLERY["rows"]()
    dots, rows = artists_of(ax, "dot"), rows_of(ax, "dot")
    assert list(rows["x"]) == [dot.get_xdata()[0] for dot in dots] == [31.8, 40, 32, 29.9]
    assert rows[["lower", "upper"]].tail(2).to_numpy().tolist() == [[31.9, 32.1], [29.0, 31.0]]
    assert rows_of(ax, "target", "reference")["x"].tolist() == [35, 31.85]
    assert not {dot.get_marker() for dot in dots} & {"o", "D"}  # the marks of evidence
    stated = ROWS.assign(status=["printed", None])  # one column follows the evidence
    evidence = [word("status.printed"), word("plot.mark_unstated")]
    assert keys_of(xc.plot_rows(stated, columns="base")) == evidence
    ax = xc.plot_bars(CAUSES)
    rows, bars = rows_of(ax, "bar"), artists_of(ax, "bar")
    assert [b.get_height() for b in bars] == list(rows["y"]) == [50, 30, 2, 4, 20, 40]
    assert list(rows["source_id"]) == ["a", "b"] * 3 and {"72", "74"} <= set(texts_of(ax.figure))


def test_cells_hold_evidence_numbers_in_readable_ink_or_classes():
    evidence = xc.coverage().loc[["area_noise"], 2013:2025]
    names = {word(f"status.{status}") for status in set(evidence.to_numpy().ravel()) - {""}}
    assert set(keys_of(xc.plot_grid(evidence))) == names
    ax = xc.plot_grid(SHADES)
    assert sorted(rows_of(ax)["y"]) == [10, 50, 90]
    (mesh,) = ax.collections
    for text in ax.texts:
        ground = mesh.cmap(mesh.norm(float(text.get_text())))[:3]
        assert style.contrast(text.get_color(), ground) >= 3
    index = [0.0, 50, 51, 100, 101, 150, 200, 201, 300, 301, 500]  # HJ 633-2012, table 2
    rows = rows_of(xc.plot_grid(pd.DataFrame([[*index, np.nan]]), classes="aqi"))
    classes = "优 优 良 良 轻度污染 轻度污染 中度污染 重度污染 重度污染 严重污染 严重污染".split()
    assert list(rows["y"]) == index and list(rows["text"]) == classes
