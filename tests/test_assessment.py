"""Verdicts: the eleven rules enumerated, their terms, and what stands beside them."""

import math
import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.assessment import BANDS, VERDICTS, band, chance, flag_codes
from xc_analysis.errors import InputError
from xc_analysis.targets import Target

PM25 = pd.Series([83.0, 78.0, 63.0, 53.0, 44.0, 40.0], index=range(2015, 2021))
SHARE = {"scale": "logit", "floor": 0, "ceiling": 100, "unit": "%"}
CANNOT, OVER = "cannot be judged", "no value for the target year"
COLUMNS = ["year", "value", "status", "lower", "upper", "completeness", "release"]


def level(comparator, value, **more):
    """A row of the table of targets."""
    row = {"kind": "level", "comparator": comparator, "value": value, "target_year": 2025}
    return row | more


def years(*values, last=2020, **attrs):
    """A bare series that ends in a year."""
    s = pd.Series(values, index=range(last + 1 - len(values), last + 1), dtype=float)
    s.attrs = attrs
    return s


def frame(*rows, basis=None, **attrs):
    """A series from rows of `COLUMNS`, each as far as it goes."""
    out = pd.DataFrame([dict(zip(COLUMNS, row, strict=False)) for row in rows], columns=COLUMNS)
    out = out.set_index("year").assign(basis=basis)
    out.attrs = attrs
    return out


# the last year around a target of 50 that asks for less, and what the specification calls it
LATEST = pd.read_csv(Path(__file__).parent / "cases" / "latest_values.csv", index_col="name")
KINDS = ("delegated", "qualitative", "change without base", "change", "level", "level at floor")
BEFORE = (0, 1, 2, 5)  # whole earlier years


def specified(kind, over, last, before):
    """The rule of docs/methods.md (6), written from its text: number and what it may say."""
    known, status = LATEST.loc[last, ["known", "status"]]
    if kind in ("delegated", "qualitative", "change without base"):
        return 2 if kind == "change without base" else 1, {CANNOT}
    if over:
        if known == "no value":
            return 5, {OVER}
        if known.startswith("firm"):
            return 3, {"met" if known == "firm meets" else "not met"}
        ends = {"meets": "met", "misses": "not met", "spans": "open"}
        return 4, {f"{ends[known.split()[1]]} (provisional)"}
    if known == "no value" and not before:
        return 6, {CANNOT}
    if known.endswith("spans"):
        return 7, {"open"}
    if known.endswith("meets"):
        return 8, {"maintenance"}
    # the last year misses, or the earlier ones, which all miss, are the last
    if kind == "level at floor":
        return 9, {"gap"}
    bands = {VERDICTS[key] for _, key in BANDS}
    spans = {f"{a} to {b}" for a in bands for b in bands} | {f"{a} (every model)" for a in bands}
    n = before + (known != "no value" and status not in ("estimated", "bound"))
    return (11, bands) if n > 2 else (10, spans if n == 2 else {"gap"})


def case_of(kind, over, last, before):
    """A series and target of one combination; the base year of a change is 2010."""
    floor = 50.0 if kind == "level at floor" else 0.0
    rows = [(2022 - k, 70.0 + k, "printed") for k in range(before)]
    rows += [(2010, 100.0, "printed")] if kind == "change" else []
    rows += [(2025 if over else 2023, *LATEST.loc[last][1:])] if last != "nothing" else []
    asked = {"level": {"value": 50}, "change": {"value": -50, "unit": "%"}}
    aim = {"kind": kind.split()[0], "target_year": 2025, "base_year": 2010, "comparator": "<="}
    s = frame(*rows, scale="log", floor=floor, decimals=0, prior_sd=0.1, better="lower")
    return s, aim | asked.get(aim["kind"], {}), (2025 if over else 2024)


COMBINATIONS = [
    (kind, over, last, before)
    for kind, over, last, before in product(KINDS, (False, True), LATEST.index, BEFORE)
    # below a floor there is no value: such a target is only ever missed
    if not (kind == "level at floor" and LATEST.loc[last, "known"].endswith(("meets", "spans")))
    # the base year of a change is a value of its own
    and not (kind == "change" and (before == 0 or (not over and before < 3)))
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


def test_a_delegated_target_is_judged_by_its_reading_apart_only():
    delegated = {"kind": "delegated", "target_year": 2025}
    assert xc.assess(PM25, delegated).under_reading is None
    a, direct = xc.assess(PM25, delegated | {"reading": "<= 35"}), xc.assess(PM25, level("<=", 35))
    under = a.under_reading
    assert (a.rule, under.verdict, under.p_meet) == (1, direct.verdict, direct.p_meet)
    assert math.isnan(a.p_meet) and math.isnan(a.margin)
    assert "reading" in flag_codes(under.flags) and "reading" not in flag_codes(a.flags)
    for told in (CANNOT, under.label(), f"{under.p_meet:.2f}"):
        assert told in a._repr_html_()


def test_a_projection_is_judged_as_the_series_that_it_is_of():
    a, p = xc.assess(PM25, "<= 35", year=2025), xc.project(PM25, 2025)
    for aim in (level("<=", 35), Target("pm25", "level", 2025, "<=", 35.0)):
        b = xc.assess(p, aim)
        assert (b.verdict, b.p_meet, b.margin) == (a.verdict, p.p_meet("<=", 35, 2025), a.margin)


def test_results_give_their_numbers_as_a_frame():
    a, t = xc.assess(PM25, "<= 35", year=2025), xc.trend(PM25)
    told = a.frame.loc[0, ["target", "target_year", "verdict", "p_meet", "n"]].tolist()
    assert told == ["≤ 35", 2025, a.verdict, a.p_meet, 6]
    assert a.target.frame.loc[0, ["comparator", "value"]].tolist() == ["<=", 35]
    assert t.frame["value"].tolist() == PM25.tolist()
    assert t.frame["line"].diff().dropna().tolist() == pytest.approx([t.slope] * 5)


def test_a_change_is_the_level_it_asks_for():
    changes = ("%", "µg/m³", -18, 32.8), ("%", "", -51.8, 19.28), ("pp", "%", -1.5, 38.5)
    for unit, own, change, asked in changes:
        s = years(*PM25, unit=own)
        a = xc.assess(s, level("<=", change, unit=unit, kind="change", base_year=2020))
        direct = xc.assess(s, level("<=", asked, unit=own))
        assert (a.verdict, a.p_meet, a.margin) == (direct.verdict, direct.p_meet, direct.margin)


@pytest.mark.parametrize(("status", "told"), [("derived", ""), ("estimated", " (provisional)")])
def test_a_change_from_a_base_with_a_range_asks_for_a_range(status, told):
    """-50 % of 83 (81.9 to 84.1) asks for 40.95 to 42.05: 41.5 decides nothing."""
    verdicts = {40.9: "met" + told, 42.1: "not met" + told, 41.5: "open (provisional)"}
    aim = level("<=", -50, unit="%", kind="change", base_year=2015)
    for value, verdict in verdicts.items():
        s = frame((2015, 83.0, status, 81.9, 84.1), (2025, value, "printed"))
        assert xc.assess(s, aim).verdict == verdict
    # a series of changes is judged by the number itself
    s = years(-40, -52, last=2025, indicator="co2_per_gdp_change", unit="%")
    assert xc.assess(s, aim | {"base_year": 2020}).verdict == "met"


def test_bands_hold_their_lower_end_and_what_is_told_is_of_its_band():
    cuts, keys = zip(*BANDS, strict=True)
    assert cuts == (0.9, 0.66, 0.33, 0.1, 0.0)
    assert keys == ("very_likely", "likely", "about_even", "unlikely", "very_unlikely")
    assert tuple(map(band, cuts)) == keys
    assert tuple(band(np.nextafter(p, 0)) for p in cuts[:-1]) == keys[1:]
    # 0.329 is unlikely and must not be told as 0.33, where about even begins
    for aim in (*np.arange(10, 35, 0.25), 14.1, 17.9, 22.3, 28.3):
        a = xc.assess(PM25, level("<=", round(aim, 2)))
        told = re.search(r"probability [<>]?(0\.\d+)", a.why.render("en"))[1]
        assert VERDICTS[band(float(told))] == a.verdict == VERDICTS[band(a.p_meet)]
    # nothing is certain
    assert [chance(p) for p in (0.003, 0.329, 0.85, 0.997)] == ["<0.01", "0.329", "0.85", ">0.99"]


def test_two_values_give_a_span_over_the_models_and_no_band():
    s = pd.Series([30.38, 31.80], index=[2015, 2020])
    s.attrs = SHARE | {"prior_sd": 0.02, "better": "higher"}
    a, models = xc.assess(s, ">= 31.85", year=2025), ("paths", "damped", "last")
    each = [xc.project(s, 2025, method=m).p_meet(">=", 31.85, 2025) for m in models]
    assert a.p_span == pytest.approx((min(each), max(each)))
    assert a.verdict == "about even to likely" and math.isnan(a.p_meet)
    assert a.verdict in a.why.render("en") and (a.grade, a.rule) == ("D", 10)
    assert "two_values" in flag_codes(a.flags)


def test_no_probability_for_a_year_that_is_over_or_too_far_or_of_too_little():
    for s, text, year, verdict in (
        (PM25, "<= 30", 2026, "too far to say"),
        (PM25, "<= 60", 2035, "maintenance"),
        (PM25.loc[[2015, 2020]], "<= 30", 2030, "too far to say"),
        (years(31, 29), "<= 35", 2025, "maintenance"),
        (years(100, 100, 100, **SHARE), "> 99", 2025, "maintenance"),
    ):
        a = xc.assess(s, text, year=year)
        assert a.verdict == verdict and math.isnan(a.p_meet) and a.p_span is None
    s = years(30, 31, 29)
    a = xc.assess(s, "<= 35", year=2025)
    assert (a.margin, a.p_meet) == (6, xc.project(s, 2025).p_meet("<=", 35, 2025))
    a = xc.assess(PM25, level("<=", 35), as_of=2025)
    assert (a.verdict, a.latest, a.latest_year, a.margin) == (OVER, 40, 2020, -5)
    assert {"2020", "5"} <= set(re.findall(r"\d+", a.why.render("en")))
    # what is known of a series of the register ends with the record
    assert xc.assess(xc.series("traffic_noise"), xc.target("traffic_noise")).verdict == OVER


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
    assert xc.assess(years(97.57), xc.target("park_500m_coverage")).rule == 9


def test_another_boundary_is_no_value_but_another_state_is_flagged():
    rows = [(2015, 81.6, "printed"), (2020, 97.57, "printed"), (2022, 97.73, "printed")]
    areas, states = ["whole", "outside", "whole"], ["ref-273K", "ref-298K", "ref-298K"]
    aim = level("=", 100, base_year=2020)
    a = xc.assess(frame(*rows, basis=areas), aim, as_of=2024)
    assert (a.n, a.latest_year) == (1, 2020)
    a = xc.assess(frame(*rows, basis=states), aim, as_of=2024)
    assert a.n == 3 and "basis" in flag_codes(a.flags)


def test_grades_and_flags():
    """A takes six values with station records behind them, whatever else comes out of print."""
    for n, source, grade in zip((7, 6, 6, 5, 3, 2, 1), "sspspss", "AABCCDE", strict=True):
        s = years(*np.linspace(90, 40, n), source={"s": "station", "p": "published"}[source])
        a = xc.assess(s, "<= 35", year=2025)
        assert (a.grade, a.n, a.as_of) == (grade, n, 2020)  # it knows only itself
    s = years(13, 11, 9, 8, decimals=0)
    codes = flag_codes(xc.assess(s, "<= 6", year=2025).flags).split(";")
    assert codes[:2] == ["exceptional", "prior"] and "rounding" in codes
    assert "exceptional" not in flag_codes(xc.assess(s.loc[:2019], "<= 6", year=2024).flags)


def test_progress_over_time_by_hand_or_refused():
    aim, later = level("<=", 40), {2020: 60, 2022: 50}
    for values, basis, asked, progress in (
        (later, None, aim, 0.5 / 0.4),  # half the way in two of five years
        (later, None, {"kind": "delegated", "target_year": 2025}, math.nan),
        ({2019: 60, 2022: 50}, None, aim, math.nan),  # no value of the base year
        (later, None, level("<=", 60), math.nan),  # the base already meets it
        ({2018: 70, 2020: 60}, None, aim, math.nan),  # no later value
        (later, ["ref-273K", "ref-298K"], aim, math.nan),
    ):
        s = frame(*((year, value, "printed") for year, value in values.items()), basis=basis)
        a = xc.assess(s, asked | {"base_year": 2020}, as_of=2023)
        assert a.progress == pytest.approx(progress, nan_ok=True)


def test_an_annual_mean_is_called_just_that():
    p90 = "p90 of daily maximum 8-hour mean"
    for statistic, limit, is_called in (("mean", 35, True), ("mean", 30, False), (p90, 35, False)):
        s = years(34, last=2025, unit="µg/m³", statistic=statistic)
        why = xc.assess(s, f"<= {limit}", year=2025).why.render("zh")
        assert ("年均值达标" in why) is is_called


def test_what_does_not_fit_is_refused():
    known = years(*PM25, indicator="pm25", unit="µg/m³")
    change = level("<=", -2, unit="%", kind="change")
    for data, target, match in (
        (42, "<= 35", "series"),
        (xc.project(PM25, 2023), "<= 35", "2025"),
        (known, Target("no2", "level", 2025, "<=", 40.0), "no2"),
        (known, Target("pm25", "level", 2025, "<=", 40.0, unit="mg/m³"), "mg/m³"),
        (known, change, "base_year"),
        (years(90, 80, **SHARE), change | {"base_year": 2020}, "pp"),
    ):
        with pytest.raises(InputError, match=match):
            xc.assess(data, target, year=None if isinstance(target, dict) else 2025)
