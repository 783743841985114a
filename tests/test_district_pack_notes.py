"""Notebook cells that meet an empty table: what they say, what they cost, what they leave alone."""

import asyncio

import nbformat
import pytest

import xc_analysis as xc
from xc_analysis import InputError, running
from xc_analysis.errors import Empty
from xc_analysis.packs import notes


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Outputs, cell by cell, of a notebook that asks for what nobody knows."""
    place = tmp_path_factory.mktemp("notes")
    sources = [
        "import xc_analysis as xc\nxc.skip_empty()",
        "a = 1\nkept = 2\nfor i in [1]:\n    lost = xc.series('so2', scope='无此区')\na = 9\nlater = 3",
        "print(a, kept)",
        "def use():\n    return lost\nx = use()\nx",
        "print(later)",
        "xc.say('一 3', 'one 3')",
        "xc.say('一 nan', 'one 3')",
        "xc.say(f'{x}', 'y')",
        "later = 5\nprint(later)",
        "found = xc.each(['pm25', 'nobody'], lambda i: i if i == 'pm25' else xc.stop_unless(0, '无', 'none'))",
        "print(found)",
        "xc.each(['a'], lambda i: xc.stop_unless(0, '无', 'none'), need=False)",
    ]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    path = place / "n.ipynb"
    nbformat.write(nb, path)
    done = asyncio.run(running.execute(path, figures=place / "f", data=xc.tables.data_dir()))
    shown = [
        "".join(o.get("text", "") or o.get("data", {}).get("text/markdown", "") for o in c.outputs)
        for c in done.cells
    ]
    return shown, done


def test_a_cell_says_in_both_languages_what_is_empty(cells):
    shown, done = cells
    assert "空　/　Empty" in shown[1] and "无此区" in shown[1] and "so2" in shown[1]
    assert "xc template" in shown[1]
    assert done.metadata["empty"][0] in shown[1]


def test_names_bound_before_the_failing_statement_stay(cells):
    # `a` is bound again after the failing line, so its first value is no value to go on with
    assert "a" in cells[0][2] and "empty above" in cells[0][2]


def test_a_cell_that_needs_a_lost_name_is_left_out(cells):
    shown, _ = cells
    assert "`lost`" in shown[3] and "`later`" in shown[4]
    assert shown[8].strip() == "5"  # bound anew, it is known again


def test_a_sentence_with_a_missing_number_is_not_made(cells):
    shown, _ = cells
    assert shown[5] == "一 3\n\none 3"
    assert shown[6] == "" and shown[7] == ""


def test_each_gives_what_is_known_and_tells_of_the_rest(cells):
    shown, done = cells
    assert "无 · none" in shown[9] and "{'pm25': 'pm25'}" in shown[10]
    assert "无 · none" in done.metadata["empty"]
    assert "无 · none" in shown[11]


def test_other_errors_still_fail(tmp_path):
    path = tmp_path / "n.ipynb"
    source = "import xc_analysis as xc\nxc.skip_empty()\nundefined_name"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    with pytest.raises(RuntimeError, match="undefined_name"):
        asyncio.run(running.execute(path, figures=tmp_path, data=xc.tables.data_dir()))


def test_outside_a_notebook_nothing_changes():
    notes.skip_empty()
    with pytest.raises(Empty, match="无 · none"):
        notes.stop_unless([], "无", "none")
    with pytest.raises(Empty, match="另1项"):
        notes.each("ab", lambda i: notes.stop_unless(0, i, i))
    assert notes.each("ab", lambda i: notes.stop_unless(0, i, i), need=False) == {}
    assert issubclass(Empty, InputError)


@pytest.mark.parametrize(
    ("line", "names"),
    [(1, ["a", "b", "i", "c", "f"]), (2, ["b", "i", "c", "f"]), (4, ["i", "c", "f"]), (6, ["f"])],
)
def test_names_bound_from_a_line_on(line, names):
    source = "a = 1\nb = (\n    2)\nfor i in ():\n    c = 3\ndef f():\n    d = 4\n"
    assert notes._bound_from(source, line) == names
