"""Weather normalisation: known effects recovered, the weather record's own break, what lies past it."""

import shutil

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.adjust import weather
from xc_analysis.tables import data_dir

SCOPE = "西城区"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Four years at one station: emissions fall by 10 % a year, calm and damp years hide it."""
    folder = tmp_path_factory.mktemp("made") / "pack"
    shutil.copytree(data_dir(), folder)
    rng = np.random.default_rng(3)
    days = pd.date_range("2013-03-01", "2017-02-28")
    year = days.year - (days.month < 3)
    angle = 2 * np.pi * days.day_of_year / 365.25
    temp = 13 - 14 * np.cos(angle) + 3 * rng.standard_normal(len(days))
    # every year a little calmer than the one before
    wspm = np.exp(0.5 - 0.1 * (year - 2013) + 0.3 * rng.standard_normal(len(days)))
    dewp = temp - 12 + 4 * rng.standard_normal(len(days))
    pres = 1013 - 0.5 * (temp - 13) + 3 * rng.standard_normal(len(days))
    log = (4 + np.log(0.9) * (year - 2013) + 0.3 * np.cos(angle) - 1.2 * np.log(wspm) + 0.03 * dewp
           + 0.2 * rng.standard_normal(len(days)))  # fmt: skip
    station = "官园"
    pd.DataFrame({
        "date": days.strftime("%Y-%m-%d"), "station": station, "temp": temp.round(4),
        "temp_min": (temp - 5).round(4), "temp_max": (temp + 5).round(4), "pres": pres.round(4),
        "dewp": dewp.round(4), "rain": rng.choice([0.0, 0.0, 2.5], len(days)), "wspm": wspm.round(4),
        "wd": rng.choice(["N", "E", "S", "W"], len(days)), "hours": 24,
    }).to_csv(folder / "air/weather_daily.csv", index=False)  # fmt: skip
    c = np.exp(log).round(4)
    pd.DataFrame({
        "date": days.strftime("%Y-%m-%d"), "station": station, "pm25": c, "pm10": c,
        "pm10_reported": c, "so2": 1.0, "no2": c, "co": 1.0, "o3_8h": 1.0, "aqi": 10, "primary": "",
    }).to_csv(folder / "air/station_daily.csv", index=False)  # fmt: skip
    return folder


def test_the_known_fall_is_recovered_and_its_interval_holds_it(made):
    years = weather.normalise("pm25", "官园", data=made, draws=200)
    steps = (years["normalised"] / years["normalised"].shift()).dropna()
    np.testing.assert_allclose(steps, 0.9, atol=0.03)
    observed = (years["observed"] / years["observed"].shift()).dropna()
    assert (observed > 0.97).all(), "the observed means hide the fall"
    assert (years["lower"] < years["normalised"]).all()
    assert (years["normalised"] < years["upper"]).all()
    # calmer each year: what weather made of the mean rises
    assert years["weather"].is_monotonic_increasing
    assert list(years.index) == [2013, 2014, 2015, 2016]


def test_the_trend_with_weather_is_the_true_one(made):
    with_weather = weather.trend("pm25", "官园", data=made)
    without = weather.trend("pm25", "官园", weather=False, data=made)
    assert with_weather["low"] <= -10 <= with_weather["high"]
    assert with_weather["high"] - with_weather["low"] < 4
    assert without["low"] > -6
    assert with_weather["r2"] > 0.8 > without["r2"]


def test_the_model_is_the_regression_that_it_says(made):
    """Fitted values and trend equal ordinary least squares on the same design."""
    from statsmodels.api import OLS
    from statsmodels.formula.api import ols

    frame = weather.days_with_weather("官园", "pm25", data=made)
    formula = weather.formula("time")
    assert "wspm" in formula and "sector" in formula
    assert "wspm" not in weather.formula("time", wind=False)
    model = ols("log ~ " + formula, frame)
    assert np.linalg.matrix_rank(model.exog) == model.exog.shape[1], "every term is told apart"
    at = model.exog_names.index("time")
    slope = OLS(frame["log"].to_numpy(), model.exog).fit().params[at]
    got = weather.trend("pm25", "官园", data=made)["per_year"]
    assert got == pytest.approx(100 * (np.exp(slope) - 1), rel=1e-9)


def test_a_rerun_gives_the_same_intervals(made):
    one, two = (weather.normalise("pm25", "官园", data=made, draws=50) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_calendar_years_show_whole_ones_only(made):
    years = weather.normalise("pm25", "官园", by="year", data=made, draws=20)
    assert list(years.index) == [2014, 2015, 2016]


def test_the_weather_record_changes_in_march_2015():
    """Found in the record: two stations' weather until then, one and the same after."""
    assert weather.record_change() == pd.Timestamp("2015-03-01")
    table = xc.load("air/weather_daily").pivot(index="date", columns="station", values="temp")
    apart = (table["官园"] - table["万寿西宫"]).abs() > 0
    assert apart[:"2015-02-28"].mean() > 0.9
    assert not apart["2015-03-01":].any()
    years = weather.normalise("pm25", "官园", draws=5)
    assert years["weather_record"].tolist() == ["before", "before", "after", "after"]


def test_one_station_has_no_change(made):
    assert weather.record_change(data=made) is None
    assert set(weather.normalise("pm25", "官园", data=made, draws=5)["weather_record"]) == {"one"}


def test_observed_levels_are_those_of_the_record():
    years = weather.normalise("no2", "万寿西宫", by="year", draws=5)
    days = xc.load("air/station_daily")
    days = days[(days["station"] == "万寿西宫") & (days["date"].dt.year == 2015)]
    # days without the whole weather are left out: a few of 365
    assert years.loc[2015, "observed"] == pytest.approx(days["no2"].mean(), rel=0.01)
    assert years["days"].min() >= weather.MIN_DAYS


def test_what_lies_past_the_record_is_only_set_beside_it():
    years, trends = weather.overview(["no2"])
    assert set(years["station"]) == {"官园", "万寿西宫"} and set(years["wind"]) == {True, False}
    assert len(trends) == 2 * 3
    table = weather.beyond(years, scope=SCOPE, year=2017)
    values = xc.series("no2", source="station")["value"]
    np.testing.assert_allclose(table["change"], 100 * (values[2017] / values[2016] - 1))
    one = years[(years["station"] == "官园") & years["wind"]].set_index("weather_year")["weather"]
    made = 1 + one / 100
    # never across the change of the weather record: 2014 to 2015 is left out
    want = 100 * max(abs(made[2014] / made[2013] - 1), abs(made[2016] / made[2015] - 1))
    got = table[(table["station"] == "官园") & table["wind"]]["swing"].iloc[0]
    assert got == pytest.approx(want)


def test_a_station_without_weather_is_refused():
    with pytest.raises(xc.InputError, match="there is weather of"):
        weather.normalise("pm25", "东四")
    with pytest.raises(xc.InputError, match="weather_year"):
        weather.normalise("pm25", "官园", by="month")
