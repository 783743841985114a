"""The evaluation pack: three lists, delegated targets apart, slots that come back."""

import io
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis import cli
from xc_analysis.documents.evaluation import HEADS, SLOT, SLOTS, annex_markdown, evaluate
from xc_analysis.documents.evaluation_slots import apply_slots, evaluation_workbook, fill
from xc_analysis.errors import InputError
from xc_analysis.packs.localpack import undo
from xc_analysis.verdicts.withheld import VEILED

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
    assert row["completion"].replace("\xa0", " ").startswith("2020 年 31.80%")


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


def test_answers_are_kept_under_their_evaluation_and_can_be_taken_back(found, pack, tmp_path):
    path = filled(found, tmp_path / "f.xlsx", ("任务", "c2_03", "完成情况", "完成一处"),
                  ("指标", "heavy_day_ratio", "原因", "气象不利"))  # fmt: skip
    book = openpyxl.load_workbook(path)
    row = next(r for r in book["说明"].iter_rows(min_row=3) if r[0].value == "by")
    row[2].value = "张三"
    book.save(path)
    back, changes, _ = fill(found, path)
    before = (pack / "projects.csv").read_bytes()
    apply_slots(back, changes, path=path, data=pack, say=lambda text: None)
    assert (pack / "projects.csv").read_bytes() == before
    kept = xc.load("evaluations", data=pack).set_index("row")
    assert kept["text"].to_dict() == {"c2_03": "完成一处", "heavy_day_ratio": "气象不利"}
    assert set(kept["by"]) == {"张三"} and set(kept["kind"]) == {"mid"}
    assert xc.check(pack).empty

    def told(kind, year, audience="public"):
        lists = evaluate(kind, year, data=pack, audience=audience).lists
        return (lists["tasks"].set_index("id").at["c2_03", "completion"],
                lists["indicators"].set_index("id").at["heavy_day_ratio", "cause"])  # fmt: skip

    assert told("mid", 2023) == ("完成一处", "气象不利")
    assert told("mid", 2023, "internal") == ("完成一处", "气象不利")
    assert told("annual", 2023) == told("mid", 2024) == ("", "")
    undo(pack)
    assert told("mid", 2023) == ("", "")


def test_what_was_filled_in_inside_is_not_told_outside(pack, tmp_path):
    inside = evaluate("final", 2025, data=pack, audience="internal")
    path = filled(inside, tmp_path / "f.xlsx", ("指标", "green_cover", "原因", "内部原因"))
    back, changes, _ = fill(inside, path)
    apply_slots(back, changes, path=path, data=pack, say=lambda text: None)
    public = evaluate("final", 2025, data=pack)
    assert public.withheld["evaluations"] == 1
    assert "内部原因" not in annex_markdown(public)
    assert "内部原因" in annex_markdown(evaluate("final", 2025, data=pack, audience="internal"))


@pytest.mark.parametrize(
    ("kind", "year", "audience", "row"),
    [("annual", 2023, "public", "kind"), ("mid", 2022, "public", "year"),
     ("mid", 2023, "internal", "audience")],
)  # fmt: skip
def test_the_workbook_of_another_evaluation_is_refused(found, tmp_path, kind, year, audience, row):
    path = filled(found, tmp_path / "f.xlsx")
    page = openpyxl.load_workbook(path).worksheets[0]
    line = next(r for r in range(1, page.max_row + 1) if page.cell(r, 1).value == row)
    other = evaluate(kind, year, audience=audience, data=ROOT / "data")
    with pytest.raises(InputError, match=rf"f\.xlsx: 说明!C{line}: {row} is"):
        fill(other, path)


def test_a_workbook_without_its_first_sheet_is_refused(found, tmp_path):
    path = filled(found, tmp_path / "f.xlsx")
    book = openpyxl.load_workbook(path)
    del book["说明"]
    book.save(path)
    with pytest.raises(InputError, match="no row 'kind'"):
        fill(found, path)


def test_years_that_the_data_do_not_reach_are_refused(pack):
    with pytest.raises(InputError, match="after the plan's target year 2025"):
        evaluate("annual", 2031, data=pack)
    for name in ("observations", "air/annual"):  # the record now ends in 2020
        path = pack / f"{name}.csv"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        keep = [True, *(table["year"].astype(int) <= 2020)]
        path.write_text("".join(x for x, k in zip(lines, keep, strict=True) if k), encoding="utf-8")
    assert evaluate("annual", 2021, data=pack).year == 2021
    with pytest.raises(InputError, match="the data end in 2020"):
        evaluate("annual", 2022, data=pack)


def test_what_is_past_due_is_said_so(found):
    projects = xc.load("projects").set_index("project_id")
    past = projects.index[projects["due_year"] < 2023]
    rows = found.lists["tasks"].set_index("id")
    assert len(past) and (rows.loc[past.intersection(rows.index), "schedule"] == "期限已过").all()
    due = projects.index[projects["due_year"] == 2025].intersection(rows.index)
    assert set(rows.loc[due, "schedule"]) == {"时间 60%"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_evidence_names_documents_and_no_tables(lang):
    made = evaluate("final", 2025, data=ROOT / "data", lang=lang)
    text = annex_markdown(made)
    for code in ("observations", ".csv", "archive-hourly", "ref-273K", "o0124", "_ratio", "E 级"):
        assert code not in text
    rows = made.lists["indicators"].set_index("id")
    told = rows.at["water_function_zone_rate", "evidence"]
    title, place = (
        xc.load("observations").set_index("obs_id").loc["o0124", ["source_id", "locator"]]
    )
    source = xc.load("sources").set_index("source_id").loc[title]
    if lang == "zh":
        assert told == f"《{source['title']}》，{place}"
        assert "北京市空气质量逐小时监测数据" in rows.at["heavy_day_ratio", "evidence"]
        assert rows.at["heavy_day_ratio", "evidence"].endswith("，2015—2020")
    else:
        assert told == f"{source['short_en']}, Table 2 row 8"
    assert not any(mark in told for mark in ("; ", ", ") if lang == "zh")


def test_a_verdict_that_withheld_numbers_would_move_is_not_told():
    public = evaluate("final", 2025, data=ROOT / "data")
    card = public.known.card.set_index("indicator")
    hidden = xc.load("air/annual")
    hidden = set(hidden.loc[(hidden["release"] == "draft") & (hidden["year"] == 2025), "indicator"])
    veiled = set(card.index[card["verdict_zh"] == VEILED[0]])
    judged = evaluate("final", 2025, audience="internal", data=ROOT / "data").known.card
    judged = judged[judged["verdict"] != "cannot be judged"]
    assert veiled == hidden & set(judged["indicator"]) == {"heavy_day_ratio"}
    row = public.lists["indicators"].set_index("id").loc["heavy_day_ratio"]
    assert VEILED[0] in row["completion"] and "概率" not in row["completion"]
    assert "无数值" not in row["schedule"]  # there is a number: it is withheld
    assert card.loc["pm25", "verdict_under_reading_zh"] == VEILED[0]
    # of a year that nothing is withheld of, everything is told
    early = evaluate("annual", 2023, data=ROOT / "data").known.card.set_index("indicator")
    assert early.at["heavy_day_ratio", "p_meet"] > 0


def test_lists_to_choose_from_are_offers(found):
    page = openpyxl.load_workbook(io.BytesIO(evaluation_workbook(found)))["任务"]
    heads = {c.value: c.column_letter for c in page[2]}
    rules = {str(v.sqref).split(":")[0].rstrip("0123456789"): v
             for v in page.data_validations.dataValidation}  # fmt: skip
    assert set(rules) == {heads[HEADS[c][0]] for c in ("schedule", "responsible_unit")}
    assert rules[heads["序时进度"]].formula1.startswith('"已完成,')
    assert not any(v.showErrorMessage for v in rules.values())  # other text may stand
    assert all(len(v.formula1) <= 255 for v in rules.values())


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
