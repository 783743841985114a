"""Numbers of one's own: what is read, what is asked, what is refused, and the way back."""

import csv
import errno
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font

import xc_analysis as xc
from xc_analysis import changes, cli, own_numbers
from xc_analysis.changes import undo
from xc_analysis.errors import InputError
from xc_analysis.own_numbers import apply_import, preview_import, write_template
from xc_analysis.sheets import Quantity, read_date, read_quantity
from xc_analysis.words import use_language, word

ROOT = Path(__file__).resolve().parents[1]
SOURCE = {"title": "西城区生态环境状况", "publisher": "西城区生态环境局"}
SOURCE |= {"published": "2026-03-31", "locator": "表3"}
NOTICE = {"title": "关于下达2025年目标任务的通知", "publisher": "北京市生态环境局"}
NOTICE |= {"published": "2025-03-01", "document_no": "京环发〔2025〕1号"}
NOISE = "area_noise@2025"
SOUND = {NOISE: {"value": 53.1, **SOURCE}}


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """The template as bytes, in English."""
    use_language("en")
    try:
        return write_template(tmp_path_factory.mktemp("blank") / "t.xlsx").read_bytes()
    finally:
        use_language(None)


@pytest.fixture
def own(pack, lang_en):
    """A copy of the tables that is worked with."""
    xc.use_data(pack)
    return pack


def place(key, column, page):
    """Return the cell of a row's column."""
    row = next(r for r in range(4, page.max_row + 1) if page.cell(r, 1).value == key)
    return page.cell(row, own_numbers.COLUMNS.index(column) + 1)


def fill(blank, path, rows, change=None):
    """Write a copy of the template with cells filled in."""
    book = openpyxl.load_workbook(io.BytesIO(blank))
    for key, cells in rows.items():
        for column, value in cells.items():
            place(key, column, book.active).value = value
    if change:
        change(book, book.active)
    book.save(path)
    return path


def as_csv(path, *rows, encoding="utf-8", mark=","):
    """Write rows (id, value, more) as a csv in the template's columns."""
    names = ("id", "value", "title", "publisher", "published", "locator", "note")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow([word(f"import.column.{name}", "zh") for name in names])
    writer.writerows([key, value, *SOURCE.values(), *more] for key, value, *more in rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def state(folder):
    return {p.name: p.read_bytes() for p in Path(folder).glob("*.csv")}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_template_lists_delegated_targets_then_gaps_and_takes_them_as_they_are(
    lang_en, tmp_path, lang
):
    use_language(lang)
    book = openpyxl.load_workbook(write_template(tmp_path / "t.xlsx"))
    page = book.active
    ids = [page.cell(r, 1).value for r in range(4, page.max_row + 1)]
    plan = xc.load("targets").query("plan == '十四五' and plan_row.notna()")
    assert ids[:8] == plan.loc[plan["kind"] == "delegated", "target_id"].tolist()
    assert all("@" in key for key in ids[8:]) and len(set(ids)) == len(ids)
    # a year that is on record is no gap, one that is estimated or unaudited is
    assert {NOISE, "pm25@2021", "pm25@2025"} <= set(ids)
    assert not {"pm25@2022", "area_noise@2020"} & set(ids)
    decides = {"zh": "能否评定目标 < 55 分贝", "en": "whether the target < 55 dB(A) is met"}
    assert place(NOISE, "decides", page).value == decides[lang]
    assert {"zh": "年鉴", "en": "yearbook"}[lang] in place(NOISE, "where", page).value
    assert page.data_validations.dataValidation[0].formula1 == '"<=,<,>=,>,="'
    assert page.protection.sheet and place(NOISE, "id", page).protection.locked
    assert not place(NOISE, "value", page).protection.locked
    text = "".join(str(c.value) for row in page for c in row if c.value)
    assert bool(re.search("[\u4e00-\u9fff]", text)) == (lang == "zh")
    for row in range(12, page.max_row + 1):
        for name, value in {"lower": "x", **SOURCE}.items():
            page.cell(row, own_numbers.COLUMNS.index(name) + 1).value = value
    book.save(tmp_path / "filled.xlsx")
    shown = preview_import(tmp_path / "filled.xlsx")
    assert {line[0] for line in shown.problems} == {"J"}, str(shown)
    assert len(shown.problems) == shown.rows == page.max_row - 11
    reasons = {"t.xlsx": "不覆盖|not over", "t.csv": r"\.xlsx", "no/t.xlsx": "no/t"}
    for name, reason in reasons.items():
        with pytest.raises(InputError, match=reason):
            write_template(tmp_path / name)


def test_round_trip(own, blank, tmp_path):
    before = state(own)
    rows = {
        NOISE: {"value": "５３．１分贝", **SOURCE},
        "t145_03": {"comparator": "<=", "value": 33, **NOTICE},
        "vocs_cut@2025": {"value": "1,200", **SOURCE},
        "t145_07": {"comparator": ">=", "value": "1100", **NOTICE},
        "traffic_noise@2025": {"lower": 68, "upper": 69.5, **SOURCE},
    }
    file = fill(blank, tmp_path / "in.xlsx", rows)
    shown = preview_import(file)
    assert not shown.problems and shown.rows == 5 and state(own) == before
    assert any("no value for the target year (2025) → met" in line for line in shown.verdicts)
    assert "figures with these indicators" in str(shown) and "add --apply" in str(shown)
    assert apply_import(file).written and xc.check().empty
    card = xc.scorecard().set_index("indicator")
    assert card.loc["area_noise", ["verdict", "outturn"]].tolist() == ["met", 53.1]
    assert card.loc["pm25", ["kind", "comparator", "target"]].tolist() == ["level", "<=", 33]
    assert card.loc["pm25", "verdict"] == "met (provisional)"  # 2025 is unaudited
    assert card.loc["vocs_cut", ["verdict", "target"]].tolist() == ["met", 1100]
    assert card.loc["traffic_noise", "verdict"] == "met (provisional)"
    row = xc.series("area_noise").loc[2025]
    source = xc.load("sources").set_index("source_id").loc[row["source_id"]]
    assert (row["release"], source["title"]) == ("internal", SOURCE["title"])
    again = preview_import(file)
    assert not again.problems and "is on record" in str(again)
    assert "taken back" in undo()
    assert state(own) == before and not (own / ".xc").exists()
    with pytest.raises(InputError, match="no import to take back"):
        undo()


def test_a_figure_takes_the_place_of_a_bound_and_undo_goes_step_by_step(own, tmp_path):
    path = own / "observations.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = state(own)
    apply_import(as_csv(tmp_path / "a.csv", (NOISE, "53.1")))
    added = path.read_bytes().removeprefix(before["observations.csv"])
    assert added.count(b"\r\n") == 1 and len(added) < 1000  # other rows keep their bytes
    between = state(own)
    apply_import(as_csv(tmp_path / "b.csv", ("pm25@2022", "约30")), accept_unlikely=True)
    rows = xc.load("observations").set_index("obs_id")
    assert not rows.loc["o0007", "use"] and "replaced" in rows.loc["o0007", "note_en"]
    assert rows.loc["own_pm25_2022", "note_en"] == "given as approximate"
    assert xc.check().empty
    for earlier in (between, before):
        undo()
        assert state(own) == earlier


def test_csv_in_any_encoding(lang_en, tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"):
        mark = "\t" if "16" in encoding else ","
        file = as_csv(tmp_path / "in.csv", (NOISE, "53.1"), encoding=encoding, mark=mark)
        shown = preview_import(file)
        assert not shown.problems and "53.1 dB(A)" in "".join(shown.changes)


VALUES = """
dB(A): 53.8分贝 53.8
%: 31.80 31.80, ３１．８％ 31.8
pp: −1.5 -1.5, 1.42个百分点 1.42
t: １，２３４．５吨 1234.5, 1.5万吨 15000, 1.5万 15000
10⁴t: 685万吨 685, 685万 685, 6850000吨 685
10⁸ yuan: 5007.3亿元 5007.3, 5007.3亿 5007.3, 1.1万亿元 11000
10⁴ persons: 110.6万人 110.6
µg/m³: 40μg/m³ 40, 40微克/立方米 40
"""
READ = [
    (typed, unit, meant)
    for unit, listed in (line.split(": ") for line in VALUES.strip().splitlines())
    for typed, meant in (pair.split() for pair in listed.split(", "))
]
READ += [(" 10天\n", "d", "10"), ("1,234,567", "count", "1234567"), ("40 μg/m³", "µg/m³", "40")]
READ += [(40, "µg/m³", "40"), (0.1 + 0.2, "%", "0.3"), (31.800000000000001, "%", "31.8")]
BOUNDS = {"<55": (None, 55), "＜55": (None, 55), "≤33": (None, 33), "不超过33%": (None, 33)}
BOUNDS |= {"33以下": (None, 33), ">90％": (90, None), "≥90": (90, None), "90%以上": (90, None)}
BOUNDS |= {"30~35": (30, 35), "30～35": (30, 35), "30—35%": (30, 35), "30%至35%": (30, 35)}


def test_numbers_bounds_ranges_and_what_is_none():
    for typed, unit, meant in READ:
        got = read_quantity(typed, unit)
        assert got == Quantity(Decimal(meant)) and format(got.value, "f") == meant, typed
    for typed, (low, high) in BOUNDS.items():
        assert read_quantity(typed, "%") == Quantity(lower=low, upper=high), typed
    for typed in ("约35", "大约35", "35左右", "~35", "about 35"):
        assert read_quantity(typed, "%") == Quantity(Decimal(35), about=True)
    for typed in (None, "", "  ", "—", "/", "无", "未公布", "N/A", "…"):
        assert read_quantity(typed, "%") is None
    assert read_quantity(0.318, "%", percent=True).value == Decimal("31.8")
    with pytest.raises(InputError):
        read_quantity(0.4, "µg/m³", percent=True)


REFUSED = """
12,34 | 1,2345 | 1,23,456 | 53,8 | 40 41 | NaN | null | inf | #N/A | =1+1 | ＝SUM(A1) | @SUM(A1)
+SUM(A1) | =cmd|' /C calc'!A0 | TRUE | 1e308 | 4.0E+01 | 1-6月 | 2020-09 | 2019-2020 | 2020-09-30
29.3² | 68.1① | 68.1* | 53.1±0.5 | ½ | 40（初步） | 40() | 40% | 40 mg/m³ | 3万 | PM2.5 40 | 40/41
4/5 | 三十五 | ٣٥ | 55~53 | 5-5 | 约>90 | >90以上 | 2023年① | 其中：东城 40 | <约40 | --4 | 1_000
"""
REFUSED = [typed for line in REFUSED.strip().splitlines() for typed in line.split(" | ")]
REFUSED += ["9" * 80, "1.2.3", True, datetime(2020, 9, 1), float("nan"), float("inf"), 1e300]


DATES = {"2026-03-31": "2026-03-31", "2026/3/31": "2026-03-31", "2026年3月31日": "2026-03-31"}
DATES |= {"２０２６年３月": "2026-03", "2026": "2026", 2026: "2026"}
DATES |= {datetime(2026, 3, 31): "2026-03-31"}
NO_DATES = ("46112", 46112.0, "2026-02-30", "去年", "2999-01-01", "2026-13")


def test_dates_and_what_has_no_meaning_or_two_is_refused(lang_en):
    assert {typed: read_date(typed) for typed in DATES} == DATES
    cases = [(read_quantity, (typed, "µg/m³")) for typed in REFUSED]
    for read, typed in [*cases, *((read_date, (typed,)) for typed in NO_DATES)]:
        with pytest.raises(InputError) as refused:
            read(*typed)
        assert str(refused.value) and "\n" not in str(refused.value), typed


PIECES = [*"0123456789.,，（）()%％<>≥≤~—-/ +eE²约万亿吨年至", "2019", "以上"]
SIGNS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
STORED = st.one_of(st.floats(), st.integers(), st.booleans(), st.datetimes())


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(st.text(max_size=60), SIGNS, STORED),
    st.sampled_from(["%", "µg/m³", "10⁴t", "count", "dB(A)", "index"]),
)
def test_any_cell_is_read_or_refused_in_a_line(typed, unit):
    try:
        got = read_quantity(typed, unit)
    except InputError as refused:
        assert str(refused) and len(str(refused)) < 300
        return
    if got is not None:
        ends = [n for n in (got.lower, got.value, got.upper) if n is not None]
        assert ends and ends == sorted(ends) and all(n.is_finite() for n in ends)


SLIPS = {"pm25@2025": "240", "so2@2025": "30", "no2@2025": "210", "good_days@2025": "28"}
SLIPS |= {"pm25@2024": "3.0", "pm10@2025": "6", "good_day_ratio@2025": "8.07"}
SLIPS |= {"heavy_day_ratio@2025": "13.8", "area_noise@2025": "63.1", "traffic_noise@2025": "6.96"}
SLIPS |= {"green_cover@2025": "3.18", "park_500m_coverage@2025": "9.76", "co2_total@2025": "68.5"}
SLIPS |= {"gdp@2023": "610.4", "population@2022": "1100000"}
LIKELY = {"pm25@2025": "30.1", "so2@2025": "3", "no2@2025": "21", "good_days@2025": "295"}
LIKELY |= {"area_noise@2025": "53.1", "traffic_noise@2025": "69.8", "green_cover@2025": "32.1"}
LIMITS = {NOISE: "-53.8", "green_cover@2025": "131.8", "good_days@2025": "366"}
LIMITS |= {"heavy_days@2025": "-1", "pm25@2025": "-30~-20"}


def test_slips_are_asked_about_and_written_only_when_accepted(own, tmp_path):
    file, before = as_csv(tmp_path / "in.csv", *SLIPS.items()), state(own)
    shown = apply_import(file)
    assert not shown.faults and len(shown.questions) == len(SLIPS), str(shown)
    for line, told in enumerate(shown.questions, 2):
        assert told.startswith(f"B{line}: ") and "lies far from the years around" in told
    assert not shown.written and state(own) == before
    assert not preview_import(as_csv(tmp_path / "in.csv", *LIKELY.items())).problems
    # floor and ceiling are never passed
    file = as_csv(tmp_path / "in.csv", *LIMITS.items())
    told = "\n".join(preview_import(file, accept_unlikely=True).problems)
    assert {line for line in range(2, 7) if f"B{line}: " in told} == set(range(2, 7)), told
    file = as_csv(tmp_path / "in.csv", ("pm25@2025", "240"))
    assert apply_import(file, accept_unlikely=True).questions
    assert xc.series("pm25", source="published").loc[2025, "value"] == 240


KNOWN = {"prior_sd": 0.08, "unit": "µg/m³", "floor": 0.0}
EDGES = [
    # two neighbours' median is 30; what is still let through, what is asked about
    (KNOWN, (12.01, 74.9), (11.9, 75.1)),  # a factor of 2.5
    (KNOWN | {"prior_sd": 0.2}, (9.05, 99.5), (9.03, 99.7)),  # six times the scatter
    (KNOWN | {"prior_sd": 0.55}, (5.01, 179), (4.99, 181)),  # at most a factor of 6
    (KNOWN | {"prior_sd": float("nan")}, (5.01, 179), (4.99, 181)),
    (KNOWN | {"unit": "%"}, (20.1, 39.9), (19.9, 40.1)),  # ten points
    (KNOWN | {"unit": "%", "prior_sd": 0.15}, (11.2, 48.8), (11.0, 49.0)),  # 6 · 0.15 · 21 points
    (KNOWN | {"unit": "dB(A)"}, (25.1, 34.9), (24.9, 35.1)),
]


def test_thresholds_both_ways():
    around = {2019: 28.0, 2020: 32.0}
    for known, passes, asked in EDGES:
        assert [own_numbers.is_unlikely(v, around, known) for v in passes] == [False, False]
        assert [own_numbers.is_unlikely(v, around, known) for v in asked] == [True, True]
    assert not own_numbers.is_unlikely(1e9, {}, KNOWN)


MEANING = "目标 预测值 计划数 累计 上半年 1-6月 1至9月 最大值 90百分位 其中：东城 初步数 全市数 Q3"
HARMLESS = "2025年1-12月 年鉴第3页 北京市生态环境局公报 区域环境噪声 全年均值 maximal".split()


def test_words_that_change_the_meaning_and_words_that_do_not():
    words = [*MEANING.split(), "first half", "target value", "year to date"]
    assert [text for text in words if not own_numbers.find_meaning(f"2025 {text}（表3）")] == []
    assert [text for text in HARMLESS if own_numbers.find_meaning(text)] == []


def test_whole_years_own_names_and_targets_of_targets_are_no_question(lang_en, blank, tmp_path):
    rows = {
        NOISE: {"value": 53.1, **SOURCE, "note": "西城区2025年1-12月，年鉴口径同往年"},
        "t145_03": {"comparator": "≤", "value": "33", **NOTICE, "note": "年度目标"},
        "o3_8h_p90@2025": {"value": "165", **SOURCE, "note": "日最大8小时第90百分位"},
        "nox_cut@2025": {"value": "120", **SOURCE, "note": "五年累计"},
    }
    shown = preview_import(fill(blank, tmp_path / "数据.xlsx", rows))
    assert not shown.problems, str(shown)


def _rich(**font):
    return _put("value", CellRichText("53.", TextBlock(InlineFont(**font), "1")))


def _set(name, value, column="value"):
    return lambda book, page: setattr(place(NOISE, column, page), name, value)


def _put(column, value):
    return _set("value", value, column)


def _hide_row(book, page):
    page.row_dimensions[place(NOISE, "value", page).row].hidden = True


def _merge(book, page):
    cell = place(NOISE, "value", page)
    page.merge_cells(f"{cell.coordinate}:{cell.offset(1, 0).coordinate}")


def _other_sheet(how):
    def change(book, page):
        book.create_sheet("旧数")["A1"] = 1
        book["旧数"].sheet_state = how

    return change


# what is done to a row that is sound, and what is said of it
CHANGES = [
    # formatting that carries meaning
    (_rich(vertAlign="superscript"), "superscript"),
    (_rich(strike=True), "struck through"),
    (_set("font", Font(vertAlign="superscript")), "superscript"),
    (_set("font", Font(strike=True)), "struck through"),
    (_set("comment", Comment("初步数", "x")), "初步数"),
    (_hide_row, "hidden"),
    (lambda book, page: page.column_dimensions.group("G", "K", hidden=True), "hidden"),
    (_set("number_format", ";;;"), "hides it"),
    (_merge, "merged"),
    (_other_sheet("hidden"), "旧数"),
    (_other_sheet("veryHidden"), "旧数"),
    (lambda book, page: book.copy_worksheet(page), "is not read"),
    (_put("value", "\u202e53.1"), "RIGHT-TO-LEFT"),
    (_put("value", "53\u2067.1"), "ISOLATE"),
    (_put("value", "53\u200b.1"), "ZERO WIDTH"),
    (_put("value", "=53+0.1"), "formula"),
    (_put("value", '=HYPERLINK("http://x","53.1")'), "formula"),
    (_put("value", "#DIV/0!"), "error"),
    (_put("value", datetime(2025, 6, 30)), "date"),
    (_put("value", True), "not a number"),
    (_set("number_format", "0.0%"), "not the row's unit"),
    (_put("value", "53.1①"), "not the row's unit"),
    # words that change the meaning
    (_put("note", "表3 上半年"), "actual figure"),
    (_put("locator", "表3 上半年"), "actual figure"),
    (_put("title", "上半年状况"), "actual figure"),
    (
        lambda _, page: setattr(place(NOISE, "note", page).offset(0, 1), "value", "上半年"),
        "actual figure",
    ),
    (lambda book, page: setattr(page, "title", "上半年"), "actual figure"),
    # the other cells of a row
    (_put("year", "2023年①"), "2025"),
    (_put("year", 46023), "2025"),
    (_put("unit", "%"), "dB(A)"),
    (_put("indicator", "traffic noise"), "area environmental noise"),
    (_put("id", "area_noise@2125"), "none of the template's"),
    (_put("id", "area_nois@2025"), "area_noise"),
    (_put("area", "东城区"), "Xicheng"),
    (_put("title", None), "L"),
    (_put("title", "=1+1"), "formula"),
    (_put("title", "＝SUM(A1)"), "L"),
    (_put("title", "见 http://example.com"), "address"),
    (_put("publisher", "@x"), "N"),
    (_put("published", "去年"), "去年"),
    (_put("published", 46112), "2026-03-31"),
    (_put("published", "2025-06-30"), "2025-06-30"),  # before the year was over
    (_put("note", "x" * 600), "shorten"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_what_a_row_says_besides_its_number_is_looked_at(lang_en, blank, tmp_path, change, words):
    file = fill(blank, tmp_path / "in.xlsx", SOUND, change)
    shown = preview_import(file)
    assert words in "".join(shown.problems), str(shown)


def test_a_row_of_no_height_and_the_files_name(lang_en, blank, tmp_path):
    file = fill(blank, tmp_path / "2025 上半年.xlsx", SOUND)
    assert "the file's name" in "".join(preview_import(file).questions)
    file = fill(blank, tmp_path / "in.xlsx", SOUND, _hide_row)
    flat = b'ht="0" customHeight="1"'
    file.write_bytes(rezip(file.read_bytes(), lambda _, p: p.replace(b'hidden="1"', flat)))
    assert "hidden" in "".join(preview_import(file).problems)


HANDED = [
    ("t145_03", {"comparator": ">=", "value": 33}, "lower is better"),
    ("t145_03", {"value": 33}, "H6: "),
    ("t145_03", {"comparator": "<=", "value": "30~35"}, "one number"),
    ("t145_03", {"comparator": "<=", "value": 33, "lower": 30}, "one number"),
    ("t145_03", {"comparator": "<=", "value": "330"}, "lies far"),
    # a fall of 18 % is -18: a slip of the sign would pass as a rise
    ("t145_02", {"comparator": "<=", "value": "18"}, "a fall is negative"),
    ("t145_02", {"comparator": "<=", "value": "-18"}, ""),
]


@pytest.mark.parametrize(("key", "cells", "words"), HANDED)
def test_a_target_handed_down_is_one_number_the_right_way(
    lang_en, blank, tmp_path, key, cells, words
):
    shown = preview_import(fill(blank, tmp_path / "in.xlsx", {key: cells | NOTICE}))
    assert words in "".join(shown.problems) and bool(words) == bool(shown.problems)


def test_all_problems_of_a_file_at_once_by_cell_in_one_language(lang_en, blank, tmp_path):
    wrong = {
        "t145_03": ("comparator", {"comparator": ">=", "value": 33, **NOTICE}),
        NOISE: ("value", {"value": "53,1", **SOURCE}),
        "traffic_noise@2025": ("value", {"value": -3, **SOURCE}),
        "green_cover@2025": ("value", {"value": 3.2, **SOURCE}),
        "pm10@2025": ("lower", {"lower": 9, "upper": 3, **SOURCE}),
        "so2@2025": ("publisher", {"value": "2.4", "title": "x1"}),
        "no2@2025": ("publisher", {"value": "21", "title": "x1"}),
    }
    file = fill(blank, tmp_path / "in.xlsx", {key: cells for key, (_, cells) in wrong.items()})
    told = "\n".join(preview_import(file).problems)
    page = openpyxl.load_workbook(file).active
    for key, (column, _) in wrong.items():
        assert f"{place(key, column, page).coordinate}: " in told, told
    assert not re.search("[\u4e00-\u9fff]", told)
    use_language("zh")
    assert all(re.search("[\u4e00-\u9fff]", line) for line in preview_import(file).problems)


def rezip(data, change, more=()):
    """Return a workbook whose parts passed through `change(name, bytes)`; None drops one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name, part in (*((name, old.read(name)) for name in old.namelist()), *more):
            if (part := change(name, part)) is not None:
                new.writestr(name, part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _with(name, content):
    return lambda data: rezip(data, lambda _, part: part, [(name, content)])


def _first_sheet(change):
    return lambda data: rezip(data, lambda n, p: change(p) if n.endswith("sheet1.xml") else p)


def _encrypt(data):
    """Set the flag of a password in each entry of the directory."""
    return re.sub(rb"(PK\x01\x02....).", lambda m: m[1] + b"\x01", data, flags=re.DOTALL)


FAR = b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
FILES = {
    "empty": (b"", "is empty"),
    "blanks": (b"\xef\xbb\xbf \r\n\t\n", "is empty"),
    "random": (bytes(range(256)) * 8, ""),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "old workbook or password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "password"),
    "web page as csv": (b"<!DOCTYPE html><html>404</html>", "web page"),
    "damaged utf-8": ("编号,数值\n绿化覆".encode()[:-1] + b"\xff,1\n", ""),
    "quotes that never close": (b'id,value,source title\n"a,b\n', ""),
    "another table": ("姓名,性别\n张三,男\n".encode(), "xc template"),
    "a very long line": (b"id," + b"9" * 300_000, ""),
    "many rows": (b"id,value\n" * 30_000, "more than"),
    "many columns": (b"x," * 500 + b"\n", "more than"),
    "half a workbook": (lambda d: d[: len(d) // 2], "damaged"),
    "a zip": (lambda d: rezip(d, lambda n, p: None if n.startswith("xl/") else p), "not an xlsx"),
    "macros": (_with("xl/vbaProject.bin", b"x"), "macros"),
    "a zip bomb": (_with("xl/bomb.bin", b"0" * 70_000_000), "unpacks to"),
    "entities": (_first_sheet(lambda p: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + p), "entities"),
    "no xml": (_first_sheet(lambda p: b"nonsense"), "damaged"),
    "a password on a part": (_encrypt, "password"),
    "a far cell": (_first_sheet(lambda p: p.replace(b"</sheetData>", FAR)), "more than"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_messy_file_gets_one_clear_line(own, blank, tmp_path, capsys, name):
    content, words = FILES[name]
    file = tmp_path / "in.xlsx"  # renamed: what a file is, its content tells
    file.write_bytes(content(blank) if callable(content) else content)
    assert cli.main(["import", str(file), "--apply"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("xc: ") and told.err.count("\n") == 1 and words in told.err, told
    assert state(own) == state(ROOT / "data") and not (own / ".xc").exists()


def test_renamed_files_other_layouts_and_what_is_no_file(lang_en, blank, tmp_path, capsys, shared):
    renamed = fill(blank, tmp_path / "in.xlsx", SOUND).rename(tmp_path / "book.csv")
    assert not preview_import(renamed).problems
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path, tmp_path / "none", tmp_path / "pipe", tmp_path / "loop", "x" * 300):
        assert cli.main(["import", str(path)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    for file in sorted((shared / "cases").glob("import_*.csv")):
        with pytest.raises(InputError, match="xc template|encoding"):
            preview_import(file)


def test_long_cells_cost_no_time(lang_en, tmp_path):
    """The old reader took minutes; seconds of the processor, with a wide margin."""
    began = time.process_time()
    for text in (" " * 12_000 + "x", "9" * 90_000, "1" + "," * 90_000, "约" * 90_000, "-" * 90_000):
        with pytest.raises(InputError):
            read_quantity(text, "t")
        own_numbers.find_meaning(text)
    rows = [(f"area_noise@{1950 + n % 70}", f"53.{n}".ljust(255)) for n in range(300)]
    preview_import(as_csv(tmp_path / "in.csv", *rows))
    assert time.process_time() - began < 20


def _new_tables(folder):
    """Return new contents for three tables that refer to each other."""
    source = {"title": "新报告", "publisher": "新局", "reliability": "A", "published": "2026-03-31"}
    edits = {"publishers": {"新局": {}}, "sources": {"own-1": source}}
    edits["observations"] = {"own_x": {"indicator": "area_noise", "source_id": "own-1"}}
    return {k: changes.edit_table(folder / f"{k}.csv", rows) for k, rows in edits.items()}


CALLS = ("replace", "rename", "fsync", "mkdir", "unlink", "rmdir")


def _at_call(number, calls, does):
    """Let `does` happen at the n-th of these calls of the system; return what to put in place."""
    count = 0

    def watched(function):
        def call(*args, **kwargs):
            nonlocal count
            count += 1
            return does() if count == number else function(*args, **kwargs)

        return call

    return {name: watched(getattr(os, name)) for name in calls}


def _killed_at(number, does):
    """Run in a child that dies at its n-th write; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        for name, call in _at_call(number, CALLS, lambda: os._exit(9)).items():
            setattr(os, name, call)
        code = 1
        try:
            does()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("command", ["import", "undo"])
def test_a_run_killed_at_any_write_is_put_right_by_the_next(own, command):
    old, files = state(own), _new_tables(own)
    new = old | {f"{name}.csv": content for name, content in files.items()}
    for number in range(1, 60):
        if command == "undo":
            changes.commit(own, files, "x")
        does = undo if command == "undo" else lambda: changes.commit(own, files, "x")
        code = _killed_at(number, does)
        now = state(own)
        assert all(content in (old[name], new[name]) for name, content in now.items())
        # what refers comes last and goes first
        for refers, to in (("observations.csv", "sources.csv"), ("sources.csv", "publishers.csv")):
            assert now[refers] == old[refers] or now[to] == new[to]
        with changes.held():
            assert state(own) in (old, new)
        if state(own) == new:
            undo()
        assert state(own) == old and not list((own / ".xc").glob("*"))
        if code == 0:
            break
    assert code == 0 and number > 5


@pytest.mark.parametrize("call", CALLS[:4])
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_leaves_everything_as_it_was(own, monkeypatch, call, reason):
    def fails():
        raise OSError(reason, os.strerror(reason))

    old, files = state(own), _new_tables(own)
    for number in range(1, 20):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, _at_call(number, (call,), fails)[call])
            try:
                changes.commit(own, files, "x")
                break
            except InputError as refused:
                assert os.strerror(reason) in str(refused) and "\n" not in str(refused)
        assert state(own) == old
    undo()
    assert state(own) == old and number > 1 and not list(own.rglob(".xc/*"))


def test_one_writes_at_a_time(own, tmp_path, monkeypatch):
    import fcntl

    file = as_csv(tmp_path / "in.csv", (NOISE, "53.1"))
    handle = os.open(own, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    monkeypatch.setattr(changes, "PATIENCE", 0.2)
    with pytest.raises(InputError, match="another xc command"):
        apply_import(file)
    preview_import(file)  # reading needs no lock
    os.close(handle)
    assert apply_import(file).written


def test_work_done_by_hand_since_and_a_history_that_is_damaged(own, tmp_path):
    apply_import(as_csv(tmp_path / "in.csv", (NOISE, "53.1")))
    path = own / "observations.csv"
    path.write_bytes(path.read_bytes().replace(b"53.1", b"53.2"))
    after = state(own)
    with pytest.raises(InputError, match=r"observations\.csv has been changed since"):
        undo()
    (own / ".xc" / "0001" / "change.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        undo()
    assert state(own) == after
    (own / ".xc").rename(tmp_path / "moved")
    (own / ".xc").symlink_to(tmp_path / "moved")
    with pytest.raises(InputError, match="is a link"):
        apply_import(as_csv(tmp_path / "b.csv", ("area_noise@2024", "53.1")))


def test_odd_folders_no_home_and_a_c_locale(pack, tmp_path):
    folder = tmp_path / '数据 包\'s "x"'
    pack.rename(folder)
    file = as_csv(folder.parent / "我的 数'据.csv", (NOISE, "53.1"))
    keep = {k: v for k, v in os.environ.items() if k not in ("HOME", "LANG", "LC_ALL", "XC_LANG")}
    how = {"env": keep | {"LANG": "C", "XC_DATA": str(folder)}, "cwd": ROOT}
    for command in (["import", str(file), "--apply"], ["undo"]):
        command = [sys.executable, "-m", "xc_analysis", *command]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", **how)
        assert done.returncode == 0 and not done.stderr, done
    assert "数'据.csv" in done.stdout and state(folder) == state(ROOT / "data")


def test_the_commands(own, blank, tmp_path, capsys):
    assert cli.main(["template", str(tmp_path / "t.xlsx")]) == 0
    rows = {NOISE: {"value": 63.1, **SOURCE}, "traffic_noise@2025": {"value": "<!>", **SOURCE}}
    bad = fill(blank, tmp_path / "bad.xlsx", rows)
    assert cli.main(["import", str(bad), "--apply"]) == 1
    told = capsys.readouterr().out
    assert "to mend: I" in told and "to confirm: I" in told and "nothing written" in told
    del rows["traffic_noise@2025"]
    asked = fill(blank, tmp_path / "asked.xlsx", rows)
    assert cli.main(["import", str(asked), "--apply"]) == 1
    assert cli.main(["import", str(asked), "--accept-unlikely", "--apply"]) == 0
    assert [cli.main(["undo"]), cli.main(["undo"])] == [0, 1]


def test_commitments_are_read_back_from_the_reports_workbook(own, tmp_path):
    before = (own / "projects.csv").read_bytes()
    book = openpyxl.Workbook()
    book.active["A1"] = "=1+1"
    page = book.create_sheet("承诺与项目")
    page.append(["承诺与项目"])
    page.append(["project_id", "内容", "责任单位", "完成情况"])
    page.append(["c2_01", "x", None, None])
    page.append(["c2_02", "x", "区生态环境局", "2025年已完成"])
    book.save(tmp_path / "r.xlsx")
    shown = apply_import(tmp_path / "r.xlsx")
    assert shown.written and shown.rows == 2 and not shown.verdicts
    row = xc.load("projects").set_index("project_id").loc["c2_02"]
    assert (row["responsible_unit"], row["completion"]) == ("区生态环境局", "2025年已完成")
    changed = (own / "projects.csv").read_bytes().split(b"\n")
    assert sum(a != b for a, b in zip(changed, before.split(b"\n"), strict=True)) == 1
    page["A3"], page["C4"], page["D4"] = "c9_99", "@x", "=1+1"
    book.save(tmp_path / "r.xlsx")
    told = "".join(preview_import(tmp_path / "r.xlsx").faults)
    assert "c9_99" in told and "formula" in told and "C4: " in told
