"""The monthly page against values worked out by hand."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis import InputError
from xc_analysis.pages.month_budget import remaining_mean
from xc_analysis.pages.month_page import month_page, page_text, parse_month
from xc_analysis.tables import data_dir, load


@pytest.mark.parametrize(
    ("text", "month"), [("2023-05", (2023, 5)), (" 2024-12 ", (2024, 12)), ("2023-1", (2023, 1))]
)
def test_months_are_read(text, month):
    assert parse_month(text) == month


@pytest.mark.parametrize("text", ["2023", "2023-13", "2023-00", "05-2023", "2023/05", "", "x"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(InputError, match="YYYY-MM"):
        parse_month(text)


def test_the_budget_that_remains():
    # 58 days at x and 307 at 28.9 average 35.5: x = (35.5 * 365 - 28.9 * 307) / 58
    assert remaining_mean(28.9, 307, 35.5, 365) == pytest.approx(70.434, abs=1e-3)
    assert remaining_mean(60, 360, 35.5, 365) < 0
    assert pd.isna(remaining_mean(30, 365, 35.5, 365))


@given(st.floats(1, 200), st.integers(0, 364), st.floats(10, 80), st.sampled_from([365, 366]))
def test_the_rest_at_its_budget_ends_at_the_limit(mean, valid, limit, days):
    rest = remaining_mean(mean, valid, limit, days)
    assert (mean * valid + rest * (days - valid)) / days == pytest.approx(limit)


def _pack(folder: Path) -> Path:
    """Two years of 40 and 30 µg/m³, May of the second at 50 with three days missing."""
    shutil.copytree(data_dir(), folder)
    date = pd.date_range("2019-01-01", "2020-12-31")
    pm25 = pd.Series(40.0, index=date).mask(date.year == 2020, 30.0)
    pm25[(date.year == 2020) & (date.month == 5)] = 50.0
    pm25["2020-05-01":"2020-05-03"] = float("nan")
    daily = pd.DataFrame({"date": date, "scope": "甲区", "pm25": pm25.to_numpy()})
    daily["pm10"] = daily["pm25"] * 1.5
    daily["pm10_reported"] = daily["pm10"]
    daily[["so2", "no2", "co", "o3_8h"]] = [5.0, 30.0, 0.5, 90.0]
    daily["aqi"] = 60
    daily["primary"] = "pm25"
    dust = daily["date"] == "2020-05-10"
    daily.loc[dust, ["pm25", "pm10", "aqi", "primary"]] = [60.0, 300.0, 175, "pm10"]
    daily.to_csv(folder / "air" / "daily.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return month_page(2020, 5, scope="甲区", data=_pack(tmp_path_factory.mktemp("p") / "pack"))


def test_month_and_year_to_date(page):
    rows = page.table.set_index(["indicator", "period"])
    month = rows.loc[("pm25", "month")]
    assert month["value"] == pytest.approx((27 * 50 + 60) / 28)
    assert (month["valid_days"], month["days"]) == (28, 31)
    assert month["before"] == pytest.approx(40.0)
    to_date = rows.loc[("pm25", "to date")]
    assert to_date["value"] == pytest.approx((121 * 30 + 27 * 50 + 60) / 149)
    assert to_date["days"] == 152 and to_date["valid_days"] == 149
    assert to_date["change_pct"] == pytest.approx(100 * (to_date["value"] / 40 - 1))
    assert to_date["comparable"]


def test_the_cause_of_each_exceedance_day(page):
    assert page.exceedances["date"].dt.strftime("%m-%d").tolist() == ["05-10"]
    assert page.exceedances["cause"].tolist() == ["dust"]


def test_rank_counts_from_the_cleanest(page):
    assert page.rank == (2, 2)


def test_days_missed_are_told_from_days_to_come(page):
    assert page.missed == 3


def test_a_month_with_few_days_has_no_rank_and_counts_in_no_other():
    assert month_page(2024, 6).rank is None  # 4 days
    june = month_page(2023, 6)
    valid = june.record["month_days"] >= 0.85 * 30
    assert june.rank[1] == valid.sum() < len(june.record)


def test_the_text_says_what_the_frames_say(page):
    told = page_text(page)
    assert "2020-05" in told and "28/31" in told
    assert "沙尘 dust: 10 (175)" in told
    assert "rank 2 of 2" in told
    mean = (121 * 30 + 27 * 50 + 60) / 149
    rest = (35.5 * 366 - mean * 149) / 217
    assert f"the other 217 d below {rest:.1f}" in told


def test_running_mean_is_the_years(page):
    last = page.days.iloc[-1]
    assert last["running"] == pytest.approx((121 * 30 + 27 * 50 + 60) / 149)


def test_the_budget_uses_the_limit_in_force(page):
    standards = load("standards")
    limit = standards.query("indicator == 'pm25' and standard == 'GB 3095-2012'")["limit"].iloc[0]
    row = page.budget.iloc[0]
    assert (row["value"], row["ceiling"]) == (limit, limit + 0.5)
    assert row["remaining_days"] == 366 - 149
    assert row["remaining_mean"] == pytest.approx(
        ((limit + 0.5) * 366 - row["to_date"] * 149) / (366 - 149)
    )


def test_a_month_without_days_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(InputError, match="2021-01: no valid day of pm25 .* 2019-01 to 2020-12"):
        month_page(2021, 1, scope="甲区", data=_pack(tmp_path / "pack"))


def test_what_has_no_annual_mean_has_no_page():
    with pytest.raises(InputError, match="pm25, pm10, no2 or so2"):
        month_page(2020, 5, indicator="good_days")


def test_the_districts_record():
    page = month_page(2025, 11)
    row = page.budget.iloc[0]
    assert (row["valid_days"], row["remaining_days"]) == (307, 58)
    assert row["to_date"] == pytest.approx(28.9, abs=0.1)
    assert row["remaining_mean"] == pytest.approx(70, abs=0.5)
    # three whole years in a row, by hand from the annual table
    annual = load("air/annual").query("indicator == 'pm25' and scope == '西城区'")
    value = annual.set_index("year")["value"]
    assert page.moving.loc[2016, "value"] == pytest.approx(value[[2014, 2015, 2016]].mean())
    assert page.moving.loc[2023].isna().all()  # 2021 and 2022 are partial


def test_the_latest_month_has_enough_of_its_days():
    from xc_analysis.pages.month_page import ENOUGH, latest_month

    days = xc.load("air/daily")
    days = days[days["scope"] == xc.home().scope].set_index("date")["pm25"]
    valid = days.notna().groupby(days.index.to_period("M")).sum()
    month = pd.Period(latest_month(), "M")
    assert valid[month] >= ENOUGH * month.days_in_month
    later = valid[valid.index > month]
    assert all(n < ENOUGH * m.days_in_month for m, n in later.items())
