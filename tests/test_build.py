"""The build: what it runs, keeps, replaces and refuses, on small notebooks of the tests."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from xc_analysis import build as builder
from xc_analysis.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
DRAW = """
import os, types
from pathlib import Path
def draw(stem, value):
    for lang in ("zh", "en"):
        path = Path(os.environ["XC_BUILD_FIGURES"]) / lang / f"{stem}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(value))
xc = types.SimpleNamespace(figure=lambda stem: lambda function: draw(stem, function()))
"""
PAGE, SECOND = "report/notebooks/10_a.html", "report/notebooks/20_b.html"
REPORT = "report/xc-report-zh.html"


def draws(stem: str, value: int = 1) -> str:
    """A cell with one figure."""
    return f'@xc.figure("{stem}")\ndef {stem}():\n    return {value}\n'


class Project:
    """A folder with notebooks and a table, built into a folder beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notebooks, self.out = folder, folder / "notebooks", folder / "out"
        self.table = folder / "data" / "sources.csv"
        self.notebooks.mkdir()
        self.table.parent.mkdir()
        self.table.write_text("source_id\nx\n")

    def notebook(self, name: str, *sources: str, prose: str = "# 题 Title") -> Path:
        codes = [nbformat.v4.new_code_cell(source) for source in (DRAW, *sources)]
        cells = [nbformat.v4.new_markdown_cell(prose), *codes]
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    def build(self, *names: str, **options) -> dict[str, str]:
        where = builder.folders(self.out, self.notebooks)
        outcomes, self.reports = builder.build(names, where=where, **options)
        assert not where.staging.exists()
        self.outcomes = {o.name: o for o in outcomes}
        return {o.name: o.state for o in outcomes}

    def files(self) -> dict[str, str]:
        """All that is written but what the build remembers."""
        paths = [p for p in self.out.rglob("*.*") if p.is_file() and ".cache" not in p.parts]
        return {p.relative_to(self.out).as_posix(): p.read_text("utf-8") for p in paths}


@pytest.fixture
def project(tmp_path, monkeypatch, lang_en):
    def plain(lang, out, **_figures):
        (out / f"xc-report-{lang}.html").write_text(f"<p>{lang}</p>")

    made = Project(tmp_path)
    monkeypatch.setenv("XC_DATA", str(made.table.parent))
    monkeypatch.setattr(builder, "PACKAGE", made.notebooks / "none")  # as it is, for a test's time
    monkeypatch.setattr("xc_analysis.report.build", plain)
    return made


def test_a_change_reruns_only_what_changed_and_what_nothing_draws_any_more_goes(project):
    project.notebook("10_a", draws("fig_a"))
    second = project.notebook("20_b", draws("fig_b"))
    assert builder.notebook_of_figure("fig_b", project.notebooks) == second
    assert project.build() == {"10_a": "run", "20_b": "run"}
    names = {f"figures/{lang}/fig_{x}.csv" for lang in ("zh", "en") for x in "ab"}
    before = project.files()
    assert set(before) == names | {PAGE, SECOND, REPORT}
    stamps = [path.stat().st_mtime_ns for path in map(project.out.joinpath, before)]
    assert project.build() == {"10_a": "kept", "20_b": "kept"}
    assert stamps == [path.stat().st_mtime_ns for path in map(project.out.joinpath, before)]
    for name, state in {"figures/zh/fig_a.csv": "run", PAGE: "run", REPORT: "kept"}.items():
        for harm in (Path.unlink, lambda path: path.write_text("")):
            harm(project.out / name)
            assert project.build() == {"10_a": state, "20_b": "kept"}
            assert project.files() == before  # what is not as it was written is made again
    project.table.write_text("source_id\ny\n")
    assert project.build("10") == {"10_a": "run"}
    assert project.reports == []  # the other notebook has not seen the new table
    project.notebook("20_b", draws("fig_a", 5))
    assert project.build() == {"10_a": "kept", "20_b": "run"}
    project.notebook("10_a", "1")  # the figure has moved
    assert project.build() == {"10_a": "run", "20_b": "kept"}
    assert [p.relative_to(project.out).as_posix() for p in project.reports] == [REPORT]
    drawn = {name: text for name, text in project.files().items() if name.startswith("figures")}
    assert drawn == {f"figures/{lang}/fig_a.csv": "5" for lang in ("zh", "en")}
    second.unlink()
    assert project.build() == {"10_a": "kept"}
    assert set(project.files()) == {PAGE, REPORT}
    assert project.build("10", force=True) == {"10_a": "run"}


def test_package_libraries_and_language_are_in_the_key(project, monkeypatch):
    monkeypatch.setattr(builder, "PACKAGE", project.folder)
    keys = [builder.common_key(project.folder, lang) for lang in ("zh", "zh", "en")]
    (project.folder / "build.py").write_text("x = 1\n")
    keys.append(builder.common_key(project.folder, "zh"))
    monkeypatch.setattr(builder, "_installed", lambda: ["pandas-0.0.1.dist-info"])
    keys.append(builder.common_key(project.folder, "zh"))
    assert keys[0] == keys[1] and len(set(keys)) == 4


def test_a_failure_is_one_line_and_keeps_figures_page_and_report(project):
    project.notebook("10_a", draws("fig_a"))
    project.notebook("20_b", draws("fig_b"))
    project.build()
    before = project.files()
    project.notebook("20_b", draws("fig_b"), "import warnings; warnings.warn('glyph missing')")
    project.notebook("10_a", draws("fig_a", 9), "values = [1]\nprint(1)\nvalues[3]")
    assert project.build() == {"10_a": "failed", "20_b": "run"}
    told = str(project.outcomes["10_a"].why)
    assert told == "cell 4, line 3 `values[3]`: IndexError: list index out of range"
    assert project.outcomes["20_b"].warnings == ("UserWarning: glyph missing",)
    for number in range(3, 8):
        project.notebook(f"{number}0_c", "os._exit(3)")
    with pytest.raises(InputError, match=r"^\d0_c: its kernel died .+; close other .+ and run .+$"):
        project.build(jobs=2)  # the first dead kernel ends it
    after = project.files()
    assert after.pop(SECOND) != before.pop(SECOND)
    assert after == before and project.reports == []


def test_each_notebook_has_a_kernel_and_a_home_of_its_own(project):
    own = f"""
import sys
assert "secret" not in globals() and sys.executable == {sys.executable!r}
assert os.environ["XC_DATA"] == {str(project.table.parent)!r}
assert os.environ["HOME"].startswith({str(project.out)!r})
assert Path.cwd().name == "notebooks" and os.environ["XC_LANG"] == "en"
"""
    project.notebook("10_a", "secret = 1")
    project.notebook("20_b", own)
    states = project.build(jobs=2, languages=("en",))
    assert states == {"10_a": "run", "20_b": "run"}, project.outcomes


# a job in the background of a shell would be deaf to an interrupt
RUN = """
import signal, sys
from pathlib import Path
from xc_analysis import build, cli
signal.signal(signal.SIGINT, signal.default_int_handler)
build.ROOT = Path(sys.argv[1])
sys.exit(cli.main(["build", "--lang", "en", "--out", str(build.ROOT / "out")]))
"""


def test_a_build_waits_for_another_and_interrupted_leaves_what_was_there(project):
    """In a process of its own that has neither home nor locale."""
    project.notebook("10_a", draws("fig_a"))
    project.build(languages=("en",))
    before, pid = project.files(), project.folder / "pid"
    slow = f"Path({str(pid)!r}).write_text(str(os.getpid()))\nimport time; time.sleep(60)"
    project.notebook("10_a", draws("fig_a", 2), slow)
    env = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CONFIG_HOME")}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    how["env"] = env | {"LANG": "C", "LC_ALL": "C"}
    with builder._alone(builder.folders(project.out, project.notebooks), print):
        run = subprocess.Popen([sys.executable, "-c", RUN, str(project.folder)], **how)
        assert "another build is running here" in run.stdout.readline()
        assert not pid.exists()
    while not (pid.exists() and pid.read_text()):
        assert run.poll() is None, "the build ended"
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 130 and "interrupted" in err and "Traceback" not in err
    assert project.files() == before and not list(project.out.rglob("staging"))
    assert not Path(f"/proc/{pid.read_text()}").exists(), "the kernel outlived the build"
    project.notebook("10_a", draws("fig_a", 3))
    assert project.build() == {"10_a": "run"}
    assert project.files()["figures/en/fig_a.csv"] == "3"


def test_a_page_folds_code_keeps_tables_and_has_no_outside_address(project):
    table = """
from IPython.display import HTML
HTML('<style>td {color: red}</style><script>alert(1)</script><table onclick="x()"><tr>'
     '<th colspan="2">名称</th><td>a &lt; b https://example.org/x</td></tr></table>')
"""
    prose = "# 图1\n\n[page](https://example.org/y), [next](20_b.ipynb) <script>alert(2)</script>"
    prose += " ![p](https://example.org/p.png)"
    project.notebook("10_a", table, "print('<b>')", prose=prose)
    project.build()
    page = project.files()[PAGE]
    assert "<title>图1</title>" in page
    shown = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL).partition("<body>")[2]
    assert not re.search(r"@import|<script|<link|onclick|<style|https?:|//cdn", shown)
    assert set(re.findall(r'(?:href|src)="([^"]{0,30})', page)) == {"20_b.html"}
    assert "example.org/y" in shown and '<th colspan="2">名称</th>' in shown
    assert "a &lt; b" in shown and "&lt;b&gt;" in shown
    assert page.count("<details>") == 3 and "print(" not in shown
