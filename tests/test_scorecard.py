"""The 14 rows of Table 2, the registered projection behind them, and the register's say."""

import numpy as np
import pandas as pd
import pytest
from minipack import change

import xc_analysis as xc
from xc_analysis.assessment import registered_assessment
from xc_analysis.fits import fit_setting, last_year
from xc_analysis.targets import assumptions

COLUMNS = (
    "plan_row indicator name_zh name_en unit category attribute kind base base_year latest "
    "latest_year latest_status target_year outturn outturn_lower outturn_upper outturn_status "
    "comparator target verdict p_meet reading verdict_under_reading p_under_reading grade flags "
    "why_zh why_en"
)
CANNOT, OVER = "cannot be judged", "no value for the target year"


def card(year=None):
    return xc.scorecard(as_of=year).set_index("indicator")


@pytest.fixture(scope="module")
def cards():
    return {year: card(year) for year in (2018, 2020, 2025)}


def test_fourteen_rows_in_the_plans_words_and_just_the_columns_of_the_house(cards):
    whole = xc.scorecard()
    assert whole.columns.tolist() == COLUMNS.split() and whole.attrs["as_of"] == last_year() == 2025
    assert whole["plan_row"].tolist() == list(range(1, 15)) and (whole["category"] != "").all()
    assert whole["attribute"].value_counts().to_dict() == {"约束性": 10, "预期性": 4}
    assert "非历史文化街区" in cards[2020].loc["park_500m_coverage", "name_zh"]
    assert cards[2020].loc["pm25", "unit"] == "微克/立方米"
    printed = {"co2_total": 685, "pm25": 40, "good_day_ratio": 73.2, "heavy_day_ratio": 2.7}
    printed |= {"water_function_zone_rate": 100, "section_compliance_rate": 100, "area_noise": 53.8}
    printed |= {"traffic_noise": 69.6, "park_500m_coverage": 97.57, "green_cover": 31.80}
    for rows in (cards[2020], cards[2025]):
        assert rows["base"].dropna().to_dict() == printed
        assert rows.loc["co2_total", "base_year"] == 2019


def test_verdicts_and_those_of_readings_in_columns_of_their_own(cards):
    for rows in cards.values():  # nine cannot be judged whatever the year
        held = rows[rows["kind"].isin(["delegated", "qualitative"])]
        assert held["plan_row"].tolist() == [1, 2, 3, 4, 5, 6, 7, 9, 10]
        assert (held["verdict"] == CANNOT).all() and held["p_meet"].isna().all()
    early, late = cards[2020], cards[2025]
    held = dict.fromkeys(("water_function_zone_rate", "area_noise", "traffic_noise"), "maintenance")
    held |= {"park_500m_coverage": "gap", "green_cover": "about even to likely"}
    assert early.loc[early["kind"] == "level", "verdict"].to_dict() == held
    over = late[late["kind"] == "level"]
    assert (over["verdict"] == OVER).all() and (over["latest_year"] == 2020).all()
    # no probability for a year that is over, by a reading neither
    assert over["outturn"].isna().all() and early["p_meet"].isna().all()
    assert late[["p_meet", "p_under_reading"]].isna().all(axis=None)
    told = {"co2_per_gdp_change": CANNOT, "pm25": "very likely", "heavy_day_ratio": "likely"}
    told |= {"section_compliance_rate": "maintenance", "land_safe_use_rate": "open"}
    came = dict.fromkeys(told, OVER) | {"pm25": "met (provisional)"}
    came["heavy_day_ratio"] = "not met (provisional)"
    for rows, verdicts in ((early, told), (late, came)):
        assert "".join(rows["grade"]) == "EEAAAEEEEEEEED"
        assert rows.loc[rows["reading"] != "", "verdict_under_reading"].to_dict() == verdicts
        assert (rows.loc[rows["reading"] == "", "verdict_under_reading"] == "").all()


def test_windows_by_time_of_knowledge():
    fans = {year: xc.projection("pm25", as_of=year) for year in (2018, 2020, 2023, 2025)}
    ends = {year: (fan.years[0], fan.years[-1]) for year, fan in fans.items()}
    assert ends == {2018: (2015, 2018), 2020: (2015, 2020), 2023: (2015, 2023), 2025: (2018, 2025)}
    assert fans[2025].target_years[-1] == 2030 and fans[2023].target_years.tolist() == [2024, 2025]
    # 2021 enters with its error and is not counted, 2025 as draft
    assert fans[2025].years[fans[2025].errors > 0].tolist() == [2021]
    assert registered_assessment("pm25").n == 7
    # the more specific row of the register holds
    fits = [fit_setting("pm25", as_of=2020, scope=scope).ids["fit"] for scope in (None, "北京市")]
    assert fits == ["fit_145_pm25", "fit_145_city"]


def test_scorecard_and_projection_are_the_same_fan(cards):
    for name in ("pm25", "heavy_day_ratio"):
        fan, t, row = xc.projection(name, as_of=2020), xc.target(name), cards[2020].loc[name]
        assert row["p_under_reading"] == fan.p_meet(t.read.comparator, t.read.value, 2025)
        for one in (xc.assess(fan, t), xc.assess(xc.series(name), t, as_of=2020)):
            assert one.under_reading.p_meet == row["p_under_reading"]
            assert one.under_reading.verdict == row["verdict_under_reading"]
    for kind in ("good", "heavy"):  # a count and its ratio are one fit
        days, share = (xc.projection(f"{kind}_{i}", as_of=2020) for i in ("days", "day_ratio"))
        length = np.where(days.target_years % 4 == 0, 366, 365)
        assert 100 * days.median / length == pytest.approx(share.median, rel=1e-3, abs=0.02)


def test_nothing_after_as_of_enters_and_a_reading_moves_the_reading_only(pack, cards):
    air = pd.read_csv(pack / "air" / "annual.csv")
    air.loc[air["year"] > 2020, "value"] *= 0.5
    air.to_csv(pack / "air" / "annual.csv", index=False)
    where = {"year": "2021", "status": "printed", "indicator": "pm25"}
    change(pack, "observations", where, value="9")
    xc.use_data(pack)
    pd.testing.assert_frame_equal(card(2020), cards[2020])
    change(pack, "assumptions", {"id": "read_pm25_city"}, reading="<= 20")
    row = card(2020).loc["pm25"]
    assert row["verdict"] == CANNOT and row["reading"] == "<= 20"
    assert row["p_under_reading"] < cards[2020].loc["pm25", "p_under_reading"]


def test_the_register_is_short_reasoned_and_fits_what_has_values():
    rows = assumptions()
    assert 40 <= len(rows) <= 60 and {r["method"] for r in rows} <= {"paths", None}
    assert all(r["quality"] == "R" for r in rows if r["why_en"].startswith("a guess"))
    # those that move a verdict come first
    assert [r["impact"] for r in rows[:8]] == ["R"] * 8
    for row in rows:
        if row["fit_from"] and row["indicator"]:
            window = slice(int(row["fit_from"]), int(row["fit_to"]))
            assert len(xc.series(row["indicator"], source=row["source"]).loc[window]) >= 2
    # every prior in use is registered
    indicators = xc.load("indicators").set_index("indicator")["prior_sd"]
    priors = {r["indicator"]: float(r["value"]) for r in rows if r["parameter"] == "prior_sd"}
    in_use = indicators.dropna().drop(["good_days", "heavy_days"])  # their ratio's fit is theirs
    assert priors == in_use.to_dict() and min(priors.values()) > 0
