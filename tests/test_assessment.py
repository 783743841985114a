"""Verdicts: the eleven rules enumerated, their terms, and what stands beside them."""

import math
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.assessment import BANDS, VERDICTS, band, flag_codes
from xc_analysis.errors import InputError
from xc_analysis.targets import Target

PM25 = pd.Series([83.0, 78.0, 63.0, 53.0, 44.0, 40.0], index=range(2015, 2021))
CANNOT = "cannot be judged"


def level(comparator, value, year=2025, **more):
    row = {"kind": "level", "comparator": comparator, "value": value, "target_year": year}
    return row | more


def frame(rows, **attrs):
    """A series from (year, value, status, lower, upper, completeness, release, basis)."""
    names = ("year", "value", "status", "lower", "upper", "completeness", "release", "basis")
    out = pd.DataFrame([dict(zip(names, row, strict=False)) for row in rows], columns=names)
    out = out.set_index("year")
    out.attrs = attrs
    return out


# --- the rules, enumerated --------------------------------------------------------------------

# what the last year may be: (status, value, lower, upper, completeness, release) around a target
# of 50 that asks for less; the second entry says what the specification calls it
LATEST = {
    "nothing": (None, "none"),
    "part of a year": (("computed", 40, None, None, "partial"), "none"),
    "part of a year that misses": (("partial", 60), "none"),
    "published": (("printed", 40), "firm meets"),
    "published, misses": (("printed", 60), "firm misses"),
    "whole year": (("computed", 40, None, None, "strict"), "firm meets"),
    "whole year, misses": (("computed", 60, None, None, "adequate"), "firm misses"),
    "two treatments": (("computed", 48, 45, 55, "strict"), "range spans"),
    "derived": (("derived", 40, 39, 41), "range meets"),
    "derived, spans": (("derived", 49, 48, 52), "range spans"),
    "derived, misses": (("derived", 60, 59, 61), "range misses"),
    "derived without range": (("derived", 40), "range meets"),
    "estimate": (("estimated", 40, 35, 45, "partial"), "range meets"),
    "estimate, spans": (("estimated", 49, 40, 60, "partial"), "range spans"),
    "estimate, misses": (("estimated", 60, 55, 65, "partial"), "range misses"),
    "estimate without range": (("estimated", 40, None, None, "partial"), "range spans"),
    "bound above": (("bound", None, None, 45), "range meets"),
    "bound above, spans": (("bound", None, None, 55), "range spans"),
    "bound below": (("bound", None, 45, None), "range spans"),
    "bound below, misses": (("bound", None, 55, None), "range misses"),
    "draft": (("computed", 40, None, None, "strict", "draft"), "range meets"),
    "draft, misses": (("draft", 60), "range misses"),
    "draft at its rounding": (("draft", 50), "range spans"),
    "draft with range": (("draft", 48, 46, 53), "range spans"),
}
KINDS = ("delegated", "qualitative", "change without base", "change", "level", "level at floor")
BEFORE = (0, 1, 2, 5)  # whole earlier years


def specified(kind, over, last, before):
    """The rule of docs/methods.md (6), written from its text: number and what it may say."""
    known, counted = (
        LATEST[last][1],
        before
        + (LATEST[last][0] or ("",))[0].startswith(("printed", "computed", "derived", "draft")),
    )
    if LATEST[last][1] == "none":
        counted = before
    if kind in ("delegated", "qualitative"):
        return 1, {CANNOT}
    if kind == "change without base":
        return 2, {CANNOT}
    if over:
        if known == "none":
            return 5, {"no value for the target year"}
        if known.startswith("firm"):
            return 3, {"met" if known == "firm meets" else "not met"}
        ends = {"meets": "met", "misses": "not met", "spans": "open"}
        return 4, {f"{ends[known.split()[1]]} (provisional)"}
    if known == "none":
        if not before:
            return 6, {CANNOT}
        known = "firm misses"  # the earlier years all miss
    if known.endswith("spans"):
        return 7, {"open"}
    if known.endswith("meets"):
        return 8, {"maintenance"}
    if kind == "level at floor":
        return 9, {"gap"}
    if counted <= 2:
        bands = {v for k, v in VERDICTS.items() if k in dict(BANDS).values()}
        spans = {f"{a} to {b}" for a in bands for b in bands} | {
            f"{a} (every model)" for a in bands
        }
        return 10, {"gap"} if counted < 2 else spans
    return 11, {VERDICTS[key] for _, key in BANDS}


def case_of(kind, over, last, before):
    """A series and target of one combination; the base year of a change is 2010."""
    end = 2025 if over else 2023
    floor = 50.0 if kind == "level at floor" else 0.0
    rows = [(2022 - k, 70.0 + k, "printed") for k in range(before)]
    if kind == "change":
        rows.append((2010, 100.0, "printed"))
    if LATEST[last][0] is not None:
        rows.append((end, LATEST[last][0][1], LATEST[last][0][0], *LATEST[last][0][2:]))
    aim = {"kind": kind.split()[0], "target_year": 2025, "base_year": 2010}
    if kind.startswith("change"):
        aim |= {"comparator": "<=", "value": -50, "unit": "%"}
    elif kind.startswith("level"):
        aim |= {"comparator": "<=", "value": 50}
    s = frame(rows, scale="log", floor=floor, decimals=0, prior_sd=0.1, better="lower")
    return s, aim, (2025 if over else 2024)


COMBINATIONS = [
    c
    for c in product(KINDS, (False, True), LATEST, BEFORE)
    # below a floor there is no value: such a target is only ever missed
    if not (c[0] == "level at floor" and ("meets" in LATEST[c[2]][1] or "spans" in LATEST[c[2]][1]))
    # the base year of a change is a value of its own
    and not (c[0] == "change" and (c[3] == 0 or (c[1] is False and c[3] < 3)))
]


@pytest.fixture(scope="module")
def judged():
    """Every combination with its assessment."""
    out = {}
    for combination in COMBINATIONS:
        s, aim, as_of = case_of(*combination)
        out[combination] = xc.assess(s, aim, as_of=as_of)
    return out


def test_every_combination_finds_exactly_one_rule(judged):
    for combination, got in judged.items():
        want, terms = specified(*combination)
        assert got.rule == want, combination
        assert got.verdict in terms, combination


def test_the_combinations_reach_every_rule():
    assert len(COMBINATIONS) > 700
    assert {specified(*c)[0] for c in COMBINATIONS} == set(range(1, 12))


def test_a_probability_is_told_only_by_the_rules_that_may(judged):
    for got in judged.values():
        if got.p_meet == got.p_meet:
            assert got.rule in (8, 11) and got.n >= 3 and got.as_of < got.target.year
        assert (got.p_span is not None) == (got.rule == 10 and got.n == 2)


# --- single rules with their numbers ----------------------------------------------------------


def test_delegated_says_what_is_missing_and_its_reading_stands_apart():
    a = xc.assess(PM25, {"kind": "delegated", "target_year": 2025, "reading": "<= 35"})
    direct = xc.assess(PM25, level("<=", 35))
    assert (a.verdict, a.rule, a.key) == (CANNOT, 1, "no_target")
    assert math.isnan(a.p_meet) and math.isnan(a.margin)
    under = a.under_reading
    assert (under.verdict, under.p_meet) == (direct.verdict, direct.p_meet)
    assert "reading" in flag_codes(under.flags) and "reading" not in flag_codes(a.flags)
    none = xc.assess(PM25, {"kind": "delegated", "target_year": 2025})
    assert none.under_reading is None


@pytest.mark.parametrize(
    ("unit", "own", "change", "asked"),
    [
        ("%", "µg/m³", -18, 32.8),
        ("%", "", -51.8, 19.28),
        ("µg/m³", "µg/m³", -5, 35.0),
        ("pp", "%", -1.5, 38.5),
    ],
)
def test_a_change_is_the_level_it_asks_for(unit, own, change, asked):
    s = PM25.copy()
    s.attrs = {"unit": own}
    row = level("<=", change, unit=unit, kind="change", base_year=2020)
    a, direct = xc.assess(s, row), xc.assess(s, level("<=", asked, unit=own))
    assert (a.verdict, a.p_meet, a.margin) == (direct.verdict, direct.p_meet, direct.margin)


@pytest.mark.parametrize(("status", "told"), [("derived", ""), ("estimated", " (provisional)")])
def test_a_change_from_a_base_with_a_range_asks_for_a_range(status, told):
    """-50 % of 83 (81.9 to 84.1) asks for 40.95 to 42.05: 41.5 decides nothing."""
    row = level("<=", -50, unit="%", kind="change", base_year=2015)
    for value, verdict in ((40.9, "met" + told), (42.1, "not met" + told)):
        s = frame([(2015, 83.0, status, 81.9, 84.1), (2025, value, "printed")])
        assert xc.assess(s, row).verdict == verdict
    s.loc[2025, "value"] = 41.5
    assert xc.assess(s, row).verdict == "open (provisional)"


def test_a_series_of_changes_is_judged_by_the_number_itself():
    s = pd.Series([-10.0, -19.0], index=[2024, 2025])
    s.attrs = {"indicator": "co2_per_gdp_change", "unit": "%", "statistic": "change over period"}
    row = level("<=", -18, unit="%", kind="change", base_year=2020)
    assert xc.assess(s, row).verdict == "met"


def test_a_change_in_per_cent_of_a_series_in_per_cent_is_refused():
    s = PM25.copy()
    s.attrs = {"unit": "%"}
    with pytest.raises(InputError, match="pp"):
        xc.assess(s, level("<=", -2, unit="%", kind="change", base_year=2020))
    with pytest.raises(InputError, match="base_year"):
        xc.assess(PM25, level("<=", -2, unit="%", kind="change"))


def test_no_probability_for_a_year_that_is_over():
    a = xc.assess(PM25, level("<=", 35), as_of=2025)
    assert a.verdict == "no value for the target year" and math.isnan(a.p_meet)
    assert a.latest == 40 and a.latest_year == 2020 and a.margin == -5
    assert "2020" in a.why.render("en") and "5" in a.why.render("en")


def test_bands_hold_their_lower_end():
    cuts, keys = (0.9, 0.66, 0.33, 0.1, 0.0), [key for _, key in BANDS]
    assert keys == ["very_likely", "likely", "about_even", "unlikely", "very_unlikely"]
    assert [band(p) for p in cuts] == keys and band(1.0) == keys[0]
    assert [band(np.nextafter(p, 0)) for p in cuts[:-1]] == keys[1:]


def test_a_probability_is_that_of_the_projection():
    a = xc.assess(PM25, "<= 35", year=2025)
    p = xc.project(PM25, 2025)
    assert a.p_meet == p.p_meet("<=", 35, 2025) and a.verdict == VERDICTS[band(a.p_meet)]
    assert (a.n, a.grade, a.rule) == (6, "B", 11)
    b = xc.assess(p, "<= 35", year=2025)
    assert (b.verdict, b.p_meet, b.margin) == (a.verdict, a.p_meet, a.margin)
    with pytest.raises(InputError, match="2025"):
        xc.assess(xc.project(PM25, 2023), "<= 35", year=2025)


def test_a_told_probability_is_of_its_band():
    """0.329 is unlikely and must not be told as 0.33, where about even begins."""
    s = PM25.copy()
    for aim in np.arange(10, 35, 0.1):
        a = xc.assess(s, level("<=", round(aim, 1)))
        told = re.search(r"probability (0\.\d+|1\.\d+)", a.why.render("en"))[1]
        assert VERDICTS[band(float(told))] == a.verdict


def test_two_values_give_a_span_over_the_models_and_no_band():
    s = pd.Series([30.38, 31.80], index=[2015, 2020])
    s.attrs = {"scale": "logit", "floor": 0, "ceiling": 100, "prior_sd": 0.02, "better": "higher"}
    a = xc.assess(s, ">= 31.85", year=2025)
    each = [
        xc.project(s, 2025, method=m).p_meet(">=", 31.85, 2025) for m in ("paths", "damped", "last")
    ]
    assert a.p_span == pytest.approx((min(each), max(each)))
    assert a.verdict == "about even to likely" and math.isnan(a.p_meet)
    assert a.verdict in a.why.render("en") and (a.grade, a.rule) == ("D", 10)
    assert "two_values" in flag_codes(a.flags)


def test_no_probability_more_than_five_years_beyond_the_last_value():
    assert xc.assess(PM25, "<= 30", year=2025).p_meet > 0
    a = xc.assess(PM25, "<= 30", year=2026)
    assert a.verdict == "too far to say" and math.isnan(a.p_meet)
    low = xc.assess(PM25, "<= 60", year=2035)
    assert low.verdict == "maintenance" and math.isnan(low.p_meet)
    two = xc.assess(PM25.loc[[2015, 2020]], "<= 30", year=2030)
    assert two.verdict == "too far to say" and two.p_span is None


def test_maintenance_has_a_probability_from_three_values_on():
    s = pd.Series([30.0, 31.0, 29.0], index=range(2018, 2021))
    a = xc.assess(s, "<= 35", year=2025)
    assert a.verdict == "maintenance" and a.margin == 6
    assert a.p_meet == xc.project(s, 2025).p_meet("<=", 35, 2025)
    b = xc.assess(s.loc[2019:], "<= 35", year=2025)
    assert b.verdict == "maintenance" and math.isnan(b.p_meet)
    full = pd.Series([100.0, 100, 100], index=range(2018, 2021))
    full.attrs = {"scale": "logit", "floor": 0, "ceiling": 100, "unit": "%"}
    c = xc.assess(full, "> 99", year=2025)
    assert c.verdict == "maintenance" and math.isnan(c.p_meet)


def test_a_target_at_the_ceiling_has_a_gap_and_a_pace():
    s = pd.Series([81.61, 90.0, 97.57], index=[2015, 2018, 2020])
    s.attrs = {"scale": "logit", "floor": 0, "ceiling": 100, "unit": "%"}
    for text in ("= 100", ">= 100"):
        a = xc.assess(s, text, year=2025)
        assert (a.verdict, a.rule) == ("gap", 9) and math.isnan(a.p_meet)
        assert a.margin == pytest.approx(-2.43)
        assert a.pace_needed == pytest.approx(2.43 / 5)
        assert a.pace_past == pytest.approx(15.96 / 5)
        assert "percentage points" in a.label("en") and "个百分点" in a.label("zh")


def test_what_a_series_does_not_say_is_read_from_the_register():
    """A bare series with the plan's target: 100 % is the ceiling, PM2.5 falls."""
    a = xc.assess(pd.Series([97.57], index=[2020]), xc.target("park_500m_coverage"))
    assert (a.rule, a.verdict) == (9, "gap")
    s = pd.Series([30.38, 31.80], index=[2015, 2020])
    assert xc.assess(s, xc.target("green_cover")).verdict == "about even to likely"


def test_what_cannot_be_fitted_is_a_gap_with_the_reason():
    s = pd.Series([100.0, 90, 80], index=range(2018, 2021))
    s.attrs = {"scale": "logit", "floor": 0, "ceiling": 100, "better": "higher"}
    a = xc.assess(s, ">= 95", year=2025)
    assert a.verdict == "gap" and math.isnan(a.p_meet) and "2018" in a.why.render("en")


def test_another_boundary_is_no_value_but_another_state_is_flagged():
    rows = [
        (2015, 81.6, "derived", 81.6, 81.62),
        (2020, 97.57, "printed"),
        (2022, 97.73, "printed"),
    ]
    s = frame(rows, unit="%")
    s["basis"] = ["district-wide", "outside-historic", "district-wide"]
    a = xc.assess(s, level("=", 100, base_year=2020), as_of=2024)
    assert (a.n, a.latest_year) == (1, 2020)
    s["basis"] = ["ref-273K", "ref-298K", "ref-298K"]
    a = xc.assess(s, level("=", 100, base_year=2020), as_of=2024)
    assert a.n == 3 and "basis" in flag_codes(a.flags)


# --- time of knowledge ------------------------------------------------------------------------


def test_nothing_after_as_of_is_used():
    later = pd.concat([PM25, pd.Series([1.0, 500.0], index=[2021, 2022])])
    a, b = xc.assess(later, "<= 35", year=2025, as_of=2020), xc.assess(PM25, "<= 35", year=2025)
    assert (a.p_meet, a.latest_year, a.verdict) == (b.p_meet, 2020, b.verdict)


def test_as_of_defaults_to_the_last_year_on_record():
    noise = xc.series("traffic_noise")
    assert xc.assess(noise, xc.target("traffic_noise")).verdict == "no value for the target year"
    noise.loc[2025, ["value", "status", "source_id"]] = [69.2, "draft", "an example"]
    a = xc.assess(noise, xc.target("traffic_noise"))
    assert (a.verdict, a.outturn) == ("met (provisional)", 69.2)
    assert (a.outturn_lower, a.outturn_upper) == pytest.approx((69.15, 69.25))
    # a series that is not from the register knows only itself
    assert xc.assess(PM25, "<= 35", year=2025).as_of == 2020


def test_a_series_of_the_register_is_fitted_with_its_window():
    a = xc.assess(xc.series("pm25"), "<= 35", year=2025, as_of=2020)
    p = xc.projection("pm25", as_of=2020)
    assert a.p_meet == p.p_meet("<=", 35, 2025) and a.n == 6 and a.grade == "A"


# --- beside the verdict -----------------------------------------------------------------------


def test_grades():
    """A takes six values with station records behind them, whatever else comes out of print."""
    for n, source, grade in zip((7, 6, 6, 5, 3, 2, 1), "sspspss", "AABCCDE", strict=True):
        s = pd.Series(np.linspace(90, 40, n), index=range(2021 - n, 2021))
        s.attrs = {"source": {"s": "station", "p": "published"}[source]}
        assert xc.assess(s, "<= 35", year=2025).grade == grade


def test_flags_with_their_reasons():
    s = pd.Series([13.0, 11.0, 9.0, 8.0], index=range(2017, 2021))
    s.attrs = {"decimals": 0}
    codes = flag_codes(xc.assess(s, "<= 6", year=2025).flags).split(";")
    assert codes[:2] == ["exceptional", "prior"] and "rounding" in codes
    assert "exceptional" not in flag_codes(xc.assess(s.loc[:2019], "<= 6", year=2024).flags)


def test_progress_over_time_by_hand():
    s = pd.Series([60.0, 50.0], index=[2020, 2022])
    a = xc.assess(s, level("<=", 40, base_year=2020))
    # half of the way in two of five years
    assert a.progress == pytest.approx(0.5 / 0.4)


def test_progress_refuses():
    delegated = {"kind": "delegated", "target_year": 2025, "base_year": 2020}
    later, sooner = {2020: 60, 2022: 50}, {2018: 70, 2020: 60}
    for aim, values, reason in (
        (delegated, later, "no_number"),
        (level("<=", 40, base_year=2019), later, "no_base"),
        (level("<=", 60, base_year=2020), later, "met_at_base"),
        (level("<=", 40, base_year=2020), sooner, "no_later_value"),
    ):
        a = xc.assess(pd.Series(values, dtype=float), aim, as_of=2023)
        assert math.isnan(a.progress), reason
    s = frame([(2017, 60.0, "printed"), (2022, 50.0, "printed")])
    s["basis"] = ["ref-273K", "ref-298K"]
    a = xc.assess(s, level("<=", 40, base_year=2017), as_of=2023)
    assert math.isnan(a.progress)


def test_an_annual_mean_is_called_just_that():
    s = pd.Series([34.0], index=[2025])
    s.attrs = {"unit": "µg/m³", "statistic": "mean"}
    assert "年均值达标" in xc.assess(s, "<= 35", year=2025).why.render("zh")
    assert "年均值达标" not in xc.assess(s, "<= 30", year=2025).why.render("zh")
    s.attrs["statistic"] = "p90 of daily maximum 8-hour mean"
    assert "年均值达标" not in xc.assess(s, "<= 35", year=2025).why.render("zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_verdict_and_reason_speaks_both_languages(judged, lang):
    for a in judged.values():
        for text in (a.label(lang), a.why.render(lang), *(f.render(lang) for f in a.flags)):
            assert text == text.strip() and not {"nan", "inf", "-inf"} & set(text.split())
            assert any("\u4e00" <= c <= "\u9fff" for c in text) == (lang == "zh")


def test_an_assessment_shows_itself():
    a = xc.assess(PM25, {"kind": "delegated", "target_year": 2025, "reading": "<= 35"})
    html = a._repr_html_()
    assert "cannot be judged" in html and a.under_reading.label() in html and "0.9" in html
    row = a.under_reading.frame.iloc[0]
    assert row["verdict"] == a.under_reading.verdict and row["n"] == 6


@pytest.mark.parametrize(
    ("data", "target", "match"),
    [
        (42, "<= 35", "series"),
        (pd.DataFrame({"x": [1.0]}, index=[2020]), "<= 35", "value"),
        (
            pd.Series([1.0], index=pd.period_range("2020-01", periods=1, freq="M")),
            "<= 35",
            "series",
        ),
        (PM25, Target("no2", "level", 2025, "<=", 40.0), "no2"),
        (PM25, Target("pm25", "level", 2025, "<=", 40.0, unit="mg/m³"), "mg/m³"),
    ],
)
def test_what_does_not_fit_is_refused(data, target, match):
    if data is PM25:
        data = data.copy()
        data.attrs = {"indicator": "pm25", "unit": "µg/m³"}
    with pytest.raises(InputError, match=match):
        xc.assess(data, target, year=2025)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(0.5, 500), max_size=7),
    st.sampled_from(["", "<= 35", ">= 35", "< 1000", "> 0"]),
    st.sampled_from(["delegated", "qualitative"]),
)
def test_no_number_no_verdict_whatever_the_data(values, reading, kind):
    s = pd.Series(values, index=range(2013, 2013 + len(values)), dtype=float)
    a = xc.assess(s, {"kind": kind, "target_year": 2025, "reading": reading}, as_of=2024)
    assert a.verdict == CANNOT and math.isnan(a.p_meet)
    assert (a.under_reading is not None) == bool(reading)


def test_a_number_handed_down_makes_the_row_ordinary():
    row = xc.load("targets").set_index("target_id").loc["t145_03"].to_dict()
    handed = row | {"kind": "level", "comparator": "<=", "value": 34.0, "indicator": "pm25"}
    a = xc.assess(xc.series("pm25"), handed, as_of=2025)
    assert (a.verdict, a.rule) == ("met (provisional)", 4)
    assert xc.assess(xc.series("pm25"), handed, as_of=2020).rule == 11
