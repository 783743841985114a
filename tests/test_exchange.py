"""From a file that somebody sends to figures in a pack: understood, shown, written, undone."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import minipack
import openpyxl
import pytest

from xc_analysis import cli
from xc_analysis.errors import InputError
from xc_analysis.exchange import import_file, undo_last
from xc_analysis.intake.entries import read_file
from xc_analysis.intake.gap_sheet import write_template
from xc_analysis.intake.gaps import gaps
from xc_analysis.intake.headers import DATA_SHEET
from xc_analysis.tables import check, load

SOURCE = {
    "title": "示例统计年鉴",
    "publisher": "示例统计局",
    "locator": "表3-2",
    "published": "2025-06-30",
}


@pytest.fixture
def pack(tmp_path):
    return minipack.write(tmp_path / "pack")


def digests(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and ".xc" not in p.parts
    }


def quiet(*args, **options):
    said = []
    return *import_file(*args, say=said.append, **options), "\n".join(said)


def csv_file(tmp_path, text, encoding="utf-8", name="in.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


TABLE = "示例区环境数据导出,,\n指标名称,年份,数值\n绿化覆盖率,2021,31.83%\n绿化覆盖率,２０２２年,—\n细颗粒物,2022,≤３３\n"


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("gbk", "GBK"),
        ("gb18030", "GB18030"),
        ("big5", "Big5"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_every_encoding_gives_the_same_figures(tmp_path, pack, encoding, named):
    text = TABLE
    if encoding == "big5":
        text = "指標,年份,數值\ngreen_cover,2021,31.83%\ngreen_cover,2022,—\npm25,2022,<=33\n"
        text = text.replace("數值", "value").replace("指標", "indicator")
        text = "示例區統計年鑑環境資料,,\n" + text
    read = read_file(csv_file(tmp_path, text, encoding), data=pack, defaults=SOURCE)
    assert [(f.indicator, f.year, f.cell.kind) for f in read.figures] == [
        ("green_cover", 2021, "value"),
        ("pm25", 2022, "bound"),
    ]
    assert (len(read.refusals), read.unfilled) == (0, 1)
    assert named in read.remarks[0]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path, pack, mark, end):
    text = TABLE.replace(",", mark).replace("\n", end)
    read = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert len(read.figures) == 2


def test_years_as_columns(tmp_path, pack):
    text = "指标,单位,2021年,2022,2023\n绿化覆盖率,%,31.83,/,三十二\n细颗粒物（PM2.5）,mg/m3,0.034,0.033,—\n"
    read = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert [(f.place, f.indicator, f.year, float(f.cell.value)) for f in read.figures] == [
        ("C2", "green_cover", 2021, 31.83),
        ("C3", "pm25", 2021, 34),
        ("D3", "pm25", 2022, 33),
    ]
    assert [r.place for r in read.refusals] == ["E2"]
    assert read.unfilled == 2


def test_unit_column_and_the_cells_own_unit(tmp_path, pack):
    text = "indicator,year,value,unit\npm25,2021,0.034,mg/m³\npm25,2022,33微克/立方米,mg/m³\npm25,2023,32,吨\n"
    read = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert [float(f.cell.value) for f in read.figures] == [34, 33]
    assert [r.place for r in read.refusals] == ["D4"]


def test_a_value_marked_with_another_year_goes_to_that_year(tmp_path, pack):
    text = "indicator,2023\npm25,35(2022)\n"
    (figure,) = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE).figures
    assert figure.year == 2022 and "2023" in figure.texts["note"] and "2022" in figure.doubt


@pytest.mark.parametrize(
    "text", ["indicator,year,value\npm25,2023,35(2022)\n", "indicator,2021\npm25,35(2022)\n"]
)
def test_a_value_marked_with_a_year_that_cannot_be_is_refused(tmp_path, pack, text):
    """A row's own year contradicts the mark; a column cannot hold a later year."""
    read = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert not read.figures and "is marked 2022" in read.refusals[0].line()


def test_a_file_that_contradicts_itself_is_refused_at_both_cells(tmp_path, pack):
    text = "indicator,year,value\npm25,2022,35\ngreen_cover,2022,31.9\npm25,2022,36\npm25,2021,34\npm25,2021,34\n"
    read = read_file(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert [r.place for r in read.refusals] == ["C2", "C4"]
    assert {(f.indicator, f.year) for f in read.figures} == {("green_cover", 2022), ("pm25", 2021)}


@pytest.mark.parametrize("column", ["title", "publisher", "locator"])
def test_no_figure_without_its_source(tmp_path, pack, column):
    given = {k: v for k, v in SOURCE.items() if k != column}
    read = read_file(
        csv_file(tmp_path, "指标,年份,数值\npm25,2022,35\n"), data=pack, defaults=given
    )
    assert not read.figures
    assert f"--{column}" in read.refusals[0].line()


# ---- the workbook --------------------------------------------------------------------------------


def test_the_workbook_holds_every_gap_with_unit_and_bounds_and_comes_back_empty(tmp_path, pack):
    path = tmp_path / "gaps.xlsx"
    count = write_template(path, data=pack)
    wanted = gaps(data=pack)
    assert count == len(wanted)
    sheet = openpyxl.load_workbook(path)[DATA_SHEET]
    rows = list(sheet.iter_rows(min_row=2))
    assert [(r[0].value, r[3].value) for r in rows] == list(
        zip(wanted["indicator"], wanted["year"], strict=True)
    )
    hint = next(r[5].comment.text for r in rows if (r[0].value, r[3].value) == ("pm25", 2021))
    assert "µg/m³" in hint and "33" in hint and "bound" in hint
    read = read_file(path, data=pack)
    assert (len(read.figures), len(read.refusals), read.unfilled) == (0, 0, count)
    with pytest.raises(InputError, match="is there already"):
        write_template(path, data=pack)


def fill(path, *rows):
    """Fill rows of the template: (indicator, year) -> cells by the header's Chinese word."""
    book = openpyxl.load_workbook(path)
    sheet = book[DATA_SHEET]
    head = {str(c.value).split()[0]: c.column for c in sheet[1]}
    for indicator, year, cells in rows:
        line = next(
            r[0].row
            for r in sheet.iter_rows(min_row=2)
            if (r[0].value, r[3].value) == (indicator, year)
        )
        for word, value in cells.items():
            sheet.cell(line, head[word]).value = value
    book.save(path)


def test_a_filled_workbook_is_imported_shown_written_and_undone(tmp_path, pack):
    path = tmp_path / "gaps.xlsx"
    write_template(path, data=pack)
    cells = {
        "来源": "年鉴",
        "发布单位": "示例统计局",
        "出处位置": "表1",
        "发布日期": "2026-03",
        "公开级别": "public",
    }
    fill(
        path,
        ("green_cover", 2025, {"数值": "31.90", **cells}),
        ("pm25", 2025, {"数值": "> 30", **cells}),
        ("pm25", 2022, {"数值": "约33", **cells}),
    )
    before = digests(pack)
    change, refusals, entry, said = quiet(path, data=pack)
    assert not refusals and entry is None and digests(pack) == before
    assert any("green_cover, 2025" in line and "met" in line for line in change.moved)
    assert f"{DATA_SHEET}!F" in said
    _, _, entry, _ = quiet(path, data=pack, apply=True)
    assert entry.number == 1 and not len(check(pack))
    seen = load("observations", data=pack).set_index("obs_id")
    new = seen[seen.index.str.startswith("u")]
    assert set(new["release"]) == {"public"}
    assert new.loc[new["indicator"] == "green_cover", "value"].item() == 31.9
    assert "31.90" in (pack / "observations.csv").read_text(encoding="utf-8")
    assert new.loc[(new["year"] == 2025) & (new["indicator"] == "pm25"), "status"].item() == "bound"
    assert "约" in new.loc[new["year"] == 2022, "note"].item()
    undo_last(data=pack, say=lambda text: None)
    assert digests(pack) == before
    with pytest.raises(InputError, match="no change to undo"):
        undo_last(data=pack, say=lambda text: None)


def test_dates_percent_formats_and_formulas_in_a_workbook(tmp_path, pack):
    from datetime import datetime

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "表 1"
    sheet.append(["指标", "年份", "数值"])
    sheet.append(["green_cover", datetime(2021, 12, 31), 0.3183])
    sheet["C2"].number_format = "0.00%"
    sheet.append(["green_cover", 44926, "=31+1"])
    sheet.append(["green_cover", 2023, datetime(1900, 1, 31)])
    sheet.append(["green_cover", 2024, True])
    sheet.append(["green_cover", 2025, 31.9])
    book.create_sheet("别的").append(["没有", "表头"])
    path = tmp_path / "in.xlsx"
    book.save(path)
    read = read_file(path, data=pack, defaults=SOURCE)
    assert [(f.place, f.year, float(f.cell.value)) for f in read.figures] == [
        ("表 1!C2", 2021, 31.83),
        ("表 1!C6", 2025, 31.9),
    ]
    assert [r.place for r in read.refusals] == ["表 1!C3", "表 1!C4", "表 1!C5"]
    assert "formula" in read.refusals[0].line()
    assert any("别的" in remark for remark in read.remarks)


# ---- into the pack -------------------------------------------------------------------------------


def rows_of(pack, **where):
    frame = load("observations", data=pack)
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return frame


def test_the_gbk_csv_of_a_colleague(tmp_path, pack):
    text = "指标,年份,数值,单位\n绿化覆盖率,2021,31.83,%\n细颗粒物,2022,33,微克/立方米\n"
    path = csv_file(tmp_path, text, "gbk")
    before = digests(pack)
    _, _, entry, said = quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert "GBK" in said and "undo" in said
    assert not len(check(pack))
    new = rows_of(pack, source_id=rows_of(pack, obs_id="u0001")["source_id"].item())
    assert list(new["value"]) == [31.83, 33] and list(new["release"]) == ["internal"] * 2
    source = load("sources", data=pack).set_index("source_id").loc[new["source_id"].iloc[0]]
    assert (source["title"], source["publisher"]) == (SOURCE["title"], SOURCE["publisher"])
    # the same file again changes nothing
    now = digests(pack)
    _, _, entry, said = quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert entry is None and "已有" in said and digests(pack) == now
    undo_last(data=pack, say=lambda text: None)
    assert digests(pack) == before


def test_a_correction_replaces_its_own_row(tmp_path, pack):
    for value in ("31.83", "31.84"):
        path = csv_file(tmp_path, f"指标,年份,数值\n绿化覆盖率,2021,{value}\n")
        _, _, _, said = quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert "更正" in said
    assert list(rows_of(pack, year=2021, indicator="green_cover")["value"]) == [31.84]


def test_a_value_takes_the_place_of_a_bound(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值\npm25,2021,32\n")
    quiet(path, data=pack, apply=True, defaults=SOURCE)
    rows = rows_of(pack, year=2021, indicator="pm25").set_index("obs_id")
    assert rows["use"].to_dict() == {"o6": False, "u0001": True}
    assert "u0001" in rows.at["o6", "note"]


@pytest.mark.parametrize(("prefer", "used"), [(False, "o1"), (True, "u0001")])
def test_a_conflict_keeps_both_and_says_which_is_used(tmp_path, pack, prefer, used):
    path = csv_file(tmp_path, "指标,年份,数值\npm25,2020,42\n")
    _, _, _, said = quiet(path, data=pack, apply=True, defaults=SOURCE, prefer_new=prefer)
    assert "不一致" in said or "改用" in said
    rows = rows_of(pack, year=2020, indicator="pm25", period="annual").set_index("obs_id")
    assert list(rows.index[rows["use"]]) == [used]
    assert not rows.loc[~rows["use"], "note"].isna().any()
    assert not len(check(pack))


def test_the_same_value_from_another_source_is_kept_as_support(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值\npm25,2020,40.0\n")
    quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert not rows_of(pack, obs_id="u0001")["use"].item()


def test_refused_cells_stop_the_writing_unless_told_otherwise(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2021,131\n绿化覆盖率,2022,31.8\n")
    before = digests(pack)
    with pytest.raises(InputError, match="1 cells refused, nothing written"):
        quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert digests(pack) == before and not (pack / ".xc").exists()
    _, _, entry, _ = quiet(path, data=pack, apply=True, defaults=SOURCE, skip_refused=True)
    assert entry.number == 1 and len(rows_of(pack, obs_id="u0001")) == 1


def test_what_the_pack_would_not_accept_is_told_at_the_cell(tmp_path, pack):
    # published before the year was over: a rule of the pack, not of the cell
    given = SOURCE | {"published": "2021-03-01"}
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2021,31.8\n")
    before = digests(pack)
    change, refusals, _, _ = quiet(path, data=pack, defaults=given)
    assert refusals[0].place == "C2" and not change.files
    with pytest.raises(InputError, match="nothing written"):
        quiet(path, data=pack, apply=True, defaults=given)
    assert digests(pack) == before


def test_several_bases_must_be_told_apart(tmp_path, pack):
    minipack.append(
        pack,
        "observations",
        {"obs_id": "o11"},
        obs_id="o12",
        year="2017",
        basis="other",
        locator="表8",
    )
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2021,31.8\n")
    _, refusals, _, _ = quiet(path, data=pack, defaults=SOURCE)
    assert "district, other" in refusals[0].line()
    _, refusals, _, _ = quiet(path, data=pack, defaults=SOURCE | {"basis": "district"})
    assert not refusals


def test_the_file_given_is_never_changed(tmp_path, pack):
    path = csv_file(tmp_path, TABLE, "gbk")
    stat, held = os.stat(path), path.read_bytes()
    quiet(path, data=pack, apply=True, defaults=SOURCE)
    assert path.read_bytes() == held and os.stat(path).st_mtime_ns == stat.st_mtime_ns


# ---- commands ------------------------------------------------------------------------------------


def test_commands_from_gap_to_undo(tmp_path, pack, capsys):
    path = csv_file(tmp_path, TABLE, "gbk")
    options = [f"--{k}={v}" for k, v in SOURCE.items()]
    before = digests(pack)
    assert cli.main(["gaps", "--data", str(pack)]) == 0
    assert cli.main(["template", str(tmp_path / "t.xlsx"), "--data", str(pack)]) == 0
    assert cli.main(["import", str(path), "--data", str(pack), *options]) == 0
    assert digests(pack) == before
    assert cli.main(["import", str(path), "--data", str(pack), "--apply", *options]) == 0
    assert digests(pack) != before
    assert cli.main(["undo", "--data", str(pack)]) == 0
    assert digests(pack) == before
    assert cli.main(["undo", "--data", str(pack)]) == 1
    told = capsys.readouterr()
    assert "Traceback" not in told.err and told.err.count("\n") == 1


def test_the_projects_own_tables_are_never_written(tmp_path, monkeypatch):
    path = csv_file(tmp_path, "指标,年份,数值\narea_noise,2021,53\n")
    own = Path(cli.__file__).parents[1] / "data"
    link = tmp_path / "link"
    link.symlink_to(own)
    before = digests(own)
    for data in (None, own, own / "air", own.parent, link):
        with pytest.raises(InputError, match="own tables|no pack is named"):
            quiet(path, data=data, apply=True, defaults=SOURCE)
        with pytest.raises(InputError, match="own tables|no pack is named"):
            undo_last(data=data)
    monkeypatch.setenv("XC_DATA", str(own))
    with pytest.raises(InputError, match="own tables"):
        quiet(path, apply=True, defaults=SOURCE)
    assert digests(own) == before and not (own / ".xc").exists()


def test_two_imports_at_once_both_arrive(tmp_path, pack):
    runs = []
    for number, value in enumerate(("31.8", "31.9")):
        path = csv_file(
            tmp_path, f"指标,年份,数值\n绿化覆盖率,{2021 + number},{value}\n", name=f"{number}.csv"
        )
        command = [
            sys.executable,
            "-m",
            "xc_analysis",
            "import",
            str(path),
            "--apply",
            "--data",
            str(pack),
        ]
        command += [f"--{k}={v}" for k, v in SOURCE.items()]
        runs.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    told = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert set(rows_of(pack, indicator="green_cover")["year"]) >= {2021, 2022}
    assert not len(check(pack))


# ---- what is unlikely, refused, told -------------------------------------------------------------

UNLIKELY = (
    "绿化覆盖率,2022,0.316,%",
    "绿化覆盖率,2022,31.5‰,%",
    "绿化覆盖率,2022,0,%",
    "pm25,2023,31,毫克/立方米",
)


@pytest.mark.parametrize("row", UNLIKELY)
def test_an_unlikely_number_is_shown_and_needs_a_word_to_be_written(tmp_path, pack, row):
    path = csv_file(tmp_path, f"指标,年份,数值,单位\n{row}\n")
    change, refusals, _, said = quiet(path, data=pack, defaults=SOURCE)
    assert not refusals and change.files and "\n? C2:" in said and "不大可能" in said
    with pytest.raises(InputError, match="1 cells refused, nothing written"):
        quiet(path, data=pack, apply=True, defaults=SOURCE)
    _, _, entry, _ = quiet(path, data=pack, apply=True, defaults=SOURCE, accept_unlikely=True)
    assert entry.number == 1


def test_days_never_exceed_the_days_of_their_year(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值\n重污染天数,2020,366\n重污染天数,2023,366\n")
    read = read_file(path, data=pack, defaults=SOURCE)
    assert [f.year for f in read.figures] == [2020]
    assert "365" in read.refusals[0].line()


def test_a_year_to_come_is_refused(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2099,31.5\n")
    assert "yet to come" in read_file(path, data=pack, defaults=SOURCE).refusals[0].line()


def test_what_the_rules_refuse_is_told_once_in_chinese_and_the_rest_is_written(tmp_path, pack):
    given = SOURCE | {"published": "2023-03"}
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2022,31.5\n绿化覆盖率,2023,31.70\n")
    change, refusals, _, said = quiet(path, data=pack, defaults=given)
    assert [(r.place, r.content) for r in refusals] == [("C3", "31.70")]
    assert "x in.csv:C3:" in said and "+ C3" not in said and "+ C2" in said
    assert "1 understood" in said and "来源发布于 2023-03，2023 年尚未结束" in said
    _, _, entry, _ = quiet(path, data=pack, apply=True, defaults=given, skip_refused=True)
    assert entry and list(rows_of(pack, indicator="green_cover", year=2022)["value"]) == [31.5]
    assert not len(check(pack)) and not len(rows_of(pack, indicator="green_cover", year=2023))


def test_a_row_of_the_same_file_is_named_by_its_cell(tmp_path, pack):
    text = "指标,年份,数值,来源\n绿化覆盖率,2022,31.5,甲\n绿化覆盖率,2022,31.5,乙\n"
    _, _, _, said = quiet(csv_file(tmp_path, text), data=pack, defaults=SOURCE)
    assert "agrees with 31.5 (C2) in use" in said


def test_a_latest_value_alone_is_no_verdict_that_moves(tmp_path, pack):
    path = csv_file(tmp_path, "指标,年份,数值,单位\n重污染天数,2022,8,天\n")
    change, _, _, said = quiet(path, data=pack, defaults=SOURCE)
    for line in change.moved:
        assert "等级" in line or "判断" in line or "P " in line or "读法" in line
    for line in change.latest:
        assert "最近值" in line and "；" not in line
    assert ("latest value moves" in said) == bool(change.latest)


FLAGS = {"year": "abcd", "indicator": "nosuch", "unit": "furlong", "release": "secret",
         "published": "2030-13-45", "title": "=cmd", "scope": "火星区"}  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
def test_a_bad_option_is_refused_by_its_name(tmp_path, pack, flag):
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2022,31.5\n")
    with pytest.raises(InputError, match=f"^--{flag} '") as told:
        quiet(path, data=pack, defaults=SOURCE | {flag: FLAGS[flag]})
    assert " · " in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("table", ["observations", "sources"])
def test_a_table_of_a_pack_is_known_for_what_it_is(tmp_path, pack, table):
    text = (pack / f"{table}.csv").read_text(encoding="utf-8")
    path = csv_file(tmp_path, text.replace("₂.₅", "2.5").replace("µ", "u"), "gb18030")
    with pytest.raises(InputError, match=f"the table {table} of a pack.*iconv"):
        quiet(path, data=pack)


def test_a_copy_that_cannot_be_made_is_one_line_and_one_left_behind_goes(
    tmp_path, pack, monkeypatch
):
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    left = place / "xc-import-99999999-abc"
    left.mkdir()
    path = csv_file(tmp_path, "指标,年份,数值\n绿化覆盖率,2022,31.5\n")
    quiet(path, data=pack, defaults=SOURCE)
    assert not list(place.iterdir())

    def full(source, target, **_):
        raise shutil.Error([(str(source), str(target), "[Errno 28] No space left on device: 'x'")])

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(InputError, match="No space left on device") as told:
        quiet(path, data=pack, defaults=SOURCE)
    assert "[(" not in str(told.value) and "TMPDIR" in str(told.value)
    assert not list(place.iterdir())
