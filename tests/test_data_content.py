"""The committed tables: every figure accounted for, recomputed and held against known truths."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
EVIDENCE = "added_2026-11 air_annual city_history_2000_2009 districts_pm25 green_carbon_annual"
EVIDENCE = (*EVIDENCE.split(), "monthly", "partial_year", "water_noise_annual")
TABLES = "indicators observations sources targets standards left_out statements projects".split()
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
KEY = ("scope", "indicator", "year", "period")


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(name):
    return rows(DATA / f"{name}.csv")


def cells(row, *columns):
    return tuple(row[column] for column in columns)


OBSERVATIONS = table("observations")
INDICATORS = {row["indicator"]: row for row in table("indicators")}
LEFT_OUT = table("left_out")
BY_ID = {row["obs_id"]: row for row in OBSERVATIONS}


def used(indicator, year, *, scope="西城区", period="annual", statistic=None):
    """Return the one row that the published series takes."""
    statistic = statistic or INDICATORS[indicator]["statistic"]
    wanted = (scope, indicator, str(year), period, statistic, "true")
    (row,) = [row for row in OBSERVATIONS if cells(row, *KEY, "statistic", "use") == wanted]
    return row


@pytest.mark.parametrize("name", [*TABLES, "publications"])
def test_every_text_stands_in_both_languages(name):
    for line, row in enumerate(table(name), 2):
        for column, text in row.items():
            twin = row.get(f"{column[:-3]}_zh", text)
            if column.endswith("_en") and column != "printed_en":
                assert not CHINESE.search(text) and bool(twin) == bool(text), (line, column)
            if column.endswith("_zh"):
                # names and codes may be Latin, sentences may not
                assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text), (line, column)


def evidence_lines(folder, name):
    """Line number in the file to row; no evidence file has a record over several lines."""
    return dict(enumerate(rows(folder / "evidence" / f"{name}.csv"), start=2))


@pytest.mark.parametrize("name", EVIDENCE)
def test_every_evidence_line_is_used_or_left_out(shared, name):
    lines, file = evidence_lines(shared, name), f"{name}.csv"
    tokens = {token for row in OBSERVATIONS for token in row["evidence"].split(";")}
    taken = {token for token in tokens if token.startswith(f"{file}:")}
    left = {f"{file}:{r['line']}": r for r in LEFT_OUT if r["evidence_file"] == file}
    assert taken | set(left) == {f"{file}:{line}" for line in lines} and not taken & set(left)
    for row in left.values():
        line = lines[int(row["line"])]
        assert cells(row, "value", "indicator") == cells(line, "value", "indicator")


def figure(line):
    """Return the figure of an evidence row in the unit of the register."""
    if not re.fullmatch(r"-?[0-9.]+", line["value"]):
        return None
    # the yearbook prints mg/m3, CO stays in mg/m3
    factor = 1000 if line.get("unit") == "mg/m3" and line["indicator"] != "co" else 1
    return float(line["value"]) * factor


def test_values_equal_the_evidence(shared):
    lines = {name: evidence_lines(shared, name) for name in EVIDENCE if name != "added_2026-11"}
    pairs = [(row, t) for row in OBSERVATIONS for t in filter(None, row["evidence"].split(";"))]
    checked = Counter()
    for row, token in pairs:
        name, number = token.split(".csv:")
        if name == "added_2026-11":
            continue
        line = lines[name][int(number)]
        value, year = figure(line), line.get("year") or line.get("period") or row["year"]
        assert row["year"] in (year[:4], year[-4:]), token
        if row["status"] == "printed":
            own = value is not None and abs(value - float(row["value"])) < 1e-9
            # figures that a source prints beside the row's own one stand in its note
            assert own or row["value"].lstrip("-") in line.get("note", ""), token
        elif row["status"] == "derived":
            unit = 1 if line["value"].endswith(".0") or "." not in line["value"] else 0.1
            low, high = float(row["lower"]) - unit / 2, float(row["upper"]) + unit / 2
            assert low <= value <= high, token
        else:
            ends = {float(cell) for cell in cells(row, "lower", "upper") if cell}
            printed = {float(x) for x in re.findall(r"[0-9.]+", line["value"])}
            assert printed and {abs(x) for x in ends} >= printed or value in ends, token
        checked[row["status"]] += 1
    assert checked["printed"] > 900 and checked["derived"] > 150 and checked["bound"] > 10


def test_derivations_stay_within_their_area_and_notes_name_rows_that_exist():
    for row in OBSERVATIONS:
        for name in re.findall(r"o\d{4}", row["derivation"]):
            assert BY_ID[name]["scope"] == row["scope"]
        chinese, english = (
            set(re.findall(r"(?<![0-9A-Za-z])o\d{4}(?!\d)", row[c])) for c in ("note_zh", "note_en")
        )
        assert chinese == english <= set(BY_ID), row["obs_id"]


def test_a_source_without_a_link_says_how_it_was_read():
    sources = {row["source_id"]: row for row in table("sources")}
    for name in {row["source_id"] for row in OBSERVATIONS} | {"cnemc-daily"}:
        source = sources[name]
        assert source["url"] or (source["via_zh"] and source["via_en"]), name


#: indicators of a scope: year or period = figure; a bound is `lower..upper`
KNOWN = """
西城区: pm25 2014=88.4 2015=83.0 2020=40 2021=34 2022=26..33 2023=28..38 2024=30.5..33.9
西城区: pm25 2025=25.7.. 2021-04=33..35 2023-01..05=43, so2 2020=..10, pm10 2021-01..10=55
西城区: good_day_ratio 2020=73.2, heavy_day_ratio 2020=2.7, heavy_days 2015=53 2020=10
西城区: o3_8h_mean 2020-01..09=111, o3_8h_p90 2020-01..10=181.0, co2_total 2019=685
西城区: water_function_zone_rate 2020=100, section_compliance_rate 2020=100
西城区: river_lake_good_share 2015=40 2020=75, land_safe_use_rate 2020=90..
西城区: area_noise 2020=53.8, traffic_noise 2020=69.6, noise_compliance_rate 2020-09=66.6
西城区: park_500m_coverage 2015=81.61 2017=95.03 2020=97.57, new_green_area 2016..2020=21.50
西城区: green_cover 2015=30.38 2020=31.80, road_dust_residue 2022-02=7.2
西城区: population 2020=110.4, gdp 2020=5061.06
核心区: oil_boilers_left 2022-11-03=20 2022-12-31=0
海淀区: pm25 2024=30.6
北京市: pm25 2015=80.6 2020=38 2025=27.0, heavy_days 2025=1, good_day_ratio 2025=85.2
北京市: o3_8h_p90 2025=159, traffic_noise 2014=69.1, river_length_good_share 2020=63.8
"""


@pytest.mark.parametrize("line", KNOWN.strip().split("\n"))
def test_the_figures_that_are_known(line):
    scope, _, indicators = line.partition(": ")
    for indicator, *figures in map(str.split, indicators.split(", ")):
        for when, told in (figure.split("=") for figure in figures):
            # a span of years stands at its last
            year, period = when.split("-")[0][-4:], "annual" if len(when) == 4 else when
            row = used(indicator, year, scope=scope, period=period)
            lower, bound, upper = told.partition("..")
            assert (row["status"] == "bound") == bool(bound)
            if bound:
                assert cells(row, "value", "lower", "upper") == ("", lower, upper)
            else:
                assert row["value"] == told


@pytest.mark.parametrize(
    ("scope", "indicator", "year", "period", "taken", "other"),
    [
        ("北京市", "heavy_days", "2017", "annual", "23", "24"),
        ("北京市", "heavy_days", "2014", "annual", "47", "45"),
        ("北京市", "pm25", "2023", "annual", "32", "32.52"),
        ("北京市", "pm25", "2018", "2018-01..06", "56", "53.0"),
        ("西城区", "gdp", "2019", "annual", "4500", "5007.3"),
        ("西城区", "gdp", "2021", "annual", "5408.1", "5300"),
    ],
)
def test_conflicts_are_kept_and_told(scope, indicator, year, period, taken, other):
    key = (scope, indicator, year, period, other)
    row = used(indicator, year, scope=scope, period=period)
    (rival,) = [r for r in OBSERVATIONS if cells(r, *KEY, "value") == key]
    assert (row["value"], rival["use"]) == (taken, "false")
    for note in ("note_zh", "note_en"):
        assert row["obs_id"] in rival[note] and rival["obs_id"] in row[note]


def test_what_must_not_be_joined_has_another_basis():
    rate, whole = "section_compliance_rate", "share of residential area, whole district"
    autumn = used(rate, 2021, period="2021-10")
    assert used(rate, 2020)["basis"] != autumn["basis"]
    september = used("class3_share", 2020, period="2020-09")
    assert used("river_lake_good_share", 2020)["basis"] != september["basis"]
    assert used("park_500m_coverage", 2020)["basis"] == "outside-historic"
    for year, value in ((2020, "97.57"), (2022, "97.73")):
        row = used("park_500m_coverage", year, statistic=whole)
        assert cells(row, "basis", "value") == ("district-wide", value)
    # 97.73 is not in the series that the 100 % target is held against
    parks = [r for r in OBSERVATIONS if r["indicator"] == "park_500m_coverage"]
    assert {r["statistic"] for r in parks if r["value"] == "97.73"} == {whole}
    gdp = {r["value"]: r["basis"] for r in OBSERVATIONS if r["indicator"] == "gdp"}
    assert gdp["4500"] != gdp["5007.3"] == gdp["5061.06"]


@pytest.fixture(scope="module")
def plan(shared):
    return (shared / "plan.txt").read_text("utf-8")


def table_lines(plan, title, columns):
    """Return the rows of one of the plan's tables, told by the number that each begins with."""
    after = plan[plan.index(title) :].splitlines()
    lines = [line.split("\t") for line in after if re.match(r"\d+\t", line)]
    run = next((i for i, line in enumerate(lines) if line[0] != str(i + 1)), len(lines))
    return [line for line in lines[:run] if len(line) == columns]


def numbers(*texts):
    return {found for text in texts for found in NUMBER.findall(text)}


def test_table_2_stands_in_the_plans_words(plan):
    printed = table_lines(plan, "表 2：", 6)
    ours = sorted((r for r in table("targets") if r["plan_row"]), key=lambda r: int(r["plan_row"]))
    assert len(printed) == len(ours) == 14
    kinds = {"达到市级要求": "delegated", "基本消除": "qualitative"}
    category = ""
    for (number, heading, named, base, target, binding), row in zip(printed, ours, strict=True):
        category = heading or category
        entry = INDICATORS[row["indicator"]]
        wanted = ("西城区", number, binding, base, target, "2020", "2025")
        columns = "scope plan_row binding base_printed target_printed base_year target_year"
        assert cells(row, *columns.split()) == wanted
        assert cells(entry, "plan_row", "plan_category_zh") == (number, category)
        assert f"{entry['plan_name_zh']}（{entry['plan_unit_zh']}）" == named
        assert row["kind"] == kinds.get(target, "level")
        assert NUMBER.findall(target) == [row["value"]] * (row["kind"] == "level")
        assert row["comparator"].startswith(target[0]) == (target[0] in "<>")


def test_table_3_row_by_row(plan):
    ours = [r for r in table("projects") if r["table_row"]]
    printed = [
        (number, title, "project", NUMBER.findall(due)[0], lead.replace("、", "；"))
        for number, _, title, _, due, lead in table_lines(plan, "表 3：", 6)
    ]
    columns = ("table_row", "title_zh", "kind", "due_year", "lead_zh")
    assert [cells(row, *columns) for row in ours] == printed and len(printed) == 9
    fields = {"air": 3, "water": 2, "capacity": 3, "low_carbon": 1}
    assert Counter(r["domain"] for r in ours) == fields


def between(plan, first, last):
    text = plan[plan.index(f"{first}\n\n") :]
    return text[: text.index(f"{last}\n")]


def test_every_number_of_the_plans_text_is_a_statement_or_a_commitment(plan):
    text = between(plan, "第一章 迈向生态环境保护新阶段", "第二章 指导思想与规划目标")
    known = numbers(*(f"{r['printed']} {r['value']}" for r in table("statements")))
    assert numbers(text) <= known | {str(year) for year in range(2013, 2036)}
    text = between(plan, "第三章 建设绿色低碳发展首善之区", "第七章 规划重点项目")
    # a hotline and a technology, not figures
    text = text.replace("12345", "").replace("5G", "")
    columns = ("quantity", "title_zh", "content_zh", "due_year", "note_zh")
    assert numbers(text) <= numbers(*(row[c] for row in table("projects") for c in columns))


def test_printed_figures_stand_in_the_plan(plan):
    for row in table("statements"):
        for number in NUMBER.findall(row["printed"]) if row["claim"] != "wording" else ():
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", plan), row["statement_id"]
    told = re.sub(r"\s", "", plan)
    words = {"so2": "10微克", "pm10": "国家二级标准", "no2": "国家二级标准"}
    words["road_dust_load_rank"] = "道路尘负荷监测排名全市第一"
    found = [r for r in OBSERVATIONS if r["source_id"] == "plan" and r["status"] != "derived"]
    assert len(found) > 45
    for row in found:
        for number in filter(None, cells(row, "value", "lower", "upper")):
            assert words.get(row["indicator"], number.lstrip("-")) in told, row["obs_id"]


def test_dated_and_undated_are_told_apart():
    projects = {r["project_id"]: r for r in table("projects")}
    for name, row in projects.items():
        assert (row["timing"] == "dated") == bool(row["due_year"]), name
        for one, other in (("baseline", "baseline_obs"), ("outturn", "outturn_obs")):
            assert bool(row[one]) == bool(row[other]), name
        assert bool(row["quantity"]) == bool(row["unit_zh"]), name
    assert {r["due_year"] for r in projects.values()} == {"", "2022", "2025", "2035"}
    # no year stands in their sentence; thresholds are no quantities
    assert not projects["c3_1_01"]["due_year"] and not projects["c3_1_02"]["due_year"]
    assert not projects["c4_1_2_02"]["quantity"] and not projects["c5_1_01"]["quantity"]


def test_project_and_statement_figures_are_the_observations():
    bounds = {"": "value", ">=": "lower", "<=": "upper"}
    for row in table("projects"):
        for part in ("baseline", "outturn"):
            if row[f"{part}_obs"]:
                obs = BY_ID[row[f"{part}_obs"]]
                figure = obs[bounds[row[f"{part}_bound"]]]
                given = float(row[part]), row[f"{part}_year"]
                assert given == (float(figure), obs["year"]), row["project_id"]
    for row in table("statements"):
        if row["obs_id"]:
            obs = BY_ID[row["obs_id"]]
            figures = {abs(float(cell)) for cell in cells(obs, "value", "lower", "upper") if cell}
            assert float(row["value"]) in figures, row["statement_id"]
            assert obs["source_id"] == "plan", row["statement_id"]


def test_the_view_to_2035_is_in_words(plan):
    view = [r for r in table("targets") if r["plan"] == "2035" and r["scope"] == "西城区"]
    assert len(view) == 4
    for row in view:
        assert cells(row, "target_year", "kind", "value") == ("2035", "qualitative", "")
        assert row["note_zh"].split("；")[0].split("，")[0] in plan.replace("\n", "")


def test_targets_are_printed_where_they_are_rows_of_table_2():
    for row in table("targets"):
        assert bool(row["base_printed"]) == bool(row["target_printed"]) == bool(row["plan_row"])
        assert not (row["kind"] in ("level", "change") and row["reading"])
