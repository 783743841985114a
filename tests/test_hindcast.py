"""How far a verdict holds: sensitivity, hindcasts and candidates for the next plan."""

import math

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.assessment import VERDICTS, band
from xc_analysis.errors import InputError
from xc_analysis.fits import fit_setting
from xc_analysis.robustness import assumption_effects, clustered_coverage

NUMBERS = ["median", "lower_80", "upper_80", "lower_95", "upper_95"]


@pytest.fixture(scope="module")
def pm25():
    return xc.sensitivity("pm25")


# --- sensitivity ------------------------------------------------------------------------------


def test_the_first_row_is_the_registered_projection(pm25):
    first, fan = pm25.iloc[0], xc.projection("pm25", as_of=2020)
    assert first["choice"] == "registered" and not first["moves"] and first["note"] == ""
    assert first[NUMBERS].tolist() == fan.frame.loc[2025, NUMBERS].tolist()
    card = xc.scorecard(as_of=2020).set_index("indicator").loc["pm25"]
    assert first["verdict"] == card["verdict_under_reading"]
    assert first["p_meet"] == card["p_under_reading"]


def test_each_row_is_what_project_gives_for_its_choice(pm25):
    s = xc.series("pm25")
    s = s.loc[2015:2020]
    own = {
        ("window", "2016-2020"): {"window": (2016, 2020)},
        ("window", "2017-2020"): {"window": (2017, 2020)},
        ("without", "2020"): {"exclude": (2020,)},
        ("method", "loglinear"): {"method": "loglinear"},
        ("method", "damped"): {"method": "damped"},
        ("method", "last"): {"method": "last"},
        ("prior", "mirrored"): {"prior": "mirrored"},
        ("prior_sd", "0.16"): {"prior_sd": 0.16},
        ("prior_sd", "0.04"): {"prior_sd": 0.04},
    }
    rows = pm25.set_index(["choice", "setting"])
    for key, options in own.items():
        p = xc.project(s, 2025, **options)
        row = rows.loc[key]
        assert row["median"] == pytest.approx(p.median[-1], rel=1e-12)
        assert row["p_meet"] == pytest.approx(p.p_meet("<=", 35, 2025), rel=1e-12)
        assert row["verdict"] == VERDICTS[band(row["p_meet"])]
        assert row["moves"] == (row["verdict"] != pm25["verdict"].iloc[0])
    new = xc.project(xc.series("pm25", basis="new").loc[2015:2020], 2025)
    assert rows.loc[("basis", "new"), "median"] == pytest.approx(new.median[-1])
    assert len(rows) <= 14


def test_each_choice_speaks_both_languages():
    for name in ("pm25", "heavy_day_ratio"):
        for what in xc.sensitivity(name)["what"]:
            assert not any("\u4e00" <= c <= "\u9fff" for c in what.render("en"))
            assert any("\u4e00" <= c <= "\u9fff" for c in what.render("zh"))
            assert "paths" not in what.render("zh") and "<=" not in what.render("zh")


def test_other_readings_are_rows_and_name_their_assumption():
    table = xc.sensitivity("heavy_day_ratio")
    row = table[table["choice"] == "reading"].iloc[0]
    assert (row["setting"], row["assumption"]) == ("<= 0.3", "read_heavy_none")
    fan = xc.projection("heavy_day_ratio", as_of=2020)
    assert row["p_meet"] == fan.p_meet("<=", 0.3, 2025)
    ids = set(xc.load("assumptions")["id"])
    assert set(table["assumption"]) <= ids


def test_what_cannot_be_fitted_keeps_its_row_and_moves_nothing():
    table = xc.sensitivity("green_cover")
    refused = table[table["note"] != ""]
    assert len(refused) and not refused["moves"].any()
    assert refused["median"].isna().all()
    assert table["verdict"].iloc[0] == "about even to likely"


def test_effects_of_the_register():
    table = assumption_effects()
    assert table["moves"].iloc[0] and table["moves"].is_monotonic_decreasing
    row = table[(table["id"] == "path_prior") & (table["indicator"] == "pm25")].iloc[0]
    assert row["verdict"] == "very likely" and row["moves"]
    ((choice, setting, what, verdict, p),) = row["alternatives"]
    assert "mirrored" in what.render("en") and "先验" in what.render("zh")
    assert (choice, setting, verdict) == ("prior", "mirrored", "likely") and 0.66 <= p < 0.9
    assert table[["why_zh", "why_en", "quality", "impact"]].notna().all(axis=None)


# --- hindcast ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def past():
    return xc.hindcast()


def test_a_point_by_hand(past):
    row = past.frame.set_index(["scope", "indicator", "origin", "year"]).loc[
        ("北京市", "pm25", 2018, 2023)
    ]
    s = xc.series("pm25", scope="北京市", source="published")
    p = xc.project(s.loc[2013:2018], 2023, prior_sd=0.08)
    assert row["median"] == pytest.approx(p.median[-1])
    assert row["outturn"] == s.loc[2023, "value"] and row["n"] == 6 and row["horizon"] == 5
    low, high = (end[-1] for end in p.interval(0.8))
    assert row["inside_80"] == (low <= row["outturn"] <= high)
    assert row["error"] == pytest.approx(p.median[-1] - row["outturn"])


def test_only_whole_years_are_outturns(past):
    assert not past.frame["outturn_status"].isin(["estimated", "bound", "partial"]).any()
    district = past.frame[past.frame["scope"] == "西城区"]
    assert 2021 not in set(district["year"]) and {2022, 2025} <= set(district["year"])
    assert (past.frame["year"] > past.frame["origin"]).all()
    # 2013 is an estimate: fitted with its error, not counted
    first = district[(district["origin"] == 2018) & (district["indicator"] == "pm25")]
    assert set(first["n"]) == {5}


def test_what_comes_after_the_origin_does_not_move_the_fan(pack):
    before = xc.hindcast(["so2"], scopes=["北京市"], origins=[2019]).frame
    path = pack / "observations.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    late = (rows["indicator"] == "so2") & (rows["scope"] == "北京市") & (rows["year"] > "2019")
    rows.loc[late & (rows["value"] != ""), "value"] = "40"
    rows.to_csv(path, index=False)
    xc.use_data(pack)
    after = xc.hindcast(["so2"], scopes=["北京市"], origins=[2019]).frame
    pd.testing.assert_frame_equal(before[NUMBERS], after[NUMBERS])
    assert (after["outturn"] == 40).all() and not after["inside_80"].any()


def test_clustered_errors_against_known_cases():
    rng = np.random.default_rng(1)
    inside = rng.random(200) < 0.8
    alone = pd.DataFrame({"scope": "x", "indicator": range(200), "inside_80": inside})
    alone["inside_95"] = True
    row = clustered_coverage(alone).iloc[0]
    assert row["se_80"] == pytest.approx(inside.std(ddof=1) / math.sqrt(200))
    assert row["se_95"] == 0
    # ten copies of twenty points know no more than twenty points
    few = pd.concat([alone.head(20)] * 10)
    assert clustered_coverage(few).iloc[0]["se_80"] == pytest.approx(
        inside[:20].std(ddof=1) / math.sqrt(20)
    )
    one = alone.assign(indicator="a")
    assert math.isnan(clustered_coverage(one).iloc[0]["se_80"])


# --- the next plan ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan():
    return xc.next_plan()


def test_candidates_with_their_chances(plan):
    row = plan.set_index("target_id").loc["n155_pm25_25"]
    fan = xc.projection("pm25")
    assert row["p_meet"] == fan.p_meet("<=", 25, 2030)
    assert row["median"] == fan.median[-1] and row["target_year"] == 2030
    latest = xc.series("pm25").loc[2025, "value"]
    assert row["pace_needed"] == pytest.approx((25 - latest) / 5)
    assert row["rate_needed"] == pytest.approx(100 * ((25 / latest) ** 0.2 - 1))
    first = xc.series("pm25").loc[fit_setting("pm25").window[0], "value"]
    assert row["pace_past"] == pytest.approx((latest - first) / 7)
    assert row["rate_past"] == pytest.approx(100 * ((latest / first) ** (1 / 7) - 1))


def test_already_met_by_the_whole_range(pack):
    """A draft of 29.96 (29.91 to 30.01) against 30 is open, 29.9 meets it."""
    path = pack / "air" / "annual.csv"
    air = pd.read_csv(path, dtype=str, keep_default_na=False)
    at = (air["indicator"] == "pm25") & (air["year"] == "2025") & (air["scope"] == "西城区")
    xc.use_data(pack)
    for value, met, verdict in (
        ("29.96", None, "open"),
        ("29.9", True, "maintenance"),
        ("30.2", False, "about even"),
    ):
        air.loc[at, "value"] = value
        air.to_csv(path, index=False)
        row = xc.next_plan(["pm25"]).iloc[0]
        assert row["already_met"] is met or row["already_met"] == met
        assert row["verdict"] == verdict


def test_nothing_is_told_beyond_five_years_of_the_last_value(plan):
    for row in plan[plan["latest_year"] == 2020].itertuples():
        assert math.isnan(row.p_meet) and math.isnan(row.median)
    assert plan["verdict"].ne("").all()


def test_an_indicator_without_candidate_is_named():
    with pytest.raises(InputError, match="co2_total"):
        xc.next_plan(["co2_total"])
    assert set(xc.next_plan(["PM2.5"])["indicator"]) == {"pm25"}
