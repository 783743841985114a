"""How far a verdict holds: sensitivity, hindcasts and candidates for the next plan."""

import math

import numpy as np
import pandas as pd
import pytest
from drawing import CHINESE
from minipack import change

import xc_analysis as xc
from xc_analysis.assessment import VERDICTS, assumption_effects, band, clustered_coverage
from xc_analysis.errors import InputError
from xc_analysis.fits import fit_setting


def test_each_row_is_what_project_gives_for_its_choice():
    s, pm25 = xc.series("pm25").loc[2015:2020], xc.sensitivity("pm25")
    rows = pm25.set_index(["choice", "setting"])
    ends = ["median", "lower_80", "upper_80", "lower_95", "upper_95"]
    own = {("window", f"{start}-2020"): {"window": (start, 2020)} for start in (2016, 2017)}
    own |= {("without", "2020"): {"exclude": (2020,)}, ("prior", "mirrored"): {"prior": "mirrored"}}
    own |= {("method", name): {"method": name} for name in ("loglinear", "damped", "last")}
    own |= {("prior_sd", f"{sd}"): {"prior_sd": sd} for sd in (0.16, 0.04)}
    for key, options in ({("registered", "2015-2020 paths"): {}} | own).items():
        p, row = xc.project(s, 2025, **options), rows.loc[key]
        told = [*p.frame.loc[2025, ends], p.p_meet("<=", 35, 2025)]
        assert row[[*ends, "p_meet"]].tolist() == pytest.approx(told, rel=1e-12)
        assert row["verdict"] == VERDICTS[band(row["p_meet"])] and row["note"] == ""
        assert row["moves"] == (row["verdict"] != pm25["verdict"].iloc[0])
    new = xc.project(xc.series("pm25", basis="new").loc[2015:2020], 2025)
    assert rows.loc[("basis", "new"), "median"] == pytest.approx(new.median[-1])
    card = xc.scorecard(as_of=2020).set_index("indicator").loc["pm25"]
    assert pm25.loc[0, "p_meet"] == card["p_under_reading"]
    beside = {("registered", "2015-2020 paths"), ("basis", "new"), ("source", "published")}
    assert set(rows.index) == {*own, *beside}


def test_other_readings_and_what_cannot_be_fitted_are_rows_in_one_language():
    table = xc.sensitivity("heavy_day_ratio")
    row = table[table["choice"] == "reading"].iloc[0]
    assert (row["setting"], row["assumption"]) == ("<= 0.3", "read_heavy_none")
    assert row["p_meet"] == xc.projection("heavy_day_ratio", as_of=2020).p_meet("<=", 0.3, 2025)
    assert set(table["assumption"]) <= set(xc.load("assumptions")["id"])
    for what in table["what"]:
        assert CHINESE.search(what.render("zh")) and not CHINESE.search(what.render("en"))
        assert "paths" not in what.render("zh") and "<=" not in what.render("zh")
    green = xc.sensitivity("green_cover")
    refused = green[green["note"] != ""]
    assert len(refused) and not refused["moves"].any() and refused["median"].isna().all()
    assert green["verdict"].iloc[0] == "about even to likely"


def test_effects_of_the_register():
    table = assumption_effects()
    assert table["moves"].iloc[0] and table["moves"].is_monotonic_decreasing
    row = table[(table["id"] == "path_prior") & (table["indicator"] == "pm25")].iloc[0]
    ((choice, setting, _, verdict, p),) = row["alternatives"]
    assert (choice, setting, row["moves"]) == ("prior", "mirrored", True)
    assert (row["verdict"], verdict) == ("very likely", "likely") and 0.66 <= p < 0.9
    assert table[["why_zh", "why_en", "quality", "impact"]].notna().all(axis=None)


def test_a_hindcast_knows_what_its_origin_knew_and_only_whole_years_are_outturns():
    past = xc.hindcast().frame
    row = past.set_index(["scope", "indicator", "origin", "year"]).loc["北京市", "pm25", 2018, 2023]
    s = xc.series("pm25", scope="北京市", source="published")
    p, came = xc.project(s.loc[2013:2018], 2023, prior_sd=0.08), s.loc[2023, "value"]
    low, high = (end[-1] for end in p.interval(0.8))
    told = [p.median[-1], p.median[-1] - came, came, low <= came <= high, 6, 5]
    named = ["median", "error", "outturn", "inside_80", "n", "horizon"]
    assert row[named].tolist() == pytest.approx(told)
    assert not past["outturn_status"].isin(["estimated", "bound", "partial"]).any()
    district = past[past["scope"] == "西城区"]
    assert 2021 not in set(district["year"]) and {2022, 2025} <= set(district["year"])
    # 2013 is an estimate: fitted with its error, not counted
    assert set(district.query("origin == 2018 and indicator == 'pm25'")["n"]) == {5}
    with pytest.raises(InputError, match="earlier origins"):
        xc.hindcast(["pm25"], origins=[2025])


def test_ten_copies_of_twenty_points_know_no_more_than_twenty_points():
    inside = np.random.default_rng(1).random(20) < 0.8
    alone = pd.DataFrame({"scope": "x", "indicator": range(20), "inside_80": inside})
    alone["inside_95"] = True
    for frame in (alone, pd.concat([alone] * 10)):
        told = clustered_coverage(frame)[["se_80", "se_95"]].to_numpy()[0]
        assert told == pytest.approx([inside.std(ddof=1) / math.sqrt(20), 0])


def test_candidates_with_their_chances():
    plan, fan, values = xc.next_plan(), xc.projection("pm25"), xc.series("pm25")["value"]
    row = plan.set_index("target_id").loc["n155_pm25_25"]
    assert row["p_meet"] == fan.p_meet("<=", 25, 2030) and row["median"] == fan.median[-1]
    latest, first = values[2025], values[fit_setting("pm25").window[0]]
    rates = [100 * ((25 / latest) ** (1 / 5) - 1), 100 * ((latest / first) ** (1 / 7) - 1)]
    paces = [(25 - latest) / 5, (latest - first) / 7]
    named = ["pace_needed", "pace_past", "rate_needed", "rate_past"]
    assert row[named].tolist() == pytest.approx([*paces, *rates])
    with pytest.raises(InputError, match="co2_total"):
        xc.next_plan(["PM2.5", "co2_total"])


@pytest.mark.parametrize(
    ("value", "met", "verdict"),
    [("29.96", None, "open"), ("29.9", True, "maintenance"), ("30.2", False, "about even")],
)
def test_already_met_by_the_whole_range(pack, value, met, verdict):
    """A draft of 29.96 (29.91 to 30.01) against 30 is open, 29.9 meets it."""
    where = {"indicator": "pm25", "year": "2025", "scope": "西城区"}
    change(pack, "air/annual", where, value=value)
    xc.use_data(pack)
    row = xc.next_plan(["PM2.5"]).iloc[0]
    assert (row["indicator"], row["already_met"], row["verdict"]) == ("pm25", met, verdict)
