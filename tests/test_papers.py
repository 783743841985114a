"""What leaves the building, end to end on two notebooks: every format, one figure as needed."""

import io
import re
import zipfile
from pathlib import Path

import nbformat
import pytest

from xc_analysis import build as builder
from xc_analysis import cli
from xc_analysis.documents.one_figure import known_figures, one_figure
from xc_analysis.documents.papers import FORMATS, Papers, formats_of, write_file
from xc_analysis.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
DRAW = """
import matplotlib.pyplot as plt
import xc_analysis as xc
from xc_analysis import style
xc.use_style()
data = xc.series("green_cover", source="published")
def draw():
    fig, axes = plt.subplots(1, 2, figsize=style.figsize("double", 60))
    xc.plot_series(data, ax=axes[0])
    return fig
xc.save_both(draw, "fig01_green", data=data, sources=xc.sources_of(data))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    cells = [
        nbformat.v4.new_markdown_cell("# 图1　绿化　/　Figure 1: green"),
        nbformat.v4.new_code_cell(DRAW),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebooks / "10_green.ipynb")
    where = builder.place(data=ROOT / "data", out=folder / "out", notebooks=notebooks)
    outcomes, reports = builder.build((), where=where, formats=tuple(FORMATS), languages=("zh",))
    assert [o.state for o in outcomes] == ["built"], outcomes
    return where, reports


def test_every_format_is_made(built):
    _, reports = built
    assert [p.suffix[1:] for p in reports] == list(FORMATS.values())
    assert all(p.stat().st_size > 3000 for p in reports)


def test_no_paper_holds_a_path_of_this_machine(built):
    where, reports = built
    for report in reports:
        content = report.read_bytes()
        if report.suffix != ".html":
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                content = b"".join(parts.read(n) for n in parts.namelist())
        assert str(where.out).encode() not in content, report.name


def test_word_has_the_figure_with_caption_and_what_it_shows(built):
    _, reports = built
    with zipfile.ZipFile(reports[1]) as parts:
        text = re.sub(r"<[^>]+>", "", parts.read("word/document.xml").decode())
    assert re.search(r"图 1\s绿化", text) and "31.80%" in text and "来源：" in text


def test_the_summary_takes_one_page(built):
    import shutil

    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed (soffice not found)")
    _, reports = built
    with zipfile.ZipFile(reports[1]) as parts:
        text = parts.read("word/document.xml").decode()
    lines = re.findall(r'w:val="TOC1".*?</w:p>', text, re.DOTALL)
    pages = [int(re.search(r"(\d+)$", re.sub(r"<[^>]+>", "", line))[1]) for line in lines]
    assert pages[1] == pages[0] + 1 and pages == sorted(pages)


def test_no_paper_holds_the_word_of_a_missing_value(built):
    _, reports = built
    empty = re.compile(r"(?<![A-Za-z])(?:nan|NaN|None|NaT)(?![A-Za-z])|&lt;NA&gt;")
    for report in reports:
        if report.suffix == ".html":
            page = re.sub(r"<details>.*?</details>", "", report.read_text("utf-8"), flags=re.DOTALL)
            texts = [re.sub(r'data:[^"]*', "", page)]
        else:
            with zipfile.ZipFile(report) as parts:
                texts = [parts.read(n).decode() for n in parts.namelist() if n.endswith(".xml")]
        for text in texts:
            assert not empty.search(text), (report.name, empty.search(text))


def test_html_tells_what_the_figure_shows_and_leads_to_its_sources(built):
    _, reports = built
    page = reports[0].read_text(encoding="utf-8")
    alt = re.search(r'<figure id="fig01_green".*?alt="([^"]*)"', page, re.DOTALL)[1]
    assert "2020 年 31.80" in alt
    targets = set(re.findall(r'href="#(source-[^"]+)"', page))
    assert targets and all(f'id="{t}"' in page for t in targets)
    levels = [int(n) for n in re.findall(r"<h([1-6])", page)]
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert 'id="summary"' in page


def test_unchanged_papers_are_kept(built):
    where, reports = built
    before = [p.stat().st_mtime_ns for p in reports]
    builder.build((), where=where, formats=tuple(FORMATS), languages=("zh",))
    assert [p.stat().st_mtime_ns for p in reports] == before


def test_formats_are_checked(capsys):
    assert formats_of("word, excel,word") == ("word", "excel")
    for text in ("pdf", "", ","):
        with pytest.raises(InputError, match="give some of html,word,excel,slides"):
            formats_of(text)
    with pytest.raises(InputError, match="audience"):
        Papers([], figures=ROOT, data=ROOT / "data", audience="press")
    assert cli.main(["build", "--report", "odt"]) == 1
    assert "no such format" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "mm"), [("single", 84), ("double", 174)])
def test_one_figure(built, tmp_path, width, mm):
    where, _ = built
    made = one_figure("fig01", width=width, formats="png,svg,pdf", dpi=100, out=tmp_path,
                      notebooks=where.notebooks, data=ROOT / "data")  # fmt: skip
    assert [p.suffix for p in made] == [".png", ".svg", ".pdf"]
    wide = int.from_bytes(made[0].read_bytes()[16:20], "big")
    assert abs(wide - mm / 25.4 * 100) <= 1
    assert made[2].read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "says"),
    [({"name": "nope"}, "no such figure; there are fig01_green"), ({"formats": "gif"}, "png,svg,pdf"),
     ({"dpi": 5}, "50 to 1200")],
)  # fmt: skip
def test_one_figure_refuses(built, tmp_path, options, says):
    where, _ = built
    options = {"name": "fig01", "out": tmp_path, "notebooks": where.notebooks} | options
    with pytest.raises(InputError, match=re.escape(says)):
        one_figure(options.pop("name"), **options)


def test_the_figures_of_the_project_are_known_by_name():
    stems = known_figures(ROOT / "notebooks")
    assert stems["fig01_air_quality"].name.startswith("10_")


def test_a_file_is_written_whole(tmp_path):
    path = tmp_path / "new" / "a.bin"
    write_file(path, b"1")
    write_file(path, b"22")
    assert path.read_bytes() == b"22" and [p.name for p in path.parent.iterdir()] == ["a.bin"]
