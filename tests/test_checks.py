"""`check`: every way to break the tables is named by table, line and column, nothing else is."""

import random
import shutil
from pathlib import Path

import minipack
import pytest

import xc_analysis as xc
from xc_analysis.checks import format_offence
from xc_analysis.words import use_language

# run (those of one break the tables together), table, a cell that names the row, what is changed
# in it, the column that must be named and words that must be said of it
CASES = minipack.cases("checks")


def found(folder):
    return {(row.table, row.line, row.column) for row in xc.check(folder).itertuples()}


def problems(folder):
    return " | ".join(format_offence(row) for row in xc.check(folder).itertuples())


def raw(folder, change, table="observations"):
    path = folder / f"{table}.csv"
    path.write_bytes(change(path.read_bytes()))


def test_committed_tables_are_clean():
    frame = xc.check()
    assert frame.empty, "\n".join(format_offence(row) for row in frame.itertuples())
    assert list(frame) == ["table", "line", "column", "value", "problem", "remedy"]


@pytest.mark.parametrize("run", CASES["run"].unique())
def test_what_the_tables_must_not_hold_is_named(small, run):
    cases = list(CASES[CASES["run"] == run].itertuples())
    lines = []
    for case in cases:
        cells = dict(cell.split("=", 1) for cell in case.change.split("|"))
        lines.append(minipack.change(small, case.table, case.row, **cells))
    frame = xc.check(small)
    assert not frame["problem"].str.contains("could not be applied").any(), problems(small)
    text = frame["problem"] + ": " + frame["remedy"]
    said = text.groupby([frame[name] for name in ("table", "line", "column")]).agg(" | ".join)
    for line, case in zip(lines, cases, strict=True):
        words = said.get((case.table, line, case.column), "")
        assert case.words in words, f"{case}: {problems(small)}"


def test_an_offence_is_a_line_of_the_file_and_one_line_in_the_language_of_the_run(small):
    assert problems(small) == ""
    # o10 holds a line break in its note, so o11 stands one line further down than its row
    odd = {"note_en": "a\u202eb", "note_zh": "坏\ufffd\n字", "locator": "x" * 5000}
    assert minipack.change(small, "observations", "o11", unit="ppm", **odd) == 13
    assert found(small) == {("observations", 13, column) for column in ("unit", *odd)}
    frame = xc.check(small)
    for row in frame.itertuples():
        text = format_offence(row, data="data")
        assert text.startswith(f"data/observations.csv:13: {row.column}: ") and "\n" not in text
        assert len(text.split(": ")) == 4
    assert format_offence(frame.iloc[-1]) == text.removeprefix("data/")
    english = problems(small)
    use_language("zh")
    chinese = problems(small)
    for words in ("convert the figure", "invisible", "destroyed", "characters"):
        assert words in english
    assert "请换算为" in chinese and "convert" not in chinese and "请" not in english


def test_keys_are_unique_in_every_table(small):
    last = {"assumptions": minipack.append(small, "assumptions", "sd_pm25", id="sd2", value="0.5")}
    assert ("assumptions", last["assumptions"], "indicator") in found(small), "set twice"
    for path in sorted(small.rglob("*.csv")):
        table = str(path.relative_to(small).with_suffix(""))
        if len(minipack.rows(small, table)):
            last[table] = minipack.append(small, table, {})
    wrong = {(table, line) for table, line, _ in found(small)}
    assert len(last) > 12 and set(last.items()) <= wrong


def test_circles_of_derivations_and_gaps_of_table_2_are_named(small):
    uses = {"o2": "o5 * 2", "o5": "o9 - 1", "o9": "o2 + 1"}
    lines = [minipack.change(small, "observations", o, derivation=d) for o, d in uses.items()]
    minipack.change(small, "indicators", "heavy_days", plan_row="")
    wrong = {("observations", line, "derivation") for line in lines}
    assert wrong | {("indicators", 1, "plan_row")} <= found(small)
    assert "o2 -> o5 -> o9 -> o2" in problems(small)


def test_a_part_year_of_an_undated_source_does_not_pass_as_a_year(small):
    minipack.change(small, "sources", "bulletin", published="")
    part = {"use": "true", "indicator": "heavy_days", "statistic": "days with AQI > 200"}
    part |= {"unit": "d", "value": "9", "year": "2018"}
    for name, period in (("p2", "2018-08"), ("p1", "2018-01..09")):
        more = {"obs_id": name, "locator": name, "period": period}
        line = minipack.append(small, "observations", "o7", **part, **more)
    assert found(small) == set()
    minipack.change(small, "observations", "p1", period="annual")
    assert found(small) == {("observations", line, "period")}
    assert "no further than month 8" in problems(small)


# ---- what a user can take for a table --------------------------------------------------------


def test_each_table_missing_empty_or_a_folder(small):
    paths = sorted(small.rglob("*.csv"))
    tables = {str(path.relative_to(small).with_suffix("")) for path in paths}
    steps = {"is missing": Path.unlink, "is empty": Path.touch, "is a folder": Path.mkdir}
    for words, step in steps.items():
        for path in paths:
            if words == "is a folder":
                path.unlink()
            step(path)
        place = "(header)" if words == "is empty" else "(file)"
        assert found(small) == {(table, 1, place) for table in tables}
        assert problems(small).count(words) == len(tables)


@pytest.mark.parametrize("table", ["observations", "air/annual"])
def test_each_missing_column_is_named_and_breaks_no_rule(small, table):
    records = [row for _, row in minipack.rows(small, table)]
    for column in records[0]:
        minipack.save(small, table, records, [name for name in records[0] if name != column])
        text = problems(small)
        assert f"{table}.csv:1: {column}: " in text and "could not be applied" not in text


@pytest.mark.parametrize(
    ("old", "new", "column", "words"),
    [
        ("value", "valeu", "value", "is missing"),
        ("value", "valeu", "valeu", "near: value"),
        ("value", "unit", "unit", "twice"),
        (",", ";", "(header)", "commas"),
        ("obs_id", "o0" + ",1" * 19 + "\n", "(header)", "first line is not the header"),
    ],
)
def test_headers_that_are_not_right(small, old, new, column, words):
    first, end, rest = (small / "observations.csv").read_text("utf-8").partition("\n")
    (small / "observations.csv").write_text(first.replace(old, new) + end + rest, "utf-8")
    assert ("observations", 1, column) in found(small) and words in problems(small)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_other_encodings_are_named_and_read_on(small, encoding):
    minipack.change(small, "observations", "o11", unit="ppm")
    raw(small, lambda data: data.decode().encode(encoding))
    assert found(small) == {("observations", 1, "(file)"), ("observations", 13, "unit")}
    with pytest.raises(xc.InputError, match=f"it seems to be {encoding.upper()}"):
        xc.load("observations", data=small)


NO_TABLES = {
    "Excel": b"PK\x03\x04" + b"\0" * 50,
    "xls": b"\xd0\xcf\x11\xe0" + b"\0" * 50,
    "PDF": b"%PDF-1.7\n",
    "web page": b"<!DOCTYPE html><html></html>",
    "not UTF-8": "標題與計畫，年度環境".encode("big5") * 9,
    "header": b"\0" * 1000,
    "sources.csv:2: (file): holds 1 damaged byte(s) in text": "来源编号，标题\n".encode()
    + b"\xff\n",
    "70 MB": b"publisher,hosts\n" + b" " * 70_000_000,
}


@pytest.mark.parametrize("kind", NO_TABLES)
def test_files_that_are_something_else(small, kind):
    (small / "sources.csv").write_bytes(NO_TABLES[kind])
    assert kind in problems(small)
    with pytest.raises(xc.InputError, match=r"sources\.csv") as caught:
        xc.load("sources", data=small)
    assert "\n" not in str(caught.value)


def test_damaged_bytes_ragged_rows_and_broken_quotes_cost_their_own_line_only(small):
    path = small / "observations.csv"
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3] + b",extra"  # o3
    lines[4] = lines[4].replace(b"district,,plan", b"district,plan")  # o4: a cell too few
    lines[8] = lines[8].replace(b"plan,", b'plan,"')  # o8: a quote that never closes
    lines[12] = lines[12].replace(b"30.5,,,%", b"30.5,,,ppm")  # o11, behind them all
    lines[13] = lines[13].replace("表2".encode(), b"\xff")  # o12
    lines[14:] = [b"x" * 200_000, b""]
    path.write_bytes(b"\n".join(lines))
    rows = {("observations", line, "(row)") for line in (4, 5, 9, 15)}
    rows |= {("observations", 14, "(file)"), ("observations", 14, "locator")}
    assert found(small) == rows | {("observations", 13, "unit")}
    assert "quotation" in problems(small)


def test_marks_empty_lines_and_line_ends(small):
    raw(small, lambda data: b"\xef\xbb\xbf" + data.replace(b"\no2,", b"\n\n\no2,"))
    assert found(small) == {("observations", 1, "(file)"), ("observations", 3, "(row)")}
    assert "byte order mark" in problems(small) and "row is empty" in problems(small)
    raw(small, lambda data: data[3:].replace(b"\n\n\n", b"\n").replace(b"\n", b"\r"))
    assert "CR" in problems(small)
    raw(small, lambda data: data.replace(b"\r", b"\r\n"))
    assert problems(small) == ""


def test_links_out_of_the_folder_strangers_and_folders_that_are_none(small, tmp_path):
    shutil.move(small / "sources.csv", tmp_path / "outside.csv")
    (small / "sources.csv").symlink_to(tmp_path / "outside.csv")
    (small / "observation.csv").write_text("a\n")
    (small / "air" / "annual.xlsx").write_bytes(b"PK")
    (small / "README.md").write_text("fine")
    strangers = {("observation.csv", 1, "(file)"), ("air/annual.xlsx", 1, "(file)")}
    assert found(small) == strangers | {("sources", 1, "(file)")}
    for words in ("is a link that leads out", "near: observations.csv"):
        assert words in problems(small)
    for folder in (tmp_path / "nowhere", small / "README.md", f"{tmp_path}/bad\0name"):
        assert problems(str(folder)).startswith(f"{folder}:1: (file): data folder ")


def test_check_survives_any_change_of_any_byte(small):
    """Bytes of every table changed, lost and put in at fixed random places; nothing raises."""
    chance = random.Random(20220219)
    strange = [b"", b",", b'"', b"\n", b"=", b"\0", b"-", b"1e9", b"\xff"]
    clean = {path: path.read_bytes()[:6000] for path in sorted(small.rglob("*.csv"))}
    for _ in range(8):
        for path, content in clean.items():
            data = bytearray(content)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(data))
                double = bytes(data[at : at + 30])
                data[at : at + chance.randrange(2)] = chance.choice([*strange, double])
            path.write_bytes(data)
        frame = xc.check(small)
        failed = frame["problem"].str.contains("could not be applied")
        assert len(frame) and not failed.any(), frame[failed].to_string()
