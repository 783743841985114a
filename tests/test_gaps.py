"""Gaps: which years lack a usable value, what filling them can change, where the figure stands."""

import minipack
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.errors import InputError
from xc_analysis.intake.gap_sheet import write_template
from xc_analysis.intake.gaps import described, gaps
from xc_analysis.packs.places import home
from xc_analysis.tables import load


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return minipack.write(tmp_path_factory.mktemp("gaps"))


@pytest.fixture(scope="module")
def found(pack):
    return gaps(data=pack)


def years(frame, indicator):
    return list(frame.loc[frame["indicator"] == indicator, "year"])


def test_years_are_those_of_base_or_window_to_target_without_a_value(found):
    # green_cover: base 2020, target 2025, known 2015, 2016, 2020; no window registered
    assert years(found, "green_cover") == [2021, 2022, 2023, 2024, 2025]
    # pm25: window from 2015; 2015 derived, 2019 a whole station year, 2020 printed, 2021 a bound
    assert years(found, "pm25") == [2016, 2017, 2018, 2021, 2022, 2023, 2024, 2025]
    assert found.attrs == {"scope": "示例区", "plan": "示例规划"}


def test_what_is_known_of_a_gap_and_its_bounds_are_told(found):
    gap = found[(found["indicator"] == "pm25") & (found["year"] == 2021)].iloc[0]
    assert gap["known"] == "bound"
    assert gap["upper"] == 33 and pd.isna(gap["lower"])


def test_the_verdict_now_is_the_scorecards(found, pack):
    card = xc.scorecard(scope="示例区", plan="示例规划", as_of=2025, data=pack)
    card = card.set_index("indicator")
    for indicator in ("green_cover", "heavy_days"):
        now = found[found["indicator"] == indicator].iloc[0]
        assert now["grade_now"] == card.at[indicator, "grade"]
        assert now["verdict_now"].startswith(card.at[indicator, "verdict"])


def test_filling_the_target_year_decides_and_grade_rises_with_the_number_of_years(found):
    last = found[(found["indicator"] == "green_cover") & (found["year"] == 2025)].iloc[0]
    assert set(last["verdicts_filled"].split(" | ")) == {"met", "not met"}
    assert last["changes"]


def test_a_promised_change_is_what_happens_when_the_gap_is_filled(tmp_path):
    pack = minipack.write(tmp_path)
    before = gaps(data=pack)
    gap = before[(before["indicator"] == "green_cover") & (before["year"] == 2025)].iloc[0]
    minipack.append(
        pack,
        "observations",
        {"obs_id": "o3"},
        obs_id="o90",
        year="2025",
        value="31.90",
        locator="表9",
    )
    card = xc.scorecard(scope="示例区", plan="示例规划", as_of=2025, data=pack)
    verdict = card.set_index("indicator").at["green_cover", "verdict"]
    assert verdict == "met" and verdict in gap["verdicts_filled"].split(" | ")
    assert 2025 not in years(gaps(data=pack), "green_cover")


def test_a_qualitative_target_without_reading_moves_nothing(found):
    rows = found[found["indicator"] == "heavy_days"]
    assert len(rows) and set(rows["verdicts_filled"]) == {"cannot be judged"}


def test_lines_for_people_name_years_in_runs_and_both_languages(found):
    text = "\n".join(described(found))
    assert "2021–2024: " in text and "绿化覆盖率 Green cover" in text
    assert "无法判断" in text and "cannot be judged" in text


def test_what_is_unknown_is_refused_by_name(pack):
    with pytest.raises(InputError, match="无此规划.*示例规划"):
        gaps(plan="无此规划", data=pack)


def test_the_projects_own_gaps_cover_the_table_and_name_a_publication():
    own = gaps()
    table2 = load("indicators").dropna(subset=["plan_row"])
    assert set(table2["indicator"]) - set(own["indicator"]) == set()
    rows = own[own["indicator"].isin(table2["indicator"])]
    assert rows["publication_zh"].notna().all() and rows["where_en"].notna().all()
    noise = own[(own["indicator"] == "area_noise") & (own["year"] == 2025)].iloc[0]
    assert set(noise["verdicts_filled"].split(" | ")) == {"met", "not met"}
    # cumulated over the plan: one gap, not one a year
    assert list(own.loc[own["indicator"] == "nox_cut", "period"]) == ["2021..2025"]
    # the station years of METHODS that are strict or adequate are no gaps
    assert not set(range(2014, 2021)) & set(years(own, "pm25"))
    assert own.attrs["scope"] == home().scope


def test_what_stops_gaps_and_template_is_told_in_both_languages(tmp_path):
    pack = minipack.write(tmp_path / "pack")
    taken = tmp_path / "gaps.xlsx"
    taken.write_bytes(b"x")
    for call in (
        lambda: gaps(data=pack, scope="某区"),
        lambda: gaps(data=pack, plan="某规划"),
        lambda: write_template(taken, data=pack),
        lambda: write_template(tmp_path / "gaps.csv", data=pack),
        lambda: write_template(tmp_path / "no" / "gaps.xlsx", data=pack),
    ):
        with pytest.raises(InputError) as told:
            call()
        zh, _, en = str(told.value).rpartition(" · ")
        assert any("\u4e00" <= c <= "\u9fff" for c in zh) and en and "\n" not in str(told.value)
