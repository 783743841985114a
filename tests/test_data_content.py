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


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(name):
    return rows(DATA / f"{name}.csv")


OBSERVATIONS = table("observations")
SOURCES = {row["source_id"]: row for row in table("sources")}
INDICATORS = {row["indicator"]: row for row in table("indicators")}
LEFT_OUT = table("left_out")
BY_ID = {row["obs_id"]: row for row in OBSERVATIONS}


def used(indicator, year, *, scope="西城区", period="annual", statistic=None):
    """Return the one row that the published series takes."""
    wanted = (scope, indicator, str(year), period, statistic or INDICATORS[indicator]["statistic"])
    columns = ("scope", "indicator", "year", "period", "statistic")
    rows = [row for row in OBSERVATIONS if row["use"] == "true"]
    found = [row for row in rows if tuple(row[c] for c in columns) == wanted]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


@pytest.mark.parametrize("name", [*TABLES, "publications"])
def test_every_text_stands_in_both_languages(name):
    for line, row in enumerate(table(name), 2):
        for column in row:
            twin = column[:-3] + "_zh"
            if column.endswith("_en") and column != "printed_en":
                assert not CHINESE.search(row[column]), (line, column)
                assert twin not in row or bool(row[twin]) == bool(row[column]), (line, column)
            if column.endswith("_zh"):
                # names and codes may be Latin, sentences may not
                assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", row[column]), (line, column)


def test_numbers_keep_the_digits_that_were_printed():
    assert used("green_cover", 2020)["value"] == "31.80"
    assert used("new_green_area", 2020, period="2016..2020")["value"] == "21.50"
    for name in ("observations.csv", "targets.csv", "statements.csv", "projects.csv"):
        text = (DATA / name).read_bytes()
        assert b"\r" not in text and b",nan," not in text and text.endswith(b"\n")


def evidence_lines(folder, name):
    """Line number in the file to row; no evidence file has a record over several lines."""
    return dict(enumerate(rows(folder / "evidence" / f"{name}.csv"), start=2))


@pytest.mark.parametrize("name", EVIDENCE)
def test_every_evidence_line_is_used_or_left_out(shared, name):
    lines = evidence_lines(shared, name)
    tokens = {token for row in OBSERVATIONS for token in row["evidence"].split(";")}
    taken = {token for token in tokens if token.startswith(f"{name}.csv:")}
    left = {int(r["line"]): r for r in LEFT_OUT if r["evidence_file"] == f"{name}.csv"}
    dropped = {f"{name}.csv:{line}" for line in left}
    assert taken | dropped == {f"{name}.csv:{line}" for line in lines} and not taken & dropped
    for line, row in left.items():
        assert (row["value"], row["indicator"]) == (lines[line]["value"], lines[line]["indicator"])


def figure(line):
    """Return the figure of an evidence row in the unit of the register."""
    if not re.fullmatch(r"-?[0-9.]+", line["value"]):
        return None
    # the yearbook prints mg/m3, CO stays in mg/m3
    factor = 1000 if line.get("unit") == "mg/m3" and line["indicator"] != "co" else 1
    return float(line["value"]) * factor


def test_values_equal_the_evidence(shared):
    lines = {name: evidence_lines(shared, name) for name in EVIDENCE}
    checked = Counter()
    for row in OBSERVATIONS:
        for token in filter(None, row["evidence"].split(";")):
            name, number = token.split(".csv:")
            line = lines[name][int(number)]
            if name == "added_2026-11":
                continue
            value = figure(line)
            year = line.get("year") or line.get("period")
            if year:
                assert row["year"] in (str(year)[:4], str(year)[-4:]), token
            if row["status"] == "printed":
                own = value is not None and abs(value - float(row["value"])) < 1e-9
                # figures that a source prints beside the row's own one stand in its note
                assert own or row["value"].lstrip("-") in line.get("note", ""), token
            elif row["status"] == "derived":
                unit = 1 if line["value"].endswith(".0") or "." not in line["value"] else 0.1
                low, high = float(row["lower"]) - unit / 2, float(row["upper"]) + unit / 2
                assert low <= value <= high, token
            else:
                ends = {float(row[c]) for c in ("lower", "upper") if row[c]}
                printed = {float(x) for x in re.findall(r"[0-9.]+", line["value"])}
                assert printed and {abs(x) for x in ends} >= printed or value in ends, token
            checked[row["status"]] += 1
    assert checked["printed"] > 900 and checked["derived"] > 150 and checked["bound"] > 10


def test_a_derivation_stays_within_its_area():
    for row in OBSERVATIONS:
        for name in re.findall(r"o\d{4}", row["derivation"]):
            assert BY_ID[name]["scope"] == row["scope"]


def test_notes_name_rows_that_exist():
    for row in OBSERVATIONS:
        for text in (row["note_zh"], row["note_en"]):
            assert set(re.findall(r"\bo\d{4}\b", text)) <= set(BY_ID), row["obs_id"]
        named = [set(re.findall(r"o\d{4}", row[c])) for c in ("note_zh", "note_en")]
        assert named[0] == named[1], row["obs_id"]


def test_a_source_without_a_link_says_how_it_was_read():
    standards = {row["source_id"] for row in table("standards")}
    for name in {row["source_id"] for row in OBSERVATIONS} | {"cnemc-daily"}:
        source = SOURCES[name]
        assert source["reliability"] in ("A", "B", "C")
        assert source["url"] or (source["via_zh"] and source["via_en"]), name
    assert standards <= set(SOURCES)


#: scope, indicator, year, period, and the figure; a bound is `lower..upper`
KNOWN = """
西城区 co2_total 2019 annual 685
西城区 pm25 2014 annual 88.4
西城区 pm25 2015 annual 83.0
西城区 pm25 2020 annual 40
西城区 pm25 2021 annual 34
西城区 good_day_ratio 2020 annual 73.2
西城区 heavy_day_ratio 2020 annual 2.7
西城区 heavy_days 2020 annual 10
西城区 heavy_days 2015 annual 53
西城区 water_function_zone_rate 2020 annual 100
西城区 section_compliance_rate 2020 annual 100
西城区 area_noise 2020 annual 53.8
西城区 traffic_noise 2020 annual 69.6
西城区 park_500m_coverage 2015 annual 81.61
西城区 park_500m_coverage 2017 annual 95.03
西城区 park_500m_coverage 2020 annual 97.57
西城区 green_cover 2015 annual 30.38
西城区 green_cover 2020 annual 31.80
西城区 river_lake_good_share 2015 annual 40
西城区 river_lake_good_share 2020 annual 75
西城区 population 2020 annual 110.4
西城区 gdp 2020 annual 5061.06
西城区 pm25 2022 annual 26..33
西城区 pm25 2023 annual 28..38
西城区 pm25 2024 annual 30.5..33.9
西城区 pm25 2025 annual 25.7..
西城区 pm25 2021 2021-04 33..35
西城区 land_safe_use_rate 2020 annual 90..
西城区 so2 2020 annual ..10
西城区 pm10 2021 2021-01..10 55
西城区 pm25 2023 2023-01..05 43
西城区 o3_8h_mean 2020 2020-01..09 111
西城区 o3_8h_p90 2020 2020-01..10 181.0
西城区 noise_compliance_rate 2020 2020-09 66.6
西城区 road_dust_residue 2022 2022-02 7.2
西城区 new_green_area 2020 2016..2020 21.50
核心区 oil_boilers_left 2022 2022-11-03 20
核心区 oil_boilers_left 2022 2022-12-31 0
海淀区 pm25 2024 annual 30.6
北京市 pm25 2015 annual 80.6
北京市 pm25 2020 annual 38
北京市 pm25 2025 annual 27.0
北京市 heavy_days 2025 annual 1
北京市 good_day_ratio 2025 annual 85.2
北京市 o3_8h_p90 2025 annual 159
北京市 traffic_noise 2014 annual 69.1
北京市 river_length_good_share 2020 annual 63.8
"""


@pytest.mark.parametrize("line", KNOWN.split("\n")[1:-1])
def test_the_figures_that_are_known(line):
    scope, indicator, year, period, told = line.split()
    row = used(indicator, year, scope=scope, period=period)
    lower, bound, upper = told.partition("..")
    assert (row["status"] == "bound") == bool(bound)
    found = ("", row["lower"], row["upper"]) if bound else (row["value"], lower, upper)
    assert found == (("", lower, upper) if bound else (told, lower, upper))


@pytest.mark.parametrize(
    ("scope", "indicator", "year", "period", "taken", "other"),
    [
        ("北京市", "heavy_days", 2017, "annual", "23", "24"),
        ("北京市", "heavy_days", 2014, "annual", "47", "45"),
        ("北京市", "pm25", 2023, "annual", "32", "32.52"),
        ("北京市", "pm25", 2018, "2018-01..06", "56", "53.0"),
        ("西城区", "gdp", 2019, "annual", "4500", "5007.3"),
        ("西城区", "gdp", 2021, "annual", "5408.1", "5300"),
    ],
)
def test_conflicts_are_kept_and_told(scope, indicator, year, period, taken, other):
    row = used(indicator, year, scope=scope, period=period)
    assert row["value"] == taken
    (rival,) = [
        r
        for r in OBSERVATIONS
        if (r["scope"], r["indicator"], r["year"], r["period"], r["value"])
        == (scope, indicator, str(year), period, other)
    ]
    assert rival["use"] == "false"
    for lang in ("zh", "en"):
        assert row["obs_id"] in rival[f"note_{lang}"] and rival["obs_id"] in row[f"note_{lang}"]


def test_what_must_not_be_joined_has_another_basis():
    def basis(*args, **more):
        return used(*args, **more)["basis"]

    assert basis("section_compliance_rate", 2020) != basis(
        "section_compliance_rate", 2021, period="2021-10"
    )
    assert basis("river_lake_good_share", 2020) != basis("class3_share", 2020, period="2020-09")
    assert basis("park_500m_coverage", 2020) == "outside-historic"
    whole = "share of residential area, whole district"
    for year, value in ((2020, "97.57"), (2022, "97.73")):
        row = used("park_500m_coverage", year, statistic=whole)
        assert (row["basis"], row["value"]) == ("district-wide", value)
    # 97.73 is not in the series that the 100 % target is held against
    for row in OBSERVATIONS:
        if row["indicator"] == "park_500m_coverage" and row["value"] == "97.73":
            assert row["statistic"] == whole
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
    for line, row in zip(printed, ours, strict=True):
        number, heading, named, base, target, binding = line
        category = heading or category
        entry = INDICATORS[row["indicator"]]
        assert (row["plan_row"], entry["plan_row"], row["binding"]) == (number, number, binding)
        assert f"{entry['plan_name_zh']}（{entry['plan_unit_zh']}）" == named
        assert entry["plan_category_zh"] == category
        assert (row["base_printed"], row["target_printed"]) == (base, target)
        assert row["kind"] == kinds.get(target, "level")
        if row["kind"] == "level":
            assert NUMBER.findall(target) == [row["value"]]
            assert row["comparator"].startswith(target[0]) == (target[0] in "<>")
        else:
            assert (row["value"], row["comparator"]) == ("", "")
        assert (row["scope"], row["base_year"], row["target_year"]) == ("西城区", "2020", "2025")


def test_table_3_row_by_row(plan):
    printed = table_lines(plan, "表 3：", 6)
    ours = [r for r in table("projects") if r["table_row"]]
    assert len(printed) == len(ours) == 9
    for line, row in zip(printed, ours, strict=True):
        assert (row["table_row"], row["title_zh"]) == (line[0], line[2])
        assert row["due_year"] == NUMBER.findall(line[4])[0]
        assert row["lead_zh"].split("；") == line[5].split("、")
        assert row["kind"] == "project"
    fields = {"air": 3, "water": 2, "capacity": 3, "low_carbon": 1}
    assert Counter(r["domain"] for r in ours) == fields


def chapter_1(plan):
    body = plan[plan.index("第一章 迈向生态环境保护新阶段\n\n") :]
    return body[: body.index("第二章 指导思想与规划目标\n")]


def test_every_number_of_the_first_chapter_is_a_statement(plan):
    known = numbers(*(f"{r['printed']} {r['value']}" for r in table("statements")))
    years = {str(year) for year in range(2013, 2036)}
    assert numbers(chapter_1(plan)) - known - years == set()


def test_printed_numbers_are_in_the_plan(plan):
    for row in table("statements"):
        if row["claim"] != "wording":
            for number in NUMBER.findall(row["printed"]):
                assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", plan), row["statement_id"]


def test_printed_plan_figures_stand_in_the_plan(plan):
    told = re.sub(r"\s", "", plan)
    words = {"so2": "10微克", "pm10": "国家二级标准", "no2": "国家二级标准"}
    words["road_dust_load_rank"] = "道路尘负荷监测排名全市第一"
    found = [r for r in OBSERVATIONS if r["source_id"] == "plan" and r["status"] != "derived"]
    assert len(found) > 45
    for row in found:
        for number in filter(None, (row["value"], row["lower"], row["upper"])):
            assert words.get(row["indicator"], number.lstrip("-")) in told, row["obs_id"]


def test_every_number_of_chapters_3_to_6_is_a_commitment(plan):
    body = plan[plan.index("第三章 建设绿色低碳发展首善之区\n\n") :]
    text = body[: body.index("第七章 规划重点项目\n")]
    for name in ("12345", "5G"):  # a hotline and a technology, not figures
        text = text.replace(name, "")
    cells = ("quantity", "title_zh", "content_zh", "due_year", "note_zh")
    known = numbers(*(row[cell] for row in table("projects") for cell in cells))
    assert numbers(text) - known == set()


def test_dated_and_undated_are_told_apart():
    projects = {r["project_id"]: r for r in table("projects")}
    for name, row in projects.items():
        assert (row["timing"] == "dated") == bool(row["due_year"]), name
        assert bool(row["baseline_obs"]) == bool(row["baseline"]), name
        assert bool(row["outturn_obs"]) == bool(row["outturn"]), name
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
                assert float(row[part]) == float(figure), row["project_id"]
                assert row[f"{part}_year"] == obs["year"], row["project_id"]
    for row in table("statements"):
        if row["obs_id"]:
            obs = BY_ID[row["obs_id"]]
            figures = {abs(float(obs[c])) for c in ("value", "lower", "upper") if obs[c]}
            assert float(row["value"]) in figures, row["statement_id"]
            assert obs["source_id"] == "plan", row["statement_id"]


def test_the_view_to_2035_is_in_words(plan):
    view = [r for r in table("targets") if r["plan"] == "2035" and r["scope"] == "西城区"]
    assert len(view) == 4
    for row in view:
        assert (row["target_year"], row["kind"], row["value"]) == ("2035", "qualitative", "")
        assert row["note_zh"].split("；")[0].split("，")[0] in plan.replace("\n", "")


def test_targets_are_printed_where_they_are_rows_of_table_2():
    for row in table("targets"):
        assert bool(row["base_printed"]) == bool(row["target_printed"]) == bool(row["plan_row"])
        assert not (row["kind"] in ("level", "change") and row["reading"])
