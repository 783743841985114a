"""Word files: a reference document made from pandoc's own, and what pandoc leaves to be done.

The styles follow the habit of Chinese official papers (GB/T 9704): title in 小标宋, headings in
黑体, 楷体 and 仿宋 numbered 一、（一）1., text in 仿宋. A machine without these fonts finds others by
the names and families in the font table.
"""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree as ET

from .errors import InputError

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = {
    "w": W,
    "r": R,
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "o": "urn:schemas-microsoft-com:office:office",
    "v": "urn:schemas-microsoft-com:vml",
    "w10": "urn:schemas-microsoft-com:office:word",
    "sl": "http://schemas.openxmlformats.org/schemaLibrary/2006/main",
}
STAMP = (2000, 1, 1, 0, 0, 0)  # in the archive, so that the same text gives the same bytes
TEXT_WIDTH = 15.6  # cm
# east Asian font, latin font, size (pt), bold, align, first-line indent (characters), line (pt or
# None), before, after (pt)
ZH = {
    "Normal": ("仿宋", "Times New Roman", 14, False, "both", 0, 26, 0, 0),
    "BodyText": ("仿宋", "Times New Roman", 14, False, "both", 2, 26, 0, 4),
    "FirstParagraph": ("仿宋", "Times New Roman", 14, False, "both", 2, 26, 0, 4),
    "Compact": ("仿宋", "Times New Roman", 10.5, False, "left", 0, None, 1, 1),
    "Title": ("方正小标宋简体", "Times New Roman", 22, False, "center", 0, None, 120, 18),
    "Subtitle": ("楷体", "Times New Roman", 16, False, "center", 0, None, 0, 12),
    "Date": ("楷体", "Times New Roman", 14, False, "center", 0, None, 0, 0),
    "Heading1": ("黑体", "Arial", 16, False, "left", 0, None, 18, 8),
    "Heading2": ("楷体", "Times New Roman", 15, True, "left", 0, None, 12, 6),
    "Heading3": ("仿宋", "Times New Roman", 14, True, "left", 0, None, 8, 4),
    "HeadingPlain": ("黑体", "Arial", 16, False, "center", 0, None, 12, 8),
    "TOCHeading": ("黑体", "Arial", 16, False, "center", 0, None, 12, 12),
    "SummaryText": ("仿宋", "Times New Roman", 12, False, "both", 0, 20, 0, 2),
    "ImageCaption": ("黑体", "Arial", 10.5, False, "center", 0, None, 3, 3),
    "TableCaption": ("黑体", "Arial", 10.5, False, "center", 0, None, 6, 3),
    "CaptionedFigure": ("仿宋", "Times New Roman", 10.5, False, "center", 0, None, 10, 0),
    "SourceLine": ("楷体", "Times New Roman", 9, False, "left", 0, None, 0, 8),
    "FootnoteText": ("仿宋", "Times New Roman", 9, False, "left", 0, None, 0, 0),
    "Footer": ("宋体", "Times New Roman", 14, False, "center", 0, None, 0, 0),
    "TOC1": ("仿宋", "Times New Roman", 13, False, "left", 0, None, 3, 1),
    "TOC2": ("仿宋", "Times New Roman", 11, False, "left", 2, None, 0, 0),
}
EN = {
    name: ("仿宋" if ea in ("仿宋", "楷体") else ea, latin, max(9, size - 3), bold, align, 0,
           None, before, after + (3 if name in ("BodyText", "FirstParagraph") else 0))
    for name, (ea, latin, size, bold, align, _, _, before, after) in ZH.items()
}  # fmt: skip
NEW = {  # styles of our own: name shown, based on
    "HeadingPlain": ("Heading Plain", "Normal"),
    "SummaryText": ("Summary Text", "Normal"),
    "SourceLine": ("Source Line", "Normal"),
    "Footer": ("footer", "Normal"),
    "TOC1": ("toc 1", "Normal"),
    "TOC2": ("toc 2", "Normal"),
}
# font -> other names it goes by, then family and shape, by which another is found
FONTS = {
    "仿宋": ("FangSong", "roman"),
    "楷体": ("KaiTi", "roman"),
    "黑体": ("SimHei", "swiss"),
    "宋体": ("SimSun", "roman"),
    "方正小标宋简体": ("宋体", "roman"),
}
LEVELS = {
    "zh": (
        ("chineseCountingThousand", "%1、"),
        ("chineseCountingThousand", "（%2）"),
        ("decimal", "%3."),
    ),
    "en": (("decimal", "%1"), ("decimal", "%1.%2"), ("decimal", "%1.%2.%3")),
}
WORDS = {
    "zh": ("目　录", "{}“{}”规划评估报告", "由数据生成", "图件与表格的数据见随附工作簿"),
    "en": ("Contents", "{}: report on the plan {}", "Made from the data",
           "The data of figures and tables are in the workbook"),
}  # fmt: skip
NUM_ID = "77"


def _q(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{SPACES[prefix]}}}{local}"


def _el(name: str, **attributes) -> ET.Element:
    return ET.Element(_q(name), {_q(k.replace("_", ":", 1)): str(v) for k, v in attributes.items()})


def pandoc_file(name: str) -> bytes:
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "--print-default-data-file", name]
    return subprocess.run(command, capture_output=True, check=True).stdout


def rewrite(archive: bytes, change) -> bytes:
    """The same archive with parts changed by ``change(parts)``; no time stamp enters it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(parts, key=lambda n: (n != "[Content_Types].xml", n)):
            target.writestr(zipfile.ZipInfo(name, STAMP), parts[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _parse(part: bytes) -> ET.Element:
    for _, (prefix, uri) in ET.iterparse(io.BytesIO(part), events=("start-ns",)):
        if prefix and not re.fullmatch(r"ns\d+", prefix):
            ET.register_namespace(prefix, uri)
    for prefix, uri in SPACES.items():
        ET.register_namespace(prefix, uri)
    return ET.fromstring(part)


def _bytes(root: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + ET.tostring(
        root, encoding="utf-8"
    )


@lru_cache(maxsize=2)
def reference(lang: str) -> bytes:
    """The reference document of a language.

    Parameters
    ----------
    lang : {"zh", "en"}

    Returns
    -------
    bytes
        A docx: pandoc's own with our styles, numbering, page, footer and font table.
    """

    def change(parts):
        parts["word/styles.xml"] = _styles(parts["word/styles.xml"], lang)
        parts["word/numbering.xml"] = _numbering(parts["word/numbering.xml"], lang)
        parts["word/fontTable.xml"] = _font_table()
        parts["word/footer1.xml"] = _footer()
        parts["word/document.xml"] = _page(parts["word/document.xml"])
        relation = f'<Relationship Type="{R}/footer" Id="rIdFooter" Target="footer1.xml"/>'
        rels = parts["word/_rels/document.xml.rels"].decode()
        parts["word/_rels/document.xml.rels"] = rels.replace(
            "</Relationships>", f"{relation}</Relationships>"
        ).encode()
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"
        types = parts["[Content_Types].xml"].decode()
        parts["[Content_Types].xml"] = types.replace(
            "</Types>", f'<Override PartName="/word/footer1.xml" ContentType="{kind}"/></Types>'
        ).encode()

    return rewrite(pandoc_file("reference.docx"), change)


def _styles(part: bytes, lang: str) -> bytes:
    root = _parse(part)
    specs = ZH if lang == "zh" else EN
    found = {s.get(_q("w:styleId")): s for s in root.findall("w:style", SPACES)}
    for style_id, (name, based) in NEW.items():
        if style_id not in found:
            style = _el("w:style", w_type="paragraph", w_customStyle="1", w_styleId=style_id)
            if name.startswith(("toc", "footer")):
                del style.attrib[_q("w:customStyle")]
            style.append(_el("w:name", w_val=name))
            style.append(_el("w:basedOn", w_val=based))
            style.append(_el("w:next", w_val="BodyText" if "Heading" in name else style_id))
            style.append(_el("w:qFormat"))
            root.append(style)
            found[style_id] = style
    fallback = specs["Normal"]
    for style_id, style in found.items():
        if style.get(_q("w:type")) == "table":
            _table_style(style)
            continue
        spec = specs.get(style_id.removesuffix("Char"))
        if spec:
            _apply(style, spec, style_id, lang)
        elif style.get(_q("w:type")) == "paragraph":
            _fonts(style, fallback)
    defaults = root.find("w:docDefaults/w:rPrDefault/w:rPr", SPACES)
    old = defaults.find("w:rFonts", SPACES)
    defaults.remove(old)
    defaults.insert(0, _run_fonts(*fallback[:2]))
    return _bytes(root)


def _run_fonts(east: str, latin: str) -> ET.Element:
    return _el("w:rFonts", w_ascii=latin, w_hAnsi=latin, w_eastAsia=east, w_cs=latin)


def _fonts(style: ET.Element, spec) -> ET.Element:
    run = style.find("w:rPr", SPACES)
    if run is None:
        run = _el("w:rPr")
        style.append(run)
    for old in run.findall("w:rFonts", SPACES):
        run.remove(old)
    run.insert(0, _run_fonts(*spec[:2]))
    return run


def _apply(style: ET.Element, spec, style_id: str, lang: str) -> None:
    east, latin, size, bold, align, indent, line, before, after = spec
    for old in style.findall("w:rPr", SPACES):
        style.remove(old)
    paragraph = style.find("w:pPr", SPACES)
    if paragraph is not None:
        style.remove(paragraph)
    if style.get(_q("w:type")) == "paragraph":
        style.append(_paragraph(style_id, align, indent, line, before, after))
    run = _el("w:rPr")
    run.append(_run_fonts(east, latin))
    if bold:
        run.append(_el("w:b"))
    run.append(_el("w:i", w_val="0"))
    run.append(_el("w:color", w_val="000000"))
    run.append(_el("w:sz", w_val=int(size * 2)))
    run.append(_el("w:szCs", w_val=int(size * 2)))
    style.append(run)


def _paragraph(style_id, align, indent, line, before, after) -> ET.Element:
    p = _el("w:pPr")
    level = {"Heading1": 0, "Heading2": 1, "Heading3": 2}.get(style_id)
    heading = level is not None or style_id == "HeadingPlain"
    if heading or style_id in ("CaptionedFigure", "TableCaption", "TOCHeading"):
        p.append(_el("w:keepNext"))
    if heading:
        p.append(_el("w:keepLines"))
    if style_id in ("Heading1", "HeadingPlain", "TOCHeading"):
        p.append(_el("w:pageBreakBefore"))
    if level is not None or style_id == "TOCHeading":  # the latter takes its base's number off
        number = _el("w:numPr")
        number.append(_el("w:ilvl", w_val=level or 0))
        number.append(_el("w:numId", w_val="0" if level is None else NUM_ID))
        p.append(number)
    if style_id.startswith("TOC") and style_id != "TOCHeading":
        tabs = _el("w:tabs")
        right = int(TEXT_WIDTH / 2.54 * 1440)
        tabs.append(_el("w:tab", w_val="right", w_leader="dot", w_pos=right))
        p.append(tabs)
    spacing = {"w_before": int(before * 20), "w_after": int(after * 20)}
    if line:
        spacing |= {"w_line": int(line * 20), "w_lineRule": "exact"}
    else:
        spacing |= {"w_line": 264, "w_lineRule": "auto"}
    p.append(_el("w:spacing", **spacing))
    if style_id == "TOC2":
        p.append(_el("w:ind", w_left=420))
    else:
        p.append(_el("w:ind", w_firstLineChars=indent * 100, w_firstLine=indent * 280))
    p.append(_el("w:jc", w_val=align))
    if heading:
        p.append(_el("w:outlineLvl", w_val=level or 0))
    elif style_id == "TOCHeading":
        p.append(_el("w:outlineLvl", w_val="9"))
    return p


def _table_style(style: ET.Element) -> None:
    """Thin rules above, below and under the head; shaded head; cells with some air."""
    for old in style.findall("w:tblPr", SPACES) + style.findall("w:tblStylePr", SPACES):
        style.remove(old)
    table = _el("w:tblPr")
    borders = _el("w:tblBorders")
    for side, width in (("top", 12), ("bottom", 12), ("insideH", 4)):
        colour = "000000" if width > 4 else "BFBFBF"
        borders.append(_el(f"w:{side}", w_val="single", w_sz=width, w_space="0", w_color=colour))
    table.append(borders)
    cells = _el("w:tblCellMar")
    for side, width in (("top", 30), ("left", 70), ("bottom", 30), ("right", 70)):
        cells.append(_el(f"w:{side}", w_w=width, w_type="dxa"))
    table.append(cells)
    style.append(table)
    head = _el("w:tblStylePr", w_type="firstRow")
    run = _el("w:rPr")
    run.append(_run_fonts("黑体", "Arial"))
    head.append(run)
    cell = _el("w:tcPr")
    edge = _el("w:tcBorders")
    edge.append(_el("w:bottom", w_val="single", w_sz="8", w_space="0", w_color="000000"))
    cell.append(edge)
    cell.append(_el("w:shd", w_val="clear", w_color="auto", w_fill="F2F2F2"))
    head.append(cell)
    style.append(head)


def _numbering(part: bytes, lang: str) -> bytes:
    root = _parse(part)
    outline = _el("w:abstractNum", w_abstractNumId=NUM_ID)
    outline.append(_el("w:multiLevelType", w_val="multilevel"))
    for level, (form, text) in enumerate(LEVELS[lang]):
        item = _el("w:lvl", w_ilvl=level)
        item.append(_el("w:start", w_val="1"))
        item.append(_el("w:numFmt", w_val=form))
        item.append(_el("w:pStyle", w_val=f"Heading{level + 1}"))
        item.append(_el("w:suff", w_val="nothing" if lang == "zh" else "space"))
        item.append(_el("w:lvlText", w_val=text))
        item.append(_el("w:lvlJc", w_val="left"))
        inner = _el("w:pPr")
        inner.append(_el("w:ind", w_left="0", w_firstLine="0"))
        item.append(inner)
        outline.append(item)
    number = _el("w:num", w_numId=NUM_ID)
    number.append(_el("w:abstractNumId", w_val=NUM_ID))
    # all abstractNum must come before the first num
    first = next((i for i, e in enumerate(root) if e.tag == _q("w:num")), len(root))
    root.insert(first, outline)
    root.append(number)
    return _bytes(root)


def _font_table() -> bytes:
    root = _el("w:fonts")
    for name, (other, family) in FONTS.items():
        font = _el("w:font", w_name=name)
        font.append(_el("w:altName", w_val=other))
        font.append(_el("w:charset", w_val="86"))
        font.append(_el("w:family", w_val=family))
        font.append(_el("w:pitch", w_val="variable"))
        root.append(font)
    for name, family in (("Times New Roman", "roman"), ("Arial", "swiss")):
        font = _el("w:font", w_name=name)
        font.append(_el("w:charset", w_val="00"))
        font.append(_el("w:family", w_val=family))
        font.append(_el("w:pitch", w_val="variable"))
        root.append(font)
    return _bytes(root)


def _field(code: str, shown: str = "") -> list[ET.Element]:
    """A field as its runs: begin, code, separator, the text shown until it is updated, end."""
    out = []
    for kind in ("begin", "code", "separate", "text", "end"):
        run = _el("w:r")
        if kind == "code":
            told = _el("w:instrText")
            told.text = f" {code} "
            told.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            run.append(told)
        elif kind == "text":
            told = _el("w:t")
            told.text = shown
            run.append(told)
        else:
            run.append(_el("w:fldChar", w_fldCharType=kind))
        out.append(run)
    return out


def _run(text: str) -> ET.Element:
    run, told = _el("w:r"), _el("w:t")
    told.text = text
    told.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(told)
    return run


def _footer() -> bytes:
    root, p, properties = _el("w:ftr"), _el("w:p"), _el("w:pPr")
    properties.append(_el("w:pStyle", w_val="Footer"))
    p.append(properties)
    p.append(_run("— "))
    for run in _field("PAGE", "1"):
        p.append(run)
    p.append(_run(" —"))
    root.append(p)
    return _bytes(root)


def _page(part: bytes) -> bytes:
    root = _parse(part)
    section = root.find("w:body/w:sectPr", SPACES)
    section.clear()
    section.append(_el("w:footerReference", w_type="default", r_id="rIdFooter"))
    section.append(_el("w:pgSz", w_w="11906", w_h="16838"))
    section.append(
        _el("w:pgMar", w_top="1701", w_right="1474", w_bottom="1588", w_left="1588",
            w_header="851", w_footer="992", w_gutter="0")
    )  # fmt: skip
    section.append(_el("w:titlePg"))
    return _bytes(root)


# ---- from Markdown to a finished file ------------------------------------------------------------


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
    root = _parse(parts["word/document.xml"])
    body = root.find("w:body", SPACES)
    width = TEXT_WIDTH
    if landscape:
        size = body.find("w:sectPr/w:pgSz", SPACES)
        size.set(_q("w:w"), "16838")
        size.set(_q("w:h"), "11906")
        size.set(_q("w:orient"), "landscape")
        width = 29.7 - 5.4
    if plain:
        for style in body.iter(_q("w:pStyle")):
            if style.get(_q("w:val")) == "Heading1":
                style.set(_q("w:val"), "HeadingPlain")
    _bind(body)
    _fit_tables(body, width)
    if toc:
        _contents(body, lang)
        settings = _parse(parts["word/settings.xml"])
        if settings.find("w:updateFields", SPACES) is None:
            settings.insert(1, _el("w:updateFields", w_val="true"))
        parts["word/settings.xml"] = _bytes(settings)
    parts["word/document.xml"] = _bytes(root)
    core = parts["docProps/core.xml"].decode()
    fixed = r"\g<1>2000-01-01T00:00:00Z\g<2>"
    core = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)", fixed, core)
    parts["docProps/core.xml"] = core.encode()


def _style_of(paragraph: ET.Element) -> str:
    found = paragraph.find("w:pPr/w:pStyle", SPACES)
    return "" if found is None else found.get(_q("w:val"))


def text_of(paragraph: ET.Element) -> str:
    """The words of a paragraph."""
    return "".join(t.text or "" for t in paragraph.iter(_q("w:t")))


def _bind(body: ET.Element) -> None:
    """A picture stays with its caption."""
    for paragraph in body.iter(_q("w:p")):
        if paragraph.find(".//w:drawing", SPACES) is not None:
            properties = paragraph.find("w:pPr", SPACES)
            if properties is not None and properties.find("w:keepNext", SPACES) is None:
                properties.insert(1, _el("w:keepNext"))


def _fit_tables(body: ET.Element, width: float) -> None:
    """Tables as wide as the text, columns fixed, rows whole, the head repeated."""
    total = int(width / 2.54 * 1440)
    for table in body.iter(_q("w:tbl")):
        if table.find(".//w:drawing", SPACES) is not None:
            continue
        properties = table.find("w:tblPr", SPACES)
        for name in ("w:tblW", "w:tblLayout"):
            for old in properties.findall(name, SPACES):
                properties.remove(old)
        place = list(properties)
        at = next((i for i, e in enumerate(place) if e.tag in (_q("w:jc"), _q("w:tblLook"),
                   _q("w:tblCaption"))), len(place))  # fmt: skip
        properties.insert(at, _el("w:tblW", w_w=total, w_type="dxa"))
        at = next((i for i, e in enumerate(properties) if e.tag in (_q("w:tblLook"),
                   _q("w:tblCaption"))), len(properties))  # fmt: skip
        properties.insert(at, _el("w:tblLayout", w_type="fixed"))
        columns = table.findall("w:tblGrid/w:gridCol", SPACES)
        given = [int(c.get(_q("w:w")) or 1) for c in columns]
        widths = [round(total * w / sum(given)) for w in given]
        for column, wide in zip(columns, widths, strict=True):
            column.set(_q("w:w"), str(wide))
        for row in table.findall("w:tr", SPACES):
            of_row = row.find("w:trPr", SPACES)
            if of_row is None:
                of_row = _el("w:trPr")
                row.insert(0, of_row)
            of_row.insert(0, _el("w:cantSplit"))
            for cell, wide in zip(row.findall("w:tc", SPACES), widths, strict=False):
                of_cell = cell.find("w:tcPr", SPACES)
                if of_cell is None:
                    of_cell = _el("w:tcPr")
                    cell.insert(0, of_cell)
                for old in of_cell.findall("w:tcW", SPACES):
                    of_cell.remove(old)
                of_cell.insert(0, _el("w:tcW", w_w=wide, w_type="dxa"))


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
    for number, paragraph in enumerate(body.iter(_q("w:p"))):
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
        paragraph.insert(at, _el("w:bookmarkStart", w_id=90000 + number, w_name=name))
        paragraph.append(_el("w:bookmarkEnd", w_id=90000 + number))
        entries.append((level, told, name))
    block = [_styled("TOCHeading", [_run(WORDS[lang][0])])]
    for i, (level, told, name) in enumerate(entries):
        runs = [_run(told), _el("w:r"), *_field(f"PAGEREF {name} \\h")]
        runs[1].append(_el("w:tab"))
        link = _el("w:hyperlink", w_anchor=name, w_history="1")
        link.extend(runs)
        inner = [link]
        if i == 0:
            inner = [*_field('TOC \\o "1-2" \\h \\z \\u')[:3], link]
        if i == len(entries) - 1:
            end = _el("w:r")
            end.append(_el("w:fldChar", w_fldCharType="end"))
            inner.append(end)
        block.append(_styled(f"TOC{level}", inner))
    front = ("Title", "Subtitle", "Author", "Date")
    at = 0
    for i, element in enumerate(body):
        if element.tag == _q("w:p") and _style_of(element) in front:
            at = i + 1
    for i, paragraph in enumerate(block):
        body.insert(at + i, paragraph)


def _styled(style: str, inner: list[ET.Element]) -> ET.Element:
    paragraph, properties = _el("w:p"), _el("w:pPr")
    properties.append(_el("w:pStyle", w_val=style))
    paragraph.append(properties)
    paragraph.extend(inner)
    return paragraph
