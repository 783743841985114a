"""Word files: Markdown through pandoc, and what pandoc leaves to be done."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

from ..errors import InputError
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


def docx(markdown: str, *, lang: str, title: str, subtitle: str = "", date: str = "",
         toc: bool = True, landscape: bool = False, plain: bool = False) -> bytes:  # fmt: skip
    """A Word file from Markdown.

    Parameters
    ----------
    markdown : str
        With pandoc's marks; pictures by absolute path.
    lang : {"zh", "en"}
    title, subtitle, date : str
        Of the first page.
    toc : bool
        With a table of contents, whose entries are written out and whose page numbers are fields.
    landscape : bool
        Pages on their side, for wide tables.
    plain : bool
        Headings of level 1 without numbers, for annexes that carry their own.

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
        head = {"title": title, "subtitle": subtitle, "date": date}
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
    return rewrite(made, lambda parts: _finish(parts, lang, toc, landscape, plain))


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


def _style_of(paragraph: ET.Element) -> str:
    found = paragraph.find("w:pPr/w:pStyle", SPACES)
    return "" if found is None else found.get(qname("w:val"))


def text_of(paragraph: ET.Element) -> str:
    """The words of a paragraph."""
    return "".join(t.text or "" for t in paragraph.iter(qname("w:t")))


def _bind(body: ET.Element) -> None:
    """A picture stays with its caption."""
    for paragraph in body.iter(qname("w:p")):
        if paragraph.find(".//w:drawing", SPACES) is not None:
            properties = paragraph.find("w:pPr", SPACES)
            if properties is not None and properties.find("w:keepNext", SPACES) is None:
                properties.insert(1, element("w:keepNext"))


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
        widths = [round(total * w / sum(given)) for w in given]
        for column, wide in zip(columns, widths, strict=True):
            column.set(qname("w:w"), str(wide))
        for row in table.findall("w:tr", SPACES):
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
