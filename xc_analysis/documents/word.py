"""Word files: Markdown through pandoc, and what pandoc leaves to be done."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import InputError
from .paging import pages_of
from .word_reference import (
    SPACES,
    TEXT_WIDTH,
    element,
    field_runs,
    parse_part,
    part_bytes,
    qname,
    reference,
    rewrite,
    text_run,
    whole_fonts,
)

WORDS = {"zh": "目　录", "en": "Contents"}


def docx(markdown: str, *, lang: str, title: str, subtitle: str = "", author: str = "", date: str = "",
         toc: bool = True, landscape: bool = False, plain: bool = False,
         numbered: bool = False) -> bytes:  # fmt: skip
    """A Word file from Markdown.

    Parameters
    ----------
    markdown : str
        With pandoc's marks; pictures by absolute path.
    lang : {"zh", "en"}
    title, subtitle, author, date : str
        Of the first page.
    toc : bool
        With a table of contents, whose entries are written out and whose page numbers are fields.
    landscape : bool
        Pages on their side, for wide tables.
    plain : bool
        Headings of level 1 without numbers, for annexes that carry their own.
    numbered : bool
        The file is laid out once (`paging`) and the contents show the page numbers found. They are
        results of fields that F9 updates: Word may break a page elsewhere than LibreOffice. Without
        it, or where there is no LibreOffice, the fields are empty and Word fills them in when it
        opens the file, after asking.

    Returns
    -------
    bytes
        The same for the same input.

    Raises
    ------
    InputError
        If pandoc cannot convert it (a picture that is not there).
    """
    import pypandoc

    with tempfile.TemporaryDirectory(prefix="xc-") as folder:
        styles, out = Path(folder) / "reference.docx", Path(folder) / "out.docx"
        styles.write_bytes(reference(lang))
        # no `lang` for Chinese: pandoc has no words for it, and would warn at every figure
        head = {"title": title, "subtitle": subtitle, "author": author, "date": date}
        head |= {} if lang == "zh" else {"lang": "en-GB"}
        extra = [f"--reference-doc={styles}", "--columns=40", "--fail-if-warnings"]
        extra += [f"--metadata={k}:{v}" for k, v in head.items() if v]
        try:
            pypandoc.convert_text(
                markdown, "docx", format="markdown-tex_math_dollars-smart", outputfile=str(out),
                extra_args=extra,
            )  # fmt: skip
        except RuntimeError as error:
            told = " ".join(str(error).split())
            raise InputError(f"{title}: the Word file could not be made: {told}") from None
        made = out.read_bytes()
    made = rewrite(made, lambda parts: _finish(parts, lang, toc, landscape, plain))
    found = pages_of(made) if toc and numbered else []
    return rewrite(made, lambda parts: _number(parts, found)) if found else made


def _finish(parts, lang: str, toc: bool, landscape: bool, plain: bool) -> None:
    root = parse_part(parts["word/document.xml"])
    body = root.find("w:body", SPACES)
    width = TEXT_WIDTH
    if landscape:
        size = body.find("w:sectPr/w:pgSz", SPACES)
        size.set(qname("w:w"), "16838")
        size.set(qname("w:h"), "11906")
        size.set(qname("w:orient"), "landscape")
        width = 29.7 - 5.4
    if plain:
        for style in body.iter(qname("w:pStyle")):
            if style.get(qname("w:val")) == "Heading1":
                style.set(qname("w:val"), "HeadingPlain")
    _bind(body)
    _fit_tables(body, width)
    _air_below_tables(body)
    if toc:
        _contents(body, lang)
        settings = parse_part(parts["word/settings.xml"])
        if settings.find("w:updateFields", SPACES) is None:
            settings.insert(1, element("w:updateFields", w_val="true"))
        parts["word/settings.xml"] = part_bytes(settings)
    for drawing in root.iter(qname("wp:inline")):
        told = drawing.find("wp:docPr", SPACES)
        for picture in drawing.iter(qname("pic:cNvPr")):  # pandoc leaves the file's path here
            picture.set("descr", told.get("descr", ""))
    parts["word/document.xml"] = part_bytes(root)
    parts["word/styles.xml"] = whole_fonts(parts["word/styles.xml"], lang)
    core = parts["docProps/core.xml"].decode()
    fixed = r"\g<1>2000-01-01T00:00:00Z\g<2>"
    core = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)", fixed, core)
    parts["docProps/core.xml"] = core.encode()


def _number(parts, found: list[tuple[str, int]]) -> None:
    """Put the pages of headings into the contents; nothing where they are not the same headings."""
    root = parse_part(parts["word/document.xml"])
    lines = [p for p in root.iter(qname("w:p")) if _style_of(p) in ("TOC1", "TOC2")]
    pages = iter(found)
    numbers = []
    for line in lines:
        told = _bare(text_of(line))
        numbers.append(next((page for title, page in pages if _bare(title) == told), None))
    if None in numbers:
        return
    for line, page in zip(lines, numbers, strict=True):
        runs = list(line.iter(qname("w:r")))
        at = next(i for i, run in enumerate(runs) if "PAGEREF" in "".join(
            t.text or "" for t in run.iter(qname("w:instrText"))))  # fmt: skip
        runs[at + 2].find("w:t", SPACES).text = str(page)  # behind the code: separator, then result
    parts["word/document.xml"] = part_bytes(root)
    settings = parse_part(parts["word/settings.xml"])
    for asking in settings.findall("w:updateFields", SPACES):
        settings.remove(asking)
    parts["word/settings.xml"] = part_bytes(settings)


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _style_of(paragraph: ET.Element) -> str:
    found = paragraph.find("w:pPr/w:pStyle", SPACES)
    return "" if found is None else found.get(qname("w:val"))


def text_of(paragraph: ET.Element) -> str:
    """The words of a paragraph."""
    return "".join(t.text or "" for t in paragraph.iter(qname("w:t")))


def _bind(body: ET.Element) -> None:
    """A picture stays with its caption; caption and reading stay with what follows by style."""
    for paragraph in body.iter(qname("w:p")):
        if paragraph.find(".//w:drawing", SPACES) is not None:
            _keep(paragraph)


def _keep(paragraph: ET.Element) -> None:
    """Keep a paragraph on the page of the next."""
    properties = paragraph.find("w:pPr", SPACES)
    if properties is None:
        properties = element("w:pPr")
        paragraph.insert(0, properties)
    if properties.find("w:keepNext", SPACES) is None:
        styled = properties.find("w:pStyle", SPACES) is not None
        properties.insert(1 if styled else 0, element("w:keepNext"))


def _fit_tables(body: ET.Element, width: float) -> None:
    """Tables as wide as the text, columns fixed, rows whole, the head repeated."""
    total = int(width / 2.54 * 1440)
    for table in body.iter(qname("w:tbl")):
        if table.find(".//w:drawing", SPACES) is not None:
            continue
        properties = table.find("w:tblPr", SPACES)
        for name in ("w:tblW", "w:tblLayout"):
            for old in properties.findall(name, SPACES):
                properties.remove(old)
        place = list(properties)
        at = next((i for i, e in enumerate(place) if e.tag in (qname("w:jc"), qname("w:tblLook"),
                   qname("w:tblCaption"))), len(place))  # fmt: skip
        properties.insert(at, element("w:tblW", w_w=total, w_type="dxa"))
        at = next((i for i, e in enumerate(properties) if e.tag in (qname("w:tblLook"),
                   qname("w:tblCaption"))), len(properties))  # fmt: skip
        properties.insert(at, element("w:tblLayout", w_type="fixed"))
        columns = table.findall("w:tblGrid/w:gridCol", SPACES)
        given = [int(c.get(qname("w:w")) or 1) for c in columns]
        for told in table.find("w:tr", SPACES).iter(qname("w:t")):  # a head may break at its slash
            told.text = (told.text or "").replace("/", "/\u200b")
        widths = _widths(table, [total * w / sum(given) for w in given])
        for column, wide in zip(columns, widths, strict=True):
            column.set(qname("w:w"), str(wide))
        rows = table.findall("w:tr", SPACES)
        # the head with the first two rows, and the last two together: no row alone on a page
        for row in {id(r): r for r in (*rows[:2], *rows[-2:-1])}.values():
            if row is not rows[-1]:
                for paragraph in row.iter(qname("w:p")):
                    _keep(paragraph)
        for row in rows:
            of_row = row.find("w:trPr", SPACES)
            if of_row is None:
                of_row = element("w:trPr")
                row.insert(0, of_row)
            of_row.insert(0, element("w:cantSplit"))
            for cell, wide in zip(row.findall("w:tc", SPACES), widths, strict=False):
                of_cell = cell.find("w:tcPr", SPACES)
                if of_cell is None:
                    of_cell = element("w:tcPr")
                    cell.insert(0, of_cell)
                for old in of_cell.findall("w:tcW", SPACES):
                    of_cell.remove(old)
                of_cell.insert(0, element("w:tcW", w_w=wide, w_type="dxa"))


def _air_below_tables(body: ET.Element) -> None:
    """Some room between a table and the text below it."""
    parts = list(body)
    for above, below in zip(parts, parts[1:], strict=False):
        properties = below.find("w:pPr", SPACES)
        if above.tag != qname("w:tbl") or below.tag != qname("w:p") or properties is None:
            continue
        if {e.tag for e in properties} <= {qname("w:pStyle"), qname("w:keepNext")}:
            properties.append(element("w:spacing", w_before=160))


UNBROKEN = re.compile(r"[^ \t\n\u200b\u2e80-\uffef]+")  # what no line may break
TWIPS_A_LETTER = 108  # of a Latin word in the text of a table
CELL_MARGINS = 160
MOST_OF_TABLE = 0.18


def _widths(table: ET.Element, widths: list[float]) -> list[int]:
    """The widths of the columns, none narrower than its longest word; the others give way."""
    need = [0.0] * len(widths)
    for row in table.findall("w:tr", SPACES):
        for at, cell in enumerate(row.findall("w:tc", SPACES)[: len(widths)]):
            runs = [run for p in cell.iter(qname("w:p")) for run in UNBROKEN.findall(text_of(p))]
            longest = max(map(len, runs), default=0)
            need[at] = max(need[at], longest * TWIPS_A_LETTER + CELL_MARGINS)
    need = [min(n, MOST_OF_TABLE * sum(widths)) for n in need]  # a longer one is broken anyhow
    short = sum(max(0.0, n - w) for n, w in zip(need, widths, strict=True))
    spare = sum(max(0.0, w - n) for n, w in zip(need, widths, strict=True))
    if short and spare >= short:
        widths = [n if n > w else w - (w - n) * short / spare
                  for n, w in zip(need, widths, strict=True)]  # fmt: skip
    return [round(w) for w in widths]


_DIGITS = "零一二三四五六七八九十"


def chinese(n: int) -> str:
    """A whole number below a hundred in Chinese.

    >>> chinese(3), chinese(10), chinese(14), chinese(20), chinese(31)
    ('三', '十', '十四', '二十', '三十一')
    """
    tens, ones = divmod(n, 10)
    if not tens:
        return _DIGITS[n]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def _contents(body: ET.Element, lang: str) -> None:
    """A table of contents written out: links and page fields inside a field Word can update."""
    entries, counts = [], [0, 0]
    for number, paragraph in enumerate(body.iter(qname("w:p"))):
        style = _style_of(paragraph)
        if style not in ("Heading1", "Heading2", "HeadingPlain"):
            continue
        told, level = text_of(paragraph), 1
        if style == "Heading1":
            counts = [counts[0] + 1, 0]
            told = (f"{chinese(counts[0])}、" if lang == "zh" else f"{counts[0]} ") + told
        elif style == "Heading2":
            counts[1] += 1
            level = 2
            mark = f"（{chinese(counts[1])}）" if lang == "zh" else f"{counts[0]}.{counts[1]} "
            told = mark + told
        name = f"_Toc{number:06d}"
        properties = paragraph.find("w:pPr", SPACES)
        at = list(paragraph).index(properties) + 1
        paragraph.insert(at, element("w:bookmarkStart", w_id=90000 + number, w_name=name))
        paragraph.append(element("w:bookmarkEnd", w_id=90000 + number))
        entries.append((level, told, name))
    block = [_styled("TOCHeading", [text_run(WORDS[lang])])]
    for i, (level, told, name) in enumerate(entries):
        runs = [text_run(told), element("w:r"), *field_runs(f"PAGEREF {name} \\h")]
        runs[1].append(element("w:tab"))
        link = element("w:hyperlink", w_anchor=name, w_history="1")
        link.extend(runs)
        inner = [link]
        if i == 0:
            inner = [*field_runs('TOC \\o "1-2" \\h \\z \\u')[:3], link]
        if i == len(entries) - 1:
            end = element("w:r")
            end.append(element("w:fldChar", w_fldCharType="end"))
            inner.append(end)
        block.append(_styled(f"TOC{level}", inner))
    front = ("Title", "Subtitle", "Author", "Date")
    at = 0
    for i, child in enumerate(body):
        if child.tag == qname("w:p") and _style_of(child) in front:
            at = i + 1
    for i, paragraph in enumerate(block):
        body.insert(at + i, paragraph)


def _styled(style: str, inner: list[ET.Element]) -> ET.Element:
    paragraph, properties = element("w:p"), element("w:pPr")
    properties.append(element("w:pStyle", w_val=style))
    paragraph.append(properties)
    paragraph.extend(inner)
    return paragraph
