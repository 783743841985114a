"""Series, comparisons, coverage and sources: nothing spliced, nothing filled, everything named."""

from __future__ import annotations

import minipack
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.evidence import EVIDENCE
from xc_analysis.observations import COLUMNS, resolve_indicator, resolve_scope
from xc_analysis.words import use_language

DISTRICT = "西城区"


def read(pack, table):
    return pd.read_csv(pack / f"{table}.csv", dtype=str, keep_default_na=False)


def write(pack, table, frame):
    frame.to_csv(pack / f"{table}.csv", index=False, lineterminator="\n")
    xc.use_data(pack)


@pytest.fixture
def areas(pack):
    """A pack whose areas' table holds three areas and three years of PM2.5, one partial."""
    rows = []
    values = {
        DISTRICT: (40.0, 36.0, 30.0),
        "东城区": (41.0, 35.0, 31.0),
        "北京市": (38.5, 34.0, 29.0),
    }
    for scope, of_years in values.items():
        for year, value in zip((2020, 2021, 2022), of_years, strict=True):
            partial = year == 2021
            cells = {"scope": scope, "indicator": "pm25", "year": year, "value": value}
            counts = {"valid_days": 250 if partial else 350, "days": 365, "capture": 0.9}
            classes = {"completeness": "partial" if partial else "adequate", "basis": "ref-298K"}
            evidence = {"release": "public", "source_id": "archive-hourly", "unit": "µg/m³"}
            rows.append({**cells, **counts, **classes, **evidence})
    names = [f["name"] for f in xc.tables.schema("air/areas_annual")["fields"]]
    write(pack, "air/areas_annual", pd.DataFrame(rows).reindex(columns=names))
    return pack


# ---------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("asked", "indicator"),
    [
        ("pm25", "pm25"),
        ("PM2.5", "pm25"),
        ("PM₂.₅", "pm25"),
        ("细颗粒物年均浓度", "pm25"),
        ("优良天数比率", "good_day_ratio"),
        ("green cover", "green_cover"),
        ("交通噪声", "traffic_noise"),
        ("NO2", "no2"),
    ],
)
def test_indicators_go_by_id_and_by_names_in_both_languages(asked, indicator):
    assert resolve_indicator(asked)["indicator"] == indicator


def test_every_name_of_the_register_finds_its_own_row_or_is_refused():
    table = xc.load("indicators")
    for _, row in table.iterrows():
        for column in ("indicator", "name_zh", "name_en"):
            assert resolve_indicator(row[column])["indicator"] == row["indicator"]


@pytest.mark.parametrize(
    ("asked", "near"),
    [("pm2.55", "pm25"), ("臭氧", "o3_8h_p90"), ("traffic noice", "traffic_noise")],
)
def test_an_unknown_indicator_is_refused_with_near_ones(asked, near):
    with pytest.raises(xc.InputError, match="near: .*") as refused:
        xc.series(asked)
    named = str(refused.value).split("near: ")[1]
    names = xc.load("indicators").set_index("indicator").loc[near]
    assert near in named or str(names["name_en"]) in named or str(names["name_zh"]) in named


@pytest.mark.parametrize("asked", ["东城区", "东城", "Dongcheng", "dongcheng district", " 东城 "])
def test_areas_go_by_names_in_both_languages(asked):
    assert resolve_scope(asked) == "东城区"


def test_an_unknown_area_is_refused_with_near_ones_and_known_ones():
    with pytest.raises(xc.InputError, match="near: Dongcheng.*use one of Xicheng, Beijing"):
        resolve_scope("Dongchang")
    assert resolve_scope(None) == DISTRICT


# --------------------------------------------------------------------------------- series


def test_published_series_take_used_annual_rows_of_the_indicators_statistic(pack):
    xc.use_data(pack)
    s = xc.series("pm25", source="published")
    rows = xc.load("observations")
    rows = rows[(rows["scope"] == DISTRICT) & (rows["indicator"] == "pm25") & rows["use"]]
    rows = rows[(rows["period"] == "annual") & (rows["statistic"] == "mean")].sort_values("year")
    assert s.index.tolist() == rows["year"].tolist() and s.index.name == "year"
    assert s["obs_id"].tolist() == rows["obs_id"].tolist()
    assert list(s) == list(COLUMNS) and s["completeness"].isna().all()
    bounds = s[s["status"] == "bound"]
    assert len(bounds) and bounds["value"].isna().all()
    assert bounds[["lower", "upper"]].notna().any(axis=1).all()
    minipack.change(pack, "observations", {"obs_id": s.loc[2020, "obs_id"]}, statistic="median")
    assert 2020 not in xc.series("pm25", source="published").index


def test_without_a_source_station_records_come_first_and_attrs_say_so():
    assert xc.series("pm25").attrs["source"] == "station"
    assert xc.series("traffic_noise").attrs["source"] == "published"
    station, printed = xc.series("pm25"), xc.series("pm25", source="published")
    assert not set(station["status"]) & {"printed", "derived", "bound"}
    assert not set(printed["status"]) & {"computed", "estimated"}


def test_what_a_series_is_travels_with_it():
    attrs = xc.series("pm25", basis="new").attrs
    wanted = dict(indicator="pm25", scope=DISTRICT, source="station", freq="annual", unit="µg/m³")
    wanted |= dict(scale="log", floor=0.0, ceiling=None, prior_sd=0.08, better="lower", days={})
    wanted |= dict(statistic="mean", theme="air", basis_setting="new", dust_setting="off")
    assert wanted.items() <= attrs.items() and attrs["partial"] == "estimate"
    assert {"name_zh", "name_en", "decimals"} <= set(attrs)


def test_a_change_of_boundary_stands_in_the_basis_and_is_warned_of():
    s = xc.series("park_500m_coverage")
    assert s["basis"].to_dict() == {
        2015: "district-wide",
        2017: "district-wide",
        2020: "outside-historic",
    }
    assert "warn.basis_changes" in [warning.key for warning in xc.project(s, 2025).warnings]


def test_counts_and_shares_carry_the_days_they_are_of():
    annual = xc.load("air/annual")
    for indicator in ("heavy_days", "good_day_ratio"):
        s = xc.series(indicator)
        rows = annual[(annual["scope"] == DISTRICT) & (annual["indicator"] == indicator)]
        rows = rows.set_index("year")
        days = s.attrs["days"]
        assert days[2020] == rows.loc[2020, "valid_days"]
        # an estimate is of the whole year
        assert s.loc[2021, "status"] == "estimated" and days[2021] == 365
    assert xc.series("heavy_days", partial="observed").attrs["days"][2021] < 365


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"source": "both"}, "source is 'both': use one of None, 'station', 'published'"),
        ({"dust": "out"}, "dust is 'out'"),
        ({"indicator": "green_cover", "source": "station"}, "no annual station series"),
        ({"indicator": "nox_cut"}, "no annual published or station series"),
        ({"source": "published", "basis": "new"}, "cannot be adjusted"),
        ({"scope": "月球"}, "area '月球' is unknown: use one of Xicheng"),
    ],
)
def test_refusals_are_one_line_and_name_what_there_is(arguments, words, lang_en):
    with pytest.raises(xc.InputError, match=words) as refused:
        xc.series(**{"indicator": "pm25", **arguments})
    assert "\n" not in str(refused.value)


def test_two_used_rows_of_a_year_are_refused(pack):
    frame = read(pack, "observations")
    rows = frame[(frame["scope"] == DISTRICT) & (frame["indicator"] == "pm25")]
    one = rows[(rows["year"] == "2020") & (rows["period"] == "annual") & (rows["use"] == "true")]
    twice = one.assign(obs_id="o9999", locator="elsewhere")
    write(pack, "observations", pd.concat([frame, twice]))
    with pytest.raises(xc.InputError, match="more than one `use` row for 2020"):
        xc.series("pm25", source="published")


def test_partial_years_are_estimated_observed_or_dropped():
    observed = xc.series("pm25", partial="observed")
    estimated, dropped = xc.series("pm25"), xc.series("pm25", partial="drop")
    partial = observed.index[observed["completeness"] == "partial"]
    assert 2021 in partial
    assert set(observed["status"]) == {"computed"}
    assert set(estimated.loc[partial, "status"]) == {"estimated"}
    assert (estimated.loc[partial, "completeness"] == "partial").all()
    assert dropped.index.tolist() == observed.index.difference(partial).tolist()
    whole = observed.index.difference(partial)
    pd.testing.assert_frame_equal(estimated.loc[whole], observed.loc[whole], check_like=True)


def test_months_are_indexed_by_month_and_never_estimated():
    s = xc.series("pm25", freq="monthly")
    assert isinstance(s.index, pd.PeriodIndex) and s.index.name == "month"
    assert s.index.is_monotonic_increasing and set(s["status"]) == {"computed"}
    days = xc.load("air/daily")
    days = days[days["date"].dt.strftime("%Y-%m") == "2019-07"]["pm25"]
    assert s.loc["2019-07", "value"] == pytest.approx(days.mean(), abs=1e-3)
    printed = xc.series("pm25", source="published", freq="monthly")
    assert set(printed["status"]) <= {"printed", "derived", "bound"}


# -------------------------------------------------------------------------------- compare


def test_areas_are_compared_by_the_archive_alone_the_district_too(areas):
    table = xc.compare("PM2.5", ["Xicheng", "东城", "北京市"])
    assert list(table) == [DISTRICT, "东城区", "北京市"] and table.index.name == "year"
    assert table.loc[2022].tolist() == [30, 31, 29]
    assert table.loc[2021].tolist() == [36, 35, 34], "as observed, for all of them"
    assert set(table.attrs["source"].values()) == {"station"}
    assert table.attrs["partial_years"] == {DISTRICT: [2021], "东城区": [2021], "北京市": [2021]}
    dropped = xc.compare("pm25", [DISTRICT, "东城区"], partial="drop")
    assert dropped.index.tolist() == [2020, 2022]


def test_an_area_without_stations_is_compared_as_published(areas):
    table = xc.compare("pm25", ["东城区", "密云区"])
    assert table.attrs["source"] == {"东城区": "station", "密云区": "published"}
    printed = xc.compare("pm25", ["东城区", "北京市"], source="published")
    assert set(printed.attrs["source"].values()) == {"published"}
    assert printed.loc[2015, "北京市"] == 80.6
    assert xc.sources_of(printed).index.size >= 2


def test_another_areas_station_series_reads_the_areas_table(areas):
    s = xc.series("pm25", scope="Dongcheng")
    assert s.attrs["source"] == "station" and s["value"].tolist() == [41, 35, 31]
    assert s.loc[2021, ["status", "completeness"]].tolist() == ["computed", "partial"]
    own = xc.series("pm25", partial="observed")
    assert own.loc[2014, "value"] > 80, "the district's own comes from air/annual"


def test_a_comparison_takes_the_options_of_a_series(areas):
    table = xc.compare("pm25", [DISTRICT, "东城区"], basis="new", partial="drop")
    assert table.index.tolist() == [2020, 2022] and table.attrs["basis_setting"] == "new"
    monthly = xc.compare("pm25", ["北京市", "西城区"], freq="monthly")
    assert set(monthly.attrs["source"].values()) == {"published"}
    for option in ({"basis": "old"}, {"dust": "on"}):
        with pytest.raises(xc.InputError, match="cannot be adjusted"):
            xc.compare("pm25", [DISTRICT, "东城区"], **option)
    with pytest.raises(xc.InputError, match="compare takes no scope: use source"):
        xc.compare("pm25", [DISTRICT], scope="x")


# ------------------------------------------------------------------- coverage and sources


def test_coverage_holds_the_best_evidence_of_each_year():
    table = xc.coverage()
    assert table.index.name == "indicator" and table.columns.name == "year"
    assert table.columns.tolist() == list(range(table.columns[0], table.columns[-1] + 1))
    assert set(np.unique(table.to_numpy().astype(str))) <= {"", *EVIDENCE}
    assert table.loc["pm25", 2020] == "printed" and table.loc["pm25", 2016] == "computed"
    assert table.loc["pm25", 2015] == "derived"
    assert table.loc["heavy_days", 2021] == "partial"
    assert table.loc["nox_cut"].eq("").all(), "nothing is known, and it is shown"
    assert table.index.tolist() == xc.load("indicators")["indicator"].tolist()
    assert xc.coverage("Beijing").loc["area_noise", 2005] == "printed"


def test_sources_of_frames_ids_and_lists():
    s = xc.series("pm25", source="published")
    rows = xc.sources_of("archive-hourly", s, ["plan", "archive-hourly"])
    assert rows.index[0] == "archive-hourly" and rows.index.is_unique
    assert set(s["source_id"].str.split(";").explode()) <= set(rows.index)
    assert xc.sources_of("plan;archive-hourly").index.tolist() == ["plan", "archive-hourly"]
    assert xc.sources_of(s.iloc[:0]).empty
    use_language("en")
    with pytest.raises(xc.InputError, match="near: plan"):
        xc.sources_of("plam")
