"""`check`: every way to break the tables is named by table, line and column, nothing else is."""

import os
import random
import shutil
import time

import minipack
import pytest

import xc_analysis as xc
from xc_analysis import checks
from xc_analysis.checks import format_offence
from xc_analysis.words import use_language


@pytest.fixture(autouse=True)
def _english(lang_en):
    yield


@pytest.fixture
def small(tmp_path):
    return minipack.write(tmp_path / "small")


def found(folder):
    return {(row.table, row.line, row.column) for row in xc.check(folder).itertuples()}


def problems(folder):
    return " | ".join(format_offence(row) for row in xc.check(folder).itertuples())


def test_committed_tables_are_clean():
    frame = xc.check()
    assert frame.empty, "\n".join(format_offence(row) for row in frame.itertuples())
    assert list(frame) == ["table", "line", "column", "value", "problem", "remedy"]


O1, O2, O3, O5, O6, O7 = ({"obs_id": name} for name in ("o1", "o2", "o3", "o5", "o6", "o7"))
O10, O11, O12 = ({"obs_id": name} for name in ("o10", "o11", "o12"))
T1, T2, T3 = ({"target_id": name} for name in ("t1", "t2", "t3"))
PM25, COVER = {"indicator": "pm25"}, {"indicator": "green_cover"}
NOISE = {"indicator": "area_noise"}
FIT, SD, READ = {"id": "fit_pm25"}, {"id": "sd_pm25"}, {"id": "read_pm25"}
PLAN, BULLETIN = {"source_id": "plan"}, {"source_id": "bulletin"}
S1, P1, P2 = {"statement_id": "s1"}, {"project_id": "p1"}, {"project_id": "p2"}
DAY = {"date": "2019-03-05"}

# table, row, column, what is put there, words that must be said of that cell
CELLS = [
    ("observations", O1, "value", "1e308", "exponent"),
    ("observations", O1, "value", "NaN", "empty"),
    ("observations", O1, "value", "inf", "finite"),
    ("observations", O1, "value", "9" * 309, "too many digits"),
    ("observations", O1, "value", "1,040", "digits only"),
    ("observations", O1, "value", "40 µg/m³", "digits only"),
    ("observations", O1, "value", " 40", "blanks"),
    ("observations", O1, "value", "4_0", "digits only"),
    ("observations", O1, "year", "2020.0", "decimals"),
    ("observations", O1, "year", "", "empty"),
    ("observations", O1, "year", "20200", "above"),
    ("observations", O1, "use", "TRUE", "true"),
    ("observations", O1, "status", "Printed", "near: printed"),
    ("observations", O1, "release", "secret", "public"),
    ("observations", O7, "period", "2020-13", "2020-09"),
    ("observations", O7, "period", "2020-09..01", "ends before"),
    ("observations", O7, "period", "2020-02-30", "calendar"),
    ("observations", O1, "scope", "110102", "words"),
    ("observations", O11, "obs_id", "o 1", "letters"),
    ("sources", PLAN, "published", "22/2/2022", "YYYY"),
    ("sources", PLAN, "reliability", "D", "A, B, C"),
    ("sources", PLAN, "title", "", "empty"),
    ("targets", T2, "kind", "levels", "level"),
    ("targets", T2, "comparator", "=>", ">="),
    ("assumptions", FIT, "method", "blend", "paths"),
    ("assumptions", SD, "parameter", "prior", "prior_sd"),
    ("indicators", COVER, "scale", "logistic", "logit"),
    ("indicators", COVER, "better", "up", "higher"),
    ("air/annual", PM25, "completeness", "full", "strict"),
    ("air/annual", PM25, "capture", "1.2", "above"),
    ("air/daily", DAY, "pm25", "-3", "below"),
    ("air/daily", DAY, "date", "2019-02-29", "calendar"),
    ("air/hour_profile", {"hour": "1"}, "hour", "25", "above"),
    ("standards", {"pollutant": "pm25"}, "valid_from", "soon", "YYYY"),
    ("observations", O1, "note_zh", "=HYPERLINK(1)", "formula"),
    ("observations", O1, "note_zh", "＝1", "formula"),
    ("observations", O1, "note_en", "see http://evil.example/x", "address"),
    ("observations", O1, "note_en", "a\x00b", "invisible"),
    ("observations", O1, "note_en", "a\u202eb", "invisible"),
    ("observations", O1, "note_en", "坏\ufffd字", "destroyed"),
    ("observations", O1, "note_en", "x" * 5000, "characters"),
    ("observations", O1, "locator", "None", "spelled out"),
    ("indicators", COVER, "name_zh", " 绿化", "blanks"),
]

# what only shows between cells, rows and tables; a dict changes several cells
RELATIONS = [
    ("observations", O1, "source_id", "", "empty"),
    ("observations", O1, "locator", "", "empty"),
    ("observations", O1, "source_id", "plam", "near: plan"),
    ("observations", O1, "indicator", "pm2_5", "indicators.csv"),
    ("targets", T2, "source_id", "nowhere", "sources.csv"),
    ("sources", PLAN, "publisher", "某报", "publishers.csv"),
    ("projects", P2, "baseline_obs", "o99", "observations.csv"),
    ("statements", S1, "obs_id", "o99", "observations.csv"),
    ("air/annual", PM25, "source_id", "bulletin;plam", "near: plan"),
    # links
    ("sources", PLAN, "url", "https://mirror.example.com/plan", "does not belong"),
    ("sources", PLAN, "url", "https://www.example.gov.cn.evil.com/", "does not belong"),
    ("sources", PLAN, "url", "https://www.example.gov.cn@evil.com/", "user"),
    ("sources", PLAN, "url", "https://www.example.gov.cn:8443/", "port"),
    ("sources", PLAN, "url", "javascript:alert(1)", "http"),
    ("sources", BULLETIN, "url", "https://www.example.gov.cn/", "does not belong"),
    ("sources", PLAN, "accessed", "2021-05", "before it was published"),
    ("publishers", {"publisher": "示例监测中心"}, "hosts", "http://x.cn/", "host names"),
    # units and bounds
    ("observations", O1, "unit", "mg/m³", "µg/m³"),
    ("observations", O1, "unit", "", "empty"),
    ("targets", T2, "unit", "pp", "%"),
    ("air/annual", PM25, "unit", "mg/m³", "µg/m³"),
    ("observations", O11, "value", "130.5", "ceiling"),
    ("observations", O12, "value", "-53.8", "floor"),
    ("targets", T2, "value", "3185", "ceiling"),
    # how a figure came to be
    ("observations", O1, "value", "", "needs its value"),
    ("observations", O1, "derivation", "o3 - 1", "printed"),
    ("observations", O6, "value", "30", "a bound has no value"),
    ("observations", O6, {"upper": ""}, "lower", "needs a limit"),
    ("observations", O6, "derivation", "", "how it was reached"),
    ("observations", O6, {"upper": "13"}, "derivation", "neither lower nor upper"),
    ("observations", O2, "derivation", "", "how it was reached"),
    ("observations", O2, "lower", "", "range"),
    ("observations", O2, "value", "84.0", "gives 82.98"),
    ("observations", O2, "upper", "90.0", "rounding allows"),
    ("observations", O5, {"lower": "30.90", "upper": "30.10"}, "lower", "above upper"),
    ("observations", O5, {"upper": "30.375"}, "value", "outside its own range"),
    ("observations", O2, {"status": "estimated", "lower": ""}, "lower", "interval"),
    ("observations", O1, {"status": "derived"}, "derivation", "how it was reached"),
    ("observations", O2, "derivation", "o1 / (1 - 0.518", "no plain arithmetic"),
    ("observations", O2, "derivation", "o1 / 0", "zero"),
    ("observations", O2, "derivation", "o77 / 2", "o77"),
    ("observations", O2, "derivation", "83.0", "names no observation"),
    ("observations", O2, "derivation", "o6 * 2", "no value"),
    ("observations", O2, "derivation", "o2 * 1", "o2 -> o2"),
    ("observations", O2, "derivation", "__import__('os')", "cannot be read"),
    ("observations", O2, "derivation", "(" * 200 + "o1" + ")" * 200, "nested"),
    # years and periods
    ("observations", O7, "year", "2019", "2020-01..09"),
    ("observations", O7, {"period": "annual", "locator": "x"}, "period", "before the year 2020"),
    ("observations", O7, {"period": "2021-01..09", "year": "2021"}, "period", "published"),
    ("observations", O2, "derivation", "o7 / (1 - 0.566)", "part-year"),
    ("observations", O6, {"year": "2090", "source_id": "archive-hourly"}, "year", "beyond every"),
    ("observations", O10, "note_zh", "", "why it is not used"),
    ("observations", O2, "status", "computed", "air/"),
    ("observations", O1, "scope", "示例", "write 示例区"),
    # targets
    ("targets", T2, "comparator", "<=", "higher is better"),
    ("targets", T1, "value", "35", "delegated"),
    ("targets", T1, "comparator", "<=", "delegated"),
    ("targets", T3, "value", "3", "qualitative"),
    ("targets", T2, "value", "", "level"),
    ("targets", T2, "comparator", "", "level"),
    ("targets", T2, "base_year", "2026", "not before"),
    ("targets", T2, "plan_row", "9", "another row"),
    ("targets", T1, "reading", "sd_pm25", "not a reading"),
    ("targets", T1, "reading", "read_x", "assumptions.csv"),
    # register
    ("indicators", COVER, "ceiling", "", "logit"),
    ("indicators", PM25, "floor", "", "log scale"),
    ("indicators", NOISE, "floor", "", "needs a floor"),
    ("indicators", COVER, "floor", "100", "not below"),
    ("indicators", COVER, "prior_sd", "0", "certainty"),
    ("indicators", COVER, "better", "", "direction"),
    ("indicators", PM25, "statistic", "median", "no used annual figure"),
    # assumptions
    ("assumptions", FIT, "fit_from", "2021", "before it begins"),
    ("assumptions", FIT, "fit_to", "", "sets a fit"),
    ("assumptions", FIT, "indicator", "pm99", "indicators.csv"),
    ("assumptions", FIT, {"decision": "accepted"}, "reviewer", "reviewer"),
    ("assumptions", FIT, "plan", "示范规划", "near: 示例规划"),
    ("assumptions", FIT, "scope", "他区", "none of"),
    ("assumptions", SD, "value", "18.5", "at most 10"),
    ("assumptions", SD, "value", "", "no value"),
    ("assumptions", SD, "why_zh", "", "empty"),
    ("assumptions", READ, "reading", "about 35", "<= 35"),
    ("assumptions", READ, "value", "40", "agree"),
    ("assumptions", SD, {"parameter": "hour_label", "value": "noon"}, "value", "use end, start"),
    ("air/annual", PM25, "source_id", "bulletin;", "joined by"),
    # statements, projects, standards
    ("statements", S1, "recompute", "", "independent"),
    ("statements", S1, "tolerance", "", "independent"),
    ("statements", S1, "recompute", "station.pm25", "year"),
    ("statements", S1, "recompute", "printed.s9", "s9"),
    ("statements", S1, "recompute", "city.pm25.2019", "city"),
    ("statements", S1, "recompute", "count.plan.x", "count"),
    ("statements", S1, "recompute", "os.system", "os"),
    ("projects", P1, "table_row", "", "row"),
    ("projects", P1, "due_year", "", "dated"),
    ("standards", {"pollutant": "pm25"}, "valid_to", "2012-01-01", "before"),
    # computed air
    ("air/annual", PM25, "value", "44.4", "daily.csv give"),
    ("air/annual", PM25, "value", "", "no value"),
    ("air/annual", PM25, "days", "366", "365"),
    ("air/annual", PM25, "valid_days", "364", "365 valid days"),
    ("air/annual", PM25, "valid_days", "366", "more valid days"),
    ("air/annual", PM25, "capture", "0.9", "1.0000"),
    ("air/annual", PM25, "completeness", "partial", "write strict"),
    ("air/annual", PM25, {"lower": "99"}, "value", "outside its own range"),
    ("air/annual", PM25, {"national_days": "3"}, "completeness", "write adequate"),
    ("air/annual", {"indicator": "heavy_days"}, "value", "2", "daily.csv give 1"),
    ("air/annual", {"indicator": "heavy_days"}, "known_exceedances", "0", "1 known"),
    ("air/monthly", {"month": "3"}, "value", "99", "daily.csv give"),
    ("air/monthly", {"month": "2"}, "days", "29", "28"),
    ("air/daily", DAY, "aqi", "30", "concentrations give"),
    ("air/daily", DAY, "primary", "dust", "pollutants"),
    ("air/daily", DAY, "no2", "300", "stations report"),
]


def batches():
    """Group the broken cells so that none stands twice in a group, rows' keys last."""
    groups = []
    for case in CELLS:
        cell = (case[0], *case[1].values(), case[2])
        group = next((g for g in groups if cell not in g), None)
        if group is None:
            groups.append(group := {})
        group[cell] = case
    return [sorted(group.values(), key=lambda case: case[2] in case[1]) for group in groups]


def broken(folder, cases):
    """Apply the cases; yield the words to find and what is said of each cell."""
    lines = []
    for table, where, column, put, _ in cases:
        cells = column if isinstance(column, dict) else {column: put}
        lines.append(minipack.change(folder, table, where, **cells))
    frame = xc.check(folder)
    frame["text"] = frame["problem"] + ": " + frame["remedy"]
    places = frame.groupby(["table", "line", "column"])["text"].agg(" | ".join).to_dict()
    assert not frame["problem"].str.contains("could not be applied").any(), frame["problem"]
    for line, (table, _, column, put, words) in zip(lines, cases, strict=True):
        at = put if isinstance(column, dict) else column
        yield words, places.get((table, line, at), ""), at


@pytest.mark.parametrize("cases", batches(), ids=lambda cases: f"{len(cases)}-cells")
def test_cells_that_no_column_holds(small, cases):
    missed = [case for case in broken(small, cases) if case[0] not in case[1]]
    assert not missed


@pytest.mark.parametrize("number", range(len(RELATIONS)))
def test_relations_that_do_not_hold(small, number):
    [(words, text, _)] = broken(small, [RELATIONS[number]])
    assert words in text, problems(small)


def test_breakages_do_not_hide_each_other(small):
    wanted = set()
    for table, where, column, put in (
        ("observations", O1, "unit", "ppm"),
        ("observations", O3, "locator", ""),
        ("observations", O6, "value", "30"),
        ("observations", O7, "year", "x"),
        ("targets", T1, "value", "35"),
        ("sources", PLAN, "url", "https://evil.com/"),
        ("assumptions", SD, "value", "70"),
        ("air/annual", PM25, "value", "1"),
    ):
        wanted.add((table, minipack.change(small, table, where, **{column: put}), column))
    (small / "standards.csv").unlink()
    (small / "left_out.csv").write_bytes(b"\xff\xfe" + "a,b\n".encode("utf-16-le"))
    wanted |= {("standards", 1, "(file)"), ("left_out", 1, "(file)")}
    assert wanted <= found(small)


def test_lines_are_those_of_the_file_and_texts_in_the_language_of_the_run(small):
    assert problems(small) == ""
    # o10 holds a line break in its note, so o11 stands one line further down than its row
    assert minipack.change(small, "observations", O11, unit="ppm") == 13
    assert found(small) == {("observations", 13, "unit")}
    english = problems(small)
    use_language("zh")
    chinese = problems(small)
    assert "convert the figure" in english and "请" not in english
    assert "请换算为" in chinese and "convert" not in chinese


def test_a_part_year_of_an_undated_source_does_not_pass_as_a_year(small):
    minipack.change(small, "sources", BULLETIN, published="")
    part = {"use": "true", "indicator": "heavy_days", "statistic": "days with AQI > 200"}
    part |= {"unit": "d", "value": "9", "year": "2018"}
    more = {"obs_id": "p1", "locator": "a", "period": "2018-01..09"}
    line = minipack.append(small, "observations", O7, **part, **more)
    more = {"obs_id": "p2", "locator": "b", "period": "2018-08"}
    minipack.append(small, "observations", O7, **part, **more)
    assert found(small) == set()
    minipack.change(small, "observations", {"obs_id": "p1"}, period="annual")
    assert found(small) == {("observations", line, "period")}
    assert "no further than month 8" in problems(small)


def test_keys_are_unique_in_every_table(small):
    last = {"assumptions": minipack.append(small, "assumptions", SD, id="sd2", value="0.5")}
    assert ("assumptions", last["assumptions"], "indicator") in found(small), "set twice"
    for path in sorted(small.rglob("*.csv")):
        table = str(path.relative_to(small).with_suffix(""))
        if len(minipack.rows(small, table)):
            last[table] = minipack.append(small, table, {})
    wrong = {(table, line) for table, line, _ in found(small)}
    assert len(last) > 12 and set(last.items()) <= wrong


def test_circles_of_derivations_are_named(small):
    a = minipack.change(small, "observations", O2, derivation="o5 * 2")
    b = minipack.change(small, "observations", O5, derivation="o9 - 1")
    c = minipack.change(small, "observations", {"obs_id": "o9"}, derivation="o2 + 1")
    assert {("observations", line, "derivation") for line in (a, b, c)} <= found(small)
    assert "o2 -> o5 -> o9 -> o2" in problems(small)


def test_a_table_of_strangers_and_circles_is_read_in_good_time(small):
    records = [row for _, row in minipack.rows(small, "observations")]
    for n in range(0, 2000, 2):
        for one, other in ((n, n + 1), (n + 1, n)):
            more = {"obs_id": f"c{one}", "derivation": f"c{other} * 1", "use": "false"}
            more |= {"source_id": f"nowhere{one}", "status": f"odd{one}", "note_zh": "圈"}
            records.append(records[1] | more | {"locator": f"row {one}"})
    minipack.save(small, "observations", records)
    start = time.process_time()
    assert {"source_id", "status", "derivation"} <= {column for _, _, column in found(small)}
    # a few seconds; only work that grows with the square of the rows needs more
    assert time.process_time() - start < 60


def test_each_table_missing_empty_or_a_folder(small):
    paths = sorted(small.rglob("*.csv"))
    tables = {str(path.relative_to(small).with_suffix("")) for path in paths}
    for path in paths:
        path.unlink()
    assert found(small) == {(table, 1, "(file)") for table in tables}
    assert problems(small).count("is missing") == len(tables)
    for path in paths:
        path.touch()
    assert found(small) == {(table, 1, "(header)") for table in tables}
    for path in paths:
        path.unlink()
        path.mkdir()
    assert found(small) == {(table, 1, "(file)") for table in tables}
    assert problems(small).count("is a folder") == len(tables)


@pytest.mark.parametrize("column", ["obs_id", "scope", "value", "note_zh"])
def test_each_missing_column_is_named(small, column):
    minipack.change(small, "indicators", {"indicator": "heavy_days"}, plan_row="")
    records = [row for _, row in minipack.rows(small, "observations")]
    records = [{k: v for k, v in row.items() if k != column} for row in records]
    minipack.save(small, "observations", records)
    # and Table 2 has no second row
    assert {("observations", 1, column), ("indicators", 1, "plan_row")} <= found(small)
    assert "could not be applied" not in problems(small)


def test_headers_that_are_not_right(small):
    def header(change):
        path = small / "observations.csv"
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        path.write_text(change(first) + "\n" + rest, encoding="utf-8", newline="\n")

    header(lambda line: line.replace("value", "valeu"))
    assert {("observations", 1, "value"), ("observations", 1, "valeu")} <= found(small)
    assert "near: value" in problems(small)
    header(lambda line: line.replace("valeu", "unit"))
    assert ("observations", 1, "unit") in found(small) and "twice" in problems(small)
    header(lambda line: line.replace(",", ";"))
    assert ("observations", 1, "(header)") in found(small) and "commas" in problems(small)
    header(lambda line: "o0" + ",1" * 19)
    assert "first line is not the header" in problems(small)
    header(lambda line: line + ",c" * 5000)
    assert ("observations", 1, "(header)") in found(small)


def raw(folder, change, table="observations"):
    path = folder / f"{table}.csv"
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_named_and_read_on(small, encoding):
    minipack.change(small, "observations", O11, unit="ppm")
    raw(small, lambda data: data.decode().encode(encoding))
    assert found(small) == {("observations", 1, "(file)"), ("observations", 13, "unit")}
    name = encoding.upper()[:6]
    assert f"it seems to be {name}" in problems(small)
    with pytest.raises(xc.InputError, match=name):
        xc.load("observations", data=small)


def test_a_damaged_byte_names_its_line_and_cell(small):
    raw(small, lambda data: data.replace("一致，\n".encode(), "一致".encode() + b"\xff\n"))
    assert {("observations", 11, "(file)"), ("observations", 11, "note_zh")} == found(small)


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
        (b"\0" * 1000, "header"),
    ],
)
def test_files_that_are_something_else(small, data, kind):
    (small / "sources.csv").write_bytes(data)
    assert kind in problems(small)
    with pytest.raises(xc.InputError, match=r"sources\.csv"):
        xc.load("sources", data=small)


def test_ragged_rows_and_broken_quotes_cost_their_own_line_only(small):
    path = small / "observations.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[3] = lines[3] + ",extra"  # o3
    lines[8] = lines[8].replace("plan,表2", 'plan,"表2')  # o8: a quote that never closes
    lines[4] = lines[4].replace("district,,plan", "district,plan")  # o4: a cell too few
    lines[12] = lines[12].replace("30.5,,,%", "30.5,,,ppm")  # o11, behind them all
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = {("observations", line, "(row)") for line in (4, 5, 9)}
    assert found(small) == rows | {("observations", 13, "unit")}
    assert "quotation" in problems(small)


def test_marks_empty_lines_line_ends_and_absurd_sizes(small):
    raw(small, lambda data: b"\xef\xbb\xbf" + data.replace(b"\no2,", b"\n\n\no2,"))
    assert found(small) == {("observations", 1, "(file)"), ("observations", 3, "(row)")}
    assert "byte order mark" in problems(small) and "row is empty" in problems(small)
    raw(small, lambda data: data[3:].replace(b"\n\n\n", b"\n").replace(b"\n", b"\r"))
    assert "CR" in problems(small)
    raw(small, lambda data: data.replace(b"\r", b"\r\n"))
    assert problems(small) == ""
    raw(small, lambda data: data + b"x" * 200_000 + b"\n")
    assert found(small) == {("observations", 15, "(row)")}
    with open(small / "sources.csv", "wb") as file:
        file.truncate(200_000_000)
    assert ("sources", 1, "(file)") in found(small) and "200 MB" in problems(small)
    with pytest.raises(xc.InputError, match="200 MB"):
        xc.load("sources", data=small)


@pytest.mark.parametrize("put", ["9" * 90_000, "a." * 30_000])
def test_one_cell_does_not_hang_the_reader(small, put):
    for table, where, column in (
        ("observations", O1, "value"),
        ("observations", O1, "note_en"),
        ("observations", O2, "derivation"),
        ("sources", PLAN, "url"),
        ("publishers", {"publisher": "示例监测中心"}, "hosts"),
    ):
        minipack.change(small, table, where, **{column: put})
    start = time.process_time()
    assert len(found(small)) >= 5
    # a hundred times what it takes: only a pattern that runs away needs more
    assert time.process_time() - start < 30


def test_links_out_of_the_folder_and_unreadable_files(small, tmp_path):
    path, outside = small / "sources.csv", tmp_path / "outside.csv"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)
    assert "link that leads out" in problems(small)
    path.unlink()
    path.symlink_to("sources.csv")
    assert ("sources", 1, "(file)") in found(small)
    path.unlink()
    os.mkfifo(path)
    assert "regular file" in problems(small)


def test_strangers_in_the_folder(small):
    (small / "observation.csv").write_text("a\n")
    (small / "air" / "annual.xlsx").write_bytes(b"PK")
    (small / "README.md").write_text("fine")
    assert {("observation.csv", 1, "(file)"), ("air/annual.xlsx", 1, "(file)")} == found(small)
    assert "near: observations.csv" in problems(small)


@pytest.mark.parametrize("folder", ["nowhere", "file", "bad\0name"])
def test_a_folder_that_is_none(tmp_path, folder):
    (tmp_path / "file").write_text("")
    frame = xc.check(str(tmp_path / folder))
    assert len(frame) == 1 and frame["column"][0] == "(file)"
    text = format_offence(frame.iloc[0])
    assert text.startswith(f"{tmp_path / folder}:1: (file): data folder ")


def test_an_offence_is_one_line_of_four_parts(small):
    line = minipack.change(small, "observations", O1, note_zh="=1\n+1")
    row = next(xc.check(small).itertuples())
    text = format_offence(row, data="data")
    assert text.startswith(f"data/observations.csv:{line}: note_zh: ") and "\n" not in text
    assert len(text.split(": ")) == 4
    assert format_offence(xc.check(small).iloc[0]) == text.removeprefix("data/")


def test_a_rule_that_fails_hides_nothing(small, monkeypatch):
    def fails(pack):
        raise RuntimeError("out of order")

    monkeypatch.setattr(checks, "RULES", (fails, *checks.RULES))
    minipack.change(small, "observations", O1, unit="ppm")
    text = problems(small)
    assert "rule fails could not be applied (RuntimeError: out of order)" in text
    assert "convert the figure" in text


def test_check_survives_any_change_of_any_byte(small):
    """Change, drop and double bytes of every table at fixed random places; nothing raises."""
    chance = random.Random(20220219)
    clean = {path: path.read_bytes() for path in sorted(small.rglob("*.csv"))}
    for _ in range(12):
        for path, content in clean.items():
            data = bytearray(content[:6000])
            for _ in range(chance.randint(1, 6)):
                at, kind = chance.randrange(len(data)), chance.randrange(4)
                if kind == 0:
                    data[at] = chance.randrange(256)
                elif kind == 1:
                    del data[at]
                elif kind == 2:
                    data[at:at] = chance.choice([b",", b'"', b"\n", b"=", b"\0", b"-", b"1e9"])
                else:
                    data[at:at] = bytes(data[at : at + 30])
            path.write_bytes(data)
        frame = xc.check(small)
        failed = frame["problem"].str.contains("could not be applied")
        assert len(frame) and not failed.any(), frame[failed].to_string()
