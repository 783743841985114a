"""The report: one truth in Word, HTML, workbook and figures; fields, escapes, access, pages."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image

import xc_analysis as xc
from xc_analysis import report
from xc_analysis.assessment import registered_assessment
from xc_analysis.documents import _pandoc, plain
from xc_analysis.explorer.state import State
from xc_analysis.explorer.views import show
from xc_analysis.own_numbers import preview_import
from xc_analysis.style import contrast
from xc_analysis.words import LANGUAGES, word

ROOT = Path(__file__).resolve().parents[1]
SOFFICE = shutil.which("soffice")
with_office = pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed")
CHINESE = re.compile("[\u4e00-\u9fff]+")
pytestmark = pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")


def xml(text):
    return BeautifulSoup(text, "html.parser")  # which writes all names in lower case


class Read:
    """Text, tables and elements of a page, or of the main part of a Word file."""

    def __init__(self, text, table="table", row="tr", cells=("th", "td")):
        self.soup = xml(text)
        self.codes = [code.extract().get_text().split()[:2] for code in self.soup("w:instrtext")]
        for paragraph in self.soup("w:p"):
            paragraph.append("\n")
        self.text = self.soup.get_text()  # without styles and scripts
        self.tables = [
            [[cell.get_text().strip() for cell in line(cells)] for line in one(row)]
            for one in self.soup(table)
        ]


class Built:
    """A build of one language, read back."""

    def __init__(self, lang, folder):
        self.lang = lang
        self.paths = report.build(lang, folder)
        self.docx, self.html, self.xlsx = self.paths
        with zipfile.ZipFile(self.docx) as archive:
            self.parts = {
                name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
            }
            self.media = [archive.read(name) for name in archive.namelist() if "/media/" in name]
        self.word = Read(self.parts["word/document.xml"], "w:tbl", "w:tr", ("w:tc",))
        self.page = Read(self.html.read_text("utf-8"))
        self.texts = self.word.text, self.page.text.replace("\n", "" if lang == "zh" else " ")
        self.book = openpyxl.load_workbook(self.xlsx)
        self.cells = [c for page in self.book for row in page.iter_rows() for c in row]

    def rows(self, name):
        head, *rows = self.book[word(f"report.sheet_{name}", self.lang)].values
        return [dict(zip(head, row, strict=True)) for row in rows]

    def head(self, column, **values):
        return word(f"report.sheet_head_{column}", self.lang, **values)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return {lang: Built(lang, folder) for lang in LANGUAGES}


@pytest.fixture(params=LANGUAGES)
def built(both, request):
    return both[request.param]


def edit(path, change):
    """Let `change` work on a table as text."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame)
    frame.to_csv(path, index=False, lineterminator="\n")


def add_noise(frame, **cells):
    """Add a value like one of area noise."""
    like = frame[frame["indicator"] == "area_noise"].iloc[0].to_dict()
    frame.loc[len(frame)] = like | {"evidence": "", "derivation": ""} | cells


def converted(path, folder, kind="pdf"):
    """Convert a file through LibreOffice."""
    home = f"-env:UserInstallation={(folder / 'office').as_uri()}"
    command = [SOFFICE, home, "--headless", "--convert-to", kind, "--outdir", str(folder / "out")]
    subprocess.run([*command, str(path)], capture_output=True, timeout=180)
    return folder / "out" / f"{path.stem}.{kind.partition(':')[0]}"


def table_2(tables):
    return next(t for t in tables if len(t) == 15 and len(t[0]) == 14)


def number_of(text):
    return float(re.search(r"-?\d+(?:\.\d+)?", text.replace(",", "")).group())


def test_word_html_workbook_figure_and_explorer_tell_one_table_2(built):
    xc.use_language(built.lang)
    rows, lines = table_2(built.word.tables), built.rows("indicators")
    assert rows == table_2(built.page.tables)
    path = ROOT / "figures" / built.lang / "table2_scorecard.csv"
    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    drawn = cells.pivot(index="x", columns="indicator", values="text")
    card = xc.scorecard().set_index("indicator")
    for name, told, line in zip(card.index, rows[1:], lines, strict=True):
        state = State(view="target", lang=built.lang, indicator=name, known=2025)
        verdict = registered_assessment(name).label()
        assert told[11] == line[built.head("verdict")] == show(state).finding == verdict
        key = re.sub("[()]", "", card.at[name, "verdict"]).replace(" ", "_")
        assert drawn[name][word("plot.card_verdict")] == word(f"verdict_short.{key}", year=2025)
        assert told[2] == line[built.head("name")]
        latest, year = line[built.head("latest")], str(line[built.head("latest_year")])
        status, seen = line[built.head("status")], drawn[name][word("plot.card_latest")]
        if latest is None:
            assert told[8] == "—" or status in told[8]
            continue
        value, rest = re.fullmatch(r"([\d.]+)\s*[（(](.+)[）)]", told[8]).groups()
        digits = len(value.partition(".")[2])
        assert f"{latest:.{digits}f}" == value and year in rest and status in rest
        if seen != "—":
            assert number_of(seen) == pytest.approx(latest, abs=0.051) and year in seen
        target, outturn = line[built.head("target")], line[built.head("outturn", year=2025)]
        low, high = line[built.head("lower")], line[built.head("upper")]
        if outturn is not None:
            assert number_of(told[9]) == round(outturn, digits)
        # no range across a target is called met or missed
        if target is not None and low is not None and low < target < high:
            assert verdict == word("verdict.open_provisional")


def test_counts_are_told_one_way_everywhere(built):
    card = xc.scorecard()
    kinds, verdicts = card["kind"].value_counts(), card["verdict"].value_counts()
    counts = [len(card), kinds["level"], kinds["delegated"], kinds["qualitative"], 0, 0, 0, 0]
    counts += [verdicts["no value for the target year"], verdicts["cannot be judged"]]
    total = [str(int(n)) for n in counts]
    for tables in (built.word.tables, built.page.tables):
        table = next(t for t in tables if len(t) == 4)
        assert table[-1][1:] == total
        assert [sum(int(r[c]) for r in table[1:3]) for c in range(1, 11)] == list(map(int, total))
    about = [[str(c) for c in r if c is not None] for r in built.book.worksheets[0].values]
    assert [table[-1][0], *total] in about
    sentence = {
        "zh": "14项指标中，5项有区级目标值，但均未查到2025年公开数值",
        "en": "Of the 14 indicators in Table 2 of the plan, 5 have a district target",
    }
    assert all(sentence[built.lang] in text for text in built.texts)


def test_values_of_2025_and_of_months_move_every_form_at_once(pack, tmp_path):
    def change(frame):
        month = (frame["indicator"] == "road_dust_residue") & (frame["period"] == "2025-10")
        frame.loc[month, "value"] = "6.3"
        firm = {"obs_id": "o9001", "indicator": "traffic_noise", "value": "69.0"}
        across = {"obs_id": "o9002", "value": "55.0", "lower": "54.9", "upper": "55.1"}
        across |= {"status": "derived", "derivation": "o9001 - 14"}
        add_noise(frame, year="2025", use="true", **firm)
        add_noise(frame, year="2025", use="true", **across)

    edit(pack / "observations.csv", change)
    xc.use_data(pack)
    made = Built("zh", tmp_path)
    for tables in (made.word.tables, made.page.tables):
        table = {row[2]: row for row in table_2(tables)[1:]}
        assert table["交通噪声平均值"][9:12:2] == ["69.0", "达到"]
        assert table["区域环境噪声平均值"][11] == "区间跨越目标值，尚难判定（暂定）"
    assert {r["指标"]: r for r in made.rows("indicators")}["交通噪声平均值"]["结论"] == "达到"
    told = "其中2项可以评价：1项达到，0项未达到，1项尚难判定，其余3项未查到2025年公开数值"
    assert all(told in text and "2025年10月6.3克/平方米" in text for text in made.texts)


def test_the_summary_tells_values_of_the_record(built):
    text = built.word.text
    start = text.rindex({"zh": "一、总体结论", "en": "1 Summary"}[built.lang])
    summary = text[start : start + 3500]
    pm25, good = xc.series("pm25")["value"], xc.series("good_day_ratio")["value"]
    fall = 100 * (1 - pm25[2025] / pm25[2020])
    for told in (f"{pm25[2025]:.1f}", f"{fall:.0f}", f"{good[2025]:.1f}"):
        assert told in summary
    assert word("status_short.draft", built.lang) in summary


def test_a_report_speaks_one_language(both):
    page = both["en"].page
    sources = next(table for table in page.tables if table[0][1] == "Title as published")
    text = "".join(page.text.split())
    for title in sorted((row[1] for row in sources), key=len, reverse=True):
        text = text.replace("".join(title.split()), "")
    assert CHINESE.findall(text) == []
    text = both["zh"].word.text + both["zh"].page.text
    assert re.findall(r"\b(?:fit|read|prior)_\w+|\bt145\w*|\bnan\b|\bpaths\b|\bpp\b", text) == []


def test_numbers_and_references_of_the_word_file_are_fields(built):
    codes, soup = built.word.codes, built.word.soup
    assert codes.count(["SEQ", "Table"]) == len(built.word.tables)
    assert codes.count(["SEQ", "Figure"]) == len(soup("wp:inline"))
    marks = {mark["w:name"] for mark in soup("w:bookmarkstart")}
    cited = {target for code, target in codes if code == "REF"}
    assert {m for m in marks if m.startswith("_Ref_")} == cited  # each is cited in the text
    assert ["TOC", "\\o"] in codes
    links = {link.get("w:anchor") for link in soup("w:hyperlink")}
    assert links and links <= marks


def test_pictures_have_alt_text_stand_at_their_width_and_have_no_title_drawn(built):
    inlines, images = built.word.soup("wp:inline"), built.page.soup("img")
    alts = [inline.find("wp:docpr")["descr"] for inline in inlines]
    assert all(len(alt) > 3 and ".png" not in alt for alt in alts)
    assert all(int(inline.find("wp:extent")["cx"]) / 36000 <= 155.5 for inline in inlines)
    assert len(images) == len(inlines) > 0 and all(len(i["alt"]) > 3 for i in images)
    heights, template = [], (ROOT / "xc_analysis" / "report_zh.md.j2").read_text("utf-8")
    for name in re.findall(r'figure\("(\w+)"\)', template):
        with Image.open(ROOT / "figures" / built.lang / f"{name}.png") as drawn:
            assert drawn.text["Title"] in built.word.text  # as its caption
            heights.append(drawn.height - int(drawn.text["TitleDepth"]))
    assert sorted(Image.open(io.BytesIO(c)).height for c in built.media) == sorted(heights)


def test_tables_have_head_rows_and_headings_follow_each_other(built):
    for table in built.word.soup("w:tbl"):
        assert table.find("w:tblheader") and table.find("w:tblcaption")["w:val"]
    heads = built.page.soup("th")
    assert heads and {head.get("scope") for head in heads} == {"col"}
    levels = [int(heading.name[1]) for heading in built.page.soup(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_language_author_and_fonts_of_the_files(built):
    core, styles = (xml(built.parts[name]) for name in ("docProps/core.xml", "word/styles.xml"))
    author = word("report.author", built.lang)
    assert core.find("dc:creator").get_text() == built.book.properties.creator == author
    assert author in built.word.text
    assert core.find("dc:language").get_text().startswith(built.lang)
    assert built.page.soup.html["lang"] == {"zh": "zh-CN", "en": "en"}[built.lang]
    assert styles.find("w:lang")["w:eastasia"] == "zh-CN"
    for style in styles("w:style", {"w:type": "paragraph"}):
        assert style.find("w:rfonts")["w:eastasia"], style["w:styleid"]


def test_the_reference_documents_are_those_of_the_tool(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import reference_docx

    for lang in LANGUAGES:
        made = zipfile.ZipFile(io.BytesIO(reference_docx.write(lang)))
        kept = zipfile.ZipFile(ROOT / "xc_analysis" / f"report_{lang}.docx")
        assert made.namelist() == kept.namelist()
        assert all(made.read(name) == kept.read(name) for name in made.namelist())


def test_the_same_data_give_the_same_bytes(both, tmp_path):
    again = report.build("en", tmp_path)
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in both["en"].paths]


HOSTILE = "<script>alert(1)</script> =cmd|'/C calc'!A0 [a link](http://bad.example) {{ 7*7 }} **x**"


def test_what_others_write_stays_text_in_all_forms(pack, tmp_path, both):
    notes = f"## （一）大气环境\n\n{HOSTILE}\n\n=1+1\n"
    (pack / "report-notes-zh.md").write_text(notes, encoding="utf-8")

    def spoil(frame):
        spoiled = ["completion", "responsible_unit"]
        frame.loc[[0, 1], spoiled] = [[HOSTILE, "=HYPERLINK(1)"], ["+1", "＝1"]]
        frame.loc[0, "outturn"] = ""

    def add_internal(frame):
        add_noise(frame, obs_id="o9003", year="2023", release="internal")

    edit(pack / "projects.csv", spoil)
    edit(pack / "observations.csv", add_internal)
    xc.use_data(pack)
    made = Built("zh", tmp_path)
    assert HOSTILE in made.word.text and HOSTILE in made.page.text
    assert not made.page.soup.select('[href*="bad.example"], [src*="bad.example"]')
    assert len(made.page.soup("script")) == 1  # our own
    relations = made.parts["word/_rels/document.xml.rels"]
    assert "External" not in relations and "bad.example" not in relations
    assert {c.parent.title for c in made.cells if c.data_type == "f"} == {"指标"}
    texts = {c.value: c for c in made.cells if c.data_type == "s"}
    assert texts["=HYPERLINK(1)"].quotePrefix and texts["＝1"].quotePrefix
    assert not [c for c in made.cells if c.hyperlink and c.hyperlink.target]
    mark = "内部资料，含未公开数据"  # a row that is not public marks cover and header
    for text in (*made.texts, made.parts["word/header1.xml"], "\n".join(texts)):
        assert mark in text
    assert mark not in both["zh"].word.text
    assert (pack / "report-notes-zh.md").read_text("utf-8") == notes


def test_a_note_of_no_section_is_refused_in_a_line(pack, tmp_path, lang_en):
    (pack / "report-notes-en.md").write_text("# 3.1 Air\n\nfine\n\n# Airs\n\nx\n", "utf-8")
    xc.use_data(pack)
    with pytest.raises(xc.InputError, match="^[^\n]*Airs[^\n]*Noise[^\n]*$"):
        report.build("en", tmp_path)
    assert not list(tmp_path.glob("*.docx"))


def test_escaped_text_is_shown_as_it_is():
    for text in ("a|b", "1. x", "*a*", "# x", "<b>", "[x](y)", "$x$", "a_b", "`c`"):
        shown = Read(_pandoc(f"{plain(text)}", "-t", "html5"))
        assert " ".join(shown.text.split()) == text and [t.name for t in shown.soup(True)] == ["p"]


def test_the_page_needs_nothing_from_outside(built):
    soup = built.page.soup
    assert not re.search(r"https?://", built.html.read_text("utf-8")) and not soup("link")
    leads = [tag.get("src") or tag["href"] for tag in soup.select("[src], [href]")]
    assert all(lead.startswith(("#", "data:image/png;base64,", "notebooks/")) for lead in leads)
    assert {lead[1:] for lead in leads if lead[0] == "#"} <= {e["id"] for e in soup.select("[id]")}
    contents = [link.get_text() for link in soup.nav.select('a[href^="#"]')]
    assert contents == [heading.get_text() for heading in soup(["h2", "h3"])]


def test_colours_of_the_page_are_legible():
    css = (ROOT / "xc_analysis" / "report_page.html").read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    for name in ("ink", "soft", "lead"):
        assert all(contrast(colours[name], on) >= 4.5 for on in ("white", colours["tint"]))


def test_the_page_fits_a_phone_and_its_contents_stay_in_sight(built, browser):
    page, asked = browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(built.html.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1400, "height": 900})
    page.evaluate("window.scrollTo(0, 5000)")
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
    links = [cell.hyperlink.location for cell in built.cells if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in names[1:]]
    texts = [cell.value for cell in built.cells if cell.data_type == "s"]
    assert texts and not [t for t in texts if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", t)]


def recalculated(made, folder, *changes):
    """Change cells of the sheet of indicators, let LibreOffice compute it, read what follows."""
    book = openpyxl.load_workbook(made.xlsx)
    page = book["指标"]
    heads, names = [c.value for c in page[1]], [c.value for c in page["C"]]
    for name, column, value in changes:
        page.cell(names.index(name) + 1, heads.index(made.head(column)) + 1).value = value
    folder.mkdir()
    book.save(folder / "changed.xlsx")
    path = converted(folder / "changed.xlsx", folder, "xlsx:Calc MS Excel 2007 XML")
    computed = pd.read_excel(path, sheet_name="指标", index_col="指标")
    return computed[[made.head(column) for column in ("margin", "gap", "pace")]].T


@with_office
def test_gap_margin_and_pace_follow_a_changed_number(both, tmp_path):
    before = recalculated(both["zh"], tmp_path / "a")
    for name, indicator in zip(before, xc.scorecard()["indicator"], strict=True):
        one = registered_assessment(indicator)
        if one.target.value is None:
            assert pd.isna(before[name].iloc[0])
        else:
            truth = [one.margin, max(0, -one.margin), one.pace_needed]
            assert before[name].tolist() == pytest.approx(truth, abs=1e-6)
    changes = [("交通噪声平均值", "target", 68), ("绿化覆盖率", "latest", 32.05)]
    changes += [("细颗粒物年均浓度", "target", 25), ("细颗粒物年均浓度", "comparator", "≤")]
    after = recalculated(both["zh"], tmp_path / "b", *changes)
    assert after["交通噪声平均值"].tolist() == pytest.approx([-1.6, 1.6, -0.32])
    assert after["绿化覆盖率"].tolist() == pytest.approx([0.2, 0, -0.04])
    margin = 25 - xc.series("pm25").at[2025, "value"]
    assert after["细颗粒物年均浓度"].iloc[0] == pytest.approx(margin, abs=1e-3)
    assert after["区域环境噪声平均值"].equals(before["区域环境噪声平均值"])


def test_what_is_filled_in_the_commitments_is_read_back(built, pack, tmp_path):
    xc.use_data(pack)
    xc.use_language(built.lang)
    book = openpyxl.load_workbook(built.xlsx)
    page = book[word("report.sheet_commitments")]
    heads = [cell.value for cell in page[1]]
    assert heads[0] == word("column.project_id")
    page.cell(3, heads.index(word("column.completion")) + 1).value = "done in 2024"
    book.save(tmp_path / "filled.xlsx")
    seen = preview_import(tmp_path / "filled.xlsx")
    assert not seen.problems and seen.rows == 1


def test_annual_values_are_those_of_the_series(both):
    rows = [r for r in both["en"].rows("annual") if r["Id"] == "pm25" and r["Area"] == "Xicheng"]
    told = {r["Year"]: r["Value"] for r in rows if "archive" in r["Source id"]}
    assert told == pytest.approx(xc.series("pm25")["value"].to_dict())


@with_office
def test_the_report_has_at_most_15_pages_and_one_for_the_summary(built, tmp_path):
    pdf = converted(built.docx, tmp_path)
    assert 8 <= len(re.findall(rb"/Type\s*/Page[^s]", pdf.read_bytes())) <= 15
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True).stdout.decode()
        heading = {"zh": "二、指标完成情况", "en": "2 The 14 indicators"}[built.lang]
        assert heading in text.split("\f")[2]  # the summary is one page
