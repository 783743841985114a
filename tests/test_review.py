"""The review round trip: out, decided, previewed, written whole or not at all, taken back."""

import io
import re
from datetime import date

import openpyxl
import pandas as pd
import pytest
from minipack import cases, contents

import xc_analysis as xc
from xc_analysis import cli
from xc_analysis.assessment import assumption_effects
from xc_analysis.review import COLUMNS, review_import
from xc_analysis.words import use_language

FIT, READING, PRIOR = "fit_145_pm25", "read_heavy_eliminated", "prior_pm25"


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """The workbook that goes out, as bytes, in each language."""
    folder, made = tmp_path_factory.mktemp("review"), {}
    for lang in ("zh", "en"):
        path = folder / f"{lang}.xlsx"
        assert cli.main(["review", "export", str(path), "--lang", lang]) == 0
        made[lang] = path.read_bytes()
    use_language(None)
    return made


@pytest.fixture
def own(pack, lang_en):
    """A copy of the tables that is worked with."""
    xc.use_data(pack)
    return pack


def answered(sent, path, answers, lang="en", by="张三", on=None):
    """Write a reviewer's copy: answers by assumption, (column, value) each."""
    book = openpyxl.load_workbook(io.BytesIO(sent[lang]))
    book.worksheets[0]["B2"], book.worksheets[0]["D2"] = by, on
    for page in book:
        for row in range(4, page.max_row + 1):
            for column, value in answers.get(page.cell(row, 1).value, {}).items():
                page.cell(row, COLUMNS.index(column) + 1).value = value
    book.save(path)
    return path


TOLD = {
    "zh": ("2015-2020 多路径加权", "方法改为：对数线性：可能性很大", "同意,修改,不同意"),
    "en": ("2015-2020 weighted paths", "method: damped trend: very likely", "accept,change,reject"),
}


@pytest.mark.parametrize("lang", TOLD)
def test_the_assumptions_that_matter_come_first_in_words(sent, tmp_path, lang):
    setting, alternative, answers = TOLD[lang]
    book = openpyxl.load_workbook(io.BytesIO(sent[lang]))
    matter, others = ({row[0].value: row for row in page.iter_rows(4)} for page in book)
    assert sorted([*matter, *others]) == sorted(xc.load("assumptions")["id"])
    assert list(matter) == list(dict.fromkeys(assumption_effects()["id"]))
    row = dict(zip(COLUMNS, (cell.value for cell in matter[FIT]), strict=True))
    offered = book.worksheets[0].data_validations.dataValidation[0].formula1.strip('"')
    assert (row["setting"], offered) == (setting, answers) and alternative in row["alternatives"]
    if lang == "en":
        assert row["verdict"] == "PM₂.₅ concentration: very likely"
        assert "fitted years 2016–2020: likely 85 %; " in row["alternatives"]
        assert "100 %" not in row["alternatives"], "nothing is certain"
        text = "".join(str(cell.value) for page in book for line in page for cell in line)
        assert not re.search("[\u4e00-\u9fff]", text.replace("官园 万寿西宫", ""))
    # as it is it changes nothing; a decision is taken in the words that it offers
    path, accepted = tmp_path / "a.xlsx", {FIT: {"decision": answers.split(",")[0]}}
    for decisions, count in (({}, 0), (accepted, 1)):
        shown = review_import(answered(sent, path, decisions, lang))
        assert not shown.problems and len(shown.changes) == count


def test_what_moves_is_told_then_written_and_taken_back(sent, own, tmp_path):
    answers = {
        READING: {"decision": "change", "change_to": "≤ 0.3"},
        FIT: {"change_to": "2016—2020 damped trend", "comment": "too short otherwise"},
        PRIOR: {"decision": "修改", "change_to": "0.3"},
        "path_prior": {"decision": "reject", "comment": "依据不足"},
        "basis": {"decision": "accept"},
    }
    path, before = answered(sent, tmp_path / "a.xlsx", answers), contents(own)
    shown = review_import(path)
    assert contents(own) == before
    assert any("(likely) →" in line and "(about even)" in line for line in shown.verdicts), shown
    assert "2015-2020 weighted paths → 2016-2020 damped trend" in str(shown)
    assert cli.main(["review", "import", str(path), "--apply"]) == 0 and xc.check().empty
    rows = xc.load("assumptions").set_index("id")
    told = {
        READING: {"reading": "<= 0.3", "value": "0.3", "decision": "changed"},
        FIT: {"fit_from": 2016, "fit_to": 2020, "method": "damped", "reviewer": "张三"},
        PRIOR: {"value": "0.3", "decision": "changed"},
        "path_prior": {"decision": "rejected"},
        "basis": {"decision": "accepted", "reviewed_on": pd.Timestamp(date.today())},
    }
    assert {key: rows.loc[key, [*cells]].to_dict() for key, cells in told.items()} == told
    # a comment stands in its own language only
    assert rows.loc[FIT, "why_en"].endswith("(张三: too short otherwise)")
    assert "too short" not in rows.loc[FIT, "why_zh"]
    assert rows.loc["path_prior", "why_zh"].endswith("（张三：依据不足）")
    lines = [tables["assumptions.csv"].split(b"\n") for tables in (before, contents(own))]
    assert sum(a != b for a, b in zip(*lines, strict=True)) == len(answers)
    assert [cli.main(["undo"]), contents(own)] == [0, before]


# answers to an assumption (a=1|b=2), the signature, and what is said of them
WRONG = cases("review")


@pytest.mark.parametrize("case", WRONG.to_dict("records"))
def test_a_wrong_cell_is_named_and_stops_all(sent, own, tmp_path, capsys, case):
    answers = {case["id"]: dict(cell.split("=", 1) for cell in case["cells"].split("|"))}
    answers |= {"basis": {"decision": "accept"}}
    signed = {"by": case["reviewer"], "on": case["date"] or None}
    path, before = answered(sent, tmp_path / "a.xlsx", answers, **signed), contents(own)
    assert cli.main(["review", "import", str(path), "--apply"]) == 1
    told = capsys.readouterr().out
    assert re.search(f"to mend: .+![A-Z]+[0-9]+: .*{case['words']}", told), told
    assert "nothing written" in told and contents(own) == before
