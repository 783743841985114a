"""Reference state, dust, causes, breakpoints, comparable pairs: against hand-computed cases."""

import math
import shutil

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import comparability
from xc_analysis.adjust import breakpoints, breaks, dust, pairs
from xc_analysis.records.aqi import BREAKPOINTS, INDEX
from xc_analysis.tables import data_dir

SCOPE = "西城区"
STATION_INDICATORS = ["pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95"]


@pytest.fixture(scope="module")
def daily():
    days = xc.load("air/daily")
    return days[days["scope"] == SCOPE].reset_index(drop=True)


@pytest.fixture(scope="module")
def factors():
    return comparability.state_factors()


@pytest.fixture
def pack(tmp_path):
    """A copy of the project's tables that a test may change."""
    folder = tmp_path / "pack"
    shutil.copytree(data_dir(), folder)
    return folder


def some_days(first, **columns):
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame({"date": pd.date_range(first, periods=n), "scope": "甲区"})
    for name in (*BREAKPOINTS, "pm10_reported"):
        frame[name] = columns.get(name, np.nan)
    frame["aqi"] = pd.array(columns.get("aqi", [None] * n), dtype="Int64")
    frame["primary"] = columns.get("primary", [None] * n)
    return frame


# ------------------------------------------------------------------------------ reference state


def test_the_gas_factor_is_the_ratio_of_the_temperatures():
    assert comparability.GAS_FACTOR == pytest.approx(273.15 / 298.15)
    assert round(comparability.GAS_FACTOR, 4) == 0.9161


def test_particulate_factors_follow_from_temperature_and_pressure(pack, factors):
    one = "date,station,temp,temp_min,temp_max,pres,dewp,rain,wspm,wd,hours\n"
    rows = [f"2015-{m:02d}-01,官园,{t},,,{p},,,,,24" for m, t, p in
            [(m, 0.0, 1013.25) for m in range(1, 12)] + [(12, 27.315, 911.925)]]  # fmt: skip
    (pack / "air/weather_daily.csv").write_text(one + "\n".join(rows) + "\n", encoding="utf-8")
    found = comparability.state_factors(data=pack)["particulate"]
    # at 0 °C and 1013.25 hPa both states are one; at 27.315 °C and nine tenths of the pressure 0.9 / 1.1
    assert found.loc[1:11].tolist() == pytest.approx([1.0] * 11)
    assert found[12] == pytest.approx(0.9 / 1.1)
    assert factors["particulate"][7] == pytest.approx(0.90, abs=0.006)
    assert factors["particulate"][1] == pytest.approx(1.02, abs=0.006)
    assert factors["particulate"].mean() == pytest.approx(0.954, abs=0.003)


def test_a_day_of_two_stations_counts_once(pack):
    header = "date,station,temp,temp_min,temp_max,pres,dewp,rain,wspm,wd,hours\n"
    rows = [f"2015-{m:02d}-0{d},{s},{t},,,1013.25,,,,,24" for m in range(1, 13)
            for d, s, t in ((1, "官园", 0), (1, "万寿西宫", 0), (2, "官园", 30))]  # fmt: skip
    (pack / "air/weather_daily.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    found = comparability.state_factors(data=pack)["particulate"]
    assert found[1] == pytest.approx((1 + 273.15 / 303.15) / 2)


def test_a_month_without_weather_is_refused_by_name(pack):
    path = pack / "air/weather_daily.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(x for x in lines if x[5:7] != "07"), encoding="utf-8")
    with pytest.raises(xc.InputError, match=r"weather_daily\.csv.*month 7.*basis='raw'"):
        comparability.state_factors(data=pack)


def test_only_days_on_the_other_state_are_converted(factors):
    days = some_days("2018-08-31", pm25=[100.0, 100.0], no2=[50.0, 50.0], o3_8h=[80.0, 80.0])
    new = comparability.convert(days, "new", factors)
    old = comparability.convert(days, "old", factors)
    assert new["no2"].tolist() == pytest.approx([50 * 273.15 / 298.15, 50])
    assert old["no2"].tolist() == pytest.approx([50, 50 * 298.15 / 273.15])
    assert new["pm25"].tolist() == pytest.approx([100 * factors["particulate"][8], 100])
    assert old["pm25"].tolist() == pytest.approx([100, 100 / factors["particulate"][9]])
    assert days["no2"].tolist() == [50, 50], "the input is not changed"


def test_there_and_back_again(daily, factors):
    old = comparability.convert(daily, "old", factors)
    new = comparability.convert(old, "new", factors, given="old")
    back = comparability.convert(new, "old", factors, given="new")
    for column in BREAKPOINTS:
        np.testing.assert_allclose(back[column], old[column], rtol=1e-12)
    pd.testing.assert_series_equal(back["aqi"], old["aqi"])


def test_the_aqi_is_counted_again_from_converted_values(factors):
    # PM2.5 78 in July: 101.. on the old state (index 104), 78 * 0.896 = 69.9 on the new one (index 94)
    days = some_days("2015-07-01", pm25=[78.0], o3_8h=[10.0], aqi=[104], primary=["pm25"])
    new = comparability.convert(days, "new", factors)
    rounded = round(78 * factors["particulate"][7])
    assert new["aqi"].iloc[0] == math.ceil(50 + 50 * (rounded - 35) / 40)
    assert comparability.convert(days, "old", factors)["aqi"].iloc[0] == 104


def test_an_unknown_basis_is_refused(daily, factors):
    with pytest.raises(xc.InputError, match="'old' or 'new'"):
        comparability.convert(daily, "raw", factors)


@pytest.mark.parametrize("indicator", [*STATION_INDICATORS, "good_days", "heavy_days"])
def test_years_on_one_state_do_not_move_and_2018_is_mixed(indicator):
    raw, old, new = (
        xc.series(indicator, source="station", basis=b, partial="observed")
        for b in ("raw", "old", "new")
    )
    pd.testing.assert_series_equal(new.loc[2019:, "value"], raw.loc[2019:, "value"])
    pd.testing.assert_series_equal(old.loc[:2017, "value"], raw.loc[:2017, "value"])
    assert raw.loc[2018, "basis"] == "ref-mixed"
    assert set(old["basis"]) == {"ref-273K"} and set(new["basis"]) == {"ref-298K"}
    assert new.attrs["basis_setting"] == "new"
    ends = sorted((old.loc[2018, "value"], new.loc[2018, "value"]))
    assert ends[0] <= raw.loc[2018, "value"] <= ends[1]
    if indicator not in ("good_days", "heavy_days"):
        assert (new.loc[:2017, "value"] < raw.loc[:2017, "value"]).all()


def test_gases_of_whole_years_move_by_the_factor_and_particulates_by_less():
    moved = {
        i: (
            xc.series(i, source="station", basis="new")["value"]
            / xc.series(i, source="station")["value"]
        ).loc[2014:2017]
        for i in ("no2", "o3_8h_p90", "pm25")
    }
    np.testing.assert_allclose(moved["no2"], 0.91615, rtol=1e-4)
    np.testing.assert_allclose(moved["o3_8h_p90"], 0.91615, rtol=1e-4)
    # weighted by PM2.5, which is highest in the cold months: about 0.962
    assert moved["pm25"].mean() == pytest.approx(0.962, abs=0.004)


def test_months_convert_by_the_factor_of_their_month(factors):
    raw = xc.series("pm25", source="station", freq="monthly")
    new = xc.series("pm25", source="station", freq="monthly", basis="new")
    july, january = pd.Period("2016-07"), pd.Period("2016-01")
    for month in (july, january):
        want = raw.loc[month, "value"] * factors["particulate"][month.month]
        assert new.loc[month, "value"] == pytest.approx(want, rel=1e-6)
    after = pd.Period("2019-07")
    assert new.loc[after, "value"] == raw.loc[after, "value"]


def test_an_estimate_moves_with_its_interval():
    raw = xc.series("no2", source="station").loc[2013]
    new = xc.series("no2", source="station", basis="new").loc[2013]
    assert raw["status"] == new["status"] == "estimated"
    for column in ("value", "lower", "upper"):
        assert new[column] == pytest.approx(raw[column] * 273.15 / 298.15, rel=1e-4)


def test_converted_counts_stay_possible():
    new = xc.series("good_day_ratio", source="station", basis="new")
    assert new[["value", "lower", "upper"]].max().max() <= 100
    heavy = xc.series("heavy_days", source="station", basis="old")
    assert (heavy["lower"].dropna() >= 0).all()
    assert (heavy["lower"] <= heavy["value"])[heavy["lower"].notna()].all()


def test_published_values_are_not_converted():
    with pytest.raises(xc.InputError, match="not known for every year"):
        xc.series("pm25", source="published", basis="new")


def test_a_constant_air_shows_only_the_change_of_state(pack):
    """A concentration that never changes, recorded on the state in force, falls on paper."""
    days = pd.date_range("2015-01-01", "2020-12-31")
    gas = np.where(days < "2018-09-01", 60.0, 60.0 * 273.15 / 298.15).round(4)
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "scope": SCOPE, "pm25": 20.0,
                          "pm10": 30.0, "pm10_reported": 30.0, "so2": 5.0, "no2": gas, "co": 0.5,
                          "o3_8h": 50.0, "aqi": 50, "primary": ""})  # fmt: skip
    frame.to_csv(pack / "air/daily.csv", index=False, lineterminator="\n")
    from xc_analysis import hourly

    annual = hourly.annual(pd.read_csv(pack / "air/daily.csv", parse_dates=["date"]))
    annual.round(6).to_csv(pack / "air/annual.csv", index=False, lineterminator="\n")
    raw, new = (
        xc.series("no2", scope=SCOPE, source="station", basis=b, data=pack)["value"]
        for b in ("raw", "new")
    )
    assert np.ptp(new) < 1e-3
    # over 2015-2020 the step fakes -2.1 % a year and lowers a log-linear 2025 by 9.8 %
    slope = np.polyfit(raw.index, np.log(raw), 1)
    assert 100 * slope[0] == pytest.approx(-2.1, abs=0.05)
    ahead = np.exp(np.polyval(slope, 2025)) / new.iloc[0] - 1
    assert 100 * ahead == pytest.approx(-9.8, abs=0.15)
    share = breaks.share_of_state(2015, 2020, scope=SCOPE, indicators=["no2"], data=pack)
    assert share.loc["no2", "share"] == pytest.approx(1.0, abs=1e-3)


def test_share_of_the_fall_by_hand():
    share = breaks.share_of_state(2015, 2020, scope=SCOPE)
    raw = {b: xc.series("pm25", source="station", basis=b)["value"] for b in ("raw", "new")}
    want = 1 - np.log(raw["new"][2020] / raw["new"][2015]) / np.log(
        raw["raw"][2020] / raw["raw"][2015]
    )
    assert share.loc["pm25", "share"] == pytest.approx(want)
    assert share.loc["heavy_days", "share"] == pytest.approx(1 - (10 - 48) / (10 - 54))
    assert 0 < share.loc["pm25", "share"] < share.loc["no2", "share"] < 1


def test_trend_and_projection_side_by_side():
    table = breaks.side_by_side("pm25", 2025, scope=SCOPE, window=(2015, 2020)).set_index("basis")
    assert table["n"].eq(6).all()
    # the fall is gentler on one state, and the projection from it higher
    assert table.loc["raw", "slope"] < table.loc["new", "slope"] < 0
    assert table.loc["raw", "median"] < table.loc["new", "median"]
    s = xc.series("pm25", source="station", basis="new")
    assert table.loc["new", "median"] == pytest.approx(
        xc.project(s, 2025, window=(2015, 2020)).frame.loc[2025, "median"]
    )


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [("annual", "2020-01-01", "2020-12-31"), ("2020-02", "2020-02-01", "2020-02-29"),
     ("2020-01..09", "2020-01-01", "2020-09-30"), ("2020-H2", "2020-07-01", "2020-12-31"),
     ("2020-Q1", "2020-01-01", "2020-03-31"), ("2020-09-30", "2020-09-30", "2020-09-30"),
     ("2016..2020", "2016-01-01", "2020-12-31")],
)  # fmt: skip
def test_spans_of_periods(period, first, last):
    assert breaks.span(period, 2020) == (pd.Timestamp(first), pd.Timestamp(last))


def test_published_values_tell_which_state_they_stand_on():
    test = breaks.published_state(scope=SCOPE).set_index(["indicator", "period", "year"])
    # METHODS: 2014 88.4 and NO2 28 of January to September 2020 match the record
    assert test.loc[("pm25", "annual", 2014), "fits"] == "recorded"
    assert test.loc[("no2", "2020-01..09", 2020), "fits"] == "recorded"
    row = test.loc[("o3_8h_p90", "2020-01..10", 2020)]
    assert row["published"] == 181 and abs(row["error_recorded"]) < 1 < abs(row["error_converted"])
    assert row["converted"] == pytest.approx(row["recorded"] * 273.15 / 298.15)
    after = test[test["when"] == "after"]
    assert (after["error_recorded"].abs() < after["error_converted"].abs()).mean() > 0.8


def test_restated_bases_of_2018_by_hand():
    table = breaks.restated("北京市", scope=SCOPE).set_index(["indicator", "period"])
    row = table.loc[("no2", "2018-01..06")]
    assert (row["printed"], row["restated"]) == (42, 38)
    assert row["ratio_low"] == pytest.approx(37.5 / 42.5)
    assert row["ratio_high"] == pytest.approx(38.5 / 41.5)
    assert row["factor"] == pytest.approx(273.15 / 298.15)
    assert row["fits"] == "conversion"


def test_the_citys_months_keep_the_state_of_their_time():
    table = breaks.city_months("北京市", scope=SCOPE)
    assert table.loc["recorded", "low"] < 0 < table.loc["recorded", "high"]
    assert table.loc["converted", "low"] > 0
    with pytest.raises(xc.InputError, match="fewer than three"):
        breaks.city_months("北京市", scope=SCOPE, years=(2020, 2020))


# ------------------------------------------------------------------------------------------ dust


def test_the_dust_rule_by_hand():
    days = some_days(
        "2021-03-15",
        pm10=[200.0, 200.0, 150.0, 151.0, 400.0, np.nan],
        pm25=[89.9, 90.0, 10.0, 67.0, np.nan, 10.0],
    )
    # past 150 and below 0.45, both strictly; nothing missing counts
    assert dust.dust_days(days).tolist() == [True, False, False, True, False, False]
    assert dust.dust_days(days, pm10=149.0, ratio=0.5).tolist() == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def test_dust_is_left_out_of_particulates_only(daily):
    less = dust.without_dust(daily)
    dusty = dust.dust_days(daily)
    assert less.loc[dusty, ["pm25", "pm10", "pm10_reported"]].isna().all().all()
    pd.testing.assert_frame_equal(
        less[["so2", "no2", "o3_8h", "aqi"]], daily[["so2", "no2", "o3_8h", "aqi"]]
    )
    spring = daily["date"].between("2023-01-01", "2023-05-31")
    assert daily.loc[spring, "pm25"].mean() == pytest.approx(46.8, abs=0.05)
    assert less.loc[spring, "pm25"].mean() == pytest.approx(43.3, abs=0.05)  # published: 43


def test_the_real_sandstorm_of_2021_is_dust(daily):
    listed = dust.listed(scope=SCOPE)
    assert pd.Timestamp("2021-03-15") in set(listed["date"])
    assert (listed["pm10"] > 150).all() and (listed["ratio"] < 0.45).all()
    effect = dust.effect(scope=SCOPE)
    assert effect["dust_days"].sum() == len(listed)
    assert (effect["heavy_dust"] <= effect["heavy_days"]).all()


def test_series_without_dust_keeps_counts_and_completeness():
    kept, less = (
        xc.series("pm25", source="station", dust=d, partial="observed") for d in ("off", "on")
    )
    effect = dust.effect(scope=SCOPE)
    np.testing.assert_allclose(less["value"], effect["pm25_less"], atol=1e-3)
    pd.testing.assert_series_equal(kept["completeness"], less["completeness"])
    pd.testing.assert_frame_equal(
        xc.series("heavy_days", source="station"),
        xc.series("heavy_days", source="station", dust="on"),
    )
    both = xc.series("pm25", source="station", dust="on", basis="new")
    assert both.loc[2018, "value"] < less.loc[2018, "value"]
    # PM2.5 2021: dust in it, 35; without, near the published 34, which leaves it out
    assert xc.series("pm25", source="station", dust="on").loc[2021, "value"] == pytest.approx(
        33.5, abs=0.6
    )


def test_dust_against_published_values():
    check = breaks.dust_check(scope=SCOPE).set_index(["indicator", "period"])
    ten = check.loc[("pm10", "2021-01..10")]
    assert [round(ten[c], 1) for c in ("reported", "kept", "less")] == pytest.approx(
        [59.8, 73.4, 56.9], abs=0.25
    )
    nine = check.loc[("pm10", "2020-01..09")]
    assert [round(nine[c], 1) for c in ("reported", "kept", "less")] == pytest.approx(
        [57.0, 60.6, 59.0], abs=0.1
    )


def test_causes_by_hand():
    days = some_days(
        "2021-03-15",
        pm25=[200.0, 60.0, 50.0, 40.0, 30.0, 200.0, 70.0, 80.0, 60.0],
        pm10=[220.0, 400.0, 90.0, 180.0, 50.0, 210.0, 300.0, 100.0, 400.0],
        aqi=[250, 275, 150, 115, 60, 250, 175, None, 120],
        primary=["pm25", "pm10", "o3_8h", "no2", "no2", "pm25+o3_8h", "pm25+pm10", "pm25", "o3_8h"],
    )
    found = dust.causes(days)
    # the last: dust in the air, but ozone set the index
    want = ["pm25", "dust", "o3", "other", None, "pm25", "dust", None, "o3"]
    assert [None if pd.isna(x) else x for x in found] == want


def test_exceedances_add_up(daily):
    for above, indicator in ((200, "heavy_days"), (300, "severe_days")):
        table = dust.exceedances(daily, above=above)
        assert (table[["pm25", "dust", "o3", "other"]].sum(axis=1) == table["total"]).all()
        counted = xc.series(indicator, source="station", partial="observed")["value"]
        assert table["total"].tolist() == counted.tolist()
    year = dust.exceedances(daily, above=200).loc[2025]
    assert (year["total"], year["o3"]) == (
        5,
        3,
    )  # EVIDENCE: five to 8 November, three of them ozone


# -------------------------------------------------------------------------------------- the AQI


def national_table():
    rows = [[p, *ends, *[None] * (len(INDEX) - len(ends))] for p, ends in BREAKPOINTS.items()]
    return pd.DataFrame(rows, columns=["pollutant", *map(str, INDEX)])


def test_the_standard_in_force_reproduces_the_annual_table(tmp_path):
    path = tmp_path / "hj633-2012.csv"
    national_table().to_csv(path, index=False)
    again = breakpoints.recounted(path, scope=SCOPE)
    for indicator in breakpoints.COUNTS:
        printed = xc.series(indicator, source="station", partial="observed")["value"]
        np.testing.assert_allclose(again[indicator], printed, atol=1e-4)


def test_tighter_breakpoints_leave_fewer_good_days():
    table = national_table().set_index("pollutant")
    table.loc["pm25", "100"] = 60
    tight = breakpoints.recounted(table.reset_index(), scope=SCOPE)
    wide = breakpoints.recounted(national_table(), scope=SCOPE)
    assert (tight["good_days"] < wide["good_days"]).all()
    pd.testing.assert_series_equal(tight["heavy_days"], wide["heavy_days"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(index="no2"), "0 rows for no2"),
        (lambda t: t.drop(columns="300"), "column 300 is missing"),
        (lambda t: t.assign(**{"100": t["100"].where(t.index != "pm25")}), "pm25 has no breakpoint at index 100.*not known"),
        (lambda t: t.assign(**{"400": t["400"].where(t.index != "co")}), "co has no breakpoint at index 400"),
        (lambda t: t.assign(**{"150": t["100"]}), "do not rise"),
        (lambda t: t.assign(**{"0": -1.0}), "do not rise from zero"),
        (lambda t: t.assign(**{"400": t["400"].where(t.index != "o3_8h", 900)}), "o3_8h has no breakpoint at index 500"),
    ],
)  # fmt: skip
def test_breakpoints_that_are_not_known_are_refused(change, message):
    table = change(national_table().set_index("pollutant")).reset_index()
    with pytest.raises(xc.InputError, match=message):
        breakpoints.recounted(table, scope=SCOPE)


def test_a_table_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(xc.InputError) as error:
        breakpoints.read_breakpoints(tmp_path / "none.csv")
    assert "\n" not in str(error.value) and "none.csv" in str(error.value)


def test_standing_against_limits_of_three_dates():
    table = breakpoints.standing("pm25", scope=SCOPE, years=[2020, 2023, 2024])
    verdict = table.set_index(["year", "limit"])["verdict"]
    assert verdict[2023].to_dict() == {
        35: "does not meet",
        30: "does not meet",
        25: "does not meet",
    }
    assert verdict[(2024, 35)] == "interval spans it"  # 28.6 to 38.3
    assert verdict[(2024, 25)] == "does not meet"
    in_force = table.set_index(["year", "limit"])["in_force"]
    assert in_force[(2020, 35)] and not in_force[(2020, 30)] and not in_force[(2020, 25)]
    with pytest.raises(xc.InputError, match="no annual limit of heavy_days"):
        breakpoints.standing("heavy_days", scope=SCOPE)


# ---------------------------------------------------------------------------------------- pairs


def test_which_years_may_be_compared():
    raw = pairs.comparable_years("pm25", scope=SCOPE).set_index(["first", "second"])
    new = pairs.comparable_years("pm25", scope=SCOPE, basis="new").set_index(["first", "second"])
    assert len(raw) == 13 * 12 / 2
    assert raw.loc[(2015, 2020), ["verdict", "reasons"]].tolist() == ["no", "state"]
    assert raw.loc[(2017, 2018), "reasons"] == "state", "2018 mixes both states"
    assert new.loc[(2015, 2020), "verdict"] == "yes"
    assert raw.loc[(2019, 2020), "verdict"] == "yes"
    assert raw.loc[(2020, 2021), ["verdict", "reasons"]].tolist() == ["interval", "estimate"]
    assert raw.loc[(2015, 2021), "reasons"] == "estimate;state"
    assert set(new["verdict"]) == {"yes", "interval"}


def test_pm10_is_comparable_within_its_two_treatments():
    table = pairs.comparable_years("pm10", scope=SCOPE, basis="new").set_index(["first", "second"])
    # as reported 2014 differs from filled by 5, 2023 by 0.7
    assert table.loc[(2014, 2015), "verdict"] == "range"
    assert table.loc[(2019, 2023), "verdict"] == "yes"


def test_counts_are_cut_where_the_breakpoints_change(pack):
    path = pack / "standards.csv"
    text = path.read_text(encoding="utf-8")
    assert "2026-02-28" in text
    path.write_text(text.replace("2026-02-28", "2019-02-28"), encoding="utf-8")
    table = pairs.comparable_years("heavy_days", scope=SCOPE, basis="new", data=pack)
    table = table.set_index(["first", "second"])
    assert table.loc[(2016, 2017), "verdict"] == "yes"
    assert table.loc[(2017, 2020), ["verdict", "reasons"]].tolist() == ["no", "index"]


# ------------------------------------------------------------------------------ the register


def test_choices_come_from_the_register(pack):
    assert comparability.choices("pm25", scope=SCOPE, data=pack) == {
        "basis": "raw", "dust": "off", "partial": "estimate"
    }  # fmt: skip
    path = pack / "assumptions.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("basis,,,,basis,raw", "basis,,,,basis,new"), encoding="utf-8")
    chosen = comparability.choices("pm25", scope=SCOPE, data=pack)
    assert chosen["basis"] == "new"
    s = xc.series("pm25", scope=SCOPE, source="station", data=pack, **chosen)
    assert set(s["basis"]) == {"ref-298K"}
    path.write_text(text.replace("basis,,,,basis,raw", "basis,,,,basis,both"), encoding="utf-8")
    with pytest.raises(xc.InputError, match=r"assumptions\.csv: basis: value 'both'"):
        comparability.choices("pm25", scope=SCOPE, data=pack)


def test_readings_lie_beside_the_annual_table():
    table = breaks.readings(scope=SCOPE)
    label = table[table["reading"] == "label-start"].set_index(["indicator", "year"])
    whole = table["year"].isin([2014, 2015, 2016, 2018, 2019, 2020, 2023])
    counts = table["indicator"].isin(["good_days", "heavy_days"]) & whole
    assert table.loc[counts & (table["reading"] == "label-start"), "difference"].abs().max() <= 4
    assert label.loc["pm25", "difference"].abs().max() < 0.3
    ten = table[(table["reading"] == "pm10-reported") & (table["indicator"] == "pm10")]
    assert (ten["other_days"] <= ten["valid_days"]).all()
