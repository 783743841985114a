"""Cells that people type: each understood exactly as meant, or refused with reason and remedy."""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xc_analysis.intake.cells import Cell, parse, plain
from xc_analysis.intake.units import unit_factor
from xc_analysis.intake.years import parse_year

VALUES = [
    # typed, unit of the register, what it means
    ("53.8", "dB(A)", "53.8"),
    ("５３．８", "dB(A)", "53.8"),
    ("53。8", "dB(A)", "53.8"),
    ("31.80", "%", "31.80"),  # digits that were printed stay
    ("31.8%", "%", "31.8"),
    ("３１．８％", "%", "31.8"),
    ("5‰", "%", "0.5"),
    ("-1.5", "pp", "-1.5"),
    ("−1.5", "pp", "-1.5"),
    ("＋1.42个百分点", "pp", "+1.42"),
    ("1,234.5", "t", "1234.5"),
    ("１，２３４．５ 吨", "t", "1234.5"),
    ("1 234", "t", "1234"),
    ("1\u00a0234\u3000吨", "t", "1234"),
    ("1,234,567", "10⁴ persons", "1234567"),
    ("1.5万吨", "t", "15000"),
    ("685万吨", "10⁴t", "685"),
    ("6,850,000吨", "10⁴t", "685"),
    ("6850000千克", "10⁴t", "0.685"),
    ("40微克/立方米", "µg/m³", "40"),
    ("40 μg/m3", "µg/m³", "40"),
    ("40ug/m3", "µg/m³", "40"),
    ("40微克每立方米", "µg/m³", "40"),
    ("0.04mg/m3", "µg/m³", "40"),
    ("900微克/立方米", "mg/m³", "0.9"),
    ("53.8分贝", "dB(A)", "53.8"),
    ("53.8 DB(a)", "dB(A)", "53.8"),
    ("53.8dB", "dB(A)", "53.8"),
    ("21.5公顷", "ha", "21.5"),
    ("215000平方米", "ha", "21.5"),
    ("21.5万平方米", "ha", "21.5"),
    ("0.215平方公里", "ha", "21.5"),
    ("3.5万辆", "10⁴ vehicles", "3.5"),
    ("35000辆", "10⁴ vehicles", "3.5"),
    ("3万", "count", "30000"),
    ("12个", "count", "12"),
    ("10天", "d", "10"),
    ("5007.3亿元", "10⁸ yuan", "5007.3"),
    ("110.6万人", "10⁴ persons", "110.6"),
    ("8.3吨/平方公里·月", "t/(km²·month)", "8.3"),
    ("'53.8", "dB(A)", "53.8"),
    (" 53.8\n", "dB(A)", "53.8"),
    ("\ufeff53.8\u200b", "dB(A)", "53.8"),
    ("4.0E+01", "µg/m³", "40"),
    (".5", "%", "0.5"),
    ("5.", "%", "5"),
    (40, "µg/m³", "40"),
    (0.1 + 0.2, "%", "0.3"),  # binary noise behind the 15th digit
    (31.800000000000001, "%", "31.8"),
    (0, "d", "0"),
    (Decimal("31.80"), "%", "31.80"),
]


@pytest.mark.parametrize(("typed", "unit", "meant"), VALUES, ids=[repr(v[0]) for v in VALUES])
def test_values(typed, unit, meant):
    cell = parse(typed, unit=unit)
    assert cell.kind == "value", cell.reason_en
    assert cell.value == Decimal(meant)
    assert plain(cell.value) == meant.lstrip("+")
    assert cell.year is None and not cell.about


BOUNDS = [
    # typed, lower, upper, whether the end is excluded
    (">90", "90", None, True),
    ("＞90％", "90", None, True),
    ("> 90", "90", None, True),
    ("≥90", "90", None, False),
    (">=90", "90", None, False),
    ("=>90", "90", None, False),
    ("＞＝90", "90", None, False),
    ("90以上", "90", None, False),
    ("90%及以上", "90", None, False),
    ("不低于90", "90", None, False),
    ("至少90", "90", None, False),
    ("大于或等于90", "90", None, False),
    ("大于90", "90", None, True),
    ("超过90%", "90", None, True),
    ("突破90", "90", None, True),
    ("90余", "90", None, True),
    ("90多", "90", None, True),
    ("<55", None, "55", True),
    ("＜55", None, "55", True),
    ("≤33", None, "33", False),
    ("=<33", None, "33", False),
    ("不超过33", None, "33", False),
    ("33以下", None, "33", False),
    ("低于33", None, "33", True),
    ("53~55", "53", "55", False),
    ("53～55", "53", "55", False),
    ("53-55", "53", "55", False),
    ("53—55", "53", "55", False),
    ("53至55", "53", "55", False),
    ("53%~55%", "53", "55", False),
    ("25.6–33.9", "25.6", "33.9", False),
]


@pytest.mark.parametrize(("typed", "low", "high", "strict"), BOUNDS, ids=[b[0] for b in BOUNDS])
def test_bounds(typed, low, high, strict):
    cell = parse(typed, unit="%")
    assert cell.kind == "bound", cell.reason_en
    assert (cell.lower, cell.upper) == (low and Decimal(low), high and Decimal(high))
    assert cell.strict is strict and cell.value is None


@pytest.mark.parametrize(
    ("typed", "value"),
    [("约35", 35), ("大约35", 35), ("35左右", 35), ("~35", 35), ("≈35", 35), ("约3.5万", 35000)],
)
def test_about(typed, value):
    cell = parse(typed, unit="count")
    assert (cell.kind, cell.value, cell.about) == ("value", value, True)


@pytest.mark.parametrize(
    "typed", ["685(2019)", "685（2019）", "685（2019年）", "685万吨 (2019年)", "685[2019]"]
)
def test_a_year_behind_the_value(typed):
    cell = parse(typed, unit="10⁴t")
    assert (cell.kind, cell.value, cell.year) == ("value", 685, 2019)


@pytest.mark.parametrize(
    "typed",
    [None, "", " ", "\u3000", "\u200b", "—", "——", "–", "-", "--", "－", "/", "／", "…", "……", "...", "*",
     "无", "暂无", "未公布", "不详", "缺", "n/a", "N/A", "NA", "未监测"],
)  # fmt: skip
def test_missing(typed):
    assert parse(typed, unit="%") == Cell("missing")


REFUSED = [
    # typed, unit, a word of the reason
    ("12,34", "t", "separators"),
    ("1,2345", "t", "separators"),
    ("1,23,456", "t", "separators"),
    ("53,8", "dB(A)", "separators"),
    ("40 41", "t", "separators"),
    ("NaN", "t", "no number"),
    ("null", "t", "no number"),
    ("None", "t", "no number"),
    ("inf", "t", "no number"),
    ("-∞", "t", "no number"),
    (math.nan, "t", "no number"),
    (math.inf, "t", "no number"),
    ("#N/A", "t", "spreadsheet's error"),
    ("#DIV/0!", "t", "spreadsheet's error"),
    ("#REF!", "t", "spreadsheet's error"),
    ("=A1+1", "t", "formula"),
    ("=1+1", "t", "formula"),
    ("＝SUM(A1)", "t", "formula"),
    ("+SUM(A1)", "t", "formula"),
    ("-A1+2", "t", "formula"),
    ("@SUM(A1)", "t", "formula"),
    ("=cmd|' /C calc'!A0", "t", "formula"),
    (True, "t", "logical"),
    ("TRUE", "t", "cannot be read"),
    (datetime(2020, 9, 1), "t", "date"),
    (date(2020, 9, 1), "t", "date"),
    (time(12), "t", "date or time"),
    (timedelta(days=40), "t", "date or time"),
    ("2020-09", "t", "span of years"),
    ("2019-2020", "t", "span of years"),
    ("2020-09-30", "t", "cannot be read"),
    (1e308, "t", "impossibly large"),
    ("1e308", "t", "impossibly large"),
    ("1e999", "t", "impossibly large"),
    (10**400, "t", "impossibly large"),
    ("1e-30", "t", "decimals"),
    (5e-324, "t", "decimals"),
    ("40%", "µg/m³", "per cent"),
    ("1.42个百分点", "%", "not the unit"),
    ("3亩", "ha", "not the unit"),
    ("40 dB", "µg/m³", "not the unit"),
    ("40 mg", "µg/m³", "not the unit"),
    ("40（初步）", "µg/m³", "a remark"),
    ("PM2.5 40", "µg/m³", "cannot be read"),
    ("40;41", "µg/m³", "cannot be read"),
    ("40/41", "µg/m³", "cannot be read"),
    ("三十五", "µg/m³", "cannot be read"),
    ("①", "count", "cannot be read"),
    ("10²", "count", "not the unit"),
    ("½", "count", "cannot be read"),
    ("二〇二〇", "count", "cannot be read"),
    ("٣٥", "count", "cannot be read"),
    ("0x1F", "count", "not the unit"),
    ("1_000", "count", "cannot be read"),
    ("55~53", "%", "does not rise"),
    ("5-5", "%", "does not rise"),
    ("约>90", "%", "cannot be read"),
    (">90以上", "%", "cannot be read"),
    ("> 约 90", "%", "approximate and a bound"),
    ("101", "%", "above the ceiling"),
    ("-1", "%", "below the floor"),
    (">100", "%", "no possible value"),
    ("<0", "%", "no possible value"),
    ("90~120", "%", "above the ceiling"),
    ("9" * 250, "%", "characters"),
    ("685(1066)", "10⁴t", "cannot be read"),
    (b"40", "t", "neither number nor text"),
    ([40], "t", "neither number nor text"),
]


@pytest.mark.parametrize(("typed", "unit", "why"), REFUSED, ids=[repr(r[0])[:24] for r in REFUSED])
def test_refused_with_reason_and_remedy_in_both_languages(typed, unit, why):
    ends = {"floor": 0, "ceiling": 100} if unit == "%" else {}
    cell = parse(typed, unit=unit, **ends)
    assert cell.kind == "refused", cell
    assert why in cell.reason_en
    assert cell.reason_zh and cell.remedy_zh and cell.remedy_en
    assert (cell.value, cell.lower, cell.upper) == (None, None, None)


def test_cells_shown_in_per_cent_hold_hundredths():
    assert plain(parse(0.318, unit="%", number_format="0.00%").value) == "31.8"
    assert parse(1, unit="%", number_format="0%").value == 100
    assert parse(0.0142, unit="pp", number_format="0.00%").value == Decimal("1.42")
    assert "per cent" in parse(0.4, unit="µg/m³", number_format="0%").reason_en
    # a sign that is only written, not a format
    assert parse(31.8, unit="%", number_format='0.0"%"').value == Decimal("31.8")
    assert parse(31.8, unit="%", number_format="0.0\\%").value == Decimal("31.8")


def test_a_number_in_a_date_format_is_told_what_it_was():
    # 40 typed into a cell formatted as a date
    assert "40" in parse(datetime(1900, 2, 9), unit="d").reason_en


@pytest.mark.parametrize(
    "typed",
    [2020, 2020.0, "2020", " 2020 ", "2020年", "２０２０", "2020年度", "2020.0", "'2020", "2020-12-31",
     "2020/1/1", "2020年1月1日", "2020-01-01 00:00:00", 43831, 44196, "44196", datetime(2020, 1, 1),
     date(2020, 12, 31), datetime(1905, 7, 12), "1905-07-12"],
)  # fmt: skip
def test_years(typed):
    assert parse_year(typed) == 2020


@pytest.mark.parametrize(
    "typed",
    [None, "", "20", "20200", "2020.5", 2020.5, "3020", 1900, True, "去年", "2020-2021", 43900,
     "2020-06-30", datetime(2020, 6, 30), "2020-02-30", "二〇二〇", math.nan, math.inf, "1e3", -2020],
)  # fmt: skip
def test_what_is_no_year(typed):
    cell = parse_year(typed)
    assert cell.kind == "refused" and cell.remedy_zh and cell.remedy_en


def test_units_convert_both_ways_and_never_across_kinds():
    for a, b in (("吨", "10⁴t"), ("公顷", "m²"), ("mg/m³", "µg/m³"), ("亿元", "10⁴ yuan")):
        assert unit_factor(a, b) * unit_factor(b, a) == 1
    for a, b in (("%", "pp"), ("t", "ha"), ("d", "count"), ("µg/m³", "mg/L"), ("m", "m²")):
        assert unit_factor(a, b) is None
    assert unit_factor("rank", "rank") == 1
    assert unit_factor("", "t") is None


@settings(max_examples=300, deadline=None)
@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4, allow_nan=False))
def test_a_plain_number_comes_back_as_it_is(number):
    text = format(number, "f")
    assert parse(text, unit="t").value == number
    grouped = f"{number:,f}"
    assert parse(grouped, unit="t").value == number
    wide = "".join(chr(ord(c) + 0xFEE0) for c in grouped)
    assert parse(wide, unit="t").value == number


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                [*"0123456789.,，（）()%％<>≥≤~—-/ +eE", "约", "万", "吨", "年", "2019", "以上"]
            )
        ).map("".join),
        st.floats(),
        st.integers(),
        st.booleans(),
        st.datetimes(),
    ),
    st.sampled_from(["%", "µg/m³", "10⁴t", "count", "dB(A)", "index"]),
)
def test_any_cell_is_answered(typed, unit):
    cell = parse(typed, unit=unit, floor=0, ceiling=100)
    assert cell.kind in ("value", "bound", "missing", "refused")
    if cell.kind == "refused":
        assert cell.reason_zh and cell.reason_en and cell.remedy_zh and cell.remedy_en
    for number in (cell.value, cell.lower, cell.upper):
        assert number is None or 0 <= number <= 100
    year = parse_year(typed)
    assert isinstance(year, Cell) or 1949 <= year <= 2100


@pytest.mark.parametrize(
    ("typed", "word"),
    [("68.1*", "footnote"), ("68.1①", "footnote"), ("68.1[1]", "footnote"), ("68.1（初步）", "remark"),
     ("53.1±0.5", "uncertainty")],
)  # fmt: skip
def test_what_stands_behind_a_number_is_named(typed, word):
    cell = parse(typed, unit="dB(A)")
    assert cell.kind == "refused" and word in cell.reason_en
    assert cell.reason_zh and cell.remedy_zh and cell.remedy_en
