"""Days, causes, months, stations and the month page, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.observations import HOME
from xc_analysis.words import word


def test_days_are_those_of_the_table_with_class_cause_and_evidence():
    days = xc.days()
    table = xc.load("air/daily").query("scope == @HOME").set_index("date").sort_index()
    pd.testing.assert_series_equal(days["pm25"], table["pm25"])
    ends = [0, 50, 100, 150, 200, 300, np.inf]
    level = pd.cut(days["aqi"].mask(days["known_exceedance"]), ends, labels=False) + 1
    assert days["level"].astype("float64").equals(level)
    assert (days["cause"].notna() == (days["aqi"] > 100)).all()
    assert set(days["status"]) == {"computed"} and set(days.loc["2025", "release"]) == {"draft"}
    # a national day names both sources, another the archive alone
    assert days.loc[days["national"], "source_id"].str.contains("cnemc-daily").all()
    assert set(days[~days["national"]].loc["2024", "source_id"]) == {"archive-hourly"}


def test_causes_add_up_to_the_days_above():
    table, days = xc.causes(200), xc.days()
    hit, year = days["aqi"] > 200, days.index.year
    assert (table[["pm25", "dust", "o3", "other"]].sum(axis=1) == table["total"]).all()
    known = hit & days["known_exceedance"]
    assert table["known_exceedances"].tolist() == known.groupby(year).sum().tolist()
    s = xc.series("heavy_days", partial="observed")
    assert (table["total"] == s["value"]).all()
    assert table["aqi_days"].to_dict() == s.attrs["days"]


def test_months_are_the_monthly_series_without_its_partial_months():
    table, s = xc.months("PM2.5"), xc.series("pm25", freq="monthly")
    partial = s["completeness"] == "partial"
    got, want = table.stack().dropna(), s.loc[~partial, "value"]
    assert got.to_dict() == {(month.year, month.month): value for month, value in want.items()}
    assert table.attrs["partial_months"] == s.index[partial].astype(str).tolist()


REFUSED = [
    (lambda: xc.days("Dongcheng"), "no daily values of Dongcheng"),
    (lambda: xc.stations("pm25", 1999), "no station values of 1999; the record has 2013"),
    (lambda: xc.stations("green_cover", 2020), "green_cover has no daily values"),
    (lambda: xc.month_page("2023"), "YYYY-MM"),
    (lambda: xc.month_page("2023-13"), "YYYY-MM"),
    (lambda: xc.month_page("1999-01"), "no valid day of pm25; the record runs from 2013-03"),
    (lambda: xc.month_page(indicator="good_days"), "use one of pm25, pm10, no2, so2"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED)
def test_what_there_is_not_is_refused(call, words, lang_en):
    with pytest.raises(xc.InputError, match=words):
        call()


def write_days(pack, date, pm25):
    """Days with nothing but PM2.5 in them, 10 May 2020 dusty."""
    daily = pd.DataFrame({"date": date, "scope": HOME, "pm25": pm25, "primary": "pm25"})
    daily["pm10"] = daily["pm10_reported"] = daily["pm25"] * 1.5
    daily[["so2", "no2", "co", "o3_8h", "o3_windows"]] = [5.0, 30.0, 0.5, 90.0, 17]
    daily["aqi"] = daily["pm25"].where(daily["pm25"].isna(), 60).astype("Int64")
    dust = daily["date"] == "2020-05-10", ["pm25", "pm10", "aqi", "primary"]
    daily.loc[dust] = [60.0, 300.0, 175, "pm10"]
    daily[["known_exceedance", "national"]] = "false"
    daily.to_csv(pack / "air" / "daily.csv", index=False, date_format="%Y-%m-%d")
    xc.use_data(pack)


def test_a_page_worked_out_by_hand(pack, lang_en):
    """Two years of 40 and 30 µg/m³, May of the second at 50, three days missing, one dusty."""
    date = pd.date_range("2019-01-01", "2020-12-31")
    pm25 = pd.Series(40.0, index=date).mask(date.year == 2020, 30.0)
    pm25["2020-05"] = 50.0
    pm25["2020-05-01":"2020-05-03"] = np.nan
    write_days(pack, date, pm25.to_numpy())
    page = xc.month_page("2020-05")
    rows = page.table.set_index(["indicator", "period"])
    counts = ["valid_days", "days", "before", "comparable"]
    month, to_date = (rows.loc[("pm25", period)] for period in ("month", "to_date"))
    assert [*month[["value", *counts]]] == [pytest.approx((27 * 50 + 60) / 28), 28, 31, 40, True]
    mean = (121 * 30 + 27 * 50 + 60) / 149
    assert [*to_date[["value", *counts]]] == [pytest.approx(mean), 149, 152, 40, True]
    assert page.days["running"].iloc[-1] == pytest.approx(mean)
    assert to_date["change_percent"] == pytest.approx(100 * (mean / 40 - 1))
    assert np.isnan(rows.loc[("good_days", "month"), "change_percent"])
    assert page.exceedances["cause"].to_dict() == {pd.Timestamp("2020-05-10"): "dust"}
    assert page.rank == (2, 2) and page.missed == 3
    row = page.budget.iloc[0]
    assert (row["kind"], row["limit"], row["ceiling"]) == ("limit", 35, 35.5)
    rest = (35.5 * 366 - mean * 149) / (366 - 149)
    assert row["remaining_mean"] == pytest.approx(rest)
    text = str(page)
    assert "2020-05 (28 of 31 days valid)" in text
    assert "dust: 10 (175)" in text and "rank 2 of 2" in text
    assert f"the mean of the other 217 days must stay below {rest:.1f}" in text


def test_each_limit_holds_from_its_date(pack):
    limits = {"2020-06": 35, "2026-02": 35, "2026-03": 30, "2030-12": 30, "2031-01": 25}
    write_days(pack, [pd.Period(month).end_time.normalize() for month in limits], 20.0)
    budgets = [xc.month_page(month).budget.query("kind == 'limit'") for month in limits]
    assert [budget["limit"].tolist() for budget in budgets] == [[n] for n in limits.values()]


def test_few_days_have_no_rank_no_state_is_mixed_that_need_not_be_and_three_years_are_whole():
    page = xc.month_page("2021-07")
    few = page.record["month_days"] < 0.85 * 31
    assert few[2021] and page.rank is None
    page = xc.month_page("2023-07")
    assert page.rank[1] == (~few).sum() < len(few)
    assert page.record.loc[2018, ["month_basis", "to_date_basis"]].tolist() == ["ref-273K"] * 2
    page = xc.month_page()
    assert (page.year, page.month, page.release) == (2025, 12, "draft")
    assert str(page).splitlines()[0].endswith(word("month_page.draft"))
    assert page.record.loc[2018, "to_date_basis"] == "ref-mixed"
    value = xc.series("pm25", partial="observed")["value"]
    assert page.moving.loc[2016, "value"] == pytest.approx(value[[2014, 2015, 2016]].mean())
    assert page.moving.loc[[2021, 2022, 2023], "value"].isna().all(), "2021 is partial"
