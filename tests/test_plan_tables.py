"""The tables made from the plan, held against the plan's text and the evidence they carry."""

import csv
import os
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def rows(name: str) -> list[dict]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def material() -> Path:
    folder = Path(os.environ.get("XC_SHARED") or ROOT.parent / "shared")
    if not (folder / "plan.txt").is_file():
        pytest.skip("the plan's text is not here (set XC_SHARED to the folder that holds it)")
    return folder


@pytest.fixture(scope="module")
def plan(material) -> str:
    return (material / "plan.txt").read_text("utf-8")


def table_lines(plan: str, title: str, columns: int) -> list[list[str]]:
    """The rows of one of the plan's tables, told by the number that each begins with."""
    after = plan[plan.index(title) :].splitlines()
    lines = [line.split("\t") for line in after if re.match(r"\d+\t", line)]
    return [line for line in lines[: _run(lines)] if len(line) == columns]


def _run(lines: list[list[str]]) -> int:
    """How many leading rows are numbered 1, 2, 3, ..."""
    return next((i for i, line in enumerate(lines) if line[0] != str(i + 1)), len(lines))


def numbers(*texts: str) -> set[str]:
    return {found for text in texts for found in NUMBER.findall(text)}


def test_table_2_row_by_row(plan):
    printed = table_lines(plan, "表 2：", 6)
    ours = sorted((r for r in rows("targets") if r["plan_row"]), key=lambda r: int(r["plan_row"]))
    assert len(printed) == len(ours) == 14
    kinds = {"达到市级要求": "delegated", "基本消除": "qualitative"}
    names = {r["indicator"]: r["plan_row"] for r in rows("indicators") if r["plan_row"]}
    for line, row in zip(printed, ours, strict=True):
        number, _, _, _, target, binding = line
        assert (row["plan_row"], row["binding"]) == (number, binding)
        assert names[row["indicator"]] == number
        assert row["kind"] == kinds.get(target, "level")
        if row["kind"] == "level":
            assert NUMBER.findall(target) == [row["value"]]
            assert row["comparator"].startswith(target[0]) == (target[0] in "<>")
        else:
            assert (row["value"], row["comparator"]) == ("", "")
        assert (row["scope"], row["base_year"], row["target_year"]) == ("西城区", "2020", "2025")


def test_table_3_row_by_row(plan):
    printed = table_lines(plan, "表 3：", 6)
    ours = sorted(
        (r for r in rows("projects") if r["table_row"]), key=lambda r: int(r["table_row"])
    )
    assert len(printed) == len(ours) == 9
    for line, row in zip(printed, ours, strict=True):
        assert (row["table_row"], row["title_zh"]) == (line[0], line[2])
        assert row["due_year"] == NUMBER.findall(line[4])[0]
        assert row["lead_zh"].split("；") == line[5].split("、")
        assert row["kind"] == "project"
    assert Counter(r["domain"] for r in ours) == {
        "air": 3,
        "water": 2,
        "capacity": 3,
        "low_carbon": 1,
    }


def test_every_number_of_the_first_chapter_is_a_statement(plan):
    body = plan[plan.index("第一章 迈向生态环境保护新阶段\n\n") :]
    chapter = body[: body.index("第二章 指导思想与规划目标\n")]
    known = numbers(*(f"{r['printed']} {r['value']}" for r in rows("statements")))
    years = {str(year) for year in range(2013, 2036)}
    assert numbers(chapter) - known - years == set()


def test_every_number_of_table_2_today_is_a_statement(plan):
    known = numbers(*(r["printed"] for r in rows("statements") if r["statement_id"][0] == "t"))
    today = numbers(*(line[3] for line in table_lines(plan, "表 2：", 6)))
    assert today - known - {"2019"} == set()


def test_printed_numbers_are_in_the_plan(plan):
    for row in rows("statements"):
        if row["claim"] in ("independent", "cannot_tell", "implies"):
            for number in NUMBER.findall(row["printed"]):
                assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", plan), row["statement_id"]


def test_every_number_of_chapters_3_to_6_is_a_commitment(plan):
    body = plan[plan.index("第三章 建设绿色低碳发展首善之区\n\n") :]
    text = body[: body.index("第七章 规划重点项目\n")]
    for name in ("12345", "5G"):  # a hotline and a technology, not figures
        text = text.replace(name, "")
    cells = ("quantity", "title_zh", "content_zh", "due_year", "note")
    known = numbers(*(row[cell] for row in rows("projects") for cell in cells))
    assert numbers(text) - known == set()


def test_commitments_walk_through_every_section():
    sections = Counter(r["section"] for r in rows("projects") if r["kind"] == "commitment")
    wanted = [f"3.{i}" for i in range(1, 7)] + [f"4.1.{i}" for i in range(1, 5)]
    wanted += [f"4.2.{i}" for i in range(1, 6)] + ["4.3", "5.1", "5.2", "5.3"]
    wanted += [f"6.{i}" for i in range(1, 6)]
    assert [s for s in wanted if sections[s] == 0] == []


def test_dated_and_undated_are_told_apart():
    for row in rows("projects"):
        assert (row["timing"] == "dated") == bool(row["due_year"]), row["project_id"]
        assert bool(row["baseline_obs"]) == bool(row["baseline"]), row["project_id"]
        assert bool(row["outturn_obs"]) == bool(row["outturn"]), row["project_id"]
    assert {r["due_year"] for r in rows("projects")} == {"", "2022", "2025"}


def test_project_and_statement_figures_are_the_observations():
    seen = {r["obs_id"]: r for r in rows("observations")}
    for row in rows("projects"):
        for part in ("baseline", "outturn"):
            if row[f"{part}_obs"]:
                obs = seen[row[f"{part}_obs"]]
                bound = {"": "value", ">=": "lower", "<=": "upper"}[row[f"{part}_bound"]]
                assert float(row[part]) == float(obs[bound]), row["project_id"]
                assert row[f"{part}_year"] == obs["year"], row["project_id"]
    for row in rows("statements"):
        if row["obs_id"]:
            obs = seen[row["obs_id"]]
            figures = {abs(float(obs[c])) for c in ("value", "lower", "upper") if obs[c]}
            assert float(row["value"]) in figures, row["statement_id"]
            assert obs["source_id"] == "plan", row["statement_id"]


def test_readings_of_targets_are_registered():
    register = {r["id"]: r for r in rows("assumptions")}
    for target in rows("targets"):
        assert target["kind"] not in ("level", "change") or not target["reading"]
        if target["reading"]:
            reading = register[target["reading"]]
            assert reading["indicator"] == target["indicator"]
            assert reading["parameter"] == "reading"
            assert re.fullmatch(r"(<|<=|>|>=|=) \d[\d.]*|<= -\d+", reading["reading"])
            assert reading["reading"].split()[1] == reading["value"]


def test_the_good_day_ratio_has_no_city_number_and_so_no_reading():
    (target,) = [r for r in rows("targets") if r["plan_row"] == "4"]
    assert target["reading"] == ""


def test_candidates_are_labelled_and_only_they_stand_in_the_next_plan():
    found = [r for r in rows("targets") if r["plan"] == "十五五" and r["scope"] == "西城区"]
    assert {r["value"] for r in found if r["indicator"] == "pm25"} == {"30", "25"}
    for row in found:
        assert row["binding"] == "候选"
        assert "未被任何文件采纳" in row["note"]
    assert [r for r in rows("targets") if r["binding"] == "候选" and r["plan"] != "十五五"] == []


def test_every_fit_has_a_window_method_source_and_ratings():
    indicators = {r["indicator"] for r in rows("indicators")}
    for row in rows("assumptions"):
        assert {row["quality"], row["impact"]} <= {"R", "A", "G"}
        assert row["why"] and " / " in row["why"], row["id"]
        assert row["indicator"] in indicators | {""}
        fits = not row["parameter"]
        for cell in ("fit_from", "fit_to", "method", "source", "basis", "partial"):
            assert bool(row[cell]) == fits or row["id"] == "plateau_air", (row["id"], cell)
    for plan in ("十四五", "十五五"):
        fitted = {
            r["indicator"] for r in rows("assumptions") if r["plan"] == plan and r["fit_from"]
        }
        table = {r["indicator"] for r in rows("targets") if r["plan_row"]}
        assert table - fitted == set()


def test_one_limit_is_in_force_at_a_time():
    table = rows("standards")
    for day in (date(2014, 6, 1), date(2020, 12, 31), date(2026, 3, 1), date(2031, 1, 1)):
        in_force = Counter(
            (r["pollutant"], r["averaging"])
            for r in table
            if r["valid_from"] <= day.isoformat() <= (r["valid_to"] or "9999")
        )
        assert set(in_force.values()) == {1}
    annual = {
        (r["valid_from"][:4], r["limit"])
        for r in table
        if (r["pollutant"], r["averaging"]) == ("pm25", "annual")
    }
    assert annual == {("2013", "35"), ("2026", "30"), ("2031", "25")}


def test_every_evidence_row_of_the_targets_is_used_or_left_out(material):
    with (material / "evidence" / "targets.csv").open(encoding="utf-8", newline="") as file:
        evidence = list(enumerate(csv.DictReader(file), 2))
    left = {int(r["line"]) for r in rows("left_out") if r["evidence_file"] == "targets.csv"}
    assert len(left) == 11
    used = rows("targets")
    values = {(r["target_year"], float(r["value"])) for r in used if r["value"]}
    for line, row in evidence:
        if line in left or row["comparator"] == "qualitative":
            continue
        value = round(float(row["value"]) * (10_000 if row["unit"] == "万吨" else 1), 6)
        assert (row["target_year"], value) in values, f"targets.csv:{line}"
    worded = [(line, r) for line, r in evidence if r["comparator"] == "qualitative"]
    ours = Counter(r["target_year"] for r in used if r["kind"] in ("qualitative", "delegated"))
    for year, count in Counter(r["target_year"] for line, r in worded if line not in left).items():
        assert ours[year] >= count, year
