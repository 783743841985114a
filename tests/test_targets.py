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
from xc_analysis.targets import COMPARATORS, Target, parse_level, read_target, read_values
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


@pytest.mark.parametrize(
    ("value", "comparator", "target", "met", "margin"),
    [
        (69.96, "<", 70, True, 0.04),
        (70.0, "<", 70, False, 0),
        (35.4, "<=", 35, False, -0.4),
        (31.8, ">=", 31.85, False, -0.05),
        (100.0, "=", 100, True, 0),
        (97.57, "=", 100, False, -2.43),
    ],
)
def test_a_value_meets_by_its_margin(value, comparator, target, met, margin):
    assert level(comparator, target).met_by(value) is met
    got = level(comparator, target).margin(value)
    assert got == pytest.approx(margin) and math.copysign(1, got) == math.copysign(1, margin)


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


@pytest.mark.parametrize(
    ("row", "attrs", "status", "ends"),
    [
        ((39.9702, "computed", NAN, NAN), {}, "computed", (NAN, NAN)),
        ((69.2, None, NAN, NAN), {}, "draft", (69.15, 69.25)),
        # a computed draft counts to a digit more than is printed
        ((29.9173, "draft", NAN, NAN), {"decimals": 0}, "draft", (29.8673, 29.9673)),
        # a count has no rounding, a share ends at its ceiling
        ((3, "draft", NAN, NAN), {"scale": "count", "decimals": 0}, "draft", (3, 3)),
        ((100.0, "draft", NAN, NAN), {"floor": 0, "ceiling": 100}, "draft", (99.5, 100)),
    ],
)
def test_what_a_year_is(row, attrs, status, ends):
    v = read_values(frame((2020, *row), **attrs))[0]
    assert v.status == status and (v.lower, v.upper) == pytest.approx(ends, nan_ok=True)


def test_a_level_as_text():
    texts = {"<= 35": ("<=", 35), "≤35": ("<=", 35), "＜ 70": ("<", 70), "≥ 31.85": (">=", 31.85)}
    texts |= {"== 100": ("=", 100), "<= −18": ("<=", -18), "<= 35 µg/m³": ("<=", 35)}
    texts |= {"35": (None, 35)}
    assert {text: parse_level(text) for text in texts} == texts


def test_the_plans_row_with_its_reading():
    t = xc.target("pm25")
    shown = (t.kind, t.value, t.year, t.base_year, t.plan, t.reading, t.reading_id)
    assert shown == ("delegated", None, 2025, 2020, "十四五", "<= 35", "read_pm25_city")
    # the base is the published value of the base year; of CO2 there is one of 2019 only
    assert t.base_value == 40 and xc.target("co2_total").base_value is None
    assert (t.read.kind, t.read.comparator, t.read.value, t.read.year) == ("level", "<=", 35, 2025)
    assert xc.target("pm25", reading="").read is None
    assert xc.target("PM2.5", reading="<= 30").read.value == 30


def test_the_table_goes_before_the_text_and_a_year_finds_another_plan():
    land = xc.target("land_safe_use_rate")
    assert land.kind == "delegated" and not land.others
    assert xc.target("pm25", year=2017).value == 60
    assert xc.target("pm25", scope="北京市").value == 35


def test_of_two_rows_the_one_taken_and_the_other_are_named():
    t = xc.target("pm25", plan="十五五")
    judged = xc.assess(xc.series("pm25"), t, as_of=2025)
    assert (t.target_id, t.others) == ("n155_pm25_30", ("n155_pm25_25",)) and judged.target == t
    for html in (t._repr_html_(), judged._repr_html_()):
        assert "n155_pm25_30" in html and "n155_pm25_25" in html
    assert xc.target("pm25", year=2020).others == ("bs18_pm25_city",)


def test_a_target_of_ones_own():
    t = xc.target("pm25", "<= 30", year=2026)
    assert (t.kind, t.comparator, t.value, t.year, t.unit) == ("level", "<=", 30, 2026, "µg/m³")
    assert xc.target("pm25", 30).comparator == "<=" and xc.target("pm25", 30).year == 2025
    assert xc.target("green_cover", 32).comparator == ">="


LEVEL = {"kind": "level", "comparator": "<", "value": 3}
DELEGATED = {"kind": "delegated", "target_year": 2025, "reading": "read_nothing"}
NO_TARGETS = [
    (("pm25",), {"plan": "十二五"}, "十四五 2025"),
    (("pm25", 30), {"plan": "十二五"}, "十四五, 碳达峰"),
    (("pm25",), {"year": 2026.5}, "whole year"),
    (("pm25", "some 30"), {}, "<= 35"),
    (("pm25",), {"reading": "35"}, "<= 35"),
    (("gdp", 30), {}, "comparator"),
    (("no2_of_nowhere",), {}, "no2"),
]
NO_ROWS = [
    (LEVEL | {"value": None, "target_year": 2025}, "comparator"),
    (LEVEL | {"kind": None, "value": "much", "target_year": 2025}, "value"),
    (LEVEL | {"comparator": "~", "target_year": 2025}, "comparator"),
    (LEVEL | {"kind": "hope"}, "kind"),
    (LEVEL, "target year"),
    (DELEGATED, "read_nothing"),
    ("<= 35", "year="),
    ("35", "comparator"),
    (42, "row"),
]


def test_what_cannot_be_found_or_read_is_named():
    for args, options, match in NO_TARGETS:
        with pytest.raises(InputError, match=match):
            xc.target(*args, **options)
    for row, match in NO_ROWS:
        with pytest.raises(InputError, match=match):
            read_target(row)
    for ask in (xc.target("pm25").met_by, xc.target("pm25").margin):
        with pytest.raises(InputError, match="read"):
            ask(30)


def test_a_row_of_the_table_in_every_form():
    table = xc.load("targets")
    row = table[table["target_id"] == "t145_12"]
    forms = [read_target(x) for x in (row, row.iloc[0], row.iloc[0].to_dict())]
    assert forms == forms[:1] * 3 and forms[0].text == "< 70 dB(A)"
    assert read_target(forms[0]) is forms[0]
    read = [read_target(row).year for _, row in table.iterrows()]
    assert read == table["target_year"].tolist()


def test_margin_of_a_series_is_that_of_its_latest_value():
    bound = (2022, NAN, "bound", 60, 65)
    s = frame((2019, 60.0, "printed", NAN, NAN), (2020, 69.6, "printed", NAN, NAN), bound)
    assert level("<", 70).margin(s) == pytest.approx(0.4)
    assert xc.target("traffic_noise").margin(xc.series("traffic_noise")) == pytest.approx(0.4)
    assert math.isnan(level("<", 70).margin(frame(bound)))


def test_a_target_shows_itself_in_the_language_of_the_run():
    t, delegated = xc.target("traffic_noise"), xc.target("pm25")
    use_language("zh")
    assert t.text == "< 70 分贝" and "十四五" in t._repr_html_()
    assert "达到市级要求" in delegated._repr_html_()
    use_language("en")
    assert "as the city requires" in delegated._repr_html_() and t.frame.loc[0, "value"] == 70
    assert Target("x", "change", 2025, "<=", -18.0, "%").text == "≤ -18 %"
