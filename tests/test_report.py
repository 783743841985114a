"""The report: one truth in Word, HTML, workbook and figures; fields, escapes, access, pages."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import minipack
import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import xc_analysis as xc
from xc_analysis import report
from xc_analysis.assessment import registered_assessment
from xc_analysis.explorer.state import State
from xc_analysis.explorer.views import show
from xc_analysis.own_numbers import preview_import
from xc_analysis.style import contrast
from xc_analysis.words import LANGUAGES, word
from xc_analysis.workbook import SHEETS

ROOT = Path(__file__).resolve().parents[1]
SOFFICE, PDFTOTEXT = shutil.which("soffice"), shutil.which("pdftotext")
with_office = pytest.mark.skipif(not (SOFFICE and PDFTOTEXT), reason="no LibreOffice, pdftotext")
CHINESE, NUMBER = re.compile("[\u4e00-\u9fff]+"), re.compile(r"\d+(?:\.\d+)?")
pytestmark = pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")


def xml(text):
    return BeautifulSoup(text, "html.parser")  # which writes all names in lower case


def tables_of(soup, table, row, cells):
    lines = ([line(cells) for line in one(row)] for one in soup(table))
    return [[[c.get_text().strip() for c in line] for line in one] for one in lines]


class Built:
    """A build of one language, read back."""

    def __init__(self, lang, folder):
        self.lang = lang
        self.docx, self.html, self.xlsx = report.build(lang, folder)
        archive = zipfile.ZipFile(self.docx)
        self.parts = {n: archive.read(n).decode("utf-8", "replace") for n in archive.namelist()}
        self.word = xml(self.parts["word/document.xml"])
        self.page = xml(self.html.read_text("utf-8"))
        self.codes = [code.extract().get_text().split()[:2] for code in self.word("w:instrtext")]
        for paragraph in self.word("w:p"):
            paragraph.append("\n")
        self.texts = self.word.get_text(), re.sub("\n", "" if lang == "zh" else " ", self.page.text)
        self.tables = tables_of(self.word, "w:tbl", "w:tr", "w:tc")
        assert tables_of(self.page, "table", "tr", ("th", "td")) == self.tables
        self.table_2 = next(t[1:] for t in self.tables if len(t) == 15 and len(t[0]) == 14)
        self.book = openpyxl.load_workbook(self.xlsx)
        self.cells = [c for page in self.book for row in page.iter_rows() for c in row]

    def rows(self, name):
        _, *rows = self.book[word(f"report.sheet_{name}", self.lang)].values
        return [dict(zip(columns(name), row, strict=True)) for row in rows]


def columns(sheet):
    return [column.partition("=")[0] for column in SHEETS[sheet].split()]


@pytest.fixture(scope="module", params=LANGUAGES)
def built(request, tmp_path_factory):
    return Built(request.param, tmp_path_factory.mktemp("report"))


def converted(path, folder, kind="pdf"):
    """Convert a file through LibreOffice."""
    home = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    command = [SOFFICE, home, "--headless", "--convert-to", kind, "--outdir", str(folder / "out")]
    subprocess.run([*command, str(path)], capture_output=True, timeout=180)
    return folder / "out" / f"{path.stem}.{kind.partition(':')[0]}"


def test_word_html_workbook_figure_and_explorer_tell_one_table_2(built):
    xc.use_language(built.lang)
    path = ROOT / "figures" / built.lang / "table2_scorecard.csv"
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    drawn = cells.pivot(index="x", columns="indicator", values="text")
    card = xc.scorecard().set_index("indicator")["verdict"]
    for name, told, line in zip(card.index, built.table_2, built.rows("indicators"), strict=True):
        state = State(view="target", lang=built.lang, indicator=name, known=2025)
        verdict = registered_assessment(name).label()
        assert told[11] == line["verdict"] == show(state).finding == verdict
        key = re.sub("[()]", "", card[name]).replace(" ", "_")
        assert drawn[name][word("plot.card_verdict")] == word(f"verdict_short.{key}", year=2025)
        assert told[2] == line["name"]
        assert told[8] == "—" or line["status"] in told[8]
        if line["latest"] is None:
            continue
        value, year = NUMBER.findall(told[8])
        digits, seen = len(value.partition(".")[2]), drawn[name][word("plot.card_latest")]
        assert [value, year] == [f"{line['latest']:.{digits}f}", str(line["latest_year"])]
        if seen != "—":
            assert float(NUMBER.search(seen)[0]) == pytest.approx(line["latest"], abs=0.051)
            assert year in seen
        target, outturn, low, high = (line[k] for k in ("target", "outturn", "lower", "upper"))
        if outturn is not None:
            assert float(NUMBER.search(told[9])[0]) == round(outturn, digits)
        # no range across a target is called met or missed
        if target is not None and low is not None and low < target < high:
            assert verdict == word("verdict.open_provisional")


def test_counts_and_the_summary_are_told_one_way_everywhere(built):
    card = xc.scorecard()
    kinds, verdicts = card["kind"].value_counts(), card["verdict"].value_counts()
    counts = [len(card), kinds["level"], kinds["delegated"], kinds["qualitative"], 0, 0, 0, 0]
    counts += [verdicts["no value for the target year"], verdicts["cannot be judged"]]
    table = next(t for t in built.tables if len(t) == 4)
    assert table[-1][1:] == list(map(str, counts))
    assert [sum(int(r[c]) for r in table[1:3]) for c in range(1, 11)] == counts
    about = [[c for c in row if c is not None] for row in built.book.worksheets[0].values]
    assert [table[-1][0], *counts] in about
    pm25, good = xc.series("pm25")["value"], xc.series("good_day_ratio")["value"]
    told = [f"{pm25[2025]:.1f}", f"{100 * (1 - pm25[2025] / pm25[2020]):.0f}", f"{good[2025]:.1f}"]
    told.append(word("status_short.draft", built.lang))
    heading, sentence = {
        "zh": ("一、总体结论", "14项指标中，5项有区级目标值，但均未查到2025年公开数值"),
        "en": ("1 Summary", "the 14 indicators in Table 2 of the plan, 5 have a district target"),
    }[built.lang]
    for text in built.texts:
        summary = text.rpartition(heading)[2][:3500]
        assert [one for one in (sentence, *told) if one not in summary] == []
        assert word("report.internal", built.lang) not in text


def test_values_of_2025_and_of_months_move_every_form_at_once(pack, tmp_path):
    month = {"indicator": "road_dust_residue", "period": "2025-10"}
    minipack.change(pack, "observations", month, value="6.3")
    cells = {"year": "2025", "evidence": "", "derivation": "", "obs_id": "o9001"}
    firm = cells | {"indicator": "traffic_noise", "value": "69.0"}
    across = cells | {"obs_id": "o9002", "status": "derived", "derivation": "o9001 - 14"}
    across |= {"value": "55.0", "lower": "54.9", "upper": "55.1"}
    for cells in (firm, across):
        minipack.append(pack, "observations", {"indicator": "area_noise"}, **cells)
    xc.use_data(pack)
    made = Built("zh", tmp_path)
    rows = {row[2]: row for row in made.table_2}
    assert rows["交通噪声平均值"][9:12:2] == ["69.0", "达到"]
    assert rows["区域环境噪声平均值"][11] == "区间跨越目标值，尚难判定（暂定）"
    assert {r["name"]: r["verdict"] for r in made.rows("indicators")}["交通噪声平均值"] == "达到"
    told = "其中2项可以评价：1项达到，0项未达到，1项尚难判定，其余3项未查到2025年公开数值"
    assert all(told in text and "2025年10月6.3克/平方米" in text for text in made.texts)


def test_the_same_data_give_the_same_bytes(built, tmp_path):
    again = [path.read_bytes() for path in report.build(built.lang, tmp_path)]
    assert again == [path.read_bytes() for path in (built.docx, built.html, built.xlsx)]


def test_a_report_speaks_one_language(built):
    text = "".join("".join(built.texts).split())
    if built.lang == "en":
        sources = next(table for table in built.tables if table[0][1] == "Title as published")
        for title in sorted((row[1] for row in sources), key=len, reverse=True):
            text = text.replace("".join(title.split()), "")
        assert CHINESE.findall(text) == []
    else:
        codes = r"(?:fit|read|prior)_\w|(?<![a-z])(?:t145|nan|paths|pp)(?![a-z])"
        assert re.findall(codes, text) == []


def test_numbers_and_references_of_the_word_file_are_fields(built):
    assert built.codes.count(["SEQ", "Table"]) == len(built.tables)
    assert built.codes.count(["SEQ", "Figure"]) == len(built.word("wp:inline"))
    marks = {mark["w:name"] for mark in built.word("w:bookmarkstart")}
    cited = {target for code, target in built.codes if code == "REF"}
    assert {m for m in marks if m.startswith("_Ref_")} == cited  # each is cited in the text
    assert ["TOC", "\\o"] in built.codes
    links = {link.get("w:anchor") for link in built.word("w:hyperlink")}
    assert links and links <= marks


def test_pictures_tables_headings_language_and_author_are_told_to_programs(built):
    inlines, images = built.word("wp:inline"), built.page("img")
    alts = [inline.find("wp:docpr")["descr"] for inline in inlines]
    assert all(len(alt) > 3 and ".png" not in alt for alt in alts)
    assert len(images) == len(inlines) > 0 and all(len(image["alt"]) > 3 for image in images)
    assert all(int(inline.find("wp:extent")["cx"]) / 36000 <= 155.5 for inline in inlines)  # mm
    for table in built.word("w:tbl"):
        assert table.find("w:tblheader") and table.find("w:tblcaption")["w:val"]
    assert {head.get("scope") for head in built.page("th")} == {"col"}
    levels = [int(heading.name[1]) for heading in built.page(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    core, author = xml(built.parts["docProps/core.xml"]), word("report.author", built.lang)
    assert core.find("dc:creator").get_text() == built.book.properties.creator == author
    assert author in built.texts[0]
    for lang in (core.find("dc:language").get_text(), built.page.html["lang"]):
        assert lang.startswith(built.lang)


HOSTILE = "<script>alert(1)</script> =cmd|'/C calc'!A0 [a link](http://bad.example) {{ 7*7 }} **x**"
HOSTILE += " a|b $x$ `c` d_e_ \\f"


def test_what_others_write_stays_text_in_all_forms(pack, tmp_path):
    notes, text = pack / "report-notes-zh.md", f"## （一）大气环境\n\n{HOSTILE}\n\n1. *x*\n"
    notes.write_text(text, encoding="utf-8")
    told = {"completion": HOSTILE, "responsible_unit": "=HYPERLINK(1)", "outturn": ""}
    internal = {"obs_id": "o9003", "year": "2023", "release": "internal"}
    minipack.change(pack, "projects", {}, **told)
    minipack.append(pack, "projects", {}, project_id="c9_99", responsible_unit="＝1")
    minipack.append(pack, "observations", {"indicator": "area_noise"}, evidence="", **internal)
    xc.use_data(pack)
    made = Built("zh", tmp_path)
    assert all(HOSTILE in form and "1. *x*" in form for form in made.texts)
    assert not made.page.select('[href*="bad.example"], [src*="bad.example"]')
    assert len(made.page("script")) == 1  # our own
    relations = made.parts["word/_rels/document.xml.rels"]
    assert "External" not in relations and "bad.example" not in relations
    assert {c.parent.title for c in made.cells if c.data_type == "f"} == {"指标"}
    texts = {c.value: c for c in made.cells if c.data_type == "s"}
    assert texts["=HYPERLINK(1)"].quotePrefix and texts["＝1"].quotePrefix
    assert not [c for c in made.cells if c.hyperlink and c.hyperlink.target]
    mark = "内部资料，含未公开数据"  # a row that is not public marks cover and header
    for form in (*made.texts, made.parts["word/header1.xml"], "\n".join(texts)):
        assert mark in form
    assert notes.read_text("utf-8") == text
    notes.write_text(text.replace("大气环境", "大气"), encoding="utf-8")  # no section of it
    with pytest.raises(xc.InputError, match="^[^\n]*大气[^\n]*大气环境[^\n]*$"):
        report.build("zh", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_page_is_self_contained_and_legible_on_a_phone_and_a_screen(built, browser):
    assert not re.search(r"https?://", built.html.read_text("utf-8"))
    leads = [tag.get("src") or tag["href"] for tag in built.page.select("[src], [href]")]
    assert all(lead.startswith(("#", "data:image/png;base64,", "notebooks/")) for lead in leads)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", built.page.style.get_text()))
    for name in ("ink", "soft", "lead"):
        assert all(contrast(colours[name], on) >= 4.5 for on in ("white", colours["tint"]))
    page, asked = browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(built.html.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1400, "height": 900})
    page.evaluate("window.scrollTo(0, 5000)")  # the contents stay in sight
    top = page.evaluate("document.querySelector('nav').getBoundingClientRect().top")
    assert top == pytest.approx(0, abs=1)
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_sheets_are_few_named_frozen_and_filtered_and_numbers_are_numbers(built):
    names = built.book.sheetnames
    assert len(names) <= 10 and names[0] == word("report.sheet_about", built.lang)
    for page in built.book.worksheets[1:]:
        assert page.freeze_panes == "B2" and page.auto_filter.ref
        heads = [cell.value for cell in page[1]]
        assert all(heads) and len(set(heads)) == len(heads)
        assert {bool(CHINESE.search(head)) for head in heads} == {built.lang == "zh"}
    texts = [cell.value for cell in built.cells if cell.data_type == "s"]
    assert texts and not [t for t in texts if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", t)]
    rows = [r for r in built.rows("annual") if r["area"] in ("西城区", "Xicheng")]
    rows = [r for r in rows if r["id"] == "pm25" and "archive" in r["source"]]
    told = {r["year"]: r["value"] for r in rows}
    assert told == pytest.approx(xc.series("pm25")["value"].to_dict())


def test_what_is_filled_in_the_commitments_is_read_back(built, pack, tmp_path):
    xc.use_data(pack)
    book = openpyxl.load_workbook(built.xlsx)
    page = book[word("report.sheet_commitments", built.lang)]
    heads = [cell.value for cell in page[1]]
    page.cell(3, heads.index(word("column.completion", built.lang)) + 1).value = "done in 2024"
    book.save(tmp_path / "filled.xlsx")
    seen = preview_import(tmp_path / "filled.xlsx")
    assert not seen.problems and seen.rows == 1


@with_office
def test_gap_margin_and_pace_follow_a_changed_number(built, tmp_path):
    book, card = openpyxl.load_workbook(built.xlsx), list(xc.scorecard()["indicator"])
    page = book[word("report.sheet_indicators", built.lang)]
    for name, column, value in (("traffic_noise", "target", 68), ("green_cover", "latest", 32.05)):
        page.cell(card.index(name) + 2, columns("indicators").index(column) + 1).value = value
    book.save(tmp_path / "changed.xlsx")
    path = converted(tmp_path / "changed.xlsx", tmp_path, "xlsx:Calc MS Excel 2007 XML")
    table = pd.read_excel(path, sheet_name=page.title, names=columns("indicators"))
    table = table.set_axis(card)[["margin", "gap", "pace"]]
    # by hand; area noise is as it was, and no number has been handed down for pm25
    by_hand = {"traffic_noise": [-1.6, 1.6, -0.32], "green_cover": [0.2, 0, -0.04]}
    for name, truth in (by_hand | {"area_noise": [1.2, 0, 0.24]}).items():
        assert table.loc[name].tolist() == pytest.approx(truth, abs=1e-6)
    assert table.loc["pm25"].isna().all()


@with_office
def test_the_report_has_at_most_15_pages_and_one_for_the_summary(built, tmp_path):
    command = [PDFTOTEXT, str(converted(built.docx, tmp_path)), "-"]
    pages = subprocess.run(command, capture_output=True).stdout.decode().split("\f")
    assert 8 <= len(pages) - 1 <= 15
    assert {"zh": "二、指标完成情况", "en": "2 The 14 indicators"}[built.lang] in pages[2]
