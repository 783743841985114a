"""The scorecard: 14 rows, what they say, and that the register of assumptions drives them."""

import shutil

import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.assessment import assess
from xc_analysis.errors import InputError
from xc_analysis.tables import data_dir
from xc_analysis.verdicts import register
from xc_analysis.verdicts.scorecard import COLUMNS
from xc_analysis.verdicts.targets import CANNOT


@pytest.fixture(scope="module")
def card():
    return xc.scorecard()


@pytest.fixture
def folder(tmp_path):
    """A copy of the tables whose rows a test may change."""
    to = tmp_path / "data"
    shutil.copytree(data_dir(), to)
    return to


def edit(folder, table, where, **cells):
    path = folder / f"{table}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = np.logical_and.reduce([frame[k] == v for k, v in where.items()])
    assert rows.any()
    for name, value in cells.items():
        frame.loc[rows, name] = value
    frame.to_csv(path, index=False, lineterminator="\n")


def row_of(frame, indicator):
    return frame.set_index("indicator").loc[indicator]


def test_fourteen_rows_and_the_columns_of_the_house(card):
    assert list(card.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert card["plan_row"].tolist() == list(range(1, 15))


def test_eight_rows_are_delegated_and_none_of_them_is_judged(card):
    for as_of in (2020, 2023, 2025):
        frame = card if as_of == 2020 else xc.scorecard(as_of=as_of)
        delegated = frame[frame["kind"] == "delegated"]
        assert delegated["plan_row"].tolist() == [1, 2, 3, 4, 6, 7, 9, 10]
        assert (delegated["verdict"] == CANNOT).all()
        assert delegated["p_meet"].isna().all()
        assert delegated["missing"].str.contains("city").all()


def test_levels_of_the_plan(card):
    levels = card[card["kind"] == "level"].set_index("indicator")
    want = {
        "water_function_zone_rate": (">", 99),
        "area_noise": ("<", 55),
        "traffic_noise": ("<", 70),
        "park_500m_coverage": ("=", 100),
        "green_cover": (">=", 31.85),
    }
    assert {i: (r.comparator, r.target) for i, r in levels.iterrows()} == want
    assert levels.loc["area_noise", "verdict"] == "maintenance: by margin alone"
    assert levels.loc["traffic_noise", "margin"] == pytest.approx(0.4)
    assert levels.loc["area_noise", "margin"] == pytest.approx(1.2)
    park = levels.loc["park_500m_coverage"]
    assert park["verdict"] == "gap only, no probability" and np.isnan(park["p_meet"])
    assert park["margin"] == pytest.approx(-2.43)


def test_baselines_are_those_the_plan_prints(card):
    base = card.set_index("indicator")["baseline"]
    printed = {
        "co2_total": 685, "pm25": 40, "good_day_ratio": 73.2, "heavy_day_ratio": 2.7,
        "water_function_zone_rate": 100, "section_compliance_rate": 100, "area_noise": 53.8,
        "traffic_noise": 69.6, "park_500m_coverage": 97.57, "green_cover": 31.80,
    }  # fmt: skip
    assert {i: base[i] for i in printed} == printed
    assert base[["co2_per_gdp_change", "nox_cut", "vocs_cut", "land_safe_use_rate"]].isna().all()
    assert row_of(card, "co2_total")["baseline_year"] == 2019


def test_reading_is_kept_apart(card):
    row = row_of(card, "pm25")
    assert row["reading"] == "<= 35" and row["reading_id"]
    s = xc.series("pm25", source="station")
    settings = register.fit_settings(
        xc.load("assumptions"), plan="十四五", scope="西城区", indicator="pm25"
    )
    direct = assess(
        s,
        {"kind": "level", "comparator": "<=", "value": 35, "target_year": 2025},
        as_of=2020,
        window=settings["window"],
        exceptional=settings["exceptional"],
        prior_sd=settings["prior_sd"],
    )
    assert row["verdict_under_reading"] == direct.verdict
    assert row["p_under_reading"] == pytest.approx(direct.p_meet)


def test_nothing_after_as_of_enters(folder, card):
    """Values after 2020 doubled, the scorecard of 2020 stays."""
    path = folder / "air" / "annual.csv"
    air = pd.read_csv(path)
    late = air["year"] > 2020
    air.loc[late, "value"] = air.loc[late, "value"] * 0.5
    air.to_csv(path, index=False)
    path = folder / "observations.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    late = (rows["year"].astype(int) > 2020) & (rows["value"] != "") & (rows["status"] == "printed")
    rows.loc[late, "value"] = "1"
    rows.to_csv(path, index=False)
    pd.testing.assert_frame_equal(xc.scorecard(data=folder), card)


def test_every_verdict_leads_back_to_row_assumption_and_formula(card):
    ids = set(xc.load("assumptions")["id"])
    targets = set(xc.load("targets")["target_id"])
    sources = set(xc.load("sources")["source_id"])
    observed = set(xc.load("observations")["obs_id"])
    for row in card.itertuples():
        assert row.target_id in targets and row.assumption_id in ids
        assert all(i in ids for i in row.parameter_ids.split(";") if i)
        assert not row.reading_id or row.reading_id in ids
        assert all(s in sources for s in row.source_ids.split(";") if s)
        if row.evidence.startswith("observations.csv: "):
            assert set(row.evidence.removeprefix("observations.csv: ").split(", ")) <= observed
        shown = row.p_meet if row.p_meet == row.p_meet else row.p_under_reading
        assert (f"{shown:.3f}" in row.formula) if shown == shown else row.formula == ""


def test_words_in_both_languages(card):
    for name in ("verdict", "why"):
        assert card[name].str.len().gt(0).all()
        assert card[f"{name}_zh"].str.contains(r"[\u4e00-\u9fff]").all()


def test_changing_the_window_in_the_register_changes_the_verdict_only_there(folder, card):
    edit(folder, "assumptions", {"id": row_of(card, "pm25")["assumption_id"]}, fit_from="2018")
    changed = xc.scorecard(data=folder)
    assert row_of(changed, "pm25")["n"] == 3 and row_of(changed, "pm25")["grade"] == "C"
    others = card["indicator"] != "pm25"
    pd.testing.assert_frame_equal(changed[others], card[others])


def test_changing_the_reading_in_the_register(folder, card):
    edit(folder, "assumptions", {"id": row_of(card, "pm25")["reading_id"]}, reading="<= 20")
    row = row_of(xc.scorecard(data=folder), "pm25")
    assert row["p_under_reading"] < row_of(card, "pm25")["p_under_reading"]
    assert row["verdict"] == CANNOT


def test_a_qualitative_target_loses_its_verdict_with_its_reading(folder):
    edit(folder, "targets", {"plan_row": "5", "plan": "十四五"}, reading="")
    row = row_of(xc.scorecard(data=folder), "heavy_day_ratio")
    assert row["verdict"] == CANNOT and row["verdict_under_reading"] == ""


def test_exceptional_year_is_data(folder, card):
    path = folder / "assumptions.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows[rows["parameter"] != "exceptional_year"]
    rows.to_csv(path, index=False)
    none = row_of(xc.scorecard(data=folder), "pm25")
    assert "_last" not in none["flags"]
    extra = {c: "" for c in rows.columns} | {
        "id": "odd_year", "parameter": "exceptional_year", "value": "2020"
    }  # fmt: skip
    pd.concat([rows, pd.DataFrame([extra])]).to_csv(path, index=False)
    row = row_of(xc.scorecard(data=folder), "pm25")
    assert "2020_last" in row["flags"].split(";")
    assert "odd_year" in row["parameter_ids"]
    assert row["upper_80"] - row["lower_80"] >= none["upper_80"] - none["lower_80"]


def test_a_reading_that_leads_nowhere_is_refused(folder):
    edit(folder, "targets", {"plan_row": "3", "plan": "十四五"}, reading="read_nothing")
    with pytest.raises(InputError, match="read_nothing"):
        xc.scorecard(data=folder)


def test_unknown_plan_names_those_there_are():
    with pytest.raises(InputError, match="十四五"):
        xc.scorecard(plan="十二五")


def test_another_scope_keeps_its_rows_and_says_that_there_is_no_target():
    frame = xc.scorecard(scope="北京市")
    assert len(frame) == 14
    lacking = frame[frame["kind"] == "none"]
    assert (lacking["verdict"] == CANNOT).all()
    city = row_of(frame, "pm25")
    assert city["target"] == 35 and city["branch"] in ("to be reached", "maintenance")
    assert 0 <= city["p_meet"] <= 1


def test_outturn_of_the_city_is_judged_directly():
    city = row_of(xc.scorecard(scope="北京市", as_of=2025), "pm25")
    assert city["verdict"] == "met" and city["latest_year"] == 2025
    assert np.isnan(city["p_meet"])


def test_target_year_without_any_value_is_flagged(card):
    assert not card["flags"].str.contains("no_outturn").any()
    later = xc.scorecard(as_of=2025)
    assert "no_outturn" in row_of(later, "area_noise")["flags"]
    assert "no_outturn" not in row_of(later, "pm25")["flags"]


def test_the_more_specific_row_of_the_register_holds():
    table = pd.DataFrame(
        [("all", None, None, None, "1"), ("plan", "p", None, None, "2"),
         ("both", "p", None, "i", "3"), ("else", "q", "s", "i", "4")],
        columns=["id", "plan", "scope", "indicator", "value"],
    ).assign(parameter="phi")  # fmt: skip

    def found(**key):
        return register.setting(table, "phi", **key)["id"]

    assert found(plan="p", scope="s", indicator="i") == "both"
    assert found(plan="p", scope="s", indicator="j") == "plan"
    assert found(plan="r", scope="s", indicator="i") == "all"
    assert found(plan="q", scope="s", indicator="i") == "else"


def test_an_area_or_a_year_that_is_none_is_refused():
    with pytest.raises(InputError, match="'nope'"):
        xc.scorecard(scope="nope")
    with pytest.raises(InputError, match="whole year"):
        xc.scorecard(as_of="2020")
