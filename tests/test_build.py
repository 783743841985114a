"""The build: what it runs, keeps, replaces and refuses, on small notebooks of the tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

import xc_analysis as xc
from xc_analysis import build as builder
from xc_analysis.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
DRAW = f"""
import base64, os
from pathlib import Path
def draw(stem, value=1):
    for lang in ("zh", "en"):
        folder = Path(os.environ["XC_BUILD_FIGURES"]) / lang
        folder.mkdir(exist_ok=True)
        (folder / f"{{stem}}.png").write_bytes(base64.b64decode("{PNG}"))
        (folder / f"{{stem}}.csv").write_text(f"year,value\\n2015,{{value}}\\n")
class xc:
    figure = staticmethod(lambda stem: lambda function: draw(stem, function()))
"""


def draws(stem: str, value: int = 1) -> str:
    """A cell with one figure."""
    return f'@xc.figure("{stem}")\ndef {stem}():\n    return {value}\n'


class Project:
    """A folder with notebooks and a table, built into a folder beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.data = folder / "data"
        self.notebooks.mkdir()
        self.data.mkdir()
        (self.data / "sources.csv").write_text("source_id\nx\n")

    @property
    def where(self) -> builder.Folders:
        return builder.folders(self.folder / "out", self.notebooks)

    def notebook(self, name: str, *sources: str, prose: str = "# 题 Title") -> Path:
        cells = [nbformat.v4.new_markdown_cell(prose)]
        cells += [nbformat.v4.new_code_cell(source) for source in (DRAW, *sources)]
        for number, cell in enumerate(cells):
            cell["id"] = f"c{number}"
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    def build(self, *names: str, **options) -> dict[str, str]:
        outcomes, self.reports = builder.build(names, where=self.where, **options)
        self.outcomes = {o.name: o for o in outcomes}
        return {o.name: o.state for o in outcomes}

    def figures(self) -> dict[str, bytes]:
        folder = self.where.figures
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def page(self, name: str) -> str:
        return (self.where.out / "report/notebooks" / f"{name}.html").read_text("utf-8")


def plain(lang, out):
    """A report of one line, in place of the real one."""
    (out / f"xc-report-{lang}.html").write_text(f"<p>{lang}</p>")


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = Project(tmp_path)
    monkeypatch.setenv("XC_DATA", str(made.data))
    monkeypatch.setattr(builder, "PACKAGE", made.notebooks / "none")  # as it is, for a test's time
    monkeypatch.setattr(builder, "_make_report", lambda lang, out, where: plain(lang, out))
    xc.use_language("en")
    yield made
    xc.use_language(None)


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
    assert not project.where.staging.exists()


def test_package_libraries_and_language_are_in_the_key(project, monkeypatch):
    before = builder.common_key(project.data, "zh")
    assert builder.common_key(project.data, "zh") == before
    keys = {before, builder.common_key(project.data, "en")}
    monkeypatch.setattr(builder, "_installed", lambda: ["pandas-0.0.1.dist-info"])
    keys.add(builder.common_key(project.data, "zh"))
    package = project.folder / "package"
    package.mkdir()
    monkeypatch.setattr(builder, "PACKAGE", package)
    for text in ("x = 1\n", "x = 2\n"):
        (package / "build.py").write_text(text)
        keys.add(builder.common_key(project.data, "zh"))
    assert len(keys) == 5


@pytest.mark.parametrize("file", ["figures/zh/fig_a.csv", "report/notebooks/10_a.html"])
@pytest.mark.parametrize("harm", ["delete", "empty"])
def test_an_output_that_is_not_as_written_is_made_again(project, file, harm):
    project.notebook("10_a", draws("fig_a"))
    project.build()
    victim = project.where.out / file
    good = victim.read_bytes()
    if harm == "delete":
        victim.unlink()
    else:
        victim.write_text("")
    assert project.build() == {"10_a": "run"}
    assert victim.read_bytes() == good


def test_a_damaged_report_is_written_again_and_a_whole_one_kept(project):
    project.notebook("10_a", draws("fig_a"))
    project.build(languages=("zh", "en"))
    assert [p.name for p in project.reports] == ["xc-report-zh.html", "xc-report-en.html"]
    path = project.reports[0]
    first, stamp = path.read_bytes(), path.stat().st_mtime_ns
    project.build()
    assert path.stat().st_mtime_ns == stamp
    path.write_text("")
    project.build()
    assert path.read_bytes() == first


def test_a_failure_is_one_line_and_keeps_figures_page_and_report(project):
    project.notebook("10_a", draws("fig_a"))
    project.notebook("20_b", draws("fig_b"))
    project.build()
    files = [*project.reports, project.where.out / "report/notebooks/10_a.html"]
    before = [project.figures(), *(p.read_bytes() for p in files)]
    warn = "import warnings; warnings.warn('glyph missing')"
    project.notebook("20_b", draws("fig_b"), warn)
    project.notebook("10_a", draws("fig_a", 9), "values = [1]\nprint(1)\nvalues[3]")
    assert project.build() == {"10_a": "failed", "20_b": "run"}
    assert project.outcomes["20_b"].warnings == ("UserWarning: glyph missing",)
    told = str(project.outcomes["10_a"].why)
    assert told == "cell 4, line 3 `values[3]`: IndexError: list index out of range"
    assert project.reports == []
    assert [project.figures(), *(p.read_bytes() for p in files)] == before
    assert not project.where.staging.exists()


def test_the_first_dead_kernel_ends_the_build_with_one_line_and_the_remedy(project):
    for number in range(5):
        project.notebook(f"{number}0_a", "os._exit(3)")
    with pytest.raises(InputError) as refused:
        project.build(jobs=2)
    assert re.fullmatch(
        r"\d0_a: its kernel died .+; close other programs and run .+", str(refused.value)
    )
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


def test_notebooks_run_at_the_same_time_each_in_its_own_kernel(project):
    meet = """
import time
Path("{0}").touch()
for _ in range(600):
    if Path("{1}").exists(): break
    time.sleep(0.05)
else:
    raise TimeoutError("alone")
"""
    a, b = (str(project.folder / f"here_{x}") for x in "ab")
    project.notebook("10_a", meet.format(a, b), "secret = 1")
    project.notebook("20_b", meet.format(b, a), "assert 'secret' not in globals()")
    assert set(project.build(jobs=2).values()) == {"run"}


def test_a_kernel_is_this_interpreter_in_a_home_of_its_own(project, monkeypatch):
    """Whatever kernels are registered."""
    spec = project.folder / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    wrong = {"argv": ["no-such-python", "{connection_file}"], "display_name": "x"}
    (spec / "kernel.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("JUPYTER_PATH", str(project.folder / "jupyter"))
    project.notebook(
        "10_a",
        f"import sys; assert sys.executable == {sys.executable!r}",
        f"assert os.environ['XC_DATA'] == {str(project.data)!r}",
        f"assert os.environ['HOME'].startswith({str(project.folder / 'out')!r})",
        "assert os.environ['IPYTHONDIR'].startswith(os.environ['HOME'])",
        "assert Path(os.environ['XC_BUILD_FIGURES']).parent.parent.name == 'staging'",
        "assert Path.cwd().name == 'notebooks'",
        "assert os.environ['XC_LANG'] == 'en'",
    )
    assert project.build(languages=("en",)) == {"10_a": "run"}


def test_the_notebook_of_a_figure_is_found_by_its_decorator(project):
    project.notebook("10_a", '@xc.figure("noise")\ndef noise(): ...')
    path = project.notebook("20_b", "@xc.figure('dust')\ndef dust(): ...")
    assert builder.notebook_of_figure("dust", project.notebooks) == path
    with pytest.raises(InputError, match="smoke: no such figure; there are dust, noise"):
        builder.notebook_of_figure("smoke", project.notebooks)


def test_refusals_name_what_is_wrong_and_what_to_do(project):
    with pytest.raises(InputError, match="no notebooks here"):
        builder.folders(notebooks=project.folder)
    path = project.notebook("10_a", "1")
    with pytest.raises(InputError, match="99: no such notebook; there are 10_a"):
        project.build("99")
    path.write_text("{}")
    with pytest.raises(InputError, match="10_a.ipynb: not a notebook"):
        project.build()


# ---- interrupted, twice at once, without a home --------------------------------------------


def start(project: Project, **environment: str | None) -> subprocess.Popen:
    code = (  # a job in the background of a shell would be deaf to an interrupt
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from xc_analysis import build, cli\n"
        "notebooks, out = map(Path, sys.argv[1:])\n"
        "build.ROOT = notebooks.parent\n"
        "build._make_report = lambda lang, out, where: (out / 'r.html').write_text('x')\n"
        "sys.exit(cli.main(['build', '--lang', 'en', '--out', str(out)]))"
    )
    env = {**os.environ, "XC_DATA": str(project.data)} | environment
    return subprocess.Popen(
        [sys.executable, "-c", code, str(project.notebooks), str(project.folder / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={name: value for name, value in env.items() if value is not None},
    )


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists() and path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path.name} did not appear")


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_what_was_there_and_the_next_one_works(project, end):
    project.notebook("10_a", draws("fig_a"))
    project.build(languages=("en",))
    figures = project.figures()
    pid = project.folder / "pid"
    slow = f"Path({str(pid)!r}).write_text(str(os.getpid()))\nimport time; time.sleep(60)"
    project.notebook("10_a", draws("fig_a", 2), slow)
    run = start(project)
    wait_for(pid)
    run.send_signal(end)
    _, err = run.communicate(timeout=30)
    if end != signal.SIGKILL:
        assert run.returncode == 130
        assert "interrupted" in err and "Traceback" not in err
        assert not project.where.staging.exists()
    assert project.figures() == figures
    assert gone(int(pid.read_text())), "the kernel outlived the build"
    project.notebook("10_a", draws("fig_a", 3))
    assert project.build() == {"10_a": "run"}
    assert project.figures()["en/fig_a.csv"] == b"year,value\n2015,3\n"
    assert not project.where.staging.exists()


def test_a_second_build_waits_and_says_so(project):
    pytest.importorskip("fcntl", reason="builds are kept apart by a lock of Unix")
    project.notebook("10_a", draws("fig_a"))
    with builder._alone(project.where, print):
        run = start(project)
        assert "another build is running here" in run.stdout.readline()
        assert not (project.where.cache / "10_a.json").exists()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert "1 run" in out


def test_a_user_without_home_or_locale_can_build(project):
    project.notebook("10_a", draws("fig_a"))
    run = start(project, HOME=None, LANG="C", LC_ALL="C", XDG_CONFIG_HOME=None)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert err == "" and "1 run" in out


# ---- a notebook's page ---------------------------------------------------------------------


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
    page = project.page("10_a")
    assert "<title>图1</title>" in page
    shown = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    shown = shown.partition("<body>")[2]
    assert not re.search(r"@import|<script|<link|<iframe|onclick|color: red|<style", shown)
    assert not re.search(r"https?:|//cdn", shown)
    assert set(re.findall(r'(?:href|src)="([^"]{0,30})', page)) == {"20_b.html"}
    assert "example.org/y" in page  # told, not linked
    assert '<th colspan="2">名称</th>' in page and "<td>40.5</td>" in page
    assert "a &lt; b" in page and "seen &lt;b&gt;" in page
    folded = re.findall(r"<details>.*?</details>", page, re.DOTALL)
    assert len(folded) == 3 and "print('seen" in "".join(folded)
