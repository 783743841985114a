"""Targets: what a row asks for, how a value compares with it, what a year of a series is."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xc_analysis as xc
from xc_analysis.errors import InputError
from xc_analysis.targets import COMPARATORS, Target, read_target, read_values
from xc_analysis.words import use_language

NAN = math.nan


def level(comparator, value):
    return Target("", "level", 2025, comparator, value)


def frame(*rows, **attrs):
    """A series from (year, value, status, lower, upper)."""
    names = ("year", "value", "status", "lower", "upper")
    out = pd.DataFrame(rows, columns=names).set_index("year")
    out.attrs = attrs
    return out


def test_a_value_meets_by_its_margin_and_a_series_by_that_of_its_latest():
    for value, aim, met, margin in (
        (69.96, "＜ 70", True, 0.04),
        (70.0, "< 70 dB(A)", False, 0),
        (35.4, "≤35", False, -0.4),
        (31.8, "≥ 31.85", False, -0.05),
        (100.0, "= 100", True, 0),
        (97.57, "== 100", False, -2.43),
        (-18.5, "<= −18", True, 0.5),
    ):
        t = read_target(aim, year=2025)
        assert t.met_by(value) is met and t.margin(value) == pytest.approx(margin)
    rows = (2019, 60.0, "printed", NAN, NAN), (2020, 69.6, "printed", NAN, NAN)
    bound = (2022, NAN, "bound", 60, 65)
    assert level("<", 70).margin(frame(*rows, bound)) == pytest.approx(0.4)
    assert math.isnan(level("<", 70).margin(frame(bound)))


@given(st.integers(-(10**6), 10**6), st.integers(0, 4), st.integers(-(10**5), 10**5))
def test_compared_at_the_finer_precision_half_to_even(digits, places, aim):
    """Written digits are never rounded away; Python's round of an exact fraction is half-even."""
    value, exact = digits / 10**places, Fraction(digits, 10**places)
    assert level("<=", aim).met_by(value) is (exact <= aim)
    assert level(">=", aim / 10).met_by(value) is (exact >= Fraction(aim, 10))
    assert level("<=", aim).met_by(value, decimals=0) is (round(exact) <= aim)


@settings(deadline=None)
@given(
    st.sampled_from([*COMPARATORS]),
    *(st.integers(0, 20), st.integers(0, 12), st.integers(-2, 20)),
    st.sampled_from(["estimated", "draft", "derived"]),
)
def test_a_range_meets_misses_or_spans(comparator, low, width, aim, status):
    """Against every point of the range, a quarter apart."""
    s = frame((2025, low + width / 2, status, low, low + width))
    points = np.arange(low, low + width + 0.1, 0.25)
    each = [level(comparator, aim).met_by(float(x)) for x in points]
    want = True if all(each) else None if any(each) else False
    assert read_values(s)[0].meets(level(comparator, aim)) is want


def test_a_year_has_a_status_and_a_range():
    for row, attrs, status, ends in (
        ((39.9702, "computed", NAN, NAN), {}, "computed", (NAN, NAN)),
        ((69.2, None, NAN, NAN), {}, "draft", (69.15, 69.25)),
        # a computed draft counts to a digit more than is printed
        ((29.9173, "draft", NAN, NAN), {"decimals": 0}, "draft", (29.8673, 29.9673)),
        # a count has no rounding, a share ends at its ceiling
        ((3, "draft", NAN, NAN), {"scale": "count", "decimals": 0}, "draft", (3, 3)),
        ((100.0, "draft", NAN, NAN), {"floor": 0, "ceiling": 100}, "draft", (99.5, 100)),
    ):
        v = read_values(frame((2020, *row), **attrs))[0]
        assert v.status == status and (v.lower, v.upper) == pytest.approx(ends, nan_ok=True)


def test_a_target_of_the_plan_or_of_ones_own_is_found():
    plans = {"kind": "delegated", "value": None, "year": 2025, "base_year": 2020, "base_value": 40}
    plans |= {"plan": "十四五", "reading": "<= 35", "reading_id": "read_pm25_city"}
    own = {"kind": "level", "comparator": "<=", "value": 30, "year": 2026, "unit": "µg/m³"}
    for asked, options, found in (
        ("pm25", {}, plans),
        ("co2_total", {}, {"base_year": 2020, "base_value": None}),  # its base is of 2019
        # the plan's own table goes before its text
        ("land_safe_use_rate", {}, {"kind": "delegated", "others": ()}),
        ("pm25", {"year": 2017}, {"value": 60}),
        ("pm25", {"plan": "十五五"}, {"target_id": "n155_pm25_30", "others": ("n155_pm25_25",)}),
        ("pm25", {"scope": "北京市"}, {"value": 35}),
        ("pm25", {"reading": ""}, {"read": None}),
        ("pm25", {"reading": "<= 30"}, {"reading": "<= 30", "reading_id": ""}),
        ("pm25", {"value": "<= 30", "year": 2026}, own),
        ("green_cover", {"value": 32}, {"comparator": ">=", "value": 32, "year": 2025}),
    ):
        t = xc.target(asked, **options)
        assert {name: getattr(t, name) for name in found} == found
        # of two rows the one taken and the other are named
        assert all(name in t._repr_html_() for name in t.others)


def test_what_cannot_be_found_or_read_is_named(lang_en):
    row = {"comparator": "<", "value": 3, "target_year": 2025}
    for ask, match in (
        (lambda: xc.target("pm25", plan="十二五"), "十四五 2025"),
        (lambda: xc.target("pm25", "some 30"), "<= 35"),
        (lambda: xc.target("pm25", reading="35"), "<= 35"),
        (lambda: xc.target("gdp", 30), "comparator"),
        (lambda: xc.target("no2_of_nowhere"), "no2"),
        (lambda: xc.target("pm25").met_by(30), "read"),
        (lambda: read_target(row | {"comparator": "~"}), "comparator"),
        (lambda: read_target(row | {"value": "much"}), "value"),
        (lambda: read_target(row | {"kind": "hope"}), "kind"),
        (lambda: read_target(row | {"kind": "delegated", "reading": "read_x"}), "read_x"),
        (lambda: read_target("<= 35"), "year="),
        (lambda: read_target(42), "row"),
    ):
        with pytest.raises(InputError, match=match):
            ask()


def test_every_row_of_the_table_is_read_and_one_row_in_every_form():
    table = xc.load("targets")
    handed_down = {"kind": "delegated", "comparator": "<=", "value": 34, "target_year": 2025}
    assert read_target(handed_down).text == "≤ 34"
    read = [read_target(row) for _, row in table.iterrows()]
    assert [t.year for t in read] == table["target_year"].tolist()
    row = table[table["target_id"] == "t145_12"]
    for form in (row, row.iloc[0], row.iloc[0].to_dict(), read_target(row)):
        assert read_target(form) == read[row.index[0]]


def test_a_target_shows_itself_in_the_language_of_the_run():
    shown = {"zh": ("<70分贝", "达到市级要求"), "en": ("< 70 dB(A)", "as the city requires")}
    for lang, (text, delegated) in shown.items():
        use_language(lang)
        assert xc.target("traffic_noise").text == text
        assert delegated in xc.target("pm25")._repr_html_()
    assert Target("x", "change", 2025, "<=", -18.0, "%").text == "≤ -18 %"
