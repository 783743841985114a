"""The build: what it runs, keeps, replaces and refuses, on small notebooks of the tests."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import product
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
    for name, content in {"png": "png", "csv": f"year,value\\n2015,{value}\\n"}.items():
        for lang in ("zh", "en"):
            path = Path(os.environ["XC_BUILD_FIGURES"]) / lang / f"{stem}.{name}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
xc = types.SimpleNamespace(figure=lambda stem: lambda function: draw(stem, function()))
"""


def draws(stem: str, value: int = 1) -> str:
    """A cell with one figure."""
    return f'@xc.figure("{stem}")\ndef {stem}():\n    return {value}\n'


class Project:
    """A folder with notebooks and a table, built into a folder beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.notebooks, self.data = folder, folder / "notebooks", folder / "data"
        self.notebooks.mkdir()
        self.data.mkdir()
        (self.data / "sources.csv").write_text("source_id\nx\n")

    @property
    def where(self) -> builder.Folders:
        return builder.folders(self.folder / "out", self.notebooks)

    def notebook(self, name: str, *sources: str, prose: str = "# 题 Title") -> Path:
        cells = [nbformat.v4.new_markdown_cell(prose, id="c")]
        sources = enumerate((DRAW, *sources))
        cells += [nbformat.v4.new_code_cell(source, id=f"c{n}") for n, source in sources]
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    def build(self, *names: str, **options) -> dict[str, str]:
        outcomes, self.reports = builder.build(names, where=self.where, **options)
        self.outcomes = {o.name: o for o in outcomes}
        assert not self.where.staging.exists()
        return {o.name: o.state for o in outcomes}

    def figures(self) -> dict[str, bytes]:
        folder = self.where.figures
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def start(self, **environment: str | None) -> subprocess.Popen:
        """Run ``xc build`` on it in a process of its own."""
        code = (  # a job in the background of a shell would be deaf to an interrupt
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from pathlib import Path\n"
            "from xc_analysis import build, cli, report\n"
            "notebooks, out = map(Path, sys.argv[1:])\n"
            "build.ROOT = notebooks.parent\n"
            "report.build = lambda lang, out, **_: (out / 'r.html').write_text('x')\n"
            "sys.exit(cli.main(['build', '--lang', 'en', '--out', str(out)]))"
        )
        env = {**os.environ, "XC_DATA": str(self.data)} | environment
        command = [sys.executable, "-c", code, str(self.notebooks), str(self.folder / "out")]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
        how["env"] = {name: value for name, value in env.items() if value is not None}
        return subprocess.Popen(command, **how)


@pytest.fixture
def project(tmp_path, monkeypatch, lang_en):
    def plain(lang, out, **_figures):
        (out / f"xc-report-{lang}.html").write_text(f"<p>{lang}</p>")

    made = Project(tmp_path)
    monkeypatch.setenv("XC_DATA", str(made.data))
    monkeypatch.setattr(builder, "PACKAGE", made.notebooks / "none")  # as it is, for a test's time
    monkeypatch.setattr("xc_analysis.report.build", plain)
    return made


def test_first_run_writes_second_keeps_and_a_change_reruns_only_what_changed(project):
    project.notebook("10_a", draws("fig_a"))
    project.notebook("20_b", draws("fig_b"))
    assert project.build() == {"10_a": "run", "20_b": "run"}
    names = {f"{lang}/fig_{x}.{k}" for lang in ("zh", "en") for x in "ab" for k in ("png", "csv")}
    assert set(project.figures()) == names
    assert project.build() == {"10_a": "kept", "20_b": "kept"}
    project.notebook("20_b", draws("fig_b", 2))
    assert project.build() == {"10_a": "kept", "20_b": "run"}
    assert project.figures()["en/fig_b.csv"] == b"year,value\n2015,2\n"
    (project.data / "sources.csv").write_text("source_id\ny\n")
    assert project.build("10") == {"10_a": "run"}
    assert project.reports == []  # the other notebook has not seen the new table
    assert project.build() == {"10_a": "kept", "20_b": "run"}
    assert [p.name for p in project.reports] == ["xc-report-zh.html"]
    assert project.build("10", force=True) == {"10_a": "run"}


def test_package_libraries_and_language_are_in_the_key(project, monkeypatch):
    def key(lang="zh"):
        return builder.common_key(project.data, lang)

    keys = [key(), key("en")]
    assert key() == keys[0]
    monkeypatch.setattr(builder, "_installed", lambda: ["pandas-0.0.1.dist-info"])
    keys.append(key())
    monkeypatch.setattr(builder, "PACKAGE", project.folder)
    for text in ("x = 1\n", "x = 2\n"):
        (project.folder / "build.py").write_text(text)
        keys.append(key())
    assert len(set(keys)) == 5


FIGURE, PAGE = "figures/zh/fig_a.csv", "report/notebooks/10_a.html"
REPORT = "report/xc-report-en.html"


def test_an_output_that_is_not_as_written_is_made_again_and_a_whole_one_kept(project):
    project.notebook("10_a", draws("fig_a"))
    project.build(languages=("zh", "en"))
    good = {name: (project.where.out / name).read_bytes() for name in (FIGURE, PAGE, REPORT)}
    stamp = project.reports[0].stat().st_mtime_ns
    for name, harm in product(good, (Path.unlink, lambda path: path.write_text(""))):
        harm(project.where.out / name)
        state = "kept" if name == REPORT else "run"
        assert project.build(languages=("zh", "en")) == {"10_a": state}
        assert (project.where.out / name).read_bytes() == good[name]
    assert project.reports[0].stat().st_mtime_ns == stamp


def test_a_failure_is_one_line_and_keeps_figures_page_and_report(project):
    project.notebook("10_a", draws("fig_a"))
    project.notebook("20_b", draws("fig_b"))
    project.build()
    files = [*project.reports, project.where.out / PAGE]
    before = [project.figures(), *(p.read_bytes() for p in files)]
    project.notebook("20_b", draws("fig_b"), "import warnings; warnings.warn('glyph missing')")
    project.notebook("10_a", draws("fig_a", 9), "values = [1]\nprint(1)\nvalues[3]")
    assert project.build() == {"10_a": "failed", "20_b": "run"}
    assert project.outcomes["20_b"].warnings == ("UserWarning: glyph missing",)
    told = str(project.outcomes["10_a"].why)
    assert told == "cell 4, line 3 `values[3]`: IndexError: list index out of range"
    assert project.reports == []
    assert [project.figures(), *(p.read_bytes() for p in files)] == before


def test_the_first_dead_kernel_ends_the_build_with_one_line_and_the_remedy(project):
    for number in range(5):
        project.notebook(f"{number}0_a", "os._exit(3)")
    with pytest.raises(InputError, match=r"^\d0_a: its kernel died .+; close other .+ and run .+$"):
        project.build(jobs=2)
    assert not project.where.staging.exists()


def test_a_figure_no_longer_drawn_goes_and_one_of_another_notebook_stays(project):
    project.notebook("10_a", draws("fig_a"), draws("fig_old"))
    gone = project.notebook("20_b", draws("fig_b"))
    project.build()
    project.notebook("10_a", draws("fig_a"))
    project.build()
    assert {Path(name).stem for name in project.figures()} == {"fig_a", "fig_b"}
    project.notebook("20_b", draws("fig_a", 5))
    project.notebook("10_a", "1")  # the figure has moved
    project.build()
    assert project.figures()["zh/fig_a.csv"] == b"year,value\n2015,5\n"
    gone.unlink()
    project.build()
    assert project.figures() == {}
    assert not (project.where.out / "report/notebooks/20_b.html").exists()


def test_notebooks_run_side_by_side_each_in_a_kernel_and_a_home_of_its_own(project, monkeypatch):
    """In this interpreter, whatever kernels are registered."""
    spec = project.folder / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    wrong = {"argv": ["no-such-python", "{connection_file}"], "display_name": "x"}
    (spec / "kernel.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("JUPYTER_PATH", str(project.folder / "jupyter"))
    meet = """
import sys, time
Path("{0}").touch()
until = time.monotonic() + 30
while not Path("{1}").exists():
    assert time.monotonic() < until, "alone"
"""
    a, b = (str(project.folder / f"here_{x}") for x in "ab")
    project.notebook("10_a", meet.format(a, b), "secret = 1")
    project.notebook(
        "20_b",
        meet.format(b, a),
        f"assert 'secret' not in globals() and sys.executable == {sys.executable!r}",
        f"assert os.environ['XC_DATA'] == {str(project.data)!r}",
        f"assert os.environ['HOME'].startswith({str(project.folder / 'out')!r})",
        "assert os.environ['IPYTHONDIR'].startswith(os.environ['HOME'])",
        "assert Path(os.environ['XC_BUILD_FIGURES']).parent.parent.name == 'staging'",
        "assert Path.cwd().name == 'notebooks' and os.environ['XC_LANG'] == 'en'",
    )
    assert set(project.build(jobs=2, languages=("en",)).values()) == {"run"}, project.outcomes


def test_the_notebook_of_a_figure_is_found_and_refusals_name_the_remedy(project):
    with pytest.raises(InputError, match="no notebooks here"):
        builder.folders(notebooks=project.folder)
    first = project.notebook("10_a", '@xc.figure("noise")\ndef noise(): ...')
    path = project.notebook("20_b", "@xc.figure('dust')\ndef dust(): ...")
    assert builder.notebook_of_figure("dust", project.notebooks) == path
    with pytest.raises(InputError, match="smoke: no such figure; there are dust, noise"):
        builder.notebook_of_figure("smoke", project.notebooks)
    with pytest.raises(InputError, match="99: no such notebook; there are 10_a, 20_b"):
        project.build("99")
    first.write_text("{}")
    with pytest.raises(InputError, match="10_a.ipynb: not a notebook"):
        project.build()


def wait_for(true) -> bool:
    """Whether something becomes true within thirty seconds."""
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_what_was_there_and_the_next_one_works(project, end):
    project.notebook("10_a", draws("fig_a"))
    project.build(languages=("en",))
    figures, pid = project.figures(), project.folder / "pid"
    slow = f"Path({str(pid)!r}).write_text(str(os.getpid()))\nimport time; time.sleep(60)"
    project.notebook("10_a", draws("fig_a", 2), slow)
    run = project.start()
    assert wait_for(lambda: pid.exists() and pid.read_text() != "")
    run.send_signal(end)
    _, err = run.communicate(timeout=30)
    if end != signal.SIGKILL:
        assert run.returncode == 130
        assert "interrupted" in err and "Traceback" not in err
        assert not project.where.staging.exists()
    assert project.figures() == figures
    assert wait_for(lambda: is_gone(int(pid.read_text()))), "the kernel outlived the build"
    project.notebook("10_a", draws("fig_a", 3))
    assert project.build() == {"10_a": "run"}
    assert project.figures()["en/fig_a.csv"] == b"year,value\n2015,3\n"


def test_a_second_build_waits_and_needs_neither_home_nor_locale(project):
    pytest.importorskip("fcntl", reason="builds are kept apart by a lock of Unix")
    project.notebook("10_a", draws("fig_a"))
    with builder._alone(project.where, print):
        run = project.start(HOME=None, LANG="C", LC_ALL="C", XDG_CONFIG_HOME=None)
        assert "another build is running here" in run.stdout.readline()
        assert project.figures() == {}
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (0, "") and "1 run" in out


def test_a_page_folds_code_keeps_tables_and_has_no_outside_address(project):
    table = """
from IPython.display import HTML
HTML('<style>td {color: red}</style><script>alert(1)</script><table onclick="x()"><thead><tr>'
     '<th colspan="2">名称</th></tr></thead><tr><th>a</th><td>40.5</td>'
     '<td>a &lt; b https://example.org/x</td><td>NaN</td></tr></table>')
"""
    prose = (
        "# 图1\n\nThis [page](https://example.org/y), [next](20_b.ipynb), $x^2$ "
        "<script>alert(2)</script>![p](https://example.org/p.png)"
    )
    project.notebook("10_a", table, "print('seen <b>')", prose=prose)
    project.build()
    page = (project.where.out / PAGE).read_text("utf-8")
    assert "<title>图1</title>" in page
    shown = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL).partition("<body>")[2]
    assert not re.search(r"@import|<script|<link|<iframe|onclick|color: red|<style", shown)
    assert not re.search(r"https?:|//cdn", shown)
    assert set(re.findall(r'(?:href|src)="([^"]{0,30})', page)) == {"20_b.html"}
    assert "example.org/y" in page  # told, not linked
    assert '<th colspan="2">名称</th>' in page and "<td>40.5</td>" in page
    assert "a &lt; b" in page and "seen &lt;b&gt;" in page
    folded = re.findall(r"<details>.*?</details>", page, re.DOTALL)
    assert len(folded) == 3 and "print('seen" in "".join(folded)
