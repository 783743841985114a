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


def frame(values, *, years=None, indicator="pm25", scope="西城区", **columns):
    """A series as xc.series returns it, with what a test needs to set."""
    years = list(years or range(2015, 2015 + len(values)))
    table = pd.DataFrame(
        {
            "value": np.asarray(values, float),
            "lower": np.nan,
            "upper": np.nan,
            "status": "computed",
            "basis": "ref-298K",
            "completeness": "strict",
            "source_id": "archive-hourly",
            "release": "public",
        },
        index=pd.Index(years, name="year"),
    ).assign(**columns)
    table.attrs = {
        "indicator": indicator,
        "scope": scope,
        "unit": "µg/m³",
        "scale": "log",
        "decimals": 0,
        "name_zh": "细颗粒物",
        "name_en": "PM₂.₅",
        "theme": "air",
        "partial": "observed",
    }
    return table


def gids(ax) -> set[str]:
    artists = (*ax.lines, *ax.collections, *ax.patches)
    return {str(a.get_gid())[3:] for a in artists if str(a.get_gid()).startswith("xc:")}


def rows_of(ax) -> pd.DataFrame:
    return collect(ax.figure)


def keys_of(ax) -> list[str]:
    return [key.text for key in figures._keys(ax.figure)]


def drawn_points(ax, kind) -> set[tuple[float, float]]:
    lines = [line for line in ax.lines if line.get_gid() == f"xc:{kind}"]
    return {(float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True)}


# ---- series: marks ----


def every_kind():
    status = ["printed", "derived", "computed", "computed", "estimated", "bound", "draft", None]
    table = frame([60, 55, 50, 30, 45, np.nan, 40, 38], status=status)
    table.loc[2018, "completeness"] = "partial"
    table.loc[2019, ["lower", "upper"]] = 41, 49
    table.loc[2020, ["lower", "upper"]] = 38, 44
    return table


def test_each_kind_of_evidence_has_its_own_mark():
    ax = xc.plot_series(every_kind())
    kinds = {"printed", "derived", "computed", "partial", "draft", "unstated"}
    assert kinds | {"estimated", "bound", "tick"} <= gids(ax)
    looks = {
        line.get_gid()[3:]: (line.get_marker(), line.get_markerfacecolor())
        for line in ax.lines
        if line.get_gid()[3:] in kinds
    }
    color = style.POLLUTANTS["pm25"]
    assert looks["printed"] == ("o", color) and looks["derived"] == ("o", "white")
    assert looks["computed"] == ("D", color) and looks["partial"] == ("D", "white")
    assert len({look for look in looks.values()}) == len(kinds)


def test_the_csv_holds_every_mark_and_no_other():
    ax = xc.plot_series(every_kind())
    rows = rows_of(ax).set_index("x")
    expected = {2018: "partial", 2019: "estimate", 2020: "bound"}
    assert rows["mark"].to_dict() == {
        year: expected.get(year, "point") for year in range(2015, 2023)
    }
    assert rows.loc[2019, ["y", "lower", "upper"]].tolist() == [45, 41, 49]
    assert rows.loc[2020, ["lower", "upper"]].tolist() == [38, 44]
    assert rows.loc[2015, "status"] == "printed" and pd.isna(rows.loc[2022, "status"])
    assert set(rows["source_id"]) == {"archive-hourly"} and set(rows["unit"]) == {"µg/m³"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_key_names_all_marks_and_only_those(lang):
    with style.use_style(lang):
        ax = xc.plot_series(every_kind())
        names = {word(f"status.{k}") for k in marks.KINDS if k != "unstated"}
        assert set(keys_of(ax)) == names | {word("plot.mark_unstated")}
        ax = xc.plot_series(frame([50, 40]))
        assert keys_of(ax) == [word("status.computed")]


@pytest.mark.parametrize("indicator", ["pm25", "heavy_days", "traffic_noise", "green_cover"])
def test_what_is_drawn_of_a_real_series_is_what_the_csv_says(indicator):
    data = xc.series(indicator)
    ax = xc.plot_series(data)
    rows = rows_of(ax)
    points = rows[rows["mark"] == "point"]
    on_axes = set().union(*(drawn_points(ax, k) for k in ("printed", "derived", "computed")))
    assert on_axes == set(zip(points["x"].astype(float), points["y"].astype(float), strict=True))
    known = data[data["value"].notna()]
    assert set(rows["x"].astype(int)) == set(known.index)
    estimates = rows[rows["mark"] == "estimate"]
    assert drawn_points(ax, "tick") == set(
        zip(estimates["x"].astype(float), estimates["y"].astype(float), strict=True)
    )


def test_a_one_sided_bound_is_an_arrow():
    table = frame([50, np.nan], status=["computed", "bound"])
    table.loc[2016, "upper"] = 45
    ax = xc.plot_series(table)
    assert word("plot.mark_bound_end") in keys_of(ax) and word("status.bound") not in keys_of(ax)
    assert rows_of(ax).set_index("x").loc[2016, "upper"] == 45


def test_parts_of_a_year_are_drawn_only_when_asked_for():
    table = frame([50, 40, 30])
    table.loc[2017, "completeness"] = "partial"
    table.attrs["partial"] = "estimate"
    assert 2017 not in set(rows_of(xc.plot_series(table))["x"])
    table.attrs["partial"] = "observed"
    assert 2017 in set(rows_of(xc.plot_series(table))["x"])


def test_a_wide_range_is_a_whisker_and_a_narrow_one_is_not():
    table = frame([80, 60], lower=[79.9, 50], upper=[80.1, 70])
    ax = xc.plot_series(table)
    (whisker,) = [c for c in ax.collections if c.get_gid() == "xc:range"]
    assert len(whisker.get_segments()) == 1
    assert word("plot.mark_range") in keys_of(ax)


# ---- series: lines ----


def joined(ax, kind) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata()) for line in ax.lines if line.get_gid() == f"xc:{kind}"]


def test_lines_join_whole_years_and_break_at_gaps_and_estimates():
    table = frame([60, 55, 50, 45, 40], years=[2013, 2014, 2016, 2017, 2018])
    table.loc[2017, "status"] = "estimated"
    assert joined(xc.plot_series(table), "line") == [(2013, 2014)]


def test_a_change_of_basis_is_a_thin_dotted_link_named_once():
    basis = ["ref-273K", "ref-273K", "ref-mixed", "ref-298K", "ref-298K"]
    fig, axes = xc.panels(2)
    for ax in axes:
        xc.plot_series(frame([60, 55, 50, 45, 40], basis=basis), ax=ax)
    assert joined(axes[0], "line") == [(2015, 2016), (2018, 2019)]
    assert joined(axes[0], "link") == [(2016, 2017), (2017, 2018)]
    figures.finish(fig)
    assert texts_of(fig).count(word("plot.link_state")) == 1
    links = rows_of(axes[0])
    assert len(links[links["mark"] == "link"]) == 2 * 4


def test_another_source_is_never_spliced():
    station = frame([60, 55, 50])
    published = frame([61, 54], years=[2015, 2018], status="printed")
    ax = xc.plot_series(station, published)
    assert joined(ax, "line") == [(2015, 2016), (2016, 2017)]
    (ring,) = [line for line in ax.lines if line.get_gid() == "xc:printed"]
    (own,) = [line for line in ax.lines if line.get_gid() == "xc:computed"]
    assert ring.get_markersize() > own.get_markersize() and ring.get_zorder() < own.get_zorder()
    assert set(rows_of(ax)["series"]) == {"西城区"}


def test_other_areas_have_lines_and_names_of_their_own():
    ax = xc.plot_series(frame([60, 55]), frame([50, 45], scope="北京市"))
    assert len(joined(ax, "line")) == 2
    assert keys_of(ax)[:2] == ["西城区", "北京市"]
    colors = {line.get_color() for line in ax.lines if line.get_gid() == "xc:line"}
    assert colors == {style.POLLUTANTS["pm25"], style.CITY}
    with style.use_style("en"):
        ax = xc.plot_series(frame([60, 55]), frame([50, 45], scope="东城区"))
        assert keys_of(ax)[:2] == ["Xicheng", "Dongcheng"]


def test_rows_added_by_hand_in_any_order_are_drawn():
    table = frame([60, 55])
    table.loc[2013, "value"] = 70
    ax = xc.plot_series(table)
    assert (2013.0, 70.0) in drawn_points(ax, "unstated")


def test_months_stand_within_their_year():
    index = pd.period_range("2019-01", "2020-12", freq="M")
    table = pd.DataFrame({"value": range(24), "status": "computed"}, index=index)
    table.attrs = {"freq": "monthly", "unit": "µg/m³"}
    rows = rows_of(xc.plot_series(table))
    assert rows["x"].is_monotonic_increasing and len(rows) == 24
    assert set(rows["x"].astype(float).round()) == {2018.0 + k for k in (1, 2)} | {2019.0, 2020.0}


# ---- series: targets, limits, trends ----


def test_the_districts_target_is_orange_and_others_are_grey():
    data = xc.series("traffic_noise")
    ax = xc.plot_series(data, target=[xc.target("traffic_noise"), xc.target("pm25")])
    levels = [line for line in ax.lines if line.get_gid() == "xc:level"]
    assert {line.get_color() for line in levels} == {style.TARGET, style.CITY}
    rows = rows_of(ax)
    assert rows.set_index("mark")["y"].to_dict() == {"point": 69.6, "target": 70, "city": 35}
    assert {word("plot.key_target"), word("plot.key_city")} <= set(keys_of(ax))
    assert any("70" in t for t in texts_of(ax.figure))


def test_a_delegated_target_appears_only_as_it_is_read():
    ax = xc.plot_series(xc.series("pm25"), target=xc.target("pm25"))
    colors = {line.get_color() for line in ax.lines if line.get_gid() == "xc:level"}
    assert colors == {style.CITY}
    assert "target" not in set(rows_of(ax)["mark"])
    ax = xc.plot_series(xc.series("pm25"), target=xc.target("pm25", reading=""))
    assert not [line for line in ax.lines if line.get_gid() == "xc:level"]


def test_limits_hold_over_the_years_they_are_in_force():
    standards = xc.load("standards")
    limits = standards[standards["indicator"] == "pm25"]
    ax = xc.plot_series(frame([60, 50, 40, 30, 29], years=range(2024, 2029)), limit=limits)
    rows = rows_of(ax)
    ends = rows[rows["mark"] == "limit"].groupby("y")["x"].agg(["min", "max"])
    # GB 3095-2012 to 2026-02-28: a year stands at its middle, so that is 0.34 before 2026
    assert ends.loc[35, "max"] == pytest.approx(2026 - 0.34, abs=0.01)
    assert ends.loc[30, "min"] == pytest.approx(2026 - 0.34, abs=0.01)
    assert set(rows.loc[rows["mark"] == "limit", "source_id"]) <= set(limits["source_id"])


def test_a_limit_off_the_axis_is_told_in_words_and_does_not_set_the_scale():
    ax = xc.plot_series(frame([14, 8, 4]), limit=60)
    assert ax.get_ylim()[1] < 30
    assert "限值60↑" in texts_of(ax.figure) and word("plot.limit_away") in keys_of(ax)
    rows = rows_of(ax).set_index("mark")
    assert "limit" not in rows.index and rows.loc["remark", "y"] == 60


def test_trend_lines_are_in_the_csv_with_both_ends():
    data = frame([88, 83, 78, 63, 53, 44, 40], years=range(2014, 2021))
    trend = xc.trend(data)
    ax = xc.plot_series(data, trend=trend)
    rows = rows_of(ax)
    ends = rows[rows["mark"] == "trend"]
    assert list(ends["x"]) == [2014, 2020]
    slope = (ends["y"].iloc[1] - ends["y"].iloc[0]) / 6
    assert slope == pytest.approx(trend.slope) and set(ends["slope"]) == {trend.slope}
    assert joined(ax, "line") == []
    middle = (np.median(data["value"]), trend.intercept + trend.slope * 2017)
    assert middle[0] == pytest.approx(middle[1], abs=8)


# ---- series: axes and labels ----


def test_an_estimate_of_a_partial_year_does_not_set_the_scale():
    table = frame([90, 60, 40])
    table.loc[2015, ["status", "lower", "upper"]] = ["estimated", 40, 300]
    ax = xc.plot_series(table)
    assert ax.get_ylim()[1] < 130
    assert "cut" in gids(ax)


def test_shares_stay_below_a_hundred_and_concentrations_begin_at_zero():
    table = frame([97, 98, 99.5])
    table.attrs |= {"unit": "%", "scale": "logit", "indicator": "park"}
    assert xc.plot_series(table).get_ylim()[1] <= 101
    assert xc.plot_series(frame([60, 50])).get_ylim()[0] == 0


def test_the_axis_reaches_to_the_target_year_and_keeps_to_years_asked_for():
    data = xc.series("traffic_noise")
    right = xc.plot_series(data, target=xc.target("traffic_noise")).get_xlim()[1]
    assert 2025 < right < 2026
    ax = xc.plot_series(xc.series("pm25"), years=(2015, 2020))
    assert 2014 < ax.get_xlim()[0] < 2015 and 2020 < ax.get_xlim()[1] < 2021
    assert rows_of(ax)["x"].between(2015, 2020).all()


def label_boxes(ax):
    ax.figure.canvas.draw()
    texts = [t for t in ax.texts if t.get_gid() == "label"]
    return [(t, t.get_window_extent()) for t in texts]


@pytest.mark.parametrize("width", [31, 50, 84, 155])
@pytest.mark.parametrize("indicator", ["pm25", "heavy_days", "good_day_ratio", "no2"])
def test_labels_keep_clear_of_points_and_of_each_other(indicator, width):
    fig, (ax,) = xc.panels(1, height=45, width=width + 12)
    xc.plot_series(xc.series(indicator), target=35 if indicator == "pm25" else None, ax=ax)
    boxes = label_boxes(ax)
    assert len(boxes) >= 2
    for i, (_, one) in enumerate(boxes):
        for _, other in boxes[i + 1 :]:
            assert not one.overlaps(other)
    dots = np.array(sorted(drawn_points(ax, "computed")))
    for text, box in boxes:
        inner = box.shrunk(0.8, 0.6).translated(0.1 * box.width, 0.2 * box.height)
        inside = [inner.contains(*p) for p in ax.transData.transform(dots)]
        assert not any(inside), text.get_text()


@pytest.mark.parametrize(
    ("label", "texts"),
    [("ends", ["60", "40"]), ("last", ["40"]), ("all", ["60", "50", "40"]), (None, [])],
)
def test_which_values_are_written(label, texts):
    ax = xc.plot_series(frame([60, 50, 40]), label=label)
    assert [t.get_text() for t in ax.texts if t.get_gid() == "label"] == texts


def test_what_cannot_be_drawn_is_said():
    for bad in (pd.DataFrame({"x": [1]}), 3):
        with pytest.raises(InputError):
            xc.plot_series(bad)
    with pytest.raises(InputError, match="year"):
        xc.plot_series(frame([1, 2]).set_axis(["a", "b"]))
    with pytest.raises(InputError, match="median"):
        xc.plot_projection(pd.DataFrame({"value": [1]}))
    with pytest.raises(InputError, match="scorecard"):
        xc.plot_scorecard(pd.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match="plot_series"):
        xc.plot_series()
    with pytest.raises(InputError, match="plot_series"):
        xc.plot_series(frame([np.nan, np.nan]))
    with pytest.raises(InputError, match="printd"):
        xc.plot_series(frame([1, 2], status="printd"))


# ---- projections and targets ----


@pytest.fixture
def fan():
    pm25 = xc.series("pm25")
    return xc.project(pm25.loc[2015:2020], 2025), pm25.loc[2021:2025]


def test_a_fan_has_two_filled_bands_a_thin_edge_and_a_median(fan):
    projection, outturn = fan
    ax = xc.plot_projection(projection, outturn=outturn)
    assert {"band_50", "band_80", "band_95", "median"} <= gids(ax)
    filled = [c.get_gid() for c in ax.collections if str(c.get_gid()).startswith("xc:band")]
    assert sorted(filled) == ["xc:band_50", "xc:band_80"]
    rows = rows_of(ax)
    for level in (50, 80, 95):
        band = rows[rows["mark"] == f"band_{level}"].set_index("x").loc[2021:]
        np.testing.assert_allclose(
            band["lower"].astype(float), projection.frame[f"lower_{level}"], rtol=1e-12
        )
        np.testing.assert_allclose(
            band["upper"].astype(float), projection.frame[f"upper_{level}"], rtol=1e-12
        )
    start = rows[(rows["mark"] == "band_95") & (rows["x"] == 2020)]
    assert start["lower"].item() == start["upper"].item() == pytest.approx(projection.values[-1])
    fitted = rows[(rows["mark"] == "point") & (rows["x"] <= 2020)]
    assert list(fitted["x"]) == list(range(2015, 2021)) and set(fitted["status"]) == {"computed"}
    median = rows[rows["mark"] == "median"].set_index("x")["y"].loc[2021:]
    np.testing.assert_allclose(median.astype(float), projection.frame["median"], rtol=1e-12)


def test_the_95_band_does_not_set_the_scale():
    heavy = xc.series("heavy_days")
    projection = xc.project(heavy.loc[2015:2020], 2025)
    table = projection.frame.copy()
    table["upper_95"] = 500.0
    fan = SimpleNamespace(frame=table, data=heavy.loc[2015:2020])
    ax = xc.plot_projection(fan)
    assert ax.get_ylim()[1] < 100 and "cut" in gids(ax)


def test_what_came_is_in_ink_and_named(fan):
    projection, outturn = fan
    ax = xc.plot_projection(projection, outturn=outturn, target=xc.target("pm25"))
    colors = {line.get_color() for line in ax.lines if line.get_gid() == "xc:tick"}
    assert colors == {style.INK}
    assert word("plot.key_outturn") in keys_of(ax)
    rows = rows_of(ax)
    came = rows[rows["series"] == word("plot.outturn")]
    assert list(came["x"]) == list(outturn.index)


def test_results_draw_themselves(fan):
    projection, outturn = fan
    ax = projection.plot(outturn=outturn, target=xc.target("pm25"))
    assert {"median", "city"} <= set(rows_of(ax)["mark"])
    assert xc.target("traffic_noise").plot() is not None
    assert "trend" in set(rows_of(xc.trend(xc.series("pm25").loc[2015:2020]).plot())["mark"])


def test_a_target_path_leads_from_a_base_that_misses_it():
    ax = xc.plot_target(xc.target("green_cover"), xc.series("green_cover"))
    rows = rows_of(ax)
    path = rows[rows["mark"] == "path"]
    assert list(zip(path["x"], path["y"], strict=True)) == [(2020, 31.8), (2025, 31.85)]
    end = rows[rows["mark"] == "target"]
    assert (end["x"].item(), end["y"].item()) == (2025, 31.85)
    met = rows_of(xc.plot_target(xc.target("traffic_noise"), xc.series("traffic_noise")))
    assert "path" not in set(met["mark"])


def test_a_target_without_a_number_says_so():
    aim = xc.target("good_day_ratio", reading="")
    ax = xc.plot_target(aim, xc.series("good_day_ratio"))
    assert word("plot.no_number") in texts_of(ax.figure)


# ---- scorecard ----


@pytest.fixture(scope="module")
def cards():
    return xc.scorecard(as_of=2020), xc.scorecard()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_scorecard_shows_14_rows_in_one_language(cards, lang):
    with style.use_style(lang):
        ax = xc.plot_scorecard(*cards)
        texts = texts_of(ax.figure)
        assert {str(n) for n in range(1, 15)} <= set(texts)
        chinese = [t for t in texts if CHINESE.search(t)]
        assert (chinese == []) if lang == "en" else len(chinese) > 60
        rows = rows_of(ax)
    assert set(rows["mark"]) == {"cell"} and rows["indicator"].nunique() == 14
    verdict = rows[rows["x"] == word("plot.card_verdict", lang)].set_index("indicator")["text"]
    expected = cards[1].set_index("indicator")["verdict"]
    assert verdict["traffic_noise"] == word(
        "verdict_short.no_value_for_the_target_year", lang, year="2025"
    )
    assert expected["traffic_noise"] == "no value for the target year"
    told = rows[rows["x"] == word("plot.card_reading", lang)].set_index("indicator")["text"]
    assert told["traffic_noise"] == word("plot.card_margin", lang, value="0.4")
    assert told["green_cover"] == word("plot.card_gap", lang, value="0.05")


def test_every_verdict_has_a_short_form(lang_en):
    for term in {*VERDICTS.values(), "about even to likely"}:
        assert short_verdict(term, 2025)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_scorecard_texts_stay_in_their_columns(cards, lang):
    with style.use_style(lang):
        ax = xc.plot_scorecard(*cards)
        ax.figure.canvas.draw()
        boxes = [t.get_window_extent() for t in ax.texts]
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert not one.shrunk(0.98, 0.8).overlaps(other.shrunk(0.98, 0.8))


# ---- rows, bars, grids ----


def rows_table():
    return pd.DataFrame(
        {"base": [31.8, 40.0], "latest": [32.0, 29.9], "target": [31.85, np.nan]},
        index=["green_cover", "pm25"],
    )


def test_rows_draw_columns_ranges_and_targets():
    table = rows_table().assign(lo=[31.9, 29.0], hi=[32.1, 31.0])
    look = {"columns": ["base", "latest"], "target": "target", "names": {"base": "2020"}}
    ax = xc.plot_rows(table, **look, ranges=("lo", "hi"), highlight=["pm25"])
    rows = rows_of(ax)
    assert rows["mark"].value_counts().to_dict() == {"dot": 4, "target": 1}
    assert rows.loc[rows["mark"] == "target", "x"].item() == 31.85
    latest = rows[rows["series"] == style.key_name("latest")]
    assert list(latest["lower"]) == [31.9, 29.0] and list(latest["upper"]) == [32.1, 31.0]
    assert word("plot.key_target") in keys_of(ax) and word("plot.rows_range") in keys_of(ax)
    dots = [line for line in ax.lines if line.get_gid() == "xc:dot"]
    assert not {dot.get_marker() for dot in dots} & {"o", "D"}  # the marks of evidence
    assert len({dot.get_markeredgecolor() for dot in dots}) == 2
    assert {"2020", style.key_name("latest")} <= set(keys_of(ax))
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == [style.key_name("green_cover"), style.key_name("pm25")]


def test_one_column_with_status_follows_the_evidence():
    table = pd.DataFrame({"value": [1.0, 2.0], "status": ["printed", "computed"]}, index=["a", "b"])
    ax = xc.plot_rows(table, columns="value")
    assert set(keys_of(ax)) == {word("status.printed"), word("status.computed")}


def test_reference_lines_are_named_and_recorded():
    ax = xc.plot_rows(rows_table(), columns=["latest"], reference={35: "全市"})
    rows = rows_of(ax)
    assert rows.loc[rows["mark"] == "reference", "x"].item() == 35
    assert "全市" in texts_of(ax.figure)


def causes():
    return pd.DataFrame(
        {"pm25": [50, 30], "dust": [2, 4], "o3": [20, 40], "other": [0, 0]},
        index=pd.Index([2019, 2020], name="year"),
    )


def test_bars_are_what_the_csv_says():
    ax = xc.plot_bars(causes(), unit="d", pale=[2019])
    rows = rows_of(ax)
    bars = [p for p in ax.patches if p.get_gid() == "xc:bar"]
    assert sorted(b.get_height() for b in bars) == sorted(rows["y"].astype(float))
    assert set(rows["mark"]) == {"bar"} and "其他" not in keys_of(ax)
    tops = {round(b.get_y() + b.get_height(), 6) for b in bars}
    assert {72.0, 74.0} <= tops and {"72", "74"} <= set(texts_of(ax.figure))
    assert word("plot.pale", rows="2019") in keys_of(ax)
    faces = {to_hex(p.get_facecolor()).upper() for p in xc.plot_bars(causes()).patches}
    assert {style.POLLUTANTS[k] for k in ("pm25", "dust", "o3")} <= faces
    lying = xc.plot_bars(causes().set_axis(["甲项工作", "乙项工作"]), horizontal=True)
    widths = [p.get_width() for p in lying.patches if p.get_gid() == "xc:bar"]
    assert widths == [50, 30, 2, 4, 20, 40]


def test_aqi_classes_end_where_the_standard_says():
    index = [0, 50, 51, 100, 101, 150, 200, 201, 300, 301, 500]
    ax = xc.plot_grid(pd.DataFrame([[float(i) for i in index] + [np.nan]]), classes="aqi")
    classes = "优 优 良 良 轻度污染 轻度污染 中度污染 重度污染 重度污染 严重污染 严重污染".split()
    rows = rows_of(ax)
    assert list(rows["y"]) == index and list(rows["text"]) == classes
    assert keys_of(ax) == list(dict.fromkeys(classes))


def test_a_grid_of_evidence_uses_the_marks():
    table = xc.coverage().loc[["pm25", "area_noise"], 2013:2025]
    ax = xc.plot_grid(table)
    rows = rows_of(ax)
    assert len(rows) == int((table != "").to_numpy().sum())
    assert {k for k in gids(ax)} >= {"printed", "computed"}
    assert word("status.printed") in keys_of(ax)
    assert word("status.estimated") not in keys_of(ax)


def test_numbers_are_shades_with_readable_ink():
    table = pd.DataFrame([[10.0, 50.0], [90.0, np.nan]], index=[2019, 2020], columns=[1, 2])
    ax = xc.plot_grid(table, unit="µg/m³")
    rows = rows_of(ax)
    assert sorted(rows["y"].astype(float)) == [10, 50, 90]
    mesh = ax.collections[0]
    faces = dict(zip([10, 50, 90], mesh.cmap(mesh.norm([10, 50, 90])), strict=True))
    for text in ax.texts:
        assert style.contrast(text.get_color(), faces[int(text.get_text())][:3]) >= 3


def test_named_classes_keep_their_order():
    table = pd.DataFrame([["met", "not_met"], ["", "met"]], index=["a", "b"], columns=["c", "d"])
    ax = xc.plot_grid(table, classes=["not_met", "met"], colors={"met": "#1D6B3C"})
    assert keys_of(ax) == ["未达到", "达到"]
    with pytest.raises(InputError, match="met"):
        xc.plot_grid(table, classes=["not_met"])


@pytest.mark.parametrize("chart", [xc.plot_rows, xc.plot_bars, xc.plot_grid])
def test_empty_tables_are_refused(chart):
    with pytest.raises(InputError):
        chart(pd.DataFrame())


# ---- all charts ----


def _series(ax):
    return xc.plot_series(xc.series("pm25"), xc.series("pm25", source="published"), ax=ax)


def _city(ax):
    return xc.plot_series(xc.series("pm25"), xc.series("pm25", scope="北京市"), ax=ax)


def _fan(ax):
    pm25 = xc.series("pm25")
    fan = xc.project(pm25.loc[2015:2020], 2025)
    return xc.plot_projection(fan, outturn=pm25.loc[2021:], target=xc.target("pm25"), ax=ax)


def _target(ax):
    return xc.plot_target(xc.target("green_cover"), xc.series("green_cover"), ax=ax)


def _rows(ax):
    return xc.plot_rows(rows_table(), columns=["base", "latest"], target="target", ax=ax)


def _bars(ax):
    return xc.plot_bars(causes(), unit="d", ax=ax)


def _grid(ax):
    return xc.plot_grid(xc.coverage().loc[["pm25", "area_noise"], 2013:2025], ax=ax)


GALLERY = [_series, _city, _fan, _target, _rows, _bars, _grid]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chart", GALLERY)
def test_every_chart_is_legible_and_in_one_language(chart, lang):
    with style.use_style(lang):
        fig, (ax,) = xc.panels(1, height=60)
        assert chart(ax) is ax and record_of(ax).frames
        xc.title(fig, xc.tr("标题", "Title"))
        fig.canvas.draw()
        assert smallest_text(fig) >= 6.5
        assert all(re.fullmatch(r"[a-z]+(_\d\d)?", m) for m in collect(fig)["mark"])
        texts = texts_of(fig)
        assert texts and not any(re.search(r"\b(nan|None)\b", t) for t in texts)
        if lang == "en":
            assert [t for t in texts if CHINESE.search(t)] == []
            csv = collect(fig).to_csv()
            assert not CHINESE.search(csv)


def test_year_ticks_that_a_reader_set_stay():
    ax = xc.plot_series(xc.series("pm25").loc[[2022, 2024, 2025]])
    ax.set_xticks([2022, 2024, 2025])
    xc.title(ax.figure, "kept")
    assert list(ax.get_xticks()) == [2022, 2024, 2025]


def test_bars_and_grids_carry_their_sources():
    bars = xc.plot_bars(pd.DataFrame({"o3": [3, 4], "source_id": ["a", "b"]}, index=[2019, 2020]))
    assert list(figures.collect(bars.figure)["source_id"]) == ["a", "b"]
    table = pd.DataFrame([[40.0, 120.0]], index=["2020"], columns=["01-01", "01-02"])
    table.attrs["source_id"] = "archive-hourly"
    grid = xc.plot_grid(table, classes="aqi")
    assert set(figures.collect(grid.figure)["source_id"]) == {"archive-hourly"}
