"""Series, comparisons, coverage and sources: nothing spliced, nothing filled, everything named."""

from __future__ import annotations

import minipack
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.evidence import EVIDENCE
from xc_analysis.observations import COLUMNS, resolve_indicator, resolve_scope

DISTRICT, EAST, CITY = "西城区", "东城区", "北京市"
pytestmark = pytest.mark.usefixtures("lang_en")


def test_indicators_go_by_id_and_by_names_in_both_languages():
    names = {
        "pm25": ("PM2.5", "PM₂.₅", "细颗粒物年均浓度"),
        "good_day_ratio": ("优良天数比率",),
        "green_cover": ("green cover",),
        "traffic_noise": ("交通噪声",),
        "no2": ("NO2",),
    }
    for _, row in xc.load("indicators").iterrows():
        own = row[["indicator", "name_zh", "name_en"]]
        for name in (*own, *names.get(row["indicator"], ())):
            assert resolve_indicator(name)["indicator"] == row["indicator"]


def test_areas_go_by_names_in_both_languages():
    for asked in (EAST, "东城", "Dongcheng", "dongcheng district", " 东城 "):
        assert resolve_scope(asked) == EAST
    assert resolve_scope(None) == DISTRICT


@pytest.mark.parametrize("asked", ["北京经济技术开发区", "经开区", "Beijing E-Town"])
def test_an_area_has_its_stations_and_what_is_published_of_it_under_one_name(asked):
    assert resolve_scope(asked) == "北京经济技术开发区"
    assert xc.series("pm25", scope=asked).attrs["source"] == "station"
    assert len(xc.series("pm25", scope=asked, source="published", freq="monthly"))
    both = xc.coverage(asked).loc["pm25"]
    assert both[2016] == "computed" and both[2021] == "partial"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"indicator": "pm2.55"}, "near: .*pm25"),
        ({"indicator": "臭氧"}, "near: .*o3_8h_p90"),
        ({"indicator": "traffic noice"}, "near: .*traffic_noise|near: .*Traffic noise"),
        ({"source": "both"}, "source is 'both': use one of None, 'station', 'published'"),
        ({"dust": "out"}, "dust is 'out'"),
        ({"indicator": "green_cover", "source": "station"}, "no annual station series"),
        ({"indicator": "nox_cut"}, "no annual published or station series"),
        ({"source": "published", "basis": "new"}, "cannot be adjusted"),
        ({"scope": CITY, "source": "station", "basis": "new"}, "cannot be adjusted"),
        ({"scope": "月球"}, "area '月球' is unknown: use one of Xicheng"),
        ({"scope": "Dongchang"}, "near: Dongcheng.*use one of Xicheng, Beijing"),
    ],
)
def test_refusals_are_one_line_and_name_what_there_is(arguments, words):
    with pytest.raises(xc.InputError, match=words) as refused:
        xc.series(**{"indicator": "pm25", **arguments})
    assert "\n" not in str(refused.value)


def test_published_series_take_the_one_used_annual_row_of_the_indicators_statistic(pack):
    xc.use_data(pack)
    s = xc.series("pm25", source="published")
    rows = xc.load("observations").query("scope == @DISTRICT and indicator == 'pm25' and use")
    rows = rows.query("period == 'annual' and statistic == 'mean'").sort_values("year")
    assert s.index.tolist() == rows["year"].tolist() and s.index.name == "year"
    assert s["obs_id"].tolist() == rows["obs_id"].tolist()
    assert list(s) == list(COLUMNS) and s["completeness"].isna().all()
    bounds = s[s["status"] == "bound"]
    assert len(bounds) and bounds["value"].isna().all()
    assert bounds[["lower", "upper"]].notna().any(axis=1).all()
    minipack.append(
        pack, "observations", s.loc[2020, "obs_id"], obs_id="o9999", locator="elsewhere"
    )
    with pytest.raises(xc.InputError, match="more than one `use` row for 2020"):
        xc.series("pm25", source="published")
    for obs_id in (s.loc[2020, "obs_id"], "o9999"):
        minipack.change(pack, "observations", obs_id, statistic="median")
    assert 2020 not in xc.series("pm25", source="published").index


def test_station_records_come_first_and_what_a_series_is_travels_with_it():
    assert xc.series("traffic_noise").attrs["source"] == "published"
    assert not set(xc.series("pm25")["status"]) & {"printed", "derived", "bound"}
    attrs = xc.series("pm25", basis="new").attrs
    wanted = dict(indicator="pm25", scope=DISTRICT, source="station", freq="annual", unit="µg/m³")
    wanted |= dict(scale="log", floor=0.0, ceiling=None, prior_sd=0.08, better="lower", days={})
    wanted |= dict(statistic="mean", theme="air", basis_setting="new", dust_setting="off")
    wanted |= dict(name_zh="细颗粒物（PM₂.₅）浓度", name_en="PM₂.₅ concentration", decimals=0)
    wanted["partial"] = "estimate"
    assert attrs == wanted
    s = xc.series("park_500m_coverage")
    assert s["basis"].tolist() == ["district-wide", "district-wide", "outside-historic"]
    assert "warn.basis_changes" in [warning.key for warning in xc.project(s, 2025).warnings]


def test_counts_and_shares_carry_the_days_they_are_of():
    for indicator in ("heavy_days", "good_day_ratio"):
        rows = xc.load("air/annual").query("scope == @DISTRICT and indicator == @indicator")
        s = xc.series(indicator)
        assert s.attrs["days"][2020] == rows.set_index("year").loc[2020, "valid_days"]
        # an estimate is of the whole year
        assert s.loc[2021, "status"] == "estimated" and s.attrs["days"][2021] == 365
    assert xc.series("heavy_days", partial="observed").attrs["days"][2021] < 365


def test_partial_years_are_estimated_observed_or_dropped():
    estimated, observed, dropped = (
        xc.series("pm25", partial=partial) for partial in ("estimate", "observed", "drop")
    )
    partial = observed.index[observed["completeness"] == "partial"]
    whole = observed.index.difference(partial)
    assert 2021 in partial and set(observed["status"]) == {"computed"}
    assert set(estimated.loc[partial, "status"]) == {"estimated"}
    assert (estimated.loc[partial, "completeness"] == "partial").all()
    assert dropped.index.tolist() == whole.tolist()
    pd.testing.assert_frame_equal(estimated.loc[whole], observed.loc[whole], check_like=True)


def test_months_are_indexed_by_month_and_never_estimated():
    s = xc.series("pm25", freq="monthly")
    assert isinstance(s.index, pd.PeriodIndex) and s.index.name == "month"
    assert s.index.is_monotonic_increasing and set(s["status"]) == {"computed"}
    july = xc.days().loc["2019-07", "pm25"]
    assert s.loc["2019-07", "value"] == pytest.approx(july.mean(), abs=1e-3)
    printed = xc.series("pm25", source="published", freq="monthly")
    assert set(printed["status"]) <= {"printed", "derived", "bound"}


def test_areas_are_compared_by_the_archive_alone_the_district_too():
    table = xc.compare("PM2.5", ["Xicheng", "东城"])
    rows = xc.load("air/areas_annual").query("indicator == 'pm25'").set_index(["year", "scope"])
    pd.testing.assert_frame_equal(table, rows["value"].unstack()[[DISTRICT, EAST]])
    assert table.attrs["source"] == {DISTRICT: "station", EAST: "station"}
    partial = rows["completeness"].unstack()[EAST] == "partial"
    assert table.attrs["partial_years"][EAST] == partial.index[partial].tolist()
    assert table.attrs["draft_years"] == {DISTRICT: [2025], EAST: [2025]}
    dropped = xc.compare("pm25", EAST, partial="drop")
    assert dropped.index.tolist() == partial.index[~partial].tolist()
    east, own = xc.series("pm25", scope="Dongcheng"), xc.series("pm25", partial="observed")
    assert east["value"].tolist() == table[EAST].tolist()
    assert set(east["status"]) == {"computed"}, "no other area is estimated"
    assert own.loc[2022, "value"] != table.loc[2022, DISTRICT], "its own has the national days"


def test_an_area_without_stations_is_compared_as_published(pack):
    areas = xc.load("air/areas_annual").query("scope != @CITY")
    areas.to_csv(pack / "air/areas_annual.csv", index=False)
    xc.use_data(pack)
    table = xc.compare("pm25", [EAST, CITY])
    assert table.attrs["source"] == {EAST: "station", CITY: "published"}
    printed = xc.compare("pm25", [EAST, CITY], source="published")
    assert set(printed.attrs["source"].values()) == {"published"}
    assert printed.loc[2015, CITY] == 80.6 and len(xc.sources_of(printed)) >= 2


def test_a_comparison_takes_the_options_of_a_series_like_with_like():
    for basis, years in (("new", range(2019, 2026)), ("old", range(2013, 2018))):
        table = xc.compare("pm25", [DISTRICT, EAST], basis=basis)
        assert table.index.tolist() == list(years), "2018 is on both states"
        assert table.attrs["basis_setting"] == basis
    months = xc.compare("pm25", [DISTRICT, CITY], freq="monthly")
    assert set(months.attrs["source"].values()) == {"published"}
    on, off = (xc.compare("no2", [DISTRICT, EAST], dust=dust) for dust in ("on", "off"))
    assert on.equals(off)
    with pytest.raises(xc.InputError, match="pm25 of Dongcheng .* cannot be adjusted"):
        xc.compare("pm25", [EAST], dust="on")
    with pytest.raises(xc.InputError, match="compare takes no scope: use source, partial"):
        xc.compare("pm25", [EAST], scope=CITY)


def test_coverage_holds_the_best_evidence_of_each_year():
    table = xc.coverage()
    assert table.index.name == "indicator" and table.columns.name == "year"
    assert table.columns.tolist() == list(range(table.columns[0], table.columns[-1] + 1))
    assert set(np.unique(table.to_numpy().astype(str))) <= {"", *EVIDENCE}
    wanted = {2020: "printed", 2016: "computed", 2015: "derived"}
    assert wanted.items() <= table.loc["pm25"].to_dict().items()
    assert table.loc["heavy_days", 2021] == "partial"
    assert table.loc["nox_cut"].eq("").all(), "nothing is known, and it is shown"
    assert table.index.tolist() == xc.load("indicators")["indicator"].tolist()
    assert xc.coverage("Beijing").loc["area_noise", 2005] == "printed"


def test_sources_of_frames_results_ids_and_lists():
    s = xc.series("pm25", source="published")
    rows = xc.sources_of("archive-hourly", s, ["plan", "archive-hourly"])
    assert rows.index[0] == "archive-hourly" and rows.index.is_unique
    assert set(s["source_id"].str.split(";").explode()) <= set(rows.index)
    assert xc.sources_of("plan;archive-hourly").index.tolist() == ["plan", "archive-hourly"]
    assert xc.sources_of(s.iloc[:0]).empty
    projection = xc.projection("pm25")
    assert xc.sources_of(projection).index.equals(xc.sources_of(projection.data).index)
    with pytest.raises(xc.InputError, match="near: plan"):
        xc.sources_of("plam")
    with pytest.raises(xc.InputError, match="a Target carries no sources"):
        xc.sources_of(xc.target("pm25"))
