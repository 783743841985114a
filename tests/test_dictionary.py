"""The data dictionary and the Frictionless descriptor say what the schemas and the data say."""

import json

import minipack
import pytest

import xc_analysis as xc
from xc_analysis import dictionary
from xc_analysis.schema.schemas import TABLES, Column
from xc_analysis.tables import data_dir

frictionless = pytest.importorskip("frictionless", reason="frictionless (development group)")


def test_committed_files_are_in_step_with_the_schemas():
    assert dictionary.main(["--check", "--data", str(data_dir())]) == 0


def test_the_descriptor_is_valid_and_the_data_meet_it():
    report = frictionless.validate(str(data_dir() / dictionary.DESCRIPTOR))
    assert report.valid, report.flatten(["taskNumber", "rowNumber", "fieldName", "note"])[:10]


def test_the_descriptor_alone_finds_what_it_can(tmp_path):
    folder = minipack.write(tmp_path)
    dictionary.main(["--data", str(folder)])
    descriptor = str(folder / dictionary.DESCRIPTOR)
    assert frictionless.validate(descriptor).valid
    minipack.change(folder, "observations", {"obs_id": "o1"}, status="guessed")
    minipack.change(folder, "observations", {"obs_id": "o3"}, source_id="nowhere")
    minipack.change(folder, "targets", {"target_id": "t2"}, value="much")
    kinds = {kind for (kind,) in frictionless.validate(descriptor).flatten(["type"])}
    assert kinds == {"constraint-error", "foreign-key", "type-error"}


def test_every_column_is_told_in_both_languages():
    text = (data_dir() / dictionary.README).read_text(encoding="utf-8")
    for table in TABLES.values():
        section = text.split(f"### `{table.path}`")[1].split("\n### ")[0]
        for column in table.columns:
            assert column.zh and column.en, (table.name, column.name)
            assert f"| `{column.name}` |" in section
            assert any("\u4e00" <= character <= "\u9fff" for character in column.zh), column.name


def test_headers_of_the_committed_tables_are_the_schemas():
    for table in TABLES.values():
        if table.optional and not (data_dir() / table.path).exists():
            continue
        header = (data_dir() / table.path).read_text(encoding="utf-8").partition("\n")[0]
        assert tuple(header.split(",")) == table.names, table.name


def test_vocabularies_are_those_of_the_code():
    from xc_analysis import projection

    methods = TABLES["assumptions"].column("method").values
    assert set(methods) == set(projection.METHODS)


def test_writing_repairs_what_is_out_of_step(tmp_path, capsys):
    folder = minipack.write(tmp_path)
    assert dictionary.main(["--check", "--data", str(folder)]) == 1
    assert dictionary.main(["--data", str(folder)]) == 0
    assert dictionary.main(["--check", "--data", str(folder)]) == 0
    (folder / dictionary.README).write_text("edited", encoding="utf-8")
    assert dictionary.main(["--check", "--data", str(folder)]) == 1
    assert "out of step" in capsys.readouterr().out
    assert dictionary.main(["--check", "--data", str(folder / "nowhere")]) == 1
    assert json.loads((folder / dictionary.DESCRIPTOR).read_text(encoding="utf-8"))["resources"]


def test_the_title_names_the_district_of_the_pack(tmp_path):
    machine = dictionary.contents(minipack.write(tmp_path))[dictionary.DESCRIPTOR]
    title = json.loads(machine)["title"]
    assert "示例区" in title and "西城" not in machine and "Xicheng" not in machine


def test_constraints_are_those_of_the_column():
    field = dictionary._field(Column("x", "number", "零", "x", required=True, low=0, high=1), True)
    assert field["constraints"] == {"required": True, "unique": True, "minimum": 0, "maximum": 1}


def test_a_pack_written_by_the_schemas_is_clean(tmp_path):
    """Headers alone make a pack that can be checked: nothing is wrong with knowing nothing."""
    (tmp_path / "air").mkdir()
    for table in TABLES.values():
        (tmp_path / table.path).write_text(",".join(table.names) + "\n", encoding="utf-8")
    assert xc.check(tmp_path).empty
