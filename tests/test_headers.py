"""Tables as offices export them: read as a person reads them, or refused; never otherwise."""

import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import which

import minipack
import openpyxl
import pytest

from xc_analysis.errors import InputError
from xc_analysis.exchange import import_file
from xc_analysis.intake.entries import read_file
from xc_analysis.intake.registered import Areas, Names, bracketed

SOURCE = {"title": "年鉴", "publisher": "统计局", "locator": "表1", "published": "2026-01"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = minipack.write(tmp_path_factory.mktemp("headers") / "pack")
    like = {"indicator": "green_cover"}
    for row in (
        {"indicator": "co2_total", "name_zh": "二氧化碳排放总量", "name_en": "CO₂", "unit": "10⁴t"},
        {"indicator": "gdp", "name_zh": "地区生产总值", "name_en": "GDP", "unit": "10⁸ yuan"},
        {"indicator": "area_noise", "name_zh": "区域环境噪声平均值", "name_en": "Noise", "unit": "dB(A)"},
    ):  # fmt: skip
        blank = {"plan_row": "", "scale": "identity", "floor": "", "ceiling": "", "prior_sd": ""}
        minipack.append(folder, "indicators", like, **blank, **row)
    minipack.append(folder, "observations", {"obs_id": "o1"}, obs_id="o20", indicator="co2_total",
                    statistic="share of area", unit="10⁴t", value="685", year="2019", basis="x")  # fmt: skip
    return folder


def read(tmp_path, pack, text, *, encoding="gb18030", **more):
    path = tmp_path / "in.csv"
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    found = read_file(path, data=pack, defaults=SOURCE | more)
    figures = [
        (f.scope, f.indicator, f.year, f.cell.value or (f.cell.lower, f.cell.upper))
        for f in found.figures
    ]
    return figures, [r.line() for r in found.refusals], "\n".join(found.remarks)


def flat(figures):
    """Without the scope, numbers as text."""
    return [(i, y, str(v) if isinstance(v, Decimal) else v) for _, i, y, v in figures]


def test_a_table_as_a_government_system_exports_it(tmp_path, pack):
    """Semicolons, quotes, a title above, full width, every kind of nothing, remarks below."""
    text = """\
"示例区生态环境质量统计表（2021—2025年）";;;;
"填报单位：示例区生态环境局";;"填报日期：2026年3月5日";;
"指标名称";"计量单位";"2021年";"2022年";"2023年"
"一、区域环境噪声平均值";"分贝";"５３．６";"53.4";"约53"
"（二）绿化覆盖率";"%";"31.81%";">31";"—"
"3.二氧化碳排放总量";"万吨";"685(2019)";"未公布";"…"
"其中：细颗粒物（PM2.5）";"微克/立方米";"３４";"≤33";"/"
"注：1. 噪声为区域平均值。2. 2023年为快报数。";;;;
"数据来源：区生态环境局";;;;
"""
    figures, refused, remarks = read(tmp_path, pack, text)
    assert not refused and "semicolon" in remarks
    assert flat(figures) == [
        ("area_noise", 2021, "53.6"), ("area_noise", 2022, "53.4"), ("area_noise", 2023, "53"),
        ("green_cover", 2021, "31.81"), ("green_cover", 2022, (31, None)),
        ("co2_total", 2019, "685"),
        ("pm25", 2021, "34"), ("pm25", 2022, (None, 33)),
    ]  # fmt: skip


# one figure each: the table, what it means; the same number, its unit stated in many places
UNITS = {
    "in the cell": "指标,年份,数值\n二氧化碳排放总量,2021,6100000吨\n",
    "in a column": "指标,年份,数值,单位\n二氧化碳排放总量,2021,6100000,吨\n",
    "in the head of the value": "指标,年份,数值（吨）\n二氧化碳排放总量,2021,6100000\n",
    "behind the indicator": "指标,年份,数值\n二氧化碳排放总量（吨）,2021,6100000\n",
    "behind the indicator, after a stroke": "指标,年份,数值\n二氧化碳排放总量/吨,2021,6100000\n",
    "behind the year": "指标,2021年（吨）\n二氧化碳排放总量,6100000\n",
    "above the table": "统计表,,单位：吨\n指标,年份,数值\n二氧化碳排放总量,2021,6100000\n",
    "above the table, among others": "（单位：吨、%）,,\n指标,年份,数值\n二氧化碳排放总量,2021,6100000\n",
    "in a head of indicators": "年份,二氧化碳排放总量（吨）\n2021,6100000\n",
    "in a row of units": "年份,二氧化碳排放总量\n,吨\n2021,6100000\n",
    "in another unit than the column": "指标,年份,数值,单位\n二氧化碳排放总量,2021,6100000吨,万吨\n",
    "with a word before the number": "指标,年份,数值,单位\n二氧化碳排放总量,2021,约6100000,吨\n",
    "with a year behind the number": "指标,2022,单位\n二氧化碳排放总量,6100000(2021年),吨\n",
    "as millions": "指标,年份,数值（百万吨）\n二氧化碳排放总量,2021,6.1\n",
    "by an option": "指标,年份,数值\n二氧化碳排放总量,2021,6100000\n",
}


@pytest.mark.parametrize("where", UNITS)
def test_a_unit_counts_wherever_it_is_stated(tmp_path, pack, where):
    more = {"unit": "吨"} if where == "by an option" else {}
    figures, refused, _ = read(tmp_path, pack, UNITS[where], **more)
    assert not refused and flat(figures) == [("co2_total", 2021, "610")]


SHAPES = {
    "a header of two rows": "指标,单位,“十四五”时期,\n,,2021,2022\n绿化覆盖率,%,31.81,31.83\n",
    "indicators as columns": "年份,绿化覆盖率（%）\n2021年,31.81\n2022.0,31.83\n注：快报,\n",
    "names left out below": "指标,年份,数值\n绿化覆盖率,2021,31.81\n,2022,31.83\n",
    "years left out below": "年份,指标,数值\n2021,绿化覆盖率,31.81\n2022,绿化覆盖率,31.83\n",
    "blanks in the header": "指 标 名 称,年 份,数 值\n绿化覆盖率,2021,31.81\n绿化覆盖率,2022,31.83\n",
    "targets beside": "指标,2021年,2022年,2025年目标\n绿化覆盖率,31.81,31.83,33\n",
    "targets under a heading": ",实际值,,目标值,\n指标,2021,2022,2021,2025\n绿化覆盖率,31.81,31.83,32,33\n",
    "growth under a heading": "指标,数量,,比上年增长（%）,\n,2021,2022,2021,2022\n绿化覆盖率,31.81,31.83,1,2\n",
    "years said to be actual": "指标,2021年实际,2022年完成值\n绿化覆盖率,31.81,31.83\n",
    "whole days": "指标,时间,数值\n绿化覆盖率,2021-12-31,31.81\n绿化覆盖率,2022年12月31日,31.83\n",
    "tabs, and commas within numbers": "指标\t年份\t数值\n绿化覆盖率\t2021\t31.81\n绿化覆盖率\t2022\t31.83\n地区生产总值\t2021\t—\n",
    "the district named": "指标,地区,2021,2022\n绿化覆盖率,全区,31.81,31.83\n",
    "a title that speaks of targets": "示例区环境目标完成情况表,,,\n指标,2021,2022,备注\n绿化覆盖率,31.81,31.83,\n",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_table_gives_the_same_two_figures(tmp_path, pack, shape):
    figures, refused, _ = read(tmp_path, pack, SHAPES[shape])
    assert not refused
    assert figures == [
        ("示例区", "green_cover", 2021, Decimal("31.81")),
        ("示例区", "green_cover", 2022, Decimal("31.83")),
    ]


def test_what_the_file_is_about_may_be_said_beside_it(tmp_path, pack):
    text = "各区绿化覆盖率,,\n地区,2021年,2022年\n东城区,32,33\n示例区,31.81,31.83\n"
    with pytest.raises(InputError, match="--indicator"):
        read(tmp_path, pack, text)
    figures, _, _ = read(tmp_path, pack, text, indicator="绿化覆盖率")
    assert [(s, y) for s, _, y, _ in figures] == [
        ("东城区", 2021), ("东城区", 2022), ("示例区", 2021), ("示例区", 2022),
    ]  # fmt: skip
    figures, _, _ = read(tmp_path, pack, "指标,数值\n绿化覆盖率,31.81\n", year="2021")
    assert flat(figures) == [("green_cover", 2021, "31.81")]


REFUSED = {
    # what must not be taken for something else, a word of the answer
    "a unit that converts to nothing": ("指标,年份,数值（亩）\n绿化覆盖率,2021,31\n", "亩"),
    "a unit above that converts to nothing": ("单位：亩,,\n指标,年份,数值\n绿化覆盖率,2021,31\n", "亩"),
    "two units": ("指标,年份,数值（万吨）,单位\n二氧化碳排放总量,2021,610,吨\n", "two units"),
    "no unit, and far from what is known": ("指标,年份,数值\n二氧化碳排放总量,2021,6100000\n", None),
    "a hundredth for a percentage": ("指标,年份,数值\n绿化覆盖率,2021,0.3181\n", None),
    "another quantity in brackets": ("指标,年份,数值\n绿化覆盖率（建成区）,2021,31\n", "建成区"),
    "the same in a header": ("年份,绿化覆盖率（建成区）\n2021,31\n", "建成区"),
    "parts told apart by a column that is not read": (
        "指标,分项,年份,数值\n绿化覆盖率,甲,2021,31\n,乙,2021,30\n", "names no indicator"),
    "a part of a year": ("指标,时间,数值\n绿化覆盖率,2021年1-9月,31\n", "part of a year"),
    "half a year": ("指标,时间,数值\n绿化覆盖率,2021年上半年,31\n", "part of a year"),
    "two columns of one year": ("指标,2021,2021\n绿化覆盖率,31,32\n", "differs from"),
    "a sum that is no area": ("指标,地区,2021\n绿化覆盖率,合计,31\n", "no area"),
    "the decimal comma of other places": ("指标,年份,数值\n地区生产总值,2021,\"5.408,1\"\n", "separators"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_something_else_is_refused(tmp_path, pack, what):
    text, word = REFUSED[what]
    _, refused, _ = read(tmp_path, pack, text)
    if word is None:  # told beside the pack's figures
        said = []
        _, found, _ = import_file(tmp_path / "in.csv", data=pack, defaults=SOURCE, say=said.append)
        refused, word = [r.line() for r in found], "names no unit"
    assert refused and all(word in line for line in refused), refused


def test_a_number_far_from_the_known_ones_passes_once_its_unit_is_stated(tmp_path, pack):
    for text in ("指标,年份,数值,单位\n二氧化碳排放总量,2021,6.1,万吨\n",
                 "指标,年份,数值\n二氧化碳排放总量,2021,6.1万吨\n"):  # fmt: skip
        (tmp_path / "in.csv").write_text(text, encoding="utf-8")
        _, found, _ = import_file(
            tmp_path / "in.csv", data=pack, defaults=SOURCE, say=lambda text: None
        )
        assert not found


@pytest.mark.parametrize(
    ("typed", "sign"),
    [("≤33", "+"), ("<40", "+"), ("30", "+"), ("34", "!"), ("330", "!"), (">35", "!"), ("20~30", "+")],
)  # fmt: skip
def test_beside_a_bound_only_what_cannot_be_differs(tmp_path, pack, typed, sign):
    """o6 says that PM2.5 was at most 33 in 2021."""
    (tmp_path / "in.csv").write_text(
        f"指标,年份,数值\npm25,2021,{typed}微克/立方米\n", encoding="utf-8"
    )
    change, found, _ = import_file(
        tmp_path / "in.csv", data=pack, defaults=SOURCE, say=lambda text: None
    )
    assert not found and change.lines[0].startswith(sign), change.lines


def test_what_a_name_and_its_brackets_say():
    assert bracketed("细颗粒物（PM2.5）年均浓度（微克/立方米）") == (
        "细颗粒物（PM2.5）年均浓度",
        "微克/立方米",
    )
    assert bracketed("噪声[dB(A)]") == ("噪声", "dB(A)")
    assert bracketed("绿化覆盖率%") == ("绿化覆盖率", "%")
    assert bracketed("单位GDP能耗") == ("单位GDP能耗", "")


# ---- workbooks -----------------------------------------------------------------------------------


def workbook(path):
    """Merged title and cells, a hidden row, column and sheet, formulas, errors, dates, text."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "指标"
    sheet.append(["示例区环境指标统计表"])
    sheet.merge_cells("A1:G1")
    sheet.append(["指标", "单位", "2021", "2022", "2023", "2024", "2025"])
    sheet.append(["绿化覆盖率", "%", 0.3181, 0.3183, "=C3+0.001", "31.9", "32"])
    sheet["C3"].number_format = sheet["D3"].number_format = "0.00%"
    sheet.append(["区域环境噪声平均值", "分贝", 53.6, "#DIV/0!", "=1/0", date(2024, 1, 1), "53"])
    sheet.append(["二氧化碳排放总量", "万吨", 610, None, None, 600, None])
    sheet.merge_cells("C5:E5")
    sheet.append(["细颗粒物", "微克/立方米", 34, 33, 32, 31, 30])
    sheet.row_dimensions[6].hidden = True
    sheet.column_dimensions["G"].hidden = True
    sheet.append(["注：以上为快报数"])
    sheet.merge_cells("A7:G7")
    other = book.create_sheet("隐藏")
    other.append(["指标", "年份", "数值"])
    other.append(["绿化覆盖率", 2022, 99])
    other.sheet_state = "hidden"
    book.save(path)
    return path


def check_workbook(path, pack, name="指标"):
    found = read_file(path, data=pack, defaults=SOURCE)
    assert [(f.place, f.year, f.cell.value) for f in found.figures] == [
        (f"{name}!C3", 2021, Decimal("31.81")),
        (f"{name}!D3", 2022, Decimal("31.83")),
        (f"{name}!F3", 2024, Decimal("31.9")),
        (f"{name}!C4", 2021, Decimal("53.6")),
        (f"{name}!F5", 2024, Decimal("600")),
    ]
    told = {r.place.split("!")[1]: r.line() for r in found.refusals}
    assert set(told) == {"E3", "D4", "E4", "F4", "C5", "D5", "E5"}
    for cell, word in (("E3", "formula"), ("F4", "date"), ("C5", "merged over C5:E5")):
        assert word in told[cell]
    remarks = "\n".join(found.remarks)
    for word in ("hidden rows not read: 6", "hidden columns not read: G", "hidden, not read"):
        assert word in remarks


def test_a_workbook_with_everything_in_it(tmp_path, pack):
    check_workbook(workbook(tmp_path / "in.xlsx"), pack)


@pytest.mark.skipif(not which("soffice"), reason="LibreOffice is not installed")
def test_the_same_saved_by_libreoffice(tmp_path, pack):
    made = workbook(tmp_path / "in.xlsx")
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    out = Path(tmp_path / "out")
    subprocess.run([*command, "--convert-to", "xlsx", "--outdir", str(out), str(made)],
                   capture_output=True, timeout=120, check=True)  # fmt: skip
    check_workbook(out / "in.xlsx", pack)


def test_what_a_merged_name_says_holds_for_all_its_rows(tmp_path, pack):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["指标", "年份", "数值", "来源", "发布单位", "出处位置"])
    for year, value in ((2021, 31.81), (2022, 31.83)):
        sheet.append([None, year, value, None, None, None])
    for letter, word in (("A", "绿化覆盖率"), ("D", "年鉴"), ("E", "统计局"), ("F", "表1")):
        sheet[f"{letter}2"] = word
        sheet.merge_cells(f"{letter}2:{letter}3")
    book.save(tmp_path / "in.xlsx")
    found = read_file(tmp_path / "in.xlsx", data=pack)
    assert [(f.year, f.texts["title"], f.texts["locator"]) for f in found.figures] == [
        (2021, "年鉴", "表1"), (2022, "年鉴", "表1"),
    ]  # fmt: skip


# ---- whose figures -------------------------------------------------------------------------------

WHOSE = ("区", "行政区划", "区名", "辖区", "县区", "单位名称", "乱写的表头")


@pytest.mark.parametrize("head", WHOSE)
def test_a_column_of_areas_is_read_whatever_it_is_called(tmp_path, pack, head):
    text = f"{head},细颗粒物,绿化覆盖率\n东城区,31,32\n示例,30,31.8\n"
    figures, refused, _ = read(tmp_path, pack, text, year="2022")
    assert not refused
    assert [(s, i) for s, i, *_ in figures] == [
        ("东城区", "pm25"), ("东城区", "green_cover"), ("示例区", "pm25"), ("示例区", "green_cover"),
    ]  # fmt: skip


def test_a_title_that_names_another_area_is_refused_until_it_is_said_whose_it_is(tmp_path, pack):
    text = "东城区2022年环境质量,,\n指标,年份,数值\n绿化覆盖率,2022,31.1\n"
    figures, refused, _ = read(tmp_path, pack, text)
    assert not figures and "--scope 东城区" in refused[0] and refused[0].startswith("A1:")
    assert read(tmp_path, pack, text, scope="东城区")[0][0][0] == "东城区"
    own = text.replace("东城区2022年", "填报单位：东城区生态环境局")
    assert read(tmp_path, pack, own)[0][0][0] == "示例区"  # a body is not what figures are of


@pytest.mark.parametrize("where", ["file", "sheet"])
def test_so_are_a_file_and_a_sheet_named_after_another_area(tmp_path, pack, where):
    book = openpyxl.Workbook()
    book.active.title = "海淀区" if where == "sheet" else "表1"
    for row in (["指标", "年份", "数值"], ["绿化覆盖率", 2022, 31.1]):
        book.active.append(row)
    path = tmp_path / ("海淀2022.xlsx" if where == "file" else "in.xlsx")
    book.save(path)
    found = read_file(path, data=pack, defaults=SOURCE)
    assert not found.figures and "--scope 海淀区" in found.refusals[0].line()


def test_an_area_that_is_not_known_is_refused_and_a_new_one_is_named(tmp_path, pack):
    text = "地区,指标,年份,数值\n东成区,绿化覆盖率,2022,31\n东城,绿化覆盖率,2022,31\n,绿化覆盖率,2021,31\n新区,绿化覆盖率,2022,31\n"
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    found = read_file(path, data=pack, defaults=SOURCE, new_scope="新区")
    assert [f.scope for f in found.figures] == [
        "东城区",
        "东城区",
        "新区",
    ]  # the third by the row above
    (refusal,) = found.refusals
    assert refusal.place == "A2" and "东城区" in refusal.line() and "--new-scope" in refusal.line()


def test_what_a_title_is_about():
    areas = Areas(Path(__file__).parents[1] / "data")
    for text, wanted in (
        ("全市环境空气质量", [areas.city]), ("北京市东城区声环境", ["北京市", "东城区"]), ("海淀2022", ["海淀区"]),
        ("北京市生态环境局统计表", []), ("填表人签字", []), ("xicheng", []),
    ):  # fmt: skip
        assert areas.told(text) == wanted, text


PARTS = {
    "a month": "指标,年份,月份,数值\n细颗粒物,2022,1,50\n",
    "a month beside years": "指标,月份,2022年\n细颗粒物,1月,50\n",
    "a quarter": "指标,年份,数值,季度\n细颗粒物,2022,50,一季度\n",
    "a street": "街道,指标,年份,数值\n德胜街道,细颗粒物,2022,50\n",
    "a station": "监测点,细颗粒物\n万寿西宫,33\n",
}  # fmt: skip


@pytest.mark.parametrize("what", PARTS)
def test_a_part_of_the_year_or_the_area_is_not_taken_for_the_whole(tmp_path, pack, what):
    more = {"year": "2022"} if what == "a station" else {}
    figures, refused, _ = read(tmp_path, pack, PARTS[what], **more)
    assert not figures and "is of a part" in refused[0]
    whole = PARTS[what].replace("一季度", "全年").replace("1月", "全年").replace(",1,", ",全年,")
    if whole != PARTS[what]:
        assert read(tmp_path, pack, whole)[0]


SECTIONS = {
    "an area": ("指标,2021\n一、东城区,\n绿化覆盖率,32\n示例区：,\n绿化覆盖率,31\n",
                [("东城区", 2021, "32"), ("示例区", 2021, "31")], 0),
    "years": ("指标,数值\n2021年,\n绿化覆盖率,31\n2022年,\n绿化覆盖率,32\n",
              [("示例区", 2021, "31"), ("示例区", 2022, "32")], 0),
    "a part of a year": ("指标,2021\n上半年,\n绿化覆盖率,33\n全年,\n绿化覆盖率,31\n", [("示例区", 2021, "31")], 1),
    "a remark": ("指标,2021\n绿化覆盖率,31\n注：东城区为快报,\n细颗粒物,33\n",
                 [("示例区", 2021, "31"), ("示例区", 2021, "33")], 0),
}  # fmt: skip


@pytest.mark.parametrize("what", SECTIONS)
def test_a_row_alone_heads_the_rows_below_it(tmp_path, pack, what):
    text, wanted, count = SECTIONS[what]
    more = {"year": "2020"} if what == "years" else {}
    figures, refused, _ = read(tmp_path, pack, text, **more)
    assert [(s, y, str(v)) for s, _, y, v in figures] == wanted and len(refused) == count


# ---- headers of two rows -------------------------------------------------------------------------

TWO_ROWS = {
    "parts of years": (
        "指标,2021年,,2022年,\n,上半年,全年,上半年,全年\n绿化覆盖率,40,31.81,35,31.83\n",
        [("示例区", 2021, "31.81"), ("示例区", 2022, "31.83")], ["B3", "D3"]),
    "areas below years": (
        "指标,2021年,,2022年,\n,东城区,示例区,东城区,示例区\n绿化覆盖率,32,31.81,33,31.83\n",
        [("东城区", 2021, "32"), ("示例区", 2021, "31.81"), ("东城区", 2022, "33"), ("示例区", 2022, "31.83")], []),
    "years below areas": (
        ",东城区,,示例区,\n指标,2021,2022,2021,2022\n绿化覆盖率,32,33,31.81,31.83\n",
        [("东城区", 2021, "32"), ("东城区", 2022, "33"), ("示例区", 2021, "31.81"), ("示例区", 2022, "31.83")], []),
    "words that are not understood": (
        "指标,2021年,,2022年\n,甲片,乙片,全年\n绿化覆盖率,32,33,31.83\n",
        [("示例区", 2022, "31.83")], ["B3", "C3"]),
    "quarters beside the year": (
        "指标,年份,一季度,二季度,全年\n绿化覆盖率,2021,40,30,31.81\n",
        [("示例区", 2021, "31.81")], ["C2", "D2"]),
    "parts of a year beside years": (
        "指标,2021年,2022年1-9月\n绿化覆盖率,31.81,40\n", [("示例区", 2021, "31.81")], ["C2"]),
    "areas as columns": (
        "2022年,,\n指标,东城区,示例区\n绿化覆盖率,32,31.83\n",
        [("东城区", 2022, "32"), ("示例区", 2022, "31.83")], []),
    "a second table below": (
        "2021年,\n指标,数值\n绿化覆盖率,31.81\n2022年,\n指标,数值\n绿化覆盖率,31.83\n",
        [("示例区", 2021, "31.81"), ("示例区", 2022, "31.83")], []),
    "two columns of values that differ": (
        "指标,年份,数值,数值\n绿化覆盖率,2021,31.81,31.81\n绿化覆盖率,2022,31.83,31.9\n",
        [("示例区", 2021, "31.81")], ["C3"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TWO_ROWS)
def test_no_column_is_taken_for_another(tmp_path, pack, what):
    text, wanted, places = TWO_ROWS[what]
    figures, refused, _ = read(tmp_path, pack, text)
    assert [(s, y, str(v)) for s, _, y, v in figures] == wanted
    assert [line.split(":")[0] for line in refused] == places


def test_the_same_in_merged_cells(tmp_path, pack):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["指标", "2021年", None])
    sheet.append([None, "上半年", "全年"])
    sheet.append(["绿化覆盖率", 40, 31.81])
    for cells in ("A1:A2", "B1:C1"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "in.xlsx")
    found = read_file(tmp_path / "in.xlsx", data=pack, defaults=SOURCE)
    assert [(f.place, f.year) for f in found.figures] == [("Sheet!C3", 2021)]
    assert [r.place for r in found.refusals] == ["Sheet!B3"]


def test_a_table_of_part_of_a_year_is_refused_by_its_name(tmp_path, pack):
    text = "示例区2022年1—9月环境质量,,\n指标,年份,数值\n绿化覆盖率,2022,31\n"
    figures, refused, _ = read(tmp_path, pack, text)
    assert not figures and "1-9月" in refused[0].replace("—", "-")


# ---- titles, corners, names ----------------------------------------------------------------------


def test_what_lines_above_say_is_the_default_of_the_table(tmp_path, pack):
    text = "填报单位：某局,,,\n序号,指标,年份,数值\n1,绿化覆盖率,2021,31.5\n"
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    given = {k: v for k, v in SOURCE.items() if k != "publisher"}
    (figure,) = read_file(path, data=pack, defaults=given).figures
    assert (figure.place, figure.texts["publisher"]) == ("D3", "某局")
    (figure,) = read_file(path, data=pack, defaults=SOURCE).figures
    assert figure.texts["publisher"] == SOURCE["publisher"]


def test_a_cell_of_two_lines_is_one_row(tmp_path, pack):
    text = '"指标\n名称",年份,数值,备注\n"绿化\n覆盖率",2021,31.5,"两\n行"\n'
    path = tmp_path / "in.csv"
    path.write_text(text, encoding="utf-8")
    (figure,) = read_file(path, data=pack, defaults=SOURCE).figures
    assert figure.place == "C2"


@pytest.mark.parametrize(
    "text",
    ["指标\\年份,2021,2022\n绿化覆盖率,31.81,31.83\n", "年份\\指标,绿化覆盖率\n2021,31.81\n2022,31.83\n",
     "指标,日期,数值\n绿化覆盖率,2021/12/31,31.81\n绿化覆盖率,2022年底,31.83\n",
     "指标,2021年现状值,2022年（实际）\n绿化覆盖率,31.81,31.83\n",
     "指标,年份,数值\n绿化覆盖率,二〇二一年,31.81\n指标,年份,数值\n绿化覆盖率,2022,31.83\n合计,2022,99\n"],
)  # fmt: skip
def test_more_shapes_of_the_same_two_figures(tmp_path, pack, text):
    figures, refused, _ = read(tmp_path, pack, text)
    assert not refused and flat(figures) == [
        ("green_cover", 2021, "31.81"), ("green_cover", 2022, "31.83"),
    ]  # fmt: skip


def test_provisional_columns_are_drafts(tmp_path, pack):
    path = tmp_path / "in.csv"
    path.write_text("指标,2023年,2024年(初步)\n绿化覆盖率,31,32\n", encoding="utf-8")
    found = read_file(path, data=pack, defaults=SOURCE)
    assert [f.texts["release"] for f in found.figures] == ["internal", "draft"]


def test_the_row_that_comes_nearest_to_a_header_is_named(tmp_path, pack):
    with pytest.raises(InputError) as told:
        read(tmp_path, pack, "甲,乙\n指标,年份\n绿化覆盖率,2021\n")
    for words in ("第 2 行最接近，认出 指标、年份，缺 数值", "row 2 comes nearest", "lacks value"):
        assert words in str(told.value)
    assert str(told.value).count("in.csv") == 1


def test_big5_is_told_from_gbk_by_the_words_of_its_header(tmp_path, pack):
    text = "指標,年份,數值,單位\n綠化覆蓋率,2021,31.5,%\n"
    figures, refused, remarks = read(tmp_path, pack, text, encoding="big5")
    assert flat(figures) == [("green_cover", 2021, "31.5")] and not refused
    assert "Big5（其中认出" in remarks and "header words" in remarks


NAMES = {
    "pm25": "细颗粒物浓度 PM2.5浓度 PM₂.₅年均浓度 细颗粒物(PM2.5)浓度（微克/立方米） 细颗粒物（PM2.5）年均值",
    "pm10": "可吸入颗粒物（PM10）年均浓度 PM10", "no2": "二氧化氮年均浓度 NO2", "nox": "氮氧化物年均浓度",
    "good_days": "空气质量优良天数", "green_cover": "城市绿化覆盖率 全区绿化覆盖率",
    "area_noise": "区域环境噪声均值 区域环境噪声", "traffic_noise": "道路交通噪声平均值",
    "dustfall": "降尘", "energy_total": "能耗总量", "co2_total": "二氧化碳排放总量",
}  # fmt: skip
OPEN = "臭氧 O3 O3-8h 臭氧浓度 一氧化碳 单位地区生产总值二氧化碳排放降低率"
OTHER = "森林面积 变化率 建成区绿化率 二氧化碳浓度 夜间噪声"


def test_names_are_read_by_what_they_mean():
    names = Names(Path(__file__).parents[1] / "data")
    for indicator, words in NAMES.items():
        for word in words.split():
            known = names.find(word)
            assert known and (known.indicator, known.stray) == (indicator, ""), word
    for word in OPEN.split():
        assert names.find(word) is None and names.choices(word), word
    for word in OTHER.split():
        assert names.find(word) is None and not names.choices(word), word
    assert names.find("臭氧日最大8小时均值").indicator == "o3_8h_mean"


def test_a_name_that_leaves_its_indicator_open_is_refused_with_the_choices(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("指标,年份,数值\n臭氧,2022,170\n", encoding="utf-8")
    (refusal,) = read_file(path, data=Path(__file__).parents[1] / "data", defaults=SOURCE).refusals
    assert "o3_8h_p90" in refusal.line() and "o3_8h_mean" in refusal.line()


def test_periods_are_read_as_people_write_them(tmp_path, pack):
    text = "指标,年份,时段,数值\n绿化覆盖率变化,2025,{},1.2\n"
    for words in ("2021..2025", "2021—2025年", "“示例规划”期间"):
        (tmp_path / "in.csv").write_text(text.format(words), encoding="utf-8")
        (figure,) = read_file(tmp_path / "in.csv", data=pack, defaults=SOURCE).figures
        assert figure.period == "2021..2025"
    (tmp_path / "in.csv").write_text(text.format("“十九五”期间"), encoding="utf-8")
    assert not read_file(tmp_path / "in.csv", data=pack, defaults=SOURCE).figures
