"""Word files: styles, fonts, numbering, captions, tables, and the same bytes every time."""

import io
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from xml.etree import ElementTree as ET

import pytest

from xc_analysis.documents import paging, word, word_reference
from xc_analysis.documents.illustrations import Illustration
from xc_analysis.documents.slides import MARGIN, PICTURE, SLIDE, chosen, pptx
from xc_analysis.errors import InputError

W = "{" + word_reference.W + "}"
TABLE = "| a | b |\n|---|------|\n| 一 | 二 |\n"


def png(path, wide=300, high=150):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    rows = zlib.compress((b"\0" + b"\xff" * wide) * high)
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows)
                     + chunk(b"IEND", b""))  # fmt: skip
    return path


@pytest.fixture(scope="module", params=["zh", "en"])
def made(request, tmp_path_factory):
    picture = png(tmp_path_factory.mktemp("word") / "p.png")
    text = (
        "# 第一\n\n## 小节\n\n正文[^a]。\n\n[^a]: 出处\n\n"
        f'![图 1　题]({picture}){{alt="所示内容" width=10cm}}\n\n{TABLE}\n\n# 第二\n\n### 三级\n\n末段\n'
    )
    file = word.docx(text, lang=request.param, title="题名")
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        return request.param, file, {n: parts.read(n) for n in parts.namelist()}


def styles(parts):
    return {
        s.get(f"{W}styleId"): s for s in ET.fromstring(parts["word/styles.xml"]).iter(f"{W}style")
    }


def test_every_paragraph_style_has_an_east_asian_font(made):
    _, _, parts = made
    for name, style in styles(parts).items():
        if style.get(f"{W}type") == "paragraph":
            fonts = style.find(f"{W}rPr/{W}rFonts")
            assert fonts is not None and fonts.get(f"{W}eastAsia"), name


def test_chinese_habit_by_style():
    with zipfile.ZipFile(io.BytesIO(word_reference.reference("zh"))) as parts:
        found = styles({"word/styles.xml": parts.read("word/styles.xml")})
    font = {n: s.find(f"{W}rPr/{W}rFonts").get(f"{W}eastAsia") for n, s in found.items()
            if s.get(f"{W}type") == "paragraph"}  # fmt: skip
    assert font["Title"] == "方正小标宋简体"
    assert font["Heading1"] == "黑体"
    assert font["BodyText"] == font["FirstParagraph"] == "仿宋"
    table = ET.fromstring(
        zipfile.ZipFile(io.BytesIO(word_reference.reference("zh"))).read("word/fontTable.xml")
    )
    named = {f.get(f"{W}name"): f.find(f"{W}altName") for f in table}
    assert all(named[f] is not None for f in set(font.values()))  # each has another name to fall to


def test_numbering_of_headings(made):
    lang, _, parts = made
    root = ET.fromstring(parts["word/numbering.xml"])
    ours = next(
        a
        for a in root.iter(f"{W}abstractNum")
        if a.get(f"{W}abstractNumId") == word_reference.NUM_ID
    )
    texts = [e.get(f"{W}val") for e in ours.iter(f"{W}lvlText")]
    assert texts == (["%1、", "（%2）", "%3."] if lang == "zh" else ["%1", "%1.%2", "%1.%2.%3"])
    heading = styles(parts)["Heading1"]
    assert heading.find(f".//{W}numId").get(f"{W}val") == word_reference.NUM_ID


def test_contents_are_written_out_and_can_be_updated(made):
    lang, _, parts = made
    text = parts["word/document.xml"].decode()
    assert 'TOC \\o "1-2"' in text
    root = ET.fromstring(parts["word/document.xml"])
    lines = [word.text_of(p) for p in root.iter(f"{W}p") if word._style_of(p) in ("TOC1", "TOC2")]
    wanted = (
        ["一、第一", "（一）小节", "二、第二"] if lang == "zh" else ["1 第一", "1.1 小节", "2 第二"]
    )
    assert lines == wanted
    marks = {b.get(f"{W}name") for b in root.iter(f"{W}bookmarkStart")}
    links = {h.get(f"{W}anchor") for h in root.iter(f"{W}hyperlink")} - {None}
    assert links <= marks and len(links) == 3
    begins = len(re.findall(r'fldCharType="begin"', text))
    assert begins == len(re.findall(r'fldCharType="end"', text))


def test_without_pages_the_fields_are_left_for_word(made):
    _, _, parts = made
    assert b"updateFields" in parts["word/settings.xml"]


LONG = "# 第一\n\n段\n\n## 小节\n\n段\n\n# 第二\n\n末段\n"


def contents(file):
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        root = ET.fromstring(parts.read("word/document.xml"))
        asks = b"updateFields" in parts.read("word/settings.xml")
    lines = [p for p in root.iter(f"{W}p") if word._style_of(p) in ("TOC1", "TOC2")]
    return [word.text_of(p) for p in lines], asks, root


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_of_the_contents_where_they_are_known(monkeypatch, lang):
    marks = ("一、", "（一）", "二、") if lang == "zh" else ("1 ", "1.1 ", "2 ")
    heads = [m + t for m, t in zip(marks, ("第一", "小节", "第二"), strict=True)]
    found = [("other", 1), (heads[0], 3), (heads[1].replace(" ", "\u00a0"), 3), (heads[2], 14)]
    monkeypatch.setattr(word, "pages_of", lambda file: found)
    told, asks, root = contents(word.docx(LONG, lang=lang, title="题", numbered=True))
    assert told == [heads[0] + "3", heads[1] + "3", heads[2] + "14"] and not asks
    codes = [t.text for t in root.iter(f"{W}instrText")]
    assert sum("PAGEREF" in c for c in codes) == 3  # fields still, so that Word can renew them
    for wrong in ([], found[:-1], found[::-1]):
        monkeypatch.setattr(word, "pages_of", lambda file, wrong=wrong: wrong)
        told, asks, _ = contents(word.docx(LONG, lang=lang, title="题", numbered=True))
        assert told == heads and asks


def test_pages_as_libreoffice_lays_them_out():
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed (soffice not found)")
    made = [word.docx(LONG, lang="zh", title="题", numbered=True) for _ in range(2)]
    # cover and contents on the first pages, then each heading of level 1 begins a page
    assert contents(made[0])[:2] == (["一、第一3", "（一）小节3", "二、第二4"], False)
    assert made[0] == made[1]


@pytest.mark.parametrize("harm", ["none", "fails", "hangs", "garbage"])
def test_an_office_that_does_not_work_costs_nothing_but_the_pages(tmp_path, monkeypatch, harm):
    office = tmp_path / "soffice"
    body = {"fails": "exit 3", "hangs": "sleep 30", "garbage":
            'while [ "$1" != --outdir ]; do shift; done; echo no > "$2/paper.pdf"'}  # fmt: skip
    office.write_text(f"#!/bin/sh\n{body.get(harm, '')}\n")
    office.chmod(0o755)
    monkeypatch.setattr(paging.shutil, "which", lambda n: None if harm == "none" else str(office))
    monkeypatch.setattr(paging, "MOST_SECONDS", 1)
    told, asks, _ = contents(word.docx(LONG, lang="zh", title="题", numbered=True))
    assert told == ["一、第一", "（一）小节", "二、第二"] and asks


def test_the_outline_of_a_pdf():
    def title(text):
        return ("\ufeff" + text).encode("utf-16-be").hex().upper()

    pdf = (
        "1 0 obj\n<</Type/Page/Parent 3 0 R>>\nendobj\n2 0 obj\n<</Type/Page>>\nendobj\n"
        "3 0 obj\n<</Type/Pages\n/Kids[ 2 0 R 1 0 R ]/Count 2>>\nendobj\n"
        f"5 0 obj\n<</Count 0/Title<{title('一、甲')}>\n/Dest[1 0 R/XYZ 9 7 0]/Parent 4 0 R>>\nendobj\n"
        f"6 0 obj\n<</Title<{title('乙')}>/Dest[2 0 R/XYZ 9 7 0]/Parent 4 0 R>>\nendobj\n"
    )
    assert paging.outline(pdf.encode()) == [("一、甲", 2), ("乙", 1)]
    with pytest.raises(ValueError, match="no pages"):
        paging.outline(b"%PDF")


def test_a_figure_stays_in_one_piece(made, tmp_path):
    for name in ("ImageCaption", "FigureReading"):
        style = styles(made[2])[name]
        assert style.find(f"{W}pPr/{W}keepNext") is not None
        assert style.find(f"{W}pPr/{W}keepLines") is not None
    last = styles(made[2])["SourceLine"].find(f"{W}pPr")
    assert last.find(f"{W}keepNext") is None and last.find(f"{W}keepLines") is not None


def test_a_column_is_as_wide_as_its_longest_word():
    text = "| No | Quality/impact |\n|---------------------------|---|\n| a few short words | x |\n"
    file = word.docx(text, lang="en", title="t", toc=False)
    root = ET.fromstring(zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml"))
    first, second = (int(c.get(f"{W}w")) for c in root.iter(f"{W}gridCol"))
    # "Quality/" has 8 letters of 9 points, half as wide as high on average: 36 points of 20 twips
    assert second >= 36 * 20 and abs(first + second - word_reference.TEXT_WIDTH / 2.54 * 1440) < 5


def test_no_row_is_left_alone():
    rows = "".join(f"| {n} | x |\n" for n in range(6))
    file = word.docx(f"| a | b |\n|---|---|\n{rows}", lang="zh", title="t", toc=False)
    root = ET.fromstring(zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml"))
    kept = [all(p.find(f"{W}pPr/{W}keepNext") is not None for p in row.iter(f"{W}p"))
            for row in root.iter(f"{W}tr")]  # fmt: skip
    assert kept == [True, True, False, False, False, True, False]


def test_figures_have_alt_text_and_captions(made):
    _, _, parts = made
    text = parts["word/document.xml"].decode()
    assert set(re.findall(r'descr="([^"]*)"', text)) == {"所示内容"}  # and no path of a file
    root = ET.fromstring(parts["word/document.xml"])
    captions = [word.text_of(p) for p in root.iter(f"{W}p") if word._style_of(p) == "ImageCaption"]
    assert captions == ["图 1　题"]


def test_tables_fit_the_page_and_repeat_their_head(made):
    _, _, parts = made
    table = next(ET.fromstring(parts["word/document.xml"]).iter(f"{W}tbl"))
    widths = [int(c.get(f"{W}w")) for c in table.iter(f"{W}gridCol")]
    assert abs(sum(widths) - word_reference.TEXT_WIDTH / 2.54 * 1440) < 5
    assert table.find(f".//{W}tblHeader") is not None
    assert all(r.find(f"{W}trPr/{W}cantSplit") is not None for r in table.iter(f"{W}tr"))


def test_pages_are_numbered_and_a4(made):
    _, _, parts = made
    section = next(ET.fromstring(parts["word/document.xml"]).iter(f"{W}sectPr"))
    assert section.find(f"{W}pgSz").get(f"{W}w") == "11906"
    assert section.find(f"{W}footerReference") is not None
    assert any(b" PAGE " in body for name, body in parts.items() if "footer" in name)


def test_landscape():
    file = word.docx(TABLE, lang="zh", title="t", toc=False, landscape=True)
    root = ET.fromstring(zipfile.ZipFile(io.BytesIO(file)).read("word/document.xml"))
    size = next(root.iter(f"{W}pgSz"))
    assert int(size.get(f"{W}w")) > int(size.get(f"{W}h"))


def test_same_text_same_bytes():
    made = [word.docx("# 一\n\n正文\n", lang="zh", title="t") for _ in range(2)]
    assert made[0] == made[1]
    decks = [pptx("## 页\n\n- 条\n", lang="zh", title="t") for _ in range(2)]
    assert decks[0] == decks[1]


def test_a_missing_picture_is_an_error(tmp_path):
    with pytest.raises(InputError, match="could not be made"):
        word.docx(f"![x]({tmp_path}/none.png)\n", lang="zh", title="题")


def test_slides_have_a_title_each_and_chinese_fonts(tmp_path):
    picture = png(tmp_path / "p.png")
    file = pptx(f'## 甲\n\n- 条\n\n## 乙\n\n![]({picture}){{alt="所示"}}\n', lang="zh", title="题")
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        slides = [n for n in parts.namelist() if re.fullmatch(r"ppt/slides/slide\d+\.xml", n)]
        text = "".join(parts.read(n).decode() for n in slides)
        theme = parts.read("ppt/theme/theme1.xml").decode()
    assert len(slides) == 3 and "甲" in text
    assert re.findall(r'descr="([^"]*)"', text) == ["所示"]
    assert '<a:ea typeface="微软雅黑"' in theme


def test_a_picture_fills_its_slide(tmp_path):
    wide, tall = png(tmp_path / "w.png", 400, 100), png(tmp_path / "t.png", 100, 100)
    file = pptx(f"## 甲\n\n![]({wide})\n\n## 乙\n\n![]({tall})\n", lang="zh", title="题")
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        frames = []
        for n in (2, 3):
            picture = re.search(
                "<p:pic>.*?</p:pic>", parts.read(f"ppt/slides/slide{n}.xml").decode()
            )
            frames.append([int(x) for x in re.findall(r'(?:x|y|cx|cy)="(\d+)"', picture[0])[:4]])
    (left, _, width, height), (_, top, square, high) = frames
    assert left == MARGIN and width == SLIDE[0] - 2 * MARGIN and abs(width - 4 * height) < 9
    assert (top, high) == PICTURE and abs(square - high) < 9


def test_the_figures_of_a_deck(tmp_path):
    flat, tall = png(tmp_path / "f.png", 300, 200), png(tmp_path / "t.png", 300, 330)

    def item(stem, chapter, picture):
        return Illustration(stem, chapter, stem, picture, None, "", (), 0)

    figures = [item("a", "甲", tall), item("b", "甲", flat), item("card_2020", "乙", flat),
               item("card_2025", "乙", flat), item("m", "丙", tall), item("d", "丁", flat)]  # fmt: skip
    assert [i.stem for i in chosen(figures, 2025, 9)] == ["b", "card_2025", "d"]
    assert [i.stem for i in chosen(figures, 2024, 9)] == ["b", "card_2020", "d"]
    assert len(chosen(figures, 2025, 2)) == 2


@pytest.mark.parametrize(
    ("n", "text"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (42, "四十二")]
)
def test_chinese_numbers(n, text):
    assert word.chinese(n) == text


def test_libreoffice_opens_it(made, tmp_path):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice is not installed (soffice not found)")
    lang, file, _ = made
    (tmp_path / "r.docx").write_bytes(file)
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "txt:Text", "--outdir", str(tmp_path), str(tmp_path / "r.docx")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    text = (tmp_path / "r.txt").read_text(encoding="utf-8-sig")
    assert "正文" in text and "\ufffd" not in text
