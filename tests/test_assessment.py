"""Verdicts against hand-computed cases: every branch, every boundary, the arithmetic."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import xc_analysis as xc
from xc_analysis.assessment import asked_of_the_past, assess, sensitivity, supported_targets
from xc_analysis.errors import InputError
from xc_analysis.verdicts.arithmetic import progress_measures
from xc_analysis.verdicts.targets import BANDS, CANNOT, band, meets, read_target

PM25 = pd.Series([83.0, 78.0, 63.0, 53.0, 44.0, 40.0], index=range(2015, 2021))
AIM = {"kind": "level", "comparator": "<=", "value": 35, "target_year": 2025}


def level(comparator, value, year=2025, **more):
    return {"kind": "level", "comparator": comparator, "value": value, "target_year": year} | more


def frame(values, years, **columns):
    out = pd.DataFrame({"value": np.array(values, dtype=float)}, index=pd.Index(years, name="year"))
    for name, column in columns.items():
        out[name] = column
    return out


def percent(values, years):
    s = pd.Series(values, index=years, dtype=float)
    s.attrs = {"scale": "logit", "floor": 0, "ceiling": 100, "prior_sd": 0.3, "unit": "%"}
    return s


# --- bands and comparison -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "word"),
    [
        (1.0, "very likely"),
        (0.90, "very likely"),
        (np.nextafter(0.90, 0), "likely"),
        (0.66, "likely"),
        (np.nextafter(0.66, 0), "open"),
        (0.33, "open"),
        (np.nextafter(0.33, 0), "unlikely"),
        (0.10, "unlikely"),
        (np.nextafter(0.10, 0), "very unlikely"),
        (0.0, "very unlikely"),
    ],
)
def test_band_boundaries(p, word):
    assert band(p)[0] == word


@given(st.floats(0, 1), st.floats(0, 1))
def test_bands_are_exhaustive_and_ordered(p, q):
    order = [en for en, _ in (b[1:] for b in BANDS)][::-1]
    low, high = sorted((p, q))
    assert order.index(band(low)[0]) <= order.index(band(high)[0])


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan")])
def test_band_refuses_what_is_no_probability(p):
    with pytest.raises(InputError):
        band(p)


@pytest.mark.parametrize(
    ("value", "comparator", "target", "met"),
    [
        (69.6, "<", 70, True),
        (69.96, "<", 70, True),
        (70.0, "<", 70, False),
        (34.6, "<=", 35, True),
        (35.0, "<=", 35, True),
        (35.4, "<=", 35, False),
        (31.8, ">=", 31.85, False),
        (31.85, ">=", 31.85, True),
        (100.0, ">", 99, True),
        (99.0, ">", 99, False),
        (100.0, "=", 100, True),
        (97.57, "=", 100, False),
    ],
)
def test_meets(value, comparator, target, met):
    assert meets(value, comparator, target) is met


def test_computed_digits_beyond_the_printed_ones_decide_nothing():
    """35.04 computed, of an indicator printed in units, counts as 35.0; 35.06 as 35.1."""
    attrs = {"decimals": 0, "source": "station"}
    for last, verdict in ((35.04, "met"), (35.06, "not met")):
        s = frame([40.0, last], [2024, 2025], status="computed")
        s.attrs = attrs
        assert assess(s, AIM).verdict == verdict


# --- branches -----------------------------------------------------------------------------


def test_delegated_is_never_judged_and_says_what_is_missing():
    a = assess(PM25, {"kind": "delegated", "target_year": 2025, "scope": "西城区"})
    assert (a.verdict, a.branch) == (CANNOT, "delegated")
    assert math.isnan(a.p_meet) and "city" in a.missing and "市级" in a.missing_zh
    assert a.verdict_under_reading == ""


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(0.5, 500), min_size=0, max_size=8),
    st.sampled_from(["", "<= 35", ">= 35", "< 1000", "> 0"]),
)
def test_delegated_never_passes_or_fails_whatever_the_data(values, reading):
    s = pd.Series(values, index=range(2013, 2013 + len(values)), dtype=float)
    a = assess(s, {"kind": "delegated", "target_year": 2025, "reading": reading})
    assert a.verdict == CANNOT
    assert math.isnan(a.p_meet) and math.isnan(a.p_breach) and a.band == ""
    assert bool(a.verdict_under_reading) == bool(reading)


def test_delegated_with_a_reading_has_its_verdict_elsewhere():
    a = assess(PM25, {"kind": "delegated", "target_year": 2025, "reading": "<= 35"})
    direct = assess(PM25, AIM)
    assert a.verdict == CANNOT and a.reading == "<= 35"
    assert a.verdict_under_reading == direct.verdict
    assert a.p_under_reading == direct.p_meet
    assert a.under_reading.flags == ("2020_last", "reading") and a.flags == ("2020_last",)


def test_qualitative_without_and_with_a_reading():
    target = {"kind": "qualitative", "target_year": 2025}
    a = assess(PM25, target)
    assert (a.verdict, a.branch) == (CANNOT, "qualitative")
    b = assess(PM25, target | {"reading": "≤ 35"})
    assert b.verdict == assess(PM25, AIM).verdict == b.verdict_under_reading
    assert "reading" in b.flags and b.kind == "qualitative"


def test_no_value():
    a = assess(pd.Series([], index=pd.Index([], dtype=int), dtype=float), AIM)
    assert (a.verdict, a.branch, a.grade, a.n) == (CANNOT, "no value", "E", 0)
    bound = frame([np.nan], [2020], lower=[90.0], upper=[np.nan], status="bound")
    a = assess(bound, level(">=", 95))
    assert (a.verdict, a.branch) == (CANNOT, "no value")
    assert ">= 90" in a.missing


def test_one_value_meeting_is_maintenance_by_margin_alone():
    s = pd.Series([69.6], index=[2020])
    s.attrs = {"scale": "identity", "prior_sd": 0.15, "unit": "dB(A)"}
    a = assess(s, level("<", 70))
    assert (a.verdict, a.branch) == ("maintenance: by margin alone", "maintenance")
    assert a.margin == pytest.approx(0.4)
    assert a.components["margin_in_prior_sd"] == pytest.approx(0.4 / 0.15)
    assert math.isnan(a.p_meet) and a.grade == "E"


def test_one_value_not_meeting_cannot_be_judged():
    a = assess(pd.Series([40.0], index=[2020]), AIM)
    assert (a.verdict, a.branch) == (CANNOT, "one value")
    assert a.margin == -5


def test_maintenance_with_a_probability_of_breach():
    s = pd.Series([30.0, 31.0, 29.0, 30.0], index=range(2017, 2021))
    a = assess(s, AIM, exceptional=())
    p = xc.project(s, 2025)
    assert a.branch == "maintenance"
    assert a.p_breach == pytest.approx(1 - p.p_meet("<=", 35), abs=1e-12)
    assert a.verdict == f"maintenance: {band(a.p_meet)[0]}"
    assert a.margin == 5


def test_to_be_reached_from_two_points_by_hand():
    """83 (2015) and 40 (2020) by the formulas of METHODS 3, worked out here."""
    z, t = np.log([83.0, 40.0]), np.array([2015.0, 2020.0])
    slope = (z[1] - z[0]) / 5
    c = sum(0.85**k for k in range(1, 6))
    members, weights = np.array([z[1] + slope * 5, z[1] + slope * c, z[1]]), [0.5, 0.25, 0.25]
    centre = weights @ members
    s2 = 4 * 0.08**2 / 4
    sxx = ((t - t.mean()) ** 2).sum()
    v = s2 * (1 + 1 / 2 + (2.5 + c) ** 2 / sxx) + 1.5 * (weights @ (members - centre) ** 2)
    expected = stats.t.cdf((np.log(35) - centre) / np.sqrt(v), 4)
    a = assess(pd.Series([83.0, 40.0], index=[2015, 2020]), AIM)
    assert a.p_meet == pytest.approx(expected, abs=1e-9)
    assert (a.branch, a.grade, a.verdict) == ("to be reached", "D", band(expected)[0])
    assert f"{expected:.3f}" in a.formula and "n = 2" in a.formula


def test_target_at_the_ceiling_has_a_gap_and_no_probability():
    a = assess(percent([81.61, 97.57], [2015, 2020]), level("=", 100))
    assert a.verdict == "gap only, no probability"
    assert math.isnan(a.p_meet) and a.margin == pytest.approx(-2.43)
    assert a.components["required_per_year"] == pytest.approx(2.43 / 5)
    assert a.components["past_per_year"] == pytest.approx(15.96 / 5)
    assert assess(percent([81.61, 97.57], [2015, 2020]), level(">=", 100)).verdict == a.verdict


def test_share_at_its_bound_has_no_trend_but_a_count():
    s = percent([100.0, 100.0], [2019, 2020])
    a = assess(s, level(">=", 100), passing=(4, 4, 5))
    assert a.verdict == "maintenance: by margin alone" and math.isnan(a.p_meet)
    assert a.margin == 0
    # Jeffreys: B(4.5 + 5, 0.5) / B(4.5, 0.5)
    expected = math.exp(math.lgamma(9.5) - math.lgamma(10) - math.lgamma(4.5) + math.lgamma(5))
    assert a.components["passing"].p_all_next == pytest.approx(expected)
    b = assess(s, level(">", 99))
    assert b.verdict == "maintenance: by margin alone" and b.margin == 1


def test_a_method_that_needs_more_points_cannot_judge():
    a = assess(PM25.loc[[2019, 2020]], AIM, method="loglinear")
    assert (a.verdict, a.branch) == (CANNOT, "no projection")
    assert "needs 3" in a.missing


def test_outturn_is_judged_directly():
    s = pd.Series([40.0, 34.0], index=[2020, 2025])
    a = assess(s, AIM)
    assert (a.verdict, a.branch) == ("met", "outturn") and math.isnan(a.p_meet)
    assert assess(s.replace(34.0, 36.0), AIM).verdict == "not met"
    assert assess(s, AIM, as_of=2020).branch == "one value"


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (25.7, 32.9, "met (provisional)"),
        (33.0, 37.0, "open (provisional)"),
        (36.0, 40.0, "not met (provisional)"),
        (np.nan, 33.0, "met (provisional)"),
        (36.0, np.nan, "not met (provisional)"),
        (20.0, np.nan, "open (provisional)"),
    ],
)
def test_estimated_or_bounded_target_year_is_provisional(lower, upper, verdict):
    status = "bound" if np.isnan(lower + upper) else "estimated"
    s = frame(
        [40.0, np.nan],
        [2020, 2025],
        lower=[np.nan, lower],
        upper=[np.nan, upper],
        status=["printed", status],
    )
    assert assess(s, AIM).verdict == verdict
    # a range of two treatments of a partial year is no estimate of the year
    s.loc[2025, "status"] = "computed"
    s["completeness"] = ["strict", "partial"]
    s.loc[2025, "value"] = 30.0
    assert assess(s, AIM).branch == "one value"


def test_annual_mean_is_called_just_that():
    s = PM25.copy()
    s.attrs = {"unit": "µg/m³", "statistic": "mean"}
    assert "年均值达标" in assess(s, AIM).why_zh
    s.attrs["statistic"] = "p90 of daily maximum 8-hour mean"
    assert "年均值达标" not in assess(s, AIM).why_zh


# --- what a verdict rests on --------------------------------------------------------------


def test_nothing_after_as_of_is_used():
    later = pd.concat([PM25, pd.Series([1.0, 500.0], index=[2021, 2022])])
    a, b = assess(later, AIM, as_of=2020), assess(PM25, AIM)
    assert a.p_meet == b.p_meet and a.latest_year == 2020
    assert assess(later, AIM).latest == 500


def test_window_and_exclude_change_the_fit_not_the_latest_value():
    a = assess(PM25, AIM, window=(2017, 2019))
    assert a.n == 3 and a.latest_year == 2020
    assert a.projection.window == (2017, 2019)
    assert assess(PM25, AIM, exclude=[2020]).projection.window == (2015, 2019)


def test_given_projection_is_used_and_must_reach_the_target_year():
    p = xc.project(PM25, 2025, method="plateau")
    a = assess(PM25, AIM, projection=p)
    assert a.projection is p and a.p_meet == p.p_meet("<=", 35)
    with pytest.raises(InputError, match="2025"):
        assess(PM25, AIM, projection=xc.project(PM25, 2024))


def test_exceptional_last_year_shows_the_wider_of_two_projections():
    a = assess(PM25, AIM, exceptional=[2020])
    both = {n: xc.project(PM25.iloc[:n], 2025) for n in (6, 5)}
    width = {n: np.ptp(np.array(p.interval(0.8))[:, -1]) for n, p in both.items()}
    wider = max(width, key=width.get)
    assert a.projection.n == wider
    assert a.p_meet == pytest.approx(both[wider].p_meet("<=", 35))
    assert a.components["p_meet all points"] == pytest.approx(both[6].p_meet("<=", 35))
    assert a.components["p_meet without the exceptional last year"] == pytest.approx(
        both[5].p_meet("<=", 35)
    )
    assert "2020_last" in a.flags and a.latest_year == 2020
    assert assess(PM25, AIM, exceptional=[2019]).projection.n == 6


@pytest.mark.parametrize(
    ("n", "station", "grade"),
    [(6, True, "A"), (6, False, "B"), (7, False, "B"), (5, True, "C"), (3, False, "C"),
     (2, True, "D"), (1, True, "E")],
)  # fmt: skip
def test_grades(n, station, grade):
    s = pd.Series(np.linspace(90, 40, n), index=range(2021 - n, 2021))
    s.attrs = {"source": "station" if station else "published"}
    assert assess(s, AIM).grade == grade


def test_flags_of_a_frame():
    s = frame(
        [83, 63, 53, 44, 40],
        [2015, 2017, 2018, 2019, 2020],
        basis=["ref-273K", "ref-273K", "ref-mixed", "ref-298K", "ref-298K"],
        completeness=["strict", "partial", "strict", "strict", "strict"],
        status="computed",
    )
    a = assess(s, AIM, conflict=True)
    assert a.flags == ("basis", "partial", "2020_last", "conflict")
    assert "2017" in a.flags_en[1] and a.n == 4
    assert len(a.flags) == len(a.flags_en) == len(a.flags_zh)
    # outside the window neither is flagged
    assert assess(s, AIM, window=(2019, 2020)).flags == ("2020_last",)
    assert assess(s, AIM, window=(2019, 2020), exceptional=()).flags == ()


def test_the_register_names_the_exceptional_years():
    """2020 last: projected with and without it, the wider taken; without a register, neither."""
    a, plain = assess(PM25, AIM), assess(PM25, AIM, exceptional=())
    assert a.flags == ("2020_last",) and plain.flags == ()
    without = assess(PM25, AIM, exclude=(2020,), exceptional=())
    widths = {x.components["upper_80"] - x.components["lower_80"]: x.p_meet
              for x in (plain, without)}  # fmt: skip
    assert a.p_meet == pytest.approx(widths[max(widths)], abs=1e-12)
    other = PM25.rename(lambda year: year - 1)
    assert assess(other, AIM | {"base_year": 2019}).flags == ()


@pytest.mark.parametrize(
    ("unit", "own_unit", "value", "level_"),
    [("%", "µg/m³", -18, 32.8), ("%", "", -51.8, 19.28), ("µg/m³", "µg/m³", -5, 35.0),
     ("pp", "%", -1.5, 38.5)],
)  # fmt: skip
def test_a_change_is_judged_as_the_level_it_asks_for(unit, own_unit, value, level_):
    s = pd.Series([60.0, 50.0, 40.0], index=[2016, 2018, 2020])
    s.attrs = {"indicator": "x", "unit": own_unit}
    change = {"kind": "change", "comparator": "<=", "value": value, "unit": unit, "indicator": "x",
              "base_year": 2020, "target_year": 2025}  # fmt: skip
    a = assess(s, change)
    direct = assess(s, AIM | {"value": level_, "unit": own_unit, "indicator": "x"})
    assert a.p_meet == pytest.approx(direct.p_meet, abs=1e-9) and a.kind == "change"
    assert f"2020: 40 → {level_:.4g}" in a.target and a.margin == pytest.approx(direct.margin)


def test_a_change_without_its_base_cannot_be_judged():
    s = pd.Series([60.0, 50.0], index=[2016, 2018])
    change = {"kind": "change", "comparator": "<=", "value": -18, "unit": "%", "base_year": 2017,
              "target_year": 2025}  # fmt: skip
    a = assess(s, change)
    assert (a.verdict, a.branch) == (CANNOT, "change") and "2017" in a.missing
    with pytest.raises(InputError, match="base_year"):
        assess(s, {k: v for k, v in change.items() if k != "base_year"})
    s.attrs = {"unit": "%"}
    with pytest.raises(InputError, match="pp"):
        assess(s, change)


def test_a_series_of_changes_meets_its_number():
    s = pd.Series([-12.0, -20.0], index=[2018, 2020])
    s.attrs = {"unit": "%", "statistic": "change over period", "scale": "identity",
               "prior_sd": 2.0}  # fmt: skip
    a = assess(s, {"kind": "change", "comparator": "<=", "value": -18, "unit": "%",
                   "base_year": 2015, "target_year": 2025})  # fmt: skip
    assert a.branch == "maintenance" and a.margin == 2


def test_the_margin_is_counted_as_the_values_are_compared():
    s = pd.Series([60.0, 35.04], index=[2019, 2020])
    s.attrs = {"decimals": 0}
    a = assess(s, AIM, exceptional=())
    assert a.branch == "maintenance" and a.margin == 0


def test_rounding_flag_at_five_percent():
    for level_, flagged in ((21.0, False), (19.0, True)):
        s = frame([level_ + 2, level_ + 1, level_], [2018, 2019, 2020], status="printed")
        s.attrs = {"decimals": 0}
        assert ("rounding" in assess(s, level("<=", 5)).flags) is flagged
    s.attrs["scale"] = "count"
    assert "rounding" not in assess(s, level("<=", 5)).flags


def test_exact_p_of_a_monotone_series():
    assert assess(PM25, AIM).p_trend == pytest.approx(2 / math.factorial(6))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(5, 200), min_size=2, max_size=7),
    st.floats(1, 300),
    st.floats(1.0001, 3),
)
def test_probability_is_monotone_in_the_target(values, target, factor):
    s = pd.Series(values, index=range(2021 - len(values), 2021))
    easy, hard = (assess(s, level("<=", v)) for v in (target * factor, target))
    assert easy.p_meet >= hard.p_meet - 1e-12
    easy, hard = (assess(s, level(">=", v)) for v in (target, target * factor))
    assert easy.p_meet >= hard.p_meet - 1e-12


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(6)), st.floats(0.01, 1000))
def test_verdict_does_not_depend_on_row_order_or_unit(order, unit):
    a = assess(PM25, AIM)
    b = assess(PM25.iloc[list(order)] * unit, level("<=", 35 * unit))
    assert a.p_meet == pytest.approx(b.p_meet, abs=1e-9)
    assert a.verdict == b.verdict


def test_inputs_are_not_changed():
    s, target = PM25.copy(), pd.Series(AIM)
    s.attrs = {"unit": "µg/m³"}
    before = s.copy(), dict(s.attrs), target.copy()
    assess(s, target, exceptional=[2020])
    pd.testing.assert_series_equal(s, before[0])
    assert s.attrs == before[1]
    pd.testing.assert_series_equal(target, before[2])


# --- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "wish"}, "kind"),
        ({"comparator": "~"}, "comparator"),
        ({"comparator": None}, "comparator"),
        ({"value": "many"}, "number"),
        ({"value": None}, "value"),
        ({"target_year": None}, "target_year"),
        ({"base_year": 2025}, "base year"),
        ({"unit": "mg/m³"}, "mg/m³"),
        ({"indicator": "no2"}, "pm25"),
    ],
)
def test_a_target_that_cannot_be_read_names_the_cell(change, says):
    s = PM25.copy()
    s.attrs = {"unit": "µg/m³", "indicator": "pm25"}
    with pytest.raises(InputError, match=says) as caught:
        assess(s, AIM | change)
    assert "\n" not in str(caught.value)


def test_target_year_before_the_data():
    with pytest.raises(InputError, match="2010"):
        assess(PM25, level("<=", 35, 2010))


def test_target_that_is_no_row():
    with pytest.raises(InputError, match="mapping"):
        read_target(35)


# --- arithmetic ---------------------------------------------------------------------------


def measures(**more):
    options = {"base_year": 2015, "target": 50.0, "target_year": 2025, "better": "lower"}
    got = progress_measures([2015, 2018, 2020], [100.0, 90.0, 70.0], **(options | more))
    return {m.method: m for m in got}


def test_progress_measures_by_hand():
    m = measures()
    # 30 of 50 in half the time
    assert m["progress against elapsed time"].value == pytest.approx(0.6)
    assert m["progress against elapsed time"].category == "on time or ahead"
    actual, required = 0.7 ** (1 / 5) - 1, 0.5 ** (1 / 10) - 1
    euro = m["ratio of actual to required growth"]
    assert euro.value == pytest.approx(actual / required)
    assert euro.category == "significant progress"
    un = m["UN Progress Chart 2023"]
    assert un.value == pytest.approx((70 * 0.7 - 100) / (50 - 100))
    # the line through the three points with weights 1, 4, 6, read off at 11
    w, t, y = np.array([1, 4, 6]) / 11, np.array([1.0, 4, 6]), np.array([100.0, 90, 70])
    slope, start = np.polyfit(t, y, 1, w=np.sqrt(w))
    assert m["anticipated progress"].value == pytest.approx((start + slope * 11 - 100) / -50)
    # last four years: 90 to 70 in two years, against 5 a year
    assert m["SDSN trend arrow"].value == pytest.approx(2.0)
    assert m["SDSN trend arrow"].category == "on track"
    assert all(x.source and not x.refused for x in m.values())


@pytest.mark.parametrize(
    ("latest", "ratio_category"),
    [(51.0, "significant progress"), (78.0, "moderate progress"),
     (95.0, "insufficient progress"), (101.0, "movement away")],
)  # fmt: skip
def test_growth_ratio_categories(latest, ratio_category):
    got = progress_measures(
        [2015, 2020], [100.0, latest], base_year=2015, target=50, target_year=2025, better="lower"
    )
    assert got[1].category == ratio_category
    actual, required = (latest / 100) ** 0.2 - 1, 0.5**0.1 - 1
    assert got[1].value == pytest.approx(actual / required)


def test_every_measure_refuses_maintenance():
    for m in measures(target=110.0).values():
        assert math.isnan(m.value) and "maintenance" in m.refused and m.category == ""


def test_measures_refuse_zero_and_sign_rather_than_substitute():
    got = progress_measures(
        [2015, 2020], [10.0, 4.0], base_year=2015, target=0.0, target_year=2025, better="lower"
    )
    by = {m.method: m for m in got}
    assert "zero" in by["ratio of actual to required growth"].refused
    assert by["progress against elapsed time"].value == pytest.approx(0.6)
    got = progress_measures(
        [2015, 2020], [0.0, 4.0], base_year=2015, target=10.0, target_year=2025, better="higher"
    )
    by = {m.method: m for m in got}
    assert by["UN Progress Chart 2023"].refused
    assert by["ratio of actual to required growth"].refused


def test_measures_without_a_later_value_or_any():
    got = progress_measures(
        [2020], [40.0], base_year=2020, target=35, target_year=2025, better="lower"
    )
    assert all("2020" in m.refused for m in got)
    got = progress_measures([], [], base_year=2020, target=35, target_year=2025, better="lower")
    assert all(m.refused == "no value" for m in got)


def test_assessment_carries_the_table_of_measures():
    table = assess(PM25, AIM).arithmetic
    assert list(table["method"])[0] == "progress against elapsed time"
    assert table["value"].iloc[0] == pytest.approx((40 - 83) / (35 - 83))
    assert table["source"].str.len().gt(0).all()


# --- sensitivity and back-casts -----------------------------------------------------------


def test_sensitivity_has_one_row_per_combination():
    got = sensitivity(
        {"a": PM25, "b": PM25 * 1.1},
        AIM,
        windows=[(2015, 2020), (2017, 2020), (2017, 2019)],
        methods=["blend", "plateau"],
        phis=(0.85, 0.7),
    )
    assert len(got) == 2 * 3 * 2 * 2
    assert got["moved"].iloc[0] == "" and (got["moved"].iloc[1:] != "").all()
    row = got.iloc[0]
    assert row["p_meet"] == assess(PM25, AIM).p_meet and row["verdict"] == "likely"
    assert (got["lower_95"] <= got["lower_80"]).all() and (got["upper_80"] <= got["upper_95"]).all()
    # a window that ends in 2019 knows nothing of 2020
    shorter = got[(got["window"] == "2017-2019") & (got["series"] == "a")].iloc[0]
    assert shorter["p_meet"] == assess(PM25.loc[2017:2019], AIM).p_meet


def test_sensitivity_of_a_delegated_target_reads_but_never_judges():
    target = {"kind": "delegated", "target_year": 2025}
    got = sensitivity(
        PM25, target, windows=[(2015, 2020)], methods=["blend"], readings=["<= 35", "<= 30"]
    )
    assert (got["verdict"] == CANNOT).all() and got["p_meet"].isna().all()
    assert got["p_under_reading"].iloc[0] > got["p_under_reading"].iloc[1]
    without = sensitivity(PM25, target, windows=[(2015, 2020)], methods=["blend"])
    assert without["verdict_under_reading"].tolist() == [""]
    assert without["median"].iloc[0] == pytest.approx(xc.project(PM25, 2025).median[-1])


def test_sensitivity_keeps_the_row_that_cannot_be_fitted():
    got = sensitivity(PM25, AIM, windows=[(2019, 2020)], methods=["loglinear", "blend"])
    assert got["verdict"].tolist()[0] == CANNOT and "needs 3" in got["note"].iloc[0]
    assert np.isfinite(got["p_meet"].iloc[1])
    with pytest.raises(InputError, match="method"):
        sensitivity(PM25, AIM, windows=[(2015, 2020)], methods=[])


@pytest.mark.parametrize(("better", "comparator"), [("lower", "<="), ("higher", ">=")])
def test_supported_targets_invert_the_probability(better, comparator):
    p = xc.project(PM25, 2025)
    got = supported_targets(p, better=better)
    for row in got.itertuples():
        assert p.p_meet(comparator, row.target) == pytest.approx(row.probability, abs=1e-9)
        assert row.band == band(row.probability)[0]
    step = np.diff(got["target"])
    assert (step < 0).all() if better == "lower" else (step > 0).all()


def test_asked_of_the_past_by_hand():
    s = pd.Series([50.0, 40.0], index=[2020, 2025])
    got = asked_of_the_past(s, [level("<=", 30, 2030), level("<=", 45, 2030)])
    rate = (30 / 40) ** 0.2 - 1
    row = got.iloc[0]
    assert row["needed_rate"] == pytest.approx(100 * rate)
    assert row["would_have_been"] == pytest.approx(50 * 0.75)
    assert row["past_per_year"] == -2 and row["needed_per_year"] == -2 and row["pace"] == 1
    assert got["already_met"].tolist() == [False, True]
    with pytest.raises(InputError, match="2025"):
        asked_of_the_past(s, [level("<=", 30, 2025)])
