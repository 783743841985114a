"""`series`, `coverage` and `sources_of`: nothing spliced, nothing filled, everything named."""

import minipack
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.evidence import COLUMNS, EVIDENCE

HERE = "示例区"


@pytest.fixture
def pack(tmp_path):
    return minipack.write(tmp_path)


@pytest.fixture
def partial_pack(pack):
    """The small pack with a second, partial year in its annual table."""
    minipack.append(
        pack,
        "air/annual",
        {"indicator": "pm25"},
        year="2020",
        value="31.5",
        valid_days="200",
        days="366",
        capture="0.5464",
        completeness="partial",
    )
    return pack


def test_published_series_take_used_annual_rows_of_the_indicators_statistic(pack):
    frame = xc.series("pm25", scope=HERE, source="published", data=pack)
    assert frame.index.tolist() == [2015, 2020, 2021] and frame.index.name == "year"
    assert list(frame) == list(COLUMNS)
    assert frame["obs_id"].tolist() == ["o2", "o1", "o6"]  # not o10 (unused), not o7 (nine months)
    assert frame["status"].tolist() == ["derived", "printed", "bound"]
    assert frame.loc[2015, ["value", "lower", "upper"]].tolist() == [83.0, 81.9, 84.1]
    assert np.isnan(frame.loc[2021, "value"]) and frame.loc[2021, "upper"] == 33
    assert frame["completeness"].isna().all()
    minipack.change(pack, "observations", {"obs_id": "o1"}, statistic="median")
    again = xc.series("pm25", scope=HERE, source="published", data=pack)
    assert again.index.tolist() == [2015, 2021]


def test_station_series_come_from_the_computed_table(pack):
    frame = xc.series("pm25", scope=HERE, source="station", data=pack)
    assert frame.index.tolist() == [2019] and frame["status"].tolist() == ["computed"]
    days = xc.load("air/daily", data=pack)["pm25"]
    assert frame.loc[2019, "value"] == pytest.approx(days.mean(), abs=1e-4)
    assert frame.loc[2019, "completeness"] == "strict"
    assert frame.loc[2019, "source_id"] == "archive-hourly"


def test_station_years_with_uci_records_name_both_sources():
    sources = xc.series("no2", source="station", partial="observed")["source_id"]
    assert sources[2013] == sources[2017] == "archive-hourly;uci-501"
    assert sources[2018] == sources[2025] == "archive-hourly"
    months = xc.series("no2", source="station", freq="monthly")["source_id"]
    assert months["2017-02"] == "archive-hourly;uci-501" and months["2017-03"] == "archive-hourly"
    named = xc.sources_of(xc.series("no2", source="station", partial="observed"))
    assert named.index.tolist() == ["archive-hourly", "uci-501"]


def test_what_a_series_is_travels_with_it(pack):
    attrs = xc.series("pm25", scope=HERE, source="published", data=pack).attrs
    wanted = {
        "indicator": "pm25",
        "scope": HERE,
        "source": "published",
        "unit": "µg/m³",
        "scale": "log",
        "floor": 0.0,
        "ceiling": None,
        "decimals": 0,
        "prior_sd": 0.08,
        "better": "lower",
        "name_zh": "细颗粒物",
        "name_en": "PM₂.₅",
        "statistic": "mean",
        "theme": "air",
        "basis_setting": "raw",
        "partial": "estimate",
    }
    assert wanted.items() <= attrs.items()


def test_two_sources_are_never_spliced_or_chosen_between(pack):
    with pytest.raises(xc.InputError, match="source='station' or source='published'"):
        xc.series("pm25", scope=HERE, data=pack)
    only = xc.series("green_cover", scope=HERE, data=pack)
    assert only.attrs["source"] == "published" and only.index.tolist() == [2015, 2016, 2020]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"indicator": "pm2.5"}, "near: pm25"),
        ({"indicator": "green_cover", "source": "station"}, "source='published' exists"),
        ({"indicator": "pm25", "scope": "示例"}, "near: 示例区"),
        ({"indicator": "pm25", "scope": "月球"}, "known: 示例区"),
        ({"indicator": "green_cover_change"}, "no annual"),
        ({"indicator": "pm25", "source": "both"}, "source is 'both'"),
        ({"indicator": "pm25", "partial": "fill"}, "partial is 'fill'"),
        ({"indicator": "pm25", "basis": "273K"}, "basis is '273K'"),
        ({"indicator": "pm25", "freq": "daily"}, "freq is 'daily'"),
        ({"indicator": "pm25", "dust": "out"}, "dust is 'out'"),
    ],
)
def test_refusals_name_what_there_is(pack, arguments, words):
    with pytest.raises(xc.InputError, match=words):
        xc.series(**({"scope": HERE, "data": pack} | arguments))


def test_two_used_rows_of_a_year_are_refused(pack):
    minipack.change(pack, "observations", {"obs_id": "o10"}, use="true")
    with pytest.raises(xc.InputError, match="more than one `use` row for 2020"):
        xc.series("pm25", scope=HERE, source="published", data=pack)


def test_partial_years_are_shown_as_observed_or_dropped(partial_pack):
    options = {"scope": HERE, "source": "station", "data": partial_pack}
    observed = xc.series("pm25", partial="observed", **options)
    assert observed.loc[2020, ["value", "status", "completeness"]].tolist() == [
        31.5,
        "computed",
        "partial",
    ]
    assert xc.series("pm25", partial="drop", **options).index.tolist() == [2019]


def test_estimates_come_from_comparability_and_replace_nothing_else(partial_pack, monkeypatch):
    asked = []

    def estimate_partial(indicator, *, scope, data):
        asked.append((indicator, scope, data))
        years = pd.Index([2019, 2020], name="year")
        values = {"value": [1.0, 34.0], "lower": [0.0, 31.0], "upper": [2.0, 37.0]}
        return pd.DataFrame(values, index=years)

    monkeypatch.setattr("xc_analysis.comparability.estimate_partial", estimate_partial)
    options = {"scope": HERE, "source": "station", "data": partial_pack}
    frame = xc.series("pm25", **options)
    assert asked == [("pm25", HERE, partial_pack)]
    assert frame.loc[2020, ["value", "lower", "upper"]].tolist() == [34, 31, 37]
    assert frame["status"].tolist() == ["computed", "estimated"]
    assert frame["completeness"].tolist() == ["strict", "partial"]
    assert frame.loc[2019, "value"] > 50  # a whole year is never replaced


def test_adjusted_series_keep_what_they_are():
    raw = xc.series("no2", source="station", partial="drop")
    new = xc.series("no2", source="station", partial="drop", basis="new")
    assert new.attrs == raw.attrs | {"basis_setting": "new"}
    # gases of years before the change of state come down by 273.15 / 298.15, later ones stay
    assert (new["value"] / raw["value"])[[2015, 2020]].tolist() == pytest.approx(
        [273.15 / 298.15, 1], abs=2e-3
    )
    dusty = xc.series("pm10", source="station", partial="drop", dust="on")
    assert dusty.attrs["dust_setting"] == "on"
    assert dusty.loc[2023, "value"] < xc.series("pm10", source="station").loc[2023, "value"]
    with pytest.raises(xc.InputError, match="cannot be adjusted"):
        xc.series("pm25", source="published", basis="new")


def test_months(pack):
    station = xc.series("pm25", scope=HERE, source="station", freq="monthly", data=pack)
    assert station.index.equals(pd.period_range("2019-01", "2019-12", freq="M", name="month"))
    minipack.append(
        pack,
        "observations",
        {"obs_id": "o7"},
        obs_id="o12",
        period="2020-09",
        value="26",
    )
    printed = xc.series("pm25", scope=HERE, source="published", freq="monthly", data=pack)
    assert printed.index.tolist() == [pd.Period("2020-09")]
    assert printed["value"].tolist() == [26]


def test_the_districts_own_series_meet_the_printed_figures():
    computed = xc.series("pm25", source="station", partial="observed")
    printed = xc.series("pm25", source="published")
    assert printed.loc[2020, "value"] == 40 and printed.loc[2014, "value"] == 88.4
    for year in (2014, 2015, 2020):
        assert computed.loc[year, "value"] == pytest.approx(printed.loc[year, "value"], abs=1)
    assert computed.loc[2015, "completeness"] == "strict"
    assert computed.loc[2021, "completeness"] == "partial"
    days = xc.series("heavy_days", source="station", partial="drop")
    assert days.loc[2020, "value"] == 10
    assert not set(days.index) & {2013, 2021, 2022, 2024, 2025}


def test_coverage_holds_the_best_evidence_of_each_year(pack):
    table = xc.coverage(scope=HERE, data=pack)
    assert table.index.name == "indicator" and table.columns.name == "year"
    assert table.columns.tolist() == list(range(2015, 2022))
    assert table.loc["pm25"].to_dict() == {
        2015: "derived",
        2016: "",
        2017: "",
        2018: "",
        2019: "computed",
        2020: "printed",
        2021: "bound",
    }
    assert table.loc["green_cover_change", 2020] == "several years"
    assert table.index.tolist() == xc.load("indicators", data=pack)["indicator"].tolist()


def test_coverage_marks_partial_years_and_parts_of_years(partial_pack):
    minipack.change(partial_pack, "observations", {"obs_id": "o1"}, use="false")
    assert xc.coverage(scope=HERE, data=partial_pack).loc["pm25", 2020] == "computed (partial)"
    records = [row for _, row in minipack.rows(partial_pack, "air/annual")]
    minipack.save(partial_pack, "air/annual", records[:1])
    assert xc.coverage(scope=HERE, data=partial_pack).loc["pm25", 2020] == "part-year"
    with pytest.raises(xc.InputError, match="near: 示例区"):
        xc.coverage(scope="示例", data=partial_pack)


def test_coverage_of_the_project_speaks_its_words_only():
    table = xc.coverage()
    assert set(np.unique(table.to_numpy().astype(str))) <= {"", *EVIDENCE}
    assert table.loc["pm25", 2020] == "printed" and table.loc["pm25", 2016] == "computed"
    assert table.loc["nox_cut"].eq("").all()  # nothing is known, and it is shown


def test_sources_of_frames_ids_and_lists(pack):
    frame = xc.series("pm25", scope=HERE, source="published", data=pack)
    rows = xc.sources_of("bulletin", frame, ["archive-hourly", "plan"], data=pack)
    assert rows.index.tolist() == ["bulletin", "plan", "archive-hourly"]
    assert rows.loc["plan", "publisher"] == "示例区人民政府"
    assert xc.sources_of("plan;bulletin", data=pack).index.tolist() == ["plan", "bulletin"]
    assert xc.sources_of(frame.iloc[:0], data=pack).empty
    with pytest.raises(xc.InputError, match="near: plan"):
        xc.sources_of("plam", data=pack)
