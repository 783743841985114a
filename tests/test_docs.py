"""The generated documents are current, and what the written ones say runs and leads somewhere."""

import json
import re
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.tables import schema, table_names

ROOT = Path(__file__).resolve().parents[1]
SPEED = "benchmarks/results/speed.md"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WRITTEN = ["README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
WRITTEN += ["LICENSE-data.md", "benchmarks/README.md", "docs/methods.md", "docs/methods.zh-CN.md"]
WRITTEN += ["docs/explorer.md", "docs/api.md", "docs/map.md", "data/README.md"]


@pytest.fixture
def docs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return import_module("docs")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def python_in(name):
    return re.findall(r"```python\n(.*?)```", read(name), re.DOTALL)


def anchors(text):
    """Return the anchors that a code host gives to a document's headings."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_what_is_generated_is_current_and_written_anew(docs, tmp_path, monkeypatch, capsys):
    assert docs.out_of_date() == [], "run make docs"
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "PRODUCTS", {"a.md": lambda: "text\n"})
    assert docs.main(["--check"]) == 1 and "a.md: out of date" in capsys.readouterr().out
    assert docs.main([]) == 0 and (tmp_path / "a.md").read_text() == "text\n"
    assert docs.main(["--check"]) == 0


def test_dictionary_interface_and_map_leave_nothing_out(docs):
    tables, text = set(table_names()), docs.data_dictionary()
    for table in tables:
        section = text.split(f"### `{table}.csv`")[1].split("\n### ")[0]
        for field in schema(table)["fields"]:
            assert f"| `{field['name']}` |" in section
            assert field["description_zh"] in section and field["description"] in section
    listed, text = {name for names in docs.GROUPS.values() for name in names.split()}, docs.api()
    assert listed == set(xc.__all__) - {"__version__"}
    for name in listed:
        section = text.split(f"### xc.{name}\n")[1].split("\n### ")[0]
        assert len(section.split()) > 5, f"xc.{name} has no docstring"
    assert set(docs.PLACES) == {path.stem for path in NOTEBOOKS}
    for stem, (*texts, named) in docs.PLACES.items():
        assert all(texts) and all(docs.titles_of(stem))
        loaded = set(re.findall(r'xc\.load\("([^"]+)"', docs.code_of(stem)))
        assert loaded <= set(named.split()) <= tables, stem


def test_the_table_of_speeds_tells_losses_and_only_what_was_run(docs, tmp_path, monkeypatch):
    table = docs.benchmark_table()
    for name, lang in docs.READMES.items():
        assert table.table(lang) in read(name) and table.table(lang) in read(SPEED)
    assert len(table.rows()) == table.table("zh").count("\n|") - 1
    assert any(row.takes and row.takes < row.ours for row in table.rows())
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    assert table.rows() == []
    (tmp_path / "import.md").write_text(
        "| | times import pandas | s |\n|---|---|---|\n"
        "| pandas | 1.00 | 0.200 |\n| xc_analysis, a table loaded | 2.00 | 0.400 |\n"
    )
    row = "| import, and one table read |  | 0.40 s | import pandas | 0.20 s | 0.5 |"
    assert row in table.table("en")


@pytest.mark.parametrize("name", WRITTEN)
def test_links_lead_somewhere_and_nothing_is_left_to_write(name):
    text = re.sub(r"```.*?```", "", read(name), flags=re.DOTALL)
    assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b|待补|lorem", text)
    for lead in re.findall(r"\]\((?!https?:)([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        path, _, anchor = lead.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name}: {lead}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{name}: {lead}"


def test_notebooks_and_docstrings_lead_to_what_is_there():
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for lead in re.findall(r"\]\((?!https?:)([^)#]+)\)", "".join(cell["source"])):
                assert (path.parent / lead).exists(), f"{path.name}: {lead}"
    for path in (ROOT / "xc_analysis").rglob("*.py"):
        for cited in re.findall(r"\bdocs/[\w./-]+\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / cited).is_file(), f"{path.name}: {cited}"


def test_the_readmes_are_short_and_their_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    english, chinese = (python_in(name)[0] for name in ("README.md", "README.zh-CN.md"))
    assert re.sub(r"\s+#.*", "", english) == re.sub(r"\s+#.*", "", chinese)
    assert len([line for line in english.splitlines() if line]) == 5
    assert all(len(read(n).splitlines()) <= 140 for n in ("README.md", "README.zh-CN.md"))
    names = {}
    exec(english, names)
    assert plt.get_fignums()
    plt.close("all")
    came = names["fan"].frame.loc[2025, ["median", "lower_80", "upper_80"]]
    assert came.round().tolist() == [20, 14, 29]


def test_the_worked_example_of_the_methods_is_the_package(lang_en):
    names, text = {}, read("docs/methods.md")
    exec(python_in("docs/methods.md")[0], names)
    values = pd.Series(names["y"], range(2015, 2021))
    fan = xc.project(values, 2025, prior_sd=0.08, better="lower", scale="log")
    ours = fan.frame.loc[2025, ["median", "lower_80", "upper_80"]]
    np.testing.assert_allclose([names["median"], names["lower"], names["upper"]], ours.round(1))
    for number in (names["noise"], names["variance"], names["centre"], names["half"]):
        assert f"{number:.4f}" in text or f"{number:.3f}" in text


def test_what_the_methods_say_of_estimates_is_so():
    air = ("pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_days")
    checks = {name: xc.estimate_check(name) for name in air}
    inside = sum(int(check["inside"].sum()) for check in checks.values())
    low = sum(int((checks[name]["lean"].round(2) < 0).sum()) for name in air[:6])
    assert f"{inside} of {sum(map(len, checks.values()))} intervals" in read("docs/methods.md")
    told = f"Of the {3 * 6} estimates of concentrations {low} came out low"
    assert told in read("docs/methods.md")
    estimate = xc.series("pm25").loc[2021]
    for text in (read("docs/methods.md"), read("docs/methods.zh-CN.md")):
        assert f"{estimate['value']:.1f}" in text and f"{estimate['lower']:.1f}" in text
