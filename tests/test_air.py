"""Days, causes, months, stations and the month page, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.air import MonthPage
from xc_analysis.observations import HOME
from xc_analysis.words import use_language


@pytest.fixture(scope="module")
def days():
    return xc.days()


# ------------------------------------------------------------------------------------- days


def test_days_are_those_of_the_table_with_class_cause_and_evidence(days):
    table = xc.load("air/daily")
    table = table[table["scope"] == HOME].set_index("date").sort_index()
    assert days.index.equals(table.index) and days.index.name == "date"
    np.testing.assert_allclose(days["pm25"], table["pm25"])
    ends = [0, 50, 100, 150, 200, 300, np.inf]
    level = pd.cut(days["aqi"].mask(days["known_exceedance"]), ends, labels=False) + 1
    assert (days["level"].astype("Float64").fillna(0) == level.fillna(0)).all()
    assert (days["cause"].notna() == (days["aqi"] > 100)).all()
    assert set(days["status"]) == {"computed"}


def test_a_national_day_names_both_sources_and_another_only_the_archive(days):
    national = days[days["national"]]
    assert national["source_id"].str.contains("cnemc-daily").all()
    own = days.loc[days["national"].eq(False) & (days.index.year == 2024), "source_id"]
    assert set(own) == {"archive-hourly"}
    assert set(days.loc["2025", "release"]) == {"draft"}
    assert set(xc.sources_of(days).index) >= {"archive-hourly", "uci-501", "cnemc-daily"}


# ----------------------------------------------------------------------------------- causes


@pytest.mark.parametrize("above", [100, 200, 300])
def test_causes_add_up_to_the_days_above(days, above):
    table = xc.causes(above)
    parts = table[["pm25", "dust", "o3", "other"]]
    assert (parts.sum(axis=1) == table["total"]).all()
    counted = (days["aqi"] > above).groupby(days.index.year).sum()
    assert table["total"].tolist() == counted.tolist()
    known = ((days["aqi"] > above) & days["known_exceedance"]).groupby(days.index.year).sum()
    assert table["known_exceedances"].tolist() == known.tolist()


def test_heavy_days_by_cause_are_the_series_heavy_days():
    heavy = xc.series("heavy_days", partial="observed")["value"]
    table = xc.causes(200)
    assert (table["total"] == heavy).all()
    assert (xc.causes(300)["total"] == xc.series("severe_days", partial="observed")["value"]).all()
    assert table["aqi_days"].to_dict() == xc.series("heavy_days", partial="observed").attrs["days"]


# ----------------------------------------------------------------------------------- months


def test_months_are_the_monthly_series_without_its_partial_months():
    table = xc.months("PM2.5")
    s = xc.series("pm25", freq="monthly")
    whole = s[s["completeness"] != "partial"]
    for month, row in whole.iterrows():
        assert table.loc[month.year, month.month] == row["value"]
    assert table.notna().sum().sum() == len(whole)
    partial = s.index[s["completeness"] == "partial"]
    assert table.attrs["partial_months"] == [str(month) for month in partial]
    assert table.columns.tolist() == list(range(1, 13))


# --------------------------------------------------------------------------------- stations


def test_stations_of_a_year_lowest_first_with_the_districts_two():
    table = xc.stations("pm25", 2020)
    assert table["value"].is_monotonic_increasing and table.index.is_unique
    assert set(table.index[table["own"]]) == {"官园", "万寿西宫"}
    assert (table.loc[table["own"], "district"] == HOME).all()
    rows = xc.load("air/stations_annual").query("indicator == 'pm25' and year == 2020")
    assert len(table) == len(rows)


# ----------------------------------------------------------------------------- the month page


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: xc.days("Dongcheng"), "no daily values of Dongcheng"),
        (lambda: xc.stations("pm25", 1999), "no station values of 1999; the record has 2013"),
        (lambda: xc.stations("green_cover", 2020), "green_cover has no daily values"),
        (lambda: xc.month_page("2023"), "YYYY-MM"),
        (lambda: xc.month_page("2023-13"), "YYYY-MM"),
        (lambda: xc.month_page("1999-01"), "no valid day of pm25; the record runs"),
        (
            lambda: xc.month_page("2023-05", indicator="good_days"),
            "use one of pm25, pm10, no2, so2",
        ),
    ],
)
def test_what_there_is_not_is_refused(call, words, lang_en):
    with pytest.raises(xc.InputError, match=words):
        call()


@pytest.fixture
def page(pack) -> MonthPage:
    """Two years of 40 and 30 µg/m³, May of the second at 50 with three days missing, one dusty."""
    date = pd.date_range("2019-01-01", "2020-12-31")
    pm25 = pd.Series(40.0, index=date).mask(date.year == 2020, 30.0)
    pm25[(date.year == 2020) & (date.month == 5)] = 50.0
    pm25["2020-05-01":"2020-05-03"] = float("nan")
    daily = pd.DataFrame({"date": date, "scope": HOME, "pm25": pm25.to_numpy()})
    daily["pm10"] = daily["pm10_reported"] = daily["pm25"] * 1.5
    daily[["so2", "no2", "co", "o3_8h"]] = [5.0, 30.0, 0.5, 90.0]
    daily[["o3_windows", "aqi", "primary"]] = [17, 60, "pm25"]
    daily.loc[pm25.isna().to_numpy(), ["aqi", "primary"]] = [np.nan, None]
    dust = daily["date"] == "2020-05-10"
    daily.loc[dust, ["pm25", "pm10", "aqi", "primary"]] = [60.0, 300.0, 175, "pm10"]
    daily["aqi"] = daily["aqi"].astype("Int64")
    daily[["known_exceedance", "national"]] = "false"
    daily.to_csv(pack / "air" / "daily.csv", index=False, date_format="%Y-%m-%d")
    xc.use_data(pack)
    return xc.month_page("2020-05")


def test_month_and_year_to_date(page):
    rows = page.table.set_index(["indicator", "period"])
    month = rows.loc[("pm25", "month")]
    assert month["value"] == pytest.approx((27 * 50 + 60) / 28)
    assert (month["valid_days"], month["days"]) == (28, 31)
    assert month["before"] == pytest.approx(40.0)
    to_date = rows.loc[("pm25", "to_date")]
    assert to_date["value"] == pytest.approx((121 * 30 + 27 * 50 + 60) / 149)
    assert to_date["days"] == 152 and to_date["valid_days"] == 149
    assert to_date["change_percent"] == pytest.approx(100 * (to_date["value"] / 40 - 1))
    assert to_date["comparable"]
    assert np.isnan(rows.loc[("good_days", "month"), "change_percent"])


def test_exceedances_rank_running_mean_and_missed_days(page):
    assert page.exceedances.index.strftime("%m-%d").tolist() == ["05-10"]
    assert page.exceedances["cause"].tolist() == ["dust"]
    assert page.rank == (2, 2) and page.missed == 3
    mean = (121 * 30 + 27 * 50 + 60) / 149
    assert page.days["running"].iloc[-1] == pytest.approx(mean)


def test_the_text_says_what_the_frames_say_in_either_language(page):
    use_language("en")
    text = str(page)
    assert "2020-05" in text and "28 of 31 days valid" in text
    assert "dust: 10 (175)" in text and "rank 2 of 2" in text
    row = page.budget.iloc[0]
    assert (row["kind"], row["limit"], row["ceiling"]) == ("limit", 35, 35.5)
    rest = (35.5 * 366 - row["to_date"] * 149) / (366 - 149)
    assert row["remaining_mean"] == pytest.approx(rest)
    assert f"the mean of the other 217 days must stay below {rest:.1f}" in text
    assert not any("\u4e00" <= c <= "\u9fff" for c in text)
    use_language("zh")
    assert "沙尘: 10 (175)" in str(page) and "其余217天" in str(page)
    assert page._repr_html_().startswith("<pre>") and "其余217天" in page._repr_html_()


def test_a_month_with_few_days_has_no_rank_and_counts_in_no_other():
    april = xc.month_page("2021-07")
    few = april.record["month_days"] < 0.85 * 31
    assert few[2021] and april.rank is None
    july = xc.month_page("2023-07")
    assert july.rank[1] == (~few).sum() < len(july.record)


def test_no_state_is_mixed_that_need_not_be_and_three_years_are_whole_ones():
    record = xc.month_page("2023-05").record
    assert record.loc[2018, ["month_basis", "to_date_basis"]].tolist() == ["ref-273K"] * 2
    page = xc.month_page("2025-10")
    assert page.record.loc[2018, "to_date_basis"] == "ref-mixed"
    value = xc.series("pm25", partial="observed")["value"]
    assert page.moving.loc[2016, "value"] == pytest.approx(value[[2014, 2015, 2016]].mean())
    assert page.moving.loc[[2021, 2022, 2023], "value"].isna().all(), "2021 is partial"
    assert page.release == "draft"
