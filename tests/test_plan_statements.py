"""The plan's numbers recomputed by hand here, and moved when the tables move."""

import re
from pathlib import Path

import pandas as pd
import pytest
from minipack import change

import xc_analysis as xc
from xc_analysis.plan_statements import CHECKED, VERDICTS, commitments, statements
from xc_analysis.tables import use_data

ROOT = Path(__file__).resolve().parents[1]
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


@pytest.fixture(scope="module")
def judged():
    return statements().set_index("statement_id")


@pytest.fixture(scope="module")
def promised():
    return commitments().set_index("project_id")


def judge(folder, statement_id):
    use_data(folder)
    return statements().set_index("statement_id").loc[statement_id]


# ---- verdicts ----------------------------------------------------------------------------------


def test_nine_agree_with_an_independent_record_and_none_differs(judged):
    agree = judged.index[judged["verdict"] == "agrees"]
    assert set(agree) == {"a01", "a02", "a04", "a05", "a06", "a07", "a08", "t04", "t05_station"}
    assert judged.loc[agree, "recompute"].str.contains("station.").all()
    assert not judged["verdict"].eq("differs").any()
    assert set(judged["verdict"]) <= set(VERDICTS)


@pytest.mark.parametrize(
    ("statement_id", "by_hand", "verdict"),
    [
        ("t05", 100 * 10 / 366, "consistent"),  # 2.73 against 2.7
        ("a16", 129.8 - 110.4, "consistent"),  # 19.4 against 19, both from one report
        ("b03", 100, "consistent"),
        # census 2020: 1,106,214 on 50.70 km2 against 21.893 million on 16,410.54 km2
        ("f03", (110.6214 / 50.70) / (2189.3 / 16410.54), "consistent"),
        ("a03", 40 / (1 - 0.518), "implies"),  # 82.99
        ("a20", 3513 / 2325, "implies"),
        ("b11", 2240 / 293, "implies"),  # 7.6 m3
        ("d05", 81.61, "implies"),
        ("d12", (21.50 - 8.21 - 1.2) / (69 + 141), "implies"),
        ("t04_days", 0.732 * 366, "implies"),
        ("b07", 50, "not accounted for"),  # of four sections, two are nearest to 40 %
        ("d03", (21.5 + 6.59) / 50.70, "not accounted for"),  # hectares over km2 are per cent
        ("t14_rise", 4.8 / 50.70, "not accounted for"),
    ],
)
def test_arithmetic_by_hand(judged, statement_id, by_hand, verdict):
    row = judged.loc[statement_id]
    assert row["recomputed"] == pytest.approx(by_hand, rel=1e-9)
    assert row["verdict"] == verdict


def test_station_figures_are_those_of_the_series(judged):
    for statement_id, indicator in (("a01", "pm25"), ("a04", "pm10"), ("t04", "good_day_ratio")):
        station = xc.series(indicator, source="station")
        assert judged.loc[statement_id, "recomputed"] == station.loc[2020, "value"]
    heavy = xc.series("heavy_days", source="station")["value"]
    assert judged.loc["a08", "recomputed"] == heavy[2015] - heavy[2020]
    assert abs(judged.loc["a01", "difference"]) <= 1
    assert abs(judged.loc["t04", "difference"]) <= 0.5


def test_what_is_not_compared_has_no_difference(judged):
    settled = judged[~judged["verdict"].isin(CHECKED)]
    assert settled[["difference", "tolerance"]].isna().all(axis=None)
    compared = judged[judged["verdict"].isin(CHECKED)]
    assert compared[["recomputed", "difference", "tolerance"]].notna().all(axis=None)
    missing = judged[judged["verdict"] == "cannot tell"]
    assert missing["why_en"].str.startswith("missing:").all()
    assert missing["why_zh"].str.startswith("缺：").all()


def test_wording_is_listed_and_not_judged(judged):
    listed = judged[judged["verdict"] == "wording"]
    text = " ".join(listed["why_zh"] + listed["statement"] + listed["printed"])
    for told in ("国三", "国四", "达标面积", "建成区", "<55", ">99", "平台期", "685 (2019)"):
        assert told in text, told


# ---- what is shown ----------------------------------------------------------------------------


def test_texts_are_whole_in_both_languages(judged):
    for column in ("statement", "printed", "verdict_zh", "why_zh", "chapter", "locator"):
        assert (judged[column].str.len() > 0).all(), column
    for column in ("statement_en", "printed_en", "verdict_en", "why_en", "chapter_en"):
        assert (judged[column].str.len() > 0).all(), column
        assert not judged[column].str.contains(CHINESE).any(), column


@pytest.mark.parametrize(
    ("statement_id", "zh", "en"),
    [
        ("a06", "<10微克/立方米", "<10 µg/m³"),
        ("a10", "7.8万辆", "78,000 vehicles"),
        ("d01", "31.80%", "31.80 %"),
        ("d08", "1.2万平方米", "12,000 m²"),
        ("t01", "685万吨", "6,850,000 t"),
        ("a17", "≥2000", "≥2000"),
        ("a04", "达标", "within the limit"),
    ],
)
def test_printed_numbers_as_each_language_writes_them(judged, statement_id, zh, en):
    row = judged.loc[statement_id]
    assert (row["printed"], row["printed_en"]) == (zh, en)


def test_the_headline_counts_each_printed_number_once():
    counts = statements().attrs
    assert counts["agree"] == 9 and counts["differ"] == 0
    assert counts["checked"] == (
        counts["agree"] + counts["consistent"] + counts["not_accounted_for"] + counts["differ"]
    )
    # 40, 2.7, 31.80 and > 90 stand twice in the plan; arithmetic of ours is not counted
    told = pd.read_csv(ROOT / "data" / "statements.csv", dtype=str, keep_default_na=False)
    told = told[told["claim"] != "wording"]
    ours = told["printed"].str.contains(" [-/] ")
    ours |= (told["claim"] == "implies") & (told["obs_id"] == "")
    told = told[~ours]
    distinct = {row["obs_id"] or row["statement_id"] for _, row in told.iterrows()}
    assert counts["printed"] == len(distinct) < len(told)
    for lang in ("zh", "en"):
        sentence = counts["headline"].render(lang)
        numbers = [int(n) for n in re.findall(r"\d+", sentence)]
        assert numbers[:3] == [counts["printed"], counts["checked"], counts["agree"]]


# ---- when the tables move ------------------------------------------------------------------------


def test_a_changed_observation_moves_the_verdict(pack):
    where = {"indicator": "population", "scope": "西城区", "year": "2020", "period": "annual"}
    change(pack, "observations", where, value="109.0")
    row = judge(pack, "a16")
    assert (row["verdict"], row["recomputed"]) == ("differs", pytest.approx(20.8))


@pytest.mark.parametrize(("value", "verdict"), [("41.6", "differs"), ("41.5", "agrees")])
def test_a_changed_station_year_moves_the_verdict(pack, value, verdict):
    where = {"indicator": "pm25", "year": "2020", "scope": "西城区"}
    change(pack, "air/annual", where, value=value)
    assert judge(pack, "a01")["verdict"] == verdict  # the tolerance is 1 + 0.5


def test_a_partial_station_year_settles_nothing(pack):
    where = {"indicator": "pm25", "year": "2020", "scope": "西城区"}
    change(pack, "air/annual", where, completeness="partial")
    row = judge(pack, "a01")
    assert row["verdict"] == "cannot tell"
    assert "2020" in row["why_en"] and "2020" in row["why_zh"]


@pytest.mark.parametrize(
    ("comparator", "value", "recompute", "tolerance", "verdict"),
    [
        ("", "40", "40 + 1 / 2", "", "agrees"),  # half a unit of the last digit, inclusive
        ("", "40", "40.51", "", "differs"),
        ("", "40.0", "40.06", "", "differs"),  # 40.0 allows 0.05
        ("<", "10", "10", "", "differs"),
        ("<", "10", "10.1", "0.1", "agrees"),
        ("<=", "10", "10.1", "", "differs"),
        (">", "35", "35", "", "differs"),
        (">=", "35", "34.9", "", "differs"),
        (">=", "35", "34.9", "0.1", "agrees"),
    ],
)
def test_tolerance_and_comparators(pack, comparator, value, recompute, tolerance, verdict):
    cells = dict(printed=value, value=value, comparator=comparator, recompute=recompute)
    change(pack, "statements", {"statement_id": "a01"}, tolerance=tolerance, **cells)
    assert judge(pack, "a01")["verdict"] == verdict


@pytest.mark.parametrize(
    "recompute",
    [
        "o_not_there",
        "o0009",  # a bound has no value
        "station.pm25.1999",
        "published.pm25.2022",
        "printed.a14 / printed.b13",
        "printed.a01",
        "elsewhere.pm25.2020",
        "count.projects.table_row",
        "40 +",
        "40 / (2 - 2)",
        "__import__('os')",
        "",
    ],
)
def test_a_wrong_reference_names_the_statement(pack, lang_en, recompute):
    change(pack, "statements", {"statement_id": "a01"}, recompute=recompute)
    use_data(pack)
    with pytest.raises(xc.InputError, match=r"statements\.csv:3: statement a01: ") as caught:
        statements()
    assert "\n" not in str(caught.value)


# ---- commitments -----------------------------------------------------------------------------


def test_known_outturns_carry_their_evidence(promised):
    assert list(promised.loc[promised["kind"] == "project", "table_row"]) == list(range(1, 10))
    known = promised[promised["known"]]
    assert set(known.index) == {"c3_1_03", "c3_5_01", "c4_1_1_04"}
    assert known[["outturn_status", "outturn_source_id", "outturn_year"]].notna().all(axis=None)
    assert promised[~promised["known"]]["outturn_status"].isna().all()
    boilers = promised.loc["c3_1_03"]
    assert (boilers["outturn"], boilers["quantity"], boilers["outturn_year"]) == (0, 0, 2022)
    # a single month, and new green together with rebuilt, cannot be held against the promise
    assert dict(known["comparable"]) == {"c3_1_03": True, "c3_5_01": False, "c4_1_1_04": False}


def test_past_due_follows_the_last_year_on_record(pack, promised):
    due = promised[promised["past_due"]]
    assert set(due["due_year"]) == {2022, 2025}
    assert not promised["past_due"][promised["due_year"].isna()].any()
    assert not promised["past_due"][promised["due_year"] == 2035].any()
    annual = pack / "air" / "annual.csv"
    rows = pd.read_csv(annual, dtype=str, keep_default_na=False)
    rows[rows["year"] < "2023"].to_csv(annual, index=False, lineterminator="\n")
    use_data(pack)
    earlier = commitments()
    assert earlier.attrs["as_of"] == 2022
    assert set(earlier.loc[earlier["past_due"], "project_id"]) == {"c3_1_03"}


def test_the_headline_of_commitments_counts_the_rows(promised):
    frame = commitments()
    counts = frame.attrs
    table = pd.read_csv(ROOT / "data" / "projects.csv", dtype=str, keep_default_na=False)
    assert counts["commitments"] == len(table)
    assert counts["measurable"] == (table["measurable"] == "yes").sum()
    assert counts["known"] == (table["outturn"] != "").sum() == 3
    for lang in ("zh", "en"):
        numbers = [int(n) for n in re.findall(r"\d+", counts["headline"].render(lang))]
        assert {counts["commitments"], counts["past_due"], counts["known"]} <= set(numbers)
