"""The generated documents are current, and what the written ones say runs and leads somewhere."""

import io
import re
import subprocess
import zipfile
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import xc_analysis as xc
from xc_analysis.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = [path for at in ("", "docs", "data", "benchmarks") for path in (ROOT / at).glob("*.md")]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def python_in(name):
    return re.findall(r"```python\n(.*?)```", read(name), re.DOTALL)


def test_what_is_generated_is_current_and_leaves_nothing_out(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    docs = import_module("docs")
    assert docs.out_of_date() == [], "run make docs"
    listed = {name for names in docs.GROUPS.values() for name in names.split()}
    assert listed == set(xc.__all__) - {"__version__"}
    assert list(docs.PLACES) == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_s_word_template_is_that_of_the_tool(monkeypatch, lang):
    monkeypatch.syspath_prepend(ROOT / "tools")
    made = io.BytesIO(import_module("reference_docx").write(lang))
    files = map(zipfile.ZipFile, (made, ROOT / "xc_analysis" / f"report_{lang}.docx"))
    made, kept = ([(name, one.read(name)) for name in one.namelist()] for one in files)
    assert made == kept


@pytest.mark.parametrize("path", [*sorted(WRITTEN), *NOTEBOOKS], ids=lambda path: path.name)
def test_links_lead_somewhere_and_nothing_is_left_to_write(path):
    text = re.sub(r"```.*?```", "", read(path), flags=re.DOTALL)
    assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b|lorem", text)
    assert "待补" not in text or path in NOTEBOOKS, "a notebook tells which source it lacks"
    for lead in re.findall(r"\]\((?!https?:|#)([^)#]+)|src=\"([^\"]+)", text):
        assert (path.parent / "".join(lead)).exists(), lead


def test_the_commands_of_the_readmes_exist_and_their_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "\n".join(map(read, ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")))
    commands = set(re.findall(r"(?:`|^\.venv/bin/|`\.venv/bin/)xc ([a-z]+)", text, re.MULTILINE))
    assert "hourly" in commands and commands <= set(COMMANDS)
    targets = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
    command = ["make", "-n", "-C", ROOT, "ARCHIVE=x", *targets]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "-m xc_analysis build" in told and "-m pytest" in told
    for script in re.findall(r"\b(?:tools|notebooks|benchmarks)/\w+\.\w+", told):
        assert (ROOT / script).exists(), script
    english, chinese = (python_in(name)[0] for name in ("README.md", "README.zh-CN.md"))
    assert re.sub(r"\s+#.*", "", english) == re.sub(r"\s+#.*", "", chinese)
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
    air = ["pm25", "pm10", "no2", "so2", "o3_8h_p90", "co_p95", "good_day_ratio", "heavy_days"]
    checks = pd.concat({name: xc.estimate_check(name) for name in air})
    leans = checks.loc[air[:6], "lean"].round(2)
    told = f"Of the {len(leans)} estimates of concentrations {(leans < 0).sum()} came out low"
    for words in (told, f"{checks['inside'].sum()} of {len(checks)} intervals"):
        assert words in read("docs/methods.md")
