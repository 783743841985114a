"""Reference state, dust, causes: against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis import comparability as comp
from xc_analysis.observations import daily_rows

GASES, PARTICLES = ["no2", "so2", "o3_8h_p90", "co_p95"], ["pm25", "pm10"]
GAS = 273.15 / 298.15


def some_days(first, **columns):
    names = "pm25 pm10 pm10_reported so2 no2 co o3_8h o3_windows aqi primary".split()
    frame = pd.DataFrame(columns).reindex(columns=names).assign(known_exceedance=False)
    return frame.assign(date=pd.date_range(first, periods=len(frame)))


def test_particulate_factors_follow_from_temperature_and_pressure(pack, lang_en):
    factors = comp.state_factors()
    particulate = factors["particulate"]
    assert particulate[[7, 1]].tolist() == pytest.approx([0.90, 1.02], abs=0.006)
    assert particulate.mean() == pytest.approx(0.954, abs=0.003)
    assert round(factors["gas"].iloc[0], 4) == 0.9161
    # at 0 °C and 1013.25 hPa both states are one; at 27.315 °C and 0.9 of the pressure 0.9 / 1.1
    days = xc.load("air/weather_daily").head(12).assign(temp=0.0, pres=1013.25)
    days["date"] = pd.date_range("2015-01-01", periods=12, freq="MS")
    days.loc[11, ["temp", "pres"]] = [27.315, 911.925]
    path = pack / "air" / "weather_daily.csv"
    days.to_csv(path, index=False)
    xc.use_data(pack)
    made = comp.state_factors()["particulate"]
    assert made.tolist() == pytest.approx([1.0] * 11 + [0.9 / 1.1])
    days[:11].to_csv(path, index=False)
    with pytest.raises(xc.InputError, match=r"weather_daily\.csv.*December.*basis='raw'"):
        comp.state_factors()


def test_only_days_on_the_other_state_are_converted():
    days = some_days("2018-08-31", pm25=[100.0] * 2, no2=[50.0] * 2, o3_8h=[80.0] * 2)
    factors = comp.state_factors()
    new, old = (comp.convert(days, basis, factors) for basis in ("new", "old"))
    assert new["no2"].tolist() == pytest.approx([50 * GAS, 50])
    assert old["no2"].tolist() == pytest.approx([50, 50 / GAS])
    assert new["pm25"].tolist() == pytest.approx([100 * factors["particulate"][8], 100])
    assert old["pm25"].tolist() == pytest.approx([100, 100 / factors["particulate"][9]])
    assert days["no2"].tolist() == [50, 50], "the input is not changed"


@pytest.mark.parametrize("indicator", [*GASES, *PARTICLES, "good_days", "heavy_days"])
def test_years_on_one_state_do_not_move_and_2018_is_mixed(indicator):
    raw, old, new = (
        xc.series(indicator, basis=basis, partial="observed") for basis in ("raw", "old", "new")
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
        for i in [*GASES, *PARTICLES]
    }
    assert [moved[gas] for gas in GASES] == pytest.approx([GAS] * 4, abs=1e-3)
    # about 0.962, weighted by PM2.5
    assert moved["pm25"] == pytest.approx(0.962, abs=0.006) and GAS < moved["pm10"] < 0.98
    raw, new = (xc.series("no2", freq="monthly", basis=b)["value"] for b in ("raw", "new"))
    assert new["2018-08"] / raw["2018-08"] == pytest.approx(GAS, rel=1e-4)
    assert new["2018-09"] == raw["2018-09"], "months are converted one by one"
    raw, old = (xc.series("no2", basis=b).loc[2021] for b in ("raw", "old"))
    assert raw["status"] == old["status"] == "estimated"
    for end in ("value", "lower", "upper"):
        assert old[end] / raw[end] == pytest.approx(1 / GAS, rel=1e-3), "with its observed days"


def test_the_share_of_the_state_in_the_fall():
    table, raw = xc.reference_state(2015, 2020), xc.series("no2")["value"]
    fall = raw[2020] / raw[2015]
    assert table.loc["no2", "raw_percent"] == pytest.approx(100 * (fall - 1))
    # a gas: the whole factor lies between the two years, so its share is ln 0.9161 over the fall
    assert table.loc["no2", "share"] == pytest.approx(np.log(GAS) / np.log(fall), rel=1e-3)
    assert (table["share"] > 0).all()
    with pytest.raises(xc.InputError, match="2013 and 2020"):
        xc.reference_state(2013, 2020)


@given(st.floats(0, 800), st.floats(0, 2000))
def test_the_dust_rule_is_its_two_thresholds(pm25, pm10):
    days = pd.DataFrame({"pm25": [pm25], "pm10": [pm10]})
    assert comp.dust_days(days)[0] == (pm10 > 150 and pm25 < 0.45 * pm10)


def test_causes_by_hand():
    rows = {
        "pm25": [160, 60, 60, 100, 20, 90, 60, 20],
        "pm10": [200, 300, 100, 120, 400, 160, 160, 50],
        "primary": ["pm25", "pm10", "o3_8h", "pm25+o3_8h", "o3_8h", "pm10", "no2", "pm10"],
        "aqi": [210, 175, 120, 132, 150, 105, 101, 100],
    }
    days = some_days("2020-01-01", **rows)
    wanted = ["pm25", "dust", "o3", "pm25", "o3", "other", "other", None]
    assert [None if pd.isna(c) else c for c in comp.cause_of_days(days)] == wanted
    assert comp.cause_of_days(days, above=200).notna().sum() == 1


def test_dust_leaves_particulates_of_its_days_and_nothing_else():
    early = daily_rows().set_index("date").loc["2023-01":"2023-05"]
    assert early["pm25"].mean() == pytest.approx(46.8, abs=0.1)
    # published: 43
    assert early.loc[~comp.dust_days(early), "pm25"].mean() == pytest.approx(43.3, abs=0.2)
    for indicator in ("pm10", "no2", "good_days", "heavy_days"):
        off, on = (xc.series(indicator, dust=dust)["value"] for dust in ("off", "on"))
        assert (on < off).all() if indicator == "pm10" else on.equals(off)


@pytest.mark.parametrize("options", [{}, {"basis": "new"}, {"dust": "on"}])
def test_pm10_has_its_two_treatments_as_ends_on_every_state(options):
    s = xc.series("pm10", partial="drop", **options)
    ends = s[["lower", "upper"]].sub(s["value"], axis=0)
    assert np.isclose(ends, 0).any(axis=1).all()
    assert (ends["lower"] < 1e-9).all() and (ends["upper"] > -1e-9).all()
