"""The generated documents are current."""

import importlib.util
from pathlib import Path

import pytest

from xc_analysis.tables import schema, table_names

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def docs():
    spec = importlib.util.spec_from_file_location("docs", ROOT / "tools/docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_generated_is_current(docs):
    assert docs.out_of_date() == [], "run make docs"


def test_a_changed_document_is_found_and_written_again(docs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "PRODUCTS", {"a.md": lambda: "text\n"})
    assert docs.main(["--check"]) == 1 and "a.md: out of date" in capsys.readouterr().out
    assert docs.main([]) == 0 and (tmp_path / "a.md").read_text() == "text\n"
    assert docs.main(["--check"]) == 0


def test_the_dictionary_names_every_table_and_column(docs):
    text = docs.data_dictionary()
    for table in table_names():
        section = text.split(f"### `{table}.csv`")[1].split("\n### ")[0]
        for field in schema(table)["fields"]:
            assert f"| `{field['name']}` |" in section
            assert field["description_zh"] in section and field["description"] in section
