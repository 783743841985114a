"""`check`: every way to break a pack is named by table, line and column, and nothing else is."""

import os
import shutil

import minipack
import pytest

import xc_analysis as xc
from xc_analysis.tables import format_offence


@pytest.fixture
def pack(tmp_path):
    return minipack.write(tmp_path / "pack")


def found(pack):
    return {(row.table, row.line, row.column) for row in xc.check(pack).itertuples()}


def problems(pack):
    return " | ".join(format_offence(row) for row in xc.check(pack).itertuples())


def test_committed_tables_are_clean():
    frame = xc.check()
    assert frame.empty, "\n".join(format_offence(row) for row in frame.itertuples())
    assert list(frame) == ["table", "line", "column", "value", "problem", "remedy"]


def test_the_small_pack_is_clean(pack):
    assert problems(pack) == ""


O1, O2, O3, O5, O6, O7 = ({"obs_id": name} for name in ("o1", "o2", "o3", "o5", "o6", "o7"))
T1, T2 = {"target_id": "t1"}, {"target_id": "t2"}
PM25, COVER = {"indicator": "pm25"}, {"indicator": "green_cover"}
FIT, PHI, READ = {"id": "fit_pm25"}, {"id": "phi"}, {"id": "read_pm25"}
PLAN, BULLETIN = {"source_id": "plan"}, {"source_id": "bulletin"}
DAY = {"date": "2019-03-05"}

# table, row, change, column that must be named, words that must be said;
# first cells that are not what their column holds, or hold what no cell may
CELLS = [
    ("observations", O1, {"value": "1e308"}, "value", "exponent"),
    ("observations", O1, {"value": "NaN"}, "value", "empty"),
    ("observations", O1, {"value": "nan"}, "value", "empty"),
    ("observations", O1, {"value": "#N/A"}, "value", "empty"),
    ("observations", O1, {"value": "inf"}, "value", "finite"),
    ("observations", O1, {"value": "-Infinity"}, "value", "finite"),
    ("observations", O1, {"value": "9" * 309}, "value", "too many digits"),
    ("observations", O1, {"value": "1,040"}, "value", "digits only"),
    ("observations", O1, {"value": "４０"}, "value", "digits only"),
    ("observations", O1, {"value": "40 µg/m³"}, "value", "digits only"),
    ("observations", O1, {"value": ">40"}, "value", "digits only"),
    ("observations", O1, {"value": "—"}, "value", "digits only"),
    ("observations", O1, {"value": " 40"}, "value", "blanks"),
    ("observations", O1, {"value": "0x28"}, "value", "digits only"),
    ("observations", O1, {"value": "4_0"}, "value", "digits only"),
    ("observations", O1, {"value": "+40"}, "value", "digits only"),
    ("observations", O1, {"year": "2020.0"}, "year", "decimals"),
    ("observations", O1, {"year": ""}, "year", "empty"),
    ("observations", O1, {"year": "20200"}, "year", "above"),
    ("observations", O1, {"year": "1020"}, "year", "below"),
    ("observations", O1, {"use": "TRUE"}, "use", "true"),
    ("observations", O1, {"use": "1"}, "use", "true"),
    ("observations", O1, {"use": ""}, "use", "empty"),
    ("observations", O1, {"status": "Printed"}, "status", "printed"),
    ("observations", O1, {"status": ""}, "status", "empty"),
    ("observations", O1, {"release": "secret"}, "release", "public"),
    ("observations", O7, {"period": "2020-13"}, "period", "2020-09"),
    ("observations", O7, {"period": "2020-09..01"}, "period", "ends before"),
    ("observations", O7, {"period": "2020-02-30"}, "period", "calendar"),
    ("observations", O1, {"scope": ""}, "scope", "empty"),
    ("observations", O1, {"scope": "110102"}, "scope", "words"),
    ("observations", O1, {"basis": ""}, "basis", "empty"),
    ("observations", O1, {"statistic": ""}, "statistic", "empty"),
    ("observations", O1, {"obs_id": "o 1"}, "obs_id", "letters"),
    ("sources", PLAN, {"published": "2022-02-30"}, "published", "calendar"),
    ("sources", PLAN, {"published": "22/2/2022"}, "published", "YYYY"),
    ("sources", PLAN, {"reliability": "D"}, "reliability", "A, B, C"),
    ("sources", PLAN, {"title": ""}, "title", "empty"),
    ("targets", T2, {"kind": "levels"}, "kind", "level"),
    ("targets", T2, {"comparator": "=>"}, "comparator", ">="),
    ("targets", T2, {"comparator": "≥"}, "comparator", ">="),
    ("assumptions", FIT, {"method": "magic"}, "method", "blend"),
    ("assumptions", FIT, {"quality": "X"}, "quality", "R, A, G"),
    ("assumptions", PHI, {"parameter": "phy"}, "parameter", "phi"),
    ("assumptions", FIT, {"source": "both"}, "source", "station"),
    ("indicators", COVER, {"scale": "logistic"}, "scale", "logit"),
    ("indicators", COVER, {"better": "up"}, "better", "higher"),
    ("indicators", COVER, {"decimals": "99"}, "decimals", "above"),
    ("air/annual", PM25, {"completeness": "full"}, "completeness", "strict"),
    ("air/annual", PM25, {"capture": "1.2"}, "capture", "above"),
    ("air/daily", DAY, {"pm25": "-3"}, "pm25", "below"),
    ("air/daily", DAY, {"aqi": "5000"}, "aqi", "above"),
    ("air/daily", DAY, {"date": "2019-02-29"}, "date", "calendar"),
    ("air/hour_profile", {"hour": "1"}, {"hour": "25"}, "hour", "above"),
    ("air/monthly", {"month": "3"}, {"month": "13"}, "month", "above"),
    ("standards", {"pollutant": "pm25"}, {"valid_from": "soon"}, "valid_from", "YYYY"),
    ("observations", O1, {"note": "=HYPERLINK(1)"}, "note", "formula"),
    ("observations", O1, {"note": "@SUM(A1)"}, "note", "formula"),
    ("observations", O1, {"note": "+cmd|calc"}, "note", "formula"),
    ("observations", O1, {"note": "-2+3"}, "note", "formula"),
    ("observations", O1, {"note": "见 http://evil.example/x"}, "note", "address"),
    ("observations", O1, {"note": "a\x00b"}, "note", "invisible"),
    ("observations", O1, {"note": "a\u202eb"}, "note", "invisible"),
    ("observations", O1, {"note": "a\u200bb"}, "note", "invisible"),
    ("observations", O1, {"note": "坏\ufffd字"}, "note", "destroyed"),
    ("observations", O1, {"note": "x" * 5000}, "note", "characters"),
    ("observations", O1, {"locator": "None"}, "locator", "spelled out"),
    ("indicators", COVER, {"name_zh": " 绿化"}, "name_zh", "blanks"),
]

# what only shows between cells, rows and tables
RELATIONS = [
    ("observations", O1, {"source_id": ""}, "source_id", "empty"),
    ("observations", O1, {"locator": ""}, "locator", "empty"),
    ("observations", O1, {"source_id": "plam"}, "source_id", "near: plan"),
    ("observations", O1, {"indicator": "pm2_5"}, "indicator", "indicators.csv"),
    ("targets", T2, {"source_id": "nowhere"}, "source_id", "sources.csv"),
    ("targets", T2, {"locator": ""}, "locator", "empty"),
    ("sources", PLAN, {"publisher": "某报"}, "publisher", "publishers.csv"),
    ("projects", {"project_id": "p2"}, {"baseline_obs": "o99"}, "baseline_obs", "observations.csv"),
    ("statements", {"statement_id": "s1"}, {"obs_id": "o99"}, "obs_id", "observations.csv"),
    # links
    ("sources", PLAN, {"url": "https://mirror.example.com/plan"}, "url", "does not belong"),
    ("sources", PLAN, {"url": "https://www.example.gov.cn.evil.com/"}, "url", "does not belong"),
    ("sources", PLAN, {"url": "https://www.example.gov.cn@evil.com/"}, "url", "user"),
    ("sources", PLAN, {"url": "https://www.example.gov.cn:8443/"}, "url", "port"),
    ("sources", PLAN, {"url": "https://[bad/"}, "url", "odd"),
    ("sources", PLAN, {"url": "javascript:alert(1)"}, "url", "http"),
    ("sources", PLAN, {"url": "ftp://www.example.gov.cn/"}, "url", "http"),
    ("sources", BULLETIN, {"url": "https://www.example.gov.cn/"}, "url", "does not belong"),
    ("publishers", {"publisher": "示例监测中心"}, {"hosts": "http://x.cn/"}, "hosts", "host names"),
    # units and bounds
    ("observations", O1, {"unit": "mg/m³"}, "unit", "µg/m³"),
    ("observations", O1, {"unit": ""}, "unit", "empty"),
    ("targets", T2, {"unit": "pp"}, "unit", "%"),
    ("air/annual", PM25, {"unit": "mg/m³"}, "unit", "µg/m³"),
    ("observations", {"obs_id": "o11"}, {"value": "130.5"}, "value", "ceiling"),
    ("observations", {"obs_id": "o11"}, {"value": "-1"}, "value", "floor"),
    ("targets", T2, {"value": "3185"}, "value", "ceiling"),
    # how a figure came to be
    ("observations", O1, {"value": ""}, "value", "needs its value"),
    ("observations", O1, {"derivation": "o3 - 1"}, "derivation", "printed"),
    ("observations", O6, {"value": "30"}, "value", "a bound has no value"),
    ("observations", O6, {"upper": ""}, "lower", "needs a limit"),
    ("observations", O6, {"derivation": ""}, "derivation", "how it was reached"),
    ("observations", O6, {"upper": "13"}, "derivation", "neither lower nor upper"),
    ("observations", O2, {"derivation": ""}, "derivation", "how it was reached"),
    ("observations", O2, {"lower": "", "upper": ""}, "lower", "range"),
    ("observations", O2, {"value": "84.0"}, "value", "gives 82.98"),
    ("observations", O2, {"lower": "80.1"}, "lower", "rounding allows"),
    ("observations", O2, {"upper": "90.0"}, "upper", "rounding allows"),
    ("observations", O5, {"lower": "30.90", "upper": "30.10"}, "lower", "above upper"),
    ("observations", O5, {"upper": "30.375"}, "value", "outside its own range"),
    ("observations", O2, {"status": "estimated", "lower": ""}, "lower", "interval"),
    ("observations", O1, {"status": "derived"}, "derivation", "how it was reached"),
    ("observations", O2, {"derivation": "o1 / (1 - 0.518"}, "derivation", "`)`"),
    ("observations", O2, {"derivation": "o1 / 0"}, "derivation", "zero"),
    ("observations", O2, {"derivation": "o1 / (o1 - o1)"}, "derivation", "zero"),
    ("observations", O2, {"derivation": "o77 / 2"}, "derivation", "o77"),
    ("observations", O2, {"derivation": "83.0"}, "derivation", "names no observation"),
    ("observations", O2, {"derivation": "o6 * 2"}, "derivation", "no value"),
    ("observations", O2, {"derivation": "o2 * 1"}, "derivation", "o2 -> o2"),
    ("observations", O2, {"derivation": "__import__('os')"}, "derivation", "cannot be read"),
    ("observations", O2, {"derivation": "o1 ** 9"}, "derivation", "expected"),
    ("observations", O2, {"derivation": "(" * 200 + "o1" + ")" * 200}, "derivation", "nested"),
    ("observations", O2, {"derivation": "o1 * 1e9"}, "derivation", "cannot be read"),
    # years and periods
    ("observations", O7, {"year": "2019"}, "year", "2020-01..09"),
    ("observations", O7, {"period": "annual", "locator": "x"}, "period", "before the year 2020"),
    ("observations", O7, {"period": "2021-01..09", "year": "2021"}, "period", "published"),
    ("observations", O2, {"derivation": "o7 / (1 - 0.566)"}, "derivation", "part-year"),
    ("observations", O6, {"year": "2090", "source_id": "archive-hourly"}, "year", "beyond every"),
    ("observations", {"obs_id": "o10"}, {"note": ""}, "note", "why it is not used"),
    ("observations", O2, {"status": "computed"}, "status", "air/"),
    ("observations", O1, {"scope": "示例"}, "scope", "write 示例区"),
    # targets
    ("targets", T2, {"comparator": "<="}, "comparator", "higher is better"),
    ("targets", T1, {"value": "35"}, "value", "delegated"),
    ("targets", T1, {"comparator": "<="}, "comparator", "delegated"),
    ("targets", {"target_id": "t3"}, {"value": "3"}, "value", "qualitative"),
    ("targets", T2, {"value": ""}, "value", "level"),
    ("targets", T2, {"comparator": ""}, "comparator", "level"),
    ("targets", T2, {"base_year": "2026"}, "base_year", "not before"),
    ("targets", T2, {"plan_row": "9"}, "plan_row", "another row"),
    ("targets", T1, {"reading": "phi"}, "reading", "not a reading"),
    ("targets", T1, {"reading": "read_x"}, "reading", "assumptions.csv"),
    # register
    ("indicators", COVER, {"ceiling": ""}, "ceiling", "logit"),
    ("indicators", PM25, {"floor": ""}, "floor", "log scale"),
    ("indicators", COVER, {"floor": "100"}, "floor", "not below"),
    ("indicators", COVER, {"prior_sd": "0"}, "prior_sd", "certainty"),
    ("indicators", COVER, {"better": ""}, "better", "direction"),
    ("indicators", PM25, {"statistic": "median"}, "statistic", "no used annual figure"),
    # assumptions
    ("assumptions", FIT, {"fit_from": "2021"}, "fit_from", "before it begins"),
    ("assumptions", FIT, {"fit_to": ""}, "fit_to", "sets a fit"),
    ("assumptions", FIT, {"indicator": "pm99"}, "indicator", "indicators.csv"),
    ("assumptions", FIT, {"decision": "accepted"}, "reviewer", "reviewer"),
    ("assumptions", FIT, {"plan": "示范规划"}, "plan", "near: 示例规划"),
    ("assumptions", FIT, {"scope": "他区"}, "scope", "none of"),
    ("assumptions", PHI, {"value": "1.85"}, "value", "at most 1"),
    ("assumptions", PHI, {"value": "high"}, "value", "number"),
    ("assumptions", PHI, {"value": ""}, "value", "no value"),
    ("assumptions", PHI, {"why": ""}, "why", "empty"),
    ("assumptions", READ, {"reading": "about 35"}, "reading", "<= 35"),
    ("assumptions", READ, {"value": "40"}, "value", "agree"),
    # statements, projects, standards
    ("statements", {"statement_id": "s1"}, {"recompute": ""}, "recompute", "independent"),
    ("statements", {"statement_id": "s1"}, {"tolerance": ""}, "tolerance", "independent"),
    ("statements", {"statement_id": "s1"}, {"recompute": "station.pm25"}, "recompute", "year"),
    ("statements", {"statement_id": "s1"}, {"recompute": "printed.s9"}, "recompute", "s9"),
    ("statements", {"statement_id": "s1"}, {"recompute": "city.pm25.2019"}, "recompute", "city"),
    ("statements", {"statement_id": "s1"}, {"recompute": "count.plan.x"}, "recompute", "column"),
    ("statements", {"statement_id": "s1"}, {"recompute": "os.system"}, "recompute", "os"),
    ("projects", {"project_id": "p1"}, {"table_row": ""}, "table_row", "row"),
    ("projects", {"project_id": "p1"}, {"due_year": ""}, "due_year", "dated"),
    ("standards", {"pollutant": "pm25"}, {"valid_to": "2012-01-01"}, "valid_to", "before"),
    # computed air
    ("air/annual", PM25, {"value": "44.4"}, "value", "daily.csv give"),
    ("air/annual", PM25, {"value": ""}, "value", "no value"),
    ("air/annual", PM25, {"days": "366"}, "days", "365"),
    ("air/annual", PM25, {"valid_days": "364"}, "valid_days", "365 valid days"),
    ("air/annual", PM25, {"valid_days": "366"}, "valid_days", "more valid days"),
    ("air/annual", PM25, {"capture": "0.9"}, "capture", "1.0000"),
    ("air/annual", PM25, {"completeness": "partial"}, "completeness", "write strict"),
    ("air/annual", PM25, {"lower": "99"}, "value", "outside its own range"),
    ("air/monthly", {"month": "3"}, {"value": "99"}, "value", "daily.csv give"),
    ("air/monthly", {"month": "2"}, {"days": "29"}, "days", "28"),
    ("air/daily", DAY, {"aqi": "30"}, "aqi", "concentrations give"),
    ("air/daily", DAY, {"primary": "dust"}, "primary", "pollutants"),
    ("air/daily", DAY, {"no2": "300"}, "no2", "stations report"),
]


def batches():
    """The broken cells in groups that share no cell: each is named whatever else is broken."""
    groups = []
    for case in CELLS:
        cell = (case[0], *case[1].values(), *case[2])
        group = next((g for g in groups if cell not in g), None)
        if group is None:
            groups.append(group := {})
        group[cell] = case
    return [list(group.values()) for group in groups]


def broken(pack, cases):
    """Apply the cases to the pack; (words to find, text of the offences at the cell) of each."""
    lines = [minipack.change(pack, table, where, **cells) for table, where, cells, *_ in cases]
    frame = xc.check(pack)
    frame["text"] = frame["problem"] + ": " + frame["remedy"]
    places = frame.groupby(["table", "line", "column"])["text"].agg(" | ".join).to_dict()
    assert not frame["problem"].str.contains("could not be applied").any()
    for line, (table, _, cells, column, words) in zip(lines, cases, strict=True):
        yield cells, words, places.get((table, line, column), "")


@pytest.mark.parametrize("cases", batches(), ids=lambda cases: f"{len(cases)}-cells")
def test_cells_that_no_column_holds(pack, cases):
    # a row is found again by its key, so the changes of keys come last
    cases = sorted(cases, key=lambda case: bool(case[1].keys() & case[2].keys()))
    missed = [
        (cells, words, text) for cells, words, text in broken(pack, cases) if words not in text
    ]
    assert not missed


@pytest.mark.parametrize(
    "case", RELATIONS, ids=[f"{t}-{'-'.join(c)}-{i}" for i, (t, _, c, *_) in enumerate(RELATIONS)]
)
def test_relations_that_do_not_hold(pack, case):
    [(cells, words, text)] = broken(pack, [case])
    assert words in text, problems(pack)


def test_breakages_do_not_hide_each_other(pack):
    wanted = set()
    for table, where, cells, column, _ in (
        ("observations", O1, {"unit": "ppm"}, "unit", ""),
        ("observations", O3, {"locator": ""}, "locator", ""),
        ("observations", O6, {"value": "30"}, "value", ""),
        ("observations", O7, {"year": "x"}, "year", ""),
        ("targets", T1, {"value": "35"}, "value", ""),
        ("sources", PLAN, {"url": "https://evil.com/"}, "url", ""),
        ("assumptions", PHI, {"value": "7"}, "value", ""),
        ("air/annual", PM25, {"value": "1"}, "value", ""),
    ):
        wanted.add((table, minipack.change(pack, table, where, **cells), column))
    (pack / "standards.csv").unlink()
    (pack / "left_out.csv").write_bytes(b"\xff\xfe" + "a,b\n".encode("utf-16-le"))
    wanted |= {("standards", 1, "(file)"), ("left_out", 1, "(file)")}
    assert wanted <= found(pack)


def test_lines_are_those_of_the_file_behind_a_quoted_newline(pack):
    # o10 holds a line break in its note, so o11 stands one line further down than its row
    text = (pack / "observations.csv").read_text(encoding="utf-8").split("\n")
    line = 1 + next(i for i, cells in enumerate(text) if cells.startswith("o11,"))
    assert minipack.change(pack, "observations", {"obs_id": "o11"}, unit="ppm") == line == 13
    assert found(pack) == {("observations", 13, "unit")}


def test_repeated_ids_keys_and_uses_name_every_row(pack):
    first = 2
    last = minipack.append(pack, "observations", O1)
    assert {("observations", line, "obs_id") for line in (first, last)} <= found(pack)
    assert {("observations", line, "use") for line in (first, last)} <= found(pack)
    key = "scope, indicator, statistic, year, period, source_id, locator"
    assert {("observations", line, key) for line in (first, last)} <= found(pack)


def test_a_part_year_of_an_undated_source_does_not_pass_as_a_year(pack):
    minipack.change(pack, "sources", BULLETIN, published="")
    used = {"use": "true", "indicator": "heavy_days", "statistic": "days with AQI > 200"}
    part = used | {"unit": "d", "value": "9", "locator": "第二段", "year": "2018"}
    line = minipack.append(pack, "observations", O7, obs_id="o12", **part, period="2018-01..09")
    minipack.append(
        pack, "observations", O7, obs_id="o13", **(part | {"locator": "x"}), period="2018-08"
    )
    assert found(pack) == set()
    minipack.change(pack, "observations", {"obs_id": "o12"}, period="annual")
    assert found(pack) == {("observations", line, "period")}
    assert "no further than month 8" in problems(pack)


def test_two_used_rows_of_one_series_and_period(pack):
    other = minipack.change(pack, "observations", {"obs_id": "o10"}, use="true")
    assert found(pack) == {("observations", 2, "use"), ("observations", other, "use")}


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("sources", PLAN),
        ("targets", T1),
        ("indicators", PM25),
        ("publishers", {"publisher": "示例监测中心"}),
        ("assumptions", PHI),
        ("statements", {"statement_id": "s1"}),
        ("projects", {"project_id": "p2"}),
        ("standards", {"pollutant": "pm25"}),
        ("left_out", {"line": "2"}),
        ("air/annual", PM25),
        ("air/daily", DAY),
        ("air/hour_profile", {"hour": "1"}),
    ],
)
def test_keys_are_unique_in_every_table(pack, table, where):
    last = minipack.append(pack, table, where)
    assert any(t == table and line == last for t, line, _ in found(pack)), problems(pack)


def test_assumptions_that_set_the_same_twice(pack):
    last = minipack.append(pack, "assumptions", PHI, id="phi2", value="0.5")
    assert ("assumptions", last, "indicator") in found(pack)


def test_circles_of_derivations_are_named(pack):
    a = minipack.change(pack, "observations", O2, derivation="o5 * 2")
    b = minipack.change(pack, "observations", O5, derivation="o9 - 1")
    c = minipack.change(pack, "observations", {"obs_id": "o9"}, derivation="o2 + 1")
    assert {("observations", line, "derivation") for line in (a, b, c)} <= found(pack)
    assert "o2 -> o5 -> o9 -> o2" in problems(pack)


def test_ten_thousand_derivations_in_a_chain_are_followed(pack):
    records = [row for _, row in minipack.rows(pack, "observations")]
    link = {"status": "derived", "value": "40", "lower": "40", "upper": "40", "use": "false"}
    for n in range(10_000):
        base = "o1" if n == 0 else f"c{n - 1}"
        records.append(
            records[0]
            | link
            | {
                "obs_id": f"c{n}",
                "locator": f"row {n}",
                "derivation": f"{base} / 1",
                "note": "chain",
            }
        )
    records[-1]["lower"] = records[-1]["upper"] = ""
    minipack.save(pack, "observations", records)
    lines = {line for _, line, _ in found(pack)}
    # only the last lacks its range; all the others recompute
    assert lines == {10_013}


def test_a_plan_row_without_indicator(pack):
    minipack.change(pack, "indicators", {"indicator": "heavy_days"}, plan_row="")
    assert ("indicators", 1, "plan_row") in found(pack)


def test_each_table_missing_empty_or_a_folder(pack):
    paths = sorted(pack.rglob("*.csv"))
    tables = {str(path.relative_to(pack).with_suffix("")) for path in paths}
    for path in paths:
        path.unlink()
    assert found(pack) == {(table, 1, "(file)") for table in tables}
    assert problems(pack).count("is missing") == len(tables)
    for path in paths:
        path.touch()
    assert found(pack) == {(table, 1, "(header)") for table in tables}
    for path in paths:
        path.unlink()
        path.mkdir()
    assert found(pack) == {(table, 1, "(file)") for table in tables}
    assert problems(pack).count("is a folder") == len(tables)


@pytest.mark.parametrize("column", ["obs_id", "scope", "value", "use", "note", "derivation"])
def test_each_missing_column_is_named(pack, column):
    records = [row for _, row in minipack.rows(pack, "observations")]
    minipack.save(
        pack, "observations", [{k: v for k, v in r.items() if k != column} for r in records]
    )
    assert ("observations", 1, column) in found(pack)
    assert "could not be applied" not in problems(pack)


def header(pack, change):
    path = pack / "observations.csv"
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    path.write_text(change(first) + "\n" + rest, encoding="utf-8", newline="\n")


def test_headers_that_are_not_right(pack):
    header(pack, lambda line: line.replace("value", "valeu"))
    assert {("observations", 1, "value"), ("observations", 1, "valeu")} <= found(pack)
    assert "near: value" in problems(pack)
    header(pack, lambda line: line.replace("valeu", "unit"))
    assert ("observations", 1, "unit") in found(pack)
    assert "twice" in problems(pack)
    header(pack, lambda line: line.replace(",", ";"))
    assert ("observations", 1, "(header)") in found(pack) and "commas" in problems(pack)
    header(pack, lambda line: "o0" + ",1" * 18)
    assert "first line is not the header" in problems(pack)


def raw(pack, change, table="observations"):
    path = pack / f"{table}.csv"
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("gbk", "GBK"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_other_encodings_are_named(pack, encoding, name):
    raw(pack, lambda data: data.decode().replace("³", "3").replace("µ", "u").encode(encoding))
    text = problems(pack)
    assert name in text and "xc import" in text
    assert any(table == "observations" and column == "(file)" for table, _, column in found(pack))
    with pytest.raises(xc.InputError, match=name.split("-")[0]):
        xc.load("observations", data=pack)


def test_big5_is_named(pack):
    raw(
        pack,
        lambda data: data.decode().replace("µg/m³", "ug").encode("big5", "replace"),
        "left_out",
    )
    assert "not UTF-8" in problems(pack)


def test_a_damaged_byte_names_its_line_and_cell(pack):
    raw(pack, lambda data: data.replace("一致，\n".encode(), "一致".encode() + b"\xff\n"))
    assert {("observations", 11, "(file)"), ("observations", 11, "note")} <= found(pack)


def test_byte_order_mark_and_line_ends(pack):
    raw(pack, lambda data: b"\xef\xbb\xbf" + data)
    assert found(pack) == {("observations", 1, "(file)")} and "byte order mark" in problems(pack)
    assert xc.load("observations", data=pack)["obs_id"].iloc[0] == "o1"
    raw(pack, lambda data: data[3:].replace(b"\n", b"\r"))
    assert "CR" in problems(pack)


def test_windows_line_ends_are_fine(pack):
    raw(pack, lambda data: data.replace(b"\n", b"\r\n"), "sources")
    assert problems(pack) == ""


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
        (b"\0" * 1000, "invisible|not UTF-8|header|encoding"),
    ],
)
def test_files_that_are_something_else(pack, data, kind):
    (pack / "sources.csv").write_bytes(data)
    text = problems(pack)
    assert any(word in text for word in kind.split("|"))
    with pytest.raises(xc.InputError, match=r"sources\.csv"):
        xc.load("sources", data=pack)


def test_ragged_rows_and_broken_quotes_cost_their_own_line_only(pack):
    path = pack / "observations.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[3] = lines[3] + ",extra"  # o3
    lines[8] = lines[8].replace("plan,表2", 'plan,"表2')  # o8: a quote that never closes
    lines[4] = lines[4].replace("district,,plan", "district,plan")  # o4: a cell too few
    lines[12] = lines[12].replace("30.5,,,%", "30.5,,,ppm")  # o11, behind them all
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = {("observations", line, "(row)") for line in (4, 5, 9)}
    assert found(pack) == rows | {("observations", 13, "unit")}
    assert "quotation" in problems(pack)


def test_empty_lines(pack):
    raw(pack, lambda data: data.replace(b"\no2,", b"\n\n\no2,") + b",,\n")
    assert {("observations", 3, "(row)")} <= found(pack)
    assert "row is empty" in problems(pack)


def test_absurd_sizes_are_refused_at_once(pack):
    raw(pack, lambda data: data + b"x" * 200_000 + b"\n")
    assert found(pack) == {("observations", 14, "(row)")}
    huge = pack / "sources.csv"
    with open(huge, "wb") as file:
        file.truncate(200_000_000)
    assert ("sources", 1, "(file)") in found(pack) and "200 MB" in problems(pack)
    with pytest.raises(xc.InputError, match="200 MB"):
        xc.load("sources", data=pack)


def test_a_wide_header_is_refused(pack):
    header(pack, lambda line: line + "".join(f",c{n}" for n in range(5000)))
    assert ("observations", 1, "(header)") in found(pack)


def test_links_out_of_the_folder_and_unreadable_files(pack, tmp_path):
    outside = tmp_path / "outside.csv"
    shutil.copy(pack / "sources.csv", outside)
    (pack / "sources.csv").unlink()
    (pack / "sources.csv").symlink_to(outside)
    assert ("sources", 1, "(file)") in found(pack) and "link" in problems(pack)
    (pack / "sources.csv").unlink()
    (pack / "sources.csv").symlink_to("sources.csv")
    assert ("sources", 1, "(file)") in found(pack)
    (pack / "sources.csv").unlink()
    os.mkfifo(pack / "sources.csv")
    assert "regular file" in problems(pack)


def test_strangers_in_the_folder(pack):
    (pack / "observation.csv").write_text("a\n")
    (pack / "air" / "annual.xlsx").write_bytes(b"PK")
    (pack / "README.md").write_text("fine")
    assert {("observation.csv", 1, "(file)"), ("air/annual.xlsx", 1, "(file)")} == found(pack)
    assert "near: observations.csv" in problems(pack)


@pytest.mark.parametrize("folder", ["nowhere", "file", "bad\0name", ""])
def test_a_folder_that_is_none(tmp_path, folder):
    (tmp_path / "file").write_text("")
    frame = xc.check(str(tmp_path / folder) if folder else os.devnull)
    assert len(frame) == 1 and frame["column"][0] == "(file)"


def test_an_offence_is_one_line_of_four_parts(pack):
    line = minipack.change(pack, "observations", O1, note="=1\n+1")
    row = next(xc.check(pack).itertuples())
    text = format_offence(row, data="data")
    assert text.startswith(f"data/observations.csv:{line}: note: ") and "\n" not in text
    assert len(text.split(": ")) == 4
    assert format_offence(xc.check(pack).iloc[0]) == text.removeprefix("data/")


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_folder_given_relatively_is_named_once(tmp_path, monkeypatch, capsys, kind):
    from xc_analysis import cli

    monkeypatch.chdir(tmp_path)
    if kind == "a file":
        (tmp_path / "rel").write_text("")
    assert cli.main(["check", "rel"]) == 1
    assert capsys.readouterr().out.startswith("rel:1: (file): data folder ")
    minipack.write(tmp_path / "pack")
    (tmp_path / "pack/sources.csv").unlink()
    assert cli.main(["check", "./pack"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (
        "pack/sources.csv:1: (file): is missing: restore it, or create it with the header line only"
        in lines
    )
    assert all(len(line.split(": ")) >= 4 and line.count("pack/") == 1 for line in lines)


def test_check_never_changes_the_pack(pack):
    before = {path: path.read_bytes() for path in pack.rglob("*.csv")}
    xc.check(pack)
    assert before == {path: path.read_bytes() for path in pack.rglob("*.csv")}
