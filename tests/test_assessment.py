"""Verdicts: the eleven rules enumerated, their terms, and what stands beside them."""

import math
import re
from itertools import product

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.assessment import BANDS, VERDICTS, band, flag_codes
from xc_analysis.errors import InputError
from xc_analysis.targets import Target

PM25 = pd.Series([83.0, 78.0, 63.0, 53.0, 44.0, 40.0], index=range(2015, 2021))
SHARE = {"scale": "logit", "floor": 0, "ceiling": 100, "unit": "%"}
CANNOT = "cannot be judged"
HALF = {"unit": "%", "kind": "change"}


def level(comparator, value, year=2025, **more):
    row = {"kind": "level", "comparator": comparator, "value": value, "target_year": year}
    return row | more


def years(*values, last=2020, **attrs):
    """A bare series that ends in a year."""
    s = pd.Series(values, index=range(last + 1 - len(values), last + 1), dtype=float)
    s.attrs = attrs
    return s


def frame(rows, basis=None, **attrs):
    """A series from (year, value, status, lower, upper, completeness, release)."""
    names = ("year", "value", "status", "lower", "upper", "completeness", "release")
    out = pd.DataFrame([dict(zip(names, row, strict=False)) for row in rows], columns=names)
    out = out.set_index("year").assign(basis=basis)
    out.attrs = attrs
    return out


# what the last year may be: (status, value, lower, upper, completeness, release) around a target
# of 50 that asks for less; the second entry says what the specification calls it
LATEST = {
    "nothing": ((), "none"),
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
    row, known = LATEST[last]
    whole = known != "none" and row[0] in ("printed", "computed", "derived", "draft")
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
    bands = {VERDICTS[key] for _, key in BANDS}
    if before + whole < 2:
        return 10, {"gap"}
    if before + whole == 2:
        spans = {f"{a} to {b}" for a in bands for b in bands}
        return 10, spans | {f"{a} (every model)" for a in bands}
    return 11, bands


def case_of(kind, over, last, before):
    """A series and target of one combination; the base year of a change is 2010."""
    floor = 50.0 if kind == "level at floor" else 0.0
    rows = [(2022 - k, 70.0 + k, "printed") for k in range(before)]
    if kind == "change":
        rows.append((2010, 100.0, "printed"))
    if LATEST[last][0]:
        status, value, *more = LATEST[last][0]
        rows.append((2025 if over else 2023, value, status, *more))
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
    if not (c[0] == "level at floor" and LATEST[c[2]][1].endswith(("meets", "spans")))
    # the base year of a change is a value of its own
    and not (c[0] == "change" and (c[3] == 0 or (c[1] is False and c[3] < 3)))
]


@pytest.fixture(scope="module")
def judged():
    """Every combination with its assessment."""
    cases = {c: case_of(*c) for c in COMBINATIONS}
    return {c: xc.assess(s, aim, as_of=as_of) for c, (s, aim, as_of) in cases.items()}


def test_every_combination_finds_exactly_one_rule(judged):
    assert len(judged) > 700 and {a.rule for a in judged.values()} == set(range(1, 12))
    for combination, got in judged.items():
        rule, terms = specified(*combination)
        assert got.rule == rule and got.verdict in terms, combination
        # a probability is told only by the rules that may
        if got.p_meet == got.p_meet:
            assert got.rule in (8, 11) and got.n >= 3 and got.as_of < got.target.year
        assert (got.p_span is not None) == (got.rule == 10 and got.n == 2)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_verdict_and_reason_speaks_both_languages(judged, lang):
    for a in judged.values():
        for text in (a.label(lang), a.why.render(lang), *(f.render(lang) for f in a.flags)):
            assert text == text.strip() and not {"nan", "inf", "-inf"} & set(text.split())
            assert any("\u4e00" <= c <= "\u9fff" for c in text) == (lang == "zh")


def test_delegated_says_what_is_missing_and_its_reading_stands_apart():
    a = xc.assess(PM25, {"kind": "delegated", "target_year": 2025, "reading": "<= 35"})
    direct, under = xc.assess(PM25, level("<=", 35)), a.under_reading
    assert xc.assess(PM25, {"kind": "delegated", "target_year": 2025}).under_reading is None
    assert (a.verdict, a.rule, a.key) == (CANNOT, 1, "no_target")
    assert math.isnan(a.p_meet) and math.isnan(a.margin)
    assert (under.verdict, under.p_meet) == (direct.verdict, direct.p_meet)
    assert "reading" in flag_codes(under.flags) and "reading" not in flag_codes(a.flags)
    html = a._repr_html_()
    assert CANNOT in html and under.label() in html and f"{under.p_meet:.2f}" in html
    assert under.frame.loc[0, ["verdict", "n"]].tolist() == [under.verdict, 6]


CHANGES = (("%", "µg/m³", -18, 32.8), ("%", "", -51.8, 19.28))
CHANGES += (("µg/m³", "µg/m³", -5, 35.0), ("pp", "%", -1.5, 38.5))


@pytest.mark.parametrize(("unit", "own", "change", "asked"), CHANGES)
def test_a_change_is_the_level_it_asks_for(unit, own, change, asked):
    s = years(*PM25, unit=own)
    a = xc.assess(s, level("<=", change, unit=unit, kind="change", base_year=2020))
    direct = xc.assess(s, level("<=", asked, unit=own))
    assert (a.verdict, a.p_meet, a.margin) == (direct.verdict, direct.p_meet, direct.margin)


@pytest.mark.parametrize(("status", "told"), [("derived", ""), ("estimated", " (provisional)")])
def test_a_change_from_a_base_with_a_range_asks_for_a_range(status, told):
    """-50 % of 83 (81.9 to 84.1) asks for 40.95 to 42.05: 41.5 decides nothing."""
    verdicts = {40.9: "met" + told, 42.1: "not met" + told, 41.5: "open (provisional)"}
    for value, verdict in verdicts.items():
        s = frame([(2015, 83.0, status, 81.9, 84.1), (2025, value, "printed")])
        assert xc.assess(s, level("<=", -50, **HALF, base_year=2015)).verdict == verdict
    # a series of changes is judged by the number itself
    s = years(-10, -19, last=2025, indicator="co2_per_gdp_change", unit="%")
    assert xc.assess(s, level("<=", -18, **HALF, base_year=2020)).verdict == "met"


def test_bands_hold_their_lower_end_and_what_is_told_is_of_its_band():
    cuts = (0.9, 0.66, 0.33, 0.1, 0.0)
    keys = ["very_likely", "likely", "about_even", "unlikely", "very_unlikely"]
    assert [band(p) for p in cuts] == keys and band(1.0) == keys[0]
    assert [band(np.nextafter(p, 0)) for p in cuts[:-1]] == keys[1:]
    # 0.329 is unlikely and must not be told as 0.33, where about even begins
    for aim in (*np.arange(10, 35, 0.25), 14.1, 17.9, 22.3, 28.3):
        a = xc.assess(PM25, level("<=", round(aim, 2)))
        told = re.search(r"probability (0\.\d+|1\.\d+)", a.why.render("en"))[1]
        assert VERDICTS[band(float(told))] == a.verdict == VERDICTS[band(a.p_meet)]


def test_a_probability_is_that_of_the_projection():
    a, p = xc.assess(PM25, "<= 35", year=2025), xc.project(PM25, 2025)
    assert a.p_meet == p.p_meet("<=", 35, 2025) and (a.n, a.grade, a.rule) == (6, "B", 11)
    b = xc.assess(p, "<= 35", year=2025)
    assert (b.verdict, b.p_meet, b.margin) == (a.verdict, a.p_meet, a.margin)
    with pytest.raises(InputError, match="2025"):
        xc.assess(xc.project(PM25, 2023), "<= 35", year=2025)


def test_two_values_give_a_span_over_the_models_and_no_band():
    s = pd.Series([30.38, 31.80], index=[2015, 2020])
    s.attrs = SHARE | {"prior_sd": 0.02, "better": "higher"}
    a, models = xc.assess(s, ">= 31.85", year=2025), ("paths", "damped", "last")
    each = [xc.project(s, 2025, method=m).p_meet(">=", 31.85, 2025) for m in models]
    assert a.p_span == pytest.approx((min(each), max(each)))
    assert a.verdict == "about even to likely" and math.isnan(a.p_meet)
    assert a.verdict in a.why.render("en") and (a.grade, a.rule) == ("D", 10)
    assert "two_values" in flag_codes(a.flags)


def test_no_probability_for_a_year_that_is_over_or_too_far():
    assert xc.assess(PM25, "<= 30", year=2025).p_meet > 0
    two = PM25.loc[[2015, 2020]]
    for s, text, year, as_of, verdict in (
        (PM25, "<= 35", 2025, 2025, "no value for the target year"),
        (PM25, "<= 30", 2026, None, "too far to say"),
        (PM25, "<= 60", 2035, None, "maintenance"),
        (two, "<= 30", 2030, None, "too far to say"),
    ):
        a = xc.assess(s, text, year=year, as_of=as_of)
        assert a.verdict == verdict and math.isnan(a.p_meet) and a.p_span is None
    a = xc.assess(PM25, level("<=", 35), as_of=2025)
    assert (a.latest, a.latest_year, a.margin) == (40, 2020, -5)
    assert "2020" in a.why.render("en") and "5" in a.why.render("en")


def test_maintenance_has_a_probability_from_three_values_on():
    s = years(30, 31, 29)
    a = xc.assess(s, "<= 35", year=2025)
    assert a.verdict == "maintenance" and a.margin == 6
    assert a.p_meet == xc.project(s, 2025).p_meet("<=", 35, 2025)
    for other, text in ((s.loc[2019:], "<= 35"), (years(100, 100, 100, **SHARE), "> 99")):
        a = xc.assess(other, text, year=2025)
        assert a.verdict == "maintenance" and math.isnan(a.p_meet)


def test_a_target_at_the_ceiling_has_a_gap_and_a_pace():
    s = pd.Series([81.61, 90.0, 97.57], index=[2015, 2018, 2020])
    s.attrs = SHARE
    for text in ("= 100", ">= 100"):
        a = xc.assess(s, text, year=2025)
        assert (a.verdict, a.rule) == ("gap", 9) and math.isnan(a.p_meet)
        paces = (a.margin, a.pace_needed, a.pace_past)
        assert paces == pytest.approx((-2.43, 2.43 / 5, 15.96 / 5))
        assert "percentage points" in a.label("en") and "个百分点" in a.label("zh")
    a = xc.assess(years(100, 90, 80, **SHARE, better="higher"), ">= 95", year=2025)
    assert (a.verdict, a.rule) == ("gap", 11)
    assert "2018" in a.why.render("en")  # the year that cannot be fitted
    # what a bare series does not say is read from the register: 100 % is the ceiling
    a = xc.assess(years(97.57), xc.target("park_500m_coverage"))
    assert (a.rule, a.verdict) == (9, "gap")


def test_another_boundary_is_no_value_but_another_state_is_flagged():
    rows = [(2015, 81.6, "printed"), (2020, 97.57, "printed"), (2022, 97.73, "printed")]
    areas, states = ["whole", "outside", "whole"], ["ref-273K", "ref-298K", "ref-298K"]
    aim = level("=", 100, base_year=2020)
    a = xc.assess(frame(rows, areas), aim, as_of=2024)
    assert (a.n, a.latest_year) == (1, 2020)
    a = xc.assess(frame(rows, states), aim, as_of=2024)
    assert a.n == 3 and "basis" in flag_codes(a.flags)


def test_nothing_after_as_of_is_used_and_it_defaults_to_the_last_year_on_record():
    later = pd.concat([PM25, pd.Series([1.0, 500.0], index=[2021, 2022])])
    a, b = xc.assess(later, "<= 35", year=2025, as_of=2020), xc.assess(PM25, "<= 35", year=2025)
    assert (a.p_meet, a.latest_year, a.verdict) == (b.p_meet, 2020, b.verdict)
    assert b.as_of == 2020  # a series that is not from the register knows only itself
    noise = xc.series("traffic_noise")
    assert xc.assess(noise, xc.target("traffic_noise")).verdict == "no value for the target year"
    noise.loc[2025, ["value", "status", "source_id"]] = [69.2, "draft", "an example"]
    a = xc.assess(noise, xc.target("traffic_noise"))
    ends = a.outturn, a.outturn_lower, a.outturn_upper
    assert a.verdict == "met (provisional)" and ends == pytest.approx((69.2, 69.15, 69.25))


def test_grades_and_flags():
    """A takes six values with station records behind them, whatever else comes out of print."""
    for n, source, grade in zip((7, 6, 6, 5, 3, 2, 1), "sspspss", "AABCCDE", strict=True):
        s = years(*np.linspace(90, 40, n), source={"s": "station", "p": "published"}[source])
        assert xc.assess(s, "<= 35", year=2025).grade == grade
    s = years(13, 11, 9, 8, decimals=0)
    codes = flag_codes(xc.assess(s, "<= 6", year=2025).flags).split(";")
    assert codes[:2] == ["exceptional", "prior"] and "rounding" in codes
    assert "exceptional" not in flag_codes(xc.assess(s.loc[:2019], "<= 6", year=2024).flags)


@pytest.mark.parametrize(
    ("values", "basis", "aim", "progress"),
    [
        ({2020: 60, 2022: 50}, None, level("<=", 40), 0.5 / 0.4),  # half the way, two of five years
        ({2020: 60, 2022: 50}, None, {"kind": "delegated", "target_year": 2025}, math.nan),
        ({2019: 60, 2022: 50}, None, level("<=", 40), math.nan),  # no value of the base year
        ({2020: 60, 2022: 50}, None, level("<=", 60), math.nan),  # the base already meets it
        ({2018: 70, 2020: 60}, None, level("<=", 40), math.nan),  # no later value
        ({2020: 60, 2022: 50}, ["ref-273K", "ref-298K"], level("<=", 40), math.nan),
    ],
)
def test_progress_over_time_by_hand_or_refused(values, basis, aim, progress):
    s = frame([(year, value, "printed") for year, value in values.items()], basis)
    a = xc.assess(s, aim | {"base_year": 2020}, as_of=2023)
    assert a.progress == pytest.approx(progress, nan_ok=True)


@pytest.mark.parametrize(
    ("statistic", "limit", "is_called"),
    [("mean", 35, True), ("mean", 30, False), ("p90 of daily maximum 8-hour mean", 35, False)],
)
def test_an_annual_mean_is_called_just_that(statistic, limit, is_called):
    s = years(34, last=2025, unit="µg/m³", statistic=statistic)
    why = xc.assess(s, f"<= {limit}", year=2025).why.render("zh")
    assert ("年均值达标" in why) is is_called


def test_a_range_is_told_at_its_own_precision():
    for told, row in (
        ("35 (34.5 to 35.5)", (35, "derived", 34.5, 35.5)),
        ("≤ 33", (None, "bound", None, 33)),
        ("35.2 (32.4 to 38.1)", (35.2, "estimated", 32.3614, 38.1127)),
    ):
        a = xc.assess(frame([(2025, *row)], decimals=0), "<= 50", year=2025)
        assert a.why.render("en").startswith(f"{told} in 2025")


@pytest.mark.parametrize(
    ("data", "target", "match"),
    [
        (42, "<= 35", "series"),
        (pd.DataFrame({"x": [1.0]}, index=[2020]), "<= 35", "value"),
        (pd.Series([1.0], pd.period_range("2020-01", periods=1, freq="M")), "<= 35", "series"),
        (PM25, Target("no2", "level", 2025, "<=", 40.0), "no2"),
        (PM25, Target("pm25", "level", 2025, "<=", 40.0, unit="mg/m³"), "mg/m³"),
        (PM25, level("<=", -2, **HALF), "base_year"),
        (years(90, 80, **SHARE), level("<=", -2, **HALF, base_year=2020), "pp"),
    ],
)
def test_what_does_not_fit_is_refused(data, target, match):
    if data is PM25:
        data = years(*PM25, indicator="pm25", unit="µg/m³")
    with pytest.raises(InputError, match=match):
        xc.assess(data, target, year=None if isinstance(target, dict) else 2025)
