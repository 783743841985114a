"""The build: what it runs, keeps, replaces and refuses, on two small notebooks of the tests."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import nbformat
import pytest

from xc_analysis import build as builder
from xc_analysis import report, running
from xc_analysis.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
DRAW = f"""
import base64, os
from pathlib import Path
def draw(stem, value=1):
    for lang in ("zh", "en"):
        folder = Path(os.environ["XC_FIGURES"]) / lang
        folder.mkdir(exist_ok=True)
        (folder / f"{{stem}}.png").write_bytes(base64.b64decode("{PNG}"))
        (folder / f"{{stem}}.svg").write_text("<svg/>")
        (folder / f"{{stem}}.csv").write_text(f"year,value\\n2015,{{value}}\\n")
"""


class Project:
    """A folder with notebooks and a table, built into a folder beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.data = folder / "data"
        self.notebooks.mkdir()
        self.data.mkdir()
        (self.data / "sources.csv").write_bytes((ROOT / "data/sources.csv").read_bytes())

    @property
    def where(self) -> builder.Place:
        out = self.folder / "out"
        return builder.place(data=self.data, out=out, notebooks=self.notebooks)

    def notebook(self, name: str, *cells: str, title: str = "题 · Title") -> Path:
        made = [nbformat.v4.new_markdown_cell(f"# {title}")]
        made += [nbformat.v4.new_code_cell(c) for c in (DRAW, *cells)]
        for number, cell in enumerate(made):
            cell["id"] = f"c{number}"
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=made), path)
        return path

    def build(self, *names: str, **options) -> dict[str, str]:
        options.setdefault("languages", ())
        outcomes, self.reports = builder.build(names, where=self.where, **options)
        self.outcomes = {o.name: o for o in outcomes}
        return {o.name: o.state for o in outcomes}

    def figures(self) -> dict[str, bytes]:
        folder = self.where.figures
        return {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("XC_DATA", raising=False)
    return Project(tmp_path)


def test_first_run_writes_second_keeps_and_a_change_reruns_only_what_changed(project):
    project.notebook("10_a", "draw('fig_a')")
    project.notebook("20_b", "draw('fig_b')")
    assert project.build() == {"10_a": "built", "20_b": "built"}
    names = {f"{lang}/fig_{x}.{kind}" for lang in ("zh", "en") for x in "ab"
             for kind in ("png", "svg", "csv")}  # fmt: skip
    assert set(project.figures()) == names
    assert project.build() == {"10_a": "kept", "20_b": "kept"}
    project.notebook("20_b", "draw('fig_b', 2)")
    assert project.build() == {"10_a": "kept", "20_b": "built"}
    assert project.figures()["en/fig_b.csv"] == b"year,value\n2015,2\n"
    (project.data / "sources.csv").write_text("source_id,title\nx,y\n")
    assert project.build("10") == {"10_a": "built"}
    assert project.build() == {"10_a": "kept", "20_b": "built"}
    assert project.build(force=True) == {"10_a": "built", "20_b": "built"}
    assert not project.where.staging.exists()


def test_settings_package_and_libraries_are_in_the_key(project, monkeypatch):
    project.notebook("10_a", "1")
    before = builder.common_key(project.where)
    monkeypatch.setenv("XC_SHARED", "elsewhere")
    assert builder.common_key(project.where) == before
    monkeypatch.setenv("XC_WHATEVER", "1")
    with_setting = builder.common_key(project.where)
    monkeypatch.delenv("XC_WHATEVER")
    monkeypatch.setattr(builder, "_installed", lambda: ["pandas-0.0.1.dist-info"])
    with_library = builder.common_key(project.where)
    monkeypatch.undo()
    package = project.folder / "package"
    package.mkdir()
    (package / "build.py").write_text("x = 1\n")
    monkeypatch.setattr(builder, "__file__", str(package / "build.py"))
    first = builder.common_key(project.where)
    (package / "build.py").write_text("x = 2\n")
    second = builder.common_key(project.where)
    assert len({before, with_setting, with_library, first, second}) == 5


def test_outputs_and_metadata_of_a_notebook_do_not_count_but_its_text_does(project):
    path = project.notebook("10_a", "1")
    key = builder.notebook_key(path, "")
    nb = nbformat.read(path, 4)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "another"}
    nb.cells[1]["execution_count"] = 5
    nbformat.write(nb, path)
    assert builder.notebook_key(path, "") == key
    nb.cells[0]["source"] += "!"
    nbformat.write(nb, path)
    assert builder.notebook_key(path, "") != key


@pytest.mark.parametrize("harm", ["delete", "alter"])
def test_a_figure_that_is_not_as_written_is_made_again(project, harm):
    project.notebook("10_a", "draw('fig_a')")
    project.build()
    good = project.figures()
    victim = project.where.figures / "zh/fig_a.csv"
    victim.unlink() if harm == "delete" else victim.write_text("tampered")
    assert project.build() == {"10_a": "built"}
    assert project.figures() == good


def test_a_failure_is_told_in_a_few_lines_and_keeps_figures_and_report(project):
    project.notebook("10_a", "draw('fig_a')")
    project.notebook("20_b", "draw('fig_b')")
    project.build(languages=("zh",))
    page = project.reports[0].read_bytes()
    figures = project.figures()
    project.notebook("10_a", "draw('fig_a', 9)", "values = [1]\nprint(1)\nvalues[3]")
    assert project.build(languages=("zh",)) == {"10_a": "failed", "20_b": "kept"}
    told = project.outcomes["10_a"].message
    assert told == ("cell 4 of 4: IndexError: list index out of range\n  line 3: values[3]")
    assert project.figures() == figures
    assert project.reports == []
    assert (project.where.report / "xc-report-zh.html").read_bytes() == page
    assert not project.where.staging.exists()


def test_syntax_error_and_dead_kernel_are_failures_too(project):
    project.notebook("10_a", "for")
    project.notebook("20_b", "import os; os._exit(3)")
    assert set(project.build().values()) == {"failed"}
    assert "cell 3 of 3: SyntaxError" in project.outcomes["10_a"].message
    assert "the kernel died" in project.outcomes["20_b"].message


def test_figures_that_cannot_be_written_are_a_failure_of_their_notebook(project):
    project.notebook("10_a", "draw('fig_a')")
    project.notebook("20_b", "1")
    project.where.figures.mkdir(parents=True)
    (project.where.figures / "zh").write_text("a file where a folder should be")
    assert project.build() == {"10_a": "failed", "20_b": "built"}
    assert "zh" in project.outcomes["10_a"].message
    assert not project.where.staging.exists()


def test_a_figure_no_longer_drawn_goes_and_one_of_another_notebook_stays(project):
    project.notebook("10_a", "draw('fig_a')", "draw('fig_old')")
    project.notebook("20_b", "draw('fig_b')")
    project.build()
    project.notebook("10_a", "draw('fig_a')")
    project.build()
    stems = {Path(name).stem for name in project.figures()}
    assert stems == {"fig_a", "fig_b"}
    project.notebook("20_b", "draw('fig_a', 5)")
    assert project.build() == {"10_a": "kept", "20_b": "failed"}
    assert "10_a's" in project.outcomes["20_b"].message
    assert project.figures()["zh/fig_a.csv"] == b"year,value\n2015,1\n"


def test_notebooks_run_at_the_same_time_each_in_its_own_kernel(project):
    meet = """
import time
from pathlib import Path
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
    assert set(project.build(jobs=2).values()) == {"built"}


def test_the_kernel_is_this_interpreter_whatever_is_registered(project, monkeypatch):
    spec = project.folder / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    wrong = {"argv": ["no-such-python", "{connection_file}"], "display_name": "x"}
    (spec / "kernel.json").write_text(json.dumps(wrong))
    monkeypatch.setenv("JUPYTER_PATH", str(project.folder / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(project.folder / "jupyter"))
    project.notebook("10_a", f"import sys; assert sys.executable == {sys.executable!r}")
    assert project.build() == {"10_a": "built"}


def test_a_wake_up_that_is_lost_delays_no_more_than_a_moment(project, monkeypatch):
    import zmq.asyncio

    poll = zmq.asyncio.Socket.poll

    def deaf(socket, timeout=None, *args):
        """A long wait that hears nothing until its end."""
        if timeout is None or timeout > 1000:
            return asyncio.sleep(timeout / 1000 if timeout else 3600, result=0)
        return poll(socket, timeout, *args)

    monkeypatch.setattr(zmq.asyncio.Socket, "poll", deaf)
    path = project.notebook("10_a", "40 + 2")
    run = running.execute(path, figures=project.folder / "f", data=project.data)
    nb = asyncio.run(asyncio.wait_for(run, 60))
    assert nb.cells[-1]["outputs"][0]["data"]["text/plain"] == "42"


def test_the_kernel_sees_the_tables_of_the_build_and_a_staging_folder(project):
    project.notebook(
        "10_a",
        f"assert os.environ['XC_DATA'] == {str(project.data)!r}",
        f"assert Path(os.environ['XC_FIGURES']) != Path({str(project.folder / 'out/figures')!r})",
        "assert Path.cwd().name == 'notebooks'",
    )
    assert project.build() == {"10_a": "built"}


def test_warnings_of_a_notebook_are_handed_on(project):
    project.notebook("10_a", "import warnings; warnings.warn('glyph missing')")
    project.build()
    assert project.outcomes["10_a"].warnings == ("UserWarning: glyph missing",)


def start(project: Project) -> subprocess.Popen:
    code = (  # a job in the background of a shell would be deaf to an interrupt
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from xc_analysis import build, cli\n"
        "n, d, o = sys.argv[1:]\n"
        "build.ROOT = __import__('pathlib').Path(n).parent\n"
        "sys.exit(cli.main(['build', '--data', d, '--out', o]))"
    )
    folders = [str(p) for p in (project.notebooks, project.data, project.folder / "out")]
    return subprocess.Popen(
        [sys.executable, "-c", code, *folders],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project.folder,
    )


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path.name} did not appear")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_what_was_there_and_the_next_one_works(project, end):
    project.notebook("10_a", "draw('fig_a')")
    project.build()
    figures = project.figures()
    pid = project.folder / "pid"
    slow = f"Path({str(pid)!r}).write_text(str(os.getpid()))\nimport time; time.sleep(60)"
    project.notebook("10_a", "draw('fig_a', 2)", slow)
    run = start(project)
    wait_for(pid)
    run.send_signal(end)
    _, err = run.communicate(timeout=30)
    if end != signal.SIGKILL:
        assert run.returncode == 130
        assert "interrupted" in err and "Traceback" not in err
        assert not project.where.staging.exists()
    assert project.figures() == figures
    for _ in range(200):  # the kernel goes with the build
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the kernel outlived the build")
    project.notebook("10_a", "draw('fig_a', 3)")
    assert project.build() == {"10_a": "built"}
    assert project.figures()["en/fig_a.csv"] == b"year,value\n2015,3\n"


def test_a_second_build_waits_and_says_so(project):
    pytest.importorskip("fcntl", reason="builds are kept apart by a lock of Unix")
    project.notebook("10_a", "draw('fig_a')")
    with builder._alone(project.where, print):
        run = start(project)
        line = run.stdout.readline()
        assert "another build is writing here" in line
        assert not (project.where.executed / "10_a.ipynb").exists()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert "1 run" in out


def test_refusals_name_what_is_wrong_and_what_to_do(project):
    with pytest.raises(InputError, match="no notebooks here"):
        builder.place(data=project.data, out=project.folder, notebooks=project.folder)
    with pytest.raises(InputError, match="no such folder of tables"):
        builder.place(data=project.folder / "nowhere")
    path = project.notebook("10_a", "1")
    with pytest.raises(InputError, match="99: no such notebook; there are 10_a"):
        project.build("99")
    path.write_text("{}")
    with pytest.raises(InputError, match="10_a.ipynb: not a notebook"):
        project.build()


def test_other_tables_never_write_into_the_committed_figures(project):
    project.notebook("10_a", "1")
    where = builder.place(data=project.data, notebooks=project.notebooks)
    assert where.figures == ROOT / "report" / "data" / "figures"
    own = builder.place(data=ROOT / "data", notebooks=project.notebooks)
    assert own.figures == ROOT / "figures"


# ---- the report ---------------------------------------------------------------------------------


def test_the_report_is_one_page_with_contents_tables_figures_and_no_outside_address(project):
    table = """
from IPython.display import HTML
HTML('<style>td {color: red}</style><script>alert(1)</script><table onclick="x()"><tr>'
     '<th colspan="2">名称</th></tr><tr><td>40.5</td><td>a &lt; b https://example.org/x</td></tr></table>')
"""
    prose = "本图。\nThis figure; see [a page](https://example.org/y).\n\n## 读图 · Reading\n\n$x^2$ ~a~ H^b^"
    path = project.notebook("10_a", "draw('fig_a')", table, "print('seen')", title="图1 · Figure 1")
    nb = nbformat.read(path, 4)
    nb.cells.append(nbformat.v4.new_markdown_cell(prose, id="p"))
    nbformat.write(nb, path)
    project.notebook("20_b", "draw('fig_b')", title="图2 · Figure 2")
    project.build(languages=("zh", "en"))
    assert [p.name for p in project.reports] == ["xc-report-zh.html", "xc-report-en.html"]
    page = re.sub(r"<details>.*?</details>", "", project.reports[0].read_text("utf-8"), flags=re.S)
    assert not re.search(r"https?:|//cdn|@import|<script|<link|<iframe", page)
    assert all(
        m.startswith(("#", "data:")) for m in re.findall(r'(?:href|src)="([^"]{0,30})', page)
    )
    assert "example.org/y" in page and "example.org/x" in page  # told, not linked
    contents = page[page.index("<nav") : page.index("</nav>")]
    assert contents.index("图1") < contents.index("图2")
    assert re.search(r'class="zh"[^>]*>图1</span><span class="other">[^<]*</span><span\s'
                     r'class="en other"[^>]*>Figure\s1<', contents)  # fmt: skip
    assert (
        '<th scope="col" colspan="2">名称</th>' in page and '<td class="number">40.5</td>' in page
    )
    assert "alert(1)" not in page and "onclick" not in page and "color: red" not in page
    assert f"data:image/png;base64,{PNG}" in page
    assert '<span class="en other" lang="en">This figure' in page  # the other language, hidden
    assert '<span class="zh" lang="zh-CN">本图' in page
    assert "<pre>seen" in page and "draw(" not in page
    assert "~a~ H^b^" in page
    english = unescape(project.reports[1].read_text("utf-8"))
    assert '<html lang="en">' in english and "draw('fig_a')" in english
    assert not re.search(r"https?:", english)
    assert '<span class="en" lang="en">This figure' in english
    assert '<span class="zh other" lang="zh-CN">本图' in english
    for text in (page, english):  # one box before the text shows the other language, by style alone
        assert text.index('id="both"') < text.index("<main") and '<label for="both">' in text
        assert "#both:not(:checked) ~ main .other" in text
        assert len(re.findall(r'popover id="zoom|id="zoom-[^"]*" popover', text)) == 2
        assert text.count('popovertargetaction="hide"') == 2


def test_only_what_is_said_in_the_pages_language_too_is_hidden():
    from xc_analysis.documents.bilingual import set_languages, words

    def para(*lines):
        out = []
        for line in lines:
            out += [{"t": "SoftBreak"}] * bool(out) + [{"t": "Str", "c": line}]
        return {"t": "Para", "c": out}

    def hidden(blocks, lang):
        set_languages(blocks, lang)
        spans = [s for b in blocks for s in (b["c"][2] if b["t"] == "Header" else b.get("c", []))]
        return [words(s).strip() for s in spans if s["t"] == "Span" and "other" in s["c"][0][1]]

    rule = {"t": "HorizontalRule"}
    assert hidden([para("中文", "English")], "zh") == ["English"]
    assert hidden([para("中文"), para("English")], "en") == ["中文"]
    assert hidden([para("中文"), rule, para("English")], "en") == []  # nothing says it in English
    heading = {"t": "Header", "c": [1, ["", [], []], [
        {"t": "Str", "c": "水"}, {"t": "Space"}, {"t": "Str", "c": "/"}, {"t": "Space"},
        {"t": "Str", "c": "Water"}]]}  # fmt: skip
    assert hidden([heading], "en") == ["/", "水"]
    assert words(heading["c"][2][0]).strip() == "Water"  # the page's own language comes first


def test_the_report_is_the_same_on_a_rerun_and_kept_when_nothing_changed(project):
    project.notebook("10_a", "draw('fig_a')")
    project.build(languages=("zh",))
    path = project.reports[0]
    first, stamp = path.read_bytes(), path.stat().st_mtime_ns
    project.build(languages=("zh",))
    assert path.stat().st_mtime_ns == stamp
    path.unlink()
    project.build(languages=("zh",))
    assert path.read_bytes() == first


def test_one_notebook_alone_does_not_rewrite_a_report_whose_others_have_changed(project):
    project.notebook("10_a", "draw('fig_a')")
    project.notebook("20_b", "draw('fig_b')")
    project.build("10", languages=("zh",))
    assert project.reports == []
    project.build("20", languages=("zh",))
    assert len(project.reports) == 1


@pytest.mark.parametrize(
    "fragment, kept",
    [
        ("<table><tr><td>−3.2</td></tr></table>", '<table><tr><td class="number">−3.2</td></tr></table>'),
        ("<td>NaN</td>", '<td class="missing">—</td>'),
        ("<td>" + 12 * "长句" + "</td>", '<td class="text">' + 12 * "长句" + "</td>"),
        ("<td>2020-01</td>", "<td>2020-01</td>"),
        ("<td>a<br>b</td>", "<td>a<br>b</td>"),
        (
            "<thead><tr><th>a</th></tr></thead><tbody><tr><th>b</th></tr></tbody>",
            '<thead><tr><th scope="col">a</th></tr></thead><tbody><tr><th scope="row">b</th></tr></tbody>',
        ),
        ('<td><a href="x">t</a></td>', "<td>t</td>"),
        ("<td>&lt;script&gt;</td>", "<td>&lt;script&gt;</td>"),
        ('<td rowspan="x" colspan="3">t</td>', '<td colspan="3">t</td>'),
    ],
)  # fmt: skip
def test_tables_keep_structure_and_text_only(fragment, kept):
    assert report.plain_html(fragment) == kept
