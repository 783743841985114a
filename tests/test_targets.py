"""Targets: what a row asks for, how a value compares with it, what a year of a series is."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.errors import InputError
from xc_analysis.targets import (
    COMPARATORS,
    Target,
    as_compared,
    parse_level,
    read_target,
    read_values,
)
from xc_analysis.words import use_language


def level(comparator, value, year=2025, **more):
    return Target("", "level", year, comparator, value, **more)


def frame(rows, **attrs):
    """A series from (year, value, status, lower, upper, completeness, release)."""
    names = ("year", "value", "status", "lower", "upper", "completeness", "release")
    out = pd.DataFrame([dict(zip(names, row, strict=False)) for row in rows])
    out = out.set_index("year").reindex(columns=names[1:])
    out.attrs = attrs
    return out


# --- comparing --------------------------------------------------------------------------------


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
        (99.4, ">", 99, True),
        (100.0, "=", 100, True),
        (97.57, "=", 100, False),
    ],
)
def test_compared_at_the_finer_precision_and_strict_ones_unrounded(value, comparator, target, met):
    assert level(comparator, target).met_by(value) is met


@given(st.integers(-(10**6), 10**6), st.integers(0, 4), st.integers(-(10**5), 10**5))
def test_written_digits_are_never_rounded_away(digits, places, aim):
    value = digits / 10**places
    assert level("<=", aim).met_by(value) is (Fraction(digits, 10**places) <= aim)
    assert level(">=", aim / 10).met_by(value) is (
        Fraction(digits, 10**places) >= Fraction(aim, 10)
    )


@given(
    st.sampled_from([*COMPARATORS]),
    st.integers(0, 20),
    st.integers(0, 12),
    st.integers(-2, 20),
    st.sampled_from(["estimated", "draft", "derived"]),
)
def test_a_range_meets_misses_or_spans(comparator, low, width, aim, status):
    """Against every point of the range, a quarter apart."""
    s = frame([(2025, low + width / 2, status, low, low + width)])
    points = np.arange(low, low + width + 0.1, 0.25)
    each = [level(comparator, aim).met_by(float(x)) for x in points]
    want = True if all(each) else None if any(each) else False
    assert read_values(s)[0].meets(level(comparator, aim)) is want


def test_a_bound_is_a_one_sided_range():
    above = read_values(frame([(2020, np.nan, "bound", 90, np.nan)]))[0]
    assert above.meets(level(">=", 95)) is None
    assert above.meets(level(">=", 85)) is True
    assert above.meets(level("<", 80)) is False
    below = read_values(frame([(2020, np.nan, "bound", np.nan, 33)]))[0]
    assert below.meets(level("<=", 35)) is True and below.meets(level("<=", 30)) is None


def test_a_level_with_a_range_is_met_by_what_meets_its_harder_end():
    aim = level("<=", 32.8, lower=32, upper=33.6)
    met = [read_values(pd.Series({2025: x}))[0].meets(aim) for x in (31.9, 32.5, 33.6, 33.7)]
    assert met == [True, None, None, False]


# --- years of a series ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "status", "ends"),
    [
        ((2020, 40.0, "printed"), "printed", (np.nan, np.nan)),
        ((2020, 39.9702, "computed", None, None, "strict"), "computed", (np.nan, np.nan)),
        ((2020, 57.0, "computed", 55, 61, "adequate"), "computed", (55, 61)),
        ((2015, 83.0, "derived", 81.9, 84.1), "derived", (81.9, 84.1)),
        ((2015, 83.1, "derived"), "derived", (83.05, 83.15)),
        ((2021, 35.0, "estimated", 33, 37, "partial"), "estimated", (33, 37)),
        ((2021, 35.0, "estimated"), "estimated", (-np.inf, np.inf)),
        ((2022, np.nan, "bound", 26, 33), "bound", (26, 33)),
        ((2025, 29.9, "computed", None, None, "strict", "draft"), "draft", (29.85, 29.95)),
        ((2025, 69.2, "draft"), "draft", (69.15, 69.25)),
        ((2025, 69.2, None), "draft", (69.15, 69.25)),
    ],
)
def test_what_a_year_is(row, status, ends):
    v = read_values(frame([row]))[0]
    assert v.status == status
    assert (v.lower, v.upper) == pytest.approx(ends, nan_ok=True)


def test_a_part_of_a_year_and_an_empty_row_are_no_value():
    part = (2021, 35.9, "computed", None, None, "partial")
    draft = (2025, 28.9, "draft", None, None, "partial")
    for row in (part, draft, (2021, 35.9, "partial"), (2021, np.nan, "printed")):
        assert read_values(frame([row])) == []


def test_decimals_of_a_computed_draft_are_one_finer_than_printed():
    s = frame([(2025, 29.9173, "computed", None, None, "strict", "draft")], decimals=0)
    v = read_values(s)[0]
    assert v.decimals == 1 and (v.lower, v.upper) == pytest.approx((29.8673, 29.9673))


def test_a_count_has_no_rounding_and_a_share_ends_at_its_ceiling():
    days = read_values(frame([(2025, 3, "draft")], scale="count", decimals=0))[0]
    assert days.meets(level("<=", 3)) is True
    share = read_values(frame([(2025, 100.0, "draft")], floor=0, ceiling=100, decimals=0))[0]
    assert (share.lower, share.upper) == (99.5, 100) and share.meets(level(">", 99)) is True


# --- reading a target -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("<= 35", ("<=", 35)),
        ("≤35", ("<=", 35)),
        ("＜ 70", ("<", 70)),
        ("≥ 31.85", (">=", 31.85)),
        ("== 100", ("=", 100)),
        ("<= −18", ("<=", -18)),
        ("<= 35 µg/m³", ("<=", 35)),
        ("35", (None, 35)),
    ],
)
def test_a_level_as_text(text, want):
    assert parse_level(text) == want


def test_the_plans_row_with_its_reading():
    t = xc.target("pm25")
    assert (t.kind, t.value, t.year, t.base_year, t.plan) == (
        "delegated",
        None,
        2025,
        2020,
        "十四五",
    )
    assert t.reading == "<= 35" and t.reading_id == "read_pm25_city"
    # the base is the published value of the base year; of CO2 there is one of 2019 only
    assert t.base_value == 40 and xc.target("co2_total").base_value is None
    assert (t.read.kind, t.read.comparator, t.read.value, t.read.year) == ("level", "<=", 35, 2025)
    assert t.read.met_by(34.9) and xc.target("pm25", reading="").read is None
    assert xc.target("PM2.5", reading="<= 30").read.value == 30


def test_the_table_goes_before_the_text_and_a_year_finds_another_plan():
    assert xc.target("land_safe_use_rate").kind == "delegated"
    assert xc.target("pm25", year=2017).value == 60
    assert xc.target("pm25", plan="十五五").value == 30
    assert xc.target("pm25", scope="北京市").value == 35


def test_a_target_of_ones_own():
    t = xc.target("pm25", "<= 30", year=2026)
    assert (t.kind, t.comparator, t.value, t.year, t.unit) == ("level", "<=", 30, 2026, "µg/m³")
    assert xc.target("pm25", 30).comparator == "<=" and xc.target("pm25", 30).year == 2025
    assert xc.target("green_cover", 32).comparator == ">="


@pytest.mark.parametrize(
    ("args", "options", "match"),
    [
        (("pm25",), {"plan": "十二五"}, "十四五 2025"),
        (("pm25",), {"year": 2026.5}, "whole year"),
        (("pm25", "some 30"), {}, "<= 35"),
        (("gdp", 30), {}, "comparator"),
        (("no2_of_nowhere",), {}, "no2"),
    ],
)
def test_what_cannot_be_found_is_named(args, options, match):
    with pytest.raises(InputError, match=match):
        xc.target(*args, **options)


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ({"kind": "level", "target_year": 2025}, "comparator"),
        (
            {"kind": "level", "comparator": "<", "value": "much", "target_year": 2025},
            "comparator",
        ),
        ({"kind": "level", "comparator": "~", "value": 3, "target_year": 2025}, "comparator"),
        ({"kind": "hope", "value": 3, "target_year": 2025}, "kind"),
        ({"kind": "level", "comparator": "<", "value": 3}, "target year"),
        ({"kind": "delegated", "target_year": 2025, "reading": "read_nothing"}, "read_nothing"),
        ("<= 35", "year="),
        ("35", "comparator"),
        (42, "row"),
    ],
)
def test_a_row_that_cannot_be_read(row, match):
    with pytest.raises(InputError, match=match):
        read_target(row)


def test_a_row_of_the_table_in_every_form():
    table = xc.load("targets")
    row = table[table["target_id"] == "t145_12"]
    forms = [read_target(x) for x in (row, row.iloc[0], row.iloc[0].to_dict())]
    assert forms[0] == forms[1] == forms[2] and forms[0].text == "< 70 dB(A)"
    assert read_target(forms[0]) is forms[0]
    for _, row in table.iterrows():
        assert read_target(row).year == row["target_year"]


# --- margin and how a target shows itself -----------------------------------------------------


@pytest.mark.parametrize(
    ("comparator", "aim", "value", "margin"),
    [
        ("<", 70, 69.6, 0.4),
        ("<", 70, 70.3, -0.3),
        (">=", 31.85, 31.8, -0.05),
        (">", 99, 100, 1),
        ("=", 100, 97.57, -2.43),
        ("<=", 35, 35, 0),
    ],
)
def test_margin_is_positive_on_the_side_that_meets(comparator, aim, value, margin):
    got = level(comparator, aim).margin(value)
    assert got == pytest.approx(margin) and math.copysign(1, got) == math.copysign(1, margin)


def test_margin_of_a_series_is_that_of_its_latest_value():
    s = frame([(2019, 60.0, "printed"), (2020, 69.6, "printed"), (2022, np.nan, "bound", 60, 65)])
    assert level("<", 70).margin(s) == pytest.approx(0.4)
    assert xc.target("traffic_noise").margin(xc.series("traffic_noise")) == pytest.approx(0.4)
    assert math.isnan(level("<", 70).margin(frame([(2022, np.nan, "bound", 60, 65)])))


def test_a_target_without_a_number_compares_nothing():
    for ask in (xc.target("pm25").met_by, xc.target("pm25").margin):
        with pytest.raises(InputError, match="read"):
            ask(30)


def test_a_target_shows_itself_in_the_language_of_the_run():
    t = xc.target("traffic_noise")
    use_language("zh")
    assert t.text == "< 70 分贝" and "十四五" in t._repr_html_()
    assert "达到市级要求" in xc.target("pm25")._repr_html_()
    use_language("en")
    assert "as the city requires" in xc.target("pm25")._repr_html_()
    assert t.frame.loc[0, "value"] == 70
    change = Target("x", "change", 2025, "<=", -18.0, "%")
    assert change.text == "≤ -18 %"


@given(st.integers(-(10**6), 10**6), st.integers(0, 2))
def test_rounding_is_half_to_even(digits, places):
    """Python's round of an exact fraction is half to even."""
    want = round(Fraction(digits, 10**4), places)
    assert Fraction(str(as_compared(digits / 10**4, 0, places))) == want
