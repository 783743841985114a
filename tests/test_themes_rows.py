"""Rows of the evidence chosen by what they are of, against the table itself."""

import pytest

import xc_analysis as xc
from xc_analysis import InputError
from xc_analysis.errors import Empty
from xc_analysis.pages import rows


@pytest.fixture(scope="module")
def observations():
    return xc.load("observations")


def test_find_takes_the_rows_in_use_of_the_home_district(observations):
    before = observations.copy()
    found = rows.find("green_cover", "new_green_area")
    own = observations.query(
        "scope == @xc.home().scope and use and indicator in ['green_cover', 'new_green_area']"
    )
    assert set(found["obs_id"]) == set(own["obs_id"])
    assert found["indicator"].is_monotonic_increasing and (found["scope_kind"] == "own").all()
    assert observations.equals(before)


def test_find_by_period_scope_and_column(observations):
    annual = rows.find("park_500m_coverage", kind="annual", basis="district-wide")
    assert (
        annual["year"].tolist() == sorted(annual["year"]) and (annual["period"] == "annual").all()
    )
    assert set(annual["basis"]) == {"district-wide"}
    every = rows.find("area_noise", scope="*")
    assert every["scope"].nunique() > 1 and set(every["scope_kind"]) == {"own", "other"}
    months = rows.find("dustfall", kind="months")
    assert months["period"].str.contains("-").all()
    assert rows.find("new_green_area", kind="years")["period"].str.fullmatch(r"\d{4}..\d{4}").all()


def test_nothing_known_is_told_by_name_with_the_remedy():
    with pytest.raises(Empty, match="area_noise（区域环境噪声.*Area noise.*xc template"):
        rows.find("area_noise", scope="无此区")
    assert rows.find("area_noise", scope="无此区", need=False).empty


def test_one_takes_the_last_period_and_refuses_two_of_it():
    assert rows.one("green_cover", kind="annual")["year"] == 2020
    with pytest.raises(InputError, match="name statistic or basis"):
        rows.one("park_500m_coverage", year=2020)


@pytest.mark.parametrize(
    ("period", "year", "zh", "en"),
    [
        ("annual", 2020, "2020年", "2020"),
        ("2020-09", 2020, "2020年9月", "Sept. 2020"),
        ("2020-01..09", 2020, "2020年1—9月", "Jan.–Sept. 2020"),
        ("2016..2020", 2020, "2016—2020年", "2016–2020"),
        ("2018-H1", 2018, "2018-H1", "2018-H1"),
    ],
)
def test_periods_in_words(period, year, zh, en):
    assert rows.period_words(period, year) == (zh, en)


def test_amounts_name_place_and_basis_where_they_differ():
    noise = rows.amounts(rows.find("traffic_noise", scope="*", kind="annual").query("year > 2019"))
    labels = dict(zip(noise["scope"], noise["label_zh"], strict=True))
    assert labels["朝阳区"] == "朝阳区 2021年 昼间"
    assert labels[xc.home().scope] == "2020年"
    assert "Chaoyang 2021, daytime" in set(noise["label_en"])


def test_as_series_keeps_evidence_and_names():
    frame = rows.as_series(rows.find("green_cover", kind="annual"))
    assert frame.index.tolist() == [2015, 2020] and frame["value"].tolist() == [30.38, 31.80]
    assert frame["status"].tolist() == ["derived", "printed"]
    assert frame.attrs["unit"] == "%" and frame["source_id"].notna().all()
    with pytest.raises(InputError, match="two rows for 2020"):
        rows.as_series(rows.find("park_500m_coverage", kind="annual"))
    with pytest.raises(InputError, match="one indicator"):
        rows.as_series(rows.find("green_cover", "area_noise", kind="annual"))
    with pytest.raises(InputError, match="one scope"):
        rows.as_series(rows.find("area_noise", scope="*", kind="annual"))


def test_targets_of_leave_candidates_and_repeats_out():
    goals = rows.targets_of("green_cover", "park_500m_coverage")
    assert goals["value"].tolist() == [31.85, 100.0]
    assert (goals["binding"] != "候选").all() and goals["plan_row"].notna().all()
    with pytest.raises(Empty, match="targets.csv"):
        rows.targets_of("green_cover", scope="无此区")
    assert rows.targets_of("green_cover", scope="无此区", need=False).empty


def test_a_plan_has_its_years_from_its_targets(tmp_path):
    assert xc.plan() == xc.plan("十四五")
    plan = xc.plan()
    own = xc.load("targets").query("plan == @plan.name and plan_row == plan_row")
    assert set(own["base_year"]) == {plan.base} and set(own["target_year"]) == {plan.target}
    assert plan.base - plan.start == plan.target - plan.base
    assert xc.plan("十五五").base == plan.target
    with pytest.raises(Empty, match="no target of any plan 无"):
        xc.plan("无")
