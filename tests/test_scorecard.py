"""The 14 rows of Table 2, the registered projection behind them, and the register's say."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.assessment import registered_assessment
from xc_analysis.errors import InputError
from xc_analysis.fits import fit_setting, last_year, registered
from xc_analysis.targets import assumptions

COLUMNS = [
    *("plan_row", "indicator", "name_zh", "name_en", "unit", "category", "attribute", "kind"),
    *("base", "base_year", "latest", "latest_year", "latest_status", "target_year"),
    *("outturn", "outturn_lower", "outturn_upper", "outturn_status", "comparator", "target"),
    *("verdict", "p_meet", "reading", "verdict_under_reading", "p_under_reading", "grade"),
    *("flags", "why_zh", "why_en"),
]
CANNOT = "cannot be judged"
DELEGATED = [1, 2, 3, 4, 6, 7, 9, 10]


@pytest.fixture(scope="module")
def cards():
    return {year: xc.scorecard(as_of=year).set_index("indicator") for year in (2020, 2025)}


def edit(pack, table, where, **cells):
    path = pack / f"{table}.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    at = np.logical_and.reduce([rows[k] == v for k, v in where.items()])
    assert at.any()
    for name, value in cells.items():
        rows.loc[at, name] = value
    rows.to_csv(path, index=False, lineterminator="\n")


def test_fourteen_rows_and_just_the_columns_of_the_house():
    card = xc.scorecard(as_of=2020)
    assert card.columns.tolist() == COLUMNS
    assert card["plan_row"].tolist() == list(range(1, 15))
    assert xc.scorecard().attrs["as_of"] == last_year() == 2025


@pytest.mark.parametrize("year", [2018, 2020, 2023, 2025])
def test_nine_rows_cannot_be_judged_whatever_the_year(year):
    card = xc.scorecard(as_of=year)
    held = card[card["kind"].isin(["delegated", "qualitative"])]
    assert held["plan_row"].tolist() == sorted([*DELEGATED, 5])
    assert (held["verdict"] == CANNOT).all() and held["p_meet"].isna().all()
    assert (card[card["kind"] == "level"]["verdict"] != CANNOT).all() or year < 2020


def test_the_five_others_in_2020(cards):
    card = cards[2020]
    want = {
        "water_function_zone_rate": "maintenance",
        "area_noise": "maintenance",
        "traffic_noise": "maintenance",
        "park_500m_coverage": "gap",
        "green_cover": "about even to likely",
    }
    assert card.loc[list(want), "verdict"].to_dict() == want
    assert card["p_meet"].isna().all()
    assert card.loc["green_cover", "grade"] == "D"


def test_in_2025_the_five_others_say_that_there_is_no_value(cards):
    card = cards[2025]
    levels = card[card["kind"] == "level"]
    assert (levels["verdict"] == "no value for the target year").all()
    assert levels["outturn"].isna().all() and (levels["latest_year"] == 2020).all()
    # no probability for a year that is over, by a reading neither
    assert card["p_meet"].isna().all() and card["p_under_reading"].isna().all()


def test_readings_have_a_column_of_their_own(cards):
    early, late = cards[2020], cards[2025]
    assert early["reading"].to_dict() == late["reading"].to_dict()
    assert early.loc["pm25", "reading"] == "<= 35"
    assert early.loc["pm25", "verdict_under_reading"] == "very likely"
    assert late.loc["pm25", "verdict_under_reading"] == "met (provisional)"
    assert late.loc["heavy_day_ratio", "verdict_under_reading"] == "not met (provisional)"
    assert early.loc["land_safe_use_rate", "verdict_under_reading"] == "open"
    without = early.index[early["reading"] == ""]
    assert (early.loc[without, "verdict_under_reading"] == "").all()


def test_bases_are_those_the_plan_prints(cards):
    printed = {
        "co2_total": 685,
        "pm25": 40,
        "good_day_ratio": 73.2,
        "heavy_day_ratio": 2.7,
        "water_function_zone_rate": 100,
        "section_compliance_rate": 100,
        "area_noise": 53.8,
        "traffic_noise": 69.6,
        "park_500m_coverage": 97.57,
        "green_cover": 31.80,
    }
    for card in cards.values():
        assert card.loc[list(printed), "base"].to_dict() == printed
        assert card["base"].notna().sum() == len(printed)
        assert card.loc["co2_total", "base_year"] == 2019


def test_the_plans_own_words(cards):
    row = cards[2020].loc["park_500m_coverage"]
    assert "非历史文化街区" in row["name_zh"] and row["attribute"] == "预期性"
    assert cards[2020].loc["pm25", "unit"] == "微克/立方米"
    assert (cards[2020]["category"] != "").all()
    assert cards[2020]["attribute"].value_counts().to_dict() == {"约束性": 10, "预期性": 4}


#: Where the first edition's scorecard said another thing, and why (docs/methods.md, 6).
CHANGED = {
    (2020, "heavy_day_ratio", "verdict"): "words are not judged; the reading is in its column",
    (2020, "park_500m_coverage", "grade"): "2015 and 2017 are of the whole district: n = 1",
    (2020, "green_cover", "verdict"): "two values give a span over the models",
    (2020, "pm25", "verdict_under_reading"): "paths in place of blend",
    (2020, "land_safe_use_rate", "verdict_under_reading"): "a bound that spans is open",
    (2025, "heavy_day_ratio", "verdict"): "words are not judged",
    (2025, "water_function_zone_rate", "verdict"): "2025 is over",
    (2025, "area_noise", "verdict"): "2025 is over",
    (2025, "traffic_noise", "verdict"): "2025 is over",
    (2025, "park_500m_coverage", "verdict"): "2025 is over",
    (2025, "green_cover", "verdict"): "2025 is over",
    (2025, "park_500m_coverage", "grade"): "as in 2020",
    (2025, "co2_per_gdp_change", "verdict_under_reading"): "2025 is over",
    (2025, "section_compliance_rate", "verdict_under_reading"): "2025 is over",
    (2025, "land_safe_use_rate", "verdict_under_reading"): "2025 is over",
}


@pytest.mark.parametrize("year", [2020, 2025])
def test_against_the_first_edition(shared, cards, year):
    golden = pd.read_csv(shared / "golden" / f"scorecard_{year}.csv").set_index("indicator")
    golden["verdict"] = golden["verdict"].replace(
        {"maintenance: by margin alone": "maintenance", "gap only, no probability": "gap"}
    )
    card, differ = cards[year], set()
    assert card.index.tolist() == golden.index.tolist()
    for name in ("verdict", "verdict_under_reading", "grade", "kind"):
        then = golden[name].fillna("").replace("maintenance: by margin alone", "maintenance")
        differ |= {(year, i, name) for i in card.index if card.loc[i, name] != then[i]}
    assert differ == {key for key in CHANGED if key[0] == year}
    assert card["target"].equals(golden["target"].astype(float))
    assert card["base"].tolist() == pytest.approx(golden["baseline"].tolist(), nan_ok=True)


# --- one projection ---------------------------------------------------------------------------


def test_windows_by_time_of_knowledge():
    years = {y: xc.projection("pm25", as_of=y).years for y in (2018, 2020, 2023, 2025)}
    ends = {y: (v[0], v[-1]) for y, v in years.items()}
    assert ends == {2018: (2015, 2018), 2020: (2015, 2020), 2023: (2015, 2023), 2025: (2018, 2025)}
    assert xc.projection("pm25").target_years[-1] == 2030
    assert xc.projection("pm25", as_of=2023).target_years.tolist() == [2024, 2025]
    assert xc.projection("pm25").years.tolist() == list(range(2018, 2026))


def test_2021_enters_with_its_error_and_2025_as_draft():
    p = xc.projection("pm25")
    errors = dict(zip(p.years.tolist(), p.errors, strict=True))
    assert errors[2021] > 0 and all(errors[y] == 0 for y in errors if y != 2021)
    assert registered_assessment("pm25").n == 7


def test_scorecard_and_projection_are_the_same_fan(cards):
    for name in ("pm25", "heavy_day_ratio"):
        fan = xc.projection(name, as_of=2020)
        t = xc.target(name).read
        p = fan.p_meet(t.comparator, t.value, 2025)
        assert cards[2020].loc[name, "p_under_reading"] == p
        one = xc.assess(fan, xc.target(name))
        assert one.under_reading.verdict == cards[2020].loc[name, "verdict_under_reading"]
        assert one.under_reading.p_meet == p
        series = xc.assess(xc.series(name), xc.target(name), as_of=2020)
        assert series.under_reading.p_meet == p


@pytest.mark.parametrize(
    ("count", "ratio"), [("good_days", "good_day_ratio"), ("heavy_days", "heavy_day_ratio")]
)
def test_a_count_and_its_ratio_are_one_fit(count, ratio):
    days, share = (xc.projection(i, as_of=2020) for i in (count, ratio))
    assert days.prior_sd == share.prior_sd
    priors = xc.load("indicators").set_index("indicator")["prior_sd"]
    assert priors[count] == priors[ratio]
    length = np.where(days.target_years % 4 == 0, 366, 365)
    assert 100 * days.median / length == pytest.approx(share.median, rel=1e-3, abs=0.02)


def test_nothing_after_as_of_enters(pack, cards):
    path = pack / "air" / "annual.csv"
    air = pd.read_csv(path)
    air.loc[air["year"] > 2020, "value"] *= 0.5
    air.to_csv(path, index=False)
    edit(
        pack, "observations", {"year": "2021", "status": "printed", "indicator": "pm25"}, value="9"
    )
    xc.use_data(pack)
    pd.testing.assert_frame_equal(xc.scorecard(as_of=2020).set_index("indicator"), cards[2020])


def test_an_indicator_without_two_values_has_no_projection():
    for name in ("traffic_noise", "nox_cut"):
        with pytest.raises(InputError):
            xc.projection(name, as_of=2020)
    with pytest.raises(InputError, match="whole year"):
        xc.projection("pm25", as_of="2020a")


# --- the register -----------------------------------------------------------------------------


def test_the_register_is_short_and_every_row_is_reasoned():
    rows = assumptions()
    assert 40 <= len(rows) <= 60
    assert {r["method"] for r in rows} <= {"paths", None}
    for row in rows:
        assert row["why_zh"] and row["why_en"] and " / " not in row["why_zh"]
        if row["why_en"].startswith("a guess"):
            assert row["quality"] == "R"
    # those that move a verdict come first
    assert [r["impact"] for r in rows[:8]] == ["R"] * 8


def test_every_prior_in_use_is_registered_and_agrees():
    indicators = xc.load("indicators").set_index("indicator")["prior_sd"]
    priors = {r["indicator"]: r for r in assumptions() if r["parameter"] == "prior_sd"}
    shared_with = {"good_days": "good_day_ratio", "heavy_days": "heavy_day_ratio"}
    assert {shared_with.get(name, name) for name in indicators.dropna().index} == set(priors)
    for name, row in priors.items():
        assert float(row["value"]) == indicators[name] > 0
    for name, scope, year in product(indicators.index, ("西城区", "北京市"), (2020, 2025)):
        try:
            p = xc.projection(name, as_of=year, scope=scope)
        except InputError:
            continue
        row = priors.get(shared_with.get(name, name))
        if row is None:
            assert "warn.prior_guess" in {w.key for w in p.warnings}, name
        else:
            assert p.prior_sd == float(row["value"]), name


def test_no_fit_is_registered_for_an_indicator_without_values():
    for row in assumptions():
        if row["fit_from"] and row["indicator"]:
            window = slice(int(row["fit_from"]), int(row["fit_to"]))
            assert len(xc.series(row["indicator"], source=row["source"]).loc[window]) >= 2


def test_the_more_specific_row_holds():
    city = fit_setting("pm25", as_of=2020, scope="北京市")
    assert city.ids["fit"] == "fit_145_city" and city.source == "published"
    assert fit_setting("pm25", as_of=2020).ids == {"fit": "fit_145_pm25", "prior_sd": "prior_pm25"}
    assert fit_setting("area_noise", as_of=2025).ids["fit"] == "fit_155"
    assert registered("dust", "十四五", "西城区", "pm25")["value"] == "off"
    assert registered("nothing", "十四五", "西城区", "pm25") is None


def test_another_reading_moves_the_reading_only(pack, cards):
    edit(pack, "assumptions", {"id": "read_pm25_city"}, reading="<= 20")
    xc.use_data(pack)
    row = xc.scorecard(as_of=2020).set_index("indicator").loc["pm25"]
    assert row["verdict"] == CANNOT and row["reading"] == "<= 20"
    assert row["p_under_reading"] < cards[2020].loc["pm25", "p_under_reading"]


def test_a_number_handed_down_makes_a_row_ordinary(pack):
    edit(
        pack,
        "targets",
        {"target_id": "t145_03"},
        kind="level",
        comparator="<=",
        value="34",
        reading="",
    )
    xc.use_data(pack)
    early = xc.scorecard(as_of=2020).set_index("indicator").loc["pm25"]
    assert early["verdict"] in ("very likely", "likely") and early["p_meet"] > 0.66
    late = xc.scorecard().set_index("indicator").loc["pm25"]
    assert late["verdict"] == "met (provisional)" and late["target"] == 34
