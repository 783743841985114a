"""Numbers of one's own: what is read, what is asked, what is refused, and the way back."""

import contextlib
import csv
import errno
import io
import itertools
import os
import re
import zipfile
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minipack import cases, contents
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font

import xc_analysis as xc
from xc_analysis import InputError, changes, cli, own_numbers
from xc_analysis.changes import undo
from xc_analysis.own_numbers import COLUMNS, apply_import, is_unlikely, preview_import
from xc_analysis.review import review_import
from xc_analysis.sheets import read_date, read_quantity
from xc_analysis.words import use_language, word

ROOT = Path(__file__).resolve().parents[1]
SOURCE = {"title": "西城区生态环境状况", "publisher": "西城区生态环境局"}
SOURCE |= {"published": "2026-03-31", "document_no": "京环发〔2026〕1号", "locator": "表3"}
NOISE = "area_noise@2025"


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """The template as bytes, in English."""
    path = tmp_path_factory.mktemp("blank") / "t.xlsx"
    return own_numbers.write_template(path).read_bytes()


@pytest.fixture
def own(pack, lang_en):
    """A copy of the tables that is worked with, in an odd place."""
    folder = pack.rename(pack.with_name('数据 包\'s "x"'))
    xc.use_data(folder)
    return folder


def at(page, row, column):
    return page.cell(row, COLUMNS.index(column) + 1)


def fill(blank, path, rows, change=None):
    """Write a copy of the template with cells filled in by id."""
    book = openpyxl.load_workbook(io.BytesIO(blank))
    lines = {cell.value: cell.row for cell in book.active["A"]}
    for key, cells in rows.items():
        for column, value in ({"id": key} | SOURCE | cells).items():
            at(book.active, lines[key], column).value = value
    if change:
        change(book)
    book.save(path)
    return path


def as_csv(path, rows, encoding="utf-8", mark=","):
    """Write rows as a csv in the template's columns."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=mark)
    writer.writerow({name: word(f"import.column.{name}", "zh") for name in COLUMNS})
    writer.writerows({"id": key} | SOURCE | cells for key, cells in rows.items())
    path.write_bytes(out.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_template_lists_delegated_targets_then_gaps_and_takes_them_as_they_are(tmp_path, lang):
    use_language(lang)
    book = openpyxl.load_workbook(own_numbers.write_template(tmp_path / "t.xlsx"))
    page = book.active
    lines = {page.cell(row, 1).value: row for row in range(4, page.max_row + 1)}
    ids = list(lines)
    plan = xc.load("targets").query("plan == '十四五' and plan_row.notna()")
    assert ids[:8] == plan.loc[plan["kind"] == "delegated", "target_id"].tolist()
    assert all("@" in key for key in ids[8:]) and len(ids) == page.max_row - 3
    # a year that is on record is no gap, one that is estimated or unaudited is
    assert {NOISE, "pm25@2021", "pm25@2025"} <= set(ids)
    assert not {"pm25@2022", "area_noise@2020"} & set(ids)
    decides = {"zh": "能否评定目标<55分贝", "en": "whether the target < 55 dB(A) is met"}
    assert at(page, lines[NOISE], "decides").value == decides[lang]
    assert {"zh": "年鉴", "en": "yearbook"}[lang] in at(page, lines[NOISE], "where").value
    assert page.protection.sheet and not at(page, lines[NOISE], "value").protection.locked
    text = "".join(str(c.value) for row in page for c in row if c.value)
    assert bool(re.search("[\u4e00-\u9fff]", text)) == (lang == "zh")
    for row in range(12, page.max_row + 1):
        for name, value in {"lower": "x", **SOURCE}.items():
            at(page, row, name).value = value
    book.save(tmp_path / "filled.xlsx")
    shown = preview_import(tmp_path / "filled.xlsx")
    assert {line[0] for line in shown.problems} == {"J"}, str(shown)
    assert len(shown.problems) == shown.rows == page.max_row - 11
    reasons = {"t.xlsx": "不覆盖|not over", "t.csv": r"\.xlsx", "no/t.xlsx": "no/t"}
    for name, reason in reasons.items():
        with pytest.raises(InputError, match=reason):
            own_numbers.write_template(tmp_path / name)


def test_round_trip(own, blank, tmp_path):
    before = contents(own)
    rows = {
        NOISE: {"value": "５３．１分贝"},
        "t145_03": {"comparator": "<=", "value": 33},
        "vocs_cut@2025": {"value": "1,200"},
        "t145_07": {"comparator": ">=", "value": "1100"},
        "traffic_noise@2025": {"lower": 68, "upper": 69.5},
    }
    file = fill(blank, tmp_path / "in.xlsx", rows)
    shown = preview_import(file)
    assert not shown.problems and shown.rows == 5 and contents(own) == before
    assert any("no value for the target year (2025) → met" in line for line in shown.verdicts)
    assert "figures with these indicators" in str(shown) and "add --apply" in str(shown)
    assert apply_import(file).written and xc.check().empty
    card = xc.scorecard().set_index("indicator")
    assert card.loc["area_noise", ["verdict", "outturn"]].tolist() == ["met", 53.1]
    assert card.loc["vocs_cut", ["verdict", "target"]].tolist() == ["met", 1100]
    assert card.loc["pm25", ["kind", "comparator", "target"]].tolist() == ["level", "<=", 33]
    # of pm25 2025 is unaudited, of traffic noise it is a range
    assert set(card.loc[["pm25", "traffic_noise"], "verdict"]) == {"met (provisional)"}
    row = xc.series("area_noise").loc[2025]
    source = xc.load("sources").set_index("source_id").loc[row["source_id"]]
    assert (row["release"], source["title"]) == ("internal", SOURCE["title"])
    again = preview_import(file)
    assert not again.problems and "is on record" in str(again)
    assert "taken back" in undo()
    assert contents(own) == before and not (own / ".xc").exists()
    with pytest.raises(InputError, match="no import to take back"):
        undo()


def test_a_figure_takes_the_place_of_a_bound_and_undo_goes_step_by_step(own, tmp_path):
    path = own / "observations.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = contents(own)
    apply_import(as_csv(tmp_path / "a.csv", {NOISE: {"value": "53.1"}}, "gb18030"))
    added = path.read_bytes().removeprefix(before["observations.csv"])
    assert added.count(b"\r\n") == 1 and len(added) < 1000  # other rows keep their bytes
    between = contents(own)
    file = as_csv(tmp_path / "b.csv", {"pm25@2022": {"value": "约30"}}, "utf-16", "\t")
    apply_import(file, accept_unlikely=True)
    rows = xc.load("observations").set_index("obs_id")
    assert not rows.loc["o0007", "use"] and "replaced" in rows.loc["o0007", "note_en"]
    assert rows.loc["own_pm25_2022", "note_en"] == "given as approximate"
    assert xc.check().empty
    for earlier in (between, before):
        undo()
        assert contents(own) == earlier


# cells that are no text, or none that a csv holds well
STORED = [(" 10天\n", "d", "10"), (40, "µg/m³", "40"), (0.1 + 0.2, "%", "0.3")]
NO_NUMBERS = [True, datetime(2020, 9, 1), float("nan"), float("inf"), 1e300, "9" * 80]


def test_numbers_bounds_ranges_and_dates_are_read_as_people_write_them():
    read = cases("quantities").query("value != 'refused'")
    for case in read.query("unit == 'date'").itertuples():
        assert read_date(case.typed) == case.value
    for case in read.query("unit != 'date'").itertuples():
        got = read_quantity(case.typed, case.unit)
        if case.value == "nothing":
            assert got is None, case
        else:
            ends = ["" if end is None else f"{end:f}" for end in (got.value, got.lower, got.upper)]
            assert ends == [case.value, case.lower, case.upper], case
            assert got.about == bool(case.about), case
    for typed, unit, meant in STORED:
        assert f"{read_quantity(typed, unit).value:f}" == meant
    assert read_quantity(0.318, "%", percent=True).value == Decimal("31.8")
    assert [read_date(2026), read_date(datetime(2026, 3, 31))] == ["2026", "2026-03-31"]


def test_what_has_no_meaning_or_two_is_refused_in_one_line():
    refused = cases("quantities").query("value == 'refused'")
    given = list(zip(refused["typed"], refused["unit"], strict=True))
    for typed, unit in given + [(typed, "µg/m³") for typed in NO_NUMBERS]:
        with pytest.raises(InputError) as refusal:
            read_date(typed) if unit == "date" else read_quantity(typed, unit)
        assert str(refusal.value) and "\n" not in str(refusal.value), typed


PIECES = [*"0123456789.,，（）()%％<>≥≤~—-/ +eE²约万亿吨年至", "2019", "以上"]
SIGNS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(st.text(max_size=60), SIGNS, st.floats(), st.integers(), st.datetimes()),
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


# cells typed into a row (a=1|b=2), whether they are to be mended or confirmed, where, and why
CELLS = cases("import_cells")


@pytest.mark.parametrize("file", CELLS["file"].unique())
def test_a_cell_is_taken_or_named_to_be_mended_or_confirmed(lang_en, tmp_path, file):
    typed = list(CELLS[CELLS["file"] == file].itertuples())
    rows = {c.id: dict(cell.split("=", 1) for cell in c.cells.split("|")) for c in typed}
    shown = preview_import(as_csv(tmp_path / "in.csv", rows))
    told = {"mend": shown.faults, "confirm": shown.questions}
    for line, case in enumerate(typed, 2):
        if case.told:
            place = f"{'ABCDEFGHIJKLMNOPQ'[COLUMNS.index(case.column)]}{line}: "
            said = [text for text in told[case.told] if text.startswith(place)]
            assert case.words in "".join(said) and said, (case, str(shown))
        else:
            assert not re.search(rf"^[A-Z]+{line}: ", "\n".join(shown.problems), re.MULTILINE)


def test_how_far_from_its_neighbours_a_value_is_asked_about():
    # their median is 30: a factor of 2.5 or six times the scatter (at most 6), ten points, 5 dB
    for case in cases("unlikely").itertuples():
        known = {"prior_sd": float(case.prior_sd or "nan"), "unit": case.unit, "floor": 0.0}
        found = is_unlikely(float(case.value), {2019: 28.0, 2020: 32.0}, known)
        assert found == bool(case.asked), case
    assert not is_unlikely(1e9, {}, known)


RAISED = InlineFont(vertAlign="superscript")
# what is done to the value cell of a sound row, and what is said of it
FORMATS = [
    ("number_format", "0.0%", "not the row's unit"),
    ("value", CellRichText("53.", TextBlock(RAISED, "1")), "superscript"),
    ("font", Font(strike=True), "struck through"),
    ("comment", Comment("初步数", "x"), "初步数"),
    ("number_format", ";;;", "hides it"),
    ("value", "\u202e53.1", "RIGHT-TO-LEFT"),
    ("value", "53\u200b.1", "ZERO WIDTH"),
    ("value", "=53+0.1", "formula"),
    ("value", "#DIV/0!", "error"),
    ("value", datetime(2025, 6, 30), "date"),
    ("value", True, "not a number"),
    ("value", "x" * 600, "shorten"),
]


def test_what_a_cells_format_says_besides_its_number_is_looked_at(lang_en, blank, tmp_path):
    wanted = {}

    def change(book):
        page = book.active
        for row, (name, content, words) in enumerate(FORMATS, 12):
            for column, value in {"value": 53.1, **SOURCE}.items():
                at(page, row, column).value = value
            setattr(at(page, row, "value"), name, content)
            wanted[f"I{row}"] = words
        page.row_dimensions[13].hidden = True
        page.column_dimensions.group("P", "Q", hidden=True)
        page.merge_cells("L14:M14")
        page["R15"] = "上半年"  # beside the template's columns
        wanted.update({"L13": "hidden", "P14": "hidden", "L14": "merged", "R15": "actual figure"})

    shown = preview_import(fill(blank, tmp_path / "in.xlsx", {}, change))
    for place, words in wanted.items():
        said = [text for text in shown.problems if text.startswith(f"{place}: ")]
        assert words in "".join(said), (place, words, str(shown))


def test_other_sheets_and_names_that_change_the_meaning_are_asked_about(lang_en, blank, tmp_path):
    def change(book):
        for name, how in {"旧数": "hidden", "底稿": "veryHidden", "副本": "visible"}.items():
            book.create_sheet(name)["A1"] = 1
            book[name].sheet_state = how
        book.active.title = "上半年"

    file = fill(blank, tmp_path / "2025 上半年.xlsx", {NOISE: {"value": 53.1}}, change)
    told = "\n".join(preview_import(file).questions)
    for words in ("hidden sheet '旧数'", "hidden sheet '底稿'", "sheet '副本' is not read"):
        assert words in told
    assert "the file's name says '上半年'" in told and "the sheet's name says '上半年'" in told


# the content of a file, or a part that a workbook has beside the template's
FILES = {
    "blanks": (b"\xef\xbb\xbf \r\n\t\n", "is empty"),
    "old workbook or password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "password"),
    "a broken workbook": (b"PK\x03\x04" + b"x" * 99, "damaged"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "web page"),
    "quotes that never close": (b'id,value,source title\n"a,b\n', ""),
    "another table": ("姓名,性别\n张三,男\n".encode(), "xc template"),
    "many rows": (b"id,value\n" * 30_000, "more than"),
    "macros": (("xl/vbaProject.bin", b"x"), "macros"),
    "a zip bomb": (("xl/bomb.bin", b"0" * 70_000_000), "unpacks to"),
    "entities": (("xl/x.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]>"), "entities"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_messy_file_gets_one_clear_line(own, blank, tmp_path, capsys, name):
    content, words = FILES[name]
    file = tmp_path / "in.xlsx"  # renamed: what a file is, its content tells
    file.write_bytes(content if isinstance(content, bytes) else blank)
    if isinstance(content, tuple):
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(*content)
    assert cli.main(["import", str(file), "--apply"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("xc: ") and told.err.count("\n") == 1 and words in told.err, told
    assert contents(own) == contents(ROOT / "data") and not (own / ".xc").exists()


def test_far_cells_what_is_no_file_and_what_is_no_sheet_of_ours_are_refused(
    lang_en, blank, tmp_path
):
    far = fill(blank, tmp_path / "far.xlsx", {}, lambda book: book.active.cell(1048576, 1, "x"))
    for path in (tmp_path, tmp_path / "none", far):
        with pytest.raises(InputError) as refusal:
            preview_import(path)
        assert "\n" not in str(refusal.value)
    with pytest.raises(InputError, match="not a workbook of xc review"):
        review_import(fill(blank, tmp_path / "in.xlsx", {}))


def test_sheets_of_other_layouts_are_refused(lang_en, shared):
    for path in (shared / "cases").glob("import_*.csv"):
        with pytest.raises(InputError, match="^[^\n]+$"):
            preview_import(path)


def new_tables(folder):
    """Return new contents for three tables that refer to each other."""
    source = {"title": "新报告", "publisher": "新局", "reliability": "A", "published": "2026-03-31"}
    edits = {"publishers": {"新局": {}}, "sources": {"own-1": source}}
    edits["observations"] = {"own_x": {"indicator": "area_noise", "source_id": "own-1"}}
    return {k: changes.edit_table(folder / f"{k}.csv", rows) for k, rows in edits.items()}


CALLS = ("replace", "rename", "fsync", "mkdir", "unlink", "rmdir")
FAULTS = {"killed": SystemExit(9), "full disk": OSError(errno.ENOSPC, "no space left")}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["import", "undo"])
def test_a_run_that_stops_at_any_write_is_put_right_by_the_next(own, command, fault):
    def watched(call, *args, **how):
        if next(count) == number:
            raise FAULTS[fault]
        return call(*args, **how)

    old, files = contents(own), new_tables(own)
    new = old | {f"{name}.csv": content for name, content in files.items()}
    for number in range(1, 60):
        if command == "undo":
            changes.commit(own, files, "x")
        count = itertools.count(1)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(SystemExit):
            for name in CALLS:
                patch.setattr(os, name, partial(watched, getattr(os, name)))
            try:
                undo() if command == "undo" else changes.commit(own, files, "x")
            except InputError as refused:
                assert "no space left" in str(refused) and "\n" not in str(refused)
                assert command == "undo" or contents(own) == old
        now = contents(own)
        assert all(content in (old[name], new[name]) for name, content in now.items())
        # what refers comes last and goes first
        for refers, to in (("observations.csv", "sources.csv"), ("sources.csv", "publishers.csv")):
            assert now[refers] == old[refers] or now[to] == new[to]
        with changes.held():
            assert contents(own) in (old, new)
        if contents(own) == new:
            undo()
        assert contents(own) == old and not list((own / ".xc").glob("*"))
        if next(count) <= number:  # it came to its end
            break
    assert 5 < number < 59


def test_one_writes_at_a_time(own, tmp_path, monkeypatch):
    file = as_csv(tmp_path / "in.csv", {NOISE: {"value": "53.1"}})
    monkeypatch.setattr(changes, "PATIENCE", 0.2)
    with changes.held(), pytest.raises(InputError, match="another xc command"):
        apply_import(file)
    assert apply_import(file).written


def test_work_done_by_hand_since_and_a_damaged_history_are_left_alone(own):
    changes.commit(own, new_tables(own), "x")
    path = own / "observations.csv"
    path.write_bytes(path.read_bytes().replace(b"own_x", b"own_y"))
    after = contents(own)
    with pytest.raises(InputError, match=r"observations\.csv has been changed since"):
        undo()
    (own / ".xc" / "0001" / "change.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        undo()
    assert contents(own) == after


def test_the_commands_write_what_is_unlikely_only_when_it_is_confirmed(own, tmp_path, capsys):
    assert cli.main(["template", str(tmp_path / "t.xlsx")]) == 0
    file = as_csv(tmp_path / "in.csv", {NOISE: {"value": 63.1}, "pm10@2025": {"value": "<!>"}})
    assert cli.main(["import", str(file), "--apply"]) == 1
    told = capsys.readouterr().out
    assert "to mend: I3: " in told and "to confirm: I2: " in told and "nothing written" in told
    assert not re.search("[\u4e00-\u9fff]", told)
    as_csv(file, {NOISE: {"value": 63.1}})
    assert cli.main(["import", str(file), "--apply"]) == 1
    once = file.read_bytes()
    file.write_bytes(once + once.splitlines(keepends=True)[1])
    assert cli.main(["import", str(file), "--accept-unlikely", "--apply"]) == 1
    assert "to mend: A3: " in capsys.readouterr().out  # twice
    file.write_bytes(once)
    assert contents(own) == contents(ROOT / "data")
    assert cli.main(["import", str(file), "--accept-unlikely", "--apply"]) == 0
    assert xc.series("area_noise").loc[2025, "value"] == 63.1
    assert [cli.main(["undo"]), cli.main(["undo"])] == [0, 1]


def test_commitments_are_read_back_from_the_reports_workbook(own, tmp_path):
    before = (own / "projects.csv").read_bytes()
    book = openpyxl.Workbook()
    page = book.create_sheet("承诺与项目")
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
    page["A2"], page["C3"], page["D3"] = "c9_99", "@x", "=1+1"
    book.save(tmp_path / "r.xlsx")
    told = "".join(preview_import(tmp_path / "r.xlsx").faults)
    assert "c9_99" in told and "formula" in told and "C3: " in told
