"""The generated documents are current, and what the written ones say runs and leads somewhere."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

import xc_analysis as xc
from xc_analysis.tables import schema, table_names

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = ["README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
WRITTEN += ["LICENSE-data.md", "benchmarks/README.md", "docs/methods.md", "docs/methods.zh-CN.md"]
WRITTEN += ["docs/explorer.md", "docs/api.md", "docs/map.md", "data/README.md"]


@pytest.fixture(scope="module")
def docs():
    spec = importlib.util.spec_from_file_location("docs", ROOT / "tools/docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def python_in(name):
    return re.findall(r"```python\n(.*?)```", read(name), re.DOTALL)


def anchors(text):
    """Return the anchors that a code host gives to a document's headings."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


# ---- what is generated ----------------------------------------------------------------------


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


def test_the_interface_describes_every_public_name(docs):
    listed = {name for names in docs.GROUPS.values() for name in names.split()}
    assert listed == set(xc.__all__) - {"__version__"}
    text = docs.api()
    for name in listed:
        section = text.split(f"### xc.{name}\n")[1].split("\n### ")[0]
        assert len(section.split()) > 5, f"xc.{name} has no docstring"


def test_the_map_holds_every_notebook_with_the_tables_it_names(docs):
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(docs.PLACES) == notebooks
    tables = set(table_names())
    for stem, (*texts, listed) in docs.PLACES.items():
        assert all(texts) and all(docs.titles_of(stem))
        named = set(re.findall(r'xc\.load\("([^"]+)"', docs.code_of(stem)))
        assert named <= set(listed.split()) <= tables, stem


def test_both_readmes_carry_the_measured_speeds(docs):
    table = docs.benchmark_table()
    for name, lang in docs.READMES.items():
        assert table.table(lang) in read(name)
        assert table.table(lang) in read("benchmarks/results/speed.md")
    assert len(table.rows()) == table.table("zh").count("\n|") - 1


def test_the_table_of_speeds_tells_losses_and_does_without_what_was_not_run(
    docs, tmp_path, monkeypatch
):
    table = docs.benchmark_table()
    assert any(row.takes and row.takes < row.ours for row in table.rows())
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    assert table.rows() == []
    (tmp_path / "import.md").write_text(
        "| | times import pandas | s |\n|---|---|---|\n"
        "| pandas | 1.00 | 0.200 |\n| xc_analysis, a table loaded | 2.00 | 0.400 |\n"
    )
    assert "| import, and one table read |  | 0.40 s | import pandas | 0.20 s | 0.5 |" in (
        table.table("en")
    )


# ---- what is written ------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITTEN)
def test_links_lead_somewhere(name):
    text = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
    leads = re.findall(r"\]\((?!https?:)([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for lead in leads:
        path, _, anchor = lead.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name}: {lead}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{name}: {lead}"


def test_the_example_of_the_readmes_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    english, chinese = python_in("README.md")[0], python_in("README.zh-CN.md")[0]
    code = [re.sub(r"\s+#.*", "", text) for text in (english, chinese)]
    assert code[0] == code[1]
    assert len([line for line in english.splitlines() if line]) == 5
    import matplotlib.pyplot as plt

    names = {}
    exec(english, names)
    assert plt.get_fignums()
    plt.close("all")
    came = names["fan"].frame.loc[2025]
    assert round(came["median"]) == 20
    assert [round(came["lower_80"]), round(came["upper_80"])] == [14, 29]


def test_the_readmes_are_short():
    for name in ("README.md", "README.zh-CN.md"):
        assert len(read(name).splitlines()) <= 140


def test_the_worked_example_of_the_methods_is_the_package(lang_en):
    names = {}
    exec(python_in("docs/methods.md")[0], names)
    values = dict(zip(range(2015, 2021), names["y"], strict=True))
    import pandas as pd

    fan = xc.project(pd.Series(values), 2025, prior_sd=0.08, better="lower", scale="log")
    ours = fan.frame.loc[2025, ["median", "lower_80", "upper_80"]]
    np.testing.assert_allclose([names["median"], names["lower"], names["upper"]], ours.round(1))
    text = read("docs/methods.md")
    for number in (names["noise"], names["variance"], names["centre"], names["half"]):
        assert f"{number:.4f}" in text or f"{number:.3f}" in text


def test_what_the_methods_say_of_estimates_is_so():
    air = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_days")
    checks = {name: xc.estimate_check(name) for name in air}
    inside = sum(int(check["inside"].sum()) for check in checks.values())
    low = sum(int((checks[name]["lean"] < 0).sum()) for name in air[:6])
    assert f"{inside} of {sum(map(len, checks.values()))} intervals" in read("docs/methods.md")
    assert f"All {low} estimates of concentrations came out low" in read("docs/methods.md")
    for text in (read("docs/methods.md"), read("docs/methods.zh-CN.md")):
        estimate = xc.series("pm25").loc[2021]
        assert f"{estimate['value']:.1f}" in text and f"{estimate['lower']:.1f}" in text


def test_docstrings_cite_documents_that_are_there():
    for path in (ROOT / "xc_analysis").rglob("*.py"):
        for cited in re.findall(r"\bdocs/[\w./-]+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / cited).is_file(), f"{path.name}: {cited}"


def test_a_notebook_leads_to_notebooks_that_are_there():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for lead in re.findall(r"\]\((?!https?:)([^)#]+)\)", "".join(cell["source"])):
                assert (path.parent / lead).exists(), f"{path.name}: {lead}"
