"""Reference state, dust, causes: against cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import comparability as comp
from xc_analysis.observations import daily_rows

GAS = 273.15 / 298.15


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


def test_only_days_on_the_other_state_are_converted_and_estimates_with_them():
    factors, months = comp.state_factors(), ["2018-08", "2018-09"]
    for indicator, kind in (("no2", "gas"), ("pm25", "particulate")):
        raw, old, new = (
            xc.series(indicator, freq="monthly", basis=basis).loc[months, "value"].to_numpy()
            for basis in ("raw", "old", "new")
        )
        assert new / raw == pytest.approx([factors.at[8, kind], 1], rel=1e-4)
        assert raw / old == pytest.approx([1, factors.at[9, kind]], rel=1e-4)
    raw, old = (xc.series("no2", basis=basis).loc[2021] for basis in ("raw", "old"))
    assert raw["status"] == old["status"] == "estimated"
    assert [raw[end] / old[end] for end in comp.ENDS] == pytest.approx([GAS] * 3, rel=1e-3)


# new over old years, give or take: particulates weighted by PM2.5, more good days, fewer heavy ones
MOVED = dict.fromkeys(["no2", "so2", "o3_8h_p90", "co_p95"], (GAS, 1e-3))
MOVED |= {"pm25": (0.962, 0.006), "pm10": (0.95, 0.03)}
MOVED |= {"good_days": (1.1, 0.099), "heavy_days": (0.9, 0.099)}


@pytest.mark.parametrize("indicator", MOVED)
def test_years_on_one_state_do_not_move_and_2018_is_mixed(indicator):
    raw, old, new = (
        xc.series(indicator, basis=basis, partial="observed") for basis in ("raw", "old", "new")
    )
    pd.testing.assert_series_equal(new.loc[2019:, "value"], raw.loc[2019:, "value"])
    pd.testing.assert_series_equal(old.loc[2014:2017, "value"], raw.loc[2014:2017, "value"])
    moved, (centre, within) = (new["value"] / raw["value"]).loc[2014:2017], MOVED[indicator]
    assert moved.mean() == pytest.approx(centre, abs=within)
    assert raw.loc[2018, "basis"] == "ref-mixed"
    assert set(old["basis"]) == {"ref-273K"} and set(new["basis"]) == {"ref-298K"}
    ends = sorted((old.loc[2018, "value"], new.loc[2018, "value"]))
    assert ends[0] <= raw.loc[2018, "value"] <= ends[1]


def test_the_share_of_the_state_in_the_fall():
    table, raw = xc.reference_state(2015, 2020), xc.series("no2")["value"]
    fall = raw[2020] / raw[2015]
    assert table.loc["no2", "raw_percent"] == pytest.approx(100 * (fall - 1))
    # a gas: the whole factor lies between the two years, so its share is ln 0.9161 over the fall
    assert table.loc["no2", "share"] == pytest.approx(np.log(GAS) / np.log(fall), rel=1e-3)
    assert (table["share"] > 0).all()
    with pytest.raises(xc.InputError, match="2013 and 2020"):
        xc.reference_state(2013, 2020)


def test_causes_and_the_two_thresholds_of_dust_by_hand():
    rows = {
        "pm25": [160, 60, 60, 100, 20, 90, 60, 60, 20],
        "pm10": [200, 151, 100, 120, 400, 200, 150, 160, 50],
        "primary": "pm25 pm10 o3_8h pm25+o3_8h o3_8h pm10 pm10 no2 pm10".split(),
        "aqi": [210, 175, 120, 132, 150, 105, 101, 101, 100],
    }
    days = pd.DataFrame(rows)
    wanted = ["pm25", "dust", "o3", "pm25", "o3", "other", "other", "other", None]
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
    # PM10 has its two treatments as ends, with and without dust, on every state
    for options in ({}, {"basis": "new"}, {"dust": "on"}):
        s = xc.series("pm10", partial="drop", **options)
        ends = s[["lower", "upper"]].sub(s["value"], axis=0)
        assert np.isclose(ends, 0).any(axis=1).all()
        assert (ends["lower"] < 1e-9).all() and (ends["upper"] > -1e-9).all()
