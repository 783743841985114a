"""Series, comparisons, coverage and sources: nothing spliced, nothing filled, everything named."""

import minipack
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.evidence import EVIDENCE
from xc_analysis.observations import COLUMNS, resolve_indicator, resolve_scope

DISTRICT, EAST, CITY, TOWN = "西城区", "东城区", "北京市", "北京经济技术开发区"
pytestmark = pytest.mark.usefixtures("lang_en")


def test_indicators_and_areas_go_by_their_names_in_both_languages():
    asked = {"PM2.5": "pm25", "PM₂.₅": "pm25", "细颗粒物年均浓度": "pm25", "NO2": "no2"}
    asked |= {"优良天数比率": "good_day_ratio", "green cover": "green_cover"}
    asked |= {"交通噪声": "traffic_noise"}
    for _, row in xc.load("indicators").iterrows():
        asked |= dict.fromkeys(row[["indicator", "name_zh", "name_en"]], row["indicator"])
    assert {name: resolve_indicator(name)["indicator"] for name in asked} == asked
    areas = dict.fromkeys((EAST, "东城", "Dongcheng", "dongcheng district", " 东城 "), EAST)
    areas |= dict.fromkeys((TOWN, "经开区", "Beijing E-Town"), TOWN) | {None: DISTRICT}
    assert {name: resolve_scope(name) for name in areas} == areas


REFUSED = [
    (lambda: xc.series("pm2.55"), "near: .*pm25"),
    (lambda: xc.series("臭氧"), "near: o3_8h_p90, o3_8h_mean"),
    (lambda: xc.series("pm25", source="both"), "'both': use one of None, 'station', 'published'"),
    (lambda: xc.series("green_cover", source="station"), "no annual station series"),
    (lambda: xc.series("nox_cut"), "no annual published or station series"),
    (lambda: xc.series("pm25", source="published", basis="new"), "cannot be adjusted"),
    (lambda: xc.series("pm25", scope=CITY, basis="new"), "cannot be adjusted"),
    (lambda: xc.series("pm25", scope="月球"), "area '月球' is unknown: use one of Xicheng"),
    (lambda: xc.series("pm25", scope="Dongchang"), "near: Dongcheng.*use one of Xicheng, Beijing"),
    (lambda: xc.compare("pm25", [EAST], dust="on"), "pm25 of Dongcheng .* cannot be adjusted"),
    (lambda: xc.compare("pm25", [EAST], scope=CITY), "takes no scope: use source, partial"),
    (lambda: xc.sources_of("plam"), "near: plan"),
    (lambda: xc.sources_of(xc.target("pm25")), "a Target carries no sources"),
]


@pytest.mark.parametrize(("ask", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refusals_are_one_line_and_name_what_there_is(ask, words):
    with pytest.raises(xc.InputError, match=words) as refused:
        ask()
    assert "\n" not in str(refused.value)


def test_published_series_take_the_one_used_annual_row_of_the_indicators_statistic(pack):
    xc.use_data(pack)
    s = xc.series("pm25", source="published")
    rows = xc.load("observations").query("scope == @DISTRICT and indicator == 'pm25' and use")
    rows = rows.query("period == 'annual' and statistic == 'mean'").set_index("year").sort_index()
    pd.testing.assert_frame_equal(s, rows.reindex(columns=COLUMNS), check_dtype=False)
    own = s.loc[2020, "obs_id"]
    minipack.append(pack, "observations", own, obs_id="o9999", locator="elsewhere")
    with pytest.raises(xc.InputError, match="more than one `use` row for 2020"):
        xc.series("pm25", source="published")
    for obs_id in (own, "o9999"):
        minipack.change(pack, "observations", obs_id, statistic="median")
    assert 2020 not in xc.series("pm25", source="published").index


def test_station_records_come_first_and_what_a_series_is_travels_with_it():
    assert xc.series("traffic_noise").attrs["source"] == "published"
    wanted = dict(indicator="pm25", scope=DISTRICT, source="station", freq="annual", unit="µg/m³")
    wanted |= dict(scale="log", floor=0.0, ceiling=None, prior_sd=0.08, better="lower", days={})
    wanted |= dict(statistic="mean", theme="air", basis_setting="new", dust_setting="off")
    wanted |= dict(name_zh="细颗粒物（PM₂.₅）浓度", name_en="PM₂.₅ concentration", decimals=0)
    assert xc.series("pm25", basis="new").attrs == wanted | {"partial": "estimate"}
    parks = xc.series("park_500m_coverage")
    assert parks["basis"].tolist() == ["district-wide", "district-wide", "outside-historic"]
    assert "warn.basis_changes" in [warning.key for warning in xc.project(parks, 2025).warnings]


def test_partial_years_are_estimated_observed_or_dropped():
    kinds = ("estimate", "observed", "drop")
    estimated, observed, dropped = (xc.series("pm25", partial=kind) for kind in kinds)
    partial = observed["completeness"] == "partial"
    assert partial[2021] and set(observed["status"]) == {"computed"}
    assert set(estimated.loc[partial, "status"]) == {"estimated"}
    assert (estimated["completeness"] == observed["completeness"]).all()
    for whole in (estimated[~partial], dropped):
        pd.testing.assert_frame_equal(whole, observed[~partial])


@pytest.mark.parametrize("indicator", ["heavy_days", "good_day_ratio"])
def test_counts_and_shares_carry_the_days_they_are_of(indicator):
    rows = xc.load("air/annual").query("scope == @DISTRICT and indicator == @indicator")
    days = xc.series(indicator).attrs["days"]
    assert days[2020] == rows.set_index("year").loc[2020, "valid_days"]
    assert days[2021] == 365, "an estimate is of the whole year"
    assert xc.series(indicator, partial="observed").attrs["days"][2021] < 365


def test_months_are_indexed_by_month_and_never_estimated():
    s = xc.series("pm25", freq="monthly")
    assert isinstance(s.index, pd.PeriodIndex) and s.index.name == "month"
    assert s.index.is_monotonic_increasing and set(s["status"]) == {"computed"}
    july = xc.days().loc["2019-07", "pm25"]
    assert s.loc["2019-07", "value"] == pytest.approx(july.mean(), abs=1e-3)
    assert len(xc.series("pm25", source="published", freq="monthly", scope=TOWN))


def test_areas_are_compared_by_the_archive_alone_the_district_too():
    table = xc.compare("PM2.5", ["Xicheng", "东城"])
    rows = xc.load("air/areas_annual").query("indicator == 'pm25'").set_index(["year", "scope"])
    pd.testing.assert_frame_equal(table, rows["value"].unstack()[[DISTRICT, EAST]])
    partial = rows["completeness"].unstack()[EAST] == "partial"
    assert table.attrs["source"] == {DISTRICT: "station", EAST: "station"}
    assert table.attrs["partial_years"][EAST] == partial.index[partial].tolist()
    assert table.attrs["draft_years"] == {DISTRICT: [2025], EAST: [2025]}
    dropped = xc.compare("pm25", EAST, partial="drop")
    assert dropped.index.tolist() == partial.index[~partial].tolist()
    east, own = xc.series("pm25", scope="Dongcheng"), xc.series("pm25", partial="observed")
    assert east["value"].tolist() == table[EAST].tolist()
    assert set(east["status"]) == {"computed"}, "no other area is estimated"
    assert own.loc[2022, "value"] != table.loc[2022, DISTRICT], "its own has the national days"


def test_a_comparison_takes_the_options_of_a_series_and_what_is_published_where_it_must(pack):
    for basis, years in (("new", range(2019, 2026)), ("old", range(2013, 2018))):
        table = xc.compare("pm25", [DISTRICT, EAST], basis=basis)
        assert table.index.tolist() == list(years), "2018 is on both states"
    months = xc.compare("pm25", [DISTRICT, CITY], freq="monthly")
    assert set(months.attrs["source"].values()) == {"published"}
    asked = xc.compare("pm25", [EAST], source="published")
    assert asked.attrs["source"] == {EAST: "published"}
    areas = xc.load("air/areas_annual").query("scope != @CITY")
    areas.to_csv(pack / "air/areas_annual.csv", index=False)
    xc.use_data(pack)
    table = xc.compare("pm25", [EAST, CITY])
    assert table.attrs["source"] == {EAST: "station", CITY: "published"}
    assert table.loc[2015, CITY] == 80.6 and len(xc.sources_of(table)) >= 2


def test_coverage_holds_the_best_evidence_of_each_year():
    table, town = xc.coverage(), xc.coverage(TOWN).loc["pm25"]
    assert table.columns.tolist() == list(range(table.columns[0], table.columns[-1] + 1))
    assert set(table.stack()) <= {"", *EVIDENCE}
    assert table.loc["pm25", [2020, 2016, 2015]].tolist() == ["printed", "computed", "derived"]
    assert table.loc["heavy_days", 2021] == "partial"
    assert table.loc["nox_cut"].eq("").all(), "nothing is known, and it is shown"
    assert table.index.tolist() == xc.load("indicators")["indicator"].tolist()
    assert xc.coverage("Beijing").loc["area_noise", 2005] == "printed"
    assert town[[2016, 2021]].tolist() == ["computed", "partial"]


def test_sources_of_frames_results_ids_and_lists():
    s = xc.series("pm25", source="published")
    rows = xc.sources_of("archive-hourly", s, ["plan", "archive-hourly"])
    assert rows.index[0] == "archive-hourly" and rows.index.is_unique
    assert set(s["source_id"].str.split(";").explode()) <= set(rows.index)
    assert xc.sources_of(s.iloc[:0]).empty
    projection = xc.projection("pm25")
    assert xc.sources_of(projection).index.equals(xc.sources_of(projection.data).index)
