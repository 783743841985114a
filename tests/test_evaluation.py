"""The evaluation pack: three lists, delegated targets apart, slots that come back."""

import io
import shutil
from pathlib import Path

import openpyxl
import pytest

import xc_analysis as xc
from xc_analysis import cli
from xc_analysis.documents.evaluation import (
    SLOT,
    SLOTS,
    annex_markdown,
    apply_slots,
    evaluate,
    evaluation_workbook,
    fill,
)
from xc_analysis.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def found():
    return evaluate("mid", 2023, data=ROOT / "data")


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(ROOT / "data", folder)
    return folder


def filled(found, path, *cells):
    """The workbook with (sheet, id, column, value) written."""
    book = openpyxl.load_workbook(io.BytesIO(evaluation_workbook(found)))
    for sheet, ident, column, value in cells:
        page = book[sheet]
        heads = {c.value: c.column for c in page[2]}
        row = next(r for r in range(3, page.max_row + 1) if page.cell(r, 1).value == ident)
        page.cell(row, heads[column]).value = value
    book.save(path)
    return path


def test_three_lists_and_the_delegated_apart(found):
    card, projects = xc.scorecard(), xc.load("projects")
    delegated = set(card.loc[card["kind"] == "delegated", "indicator"])
    assert set(found.lists["delegated"]["id"]) == delegated
    assert set(found.lists["indicators"]["id"]) == set(card["indicator"]) - delegated
    assert set(found.lists["tasks"]["id"]) | set(found.lists["projects"]["id"]) == set(
        projects["project_id"]
    )
    assert len(found.lists["projects"]) == (projects["kind"] == "project").sum()


def test_a_delegated_target_has_no_verdict(found):
    words = {"很可能", "较可能", "未达到", "已达到", "维持", "难以断定"}
    for text in found.lists["delegated"]["completion"]:
        assert not any(word in text for word in words)


def test_schedule_is_elapsed_time(found):
    row = found.lists["indicators"].set_index("id").loc["green_cover"]
    assert row["schedule"].startswith("时间 60%")  # 2020 to 2025, seen from 2023
    assert row["completion"].startswith("2020 年 31.80%")


def test_leads_are_the_responsible_units_of_projects(found):
    row = found.lists["projects"].set_index("id").loc["project_7"]
    assert row["responsible_unit"] == "区生态环境局"


def test_later_outturns_are_not_used(found):
    later = xc.load("projects")
    later = later[later["outturn_year"] > 2023]
    assert len(later)
    rows = found.lists["tasks"].set_index("id")
    assert (rows.loc[later["project_id"], "completion"] == "").all()


def test_the_public_pack_holds_no_draft():
    public = evaluate("final", 2025, data=ROOT / "data")
    inside = evaluate("final", 2025, audience="internal", data=ROOT / "data")
    assert public.withheld["air/annual"] > 0 and not inside.withheld
    assert public.known.card["outturn_lower"].isna().all()
    assert inside.known.card["outturn_lower"].notna().any()


def test_slots_are_marked_and_counted(found):
    text = annex_markdown(found)
    mark = SLOT["zh"].replace("[", "\\[")
    empty = sum((frame[list(SLOTS)] == "").sum().sum() for frame in found.lists.values())
    assert f"共 {empty} 处" in text
    assert text.count(f"| {mark} ") == empty


def test_slots_come_back(found, tmp_path):
    path = filled(found, tmp_path / "f.xlsx", ("指标", "green_cover", "原因", "用地紧"),
                  ("任务", "c2_03", "完成情况", "完成一处"))  # fmt: skip
    back, changes, refused = fill(found, path)
    assert not refused and len(changes) == 2
    assert back.lists["indicators"].set_index("id").at["green_cover", "cause"] == "用地紧"
    assert "用地紧" in annex_markdown(back)
    assert found.lists["tasks"].set_index("id").at["c2_03", "completion"] == ""  # input untouched


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("原因", "=1+1", "formula"),
        ("名称", "别的", "only the yellow"),
        ("原因", "长" * 1001, "shorten"),
    ],
)
def test_a_wrong_cell_is_named(found, tmp_path, column, value, says):
    path = filled(found, tmp_path / "f.xlsx", ("指标", "green_cover", column, value))
    _, changes, refused = fill(found, path)
    assert not changes and len(refused) == 1
    assert "指标!" in refused[0].place and says in str(refused[0])


def test_slots_are_written_to_the_table_and_read_from_it(found, pack, tmp_path):
    path = filled(found, tmp_path / "f.xlsx", ("任务", "c2_03", "完成情况", "完成一处"))
    _, changes, _ = fill(found, path)
    before = xc.load("projects", data=pack)
    apply_slots(changes, path=path, data=pack, say=lambda text: None)
    after = xc.load("projects", data=pack).set_index("project_id")
    assert after.at["c2_03", "completion"] == "完成一处"
    same = before.set_index("project_id").drop(columns="completion")
    assert after.drop(columns="completion").equals(same)
    again = evaluate("mid", 2023, data=pack)
    assert again.lists["tasks"].set_index("id").at["c2_03", "completion"] == "完成一处"


def test_the_command(tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["evaluate", "--kind", "mid", "--year", "2023", "--out", str(out)]) == 0
    assert sorted(p.suffix for p in out.iterdir()) == [".docx", ".xlsx"]
    assert "withheld" in capsys.readouterr().out
    assert cli.main(["evaluate", "--kind", "mid", "--year", "2010", "--out", str(out)]) == 1
    assert "before the plan's base year" in capsys.readouterr().err


def test_another_workbook_is_refused(found, tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(InputError, match="not a workbook of xc evaluation"):
        fill(found, path)
    path.write_bytes(b"no workbook")
    with pytest.raises(InputError, match="cannot be read as an xlsx"):
        fill(found, path)
