"""The committed tables: every figure accounted for, recomputed and held against known truths."""

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from drawing import CHINESE
from minipack import cases

TESTS = Path(__file__).resolve().parent
DATA = TESTS.parent / "data"
EVIDENCE = "added_2026-11 air_annual city_history_2000_2009 districts_pm25 green_carbon_annual"
EVIDENCE = (*EVIDENCE.split(), "monthly", "partial_year", "water_noise_annual")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
KEY = ["scope", "indicator", "year", "period"]
ENDS = ["value", "lower", "upper"]


def read(path):
    """All cells as they are written."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


TABLES = "observations sources targets standards left_out statements projects publications".split()
TABLE = {name: read(DATA / f"{name}.csv") for name in ("indicators", *TABLES)}
OBSERVATIONS = TABLE["observations"].set_index("obs_id", drop=False)
INDICATORS = TABLE["indicators"].set_index("indicator", drop=False)
# the published series take these rows
USUAL = OBSERVATIONS["statistic"] == OBSERVATIONS["indicator"].map(INDICATORS["statistic"])
USED = OBSERVATIONS[USUAL & (OBSERVATIONS["use"] == "true")]


@pytest.mark.parametrize("name", TABLE)
def test_every_text_stands_in_both_languages(name):
    for column in TABLE[name]:
        texts = TABLE[name][column]
        if column.endswith("_en") and column != "printed_en":
            assert not texts.str.contains(CHINESE).any(), column
            twin = TABLE[name].get(f"{column[:-3]}_zh", texts)
            assert (texts != "").equals(twin != ""), column
        if column.endswith("_zh"):
            # names and codes may be Latin, sentences may not
            assert not texts.str.contains("[a-z]{2,} [a-z]{2,} [a-z]{2,}").any(), column


def evidence(folder, name):
    """Rows by line of the file; no evidence file has a record over several lines."""
    lines = read(folder / "evidence" / f"{name}.csv")
    return lines.set_axis(range(2, len(lines) + 2))


@pytest.mark.parametrize("name", EVIDENCE)
def test_every_evidence_line_is_used_or_left_out(shared, name):
    lines, file = evidence(shared, name), f"{name}.csv"
    tokens = OBSERVATIONS["evidence"].str.split(";").explode()
    taken = set(tokens[tokens.str.startswith(f"{file}:")])
    left = TABLE["left_out"].query("evidence_file == @file")
    listed = set(f"{file}:" + left["line"])
    assert taken | listed == {f"{file}:{line}" for line in lines.index} and not taken & listed
    for row in left.to_dict("records"):
        line = lines.loc[int(row["line"])]
        assert (row["value"], row["indicator"]) == (line["value"], line["indicator"])


def test_values_equal_the_evidence(shared):
    lines, checked = {name: evidence(shared, name) for name in EVIDENCE}, Counter()
    rows = OBSERVATIONS.assign(token=OBSERVATIONS["evidence"].str.split(";")).explode("token")
    rows = rows[(rows["token"] != "") & ~rows["token"].str.startswith("added_2026-11")]
    for row in rows.to_dict("records"):
        name, number = row["token"].split(".csv:")
        line, status = lines[name].loc[int(number)], row["status"]
        text, year = line["value"], line.get("year") or line.get("period") or row["year"]
        assert row["year"] in (year[:4], year[-4:]), row["token"]
        # the yearbook prints mg/m3, CO stays in mg/m3
        factor = 1000 if line.get("unit") == "mg/m3" and line["indicator"] != "co" else 1
        value = float(text) * factor if re.fullmatch(r"-?[0-9.]+", text) else None
        if status == "printed":
            own = value is not None and abs(value - float(row["value"])) < 1e-9
            # figures that a source prints beside the row's own one stand in its note
            assert own or row["value"].lstrip("-") in line.get("note", ""), row["token"]
        elif status == "derived":
            unit = 1 if text.endswith(".0") or "." not in text else 0.1
            low, high = float(row["lower"]) - unit / 2, float(row["upper"]) + unit / 2
            assert low <= value <= high, row["token"]
        else:
            ends = {float(row[name]) for name in ("lower", "upper") if row[name]}
            printed = {float(x) for x in re.findall(r"[0-9.]+", text)}
            assert printed and {abs(x) for x in ends} >= printed or value in ends, row["token"]
        checked[status] += 1
    assert checked["printed"] > 900 and checked["derived"] > 150 and checked["bound"] > 10


def test_derivations_stay_within_their_area_and_notes_name_rows_that_exist():
    scope, ids = OBSERVATIONS["scope"], r"(?<![0-9A-Za-z])o\d{4}(?!\d)"
    named = OBSERVATIONS["derivation"].str.findall(ids).explode().dropna()
    assert scope[named].tolist() == scope[named.index].tolist()
    chinese, english = (OBSERVATIONS[c].str.findall(ids).map(set) for c in ("note_zh", "note_en"))
    assert chinese.equals(english) and set().union(*chinese) <= set(OBSERVATIONS.index)


def test_a_source_without_a_link_says_how_it_was_read():
    sources = TABLE["sources"].set_index("source_id")
    cited = sources.loc[[*OBSERVATIONS["source_id"].unique(), "cnemc-daily"]]
    how = cited.loc[cited["url"] == "", ["via_zh", "via_en"]]
    assert (how != "").all(axis=None)


def test_known_figures_are_used_and_conflicts_kept_and_told():
    known = cases("known_figures")
    found = known[KEY].merge(USED, how="left", on=KEY, validate="one_to_one")
    ends = found[ENDS].where(found["status"] == "bound", "").assign(value=found["value"])
    pd.testing.assert_frame_equal(ends, known[ENDS])
    found["not_used"], unused = known["not_used"], OBSERVATIONS.query("use == 'false'")
    keys = {"left_on": [*KEY, "not_used"], "right_on": [*KEY, "value"]}
    told = found[found["not_used"] != ""]
    conflicts = told.merge(unused, suffixes=("", "_other"), **keys)
    assert len(conflicts) == len(told) == 6
    for row in conflicts.to_dict("records"):
        for note in ("note_zh", "note_en"):
            assert row["obs_id"] in row[f"{note}_other"] and row["obs_id_other"] in row[note]


def test_what_must_not_be_joined_has_another_basis():
    basis = USED[USED["scope"] == "西城区"].set_index(["indicator", "period", "year"])["basis"]
    sections, rivers = basis["section_compliance_rate"], basis["river_lake_good_share"]
    assert sections["annual", "2020"] != sections["2021-10", "2021"]
    assert rivers["annual", "2020"] != basis["class3_share", "2020-09", "2020"]
    assert basis["park_500m_coverage", "annual", "2020"] == "outside-historic"
    # 97.73 is not in the series that the 100 % target is held against
    whole = "share of residential area, whole district"
    parks = OBSERVATIONS.query("statistic == @whole").set_index("value")["basis"]
    assert parks["97.57"] == parks["97.73"] == "district-wide"
    assert set(OBSERVATIONS.query("value == '97.73'")["statistic"]) == {whole}
    gdp = OBSERVATIONS.query("indicator == 'gdp'").set_index("value")["basis"]
    assert gdp["4500"] != gdp["5007.3"] == gdp["5061.06"]


@pytest.fixture(scope="module")
def plan(shared):
    return (shared / "plan.txt").read_text("utf-8")


def table_lines(plan, title):
    """The rows of one of the plan's tables, told by the number that each begins with."""
    after = plan[plan.index(title) :].splitlines()
    lines = [line.split("\t") for line in after if re.match(r"\d+\t", line)]
    run = next((i for i, line in enumerate(lines) if line[0] != str(i + 1)), len(lines))
    return pd.DataFrame([line for line in lines[:run] if len(line) == 6])


def test_table_2_stands_in_the_plans_words(plan):
    printed = table_lines(plan, "表 2：").assign(scope="西城区", base="2020", target="2025")
    printed[1] = printed[1].mask(printed[1] == "").ffill()
    ours = TABLE["targets"].query("plan_row != ''").set_index("indicator", drop=False)
    ours = ours.join(INDICATORS.filter(regex="^plan_(name|unit|category)_zh"))
    ours = ours.sort_values("plan_row", key=lambda rows: rows.astype(int))
    ours["named"] = ours["plan_name_zh"] + "（" + ours["plan_unit_zh"] + "）"
    columns = "plan_row plan_category_zh named base_printed target_printed binding scope "
    columns += "base_year target_year"
    assert ours[columns.split()].values.tolist() == printed.values.tolist() and len(ours) == 14
    assert (ours["plan_row"] == INDICATORS["plan_row"][ours.index]).all()
    kinds = {"达到市级要求": "delegated", "基本消除": "qualitative"}
    for row in ours.to_dict("records"):
        target = row["target_printed"]
        assert row["kind"] == kinds.get(target, "level")
        assert NUMBER.findall(target) == [row["value"]] * (row["kind"] == "level")
        assert row["comparator"].startswith(target[0]) == (target[0] in "<>")


def test_table_3_row_by_row(plan):
    ours = TABLE["projects"].query("table_row != ''")
    printed = table_lines(plan, "表 3：")
    printed[4], printed[5] = printed[4].str.extract(r"(\d+)")[0], printed[5].str.replace("、", "；")
    columns = ["table_row", "title_zh", "due_year", "lead_zh"]
    assert ours[columns].values.tolist() == printed[[0, 2, 4, 5]].values.tolist()
    assert set(ours["kind"]) == {"project"}
    assert Counter(ours["domain"]) == {"air": 3, "water": 2, "capacity": 3, "low_carbon": 1}
    # of commitments in the text two have no year in their sentence; thresholds are no quantities
    text = TABLE["projects"].set_index("project_id")
    assert (text["timing"] == "dated").equals(text["due_year"] != "")
    assert (text["quantity"] != "").equals(text["unit_zh"] != "")
    assert text.loc[["c3_1_01", "c3_1_02"], "due_year"].tolist() == ["", ""]
    assert text.loc[["c4_1_2_02", "c5_1_01"], "quantity"].tolist() == ["", ""]


def numbers(frame, *columns):
    return {found for c in columns for text in frame[c] for found in NUMBER.findall(text)}


def test_every_number_of_the_plans_text_is_a_statement_or_a_commitment(plan):
    known = numbers(TABLE["statements"], "printed", "value") | set(map(str, range(2013, 2036)))
    columns = ("quantity", "title_zh", "content_zh", "due_year", "note_zh")
    promised = numbers(TABLE["projects"], *columns)
    # a hotline and a technology, not figures
    plan = plan.replace("12345", "").replace("5G", "")
    for first, last, there in (
        ("第一章 迈向生态环境保护新阶段", "第二章 指导思想与规划目标", known),
        ("第三章 建设绿色低碳发展首善之区", "第七章 规划重点项目", promised),
    ):
        text = plan[plan.index(f"{first}\n\n") :]
        assert set(NUMBER.findall(text[: text.index(f"{last}\n")])) <= there


def test_printed_figures_stand_in_the_plan(plan):
    for row in TABLE["statements"].query("claim != 'wording'").to_dict("records"):
        for number in NUMBER.findall(row["printed"]):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", plan), row["statement_id"]
    told = re.sub(r"\s", "", plan)
    words = {"so2": "10微克", "pm10": "国家二级标准", "no2": "国家二级标准"}
    words["road_dust_load_rank"] = "道路尘负荷监测排名全市第一"
    found = OBSERVATIONS.query("source_id == 'plan' and status != 'derived'")
    assert len(found) > 45
    for row in found.to_dict("records"):
        for number in filter(None, (row[name] for name in ENDS)):
            assert words.get(row["indicator"], number.lstrip("-")) in told, row["obs_id"]


def test_project_and_statement_figures_are_the_observations():
    bounds, full = {"": "value", ">=": "lower", "<=": "upper"}, TABLE["projects"] != ""
    for part in ("baseline", "outturn"):
        assert full[part].equals(full[f"{part}_obs"])
        for row in TABLE["projects"].query(f"{part}_obs != ''").to_dict("records"):
            obs = OBSERVATIONS.loc[row[f"{part}_obs"]]
            figure = obs[bounds[row[f"{part}_bound"]]]
            given = float(row[part]), row[f"{part}_year"]
            assert given == (float(figure), obs["year"]), row["project_id"]
    for row in TABLE["statements"].query("obs_id != ''").to_dict("records"):
        obs = OBSERVATIONS.loc[row["obs_id"]]
        figures = {abs(float(obs[name])) for name in ENDS if obs[name]}
        assert float(row["value"]) in figures, row["statement_id"]
        assert obs["source_id"] == "plan", row["statement_id"]


def test_the_view_to_2035_is_in_words(plan):
    view = TABLE["targets"].query("plan == '2035' and scope == '西城区'")
    told = view[["target_year", "kind", "value"]].values.tolist()
    assert told == [["2035", "qualitative", ""]] * 4
    for note in view["note_zh"].str.split("[；，]").str[0]:
        assert note in plan.replace("\n", "")
