"""Every printed number: recomputed by hand here, and moved when the pack moves."""

import csv
import shutil
from pathlib import Path

import pytest

from xc_analysis import tables
from xc_analysis.errors import InputError
from xc_analysis.statements import VERDICTS, statements

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="module")
def judged():
    return statements().set_index("statement_id")


@pytest.fixture
def pack(tmp_path):
    """A copy of the project's tables that a test may change."""
    folder = tmp_path / "pack"
    (folder / "air").mkdir(parents=True)
    for name in ("statements", "observations", "indicators", "targets", "projects", "air/annual"):
        shutil.copy(DATA / f"{name}.csv", folder / f"{name}.csv")
    return folder


def edit(folder, table, where, **changes):
    """Change the cells of every row that fits; say how many there were."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = reader.fieldnames, list(reader)
    fitting = [row for row in rows if all(row[k] == v for k, v in where.items())]
    for row in fitting:
        row.update(changes)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(fitting)


def judge(folder, statement_id):
    return statements(folder).set_index("statement_id").loc[statement_id]


def test_shape_of_the_answer(judged):
    assert {"statement", "printed", "recomputed", "verdict", "why"} <= set(judged.columns)
    assert set(judged["verdict"]) <= set(VERDICTS)
    assert judged.index.is_unique
    for column in ("statement", "statement_en", "printed", "why_zh", "why_en", "locator"):
        assert (judged[column].astype(str).str.len() > 0).all(), column
    assert len(judged[~judged["claim"].isin(["left_out", "unevenness"])]) >= 60


@pytest.mark.parametrize(
    ("statement_id", "by_hand", "verdict"),
    [
        ("t05", 100 * 10 / 366, "agrees"),  # 2.73 against 2.7
        ("a16", 129.8 - 110.4, "agrees"),  # 19.4 against 19
        ("a03", 40 / (1 - 0.518), "implies"),  # 82.99
        ("a09", 53, "implies"),
        ("d04", 30.38, "implies"),
        ("d05", 81.61, "implies"),
        ("b05", 40, "implies"),
        ("b11", 2240 / 293, "implies"),  # 7.6 m3
        ("b07", 50, "differs"),  # of four sections, two are nearest to 40 %
        ("d03", (21.5 + 6.59) / 50.70, "differs"),  # hectares over km2 are per cent
        ("t14_rise", 4.8 / 50.70, "differs"),
        ("t_rows", 14, "agrees"),
        ("p01", 9, "agrees"),
        ("p02", 9, "agrees"),
    ],
)
def test_arithmetic_by_hand(judged, statement_id, by_hand, verdict):
    row = judged.loc[statement_id]
    assert row["recomputed"] == pytest.approx(by_hand, rel=1e-9)
    assert row["verdict"] == verdict


def test_the_hourly_record_bears_the_air_figures_out(judged):
    for statement_id in ("a01", "a02", "a04", "a05", "a06", "a07", "a08", "f01", "t03", "t04"):
        assert judged.loc[statement_id, "verdict"] == "agrees", statement_id
    annual = tables.load("air/annual").set_index(["indicator", "year"])["value"]
    assert (
        judged.loc["a08", "recomputed"] == annual["heavy_days", 2015] - annual["heavy_days", 2020]
    )
    assert abs(judged.loc["a01", "difference"]) <= 1
    assert abs(judged.loc["t04", "difference"]) <= 0.5


def test_what_is_not_compared_has_no_difference(judged):
    settled = judged[~judged["verdict"].isin(["agrees", "differs"])]
    assert settled["difference"].isna().all()
    assert judged.loc[judged["verdict"] == "cannot tell", "why_en"].str.startswith("missing:").all()


def test_every_unevenness_is_listed_and_none_judged(judged):
    uneven = judged[judged["claim"] == "unevenness"]
    assert set(uneven["verdict"]) == {"left out"}
    text = " ".join(uneven["why_zh"] + uneven["statement"] + uneven["printed"])
    for word in ("国三", "国四", "达标面积", "建成区", "<55", ">99", "平台期", "685 (2019)"):
        assert word in text, word


def test_a_changed_observation_moves_the_verdict(pack):
    where = {"indicator": "population", "year": "2020", "period": "annual"}
    assert edit(pack, "observations", where, value="109.0") >= 1
    row = judge(pack, "a16")
    assert (row["verdict"], row["recomputed"]) == ("differs", pytest.approx(20.8))


def test_a_changed_station_year_moves_the_verdict(pack):
    where = {"indicator": "pm25", "year": "2020", "scope": "西城区"}
    assert edit(pack, "air/annual", where, value="41.6") == 1
    assert judge(pack, "a01")["verdict"] == "differs"  # 1.6 is over 1 + 0.5
    edit(pack, "air/annual", where, value="41.5")
    assert judge(pack, "a01")["verdict"] == "agrees"


def test_a_partial_station_year_settles_nothing(pack):
    where = {"indicator": "pm25", "year": "2020", "scope": "西城区"}
    edit(pack, "air/annual", where, completeness="partial")
    row = judge(pack, "a01")
    assert row["verdict"] == "cannot tell"
    assert "2020" in row["why_en"]


@pytest.mark.parametrize(
    ("comparator", "value", "recompute", "tolerance", "verdict"),
    [
        ("", "40", "40 + 1 / 2", "", "agrees"),  # half a unit of the last digit, inclusive
        ("", "40", "40.51", "", "differs"),
        ("", "40.0", "40.06", "", "differs"),  # 40.0 allows 0.05
        ("", "40.0", "40.06", "0.1", "agrees"),
        ("<", "10", "10", "", "differs"),
        ("<=", "10", "10", "", "agrees"),
        (">", "35", "35", "", "differs"),
        (">=", "35", "34.9", "", "differs"),
        (">=", "35", "34.9", "0.1", "agrees"),
    ],
)
def test_tolerance_and_comparators(pack, comparator, value, recompute, tolerance, verdict):
    edit(
        pack, "statements", {"statement_id": "a01"}, printed=value, value=value,
        comparator=comparator, recompute=recompute, tolerance=tolerance,
    )  # fmt: skip
    assert judge(pack, "a01")["verdict"] == verdict


def test_a_count_has_no_half_unit(pack):
    edit(pack, "statements", {"statement_id": "p01"}, recompute="9.4")
    assert judge(pack, "p01")["verdict"] == "differs"


@pytest.mark.parametrize(
    "recompute",
    [
        "o_not_there", "station.pm25.1999", "station.pm25", "published.nothing.2020",
        "published.pm25.2023", "printed.nowhere", "printed.a10 / 0", "count.projects.colour",
        "count.nothing.at_all", "elsewhere.pm25.2020", "40 +", "__import__('os')", "printed.a01",
    ],
)  # fmt: skip
def test_a_wrong_reference_names_the_statement(pack, recompute):
    assert edit(pack, "statements", {"statement_id": "a01"}, recompute=recompute) == 1
    with pytest.raises(InputError, match="statements.csv:2: statement 'a01'") as caught:
        statements(pack)
    assert "\n" not in str(caught.value)


def test_an_independent_claim_needs_something_to_compare(pack):
    edit(pack, "statements", {"statement_id": "a01"}, recompute="")
    with pytest.raises(InputError, match="'a01'.*recompute"):
        statements(pack)


def test_the_tables_are_not_changed(pack):
    before = {p: p.read_bytes() for p in pack.rglob("*.csv")}
    statements(pack)
    assert {p: p.read_bytes() for p in pack.rglob("*.csv")} == before
