"""Reference state, dust, causes, standards: against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis import comparability as comp
from xc_analysis.observations import HOME, daily_rows

MEANS = ["pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95"]
POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")


@pytest.fixture(scope="module")
def daily():
    return daily_rows()


@pytest.fixture(scope="module")
def factors():
    return comp.state_factors()


def some_days(first, **columns):
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame({"date": pd.date_range(first, periods=n), "scope": HOME})
    for name in (*POLLUTANTS, "pm10_reported", "o3_windows"):
        frame[name] = columns.get(name, np.full(n, np.nan))
    frame["aqi"] = columns.get("aqi", np.full(n, np.nan))
    frame["primary"] = columns.get("primary", [None] * n)
    frame["known_exceedance"] = frame["national"] = False
    return frame


def weather(pack, rows):
    header = "date,station,temp,temp_min,temp_max,pres,dewp,rain,wspm,wd,hours\n"
    path = pack / "air" / "weather_daily.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    xc.use_data(pack)


# -------------------------------------------------------------------------- reference state


def test_particulate_factors_follow_from_temperature_and_pressure(pack, factors):
    days = [(m, 0.0, 1013.25) for m in range(1, 12)] + [(12, 27.315, 911.925)]
    weather(pack, [f"2015-{m:02d}-01,官园,{t},,,{p},,,,,24" for m, t, p in days])
    made = comp.state_factors()["particulate"]
    # at 0 °C and 1013.25 hPa both states are one; at 27.315 °C and 0.9 of the pressure 0.9 / 1.1
    assert made.loc[1:11].tolist() == pytest.approx([1.0] * 11)
    assert made[12] == pytest.approx(0.9 / 1.1)
    assert factors["particulate"][7] == pytest.approx(0.90, abs=0.006)
    assert factors["particulate"][1] == pytest.approx(1.02, abs=0.006)
    assert factors["particulate"].mean() == pytest.approx(0.954, abs=0.003)
    assert round(factors["gas"].iloc[0], 4) == 0.9161


def test_a_month_without_weather_is_refused_by_name(pack, lang_en):
    weather(pack, [f"2015-{m:02d}-01,官园,0,,,1013.25,,,,,24" for m in range(1, 13) if m != 7])
    with pytest.raises(xc.InputError, match=r"weather_daily\.csv.*July.*basis='raw'"):
        comp.state_factors()


def test_only_days_on_the_other_state_are_converted(factors):
    days = some_days("2018-08-31", pm25=[100.0, 100.0], no2=[50.0, 50.0], o3_8h=[80.0, 80.0])
    new, old = (comp.convert(days, basis, factors) for basis in ("new", "old"))
    assert new["no2"].tolist() == pytest.approx([50 * 273.15 / 298.15, 50])
    assert old["no2"].tolist() == pytest.approx([50, 50 * 298.15 / 273.15])
    assert new["pm25"].tolist() == pytest.approx([100 * factors["particulate"][8], 100])
    assert old["pm25"].tolist() == pytest.approx([100, 100 / factors["particulate"][9]])
    assert days["no2"].tolist() == [50, 50], "the input is not changed"


@pytest.mark.parametrize("indicator", [*MEANS, "good_days", "heavy_days"])
def test_years_on_one_state_do_not_move_and_2018_is_mixed(indicator):
    raw, old, new = (
        xc.series(indicator, basis=b, partial="observed") for b in ("raw", "old", "new")
    )
    pd.testing.assert_series_equal(new.loc[2019:, "value"], raw.loc[2019:, "value"])
    pd.testing.assert_series_equal(old.loc[2014:2017, "value"], raw.loc[2014:2017, "value"])
    assert raw.loc[2018, "basis"] == "ref-mixed"
    assert set(old["basis"]) == {"ref-273K"} and set(new["basis"]) == {"ref-298K"}
    ends = sorted((old.loc[2018, "value"], new.loc[2018, "value"]))
    assert ends[0] <= raw.loc[2018, "value"] <= ends[1]


def test_gases_move_by_the_factor_and_particulates_by_less():
    moved = {
        i: (xc.series(i, basis="new")["value"] / xc.series(i)["value"]).loc[2014:2017].mean()
        for i in ("no2", "so2", "o3_8h_p90", "co_p95", "pm25", "pm10")
    }
    for gas in ("no2", "so2", "o3_8h_p90", "co_p95"):
        assert moved[gas] == pytest.approx(273.15 / 298.15, abs=1e-3)
    # about 0.962, weighted by PM2.5
    assert moved["pm25"] == pytest.approx(0.962, abs=0.006)
    assert 0.9161 < moved["pm10"] < 0.98


def test_a_published_series_and_another_area_cannot_be_adjusted(lang_en):
    for options in ({"source": "published"}, {"scope": "北京市", "source": "published"}):
        with pytest.raises(xc.InputError, match="cannot be adjusted"):
            xc.series("pm25", basis="new", **options)


def test_an_estimate_moves_with_its_observed_days():
    raw, old = xc.series("no2"), xc.series("no2", basis="old")
    assert raw.loc[2021, "status"] == old.loc[2021, "status"] == "estimated"
    ratio = old.loc[2021, ["value", "lower", "upper"]] / raw.loc[2021, ["value", "lower", "upper"]]
    assert ratio.astype(float).tolist() == pytest.approx([298.15 / 273.15] * 3, rel=1e-3)


def test_the_share_of_the_state_in_the_fall():
    table = xc.reference_state(2015, 2020)
    raw = xc.series("no2")["value"]
    assert table.loc["no2", "raw_percent"] == pytest.approx(100 * (raw[2020] / raw[2015] - 1))
    # a gas: the whole factor lies between the two years, so its share is ln 0.9161 over the fall
    share = np.log(comp.GAS_FACTOR) / np.log(raw[2020] / raw[2015])
    assert table.loc["no2", "share"] == pytest.approx(share, rel=1e-3)
    assert (table["share"] > 0).all()
    with pytest.raises(xc.InputError, match="2013 and 2020"):
        xc.reference_state(2013, 2020)


def test_months_are_converted_one_by_one():
    raw, new = (xc.series("no2", freq="monthly", basis=b)["value"] for b in ("raw", "new"))
    assert new["2018-08"] / raw["2018-08"] == pytest.approx(comp.GAS_FACTOR, rel=1e-4)
    assert new["2018-09"] == raw["2018-09"]


# ------------------------------------------------------------------------------------- dust


@given(st.floats(0, 800), st.floats(0, 2000))
def test_the_dust_rule_is_its_two_thresholds(pm25, pm10):
    days = some_days("2020-01-01", pm25=[pm25], pm10=[pm10])
    assert comp.dust_days(days)[0] == (pm10 > 150 and pm25 < 0.45 * pm10)


def test_causes_by_hand():
    rows = {
        "pm25": [160, 60, 60, 100, 20, 90, 60, 20],
        "pm10": [200, 300, 100, 120, 400, 160, 160, 50],
        "primary": ["pm25", "pm10", "o3_8h", "pm25+o3_8h", "o3_8h", "pm10", "no2", "pm10"],
        "aqi": [210, 175, 120, 132, 150, 105, 101, 100],
    }
    days = some_days("2020-01-01", **{k: np.array(v) for k, v in rows.items()})
    wanted = ["pm25", "dust", "o3", "pm25", "o3", "other", "other", None]
    made = comp.cause_of_days(days)
    assert [None if pd.isna(c) else c for c in made] == wanted
    assert comp.cause_of_days(days, above=200).notna().sum() == 1


def test_the_stand_in_brings_early_2023_near_what_was_published(daily):
    early = daily[(daily["date"] >= "2023-01-01") & (daily["date"] <= "2023-05-31")]
    assert early["pm25"].mean() == pytest.approx(46.8, abs=0.1)
    assert early.loc[~comp.dust_days(early), "pm25"].mean() == pytest.approx(43.3, abs=0.2)


def test_dust_leaves_particulates_of_its_days_and_nothing_else():
    off, on = (xc.series("pm10", dust=d) for d in ("off", "on"))
    assert (on["value"] < off["value"]).all() and on.attrs["dust_setting"] == "on"
    for indicator in ("no2", "good_days", "heavy_days"):
        off, on = (xc.series(indicator, dust=d) for d in ("off", "on"))
        pd.testing.assert_series_equal(on["value"], off["value"])


def test_pm10_has_its_two_treatments_as_ends_on_every_state():
    for options in ({}, {"basis": "new"}, {"dust": "on"}):
        s = xc.series("pm10", partial="drop", **options)
        assert (s["lower"] <= s["value"] + 1e-9).all() and (s["value"] <= s["upper"] + 1e-9).all()
        at_an_end = np.isclose(s["value"], s["lower"]) | np.isclose(s["value"], s["upper"])
        assert at_an_end.all()
