"""The review round trip: out, decided, previewed, written whole or not at all, taken back."""

import io
import re
from datetime import date

import openpyxl
import pytest

import xc_analysis as xc
from xc_analysis import cli
from xc_analysis.assessment import assumption_effects
from xc_analysis.changes import undo
from xc_analysis.errors import InputError
from xc_analysis.review import COLUMNS, review_export, review_import
from xc_analysis.words import use_language

FIT, READING, PRIOR = "fit_145_pm25", "read_heavy_eliminated", "prior_pm25"


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """The workbook that goes out, as bytes, in each language."""
    folder = tmp_path_factory.mktemp("review")
    made = {}
    for lang in ("zh", "en"):
        use_language(lang)
        made[lang] = review_export(folder / f"{lang}.xlsx").read_bytes()
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


def rows_of(page):
    return {r[0]: dict(zip(COLUMNS, r, strict=True)) for r in page.iter_rows(4, values_only=True)}


def test_the_assumptions_that_matter_come_first_in_words(sent):
    first, second = openpyxl.load_workbook(io.BytesIO(sent["en"])).worksheets
    matter, others = rows_of(first), rows_of(second)
    assert set(matter) | set(others) == set(xc.load("assumptions")["id"])
    assert not set(matter) & set(others)
    assert list(matter) == list(dict.fromkeys(assumption_effects()["id"]))
    row = matter[FIT]
    assert row["setting"] == "2015-2020 weighted paths"
    assert row["verdict"] == "PM₂.₅ concentration: very likely"
    assert "fitted years 2016–2020: likely 85%" in row["alternatives"]
    assert "method: damped trend: very likely" in row["alternatives"]
    assert first.data_validations.dataValidation[0].formula1 == '"accept,change,reject"'
    text = "".join(str(c.value) for page in (first, second) for r in page for c in r if c.value)
    assert not re.search("[\u4e00-\u9fff]", text.replace("官园 万寿西宫", ""))
    first = openpyxl.load_workbook(io.BytesIO(sent["zh"])).worksheets[0]
    row = rows_of(first)[FIT]
    assert row["setting"] == "2015-2020 多路径加权"
    assert "方法改为：对数线性：可能性很大" in row["alternatives"]
    assert first.data_validations.dataValidation[0].formula1 == '"同意,修改,不同意"'


@pytest.mark.parametrize(("lang", "word"), [("zh", "同意"), ("en", "accept"), ("en", "同意")])
def test_accepted_as_a_word(sent, own, tmp_path, lang, word):
    path = tmp_path / "a.xlsx"
    path.write_bytes(sent[lang])
    shown = review_import(path, apply=True)  # untouched, it changes nothing
    assert not shown.problems and not shown.changes and not (own / ".xc").exists()
    before = (own / "assumptions.csv").read_bytes()
    review_import(answered(sent, path, {FIT: {"decision": word}}, lang), apply=True)
    row = xc.load("assumptions").set_index("id").loc[FIT]
    assert (row["decision"], row["reviewer"]) == ("accepted", "张三")
    assert row["reviewed_on"].date() == date.today() and xc.check().empty
    changed = (own / "assumptions.csv").read_bytes().split(b"\n")
    assert sum(a != b for a, b in zip(changed, before.split(b"\n"), strict=True)) == 1
    undo()
    assert (own / "assumptions.csv").read_bytes() == before


def test_what_moves_is_told_then_written(sent, own, tmp_path):
    answers = {
        READING: {"decision": "change", "change_to": "≤ 0.3"},
        FIT: {"change_to": "2016—2020 damped trend", "comment": "too short otherwise"},
        PRIOR: {"decision": "修改", "change_to": "0.3"},
        "path_prior": {"decision": "reject", "comment": "依据不足"},
    }
    path = answered(sent, tmp_path / "a.xlsx", answers)
    before = {p.name: p.read_bytes() for p in own.glob("*.csv")}
    shown = review_import(path)
    assert {p.name: p.read_bytes() for p in own.glob("*.csv")} == before
    assert any("(likely) →" in line and "(about even)" in line for line in shown.verdicts), shown
    assert "2015-2020 weighted paths → 2016-2020 damped trend" in str(shown)
    assert review_import(path, apply=True).written and xc.check().empty
    rows = xc.load("assumptions").set_index("id")
    reading = rows.loc[READING, ["reading", "value", "decision"]].tolist()
    assert reading == ["<= 0.3", "0.3", "changed"]
    fit = rows.loc[FIT]
    assert (fit["fit_from"], fit["fit_to"], fit["method"]) == (2016, 2020, "damped")
    assert fit["why_en"].endswith("(张三: too short otherwise)")
    assert "too short" not in fit["why_zh"]
    assert rows.loc[PRIOR, "value"] == "0.3"
    assert rows.loc["path_prior", "decision"] == "rejected"
    assert rows.loc["path_prior", "why_zh"].endswith("（张三：依据不足）")
    undo()
    assert {p.name: p.read_bytes() for p in own.glob("*.csv")} == before


WRONG = [
    ({FIT: {"decision": "maybe"}}, {}, "write accept, change or reject"),
    ({FIT: {"decision": "accept", "change_to": "2016-2020"}}, {}, "leave the new value empty"),
    ({FIT: {"decision": "change"}}, {}, "write the new value"),
    ({FIT: {"change_to": "magic"}}, {}, "in the same form"),
    ({FIT: {"change_to": "2016-2050"}}, {}, "in the same form"),
    ({FIT: {"change_to": "2020-2016"}}, {}, "fit_from"),
    ({READING: {"change_to": "about 3"}}, {}, "in the same form"),
    ({READING: {"change_to": "=1+1"}}, {}, "formula"),
    ({PRIOR: {"change_to": "-1"}}, {}, "value"),
    ({"partial": {"change_to": "guess"}}, {}, "value"),
    ({FIT: {"id": "fit_none", "decision": "accept"}}, {}, "not in the register"),
    ({FIT: {"decision": "accept"}}, {"by": None}, "sign with the reviewer's name"),
    ({FIT: {"decision": "accept"}}, {"by": "=1"}, "formula"),
    ({FIT: {"decision": "accept"}}, {"on": "2999-01-01"}, "future"),
    ({FIT: {"decision": "accept"}}, {"on": "soon"}, "no date"),
]


@pytest.mark.parametrize(("answers", "signed", "words"), WRONG)
def test_a_wrong_cell_is_named_and_stops_all(sent, own, tmp_path, answers, signed, words):
    before = (own / "assumptions.csv").read_bytes()
    answers = answers | {"basis": {"decision": "accept"}}
    path = answered(sent, tmp_path / "a.xlsx", answers, **signed)
    shown = review_import(path, apply=True)
    assert any(words in line for line in shown.problems) and not shown.written, shown
    assert (own / "assumptions.csv").read_bytes() == before


def test_the_command(sent, own, tmp_path, capsys):
    out = tmp_path / "new.xlsx"
    assert cli.main(["review", "export", str(out)]) == 0
    assert cli.main(["review", "export", str(out)]) == 1
    path = answered(sent, tmp_path / "a.xlsx", {FIT: {"decision": "accept"}}, on="2026-01-15")
    assert cli.main(["review", "import", str(path)]) == 0
    assert cli.main(["review", "import", str(path), "--apply"]) == 0
    assert cli.main(["undo"]) == 0
    bad = answered(sent, tmp_path / "b.xlsx", {FIT: {"decision": "maybe"}})
    assert cli.main(["review", "import", str(bad), "--apply"]) == 1
    assert "to mend: assumptions that matter!I" in capsys.readouterr().out
    openpyxl.Workbook().save(tmp_path / "o.xlsx")
    with pytest.raises(InputError, match="not a workbook of xc review"):
        review_import(tmp_path / "o.xlsx")
