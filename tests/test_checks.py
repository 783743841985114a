"""`check`: every way to break the tables is named by table, line and column, nothing else is."""

import os
import random
import shutil
import time
from pathlib import Path

import minipack
import pytest

import xc_analysis as xc
from xc_analysis import checks
from xc_analysis.checks import format_offence
from xc_analysis.words import use_language


@pytest.fixture
def small(tmp_path):
    return minipack.write(tmp_path / "small")


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


# table, a cell that names the row, column, what is put there, words that must be said of it
CELLS = [
    ("observations", "o1", "value", "1e308", "exponent"),
    ("observations", "o3", "value", "NaN", "empty"),
    ("observations", "o7", "value", "inf", "finite"),
    ("observations", "o8", "value", "9" * 309, "too many digits"),
    ("observations", "o10", "value", "1,040", "digits only"),
    ("observations", "o11", "value", " 40", "blanks"),
    ("observations", "o12", "value", "4_0", "digits only"),
    ("observations", "o1", "year", "2020.0", "decimals"),
    ("observations", "o2", "year", "", "empty"),
    ("observations", "o3", "year", "20200", "above"),
    ("observations", "o1", "use", "TRUE", "true"),
    ("observations", "o1", "status", "Printed", "near: printed"),
    ("observations", "o7", "period", "2020-13", "2020-09"),
    ("observations", "o8", "period", "2020-09..01", "ends before"),
    ("observations", "o9", "period", "2020-02-30", "calendar"),
    ("observations", "o1", "scope", "110102", "words"),
    ("sources", "plan", "published", "22/2/2022", "YYYY"),
    ("air/daily", "2019-03-05", "pm25", "-3", "below"),
    ("air/daily", "2019-03-05", "date", "2019-02-29", "calendar"),
    ("observations", "o1", "note_zh", "=HYPERLINK(1)", "formula"),
    ("observations", "o2", "note_zh", "＝1", "formula"),
    ("observations", "o1", "note_en", "see http://evil.example/x", "address"),
    ("observations", "o2", "note_en", "a\u202eb", "invisible"),
    ("observations", "o3", "note_en", "坏\ufffd字", "destroyed"),
    ("observations", "o4", "note_en", "x" * 5000, "characters"),
    ("observations", "o1", "locator", "None", "spelled out"),
    ("observations", "o11", "obs_id", "o 1", "letters"),
]

# what only shows between cells, rows and tables; a dict changes other cells of the row
RELATIONS = [
    ("observations", "o1", "locator", "", "empty"),
    ("observations", "o1", "source_id", "plam", "near: plan"),
    ("air/annual", "pm25", "source_id", "bulletin;plam", "near: plan"),
    ("sources", "plan", "url", "https://www.example.gov.cn.evil.com/", "does not belong"),
    ("sources", "plan", "url", "https://www.example.gov.cn@evil.com/", "user"),
    ("sources", "plan", "url", "https://www.example.gov.cn:8443/", "port"),
    ("sources", "plan", "url", "javascript:alert(1)", "http"),
    ("sources", "plan", "accessed", "2021-05", "before it was published"),
    ("publishers", "示例监测中心", "hosts", "http://x.cn/", "host names"),
    ("observations", "o1", "unit", "mg/m³", "µg/m³"),
    ("observations", "o11", "value", "130.5", "ceiling"),
    ("observations", "o12", "value", "-53.8", "floor"),
    ("observations", "o1", "value", "", "needs its value"),
    ("observations", "o1", "derivation", "o3 - 1", "printed"),
    ("observations", "o6", "value", "30", "a bound has no value"),
    ("observations", "o6", {"upper": ""}, "lower", "needs a limit"),
    ("observations", "o6", "derivation", "", "how it was reached"),
    ("observations", "o6", {"upper": "13"}, "derivation", "neither lower nor upper"),
    ("observations", "o2", "derivation", "", "how it was reached"),
    ("observations", "o2", "lower", "", "range"),
    ("observations", "o2", "value", "84.0", "gives 82.98"),
    ("observations", "o2", "upper", "90.0", "rounding allows"),
    ("observations", "o5", {"lower": "30.90", "upper": "30.10"}, "lower", "above upper"),
    ("observations", "o5", {"upper": "30.375"}, "value", "outside its own range"),
    ("observations", "o2", {"status": "estimated", "lower": ""}, "lower", "interval"),
    ("observations", "o2", "derivation", "o1 / (1 - 0.518", "no plain arithmetic"),
    ("observations", "o2", "derivation", "o1 / 0", "zero"),
    ("observations", "o2", "derivation", "83.0", "names no observation"),
    ("observations", "o2", "derivation", "o6 * 2", "no value"),
    ("observations", "o2", "derivation", "o2 * 1", "o2 -> o2"),
    ("observations", "o7", "year", "2019", "2020-01..09"),
    ("observations", "o7", {"period": "annual", "locator": "x"}, "period", "before the year 2020"),
    ("observations", "o7", {"period": "2021-01..09", "year": "2021"}, "period", "published"),
    ("observations", "o2", "derivation", "o7 / (1 - 0.566)", "part-year"),
    ("observations", "o6", {"year": "2090", "source_id": "archive-hourly"}, "year", "beyond every"),
    ("observations", "o10", "note_zh", "", "why it is not used"),
    ("observations", "o2", "status", "computed", "air/"),
    ("observations", "o1", "scope", "示例", "write 示例区"),
    ("targets", "t2", "comparator", "<=", "higher is better"),
    ("targets", "t1", "value", "35", "delegated"),
    ("targets", "t3", "value", "3", "qualitative"),
    ("targets", "t2", "value", "", "level"),
    ("targets", "t2", "base_year", "2026", "not before"),
    ("targets", "t2", "plan_row", "9", "another row"),
    ("targets", "t1", "reading", "sd_pm25", "not a reading"),
    ("indicators", "green_cover", "ceiling", "", "logit"),
    ("indicators", "pm25", "floor", "", "log scale"),
    ("indicators", "area_noise", "floor", "", "needs a floor"),
    ("indicators", "green_cover", "floor", "100", "not below"),
    ("indicators", "green_cover", "prior_sd", "0", "certainty"),
    ("indicators", "green_cover", "better", "", "direction"),
    ("indicators", "pm25", "statistic", "median", "no used annual figure"),
    ("assumptions", "fit_pm25", "fit_from", "2021", "before it begins"),
    ("assumptions", "fit_pm25", "fit_to", "", "sets a fit"),
    ("assumptions", "fit_pm25", {"decision": "accepted"}, "reviewer", "reviewer"),
    ("assumptions", "fit_pm25", "plan", "示范规划", "near: 示例规划"),
    ("assumptions", "fit_pm25", "scope", "他区", "none of"),
    ("assumptions", "sd_pm25", "value", "18.5", "at most 10"),
    ("assumptions", "sd_pm25", "value", "", "no value"),
    ("assumptions", "read_pm25", "reading", "about 35", "<= 35"),
    ("assumptions", "read_pm25", "value", "40", "agree"),
    ("assumptions", "sd_pm25", {"parameter": "basis"}, "value", "use raw, old, new"),
    ("assumptions", "sd_pm25", {"parameter": "hour_label"}, "value", "use end, start"),
    ("air/annual", "pm25", "source_id", "bulletin;", "joined by"),
    ("statements", "s1", "recompute", "", "independent"),
    ("statements", "s1", "recompute", "station.pm25", "year"),
    ("statements", "s1", "recompute", "printed.s9", "s9"),
    ("statements", "s1", "recompute", "city.pm25.2019", "city"),
    ("projects", "p1", "table_row", "", "row"),
    ("projects", "p1", "due_year", "", "dated"),
    ("standards", "pm25", "valid_to", "2012-01-01", "before"),
    ("air/annual", "pm25", "value", "44.4", "daily.csv give"),
    ("air/annual", "pm25", "value", "", "no value"),
    ("air/annual", "pm25", "days", "366", "365"),
    ("air/annual", "pm25", "valid_days", "364", "365 valid days"),
    ("air/annual", "pm25", "valid_days", "366", "more valid days"),
    ("air/annual", "pm25", "capture", "0.9", "1.0000"),
    ("air/annual", "pm25", "completeness", "partial", "write strict"),
    ("air/annual", "pm25", {"lower": "99"}, "value", "outside its own range"),
    ("air/annual", "pm25", {"national_days": "3"}, "completeness", "write adequate"),
    ("air/annual", "heavy_days", "value", "2", "daily.csv give 1"),
    ("air/annual", "heavy_days", "known_exceedances", "0", "1 known"),
    ("air/monthly", "3", "value", "99", "daily.csv give"),
    ("air/monthly", "2", "days", "29", "28"),
    ("air/daily", "2019-03-05", "aqi", "30", "concentrations give"),
    ("air/daily", "2019-03-05", "primary", "dust", "pollutants"),
    ("air/daily", "2019-03-05", "no2", "300", "stations report"),
]


@pytest.mark.parametrize("cases", [CELLS, *([case] for case in RELATIONS)])
def test_what_the_tables_must_not_hold_is_named(small, cases):
    lines = []
    for table, where, column, put, _ in cases:
        cells = column if isinstance(column, dict) else {column: put}
        lines.append(minipack.change(small, table, where, **cells))
    frame = xc.check(small)
    assert not frame["problem"].str.contains("could not be applied").any(), problems(small)
    text = frame["problem"] + ": " + frame["remedy"]
    said = text.groupby([frame[name] for name in ("table", "line", "column")]).agg(" | ".join)
    for line, (table, _, column, put, words) in zip(lines, cases, strict=True):
        at = put if isinstance(column, dict) else column
        assert words in said.get((table, line, at), ""), problems(small)


def test_lines_are_those_of_the_file_and_texts_in_the_language_of_the_run(small):
    assert problems(small) == ""
    # o10 holds a line break in its note, so o11 stands one line further down than its row
    assert minipack.change(small, "observations", "o11", unit="ppm") == 13
    assert found(small) == {("observations", 13, "unit")}
    english = problems(small)
    use_language("zh")
    chinese = problems(small)
    assert "convert the figure" in english and "请" not in english
    assert "请换算为" in chinese and "convert" not in chinese


def test_an_offence_is_one_line_of_four_parts(small):
    line = minipack.change(small, "observations", "o1", note_zh="=1\n+1")
    row = next(xc.check(small).itertuples())
    text = format_offence(row, data="data")
    assert text.startswith(f"data/observations.csv:{line}: note_zh: ") and "\n" not in text
    assert len(text.split(": ")) == 4
    assert format_offence(xc.check(small).iloc[0]) == text.removeprefix("data/")


def test_a_rule_that_fails_hides_nothing(small, monkeypatch):
    def fails(pack):
        raise RuntimeError("out of order")

    monkeypatch.setattr(checks, "RULES", (fails, *checks.RULES))
    minipack.change(small, "observations", "o1", unit="ppm")
    assert "rule fails could not be applied (RuntimeError: out of order)" in problems(small)
    assert "convert the figure" in problems(small)


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


def test_keys_are_unique_in_every_table(small):
    last = {"assumptions": minipack.append(small, "assumptions", "sd_pm25", id="sd2", value="0.5")}
    assert ("assumptions", last["assumptions"], "indicator") in found(small), "set twice"
    for path in sorted(small.rglob("*.csv")):
        table = str(path.relative_to(small).with_suffix(""))
        if len(minipack.rows(small, table)):
            last[table] = minipack.append(small, table, {})
    wrong = {(table, line) for table, line, _ in found(small)}
    assert len(last) > 12 and set(last.items()) <= wrong


def test_circles_of_derivations_are_named(small):
    uses = {"o2": "o5 * 2", "o5": "o9 - 1", "o9": "o2 + 1"}
    lines = [minipack.change(small, "observations", o, derivation=d) for o, d in uses.items()]
    assert {("observations", line, "derivation") for line in lines} <= found(small)
    assert "o2 -> o5 -> o9 -> o2" in problems(small)


def test_a_gap_in_the_rows_of_table_2_is_named(small):
    minipack.change(small, "indicators", "heavy_days", plan_row="")
    assert ("indicators", 1, "plan_row") in found(small)


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
        ("value", "valeu", "value", "near: value"),
        ("value", "valeu", "valeu", "near: value"),
        ("value", "unit", "unit", "twice"),
        (",", ";", "(header)", "commas"),
        ("obs_id", "o0" + ",1" * 19 + "\n", "(header)", "first line is not the header"),
        ("note_en", "note_en" + ",c" * 5000, "c", "twice"),
    ],
)
def test_headers_that_are_not_right(small, old, new, column, words):
    first, end, rest = (small / "observations.csv").read_text("utf-8").partition("\n")
    (small / "observations.csv").write_text(first.replace(old, new) + end + rest, "utf-8")
    assert ("observations", 1, column) in found(small) and words in problems(small)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_named_and_read_on(small, encoding):
    minipack.change(small, "observations", "o11", unit="ppm")
    raw(small, lambda data: data.decode().encode(encoding))
    assert found(small) == {("observations", 1, "(file)"), ("observations", 13, "unit")}
    name = encoding.upper()[:6]
    assert f"it seems to be {name}" in problems(small)
    with pytest.raises(xc.InputError, match=name):
        xc.load("observations", data=small)


DAMAGED = "来源编号，标题\n".encode() + b"\xff\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04" + b"\0" * 50, "Excel"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 50, "xls"),
        (b"\x1f\x8b\x08" + b"\0" * 50, "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"PAR1\x00", "parquet"),
        (bytes(range(128, 256)) * 20, "not UTF-8"),
        ("標題與計畫，年度環境".encode("big5") * 9, "not UTF-8"),
        ("来源编号，标题\n".encode("utf-16")[:-1], "not UTF-8, UTF-16 or GB18030"),
        (b"\0" * 1000, "header"),
        (DAMAGED, "sources.csv:2: (file): holds 1 damaged byte(s) in text"),
        (b"\xef\xbb\xbf" + DAMAGED, "sources.csv:2: (file): holds 1 damaged byte(s) in text"),
        (b"publisher,hosts\n" + b" " * 70_000_000, "70 MB"),
    ],
)
def test_files_that_are_something_else(small, data, kind):
    (small / "sources.csv").write_bytes(data)
    assert kind in problems(small)
    with pytest.raises(xc.InputError, match=r"sources\.csv") as caught:
        xc.load("sources", data=small)
    assert "\n" not in str(caught.value)


def test_a_damaged_byte_names_its_line_and_cell(small):
    raw(small, lambda data: data.replace("一致，\n".encode(), "一致".encode() + b"\xff\n"))
    assert {("observations", 11, "(file)"), ("observations", 11, "note_zh")} == found(small)


def test_ragged_rows_and_broken_quotes_cost_their_own_line_only(small):
    path = small / "observations.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[3] = lines[3] + ",extra"  # o3
    lines[8] = lines[8].replace("plan,表2", 'plan,"表2')  # o8: a quote that never closes
    lines[4] = lines[4].replace("district,,plan", "district,plan")  # o4: a cell too few
    lines[12] = lines[12].replace("30.5,,,%", "30.5,,,ppm")  # o11, behind them all
    lines[14:] = ["x" * 200_000, ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = {("observations", line, "(row)") for line in (4, 5, 9, 15)}
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


def test_links_out_of_the_folder_pipes_and_strangers(small, tmp_path):
    path, outside = small / "sources.csv", tmp_path / "outside.csv"
    shutil.move(path, outside)
    for make, words in (
        (lambda: path.symlink_to(outside), "is a link that leads out"),
        (lambda: path.symlink_to("sources.csv"), "cannot be read"),
        (lambda: os.mkfifo(path), "is not a regular file"),
    ):
        make()
        assert f"sources.csv:1: (file): {words}" in problems(small)
        path.unlink()
    shutil.move(outside, path)
    (small / "observation.csv").write_text("a\n")
    (small / "air" / "annual.xlsx").write_bytes(b"PK")
    (small / "README.md").write_text("fine")
    assert {("observation.csv", 1, "(file)"), ("air/annual.xlsx", 1, "(file)")} == found(small)
    assert "near: observations.csv" in problems(small)


@pytest.mark.parametrize("folder", ["nowhere", "file", "bad\0name"])
def test_a_folder_that_is_none(tmp_path, folder):
    (tmp_path / "file").write_text("")
    (row,) = xc.check(str(tmp_path / folder)).itertuples()
    assert format_offence(row).startswith(f"{tmp_path / folder}:1: (file): data folder ")


# ---- hostile input ---------------------------------------------------------------------------


def test_no_cell_and_no_number_of_strangers_and_circles_holds_up_the_check(small):
    records = [row for _, row in minipack.rows(small, "observations")]
    for n in range(0, 2000, 2):
        for one, other in ((n, n + 1), (n + 1, n)):
            more = {"obs_id": f"c{one}", "derivation": f"c{other} * 1", "use": "false"}
            more |= {"source_id": f"nowhere{one}", "status": f"odd{one}", "note_zh": "圈"}
            records.append(records[1] | more | {"locator": f"row {one}"})
    minipack.save(small, "observations", records)
    start = time.process_time()
    assert {"source_id", "status", "derivation"} <= {column for _, _, column in found(small)}
    for long in ("9" * 90_000, "a." * 30_000):
        minipack.change(small, "observations", "o1", value=long, note_en=long)
        minipack.change(small, "observations", "o2", derivation=long)
        minipack.change(small, "sources", "plan", url=long)
        minipack.change(small, "publishers", "示例监测中心", hosts=long)
        assert len(found(small)) >= 5
    # a few seconds: only a pattern that runs away, or work that grows with the square of the
    # rows, needs more
    assert time.process_time() - start < 60


def test_check_survives_any_change_of_any_byte(small):
    """Bytes of every table changed, lost and put in at fixed random places; nothing raises."""
    chance = random.Random(20220219)
    strange = [b"", b",", b'"', b"\n", b"=", b"\0", b"-", b"1e9", b"\xff"]
    clean = {path: path.read_bytes()[:6000] for path in sorted(small.rglob("*.csv"))}
    for _ in range(12):
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
