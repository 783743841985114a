"""The review round trip: out, marked, validated, previewed, applied whole or not at all."""

import datetime as dt
import shutil
from pathlib import Path

import openpyxl
import pytest

import xc_analysis as xc
from xc_analysis import cli
from xc_analysis.errors import InputError
from xc_analysis.intake import review_exchange
from xc_analysis.intake.review_exchange import export_review, import_review, review_files

ROOT = Path(__file__).resolve().parents[1]
ROW, READING = "fit_145_pm25", "read_heavy_eliminated"


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("review")
    shutil.copytree(ROOT / "data", folder / "pack")
    return export_review(folder / "out.xlsx", data=folder / "pack")


@pytest.fixture(autouse=True)
def unmoved(request, monkeypatch):
    """Four scorecards take seconds: they are made where a test looks at them."""
    if "verdicts_move" not in request.node.name:
        monkeypatch.setattr(review_exchange, "moved_lines", lambda before, after: [])


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(ROOT / "data", folder)
    return folder


def marked(sent, path, *cells):
    """A reviewer's copy with (id, column, value) written."""
    book = openpyxl.load_workbook(sent)
    page = book["假设"]
    heads = {c.value: c.column for c in page[2]}
    at = {page.cell(r, 1).value: r for r in range(3, page.max_row + 1)}
    for ident, column, value in cells:
        page.cell(at[ident], heads[column]).value = value
    book.save(path)
    return path


def quiet(*_):
    return None


def test_an_untouched_workbook_changes_nothing(sent, pack):
    found = review_files([sent], data=pack)
    assert not found.edits and not found.refused and not found.conflicts


def test_what_changes_and_which_verdicts_move(sent, pack, tmp_path):
    file = marked(
        sent, tmp_path / "a.xlsx", (READING, "reading", "≤ 3"), (READING, "reviewer", "张三")
    )
    before = (pack / "assumptions.csv").read_bytes()
    found = import_review([file], data=pack, say=quiet)
    assert {e.column: e.new for e in found.edits} == {"reading": "<= 3", "reviewer": "张三"}
    assert any("heavy_day_ratio" in line and "→" in line for line in found.moved)
    assert (pack / "assumptions.csv").read_bytes() == before  # told, not written


def test_apply_writes_reviewer_date_decision_and_comment(sent, pack, tmp_path):
    file = marked(sent, tmp_path / "a.xlsx", (ROW, "fit_from", "2016年"), (ROW, "reviewer", "张三"),
                  (ROW, "comment", "口径"))  # fmt: skip
    before = xc.load("assumptions", data=pack).set_index("id")
    import_review([file], data=pack, apply=True, say=quiet)
    after = xc.load("assumptions", data=pack).set_index("id")
    row = after.loc[ROW]
    assert (row["fit_from"], row["reviewer"], row["decision"]) == (2016, "张三", "changed")
    assert f"{row['reviewed_on']:%Y-%m-%d}" == dt.date.today().isoformat()
    assert "张三" in row["why"] and row["why"].endswith("口径")
    assert after.drop(index=ROW).equals(before.drop(index=ROW))
    assert xc.check(pack).empty


@pytest.mark.parametrize(
    ("column", "value", "remedy"),
    [
        ("fit_from", "二零一六", "year"),
        ("fit_to", 2014, "earlier year first"),
        ("method", "magic", "choose one of"),
        ("method", "=1+1", "paste it as a value"),
        ("quality", "B", "choose one of R, A, G"),
        ("decision", None, "give open"),
        ("reading", "about 35", "write it as <= 35"),
        ("reviewed_on", "yesterday", "2025-11-30"),
        ("why", "another reason", "only the yellow"),
    ],
)
def test_a_wrong_cell_is_named_with_its_remedy(sent, pack, tmp_path, column, value, remedy):
    file = marked(sent, tmp_path / "bad.xlsx", (ROW, column, value), (ROW, "reviewer", "张三"))
    found = review_files([file], data=pack)
    assert any(
        "bad.xlsx: 假设!" in r.place and remedy in f"{r.problem} {r.remedy}" for r in found.refused
    ), found.refused
    before = (pack / "assumptions.csv").read_bytes()
    with pytest.raises(InputError, match="nothing written"):
        import_review([file], data=pack, apply=True, say=quiet)
    assert (pack / "assumptions.csv").read_bytes() == before


def test_a_change_must_be_signed(sent, pack, tmp_path):
    file = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"))
    assert "without a reviewer" in str(review_files([file], data=pack).refused[0])


def test_one_bad_cell_stops_all(sent, pack, tmp_path):
    file = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"),
                  ("fit_145_no2", "impact", "Z"), ("fit_145_no2", "reviewer", "张三"))  # fmt: skip
    before = (pack / "assumptions.csv").read_bytes()
    with pytest.raises(InputError):
        import_review([file], data=pack, apply=True, say=quiet)
    assert (pack / "assumptions.csv").read_bytes() == before


def test_two_reviewers_agree_and_differ(sent, pack, tmp_path):
    a = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"))
    b = marked(sent, tmp_path / "b.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "李四"))
    found = review_files([a, b], data=pack)
    assert not found.conflicts
    assert "张三；李四" in found.table.decode()
    c = marked(sent, tmp_path / "c.xlsx", (ROW, "quality", "R"), (ROW, "reviewer", "李四"))
    found = review_files([a, c], data=pack)
    assert len(found.conflicts) == 1
    assert "a.xlsx" in found.conflicts[0] and "c.xlsx" in found.conflicts[0]


def test_a_register_that_has_moved_on_is_a_conflict(sent, pack, tmp_path):
    a = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"))
    import_review([a], data=pack, apply=True, say=quiet)
    b = marked(sent, tmp_path / "b.xlsx", (ROW, "quality", "R"), (ROW, "reviewer", "李四"))
    found = review_files([b], data=pack)
    assert "since" in found.conflicts[0]
    again = review_files([a], data=pack)  # the same file twice is no conflict
    assert not again.conflicts


def test_the_rules_of_the_tables_hold(sent, pack, tmp_path):
    file = marked(sent, tmp_path / "a.xlsx", (READING, "value", "7"), (READING, "reviewer", "张三"))
    found = review_files([file], data=pack)
    page = openpyxl.load_workbook(file)["假设"]
    heads = {c.value: c.column_letter for c in page[2]}
    line = next(r for r in range(3, page.max_row + 1) if page.cell(r, 1).value == READING)
    # both cells that disagree are named, though one alone was changed; no file name twice
    place = f"a.xlsx: 假设!{heads['value']}{line} and 假设!{heads['reading']}{line}: differs from"
    assert [str(r)[: len(place)] for r in found.refused] == [place]
    assert "assumptions.csv" not in str(found.refused[0])


def test_what_breaks_a_rule_is_told_together_with_the_conflicts(sent, pack, tmp_path):
    a = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"),
               (READING, "value", "4"), (READING, "reviewer", "张三"))  # fmt: skip
    b = marked(sent, tmp_path / "b.xlsx", (ROW, "quality", "R"), (ROW, "reviewer", "李四"))
    found = review_files([a, b], data=pack)
    assert len(found.conflicts) == 1 and len(found.refused) == 1
    assert "a.xlsx: 假设!" in found.refused[0].place
    # a row with a refused cell is not judged by what is left of it
    c = marked(sent, tmp_path / "c.xlsx", (READING, "value", "4"), (READING, "reading", "four"),
               (READING, "reviewer", "王五"))  # fmt: skip
    assert len(review_files([c, b], data=pack).refused) == 1


def test_a_date_to_come_is_refused(sent, pack, tmp_path):
    def dated(day):
        file = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"),
                      (ROW, "reviewed_on", day.isoformat()))  # fmt: skip
        return review_files([file], data=pack).refused

    today = dt.date.today()
    assert not dated(today)
    assert "lies in the future" in str(dated(today + dt.timedelta(days=1))[0])


@pytest.mark.parametrize("column", ["comment", "reviewer"])
def test_a_formula_is_refused_wherever_it_stands(sent, pack, tmp_path, column):
    cells = [(ROW, "quality", "A"), (ROW, "reviewer", "张三"), (ROW, column, "=1+1")]
    found = review_files([marked(sent, tmp_path / "a.xlsx", *cells)], data=pack)
    assert any("holds a formula" in str(r) for r in found.refused)
    assert not any(e.new == "=1+1" for e in found.edits)


def test_what_stands_in_the_register_is_told_as_such(sent, pack, tmp_path):
    a = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"),
               (ROW, "comment", "口径"))  # fmt: skip
    import_review([a], data=pack, apply=True, say=quiet)
    before, lines = (pack / "assumptions.csv").read_bytes(), []
    import_review([a], data=pack, apply=True, say=lines.append)
    assert all("登记表中已是" in line for line in lines[:3])
    assert not any("→" in line for line in lines)
    assert (pack / "assumptions.csv").read_bytes() == before
    # a second reviewer who agrees is something new
    b = marked(sent, tmp_path / "b.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "李四"))
    found = review_files([b], data=pack)
    assert {e.column: e.already for e in found.edits} == {"quality": True, "reviewer": False}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_without_a_change_keep_their_bytes(sent, pack, tmp_path, end):
    path = pack / "assumptions.csv"
    lines = path.read_bytes().split(b"\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(b"count_sections,"))
    lines[at] = b'"' + lines[at].replace(b",", b'","', 1)
    lines[at] = lines[at].replace(b'","', b'",', 1)  # the first cell quoted without need
    path.write_bytes(end.join(lines))
    file = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "A"), (ROW, "reviewer", "张三"))
    import_review([file], data=pack, apply=True, say=quiet)
    after = path.read_bytes().split(end)
    changed = [a for a, b in zip(after, lines, strict=True) if a != b]
    assert len(changed) == 1 and changed[0].startswith(ROW.encode())


def test_one_cell_is_one_cell(sent, pack, tmp_path):
    file = marked(sent, tmp_path / "a.xlsx", (ROW, "quality", "B"), (ROW, "reviewer", "张三"))
    with pytest.raises(InputError, match="^1 cell refused"):
        import_review([file], data=pack, apply=True, say=quiet)


def test_nothing_is_overwritten_and_other_files_are_refused(sent, tmp_path):
    with pytest.raises(InputError, match="never overwritten"):
        export_review(sent, data=ROOT / "data")
    other = tmp_path / "o.xlsx"
    openpyxl.Workbook().save(other)
    with pytest.raises(InputError, match="not a workbook of xc review"):
        review_files([other], data=ROOT / "data")


def test_the_command(sent, pack, tmp_path, capsys):
    file = marked(sent, tmp_path / "bad.xlsx", (ROW, "quality", "B"), (ROW, "reviewer", "张三"))
    assert cli.main(["review", "import", str(file), "--data", str(pack)]) == 1
    assert "choose one of R, A, G" in capsys.readouterr().out
    out = tmp_path / "new.xlsx"
    assert cli.main(["review", "export", str(out), "--data", str(pack)]) == 0
    assert out.is_file()
